"""What a little more of something scarce would bring: shadow prices by simulating it, under one policy's eyes.

The price of a resource is the paired difference of net money between the world with `MORE` times of it and the world as it is,
over the amount added. It is an average over the added amount, and what the present policy makes of it: a policy that learned with more
could make more of it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from recoup.experiments.comparison.intervals import interval
from recoup.experiments.comparison.settings import Comparison
from recoup.experiments.robustness.trial_cache import KeptTrials
from recoup.experiments.robustness.world_variants import Trial, Variant, run_all

MORE = 1.25
BASE = Variant("base", "the scenario as it is")
RESOURCES = {
    "collector_hours": (
        Variant("collector", "collectors", staff=(("collector", MORE),)),
        "hours.collector",
        "hour of collector time",
    ),
    "specialist_hours": (
        Variant("specialist", "specialised team", staff=(("specialist", MORE),)),
        "hours.specialist",
        "hour of specialist time",
    ),
    "cases": (Variant("legal", "legal places", legal=MORE), "cases", "place for a case, whole horizon"),
    "budget": (Variant("budget", "settlement budget", budget=MORE), "budget", "unit of settlement budget"),
}


def prices(
    comparison: Comparison,
    workers: int = 1,
    kept: KeptTrials | None = None,
    on_done: Callable[[], None] | None = None,
) -> dict[str, Any]:
    """Shadow prices for prices.json: net money for one more unit, with an interval over the seeds, under each of the plans."""
    variants = [BASE, *(variant for variant, _, _ in RESOURCES.values())]
    trials = {
        (name, variant.name, seed): Trial(comparison, name, variant, seed)
        for name in comparison.texts
        for variant in variants
        for seed in comparison.seed_range
    }
    found = run_all(list(trials.values()), workers, kept, on_done)
    scenario = comparison.load()
    currency, rows = scenario.world.currency, []
    for name in comparison.texts:
        for resource, (variant, amount, unit) in RESOURCES.items():
            each = []
            for seed in comparison.seed_range:
                more, base = (found[trials[name, v.name, seed]] for v in (variant, BASE))
                added = more[amount] - base[amount]
                if added > 0:
                    each.append((more["net"] - base["net"]) / added)
            rows.append(
                {"resource": resource, "unit": unit, "policy": name, "price": interval(each), "currency": currency}
            )
    return {
        "scenario": scenario.name,
        "seeds": list(comparison.seed_range),
        "accounts": comparison.accounts,
        "more": MORE,
        "rows": rows,
    }
