"""The rows of a table as a column map reads them: which count, what each field's values are, and which cells cannot be used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from recoup.sim.inputs import Document
from recoup.sim.portfolio.cells import Cells
from recoup.sim.portfolio.column import Column, are_in
from recoup.sim.portfolio.columnmap import ColumnMap, Mapping, Range
from recoup.sim.portfolio.dates import parse_dates, parse_hours
from recoup.sim.portfolio.days_ago import parse_days_ago
from recoup.sim.portfolio.numbers import PLAIN, missing_marks, parse_numbers
from recoup.sim.portfolio.table import Field, Kind, Registry
from recoup.sim.remarks import Remark

FLAGS = {
    "1": 1.0, "0": 0.0, "true": 1.0, "false": 0.0, "yes": 1.0, "no": 0.0, "y": 1.0, "n": 0.0, "是": 1.0, "否": 0.0
}  # fmt: skip
MOST_LISTED = 10_000  # problems of a field that are kept one by one; all are counted
_DROPPED = {
    "credit_balance": ("opening_balance", lambda balance: balance < 0),
    "zero_balance": ("opening_balance", lambda balance: balance == 0),
    "not_yet_due": ("dpd", lambda dpd: dpd < 0),
}
_NUMBERS = (Kind.INTEGER, Kind.NUMBER)
_DECIMALS = 6  # to which sums are rounded: 0.3 − 0.1 − 0.2 is nought


@dataclass(frozen=True)
class Problem:
    """One value that cannot be used.

    Attributes:
        row: its place in the source: see `Cells.places`.
        column, value, expected: where it stands, what, and what should.
        leave_out: what `rows` of the map could say about such rows: a reason of `drop`, or duplicates; "" = nothing.
    """

    row: int
    column: str
    value: str
    expected: Remark
    leave_out: str = ""


@dataclass(frozen=True)
class Values:
    """What a field's column holds.

    Attributes:
        values: one for each row, by its place; NaN, NaT or None where blank or unusable.
        problems: the first `MOST_LISTED` cells that cannot be used.
        unusable: which rows have such a cell, shape (rows,).
    """

    values: pd.Series[Any]
    problems: list[Problem]
    unusable: NDArray[np.bool_]


@dataclass
class Sheet:
    """The rows that are left, column by column and with their places in the source, and how they are read."""

    columns: dict[str, Column]
    places: NDArray[np.int64]
    mapping: ColumnMap
    cells: Cells
    document: Document
    registry: Registry

    # ---- which rows count ----

    def leave_out(self) -> dict[Remark, int]:
        """Leave out the rows that the map says, and count them by reason."""
        rows, counts = self.mapping.rows, dict[Remark, int]()

        def keep(mask: NDArray[np.bool_], reason: str, **values: Any) -> None:
            if left := int((~mask).sum()):
                counts[Remark(reason, values)] = left
                self.columns = {name: column.keep(mask) for name, column in self.columns.items()}
                self.places = self.places[mask]

        for name, texts in rows.only.items():
            keep(self._one_of(name, texts), "only", column=name, texts=list(texts))
        for name, texts in rows.without.items():
            keep(~self._one_of(name, texts), "without", column=name, texts=list(texts))
        for name, bounds in rows.range.items():
            keep(self._within(name, bounds), bounds.missed[0], column=name, **bounds.missed[1])
        for reason in rows.drop:
            name, dropped = _DROPPED[reason]
            if (mapped := self.mapping.fields[name]).constant is None:
                keep(~dropped(self._numbers(mapped, self.registry.field[name])), reason)
        if rows.duplicates in ("first", "last"):
            codes, blank = self._key()
            again = codes.duplicated(keep=rows.duplicates).to_numpy() & ~blank
            what = "row" if self.registry.repeats else "account"
            keep(~again, f"{what}_{'again' if rows.duplicates == 'first' else 'before'}")
        return counts

    def _one_of(self, name: str, texts: list[str]) -> NDArray[np.bool_]:
        column = self.columns[name]
        return column.rows_of(are_in(column.texts, texts))

    def _within(self, name: str, bounds: Range) -> NDArray[np.bool_]:
        column = self.columns[name]
        if bounds.dated:
            days = parse_dates(column.texts, self.mapping.dates, name in self.cells.dated).dt.floor("D")
            begin, end = (
                pd.Timestamp(str(bounds.from_ or "1678-01-01")),
                pd.Timestamp(str(bounds.until or "2262-01-01")),
            )
            return column.rows_of(days.between(begin, end).to_numpy())
        numbers = parse_numbers(column.texts, self._marks(name))
        least = -np.inf if bounds.least is None else bounds.least
        most = np.inf if bounds.most is None else bounds.most
        return column.rows_of((numbers >= least) & (numbers <= most))

    def _key(self) -> tuple[pd.Series[Any] | pd.DataFrame, NDArray[np.bool_]]:
        """What makes rows the same, and which rows have none: the account id of a portfolio, all that is read of a log."""
        if self.registry.repeats:
            names = [name for mapped in self.mapping.fields.values() for name in mapped.columns]
            return pd.DataFrame({name: self.columns[name].codes for name in names}), np.zeros(len(self.places), bool)
        ids = self._cells(self.mapping.fields["account_id"])
        return pd.Series(ids.codes), ids.rows_of(ids.blank())

    # ---- numbers ----

    def _cells(self, mapped: Mapping) -> Column:
        """The one column of texts that a field is read from."""
        if mapped.first_of:
            return Column.first_of([self.columns[name] for name in mapped.first_of])
        return self.columns[mapped.columns[0]]

    def _marks(self, column: str) -> ColumnMap:
        return PLAIN if column in self.cells.numeric else self.mapping

    def _numbers(self, mapped: Mapping, field: Field) -> NDArray[np.float64]:
        """A field's values as numbers, in range or not: scaled, counted, or counted from a date; NaN for what is none."""
        numbers = self._before_buckets(mapped, field)
        if mapped.buckets and field.kind in _NUMBERS:
            bounds, given = self._buckets(mapped)
            place = _bucket(numbers, bounds)
            return np.where(place >= 0, np.array([float(ours) for ours in given])[place], np.nan)
        return numbers

    def _before_buckets(self, mapped: Mapping, field: Field) -> NDArray[np.float64]:
        if mapped.count_at_least:
            columns = {
                n: parse_numbers(column.texts, self._marks(counted))[column.codes]
                for n, counted in enumerate(mapped.columns)
                for column in [self.columns[counted]]
            }
            counted = pd.DataFrame(columns)
            counts = (counted >= mapped.count_at_least.threshold).sum(axis=1).astype(float)
            return np.asarray(counts.where(counted.notna().all(axis=1)), np.float64)
        if mapped.parts:
            return np.round(self._total(mapped), _DECIMALS) * mapped.scale + mapped.offset
        if mapped.date_column:
            return self._since(mapped, field)
        column = self._cells(mapped)
        numbers = parse_numbers(column.texts, self._common_marks(mapped))
        texts, translated = column.mapped(mapped.values, mapped.otherwise)
        if translated.any():
            # What the map says is written as programs write numbers, whatever the file's marks.
            numbers[translated] = parse_numbers(texts.filter(pa.array(translated)), PLAIN)
        return (numbers * mapped.scale + mapped.offset)[column.codes]

    def _common_marks(self, mapped: Mapping) -> ColumnMap:
        numeric = all(name in self.cells.numeric for name in mapped.columns)
        return PLAIN if numeric else self.mapping

    def _total(self, mapped: Mapping) -> NDArray[np.float64]:
        """The sum, or the first less the others; a blank cell counts as 0, and where all are blank nothing is known."""
        total, known = np.zeros(len(self.places)), np.zeros(len(self.places), bool)
        for number, name in enumerate(mapped.parts):
            column = self.columns[name]
            blank = column.blank()
            values = np.where(blank, 0.0, parse_numbers(column.texts, self._marks(name)))
            sign = -1.0 if mapped.difference and number else 1.0
            total += sign * values[column.codes]
            known |= ~column.rows_of(blank)
        return np.where(known, total, np.nan)

    def _since(self, mapped: Mapping, field: Field) -> NDArray[np.float64]:
        column = self.columns[str(mapped.date_column)]
        dates = self._dates(column, mapped, str(mapped.date_column))
        if mapped.as_of_column:
            until = self.columns[mapped.as_of_column]
            days = self._dates(until, mapped, mapped.as_of_column).iloc[until.codes].reset_index(drop=True)
            return _since(dates.iloc[column.codes].reset_index(drop=True), days, field.unit).to_numpy(np.float64)
        day = pd.Timestamp(str(mapped.as_of or self.mapping.as_of))
        return _since(dates, pd.Series(day, index=dates.index), field.unit).to_numpy(np.float64)[column.codes]

    def _dates(self, column: Column, mapped: Mapping, name: str) -> pd.Series[Any]:
        return parse_dates(column.texts, mapped.format or self.mapping.dates, name in self.cells.dated)

    def _buckets(self, mapped: Mapping) -> tuple[NDArray[np.float64], list[str]]:
        ordered = sorted(mapped.buckets.items())
        return np.array([least for least, _ in ordered]), [ours for _, ours in ordered]

    # ---- fields ----

    def field(self, wanted: Field, mapped: Mapping) -> Values:
        """A field's values, and a problem for each cell that cannot be used."""
        if mapped.constant is not None:
            return Values(self._constant(wanted, mapped), [], np.zeros(len(self.places), bool))
        blank = self._blank(wanted, mapped)
        values, good = self._read(wanted, mapped)
        repeated = np.zeros(len(self.places), bool)
        problems: list[Problem] = []
        if wanted.unique or (wanted.name == "account_id" and self.mapping.rows.duplicates == "error"):
            problems, repeated = self._repeated(self._cells(mapped), blank, ", ".join(mapped.columns))
        bad = ~good & ~repeated & (~blank | wanted.required)
        problems += self._problems(wanted, mapped, np.flatnonzero(bad)[:MOST_LISTED], values)
        usable = good & ~repeated & ~blank
        missing = np.datetime64("NaT") if wanted.kind is Kind.DATE else np.nan
        return Values(pd.Series(np.where(usable, values, missing), index=self.places), problems, bad | repeated)

    def _blank(self, wanted: Field, mapped: Mapping) -> NDArray[np.bool_]:
        """Which rows say nothing of a field: blank in its column, in all of several, or in either end of a span."""

        def says_nothing(column: Column) -> NDArray[np.bool_]:
            # Where `none` is one of our values, it says something.
            said = ["none"] if "none" in wanted.values else []
            return column.rows_of(column.blank() & ~are_in(pc.utf8_lower(column.texts), said))

        blanks = [says_nothing(self.columns[name]) for name in mapped.columns]
        if mapped.as_of_column:
            return np.any(blanks, axis=0)  # type: ignore[no-any-return]
        if "" in (*mapped.values.values(), mapped.otherwise):  # texts of which the map says that nothing is known
            column = self._cells(mapped)
            blanks.append(column.rows_of(are_in(column.mapped(mapped.values, mapped.otherwise)[0], [""])))
            return np.any(blanks, axis=0)  # type: ignore[no-any-return]
        # A count is unknown where all columns are blank; where one is, it cannot be told from a nought.
        return np.all(blanks, axis=0)  # type: ignore[no-any-return]

    def _read(self, wanted: Field, mapped: Mapping) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        """A field's values in each row, and which of them are as they must be."""
        if wanted.kind in _NUMBERS:
            numbers = self._numbers(mapped, wanted)
            return numbers, _in_range(pd.Series(numbers), wanted).to_numpy()
        if mapped.buckets:
            bounds, given = self._buckets(mapped)
            place = _bucket(self._before_buckets(mapped, wanted), bounds)
            if wanted.kind is Kind.FLAG:
                flags = np.array([FLAGS.get(ours.lower(), np.nan) for ours in given])[place]
                return flags, (place >= 0) & ~np.isnan(flags)
            return np.array(given, object)[place], place >= 0
        column = self._cells(mapped)
        if wanted.kind in (Kind.DATE, Kind.HOUR):
            typed = any(name in self.cells.dated for name in mapped.columns)
            if wanted.kind is Kind.DATE:
                moments = parse_dates(column.texts, mapped.format or self.mapping.dates, typed)
                return moments.to_numpy()[column.codes], moments.notna().to_numpy()[column.codes]
            hours = parse_hours(column.texts, mapped.format, typed)[column.codes]
            return hours, ~np.isnan(hours)
        texts, _ = column.mapped(mapped.values, mapped.otherwise)
        if wanted.kind is Kind.DAYS:
            days = parse_days_ago(texts)[column.codes]
            return days, ~np.isnan(days)
        if wanted.kind is Kind.FLAG:
            texts = pc.utf8_lower(texts)
        allowed = tuple(FLAGS) if wanted.kind is Kind.FLAG else wanted.values
        good = column.rows_of(are_in(texts, allowed) if allowed else ~are_in(texts, [""]))
        read = texts.to_numpy(zero_copy_only=False)
        if wanted.kind is Kind.FLAG:
            read = np.array([FLAGS.get(text, np.nan) for text in read])
        return read[column.codes], good

    def _problems(self, wanted: Field, mapped: Mapping, rows: NDArray[np.int64], values: NDArray[Any]) -> list[Problem]:
        label, expected = ", ".join(mapped.columns), self._expected(wanted, mapped)
        found = []
        for row in rows.tolist():
            text = " + ".join(self.columns[name].text(row) for name in mapped.parts) or self._cell(mapped, row)
            reason = self._reason(wanted, values[row])
            remedy = self._remedy(wanted, mapped, text, values[row], reason)
            what = Remark(remedy[0], {"expected": expected} | remedy[1]) if remedy else expected
            found.append(Problem(int(self.places[row]), label, text, what, reason))
        return found

    def _cell(self, mapped: Mapping, row: int) -> str:
        """What stands in a row of the field's one column, or in the first of several that says something."""
        texts = [self.columns[name].text(row) for name in (mapped.first_of or mapped.columns[:1])]
        return next((text for text in texts if text), texts[0])

    def _expected(self, wanted: Field, mapped: Mapping) -> Remark:
        """What a cell of the field must be."""
        expected = wanted.expectation
        if mapped.date_column or wanted.kind is Kind.DATE:
            forms = list(mapped.format or self.mapping.dates)
            if mapped.date_column:
                return Remark("date_giving", {"formats": forms, "expected": expected})
            return Remark("date_as", {"formats": forms})
        if mapped.values and mapped.otherwise is None:
            return Remark("one_of", {"names": list(mapped.values)})
        if mapped.buckets:
            return Remark("bucket", {"least": min(mapped.buckets)})
        if mapped.scale != 1 or mapped.offset != 0:
            return Remark("scaled", {"expected": expected})
        return expected

    def _reason(self, wanted: Field, value: Any) -> str:
        """The reason of `rows.drop` by which the row could be left out; "" if none."""
        if wanted.kind not in _NUMBERS or self.registry.repeats or pd.isna(value):
            return ""
        return next(
            (reason for reason, (name, dropped) in _DROPPED.items() if name == wanted.name and dropped(value)), ""
        )

    def _remedy(
        self, wanted: Field, mapped: Mapping, text: str, value: Any, reason: str
    ) -> tuple[str, dict[str, str]] | None:
        """What the map could say about a cell that is no good: code and values of a remark; None if nothing."""
        if mapped.values or mapped.date_column:
            return None
        if wanted.kind in (Kind.CATEGORY, Kind.FLAG) and text and (wanted.values or wanted.kind is Kind.FLAG):
            return "with_values", {}
        if wanted.kind in _NUMBERS and pd.isna(value):
            return missing_marks(text, self.mapping)
        return ("with_drop", {"reason": reason}) if reason else None

    def _constant(self, wanted: Field, mapped: Mapping) -> pd.Series[Any]:
        value: Any = mapped.constant
        text = str(value).lower()
        if wanted.kind is Kind.CATEGORY:
            good: bool = not wanted.values or value in wanted.values
        elif wanted.kind is Kind.FLAG:
            good, value = text in FLAGS, FLAGS.get(text)
        elif wanted.kind is Kind.DATE:
            moment = parse_dates(pa.array([str(value)]), self.mapping.dates, typed=True).iloc[0]
            good, value = not pd.isna(moment), moment
        elif wanted.kind is Kind.HOUR:
            hour = float(parse_hours(pa.array([str(value)]))[0])
            good, value = not np.isnan(hour), hour
        elif wanted.kind is Kind.DAYS:
            days = float(parse_days_ago(pa.array([str(value)]))[0])
            good, value = not np.isnan(days), days
        else:
            number = pd.Series(parse_numbers(pa.array([str(value)]), PLAIN))
            good, value = (
                bool(_in_range(number, wanted).iloc[0]) and wanted.kind is not Kind.TEXT,
                float(number.iloc[0]),
            )
        if not good:
            raise self.document.error(("fields", wanted.name, "constant"), mapped.constant, str(wanted.expectation))
        return pd.Series([value] * len(self.places), index=self.places)

    def _repeated(self, ids: Column, blank: NDArray[np.bool_], label: str) -> tuple[list[Problem], NDArray[np.bool_]]:
        """Problems, and which rows they are, for ids that stand in an earlier row; each names that row."""
        later = pd.Series(ids.codes).duplicated().to_numpy()
        first = np.zeros(len(ids.texts), np.int64)
        first[ids.codes[~later]] = self.places[~later]
        again = later & ~blank
        problems = [
            Problem(
                int(self.places[row]),
                label,
                ids.text(int(row)),
                Remark("own_account", {"unit": self.cells.unit, "row": int(first[ids.codes[row]])}),
                "duplicates",
            )
            for row in np.flatnonzero(again)[:MOST_LISTED]
        ]
        return problems, again


def _bucket(numbers: NDArray[np.float64], bounds: NDArray[np.float64]) -> NDArray[np.int64]:
    """Which bucket each number is in, by the least number of each; -1 below all, and for what is no number."""
    return np.where(np.isnan(numbers), -1, np.searchsorted(bounds, numbers, side="right") - 1)


def _since(dates: pd.Series[Any], days: pd.Series[Any], unit: str) -> pd.Series[Any]:
    """Days, or whole months or years, from dates to days; negative for dates after them."""
    dates, days = dates.dt.floor("D"), days.dt.floor("D")
    if unit == "days":
        return (days - dates).dt.days.astype(float)
    months = 12.0 * (days.dt.year - dates.dt.year) + (days.dt.month - dates.dt.month) - (dates.dt.day > days.dt.day)
    return months if unit == "months" else np.floor(months / 12)


def _in_range(values: pd.Series[Any], wanted: Field) -> pd.Series[Any]:
    good = values.between(wanted.least, wanted.most) & np.isfinite(values)
    return good & (values == values.round()) if wanted.kind is Kind.INTEGER else good
