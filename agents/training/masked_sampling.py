"""The categorical distribution over allowed treatments that a masked learner samples from, normalised once.

sb3-contrib's own normalises the logits three times, masks or not, and samples by a costlier way; the probabilities are the same.
Masking by a large negative logit: Huang & Ontañón, "A closer look at invalid action masking in policy gradient algorithms", 2022.
"""

from __future__ import annotations

from typing import Any

import torch
from sb3_contrib.common.maskable.distributions import MaskableCategoricalDistribution

FORBIDDEN = -1e8  # added to a logit: its probability is then zero in float32
BELOW_ONE = 1.0 - 1e-6  # a uniform number times a sum must not round to the sum


def uniform(rows: int) -> torch.Tensor:
    """What treatments are drawn by, shape (rows,): on the CPU, whose generator's state a checkpoint holds, whatever learns."""
    return torch.rand(rows, 1).flatten()


class _LikelihoodAndEntropy(torch.autograd.Function):
    """Of logits z with p = softmax z: log p_a of the treatment taken, and the entropy H; both shape (rows,).

    Their gradients in closed form: ∂ log p_a / ∂z = 1_a − p, and ∂H / ∂z = −p · (log p + H).
    """

    @staticmethod
    def forward(ctx: Any, logits: torch.Tensor, actions: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        # Both by softmax: exp of logarithms so far below zero is slow.
        log_p, p = torch.log_softmax(logits, dim=1), torch.softmax(logits, dim=1)
        entropy = -torch.linalg.vecdot(p, log_p)
        ctx.save_for_backward(log_p, p, entropy, actions)
        return log_p.gather(1, actions).squeeze(1), entropy

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, None]:
        log_p, p, entropy, actions = ctx.saved_tensors
        of_likelihood, of_entropy = (gradient.unsqueeze(1) for gradient in gradients)
        found = (log_p + entropy.unsqueeze(1)).mul_(of_entropy).add_(of_likelihood).mul_(p).neg_()
        return found.scatter_add_(1, actions, of_likelihood), None


class MaskedCategorical(MaskableCategoricalDistribution):
    """A masked categorical distribution, one treatment per row; stands in for `MaskableCategoricalDistribution` in a policy."""

    _logits: torch.Tensor
    _entropy: torch.Tensor | None

    def proba_distribution(self, action_logits: torch.Tensor) -> MaskedCategorical:
        """The distribution of a network's logits, shape (rows, menu): a new one, so that threads may share a policy."""
        made = MaskedCategorical(self.action_dim)
        made._logits, made._entropy = action_logits.view(-1, self.action_dim), None
        return made

    def apply_masking(self, masks: Any) -> None:
        """Only what is True in `masks`, shape (rows, menu), can be drawn."""
        if masks is not None:
            allowed = torch.as_tensor(masks, dtype=torch.bool, device=self._logits.device).reshape(self._logits.shape)
            # Added rather than filled in, which takes six times as long.
            self._logits, self._entropy = torch.add(self._logits, ~allowed, alpha=FORBIDDEN), None

    def log_prob(self, actions: torch.Tensor) -> torch.Tensor:
        """Log probabilities of one treatment per row, shape (rows,)."""
        actions = actions.long().view(-1, 1)
        if not torch.is_grad_enabled():
            return torch.log_softmax(self._logits, dim=1).gather(1, actions).squeeze(1)
        likelihood: torch.Tensor
        likelihood, self._entropy = _LikelihoodAndEntropy.apply(self._logits, actions)
        return likelihood

    def entropy(self) -> torch.Tensor:
        """In nats, shape (rows,)."""
        if self._entropy is None:
            nothing = torch.zeros(len(self._logits), 1, dtype=torch.long, device=self._logits.device)
            self._entropy = _LikelihoodAndEntropy.apply(self._logits, nothing)[1]
        return self._entropy

    @property
    def probabilities(self) -> torch.Tensor:
        """Of each treatment, shape (rows, menu)."""
        return torch.softmax(self._logits, dim=1)

    def at(self, uniform: torch.Tensor) -> torch.Tensor:
        """One treatment per row, where the cumulative distribution reaches a number from [0, 1), shape (rows,)."""
        total = self.probabilities.cumsum(dim=1)
        return (total <= uniform.view(-1, 1) * BELOW_ONE * total[:, -1:]).sum(dim=1)

    def sample(self) -> torch.Tensor:
        """One treatment per row, by its probability."""
        return self.at(uniform(len(self._logits)).to(self._logits.device))

    def mode(self) -> torch.Tensor:
        """The likeliest treatment of each row."""
        return self._logits.argmax(dim=1)
