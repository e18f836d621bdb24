"""Gymnasium environments on the simulation: one step is one day, one action a row of the treatment menu.

`PortfolioVectorEnv` (recoup/Portfolio-v0, by `gym.make_vec`): every place of one shared simulation is a sub-environment.
`AccountEnv` (recoup/Account-v0, by `gym.make`): one debtor inside a living portfolio that other policies keep busy.

An episode is one account from entry to closure or horizon. The horizon ends it for good (`terminated`): recovery is counted
up to there, and the observation knows the day. Reward: (cash − cost) of the day, discounted to the account's entry, over the
portfolio's mean opening balance (`reward_scale="portfolio"`: the sum is what recovery rates weigh) or the account's own
(`"own"`), so that with gamma = 1 the return is the net present value recovered per unit owed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import gymnasium as gym
import numpy as np
from gymnasium import spaces
from gymnasium.vector import AutoresetMode, VectorEnv
from numpy.typing import NDArray

from sim.compliance import RulePack
from sim.observation import HIGH, LOW
from sim.parameters import World
from sim.portfolio import Portfolio
from sim.simulation import Simulation
from sim.traits import open_accounts
from sim.treatments import Menu

Policy = Callable[[NDArray[np.float32], NDArray[np.bool_]], NDArray[np.int64]]
RewardScale = Literal["portfolio", "own"]


def observation_space() -> spaces.Box:
    """Natural units within the bounds of `sim.observation.FIELDS`: shape (fields,), float32."""
    return spaces.Box(LOW, HIGH, dtype=np.float32)


class PortfolioVectorEnv(VectorEnv[NDArray[np.float32], NDArray[np.int64], NDArray[Any]]):
    """Every debtor of one shared simulation, each as a sub-environment, with autoreset in the same step.

    When an account closes or reaches the horizon, its place passes to a new account at once, so that staff, lines and
    courts stay as busy as in a living book. The returned observation is the new account's; the old one's last is in
    `infos["final_obs"]`.

    Args:
        world, rules: the scenario.
        portfolio: accounts to draw entrants from, in turn; entrants after the first round are other people (new luck).
        num_envs: places; at most the portfolio's size.
        days: horizon of an account, in days.
        reward_scale: see the module.
        threads: for the kernels; changes no number.
    """

    metadata = {"autoreset_mode": AutoresetMode.SAME_STEP, "render_modes": []}

    def __init__(
        self,
        world: World,
        rules: RulePack,
        portfolio: Portfolio,
        num_envs: int,
        days: int = 180,
        reward_scale: RewardScale = "portfolio",
        threads: int = 1,
    ) -> None:
        if not 1 <= num_envs <= len(portfolio):
            raise ValueError(f"num_envs is {num_envs}, expected 1 to {len(portfolio)}, the portfolio's size")
        self.world, self.rules, self.portfolio = world, rules, portfolio
        self.num_envs, self.days, self.threads = num_envs, days, threads
        self.menu = Menu.of(world.channels, world.offers, world.legal)
        self.single_observation_space = observation_space()
        self.single_action_space = spaces.Discrete(len(self.menu))
        self.observation_space = gym.vector.utils.batch_space(self.single_observation_space, num_envs)
        self.action_space = gym.vector.utils.batch_space(self.single_action_space, num_envs)
        self._own_scale = reward_scale == "own"
        self._mean_opening = float(portfolio.column("opening_balance").mean() * 100)
        self._day_value = (1.0 + world.discount_rate) ** (-np.arange(days + 1) / 365.0)
        self.render_mode = None

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.float32], dict[str, Any]]:
        """All places filled on day 0. Without a seed the environment's own generator gives one."""
        super().reset(seed=seed)
        self.seed = int(self.np_random.integers(2**62)) if seed is None else seed
        table = self.portfolio.table.iloc[: self.num_envs].reset_index(drop=True)
        first = Portfolio(table, self.portfolio.name)
        self.simulation = Simulation(self.world, first, self.rules, self.seed, threads=self.threads)
        self.simulation.keep_flows = True
        self._entered, self._reserve, self._next = self.num_envs, np.zeros(0, self.simulation.accounts.dtype), 0
        return self.simulation.observe(), {}

    def action_masks(self) -> NDArray[np.bool_]:
        """Exact mask of the current day: shape (num_envs, menu)."""
        return self.simulation.masks()

    def step(
        self, actions: NDArray[np.int64]
    ) -> tuple[NDArray[np.float32], NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_], dict[str, Any]]:
        """One day for every place. Forbidden actions are blocked and counted, never carried out."""
        simulation = self.simulation
        ages = simulation.day - simulation.accounts["entry_day"]
        opening = simulation.accounts["opening"]
        scale = opening if self._own_scale else self._mean_opening
        simulation.advance(np.asarray(actions, np.int64))
        rewards = simulation.flows * self._day_value[ages] / scale
        closed = simulation.accounts["status"] != 0
        over = ages + 1 >= self.days
        terminated = closed | over
        infos: dict[str, Any] = {}
        if terminated.any():
            infos = self._renew(np.flatnonzero(terminated), np.flatnonzero(over & ~closed), terminated)
        return simulation.observe(), rewards, terminated, np.zeros(self.num_envs, bool), infos

    def _renew(
        self, ended: NDArray[np.int64], over: NDArray[np.int64], terminated: NDArray[np.bool_]
    ) -> dict[str, Any]:
        last = self.simulation.observe(ended)
        self.simulation.leave(over)
        recovered = self.simulation.accounts["cash"][ended] / self.simulation.accounts["opening"][ended]
        self.simulation.enter(ended, self._entrants(ended.size))
        final = np.full(self.num_envs, None, object)
        for place, observation in zip(ended, last, strict=True):
            final[place] = observation
        share = np.zeros(self.num_envs)
        share[ended] = recovered
        return {"final_obs": final, "_final_obs": terminated, "recovered": share, "_recovered": terminated}

    def _entrants(self, count: int) -> NDArray[np.void]:
        """The next accounts from the reserve, which is refilled a round of the portfolio at a time."""
        parts = []
        while count:
            if self._next == self._reserve.size:
                self._reserve = self._round()
                self._next = 0
            taken = self._reserve[self._next : self._next + count].copy()
            self._next += taken.size
            count -= taken.size
            parts.append(taken)
        return np.concatenate(parts)

    def _round(self) -> NDArray[np.void]:
        start = self._entered % len(self.portfolio)
        size = min(len(self.portfolio) - start, max(self.num_envs, 1024))
        table = self.portfolio.table.iloc[start : start + size].reset_index(drop=True)
        fresh = open_accounts(self.world, Portfolio(table, self.portfolio.name), self.seed, self._entered)
        self._entered += size
        return fresh


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
