"""What an event log had said of an account before each of its rows: one pass over the rows, in the order of time.

The audit judges a row by what is known from the rows before it. An account's knowledge is one record (`KNOWN`), which each
row reads and then changes, so that a log of any length is read in the memory that its accounts take.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recoup.sim.compiled import njit
from recoup.sim.treatments import STANDARD, Group, Legal, OfferKind, Vocabulary

NONE = -(2**31)  # a day or a number that is not known
NEVER = 2**31 - 1  # an end that the log does not know

# What a row says, as the pass reads it. `channel`, `offer` and `legal` are codes of `treatments`, 0 = nothing; `number` tells the
# dialled numbers of all accounts apart, `customer` those whose accounts they are. Booleans are false, days NONE, where the log says nothing.
ROW = np.dtype(
    [(name, np.int32) for name in ("account", "customer", "number", "day", "dpd", "promise_due")]
    + [
        (f"{state}_until", np.int32)
        for state in ("complaint", "dispute", "hardship", "breathing_space", "restructuring_request")
    ]
    + [("interest", np.float64)]
    + [(name, np.uint8) for name in ("channel", "offer", "legal")]
    + [
        (name, np.bool_)
        for name in (
            "done", "reached", "accepted", "promise", "promise_kept", "promise_broken", "payment", "instalment_paid",
            "instalment_missed", "plan_broken", "complaint", "dispute", "hardship", "breathing_space",
            "restructuring_request", "opt_out", "cease_contact", "represented", "validation_notice",
        )
    ],
    align=True,
)  # fmt: skip

# What is known before a row. `…_free`: the first day on which a protection no longer holds; `…_since`: the first day of a state
# that lasts; days of the latest agreement, notice, conversation (about the account, and with the customer) and row; NONE where there was none.
KNOWN = np.dtype(
    [
        (name, np.int32)
        for name in (
            "complaint_free", "dispute_free", "hardship_free", "breathing_space_free", "restructuring_request_free",
            "opted_out_since", "cease_contact_since", "restructured_since", "represented_since",
            "agreed_on", "plans_broken", "noticed", "conversed_last", "customer_conversed_last", "promise_due_known", "first_contact",
            "day_before",
        )
    ]
    + [("interest_before", np.float64)]
    + [(name, np.bool_) for name in ("plan_kept", "plan_ended", "plan_missed", "promise_open")],
    align=True,
)  # fmt: skip

GROUPS = tuple(group.name.lower() for group in Group if group)
_ANY = 0  # the group of all contacts
_NO_CHANNEL = 255

DAYS, ATTEMPTS, CONVERSATIONS, UNANSWERED = range(4)
_KINDS = ("days", "attempts", "conversations", "unanswered")
_COUNT = np.dtype(
    [(name, np.uint8) for name in ("group", "channel", "kind")]
    + [("of_customer", np.bool_), ("days", np.int32), ("first", np.int32)]
)
_SILENCE = np.dtype([("heard", np.int32), ("begun", np.int32), ("late", np.bool_)])
_MOST = 2**15 - 1


@dataclass(frozen=True)
class Count:
    """How many contacts came before a row within so many days, its own the last of them.

    Attributes:
        group: one of `GROUPS`, or `contact` for all; or the name of a channel, which is counted by itself.
        kind: what is counted: earlier days with a contact, attempts, conversations (by call or visit, whatever the group), or, of
            the row's own day and dialled number, unanswered dials.
        days: within which.
        per: the contacts with the `customer`, about all of his accounts, or about one `account`.
    """

    group: str
    kind: str
    days: int
    per: str = "customer"

    @property
    def column(self) -> str:
        """Its name in the audit's SQL."""
        return f"earlier_{self.group}_{self.kind}_{self.days}" + ("_of_account" if self.per == "account" else "")


@dataclass(frozen=True)
class Silence:
    """Days without a demand in time or an acknowledgement, for a limitation that they restart; see `rules.Limitation`.

    Attributes:
        days: after which the debt is time-barred.
    """

    days: int

    @property
    def column(self) -> str:
        """Its name in the audit's SQL."""
        return f"silent_{self.days}"


class History:
    """What is known of each account so far.

    Args:
        counts, silences: what is kept beside `KNOWN`.
        vocabulary: of the world that the log is of: its channels.
    """

    def __init__(
        self,
        counts: tuple[Count, ...],
        silences: tuple[Silence, ...],
        vocabulary: Vocabulary = STANDARD,
    ) -> None:
        self._groups = vocabulary.groups
        self._counts = np.zeros(len(counts), _COUNT)
        first = 0
        for record, count in zip(self._counts, counts, strict=True):
            if count.group == "contact" or count.group in GROUPS:
                record["group"] = _ANY if count.group == "contact" else GROUPS.index(count.group) + 1
            else:  # a channel that the log cannot name is in none of its rows
                there = count.group in vocabulary.channel
                record["channel"] = vocabulary.channel[count.group].channel if there else _NO_CHANNEL
            record["kind"] = _KINDS.index(count.kind)
            record["days"], record["first"], record["of_customer"] = count.days, first, count.per == "customer"
            first += count.days
        self._periods = np.array([silence.days for silence in silences], np.int64)
        self._known = np.zeros(0, KNOWN)
        self._sent = np.zeros(0, np.int32)  # first day on which the notice of the debt was sent
        # By account, or by customer as the count says; of each count a ring of days: how many on each.
        self._recent = np.zeros((0, first), np.int16)
        self._conversed = np.zeros(0, np.int32)  # the latest conversation with each customer
        self._latest = np.zeros((0, len(counts)), np.int32)  # the day that a ring has reached
        self._silences = np.zeros((0, len(silences)), _SILENCE)
        self._dials = np.zeros((0, 2), np.int32)  # of each number: the latest day, and the unanswered dials on it

    def read(self, rows: NDArray[np.void]) -> tuple[NDArray[np.void], NDArray[np.int32], NDArray[np.int32]]:
        """Take in the next rows.

        Args:
            rows: records (`ROW`), in the order of time; a day's rows all at once.

        Returns:
            What was known before each: records (`KNOWN`), and int32 (rows, columns): first the notice's day (NONE = none yet sent
            by the end of these rows), then each count; and each silence (NONE = unknown). `first_contact` is the row's own
            day where it is the first.
        """
        whose = max(int(rows["account"].max(initial=-1)), int(rows["customer"].max(initial=-1)))
        self._make_room(whose + 1, int(rows["number"].max(initial=-1)) + 1)
        known = np.empty(rows.size, KNOWN)
        earlier = np.zeros((rows.size, 1 + self._counts.size), np.int32)
        silent = np.full((rows.size, self._periods.size), NONE, np.int32)
        _read(
            rows, self._groups, self._known, self._sent, self._conversed, self._counts, self._recent, self._latest, self._dials, self._periods,
            self._silences, known, earlier, silent,
        )  # fmt: skip
        return known, earlier, silent

    def _make_room(self, accounts: int, numbers: int) -> None:
        more = accounts - self._known.size
        if more > 0:
            fresh = np.zeros(more, KNOWN)
            for name in KNOWN.names or ():
                if KNOWN[name] == np.int32 and name != "plans_broken":
                    fresh[name] = NONE
            fresh["interest_before"] = np.nan
            silences = np.zeros((more, self._periods.size), _SILENCE)
            silences["heard"] = silences["begun"] = NONE
            self._known = np.concatenate([self._known, fresh])
            self._sent = np.append(self._sent, np.full(more, NONE, np.int32))
            self._conversed = np.append(self._conversed, np.full(more, NONE, np.int32))
            self._recent = np.concatenate([self._recent, np.zeros((more, self._recent.shape[1]), np.int16)])
            self._latest = np.concatenate([self._latest, np.full((more, self._counts.size), NONE, np.int32)])
            self._silences = np.concatenate([self._silences, silences])
        if numbers > len(self._dials):
            fresh_numbers = np.full((numbers - len(self._dials), 2), [NONE, 0], np.int32)
            self._dials = np.concatenate([self._dials, fresh_numbers])


@njit()
def _read(  # type: ignore[no-untyped-def]
    rows, groups, states, sent, talked, counts, recent, latest, dials, periods, silences, known, earlier, silent
) -> None:
    for row in rows:
        # A notice of the debt sent later on the day excuses the day's contacts, hence before all of them.
        if row.validation_notice and (sent[row.account] == NONE or row.day < sent[row.account]):
            sent[row.account] = row.day
    for i in range(rows.size):
        row = rows[i]
        group = groups[row.channel]
        contacted = row.done and row.channel != 0
        conversed = contacted and row.reached and (group == Group.CALL or group == Group.VISIT)
        state = states[row.account]
        if contacted and state.first_contact == NONE:
            state.first_contact = row.day
        state.customer_conversed_last = talked[row.customer]
        known[i] = state
        earlier[i, 0] = sent[row.account]
        for c in range(counts.size):
            count = counts[c]
            whose = row.customer if count.of_customer else row.account
            mine = row.channel != 0 and (count.group == _ANY or count.group == group)
            if count.channel != 0:
                mine = count.channel == row.channel
            if count.kind == UNANSWERED:
                if mine:
                    dial = dials[row.number]
                    if dial[0] != row.day:
                        dial[0], dial[1] = row.day, 0
                    earlier[i, 1 + c] = dial[1]
                    dial[1] += contacted and not row.reached
            elif mine or (count.kind == CONVERSATIONS and conversed):
                ring = recent[whose, count.first : count.first + count.days]
                _turn(ring, latest[whose, c], row.day)
                latest[whose, c] = row.day
                today = row.day % count.days
                total = 0
                for day in range(count.days):
                    total += ring[day]
                counts_now = conversed if count.kind == CONVERSATIONS else contacted
                if count.kind == DAYS:
                    earlier[i, 1 + c] = total - ring[today]
                    ring[today] = max(ring[today], counts_now)
                else:
                    earlier[i, 1 + c] = total
                    ring[today] = min(ring[today] + counts_now, _MOST)
        for s in range(periods.size):
            silent[i, s] = _silence(silences[row.account, s], periods[s], row, contacted)
        if conversed:
            talked[row.customer] = row.day
        _learn(state, row, contacted, conversed)


@njit()
def _turn(ring, latest, day) -> None:  # type: ignore[no-untyped-def]
    """Forget what a ring says of the days that are over: it then holds the last days up to this one."""
    if latest == NONE or day - latest >= ring.size:
        ring[:] = 0
    else:
        for over in range(latest + 1, day + 1):
            ring[over % ring.size] = 0


@njit()
def _silence(silence, period, row, contacted):  # type: ignore[no-untyped-def]
    """Days since the debt fell due or since the latest demand in time or acknowledgement; then the row's own is taken in."""
    due = row.day - row.dpd if row.dpd != NONE else NONE
    since = max(due, silence.begun)
    silent = row.day - since if since != NONE else NONE
    acknowledges = row.payment or row.promise or row.accepted
    demands = (row.reached and contacted) or (row.legal != 0 and row.done)
    if acknowledges:
        silence.late = False
    elif demands and max(due, silence.heard) != NONE and row.day - max(due, silence.heard) > period:
        silence.late = True  # too late to begin anything, as is every demand until an acknowledgement
    if acknowledges or demands:
        silence.heard = row.day
        if not silence.late:
            silence.begun = row.day
    return silent


@njit()
def _learn(state, row, contacted, conversed) -> None:  # type: ignore[no-untyped-def]
    """Take in what a row says, for the rows after it."""
    day = row.day
    if row.complaint:
        state.complaint_free = max(state.complaint_free, row.complaint_until)
    if row.dispute:
        state.dispute_free = max(state.dispute_free, row.dispute_until)
    if row.hardship:
        state.hardship_free = max(state.hardship_free, row.hardship_until)
    if row.breathing_space:
        state.breathing_space_free = max(state.breathing_space_free, row.breathing_space_until)
    if row.restructuring_request:
        state.restructuring_request_free = max(state.restructuring_request_free, row.restructuring_request_until)
    if row.opt_out and state.opted_out_since == NONE:
        state.opted_out_since = day
    if row.cease_contact and state.cease_contact_since == NONE:
        state.cease_contact_since = day
    if row.represented and state.represented_since == NONE:
        state.represented_since = day
    if row.accepted and row.offer == OfferKind.RESTRUCTURE and state.restructured_since == NONE:
        state.restructured_since = day
    if row.plan_broken:
        state.plan_ended = True
        state.plans_broken += 1
    if row.instalment_paid:
        state.plan_missed = False
    if row.instalment_missed:
        state.plan_missed = True
    if row.accepted and (row.offer == OfferKind.PLAN or row.offer == OfferKind.RESTRUCTURE):
        state.agreed_on = day
        state.plan_ended = state.plan_missed = False
    # Kept is an agreement that did not end since, and of which no instalment is missed and not yet made good by a paid one.
    state.plan_kept = state.agreed_on != NONE and not state.plan_ended and not state.plan_missed
    # An asset is sold for less than the debtor is credited with; both are due like a promise.
    if row.promise or (row.accepted and (row.offer == OfferKind.SETTLEMENT or row.offer == OfferKind.SWAP)):
        state.promise_open, state.promise_due_known = True, row.promise_due
    if row.promise_kept or row.promise_broken:
        state.promise_open = False
    if row.legal == Legal.NOTICE and row.done:
        state.noticed = day
    if conversed:
        state.conversed_last = day
    state.day_before, state.interest_before = day, row.interest
