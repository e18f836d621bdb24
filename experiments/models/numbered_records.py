"""A lender's records as models read them: days counted from the day of the portfolio, accounts numbered."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date

import numpy as np
import pandas as pd

from recoup.experiments.records.lender_records import LenderRecords
from recoup.sim.portfolio.records import RIGHT_PARTY
from recoup.sim.portfolio.table import FILE_FIELDS, Kind
from recoup.sim.remarks import Remark
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
        notes: what was left out.
        vocabulary: of the scenario: which channels and products there are.
    """

    start: date
    days: int
    accounts: pd.DataFrame
    contacts: pd.DataFrame
    payments: pd.DataFrame
    notes: tuple[Remark, ...] = field(default=())
    vocabulary: Vocabulary = STANDARD

    def by(self, group: Group) -> tuple[str, ...]:
        """The channels of a group."""
        return tuple(channel.name for channel in self.vocabulary.channels if channel.group == group)

    def before(self, day: int) -> Records:
        """The same records, as they stood on the morning of a day."""
        contacts, payments = (log[log["day"] < day] for log in (self.contacts, self.payments))
        return replace(self, days=min(self.days, day), contacts=contacts, payments=payments)


def numbered(records: LenderRecords, start: date | None = None) -> Records:
    """A lender's records with days and accounts as numbers. What lies before the first day is left out: the portfolio has it in its state.

    Args:
        records: the lender's.
        start: day 0; None = the portfolio's day.
    """
    start = start or records.first_day
    first, accounts = pd.Timestamp(start), _as_registered(records.portfolio.table)
    place = pd.Series(np.arange(len(accounts)), index=accounts["account_id"].astype(str))
    logs, early = [], 0
    for log in (records.contacts, records.payments):
        log = log.assign(date=log["date"].astype("datetime64[us]"))
        account = log["account_id"].astype(str).map(place).astype(np.int64)
        log = log.assign(account=account, day=(log["date"].dt.normalize() - first).dt.days.astype(np.int64))
        early += int((log["day"] < 0).sum())
        logs.append(log[log["day"] >= 0].sort_values("day", kind="stable"))
    contacts, payments = logs
    contacts = contacts.assign(
        hour=contacts["hour"].astype(float).where(contacts["hour"].notna(), _hour_of(contacts["date"])),
        inbound=(contacts["direction"] == "inbound"),
        reached=contacts["outcome"].isin(RIGHT_PARTY),
        due=(contacts["promise_due"].astype("datetime64[us]") - first).dt.days,
    )
    left_out = [Remark("early", {"n": early, "day": start.isoformat()})] if early else []
    return Records(
        start,
        max((records.last_day - start).days + 1, 0),
        accounts,
        contacts,
        payments[["account", "day", "amount", "kind"]],
        (*records.notes, *left_out),
        records.vocabulary,
    )


def _as_registered(portfolio: pd.DataFrame) -> pd.DataFrame:
    """All fields of `FILE_FIELDS`, unknown where the file does not say, then whatever else it has."""
    fields = [wanted.name for wanted in FILE_FIELDS]
    table = portfolio.reindex(columns=[*fields, *(name for name in portfolio if name not in fields)])
    for wanted in FILE_FIELDS:
        text = wanted.kind in (Kind.TEXT, Kind.CATEGORY)
        table[wanted.name] = table[wanted.name].astype(object if text else float)
    return table.reset_index(drop=True)


def _hour_of(moments: pd.Series) -> pd.Series:
    """The time of day of moments, hours; NaN at midnight, where the time is not known."""
    hours = moments.dt.hour + moments.dt.minute / 60.0
    return hours.where(hours > 0)
