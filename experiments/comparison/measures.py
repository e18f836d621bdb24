"""Every measure of a comparison, defined once. Money in cents, days counted from the cohort's entry.

A measure is a function of the accounts of one run (all, or those of one tier) and, where it speaks of staff or overhead,
of its daily figures. Costs are fully loaded in the headline: staff is paid whether or not it is used. Undefined values (nothing to divide by) are NaN here and null in files.
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recoup.experiments.comparison.measure import Better, Measure, Unit, ratio
from recoup.experiments.comparison.rollout import Rollout

SUED = ("queued", "filed", "dismissed", "judged", "enforcing", "enforced")  # legal stages after the decision to sue


def resolved(accounts: pd.DataFrame) -> pd.Series:
    """Accounts closed by payment, settlement or cure (not by writing off)."""
    return accounts["status"].isin(["paid", "settled", "cured"])


def days_to_resolution(accounts: pd.DataFrame, days: int) -> NDArray[np.float64]:
    """Days until each account was resolved, the day of closing included; the horizon if it was not.

    Args:
        accounts: one row an account, at the end of a run.
        days: the horizon.
    """
    return np.where(resolved(accounts), accounts["closed_day"] + 1, days).astype(float)


def variable_cost(accounts: pd.DataFrame, discounted: bool = False) -> float:
    """What was spent on treating these accounts: staff by the minute that it served them.

    Args:
        accounts: one row an account, at the end of a run.
        discounted: to day 0, at the scenario's annual rate.

    Returns:
        Cents.
    """
    return float(accounts["discounted_cost" if discounted else "cost"].sum())


def full_cost(run: Rollout, discounted: bool = False) -> float:
    """What the operation pays: the variable cost, staff while it serves nobody, and its courses. No account's share is known.

    Args:
        run: the rollout.
        discounted: as for `variable_cost`.

    Returns:
        Cents.
    """
    standing = (run.daily["idle_cost"] + run.daily["overhead"]) * (run.daily["discount_factor"] if discounted else 1)
    return variable_cost(run.accounts, discounted) + float(standing.sum())


MEASURES: tuple[Measure, ...] = (
    Measure(
        "recovery_rate",
        "Recovery rate",
        Unit.SHARE,
        Better.MORE,
        "cash received / opening balance",
        lambda run, a: ratio(a["cash"].sum(), a["opening"].sum()),
    ),
    Measure(
        "net_recovery_rate",
        "Net recovery rate",
        Unit.SHARE,
        Better.MORE,
        "(cash received − fully loaded cost) / opening balance",
        lambda run, a: ratio(a["cash"].sum() - full_cost(run), a["opening"].sum()),
        by_tier=False,
    ),
    Measure(
        "variable_net_recovery_rate",
        "Net recovery rate, variable cost",
        Unit.SHARE,
        Better.MORE,
        "(cash received − variable cost) / opening balance",
        lambda run, a: ratio(a["cash"].sum() - variable_cost(a), a["opening"].sum()),
    ),
    Measure(
        "npv_rate",
        "Net present value",
        Unit.SHARE,
        Better.MORE,
        "(discounted cash − discounted fully loaded cost + discounted value at the horizon) / opening balance, "
        "at the scenario's annual rate",
        lambda run, a: ratio(
            a["discounted_cash"].sum() - full_cost(run, discounted=True) + a["discounted_horizon_value"].sum(),
            a["opening"].sum(),
        ),
        by_tier=False,
    ),
    Measure(
        "value_at_horizon",
        "Value at the horizon",
        Unit.SHARE,
        Better.NEITHER,
        "what claims not paid by then would be sold for, or are expected to bring / opening balance; no cash",
        lambda run, a: ratio(a["horizon_value"].sum(), a["opening"].sum()),
    ),
    Measure(
        "time_to_recover_days",
        "Time to recover",
        Unit.DAYS,
        Better.LESS,
        "restricted mean days until an account is paid, settled or cured; the horizon if it is not",
        lambda run, a: ratio(days_to_resolution(a, run.days).sum(), len(a)),
    ),
    Measure(
        "cash_weighted_days",
        "Mean day of the cash",
        Unit.DAYS,
        Better.LESS,
        "sum of cash × day / cash",
        lambda run, a: ratio(a["cash_day_sum"].sum(), a["cash"].sum()),
    ),
    Measure(
        "cure_rate",
        "Cure rate",
        Unit.SHARE,
        Better.MORE,
        "accounts paid in full, or cards whose arrears are paid / accounts",
        lambda run, a: ratio(a["status"].isin(["paid", "cured"]).sum(), len(a)),
    ),
    Measure(
        "cured_balance_rate",
        "Balance back in good standing",
        Unit.SHARE,
        Better.MORE,
        "balance still owed on cards whose arrears are paid / opening balance; no part of the cash",
        lambda run, a: ratio(a["balance"][a["status"] == "cured"].sum(), a["opening"].sum()),
    ),
    Measure(
        "cost_to_collect",
        "Cost to collect",
        Unit.SHARE,
        Better.LESS,
        "fully loaded cost (treatment, staff on shift or at courses, courses) / cash received",
        lambda run, a: ratio(full_cost(run), a["cash"].sum()),
        by_tier=False,
    ),
    Measure(
        "variable_cost_to_collect",
        "Cost to collect, variable cost",
        Unit.SHARE,
        Better.LESS,
        "variable cost (treatment, staff by the minute that it serves) / cash received",
        lambda run, a: ratio(variable_cost(a), a["cash"].sum()),
    ),
    Measure(
        "complaints_per_1000",
        "Complaints per 1,000 accounts",
        Unit.COUNT,
        Better.LESS,
        "complaints over the whole horizon / accounts × 1,000",
        lambda run, a: ratio(1000 * a["complaints"].sum(), len(a)),
    ),
    Measure(
        "breaches",
        "Breaches of rules",
        Unit.COUNT,
        Better.LESS,
        "unlawful treatments that happened",
        lambda run, a: float(a["breaches"].sum()),
    ),
    Measure(
        "rpc_rate",
        "Right-party contacts per call",
        Unit.SHARE,
        Better.NEITHER,
        "calls that reached the debtor / call attempts",
        lambda run, a: ratio(a["call_reaches"].sum(), a["call_attempts"].sum()),
    ),
    Measure(
        "kept_promise_rate",
        "Promises kept",
        Unit.SHARE,
        Better.MORE,
        "promises and agreed settlements kept / fallen due",
        lambda run, a: ratio(a["kept"].sum(), a["kept"].sum() + a["broken"].sum()),
    ),
    Measure(
        "occupancy",
        "Occupancy of staff",
        Unit.SHARE,
        Better.NEITHER,
        "seconds used / seconds on shift, collectors and specialised team",
        lambda run, a: ratio(
            run.daily["collector_seconds"].sum() + run.daily["specialist_seconds"].sum(),
            run.daily["collector_capacity"].sum() + run.daily["specialist_capacity"].sum(),
        ),
        by_tier=False,
    ),
)
# What is asked of debtors; `welfare` assesses these. Some are known to the simulation alone («hidden»).
BURDENS_OF_DEBTORS: tuple[Measure, ...] = (
    Measure(
        "contacts_per_debtor",
        "Contact attempts per debtor",
        Unit.COUNT,
        Better.LESS,
        "contact attempts over the whole horizon / accounts",
        lambda run, a: ratio(a["attempts"].sum(), len(a)),
    ),
    Measure(
        "busiest_week_p95",
        "Contacts in the busiest week, 95th percentile",
        Unit.COUNT,
        Better.LESS,
        "most contact attempts within 7 days that a debtor met; the value 95 % of debtors stay at or below",
        lambda run, a: float(np.quantile(a["busiest_week"], 0.95, method="inverted_cdf")) if len(a) else math.nan,
    ),
    Measure(
        "debtor_cost",
        "Cost to the debtor",
        Unit.SHARE,
        Better.LESS,
        "(late interest + court fees) added to the claims / opening balance",
        lambda run, a: ratio(a["interest"].sum() + a["fees"].sum(), a["opening"].sum()),
    ),
    Measure(
        "debtor_interest",
        "Late interest that runs on",
        Unit.SHARE,
        Better.LESS,
        "late interest added to the claims / opening balance; it grows as long as debts stay open",
        lambda run, a: ratio(a["interest"].sum(), a["opening"].sum()),
    ),
    Measure(
        "debtor_fees",
        "Court fees put on debtors",
        Unit.SHARE,
        Better.LESS,
        "court fees added to the claims / opening balance",
        lambda run, a: ratio(a["fees"].sum(), a["opening"].sum()),
    ),
    Measure(
        "distress_suits_per_1000",
        "Debtors without work sued, per 1,000 accounts",
        Unit.COUNT,
        Better.LESS,
        "suits decided while the debtor had no work (hidden, known only if disclosed) / accounts × 1,000",
        lambda run, a: ratio(1000 * a["distress_suits"].sum(), len(a)),
    ),
    Measure(
        "plans_fit",
        "Plans within ability",
        Unit.SHARE,
        Better.MORE,
        "agreed plans whose instalment is within disposable income (hidden) / agreed plans",
        lambda run, a: ratio(a["plans_fit"].sum(), a["plans"].sum()),
    ),
    Measure(
        "plans_broken",
        "Plans broken",
        Unit.SHARE,
        Better.LESS,
        "instalment plans broken within the horizon / agreed plans",
        lambda run, a: ratio(a["plans_broken"].sum(), a["plans"].sum()),
    ),
    Measure(
        "opt_outs_per_1000",
        "Opt-outs from texts per 1,000 accounts",
        Unit.COUNT,
        Better.LESS,
        "debtors who opted out of texts / accounts × 1,000",
        lambda run, a: ratio(1000 * a["opted_out"].sum(), len(a)),
    ),
    Measure(
        "hardship_calls_per_1000",
        "Calls and visits in disclosed hardship, per 1,000 accounts",
        Unit.COUNT,
        Better.LESS,
        "calls and visits while hardship was known / accounts × 1,000",
        lambda run, a: ratio(1000 * a["hardship_calls"].sum(), len(a)),
    ),
    Measure(
        "hardship_suits",
        "Suits in disclosed hardship",
        Unit.COUNT,
        Better.LESS,
        "suits decided while hardship was known; must be zero",
        lambda run, a: float(a["hardship_suits"].sum()),
    ),
    Measure(
        "distress_contacts",
        "Contacts that meet a debtor without work",
        Unit.SHARE,
        Better.LESS,
        "contact attempts while the debtor had no work (hidden) / contact attempts",
        lambda run, a: ratio(a["distress_contacts"].sum(), a["attempts"].sum()),
    ),
    Measure(
        "distress_seized",
        "Enforced from debtors without work",
        Unit.SHARE,
        Better.LESS,
        "cash taken by enforcement while the debtor had no work (hidden) / opening balance",
        lambda run, a: ratio(a["distress_seized"].sum(), a["opening"].sum()),
    ),
    Measure(
        "sued_per_1000",
        "Accounts sued, per 1,000",
        Unit.COUNT,
        Better.NEITHER,
        "accounts against which a suit was decided / accounts × 1,000",
        lambda run, a: ratio(1000 * a["stage"].isin(SUED).sum(), len(a)),
    ),
)
REGISTRY = {measure.name: measure for measure in (*MEASURES, *BURDENS_OF_DEBTORS)}
MEASURE = {measure.name: measure for measure in MEASURES}


def measure_run(run: Rollout) -> dict[str, float]:
    """All measures of one run."""
    return {measure.name: measure.of(run, run.accounts) for measure in MEASURES}


def measure_by_tier(run: Rollout) -> dict[str, dict[str, float]]:
    """The measures that make sense for a part of the accounts, by the tier each account entered in."""
    accounts = {tier: run.accounts[run.accounts["entry_tier"] == tier] for tier in run.tiers}
    return {tier: {m.name: m.of(run, accounts[tier]) for m in MEASURES if m.by_tier} for tier in run.tiers}


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
    """M1→M2, M2→M3, …: of the accounts that begin a bucket open, the share still unresolved when it ends.

    Buckets are the scenario's own bands of days past due, or months (`Vocabulary.buckets`). Only accounts whose whole bucket falls within the horizon are counted.
    """
    a = run.accounts
    left = np.where(a["closed_day"] >= 0, a["closed_day"], np.inf)  # written-off accounts are not open either
    ended = np.where(resolved(a), left, np.inf)
    rates: dict[str, float] = {}
    for bucket in run.buckets:
        first, last = bucket.first - a["dpd"], bucket.last - a["dpd"]  # days of the run on which it begins and ends
        begins = (first >= 0) & (last < run.days) & (left >= first)
        rates[bucket.roll] = ratio((begins & (ended > last)).sum(), begins.sum())
    return rates
