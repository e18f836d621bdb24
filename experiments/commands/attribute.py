"""`recoup attribute`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from recoup.experiments.runs.console import Json, Ray, Workers, console, progress_bar


def attribute(
    run: Annotated[Path, typer.Argument(help="Run folder of a finished comparison.")],
    start: Annotated[
        str | None, typer.Option("--from", help="Policy to start from.", show_default="the best plan")
    ] = None,
    end: Annotated[str | None, typer.Option("--to", help="Policy to explain.", show_default="the best")] = None,
    seeds: Annotated[int, typer.Option(min=1, max=1000, help="How many of the run's seeds.")] = 4,
    workers: Workers = 1,
    ray: Ray = None,
    json: Json = False,
) -> None:
    """Say where the difference between two policies comes from: timing, channel, offers, legal steps.

    Fourteen hybrids of the two run on each seed. The report shows the result as a waterfall.

    \b
    Examples:
      recoup attribute runs/mine
      recoup attribute runs/mine --from status-quo --to staged --seeds 6 --workers 2
    """
    from rich.table import Table

    from recoup.experiments.report import render, text_in
    from recoup.experiments.robustness.attribution import attribute as measure
    from recoup.experiments.runs.workers import team_of

    with team_of(workers, ray) as team, progress_bar("hybrids", None) as advance:
        result = measure(run, start, end, seeds, team, advance)
    page = render(run)
    if json:
        console().print_json(data=result)
        return
    text = text_in("en")
    table = Table(
        "part of the decision",
        "effect on recovery",
        "effect on net present value",
        title=f"from {result['from']} to {result['to']}",
        title_justify="left",
    )
    cash, value = (result["measures"][measure] for measure in ("recovery_rate", "npv_rate"))
    for part in cash["parts"]:
        effects = (text.span(found["parts"][part], "points", signed=True) for found in (cash, value))
        table.add_row(text(f"attribution.parts.{part}"), *effects)
    table.add_row("together", *(text.span(found["total"], "points", signed=True) for found in (cash, value)))
    console().print(table)
    console().print(f"report: {page}", soft_wrap=True)
