"""Who is served where staff is short: lowest priority number first, until the window's minutes are used up."""

from __future__ import annotations

import numpy as np
import pytest

from recoup.agents.plans.plan import Plan
from tests.worked.tiny import HOME, NEVER, day, days, debtors, each_channel, pool, simulate, until, world


def short_of_staff(name, minutes, debtors_count=5, window="morning", **changes):
    """Nobody answers; one person or line, with so many minutes in one window and none in the others."""
    shift = dict.fromkeys(("morning", "midday", "afternoon", "evening"), 0.0) | {window: minutes}
    operations = pool(name, per_1000_accounts=1, shift_minutes=HOME.world.operations.collector.shift_minutes)
    operations[name] = operations[name].model_copy(
        update={"shift_minutes": operations[name].shift_minutes.model_copy(update=shift)}
    )
    made = world(behaviour={"reach": each_channel(0.0)}, operations=operations, **changes)
    return simulate(made, debtors(*[10_000] * debtors_count))


# Seconds of an attempt that nobody answers, by the scenario: collectors and specialists 240, lines 35, visits 3,600.
@pytest.mark.parametrize(
    ("channel", "window", "minutes"),
    [
        ("collector", "midday", 8),
        ("specialist", "afternoon", 8),
        ("autocall", "evening", 70 / 60),
        ("visit", "morning", 120),
    ],
)
@pytest.mark.parametrize("order", [[4, 2, 0, 1, 3], [0, 1, 2, 3, 4], [3, 0, 4, 2, 1]])
def test_time_for_two_goes_to_the_two_lowest_numbers(channel, window, minutes, order):
    simulation = short_of_staff(channel, minutes, window=window)
    day(simulation, f"{channel}/{window}", dict(enumerate(order)))
    served = np.flatnonzero(simulation.accounts["attempts"]).tolist()
    assert served == sorted([order.index(0), order.index(1)])
    assert simulation.accounts["unserved"].tolist() == [int(place > 1) for place in order]


def test_a_priority_belongs_to_its_account_whoever_else_is_called():
    # Debtors 0 and 1 are left alone; their numbers must not be taken for those of 2 and 3, who wait with 4 for two calls.
    simulation = short_of_staff("collector", 8)
    day(simulation, dict.fromkeys((2, 3, 4), "collector/morning"), dict(enumerate([0, 9, 5, 1, 2])))
    assert simulation.accounts["attempts"].tolist() == [0, 0, 0, 1, 1]


@pytest.mark.parametrize(("minutes", "served"), [(4, 1), (4.1, 2), (8, 2), (9, 3)])
def test_a_call_that_has_begun_is_finished_after_the_window_and_none_begins_then(minutes, served):
    simulation = short_of_staff("collector", minutes)  # 4 minutes an attempt
    day(simulation, "collector/morning")
    figures = simulation.daily_table().iloc[0]
    assert (figures["collector_served"], figures["collector_requested"]) == (served, 5)
    assert figures["collector_seconds"] == 240 * served
    assert figures["collector_capacity"] == round(60 * minutes)
    assert figures["unserved"] == 5 - served


def test_who_is_not_served_hears_nothing():
    simulation = short_of_staff("collector", 4)
    day(simulation, "collector/morning", dict(enumerate([1, 0, 2, 3, 4])))
    a = simulation.accounts
    assert a["attempts"].tolist() == [0, 1, 0, 0, 0]
    assert (a["fatigue"] > 0).tolist() == [False, True, False, False, False]
    assert a["cost"][1] == 5 + 320  # 0.05 and four minutes at 0.80; what a request costs: test_unserved


def test_each_window_has_its_own_queue_and_minutes_are_not_kept_for_the_next():
    # 8 minutes in the morning that nobody asks for, none at midday.
    simulation = short_of_staff("collector", 8)
    day(simulation, {0: "collector/midday", 1: "collector/morning", 2: "collector/afternoon"})
    assert simulation.accounts["attempts"].tolist() == [0, 1, 0, 0, 0]


def test_pools_do_not_share_their_minutes():
    simulation = short_of_staff("collector", 4)
    day(simulation, {0: "collector/morning", 1: "specialist/morning", 2: "autocall/morning", 3: "sms/morning"})
    assert simulation.accounts["attempts"].tolist() == [1, 1, 1, 1, 0]


def test_texts_and_letters_wait_for_nobody():
    simulation = short_of_staff("collector", 0)
    day(
        simulation,
        {0: "sms/morning", 1: "wechat/evening", 2: "email/midday", 3: "letter/morning", 4: "collector/morning"},
    )
    assert simulation.accounts["attempts"].tolist() == [1, 1, 1, 1, 0]


def test_without_priorities_everybody_has_his_turn_some_day():
    simulation = short_of_staff("collector", 4)
    for _ in range(30):
        day(simulation, "collector/morning")
    # 26 working days (Monday to Saturday), one call each; nobody gets all of them and nobody none.
    attempts = simulation.accounts["attempts"]
    assert attempts.sum() == 26 and attempts.min() >= 1 and attempts.max() <= 13


PLAN = """
name: old-debts-last
title: Old debts last
rules:
  - name: old
    when: {dpd: {at_least: 100}}
    do: {channel: collector, window: morning}
    priority: 7
  - name: young
    do: {channel: collector, window: morning}
    priority: 2
"""


def test_a_plans_priorities_decide_the_queue(tmp_path):
    file = tmp_path / "plan.yaml"
    file.write_text(PLAN, encoding="utf-8")
    portfolio = debtors(*[10_000] * 5, dpd=[300, 20, 300, 300, 20])
    simulation = short_of_staff("collector", 8)
    simulation = simulate(simulation.world, portfolio)
    plan = Plan.load(file, simulation.menu)
    observations, masks = simulation.observe(), simulation.masks()
    actions = plan.act(observations, masks)
    places = plan.priority(observations, actions)
    assert places.tolist() == [7, 2, 7, 7, 2]
    simulation.advance(actions, places)
    assert simulation.accounts["attempts"].tolist() == [0, 1, 0, 0, 1]


def test_suits_are_taken_in_the_order_in_which_they_were_decided():
    courts = {"filing_days": (1, 1), "hearing_days": (1, 1), "win": 1.0, "closed_on_holidays": False}
    made = world(courts=courts, operations={"legal_cases_per_1000_accounts": 1}, behaviour={"settle_base": NEVER})
    simulation = simulate(made, debtors(*[10_000] * 3))
    for number in (2, 0, 1):
        day(simulation, {number: "suit"})
    until(simulation, 12)
    # Each takes the one place for two days: filed the day after, judged the day after that.
    assert simulation.accounts["stage_day"].tolist() == [4, 6, 2]
    days(simulation, 1)
    assert simulation.courts.waiting == 0 and simulation.courts.load == 0.0
