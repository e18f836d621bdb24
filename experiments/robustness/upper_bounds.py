"""How much is left to gain? Upper bounds on what a policy could recover, to compare a policy's gain with.

- Ample staff: the policy itself where nobody is ever short of staff (20 times the people, lines and legal places).
- Hindsight best: for each account the best of all compared policies, known afterwards (their runs share common random numbers).
  No policy can know that; what lies above it would need treatments that none of the compared policies uses.
- Full-attention counterfactual: every debtor is fully attentive every day, never tired, nobody waits for a discount and no phone
  number is wrong. What then comes in without any treatment is an upper bound for policies that only contact. Offers, promises
  and courts come on top of that, so it is no bound for policies that use them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, fields
from functools import partial
from typing import Annotated, Any

import numpy as np
import pandas as pd
from pydantic import Field

from recoup.experiments.comparison import measures
from recoup.experiments.comparison.intervals import interval
from recoup.experiments.comparison.rollout import rollout
from recoup.experiments.comparison.settings import Comparison
from recoup.experiments.robustness.files import UPPER_BOUNDS_FILE, Bound
from recoup.experiments.robustness.run_trials import run_trials
from recoup.experiments.robustness.trial import Trial
from recoup.experiments.robustness.trial_cache import TrialCache, key
from recoup.experiments.runs.file_kinds import Number, exactly
from recoup.experiments.runs.kept import holding
from recoup.experiments.runs.runfolder import fingerprint
from recoup.experiments.runs.workers import Workers
from recoup.scenarios.schema import Scenario
from recoup.scenarios.world_variants import WorldVariant
from recoup.sim.parameters import World
from recoup.sim.portfolio.table import Portfolio
from recoup.sim.simulation import Simulation
from recoup.sim.traits import open_accounts

UPPER_BOUNDS = UPPER_BOUNDS_FILE.name
AMPLE = WorldVariant("ample", "ample staff", everybody=20.0, legal=20.0)


_LABELS = {
    Bound.AMPLE_STAFF: "{policy}, ample staff",
    Bound.HINDSIGHT: "best of these policies for each account, in hindsight",
    Bound.FULL_ATTENTION: "full attention every day, without offers and courts",
}


@dataclass(frozen=True)
class Recovery:
    """Recovery rate (cash / opening balance) and mean days to resolution (horizon-censored) on one seed."""

    rate: float
    days: float


BOTH_BOUNDS = holding(
    Annotated[
        list[Annotated[dict[str, Number], exactly(field.name for field in fields(Recovery))]],
        Field(min_length=2, max_length=2),
    ]
)


def full_attention(world: World) -> World:
    """The world of full attention; the one given is not changed."""
    behaviour = world.behaviour.model_copy(
        update={"salience_floor": 1.0, "pay_reactance": 0.0, "pay_waiting": 0.0, "wrong_number": 0.0}
    )
    return world.model_copy(update={"behaviour": behaviour})


def upper_bounds(
    comparison: Comparison,
    workers: Workers = 1,
    cache: TrialCache | None = None,
    on_done: Callable[[], None] | None = None,
) -> dict[str, Any]:
    """Upper bounds on recovery rate, and lower bounds on time to recover, for a comparison's plans.

    Args:
        comparison: scenario, plans, seeds and accounts.
        workers, cache: as for `run_trials`; the bounds but that of ample staff are measured in this process.
        on_done: called (plans + 1) × seeds times.

    Returns:
        The content of upper_bounds.json: `rows` with `bound`, `policy` (null where it is of all), `label`, `recovery_rate` and
        `time_to_recover_days`, each with its 95 % interval over the seeds.

    Raises:
        InputError, WorkerLost: as `run_trials`.
    """
    scenario, policies, seeds = comparison.load(), comparison.texts, comparison.seed_range
    days = comparison.days or scenario.days
    ample = {policy: [Trial(comparison, policy, AMPLE, seed) for seed in seeds] for policy in policies}
    outcomes = run_trials([trial for trials in ample.values() for trial in trials], workers, cache, on_done)
    rows = []
    for policy, trials in ample.items():
        values = [outcomes[trial].measures for trial in trials]
        recoveries = [Recovery(value["recovery_rate"], value["time_to_recover_days"]) for value in values]
        rows.append(_row(Bound.AMPLE_STAFF, policy, recoveries))
    hindsight, attention = [], []
    kept = (cache or TrialCache(None)).kept
    for seed in seeds:
        both = kept.once(
            partial(_key, [trials[0] for trials in ample.values()], seed),
            BOTH_BOUNDS,
            partial(_of_seed, scenario, comparison, seed, days),
        )
        hindsight.append(Recovery(**both[0]))
        attention.append(Recovery(**both[1]))
        if on_done:
            on_done()
    rows += [_row(Bound.HINDSIGHT, None, hindsight), _row(Bound.FULL_ATTENTION, None, attention)]
    return {
        "scenario": scenario.name,
        "policies": list(policies),
        "seeds": list(seeds),
        "accounts": comparison.accounts,
        "rows": rows,
    }


def _key(trials: Sequence[Trial], seed: int) -> str:
    """Fingerprint of what the bounds on a seed depend on: a trial of each policy, and the seed."""
    return fingerprint("bounds", *map(key, trials), seed)


def _of_seed(scenario: Scenario, comparison: Comparison, seed: int, days: int) -> list[dict[str, float]]:
    """Both bounds on a seed: the best in hindsight, and full attention."""
    portfolio = scenario.portfolio(comparison.accounts, seed)
    runs = [rollout(scenario, policy, portfolio, seed, days).accounts for policy in comparison.texts]
    bounds = _hindsight_best(runs, days), _untreated_at_full_attention(scenario, portfolio, seed, days)
    return [asdict(bound) for bound in bounds]


def _row(bound: Bound, policy: str | None, recoveries: Sequence[Recovery]) -> dict[str, Any]:
    return {
        "bound": bound.value,
        "policy": policy,
        "label": _LABELS[bound].format(policy=policy),
        "recovery_rate": interval([recovery.rate for recovery in recoveries]),
        "time_to_recover_days": interval([recovery.days for recovery in recoveries]),
    }


def _hindsight_best(runs: Sequence[pd.DataFrame], days: int) -> Recovery:
    """Most cash and earliest resolution of each account over several runs of the same accounts."""
    cash = np.max([run["cash"].to_numpy() for run in runs], axis=0)
    resolution = np.min([measures.days_to_resolution(run, days) for run in runs], axis=0)
    return Recovery(float(cash.sum() / runs[0]["opening"].sum()), float(resolution.mean()))


def _untreated_at_full_attention(scenario: Scenario, portfolio: Portfolio, seed: int, horizon: int) -> Recovery:
    """What comes in at full attention without any treatment."""
    simulation = Simulation(full_attention(scenario.world), portfolio, scenario.rules, seed)
    # The debtors stay who they are: hidden traits are those of the scenario's own world.
    simulation.accounts[:] = open_accounts(scenario.world, portfolio, seed)
    simulation.accounts["salience"] = 1.0
    while simulation.day < horizon and not simulation.finished:
        simulation.advance(np.zeros(simulation.open_accounts.size, np.int64))
    accounts = simulation.accounts_table()
    days = measures.days_to_resolution(accounts, horizon)
    return Recovery(float(accounts["cash"].sum() / accounts["opening"].sum()), float(days.mean()))
