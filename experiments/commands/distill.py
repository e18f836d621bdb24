"""`recoup distill`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from recoup.experiments.commands.showing import announce
from recoup.experiments.learning.settings import Distillation
from recoup.experiments.runs.console import Json, Language, console, interruptible, progress_display
from recoup.experiments.runs.options import options_from

if TYPE_CHECKING:
    from rich.progress import TaskID


@options_from(Distillation)
def distill(
    distillation: Distillation,
    policy: Annotated[str, typer.Argument(help="Learned policy: «learned», or a .json file.")] = "learned",
    out: Annotated[Path, typer.Option(help="Plan file to write, new.")] = Path("distilled.yaml"),
    lang: Language = "en",
    json: Json = False,
) -> None:
    """Turn a learned policy into a plan file that can be read, edited and compared, and say how much it keeps.

    Example: recoup distill learned -s taiwan-cards --leaves 24 --out mine.yaml
    """
    announce("distill", lang, policy=policy, scenario=distillation.scenario)
    from recoup.agents.plans.plan_file import NAME, NAME_WORDS
    from recoup.agents.plans.writing import plan_text
    from recoup.experiments.learning.distillation import LEAVES, kept_share, measures_of
    from recoup.experiments.learning.distillation import distill as run
    from recoup.experiments.report.text import text_in, written
    from recoup.experiments.runs.kept import Kept
    from recoup.experiments.runs.runfolder import write_text
    from recoup.scenarios.schema import load_scenario
    from recoup.sim.inputs import InputError, parse_yaml

    if not NAME.fullmatch(distillation.name):
        raise InputError("--name", "", distillation.name, NAME_WORDS)
    if out.exists():
        raise InputError(out, "--out", "a file that exists", "a new file")
    say = text_in(lang)
    scenario, baseline = load_scenario(distillation.scenario), distillation.baseline
    finished = Kept.beside(out)
    how_to_go_on = say("terminal.interrupted.tried", path=finished.path)
    with interruptible(lambda: how_to_go_on), progress_display() as progress:
        tasks: dict[str, TaskID] = {}

        def step(stage: str, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = progress.add_task(say(f"terminal.bars.{stage}"), total=total)
            progress.update(tasks[stage], advance=1, total=total)

        distilled = run(
            scenario,
            policy,
            distillation.leaves or LEAVES,
            distillation.start,
            name=distillation.name,
            baseline=baseline,
            notify=lambda line: progress.console.print(line, soft_wrap=True),
            kept=finished,
            step=step,
        )
        text = plan_text(distilled.plan)
        seeds = distillation.seed_range
        rates = []
        for one in (policy, parse_yaml(text, str(out)), baseline):
            rates.append(measures_of(scenario, one, distillation.accounts, seeds, finished))
            step("measuring", 3)
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
    for measure, share in kept.items():
        unit = "days" if measure.endswith("days") else "points"
        part = "–" if share["share"] is None else written(share["share"], ".0%")
        spans = {key: say.span(share[key], unit, signed=True) for key in ("kept", "advantage")}
        named = {"measure": say.measure(measure)[0], "baseline": say.name(baseline)}
        console().print(say("terminal.distill.keeps", part=part, **named, **spans))
    console().print(say("terminal.plan", path=out, rules=len(distilled.plan.rules)), soft_wrap=True)
