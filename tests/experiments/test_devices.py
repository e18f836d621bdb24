"""The device that networks learn on: what is asked for, what there is, and what is told of it."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
import torch

from recoup.agents.training import learners
from recoup.agents.training.devices import device_for
from recoup.experiments.learning import training as module
from recoup.experiments.learning.settings import Training
from recoup.sim.inputs import InputError
from tests.command import recoup
from tests.experiments import SHORT

SMALL = Training(SHORT, steps=1, cohorts=1, paired_rollouts=1, accounts=10, warm_start=None, device="cpu")


@pytest.mark.parametrize(
    ("asked", "there_is_one", "chosen"),
    [("auto", True, "cuda"), ("auto", False, "cpu"), ("cpu", True, "cpu"), ("cuda", True, "cuda")],
)
def test_the_accelerator_is_taken_where_there_is_one(
    monkeypatch: pytest.MonkeyPatch, asked: str, there_is_one: bool, chosen: str
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: there_is_one)
    assert device_for(asked) == chosen


@pytest.mark.parametrize(("asked", "said"), [("cuda", "PyTorch sees no CUDA device"), ("gpu", "auto, cpu, cuda")])
def test_a_device_that_is_not_there_is_refused_in_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, asked: str, said: str
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    for more in ((), ("--training-seeds", "2")):
        done = recoup("train", "--device", asked, *more, "--out", tmp_path / "run")
        assert done.returncode == 2 and done.stderr.count("\n") == 1
        assert "--device" in done.stderr and said in done.stderr and not (tmp_path / "run").exists()
    with pytest.raises(InputError, match="--device"):
        module.train(replace(SMALL, device=asked), tmp_path / "run")


def test_the_learner_is_built_on_the_device_that_was_chosen(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    given: list[Any] = []

    def noted(*arguments: Any) -> None:
        given.extend(arguments)
        raise RuntimeError

    monkeypatch.setattr(learners, "build", noted)
    with pytest.raises(RuntimeError):
        module.train(replace(SMALL, device="auto", threads=3), tmp_path / "run")
    assert given[-1] == "cuda"
    # A run may go on with another device and other threads: they are no part of what it is.
    assert not {"device", "threads", "steps"} & set(json.loads((tmp_path / "run" / "run.json").read_text()))
    assert {"device", "threads", "steps"} < set(asdict(SMALL))


def test_the_command_and_the_card_say_what_it_was(tmp_path: Path) -> None:
    options = [f"--{name.replace('_', '-')}" for name in ("steps", "cohorts", "paired_rollouts", "accounts")]
    given = [text for option, value in zip(options, "1 1 1 10".split(), strict=True) for text in (option, value)]
    given += ["-s", SHORT, "--warm-start", "none", "--device", "cpu", "--threads", "2"]
    done = recoup("train", *given, "--out", tmp_path / "run")
    assert done.returncode == 0, done.stderr
    assert "device: cpu\n" in done.stdout
    card = json.loads((tmp_path / "run" / "policy.json").read_text())
    assert card["training"]["device"] == "cpu" and "threads" not in card["training"]
