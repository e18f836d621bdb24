"""Rewards: cash less costs of the day, worth at the account's entry, over the mean opening balance or the account's own."""

from __future__ import annotations

import numpy as np
import pytest

from recoup.sim.envs.account import AccountEnv
from recoup.sim.envs.portfolio import PortfolioVectorEnv
from tests.worked.tiny import HOME, SURE, debtors, each_channel, world

# Openings of 1,000.00, 3,000.00 and 11,000.00: mean 5,000.00, median 3,000.00.
PORTFOLIO = debtors(1_000, 3_000, 11_000, dpd=200)
MEAN = 500_000
V = 1.08 ** (-1 / 365)  # worth of a unit a day later, at 8 % a year
# Everybody pays all he owes on the first day that he can (99.94 % of them on each day).
PAYING = {"pay_base": 100.0, "full_base": SURE}


def portfolio_env(made, **options):
    env = PortfolioVectorEnv(made, HOME.rules, PORTFOLIO, 3, **({"days": 30, "fill": "cohort"} | options))
    env.reset(seed=3)
    return env


def all_do(env, treatment):
    return np.full(3, env.menu.index[treatment])


def test_what_a_text_costs_over_the_mean_opening_balance():
    env = portfolio_env(world())
    rewards = env.step(all_do(env, "sms/midday"))[1]
    assert rewards.tolist() == pytest.approx([-5 / MEAN] * 3)  # 0.05 of 5,000.00


def test_over_the_accounts_own_opening_balance():
    env = portfolio_env(world(), reward_scale="own")
    opening = env.simulation.accounts["opening"].copy()
    assert sorted(opening) == [100_000, 300_000, 1_100_000]
    rewards = env.step(all_do(env, "sms/midday"))[1]
    assert rewards.tolist() == pytest.approx([-5 / own for own in opening])
    # A day's interest later still over what was owed at entry; the text is worth a day less.
    rewards = env.step(all_do(env, "sms/midday"))[1]
    assert rewards.tolist() == pytest.approx([-5 * V / own for own in opening], rel=1e-9)


def test_later_money_is_worth_less():
    env = portfolio_env(world())
    nothing = all_do(env, "nothing")
    assert env.step(nothing)[1].tolist() == [0, 0, 0]
    env.step(nothing)
    rewards = env.step(all_do(env, "sms/midday"))[1]  # day 2
    assert rewards.tolist() == pytest.approx([-5 * V**2 / MEAN] * 3, rel=1e-12)


def test_cash_is_a_gain():
    env = portfolio_env(world(behaviour=PAYING))
    opening = env.simulation.accounts["opening"].copy()
    rewards = env.step(all_do(env, "sms/midday"))[1]
    assert rewards.tolist() == pytest.approx([(own - 5) / MEAN for own in opening])
    # A closed account of a cohort earns nothing more.
    assert env.step(all_do(env, "sms/midday"))[1].tolist() == [0, 0, 0]


def test_a_complaint_is_paid_for():
    env = portfolio_env(world(behaviour={"complaint": each_channel(0.0, sms=1.0)}))
    rewards = env.step(all_do(env, "sms/midday"))[1]
    assert rewards.tolist() == pytest.approx([-(5 + 50_000) / MEAN] * 3)


def test_rewards_of_a_cohort_add_up_to_its_present_value():
    # A settlement of 80 % agreed on day 0 and paid on day 10; calls and papers cost money on day 0.
    env = portfolio_env(world(behaviour={"settle_base": SURE}), days=12)
    opening = env.simulation.accounts["opening"].copy()
    total = env.step(all_do(env, "specialist/morning/settle_20"))[1]
    agreed = env.simulation.accounts["promise_discount"] > 0
    costs = env.simulation.accounts["cost"].copy()
    assert agreed.any()
    for _ in range(11):
        total = total + env.step(all_do(env, "nothing"))[1]
    assert total.tolist() == pytest.approx((agreed * 0.8 * opening * V**10 - costs) / MEAN, rel=1e-9)


def test_a_cohort_ends_after_its_days_all_at_once():
    env = portfolio_env(world(), days=4)
    ends = [env.step(all_do(env, "nothing"))[2].tolist() for _ in range(5)]
    assert ends == [[False] * 3] * 3 + [[True] * 3] + [[False] * 3]


def test_a_living_portfolio_gives_a_paid_place_to_the_next_who_starts_undiscounted():
    env = portfolio_env(world(behaviour=PAYING), fill="living", days=300)
    first = env.simulation.accounts["opening"].copy()
    _, rewards, terminated, _, infos = env.step(all_do(env, "nothing"))
    assert rewards.tolist() == pytest.approx((first / MEAN).tolist())
    assert terminated.all() and infos["recovered"].tolist() == [1, 1, 1]
    second = env.simulation.accounts["opening"].copy()
    rewards = env.step(all_do(env, "nothing"))[1]
    # They entered on day 1 and pay on day 1: no interest, no discount.
    assert rewards.tolist() == pytest.approx((second / MEAN).tolist(), rel=1e-12)


def test_in_a_living_portfolio_an_account_counts_its_own_days():
    # The first ones leave on days 1, 11 and 21 of 30; who came on day 1 is a day old on day 2.
    env = portfolio_env(world(), fill="living")
    _, _, terminated, truncated, _ = env.step(all_do(env, "nothing"))
    assert not terminated.any() and truncated.sum() == 1
    env.step(all_do(env, "nothing"))
    rewards = env.step(all_do(env, "sms/midday"))[1]
    ages = np.where(truncated, 1, 2)
    assert rewards.tolist() == pytest.approx([-5 * V**age / MEAN for age in ages], rel=1e-12)


def test_a_living_account_is_done_after_its_days():
    env = portfolio_env(world(), fill="living", days=3)
    left = []  # days on which each place ended, and whether it was cut short
    for step in range(1, 8):
        _, _, terminated, truncated, _ = env.step(all_do(env, "nothing"))
        left += [(step, int(place), bool(terminated[place])) for place in np.flatnonzero(terminated | truncated)]
    # The first three are cut short on days 1 and 2 and end on day 3; from then on each place ends every three days.
    by_place = {place: [(step, done) for step, p, done in left if p == place] for place in range(3)}
    assert sorted(ends[0] for ends in by_place.values()) == [(1, False), (2, False), (3, True)]
    for ends in by_place.values():
        assert [step - ends[0][0] for step, _ in ends[1:]] == [3 * n for n in range(1, len(ends))]
        assert all(done for _, done in ends[1:])


def test_part_of_a_claim_recovered():
    env = portfolio_env(world(), days=2)
    a = env.simulation.accounts
    a["promise_due"], a["promise_amount"] = 0, a["opening"] // 4
    env.step(all_do(env, "nothing"))
    infos = env.step(all_do(env, "nothing"))[4]
    assert infos["recovered"].tolist() == pytest.approx([0.25] * 3)


def test_decisions_are_taken_every_seven_days_and_nothing_is_done_between():
    env = portfolio_env(world(decision_every_days=7))
    costs = [env.step(all_do(env, "sms/midday"))[1].tolist()[0] for _ in range(9)]
    assert [round(-cost * MEAN / 5, 2) for cost in costs] == [1, 0, 0, 0, 0, 0, 0, 1, 0]
    assert env.action_masks()[:, 1:].sum() == 0  # day 9


def account_env(made, **options):
    env = AccountEnv(made, HOME.rules, PORTFOLIO, others=2, others_policy=lambda o, m: np.zeros(3, np.int64), **options)
    env.reset(seed=5)
    return env


def test_one_debtors_reward_is_scaled_by_the_portfolios_mean():
    env = account_env(world())
    observation, reward, terminated, truncated, info = env.step(env.menu.index["sms/midday"])
    assert reward == pytest.approx(-5 / MEAN)
    assert not terminated and not truncated
    assert (info["day"], info["treatment"], info["cash"], info["cost"]) == (0, "sms/midday", 0.0, 0.05)
    assert info["balance"] in (1_000.0, 3_000.0, 11_000.0) and info["events"][0] == "attempt" and not info["blocked"]
    assert observation[1] == pytest.approx(info["balance"] * (1 + 0.18 / 365), rel=1e-5)  # the next morning
    _, reward, _, _, info = env.step(env.menu.index["letter/morning"])
    assert reward == pytest.approx(-600 * V / MEAN) and info["day"] == 1 and info["cost"] == 6.0


def test_one_debtors_reward_over_his_own_claim():
    env = account_env(world(), reward_scale="own")
    _, reward, _, _, info = env.step(env.menu.index["sms/midday"])
    assert reward == pytest.approx(-0.05 / info["balance"])


def test_one_debtors_payment_ends_his_episode():
    env = account_env(world(behaviour=PAYING))
    _, reward, terminated, truncated, info = env.step(0)
    assert terminated and not truncated
    assert info["balance"] == 0.0 and info["cash"] in (1_000.0, 3_000.0, 11_000.0)
    assert reward == pytest.approx(info["cash"] / 5_000)
    assert {"payment", "closed"} <= set(info["events"])


def test_the_rule_that_stops_a_treatment_is_named():
    env = account_env(world())
    for _ in range(5):
        env.step(0)
    # Day 5 is a Saturday: no visits.
    _, reward, _, _, info = env.step(env.menu.index["visit/morning"])
    assert info["blocked"] and info["rule"] == "no-visit-on-days-off" and info["treatment"] == "nothing"
    assert reward == 0
