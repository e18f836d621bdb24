"""A policy that explores: with a known probability it does something else, and says how likely what it did was."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from recoup.agents.plans.plan_file import DEFAULT_PRIORITY
from recoup.agents.policy import Policy


def chosen(policy: Policy, seen: NDArray[np.float32], masks: NDArray[np.bool_], rows: NDArray[np.int64]):  # type: ignore[no-untyped-def]
    """A policy's decisions, what is forbidden as nothing, and whom it would serve first."""
    actions = policy.act(seen, masks, rows)
    priority = policy.priority(seen, actions)
    actions = np.where(masks[np.arange(rows.size), actions], actions, 0)
    return actions, np.full(rows.size, DEFAULT_PRIORITY) if priority is None else priority


class Explorer:
    """Follows a policy, and with a probability something else; says how likely what it did was.

    Args:
        policy: who decides else.
        explore: probability of something else, 0 to 1, drawn anew for each account and decision.
        towards: what else: the choice of one of these policies, each as likely; none = any lawful treatment, each as likely.
        seed: of the exploration.
    """

    def __init__(self, policy: Policy, explore: float, towards: Sequence[Policy], seed: int) -> None:
        self._policy, self._explore, self._towards = policy, explore, towards
        self._random = np.random.default_rng(seed)

    def decide(
        self, seen: NDArray[np.float32], masks: NDArray[np.bool_], rows: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.integer], NDArray[np.float64]]:
        """One morning's decisions.

        Args:
            seen: observations, float32 (accounts, fields).
            masks: what is possible and lawful, bool (accounts, menu).
            rows: numbers of the accounts, int64 (accounts,).

        Returns:
            Menu indices, whom to serve first, and the probability of what was chosen, each of shape (accounts,).
        """
        base, first = chosen(self._policy, seen, masks, rows)
        probability = np.zeros(masks.shape)
        np.put_along_axis(probability, base[:, None], 1.0 - self._explore, axis=1)
        actions, priority = base.copy(), np.array(first)
        exploring = self._random.random(rows.size) < self._explore
        if self._towards:
            which = self._random.integers(len(self._towards), size=rows.size)
            for number, other in enumerate(self._towards):
                choice, served = chosen(other, seen, masks, rows)
                probability[np.arange(rows.size), choice] += self._explore / len(self._towards)
                taken = exploring & (which == number)
                actions[taken], priority[taken] = choice[taken], np.asarray(served)[taken]
        else:
            probability += self._explore * masks / masks.sum(axis=1, keepdims=True)
            drawn = (self._random.random(masks.shape) * masks).argmax(axis=1)
            actions[exploring] = drawn[exploring]
        return actions, priority, probability[np.arange(rows.size), actions]
