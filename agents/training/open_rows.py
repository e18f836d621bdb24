"""Rollouts without the days of closed accounts: nothing was decided on them, and they are up to two rows in five.

A closed account allows one treatment alone, whose probability is 1 whatever the network says, so that its row adds nothing to the
policy's gradient; it would only dilute the mean, shift the normalisation of advantages, and cost time. Such rows are never stored; in the
advantages, which are worked out over whole columns of days, they count as nothing: no value, no reward, no advantage.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sb3_contrib.common.maskable.buffers import MaskableRolloutBuffer, MaskableRolloutBufferSamples
from stable_baselines3.common.buffers import RolloutBuffer
from stable_baselines3.common.type_aliases import RolloutBufferSamples

from recoup.agents.training.data_parallel import Memory

ROWS = ("observations", "actions", "old_values", "old_log_prob", "advantages", "returns", "action_masks")


def rows_in(memory: Memory) -> dict[str, NDArray[Any]]:
    """The rows that a buffer has laid out in a memory."""
    return {name: memory[f"rows.{name}"] for name in ROWS}


def samples_of(rows: Mapping[str, torch.Tensor], batch: torch.Tensor) -> MaskableRolloutBufferSamples:
    """What sb3-contrib calls samples, of some rows.

    Args:
        rows: all of the rollout's, by `ROWS`.
        batch: their numbers.
    """
    return MaskableRolloutBufferSamples(**{name: tensor.index_select(0, batch) for name, tensor in rows.items()})


class _OpenRows:
    """Mixed into a rollout buffer. What a network reads is kept row by row, of open accounts alone, and laid out once, not each rollout.

    Args:
        open_column: of an observation, above 0 where the account is open; None = every row counts.

    Attributes:
        memory: that the rows are kept in.
        rows: what a network reads and learns from, as a sample names it (`ROWS`): one row for each open account and day, those of a day side
            by side, of which the first `count` are filled. Masks in a buffer for masks only.
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
        self._open_column = open_column
        self.memory: Memory | None = None
        super().__init__(*arguments, **options)

    def lay_out(self, memory: Memory) -> None:
        """Keep rows in a memory from the next rollout on."""
        days, rows = (self.buffer_size, self.n_envs), self.buffer_size * self.n_envs
        for name in ("rewards", "episode_starts", "values", "advantages", "returns"):
            setattr(self, name, np.zeros(days, np.float32))
        self.is_open = np.zeros(days, bool)
        menu = int(self.action_space.n) if self._masks else 0
        shapes: dict[str, tuple[tuple[int, ...], Any]] = {
            "observations": ((rows, *self.obs_shape), np.float32),
            "actions": ((rows, self.action_dim), np.int64),
            "action_masks": ((rows, menu), bool),
        }
        for name in ROWS:
            memory.empty(f"rows.{name}", *shapes.get(name, ((rows,), np.float32)))
        self.memory, self.rows = memory, rows_in(memory)

    def reset(self) -> None:
        """Begin a rollout."""
        if self.memory is None:
            self.lay_out(Memory())
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
        np.take(obs, rows, axis=0, out=self.rows["observations"][new], mode="clip")
        self.rows["actions"][new] = action.reshape(self.n_envs, -1)[rows]
        self.rows["old_log_prob"][new] = log_prob.detach().cpu().numpy().reshape(-1)[rows]
        if self._masks:
            masks = self.rows["action_masks"]
            allowed = np.ones((self.n_envs, masks.shape[1]), bool) if action_masks is None else action_masks
            np.take(allowed, rows, axis=0, out=masks[new], mode="clip")
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

    def batches(self, batch_size: int | None) -> Iterator[NDArray[np.int64]]:
        """Numbers of all rows in random order, in batches that differ by one row at most; once the rollout is whole.

        Args:
            batch_size: about how many rows a batch has; None = all in one.
        """
        self._close()
        batches = max(1, round(self.count / batch_size)) if batch_size else 1
        yield from np.array_split(np.random.permutation(self.count), batches)

    def _close(self) -> None:
        """Put into the rows what was worked out by days."""
        if not self.generator_ready:
            for name in ("old_values", "advantages", "returns"):
                by_day = getattr(self, name.removeprefix("old_"))
                self.rows[name][: self.count] = by_day[self.is_open]
            self.generator_ready = True

    def on(self, device: torch.device) -> dict[str, torch.Tensor]:
        """A whole rollout's rows on a device; on the CPU the rows themselves."""
        self._close()
        return {name: torch.from_numpy(array[: self.count]).to(device) for name, array in self.rows.items()}

    def get(self, batch_size: int | None = None) -> Generator[Any, None, None]:
        """Samples in random order; see `batches`."""
        rows = self.on(self.device)
        for batch in self.batches(batch_size):
            sample = samples_of(rows, torch.from_numpy(batch).to(self.device))
            yield sample if self._masks else RolloutBufferSamples(*sample[:-1])


class OpenRowsBuffer(_OpenRows, RolloutBuffer):
    """For learners without masks."""


class MaskableOpenRowsBuffer(_OpenRows, MaskableRolloutBuffer):  # type: ignore[misc]  # names the arguments of `add`
    """For learners with masks."""

    _masks = True
