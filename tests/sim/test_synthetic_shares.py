"""A synthetic portfolio is distributed as its scenario states: shares, medians, spreads and what goes with what."""

from __future__ import annotations

import numpy as np
import pytest

from recoup.scenarios.schema import load_scenario
from recoup.sim.portfolio.synthetic import fill, generate

POPULATION = load_scenario("china-consumer").world.population
ACCOUNTS = 40_000
NORMAL_90 = 1.2816  # the standard normal's ninth decile


@pytest.fixture(scope="module")
def table():
    return generate(POPULATION, ACCOUNTS, 7, "p").table


def close(found, expected, sd, of=ACCOUNTS):
    """A mean of so many draws within four standard errors."""
    assert abs(found - expected) < 4 * sd / np.sqrt(of), (found, expected)


def close_share(found, expected, of=ACCOUNTS):
    close(found, expected, np.sqrt(expected * (1 - expected)), of)


# As scenarios/china-consumer.yaml states them.
@pytest.mark.parametrize(
    ("least", "most", "share"),
    [
        (1, 7, 0.18),
        (8, 15, 0.12),
        (16, 30, 0.15),
        (31, 60, 0.15),
        (61, 90, 0.10),
        (91, 180, 0.15),
        (181, 720, 0.15),
    ],
)
def test_each_band_of_ages_has_its_share_and_is_even_within(table, least, most, share):
    inside = table["dpd"][table["dpd"].between(least, most)]
    close_share(len(inside) / ACCOUNTS, share)
    days = most - least + 1
    close(inside.mean(), (least + most) / 2, np.sqrt((days**2 - 1) / 12), len(inside))
    close_share((inside == least).mean(), 1 / days, len(inside))
    close_share((inside == most).mean(), 1 / days, len(inside))


@pytest.mark.parametrize(
    ("column", "shares"),
    [
        ("product", {"consumer_loan": 0.6, "credit_card": 0.3, "instalment_purchase": 0.1}),
        ("sex", {"female": 0.42, "male": 0.58}),
        ("region", {"east": 0.4, "central": 0.25, "west": 0.25, "northeast": 0.1}),
        ("stable_assets", {True: 0.25, False: 0.75}),
        ("payday", {1: 1 / 28, 14: 1 / 28, 28: 1 / 28}),
    ],
)
def test_kinds_have_their_shares(table, column, shares):
    for value, share in shares.items():
        close_share((table[column] == value).mean(), share)
    assert table["payday"].between(1, 28).all()


@pytest.mark.parametrize(
    ("column", "median", "spread"), [("opening_balance", 9000, 0.9), ("monthly_income", 6500, 0.45)]
)
def test_money_is_log_normal_with_the_stated_median_and_spread(table, column, median, spread):
    for share, z in ((0.1, -NORMAL_90), (0.5, 0.0), (0.9, NORMAL_90)):
        found = table[column].quantile(share)
        assert abs(np.log(found / median) - spread * z) < 0.025 * spread, (share, found)
    cents = table[column] * 100
    assert np.allclose(cents, cents.round(), atol=1e-4)


def test_larger_incomes_carry_larger_balances(table):
    # Half of a log income goes into the log balance: 0.5 · 0.45 / 0.9 is a correlation of a quarter.
    found = np.corrcoef(np.log(table["monthly_income"]), np.log(table["opening_balance"]))[0, 1]
    close(found, 0.25, 1.0)


def test_scores_follow_income_and_fall_with_the_age_of_debt(table):
    young, old = table[table["dpd"] <= 7], table[table["dpd"] > 365]
    # Mean 580, and 0.15 standard deviations of 70 points lower for each year past due.
    close(young["credit_score"].mean(), 580 - 0.15 * 70 * young["dpd"].mean() / 365, 70, len(young))
    close(old["credit_score"].mean(), 580 - 0.15 * 70 * old["dpd"].mean() / 365, 70, len(old))
    assert abs(young["credit_score"].std() - 70) < 2
    close(np.corrcoef(np.log(young["monthly_income"]), young["credit_score"])[0, 1], 0.3, 1.0, len(young))
    assert (
        table["credit_score"].between(300, 850).all() and (table["credit_score"] == table["credit_score"].round()).all()
    )


def test_earlier_delinquencies_are_counts_of_the_stated_mean_and_more_at_low_scores(table):
    young = table[table["dpd"] <= 7]
    # The factor exp(−0.3 z − 0.045) has mean 1 for a standard normal z.
    close(young["prior_delinquencies"].mean(), 1.1, 1.15, len(young))
    average = young[young["credit_score"].between(573, 587)]["prior_delinquencies"]
    # About z = 0: Poisson with mean 1.1 · exp(−0.045) = 1.0516, so none in exp(−1.0516) = 34.9 %, one in 36.7 %.
    close_share((average == 0).mean(), 0.349, len(average))
    close_share((average == 1).mean(), 0.367, len(average))
    low, high = (young["prior_delinquencies"][young["credit_score"].between(*span)] for span in ((0, 510), (650, 850)))
    assert low.mean() > 1.5 * high.mean()


def test_the_early_warning_rises_with_what_speaks_against_payment(table):
    warning = np.log(table["early_warning"].clip(1e-4, 1 - 1e-4) / (1 - table["early_warning"].clip(1e-4, 1 - 1e-4)))
    score = (table["credit_score"] - 580) / 70
    prior = table["prior_delinquencies"].clip(upper=6) - 1.1
    burden = np.log(table["opening_balance"] / table["monthly_income"]) - np.log(9000 / 6500)
    terms = np.column_stack([np.ones(ACCOUNTS), score, prior, burden])
    found, *_ = np.linalg.lstsq(terms, warning, rcond=None)
    assert np.allclose(found, [0.0, -0.8, 0.35, 0.3], atol=0.02)
    assert abs((warning - terms @ found).std() - 0.8) < 0.02  # early_warning_noise


def test_ages_and_tenures(table):
    assert table["age"].between(18, 85).all()
    assert abs(table["age"].median() - 35) <= 0.5
    # One standard deviation above the mean: 45, to the year.
    close_share((table["age"] >= 45).mean(), 1 - 0.8289, ACCOUNTS)  # Φ((44.5 − 35) / 10) = 0.8289
    # Exponential with mean 22, whole months: at least 22 in 1/e, at least one in exp(−1/22).
    close_share((table["tenure_months"] >= 22).mean(), np.exp(-1))
    close_share((table["tenure_months"] >= 1).mean(), np.exp(-1 / 22))
    assert table["tenure_months"].max() <= 360


def test_accounts_are_numbered_from_one():
    portfolio = generate(POPULATION, 3, 1, "mine")
    assert portfolio.table["account_id"].tolist() == ["mine-0000001", "mine-0000002", "mine-0000003"]
    assert [str(note) for note in portfolio.notes] == ["synthetic portfolio, seed 1"]


def test_what_is_missing_is_drawn_from_what_is_known():
    """A balance is drawn for the income that the file gives, not for one drawn in its place."""
    known = generate(POPULATION, 4000, 3, "p").table[["account_id", "dpd"]]
    rich, _ = fill(known.assign(monthly_income=65_000.0), POPULATION, 3)
    poor, filled = fill(known.assign(monthly_income=6_500.0), POPULATION, 3)
    # Ten times the income: half of log 10 more in the log balance, for every account.
    assert np.allclose(np.log(rich["opening_balance"] / poor["opening_balance"]), 0.5 * np.log(10), atol=1e-3)
    assert filled["opening_balance"] == 4000 and "monthly_income" not in filled and "dpd" not in filled
