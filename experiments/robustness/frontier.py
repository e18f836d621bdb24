"""Where a decision flips: the probability that the challenger wins, as a smooth function of one lever or of two, and its 50 % line.

Logistic regression on positions in the levers' ranges. A weak penalty on all coefficients but the constant (a normal prior) keeps them finite where
wins and losses don't overlap; where the line lies hardly depends on it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recoup.experiments.runs.one_thread import one_thread

PENALTY = 0.1
RESAMPLES = 400
GRID = 21  # points along each side of a map
_STEPS, _LONGEST, _CLOSE = 100, 2.0, 1e-9


@dataclass(frozen=True)
class Flip:
    """How the probability of a win changes along one lever, all others as they come.

    Attributes:
        at_low, at_high: the probability at the ends of the range.
        clear: whether at least 97.5 % of the resamples of the worlds rise, or fall, as all of them do.
        position: where it crosses one half, 0 to 1; None if it does not within the range, or if its slope is not clear.
        low, high: 95 % interval of the position, worlds resampled, cut at the ends of the range; None without a position.
    """

    at_low: float
    at_high: float
    clear: bool = False
    position: float | None = None
    low: float | None = None
    high: float | None = None


def fit_logistic(
    features: NDArray[np.float64], wins: NDArray[np.bool_], weights: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Coefficients that make the wins most likely, less `PENALTY` / 2 times their squares but for the first one's.

    Args:
        features: shape (worlds, features), the first of them all 1.
        wins: shape (worlds,).
        weights: how often each world counts, shape (fits, worlds): one fit for each row.

    Returns:
        Shape (fits, features). Newton's method, its steps no longer than `_LONGEST`.
    """
    penalty = np.diag([1e-9, *[PENALTY] * (features.shape[1] - 1)])
    coefficients = np.zeros((len(weights), features.shape[1]))
    for _ in range(_STEPS):
        p = probability(features, coefficients)
        slope = (weights * (wins - p)) @ features - coefficients @ penalty
        bend = np.einsum("rn,ni,nj->rij", weights * p * (1.0 - p), features, features) + penalty
        step = np.linalg.solve(bend, slope[..., None])[..., 0]
        length = np.linalg.norm(step, axis=1, keepdims=True)
        step *= np.minimum(1.0, _LONGEST / np.maximum(length, _CLOSE))
        coefficients += step
        if length.max() < _CLOSE:
            break
    return coefficients


def probability(features: NDArray[np.float64], coefficients: NDArray[np.float64]) -> NDArray[np.float64]:
    """Probability of a win, shape (fits, points), at points of shape (points, features)."""
    return 1.0 / (1.0 + np.exp(-np.clip(coefficients @ features.T, -500.0, 500.0)))


@one_thread()
def flip_along(positions: NDArray[np.float64], wins: NDArray[np.bool_]) -> Flip:
    """The probability of a win along one lever, and where it crosses one half.

    Args:
        positions: of the lever in each world, 0 to 1, shape (worlds,).
        wins: shape (worlds,).
    """
    if wins.all() or not wins.any():
        return Flip(float(wins.mean()), float(wins.mean()))
    features = _line(positions)
    whole = fit_logistic(features, wins, np.ones((1, len(wins))))
    at_low, at_high = probability(_line(np.array([0.0, 1.0])), whole)[0]
    drawn = np.random.default_rng(0).multinomial(len(wins), np.full(len(wins), 1.0 / len(wins)), RESAMPLES)
    mixed = drawn[((drawn @ wins) > 0) & ((drawn @ wins) < len(wins))].astype(float)
    resampled = fit_logistic(features, wins, mixed)
    position = _crossing(whole)[0]
    same_way = np.sign(resampled[:, 1]) == np.sign(whole[0, 1])
    clear = bool(np.mean(same_way) >= 0.975)
    if not clear or not 0.0 <= position <= 1.0:
        return Flip(float(at_low), float(at_high), clear)
    low, high = np.clip(np.quantile(_crossing(resampled[same_way]), [0.025, 0.975]), 0.0, 1.0)
    return Flip(float(at_low), float(at_high), clear, float(position), float(low), float(high))


def _line(positions: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.column_stack([np.ones(len(positions)), 2.0 * positions - 1.0])


def _crossing(coefficients: NDArray[np.float64]) -> NDArray[np.float64]:
    """Position at which a line's probability is one half; far outside the range if it is flat."""
    constant, slope = coefficients.T
    return 0.5 - 0.5 * constant / np.where(np.abs(slope) < _CLOSE, _CLOSE, slope)


@one_thread()
def map_of(positions: NDArray[np.float64], wins: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Probability of a win over the ranges of two levers, all others as they come.

    Args:
        positions: of the two levers in each world, 0 to 1, shape (worlds, 2).
        wins: shape (worlds,).

    Returns:
        Shape (`GRID`, `GRID`): rows along the second lever, columns along the first, from the low end to the high one. The logit is
        a polynomial of the second degree in both, so that the 50 % line may bend.
    """
    if wins.all() or not wins.any():
        return np.full((GRID, GRID), float(wins.mean()))
    x, y = np.meshgrid(np.linspace(0.0, 1.0, GRID), np.linspace(0.0, 1.0, GRID))
    fitted = fit_logistic(_surface(positions), wins, np.ones((1, len(wins))))
    return probability(_surface(np.column_stack([x.ravel(), y.ravel()])), fitted).reshape(GRID, GRID)


def _surface(positions: NDArray[np.float64]) -> NDArray[np.float64]:
    x, y = 2.0 * positions.T - 1.0
    return np.column_stack([np.ones(len(x)), x, y, x * y, x**2, y**2])
