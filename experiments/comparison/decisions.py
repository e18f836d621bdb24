"""What a policy decided: how often each treatment was chosen, by age of debt and risk tier."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recoup.agents.plans.plan import Plan
from recoup.agents.policy import Policy
from recoup.sim.treatments import Menu

Decisions = dict[str, dict[str, dict[str, int]]]  # stage -> tier -> treatment -> account-days


class DecisionCount:
    """Adds up decisions as a run goes on."""

    def __init__(self, menu: Menu) -> None:
        words = menu.vocabulary
        self._names, self._bands, self._tiers = menu.names, words.bands, words.tiers
        first = np.array(words.dpd_bands)
        self._band = np.searchsorted(first, np.arange(first[-1] + 1), side="right") - 1  # by days past due
        self._shape = (len(self._bands), len(self._tiers), len(menu))
        self._counts = np.zeros(self._shape, np.int64)

    def add(self, dpd: NDArray[np.number], tier: NDArray[np.number], actions: NDArray[np.int64]) -> None:
        """Count one day's decisions.

        Args:
            dpd: days past due of the accounts, shape (accounts,).
            tier: indices in the vocabulary's tiers, shape (accounts,).
            actions: menu indices, shape (accounts,).
        """
        stage = self._band[np.minimum(dpd, len(self._band) - 1).astype(np.int64)]
        cell = (stage * len(self._tiers) + tier.astype(np.int64)) * len(self._names) + actions
        self._counts += np.bincount(cell, minlength=self._counts.size).reshape(self._shape)

    def table(self) -> Decisions:
        """Account-days by stage, tier and treatment name; treatments never chosen are left out."""
        return {
            stage: {
                tier: {self._names[n]: int(self._counts[s, t, n]) for n in np.flatnonzero(self._counts[s, t])}
                for t, tier in enumerate(self._tiers)
            }
            for s, stage in enumerate(self._bands)
        }


class RuleCount:
    """Counts which rule of a plan decided; of other policies, nothing."""

    def __init__(self, policy: Policy) -> None:
        self._rules = policy.rules if isinstance(policy, Plan) else None
        self._counts = np.zeros(len(self._rules or ()) + 1, np.int64)

    def add(self, rules: NDArray[np.integer]) -> None:
        """Count one day's decisions: indices of rules, -1 where none decided, shape (accounts,)."""
        self._counts += np.bincount(rules.astype(np.int64) + 1, minlength=len(self._counts))

    def table(self) -> dict[str, int]:
        """Account-days by rule; under the empty name those on which no rule decided, and nothing was done."""
        if self._rules is None:
            return {}
        return dict(zip(["", *(rule.name for rule in self._rules)], self._counts.tolist(), strict=True))
