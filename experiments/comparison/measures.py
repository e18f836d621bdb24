"""Every measure of a comparison, defined once. Money in cents, days counted from the cohort's entry.

A measure is a function of the accounts of one run (all, or those of one tier) and, where it speaks of staff or overhead,
of its daily figures. Undefined values (nothing to divide by) are NaN here and null in files.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recoup.experiments.comparison.rollout import Rollout

TIERS = ("low", "medium", "high")
ROLL_DAYS = (30, 60, 90, 120, 150, 180)


def ratio(above: float, below: float) -> float:
    """above / below; NaN when there is nothing to divide by."""
    return float(above) / float(below) if below else math.nan


def resolved(accounts: pd.DataFrame) -> pd.Series:
    """Accounts closed by payment or settlement (not by writing off)."""
    return accounts["status"].isin(["paid", "settled"])


def days_to_resolution(accounts: pd.DataFrame, days: int) -> NDArray[np.float64]:
    """Days until each account was resolved, the day of closing included; the horizon if it was not."""
    return np.where(resolved(accounts), accounts["closed_day"] + 1, days).astype(float)


def total_cost(run: Rollout, accounts: pd.DataFrame, discounted: bool = False) -> float:
    """Cost of treating these accounts; for the whole cohort the overhead of staff (training) as well."""
    treating = accounts["discounted_cost" if discounted else "cost"].sum()
    if len(accounts) < len(run.accounts):
        return float(treating)
    overhead = run.daily["overhead"] * (run.daily["discount_factor"] if discounted else 1)
    return float(treating + overhead.sum())


@dataclass(frozen=True)
class Measure:
    """A measure's name, what it says, its unit, which way is better, and its definition."""

    name: str
    title: str
    unit: str  # share, days, count, ratio
    better: int  # 1 more, -1 less, 0 neither
    definition: str
    of: Callable[[Rollout, pd.DataFrame], float]
    by_tier: bool = True


MEASURES: tuple[Measure, ...] = (
    Measure(
        "recovery_rate",
        "Recovery rate",
        "share",
        1,
        "cash received / opening balance",
        lambda run, a: ratio(a["cash"].sum(), a["opening"].sum()),
    ),
    Measure(
        "net_recovery_rate",
        "Net recovery rate",
        "share",
        1,
        "(cash received − costs) / opening balance",
        lambda run, a: ratio(a["cash"].sum() - total_cost(run, a), a["opening"].sum()),
    ),
    Measure(
        "npv_rate",
        "Net present value",
        "share",
        1,
        "(discounted cash − discounted costs) / opening balance, at the scenario's annual rate",
        lambda run, a: ratio(a["discounted_cash"].sum() - total_cost(run, a, discounted=True), a["opening"].sum()),
    ),
    Measure(
        "time_to_recover_days",
        "Time to recover",
        "days",
        -1,
        "restricted mean days until an account is paid or settled; the horizon if it is not",
        lambda run, a: float(days_to_resolution(a, run.days).mean()) if len(a) else math.nan,
    ),
    Measure(
        "cash_weighted_days",
        "Mean day of the cash",
        "days",
        -1,
        "sum of cash × day / cash",
        lambda run, a: ratio(a["cash_day_sum"].sum(), a["cash"].sum()),
    ),
    Measure(
        "cure_rate",
        "Cure rate",
        "share",
        1,
        "accounts paid in full / accounts",
        lambda run, a: ratio((a["status"] == "paid").sum(), len(a)),
    ),
    Measure(
        "cost_to_collect",
        "Cost to collect",
        "share",
        -1,
        "costs / cash received",
        lambda run, a: ratio(total_cost(run, a), a["cash"].sum()),
    ),
    Measure(
        "complaints_per_1000",
        "Complaints per 1,000 accounts",
        "count",
        -1,
        "complaints over the whole horizon / accounts × 1,000",
        lambda run, a: ratio(1000 * a["complaints"].sum(), len(a)),
    ),
    Measure(
        "breaches",
        "Breaches of rules",
        "count",
        -1,
        "unlawful treatments that happened",
        lambda run, a: float(a["breaches"].sum()),
    ),
    Measure(
        "rpc_rate",
        "Right-party contacts per call",
        "share",
        0,
        "calls that reached the debtor / call attempts",
        lambda run, a: ratio(a["call_reaches"].sum(), a["call_attempts"].sum()),
    ),
    Measure(
        "kept_promise_rate",
        "Promises kept",
        "share",
        1,
        "promises and agreed settlements kept / fallen due",
        lambda run, a: ratio(a["kept"].sum(), a["kept"].sum() + a["broken"].sum()),
    ),
    Measure(
        "occupancy",
        "Occupancy of staff",
        "share",
        0,
        "seconds used / seconds on shift, collectors and specialised team",
        lambda run, a: ratio(
            run.daily["collector_seconds"].sum() + run.daily["specialist_seconds"].sum(),
            run.daily["collector_capacity"].sum() + run.daily["specialist_capacity"].sum(),
        ),
        by_tier=False,
    ),
)
MEASURE = {measure.name: measure for measure in MEASURES}


def take(run: Rollout) -> dict[str, float]:
    """All measures of one run."""
    return {measure.name: measure.of(run, run.accounts) for measure in MEASURES}


def take_by_tier(run: Rollout) -> dict[str, dict[str, float]]:
    """The measures that make sense for a part of the accounts, by the tier each account entered in."""
    return {
        tier: {m.name: m.of(run, run.accounts[run.accounts["entry_tier"] == tier]) for m in MEASURES if m.by_tier}
        for tier in TIERS
    }


def liquidation_curve(run: Rollout) -> NDArray[np.float64]:
    """Cumulative cash / opening balance by day: shape (days,)."""
    return np.asarray(run.daily["cash"].cumsum() / run.accounts["opening"].sum(), float)


def unresolved_curve(run: Rollout) -> NDArray[np.float64]:
    """Share of accounts not resolved by the end of each day: shape (days,).

    Everybody is followed to the horizon, so this is the Kaplan–Meier estimate, write-offs counted as unresolved.
    """
    closed = run.accounts["closed_day"][resolved(run.accounts)]
    return 1.0 - np.bincount(closed, minlength=run.days)[: run.days].cumsum() / len(run.accounts)


def roll_rates(run: Rollout) -> dict[str, float]:
    """M1→M2, M2→M3, …: of the accounts that begin a 30-day bucket open, the share still unresolved when it ends.

    Only accounts whose whole bucket falls within the horizon are counted.
    """
    a = run.accounts
    ended = np.where(resolved(a), a["closed_day"], np.inf)
    rates = {}
    for month, end in enumerate(ROLL_DAYS, start=1):
        first, last = end - 29 - a["dpd"], end - a["dpd"]  # days of the run on which the bucket begins and ends
        begins = (first >= 0) & (last < run.days) & (ended >= first)
        rates[f"M{month}→M{month + 1}"] = ratio((begins & (ended > last)).sum(), begins.sum())
    return rates
