"""The same comparison in worlds that are changed on purpose: other behaviour, other staff, other luck with the economy."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from recoup.experiments.comparison import measures
from recoup.experiments.comparison.intervals import difference
from recoup.experiments.comparison.rollout import rollout
from recoup.experiments.comparison.settings import Comparison
from recoup.experiments.robustness.trial_cache import KeptTrials
from recoup.experiments.runs.workers import run_each
from recoup.sim.operations.resources import RESOURCE_NAMES
from recoup.sim.parameters import Shock, World
from recoup.sim.perturbation import with_behaviour


@dataclass(frozen=True)
class Variant:
    """A world as a change of a scenario's.

    Attributes:
        behaviour: factors on behaviour parameters.
        staff: factors on people or lines per 1,000 accounts, by pool.
        legal: factor on the legal team's places and on the court's docket.
        budget: factor on the settlement budget.
        shock: size of a macro shock on day 30.
        wrong_number: share of wrong phone numbers, instead of the scenario's.
    """

    name: str
    label: str
    behaviour: tuple[tuple[str, float], ...] = ()
    staff: tuple[tuple[str, float], ...] = ()
    legal: float = 1.0
    budget: float = 1.0
    shock: float = 0.0
    wrong_number: float | None = None

    def of(self, world: World) -> World:
        """The changed world."""
        world = with_behaviour(world, dict(self.behaviour))
        operations = world.operations
        pools = {name: getattr(operations, name) for name, _ in self.staff}
        changes: dict[str, object] = {
            name: pools[name].model_copy(update={"per_1000_accounts": factor * pools[name].per_1000_accounts})
            for name, factor in self.staff
        }
        changes["legal_cases_per_1000_accounts"] = self.legal * operations.legal_cases_per_1000_accounts
        courts = world.courts.model_copy(
            update={"docket_per_1000_accounts": self.legal * world.courts.docket_per_1000_accounts}
        )
        macro = world.macro
        if self.shock:
            macro = macro.model_copy(update={"shocks": [*macro.shocks, Shock(day=30, size=self.shock)]})
        behaviour = world.behaviour
        if self.wrong_number is not None:
            behaviour = behaviour.model_copy(update={"wrong_number": self.wrong_number})
        return world.model_copy(
            update={
                "operations": operations.model_copy(update=changes),
                "courts": courts,
                "macro": macro,
                "behaviour": behaviour,
                "settlement_budget": min(1.0, self.budget * world.settlement_budget),
            }
        )


@dataclass(frozen=True)
class Trial:
    """One policy on one seed in one variant of a comparison's scenario."""

    comparison: Comparison
    policy: str
    variant: Variant
    seed: int


def run(trial: Trial) -> dict[str, float]:
    """All measures of a trial, and `hours.<pool>` of capacity a day, `net` money of the cohort (currency)."""
    comparison = trial.comparison
    scenario = comparison.load()
    scenario = scenario.with_world(trial.variant.of(scenario.world))
    days = comparison.days or scenario.days
    done = rollout(scenario, trial.policy, scenario.portfolio(comparison.accounts, trial.seed), trial.seed, days)
    taken = measures.take(done)
    opening = float(done.accounts["opening"].sum()) / 100
    taken["net"] = taken["net_recovery_rate"] * opening
    for pool in RESOURCE_NAMES:
        taken[f"hours.{pool}"] = float(done.daily[f"{pool}_capacity"].sum()) / 3600
    taken["cases"] = float(done.daily["legal_capacity"].mean())
    taken["budget"] = scenario.world.settlement_budget * opening
    return taken


def run_all(
    trials: Sequence[Trial],
    workers: int = 1,
    kept: KeptTrials | None = None,
    on_done: Callable[[], None] | None = None,
) -> dict[Trial, dict[str, float]]:
    """Run trials here or in worker processes; the numbers do not depend on which, nor on which were kept from before."""
    kept = kept or KeptTrials(None)
    found = {trial: taken for trial in trials if (taken := kept.get(trial)) is not None}
    for _ in found:
        if on_done:
            on_done()
    for trial, taken in run_each(run, [trial for trial in trials if trial not in found], workers):
        kept.put(trial, taken)
        found[trial] = taken
        if on_done:
            on_done()
    return found


def paired(
    found: Mapping[Trial, Mapping[str, float]], ours: Sequence[Trial], theirs: Sequence[Trial], measure: str
) -> dict[str, object]:
    """Difference of a measure between two rows of trials that go seed by seed, as in a comparison."""
    return difference([found[t][measure] for t in ours], [found[t][measure] for t in theirs])
