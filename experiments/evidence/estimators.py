"""The value of a policy from decisions of another: importance weighting, fitted-Q and both together, with bootstrap intervals.

Names and formulas are those of Precup, Sutton & Singh (ICML 2000: per-decision importance sampling, and its self-normalised form),
Jiang & Li (ICML 2016: doubly robust) and Thomas & Brunskill (ICML 2016: self-normalised doubly robust). All are means over accounts, or
ratios of such means at each step, so that resampling accounts is a product with a matrix of counts.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from recoup.experiments.evidence.episodes import Episodes
from recoup.experiments.evidence.fitted_q import Values
from recoup.experiments.runs.one_thread import one_thread

RESAMPLES, CONFIDENCE = 1000, 0.95
Means = Callable[[NDArray[np.float64]], NDArray[np.float64]]  # (accounts, steps) to (resamples, steps)
Interval = dict[str, float]


class Estimator(StrEnum):
    """Ways to estimate."""

    LOGGED = "logged"
    PER_DECISION = "per_decision"
    SELF_NORMALISED = "self_normalised"
    FITTED_Q = "fitted_q"
    DOUBLY_ROBUST = "doubly_robust"
    SELF_NORMALISED_DOUBLY_ROBUST = "self_normalised_doubly_robust"


TITLES = {
    Estimator.LOGGED: "what the log's own decisions brought",
    Estimator.PER_DECISION: "importance weighting, per decision",
    Estimator.SELF_NORMALISED: "importance weighting, per decision, self-normalised",
    Estimator.FITTED_Q: "fitted-Q",
    Estimator.DOUBLY_ROBUST: "doubly robust",
    Estimator.SELF_NORMALISED_DOUBLY_ROBUST: "doubly robust, self-normalised",
}


def estimates(episodes: Episodes, values: Values | None) -> dict[Estimator, Callable[[Means], NDArray[np.float64]]]:
    """Each estimator as a function of how means over accounts are taken: it returns one value for each way.

    Args:
        episodes: the steps.
        values: of `fitted_q`; None leaves out what needs them.
    """
    weight, reward = episodes.weight, episodes.reward
    before = np.hstack([np.ones((len(weight), 1)), weight[:, :-1]])

    def normalised(mean: Means, weights: NDArray[np.float64], amounts: NDArray[np.float64]) -> NDArray[np.float64]:
        """Sum over steps of the mean of amounts, weighted so that the weights of a step are 1 on average."""
        total = mean(weights)
        return np.divide(mean(weights * amounts), total, out=np.zeros_like(total), where=total > 0).sum(axis=1)

    found: dict[Estimator, Callable[[Means], NDArray[np.float64]]] = {
        Estimator.LOGGED: lambda mean: mean(reward).sum(axis=1),
        Estimator.PER_DECISION: lambda mean: mean(weight * reward).sum(axis=1),
        Estimator.SELF_NORMALISED: lambda mean: normalised(mean, weight, reward),
    }
    if values is None:
        return found
    surprise = reward - values.done
    return found | {
        Estimator.FITTED_Q: lambda mean: mean(values.policy[:, :1]).sum(axis=1),
        Estimator.DOUBLY_ROBUST: lambda mean: mean(weight * surprise + before * values.policy).sum(axis=1),
        Estimator.SELF_NORMALISED_DOUBLY_ROBUST: lambda mean: (
            normalised(mean, weight, surprise) + normalised(mean, before, values.policy)
        ),
    }


@one_thread()
def with_intervals(episodes: Episodes, values: Values | None, seed: int = 0) -> dict[Estimator, dict[str, Interval]]:
    """Of each estimator its `value` and its `gain` over the log's own decisions, with 95 % intervals; currency per account.

    Accounts are resampled, 1,000 times. The models of `fitted_q` stay as they are: what they don't know is in no interval of
    fitted-Q, and is corrected, not hidden, in those that are doubly robust.

    Args:
        episodes, values: as for `estimates`.
        seed: of the resampling.
    """
    accounts = len(episodes.row)
    counts = np.random.default_rng(seed).multinomial(accounts, np.full(accounts, 1.0 / accounts), RESAMPLES) / accounts
    functions = estimates(episodes, values)
    points = {name: function(lambda a: a.mean(axis=0, keepdims=True))[0] for name, function in functions.items()}
    spreads = {name: function(lambda a: counts @ a) for name, function in functions.items()}
    logged, logged_spread = points[Estimator.LOGGED], spreads[Estimator.LOGGED]
    return {
        name: {
            "value": _interval(points[name], spreads[name]),
            "gain": _interval(points[name] - logged, spreads[name] - logged_spread),
        }
        for name in functions
    }


def _interval(mean: float, resampled: NDArray[np.float64]) -> Interval:
    low, high = np.quantile(resampled, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return {"mean": float(mean), "low": float(low), "high": float(high)}
