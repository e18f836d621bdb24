"""What an event log says of the time before the first day, of accounts in mid-life: rows that an audit counts and does not judge.

The audit rebuilds what was known of an account from the rows before each. Where a simulation begins in mid-life, those are made of the
account's state: its contacts by day, its latest notice, what protects it until when, its agreement, and what a limitation counts from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recoup.sim.account import NEVER, Stage
from recoup.sim.channel_days import ChannelDays
from recoup.sim.portfolio.fields import HISTORY_DAYS
from recoup.sim.treatments import STANDARD, Vocabulary

_CONTACTS = (
    ("call_history", "collector"), ("text_history", "sms"), ("visit_history", "visit"), ("letter_history", "letter"),
)  # fmt: skip
_UNTIL = (
    ("complaint", "complaint_until"), ("dispute", "dispute_until"), ("hardship", "hardship_until"), ("breathing_space", "breathing_until"),
)  # fmt: skip
Row = dict[str, Any]


def earlier_rows(
    accounts: NDArray[np.void],
    first_day: int,
    channel_days: ChannelDays | None = None,
    vocabulary: Vocabulary = STANDARD,
) -> list[Row]:
    """Rows in the columns of an audit log, and `number` of the account in place of its name, in the order of days.

    Args:
        accounts: records (`account.ACCOUNT`) on the first morning, shape (accounts,).
        first_day: its number.
        channel_days: where single channels are counted; a contact on another day was by another channel of its group.
        vocabulary: of the world.
    """
    said = _channels(channel_days, vocabulary)
    rows = [row for a in accounts for row in _rows(a, int(a["number"]), first_day, said)]
    return sorted(rows, key=lambda row: (row["day"], row["order"], row["number"]))


def _channels(counted: ChannelDays | None, vocabulary: Vocabulary) -> Callable[[int, str, int], str]:
    """By which channel an account (its number) was contacted so many days ago, given the usual one of the group."""
    if counted is None or not counted.channels.size:
        return lambda number, usual, ago: usual
    group = vocabulary.channel
    names = [vocabulary.channels[channel].name for channel in counted.channels]
    others = {
        usual: next(
            (one.name for one in vocabulary.channels[1:] if one.group == group[usual].group and one.name not in names),
            usual,
        )
        for _, usual in _CONTACTS
    }

    def by(number: int, usual: str, ago: int) -> str:
        theirs = (name for name, days in zip(names, counted.days[:, number], strict=True) if int(days) >> ago & 1)
        unlike = others[usual] if usual in names else usual
        return next((name for name in theirs if group[name].group == group[usual].group), unlike)

    return by


def _rows(a: np.void, number: int, first_day: int, channel_of: Callable[[int, str, int], str]) -> Iterator[Row]:
    """`order` is that within a day: what ended comes before what began."""
    eve = first_day - 1

    def row(day: int, order: int = 0, **said: Any) -> Row:
        return {
            "number": number,
            "day": int(min(day, eve)),
            "order": order,
            "dpd": max(int(a["dpd0"]) + int(min(day, eve)), 0),
            **said,
        }

    talks = int(a["conversation_history"])
    for history, channel in _CONTACTS:
        for ago in _days(int(a[history])):
            yield row(
                first_day - ago,
                channel=channel_of(number, channel, ago),
                reached=bool(talks >> ago & 1 and channel in ("collector", "visit")),
            )
    for _ in range(int(a["plans_broken"])):
        yield row(eve, plan_broken=True)
    if a["restructured"]:
        yield row(eve, 1, offer="restructure", accepted=True)
        if not a["plan_months"]:
            yield row(eve, 2, instalment_missed=True)  # no agreement is being kept
    if a["plan_months"]:
        yield row(
            eve, 1, offer="restructure" if a["plan_secured"] else "plan", months=int(a["plan_months"]), accepted=True
        )
        if a["plan_missed"]:
            yield row(eve, 2, instalment_missed=True)
    if a["promise_due"] != NEVER:
        yield row(eve, 3, promise=True, promise_due=int(a["promise_due"]))
    for event, until in _UNTIL:
        if a[until] > first_day:
            yield row(eve, **{event: True, f"{event}_until": int(a[until])})
    if a["opted_out"]:
        yield row(eve, opt_out=True)
    if a["ceased"]:
        yield row(eve, cease_contact=True)
    if a["stage"] == Stage.NOTICED:
        yield row(int(a["stage_day"]), legal="notice")
    yield from (row(day, **said) for day, said in _limitation(a))


def _limitation(a: np.void) -> Iterator[tuple[int, Row]]:
    """An acknowledgement, the demand that came after the longest silence since, and the latest demand: as a legal step, which counts towards no cap."""
    due, demanded, acknowledged = -int(a["dpd0"]), int(a["demanded"]), int(a["acknowledged"])
    if acknowledged != NEVER:
        yield acknowledged, {"payment": True}
    if a["silence"] > 0 and max(due, acknowledged) + int(a["silence"]) <= demanded:
        yield max(due, acknowledged) + int(a["silence"]), {"legal": "enforce"}
    if demanded > acknowledged:
        yield demanded, {"legal": "enforce"}


def _days(history: int) -> Iterator[int]:
    return (ago for ago in range(1, HISTORY_DAYS + 1) if history >> ago & 1)
