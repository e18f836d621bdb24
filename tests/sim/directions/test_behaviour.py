"""Behaviour: each parameter moves what its description says, in the direction that it says."""

from __future__ import annotations

import numpy as np
import pytest

from recoup.scenarios.schema import find_rules
from recoup.sim.account import Status
from recoup.sim.parameters import Cards
from tests.sim.directions import LESS, MORE, Row, holds

CHANNELS = ("sms", "wechat", "email", "autocall", "collector", "specialist", "letter", "visit")
VOICES = ("autocall", "collector", "specialist", "visit")  # on which a debtor can promise
CALL, VISIT = "collector/morning", "visit/morning"
ONCE = "nothing"  # after the first treatment
SWAP = "visit/morning/asset_swap"
PLAN, SETTLE, RESTRUCTURE = "collector/morning/plan_6", "specialist/morning/settle_40", "visit/morning/restructure"
NOTICE = ("letter/morning/notice", ONCE)
LITIGATE = ("letter/morning/notice", "suit", "enforce")

NEVER, ALWAYS = -20.0, 20.0  # log odds
# Spontaneous payments and nothing else: never the whole balance, no promises.
PART = {"behaviour.full_base": NEVER, "behaviour.promise_base": NEVER, "behaviour.pay_base": -2.5}
PROMISES = {"behaviour.pay_base": NEVER, "behaviour.promise_base": ALWAYS}
SILENT = {"behaviour.pay_base": NEVER, "behaviour.promise_base": NEVER}
PLANS = {**SILENT, "behaviour.plan_base": ALWAYS}
SWAPS_FREELY = {**SILENT, "behaviour.swap_base": ALWAYS, "behaviour.swap_days": 2}
QUICK_COURT = {
    **SILENT,
    "operations.legal_cases_per_1000_accounts": 1000,
    "courts.docket_per_1000_accounts": 1000,
    "courts.filing_days": [1, 1],
    "courts.hearing_days": [1, 1],
    "courts.enforcement_days": [1, 1],
    "courts.win": 1,
}
WILLING, RICH, JOBLESS = {"willingness": 1.0}, {"disposable": 2e5}, {"behaviour.jobless_share": 1}
ANGRY = {**SILENT, "behaviour.complaint.*": 0.02}
CHINA, US, UK = find_rules("china"), find_rules("us-reg-f"), find_rules("uk-conc")


def correlated(field, with_what):
    def measure(outcome):
        a = outcome.accounts
        return np.corrcoef(field(a), with_what(a))[0, 1]

    measure.__name__ = "correlation"
    return measure


def willingness(a):
    return a["willingness"]


def log_ability(a):
    return np.log(a["disposable"] / a["income"])


def spread_of_reaches(outcome):
    return outcome.accounts["reaches"].std()


def spread_of_ability(outcome):
    return log_ability(outcome.accounts).std()


def paid_in_full(outcome):
    return (outcome.accounts["balance"] == 0).sum()


def b(name, low, high, direction, measure, **probe):
    return Row(f"behaviour.{name}", low, high, direction, measure, **probe)


def swap(name, low, high, direction, measure, given=SWAPS_FREELY, **probe):
    """Everybody has assets worth half the claim, and is asked for them by visitors again and again."""
    debtors = {"asset_cover": 0.5, **probe.pop("debtors", {})}
    people = {"dpd": 0, "stable_assets": True}
    probe = {"treat": [SWAP], "people": people, "debtors": debtors, **probe}
    return b(name, low, high, direction, measure, given={**given, "behaviour.keep_base": ALWAYS}, **probe)


REACH = [
    *(b(f"reach.{c}", 0.2, 0.6, MORE, "reaches", treat=[f"{c}/morning"], days=5, given=SILENT) for c in CHANNELS),
    *(
        b(f"reach_by_window.{w}", 0.5, 1.5, MORE, "reaches", treat=[f"collector/{w}"], days=5, given=SILENT)
        for w in ("morning", "midday", "afternoon", "evening")
    ),
    # Day 0 is a Monday: two of these seven days are off.
    b("reach_day_off", 0.2, 1.5, MORE, "reaches", treat=[CALL], days=7, given=SILENT),
    b("reach_spread", 0.0, 1.5, MORE, spread_of_reaches, treat=[CALL], given=SILENT),
    b("reach_age_decay", 0.0, 0.5, LESS, "reaches", treat=[CALL], given=SILENT, people={"dpd": 270}),
    b("reach_avoidance", 0.0, 0.5, LESS, "reaches", treat=[VISIT], given=SILENT),
    b("wrong_number", 0.0, 0.8, LESS, "reaches", treat=[CALL], days=5, given=SILENT),
]

ATTENTION = [
    *(
        b(
            f"salience_gain.{c}",
            0.0,
            0.9,
            MORE,
            "payments",
            treat=[f"{c}/morning"],
            given={**PART, "behaviour.pay_reactance": 0, f"behaviour.reach.{c}": 0.6},
        )
        for c in CHANNELS
    ),
    b("salience_floor", 0.0, 0.6, MORE, "payments", given=PART),
    b("salience_half_life", 1, 60, MORE, "payments", treat=["letter/morning", ONCE], given=PART),
    *(
        b(
            f"fatigue_gain.{c}",
            0.0,
            2.0,
            LESS,
            "payments",
            treat=[f"{c}/morning"],
            given={**PART, "behaviour.pay_reactance": 1, "behaviour.fatigue_tolerance": 0},
        )
        for c in CHANNELS
    ),
    b("fatigue_half_life", 0.5, 60, LESS, "payments", treat=[VISIT], given={**PART, "behaviour.pay_reactance": 0.5}),
    b("fatigue_tolerance", 0, 8, MORE, "payments", treat=[VISIT], given={**PART, "behaviour.pay_reactance": 0.5}),
]

PAYMENT = [
    b("pay_base", -4, -2, MORE, "payments", given=PART),
    b("pay_willingness", 0, 1.5, MORE, "payments", given=PART, debtors=WILLING),
    b(
        "pay_liquidity",
        0,
        1,
        MORE,
        paid_in_full,
        given={**PART, "behaviour.full_base": ALWAYS, "behaviour.pay_base": -5},
        debtors=RICH,
    ),
    b("pay_salience", 0, 3, MORE, "payments", treat=[CALL], given={**PART, "behaviour.pay_base": -4}),
    b("pay_excitation", 0, 1.5, MORE, "payments", given=PART),
    b("excitation_half_life", 0.5, 60, MORE, "payments", given={**PART, "behaviour.pay_excitation": 1.5}),
    b("pay_pressure", 0, 2, MORE, "payments", treat=NOTICE, given={**PART, "behaviour.pay_base": -4}),
    b("pay_reactance", 0, 1, LESS, "payments", treat=[VISIT], given=PART),
    b("pay_age", 0, 1, LESS, "payments", given=PART, people={"dpd": 180}, debtors={"willingness": 0.5}),
    b("pay_waiting", 0, 2, LESS, "payments", given=PART, debtors={"waiting": 1.0}),
    b("pay_payday", 0, 2, MORE, "payments", days=30, given={**PART, "behaviour.pay_base": -3.5}),
    b(
        "pay_promised",
        0,
        1,
        MORE,
        "payments",
        treat=[CALL, CALL, CALL, ONCE],
        days=8,
        given={**PART, "behaviour.promise_base": ALWAYS, "behaviour.keep_base": NEVER},
    ),
    b("full_base", -3, 3, MORE, paid_in_full, given={"behaviour.pay_base": -2.5}),
    # Three months' means are three times the balance.
    b(
        "full_liquidity",
        0,
        4,
        MORE,
        paid_in_full,
        days=3,
        given={**PART, "behaviour.full_base": -3},
        people={"dpd": 0, "opening_balance": 9000.0},
        debtors={"disposable": 9000},
    ),
]

ABILITY = [
    b("ability_mean", -4, -2, MORE, "cash", given=PART),
    b("ability_spread", 0.2, 1.5, MORE, spread_of_ability, given=PART, days=1),
    b("jobless_share", 0, 1, LESS, "cash", given=PART),
    b("job_loss_monthly", 0, 1, LESS, "cash", given=PART, days=60),
    b("job_found_monthly", 0, 1, MORE, "cash", given={**PART, **JOBLESS}, days=60),
    b("jobless_income", 0.1, 1, MORE, "cash", given={**PART, **JOBLESS}),
    b(
        "macro_income",
        0,
        0.5,
        LESS,
        "cash",
        given={**PART, "macro.persistence": 1, "macro.shocks": [{"day": 0, "size": 3}]},
    ),
    b(
        "macro_jobs",
        0,
        1,
        LESS,
        "employed",
        given={**PART, "behaviour.job_loss_monthly": 0.1, "macro.shocks": [{"day": 0, "size": 3}]},
    ),
]

VISIBLE = [
    b("willingness_score", 0, 1, MORE, correlated(willingness, lambda a: a["score"]), days=1),
    b("willingness_prior", -1, 1, MORE, correlated(willingness, lambda a: a["prior"]), days=1),
    b("willingness_warning", -3, 3, MORE, correlated(willingness, lambda a: a["early_warning"]), days=1),
    b("ability_score", 0, 1, MORE, correlated(log_ability, lambda a: a["score"]), days=1),
    *(
        b(
            name,
            0.1,
            0.9,
            MORE,
            "cash",
            treat=LITIGATE,
            given=QUICK_COURT,
            people={"dpd": 0, "stable_assets": known},
        )
        for name, known in (("asset_cover_stable", True), ("asset_cover_other", False))
    ),
]

PROMISE = [
    b("promise_base", -3, 2, MORE, "promises", treat=[CALL], days=5, given={"behaviour.pay_base": NEVER}),
    b(
        "promise_willingness",
        0,
        3,
        MORE,
        "promises",
        treat=[CALL],
        days=3,
        given={"behaviour.pay_base": NEVER},
        debtors=WILLING,
    ),
    *(
        b(
            f"promise_channel.{c}",
            -2,
            2,
            MORE,
            "promises",
            treat=[f"{c}/morning"],
            days=3,
            given={"behaviour.pay_base": NEVER},
        )
        for c in VOICES
    ),
    b("keep_base", -3, 3, MORE, "kept", treat=[CALL, ONCE], given=PROMISES),
    b(
        "keep_willingness",
        0,
        3,
        MORE,
        "kept",
        treat=[CALL, ONCE],
        given={**PROMISES, "behaviour.keep_base": -1},
        debtors=WILLING,
    ),
    b(
        "keep_liquidity",
        0,
        2,
        MORE,
        "kept",
        treat=[CALL, ONCE],
        given={**PROMISES, "behaviour.keep_base": -1},
        debtors=RICH,
    ),
    *(b(f"keep_channel.{c}", -3, 3, MORE, "kept", treat=[f"{c}/morning", ONCE], given=PROMISES) for c in VOICES),
    b("keep_broken", -2, 0, MORE, "kept", treat=[CALL, ONCE], given=PROMISES, debtors={"broken": 2}),
]

OFFERS = [
    b("plan_base", -3, 3, MORE, "accepted", treat=[PLAN], days=3, given=SILENT),
    b("plan_willingness", 0, 3, MORE, "accepted", treat=[PLAN], days=3, given=SILENT, debtors=WILLING),
    b("plan_fit", 0, 2, MORE, "accepted", treat=[PLAN], days=3, given=SILENT, debtors=RICH),
    b(
        "plan_message",
        -3,
        0,
        MORE,
        "accepted",
        treat=["wechat/evening/plan_6"],
        days=3,
        given={**SILENT, "behaviour.plan_base": 1},
    ),
    b(
        "offer_refused",
        -2,
        0,
        MORE,
        "accepted",
        treat=[PLAN],
        days=3,
        given={**SILENT, "behaviour.plan_base": 1},
        debtors={"refused": 3},
    ),
    b("settle_base", -5, 1, MORE, "accepted", treat=[SETTLE], days=3, given=SILENT),
    b("settle_discount", 0, 8, MORE, "accepted", treat=[SETTLE], days=3, given=SILENT),
    b("settle_liquidity", 0, 2, MORE, "accepted", treat=[SETTLE], days=3, given=SILENT, debtors=RICH),
    b("settle_willingness", 0, 3, MORE, "accepted", treat=[SETTLE], days=3, given=SILENT, debtors=WILLING),
    b(
        "settle_waiting",
        0,
        4,
        LESS,
        "accepted",
        treat=[SETTLE],
        days=3,
        given={**SILENT, "behaviour.settle_base": 0},
        debtors={"waiting": 1.0},
    ),
    b(
        "settle_repeat",
        0,
        4,
        LESS,
        "accepted",
        treat=[SETTLE],
        days=3,
        given={**SILENT, "behaviour.settle_base": 0},
        debtors={"best_discount": 0.4},
    ),
    b("waiting_learned", 0, 5, LESS, "accepted", treat=[SETTLE], given={**SILENT, "behaviour.settle_waiting": 3}),
    # From the share of accounts offered a discount, which is everybody here.
    b("waiting_market", 0, 20, LESS, "accepted", treat=[SETTLE], given={**SILENT, "behaviour.waiting_learned": 0}),
    b(
        "waiting_half_life",
        2,
        200,
        LESS,
        "payments",
        given={**PART, "behaviour.pay_waiting": 2},
        debtors={"waiting": 1.5},
    ),
    b(
        "restructure_base",
        -3,
        3,
        MORE,
        "restructured",
        treat=[RESTRUCTURE],
        days=3,
        given=SILENT,
        people={"dpd": 0, "stable_assets": True},
    ),
    swap("swap_base", -3, 3, MORE, "accepted", given=SILENT, days=3),
    swap("swap_willingness", 0, 3, MORE, "accepted", given=SILENT, days=3, debtors=WILLING),
    swap("swap_pressure", 0, 2, MORE, "accepted", given=SILENT, days=3, debtors={"pressure": 2.0}),
    swap("swap_liquidity", 0, 2, LESS, "accepted", given=SILENT, days=3, debtors=RICH),
    swap("swap_days", 3, 30, LESS, "handovers"),
    swap("swap_price", 0.4, 0.9, MORE, "cash"),
]

INSTALMENTS = [
    b("instalment_base", -3, 3, MORE, "instalments_paid", treat=[PLAN, PLAN, ONCE], given=PLANS),
    b(
        "instalment_willingness",
        0,
        3,
        MORE,
        "instalments_paid",
        treat=[PLAN, PLAN, ONCE],
        given={**PLANS, "behaviour.instalment_base": -1},
        debtors=WILLING,
    ),
    b(
        "instalment_fit",
        0,
        2,
        MORE,
        "instalments_paid",
        treat=[PLAN, PLAN, ONCE],
        given={**PLANS, "behaviour.instalment_base": -1},
        debtors=RICH,
    ),
    b(
        "instalment_secured",
        0,
        4,
        MORE,
        "instalments_paid",
        treat=[RESTRUCTURE, RESTRUCTURE, ONCE],
        given={**SILENT, "behaviour.restructure_base": ALWAYS, "behaviour.instalment_base": -1},
        people={"dpd": 0, "stable_assets": True},
    ),
]

CONDUCT = [
    *(b(f"complaint.{c}", 0, 0.2, MORE, "complaints", treat=[f"{c}/morning"], days=5, given=SILENT) for c in CHANNELS),
    b("complaint_fatigue", 0, 1, MORE, "complaints", treat=[VISIT], given=ANGRY),
    b(
        "complaint_performance_pay",
        0,
        3,
        MORE,
        "complaints",
        treat=[CALL],
        given={**ANGRY, "operations.performance_pay": 1},
    ),
    # What the debtor is then spared, under a rule pack that spares him.
    b(
        "complaint_days",
        1,
        15,
        LESS,
        "attempts",
        treat=[CALL],
        rules=CHINA,
        given={**SILENT, "behaviour.complaint.*": 0.5},
    ),
    b("opt_out", 0, 0.5, LESS, "attempts", treat=["sms/morning"], rules=CHINA, given=SILENT),
    b("dispute", 0, 0.5, LESS, "attempts", treat=[CALL], rules=CHINA, given=SILENT),
    b("dispute_days", 1, 20, LESS, "attempts", treat=[CALL], rules=CHINA, given={**SILENT, "behaviour.dispute": 0.5}),
    b(
        "hardship_disclosed",
        0,
        1,
        LESS,
        "attempts",
        treat=[CALL],
        rules=CHINA,
        given={**SILENT, **JOBLESS, "behaviour.job_found_monthly": 0},
    ),
    b(
        "hardship_days",
        1,
        20,
        LESS,
        "attempts",
        treat=[CALL],
        rules=CHINA,
        given={**SILENT, **JOBLESS, "behaviour.hardship_disclosed": 1},
    ),
    b("cease_contact", 0, 0.5, LESS, "attempts", treat=["letter/morning"], rules=US, given=SILENT),
    b(
        "breathing_space_monthly",
        0,
        1,
        LESS,
        "attempts",
        treat=["letter/morning", ONCE, ONCE, ONCE, ONCE, ONCE, ONCE, "letter/morning"],
        rules=UK,
        days=40,
        given=SILENT,
        people={"dpd": 0, "opening_balance": 50000.0},
    ),
    b(
        "breathing_space_days",
        1,
        60,
        LESS,
        "attempts",
        treat=["letter/morning"],
        rules=UK,
        days=40,
        given={**SILENT, "behaviour.breathing_space_monthly": 1},
        people={"dpd": 0, "opening_balance": 50000.0},
    ),
]

LEGAL = [
    b(
        "pressure_notice",
        0,
        3,
        MORE,
        "payments",
        treat=NOTICE,
        given={**PART, "behaviour.pay_base": -4, "behaviour.pay_pressure": 1},
    ),
    b(
        "pressure_suit",
        0,
        3,
        MORE,
        "payments",
        treat=LITIGATE[:2],
        given={
            **QUICK_COURT,
            **PART,
            "behaviour.pay_base": -4,
            "behaviour.pay_pressure": 1,
            "courts.hearing_days": [60, 60],
        },
    ),
    b(
        "pressure_judgment",
        0,
        3,
        MORE,
        "payments",
        treat=LITIGATE[:2],
        given={**QUICK_COURT, **PART, "behaviour.pay_base": -4, "behaviour.pay_pressure": 1},
    ),
    b(
        "pressure_half_life",
        1,
        100,
        MORE,
        "payments",
        treat=NOTICE,
        given={**PART, "behaviour.pay_base": -4, "behaviour.pay_pressure": 1, "behaviour.pressure_notice": 3},
    ),
]

STAFF = [
    b("skill_promise", 0, 2, MORE, "promises", treat=[CALL], days=3, given={"behaviour.pay_base": NEVER}, staff=1.0),
    b("skill_offer", 0, 2, MORE, "accepted", treat=[PLAN], days=3, given={"behaviour.pay_base": NEVER}, staff=1.0),
    b("skill_dispute", -2, 0, MORE, "disputes", treat=[CALL], given={**SILENT, "behaviour.dispute": 0.2}, staff=1.0),
    b("skill_complaint", -1, 1, MORE, "complaints", treat=[CALL], given=ANGRY, staff=1.0),
    b(
        "performance_effort",
        0,
        3,
        MORE,
        "promises",
        treat=[CALL],
        days=3,
        given={"behaviour.pay_base": NEVER, "operations.performance_pay": 1},
    ),
]

SMS = "sms/morning"
SEEN = {**PART, "behaviour.pay_base": -3, "behaviour.pay_reactance": 0, "behaviour.reach_age_decay": 0}
OLD = {"dpd": 270}
REPETITION = [
    b("repetition_text", 0, 10, LESS, "payments", treat=[SMS], given=SEEN),
    b("repetition_call", 0, 10, LESS, "payments", treat=[CALL], given=SEEN),
]
MESSAGES = ("sms", "wechat", "email", "letter")  # which debtors read, and may answer by a call
ANSWERS = [
    *(
        b(
            f"answer_pay.{c}",
            0,
            9,
            MORE,
            "payments",
            treat=[f"{c}/morning"],
            given={**SEEN, "behaviour.pay_base": -4, f"behaviour.reach.{c}": 0.6},
        )
        for c in CHANNELS
    ),
    *(
        b(f"answer_call.{c}", 0, 0.5, MORE, "collector_requested", treat=[f"{c}/morning"], days=5, given=SILENT)
        for c in MESSAGES
    ),
]
AGE = [
    b(
        "promise_age",
        0,
        3,
        LESS,
        "promises",
        treat=[CALL],
        days=3,
        given={**PROMISES, "behaviour.promise_base": 0},
        people=OLD,
    ),
    b("keep_age", 0, 3, LESS, "kept", treat=[CALL, ONCE], given=PROMISES, people=OLD),
    b("offer_age", 0, 3, LESS, "accepted", treat=[PLAN], days=3, given=SILENT, people=OLD),
    b("instalment_age", 0, 3, LESS, "instalments_paid", treat=[PLAN, PLAN, ONCE], given=PLANS, people=OLD),
]
# Notices press by nothing else than how far they are believed: from none to all of them followed by suits.
BELIEVED = {
    **PART,
    "behaviour.pay_base": -4,
    "behaviour.pay_pressure": 1,
    "behaviour.pressure_notice": 3,
    "behaviour.notice_disbelieved": 0,
    "behaviour.notice_believed": 1,
    "behaviour.notice_repeated": 1,
    "behaviour.credibility_start": 0.1,
}
# A second notice may be sent after 90 days; no suit followed the first.
AGAIN = {"treat": [NOTICE[0], *[ONCE] * 94, NOTICE[0], ONCE], "days": 110}
BELIEVED_SO_FAR = {**BELIEVED, "behaviour.credibility_start": 1, "behaviour.credibility_memory": 0}
BELIEF = [
    b("notice_disbelieved", 0, 1, MORE, "payments", treat=NOTICE, given=BELIEVED),
    b("notice_believed", 0.1, 1, LESS, "payments", treat=NOTICE, given=BELIEVED),
    b(
        "notice_repeated",
        0,
        1,
        MORE,
        "payments",
        treat=NOTICE,
        given={**BELIEVED, "behaviour.notice_believed": 0},
        debtors={"notices": 2},
    ),
    b("credibility_start", 0, 1, MORE, "payments", treat=NOTICE, given=BELIEVED),
    b(
        "credibility_memory",
        0,
        100_000,
        MORE,
        "payments",
        given={**BELIEVED_SO_FAR, "behaviour.credibility_days": 5},
        **AGAIN,
    ),
    b("credibility_days", 5, 365, MORE, "payments", given=BELIEVED_SO_FAR, **AGAIN),
]

CARD = {"behaviour.promise_base": NEVER, "behaviour.pay_base": -2.5, "cards": Cards(minimum=0.1).model_dump()}
OFTEN = {**CARD, "cards.pay": 4}
HOLDER = {"people": {"dpd": 90, "product": "credit_card"}, "days": 40}
ALL_OF_IT, LATEST_LEFT = {"cards.clear": ALWAYS}, {"cards.clear": NEVER}


def cured(outcome):
    return (outcome.accounts["status"] == Status.CURED).sum()


CARDS = [
    Row("cards.minimum", 0.02, 0.2, MORE, "cash", given={**CARD, **LATEST_LEFT, "cards.means": 100}, **HOLDER),
    Row("cards.pay", -1, 1, MORE, "payments", given={**CARD, **LATEST_LEFT, "cards.means": 0}, **HOLDER),
    Row("cards.again", 0, 1, MORE, "payments", given={**OFTEN, **LATEST_LEFT, "cards.means": 0}, **HOLDER),
    Row("cards.clear", -2, 2, MORE, cured, given={**OFTEN, "cards.again": 0, "cards.means": 100}, **HOLDER),
    Row("cards.clear_months", 0, 5, LESS, cured, given={**OFTEN, "cards.again": 0, "cards.means": 100}, **HOLDER),
    Row("cards.means", 0, 100, MORE, cured, given={**OFTEN, **ALL_OF_IT, "cards.again": 0}, **HOLDER),
    Row("cards.whole", 0, 1, MORE, paid_in_full, given={**OFTEN, **ALL_OF_IT, "cards.means": 100}, **HOLDER),
]

ROWS = [
    *CARDS,
    *REPETITION,
    *ANSWERS,
    *AGE,
    *BELIEF,
    *REACH,
    *ATTENTION,
    *PAYMENT,
    *ABILITY,
    *VISIBLE,
    *PROMISE,
    *OFFERS,
    *INSTALMENTS,
    *CONDUCT,
    *LEGAL,
    *STAFF,
]

# Numbers that move nothing, and why.
IDLE = {
    **{
        f"behaviour.{name}.{channel}": "promises are made to somebody who speaks: in calls and visits"
        for name in ("promise_channel", "keep_channel")
        for channel in CHANNELS
        if channel not in VOICES
    },
    **{f"behaviour.answer_call.{channel}": "who is spoken to need not call back" for channel in VOICES},
}


@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
def test_the_parameter_moves_what_it_says(row):
    holds(row)
