"""The categorical distribution over allowed treatments that a masked learner samples from, normalised once.

sb3-contrib's own normalises the logits three times, masks or not, and samples by a costlier way; the probabilities are the same.
Masking by a large negative logit: Huang & Ontañón, "A closer look at invalid action masking in policy gradient algorithms", 2022.
"""

from __future__ import annotations

from typing import Any, Self

import torch
from sb3_contrib.common.maskable.distributions import MaskableCategoricalDistribution

FORBIDDEN = -1e8  # a logit whose probability is zero in float32
BELOW_ONE = 1.0 - 1e-6  # a uniform number times a sum must not round to the sum


class MaskedCategorical(MaskableCategoricalDistribution):
    """A masked categorical distribution, one treatment per row; stands in for `MaskableCategoricalDistribution` in a policy."""

    _logits: torch.Tensor
    _log_probabilities: torch.Tensor | None

    def proba_distribution(self, action_logits: torch.Tensor) -> Self:
        """Take the network's logits, shape (rows, menu)."""
        self._logits, self._log_probabilities = action_logits.view(-1, self.action_dim), None
        return self

    def apply_masking(self, masks: Any) -> None:
        """Only what is True in `masks`, shape (rows, menu), can be drawn."""
        if masks is not None:
            allowed = torch.as_tensor(masks, dtype=torch.bool).reshape(self._logits.shape)
            self._logits, self._log_probabilities = self._logits.masked_fill(~allowed, FORBIDDEN), None

    @property
    def _log_p(self) -> torch.Tensor:
        if self._log_probabilities is None:
            self._log_probabilities = torch.log_softmax(self._logits, dim=-1)
        return self._log_probabilities

    @property
    def _p(self) -> torch.Tensor:
        return torch.softmax(self._logits, dim=-1)  # exp of logarithms so far below zero is slow

    def log_prob(self, actions: torch.Tensor) -> torch.Tensor:
        """Log probabilities of one treatment per row, shape (rows,)."""
        return self._log_p.gather(1, actions.long().view(-1, 1)).squeeze(1)

    def entropy(self) -> torch.Tensor:
        """In nats, shape (rows,)."""
        return -(self._p * self._log_p).sum(dim=1)

    def sample(self) -> torch.Tensor:
        """One treatment per row, by its probability."""
        total = self._p.cumsum(dim=1)
        uniform = torch.rand(len(total), 1) * BELOW_ONE * total[:, -1:]
        return (total <= uniform).sum(dim=1)  # the inverse of the cumulative distribution

    def mode(self) -> torch.Tensor:
        """The likeliest treatment of each row."""
        return self._logits.argmax(dim=1)
