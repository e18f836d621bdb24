"""How good a score is: discrimination, calibration, drift and fairness, with intervals that keep an account's rows together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recoup.experiments.comparison.protected_groups import LEAST_ACCOUNTS, group_membership
from recoup.experiments.learning.early_warning import TENTHS, calibration

RESAMPLES, CONFIDENCE = 200, 0.95
SELECTED = 0.2  # share of accounts, those with the highest scores, that a lender would act on first
RATIO = (0.8, 1.25)  # of selection rates, beyond which groups are told apart (four-fifths rule)
STABLE, SHIFTED = 0.1, 0.25  # population stability index: below the first nothing has moved, above the second much
_FLOOR = 1e-4  # of a share, so that its logarithm exists
Numbers = NDArray[np.float64]


def auc(said: Numbers, outcome: Numbers, weight: Numbers | None = None) -> float:
    """Chance that a case has a higher score than a non-case, equal scores counting half.

    Args:
        said: scores, (rows,).
        outcome: 1 or 0, (rows,); both occur.
        weight: of the rows; None = all alike.
    """
    return float(_by_rank(said, outcome)(np.ones(said.size) if weight is None else weight)[0])


def kolmogorov_smirnov(said: Numbers, outcome: Numbers) -> float:
    """The largest distance between the distributions of scores of cases and of others."""
    return float(_by_rank(said, outcome)(np.ones(said.size))[1])


def _by_rank(said: Numbers, outcome: Numbers) -> Callable[[Numbers], tuple[float, float]]:
    """AUC and Kolmogorov–Smirnov distance as functions of the rows' weights; the scores are sorted once."""
    order = np.argsort(said, kind="stable")
    cases = outcome[order]
    starts = np.flatnonzero(np.diff(said[order], prepend=np.inf) != 0)

    def measured(weight: Numbers) -> tuple[float, float]:
        sorted_weight = weight[order]
        above = np.add.reduceat(sorted_weight * cases, starts)
        below = np.add.reduceat(sorted_weight * (1.0 - cases), starts)
        all_cases, all_others = above.sum(), below.sum()
        if all_cases == 0 or all_others == 0:
            return np.nan, np.nan
        passed = np.cumsum(below)
        area = float(above @ (passed - 0.5 * below)) / (all_cases * all_others)
        return area, float(np.abs(np.cumsum(above) / all_cases - passed / all_others).max())

    return measured


def discrimination(
    said: Numbers, outcome: Numbers, account: NDArray[np.int64], seed: int = 0
) -> dict[str, dict[str, float]]:
    """AUC, Gini coefficient and Kolmogorov–Smirnov distance with 95 % bootstrap intervals; whole accounts are drawn.

    Args:
        said, outcome: as for `auc`.
        account: whose a row is, (rows,).
        seed: of the bootstrap.
    """
    _, who = np.unique(account, return_inverse=True)
    measured = _by_rank(said, outcome)
    point = measured(np.ones(said.size))
    random, accounts = np.random.default_rng(seed), int(who.max()) + 1
    drawn = np.array(
        [
            measured(random.multinomial(accounts, np.full(accounts, 1.0 / accounts))[who].astype(float))
            for _ in range(RESAMPLES)
        ]
    )
    low, high = np.nanquantile(drawn, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2], axis=0)
    found = {
        name: {"mean": point[n], "low": float(min(low[n], point[n])), "high": float(max(high[n], point[n]))}
        for n, name in enumerate(("auc", "ks"))
    }
    return {
        "auc": found["auc"],
        "gini": {end: 2.0 * value - 1.0 for end, value in found["auc"].items()},
        "ks": found["ks"],
    }


def calibration_table(said: Numbers, outcome: Numbers) -> list[dict[str, float]]:
    """Probability against outcome by tenths of the rows, lowest first, with Wilson's 95 % interval of the share of cases.

    Args:
        said: probabilities, (rows,).
        outcome: 1 or 0, (rows,).
    """
    table = calibration(said, outcome.astype(np.int64)).rename(columns={"accounts": "rows", "failed": "observed"})
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]


def calibration_error(table: list[dict[str, float]]) -> float:
    """Expected calibration error: mean distance of probability and share of cases over the tenths, weighted by rows.

    Args:
        table: as `calibration_table` gives it.
    """
    rows = sum(tenth["rows"] for tenth in table)
    return sum(tenth["rows"] * abs(tenth["said"] - tenth["observed"]) for tenth in table) / rows


def stability_index(before: Numbers, after: Numbers) -> float:
    """Population stability index: Σ (a − e) ln(a / e) over tenths of the earlier values, with the unknown as a class of its own.

    Args:
        before: values in the period of the fit.
        after: values in the next.
    """
    known = before[~np.isnan(before)]
    edges = np.unique(np.quantile(known, np.linspace(0, 1, TENTHS + 1)[1:-1])) if known.size else np.zeros(0)

    def shares(values: Numbers) -> Numbers:
        place = np.where(np.isnan(values), edges.size + 1, np.searchsorted(edges, values, side="left"))
        return np.maximum(np.bincount(place, minlength=edges.size + 2) / values.size, _FLOOR)

    # What is in no class before and after has the floor's share twice, and adds nothing.
    expected, actual = shares(before), shares(after)
    return float(((actual - expected) * np.log(actual / expected)).sum())


def drift(before: pd.DataFrame, after: pd.DataFrame, score_before: Numbers, score_after: Numbers) -> dict[str, Any]:
    """Stability of the score and of each feature between two periods.

    Args:
        before, after: the features in both.
        score_before, score_after: the scores there.

    Returns:
        `score`, and `features` with the most moved first.
    """
    moved = {name: stability_index(before[name].to_numpy(float), after[name].to_numpy(float)) for name in before}
    return {
        "score": stability_index(score_before, score_after),
        "features": dict(sorted(moved.items(), key=lambda item: -item[1])),
    }


def fairness(
    said: Numbers, outcome: Numbers, account: NDArray[np.int64], people: pd.DataFrame
) -> dict[str, list[dict[str, Any]]]:
    """Each protected group against all: discrimination, calibration in the large, and how often it is among the highest scores.

    Args:
        said, outcome: probabilities and what came, (rows,).
        account: row of `people`, (rows,).
        people: age, sex and region, NaN or None where unknown.

    Returns:
        By attribute, for each group of at least `LEAST_ACCOUNTS` accounts: `accounts`, `rows`, `auc` (None without cases of both kinds),
        `said` and `observed` (means), `gap` (observed − said) with its 95 % interval, `selected` (share among the highest `SELECTED`),
        `ratio` of that to all others', and `unequal` where the ratio is beyond `RATIO`, or the gap's interval misses 0 by more than a point.
    """
    cut = np.quantile(said, 1.0 - SELECTED)
    chosen = said > cut if (said > cut).any() else said >= cut
    found: dict[str, list[dict[str, Any]]] = {}
    for attribute, groups in group_membership(people).items():
        mine = groups[account]
        found[attribute] = []
        for group in sorted({str(g) for g in mine if isinstance(g, str) and g}):
            rows = mine == group
            if np.unique(account[rows]).size < LEAST_ACCOUNTS or rows.all():
                continue
            gap, error = clustered_mean(outcome[rows] - said[rows], account[rows])
            both = 0 < outcome[rows].sum() < rows.sum()
            rate, others = float(chosen[rows].mean()), float(chosen[~rows].mean())
            ratio = rate / others if others > 0 else None
            low, high = gap - 1.96 * error, gap + 1.96 * error
            found[attribute].append({
                "group": group, "accounts": int(np.unique(account[rows]).size), "rows": int(rows.sum()),
                "auc": auc(said[rows], outcome[rows]) if both else None,
                "said": float(said[rows].mean()), "observed": float(outcome[rows].mean()),
                "gap": {"mean": gap, "low": low, "high": high}, "selected": rate, "ratio": ratio,
                "unequal": bool(low > 0.01 or high < -0.01 or (ratio is not None and not RATIO[0] <= ratio <= RATIO[1])),
            })  # fmt: skip
    return found


def clustered_mean(values: Numbers, account: NDArray[np.int64], weight: Numbers | None = None) -> tuple[float, float]:
    """A mean over rows and its standard error, as accounts and not rows are independent.

    Args:
        values: of the rows.
        account: whose a row is.
        weight: of the rows; None = all alike.
    """
    weight = np.ones(values.size) if weight is None else weight
    _, who = np.unique(account, return_inverse=True)
    mean = float(np.average(values, weights=weight))
    sums = np.bincount(who, weights=weight * (values - mean))
    return mean, float(np.sqrt((sums**2).sum()) / weight.sum())
