"""When money comes and what it is worth: mean day of the cash, days to recover, present value with the cost of courses."""

from __future__ import annotations

import pytest

from recoup.experiments.comparison.measures import MEASURES, days_to_resolution
from recoup.experiments.comparison.rollout import Rollout
from tests.worked.book import kept_book
from tests.worked.tiny import debtors

# The book: 1,000.00 on day 2 and 8,000.00 on day 3; costs of 0.05 on day 0, 36.00 and a course for 1,500.00 on day 1; on each
# of the five days 368.00 for a collector who calls nobody.
# Worth at day 0 of a unit of day n at 8 % a year: 1.08 ** (−n / 365).
V1, V2, V3 = 0.99978917006, 0.99957838457, 0.99936764351


@pytest.fixture(scope="module")
def run():
    simulation = kept_book()
    return Rollout(simulation.accounts_table(), simulation.daily_table(), {}, {}, 5)


def measured(run, name):
    (measure,) = [m for m in MEASURES if m.name == name]
    return measure.of(run, run.accounts)


def test_the_three_discount_factors():
    # ln 1.08 = 0.0769610411; a 365th of it is 0.000210852167; e to the −0.000210852 is 1 − 0.000210852 + 0.000000022.
    assert pytest.approx(1 - 0.000210852167 + 0.0000000222293, abs=1e-11) == V1
    assert pytest.approx(V1 * V1, abs=1e-9) == V2
    assert pytest.approx(V1 * V1 * V1, abs=1e-9) == V3


def test_cash_and_costs_are_discounted_from_their_day(run):
    assert run.accounts["discounted_cash"].tolist() == pytest.approx([100_000 * V2, 0, 800_000 * V3, 0])
    assert run.accounts["discounted_cost"].tolist() == pytest.approx([0, 0, 0, 5 + 3_600 * V1])


def test_present_value_takes_off_courses_and_waiting_at_their_days_worth(run):
    waiting = 36_800 * (1 + V1 + V2 + V3 + V1 * V3)
    net = 100_000 * V2 + 800_000 * V3 - 5 - 3_600 * V1 - 150_000 * V1 - waiting
    assert measured(run, "npv_rate") == pytest.approx(net / 4_000_000, rel=1e-9)


def test_net_recovery_takes_them_off_undiscounted(run):
    assert measured(run, "net_recovery_rate") == pytest.approx((900_000 - 5 - 3_600 - 150_000 - 5 * 36_800) / 4_000_000)
    assert measured(run, "variable_net_recovery_rate") == pytest.approx((900_000 - 5 - 3_600) / 4_000_000)
    assert measured(run, "cost_to_collect") == pytest.approx((5 + 3_600 + 150_000 + 5 * 36_800) / 900_000)
    assert measured(run, "variable_cost_to_collect") == pytest.approx((5 + 3_600) / 900_000)
    assert measured(run, "recovery_rate") == pytest.approx(0.225)


def test_the_mean_day_of_the_cash(run):
    assert run.accounts["cash_day_sum"].tolist() == [200_000, 0, 2_400_000, 0]
    assert measured(run, "cash_weighted_days") == pytest.approx(2_600_000 / 900_000)


def test_days_to_recover_count_the_day_of_closing_and_the_horizon_for_the_rest(run):
    # Debtor 2 closed on day 3, the fourth day; the others stay open for all 5.
    assert days_to_resolution(run.accounts, 5).tolist() == [5, 5, 4, 5]
    assert measured(run, "time_to_recover_days") == pytest.approx(4.75)


def test_the_accounts_table_of_the_book(run):
    a = run.accounts
    assert a["account_id"].tolist() == debtors(1, 1, 1, 1).table["account_id"].tolist()
    assert a["status"].tolist() == ["open", "open", "settled", "open"] and a["closed_day"].tolist() == [-1, -1, 3, -1]
    assert a["kept"].tolist() == [1, 0, 1, 0] and a["broken"].tolist() == [0, 1, 0, 0]
    assert a["cash"].tolist() == [100_000, 0, 800_000, 0] and a["forgiven"].tolist() == [0, 0, 201_479, 0]
    # The morning of day 5 has charged interest already: on 9,018.75 it is 4.4476.
    assert a["interest"].tolist() == [2 * 493 + 444 + 445 + 445, 5 * 493, 3 * 493, 5 * 493]
    assert a["balance"].tolist() == [902_320, 1_002_465, 0, 1_002_465]
    assert a["stage"].tolist() == ["none", "none", "none", "noticed"]
    assert a["entry_tier"].tolist() == ["medium"] * 4  # one point: 30 days past due
