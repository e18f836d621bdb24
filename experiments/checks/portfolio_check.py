"""What `recoup portfolio check` prints: rows, fields, and every problem of a file."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

from rich.console import Console
from rich.table import Table

from recoup.sim.portfolio.importing import Inspection, inspect

SHOWN = 50


def run(file: Path, map_file: Path, as_json: bool, console: Console, every: bool = False) -> int:
    """Inspect a portfolio file and print rows, fields and problems.

    Args:
        file, map_file: the CSV or Parquet file, and the YAML file that maps its columns.
        as_json: print JSON instead of tables.
        console: to print on.
        every: print all problems, not the first `SHOWN`.

    Returns:
        The exit code: 0 without problems, 2 with.

    Raises:
        InputError: for the file or the map as a whole.
    """
    inspection = inspect(file, map_file)
    if as_json:
        console.print_json(json.dumps(_summary(inspection)))
    else:
        _print(inspection, console, len(inspection.problems) if every else SHOWN)
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
    }


def _print(inspection: Inspection, console: Console, most: int) -> None:
    console.print(f"{inspection.file}: {inspection.rows:,} rows")
    fields = Table("field", "from column", "missing", "least … median … most", "must be")
    for report in inspection.fields:
        missing = f"{report.missing:,}" if report.missing else ""
        columns = ", ".join(report.columns)
        fields.add_row(report.field.name, columns, missing, report.summary, report.field.expectation)
    console.print(fields)
    if not inspection.problems:
        console.print("no problems")
        return
    count = len(inspection.problems)
    title = f"{count:,} problem{'s' * (count > 1)}"
    problems = Table("row", "column", "value", "expected", title=title, title_justify="left")
    for problem in inspection.problems[:most]:
        problems.add_row(str(problem.row), problem.column, repr(problem.value), problem.expected)
    console.print(problems)
    if len(inspection.problems) > most:
        console.print(f"… and {len(inspection.problems) - most:,} more; --all prints every one")
