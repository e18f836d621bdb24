"""A column map proposed for a table, from the names of its columns and from what stands in them; to be edited, not to be believed."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import yaml

from recoup.sim.inputs import InputError, parse_yaml
from recoup.sim.portfolio.cells import Cells
from recoup.sim.portfolio.column import Column, are_in
from recoup.sim.portfolio.columnmap import DATED as DATED_UNITS
from recoup.sim.portfolio.columnmap import ColumnMap, map_of
from recoup.sim.portfolio.dates import parse_dates, parse_hours
from recoup.sim.portfolio.doubts import named_like_totals
from recoup.sim.portfolio.header_names import (
    BUCKETS,
    CHARGES,
    CONTACTS,
    DATED,
    NAMES,
    PRINCIPAL,
    Names,
    meant_by,
    plain,
)
from recoup.sim.portfolio.importing import Inspection, inspect_through
from recoup.sim.portfolio.numbers import PLAIN, parse_numbers
from recoup.sim.portfolio.records import RIGHT_PARTY
from recoup.sim.portfolio.sheet import FLAGS
from recoup.sim.portfolio.sources import Source, kind_of, read_source
from recoup.sim.portfolio.state_fields import DATED as DATED_STATE
from recoup.sim.portfolio.table import Field, Kind, Registry
from recoup.sim.portfolio.writing import Dates, Layout, Marks, dates_of, is_amounts, layout_of, marks_of
from recoup.sim.remarks import Remark

_EXACT, _PART, _LESS = 100.0, 40.0, 10.0  # scores: the very name, one that holds it, and a source that is less direct
_SHARE = 0.8  # of a column's texts that must be as a field's are
_MOST_VALUES, _MOST_TEXTS = 40, 100_000  # texts that are translated one by one, and looked at
_CHECK = "CHECK: "
_WIDTH = 96  # letters of a remark's line
_BUCKET = re.compile(
    r"(?P<least>[0-9]+) *(?:-|–|—|~|to|至|到) *(?P<most>[0-9]+)|[>≥]? *(?P<over>[0-9]+) *\+?|[Mm](?P<month>[0-9]{1,2})\+?"
)


@dataclass
class Proposal:
    """Where a field may come from.

    Attributes:
        mapping: as the map has it: a column's name, or a mapping.
        why: what whoever edits the map should look at.
        columns: of the source.
    """

    mapping: Any
    why: tuple[Remark, ...] = ()
    columns: tuple[str, ...] = ()


@dataclass
class Suggestion:
    """A proposed map.

    Attributes:
        text: YAML with remarks.
        recognised, missing: fields that have a column; required fields that have none, without which the map does not load.
        checks: what whoever edits the map should look at, as the comments in it say it.
        unused: columns of the source that no field is read from.
    """

    text: str
    recognised: list[str]
    missing: list[str]
    checks: list[Remark] = field(default_factory=list)
    unused: list[str] = field(default_factory=list)
    inspection: Inspection | None = None


@dataclass
class _Table:
    """What is known of a table before its columns are given to fields."""

    source: Source
    registry: Registry
    layout: Layout
    table: str | None
    cells: Cells
    columns: dict[str, Column]
    texts: dict[str, pa.StringArray]  # different texts that are not blank
    marks: Marks
    dates: dict[str, Dates]
    extracted: date
    fields: dict[str, Proposal] = field(default_factory=dict)
    rows: dict[str, Any] = field(default_factory=dict)
    remarks: list[Remark] = field(default_factory=list)

    def numbers(self, name: str) -> np.ndarray:
        """The numbers among a column's different texts, NaN for what is none."""
        marks = self.marks
        mapping = PLAIN if name in self.cells.numeric else ColumnMap.model_construct(
            decimal=marks.decimal, thousands=marks.thousands, currency=list(marks.currency)
        )  # fmt: skip
        return parse_numbers(self.texts[name], mapping)

    def taken(self) -> set[str]:
        """Columns that fields have already."""
        return {name for proposal in self.fields.values() for name in proposal.columns}


def suggest(
    source: Source, registry: Registry, sheet: str | None = None, table: str | None = None, today: date | None = None
) -> Suggestion:
    """Propose a column map for a table.

    Args:
        source: a file, or the address of a database.
        registry: the fields that there are.
        sheet, table: of a workbook or database; None = found out, or the only one.
        today: the day up to which dates are counted where nothing says it; None = the day of the file.

    Raises:
        InputError: a source that cannot be read at all, or has no sheets or tables.
    """
    found = _looked_at(source, registry, sheet, table, today)
    _by_names(found)
    _with_charges(found)
    _by_contents(found)
    _marks_of_amounts(found)
    _more_of_outcomes(found)
    _time_of_day(found)
    missing = [one.name for one in registry.lacking(found.fields)]
    inspection = None
    if not missing:
        inspection = _inspected(found)
        if _leave_out(found, inspection):
            inspection = _inspected(found)
        found.remarks += inspection.doubts
        if inspection.problem_count:
            first = inspection.problems[0]
            count = inspection.problem_count
            values = {
                "unit": inspection.cells.unit,
                "row": first.row,
                "column": first.column,
                "value": repr(first.value),
            }
            found.remarks.append(Remark("unusable", {"n": count, "expected": first.expected} | values))
    unused = [name for name in found.columns if name not in found.taken()]
    return Suggestion(_yaml(found), list(found.fields), missing, _checks(found), unused, inspection)


def _looked_at(source: Source, registry: Registry, sheet: str | None, table: str | None, today: date | None) -> _Table:
    kind = kind_of(source) if isinstance(source, Path) else "database"
    if sheet is not None and kind != "workbook":
        raise InputError(str(source), "--sheet", sheet, "none, as this is no workbook")
    if table is not None and kind in ("workbook", "text"):
        raise InputError(str(source), "--table", table, "none, as this is no database")
    layout = layout_of(source, sheet) if isinstance(source, Path) else Layout()
    base = ColumnMap.model_construct(
        encoding=layout.encoding, delimiter=layout.delimiter, header=layout.header, sheet=layout.sheet, table=table
    )
    cells = read_source(source, base)
    columns = {name: Column.of(cells.table[name]) for name in cells.names if name}
    texts = {name: column.texts.filter(pa.array(~column.blank()))[:_MOST_TEXTS] for name, column in columns.items()}
    amounts = [texts[name] for name in columns if name not in cells.numeric and is_amounts(texts[name])]
    dates = {}
    for name in columns:
        if name in cells.dated:
            dates[name] = Dates((), 1.0)
        elif name not in cells.numeric and len(texts[name]):
            dates[name] = dates_of(texts[name])
        else:
            dates[name] = Dates((), 0.0)
    extracted = today or (
        datetime.fromtimestamp(source.stat().st_mtime).date() if isinstance(source, Path) else date.today()
    )
    return _Table(
        source, registry, layout, table, replace(cells, table=cells.table.schema.empty_table()), columns, texts,
        marks_of(amounts), dates, extracted,
    )  # fmt: skip


# ---- which column is which field ----


def _by_names(found: _Table) -> None:
    """Give fields the columns that are named like them and hold what they should, the surest first."""
    names = NAMES[found.registry.name]
    scored: list[tuple[float, int, str, str, str]] = []
    for order, column in enumerate(found.columns):
        for one in found.registry.fields:
            # What every portfolio has comes first: a balance is the claim, unless another column is.
            less = _LESS if one.role == "state" else 0.0
            scored.append((_score(column, one.name, names) - less, -order, one.name, column, "column"))
        if found.registry.name == "portfolio":
            scored += [(_score(column, name, DATED) - _LESS, -order, name, column, "date") for name in DATED]
            scored.append((_score(column, "bucket", {"bucket": BUCKETS}) - _LESS, -order, "dpd", column, "bucket"))
    for score, _, name, column, how in sorted(scored, reverse=True):
        if score <= 0 or name in found.fields or column in found.taken():
            continue
        proposal = _PROPOSE[how](found, found.registry.field[name], column)
        if proposal is not None:
            found.fields[name] = proposal


def _score(column: str, name: str, names: Names) -> float:
    words, said = names.get(name, "").split(), plain(column)
    if said == plain(name):
        return _EXACT + 1
    if said in words:
        return _EXACT - words.index(said) / len(words)
    if any(said in others.split() for registry in NAMES.values() for others in registry.values()):
        return 0.0  # the very name of something else, of which this table need not have a field: a promised amount is no claim
    parts = [word for word in words if word in said and 2 * len(word) >= len(said)]
    return _PART * max((len(word) / len(said) for word in parts), default=0.0)


def _with_charges(found: _Table) -> None:
    """Where a claim's principal has a column, propose the sum of it and its interest and fees."""
    claim = found.fields.get("opening_balance")
    named = (
        claim.columns[0] if claim else next((name for name in found.columns if plain(name) in PRINCIPAL.split()), "")
    )
    if found.registry.name != "portfolio" or plain(named) not in PRINCIPAL.split():
        return
    charges = [
        name
        for name in found.columns
        if plain(name) in CHARGES.split() and name not in found.taken() and np.isfinite(found.numbers(name)).all()
    ]
    if charges:
        columns = (named, *charges)
        why = Remark("check_sum")
        found.fields["opening_balance"] = Proposal({"sum": list(columns)}, (why,), columns)


def _by_contents(found: _Table) -> None:
    """Give fields that must be there and have no column one that holds what they should, whatever its name."""
    for one in found.registry.lacking(found.fields):
        left = [name for name in found.columns if name not in found.taken() and len(found.texts[name])]
        if one.name == "account_id":
            left = [name for name in left if _is_key(found, name)]
        elif one.kind is Kind.NUMBER:
            left = sorted(left, key=lambda name: -_median(found, name))
        elif one.name == "dpd":
            left = []  # a whole number may be anything
        for name in left:
            proposal = _column(found, one, name)
            if proposal is not None:
                proposal.why = (Remark("check_contents"), *proposal.why)
                found.fields[one.name] = proposal
                break
        else:
            if one.name == "channel":
                found.fields[one.name] = Proposal({"constant": "collector"}, (Remark("check_calls"),))


def _marks_of_amounts(found: _Table) -> None:
    """The marks of the columns that are read as numbers; others may hold letters before digits that are no currency."""
    kinds = {one.name: one.kind for one in found.registry.fields}
    used = [
        name
        for field_name, proposal in found.fields.items()
        if kinds[field_name] in (Kind.INTEGER, Kind.NUMBER)
        for name in proposal.columns
        if name not in found.cells.numeric and is_amounts(found.texts[name])
    ]
    found.marks = marks_of([found.texts[name] for name in used])


def _is_key(found: _Table, name: str) -> bool:
    """Whether a column may name accounts: every row another text, or of a log many rows of a few."""
    column = found.columns[name]
    filled = not column.rows_of(column.blank()).any()
    rows, different = len(column.codes), len(found.texts[name])
    return filled and found.dates[name].share < _SHARE and (different == rows or found.registry.repeats)


def _median(found: _Table, name: str) -> float:
    numbers = found.numbers(name)
    known = numbers[np.isfinite(numbers)]
    return float(np.median(known)) if len(known) else -np.inf


def _column(found: _Table, one: Field, name: str) -> Proposal | None:
    """A field from a column as it is, or translated; None where it holds something else."""
    texts = found.texts[name]
    if not len(texts):
        return None
    if one.kind is Kind.TEXT:
        return Proposal(name, columns=(name,))
    if one.kind in (Kind.INTEGER, Kind.NUMBER):
        if one.unit == "days" and (bucket := _bucket(found, one, name)):
            return bucket
        numbers = found.numbers(name)
        good = np.isfinite(numbers) & ((numbers == np.round(numbers)) | (one.kind is Kind.NUMBER))
        least, most = (-1e9, 1e9) if one.unit.startswith("currency") or one.unit == "days" else (one.least, one.most)
        good &= (numbers >= least) & (numbers <= most)
        if good.mean() >= (0.5 if one.required else _SHARE):
            return Proposal(name, _amount_remark(found, one, name), columns=(name,))
        return None
    if one.kind is Kind.DATE:
        return _dated(found, one, name)
    if one.kind is Kind.HOUR:
        hours = parse_hours(texts, found.dates[name].formats, name in found.cells.dated)
        return Proposal(name, columns=(name,)) if np.isfinite(hours).mean() >= _SHARE else None
    if one.kind is Kind.FLAG:
        return Proposal(name, columns=(name,)) if are_in(pc.utf8_lower(texts), FLAGS).all() else None
    return _category(found, one, name)


def _amount_remark(found: _Table, one: Field, name: str) -> tuple[Remark, ...]:
    numbers = found.numbers(name)
    if not one.unit.startswith("currency") or name in found.cells.numeric or not found.marks.thousands:
        return ()
    unread = int((~np.isfinite(numbers)).sum())
    return (Remark("check_marks", {"n": unread}),) if unread else ()


def _dated(found: _Table, one: Field, name: str) -> Proposal | None:
    dates = found.dates[name]
    if dates.share < _SHARE:
        return None
    if not dates.formats:
        return Proposal(name, columns=(name,))
    why = (Remark("check_order"),) if dates.doubtful else ()
    return Proposal({"column": name, "format": _forms(dates)}, why, (name,))


def _forms(dates: Dates) -> str | list[str]:
    return dates.formats[0] if len(dates.formats) == 1 else list(dates.formats)


def _counted(found: _Table, one: Field, name: str) -> Proposal | None:
    """A field that is counted from the dates of a column."""
    dates = found.dates[name]
    if one.unit not in DATED_UNITS or dates.share < _SHARE:
        return None
    moments = parse_dates(found.texts[name], dates.formats, name in found.cells.dated)
    latest = moments.max()
    day = max(found.extracted, latest.date()) if pd.notna(latest) and one.unit == "days" else found.extracted
    mapping: dict[str, Any] = {"date_column": name, "as_of": day}
    if dates.formats:
        mapping["format"] = _forms(dates)
    doubt = (Remark("check_order"),) if dates.doubtful else ()
    return Proposal(mapping, (Remark("check_extract"), *doubt), (name,))


def _bucket(found: _Table, one: Field, name: str) -> Proposal | None:
    """Days past due from texts such as 31-60, 90+ and M2: the middle of each."""
    texts = found.texts[name].to_pylist()
    if name in found.cells.numeric or not 0 < len(texts) <= _MOST_VALUES or all(text.isdigit() for text in texts):
        return None
    days = {text: _middle(text) for text in texts}
    if any(day is None for day in days.values()):
        return None
    ordered = dict(sorted(days.items(), key=lambda item: item[1] or 0))
    values = {text: str(day) for text, day in ordered.items()}
    return Proposal({"column": name, "values": values}, (Remark("check_middle"),), (name,))


def _middle(text: str) -> int | None:
    if text.casefold() in ("current", "not due", "正常", "未逾期"):
        return 0
    found = _BUCKET.fullmatch(re.sub(r" *(days?|dpd|天|日)$", "", text.strip(), flags=re.IGNORECASE))
    if found is None:
        return None
    if found["least"]:
        return (int(found["least"]) + int(found["most"])) // 2
    if found["month"]:  # M1 is the first month past due
        return max(30 * int(found["month"]) - 15, 0)
    return int(found["over"]) + 30


def _category(found: _Table, one: Field, name: str) -> Proposal | None:
    texts = found.texts[name].to_pylist()
    if one.values and set(texts) <= set(one.values):
        return Proposal(name, columns=(name,))
    if len(texts) > (_MOST_VALUES if one.values else len(found.columns[name].codes)):
        return None
    if not one.values:
        return Proposal(name, columns=(name,))
    meant = {text: text if text in one.values else meant_by(text, one.name) for text in texts}
    known = {text: ours for text, ours in meant.items() if ours in one.values}
    if len(known) < 0.5 * len(texts):
        return None
    unknown = [text for text in texts if text not in known]
    values = known if one.required else known | dict.fromkeys(unknown, "")
    why = (Remark("check_unknown", {"texts": list(map(repr, unknown))}),) if unknown else ()
    return Proposal({"column": name, "values": values}, why, (name,))


_PROPOSE = {"column": _column, "date": _counted, "bucket": _bucket}


def _more_of_outcomes(found: _Table) -> None:
    """What a log says of direction, and an audit's flags, stands in the columns of channel and outcome."""
    channel = found.fields.get("channel")
    texts = found.texts[channel.columns[0]].to_pylist() if channel and channel.columns else []
    inbound = [text for text in texts if meant_by(text, "direction") == "inbound"]
    if inbound and channel:
        name = channel.columns[0]
        if "direction" in found.registry.field and "direction" not in found.fields:
            mapping = {"column": name, "values": dict.fromkeys(inbound, "inbound"), "otherwise": "outbound"}
            found.fields["direction"] = Proposal(mapping, columns=(name,))
        elif "direction" not in found.registry.field:
            found.rows["without"] = {name: inbound}
            found.remarks.append(Remark("inbound_left_out"))
    if found.registry.name != "audit":
        return
    scores = {name: _score(name, "outcome", CONTACTS) for name in found.columns if name not in found.taken()}
    outcome = max(scores, key=lambda name: scores[name], default=None)
    if outcome is None or scores[outcome] <= 0 or not 0 < len(found.texts[outcome]) <= _MOST_VALUES:
        return
    meant = {text: meant_by(text, "outcome") for text in found.texts[outcome].to_pylist()}
    for name, ours in (
        ("reached", RIGHT_PARTY), ("promise", {"promise"}), ("accepted", {"accepted"}), ("complaint", {"complaint"}),
        ("dispute", {"disputed"}), ("hardship", {"hardship"}), ("opt_out", {"opt_out"}),
    ):  # fmt: skip
        said = [text for text, value in meant.items() if value in ours]
        if name not in found.fields and (said or name == "reached"):
            values = dict.fromkeys(said, "yes") or {"reached": "yes"}
            found.fields[name] = Proposal({"column": outcome, "values": values, "otherwise": "no"}, (), (outcome,))


def _time_of_day(found: _Table) -> None:
    """What an audit reads by the clock, from the moment in the column of the date: rules on hours need it."""
    dated = found.fields.get("date")
    if found.registry.name != "audit" or dated is None or "from_hour" in found.fields:
        return
    (name,) = dated.columns
    formats = found.dates[name].formats
    hours = parse_hours(found.texts[name], formats, name in found.cells.dated)
    if np.any(hours > 0):  # days alone are all at midnight
        mapping = {"column": name, "format": _forms(found.dates[name])} if formats else name
        found.fields["from_hour"] = Proposal(mapping, (Remark("check_local_time"),), (name,))


# ---- which rows count ----


def _inspected(found: _Table) -> Inspection:
    mapping, document = map_of(parse_yaml(_yaml(found), "the proposed map"), found.registry)
    return inspect_through(found.source, mapping, document, found.registry)


def _leave_out(found: _Table, inspection: Inspection) -> bool:
    """Propose what `rows` could say about rows that are no account; whether there is anything."""
    name = found.fields["account_id"].columns[0]
    texts = found.texts[name]
    if totals := texts.filter(pa.array(named_like_totals(texts))).to_pylist():
        found.rows.setdefault("without", {})[name] = totals
    reasons = {problem.leave_out for problem in inspection.problems} - {""}
    if dropped := sorted(reasons - {"duplicates"}):
        found.rows["drop"] = dropped
    if "duplicates" in reasons:
        found.rows["duplicates"] = "last"
    return bool(reasons or totals)


# ---- the text ----


def _yaml(found: _Table) -> str:
    return "\n".join(_lines(found)) + "\n"


def _checks(found: _Table) -> list[Remark]:
    """Remarks to be looked at, those of fields with the field's name."""
    of_fields = [(name, why) for name, one in found.fields.items() for why in one.why]
    return [*found.remarks, *(Remark("check_field", {"column": name, "what": why}) for name, why in of_fields)]


def _lines(found: _Table) -> Iterator[str]:
    known = [name for name in found.columns if name not in found.taken()]
    yield f"# Proposed by `recoup map suggest` for {_comment(found.source)}: {found.registry.title} in each row. To be checked and edited."
    for remark in found.remarks:
        yield f"# {_comment(remark)}"
    if known:
        yield f"# Columns that are not used: {_comment(', '.join(known))}"
    yield f"for: {found.registry.name}"
    if found.registry.name == "portfolio" and any(name in DATED_STATE for name in found.fields):
        yield f"as_of: {found.extracted}  # {_CHECK}the day on whose morning the accounts are so, on which a simulation begins"
    layout, marks = found.layout, found.marks
    said: list[tuple[str, Any, Any]] = [
        ("sheet", layout.sheet, None), ("header", layout.header, 1), ("table", found.table, None),
        ("encoding", layout.encoding, None), ("delimiter", "tab" if layout.delimiter == "\t" else layout.delimiter, ","),
        ("decimal", marks.decimal, "."), ("thousands", marks.thousands, ""), ("currency", list(marks.currency), []),
    ]  # fmt: skip
    for key, value, usual in said:
        if value != usual:
            yield f"{key}: {_scalar(value)}"
    if found.rows:
        yield "rows:"
        for key, value in found.rows.items():
            yield f"  {key}: {_scalar(value)}"
    yield "fields:"
    for one in found.registry.fields:
        proposal = found.fields.get(one.name)
        if proposal is not None:
            why = f"  # {_CHECK}{_comment('; '.join(map(str, proposal.why)))}" if proposal.why else ""
            yield f"  {one.name}: {_scalar(proposal.mapping)}{why}"
        elif one in found.registry.lacking(found.fields):
            yield f"  # {one.name}: ?  # {_CHECK}required, and no column was recognised: {one.meaning}, {one.expectation}"
    open_ones = [one for one in found.registry.fields if not one.required and one.name not in found.fields]
    state = [one.name for one in open_ones if one.role == "state"]
    yield from _wrapped("not found", [one.name for one in open_ones if one.role != "state"])
    yield from _wrapped("not found, of accounts in mid-life", state)


def _wrapped(what: str, names: list[str]) -> list[str]:
    """Remarks that list names, on lines that an editor shows whole."""
    lines = textwrap.wrap(f"{what}: {', '.join(names)}", _WIDTH) if names else []
    return [f"  # {line}" for line in lines]


def _comment(text: object) -> str:
    return " ".join(str(text).split())


def _scalar(value: Any) -> str:
    """A value as YAML on one line."""
    dumped = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, sort_keys=False, width=1_000_000)
    return dumped.removesuffix("...\n").strip()
