"""Is a policy still better when the simulator is wrong? The comparison repeated in one perturbed world after another."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from recoup.experiments.comparison.settings import Comparison
from recoup.experiments.robustness.trial_cache import KeptTrials
from recoup.experiments.robustness.world_variants import Trial, Variant, paired, run_all
from recoup.sim.operations.resources import RESOURCE_NAMES
from recoup.sim.perturbation import behaviour_parameters

SPREAD = 0.3
AS_IT_IS = "none"
MEASURES = ("recovery_rate", "net_recovery_rate", "time_to_recover_days")


def stress_set(spread: float = SPREAD) -> list[Variant]:
    """The world as it is, the named stresses, and every behaviour parameter up and down by `spread`."""
    named = [
        Variant(AS_IT_IS, "the scenario as it is"),
        Variant("macro-shock", "a recession from day 30 (macro index +2)", shock=2.0),
        Variant(
            "half-staff",
            "half the people and lines",
            staff=tuple((n, 0.5) for n in RESOURCE_NAMES),
        ),
        Variant("double-complaints", "twice the complaints", behaviour=(("complaint", 2.0),)),
        Variant("empty-notices", "legal notices without effect", behaviour=(("pressure_notice", 0.0),)),
        Variant("wrong-contacts", "30 % wrong phone numbers", wrong_number=0.3),
    ]
    one_by_one = [
        Variant(f"{name}{sign}", f"{name} {sign}{spread:.0%}".replace("-", "−"), behaviour=((name, factor),))
        for name in behaviour_parameters()
        for sign, factor in (("-", 1.0 - spread), ("+", 1.0 + spread))
    ]
    return named + one_by_one


def is_one_parameter(name: str) -> bool:
    """Whether a world of the stress set moves one behaviour parameter, and is not one of the named stresses."""
    return name.endswith(("-", "+"))


def shown(rows: Sequence[Mapping[str, Any]], most: int) -> tuple[list[Any], list[Any]]:
    """Rows of stress.json as a reader gets them: the named worlds and the `most` parameters with the smallest gain; the rest."""
    parameters = sorted((row for row in rows if is_one_parameter(row["perturbation"])), key=gain)
    return [row for row in rows if not is_one_parameter(row["perturbation"])] + parameters[:most], parameters[most:]


def gain(row: Mapping[str, Any]) -> float:
    """Relative gain in recovery of a row; 0 where there is none to speak of."""
    return float(row["recovery_rate"]["mean"] or 0.0)


def stress(
    comparison: Comparison,
    workers: int = 1,
    variants: Sequence[Variant] | None = None,
    kept: KeptTrials | None = None,
    on_done: Callable[[], None] | None = None,
) -> dict[str, Any]:
    """Relative differences of a comparison's first policy to its second in each perturbed world, with intervals over the seeds.

    Returns:
        What goes into stress.json: `policy`, `against`, `seeds`, `accounts`, `rows`; of the worlds other than the scenario's own:
        `worlds` (how many), `worst` (the row with the smallest gain), `positive` (rows whose recovery interval lies above zero),
        `negative` (below).
    """
    variants = list(variants or stress_set())
    policy, against = comparison.texts
    rows = {
        (variant.name, name): [Trial(comparison, name, variant, seed) for seed in comparison.seed_range]
        for variant in variants
        for name in (policy, against)
    }
    found = run_all([trial for trials in rows.values() for trial in trials], workers, kept, on_done)
    table = []
    for variant in variants:
        ours, theirs = rows[variant.name, policy], rows[variant.name, against]
        row: dict[str, Any] = {"perturbation": variant.name, "label": variant.label}
        row |= {name: paired(found, ours, theirs, name)["relative"] for name in MEASURES}
        row["complaints_per_1000"] = {
            k: v for k, v in paired(found, ours, theirs, "complaints_per_1000").items() if k != "relative"
        }
        table.append(row)
    wrong = [row for row in table if row["perturbation"] != AS_IT_IS]
    known = [row for row in wrong if row["recovery_rate"]["mean"] is not None]
    return {
        "scenario": comparison.load().name,
        "policy": policy,
        "against": against,
        "seeds": list(comparison.seed_range),
        "accounts": comparison.accounts,
        "rows": table,
        "worlds": len(wrong),
        "worst": min(known, key=lambda row: row["recovery_rate"]["mean"])["perturbation"] if known else None,
        "positive": sum((row["recovery_rate"]["low"] or 0.0) > 0 for row in wrong),
        "negative": sum((row["recovery_rate"]["high"] or 0.0) < 0 for row in wrong),
    }
