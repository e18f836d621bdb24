"""Courts, economy, population, tiers and what the world charges: each parameter in the direction that it says."""

from __future__ import annotations

import numpy as np
import pytest

from recoup.scenarios.schema import find_rules
from recoup.sim.observation import FIELD_INDEX
from tests.sim.directions import LESS, MORE, Row, holds

LITIGATE = ("letter/morning/notice", "suit", "enforce")
SETTLE = "specialist/morning/settle_40"
NEVER, ALWAYS = -20.0, 20.0
SILENT = {"behaviour.pay_base": NEVER, "behaviour.promise_base": NEVER}
PART = {"behaviour.full_base": NEVER, "behaviour.promise_base": NEVER, "behaviour.pay_base": -2.5}
COURT = {
    **SILENT,
    "operations.legal_cases_per_1000_accounts": 1000,
    "courts.docket_per_1000_accounts": 1000,
    "courts.filing_days": [1, 1],
    "courts.hearing_days": [1, 1],
    "courts.enforcement_days": [1, 1],
    "courts.win": 1,
}
SHOCK = [{"day": 0, "size": 3}]


def court(name, low, high, direction, measure, **probe):
    given = {**COURT, **probe.pop("given", {})}
    return Row(f"courts.{name}", low, high, direction, measure, treat=LITIGATE, given=given, **probe)


COURTS = [
    court("fee_steps.*.flat", 0, 100, MORE, "fees"),
    court("fee_steps.*.rate", 0, 0.1, MORE, "fees"),
    # One band: nothing is asked on what lies above it.
    court("fee_steps.*.up_to", 1000, 10_000, MORE, "fees", given={"courts.fee_steps": [{"up_to": 1, "rate": 0.1}]}),
    court("summary_factor", 0.1, 1, MORE, "fees"),
    court("docket_per_1000_accounts", 20, 200, MORE, "judgments", given={"courts.hearing_days": [5, 5]}),
    court("filing_days.0", 1, 20, LESS, "judgments", given={"courts.filing_days": [1, 20]}),
    court("filing_days.1", 1, 30, LESS, "judgments"),
    court("hearing_days.0", 1, 20, LESS, "judgments", given={"courts.hearing_days": [1, 20]}),
    court("hearing_days.1", 1, 30, LESS, "judgments"),
    court("enforcement_days.0", 1, 20, LESS, "seizures", given={"courts.enforcement_days": [1, 20]}),
    court("enforcement_days.1", 1, 30, LESS, "seizures"),
    court("win", 0.2, 0.9, MORE, "fees"),
    # Day 0 is a Monday: filed on Wednesday, heard three days later on Saturday or not before Monday.
    court("closed_on_holidays", False, True, LESS, "judgments", days=6, given={"courts.hearing_days": [3, 3]}),
    court("docket", 1, 60, MORE, "judgments", given={"courts.hearing_days": [5, 5]}),
]
REVIEW = {"days": [1, 1], "cost": 40, "sent_back": 0}


def review(name, low, high, direction, measure, horizon, **changes):
    given = {**SILENT, "courts.review": {**REVIEW, **changes}}
    return Row(f"courts.review.{name}", low, high, direction, measure, treat=LITIGATE[:1], days=horizon, given=given)


REVIEWS = [
    review("days.0", 1, 3, LESS, "notices", 3, days=[1, 3]),
    review("days.1", 1, 6, LESS, "notices", 4),
    review("cost", 0, 100, MORE, "cost", 2),
    review("sent_back", 0, 0.9, LESS, "notices", 3),
]
AUCTION = {"property": 0.9, "rounds": [{"days": [1, 1], "price": 0.8, "sold": 1}]}


def auction(name, low, high, direction, measure, **changes):
    rounds = [{**AUCTION["rounds"][0], **changes}]
    return court(
        f"auction.{name}", low, high, direction, measure, given={"courts.auction": {**AUCTION, "rounds": rounds}}
    )


AUCTIONS = [
    auction("property", 0, 1, LESS, "cash", price=0.3),
    auction("rounds.*.price", 0.2, 1, MORE, "cash"),
    auction("rounds.*.sold", 0.1, 0.9, MORE, "cash"),
    auction("rounds.*.days.0", 1, 30, LESS, "cash", days=[1, 30]),
    auction("rounds.*.days.1", 1, 40, LESS, "cash"),
]


def macro_swing(outcome):
    return outcome.daily["macro"].abs().mean()


ECONOMY = [
    Row(
        "macro.persistence",
        0,
        1,
        LESS,
        "cash",
        days=90,
        given={**PART, "behaviour.macro_income": 0.5, "macro.shocks": SHOCK},
    ),
    Row("macro.spread", 0, 1, MORE, macro_swing, days=70),
    Row(
        "macro.shocks.*.day", 0, 20, MORE, "cash", given={**PART, "behaviour.macro_income": 0.5, "macro.shocks": SHOCK}
    ),
    Row(
        "macro.shocks.*.size", 0, 3, LESS, "cash", given={**PART, "behaviour.macro_income": 0.5, "macro.shocks": SHOCK}
    ),
]

MONEY = [
    Row("annual_rate", 0, 0.2, MORE, "interest", given=SILENT),
    Row("discount_rate", 0, 0.5, LESS, "discounted_cash", given=PART),
    Row("write_off_dpd", 110, 150, LESS, "written_off", given=SILENT, people={"dpd": 100}),
    Row(
        "settlement_budget",
        0.001,
        1,
        MORE,
        "offers",
        treat=[SETTLE],
        rules=find_rules("china"),
        people={"dpd": 400},
        given={**SILENT, "behaviour.settle_base": ALWAYS},
    ),
]


def mean_of(column):
    def measure(outcome):
        return outcome.simulation.portfolio.table[column].mean()

    measure.__name__ = f"mean_{column}"
    return measure


def spread_of(column, logs=False):
    def measure(outcome):
        values = outcome.simulation.portfolio.table[column].astype(float)
        return (np.log(values) if logs else values).std()

    measure.__name__ = f"spread_of_{column}"
    return measure


def share_of(column, value):
    def measure(outcome):
        return (outcome.simulation.portfolio.table[column] == value).mean()

    measure.__name__ = f"share_of_{value}"
    return measure


def warning_says_of_score(outcome):
    table = outcome.simulation.portfolio.table
    return abs(np.corrcoef(table["early_warning"], table["credit_score"])[0, 1])


def population(name, low, high, direction, measure, **given):
    return Row(f"population.{name}", low, high, direction, measure, days=0, people={}, given=given)


BAND = {"population.dpd": [{"least": 0, "most": 60, "weight": 1}]}
PEOPLE = [
    population("dpd.*.least", 0, 50, MORE, mean_of("dpd"), **BAND),
    population("dpd.*.most", 60, 200, MORE, mean_of("dpd"), **BAND),
    # The last band is the oldest.
    population("dpd.6.weight", 0.1, 1, MORE, mean_of("dpd")),
    *(
        population(f"products.{name}", 0.1, 2, MORE, share_of("product", name))
        for name in ("consumer_loan", "credit_card", "instalment_purchase")
    ),
    *(
        population(f"regions.{name}", 0.1, 2, MORE, share_of("region", name))
        for name in ("east", "central", "west", "northeast")
    ),
    population("balance_median", 5000, 20_000, MORE, mean_of("opening_balance")),
    population("balance_spread", 0.3, 1.2, MORE, spread_of("opening_balance", logs=True)),
    population("income_median", 4000, 9000, MORE, mean_of("monthly_income")),
    population("income_spread", 0.1, 0.8, MORE, spread_of("monthly_income", logs=True)),
    population("score_mean", 500, 600, MORE, mean_of("credit_score")),
    population("score_spread", 30, 90, MORE, spread_of("credit_score")),
    population("stable_assets", 0.1, 0.6, MORE, share_of("stable_assets", True)),
    population("tenure_months_mean", 10, 60, MORE, mean_of("tenure_months")),
    population("prior_delinquencies_mean", 0.5, 3, MORE, mean_of("prior_delinquencies")),
    population("age_mean", 30, 50, MORE, mean_of("age")),
    population("age_spread", 3, 12, MORE, spread_of("age")),
    population("female", 0.2, 0.7, MORE, share_of("sex", "female")),
    population("early_warning_noise", 0, 3, LESS, warning_says_of_score),
]


def risk(outcome):
    """Mean tier: 0 low, 1 medium, 2 high."""
    return outcome.simulation.observe()[:, FIELD_INDEX["tier"]].mean()


def tiers(name, low, high, direction):
    return Row(f"tiers.{name}", low, high, direction, risk, days=0, people={})


TIERS = [
    tiers("dpd_medium", 1, 60, LESS),
    tiers("dpd_high", 61, 365, LESS),
    tiers("warning", 0.3, 0.9, LESS),
    tiers("low_score", 450, 650, MORE),
    tiers("medium_points", 1, 3, LESS),
    tiers("high_points", 2, 4, LESS),
    tiers("points_for.warning", 0, 3, MORE),
    tiers("points_for.low_score", 0, 3, MORE),
    tiers("points_for.stable_assets", -3, 0, MORE),
]


def claim_size(outcome):
    return outcome.simulation.observe()[:, FIELD_INDEX["claim_size"]].mean()


CLAIM = [Row("typical_claim", 5000, 20_000, LESS, claim_size, days=0, people={})]

ROWS = [*COURTS, *REVIEWS, *AUCTIONS, *CLAIM, *ECONOMY, *MONEY, *PEOPLE, *TIERS]


@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
def test_the_parameter_moves_what_it_says(row):
    holds(row)
