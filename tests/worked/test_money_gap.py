"""Where every cent went: what came in equals what went out, and a cent that is lost shows."""

from __future__ import annotations

import pytest

from recoup.sim.ledger import money_gap
from tests.worked.tiny import day, days, debtors, simulate, world


def judged():
    courts = {"filing_days": (1, 1), "hearing_days": (1, 1), "win": 1.0, "closed_on_holidays": False}
    simulation = simulate(world(courts=courts), debtors(20_000))
    day(simulation, "suit")
    days(simulation, 3)
    return simulation


def test_nothing_is_lost_with_interest_and_fees():
    # 20,000.00, four mornings of 9.86, a fee of 150.12.
    simulation = judged()
    assert simulation.accounts["balance"][0] == 2_000_000 + 4 * 986 + 15_012
    assert money_gap(simulation.accounts).tolist() == [0]


@pytest.mark.parametrize(
    ("column", "sign"),
    [
        ("opening", 1),
        ("interest", 1),
        ("fees", 1),
        ("cash", -1),
        ("forgiven", -1),
        ("written_off", -1),
        ("balance", -1),
    ],
)
def test_a_cent_too_much_anywhere_shows(column, sign):
    simulation = judged()
    simulation.accounts[column] += 1
    assert money_gap(simulation.accounts).tolist() == [sign]
