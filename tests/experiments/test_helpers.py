"""A training that processes share: the same files to the byte, resumed or not; and the loss of a helper."""

from __future__ import annotations

import multiprocessing
import os
import signal
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from recoup.agents.training import learners
from recoup.agents.training.objective import Objective
from recoup.experiments.learning import helpers
from recoup.experiments.learning import training as module
from recoup.experiments.learning.checkpoint import CHECKPOINT, read_progress
from recoup.experiments.learning.helpers import processes_for
from recoup.experiments.learning.training import PROGRESS, Training, environment, train
from recoup.scenarios.schema import load_scenario
from tests.command import recoup
from tests.experiments import SHORT

# Three rollouts of 20 days; batches of three blocks, which two processes share unequally.
SMALL = Training(SHORT, steps=3 * 4 * 20 * 90, cohorts=2, accounts=90, critic_rollouts=1, lever_worlds=0.9, threads=1)


@pytest.fixture(autouse=True)
def always(monkeypatch: pytest.MonkeyPatch) -> None:
    """However short, a training has helpers, and each rollout is checkpointed."""
    monkeypatch.setattr(helpers, "WORTH_HELP", 0)
    monkeypatch.setattr(module, "CHECKPOINT_SECONDS", 0.0)


def left(folder: Path) -> list[bytes]:
    return [(folder / name).read_bytes() for name in ("policy.json", "policy.safetensors", PROGRESS)]


def test_two_processes_leave_what_one_does_also_when_resumed(tmp_path: Path) -> None:
    train(SMALL, tmp_path / "one")
    two = replace(SMALL, threads=2)
    seen = []

    def stop(*_: Any) -> None:
        seen.append(len(multiprocessing.active_children()))
        if len(seen) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(two, tmp_path / "two", notify=stop)
    assert seen == [1, 1]  # the helper
    assert not multiprocessing.active_children()
    train(two, tmp_path / "two", resume=True)
    assert left(tmp_path / "two") == left(tmp_path / "one")
    assert not multiprocessing.active_children()


def test_a_helper_that_is_killed_ends_the_command_in_one_line_and_keeps_the_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save = module._Run.save_checkpoint
    saved = []

    def save_and_kill(run: Any) -> None:
        save(run)
        saved.append(run.learner.num_timesteps)
        if len(saved) == 2:
            (helper,) = multiprocessing.active_children()
            assert helper.pid is not None
            os.kill(helper.pid, signal.SIGKILL)

    monkeypatch.setattr(module._Run, "save_checkpoint", save_and_kill)
    said = recoup(
        "train", "-s", SHORT, "--steps", "21600", "--cohorts", "2", "--accounts", "90", "--threads", "2", "--warm-start", "none",
        "--out", tmp_path / "run",
    )  # fmt: skip
    assert said.returncode == 1
    (line,) = [line for line in said.stderr.splitlines() if line.startswith("recoup: ")][-1:]
    assert line.startswith("recoup: helper process: got 'killed by the system', expected enough memory: --threads 1")
    assert line.endswith(f"resume with: recoup train … --out {tmp_path / 'run'} --resume")
    assert "Traceback" not in said.stderr
    progress = read_progress(tmp_path / "run")
    assert progress is not None and progress["steps"] == saved[-1] > 0
    assert not list((tmp_path / "run").glob(f"{CHECKPOINT}?*")) and not multiprocessing.active_children()


def test_as_many_processes_as_have_something_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    def learner(algorithm: str, **changes: Any) -> Any:
        settings = replace(SMALL, algorithm=algorithm, **changes)
        env = environment(settings, load_scenario(SMALL.scenario), Objective())
        return learners.build(algorithm, env, learners.hyperparameters(algorithm), 1)

    two_cohorts = learner("maskable-ppo", cohorts=1)
    assert [processes_for(two_cohorts, threads, 10**7) for threads in (1, 2, 8)] == [1, 2, 2]
    eight_cohorts = learner("maskable-ppo", cohorts=4)
    assert processes_for(eight_cohorts, 16, 10**7) == 4  # batches of 9,000 rows have four blocks of at most 2,500
    assert processes_for(learner("ppo"), 16, 10**7) == 1
    monkeypatch.undo()
    assert processes_for(eight_cohorts, 16, 999_999) == 1 < processes_for(eight_cohorts, 16, 1_000_000)
