"""Speed of the environments and of learning on them, measured in turn in one run, round after round.

- Environments alone: the shared portfolio against single accounts under Stable-Baselines3's `DummyVecEnv` and Gymnasium's `SyncVectorEnv`.
- MaskablePPO: ours (`recoup.agents.training.masked_ppo`) against sb3-contrib's own on the same cohorts with the same networks and settings, its buffer, its
  masked distribution and its checks of arguments as they come; and sb3-contrib's on single accounts under `DummyVecEnv`.

An account-day is a step of one sub-environment; an open one is a day of an account that is open: a row that is learned from. Rates are
per CPU second of all threads and helpers, so that other programs disturb little, and by the clock, which says something on an idle machine alone.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import gymnasium as gym
import numpy as np
import torch
from rich.console import Console
from rich.table import Table
from sb3_contrib import MaskablePPO
from stable_baselines3.common.vec_env import DummyVecEnv
from torch import nn

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import recoup  # noqa: F401
from benchmarks.in_turn import in_turn, spread
from recoup.agents.features import encode
from recoup.agents.training import learners
from recoup.agents.training.hidden_state import MaskableHiddenStateCritic
from recoup.agents.training.objective import Objective
from recoup.agents.training.vecenv import PortfolioVecEnv
from recoup.agents.treatment_parts import parts_matrix
from recoup.experiments.learning.helpers import shared as shared_by
from recoup.experiments.learning.settings import Training
from recoup.experiments.learning.training import environment
from recoup.experiments.runs.runfolder import write_text
from recoup.scenarios.schema import load_scenario
from recoup.sim.envs.portfolio import PortfolioVectorEnv

SINGLE = 8  # accounts of the vector environments of single accounts
CHECKED = torch.distributions.Distribution._validate_args  # as PyTorch comes; `learn` of ours and of theirs set it


class Spent(NamedTuple):
    """One turn of a case."""

    steps: int
    open_steps: int
    cpu: float
    clock: float


Case = Callable[[], tuple[int, int]]  # does its work, returns account-days and open ones


def cpu_seconds() -> float:
    """Of this process and its helpers."""
    ticks = 0
    for helper in multiprocessing.active_children():
        after_name = Path(f"/proc/{helper.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        ticks += int(after_name[11]) + int(after_name[12])  # user and system time (proc(5))
    return time.process_time() + ticks / os.sysconf("SC_CLK_TCK")


def spent_in_turn(cases: dict[str, Case], rounds: int) -> dict[str, list[Spent]]:
    """What each case spends."""

    def spend(case: Case) -> Spent:
        clock, cpu = time.perf_counter(), cpu_seconds()
        steps, open_steps = case()
        return Spent(steps, open_steps, cpu_seconds() - cpu, time.perf_counter() - clock)

    return in_turn({name: partial(spend, case) for name, case in cases.items()}, rounds)


def portfolio_env(places: int, **options: Any) -> PortfolioVectorEnv:
    env = gym.make_vec("recoup/Portfolio-v1", num_envs=places, **options)
    assert isinstance(env, PortfolioVectorEnv)
    return env


def shared(fill: str, places: int, days: int, features: bool) -> Case:
    """Observations, masks, rewards and renewals; random lawful treatments on about one day of ten."""
    env, random = portfolio_env(places, fill=fill), np.random.default_rng(0)
    env.reset(seed=1)
    is_open = np.ones(places, bool)

    def step() -> int:
        nonlocal is_open
        mask, count = env.action_masks(), int(is_open.sum())
        choice = random.integers(0, mask.shape[1], places)
        lawful = mask[np.arange(places), choice] & (random.random(places) < 0.3)
        observations, _, _, _, info = env.step(np.where(lawful, choice, 0))
        if features:
            encode(observations)
        is_open = info["open"]
        return count

    for _ in range(180):  # the ages of accounts mix
        step()
    return lambda: (places * days, sum(step() for _ in range(days)))


def single(kind: str, days: int) -> Case:
    """Single accounts that nothing is done to, one after the other."""
    made = [lambda: gym.make("recoup/Account-v1") for _ in range(SINGLE)]
    env: Any = DummyVecEnv(made) if kind == "DummyVecEnv" else gym.vector.SyncVectorEnv(made)  # type: ignore[arg-type]
    env.reset()

    def case() -> tuple[int, int]:
        for _ in range(days):
            env.step(np.zeros(SINGLE, np.int64))
        return SINGLE * days, SINGLE * days

    return case


def learner(ours: bool, units: int, accounts: int, processes: int = 1, helped: ExitStack | None = None) -> Case:
    """A rollout and its update, by the settings of `recoup train` but for the control variate, which sb3-contrib does not have.

    Args:
        ours: or sb3-contrib's.
        units: of each of two layers.
        accounts: of a cohort.
        processes: that share it.
        helped: ends the helpers, if there are several.
    """
    training = Training(accounts=accounts, paired_rollouts=1, cohorts=8)
    scenario = load_scenario(training.scenario)
    env: PortfolioVecEnv = environment(training, scenario, Objective())
    shipped = learners.hyperparameters("maskable-ppo")
    rollout = env.days // env.families
    settings = shipped.settings | {"batch_size": min(shipped.settings["batch_size"], rollout * env.num_envs // 8)}
    model: Any
    if ours:
        parameters = shipped.model_copy(update={"net": [units, units], "settings": settings})
        model = learners.build("maskable-ppo", env, parameters, 1)
        if helped:
            helped.enter_context(shared_by(model, processes))
    else:
        model = MaskablePPO(
            MaskableHiddenStateCritic,
            env,
            learning_rate=shipped.learning_rate,
            n_steps=rollout,
            policy_kwargs={
                "net_arch": {"pi": [units, units], "vf": [units, units]},
                "activation_fn": nn.Tanh,
                "features_extractor_class": learners.Standardised,
                "parts": parts_matrix(env.envs[0].menu),
            },
            device="cpu",
            seed=1,
            **settings,
        )
    steps = rollout * env.num_envs

    def case() -> tuple[int, int]:
        torch.distributions.Distribution.set_default_validate_args(CHECKED and not ours)
        model.learn(steps, reset_num_timesteps=False)
        return steps, int(model.rollout_buffer.is_open.sum()) if ours else 0

    return case


def learner_of_single_accounts(units: int, days: int) -> Case:
    """sb3-contrib's MaskablePPO under DummyVecEnv."""
    env = DummyVecEnv([lambda: gym.make("recoup/Account-v1") for _ in range(SINGLE)])  # type: ignore[list-item, return-value]
    model = MaskablePPO(
        "MlpPolicy",
        env,
        n_steps=days,
        batch_size=SINGLE * days // 4,
        n_epochs=4,
        policy_kwargs={"net_arch": [units, units]},
        device="cpu",
        seed=1,
    )

    def case() -> tuple[int, int]:
        torch.distributions.Distribution.set_default_validate_args(CHECKED)
        model.learn(SINGLE * days, reset_num_timesteps=False)
        return SINGLE * days, SINGLE * days

    return case


def rates(turns: Sequence[Spent]) -> dict[str, dict[str, float]]:
    """Median, least and most of each rate, a second."""
    of = {
        "account-days per CPU second": [turn.steps / turn.cpu for turn in turns],
        "open account-days per CPU second": [turn.open_steps / turn.cpu for turn in turns],
        "account-days a second by the clock": [turn.steps / turn.clock for turn in turns],
        "cores used": [turn.cpu / turn.clock for turn in turns],
    }
    return {name: spread(values) for name, values in of.items()}


def ratio(found: dict[str, list[Spent]], fast: str, slow: str, by: str = "cpu") -> dict[str, float]:
    """How many times as fast, round by round: per CPU second, or by the clock."""
    each = [
        (one.steps / getattr(one, by)) / (other.steps / getattr(other, by))
        for one, other in zip(found[fast], found[slow], strict=True)
    ]
    return spread(each)


def shown(console: Console, title: str, found: dict[str, list[Spent]]) -> dict[str, Any]:
    """Print a table of rates, and return them."""
    table = Table("", title=title, title_justify="left")
    measured = {name: rates(turns) for name, turns in found.items()}
    for column in next(iter(measured.values()), {}):
        table.add_column(column, justify="right")
    for name, row in measured.items():
        cells = []
        for column, value in row.items():
            digits = 1 if column == "cores used" else 0
            middle, least, most = (f"{value[key]:,.{digits}f}" for key in ("median", "least", "most"))
            cells.append(f"{middle} ({least}–{most})" if value["most"] else "")
        table.add_row(name, *cells)
    if measured:  # --only may have left none
        console.print(table)
    return measured


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="small cohorts and two rounds, a minute")
    parser.add_argument("--rounds", type=int, help="turns of each case, default 5")
    parser.add_argument("--out", type=Path, help="JSON file for the figures")
    parser.add_argument("--only", default="", help="cases whose names hold this")
    given = parser.parse_args()
    rounds = given.rounds or (2 if given.quick else 5)
    days, places, accounts = (30, 1024, 60) if given.quick else (180, 4096, 500)
    console = Console(width=150)
    torch.set_num_threads(1)

    alone = {
        **{
            f"{fill}, {places:,} places{', features' * features}": shared(fill, places, days, features)
            for fill in ("living", "cohort")
            for features in (False, True)
        },
        **{f"{SINGLE} accounts, {kind}": single(kind, 60) for kind in ("DummyVecEnv", "SyncVectorEnv")},
    }
    alone = {name: case for name, case in alone.items() if given.only in name}
    environments = spent_in_turn(alone, rounds)
    figures: dict[str, Any] = {"environments": shown(console, "Environments alone, medians (least–most)", environments)}

    made: dict[str, Callable[[], Case]] = {}
    with ExitStack() as helped:
        for units in (64, 128):
            made[f"{units}×{units}, sb3-contrib"] = partial(learner, False, units, accounts)
            made[f"{units}×{units}, ours"] = partial(learner, True, units, accounts)
            made[f"{units}×{units}, ours, 2 processes"] = partial(learner, True, units, accounts, 2, helped)
        made["64×64, sb3-contrib, single accounts"] = partial(learner_of_single_accounts, 64, 64)
        learning = spent_in_turn({name: make() for name, make in made.items() if given.only in name}, rounds)
    size = f"8 cohorts of {accounts}, rollouts of 22 days, 4 epochs"
    figures["learning"] = shown(console, f"MaskablePPO, {size}, medians (least–most)", learning)

    pairs = [
        *(
            (f"cohort, {places:,} places", f"{SINGLE} accounts, {kind}", "cpu")
            for kind in ("DummyVecEnv", "SyncVectorEnv")
        ),
        *((f"{units}×{units}, ours", f"{units}×{units}, sb3-contrib", "cpu") for units in (64, 128)),
        *(
            (f"{units}×{units}, ours, 2 processes", f"{units}×{units}, ours", by)
            for units in (64, 128)
            for by in ("cpu", "clock")
        ),
        ("64×64, ours", "64×64, sb3-contrib, single accounts", "cpu"),
    ]
    figures["ratios"] = {}
    found = environments | learning
    for fast, slow, by in pairs:
        if {fast, slow} <= set(found):
            times = ratio(found, fast, slow, by)
            name = f"{fast} / {slow}, {'by the clock' if by == 'clock' else 'CPU time'}"
            figures["ratios"][name] = times
            console.print(f"{name}: {times['median']:.2f} ({times['least']:.2f}–{times['most']:.2f})")
    if given.out:
        write_text(given.out, json.dumps(figures, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
