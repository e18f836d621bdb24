"""One policy, one seed: from the portfolio to the tables that measures are taken from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recoup.agents.library import load_policy
from recoup.agents.plans.morning import Decided
from recoup.agents.plans.plan import Plan
from recoup.agents.policy import Policy, PolicyRef
from recoup.experiments.comparison.decisions import DecisionCount, Decisions, RuleCount
from recoup.experiments.comparison.payment_attribution import PaymentAttribution
from recoup.experiments.runs.one_thread import one_thread
from recoup.experiments.runs.rare_collection import rare_collection
from recoup.scenarios.schema import Scenario
from recoup.sim.eventlog import LogFile
from recoup.sim.observation import FIELD_INDEX
from recoup.sim.portfolio.table import Portfolio
from recoup.sim.simulation import Simulation
from recoup.sim.treatments import STANDARD, TIERS, Bucket


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
    tiers: tuple[str, ...] = TIERS
    buckets: tuple[Bucket, ...] = STANDARD.buckets
    payments: pd.DataFrame = field(default_factory=pd.DataFrame)  # where asked for; see `PaymentAttribution.payments`


def rollout(
    scenario: Scenario,
    policy_ref: PolicyRef,
    portfolio: Portfolio,
    seed: int,
    days: int,
    threads: int = 1,
    log: LogFile | None = None,
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
        log: where the event log is written to; None = nowhere, and no payments are kept.

    Raises:
        InputError: no such policy, or accounts older than the age at which the world writes off.
    """
    simulation = Simulation(
        scenario.world, portfolio, scenario.rules, seed, threads=threads, record_events=log or False
    )
    policy = load_policy(policy_ref, scenario.name, scenario.world, portfolio.table)
    run = roll_out(scenario, policy, simulation, days, keep_payments=log is not None)
    simulation.ledger.finish_log()
    return run


def one_day(
    simulation: Simulation, policy: Policy, every: int, note: Callable[..., None] | None = None
) -> NDArray[np.int64]:
    """Let a policy decide, if it is a day for it, and live the day.

    Args:
        simulation: on the morning of the day.
        policy: whose decisions they are.
        every: days from one decision to the next.
        note: is told of decisions: days past due, tier, action, and the plan's rule that decided (None: no plan), each of shape
            (open accounts,).

    Returns:
        The actions, int64 (accounts that were open in the morning,).
    """
    morning, note = simulation.open_accounts, note or (lambda *_: None)
    if simulation.day % every:
        actions = np.zeros(morning.size, np.int64)
        simulation.advance(actions)
    elif isinstance(policy, Plan):
        decided = Decided.empty(morning.size)
        _, actions = simulation.advance_by(partial(policy.decide, decided=decided))
        note(decided.dpd, decided.tier, actions, decided.rule)
    else:
        seen = simulation.observe()
        actions = policy.act(seen, simulation.masks(), morning)
        note(seen[:, FIELD_INDEX["dpd"]], seen[:, FIELD_INDEX["tier"]], actions, None)
        simulation.advance(actions, policy.priority(seen, actions))
    return actions


@one_thread()
@rare_collection()
def roll_out(
    scenario: Scenario, policy: Policy, simulation: Simulation, days: int, keep_payments: bool = False
) -> Rollout:
    """As `rollout`, for a policy and a simulation at hand.

    Args:
        scenario: says how often decisions are taken.
        policy: has not acted yet.
        simulation: on the morning of its first day.
        days: horizon.
        keep_payments: one by one.
    """
    decisions, rules = DecisionCount(simulation.menu), RuleCount(policy)
    sources = PaymentAttribution(simulation, keep_payments)
    every = scenario.world.decision_every_days

    def note(dpd: NDArray[Any], tier: NDArray[Any], actions: NDArray[np.int64], rule: NDArray[np.int16] | None) -> None:
        decisions.add(dpd, tier, actions)
        if rule is not None:
            rules.add(rule)

    while simulation.day < days:
        morning = simulation.open_accounts
        sources.add(morning, one_day(simulation, policy, every, note))
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
        tiers=simulation.menu.vocabulary.tiers,
        buckets=simulation.menu.vocabulary.buckets,
        payments=sources.payments() if keep_payments else pd.DataFrame(),
    )
