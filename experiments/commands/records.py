"""`recoup records …`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from recoup.experiments.commands.portfolio import FILE, Problems
from recoup.experiments.runs.console import Json, complete_scenarios, console

app = typer.Typer(help="Logs of contacts and payments.", no_args_is_help=True)
OwnNames = Annotated[
    str | None,
    typer.Option(
        "-s",
        "--scenario",
        help="Whose own channels and products the table may name.",
        show_default="no one's",
        autocompletion=complete_scenarios,
    ),
]
Kind = Literal["portfolio", "contacts", "payments", "audit"]


@app.command("check")
def check(
    file: Annotated[str, typer.Argument(help=FILE)],
    kind: Annotated[
        Kind | None, typer.Option("--for", help="What the table holds.", show_default="what its map says")
    ] = None,
    column_map: Annotated[
        Path | None, typer.Option("--map", help="Column map (YAML).", show_default="columns named as our fields")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Print every problem, not the first 50.")] = False,
    problems: Problems = None,
    scenario: OwnNames = None,
    json: Json = False,
) -> None:
    """Print ranges, missing values, every problem and where each line of a log went; exit code 2 for a problem.

    A table of contacts, payments, or what `recoup audit` reads; fields are listed in docs/records.md and docs/audit.md.

    \b
    Examples:
      recoup records check calls.csv --for contacts --map map.yaml
      recoup records check payments.xlsx --map map.yaml --problems problems.csv
      recoup records check "postgresql://me@server/ledger?query=SELECT * FROM payments" --for payments
    """
    from recoup.experiments.checks.portfolio_check import registry_of, run
    from recoup.scenarios.schema import load_scenario
    from recoup.sim.inputs import read_yaml
    from recoup.sim.portfolio.sources import source_of
    from recoup.sim.treatments import STANDARD

    named = kind or (read_yaml(column_map).data.get("for") if column_map else None)
    if named not in ("portfolio", "contacts", "payments", "audit"):
        raise typer.BadParameter("--for portfolio, contacts, payments or audit, or a map that says it")
    registry = registry_of(named, column_map, load_scenario(scenario).world.vocabulary if scenario else STANDARD)
    raise typer.Exit(run(source_of(file), column_map, json, console(), every, None, registry, problems))
