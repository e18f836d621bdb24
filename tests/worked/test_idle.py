"""Staff is paid by the shift: what its minutes cost that serve no account."""

from __future__ import annotations

from tests.worked.test_queues import short_of_staff
from tests.worked.tiny import HOME, day, days, debtors, pool, simulate, world

COURSE = HOME.world.operations.training.model_copy(
    update={"every_days": 10, "course_days": 2, "skill_gain": 0.3, "cost": 1500.0}
)
# One collector of 460 minutes at 0.80 and one specialist of 420 at 1.50: 368.00 and 630.00 a day.
COLLECTOR, SPECIALIST = 36_800, 63_000


def idle(simulation):
    return simulation.daily_table()["idle_cost"].tolist()


def test_a_week_without_a_call():
    simulation = simulate(world(), debtors(10_000))
    days(simulation, 7)
    # From Monday: collectors rest on Sunday, specialists on Saturday as well; lines and visits have no price by the minute.
    assert idle(simulation) == [COLLECTOR + SPECIALIST] * 5 + [COLLECTOR, 0]
    assert simulation.daily_table()["visit_paid"].tolist() == [420 * 60] * 5 + [0, 0]


def test_nobody_is_paid_on_a_holiday():
    simulation = simulate(world(), debtors(10_000))
    days(simulation, 33)
    assert idle(simulation)[32] == 0  # Friday, 4 April


def test_who_is_at_a_course_is_paid():
    simulation = simulate(
        world(operations={"training": COURSE} | pool("specialist", per_1000_accounts=0)), debtors(10_000)
    )
    days(simulation, 3)
    table = simulation.daily_table()
    assert table["collector_capacity"].tolist() == [27_600, 0, 0]
    assert table["collector_paid"].tolist() == [27_600] * 3 and idle(simulation) == [COLLECTOR] * 3


def test_the_minutes_of_a_call_are_the_accounts_and_not_idle():
    # Eight minutes paid at 0.80, four of them for the one call that nobody answers. The specialist has no call.
    simulation = short_of_staff("collector", 8, debtors_count=1)
    day(simulation, "collector/morning")
    assert simulation.accounts["cost"].tolist() == [5 + 320]
    assert idle(simulation) == [320 + SPECIALIST]


def test_overtime_takes_nothing_off_the_pay_of_those_who_wait():
    # Nine minutes: three calls of four, three minutes over. The specialist waits all day, and is paid in full.
    simulation = short_of_staff("collector", 9)
    day(simulation, "collector/morning")
    assert simulation.daily_table()["collector_seconds"][0] == 720
    assert idle(simulation) == [SPECIALIST]


def test_staff_goes_on_being_paid_when_every_account_is_closed():
    simulation = simulate(world(behaviour={"pay_base": 100.0, "full_base": 40.0}), debtors(1_000))
    days(simulation, 4)
    assert simulation.finished and idle(simulation) == [COLLECTOR + SPECIALIST] * 4
