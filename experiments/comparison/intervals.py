"""Means over seeds with bootstrap intervals, and paired differences between policies."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
import scipy  # loads its parts when they are first used
from numpy.typing import NDArray

CONFIDENCE = 0.95
RESAMPLES = 4000

Interval = dict[str, float | None]


@lru_cache(maxsize=64)
def tail(seeds: int) -> float:
    """Share of resamples below a 95 % interval's lower limit, and above its upper one.

    Not 2.5 %: a resample's variance is too small by (n − 1) / n, and n seeds know their own spread badly, so that plain percentiles
    of 10 seeds hold the truth 90 % of the time. Expanded percentiles (Hesterberg, "What Teachers Should Know About the Bootstrap",
    The American Statistician 69, 2015) go as far out as Student's t does, and stay within the values that the measure can take.
    """
    return float(
        scipy.stats.norm.cdf(scipy.stats.t.ppf((1.0 - CONFIDENCE) / 2.0, seeds - 1) * math.sqrt(seeds / (seeds - 1)))
    )


@lru_cache(maxsize=8)
def _resamples(seeds: int) -> NDArray[np.int64]:
    """Which seeds each resample holds: shape (RESAMPLES, seeds)."""
    return np.random.default_rng(0).integers(0, seeds, (RESAMPLES, seeds))


@lru_cache(maxsize=512)  # a policy's values are compared with those of every other
def _resampled_means(values: tuple[float, ...]) -> NDArray[np.float64]:
    """The mean of each resample of finite values: shape (RESAMPLES,), not to be written to."""
    means: NDArray[np.float64] = np.array(values)[_resamples(len(values))].mean(axis=1)
    means.setflags(write=False)
    return means


def _percentiles(means: NDArray[np.float64], outside: float) -> tuple[float, float]:
    """Where so large a share lies below, and where it lies above; between neighbours a line (Hyndman & Fan 1996, definition 7)."""
    last = means.size - 1
    places = [share * means.size + (1.0 - share) for share in (outside, 1.0 - outside)]  # from 1
    lower = [min(int(place) - 1, last) for place in places]
    upper = [min(number + 1, last) for number in lower]
    ordered = np.partition(means, [*lower, *upper])
    low, high = (
        float((1.0 - place % 1.0) * ordered[below] + place % 1.0 * ordered[above])
        for place, below, above in zip(places, lower, upper, strict=True)
    )
    return low, high


def interval(values: Sequence[float]) -> Interval:
    """Mean over seeds and its 95 % bootstrap interval (expanded percentiles, see `tail`); no interval from a single seed.

    Seeds on which the measure is undefined are left out.
    """
    data = np.array([value for value in values if math.isfinite(value)])
    if data.size == 0:
        return {"mean": None, "low": None, "high": None}
    mean = float(data.mean())
    if data.size == 1:
        return {"mean": mean, "low": None, "high": None}
    if np.ptp(data) == 0:
        return {"mean": mean, "low": mean, "high": mean}
    # As scipy.stats.bootstrap, to the last digit; that would draw the same resamples again for each of thousands of intervals.
    confidence = 1.0 - 2.0 * tail(data.size)
    low, high = _percentiles(_resampled_means(tuple(data.tolist())), (1.0 - confidence) / 2.0)
    return {"mean": mean, "low": low, "high": high}


def _relative(ours: NDArray[np.float64], theirs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of means. A resample whose base is 0 (or next to it) has no relative difference."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return ours / theirs - 1.0


def relative_difference(ours: Sequence[float], theirs: Sequence[float]) -> Interval:
    """mean(ours) / mean(theirs) − 1, seeds resampled in pairs.

    Args:
        ours, theirs: one value per seed, in the same order; a seed with a NaN in either is left out.

    Returns:
        mean, low, high; None where undefined, as low and high of one seed.

    Raises:
        ValueError: unequal lengths.
    """
    pairs = [(a, b) for a, b in zip(ours, theirs, strict=True) if math.isfinite(a) and math.isfinite(b)]
    a, b = np.array(pairs).T if pairs else np.zeros((2, 0))
    mean = float(_relative(a.mean(), b.mean())) if pairs else math.nan
    if not math.isfinite(mean):
        return {"mean": None, "low": None, "high": None}
    if len(pairs) == 1:
        return {"mean": mean, "low": None, "high": None}
    if np.ptp(a) == 0 and np.ptp(b) == 0:
        return {"mean": mean, "low": mean, "high": mean}
    resampled = _relative(_resampled_means(tuple(a.tolist())), _resampled_means(tuple(b.tolist())))
    outside = tail(len(pairs))
    low, high = np.quantile(resampled[np.isfinite(resampled)], [outside, 1.0 - outside])
    return {"mean": mean, "low": float(low), "high": float(high)}


def difference(ours: Sequence[float], theirs: Sequence[float]) -> dict[str, object]:
    """Paired by seed: ours − theirs with its interval, and the same relative to theirs.

    Args:
        ours, theirs: one value per seed, in the same order.

    Returns:
        mean, low, high in the values' unit, and `relative`, the same three as shares.

    Raises:
        ValueError: unequal lengths.
    """
    absolute = interval([a - b for a, b in zip(ours, theirs, strict=True)])
    return {**absolute, "relative": relative_difference(ours, theirs)}


def share_interval(wins: int, total: int) -> Interval:
    """A share and its 95 % interval by Wilson's score (1927): it stays within 0 and 1, and says something where all or none have won.

    Args:
        wins: how many of them.
        total: all of them, independent of each other; 0 gives no share.
    """
    if total == 0:
        return {"mean": None, "low": None, "high": None}
    found = scipy.stats.binomtest(wins, total).proportion_ci(CONFIDENCE, method="wilson")
    return {"mean": wins / total, "low": float(found.low), "high": float(found.high)}
