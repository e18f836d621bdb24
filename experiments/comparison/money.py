"""What a plan is worth in money, by seed and account: the gain of one over another per month, its parts, and how much accounts vary.

Net present value is cash, less cost, plus what claims are worth at the horizon, all discounted to day 0. It comes in two views of cost: fully
loaded (staff is paid whether or not it is used) and variable (staff by the minute that it serves). A month is a twelfth of a year of 365.25 days.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recoup.experiments.comparison.files import ACCOUNTS_TABLE, DAILY_TABLE
from recoup.experiments.comparison.intervals import Interval, interval

DAYS_OF_MONTH = 365.25 / 12
PARTS = ("cash", "horizon", "treatment", "standing")  # what net present value is the sum of
_ACCOUNTS = ("policy", "seed", "opening", "discounted_cash", "discounted_cost", "discounted_horizon_value")
_DAILY = ("policy", "seed", "idle_cost", "overhead", "discount_factor", "notices")
_CENTS = 100.0


@dataclass(frozen=True)
class Worth:
    """A plan's net present value on each seed, in currency units; the seeds in the order of the run.

    Attributes:
        parts: of `PARTS`, shape (seeds,) each: discounted cash, value at the horizon, and, negative, the cost of treatment and that of staff
            which serves nobody, with overheads.
        accounts: how many there are on each seed, shape (seeds,).
        variance: between accounts of one seed, of net present value at variable cost: mean over seeds.
        unexplained: the same, of what a straight line in the opening balance leaves.
        notices_per_1000: legal notices per 1,000 accounts, shape (seeds,).
    """

    parts: dict[str, NDArray[np.float64]]
    accounts: NDArray[np.float64]
    variance: float
    unexplained: float
    notices_per_1000: NDArray[np.float64]

    @property
    def variable(self) -> NDArray[np.float64]:
        """At variable cost."""
        return self.full - self.parts["standing"]

    @property
    def full(self) -> NDArray[np.float64]:
        """At fully loaded cost."""
        return np.sum([self.parts[part] for part in PARTS], axis=0)


@dataclass(frozen=True)
class Gain:
    """What one plan brings more than another, in currency units per month.

    Attributes:
        full, variable: at fully loaded and at variable cost, with 95 % intervals over paired seeds.
        parts: of `full`; they add up to it.
        per_account: at variable cost, over the whole horizon: mean over seeds.
    """

    full: Interval
    variable: Interval
    parts: dict[str, Interval]
    per_account: float


def worth(folder: Path, names: Sequence[str], seeds: Sequence[int]) -> dict[str, Worth]:
    """What every plan of a run is worth.

    Args:
        folder: of the run.
        names: of the plans.
        seeds: of the run, in its order.

    Raises:
        InputError: a table is missing or damaged.
    """
    accounts = ACCOUNTS_TABLE.read(folder / ACCOUNTS_TABLE.name, _ACCOUNTS)
    daily = DAILY_TABLE.read(folder / DAILY_TABLE.name, _DAILY)
    by_account, by_day = (dict(list(table.groupby(["policy", "seed"]))) for table in (accounts, daily))
    return {
        name: _worth([by_account[name, seed] for seed in seeds], [by_day[name, seed] for seed in seeds])
        for name in names
    }


def _worth(accounts: list[pd.DataFrame], daily: list[pd.DataFrame]) -> Worth:
    def total(tables: list[pd.DataFrame], column: str) -> NDArray[np.float64]:
        return np.array([float(table[column].sum()) for table in tables])

    count = np.array([float(len(table)) for table in accounts])
    standing = [float(((day["idle_cost"] + day["overhead"]) * day["discount_factor"]).sum()) for day in daily]
    values = [(a["discounted_cash"] - a["discounted_cost"] + a["discounted_horizon_value"]) / _CENTS for a in accounts]
    opening = [a["opening"] / _CENTS for a in accounts]
    return Worth(
        {
            "cash": total(accounts, "discounted_cash") / _CENTS,
            "horizon": total(accounts, "discounted_horizon_value") / _CENTS,
            "treatment": -total(accounts, "discounted_cost") / _CENTS,
            "standing": -np.array(standing) / _CENTS,
        },
        count,
        float(np.mean([variance(value.to_numpy(float)) for value in values])),
        float(
            np.mean([unexplained(v.to_numpy(float), o.to_numpy(float)) for v, o in zip(values, opening, strict=True)])
        ),
        1000.0 * total(daily, "notices") / count,
    )


def variance(values: NDArray[np.float64]) -> float:
    """Between accounts; 0 of a single one.

    Args:
        values: shape (accounts,).
    """
    return float(values.var(ddof=1)) if values.size > 1 else 0.0


def unexplained(values: NDArray[np.float64], by: NDArray[np.float64]) -> float:
    """The variance that a straight line leaves, as in a trial's analysis of covariance.

    Args:
        values: shape (accounts,).
        by: what the line runs along, shape (accounts,).
    """
    if values.size < 3 or float(np.ptp(by)) == 0.0:
        return variance(values)
    slope = float(np.cov(values, by)[0, 1] / by.var(ddof=1))
    left = values - values.mean() - slope * (by - by.mean())
    return float((left**2).sum() / (values.size - 2))


def gain(ours: Worth, theirs: Worth, days: int, accounts: float | None = None) -> Gain:
    """What a plan brings more than another, per month.

    Args:
        ours, theirs: of the two plans, on the same seeds.
        days: the horizon.
        accounts: of the portfolio that the gain is scaled to, in proportion; None = as many as were simulated.
    """
    months = days / DAYS_OF_MONTH
    size = (theirs.accounts if accounts is None else np.full(theirs.accounts.size, accounts)) / theirs.accounts

    def monthly(difference: NDArray[np.float64]) -> Interval:
        return interval((difference / months).tolist())

    full = ours.full - theirs.full
    return Gain(
        full=monthly(size * full),
        variable=monthly(size * (ours.variable - theirs.variable)),
        parts={part: monthly(size * (ours.parts[part] - theirs.parts[part])) for part in PARTS},
        per_account=float(np.mean((ours.variable - theirs.variable) / theirs.accounts)),
    )


def times(interval: Interval, factor: float) -> Interval:
    """An interval in another unit, as a year of months or a thousand accounts.

    Args:
        interval: mean, low, high; None where undefined.
        factor: above 0.
    """
    return {end: None if value is None else factor * value for end, value in interval.items()}


def payback(cost: float, per_month: Interval) -> Interval:
    """Months until a gain has paid a one-off cost, from the fastest (`low`) to the slowest (`high`); None where it never does.

    Args:
        cost: in currency units.
        per_month: the gain with its interval, in currency units.
    """

    def months(value: float | None) -> float | None:
        return cost / value if value is not None and value > 0 else None

    return {"mean": months(per_month["mean"]), "low": months(per_month["high"]), "high": months(per_month["low"])}
