"""Payday: payments are likeliest on the day of income, less so over the ten days after it, and not before it."""

from __future__ import annotations

from math import exp, sqrt

import pytest

from tests.worked.tiny import NEVER, days, debtors, simulate, world

PEOPLE = 4_000
# Nothing but the payday moves the intensity: a daily intensity of exp(−3 + 2 x what is left of the payday).
ONLY_PAYDAY = dict.fromkeys(
    "pay_willingness pay_liquidity pay_salience pay_excitation pay_pressure pay_reactance pay_age pay_waiting full_liquidity".split(),
    0.0,
) | {"pay_base": -3.0, "pay_payday": 2.0, "full_base": NEVER}


def payments(payday, count):
    simulation = simulate(world(behaviour=ONLY_PAYDAY), debtors(*[1_000_000] * PEOPLE, payday=payday))
    days(simulation, count)
    return simulation.daily_table()["payments"]


def test_intensity_is_highest_on_payday_and_falls_within_ten_days():
    counts = payments(8, 24)  # 3 March is day 0: payday on day 5
    for day, count in enumerate(counts):
        left = max(0.0, 1 - (day - 5) / 10) if day >= 5 else 0.0
        chance = 1 - exp(-exp(-3 + 2 * left))
        assert abs(count / PEOPLE - chance) < 4.5 * sqrt(chance * (1 - chance) / PEOPLE), f"day {day}"
    # 1 − exp(−exp(−1)) = 30.8 % on payday; 1 − exp(−exp(−3)) = 4.9 % the day before.
    assert counts[5] / PEOPLE == pytest.approx(0.308, abs=0.03)
    assert counts[4] / PEOPLE == pytest.approx(0.049, abs=0.015)


def test_a_payday_late_in_the_month_reaches_into_the_next_one():
    counts = payments(28, 34)  # 28 March is day 25; 1 April is day 29, and counts as 3 days later (months of 30 days)
    chance = 1 - exp(-exp(-3 + 2 * 0.7))
    assert abs(counts[29] / PEOPLE - chance) < 4.5 * sqrt(chance * (1 - chance) / PEOPLE)


def test_a_payment_in_part_is_a_tenth_to_seven_tenths_of_a_months_means():
    simulation = simulate(world(behaviour=ONLY_PAYDAY | {"pay_base": 2.0}), debtors(*[1_000_000] * 2_000))
    simulation.accounts["disposable"] = 1_000
    days(simulation, 1)
    cash = simulation.accounts["cash"]
    paid = cash[cash > 0] / 100
    # 1 − exp(−e²) = 99.94 % pay; uniform between 100 and 700: mean 400, give or take 4 x 173 / sqrt(2000) = 15.5.
    assert paid.size > 1_985
    assert 100 <= paid.min() < 103 and 697 < paid.max() <= 700
    assert abs(paid.mean() - 400) < 15.5


def test_the_least_payment_is_ten():
    simulation = simulate(world(behaviour=ONLY_PAYDAY | {"pay_base": 2.0}), debtors(*[1_000] * 20))
    simulation.accounts["disposable"] = 1
    days(simulation, 1)
    assert sorted(set(simulation.accounts["cash"].tolist())) in ([1_000], [0, 1_000])


def test_a_payment_in_full_is_the_balance_with_its_interest():
    simulation = simulate(world(behaviour=ONLY_PAYDAY | {"pay_base": 2.0, "full_base": 40.0}), debtors(*[10_000] * 20))
    days(simulation, 1)
    assert simulation.accounts["cash"].max() == 1_000_000
    days(simulation, 1)
    # Who did not pay on day 0 owes a day's interest on day 1: 4.93.
    assert set(simulation.accounts["cash"].tolist()) <= {1_000_000, 1_000_493}
