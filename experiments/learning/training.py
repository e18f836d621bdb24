"""Training a policy: cohorts of a scenario, a learner, limits as prices, checkpoints, and an evaluation on unseen seeds.

Folder: `run.json` (settings), `progress.jsonl` (one line a rollout), `progress.json` (how far it is, while it runs), `checkpoint.zip` (to
go on from: `checkpoint`), `tensorboard/`, and `policy.json` with `policy.safetensors`: the best version so far (`validation`).
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.callbacks import BaseCallback

from recoup.agents import features, learned
from recoup.agents.library import load_plan, load_policy
from recoup.agents.plans.plan import Plan
from recoup.agents.policy_files import check_tensors
from recoup.agents.price_family import PRICES, Card, PriceFamily, load_family
from recoup.agents.training import learners
from recoup.agents.training.behaviour_cloning import behaviour_clone
from recoup.agents.training.budget import KEPT_FREE, LIMITED, Budget, Limit
from recoup.agents.training.devices import device_for
from recoup.agents.training.objective import Objective, resolved
from recoup.agents.training.vecenv import PortfolioVecEnv
from recoup.experiments.learning.checkpoint import CHECKPOINT, read_progress, restore, restore_learner, write_checkpoint
from recoup.experiments.learning.cohorts import Cohorts
from recoup.experiments.learning.files import progress_line
from recoup.experiments.learning.helpers import processes_for, shared
from recoup.experiments.learning.settings import MAY_DIFFER, SEEDS_OF_COHORTS, Training
from recoup.experiments.learning.validation import PORTFOLIOS, SEED, Arrays, PolyakAverage, Validation
from recoup.experiments.runs.one_thread import one_thread
from recoup.experiments.runs.progress import noted
from recoup.experiments.runs.runfolder import fingerprint, open_folder, versions, write_text
from recoup.scenarios.environments import PORTFOLIO_SEED
from recoup.scenarios.levers import LEVERS, variant_of
from recoup.scenarios.schema import Scenario, load_scenario
from recoup.sim.envs.portfolio import PortfolioVectorEnv
from recoup.sim.inputs import InputError
from recoup.sim.parameters import World
from recoup.sim.perturbation import randomised
from recoup.sim.treatments import Menu

EVERY = 10  # rollouts from one validation to the next
CHECKPOINT_SECONDS = 60.0  # from one checkpoint to the next, or a rollout where that takes longer
PROGRESS, POLICY, FAMILY = "progress.jsonl", "policy", "family"
PORTFOLIO_COHORTS = (
    10  # cohorts of the training that make a whole portfolio, at most: what limits and validation are measured on
)
LATEST = 8  # cohorts in the running estimate
STANDARDISED_SHARE = 0.05  # share of account-days that features are standardised on
COST_RATE, COMPLAINT_RATE, CONTACT_RATE = 0.05, 0.1, 0.0003  # steps of prices
COMPLAINT_DAMPING = 2.0


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

    Raises:
        InputError: as `_improved`.
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
        seed=PORTFOLIO_SEED + SEEDS_OF_COHORTS * training.seed,
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
    return load_plan("--improve", training.improve, scenario.name, scenario.world)


def _refuse_family_with_memory(training: Training) -> None:
    """A family's prices enter the first layer of a network without memory.

    Raises:
        InputError: a learner with memory is to train a family.
    """
    if training.price_family and training.algorithm == "recurrent-ppo":
        learners_without = ", ".join(one for one in learners.ALGORITHMS if one != training.algorithm)
        raise InputError(
            "--price-family", "--algo", training.algorithm, f"a learner without memory: {learners_without}"
        )


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


def validation_portfolios(scenario: Scenario, accounts: int) -> Cohorts:
    """What limits and versions are measured on: whole portfolios, or ten cohorts' worth of accounts where that is less.

    Args:
        scenario: whose accounts.
        accounts: of a cohort of the training.
    """
    most = PORTFOLIO_COHORTS * accounts
    return Cohorts(scenario, min(scenario.accounts or most, most), range(SEED, SEED + PORTFOLIOS))


def limited(training: Training, objective: Objective, used: Mapping[str, float]) -> Budget:
    """The limits of a training, which charge the objective their first prices; none for a family, which is told its prices.

    Args:
        training: the settings.
        objective: its prices will be moved.
        used: what the plan to beat uses of each of `LIMITED`, a little more than is allowed.
    """
    budget = Budget(objective)
    if training.limits and not training.price_family:
        allowed = {name: (1 - KEPT_FREE) * used[name] for name in LIMITED}
        budget.cost = Limit("cost", allowed["cost"], COST_RATE)
        budget.complaints = Limit(
            "complaints", allowed["complaints"], COMPLAINT_RATE, training.complaint_price, damping=COMPLAINT_DAMPING
        )
        budget.contacts = Limit("contacts", allowed["contacts"], CONTACT_RATE)
        budget.charge()
    return budget


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
    """After each rollout: move the prices, note the figures, tell the caller; after some, keep a checkpoint and the best policy.

    A checkpoint is written before the next rollout begins, when the learner has made its update and holds no samples.
    """

    def __init__(self, run: _Run, notify: Callable[[int, dict[str, float]], None] | None) -> None:
        super().__init__()
        self._run, self._notify = run, notify
        self._checkpointed, self._between = -np.inf, True
        # Learners off policy call a few steps a rollout; theirs is as long as the others'.
        self._rollouts = run.training.algorithm in learners.ON_POLICY
        self._entropy = float(run.hyperparameters.settings.get("ent_coef", 0.0))

    def _on_rollout_start(self) -> None:
        if self._between and time.monotonic() - self._checkpointed >= CHECKPOINT_SECONDS:
            self._run.save_checkpoint()
            self._checkpointed = time.monotonic()
        self._between = False
        if self._rollouts:
            learners.critic_alone(self.model, self._run.rollouts < self._run.training.critic_rollouts)
            # Exploration is needed early, and costs something in the end.
            self.model.ent_coef = self._entropy * self.model._current_progress_remaining  # type: ignore[attr-defined]

    def _on_step(self) -> bool:
        env = self._run.env
        if not self._rollouts and self.num_timesteps // env.num_envs % (env.days // env.families) == 0:
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
        steps = self.num_timesteps
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
        run.rollouts += 1
        if run.rollouts % EVERY == 0:
            line["validation"] = run.keep_best(steps)
        self._between = True
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
    rollouts: int = 0

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
            str(self.learner.device),
        )
        assessment = self.validation.assess_any(exported)
        if assessment["score"] >= self.best:
            self.best = assessment["score"]
            exported.card.training["chosen"] = {"steps": steps, **assessment, "baseline": self.validation.baseline}
            exported.save(self.folder / trained_stem(self.training))
        return assessment

    def close(self) -> None:
        """Take the last update into the average, and assess it."""
        self.average.update(self.weights())
        self.keep_best(self.learner.num_timesteps)

    def save_checkpoint(self) -> None:
        """All that the next rollout depends on."""
        progress = {
            "steps": self.learner.num_timesteps,
            "asked": self.training.steps,
            "rollouts": self.rollouts,
            "limits": self.budget.state,
            "best": self.best if np.isfinite(self.best) else None,
        }
        write_checkpoint(self.folder, self.learner, self.env, self.average.arrays, progress)

    def restore(self, progress: dict[str, Any]) -> None:
        """Go back to the checkpoint; what was noted after it will come again.

        Raises:
            InputError: it is broken, or of another network or other limits.
        """
        path, limits = self.folder / CHECKPOINT, [limit.name for limit in self.budget.limits]
        if list(progress["limits"]) != limits:
            raise InputError(path, "limits", ", ".join(progress["limits"]), ", ".join(limits) or "none")
        average = restore(self.folder, self.learner, self.env)
        self.rollouts = progress["rollouts"]
        if average or self.rollouts:
            check_tensors(path, average, {name: w.shape for name, w in self.weights().items()})
        self.average, self.best = PolyakAverage(average), -np.inf if progress["best"] is None else progress["best"]
        self.budget.restore(progress["limits"])
        self.learner._update_current_progress_remaining(int(progress["steps"]), max(self.training.steps, 1))

    def cut_lines(self, steps: int) -> None:
        """Leave in `progress.jsonl` what was noted up to so many steps; what is no such line goes."""
        path = self.folder / PROGRESS
        if path.exists():
            whole = path.read_text(encoding="utf-8", errors="replace").split("\n")[:-1]
            kept = [line for line in whole if (noted := progress_line(line)) and noted["steps"] <= steps]
            write_text(path, "".join(f"{line}\n" for line in kept))


def _learn(run: _Run, done: int, anew: bool, notify: Callable[[int, dict[str, float]], None] | None) -> None:
    """What is left of a training; its policy and its last checkpoint are written."""
    training, folder = run.training, run.folder
    written = folder / f"{trained_stem(training)}.json"
    if training.steps > done:
        with noted(folder, "account-days", {training.name: training.steps}, {training.name: done}) as notes:

            def note(steps: int, line: dict[str, float]) -> None:
                notes.advance(training.name, steps)
                if notify:
                    notify(steps, line)

            try:
                run.learner.learn(training.steps - done, callback=_Progress(run, note), reset_num_timesteps=anew)
            except KeyboardInterrupt:
                if not written.exists():
                    run.close()
                raise
    if training.steps > done or not written.exists():
        run.close()
        run.save_checkpoint()


@one_thread()
def train(
    training: Training,
    folder: Path,
    resume: bool = False,
    command: str = "",
    notify: Callable[[int, dict[str, float]], None] | None = None,
) -> learned.LearnedPolicy | PriceFamily:
    """Train, and write the policy into the folder; interrupted, `resume` goes on from the latest checkpoint as if nothing had been.

    The weights are then those of an uninterrupted training with the same steps, but off policy (`checkpoint`).

    Args:
        training: the settings.
        folder: of the run; new, unless `resume`.
        resume: continue the run in the folder; the settings must be its own, `MAY_DIFFER` excepted.
        command: what the user typed, for the policy's card.
        notify: called after each rollout with the account-days so far and the figures of its line in `progress.jsonl`.

    Returns:
        The best version so far, as read back from the folder: a policy, or with `price_family` a family of policies.

    Raises:
        InputError: wrong scenario, plan, algorithm, hyper-parameters, device or folder.
    """
    _refuse_family_with_memory(training)
    scenario = load_scenario(training.scenario)
    menu = scenario.menu
    hyperparameters = learners.hyperparameters(
        training.algorithm, Path(training.hyperparameters) if training.hyperparameters else None
    )
    plan = load_plan("--baseline", training.baseline, scenario.name, scenario.world)
    device = device_for(training.device)
    improved = _improved(training, scenario)
    cloned = training.warm_start if not training.improve else None
    teacher = load_policy(cloned, scenario.name, scenario.world) if cloned else None
    begun = {"world": fingerprint(scenario.world, scenario.rules), "network": hyperparameters.model_dump()}
    settings = json.loads(json.dumps({**asdict(training), **begun}))
    for name in MAY_DIFFER:
        settings.pop(name)
    open_folder(folder, settings, resume)
    torch.manual_seed(training.seed)
    torch.distributions.Distribution.set_default_validate_args(False)  # an eighth of the learner's time
    objective = Objective(time_weight=training.time_weight)
    env = environment(training, scenario, objective)
    learner = learners.build(training.algorithm, env, hyperparameters, training.seed, folder / "tensorboard", device)
    progress = read_progress(folder) if resume else None
    done = int(progress["steps"]) if progress else 0
    if progress:
        restore_learner(folder, learner, env.num_envs)  # refused, if broken, before the plan to beat is simulated
    with shared(learner, processes_for(learner, training.threads, training.steps - done)):
        measured = rollout_baseline(env, plan)
        validation = Validation(
            validation_portfolios(scenario, training.accounts), plan, training.time_weight, training.limits
        )
        baseline = Baseline(measured.recovery, measured.days, *(validation.baseline[part] for part in LIMITED))
        budget = limited(training, objective, validation.baseline)
        learners.standardise(learner, measured.features, env.planned_columns)
        run = _Run(
            training,
            folder,
            scenario,
            menu,
            env,
            learner,
            hyperparameters,
            command,
            baseline,
            budget,
            validation,
            improved,
        )
        if progress:
            run.restore(progress)
        elif teacher and training.algorithm in ("maskable-ppo", "ppo"):
            behaviour_clone(learner, env, teacher, PORTFOLIO_SEED + training.seed, training.algorithm == "maskable-ppo")
        run.cut_lines(done)  # once nothing more can be refused
        _learn(run, done, progress is None, notify)
    if training.price_family:
        return load_family(folder / f"{FAMILY}.json", menu)
    return learned.load(folder / f"{POLICY}.json", menu)


def how_it_resumes(training: Training, folder: Path) -> list[tuple[str, dict[str, object]]]:
    """What `train` with `resume` will do: where it goes on, and what will differ from an uninterrupted training.

    Args:
        training: the settings.
        folder: of the run.

    Returns:
        Names of sentences (`terminal.train.resumes` in the catalogues), each with its values.

    Raises:
        InputError: a broken checkpoint.
    """
    progress = read_progress(folder)
    if progress is None:
        return [("anew", {})]
    said: list[tuple[str, dict[str, object]]] = [("after", {"steps": f"{progress['steps']:,}"})]
    if training.steps != progress["asked"]:
        said.append(("asked", {"asked": progress["asked"], "steps": training.steps}))
    if training.algorithm not in learners.ON_POLICY:
        said.append(("memory", {"algorithm": training.algorithm}))
    return said


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
    device: str = "cpu",
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
        device: that it was trained on.

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
        features=list(features.features_of(menu.vocabulary).names),
        menu=menu.names,
        sha256="0" * 64,
        training={
            "command": command,
            **{name: value for name, value in asdict(training).items() if name != "threads"},
            "device": device,
            "network": hyperparameters.model_dump(exclude_none=True),
            "baseline": {"plan": training.baseline, **asdict(baseline)},
            "prices": budget.prices,
            "seeds": f"portfolio {PORTFOLIO_SEED + training.seed}; cohorts from {PORTFOLIO_SEED + SEEDS_OF_COHORTS * training.seed}",
            "versions": versions(learning=True),
        },
        limits=(
            "Trained in simulation only. Its debtors are the scenario's; before it treats anybody, compare it under other "
            "behaviour (`recoup stress`), audit it (`recoup audit`), and try it on few accounts beside the plan in force."
        ),
    )
    if isinstance(card, Card):
        return PriceFamily(card, dict(arrays), menu.vocabulary)
    return learned.LearnedPolicy(card, dict(arrays), vocabulary=menu.vocabulary)
