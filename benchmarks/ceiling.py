"""A ceiling for learning: how much more would a policy gain that is told what no policy may see, each debtor's hidden traits and states?

The network of `recoup train`, its training and its limits, but for one thing: its actor reads the hidden state as well as its critic
(`recoup.agents.training.hidden_state`). It can be no policy and is not saved. Beside it, on the same unseen cohorts, the plan that it begins from and the
shipped policies.

    python benchmarks/ceiling.py taiwan-cards -p tuned -p learned --steps 12000000 --out runs/ceiling-taiwan-cards.json
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.torch_layers import MlpExtractor

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from recoup.agents.features import encode
from recoup.agents.library import load_plan, load_policy
from recoup.agents.training import learners
from recoup.agents.training.behaviour_cloning import behaviour_clone
from recoup.agents.training.budget import LIMITED, Budget
from recoup.agents.training.hidden_state import HIDDEN_SIZE, MaskableHiddenStateCritic, hidden_state
from recoup.agents.training.objective import Objective
from recoup.experiments.comparison.intervals import interval
from recoup.experiments.learning.cohorts import PARTS, PARTS_RECORD, Cohorts, brought, value_of
from recoup.experiments.learning.settings import Training
from recoup.experiments.learning.training import environment, limited, rollout_baseline, validation_portfolios
from recoup.experiments.learning.validation import Validation
from recoup.experiments.report.text import text_in
from recoup.experiments.runs.one_thread import one_thread
from recoup.experiments.runs.runfolder import write_json
from recoup.scenarios.environments import PORTFOLIO_SEED
from recoup.scenarios.schema import Scenario, load_scenario
from recoup.sim.simulation import Simulation


class ToldEverything(MaskableHiddenStateCritic):
    """Actor and critic read the same: all that there is."""

    def _build_mlp_extractor(self) -> None:
        policy: Any = self
        self.mlp_extractor = MlpExtractor(policy.features_dim, policy.net_arch, policy.activation_fn, policy.device)


def chosen(network: Any, simulation: Simulation) -> NDArray[np.int64]:
    """Menu indices of the open accounts, drawn from the network's probabilities."""
    x = np.hstack([encode(simulation.observe()), hidden_state(simulation, simulation.open_accounts)])
    with torch.no_grad():
        return np.asarray(network.get_distribution(torch.tensor(x), action_masks=simulation.masks()).sample())


class _Prices(BaseCallback):
    """After each rollout: prices follow the limits, the critic learns alone first, exploration fades (as in `training`)."""

    def __init__(self, env: Any, budget: Budget, training: Training, entropy: float, say: Console) -> None:
        super().__init__()
        self._env, self._budget, self._training, self._entropy, self._say = env, budget, training, entropy, say
        self._rollouts = 0

    def _on_rollout_start(self) -> None:
        learners.critic_alone(self.model, self._rollouts < self._training.critic_rollouts)
        self.model.ent_coef = self._entropy * self.model._current_progress_remaining  # type: ignore[attr-defined]

    def _on_step(self) -> bool:
        return True

    def _on_rollout_end(self) -> None:
        self._budget.pay(self._env.pop_usage())
        self._rollouts += 1
        if self._rollouts % 10 == 0:
            self._say.print(f"{self.num_timesteps:,} account-days, recovery {np.mean(self._env.recovered[-8:]):.4f}")


def trained(training: Training, scenario: Scenario, say: Console) -> Any:
    """The network that is told everything."""
    torch.manual_seed(training.seed)
    torch.distributions.Distribution.set_default_validate_args(False)
    objective = Objective(time_weight=training.time_weight)
    env = environment(training, scenario, objective)
    plan = load_plan("--baseline", training.baseline, scenario.name, scenario.world)
    portfolios = validation_portfolios(scenario, training.accounts)
    baseline = Validation(portfolios, plan, training.time_weight, training.limits).baseline
    budget = limited(training, objective, baseline)
    parameters = learners.hyperparameters(training.algorithm)
    learners.HIDDEN_STATE_CRITICS[training.algorithm] = ToldEverything
    learner: Any = learners.build(training.algorithm, env, parameters, training.seed)
    learners.standardise(learner, rollout_baseline(env, plan).features)
    teacher = load_policy(str(training.warm_start), scenario.name, scenario.world)
    behaviour_clone(learner, env, teacher, PORTFOLIO_SEED + training.seed, masked=True)
    _forget_hidden(learner.policy)
    entropy = float(parameters.settings.get("ent_coef", 0.0))
    learner.learn(training.steps, callback=_Prices(env, budget, training, entropy, say))
    return learner.policy


def _forget_hidden(policy: Any) -> None:
    """Cloning sees no hidden state: the actor begins without a weight on it, and does what it was shown."""
    first = policy.mlp_extractor.policy_net[0]
    standard = next(module for module in policy.modules() if isinstance(module, learners.Standardised))
    with torch.no_grad():
        given = (-standard.mean / standard.std)[-HIDDEN_SIZE:]  # what zeros looked like
        first.bias += first.weight[:, -HIDDEN_SIZE:] @ given
        first.weight[:, -HIDDEN_SIZE:] = 0.0


def told_parts(network: Any, scenario: Scenario, cohorts: Cohorts) -> NDArray[np.void]:
    """What the network brings on each cohort (`Cohorts.parts`)."""

    found = []
    for seed in cohorts.seeds:
        simulation = Simulation(scenario.world, cohorts.portfolios[seed], scenario.rules, seed)
        torch.manual_seed(seed)
        while simulation.day < scenario.days and not simulation.finished:
            simulation.advance(chosen(network, simulation))
        found.append(tuple(brought(simulation, scenario.days)[part] for part in PARTS))
    return np.array(found, PARTS_RECORD)


@one_thread()
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenario")
    parser.add_argument("-p", "--policy", action="append", default=[])
    parser.add_argument("--steps", type=int, default=12_000_000)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--first-seed", type=int, default=101)
    parser.add_argument("--accounts", type=int, default=2000)
    parser.add_argument("--out", type=Path)
    arguments = parser.parse_args()
    say, text = Console(), text_in("en")
    scenario = load_scenario(arguments.scenario)
    training = replace(Training(scenario.name), warm_start="tuned", complaint_price=0.5, steps=arguments.steps)
    network = trained(training, scenario, say)
    seeds = range(arguments.first_seed, arguments.first_seed + arguments.seeds)
    cohorts = Cohorts(scenario, arguments.accounts, seeds)
    parts = {
        name: cohorts.parts(load_policy(name, scenario.name, scenario.world)) for name in ["staged", *arguments.policy]
    }
    parts["told everything"] = told_parts(network, scenario, cohorts)
    worth = {name: value_of(Objective(0.0), found) for name, found in parts.items()}
    table = Table("policy", "net present value less staged", *LIMITED, title=scenario.name)
    result: dict[str, Any] = {
        "scenario": scenario.name,
        "seeds": list(seeds),
        "accounts": arguments.accounts,
        "policies": {},
    }
    for name, found in parts.items():
        gain = interval((worth[name] - worth["staged"]).tolist())
        result["policies"][name] = {"gain": gain, **{part: float(found[part].mean()) for part in PARTS}}
        table.add_row(name, text.span(gain, "points", signed=True), *(f"{found[part].mean():.4f}" for part in LIMITED))
    say.print(table)
    if arguments.out:
        write_json(arguments.out, result)


if __name__ == "__main__":
    main()
