"""How large a field test must be: two arms, one account in one arm, compared by the mean net present value of an account at variable cost."""

from __future__ import annotations

import math
from dataclasses import dataclass

import scipy  # loads its parts when they are first used

POWER, LEVEL = 0.80, 0.05  # two-sided


@dataclass(frozen=True)
class Pilot:
    """A field test that would find a gain.

    Attributes:
        gain: that it is to find, in currency units an account.
        per_arm: accounts in each arm.
        adjusted_per_arm: the same, where the analysis adjusts for the opening balance.
        weeks: until both arms are filled, at the inflow; None = the inflow is not known.
    """

    gain: float
    per_arm: int
    adjusted_per_arm: int
    weeks: float | None


def per_arm(gain: float, variances: tuple[float, float]) -> int:
    """Accounts in each of two equal arms, so that a gain is found at 5 % (two-sided) with a probability of 80 %.

    n = (z(0.975) + z(0.8))² × (variance of one arm + variance of the other) / gain² (normal approximation; Chow, Shao, Wang & Lokhnygina,
    *Sample Size Calculations in Clinical Research*, 3rd ed., section 3.2).

    Args:
        gain: difference of the arms' means, not 0.
        variances: between accounts, of each arm.
    """
    z = scipy.stats.norm.ppf(1.0 - LEVEL / 2.0) + scipy.stats.norm.ppf(POWER)
    return max(2, math.ceil(z**2 * sum(variances) / gain**2))


def pilot(
    gain: float, variances: tuple[float, float], unexplained: tuple[float, float], inflow: float | None = None
) -> Pilot:
    """The test that would find a gain.

    Args:
        gain: per account, above 0.
        variances: between accounts, of each arm.
        unexplained: what the opening balance does not explain of them.
        inflow: new accounts a week; None = not known.
    """
    plain, adjusted = per_arm(gain, variances), per_arm(gain, unexplained)
    return Pilot(gain, plain, adjusted, 2 * adjusted / inflow if inflow else None)
