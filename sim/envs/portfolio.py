"""`recoup/Portfolio-v1`: every debtor of one shared simulation as a sub-environment of a Gymnasium vector environment.

One step is one day, one action a row of the treatment menu. Reward: (cash − cost) of the day, discounted to the account's
entry, and on its last day what is left of the claim at its horizon (`recoup.sim.horizon`), discounted as well, over the portfolio's mean opening balance (`reward_scale="portfolio"`: the sum is what recovery rates weigh) or the
account's own (`"own"`). With gamma = 1 the return is the net present value per unit owed. The last day is the horizon's, or that on which
the account is written off: such a claim is sold at the horizon. Episodes that are cut short (`truncated`) have no such value, they
would have gone on.

Places are filled in one of two ways (`fill`):

`"living"` (default): a portfolio in steady state. When an account closes, or has been in it for `days`, its place passes to a new
account the same day, so that staff, lines and courts stay as busy as in a living portfolio and no sample is wasted. So that not
all enter and leave together, the first accounts leave on days spread over the horizon (`truncated`: they would have
gone on). After `LIVING_DAYS` the whole simulation starts anew (`truncated` as well), because staff gets better with every
course and holidays are listed for so long only.

`"cohort"`: as policies are evaluated. All accounts enter on day 0, nobody joins, and all places end together after `days`;
then the next cohort starts under a new seed. A closed account stays in its place until then: only "nothing" is allowed, and
its reward is 0. Samples are the fewer for it, but the queues are those of an evaluation: shorter as accounts close.

`infos["open"]` says which places hold an open account; a learner may treat closing as the end of the episode (as
`recoup.agents.training.vecenv` does), because nothing follows.

Policies decide every `world.decision_every_days`; on the days between only "nothing" is allowed, and done.
Pickling and copying are exact at any time: SimPy's processes cannot be copied, so a copy starts the same simulation again and
replays the actions since, at the price of those steps (at most those of one simulation) and a byte or two per place and step.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal, get_args

import gymnasium as gym
import numpy as np
from gymnasium import spaces
from gymnasium.vector import AutoresetMode, VectorEnv
from numpy.typing import NDArray

from recoup.sim.account import Status
from recoup.sim.compliance.rules import RulePack
from recoup.sim.envs.arguments import whole
from recoup.sim.observation import LOW, highest
from recoup.sim.parameters import World
from recoup.sim.portfolio.table import Portfolio
from recoup.sim.simulation import Simulation
from recoup.sim.traits import open_accounts
from recoup.sim.treatments import STANDARD, Vocabulary

RewardScale = Literal["portfolio", "own"]
Fill = Literal["living", "cohort"]
Step = tuple[NDArray[np.float32], NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_], dict[str, Any]]

LIVING_DAYS = 720  # of a living portfolio, or twice the horizon if that is more
LEAST_RESERVE = 64  # entrants prepared at a time


def observation_space(vocabulary: Vocabulary = STANDARD) -> spaces.Box:
    """Natural units within the bounds of `recoup.sim.observation.FIELDS`: shape (fields,), float32.

    Args:
        vocabulary: of the world, which says how many tiers and products there are.
    """
    return spaces.Box(LOW, highest(vocabulary), dtype=np.float32)


class PortfolioVectorEnv(VectorEnv[NDArray[np.float32], NDArray[np.int64], NDArray[Any]]):
    """Every debtor of one shared simulation, each as a sub-environment, with autoreset in the same step.

    Where an episode ends, the returned observation is the place's next account's; the old one's last is in
    `infos["final_obs"]`. An account that has been in the portfolio for `days` is `terminated`, not truncated: recovery is counted up
    to there, and the observation knows the day (`days_in_portfolio`), so a learner must not bootstrap.

    Args:
        world, rules: the scenario.
        portfolio: accounts to draw entrants from, as on their entry whatever their state, in turn, beginning somewhere by the seed; under other seeds, and after
            a round, the same rows are other people (new hidden traits and random numbers).
        num_envs: places; at most the portfolio's size.
        days: horizon of an account, in days.
        reward_scale, fill: see the module.
        threads: for the kernels; changes no number.
        keep_evening: places whose accounts' records of each evening are kept in `latest_day.evening`; None = none.

    Attributes:
        simulation: the running simulation; read, do not write.
        latest_day: what the latest step's day came back with; of the simulation that ended where a new one has started.
        departed: records (`account.ACCOUNT`, `number` = place) of the accounts whose episodes the latest step ended.
        left: what the latest step's rewards hold for what is left at the horizon, cents there, int64 (num_envs,).
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
        fill: Fill = "living",
        threads: int = 1,
        keep_evening: NDArray[np.int64] | None = None,
    ) -> None:
        for name, number, least, most in (("num_envs", num_envs, 1, len(portfolio)), ("days", days, 1, 3650)):
            whole(name, number, least, most)
        for name, word, known in (
            ("reward_scale", reward_scale, get_args(RewardScale)),
            ("fill", fill, get_args(Fill)),
        ):
            if word not in known:
                raise ValueError(f"{name} is {word!r}, expected one of {known}")
        self.world, self.rules, self.portfolio = world, rules, portfolio.as_on_entry()
        self.num_envs, self.days, self.fill, self.threads = num_envs, days, fill, threads
        self._keep_evening = keep_evening
        self.menu = world.menu
        self.single_observation_space = observation_space(world.vocabulary)
        self.single_action_space = spaces.Discrete(len(self.menu))
        self.observation_space = gym.vector.utils.batch_space(self.single_observation_space, num_envs)
        self.action_space = gym.vector.utils.batch_space(self.single_action_space, num_envs)
        self._own_scale = reward_scale == "own"
        self._code = np.uint8 if len(self.menu) < 256 else np.uint16
        self._mean_opening = float(portfolio.column("opening_balance").mean() * 100)
        self._day_value = (1.0 + world.discount_rate) ** (-np.arange(days + 1) / 365.0)
        self._places = np.arange(num_envs)
        self.portfolio_days = max(LIVING_DAYS, 2 * days)
        self.render_mode = None

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.float32], dict[str, Any]]:
        """All places filled on day 0. Without a seed the environment's own generator goes on.

        Args:
            seed: of the environment's generator, from which simulations draw their seeds.
            options: `{"reset_mask": bool array (num_envs,)}` gives new accounts to those places only (living portfolios).

        Returns:
            Observations (num_envs, fields), and infos with `open`.

        Raises:
            ValueError: `reset_mask` of another shape or type, or for a cohort.
        """
        super().reset(seed=seed)
        mask = (options or {}).get("reset_mask")
        if mask is None:
            self._row = int(self.np_random.integers(len(self.portfolio)))
            self._start()
        else:
            self._renew(np.flatnonzero(self._checked(mask)))
        return self._observe(), {"open": np.ones(self.num_envs, bool)}

    def _checked(self, mask: Any) -> NDArray[np.bool_]:
        mask = np.asarray(mask)
        if self.fill != "living":
            raise ValueError("reset_mask: a cohort ends as a whole; reset it without")
        if mask.dtype != bool or mask.shape != (self.num_envs,):
            raise ValueError(f"reset_mask is {mask.dtype} {mask.shape}, expected bool ({self.num_envs},)")
        return mask

    def action_masks(self) -> NDArray[np.bool_]:
        """Exact mask of the current day: shape (num_envs, menu). Closed accounts of a cohort allow only "nothing"."""
        masks = self.simulation.masks(self._places)
        if self._between_decisions:
            masks[:, 1:] = False
        elif self.simulation.open_accounts.size < self.num_envs:
            masks[self.simulation.accounts["status"] != Status.OPEN, 1:] = False
        return masks

    @property
    def _between_decisions(self) -> bool:
        return self.simulation.day % self.world.decision_every_days > 0

    def step(self, actions: NDArray[np.int64]) -> Step:
        """One day for every place. Forbidden actions are blocked and counted, never carried out.

        Args:
            actions: menu indices, shape (num_envs,); those of closed accounts, and on days between decisions, are ignored.

        Returns:
            Observations (num_envs, fields), rewards, terminated, truncated (num_envs,), and infos: `open`; where episodes
            ended also `final_obs` and `recovered` (share of the opening balance), with masks `_final_obs`, `_recovered`.

        Raises:
            ValueError: wrong shape, or an index outside the menu.
        """
        simulation = self.simulation
        rows = simulation.open_accounts
        ages = simulation.day - simulation.accounts["entry_day"][rows]
        scale = simulation.accounts["opening"][rows] if self._own_scale else self._mean_opening
        actions = np.asarray(actions, np.int64)
        if actions.shape != (self.num_envs,):
            raise ValueError(f"actions have shape {actions.shape}, expected ({self.num_envs},)")
        chosen = np.zeros(rows.size, np.int64) if self._between_decisions else actions[rows]
        self.latest_day = simulation.advance(chosen, keep_evening=self._keep_evening)
        self._history.append(actions.astype(self._code))
        rewards = np.zeros(self.num_envs)
        self.left = np.zeros(self.num_envs, np.int64)
        self.left[rows] = self._left(rows)
        rewards[rows] = self.latest_day.net_flow * self._day_value[ages] / scale
        rewards[rows] += self.left[rows] * self._day_value[self.days] / scale
        self.departed = simulation.accounts[:0]
        return self._after_living(rewards) if self.fill == "living" else self._after_cohort(rewards, rows)

    def _left(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """What is left at the horizon of accounts whose last day has just ended, cents there; 0 for the others."""
        accounts, left = self.simulation.accounts, np.zeros(rows.size, np.int64)
        horizon = accounts["entry_day"][rows] + self.days
        over = np.flatnonzero((accounts["status"][rows] != Status.OPEN) | (self.simulation.day >= horizon))
        if over.size:
            left[over] = self.simulation.value_left(rows[over], horizon[over])
        return left

    def _after_living(self, rewards: NDArray[np.float64]) -> Step:
        simulation = self.simulation
        closed = simulation.accounts["status"] != Status.OPEN
        of_age = simulation.day - simulation.accounts["entry_day"] >= self.days
        terminated = closed | of_age
        truncated = (simulation.day >= self._leaving) & ~terminated
        if simulation.day >= self.portfolio_days:
            truncated = ~terminated
        infos: dict[str, Any] = {"open": np.ones(self.num_envs, bool)}
        ended = np.flatnonzero(terminated | truncated)
        if ended.size:
            infos |= self._farewell(ended, np.flatnonzero(terminated))
            if simulation.day >= self.portfolio_days:
                self._start()
            else:
                self._put_new_accounts(ended)
        return self._observe(), rewards, terminated, truncated, infos

    def _after_cohort(self, rewards: NDArray[np.float64], rows: NDArray[np.int64]) -> Step:
        simulation = self.simulation
        over = simulation.day >= self.days
        is_open = simulation.accounts["status"] == Status.OPEN
        infos: dict[str, Any] = {}
        if over:
            infos = self._farewell(self._places, rows)
            self._start()
            is_open = np.ones(self.num_envs, bool)
        elif simulation.open_accounts.size < rows.size:
            infos = self._recovered(rows[~is_open[rows]])
        ended = np.full(self.num_envs, over)
        return self._observe(), rewards, ended, np.zeros(self.num_envs, bool), {"open": is_open} | infos

    def _renew(self, places: NDArray[np.int64]) -> None:
        self._history.append(places)
        self._put_new_accounts(places)

    def _put_new_accounts(self, places: NDArray[np.int64]) -> None:
        self.simulation.leave(places[self.simulation.accounts["status"][places] == Status.OPEN])
        self._leaving[places] = self.portfolio_days
        self.simulation.enter(places, self._entrants(places.size))

    def _observe(self) -> NDArray[np.float32]:
        return self.simulation.observe(self._places)

    def _start(self) -> None:
        """A new simulation under a new seed, its places filled with the portfolio's next accounts."""
        self._origin = (self.np_random.bit_generator.state, self._row)
        self._history: list[NDArray[Any]] = []  # since then: actions of a step (`_code`) or places renewed (int64)
        seed = int(self.np_random.integers(2**62))
        first = Portfolio(self._next_rows(self.num_envs), self.portfolio.name)
        self.simulation = Simulation(self.world, first, self.rules, seed, threads=self.threads)
        self._people = self.num_envs  # random streams taken in this simulation
        self._reserve, self._used = np.zeros(0, self.simulation.accounts.dtype), 0
        self._leaving = 1 + self.np_random.permutation(self.num_envs) * self.days // self.num_envs

    def _next_rows(self, count: int) -> Any:
        rows = (self._row + np.arange(count)) % len(self.portfolio)
        self._row = int(self._row + count) % len(self.portfolio)
        return self.portfolio.table.iloc[rows].reset_index(drop=True)

    def _farewell(self, ended: NDArray[np.int64], lately_open: NDArray[np.int64]) -> dict[str, Any]:
        """What Gymnasium wants to know of episodes that end: last observations; and shares recovered."""
        final = np.full(self.num_envs, None, object)
        for place, observation in zip(ended, self.simulation.observe(ended), strict=True):
            final[place] = observation
        marks = np.zeros(self.num_envs, bool)
        marks[ended] = True
        self.departed = self.simulation.accounts[ended]
        return {"final_obs": final, "_final_obs": marks, **self._recovered(lately_open)}

    def _recovered(self, places: NDArray[np.int64]) -> dict[str, Any]:
        """Share of the opening balance that came in as cash, for accounts whose episode ended today."""
        accounts = self.simulation.accounts
        share, marks = np.zeros(self.num_envs), np.zeros(self.num_envs, bool)
        share[places] = accounts["cash"][places] / accounts["opening"][places]
        marks[places] = True
        return {"recovered": share, "_recovered": marks}

    def _entrants(self, count: int) -> NDArray[np.void]:
        """The next accounts from the reserve, which is refilled many at a time."""
        parts = []
        while count:
            if self._used == self._reserve.size:
                size = max(self.num_envs, LEAST_RESERVE)
                fresh = Portfolio(self._next_rows(size), self.portfolio.name)
                self._reserve = open_accounts(self.world, fresh, self.simulation.seed, self._people)
                self._people += size
                self._used = 0
            part = self._reserve[self._used : self._used + count].copy()
            self._used += part.size
            count -= part.size
            parts.append(part)
        return np.concatenate(parts)

    # --- copies -------------------------------------------------------------------------------------------------

    def __getstate__(self) -> dict[str, Any]:
        drop = ("simulation", "latest_day", "departed", "left", "_reserve", "_used", "_people", "_leaving", "_row")
        return {name: value for name, value in self.__dict__.items() if name not in drop}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        if "_origin" not in state:
            return  # never reset
        now = self.np_random.bit_generator.state
        self.follow(self._origin, self._history)
        self.np_random.bit_generator.state = now

    @property
    def course(self) -> tuple[tuple[Mapping[str, Any], int], list[NDArray[Any]]]:
        """Where the running simulation began (the generator's state, and the next row of the portfolio), and what was done since."""
        return self._origin, self._history

    def follow(self, origin: tuple[Mapping[str, Any], int], history: Iterable[NDArray[Any]]) -> NDArray[np.float32]:
        """Begin a simulation as another one began, in this environment's world, and do what was done there: exactly where it was.

        Args:
            origin, history: an environment's `course`.

        Returns:
            Observations (num_envs, fields).

        Raises:
            ValueError: a history of another environment.
        """
        self.np_random.bit_generator.state, self._row = origin
        self._start()
        for entry in history:
            if entry.dtype == self._code:
                self.step(entry)
            elif self.fill == "living":
                self._renew(entry)
            else:
                raise ValueError(f"actions are {entry.dtype}, expected {self._code}")
        return self._observe()
