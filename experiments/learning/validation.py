"""Which version of a network becomes the policy: an average of the latest, assessed on whole portfolios that nothing learns from.

Single versions jump about: what an update brings is little beside the noise of the rollouts it was learned from. The mean over the
latest updates moves less (Polyak & Juditsky, SIAM J. Control Optim. 30, 1992), and of such means the one is kept that does best within the limits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recoup.agents.learned import LearnedPolicy
from recoup.agents.policy import Policy
from recoup.agents.price_family import PRICES, PriceFamily, prices_at
from recoup.agents.training.budget import KEPT_FREE, LIMITED, overdraft
from recoup.agents.training.objective import Objective
from recoup.experiments.learning.cohorts import PARTS, Cohorts, value_of
from recoup.experiments.learning.settings import VALIDATION_SEEDS
from recoup.scenarios.environments import PORTFOLIO_SEED

SEED, PORTFOLIOS = PORTFOLIO_SEED + VALIDATION_SEEDS.start, len(VALIDATION_SEEDS)
DECAY = 0.9  # of older versions in the mean, an update
POINTS = (0.1, 0.35, 0.6)  # of the way to the highest prices, by their inputs: at which a family is assessed
OVERDRAFT = 0.3  # what the score loses for using twice what a limit allows
Arrays = Mapping[str, NDArray[np.float32]]


class PolyakAverage:
    """The exponential moving average of a network's weights.

    Attributes:
        arrays: the mean, by the weights' names; empty before the first update.
    """

    def __init__(self, arrays: Arrays | None = None) -> None:
        self.arrays = dict(arrays or {})

    def update(self, arrays: Arrays) -> None:
        """Take in the network as it is now."""
        for name, array in arrays.items():
            old = self.arrays.get(name, array)
            self.arrays[name] = np.asarray(DECAY * old + (1.0 - DECAY) * array, np.float32)


class Validation:
    """Scores policies by the objective without prices, less what they overdraw of the baseline's cost, complaints and contacts.

    Args:
        cohorts: what policies are assessed on.
        baseline: whose use of these is the limit.
        time_weight: see `Objective.time_weight`.
        limits: take the overdraft into account.

    Attributes:
        baseline: the baseline's parts (`cohorts.PARTS`), means over the cohorts.
    """

    def __init__(self, cohorts: Cohorts, baseline: Policy, time_weight: float, limits: bool) -> None:
        self._cohorts, self._objective, self._limits = cohorts, Objective(time_weight), limits
        self.baseline = self._means(baseline)

    def _means(self, policy: Policy) -> dict[str, float]:
        parts = self._cohorts.parts(policy)
        return {part: float(parts[part].mean()) for part in PARTS}

    def assess(self, policy: Policy) -> dict[str, Any]:
        """The policy's parts (`cohorts.PARTS`) and its score, means over the cohorts."""
        parts = self._means(policy)
        score = float(self._objective.value(**{part: np.array(parts[part]) for part in PARTS}))
        if self._limits:
            for part in LIMITED:
                allowed = (1.0 - KEPT_FREE) * self.baseline[part]
                score -= OVERDRAFT * max(0.0, overdraft(parts[part], allowed))
        return {**parts, "score": score}

    def assess_any(self, exported: LearnedPolicy | PriceFamily) -> dict[str, Any]:
        """A policy, as `assess`; or a family, by what it is worth at its prices, the mean over `POINTS` of them."""
        if isinstance(exported, LearnedPolicy):
            return self.assess(exported)
        points: dict[str, float] = {}
        for level in POINTS:
            prices = prices_at(np.full(len(PRICES), level))
            objective = replace(self._objective, **prices)
            parts = self._cohorts.parts(exported.at(prices), self._cohorts.seeds[:1])
            points[f"{level:g}"] = float(value_of(objective, parts)[0])
        return {"score": float(np.mean(list(points.values()))), "points": points}
