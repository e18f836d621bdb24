"""Twins: cohorts of the same accounts under the same luck, treated by different lots, so that luck can be told from choice.

What a debtor pays in the weeks after a choice is mostly his own luck, and luck is common to twins (`recoup.sim.randomness`). How far an
account's twins did better than the critic expected is therefore a control variate for how far the account itself did: it does not
depend on the account's own choice, so that taking a share of it away changes no expectation, and much of the noise goes with it
(common random numbers; Greensmith, Bartlett & Baxter 2004 on baselines). The share is the regression coefficient of one on the other.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sb3_contrib.common.maskable.buffers import MaskableRolloutBuffer
from stable_baselines3.common.buffers import RolloutBuffer


def without_common_luck(advantages: NDArray[np.float32]) -> NDArray[np.float32]:
    """Advantages less what the twins say of luck: shape (steps, cohorts, twins, accounts), in and out."""
    twins = advantages.shape[2]
    others = (advantages.sum(axis=2, keepdims=True) - advantages) / (twins - 1)
    square = float(np.vdot(others, others))
    share = float(np.vdot(advantages, others)) / square if square > 0.0 else 0.0
    return np.asarray(advantages - share * others, np.float32)


class _Twins:
    """Mixed into a rollout buffer. The critic still learns what was really returned.

    Attributes:
        left: share of the advantages' variance that the latest rollout kept.
    """

    advantages: NDArray[np.float32]
    left = 1.0

    def __init__(self, *arguments: Any, twins: int, accounts: int, **options: Any) -> None:
        self._twins, self._accounts = twins, accounts
        super().__init__(*arguments, **options)

    def compute_returns_and_advantage(self, *arguments: Any, **options: Any) -> None:
        """See `RolloutBuffer`."""
        super().compute_returns_and_advantage(*arguments, **options)  # type: ignore[misc]
        shape = self.advantages.shape
        paired = without_common_luck(self.advantages.reshape(shape[0], -1, self._twins, self._accounts))
        self.left = float(paired.var() / max(self.advantages.var(), 1e-12))
        self.advantages = paired.reshape(shape)


class TwinBuffer(_Twins, RolloutBuffer):
    """For learners without masks."""


class MaskableTwinBuffer(_Twins, MaskableRolloutBuffer):
    """For learners with masks."""
