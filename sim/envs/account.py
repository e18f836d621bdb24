"""`recoup/Account-v1`: one debtor inside a living portfolio that other policies keep busy, as a Gymnasium environment."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import gymnasium as gym
import numpy as np
from numpy.typing import NDArray

from recoup.sim.compliance.rules import RulePack
from recoup.sim.envs.account_history import AccountDay, day_of, picture, text
from recoup.sim.envs.arguments import whole
from recoup.sim.envs.portfolio import PortfolioVectorEnv, RewardScale
from recoup.sim.parameters import World
from recoup.sim.portfolio.table import Portfolio
from recoup.sim.treatments import Menu

Policy = Callable[[NDArray[np.float32], NDArray[np.bool_]], NDArray[np.int64]]


_AGENT = np.zeros(1, np.int64)


class AccountEnv(gym.Env[NDArray[np.float32], np.int64]):
    """One debtor inside a living portfolio: the first place is the agent's, another policy treats the others.

    Staff, lines, courts and the settlement budget are shared with the others. `reset` with a seed starts a new portfolio on
    day 0; without one, the next debtor enters the same portfolio where it is, until that is about to start anew (see `recoup.sim.envs.portfolio`).

    `info` after each step: `action_mask` for the next one; what became of this day: `day` (since the debtor entered), `treatment` (that was
    carried out), `outcome`, `events` (names), `blocked` and the `rule` that did it (its id; "" where a treatment made no
    sense), and `cash`, `cost`, `balance` in currency units, `stage` of legal action; `left`, what is left of the claim at the horizon,
    currency, on the last day.

    Args:
        world, rules, portfolio, days, reward_scale: as for `PortfolioVectorEnv`.
        others: how many other accounts keep staff and courts busy; None = 999, or all that the portfolio has. Below about 1,000 whole people round up to more than
            their share.
        others_policy: what treats them, (observations, masks) -> actions, all accounts' rows given, the agent's first;
            None = some lawful treatment at random on two days of five.
        render_mode: "ansi" tells the account's history so far, a line for each day on which anything happened; "rgb_array"
            draws it (uint8, shape (height, width, 3)).
    """

    metadata = {"render_modes": ["ansi", "rgb_array"], "render_fps": 4}

    def __init__(
        self,
        world: World,
        rules: RulePack,
        portfolio: Portfolio,
        days: int = 180,
        others: int | None = None,
        others_policy: Policy | None = None,
        reward_scale: RewardScale = "portfolio",
        render_mode: str | None = None,
    ) -> None:
        if render_mode not in (None, *self.metadata["render_modes"]):
            raise ValueError(f"render_mode is {render_mode!r}, expected one of {self.metadata['render_modes']}")
        most = len(portfolio) - 1
        if others is None:
            others = min(999, most)
        size = 1 + whole("others", others, 0, most, f" (the portfolio has {most + 1:,} accounts)")
        self._portfolio = PortfolioVectorEnv(world, rules, portfolio, size, days, reward_scale, keep_evening=_AGENT)
        self.observation_space = self._portfolio.single_observation_space
        self.action_space = self._portfolio.single_action_space
        self._others_policy = others_policy
        self._agent = np.arange(size) == 0
        self._fresh = False  # a new account has already entered in the agent's place
        self.render_mode = render_mode
        self.history: list[AccountDay] = []

    @property
    def menu(self) -> Menu:
        """The treatments that actions index."""
        return self._portfolio.menu

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.float32], dict[str, Any]]:
        """The next debtor.

        Returns:
            Observation (fields,), and info with `action_mask` (menu,).
        """
        super().reset(seed=seed)
        env = self._portfolio
        if seed is not None or not hasattr(self, "_rows") or env.simulation.day + env.days >= env.portfolio_days:
            simulation_seed = int(self.np_random.integers(2**62))
            self._random = np.random.default_rng(simulation_seed)
            env.reset(seed=simulation_seed)
            self._fresh = False  # the first accounts leave early
        if not self._fresh:
            self._rows, _ = env.reset(options={"reset_mask": self._agent})
        self._masks = env.action_masks()
        self._fresh = False
        self.history = []
        return self._rows[0].copy(), {"action_mask": self._masks[0].copy()}

    def action_masks(self) -> NDArray[np.bool_]:
        """Exact mask of the current day: shape (menu,)."""
        return self._masks[0].copy()

    def step(self, action: np.int64 | int) -> tuple[NDArray[np.float32], float, bool, bool, dict[str, Any]]:
        """One day of this debtor, and of everybody else.

        Args:
            action: menu index; a forbidden one is blocked and counted, never carried out.

        Returns:
            Observation (fields,), reward, terminated, truncated, and info (see the class).
        """
        env = self._portfolio
        actions = self._treat_others()
        actions[0] = action
        rule_names = env.simulation.ledger.rule_names()
        self._rows, rewards, terminated, truncated, infos = env.step(actions)
        self._masks = env.action_masks()
        self._fresh = bool(terminated[0] or truncated[0])
        observation = infos["final_obs"][0] if self._fresh else self._rows[0].copy()
        if self._fresh:
            self._masks[0] = np.arange(len(self.menu)) == 0
        today = day_of(env.latest_day.evening[0], env.latest_day.day, self.menu, rule_names)
        self.history.append(today)
        info = {"action_mask": self._masks[0].copy(), **asdict(today), "left": int(env.left[0]) / 100}
        return observation, float(rewards[0]), bool(terminated[0]), bool(truncated[0]), info

    def _treat_others(self) -> NDArray[np.int64]:
        if self._others_policy is not None:
            return np.array(self._others_policy(self._rows, self._masks), np.int64)
        draws = self._random.random(self._masks.shape, np.float32) * self._masks
        return np.where(self._random.random(len(draws)) < 0.4, draws.argmax(axis=1), 0)

    def render(self) -> Any:
        """The account's history so far, as `render_mode` says; None without one."""
        if self.render_mode == "ansi":
            return text(self.history)
        return picture(self.history) if self.render_mode == "rgb_array" else None
