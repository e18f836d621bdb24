"""The lottery over allowed treatments that a masked learner draws from and is judged by, normalised once.

sb3-contrib's own normalises the outputs three times, masks or not, and draws by a costlier way; the probabilities are the same.
"""

from __future__ import annotations

from typing import Any, Self

import torch
from sb3_contrib.common.maskable.distributions import MaskableCategoricalDistribution

FORBIDDEN = -1e8  # an output whose weight is nothing
BELOW_ONE = 1.0 - 1e-6  # a lot times a sum must not round to the sum


class MaskedChoice(MaskableCategoricalDistribution):
    """One treatment per row; stands in for `MaskableCategoricalDistribution` in a policy."""

    _outputs: torch.Tensor
    _normalised: torch.Tensor | None

    def proba_distribution(self, action_logits: torch.Tensor) -> Self:
        """Take the network's outputs, shape (rows, menu)."""
        self._outputs, self._normalised = action_logits.view(-1, self.action_dim), None
        return self

    def apply_masking(self, masks: Any) -> None:
        """Only what is True in `masks`, shape (rows, menu), can be drawn."""
        if masks is not None:
            allowed = torch.as_tensor(masks, dtype=torch.bool).reshape(self._outputs.shape)
            self._outputs, self._normalised = self._outputs.masked_fill(~allowed, FORBIDDEN), None

    @property
    def _log(self) -> torch.Tensor:
        if self._normalised is None:
            self._normalised = torch.log_softmax(self._outputs, dim=-1)
        return self._normalised

    @property
    def _shares(self) -> torch.Tensor:
        return torch.softmax(self._outputs, dim=-1)  # exp of logarithms so far below zero is slow

    def log_prob(self, actions: torch.Tensor) -> torch.Tensor:
        """Log probabilities of one treatment per row, shape (rows,)."""
        return self._log.gather(1, actions.long().view(-1, 1)).squeeze(1)

    def entropy(self) -> torch.Tensor:
        """In nats, shape (rows,)."""
        return -(self._shares * self._log).sum(dim=1)

    def sample(self) -> torch.Tensor:
        """One treatment per row, by its probability."""
        total = self._shares.cumsum(dim=1)
        lots = torch.rand(len(total), 1) * BELOW_ONE * total[:, -1:]
        return (total <= lots).sum(dim=1)

    def mode(self) -> torch.Tensor:
        """The likeliest treatment of each row."""
        return self._outputs.argmax(dim=1)
