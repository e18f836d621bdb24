"""What is left at the horizon: each price and share in the direction that it says."""

from __future__ import annotations

import pytest

from recoup.sim.account import Stage, Status
from tests.sim.directions import MORE, Outcome, Row, holds

OLD = {"dpd": 100}


def left(outcome: Outcome) -> float:
    return float(outcome.simulation.value_left().sum())


def cheap():
    """Anew for each row, which writes into it."""
    return {"horizon.prices": [{"dpd": 10, "price": 0.5}, {"dpd": 60, "price": 0.1}], "behaviour.pay_base": -20.0}


def row(name, low, high, people=OLD, **debtors):
    return Row(f"horizon.{name}", low, high, MORE, left, days=1, given=cheap(), people=people, debtors=debtors)


ROWS = [
    row("prices.*.price", 0.1, 0.3),
    # Prices that fall later are higher at every age before.
    row("prices.1.dpd", 40, 90, people={"dpd": 30}),
    row("plan_kept", 0.3, 0.6, plan_months=12, plan_left=12),
    row("promise_kept", 0.3, 0.6, promise_due=100, promise_amount=100_000),
    row("cured", 0.4, 0.8, status=int(Status.CURED)),
    row("judgment_yield", 0.2, 0.4, stage=int(Stage.JUDGED)),
]


@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
def test_the_parameter_moves_what_it_says(row):
    holds(row)
