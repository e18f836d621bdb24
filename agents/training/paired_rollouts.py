"""Paired rollouts: cohorts of the same accounts under common random numbers, each treated by actions sampled on their own.

What a debtor pays in the weeks after an action is mostly chance, and the chance is common to the pair (`recoup.sim.randomness`). The
advantages of the same account in the other rollouts are therefore a control variate for its own: they do not depend on the action
taken here, so that subtracting a multiple of them changes no expectation of the policy gradient, and much of its variance goes.

Sources: common random numbers and control variates, Glasserman, "Monte Carlo Methods in Financial Engineering", 2003, ch. 4; baselines
of the policy gradient as control variates, Greensmith, Bartlett & Baxter, JMLR 5, 2004.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from recoup.agents.training.open_rows import MaskableOpenRowsBuffer, OpenRowsBuffer


def subtract_control_variate(
    advantages: NDArray[np.float32], counted: NDArray[np.bool_] | None = None
) -> NDArray[np.float32]:
    """Advantages less their control variate, the mean advantage of the same account in the other rollouts.

    With A the advantages and M that mean, the result is A − b·M, b = ⟨A, M⟩ / ⟨M, M⟩: the regression coefficient through the origin,
    which leaves the least mean square (Glasserman 2003, section 4.1).

    Args:
        advantages: shape (steps, cohorts, paired rollouts, accounts), float32; at least two paired rollouts.
        counted: which of them are learned from, same shape; the others are 0, stay so, and have no part in b. None = all.

    Returns:
        The same shape, float32.
    """
    rollouts = advantages.shape[2]
    others = (advantages.sum(axis=2, keepdims=True) - advantages) / (rollouts - 1)
    if counted is not None:
        others = np.where(counted, others, np.float32(0.0))
    square = float(np.vdot(others, others))
    coefficient = float(np.vdot(advantages, others)) / square if square > 0.0 else 0.0
    return np.asarray(advantages - coefficient * others, np.float32)


class _PairedRollouts:
    """Mixed into a rollout buffer. The critic still learns the returns as they were.

    Args:
        paired_rollouts: how many rollouts of each cohort stand side by side, at least 2.
        accounts: of each cohort.

    Attributes:
        variance_left: share of the advantages' variance that the control variate left in the latest rollout.
    """

    advantages: NDArray[np.float32]
    is_open: NDArray[np.bool_]
    variance_left = 1.0

    def __init__(self, *arguments: Any, paired_rollouts: int, accounts: int, **options: Any) -> None:
        self._paired_rollouts, self._accounts = paired_rollouts, accounts
        super().__init__(*arguments, **options)

    def compute_returns_and_advantage(self, *arguments: Any, **options: Any) -> None:
        """See `RolloutBuffer`."""
        super().compute_returns_and_advantage(*arguments, **options)  # type: ignore[misc]
        shape = self.advantages.shape
        by_rollout = (shape[0], -1, self._paired_rollouts, self._accounts)
        paired = subtract_control_variate(self.advantages.reshape(by_rollout), self.is_open.reshape(by_rollout))
        before, self.advantages = self.advantages, paired.reshape(shape)
        left, there_was = self.advantages[self.is_open].var(), before[self.is_open].var()
        self.variance_left = float(left / max(there_was, 1e-12))


class PairedRolloutBuffer(_PairedRollouts, OpenRowsBuffer):
    """For learners without masks."""


class MaskablePairedRolloutBuffer(_PairedRollouts, MaskableOpenRowsBuffer):  # type: ignore[misc]
    """For learners with masks."""
