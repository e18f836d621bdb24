"""`recoup evaluate`: the value of a policy from a log of decisions, as far ahead as the log can say, or why it can't."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from recoup.agents.policy import Policy
from recoup.experiments.evidence import propensities
from recoup.experiments.evidence.decision_log import DecisionLog
from recoup.experiments.evidence.episodes import Episodes, decisions_of, episodes_of, most_steps
from recoup.experiments.evidence.estimators import TITLES, Estimator, with_intervals
from recoup.experiments.evidence.fitted_q import fitted_q
from recoup.experiments.evidence.support import LEAST_SAMPLE, Support, support_of
from recoup.sim.inputs import InputError
from recoup.sim.remarks import Remark

LEAST_STEPS, MOST_STEPS = 7, 30
LEAST_ACCOUNTS = 30


@dataclass(frozen=True)
class Evaluation:
    """What a log says of a policy.

    Attributes:
        policy: its name.
        estimated_propensities: the log does not say with which probability was decided.
        episodes, support: of the steps that were taken.
        estimates: by `Estimator`, `value` and `gain` with their intervals, currency per account; empty where refused.
        refusal: why nothing is estimated; None = something is.
    """

    policy: str
    estimated_propensities: bool
    episodes: Episodes
    support: Support
    estimates: dict[Estimator, dict[str, dict[str, float]]]
    refusal: Remark | None

    def content(self, currency: str, scenario: str) -> dict[str, Any]:
        """What evaluation.json holds."""
        support = self.support
        return {
            "policy": self.policy,
            "scenario": scenario,
            "currency": currency,
            "accounts": support.accounts,
            "left_out": self.episodes.left_out,
            "decisions": support.steps,
            "propensities": "estimated" if self.estimated_propensities else "recorded",
            "effective_sample": support.sample.tolist(),
            "mean_weight": support.weight.mean,
            "supported_share": support.share.mean,
            "treatments": [vars(treatment) for treatment in support.treatments],
            "refusal": self.refusal.content() if self.refusal else None,
            "estimates": [
                {"estimator": str(name), "title": TITLES[name], **found} for name, found in self.estimates.items()
            ],
        }


def evaluate(
    log: DecisionLog, policy: Policy, steps: int | None = None, least_sample: float = LEAST_SAMPLE
) -> Evaluation:
    """Estimate what a policy would have brought over each account's first decisions in the log.

    Args:
        log: the decisions.
        policy: has not acted yet.
        steps: decisions ahead; None = as many, from 7 to 30, as the support allows (no reward is looked at for that).
        least_sample: effective sample size that is needed, accounts.

    Raises:
        InputError: a log that is too small or too short, or lacks a field by which the policy decides.
    """
    longest = most_steps(log)
    if steps is not None and steps > longest:
        raise InputError("--decisions", "", steps, f"at most {longest}, which the log has of an account")
    wanted = decisions_of(policy, log)
    chances = propensities.estimated(log, wanted) if log.propensities is None else log.propensities
    taken = steps or min(LEAST_STEPS, longest)
    episodes = episodes_of(log, wanted, chances, taken)
    if len(episodes.row) < LEAST_ACCOUNTS:
        followed = f"at least {LEAST_ACCOUNTS} that the log follows for {taken} decisions"
        raise InputError(log.source, "account_id", len(episodes.row), followed)
    support = support_of(log, wanted, episodes)
    refusal = support.refusal(least_sample)
    fewest = max(LEAST_ACCOUNTS, len(episodes.row) // 2)
    while steps is None and refusal is None and taken < min(MOST_STEPS, longest):
        further = episodes_of(log, wanted, chances, taken + 1)
        if len(further.row) < fewest or (more := support_of(log, wanted, further)).refusal(least_sample):
            break
        taken, episodes, support = taken + 1, further, more
    estimates = {} if refusal else with_intervals(episodes, fitted_q(log, wanted, episodes))
    return Evaluation(policy.name, log.propensities is None, episodes, support, estimates, refusal)
