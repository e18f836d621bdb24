"""The Gymnasium environments: money and random numbers behind the rewards, how places are filled, and Gymnasium's own rules."""

from __future__ import annotations

import pickle
from copy import deepcopy
from typing import Any

import numpy as np
import pytest

from recoup.agents.plans.plan import Plan
from recoup.agents.plans.plan_file import find_plan
from recoup.scenarios.schema import Scenario, load_scenario
from recoup.sim.account import Stage, Status
from recoup.sim.envs.portfolio import PortfolioVectorEnv
from recoup.sim.ledger import money_gap
from recoup.sim.observation import FIELD_INDEX
from recoup.sim.simulation import Simulation
from recoup.sim.traits import open_accounts
from tests.second.money import worth_at_the_end
from tests.second.state import Debtor
from tests.sim.test_reference import differing
from tests.sim.test_world import changed


@pytest.fixture(scope="module")
def home() -> Scenario:
    return load_scenario("china-consumer")


def portfolio_env(scenario: Scenario, places: int, rows: int = 0, **options: object) -> PortfolioVectorEnv:
    portfolio = scenario.portfolio(rows or 3 * places, 77)
    return PortfolioVectorEnv(scenario.world, scenario.rules, portfolio, places, **options)  # type: ignore[arg-type]


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
    repeat = Simulation(home.world, simulation.portfolio, home.rules, simulation.seed)
    plan = Plan.load(find_plan("tiered"), env.menu)
    total = np.zeros(150)
    for day in range(90):
        seen, masks = repeat.observe(), repeat.masks()
        repeat.advance(plan.act(seen, masks))
        last = env.simulation.accounts
        observations, rewards, terminated, truncated, infos = env.step(plan.act(observations, env.action_masks()))
        total += rewards
        assert not truncated.any() and terminated.all() == terminated.any() == (day == 89)
    assert not differing(last, repeat.accounts) and (last["status"] != Status.OPEN).mean() > 0.2
    money = last["discounted_cash"] - last["discounted_cost"] + repeat.accounts_table()["discounted_horizon_value"]
    np.testing.assert_allclose(total * env._mean_opening, money, atol=1e-6)
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


def test_rewards_of_an_episode_add_up_to_the_accounts_net_present_value(home: Scenario) -> None:
    """Places renewed or not: the return of each episode is its record's discounted cash less cost, at its entry, and what is left."""
    # Without reviews, in which random choices would get stuck: they are to reach the courts.
    courts_at_once = home.world.courts.model_copy(update={"review": None})
    unreviewed = home.with_world(home.world.model_copy(update={"courts": courts_at_once}))
    env = portfolio_env(unreviewed, 80, days=50, reward_scale="own")
    env.reset(seed=2)
    random, returns, ended = np.random.default_rng(2), np.zeros(80), 0
    courts = 0
    for _ in range(200):
        _, rewards, terminated, truncated, infos = env.step(lawful(env, random))
        returns += rewards
        over = terminated | truncated
        for a in env.departed:
            place = int(a["number"])
            to_entry = (1 + home.world.discount_rate) ** (a["entry_day"] / 365)
            value = (a["discounted_cash"] - a["discounted_cost"]) * to_entry
            if terminated[place]:
                left = worth_at_the_end(Debtor(a), home.world, int(a["entry_day"]) + 50)
                value += left * (1 + home.world.discount_rate) ** (-50 / 365)
            assert returns[place] == pytest.approx(value / a["opening"], abs=1e-9)
            assert infos["final_obs"][place][FIELD_INDEX["days_in_portfolio"]] <= 50
            if terminated[place]:
                assert infos["recovered"][place] == a["cash"] / a["opening"]
                assert a["status"] != Status.OPEN or env.simulation.day - a["entry_day"] == 50
            courts += a["stage"] >= Stage.QUEUED
        np.testing.assert_array_equal(np.sort(env.departed["number"]), np.flatnonzero(over))
        returns[over] = 0.0
        ended += over.sum()
    assert ended > 300 and courts > 0
    # Entries are spread over the horizon: no day on which all leave together.
    assert len(np.unique(env.simulation.accounts["entry_day"])) > 20


def test_nothing_of_an_account_reaches_the_one_that_takes_its_place(home: Scenario) -> None:
    """Two portfolios: in one, the places' first accounts are sued, called and put on plans; then the same newcomers come."""
    world = changed(home.world, plan_base=3.0, promise_base=2.0)
    newcomers = open_accounts(world, home.portfolio(60, 9), 4, first=1000)
    simulations = []
    for busy in (True, False):
        simulation = Simulation(world, home.portfolio(60, 8), home.rules, 4)
        random = np.random.default_rng(0)
        settle = np.array(
            ["settle" in name for name in simulation.menu.names]
        )  # discounts would teach the whole market
        for _ in range(40):
            masks = simulation.masks() & ~settle
            masks[:, 0] |= True
            suit, notice = simulation.menu.index["suit"], simulation.menu.index["letter/morning/notice"]
            actions = (random.random(masks.shape) * masks).argmax(axis=1)
            actions = np.where(masks[:, suit], suit, np.where(masks[:, notice], notice, actions))
            simulation.advance(actions if busy else np.zeros(len(actions), np.int64))
        a = simulation.accounts
        if busy:
            assert (a["plan_months"] > 0).any() and (a["stage"] >= Stage.QUEUED).any() and a["promises"].any()
        simulation.leave(simulation.open_accounts)
        simulation.enter(np.arange(60), newcomers.copy())
        np.testing.assert_array_equal(simulation.observe()[:, FIELD_INDEX["days_in_portfolio"]], 0)
        if busy:
            assert simulation.courts.team.count > 0  # freed with the day's first event
        for _ in range(70):
            simulation.advance(np.zeros(simulation.open_accounts.size, np.int64))
        assert simulation.courts.team.count == 0 and simulation.courts.waiting == 0
        simulations.append(simulation)
    assert not differing(simulations[0].accounts, simulations[1].accounts)
    assert simulations[0].accounts["cash"].any()


@pytest.mark.parametrize("fill", ["living", "cohort"])
def test_same_seed_same_rollout_and_copies_go_on_alike(home: Scenario, fill: str) -> None:
    def play(env: PortfolioVectorEnv, days: int, seed: int) -> list[np.ndarray]:
        random, seen = np.random.default_rng(seed), []
        for _ in range(days):
            step = env.step(lawful(env, random))
            seen += [np.concatenate([step[0].ravel(), step[1], step[2], step[3]]), env.action_masks()]
        return seen

    def alike(ours: list[np.ndarray], theirs: list[np.ndarray]) -> bool:
        return all(np.array_equal(x, y) for x, y in zip(ours, theirs, strict=True))

    env, repeat, other = (portfolio_env(home, 40, days=25, fill=fill) for _ in range(3))
    first = env.reset(seed=6)[0]
    assert alike([first], [repeat.reset(seed=6)[0]]) and not alike([first], [other.reset(seed=7)[0]])
    if fill == "living":
        mask = np.arange(40) < 3
        assert not alike([first], [env.reset(options={"reset_mask": mask})[0]])
        repeat.reset(options={"reset_mask": mask})
    assert alike(play(env, 60, 1), play(repeat, 60, 1))
    for copy in (pickle.loads(pickle.dumps(env)), deepcopy(env)):
        assert alike(play(copy, 40, 2), play(deepcopy(repeat), 40, 2))
        assert not differing(env.simulation.accounts, repeat.simulation.accounts)  # left where they were
    # A reset without a seed goes on with the generator; one with the seed begins again.
    assert alike([env.reset()[0]], [repeat.reset()[0]]) and not alike([env.reset()[0]], [first])
    assert alike([env.reset(seed=6)[0]], [first])
    assert pickle.loads(pickle.dumps(portfolio_env(home, 5))).num_envs == 5


def test_a_book_starts_anew_before_its_staff_has_learnt_too_much(home: Scenario) -> None:
    env = portfolio_env(home, 10, days=400)
    assert env.portfolio_days == 800
    env.reset(seed=1)
    env.portfolio_days = 30
    ended = env.simulation
    for day in range(30):
        _, _, terminated, truncated, infos = env.step(np.zeros(10, np.int64))
        assert (terminated | truncated).all() == (day == 29)
    assert env.simulation is not ended and env.simulation.day == 0
    assert truncated.any() and all(observation is not None for observation in infos["final_obs"])


def test_bad_arguments_name_what_was_expected(home: Scenario) -> None:
    for options, message in (
        ({"fill": "batch"}, "fill is 'batch', expected one of"),
        ({"reward_scale": "none"}, "reward_scale is 'none'"),
        ({"days": 0}, "days is 0, expected a whole number from 1 to 3,650"),
        ({"days": True}, "days is True, expected a whole number"),
    ):
        with pytest.raises(ValueError, match=message):
            portfolio_env(home, 5, **options)
    env = portfolio_env(home, 5, fill="cohort")
    env.reset(seed=0)
    with pytest.raises(ValueError, match=r"actions have shape \(4,\), expected \(5,\)"):
        env.step(np.zeros(4, np.int64))
    with pytest.raises(ValueError, match="cohort ends as a whole"):
        env.reset(options={"reset_mask": np.ones(5, bool)})


def test_between_decisions_nothing_is_allowed_and_nothing_is_done(home: Scenario) -> None:
    weekly = home.world.model_copy(update={"decision_every_days": 7})
    env = PortfolioVectorEnv(weekly, home.rules, home.portfolio(60, 77), 30)
    env.reset(seed=0)
    for day in range(21):
        assert env.action_masks()[:, 1:].any() == (day % 7 == 0)
        env.step(np.full(30, env.menu.index["sms/afternoon"]))
    assert 30 < env.simulation.accounts["attempts"].sum() <= 90


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"scenario": 3}, "scenario is 3, expected a shipped scenario's name"),
        ({"accounts": "x"}, "accounts is 'x', expected a whole number from 1 to 10,000,000"),
        ({"accounts": -1}, "accounts is -1, expected a whole number"),
        ({"accounts": 0}, "accounts is 0, expected a whole number"),
        ({"accounts": float("nan")}, "accounts is nan, expected a whole number"),
        ({"days": "9"}, "days is '9', expected a whole number from 1 to 3,650"),
        ({"days": 9.5}, "days is 9.5, expected a whole number"),
        ({"portfolio_seed": -1}, "portfolio_seed is -1, expected a whole number"),
        ({"accounts": 20, "others": 20}, r"others is 20, expected a whole number from 0 to 19 \(the portfolio has 20 accounts\)"),
        ({"accounts": 20, "others": -1}, "others is -1, expected a whole number from 0 to 19"),
    ],
)  # fmt: skip
def test_arguments_of_make_are_named_with_value_and_expectation(options: dict[str, Any], message: str) -> None:
    from recoup.scenarios import environments

    with pytest.raises(ValueError, match=message):
        environments.account(**options)
    if "others" not in options:
        with pytest.raises(ValueError, match=message.replace(" from 1 to 10", " from 2 to 10")):
            environments.portfolio(**{"num_envs": 2, **options})


def test_fewer_accounts_than_places_are_refused() -> None:
    from recoup.scenarios import environments

    with pytest.raises(ValueError, match="accounts is 9, expected a whole number from 10 to"):
        environments.portfolio(num_envs=10, accounts=9)
