"""`recoup stress`, `recoup prices`, `recoup bound`: what a comparison's answer rests on, beside the comparison itself."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from experiments.console import Accounts, FirstSeed, Json, Workers, console

ScenarioName = Annotated[str, typer.Option("-s", "--scenario", help="Shipped scenario's name, or a .yaml file.")]
Policies = Annotated[list[str] | None, typer.Option("-p", "--policy", help="Once for each.")]
Seeds = Annotated[int, typer.Option(min=2, max=10_000, help="Number of seeds.")]
Into = Annotated[Path | None, typer.Option(help="Run folder to add the result to, so that its report shows it.")]


def stress(
    scenario: ScenarioName = "china-consumer",
    policy: Annotated[str, typer.Option("-p", "--policy", help="Policy to test.")] = "learned",
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

    Example: recoup stress -s china-consumer -p learned --workers 2 --into runs/mine
    """
    from rich.table import Table

    from experiments.report.text import text_in
    from experiments.stress import stress as run
    from experiments.stress import stress_set

    _check(scenario, (policy, against))
    variants = [variant for variant in stress_set() if not quick or not variant.name.endswith(("-", "+"))]
    result = _with_progress(
        2 * seeds * len(variants),
        lambda tick: run(
            scenario, policy, against, range(first_seed, first_seed + seeds), accounts, workers, variants, tick
        ),
    )
    _keep(result, into, "stress.json")
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
        f"{policy} recovers surely more than {against} in {result['positive']} of {len(result['rows'])} worlds, surely less in "
        f"{result['negative']}. Smallest gain: {result['worst']}."
    )


def prices(
    scenario: ScenarioName = "china-consumer",
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

    from experiments.prices import RESOURCES
    from experiments.prices import prices as run
    from scenarios.schema import load_scenario

    names = tuple(policy or ("staged", "learned"))
    _check(scenario, names)
    currency = load_scenario(scenario).world.currency
    result = _with_progress(
        len(names) * (len(RESOURCES) + 1) * seeds,
        lambda tick: run(scenario, currency, names, range(first_seed, first_seed + seeds), accounts, workers, tick),
    )
    _keep(result, into, "prices.json")
    if json:
        console().print_json(data=result)
        return
    table = Table("policy", f"one more … brings ({currency})", "mean", "95 % interval")
    for row in result["rows"]:
        price = row["price"]
        limits = "" if price["low"] is None else f"{price['low']:,.2f} to {price['high']:,.2f}"
        table.add_row(row["policy"], row["unit"], "–" if price["mean"] is None else f"{price['mean']:,.2f}", limits)
    console().print(table)


def bound(
    scenario: ScenarioName = "china-consumer",
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

    from experiments.bound import bound as run
    from experiments.report.text import text_in

    names = tuple(policy or ("staged", "tiered", "learned"))
    _check(scenario, names)
    result = _with_progress(
        (len(names) + 1) * seeds,
        lambda tick: run(scenario, names, range(first_seed, first_seed + seeds), accounts, workers, tick),
    )
    _keep(result, into, "bound.json")
    if json:
        console().print_json(data=result)
        return
    table, say = Table("ceiling", "recovery rate", "time to recover"), text_in("en")
    for row in result["rows"]:
        recovered, took = row["recovery_rate"], row["time_to_recover_days"]
        table.add_row(row["label"], say.span(recovered, "share"), say.span(took, "days"))
    console().print(table)


def _check(scenario: str, policies: tuple[str, ...]) -> None:
    """Every name is good before anything long begins."""
    from agents.library import load_policy
    from scenarios.schema import load_scenario

    loaded = load_scenario(scenario)
    for name in policies:
        load_policy(name, loaded.name, loaded.world)


def _keep(result: dict[str, Any], into: Path | None, name: str) -> None:
    from experiments.runfolder import RESULTS, write_json
    from sim.inputs import InputError

    if into is None:
        return
    if not (into / RESULTS).is_file():
        raise InputError(into, "--into", "no finished run", f"the folder of a comparison, with {RESULTS}")
    write_json(into / name, result)


def _with_progress(total: int, work: Callable[[Callable[[], None]], dict[str, Any]]) -> dict[str, Any]:
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task("simulating", total=total)
        return work(lambda: progress.advance(task))
