"""The gradient that is written out, against PyTorch's autograd on the loss as the library puts it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from gymnasium import spaces
from sb3_contrib.common.maskable.distributions import MaskableCategoricalDistribution
from sb3_contrib.common.maskable.policies import MaskableActorCriticPolicy

from recoup.agents.training.activation import Tanh
from recoup.agents.training.hidden_state import HIDDEN_SIZE, MaskableHiddenStateCritic
from recoup.agents.training.masked_sampling import MaskedCategorical
from recoup.agents.training.ppo_gradient import Terms, gradient

MENU, ROWS, SIZE = 7, 40, 90  # rows of a block, and of its batch
PARTS = np.random.default_rng(2).integers(0, 2, (MENU, 4)).astype(np.float32)


def policy_of(kind: str) -> Any:
    """In float64, with weights of order one, so that no part of the loss is small."""
    planned = MENU if kind == "improves a plan" else 0
    columns = 5 + planned + (0 if kind == "plain" else HIDDEN_SIZE)
    space, options = spaces.Box(-9.0, 9.0, (columns,), np.float32), {"net_arch": {"pi": [6, 4], "vf": [3, 5, 6]}}
    made: Any
    if kind == "plain":
        made = MaskableActorCriticPolicy(
            space, spaces.Discrete(MENU), lambda _: 1e-3, activation_fn=Tanh, **options  # type: ignore[arg-type]
        )  # fmt: skip
    else:
        made = MaskableHiddenStateCritic(
            space, spaces.Discrete(MENU), lambda _: 1e-3, activation_fn=Tanh, parts=PARTS, planned=planned, **options
        )
    torch.manual_seed(3)
    with torch.no_grad():
        for parameter in made.parameters():
            parameter.copy_(0.5 * torch.randn(parameter.shape))
    made.extract_features = lambda observations: observations  # the library's own turns them into float32
    return made.double()


def rows_of(policy: Any, planned: bool) -> tuple[Any, torch.Tensor]:
    """Some rows, and their advantages; ratios of both signs' both sides of the clip are among them."""
    rng = np.random.default_rng(4)
    masks = rng.random((ROWS, MENU)) < 0.6
    actions = rng.integers(0, MENU, ROWS)
    masks[np.arange(ROWS), actions] = True
    masks[:3] = False  # one treatment alone
    masks[np.arange(3), actions[:3]] = True
    seen = rng.normal(size=(ROWS, policy.observation_space.shape[0]))
    if planned:
        seen[:, 5 : 5 + MENU] = np.eye(MENU)[rng.integers(0, MENU, ROWS)]
    sample = SimpleNamespace(
        observations=torch.tensor(seen),
        actions=torch.tensor(actions).view(-1, 1),
        action_masks=torch.tensor(masks),
        returns=torch.tensor(rng.normal(size=ROWS)),
    )
    with torch.no_grad():
        values, log_prob, _ = policy.evaluate_actions(sample.observations, actions_of(sample), sample.action_masks)
        sample.old_values = values.flatten() + torch.tensor(rng.normal(size=ROWS))
        sample.old_log_prob = log_prob + torch.tensor(rng.choice([-0.5, -0.05, 0.0, 0.05, 0.5], ROWS))
    return sample, torch.tensor(rng.normal(size=ROWS))


def actions_of(sample: Any) -> torch.Tensor:
    flat: torch.Tensor = sample.actions.flatten()
    return flat


def loss_of(policy: Any, sample: Any, advantages: torch.Tensor, terms: Terms) -> torch.Tensor:
    """Of the batch's mean, what these rows add: as in `sb3_contrib.MaskablePPO.train`."""
    values, log_prob, entropy = policy.evaluate_actions(sample.observations, actions_of(sample), sample.action_masks)
    ratio = torch.exp(log_prob - sample.old_log_prob)
    gained = torch.min(advantages * ratio, advantages * torch.clamp(ratio, 1 - terms.clip, 1 + terms.clip))
    predicted = values.flatten()
    if terms.value_step is not None:
        predicted = sample.old_values + torch.clamp(predicted - sample.old_values, -terms.value_step, terms.value_step)
    loss: torch.Tensor = (
        -gained.sum() - terms.entropy * entropy.sum() + terms.value * ((sample.returns - predicted) ** 2).sum()
    )
    return loss / SIZE


@pytest.mark.parametrize("kind", ["plain", "hidden state", "improves a plan"])
@pytest.mark.parametrize("value_step", [None, 0.7])
@pytest.mark.parametrize("critic_alone", [False, True])
def test_the_gradient_is_autograds(kind: str, value_step: float | None, critic_alone: bool) -> None:
    policy = policy_of(kind)
    if critic_alone:
        for part in (policy.mlp_extractor.policy_net, policy.action_net):
            part.requires_grad_(False)
    learning = {name: one for name, one in policy.named_parameters() if one.requires_grad}
    terms = Terms(0.2, value_step, 0.3, 0.6, tuple(one.requires_grad for one in policy.parameters()))
    sample, advantages = rows_of(policy, kind == "improves a plan")

    policy.action_dist = MaskableCategoricalDistribution(MENU)
    expected = torch.autograd.grad(loss_of(policy, sample, advantages, terms), list(learning.values()))
    policy.action_dist = MaskedCategorical(MENU)
    found, losses = gradient(policy, sample, advantages, terms, SIZE)

    for (name, parameter), right in zip(learning.items(), expected, strict=True):
        assert float(right.abs().max()) > 1e-4, name
        # The tanh is right to 1.2e-7, by way of the logistic function.
        torch.testing.assert_close(found[parameter], right, rtol=1e-6, atol=1e-9, msg=name)
    whole = losses.policy + terms.entropy * losses.entropy + terms.value * losses.value
    assert float(whole) / SIZE == pytest.approx(loss_of(policy, sample, advantages, terms).item(), rel=1e-9)


def test_other_hidden_layers_are_refused() -> None:
    policy = policy_of("plain")
    policy.mlp_extractor.policy_net[1] = torch.nn.ReLU()
    sample, advantages = rows_of(policy, False)
    with pytest.raises(TypeError, match="ReLU"):
        gradient(policy, sample, advantages, Terms(0.2, None, 0.0, 0.5, ()), SIZE)
