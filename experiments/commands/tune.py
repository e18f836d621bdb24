"""`recoup tune`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from recoup.experiments.learning.settings import Tuning
from recoup.experiments.runs.console import INTERRUPTED, Json, complete_plans, console
from recoup.experiments.runs.options import options_from


@options_from(Tuning)
def tune(
    tuning: Tuning,
    plan: Annotated[
        str | None,
        typer.Argument(
            help="Plan's name or file.", show_default="effort by age and balance", autocompletion=complete_plans
        ),
    ] = None,
    out: Annotated[Path, typer.Option(help="Plan file to write, new.")] = Path("tuned.yaml"),
    json: Json = False,
) -> None:
    """Search for better numbers and treatments in a plan, within the cost, complaints and contacts of another.

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
    from recoup.experiments.learning.tuning import PACE, SEED, Search
    from recoup.experiments.runs.runfolder import write_text
    from recoup.scenarios.schema import load_scenario
    from recoup.sim.inputs import InputError, choose
    from recoup.sim.observation import FIELD_INDEX
    from recoup.sim.simulation import typical_claim

    if not NAME.fullmatch(tuning.name):
        raise InputError("--name", "", tuning.name, NAME_WORDS)
    if out.exists():
        raise InputError(out, "--out", "a file that exists", "a new file")
    for field in tuning.field or ():
        if field not in FIELD_INDEX:
            raise InputError("--field", "", field, choose(FIELD_INDEX, field))
    cohorts = Cohorts(load_scenario(tuning.scenario), tuning.accounts, range(SEED, SEED + tuning.cohorts))
    if plan is None:
        openings = cohorts.portfolios[SEED].column("opening_balance")
        start = effort_plan(openings / typical_claim(cohorts.scenario.world, openings))
    else:
        document = find(plan)
        Plan.load(document, cohorts.menu)
        start = read_plan(document)
    objective = Objective(tuning.time_weight, 0.0, tuning.complaint_price)
    reference = cohorts.parts(Plan.load(tuning.baseline, cohorts.menu))
    named = {"name": tuning.name, "title": f"{start.title}, tuned"}
    search = Search(cohorts, plan_data(start) | named, objective, reference)
    stopped = False
    try:
        for number in range(tuning.sweeps):
            kept = search.sweep(tuning.field or PACE, lambda line: typer.echo(line, err=True))
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
                "used": tuned.used,
            }
        )
    else:
        console().print(
            f"{tuned.kept} changes kept of {tuned.tried}. Objective on the cohorts of the search: {tuned.before:.4f} → {tuned.after:.4f}; "
            f"on as many others {unseen['mean']:+.4f} ({unseen['low']:+.4f} to {unseen['high']:+.4f}).",
            soft_wrap=True,
        )
        used = ", ".join(f"{share:.0%} of its {part}" for part, share in tuned.used.items())
        console().print(f"{tuning.baseline} is the limit; the plan uses {used}.", soft_wrap=True)
        console().print(f"plan: {out} ({len(tuned.plan.rules)} rules)", soft_wrap=True)
    if stopped:
        typer.echo(f"recoup: interrupted. Continue from this plan with: recoup tune {out} --out …", err=True)
        raise typer.Exit(INTERRUPTED)
