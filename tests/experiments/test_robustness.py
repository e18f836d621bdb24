"""Stress, shadow prices and upper bounds: each is a comparison in another world, and says the same as one made by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from recoup.experiments.comparison import measures
from recoup.experiments.comparison.intervals import difference
from recoup.experiments.comparison.rollout import rollout
from recoup.experiments.comparison.settings import Comparison
from recoup.experiments.robustness.run_trials import run_trials
from recoup.experiments.robustness.shadow_prices import BASE, RESOURCES, shadow_prices
from recoup.experiments.robustness.stress import is_one_parameter, stress, stress_set
from recoup.experiments.robustness.trial import Trial, run_trial
from recoup.experiments.robustness.trial_cache import TrialCache, key
from recoup.experiments.robustness.upper_bounds import Bound, upper_bounds
from recoup.scenarios.schema import load_scenario
from recoup.sim.perturbation import behaviour_parameters
from tests.command import recoup
from tests.experiments import SHORT

HOME, ACCOUNTS, SEEDS = SHORT, 120, (1, 2)
LARGER = 800  # a quarter more of three collectors is another one
NAMED = {variant.name: variant for variant in stress_set() if not is_one_parameter(variant.name)}


def comparison(*policies: str, accounts: int = ACCOUNTS) -> Comparison:
    return Comparison(HOME, policies, seeds=len(SEEDS), first_seed=SEEDS[0], accounts=accounts)


def test_the_stress_set_moves_every_behaviour_parameter_both_ways_and_changes_each_world() -> None:
    world = load_scenario(HOME).world
    variants = stress_set()
    assert len({variant.name for variant in variants}) == len(variants)
    assert {f"{name}{sign}" for name in behaviour_parameters() for sign in "+-"} == {v.name for v in variants} - set(
        NAMED
    )
    behaviour = world.behaviour
    for variant in variants:
        changed = variant.apply(world)
        unmoved = {name for name, _ in variant.behaviour if getattr(behaviour, name.partition(".")[0]) in (0.0, 1.0)}
        assert (changed != world) or variant.name == "none" or unmoved, variant.name
    assert NAMED["empty-notices"].apply(world).behaviour.pressure_notice == 0.0
    assert NAMED["half-staff"].apply(world).operations.collector.per_1000_accounts == pytest.approx(
        0.5 * world.operations.collector.per_1000_accounts
    )


def test_the_unperturbed_row_is_the_comparison_itself_whatever_the_workers() -> None:
    variants = [NAMED["none"], NAMED["wrong-contacts"]]
    result = stress(comparison("tiered", "staged"), 1, variants)
    assert result == stress(comparison("tiered", "staged"), 2, variants)
    assert result["worlds"] == 1 and result["worst"] == "wrong-contacts"  # the unperturbed world is not counted
    scenario = load_scenario(HOME)
    rates = [
        [
            measures.measure_run(rollout(scenario, name, scenario.portfolio(ACCOUNTS, seed), seed, scenario.days))[
                "recovery_rate"
            ]
            for seed in SEEDS
        ]
        for name in ("tiered", "staged")
    ]
    assert result["rows"][0]["recovery_rate"] == difference(*rates)["relative"]
    assert result["rows"][0]["recovery_rate"] != result["rows"][1]["recovery_rate"]


@pytest.fixture(scope="module")
def prices() -> dict[tuple[str, str], dict[str, Any]]:
    """What more of each resource is worth, by policy and resource."""
    result = shadow_prices(comparison("no-contact", "status-quo", accounts=LARGER))
    return {(row["policy"], row["resource"]): row["price"] for row in result["rows"]}


def test_more_staff_is_worth_nothing_to_a_plan_that_uses_none(prices: dict[tuple[str, str], dict[str, Any]]) -> None:
    assert len(prices) == 2 * len(RESOURCES)
    assert prices["no-contact", "collector_hours"]["mean"] <= 0.0
    assert prices["status-quo", "collector_hours"]["mean"] != prices["no-contact", "collector_hours"]["mean"]


def test_a_price_is_the_difference_in_net_money_over_what_was_added(
    prices: dict[tuple[str, str], dict[str, Any]],
) -> None:
    resource = next(resource for resource in RESOURCES if resource.name == "collector_hours")
    wanted = []
    for seed in SEEDS:
        more, base = (
            run_trial(Trial(comparison("status-quo", accounts=LARGER), "status-quo", variant, seed))
            for variant in (resource.variant, BASE)
        )
        added = more.capacity_hours["collector"] - base.capacity_hours["collector"]
        assert resource.amount(more) - resource.amount(base) == added > 0
        wanted.append((more.net_money - base.net_money) / added)
    assert prices["status-quo", "collector_hours"]["mean"] == pytest.approx(sum(wanted) / len(wanted))


def test_upper_bounds_lie_above_what_they_bound() -> None:
    rows = {row["bound"]: row for row in upper_bounds(comparison("no-contact", "staged"))["rows"]}
    scenario = load_scenario(HOME)
    for name in ("no-contact", "staged"):
        values = [
            measures.measure_run(rollout(scenario, name, scenario.portfolio(ACCOUNTS, seed), seed, scenario.days))
            for seed in SEEDS
        ]
        recovery = sum(row["recovery_rate"] for row in values) / len(values)
        days = sum(row["time_to_recover_days"] for row in values) / len(values)
        assert rows[Bound.HINDSIGHT]["recovery_rate"]["mean"] >= recovery
        assert rows[Bound.HINDSIGHT]["time_to_recover_days"]["mean"] <= days
        if name == "no-contact":
            assert rows[Bound.FULL_ATTENTION]["recovery_rate"]["mean"] > recovery


def test_finished_trials_are_not_run_again_and_others_are(tmp_path: Path) -> None:
    path = tmp_path / "trials.jsonl"
    few = comparison("tiered", "staged", accounts=30)
    trials = [Trial(few, name, NAMED["none"], seed) for name in few.policies for seed in SEEDS]
    fresh = run_trials(trials, cache=TrialCache(path))
    lines = path.read_text().splitlines(keepends=True)
    assert len(lines) == len(trials)
    path.write_text("".join(lines[:2]) + lines[2][:40])  # as a kill in the middle of a line leaves it
    assert run_trials(trials, cache=TrialCache(path)) == fresh
    assert len(path.read_text().splitlines()) == 2 + 1 + 2  # two whole, the broken one, two run again
    cache = TrialCache(path)
    assert all(cache.get(trial) == fresh[trial] for trial in trials)
    for other in (
        Trial(few, "tiered", NAMED["half-staff"], 1),
        Trial(few, "tiered", NAMED["none"], 3),
        Trial(few, "status-quo", NAMED["none"], 1),
        Trial(comparison("tiered", "staged", accounts=31), "tiered", NAMED["none"], 1),
    ):
        assert cache.get(other) is None


def test_lines_of_another_form_are_trials_to_run_again(tmp_path: Path) -> None:
    path = tmp_path / "trials.jsonl"
    trial = Trial(comparison("staged", accounts=30), "staged", NAMED["none"], 1)
    lines = [
        {"trial": key(trial), "taken": {"recovery_rate": 0.5, "net": 1.0, "hours.collector": 8.0}},
        {"trial": key(trial), "outcome": {"measures": {}, "net_money": 1.0}},
        {"trial": key(trial), "outcome": "none"},
    ]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert TrialCache(path).get(trial) is None
    TrialCache(path).put(trial, outcome := run_trial(trial))
    assert TrialCache(path).get(trial) == outcome


def test_results_join_the_run_they_belong_to_and_no_other_folder(tmp_path: Path) -> None:
    compared = tmp_path / "run"
    small = "-s china-consumer --accounts 40 --seeds 2".split()
    assert recoup("compare", *small, "-p", "staged", "--days", "20", "--no-events", "--out", compared).returncode == 0
    done = recoup("stress", *small, "-p", "tiered", "--quick", "--json", "--into", compared)
    assert done.returncode == 0
    assert json.loads(done.stdout) == json.loads((compared / "stress.json").read_text())
    assert len(json.loads(done.stdout)["rows"]) == len(NAMED)
    trials = (compared / "trials.jsonl").read_text()
    again = recoup("stress", *small, "-p", "tiered", "--quick", "--json", "--into", compared)
    assert again.stdout == done.stdout and (compared / "trials.jsonl").read_text() == trials
    done = recoup("stress", "-s", "taiwan-cards", "-p", "tiered", "--quick", "--into", compared)
    assert done.returncode == 2 and "china-consumer" in done.stderr
    done = recoup("shadow-prices", *small, "-p", "staged", "--into", tmp_path)
    assert done.returncode == 2 and "results.json" in done.stderr and not (tmp_path / "shadow_prices.json").exists()
    done = recoup("upper-bounds", *small, "-p", "stagd")
    assert done.returncode == 2 and "staged" in done.stderr
