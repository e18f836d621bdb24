"""What `recoup portfolio check` prints: rows, fields, and every problem of a file."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from recoup.sim.portfolio.importing import Inspection, inspect

SHOWN = 50


def run(file: Path, map_file: Path, as_json: bool, console: Console, every: bool = False) -> int:
    """Inspect a file and print what was found; 0 without problems, 2 with.

    Raises:
        InputError: for the file or the map as a whole.
    """
    found = inspect(file, map_file)
    if as_json:
        console.print_json(json.dumps(_summary(found)))
    else:
        _print(found, console, len(found.problems) if every else SHOWN)
    return 2 if found.problems else 0


def _summary(found: Inspection) -> dict[str, object]:
    return {
        "file": str(found.file),
        "rows": found.rows,
        "fields": [
            {
                "field": report.field.name,
                "columns": list(report.columns),
                "missing": report.missing,
                "found": report.summary,
            }
            for report in found.fields
        ],
        "problems": [dataclasses.asdict(problem) for problem in found.problems],
    }


def _print(found: Inspection, console: Console, most: int) -> None:
    console.print(f"{escape(str(found.file))}: {found.rows:,} rows")
    fields = Table("field", "from column", "missing", "least … median … most", "must be")
    for report in found.fields:
        missing = f"{report.missing:,}" if report.missing else ""
        columns = ", ".join(report.columns)
        fields.add_row(report.field.name, escape(columns), missing, escape(report.summary), report.field.expectation)
    console.print(fields)
    if not found.problems:
        console.print("no problems")
        return
    count = len(found.problems)
    title = f"{count:,} problem{'s' * (count > 1)}"
    problems = Table("row", "column", "value", "expected", title=title, title_justify="left")
    for problem in found.problems[:most]:
        problems.add_row(
            str(problem.row), escape(problem.column), escape(repr(problem.value)), escape(problem.expected)
        )
    console.print(problems)
    if len(found.problems) > most:
        console.print(f"… and {len(found.problems) - most:,} more; --all prints every one")
