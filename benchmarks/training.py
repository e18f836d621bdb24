"""Speed of the environments and of learning on them, measured side by side in one run.

Rates are per second of CPU time of the calling thread for the environment alone (so that other programs on the machine
disturb little), and per second of wall time for learning, which uses several threads.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import gymnasium as gym
import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from sb3_contrib import MaskablePPO
from stable_baselines3.common.vec_env import DummyVecEnv, VecEnv

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import recoup  # noqa: F401
from recoup.agents.features import encode
from recoup.agents.training.masked_sampling import MaskedCategorical
from recoup.agents.training.vecenv import PortfolioVecEnv
from recoup.sim.envs.portfolio import PortfolioVectorEnv
from recoup.sim.simulation import Simulation

KERNELS = ("wake", "allowed", "observe", "decide", "live")


def portfolio_env(places: int, **options: Any) -> PortfolioVectorEnv:
    env = gym.make_vec("recoup/Portfolio-v1", num_envs=places, **options)
    assert isinstance(env, PortfolioVectorEnv)
    return env


class Clock:
    """CPU seconds by name, of wrapped methods."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = defaultdict(float)

    def timed(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            start = time.thread_time()
            result = function(*arguments, **options)
            self.spent[name] += time.thread_time() - start
            return result

        return call


def environment_speed(console: Console, sizes: list[int], days: int) -> None:
    """Observations, masks, rewards and renewals; random lawful treatments on about one day of ten."""
    table = Table(title=f"Portfolio-v1, {days} days after 180 days of warming up, one thread")
    for column in (
        "fill",
        "places",
        "million env steps/s",
        "with features",
        "step",
        "masks",
        "features",
        "of step: kernels",
    ):
        table.add_column(column, justify="right")
    for fill in ("living", "cohort"):
        for places in sizes:
            env, clock, random = portfolio_env(places, fill=fill), Clock(), np.random.default_rng(0)
            env.reset(seed=1)
            step, masks, features = (
                clock.timed(name, function)
                for name, function in (("step", env.step), ("masks", env.action_masks), ("features", encode))
            )
            over_rows = Simulation._over_rows
            Simulation._over_rows = clock.timed("kernels", over_rows)  # type: ignore[method-assign]
            for day in range(180 + days):
                if day == 180:
                    clock.spent.clear()
                mask = masks()
                choice = random.integers(0, mask.shape[1], places)
                lawful = mask[np.arange(places), choice] & (random.random(places) < 0.3)
                features(step(np.where(lawful, choice, 0))[0])
            Simulation._over_rows = over_rows  # type: ignore[method-assign]
            spent, total = clock.spent, places * days
            alone = spent["step"] + spent["masks"]
            table.add_row(
                fill,
                f"{places:,}",
                f"{total / alone / 1e6:.2f}",
                f"{total / (alone + spent['features']) / 1e6:.2f}",
                *(f"{spent[name] / days * 1e6:,.0f} µs" for name in ("step", "masks", "features")),
                f"{(spent['kernels'] - spent['masks']) / spent['step']:.0%}",
            )
    console.print(table)


class Case(NamedTuple):
    """A learner to measure."""

    environment: str
    places: int
    units: int
    epochs: int
    threads: int
    ours: bool = True  # `recoup.agents.training.masked_sampling`; False: sb3-contrib's own distribution


CASES = (
    Case("Portfolio-v1", 1024, 64, 3, 1, ours=False),
    Case("Portfolio-v1", 1024, 64, 3, 1),
    Case("Portfolio-v1", 1024, 64, 3, 2),
    Case("Portfolio-v1", 4000, 128, 4, 1),
    Case("Portfolio-v1", 4000, 128, 4, 2),
    Case("Account-v1", 8, 64, 3, 2),
)


def measured(case: Case, steps: int) -> tuple[float, float]:
    """Steps per second of learning, and the share of it in the environment."""
    torch.set_num_threads(case.threads)
    shared = case.environment == "Portfolio-v1"
    venv: VecEnv
    if shared:
        venv = PortfolioVecEnv([portfolio_env(case.places, fill="cohort")], seed=1)
    else:
        venv = DummyVecEnv([lambda: gym.make("recoup/Account-v1") for _ in range(case.places)])
    rollout = 64 * case.places
    model = MaskablePPO(
        "MlpPolicy",
        venv,
        n_steps=64,
        batch_size=8192 if shared else 512,
        n_epochs=case.epochs,
        policy_kwargs={"net_arch": [case.units, case.units]},
        device="cpu",
        seed=0,
    )
    if case.ours:
        model.policy.action_dist = MaskedCategorical(venv.action_space.n)  # type: ignore[attr-defined, assignment]
    model.learn(rollout)
    clock = Clock()
    for method in ("step_wait", "env_method"):
        setattr(venv, method, clock.timed("env", getattr(venv, method)))
    count = max(1, steps // rollout) * rollout if shared else rollout
    start = time.perf_counter()
    model.learn(count)
    seconds = time.perf_counter() - start
    return count / seconds, clock.spent["env"] / seconds


def learning_speed(console: Console, steps: int) -> None:
    """MaskablePPO on the shared portfolio, and on single accounts one after the other."""
    table = Table(title="MaskablePPO, rollouts of 64 days, batches of 8,192 (Account-v1: 512)")
    for column in (
        "environment",
        "network",
        "epochs",
        "distribution",
        "torch threads",
        "steps/s",
        "in the environment",
    ):
        table.add_column(column, justify="right")
    # Checking each distribution's arguments costs a seventh of learning and finds nothing here.
    torch.distributions.Distribution.set_default_validate_args(False)
    rates = {}
    for case in CASES:
        rates[case], inside = measured(case, steps)
        table.add_row(
            f"{case.environment} × {case.places:,}",
            f"{case.units}×{case.units}",
            str(case.epochs),
            "ours" if case.ours else "sb3-contrib",
            str(case.threads),
            f"{rates[case]:,.0f}",
            f"{inside:.0%}",
        )
    console.print(table)
    theirs, ours, two, single = rates[CASES[0]], rates[CASES[1]], rates[CASES[2]], rates[CASES[-1]]
    console.print(f"ratio of our distribution to sb3-contrib's: {ours / theirs:.2f}")
    console.print(f"ratio of the shared portfolio to single accounts under DummyVecEnv: {two / single:.0f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer steps, about a minute")
    quick = parser.parse_args().quick
    console = Console(width=140)
    environment_speed(console, [1024, 4096], 60 if quick else 360)
    learning_speed(console, 262_144 * (1 if quick else 3))


if __name__ == "__main__":
    main()
