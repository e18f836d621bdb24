"""Counter-based random numbers keyed by (seed, account, day, purpose).

A draw depends on its key alone: not on batch layout, threads, workers, or on what other accounts did. Two policies
on one seed meet the same random numbers, so their differences are paired (common random numbers). The mixing function is
SplitMix64's finaliser (Steele, Lea & Flood, OOPSLA 2014), applied twice.

A `key` is an account's `stream`, `day` counts from 0 (traits are drawn under day -1), `purpose` is a number of
`Purpose`.
"""

from __future__ import annotations

import math
from enum import IntEnum, auto, unique

import numpy as np
from numba import uint64

from recoup.sim.compiled import njit

# Draws that belong to the portfolio as a whole rather than to one account use this account number.
WHOLE_PORTFOLIO = 2**40


@unique
class Purpose(IntEnum):
    """What a draw is for. Append only: the order is part of every seed's meaning."""

    REACH = 0
    DURATION = auto()
    COLLECTOR = auto()
    QUEUE = auto()
    OFFER = auto()
    PROMISE = auto()
    PROMISE_DAYS = auto()
    KEEP_PROMISE = auto()
    PAY = auto()
    PAY_FULL = auto()
    PAY_SHARE = auto()
    INSTALMENT = auto()
    COMPLAINT = auto()
    OPT_OUT = auto()
    DISPUTE = auto()
    HARDSHIP = auto()
    JOB = auto()
    MACRO = auto()
    COURT_TIME = auto()
    JUDGMENT = auto()
    SEIZURE = auto()
    SKILL = auto()
    PICK = auto()
    TRAIT = auto()  # TRAIT and the 63 numbers after it: portfolio generation and hidden traits
    CEASE_CONTACT = 87  # TRAIT + 64
    BREATHING_SPACE = 88
    CALL_BACK = 89
    REVIEW_DAYS = 90
    REVIEW_RESULT = 91
    CARD_AMOUNT = 100  # what a card holder pays of his own accord, and what he promises
    CARD_PROMISE = 101


@njit(inline="always")
def _mix(z):  # type: ignore[no-untyped-def]
    z = (z ^ (z >> uint64(30))) * uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> uint64(27))) * uint64(0x94D049BB133111EB)
    return z ^ (z >> uint64(31))


@njit()
def stream(seed: int, account: int) -> int:
    """The key of one account's random numbers under a seed (uint64)."""
    return _mix(uint64(seed) * uint64(0x9E3779B97F4A7C15) + _mix(uint64(account) + uint64(0x632BE59BD9B4E019)))  # type: ignore[no-any-return]


@njit()
def bits(key: int, day: int, purpose: int) -> int:
    """64 random bits for (key, day, purpose)."""
    return _mix(uint64(key) ^ _mix(uint64(day + 65536) * uint64(0xD1B54A32D192ED03) + uint64(purpose)))  # type: ignore[no-any-return]


@njit()
def uniform(key: int, day: int, purpose: int) -> float:
    """A float64 in (0, 1), never 0 or 1."""
    # The last of the 2**53 steps would be rounded to 1.
    return min((float(bits(key, day, purpose) >> uint64(11)) + 0.5) * (1.0 / 9007199254740992.0), 1.0 - 2.0**-53)


@njit()
def normal(key: int, day: int, purpose: int) -> float:
    """A standard normal by Box–Muller from the draw's two halves."""
    z = bits(key, day, purpose)
    radius = (float(z >> uint64(32)) + 0.5) / 4294967296.0
    angle = (float(z & uint64(0xFFFFFFFF)) + 0.5) / 4294967296.0
    return math.sqrt(-2.0 * math.log(radius)) * math.cos(2.0 * math.pi * angle)


@njit()
def uniforms(keys, day, purpose):  # type: ignore[no-untyped-def]
    """`uniform` for an array of keys: float64 array of the same length."""
    out = np.empty(keys.size)
    for i in range(keys.size):
        out[i] = uniform(keys[i], day, purpose)
    return out


@njit()
def normals(keys, day, purpose):  # type: ignore[no-untyped-def]
    """`normal` for an array of keys: float64 array of the same length."""
    out = np.empty(keys.size)
    for i in range(keys.size):
        out[i] = normal(keys[i], day, purpose)
    return out


@njit()
def streams(seed, accounts):  # type: ignore[no-untyped-def]
    """`stream` for an array of account numbers: uint64 array of the same length."""
    out = np.empty(accounts.size, np.uint64)
    for i in range(accounts.size):
        out[i] = stream(seed, accounts[i])
    return out
