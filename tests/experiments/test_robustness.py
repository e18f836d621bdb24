"""Stress, shadow prices and ceilings: each is a comparison in another world, and says the same as one made by hand."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from recoup.experiments.comparison import measures
from recoup.experiments.comparison.intervals import difference
from recoup.experiments.comparison.rollout import rollout
from recoup.experiments.comparison.settings import Comparison
from recoup.experiments.robustness.shadow_prices import RESOURCES, prices
from recoup.experiments.robustness.stress import is_one_parameter, stress, stress_set
from recoup.experiments.robustness.trial_cache import KeptTrials
from recoup.experiments.robustness.upper_bounds import bound
from recoup.experiments.robustness.world_variants import Trial, Variant, run, run_all
from recoup.scenarios.schema import load_scenario
from recoup.sim.perturbation import behaviour_parameters
from tests.command import recoup

HOME, ACCOUNTS, SEEDS = "china-consumer", 120, (1, 2)
LARGER = 800  # a quarter more of three collectors is another one
NAMED = {variant.name: variant for variant in stress_set() if not is_one_parameter(variant.name)}


def tried(*policies: str, accounts: int = ACCOUNTS) -> Comparison:
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
        changed = variant.of(world)
        unmoved = {name for name, _ in variant.behaviour if getattr(behaviour, name) in (0.0, 1.0)}
        assert (changed != world) or variant.name == "none" or unmoved, variant.name
    assert NAMED["empty-notices"].of(world).behaviour.pressure_notice == 0.0
    assert NAMED["half-staff"].of(world).operations.collector.per_1000_accounts == pytest.approx(
        0.5 * world.operations.collector.per_1000_accounts
    )


def test_the_unperturbed_row_is_the_comparison_itself_whatever_the_workers() -> None:
    variants = [NAMED["none"], NAMED["wrong-contacts"]]
    found = stress(tried("tiered", "staged"), 1, variants)
    assert found == stress(tried("tiered", "staged"), 2, variants)
    assert found["worlds"] == 1 and found["worst"] == "wrong-contacts"  # the unperturbed world is not counted
    scenario = load_scenario(HOME)
    rates = [
        [
            measures.take(rollout(scenario, name, scenario.portfolio(ACCOUNTS, seed), seed, scenario.days))[
                "recovery_rate"
            ]
            for seed in SEEDS
        ]
        for name in ("tiered", "staged")
    ]
    assert found["rows"][0]["recovery_rate"] == difference(*rates)["relative"]
    assert found["rows"][0]["recovery_rate"] != found["rows"][1]["recovery_rate"]


def test_more_staff_is_worth_nothing_to_a_plan_that_uses_none() -> None:
    found = prices(tried("no-contact", "status-quo", accounts=LARGER))
    rows = {(row["policy"], row["resource"]): row["price"] for row in found["rows"]}
    assert len(rows) == 2 * len(RESOURCES)
    assert rows["no-contact", "collector_hours"]["mean"] <= 0.0
    assert rows["status-quo", "collector_hours"]["mean"] != rows["no-contact", "collector_hours"]["mean"]


def test_a_price_is_the_difference_in_net_money_over_what_was_added() -> None:
    found = prices(tried("status-quo", accounts=LARGER))
    variant, amount, _ = RESOURCES["collector_hours"]
    each = []
    for seed in SEEDS:
        more, base = (
            run(Trial(tried("status-quo", accounts=LARGER), "status-quo", v, seed))
            for v in (variant, Variant("base", "as it is"))
        )
        each.append((more["net"] - base["net"]) / (more[amount] - base[amount]))
    row = next(row for row in found["rows"] if row["resource"] == "collector_hours")
    assert row["price"]["mean"] == pytest.approx(sum(each) / len(each))


def test_ceilings_lie_above_what_they_are_ceilings_of() -> None:
    found = {row["name"]: row for row in bound(tried("no-contact", "staged"))["rows"]}
    scenario = load_scenario(HOME)
    for name in ("no-contact", "staged"):
        taken = [
            measures.take(rollout(scenario, name, scenario.portfolio(ACCOUNTS, seed), seed, scenario.days))
            for seed in SEEDS
        ]
        recovery = sum(row["recovery_rate"] for row in taken) / len(taken)
        days = sum(row["time_to_recover_days"] for row in taken) / len(taken)
        assert found["hindsight"]["recovery_rate"]["mean"] >= recovery
        assert found["hindsight"]["time_to_recover_days"]["mean"] <= days
        if name == "no-contact":
            assert found["attention"]["recovery_rate"]["mean"] > recovery


def test_finished_trials_are_not_run_again_and_others_are(tmp_path: Path) -> None:
    path = tmp_path / "trials.jsonl"
    few = tried("tiered", "staged", accounts=30)
    trials = [Trial(few, name, NAMED["none"], seed) for name in few.plans for seed in SEEDS]
    fresh = run_all(trials, kept=KeptTrials(path))
    lines = path.read_text().splitlines(keepends=True)
    assert len(lines) == len(trials)
    path.write_text("".join(lines[:2]) + lines[2][:40])  # as a kill in the middle of a line leaves it
    assert run_all(trials, kept=KeptTrials(path)) == fresh
    assert len(path.read_text().splitlines()) == 2 + 1 + 2  # two whole, the broken one, two run again
    kept = KeptTrials(path)
    assert all(kept.get(trial) == fresh[trial] for trial in trials)
    for other in (
        Trial(few, "tiered", NAMED["half-staff"], 1),
        Trial(few, "tiered", NAMED["none"], 3),
        Trial(few, "status-quo", NAMED["none"], 1),
        Trial(tried("tiered", "staged", accounts=31), "tiered", NAMED["none"], 1),
    ):
        assert kept.get(other) is None


def test_results_join_the_run_they_belong_to_and_no_other_folder(tmp_path: Path) -> None:
    compared = tmp_path / "run"
    small = f"-s {HOME} --accounts 40 --seeds 2".split()
    assert recoup("compare", *small, "-p", "staged", "--days", "20", "--no-events", "--out", compared).returncode == 0
    done = recoup("stress", *small, "-p", "tiered", "--quick", "--json", "--into", compared)
    assert done.returncode == 0
    assert json.loads(done.stdout) == json.loads((compared / "stress.json").read_text())
    assert len(json.loads(done.stdout)["rows"]) == len(NAMED)
    trials = (compared / "trials.jsonl").read_text()
    again = recoup("stress", *small, "-p", "tiered", "--quick", "--json", "--into", compared)
    assert again.stdout == done.stdout and (compared / "trials.jsonl").read_text() == trials
    done = recoup("stress", "-s", "taiwan-cards", "-p", "tiered", "--quick", "--into", compared)
    assert done.returncode == 2 and HOME in done.stderr
    done = recoup("prices", *small, "-p", "staged", "--into", tmp_path)
    assert done.returncode == 2 and "results.json" in done.stderr and not (tmp_path / "prices.json").exists()
    done = recoup("bound", *small, "-p", "stagd")
    assert done.returncode == 2 and "staged" in done.stderr
