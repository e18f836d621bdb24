"""Accounts in mid-life: their records from the state columns of a portfolio, what of theirs is pending elsewhere, and the columns from
records again.

A record begins as that of a fresh account; what the table knows takes its place (`take_up`). What the debtor feels (attention, fatigue, the
pull of earlier payments, pressure, waiting for a better offer) is what the same formulas that run each day would have left of the known
contacts, payments and steps (`feel`). Hidden traits are drawn given what is known (`traits.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recoup.sim import behaviour as b
from recoup.sim.account import NEVER, FileReview, Stage, Status
from recoup.sim.debtor import APPROVAL_DAYS, FIRST_INSTALMENT_DAYS
from recoup.sim.portfolio.fields import HISTORY_DAYS, Kind
from recoup.sim.portfolio.state_checks import AT_COURT, cents, codes, dates, money_of, numbers
from recoup.sim.portfolio.state_fields import PROMISES, STATE, Sets, codes_in
from recoup.sim.portfolio.table import FILE_FIELDS, Portfolio
from recoup.sim.treatments import STANDARD, Channel, Legal, Vocabulary

_GROUPS = (
    ("call_history", Channel.COLLECTOR), ("text_history", Channel.SMS), ("visit_history", Channel.VISIT), ("letter_history", Channel.LETTER),
)  # fmt: skip
_COUNTED = (("call_days", "calls_7d", 7), ("text_days", "texts_7d", 7), ("visit_days", "visits_30d", 30))
_HISTORY = {"call_days": "call_history", "text_days": "text_history", "visit_days": "visit_history"}
_DAYS = ("last_attempt", "last_reach", "news_day", "offer_day", "stage_day", "demanded", "acknowledged")


@dataclass(frozen=True)
class Case:
    """A case that is pending on the first day.

    Attributes:
        number: of the account.
        stage: QUEUED, FILED or ENFORCING.
        day: of its next step; None = it waits for a place of the legal team, or for the docket.
        fee: of the suit, cents; None = not known.
        steps: of an enforcement that are done.
    """

    number: int
    stage: Stage
    day: int | None = None
    fee: int | None = None
    steps: int = 0


@dataclass(frozen=True)
class Pending:
    """What of accounts in mid-life is pending outside their records.

    Attributes:
        instalments: numbers of accounts by the day on which their next instalment falls due.
        notices: numbers of accounts by the day of their latest notice.
        cases: at the legal team or the court, in the order in which they are served.
    """

    instalments: Mapping[int, NDArray[np.int64]] = field(default_factory=dict)
    notices: Mapping[int, NDArray[np.int64]] = field(default_factory=dict)
    cases: tuple[Case, ...] = ()


def _day_numbers(table: pd.DataFrame, name: str, start: date) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Days of the simulation that a column of dates names (0 where unknown), and where it is known."""
    said = dates(table, name)
    days = (said - pd.Timestamp(start)).dt.days
    return np.asarray(days.fillna(0), np.int64), np.asarray(said.notna())


def take_up(
    accounts: NDArray[np.void],
    table: pd.DataFrame,
    p: np.void,
    start: date,
    first_day: int,
    vocabulary: Vocabulary = STANDARD,
) -> None:
    """Set what the state columns of a table know in records that are fresh but for that.

    Args:
        accounts: records (`account.ACCOUNT`), shape (accounts,), `dpd0` being days past due on the first day; changed in place.
        table: of the portfolio.
        p: behaviour parameters, one record (`parameters.kernel_record`).
        start: date of day 0.
        first_day: of the simulation; the table says how things are on its morning.
        vocabulary: of the world, whose channels a promise may name.
    """
    a, money = accounts, money_of(table)
    a["entry_day"] = first_day
    for ours, theirs in (
        ("balance", money.balance), ("cash", money.cash), ("interest", money.interest), ("fees", money.fees), ("forgiven", money.forgiven),
    ):  # fmt: skip
        a[ours] = theirs
    for one in STATE:
        if (
            one.sets is Sets.RULE
            or one.name not in table
            or one.name in ("balance", "paid", "interest_charged", "fees_charged", "forgiven")
        ):
            continue
        if one.sets is Sets.DAY:
            values, known = _day_numbers(table, one.name, start)
        elif one.sets is Sets.CODE:
            values = codes(table, one.name, vocabulary)
            known = values >= 0
        else:
            said = numbers(table, one.name)
            known = np.isfinite(said)
            values = cents(table[one.name]) if one.sets is Sets.CENTS else np.where(known, said, 0)
        a[one.record] = np.where(known, values, a[one.record])
    _contacts(a, table, first_day)
    _agreements(a, table, start, first_day)
    _steps(a, table, start, first_day)
    for until, length in (
        ("hardship", p["hardship_days"]),
        ("dispute", p["dispute_days"]),
        ("complaint", p["complaint_days"]),
    ):
        _protect(a, table, until, int(length), start, first_day)
    _cards(a, table)


def _known(table: pd.DataFrame, name: str) -> NDArray[np.bool_]:
    return table[name].notna().to_numpy() if name in table else np.zeros(len(table), bool)


def _where_unknown(a: NDArray[np.void], table: pd.DataFrame, column: str, record: str, values: Any) -> None:
    a[record] = np.where(_known(table, column), a[record], values)


def evenly(count: int, window: int) -> int:
    """A history with so many days of the last `window` (today the last of them, and not over), evenly spread."""
    over = window if count >= window else window - 1
    return sum(1 << (1 + (2 * n + 1) * over // (2 * count)) for n in range(count))


def _latest(history: NDArray[np.uint32], first_day: int) -> NDArray[np.int64]:
    """The latest day that a history marks; NEVER where it marks none."""
    lowest = history & (~history + np.uint32(1))
    ago = np.log2(np.maximum(lowest, 1)).astype(np.int64)
    return np.where(history > 0, first_day - ago, NEVER)


def _days_in(history: NDArray[np.uint32]) -> NDArray[np.int64]:
    return np.sum([(history >> np.uint32(n) & 1).astype(np.int64) for n in range(HISTORY_DAYS + 1)], axis=0)


def _contacts(a: NDArray[np.void], table: pd.DataFrame, first_day: int) -> None:
    for days, count, window in _COUNTED:
        histories = np.array([evenly(n, window) for n in range(window + 1)], np.uint32)
        counted = numbers(table, count)
        use = np.isfinite(counted) & ~_known(table, days)
        a[_HISTORY[days]] = np.where(use, histories[np.where(use, counted, 0).astype(np.int64)], a[_HISTORY[days]])
    every = a["call_history"] | a["text_history"] | a["visit_history"] | a["letter_history"]
    a["last_attempt"] = np.maximum(a["last_attempt"], _latest(every, first_day))
    a["last_reach"] = np.maximum(a["last_reach"], _latest(a["conversation_history"], first_day))
    marked = sum(_days_in(a[history]) for history, _ in _GROUPS)
    _where_unknown(a, table, "attempts", "attempts", marked)
    _where_unknown(a, table, "reached", "reaches", _days_in(a["conversation_history"]))
    _where_unknown(a, table, "call_attempts", "call_attempts", _days_in(a["call_history"]))
    _where_unknown(a, table, "calls_reached", "call_reaches", _days_in(a["conversation_history"] & a["call_history"]))


def _agreements(a: NDArray[np.void], table: pd.DataFrame, start: date, first_day: int) -> None:
    promised = a["promise_due"] != NEVER
    kind = table["promise_kind"].to_numpy(object) if "promise_kind" in table else np.full(len(table), None, object)
    a["promise_swap"] = promised & (kind == "handover")
    settles = promised & (kind == "settlement")
    a["promise_discount"] = np.where(settles, a["promise_discount"], 0.0)
    percent = np.floor(100.0 * (1.0 - a["promise_discount"].astype(np.float64)) + 0.5).astype(np.int64)
    use = settles & ~_known(table, "promise_amount")
    a["promise_amount"] = np.where(use, (a["balance"] * percent + 50) // 100, a["promise_amount"])
    use = promised & ~_known(table, "promise_channel")
    a["promise_channel"] = np.where(use, int(Channel.COLLECTOR), a["promise_channel"])
    for name in ("promise_amount", "promise_channel"):
        a[name] = np.where(promised, a[name], 0)
    _where_unknown(a, table, "promises_made", "promises", a["kept"].astype(np.int64) + a["broken"] + promised)
    running = a["plan_months"] > 0
    _where_unknown(a, table, "plan_left", "plan_left", a["plan_months"])
    left = np.maximum(a["plan_left"].astype(np.int64), 1)
    use = running & ~_known(table, "plan_instalment")
    a["plan_amount"] = np.where(use, -(-a["balance"] // left), a["plan_amount"])
    for name in ("plan_left", "plan_amount", "plan_secured"):
        a[name] = np.where(running, a[name], 0)
    a["restructured"] |= a["plan_secured"]
    _where_unknown(a, table, "plans_agreed", "plans", np.minimum(a["plans_broken"].astype(np.int64) + running, 255))


def _steps(a: NDArray[np.void], table: pd.DataFrame, start: date, first_day: int) -> None:
    """Legal steps, the review before them, and what a limitation period is counted from."""
    begun = a["stage"] > Stage.NONE
    a["stage_day"] = np.where(begun, np.where(a["stage_day"] == NEVER, first_day - 1, a["stage_day"]), NEVER)
    notice, known = notice_days(a, table, start)
    _where_unknown(a, table, "notices", "notices", known)
    under, approved = a["review"] == FileReview.UNDER_REVIEW, a["review"] == FileReview.APPROVED
    a["review_step"] = np.where(under | approved, np.maximum(a["review_step"], int(Legal.NOTICE)), 0)
    until = np.where(under, first_day + 1, np.where(approved, first_day + APPROVAL_DAYS, 0))
    use = ~_known(table, "review_until") | ~(under | approved)
    a["review_until"] = np.where(use, until, a["review_until"])
    demanded = np.maximum(np.maximum(a["last_reach"], a["stage_day"]), np.where(known, notice, NEVER))
    _where_unknown(a, table, "demanded_date", "demanded", demanded)
    _where_unknown(a, table, "acknowledged_date", "acknowledged", a["last_payment"])
    offer = np.where(a["offer_day"] == NEVER, NEVER, a["offer_day"] - 1)
    _where_unknown(a, table, "news_date", "news_day", np.maximum(offer, np.where(known, notice - 1, NEVER)))


def notice_days(a: NDArray[np.void], table: pd.DataFrame, start: date) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Day of each account's latest notice, and where it is known: said, or that of its stage."""
    said, known = _day_numbers(table, "last_notice_date", start)
    noticed = a["stage"] == Stage.NOTICED
    return np.where(noticed & ~known, a["stage_day"], said), known | noticed


def _protect(a: NDArray[np.void], table: pd.DataFrame, name: str, length: int, start: date, first_day: int) -> None:
    """A protection by the day on which it ends, else by that on which it began, else by its flag."""
    record, flag = f"{name}_until", "complaint_open" if name == "complaint" else name
    since, begun = _day_numbers(table, f"{name}_since", start)
    holds = numbers(table, flag) == 1.0
    until = np.where(begun, since + length, np.where(holds, first_day - 1 + length, NEVER))
    _where_unknown(a, table, record, record, until)


def _cards(a: NDArray[np.void], table: pd.DataFrame) -> None:
    """Once a card is sued, all of its balance is due; minimums are never more than what is left."""
    use = ~_known(table, "minimum_due") & (a["stage"] >= Stage.QUEUED)
    a["minimum_due"] = np.where(use, 0, a["minimum_due"])
    a["arrears"] = np.where(a["minimum_due"] > 0, np.minimum(a["arrears"], a["balance"]), 0)


def feel(a: NDArray[np.void], table: pd.DataFrame, p: np.void, belief: float, start: date, first_day: int) -> None:
    """Set what debtors in mid-life feel on the first morning; see the module.

    Args:
        a: records, taken up and with their traits; `salience` is what it was on the day of entry.
        table, p, start, first_day: as for `take_up`.
        belief: how far notices are believed (`behaviour.notice_belief`).
    """
    every = a["call_history"] | a["text_history"] | a["visit_history"] | a["letter_history"]
    marked = np.where(every > 0, np.floor(np.log2(np.maximum(every, 1))).astype(np.int64), 0)
    age = np.maximum(first_day - a["entry_day"].astype(np.int64), marked)  # days since the account entered
    fatigue, excitation = np.zeros(a.size), np.zeros(a.size)
    salience = a["salience"].astype(np.float64)
    floor, keep = p["salience_floor"], p["salience_keep"]
    salience = floor + (salience - floor) * keep ** np.maximum(age - HISTORY_DAYS - 1, 0)
    paid = np.where(_known(table, "payment_days"), numbers(table, "payment_days"), 0).astype(np.int64)
    ago = first_day - a["last_payment"].astype(np.int64)
    recent = (a["last_payment"] != NEVER) & (ago <= HISTORY_DAYS)
    paid |= np.where(recent, 1 << np.where(recent, ago, 0), 0)
    for day in range(HISTORY_DAYS, 0, -1):
        fatigue, excitation = fatigue * p["fatigue_keep"], excitation * p["excitation_keep"]
        salience = np.where(day < age, floor + (salience - floor) * keep, salience)
        for history, channel in _GROUPS:
            fatigue += np.where(a[history] >> np.uint32(day) & 1, p["fatigue_gain"][channel], 0.0)
        talked = (a["conversation_history"] >> np.uint32(day) & 1).astype(bool)
        read = (a["last_reach"] == first_day - day) & ~talked
        gain = np.where(
            talked, p["salience_gain"][Channel.COLLECTOR], np.where(read, p["salience_gain"][Channel.SMS], 0.0)
        )
        salience += (1.0 - salience) * gain
        excitation += paid >> day & 1
    a["fatigue"], a["excitation"] = fatigue * p["fatigue_keep"], excitation * p["excitation_keep"]
    a["salience"] = np.where(age > 0, floor + (salience - floor) * keep, a["salience"])
    notice, noticed = notice_days(a, table, start)
    empty = np.maximum(a["notices"].astype(np.int64) - 1, 0)
    of_notice = np.array([b.notice_pressure(p, belief, int(n)) for n in range(256)])[empty]
    sued = np.isin(a["stage"], (Stage.FILED, Stage.JUDGED, Stage.ENFORCING, Stage.ENFORCED))
    of_court = np.where(a["stage"] == Stage.FILED, p["pressure_suit"], p["pressure_judgment"])
    a["pressure"] = np.where(
        noticed, of_notice * p["pressure_keep"] ** np.maximum(first_day - notice, 0), 0.0
    ) + np.where(sued, of_court * p["pressure_keep"] ** np.maximum(first_day - a["stage_day"], 0), 0.0)
    refused = (a["refused"] > 0) & (a["best_discount"] > 0) & (a["offer_day"] != NEVER)
    faded = p["waiting_keep"] ** np.maximum(first_day - a["offer_day"].astype(np.int64), 0)
    a["waiting"] = np.where(refused, p["waiting_learned"] * a["best_discount"] * faded, 0.0)


def pending(a: NDArray[np.void], table: pd.DataFrame, start: date, first_day: int) -> Pending:
    """What of accounts in mid-life is pending on the first morning.

    Args:
        a: their records, taken up.
        table, start, first_day: as for `take_up`.
    """
    running = np.flatnonzero(a["plan_months"] > 0)
    due, known = _day_numbers(table, "plan_next_due", start)
    due = np.where(known, due, first_day + FIRST_INSTALMENT_DAYS)
    instalments = {int(day): running[due[running] == day] for day in np.unique(due[running])}
    notice, noticed = notice_days(a, table, start)
    sent = np.flatnonzero(noticed)
    notices = {int(day): sent[notice[sent] == day] for day in np.unique(notice[sent])}
    at_court = np.flatnonzero(np.isin(a["stage"], AT_COURT))
    day, set_ = _day_numbers(table, "court_date", start)
    fee, steps = numbers(table, "court_fee"), numbers(table, "enforcement_steps")
    # Who is being served has a place; those who wait follow in the order in which they came.
    served = set_ | (a["stage"] == Stage.FILED)
    order = sorted(at_court.tolist(), key=lambda n: (not served[n], not set_[n], int(a["stage_day"][n]), n))
    cases = tuple(
        Case(
            n,
            Stage(int(a["stage"][n])),
            int(day[n]) if set_[n] else None,
            round(100 * fee[n]) if np.isfinite(fee[n]) else None,
            int(steps[n]) if np.isfinite(steps[n]) else (1 if set_[n] else 0),
        )
        for n in order
    )
    return Pending(instalments, notices, cases)


def portfolio_of(
    accounts: NDArray[np.void],
    portfolio: Portfolio,
    waiting: Pending,
    start: date,
    day: int,
    vocabulary: Vocabulary = STANDARD,
    channel_days: Sequence[str] | None = None,
) -> Portfolio:
    """The open accounts of a simulation on a morning, as a portfolio from which another one can go on.

    Args:
        accounts: records of all accounts, shape (accounts,).
        portfolio: from which they came.
        waiting: what is pending.
        start: date of day 0.
        day: that morning's.
        vocabulary: of the world.
        channel_days: that column of the open ones; None = it is not known.
    """
    rows = np.flatnonzero(accounts["status"] == Status.OPEN)
    a = accounts[rows]
    table = portfolio.table[[one.name for one in FILE_FIELDS]].iloc[rows].reset_index(drop=True)
    table["dpd"] = (a["dpd0"].astype(np.int64) + day).clip(0)
    table["opening_balance"] = a["opening"] / 100.0
    table["stable_assets"] = a["stable_assets"].astype(bool)
    if "customer_id" in portfolio.table:
        table["customer_id"] = portfolio.table["customer_id"].iloc[rows].reset_index(drop=True)

    def when(days: Any, known: Any) -> NDArray[np.datetime64]:
        moments = np.datetime64(start) + np.where(known, days, 0).astype("timedelta64[D]")
        return np.where(known, moments, np.datetime64("NaT")).astype("datetime64[us]")

    promised, running, stage = a["promise_due"] != NEVER, a["plan_months"] > 0, a["stage"]
    reviewed = a["review"] > 0
    only = {
        **dict.fromkeys(("promise_amount", "promise_discount", "promise_channel"), promised),
        **dict.fromkeys(("plan_left", "plan_instalment", "plan_secured"), running),
        **dict.fromkeys(("review_step", "review_until"), reviewed),
        "arrears": a["minimum_due"] > 0,
        "legal_stage_date": stage > Stage.NONE,
    }
    for one in STATE:
        if one.sets is Sets.RULE:
            continue
        values, known = a[one.record], only.get(one.name, np.ones(a.size, bool))
        if one.sets is Sets.DAY:
            table[one.name] = when(values, known & (values != NEVER))
        elif one.sets is Sets.CODE:
            names = {number: name for name, number in codes_in(one.name, vocabulary).items()}
            said = [names.get(number) for number in values.tolist()]
            table[one.name] = pd.Series(said, dtype="object").where(pd.Series(known), None)
        elif one.sets is Sets.CENTS:
            table[one.name] = np.where(known, values / 100.0, np.nan)
        else:
            table[one.name] = np.where(known, values.astype(np.float64), np.nan)
    for one in STATE:  # bit 0 is today, which has not begun
        if one.field.kind is Kind.DAYS and one.name in table:
            table[one.name] = (table[one.name].astype(np.int64) & ~1).astype(float)
    kinds = np.where(a["promise_swap"] > 0, PROMISES[2], np.where(a["promise_discount"] > 0, PROMISES[1], PROMISES[0]))
    table["promise_kind"] = pd.Series(kinds.tolist(), dtype="object").where(pd.Series(promised), None)
    place = np.full(accounts.size, -1)
    place[rows] = np.arange(rows.size)
    for name, by_day in (("plan_next_due", waiting.instalments), ("last_notice_date", waiting.notices)):
        days, known = np.zeros(a.size, np.int64), np.zeros(a.size, bool)
        for one_day, numbers_ in by_day.items():
            here = place[numbers_]
            days[here[here >= 0]], known[here[here >= 0]] = one_day, True
        table[name] = when(days, known & running if name == "plan_next_due" else known)
    court = {name: np.full(a.size, np.nan) for name in ("day", "fee", "steps")}
    for case in waiting.cases:
        n = place[case.number]
        if case.day is not None:
            court["day"][n] = case.day
        if case.fee is not None:
            court["fee"][n] = case.fee / 100.0
        if case.stage is Stage.ENFORCING:
            court["steps"][n] = case.steps
    table["court_date"] = when(np.nan_to_num(court["day"]), np.isfinite(court["day"]))
    table["court_fee"], table["enforcement_steps"] = court["fee"], court["steps"]
    if channel_days is not None:
        table["channel_days"] = pd.Series(channel_days, dtype="object")
    ordered = [one.name for one in (*FILE_FIELDS, *(one.field for one in STATE)) if one.name in table]
    return Portfolio(
        table[ordered], portfolio.name, dict(portfolio.filled), portfolio.notes, start + timedelta(days=day)
    )
