"""sb3-contrib's PPO with action masks, its rollouts and updates laid out for thousands of accounts: the same algorithm, two to three times as fast.

- Nothing is computed for closed accounts (`open_rows`), and nothing is done in Python for each account of a day.
- A gradient is summed over blocks of rows that fit into a core's cache (`network`). The blocks depend on the rows alone, and their sums are
  added in order, so that several processes, which take whole blocks, change no number (`data_parallel`).
"""

from __future__ import annotations

from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

import numpy as np
import sb3_contrib
import torch
from numpy.typing import NDArray
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.utils import explained_variance
from stable_baselines3.common.vec_env import VecEnv

from recoup.agents.training.data_parallel import Crew, Memory
from recoup.agents.training.masked_sampling import uniform
from recoup.agents.training.network import BLOCK, DECIDED, Block, Network, in_blocks
from recoup.agents.training.open_rows import MaskableOpenRowsBuffer
from recoup.agents.training.ppo_gradient import Losses, Terms


class MaskablePPO(sb3_contrib.MaskablePPO):
    """See `sb3_contrib.MaskablePPO`; its rollout buffer is a `MaskableOpenRowsBuffer`, its environment a `PortfolioVecEnv`."""

    rollout_buffer: MaskableOpenRowsBuffer
    _crew: Crew
    _part: Network

    def _setup_model(self) -> None:
        super()._setup_model()
        env: Any = self.env
        self._work_in(env.memory)
        self._crew = Crew()

    def _work_in(self, memory: Memory) -> None:
        self.rollout_buffer.lay_out(memory)
        self._part = self._network_in(memory)

    def _network_in(self, memory: Memory) -> Network:
        largest = min(
            1.5 * (self.batch_size or np.inf) + 1, self.n_steps * self.n_envs
        )  # batches are about as large as asked for
        return Network(self.policy, memory, int(-(-largest // BLOCK)))

    def share_work(self, processes: int, start: Callable[[list[Any]], Connection]) -> None:
        """Let several processes share what is to be done, on a CPU; no number depends on it. Before `learn`.

        Args:
            processes: how many, this one included.
            start: begins another one, in which `data_parallel.help_with` is called with what it is given; returns the connection to it.
        """
        env: Any = self.env
        env.lay_out(Memory(shared=True))
        self._work_in(env.memory)
        self._crew = Crew([start([env.part(number, processes), self._part]) for number in range(1, processes)])
        env.join(self._crew)

    @property
    def _own(self) -> Network:
        """This process's part of the network's work."""
        if self._part.policy is not self.policy:
            self._part = self._network_in(self._part.memory)
        return self._part

    def collect_rollouts(  # type: ignore[override]
        self,
        env: VecEnv,
        callback: BaseCallback,
        rollout_buffer: MaskableOpenRowsBuffer,
        n_rollout_steps: int,
        use_masking: bool = True,
    ) -> bool:
        """Days of all accounts under the present policy, into the buffer; see `sb3_contrib.MaskablePPO`.

        Args:
            env: the cohorts.
            callback: told of each day, and when the rollout begins and ends.
            rollout_buffer: to fill.
            n_rollout_steps: days.
            use_masking: must be True.

        Returns:
            False if the callback ended the training.
        """
        self.policy.set_training_mode(False)
        rollout_buffer.reset()
        callback.on_rollout_start()
        observations: Any = self._last_obs
        unknown = torch.zeros(env.num_envs)  # the critic is asked once the rollout is whole
        for _ in range(n_rollout_steps):
            masks: Any = env.action_masks()  # type: ignore[attr-defined]
            rows = rollout_buffer.open_rows(observations)
            actions, log_probs = self._decide(env, rows)
            brought: Any = env.step(actions)
            new_observations, rewards, dones, _ = brought
            self.num_timesteps += env.num_envs
            callback.update_locals(locals())
            if not callback.on_step():
                return False
            starts: Any = self._last_episode_starts
            rollout_buffer.add(observations, actions, rewards, starts, unknown, log_probs, action_masks=masks)
            self._last_obs = observations = new_observations
            self._last_episode_starts = dones
        self._ask_critic()
        with torch.no_grad():
            last = self.policy.predict_values(torch.from_numpy(observations).to(self.device))
        rollout_buffer.compute_returns_and_advantage(last_values=last, dones=dones)
        callback.on_rollout_end()
        return True

    def _decide(self, env: Any, rows: NDArray[np.int64]) -> tuple[NDArray[np.int64], torch.Tensor]:
        """Treatments of all accounts and their log probabilities, as drawn by the policy; the blocks are shared."""
        actions, log_probs = np.zeros(env.num_envs, np.int64), np.zeros(env.num_envs, np.float32)  # of closed accounts
        if rows.size:
            blocks, size = in_blocks(DECIDED, rows, uniform(rows.size).numpy()), self._crew.size
            tasks = [(env.turn, blocks[first::size]) for first in range(size)]
            for first, decided in enumerate(self._crew.each(self._own, "decide", tasks)):
                for (accounts, _), found in zip(blocks[first::size], decided, strict=True):
                    actions[accounts], log_probs[accounts] = found
        return actions, torch.from_numpy(log_probs)

    def _ask_critic(self) -> None:
        """Values of the rows, a day at a time; the days are shared."""
        buffer = self.rollout_buffer
        ends = np.cumsum(buffer.is_open.sum(axis=1)).tolist()
        days = [day for day in zip([0, *ends], ends, strict=False) if day[1] > day[0]]
        self._crew.each(self._own, "values", [days[n :: self._crew.size] for n in range(self._crew.size)])
        buffer.values[buffer.is_open] = buffer.rows["old_values"][: buffer.count]

    def train(self) -> None:
        """Update policy and critic by the rollout in the buffer; see `sb3_contrib.MaskablePPO`."""
        policy, buffer = self.policy, self.rollout_buffer
        policy.set_training_mode(True)
        self._update_learning_rate(policy.optimizer)
        left, learning = self._current_progress_remaining, [one for one in policy.parameters() if one.requires_grad]
        terms = Terms(
            self.clip_range(left),  # type: ignore[operator]
            None if self.clip_range_vf is None else self.clip_range_vf(left),  # type: ignore[operator]
            self.ent_coef,
            self.vf_coef,
            tuple(one.requires_grad for one in policy.parameters()),
        )
        if self.device.type != "cpu":
            self._own.rows = buffer.on(self.device)
        means: list[list[float]] = []
        for _ in range(self.n_epochs):
            for batch in buffer.batches(self.batch_size):
                gradients, losses = self._gradients(batch, terms)
                means.append(losses)
                if self.target_kl is not None and Losses(*losses).divergence > 1.5 * self.target_kl:  # type: ignore[arg-type]
                    break
                for parameter, gradient in zip(learning, gradients, strict=True):
                    parameter.grad = gradient
                torch.nn.utils.clip_grad_norm_(learning, self.max_grad_norm)
                policy.optimizer.step()
                policy.optimizer.zero_grad()
            else:
                self._n_updates += 1
                continue
            break
        self._log(Losses(*np.mean(means, axis=0)))

    def _gradients(self, batch: NDArray[np.int64], terms: Terms) -> tuple[list[torch.Tensor], list[float]]:
        """Gradient of the mean loss of a batch, one for each parameter that learns, and the means of `Losses`."""
        advantages = torch.from_numpy(self.rollout_buffer.rows["advantages"][batch])
        if self.normalize_advantage and len(batch) > 1:
            advantages = (advantages - advantages.mean()) / (advantages.std() + 1e-8)
        blocks = [Block(n, *cut) for n, cut in enumerate(in_blocks(BLOCK, batch, advantages.numpy()))]
        size = self._crew.size
        self._crew.each(self._own, "of_blocks", [(terms, len(batch), blocks[first::size]) for first in range(size)])
        gradients, sums = self._own.sum(len(blocks))
        return gradients, [one / len(batch) for one in sums]

    def _log(self, means: Losses) -> None:
        """Note an update's figures under Stable-Baselines3's names."""
        buffer: Any = self.rollout_buffer
        loss = means.policy + self.ent_coef * means.entropy + self.vf_coef * means.value
        record = self.logger.record
        record("train/entropy_loss", float(means.entropy))
        record("train/policy_gradient_loss", float(means.policy))
        record("train/value_loss", float(means.value))
        record("train/approx_kl", float(means.divergence))
        record("train/clip_fraction", float(means.clipped))
        record("train/loss", float(loss))
        is_open = buffer.is_open
        record("train/explained_variance", explained_variance(buffer.values[is_open], buffer.returns[is_open]))
        record("train/n_updates", self._n_updates, exclude="tensorboard")
        record("train/clip_range", self.clip_range(self._current_progress_remaining))  # type: ignore[operator]
