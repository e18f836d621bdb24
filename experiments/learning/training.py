"""Training a policy: cohorts of a scenario, a learner, limits as prices, checkpoints, and an evaluation on unseen seeds.

Folder: `run.json` (settings), `progress.jsonl` (one line a rollout), `checkpoint.zip` and `checkpoint.json` (to go on from),
`average.safetensors` beside it, `tensorboard/`, and `policy.json` with `policy.safetensors`: the best version so far (`validation`).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.callbacks import BaseCallback

from recoup.agents import features, learned
from recoup.agents.library import load_policy
from recoup.agents.plans.plan import Plan
from recoup.agents.training import learners
from recoup.agents.training.behaviour_cloning import imitate
from recoup.agents.training.budget import KEPT_FREE, Budget, Limit
from recoup.agents.training.objective import Objective, resolved
from recoup.agents.training.vecenv import PortfolioVecEnv
from recoup.experiments.learning.cohorts import Cohorts
from recoup.experiments.learning.validation import BOOKS, SEED, Arrays, Average, Validation
from recoup.experiments.runs.runfolder import fingerprint, open_folder, read_json, versions, write_json, write_whole
from recoup.scenarios.environments import PORTFOLIO_SEED
from recoup.scenarios.schema import Scenario, load_scenario
from recoup.sim.envs.portfolio import PortfolioVectorEnv
from recoup.sim.treatments import Menu

EVERY = 10  # rollouts from one checkpoint and validation to the next
CHECKPOINT, PROGRESS, POLICY, AVERAGE = "checkpoint", "progress.jsonl", "policy", "average.safetensors"
BOOK = 10  # cohorts of the training that make a whole book, at most: what limits and validation are measured on
LATEST = 8  # cohorts in the running estimate
MET = 0.05  # share of account-days that features are standardised on
COST_RATE, COMPLAINT_RATE = 0.05, 0.1


@dataclass(frozen=True)
class Training:
    """What to train. Seeds of training lie far from those of any comparison (`recoup.scenarios.environments.PORTFOLIO_SEED`)."""

    scenario: str
    algorithm: str = "maskable-ppo"
    steps: int = 20_000_000
    seed: int = 1
    cohorts: int = 4
    twins: int = 2
    accounts: int = 500
    spread: float = 0.1
    speed: float = 0.3
    imitate: str | None = "tiered"
    against: str = "staged"
    limits: bool = True
    complaint_price: float = 2.0
    contact_cap_per_week: int | None = None
    hyperparameters: str | None = None
    name: str = "learned"


@dataclass(frozen=True)
class Reference:
    """What the plan to be beaten does: recovery and days on cohorts like those of the training, cost and complaints on whole books.

    A small cohort has relatively more field visitors than its book, as people are whole; a plan that sends them draws more complaints there.
    """

    recovery: float
    days: float
    cost: float
    complaints: float


def environment(training: Training, scenario: Scenario, objective: Objective) -> PortfolioVecEnv:
    """The cohorts of a training run."""
    size, twins = training.accounts, training.twins if training.algorithm in learners.TWIN_BUFFERS else 1
    portfolio = scenario.portfolio(20 * size if scenario.synthetic else None, PORTFOLIO_SEED + training.seed)
    envs = [
        PortfolioVectorEnv(
            scenario.world, scenario.rules, portfolio, min(size, len(portfolio)), scenario.days, fill="cohort"
        )
        for _ in range(training.cohorts * twins)
    ]
    return PortfolioVecEnv(
        envs,
        objective,
        spread=training.spread,
        seed=PORTFOLIO_SEED + 1000 * training.seed,
        contact_cap_per_week=training.contact_cap_per_week,
        twins=twins,
    )


def follow(env: PortfolioVecEnv, plan: Plan, rounds: int = 2) -> tuple[float, float, NDArray[np.float32]]:
    """Follow the plan on each of the environment's cohorts, in the true world.

    Returns:
        Recovery rate, mean days to recover, and the features of some of the account-days it led through, shape (rows, features).
    """
    rng = np.random.default_rng(0)
    found, met = [], []
    for number in range(rounds * env.families):
        one = env.envs[number % len(env.envs)]
        observations, _ = one.reset(seed=PORTFOLIO_SEED - 1 - number)
        simulation, is_open = one.simulation, np.ones(one.num_envs, bool)
        while simulation.day < one.days:
            actions = np.zeros(one.num_envs, np.int64)
            seen = observations[is_open]
            actions[is_open] = plan.act(seen, one.action_masks()[is_open])
            met.append(features.encode(seen[rng.random(len(seen)) < MET]))
            observations, _, _, _, info = one.step(actions)
            is_open = info["open"]
        a = simulation.accounts
        found.append(
            (a["cash"].sum() / a["opening"].sum(), np.where(resolved(a), a["closed_day"] + 1, one.days).mean())
        )
    recovery, days = np.mean(found, axis=0).tolist()
    return recovery, days, np.concatenate(met)


class _Progress(BaseCallback):
    """After each rollout: move the prices, note the figures, tell the caller; after some, keep a checkpoint and the best policy."""

    def __init__(self, run: _Run, start: int, tell: Callable[[int, dict[str, float]], None] | None) -> None:
        super().__init__()
        self._run, self._start, self._tell, self._lines = run, start, tell, 0
        # Learners off policy call a few steps a rollout; theirs is as long as the others'.
        self._rollouts = run.training.algorithm in learners.ON_POLICY
        self._entropy = float(run.found.settings.get("ent_coef", 0.0))

    def _on_rollout_start(self) -> None:
        if self._rollouts:  # chance is needed to find out, and costs something in the end
            self.model.ent_coef = self._entropy * self.model._current_progress_remaining  # type: ignore[attr-defined]

    def _on_step(self) -> bool:
        env = self._run.env
        if not self._rollouts and self.n_calls % (env.days // env.families) == 0:
            self._note()
        return True

    def _on_rollout_end(self) -> None:
        if self._rollouts:
            self._note()

    def _note(self) -> None:
        run = self._run
        run.budget.pay(*run.env.take_usage())
        run.average.update(run.weights())
        steps = self._start + self.num_timesteps
        line: dict[str, Any] = {
            "steps": steps,
            **run.budget.history[-1],
            "recovery": _latest(run.env.recovered),
            "days": _latest(run.env.times),
            "recovery_against": run.against.recovery,
            "days_against": run.against.days,
        }
        if run.env.twins > 1:
            line["variance_left"] = self.model.rollout_buffer.left  # type: ignore[attr-defined]
        for name, value in line.items():
            if np.isfinite(value):
                self.logger.record(f"recoup/{name}", value)
        self._lines += 1
        if self._lines % EVERY == 0:
            line["validation"] = run.keep_best(steps)
            run.save_checkpoint(steps)
        with (run.folder / PROGRESS).open("a", encoding="utf-8") as file:
            known = {k: v if isinstance(v, dict) or np.isfinite(v) else None for k, v in line.items()}
            file.write(json.dumps(known) + "\n")
        if self._tell:
            self._tell(steps, line)


def _latest(values: list[float]) -> float:
    return float(np.mean(values[-LATEST:])) if values else float("nan")


@dataclass
class _Run:
    """A training under way and its folder."""

    training: Training
    folder: Path
    scenario: Scenario
    menu: Menu
    env: PortfolioVecEnv
    learner: BaseAlgorithm
    found: learners.Hyperparameters
    command: str
    against: Reference
    budget: Budget
    validation: Validation
    average: Average = field(default_factory=Average)
    best: float = -np.inf

    def weights(self) -> dict[str, NDArray[np.float32]]:
        """The acting network as it is now."""
        return learners.weights(self.training.algorithm, self.learner)

    def keep_best(self, steps: int) -> dict[str, Any]:
        """Judge the average network; if none was better, write it as the policy."""
        policy = export(
            self.training,
            self.scenario,
            self.menu,
            self.average.arrays,
            self.found,
            self.command,
            self.against,
            self.budget,
        )
        judged = self.validation.judge(policy)
        if judged["score"] >= self.best:
            self.best = judged["score"]
            policy.card.training["chosen"] = {"steps": steps, **judged, "against": self.validation.against}
            policy.save(self.folder / POLICY)
        return judged

    def save_checkpoint(self, steps: int) -> None:
        """Network, optimiser, average, prices and steps; the JSON file comes last and says that the checkpoint is whole."""
        write_whole(self.folder / f"{CHECKPOINT}.zip", lambda temporary: _save(self.learner, temporary))
        write_whole(self.folder / AVERAGE, lambda temporary: save_file(self.average.arrays, temporary))
        state = {"steps": steps, "prices": self.budget.prices, "best": self.best}
        write_json(self.folder / f"{CHECKPOINT}.json", state)

    def restore(self) -> int:
        """Go back to the checkpoint, if there is one; returns its steps. Tensors alone are read, nothing is unpickled."""
        if not (self.folder / f"{CHECKPOINT}.json").exists():
            return 0
        state = read_json(self.folder / f"{CHECKPOINT}.json")
        self.learner.set_parameters(str(self.folder / f"{CHECKPOINT}.zip"), device="cpu")
        self.average, self.best = Average(load_file(self.folder / AVERAGE)), float(state["best"])
        self.budget.restore(state["prices"])
        return int(state["steps"])


def _save(learner: BaseAlgorithm, path: Path) -> None:
    with path.open("wb") as file:
        learner.save(file)


def train(
    training: Training,
    folder: Path,
    resume: bool = False,
    command: str = "",
    tell: Callable[[int, dict[str, float]], None] | None = None,
) -> learned.LearnedPolicy:
    """Train, and write the policy into the folder; interrupted, `resume` goes on from the latest checkpoint.

    Raises:
        InputError: wrong scenario, plan, algorithm, hyper-parameters or folder.
    """
    scenario = load_scenario(training.scenario)
    menu = Menu.of(scenario.world.channels, scenario.world.offers, scenario.world.legal)
    found = learners.hyperparameters(
        training.algorithm, Path(training.hyperparameters) if training.hyperparameters else None
    )
    plan = Plan.load(training.against, menu)
    teacher = load_policy(training.imitate, scenario.name, scenario.world) if training.imitate else None
    settings = json.loads(json.dumps({**asdict(training), "world": fingerprint(scenario.world, scenario.rules)}))
    settings.pop("steps")  # a run may be prolonged
    open_folder(folder, settings, resume)
    torch.manual_seed(training.seed)
    torch.distributions.Distribution.set_default_validate_args(False)  # an eighth of the learner's time
    objective = Objective(speed=training.speed)
    env = environment(training, scenario, objective)
    recovery, days, met = follow(env, plan)
    most = BOOK * training.accounts
    books = Cohorts(scenario, min(scenario.accounts or most, most), range(SEED, SEED + BOOKS))
    validation = Validation(books, plan, training.speed, training.limits)
    against = Reference(recovery, days, validation.against["cost"], validation.against["complaints"])
    budget = Budget(objective)
    if training.limits:
        budget.cost = Limit("cost", (1 - KEPT_FREE) * against.cost, COST_RATE)
        budget.complaints = Limit(
            "complaints", (1 - KEPT_FREE) * against.complaints, COMPLAINT_RATE, training.complaint_price
        )
        budget.charge()
    learner = learners.build(training.algorithm, env, found, training.seed, folder / "tensorboard")
    learners.standardise(learner, met)
    run = _Run(training, folder, scenario, menu, env, learner, found, command, against, budget, validation)
    done = run.restore() if resume else 0
    if done:
        env.seed(PORTFOLIO_SEED + 1000 * training.seed + done % 1_000_003)
    elif teacher and training.algorithm in ("maskable-ppo", "ppo"):
        imitate(learner, env, teacher, PORTFOLIO_SEED + training.seed, training.algorithm == "maskable-ppo")
    left = training.steps - done
    if left > 0:
        try:
            learner.learn(left, callback=_Progress(run, done, tell))
        finally:  # interrupted as well
            run.average.update(run.weights())
            run.keep_best(done + learner.num_timesteps)
            run.save_checkpoint(done + learner.num_timesteps)
    elif not (folder / f"{POLICY}.json").exists():
        run.average.update(run.weights())
        run.keep_best(done)
    return learned.load(folder / f"{POLICY}.json", menu)


def export(
    training: Training,
    scenario: Scenario,
    menu: Menu,
    arrays: Arrays,
    found: learners.Hyperparameters,
    command: str,
    against: Reference,
    budget: Budget,
) -> learned.LearnedPolicy:
    """An acting network (see `learners.weights`) with its card."""
    card = learned.Card(
        format=learned.FORMAT,
        name=training.name,
        scenario=scenario.name,
        algorithm=training.algorithm,
        layers=list(found.net),
        memory=found.lstm or 0,
        activation="tanh" if training.algorithm in learners.ON_POLICY else "relu",
        choice="sampled" if training.algorithm in learners.ON_POLICY else "best",
        contact_cap_per_week=training.contact_cap_per_week,
        features=list(features.NAMES),
        menu=menu.names,
        sha256="0" * 64,
        training={
            "command": command,
            **asdict(training),
            "network": found.model_dump(exclude_none=True),
            "against": {"plan": training.against, **asdict(against)},
            "prices": budget.prices,
            "seeds": f"portfolio {PORTFOLIO_SEED + training.seed}; cohorts from {PORTFOLIO_SEED + 1000 * training.seed}",
            "versions": versions(learning=True),
        },
        limits=(
            "Trained in simulation only. Its debtors are the scenario's; before it treats anybody, compare it under other "
            "behaviour (`recoup stress`), audit it (`recoup audit`), and try it on few accounts beside the plan in force."
        ),
    )
    return learned.LearnedPolicy(card, dict(arrays))
