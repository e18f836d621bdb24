"""From a learned policy to a readable plan, and how much of its advantage the plan keeps: `recoup distill`.

The tree learns on cohorts far from any comparison's seeds: those that the policy itself leads through the world and, with more than
one round, those that its own earlier trees lead through (DAgger; Ross, Gordon & Bagnell 2011). What each leaf does is then tried on
further such cohorts, and of several sizes and rounds the best is kept; how much it keeps is measured on other seeds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any

import numpy as np
from numpy.typing import NDArray

from recoup.agents.learned import LearnedPolicy
from recoup.agents.library import load_policy
from recoup.agents.plans.distill import NO_ACT, Extract, Sample, extract
from recoup.agents.plans.plan import Plan
from recoup.agents.plans.plan_file import PlanFile
from recoup.agents.policy import Policy
from recoup.experiments.comparison.intervals import interval
from recoup.experiments.comparison.measures import MEASURE, measure_run
from recoup.experiments.comparison.rollout import roll_out
from recoup.experiments.learning.cohorts import Cohorts, simulate_cohort
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
from recoup.sim.treatments import Menu

KEPT = 0.1  # share of account-days the tree learns from
MEASURED = holding(Annotated[dict[str, NumberOrNan], exactly(MEASURE)])
COLLECT_SEED, SELECT_SEED = PORTFOLIO_SEED + 500_000, PORTFOLIO_SEED + 600_000
TRIED = 4  # acts of a leaf that are tried
SWEEPS = 2
LEAVES = (24, 40)  # sizes of tree that are tried unless others are named
MARGIN = 0.0005  # of the opening balance: less is noise


Options = dict[int, list[int]]  # acts by leaf, the preferred first


@dataclass(frozen=True)
class Distilled:
    """A plan and how it was found: one row per candidate tree, with what it is worth before and after its leaves were tried."""

    plan: PlanFile
    candidates: list[dict[str, float]]


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
    observations, probabilities = [], []

    def ask(seen: NDArray[np.float32], masks: NDArray[np.bool_]) -> None:
        kept = rng.random(len(seen)) < KEPT
        observations.append(seen[kept])
        probabilities.append(teacher.probabilities(seen[kept], masks[kept]))

    simulate_cohort(scenario, leader, scenario.portfolio(accounts, seed), seed, ask)
    return Sample(np.concatenate(observations), np.concatenate(probabilities))


def distill(
    scenario: Scenario,
    policy: str,
    leaves: Sequence[int],
    rounds: int = 1,
    accounts: int = 2000,
    name: str = "distilled",
    baseline: str = "staged",
    notify: Callable[[str], None] | None = None,
    kept: Kept | None = None,
) -> Distilled:
    """The best readable plan found for a learned policy, by its objective and within the cost, complaints and contacts of another plan.

    Args:
        scenario: whose accounts the tree learns on.
        policy: the learned policy's name or file.
        leaves: sizes of tree to try.
        rounds: 1 = behaviour cloning; more = DAgger.
        accounts: of each cohort.
        name: of the plan.
        baseline: plan whose cost, complaints and contacts are the limits.
        notify: called with a line of text for each tree.
        kept: where what was tried is kept, for a run that is interrupted; None = nowhere.

    Raises:
        InputError: not a learned policy without memory.
    """
    teacher = load_policy(policy, scenario.name, scenario.world)
    if not isinstance(teacher, LearnedPolicy) or teacher.card.memory:
        raise InputError("policy", "", policy, "a learned policy without memory")
    training = teacher.card.training
    cohorts = Cohorts(scenario, accounts, (SELECT_SEED, SELECT_SEED + 1), kept or Kept(None))
    menu = cohorts.menu
    reference = load_policy(baseline, scenario.name, scenario.world)
    validation = Validation(cohorts, reference, training.get("time_weight", 0.0), training.get("limits", True))

    def worth_of(file: PlanFile) -> float:
        return float(validation.assess(Plan.of(file, menu))["score"])

    leader: Policy = teacher
    samples: list[Sample] = []
    best: tuple[float, PlanFile] | None = None
    candidates: list[dict[str, float]] = []
    for number in range(rounds):
        samples.append(collect(scenario, leader, teacher, accounts, COLLECT_SEED + number))
        sample = Sample(
            np.concatenate([s.observations for s in samples]), np.concatenate([s.probabilities for s in samples])
        )
        for size in leaves:
            tree = extract(sample, menu, size)
            write = partial(
                tree.plan,
                name=name,
                title=f"Distilled from {teacher.name}",
                description=(
                    f"A tree of at most {size} leaves that imitates the learned policy «{teacher.name}» of {scenario.name}; what "
                    "each leaf does was then tried in simulation, among what the policy itself does there."
                ),
                contact_cap_per_week=teacher.card.contact_cap_per_week,
            )
            plain = worth_of(write(tree.options))
            options, worth = try_leaves(tree, lambda o, w=write: worth_of(w(o)), plain)  # type: ignore[misc]
            candidates.append({"round": number + 1, "leaves": size, "imitated": plain, "tried": worth})
            if notify:
                notify(
                    f"round {number + 1}, {size} leaves: objective {plain:.4f} as imitated, {worth:.4f} with its leaves tried"
                )
            if best is None or worth > best[0]:
                best = worth, write(options)
        assert best is not None
        leader = Plan.of(best[1], menu)
    assert best is not None
    return Distilled(best[1], candidates)


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
    world, menu = scenario.world, Menu.of(scenario.world.channels, scenario.world.offers, scenario.world.legal)

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
