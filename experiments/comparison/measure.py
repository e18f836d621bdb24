"""What a measure is: its name, unit, direction, definition and source, and how it is taken from a run."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Any, Self

import pandas as pd

from recoup.experiments.comparison.rollout import Rollout


class Unit(StrEnum):
    """What a value is counted in; tables show a share as per cent."""

    SHARE = "share"
    DAYS = "days"
    COUNT = "count"


class Better(IntEnum):
    """Which way is better: the sign of an improvement."""

    MORE = 1
    LESS = -1
    NEITHER = 0


@dataclass(frozen=True)
class Quantity:
    """What measures of a run and outcomes of an account have in common.

    Attributes:
        name: key in files.
        title: what tables call it (English; the report's catalogues hold the Chinese).
        unit: what it is counted in.
        better: which way is better.
        definition: the formula in words.
    """

    name: str
    title: str
    unit: Unit
    better: Better
    definition: str


@dataclass(frozen=True)
class Measure(Quantity):
    """One number for a run, or for the accounts of one tier.

    Attributes:
        of: takes the run and the accounts to measure (all, or those of a tier; money in cents); NaN where it is undefined.
        by_tier: whether it makes sense for a part of the accounts.
        source: where the definition comes from; empty = plain accounting.
    """

    of: Callable[[Rollout, pd.DataFrame], float]
    by_tier: bool = True
    source: str = ""


@dataclass(frozen=True)
class Outcome(Quantity):
    """One number for each account, compared between protected groups.

    Attributes:
        kind: `benefit` and `burden` are what the policy does, and are assessed; a `result` depends on the debtor as well and is only
            reported.
        of: takes the run; one number or flag for each account, shape (accounts,).
    """

    kind: str
    of: Callable[[Rollout], Any]


class Ratio(float):
    """above / below, NaN when there is nothing to divide by; keeps both, so that ratios of several sites can be put together."""

    above: float
    below: float

    def __new__(cls, above: float, below: float) -> Self:
        made = super().__new__(cls, float(above) / float(below) if below else math.nan)
        made.above, made.below = float(above), float(below)
        return made

    def __getnewargs__(self) -> tuple[float, float]:  # type: ignore[override]
        return self.above, self.below


ratio = Ratio  # reads as the function that it is in a measure's definition
