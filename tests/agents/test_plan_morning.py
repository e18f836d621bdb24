"""A plan's morning in one pass against the same plan asked by observations and masks, and days begun early against days begun in the morning."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from recoup.agents.plans.morning import Decided
from recoup.agents.plans.plan import Plan
from recoup.agents.plans.plan_file import PlanFile, find_plan
from recoup.scenarios.schema import load_scenario
from recoup.sim.observation import FIELD_INDEX
from recoup.sim.simulation import Simulation

DAYS = 60
ONE_FOR_EACH_DAY = PlanFile.model_validate(
    {
        "name": "one-for-each-day",
        "title": "One rule for each day",  # more clauses than one word has bits
        "rules": [
            {"name": f"day {day}", "when": {"dpd": [day]}, "do": {"channel": "wechat" if day % 2 else "collector"}}
            for day in range(150)
        ],
    }
)
HARASSING = PlanFile.model_validate(
    {
        "name": "harassing",
        "title": "Six a week",
        "contact_cap_per_week": 6,
        "rules": [{"name": "call", "do": {"channel": "collector"}}],
    }
)


def pair(scenario_name: str, gate: bool) -> tuple[Simulation, Simulation]:
    scenario = load_scenario(scenario_name)
    portfolio = scenario.portfolio(300, 5)
    one, other = (Simulation(scenario.world, portfolio, scenario.rules, 5, gate=gate, batch=128) for _ in range(2))
    return one, other


@pytest.mark.parametrize("gate", [True, False])
@pytest.mark.parametrize(
    ("scenario", "plan"),
    [
        ("china-consumer", "staged"),
        ("china-consumer", "status-quo"),
        ("taiwan-cards", "tiered"),
        ("uk-loans", "simple"),
        ("china-consumer", ONE_FOR_EACH_DAY),
        ("china-consumer", HARASSING),
    ],
)
def test_one_pass_does_what_observations_and_masks_do(scenario: str, plan: str | PlanFile, gate: bool) -> None:
    asked, passed = pair(scenario, gate)
    policy = Plan.of(plan, asked.menu) if isinstance(plan, PlanFile) else Plan.load(find_plan(plan), asked.menu)
    decisive = 0
    while asked.day < DAYS and not asked.finished:
        seen = asked.observe()
        actions = policy.act(seen, asked.masks())
        decided = Decided.empty(passed.open_accounts.size)
        asked.advance(actions, policy.priority(seen, actions))
        _, in_one_pass = passed.advance_by(partial(policy.decide, decided=decided))
        np.testing.assert_array_equal(in_one_pass, actions)
        np.testing.assert_array_equal(decided.rule, policy.deciding_rules(seen, actions))
        np.testing.assert_array_equal(decided.dpd, seen[:, FIELD_INDEX["dpd"]])
        np.testing.assert_array_equal(decided.tier, seen[:, FIELD_INDEX["tier"]])
        np.testing.assert_array_equal(passed.accounts, asked.accounts)
        decisive += int((decided.rule >= 0).sum())
    assert passed.daily_table().equals(asked.daily_table())
    assert passed.breaches_by_rule() == asked.breaches_by_rule()
    assert decisive > 0


@pytest.mark.parametrize("watched", [np.array([], np.int64), np.arange(300)])
def test_days_begun_in_the_evening_are_those_begun_in_the_morning(watched: np.ndarray) -> None:
    """Who asks for the records of the evening gets them; then all accounts sleep until the morning."""
    early, late = pair("china-consumer", True)
    policy = Plan.load(find_plan("staged"), early.menu)
    for _ in range(120):
        for simulation, keep in ((early, None), (late, watched)):
            seen = simulation.observe()
            actions = policy.act(seen, simulation.masks())
            record = simulation.advance(actions, policy.priority(seen, actions), keep_evening=keep)
        assert record.evening.size == watched.size
        np.testing.assert_array_equal(early.accounts, late.accounts)
    assert early.daily_table().equals(late.daily_table())
    assert early.daily_table()["judgments"].sum() > 0  # somebody was in court
