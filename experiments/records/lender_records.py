"""A lender's records: the accounts, the log of contacts, the payments. Every command that learns from them reads them here.

    records = read_lender_records(TableAt(accounts), TableAt(calls, calls_map), TableAt(payments), world.vocabulary)
    first, last = records.days(at, until)

A portfolio is as it was on the morning of one day, which the user says, or its column map (`as_of`); else it is taken to be the first of
the logs. Rows of other accounts are left out and counted; rows of earlier days stay, and whoever begins on that day leaves them out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

import pandas as pd

from recoup.experiments.runs.runfolder import write_csv, write_table
from recoup.sim.inputs import InputError
from recoup.sim.parameters import Population
from recoup.sim.portfolio.importing import inspect, load, sample, typed_state
from recoup.sim.portfolio.records import PAYMENTS, contacts_of, in_form, read_records
from recoup.sim.portfolio.sources import Source, source_of
from recoup.sim.portfolio.table import Portfolio, portfolio_fields
from recoup.sim.remarks import Remark
from recoup.sim.treatments import STANDARD, Vocabulary


@dataclass(frozen=True)
class TableAt:
    """A table of a user's, and its column map; None = its columns have the names of our fields."""

    source: Source
    map_file: Path | None = None

    @classmethod
    def named(cls, address: str, map_file: Path | None = None) -> TableAt:
        """Of a file's path or a database's address, as commands are given it.

        Raises:
            InputError: as `source_of`.
        """
        return cls(source_of(address), map_file)

    @property
    def name(self) -> str:
        """What reports call it: a file's name without its ending."""
        return getattr(self.source, "stem", str(self.source))


@dataclass(frozen=True)
class LenderRecords:
    """What a lender has of a portfolio from one day to another.

    Attributes:
        portfolio: the accounts as they were in the morning of the first day.
        contacts: one row per contact or legal step; columns of `records.CONTACTS`, as `read_records` gives them. A simulation's are in order of time.
        payments: one row per payment; columns of `records.PAYMENTS`, likewise.
        first_day: of the portfolio.
        last_day: of the two logs; before `first_day` where nothing is in them from then on.
        notes: what was left out.
        vocabulary: of the scenario: which channels and products there are.
    """

    portfolio: Portfolio
    contacts: pd.DataFrame
    payments: pd.DataFrame
    first_day: date
    last_day: date
    notes: tuple[Remark, ...] = ()
    vocabulary: Vocabulary = STANDARD

    @property
    def moments(self) -> pd.Series[pd.Timestamp]:
        """Dates of all rows of both logs."""
        return _moments(self.contacts, self.payments)

    def days(self, first: date | None = None, last: date | None = None, option: str = "--at") -> tuple[date, date]:
        """The days in question, the first and the last of them.

        Args:
            first: None = the portfolio's.
            last: as `--until` says; None = that of the logs.
            option: by which the user says the first, for messages.

        Raises:
            InputError: a day before the portfolio's, days in the wrong order, or none that the logs tell of.
        """
        begin, end, moments = first or self.first_day, last or self.last_day, self.moments
        covered = f"{moments.min():%Y-%m-%d} to {moments.max():%Y-%m-%d}" if len(moments) else "no row"
        if begin < self.first_day:
            raise InputError(option, "", begin.isoformat(), f"{self.first_day}, the portfolio's day, or later")
        if last is not None and last < begin:
            raise InputError("--until", "", last.isoformat(), f"{begin}, the first day, or later")
        if not ((moments >= pd.Timestamp(begin)) & (moments < pd.Timestamp(end) + pd.Timedelta(days=1))).any():
            asked = f"{begin} to {end}" if begin <= end else begin.isoformat()
            raise InputError(option, "", asked, f"days that the logs tell of: {covered}")
        return begin, end

    def sampled(self, accounts: int | None, seed: int) -> LenderRecords:
        """The records of so many accounts, over the same days; of all where there are not so many, or None.

        Args:
            accounts: how many.
            seed: of the choice.
        """
        if accounts is None or accounts >= len(self.portfolio):
            return self
        few = sample(self.portfolio, accounts, seed)
        logs = [_theirs(log, few)[0] for log in (self.contacts, self.payments)]
        return replace(self, portfolio=few, contacts=logs[0], payments=logs[1])

    def write(self, folder: Path, csv: bool = False) -> None:
        """Write the three tables, portfolio, contacts and payments, into a folder that is there.

        Args:
            folder: where to.
            csv: as CSV, in place of Parquet.

        Raises:
            InputError: they cannot be written.
        """
        tables = {"portfolio": self.portfolio.table, "contacts": self.contacts, "payments": self.payments}
        for name, table in tables.items():
            if csv:
                write_csv(folder / f"{name}.csv", table)
            else:
                write_table(folder / f"{name}.parquet", table)


def read_lender_records(
    portfolio: TableAt,
    contacts: TableAt | None,
    payments: TableAt | None,
    vocabulary: Vocabulary = STANDARD,
    *,
    drawn_from: Population | None = None,
    day: date | None = None,
    option: str = "--at",
) -> LenderRecords:
    """Read a portfolio and its logs.

    Args:
        portfolio, contacts, payments: where they are; a log may be None: nothing is in it.
        vocabulary: of the scenario, which may have channels and products of its own.
        drawn_from: what the portfolio's file does not say is drawn from here; None = it stays unknown.
        day: of the portfolio; None = `as_of` of its map, else the first day of the logs.
        option: by which the user says `day`, for messages.

    Raises:
        InputError: as `inspect` and `lender_records`, and for values that cannot be used.
    """
    contact, accounts = contacts_of(vocabulary), portfolio_fields(vocabulary)
    if drawn_from is None:
        book = known_portfolio(portfolio, vocabulary)
    else:
        book = load(portfolio.source, portfolio.map_file, drawn_from, 0, portfolio.name, accounts)
    logs = [
        read_records(log.source, log.map_file, registry) if log else in_form(pd.DataFrame(), registry)
        for log, registry in ((contacts, contact), (payments, PAYMENTS))
    ]
    names = [str(table.source) if table else "" for table in (portfolio, contacts, payments)]
    return lender_records(book, logs[0], logs[1], vocabulary, day=day, option=option, names=names)


def known_portfolio(table: TableAt, vocabulary: Vocabulary = STANDARD) -> Portfolio:
    """The accounts of a file with what it says of them, and nothing drawn.

    Args:
        table: the file, and its map.
        vocabulary: of the scenario, which may have products of its own.

    Raises:
        InputError: as `inspect`, and for values that cannot be used.
    """
    inspection = inspect(table.source, table.map_file, portfolio_fields(vocabulary))
    inspection.require_usable("recoup portfolio check")
    known = typed_state(inspection.table).reset_index(drop=True)
    return Portfolio(known, table.name, as_of=inspection.mapping.as_of)


def lender_records(
    portfolio: Portfolio,
    contacts: pd.DataFrame,
    payments: pd.DataFrame,
    vocabulary: Vocabulary = STANDARD,
    *,
    day: date | None = None,
    option: str = "--at",
    names: Sequence[str] = ("portfolio", "contacts", "payments"),
) -> LenderRecords:
    """A portfolio and its logs as one.

    Args:
        portfolio: the accounts.
        contacts, payments: as `records.read_records` returns them.
        vocabulary, day, option: as for `read_lender_records`.
        names: what messages call the three tables.

    Raises:
        InputError: an account twice; a log whose rows are all of accounts that the portfolio does not have; another day than that on
            which the portfolio says it is so; or no day at all, as nothing is in the logs.
    """
    if (again := portfolio.table["account_id"].duplicated()).any():
        raise InputError(names[0], "account_id", portfolio.table["account_id"][again].iloc[0], "each account once")
    if day is not None and portfolio.as_of not in (None, day):
        raise InputError(
            option, "", day.isoformat(), f"{portfolio.as_of}, on which {names[0]} is so (as_of of its map)"
        )
    logs, notes = [], []
    for name, log, what in zip(names[1:], (contacts, payments), ("contacts", "payments"), strict=True):
        theirs, strangers = _theirs(log, portfolio)
        if strangers and not len(theirs):
            expected = f"an account of {names[0]}, as {portfolio.table['account_id'].iloc[0]!r} is"
            raise InputError(name, "account_id", log["account_id"].iloc[0], f"{expected}; none of its rows has one")
        if strangers:
            notes.append(Remark(f"strange_{what}", {"n": strangers}))
        logs.append(theirs)
    moments, first = _moments(*logs), day or portfolio.as_of
    if first is None and moments.empty:
        expected = f"contacts or payments, or {option} with the day of the portfolio"
        raise InputError(" and ".join(filter(None, names[1:])) or names[0], "", "no row", expected)
    first = first or moments.min().date()
    last = first - timedelta(days=1) if moments.empty else moments.max().date()
    return LenderRecords(portfolio, logs[0], logs[1], first, last, tuple(notes), vocabulary)


def _theirs(log: pd.DataFrame, portfolio: Portfolio) -> tuple[pd.DataFrame, int]:
    """The rows of a log about a portfolio's accounts, and how many are of others."""
    ours = log["account_id"].astype(str).isin(set(portfolio.column("account_id").astype(str)))
    return log[ours], int((~ours).sum())


def _moments(contacts: pd.DataFrame, payments: pd.DataFrame) -> pd.Series[pd.Timestamp]:
    return pd.concat([log["date"].astype("datetime64[us]") for log in (contacts, payments)]).dropna()
