"""`recoup/Account-v0`: one debtor inside a living portfolio that other policies keep busy, as a Gymnasium environment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from sim.env import PortfolioVectorEnv, RewardScale
from sim.parameters import World
from sim.portfolio import Portfolio
from sim.rules import RulePack
from sim.treatments import Menu

Policy = Callable[[NDArray[np.float32], NDArray[np.bool_]], NDArray[np.int64]]


class AccountEnv(gym.Env[NDArray[np.float32], np.int64]):
    """One debtor inside a living portfolio: place 0 is the agent's, a fixed policy treats the others.

    Args:
        world, rules, portfolio, days, reward_scale: as for `PortfolioVectorEnv`.
        others: how many other accounts keep staff and courts busy.
        others_policy: what treats them; None = a lawful contact at random now and then.
        render_mode: "ansi" tells the account's story so far, one line a day on which anything happened.
    """

    metadata = {"render_modes": ["ansi"], "render_fps": 1}

    def __init__(
        self,
        world: World,
        rules: RulePack,
        portfolio: Portfolio,
        days: int = 180,
        others: int = 200,
        others_policy: Policy | None = None,
        reward_scale: RewardScale = "portfolio",
        render_mode: str | None = None,
    ) -> None:
        if render_mode not in (None, *self.metadata["render_modes"]):
            raise ValueError(f"render_mode is {render_mode!r}, expected one of {self.metadata['render_modes']}")
        size = min(others + 1, len(portfolio))
        self._portfolio_env = PortfolioVectorEnv(world, rules, portfolio, size, days, reward_scale)
        self.observation_space = self._portfolio_env.single_observation_space
        self.action_space = self._portfolio_env.single_action_space
        self._others = others_policy or self._now_and_then
        self.render_mode = render_mode
        self._story: list[str] = []

    @property
    def menu(self) -> Menu:
        """The treatments that actions index."""
        return self._portfolio_env.menu

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.float32], dict[str, Any]]:
        """A new debtor. Without a seed the environment's own generator gives one."""
        super().reset(seed=seed)
        simulation_seed = int(self.np_random.integers(2**62))
        self._rows, _ = self._portfolio_env.reset(seed=simulation_seed)
        self._luck = np.random.default_rng(simulation_seed)
        self._story = []
        return self._rows[0], {}

    def action_masks(self) -> NDArray[np.bool_]:
        """Exact mask of the current day: shape (menu,)."""
        return self._portfolio_env.action_masks()[0]

    def step(self, action: np.int64 | int) -> tuple[NDArray[np.float32], float, bool, bool, dict[str, Any]]:
        """One day of this debtor, and of everybody else."""
        env = self._portfolio_env
        actions = self._others(self._rows, env.action_masks())
        actions[0] = action
        day = env.simulation.day
        self._rows, rewards, terminated, truncated, infos = env.step(actions)
        observation = infos["final_obs"][0] if terminated[0] else self._rows[0]
        self._tell(day, int(action), float(rewards[0]), bool(terminated[0]))
        return observation, float(rewards[0]), bool(terminated[0]), bool(truncated[0]), {}

    def _now_and_then(self, observations: NDArray[np.float32], masks: NDArray[np.bool_]) -> NDArray[np.int64]:
        lots = self._luck.random(masks.shape) * masks
        return np.where(self._luck.random(len(masks)) < 0.4, lots.argmax(axis=1), 0)

    def _tell(self, day: int, action: int, reward: float, ended: bool) -> None:
        name = self.menu.names[action]
        if action or reward > 0 or ended:
            end = ", end" if ended else ""
            self._story.append(f"day {day:3d}  {name:32s} {reward:+.4f}{end}")

    def render(self) -> str | None:  # type: ignore[override]
        """The story so far, for `render_mode="ansi"`."""
        return "\n".join(self._story) if self.render_mode == "ansi" else None
