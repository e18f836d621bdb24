"""Do collectors differ by more than luck? Promises per right-party contact by person, against binomial limits (a funnel plot).

Debtors come to the people of a pool at random, so that their mixes differ by chance alone. Limits as in Spiegelhalter 2005
(*Funnel plots for comparing institutional performance*): the pool's rate ± z · sqrt(p (1 − p) / contacts).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

LEAST_CONTACTS = 20  # of a person who is shown by himself: below it, one promise more or less is five points
LEVEL = 0.95
Z = float(stats.norm.ppf(0.5 + LEVEL / 2))


@dataclass(frozen=True)
class Spread:
    """How the people of one pool differ in promises per right-party contact.

    Attributes:
        people: with at least `LEAST_CONTACTS` contacts; one of another seed is another person.
        contacts, promises: of these people.
        rate: promises per contact of all of them, a share.
        worst, best: the lowest and the highest rate of one person.
        outside: share of people outside the limits; 5 % are to be expected of luck.
        beyond_luck: standard deviation of rates that luck does not explain, a share; 0 where it explains all.
        chance: probability of differences at least as large if everybody were equally good (chi-squared test).
    """

    people: int
    contacts: int
    promises: int
    rate: float
    worst: float
    best: float
    outside: float
    beyond_luck: float
    chance: float


def limits(rate: float, contacts: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Within which a person's rate lies with 95 % probability by luck alone.

    Args:
        rate: of the pool, a share.
        contacts: any shape, above 0.

    Returns:
        Lower and upper limits, shares from 0 to 1, in the shape of the contacts.
    """
    half = Z * np.sqrt(rate * (1.0 - rate) / contacts)
    return np.maximum(rate - half, 0.0), np.minimum(rate + half, 1.0)


def shown(table: pd.DataFrame, pool: str) -> pd.DataFrame:
    """The people of a pool who had enough contacts to be judged.

    Args:
        table: rows of `Collectors.table`, of one or several seeds.
        pool: its name.
    """
    return table[(table["pool"] == pool) & (table["reached"] >= LEAST_CONTACTS)]


def spread_in(table: pd.DataFrame, pool: str) -> Spread | None:
    """How the people of a pool differ; None with fewer than two to compare, or where nobody or everybody promised.

    Args:
        table: rows of `Collectors.table`, of one or several seeds.
        pool: its name.
    """
    people = shown(table, pool)
    contacts, promises = people["reached"].to_numpy(float), people["promises"].to_numpy(float)
    if len(people) < 2 or not 0 < promises.sum() < contacts.sum():
        return None
    rate = float(promises.sum() / contacts.sum())
    rates = promises / contacts
    low, high = limits(rate, contacts)
    luck = rate * (1.0 - rate) / contacts  # variance of one person's rate if all are equally good
    excess = float(np.sum((rates - rate) ** 2 / luck))
    # By the moments of the sum of squares (DerSimonian & Laird 1986): what is left above its expectation by luck.
    weight = 1.0 / luck
    scale = float(weight.sum() - (weight**2).sum() / weight.sum())
    between = max(0.0, (excess - (len(people) - 1)) / scale)
    return Spread(
        people=len(people),
        contacts=int(contacts.sum()),
        promises=int(promises.sum()),
        rate=rate,
        worst=float(rates.min()),
        best=float(rates.max()),
        outside=float(np.mean((rates < low) | (rates > high))),
        beyond_luck=float(np.sqrt(between)),
        chance=float(stats.chi2.sf(excess, len(people) - 1)),
    )
