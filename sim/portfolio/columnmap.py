"""Column maps: how the columns of somebody's file become our fields (YAML, no expressions).

    fields:
      account_id: ID                                              # a column as it is
      opening_balance: {column: AMOUNT, scale: 0.01}              # value * scale + offset
      sex: {column: SEX, values: {"1": male, "2": female}}        # translated
      product: {constant: credit_card}                            # the same for every row
      prior_delinquencies: {count_at_least: {columns: [M1, M2], threshold: 1}}
      dpd: {date_column: DUE, as_of: 2025-03-03, format: "%Y-%m-%d"}   # days from a date; months or years where a field counts those
    rows: {only: {STATUS: [late]}, drop: [credit_balance], duplicates: last}

At the top level `encoding`, `delimiter`, `decimal`, `thousands` and `currency` say how the file writes text and numbers, `rows` which
rows count. What is not mapped, and blank cells, are drawn from the scenario and listed in the report.
"""

from __future__ import annotations

from datetime import date, datetime
from math import isfinite
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from recoup.sim.inputs import DELIMITERS, ENCODING, Document, choose, is_encoding, read_yaml, validated
from recoup.sim.parameters import Section
from recoup.sim.portfolio.table import FIELD, FILE_FIELDS, SYNONYMS, Kind

DATED = ("days", "months", "years")  # units in which a date can be counted


class CountAtLeast(Section):
    """In how many of these columns the number is at least the threshold."""

    columns: list[str] = Field(min_length=1)
    threshold: float


class Mapping(Section):
    """Where one field comes from: exactly one of column, constant, count_at_least, date_column."""

    column: str | None = None
    constant: str | float | bool | None = None
    count_at_least: CountAtLeast | None = None
    date_column: str | None = None
    as_of: date | None = None
    format: str = "%Y-%m-%d"
    scale: Annotated[float, Field(allow_inf_nan=False)] = 1.0
    offset: Annotated[float, Field(allow_inf_nan=False)] = 0.0
    values: dict[str, str] = {}

    @model_validator(mode="before")
    @classmethod
    def _from_name(cls, value: object) -> object:
        if isinstance(value, str | bool):  # a bare `no` is refused where the column's name should stand
            return {"column": value}
        if isinstance(value, dict) and isinstance(value.get("values"), dict):
            return value | {"values": {_text(raw): _text(ours) for raw, ours in value["values"].items()}}
        return value

    @model_validator(mode="after")
    def _one_source(self) -> Mapping:
        sources = [self.column, self.constant, self.count_at_least, self.date_column]
        if sum(source is not None for source in sources) != 1:
            raise ValueError("exactly one of column, constant, count_at_least, date_column")
        if self.date_column is not None and self.as_of is None:
            raise ValueError("as_of (the day from which the date is counted) beside date_column")
        if self.scale == 0:
            raise ValueError("a scale other than 0")
        if self.column is None and (self.scale != 1 or self.offset != 0):
            raise ValueError("scale and offset beside column alone")
        try:
            datetime.strptime(date(2000, 1, 31).strftime(self.format), self.format)
        except ValueError:
            raise ValueError(f"a date format, as in %Y-%m-%d, in place of {self.format}") from None
        return self

    @property
    def columns(self) -> list[str]:
        """The file's columns this field is made of."""
        if self.count_at_least:
            return self.count_at_least.columns
        name = self.column or self.date_column
        return [name] if name else []


def _text(cell: object) -> object:
    """What stands in a file, from YAML, which reads a bare 1 as a number; a bare `no`, false to YAML, is left to be refused."""
    return cell if isinstance(cell, bool) or cell is None else str(cell)


def _texts(cells: object) -> object:
    """A list of a file's texts; one alone may stand without the brackets."""
    return [_text(cell) for cell in (cells if isinstance(cells, list) else [cells])]


Texts = Annotated[list[str], Field(min_length=1), BeforeValidator(_texts)]


class Rows(Section):
    """Which rows of the file are accounts; without it, all are, and each must be usable."""

    only: dict[str, Texts] = Field(default={}, description="column: texts; rows with one of them, in each column named")
    without: dict[str, Texts] = Field(default={}, description="column: texts; rows with none of them")
    drop: list[Literal["credit_balance", "zero_balance", "not_yet_due"]] = Field(
        default=[], description="rows with a balance below zero, of zero, or fewer than 0 days past due"
    )
    duplicates: Literal["first", "last"] | None = Field(
        default=None,
        description="which of several rows with one account id counts; none = each further one is a problem",
    )

    @property
    def columns(self) -> set[str]:
        """The file's columns that the choice needs."""
        return {*self.only, *self.without}


def _named(delimiter: Any) -> Any:
    return DELIMITERS.get(delimiter, delimiter) if isinstance(delimiter, str) else delimiter


class ColumnMap(Section):
    """A whole map."""

    source: str = ""
    licence: str = ""
    attribution: str = ""
    notes: list[str] = []
    encoding: str | None = Field(None, description="none = by the file's byte-order mark, else utf-8")
    delimiter: Annotated[str, Field(min_length=1, max_length=1, pattern=r"^[^\"\r\n]$"), BeforeValidator(_named)] = ","
    decimal: Annotated[str, Field(min_length=1, max_length=1, pattern=r"^[^0-9+()\-]$")] = "."
    thousands: Annotated[str, Field(max_length=1, pattern=r"^[^0-9+()\-]?$")] = ""
    currency: Annotated[list[str], BeforeValidator(_texts)] = Field(
        [], description="what may stand beside a number: ¥, CNY"
    )
    rows: Rows = Rows()
    fields: dict[str, Mapping] = Field(min_length=1)

    @model_validator(mode="after")
    def _distinct_marks(self) -> ColumnMap:
        if self.thousands == self.decimal:
            raise ValueError(f"a thousands mark other than the decimal mark {self.decimal}")
        return self

    @model_validator(mode="before")
    @classmethod
    def _one_space(cls, value: object) -> object:
        spaces = ("\u00a0", "\u2007", "\u2009", "\u202f")  # numbers are read with all of them as a space
        if isinstance(value, dict) and value.get("thousands") in spaces:
            return value | {"thousands": " "}
        return value


def read_map(path: Path) -> tuple[ColumnMap, Document]:
    """Read a column map.

    Raises:
        InputError: broken YAML, an unknown or hidden field, a required field left out, or a mapping that says too much.
    """
    document = read_yaml(path)
    mapping = validated(ColumnMap, document)
    names = [field.name for field in FILE_FIELDS]
    for name in mapping.fields:
        if name not in names:
            hidden = f"a field that a file can know ({name} is hidden: the simulation draws it)"
            raise document.error(("fields", name), name, hidden if name in FIELD else choose(names, name, SYNONYMS))
        _check_mapping(name, mapping.fields[name], document)
    for field in FILE_FIELDS:
        if field.required and field.name not in mapping.fields:
            raise document.error(("fields",), "no " + field.name, f"{field.name}: {field.meaning} (required)")
    if mapping.encoding is not None and not is_encoding(mapping.encoding):
        raise document.error(("encoding",), mapping.encoding, ENCODING)
    return mapping, document


def _check_mapping(name: str, mapped: Mapping, document: Document) -> None:
    """What a mapping asks for must fit the kind of its field."""
    field, place = FIELD[name], ("fields", name)
    if mapped.date_column is not None and field.unit not in DATED:
        raise document.error((*place, "date_column"), mapped.date_column, f"column: {name} is not counted from a date")
    number = field.kind in (Kind.INTEGER, Kind.NUMBER)
    if field.kind is Kind.TEXT and mapped.column is None:
        raise document.error((*place, "constant"), mapped.constant, f"column: {field.expectation}")
    if not number and mapped.count_at_least:
        raise document.error((*place, "count_at_least"), "a count", f"column or constant: {field.expectation}")
    if not number and (mapped.scale != 1 or mapped.offset != 0):
        raise document.error(place, "scale or offset", f"none, as {name} is no number")
    for raw, ours in mapped.values.items():
        if field.values and ours not in field.values:
            raise document.error((*place, "values", raw), ours, choose(field.values, ours))
        if number and not _is_number(ours):
            raise document.error((*place, "values", raw), ours, "a number")


def _is_number(text: str) -> bool:
    try:
        return isfinite(float(text))
    except ValueError:
        return False
