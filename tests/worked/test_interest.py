"""Late interest: the yearly rate, capped by the rule pack, over 365, each morning, on the claim and not on earlier interest."""

from __future__ import annotations

import numpy as np
import pytest

from recoup.scenarios.schema import load_scenario
from tests.worked.tiny import HOME, NEVER, SURE, UK, day, days, debtors, reached, simulate, until, world

# 10,000.00 at 18 % a year: 10,000 x 0.18 / 365 = 4.9315 a day, booked as 4.93.
A_DAY = 493


def test_one_day_of_interest_is_a_365th_of_the_yearly_rate_in_whole_cents():
    simulation = simulate(world(), debtors(10_000, 365, 0.10))
    days(simulation, 1)
    # 365.00 x 0.18 / 365 = 0.18; 0.10 x 0.18 / 365 = 0.00005, nothing.
    assert simulation.accounts["interest"].tolist() == [A_DAY, 18, 0]
    assert simulation.accounts["balance"].tolist() == [1_000_000 + A_DAY, 36_500 + 18, 10]


def test_a_day_is_booked_to_the_nearest_cent():
    # At 3.65 % a year a day costs a 10,000th: of 149.00 that is 1.49 cents, of 151.00 it is 1.51.
    simulation = simulate(world(annual_rate=0.0365), debtors(149, 151))
    days(simulation, 1)
    assert simulation.accounts["interest"].tolist() == [1, 2]


def test_interest_bears_no_interest():
    simulation = simulate(world(), debtors(10_000))
    days(simulation, 100)
    assert simulation.accounts["interest"][0] == 100 * A_DAY  # with interest on interest it would be 49,420 by now
    assert simulation.accounts["balance"][0] == 1_000_000 + 100 * A_DAY


def test_what_has_been_paid_bears_none():
    # Means of 500 a month: he promises two months' worth, 1,000.00, and keeps it.
    simulation = simulate(world(behaviour={"promise_base": SURE}), debtors(*[10_000] * 5))
    simulation.accounts["disposable"] = 500
    day(simulation, "collector/morning")
    one = reached(simulation)
    due = int(simulation.accounts["promise_due"][one])
    until(simulation, due)
    # `due` mornings on 10,000.00; then 9,000.00 + interest so far is left, which is below the opening claim, and all of it counts.
    left = 1_000_000 + due * A_DAY - 100_000
    assert simulation.accounts["balance"][one] == left + round(left * 0.18 / 365)  # 9,0xx.xx: 4.44 to 4.47 a day


@pytest.mark.parametrize(
    ("scenario", "asked", "charged"),
    [
        ("china-consumer", 0.18, 0.18),  # below the cap of 24 %
        ("china-consumer", 0.36, 0.24),
        ("taiwan-cards", 0.36, 0.20),
        ("uk-loans", 0.36, 0.36),  # no rule caps it there
    ],
)
def test_the_rule_pack_caps_the_rate(scenario, asked, charged):
    simulation = simulate(world(annual_rate=asked), debtors(36_500), load_scenario(scenario).rules)
    days(simulation, 1)
    assert simulation.accounts["interest"][0] == round(10_000 * charged)  # 36,500.00 / 365 = 100.00 a day at 100 %


def test_interest_rests_while_a_plan_is_kept_and_runs_again_when_it_is_broken():
    simulation = simulate(world(behaviour={"plan_base": SURE, "instalment_base": NEVER}), debtors(*[10_000] * 5))
    day(simulation, "collector/morning/plan_6")
    one = reached(simulation)
    until(simulation, 35)  # missed on days 5 and 35; on the second the plan is broken, and day 36 has dawned
    assert simulation.accounts["plans_broken"][one] == 1
    assert simulation.accounts["interest"][one] == A_DAY
    days(simulation, 2)
    assert simulation.accounts["interest"][one] == 3 * A_DAY


def test_interest_rests_for_sixty_days_of_hardship():
    simulation = simulate(world(behaviour={"hardship_disclosed": 1.0, "jobless_share": 1.0}), debtors(*[10_000] * 5))
    days(simulation, 10)
    day(simulation, "collector/morning")  # on day 10, and until day 70
    one = int(np.flatnonzero(simulation.accounts["hardship_until"] > 0)[0])
    assert simulation.accounts["hardship_until"][one] == 70
    until(simulation, 68)  # day 69 has dawned: mornings 1 to 10 were charged
    assert simulation.accounts["interest"][one] == 10 * A_DAY
    days(simulation, 1)
    assert simulation.accounts["interest"][one] == 11 * A_DAY


def test_interest_rests_in_a_breathing_space_from_the_day_after_for_sixty_days():
    # A chance of 30 a month is one of 1 a day. Means of 100 a month: three months of them are below the debt.
    behaviour = {"breathing_space_monthly": 30.0, "breathing_space_days": 60.0}
    simulation = simulate(world(UK.world, behaviour=behaviour, annual_rate=0.18), debtors(10_000), UK.rules)
    simulation.accounts["disposable"] = 100
    days(simulation, 1)
    assert simulation.accounts["breathing_until"][0] == 61  # days 1 to 60
    until(simulation, 59)
    assert simulation.accounts["interest"][0] == 0
    days(simulation, 1)
    assert simulation.accounts["interest"][0] == A_DAY
    # The next one not before 365 days after the first ended on day 61: in the evening of day 426.
    until(simulation, 425)
    assert simulation.accounts["breathing_until"][0] == 61
    days(simulation, 1)
    assert simulation.accounts["breathing_until"][0] == 426 + 1 + 60


def test_who_has_the_means_gets_no_breathing_space():
    behaviour = {"breathing_space_monthly": 30.0}
    simulation = simulate(world(UK.world, behaviour=behaviour), debtors(10_000, 10_000), UK.rules)
    simulation.accounts["disposable"] = [3_334, 3_333]  # three months: 10,002 and 9,999
    days(simulation, 1)
    assert simulation.accounts["breathing_until"].tolist() == [-10_000, 61]


def test_a_dispute_does_not_stop_interest():
    simulation = simulate(world(behaviour={"dispute": 1.0}), debtors(*[10_000] * 5))
    day(simulation, "collector/morning")
    one = reached(simulation)
    assert simulation.accounts["dispute_until"][one] == 30
    days(simulation, 2)
    assert simulation.accounts["interest"][one] == 3 * A_DAY


def test_the_home_scenario_asks_eighteen_percent():
    assert HOME.world.annual_rate == 0.18 and set(HOME.rules.annual_rates(HOME.world)) == {0.18}
    greedy = HOME.world.model_copy(update={"annual_rate": 1.0})
    assert set(HOME.rules.annual_rates(greedy)) == {0.24}
