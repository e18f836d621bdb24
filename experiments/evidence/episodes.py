"""A log beside a policy: each account's first decisions, what the policy would have done, and how much each counts for it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recoup.agents.policy import Policy
from recoup.experiments.evidence.decision_log import DecisionLog
from recoup.sim.inputs import InputError
from recoup.sim.observation import FIELD_INDEX, LOW, highest


@dataclass(frozen=True)
class Episodes:
    """Accounts × decisions. After an account has closed nothing follows: row −1, ratio 1, reward 0.

    Attributes:
        row: of the log, int64 (accounts, steps); −1 = the account was closed.
        ratio: probability of what was done under the policy over that under the log, (accounts, steps).
        reward: currency, (accounts, steps).
        left_out: accounts that entered too late for all these steps to be in the log.
    """

    row: NDArray[np.int64]
    ratio: NDArray[np.float64]
    reward: NDArray[np.float64]
    left_out: int = 0

    @property
    def weight(self) -> NDArray[np.float64]:
        """Product of the ratios up to each step: how much the account counts for the policy there; (accounts, steps)."""
        return np.asarray(np.cumprod(self.ratio, axis=1), np.float64)


def decisions_of(policy: Policy, log: DecisionLog) -> NDArray[np.int64]:
    """What a policy would have decided in each row of a log: menu indices, int64 (rows,); what is forbidden as nothing.

    Args:
        policy: has not acted yet; asked day by day.
        log: where a field is unknown, the policy must not depend on it.

    Raises:
        InputError: it depends on a field that the log has not.
    """
    low = _decide(policy, log, {name: float(LOW[FIELD_INDEX[name]]) for name in log.unknown})
    if log.unknown:
        most = highest(log.menu.vocabulary)
        highs = {name: float(most[FIELD_INDEX[name]]) for name in log.unknown}
        alone = {
            name: {**{other: float(LOW[FIELD_INDEX[other]]) for other in log.unknown}, name: value}
            for name, value in highs.items()
        }
        for name, values in {**alone, ", ".join(log.unknown): highs}.items():
            if (_decide(policy, log, values) != low).any():
                raise InputError(
                    log.source, f"column {name}", "nothing", f"a column of this name: {policy.name} decides by it"
                )
    return low


def _decide(policy: Policy, log: DecisionLog, known: dict[str, float]) -> NDArray[np.int64]:
    observations = log.observations
    if known:
        observations = observations.copy()
        for name, value in known.items():
            observations[:, FIELD_INDEX[name]] = value
    actions = np.zeros(log.actions.size, np.int64)
    order = np.argsort(log.day, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(log.day[order])) + 1):
        actions[rows] = policy.act(observations[rows], log.masks[rows], log.account[rows])
    return np.where(log.masks[np.arange(actions.size), actions], actions, 0)


def most_steps(log: DecisionLog) -> int:
    """Decisions that the log has of the account that is in it for longest."""
    return int(np.bincount(log.account).max())


def episodes_of(log: DecisionLog, wanted: NDArray[np.int64], propensities: NDArray[np.float64], steps: int) -> Episodes:
    """The first decisions about each account that was in the log early enough.

    Args:
        log: the decisions.
        wanted: what the policy would have done, menu indices, shape (rows,).
        propensities: of what was done, shape (rows,).
        steps: decisions about each account.
    """
    calendar = np.unique(log.day)
    first = np.searchsorted(log.account, np.arange(log.names.size))
    place = np.arange(log.account.size) - first[log.account]
    in_time = np.searchsorted(calendar, log.day[first]) + steps <= calendar.size
    row = np.full((log.names.size, steps), -1, np.int64)
    early = place < steps
    row[log.account[early], place[early]] = np.flatnonzero(early)
    row = row[in_time]
    there = row >= 0
    agrees = (log.actions == wanted) / propensities
    return Episodes(
        row=row,
        ratio=np.where(there, agrees[row], 1.0),
        reward=np.where(there, log.rewards[row], 0.0),
        left_out=int((~in_time).sum()),
    )
