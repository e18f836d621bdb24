"""Whether notices are believed: the share of them that a suit has followed, as debtors come to know it."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

from recoup.sim.account import Stage, Status
from recoup.sim.compiled import njit
from recoup.sim.parameters import Behaviour
from recoup.sim.prefetch import AHEAD, prefetch

_OPEN, _NOTICED = int(Status.OPEN), int(Stage.NOTICED)


class Credibility:
    """A moving share over a lender's notices: what debtors have seen lately, beside what they knew before.

    Args:
        behaviour: `credibility_start` and `credibility_memory`.
        accounts: of the lender.

    Attributes:
        share: of notices that a suit has followed.
    """

    def __init__(self, behaviour: Behaviour, accounts: int) -> None:
        self._memory = behaviour.credibility_memory * accounts / 1000.0
        self.share = behaviour.credibility_start

    def learn(self, notices: int, suits: int) -> None:
        """So many notices have had their time, and suits have followed so many of them."""
        if notices:
            self.share += (suits / notices - self.share) * notices / (notices + self._memory)


class Notices:
    """Those that were sent. A notice counts once its `credibility_days` are over, if the debt is still open and unpaid: followed by a
    suit, or empty.

    Args:
        behaviour: `credibility_days`.
        accounts: records (`account.ACCOUNT`) of the portfolio, read in place.
    """

    def __init__(self, behaviour: Behaviour, accounts: NDArray[np.void]) -> None:
        self._accounts, self._days = accounts, behaviour.credibility_days
        self._sent: dict[int, list[tuple[NDArray[np.int64], NDArray[np.uint64]]]] = defaultdict(list)

    def record(self, day: int, numbers: NDArray[np.int64]) -> None:
        """These accounts were sent a notice on a day."""
        if numbers.size:
            self._sent[day + self._days].append((numbers, self._accounts["key"][numbers]))

    @property
    def pending(self) -> dict[int, NDArray[np.int64]]:
        """Accounts whose notices are still to count, by the day of the notice."""
        return {
            day - self._days: np.concatenate([numbers for numbers, _ in sent])
            for day, sent in sorted(self._sent.items())
        }

    def due(self, day: int) -> tuple[int, int]:
        """How many count on the morning of a day, and suits among them; days are asked for in order, and each notice counts once."""
        notices = suits = 0
        for when in [one for one in sorted(self._sent) if one <= day]:
            for numbers, keys in self._sent.pop(when):
                told, followed = _count(self._accounts, numbers, keys)
                notices += told
                suits += followed
        return notices, suits


@njit(borrows=True, nogil=True)
def _count(accounts, numbers, keys):  # type: ignore[no-untyped-def]
    """Notices that count: those to accounts that are still who they were, open and without a plan; and suits that have followed."""
    told = followed = 0
    for n in range(numbers.size):
        prefetch(accounts, numbers[min(n + AHEAD, numbers.size - 1)])
        a = accounts[numbers[n]]
        if a.key == keys[n] and a.status == _OPEN and a.plan_months == 0:
            told += 1
            followed += a.stage > _NOTICED
    return told, followed
