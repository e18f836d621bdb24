"""The Gymnasium environments: money and luck behind the rewards, how places are filled, and Gymnasium's own rules."""

from __future__ import annotations

import numpy as np
import pytest

from agents.plan import Plan, find_plan
from scenarios.schema import Scenario, load_scenario
from sim.account import Status
from sim.env import PortfolioVectorEnv
from sim.ledger import money_gap
from sim.simulation import Simulation
from tests.test_reference import differing


@pytest.fixture(scope="module")
def home() -> Scenario:
    return load_scenario("china-consumer")


def portfolio_env(scenario: Scenario, places: int, rows: int = 0, **options: object) -> PortfolioVectorEnv:
    book = scenario.portfolio(rows or 3 * places, 77)
    return PortfolioVectorEnv(scenario.world, scenario.rules, book, places, **options)  # type: ignore[arg-type]


def lawful(env: PortfolioVectorEnv, random: np.random.Generator) -> np.ndarray:
    """A treatment at random among those allowed, half of the days."""
    masks = env.action_masks()
    actions = (random.random(masks.shape) * masks).argmax(axis=1)
    return np.where(random.random(len(masks)) < 0.5, actions, 0)


def test_cohort_is_an_evaluation(home: Scenario) -> None:
    """The same accounts, seed and plan end in the same records as a plain simulation from day 0 to the horizon."""
    env = portfolio_env(home, 150, days=90, fill="cohort")
    observations, infos = env.reset(seed=5)
    simulation = env.simulation
    twin = Simulation(home.world, simulation.portfolio, home.rules, simulation.seed)
    plan = Plan.load(find_plan("tiered"), env.menu)
    total = np.zeros(150)
    for day in range(90):
        seen, masks = twin.observe(), twin.masks()
        twin.advance(plan.act(seen, masks))
        last = env.simulation.accounts
        observations, rewards, terminated, truncated, infos = env.step(plan.act(observations, env.action_masks()))
        total += rewards
        assert not truncated.any() and terminated.all() == terminated.any() == (day == 89)
    assert not differing(last, twin.accounts) and (last["status"] != Status.OPEN).mean() > 0.2
    np.testing.assert_allclose(total * env._mean_opening, last["discounted_cash"] - last["discounted_cost"], atol=1e-6)
    assert env.simulation is not simulation and env.simulation.seed != simulation.seed and infos["open"].all()
    assert (infos["recovered"][infos["_recovered"]] <= 1.2).all()


def test_closed_accounts_of_a_cohort_rest(home: Scenario) -> None:
    env = portfolio_env(home, 100, days=60, fill="cohort")
    env.reset(seed=3)
    random, recovered = np.random.default_rng(0), np.zeros(100, int)
    closed = np.zeros(100, bool)
    for _ in range(60):
        masks = env.action_masks()
        assert masks[:, 0].all() and not masks[closed, 1:].any()
        _, rewards, _, _, infos = env.step(lawful(env, random))
        assert not rewards[closed].any()
        assert not (closed & infos["open"]).any() or infos["open"].all()
        recovered += infos.get("_recovered", np.zeros(100, bool))
        closed = ~infos["open"]
    assert (recovered == 1).all()


@pytest.mark.parametrize("fill", ["living", "cohort"])
def test_money_is_conserved_whoever_comes_and_goes(home: Scenario, fill: str) -> None:
    env = portfolio_env(home, 60, days=40, fill=fill)
    env.reset(seed=1)
    random = np.random.default_rng(1)
    for _ in range(130):
        env.step(lawful(env, random))
        assert not money_gap(env.simulation.accounts).any()
