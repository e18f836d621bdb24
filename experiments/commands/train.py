"""`recoup train`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from recoup.experiments.learning.settings import Training
from recoup.experiments.runs.console import INTERRUPTED, Json, command_line, console, progress_display
from recoup.experiments.runs.extras import needs_extra
from recoup.experiments.runs.options import options_from


@options_from(Training)
def train(
    training: Training,
    out: Annotated[Path | None, typer.Option(help="Folder, new.", show_default="runs/train-<scenario>-<time>")] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Resume the run in --out from its latest checkpoint.")
    ] = False,
    json: Json = False,
) -> None:
    """Train a policy on a scenario, within the cost and complaints of the plan it is to beat.

    Example: recoup train -s taiwan-cards --steps 5000000 --seed 3 --out runs/mine
    """
    from rich.progress import BarColumn, TimeRemainingColumn

    needs_extra("learn", "torch", "stable_baselines3", "sb3_contrib")
    from recoup.experiments.learning.training import POLICY
    from recoup.experiments.learning.training import train as run
    from recoup.experiments.runs.runfolder import new_run_folder

    if resume and out is None:
        raise typer.BadParameter("--resume needs --out, the folder of the run to resume")
    folder = out or new_run_folder(f"train-{Path(training.scenario).stem}")
    with progress_display(BarColumn(), TimeRemainingColumn()) as progress:
        task = progress.add_task("first rollout", total=training.steps)

        def show(done: int, line: dict[str, float]) -> None:
            description = (
                f"recovery {line['recovery']:.1%} ({training.baseline} {line['recovery_baseline']:.1%}), "
                f"{line['days']:.0f} days ({line['days_baseline']:.0f})"
            )
            progress.update(task, completed=done, description=description)

        try:
            policy = run(training, folder, resume, command_line(), show)
        except KeyboardInterrupt:
            progress.stop()
            print(f"recoup: interrupted. Resume with: recoup train … --out {folder} --resume", file=sys.stderr)
            raise typer.Exit(INTERRUPTED) from None
    if json:
        chosen = policy.card.training["chosen"]
        console().print_json(data={"policy": str(folder / f"{POLICY}.json"), "name": policy.name, "chosen": chosen})
        return
    console().print(f"policy: {folder / POLICY}.json", soft_wrap=True)
