"""`recoup calibrate`."""

from __future__ import annotations

from typing import Annotated

import typer

from recoup.experiments.commands.showing import announce
from recoup.experiments.runs.console import (
    FirstSeed,
    Json,
    Language,
    Ray,
    Workers,
    complete_scenarios,
    console,
    progress_bar,
)


def calibrate(
    scenario: Annotated[
        str, typer.Option("-s", "--scenario", help="Scenario's name or file.", autocompletion=complete_scenarios)
    ] = "china-consumer",
    seeds: Annotated[int, typer.Option(min=1, max=1000, help="Number of seeds.")] = 2,
    first_seed: FirstSeed = 901,
    workers: Workers = 1,
    ray: Ray = None,
    lang: Language = "en",
    json: Json = False,
) -> None:
    """Measure the world against the published figures it should reproduce; exit code 1 if one is missed.

    \b
    Examples:
      recoup calibrate
      recoup calibrate -s china-consumer --seeds 4 --workers 2 --json
    """
    announce("measure", lang, scenario=scenario, seeds=seeds)
    from recoup.experiments.checks.calibration import measure, report_readings, steps
    from recoup.experiments.report.text import text_in
    from recoup.experiments.runs.workers import team_of
    from recoup.scenarios.schema import load_scenario

    home, cohorts = load_scenario(scenario), range(first_seed, first_seed + seeds)
    shared = min(workers, seeds)
    bar = progress_bar(text_in(lang)("terminal.bars.simulating"), steps(home, seeds, ray or shared))
    with team_of(shared, ray) as team, bar as advance:
        readings = measure(home, cohorts, workers=team, advance=advance)
    reproduced = report_readings(home, cohorts, readings, console(), json, lang)
    if not reproduced:
        raise typer.Exit(1)
