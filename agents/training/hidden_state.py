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

from recoup.agents.features import SIZE
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
OPEN = SIZE + HIDDEN_NAMES.index("open")  # column of a training observation: the account is open


def hidden_state(simulation: Simulation, numbers: NDArray[np.int64] | None = None) -> NDArray[np.float32]:
    """Traits and states of a simulation's accounts as they are this morning: shape (accounts, HIDDEN_SIZE), of order one.

    Args:
        simulation: read, not changed.
        numbers: which accounts; None = all.
    """
    accounts = simulation.accounts if numbers is None else simulation.accounts[numbers]
    return np.stack([column(accounts, simulation.day) for column in _STATE.values()], axis=1).astype(np.float32)


class _ActorSeesLess(MlpExtractor):
    """Hidden layers of actor and critic, of which the actor's read the first `SIZE` columns alone."""

    def __init__(
        self, features: int, arch: dict[str, list[int]], activation: type[torch.nn.Module], device: Any
    ) -> None:
        super().__init__(features, {"pi": [], "vf": arch["vf"]}, activation, device)
        actor = MlpExtractor(SIZE, {"pi": arch["pi"], "vf": []}, activation, device)
        self.policy_net, self.latent_dim_pi = actor.policy_net, actor.latent_dim_pi

    def forward_actor(self, features: torch.Tensor) -> torch.Tensor:
        """The actor's last hidden layer, from what a policy may see: shape (rows, units)."""
        return self.policy_net(features[:, :SIZE])  # type: ignore[no-any-return]


class _SeesHiddenState:
    """Mixed into an actor-critic policy whose observations end in `HIDDEN_SIZE` columns of hidden state."""

    mlp_extractor: MlpExtractor

    def _build_mlp_extractor(self) -> None:
        self.mlp_extractor = _ActorSeesLess(self.features_dim, self.net_arch, self.activation_fn, self.device)  # type: ignore[attr-defined]


class HiddenStateCritic(_SeesHiddenState, ActorCriticPolicy):
    """For PPO without masks."""


class MaskableHiddenStateCritic(_SeesHiddenState, MaskableActorCriticPolicy):
    """For PPO with masks."""
