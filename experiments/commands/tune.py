"""`recoup tune`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from recoup.experiments.runs.console import INTERRUPTED, Json, complete_plans, complete_scenarios, console


def tune(
    plan: Annotated[
        str | None,
        typer.Argument(
            help="Plan's name or file.", show_default="effort by age and balance", autocompletion=complete_plans
        ),
    ] = None,
    scenario: Annotated[
        str, typer.Option("-s", "--scenario", help="Scenario's name or file.", autocompletion=complete_scenarios)
    ] = "china-consumer",
    out: Annotated[Path, typer.Option(help="Plan file to write, new.")] = Path("tuned.yaml"),
    name: Annotated[str, typer.Option(help="Name of the new plan.")] = "tuned",
    sweeps: Annotated[int, typer.Option(min=1, max=100, help="Most sweeps over the plan.")] = 3,
    field: Annotated[
        list[str] | None, typer.Option(help="Fields whose numbers may move.", show_default="those of pace")
    ] = None,
    cohorts: Annotated[int, typer.Option(min=3, max=100, help="Cohorts each version is tried on.")] = 8,
    accounts: Annotated[int, typer.Option(min=50, max=1_000_000, help="Accounts in each.")] = 2000,
    baseline: Annotated[str, typer.Option(help="Plan whose cost and complaints are the limits.")] = "staged",
    time_weight: Annotated[float, typer.Option(min=0, max=10, help="Weight of early resolution beside money.")] = 0.3,
    complaint_price: Annotated[
        float, typer.Option(min=0, max=1000, help="Initial price of a complaint, in mean opening balances.")
    ] = 2.0,
    json: Json = False,
) -> None:
    """Search for better numbers and treatments in a plan, within the cost and complaints of another.

    Example: recoup tune staged -s taiwan-cards --sweeps 1 --out mine.yaml

    Example: recoup tune mine.yaml --field claim_size --field dpd --out mine-2.yaml
    """
    from recoup.agents.plans.effort import effort_plan
    from recoup.agents.plans.plan import Plan
    from recoup.agents.plans.plan_file import NAME, NAME_WORDS, read_plan
    from recoup.agents.plans.plan_file import find_plan as find
    from recoup.agents.plans.writing import plan_data, plan_text
    from recoup.agents.training.objective import Objective
    from recoup.experiments.comparison.intervals import interval
    from recoup.experiments.learning.cohorts import Cohorts
    from recoup.experiments.learning.tuning import PACE, SEED, Search, limits
    from recoup.experiments.runs.runfolder import write_text
    from recoup.scenarios.schema import load_scenario
    from recoup.sim.inputs import InputError, choose
    from recoup.sim.observation import FIELD_INDEX
    from recoup.sim.simulation import typical_claim

    if not NAME.fullmatch(name):
        raise InputError("--name", "", name, NAME_WORDS)
    if out.exists():
        raise InputError(out, "--out", "a file that exists", "a new file")
    for one in field or ():
        if one not in FIELD_INDEX:
            raise InputError("--field", "", one, choose(FIELD_INDEX, one))
    tried = Cohorts(load_scenario(scenario), accounts, range(SEED, SEED + cohorts))
    if plan is None:
        openings = tried.portfolios[SEED].column("opening_balance")
        start = effort_plan(openings / typical_claim(tried.scenario.world, openings))
    else:
        document = find(plan)
        Plan.load(document, tried.menu)
        start = read_plan(document)
    objective = Objective(time_weight, 0.0, complaint_price)
    budget = limits(tried, Plan.load(baseline, tried.menu), objective)
    search = Search(tried, plan_data(start) | {"name": name, "title": f"{start.title}, tuned"}, objective, budget)
    stopped = False
    try:
        for number in range(sweeps):
            kept = search.sweep(tuple(field or PACE), lambda line: typer.echo(line, err=True))
            typer.echo(f"sweep {number + 1}: {kept} changes kept of {search.tried} tried so far", err=True)
            if not kept:
                break
    except KeyboardInterrupt:
        stopped = True
    tuned = search.result()
    write_text(out, plan_text(tuned.plan))
    unseen = interval(tuned.unseen.tolist())
    if json:
        console().print_json(
            data={
                "plan": str(out),
                "rules": len(tuned.plan.rules),
                "before": tuned.before,
                "after": tuned.after,
                "unseen": unseen,
                "tried": tuned.tried,
                "kept": tuned.kept,
                "prices": tuned.prices,
            }
        )
    else:
        console().print(
            f"{tuned.kept} changes kept of {tuned.tried}. Objective on the cohorts of the search: {tuned.before:.4f} → {tuned.after:.4f}; "
            f"on as many others {unseen['mean']:+.4f} ({unseen['low']:+.4f} to {unseen['high']:+.4f}).",
            soft_wrap=True,
        )
        console().print(f"plan: {out} ({len(tuned.plan.rules)} rules)", soft_wrap=True, markup=False)
    if stopped:
        typer.echo(f"recoup: interrupted; go on with: recoup tune {out} --out …", err=True)
        raise typer.Exit(INTERRUPTED)
