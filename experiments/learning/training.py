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
from recoup.agents.price_family import PRICES, Card, PriceFamily, load_family
from recoup.agents.training import learners
from recoup.agents.training.behaviour_cloning import behaviour_clone
from recoup.agents.training.budget import KEPT_FREE, LIMITED, Budget, Limit
from recoup.agents.training.objective import Objective, resolved
from recoup.agents.training.vecenv import PortfolioVecEnv
from recoup.experiments.learning.cohorts import Cohorts
from recoup.experiments.learning.settings import Training
from recoup.experiments.learning.validation import PORTFOLIOS, SEED, Arrays, PolyakAverage, Validation
from recoup.experiments.runs.runfolder import fingerprint, open_folder, read_json, versions, write_json, write_whole
from recoup.scenarios.environments import PORTFOLIO_SEED
from recoup.scenarios.levers import LEVERS, variant_of
from recoup.scenarios.schema import Scenario, load_scenario
from recoup.sim.envs.portfolio import PortfolioVectorEnv
from recoup.sim.inputs import InputError
from recoup.sim.parameters import World
from recoup.sim.perturbation import randomised
from recoup.sim.treatments import Menu

EVERY = 10  # rollouts from one checkpoint and validation to the next
CHECKPOINT, PROGRESS, POLICY, FAMILY = "checkpoint", "progress.jsonl", "policy", "family"
AVERAGE = "average.safetensors"
PORTFOLIO_COHORTS = (
    10  # cohorts of the training that make a whole portfolio, at most: what limits and validation are measured on
)
LATEST = 8  # cohorts in the running estimate
STANDARDISED_SHARE = 0.05  # share of account-days that features are standardised on
COST_RATE, COMPLAINT_RATE, CONTACT_RATE = 0.05, 0.1, 0.0003  # steps of prices


@dataclass(frozen=True)
class Baseline:
    """What the plan to beat does: recovery and days on cohorts like those of the training, what is limited on whole portfolios.

    A small cohort has relatively more field visitors than its portfolio, as people are whole; a plan that sends them draws more
    complaints there.

    Attributes:
        recovery: recovery rate.
        days: mean days to recover.
        cost: discounted cost over opening balance, without staff.
        complaints: expected complaints per account.
        contacts: contact attempts per account.
    """

    recovery: float
    days: float
    cost: float
    complaints: float
    contacts: float


def trained_stem(training: Training) -> str:
    """Name, without ending, of the two files that a training leaves in its folder: a policy's, or a family's."""
    return FAMILY if training.price_family else POLICY


def environment(training: Training, scenario: Scenario, objective: Objective) -> PortfolioVecEnv:
    """The cohorts of a training run.

    Args:
        training: the settings; `paired_rollouts` counts for learners in `learners.PAIRED_ROLLOUT_BUFFERS` alone.
        scenario: that they name.
        objective: what is paid out; its prices may be moved later.
    """
    size, paired_rollouts = (
        training.accounts,
        training.paired_rollouts if training.algorithm in learners.PAIRED_ROLLOUT_BUFFERS else 1,
    )
    portfolio = scenario.portfolio(20 * size if scenario.synthetic else None, PORTFOLIO_SEED + training.seed)
    envs = [
        PortfolioVectorEnv(
            scenario.world, scenario.rules, portfolio, min(size, len(portfolio)), scenario.days, fill="cohort"
        )
        for _ in range(training.cohorts * paired_rollouts)
    ]
    return PortfolioVecEnv(
        envs,
        objective,
        another_world=_another_world(training, scenario.world),
        seed=PORTFOLIO_SEED + 1000 * training.seed,
        contact_cap_per_week=training.contact_cap_per_week,
        paired_rollouts=paired_rollouts,
        show_hidden=training.hidden_state_critic and training.algorithm in learners.HIDDEN_STATE_CRITICS,
        price_family=training.price_family,
        plan=_improved(training, scenario),
    )


def _improved(training: Training, scenario: Scenario) -> Plan | None:
    """The plan that the network is to improve.

    Raises:
        InputError: no such plan, or a policy that is none; or a learner that can't improve one.
    """
    if not training.improve:
        return None
    if not (training.hidden_state_critic and training.algorithm in learners.HIDDEN_STATE_CRITICS):
        raise InputError("--improve", "", training.improve, "maskable-ppo or ppo, with the hidden-state critic")
    plan = load_policy(training.improve, scenario.name, scenario.world)
    if not isinstance(plan, Plan):
        raise InputError("--improve", "", training.improve, "a plan")
    return plan


def _another_world(training: Training, world: World) -> Callable[[np.random.Generator], World] | None:
    """What draws the worlds that cohorts live in: a little wrong, and some with all levers moved within their ranges."""
    if not training.domain_randomisation and not training.lever_worlds:
        return None

    def draw(rng: np.random.Generator) -> World:
        varied = randomised(world, training.domain_randomisation, rng)
        if rng.random() >= training.lever_worlds:
            return varied
        settings = [lever.setting(float(rng.random())) for lever in LEVERS]
        return variant_of(varied, "training", settings).apply(varied)

    return draw


@dataclass(frozen=True)
class BaselineRollout:
    """What a plan does on the cohorts of a training, in the true world.

    Attributes:
        recovery: recovery rate, mean over the cohorts.
        days: mean days to recover, unresolved accounts counting the whole horizon.
        features: some of the account-days that it led through, as the learner would be given them, float32 (rows, features).
    """

    recovery: float
    days: float
    features: NDArray[np.float32]


def rollout_baseline(env: PortfolioVecEnv, plan: Plan, rounds: int = 2) -> BaselineRollout:
    """Run a plan on each of the environment's cohorts, in the true world.

    Args:
        env: the cohorts; their contact cap does not bind the plan.
        plan: the plan to beat.
        rounds: how many cohorts for each family of paired rollouts.
    """
    rng = np.random.default_rng(0)
    recovery, days, rows = [], [], []
    for number in range(rounds * env.families):
        one = env.envs[number % len(env.envs)]
        observations, _ = one.reset(seed=PORTFOLIO_SEED - 1 - number)
        simulation, is_open = one.simulation, np.ones(one.num_envs, bool)
        while simulation.day < one.days:
            actions = np.zeros(one.num_envs, np.int64)
            told = rng.random(len(PRICES) if env.price_family else 0, np.float32)
            allowed = one.action_masks()
            rows.append(
                env.encoded(one, observations, allowed, told)[is_open & (rng.random(is_open.size) < STANDARDISED_SHARE)]
            )
            actions[is_open] = plan.act(observations[is_open], allowed[is_open])
            observations, _, _, _, info = one.step(actions)
            is_open = info["open"]
        a = simulation.accounts
        recovery.append(a["cash"].sum() / a["opening"].sum())
        days.append(np.where(resolved(a), a["closed_day"] + 1, one.days).mean())
    return BaselineRollout(float(np.mean(recovery)), float(np.mean(days)), np.concatenate(rows))


class _Progress(BaseCallback):
    """After each rollout: move the prices, note the figures, tell the caller; after some, keep a checkpoint and the best policy."""

    def __init__(self, run: _Run, start: int, notify: Callable[[int, dict[str, float]], None] | None) -> None:
        super().__init__()
        self._run, self._start, self._notify, self._lines = run, start, notify, 0
        # Learners off policy call a few steps a rollout; theirs is as long as the others'.
        self._rollouts = run.training.algorithm in learners.ON_POLICY
        self._entropy = float(run.hyperparameters.settings.get("ent_coef", 0.0))

    def _on_rollout_start(self) -> None:
        if self._rollouts:  # exploration is needed early, and costs something in the end
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
        usage = run.env.pop_usage()
        run.budget.pay(usage)
        run.average.update(run.weights())
        steps = self._start + self.num_timesteps
        line: dict[str, Any] = {
            "steps": steps,
            **run.budget.history[-1],
            "recovery": _latest(run.env.recovered),
            "days": _latest(run.env.times),
            "recovery_baseline": run.baseline.recovery,
            "days_baseline": run.baseline.days,
        }
        if run.env.paired_rollouts > 1:
            line["variance_left"] = self.model.rollout_buffer.variance_left  # type: ignore[attr-defined]
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
        if self._notify:
            self._notify(steps, line)


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
    hyperparameters: learners.Hyperparameters
    command: str
    baseline: Baseline
    budget: Budget
    validation: Validation
    improved: Plan | None = None
    average: PolyakAverage = field(default_factory=PolyakAverage)
    best: float = -np.inf

    def weights(self) -> dict[str, NDArray[np.float32]]:
        """The acting network as it is now."""
        return learners.weights(self.training.algorithm, self.learner)

    def keep_best(self, steps: int) -> dict[str, Any]:
        """Assess the averaged network; if none was better, write it as the policy."""
        exported = export(
            self.training,
            self.scenario,
            self.menu,
            self.average.arrays,
            self.hyperparameters,
            self.command,
            self.baseline,
            self.budget,
            self.improved,
        )
        assessment = self.validation.assess_any(exported)
        if assessment["score"] >= self.best:
            self.best = assessment["score"]
            exported.card.training["chosen"] = {"steps": steps, **assessment, "baseline": self.validation.baseline}
            exported.save(self.folder / trained_stem(self.training))
        return assessment

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
        self.average, self.best = PolyakAverage(load_file(self.folder / AVERAGE)), float(state["best"])
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
    notify: Callable[[int, dict[str, float]], None] | None = None,
) -> learned.LearnedPolicy | PriceFamily:
    """Train, and write the policy into the folder; interrupted, `resume` goes on from the latest checkpoint.

    Args:
        training: the settings.
        folder: of the run; new, unless `resume`.
        resume: continue the run in the folder; the settings must be its own, `steps` excepted.
        command: what the user typed, for the policy's card.
        notify: called after each rollout with the account-days so far and the figures of its line in `progress.jsonl`.

    Returns:
        The best version so far, as read back from the folder: a policy, or with `price_family` a family of policies.

    Raises:
        InputError: wrong scenario, plan, algorithm, hyper-parameters or folder.
    """
    scenario = load_scenario(training.scenario)
    menu = Menu.of(scenario.world.channels, scenario.world.offers, scenario.world.legal)
    hyperparameters = learners.hyperparameters(
        training.algorithm, Path(training.hyperparameters) if training.hyperparameters else None
    )
    plan = Plan.load(training.baseline, menu)
    improved = _improved(training, scenario)
    cloned = training.warm_start if not training.improve else None
    teacher = load_policy(cloned, scenario.name, scenario.world) if cloned else None
    settings = json.loads(json.dumps({**asdict(training), "world": fingerprint(scenario.world, scenario.rules)}))
    settings.pop("steps")  # a run may be prolonged
    open_folder(folder, settings, resume)
    torch.manual_seed(training.seed)
    torch.distributions.Distribution.set_default_validate_args(False)  # an eighth of the learner's time
    objective = Objective(time_weight=training.time_weight)
    env = environment(training, scenario, objective)
    measured = rollout_baseline(env, plan)
    most = PORTFOLIO_COHORTS * training.accounts
    portfolios = Cohorts(scenario, min(scenario.accounts or most, most), range(SEED, SEED + PORTFOLIOS))
    validation = Validation(portfolios, plan, training.time_weight, training.limits)
    baseline = Baseline(measured.recovery, measured.days, *(validation.baseline[part] for part in LIMITED))
    budget = Budget(objective)
    if training.limits and not training.price_family:  # a family is told its prices
        budget.cost = Limit("cost", (1 - KEPT_FREE) * baseline.cost, COST_RATE)
        budget.complaints = Limit(
            "complaints", (1 - KEPT_FREE) * baseline.complaints, COMPLAINT_RATE, training.complaint_price
        )
        budget.contacts = Limit("contacts", (1 - KEPT_FREE) * baseline.contacts, CONTACT_RATE)
        budget.charge()
    learner = learners.build(training.algorithm, env, hyperparameters, training.seed, folder / "tensorboard")
    learners.standardise(learner, measured.features, env.planned_columns)
    run = _Run(
        training, folder, scenario, menu, env, learner, hyperparameters, command, baseline, budget, validation, improved
    )
    done = run.restore() if resume else 0
    if done:
        env.seed(PORTFOLIO_SEED + 1000 * training.seed + done % 1_000_003)
    elif teacher and training.algorithm in ("maskable-ppo", "ppo"):
        behaviour_clone(learner, env, teacher, PORTFOLIO_SEED + training.seed, training.algorithm == "maskable-ppo")
    left = training.steps - done
    if left > 0:
        try:
            learner.learn(left, callback=_Progress(run, done, notify))
        finally:  # interrupted as well
            run.average.update(run.weights())
            run.keep_best(done + learner.num_timesteps)
            run.save_checkpoint(done + learner.num_timesteps)
    elif not (folder / f"{trained_stem(training)}.json").exists():
        run.average.update(run.weights())
        run.keep_best(done)
    if training.price_family:
        return load_family(folder / f"{FAMILY}.json", menu)
    return learned.load(folder / f"{POLICY}.json", menu)


def export(
    training: Training,
    scenario: Scenario,
    menu: Menu,
    arrays: Arrays,
    hyperparameters: learners.Hyperparameters,
    command: str,
    baseline: Baseline,
    budget: Budget,
    improved: Plan | None = None,
) -> learned.LearnedPolicy | PriceFamily:
    """An acting network (see `learners.weights`) with its card.

    Args:
        training: the settings.
        scenario: that they name.
        menu: of the scenario.
        arrays: weights by name, standardisation folded in.
        hyperparameters: the network's shape.
        command: what the user typed.
        baseline: what the plan to beat does.
        budget: its prices, as they stand.
        improved: the plan whose choice the network sees.

    Returns:
        The policy, or the family of policies, in memory; its `save` writes the checksum into the card.
    """
    family: dict[str, Any] = {"prices": list(PRICES)} if training.price_family else {}
    kind = Card if training.price_family else learned.Card
    card = kind(
        **family,
        format=learned.FORMAT,
        name=training.name,
        scenario=scenario.name,
        algorithm=training.algorithm,
        layers=list(hyperparameters.net),
        memory=hyperparameters.lstm or 0,
        activation="tanh" if training.algorithm in learners.ON_POLICY else "relu",
        choice="sampled" if training.algorithm in learners.ON_POLICY else "best",
        contact_cap_per_week=training.contact_cap_per_week,
        improves=improved.file.model_dump(exclude_none=True) if improved else None,
        features=list(features.NAMES),
        menu=menu.names,
        sha256="0" * 64,
        training={
            "command": command,
            **asdict(training),
            "network": hyperparameters.model_dump(exclude_none=True),
            "baseline": {"plan": training.baseline, **asdict(baseline)},
            "prices": budget.prices,
            "seeds": f"portfolio {PORTFOLIO_SEED + training.seed}; cohorts from {PORTFOLIO_SEED + 1000 * training.seed}",
            "versions": versions(learning=True),
        },
        limits=(
            "Trained in simulation only. Its debtors are the scenario's; before it treats anybody, compare it under other "
            "behaviour (`recoup stress`), audit it (`recoup audit`), and try it on few accounts beside the plan in force."
        ),
    )
    return PriceFamily(card, dict(arrays)) if isinstance(card, Card) else learned.LearnedPolicy(card, dict(arrays))
