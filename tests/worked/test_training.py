"""Courses: they take people off the telephone, cost money, and make them better."""

from __future__ import annotations

import numpy as np
import pytest

from recoup.sim.operations.contact_centre import SKILL
from recoup.sim.parameters import Conduct, Course
from tests.worked.tiny import courses, day, days, debtors, each_channel, pool, reached, simulate, until, world

TWO_DAYS = Course(days=2, gain=0.3, cost=1500.0)
COURSE = courses(every_days=10, law=TWO_DAYS)
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
    training = courses(every_days=8, law=Course(days=1, gain=0.3, cost=1500.0))
    operations = {"training": training} | pool("collector", per_1000_accounts=1000)
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


def taught(simulation, pool="collector"):
    """Skills of the first person of a pool: law, psychology, negotiation."""
    return [round(float(value), 9) for value in simulation.centres[pool].skill[0]]


def test_one_person_takes_the_courses_in_rotation():
    # Away on days 1-2 (law), 11 (negotiation), 21-22 (law again): psychology is not taught.
    training = courses(every_days=10, law=TWO_DAYS, negotiation=Course(days=1, gain=0.5, cost=700.0))
    simulation = simulate(world(operations={"training": training} | ALONE), debtors(10_000))
    seen = []
    for _ in range(26):
        day(simulation)
        seen.append(taught(simulation))
    # Each gain is there on the first day back: days 3, 12 and 23.
    assert seen[:3] == [[0, 0, 0]] * 3 and seen[3:12] == [[0.3, 0, 0]] * 9
    assert seen[12:23] == [[0.3, 0, 0.5]] * 11 and seen[23:] == [[0.6, 0, 0.5]] * 3
    table = simulation.daily_table()
    assert table["away"].to_numpy().nonzero()[0].tolist() == [1, 2, 11, 21, 22]
    assert table["overhead"].to_numpy().nonzero()[0].tolist() == [1, 11, 21]
    assert table["overhead"][[1, 11, 21]].tolist() == [150_000, 70_000, 150_000]


def test_neighbours_begin_with_different_courses():
    training = courses(every_days=100, law=TWO_DAYS, psychology=TWO_DAYS, negotiation=TWO_DAYS)
    operations = {"training": training} | pool("collector", per_1000_accounts=1000)
    simulation = simulate(world(operations=operations | ALONE), debtors(*[10_000] * 4))
    days(simulation, 100)
    skill = simulation.centres["collector"].skill
    # The fourth begins where the first did.
    assert skill["law"].tolist() == [0.3, 0, 0, 0.3]
    assert skill["psychology"].tolist() == [0, 0.3, 0, 0] and skill["negotiation"].tolist() == [0, 0, 0.3, 0]


def test_without_courses_nobody_goes():
    simulation = simulate(world(operations={"training": courses(every_days=5)} | ALONE), debtors(10_000))
    days(simulation, 12)
    assert not simulation.daily_table()["away"].any() and not simulation.daily_table()["overhead"].any()


def test_whoever_comes_back_gets_promises_that_he_did_not_get_before():
    # Log odds −30 + 200 x skill: −30 before the course, −30 + 200 x 0.3 = 30 after it.
    behaviour = {"promise_base": -30.0, "skill_promise": 200.0, "skill_offer": 0.0}
    training = courses(every_days=10, psychology=TWO_DAYS)
    simulation = simulate(world(behaviour=behaviour, operations={"training": training} | ALONE), debtors(*[10_000] * 5))
    day(simulation, "collector/morning")
    assert simulation.accounts["reaches"].sum() >= 3 and simulation.accounts["promises"].sum() == 0
    days(simulation, 2)
    before = simulation.accounts["reaches"].copy()
    day(simulation, "collector/morning")  # day 3, the first day back
    now = simulation.accounts["reaches"] > before
    assert now.sum() >= 3 and (simulation.accounts["promises"] == now).all()


def test_negotiation_raises_acceptance():
    behaviour = {"settle_base": -30.0, "skill_offer": 200.0, "skill_promise": 0.0}
    training = courses(every_days=10, negotiation=TWO_DAYS)
    simulation = simulate(world(behaviour=behaviour, operations={"training": training} | ALONE), debtors(*[10_000] * 5))
    day(simulation, "collector/morning/settle_20")
    assert simulation.accounts["promises"].sum() == 0
    days(simulation, 2)
    day(simulation, "collector/morning/settle_20")
    assert simulation.accounts["promises"].sum() >= 3


@pytest.mark.parametrize(("skill", "chance"), [(0.0, 0.5), (1.0, 0.25), (2.0, 0.125), (-1.0, 1.0), (-5.0, 1.0)])
def test_disputes_halve_with_each_step_of_law(skill, chance):
    # log(1/2) a standard deviation: 0.5 x 2^-skill, and never above 1.
    behaviour = {"dispute": 0.5, "skill_dispute": float(np.log(0.5))}
    everybody = pool("collector", per_1000_accounts=1000)
    simulation = simulate(world(behaviour=behaviour, operations=everybody), debtors(*[10_000] * 1000))
    simulation.centres["collector"].skill["law"] = skill
    day(simulation, "collector/morning")
    talks, disputes = (int(simulation.daily_table()[name].iloc[0]) for name in ("reached", "disputes"))
    assert talks > 500 and abs(disputes / talks - chance) <= 4 * np.sqrt(chance * (1 - chance) / talks)


@pytest.mark.parametrize("other", ["psychology", "negotiation"])
def test_only_law_moves_disputes_and_complaints(other):
    behaviour = {"dispute": 0.5, "skill_dispute": -5.0, "complaint": each_channel(1e-3), "skill_complaint": -5.0}
    told = []
    for skill in (0.0, 3.0):
        simulation = simulate(world(behaviour=behaviour), debtors(*[10_000] * 20))
        simulation.centres["collector"].skill[other] = skill
        day(simulation, "collector/morning")
        told.append((simulation.accounts["complaint_risk"].tolist(), simulation.accounts["events"].tolist()))
    assert told[0] == told[1]


def test_each_of_the_other_skills_moves_its_own():
    """Psychology wins promises and no offers, negotiation offers and no promises."""
    behaviour = {"promise_base": -30.0, "settle_base": -30.0, "skill_promise": 60.0, "skill_offer": 60.0}
    for skill, said in (("law", "nothing"), ("psychology", "promises"), ("negotiation", "accepted")):
        simulation = simulate(world(behaviour=behaviour), debtors(*[10_000] * 5))
        simulation.centres["collector"].skill[skill] = 1.0
        day(simulation, "collector/morning/settle_20")
        figures = simulation.daily_table().iloc[0]
        assert figures["reached"] >= 3, skill
        expected = {"promises": 0, "accepted": 0} | ({said: figures["reached"]} if said != "nothing" else {})
        assert {name: figures[name] for name in ("promises", "accepted")} == expected, skill


def test_machines_learn_nothing():
    everything = dict.fromkeys(SKILL.names, TWO_DAYS)
    simulation = simulate(
        world(
            behaviour={"promise_base": -30.0, "skill_promise": 200.0},
            operations={"training": courses(every_days=3, **everything)} | ALONE,
        ),
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
    for name in ("law", "psychology", "negotiation"):
        # 900 people, spread 2: the mean within 4 x 2 / 30 = 0.27, the spread within 4 x 2 / sqrt(1800) = 0.19.
        assert abs(skill[name].mean()) < 0.27 and abs(skill[name].std() - 2.0) < 0.19
        assert not np.array_equal(skill[name][:2], simulation.centres["specialist"].skill[name][:2])
    # Who knows one thing knows the others no better: correlations within 4 / 30 = 0.13.
    together = np.corrcoef([skill[name] for name in ("law", "psychology", "negotiation")])
    assert np.abs(together - np.eye(3)).max() < 0.13


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


def test_a_course_in_conduct_may_raise_skill_in_law():
    simulation = complained(at_once=1.0, skill_gain=0.3)
    assert simulation.centres["collector"].skill["law"].tolist() == [0, 0]
    days(simulation, 2)
    assert simulation.centres["collector"].skill["law"].tolist() == pytest.approx([0.3, 0.3])
    assert not any(simulation.centres["collector"].skill[name].any() for name in ("psychology", "negotiation"))
    assert simulation.centres["specialist"].skill["law"].tolist() == [0]
