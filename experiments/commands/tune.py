"""`recoup tune`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from recoup.experiments.commands.showing import announce
from recoup.experiments.learning.settings import Tuning
from recoup.experiments.runs.console import (
    Json,
    Language,
    Ray,
    Workers,
    complete_plans,
    console,
    interruptible,
    progress_display,
)
from recoup.experiments.runs.options import options_from


@options_from(Tuning)
def tune(
    tuning: Tuning,
    plan: Annotated[str, typer.Argument(help="Plan's name or file.", autocompletion=complete_plans)] = "simple",
    workers: Workers = 1,
    ray: Ray = None,
    out: Annotated[Path, typer.Option(help="Plan file to write, new.")] = Path("tuned.yaml"),
    lang: Language = "en",
    json: Json = False,
) -> None:
    """Search for better numbers and treatments in a plan, within the cost, complaints and contacts of another.

    Example: recoup tune staged -s taiwan-cards --sweeps 1 --workers 2 --out mine.yaml

    Example: recoup tune mine.yaml --field claim_size --field dpd --out mine-2.yaml
    """
    announce("search", lang, start=plan, scenario=tuning.scenario)
    import numpy as np

    from recoup.agents.library import load_plan
    from recoup.agents.plans.plan_file import NAME, NAME_WORDS
    from recoup.agents.plans.writing import plan_data, plan_text
    from recoup.agents.training.objective import Objective
    from recoup.experiments.comparison.intervals import interval
    from recoup.experiments.learning.cohorts import Cohorts
    from recoup.experiments.learning.tuning import PACE, SEED, Search
    from recoup.experiments.report.text import text_in, written
    from recoup.experiments.runs.kept import Kept
    from recoup.experiments.runs.runfolder import write_text
    from recoup.experiments.runs.workers import team_of
    from recoup.scenarios.schema import load_scenario
    from recoup.sim.inputs import InputError, choose
    from recoup.sim.observation import FIELD_INDEX
    from recoup.sim.portfolio.table import SYNONYMS

    if not NAME.fullmatch(tuning.name):
        raise InputError("--name", "", tuning.name, NAME_WORDS)
    if out.exists():
        raise InputError(out, "--out", "a file that exists", "a new file")
    for field in tuning.field or ():
        if field not in FIELD_INDEX:
            raise InputError("--field", "", field, choose(FIELD_INDEX, field, SYNONYMS))
    say, fields = text_in(lang), tuning.field or PACE
    scenario = load_scenario(tuning.scenario)
    kept = Kept.beside(out)
    start = load_plan("PLAN", plan, scenario.name, scenario.world).file
    baseline = load_plan("--baseline", tuning.baseline, scenario.name, scenario.world)
    objective = Objective(tuning.time_weight, 0.0, tuning.complaint_price)
    named = {
        "name": tuning.name,
        "title": f"{start.title}, tuned",
        "description": (
            f"«{start.title}» after a search in simulation (recoup tune) in {scenario.name}, within the cost, complaints and contacts of "
            f"{baseline.name}: numbers and treatments were moved, and rules left out."
        ),
    }
    search: Search | None = None

    def how_to_go_on() -> str:
        kept_in = say("terminal.interrupted.tried", path=kept.path)
        if search is None:
            return kept_in
        so_far = out.with_name(f"{out.stem}-so-far{out.suffix}")
        write_text(so_far, plan_text(search.best))
        return say("list.semicolon").join((kept_in, say("terminal.interrupted.so_far", path=so_far)))

    with interruptible(how_to_go_on), team_of(workers, ray) as team, progress_display() as progress:

        def tell(line: str) -> None:
            progress.console.print(line, soft_wrap=True)

        cohorts = Cohorts(scenario, tuning.accounts, range(SEED, SEED + tuning.cohorts), kept, team)
        search = Search(cohorts, plan_data(start) | named, objective, cohorts.parts(baseline))
        task = progress.add_task(say("terminal.bars.changes"), total=tuning.exceptions + search.changes(fields))
        search.on_try = lambda: progress.advance(task)
        if tuning.exceptions:
            grown = search.grow(tuning.exceptions, np.random.default_rng(SEED), tell)
            tell(say("terminal.tune.exceptions", kept=grown, tried=search.tried))
        for number in range(tuning.sweeps):
            # A sweep ends when it keeps nothing: how many will follow, nobody knows.
            progress.update(task, total=progress.tasks[0].completed + search.changes(fields))
            changes = search.sweep(fields, tell)
            tell(say("terminal.tune.sweep", n=number + 1, changes=changes, tried=search.tried))
            if not changes:
                break
        tuned = search.result()
        write_text(out, plan_text(tuned.plan))
        kept.drop()
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
        ends = (unseen["mean"], unseen["low"], unseen["high"])
        mean, low, high = ("–" if end is None else written(end, "+.4f") for end in ends)
        between = say("between", low=low, high=high)
        found = {
            "kept": tuned.kept,
            "tried": tuned.tried,
            "before": written(tuned.before, ".4f"),
            "after": written(tuned.after, ".4f"),
        }
        console().print(say("terminal.tune.kept", **found, unseen=f"{mean} ({between})"))
        used = [
            say("terminal.tune.share", share=written(share, ".0%"), part=part) for part, share in tuned.used.items()
        ]
        console().print(say("terminal.tune.used", baseline=say.name(tuning.baseline), used=say.listed(used)))
        console().print(say("terminal.plan", path=out, rules=len(tuned.plan.rules)), soft_wrap=True)
