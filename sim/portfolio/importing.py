"""Portfolios from CSV and Parquet files: every problem with its row, column, value and what was expected."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
from numpy.typing import NDArray

from recoup.sim.inputs import Document, InputError, choose
from recoup.sim.parameters import Population
from recoup.sim.portfolio.columnmap import ColumnMap, Mapping, read_map
from recoup.sim.portfolio.synthetic import fill
from recoup.sim.portfolio.table import FILE_FIELDS, Field, Kind, Portfolio
from recoup.sim.randomness import streams, uniforms

_BLANK = ("", "na", "n/a", "null", "none", "nan", "-")
_FLAGS = {"1": 1.0, "0": 0.0, "true": 1.0, "false": 0.0, "yes": 1.0, "no": 0.0, "y": 1.0, "n": 0.0}
_SAMPLE_DAY, _SAMPLE = -3, 0


@dataclass(frozen=True)
class Problem:
    """One value that cannot be used. `row` is the line of a CSV file (header = 1), or 1 + the index in Parquet."""

    row: int
    column: str
    value: str
    expected: str


@dataclass(frozen=True)
class FieldReport:
    """What a file says of one field."""

    field: Field
    columns: tuple[str, ...]
    missing: int
    summary: str


@dataclass
class Inspection:
    """A file as read through a map: the usable values, and every problem."""

    file: Path
    map_file: Path
    rows: int
    table: pd.DataFrame
    mapping: ColumnMap
    fields: list[FieldReport] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def inspect(file: Path, map_file: Path) -> Inspection:
    """Read a file through its map and look at every value.

    Args:
        file: CSV or Parquet.
        map_file: its column map (`columnmap`).

    Returns:
        All values and all problems, in the order of rows and columns.

    Raises:
        InputError: for the file as a whole: missing, empty, unreadable, wrong encoding, ragged, columns that lack.
    """
    mapping, document = read_map(map_file)
    cells, first_row = read_cells(file, mapping.encoding, mapping.delimiter)
    raw = cells.to_pandas().astype(object)
    for name, source in mapping.fields.items():
        for column in source.columns:
            if column not in raw.columns:
                expected = f"a column of {file.name}: {choose(map(str, raw.columns), column)}"
                raise document.error(("fields", name), column, expected)
    inspection = Inspection(file, map_file, len(raw), pd.DataFrame(index=raw.index), mapping)
    for wanted in FILE_FIELDS:
        mapped = mapping.fields.get(wanted.name)
        if mapped is None:
            inspection.fields.append(FieldReport(wanted, (), len(raw), "drawn from the scenario"))
            continue
        values = _column(raw, wanted, mapped, mapping, first_row, inspection.problems, document)
        inspection.table[wanted.name] = values
        missing = int(values.isna().sum())
        if wanted.required:
            rows = np.flatnonzero(
                values.isna().to_numpy() & ~_rows_with(inspection.problems, mapped, first_row, len(raw))
            )
            inspection.problems += [
                Problem(int(r) + first_row, ", ".join(mapped.columns), "", wanted.expectation) for r in rows
            ]
        inspection.fields.append(FieldReport(wanted, tuple(mapped.columns), missing, _summary(wanted, values)))
    inspection.problems.sort(key=lambda problem: (problem.row, problem.column))
    return inspection


def load(file: Path, map_file: Path, population: Population, seed: int, name: str) -> Portfolio:
    """Import a portfolio; what the file does not say is drawn from the population.

    Args:
        file, map_file: as for `inspect`.
        population: what missing fields and values are drawn from.
        seed: of those draws.
        name: what reports call the portfolio.

    Raises:
        InputError: as `inspect`, and for the first problem of any value.
    """
    inspection = inspect(file, map_file)
    if inspection.problems:
        first, more = inspection.problems[0], len(inspection.problems) - 1
        also = f"; {more:,} more problem{'s' * (more > 1)}, `recoup portfolio check` lists all" if more else ""
        raise InputError(file, f"row {first.row}, column {first.column}", first.value, first.expected + also)
    table, filled = fill(inspection.table, population, seed)
    for wanted in FILE_FIELDS:
        if wanted.kind is Kind.INTEGER:
            table[wanted.name] = table[wanted.name].astype(np.float64).astype(np.int64)
        elif wanted.kind is Kind.FLAG:
            table[wanted.name] = table[wanted.name].astype(np.float64).astype(bool)
        elif wanted.kind is Kind.NUMBER:
            table[wanted.name] = table[wanted.name].astype(np.float64)
    mapping = inspection.mapping
    notes = (mapping.source, mapping.attribution, mapping.licence and f"Licence: {mapping.licence}", *mapping.notes)
    return Portfolio(table, name, filled, tuple(note for note in notes if note))


def sample(portfolio: Portfolio, accounts: int, seed: int) -> Portfolio:
    """So many accounts of a portfolio, chosen by the seed: without replacement, or with it if there are too few.

    Args:
        portfolio: to choose from; returned as it is where it has exactly so many accounts.
        accounts: how many.
        seed: of the choice.
    """
    size = len(portfolio)
    if accounts == size:
        return portfolio
    table = portfolio.table
    if accounts < size:
        draws = uniforms(streams(seed, np.arange(size, dtype=np.int64)), _SAMPLE_DAY, _SAMPLE)
        chosen = table.iloc[np.sort(np.argsort(draws, kind="stable")[:accounts])]
        return Portfolio(chosen.reset_index(drop=True), portfolio.name, portfolio.filled, portfolio.notes)
    draws = uniforms(streams(seed, np.arange(accounts, dtype=np.int64)), _SAMPLE_DAY, _SAMPLE)
    chosen = table.iloc[(draws * size).astype(np.int64)].reset_index(drop=True)
    copies = chosen.groupby("account_id").cumcount()
    chosen["account_id"] = chosen["account_id"].where(copies == 0, chosen["account_id"] + "~" + copies.astype(str))
    note = f"{accounts:,} accounts drawn with replacement from the {size:,} of the file"
    return Portfolio(chosen, portfolio.name, portfolio.filled, (*portfolio.notes, note))


IN_THE_MAP = "`{}` in the column map"


def read_cells(
    file: Path, encoding: str = "utf-8", delimiter: str = ",", option: str = IN_THE_MAP
) -> tuple[pa.Table, int]:
    """All cells of a CSV or Parquet file as text (null where Parquet has one), and the row number of the first data row.

    Args:
        file: CSV, or Parquet (told by its first bytes).
        encoding, delimiter: of a CSV file.
        option: how messages name the setting (encoding, delimiter), `{}` standing for it.

    Raises:
        InputError: missing, empty, unreadable, wrong encoding, ragged, two columns of one name, no rows.
    """
    try:
        content = file.read_bytes()
    except OSError as error:
        raise InputError(file, "", error.strerror or "unreadable", "a readable CSV or Parquet file") from None
    if not content.strip():
        raise InputError(file, "", "an empty file", "a CSV file with a header line, or a Parquet file")
    is_parquet = content[:4] == b"PAR1"
    if file.suffix.lower() in (".parquet", ".pq") and not is_parquet:
        raise InputError(file, "first bytes", content[:4], "a Parquet file (it begins with PAR1)")
    table = _parquet(file, content) if is_parquet else _csv(file, content, encoding, delimiter, option)
    names = [str(name) for name in table.column_names]
    for number, name in enumerate(names):
        if name in names[:number]:
            raise InputError(file, f"header, column {number + 1}", name, "a column name that no other column has")
    if table.num_rows == 0:
        raise InputError(file, "", "no data rows", "at least one row")
    return table, 1 if is_parquet else 2


def _csv(file: Path, content: bytes, encoding: str, delimiter: str, option: str) -> pa.Table:
    try:
        text = content.decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        expected = f"text in {encoding} (name another with {option.format('encoding')}, as in gb18030)"
        raise InputError(
            file, f"line {line}, byte {error.start}", content[error.start : error.start + 1], expected
        ) from None
    header = next((line for line in text.splitlines() if line.strip()), "")
    other = next((mark for mark in ";\t|," if mark in header), None)
    if delimiter not in header and other:
        where = option.format("delimiter")
        expected = f"columns separated by {delimiter!r} (name another with {where}, as in {other!r})"
        raise InputError(file, "header", header, expected)
    columns = next(csv.reader([header], delimiter=delimiter))
    try:
        return pyarrow.csv.read_csv(
            io.BytesIO(text.encode()),
            read_options=pyarrow.csv.ReadOptions(use_threads=False),
            parse_options=pyarrow.csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
            convert_options=pyarrow.csv.ConvertOptions(
                column_types=dict.fromkeys(columns, pa.string()), strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid as error:
        raise InputError(
            file, "", str(error).splitlines()[0], "a CSV file with the same number of cells in each row"
        ) from None


def _parquet(file: Path, content: bytes) -> pa.Table:
    try:
        table = pyarrow.parquet.read_table(io.BytesIO(content))
        return pa.table([_texts(column) for column in table.columns], names=table.column_names)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, OSError) as error:
        raise InputError(file, "", str(error).splitlines()[0], "a Parquet file of plain columns") from None


def _texts(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column's cells as a CSV file would have them; of a time stamp the day, as maps count days."""
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.date32(), safe=False)
    return column.cast(pa.string())


def _rows_with(problems: list[Problem], mapped: Mapping, first_row: int, rows: int) -> NDArray[np.bool_]:
    marked = np.zeros(rows, bool)
    for problem in problems:
        if problem.column in mapped.columns:
            marked[problem.row - first_row] = True
    return marked


def _column(
    raw: pd.DataFrame,
    wanted: Field,
    mapped: Mapping,
    mapping: ColumnMap,
    first_row: int,
    problems: list[Problem],
    document: Document,
) -> pd.Series[Any]:
    """One field's values, NaN where blank or unusable; unusable ones are added to the problems."""
    if mapped.constant is not None:
        return _constant(raw, wanted, mapped, document)
    label = ", ".join(mapped.columns)
    first = raw[mapped.columns[0]]
    text = first.astype(str).str.strip()
    blank = first.isna() | text.str.lower().isin(_BLANK)
    expected = wanted.expectation
    if mapped.values:
        text = text.map(mapped.values).where(text.isin(list(mapped.values)), text)
        expected = "one of " + ", ".join(mapped.values)
    elif mapped.scale != 1 or mapped.offset != 0:
        expected = f"a value that gives {expected} after the map's scale and offset"
    if mapped.count_at_least:
        numbers = raw[mapped.columns].apply(lambda column: _numbers(column.astype(str).str.strip(), mapping))
        values: pd.Series[Any] = (numbers >= mapped.count_at_least.threshold).sum(axis=1).astype(float)
        good, blank = numbers.notna().all(axis=1), numbers.isna().all(axis=1)
    elif mapped.date_column:
        dates = pd.to_datetime(text.where(~blank), format=mapped.format, errors="coerce")
        values = (pd.Timestamp(str(mapped.as_of)) - dates).dt.days.astype(float)
        good = _in_range(values, wanted)
        expected = f"a date in the format {mapped.format}, giving {wanted.expectation}"
    elif wanted.kind in (Kind.TEXT, Kind.CATEGORY):
        values = text
        good = text.isin(wanted.values) if wanted.values else text != ""
        if wanted.kind is Kind.TEXT:
            good &= ~_repeated(text, blank, label, first_row, problems)
    else:
        numeric = text.str.lower().map(_FLAGS) if wanted.kind is Kind.FLAG else _numbers(text, mapping)
        values = numeric * mapped.scale + mapped.offset
        good = _in_range(values, wanted)
    known = {problem.row for problem in problems if problem.column == label}
    problems += [
        Problem(row, label, str(first.iloc[row - first_row]), expected)
        for row in (int(r) + first_row for r in np.flatnonzero((~good & ~blank).to_numpy()))
        if row not in known
    ]
    return values.where(good & ~blank)


def _constant(raw: pd.DataFrame, wanted: Field, mapped: Mapping, document: Document) -> pd.Series[Any]:
    value = mapped.constant
    text = str(value).lower()
    if wanted.kind is Kind.CATEGORY:
        good: bool = not wanted.values or value in wanted.values
    elif wanted.kind is Kind.FLAG:
        good, value = text in _FLAGS, _FLAGS.get(text)
    else:
        number = _numbers(pd.Series([str(value)]), ColumnMap(fields={wanted.name: mapped}))
        good, value = bool(_in_range(number, wanted).iloc[0]) and wanted.kind is not Kind.TEXT, float(number.iloc[0])
    if not good:
        raise document.error(("fields", wanted.name, "constant"), mapped.constant, wanted.expectation)
    return pd.Series([value] * len(raw), index=raw.index)


def _numbers(text: pd.Series[Any], mapping: ColumnMap) -> pd.Series[Any]:
    if mapping.thousands:
        text = text.str.replace(mapping.thousands, "", regex=False)
    if mapping.decimal != ".":
        # A point is then no part of a number: 5.000 must not be read as 5.
        text = text.where(~text.str.contains(".", regex=False), "").str.replace(mapping.decimal, ".", regex=False)
    return pd.to_numeric(text, errors="coerce").astype(float)


def _in_range(values: pd.Series[Any], wanted: Field) -> pd.Series[Any]:
    good = values.between(wanted.least, wanted.most) & np.isfinite(values)
    return good & (values == values.round()) if wanted.kind is Kind.INTEGER else good


def _repeated(
    values: pd.Series[Any], blank: pd.Series[Any], label: str, first_row: int, problems: list[Problem]
) -> pd.Series[Any]:
    """Rows whose id stands in an earlier row; the problem names that row."""
    again = values.duplicated() & ~blank
    firsts = {value: row for row, value in reversed(list(enumerate(values)))} if again.any() else {}
    problems += [
        Problem(
            int(row) + first_row,
            label,
            str(values.iloc[row]),
            f"an account id that no other row has (row {firsts[values.iloc[row]] + first_row} has it)",
        )
        for row in np.flatnonzero(again.to_numpy())
    ]
    return again


def _summary(wanted: Field, values: pd.Series[Any]) -> str:
    known = values.dropna()
    if known.empty:
        return "no usable value"
    if wanted.kind is Kind.TEXT:
        return f"{known.nunique():,} different"
    if wanted.kind in (Kind.CATEGORY, Kind.FLAG):
        counts = known.value_counts().head(5)
        return ", ".join(f"{name}: {count:,}" for name, count in counts.items())
    return f"{known.min():,.10g} … {known.median():,.10g} … {known.max():,.10g}"
