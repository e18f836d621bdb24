"""Which levers an outcome hangs on: PAWN indices, and how large they are for a lever that does nothing.

PAWN (Pianosi & Wagener 2015, 2018) cuts a lever's range into slices with equally many worlds and measures how far the outcome's
distribution within a slice lies from that in all worlds: the Kolmogorov-Smirnov distance, 0 to 1, here its mean over the slices. It needs
no special design and takes outcomes of any shape. With few worlds the distance of pure chance is far from zero; so idle levers, drawn
at random and known to no world, are measured beside the real ones. The design is more even than chance, and idle levers of the design
itself would be less so in its later columns; as a floor, drawn ones are on the safe side.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

IDLE, QUANTILE = 200, 0.95  # levers without effect, and the share of them that lies below the noise
MOST_SLICES, WORLDS_PER_SLICE = 8, 16


@dataclass(frozen=True)
class Indices:
    """PAWN indices, 0 to 1.

    Attributes:
        levers: of each lever, shape (levers,).
        noise: what 95 % of the idle levers stay below; an index below it may be chance.
    """

    levers: NDArray[np.float64]
    noise: float


def slices_for(worlds: int) -> int:
    """How many slices a range is cut into: at least 2 and at most `MOST_SLICES`, with `WORLDS_PER_SLICE` worlds in each if there are so many."""
    return max(2, min(MOST_SLICES, worlds // WORLDS_PER_SLICE))


def pawn_indices(positions: NDArray[np.float64], outcome: NDArray[np.float64]) -> Indices:
    """PAWN index of each lever for an outcome.

    Args:
        positions: of the levers in each world, shape (worlds, levers).
        outcome: shape (worlds,); where it never changes, every index is 0.
    """
    worlds, levers = positions.shape
    if np.ptp(outcome) == 0.0:
        return Indices(np.zeros(levers), 0.0)
    from SALib.analyze import pawn  # takes a second to load

    columns = np.hstack([positions, np.random.default_rng(0).random((worlds, IDLE))])
    problem = {"num_vars": columns.shape[1], "names": [str(number) for number in range(columns.shape[1])]}
    values = np.asarray(pawn.analyze(problem, columns, outcome, S=slices_for(worlds))["mean"], float)
    return Indices(values[:levers], float(np.quantile(values[levers:], QUANTILE)))
