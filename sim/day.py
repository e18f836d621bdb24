"""What one day of a simulation comes back with, and what is booked of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

# What is booked in the evening of an account to which anything happened; names and meanings are those of `account.ACCOUNT`.
EVENING = np.dtype(
    [
        ("key", "u8"),
        ("number", "i8"),
        ("cash_today", "i8"),
        ("events", "u4"),
        ("collector", "u4"),
        ("promise_collector", "u4"),
        ("seconds", "i4"),
        ("plan_months", "u1"),
        ("stage", "u1"),
        ("rule", "u1"),
    ],
    align=True,
)


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
