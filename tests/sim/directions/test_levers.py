"""Wear, answers, age, credibility, auctions and fixed headcounts: what a policy could win by, were it cheaper than in life."""

from __future__ import annotations

import numpy as np
import pytest

from recoup.sim.observation import FIELD_INDEX
from tests.sim.directions import LESS, MORE, Row, holds
from tests.sim.directions.test_behaviour import (
    CALL,
    CHANNELS,
    NOTICE,
    ONCE,
    PART,
    PLAN,
    PLANS,
    PROMISES,
    QUICK_COURT,
    SILENT,
    b,
)

LITIGATE = ("letter/morning/notice", "suit", "enforce")
OLD = {"dpd": 270}
WRITTEN = ("sms", "wechat", "email", "letter")
UNWORN = {"behaviour.repetition_text": 0, "behaviour.repetition_call": 0, "behaviour.pay_reactance": 0}
DOUBTED = {**SILENT, "behaviour.notice_disbelieved": 0, "behaviour.notice_believed": 0.5}
AUCTIONED = {
    **QUICK_COURT,
    "behaviour.asset_cover_other": 0.5,
    "courts.auction.property": 0.5,
    "courts.auction.rounds.*.days": [1, 1],
    "courts.auction.rounds.*.sold": 0.5,
}


def belief(outcome):
    return outcome.simulation._today["notice_belief"][0]


def claim_size(outcome):
    return outcome.simulation.observe(np.arange(len(outcome.accounts)))[:, FIELD_INDEX["claim_size"]].sum()


def one(pool, **more):
    """One person in the pool, and more requests than he can serve."""
    return {**SILENT, f"operations.{pool}.per_1000_accounts": 1, **more}


ROWS = [
    b("repetition_text", 0, 5, LESS, "payments", treat=["sms/morning"], days=30, given={**PART, **UNWORN}),
    b("repetition_call", 0, 5, LESS, "payments", treat=[CALL], given={**PART, **UNWORN}),
    *(
        b(
            f"answer_pay.{c}",
            0,
            8,
            MORE,
            "payments",
            treat=[f"{c}/morning"],
            given={
                **PART,
                **UNWORN,
                "behaviour.salience_gain.*": 0,
                f"behaviour.reach.{c}": 0.9,
                "behaviour.pay_base": -4,
            },
        )
        for c in CHANNELS
    ),
    *(b(f"answer_call.{c}", 0, 0.5, MORE, "collector_seconds", treat=[f"{c}/morning"], given=SILENT) for c in WRITTEN),
    b(
        "promise_age",
        0,
        3,
        LESS,
        "promises",
        treat=[CALL],
        days=3,
        given={**SILENT, "behaviour.promise_base": 1},
        people=OLD,
    ),
    b("keep_age", 0, 3, LESS, "kept", treat=[CALL, ONCE], given={**PROMISES, "behaviour.keep_base": 1}, people=OLD),
    b(
        "offer_age",
        0,
        3,
        LESS,
        "accepted",
        treat=[PLAN],
        days=3,
        given={**SILENT, "behaviour.plan_base": 1},
        people=OLD,
    ),
    b(
        "instalment_age",
        0,
        3,
        LESS,
        "instalments_paid",
        treat=[PLAN, PLAN, ONCE],
        given={**PLANS, "behaviour.instalment_base": 1},
        people=OLD,
    ),
    b(
        "notice_disbelieved",
        0,
        1,
        MORE,
        "pressure",
        treat=NOTICE,
        days=2,
        given={**DOUBTED, "behaviour.credibility_start": 0},
    ),
    b(
        "notice_believed",
        0.2,
        0.9,
        LESS,
        "pressure",
        treat=NOTICE,
        days=2,
        given={**DOUBTED, "behaviour.credibility_start": 0.1},
    ),
    b("credibility_start", 0.1, 0.4, MORE, "pressure", treat=NOTICE, days=2, given=DOUBTED),
    b("notice_repeated", 0.2, 1, MORE, "pressure", treat=NOTICE, days=2, given=SILENT, debtors={"notices": 2}),
    # Nobody is sued: the longer the memory, and the later a notice counts as empty, the more is believed on day 20.
    *(
        b(
            f"credibility_{name}",
            low,
            high,
            MORE,
            belief,
            treat=NOTICE,
            given={**DOUBTED, "behaviour.credibility_start": 0.4, "behaviour.credibility_days": 5, **also},
        )
        for name, low, high, also in (
            ("memory", 100, 5000, {}),
            ("days", 5, 40, {}),
        )
    ),
    *(
        Row(
            f"operations.{pool}.seconds_unserved",
            0,
            60,
            MORE,
            "cost",
            treat=[f"{pool}/morning"],
            days=3,
            given=one(pool),
        )
        for pool in ("collector", "specialist")
    ),
    *(
        Row(
            f"operations.{pool}.agents",
            1,
            60,
            MORE,
            "attempts",
            treat=[f"{pool}/morning"],
            days=3,
            given=one(pool, **{f"operations.{pool}.shift_minutes.morning": 20}),
        )
        for pool in ("collector", "specialist", "autocall", "visit")
    ),
    Row("operations.legal_cases", 1, 100, MORE, "judgments", treat=LITIGATE, given=QUICK_COURT),
    Row(
        "courts.docket", 1, 100, MORE, "judgments", treat=LITIGATE, given={**QUICK_COURT, "courts.hearing_days": [5, 5]}
    ),
    Row("courts.auction.property", 0, 1, LESS, "cash", treat=LITIGATE, days=30, given=AUCTIONED),
    Row("courts.auction.rounds.*.price", 0.1, 0.9, MORE, "cash", treat=LITIGATE, days=30, given=AUCTIONED),
    Row("courts.auction.rounds.*.sold", 0, 0.6, MORE, "cash", treat=LITIGATE, days=30, given=AUCTIONED),
    Row("courts.auction.rounds.*.days.1", 1, 40, LESS, "cash", treat=LITIGATE, days=30, given=AUCTIONED),
    Row(
        "courts.auction.rounds.*.days.0",
        1,
        40,
        LESS,
        "cash",
        treat=LITIGATE,
        days=30,
        given={**AUCTIONED, "courts.auction.rounds.*.days": [1, 40]},
    ),
    Row("typical_claim", 1000, 9000, LESS, claim_size, days=1, given=SILENT),
]
IDLE = {
    **{f"behaviour.answer_call.{c}": "who is called need not call back" for c in CHANNELS if c not in WRITTEN},
    **{f"operations.{pool}.seconds_unserved": "its minutes cost nothing" for pool in ("autocall", "visit")},
}


@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
def test_the_parameter_moves_what_it_says(row):
    holds(row)
