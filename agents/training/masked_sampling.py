"""The categorical distribution over allowed treatments that a masked learner samples from, normalised once.

sb3-contrib's own normalises the logits three times, masks or not, and samples by a costlier way; the probabilities are the same.
Masking by a large negative logit: Huang & Ontañón, "A closer look at invalid action masking in policy gradient algorithms", 2022.
"""

from __future__ import annotations

from typing import Any

import torch
from sb3_contrib.common.maskable.distributions import MaskableCategoricalDistribution

# Added to a logit: its probability is then zero in float32. PyTorch's softmax takes nearly twice as long with −1e8.
FORBIDDEN = -1e7
BELOW_ONE = 1.0 - 1e-6  # a uniform number times a sum must not round to the sum


def uniform(rows: int) -> torch.Tensor:
    """What treatments are drawn by, shape (rows,): on the CPU, whose generator's state a checkpoint holds, whatever learns."""
    return torch.rand(rows, 1).flatten()


def forbidden(logits: torch.Tensor, masks: torch.Tensor) -> torch.Tensor:
    """Logits with those lowered that are False in `masks`, both shape (rows, menu)."""
    # Bytes rather than bool, which take three times as long; and added rather than filled in, which takes longer still.
    return torch.add(logits, (~masks).view(torch.uint8), alpha=FORBIDDEN)


def likelihood_and_entropy(logits: torch.Tensor, actions: torch.Tensor) -> tuple[torch.Tensor, ...]:
    """Of p = softmax of the logits: log p and p, shape (rows, menu); log p_a of the treatment taken, and the entropy H, shape (rows,).

    Args:
        logits: shape (rows, menu).
        actions: treatments taken, int64 (rows, 1).
    """
    # Both by softmax: exp of logarithms so far below zero is slow.
    log_p, p = torch.log_softmax(logits, dim=1), torch.softmax(logits, dim=1)
    return log_p, p, log_p.gather(1, actions).squeeze(1), -torch.linalg.vecdot(p, log_p)


def slope_of_logits(
    log_p: torch.Tensor,
    p: torch.Tensor,
    entropy: torch.Tensor,
    actions: torch.Tensor,
    by_likelihood: torch.Tensor,
    by_entropy: torch.Tensor,
) -> torch.Tensor:
    """A derivative by the logits z, shape (rows, menu), in closed form: ∂ log p_a / ∂z = 1_a − p, and ∂H / ∂z = −p · (log p + H).

    Args:
        log_p, p, entropy, actions: see `likelihood_and_entropy`.
        by_likelihood, by_entropy: its derivatives by log p_a and H, shape (rows,).
    """
    of_likelihood, of_entropy = by_likelihood.unsqueeze(1), by_entropy.unsqueeze(1)
    found = (log_p + entropy.unsqueeze(1)).mul_(of_entropy).add_(of_likelihood).mul_(p).neg_()
    return found.scatter_add_(1, actions, of_likelihood)


class _LikelihoodAndEntropy(torch.autograd.Function):
    """Of logits: log p_a of the treatment taken, and the entropy; both shape (rows,)."""

    @staticmethod
    def forward(ctx: Any, logits: torch.Tensor, actions: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        log_p, p, likelihood, entropy = likelihood_and_entropy(logits, actions)
        ctx.save_for_backward(log_p, p, entropy, actions)
        return likelihood, entropy

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, None]:
        return slope_of_logits(*ctx.saved_tensors, *gradients), None


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
            self._logits, self._entropy = forbidden(self._logits, allowed), None

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
