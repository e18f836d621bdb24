"""Column maps: how the columns of somebody's table become our fields (YAML, no expressions).

    for: portfolio                                                # or contacts, payments, audit
    fields:
      account_id: ID                                              # a column as it is
      opening_balance: {sum: [PRINCIPAL, FEES], scale: 0.01}      # a number made of others; number * scale + offset
      sex: {column: SEX, values: {"1": male, "2": female}}        # translated; `otherwise` for all other texts
      product: {constant: credit_card}                            # the same for every row
      prior_delinquencies: {count_at_least: {columns: [M1, M2], threshold: 1}}
      dpd: {date_column: DUE, as_of: 2025-03-03, format: "%Y-%m-%d"}   # days from a date; months or years where a field counts those
      region: {column: LIMIT, buckets: {0: small, 5000: large}}   # by the highest number that is not above
    rows: {only: {STATUS: [late]}, range: {LIMIT: {least: 1}}, drop: [credit_balance], duplicates: last}
    bad_rows: skip

At the top level `sheet`, `header`, `table` and `query` say where in a workbook or database the table is, `encoding`, `delimiter`, `decimal`,
`thousands`, `currency` and `dates` how it writes text, numbers and dates, `rows` which rows count. What is not mapped, and blank cells,
are unknown: of a portfolio they are drawn from the scenario and listed in the report.
"""

from __future__ import annotations

from datetime import date, datetime
from math import isfinite
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from recoup.sim.inputs import DELIMITERS, ENCODING, Document, choose, is_encoding, read_yaml, validated
from recoup.sim.parameters import Section
from recoup.sim.portfolio.scores import score_fields
from recoup.sim.portfolio.state_draw import DRAWABLE
from recoup.sim.portfolio.state_fields import DATED as DATED_STATE
from recoup.sim.portfolio.table import FIELD, PORTFOLIO, SYNONYMS, Kind, Registry
from recoup.sim.portfolio.table import Field as TableField
from recoup.sim.remarks import NoteContent

DATED = ("days", "months", "years")  # units in which a date can be counted
EXCEL = "excel"  # in place of a date format: the number of a day, as spreadsheets count them
_NUMBERS = (Kind.INTEGER, Kind.NUMBER)


def _text(cell: object) -> object:
    """What stands in a file, from YAML, which reads a bare 1 as a number; a bare `no`, false to YAML, is left to be refused."""
    return cell if isinstance(cell, bool) or cell is None else str(cell)


def _texts(cells: object) -> object:
    """A list of a file's texts; one alone may stand without the brackets."""
    return [_text(cell) for cell in (cells if isinstance(cells, list) else [cells])]


def _is_format(form: str) -> str:
    try:
        if form != EXCEL:
            datetime.strptime(datetime(2000, 1, 31, 13, 45).strftime(form), form)
    except ValueError:
        raise ValueError(f"a date format, as in %Y-%m-%d, in place of {form}") from None
    return form


Texts = Annotated[list[str], Field(min_length=1), BeforeValidator(_texts)]
Name = Annotated[
    str, Field(min_length=1)
]  # of a column; those without one, as spreadsheets leave them, can't be asked for
Formats = Annotated[list[str], BeforeValidator(_texts)]


class CountAtLeast(Section):
    """In how many of these columns the number is at least the threshold."""

    columns: list[Name] = Field(min_length=1)
    threshold: float


class Mapping(Section):
    """Where one field comes from: exactly one of column, constant, sum, difference, first_of, count_at_least, date_column."""

    column: Name | None = None
    constant: str | float | bool | None = None
    sum: list[Name] | None = Field(None, min_length=2, description="columns whose numbers are added up; a blank is 0")
    difference: list[Name] | None = Field(
        None, min_length=2, description="the first column's number less those of the others; a blank is 0"
    )
    first_of: list[Name] | None = Field(None, min_length=2, description="the first of these columns that is not blank")
    count_at_least: CountAtLeast | None = None
    date_column: Name | None = None
    as_of: date | None = Field(None, description="the day up to which a date is counted; none = the map's")
    as_of_column: Name | None = Field(None, description="or the column that has that day")
    format: Formats = Field([], description="how dates are written, tried in turn; none = the map's `dates`")
    scale: Annotated[float, Field(allow_inf_nan=False)] = 1.0
    offset: Annotated[float, Field(allow_inf_nan=False)] = 0.0
    values: dict[str, str] = Field({}, description="texts of the file: what they are to us; '' = nothing is known")
    otherwise: str | None = Field(None, description="what a text is that `values` does not name; none = a problem")
    buckets: dict[float, str] = Field({}, description="least number: what numbers from there to the next are to us")

    @model_validator(mode="before")
    @classmethod
    def _from_name(cls, value: object) -> object:
        if isinstance(value, str | bool):  # a bare `no` is refused where the column's name should stand
            return {"column": value}
        if isinstance(value, dict):
            named = {key: value[key] for key in ("values", "buckets") if isinstance(value.get(key), dict)}
            texts = {
                key: {(_text(raw) if key == "values" else raw): _text(ours) for raw, ours in inner.items()}
                for key, inner in named.items()
            }
            if "otherwise" in value:
                texts["otherwise"] = _text(value["otherwise"])  # type: ignore[assignment]
            return value | texts
        return value

    @model_validator(mode="after")
    def _one_source(self) -> Mapping:
        if len(self._sources()) != 1:
            raise ValueError("exactly one of column, constant, sum, difference, first_of, count_at_least, date_column")
        if self.as_of is not None and self.as_of_column is not None:
            raise ValueError("as_of or as_of_column, not both")
        if self.scale == 0:
            raise ValueError("a scale other than 0")
        if not self.numeric and (self.scale != 1 or self.offset != 0):
            raise ValueError("scale and offset beside column alone, or beside sum, difference or first_of")
        if self.otherwise is not None and not self.values:
            raise ValueError("values beside otherwise")
        if self.buckets and (self.values or not self.numeric):
            raise ValueError("buckets beside a number, without values")
        for form in self.format:
            _is_format(form)
        return self

    def _sources(self) -> list[object]:
        every = (
            self.column, self.constant, self.sum, self.difference, self.first_of, self.count_at_least, self.date_column
        )  # fmt: skip
        return [source for source in every if source is not None]

    @property
    def numeric(self) -> bool:
        """Whether it may be read as a number that can be scaled."""
        return any(source is not None for source in (self.column, self.sum, self.difference, self.first_of))

    @property
    def parts(self) -> list[str]:
        """The columns whose numbers are added up or taken from another; [] where the field is no sum or difference."""
        return self.sum or self.difference or []

    @property
    def columns(self) -> list[str]:
        """The file's columns this field is made of."""
        if self.count_at_least:
            return self.count_at_least.columns
        if named := self.parts or self.first_of:
            return named
        return [name for name in (self.column or self.date_column, self.as_of_column) if name]


class Range(Section):
    """Numbers from `least` to `most`, or dates from `from` to `until`, the ends among them."""

    least: float | None = None
    most: float | None = None
    from_: date | None = Field(None, alias="from")
    until: date | None = None

    @model_validator(mode="after")
    def _of_one_kind(self) -> Range:
        numbers, dates = (
            self.least is not None or self.most is not None,
            self.from_ is not None or self.until is not None,
        )
        if numbers == dates:
            raise ValueError("least or most (numbers), or from or until (dates)")
        return self

    @property
    def dated(self) -> bool:
        """Whether it is of dates."""
        return self.from_ is not None or self.until is not None

    @property
    def missed(self) -> tuple[str, dict[str, str]]:
        """What is to be remarked on a cell that lies without: code, and the ends in words."""
        least, most = (
            None if end is None else f"{end:,.10g}" if isinstance(end, float) else str(end)
            for end in ((self.from_, self.until) if self.dated else (self.least, self.most))
        )
        if least is not None and most is not None:
            return "outside", {"least": least, "most": most}
        return ("below", {"least": least}) if least is not None else ("above", {"most": str(most)})


class Rows(Section):
    """Which rows of the file count; without it, all do, and each must be usable."""

    only: dict[Name, Texts] = Field(
        default={}, description="column: texts; rows with one of them, in each column named"
    )
    without: dict[Name, Texts] = Field(default={}, description="column: texts; rows with none of them")
    range: dict[Name, Range] = Field(default={}, description="column: bounds; rows within them, in each column named")
    drop: list[Literal["credit_balance", "zero_balance", "not_yet_due"]] = Field(
        default=[], description="rows with a balance below zero, of zero, or fewer than 0 days past due"
    )
    duplicates: Literal["error", "first", "last"] | None = Field(
        default=None,
        description="which of several rows with one account id counts, or of a log which of several equal rows; error = each further one "
        "is a problem; none = error in a portfolio, and all count in a log",
    )

    @property
    def columns(self) -> set[str]:
        """The file's columns that the choice needs."""
        return {*self.only, *self.without, *self.range}


class Donors(Section):
    """Another portfolio from whose accounts state is drawn, its paths beside the map."""

    file: str
    map: str


class Draw(Section):
    """State fields that are drawn for accounts of which nothing is known of them: all together from one account that is alike."""

    fields: list[str] = Field(min_length=1)
    donors: Donors | None = Field(None, description="none = the accounts of this table that know all of the fields")


def _named(delimiter: Any) -> Any:
    return DELIMITERS.get(delimiter, delimiter) if isinstance(delimiter, str) else delimiter


class ColumnMap(Section):
    """A whole map."""

    for_: Literal["portfolio", "contacts", "payments", "decisions", "audit"] | None = Field(
        None, alias="for", description="what the table holds; none = what the command reads"
    )
    source: str = ""
    licence: str = ""
    attribution: str = ""
    notes: list[NoteContent] = []
    sheet: Annotated[str | None, BeforeValidator(_text)] = Field(None, description="of a workbook; none = the only one")
    header: Annotated[int, Field(ge=1, le=1000)] = Field(
        1, description="line (CSV) or row (workbook) with the names of the columns"
    )
    table: Annotated[str | None, BeforeValidator(_text)] = Field(None, description="of a database; none = the only one")
    query: str | None = Field(None, description="instead of a table: one SELECT")
    encoding: str | None = Field(None, description="none = by the file's byte-order mark, else utf-8")
    delimiter: Annotated[str, Field(min_length=1, max_length=1, pattern=r"^[^\"\r\n]$"), BeforeValidator(_named)] = ","
    decimal: Annotated[str, Field(min_length=1, max_length=1, pattern=r"^[^0-9+()\-%]$")] = "."
    thousands: Annotated[str, Field(max_length=1, pattern=r"^[^0-9+()\-%]?$")] = ""
    currency: Annotated[list[str], BeforeValidator(_texts)] = Field(
        [], description="what may stand beside a number: ¥, CNY"
    )
    dates: Annotated[list[str], Field(min_length=1), BeforeValidator(_texts)] = Field(
        ["%Y-%m-%d"], description="how dates are written, tried in turn; excel = a spreadsheet's number of the day"
    )
    as_of: date | None = Field(None, description="the day up to which dates are counted")
    rows: Rows = Rows()
    draw: Draw | None = Field(None, description="state that the table does not say; none = as a fresh account has it")
    bad_rows: Literal["error", "skip"] = Field("error", description="what becomes of rows that cannot be used")
    fields: dict[str, Mapping] = Field(min_length=1)

    @model_validator(mode="after")
    def _consistent(self) -> ColumnMap:
        if self.thousands == self.decimal:
            raise ValueError(f"a thousands mark other than the decimal mark {self.decimal}")
        if self.table is not None and self.query is not None:
            raise ValueError("table or query, not both")
        for form in self.dates:
            _is_format(form)
        return self

    @model_validator(mode="before")
    @classmethod
    def _one_space(cls, value: object) -> object:
        spaces = ("\u00a0", "\u2007", "\u2009", "\u202f")  # numbers are read with all of them as a space
        if isinstance(value, dict) and value.get("thousands") in spaces:
            return value | {"thousands": " "}
        return value


def read_map(path: Path, registry: Registry = PORTFOLIO) -> tuple[ColumnMap, Document]:
    """Read a column map.

    Args:
        path: of the YAML file.
        registry: the fields that there are.

    Raises:
        InputError: broken YAML, a map of another kind of table, an unknown or hidden field, a required field left out, or a mapping that
            says too much.
    """
    return map_of(read_yaml(path), registry)


def map_of(document: Document, registry: Registry = PORTFOLIO) -> tuple[ColumnMap, Document]:
    """As `read_map`, of a document that has been read."""
    mapping = validated(ColumnMap, document)
    if mapping.for_ not in (None, registry.name):
        raise document.error(("for",), mapping.for_, f"{registry.name}, which this command reads")
    scores = score_fields(mapping.fields, registry)
    names = list(registry.field)
    for name in mapping.fields:
        if name in scores:
            _check_mapping(scores[name], mapping, document)
            continue
        if name not in names:
            known = FIELD if registry.name == PORTFOLIO.name else {}
            hidden = f"a field that a file can know ({name} is hidden: the simulation draws it)"
            raise document.error(
                ("fields", name), name, hidden if name in known else choose(names, name, _meant(registry))
            )
        _check_mapping(registry.field[name], mapping, document)
    for field in registry.lacking(mapping.fields):
        raise document.error(("fields",), "no " + field.name, f"{field.name}: {field.meaning} (required)")
    if mapping.rows.drop and registry.name != PORTFOLIO.name:
        raise document.error(("rows", "drop"), mapping.rows.drop, "range or without: this is no portfolio")
    for name in mapping.fields:
        if registry.name == PORTFOLIO.name and name in DATED_STATE and mapping.as_of is None:
            expected = (
                "as_of in the map: the day on whose morning the accounts are so, and on which a simulation begins"
            )
            raise document.error(("fields", name), name, expected)
    if mapping.draw is not None and registry.name != PORTFOLIO.name:
        raise document.error(("draw",), "draw", "nothing: this is no portfolio")
    for number, name in enumerate(mapping.draw.fields if mapping.draw else ()):
        if name not in DRAWABLE:
            raise document.error(("draw", "fields", number), name, choose(DRAWABLE, name))
    if mapping.encoding is not None and not is_encoding(mapping.encoding):
        raise document.error(("encoding",), mapping.encoding, ENCODING)
    return mapping, document


def _meant(registry: Registry) -> dict[str, list[str]]:
    """Our fields by the trade's other words for them: what every account has comes before what it has in mid-life."""
    state = {one.name for one in registry.fields if one.role == "state"}
    return {word: sorted(ours, key=state.__contains__) for word, ours in SYNONYMS.items()}


def _check_mapping(field: TableField, mapping: ColumnMap, document: Document) -> None:
    """What a mapping asks for must fit the kind of its field."""
    name, mapped = field.name, mapping.fields[field.name]
    place = ("fields", name)
    number = field.kind in _NUMBERS
    if mapped.date_column is not None:
        if field.unit not in DATED:
            raise document.error(
                (*place, "date_column"), mapped.date_column, f"column: {name} is not counted from a date"
            )
        if mapped.as_of is None and mapped.as_of_column is None and mapping.as_of is None:
            raise document.error(
                place, mapped.date_column, "as_of (the day from which the date is counted) beside date_column"
            )
    if field.kind is Kind.TEXT and mapped.column is None and mapped.first_of is None:
        raise document.error((*place, "constant"), mapped.constant, f"column: {field.expectation}")
    if not number and mapped.count_at_least:
        raise document.error((*place, "count_at_least"), "a count", f"column or constant: {field.expectation}")
    if not number and mapped.parts and not mapped.buckets:
        raise document.error(place, "a sum or difference", f"column or constant: {field.expectation}")
    if not (number or mapped.buckets) and (mapped.scale != 1 or mapped.offset != 0):
        raise document.error(place, "scale or offset", f"none, as {name} is no number")
    if field.kind in (Kind.DATE, Kind.HOUR, Kind.DAYS) and (mapped.values or mapped.buckets):
        raise document.error(place, "values or buckets", f"none: {name} is {field.expectation}")
    said = [(("values", raw), ours) for raw, ours in mapped.values.items()]
    said += [(("buckets", f"{least:.10g}"), ours) for least, ours in mapped.buckets.items()]
    said += [(("otherwise",), mapped.otherwise)] if mapped.otherwise is not None else []  # type: ignore[list-item]
    for where, ours in said:
        if ours == "":  # nothing is known
            continue
        if field.values and ours not in field.values:
            raise document.error((*place, *where), ours, choose(field.values, ours))
        if number and not _is_number(ours):
            raise document.error((*place, *where), ours, "a number")


def _is_number(text: str) -> bool:
    try:
        return isfinite(float(text))
    except ValueError:
        return False
