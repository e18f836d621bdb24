"""What `recoup portfolio state` does: the state of accounts on a day from a lender's records, as a portfolio and its map."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from recoup.experiments.records.files import UNKNOWN_FILE
from recoup.experiments.records.lender_records import LenderRecords
from recoup.experiments.records.state_from_logs import state_at
from recoup.experiments.runs.runfolder import require_new, whole_folder, write_table, write_text
from recoup.sim.portfolio.state_file import file_map, file_table
from recoup.sim.portfolio.table import Portfolio
from recoup.sim.remarks import Remark, contents

TABLE, MAP = "portfolio.parquet", "map.yaml"


def write_state(records: LenderRecords, at: date, out: Path) -> tuple[Portfolio, list[Remark]]:
    """Write a folder with the accounts on the morning of a day, their map, and what is unknown.

    Args:
        records: a lender's.
        at: the day.
        out: new folder.

    Returns:
        As `state_at`.

    Raises:
        InputError: as `state_at`, or a folder that is there.
    """
    require_new(out)
    state, unknown = state_at(records, at)
    with whole_folder(out) as folder:
        write_table(folder / TABLE, file_table(state))
        write_text(folder / MAP, file_map(state))
        UNKNOWN_FILE.write(folder, {"as_of": at.isoformat(), "unknown": contents(unknown), "fresh": state.fresh})
    return state, unknown
