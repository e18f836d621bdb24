"""Which levers an outcome hangs on: PAWN indices, and how large they are for a lever that does nothing.

PAWN (Pianosi & Wagener 2015, 2018) cuts a lever's range into slices with equally many worlds and measures how far the outcome's
distribution within a slice lies from that in all worlds: the Kolmogorov-Smirnov distance, 0 to 1, here its mean over the slices. It needs
no special design and takes outcomes of any shape. With few worlds the distance of pure chance is far from zero; so levers that no world
knows of are measured beside the real ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

DUMMIES = 19  # one lever without effect exceeds all of them once in twenty
MOST_SLICES, WORLDS_PER_SLICE = 8, 16


@dataclass(frozen=True)
class Indices:
    """PAWN indices, 0 to 1.

    Attributes:
        levers: of each lever, shape (levers,).
        noise: the largest of `DUMMIES` levers without effect; an index below it may be chance.
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
        outcome: shape (worlds,).
    """
    from SALib.analyze import pawn  # takes a second to load

    worlds, levers = positions.shape
    dummies = np.random.default_rng(0).random((worlds, DUMMIES))
    columns = np.hstack([positions, dummies])
    problem = {"num_vars": columns.shape[1], "names": [str(number) for number in range(columns.shape[1])]}
    values = np.asarray(pawn.analyze(problem, columns, outcome, S=slices_for(worlds))["mean"], float)
    return Indices(values[:levers], float(values[levers:].max()))
