"""`recoup attribute`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from recoup.experiments.commands.showing import announce
from recoup.experiments.runs.console import Json, Language, Ray, Workers, console, progress_bar


def attribute(
    run: Annotated[Path, typer.Argument(help="Run folder of a finished comparison.")],
    start: Annotated[
        str | None, typer.Option("--from", help="Policy to start from.", show_default="the best plan")
    ] = None,
    end: Annotated[str | None, typer.Option("--to", help="Policy to explain.", show_default="the best")] = None,
    seeds: Annotated[int, typer.Option(min=1, max=1000, help="How many of the run's seeds.")] = 4,
    workers: Workers = 1,
    ray: Ray = None,
    lang: Language = "en",
    json: Json = False,
) -> None:
    """Say where the difference between two policies comes from: timing, channel, offers, legal steps.

    Fourteen hybrids of the two run on each seed. The report shows the result as a waterfall.

    \b
    Examples:
      recoup attribute runs/mine
      recoup attribute runs/mine --from status-quo --to staged --seeds 6 --workers 2
    """
    announce("read", lang, file=run)
    from recoup.experiments.report import render, text_in
    from recoup.experiments.robustness.attribution import attribute as measure
    from recoup.experiments.robustness.attribution import subsets
    from recoup.experiments.runs.tables import Table
    from recoup.experiments.runs.workers import team_of

    say = text_in(lang)
    with (
        team_of(workers, ray) as team,
        progress_bar(say("terminal.bars.hybrids"), (len(subsets()) - 2) * seeds) as advance,
    ):
        result = measure(run, start, end, seeds, team, advance)
    page = render(run, lang)
    if json:
        console().print_json(data=result)
        return
    ends = {"start": say.name(result["from"]), "end": say.name(result["to"])}
    table = Table(*say.heads("part", "on_recovery", "on_value"), title=say("terminal.attribute.title", **ends))
    cash, value = (result["measures"][measure] for measure in ("recovery_rate", "npv_rate"))
    for part in cash["parts"]:
        effects = (say.bare_span(found["parts"][part], "points", signed=True) for found in (cash, value))
        table.add_row(say(f"attribution.parts.{part}"), *effects)
    together = (say.bare_span(found["total"], "points", signed=True) for found in (cash, value))
    table.add_row(say("terminal.attribute.together"), *together)
    console().print(table)
    console().print(say("terminal.report", path=page), soft_wrap=True)
