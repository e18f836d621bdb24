"""How much is left? Ceilings on what any policy could recover, to hold a policy's gain against.

- `attention`: every debtor is fully attentive every day, never tired, nobody waits for a discount and no phone number is
  wrong. What then comes in of its own accord is a ceiling for policies that only contact. Offers, promises and courts come
  on top of that, so it is no bound for those.
- `staff`: the policy itself where nobody is ever short of staff (20 times the people, lines and legal places).
- `hindsight`: for each account the best of all compared policies under that account's own luck, known afterwards. No policy can
  know that; what lies above it would need treatments that none of the compared policies uses.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from recoup.experiments.comparison import measures
from recoup.experiments.comparison.intervals import interval
from recoup.experiments.comparison.rollout import rollout
from recoup.experiments.comparison.settings import Comparison
from recoup.experiments.robustness.trial_cache import KeptTrials
from recoup.experiments.robustness.world_variants import Trial, Variant, run_all
from recoup.scenarios.schema import Scenario
from recoup.sim.operations.resources import RESOURCE_NAMES
from recoup.sim.parameters import World
from recoup.sim.portfolio.table import Portfolio
from recoup.sim.simulation import Simulation
from recoup.sim.traits import open_accounts

AMPLE = Variant("ample", "ample staff", staff=tuple((n, 20.0) for n in RESOURCE_NAMES), legal=20.0)


def attentive(world: World) -> World:
    """The world of full attention."""
    behaviour = world.behaviour.model_copy(
        update={"salience_floor": 1.0, "pay_reactance": 0.0, "pay_waiting": 0.0, "wrong_number": 0.0}
    )
    return world.model_copy(update={"behaviour": behaviour})


def bound(
    comparison: Comparison,
    workers: int = 1,
    kept: KeptTrials | None = None,
    on_done: Callable[[], None] | None = None,
) -> dict[str, Any]:
    """Rows for bound.json: recovery rates and times to recover with intervals over the seeds."""
    scenario, policies, seeds = comparison.load(), comparison.texts, comparison.seed_range
    days = comparison.days or scenario.days
    ample = {name: [Trial(comparison, name, AMPLE, seed) for seed in seeds] for name in policies}
    found = run_all([trial for trials in ample.values() for trial in trials], workers, kept, on_done)
    rows = [
        {
            "name": f"staff-{name}",
            "label": f"{name}, staff never short",
            "recovery_rate": interval([found[trial]["recovery_rate"] for trial in ample[name]]),
            "time_to_recover_days": interval([found[trial]["time_to_recover_days"] for trial in ample[name]]),
        }
        for name in policies
    ]
    ceilings: dict[str, list[tuple[float, float]]] = {"hindsight": [], "attention": []}
    for seed in seeds:
        portfolio = scenario.portfolio(comparison.accounts, seed)
        runs = [rollout(scenario, name, portfolio, seed, days).accounts for name in policies]
        cash = np.max([run["cash"].to_numpy() for run in runs], axis=0)
        ended = np.min([measures.days_to_resolution(run, days) for run in runs], axis=0)
        ceilings["hindsight"].append((float(cash.sum() / runs[0]["opening"].sum()), float(ended.mean())))
        ceilings["attention"].append(_of_their_own_accord(scenario, portfolio, seed, days))
        if on_done:
            on_done()
    for name, label in (
        ("hindsight", "best of these policies for each account, in hindsight"),
        ("attention", "full attention every day, without offers and courts"),
    ):
        recovered, took = zip(*ceilings[name], strict=True)
        rows.append(
            {"name": name, "label": label, "recovery_rate": interval(recovered), "time_to_recover_days": interval(took)}
        )
    return {
        "scenario": scenario.name,
        "policies": list(policies),
        "seeds": list(seeds),
        "accounts": comparison.accounts,
        "rows": rows,
    }


def _of_their_own_accord(scenario: Scenario, portfolio: Portfolio, seed: int, horizon: int) -> tuple[float, float]:
    """Recovery rate and mean days to recover at full attention without any treatment."""
    simulation = Simulation(attentive(scenario.world), portfolio, scenario.rules, seed)
    # The debtors stay who they are: hidden traits are those of the scenario's own world.
    simulation.accounts[:] = open_accounts(scenario.world, portfolio, seed)
    simulation.accounts["salience"] = 1.0
    while simulation.day < horizon and not simulation.finished:
        simulation.advance(np.zeros(simulation.open_accounts.size, np.int64))
    accounts = simulation.accounts_table()
    days = measures.days_to_resolution(accounts, horizon)
    return float(accounts["cash"].sum() / accounts["opening"].sum()), float(days.mean())
