"""Restructuring: 36 months after a look at the collateral, and a tenth of the balance down with the first instalment."""

from __future__ import annotations

import pytest

from tests.worked.tiny import NEVER, SURE, day, days, debtors, reached, simulate, until, world


def restructured(stable_assets=True, **behaviour):
    simulation = simulate(
        world(behaviour={"restructure_base": SURE} | behaviour), debtors(*[10_000] * 5, stable_assets=stable_assets)
    )
    day(simulation, "specialist/morning/restructure")
    return simulation


def test_a_tenth_down_after_five_days_then_a_36th_every_thirty():
    simulation = restructured()
    one = reached(simulation)
    until(simulation, 4)
    assert simulation.accounts["cash"][one] == 0
    days(simulation, 1)
    assert simulation.accounts["cash"][one] == 100_000
    until(simulation, 35)
    # 10,000.00 / 36 = 277.77.., rounded up.
    assert simulation.accounts["cash"][one] == 100_000 + 27_778
    until(simulation, 65)
    assert simulation.accounts["cash"][one] == 100_000 + 2 * 27_778
    assert simulation.accounts["interest"][one] == 0


def test_it_is_paid_off_after_34_payments_because_of_the_tenth_down():
    simulation = restructured()
    one = reached(simulation)
    # 9,000.00 / 277.78 = 32.4: 33 payments after the first, on days 5 + 30 x (1 .. 33).
    until(simulation, 5 + 30 * 33 - 1)
    assert simulation.accounts["balance"][one] == 900_000 - 32 * 27_778
    days(simulation, 1)
    assert simulation.accounts["closed_day"][one] == 995 and simulation.accounts["cash"][one] == 1_000_000


def test_its_papers_cost_twenty():
    agreed, refused = restructured(), restructured(restructure_base=NEVER)
    # The same calls, of the same length: what differs are the papers of those who agreed.
    papers = agreed.accounts["cost"] - refused.accounts["cost"]
    assert papers.tolist() == [2_000 if a else 0 for a in agreed.accounts["restructured"]]
    assert agreed.accounts["restructured"].sum() == agreed.accounts["reaches"].sum()


def test_without_collateral_there_is_none():
    simulation = restructured(stable_assets=False)
    assert simulation.daily_table()["offers"][0] == 0 and simulation.daily_table()["blocked"][0] == 5


def test_collateral_makes_instalments_surer():
    # Log odds −10 without, −10 + 50 with collateral.
    simulation = restructured(instalment_base=-10.0, instalment_secured=50.0, plan_base=SURE)
    until(simulation, 5)
    assert simulation.accounts["cash"][reached(simulation)] == 100_000
    simulation = simulate(
        world(behaviour={"plan_base": SURE, "instalment_base": -10.0, "instalment_secured": 50.0}),
        debtors(*[10_000] * 5),
    )
    day(simulation, "specialist/morning/plan_12")
    until(simulation, 5)
    assert simulation.accounts["cash"][reached(simulation)] == 0


@pytest.mark.parametrize("means", [100, 5_000])
def test_the_tenth_down_is_of_the_balance_whatever_the_means(means):
    simulation = restructured()
    simulation.accounts["disposable"] = means
    until(simulation, 5)
    assert simulation.accounts["cash"][reached(simulation)] == 100_000
