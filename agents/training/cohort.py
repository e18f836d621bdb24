"""Cohorts under training: the days of their debtors, what a learner is shown of them, and what it is paid.

Cohorts live in the learner's process, or in another that shares its work (`data_parallel`); what is shown lies in memory that both see.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from recoup.agents.contact_cap import WeeklyContactCap
from recoup.agents.features import Features, one_hot
from recoup.agents.policy import Policy
from recoup.agents.training.data_parallel import Memory
from recoup.agents.training.hidden_state import hidden_state
from recoup.agents.training.objective import Meter, Objective, Usage, resolved
from recoup.sim.envs.portfolio import PortfolioVectorEnv
from recoup.sim.parameters import World


@dataclass(frozen=True)
class View:
    """What a learner is shown of an account.

    Attributes:
        features: of the observation.
        contact_cap: the learner's, beyond the rules.
        plan: whose choice is shown, one column a treatment; None = none.
        hidden: the debtors' hidden state as well, in the last columns.
    """

    features: Features
    contact_cap: WeeklyContactCap
    plan: Policy | None
    hidden: bool

    def encoded(
        self,
        env: PortfolioVectorEnv,
        observations: NDArray[np.float32],
        masks: NDArray[np.bool_],
        told: NDArray[np.float32],
    ) -> NDArray[np.float32]:
        """See `PortfolioVecEnv.encoded`."""
        parts = [self.features.encode(observations), np.tile(told, (len(observations), 1))]
        if self.plan:
            parts.append(one_hot(self.plan.act(observations, masks), len(env.menu)))
        return np.hstack([*parts, hidden_state(env.simulation)] if self.hidden else parts)


class Beginning(NamedTuple):
    """How a cohort's first round begins.

    Attributes:
        world: that it lives in.
        told: its prices, empty without a price family.
        seed: of the environment.
        idle: days on which nothing is done, at first.
    """

    world: World
    told: NDArray[np.float32]
    seed: int
    idle: int


class Course(NamedTuple):
    """What a cohort has done since its round began, to do it again.

    Attributes:
        world, told: see `Beginning`.
        origin, history: see `PortfolioVectorEnv.course`.
    """

    world: World
    told: NDArray[np.float32]
    origin: Any
    history: Any


class Orders(NamedTuple):
    """What a cohort does on a day.

    Attributes:
        actions: of its accounts, shape (accounts,).
        objective: that the day is paid by.
        world: of the next cohort in its place, which begins after this day; None = the cohort goes on.
        told: prices of the next day, empty without a price family.
    """

    actions: NDArray[np.int64]
    objective: Objective
    world: World | None
    told: NDArray[np.float32]


class Brought(NamedTuple):
    """What a day brought.

    Attributes:
        rewards: of each account, shape (accounts,).
        dones: after which nothing follows: the account closed, or the cohort ended.
        usage: of what is limited.
        ended: recovery rate and mean days to recover of the cohort, if it ended.
    """

    rewards: NDArray[np.float64]
    dones: NDArray[np.bool_]
    usage: Usage
    ended: tuple[float, float] | None


class Cohorts:
    """The cohorts that live in one process, by their numbers.

    Args:
        envs: of equal size and horizon.
        view: what is shown of them.
        memory: its `observations` and `masks` are written to, both of shape (2, accounts of all cohorts, …): a day's and the next one's, by turns.
    """

    def __init__(self, envs: Mapping[int, PortfolioVectorEnv], view: View, memory: Memory) -> None:
        self._envs, self._view, self._memory = dict(envs), view, memory
        self._meters: dict[int, Meter] = {}

    def reset(self, beginnings: Mapping[int, Beginning]) -> None:
        """Begin; what is shown is written as the first of two days."""
        for number, env in self._envs.items():
            beginning = beginnings[number]
            env.world = beginning.world
            observations, _ = env.reset(seed=beginning.seed)
            for _ in range(beginning.idle):
                observations = env.step(np.zeros(env.num_envs, np.int64))[0]
            self._begun(number, observations, beginning.told)

    def follow(self, courses: Mapping[int, Course]) -> None:
        """Go to where `courses` were taken; what is shown is written as the first of two days."""
        for number, env in self._envs.items():
            course = courses[number]
            env.world = course.world
            self._begun(number, env.follow(course.origin, course.history), course.told)

    def _begun(self, number: int, observations: NDArray[np.float32], told: NDArray[np.float32]) -> None:
        env = self._envs[number]
        self._meters[number] = Meter(env.simulation, env.days)
        self._show(number, observations, told, 0)

    def courses(self, _: None = None) -> dict[int, tuple[Any, NDArray[Any]]]:
        """Where each cohort began, and its actions since, shape (days, accounts)."""
        courses = {number: env.course for number, env in self._envs.items()}
        return {
            n: (origin, np.array(history).reshape(-1, self._envs[n].num_envs))
            for n, (origin, history) in courses.items()
        }

    def step(self, task: tuple[int, Mapping[int, Orders]]) -> dict[int, Brought]:
        """A day of each cohort.

        Args:
            task: which of the two days the next one is written as, and what each cohort does.
        """
        turn, orders = task
        return {number: self._step(number, orders[number], turn) for number in self._envs}

    def _step(self, number: int, orders: Orders, turn: int) -> Brought:
        env = self._envs[number]
        if orders.world is not None:
            env.world = orders.world
        observations, _, terminated, _, info = env.step(orders.actions)
        meter = self._meters[number]
        reading = meter.read(orders.objective)
        ended = None
        if orders.world is not None:
            a = meter.accounts
            days = np.where(resolved(a), a["closed_day"] + 1, env.days).mean()
            ended = float(a["cash"].sum() / a["opening"].sum()), float(days)
            self._meters[number] = Meter(env.simulation, env.days)
        self._show(number, observations, orders.told, turn)
        dones = terminated | ~info["open"]  # nothing follows the closing of an account, only idle days
        return Brought(reading.rewards, dones, reading.usage, ended)

    def _show(self, number: int, observations: NDArray[np.float32], told: NDArray[np.float32], turn: int) -> None:
        env = self._envs[number]
        rows = slice(number * env.num_envs, (number + 1) * env.num_envs)
        masks = self._view.contact_cap.narrow(observations, env.action_masks())
        self._memory["masks"][turn, rows] = masks
        self._memory["observations"][turn, rows] = self._view.encoded(env, observations, masks, told)
