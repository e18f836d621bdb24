"""What a little more of something scarce would bring: shadow prices, measured by simulating it under a given policy.

A shadow price is the change in the objective per unit of a constraint relaxed (Dantzig 1963, *Linear Programming and Extensions*).
No optimum is solved for here, so it is measured as a difference quotient: net money in the world with `MORE` times of the
resource less net money in the world as it is, paired by seed under common random numbers, over the amount added. It is an
average over the added amount, and what the present policy makes of it: a policy that learned with more could make more of it.
Staff that is added is paid whether or not it is used, so that a price above zero says that it brings more than its pay.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from recoup.experiments.comparison.intervals import interval
from recoup.experiments.comparison.settings import Comparison
from recoup.experiments.robustness.files import SHADOW_PRICES_FILE
from recoup.experiments.robustness.run_trials import run_trials
from recoup.experiments.robustness.trial import Trial, TrialOutcome
from recoup.experiments.robustness.trial_cache import TrialCache
from recoup.experiments.runs.workers import Workers
from recoup.scenarios.world_variants import WorldVariant

SHADOW_PRICES = SHADOW_PRICES_FILE.name
MORE = 1.25
BASE = WorldVariant("base", "the scenario as it is")


@dataclass(frozen=True)
class Resource:
    """Something scarce that can be bought.

    Attributes:
        name: key in result files and in the report's catalogue.
        unit: what one more of it is, in plain English.
        variant: the world with `MORE` times of it.
        amount: how much of it a trial had, in `unit`.
    """

    name: str
    unit: str
    variant: WorldVariant
    amount: Callable[[TrialOutcome], float]


def _staff(pool: str, label: str, unit: str) -> Resource:
    return Resource(
        f"{pool}_hours",
        unit,
        WorldVariant(pool, label, staff=((pool, MORE),)),
        lambda outcome: outcome.capacity_hours[pool],
    )


RESOURCES = (
    _staff("collector", "collectors", "hour of collector time"),
    _staff("specialist", "specialised team", "hour of specialist time"),
    Resource(
        "cases",
        "place for a case, whole horizon",
        WorldVariant("legal", "legal places", legal=MORE),
        lambda outcome: outcome.legal_places,
    ),
    Resource(
        "budget",
        "unit of settlement budget",
        WorldVariant("budget", "settlement budget", budget=MORE),
        lambda outcome: outcome.settlement_budget,
    ),
)


def shadow_prices(
    comparison: Comparison,
    workers: Workers = 1,
    cache: TrialCache | None = None,
    on_done: Callable[[], None] | None = None,
) -> dict[str, Any]:
    """Shadow price of every resource under each of a comparison's plans.

    Args:
        comparison: scenario, plans, seeds and accounts.
        workers, cache, on_done: as for `run_trials`; there are plans × (resources + 1) × seeds trials.

    Returns:
        The content of shadow_prices.json: `rows` with `resource`, `unit`, `policy`, `currency` and `price`, net money for one
        more unit with its 95 % interval over the seeds; null where no seed could add anything.

    Raises:
        InputError, WorkerLost: as `run_trials`.
    """
    variants = [BASE, *(resource.variant for resource in RESOURCES)]
    trials = {
        (policy, variant.name, seed): Trial(comparison, policy, variant, seed)
        for policy in comparison.texts
        for variant in variants
        for seed in comparison.seed_range
    }
    outcomes = run_trials(list(trials.values()), workers, cache, on_done)
    scenario = comparison.load()
    rows = []
    for policy in comparison.texts:
        for resource in RESOURCES:
            prices = []
            for seed in comparison.seed_range:
                more, base = (outcomes[trials[policy, variant.name, seed]] for variant in (resource.variant, BASE))
                added = resource.amount(more) - resource.amount(base)
                if added > 0:
                    prices.append((more.net_money - base.net_money) / added)
            rows.append(
                {
                    "resource": resource.name,
                    "unit": resource.unit,
                    "policy": policy,
                    "price": interval(prices),
                    "currency": scenario.world.currency,
                }
            )
    return {
        "scenario": scenario.name,
        "seeds": list(comparison.seed_range),
        "accounts": comparison.accounts,
        "more": MORE,
        "rows": rows,
    }
