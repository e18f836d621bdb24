"""What models learn from: accounts at reference dates, with features from before and outcomes from after.

Time divides them: models are fitted on dates whose outcomes were known by the split, and tested on dates from the split on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recoup.experiments.models.features import (
    CLEARED,
    WINDOWS,
    days_past_due,
    features_at,
    open_at,
    paid_by,
    settled_by,
    window_of,
)
from recoup.experiments.models.numbered_records import Records
from recoup.sim.inputs import InputError
from recoup.sim.treatments import Group

EVERY = 7  # days from one reference date to the next
ROLL_PAID = 0.1  # share of the claim: who has paid as much within the horizon does not count as rolling on
LEAST_ROWS, LEAST_CASES = 200, 30  # in the period of the fit, and in that of the test
MOST_ROWS = 200_000


class Kind(StrEnum):
    """What can be foretold."""

    EARLY_WARNING = "early-warning"
    NEEDS_HELP = "needs-help"
    REPAYMENT = "repayment"
    CALL_TIME = "call-time"
    UPLIFT = "uplift"


SCORE_NAME = {
    Kind.EARLY_WARNING: "early-warning",
    Kind.NEEDS_HELP: "needs-help",
    Kind.REPAYMENT: "repayment",
    Kind.CALL_TIME: "reach",
}
MEANING = {
    Kind.EARLY_WARNING: "the account is a bucket of days past due (30 days, or a band of the scenario's own) older at the end of the horizon, and less than a tenth of its claim has been paid",
    Kind.NEEDS_HELP: "the debtor discloses hardship, or accepts a restructuring, within the horizon",
    Kind.REPAYMENT: "the account pays at least the asked share of its claim, or settles it, within the horizon",
    Kind.CALL_TIME: "a call reaches the debtor",
    Kind.UPLIFT: "cash within the horizon that the treatment brings, over doing nothing that day",
}


@dataclass(frozen=True)
class Table:
    """Rows to learn from.

    Attributes:
        features: float64 columns, one row each.
        outcome: 1 or 0, or an amount, (rows,).
        account: row of the portfolio, (rows,).
        day: the reference date's number, (rows,).
        fit, test: rows of the earlier and of the later period, bool (rows,).
        split: first day of the later period; every outcome of the earlier one was known by then.
    """

    features: pd.DataFrame
    outcome: NDArray[np.float64]
    account: NDArray[np.int64]
    day: NDArray[np.int64]
    fit: NDArray[np.bool_]
    test: NDArray[np.bool_]
    split: int


def dates_of(days: int, horizon: int, source: str, every: int = EVERY) -> tuple[list[int], int]:
    """The reference dates of logs, and the split.

    Args:
        days: that the logs cover.
        horizon: days of an outcome.
        source: of the logs, for messages.
        every: days from one date to the next.

    Returns:
        Days from 0 on whose outcomes the logs have; and the first of the later period, half way between the first outcome that is known
        and the last date.

    Raises:
        InputError: the logs are too short for two periods.
    """
    dates = list(range(0, days - horizon + 1, every))
    split = (horizon + (dates[-1] if dates else 0)) // 2
    if split < horizon or not any(day >= split for day in dates):
        expected = f"logs of at least {2 * horizon + every} days for outcomes of {horizon} days (a shorter --horizon needs fewer)"
        raise InputError(source, "", f"{days} days of contacts and payments", expected)
    return dates, split


def rolls(records: Records, day: int, horizon: int, _: float = 0.0) -> NDArray[np.float64]:
    """1 where an account is a bucket older after the horizon and has paid less than `ROLL_PAID` of its claim, else 0; (accounts,)."""
    then, now = (records.vocabulary.bucket_numbers(days_past_due(records, at)) for at in (day + horizon, day))
    older = then > now
    claim = records.accounts["opening_balance"].to_numpy(float) - paid_by(records, 0, day)
    paid = paid_by(records, day, day + horizon)
    return (older & open_at(records, day + horizon) & (paid < ROLL_PAID * claim)).astype(float)


def needs_help(records: Records, day: int, horizon: int, _: float = 0.0) -> NDArray[np.float64]:
    """1 where hardship is disclosed or a restructuring accepted within the horizon, else 0; NaN where it was before; (accounts,)."""
    log = records.contacts
    sign = log[(log["outcome"] == "hardship") | ((log["offer"] == "restructure") & (log["outcome"] == "accepted"))]
    size = len(records.accounts)
    said = np.bincount(
        sign.loc[(sign["day"] >= day) & (sign["day"] < day + horizon), "account"].to_numpy(np.int64), minlength=size
    )
    known = np.bincount(sign.loc[sign["day"] < day, "account"].to_numpy(np.int64), minlength=size)
    return np.where(known > 0, np.nan, (said > 0).astype(float))


def repays(records: Records, day: int, horizon: int, share: float) -> NDArray[np.float64]:
    """1 where an account pays a share of its claim, or the sum of a settlement, within the horizon, else 0; (accounts,)."""
    claim = records.accounts["opening_balance"].to_numpy(float) - paid_by(records, 0, day)
    paid = paid_by(records, day, day + horizon)
    settled = settled_by(records, day + horizon) & ~settled_by(records, day)
    return ((paid >= share * claim - CLEARED * claim) | settled).astype(float)


OUTCOMES: dict[Kind, Callable[[Records, int, int, float], NDArray[np.float64]]] = {
    Kind.EARLY_WARNING: rolls,
    Kind.NEEDS_HELP: needs_help,
    Kind.REPAYMENT: repays,
}


def account_table(records: Records, kind: Kind, horizon: int, share: float, source: str) -> Table:
    """Open accounts at reference dates, for one of `OUTCOMES`.

    Args:
        records: the lender's.
        kind: what is foretold.
        horizon: days after the date that count.
        share: of the claim, what repayment means.
        source: of the records, for messages.

    Raises:
        InputError: logs that are too short, or with too few cases of one kind in a period.
    """
    dates, split = dates_of(records.days, horizon, source)
    parts = []
    for day in dates:
        if day + horizon > split and day < split:
            continue  # its outcome was not known at the split
        outcome = OUTCOMES[kind](records, day, horizon, share)
        rows = np.flatnonzero(open_at(records, day) & ~np.isnan(outcome))
        parts.append((features_at(records, day).iloc[rows], outcome[rows], rows, np.full(rows.size, day)))
    return _table(parts, split, source, kind)


def call_table(records: Records, ends: list[float], source: str, every: int = EVERY) -> Table:
    """Outbound calls whose time is known: what was known on the reference date before, window, weekday, and whether the debtor was reached.

    Args:
        records: the lender's.
        ends: hours at which contact windows end.
        source: of the records, for messages.
        every: days from one reference date to the next.

    Raises:
        InputError: as `account_table`.
    """
    log = records.contacts
    by_call = records.by(Group.CALL)
    calls = log[log["channel"].isin(by_call) & ~log["inbound"] & log["hour"].notna() & log["outcome"].notna()]
    split = records.days // 2 // every * every  # on a reference date
    parts = []
    for day in range(0, records.days, every):
        rows = calls[(calls["day"] >= day) & (calls["day"] < day + every)]
        if rows.empty:
            continue
        known = features_at(records, day, ends).iloc[rows["account"].to_numpy(np.int64)].reset_index(drop=True)
        window = window_of(rows["hour"].to_numpy(float), ends)
        weekday = (rows["day"].to_numpy(np.int64) + records.start.weekday()) % 7
        asked = pd.concat([known, asked_at(window, weekday, rows["channel"].to_numpy(object), by_call)], axis=1)
        parts.append(
            (asked, rows["reached"].to_numpy(float), rows["account"].to_numpy(np.int64), rows["day"].to_numpy(np.int64))
        )
    if not parts:
        raise InputError(source, "", "no call whose time is known", "outbound calls with hour and outcome")
    return _table(parts, split, source, Kind.CALL_TIME)


def asked_at(
    window: NDArray[np.int64], weekday: NDArray[np.int64], channel: NDArray[np.object_], calls: Sequence[str]
) -> pd.DataFrame:
    """What is chosen of a call: its window, weekday and channel, each as columns of 0 and 1.

    Args:
        window: number in `WINDOWS`, (rows,).
        weekday: 0 = Monday, (rows,).
        channel: one of `calls`, (rows,).
        calls: all channels by which is called.
    """
    columns = {f"in_{name}": (window == number).astype(float) for number, name in enumerate(WINDOWS)}
    columns |= {f"on_weekday_{number}": (weekday == number).astype(float) for number in range(7)}
    columns |= {f"by_{name}": (channel == name).astype(float) for name in calls}
    return pd.DataFrame(columns)


def _table(
    parts: list[tuple[pd.DataFrame, NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]],
    split: int,
    source: str,
    kind: Kind,
) -> Table:
    features = pd.concat([part[0] for part in parts], ignore_index=True)
    outcome, account, day = (np.concatenate([part[n] for part in parts]) for n in (1, 2, 3))
    if len(features) > MOST_ROWS:
        kept = np.sort(np.random.default_rng(0).choice(len(features), MOST_ROWS, replace=False))
        features, outcome, account, day = (
            features.iloc[kept].reset_index(drop=True),
            outcome[kept],
            account[kept],
            day[kept],
        )
    test = day >= split
    for period, rows in (("earlier", ~test), ("later", test)):
        cases = int(outcome[rows].sum())
        rarer = min(cases, int(rows.sum()) - cases)
        if rows.sum() < LEAST_ROWS or rarer < LEAST_CASES:
            expected = f"at least {LEAST_ROWS} rows and {LEAST_CASES} of each outcome ({MEANING[kind]})"
            raise InputError(source, f"the {period} period", f"{int(rows.sum()):,} rows, {cases:,} cases", expected)
    return Table(features, outcome, account.astype(np.int64), day.astype(np.int64), ~test, test, split)
