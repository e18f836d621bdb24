"""The thin adapter from `PortfolioVectorEnv` to Stable-Baselines3's `VecEnv`: encoded features in, objectives paid out.

Several cohorts run side by side, each at another phase of its horizon, so that a learner's batch sees all ages of a portfolio.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray
from stable_baselines3.common.vec_env.base_vec_env import VecEnv, VecEnvIndices

from recoup.agents.contact_cap import WeeklyContactCap
from recoup.agents.features import features_of
from recoup.agents.policy import Policy
from recoup.agents.price_family import PRICES, prices_at
from recoup.agents.training.cohort import Beginning, Brought, Cohorts, Course, Orders, View
from recoup.agents.training.data_parallel import Crew, Memory
from recoup.agents.training.hidden_state import HIDDEN_SIZE
from recoup.agents.training.objective import Objective, Usage
from recoup.sim.envs.portfolio import PortfolioVectorEnv
from recoup.sim.parameters import World


class PortfolioVecEnv(VecEnv):
    """One sub-environment per debtor.

    Args:
        envs: cohorts (`fill="cohort"`) of equal size and horizon.
        paired_rollouts: this many neighbouring cohorts have the same accounts, random numbers and world
            (`recoup.agents.training.paired_rollouts`); each such family starts its first round at another phase of the horizon.
        objective: what is paid out; its prices may be moved between steps.
        reward_factor: scales rewards to order one; changes no optimum.
        another_world: draws the world that a new cohort lives in, given a random generator; None = always the true one. Tobin et al.,
            "Domain randomization", IROS 2017.
        seed: of the cohorts and of those worlds.
        contact_cap_per_week: the learner's contact cap beyond the rules; None = none.
        show_hidden: observations end in the debtors' hidden state, for a critic (`recoup.agents.training.hidden_state`).
        plan: a plan that the learner improves: it sees the plan's choice, one column a treatment; None = none.
        price_family: every new cohort has prices of its own, drawn anew, which the learner sees after its features
            (`recoup.agents.price_family`) and pays in place of the objective's.

    Attributes:
        recovered, times: recovery rate and mean days to recover of finished cohorts, the latest last.
        memory: holds what is shown, `observations` and `masks` of two days, each shape (2, num_envs, …).
        turn: which of the two is today.
    """

    def __init__(
        self,
        envs: Sequence[PortfolioVectorEnv],
        objective: Objective | None = None,
        reward_factor: float = 5.0,
        another_world: Callable[[np.random.Generator], World] | None = None,
        seed: int = 0,
        contact_cap_per_week: int | None = None,
        paired_rollouts: int = 1,
        show_hidden: bool = False,
        price_family: bool = False,
        plan: Policy | None = None,
    ) -> None:
        if len(envs) % paired_rollouts:
            raise ValueError(f"{len(envs)} cohorts do not make families of {paired_rollouts}")
        if any(env.fill != "cohort" or env.days != envs[0].days or env.num_envs != envs[0].num_envs for env in envs):
            raise ValueError("expected cohorts of equal size and horizon")
        self.envs, self.objective, self.reward_factor = list(envs), objective or Objective(), reward_factor
        self.days, self.size = envs[0].days, envs[0].num_envs
        self._world, self._another_world, self._seed = envs[0].world, another_world, seed
        self.recovered: list[float] = []
        self.times: list[float] = []
        self._usage: list[Usage] = []
        self.paired_rollouts, self.families = paired_rollouts, len(envs) // paired_rollouts
        menu = envs[0].menu
        self._view = View(
            features_of(menu.vocabulary),
            WeeklyContactCap(menu.names, contact_cap_per_week, menu.vocabulary),
            plan,
            show_hidden,
        )
        self.contact_cap, self.features = self._view.contact_cap, self._view.features
        self.show_hidden, self.price_family = show_hidden, price_family
        self.planned_columns = len(menu) if plan else 0
        self._objectives = [self.objective] * self.families
        self._told = np.zeros((self.families, len(PRICES) if price_family else 0), np.float32)
        size = self.features.size + self._told.shape[1] + self.planned_columns
        shown = spaces.Box(-1.0, 2.0, (size,), np.float32)
        if show_hidden:
            shown = spaces.Box(-np.inf, np.inf, (size + HIDDEN_SIZE,), np.float32)
        super().__init__(self.size * len(envs), shown, envs[0].single_action_space)
        self._nothing: dict[str, Any] = {}
        self.lay_out(Memory())

    def lay_out(self, memory: Memory) -> None:
        """Show what is shown in another memory, and live all days in this process, from the next `reset` or `restore` on."""
        self.memory, self.turn = memory, 0
        memory.empty("observations", (2, self.num_envs, *self.observation_space.shape), np.float32)  # type: ignore[misc]
        memory.empty("masks", (2, self.num_envs, len(self.envs[0].menu)), bool)
        self.join(Crew())

    def part(self, process: int, processes: int) -> Cohorts:
        """The cohorts that live in one of several processes: counted off in turn, so that paired rollouts, which are of one age, are parted.

        Args:
            process: its number.
            processes: how many there are.
        """
        numbers = range(process, len(self.envs), processes)
        return Cohorts({number: self.envs[number] for number in numbers}, self._view, self.memory)

    def join(self, crew: Crew) -> None:
        """Let several processes live the cohorts' days, from the next `reset` or `restore` on.

        Args:
            crew: whose helpers hold their `part`s.
        """
        self._crew, self._part = crew, self.part(0, crew.size)

    def _each(self, method: str, tasks: Sequence[Any]) -> dict[int, Any]:
        """Let all processes do something with their cohorts: what came of it, by the cohorts' numbers, in their order."""
        found: dict[int, Any] = {}
        for done in self._crew.each(self._part, method, tasks):
            found |= done or {}
        return {number: found[number] for number in sorted(found)}

    def _of_each(self, tasks: Sequence[Any]) -> list[dict[int, Any]]:
        """What belongs to each cohort, sorted by processes."""
        size = self._crew.size
        return [{number: tasks[number] for number in range(first, len(tasks), size)} for first in range(size)]

    def reset(self) -> NDArray[np.float32]:
        self._rng = np.random.default_rng(self._seed)
        self._worlds = [self._world] * self.families
        self._drawn_from: list[dict[str, Any]] = [{}] * self.families  # states of the generator: of each family's world
        for family in range(self.families):
            self._renew(family)
        self._ages = [family * self.days // self.families for family in range(self.families)]  # days
        beginnings = [
            Beginning(self._worlds[family], self._told[family], self._seed + family, self._ages[family])
            for family in self._family_of_each()
        ]
        self.turn = 0
        self._each("reset", self._of_each(beginnings))
        return self._shown()

    def _family_of_each(self) -> list[int]:
        return [number // self.paired_rollouts for number in range(len(self.envs))]

    def _shown(self) -> NDArray[np.float32]:
        """What the learner is given; stays as it is until the step after the next."""
        shown: NDArray[np.float32] = self.memory["observations"][self.turn]
        return shown

    def encoded(
        self,
        env: PortfolioVectorEnv,
        observations: NDArray[np.float32],
        masks: NDArray[np.bool_],
        told: NDArray[np.float32],
    ) -> NDArray[np.float32]:
        """What the learner is given for all of a cohort's places: shape (places, columns), float32.

        Args:
            env: the cohort as it stands.
            observations: what it returned last, natural units, shape (places, fields).
            masks: what is allowed, bool (places, menu).
            told: the cohort's prices (`price_inputs`), empty without a price family.
        """
        return self._view.encoded(env, observations, masks, told)

    def _renew(self, family: int) -> None:
        """Another world, and other prices, for the family's next cohort."""
        self._drawn_from[family] = dict(self._rng.bit_generator.state)
        if self._another_world:
            self._worlds[family] = self._another_world(self._rng)
        if self.price_family:
            self._told[family] = self._rng.random(len(PRICES))
            self._objectives[family] = replace(self.objective, **prices_at(self._told[family]))

    def step_async(self, actions: NDArray[np.int64]) -> None:
        self._actions = actions

    def step_wait(self) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.bool_], list[dict[str, Any]]]:
        paid_by = list(self._objectives)  # the day that a family's cohort ends on is paid by its own
        self._ages = [age % self.days + 1 for age in self._ages]
        ending = [age == self.days for age in self._ages]
        for family in np.flatnonzero(ending):
            self._renew(int(family))
        orders = []
        for number, family in enumerate(self._family_of_each()):
            actions = self._actions[number * self.size : (number + 1) * self.size]
            world = self._worlds[family] if ending[family] else None
            orders.append(Orders(actions, paid_by[family], world, self._told[family]))
        self.turn = 1 - self.turn
        brought: dict[int, Brought] = self._each("step", [(self.turn, one) for one in self._of_each(orders)])
        for day in brought.values():
            self._usage.append(day.usage)
            if day.ended:
                self.recovered.append(day.ended[0])
                self.times.append(day.ended[1])
        infos = [self._nothing] * self.num_envs  # shared: the learner reads it and writes nothing
        scaled = (np.concatenate([day.rewards for day in brought.values()]) * self.reward_factor).astype(np.float32)
        return self._shown(), scaled, np.concatenate([day.dones for day in brought.values()]), infos

    def save(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """What the next step depends on, between two of `pop_usage`: plain values, and each cohort's actions so far."""
        courses = self._each("courses", [None] * self._crew.size)
        state = {
            "generator": self._rng.bit_generator.state,
            "drawn_from": self._drawn_from,
            "origins": [origin for origin, _ in courses.values()],
            "recovered": self.recovered,
            "times": self.times,
        }
        return state, {f"actions.{number}": history for number, (_, history) in courses.items()}

    def restore(self, state: dict[str, Any], arrays: Mapping[str, NDArray[Any]]) -> NDArray[np.float32]:
        """Go back to where `save` was called, by doing again what was done since each cohort began.

        Args:
            state, arrays: from `save`.

        Returns:
            What the learner is given, as `reset` does.
        """
        self._rng, self._worlds = np.random.default_rng(), [self._world] * self.families
        self._drawn_from = [{}] * self.families
        for family, drawn_from in zip(range(self.families), state["drawn_from"], strict=True):
            self._rng.bit_generator.state = drawn_from
            self._renew(family)
        self._rng.bit_generator.state = state["generator"]
        histories = [arrays[f"actions.{number}"] for number in range(len(self.envs))]
        self._ages = [len(histories[family * self.paired_rollouts]) for family in range(self.families)]
        courses = [
            Course(self._worlds[family], self._told[family], state["origins"][number], histories[number])
            for number, family in enumerate(self._family_of_each())
        ]
        self.turn = 0
        self._each("follow", self._of_each(courses))
        self.recovered, self.times, self._usage = list(state["recovered"]), list(state["times"]), []
        return self._shown()

    def pop_usage(self) -> Usage:
        """What was used since the last call, summed over days and averaged over paired rollouts.

        One cohort's worth, when the steps since are the horizon over the number of families.
        """
        usage, self._usage = self._usage, []
        return Usage(
            sum(one.cost for one in usage) / self.paired_rollouts,
            sum(one.complaints for one in usage) / self.paired_rollouts,
            sum(one.contacts for one in usage) / self.paired_rollouts,
        )

    def action_masks(self) -> NDArray[np.bool_]:
        """Exact masks of the current day, the contact cap included: shape (num_envs, menu)."""
        masks: NDArray[np.bool_] = self.memory["masks"][self.turn]
        return masks

    def env_method(self, method_name: str, *args: Any, indices: VecEnvIndices = None, **kwargs: Any) -> list[Any]:
        """Call `action_masks`, as sb3-contrib's learners do; no other method has a meaning for one debtor.

        Args:
            method_name: `action_masks`.
            args, indices, kwargs: unused.

        Returns:
            One mask (menu,) for each debtor.

        Raises:
            AttributeError: another method.
        """
        if method_name != "action_masks":
            raise AttributeError(method_name)
        return list(self.action_masks())

    def has_attr(self, attr_name: str) -> bool:
        return attr_name == "action_masks" or hasattr(self.envs[0], attr_name)

    def get_attr(self, attr_name: str, indices: VecEnvIndices = None) -> list[Any]:
        """An attribute of the first cohort, once for each debtor.

        Args:
            attr_name: its name.
            indices: unused.
        """
        return [getattr(self.envs[0], attr_name)] * self.num_envs

    def set_attr(self, attr_name: str, value: Any, indices: VecEnvIndices = None) -> None:
        """Refused: debtors of a cohort share one simulation.

        Args:
            attr_name, value, indices: unused.

        Raises:
            AttributeError: always.
        """
        raise AttributeError("sub-environments share one simulation; set nothing on one of them")

    def env_is_wrapped(self, wrapper_class: type, indices: VecEnvIndices = None) -> list[bool]:
        return [False] * self.num_envs

    def seed(self, seed: int | None = None) -> Sequence[int | None]:
        """The seed of the cohorts, which stays as it is: Stable-Baselines3 calls this with the seed of the network's weights.

        Args:
            seed: unused.
        """
        return [self._seed] * self.num_envs

    def close(self) -> None:
        for env in self.envs:
            env.close()
