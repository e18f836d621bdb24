"""One policy on one seed in one variant of a scenario's world, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from recoup.experiments.comparison import measures
from recoup.experiments.comparison.intervals import difference
from recoup.experiments.comparison.rollout import rollout
from recoup.experiments.comparison.settings import Comparison
from recoup.experiments.robustness.hybrid import Hybrid
from recoup.scenarios.world_variants import WorldVariant

CENTS = 100
CONTACTS = "contacts_per_debtor"
SECONDS_PER_HOUR = 3600


@dataclass(frozen=True)
class Trial:
    """One policy on one seed in one variant of a comparison's scenario.

    Attributes:
        comparison: scenario, portfolio, number of accounts and horizon; its plans and seeds play no part.
        policy: name or file of the policy, as for `recoup compare -p`, or a hybrid of two.
        variant: what is varied in the scenario's world.
        seed: of the accounts and of everything that happens to them.
    """

    comparison: Comparison
    policy: str | Hybrid
    variant: WorldVariant
    seed: int


@dataclass(frozen=True)
class TrialOutcome:
    """What a trial gave.

    Attributes:
        measures: every measure of `comparison.measures.MEASURES`, and contacts per debtor, by name, in its own unit; NaN where it is
            undefined.
        net_money: cash less the fully loaded cost of the whole cohort, currency.
        capacity_hours: hours on shift over the whole horizon, by pool of staff or lines.
        legal_places: places for cases with the legal team, mean over the days.
        settlement_budget: what the budget allowed to be forgiven, currency.
    """

    measures: dict[str, float]
    net_money: float
    capacity_hours: dict[str, float]
    legal_places: float
    settlement_budget: float


def run_trial(trial: Trial) -> TrialOutcome:
    """Simulate a trial.

    Raises:
        InputError: the scenario or the policy cannot be read.
    """
    comparison = trial.comparison
    scenario = comparison.load()
    scenario = scenario.with_world(trial.variant.apply(scenario.world))
    days = comparison.days or scenario.days
    policy_ref = trial.policy.load(scenario) if isinstance(trial.policy, Hybrid) else trial.policy
    run = rollout(scenario, policy_ref, scenario.portfolio(comparison.accounts, trial.seed), trial.seed, days)
    values = measures.measure_run(run)
    values[CONTACTS] = measures.REGISTRY[CONTACTS].of(run, run.accounts)
    opening = float(run.accounts["opening"].sum()) / CENTS
    return TrialOutcome(
        measures=values,
        net_money=values["net_recovery_rate"] * opening,
        capacity_hours={
            pool: float(run.daily[f"{pool}_capacity"].sum()) / SECONDS_PER_HOUR for pool in scenario.world.pools
        },
        legal_places=float(run.daily["legal_capacity"].mean()),
        settlement_budget=scenario.world.settlement_budget * opening,
    )


def paired_difference(
    outcomes: Mapping[Trial, TrialOutcome], challenger: Sequence[Trial], baseline: Sequence[Trial], measure: str
) -> dict[str, object]:
    """Difference of a measure, challenger − baseline, paired by seed under common random numbers.

    Args:
        outcomes: of all trials named.
        challenger, baseline: trials in the same order of seeds.
        measure: name of a measure.

    Returns:
        As `comparison.intervals.difference`: mean and 95 % interval, and `relative` to the baseline.
    """

    def column(trials: Sequence[Trial]) -> list[float]:
        return [outcomes[trial].measures[measure] for trial in trials]

    return difference(column(challenger), column(baseline))
