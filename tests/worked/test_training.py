"""Courses: they take people off the telephone, cost money, and make them better."""

from __future__ import annotations

import numpy as np
import pytest

from recoup.sim.parameters import Conduct
from tests.worked.tiny import HOME, day, days, debtors, each_channel, pool, reached, simulate, until, world

COURSE = HOME.world.operations.training.model_copy(
    update={"every_days": 10, "course_days": 2, "skill_gain": 0.3, "cost": 1500.0}
)
ALONE = pool("specialist", per_1000_accounts=0)  # one collector and no specialist: one person on the telephone


def test_one_person_goes_on_day_1_for_two_days_and_again_ten_days_later():
    simulation = simulate(world(operations={"training": COURSE} | ALONE), debtors(10_000))
    days(simulation, 15)
    table = simulation.daily_table()
    assert table["away"].to_numpy().nonzero()[0].tolist() == [1, 2, 11, 12]
    # 1,500.00 each time, on the first day.
    assert table["overhead"].tolist() == [0, 150_000, *[0] * 9, 150_000, 0, 0, 0]
    # Monday to Saturday, but on the days of a course (day 6 and 13 are Sundays).
    working = [bool(seconds) for seconds in table["collector_capacity"]]
    assert [d for d, works in enumerate(working) if not works] == [1, 2, 6, 11, 12, 13]


def test_four_people_go_in_turn():
    operations = {"training": COURSE.model_copy(update={"every_days": 8, "course_days": 1})} | pool(
        "collector", per_1000_accounts=1000
    )
    simulation = simulate(world(operations=operations | ALONE), debtors(*[10_000] * 4))
    days(simulation, 17)
    away = simulation.daily_table()["away"]
    assert away.to_numpy().nonzero()[0].tolist() == [1, 3, 5, 7, 9, 11, 13, 15] and away.max() == 1
    # Three of four are on the telephone: 3 x 460 minutes.
    assert simulation.daily_table()["collector_capacity"][[0, 1]].tolist() == [4 * 27_600, 3 * 27_600]


def test_a_course_costs_no_debtor_anything():
    simulation = simulate(world(operations={"training": COURSE} | ALONE), debtors(10_000))
    days(simulation, 5)
    assert simulation.accounts["cost"][0] == 0 and simulation.daily_table()["cost"].sum() == 0


def test_whoever_comes_back_gets_promises_that_he_did_not_get_before():
    # Log odds −30 + 200 x skill: −30 before the course, −30 + 200 x 0.3 = 30 after it.
    behaviour = {"promise_base": -30.0, "skill_effect": 200.0}
    simulation = simulate(world(behaviour=behaviour, operations={"training": COURSE} | ALONE), debtors(*[10_000] * 5))
    day(simulation, "collector/morning")
    assert simulation.accounts["reaches"].sum() >= 3 and simulation.accounts["promises"].sum() == 0
    days(simulation, 2)
    before = simulation.accounts["reaches"].copy()
    day(simulation, "collector/morning")  # day 3, the first day back
    now = simulation.accounts["reaches"] > before
    assert now.sum() >= 3 and (simulation.accounts["promises"] == now).all()


def test_skill_raises_acceptance_too():
    behaviour = {"settle_base": -30.0, "skill_effect": 200.0}
    simulation = simulate(world(behaviour=behaviour, operations={"training": COURSE} | ALONE), debtors(*[10_000] * 5))
    day(simulation, "collector/morning/settle_20")
    assert simulation.accounts["promises"].sum() == 0
    days(simulation, 2)
    day(simulation, "collector/morning/settle_20")
    assert simulation.accounts["promises"].sum() >= 3


def test_machines_learn_nothing():
    simulation = simulate(
        world(behaviour={"promise_base": -30.0, "skill_effect": 200.0}, operations={"training": COURSE} | ALONE),
        debtors(*[10_000] * 5),
    )
    days(simulation, 5)
    day(simulation, "autocall/morning")
    assert simulation.accounts["reaches"].sum() >= 3 and simulation.accounts["promises"].sum() == 0


def test_performance_pay_drives_promises():
    # Log odds −30 + 60 x share of pay that hangs on cash: 0 at 0.5 and 30 at 1.
    for share, promises in ((0.0, False), (1.0, True)):
        simulation = simulate(
            world(behaviour={"promise_base": -30.0, "performance_effort": 60.0}, operations={"performance_pay": share}),
            debtors(*[10_000] * 5),
        )
        day(simulation, "collector/morning")
        assert bool(simulation.accounts["promises"][reached(simulation)]) == promises


def test_skills_at_the_start_spread_around_nothing():
    simulation = simulate(
        world(operations={"skill_spread": 2.0} | pool("collector", per_1000_accounts=1000)), debtors(*[10_000] * 900)
    )
    skill = simulation.centres["collector"].skill
    # 900 people, spread 2: the mean within 4 x 2 / 30 = 0.27, the spread within 4 x 2 / sqrt(1800) = 0.19.
    assert abs(skill.mean()) < 0.27 and abs(skill.std() - 2.0) < 0.19
    assert not np.array_equal(skill[:2], simulation.centres["specialist"].skill[:2])


def conduct(at_once=0.5, **course):
    """Any complaint sends the collectors to a course in conduct: half of them for two days, then the other half."""
    retrain = {"pools": ["collector"], "at_once": at_once, "days": 2, "cost": 1500.0} | course
    correction = {"id": "course", "watch": "complaints", "above": 0, "days": 1, "least": 1, "retrain": retrain}
    return Conduct(corrections=[correction])


def complained(two_collectors=True, **course):
    """A visit that draws a complaint on day 0; a collector's call has a chance of 0.001 of one."""
    behaviour = {"complaint": each_channel(0.001, visit=1.0), "complaint_fatigue": 0.0}
    operations = pool("collector", per_1000_accounts=400 if two_collectors else 1)
    simulation = simulate(
        world(behaviour=behaviour, operations=operations, conduct=conduct(**course)), debtors(*[10_000] * 5)
    )
    day(simulation, {0: "visit/morning"})
    assert simulation.accounts["complaints"].tolist() == [1, 0, 0, 0, 0]
    return simulation


def test_a_course_in_conduct_takes_half_of_the_pool_at_a_time_from_the_next_day():
    simulation = complained()
    days(simulation, 6)
    table = simulation.daily_table()
    assert table["away"].tolist() == [0, 1, 1, 1, 1, 0, 0]
    assert table["overhead"].tolist() == [0, 150_000, 0, 150_000, 0, 0, 0]
    # Two collectors, then one on days 1 to 4 (day 6 is Sunday).
    assert (table["collector_capacity"] / 27_600).tolist() == [2, 1, 1, 1, 1, 2, 0]


def test_a_course_in_conduct_is_priced_by_the_head():
    simulation = complained(at_once=1.0, cost=700.0)
    days(simulation, 3)
    assert simulation.daily_table()["overhead"].tolist() == [0, 2 * 70_000, 0, 0]
    assert simulation.corrections_table()["retrained"].tolist() == [2]


def test_what_a_course_in_conduct_teaches_lowers_complaints_and_fades():
    simulation = complained(at_once=1.0, complaint_fall=0.5, half_life=90.0)
    days(simulation, 2)

    def chance(number):
        before = float(simulation.accounts["complaint_risk"][number])
        day(simulation, {number: "collector/morning"})
        return float(simulation.accounts["complaint_risk"][number]) - before

    assert chance(1) == pytest.approx(0.001 * np.exp(-0.5), rel=1e-9)  # day 3, the first day back
    until(simulation, 92)
    assert chance(2) == pytest.approx(0.001 * np.exp(-0.25), rel=1e-9)  # day 93, 90 days later


def test_half_of_the_pool_taught_is_half_of_the_fall():
    simulation = complained(complaint_fall=0.6, half_life=1e6)
    days(simulation, 2)
    day(simulation, {1: "collector/morning"})  # day 3: one of two is back
    assert simulation.accounts["complaint_risk"][1] == pytest.approx(0.001 * np.exp(-0.3), rel=1e-6)
    days(simulation, 1)
    day(simulation, {2: "collector/morning"})  # day 5: both are
    assert simulation.accounts["complaint_risk"][2] == pytest.approx(0.001 * np.exp(-0.6), rel=1e-5)


def test_a_course_in_conduct_may_raise_skill():
    simulation = complained(at_once=1.0, skill_gain=0.3)
    assert simulation.centres["collector"].skill.tolist() == [0, 0]
    days(simulation, 2)
    assert simulation.centres["collector"].skill.tolist() == pytest.approx([0.3, 0.3])
    assert simulation.centres["specialist"].skill.tolist() == [0]
