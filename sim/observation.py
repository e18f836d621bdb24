"""What a policy may know: one table of visible fields, and the kernel that reads them from the accounts.

Values are in natural units, so that plan files can name them; learners scale by `low` and `high`.
Hidden traits and protected attributes have no row here, and therefore no way into an observation.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numba import uint64
from numpy.typing import NDArray

from recoup.sim.account import NEVER, FileReview, Outcome, Stage
from recoup.sim.compiled import njit
from recoup.sim.treatments import MOST_CHANNELS, MOST_PRODUCTS, MOST_TIERS, PRODUCTS, STANDARD, TIERS, Vocabulary


@dataclass(frozen=True)
class ObservedField:
    """One observation column. `low` and `high` bound the values (they are clipped to them)."""

    name: str
    unit: str
    low: float
    high: float
    meaning: str
    codes: tuple[str, ...] = ()


def _f(name: str, unit: str, low: float, high: float, meaning: str) -> ObservedField:
    return ObservedField(name, unit, low, high, meaning)


def _flag(name: str, meaning: str) -> ObservedField:
    return ObservedField(name, "yes/no", 0, 1, meaning)


def _code(name: str, codes: tuple[str, ...], meaning: str) -> ObservedField:
    return ObservedField(name, "code", 0, len(codes) - 1, meaning, codes)


LONG_AGO = 365.0

FIELDS: tuple[ObservedField, ...] = (
    _f("dpd", "days", 0, 3650, "days past due"),
    _f("balance", "currency", 0, 1e7, "outstanding claim, interest and fees included"),
    _f("opening_balance", "currency", 0, 1e7, "claim when the account entered"),
    _f("claim_size", "typical claims", 0, 1e4, "outstanding claim over the scenario's typical one, in any currency"),
    _f("paid_share", "share", 0, 1, "cash received so far over the opening balance"),
    _f("credit_score", "points", 300, 850, "credit score"),
    _f("monthly_income", "currency/month", 0, 1e6, "declared or estimated income"),
    _flag("stable_assets", "stable assets or collateral are known"),
    _f("early_warning", "probability", 0, 1, "early-warning model: risk that the debt is not paid"),
    _code("tier", TIERS, "risk tier, recomputed daily from visible data"),
    _code("product", PRODUCTS, "kind of credit"),
    _f("tenure_months", "months", 0, 1200, "months since the first contract"),
    _f("prior_delinquencies", "times", 0, 100, "earlier times in arrears"),
    _f("days_in_portfolio", "days", 0, 3650, "days since the account entered"),
    _f("calls_7d", "days", 0, 7, "days with a call in the last 7"),
    _f("texts_7d", "days", 0, 7, "days with a text in the last 7"),
    _f("visits_30d", "days", 0, 30, "days with a field visit in the last 30"),
    _f("days_since_attempt", "days", 0, LONG_AGO, "days since the latest contact attempt (365 = none or longer)"),
    _f("days_since_reached", "days", 0, LONG_AGO, "days since the debtor was last reached"),
    _code("last_outcome", tuple(o.name.lower() for o in Outcome), "what came of the latest treatment"),
    _f("attempts", "times", 0, 1000, "contact attempts so far"),
    _f("reached", "times", 0, 1000, "times the debtor was reached"),
    _flag("promise_open", "a promise, or an agreed settlement or handover, is not yet due"),
    _f("promise_due_in", "days", 0, 60, "days until it is due (0 without one)"),
    _f("promises_kept", "times", 0, 100, "promises kept"),
    _f("promises_broken", "times", 0, 100, "promises broken"),
    _f("offers_made", "times", 0, 100, "offers put to the debtor"),
    _f("offers_refused", "times", 0, 100, "offers refused"),
    _f("best_discount", "share", 0, 1, "highest discount ever offered"),
    _f("days_since_payment", "days", 0, LONG_AGO, "days since the latest payment"),
    _f("payments", "times", 0, 1000, "payments so far"),
    _flag("plan_active", "an instalment plan is running"),
    _f("plan_missed", "times", 0, 12, "instalments missed in a row"),
    _f("plans_broken", "times", 0, 10, "instalment plans broken"),
    _flag("restructured", "the debt has been restructured once"),
    _code("legal_stage", tuple(s.name.lower() for s in Stage), "stage of legal action"),
    _f("days_in_stage", "days", 0, LONG_AGO, "days in that stage"),
    _flag("hardship", "the debtor has disclosed hardship"),
    _flag("dispute", "the debtor disputes the debt"),
    _flag("complaint_open", "a complaint is not yet answered"),
    _flag("opted_out", "the debtor has opted out of texts"),
    _f("days_to_payday", "days", 0, 31, "days until the usual day of income"),
    _f("weekday", "0 = Monday", 0, 6, "day of the week"),
    _flag("day_off", "weekend or public holiday"),
    _f("macro_index", "index", -5, 5, "economic stress, 0 = normal"),
    _f("collector_load", "share", 0, 1, "yesterday's occupancy of collectors"),
    _f("collector_fill", "share", 0, 1, "share of yesterday's requested collector calls that were served"),
    _f("specialist_load", "share", 0, 1, "yesterday's occupancy of the specialised team"),
    _f("specialist_fill", "share", 0, 1, "share of yesterday's requested specialist calls that were served"),
    _f("autocall_load", "share", 0, 1, "yesterday's occupancy of dialler lines"),
    _f("legal_load", "share", 0, 1, "share of the legal team's case places taken"),
    _f("legal_queue", "cases", 0, 1e5, "suits waiting for a free case place"),
    _f("settlement_budget_left", "share", 0, 1, "share of the settlement budget not yet used"),
    _code("review", tuple(r.name.lower() for r in FileReview), "review of the file for a notice or a suit"),
    _f("arrears", "currency", 0, 1e7, "what is overdue: the unpaid minimums of a card, else the balance"),
)
FIELD_INDEX = {field.name: index for index, field in enumerate(FIELDS)}
LOW = np.array([field.low for field in FIELDS], np.float32)
HIGH = np.array([field.high for field in FIELDS], np.float32)


@lru_cache(maxsize=64)
def fields_of(vocabulary: Vocabulary) -> tuple[ObservedField, ...]:
    """`FIELDS` with the tiers and products of a vocabulary, which have other names and may be more or fewer.

    Args:
        vocabulary: of a world.
    """
    codes = {"tier": vocabulary.tiers, "product": vocabulary.products}
    return tuple(
        _code(field.name, codes[field.name], field.meaning) if field.name in codes else field for field in FIELDS
    )


def highest(vocabulary: Vocabulary = STANDARD) -> NDArray[np.float32]:
    """The most that each field can show, float32 (fields,): `HIGH` but for codes.

    Args:
        vocabulary: of a world.
    """
    return np.array([field.high for field in fields_of(vocabulary)], np.float32)


OBSERVATION = np.dtype([(field.name, "f4") for field in FIELDS])


def by_name(observations: NDArray[np.float32]) -> NDArray[np.void]:
    """The same memory as records of fields: C-contiguous float32 (accounts, fields) to `OBSERVATION` (accounts,)."""
    return observations.view(OBSERVATION)[:, 0]


# What is the same for every account on a day.
DAY_CONTEXT = np.dtype(
    [
        ("day", "i8"),
        ("weekday", "i8"),
        ("day_of_month", "i8"),
        ("day_off", "u1"),
        ("macro", "f8"),
        ("income_factor", "f8"),  # of the macro index on disposable income
        ("market_waiting", "f8"),  # share of open accounts offered a discount lately
        ("collector_load", "f8"),
        ("collector_fill", "f8"),
        ("specialist_load", "f8"),
        ("specialist_fill", "f8"),
        ("autocall_load", "f8"),
        ("legal_load", "f8"),
        ("legal_queue", "f8"),
        ("settlement_budget_left", "f8"),
        ("discount_factor", "f8"),  # worth at day 0 of one unit today
        ("daily_rate", "f8", (MOST_PRODUCTS,)),  # late interest, by product
        ("typical_claim", "f8"),  # cents; the same every day
        ("notice_belief", "f8"),  # how far notices are believed, 0 to 1
        ("suspended", "u8"),  # feature bits of channels that a correction has suspended
        ("care", "f8", (MOST_CHANNELS,)),  # log fall of complaints that courses in conduct have brought, by channel
        ("complaint_surcharge", "f8"),  # cents a complaint costs more while the regulator's tolerance is exceeded
    ],
    align=True,
)
TIER_RULE = np.dtype(
    [
        ("ages", "i8"),  # how many of the next there are
        ("dpd", "f8", (MOST_TIERS,)),  # a point from each
        ("warning", "f8"),
        ("low_score", "f8"),
        ("warning_points", "i8"),
        ("low_score_points", "i8"),
        ("broken_points", "i8"),
        ("stable_assets_points", "i8"),
        ("bounds", "i8"),  # how many of the next there are
        ("least", "i8", (MOST_TIERS,)),  # points from which each tier but the lowest begins
    ],
    align=True,
)


@njit()
def days_between(now: int, then: int) -> float:
    """Days since `then`, at most `LONG_AGO`, which also stands for never.

    Args:
        now: the day, from 0.
        then: the earlier day, or `NEVER`.
    """
    return LONG_AGO if then == NEVER else min(float(now - then), LONG_AGO)


@njit()
def popcount(history: int) -> int:
    """Days marked in a history (parallel bit count, which LLVM knows and turns into one instruction)."""
    v = uint64(history)
    v -= (v >> uint64(1)) & uint64(0x5555555555555555)
    v = (v & uint64(0x3333333333333333)) + ((v >> uint64(2)) & uint64(0x3333333333333333))
    v = (v + (v >> uint64(4))) & uint64(0x0F0F0F0F0F0F0F0F)
    return np.int64((v * uint64(0x0101010101010101)) >> uint64(56))  # type: ignore[return-value]


@njit()
def days_to_payday(day_of_month: int, payday: int) -> int:
    """Days until the next payday, counting months as 30 days; 0 on payday."""
    return (payday - day_of_month) % 30


@njit()
def tier_of(a, rule, dpd):  # type: ignore[no-untyped-def]
    """0 for the lowest tier: points for age of debt, early warning, score, and promises broken over kept, against thresholds.

    Args:
        a: the account's record (`account.ACCOUNT`).
        rule: record `TIER_RULE`, the thresholds.
        dpd: days past due today.
    """
    points = 0
    for n in range(rule.ages):
        points += dpd >= rule.dpd[n]
    points += rule.warning_points * (a.early_warning >= rule.warning)
    points += rule.low_score_points * (a.score < rule.low_score)
    points += rule.broken_points * (a.broken > a.kept)
    points += rule.stable_assets_points * a.stable_assets
    tier = 0
    for n in range(rule.bounds):
        tier = n + 1 if points >= rule.least[n] else tier
    return tier


@njit()
def see(a, t, tier_rule, o):  # type: ignore[no-untyped-def]
    """Write what may be known of one account, before it is bounded (`bound`).

    Args:
        a: the account's record (`account.ACCOUNT`).
        t: the day (`DAY_CONTEXT`).
        tier_rule: record `TIER_RULE`.
        o: record `OBSERVATION`, written to.
    """
    dpd = a.dpd0 + t.day
    o.dpd = dpd
    o.balance = a.balance / 100.0
    o.opening_balance = a.opening / 100.0
    o.claim_size = a.balance / t.typical_claim
    o.paid_share = a.cash / a.opening
    o.credit_score = a.score
    o.monthly_income = a.income
    o.stable_assets = a.stable_assets
    o.early_warning = a.early_warning
    o.tier = tier_of(a, tier_rule, dpd)
    o.product = a.product
    o.tenure_months = a.tenure
    o.prior_delinquencies = a.prior
    o.days_in_portfolio = t.day - a.entry_day
    o.calls_7d = popcount(a.call_history & 0x7F)
    o.texts_7d = popcount(a.text_history & 0x7F)
    o.visits_30d = popcount(a.visit_history & 0x3FFFFFFF)
    o.days_since_attempt = days_between(t.day, a.last_attempt)
    o.days_since_reached = days_between(t.day, a.last_reach)
    o.last_outcome = a.last_outcome
    o.attempts = a.attempts
    o.reached = a.reaches
    promised = a.promise_due != NEVER
    o.promise_open = promised
    o.promise_due_in = a.promise_due - t.day if promised else 0
    o.promises_kept = a.kept
    o.promises_broken = a.broken
    o.offers_made = a.offers
    o.offers_refused = a.refused
    o.best_discount = a.best_discount
    o.days_since_payment = days_between(t.day, a.last_payment)
    o.payments = a.payments
    o.plan_active = a.plan_months > 0
    o.plan_missed = a.plan_missed
    o.plans_broken = a.plans_broken
    o.restructured = a.restructured
    o.legal_stage = a.stage
    o.days_in_stage = days_between(t.day, a.stage_day) if a.stage else 0
    o.hardship = a.hardship_until > t.day
    o.dispute = a.dispute_until > t.day
    o.complaint_open = a.complaint_until > t.day
    o.opted_out = a.opted_out
    o.days_to_payday = days_to_payday(t.day_of_month, a.payday)
    o.weekday = t.weekday
    o.day_off = t.day_off
    o.macro_index = t.macro
    o.collector_load = t.collector_load
    o.collector_fill = t.collector_fill
    o.specialist_load = t.specialist_load
    o.specialist_fill = t.specialist_fill
    o.autocall_load = t.autocall_load
    o.legal_load = t.legal_load
    o.legal_queue = t.legal_queue
    o.settlement_budget_left = t.settlement_budget_left
    o.review = a.review
    o.arrears = (a.arrears if a.minimum_due else a.balance) / 100.0


@njit(borrows=True)
def bound(values, low, high):  # type: ignore[no-untyped-def]
    """Cut off what lies beyond the least and most value of each field: float32 (fields,) thrice, the first written to."""
    for field in range(values.size):
        values[field] = min(max(values[field], low[field]), high[field])


@njit(borrows=True, nogil=True)
def observe(accounts, open_accounts, first, last, today, tier_rule, low, high, out, named):  # type: ignore[no-untyped-def]
    """Fill rows first..last of `out`, float32 (open accounts, fields), in the order of `FIELDS`.

    `named` is the same memory as records of fields (`by_name(out)`), so that no field is written by its position.

    Args:
        accounts: records `account.ACCOUNT`, shape (accounts,).
        open_accounts: rows of `accounts` that are open, int64, rising.
        first, last: positions in `open_accounts`, and rows of `out`, half open; pieces that do not overlap may run side
            by side.
        today: one record `DAY_CONTEXT`, shape (1,).
        tier_rule: one record `TIER_RULE`, shape (1,).
        low, high: least and most value of each field, float32 (fields,); what lies beyond is cut off.
        out: written to.
        named: see above; written to.
    """
    for row in range(first, last):
        see(accounts[open_accounts[row]], today[0], tier_rule[0], named[row])
        bound(out[row], low, high)
