"""A lender's portfolio, contacts and payments as one: days counted from the day of the portfolio, accounts numbered."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd

from recoup.sim.inputs import InputError
from recoup.sim.portfolio.importing import inspect
from recoup.sim.portfolio.records import PAYMENTS, RIGHT_PARTY, contacts_of, read_records
from recoup.sim.portfolio.sources import Source
from recoup.sim.portfolio.table import FILE_FIELDS, Kind, portfolio_fields
from recoup.sim.treatments import STANDARD, Group, Vocabulary


@dataclass(frozen=True)
class Records:
    """What is known of a portfolio.

    Attributes:
        start: the day of the portfolio; day 0.
        days: how many days the logs cover, from day 0 on.
        accounts: one row an account, columns `FILE_FIELDS`; numbers float64, NaN or None where the file does not say.
        contacts: `account` (row of `accounts`), `day`, and the columns of `CONTACTS`; `reached` where the debtor was spoken to.
        payments: `account`, `day`, `amount`, `kind`.
        notes: sentences on what was left out.
        vocabulary: of the scenario: which channels and products there are.
    """

    start: date
    days: int
    accounts: pd.DataFrame
    contacts: pd.DataFrame
    payments: pd.DataFrame
    notes: tuple[str, ...] = field(default=())
    vocabulary: Vocabulary = STANDARD

    def by(self, group: Group) -> tuple[str, ...]:
        """The channels of a group."""
        return tuple(channel.name for channel in self.vocabulary.channels if channel.group == group)

    def before(self, day: int) -> Records:
        """The same records, as they stood on the morning of a day."""
        contacts, payments = (log[log["day"] < day] for log in (self.contacts, self.payments))
        return replace(self, days=min(self.days, day), contacts=contacts, payments=payments)


def read_portfolio(source: Source, map_file: Path | None, vocabulary: Vocabulary = STANDARD) -> pd.DataFrame:
    """A portfolio as the file has it, nothing drawn: columns `FILE_FIELDS`, NaN or None where it does not say; then whatever else it has.

    Args:
        source: a file, or the address of a database.
        map_file: its column map; None = each column has the name of its field.
        vocabulary: of the scenario, which may have products of its own.

    Raises:
        InputError: as `inspect`, and for values that cannot be used.
    """
    inspection = inspect(source, map_file, portfolio_fields(vocabulary))
    inspection.require_usable("recoup portfolio check")
    fields = [wanted.name for wanted in FILE_FIELDS]
    table = inspection.table.reindex(columns=[*fields, *(name for name in inspection.table if name not in fields)])
    for wanted in FILE_FIELDS:
        text = wanted.kind in (Kind.TEXT, Kind.CATEGORY)
        table[wanted.name] = table[wanted.name].astype(object if text else float)
    return table.reset_index(drop=True)


def read_lender_records(
    portfolio: tuple[Source, Path | None],
    contacts: tuple[Source, Path | None] | None,
    payments: tuple[Source, Path | None] | None,
    start: date | None = None,
    vocabulary: Vocabulary = STANDARD,
) -> Records:
    """A portfolio with its logs.

    Args:
        portfolio, contacts, payments: each a source and its column map; a log may be None: nothing is in it.
        start: the day on which the portfolio was as the file says; None = the first day of the logs.
        vocabulary: of the scenario, which may have channels and products of its own.

    Raises:
        InputError: as `read_portfolio` and `read_records`; no row of a log is of an account of the portfolio; or nothing is dated from
            that day on.
    """
    accounts = read_portfolio(*portfolio, vocabulary)
    place = pd.Series(np.arange(len(accounts)), index=accounts["account_id"].astype(str))
    notes: list[str] = []
    logs = []
    for registry, read in ((contacts_of(vocabulary), contacts), (PAYMENTS, payments)):
        table = read_records(*read, registry) if read else pd.DataFrame(columns=list(registry.field))
        number = table["account_id"].astype(str).map(place)
        foreign = int(number.isna().sum())
        if len(table) and foreign == len(table):
            expected = f"accounts of {portfolio[0]}, as in {accounts['account_id'].iloc[0]!r}"
            raise InputError(str(read[0] if read else ""), "account_id", str(table["account_id"].iloc[0]), expected)
        if foreign:
            notes.append(f"{foreign:,} {registry.name} of accounts that are not in the portfolio are left out")
        table = table[number.notna()].assign(account=number.dropna().astype(np.int64))
        logs.append(table.assign(date=table["date"].astype("datetime64[us]")))
    return replace(_dated(accounts, logs[0], logs[1], start, notes, str(portfolio[0])), vocabulary=vocabulary)


def _dated(
    accounts: pd.DataFrame,
    contacts: pd.DataFrame,
    payments: pd.DataFrame,
    start: date | None,
    notes: list[str],
    source: str,
) -> Records:
    """Dates as days from the start; what lies before it is left out, as the portfolio has it in its state."""
    dates = pd.concat([contacts["date"], payments["date"]])
    if start is None:
        if dates.empty:
            raise InputError(source, "--start", "logs without a row", "contacts or payments, or --start with a date")
        start = dates.min().date()
    first = pd.Timestamp(start)
    for log in (contacts, payments):
        log["day"] = (log["date"].dt.normalize() - first).dt.days.astype(np.int64)
    early = int((contacts["day"] < 0).sum() + (payments["day"] < 0).sum())
    if early:
        notes.append(f"{early:,} contacts and payments before {start} are left out")
    contacts, payments = (log[log["day"] >= 0].sort_values("day", kind="stable") for log in (contacts, payments))
    if not dates.empty and contacts.empty and payments.empty:
        raise InputError(source, "--start", str(start), f"a day not after the logs' last, {dates.max():%Y-%m-%d}")
    contacts = contacts.assign(
        hour=contacts["hour"].astype(float).where(contacts["hour"].notna(), _hour_of(contacts["date"])),
        inbound=(contacts["direction"] == "inbound"),
        reached=contacts["outcome"].isin(RIGHT_PARTY),
        due=(contacts["promise_due"].astype("datetime64[us]") - first).dt.days,
    )
    days = int(max(contacts["day"].max() if len(contacts) else -1, payments["day"].max() if len(payments) else -1)) + 1
    return Records(start, days, accounts, contacts, payments[["account", "day", "amount", "kind"]], tuple(notes))


def _hour_of(moments: pd.Series) -> pd.Series:
    """The time of day of moments, hours; NaN at midnight, where the time is not known."""
    hours = moments.dt.hour + moments.dt.minute / 60.0
    return hours.where(hours > 0)
