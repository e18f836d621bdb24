"""Is what was recorded one more draw from a simulation? Bands in which it then lies, and how far out it is in all measures together.

Simulations of the same accounts on other seeds are draws of what might have been recorded, if the world and the plan are right. So a band is a
prediction interval for one more draw, not an interval of the simulation's mean. And records and simulations are then exchangeable: the
rank of the records by their farthest measure, each row looked at from all others, is an exact test, however measures hang together.

A measure that hardly ever happens has no spread to speak of, and a single event would be farther out than anything else. So no spread is
taken to be less than the measure's grain: what one event more, or one account more, changes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

CONFIDENCE = 0.95
_Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Bands:
    """Where one more draw lies, by measure, shape (measures,); NaN where fewer than two simulations know the measure."""

    mean: _Floats
    low: _Floats
    high: _Floats


def bands(simulated: _Floats, grain: _Floats | float = 0.0) -> Bands:
    """95 % prediction intervals by Student's t.

    Args:
        simulated: a row per seed, NaN where undefined, (seeds, measures).
        grain: of each measure, (measures,).
    """
    known = np.isfinite(simulated)
    many = known.sum(axis=0)
    mean, spread = _moments(np.where(known, simulated, 0.0), known)
    spread = np.maximum(spread, grain)
    enough = np.maximum(many, 2)
    far = scipy.stats.t.ppf(0.5 + CONFIDENCE / 2, enough - 1) * spread * np.sqrt(1.0 + 1.0 / enough)
    unknown = np.where(many < 2, np.nan, 0.0)
    return Bands(mean + unknown, mean - far + unknown, mean + far + unknown)


def _moments(values: _Floats, known: NDArray[np.bool_]) -> tuple[_Floats, _Floats]:
    """Mean and standard deviation of the known values of each column."""
    many = known.sum(axis=0)
    mean = values.sum(axis=0) / np.maximum(many, 1)
    squares = (np.where(known, values - mean, 0.0) ** 2).sum(axis=0)
    return mean, np.sqrt(squares / np.maximum(many - 1, 1))


@dataclass(frozen=True)
class Together:
    """All measures at once.

    Attributes:
        p: share of records that would be as far out as these, if the world and the plan are right.
        least: the smallest that `p` can be with so many simulations.
        distance: of the records from the simulations' mean in each measure, standard deviations, (measures,).
    """

    p: float
    least: float
    distance: _Floats


def together(recorded: _Floats, simulated: _Floats, grain: _Floats | float = 0.0) -> Together:
    """Rank of the records among the simulations by the measure that is farthest out.

    Args:
        recorded: (measures,), NaN where undefined.
        simulated: (seeds, measures), at least two seeds.
        grain: as for `bands`.
    """
    rows = np.vstack([recorded, simulated])
    known = np.isfinite(rows)
    values = np.where(known, rows, 0.0)
    distance = np.zeros(rows.shape)
    for number, row in enumerate(values):
        others = np.arange(len(rows)) != number
        mean, spread = _moments(values[others], known[others])
        spread = np.maximum(spread, grain)
        gap = np.abs(row - mean)
        seen = known[number] & (known[others].sum(axis=0) >= 2)
        # Where all others agree, any other value is as far out as can be.
        apart = np.where(gap > 1e-12 * np.maximum(np.abs(mean), 1e-12), np.inf, 0.0)
        distance[number] = np.where(seen, np.divide(gap, spread, out=apart, where=spread > 0), 0.0)
    farthest = distance.max(axis=1, initial=0.0)
    return Together(
        p=float((farthest >= farthest[0] * (1.0 - 1e-12)).mean()), least=1.0 / len(rows), distance=distance[0]
    )
