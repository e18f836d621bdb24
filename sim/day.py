"""What one day of a simulation comes back with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class DayRecord:
    """A finished day.

    Attributes:
        day: its number.
        rows: numbers of the accounts that were open in the morning, int64 (open,).
        net_flow: cash less cost of the day for each of them, cents, int64 (open,).
        figures: the day's row of `Ledger.daily_table`.
        evening: copies of the accounts (`account.ACCOUNT`) that `advance` was asked to keep, as they were in the evening,
            before the next day began; shape (asked,).
    """

    day: int
    rows: NDArray[np.int64]
    net_flow: NDArray[np.int64]
    figures: Mapping[str, Any]
    evening: NDArray[np.void]
