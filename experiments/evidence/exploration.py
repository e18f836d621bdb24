"""Logs made by the simulator: a policy that explores, with the exact probability of each decision; and a policy's true value there."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from recoup.agents.explorer import Explorer, chosen
from recoup.agents.library import load_policy
from recoup.agents.policy import PolicyRef
from recoup.experiments.evidence.decision_log import DecisionLog
from recoup.experiments.runs.one_thread import one_thread
from recoup.scenarios.schema import Scenario
from recoup.sim.portfolio.table import Portfolio
from recoup.sim.simulation import Simulation


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
            actions, priority = chosen(policy, simulation.observe(), simulation.masks(), rows)
            record = simulation.advance(actions, priority)
        net += int(record.net_flow.sum())
    return net / 100.0 / len(portfolio)
