"""The real month-to-month outcome of the UCI accounts against the simulated one.

The file says who defaulted in the month after September 2005, by months past due. It doesn't say what counted; the shares lie close to
those of accounts that did not fall below their month. Simulated: the share of the same accounts that are, after 30 days of the
status-quo plan, at least as many months past due as before. What can match are one and two months past due. What cannot: the
file contradicts itself on the later ones, for of accounts three months late 42 % did not fall below their month from April to
September (scenarios/calibration/taiwan-cards.yaml, which the world is fitted to), and 76 % defaulted in October.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recoup.agents.plans.plan import Plan
from recoup.agents.plans.plan_file import find_plan
from recoup.experiments.checks.laboratory import months_past_due
from recoup.scenarios.schema import ROOT, Scenario
from recoup.sim.behaviour import months_due
from recoup.sim.simulation import Simulation


@dataclass(frozen=True)
class Row:
    """One group of accounts.

    Attributes:
        months: past due; 4 stands for four and more.
        accounts: how many.
        observed, simulated: share that defaulted in the next month; that did not fall below its month past due.
        tolerance: how far they may lie apart.
        comparable: whether the model is meant to reproduce the group at all.
    """

    months: int
    accounts: int
    observed: float
    simulated: float
    tolerance: float
    comparable: bool


def simulated_failures(scenario: Scenario, seeds: range) -> tuple[pd.DataFrame, NDArray[np.float64]]:
    """The file, and for each of its rows the share of the seeds on which the simulated account did no better a month later.

    Args:
        scenario: one whose portfolio is the UCI file, as taiwan-cards.
        seeds: one simulation of 30 days each.
    """
    file = pd.read_csv(ROOT / "portfolios" / "uci_credit_card_delinquent.csv")
    failed = np.zeros(len(file))
    for seed in seeds:
        portfolio = scenario.portfolio(None, seed)
        simulation = Simulation(scenario.world, portfolio, scenario.rules, seed)
        plan = Plan.load(find_plan("status-quo"), simulation.menu)
        for _ in range(30):
            observations = simulation.observe()
            actions = plan.act(observations, simulation.masks())
            simulation.advance(actions, plan.priority(observations, actions))
        before = portfolio.column("dpd")
        no_better = np.where(months_past_due(simulation) >= months_due(before), 1.0, 0.0)
        unpaid = pd.Series(no_better, portfolio.column("account_id"))
        failed += unpaid.reindex(file["ID"].astype(str)).to_numpy(float) / len(seeds)
    return file, failed


def crosscheck(scenario: Scenario, seeds: range) -> list[Row]:
    """Observed and simulated share of accounts that did no better a month later, by months past due.

    The file: Yeh & Lien 2009, "The comparisons of data mining techniques for the predictive accuracy of probability of default of
    credit card clients", *Expert Systems with Applications* 36 (UCI data set 350).

    Args:
        scenario: one whose portfolio is the UCI file, as taiwan-cards.
        seeds: the simulated share is the mean over them.
    """
    file, failed = simulated_failures(scenario, seeds)
    months = file["PAY_0"].clip(upper=4).to_numpy()
    rows = []
    for group in (1, 2, 3, 4):
        chosen = months == group
        rows.append(
            Row(
                months=group,
                accounts=int(chosen.sum()),
                observed=float(file.loc[chosen, "default_next_month"].mean()),
                simulated=float(failed[chosen].mean()),
                tolerance=0.10,
                comparable=group < 3,
            )
        )
    return rows
