"""Random tie-breaks without a memory: a number in [0, 1) for each account and day, hashed from what a policy sees.

Policies that draw (a learned policy among treatments, a plan among the windows of a day) draw by this hash, so that the same
observation gets the same choice in any batch, and no generator's state has to be kept.
"""

from __future__ import annotations

import numpy as np
from numba import uint64
from numpy.typing import NDArray

from recoup.sim.compiled import njit
from recoup.sim.observation import FIELD_INDEX

# What tells accounts apart, and what tells days apart.
HASHED_FIELDS = (
    "opening_balance",
    "monthly_income",
    "credit_score",
    "early_warning",
    "tenure_months",
    "days_in_portfolio",
)
HASHED_COLUMNS = np.array([FIELD_INDEX[name] for name in HASHED_FIELDS])
_FACTORS = np.array([0x9E3779B97F4A7C15 * odd & (1 << 64) - 1 for odd in (1, 3, 5, 7, 9, 11)], np.uint64)


@njit(inline="always")
def hashed_uniform(bits, columns, draw):  # type: ignore[no-untyped-def]
    """A float64 in [0, 1) for one observation.

    The multiply-and-shift steps are SplitMix64's (Steele, Lea & Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014).

    Args:
        bits: the observation's float32 values, read as uint32.
        columns: `HASHED_COLUMNS`; an argument, because as a constant it would outlive a change of the fields in Numba's cache.
        draw: number of the draw; the draws of one observation are independent.
    """
    h = uint64(draw) << uint64(40)
    for n in range(columns.size):
        h += uint64(bits[columns[n]]) * _FACTORS[n]
    h = (h ^ (h >> uint64(30))) * uint64(0xBF58476D1CE4E5B9)
    h = (h ^ (h >> uint64(27))) * uint64(0x94D049BB133111EB)
    return float(h >> uint64(11)) / 9007199254740992.0


@njit(nogil=True)
def _fill(bits, columns, out):  # type: ignore[no-untyped-def]
    for row in range(out.size):
        out[row] = hashed_uniform(bits[row], columns, 0)


def hashed_uniforms(observations: NDArray[np.float32]) -> NDArray[np.float64]:
    """`hashed_uniform` of each observation's first draw.

    Args:
        observations: shape (accounts, fields).

    Returns:
        float64 in [0, 1), shape (accounts,).
    """
    out = np.empty(len(observations))
    _fill(np.ascontiguousarray(observations, np.float32).view(np.uint32), HASHED_COLUMNS, out)
    return out
