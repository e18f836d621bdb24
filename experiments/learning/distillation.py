"""From a learned policy to a readable plan, and how much of its advantage the plan keeps: `recoup distill`.

Two ways, of which the better plan is kept. A tree imitates the policy; what each leaf does is then tried in simulation. And the plan that
the policy's training began from gets exceptions: what the policy does otherwise (`recoup.agents.plans.departures`), as far as the plan is worth
more with them. Either learns on cohorts far from any comparison's seeds: those that the policy itself leads through the world and, with more than
one round, those that the earlier trees lead through (DAgger; Ross, Gordon & Bagnell 2011). How much the plan keeps is measured on other seeds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from recoup.agents.learned import LearnedPolicy
from recoup.agents.library import load_plan, load_policy
from recoup.agents.plans.departures import departures
from recoup.agents.plans.distill import NO_ACT, Extract, Sample, extract
from recoup.agents.plans.plan import Plan
from recoup.agents.plans.plan_file import PlanFile
from recoup.agents.plans.writing import plan_data
from recoup.agents.policy import Policy
from recoup.agents.training.objective import Objective
from recoup.experiments.comparison.intervals import interval
from recoup.experiments.comparison.measures import MEASURE, measure_run
from recoup.experiments.comparison.rollout import roll_out
from recoup.experiments.learning.cohorts import Cohorts, simulate_cohort
from recoup.experiments.learning.tuning import Search
from recoup.experiments.learning.validation import Validation
from recoup.experiments.runs.file_kinds import NumberOrNan, exactly
from recoup.experiments.runs.kept import Kept, holding
from recoup.experiments.runs.one_thread import one_thread
from recoup.experiments.runs.runfolder import fingerprint, versions
from recoup.scenarios.environments import PORTFOLIO_SEED
from recoup.scenarios.schema import Scenario
from recoup.sim.inputs import Document, InputError
from recoup.sim.portfolio.table import Portfolio
from recoup.sim.simulation import Simulation

KEPT = 0.1  # share of account-days the tree learns from
MEASURED = holding(Annotated[dict[str, NumberOrNan], exactly(MEASURE)])
COLLECT_SEED, SELECT_SEED = PORTFOLIO_SEED + 500_000, PORTFOLIO_SEED + 600_000
DEPART_SEED, DEPART_COHORTS = PORTFOLIO_SEED + 620_000, 8  # what exceptions are tried on
CHOOSE_SEED, CHOOSE_COHORTS = (
    PORTFOLIO_SEED + 640_000,
    8,
)  # what the candidates are chosen on, that neither way has seen
DEPART_LEAVES, MOST_TRIED = 6, 120  # of each rule's tree; exceptions, the most frequent first
TRIED = 4  # acts of a leaf that are tried
SWEEPS = 2
LEAVES = (24, 40)  # sizes of tree that are tried unless others are named
MARGIN = 0.0005  # of the opening balance: less is noise


Options = dict[int, list[int]]  # acts by leaf, the preferred first


@dataclass(frozen=True)
class Distilled:
    """A plan and how it was found.

    Attributes:
        candidates: one row per tree, with what it is worth before (`imitated`) and after (`tried`) its leaves were tried; and one of the
            plan with exceptions, with its worth before and after, under the same names, its number of `exceptions`, and of rules `left_out`.
            `unseen` is each one's worth on cohorts that it was not made on, by which one is chosen.
    """

    plan: PlanFile
    candidates: list[dict[str, float]]


Step = Callable[[str, int], None]


def collect(scenario: Scenario, leader: Policy, teacher: LearnedPolicy, accounts: int, seed: int) -> Sample:
    """What the teacher would do on account-days that the leader brings about.

    Args:
        scenario: whose world.
        leader: decides what happens.
        teacher: is asked on a share `KEPT` of the account-days, drawn by the seed.
        accounts: of the cohort.
        seed: of the cohort's accounts and random numbers, and of that draw.
    """
    rng = np.random.default_rng(seed)
    days: list[Sample] = []

    def ask(seen: NDArray[np.float32], masks: NDArray[np.bool_]) -> None:
        kept = rng.random(len(seen)) < KEPT
        days.append(Sample(seen[kept], teacher.probabilities(seen[kept], masks[kept]), masks[kept]))

    simulate_cohort(scenario, leader, scenario.portfolio(accounts, seed), seed, ask)
    return Sample.together(days)


def distill(
    scenario: Scenario,
    policy: str,
    leaves: Sequence[int],
    start: str | None = None,
    rounds: int = 1,
    accounts: int = 2000,
    name: str = "distilled",
    baseline: str = "staged",
    notify: Callable[[str], None] | None = None,
    kept: Kept | None = None,
    step: Step = lambda stage, total: None,
) -> Distilled:
    """The best readable plan found for a learned policy, by its objective and within the cost, complaints and contacts of another plan.

    Args:
        scenario: whose accounts the tree learns on.
        policy: the learned policy's name or file.
        leaves: sizes of tree to try.
        start: plan that may get exceptions; None = the one that the policy's training began from, if any.
        rounds: 1 = behaviour cloning; more = DAgger.
        accounts: of each cohort.
        name: of the plan.
        baseline: plan whose cost, complaints and contacts are the limits.
        notify: called with a line of text for each tree.
        kept: where what was tried is kept, for a run that is interrupted; None = nowhere.
        step: called after each step of a stage («trees», «exceptions»), with how many it has at most.

    Raises:
        InputError: not a learned policy without memory.
    """
    teacher = load_policy(policy, scenario.name, scenario.world)
    if not isinstance(teacher, LearnedPolicy) or teacher.card.memory:
        raise InputError("policy", "", policy, "a learned policy without memory")
    plan = _plan_to_start_from(scenario, teacher, start, notify or (lambda line: None))
    cohorts = Cohorts(scenario, accounts, (SELECT_SEED, SELECT_SEED + 1), kept or Kept(None))
    search = _Search(
        scenario, teacher, cohorts, load_policy(baseline, scenario.name, scenario.world), name, notify, step
    )
    candidates = search.trees(leaves, rounds)
    if plan:
        candidates.append(search.exceptions(plan))
    unseen = search.on(replace(cohorts, seeds=range(CHOOSE_SEED, CHOOSE_SEED + CHOOSE_COHORTS)))
    rows = [{**one.found, "unseen": unseen.worth(one.plan)} for one in candidates]
    best = max(range(len(rows)), key=lambda number: rows[number]["unseen"])  # of equals the first
    return Distilled(candidates[best].plan, rows)


def _plan_to_start_from(
    scenario: Scenario, teacher: LearnedPolicy, start: str | None, notify: Callable[[str], None]
) -> Plan | None:
    """The plan that is named, or else the one that the policy's training began from: None where that was none, or is not there.

    Raises:
        InputError: the named one is no plan.
    """
    if start:
        return load_plan("--start", start, scenario.name, scenario.world)
    begun_from = teacher.card.training.get("improve") or teacher.card.training.get("warm_start")
    try:
        return load_plan("warm start", begun_from, scenario.name, scenario.world) if begun_from else None
    except InputError:
        notify(f"training began from {begun_from}, which is no plan, or not here: trees alone")
        return None


@dataclass(frozen=True)
class _Candidate:
    plan: PlanFile
    found: dict[str, float]  # see `Distilled.candidates`


@dataclass(frozen=True)
class _Search:
    """Both ways from a policy to a plan.

    Attributes:
        teacher: the policy.
        cohorts: on which a plan's worth is measured.
        reference: policy whose cost, complaints and contacts are the limits.
        name: of the plan.
        notify: called with a line of text for each candidate.
        step: see `distill`.
    """

    scenario: Scenario
    teacher: LearnedPolicy
    cohorts: Cohorts
    reference: Policy
    name: str
    notify: Callable[[str], None] | None
    step: Step

    def on(self, cohorts: Cohorts) -> _Search:
        """The same on other cohorts."""
        return replace(self, cohorts=cohorts)

    @cached_property
    def _validation(self) -> Validation:
        return Validation(self.cohorts, self.reference, self._time_weight, self._limits)

    @property
    def _time_weight(self) -> float:
        return float(self.teacher.card.training.get("time_weight", 0.0))

    @property
    def _limits(self) -> bool:
        return bool(self.teacher.card.training.get("limits", True))

    def worth(self, file: PlanFile) -> float:
        """By the objective, less what is overdrawn of the limits."""
        return float(self._validation.assess(Plan.of(file, self.cohorts.menu))["score"])

    def _say(self, line: str) -> None:
        if self.notify:
            self.notify(line)

    def trees(self, leaves: Sequence[int], rounds: int) -> list[_Candidate]:
        """A tree of each size in each round; from the second on, the best so far leads to the account-days that trees learn from."""
        leader: Policy = self.teacher
        samples: list[Sample] = []
        found: list[_Candidate] = []
        for number in range(rounds):
            samples.append(collect(self.scenario, leader, self.teacher, self.cohorts.accounts, COLLECT_SEED + number))
            sample = Sample.together(samples)
            for size in leaves:
                tree = extract(sample, self.cohorts.menu, size)
                write = partial(
                    tree.plan,
                    name=self.name,
                    title=f"Distilled from {self.teacher.name}",
                    description=(
                        f"A tree of at most {size} leaves that imitates the learned policy «{self.teacher.name}» of {self.scenario.name}; "
                        "what each leaf does was then tried in simulation, among what the policy itself does there."
                    ),
                    contact_cap_per_week=self.teacher.card.contact_cap_per_week,
                )
                plain = self.worth(write(tree.options))
                options, worth = try_leaves(tree, lambda o, w=write: self.worth(w(o)), plain)  # type: ignore[misc]
                row = {"round": number + 1, "leaves": size, "imitated": plain, "tried": worth}
                found.append(_Candidate(write(options), row))
                self.step("trees", rounds * len(leaves))
                self._say(
                    f"round {number + 1}, {size} leaves: objective {plain:.4f} as imitated, {worth:.4f} with its leaves tried"
                )
            leader = Plan.of(max(found, key=lambda one: one.found["tried"]).plan, self.cohorts.menu)
        return found

    def exceptions(self, plan: Plan) -> _Candidate:
        """The plan, with exceptions where the policy departs from it and the plan is worth more if it does so as well."""
        cohorts = replace(self.cohorts, seeds=range(DEPART_SEED, DEPART_SEED + DEPART_COHORTS))
        head = {
            "name": self.name,
            "title": f"{plan.file.title[:60]}, with exceptions from {self.teacher.name}",
            "description": (
                f"The plan «{plan.name}», which the training of the learned policy «{self.teacher.name}» of {self.scenario.name} began from, with "
                "exceptions: what the policy does otherwise, as far as it helped in simulation. Rules that did not help are left out."
            ),
        }
        limits = cohorts.parts(self.reference) if self._limits else None
        search = Search(cohorts, plan_data(plan.file) | head, Objective(self._time_weight), limits)
        before = self.worth(search.best)
        sample = collect(self.scenario, self.teacher, self.teacher, self.cohorts.accounts, COLLECT_SEED)
        found = departures(plan, sample, DEPART_LEAVES)[:MOST_TRIED]
        most = len(found) + len(plan.file.rules)
        search.on_try = lambda: self.step("exceptions", most)
        kept = search.depart(found, self.notify)
        left_out = search.prune(self.notify)
        row = {"exceptions": kept, "left_out": left_out, "imitated": before, "tried": self.worth(search.best)}
        self._say(
            f"{plan.name}, {kept} exceptions kept of {len(found)} tried, {left_out} rules left out: objective {before:.4f} before, "
            f"{row['tried']:.4f} after"
        )
        return _Candidate(search.best, row)


def try_leaves(tree: Extract, worth: Callable[[Options], float], start: float) -> tuple[Options, float]:
    """Leaf by leaf, the largest first, put another of the policy's own acts, or nothing, first where that is worth more.

    Goes round again while that helps, at most SWEEPS times: what one leaf uses of a limit is not there for another.

    Args:
        tree: the fitted tree; it is not changed.
        worth: what options are worth by the objective; simulates.
        start: `worth` of the tree's own options.

    Returns:
        The best options found, and what they are worth.
    """
    options, best = {leaf: list(acts) for leaf, acts in tree.options.items()}, start
    nothing = tree.acts.index(NO_ACT)
    for _ in range(SWEEPS):
        before = best
        for leaf in sorted(tree.size, key=lambda one: -tree.size[one]):
            for act in dict.fromkeys([*tree.options[leaf][:TRIED], nothing]):
                if act == options[leaf][0]:
                    continue
                candidate = {**options, leaf: [act, *(other for other in tree.options[leaf] if other != act)]}
                value = worth(candidate)
                if value > best + MARGIN:
                    options, best = candidate, value
        if best == before:
            break
    return options, best


def measures_of(
    scenario: Scenario, policy: str | Document, accounts: int | None, seeds: Sequence[int], kept: Kept
) -> list[dict[str, float]]:
    """A policy's measures on each seed.

    Args:
        scenario: world, rules and horizon.
        policy: its name or file, or a plan's document.
        accounts: of each seed's portfolio; None = the scenario's.
        seeds: one portfolio each.
        kept: where what is finished is kept.
    """
    world, menu = scenario.world, scenario.menu

    def fresh() -> Policy:
        return Plan.load(policy, menu) if isinstance(policy, Document) else load_policy(policy, scenario.name, world)

    def key(portfolio: Portfolio, seed: int) -> str:
        return fingerprint(world, scenario.rules, scenario.days, portfolio.table, seed, fresh().identity, versions())

    def measured(portfolio: Portfolio, seed: int) -> dict[str, float]:
        simulation = Simulation(world, portfolio, scenario.rules, seed)
        with one_thread():
            return measure_run(roll_out(scenario, fresh(), simulation, scenario.days))

    portfolios = {seed: scenario.portfolio(accounts, seed) for seed in seeds}
    return [
        kept.once(partial(key, one, seed), MEASURED, partial(measured, one, seed)) for seed, one in portfolios.items()
    ]


def kept_share(ours: Sequence[float], plan: Sequence[float], base: Sequence[float]) -> dict[str, Any]:
    """Share of a policy's advantage over a base that a plan keeps: the ratio of mean differences.

    Args:
        ours, plan, base: a measure under the policy, under the plan and under the base, one value per seed, in the same
            order.

    Returns:
        `share` (None where the policy's mean advantage is 0), and the intervals `advantage` (policy − base) and `kept`
        (plan − base).
    """
    gain, left = np.subtract(ours, base), np.subtract(plan, base)
    total = float(gain.mean())
    return {
        "share": float(left.mean()) / total if total else None,
        "advantage": interval(gain.tolist()),
        "kept": interval(left.tolist()),
    }
