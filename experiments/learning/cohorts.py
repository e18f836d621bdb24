"""Cohorts to try policies on: what each is worth on the same cohorts under common random numbers, before it is measured on other seeds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from recoup.agents.policy import Policy
from recoup.agents.training.objective import Objective, discounted_left, saved
from recoup.experiments.runs.file_kinds import Number, exactly
from recoup.experiments.runs.kept import Kept, holding
from recoup.experiments.runs.one_thread import one_thread
from recoup.experiments.runs.runfolder import fingerprint, versions
from recoup.experiments.runs.workers import Workers, run_each
from recoup.scenarios.schema import Scenario
from recoup.sim.portfolio.table import Portfolio
from recoup.sim.simulation import Simulation
from recoup.sim.treatments import Menu

PARTS = ("cash", "cost", "quick", "complaints", "left", "contacts", "staff")  # the arguments of `Objective.value`
PARTS_RECORD = np.dtype([(part, "f8") for part in PARTS])  # one cohort
BROUGHT = holding(Annotated[dict[str, Number], exactly(PARTS)])


def value_of(objective: Objective, parts: NDArray[np.void]) -> NDArray[np.float64]:
    """What parts are worth under an objective.

    Args:
        objective: its weights and prices.
        parts: records `PARTS_RECORD`, shape (cohorts,).

    Returns:
        Values in mean opening balances, shape (cohorts,).
    """
    return objective.value(**{part: parts[part] for part in PARTS})


@one_thread()
def simulate_cohort(
    scenario: Scenario,
    policy: Policy,
    portfolio: Portfolio,
    seed: int,
    on_decision: Callable[[NDArray[np.float32], NDArray[np.bool_]], None] | None = None,
) -> Simulation:
    """A cohort at the scenario's horizon, or once all its accounts are closed, after a policy has led it there.

    Args:
        scenario: whose world, rules and horizon.
        policy: decides on the days on which the scenario decides.
        portfolio: the cohort's accounts.
        seed: of the simulation.
        on_decision: called after each day's choice with what the policy saw: observations and masks of the open accounts.
    """
    simulation = Simulation(scenario.world, portfolio, scenario.rules, seed)
    while simulation.day < scenario.days and not simulation.finished:
        actions, priority = np.zeros(simulation.open_accounts.size, np.int64), None
        if simulation.day % scenario.world.decision_every_days == 0:
            seen, masks = simulation.observe(), simulation.masks()
            actions = policy.act(seen, masks, simulation.open_accounts)
            priority = policy.priority(seen, actions)
            if on_decision:
                on_decision(seen, masks)
        simulation.advance(actions, priority)
    return simulation


@dataclass(frozen=True)
class Cohorts:
    """Cohorts of a scenario, one a seed, on which policies are tried.

    Attributes:
        kept: where it is kept what a policy brings on one.
        workers: who simulates; the numbers do not depend on it.
    """

    scenario: Scenario
    accounts: int
    seeds: Sequence[int]
    kept: Kept = field(default_factory=lambda: Kept(None))
    workers: Workers = 1

    @cached_property
    def portfolios(self) -> dict[int, Portfolio]:
        """The cohorts' accounts by seed; a portfolio from a file may have fewer than asked for."""
        return {seed: self.scenario.portfolio(self.accounts, seed) for seed in self.seeds}

    @cached_property
    def menu(self) -> Menu:
        """The scenario's treatments."""
        world = self.scenario.world
        return world.menu

    def parts(self, policy: Policy, seeds: Sequence[int] | None = None) -> NDArray[np.void]:
        """What a policy brings on each cohort, or on some.

        Args:
            policy: is led through each cohort.
            seeds: of the cohorts, among `self.seeds`; None = all.

        Returns:
            Records `PARTS_RECORD`, shape (cohorts,), units of `Objective.value`.
        """
        chosen = self.seeds if seeds is None else seeds
        keys = {seed: self._key(policy, seed) for seed in chosen} if self.kept.path else {}
        found = {seed: done for seed, key in keys.items() if (done := self.kept.get(key, BROUGHT)) is not None}
        missing = [seed for seed in chosen if seed not in found]
        here = self.workers == 1  # then with the accounts that are at hand
        do = partial(self._parts, policy) if here else partial(_simulated, self.scenario, self.accounts, policy)
        for seed, done in run_each(do, missing, self.workers):
            found[seed] = done
            if self.kept.path:
                self.kept.put(keys[seed], done)
        parts = np.zeros(len(chosen), PARTS_RECORD)
        for number, seed in enumerate(chosen):
            for part, value in found[seed].items():
                parts[part][number] = value
        return parts

    @cached_property
    def _world(self) -> str:
        return fingerprint(self.scenario.world, self.scenario.rules, self.scenario.days, versions(learning=True))

    def _key(self, policy: Policy, seed: int) -> str:
        return fingerprint(self._world, self.portfolios[seed].table, seed, policy.identity)

    def _parts(self, policy: Policy, seed: int) -> dict[str, float]:
        return brought(simulate_cohort(self.scenario, policy, self.portfolios[seed], seed), self.scenario.days)


def _simulated(scenario: Scenario, accounts: int, policy: Policy, seed: int) -> dict[str, float]:
    """What a policy brings on a cohort, of which a worker knows the seed."""
    return brought(simulate_cohort(scenario, policy, scenario.portfolio(accounts, seed), seed), scenario.days)


def brought(simulation: Simulation, days: int) -> dict[str, float]:
    """What a cohort has brought at its horizon: `PARTS`, in the units of `Objective.value`.

    Args:
        simulation: at the horizon, or with all accounts closed.
        days: the horizon.
    """
    a = simulation.accounts
    opening = float(a["opening"].sum())
    return {
        "cash": float(a["discounted_cash"].sum()) / opening,
        "cost": float((a["discounted_cost"] - a["discounted_staff"]).sum()) / opening,
        "quick": float(saved(a, days).mean()),
        "complaints": float(a["complaint_risk"].mean()),
        "left": float(discounted_left(simulation, days).sum()) / opening,
        "contacts": float(a["attempts"].mean()),
        "staff": float(a["discounted_staff"].sum()) / opening,
    }
