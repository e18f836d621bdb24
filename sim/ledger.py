"""The books: what happened each day, what became of each account, and where every cent went."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sim.account import Event, Outcome, Stage, Status
from sim.kernels import EVENT_NAMES, SUMS
from sim.observation import FIELD_INDEX, TIERS

if TYPE_CHECKING:
    from sim.simulation import Simulation

_EVENT_COLUMNS = (
    "number",
    "treatment",
    "outcome",
    "rule",
    "events",
    "seconds",
    "cash_today",
    "forgiven_today",
    "cost_today",
    "balance",
)
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
}


def money_gap(accounts: NDArray[np.void]) -> NDArray[np.int64]:
    """opening + interest + fees − cash − forgiven − written off − balance, in cents: zero for every account, always."""
    inflow = accounts["opening"] + accounts["interest"] + accounts["fees"]
    outflow = accounts["cash"] + accounts["forgiven"] + accounts["written_off"] + accounts["balance"]
    return np.asarray(inflow - outflow, np.int64)


class Ledger:
    """Keeps the daily figures of a simulation and, if asked, its event log."""

    def __init__(self, simulation: Simulation, record_events: bool) -> None:
        self._simulation, self._record_events = simulation, record_events
        self._days: list[dict[str, float]] = []
        self._events: list[pd.DataFrame] = []
        self._by_rule = {Event.BLOCKED: Counter[int](), Event.BREACH: Counter[int]()}
        self.interest_today = 0
        self.forgiven = 0
        tiers = simulation.observe()[:, FIELD_INDEX["tier"]].astype(int)
        self._entry_tier = np.array(TIERS)[tiers]
        self._fees = 0

    @property
    def yesterday(self) -> dict[str, float]:
        """The figures of the latest day that was closed."""
        return self._days[-1]

    def close_day(self, totals: NDArray[np.int64]) -> None:
        """Book a day from the kernels' totals, the staff's clocks and the court's docket."""
        s = self._simulation
        values = totals.tolist() if totals.size else [0] * (len(EVENT_NAMES) + len(SUMS))
        day: dict[str, float] = {"day": s.day}
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
        self._days.append(day)
        rows = s.open_accounts
        for event in (Event.BLOCKED, Event.BREACH):
            if day[_DAILY_NAMES.get(event.name.lower(), event.name.lower())]:  # type: ignore[union-attr]
                self._by_rule[event].update(s.accounts["rule"][rows][s.accounts["events"][rows] & event > 0].tolist())
        if self._record_events:
            self._log(rows)

    def _log(self, rows: NDArray[np.int64]) -> None:
        today = self._simulation.accounts[rows]
        happened = today[(today["treatment"] > 0) | (today["events"] > 0)]
        log = pd.DataFrame({name: happened[name] for name in _EVENT_COLUMNS})
        log.insert(0, "day", np.int32(self._simulation.day))
        self._events.append(log)

    def by_rule(self, event: Event) -> dict[str, int]:
        """Counts by rule id of treatments blocked, or of breaches."""
        rules = self._simulation.rules.rules
        return {
            (rules[number - 1].id if number else "impossible"): count
            for number, count in sorted(self._by_rule[event].items())
        }

    def daily_table(self) -> pd.DataFrame:
        """One row per day.

        Columns: day; counts of events; open accounts and their balance in the evening; cash, forgiven, cost, interest,
        fees, overhead (cents); per pool seconds used, capacity (seconds), accounts requested and served; legal_active,
        legal_capacity, legal_queue (cases); macro index; discount_factor (worth at day 0 of money of that day).
        """
        return pd.DataFrame(self._days)

    def events_table(self) -> pd.DataFrame:
        """The event log: one row per account and day with a treatment or an event.

        Columns: day, account_id, treatment (name), outcome (name), rule (id or empty), one flag per event, seconds,
        cash, forgiven, cost, balance (cents, in the evening).

        Raises:
            RuntimeError: the simulation was not asked to record events.
        """
        if not self._record_events:
            raise RuntimeError("the simulation was not asked to record events")
        if not self._events:
            return pd.DataFrame()
        log = pd.concat(self._events, ignore_index=True)
        s = self._simulation
        names = pd.Index(s.menu.names)
        outcomes = np.array([outcome.name.lower() for outcome in Outcome])
        rules = np.array(["", *(rule.id for rule in s.rules.rules)])
        table = pd.DataFrame(
            {
                "day": log["day"],
                "account_id": s.portfolio.column("account_id")[log["number"]],
                "treatment": names[log["treatment"]],
                "outcome": outcomes[log["outcome"]],
                "rule": rules[log["rule"]],
            }
        )
        for bit, name in enumerate(EVENT_NAMES):
            table[name] = (log["events"].to_numpy() >> bit & 1).astype(bool)
        for name in ("seconds", "cash_today", "forgiven_today", "cost_today", "balance"):
            table[name.removesuffix("_today")] = log[name]
        return table

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
            "complaints blocked breaches unserved payments"
        ).split():
            table[name] = a[name]
        table["status"] = np.array([status.name.lower() for status in Status])[a["status"]]
        table["closed_day"] = np.where(a["status"] == Status.OPEN, -1, a["closed_day"])
        table["stage"] = np.array([stage.name.lower() for stage in Stage])[a["stage"]]
        return table
