"""Portfolios from CSV and Parquet files: every problem with its place, column, value and what was expected."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from recoup.sim.inputs import Document, InputError, choose
from recoup.sim.parameters import Population
from recoup.sim.portfolio.cells import Cells, read_cells
from recoup.sim.portfolio.column import Column, are_in
from recoup.sim.portfolio.columnmap import ColumnMap, Mapping, read_map
from recoup.sim.portfolio.doubts import doubts_of, population_doubts
from recoup.sim.portfolio.numbers import PLAIN, missing_marks, parse_numbers
from recoup.sim.portfolio.synthetic import fill
from recoup.sim.portfolio.table import FILE_FIELDS, Field, Kind, Portfolio
from recoup.sim.randomness import streams, uniforms

_FLAGS = {"1": 1.0, "0": 0.0, "true": 1.0, "false": 0.0, "yes": 1.0, "no": 0.0, "y": 1.0, "n": 0.0}
_SAMPLE_DAY, _SAMPLE = -3, 0
_DROPPED = {
    "credit_balance": ("opening_balance", lambda balance: balance < 0),
    "zero_balance": ("opening_balance", lambda balance: balance == 0),
    "not_yet_due": ("dpd", lambda dpd: dpd < 0),
}


@dataclass(frozen=True)
class Problem:
    """One value that cannot be used. `row` is the line of a CSV file on which the row begins, or the number of a row in Parquet."""

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
    """A file as read through a map.

    Attributes:
        file, map_file, mapping: what was read, and how.
        cells: where the file's rows stand, before some were left out; their texts are not kept.
        rows: how many rows count as accounts.
        table: their usable values, indexed by their place in the file (as `Problem.row`); a missing or unusable one is NaN.
        dropped: reason -> rows left out because the map says so.
        problems: every value that cannot be used, in the order of rows and columns.
        doubts: sentences on what can be used but is unlikely to be meant.
    """

    file: Path
    map_file: Path
    mapping: ColumnMap
    cells: Cells
    rows: int
    table: pd.DataFrame
    dropped: dict[str, int] = field(default_factory=dict)
    fields: list[FieldReport] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)


def inspect(file: Path, map_file: Path) -> Inspection:
    """Read a file through its map and look at every value.

    Args:
        file: CSV or Parquet.
        map_file: its column map (`columnmap`).

    Raises:
        InputError: for the file as a whole, as `read_cells`; or a column that lacks; or no row that counts.
    """
    mapping, document = read_map(map_file)
    needed = {column for source in mapping.fields.values() for column in source.columns} | mapping.rows.columns
    cells = read_cells(file, mapping.encoding, mapping.delimiter, columns=needed)
    for path, column in _columns_named(mapping):
        if column not in cells.names:
            expected = f"a column of {file.name}: {choose(cells.names, column)}"
            raise document.error(path, column, expected)
    sheet = _Sheet({name: Column.of(cells.table[name]) for name in needed}, cells.places, mapping, cells, document)
    sheet.cells = cells = dataclasses.replace(cells, table=cells.table.schema.empty_table())
    dropped = sheet.leave_out()
    rows = len(sheet.places)
    if rows == 0:
        raise InputError(file, "", "no row that `rows` of the column map lets through", "at least one row")
    inspection = Inspection(file, map_file, mapping, cells, rows, pd.DataFrame(index=sheet.places), dropped)
    for wanted in FILE_FIELDS:
        mapped = mapping.fields.get(wanted.name)
        if mapped is None:
            inspection.fields.append(FieldReport(wanted, (), rows, "drawn from the scenario"))
            continue
        values, problems = sheet.field(wanted, mapped)
        inspection.table[wanted.name] = values
        inspection.problems += problems
        missing = int(values.isna().sum())
        inspection.fields.append(FieldReport(wanted, tuple(mapped.columns), missing, summary(wanted, values)))
    inspection.problems.sort(key=lambda problem: (problem.row, problem.column))
    inspection.doubts = doubts_of(cells, mapping, sheet.columns, inspection.table)
    return inspection


def _columns_named(mapping: ColumnMap) -> list[tuple[tuple[str | int, ...], str]]:
    """Each column that the map names, and where it does."""
    named = [(("fields", name), column) for name, source in mapping.fields.items() for column in source.columns]
    named += [(("rows", "only"), column) for column in mapping.rows.only]
    return named + [(("rows", "without"), column) for column in mapping.rows.without]  # type: ignore[return-value]


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
        place = f"{inspection.cells.unit} {first.row}, column {first.column}"
        raise InputError(file, place, first.value, first.expected + also)
    table, filled = fill(inspection.table, population, seed)
    for wanted in FILE_FIELDS:
        if wanted.kind is Kind.INTEGER:
            table[wanted.name] = table[wanted.name].astype(np.float64).astype(np.int64)
        elif wanted.kind is Kind.FLAG:
            table[wanted.name] = table[wanted.name].astype(np.float64).astype(bool)
        elif wanted.kind is Kind.NUMBER:
            table[wanted.name] = table[wanted.name].astype(np.float64)
    mapping = inspection.mapping
    notes = [mapping.source, mapping.attribution, mapping.licence and f"Licence: {mapping.licence}", *mapping.notes]
    notes += [f"Left out of the file: {rows:,} rows ({reason})" for reason, rows in inspection.dropped.items()]
    notes += [f"Unlikely: {doubt}" for doubt in (*inspection.doubts, *population_doubts(inspection.table, population))]
    return Portfolio(table, name, filled, tuple(note for note in notes if note))


def sample(portfolio: Portfolio, accounts: int, seed: int, numbers: NDArray[np.int64] | None = None) -> Portfolio:
    """So many accounts of a portfolio, chosen by the seed: without replacement, or with it if there are too few.

    Args:
        portfolio: to choose from; returned as it is where it has exactly so many accounts.
        accounts: how many.
        seed: of the choice.
        numbers: which of them, int64, are wanted; None = all. Of accounts drawn with replacement these are then part of their names.
    """
    size, table = len(portfolio), portfolio.table
    if accounts == size and numbers is None:
        return portfolio
    if accounts <= size:
        draws = uniforms(streams(seed, np.arange(size, dtype=np.int64)), _SAMPLE_DAY, _SAMPLE)
        rows = np.sort(np.argsort(draws, kind="stable")[:accounts])
        chosen = table.iloc[rows if numbers is None else rows[numbers]].reset_index(drop=True)
        return Portfolio(chosen, portfolio.name, portfolio.filled, portfolio.notes)
    which = np.arange(accounts, dtype=np.int64) if numbers is None else numbers
    draws = uniforms(streams(seed, which), _SAMPLE_DAY, _SAMPLE)
    chosen = table.iloc[(draws * size).astype(np.int64)].reset_index(drop=True)
    if numbers is None:
        copies = chosen.groupby("account_id").cumcount()
        chosen["account_id"] = chosen["account_id"].where(copies == 0, chosen["account_id"] + "~" + copies.astype(str))
    else:
        chosen["account_id"] += "~" + pd.Series(numbers).astype(str)
    note = f"{accounts:,} accounts drawn with replacement from the {size:,} of the file"
    return Portfolio(chosen, portfolio.name, portfolio.filled, (*portfolio.notes, note))


@dataclass
class _Sheet:
    """The rows that are left, column by column and with their places in the file, and how they are read."""

    columns: dict[str, Column]
    places: NDArray[np.int64]
    mapping: ColumnMap
    cells: Cells
    document: Document

    def leave_out(self) -> dict[str, int]:
        """Leave out the rows that the map says, and count them by reason."""
        rows, counts = self.mapping.rows, {}

        def keep(mask: NDArray[np.bool_], reason: str) -> None:
            if left := int((~mask).sum()):
                counts[reason] = left
                self.columns = {name: column.keep(mask) for name, column in self.columns.items()}
                self.places = self.places[mask]

        for name, texts in rows.only.items():
            keep(self._one_of(name, texts), f"{name} is not {' or '.join(texts)}")
        for name, texts in rows.without.items():
            keep(~self._one_of(name, texts), f"{name} is {' or '.join(texts)}")
        for reason in rows.drop:
            name, dropped = _DROPPED[reason]
            if (mapped := self.mapping.fields[name]).constant is None:
                keep(~dropped(self._numbers(mapped, name)), reason.replace("_", " "))
        if rows.duplicates:
            ids = self.columns[self.mapping.fields["account_id"].columns[0]]
            again = pd.Series(ids.codes).duplicated(keep=rows.duplicates).to_numpy() & ~ids.rows_of(ids.blank())
            keep(~again, f"another row of the account, of which the {rows.duplicates} counts")
        return counts

    def _one_of(self, name: str, texts: list[str]) -> NDArray[np.bool_]:
        column = self.columns[name]
        return column.rows_of(are_in(column.texts, texts))

    def _numbers(self, mapped: Mapping, name: str) -> NDArray[np.float64]:
        """A field's values as numbers, in range or not: scaled, counted, or counted from a date; NaN for what is none."""
        if mapped.count_at_least:
            columns = {
                n: parse_numbers(column.texts, self._marks(counted))[column.codes]
                for n, counted in enumerate(mapped.columns)
                for column in [self.columns[counted]]
            }
            counted = pd.DataFrame(columns)
            counts = (counted >= mapped.count_at_least.threshold).sum(axis=1).astype(float)
            return np.asarray(counts.where(counted.notna().all(axis=1)), np.float64)
        column = self.columns[mapped.columns[0]]
        if mapped.date_column:
            unit = next(wanted.unit for wanted in FILE_FIELDS if wanted.name == name)
            text = pd.Series(column.texts.to_numpy(zero_copy_only=False), dtype=object)
            dates = pd.to_datetime(text.where(~column.blank()), format=mapped.format, errors="coerce")
            return _since(dates, pd.Timestamp(str(mapped.as_of)), unit).to_numpy()[column.codes]
        numbers = parse_numbers(column.texts, self._marks(mapped.columns[0]))
        texts, translated = column.mapped(mapped.values)
        if translated.any():
            # What the map says is written as programs write numbers, whatever the file's marks.
            numbers[translated] = parse_numbers(texts.filter(pa.array(translated)), PLAIN)
        return (numbers * mapped.scale + mapped.offset)[column.codes]

    def _marks(self, column: str) -> ColumnMap:
        return PLAIN if column in self.cells.numeric else self.mapping

    def field(self, wanted: Field, mapped: Mapping) -> tuple[pd.Series[Any], list[Problem]]:
        """A field's values, NaN where blank or unusable, and a problem for each unusable one."""
        if mapped.constant is not None:
            return self._constant(wanted, mapped), []
        label = ", ".join(mapped.columns)
        first = self.columns[mapped.columns[0]]
        blank = first.rows_of(first.blank())
        expected = wanted.expectation
        for name in mapped.columns[1:]:
            # The count is unknown where all columns are blank; where one is, it cannot be told from a nought.
            blank &= self.columns[name].rows_of(self.columns[name].blank())
        if mapped.date_column:
            expected = f"a date in the format {mapped.format}, giving {expected}"
        elif mapped.values:
            expected = "one of " + ", ".join(mapped.values)
        elif mapped.scale != 1 or mapped.offset != 0:
            expected = f"a value that gives {expected} after the map's scale and offset"
        problems: list[Problem] = []
        values: NDArray[Any]
        repeated = np.zeros(len(self.places), bool)
        if wanted.kind in (Kind.INTEGER, Kind.NUMBER):
            values = self._numbers(mapped, wanted.name)
            good = _in_range(pd.Series(values), wanted).to_numpy()
        else:
            texts, _ = first.mapped(mapped.values)
            if wanted.kind is Kind.FLAG:
                texts = pc.utf8_lower(texts)
            allowed = tuple(_FLAGS) if wanted.kind is Kind.FLAG else wanted.values
            good = first.rows_of(are_in(texts, allowed) if allowed else ~are_in(texts, [""]))
            read = texts.to_numpy(zero_copy_only=False)
            if wanted.kind is Kind.FLAG:
                read = np.array([_FLAGS.get(text, np.nan) for text in read])
            values = read[first.codes]
            if wanted.kind is Kind.TEXT:
                problems, repeated = self._repeated(first, blank, label)
        bad = ~good & ~repeated & (~blank | wanted.required)
        problems += [
            Problem(int(self.places[row]), label, text, expected + self._remedy(wanted, mapped, text, values[row]))
            for row in np.flatnonzero(bad)
            for text in [first.text(int(row))]
        ]
        usable = good & ~repeated & ~blank
        return pd.Series(np.where(usable, values, np.nan), index=self.places), problems

    def _remedy(self, wanted: Field, mapped: Mapping, text: str, value: Any) -> str:
        """What the map could say about a cell that is no good, in brackets; "" if nothing."""
        if wanted.kind not in (Kind.INTEGER, Kind.NUMBER) or mapped.values:
            return ""
        if pd.isna(value):
            return "" if mapped.date_column else missing_marks(text, self.mapping)
        for reason, (name, dropped) in _DROPPED.items():
            if name == wanted.name and dropped(value):
                return f" (`rows: {{drop: [{reason}]}}` in the column map leaves such rows out)"
        return ""

    def _constant(self, wanted: Field, mapped: Mapping) -> pd.Series[Any]:
        value = mapped.constant
        text = str(value).lower()
        if wanted.kind is Kind.CATEGORY:
            good: bool = not wanted.values or value in wanted.values
        elif wanted.kind is Kind.FLAG:
            good, value = text in _FLAGS, _FLAGS.get(text)
        else:
            number = pd.Series(parse_numbers(pa.array([str(value)]), PLAIN))
            good, value = (
                bool(_in_range(number, wanted).iloc[0]) and wanted.kind is not Kind.TEXT,
                float(number.iloc[0]),
            )
        if not good:
            raise self.document.error(("fields", wanted.name, "constant"), mapped.constant, wanted.expectation)
        return pd.Series([value] * len(self.places), index=self.places)

    def _repeated(self, ids: Column, blank: NDArray[np.bool_], label: str) -> tuple[list[Problem], NDArray[np.bool_]]:
        """Problems, and which rows they are, for ids that stand in an earlier row; each names that row."""
        later = pd.Series(ids.codes).duplicated().to_numpy()
        first = np.zeros(len(ids.texts), np.int64)
        first[ids.codes[~later]] = self.places[~later]
        again = later & ~blank
        expected = "an account id that no other row has ({} {} has it; `rows: {{duplicates: last}}` in the column map keeps the last)"
        problems = [
            Problem(
                int(self.places[row]),
                label,
                ids.text(int(row)),
                expected.format(self.cells.unit, first[ids.codes[row]]),
            )
            for row in np.flatnonzero(again)
        ]
        return problems, again


def _since(dates: pd.Series[Any], day: pd.Timestamp, unit: str) -> pd.Series[Any]:
    """Days, or whole months or years, from dates to a day; negative for dates after it."""
    if unit == "days":
        return (day - dates).dt.days.astype(float)
    months = 12.0 * (day.year - dates.dt.year) + (day.month - dates.dt.month) - (dates.dt.day > day.day)
    return months if unit == "months" else np.floor(months / 12)


def _in_range(values: pd.Series[Any], wanted: Field) -> pd.Series[Any]:
    good = values.between(wanted.least, wanted.most) & np.isfinite(values)
    return good & (values == values.round()) if wanted.kind is Kind.INTEGER else good


def summary(wanted: Field, values: pd.Series[Any]) -> str:
    """The values of a field in a few words: least … median … most, the commonest names, or how many there are.

    Args:
        wanted: the field.
        values: its values; NaN where unknown.
    """
    known = values.dropna()
    if known.empty:
        return "no usable value"
    if wanted.kind is Kind.TEXT:
        return f"{known.nunique():,} different"
    if wanted.kind in (Kind.CATEGORY, Kind.FLAG):
        known = known.map({1: "yes", 0: "no"}) if wanted.kind is Kind.FLAG else known
        counts = known.value_counts().head(5)
        return ", ".join(f"{name}: {count:,}" for name, count in counts.items())
    return f"{known.min():,.10g} … {known.median():,.10g} … {known.max():,.10g}"
