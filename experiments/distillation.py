"""From a learned policy to a readable plan, and how much of its advantage the plan keeps: `recoup distill`.

The tree learns on cohorts far from any comparison's seeds: first those that the policy itself leads through the world, then also
those that its own earlier trees lead through (DAgger; Ross, Gordon & Bagnell 2011). Of several sizes and rounds the best by simulation
on further such cohorts is kept; how much it keeps is then measured on other seeds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from agents.distill import Sample, distil
from agents.learned import LearnedPolicy
from agents.library import load_policy
from agents.plan import Plan, PlanFile
from agents.policy import Policy
from experiments import measures
from experiments.intervals import interval
from experiments.rollout import follow
from scenarios.environments import PORTFOLIO_SEED
from scenarios.schema import Scenario
from sim.inputs import InputError
from sim.simulation import Simulation

KEPT = 0.1  # share of account-days the tree learns from
COLLECT_SEED, SELECT_SEED = PORTFOLIO_SEED + 500_000, PORTFOLIO_SEED + 600_000


@dataclass(frozen=True)
class Distillation:
    """A plan and how it was found: one row per candidate (leaves, round, objective on the selection cohorts)."""

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
    rounds: int = 3,
    accounts: int = 3000,
    name: str = "distilled",
    tell: Callable[[str], None] | None = None,
) -> Distillation:
    """The best readable plan found for a learned policy.

    Raises:
        InputError: not a learned policy without memory.
    """
    teacher = load_policy(given, scenario.name, scenario.world)
    if not isinstance(teacher, LearnedPolicy) or teacher.card.memory:
        raise InputError("--policy", "", given, "a learned policy without memory")
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
            simulation = Simulation(
                scenario.world, scenario.portfolio(accounts, SELECT_SEED), scenario.rules, SELECT_SEED
            )
            file = distil(
                sample,
                simulation.menu,
                size,
                name,
                f"Distilled from {teacher.name}",
                f"A tree of at most {size} leaves that imitates the learned policy «{teacher.name}» of {scenario.name}.",
            )
            plan = Plan.of(file, simulation.menu)
            run = follow(scenario, plan, simulation, scenario.days)
            worth = measures.MEASURE["npv_rate"].of(run, run.accounts)
            time = measures.MEASURE["time_to_recover_days"].of(run, run.accounts)
            candidates.append({"round": number + 1, "leaves": size, "npv_rate": worth, "time_to_recover_days": time})
            if tell:
                tell(f"round {number + 1}, {size} leaves: net present value {worth:.1%}, {time:.0f} days")
            if best is None or worth > best[0]:
                best = worth, file
        assert best is not None
        leader = Plan.of(best[1], simulation.menu)
    assert best is not None
    return Distillation(best[1], candidates)


def kept_share(ours: Sequence[float], plan: Sequence[float], base: Sequence[float]) -> dict[str, Any]:
    """Share of a policy's advantage over a base that a plan keeps: ratio of mean differences, and the differences' intervals."""
    gain, left = np.subtract(ours, base), np.subtract(plan, base)
    total = float(gain.mean())
    return {
        "share": float(left.mean()) / total if total else None,
        "advantage": interval(gain.tolist()),
        "kept": interval(left.tolist()),
    }
