"""`recoup distill`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from recoup.experiments.learning.settings import Distillation
from recoup.experiments.runs.console import Json, console, interruptible
from recoup.experiments.runs.options import options_from


@options_from(Distillation)
def distill(
    distillation: Distillation,
    policy: Annotated[str, typer.Argument(help="Learned policy: «learned», or a .json file.")] = "learned",
    out: Annotated[Path, typer.Option(help="Plan file to write, new.")] = Path("distilled.yaml"),
    json: Json = False,
) -> None:
    """Turn a learned policy into a plan file that can be read, edited and compared, and say how much it keeps.

    Example: recoup distill learned -s taiwan-cards --leaves 24 --out mine.yaml
    """
    from recoup.agents.plans.plan_file import NAME, NAME_WORDS
    from recoup.agents.plans.writing import plan_text
    from recoup.experiments.learning.distillation import LEAVES, kept_share, measures_of
    from recoup.experiments.learning.distillation import distill as run
    from recoup.experiments.report.text import text_in
    from recoup.experiments.runs.kept import Kept
    from recoup.experiments.runs.runfolder import write_text
    from recoup.scenarios.schema import load_scenario
    from recoup.sim.inputs import InputError, parse_yaml

    if not NAME.fullmatch(distillation.name):
        raise InputError("--name", "", distillation.name, NAME_WORDS)
    if out.exists():
        raise InputError(out, "--out", "a file that exists", "a new file")
    scenario, baseline = load_scenario(distillation.scenario), distillation.baseline
    finished = Kept.beside(out)
    with interruptible(lambda: f"what was tried is kept in {finished.path}, and the same command goes on"):
        distilled = run(
            scenario,
            policy,
            distillation.leaves or LEAVES,
            distillation.start,
            name=distillation.name,
            baseline=baseline,
            notify=lambda line: typer.echo(line, err=True),
            kept=finished,
        )
        text = plan_text(distilled.plan)
        seeds = distillation.seed_range
        rates = [
            measures_of(scenario, one, distillation.accounts, seeds, finished)
            for one in (policy, parse_yaml(text, str(out)), baseline)
        ]
        write_text(out, text)
        finished.drop()
    kept = {
        measure: kept_share(*([row[measure] for row in rows] for rows in rates))
        for measure in ("npv_rate", "recovery_rate", "net_recovery_rate", "time_to_recover_days")
    }
    result = {"plan": str(out), "rules": len(distilled.plan.rules), "candidates": distilled.candidates, "kept": kept}
    if json:
        console().print_json(data=result)
        return
    say = text_in("en")
    for measure, share in kept.items():
        unit = "days" if measure.endswith("days") else "points"
        part = "–" if share["share"] is None else f"{share['share']:.0%}"
        console().print(
            f"{measure}: the plan keeps {part} of the advantage over {baseline}: {say.span(share['kept'], unit, signed=True)} "
            f"of {say.span(share['advantage'], unit, signed=True)}",
            soft_wrap=True,
        )
    console().print(f"plan: {out} ({len(distilled.plan.rules)} rules)", soft_wrap=True)
