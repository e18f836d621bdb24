"""Can this log say anything about this policy? How much of it counts, and where the policy does what the log never does.

The weights of importance weighting are 1 on average wherever the log gives every decision of the policy a chance. Where they are less,
part of the policy's decisions never happens; where they are more, the propensities are not those by which was decided.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recoup.agents.treatment_parts import arm
from recoup.experiments.evidence.decision_log import DecisionLog
from recoup.experiments.evidence.episodes import Episodes
from recoup.sim.remarks import Remark

LEAST_SAMPLE = 100.0  # accounts
LEAST_SHARE, LEAST_WEIGHT = 0.98, 0.90  # of the policy's decisions that have a chance; of the mean weight at the end
_SURE = 2.58  # standard errors: 99 %


@dataclass(frozen=True)
class Average:
    """A mean over accounts and its standard error."""

    mean: float
    error: float

    @property
    def least(self) -> float:
        """What it is at least, at 99 %."""
        return self.mean - _SURE * self.error

    @property
    def most(self) -> float:
        """What it is at most, at 99 %."""
        return self.mean + _SURE * self.error


@dataclass(frozen=True)
class TreatmentSupport:
    """A treatment (without window and size of an offer): how often the policy chooses it, and the log agrees.

    Attributes:
        treatment: as `treatment_parts.arm` names it.
        chosen: account-days on which the policy chooses it.
        agreed: of them, those on which the log did exactly that.
        supported: share of them that have a chance in the log: the sum of the ratios over `chosen`, about 1 with full support.
    """

    treatment: str
    chosen: int
    agreed: int
    supported: float


@dataclass(frozen=True)
class Support:
    """What the log holds of a policy, up to a number of decisions.

    Attributes:
        accounts, steps: that count.
        sample: effective sample size after each decision, accounts, (steps,).
        weight: mean weight after the last decision; 1 with full support.
        share: share of the policy's single decisions that have a chance in the log, where the log's accounts are; 1 with full support.
        treatments: by how often the policy chooses them.
    """

    accounts: int
    steps: int
    sample: NDArray[np.float64]
    weight: Average
    share: Average
    treatments: tuple[TreatmentSupport, ...]

    def refusal(self, least_sample: float = LEAST_SAMPLE) -> Remark | None:
        """Why nothing is estimated; None = something can be.

        Args:
            least_sample: effective sample size that is needed, accounts.
        """
        if self.share.most < LEAST_SHARE or self.weight.most < LEAST_WEIGHT:
            worst = sorted(self.treatments, key=lambda t: t.chosen * (1.0 - min(t.supported, 1.0)), reverse=True)
            chances = {"share": min(self.share.mean, 1.0), "courses": min(self.weight.mean, 1.0)}
            named = [one.treatment for one in worst[:3]]
            return Remark("support", {**chances, "decisions": self.steps, "treatments": named})
        if self.share.least > 2.0 - LEAST_SHARE or self.weight.least > 2.0 - LEAST_WEIGHT:
            weights = {"ratio": self.share.mean, "weight": self.weight.mean}
            return Remark("propensities", {**weights, "decisions": self.steps})
        if self.sample[-1] < least_sample * (1.0 - 1e-9):  # equal weights make whole numbers, but for rounding
            counts = {"accounts": self.accounts, "sample": float(self.sample[-1]), "least": least_sample}
            return Remark("sample", {**counts, "decisions": self.steps})
        return None


def support_of(log: DecisionLog, wanted: NDArray[np.int64], episodes: Episodes) -> Support:
    """Effective sample size, mean weights, and which treatments lack.

    Args:
        log: the decisions.
        wanted: what the policy would have done, menu indices, shape (rows,).
        episodes: the steps that count.
    """
    weight, there = episodes.weight, episodes.row >= 0
    squares = (weight**2).sum(axis=0)
    sample = np.divide(weight.sum(axis=0) ** 2, squares, out=np.zeros(len(squares)), where=squares > 0)
    rows, ratios = episodes.row[there], episodes.ratio[there]
    names = np.array([arm(treatment) for treatment in log.menu.treatments], object)[wanted[rows]]
    treatments = []
    for name in np.unique(names.astype(str)):
        chosen = names == name
        agreed = int((ratios[chosen] > 0).sum())
        treatments.append(TreatmentSupport(str(name), int(chosen.sum()), agreed, float(ratios[chosen].mean())))
    # Decisions about one account hang together: a ratio of sums over accounts.
    sums, counts = (episodes.ratio * there).sum(axis=1), there.sum(axis=1)
    share = sums.sum() / counts.sum()
    error = np.sqrt(((sums - share * counts) ** 2).sum()) / counts.sum()
    last = weight[:, -1]
    return Support(
        accounts=len(weight),
        steps=weight.shape[1],
        sample=sample,
        weight=Average(float(last.mean()), float(last.std() / np.sqrt(last.size))),
        share=Average(float(share), float(error)),
        treatments=tuple(sorted(treatments, key=lambda t: -t.chosen)),
    )
