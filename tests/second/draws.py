"""Random numbers by (key, day, purpose) in Python's own integers: SplitMix64's finaliser, applied twice.

Steele, Lea & Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014, give the finaliser's shifts and factors.
"""

from __future__ import annotations

import math

WORD = 2**64


def finalise(z):
    z ^= z >> 30
    z = z * 0xBF58476D1CE4E5B9 % WORD
    z ^= z >> 27
    z = z * 0x94D049BB133111EB % WORD
    return z ^ (z >> 31)


def key_of(seed, account):
    """The stream of one account under a seed."""
    of_account = finalise((account + 0x632BE59BD9B4E019) % WORD)
    return finalise((seed * 0x9E3779B97F4A7C15 + of_account) % WORD)


def bits(key, day, purpose):
    of_moment = finalise(((day + 65536) * 0xD1B54A32D192ED03 + int(purpose)) % WORD)
    return finalise(int(key) ^ of_moment)


def uniform(key, day, purpose):
    """The upper 53 bits, each in the middle of its step of 2^-53; the last stays below 1, to which it would be rounded."""
    return min(((bits(key, day, purpose) >> 11) + 0.5) / 2**53, 1 - 2**-53)


def normal(key, day, purpose):
    """Box and Muller: the upper half of the bits gives the radius, the lower half the angle."""
    upper, lower = divmod(bits(key, day, purpose), 2**32)
    radius = math.sqrt(-2.0 * math.log((upper + 0.5) / 2**32))
    return radius * math.cos(2.0 * math.pi * (lower + 0.5) / 2**32)
