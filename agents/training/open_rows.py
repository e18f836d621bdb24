"""Rollouts without the days of closed accounts: nothing was decided on them, and they are up to two rows in five.

A closed account allows one treatment alone, whose probability is 1 whatever the network says, so that its row adds nothing to the
policy's gradient; it would only dilute the mean, shift the normalisation of advantages, and cost time. Such rows are never stored; in the
advantages, which are worked out over whole columns of days, they count as nothing: no value, no reward, no advantage.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sb3_contrib.common.maskable.buffers import MaskableRolloutBuffer, MaskableRolloutBufferSamples
from stable_baselines3.common.buffers import RolloutBuffer
from stable_baselines3.common.type_aliases import RolloutBufferSamples


class _OpenRows:
    """Mixed into a rollout buffer. What a network reads is kept row by row, of open accounts alone, and laid out once, not each rollout.

    Args:
        open_column: of an observation, above 0 where the account is open; None = every row counts.

    Attributes:
        observations, actions, log_probs, action_masks: one row for each open account and day, those of a day side by side; of the
            arrays' rows the first `count` are filled. Masks in a buffer for masks only.
        rewards, episode_starts, values, advantages, returns: shape (days, accounts), closed ones included.
        is_open: which of these have a row, bool (days, accounts).
    """

    buffer_size: int
    n_envs: int
    obs_shape: Any
    action_dim: int
    action_space: Any
    device: torch.device
    rewards: NDArray[Any]
    episode_starts: NDArray[Any]
    values: NDArray[Any]
    advantages: NDArray[Any]
    returns: NDArray[Any]
    _masks = False

    def __init__(self, *arguments: Any, open_column: int | None = None, **options: Any) -> None:
        self._open_column, self._laid_out = open_column, False
        super().__init__(*arguments, **options)

    def _lay_out(self) -> None:
        shape, rows = (self.buffer_size, self.n_envs), self.buffer_size * self.n_envs
        for name in ("rewards", "episode_starts", "values", "advantages", "returns"):
            setattr(self, name, np.zeros(shape, np.float32))
        self.is_open = np.zeros(shape, bool)
        self.observations = np.empty((rows, *self.obs_shape), np.float32)
        self.actions = np.empty((rows, self.action_dim), np.int64)
        self.log_probs = np.empty(rows, np.float32)
        self.action_masks = np.empty((rows, int(self.action_space.n) if self._masks else 0), bool)
        self._laid_out = True

    def reset(self) -> None:
        """Begin a rollout."""
        if not self._laid_out:
            self._lay_out()
        self.pos, self.full, self.generator_ready, self.count = 0, False, False, 0

    def open_rows(self, observations: NDArray[np.float32]) -> NDArray[np.int64]:
        """Numbers of the rows whose accounts are open.

        Args:
            observations: shape (accounts, columns).
        """
        if self._open_column is None:
            return np.arange(len(observations))
        return np.flatnonzero(observations[:, self._open_column] > 0)

    def add(
        self,
        obs: NDArray[np.float32],
        action: NDArray[np.int64],
        reward: NDArray[np.float32],
        episode_start: NDArray[Any],
        value: torch.Tensor,
        log_prob: torch.Tensor,
        action_masks: NDArray[np.bool_] | None = None,
    ) -> None:
        """Take in a day of all accounts; see `RolloutBuffer`."""
        rows = self.open_rows(obs)
        new = slice(self.count, self.count + rows.size)
        np.take(obs, rows, axis=0, out=self.observations[new], mode="clip")
        self.actions[new] = action.reshape(self.n_envs, -1)[rows]
        self.log_probs[new] = log_prob.detach().cpu().numpy().reshape(-1)[rows]
        if self._masks:
            allowed = np.ones((self.n_envs, self.action_masks.shape[1]), bool) if action_masks is None else action_masks
            np.take(allowed, rows, axis=0, out=self.action_masks[new], mode="clip")
        self.rewards[self.pos], self.episode_starts[self.pos] = reward, episode_start
        self.is_open[self.pos], self.values[self.pos] = False, 0.0
        self.is_open[self.pos, rows] = True
        self.values[self.pos, rows] = value.detach().cpu().numpy().reshape(-1)[rows]
        self.count, self.pos = self.count + rows.size, self.pos + 1
        self.full = self.pos == self.buffer_size

    def compute_returns_and_advantage(self, *arguments: Any, **options: Any) -> None:
        """See `RolloutBuffer`."""
        super().compute_returns_and_advantage(*arguments, **options)  # type: ignore[misc]
        self.advantages[~self.is_open] = 0.0

    def batches(self, batch_size: int | None) -> Iterator[torch.Tensor]:
        """Numbers of all rows in random order, in batches that differ by one row at most; once the rollout is whole.

        Args:
            batch_size: about how many rows a batch has; None = all in one.
        """
        if not self.generator_ready:
            self._rows = self._on_device()
            self.generator_ready = True
        batches = max(1, round(self.count / batch_size)) if batch_size else 1
        for batch in np.array_split(np.random.permutation(self.count), batches):
            yield torch.from_numpy(batch).to(self.device)

    def _on_device(self) -> dict[str, torch.Tensor]:
        """What a rollout's rows hold, as a sample names it."""
        by_row = {
            "observations": self.observations[: self.count],
            "actions": self.actions[: self.count],
            "old_values": self.values[self.is_open],
            "old_log_prob": self.log_probs[: self.count],
            "advantages": self.advantages[self.is_open],
            "returns": self.returns[self.is_open],
        }
        if self._masks:
            by_row["action_masks"] = self.action_masks[: self.count]
        return {name: torch.from_numpy(array).to(self.device) for name, array in by_row.items()}

    def advantages_of(self, batch: torch.Tensor) -> torch.Tensor:
        """Advantages of some rows, shape (rows,).

        Args:
            batch: from `batches`.
        """
        return self._rows["advantages"].index_select(0, batch)

    def samples(self, batch: torch.Tensor) -> Any:
        """What Stable-Baselines3 calls samples, of some rows.

        Args:
            batch: from `batches`, or part of it.
        """
        kind = MaskableRolloutBufferSamples if self._masks else RolloutBufferSamples
        return kind(**{name: tensor.index_select(0, batch) for name, tensor in self._rows.items()})

    def get(self, batch_size: int | None = None) -> Generator[Any, None, None]:
        """Samples in random order; see `batches`."""
        for batch in self.batches(batch_size):
            yield self.samples(batch)


class OpenRowsBuffer(_OpenRows, RolloutBuffer):
    """For learners without masks."""


class MaskableOpenRowsBuffer(_OpenRows, MaskableRolloutBuffer):  # type: ignore[misc]  # names the arguments of `add`
    """For learners with masks."""

    _masks = True
