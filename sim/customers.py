"""Customers with several accounts: a contact about one of them is a contact with the customer, wherever a rule counts per customer.

Where nobody has several accounts, nothing here is done. Else, each morning, the caps that a customer has reached are marked on his accounts
(`account.ACCOUNT`, `caps_reached`), where the gate reads them. When all is decided, contacts of one day with one customer are looked at in
the order of their hours: one that would break a cap because of those before it does not happen. That an earlier one is made is taken
for granted, though it may find nobody with time for it.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recoup.sim.account import Event, Outcome, Status
from recoup.sim.channel_days import ChannelDays
from recoup.sim.compiled import njit
from recoup.sim.compliance.gate import Counted, Gate
from recoup.sim.observation import popcount
from recoup.sim.portfolio.table import Portfolio
from recoup.sim.treatments import Group

_ATTEMPTS, _CONVERSATIONS, _QUIET, _DAYS = (
    int(c) for c in (Counted.ATTEMPTS, Counted.CONVERSATIONS, Counted.QUIET, Counted.DAYS)
)
_NOTHING = int(Counted.NOTHING)
_OPEN, _LEFT = int(Status.OPEN), int(Status.LEFT)
_ANY, _CALL, _TEXT, _LETTER, _VISIT = (int(g) for g in (Group.NONE, Group.CALL, Group.TEXT, Group.LETTER, Group.VISIT))
_E_BLOCKED, _E_BREACH, _BLOCKED = int(Event.BLOCKED), int(Event.BREACH), int(Outcome.BLOCKED)
_CONVERSATION = len(Group)
_NO_QUEUE = 255


def customers_of(portfolio: Portfolio) -> NDArray[np.object_] | None:
    """The customer of each account, None for an account that has its own; None where no customer has several."""
    if "customer_id" not in portfolio.table or not portfolio.table["customer_id"].dropna().duplicated().any():
        return None
    return portfolio.table["customer_id"].to_numpy(object)


class Customers:
    """Which accounts are whose, of customers with several.

    Args:
        ids: as `customers_of` gives them.
        gate: whose caps are counted.
        channel_days: of the accounts, where rules cap a channel by itself.

    Attributes:
        several: whether any customer has several accounts.
    """

    def __init__(self, ids: NDArray[np.object_] | None, gate: Gate, channel_days: ChannelDays) -> None:
        ids = np.zeros(0, object) if ids is None else ids
        known = np.flatnonzero(pd.notna(ids))
        codes, _ = pd.factorize(ids[known])
        members, starts = known[np.argsort(codes, kind="stable")], np.zeros(1, np.int64)
        counts = np.bincount(codes) if codes.size else np.zeros(0, np.int64)
        several = np.repeat(counts > 1, counts)
        self._members = members[several].astype(np.int64)
        self._starts = np.append(starts, np.cumsum(counts[counts > 1])).astype(np.int64)
        self._records = gate.records[gate.records["counted"] != _NOTHING]
        self._channel_days = channel_days
        of_one = gate.records["cap"][gate.records["channel"] > 0].astype(np.int64)
        self._of_one = int(
            np.bitwise_or.reduce(1 << of_one, initial=0)
        )  # caps that accounts reach by themselves as well
        self.several = bool(self._members.size)

    def morning(self, accounts: NDArray[np.void], today: NDArray[np.void]) -> None:
        """Mark on each account the caps that its customer has reached.

        Args:
            accounts: records, all of them; open ones have begun the day, and show the caps that they have reached by themselves.
            today: the day (`observation.DAY_CONTEXT`), shape (1,).
        """
        if self.several:
            counted = self._channel_days
            _mark(
                accounts,
                self._members,
                self._starts,
                self._records,
                self._of_one,
                counted.days,
                counted.place,
                today,
            )

    def decided(
        self,
        accounts: NDArray[np.void],
        open_accounts: NDArray[np.int64],
        today: NDArray[np.void],
        menu: NDArray[np.void],
        gated: bool,
        queues: NDArray[np.uint8],
    ) -> None:
        """Stop contacts that those before them on the day make unlawful; with the gate off, count them as breaches.

        Args:
            accounts, today: as for `morning`.
            open_accounts: rows of `accounts`, ascending, int64 (open,).
            menu: `Menu.table`.
            gated: whether the rules are in force.
            queues: in which each open account waits, uint8 (open,); whoever is stopped waits in none.
        """
        if self.several:
            counted = self._channel_days
            _stop(
                accounts,
                open_accounts,
                self._members,
                self._starts,
                self._records,
                counted.days,
                counted.place,
                today,
                menu,
                gated,
                queues,
            )


@njit()
def _history(a, group, day):  # type: ignore[no-untyped-def]
    """Days with contact of a group, or with a conversation, up to this morning: bit n = n days ago; of a closed account too."""
    history = np.uint64(a.conversation_history)
    if group == _CALL:
        history = np.uint64(a.call_history)
    elif group == _TEXT:
        history = np.uint64(a.text_history)
    elif group == _LETTER:
        history = np.uint64(a.letter_history)
    elif group == _VISIT:
        history = np.uint64(a.visit_history)
    elif group == _ANY:
        history = np.uint64(a.call_history | a.text_history | a.letter_history | a.visit_history)
    if a.status == _OPEN:
        return history
    if a.status == _LEFT or day - a.closed_day > 32:
        return np.uint64(0)
    return history << np.uint64(day - a.closed_day)


@njit()
def _counted(accounts, members, rule, channel_days, place, day):  # type: ignore[no-untyped-def]
    """What a cap counts of a customer's contacts before today."""
    window = np.uint64((1 << int(rule.limit)) - 1)
    talks = rule.counted == _CONVERSATIONS or rule.counted == _QUIET
    group = _CONVERSATION if talks else rule.group
    total, together = 0, np.uint64(0)
    for number in members:
        if rule.channel:
            history = np.uint64(channel_days[place[rule.channel], number]) & window
        else:
            history = _history(accounts[number], group, day) & window
        together |= history
        total += popcount(history)
    return popcount(together) if rule.counted == _DAYS else total


@njit()
def _mark(accounts, members, starts, rules, of_one, channel_days, place, today):  # type: ignore[no-untyped-def]
    day = today[0].day
    for customer in range(starts.size - 1):
        mine, caps = members[starts[customer] : starts[customer + 1]], 0
        for rule in rules:
            if _counted(accounts, mine, rule, channel_days, place, day) >= rule.most:
                caps |= 1 << rule.cap
        for number in mine:
            accounts[number].caps_reached = caps | (accounts[number].caps_reached & of_one)


@njit()
def _stop(  # type: ignore[no-untyped-def]
    accounts, rows, members, starts, rules, channel_days, place, today, menu, gated, queues
):
    day = today[0].day
    for customer in range(starts.size - 1):
        mine = members[starts[customer] : starts[customer + 1]]
        made = np.empty(mine.size, np.int64)
        count = 0
        for number in mine:
            if accounts[number].status == _OPEN and menu[accounts[number].treatment].group:
                made[count] = number
                count += 1
        if count < 2:
            continue
        hours = np.empty(count, np.int64)
        for n in range(count):
            hours[n] = menu[accounts[made[n]].treatment].window * accounts.size + made[n]
        made = made[:count][np.argsort(hours)]
        before = 1
        for n in range(1, count):
            a = accounts[made[n]]
            broken = _broken(accounts, mine, made[:before], menu, a, rules, channel_days, place, day)
            if broken and gated:
                _undo(a, broken)
                queues[np.searchsorted(rows, made[n])] = _NO_QUEUE
                continue
            if broken and not a.events & _E_BREACH:
                a.rule = broken
                a.breaches += 1
                a.events |= _E_BREACH
            made[before] = made[n]
            before += 1


@njit()
def _broken(accounts, members, before, menu, a, rules, channel_days, place, day):  # type: ignore[no-untyped-def]
    """1 + number of the first rule that the contact of an account breaks because of those `before` it on the day; 0 = none."""
    bits = menu[a.treatment].bits
    for rule in rules:
        if not rule.bits & bits or rule.counted == _DAYS:  # a day with a contact is no further day
            continue
        if rule.products and not (rule.products >> a.product) & 1:
            continue
        today = 0
        for number in before:
            group = menu[accounts[number].treatment].group
            if rule.channel:
                today += rule.channel == menu[accounts[number].treatment].channel
            elif rule.counted == _ATTEMPTS:
                today += rule.group == _ANY or rule.group == group
            else:
                today += accounts[number].reached and (group == _CALL or group == _VISIT)
        if today and today + _counted(accounts, members, rule, channel_days, place, day) >= rule.most:
            return rule.rule + 1
    return 0


@njit()
def _undo(a, rule):  # type: ignore[no-untyped-def]
    """The contact that was foreseen does not happen."""
    a.treatment, a.reached, a.novelty, a.seconds = 0, 0, 0.0, 0
    a.calls_back, a.answered, a.served = 0, 0, 0
    a.rule = rule
    a.blocked += 1
    a.outcome = _BLOCKED
    a.events |= _E_BLOCKED
