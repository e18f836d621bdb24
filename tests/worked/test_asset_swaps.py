"""Assets for debt: appraised at the agreement, handed over some weeks later, sold below the appraisal, gone for good."""

from __future__ import annotations

import numpy as np
import pytest

from recoup.sim.account import NEVER as NO_DAY
from recoup.sim.account import Stage, Status
from recoup.sim.ledger import money_gap
from tests.worked.tiny import NEVER, SURE, day, days, debtors, reached, simulate, until, world

OFFER = "specialist/morning/asset_swap"


def agreed(cover=0.4, offer=OFFER, rate=0.0, budget=0.02, **behaviour):
    """Five debtors with 10,000.00 each, whose assets are worth this share of it, after the offer on day 0."""
    simulation = simulate(
        world(behaviour={"swap_base": SURE} | behaviour, annual_rate=rate, settlement_budget=budget),
        debtors(*[10_000] * 5, stable_assets=True),
    )
    simulation.accounts["asset_cover"] = cover
    day(simulation, offer)
    return simulation


def test_the_debt_falls_by_the_appraisal_and_cash_is_what_the_sale_brings():
    simulation = agreed(cover=0.5)
    one = reached(simulation)
    assert simulation.accounts["promise_due"][one] == 30 and simulation.accounts["promise_amount"][one] == 500_000
    until(simulation, 29)
    a = simulation.accounts[one]
    assert (a["cash"], a["balance"], a["stable_assets"]) == (0, 1_000_000, 1)
    days(simulation, 1)
    # 5,000.00 x 0.7 = 3,500.00 come in; the other 1,500.00 are forgiven.
    assert (a["cash"], a["forgiven"], a["balance"]) == (350_000, 150_000, 500_000)
    assert a["status"] == Status.OPEN and a["kept"] == 1 and a["promise_due"] == NO_DAY and a["promise_swap"] == 0
    assert (a["stable_assets"], a["asset_cover"]) == (0, 0)
    assert not money_gap(simulation.accounts).any()


def test_the_sale_is_rounded_to_the_cent():
    simulation = agreed()
    one = reached(simulation)
    simulation.accounts["promise_amount"] = 333_331  # x 0.7 = 233,331.7
    until(simulation, 30)
    a = simulation.accounts[one]
    assert (a["cash"], a["forgiven"]) == (233_332, 99_999)


def test_assets_that_cover_what_is_left_settle_the_account():
    simulation = agreed(cover=0.5)
    one = reached(simulation)
    simulation.accounts["balance"] = 400_000
    simulation.accounts["cash"] = 600_000
    until(simulation, 30)
    a = simulation.accounts[one]
    # Of assets worth 5,000.00, 4,000.00 are taken: 2,800.00 in cash.
    assert (a["cash"], a["forgiven"], a["balance"]) == (880_000, 120_000, 0)
    assert a["status"] == Status.SETTLED and a["closed_day"] == 30


def test_interest_runs_on_and_is_owed_beside_the_appraisal():
    simulation = agreed(cover=1.0, rate=0.18)
    until(simulation, 30)
    # 10,000.00 x 0.18 / 365 = 4.93 a day, from day 1 to day 30; the morning of day 31 adds 0.07 for the 147.90 that are left.
    assert simulation.accounts["balance"][reached(simulation)] == 30 * 493 + 7


def test_a_sale_at_the_appraisal_forgives_nothing_and_pays_the_account():
    simulation = agreed(cover=1.0, swap_price=1.0)
    until(simulation, 30)
    a = simulation.accounts[reached(simulation)]
    assert (a["cash"], a["forgiven"], a["status"]) == (1_000_000, 0, Status.PAID)


def test_an_asset_that_nobody_buys_is_credited_all_the_same():
    simulation = agreed(cover=1.0, swap_price=0.0)
    until(simulation, 30)
    a = simulation.accounts[reached(simulation)]
    assert (a["cash"], a["forgiven"], a["status"]) == (0, 1_000_000, Status.SETTLED)


def test_a_handover_that_is_broken_leaves_everything_as_it_was():
    simulation = agreed(keep_base=NEVER)
    one = reached(simulation)
    until(simulation, 30)
    a = simulation.accounts[one]
    assert (a["broken"], a["cash"], a["balance"], a["stable_assets"]) == (1, 0, 1_000_000, 1)
    assert a["promise_due"] == NO_DAY and a["promise_swap"] == 0
    assert simulation.daily_table()["handovers"].sum() == 0
    assert simulation.masks()[0, simulation.menu.index["visit/morning/asset_swap"]]  # it may be tried again


def test_keeping_it_takes_no_means():
    # With nothing to live on, a promise has log odds 20 - 3 x 20; a handover 20.
    simulation = agreed(keep_base=20.0, keep_liquidity=20.0)
    simulation.accounts["disposable"] = 0.0
    until(simulation, 30)
    assert simulation.accounts["kept"][reached(simulation)] == 1


def test_its_days_are_those_of_the_scenario():
    simulation = agreed(swap_days=4)
    one = reached(simulation)
    until(simulation, 3)
    assert simulation.accounts["kept"][one] == 0
    days(simulation, 1)
    assert simulation.accounts["kept"][one] == 1
    assert simulation.daily_table()["handovers"].tolist() == [0, 0, 0, 0, simulation.accounts["reaches"].sum()]


def test_its_papers_cost_twenty():
    taken, refused = agreed(), agreed(swap_base=NEVER)
    papers = taken.accounts["cost"] - refused.accounts["cost"]
    assert papers.tolist() == [2_000 if a else 0 for a in taken.accounts["promise_swap"]]
    assert taken.accounts["promise_swap"].sum() == taken.accounts["reaches"].sum() > 0
    assert refused.accounts["refused"].sum() == refused.accounts["reaches"].sum()


@pytest.mark.parametrize("offer", [OFFER, "visit/morning/asset_swap"])
@pytest.mark.parametrize(("state", "offered"), [({}, True), ({"stable_assets": 0}, False), ({"stage": 2}, False)])
def test_it_needs_known_assets_and_no_suit(offer, state, offered):
    simulation = simulate(world(behaviour={"swap_base": SURE}), debtors(*[10_000] * 5, stable_assets=True))
    for name, value in state.items():
        simulation.accounts[name] = value
    day(simulation, offer)
    assert simulation.daily_table()["blocked"][0] == (0 if offered else 5)


def test_assets_worth_nothing_are_not_taken():
    simulation = agreed(cover=0.0)
    assert simulation.accounts["promise_swap"].sum() == 0
    assert simulation.daily_table()["offers"][0] > 0


@pytest.mark.parametrize(
    ("behaviour", "state", "taken"),
    [
        # Log odds -20 + 60, -20 - 60 by willingness; -20 + 40 x 1 by pressure; 13 x 3 for or against by means.
        ({"swap_base": -20.0, "swap_willingness": 60.0}, {"willingness": 1.0}, True),
        ({"swap_base": -20.0, "swap_willingness": 60.0}, {"willingness": -1.0}, False),
        ({"swap_base": -20.0, "swap_pressure": 60.0}, {"pressure": 1.0}, True),
        ({"swap_base": -20.0, "swap_pressure": 60.0}, {"pressure": 0.0}, False),
        ({"swap_base": 0.0, "swap_liquidity": 13.0}, {"disposable": 0.0}, True),
        ({"swap_base": 0.0, "swap_liquidity": 13.0}, {"disposable": 1e9}, False),
        # Refusals count against it, five at most, and age by log(1 + 90/90) = 0.693.
        ({"swap_base": 20.0, "offer_refused": -10.0}, {"refused": 9}, False),
        ({"swap_base": 90.0, "offer_refused": -10.0}, {"refused": 9}, True),
        ({"swap_base": 20.0, "offer_age": 100.0}, {"dpd0": 90}, False),
    ],
)
def test_who_hands_assets_over(behaviour, state, taken):
    simulation = simulate(world(behaviour=behaviour), debtors(*[10_000] * 5, stable_assets=True))
    simulation.accounts["asset_cover"] = 0.5
    for name, value in state.items():
        simulation.accounts[name] = value
    day(simulation, OFFER)
    assert bool(simulation.accounts["promise_swap"][reached(simulation)]) == taken


def test_what_the_sale_will_lose_is_booked_on_the_settlement_budget_at_once():
    simulation = agreed(cover=0.4, budget=1.0)
    of_the_budget = int(simulation.accounts["promise_swap"].sum()) * 120_000 / 5_000_000  # 4,000.00 x 0.3 each
    field = "settlement_budget_left"
    for _ in range(2):
        assert simulation._today[field][0] == pytest.approx(1.0 - of_the_budget)
        until(simulation, 30)
    assert simulation.accounts["forgiven"].sum() == pytest.approx(of_the_budget * 5_000_000)


def test_while_it_is_agreed_nobody_sues():
    simulation = agreed()
    one = reached(simulation)
    free = dict(zip(simulation.menu.names, simulation.masks()[one], strict=True))
    assert not free["suit"] and not free["letter/morning/notice"] and not free["collector/morning/plan_6"]
    assert free["collector/morning"]
    until(simulation, 30)
    free = dict(zip(simulation.menu.names, simulation.masks()[one], strict=True))
    assert free["suit"] and free["collector/morning/plan_6"] and not free[OFFER]


@pytest.mark.parametrize("handed_over", [True, False])
def test_enforcement_finds_nothing_of_what_was_handed_over(handed_over):
    simulation = agreed(keep_base=SURE if handed_over else NEVER)
    one = reached(simulation)
    until(simulation, 30)
    simulation.accounts["stage"] = Stage.JUDGED
    before = int(simulation.accounts["cash"][one])
    day(simulation, "enforce")
    days(simulation, 250)
    assert simulation.accounts["stage"][one] == Stage.ENFORCED
    assert (simulation.accounts["cash"][one] > before) == (not handed_over)


def test_the_event_log_tells_of_it():
    simulation = simulate(
        world(behaviour={"swap_base": SURE}), debtors(*[10_000] * 5, stable_assets=True), record_events=True
    )
    simulation.accounts["asset_cover"] = 0.5
    day(simulation, OFFER)
    until(simulation, 30)
    one = reached(simulation)
    log = simulation.audit_table()
    log = log[log["account_id"] == f"d{one}"].set_index("day")
    assert log.loc[0, "offer"] == "swap" and log.loc[0, "accepted"] and log.loc[0, "promise_due"] == 30
    assert np.isnan(log.loc[0, "discount"]) and log.loc[30, "promise_kept"]
    events = simulation.events_table().set_index("account_id").loc[f"d{one}"]
    assert events.loc[events["day"] == 30, "handover"].all() and events["handover"].sum() == 1
