"""Logs made by the simulator: a policy that explores, with the exact probability of each decision; and a policy's true value there."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from recoup.agents.library import load_policy
from recoup.agents.plans.plan_file import DEFAULT_PRIORITY
from recoup.agents.policy import Policy, PolicyRef
from recoup.experiments.evidence.decision_log import DecisionLog
from recoup.experiments.runs.one_thread import one_thread
from recoup.scenarios.schema import Scenario
from recoup.sim.portfolio.table import Portfolio
from recoup.sim.simulation import Simulation


def _chosen(policy: Policy, seen: NDArray[np.float32], masks: NDArray[np.bool_], rows: NDArray[np.int64]):  # type: ignore[no-untyped-def]
    """A policy's decisions, what is forbidden as nothing, and whom it would serve first."""
    actions = policy.act(seen, masks, rows)
    priority = policy.priority(seen, actions)
    actions = np.where(masks[np.arange(rows.size), actions], actions, 0)
    return actions, np.full(rows.size, DEFAULT_PRIORITY) if priority is None else priority


class Explorer:
    """Follows a policy, and with a probability something else; says how likely what it did was.

    Args:
        policy: who decides else.
        explore: probability of something else, 0 to 1, drawn anew for each account and decision.
        towards: what else: the choice of one of these policies, each as likely; none = any lawful treatment, each as likely.
        seed: of the exploration.
    """

    def __init__(self, policy: Policy, explore: float, towards: Sequence[Policy], seed: int) -> None:
        self._policy, self._explore, self._towards = policy, explore, towards
        self._random = np.random.default_rng(seed)

    def decide(
        self, seen: NDArray[np.float32], masks: NDArray[np.bool_], rows: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.integer], NDArray[np.float64]]:
        """One morning's decisions.

        Args:
            seen: observations, float32 (accounts, fields).
            masks: what is possible and lawful, bool (accounts, menu).
            rows: numbers of the accounts, int64 (accounts,).

        Returns:
            Menu indices, whom to serve first, and the probability of what was chosen, each of shape (accounts,).
        """
        base, first = _chosen(self._policy, seen, masks, rows)
        probability = np.zeros(masks.shape)
        np.put_along_axis(probability, base[:, None], 1.0 - self._explore, axis=1)
        actions, priority = base.copy(), np.array(first)
        exploring = self._random.random(rows.size) < self._explore
        if self._towards:
            which = self._random.integers(len(self._towards), size=rows.size)
            for number, other in enumerate(self._towards):
                choice, served = _chosen(other, seen, masks, rows)
                probability[np.arange(rows.size), choice] += self._explore / len(self._towards)
                taken = exploring & (which == number)
                actions[taken], priority[taken] = choice[taken], np.asarray(served)[taken]
        else:
            probability += self._explore * masks / masks.sum(axis=1, keepdims=True)
            drawn = (self._random.random(masks.shape) * masks).argmax(axis=1)
            actions[exploring] = drawn[exploring]
        return actions, priority, probability[np.arange(rows.size), actions]


@one_thread()
def simulate_log(
    scenario: Scenario,
    policy_ref: PolicyRef,
    portfolio: Portfolio,
    seed: int,
    days: int,
    explore: float,
    towards: Sequence[PolicyRef] = (),
) -> DecisionLog:
    """Follow a policy, and with a probability something else; write down every decision.

    Args:
        scenario: world, rules, and how often decisions are taken.
        policy_ref: as `load_policy` takes it.
        portfolio: the accounts, all from the first day on.
        seed: of the world and of the exploration.
        days: to be logged.
        explore: probability of something else, 0 to 1, drawn anew for each account and decision.
        towards: what else: the choice of one of these policies, each as likely; none = any lawful treatment, each as likely.

    Returns:
        The log; `propensities` are exact.

    Raises:
        InputError: no such policy.
    """
    simulation = Simulation(scenario.world, portfolio, scenario.rules, seed)
    policy = load_policy(policy_ref, scenario.name, scenario.world, portfolio.table)
    others = [load_policy(other, scenario.name, scenario.world, portfolio.table) for other in towards]
    explorer = Explorer(policy, explore, others, seed)
    every = scenario.world.decision_every_days
    parts: list[tuple[NDArray[np.generic], ...]] = []
    rewards = np.zeros(len(portfolio))
    pending: list[NDArray[np.float64]] = []
    while simulation.day < days and not simulation.finished:
        rows = simulation.open_accounts
        if simulation.day % every:
            record = simulation.advance(np.zeros(rows.size, np.int64))
            rewards[record.rows] += record.net_flow / 100.0
            continue
        if parts:
            pending.append(rewards[parts[-1][0].astype(np.int64)])
        rewards[:] = 0.0
        seen, masks = simulation.observe(), simulation.masks()
        actions, priority, propensity = explorer.decide(seen, masks, rows)
        parts.append((rows, np.full(rows.size, simulation.day), seen, masks, actions, propensity))
        record = simulation.advance(actions, priority)
        rewards[record.rows] += record.net_flow / 100.0
    pending.append(rewards[parts[-1][0].astype(np.int64)])
    account, day, seen, masks, actions, propensities = (np.concatenate(part) for part in zip(*parts, strict=True))
    order = np.lexsort((day, account))
    return DecisionLog(
        source="simulated log",
        menu=simulation.menu,
        names=portfolio.column("account_id").astype(str).astype(object),
        account=account[order],
        day=day[order],
        observations=seen[order],
        masks=masks[order],
        actions=actions[order],
        rewards=np.concatenate(pending)[order],
        propensities=propensities[order],
    )


@one_thread()
def true_value(scenario: Scenario, policy_ref: PolicyRef, portfolio: Portfolio, seed: int, days: int) -> float:
    """Cash less cost per account over the first days, currency, where the policy treats everybody: what only a simulator can say.

    Args:
        scenario, policy_ref, portfolio, seed, days: as for `simulate_log`.

    Raises:
        InputError: no such policy.
    """
    simulation = Simulation(scenario.world, portfolio, scenario.rules, seed)
    policy = load_policy(policy_ref, scenario.name, scenario.world, portfolio.table)
    net = 0
    while simulation.day < days and not simulation.finished:
        rows = simulation.open_accounts
        if simulation.day % scenario.world.decision_every_days:
            record = simulation.advance(np.zeros(rows.size, np.int64))
        else:
            actions, priority = _chosen(policy, simulation.observe(), simulation.masks(), rows)
            record = simulation.advance(actions, priority)
        net += int(record.net_flow.sum())
    return net / 100.0 / len(portfolio)
