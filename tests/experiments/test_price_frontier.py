"""The frontier of a price family: non-dominated points, the choice within limits, prices tried."""

from __future__ import annotations

import numpy as np
import pytest

from recoup.experiments.robustness import price_frontier as study
from recoup.experiments.robustness.price_frontier import Candidate, choose, excess, non_dominated
from recoup.scenarios.environments import PORTFOLIO_SEED
from recoup.sim.inputs import InputError


def candidate(name: str, npv: float, contacts: float, complaints: float) -> Candidate:
    values = {"npv_rate": npv, "contacts_per_debtor": contacts, "complaints_per_1000": complaints}
    return Candidate(name, {**values, "time_to_recover_days": 100.0 * npv})


MADE_UP = [
    candidate("much", 0.60, 40.0, 12.0),
    candidate("some", 0.55, 24.0, 7.0),
    candidate("waste", 0.54, 30.0, 9.0),
    candidate("little", 0.40, 5.0, 1.0),
]
LIMITS = {"contacts_per_debtor": 25.0, "complaints_per_1000": 8.0}


def test_non_dominated_points_are_those_that_a_search_by_hand_leaves():
    costs = np.random.default_rng(501).integers(0, 6, (60, 3)).astype(float)
    left = [
        not any(
            all(b <= a for a, b in zip(mine, other, strict=True)) and tuple(other) != tuple(mine) for other in costs
        )
        for mine in costs
    ]
    assert 0 < sum(left) < len(left)
    assert non_dominated(costs).tolist() == left


def test_more_value_is_better_and_fewer_days_are():
    assert study.on_frontier(MADE_UP, "npv_rate").tolist() == [True, True, False, True]
    assert study.on_frontier(MADE_UP, "time_to_recover_days").tolist() == [False, False, False, True]


@pytest.mark.parametrize(
    ("limits", "by", "name"),
    [
        ({}, "npv_rate", "much"),
        (LIMITS, "npv_rate", "some"),
        ({"contacts_per_debtor": 24.0}, "npv_rate", "some"),  # the limit itself is within
        ({"complaints_per_1000": 6.9}, "npv_rate", "little"),
        (LIMITS, "time_to_recover_days", "little"),
        ({"contacts_per_debtor": 4.0}, "npv_rate", "little"),  # none is within: the nearest
    ],
)
def test_the_best_within_the_limits_is_chosen(limits, by, name):
    assert choose(MADE_UP, limits, by).name == name


def test_of_equals_the_one_with_fewer_contacts_is_chosen():
    equals = [candidate("a", 0.5, 9.0, 1.0), candidate("b", 0.5, 8.0, 2.0), candidate("c", 0.5, 8.0, 1.0)]
    assert choose(equals, {}, "npv_rate").name == "c"


def test_excess_is_the_largest_share_of_a_limit():
    assert excess(MADE_UP[0].values, LIMITS) == pytest.approx(1.6)  # 40 / 25, beside 12 / 8
    assert excess(MADE_UP[0].values, {"contacts_per_debtor": 0.0}) == np.inf
    assert excess({"cost_to_collect": float("nan")}, {"cost_to_collect": 0.3}) == np.inf


def test_the_tightest_of_several_limits_counts():
    assert study.tightest(LIMITS, {"contacts_per_debtor": 20.0, "cost_rate": 0.1}) == {
        "contacts_per_debtor": 20.0,
        "complaints_per_1000": 8.0,
        "cost_rate": 0.1,
    }


def test_nobody_within_the_limits_is_an_error_that_names_the_nearest():
    points = [{"name": c.name, "values": c.values} for c in MADE_UP]
    result = {"points": points, "chosen": "little", "feasible": False, "limits": {"contacts_per_debtor": 4.0}}
    with pytest.raises(InputError, match=r"nearest: little with contacts_per_debtor 5.*at most 4"):
        study.chosen_point(result)


@pytest.mark.parametrize("number", [2, 3, 16])
def test_the_first_prices_begin_with_none_and_fill_the_cube(number):
    inputs = study.first_inputs(number)
    assert len(inputs) == number
    assert inputs[:2] == [(0.0, 0.0, 0.0), (0.5, 0.5, 0.5)]
    assert len({study.name_of(one) for one in inputs}) == number


@pytest.mark.parametrize("centre", [(0.0, 0.5, 1.0), (0.5, 0.5, 0.5)])
def test_further_prices_stay_near_and_in_the_cube(centre):
    near = np.array(study.inputs_near(centre, 8))
    assert len(near) > 1
    assert near.min() >= 0.0
    assert near.max() <= 1.0
    assert np.abs(near - np.array(centre)).max() <= 0.15 + 0.0051  # rounded to hundredths


def test_a_name_says_the_inputs():
    assert study.name_of((0.5, 0.12, 0.99)) == "p50-12-99"


def test_the_first_seed_of_the_command_is_that_of_the_selection():
    from recoup.experiments.cli import app

    command = next(one for one in app.registered_commands if one.callback.__name__ == "frontier")
    default = command.callback.__signature__.parameters["first_seed"].default
    assert default == study.SELECTION_SEED == PORTFOLIO_SEED + 650_000
