"""Why a challenger gains, measured with the comparison: by itself, small, resumable, the same for any workers, and not where nobody challenges."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from recoup.experiments.comparison.measures import measure_run
from recoup.experiments.comparison.rollout import rollout
from recoup.experiments.robustness import why
from recoup.experiments.robustness.stress import stress_set
from recoup.experiments.robustness.why import WORLDS, explain
from recoup.experiments.runs.run import Run
from recoup.scenarios.schema import load_scenario
from tests.command import recoup

SMALL = "-s taiwan-cards --seeds 2 --first-seed 501 --accounts 60 --days 30 --no-events".split()


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("why") / "run"
    done = recoup("compare", *SMALL, "-p", "status-quo", "-p", "staged", "-p", "distilled", "--out", folder)
    assert done.returncode == 0, done.stderr
    return folder


def test_a_comparison_with_a_learned_policy_says_why(finished: Path) -> None:
    run, found = Run(finished), json.loads((finished / "why.json").read_text())
    parts, worlds = found["attribution"], found["worlds"]
    assert run.best == "distilled" and run.reference in ("status-quo", "staged")
    assert (parts["from"], parts["to"]) == (run.reference, "distilled") == (worlds["baseline"], worlds["challenger"])
    assert {row["perturbation"] for row in worlds["rows"]} == set(WORLDS)
    assert parts["seeds"] == worlds["seeds"] == [501, 502] and worlds["accounts"] == 60
    # At the size of the run itself the whole difference is the run's own.
    for measure, share in parts["measures"].items():
        own = run.difference("distilled", parts["from"], measure)
        assert share["total"]["mean"] == pytest.approx(own["mean"])
        assert sum(part["mean"] for part in share["parts"].values()) == pytest.approx(own["mean"])
    assert 'id="why"' in (finished / "report.html").read_text(encoding="utf-8")


def test_a_world_holds_what_both_policies_do_in_it(finished: Path) -> None:
    found = json.loads((finished / "why.json").read_text())["worlds"]
    row = next(row for row in found["rows"] if row["perturbation"] == "empty-notices")
    variant = next(variant for variant in stress_set() if variant.name == "empty-notices")
    scenario = load_scenario("taiwan-cards")
    scenario = scenario.with_world(variant.apply(scenario.world))
    gaps = []
    for seed in (501, 502):
        values = (
            measure_run(rollout(scenario, name, scenario.portfolio(60, seed), seed, 30))["npv_rate"]
            for name in (found["challenger"], found["baseline"])
        )
        gaps.append(next(values) - next(values))
    assert row["npv_rate"]["mean"] == pytest.approx(sum(gaps) / 2)


def test_what_is_finished_is_not_run_again(finished: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before, trials = (finished / "why.json").read_text(), finished / "trials.jsonl"
    lines = trials.read_text().splitlines(keepends=True)
    assert len(lines) == 14 * 2 + len(WORLDS) * 2 * 2  # hybrids and worlds on two seeds
    trials.write_text("".join(lines[:-3]))
    (finished / "why.json").unlink()
    told: list[tuple[int, int]] = []
    explain(finished, workers=2, on_done=lambda done, total: told.append((done, total)))
    assert (finished / "why.json").read_text() == before and told[-1] == (48, 48)
    assert len(trials.read_text().splitlines()) == 48
    monkeypatch.setattr("recoup.experiments.robustness.run_trials.run_trial", None)  # nothing is left to run
    explain(finished)


def test_runs_are_few_and_small_whatever_the_comparison(finished: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(why, "ACCOUNTS", 20)
    monkeypatch.setattr(why, "SEEDS_OF_PARTS", 1)
    found = explain(finished)
    assert found is not None and found["worlds"]["accounts"] == 20
    assert found["attribution"]["seeds"] == [501] and found["worlds"]["seeds"] == [501, 502]


@pytest.mark.parametrize(
    "words",
    [["-p", "status-quo", "-p", "staged"], ["-p", "distilled"], ["-p", "staged", "-p", "distilled", "--no-why"]],
)
def test_nothing_is_run_where_nobody_challenges_or_asks(tmp_path: Path, words: list[str]) -> None:
    done = recoup("compare", *SMALL, *words, "--out", tmp_path / "run")
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "run" / "why.json").exists() and not (tmp_path / "run" / "trials.jsonl").exists()
