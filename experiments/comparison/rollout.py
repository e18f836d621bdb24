"""One policy, one seed: from the portfolio to the tables that measures are taken from."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from threading import Lock

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recoup.agents.library import load_policy
from recoup.agents.plans.plan import Plan
from recoup.agents.policy import Policy, PolicyRef
from recoup.experiments.comparison.decisions import DecisionCount, Decisions, RuleCount
from recoup.experiments.comparison.payment_attribution import PaymentAttribution
from recoup.experiments.runs.one_thread import one_thread
from recoup.scenarios.schema import Scenario
from recoup.sim.portfolio.table import Portfolio
from recoup.sim.simulation import Choose, Simulation


@dataclass(frozen=True)
class Rollout:
    """What one run left behind. Money in cents; see `Ledger.accounts_table` and `Ledger.daily_table`."""

    accounts: pd.DataFrame
    daily: pd.DataFrame
    blocked: dict[str, int]
    breaches: dict[str, int]
    days: int
    decisions: Decisions = field(default_factory=dict)
    rules: dict[str, int] = field(default_factory=dict)  # see `RuleCount.table`
    payment_attribution: dict[str, int] = field(default_factory=dict)  # cents
    corrections: pd.DataFrame = field(default_factory=pd.DataFrame)  # see `CorrectionLoop.table`
    collectors: pd.DataFrame = field(default_factory=pd.DataFrame)  # see `Collectors.table`
    log: pd.DataFrame | None = None  # `Ledger.audit_table`, if asked for


def rollout(
    scenario: Scenario,
    policy_ref: PolicyRef,
    portfolio: Portfolio,
    seed: int,
    days: int,
    threads: int = 1,
    record_events: bool = False,
) -> Rollout:
    """Roll a policy out on a cohort: one policy, one seed, the whole horizon.

    The horizon is the same for every policy: when all accounts are closed, the days that are left are empty.

    Args:
        scenario: world and rules.
        policy_ref: as `recoup.agents.library.load_policy` takes it; loaded anew, so that no memory is carried over.
        portfolio: the cohort.
        seed: of all random numbers; the same seed gives every policy the same draws.
        days: horizon.
        threads: of the simulation; no number depends on it.
        record_events: keep the event log (`Rollout.log`).

    Raises:
        InputError: no such policy, or accounts older than the age at which the world writes off.
    """
    simulation = Simulation(
        scenario.world, portfolio, scenario.rules, seed, threads=threads, record_events=record_events
    )
    policy = load_policy(policy_ref, scenario.name, scenario.world)
    run = roll_out(scenario, policy, simulation, days)
    return replace(run, log=simulation.audit_table()) if record_events else run


def chooser(policy: Policy) -> Choose:
    """What `Simulation.advance_by` asks: a policy's actions and priority."""

    def choose(
        observations: NDArray[np.float32], masks: NDArray[np.bool_], numbers: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64] | None]:
        actions = policy.act(observations, masks, numbers)
        return actions, policy.priority(observations, actions)

    return choose


def one_day(simulation: Simulation, policy: Policy, every: int, choose: Choose) -> NDArray[np.int64]:
    """Let a policy decide, if it is a day for it, and live the day.

    Args:
        simulation: on the morning of the day.
        policy: whose decisions they are.
        every: days from one decision to the next.
        choose: asks the policy (`chooser`).

    Returns:
        The actions, int64 (accounts that were open in the morning,).
    """
    morning, deciding = simulation.open_accounts, simulation.day % every == 0
    if deciding and isinstance(policy, Plan):
        return simulation.advance_by(choose)[1]
    actions, priority = np.zeros(morning.size, np.int64), None
    if deciding:
        actions, priority = choose(simulation.observe(), simulation.masks(), morning)
    simulation.advance(actions, priority)
    return actions


@one_thread()
def roll_out(scenario: Scenario, policy: Policy, simulation: Simulation, days: int) -> Rollout:
    """As `rollout`, for a policy and a simulation at hand.

    Args:
        scenario: says how often decisions are taken.
        policy: has not acted yet.
        simulation: on the morning of its first day.
        days: horizon.
    """
    decisions, rules, sources = DecisionCount(simulation.menu), RuleCount(policy), PaymentAttribution(simulation)
    every, counting, asked = scenario.world.decision_every_days, Lock(), chooser(policy)

    def choose(
        observations: NDArray[np.float32], masks: NDArray[np.bool_], numbers: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64] | None]:
        actions, priority = asked(observations, masks, numbers)
        with counting:
            decisions.add(observations, actions)
            rules.add(observations, actions)
        return actions, priority

    while simulation.day < days:
        morning = simulation.open_accounts
        sources.add(morning, one_day(simulation, policy, every, choose))
    return Rollout(
        accounts=simulation.accounts_table(),
        daily=simulation.daily_table(),
        blocked=simulation.blocked_by_rule(),
        breaches=simulation.breaches_by_rule(),
        days=days,
        decisions=decisions.table(),
        rules=rules.table(),
        payment_attribution=sources.table(),
        corrections=simulation.corrections_table(),
        collectors=simulation.collectors_table(),
    )
