"""One training under several seeds, side by side: what a training gives depends on its seed as well, and one seed can't say how much.

Folder: `run.json` (settings), a folder as of `training` for each seed (`seed-1`, …), and at the end `training-seeds.json` with the
validation scores and `policy.json` with `policy.safetensors`: the policy that does best on the validation portfolios.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from recoup.agents.training.devices import available_cores
from recoup.experiments.learning.checkpoint import read_progress
from recoup.experiments.learning.files import VALIDATED_CARD, progress_line
from recoup.experiments.learning.settings import MAY_DIFFER, Training
from recoup.experiments.learning.trained_seeds import TrainedSeed, best_of, write_trained
from recoup.experiments.learning.training import PROGRESS, train, trained_stem
from recoup.experiments.runs.runfolder import SETTINGS, open_folder, versions, write_whole
from recoup.experiments.runs.workers import Folder, Workers, run_each
from recoup.sim.inputs import InputError


@dataclass(frozen=True)
class _Task:
    """One training: what a worker runs."""

    training: Training
    command: str


def train_seeds(
    training: Training,
    count: int,
    folder: Path,
    workers: Workers = 1,
    resume: bool = False,
    command: str = "",
    on_done: Callable[[int], None] | None = None,
) -> list[TrainedSeed]:
    """Train a policy for each of several seeds, and choose one of them by validation.

    Args:
        training: the settings; its seed is the first one.
        count: number of seeds.
        folder: of the run; new, unless `resume`.
        workers: processes, or a team; no policy depends on it.
        resume: continue the run in the folder, each seed from its checkpoint; steps and the number of seeds may have been raised.
        command: what the user typed, for cards and `training-seeds.json`.
        on_done: called with each seed whose training has ended (also if that was before).

    Returns:
        Policies and scores in the order of the seeds.

    Raises:
        InputError: as `train`; nothing is left behind if no training could begin.
        KeyboardInterrupt: SIGINT or SIGTERM; checkpoints are kept.
        WorkerLost: a worker was killed; checkpoints are kept.
    """
    stem = trained_stem(training)
    # A node of a cluster gives a task one core; no policy depends on the number of threads.
    threads = training.threads or (max(1, available_cores() // workers) if isinstance(workers, int) else 1)
    trainings = [replace(training, seed=training.seed + number, threads=threads) for number in range(count)]
    settings: dict[str, Any] = json.loads(json.dumps(asdict(training)))
    for name in MAY_DIFFER:
        settings.pop(name)
    open_folder(folder, {"folders": "seed-SEED", **settings}, resume)
    missing = []
    for one in trainings:
        if not _is_finished(one, seed_folder(folder, one.seed)):
            missing.append(_Task(one, command))
        elif on_done:
            on_done(one.seed)
    train_one = partial(_train_one, versions(learning=True))
    try:
        for task, _ in run_each(train_one, missing, workers, Folder(folder, partial(_begun, folder))):
            if on_done:
                on_done(task.training.seed)
    except InputError:
        if not any(seed_folder(folder, one.seed).exists() for one in trainings):  # wrong settings
            (folder / SETTINGS).unlink()
            folder.rmdir()
        raise
    cards = {one.seed: VALIDATED_CARD.read_file(_trained(folder, one.seed, stem)) for one in trainings}
    chosen = {seed: card["training"]["chosen"] for seed, card in cards.items()}
    trained = [
        TrainedSeed.of(seed, _trained(folder, seed, stem).relative_to(folder).as_posix(), said)
        for seed, said in chosen.items()
    ]
    best = folder / best_of(trained).policy
    for ending in (".safetensors", ".json"):
        write_whole(folder / f"{stem}{ending}", partial(shutil.copyfile, best.with_suffix(ending)))
    write_trained(folder, trained, chosen[training.seed]["baseline"], command)
    return trained


def seed_folder(folder: Path, seed: int) -> Path:
    """Where the training of a seed lies within the folder of the run."""
    return folder / f"seed-{seed}"


def latest_lines(folder: Path, seeds: Sequence[int]) -> dict[int, dict[str, Any]]:
    """The last readable line of `progress.jsonl` of each seed that has one, whichever process writes it, or was killed while it wrote.

    Args:
        folder: of the run.
        seeds: of the trainings.
    """
    latest = {}
    for seed in seeds:
        path = seed_folder(folder, seed) / PROGRESS
        text = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
        whole = text[: text.rfind("\n") + 1].splitlines()  # what follows is being written
        if line := next(filter(None, map(progress_line, reversed(whole))), None):
            latest[seed] = line
    return latest


def _trained(folder: Path, seed: int, stem: str) -> Path:
    return seed_folder(folder, seed) / f"{stem}.json"


def _is_finished(training: Training, folder: Path) -> bool:
    progress = read_progress(folder)
    done = progress is not None and progress["steps"] >= training.steps
    return done and (folder / f"{trained_stem(training)}.json").exists()


def _train_one(needed: dict[str, str], task: _Task, folder: Path) -> None:
    if (ours := versions(learning=True)) != needed:  # on another machine; weights would differ
        raise InputError("packages for training", "", ours, f"{needed}, as on the machine that asks")
    own = seed_folder(folder, task.training.seed)
    train(task.training, own, own.exists(), task.command)


def _begun(folder: Path, task: _Task) -> list[Path]:
    """What a training goes on from."""
    return [path for path in seed_folder(folder, task.training.seed).rglob("*") if path.is_file()]
