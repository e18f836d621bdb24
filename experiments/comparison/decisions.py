"""What a policy decided: how often each treatment was chosen, by age of debt and risk tier."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recoup.agents.plans.plan import Plan
from recoup.agents.policy import Policy
from recoup.sim.observation import FIELD_INDEX, TIERS
from recoup.sim.treatments import Menu

# The stages of the staged plan: reminders, friendly calls, more calls, the specialised team, courts, old debt.
STAGES = {"0–7": 0, "8–15": 8, "16–29": 16, "30–59": 30, "60–89": 60, "90–179": 90, "180+": 180}  # days past due
_FIRST_DAYS = np.array(list(STAGES.values()))

Decisions = dict[str, dict[str, dict[str, int]]]  # stage -> tier -> treatment -> account-days


class DecisionCount:
    """Adds up decisions as a run goes on."""

    def __init__(self, menu: Menu) -> None:
        self._names = menu.names
        self._shape = (len(STAGES), len(TIERS), len(menu))
        self._counts = np.zeros(self._shape, np.int64)

    def add(self, observations: NDArray[np.float32], actions: NDArray[np.int64]) -> None:
        """Count one day's decisions: rows of `Simulation.observe` and the treatment chosen for each.

        Args:
            observations: float32, shape (accounts, fields), natural units.
            actions: menu indices, shape (accounts,).
        """
        stage = np.searchsorted(_FIRST_DAYS, observations[:, FIELD_INDEX["dpd"]], side="right") - 1
        tier = observations[:, FIELD_INDEX["tier"]].astype(np.int64)
        cell = np.ravel_multi_index((stage, tier, actions), self._shape)
        self._counts += np.bincount(cell, minlength=self._counts.size).reshape(self._shape)

    def table(self) -> Decisions:
        """Account-days by stage, tier and treatment name; treatments never chosen are left out."""
        return {
            stage: {
                tier: {self._names[n]: int(self._counts[s, t, n]) for n in np.flatnonzero(self._counts[s, t])}
                for t, tier in enumerate(TIERS)
            }
            for s, stage in enumerate(STAGES)
        }


class RuleCount:
    """Counts which rule of a plan decided; of other policies, nothing."""

    def __init__(self, policy: Policy) -> None:
        self._plan = policy if isinstance(policy, Plan) else None
        self._counts = np.zeros(len(self._plan.rules) + 1 if self._plan else 0, np.int64)

    def add(self, observations: NDArray[np.float32], actions: NDArray[np.int64]) -> None:
        """Count one day's decisions, as `DecisionCount.add`.

        Args:
            observations: float32, shape (accounts, fields), natural units.
            actions: menu indices, shape (accounts,).
        """
        if self._plan:
            self._counts += np.bincount(
                self._plan.deciding_rules(observations, actions) + 1, minlength=len(self._counts)
            )

    def table(self) -> dict[str, int]:
        """Account-days by rule; under the empty name those on which no rule decided, and nothing was done."""
        names = ["", *(rule.name for rule in self._plan.rules)] if self._plan else []
        return dict(zip(names, self._counts.tolist(), strict=True))
