"""PPO's loss of some rows of a rollout, and its gradient, with the derivatives written out.

Of treatments with probabilities p, one of which, a, was taken, and its advantage A: with r = p_a / p_a at the time, and the entropy H, the loss is
−min(A r, A clip(r)) − c_H H + c_V (return − value)². By the logits z its derivative is g (p − 1_a) + c_H p (log p + H), where g = A r, or 0 where the
clip holds; by the value −2 c_V (return − value). The rest is the chain rule through linear layers and hyperbolic tangents. PyTorch's autograd comes to the
same numbers in an eighth more time.
Schulman, Wolski, Dhariwal, Radford & Klimov, "Proximal policy optimization algorithms", 2017.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from torch import nn

from recoup.agents.training.activation import Tanh, tanh
from recoup.agents.training.hidden_state import ByParts, actor_reads, critic_reads
from recoup.agents.training.masked_sampling import forbidden, likelihood_and_entropy, slope_of_logits

Gradients = dict[torch.Tensor, torch.Tensor]  # by the parameter


class Losses(NamedTuple):
    """What Stable-Baselines3 logs of an update, sums over rows."""

    policy: torch.Tensor
    value: torch.Tensor
    entropy: torch.Tensor
    divergence: torch.Tensor
    clipped: torch.Tensor


class Terms(NamedTuple):
    """What the loss is made of.

    Attributes:
        clip: how far a step may move the policy.
        value_step: how far a step may move a value; None = as it likes.
        entropy: weight of the entropy.
        value: weight of the value's error.
        learning: which of the network's parameters learn.
    """

    clip: float
    value_step: float | None
    entropy: float
    value: float
    learning: tuple[bool, ...]


class _Layers:
    """Linear layers, each followed by a hyperbolic tangent, and what they make of some rows.

    Args:
        modules: the layers.
        read: by the first of them, shape (rows, columns).

    Attributes:
        made: by the last of them, shape (rows, units).
    """

    def __init__(self, modules: nn.Sequential, read: torch.Tensor) -> None:
        self._layers = [one for one in modules if isinstance(one, nn.Linear)]
        if [type(one) for one in modules] != [nn.Linear, Tanh] * len(self._layers):
            raise TypeError(f"expected linear layers, each followed by {Tanh.__name__}, got {modules}")
        self._states = [read]
        for layer in self._layers:
            z = layer(self._states[-1])
            self._states.append(tanh(z, out=z))

    @property
    def made(self) -> torch.Tensor:
        return self._states[-1]

    def gradients(self, slope: torch.Tensor) -> Gradients:
        """Of all parameters; what the layers have made is used up.

        Args:
            slope: of the loss by `made`, shape (rows, units); written over.
        """
        found: Gradients = {}
        for number in reversed(range(len(self._layers))):
            layer, state = self._layers[number], self._states.pop()
            slope.mul_(state.square_().neg_().add_(1.0))  # tanh' = 1 − tanh²
            found |= _of(layer, slope, self.made)
            if number:
                slope = slope @ layer.weight
        return found


def gradient(policy: Any, sample: Any, advantages: torch.Tensor, terms: Terms, size: int) -> tuple[Gradients, Losses]:
    """The gradient of what some rows add to a batch's mean loss, and their losses.

    Args:
        policy: an actor-critic policy of Stable-Baselines3 with masks.
        sample: the rows, as a rollout buffer gives them.
        advantages: as the loss takes them, shape (rows,).
        terms: what the loss is made of.
        size: rows of the whole batch.

    Returns:
        Gradients of the parameters that learn, and of perhaps more; and sums over the rows.

    Raises:
        TypeError: hidden layers other than linear ones with hyperbolic tangents.
    """
    with torch.no_grad():
        shown = policy.features_extractor(sample.observations)
        of_value, error = _critic(policy, shown, sample, terms, size)
        of_actor, gained, entropy, log_ratio, ratio = _actor(policy, shown, sample, advantages, terms, size)
        losses = Losses(
            -gained.sum(),
            error.square().sum(),
            -entropy.sum(),
            ((ratio - 1.0) - log_ratio).sum(),
            ((ratio - 1.0).abs() > terms.clip).sum(),
        )
    return of_actor | of_value, losses


def _actor(
    policy: Any, shown: torch.Tensor, sample: Any, advantages: torch.Tensor, terms: Terms, size: int
) -> tuple[Gradients, torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Its gradients, if it learns; and what was gained, the entropy, and the ratio's logarithm and the ratio, each shape (rows,)."""
    output, (seen, beside) = policy.action_net, actor_reads(policy.mlp_extractor, shown)
    layers = _Layers(policy.mlp_extractor.policy_net, seen)
    last = layers.made if beside is None else torch.hstack([layers.made, beside])
    weight, bias = (
        (output.whole_weight(), output.whole_bias()) if isinstance(output, ByParts) else (output.weight, output.bias)
    )
    logits = forbidden(nn.functional.linear(last, weight, bias), sample.action_masks)
    log_p, p, likelihood, entropy = likelihood_and_entropy(logits, sample.actions)
    log_ratio = likelihood - sample.old_log_prob
    ratio = log_ratio.exp()
    moved, held = advantages * ratio, advantages * ratio.clamp(1.0 - terms.clip, 1.0 + terms.clip)
    found: Gradients = {}
    if output.weight.requires_grad:
        by_likelihood = torch.where(moved <= held, moved, 0.0) / -size
        by_entropy = torch.full_like(entropy, -terms.entropy / size)
        slope = slope_of_logits(log_p, p, entropy, sample.actions, by_likelihood, by_entropy)
        found = _of(output, slope, last) | layers.gradients(slope @ weight[:, : layers.made.shape[1]])
    return found, torch.min(moved, held), entropy, log_ratio, ratio


def _critic(policy: Any, shown: torch.Tensor, sample: Any, terms: Terms, size: int) -> tuple[Gradients, torch.Tensor]:
    """Its gradients, and its errors, shape (rows,)."""
    output, layers = (
        policy.value_net,
        _Layers(policy.mlp_extractor.value_net, critic_reads(policy.mlp_extractor, shown)),
    )
    values = output(layers.made).flatten()
    if terms.value_step is None:
        error = sample.returns - values
        slope = error
    else:
        step = values - sample.old_values
        error = sample.returns - (sample.old_values + step.clamp(-terms.value_step, terms.value_step))
        slope = torch.where(step.abs() <= terms.value_step, error, 0.0)
    slope = (slope * (-2.0 * terms.value / size)).unsqueeze(1)
    found = _of(output, slope, layers.made)
    return found | layers.gradients(slope * output.weight), error


def _of(layer: nn.Linear, slope: torch.Tensor, read: torch.Tensor) -> Gradients:
    """Gradients of a linear layer's parameters: by what it made, shape (rows, units), and what it read, shape (rows, columns)."""
    weight, bias = slope.T @ read, slope.sum(dim=0)
    found: Gradients = {layer.weight: weight, layer.bias: bias}
    if isinstance(layer, ByParts):
        found |= {layer.shared.weight: layer.parts.T @ weight, layer.shared.bias: layer.parts.T @ bias}
    return found
