"""Adjusted gaps where the gap is known, because it was planted, and against a regression written from docs/fairness.md."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from recoup.experiments.comparison.fairness import measure_groups
from recoup.experiments.comparison.rollout import Rollout
from recoup.scenarios.schema import load_scenario

BEARING = (
    "dpd",
    "opening_balance",
    "monthly_income",
    "credit_score",
    "early_warning",
    "prior_delinquencies",
    "stable_assets",
)
ACCOUNTS = 1300  # 5 bins


@pytest.fixture(scope="module")
def debts() -> pd.DataFrame:
    return load_scenario("china-consumer").portfolio(ACCOUNTS, 3).table.assign(age=40, region="east")


def leaning(debts: pd.DataFrame, field: str) -> pd.DataFrame:
    """Women are three in four of those above the field's mean and one in four of the others."""
    above = (debts[field] > debts[field].mean()).to_numpy()
    chance = np.random.default_rng(8).random(len(debts))
    return debts.assign(sex=np.where(chance < np.where(above, 0.75, 0.25), "female", "male"))


def gaps(people: pd.DataFrame, attempts: np.ndarray) -> dict:
    zero = np.zeros(len(people))
    accounts = pd.DataFrame(dict.fromkeys(("cash", "offers", "best_discount", "busiest_week"), zero))
    accounts = accounts.assign(opening=1, status="open", closed_day=-1, stage="none", attempts=attempts)
    found = measure_groups(Rollout(accounts, pd.DataFrame(), {}, {}, 90), people)
    return found["sex"]["female"]["outcomes"]["contacts"]


@pytest.mark.parametrize("field", BEARING)
def test_what_follows_the_debt_alone_is_no_gap_and_what_is_planted_is_found(debts, field):
    """Contacts that grow with a field's logarithm and jump in its top fifth; women's are 3 more besides, or not."""
    people = leaning(debts, field)
    women = (people["sex"] == "female").to_numpy()
    values = people[field].to_numpy(float)
    edge = 59.0 if field == "dpd" else np.quantile(values, 0.8)
    due = 4.0 * np.log1p(values) + 5.0 * (values > edge)
    fair, unfair = gaps(people, due), gaps(people, due + 3.0 * women)
    assert abs(fair["raw"]["gap"]) > 0.5  # women's debts differ
    assert fair["adjusted"]["gap"] == pytest.approx(0.0, abs=1e-7)
    assert unfair["adjusted"]["gap"] == pytest.approx(3.0, abs=1e-7)
    assert unfair["raw"]["gap"] == pytest.approx(fair["raw"]["gap"] + 3.0)
    turned = gaps(people, due - 2.0 * women)
    assert turned["adjusted"]["gap"] == pytest.approx(-2.0, abs=1e-7)


@pytest.mark.parametrize("stage", [7, 15, 29, 59, 89, 179])
def test_a_plan_that_changes_where_plans_usually_change_treats_by_the_debt(debts, stage):
    people = leaning(debts, "dpd")
    assert gaps(people, 10.0 * (people["dpd"].to_numpy() > stage))["adjusted"]["gap"] == pytest.approx(0.0, abs=1e-7)


def test_a_plan_for_large_claims_of_one_age_treats_by_the_debt(debts):
    people = leaning(debts, "opening_balance")
    large = people["opening_balance"] > np.quantile(people["opening_balance"], 0.6)
    due = 10.0 * (large & (people["dpd"] > 29) & (people["dpd"] <= 59)).to_numpy()
    assert gaps(people, due)["adjusted"]["gap"] == pytest.approx(0.0, abs=1e-7)


@pytest.mark.parametrize("field", ["payday", "tenure_months"])
def test_what_does_not_bear_on_the_debt_explains_nothing(debts, field):
    people = leaning(debts, field)
    above = (people[field] > people[field].mean()).to_numpy()
    # Three quarters of women are above, one quarter of men: half of the 10 contacts, give or take chance.
    assert gaps(people, 10.0 * above)["adjusted"]["gap"] == pytest.approx(5.0, abs=1.0)


def design(people: pd.DataFrame) -> np.ndarray:
    """The regressors of docs/fairness.md: each field in bins and as a line, dpd by balance together; 1,300 accounts make 5 bins."""
    columns, bins = [np.ones((len(people), 1))], {}
    for field in BEARING:
        values = people[field].astype(float)
        edges = [7, 15, 29, 59, 89, 179] if field == "dpd" else sorted(set(values.quantile([0.2, 0.4, 0.6, 0.8])))
        bins[field] = pd.cut(values, [-np.inf, *edges, np.inf])
        columns += [pd.get_dummies(bins[field]).to_numpy(float), np.log1p(values).to_numpy()[:, None]]
    both = bins["dpd"].astype(str) + bins["opening_balance"].astype(str)
    return np.hstack([*columns, pd.get_dummies(both).to_numpy(float)])


def test_gap_and_error_are_those_of_least_squares_with_errors_robust_to_unequal_variance(debts):
    people = leaning(debts, "credit_score")
    women = (people["sex"] == "female").to_numpy()
    random = np.random.default_rng(4)
    noise = random.normal(0.0, np.where(women, 9.0, 3.0))  # far from equal
    attempts = 20.0 + 2.0 * women + 3.0 * np.log1p(people["dpd"].to_numpy(float)) + noise
    found = gaps(people, attempts)

    regressors = np.column_stack([women.astype(float), design(people)])
    coefficients = np.linalg.lstsq(regressors, attempts, rcond=None)[0]
    assert found["adjusted"]["gap"] == pytest.approx(coefficients[0], rel=1e-6)
    # White's covariance, times n / (n − k) with k the rank (HC1: MacKinnon & White 1985).
    residuals = attempts - regressors @ coefficients
    inverse = np.linalg.pinv(regressors.T @ regressors)
    sandwich = inverse @ (regressors.T * residuals**2 @ regressors) @ inverse
    rank = np.linalg.matrix_rank(regressors)
    assert found["adjusted"]["error"] == pytest.approx(np.sqrt(sandwich[0, 0] * ACCOUNTS / (ACCOUNTS - rank)), rel=1e-6)
    equal = np.sqrt(inverse[0, 0] * (residuals**2).sum() / (ACCOUNTS - rank))
    assert abs(equal / found["adjusted"]["error"] - 1) > 0.02  # another number altogether

    # Raw: the difference of means with Welch's error.
    ours, theirs = attempts[women], attempts[~women]
    assert found["raw"]["gap"] == pytest.approx(ours.mean() - theirs.mean())
    error = (ours.std(ddof=1) ** 2 / len(ours) + theirs.std(ddof=1) ** 2 / len(theirs)) ** 0.5
    assert found["raw"]["error"] == pytest.approx(error)
    assert (found["mean"], found["others"]) == pytest.approx((ours.mean(), theirs.mean()))
    assert found["sd"] == pytest.approx(attempts.std())


def test_a_group_that_the_debts_make_up_entirely_cannot_be_told_from_them(debts):
    people = debts.assign(sex=np.where(debts["dpd"] > 29, "female", "male"))
    found = gaps(people, np.arange(float(ACCOUNTS)))
    assert found["adjusted"] is None and found["raw"] is not None


def test_few_accounts_are_adjusted_for_in_two_bins_without_pairs():
    """300 accounts: above and below the median. What only pairs of dpd and balance explain stays a gap."""
    debts = load_scenario("china-consumer").portfolio(300, 3).table.assign(age=40, region="east")
    people = leaning(debts, "opening_balance")
    large = (people["opening_balance"] > people["opening_balance"].median()).to_numpy()
    assert gaps(people, 10.0 * large)["adjusted"]["gap"] == pytest.approx(0.0, abs=1e-7)
    old = (people["dpd"] > 29).to_numpy()
    assert abs(gaps(people, 10.0 * (large & old))["adjusted"]["gap"]) > 1e-3
