"""The event log of a simulation: one row per account and day on which anything happened, in memory or in a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet
from numpy.typing import NDArray

from recoup.sim.account import ACCOUNT, Event, Outcome
from recoup.sim.compliance.auditlog import AUDIT_COLUMNS, LEGAL_NAMES, OFFER_NAMES
from recoup.sim.compliance.gate import SUSPENDED
from recoup.sim.earlier_events import Row
from recoup.sim.kernels import EVENT_NAMES
from recoup.sim.operations.clock import Calendar
from recoup.sim.parameters import Windows
from recoup.sim.treatments import OFFER_KIND, STANDARD, Menu, OfferKind, Vocabulary, Window

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
    "opening",
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


_NOTES = np.dtype(
    [(name, ACCOUNT[name]) for name in _STATE]
    + [("claim", np.int64), ("dpd", np.int32), ("day", np.int32), ("day_off", np.bool_), ("budget_left", np.float32)]
)


def rule_names(rule_ids: Sequence[str], none: str = "", vocabulary: Vocabulary = STANDARD) -> dict[int, str]:
    """What the numbers in an account's `rule` stand for.

    Args:
        rule_ids: of the pack, in order.
        none: what 0 stands for.
        vocabulary: whose channels may be suspended.
    """
    channels = {SUSPENDED + one.channel: f"suspended-{one.name}" for one in vocabulary.channels if one.channel}
    return {0: none} | dict(enumerate(rule_ids, start=1)) | channels


@dataclass(frozen=True)
class LogFile:
    """Where a simulation writes its event log while days pass.

    Attributes:
        path: of the Parquet file, which is whole after `EventLog.finish`.
        account_ids: the names of the accounts in it, shape (accounts,).
        customer_ids: those of the customers, None for an account without; None = it names no customers.
        rows: that are kept in memory until they are written, with the rest of their day, as a row group; what the file says does
            not depend on it.
    """

    path: Path
    account_ids: NDArray[Any]
    rows: int = 2**17
    customer_ids: NDArray[Any] | None = None


class EventLog:
    """Notes every evening the accounts to which something happened.

    Args:
        accounts: records (`account.ACCOUNT`), read in place each evening, shape (accounts,).
        account_ids: the name of each, shape (accounts,).
        menu: the treatments that the records' `treatment` indexes.
        windows: hours of the contact windows.
        calendar: dates and days off.
        staff: names of the people on the telephone by number, the first of them empty (`Collectors.names`).
        rule_ids: ids of the rule pack's rules, in order.
        customer_ids: the name of each account's customer, None for an account without; None = customers are not named.
        with_products: say of which product each account is, as rules on some products alone ask.
        earlier: what had happened before, of accounts in mid-life (`earlier_events.earlier_rows`); None = nothing is known to have.
        file: where the log is written to, in the form that an audit reads, and not kept in memory; None = kept.
    """

    def __init__(
        self,
        accounts: NDArray[np.void],
        account_ids: NDArray[Any],
        menu: Menu,
        windows: Windows,
        calendar: Calendar,
        staff: Sequence[str],
        rule_ids: Sequence[str],
        file: LogFile | None = None,
        customer_ids: NDArray[Any] | None = None,
        earlier: Sequence[Row] | None = None,
        with_products: bool = False,
    ) -> None:
        self._staff, self._rule_ids = tuple(staff), tuple(rule_ids)
        self._accounts, self._account_ids = accounts, account_ids
        self._customer_ids = file.customer_ids if file else customer_ids
        self._menu, self._calendar = menu, calendar
        self._steps = _steps_of(menu, windows)
        self._notes: list[NDArray[np.void]] = []
        self._size = 0  # of the notes, rows
        self._claims: NDArray[np.int64] = np.zeros(0, np.int64)
        self._ages: NDArray[np.int32] = np.zeros(0, np.int32)
        self._budget_left = 1.0
        self._file, self._earlier, self._with_products = file, earlier, with_products
        self._writer = _writer(file.path, self._form(np.zeros(0, _NOTES)).schema) if file else None
        if self._writer and earlier:
            self._writer.write_table(self._before(self._form(np.zeros(0, _NOTES)).schema))

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
        notes = np.empty(busy.size, _NOTES)
        for name in _STATE:
            notes[name] = a[name][busy]
        notes["claim"] = self._claims[busy]
        notes["dpd"] = self._ages[busy] + np.int32(day)
        notes["day"], notes["day_off"] = day, self._calendar.is_day_off(day)
        notes["budget_left"] = self._budget_left
        self._notes.append(notes)
        self._size += notes.size
        if self._file and self._size >= self._file.rows:
            self._write()

    def finish(self) -> None:
        """The simulation is over: the file is whole. Without a file nothing changes."""
        if self._writer:
            self._write()
            self._writer.close()

    def _write(self) -> None:
        assert self._writer and self._file
        notes, self._notes, self._size = self._kept, [], 0
        for part in np.array_split(notes, max(notes.size // self._file.rows, 1)):
            self._writer.write_table(self._form(part), row_group_size=max(part.size, 1))

    @property
    def _kept(self) -> NDArray[np.void]:
        return np.concatenate([np.zeros(0, _NOTES), *self._notes])

    @property
    def _all(self) -> NDArray[np.void]:
        if self._file:
            raise RuntimeError(f"the event log is in {self._file.path}")
        return self._kept

    def events(self) -> pd.DataFrame:
        """Every event by name; see `Ledger.events_table`."""
        log, names = self._all, rule_names(self._rule_ids, vocabulary=self._menu.vocabulary)
        outcomes = np.array([outcome.name.lower() for outcome in Outcome])
        table = pd.DataFrame(
            {
                "day": log["day"],
                "account_id": self._account_ids[log["number"]],
                "treatment": pd.Index(self._menu.names)[log["treatment"]],
                "outcome": outcomes[log["outcome"]],
                "rule": pd.Series(log["rule"]).map(names),
                "collector": np.array(self._staff, object)[log["collector"]],
            }
        )
        for bit, name in enumerate(EVENT_NAMES):
            table[name] = (log["events"] >> bit & 1).astype(bool)
        for name in ("seconds", "cash_today", "forgiven_today", "cost_today", "balance"):
            table[name.removesuffix("_today")] = log[name]
        return table

    def audit(self) -> pd.DataFrame:
        """The log as `AUDIT_COLUMNS` has it; texts as categories, so that it is small in memory."""
        notes = self._all
        form = self._form(notes, names=False)
        numbers = notes["number"]
        if self._earlier:
            form = pa.concat_tables([self._before(form.schema), form]).unify_dictionaries()
            numbers = np.concatenate([np.array([row["number"] for row in self._earlier], numbers.dtype), numbers])
        table = form.to_pandas()
        table["account_id"] = pd.Categorical.from_codes(numbers, pd.Index(self._account_ids))
        for name in ("months", "promise_due", *(f"{event}_until" for event in _UNTIL)):
            table[name] = table[name].astype("Int32")
        return table[[column.name for column in AUDIT_COLUMNS if column.name in table]]

    def _form(self, log: NDArray[np.void], names: bool = True) -> pa.Table:
        """Notes in the form that an audit reads; account names are those of the file, or left out."""
        flags = np.ascontiguousarray(log["events"])

        def happened(event: int) -> NDArray[np.bool_]:
            return np.asarray(flags & event > 0)

        columns = {"account_id": self._names(log["number"])} if names else {}
        if self._customer_ids is not None:
            columns["customer_id"] = pa.array(self._customer_ids[log["number"]], pa.string(), from_pandas=True)
        if self._with_products:
            columns["product"] = self._products(log["number"])
        first = np.datetime64(self._calendar.date(0), "D")
        columns |= {"day": pa.array(log["day"]), "date": pa.array((first + log["day"]).astype("datetime64[ns]"))}
        steps = self._steps.take(pa.array(log["treatment"]))
        columns |= {name: steps[name] for name in steps.column_names}
        rules = rule_names(self._rule_ids, "impossible", self._menu.vocabulary)
        places = np.zeros(256, np.int16)
        places[list(rules)] = np.arange(len(rules))
        columns |= {
            **({"earlier": pa.array(np.zeros(log.size, np.bool_))} if self._earlier is not None else {}),
            "done": pa.array(happened(Event.ATTEMPT | Event.NOTICE | Event.SUIT | Event.ENFORCEMENT)),
            "stopped_by": _texts(places[log["rule"]], ~happened(Event.BLOCKED), list(rules.values())),
            "dpd": pa.array(log["dpd"]),
            **{name: pa.array(log[name] / 100.0) for name in ("claim", "opening", "interest")},
            "day_off": pa.array(log["day_off"]),
            "budget_left": pa.array(log["budget_left"]),
            "collector": _texts(log["collector"].astype(np.int32) - 1, log["collector"] == 0, self._staff[1:]),
            "reached": pa.array(happened(Event.REACHED)),
            "accepted": pa.array(happened(Event.OFFER_ACCEPTED)),
            **{name: pa.array(happened(Event[name.upper()])) for name in (*_FLAGS, *_UNTIL)},
        }
        # An asset is handed over, and a settlement paid, on a day that was agreed, as what was promised is.
        due = np.isin(OFFER_KIND[self._menu.table["offer"]], (OfferKind.SETTLEMENT, OfferKind.SWAP))
        promised = happened(Event.PROMISE) | happened(Event.OFFER_ACCEPTED) & due[log["treatment"]]
        columns["promise_due"] = pa.array(log["promise_due"], mask=~promised)
        for event, until in _UNTIL.items():
            columns[f"{event}_until"] = pa.array(log[until], mask=~happened(Event[event.upper()]))
        return pa.table({column.name: columns[column.name] for column in AUDIT_COLUMNS if column.name in columns})

    def _before(self, schema: pa.Schema) -> pa.Table:
        """What had happened before the first day, in the form of the rows after it."""
        assert self._earlier is not None
        numbers = np.array([row["number"] for row in self._earlier], np.int64)
        first = np.datetime64(self._calendar.date(0), "D")
        said: dict[str, Any] = {
            "date": first + np.array([row["day"] for row in self._earlier], np.int64),
            "done": np.ones(numbers.size, np.bool_),
            "earlier": np.ones(numbers.size, np.bool_),
        }
        if "account_id" in schema.names:
            assert self._file
            said["account_id"] = self._file.account_ids[numbers]
        if self._customer_ids is not None:
            said["customer_id"] = self._customer_ids[numbers]
        if self._with_products:
            said["product"] = self._products(numbers).to_pylist()
        columns = []
        for field in schema:
            values = said.get(field.name, [row.get(field.name) for row in self._earlier])
            if pa.types.is_dictionary(field.type):
                codes = pa.array(values, pa.string(), from_pandas=True).dictionary_encode()
                columns.append(
                    pa.DictionaryArray.from_arrays(codes.indices.cast(field.type.index_type), codes.dictionary)
                )
            else:
                columns.append(pa.array(values).cast(field.type))
        return pa.table(columns, schema=schema)

    def _products(self, numbers: NDArray[np.integer]) -> pa.DictionaryArray:
        codes = self._accounts["product"][numbers]
        return _texts(codes, np.zeros(codes.size, np.bool_), self._menu.vocabulary.products)

    def _names(self, numbers: NDArray[np.integer]) -> pa.DictionaryArray:
        """The file's names of accounts; its dictionary has no others, as it is written with every row group."""
        assert self._file
        there = np.zeros(len(self._file.account_ids), np.bool_)
        there[numbers] = True
        codes = np.cumsum(there, dtype=np.int32) - 1
        return pa.DictionaryArray.from_arrays(codes[numbers], pa.array(self._file.account_ids[there], pa.string()))


def _steps_of(menu: Menu, windows: Windows) -> pa.Table:
    """What each treatment of a menu is in the columns of a log, one row a treatment."""
    item, words = menu.table, menu.vocabulary
    channel, offer = item["channel"], OFFER_KIND[item["offer"]]
    hours = np.array([windows.hours(window) for window in Window], np.float32)
    months, discount = words.months[item["offer"]].astype(np.int32), words.discounts[item["offer"]]
    return pa.table(
        {
            "channel": _texts(channel.astype(np.int32) - 1, channel == 0, words.channel_names),
            "from_hour": pa.array(hours[item["window"], 0], mask=channel == 0),
            "to_hour": pa.array(hours[item["window"], 1], mask=channel == 0),
            "offer": _texts(offer.astype(np.int32) - 1, offer == 0, OFFER_NAMES),
            "months": pa.array(months, mask=months == 0),
            "discount": pa.array(discount, mask=offer != OfferKind.SETTLEMENT),
            "legal": _texts(item["legal"].astype(np.int32) - 1, item["legal"] == 0, LEGAL_NAMES),
        }
    )


def _texts(codes: NDArray[np.integer], empty: NDArray[np.bool_], names: Sequence[str]) -> pa.DictionaryArray:
    """Text by codes from 0 on; no cell where `empty`."""
    return pa.DictionaryArray.from_arrays(pa.array(codes, mask=empty), pa.array(names, pa.string()))


def _writer(path: Path, schema: pa.Schema) -> pyarrow.parquet.ParquetWriter:
    # A dictionary where values come again and again; what a day's rows share makes it easy to read some days alone.
    repeating = ["day", "date", "from_hour", "to_hour", "months", "discount", "opening", "budget_left"]
    texts = [field.name for field in schema if pa.types.is_dictionary(field.type)]
    return pyarrow.parquet.ParquetWriter(
        path, schema, compression="zstd", use_dictionary=repeating + texts, write_statistics=["day"]
    )
