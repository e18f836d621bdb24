"""The event log of a simulation: one row per account and day on which anything happened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recoup.sim.account import Event, Outcome
from recoup.sim.compliance.auditlog import AUDIT_COLUMNS, CHANNELS, LEGAL_NAMES, OFFER_NAMES
from recoup.sim.kernels import EVENT_NAMES
from recoup.sim.operations.clock import Calendar
from recoup.sim.parameters import Windows
from recoup.sim.treatments import OFFER_DISCOUNT, OFFER_KIND, OFFER_MONTHS, Menu, OfferKind, Window

_STATE = (
    "number",
    "treatment",
    "outcome",
    "rule",
    "events",
    "seconds",
    "collector",
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
_FLAGS = (
    "promise",
    "promise_kept",
    "promise_broken",
    "payment",
    "instalment_paid",
    "instalment_missed",
    "plan_broken",
    "opt_out",
    "cease_contact",
)
_UNTIL = {
    "complaint": "complaint_until",
    "dispute": "dispute_until",
    "hardship": "hardship_until",
    "breathing_space": "breathing_until",
}


class EventLog:
    """Notes every evening the accounts to which something happened.

    Args:
        accounts: records (`account.ACCOUNT`), read in place each evening, shape (accounts,).
        account_ids: the name of each, shape (accounts,).
        menu: the treatments that the records' `treatment` indexes.
        windows: hours of the contact windows.
        calendar: dates and days off.
        staff: names of the people on the telephone by number, the first of them empty (`Collectors.names`).
    """

    def __init__(
        self,
        accounts: NDArray[np.void],
        account_ids: NDArray[Any],
        menu: Menu,
        windows: Windows,
        calendar: Calendar,
        staff: Sequence[str],
    ) -> None:
        self._staff = tuple(staff)
        self._accounts, self._account_ids = accounts, account_ids
        self._menu, self._windows, self._calendar = menu, windows, calendar
        self._days: list[dict[str, NDArray[np.generic]]] = []
        self._claims: NDArray[np.int64] = np.zeros(0, np.int64)
        self._ages: NDArray[np.int32] = np.zeros(0, np.int32)
        self._budget_left = 1.0

    def morning(self, budget_left: float) -> None:
        """Note what the day's decisions were taken on; `budget_left` is the share of the settlement budget."""
        self._claims, self._budget_left = self._accounts["balance"].copy(), budget_left
        self._ages = self._accounts["dpd0"].copy()  # a payment may re-age a card in the evening

    def evening(self, day: int, rows: NDArray[np.int64]) -> None:
        """Note what happened on a day to the accounts `rows`, those that were open in the morning.

        Args:
            day: of the simulation, from 0.
            rows: int64, rising.
        """
        a = self._accounts
        busy = rows[(a["treatment"][rows] > 0) | (a["events"][rows] > 0)]
        notes = {name: a[name][busy] for name in _STATE} | {"claim": self._claims[busy]}
        notes["dpd"] = self._ages[busy] + np.int32(day)
        notes["day"] = np.full(busy.size, day, np.int32)
        notes["day_off"] = np.full(busy.size, self._calendar.is_day_off(day))
        notes["budget_left"] = np.full(busy.size, self._budget_left, np.float32)
        self._days.append(notes)

    def _table(self) -> pd.DataFrame:
        names = (*_STATE, "claim", "dpd", "day", "day_off", "budget_left")
        if not self._days:
            return pd.DataFrame({name: np.zeros(0, np.int64) for name in names})
        return pd.DataFrame({name: np.concatenate([day[name] for day in self._days]) for name in names})

    def events(self, rule_names: Mapping[int, str]) -> pd.DataFrame:
        """Every event by name; see `Ledger.events_table`."""
        log = self._table()
        outcomes = np.array([outcome.name.lower() for outcome in Outcome])
        table = pd.DataFrame(
            {
                "day": log["day"],
                "account_id": self._account_ids[log["number"]],
                "treatment": pd.Index(self._menu.names)[log["treatment"]],
                "outcome": outcomes[log["outcome"]],
                "rule": log["rule"].map(rule_names),
                "collector": np.array(self._staff, object)[log["collector"].to_numpy()],
            }
        )
        for bit, name in enumerate(EVENT_NAMES):
            table[name] = (log["events"].to_numpy() >> bit & 1).astype(bool)
        for name in ("seconds", "cash_today", "forgiven_today", "cost_today", "balance"):
            table[name.removesuffix("_today")] = log[name]
        return table

    def audit(self, rule_names: Mapping[int, str]) -> pd.DataFrame:
        """The log as `AUDIT_COLUMNS` has it; texts as categories, so that it is small on disk and in memory."""
        log = self._table()
        number, treatment = log["number"].to_numpy(), log["treatment"].to_numpy()
        days, flags = log["day"].to_numpy(), log["events"].to_numpy()

        def happened(event: Event) -> NDArray[np.bool_]:
            return np.asarray(flags & event > 0)

        def where(mask: NDArray[np.bool_], values: object) -> pd.Series:  # type: ignore[type-arg]
            return pd.Series(values, dtype="Int32").where(mask)

        menu = self._menu.table[treatment]
        hours = np.array([self._windows.hours(window) for window in Window], np.float32)
        contact, offer = menu["channel"] > 0, OFFER_KIND[menu["offer"]]
        dates = [pd.Timestamp(self._calendar.date(day)) for day in range(int(days.max(initial=0)) + 1)]
        table = pd.DataFrame(
            {
                "account_id": pd.Categorical.from_codes(number, pd.Index(self._account_ids)),
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
                "dpd": log["dpd"],
                "claim": log["claim"] / 100.0,
                "opening": self._accounts["opening"][number] / 100.0,
                "interest": log["interest"] / 100.0,
                "day_off": log["day_off"].astype(bool),
                "budget_left": log["budget_left"],
                "reached": happened(Event.REACHED),
                "accepted": happened(Event.OFFER_ACCEPTED),
                "collector": _category(log["collector"].to_numpy(), self._staff[1:]),
            }
        )
        for event in (*_FLAGS, *_UNTIL):
            table[event] = happened(Event[event.upper()])
        settled = table["accepted"] & np.isin(offer, (OfferKind.SETTLEMENT, OfferKind.SWAP))
        table["promise_due"] = where((table["promise"] | settled).to_numpy(), log["promise_due"])
        for event, until in _UNTIL.items():
            table[f"{event}_until"] = where(table[event].to_numpy(), log[until])
        return table[[column.name for column in AUDIT_COLUMNS if column.name in table]]


def _category(codes: NDArray[np.generic], names: tuple[str, ...]) -> pd.Categorical:
    """Text for codes from 1 on; 0 is nothing."""
    return pd.Categorical.from_codes(codes.astype(np.int64) - 1, list(names))  # type: ignore[call-overload,no-any-return]
