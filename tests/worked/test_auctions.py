"""Enforcement: money and wages at once, property in rounds at falling prices, and nothing for what nobody buys."""

from __future__ import annotations

import pytest

from recoup.sim.parameters import Auction
from tests.worked.tiny import day, debtors, simulate, until, world

# 20,000.00 sued for, assets for a quarter of it: 5,000.00, of which half is property.
COURTS = {
    "filing_days": (1, 1),
    "hearing_days": (1, 1),
    "enforcement_days": (10, 10),
    "win": 1.0,
    "closed_on_holidays": False,
}


def selling(*rounds, property=0.5, employed=1):
    auction = Auction.model_validate(
        {"property": property, "rounds": [dict(zip(("days", "price", "sold"), r, strict=True)) for r in rounds]}
    )
    simulation = simulate(world(courts=COURTS | {"auction": auction}), debtors(20_000, dpd=200))
    simulation.accounts["asset_cover"] = 0.25
    day(simulation, "suit")  # filed on day 1, judged on day 2
    until(simulation, 2)
    day(simulation, "enforce")  # applied for on day 4, and ten days later, on day 14, the assets are found
    simulation.accounts["employed"] = employed
    return simulation


def cash_by_day(simulation, last):
    until(simulation, last)
    cash = simulation.daily_table()["cash"]
    return {int(d): int(cash[d]) for d in cash.to_numpy().nonzero()[0]}


def test_sold_in_the_first_round():
    simulation = selling(([30, 30], 0.8, 1.0), ([20, 20], 0.6, 1.0))
    # 2,500.00 of money on day 14; property of 2,500.00 at 80 % on day 44.
    assert cash_by_day(simulation, 70) == {14: 250_000, 44: 200_000}
    assert simulation.accounts_table()["stage"][0] == "enforced" and simulation.accounts["stage_day"][0] == 44


def test_sold_in_the_second_round_at_its_price():
    simulation = selling(([30, 30], 0.8, 0.0), ([20, 20], 0.6, 1.0))
    assert cash_by_day(simulation, 80) == {14: 250_000, 64: 150_000}
    assert simulation.accounts["stage_day"][0] == 64


def test_what_nobody_buys_brings_nothing():
    simulation = selling(([30, 30], 0.8, 0.0), ([20, 20], 0.6, 0.0))
    assert cash_by_day(simulation, 63) == {14: 250_000}
    assert simulation.accounts_table()["stage"][0] == "enforcing"
    assert cash_by_day(simulation, 64) == {14: 250_000}
    assert simulation.accounts_table()["stage"][0] == "enforced" and simulation.accounts["stage_day"][0] == 64


@pytest.mark.parametrize(("property", "cash"), [(0.0, {14: 500_000}), (1.0, {44: 400_000})])
def test_all_money_and_all_property(property, cash):
    assert cash_by_day(selling(([30, 30], 0.8, 1.0), property=property), 70) == cash


def test_both_are_distress_for_who_has_no_work():
    simulation = selling(([30, 30], 0.8, 1.0), employed=0)
    until(simulation, 44)
    assert simulation.accounts["distress_seized"][0] == 450_000


def test_a_debt_that_is_paid_meanwhile_is_not_auctioned():
    simulation = selling(([30, 30], 0.8, 1.0))
    until(simulation, 20)
    simulation.accounts["promise_due"], simulation.accounts["promise_amount"] = 21, 10**9
    until(simulation, 21)
    assert simulation.accounts_table()["status"][0] == "paid"
    assert simulation.daily_table()["seizures"].sum() == 1


def test_the_team_has_its_place_back_when_the_auction_begins():
    simulation = selling(([30, 30], 0.8, 1.0))
    until(simulation, 13)
    assert simulation.courts.team.count == 1
    until(simulation, 14)
    assert simulation.courts.team.count == 0
