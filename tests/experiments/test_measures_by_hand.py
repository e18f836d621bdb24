"""Measures, curves and roll rates of a cohort small enough to work out by hand: the arithmetic stands beside each value."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from recoup.experiments.comparison.measures import (
    REGISTRY,
    liquidation_curve,
    measure_by_tier,
    measure_run,
    roll_rates,
    unresolved_curve,
)
from recoup.experiments.comparison.rollout import Rollout
from recoup.experiments.comparison.welfare import measure_burden

# Five accounts followed for 100 days. Money in cents.
#   A pays in full on day 9, B settles on day 19 (forgiven 1,000), C pays half and stays open, D is written off on day 49, E pays nothing.
COHORT = {
    "opening": [10_000, 5_000, 20_000, 4_000, 1_000],
    "cash": [10_000, 4_000, 6_000, 0, 0],
    "forgiven": [0, 1_000, 0, 0, 0],
    "balance": [0, 0, 14_500, 0, 1_020],
    "interest": [0, 0, 300, 80, 20],
    "fees": [0, 0, 200, 0, 0],
    "cost": [100, 300, 1_000, 500, 100],
    "cash_day_sum": [10_000 * 9, 4_000 * 19, 2_000 * 5 + 4_000 * 60, 0, 0],
    "discounted_cash": [9_900.0, 3_900.0, 5_700.0, 0.0, 0.0],
    "discounted_cost": [99.0, 290.0, 950.0, 480.0, 100.0],
    # C would be sold for 1,500, what was written off of D for 80, E for 120.
    "horizon_value": [0, 0, 1_500, 80, 120],
    "discounted_horizon_value": [0.0, 0.0, 1_470.0, 78.0, 117.0],
    "status": ["paid", "settled", "open", "written_off", "open"],
    "closed_day": [9, 19, -1, 49, -1],
    "stage": ["none", "noticed", "dismissed", "filed", "none"],
    "attempts": [2, 10, 40, 20, 8],
    "reaches": [2, 5, 9, 3, 0],
    "busiest_week": [1, 3, 7, 4, 2],
    "call_attempts": [1, 6, 25, 8, 0],
    "call_reaches": [1, 3, 5, 1, 0],
    "kept": [1, 1, 1, 0, 0],
    "broken": [0, 0, 3, 2, 0],
    "promises": [1, 1, 5, 2, 0],
    "offers": [0, 2, 4, 1, 0],
    "plans": [0, 0, 2, 1, 1],
    "plans_fit": [0, 0, 1, 0, 0],
    "plans_broken": [0, 0, 1, 1, 1],
    "complaints": [0, 0, 2, 1, 0],
    "breaches": [0, 1, 2, 0, 0],
    "opted_out": [0, 1, 0, 1, 0],
    "hardship_calls": [0, 0, 1, 2, 0],
    "hardship_suits": [0, 0, 0, 2, 0],
    "distress_contacts": [0, 0, 10, 14, 4],
    "distress_suits": [0, 0, 0, 1, 0],
    "distress_seized": [0, 0, 800, 0, 0],
    "dpd": [1, 1, 1, 1, 1],
    "entry_tier": ["low", "low", "high", "high", "medium"],
}
DAILY = pd.DataFrame(
    {
        "cash": [0] * 5 + [2_000] + [0] * 3 + [10_000] + [0] * 9 + [4_000] + [0] * 40 + [4_000] + [0] * 39,
        "overhead": [0] * 99 + [400],  # one course, on the last day
        "idle_cost": [0, 30, *[0] * 97, 10],  # staff that waited: 30 cents on day 1, 10 on the last
        "discount_factor": [1.0] * 50 + [0.5] * 50,
        "collector_seconds": [60] * 100,
        "collector_capacity": [100] * 100,
        "collector_requested": [3] * 100,
        "collector_served": [2] * 100,
        "specialist_seconds": [20] * 100,
        "specialist_capacity": [300] * 100,
        "autocall_seconds": [7] * 100,  # machines and visitors are no part of the occupancy of staff on the telephone
        "autocall_capacity": [1_000] * 100,
        "visit_seconds": [9] * 100,
        "visit_capacity": [500] * 100,
    }
)


def cohort(days: int = 100, **changes: object) -> Rollout:
    return Rollout(pd.DataFrame(COHORT | changes), DAILY.iloc[:days], {}, {}, days)


def test_measures_of_money() -> None:
    found = measure_run(cohort())
    # Opening 10,000 + 5,000 + 20,000 + 4,000 + 1,000 = 40,000; cash 10,000 + 4,000 + 6,000 = 20,000.
    assert found["recovery_rate"] == pytest.approx(20_000 / 40_000)
    # Treating 100 + 300 + 1,000 + 500 + 100 = 2,000, the course of 400, and 40 for staff that waited.
    assert found["net_recovery_rate"] == pytest.approx((20_000 - 2_440) / 40_000)
    assert found["cost_to_collect"] == pytest.approx(2_440 / 20_000)
    assert found["variable_net_recovery_rate"] == pytest.approx((20_000 - 2_000) / 40_000)
    assert found["variable_cost_to_collect"] == pytest.approx(2_000 / 20_000)
    # Discounted: cash 9,900 + 3,900 + 5,700 = 19,500; treating 99 + 290 + 950 + 480 + 100 = 1,919; the course 400 × 0.5 = 200;
    # waiting 30 and 10 × 0.5 = 5; left at the horizon 1,470 + 78 + 117 = 1,665.
    assert found["npv_rate"] == pytest.approx((19_500 - 1_919 - 200 - 35 + 1_665) / 40_000)
    assert found["value_at_horizon"] == pytest.approx(1_700 / 40_000)
    # 90,000 + 76,000 + 10,000 + 240,000 = 416,000 cent days, over 20,000 cents.
    assert found["cash_weighted_days"] == pytest.approx(20.8)


def test_measures_of_accounts_and_staff() -> None:
    found = measure_run(cohort())
    # The day of closing counts: A 10 days, B 20; C, D (written off) and E the horizon of 100. (10 + 20 + 300) / 5 = 66.
    assert found["time_to_recover_days"] == pytest.approx(66.0)
    assert found["cure_rate"] == pytest.approx(1 / 5)  # A alone: a settlement is no cure
    assert found["complaints_per_1000"] == pytest.approx(600.0)  # three among five
    assert found["breaches"] == 3.0
    assert found["rpc_rate"] == pytest.approx(10 / 40)  # 1 + 3 + 5 + 1 of 1 + 6 + 25 + 8
    assert found["kept_promise_rate"] == pytest.approx(3 / 8)  # 3 kept, 5 broken; one is not yet due
    # Collectors 6,000 of 10,000 seconds, specialised team 2,000 of 30,000: 8,000 / 40,000.
    assert found["occupancy"] == pytest.approx(0.2)


def test_a_cured_card_is_resolved_and_cured_and_its_balance_is_back_in_good_standing() -> None:
    # C has paid its arrears on day 59 with 14,500 still owed.
    run = cohort(status=["paid", "settled", "cured", "written_off", "open"], closed_day=[9, 19, 59, 49, -1])
    found = measure_run(run)
    assert found["cure_rate"] == pytest.approx(2 / 5)
    assert found["cured_balance_rate"] == pytest.approx(14_500 / 40_000)
    assert found["recovery_rate"] == pytest.approx(20_000 / 40_000)  # cash alone
    assert found["time_to_recover_days"] == pytest.approx((10 + 20 + 60 + 200) / 5)
    assert measure_run(cohort())["cured_balance_rate"] == 0.0
    assert measure_by_tier(run)["high"]["cured_balance_rate"] == pytest.approx(14_500 / 24_000)
    assert unresolved_curve(run)[[58, 59]].tolist() == pytest.approx([3 / 5, 2 / 5])


def test_measures_of_what_debtors_bear() -> None:
    found = measure_burden(cohort())
    assert found == pytest.approx(
        {
            "contacts_per_debtor": 80 / 5,
            "busiest_week_p95": 7.0,  # of 1, 2, 3, 4, 7 the first that 95 % stay at or below
            "debtor_interest": 400 / 40_000,
            "debtor_fees": 200 / 40_000,
            "debtor_cost": 600 / 40_000,
            "complaints_per_1000": 600.0,
            "distress_suits_per_1000": 200.0,  # one among five
            "plans_fit": 1 / 4,
            "plans_broken": 3 / 4,
            "opt_outs_per_1000": 400.0,  # two among five
            "hardship_calls_per_1000": 600.0,  # three among five
            "hardship_suits": 2.0,
            "distress_contacts": 28 / 80,
            "distress_seized": 800 / 40_000,
            "sued_per_1000": 400.0,  # C, whose suit was dismissed, and D; a notice is no suit
        }
    )


@pytest.mark.parametrize("stage", ["queued", "filed", "dismissed", "judged", "enforcing", "enforced"])
def test_a_debtor_counts_as_sued_at_every_stage_after_the_decision(stage: str) -> None:
    run = cohort(stage=["none", "none", "none", "noticed", stage])
    assert measure_burden(run)["sued_per_1000"] == pytest.approx(1_000 / 5)


@pytest.mark.parametrize(
    ("accounts", "heavy", "expected"),
    [
        (100, 5, 2.0),  # 95 of 100 stay at 2
        (100, 6, 9.0),  # only 94 do
        (20, 1, 2.0),  # 19 of 20 are 95 %
        (19, 1, 9.0),  # 18 of 19 are 94.7 %
        (100, 15, 9.0),
    ],
)
def test_busiest_week_is_the_value_that_95_per_cent_stay_at_or_below(
    accounts: int, heavy: int, expected: float
) -> None:
    table = pd.DataFrame({"busiest_week": [9] * heavy + [2] * (accounts - heavy)})
    assert REGISTRY["busiest_week_p95"].of(Rollout(table, pd.DataFrame(), {}, {}, 1), table) == expected


def test_tiers_split_the_accounts_and_carry_no_cost_of_waiting() -> None:
    found = measure_by_tier(cohort())
    # Low: A and B. High: C and D. Medium: E.
    assert found["low"]["recovery_rate"] == pytest.approx(14_000 / 15_000)
    assert found["low"]["variable_net_recovery_rate"] == pytest.approx((14_000 - 400) / 15_000)
    assert found["low"]["time_to_recover_days"] == pytest.approx(15.0)
    assert found["low"]["cure_rate"] == pytest.approx(0.5)
    assert found["high"]["recovery_rate"] == pytest.approx(6_000 / 24_000)
    assert found["high"]["variable_cost_to_collect"] == pytest.approx(1_500 / 6_000)
    assert found["high"]["value_at_horizon"] == pytest.approx(1_580 / 24_000)
    assert found["high"]["complaints_per_1000"] == pytest.approx(1_500.0)
    assert found["high"]["breaches"] == 2.0
    assert found["medium"]["recovery_rate"] == 0.0 and math.isnan(found["medium"]["variable_cost_to_collect"])
    of_staff = {"occupancy", "net_recovery_rate", "npv_rate", "cost_to_collect"}  # which serves all tiers
    assert all(not of_staff & measures.keys() for measures in found.values())


def test_a_tier_is_the_one_at_entry_and_an_empty_one_is_undefined() -> None:
    found = measure_by_tier(cohort(entry_tier=["high"] * 5))
    assert all(math.isnan(found["low"][name]) for name in ("recovery_rate", "time_to_recover_days", "cure_rate"))
    # All accounts in one tier: still without the course and those who waited.
    assert found["high"]["variable_cost_to_collect"] == pytest.approx(2_000 / 20_000)


def test_liquidation_is_cash_so_far_over_all_that_was_owed() -> None:
    curve = liquidation_curve(cohort())
    # 2,000 on day 5, 10,000 on day 9, 4,000 on day 19, 4,000 on day 60; over 40,000, those still open included.
    assert curve[[4, 5, 8, 9, 18, 19, 59, 60, 99]] == pytest.approx([0, 0.05, 0.05, 0.3, 0.3, 0.4, 0.4, 0.5, 0.5])
    assert curve.shape == (100,)


def test_an_account_counts_as_resolved_from_the_day_that_it_is_paid_or_settled_on() -> None:
    curve = unresolved_curve(cohort())
    # A leaves on day 9, B on day 19; D was written off, and that resolves nothing.
    assert curve[[0, 8, 9, 18, 19, 49, 99]] == pytest.approx([1, 1, 0.8, 0.8, 0.6, 0.6, 0.6])
    assert curve.shape == (100,)


def rolled(dpd: list[int], closed_day: list[int], status: list[str] | None = None, days: int = 400) -> dict[str, float]:
    status = status or ["open" if day < 0 else "paid" for day in closed_day]
    table = pd.DataFrame({"dpd": dpd, "closed_day": closed_day, "status": status})
    return roll_rates(Rollout(table, pd.DataFrame(), {}, {}, days))


def test_an_account_resolved_on_the_last_day_of_its_bucket_has_not_rolled() -> None:
    # 1 day past due on day 0: M1 is days 0 to 29 (dpd 1 to 30), M2 is days 30 to 59.
    assert rolled([1], [29])["M1→M2"] == 0.0
    assert rolled([1], [30])["M1→M2"] == 1.0
    assert rolled([1], [30])["M2→M3"] == 0.0  # open on the morning of day 30, paid that day
    assert math.isnan(rolled([1], [29])["M2→M3"])  # was not there any more
    assert rolled([1], [59])["M2→M3"] == 0.0
    assert rolled([1], [60])["M2→M3"] == 1.0


@pytest.mark.parametrize(("bucket", "starts_at"), [("M2→M3", 31), ("M3→M4", 61), ("M4→M5", 91), ("M5→M6", 121)])
def test_every_bucket_is_thirty_days_long(bucket: str, starts_at: int) -> None:
    # Four accounts that begin the bucket on day 0; it lasts until day 29. Resolved on days 0 and 29; open; paid on day 30.
    assert rolled([starts_at] * 4, [0, 29, -1, 30])[bucket] == 0.5
    # A day older, and the bucket had begun before the run: nobody to count.
    assert math.isnan(rolled([starts_at + 1] * 4, [0, 29, -1, 30])[bucket])


def test_only_whole_buckets_within_the_horizon_are_counted() -> None:
    assert rolled([1], [-1], days=30)["M1→M2"] == 1.0
    assert math.isnan(rolled([1], [-1], days=29)["M1→M2"])
    assert list(rolled([1], [-1])) == ["M1→M2", "M2→M3", "M3→M4", "M4→M5", "M5→M6", "M6→M7"]


def test_roll_rates_of_accounts_of_all_ages() -> None:
    # dpd at entry, day of resolution:   1: never; 10: day 20; 31: day 29; 31: day 31; 45: never; 61: never
    found = rolled([1, 10, 31, 31, 45, 61], [-1, 20, 29, 31, -1, -1], days=61)
    assert found["M1→M2"] == 1.0  # the first alone begins M1 within the run
    # M2: the first on days 30 to 59, rolls; the second is gone before its day 21; the two of 31 on days 0 to 29, one rolls.
    assert found["M2→M3"] == pytest.approx(2 / 3)
    # M3: of the two of 31 one begins on day 30, paid on day 31; 45 on days 16 to 45, rolls; 61 on days 0 to 29, rolls.
    assert found["M3→M4"] == pytest.approx(2 / 3)
    # M4: 45 would end on day 75, after the horizon; 61 on days 30 to 59, rolls.
    assert found["M4→M5"] == 1.0
    assert math.isnan(found["M5→M6"]) and math.isnan(found["M6→M7"])


def test_a_settlement_ends_the_rolling_and_a_write_off_does_not_resolve() -> None:
    assert rolled([1, 1], [10, 10], ["settled", "paid"])["M1→M2"] == 0.0
    found = rolled([1], [10], ["written_off"])
    assert found["M1→M2"] == 1.0  # unresolved when the bucket ended
    assert math.isnan(found["M2→M3"])  # and not open when the next one began
