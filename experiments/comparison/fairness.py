"""Are equals treated as equals? Treatment and outcomes by protected group, raw and adjusted, with warnings.

Protected attributes are never an input of a policy; a policy can still treat groups differently through what goes with them.
For each group the gap to all other debtors is measured twice: *raw*, and *adjusted* for the visible fields that bear on the
debt itself (`BEARING`), by regression of the outcome on the group and on bins of those fields. What is left is treatment that
the debt does not explain. Fields that do not bear on the debt (payday, tenure, product) are not adjusted for: acting on them
is how a proxy works, and `proxies.py` says how well all inputs together could tell the groups.

A warning needs a gap that exceeds its bound at 95 %, for all gaps tested in the run together (Bonferroni).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import scipy  # loads its parts when they are first used
from numpy.typing import NDArray

from recoup.experiments.comparison.intervals import CONFIDENCE, interval
from recoup.experiments.comparison.measure import Better, Outcome, Unit
from recoup.experiments.comparison.measures import SUED, days_to_resolution
from recoup.experiments.comparison.protected_groups import ATTRIBUTES, LEAST_ACCOUNTS, group_membership
from recoup.experiments.comparison.proxies import proxy_check
from recoup.experiments.comparison.rollout import Rollout
from recoup.experiments.runs.latest import kept_for_the_latest
from recoup.experiments.runs.one_thread import one_thread
from recoup.sim.portfolio.table import Portfolio

FAIRNESS = "fairness.json"
FOUR_FIFTHS = 0.8  # selection rates: 29 CFR 1607.4 D, «four-fifths rule»; its inverse, 1.25, for shares that burden
STANDARDISED = 0.2  # amounts: difference / standard deviation, «small» after Cohen 1988
BEARING = (
    "dpd",
    "opening_balance",
    "monthly_income",
    "credit_score",
    "early_warning",
    "prior_delinquencies",
    "stable_assets",
)
STAGES = (7, 15, 29, 59, 89, 179)  # dpd bins: where plans usually change


OUTCOMES: tuple[Outcome, ...] = (
    Outcome(
        "recovered",
        "Recovered share",
        Unit.SHARE,
        Better.MORE,
        "cash received / opening balance",
        "result",
        lambda r: r.accounts["cash"] / r.accounts["opening"],
    ),
    Outcome(
        "days",
        "Days to resolution",
        Unit.DAYS,
        Better.LESS,
        "days until paid, settled or cured; the horizon if it is not",
        "result",
        lambda r: days_to_resolution(r.accounts, r.days),
    ),
    Outcome(
        "offered",
        "Offered terms",
        Unit.SHARE,
        Better.MORE,
        "was put at least one offer",
        "benefit",
        lambda r: r.accounts["offers"] > 0,
    ),
    Outcome(
        "discounted",
        "Offered a discount",
        Unit.SHARE,
        Better.MORE,
        "was offered a settlement at least once",
        "benefit",
        lambda r: r.accounts["best_discount"] > 0,
    ),
    Outcome(
        "contacts",
        "Contact attempts",
        Unit.COUNT,
        Better.LESS,
        "contact attempts over the whole horizon",
        "burden",
        lambda r: r.accounts["attempts"],
    ),
    Outcome(
        "busiest_week",
        "Busiest week",
        Unit.COUNT,
        Better.LESS,
        "most contact attempts within 7 days",
        "burden",
        lambda r: r.accounts["busiest_week"],
    ),
    Outcome(
        "noticed",
        "Legal notice",
        Unit.SHARE,
        Better.LESS,
        "was sent a legal notice",
        "burden",
        lambda r: r.accounts["stage"] != "none",
    ),
    Outcome("sued", "Sued", Unit.SHARE, Better.LESS, "was sued", "burden", lambda r: r.accounts["stage"].isin(SUED)),
)
OUTCOME = {outcome.name: outcome for outcome in OUTCOMES}


def bearing_on_the_debt(people: pd.DataFrame) -> NDArray[np.float64]:
    """Orthonormal basis of what is adjusted for: shape (accounts, columns).

    A constant; each numeric field of `BEARING` as bins (quantiles; dpd at `STAGES`) and as a line; bins of dpd by balance, as
    plans combine these. The more accounts, the finer: 2 to 8 bins.
    """
    bins = int(np.clip(len(people) // 250, 2, 8))
    columns: list[NDArray[np.float64]] = [np.ones((len(people), 1))]
    codes: dict[str, NDArray[np.int64]] = {}
    for name in BEARING:
        values = people[name].to_numpy(float)
        edges = np.array(STAGES, float) if name == "dpd" else np.quantile(values, np.linspace(0, 1, bins + 1)[1:-1])
        codes[name] = np.searchsorted(np.unique(edges), values)
        columns += [_dummies(codes[name]), np.log1p(np.maximum(values, 0))[:, None]]
    if bins > 2:
        columns.append(_dummies(codes["dpd"] * (bins + 1) + codes["opening_balance"]))
    x = np.hstack(columns)
    x /= np.sqrt((x**2).mean(axis=0)) + 1e-300
    sizes, directions = np.linalg.eigh(x.T @ x)
    kept = sizes > 1e-9 * sizes[-1]  # columns that others make up say nothing new
    return np.asarray(x @ (directions[:, kept] / np.sqrt(sizes[kept])), np.float64)


def _dummies(codes: NDArray[np.int64]) -> NDArray[np.float64]:
    return (codes[:, None] == np.unique(codes)[None, :]).astype(float)


@dataclass(frozen=True)
class _Group:
    """Debtors of one group.

    Attributes:
        inside: who belongs to it, shape (accounts,).
        rest: what the adjustment leaves of that, shape (accounts,); None for a group too small to be judged.
    """

    attribute: str
    name: str
    inside: NDArray[np.bool_]
    rest: NDArray[np.float64] | None


@kept_for_the_latest
def _groups(people: pd.DataFrame) -> tuple[NDArray[np.float64], list[_Group]]:
    """What is adjusted for, as `bearing_on_the_debt`, and every group."""
    basis, groups = bearing_on_the_debt(people), []
    for attribute, members in group_membership(people).items():
        for name in sorted(set(members)):
            inside = members == name
            small = min(inside.sum(), (~inside).sum()) < LEAST_ACCOUNTS
            group = inside.astype(float)
            groups.append(_Group(attribute, name, inside, None if small else group - basis @ (basis.T @ group)))
    return basis, groups


@one_thread()
def measure_groups(run: Rollout, people: pd.DataFrame) -> dict[str, Any]:
    """Aggregates of one run, no account in it: by attribute, group and outcome.

    Args:
        run: a policy's run on one seed.
        people: the portfolio's table, in the order of the run's accounts.

    Returns:
        attribute -> group -> {accounts, outcomes: name -> {mean, others, sd, raw, adjusted}}; `mean` of the group and of all
        others, `sd` over all; `raw` and `adjusted` are {gap, error}: gap to the others and its
        standard error; null for small groups.
    """
    y = np.column_stack([np.asarray(outcome.of(run), float) for outcome in OUTCOMES])
    basis, groups = _groups(people)
    unexplained = y - basis @ (basis.T @ y)
    by_outcome = np.ascontiguousarray(y.T)
    deviations = by_outcome.std(axis=1)
    by_attribute: dict[str, Any] = {attribute: {} for attribute in ATTRIBUTES}
    for group in groups:
        ours, theirs = (by_outcome.compress(who, axis=1) for who in (group.inside, ~group.inside))
        others = theirs.mean(axis=1).tolist() if theirs.size else [None] * len(OUTCOMES)
        raw = adjusted = None
        if group.rest is not None:
            raw = _raw_gaps(ours, theirs)
            adjusted = _adjusted_gaps(unexplained, group.inside, group.rest, basis.shape[1])
        by_attribute[group.attribute][str(group.name)] = {
            "accounts": ours.shape[1],
            "outcomes": {
                outcome.name: {
                    "mean": mean,
                    "others": others[k],
                    "sd": float(deviations[k]),
                    "raw": None if raw is None else raw[k],
                    "adjusted": None if adjusted is None else adjusted[k],
                }
                for k, (outcome, mean) in enumerate(zip(OUTCOMES, ours.mean(axis=1).tolist(), strict=True))
            },
        }
    return by_attribute


def _raw_gaps(ours: NDArray[np.float64], theirs: NDArray[np.float64]) -> list[dict[str, float]]:
    """Difference of the means of both, each (outcomes, accounts), with its standard error, per outcome."""
    gaps = ours.mean(axis=1) - theirs.mean(axis=1)
    variance = ours.var(axis=1, ddof=1) / ours.shape[1] + theirs.var(axis=1, ddof=1) / theirs.shape[1]
    return [{"gap": float(gap), "error": math.sqrt(v)} for gap, v in zip(gaps, variance, strict=True)]


def _adjusted_gaps(
    unexplained: NDArray[np.float64], inside: NDArray[np.bool_], rest: NDArray[np.float64], adjusted_for: int
) -> list[dict[str, float]] | None:
    """Coefficient of the group in the regression on group and basis, per outcome, with its standard error.

    By partialling out (Frisch, Waugh, Lovell); errors are robust to unequal variance (HC1). None when the basis explains
    the group entirely, or nothing is left to estimate the error from.
    """
    power = float(rest @ rest)
    freedom = inside.size - adjusted_for - 1
    if power < 1e-6 * inside.sum() or freedom < LEAST_ACCOUNTS:
        return None
    gaps = rest @ unexplained / power
    errors = unexplained - np.outer(rest, gaps)
    variance = inside.size / freedom * (rest**2 @ errors**2) / power**2
    return [{"gap": float(gap), "error": math.sqrt(v)} for gap, v in zip(gaps, variance, strict=True)]


# --- putting seeds together -----------------------------------------------------------------------------------------


def pooled(estimates: Sequence[Mapping[str, float]], same_accounts: bool) -> dict[str, float]:
    """Mean gap over seeds, and the standard error of that mean.

    Seeds with fresh accounts are independent. Seeds on the same accounts share what is odd about them: of a run's variance V,
    the part B that differs between seeds is chance and averages out, the rest stays: max(V − B, 0) + B / seeds.

    Args:
        estimates: `gap` and `error` of each seed.
        same_accounts: the seeds treat the same accounts.

    Returns:
        `gap` and `error`.
    """
    gaps, errors = (np.array([estimate[name] for estimate in estimates], float) for name in ("gap", "error"))
    within, count = float(np.mean(errors**2)), gaps.size
    if not same_accounts or count == 1:
        return {"gap": float(gaps.mean()), "error": math.sqrt(within / count)}
    between = float(gaps.var(ddof=1))
    return {"gap": float(gaps.mean()), "error": math.sqrt(max(within - between, 0.0) + between / count)}


def aggregate(
    parts: Mapping[str, Sequence[Mapping[str, Any]]], portfolio: Portfolio, same_accounts: bool
) -> dict[str, Any]:
    """The content of fairness.json: groups, gaps, warnings, and the proxy check.

    Args:
        parts: policy -> parts of its seeds, each with what `measure_groups` returned under `fairness`.
        portfolio: accounts of the first seed.
        same_accounts: every seed treats the same accounts (an imported portfolio) rather than new ones.
    """
    policies = {name: _policy([part["fairness"] for part in runs], same_accounts) for name, runs in parts.items()}
    judged = [
        (policy, attribute, group, outcome, cell)
        for policy, attributes in policies.items()
        for attribute, members in attributes.items()
        for group, group_results in members.items()
        for outcome, cell in group_results["outcomes"].items()
        if OUTCOME[outcome].kind != "result" and cell["adjusted"]
    ]
    looks = max(len(judged), 1)
    z = float(scipy.stats.norm.ppf(1.0 - (1.0 - CONFIDENCE) / (2 * looks)))
    warnings, explained = [], []
    for policy, attribute, group, outcome, cell in judged:
        cell["unequal"] = _beyond(OUTCOME[outcome], cell, "adjusted", z)
        finding = {"policy": policy, "attribute": attribute, "group": group, "outcome": outcome}
        if cell["unequal"]:
            warnings.append(finding)
        elif _beyond(OUTCOME[outcome], cell, "raw", z):
            explained.append(finding)
    return {
        "outcomes": [{"name": o.name, "title": o.title, "unit": o.unit, "kind": o.kind} for o in OUTCOMES],
        "bounds": {"ratio": FOUR_FIFTHS, "standardised_difference": STANDARDISED},
        "adjusted_for": list(BEARING),
        "gaps_judged": len(judged),
        "confidence_each": 1.0 - (1.0 - CONFIDENCE) / looks,
        "policies": policies,
        "warnings": warnings,
        "explained": explained,
        "drawn": [name for name in ATTRIBUTES if not same_accounts or name in portfolio.filled],
        "proxies": proxy_check(portfolio.table),
    }


def _policy(runs: Sequence[Mapping[str, Any]], same_accounts: bool) -> dict[str, Any]:
    pooled_groups: dict[str, Any] = {}
    for attribute in ATTRIBUTES:
        names = sorted({name for run in runs for name in run[attribute]})
        pooled_groups[attribute] = {
            name: _group([run[attribute].get(name) for run in runs], same_accounts) for name in names
        }
    return pooled_groups


def _group(runs: Sequence[Mapping[str, Any] | None], same_accounts: bool) -> dict[str, Any]:
    present = [run for run in runs if run]
    rows = {}
    for outcome in OUTCOMES:
        cells = [run["outcomes"][outcome.name] for run in present]
        row: dict[str, Any] = {
            "value": interval([cell["mean"] for cell in cells]),
            "others": _mean([cell["others"] for cell in cells]),
            "sd": _mean([cell["sd"] for cell in cells]),
        }
        for kind in ("raw", "adjusted"):
            known = [cell[kind] for cell in cells if cell[kind] is not None]
            row[kind] = _with_limits(pooled(known, same_accounts)) if known else None
        rows[outcome.name] = row
    return {"accounts": sum(run["accounts"] for run in present) / len(runs), "outcomes": rows}


def _with_limits(estimate: Mapping[str, float]) -> dict[str, float]:
    gap, error = estimate["gap"], estimate["error"]
    half = float(scipy.stats.norm.ppf(0.5 + CONFIDENCE / 2)) * error
    return {"gap": gap, "low": gap - half, "high": gap + half, "error": error}


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


# --- testing --------------------------------------------------------------------------------------------------------


def _beyond(outcome: Outcome, cell: Mapping[str, Any], kind: str, z: float) -> bool:
    """Whether the group is worse off than others by more than the bound, at the level of `z`."""
    estimate, others = cell[kind], cell["others"]
    low, high = estimate["gap"] - z * estimate["error"], estimate["gap"] + z * estimate["error"]
    if outcome.kind == "benefit":
        return bool(others > 0 and (others + high) / others < FOUR_FIFTHS)
    if outcome.unit == "share":
        return bool(low > 0 and others + low > others / FOUR_FIFTHS)
    return bool(cell["sd"] > 0 and low / cell["sd"] > STANDARDISED)
