"""`recoup map …`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from recoup.experiments.commands.portfolio import FILE, OwnNames
from recoup.experiments.commands.records import Kind
from recoup.experiments.commands.showing import announce
from recoup.experiments.runs.console import Commands, Language, console

app = typer.Typer(cls=Commands, rich_markup_mode=None, help="Column maps.", no_args_is_help=True)


@app.command("suggest")
def suggest(
    file: Annotated[str, typer.Argument(help=FILE)],
    kind: Annotated[Kind, typer.Option("--for", help="What the table holds.")] = "portfolio",
    out: Annotated[Path | None, typer.Option(help="New file for the map.", show_default="the map is printed")] = None,
    sheet: Annotated[
        str | None, typer.Option(help="Sheet of a workbook.", show_default="that with the most known columns")
    ] = None,
    table: Annotated[str | None, typer.Option(help="Table of a database.", show_default="the only one")] = None,
    scenario: OwnNames = None,
    lang: Language = "en",
) -> None:
    """Propose a column map from the names of the columns, English or Chinese, and what stands in them; it is to be edited.

    Remarks in the map say what was recognised, what to check, and which columns are not used. Exit code 2 if a required field has no column.

    \b
    Examples:
      recoup map suggest ledger.xlsx --out map.yaml
      recoup map suggest calls.csv --for contacts --out calls.map.yaml
    """
    announce("read", lang, file=file)
    from recoup.experiments.checks.portfolio_check import registry_of
    from recoup.experiments.report.text import text_in
    from recoup.experiments.runs.runfolder import require_new, write_text
    from recoup.scenarios.schema import load_scenario
    from recoup.sim.portfolio.sources import source_of
    from recoup.sim.portfolio.suggest import suggest as of
    from recoup.sim.treatments import STANDARD

    if out is not None:
        require_new(out)
    words = load_scenario(scenario).world.vocabulary if scenario else STANDARD
    found = of(source_of(file), registry_of(kind, vocabulary=words), sheet, table)
    if out is None:
        console().print(found.text.rstrip("\n"), soft_wrap=True)
    else:
        write_text(out, found.text)
        say = text_in(lang)
        names = ", ".join(found.recognised) or say("terminal.map.nothing")
        console().print(say("terminal.map.recognised", names=names))
        if found.unused:
            console().print(say("terminal.map.unused", names=", ".join(found.unused)))
        for check in found.checks:
            console().print(say("terminal.map.check", what=say.remark(check)))
        console().print(say("terminal.written", path=out), soft_wrap=True)
    if found.missing:
        console(stderr=True).print(
            f"recoup: no column was recognised for {', '.join(found.missing)}; edit the map", soft_wrap=True
        )
        raise typer.Exit(2)
