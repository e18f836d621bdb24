"""From a learned policy to a readable plan, and how much of its advantage the plan keeps: `recoup distill`.

The tree learns on cohorts far from any comparison's seeds: first those that the policy itself leads through the world, then also
those that its own earlier trees lead through (DAgger; Ross, Gordon & Bagnell 2011). Of several sizes and rounds the best by simulation
on further such cohorts is kept; how much it keeps is then measured on other seeds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from agents.distill import Extract, Sample, extract
from agents.learned import LearnedPolicy
from agents.library import load_policy
from agents.objective import Objective
from agents.plan import Plan, PlanFile
from agents.policy import Policy
from experiments.cohorts import Cohorts
from experiments.intervals import interval
from scenarios.environments import PORTFOLIO_SEED
from scenarios.schema import Scenario
from sim.inputs import InputError
from sim.simulation import Simulation

KEPT = 0.1  # share of account-days the tree learns from
COLLECT_SEED, SELECT_SEED = PORTFOLIO_SEED + 500_000, PORTFOLIO_SEED + 600_000
TRIED = 4  # acts of a leaf that are tried
MARGIN = 0.0005  # of the opening balance: less is luck


Options = dict[int, list[int]]  # acts by leaf, the preferred first


@dataclass(frozen=True)
class Distillation:
    """A plan and how it was found: one row per candidate tree, with what it is worth before and after its leaves were tried."""

    plan: PlanFile
    candidates: list[dict[str, float]]


def collect(scenario: Scenario, leader: Policy, teacher: LearnedPolicy, accounts: int, seed: int) -> Sample:
    """What the teacher would do on account-days that the leader brings about."""
    simulation = Simulation(scenario.world, scenario.portfolio(accounts, seed), scenario.rules, seed)
    rng = np.random.default_rng(seed)
    observations, probabilities = [], []
    while simulation.day < scenario.days and not simulation.finished:
        seen, masks = simulation.observe(), simulation.masks()
        actions = leader.act(seen, masks, simulation.open_accounts)
        kept = rng.random(len(seen)) < KEPT
        observations.append(seen[kept])
        probabilities.append(teacher.probabilities(seen[kept], masks[kept]))
        simulation.advance(actions, leader.priority(seen, actions))
    return Sample(np.concatenate(observations), np.concatenate(probabilities))


def distill(
    scenario: Scenario,
    given: str,
    leaves: Sequence[int],
    rounds: int = 2,
    accounts: int = 2000,
    name: str = "distilled",
    tell: Callable[[str], None] | None = None,
) -> Distillation:
    """The best readable plan found for a learned policy.

    Raises:
        InputError: not a learned policy without memory.
    """
    teacher = load_policy(given, scenario.name, scenario.world)
    if not isinstance(teacher, LearnedPolicy) or teacher.card.memory:
        raise InputError("policy", "", given, "a learned policy without memory")
    training = teacher.card.training
    prices = training.get("prices", {})
    objective = Objective(training.get("speed", 0.0), prices.get("cost", 0.0), prices.get("complaints", 0.0))
    cohorts = Cohorts(scenario, accounts, (SELECT_SEED, SELECT_SEED + 1))
    menu = cohorts.menu

    def worth_of(file: PlanFile) -> float:
        return float(objective.value(*cohorts.parts(Plan.of(file, menu)).T).mean())

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
            described = (
                name,
                f"Distilled from {teacher.name}",
                f"A tree of at most {size} leaves that imitates the learned policy «{teacher.name}» of {scenario.name}; what each "
                "leaf does was then tried in simulation, among what the policy itself does there.",
            )
            tree = extract(sample, menu, size)
            write = partial(_written, tree, described)
            plain = worth_of(write(tree.options))
            options, worth = try_leaves(tree, lambda o, w=write: worth_of(w(o)), plain)  # type: ignore[misc]
            candidates.append({"round": number + 1, "leaves": size, "imitated": plain, "tried": worth})
            if tell:
                tell(
                    f"round {number + 1}, {size} leaves: objective {plain:.4f} as imitated, {worth:.4f} with its leaves tried"
                )
            if best is None or worth > best[0]:
                best = worth, write(options)
        assert best is not None
        leader = Plan.of(best[1], menu)
    assert best is not None
    return Distillation(best[1], candidates)


def _written(tree: Extract, described: tuple[str, str, str], options: Options) -> PlanFile:
    return tree.plan(options, *described)


def try_leaves(tree: Extract, worth: Callable[[Options], float], start: float) -> tuple[Options, float]:
    """Leaf by leaf, the largest first, put another of the policy's own acts first where that is worth more (one sweep)."""
    options, best = {leaf: list(acts) for leaf, acts in tree.options.items()}, start
    for leaf in sorted(tree.size, key=lambda one: -tree.size[one]):
        for act in tree.options[leaf][1:TRIED]:
            candidate = {**options, leaf: [act, *(other for other in tree.options[leaf] if other != act)]}
            value = worth(candidate)
            if value > best + MARGIN:
                options, best = candidate, value
    return options, best


def kept_share(ours: Sequence[float], plan: Sequence[float], base: Sequence[float]) -> dict[str, Any]:
    """Share of a policy's advantage over a base that a plan keeps: ratio of mean differences, and the differences' intervals."""
    gain, left = np.subtract(ours, base), np.subtract(plan, base)
    total = float(gain.mean())
    return {
        "share": float(left.mean()) / total if total else None,
        "advantage": interval(gain.tolist()),
        "kept": interval(left.tolist()),
    }
