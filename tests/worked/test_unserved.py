"""Requests that nobody is free to serve cost paid time; treatments that nobody is due to do are not possible at all."""

from __future__ import annotations

import numpy as np
import pytest

from tests.worked.tiny import HOME, day, days, debtors, each_channel, pool, simulate, world


def one_person(name, minutes, seconds_unserved):
    shift = HOME.world.operations.collector.shift_minutes.model_copy(
        update={"morning": minutes, "midday": 0.0, "afternoon": 0.0, "evening": 60.0}
    )
    operations = pool(name, agents=1, shift_minutes=shift, seconds_unanswered=240, seconds_unserved=seconds_unserved)
    made = world(behaviour={"reach": each_channel(0.0)}, operations=operations)
    return simulate(made, debtors(*[10_000] * 3))


def test_an_unserved_request_costs_its_seconds_of_paid_time():
    # 4 minutes for one call of 4: two are left. A minute is 0.80: 30 seconds are 0.40. An attempt costs 0.05 besides, but none was made.
    simulation = one_person("collector", 4, 30)
    day(simulation, "collector/morning", {0: 0, 1: 1, 2: 2})
    a = simulation.accounts
    assert a["cost"].tolist() == [5 + 320, 40, 40]
    assert a["unserved"].tolist() == [0, 1, 1] and a["attempts"].tolist() == [1, 0, 0]
    assert simulation.daily_table()["cost"][0] == 325 + 2 * 40
    # It takes nothing of the shift: only the call that was made did.
    assert simulation.daily_table()["collector_seconds"][0] == 240


def test_the_pay_in_an_accounts_cost_is_its_minutes_times_pay_at_each_days_worth():
    simulation = one_person("collector", 4, 30)
    day(simulation, "collector/morning", {0: 0, 1: 1, 2: 2})
    # One call of 4 minutes at 0.80, two times half a minute; the 0.05 of the attempt is no pay.
    assert simulation.accounts["discounted_staff"].tolist() == [320, 40, 40]
    day(simulation, "sms/midday")  # nobody's time
    assert simulation.accounts["discounted_staff"].tolist() == [320, 40, 40]
    day(simulation, "collector/morning", {0: 0, 1: 1, 2: 2})
    worth = 1.08 ** (-2 / 365)  # of a unit on day 2, at 8 % a year
    assert simulation.accounts["discounted_staff"] == pytest.approx(np.array([320, 40, 40]) * (1 + worth))


def test_a_specialist_costs_what_a_specialist_costs():
    simulation = one_person("specialist", 4, 60)
    day(simulation, "specialist/morning", {0: 0, 1: 1, 2: 2})
    assert simulation.accounts["cost"].tolist() == [5 + 600, 150, 150]  # 1.50 a minute


def test_a_window_without_minutes_is_masked_and_costs_nothing():
    simulation = one_person("collector", 4, 30)
    masks = simulation.masks()[0]
    names = simulation.menu.index
    open_windows = [w for w in ("morning", "midday", "afternoon", "evening") if masks[names[f"collector/{w}"]]]
    assert open_windows == ["morning", "evening"]
    day(simulation, "collector/midday")
    a = simulation.accounts
    assert a["cost"].tolist() == [0, 0, 0] and a["blocked"].tolist() == [1, 1, 1] and a["unserved"].sum() == 0


def test_who_does_not_work_on_sundays_or_holidays_is_masked_then_and_texts_are_not():
    simulation = simulate(world(), debtors(10_000))
    index = simulation.menu.index
    seen = []
    for _ in range(33):
        mask = simulation.masks()[0]
        seen.append([bool(mask[index[f"{c}/morning"]]) for c in ("collector", "specialist", "autocall", "sms")])
        days(simulation, 1)
    assert seen[:7] == [[True] * 4] * 5 + [[True, False, True, True], [False, False, True, True]]
    assert seen[32] == [False, False, True, True]  # Friday, 4 April, a holiday


def test_nobody_at_all_is_masked():
    simulation = simulate(world(operations=pool("collector", agents=0)), debtors(10_000))
    assert not simulation.masks()[0, simulation.menu.index["collector/morning"]]
