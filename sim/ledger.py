"""The ledger: what happened each day, what became of each account, and where every cent went."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recoup.sim.account import Event, Stage, Status
from recoup.sim.compliance.gate import SUSPENDED
from recoup.sim.eventlog import EventLog, rule_names
from recoup.sim.kernels import EVENT_NAMES, SUMS
from recoup.sim.operations.contact_centre import ShiftTotals
from recoup.sim.portfolio.table import Portfolio
from recoup.sim.treatments import STANDARD, AnyChannel, Vocabulary

_DAILY_NAMES = {
    "attempt": "attempts",
    "promise": "promises",
    "promise_kept": "kept",
    "promise_broken": "broken",
    "offer": "offers",
    "offer_accepted": "accepted",
    "offer_refused": "refused",
    "payment": "payments",
    "instalment_paid": "instalments_paid",
    "instalment_missed": "instalments_missed",
    "plan_broken": "plans_broken",
    "complaint": "complaints",
    "opt_out": "opt_outs",
    "dispute": "disputes",
    "notice": "notices",
    "suit": "suits",
    "judgment": "judgments",
    "enforcement": "enforcements",
    "seizure": "seizures",
    "breach": "breaches",
    "cease_contact": "ceases_of_contact",
    "breathing_space": "breathing_spaces",
    "review": "reviews",
    "handover": "handovers",
}


# What a record counts from the account's entry on; tables have it from the first day on.
_TALLIES = (
    "interest", "fees", "cash", "forgiven", "attempts", "reaches", "call_attempts", "call_reaches", "promises", "kept", "broken", "offers",
    "refused", "plans", "plans_broken", "complaints", "payments", "opted_out", "restructured",
)  # fmt: skip


def _names(channels: Iterable[AnyChannel]) -> str:
    return ", ".join(channel.name.lower() for channel in channels)


def money_gap(accounts: NDArray[np.void]) -> NDArray[np.int64]:
    """opening + interest + fees − cash − forgiven − written off − balance, in cents: zero for every account, always."""
    inflow = accounts["opening"] + accounts["interest"] + accounts["fees"]
    outflow = accounts["cash"] + accounts["forgiven"] + accounts["written_off"] + accounts["balance"]
    return np.asarray(inflow - outflow, np.int64)


@dataclass(frozen=True)
class DayClose:
    """What a finished day hands to the ledger, beside the accounts themselves.

    Attributes:
        day: number of the day.
        rows: numbers of the accounts that were open in the morning, int64 (open,).
        evening: those of them that have something to be booked, `day.EVENING`.
        totals: int64, counts by `kernels.EVENT_NAMES`, then `kernels.SUMS`.
        interest: late interest charged in the morning, cents.
        fees: court fees that judgments have added to claims, cents.
        macro, discount_factor: of the day.
        complaint_surcharge: cents that a complaint of the day costs more.
        shifts: what each resource gave, by name.
        legal_active, legal_capacity, legal_queue: case places taken, all places, suits that wait for one.
        suspended: channels that a correction has closed.
        away: people at courses.
    """

    day: int
    rows: NDArray[np.int64]
    evening: NDArray[np.void]
    totals: NDArray[np.int64]
    interest: int
    fees: int
    macro: float
    discount_factor: float
    complaint_surcharge: float
    shifts: Mapping[str, ShiftTotals]
    legal_active: int
    legal_capacity: int
    legal_queue: int
    suspended: Sequence[AnyChannel]
    away: int


class Ledger:
    """Keeps the daily figures of a simulation and, if asked, its event log.

    Args:
        accounts: records (`account.ACCOUNT`), read in place, shape (accounts,).
        portfolio: who they are.
        rule_ids: ids of the rule pack's rules, in order.
        entry_tiers: index into the vocabulary's tiers of each account when it entered, int (accounts,).
        log: where events are kept; None = nowhere.
        minute: what a minute of each pool's staff is paid, cents; a pool that it does not name is not paid by the minute.
        vocabulary: of the world, whose tiers and channels have names.

    Attributes:
        forgiven: cents forgiven so far, by accounts in mid-life before the first day too.
    """

    def __init__(
        self,
        accounts: NDArray[np.void],
        portfolio: Portfolio,
        rule_ids: Sequence[str],
        entry_tiers: NDArray[np.integer],
        log: EventLog | None,
        minute: Mapping[str, float],
        vocabulary: Vocabulary = STANDARD,
    ) -> None:
        self._accounts, self._portfolio, self._rule_ids, self._log = accounts, portfolio, tuple(rule_ids), log
        self._days: list[dict[str, Any]] = []
        self._by_rule = {Event.BLOCKED: Counter[int](), Event.BREACH: Counter[int]()}
        self._minute, self._vocabulary = dict(minute), vocabulary
        self.forgiven = int(accounts["forgiven"].sum())  # before the first day too, by accounts in mid-life
        self._before = {name: accounts[name].copy() for name in _TALLIES} if portfolio.state else {}
        self._claims = accounts["balance"].copy() if portfolio.state else accounts["opening"]
        self._entry_tier = np.array(vocabulary.tiers)[entry_tiers]

    @property
    def keeps_events(self) -> bool:
        """Every event is kept."""
        return self._log is not None

    @property
    def yesterday(self) -> dict[str, Any]:
        """The figures of the latest day that was closed: a row of `daily_table`."""
        return self._days[-1]

    def begin_day(self, settlement_budget_left: float) -> None:
        """The morning's decisions have been taken; nothing has come of them yet. The budget's share is left, 0 to 1."""
        if self._log:
            self._log.morning(settlement_budget_left)

    def close_day(self, close: DayClose) -> None:
        """Book a finished day: `daily_table` has one row more, and the event log the day's events."""
        values = close.totals.tolist()
        day: dict[str, Any] = {"day": close.day}
        day |= dict(zip((_DAILY_NAMES.get(name, name) for name in EVENT_NAMES), values, strict=False))
        day |= dict(zip(SUMS, values[len(EVENT_NAMES) :], strict=True))
        day |= {"interest": close.interest, "fees": close.fees, "macro": close.macro}
        day["discount_factor"] = close.discount_factor
        self.forgiven += int(day["forgiven"])
        for name, shift in close.shifts.items():
            day |= {
                f"{name}_seconds": shift.used,
                f"{name}_capacity": shift.capacity,
                f"{name}_paid": shift.paid,
                f"{name}_requested": shift.requested,
                f"{name}_served": shift.served,
            }
        day["overhead"] = sum(shift.overhead for shift in close.shifts.values())
        day["idle_cost"] = sum(self._idle_cost(name, shift) for name, shift in close.shifts.items())
        day |= {"legal_active": close.legal_active, "legal_capacity": close.legal_capacity}
        day["legal_queue"] = close.legal_queue
        day |= {"suspended": _names(close.suspended), "away": close.away}
        day["regulator_cost"] = round(day["complaints"] * close.complaint_surcharge)
        self._days.append(day)
        suspended = self._suspended
        for event in (Event.BLOCKED, Event.BREACH):
            if day[_DAILY_NAMES.get(event.name.lower(), event.name.lower())]:  # type: ignore[union-attr]
                self._by_rule[event].update(close.evening["rule"][close.evening["events"] & event > 0].tolist())
        day["blocked_suspended"] = self._suspended - suspended
        if self._log:
            self._log.evening(close.day, close.rows)

    def _idle_cost(self, name: str, shift: ShiftTotals) -> int:
        """Pay of a pool's day for the time that no account was served in, courses included: cents; overtime earns nothing back."""
        return int(max(shift.paid - shift.used, 0) * self._minute.get(name, 0.0) / 60.0 + 0.5)

    @property
    def _suspended(self) -> int:
        """Treatments stopped so far because their channel was suspended."""
        return sum(count for number, count in self._by_rule[Event.BLOCKED].items() if number >= SUSPENDED)

    def by_rule(self, event: Event) -> dict[str, int]:
        """Counts by rule id of treatments blocked, or of breaches."""
        names = self.rule_names("impossible")
        return {names[number]: count for number, count in sorted(self._by_rule[event].items())}

    def rule_names(self, none: str = "") -> dict[int, str]:
        """What the numbers in `rule` stand for; 0 is `none`."""
        return rule_names(self._rule_ids, none, self._vocabulary)

    def daily_table(self) -> pd.DataFrame:
        """One row per day.

        Columns: day; counts of events; open accounts and their balance in the evening; cash, forgiven, cost, interest,
        fees, overhead, idle_cost (cents; pay of staff for the time that no account was served in); per pool seconds used,
        capacity (on hand) and paid (those at courses included), accounts requested and served; legal_active,
        legal_capacity, legal_queue (cases); macro index; discount_factor (worth at day 0 of money of that day); suspended
        (names of channels that a correction has closed), blocked_suspended (treatments stopped by that), away (people at
        courses), regulator_cost (cents of `cost` that complaints cost more above the regulator's tolerance).
        """
        return pd.DataFrame(self._days)

    def events_table(self) -> pd.DataFrame:
        """The event log: one row per account and day with a treatment or an event.

        Columns: day, account_id, treatment (name), outcome (name), rule (id or empty), collector (who had the account on the
        telephone, or empty), one flag per event, seconds,
        cash, forgiven, cost, balance (cents, in the evening).

        Raises:
            RuntimeError: the simulation was not asked to record events, or writes them to a file.
        """
        return self._recorded.events()

    def audit_table(self) -> pd.DataFrame:
        """The event log in the form that an audit reads: columns as in `auditlog.AUDIT_COLUMNS`.

        Raises:
            RuntimeError: the simulation was not asked to record events, or writes them to a file.
        """
        return self._recorded.audit()

    def finish_log(self) -> None:
        """The simulation is over: the file of its event log, if there is one, is whole."""
        if self._log:
            self._log.finish()

    @property
    def _recorded(self) -> EventLog:
        if self._log is None:
            raise RuntimeError("the simulation was not asked to record events")
        return self._log

    def accounts_table(self) -> pd.DataFrame:
        """One row per account: who it is, the money in cents, counts, and how it ended.

        Of an account in mid-life `opening` is the claim on the first morning, and all that is counted has happened since.
        `closed_day` is −1 for open accounts. Protected attributes (age, sex, region) are here for the fairness audit only.
        """
        a, people = self._accounts, self._portfolio.table
        table = pd.DataFrame(
            {name: people[name].to_numpy() for name in ("account_id", "product", "age", "sex", "region", "dpd")}
        )
        table["entry_tier"] = self._entry_tier
        for name in (
            "opening balance interest fees cash forgiven written_off cost cash_day_sum discounted_cash discounted_cost "
            "attempts reaches call_attempts call_reaches promises kept broken offers refused plans plans_broken "
            "complaints blocked breaches unserved payments opted_out best_discount restructured "
            "busiest_week plans_fit hardship_calls hardship_suits distress_contacts distress_suits distress_seized"
        ).split():
            table[name] = a[name] - self._before[name] if name in self._before else a[name]
        table["opening"] = self._claims
        table["status"] = np.array([status.name.lower() for status in Status])[a["status"]]
        table["closed_day"] = np.where(a["status"] == Status.OPEN, -1, a["closed_day"])
        table["stage"] = np.array([stage.name.lower() for stage in Stage])[a["stage"]]
        return table
