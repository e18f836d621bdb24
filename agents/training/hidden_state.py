"""What the critic may know in training, and no policy ever sees: each debtor's hidden traits and states.

A critic is needed in training alone, so it may be told what the simulation knows. It then sees at once what a treatment did to a
debtor (attention raised, a promise that will not be kept), where it would else have to wait for weeks of payments, which are mostly chance. The
gradient's expectation is that of an ordinary critic's, as the actor still decides on the observation alone: Pinto, Andrychowicz,
Welinder, Zaremba & Abbeel, "Asymmetric actor critic for image-based robot learning", RSS 2018.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sb3_contrib.common.maskable.policies import MaskableActorCriticPolicy
from stable_baselines3.common.policies import ActorCriticPolicy
from stable_baselines3.common.torch_layers import MlpExtractor

from recoup.sim.account import NEVER, Status
from recoup.sim.simulation import Simulation

Accounts = NDArray[np.void]


def _log_ratio(part: NDArray[Any], whole: NDArray[Any]) -> NDArray[np.float64]:
    """log(part / whole), within ±5; −5 where there is nothing of it."""
    ratio = np.maximum(part, 0.0) / np.maximum(whole, 1.0)
    return np.clip(np.log(np.maximum(ratio, 1e-9)), -5.0, 5.0)


# Each of order one. Money in cents, but `disposable`, which is currency a month.
_STATE: dict[str, Callable[[Accounts, int], NDArray[Any]]] = {
    "willingness": lambda a, day: a["willingness"],
    "means": lambda a, day: _log_ratio(300.0 * a["disposable"], a["balance"]),
    "means_for_plan": lambda a, day: np.where(
        a["plan_months"] > 0, _log_ratio(100.0 * a["disposable"], a["plan_amount"]), 0.0
    ),
    "employed": lambda a, day: a["employed"],
    "reachability": lambda a, day: a["reachability"],
    "phone_right": lambda a, day: a["phone_right"],
    "asset_cover": lambda a, day: np.log1p(a["asset_cover"]),
    "salience": lambda a, day: a["salience"],
    "fatigue": lambda a, day: np.log1p(a["fatigue"]),
    "excitation": lambda a, day: np.log1p(a["excitation"]),
    "pressure": lambda a, day: a["pressure"],
    "waiting": lambda a, day: a["waiting"],
    "notices": lambda a, day: np.minimum(a["notices"], 5),
    "since_news": lambda a, day: np.minimum(day - a["news_day"], 15) / 15.0,
    "promised": lambda a, day: np.where(
        a["promise_due"] != NEVER, a["promise_amount"] / np.maximum(a["balance"], 1), 0.0
    ),
    "discount_agreed": lambda a, day: np.where(a["promise_due"] != NEVER, a["promise_discount"], 0.0),
    "balance_left": lambda a, day: np.minimum(a["balance"] / np.maximum(a["opening"], 1), 2.0),
    "open": lambda a, day: a["status"] == Status.OPEN,
}
HIDDEN_NAMES = tuple(_STATE)
HIDDEN_SIZE = len(HIDDEN_NAMES)
TRUST = 7.0  # log odds of a plan's choice over any other treatment, at first
OPEN = HIDDEN_NAMES.index("open") - HIDDEN_SIZE  # column of a training observation, from its end: the account is open


def hidden_state(simulation: Simulation, numbers: NDArray[np.int64] | None = None) -> NDArray[np.float32]:
    """Traits and states of a simulation's accounts as they are this morning: shape (accounts, HIDDEN_SIZE), of order one.

    Args:
        simulation: read, not changed.
        numbers: which accounts; None = all.
    """
    accounts = simulation.accounts if numbers is None else simulation.accounts[numbers]
    return np.stack([column(accounts, simulation.day) for column in _STATE.values()], axis=1).astype(np.float32)


class ByParts(torch.nn.Linear):
    """A linear layer onto treatments whose weights are each treatment's own plus those of its parts.

    What one treatment teaches moves all that share a part with it, so that a hundred seldom tried treatments are learned together.

    Args:
        columns: inputs.
        parts: which parts each treatment is made of (`treatment_parts.parts_matrix`), shape (menu, parts).
    """

    parts: torch.Tensor

    def __init__(self, columns: int, parts: torch.Tensor) -> None:
        super().__init__(columns, len(parts))
        self.shared = torch.nn.Linear(columns, parts.shape[1])
        self.register_buffer("parts", parts, persistent=False)
        for tensor in self.parameters():
            torch.nn.init.zeros_(tensor)

    def whole_weight(self) -> torch.Tensor:
        """Weights as an ordinary layer's, shape (menu, columns)."""
        return self.weight + self.parts @ self.shared.weight

    def whole_bias(self) -> torch.Tensor:
        """Biases as an ordinary layer's, shape (menu,)."""
        return self.bias + self.parts @ self.shared.bias

    def forward(self, columns: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.linear(columns, self.whole_weight(), self.whole_bias())


class _ActorSeesLess(MlpExtractor):
    """Hidden layers of actor and critic, of which the actor's read all columns but those of the hidden state, the last ones.

    Args:
        features: columns of an observation.
        arch: units of the hidden layers, by `pi` and `vf`.
        activation: of the hidden layers.
        device: to compute on.
        planned: columns before the hidden state that say what a plan chooses.
        parts: of the treatments: hidden layers read the choice by its parts.
    """

    parts: torch.Tensor

    def __init__(
        self,
        features: int,
        arch: dict[str, list[int]],
        activation: type[torch.nn.Module],
        device: Any,
        planned: int,
        parts: torch.Tensor,
    ) -> None:
        read = features - planned + (parts.shape[1] if planned else 0)
        super().__init__(read, {"pi": [], "vf": arch["vf"]}, activation, device)
        self._planned = planned
        self.register_buffer("parts", parts, persistent=False)
        actor = MlpExtractor(read - HIDDEN_SIZE, {"pi": arch["pi"], "vf": []}, activation, device)
        self.policy_net, self.latent_dim_pi = actor.policy_net, actor.latent_dim_pi + planned

    def actor_reads(self, features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor | None]:
        """What the actor's first layer reads, with a plan's choice by its parts; and the choice, one column a treatment, if there is one."""
        end = features.shape[1] - HIDDEN_SIZE
        if not self._planned:
            return features[:, :end], None
        choice = features[:, end - self._planned : end]
        return torch.hstack([features[:, : end - self._planned], choice @ self.parts]), choice

    def critic_reads(self, features: torch.Tensor) -> torch.Tensor:
        """What the critic's first layer reads: the hidden state as well."""
        return torch.hstack([self.actor_reads(features)[0], features[:, -HIDDEN_SIZE:]]) if self._planned else features

    def forward(self, features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return self.forward_actor(features), self.forward_critic(features)

    def forward_actor(self, features: torch.Tensor) -> torch.Tensor:
        """The actor's last hidden layer, from what a policy may see, and beside it a plan's choice: shape (rows, units + planned)."""
        seen, choice = self.actor_reads(features)
        hidden: torch.Tensor = self.policy_net(seen)
        return hidden if choice is None else torch.hstack([hidden, choice])

    def forward_critic(self, features: torch.Tensor) -> torch.Tensor:
        """The critic's last hidden layer: shape (rows, units)."""
        return super().forward_critic(self.critic_reads(features))


def actor_reads(extractor: MlpExtractor, features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor | None]:
    """See `_ActorSeesLess.actor_reads`; everything, where actor and critic see the same."""
    return extractor.actor_reads(features) if isinstance(extractor, _ActorSeesLess) else (features, None)


def critic_reads(extractor: MlpExtractor, features: torch.Tensor) -> torch.Tensor:
    """See `_ActorSeesLess.critic_reads`; everything, where actor and critic see the same."""
    return extractor.critic_reads(features) if isinstance(extractor, _ActorSeesLess) else features


class _SeesHiddenState:
    """Mixed into an actor-critic policy whose observations end in `HIDDEN_SIZE` columns of hidden state.

    Args:
        parts: which parts each treatment is made of, shape (menu, parts): the output's weights are shared between treatments by them.
        planned: so many columns before the hidden state are the choice of a plan that the actor improves: it reaches the output
            beside the last hidden layer, with a weight that makes the plan's choice likely at first. Residual policies: Silver, Allen,
            Tenenbaum & Kaelbling, "Residual policy learning", 2018.
    """

    mlp_extractor: MlpExtractor

    def __init__(self, *arguments: Any, parts: NDArray[np.float32], planned: int = 0, **options: Any) -> None:
        self._planned, self._parts = planned, torch.tensor(parts)
        super().__init__(*arguments, **options)

    def _build(self, lr_schedule: Any) -> None:
        """Networks and optimiser, the last layer by parts."""
        super()._build(lr_schedule)  # type: ignore[misc]
        policy: Any = self
        policy.action_net = ByParts(policy.mlp_extractor.latent_dim_pi, self._parts)
        if self._planned:
            with torch.no_grad():
                policy.action_net.weight[:, -self._planned :] = TRUST * torch.eye(self._planned)
        policy.optimizer = policy.optimizer_class(policy.parameters(), lr=lr_schedule(1), **policy.optimizer_kwargs)

    def _build_mlp_extractor(self) -> None:
        policy: Any = self
        self.mlp_extractor = _ActorSeesLess(
            policy.features_dim, policy.net_arch, policy.activation_fn, policy.device, self._planned, self._parts
        )

    def acting_weights(self) -> dict[str, torch.Tensor]:
        """The acting network as plain layers, `hidden.N` and `output`, each `.weight` and `.bias`; features standardised as yet."""
        policy: Any = self
        layers = [module for module in policy.mlp_extractor.policy_net if isinstance(module, torch.nn.Linear)]
        found: dict[str, torch.Tensor] = {}
        for number, layer in enumerate(layers):
            found |= {f"hidden.{number}.weight": layer.weight, f"hidden.{number}.bias": layer.bias}
        if self._planned:
            own, parts = found["hidden.0.weight"], policy.action_net.parts
            seen = own.shape[1] - parts.shape[1]
            found["hidden.0.weight"] = torch.hstack([own[:, :seen], own[:, seen:] @ parts.T])
        output = policy.action_net
        return found | {"output.weight": output.whole_weight(), "output.bias": output.whole_bias()}


class HiddenStateCritic(_SeesHiddenState, ActorCriticPolicy):
    """For PPO without masks."""


class MaskableHiddenStateCritic(_SeesHiddenState, MaskableActorCriticPolicy):
    """For PPO with masks."""
