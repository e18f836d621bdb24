"""Instalment plans: equal instalments, the first after 5 days, then every 30; two missed in a row break the plan."""

from __future__ import annotations

import pytest

from tests.worked.tiny import NEVER, SURE, day, days, debtors, reached, simulate, until, world

A_DAY = 493  # interest on 10,000.00 at 18 %, in cents


def on_a_plan(treatment="collector/morning/plan_6", **behaviour):
    """Debtors on a plan who pay or miss as `willingness` says: 1 pays, −1 misses."""
    effects = {"plan_base": SURE, "instalment_base": 0.0, "instalment_willingness": 40.0}
    simulation = simulate(world(behaviour=effects | behaviour), debtors(*[10_000] * 5))
    simulation.accounts["willingness"] = 1
    day(simulation, treatment)
    return simulation, reached(simulation)


def test_six_instalments_every_thirty_days_and_the_last_pays_what_is_left():
    simulation, one = on_a_plan()
    paid = {}
    while simulation.accounts["status"][one] == 0:
        before = int(simulation.accounts["cash"][one])
        today = simulation.day
        days(simulation, 1)
        if (now := int(simulation.accounts["cash"][one])) > before:
            paid[today] = now - before
    # A sixth of 10,000.00 rounded up to the cent is 1,666.67; five of them are 8,333.35, and 1,666.65 are left.
    assert paid == {5: 166_667, 35: 166_667, 65: 166_667, 95: 166_667, 125: 166_667, 155: 166_665}
    assert simulation.accounts["interest"][one] == 0  # rests while the plan is kept
    assert simulation.accounts["closed_day"][one] == 155


@pytest.mark.parametrize(
    ("months", "instalment"), [(3, 333_334), (12, 83_334), (24, 41_667)]
)  # 10,000.00 / 3, / 12, / 24 = 3,333.33.., 833.33.., 416.66.., always rounded up
def test_an_instalment_is_the_balance_over_the_months_rounded_up(months, instalment):
    simulation, one = on_a_plan(f"specialist/morning/plan_{months}")
    until(simulation, 5)
    assert simulation.accounts["cash"][one] == instalment
    assert simulation.accounts["plan_left"][one] == months - 1


def test_two_missed_in_a_row_break_a_plan_and_what_was_paid_stays_paid():
    simulation, one = on_a_plan()
    until(simulation, 5)
    simulation.accounts["willingness"] = -1
    until(simulation, 35)
    assert (simulation.accounts["plan_missed"][one], simulation.accounts["plans_broken"][one]) == (1, 0)
    until(simulation, 64)
    assert simulation.accounts["plan_months"][one] == 6
    days(simulation, 1)
    assert (simulation.accounts["plan_months"][one], simulation.accounts["plans_broken"][one]) == (0, 1)
    assert simulation.accounts["cash"][one] == 166_667
    # No interest for 65 days, and on the 66th morning a day on 8,333.33: 4.1096, booked as 4.11.
    assert simulation.accounts["balance"][one] == 1_000_000 - 166_667 + 411


def test_a_paid_instalment_forgets_the_one_missed_before():
    simulation, one = on_a_plan()
    for willingness, evening in ((-1, 5), (1, 35), (-1, 65), (1, 95)):
        simulation.accounts["willingness"] = willingness
        until(simulation, evening)
    assert simulation.accounts["plans_broken"][one] == 0 and simulation.accounts["plan_missed"][one] == 0
    assert simulation.accounts["cash"][one] == 2 * 166_667


def test_a_missed_instalment_is_not_skipped_but_put_off():
    simulation, one = on_a_plan()
    simulation.accounts["willingness"] = -1
    until(simulation, 5)
    simulation.accounts["willingness"] = 1
    until(simulation, 155)
    # Days 35 to 155 brought five; the sixth comes on day 185, and pays the rest.
    assert simulation.accounts["cash"][one] == 5 * 166_667
    until(simulation, 185)
    assert simulation.accounts["cash"][one] == 1_000_000


def test_a_plan_is_counted_as_affordable_when_its_instalment_is_within_the_means():
    fits = []
    for means in (1_666, 1_667):
        simulation = simulate(world(behaviour={"plan_base": SURE}), debtors(*[10_000] * 5))
        simulation.accounts["disposable"] = means
        day(simulation, "collector/morning/plan_6")
        fits.append(int(simulation.accounts["plans_fit"][reached(simulation)]))
    assert fits == [0, 1]  # an instalment of 1,666.67


def test_a_refused_plan_leaves_everything_as_it_was():
    simulation, one = on_a_plan(plan_base=NEVER)
    assert simulation.accounts["refused"][one] == 1 and simulation.accounts["plan_months"][one] == 0
    until(simulation, 5)
    assert simulation.accounts["cash"][one] == 0 and simulation.accounts["interest"][one] == 6 * A_DAY


def test_whose_means_fit_the_instalment_pays_it():
    # Log odds 100 x log(means / instalment): 1,666.67 due, and means of 3,000 or of 1,000.
    for means, cash in ((3_000, 166_667), (1_000, 0)):
        simulation, one = on_a_plan(instalment_fit=100.0, instalment_willingness=0.0)
        simulation.accounts["disposable"] = means
        until(simulation, 5)
        assert simulation.accounts["cash"][one] == cash


def test_a_plan_of_more_months_fits_sooner():
    # Accepted with log odds 100 x log(means / instalment); means of 1,000: 3,333.34 and 1,666.67 are too much, 833.34 is not.
    for months, accepted in ((3, False), (6, False), (12, True)):
        simulation = simulate(world(behaviour={"plan_base": 0.0, "plan_fit": 100.0}), debtors(*[10_000] * 5))
        simulation.accounts["disposable"] = 1_000
        day(simulation, f"specialist/morning/plan_{months}")
        assert (simulation.accounts["plan_months"][reached(simulation)] > 0) == accepted, months
