"""What a learner is paid on a day written down by hand, and how limits become prices: sums worked out beside each number."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from recoup.agents.training.budget import KEPT_FREE, Budget, Limit
from recoup.agents.training.objective import Meter, Objective, Usage, resolved

OPEN, PAID, SETTLED, WRITTEN_OFF, LEFT = range(5)
BOOK = np.dtype(
    [
        ("opening", "i8"),
        ("discounted_cash", "f8"),
        ("discounted_cost", "f8"),
        ("discounted_staff", "f8"),
        ("complaint_risk", "f8"),
        ("attempts", "u2"),
        ("status", "u1"),
        ("closed_day", "i4"),
    ]
)


def book():
    """Two claims of 1,000 and 3,000 (cents), so that one mean opening balance is 2,000 = 200,000 cents; on day 9 of 100."""
    accounts = np.zeros(2, BOOK)
    accounts["opening"] = 100_000, 300_000
    accounts["closed_day"] = -1
    # What came before the meter was put up must not be paid for.
    accounts["discounted_cash"] = 7_000, 9_000
    accounts["discounted_cost"] = 300, 100
    accounts["discounted_staff"] = 200, 50
    accounts["complaint_risk"] = 0.5, 0.25
    accounts["attempts"] = 4, 6
    return SimpleNamespace(
        accounts=accounts,
        day=9,
        world=SimpleNamespace(discount_rate=0.1),
        value_left=lambda numbers, day: np.zeros(len(numbers)),
    )


def a_day_passes(simulation, cash=(0, 0), cost=(0, 0), complaints=(0.0, 0.0), staff=(0, 0), contacts=(0, 0)):
    a = simulation.accounts
    a["discounted_cash"] += cash
    a["discounted_cost"] += cost
    a["discounted_staff"] += staff
    a["complaint_risk"] += complaints
    a["attempts"] += np.array(contacts, np.uint16)
    simulation.day += 1


def test_the_objective_is_cash_less_priced_cost_plus_time_saved_less_priced_complaints():
    objective = Objective(time_weight=0.3, cost_price=0.5, complaint_price=2.0)
    # 0.4 − 1.5 · 0.1 + 0.3 · 0.6 − 2 · 0.05 = 0.4 − 0.15 + 0.18 − 0.1
    assert objective.value(0.4, 0.1, 0.6, 0.05) == pytest.approx(0.33)


def test_without_weights_and_prices_it_is_cash_less_cost():
    assert Objective().value(0.4, 0.1, 0.6, 0.05) == pytest.approx(0.3)


def test_what_is_left_at_the_horizon_counts_as_cash_does():
    assert Objective(cost_price=0.5).value(0.4, 0.1, 0.6, 0.05, 0.07) == pytest.approx(0.4 - 0.15 + 0.07)


def test_a_days_reward_is_what_came_that_day_in_mean_opening_balances():
    simulation = book()
    meter = Meter(simulation, days=100)
    a_day_passes(simulation, cash=(50_000, 0), cost=(1_000, 400), complaints=(0.002, 0.0))
    reading = meter.read(Objective(cost_price=0.5, complaint_price=2.0))
    # first: 50,000/200,000 − 1.5 · 1,000/200,000 − 2 · 0.002 = 0.25 − 0.0075 − 0.004; second: −1.5 · 400/200,000
    np.testing.assert_allclose(reading.rewards, [0.2385, -0.003])
    # over both: 1,400 of cost on 400,000 owed; 0.002 complaints on two accounts
    assert reading.usage.cost == pytest.approx(0.0035)
    assert reading.usage.complaints == pytest.approx(0.001)


def test_contacts_and_staff_time_of_a_day_count_at_their_prices():
    simulation = book()
    meter = Meter(simulation, days=100)
    a_day_passes(simulation, cost=(1_000, 400), staff=(600, 0), contacts=(2, 1))
    reading = meter.read(Objective(cost_price=0.5, contact_price=0.01, staff_price=0.25))
    # first: −1.5 · (1,000 − 600)/200,000 − 0.25 · 600/200,000 − 2 · 0.01 = −0.003 − 0.00075 − 0.02;
    # second: −1.5 · 400/200,000 − 0.01
    np.testing.assert_allclose(reading.rewards, [-0.02375, -0.013])
    # 800 of cost without staff on 400,000 owed; three contacts on two accounts
    assert reading.usage.cost == pytest.approx(0.002)
    assert reading.usage.contacts == pytest.approx(1.5)


@pytest.mark.parametrize(("price", "paid"), [(0.0, -0.002), (1.0, -0.005)])
def test_staff_time_is_free_unless_it_has_a_price_and_at_1_the_whole_cost_is_charged(price, paid):
    simulation = book()
    meter = Meter(simulation, days=100)
    a_day_passes(simulation, cost=(1_000, 0), staff=(600, 0))
    # 400/200,000 without staff, 1,000/200,000 with it
    np.testing.assert_allclose(meter.read(Objective(staff_price=price)).rewards, [paid, 0.0])


def test_each_day_is_paid_once():
    simulation = book()
    meter = Meter(simulation, days=100)
    a_day_passes(simulation, cash=(50_000, 0))
    meter.read(Objective())
    a_day_passes(simulation, cash=(0, 20_000))
    np.testing.assert_allclose(meter.read(Objective()).rewards, [0.0, 0.1])  # 20,000/200,000


@pytest.mark.parametrize(
    ("status", "paid"), [(PAID, 0.27), (SETTLED, 0.27), (WRITTEN_OFF, 0.0), (LEFT, 0.0), (OPEN, 0.0)]
)
def test_early_resolution_is_paid_once_by_the_share_of_the_horizon_saved(status, paid):
    simulation = book()
    meter = Meter(simulation, days=100)
    simulation.accounts["status"][0], simulation.accounts["closed_day"][0] = status, 9
    a_day_passes(simulation)
    # Closed on day 9, the tenth of 100: 90 are left, 0.3 · 90/100 = 0.27 if it was paid, settled or cured.
    np.testing.assert_allclose(meter.read(Objective(time_weight=0.3)).rewards, [paid, 0.0])
    a_day_passes(simulation)
    np.testing.assert_allclose(meter.read(Objective(time_weight=0.3)).rewards, [0.0, 0.0])


def test_resolved_are_the_paid_the_settled_and_the_cured():
    accounts = np.zeros(6, BOOK)
    accounts["status"] = OPEN, PAID, SETTLED, WRITTEN_OFF, LEFT, 5
    assert resolved(accounts).tolist() == [False, True, True, False, False, True]


def test_a_price_moves_by_the_relative_overdraft_of_a_running_mean():
    limit = Limit("cost", allowed=0.01, rate=0.1, smooth=0.3)
    limit.update(0.02)
    assert limit.price == pytest.approx(0.1)  # twice what is allowed: 0.1 · (2 − 1)
    limit.update(0.005)
    # The mean is 0.7 · 0.02 + 0.3 · 0.005 = 0.0155, so that the price rises by 0.1 · 0.55 although today was cheap.
    assert limit.usage == pytest.approx(0.0155)
    assert limit.price == pytest.approx(0.155)


def test_a_price_falls_while_less_is_used_and_never_below_zero():
    limit = Limit("cost", allowed=0.01, rate=0.1, price=0.08, smooth=1.0)
    limit.update(0.005)
    assert limit.price == pytest.approx(0.03)  # 0.08 + 0.1 · (0.5 − 1)
    limit.update(0.005)
    assert limit.price == 0.0


def test_each_limit_moves_its_own_price_in_the_objective():
    objective = Objective()
    budget = Budget(
        objective,
        cost=Limit("cost", 0.01, rate=0.1, smooth=1.0),
        complaints=Limit("complaints", 0.02, rate=0.5, price=1.0, smooth=1.0),
        contacts=Limit("contacts", 10.0, rate=0.01, smooth=1.0),
    )
    budget.pay(Usage(cost=0.03, complaints=0.01, contacts=15.0))
    assert objective.cost_price == pytest.approx(0.2)  # 0.1 · (3 − 1)
    assert objective.complaint_price == pytest.approx(0.75)  # 1 + 0.5 · (0.5 − 1)
    assert objective.contact_price == pytest.approx(0.005)  # 0.01 · (1.5 − 1)
    assert budget.prices == pytest.approx({"cost": 0.2, "complaints": 0.75, "contacts": 0.005})
    used = {"cost": 0.03, "complaints": 0.01, "contacts": 15.0}
    prices = {"cost_price": 0.2, "complaint_price": 0.75, "contact_price": 0.005}
    assert budget.history == [pytest.approx(used | prices)]


def test_without_limits_no_price_moves():
    objective = Objective(complaint_price=3.0)
    budget = Budget(objective)
    budget.pay(Usage(cost=9.0, complaints=9.0, contacts=9.0))
    assert (objective.cost_price, objective.complaint_price, objective.contact_price) == (0.0, 3.0, 0.0)
    assert budget.limits == []


def test_an_initial_price_is_charged_from_the_first_day():
    objective = Objective()
    Budget(objective, cost=Limit("cost", 1, 1, 0.25), complaints=Limit("complaints", 1, 1, 2.0)).charge()
    assert (objective.cost_price, objective.complaint_price) == (0.25, 2.0)


def test_a_twentieth_of_a_limit_is_kept_free():
    assert KEPT_FREE == 0.05
