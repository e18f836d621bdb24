"""The books: what happened each day, what became of each account, and where every cent went."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recoup.sim.account import Event, Stage, Status
from recoup.sim.compliance.gate import SUSPENDED
from recoup.sim.eventlog import EventLog
from recoup.sim.kernels import EVENT_NAMES, SUMS
from recoup.sim.observation import FIELD_INDEX, TIERS
from recoup.sim.treatments import Channel

if TYPE_CHECKING:
    from recoup.sim.simulation import Simulation

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
}


def _names(channels: Iterable[Channel]) -> str:
    return ", ".join(channel.name.lower() for channel in channels)


def money_gap(accounts: NDArray[np.void]) -> NDArray[np.int64]:
    """opening + interest + fees − cash − forgiven − written off − balance, in cents: zero for every account, always."""
    inflow = accounts["opening"] + accounts["interest"] + accounts["fees"]
    outflow = accounts["cash"] + accounts["forgiven"] + accounts["written_off"] + accounts["balance"]
    return np.asarray(inflow - outflow, np.int64)


class Ledger:
    """Keeps the daily figures of a simulation and, if asked, its event log."""

    def __init__(self, simulation: Simulation, record_events: bool) -> None:
        self._simulation = simulation
        self._log = EventLog(simulation) if record_events else None
        self._days: list[dict[str, Any]] = []
        self._by_rule = {Event.BLOCKED: Counter[int](), Event.BREACH: Counter[int]()}
        self.interest_today = 0
        self.forgiven = 0
        tiers = simulation.observe()[:, FIELD_INDEX["tier"]].astype(int)
        self._entry_tier = np.array(TIERS)[tiers]
        self._fees = 0

    @property
    def yesterday(self) -> dict[str, Any]:
        """The figures of the latest day that was closed."""
        return self._days[-1]

    def begin_day(self, settlement_budget_left: float) -> None:
        """The morning's decisions have been taken; nothing has come of them yet."""
        if self._log:
            self._log.morning(settlement_budget_left)

    def close_day(self, totals: NDArray[np.int64]) -> None:
        """Book a day from the kernels' totals, the staff's clocks and the court's docket."""
        s = self._simulation
        values = totals.tolist() if totals.size else [0] * (len(EVENT_NAMES) + len(SUMS))
        day: dict[str, Any] = {"day": s.day}
        day |= dict(zip((_DAILY_NAMES.get(name, name) for name in EVENT_NAMES), values, strict=False))
        day |= dict(zip(SUMS, values[len(EVENT_NAMES) :], strict=True))
        fees = int(s.accounts["fees"].sum()) if day["judgments"] else self._fees
        day |= {"interest": self.interest_today, "fees": fees - self._fees, "macro": s.economy.index}
        day["discount_factor"] = s.discount_factor
        self._fees = fees
        self.forgiven += int(day["forgiven"])
        overhead = 0
        for name, centre in s.centres.items():
            day |= {
                f"{name}_seconds": centre.used,
                f"{name}_capacity": centre.capacity,
                f"{name}_requested": centre.requested,
                f"{name}_served": centre.served,
            }
            overhead += centre.overhead
            centre.end_of_day()
        day |= {"overhead": overhead, "legal_active": s.courts.team.count, "legal_capacity": s.courts.team.capacity}
        day["legal_queue"] = s.courts.waiting
        day |= {"suspended": _names(s.corrections.suspended), "away": sum(c.away for c in s.centres.values())}
        day["regulator_cost"] = round(day["complaints"] * s.complaint_surcharge)
        self._days.append(day)
        rows = s.open_accounts
        suspended = self._suspended
        for event in (Event.BLOCKED, Event.BREACH):
            if day[_DAILY_NAMES.get(event.name.lower(), event.name.lower())]:  # type: ignore[union-attr]
                self._by_rule[event].update(s.accounts["rule"][rows][s.accounts["events"][rows] & event > 0].tolist())
        day["blocked_suspended"] = self._suspended - suspended
        if self._log:
            self._log.evening(rows)

    def forget(self, departed: NDArray[np.void]) -> None:
        """Accounts make way for others: what they were charged so far is not asked of the newcomers."""
        self._fees -= int(departed["fees"].sum())

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
        rules = {number: rule.id for number, rule in enumerate(self._simulation.rules.rules, start=1)}
        channels = {SUSPENDED + channel: f"suspended-{channel.name.lower()}" for channel in Channel if channel}
        return {0: none} | rules | channels

    def daily_table(self) -> pd.DataFrame:
        """One row per day.

        Columns: day; counts of events; open accounts and their balance in the evening; cash, forgiven, cost, interest,
        fees, overhead (cents); per pool seconds used, capacity (seconds), accounts requested and served; legal_active,
        legal_capacity, legal_queue (cases); macro index; discount_factor (worth at day 0 of money of that day); suspended
        (names of channels that a correction has closed), blocked_suspended (treatments stopped by that), away (people at
        courses), regulator_cost (cents of `cost` that complaints cost more above the regulator's tolerance).
        """
        return pd.DataFrame(self._days)

    def events_table(self) -> pd.DataFrame:
        """The event log: one row per account and day with a treatment or an event.

        Columns: day, account_id, treatment (name), outcome (name), rule (id or empty), one flag per event, seconds,
        cash, forgiven, cost, balance (cents, in the evening).

        Raises:
            RuntimeError: the simulation was not asked to record events.
        """
        return self._recorded.events(self.rule_names(""))

    def audit_table(self) -> pd.DataFrame:
        """The event log in the form that an audit reads: columns as in `auditlog.AUDIT_COLUMNS`.

        Raises:
            RuntimeError: the simulation was not asked to record events.
        """
        return self._recorded.audit(self.rule_names("impossible"))

    @property
    def _recorded(self) -> EventLog:
        if self._log is None:
            raise RuntimeError("the simulation was not asked to record events")
        return self._log

    def accounts_table(self) -> pd.DataFrame:
        """One row per account: who it is, the money in cents, counts, and how it ended.

        `closed_day` is −1 for open accounts. Protected attributes (age, sex, region) are here for the fairness audit only.
        """
        s = self._simulation
        a, people = s.accounts, s.portfolio.table
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
            table[name] = a[name]
        table["status"] = np.array([status.name.lower() for status in Status])[a["status"]]
        table["closed_day"] = np.where(a["status"] == Status.OPEN, -1, a["closed_day"])
        table["stage"] = np.array([stage.name.lower() for stage in Stage])[a["stage"]]
        return table
