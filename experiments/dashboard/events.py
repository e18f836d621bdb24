"""The event logs of a run, of which no more is read than a page shows."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet

from recoup.experiments.comparison.run import Run, part_path
from recoup.experiments.dashboard.groups import Group
from recoup.experiments.dashboard.shelf import Stamp, stamp
from recoup.sim.compliance.auditlog import typed_log
from recoup.sim.inputs import InputError

_WINDOW_COLUMNS = ("account_id", "day", "channel", "from_hour", "to_hour", "done", "stopped_by")


def log_path(run: Run, name: str, seed: int) -> Path:
    """Where the event log of a policy on a seed is; not there if the run was made with --no-events."""
    return part_path(run.folder, name, seed).with_suffix(".events.parquet")


def of_account(run: Run, name: str, seed: int, account: str) -> pd.DataFrame | None:
    """All that happened to one account, day by day; None where no log was kept.

    Args:
        run: the comparison.
        name: of the policy.
        seed: one of the run's.
        account: its pseudonym.

    Raises:
        InputError: the log is damaged.
    """
    path = log_path(run, name, seed)
    return _rows(path, None, account) if path.exists() else None


def by_window(group: Group, name: str, seed: int) -> pd.DataFrame | None:
    """Calls and visits to a group's accounts by window of the day: `done`, and `unserved` for lack of staff; None without a log.

    Args:
        group: whose accounts and days count.
        name: of the policy.
        seed: one of the run's.

    Raises:
        InputError: the log is damaged.
    """
    path = log_path(group.run, name, seed)
    if not path.exists():
        return None
    staffed = tuple(one.name for one in group.run.lists.vocabulary.channels if one.pool)
    log = _window_rows(path, stamp(path), staffed)
    first, last = group.filters.window(group.days)
    log = log[(log["day"] >= first) & (log["day"] < last)]
    if group.filters.of_accounts:
        rows = group.accounts
        mine = rows["account_id"][(rows["policy"] == name) & (rows["seed"] == seed)]
        log = log[log["account_id"].isin(set(mine))]
    counted = log.groupby(["from_hour", "to_hour"])[["done", "unserved"]].sum()
    return counted


@lru_cache(maxsize=8)
def _window_rows(path: Path, _: Stamp | None, staffed: tuple[str, ...]) -> pd.DataFrame:
    found = _rows(path, _WINDOW_COLUMNS)
    found = found[found["channel"].isin(staffed)]
    unserved = ~found["done"] & found["stopped_by"].isna()
    return found.assign(unserved=unserved)[["account_id", "day", "from_hour", "to_hour", "done", "unserved"]]


def _rows(path: Path, columns: tuple[str, ...] | None, account: str | None = None) -> pd.DataFrame:
    known = typed_log(path).columns  # refuses what is no log
    wanted = [name for name in columns if name in known] if columns else None
    try:
        pieces = []
        file = pyarrow.parquet.ParquetFile(path)
        for number in range(file.num_row_groups):
            piece = file.read_row_group(number, wanted)
            pieces.append(piece.filter(pc.equal(piece["account_id"].cast(pa.string()), account)) if account else piece)
        found: Any = pa.concat_tables(pieces, promote_options="permissive") if pieces else file.read(wanted)
        frame: pd.DataFrame = found.to_pandas()
    except (pa.ArrowException, OSError, ValueError) as error:
        raise InputError(path, "", f"damage ({str(error).splitlines()[0]})", "a whole event log of Recoup") from None
    return frame
