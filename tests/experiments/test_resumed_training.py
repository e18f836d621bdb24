"""A training that is interrupted and resumed ends as one that never was: weights, card, and every line of its progress."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import load, save

from recoup.experiments.learning import training as module
from recoup.experiments.learning.checkpoint import CHECKPOINT, read_progress
from recoup.experiments.learning.training import PROGRESS, Training, how_it_resumes, train, trained_stem
from recoup.sim.inputs import InputError
from tests.command import recoup
from tests.experiments import SHORT

# Four rollouts of two cohorts at two ages, half a horizon of 40 days each.
SMALL = Training(SHORT, steps=4 * 2 * 20 * 20, cohorts=2, paired_rollouts=1, accounts=20, warm_start=None)
SETTINGS = {
    "alone": SMALL,
    "paired, in other worlds": replace(SMALL, paired_rollouts=2, steps=2 * SMALL.steps, lever_worlds=0.9),
    "memory": replace(SMALL, algorithm="recurrent-ppo"),
    "family": replace(SMALL, price_family=True),
    "improving": replace(SMALL, improve="tiered", contact_cap_per_week=2),
}


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each rollout is checkpointed, and every third is validated."""
    monkeypatch.setattr(module, "CHECKPOINT_SECONDS", 0.0)
    monkeypatch.setattr(module, "EVERY", 3)


def interrupted_at(rollout: int) -> Callable[..., None]:
    calls = []

    def stop(*_: Any) -> None:
        calls.append(1)
        if len(calls) == rollout:
            raise KeyboardInterrupt

    return stop


def left(folder: Path, training: Training) -> list[bytes]:
    stem = trained_stem(training)
    return [(folder / name).read_bytes() for name in (f"{stem}.json", f"{stem}.safetensors", PROGRESS)]


@pytest.mark.parametrize(
    "name",
    [
        "paired, in other worlds",
        *(pytest.param(one, marks=pytest.mark.slow) for one in SETTINGS if "paired" not in one),
    ],
)
def test_a_resumed_training_ends_as_an_uninterrupted_one(tmp_path: Path, name: str) -> None:
    """Interrupted in the second rollout before anything is validated, in the first after that, and in the third."""
    training = SETTINGS[name]
    train(training, tmp_path / "whole")
    for number, rollout in enumerate((2, 1, 2)):
        with pytest.raises(KeyboardInterrupt):
            train(training, tmp_path / "stopped", resume=number > 0, notify=interrupted_at(rollout))
    train(training, tmp_path / "stopped", resume=True)
    assert left(tmp_path / "stopped", training) == left(tmp_path / "whole", training)
    lines = [json.loads(line) for line in (tmp_path / "stopped" / PROGRESS).read_text().splitlines()]
    size = training.steps // 4
    assert [line["steps"] for line in lines] == [size, 2 * size, 3 * size, 4 * size]
    assert ["validation" in line for line in lines] == [False, False, True, False]


def test_lines_after_the_checkpoint_and_a_line_cut_off_are_not_kept(tmp_path: Path) -> None:
    run = module._Run(*[None] * 1, tmp_path, *[None] * 9)  # type: ignore[arg-type]
    of = {"recovery": None, "days": None, "recovery_baseline": 0.5, "days_baseline": 90.0}
    first, second, third = (json.dumps({"steps": steps} | of) + "\n" for steps in (10, 20, 30))
    (tmp_path / PROGRESS).write_text(first + '{"steps": 15}\n[1]\n' + second + third + '{"ste')
    run.cut_lines(20)
    assert (tmp_path / PROGRESS).read_text() == first + second


def test_what_a_resumed_training_says_of_itself(tmp_path: Path) -> None:
    assert how_it_resumes(SMALL, tmp_path) == [("anew", {})]
    with pytest.raises(KeyboardInterrupt):
        train(SMALL, tmp_path / "run", notify=interrupted_at(2))
    assert how_it_resumes(SMALL, tmp_path / "run") == [("after", {"steps": "800"})]
    said = how_it_resumes(replace(SMALL, steps=99_000, algorithm="dqn"), tmp_path / "run")
    assert said[1:] == [("asked", {"asked": 3_200, "steps": 99_000}), ("memory", {"algorithm": "dqn"})]


def test_a_broken_checkpoint_is_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        train(SMALL, tmp_path / "run", notify=interrupted_at(1))
    whole = (tmp_path / "run" / CHECKPOINT).read_bytes()
    assert read_progress(tmp_path / "run") is not None
    for broken in (b"", whole[: len(whole) // 2], whole.replace(b"state.json", b"stale.json")):
        (tmp_path / "run" / CHECKPOINT).write_bytes(broken)
        with pytest.raises(
            InputError, match=r"checkpoint.zip: got .*, expected a checkpoint that this version"
        ) as caught:
            train(SMALL, tmp_path / "run", resume=True)
        assert "\n" not in str(caught.value)


def test_an_edited_checkpoint_is_refused_at_its_place(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        train(SMALL, tmp_path / "run", notify=interrupted_at(2))
    file = tmp_path / "run" / CHECKPOINT
    with zipfile.ZipFile(file) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}

    def put(state: bytes, **others: bytes) -> None:
        with zipfile.ZipFile(file, "w") as archive:
            for name, content in (members | {"state.json": state} | others).items():
                archive.writestr(name, content)

    def edited(*place: str, to: Any) -> bytes:
        state = json.loads(members["state.json"])
        holder = state
        for part in place[:-1]:
            holder = holder[part]
        holder[place[-1]] = to
        return json.dumps(state).encode()

    cost = ("progress", "limits", "cost")
    for state, said in (
        (b"{", "line 1: got"),
        (b"\xff", "byte 0: got"),
        (b"[1]", "a JSON object"),
        (edited("progress", "steps", to="3600"), "progress.steps: got '3600'"),
        (edited("progress", "rollouts", to=-1), "progress.rollouts: got -1"),
        (edited("progress", "best", to=1e300), "progress.best: got 1e+300"),
        (edited(*cost, "price", to=None), "progress.limits.cost.price: got None"),
        (edited(*cost, to={"price": 0.1}), "progress.limits.cost.usage: got"),
        (edited("progress", "limits", to={}), "limits: got '', expected cost, complaints, contacts"),
        (edited("numpy", to={}), "expected a checkpoint that this version"),
        (edited("actions", to={"bit_generator": "MT19937"}), "expected a checkpoint that this version"),
        (edited("simulations", "origins", to=[]), "expected a checkpoint that this version"),
        (edited("simulations", "drawn_from", to=[]), "expected a checkpoint that this version"),
        (edited("simulations", "recovered", to=["x"]), "simulations.recovered[0]: got 'x'"),
        (edited("simulations", "times", to=None), "simulations.times: got None"),
    ):
        put(state)
        with pytest.raises(InputError) as caught:
            train(SMALL, tmp_path / "run", resume=True)
        message = str(caught.value)
        assert message.startswith(f"{file}: ") and said in message and "\n" not in message, message
    arrays = load(members["arrays.safetensors"])
    name = next(name for name in arrays if name.startswith("average."))
    for average, said in (({name: np.zeros(3, np.float32)}, "tensors: got"), ({name: arrays[name] * np.nan}, "finite")):
        put(members["state.json"], **{"arrays.safetensors": save(arrays | average)})
        with pytest.raises(InputError, match=said):
            train(SMALL, tmp_path / "run", resume=True)
    for other, said in (
        ({"starts": np.ones(3, bool)}, r"array starts: got 'bool \(3,\)', expected bool \(40\)"),
        ({"actions.0": arrays["actions.0"].astype(np.int64)}, "actions are int64"),
    ):
        put(members["state.json"], **{"arrays.safetensors": save(arrays | other)})
        with pytest.raises(InputError, match=said):
            train(SMALL, tmp_path / "run", resume=True)


def test_a_refused_checkpoint_changes_nothing_and_its_numbers_are_finite(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the two rollouts noted, the checkpoint holds the first: the second's line goes once the checkpoint is taken, not before."""
    import torch

    with pytest.raises(KeyboardInterrupt):
        train(SMALL, tmp_path / "run", notify=interrupted_at(2))
    noted, file = (tmp_path / "run" / PROGRESS).read_bytes(), tmp_path / "run" / CHECKPOINT
    assert noted.count(b"\n") == 2
    monkeypatch.setattr(module, "rollout_baseline", None)  # nothing is simulated before the refusal
    with zipfile.ZipFile(file) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    for member, broken in (("policy.pth", torch.nan), ("policy.optimizer.pth", torch.inf), ("policy.optimizer.pth", 0)):
        content = torch.load(io.BytesIO(members[member]), weights_only=True)
        tensors = next(iter(content["state"].values())) if "state" in content else content
        name = "exp_avg" if "state" in content else "value_net.bias"
        tensors[name] = torch.full_like(tensors[name], broken) if broken else torch.zeros(2, 3, 4)
        made = io.BytesIO()
        torch.save(content, made)
        with zipfile.ZipFile(file, "w") as archive:
            for one, inner in (members | {member: made.getvalue()}).items():
                archive.writestr(one, inner)
        said = f"checkpoint.zip: {member.removesuffix('.pth')}: got " + ("'not finite'" if broken else ".*2, 3, 4")
        with pytest.raises(InputError, match=said):
            train(SMALL, tmp_path / "run", resume=True)
        assert (tmp_path / "run" / PROGRESS).read_bytes() == noted


@pytest.mark.parametrize("seed", [800, 800_000, 800_001])
def test_seeds_of_the_validation_are_no_seeds_of_a_training(tmp_path: Path, seed: int) -> None:
    done = recoup("train", "--seed", str(seed), "--out", tmp_path / "run")
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and str(seed) in done.stderr
    assert not (tmp_path / "run").exists()
    several = recoup("train", "--seed", str(seed - 1), "--training-seeds", "3", "--out", tmp_path / "run")
    assert several.returncode == 2 and not (tmp_path / "run").exists()


@pytest.mark.parametrize("seed", [1, 799, 801, 799_999, 800_002, 1_000_000])
def test_the_neighbours_of_those_seeds_share_nothing_with_the_validation(seed: int) -> None:
    """Accounts are drawn by 20,000,000 + seed, cohorts by that + 1,000 a seed and one each, validation by 20,800,000 and the next."""
    training = replace(SMALL, seed=seed, cohorts=60)
    used = {training.seed, *(1000 * seed + number for number in range(60))}
    assert not used & {800_000, 800_001}


def test_a_family_with_memory_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    done = recoup("train", "--algorithm", "recurrent-ppo", "--price-family", "--out", tmp_path / "run")
    assert done.returncode == 2 and done.stderr.count("\n") == 1
    assert "recurrent-ppo" in done.stderr and "without memory" in done.stderr and not (tmp_path / "run").exists()


def test_the_random_generators_go_on_where_they_were(tmp_path: Path) -> None:
    """The same numbers come from numpy and torch after a checkpoint was restored as came after it was written."""
    import torch

    drawn: list[tuple[float, float]] = []
    original = module.write_checkpoint

    def noted(*arguments: Any) -> None:
        original(*arguments)
        states = np.random.get_state(), torch.get_rng_state()
        drawn.append((float(np.random.random()), float(torch.rand(1))))
        np.random.set_state(states[0])
        torch.set_rng_state(states[1])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "write_checkpoint", noted)
        with pytest.raises(KeyboardInterrupt):
            train(SMALL, tmp_path / "run", notify=interrupted_at(2))
        np.random.seed(99)
        torch.manual_seed(99)
        with pytest.raises(KeyboardInterrupt):
            train(SMALL, tmp_path / "run", resume=True, notify=interrupted_at(1))
    assert len(drawn) == 3 and drawn[1] == drawn[2] != drawn[0]
