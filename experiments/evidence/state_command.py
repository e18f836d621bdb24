"""What `recoup portfolio state` does: the state of accounts on a day from a lender's files, as a portfolio and its map."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from recoup.experiments.evidence.state_from_logs import state_at
from recoup.experiments.runs.runfolder import require_new, whole_folder, write_table, write_text
from recoup.sim.portfolio.importing import inspect, typed_state
from recoup.sim.portfolio.records import PAYMENTS, contacts_of, read_records
from recoup.sim.portfolio.sources import Source
from recoup.sim.portfolio.state_file import file_map, file_table
from recoup.sim.portfolio.table import Portfolio, portfolio_fields
from recoup.sim.treatments import STANDARD, Vocabulary

TABLE, MAP, UNKNOWN = "portfolio.parquet", "map.yaml", "unknown.txt"


@dataclass(frozen=True)
class Read:
    """A table and its column map; None = its columns have the names of our fields."""

    source: Source
    map_file: Path | None = None


def known_portfolio(read: Read, vocabulary: Vocabulary = STANDARD) -> Portfolio:
    """The accounts of a file with what it says of them, and nothing drawn.

    Args:
        read: the file.
        vocabulary: of the scenario, which may have products of its own.

    Raises:
        InputError: as `inspect`, and for values that cannot be used.
    """
    inspection = inspect(read.source, read.map_file, portfolio_fields(vocabulary))
    inspection.require_usable("recoup portfolio check")
    table = typed_state(inspection.table).reset_index(drop=True)
    name = getattr(read.source, "stem", str(read.source))
    return Portfolio(table, name, as_of=inspection.mapping.as_of)


def write_state(
    portfolio: Read,
    contacts: Read,
    payments: Read,
    at: date,
    out: Path,
    since: date | None = None,
    vocabulary: Vocabulary = STANDARD,
) -> tuple[Portfolio, list[str]]:
    """Write a folder with the accounts on the morning of a day, their map, and what is unknown.

    Args:
        portfolio, contacts, payments: a lender's records.
        at, since, vocabulary: as for `state_at`.
        out: new folder.

    Returns:
        As `state_at`.

    Raises:
        InputError: records that cannot be read or used, or a folder that is there.
    """
    require_new(out)
    state, unknown = state_at(
        known_portfolio(portfolio, vocabulary),
        read_records(contacts.source, contacts.map_file, contacts_of(vocabulary)),
        read_records(payments.source, payments.map_file, PAYMENTS),
        at,
        since,
        vocabulary,
    )
    with whole_folder(out) as folder:
        write_table(folder / TABLE, file_table(state))
        write_text(folder / MAP, file_map(state))
        write_text(folder / UNKNOWN, "\n".join([*unknown, *_missing(state)]) + "\n")
    return state, unknown


def _missing(state: Portfolio) -> list[str]:
    return [f"{name}: unknown of {count:,} accounts" for name, count in state.fresh.items()]
