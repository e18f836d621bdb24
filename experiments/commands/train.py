"""`recoup train`."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from recoup.experiments.commands.showing import announce
from recoup.experiments.learning.settings import Training
from recoup.experiments.runs.console import (
    Json,
    Language,
    Ray,
    Workers,
    command_line,
    console,
    interruptible,
    progress_display,
)
from recoup.experiments.runs.extras import needs_extra
from recoup.experiments.runs.options import options_from

if TYPE_CHECKING:
    from recoup.experiments.report.text import Text
    from recoup.experiments.runs.workers import WorkerLost


@options_from(Training)
def train(
    training: Training,
    training_seeds: Annotated[
        int,
        typer.Option(min=1, max=1000, help="Train under so many seeds, from --seed on; validation chooses the policy."),
    ] = 1,
    workers: Workers = 1,
    ray: Ray = None,
    out: Annotated[Path | None, typer.Option(help="Folder, new.", show_default="runs/train-<scenario>-<time>")] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Resume the run in --out from its latest checkpoint.")
    ] = False,
    lang: Language = "en",
    json: Json = False,
) -> None:
    """Train a policy on a scenario, within the cost, complaints and contacts of the plan it is to beat.

    \b
    Examples:
      recoup train -s taiwan-cards --steps 5000000 --seed 3 --out runs/mine
      recoup train -s china-consumer --training-seeds 5 --workers 2 --out runs/five
    """
    announce("train", lang, scenario=training.scenario, steps=f"{training.steps:,}")
    needs_extra("learn", "torch", "stable_baselines3", "sb3_contrib")
    from recoup.experiments.runs.runfolder import new_run_folder

    if resume and out is None:
        raise typer.BadParameter("--resume needs --out, the folder of the run to resume")
    folder = out or new_run_folder(f"train-{Path(training.scenario).stem}")
    if training_seeds > 1:
        _train_seeds(training, training_seeds, folder, (workers, ray), resume, lang, json)
    elif ray is not None:
        raise typer.BadParameter("--ray needs --training-seeds of 2 or more: each is trained on one node")
    else:
        _train_one(training, folder, resume, lang, json)


def _train_one(training: Training, folder: Path, resume: bool, lang: str, json: bool) -> None:
    from recoup.agents.training.devices import device_for
    from recoup.experiments.learning.training import how_it_resumes, trained_stem
    from recoup.experiments.learning.training import train as run
    from recoup.experiments.report.text import text_in
    from recoup.experiments.runs.workers import WorkerLost

    device = device_for(training.device)
    if resume:
        say = text_in(lang)
        said = [say(f"terminal.train.resumes.{key}", **values) for key, values in how_it_resumes(training, folder)]
        print(f"recoup: {say('list.semicolon').join(said)}", file=sys.stderr)
    with _progress() as progress:
        task = progress.add_task(text_in(lang)("terminal.bars.first_rollout", device=device), total=training.steps)

        def show(done: int, line: dict[str, float]) -> None:
            progress.update(task, completed=done, description=_described(training, line, text_in(lang)))

        try:
            with interruptible(lambda: _how_to_resume(folder, lang)):
                policy = run(training, folder, resume, command_line(), show)
        except WorkerLost as error:
            progress.stop()
            _tell_of_loss(error, folder, lang)
    written = folder / f"{trained_stem(training)}.json"
    if json:
        chosen = policy.card.training["chosen"]
        console().print_json(
            data={"policy": str(written), "name": policy.card.name, "device": device, "chosen": chosen}
        )
        return
    say = text_in(lang)
    console().print(say("terminal.device", device=device))
    console().print(say("terminal.policy", path=written), soft_wrap=True)


def _train_seeds(
    training: Training, count: int, folder: Path, workers: tuple[int, str | None], resume: bool, lang: str, json: bool
) -> None:
    from recoup.agents.training.devices import device_for
    from recoup.experiments.learning.files import TRAINING_SEEDS_FILE
    from recoup.experiments.learning.training import trained_stem
    from recoup.experiments.learning.training_seeds import latest_lines, train_seeds
    from recoup.experiments.report.text import text_in
    from recoup.experiments.runs.workers import WorkerLost, team_of

    say = text_in(lang)
    seeds, device = range(training.seed, training.seed + count), device_for(training.device)
    with _progress() as progress:
        tasks = {seed: progress.add_task(say("terminal.bars.seed", seed=seed), total=training.steps) for seed in seeds}

        def show() -> None:
            for seed, line in latest_lines(folder, seeds).items():
                description = say("terminal.bars.of_seed", seed=seed, how=_described(training, line, say))
                progress.update(tasks[seed], completed=line["steps"], description=description)

        try:
            with interruptible(lambda: _how_to_resume(folder, lang)), team_of(*workers) as team, _every_second(show):
                train_seeds(training, count, folder, team, resume, command_line())
        except WorkerLost as error:
            progress.stop()
            _tell_of_loss(error, folder, lang)
    result, written = TRAINING_SEEDS_FILE.read(folder), folder / f"{trained_stem(training)}.json"
    if json:
        console().print_json(data={"policy": str(written), "device": device, **result})
        return
    _print(result, say)
    console().print(say("terminal.device", device=device))
    chosen = say("terminal.train.seed", path=written, seed=result["chosen"])
    console().print(say("terminal.policy", path=chosen), soft_wrap=True)


def _progress() -> Any:
    from rich.progress import BarColumn

    from recoup.experiments.runs.remaining import Remaining

    return progress_display(BarColumn(bar_width=16), Remaining())


def _described(training: Training, line: dict[str, Any], say: Text) -> str:
    if line["recovery"] is None:
        return say("terminal.bars.first_cohort")
    from recoup.experiments.report.text import written

    shares = {name: written(line[name], ".1%") for name in ("recovery", "recovery_baseline")}
    days = {name: f"{line[name]:.0f}" for name in ("days", "days_baseline")}
    return say("terminal.bars.learning", baseline=say.name(training.baseline), **shares, **days)


@contextmanager
def _every_second(call: Callable[[], None]) -> Iterator[None]:
    """Workers can't reach the terminal; what they write into their folders is looked at while they work, and once more at the end."""
    done = threading.Event()

    def repeat() -> None:
        while not done.wait(1.0):
            call()

    thread = threading.Thread(target=repeat, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
        call()


def _tell_of_loss(error: WorkerLost, folder: Path, lang: str) -> NoReturn:
    print(f"recoup: {error}; {_how_to_resume(folder, lang)}", file=sys.stderr)
    raise typer.Exit(1) from None


def _how_to_resume(folder: Path, lang: str) -> str:
    from recoup.experiments.report.text import text_in
    from recoup.experiments.runs.runfolder import SETTINGS

    say = text_in(lang)
    if not (folder / SETTINGS).exists():
        return say("terminal.interrupted.again")
    return say("terminal.interrupted.checkpoints", command=f"recoup train … --out {folder} --resume")


def _print(result: dict[str, Any], say: Text) -> None:
    from recoup.experiments.runs.tables import Table

    parts_of_score = [say.one_of("terminal.heads", name) for name in result["baseline"]]
    columns = [*say.heads("seed", "score"), *parts_of_score, *say.heads("chosen")]
    table = Table(*columns, title=say("terminal.train.title"))
    for row in result["seeds"]:
        chosen = say("yes") if row["seed"] == result["chosen"] else ""
        parts = (f"{row['parts'][part]:.4f}" if part in row["parts"] else "" for part in result["baseline"])
        table.add_row(str(row["seed"]), f"{row['score']:.4f}", *parts, chosen)
    baseline = (f"{value:.4f}" for value in result["baseline"].values())
    table.add_row(say("terminal.train.baseline"), "", *baseline, "", style="dim")
    console().print(table)
