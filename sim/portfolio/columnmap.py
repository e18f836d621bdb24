"""Column maps: how the columns of somebody's file become our fields (YAML, no expressions).

    fields:
      account_id: ID                                              # a column as it is
      opening_balance: {column: AMOUNT, scale: 0.01}              # value * scale + offset
      sex: {column: SEX, values: {"1": male, "2": female}}        # translated
      product: {constant: credit_card}                            # the same for every row
      prior_delinquencies: {count_at_least: {columns: [M1, M2], threshold: 1}}
      dpd: {date_column: DUE, as_of: 2025-03-03, format: "%Y-%m-%d"}   # days from a date

At the top level `encoding`, `delimiter`, `decimal` and `thousands` say how the file writes text and numbers.
What is not mapped, and blank cells, are drawn from the scenario and listed in the report.
"""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Annotated

from pydantic import Field, model_validator

from recoup.sim.inputs import ENCODING, Document, choose, is_encoding, read_yaml, validated
from recoup.sim.parameters import Section
from recoup.sim.portfolio.table import FIELD, FILE_FIELDS


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
        if isinstance(value, str):
            return {"column": value}
        if isinstance(value, dict) and isinstance(value.get("values"), dict):
            # YAML reads a bare 1 as a number; what stands in the file is text.
            return value | {"values": {str(raw): ours for raw, ours in value["values"].items()}}
        return value

    @model_validator(mode="after")
    def _one_source(self) -> Mapping:
        sources = [self.column, self.constant, self.count_at_least, self.date_column]
        if sum(source is not None for source in sources) != 1:
            raise ValueError("exactly one of column, constant, count_at_least, date_column")
        if self.date_column is not None and self.as_of is None:
            raise ValueError("as_of (the day from which the date is counted) beside date_column")
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


class ColumnMap(Section):
    """A whole map."""

    source: str = ""
    licence: str = ""
    attribution: str = ""
    notes: list[str] = []
    encoding: str = "utf-8"
    delimiter: Annotated[str, Field(min_length=1, max_length=1, pattern=r"^[^\"\r\n]$")] = ","
    decimal: Annotated[str, Field(min_length=1, max_length=1)] = "."
    thousands: Annotated[str, Field(max_length=1)] = ""
    fields: dict[str, Mapping] = Field(min_length=1)

    @model_validator(mode="after")
    def _distinct_marks(self) -> ColumnMap:
        if self.thousands == self.decimal:
            raise ValueError(f"a thousands mark other than the decimal mark {self.decimal}")
        return self


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
            raise document.error(("fields", name), name, hidden if name in FIELD else choose(names, name))
    for field in FILE_FIELDS:
        if field.required and field.name not in mapping.fields:
            raise document.error(("fields",), "no " + field.name, f"{field.name}: {field.meaning} (required)")
    if not is_encoding(mapping.encoding):
        raise document.error(("encoding",), mapping.encoding, ENCODING)
    return mapping, document
