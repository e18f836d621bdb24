"""Is a policy still better when the simulator is wrong? Sensitivity analysis: the comparison repeated in perturbed worlds.

Each behaviour parameter is moved by itself, up and down, all others at their values in the scenario (one-at-a-time design; Saltelli
et al. 2008, *Global Sensitivity Analysis: The Primer*); interactions are not looked for. Named stresses move several things, or take a
mechanism away: those are the levers that a policy pulls.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from recoup.experiments.comparison.settings import Comparison
from recoup.experiments.robustness.files import STRESS_FILE
from recoup.experiments.robustness.run_trials import run_trials
from recoup.experiments.robustness.trial import Trial, TrialOutcome, paired_difference
from recoup.experiments.robustness.trial_cache import TrialCache
from recoup.experiments.runs.champion import VALUE
from recoup.experiments.runs.workers import Workers
from recoup.scenarios.world_variants import AS_IT_IS, WorldVariant
from recoup.sim.perturbation import behaviour_parameters
from recoup.sim.treatments import STANDARD

STRESS = STRESS_FILE.name
PERTURBATION = 0.3
UNPERTURBED = AS_IT_IS.name
MEASURES = ("recovery_rate", "net_recovery_rate", "time_to_recover_days")  # differences relative to the baseline
ABSOLUTE = (VALUE, "complaints_per_1000")  # differences in the measure's own unit


def stress_set(size: float = PERTURBATION) -> list[WorldVariant]:
    """The world as it is, the named stresses, and every behaviour parameter down and up by the share `size`."""
    named = [
        AS_IT_IS,
        WorldVariant("macro-shock", "a recession from day 30 (macro index +2)", shock=2.0),
        WorldVariant("half-staff", "half the people and lines", everybody=0.5),
        WorldVariant("double-complaints", "twice the complaints", behaviour=(("complaint", 2.0),)),
        WorldVariant("wrong-contacts", "30 % wrong phone numbers", values=(("wrong_number", 0.3),)),
        *structural_set(),
    ]
    one_by_one = [
        WorldVariant(f"{name}{sign}", f"{name} {sign}{size:.0%}".replace("-", "−"), behaviour=((name, factor),))
        for name in behaviour_parameters()
        for sign, factor in (("-", 1.0 - size), ("+", 1.0 + size))
    ]
    return named + one_by_one


AGES = ("promise_age", "keep_age", "offer_age", "instalment_age")


def structural_set() -> list[WorldVariant]:
    """Worlds in which a mechanism is absent, stronger, or of the other sign, and in which one channel does more or less by itself."""
    mechanisms = [
        WorldVariant(
            "no-wear", "messages and calls never wear off", values=(("repetition_text", 0.0), ("repetition_call", 0.0))
        ),
        WorldVariant(
            "strong-wear",
            "they wear off three times as fast",
            behaviour=(("repetition_text", 3.0), ("repetition_call", 3.0)),
        ),
        WorldVariant(
            "credible-notices",
            "every notice is believed",
            values=(("notice_disbelieved", 1.0), ("notice_repeated", 1.0)),
        ),
        WorldVariant("half-notices", "legal notices at half their pressure", behaviour=(("pressure_notice", 0.5),)),
        WorldVariant("empty-notices", "legal notices without effect", behaviour=(("pressure_notice", 0.0),)),
        WorldVariant(
            "patient-debtors",
            "discounts teach five times as much to wait",
            behaviour=(("waiting_learned", 5.0), ("waiting_market", 5.0)),
        ),
        WorldVariant(
            "no-waiting", "discounts teach nobody to wait", values=(("waiting_learned", 0.0), ("waiting_market", 0.0))
        ),
        WorldVariant("no-answers", "messages bring no answers", behaviour=(("answer_pay", 0.0), ("answer_call", 0.0))),
        WorldVariant(
            "ageless", "promises and offers don't weaken with age", values=tuple((name, 0.0) for name in AGES)
        ),
        WorldVariant("fast-ageing", "they weaken three times as fast", behaviour=tuple((name, 3.0) for name in AGES)),
        WorldVariant("no-swaps", "nobody hands assets over", values=(("swap_base", -20.0),)),
        WorldVariant("poor-sales", "assets handed over bring half as much", behaviour=(("swap_price", 0.5),)),
    ]
    channels = [
        WorldVariant(
            f"{channel}-{word}",
            f"{channel} {word}: reach {sign}50 %, attention {sign}{gain} %",
            behaviour=((f"reach.{channel}", reach), (f"salience_gain.{channel}", attention)),
        )
        for channel in STANDARD.channel_names
        for word, sign, reach, attention, gain in (("weak", "−", 0.5, 0.5, 50), ("strong", "+", 1.5, 1.3, 30))
    ]
    return mechanisms + channels


def is_one_parameter(name: str) -> bool:
    """Whether a variant of the stress set moves one behaviour parameter, and is not one of the named stresses."""
    return name.endswith(("-", "+"))


@dataclass(frozen=True)
class RowSelection:
    """Rows of stress.json, divided for a reader.

    Attributes:
        shown: the named stresses, and the parameters with the smallest gain, the smallest first.
        omitted: the other parameters, from the smallest gain to the largest.
    """

    shown: list[dict[str, Any]]
    omitted: list[dict[str, Any]]


def select_rows(rows: Sequence[dict[str, Any]], most: int) -> RowSelection:
    """Divide rows of stress.json: the named stresses and `most` single parameters are shown.

    Args:
        rows: in the order of the file.
        most: single parameters that are shown, those with the least gain.
    """
    parameters = sorted((row for row in rows if is_one_parameter(row["perturbation"])), key=gain)
    named = [row for row in rows if not is_one_parameter(row["perturbation"])]
    return RowSelection(named + parameters[:most], parameters[most:])


def gain(row: Mapping[str, Any]) -> float:
    """Gain of a row in net present value, by which policies are ranked, a share of the opening balance; 0 where it is undefined."""
    return float(row[VALUE]["mean"] or 0.0)


def surely_gains(row: Mapping[str, Any]) -> bool:
    """Whether the interval of a row's gain is above zero."""
    return float(row[VALUE]["low"] or 0.0) > 0


def surely_loses(row: Mapping[str, Any]) -> bool:
    """Whether the interval of a row's gain is below zero."""
    return float(row[VALUE]["high"] or 0.0) < 0


def stress(
    comparison: Comparison,
    workers: Workers = 1,
    variants: Sequence[WorldVariant] | None = None,
    cache: TrialCache | None = None,
    on_done: Callable[[], None] | None = None,
) -> dict[str, Any]:
    """Differences of a challenger to a baseline in each perturbed world, with 95 % intervals over the seeds.

    Args:
        comparison: scenario, seeds and accounts; its two plans are the challenger and the baseline.
        variants: the worlds; None = `stress_set()`.
        workers, cache, on_done: as for `run_trials`; there are 2 × variants × seeds trials.

    Returns:
        The content of stress.json: `challenger`, `baseline`, `seeds`, `accounts`, `rows`; of the worlds other than the scenario's own:
        `worlds` (how many), `worst` (the one with the smallest gain), `positive` (how many have an interval of the
        gain above zero), `negative` (below).

    Raises:
        InputError, WorkerLost: as `run_trials`.
    """
    variants = list(variants or stress_set())
    trials = stress_trials(comparison, variants)
    outcomes = run_trials([trial for each in trials.values() for trial in each], workers, cache, on_done)
    return stress_results(comparison, variants, trials, outcomes)


Trials = dict[tuple[str, str], list[Trial]]  # by world and policy, one for each seed


def stress_trials(comparison: Comparison, variants: Sequence[WorldVariant]) -> Trials:
    """What has to be simulated.

    Args:
        comparison, variants: as for `stress`.
    """
    return {
        (variant.name, policy): [Trial(comparison, policy, variant, seed) for seed in comparison.seed_range]
        for variant in variants
        for policy in comparison.texts
    }


def stress_results(
    comparison: Comparison, variants: Sequence[WorldVariant], trials: Trials, outcomes: Mapping[Trial, TrialOutcome]
) -> dict[str, Any]:
    """What `stress` returns, from finished trials.

    Args:
        comparison, variants: as for `stress`.
        trials: as `stress_trials` gave them.
        outcomes: of all of them.
    """
    challenger, baseline = comparison.texts
    rows = []
    for variant in variants:
        pair = trials[variant.name, challenger], trials[variant.name, baseline]
        row: dict[str, Any] = {"perturbation": variant.name, "label": variant.label}
        row |= {measure: paired_difference(outcomes, *pair, measure)["relative"] for measure in MEASURES}
        for measure in ABSOLUTE:
            found = paired_difference(outcomes, *pair, measure)
            row[measure] = {name: value for name, value in found.items() if name != "relative"}
        rows.append(row)
    perturbed = [row for row in rows if row["perturbation"] != UNPERTURBED]
    defined = [row for row in perturbed if row[VALUE]["mean"] is not None]
    return {
        "scenario": comparison.load().name,
        "challenger": challenger,
        "baseline": baseline,
        "seeds": list(comparison.seed_range),
        "accounts": comparison.accounts,
        "rows": rows,
        "worlds": len(perturbed),
        "worst": min(defined, key=gain)["perturbation"] if defined else None,
        "positive": sum(map(surely_gains, perturbed)),
        "negative": sum(map(surely_loses, perturbed)),
    }
