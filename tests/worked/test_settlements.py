"""Settlements: a discount for a lump sum that is due ten days later; what is left is forgiven when it has been paid."""

from __future__ import annotations

import pytest

from tests.worked.tiny import NEVER, SURE, day, days, debtors, reached, simulate, until, world

A_DAY = 493  # interest on 10,000.00 at 18 %, in cents


def settling(treatment="specialist/morning/settle_20", **behaviour):
    simulation = simulate(world(behaviour={"settle_base": SURE} | behaviour), debtors(*[10_000] * 5))
    day(simulation, treatment)
    return simulation, reached(simulation)


@pytest.mark.parametrize(("percent", "sum_due"), [(10, 900_000), (20, 800_000), (30, 700_000), (40, 600_000)])
def test_the_discount_comes_off_the_balance_and_the_rest_is_due_after_ten_days(percent, sum_due):
    simulation, one = settling(f"specialist/morning/settle_{percent}")
    a = simulation.accounts
    assert a["promise_amount"][one] == sum_due and a["promise_due"][one] == 10
    until(simulation, 9)
    assert a["cash"][one] == 0 and a["forgiven"][one] == 0
    days(simulation, 1)
    assert a["cash"][one] == sum_due
    # Ten mornings of interest came on top, and are forgiven too: 10,000.00 + 49.30 − what was paid.
    assert a["forgiven"][one] == 1_000_000 + 10 * A_DAY - sum_due
    assert a["balance"][one] == 0 and a["written_off"][one] == 0
    assert simulation.accounts_table()["status"][one] == "settled" and a["closed_day"][one] == 10


def test_half_a_cent_of_a_settlement_counts_as_a_whole_one():
    # 70 % of 3,473.85 are 2,431.695 exactly; 0.7 in binary is a little less, and would lose the cent.
    simulation = simulate(world(behaviour={"settle_base": SURE}, annual_rate=0.0), debtors(*[3473.85] * 5))
    day(simulation, "specialist/morning/settle_30")
    assert simulation.accounts["promise_amount"][reached(simulation)] == 243_170


def test_the_discount_is_taken_from_the_balance_of_the_day_with_its_interest():
    simulation = simulate(world(behaviour={"settle_base": SURE}), debtors(*[10_000] * 5))
    days(simulation, 18)
    day(simulation, "specialist/morning/settle_20")
    # Day 18: 10,000.00 + 18 x 4.93 = 10,088.74, of which 80 % are 8,070.992.
    assert simulation.accounts["promise_amount"][reached(simulation)] == 807_099


def test_a_settlement_that_is_not_paid_forgives_nothing():
    simulation, one = settling(keep_base=NEVER)
    until(simulation, 10)
    a = simulation.accounts
    assert (a["cash"][one], a["forgiven"][one], a["broken"][one], a["kept"][one]) == (0, 0, 1, 0)
    assert a["balance"][one] == 1_000_000 + 11 * A_DAY  # eleven mornings have come


def test_the_papers_cost_twenty_when_it_is_agreed_and_nothing_when_refused():
    # A specialist's minute costs 1.50 and an attempt 0.05 besides.
    for base, papers in ((SURE, 2_000), (NEVER, 0)):
        simulation, _ = settling(settle_base=base)
        calls = 5 * 5 + simulation.daily_table()["specialist_seconds"][0] * 150 / 60
        agreed = int((simulation.accounts["promise_discount"] > 0).sum())
        assert agreed == (int(simulation.accounts["reaches"].sum()) if papers else 0)
        # Each of the five calls is rounded to the cent.
        assert simulation.accounts["cost"].sum() == pytest.approx(calls + agreed * papers, abs=2.5)


def test_the_same_discount_again_is_worth_less_and_a_better_one_is_not():
    # Log odds 40, and 40 - 80 where a discount as good has been seen.
    simulation, one = settling(settle_repeat=80.0, keep_base=NEVER)
    until(simulation, 10)  # agreed, then broken
    for treatment, accepted in (("settle_10", False), ("settle_20", False), ("settle_30", True)):
        before = int(simulation.accounts["reaches"][one])
        while simulation.accounts["reaches"][one] == before:
            day(simulation, f"specialist/morning/{treatment}")
        assert (simulation.accounts["promise_due"][one] > 0) == accepted, treatment
    assert simulation.accounts["best_discount"][one] == pytest.approx(0.3)
    assert simulation.accounts["refused"][one] == 2 and simulation.accounts["promises"][one] == 2


def test_every_discount_refused_teaches_to_wait_and_half_of_it_is_forgotten_in_45_days():
    simulation, one = settling(settle_base=NEVER)
    # 1.5 per unit of discount x 0.20 = 0.30, less one night's fading.
    assert simulation.accounts["waiting"][one] == pytest.approx(0.30 * 0.5 ** (1 / 45), rel=1e-6)
    until(simulation, 44)
    assert simulation.accounts["waiting"][one] == pytest.approx(0.15, rel=1e-5)


def test_who_accepts_learns_nothing():
    simulation, one = settling()
    assert simulation.accounts["promise_due"][one] == 10 and simulation.accounts["waiting"][one] == 0


def test_waiting_lowers_acceptance():
    # Log odds 400 x discount − 60 − 500 x waiting: −20 at 10 %, which teaches 1.5 x 0.10 = 0.15; then 60 − 75 at most x fading at
    # 30 %, −15 at once and 60 without what was learned.
    for learned, accepted in ((1.5, False), (0.0, True)):
        simulation, one = settling(
            "specialist/morning/settle_10",
            settle_base=-60.0,
            settle_discount=400.0,
            settle_waiting=500.0,
            waiting_learned=learned,
            waiting_market=0.0,
        )
        assert simulation.accounts["refused"][one] == 1
        before = int(simulation.accounts["reaches"][one])
        while simulation.accounts["reaches"][one] == before:
            day(simulation, "specialist/morning/settle_30")
        assert (simulation.accounts["promise_due"][one] > 0) == accepted


def test_a_better_discount_is_more_readily_taken():
    # Log odds −100 + 400 x discount: −60, −20, 20, 60.
    accepted = []
    for percent in (10, 20, 30, 40):
        simulation, one = settling(
            f"specialist/morning/settle_{percent}", settle_base=-100.0, settle_discount=400.0, waiting_learned=0.0
        )
        accepted.append(bool(simulation.accounts["promise_due"][one] > 0))
    assert accepted == [False, False, True, True]
