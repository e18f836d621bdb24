"""Cards ask for a minimum: an account of 10,000 of which 1,000 fall due each month, without late interest.

45 days past due, two months have begun: 2,000 are overdue.
"""

from __future__ import annotations

import numpy as np
import pytest

from recoup.sim.account import Stage, Status
from recoup.sim.ledger import money_gap
from recoup.sim.observation import FIELD_INDEX
from tests.worked.tiny import NOWHERE, SURE, cards, day, debtors, reached, simulate, until, world

PAYS, SILENT = {"pay_base": 0.0}, {"pay_base": NOWHERE}


def card(dpd=45, behaviour=PAYS, income=1000.0, count=1, record_events=False, **changes):
    """Cards of 10,000 whose holders have `income` to spare a month."""
    of = world(behaviour=behaviour, annual_rate=0.0, cards=cards(**changes))
    simulation = simulate(of, debtors(*[10_000.0] * count, dpd=dpd, product="credit_card"), record_events=record_events)
    simulation.accounts["disposable"] = income
    return simulation


def state(simulation, number=0):
    """Balance and arrears in currency, and days past due this morning (of a closed account: on its last evening)."""
    a = simulation.accounts[number]
    today = simulation.day if a["status"] == Status.OPEN else int(a["closed_day"])
    assert not money_gap(simulation.accounts).any()
    return int(a["balance"]) / 100, int(a["arrears"]) / 100, int(a["dpd0"]) + today


def seen(simulation, field):
    return simulation.observe()[:, FIELD_INDEX[field]].tolist()


@pytest.mark.parametrize(
    ("dpd", "overdue"), [(0, 1), (1, 1), (30, 1), (31, 2), (60, 2), (61, 3), (299, 10), (301, 10), (700, 10)]
)
def test_a_minimum_for_each_month_begun_is_overdue_on_entry_up_to_the_balance(dpd, overdue):
    simulation = card(dpd)
    assert state(simulation) == (10_000, 1000 * overdue, dpd)
    assert seen(simulation, "arrears") == [1000 * overdue] and seen(simulation, "balance") == [10_000]


def test_a_new_month_brings_a_new_minimum():
    simulation = card(dpd=58, behaviour=SILENT)
    until(simulation, 1)
    assert state(simulation) == (10_000, 2000, 60)
    until(simulation, 2)
    assert state(simulation) == (10_000, 3000, 61)
    until(simulation, 31)
    assert state(simulation) == (10_000, 3000, 90)
    until(simulation, 32)
    assert state(simulation) == (10_000, 4000, 91)


def test_no_more_than_the_balance_falls_due():
    simulation = card(dpd=30, behaviour=SILENT, minimum=0.6)
    assert state(simulation) == (10_000, 6000, 30)
    until(simulation, 0)
    assert state(simulation) == (10_000, 10_000, 31)


def test_one_minimum_takes_a_month_off_and_the_next_month_brings_it_back():
    simulation = card(record_events=True)
    until(simulation, 0)
    assert state(simulation) == (9000, 1000, 16)  # 45 − 30, and a night
    until(simulation, 15)
    assert state(simulation) == (9000, 2000, 31)
    until(simulation, 29)  # a card is paid once a month
    assert state(simulation) == (9000, 2000, 45)
    until(simulation, 30)
    assert state(simulation) == (8000, 1000, 16)
    assert simulation.accounts["payments"].tolist() == [2]
    log = simulation.audit_table()
    assert log[["day", "dpd"]].to_numpy().tolist() == [[0, 45], [30, 45]]  # as it was when the payment came


def test_all_but_the_latest_minimum():
    simulation = card(dpd=75, income=2000.0, means=1.0)
    assert state(simulation) == (10_000, 3000, 75)
    until(simulation, 0)
    assert state(simulation) == (8000, 1000, 16)


def test_who_pays_all_that_is_overdue_is_cured_and_leaves_with_the_rest_of_the_balance():
    simulation = card(means=2.0, clear=20.0)
    until(simulation, 0)
    assert state(simulation) == (8000, 0, 0)
    a = simulation.accounts[0]
    assert (a["status"], a["closed_day"], a["cash"]) == (Status.CURED, 0, 200_000)
    assert simulation.finished and simulation.daily_table()[["open", "balance", "closed"]].to_numpy().tolist() == [
        [0, 0, 1]
    ]
    row = simulation.accounts_table().iloc[0]
    assert (row["status"], row["closed_day"], row["balance"]) == ("cured", 0, 800_000)


def test_means_may_not_go_all_the_way():
    simulation = card(income=600.0, means=2.5, clear=20.0)
    until(simulation, 0)
    assert state(simulation) == (8500, 500, 16)  # 1,500 of 2,000: one minimum is done with, half of the other is left
    until(simulation, 15)
    assert state(simulation) == (8500, 1500, 31)
    until(simulation, 30)
    assert state(simulation) == (7000, 0, 0)
    assert simulation.accounts["status"][0] == Status.CURED


def test_half_a_minimum_leaves_the_age_as_it_is():
    simulation = card()
    simulation.accounts["minimum_due"], simulation.accounts["arrears"] = 150_000, 200_000
    until(simulation, 0)
    assert state(simulation) == (8500, 500, 16)  # 2,000 are two minimums of 1,500, 500 are one
    simulation = card()
    simulation.accounts["arrears"] = 190_000
    until(simulation, 0)
    assert state(simulation) == (9000, 900, 16)


def test_the_whole_balance_pays_the_account():
    simulation = card(means=2.0, clear=20.0, whole=1.0)
    until(simulation, 0)
    assert state(simulation)[:2] == (0, 0) and simulation.accounts["status"][0] == Status.PAID


def test_a_promise_is_about_the_arrears_and_keeping_it_cures():
    of = world(behaviour={"promise_base": SURE}, annual_rate=0.0, cards=cards(clear=20.0, means=2.0, pay=0.0))
    simulation = simulate(of, debtors(*[10_000.0] * 4, dpd=31, product="credit_card"))
    simulation.accounts["disposable"] = 1000.0
    day(simulation, "collector/morning")
    one = reached(simulation)
    assert simulation.accounts["promise_amount"][one] == 200_000
    until(simulation, int(simulation.accounts["promise_due"][one]))
    assert state(simulation, one) == (8000, 0, 0)
    assert simulation.accounts["status"][one] == Status.CURED and simulation.accounts["kept"][one] == 1


def test_from_the_suit_on_the_whole_balance_is_due():
    simulation = card(behaviour=SILENT)
    day(simulation, "letter/morning/notice")
    day(simulation, "suit")
    a = simulation.accounts[0]
    assert (a["stage"], a["minimum_due"], a["arrears"]) == (Stage.QUEUED, 0, 0)
    assert seen(simulation, "arrears") == [10_000]
    assert state(simulation)[2] == 47
    until(simulation, 20)  # no minimum falls due any more
    assert state(simulation) == (10_000, 0, 66)


@pytest.mark.parametrize(("pay", "paid"), [(-20.0, False), (20.0, True)])
def test_a_suit_makes_no_card_holder_readier_to_pay(pay, paid):
    simulation = card(pay=pay)
    simulation.accounts["minimum_due"] = simulation.accounts["arrears"] = 0  # as the suit leaves them
    until(simulation, 5)
    assert (simulation.accounts["payments"][0] > 0) == paid


@pytest.mark.parametrize(("whole", "paid"), [(0.0, False), (1.0, True)])
def test_sued_a_card_holder_pays_all_as_seldom_as_before(whole, paid):
    # Of an ordinary claim he would do the opposite.
    simulation = card(income=4000.0, whole=whole, behaviour=PAYS | {"full_base": -SURE if paid else SURE})
    simulation.accounts["minimum_due"] = simulation.accounts["arrears"] = 0
    until(simulation, 0)
    a = simulation.accounts[0]
    assert a["payments"] == 1 and (a["status"] == Status.PAID) == paid


def test_sued_a_card_holder_pays_once_a_month():
    simulation = card(income=100.0, whole=0.0)
    simulation.accounts["minimum_due"] = simulation.accounts["arrears"] = 0
    until(simulation, 29)
    assert simulation.accounts["payments"][0] == 1  # 10 to 70 of it a time
    until(simulation, 30)
    assert simulation.accounts["payments"][0] == 2


@pytest.mark.parametrize(("whole", "promised"), [(0.0, 800_000), (1.0, 1_000_000)])
def test_sued_a_card_holder_promises_all_as_seldom_as_before(whole, promised):
    # Three months' means, 12,000, go beyond the balance: an ordinary debtor promises all of it. Two months' are 8,000.
    simulation = card(behaviour={"promise_base": SURE}, income=4000.0, whole=whole, count=4, pay=-20.0)
    simulation.accounts["minimum_due"] = simulation.accounts["arrears"] = 0
    day(simulation, "collector/morning")
    one = reached(simulation)
    assert simulation.accounts["promise_amount"][one] == promised


def test_a_settlement_is_about_the_whole_balance():
    simulation = card(behaviour={"settle_base": SURE}, count=4, pay=-20.0)
    day(simulation, "specialist/morning/settle_20")
    one = reached(simulation)
    a = simulation.accounts[one]
    assert a["promise_amount"] == 800_000
    until(simulation, 10)
    a = simulation.accounts[one]
    assert (a["status"], a["cash"], a["forgiven"], a["balance"]) == (Status.SETTLED, 800_000, 200_000, 0)
    assert state(simulation, one)[1] == 0


def test_an_instalment_plan_takes_the_place_of_the_minimum_and_cures():
    simulation = card(dpd=59, behaviour={"plan_base": SURE}, count=4, pay=-20.0)
    day(simulation, "collector/morning/plan_6")
    one = reached(simulation)
    until(simulation, 4)
    assert state(simulation, one) == (10_000, 2000, 59)  # no third minimum at 61, for the clock stands still
    until(simulation, 5)
    assert state(simulation, one) == (8333.33, 333.33, 29)  # 10,000 / 6, rounded up
    until(simulation, 35)
    assert state(simulation, one) == (6666.66, 0, 0)
    a = simulation.accounts[one]
    assert (a["status"], a["plan_months"]) == (Status.CURED, 0)


def test_a_broken_plan_sets_the_clock_going_again():
    simulation = card(dpd=59, behaviour={"plan_base": SURE, "instalment_base": -SURE}, count=4, pay=-20.0)
    day(simulation, "collector/morning/plan_6")
    one = reached(simulation)
    until(simulation, 35)  # missed on days 5 and 35
    assert simulation.accounts["plans_broken"][one] == 1 and state(simulation, one) == (10_000, 2000, 60)
    until(simulation, 36)
    assert state(simulation, one) == (10_000, 3000, 61)


def test_without_cards_in_the_scenario_a_card_is_a_claim_like_the_others():
    ends = []
    for product in ("credit_card", "consumer_loan"):
        simulation = simulate(world(behaviour=PAYS), debtors(*[10_000.0] * 20, dpd=45, product=product))
        until(simulation, 40)
        assert not simulation.accounts["minimum_due"].any() and not simulation.accounts["arrears"].any()
        ends.append(simulation.accounts.copy())
    same = [name for name in ends[0].dtype.names if name != "product"]
    assert all(np.array_equal(ends[0][name], ends[1][name]) for name in same)
    assert ends[0]["payments"].any()


def test_loans_are_no_cards():
    ends = []
    for asked in (cards(), None):
        simulation = simulate(world(behaviour=PAYS, cards=asked), debtors(*[10_000.0] * 20, dpd=45))
        until(simulation, 40)
        ends.append(simulation.accounts.copy())
    assert all(np.array_equal(ends[0][name], ends[1][name]) for name in ends[0].dtype.names)
