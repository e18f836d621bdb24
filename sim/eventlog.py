"""The event log of a simulation: one row per account and day on which anything happened."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recoup.sim.account import Event, Outcome
from recoup.sim.compliance.auditlog import AUDIT_COLUMNS, CHANNELS, LEGAL_NAMES, OFFER_NAMES
from recoup.sim.kernels import EVENT_NAMES
from recoup.sim.treatments import OFFER_DISCOUNT, OFFER_KIND, OFFER_MONTHS, OfferKind, Window

if TYPE_CHECKING:
    from recoup.sim.simulation import Simulation

_STATE = (
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
    "interest",
    "promise_due",
    "complaint_until",
    "dispute_until",
    "hardship_until",
    "breathing_until",
)
_UNTIL = {
    "complaint": "complaint_until",
    "dispute": "dispute_until",
    "hardship": "hardship_until",
    "breathing_space": "breathing_until",
}


class EventLog:
    """Notes every evening the accounts to which something happened."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        self._days: list[dict[str, NDArray[np.generic]]] = []
        self._claims: NDArray[np.int64] = np.zeros(0, np.int64)
        self._budget_left = 1.0

    def morning(self, budget_left: float) -> None:
        """Note what the day's decisions were taken on."""
        self._claims, self._budget_left = self._simulation.accounts["balance"].copy(), budget_left

    def evening(self, rows: NDArray[np.int64]) -> None:
        """Note what happened to the accounts that were open in the morning."""
        s = self._simulation
        busy = rows[(s.accounts["treatment"][rows] > 0) | (s.accounts["events"][rows] > 0)]
        day = {name: s.accounts[name][busy] for name in _STATE} | {"claim": self._claims[busy]}
        day["day"] = np.full(busy.size, s.day, np.int32)
        day["day_off"] = np.full(busy.size, s.calendar.is_day_off(s.day))
        day["budget_left"] = np.full(busy.size, self._budget_left, np.float32)
        self._days.append(day)

    def _table(self) -> pd.DataFrame:
        names = (*_STATE, "claim", "day", "day_off", "budget_left")
        if not self._days:
            return pd.DataFrame({name: np.zeros(0, np.int64) for name in names})
        return pd.DataFrame({name: np.concatenate([day[name] for day in self._days]) for name in names})

    def events(self, rule_names: Mapping[int, str]) -> pd.DataFrame:
        """Every event by name; see `Ledger.events_table`."""
        log, s = self._table(), self._simulation
        outcomes = np.array([outcome.name.lower() for outcome in Outcome])
        table = pd.DataFrame(
            {
                "day": log["day"],
                "account_id": s.portfolio.column("account_id")[log["number"]],
                "treatment": pd.Index(s.menu.names)[log["treatment"]],
                "outcome": outcomes[log["outcome"]],
                "rule": log["rule"].map(rule_names),
            }
        )
        for bit, name in enumerate(EVENT_NAMES):
            table[name] = (log["events"].to_numpy() >> bit & 1).astype(bool)
        for name in ("seconds", "cash_today", "forgiven_today", "cost_today", "balance"):
            table[name.removesuffix("_today")] = log[name]
        return table

    def audit(self, rule_names: Mapping[int, str]) -> pd.DataFrame:
        """The log as `AUDIT_COLUMNS` has it; texts as categories, so that it is small on disk and in memory."""
        log, s = self._table(), self._simulation
        number, treatment = log["number"].to_numpy(), log["treatment"].to_numpy()
        days, flags = log["day"].to_numpy(), log["events"].to_numpy()

        def happened(event: Event) -> NDArray[np.bool_]:
            return np.asarray(flags & event > 0)

        def where(mask: NDArray[np.bool_], values: object) -> pd.Series:  # type: ignore[type-arg]
            return pd.Series(values, dtype="Int32").where(mask)

        menu = s.menu.table[treatment]
        hours = np.array([s.world.windows.hours(window) for window in Window], np.float32)
        contact, offer = menu["channel"] > 0, OFFER_KIND[menu["offer"]]
        dates = [pd.Timestamp(s.calendar.date(day)) for day in range(int(days.max(initial=0)) + 1)]
        table = pd.DataFrame(
            {
                "account_id": pd.Categorical.from_codes(number, pd.Index(s.portfolio.column("account_id"))),
                "day": days,
                "date": pd.Series(dates, dtype="datetime64[ns]").to_numpy()[days],
                "channel": _category(menu["channel"], CHANNELS),
                "from_hour": pd.Series(hours[menu["window"], 0]).where(contact),
                "to_hour": pd.Series(hours[menu["window"], 1]).where(contact),
                "offer": _category(offer, OFFER_NAMES),
                "months": where(OFFER_MONTHS[menu["offer"]] > 0, OFFER_MONTHS[menu["offer"]]),
                "discount": pd.Series(OFFER_DISCOUNT[menu["offer"]]).where(offer == OfferKind.SETTLEMENT),
                "legal": _category(menu["legal"], LEGAL_NAMES),
                "done": happened(Event.ATTEMPT | Event.NOTICE | Event.SUIT | Event.ENFORCEMENT),
                "stopped_by": pd.Categorical(log["rule"].where(happened(Event.BLOCKED)).map(dict(rule_names))),
                "dpd": s.accounts["dpd0"][number] + days,
                "claim": log["claim"] / 100.0,
                "opening": s.accounts["opening"][number] / 100.0,
                "interest": log["interest"] / 100.0,
                "day_off": log["day_off"].astype(bool),
                "budget_left": log["budget_left"],
                "reached": happened(Event.REACHED),
                "accepted": happened(Event.OFFER_ACCEPTED),
            }
        )
        for event in ("promise", "promise_kept", "promise_broken", "plan_broken", "opt_out", "cease_contact", *_UNTIL):
            table[event] = happened(Event[event.upper()])
        settled = table["accepted"] & (offer == OfferKind.SETTLEMENT)
        table["promise_due"] = where((table["promise"] | settled).to_numpy(), log["promise_due"])
        for event, until in _UNTIL.items():
            table[f"{event}_until"] = where(table[event].to_numpy(), log[until])
        return table[[column.name for column in AUDIT_COLUMNS if column.name in table]]


def _category(codes: NDArray[np.generic], names: tuple[str, ...]) -> pd.Categorical:
    """Text for codes from 1 on; 0 is nothing."""
    return pd.Categorical.from_codes(codes.astype(np.int64) - 1, list(names))  # type: ignore[call-overload,no-any-return]
