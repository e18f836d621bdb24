"""`recoup doctor`."""

from __future__ import annotations

import typer

from recoup.experiments.runs.console import Json, console


def doctor(json: Json = False) -> None:
    """Check the installation: versions, compiled code, folders, a browser and fonts, a tiny simulation; exit code 1 if one fails.

    \b
    Examples:
      recoup doctor
      recoup doctor --json
    """
    from rich.table import Table

    from recoup.experiments.checks.doctor import examine

    findings = examine()
    if json:
        console().print_json(
            data=[{"check": f.name, "ok": f.ok, "needed": f.needed, "details": f.details} for f in findings]
        )
    else:
        table = Table("check", "", "details")
        for f in findings:
            table.add_row(f.name, "ok" if f.ok else ("FAILS" if f.needed else "missing, optional"), f.details)
        console().print(table)
    if any(f.needed and not f.ok for f in findings):
        raise typer.Exit(1)
