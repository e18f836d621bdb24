"""Many training seeds: interquartile means and intervals against plain computation, the choice by validation, workers, resuming, tables."""

from __future__ import annotations

import importlib.util
import itertools
import json
import os
import signal
import subprocess
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recoup.experiments.comparison.interquartile import (
    interquartile_mean,
    over_both_seeds,
    over_evaluation_seeds,
    probability_of_improvement,
)
from recoup.experiments.comparison.measure import Better
from recoup.experiments.learning import training_seeds
from recoup.experiments.learning.seed_evaluation import SEED_EVALUATION, SeedEvaluation, evaluate_seeds
from recoup.experiments.learning.trained_seeds import TRAINING_SEEDS, read_trained
from recoup.experiments.learning.training import CHECKPOINT, POLICY, PROGRESS, Training
from recoup.experiments.learning.training_seeds import latest_lines, train_seeds
from recoup.experiments.runs.runfolder import SETTINGS, write_json
from recoup.sim.inputs import InputError
from tests.command import process, recoup

SMALL = Training("china-consumer", steps=5400, cohorts=2, paired_rollouts=1, accounts=30, warm_start=None, seed=7)
SHIPPED = Path(__file__).parents[2] / "agents" / "policies"

# Three training seeds (rows) on four evaluation seeds.
SCORES = np.array([[1.0, 4.0, 2.0, 9.0], [3.0, 8.0, 5.0, 12.0], [2.0, 7.0, 6.0, 30.0]])


def middle_mean(values: Any) -> float:
    """Of n values the mean of those that are left when a quarter of n, rounded down, is taken off either end."""
    ordered = sorted(values)
    off = len(ordered) // 4
    kept = ordered[off : len(ordered) - off]
    return sum(kept) / len(kept)


def test_the_interquartile_mean_leaves_a_quarter_off_either_end() -> None:
    # 1 2 2 | 3 4 5 6 7 8 | 9 12 30: the six in the middle are 33 together.
    assert interquartile_mean(SCORES) == pytest.approx(33 / 6)
    assert interquartile_mean(np.array([1.0, 2.0, 3.0, 4.0, 100.0])) == pytest.approx(3.0)  # 5 // 4 = 1 off either end


def test_intervals_over_evaluation_seeds_resample_the_same_ones_in_every_policy() -> None:
    found = over_evaluation_seeds(SCORES)
    exact = [
        middle_mean(row[seed] for row in SCORES for seed in drawn) for drawn in itertools.product(range(4), repeat=4)
    ]
    assert found["mean"] == pytest.approx(5.5)
    # Student's t with 3 degrees of freedom leaves 2.5 % beyond 3.1824; of 4 seeds, 3.1824 × √(4/3) = 3.6748 leaves 0.012 % of a normal
    # distribution: less than the one in 256 that draws the same seed four times, so the limits are the extremes.
    assert (found["low"], found["high"]) == (pytest.approx(min(exact)), pytest.approx(max(exact)))
    assert min(exact) == pytest.approx((1 + 2 + 2 + 2 + 2 + 3) / 6)
    assert max(exact) == pytest.approx((9 + 12 + 12 + 12 + 12 + 30) / 6)


def test_intervals_over_both_seeds_resample_training_seeds_as_well() -> None:
    scores = SCORES[:2, :3]
    found = over_both_seeds(scores)
    exact = [
        middle_mean(scores[row, seed] for row in rows for seed in seeds)
        for rows in itertools.product(range(2), repeat=2)
        for seeds in itertools.product(range(3), repeat=3)
    ]
    # Two training seeds say nothing of their own spread but its range: the limits are the extremes of what can be drawn.
    assert (found["low"], found["high"]) == (pytest.approx(min(exact)), pytest.approx(max(exact)))
    assert (min(exact), max(exact)) == (1.0, 8.0)
    assert found["mean"] == pytest.approx((2 + 3 + 4 + 5) / 4)
    alike = over_both_seeds(np.tile([[1.0, 4.0, 2.0]], (2, 1)))
    assert alike["low"] == over_evaluation_seeds(np.array([[1.0, 4.0, 2.0]]))["low"] == 1.0


def test_policies_that_differ_widen_the_interval_over_both_seeds_alone() -> None:
    rng = np.random.default_rng(5)
    luck = rng.normal(size=(1, 40))
    alike = 10.0 + luck + 0.01 * rng.normal(size=(5, 40))
    apart = alike + np.array([[-4.0], [-2.0], [0.0], [2.0], [4.0]])

    def width(interval: Any) -> float:
        return interval["high"] - interval["low"]

    assert width(over_both_seeds(apart)) > 4 * width(over_both_seeds(alike))
    # Shared luck does not cancel: 1 / √40 = 0.158, and ± 2.0 of that is 0.63; if each policy drew its own, 0.28.
    assert 0.45 < width(over_evaluation_seeds(alike)) < 0.9


def test_the_interval_over_both_seeds_holds_the_truth_often_enough() -> None:
    rng, held = np.random.default_rng(3), 0
    for _ in range(100):  # training, shared luck and the rest spread alike; the truth is 0
        scores = rng.normal(size=(5, 1)) + rng.normal(size=(1, 20)) + rng.normal(size=(5, 20))
        found = over_both_seeds(scores)
        assert found["low"] is not None and found["high"] is not None
        held += found["low"] <= 0.0 <= found["high"]
    assert held >= 91  # of 95 %, two standard errors less


def test_one_seed_has_no_interval() -> None:
    assert over_both_seeds(SCORES[:1]) == {"mean": 3.0, "low": None, "high": None}
    assert over_both_seeds(SCORES[:, :1])["low"] is None
    assert over_evaluation_seeds(SCORES[:, :1]) == {"mean": 2.0, "low": None, "high": None}
    assert over_evaluation_seeds(SCORES[:1])["low"] == 1.0


def test_the_probability_of_improvement_counts_runs_on_the_same_evaluation_seed_and_ties_half() -> None:
    baseline = np.array([2.0, 5.0, 5.0, 9.0])
    # Above it: 0 + 2 + 1 + 2 of twelve; ties: one at 2, one at 5 (third seed), one at 9.
    above, ties = 1 + 2 + 1 + 2, 3
    found = probability_of_improvement(SCORES, baseline, Better.MORE)
    assert found["mean"] == pytest.approx((above + ties / 2) / 12)
    less = probability_of_improvement(SCORES, baseline, Better.LESS)
    assert less["mean"] == pytest.approx(1 - found["mean"])
    assert probability_of_improvement(SCORES, baseline - 100, Better.MORE) == {"mean": 1.0, "low": 1.0, "high": 1.0}


def scored(scores: dict[int, float], trained: list[int] | None = None) -> Any:
    """Stands in for `train`: leaves what a finished training leaves, with a validation score of ours."""

    def train(training: Training, folder: Path, resume: bool, command: str) -> None:
        if trained is not None:
            trained.append(training.seed)
        parts = {"cash": 0.1 * training.seed, "cost": 0.01}
        chosen = {"steps": 60, **parts, "score": scores[training.seed], "baseline": {"cash": 0.5, "cost": 0.02}}
        write_json(folder / SETTINGS, {})
        write_json(folder / f"{POLICY}.json", {"training": {"command": command, "chosen": chosen}})
        (folder / f"{POLICY}.safetensors").write_text(f"weights of {training.seed}")
        write_json(folder / f"{CHECKPOINT}.json", {"steps": training.steps})

    return train


def test_the_policy_with_the_best_validation_score_is_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training_seeds, "train", scored({7: 0.2, 8: 0.9, 9: 0.9, 10: 0.4}))
    done = recoup("train", "--seed", "7", "--training-seeds", "4", "--steps", "100", "--out", tmp_path / "run")
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "run"
    assert (folder / f"{POLICY}.safetensors").read_text() == "weights of 8"
    assert (folder / f"{POLICY}.json").read_text() == (folder / "seed-8" / f"{POLICY}.json").read_text()
    table = json.loads((folder / TRAINING_SEEDS).read_text())
    assert table["chosen"] == 8 and table["baseline"] == {"cash": 0.5, "cost": 0.02}
    assert [row["seed"] for row in table["seeds"]] == [7, 8, 9, 10]
    assert table["seeds"][1] == {
        "seed": 8, "policy": "seed-8/policy.json", "steps": 60, "score": 0.9, "parts": {"cash": 0.8, "cost": 0.01}
    }  # fmt: skip
    assert read_trained(folder)[3].score == 0.4
    shown = [line.split() for line in done.stdout.splitlines() if line.startswith("│")]
    assert [row[1] for row in shown if "yes" in row] == ["8"]
    assert ["│", "10", "│", "0.4000", "│", "1.0000", "│", "0.0100", "│", "│"] in shown
    assert max(map(len, done.stdout.splitlines()[:-1])) <= 80 and done.stdout.endswith("(seed 8)\n")


def test_resuming_trains_what_is_not_finished_and_adds_seeds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trained: list[int] = []
    monkeypatch.setattr(training_seeds, "train", scored({7: 0.1, 8: 0.2, 9: 0.3}, trained))
    folder = tmp_path / "run"
    train_seeds(SMALL, 2, folder)
    write_json(folder / "seed-8" / f"{CHECKPOINT}.json", {"steps": SMALL.steps - 1})
    train_seeds(SMALL, 3, folder, resume=True)
    assert trained == [7, 8, 8, 9]
    assert json.loads((folder / TRAINING_SEEDS).read_text())["chosen"] == 9
    train_seeds(replace(SMALL, steps=2 * SMALL.steps), 3, folder, resume=True)
    assert trained[4:] == [7, 8, 9]
    with pytest.raises(InputError, match="time_weight"):
        train_seeds(replace(SMALL, time_weight=1.0), 3, folder, resume=True)
    with pytest.raises(InputError, match="a folder that exists"):
        train_seeds(SMALL, 3, folder)


def test_a_folder_of_one_training_is_not_taken_for_one_of_many(tmp_path: Path) -> None:
    settings = {name: getattr(SMALL, name) for name in SMALL.__dataclass_fields__ if name != "steps"}
    write_json(tmp_path / "run" / SETTINGS, settings)
    with pytest.raises(InputError, match="folders"):
        train_seeds(SMALL, 2, tmp_path / "run", resume=True)
    with pytest.raises(InputError, match=r"--training-seeds. has finished"):
        read_trained(tmp_path / "run")


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_wrong_setting_is_one_line_and_leaves_nothing_behind(tmp_path: Path, workers: str) -> None:
    done = recoup(
        *("train", "--baseline", "stagged", "--training-seeds", "2", "--workers", workers, "--out", tmp_path / "run")
    )
    assert done.returncode == 2 and len(done.stderr.splitlines()) == 1
    assert "stagged" in done.stderr and "staged (did you mean it?)" in done.stderr
    assert not (tmp_path / "run").exists()


def test_the_line_that_is_being_written_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "seed-3").mkdir()
    (tmp_path / "seed-3" / PROGRESS).write_text('{"steps": 10}\n{"steps": 20}\n{"ste')
    assert latest_lines(tmp_path, [2, 3]) == {3: {"steps": 20}}


def test_policies_meet_the_baseline_on_the_same_seeds(tmp_path: Path) -> None:
    """Two shipped networks stand for two training seeds; the first one's figures are those of a plain comparison."""
    folder = tmp_path / "run"
    rows = []
    for seed, kind in ((1, "learned"), (2, "contact-capped")):
        (folder / f"seed-{seed}").mkdir(parents=True)
        for ending in (".json", ".safetensors"):
            source = SHIPPED / f"china-consumer-{kind}{ending}"
            (folder / f"seed-{seed}" / f"policy{ending}").write_bytes(source.read_bytes())
        rows.append({"seed": seed, "policy": f"seed-{seed}/policy.json", "steps": 1, "score": seed / 4, "parts": {}})
    write_json(folder / TRAINING_SEEDS, {"seeds": rows})
    write_json(folder / SETTINGS, {"scenario": "china-consumer"})
    arguments = ("training-seeds", folder, "--seeds", "3", "--first-seed", "501", "--accounts", "40")
    done = recoup(*arguments)
    assert done.returncode == 0, done.stderr
    assert max(map(len, done.stdout.splitlines()[:-1])) <= 80 and "2 *" in done.stdout
    out = folder / "evaluation-china-consumer"
    found = json.loads((out / SEED_EVALUATION).read_text())
    assert (found["baseline"], found["chosen"], found["seeds"]) == ("staged", 2, [501, 502, 503])
    assert found["validation"] == {"1": 0.25, "2": 0.5} and found["training"].startswith("recoup train")

    def values(policy: str, kind: str, measure: str) -> list[float]:
        parts = (json.loads((out / "parts" / policy / f"{seed}.json").read_text()) for seed in found["seeds"])
        return [part[kind][measure] for part in parts]

    for kind, measure in (("measures", "net_recovery_rate"), ("welfare", "contacts_per_debtor")):
        ours = {seed: values(f"seed-{seed}", kind, measure) for seed in ("1", "2")}
        base, figures = values("staged", kind, measure), found["measures"][measure]
        assert figures["means"] == {seed: pytest.approx(sum(v) / 3) for seed, v in ours.items()}
        assert figures["interquartile_mean"]["mean"] == pytest.approx(middle_mean(ours["1"] + ours["2"]))
        assert figures["baseline"]["mean"] == pytest.approx(middle_mean(base))
        gaps = [a - b for seed in ours for a, b in zip(ours[seed], base, strict=True)]
        assert figures["difference"]["mean"] == pytest.approx(middle_mean(gaps))
        ahead = [gap < 0 if measure == "contacts_per_debtor" else gap > 0 for gap in gaps]
        assert figures["probability_of_improvement"]["mean"] == pytest.approx(sum(ahead) / 6)
    # Resumed, nothing is simulated again: a part written by hand is what counts.
    part = out / "parts" / "seed-1" / "502.json"
    changed = json.loads(part.read_text())
    changed["measures"]["recovery_rate"] = 0.9
    part.write_text(json.dumps(changed))
    evaluation = SeedEvaluation(seeds=3, first_seed=501, accounts=40)
    again = evaluate_seeds(evaluation, folder, out, resume=True)
    assert again["measures"]["recovery_rate"]["means"]["1"] == pytest.approx(
        (sum(values("seed-1", "measures", "recovery_rate"))) / 3
    )
    assert "a folder that exists" in recoup(*arguments).stderr


def test_a_shipped_card_holds_what_all_training_seeds_gave(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spec = importlib.util.spec_from_file_location("ship", SHIPPED.parents[1] / "benchmarks" / "ship.py")
    assert spec and spec.loader
    ship = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(ship)
    monkeypatch.setattr(ship, "own_policy", lambda kind, scenario: tmp_path / f"{scenario}-{kind}.json")
    values = {measure: {"mean": 1.0} for measure in ship.MEASURES}
    policies = ("staged", "learned", "contact-capped")
    results = {
        "command": "recoup compare …", "seeds": [501], "portfolio": {"accounts": 9}, "versions": {},
        "policies": dict.fromkeys(policies, values),
        "differences": dict.fromkeys(policies, dict.fromkeys(policies, values)),
    }  # fmt: skip
    write_json(tmp_path / "run" / "results.json", results)
    found = {name: f"the {name}" for name in ship.OVER_SEEDS}
    write_json(tmp_path / "run" / "training-seeds-learned" / SEED_EVALUATION, {**found, "command": "not kept"})
    for kind in ship.NETWORKS:
        write_json(tmp_path / f"china-{kind}.json", {"results": {"training_seeds": "of another world"}})
    ship.record("china", tmp_path / "run")
    learned, capped = (json.loads((tmp_path / f"china-{kind}.json").read_text())["results"] for kind in ship.NETWORKS)
    assert learned["training_seeds"] == found and learned["seeds"] == [501]
    assert "training_seeds" not in capped and capped["accounts"] == 9


@pytest.mark.slow
def test_policies_do_not_depend_on_workers_and_a_killed_run_goes_on(tmp_path: Path) -> None:
    small = "--steps 40000 --accounts 30 --cohorts 2 --paired-rollouts 1 --warm-start none --seed 7".split()
    arguments = ["train", *small, "--training-seeds", "2"]
    assert recoup(*arguments, "--out", tmp_path / "whole").returncode == 0
    assert recoup(*arguments, "--workers", "2", "--out", tmp_path / "two").returncode == 0
    for seed in (7, 8):
        one, two = (tmp_path / name / f"seed-{seed}" / f"{POLICY}.safetensors" for name in ("whole", "two"))
        assert one.read_bytes() == two.read_bytes()
    killed = tmp_path / "killed"
    running = subprocess.Popen(process(*arguments, "--workers", "2", "--out", killed), stderr=subprocess.PIPE)
    deadline = time.monotonic() + 240
    while not (killed / "seed-8" / PROGRESS).exists() and time.monotonic() < deadline:
        time.sleep(0.2)
    os.kill(running.pid, signal.SIGINT)
    _, said = running.communicate(timeout=60)
    assert running.returncode == 130 and b"--resume" in said and b"Traceback" not in said
    assert not (killed / TRAINING_SEEDS).exists()
    done = recoup(*arguments, "--workers", "2", "--out", killed, "--resume", "--json")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    scores = {row["seed"]: row["score"] for row in result["seeds"]}
    assert scores.keys() == {7, 8} and scores[result["chosen"]] == max(scores.values())
    for seed in (7, 8):
        assert json.loads((killed / f"seed-{seed}" / f"{CHECKPOINT}.json").read_text())["steps"] >= 40_000
