"""What `recoup portfolio check` prints: fields beside the scenario's, every problem of a file, and where each of its lines went."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

from rich.console import Console
from rich.table import Table

from recoup.scenarios.schema import Scenario, load_scenario
from recoup.sim.portfolio.doubts import population_doubts
from recoup.sim.portfolio.importing import Inspection, inspect, summary

SHOWN = 50
_TYPICAL = 1000  # accounts of the scenario that a file is set beside


def run(
    file: Path, map_file: Path, as_json: bool, console: Console, every: bool = False, scenario: str = "china-consumer"
) -> int:
    """Inspect a portfolio file and print fields, problems, doubts and a reconciliation of its lines.

    Args:
        file, map_file: the CSV or Parquet file, and the YAML file that maps its columns.
        as_json: print JSON instead of tables.
        console: to print on.
        every: print all problems, not the first `SHOWN`.
        scenario: whose accounts the file's are set beside.

    Returns:
        The exit code: 0 without problems, 2 with; doubts alone change nothing.

    Raises:
        InputError: for the file, the map or the scenario as a whole.
    """
    inspection = inspect(file, map_file)
    home = load_scenario(scenario)
    inspection.doubts += population_doubts(inspection.table, home.world.population)
    if as_json:
        console.print_json(json.dumps(_summary(inspection)))
    else:
        _print(inspection, home, console, len(inspection.problems) if every else SHOWN)
    return 2 if inspection.problems else 0


def _summary(inspection: Inspection) -> dict[str, object]:
    return {
        "file": str(inspection.file),
        "rows": inspection.rows,
        "fields": [
            {
                "field": report.field.name,
                "columns": list(report.columns),
                "missing": report.missing,
                "found": report.summary,
            }
            for report in inspection.fields
        ],
        "problems": [dataclasses.asdict(problem) for problem in inspection.problems],
        "doubts": inspection.doubts,
        "reconciliation": _reconciled(inspection),
    }


def _reconciled(inspection: Inspection) -> dict[str, object]:
    """Every line of the file by what became of it, and the sum of the balances of the accounts."""
    cells, rows = inspection.cells, len(inspection.cells.places)
    unusable = {problem.row for problem in inspection.problems}
    balances = inspection.table["opening_balance"].drop(index=list(unusable))
    return {
        "lines": cells.lines,
        "blank": cells.blank,
        "header_and_continued": cells.lines - cells.blank - rows,
        "rows_in_file": rows,
        "dropped": inspection.dropped,
        "rows_with_problems": len(unusable),
        "accounts": len(balances),
        "sum_of_balances": round(float(balances.sum()), 2),
    }


def _print(inspection: Inspection, home: Scenario, console: Console, most: int) -> None:
    name = str(inspection.file)
    encoding = f", {inspection.cells.encoding}" if inspection.cells.encoding else ""
    console.print(f"{name}: {inspection.rows:,} rows{encoding}")
    typical = home.portfolio(_TYPICAL, 1).table
    fields = Table("field", "from column", "missing", "least … median … most", f"in {home.name}")
    for report in inspection.fields:
        missing = f"{report.missing:,}" if report.missing else ""
        usual = summary(report.field, typical[report.field.name]) if report.field.role != "key" else ""
        fields.add_row(report.field.name, ", ".join(report.columns), missing, report.summary, usual)
    console.print(fields)
    _print_problems(inspection, console, most)
    for doubt in inspection.doubts:
        console.print(f"unlikely: {doubt}")
    _print_reconciliation(inspection, console)


def _print_problems(inspection: Inspection, console: Console, most: int) -> None:
    if not inspection.problems:
        console.print("no problems")
        return
    count = len(inspection.problems)
    title = f"{count:,} problem{'s' * (count > 1)}"
    problems = Table(inspection.cells.unit, "column", "value", "expected", title=title, title_justify="left")
    for problem in inspection.problems[:most]:
        problems.add_row(str(problem.row), problem.column, repr(problem.value), problem.expected)
    console.print(problems)
    if len(inspection.problems) > most:
        console.print(f"… and {len(inspection.problems) - most:,} more; --all prints every one")


def _print_reconciliation(inspection: Inspection, console: Console) -> None:
    unit, counted = inspection.cells.unit, _reconciled(inspection)
    table = Table("reconciliation", "", title_justify="left")
    table.columns[1].justify = "right"
    table.add_row(f"{unit}s in the file", f"{counted['lines']:,}")
    for label, count in (
        ("− blank", counted["blank"]),
        ("− header, and lines that continue a row", counted["header_and_continued"]),
        *((f"− dropped by the map: {reason}", rows) for reason, rows in inspection.dropped.items()),
        ("− rows with problems", counted["rows_with_problems"]),
    ):
        if count:
            table.add_row(label, f"{count:,}")
    table.add_row("= accounts", f"{counted['accounts']:,}")
    table.add_row("sum of their balances", f"{counted['sum_of_balances']:,.2f}")
    console.print(table)
