"""Scores that hang on two seeds, of training and of evaluation: interquartile means and their intervals.

The interquartile mean over all runs, the stratified bootstrap and the probability of improvement are those of Agarwal, Schwarzer, Castro,
Courville & Bellemare, "Deep Reinforcement Learning at the Edge of the Statistical Precipice", NeurIPS 2021, and of their package rliable. There
every score of a stratum is a training of its own. Here all policies meet the same evaluation seeds, and a policy is the same on all of
them: scores that share a seed rise and fall together, and resampling them one by one would give intervals that are too narrow. So evaluation
seeds are resampled for all policies at once, and training seeds for all evaluation seeds at once.

Scores: finite, shape (training seeds, evaluation seeds). Limits are expanded percentiles as everywhere (`intervals.tail`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from recoup.experiments.comparison.intervals import RESAMPLES, Interval, tail
from recoup.experiments.comparison.measure import Better

Scores = NDArray[np.float64]
Statistic = Callable[..., Any]  # of an array and `axis`, as np.mean


def interquartile_mean(scores: Scores, axis: int | None = None) -> Any:
    """The mean without the lowest and highest quarter, rounded down, of the values: less at the mercy of outliers than the mean.

    Args:
        scores: any shape.
        axis: along which; None = over all values.
    """
    return stats.trim_mean(scores, 0.25, axis=axis)


def over_evaluation_seeds(scores: Scores, statistic: Statistic = interquartile_mean) -> Interval:
    """A statistic of all scores, and its 95 % interval for these very policies: what other portfolios and other luck would make of them.

    Each training seed is a stratum; within it the evaluation seeds are resampled, the same ones in each.

    Args:
        scores: shape (training seeds, evaluation seeds).
        statistic: of all values.

    Returns:
        `mean` (the statistic), `low`, `high`; no limits from one evaluation seed.
    """
    if scores.shape[1] < 2:
        return _without_limits(scores, statistic)
    found = stats.bootstrap(
        tuple(scores),
        lambda *strata, axis: statistic(np.concatenate(strata, axis=axis), axis=axis),
        paired=True,
        vectorized=True,
        n_resamples=RESAMPLES,
        confidence_level=1.0 - 2.0 * tail(scores.shape[1]),
        method="percentile",
        rng=np.random.default_rng(0),
    )
    low, high = found.confidence_interval
    return {"mean": float(statistic(scores, axis=None)), "low": float(low), "high": float(high)}


def over_both_seeds(scores: Scores, statistic: Statistic = interquartile_mean) -> Interval:
    """A statistic of all scores, and its 95 % interval for the training as such: what other training seeds would have given as well.

    Training seeds and evaluation seeds are resampled, each for itself (Owen, "The pigeonhole bootstrap", Annals of Applied Statistics 1,
    2007); the interval errs on the wide side.

    Args:
        scores: as for `over_evaluation_seeds`.
        statistic: of all values.

    Returns:
        `mean` (the statistic), `low`, `high`; no limits from one training seed or one evaluation seed.
    """
    trainings, evaluations = scores.shape
    if min(trainings, evaluations) < 2:
        return _without_limits(scores, statistic)
    rng = np.random.default_rng(0)
    rows = rng.integers(0, trainings, (RESAMPLES, trainings, 1))
    columns = rng.integers(0, evaluations, (RESAMPLES, 1, evaluations))
    resampled = statistic(scores[rows, columns].reshape(RESAMPLES, -1), axis=1)
    outside = tail(min(trainings, evaluations))
    low, high = np.quantile(resampled, [outside, 1.0 - outside])
    return {"mean": float(statistic(scores, axis=None)), "low": float(low), "high": float(high)}


def probability_of_improvement(scores: Scores, baseline: Scores, better: Better) -> Interval:
    """How likely a policy does better than the baseline on the same evaluation seed, a tie counting one half.

    Args:
        scores: shape (training seeds, evaluation seeds).
        baseline: the baseline's scores, shape (evaluation seeds,).
        better: which way is better.

    Returns:
        mean, low, high as shares, over both seeds.
    """
    return over_both_seeds((np.sign(better * (scores - baseline)) + 1.0) / 2.0, np.mean)


def _without_limits(scores: Scores, statistic: Statistic) -> Interval:
    return {"mean": float(statistic(scores, axis=None)), "low": None, "high": None}
