"""What `recoup portfolio check` and `recoup records check` print: fields, every problem of a table, and where each of its lines went."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console

from recoup.experiments.evidence.decision_log import DECISIONS
from recoup.experiments.report.text import Text, text_in
from recoup.experiments.runs.runfolder import require_new, write_csv
from recoup.experiments.runs.tables import Table
from recoup.scenarios.schema import Scenario, load_scenario
from recoup.sim.compliance.mappedlog import audit_registry
from recoup.sim.portfolio.doubts import population_doubts, staffing_doubts
from recoup.sim.portfolio.importing import Inspection, inspect, summary, typed_state
from recoup.sim.portfolio.records import PAYMENTS, contacts_of
from recoup.sim.portfolio.sources import Source
from recoup.sim.portfolio.state_checks import missing_state
from recoup.sim.portfolio.table import PORTFOLIO, STATE_FIELDS, Registry, portfolio_fields
from recoup.sim.remarks import Remark, contents
from recoup.sim.treatments import STANDARD, Vocabulary

SHOWN = 50
_TYPICAL = 1000  # accounts of the scenario that a file is set beside
_SUMS = ("opening_balance", "amount")  # whose sum a ledger can be reconciled with


def registry_of(kind: str, map_file: Path | None = None, vocabulary: Vocabulary = STANDARD) -> Registry:
    """The fields of a kind of table.

    Args:
        kind: portfolio, contacts, payments, decisions or audit.
        map_file: of the table, where its fields depend on it.
        vocabulary: of the scenario, which may have products and channels of its own.
    """
    if kind == "audit":
        return audit_registry(map_file, vocabulary)
    known = (portfolio_fields(vocabulary), contacts_of(vocabulary), PAYMENTS, DECISIONS)
    return {one.name: one for one in known}[kind]


def run(
    source: Source,
    map_file: Path | None,
    as_json: bool,
    console: Console,
    every: bool = False,
    scenario: str | None = "china-consumer",
    registry: Registry = PORTFOLIO,
    problems_file: Path | None = None,
    lang: str = "en",
) -> int:
    """Inspect a table and print fields, problems, doubts and a reconciliation of its lines.

    Args:
        source, map_file: the table, and the YAML file that maps its columns; None = its columns have the fields' names.
        as_json: print JSON instead of tables.
        console: to print on.
        every: print all problems, not the first `SHOWN`.
        scenario: whose accounts a portfolio's are set beside, and whose products it may have; None = no one's.
        registry: the fields that there are.
        problems_file: new CSV file for all problems that are kept one by one.
        lang: `en` or `zh`, for what is printed and for the file of problems.

    Returns:
        The exit code: 0 without problems, or where the map says to skip such rows; else 2. Doubts change nothing.

    Raises:
        InputError: for the table, the map or the scenario as a whole.
    """
    say = text_in(lang)
    if problems_file:
        require_new(problems_file)
    home = load_scenario(scenario) if scenario else None
    if home:
        registry = registry_of(registry.name, map_file, home.world.vocabulary)
    inspection = inspect(source, map_file, registry)
    if home:
        inspection.doubts += population_doubts(inspection.table, home.world.population)
        inspection.doubts += staffing_doubts(inspection.rows, home.world)
    if problems_file:
        rows = [(one.row, one.column, one.value, say.remark(one.expected)) for one in inspection.problems]
        write_csv(problems_file, pd.DataFrame(rows, columns=[inspection.cells.unit, "column", "value", "expected"]))
    if as_json:
        console.print_json(json.dumps(_summary(inspection)))
    else:
        _print(inspection, home, console, len(inspection.problems) if every else SHOWN, say)
        if problems_file:
            console.print(say("terminal.written", path=problems_file), soft_wrap=True)
    return 2 if inspection.problems and not inspection.skips else 0


def _summary(inspection: Inspection) -> dict[str, object]:
    return {
        "file": str(inspection.source),
        "rows": inspection.rows,
        "fields": [
            {
                "field": report.field.name,
                "columns": list(report.columns),
                "missing": report.missing,
                "found": _content(report.summary),
            }
            for report in inspection.fields
        ],
        "problems": [
            {
                "row": problem.row,
                "column": problem.column,
                "value": problem.value,
                "expected": problem.expected.content(),
                "leave_out": problem.leave_out,
            }
            for problem in inspection.problems
        ],
        "problem_count": inspection.problem_count,
        "doubts": contents(inspection.doubts),
        "fresh": _fresh(inspection),
        "reconciliation": _reconciled(inspection),
    }


def _content(found: str | Remark) -> str | dict[str, Any]:
    return found.content() if isinstance(found, Remark) else found


def _said(found: str | Remark, say: Text) -> str:
    return say.remark(found) if isinstance(found, Remark) else found


def _reconciled(inspection: Inspection) -> dict[str, object]:
    """Every line of the source by what became of it, and the sum of the balances or amounts."""
    cells, rows = inspection.cells, len(inspection.cells.places) + len(inspection.cells.ragged)
    table = inspection.table.drop(index=list(inspection.unusable & set(inspection.table.index)))
    counted: dict[str, object] = {
        "lines": cells.lines,
        "blank": cells.blank,
        "header_and_continued": cells.lines - cells.blank - rows,
        "rows_in_file": rows,
        "dropped": [{"reason": reason.content(), "rows": count} for reason, count in inspection.dropped.items()],
        "rows_with_problems": 0 if inspection.skips else len(inspection.unusable),
        _what(inspection): len(table),
    }
    for name in _SUMS:
        if name in table:
            what = "sum_of_balances" if name == "opening_balance" else f"sum_of_{name}s"
            counted[what] = round(float(table[name].sum()), 2)
    return counted


def _what(inspection: Inspection) -> str:
    return {"portfolio": "accounts", "contacts": "contacts", "payments": "payments"}.get(
        inspection.registry.name, "events"
    )


def _print(inspection: Inspection, home: Scenario | None, console: Console, most: int, say: Text) -> None:
    encoding = f", {inspection.cells.encoding}" if inspection.cells.encoding else ""
    read = say("terminal.check.rows", source=inspection.source, rows=f"{inspection.rows:,}")
    console.print(f"{read}{encoding}", soft_wrap=True)
    typical = home.portfolio(_TYPICAL, 1).table if home else None
    beside = [say("terminal.heads.in_scenario", name=home.name)] if home else []
    fields = Table(*say.heads("field", "column", "missing", "spread"), *beside)
    for report in inspection.fields:
        log_or_state = typical is None or report.field in STATE_FIELDS
        if not report.columns and log_or_state and report.missing == inspection.rows:
            continue  # there are many such fields, of which most files have a few
        missing = f"{report.missing:,}" if report.missing else ""
        cells = [report.field.name, ", ".join(report.columns), missing, _said(report.summary, say)]
        if typical is not None:
            drawn = report.field.name in typical and report.field.role != "key"
            cells.append(_said(summary(report.field, typical[report.field.name]), say) if drawn else "")
        fields.add_row(*cells)
    console.print(fields)
    if inspection.registry.name == PORTFOLIO.name and (fresh := _fresh(inspection)):
        of_all = say("terminal.check.all")
        counts = {name: of_all if count == inspection.rows else f"{count:,}" for name, count in fresh.items()}
        listed = say.listed([name + say("list.bracketed", text=count) for name, count in counts.items()])
        console.print(say("terminal.check.fresh", fields=listed))
    if typical is None:
        absent = [report.field.name for report in inspection.fields if report.field.name not in inspection.table]
        if absent:
            console.print(say("terminal.check.absent", names=", ".join(absent)))
    _print_problems(inspection, console, most, say)
    for doubt in inspection.doubts:
        console.print(say.unlikely(doubt))
    _print_reconciliation(inspection, console, say)


def _fresh(inspection: Inspection) -> dict[str, int]:
    """State that a portfolio in mid-life does not say, and of how many rows that can be used."""
    table = inspection.table.drop(index=list(inspection.unusable & set(inspection.table.index)))
    return missing_state(typed_state(table)) if inspection.registry.name == PORTFOLIO.name else {}


def _print_problems(inspection: Inspection, console: Console, most: int, say: Text) -> None:
    count = inspection.problem_count
    if not count:
        console.print(say("terminal.check.none"))
        return
    said = "one" if count == 1 else "problems"
    title = say(f"terminal.check.{'skipped' if inspection.skips else said}", n=f"{count:,}")
    unit = say.one_of("terminal.check.cell_units", inspection.cells.unit)
    problems = Table(unit, *say.heads("wrong", "got", "expected"), title=title)
    for problem in inspection.problems[:most]:
        problems.add_row(str(problem.row), problem.column, repr(problem.value), say.remark(problem.expected))
    console.print(problems)
    listed = len(inspection.problems)
    if listed > most:
        more = "more_all" if listed == count else "more_some"
        console.print(say(f"terminal.check.{more}", n=f"{count - most:,}", listed=f"{listed:,}"))
    elif count > listed:
        console.print(say("terminal.check.more", n=f"{count - listed:,}"))


def _print_reconciliation(inspection: Inspection, console: Console, say: Text) -> None:
    unit, counted = inspection.cells.unit, _reconciled(inspection)
    table = Table(say("terminal.check.reconciliation"), say("terminal.check.amount"))
    table.add_row(say.one_of("terminal.check.units", unit), f"{counted['lines']:,}")
    what = _what(inspection)
    for label, count in (
        (say("terminal.check.blank"), counted["blank"]),
        (say("terminal.check.header"), counted["header_and_continued"]),
        *(
            (say("terminal.check.dropped", reason=say.remark(reason)), rows)
            for reason, rows in inspection.dropped.items()
        ),
        (say("terminal.check.with_problems"), counted["rows_with_problems"]),
    ):
        if count:
            table.add_row(label, f"{count:,}")
    table.add_row(say(f"terminal.check.left.{what}"), f"{counted[what]:,}")
    for key in ("sum_of_balances", "sum_of_amounts"):
        if key in counted:
            table.add_row(say(f"terminal.check.sums.{key}"), f"{counted[key]:,.2f}")
    console.print(table)
