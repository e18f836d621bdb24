"""Tables from files and databases through a column map: every problem with its place, column, value and what was expected."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recoup.sim.inputs import Document, InputError, choose
from recoup.sim.parameters import Population
from recoup.sim.portfolio.cells import IN_THE_MAP, Cells
from recoup.sim.portfolio.column import Column
from recoup.sim.portfolio.columnmap import ColumnMap, Mapping, read_map
from recoup.sim.portfolio.days_ago import days_ago
from recoup.sim.portfolio.doubts import doubts_of, population_doubts
from recoup.sim.portfolio.scores import score_fields, with_scores
from recoup.sim.portfolio.sheet import MOST_LISTED, Problem, Sheet
from recoup.sim.portfolio.sources import Source, read_source, source_of
from recoup.sim.portfolio.state_checks import faults, missing_state
from recoup.sim.portfolio.state_draw import draw_state
from recoup.sim.portfolio.state_fields import STATE_FIELD
from recoup.sim.portfolio.synthetic import fill
from recoup.sim.portfolio.table import FILE_FIELDS, PORTFOLIO, STATE_FIELDS, Field, Kind, Portfolio, Registry
from recoup.sim.randomness import streams, uniforms
from recoup.sim.remarks import Note, Remark, noted

_ALSO, _SHORT = 6, 40  # problems that a message names, and signs of a value
_SAMPLE_DAY, _SAMPLE = -3, 0
_SKIPPED = Remark("skipped")


@dataclass(frozen=True)
class FieldReport:
    """What a file says of one field."""

    field: Field
    columns: tuple[str, ...]
    missing: int
    summary: str | Remark


@dataclass
class Inspection:
    """A table as read through a map.

    Attributes:
        source, map_file, mapping, registry: what was read, and how; no map file = columns have the fields' names.
        cells: where the source's rows stand, before some were left out; their texts are not kept.
        rows: how many rows count.
        table: their usable values, indexed by their place in the source (as `Problem.row`); a missing or unusable one is NaN.
        dropped: reason → rows left out because the map says so.
        unusable: places of the rows that cannot be used; where the map says to skip them, they are in no table.
        problems: values that cannot be used, in the order of rows and columns; of each field the first `MOST_LISTED`.
        doubts: what can be used but is unlikely to be meant.
    """

    source: Source
    map_file: Path | None
    mapping: ColumnMap
    registry: Registry
    cells: Cells
    rows: int
    table: pd.DataFrame
    dropped: dict[Remark, int] = field(default_factory=dict)
    fields: list[FieldReport] = field(default_factory=list)
    unusable: set[int] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)
    problem_count: int = 0
    doubts: list[Remark] = field(default_factory=list)

    @property
    def skips(self) -> bool:
        """Whether rows that cannot be used are left out, rather than a reason to stop."""
        return self.mapping.bad_rows == "skip"

    def require_usable(self, command: str) -> None:
        """Refuse a table with problems, unless the map says to skip such rows.

        Args:
            command: that lists every problem.

        Raises:
            InputError: for the first problem, with the places of some more.
        """
        if self.skips or not self.problems:
            return
        first, more = self.problems[0], self.problem_count - 1
        unit = self.cells.unit
        also = "".join(f"; {unit} {p.row}, {_column(p)}: {p.value[:_SHORT]!r}" for p in self.problems[1:_ALSO])
        if more >= _ALSO:
            also += f"; {more - _ALSO + 1:,} more problem{'s' * (more > _ALSO)}"
        also += f"; `{command}` lists all" if more else ""
        raise InputError(
            str(self.source), f"{unit} {first.row}, {_column(first)}", first.value, f"{first.expected}{also}"
        )


def _column(problem: Problem) -> str:
    return f"column {problem.column}" if problem.column else "whole row"


def inspect(
    source: Source,
    map_file: Path | None,
    registry: Registry = PORTFOLIO,
    option: str = IN_THE_MAP,
    plain: ColumnMap | None = None,
) -> Inspection:
    """Read a table through its map and look at every value.

    Args:
        source: a file, or the address of a database.
        map_file: its column map (`columnmap`); None = each column has the name of its field.
        registry: the fields that there are.
        option: how messages name a setting of how the file is written, `{}` standing for it.
        plain: without a map, how the file is written.

    Raises:
        InputError: for the source as a whole, as `read_source`; or columns that lack; or no row that counts.
    """
    if map_file is None:
        mapping, cells = _unmapped(source, registry, plain, option)
        return _inspected(source, None, mapping, Document(str(source), {}, {}), registry, cells)
    mapping, document = read_map(map_file, registry)
    return inspect_through(source, mapping, document, registry, map_file, option)


def inspect_through(
    source: Source,
    mapping: ColumnMap,
    document: Document,
    registry: Registry = PORTFOLIO,
    map_file: Path | None = None,
    option: str = IN_THE_MAP,
) -> Inspection:
    """As `inspect`, of a map that has been read.

    Args:
        source, registry, map_file, option: as for `inspect`.
        mapping, document: as `read_map` returns them.

    Raises:
        InputError: as `inspect`.
    """
    # The cells are named nowhere here, so that their texts can go as soon as the columns are made of them.
    return _inspected(source, map_file, mapping, document, registry, _cells_of(source, mapping, document, option))


def _cells_of(source: Source, mapping: ColumnMap, document: Document, option: str) -> Cells:
    cells = read_source(source, mapping, _needed(mapping), option)
    _require_columns(mapping, document, cells, source)
    return cells


def _inspected(
    source: Source, map_file: Path | None, mapping: ColumnMap, document: Document, registry: Registry, cells: Cells
) -> Inspection:
    needed = _needed(mapping)
    columns = {name: Column.of(cells.table[name]) for name in needed}
    cells = dataclasses.replace(cells, table=cells.table.schema.empty_table())
    sheet = Sheet(columns, cells.places, mapping, cells, document, registry)
    del columns
    dropped = sheet.leave_out()
    rows = len(sheet.places)
    if rows == 0:
        raise InputError(str(source), "", "no row that `rows` of the column map lets through", "at least one row")
    inspection = Inspection(source, map_file, mapping, registry, cells, rows, pd.DataFrame(index=sheet.places), dropped)
    unusable = np.zeros(rows, bool)
    for wanted in (*registry.fields, *score_fields(mapping.fields, registry).values()):
        mapped = mapping.fields.get(wanted.name)
        if mapped is None:
            drawn = "drawn" if registry.name == PORTFOLIO.name else "absent"
            drawn = "as_fresh" if wanted.role == "state" else drawn
            inspection.fields.append(FieldReport(wanted, (), rows, Remark(drawn)))
            continue
        found = sheet.field(wanted, mapped)
        inspection.table[wanted.name] = found.values
        inspection.problems += found.problems
        inspection.problem_count += int(found.unusable.sum())
        unusable |= found.unusable
        missing = int(found.values.isna().sum())
        inspection.fields.append(FieldReport(wanted, tuple(mapped.columns), missing, summary(wanted, found.values)))
    if registry.name == PORTFOLIO.name and any(name in STATE_FIELD for name in mapping.fields):
        _contradictions(inspection, unusable)
    ragged = [Problem(place, "", f"{count:,} cells", cells.even) for place, count in cells.ragged]
    inspection.problem_count += len(ragged)
    inspection.problems = sorted(
        [*inspection.problems, *ragged[:MOST_LISTED]], key=lambda problem: (problem.row, problem.column)
    )
    inspection.unusable = {*sheet.places[unusable].tolist(), *(place for place, _ in cells.ragged)}
    if inspection.skips and inspection.unusable:
        _skip(inspection, unusable)
        sheet.columns = {name: column.keep(~unusable) for name, column in sheet.columns.items()}
    inspection.doubts = doubts_of(cells, mapping, sheet.columns, inspection.table, registry)
    return inspection


def _contradictions(inspection: Inspection, unusable: NDArray[np.bool_]) -> None:
    """Note rows whose state contradicts itself, and mark them as unusable."""
    mapping, places = inspection.mapping, inspection.table.index
    found = faults(inspection.table, mapping.as_of)
    for number, fault in enumerate(found):
        mapped = mapping.fields.get(fault.field)
        if number < MOST_LISTED:
            label = ", ".join(mapped.columns) if mapped and mapped.columns else fault.field
            inspection.problems.append(Problem(int(places[fault.row]), label, fault.value, fault.expected))
        unusable[fault.row] = True
    inspection.problem_count += len(found)


def _skip(inspection: Inspection, unusable: NDArray[np.bool_]) -> None:
    """Leave out the rows that cannot be used, and count them as dropped."""
    inspection.table = inspection.table[~unusable]
    inspection.rows = len(inspection.table)
    inspection.dropped[_SKIPPED] = len(inspection.unusable)
    if inspection.rows == 0:
        first = inspection.problems[0]
        place = f"{inspection.cells.unit} {first.row}, {_column(first)}"
        raise InputError(str(inspection.source), place, first.value, f"{first.expected}; no row can be used")
    for number, report in enumerate(inspection.fields):
        if report.field.name in inspection.table:
            values = inspection.table[report.field.name]
            said = dataclasses.replace(report, missing=int(values.isna().sum()), summary=summary(report.field, values))
            inspection.fields[number] = said


def _unmapped(source: Source, registry: Registry, plain: ColumnMap | None, option: str) -> tuple[ColumnMap, Cells]:
    """A map of the columns that are named as fields are, and the cells."""
    plain = plain or ColumnMap.model_construct()
    cells = read_source(source, plain, None, option)
    ours = (*registry.field, *score_fields(cells.names, registry))
    found = {name: Mapping.model_validate({"column": name}) for name in ours if name in cells.names}
    for one in registry.lacking(found):
        expected = f"a column {one.name}: {one.meaning} (or a column map that says which column is it: --map)"
        raise InputError(str(source), "header", ", ".join(cells.names), expected)
    return plain.model_copy(update={"fields": found}), cells


def _needed(mapping: ColumnMap) -> set[str]:
    return {column for mapped in mapping.fields.values() for column in mapped.columns} | mapping.rows.columns


def _require_columns(mapping: ColumnMap, document: Document, cells: Cells, source: Source) -> None:
    """Refuse a map that names columns which the table does not have, and name them all."""
    lacking = [(path, column) for path, column in _columns_named(mapping) if column not in cells.names]
    if not lacking:
        return
    (path, column), *others = lacking
    also = "".join(f"; {document.place(where)}: {name!r} lacks too" for where, name in others[:_ALSO])
    also += f"; {len(others) - _ALSO:,} more" if len(others) > _ALSO else ""
    name = getattr(source, "name", str(source))
    raise document.error(path, column, f"a column of {name}: {choose(cells.names, column)}{also}")


def _columns_named(mapping: ColumnMap) -> list[tuple[tuple[str | int, ...], str]]:
    """Each column that the map names, and where it does."""
    named: list[tuple[tuple[str | int, ...], str]] = []
    named += [(("fields", name), column) for name, source in mapping.fields.items() for column in source.columns]
    for choice in ("only", "without", "range"):
        named += [(("rows", choice), column) for column in getattr(mapping.rows, choice)]
    return named


def load(
    source: Source, map_file: Path | None, population: Population, seed: int, name: str, registry: Registry = PORTFOLIO
) -> Portfolio:
    """Import a portfolio; what the file does not say is drawn from the population.

    Args:
        source, map_file: as for `inspect`.
        population: what missing fields and values are drawn from.
        seed: of those draws.
        name: what reports call the portfolio.
        registry: the fields that there are; a scenario may have other products.

    Raises:
        InputError: as `inspect`, and for values that cannot be used.
    """
    inspection = inspect(source, map_file, registry)
    inspection.require_usable("recoup portfolio check")
    table, filled = fill(typed_state(inspection.table), population, seed)
    mapping = inspection.mapping
    if mapping.draw and map_file is not None:
        table, drawn = _drawn_state(table, mapping, map_file, population, seed)
        filled |= drawn
    for wanted in FILE_FIELDS:
        if wanted.kind is Kind.INTEGER:
            table[wanted.name] = table[wanted.name].astype(np.float64).astype(np.int64)
        elif wanted.kind is Kind.FLAG:
            table[wanted.name] = table[wanted.name].astype(np.float64).astype(bool)
        elif wanted.kind is Kind.NUMBER:
            table[wanted.name] = table[wanted.name].astype(np.float64)
    table = with_scores(table, inspection.table)
    notes: list[Note] = [said for said in (mapping.source, mapping.attribution) if said]
    notes += [Remark("licence", {"licence": mapping.licence})] if mapping.licence else []
    notes += noted(mapping.notes)
    notes += [Remark("left_out", {"rows": rows, "reason": reason}) for reason, rows in inspection.dropped.items()]
    notes += [*inspection.doubts, *population_doubts(inspection.table, population)]
    return Portfolio(table, name, filled, tuple(notes), mapping.as_of, missing_state(table))


def day_of_state(map_file: Path | None) -> date | None:
    """The day on whose morning a portfolio is as its state columns say; None where its map names no state, or can't be read."""
    if map_file is None:
        return None
    try:
        mapping, _ = read_map(map_file)
    except InputError:
        return None  # whoever reads the portfolio says what is wrong
    named = any(name in STATE_FIELD and STATE_FIELD[name].field.role == "state" for name in mapping.fields)
    return mapping.as_of if named else None


def typed_state(table: pd.DataFrame) -> pd.DataFrame:
    """The same table, its state columns with the types that `Portfolio.table` has them in."""
    typed: dict[str, pd.Series[Any]] = {}
    for wanted in STATE_FIELDS:
        if wanted.name not in table:
            continue
        values = table[wanted.name]
        if wanted.kind is Kind.DATE:
            typed[wanted.name] = values.astype("datetime64[us]").dt.floor("D")
        elif wanted.kind in (Kind.TEXT, Kind.CATEGORY):
            typed[wanted.name] = values.astype(object).where(values.notna(), None)
        else:
            typed[wanted.name] = values.astype(float)
    return table.assign(**typed)


def _drawn_state(
    table: pd.DataFrame, mapping: ColumnMap, map_file: Path, population: Population, seed: int
) -> tuple[pd.DataFrame, dict[str, int]]:
    draw = mapping.draw
    assert draw
    donors = None
    if draw.donors:
        source = source_of(draw.donors.file) if "://" in draw.donors.file else map_file.parent / draw.donors.file
        donors = load(source, map_file.parent / draw.donors.map, population, seed, "donors")
    try:
        if donors:
            return draw_state(table, draw.fields, mapping.as_of, seed, donors.table, donors.as_of)
        return draw_state(table, draw.fields, mapping.as_of, seed)
    except LookupError as error:
        raise InputError(map_file, "draw", str(error), "donors that do") from None


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
        return dataclasses.replace(portfolio, table=chosen)
    which = np.arange(accounts, dtype=np.int64) if numbers is None else numbers
    draws = uniforms(streams(seed, which), _SAMPLE_DAY, _SAMPLE)
    chosen = table.iloc[(draws * size).astype(np.int64)].reset_index(drop=True)
    if numbers is None:
        copies = chosen.groupby("account_id").cumcount()
        suffix = ("~" + copies.astype(str)).where(copies > 0, "")
    else:
        suffix = "~" + pd.Series(numbers).astype(str)
    chosen["account_id"] += suffix
    if (
        "customer_id" in chosen
    ):  # a copy of an account is another customer's, and so are the copies of the others of his
        chosen["customer_id"] = chosen["customer_id"].where(
            chosen["customer_id"].isna(), chosen["customer_id"] + suffix
        )
    note = Remark("replaced", {"accounts": accounts, "size": size})
    return dataclasses.replace(portfolio, table=chosen, notes=(*portfolio.notes, note))


def summary(wanted: Field, values: pd.Series[Any]) -> str | Remark:
    """The values of a field in a few words: least … median … most, the commonest names, or how many there are.

    Args:
        wanted: the field.
        values: its values; NaN where unknown.
    """
    known = values.dropna()
    if known.empty:
        return Remark("no_value")
    if wanted.kind is Kind.TEXT:
        return Remark("different", {"n": int(known.nunique())})
    if wanted.kind is Kind.DAYS:
        listed = known.value_counts().head(3)
        return ", ".join(f"{days_ago(days)}: {count:,}" for days, count in zip(listed.index, listed, strict=True))
    if wanted.kind is Kind.DATE:
        known = known.astype("datetime64[us]")
        return f"{known.min():%Y-%m-%d} … {known.median():%Y-%m-%d} … {known.max():%Y-%m-%d}"
    if wanted.kind is Kind.FLAG:
        return Remark("flags", {"yes": int((known == 1).sum()), "no": int((known == 0).sum())})
    if wanted.kind is Kind.CATEGORY:
        counts = known.value_counts().head(5)
        return ", ".join(f"{name}: {count:,}" for name, count in counts.items())
    return f"{known.min():,.10g} … {known.median():,.10g} … {known.max():,.10g}"
