"""One policy, one seed: from the portfolio to the tables that measures are taken from."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial

import numpy as np
import pandas as pd

from recoup.agents.library import load_policy
from recoup.agents.plans.morning import Decided
from recoup.agents.plans.plan import Plan
from recoup.agents.policy import Policy, PolicyRef
from recoup.experiments.comparison.decisions import DecisionCount, Decisions, RuleCount
from recoup.experiments.comparison.payment_attribution import PaymentAttribution
from recoup.experiments.runs.one_thread import one_thread
from recoup.scenarios.schema import Scenario
from recoup.sim.eventlog import LogFile
from recoup.sim.observation import FIELD_INDEX
from recoup.sim.portfolio.table import Portfolio
from recoup.sim.simulation import Simulation


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
        log: where the event log is written to; None = nowhere.

    Raises:
        InputError: no such policy, or accounts older than the age at which the world writes off.
    """
    simulation = Simulation(
        scenario.world, portfolio, scenario.rules, seed, threads=threads, record_events=log or False
    )
    policy = load_policy(policy_ref, scenario.name, scenario.world)
    run = roll_out(scenario, policy, simulation, days)
    simulation.ledger.finish_log()
    return run


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
    while simulation.day < days:
        morning, actions = simulation.open_accounts, np.zeros(simulation.open_accounts.size, np.int64)
        if simulation.day % scenario.world.decision_every_days:
            simulation.advance(actions)
        elif isinstance(policy, Plan):
            decided = Decided.empty(morning.size)
            _, actions = simulation.advance_by(partial(policy.decide, decided=decided))
            decisions.add(decided.dpd, decided.tier, actions)
            rules.add(decided.rule)
        else:
            seen = simulation.observe()
            actions = policy.act(seen, simulation.masks(), morning)
            decisions.add(seen[:, FIELD_INDEX["dpd"]], seen[:, FIELD_INDEX["tier"]], actions)
            simulation.advance(actions, policy.priority(seen, actions))
        sources.add(morning, actions)
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
