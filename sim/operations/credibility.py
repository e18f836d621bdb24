"""Whether notices are believed: the share of them that a suit has followed, as debtors come to know it."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
from numpy.typing import NDArray

from recoup.sim.account import Stage, Status
from recoup.sim.parameters import Behaviour


class Credibility:
    """A moving share over the portfolio. A notice counts once its `credibility_days` are over, if the debt is still open and unpaid:
    followed by a suit, or empty.

    Args:
        behaviour: `credibility_start`, `credibility_memory` and `credibility_days`.
        accounts: records (`account.ACCOUNT`) of the portfolio, read in place.
    """

    def __init__(self, behaviour: Behaviour, accounts: NDArray[np.void]) -> None:
        self._accounts, self._days = accounts, behaviour.credibility_days
        self._memory = behaviour.credibility_memory * len(accounts) / 1000.0
        self._share, self._today = behaviour.credibility_start, 0
        self._notices: dict[int, list[tuple[NDArray[np.int64], NDArray[np.uint64]]]] = defaultdict(list)

    def record(self, day: int, numbers: NDArray[np.int64]) -> None:
        """These accounts were sent a notice on a day."""
        if numbers.size:
            self._notices[day + self._days].append((numbers, self._accounts["key"][numbers]))

    def followed(self, day: int) -> float:
        """The share, on the morning of a day; days are asked for in order, each once or more."""
        for due in [one for one in sorted(self._notices) if one <= day]:
            for numbers, keys in self._notices.pop(due):
                a = self._accounts[numbers]
                told = (a["key"] == keys) & (a["status"] == Status.OPEN) & (a["plan_months"] == 0)
                suits = np.count_nonzero(told & (a["stage"] > Stage.NOTICED))
                count = np.count_nonzero(told)
                if count:
                    self._share += (suits / count - self._share) * count / (count + self._memory)
        return self._share
