"""The form of a log that an audit reads, and the reading of it from a file.

The simulator writes this form (`eventlog.py`), and so may anybody who has a log of real collection. It holds what was
done and what was known (age of debt, claim, hours, promises, notices), and no opinion on what was lawful.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
from numpy.typing import NDArray

from recoup.sim.inputs import InputError, choose, require_readable
from recoup.sim.portfolio.cells import Cells, read_cells
from recoup.sim.treatments import STANDARD, Legal, OfferKind, Vocabulary

MOST_DAYS = 100_000.0  # from day 0


@dataclass(frozen=True)
class Column:
    """One column of a log to be audited.

    Attributes:
        name: in the file's header.
        kind: text, integer, number, flag, day, date, hour, or choice (one of `values`).
        meaning: for documents and messages.
        required: the log must have it, with a value in every row.
        values: what a choice may be.
        least, most: bounds of a number.
    """

    name: str
    kind: str
    meaning: str
    required: bool = False
    values: tuple[str, ...] = ()
    least: float = -np.inf
    most: float = np.inf

    @property
    def bounds(self) -> tuple[float, float]:
        """Of a number, a day or an hour: the least and the most that a cell may hold."""
        if self.kind == "hour":
            return 0.0, 24.0
        if self.kind == "day":  # as far from day 0 as a row may be
            return -MOST_DAYS, MOST_DAYS
        return self.least, self.most

    @property
    def expectation(self) -> str:
        """What a cell must hold, in words."""
        bounds = f" from {self.least:,.10g} to {self.most:,.10g}" if np.isfinite(self.least) else ""
        return {
            "text": "a text",
            "integer": f"a whole number{bounds}",
            "number": f"a number{bounds}",
            "flag": "true or false (1 or 0)",
            "day": "a day number, or a date as in 2025-03-31 where the log has a date column instead of day",
            "date": "a date as in 2025-03-31",
            "hour": "a time of day as in 18:30, or hours from 0 to 24",
            "choice": "one of " + ", ".join(self.values),
        }[self.kind]


OFFER_NAMES = tuple(kind.name.lower() for kind in OfferKind if kind)
LEGAL_NAMES = tuple(step.name.lower() for step in Legal if step)

AUDIT_COLUMNS: tuple[Column, ...] = (
    Column("account_id", "text", "the account", required=True),
    Column("customer_id", "text", "the customer, who may have several accounts (default: the account has its own)"),
    Column("product", "text", "the kind of credit, by the name that a rule on some products alone has for it"),
    Column(
        "day", "integer", "day of the row, counted from any day 0; or give `date`", least=-MOST_DAYS, most=MOST_DAYS
    ),
    Column("date", "date", "calendar date of the row; days are counted from the first one if there is no `day`"),
    # What was done
    Column("channel", "choice", "channel of a contact; empty = no contact", values=STANDARD.channel_names),
    Column("from_hour", "hour", "when the contact took place, debtor's local time; or the hour its window opens"),
    Column("to_hour", "hour", "the hour its window closes (default: from_hour)"),
    Column("offer", "choice", "what was offered", values=OFFER_NAMES),
    Column("months", "integer", "instalments of the plan offered", least=0, most=1200),
    Column("discount", "number", "share of the claim the settlement would forgive", least=0, most=1),
    Column("legal", "choice", "legal step taken", values=LEGAL_NAMES),
    Column("done", "flag", "false: ordered but not carried out, so it counts towards no cap (default: true)"),
    Column(
        "earlier",
        "flag",
        "true: before the time that is audited; it counts towards caps and the like, and is not judged (default: false)",
    ),
    Column("stopped_by", "text", "what stopped a step before it was taken; such a row carries no step"),
    # What was known
    Column("dpd", "integer", "days past due on that day", least=0, most=100_000),
    Column("claim", "number", "balance on the morning of that day, currency", least=0, most=1e12),
    Column("opening", "number", "claim on which late interest runs, currency", least=0, most=1e12),
    Column("interest", "number", "late interest charged so far, currency", least=0, most=1e12),
    Column("day_off", "flag", "weekend or public holiday (default: weekends of `date`)"),
    Column("budget_left", "number", "share of the settlement budget not yet used", least=-1e6, most=1),
    # What came of it
    Column("reached", "flag", "the debtor was reached; by call or visit, that is a conversation"),
    Column("accepted", "flag", "the debtor accepted the offer"),
    Column("promise", "flag", "the debtor promised to pay"),
    Column("promise_due", "day", "when the promise, or the settlement or handover accepted, falls due"),
    Column("promise_kept", "flag", "a promise, settlement or handover was kept"),
    Column("promise_broken", "flag", "a promise, settlement or handover was broken"),
    Column("payment", "flag", "the debtor paid something"),
    Column("instalment_paid", "flag", "an instalment of an agreement was paid"),
    Column("instalment_missed", "flag", "an instalment of an agreement was missed"),
    Column("plan_broken", "flag", "an instalment agreement was broken, or is over"),
    Column("complaint", "flag", "the debtor complained"),
    Column("complaint_until", "day", "first day on which the complaint is answered (default: never)"),
    Column("dispute", "flag", "the debtor disputed the debt"),
    Column("dispute_until", "day", "first day on which the dispute is answered (default: never)"),
    Column("hardship", "flag", "the debtor disclosed hardship"),
    Column("hardship_until", "day", "first day on which hardship no longer protects (default: never)"),
    Column("breathing_space", "flag", "a breathing space was registered"),
    Column("breathing_space_until", "day", "first day after it (default: never)"),
    Column("opt_out", "flag", "the debtor opted out of texts"),
    Column("cease_contact", "flag", "the debtor asked that all contact cease"),
    Column("collector", "text", "who made the contact; no rule asks for it"),
    # What only a real log knows
    Column("represented", "flag", "it became known that an attorney represents the debtor"),
    Column("restructuring_request", "flag", "the debtor asked for a restructuring of the debt"),
    Column("restructuring_request_until", "day", "first day after the decision on it (default: never)"),
    Column("validation_notice", "flag", "the notice of the debt (validation information) was sent"),
    Column("inconvenient", "flag", "the debtor had said that this time or place is inconvenient"),
    Column("work_address", "flag", "the number or address is the employer's, and the debtor has not asked for it"),
    Column("dialled", "text", "the number that was dialled, or a pseudonym of it (default: the account has one)"),
    Column("recipient", "text", "who was contacted: `debtor`, or somebody else"),
    Column("record", "text", "name of the recording or note that documents the contact"),
    Column("reviewer", "text", "who reviewed the legal step before it was taken"),
)
AUDIT_COLUMN = {column.name: column for column in AUDIT_COLUMNS}


def columns_of(vocabulary: Vocabulary) -> tuple[Column, ...]:
    """`AUDIT_COLUMNS` with the channels of a vocabulary.

    Args:
        vocabulary: of the world that a log is of.
    """
    return tuple(
        replace(column, values=vocabulary.channel_names) if column.name == "channel" else column
        for column in AUDIT_COLUMNS
    )


_PLACE = "place in the file"
_MAPPED = ", or a column map of the log, which `recoup map suggest LOG --for audit` proposes"
_NAMED = 6  # cells that are not as they must be that a message names
_BLANK = "('', 'na', 'n/a', 'null', 'none', 'nan', 'nat', '<na>', '-')"
_TRUE, _FALSE = "('1', 'true', 'yes', 'y', '1.0')", "('0', 'false', 'no', 'n', '0.0')"


# What Arrow and DuckDB call the types of a log's columns by kind; texts may be encoded in a dictionary.
TYPES = {
    "text": pa.string(),
    "choice": pa.string(),
    "integer": pa.int32(),
    "number": pa.float64(),
    "flag": pa.bool_(),
    "day": pa.int32(),
    "date": pa.date32(),
    "hour": pa.float64(),
}
PIECE = 2**18  # rows of a log that are read at once, so that its length is in no memory
Pieces = Iterator[pa.Table]


@dataclass(frozen=True)
class Log:
    """A log that can be read, from its beginning, as often as is wanted.

    Attributes:
        columns: those of `AUDIT_COLUMNS` that it has.
        pieces: its rows in the order of day, time and row, in tables that end with a day, of `line` (its row, int64) and
            its columns, with types as in `TYPES`; at most so many rows together, unless a day has more.
        unread: columns of the file that no audit reads.
        rows: how many it has.
        vocabulary: of the world that it is of, which may have channels of its own.

    Raises:
        InputError: by `pieces`, as `typed_log`.
    """

    columns: frozenset[str]
    pieces: Callable[[int], Pieces]
    unread: tuple[str, ...] = ()
    rows: int = 0
    vocabulary: Vocabulary = STANDARD


def typed_log(source: Path | pd.DataFrame, vocabulary: Vocabulary = STANDARD) -> Log:
    """A log that the simulator wrote.

    Args:
        source: a DataFrame of its own, or the path of its Parquet file, which may have been damaged or edited since. It is read
            where it is, a part at a time.
        vocabulary: of the world that was simulated.

    Raises:
        InputError: an unreadable file, or a column that lacks, is unknown or of another type; whoever goes through the pieces
            meets the first cell that is not as it must be.
    """
    if isinstance(source, pd.DataFrame):
        table = pa.Table.from_pandas(source, preserve_index=False)
        whole = [table] if len(table) else []
        return Log(
            _known_columns(table.schema),
            lambda rows: _in_time(_typed(whole), _sorted_by_day(whole), rows),
            rows=table.num_rows,
            vocabulary=vocabulary,
        )
    require_readable(source, "event log of Recoup")
    with _refused_if_damaged(source):
        parquet = pyarrow.parquet.ParquetFile(source)
        schema, count = parquet.schema_arrow, parquet.metadata.num_rows
    _check_schema(source, schema)
    return Log(
        _known_columns(schema), lambda rows: _pieces_of(source, rows, vocabulary), rows=count, vocabulary=vocabulary
    )


def check(log: Log) -> None:
    """Read a log to its end.

    Raises:
        InputError: the first cell that is not as it must be.
    """
    for _ in log.pieces(PIECE):
        pass


def _pieces_of(file: Path, rows: int, vocabulary: Vocabulary) -> Pieces:
    with _refused_if_damaged(file):
        in_order = _sorted_by_day(_groups(file, rows, ["day"]))
        yield from _in_time(_typed(_checked(file, _groups(file, rows), vocabulary)), in_order, rows)


def _groups(file: Path, rows: int, columns: list[str] | None = None) -> Pieces:
    """The row groups of a file, in parts of at most so many rows."""
    parquet = pyarrow.parquet.ParquetFile(file)
    for number in range(parquet.num_row_groups):
        group = parquet.read_row_group(number, columns, use_threads=False)
        group.validate(full=True)  # a code beyond its dictionary, a text that is none
        for first in range(0, group.num_rows, rows):  # none of an empty group
            yield group.slice(first, rows)


@contextlib.contextmanager
def _refused_if_damaged(file: Path) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(file, "", f"damage ({str(error).splitlines()[0]})", "a whole Parquet file") from None


def _sorted_by_day(tables: Iterable[pa.Table]) -> bool:
    """Are the days of the tables together in rising order?"""
    latest: float = -np.inf
    for table in tables:
        days = _numbers(table["day"])
        if not (days.size == 0 or (latest <= days[0] and np.all(days[:-1] <= days[1:]))):
            return False
        latest = days[-1] if days.size else latest
    return True


def _numbers(column: pa.ChunkedArray) -> NDArray[Any]:
    return np.asarray(column.to_numpy())


def _in_time(tables: Iterable[pa.Table], in_order: bool, rows: int) -> Pieces:
    """Typed rows of a log in the order of time, in tables that end with a day; see `Log.pieces`."""
    held = None  # what may not yet be whole days, or not in order
    for table in tables:
        if held is not None and in_order:
            # Days that the next table does not go on with are whole.
            cut = int(np.searchsorted(_numbers(held["day"]), table["day"][0].as_py()))
            yield from _cut_at_days(_within_days(held.slice(0, cut)), rows)
            held = held.slice(cut)
        held = table if held is None else pa.concat_tables([held, table])
    if held is not None:
        yield from _cut_at_days(_within_days(held), rows)


def _typed(tables: Iterable[pa.Table]) -> Pieces:
    """The columns of a log with the types of `TYPES`, and `line`."""
    line = 0
    for table in tables:
        columns: dict[str, Any] = {"line": pa.array(np.arange(line + 1, line + 1 + table.num_rows))}
        for column in AUDIT_COLUMNS:
            if column.name in table.column_names:
                cells = table[column.name]
                is_code = pa.types.is_dictionary(cells.type)
                columns[column.name] = cells if is_code else cells.cast(TYPES[column.kind], safe=column.kind != "date")
        line += table.num_rows
        yield pa.table(columns)


def _within_days(table: pa.Table) -> pa.Table:
    """A table sorted by day, hour and row; where each account has one row a day, and no customer another account, the order within a day is of no account."""
    codes = encoded(table["account_id"]).indices.to_numpy().astype(np.int64)
    days = _numbers(table["day"]).astype(np.int64)
    place = np.sort(days * (codes.max(initial=0) + 1) + codes)
    apart = "customer_id" not in table.column_names  # accounts, of which none knows of another's contacts
    if apart and np.all(days[:-1] <= days[1:]) and np.all(place[:-1] < place[1:]):
        return table
    hours = _numbers(table["from_hour"]) if "from_hour" in table.column_names else np.zeros(days.size)
    return table.take(pa.array(np.lexsort((np.nan_to_num(hours, nan=np.inf), days))))


def encoded(column: pa.ChunkedArray) -> pa.DictionaryArray:
    """A text column as codes into one dictionary."""
    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    whole = column.unify_dictionaries().combine_chunks()
    return whole.chunk(0) if isinstance(whole, pa.ChunkedArray) else whole


def _cut_at_days(table: pa.Table, rows: int) -> Pieces:
    """A table in parts of at most so many rows that end with a day, unless a day has more."""
    days = _numbers(table["day"])
    ends = np.flatnonzero(np.append(days[:-1] != days[1:], True)) + 1
    first = 0
    while first < days.size:
        fitting = ends[(ends > first) & (ends <= first + rows)]
        last = int(fitting[-1]) if fitting.size else int(ends[ends > first][0])
        yield table.slice(first, last - first)
        first = last


def _known_columns(schema: pa.Schema) -> frozenset[str]:
    return frozenset(set(schema.names) & set(AUDIT_COLUMN))


def _check_schema(file: Path, schema: pa.Schema) -> None:
    for name in schema.names:
        if schema.names.count(name) > 1:
            raise InputError(file, f"column {name}", "two columns of this name", "one")
    for name in ("account_id", "day"):
        if name not in schema.names:
            raise InputError(
                file, f"column {name}", "nothing", f"a column of this name: {AUDIT_COLUMN[name].expectation}"
            )
    for field in schema:
        if field.name not in AUDIT_COLUMN:
            raise InputError(file, f"column {field.name}", field.name, choose(AUDIT_COLUMN, field.name))
        column = AUDIT_COLUMN[field.name]
        kind = field.type.value_type if pa.types.is_dictionary(field.type) else field.type
        if not pa.types.is_null(kind) and not any(fits(kind) for fits in _ARROW[column.kind]):
            raise InputError(file, f"column {field.name}", str(field.type), f"{column.expectation} in each row")


_TEXTS = (pa.types.is_string, pa.types.is_large_string)
_NUMBERS = (pa.types.is_integer, pa.types.is_floating)
_ARROW = {
    "text": _TEXTS,
    "choice": _TEXTS,
    "integer": _NUMBERS,  # a column with empty cells is often written as decimal numbers
    "day": _NUMBERS,
    "number": _NUMBERS,
    "hour": _NUMBERS,
    "flag": (pa.types.is_boolean,),
    "date": (pa.types.is_timestamp, pa.types.is_date),
}


def _checked(file: Path, groups: Iterable[pa.Table], vocabulary: Vocabulary) -> Pieces:
    """The same tables, each cell of which is as it must be."""
    line, columns = 0, columns_of(vocabulary)
    for table in groups:
        if not all(_all_fit(column, table[column.name]) for column in columns if column.name in table.column_names):
            _refuse_the_first_foreign_cell(file, table, line, columns)
        line += table.num_rows
        yield table


def _all_fit(column: Column, cells: pa.ChunkedArray) -> bool:
    if cells.null_count:
        if column.required or column.name == "day":
            return False
        cells = cells.drop_null()
    if column.kind == "choice":
        return set(encoded(cells).dictionary.to_pylist()) <= set(column.values)
    least, most = column.bounds
    values = _numbers(cells) if np.isfinite(least) else np.zeros(0)
    whole = (
        column.kind not in ("integer", "day") or values.dtype.kind != "f" or bool(np.all(values == np.floor(values)))
    )
    return whole and bool(np.all((values >= least) & (values <= most)))


def _refuse_the_first_foreign_cell(file: Path, table: pa.Table, earlier: int, columns: tuple[Column, ...]) -> None:
    """As `_refuse_the_first_fault`, of cells that have types already and come after so many rows."""
    faults = []
    have = [column for column in columns if column.name in table.column_names]
    for order, column in enumerate(have):
        cell = f'"{column.name}"'
        bad = f"({cell} IS NULL)" if column.required or column.name == "day" else "false"
        if column.kind == "choice":
            bad += f" OR {cell} NOT IN ({', '.join(map(repr, column.values))})"
        if column.kind in ("integer", "day"):
            bad += f" OR {cell} <> floor({cell})"
        if column.kind in ("integer", "day", "number", "hour"):
            least, most = column.bounds
            bad += f" OR NOT {cell} BETWEEN {least} AND {most}"
        faults.append(f"SELECT line, {order} AS place, CAST({cell} AS VARCHAR) AS cell FROM numbered WHERE {bad}")
    database = memory_database()
    database.from_arrow(table).create_view("source")
    database.execute(f"CREATE VIEW numbered AS SELECT {earlier} + row_number() OVER () AS line, * FROM source")
    fault = database.execute(f"{' UNION ALL '.join(faults)} ORDER BY line, place LIMIT 1").fetchone()
    if fault:
        line, order, cell = fault
        raise InputError(file, f"row {line}, column {have[order].name}", cell or "", have[order].expectation)


@dataclass(frozen=True)
class Writing:
    """How a CSV log writes its text; `option` is how messages name the setting, `{}` standing for it."""

    encoding: str | None = None  # by the file's byte-order mark, else UTF-8
    delimiter: str = ","
    decimal: str = "."
    option: str = "--{}"


def read_log(file: Path, writing: Writing | None = None, vocabulary: Vocabulary = STANDARD) -> Log:
    """Read somebody's log, CSV or Parquet, with the columns of `AUDIT_COLUMNS` in any order.

    Args:
        file: CSV, or Parquet.
        writing: how a CSV file is written; None = UTF-8, commas, decimal points.
        vocabulary: of the world that it is of.

    Raises:
        InputError: unreadable, a column that lacks, or the first cell (row and column) that is not as it must be.
    """
    writing = writing or Writing()
    return log_of(
        file, read_cells(file, writing.encoding, writing.delimiter, writing.option), writing, vocabulary=vocabulary
    )


def log_of(
    source: object,
    cells: Cells,
    writing: Writing,
    unread: tuple[str, ...] | None = None,
    vocabulary: Vocabulary = STANDARD,
) -> Log:
    """The log that cells hold.

    Args:
        source: where they are from, for messages.
        cells: whose columns are named as `AUDIT_COLUMNS`.
        writing: how the text is written.
        unread: columns of the source that no audit reads; None = those with other names.
        vocabulary: of the world that it is of.

    Raises:
        InputError: a column that lacks, or cells that are not as they must be: the first, with the places of some more.
    """
    file = str(source)
    if cells.ragged:
        place, count = cells.ragged[0]
        raise InputError(file, f"{cells.unit} {place}", f"{count:,} cells", str(cells.even))
    names = cells.table.column_names
    for column in AUDIT_COLUMNS:
        if column.required and column.name not in names:
            raise InputError(file, "header", ", ".join(names), f"a column {column.name}: {column.meaning}{_MAPPED}")
    if "day" not in names and "date" not in names:
        expected = f"a column day (a number) or date (as in 2025-03-31){_MAPPED}"
        raise InputError(file, "header", ", ".join(names), expected)
    database = memory_database()
    database.from_arrow(cells.table.append_column(_PLACE, pa.array(cells.places))).create_view("cells")
    have = [column for column in columns_of(vocabulary) if column.name in names]
    named = {column.name: column for column in have}
    text = ", ".join(
        f'CASE WHEN lower(trim("{c.name}")) NOT IN {_BLANK} THEN trim("{c.name}") END AS "{c.name}"' for c in have
    )
    database.execute(f'CREATE TABLE raw AS SELECT "{_PLACE}" AS line, {text} FROM cells')
    dated = "day" not in names
    _refuse_the_first_fault(file, database, have, dated, writing, cells.unit)
    shown = [
        _parsed(column, dated, writing.decimal)
        if column.name in named or (dated and column.name == "day")
        else missing(column)
        for column in AUDIT_COLUMNS
    ]
    origin = "(SELECT min(TRY_CAST(date AS DATE)) FROM raw)" if dated else "NULL"
    database.execute(f"CREATE TABLE log AS SELECT line, {', '.join(shown)} FROM raw, (SELECT {origin} AS origin)")
    present = (
        frozenset(column.name for column in have)
        | ({"day"} if dated else set())
        | ({"day_off"} if "date" in names else set())
    )
    unread = tuple(name for name in names if name not in AUDIT_COLUMN) if unread is None else unread
    count = cells.table.num_rows
    return Log(present, lambda rows: _in_time(_rows_in_time(database, present), True, rows), unread, count, vocabulary)


def _rows_in_time(database: duckdb.DuckDBPyConnection, columns: frozenset[str]) -> Pieces:
    """The rows of the table `log`, sorted."""
    names = ", ".join(column.name for column in AUDIT_COLUMNS if column.name in columns)
    # A cursor of its own: whoever reads a piece may ask the database something else meanwhile.
    query = database.cursor().sql(f"SELECT line, {names} FROM log ORDER BY day, from_hour NULLS LAST, line")
    for batch in pa.RecordBatchReader.from_stream(query):
        if len(batch):
            yield pa.Table.from_batches([batch])


def memory_database() -> duckdb.DuckDBPyConnection:
    """An empty database."""
    # One thread: comparisons run in as many processes as there are cores already.
    connection = duckdb.connect(config={"threads": 1})
    with contextlib.suppress(duckdb.Error):  # in a notebook without widgets there is no bar that could be put off
        connection.execute("SET enable_progress_bar = false")  # the command has its own
    return connection


_TYPES = {
    "text": "VARCHAR",
    "choice": "VARCHAR",
    "integer": "INTEGER",
    "number": "DOUBLE",
    "flag": "BOOLEAN",
    "day": "INTEGER",
    "date": "DATE",
    "hour": "DOUBLE",
}


def missing(column: Column) -> str:
    """SQL for a column that a log has not."""
    return f"CAST(NULL AS {_TYPES[column.kind]}) AS {column.name}"


def _value(column: Column, dated: bool, decimal: str) -> str:
    """SQL for the typed value of a cell; NULL when it is blank or cannot be read."""
    cell = f'"{column.name}"'
    number = f"TRY_CAST({cell} AS DOUBLE)"
    if decimal != ".":  # a point is then no part of a number: 5.000 must not be read as 5
        number = f"CASE WHEN NOT contains({cell}, '.') THEN TRY_CAST(replace({cell}, '{decimal}', '.') AS DOUBLE) END"
    if column.kind == "flag":
        return f"CASE WHEN lower({cell}) IN {_TRUE} THEN true WHEN lower({cell}) IN {_FALSE} THEN false END"
    if column.kind == "hour":
        clock = f"try_strptime({cell}, ['%H:%M', '%H:%M:%S'])"
        return f"coalesce(hour({clock}) + minute({clock}) / 60.0, {number})"
    if column.kind == "day" and dated:
        return f"TRY_CAST({cell} AS DATE)"
    if column.kind in ("integer", "day"):
        return f"CASE WHEN {number} = floor({number}) THEN {number} END"
    if column.kind == "number":
        return number
    if column.kind == "choice":
        return f"lower({cell})"
    return f"TRY_CAST({cell} AS {_TYPES[column.kind]})"


def _parsed(column: Column, dated: bool, decimal: str) -> str:
    if column.name == "day" and dated:
        return "date_diff('day', origin, TRY_CAST(date AS DATE)) AS day"
    value = _value(column, dated, decimal)
    if column.kind == "day" and dated:
        value = f"date_diff('day', origin, {value})"
    return f"CAST({value} AS {_TYPES[column.kind]}) AS {column.name}"


def _refuse_the_first_fault(
    file: str, database: duckdb.DuckDBPyConnection, have: list[Column], dated: bool, writing: Writing, unit: str
) -> None:
    faults = []
    for order, column in enumerate(have):
        cell, value = f'"{column.name}"', _value(column, dated, writing.decimal)
        bad = f"({cell} IS NOT NULL AND ({value}) IS NULL)"
        if column.kind == "choice":
            bad = f"({cell} IS NOT NULL AND {value} NOT IN ({', '.join(map(repr, column.values))}))"
        least, most = column.bounds
        if np.isfinite(least) and not (column.kind == "day" and dated):
            bad += f" OR ({value}) < {least} OR ({value}) > {most}"
        if column.required or column.name == ("date" if dated else "day"):
            bad += f" OR {cell} IS NULL"
        faults.append(f"SELECT line, {order} AS place, {cell} AS cell FROM raw WHERE {bad}")
    every = f"({' UNION ALL '.join(faults)})"
    first = database.execute(f"SELECT *, count(*) OVER () FROM {every} ORDER BY line, place LIMIT {_NAMED}").fetchall()
    if first:
        line, order, cell, count = first[0]
        column = have[order]
        expected = column.expectation
        if column.kind in ("number", "hour") and "," in (cell or "") and writing.decimal == ".":
            expected += f" (name a decimal mark with {writing.option.format('decimal')})"
        others = [f"{unit} {row}, column {have[n].name}: {(text or '')[:40]!r}" for row, n, text, _ in first[1:]]
        more = [f"{count - _NAMED:,} more such cells"] if count > _NAMED else []
        expected = "; ".join([expected, *others, *more])
        raise InputError(file, f"{unit} {line}, column {column.name}", "" if cell is None else cell, expected)
