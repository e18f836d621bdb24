"""Luck and skill of collectors: figures worked out by hand, and simulated people who are, or are not, equally good."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from recoup.experiments.comparison.staff_results import limits, spread_in

COLUMNS = ["pool", "reached", "promises"]


def people(*rows):
    return pd.DataFrame([("collector", *row) for row in rows], columns=COLUMNS)


def test_two_people_by_hand():
    # 30 and 50 of 100: together 40 %. Variance of luck 0.4 x 0.6 / 100 = 0.0024, each 0.1 off: 0.01 / 0.0024 twice = 8.3333.
    # Chi-squared with one degree of freedom: two tails of a normal beyond sqrt(8.3333) = 2.8868: 0.0038924.
    found = spread_in(people((100, 30), (100, 50)), "collector")
    assert (found.people, found.contacts, found.promises, found.rate) == (2, 200, 80, 0.4)
    assert (found.worst, found.best) == (0.3, 0.5)
    assert found.chance == pytest.approx(0.0038924, rel=1e-4)
    # Limits 0.4 ± 1.95996 x 0.0489898 = 0.30398 to 0.49602: both lie outside.
    assert found.outside == 1.0
    # Variance of two rates 0.02 (over n − 1), less that of luck: 0.0176; its root 0.132665.
    assert found.beyond_luck == pytest.approx(0.132665, rel=1e-5)


def test_no_difference_at_all():
    found = spread_in(people((50, 20), (100, 40), (25, 10)), "collector")
    assert found.chance == pytest.approx(1.0) and found.beyond_luck == 0.0 and found.outside == 0.0


def test_limits_by_hand():
    low, high = limits(0.2, np.array([4.0, 100.0, 400.0]))
    # 1.95996 x sqrt(0.16 / n): 0.391993, 0.0783986, 0.0391993.
    assert low == pytest.approx([0.0, 0.1216014, 0.1608007]) and high == pytest.approx([0.591993, 0.2783986, 0.2391993])


def test_who_spoke_to_few_is_left_out_and_so_are_other_pools():
    table = people((100, 30), (100, 50), (19, 19))
    table = pd.concat([table, pd.DataFrame([("specialist", 500, 400), ("nobody", 900, 0)], columns=COLUMNS)])
    assert spread_in(table, "collector") == spread_in(people((100, 30), (100, 50)), "collector")
    assert spread_in(table, "specialist") is None  # one person


@pytest.mark.parametrize("rows", [[(100, 30)], [(100, 0), (100, 0)], [(100, 100), (50, 50)], [(10, 3), (12, 5)]])
def test_nothing_is_said_where_nothing_can_be(rows):
    assert spread_in(people(*rows), "collector") is None


def test_equally_good_people_are_seldom_told_apart_and_different_ones_mostly():
    random = np.random.default_rng(1)
    contacts = random.integers(50, 300, 40)
    alike = [
        spread_in(people(*zip(contacts, random.binomial(contacts, 0.3), strict=True)), "collector") for _ in range(200)
    ]
    called = np.mean([found.chance < 0.05 for found in alike])
    assert 0.01 < called < 0.1  # 5 %, within three standard errors of 200 trials
    rates = np.clip(random.normal(0.3, 0.06, 40), 0.01, 0.99)
    apart = spread_in(people(*zip(contacts, random.binomial(contacts, rates), strict=True)), "collector")
    assert apart.chance < 1e-3 and apart.beyond_luck == pytest.approx(0.06, abs=0.025)
