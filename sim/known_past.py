"""What the state of an account in mid-life tells of its past: since when it has been in care, and on which days what happened.

Contacts of the last `HISTORY_DAYS` are known by day, older ones by number alone, and so are payments, promises and offers but for the latest.
`lived.py` makes possible courses of events of it, `hindsight.py` weighs them.
"""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recoup.sim import behaviour as b
from recoup.sim import midlife
from recoup.sim.account import NEVER, Stage
from recoup.sim.debtor import FIRST_INSTALMENT_DAYS, INSTALMENT_EVERY_DAYS
from recoup.sim.portfolio.days_ago import channel_days_of
from recoup.sim.portfolio.fields import HISTORY_DAYS
from recoup.sim.portfolio.state_checks import numbers
from recoup.sim.treatments import STANDARD, Channel, Group, Talk, Vocabulary

LONGEST = 720  # days in care that are looked at; before them little is left to tell

# Days are counted backwards from the first morning: 1 is yesterday, 0 = never.
PAST = np.dtype(
    [
        ("days", "i4"),  # in care that are looked at
        ("dpd", "i4"),  # days past due when they began
        ("minimum", "i8"),  # what a card was asked for each month on entry, cents; 0 = all was due at once
        ("months_paid", "i4"),  # minimums that its payments have completed
        ("payment_days", "u4"),  # days with a payment, as a history
        ("last_payment", "i4"),
        ("plan_since", "i4"),  # the running instalment plan was agreed
        ("plan_paid", "i4"),  # of its instalments
        ("plan_next", "i4"),  # days until the next one falls due
        ("hardship", "i4"),  # disclosed
        ("notice", "i4"),
        ("notice_pressure", "f8"),  # of that notice, on its day
        ("court", "i4"),  # the stage at court began
        ("court_pressure", "f8"),
        ("offer", "i4"),  # the latest settlement that was refused
        ("offer_waiting", "f8"),
        ("machine", "u1"),  # the channel of the calls that a machine made, most of them
        ("machine_days", "u4"),  # days on which a machine called and no person did, as a history
        ("machine_share", "f8"),  # of the days with a call that are known one by one
        ("calls", "u1", (HISTORY_DAYS + 1,)),  # the channel of the call so many days ago, if there was one
        ("texts", "u1", (HISTORY_DAYS + 1,)),  # and that of the text
        ("numberless", "u1"),  # nothing that is known went to the telephone number
        ("fatigue_gain", "f8"),  # of a contact, on average
    ],
    align=True,
)


def known_past(
    accounts: NDArray[np.void],
    table: pd.DataFrame,
    p: np.void,
    belief: float,
    minimums: NDArray[np.int64],
    start: date,
    first_day: int,
    vocabulary: Vocabulary = STANDARD,
) -> NDArray[np.void]:
    """What is known of each account's days in care: `PAST`, shape (accounts,).

    Args:
        accounts: records, taken up (`midlife.take_up`); `dpd0` being days past due on the first day.
        table: of the portfolio.
        p: behaviour parameters, one record (`parameters.kernel_record`).
        belief: how far notices are believed (`behaviour.notice_belief`).
        minimums: what each account is asked for a month on entry, cents (0 = no card).
        start: date of day 0.
        first_day: of the simulation.
        vocabulary: of the world: what `channel_days` may name.
    """
    a, past = accounts, np.zeros(accounts.size, PAST)
    by_channel = _told(table)
    _by_day(past, by_channel, p, vocabulary)
    _machine_calls(past, a, vocabulary)
    _of_all(past, by_channel, p, vocabulary)

    def ago(name: str) -> NDArray[np.int64]:
        days = a[name].astype(np.int64)
        return np.where(days == NEVER, 0, np.maximum(first_day - days, 0))

    _payments(past, a, table, minimums, ago("last_payment"))
    running = a["plan_months"] > 0
    due, known = midlife.day_numbers(table, "plan_next_due", start)
    past["plan_next"] = np.where(running, np.where(known, due - first_day, FIRST_INSTALMENT_DAYS), 0)
    past["plan_paid"] = np.where(running, np.maximum(a["plan_months"].astype(np.int64) - a["plan_left"], 0), 0)
    dues = past["plan_paid"] + a["plan_missed"]
    since = INSTALMENT_EVERY_DAYS * dues + FIRST_INSTALMENT_DAYS - past["plan_next"]
    past["plan_since"] = np.where(running, np.maximum(since, 1), 0)
    told = a["hardship_until"].astype(np.int64) - int(p["hardship_days"])
    past["hardship"] = np.where(a["hardship_until"] > first_day, np.maximum(first_day - told, 1), 0)

    notice, noticed = midlife.notice_days(a, table, start)
    empty = np.maximum(a["notices"].astype(np.int64) - 1, 0)
    past["notice"] = np.where(noticed, np.maximum(first_day - notice, 0), 0)
    past["notice_pressure"] = np.where(
        noticed, np.array([b.notice_pressure(p, belief, n) for n in range(256)])[empty], 0.0
    )
    sued = np.isin(a["stage"], (Stage.FILED, Stage.JUDGED, Stage.ENFORCING, Stage.ENFORCED))
    of_court = np.where(a["stage"] == Stage.FILED, p["pressure_suit"], p["pressure_judgment"])
    past["court"] = np.where(sued, ago("stage_day"), 0)
    past["court_pressure"] = np.where(sued, of_court, 0.0)
    settlement = (a["refused"] > 0) & (a["best_discount"] > 0) & (a["offer_day"] != NEVER)
    past["offer"] = np.where(settlement, ago("offer_day"), 0)
    past["offer_waiting"] = np.where(settlement, p["waiting_learned"] * a["best_discount"], 0.0)

    dated = [ago(name) for name in ("last_attempt", "last_reach", "last_payment", "offer_day")]
    dated += [past[name] for name in ("plan_since", "hardship", "notice")]
    _in_care(past, a, table, np.max(dated, axis=0), first_day)
    return past


def _told(table: pd.DataFrame) -> list[dict[str, int]]:
    """The days of each account with a contact, as histories by name of the channel (`channel_days`); nothing where that is not known."""
    if "channel_days" not in table:
        return [{}] * len(table)
    said = table["channel_days"].to_numpy(object)
    told = [(channel_days_of(str(text)) if pd.notna(text) else None) or {} for text in said]
    return [{name: days for name, days in one.items() if days} for one in told]


def _by_day(past: NDArray[np.void], told: list[dict[str, int]], p: np.void, words: Vocabulary) -> None:
    """By which channel the call and the text of a day went; where that is not known, a collector called, and the text was an SMS.

    For rules a call is a call, whoever makes it. How it reaches a debtor, what he feels of it and what he promises is another matter. Of several
    on a day, people come before machines, and then what reaches more often.
    """
    for name, group, usual in (("calls", Group.CALL, Channel.COLLECTOR), ("texts", Group.TEXT, Channel.SMS)):
        past[name] = int(usual)
        mine = [one for one in words.channels if one.group == group]
        for one in sorted(mine, key=lambda one: (one.talk == Talk.PERSON, float(p["reach"][one.channel]))):
            past[name][_days_in([days.get(one.name, 0) for days in told])] = int(one.channel)


def _days_in(histories: list[int] | NDArray[np.unsignedinteger]) -> NDArray[np.bool_]:
    """Whether something was so many days ago: (accounts, HISTORY_DAYS + 1)."""
    return (np.asarray(histories, np.uint32)[:, None] >> np.arange(HISTORY_DAYS + 1, dtype=np.uint32)) & 1 == 1


def _machine_calls(past: NDArray[np.void], a: NDArray[np.void], words: Vocabulary) -> None:
    """Which of the known calls a machine made."""
    called = _days_in(a["call_history"])
    machines = np.array([int(one.channel) for one in words.channels if one.talk == Talk.MACHINE])
    by_machine = called & np.isin(past["calls"], machines)
    past["machine"] = machines[np.argmax([(called & (past["calls"] == one)).sum(axis=1) for one in machines], axis=0)]
    past["machine_days"] = (by_machine << np.arange(HISTORY_DAYS + 1)).sum(axis=1)
    past["machine_share"] = by_machine.sum(axis=1) / np.maximum(called.sum(axis=1), 1)


def _of_all(past: NDArray[np.void], told: list[dict[str, int]], p: np.void, words: Vocabulary) -> None:
    """What the channels of an account have in common: how tiring they are on average (unknown = as calls of people), and whether any needs its number."""
    gains = p["fatigue_gain"].tolist()
    past["fatigue_gain"] = gains[int(Channel.COLLECTOR)]
    for place, days_by in enumerate(told):
        times = {n: days_by[name].bit_count() for n, name in enumerate(words.channel_names, 1) if name in days_by}
        if not times:
            continue
        past["numberless"][place] = not any(p["by_number"][channel] for channel in times)
        past["fatigue_gain"][place] = sum(gains[n] * days for n, days in times.items()) / sum(times.values())


def _payments(
    past: NDArray[np.void],
    a: NDArray[np.void],
    table: pd.DataFrame,
    minimums: NDArray[np.int64],
    latest: NDArray[np.int64],
) -> None:
    days = np.nan_to_num(numbers(table, "payment_days")).astype(np.int64)
    recent = (latest > 0) & (latest <= HISTORY_DAYS)
    past["payment_days"] = days | np.where(recent, 1 << np.where(recent, latest, 0), 0)
    past["last_payment"] = latest
    past["minimum"] = minimums
    past["months_paid"] = np.where(minimums > 0, a["cash"] // np.maximum(minimums, 1), 0)


def _in_care(
    past: NDArray[np.void], a: NDArray[np.void], table: pd.DataFrame, latest: NDArray[np.int64], first_day: int
) -> None:
    """Since when: as the file says, else since it fell due if more has happened than the dates account for."""
    marks = a["call_history"] | a["text_history"] | a["visit_history"] | a["letter_history"] | a["conversation_history"]
    marked = np.where(marks > 0, np.floor(np.log2(np.maximum(marks, 1))).astype(np.int64), 0)
    known = table["entry_date"].notna().to_numpy() if "entry_date" in table else np.zeros(a.size, bool)
    happened = np.zeros(a.size, bool)
    for name in ("payments", "promises", "kept", "broken", "refused", "plans"):
        happened |= a[name] > 0
    histories = ("call_history", "text_history", "visit_history", "letter_history")
    happened |= a["attempts"] > sum(midlife.days_in(a[name]) for name in histories)
    dpd = a["dpd0"].astype(np.int64)
    days = np.where(known, first_day - a["entry_day"].astype(np.int64), np.where(happened, dpd, 0))
    past["days"] = np.clip(np.maximum(np.maximum(days, marked), latest), 0, LONGEST)
    # A card's payments have taken months off its age, and while it pays instalments it does not grow older.
    younger = np.where(past["minimum"] > 0, b.MONTH * past["months_paid"] + past["plan_since"], 0)
    past["dpd"] = dpd - past["days"] + younger


def days_of_month(start: date, first_day: int) -> NDArray[np.int64]:
    """Day of the month of each day that may be looked at, by how long ago it is: (LONGEST + 1,)."""
    today = start + timedelta(days=first_day)
    return np.array([(today - timedelta(days=ago)).day for ago in range(LONGEST + 1)])
