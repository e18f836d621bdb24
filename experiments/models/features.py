"""What is known of each account on the morning of a day, as numbers: the lender's fields, and what the logs say of earlier days.

Nothing of the day itself or later goes in, and no protected attribute: age, sex and region stay with the audits.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recoup.experiments.models.numbered_records import Records
from recoup.sim.observation import LONG_AGO
from recoup.sim.portfolio.records import NO_CONTACT
from recoup.sim.portfolio.table import FILE_FIELDS
from recoup.sim.treatments import Group

Column = NDArray[np.float64]
# Of the lender's file as they are; amounts go in as logarithms, dates as days to go, products one by one.
PLAIN = tuple(
    field.name
    for field in FILE_FIELDS
    if field.role == "visible" and field.name not in ("opening_balance", "dpd", "product", "monthly_income", "payday")
)
WINDOWS = ("morning", "midday", "afternoon", "evening")
_GROUPS = {"calls": Group.CALL, "texts": Group.TEXT, "letters": Group.LETTER, "visits": Group.VISIT}
_GRACE = 3  # days after which a promise without money counts as broken
CLEARED = 1e-6  # share of the claim that may be left of one that is paid


def paid_by(records: Records, first: int, last: int) -> Column:
    """Money that came in from each account on days first..last − 1, currency (accounts,)."""
    log = records.payments
    chosen = log[(log["day"] >= first) & (log["day"] < last)]
    return _sum(records, chosen["account"], chosen["amount"].to_numpy(float))


def settled_by(records: Records, day: int) -> NDArray[np.bool_]:
    """Accounts that had paid the sum of a settlement before a day."""
    log = records.payments
    rows = log[(log["day"] < day) & (log["kind"] == "settlement") & (log["amount"] > 0)]
    return _sum(records, rows["account"]) > 0


def open_at(records: Records, day: int) -> NDArray[np.bool_]:
    """Accounts that had neither paid their claim nor settled before a day, as far as the logs tell."""
    opening = records.accounts["opening_balance"].to_numpy(float)
    return (opening - paid_by(records, 0, day) > CLEARED * opening) & ~settled_by(records, day)


def days_past_due(records: Records, day: int) -> Column:
    """Days past due on the morning of a day: of the latest earlier contact that says so, else of the portfolio, plus the days since."""
    origin = records.accounts["dpd"].to_numpy(float).copy()
    log = records.contacts
    said = log[(log["day"] < day) & log["dpd"].notna()]
    latest = said.drop_duplicates("account", keep="last")  # contacts are in the order of days
    origin[latest["account"].to_numpy()] = latest["dpd"].to_numpy(float) - latest["day"].to_numpy(float)
    return np.maximum(origin + day, 0.0)


def features_at(records: Records, day: int, windows: Sequence[float] = ()) -> pd.DataFrame:
    """The features of each account on the morning of a day.

    Args:
        records: may know more; what happened on that day or later is not looked at.
        day: number of the day.
        windows: hours at which contact windows end; if given, calls so far by window are among the features.

    Returns:
        One row an account of the portfolio, float64; NaN where nothing is known.
    """
    known = records.before(day)
    columns = _of_the_file(known, day) | _of_the_claim(known, day) | _of_the_contacts(known, day)
    if windows:
        columns |= _by_window(known, windows)
    return pd.DataFrame(columns)


def _of_the_file(known: Records, day: int) -> dict[str, Column]:
    file = known.accounts
    columns = {name: file[name].to_numpy(float) for name in PLAIN}
    columns["log_income"] = np.log1p(file["monthly_income"].to_numpy(float))
    of_month = (known.start + timedelta(days=day)).day
    columns["days_to_payday"] = (file["payday"].to_numpy(float) - of_month) % 30
    product = file["product"].to_numpy(object)
    unknown = pd.isna(product)
    for name in known.vocabulary.products:
        columns[f"product_{name}"] = np.where(unknown, np.nan, product == name).astype(float)
    return columns


def _of_the_claim(known: Records, day: int) -> dict[str, Column]:
    opening = known.accounts["opening_balance"].to_numpy(float)
    paid, log = paid_by(known, 0, day), known.payments
    came = log[log["amount"] > 0]
    lately = paid_by(known, day - 30, day)
    return {
        "log_opening": np.log(opening),
        "log_balance": np.log1p(np.maximum(opening - paid, 0.0)),
        "paid_share": np.clip(paid / opening, 0.0, 1.0),
        "paid_share_30d": np.clip(lately / opening, 0.0, 1.0),
        "dpd": days_past_due(known, day),
        "payments": _sum(known, came["account"]),
        "days_since_payment": _since(known, came, day),
        "instalments": _sum(known, came.loc[came["kind"] == "instalment", "account"]),
        "promises_kept": _sum(known, came.loc[came["kind"] == "promise", "account"]),
        "reversals": _sum(known, log.loc[log["amount"] < 0, "account"]),
    }


def _of_the_contacts(known: Records, day: int) -> dict[str, Column]:
    log = known.contacts
    ours, theirs = log[~log["inbound"] & (log["channel"] != NO_CONTACT)], log[log["inbound"]]
    columns: dict[str, Column] = {}
    for name, group in _GROUPS.items():
        of = ours[ours["channel"].isin(known.by(group))]
        columns[name] = _sum(known, of["account"])
        columns[f"{name}_7d"] = _sum(known, of.loc[of["day"] >= day - 7, "account"])
        columns[f"{name}_30d"] = _sum(known, of.loc[of["day"] >= day - 30, "account"])
    reached = log[log["reached"]]
    columns |= {
        "inbound": _sum(known, theirs["account"]),
        "days_since_attempt": _since(known, ours, day),
        "reached": _sum(known, reached["account"]),
        "reached_30d": _sum(known, reached.loc[reached["day"] >= day - 30, "account"]),
        "days_since_reached": _since(known, reached, day),
        "offers": _sum(known, log.loc[log["offer"].notna(), "account"]),
    }
    tried, spoken = columns["calls"] + columns["visits"], columns["reached"]
    columns["reach_rate"] = np.where(tried > 0, spoken / np.maximum(tried, 1.0), np.nan)
    for outcome in ("promise", "accepted", "refused", "hardship", "disputed", "complaint", "opt_out", "wrong_number"):
        columns[f"outcome_{outcome}"] = _sum(known, log.loc[log["outcome"] == outcome, "account"])
    for step in ("notice", "suit", "enforce"):
        columns[f"legal_{step}"] = _sum(known, log.loc[log["legal"] == step, "account"])
    return columns | _of_promises(known, day)


def _of_promises(known: Records, day: int) -> dict[str, Column]:
    """Promises that are open, and those that fell due without money coming in from the day they were given on."""
    log, payments = known.contacts, known.payments
    given = log[(log["outcome"] == "promise") & log["due"].notna()]
    due = given["due"].to_numpy(float)
    came = payments.loc[payments["amount"] > 0, ["account", "day"]].to_numpy(np.int64)
    # Days run from 0, so that account and day make one rising number; the first payment from the promise on is then one search.
    span = np.int64(known.days + 1)
    times = np.sort(came[:, 0] * span + came[:, 1])
    asked = given["account"].to_numpy(np.int64) * span + given["day"].to_numpy(np.int64)
    at = np.searchsorted(times, asked)
    following = np.append(times, np.int64(2**62))[at]
    kept = following <= given["account"].to_numpy(np.int64) * span + np.minimum(due + _GRACE, span - 1)
    over = due + _GRACE < day
    return {
        "promises_open": _sum(known, given.loc[~kept & ~over, "account"]),
        "promises_broken": _sum(known, given.loc[~kept & over, "account"]),
    }


def window_of(hours: Column, ends: Sequence[float]) -> NDArray[np.int64]:
    """The contact window of times of day: int64, 0 .. len(ends) − 1; −1 where the time is not known.

    Args:
        hours: times of day, hours.
        ends: hours at which windows end, rising; the last takes all that is later.
    """
    window = np.searchsorted(np.asarray(ends[:-1], float), hours, side="right")
    return np.where(np.isnan(hours), -1, window).astype(np.int64)


def _by_window(known: Records, windows: Sequence[float]) -> dict[str, Column]:
    log = known.contacts
    calls = log[log["channel"].isin(known.by(Group.CALL)) & ~log["inbound"]]
    window = window_of(calls["hour"].to_numpy(float), windows)
    columns = {}
    for number, name in zip(range(len(windows)), WINDOWS, strict=True):
        of = calls[window == number]
        columns[f"calls_{name}"] = _sum(known, of["account"])
        columns[f"reached_{name}"] = _sum(known, of.loc[of["reached"], "account"])
    return columns


def _sum(records: Records, rows: pd.Series, amounts: Column | None = None) -> Column:
    """A sum, or a count, by account: float64 (accounts,)."""
    size = len(records.accounts)
    return np.bincount(rows.to_numpy(np.int64), weights=amounts, minlength=size).astype(float)


def _since(records: Records, rows: pd.DataFrame, day: int) -> Column:
    """Days since an account's latest row, at most `LONG_AGO`, which also stands for none; rows are in the order of days."""
    since = np.full(len(records.accounts), LONG_AGO)
    latest = rows.drop_duplicates("account", keep="last")
    since[latest["account"].to_numpy(np.int64)] = day - latest["day"].to_numpy(float)
    return np.minimum(since, LONG_AGO)
