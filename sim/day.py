"""What one day of a simulation comes back with, and what is booked of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

# What is booked in the evening of an account that goes to court, signs or pays by instalments, is sent a notice, or meets a rule; names
# and meanings are those of `account.ACCOUNT`.
EVENING = np.dtype(
    [
        ("key", "u8"),
        ("number", "i8"),
        ("events", "u4"),
        ("plan_months", "u1"),
        ("stage", "u1"),
        ("rule", "u1"),
    ],
    align=True,
)


class Evening(NamedTuple):
    """Where the pass that ends a day writes (`kernels.step_day`), each batch of accounts to places of its own.

    Attributes:
        totals: counts by `kernels.EVENT_NAMES`, then `kernels.SUMS`, int64 (batches, totals); zeros at first.
        people: what came of each person's accounts, by `collectors.SUMS`, int64 (batches, people, sums); zeros at first.
        net_flow: cash less cost of each open account, cents, int64 (open,).
        awake: the next day has begun for the account, bool (open,).
        booked: from a batch's first row on, one record for each of its accounts that has something to be booked, `EVENING` (open,).
        events: from a batch's first row on, those of its accounts that had any, uint32 (open,).
    """

    totals: NDArray[np.int64]
    people: NDArray[np.int64]
    net_flow: NDArray[np.int64]
    awake: NDArray[np.bool_]
    booked: NDArray[np.void]
    events: NDArray[np.uint32]

    @classmethod
    def empty(cls, accounts: int, batches: int, totals: int, people: tuple[int, int]) -> Self:
        """Room for a day.

        Args:
            accounts: open ones.
            batches: of them.
            totals: how many.
            people: shape of a batch's `people`.
        """
        return cls(
            np.zeros((batches, totals), np.int64),
            np.zeros((batches, *people), np.int64),
            np.empty(accounts, np.int64),
            np.empty(accounts, np.bool_),
            np.empty(accounts, EVENING),
            np.empty(accounts, np.uint32),
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
