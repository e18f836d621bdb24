"""What a lender's records say of some months: recovery, roll rates, contacts, promises, offers, complaints. One definition for real and simulated.

Every measure is a sum over accounts divided by another, so that a tier is a choice of rows and a bootstrap a product with a matrix of counts:

    found = measure(RecordedMonths(portfolio, contacts, payments, first=date(2025, 1, 6), days=90))
    found.table()                                   # family, part, month, value, above, below
    found.values(), found.values(labels == "high")  # of all accounts, of a tier
    found.resampled(1000)                           # bootstrap over accounts: (1000, measures)

What records do not hold, no measure needs. Interest and fees are in no log, so what is *left* of an account is its balance on the first day
less what came in since; it is *open* until nothing is left or a settlement is paid. A card that is brought up to date stays open here. The
same is done to a simulation's records, so that both lack the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import sparse

from recoup.experiments.comparison.measure import Unit
from recoup.sim.account import MONTH
from recoup.sim.inputs import InputError
from recoup.sim.parameters import Windows
from recoup.sim.portfolio.records import NO_CONTACT, RIGHT_PARTY
from recoup.sim.treatments import STANDARD, Bucket, Group, Vocabulary, Window

DAYS_A_WEEK = 7
GRACE_DAYS, UNDATED_DAYS = 3, 14  # after its due day a promise may be kept; without one, after it was made
ENOUGH = 0.95  # of what was promised
_BATCH = 64  # resamples at a time


@dataclass(frozen=True)
class Family:
    """Measures that differ by part (a channel, a bucket, a day) and month.

    Attributes:
        title: in words.
        definition: sum over accounts / sum over accounts.
        unit: what it is counted in.
        of_one: no value is above 1.
        money, per_1000: it is of amounts, or of events per thousand accounts; others are of events.
        treatment: it says what was done to accounts, not what came of it.
        monthly: it is taken of each whole month of 30 days too.
    """

    title: str
    definition: str
    unit: Unit = Unit.SHARE
    of_one: bool = False
    money: bool = False
    per_1000: bool = False
    treatment: bool = False
    monthly: bool = True


FAMILIES: dict[str, Family] = {
    "recovery": Family("Recovery curve", "payments up to that day / balance on the first day", monthly=False, money=True),
    "cash": Family("Cash", "payments / balance on the first day", money=True),
    "payers": Family("Accounts that paid", "accounts with a payment / accounts open when the time begins", of_one=True),
    "payments_per_week": Family("Payments per week", "days with a payment / weeks in which accounts were open", unit=Unit.COUNT),
    "roll": Family(
        "Roll rate, accounts",
        "of accounts open when a bucket of days past due begins (30 days, or a band of the scenario's own), those open when it ends; "
        "the bucket lies within the records",
        monthly=False, of_one=True),
    "roll_balance": Family(
        "Roll rate, money", "of what is left when a bucket begins, what is left when it ends", monthly=False, of_one=True, money=True),
    "contacts_per_week": Family(
        "Contacts per week", "outbound contacts and attempts, but suits / weeks in which accounts were open", unit=Unit.COUNT, treatment=True),
    "inbound_per_week": Family("Inbound contacts per week", "inbound contacts, but complaints and opt-outs / weeks in which accounts were open", unit=Unit.COUNT),
    "right_party": Family(
        "Right-party contacts per attempt", "attempts that reached the debtor in person / attempts whose outcome is known", of_one=True),
    "right_party_calls": Family("Right-party contacts per call", "the same of calls, by the window in which they were made", of_one=True),
    "promises": Family("Promises", "promises / right-party contacts"),
    "kept": Family(
        "Promises kept",
        f"promises of which {ENOUGH:.0%} came in from the day they were made to {GRACE_DAYS} days after they were due / promises that far back", of_one=True),
    "offers_per_week": Family("Offers per week", "offers put / weeks in which accounts were open", unit=Unit.COUNT, treatment=True),
    "accepted": Family("Offers accepted", "offers accepted / offers put"),
    "complaints": Family("Complaints per 1,000", "complaints / accounts × 1,000", unit=Unit.COUNT, per_1000=True),
    "opt_outs": Family("Opt-outs per 1,000", "opt-outs / accounts × 1,000", unit=Unit.COUNT, per_1000=True),
    "suits": Family("Suits per 1,000", "suits / accounts × 1,000", unit=Unit.COUNT, treatment=True, per_1000=True),
}  # fmt: skip


class Key(NamedTuple):
    """Which measure: a family of `FAMILIES`, a part of it ("" = all of it), and a month from 1 (0 = all days)."""

    family: str
    part: str = ""
    month: int = 0

    @property
    def name(self) -> str:
        """As files say it: family.part.month."""
        return ".".join(
            [self.family, *([self.part] if self.part else []), *([f"month-{self.month}"] if self.month else [])]
        )


@dataclass(frozen=True)
class RecordedMonths:
    """A lender's records of some months, or a simulation's.

    Attributes:
        portfolio: one row per account as on the morning of `first`: `account_id`, `opening_balance` (currency), `dpd`.
        contacts: columns of the registry `CONTACTS`; rows of other accounts and days are not counted.
        payments: columns of the registry `PAYMENTS`, likewise.
        first: first day that is measured.
        days: how many.
        windows: hours of the contact windows; None = nothing is said by window.
        channels: that are measured, in this order; None = those there are and those of the log. Whoever compares records names them.
        vocabulary: of the scenario: which channels there are.
    """

    portfolio: pd.DataFrame
    contacts: pd.DataFrame
    payments: pd.DataFrame
    first: date
    days: int
    windows: Windows | None = None
    channels: tuple[str, ...] | None = None
    vocabulary: Vocabulary = STANDARD

    @property
    def months(self) -> int:
        """Whole months of 30 days."""
        return self.days // MONTH


@dataclass(frozen=True)
class Measured:
    """Measures of records, account by account.

    Attributes:
        keys: which measures, in the order of the columns.
        above, below: what each account adds to either side of each ratio, sparse, (accounts, measures).
    """

    keys: tuple[Key, ...]
    above: sparse.csr_array
    below: sparse.csr_array

    def values(self, rows: NDArray[np.bool_] | None = None) -> NDArray[np.float64]:
        """Of all accounts or some: (measures,), NaN where there is nothing to divide by.

        Args:
            rows: which accounts, (accounts,); None = all.
        """
        return _divided(*self._sums(rows))

    def resampled(self, resamples: int, seed: int = 0, rows: NDArray[np.bool_] | None = None) -> NDArray[np.float64]:
        """Bootstrap over accounts: (resamples, measures).

        Args:
            resamples: how often accounts are drawn, as many as there are, with replacement.
            seed: of the drawing.
            rows: as for `values`.
        """
        chosen = np.arange(self.above.shape[0]) if rows is None else np.flatnonzero(rows)
        random, parts = np.random.default_rng(seed), []
        for start in range(0, resamples, _BATCH):
            counts = np.zeros((min(_BATCH, resamples - start), self.above.shape[0]))
            for row in counts:
                np.add.at(row, random.choice(chosen, chosen.size) if chosen.size else chosen, 1.0)
            parts.append(_divided(counts @ self.above, counts @ self.below))
        return np.concatenate(parts)

    def table(self, rows: NDArray[np.bool_] | None = None) -> pd.DataFrame:
        """One row per measure: name, family, part, month, value, above, below; `rows` as for `values`."""
        above, below = self._sums(rows)
        parts = pd.DataFrame(self.keys, columns=list(Key._fields))
        parts.insert(0, "name", [key.name for key in self.keys])
        return parts.assign(value=_divided(above, below), above=above, below=below)

    def grain(self, rows: NDArray[np.bool_] | None = None) -> NDArray[np.float64]:
        """What one event more changes of each measure, of money one account's more, (measures,); NaN where there is nothing to divide by.

        Args:
            rows: as for `values`.
        """
        counts = np.ones(self.above.shape[0]) if rows is None else np.asarray(rows, bool).astype(float)
        below, accounts = counts @ self.below, counts @ self.below.astype(bool).astype(float)
        one = np.array([1000.0 if FAMILIES[key.family].per_1000 else 1.0 for key in self.keys])
        money = np.array([FAMILIES[key.family].money for key in self.keys])
        return np.where(money, _divided(np.ones(one.size), accounts), _divided(one, below))

    def _sums(self, rows: NDArray[np.bool_] | None) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        counts = np.ones(self.above.shape[0]) if rows is None else np.asarray(rows, bool).astype(float)
        return counts @ self.above, counts @ self.below


def _divided(above: NDArray[np.float64], below: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.divide(above, below, out=np.full(above.shape, np.nan), where=below > 0)


def channels_of(contacts: Iterable[pd.DataFrame], vocabulary: Vocabulary = STANDARD) -> tuple[str, ...]:
    """Channels by which several logs are compared: those that there are, and what else the logs name."""
    known = vocabulary.channel_names
    found = {str(name) for log in contacts for name in log["channel"].dropna().unique()}
    return (*known, *sorted(found - {*known, NO_CONTACT}))


def curve_days(days: int) -> tuple[int, ...]:
    """Days at whose end the recovery curve is taken, from 1: each week's last, and the last of all."""
    return tuple(sorted({*range(DAYS_A_WEEK, days + 1, DAYS_A_WEEK), days}))


class _Money:
    """Payments of the accounts: what had come in by the end of a day, and when an account was done with.

    Args:
        opening: balance on the first day, cents, int64 (accounts,).
        account, day, cents: of each payment, within the days measured.
        settles: it pays a settlement.
        days: measured.
    """

    def __init__(
        self,
        opening: NDArray[np.int64],
        account: NDArray[np.int64],
        day: NDArray[np.int64],
        cents: NDArray[np.int64],
        settles: NDArray[np.bool_],
        days: int,
    ) -> None:
        self._opening, self._days = opening, days
        order = np.lexsort((day, account))
        account, day = account[order], day[order]
        self._key = account * (days + 1) + day
        self._sums = np.concatenate([[0], np.cumsum(cents[order])])
        self._begin = np.searchsorted(self._key, np.arange(opening.size) * (days + 1))
        # Looked at when the day is over: a payment that is returned the same day does not close an account.
        last = np.append(self._key[1:] != self._key[:-1], True)[: self._key.size]
        paid = self._sums[1:] - self._sums[self._begin[account]] >= opening[account]
        done = (paid & last) | settles[order]
        self.closed = np.full(opening.size, days, np.int64)  # day of closing; `days` = still open
        np.minimum.at(self.closed, account[done], day[done])

    def by(self, account: NDArray[np.int64], day: NDArray[np.int64] | int) -> NDArray[np.int64]:
        """What had come in by the end of a day (−1 = before the first), cents."""
        until = np.searchsorted(self._key, account * (self._days + 1) + np.minimum(day, self._days - 1), side="right")
        return np.asarray(self._sums[until] - self._sums[self._begin[account]], np.int64)

    def left(self, account: NDArray[np.int64], day: NDArray[np.int64] | int) -> NDArray[np.int64]:
        """What was left at the end of a day, cents; 0 from the day of closing on."""
        rest = np.maximum(self._opening[account] - self.by(account, day), 0)
        return np.where(self.closed[account] <= day, 0, rest)

    def open_weeks(self, first: int, days: int) -> NDArray[np.float64]:
        """Weeks from a day on in which each account was open, its last day included; (accounts,)."""
        return np.clip(self.closed + 1 - first, 0, days) / DAYS_A_WEEK


def measure(records: RecordedMonths) -> Measured:
    """All measures of some months.

    Args:
        records: portfolio, contacts and payments.

    Raises:
        InputError: no account, no day, an account twice.
    """
    names, opening = _accounts(records)
    columns = _Columns(opening.size)
    payments = within(records, records.payments, names)
    money = _money(records, payments, opening)
    contacts = within(records, records.contacts, names)
    channels = records.channels or channels_of([records.contacts], records.vocabulary)
    everybody = np.arange(len(names))
    for day in curve_days(records.days):
        columns.add(Key("recovery", f"day-{day}"), money.by(everybody, day - 1), opening)
    _rolls(columns, money, records.portfolio["dpd"].to_numpy(int), records.days, records.vocabulary.buckets)
    for month, (first, days) in enumerate(_spans(records.days)):
        _of_payments(columns, month, _in(payments, first, days), money, opening, first, days)
        _of_contacts(columns, month, _in(contacts, first, days), money, first, days, channels, records)
    return columns.measured()


def closing_days(records: RecordedMonths) -> NDArray[np.int64]:
    """Day, from 0, on which each account was done with, by its payments; as many as there are days if it was not; (accounts,).

    Args:
        records: as for `measure`, and as it raises.
    """
    names, opening = _accounts(records)
    return _money(records, within(records, records.payments, names), opening).closed


def _accounts(records: RecordedMonths) -> tuple[pd.Series, NDArray[np.int64]]:
    """Names of the accounts, and their balances on the first day, cents."""
    names = records.portfolio["account_id"].astype(str)
    if not len(names) or records.days < 1:
        raise InputError("records", "", f"{len(names)} accounts, {records.days} days", "at least one of each")
    if names.duplicated().any():
        raise InputError("portfolio", "account_id", names[names.duplicated()].iloc[0], "each account once")
    return names, np.rint(100.0 * records.portfolio["opening_balance"].to_numpy(float)).astype(np.int64)


def _money(records: RecordedMonths, payments: pd.DataFrame, opening: NDArray[np.int64]) -> _Money:
    return _Money(
        opening,
        payments["number"].to_numpy(np.int64),
        payments["day"].to_numpy(np.int64),
        np.rint(100.0 * payments["amount"].to_numpy(float)).astype(np.int64),
        _text(payments, "kind").eq("settlement").to_numpy(),
        records.days,
    )


def _spans(days: int) -> Iterator[tuple[int, int]]:
    """First day and length of all days together, then of each whole month."""
    yield 0, days
    for month in range(days // MONTH):
        yield month * MONTH, MONTH


class _Columns:
    """Measures as they are found."""

    def __init__(self, accounts: int) -> None:
        self.accounts = accounts
        self._sides: dict[Key, tuple[sparse.csc_array, sparse.csc_array]] = {}

    def add(self, key: Key, above: NDArray[np.generic], below: NDArray[np.generic]) -> None:
        self._sides[key] = _column(above), _column(below)

    def count(self, rows: pd.DataFrame, which: pd.Series | None = None) -> NDArray[np.int64]:
        """Rows of each account, or as many as `which` says."""
        numbers = rows["number"].to_numpy(np.int64)
        return np.bincount(numbers if which is None else numbers[which.to_numpy(bool)], minlength=self.accounts)

    def measured(self) -> Measured:
        above, below = (sparse.hstack(side, format="csr") for side in zip(*self._sides.values(), strict=True))
        return Measured(tuple(self._sides), sparse.csr_array(above), sparse.csr_array(below))


def _column(values: NDArray[np.generic]) -> sparse.csc_array:
    return sparse.csc_array(np.asarray(values, float)[:, None])


def within(records: RecordedMonths, log: pd.DataFrame, names: pd.Series) -> pd.DataFrame:
    """Rows of a log about these accounts and days, with the account's `number` and the `day`, both from 0, in the log's order.

    Args:
        records: which days.
        log: with `account_id` and `date`.
        names: of the accounts.
    """
    number = pd.Series(np.arange(len(names)), index=names.to_numpy()).reindex(log["account_id"].astype(str)).to_numpy()
    day = (log["date"].dt.normalize() - pd.Timestamp(records.first)).dt.days.to_numpy(float)
    there = ~np.isnan(number) & (day >= 0) & (day < records.days)
    return log[there].assign(number=number[there].astype(np.int64), day=day[there].astype(np.int64))


def _in(rows: pd.DataFrame, first: int, days: int) -> pd.DataFrame:
    return rows[(rows["day"] >= first) & (rows["day"] < first + days)]


def _text(rows: pd.DataFrame, name: str) -> pd.Series:
    """A column that a log may lack, as text; "" where unknown."""
    if name not in rows:
        return pd.Series("", index=rows.index)
    return rows[name].astype(object).where(rows[name].notna(), "").astype(str)


def _number(rows: pd.DataFrame, name: str) -> NDArray[np.float64]:
    return rows[name].to_numpy(float) if name in rows else np.full(len(rows), np.nan)


def _rolls(columns: _Columns, money: _Money, dpd: NDArray[np.int64], days: int, buckets: tuple[Bucket, ...]) -> None:
    for bucket in buckets:
        first, last = bucket.first - dpd, bucket.last - dpd
        whole = np.flatnonzero((first >= 0) & (last < days))
        begins, ends = np.zeros(dpd.size), np.zeros(dpd.size)
        begins[whole], ends[whole] = money.left(whole, first[whole] - 1), money.left(whole, last[whole])
        columns.add(Key("roll", bucket.roll), (begins > 0) & (ends > 0), begins > 0)
        columns.add(Key("roll_balance", bucket.roll), ends, begins)


def _of_payments(
    columns: _Columns, month: int, payments: pd.DataFrame, money: _Money, opening: NDArray[np.int64], first: int, days: int
) -> None:  # fmt: skip
    everybody = np.arange(opening.size)
    came = payments[payments["amount"] > 0].drop_duplicates(["number", "day"])
    before, after = money.by(everybody, first - 1), money.by(everybody, first + days - 1)
    was_open = money.left(everybody, first - 1) > 0
    columns.add(Key("cash", month=month), after - before, opening)
    columns.add(Key("payers", month=month), was_open & (columns.count(came) > 0), was_open)
    columns.add(Key("payments_per_week", month=month), columns.count(came), money.open_weeks(first, days))


def _of_contacts(
    columns: _Columns,
    month: int,
    contacts: pd.DataFrame,
    money: _Money,
    first: int,
    days: int,
    channels: Sequence[str],
    records: RecordedMonths,
) -> None:
    weeks, one = money.open_weeks(first, days), np.ones(columns.accounts)
    legal, outcome, offer = (_text(contacts, name) for name in ("legal", "outcome", "offer"))
    channel, inbound = _text(contacts, "channel"), _text(contacts, "direction").eq("inbound")
    tried = ~inbound & channel.ne(NO_CONTACT) & ~legal.isin(["suit", "enforce"])
    reached = outcome.isin(RIGHT_PARTY)

    def add(
        family: str, part: str, above: pd.Series, below: pd.Series | NDArray[np.generic], scale: float = 1.0
    ) -> None:
        under = columns.count(contacts, below) if isinstance(below, pd.Series) else below
        columns.add(Key(family, part, month), scale * columns.count(contacts, above), under)

    add("contacts_per_week", "", tried, weeks)
    for name in channels:
        by = tried & channel.eq(name)
        add("contacts_per_week", name, by, weeks)
        add("right_party", name, by & reached, by & outcome.ne(""))
    add("inbound_per_week", "", inbound & ~outcome.isin(["complaint", "opt_out"]), weeks)
    if records.windows is not None:
        hour = _hours(contacts)
        by_call = [one.name for one in records.vocabulary.channels if one.group == Group.CALL]
        calls = tried & channel.isin(by_call) & outcome.ne("")
        for window in Window:
            opens, closes = records.windows.hours(window)
            within = calls & (hour >= opens) & (hour < closes)
            add("right_party_calls", window.name.lower(), within & reached, within)
    promised = outcome.eq("promise")
    add("promises", "", promised, reached)
    kept, due = _kept(contacts[promised], money, records)
    due_rows = contacts[promised][due]
    columns.add(Key("kept", "", month), columns.count(due_rows[kept[due]]), columns.count(due_rows))
    put = offer.ne("")
    add("offers_per_week", "", put, weeks)
    add("accepted", "", outcome.eq("accepted"), put)
    for family, rows in (
        ("complaints", outcome.eq("complaint")),
        ("opt_outs", outcome.eq("opt_out")),
        ("suits", legal.eq("suit")),
    ):
        add(family, "", rows, one, 1000.0)


def _hours(contacts: pd.DataFrame) -> pd.Series:
    """Time of day, hours; of `date` where `hour` is unknown and the date has one."""
    clock = (contacts["date"] - contacts["date"].dt.normalize()).dt.total_seconds() / 3600.0
    said = pd.Series(_number(contacts, "hour"), index=contacts.index)
    return said.where(said.notna(), clock.where(clock > 0))


def _kept(
    promises: pd.DataFrame, money: _Money, records: RecordedMonths
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Of promises, which were kept, and of which that is known by the last day."""
    made, number = promises["day"].to_numpy(np.int64), promises["number"].to_numpy(np.int64)
    due = made + UNDATED_DAYS
    if "promise_due" in promises:
        said = (promises["promise_due"].dt.normalize() - pd.Timestamp(records.first)).dt.days.to_numpy(float)
        due = np.where(np.isnan(said), due, np.nan_to_num(said)).astype(np.int64)
    until = due + GRACE_DAYS
    amount = _number(promises, "promise_amount")
    wanted = np.where(np.isnan(amount), 1.0, ENOUGH * 100.0 * np.nan_to_num(amount))
    came = money.by(number, until) - money.by(number, made - 1)
    return (came >= wanted) & (came > 0), until < records.days
