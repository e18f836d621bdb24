"""Discrimination, calibration, drift and fairness of scores: values worked by hand, or by another library."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from recoup.experiments.models.quality import (
    auc,
    calibration_error,
    calibration_table,
    clustered_mean,
    discrimination,
    fairness,
    kolmogorov_smirnov,
    stability_index,
)

SAID, OUTCOME = np.array([0.1, 0.4, 0.35, 0.8]), np.array([0.0, 0.0, 1.0, 1.0])


def test_auc_and_ks_by_hand() -> None:
    # Of the four pairs three are in order; below 0.35 there is half of the others and no case.
    assert auc(SAID, OUTCOME) == 0.75 and kolmogorov_smirnov(SAID, OUTCOME) == 0.5
    # Equal scores count half: (½ + 0 + 1 + ½) / 4.
    assert auc(np.array([1.0, 1.0, 2.0, 2.0]), np.array([0.0, 1.0, 0.0, 1.0])) == 0.5
    # A case of weight 3 and one of weight 1: (3 · 1 + 1 · 2) / (4 · 2).
    assert auc(SAID, OUTCOME, np.array([1.0, 1.0, 3.0, 1.0])) == pytest.approx(5 / 8)


def test_auc_is_that_of_another_library_also_with_ties() -> None:
    random = np.random.default_rng(1)
    said, outcome = random.integers(0, 20, 500) / 20, (random.random(500) < 0.3).astype(float)
    weight = random.integers(0, 4, 500).astype(float)
    assert auc(said, outcome) == pytest.approx(roc_auc_score(outcome, said))
    assert auc(said, outcome, weight) == pytest.approx(roc_auc_score(outcome, said, sample_weight=weight))


def test_intervals_keep_the_rows_of_an_account_together() -> None:
    """Every row ten times over says nothing new: the interval must stay as wide as that of the accounts alone."""
    random = np.random.default_rng(2)
    outcome = (random.random(300) < 0.4).astype(float)
    said, account = 0.6 * outcome + random.random(300), np.arange(300)
    alone = discrimination(said, outcome, account)["auc"]
    repeated = discrimination(np.tile(said, 10), np.tile(outcome, 10), np.tile(account, 10))["auc"]
    assert repeated == pytest.approx(alone)
    assert alone["low"] < alone["mean"] < alone["high"] and 0.03 < alone["high"] - alone["low"] < 0.15
    gini = discrimination(said, outcome, account)["gini"]
    assert gini["mean"] == pytest.approx(2 * alone["mean"] - 1)


def test_calibration_error_by_hand() -> None:
    # Two tenths: 0.2 said and 0.3 came, 0.6 said and 0.5 came; and eight that are exact.
    tenths = [{"rows": 10, "said": 0.2, "observed": 0.3}, {"rows": 30, "said": 0.6, "observed": 0.5}]
    assert calibration_error([*tenths, {"rows": 60, "said": 0.7, "observed": 0.7}]) == pytest.approx(0.04)
    table = calibration_table(np.repeat(np.arange(10) / 10 + 0.05, 20), np.tile([0.0, 1.0], 100))
    assert [row["rows"] for row in table] == [20] * 10 and {row["observed"] for row in table} == {0.5}
    assert [row["said"] for row in table] == pytest.approx([0.05 + n / 10 for n in range(10)])
    # Wilson's interval of 10 of 20: centre 0.5, half width 1.96 · √(0.25 / 20 + 1.96² / 1600) / (1 + 1.96² / 20).
    half = 1.959964 * math.sqrt(0.25 / 20 + 1.959964**2 / 1600) / (1 + 1.959964**2 / 20)
    assert table[0]["low"] == pytest.approx(0.5 - half, abs=1e-6) and table[0]["high"] == pytest.approx(
        0.5 + half, abs=1e-6
    )


def test_stability_index_by_hand() -> None:
    before = np.repeat(np.arange(10.0), 10)
    assert stability_index(before, before[::-1]) == 0
    # The highest tenth has moved to the lowest: shares 0.2 and 0 (counted as 0.0001) in place of 0.1 and 0.1.
    after = np.where(before == 9, 0.0, before)
    moved = 0.1 * math.log(2) + (0.1 - 1e-4) * math.log(1000)
    assert stability_index(before, after) == pytest.approx(moved)
    # A fifth has become unknown, taken evenly from all.
    unknown = before.copy()
    unknown[::5] = np.nan
    expected = 10 * (0.08 - 0.1) * math.log(0.8) + (0.2 - 1e-4) * math.log(2000)
    assert stability_index(before, unknown) == pytest.approx(expected)
    assert stability_index(np.full(5, np.nan), np.full(7, np.nan)) == 0


def test_standard_error_counts_accounts_not_rows() -> None:
    mean, error = clustered_mean(np.array([0.0, 0.0, 2.0, 2.0]), np.array([0, 0, 1, 1]))
    assert (mean, error) == (1.0, pytest.approx(math.sqrt(8) / 4))
    mean, error = clustered_mean(np.array([0.0, 3.0]), np.array([0, 1]), np.array([2.0, 1.0]))
    assert (mean, error) == (1.0, pytest.approx(math.sqrt(2 * 2**2) / 3))


def test_fairness_finds_a_group_that_is_selected_less_and_one_that_pays_more_than_said() -> None:
    random = np.random.default_rng(3)
    accounts = 2000
    people = pd.DataFrame({
        "age": np.full(accounts, 30.0), "sex": np.where(np.arange(accounts) % 2 == 0, "female", "male"),
        "region": np.where(np.arange(accounts) % 5 == 0, "north", None),
    })  # fmt: skip
    women = people["sex"].to_numpy() == "female"
    said = np.where(women, 0.3, 0.5) + 0.1 * random.random(accounts)
    outcome = (random.random(accounts) < np.where(women, 0.5, said)).astype(float)
    found = fairness(said, outcome, np.arange(accounts), people)
    female, male = found["sex"]
    assert (female["group"], female["rows"], female["selected"], female["ratio"]) == ("female", 1000, 0.0, 0.0)
    assert female["unequal"] and female["gap"]["low"] > 0.1 and female["observed"] == pytest.approx(0.5, abs=0.05)
    assert male["selected"] == pytest.approx(0.4) and male["ratio"] is None and abs(male["gap"]["mean"]) < 0.05
    assert found["age"] == []  # all are of one band: there is nobody to compare them with
    assert [row["group"] for row in found["region"]] == ["north"]  # those whose region is unknown are no group
