"""The learners of Stable-Baselines3 and sb3-contrib by name: hyper-parameters from YAML, weights out as plain arrays."""

from __future__ import annotations

import warnings
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

import numpy as np
import sb3_contrib
import stable_baselines3
import torch
from gymnasium import spaces
from numpy.typing import NDArray
from pydantic import Field, ValidationError
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
from torch import nn

from recoup.agents.training.activation import Tanh
from recoup.agents.training.hidden_state import HIDDEN_SIZE, OPEN, HiddenStateCritic, MaskableHiddenStateCritic
from recoup.agents.training.learner_settings import OffPolicySettings, OnPolicySettings
from recoup.agents.training.masked_ppo import MaskablePPO
from recoup.agents.training.masked_sampling import MaskedCategorical
from recoup.agents.training.open_rows import MaskableOpenRowsBuffer, OpenRowsBuffer
from recoup.agents.training.paired_rollouts import MaskablePairedRolloutBuffer, PairedRolloutBuffer
from recoup.agents.training.vecenv import PortfolioVecEnv
from recoup.agents.treatment_parts import parts_matrix
from recoup.sim.inputs import Document, InputError, choose, first_fault, parse_yaml, read_yaml, validated
from recoup.sim.parameters import Section

Algorithm = Literal["maskable-ppo", "ppo", "dqn", "qr-dqn", "recurrent-ppo"]
ALGORITHMS: tuple[str, ...] = get_args(Algorithm)
ON_POLICY = ("maskable-ppo", "ppo", "recurrent-ppo")
LEAST_STD = 0.1  # of a feature: what is nearly always the same must not shout when it differs
PAIRED_ROLLOUT_BUFFERS = {
    "maskable-ppo": MaskablePairedRolloutBuffer,
    "ppo": PairedRolloutBuffer,
}  # learners that use a control variate
OPEN_ROWS_BUFFERS = {"maskable-ppo": MaskableOpenRowsBuffer, "ppo": OpenRowsBuffer}
HIDDEN_STATE_CRITICS = {"maskable-ppo": MaskableHiddenStateCritic, "ppo": HiddenStateCritic}
_CLASSES: dict[str, Any] = {
    "maskable-ppo": MaskablePPO,
    "ppo": stable_baselines3.PPO,
    "dqn": stable_baselines3.DQN,
    "qr-dqn": sb3_contrib.QRDQN,
    "recurrent-ppo": sb3_contrib.RecurrentPPO,
}
_POLICIES = {"recurrent-ppo": "MlpLstmPolicy"}


Units = Annotated[int, Field(ge=1, le=4096, strict=True)]


class Hyperparameters(Section):
    """One algorithm's file. `settings` (`learner_settings`) go to Stable-Baselines3 as keyword arguments."""

    net: list[Units] = Field(min_length=1, max_length=4, description="units of the hidden layers")
    learning_rate: float = Field(gt=0, le=1, strict=True)
    settings: dict[str, Any] = {}
    lstm: int | None = Field(
        None, ge=1, le=1024, strict=True, description="units of the memory, of recurrent-ppo alone"
    )
    quantiles: int | None = Field(
        None, ge=2, le=400, strict=True, description="of each treatment's return, of qr-dqn alone"
    )


def hyperparameters(algorithm: str, file: Path | None = None) -> Hyperparameters:
    """An algorithm's shipped hyper-parameters, or a user's own file.

    Args:
        algorithm: one of `ALGORITHMS`.
        file: YAML in place of the shipped one; None = the shipped one.

    Raises:
        InputError: no such algorithm, or a fault in the file.
    """
    if algorithm not in ALGORITHMS:
        raise InputError("--algo", "", algorithm, choose(ALGORITHMS, algorithm))
    document = read_yaml(file) if file else _shipped(algorithm)
    found = validated(Hyperparameters, document)
    for name, owner in (("lstm", "recurrent-ppo"), ("quantiles", "qr-dqn")):
        if (value := getattr(found, name)) is not None and algorithm != owner:
            raise document.error(
                (name,), value, f"no {name}, which {owner} alone has: this file is read for {algorithm}"
            )
    known = OnPolicySettings if algorithm in ON_POLICY else OffPolicySettings
    try:
        settings = known.model_validate(found.settings)
    except ValidationError as error:
        raise first_fault(error, document, known, ("settings",)) from None
    return found.model_copy(update={"settings": settings.model_dump(exclude_unset=True)})


def _shipped(algorithm: str) -> Document:
    text = files("recoup.agents.training").joinpath("hyperparameters", f"{algorithm}.yaml").read_text(encoding="utf-8")
    return parse_yaml(text, f"{algorithm}.yaml")


class Standardised(BaseFeaturesExtractor):
    """Features less their mean, over their standard deviation, so that what differs between debtors weighs alike at first.

    Without it a balance, whose logarithm moves by a tenth where a yes or no moves by one, is learned last, although it decides how
    much effort an account is worth. Linear, and so folded into the first layer when a policy is written: files know nothing of it.
    """

    mean: torch.Tensor
    std: torch.Tensor

    def __init__(self, observation_space: spaces.Box) -> None:
        super().__init__(observation_space, observation_space.shape[0])
        self.register_buffer("mean", torch.zeros(self.features_dim))
        self.register_buffer("std", torch.ones(self.features_dim))

    def fit(self, x: torch.Tensor, as_it_is: slice = slice(0, 0)) -> None:
        """Take mean and standard deviation of features, shape (rows, features); the least is LEAST_STD; some columns stay as they are."""
        self.mean.copy_(x.mean(dim=0))
        self.std.copy_(x.std(dim=0).clamp(min=LEAST_STD))
        self.mean[as_it_is], self.std[as_it_is] = 0.0, 1.0

    def forward(self, observations: torch.Tensor) -> torch.Tensor:
        return (observations - self.mean) / self.std


def standardise(learner: BaseAlgorithm, x: NDArray[np.float32], planned: int = 0) -> None:
    """Fit the learner's first, fixed layer to features such as it will meet.

    Args:
        learner: as `build` made it.
        x: what it will be given (`PortfolioVecEnv.encoded`), shape (rows, columns).
        planned: so many columns, those before the hidden state, are a plan's choice and stay as they are.
    """
    end = x.shape[1] - HIDDEN_SIZE
    for module in learner.policy.modules():
        if isinstance(module, Standardised):
            module.fit(torch.tensor(x), slice(end - planned, end) if planned else slice(0, 0))


def build(
    algorithm: str,
    env: PortfolioVecEnv,
    parameters: Hyperparameters,
    seed: int,
    tensorboard: Path | None = None,
    device: str = "cpu",
) -> BaseAlgorithm:
    """A fresh learner on an environment.

    Args:
        algorithm: one of `ALGORITHMS`.
        env: the cohorts; rollouts are as long as the horizon over the number of families.
        parameters: see `hyperparameters`.
        seed: of the network's weights and of sampling.
        tensorboard: folder of the logs; None = none.
        device: PyTorch's name of what networks are computed on.

    Raises:
        InputError: a setting that the algorithm does not know.
    """
    settings: dict[str, Any] = dict(parameters.settings)
    policy: Any = _POLICIES.get(algorithm, "MlpPolicy")
    network: dict[str, Any] = {"net_arch": list(parameters.net), "activation_fn": nn.ReLU}
    if algorithm in ON_POLICY:
        settings["n_steps"] = env.days // env.families
        buffer: dict[str, Any] = {}
        if env.paired_rollouts > 1:
            settings["rollout_buffer_class"] = PAIRED_ROLLOUT_BUFFERS[algorithm]
            buffer = {"paired_rollouts": env.paired_rollouts, "accounts": env.size}
        elif algorithm in OPEN_ROWS_BUFFERS:
            settings["rollout_buffer_class"] = OPEN_ROWS_BUFFERS[algorithm]
        if env.show_hidden:
            policy = HIDDEN_STATE_CRITICS[algorithm]
            network |= {"planned": env.planned_columns, "parts": parts_matrix(env.envs[0].menu)}
            buffer |= {"open_column": OPEN}
        if buffer:
            settings["rollout_buffer_kwargs"] = buffer
        network |= {"net_arch": {"pi": list(parameters.net), "vf": list(parameters.net)}, "activation_fn": Tanh}
    network["features_extractor_class"] = Standardised
    if parameters.quantiles:
        network["n_quantiles"] = parameters.quantiles
    if parameters.lstm:
        network |= {"lstm_hidden_size": parameters.lstm, "enable_critic_lstm": True}
    try:
        with warnings.catch_warnings():
            # The target network moves once a day of all accounts, as the shipped settings mean it to.
            warnings.filterwarnings("ignore", "The number of environments used is greater than the target network")
            # The rows of closed accounts are dropped, so that the last batch is never a whole one.
            warnings.filterwarnings("ignore", "You have specified a mini-batch size")
            learner: BaseAlgorithm = _CLASSES[algorithm](
                policy,
                env,
                learning_rate=lambda left: parameters.learning_rate * max(left, 0.1),
                policy_kwargs=network,
                tensorboard_log=str(tensorboard) if tensorboard else None,
                seed=seed,
                device=device,
                **settings,
            )
    except TypeError as error:
        raise InputError("hyper-parameters", "settings", str(error), f"keyword arguments of {algorithm}") from None
    if isinstance(learner, MaskablePPO):
        learner.policy.action_dist = MaskedCategorical(env.action_space.n)  # type: ignore[assignment, attr-defined]
    return learner


def critic_alone(learner: BaseAlgorithm, alone: bool) -> None:
    """Let an on-policy learner's next rollouts teach its critic alone, from returns as they came; or both again.

    A critic that knows nothing credits a treatment with its cost, which comes at once, and not with what it brings weeks later: the first
    updates of a policy that starts well would unlearn whatever pays late.

    Args:
        learner: as `build` made it.
        alone: the actor stays as it is.
    """
    policy: Any = learner.policy
    actor = [policy.mlp_extractor.policy_net, policy.action_net]
    for part in (*actor, *([policy.lstm_actor] if hasattr(policy, "lstm_actor") else [])):
        part.requires_grad_(not alone)
    buffer: Any = learner.rollout_buffer  # type: ignore[attr-defined]
    buffer.gae_lambda = 1.0 if alone else learner.gae_lambda  # type: ignore[attr-defined]


def weights(algorithm: str, learner: BaseAlgorithm) -> dict[str, NDArray[np.float32]]:
    """The acting network as arrays named as `recoup.agents.learned` reads them, standardisation in its first layer.

    Args:
        algorithm: that the learner was built by.
        learner: as `build` made it.
    """
    policy: Any = learner.policy
    arrays = {name: _array(tensor) for name, tensor in _acting_layers(algorithm, policy).items()}
    if algorithm == "qr-dqn":  # the mean over quantiles is linear, and so is folded into the last layer
        actions = learner.action_space.n  # type: ignore[attr-defined]
        for part in ("weight", "bias"):
            whole = arrays[f"output.{part}"]
            arrays[f"output.{part}"] = whole.reshape(-1, actions, *whole.shape[1:]).mean(axis=0)
    if algorithm == "recurrent-ppo":
        lstm = policy.lstm_actor
        for ours, theirs in (("input", "ih"), ("state", "hh")):
            arrays[f"memory.{ours}.weight"] = _array(getattr(lstm, f"weight_{theirs}_l0"))
            arrays[f"memory.{ours}.bias"] = _array(getattr(lstm, f"bias_{theirs}_l0"))
    first = next(module for module in policy.modules() if isinstance(module, Standardised))
    name = "memory.input" if algorithm == "recurrent-ppo" else "hidden.0"
    seen = arrays[f"{name}.weight"].shape[1]  # a critic's further columns come last
    weight = np.asarray(arrays[f"{name}.weight"] / _array(first.std)[:seen], np.float32)
    arrays[f"{name}.weight"], arrays[f"{name}.bias"] = (
        weight,
        arrays[f"{name}.bias"] - weight @ _array(first.mean)[:seen],
    )
    return arrays


def _acting_layers(algorithm: str, policy: Any) -> dict[str, torch.Tensor]:
    """The acting network as plain layers, features standardised as yet."""
    if isinstance(policy, (HiddenStateCritic, MaskableHiddenStateCritic)):
        return policy.acting_weights()
    if algorithm in ON_POLICY:
        hidden, output = policy.mlp_extractor.policy_net, policy.action_net
    else:
        net = policy.q_net.q_net if algorithm == "dqn" else policy.quantile_net.quantile_net
        hidden, output = net[:-1], net[-1]
    layers = {f"hidden.{n}": layer for n, layer in enumerate(one for one in hidden if isinstance(one, nn.Linear))}
    layers["output"] = output
    return {f"{name}.{part}": getattr(layer, part) for name, layer in layers.items() for part in ("weight", "bias")}


def _array(tensor: Any) -> NDArray[np.float32]:
    return np.ascontiguousarray(tensor.detach().cpu().numpy(), np.float32)
