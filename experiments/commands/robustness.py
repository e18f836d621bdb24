"""`recoup stress`, `recoup prices`, `recoup bound`: what a comparison's answer rests on, beside the comparison itself."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recoup.experiments.runs.console import (
    INTERRUPTED,
    Accounts,
    FirstSeed,
    Json,
    Workers,
    complete_plans,
    complete_scenarios,
    console,
)

if TYPE_CHECKING:
    from recoup.experiments.comparison.settings import Comparison
    from recoup.experiments.robustness.trial_cache import KeptTrials

ScenarioName = Annotated[
    str | None,
    typer.Option(
        "-s",
        "--scenario",
        help="Shipped scenario's name, or a .yaml file [default: that of --into, else china-consumer].",
        autocompletion=complete_scenarios,
    ),
]
OnePolicy = Annotated[str, typer.Option("-p", "--policy", help="Policy to test.", autocompletion=complete_plans)]
Policies = Annotated[
    list[str] | None, typer.Option("-p", "--policy", help="Once for each.", autocompletion=complete_plans)
]
Seeds = Annotated[int, typer.Option(min=2, max=10_000, help="Number of seeds.")]
Into = Annotated[
    Path | None,
    typer.Option(help="Folder of a comparison: its scenario and accounts are taken, its report shows the result."),
]


def stress(
    scenario: ScenarioName = None,
    policy: OnePolicy = "learned",
    against: Annotated[str, typer.Option(help="Plan to compare with.")] = "staged",
    seeds: Seeds = 3,
    first_seed: FirstSeed = 1,
    accounts: Accounts = 2000,
    workers: Workers = 1,
    into: Into = None,
    quick: Annotated[bool, typer.Option("--quick", help="Only the named stresses, not every parameter.")] = False,
    json: Json = False,
) -> None:
    """Repeat a comparison in worlds that are wrong on purpose: each behaviour parameter ±30 %, recession, half the staff …

    \b
    Examples:
      recoup stress -s china-consumer -p learned --quick
      recoup stress -p mine.yaml --workers 2 --into runs/mine     # interrupted, the same command goes on
    """
    from rich.table import Table

    from recoup.experiments.report.text import text_in
    from recoup.experiments.robustness.stress import is_one_parameter, stress_set
    from recoup.experiments.robustness.stress import stress as run

    comparison = _comparison(scenario, (policy, against), seeds, first_seed, accounts, into)
    variants = [variant for variant in stress_set() if not (quick and is_one_parameter(variant.name))]
    result = _run(
        2 * seeds * len(variants),
        into,
        lambda kept, tick: run(comparison, workers, variants, kept, tick),
        "stress.json",
    )
    if json:
        console().print_json(data=result)
        return
    table = Table("world", "recovery", "net recovery", "time", title=f"{policy} against {against}, relative difference")
    for row in result["rows"]:
        table.add_row(
            row["label"],
            *(
                text_in("en").span(row[name], "share", signed=True)
                for name in ("recovery_rate", "net_recovery_rate", "time_to_recover_days")
            ),
        )
    console().print(table)
    console().print(
        f"{policy} recovers surely more than {against} in {result['positive']} of {result['worlds']} wrong worlds, surely "
        f"less in {result['negative']}. Smallest gain: {result['worst']}."
    )


def prices(
    scenario: ScenarioName = None,
    policy: Policies = None,
    seeds: Seeds = 10,
    first_seed: FirstSeed = 1,
    accounts: Accounts = None,
    workers: Workers = 1,
    into: Into = None,
    json: Json = False,
) -> None:
    """What one more hour of staff, place for a case or unit of settlement budget would bring, by simulating it.

    Example: recoup prices -s china-consumer -p staged -p learned --workers 2
    """
    from rich.table import Table

    from recoup.experiments.robustness.shadow_prices import RESOURCES
    from recoup.experiments.robustness.shadow_prices import prices as run

    comparison = _comparison(scenario, policy or ("staged", "learned"), seeds, first_seed, accounts, into)
    total = len(comparison.plans) * (len(RESOURCES) + 1) * seeds
    result = _run(total, into, lambda kept, tick: run(comparison, workers, kept, tick), "prices.json")
    if json:
        console().print_json(data=result)
        return
    currency = comparison.load().world.currency
    table = Table("policy", f"one more … brings ({currency})", "mean", "95 % interval")
    for row in result["rows"]:
        price = row["price"]
        limits = "" if price["low"] is None else f"{price['low']:,.2f} to {price['high']:,.2f}"
        table.add_row(row["policy"], row["unit"], "–" if price["mean"] is None else f"{price['mean']:,.2f}", limits)
    console().print(table)


def bound(
    scenario: ScenarioName = None,
    policy: Policies = None,
    seeds: Seeds = 5,
    first_seed: FirstSeed = 1,
    accounts: Accounts = None,
    workers: Workers = 1,
    into: Into = None,
    json: Json = False,
) -> None:
    """Ceilings on recovery, to see how much is left: ample staff, hindsight, full attention.

    Example: recoup bound -s china-consumer -p staged -p tiered -p learned
    """
    from rich.table import Table

    from recoup.experiments.report.text import text_in
    from recoup.experiments.robustness.upper_bounds import bound as run

    comparison = _comparison(scenario, policy or ("staged", "tiered", "learned"), seeds, first_seed, accounts, into)
    total = (len(comparison.plans) + 1) * seeds
    result = _run(total, into, lambda kept, tick: run(comparison, workers, kept, tick), "bound.json")
    if json:
        console().print_json(data=result)
        return
    table, say = Table("ceiling", "recovery rate", "time to recover"), text_in("en")
    for row in result["rows"]:
        recovered, took = row["recovery_rate"], row["time_to_recover_days"]
        table.add_row(row["label"], say.span(recovered, "share"), say.span(took, "days"))
    console().print(table)


def _comparison(
    scenario: str | None,
    policies: list[str] | tuple[str, ...],
    seeds: int,
    first_seed: int,
    accounts: int | None,
    into: Path | None,
) -> Comparison:
    """What is to be tried; every name is good before anything long begins.

    Raises:
        InputError: no such scenario or policy, or a folder that holds no finished comparison, or one of another scenario.
    """
    from recoup.agents.library import load_policy
    from recoup.experiments.comparison.settings import Comparison
    from recoup.experiments.runs.runfolder import RESULTS, read_json
    from recoup.scenarios.schema import load_scenario
    from recoup.sim.inputs import InputError

    run: dict[str, Any] = {}
    if into is not None:
        if not (into / RESULTS).is_file():
            raise InputError(into, "--into", "no finished run", f"the folder of a comparison, with {RESULTS}")
        results = read_json(into / RESULTS)
        run = {name: results["settings"][name] for name in ("scenario", "portfolio", "map", "days")}
        if scenario is not None and load_scenario(scenario).name != results["scenario"]:
            raise InputError(into, "--scenario", scenario, f"the run's own, {results['scenario']}, or none")
    comparison = Comparison(
        **{"scenario": scenario or "china-consumer", **run},
        plans=tuple(policies),
        seeds=seeds,
        first_seed=first_seed,
        accounts=accounts,
    )
    loaded = comparison.load()
    for name in comparison.plans:
        load_policy(name, loaded.name, loaded.world)
    return comparison


def _run(
    total: int, into: Path | None, work: Callable[[KeptTrials, Callable[[], None]], dict[str, Any]], name: str
) -> dict[str, Any]:
    """Do the work with a progress bar and put the result into the folder; interrupted, what is finished is kept there."""
    from rich.console import Console
    from rich.progress import Progress

    from recoup.experiments.robustness.trial_cache import TRIALS, KeptTrials
    from recoup.experiments.runs.runfolder import write_json

    kept = KeptTrials(into / TRIALS if into else None)
    with Progress(console=Console(stderr=True), disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task("simulating", total=total)
        try:
            result = work(kept, lambda: progress.advance(task))
        except KeyboardInterrupt:
            progress.stop()
            keeps = "the same command goes on" if into else "with --into a folder, finished simulations would be kept"
            print(f"recoup: interrupted; {keeps}", file=sys.stderr)
            raise typer.Exit(INTERRUPTED) from None
    if into:
        write_json(into / name, result)
    return result
