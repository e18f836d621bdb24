"""Plans that ask for scores of the portfolio decide as a plan would that asks for a field with the same values."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from recoup.agents.library import load_policy
from recoup.agents.plans.plan_file import read_plan
from recoup.agents.plans.scored_plan import ScoredPlan, read_any_plan, scores_in
from recoup.experiments.comparison.rollout import rollout
from recoup.scenarios.schema import load_scenario
from recoup.sim.inputs import InputError, parse_yaml
from recoup.sim.portfolio.table import Portfolio
from recoup.sim.simulation import Simulation

# `{0}` is a score, or the credit score: what is known of both is the same.
PLAN = """
name: by-score
title: By a score
rules:
  - name: low ones first
    when: {{{0}: {{below: 560}}, days_since_attempt: {{at_least: 3}}}}
    do: {{channel: collector, window: evening, offer: plan_6}}
    priority: 1
  - name: some
    when: {{any: [{{{0}: {{at_least: 700}}}}, {{dpd: {{above: 60}}, {0}: {{at_least: 600, below: 640}}}}, {{dpd: {{above: 200}}}}]}}
    do: {{channel: sms}}
  - name: not these
    when: {{{0}: {{not: [600, 601, 602]}}, dpd: {{below: 10}}}}
    do: nothing
  - name: everybody
    when: {{any: [{{{0}: {{at_least: 300}}}}, {{dpd: {{above: 30}}}}]}}
    do: {{channel: collector, window: [spread]}}
    priority: 8
"""


@pytest.fixture(scope="module")
def portfolio() -> Portfolio:
    found = load_scenario("china-consumer").portfolio(300, 5)
    return Portfolio(found.table.assign(**{"score.mine": found.table["credit_score"].astype(float)}), "mine")


@pytest.fixture
def scored(tmp_path: Path) -> Path:
    path = tmp_path / "mine.yaml"
    path.write_text(PLAN.format("score.mine"))
    return path


def test_a_score_decides_as_the_field_with_the_same_values(portfolio: Portfolio, scored: Path, tmp_path: Path) -> None:
    scenario = load_scenario("china-consumer")
    plain = tmp_path / "plain.yaml"
    plain.write_text(PLAN.format("credit_score"))
    one, other = (rollout(scenario, str(path), portfolio, 5, 40) for path in (scored, plain))
    pd.testing.assert_frame_equal(one.accounts, other.accounts)
    pd.testing.assert_frame_equal(one.daily, other.daily)
    assert one.accounts["attempts"].sum() > 1000 and one.daily["unserved"].sum() > 0  # so that priorities count


def test_each_account_keeps_its_score_when_others_close(portfolio: Portfolio, scored: Path) -> None:
    scenario = load_scenario("china-consumer")
    policy = load_policy(str(scored), scenario.name, scenario.world, portfolio.table)
    simulation = Simulation(scenario.world, portfolio, scenario.rules, 5)
    seen, masks = simulation.observe(), simulation.masks()
    whole = policy.act(seen, masks, simulation.open_accounts)
    some = np.array([3, 50, 51, 200, 299])
    assert policy.act(seen[some], masks[some], some).tolist() == whole[some].tolist()
    assert len(set(whole.tolist())) > 3


def test_a_portfolio_without_the_score_is_refused(portfolio: Portfolio, scored: Path) -> None:
    scenario = load_scenario("china-consumer")
    without = portfolio.table.drop(columns="score.mine").assign(**{"score.other": 1.0})
    with pytest.raises(
        InputError, match=r"mine\.yaml: line 6, rules\[0\]\.when\.score\.mine: got 'score\.mine', .*it has score\.other"
    ):
        load_policy(str(scored), scenario.name, scenario.world, without)
    unknown = load_policy(str(scored), scenario.name, scenario.world)
    with pytest.raises(InputError, match="a command that knows the portfolio"):
        unknown.act(np.zeros((1, 1), np.float32), np.ones((1, 1), bool))


@pytest.mark.parametrize(
    ("was", "becomes", "expected"),
    [
        ("score.mine: {below: 560}", "score.My Score: {below: 1}", "score. and a short name"),
        ("score.mine: {below: 560}", "score.mine: {below: low}", "a number from -1000000000"),
        ("score.mine: {below: 560}", "score.mine: {under: 1}", "at_least"),
        ("days_since_attempt: {at_least: 3}", "days_since_attemp: {at_least: 3}", "days_since_attempt"),
        ("channel: sms", "channel: fax", "one of"),
    ],
)
def test_faults_are_named_with_their_line(was: str, becomes: str, expected: str) -> None:
    text = PLAN.format("score.mine")
    assert was in text
    with pytest.raises(InputError, match=r"plan: line \d+, rules\[") as caught:
        read_any_plan(parse_yaml(text.replace(was, becomes, 1), "plan"), load_scenario("china-consumer").menu)
    assert expected in str(caught.value)


def test_scores_that_a_plan_asks_for() -> None:
    text = PLAN.format("score.mine").replace("score.mine: {at_least: 700}", "score.other: 1")
    document = parse_yaml(text, "plan")
    assert scores_in(read_plan(document)) == ["score.mine", "score.other"]
    plan = read_any_plan(document, load_scenario("china-consumer").menu)
    assert isinstance(plan, ScoredPlan) and plan.name == "by-score"
    assert [rule.name for rule in plan.rules] == ["low ones first", "some", "not these", "everybody"]
