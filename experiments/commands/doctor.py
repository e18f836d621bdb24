"""`recoup doctor`."""

from __future__ import annotations

import typer

from recoup.experiments.commands.showing import announce
from recoup.experiments.runs.console import Json, Language, console


def doctor(lang: Language = "en", json: Json = False) -> None:
    """Check the installation: versions, compiled code, folders, a browser and fonts, a tiny simulation; exit code 1 if one fails.

    \b
    Examples:
      recoup doctor
      recoup doctor --json
    """
    announce("doctor", lang)
    from recoup.experiments.checks.doctor import examine
    from recoup.experiments.report.text import text_in
    from recoup.experiments.runs.tables import Table

    say = text_in("en" if json else lang)
    findings = examine(say)
    if json:
        console().print_json(
            data=[{"check": f.name, "ok": f.ok, "needed": f.needed, "details": f.details} for f in findings]
        )
    else:
        table = Table(*say.heads("check", "", "details"))
        for f in findings:
            found = "ok" if f.ok else "fails" if f.needed else "missing"
            table.add_row(say.one_of("terminal.checks", f.name), say(f"terminal.doctor.{found}"), f.details)
        console().print(table)
    if any(f.needed and not f.ok for f in findings):
        raise typer.Exit(1)
