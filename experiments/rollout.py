"""One policy, one seed: from the portfolio to the tables that measures are taken from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from agents.plan import Plan
from scenarios.schema import Scenario
from sim.portfolio import Portfolio
from sim.simulation import Simulation


@dataclass(frozen=True)
class Rollout:
    """What one run left behind. Money in cents; see `Ledger.accounts_table` and `Ledger.daily_table`."""

    accounts: pd.DataFrame
    daily: pd.DataFrame
    blocked: dict[str, int]
    breaches: dict[str, int]
    days: int


def rollout(
    scenario: Scenario,
    plan_name: str,
    portfolio: Portfolio,
    seed: int,
    days: int,
    threads: int = 1,
) -> Rollout:
    """Follow a cohort for so many days under a plan.

    The horizon is the same for every policy: when all accounts are closed, the days that are left are empty.
    """
    simulation = Simulation(scenario.world, portfolio, scenario.rules, seed, threads=threads)
    policy = Plan.load(plan_name, simulation.menu)
    every = scenario.world.decision_every_days
    while simulation.day < days:
        if simulation.day % every == 0:
            observations = simulation.observe()
            actions = policy.act(observations, simulation.masks())
            simulation.advance(actions, policy.priority(observations, actions))
        else:
            simulation.advance(np.zeros(simulation.open_accounts.size, np.int64))
    return Rollout(
        accounts=simulation.accounts_table(),
        daily=simulation.daily_table(),
        blocked=simulation.blocked_by_rule(),
        breaches=simulation.breaches_by_rule(),
        days=days,
    )
