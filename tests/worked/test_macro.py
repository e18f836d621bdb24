"""The economy: stress lowers what debtors can pay and costs them their work; it fades from month to month."""

from __future__ import annotations

from math import exp, sqrt

import pytest

from recoup.sim.observation import FIELD_INDEX
from recoup.sim.parameters import Macro
from tests.worked.tiny import SURE, day, days, debtors, reached, simulate, until, world


def recession(size, on=0, **behaviour):
    macro = Macro(persistence=0.8, spread=0.0, shocks=[{"day": on, "size": size}])
    return world(macro=macro, behaviour=behaviour)


@pytest.mark.parametrize(
    ("size", "promised"),
    [(2.0, 163_746), (0.0, 200_000), (-2.0, 244_280)],  # 2 x 1,000.00 x exp(−0.1 x size): 0.81873, 1, 1.22140
)
def test_a_recession_lowers_means_by_a_tenth_of_the_index_in_logs(size, promised):
    simulation = simulate(recession(size, promise_base=SURE), debtors(*[10_000] * 5))
    simulation.accounts["disposable"] = 1_000
    day(simulation, "collector/morning")
    assert simulation.accounts["promise_amount"][reached(simulation)] == promised


@pytest.mark.parametrize("size", [2.0, 0.0, -2.0])
def test_a_recession_costs_work(size):
    people = 20_000
    simulation = simulate(recession(size, job_loss_monthly=0.015), debtors(*[10_000] * people))
    before = int(simulation.accounts["employed"].sum())
    days(simulation, 10)
    lost = before - int(simulation.accounts["employed"].sum())
    # 0.015 / 30 = 0.0005 a day, times exp(0.5 x index): 27 a day of 20,000 in the recession, 10 without, 3.7 in the boom.
    expected = 10 * people * 0.0005 * exp(0.5 * size)
    assert abs(lost - expected) < 4 * sqrt(expected)


def test_work_is_found_at_fifteen_percent_a_month():
    people = 10_000
    simulation = simulate(
        world(behaviour={"jobless_share": 1.0, "job_found_monthly": 0.15}), debtors(*[10_000] * people)
    )
    days(simulation, 1)
    found = int(simulation.accounts["employed"].sum())
    assert abs(found - people * 0.15 / 30) < 4 * sqrt(people * 0.005)  # 50, give or take 28


def test_a_shock_comes_on_its_day_and_a_fifth_of_it_fades_each_month():
    simulation = simulate(recession(2.0, on=10), debtors(10_000))
    until(simulation, 95)
    macro = simulation.daily_table()["macro"]
    assert macro[9] == 0 and macro[10] == 2 and macro[29] == 2
    # Months of 30 days: 2 x 0.8 = 1.6, 1.28, 1.024.
    assert [macro[d] for d in (30, 59, 60, 89, 90)] == pytest.approx([1.6, 1.6, 1.28, 1.28, 1.024])


def test_table_policy_and_debtors_meet_a_change_on_the_same_day():
    # A shock on day 10 and the month's step on day 30: means of 1,000.00 x exp(−0.1 x 2) = 818.73, then x exp(−0.1 x 1.6) = 852.14.
    for on, stress, promised in ((9, 0.0, 200_000), (10, 2.0, 163_746), (29, 2.0, 163_746), (30, 1.6, 170_428)):
        simulation = simulate(recession(2.0, on=10, promise_base=SURE), debtors(*[10_000] * 5))
        simulation.accounts["disposable"] = 1_000
        days(simulation, on)
        assert simulation.observe()[:, FIELD_INDEX["macro_index"]] == pytest.approx([stress] * 5)
        day(simulation, "specialist/morning" if simulation.calendar.weekday(on) < 5 else "autocall/morning")
        assert simulation.accounts["promise_amount"][reached(simulation)] == promised
        assert simulation.daily_table()["macro"][on] == pytest.approx(stress)


def test_a_shock_of_the_first_day_is_there_from_the_first_morning():
    simulation = simulate(recession(2.0, promise_base=SURE), debtors(*[10_000] * 5))
    simulation.accounts["disposable"] = 1_000
    assert (simulation.observe()[:, FIELD_INDEX["macro_index"]] == 2).all()
    day(simulation, "collector/morning")
    assert simulation.accounts["promise_amount"][reached(simulation)] == 163_746


def test_a_shock_on_the_day_of_the_months_step_comes_in_full():
    simulation = simulate(recession(2.0, on=60), debtors(10_000))
    until(simulation, 90)
    macro = simulation.daily_table()["macro"]
    assert [macro[d] for d in (59, 60, 89, 90)] == pytest.approx([0, 2, 2, 1.6])


def test_months_shake_the_index_by_its_spread():
    macro = Macro(persistence=0.0, spread=0.25)
    shakes = []
    for seed in range(60):
        simulation = simulate(world(macro=macro), debtors(10_000), seed=seed)
        until(simulation, 30)
        shakes.append(float(simulation.daily_table()["macro"][30]))
    mean = sum(shakes) / 60
    spread = sqrt(sum((x - mean) ** 2 for x in shakes) / 59)
    assert abs(mean) < 4 * 0.25 / sqrt(60) and abs(spread - 0.25) < 4 * 0.25 / sqrt(120)
