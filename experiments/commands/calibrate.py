"""`recoup calibrate`."""

from __future__ import annotations

from typing import Annotated

import typer

from recoup.experiments.runs.console import FirstSeed, Json, Ray, Workers, complete_scenarios, console


def calibrate(
    scenario: Annotated[
        str, typer.Option("-s", "--scenario", help="Scenario's name or file.", autocompletion=complete_scenarios)
    ] = "china-consumer",
    seeds: Annotated[int, typer.Option(min=1, max=1000, help="Number of seeds.")] = 2,
    first_seed: FirstSeed = 901,
    workers: Workers = 1,
    ray: Ray = None,
    json: Json = False,
) -> None:
    """Measure the world against the published figures it should reproduce; exit code 1 if one is missed.

    \b
    Examples:
      recoup calibrate
      recoup calibrate -s china-consumer --seeds 4 --workers 2 --json
    """
    from recoup.experiments.checks.calibration import report_readings
    from recoup.experiments.runs.workers import team_of
    from recoup.scenarios.schema import load_scenario

    with team_of(min(workers, seeds), ray) as team:
        reproduced = report_readings(
            load_scenario(scenario), range(first_seed, first_seed + seeds), console(), json, team
        )
    if not reproduced:
        raise typer.Exit(1)
