"""Rollouts without the days of closed accounts: nothing was decided on them, and they are two rows in five.

A closed account allows one treatment alone, whose probability is 1 whatever the network says, so that its row adds nothing to the
policy's gradient; it would only dilute the mean, shift the normalisation of advantages, and cost time. Advantages and returns
are worked out on the whole rollout first, and so are the same with and without such rows.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sb3_contrib.common.maskable.buffers import MaskableRolloutBuffer
from stable_baselines3.common.buffers import RolloutBuffer


class _OpenRows:
    """Mixed into a rollout buffer.

    Args:
        open_column: of an observation, above 0 where the account is open; None = every row counts.
    """

    observations: NDArray[np.float32]
    actions: NDArray[Any]

    def __init__(self, *arguments: Any, open_column: int | None = None, **options: Any) -> None:
        self._open_column = open_column
        super().__init__(*arguments, **options)

    def get(self, batch_size: int | None = None) -> Generator[Any, None, None]:
        """Samples of open accounts in random order, in batches that differ by one row at most.

        Args:
            batch_size: about how many rows a batch has; None = all in one.
        """
        next(super().get(1))  # type: ignore[misc]  # lays the arrays out as rows
        rows = np.arange(len(self.actions))
        if self._open_column is not None:
            rows = np.flatnonzero(self.observations[:, self._open_column] > 0)
        batches = max(1, round(rows.size / batch_size)) if batch_size else 1
        for batch in np.array_split(np.random.permutation(rows), batches):
            yield self._get_samples(batch)  # type: ignore[attr-defined]


class OpenRowsBuffer(_OpenRows, RolloutBuffer):
    """For learners without masks."""


class MaskableOpenRowsBuffer(_OpenRows, MaskableRolloutBuffer):
    """For learners with masks."""
