"""Staff: heads for each thousand accounts, minutes by window, days off and holidays."""

from __future__ import annotations

from datetime import date

import pytest

from recoup.sim.operations.clock import Calendar
from recoup.sim.parameters import places
from tests.worked.tiny import HOME, UK, day, days, debtors, pool, simulate, world

# Minutes a day by the home scenario: collectors 140 + 50 + 190 + 80 = 460, specialists 420, lines 720, visitors 420.
PEOPLE = {"collector": 4, "specialist": 2, "autocall": 4, "visit": 0.4}
MINUTES = {"collector": 460, "specialist": 420, "autocall": 720, "visit": 420}


@pytest.mark.parametrize(
    ("per_1000", "accounts", "people"),
    [
        (4, 5_000, 20),
        (4, 1_000, 4),
        (4, 1_100, 4),  # 4.4
        (4, 1_200, 5),  # 4.8
        (0.4, 5_000, 2),
        (0.4, 4_000, 2),  # 1.6
        (0.4, 3_500, 1),  # 1.4
        (0.4, 10, 1),  # at least one
        (30, 999, 30),  # 29.97
        (0, 5_000, 0),
    ],
)
def test_heads_to_the_nearest_whole_number_and_at_least_one(per_1000, accounts, people):
    assert places(None, per_1000, accounts) == people


@pytest.mark.parametrize("accounts", [3, 5_000])
def test_a_fixed_number_holds_whatever_the_portfolio(accounts):
    assert places(7, 4, accounts) == 7 and places(0, 4, accounts) == 0
    operations = pool("collector", agents=3, per_1000_accounts=4)
    simulation = simulate(world(operations=operations), debtors(*[10_000] * accounts))
    assert simulation.centres["collector"].people == 3
    assert operations["collector"].scaled(2.0).people(accounts) == 6


def test_the_legal_team_and_the_docket_may_be_fixed_as_well():
    made = world(operations={"legal_cases": 2}, courts={"docket": 3})
    for accounts in (3, 5_000):
        courts = simulate(made, debtors(*[10_000] * accounts)).courts
        assert (courts.places, courts.team.capacity, courts.docket.capacity) == (2, 2, 3)


def capacities(simulation, count):
    days(simulation, count)
    table = simulation.daily_table()
    return {name: table[f"{name}_capacity"].tolist() for name in PEOPLE}


def test_a_week_of_the_home_scenario():
    simulation = simulate(world(), debtors(*[10_000] * 1_200))
    # 4.8 -> 5 collectors, 2.4 -> 2 specialists, 5 lines, 0.48 -> at least 1 visitor. Monday to Sunday, in seconds.
    collectors, specialists, lines, visitor = 5 * 460 * 60, 2 * 420 * 60, 5 * 720 * 60, 420 * 60
    assert capacities(simulation, 7) == {
        "collector": [collectors] * 6 + [0],
        "specialist": [specialists] * 5 + [0, 0],
        "autocall": [lines] * 7,
        "visit": [visitor] * 5 + [0, 0],
    }


def test_only_machines_work_on_a_holiday():
    # Friday, 4 April 2025 is day 32: 28 days bring 31 March, then Monday to Sunday.
    seconds = capacities(simulate(world(), debtors(10_000)), 35)
    assert [bool(s) for s in seconds["collector"][28:]] == [True, True, True, True, False, True, False]
    assert [bool(s) for s in seconds["specialist"][28:]] == [True, True, True, True, False, False, False]
    assert all(seconds["autocall"][28:])


def test_the_calendar_of_the_home_scenario():
    calendar = Calendar(HOME.world.start, HOME.world.holidays)
    assert calendar.date(0) == date(2025, 3, 3) and calendar.date(32) == date(2025, 4, 4)
    assert [calendar.weekday(day) for day in range(8)] == [0, 1, 2, 3, 4, 5, 6, 0]
    assert [day for day in range(36) if calendar.is_day_off(day)] == [5, 6, 12, 13, 19, 20, 26, 27, 32, 33, 34]
    assert [day for day in range(36) if calendar.is_holiday(day)] == [32]
    assert [calendar.next_working_day(day) for day in (4, 5, 6, 7, 32)] == [4, 7, 7, 7, 35]


@pytest.mark.parametrize("base", [HOME.world, UK.world])
def test_a_window_serves_when_it_is_open(base):
    # Everybody answers; each window's call gets through although the others have no minutes.
    for window in ("morning", "midday", "afternoon", "evening"):
        shift = base.operations.collector.shift_minutes.model_copy(
            update=dict.fromkeys(("morning", "midday", "afternoon", "evening"), 0.0) | {window: 60.0}
        )
        staff = base.operations.collector.model_copy(update={"shift_minutes": shift})
        simulation = simulate(world(base, operations={"collector": staff}), debtors(10_000, 10_000))
        day(simulation, f"collector/{window}")
        figures = simulation.daily_table().iloc[0]
        assert (figures["collector_served"], figures["collector_capacity"]) == (2, 3_600), window
