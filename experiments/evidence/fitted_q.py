"""Fitted-Q evaluation: what a policy brings from here on, learned backwards from the log's own steps (Ernst et al. 2005; Le et al. 2019).

With one decision to go, the value is the reward; with more, the reward and the value of what the policy would do next with one decision
fewer. For each account by models that never saw it, so that the doubly robust estimate keeps its guarantee (Chernozhukov et al. 2018).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingRegressor
from sklearn.model_selection import KFold

from recoup.agents.treatment_parts import parts_matrix
from recoup.experiments.evidence.decision_log import DecisionLog
from recoup.experiments.evidence.episodes import Episodes
from recoup.experiments.runs.one_thread import one_thread

FOLDS = 2


@dataclass(frozen=True)
class Values:
    """What the models say, currency; 0 where the account is closed.

    Attributes:
        done: of what was done, and the policy after that: shape (accounts, steps).
        policy: of the policy from here on: shape (accounts, steps).
    """

    done: NDArray[np.float64]
    policy: NDArray[np.float64]


@one_thread()
def fitted_q(log: DecisionLog, wanted: NDArray[np.int64], episodes: Episodes) -> Values:
    """Values of what was done and of the policy at each step of each account.

    Args:
        log: the decisions.
        wanted: what the policy would have done, menu indices, shape (rows,).
        episodes: the steps that count; the models learn from these alone.
    """
    parts = parts_matrix(log.menu)
    done = np.hstack([log.observations, parts[log.actions]])
    policy = np.hstack([log.observations, parts[wanted]])
    accounts, steps = episodes.row.shape
    there = episodes.row >= 0
    following = np.full(log.actions.size, -1, np.int64)  # of the same account; −1 = it closed, or the log ended
    if log.account.size > 1:
        more = np.append(log.account[1:] == log.account[:-1], False)
        following[more] = np.flatnonzero(more) + 1
    unfinished = log.day == log.day.max()  # what came after the log's last day is not known: not that nothing came
    says_done, says_policy = np.zeros((accounts, steps)), np.zeros((accounts, steps))
    for train, test in KFold(min(FOLDS, accounts), shuffle=True, random_state=0).split(np.arange(accounts)):
        known = episodes.row[train][there[train]]
        asked = {step: episodes.row[test, step][there[test, step]] for step in range(steps)}
        ahead = following[known]
        target = log.rewards[known]
        for to_go in range(1, steps + 1):
            model = HistGradientBoostingRegressor(
                learning_rate=0.15,
                max_iter=30,
                max_leaf_nodes=8,
                min_samples_leaf=20,
                early_stopping=False,
                random_state=0,
            )
            model.fit(done[known], target)
            if to_go == 1:  # all further models learn from decisions after which the log goes on
                known, ahead = known[~unfinished[known]], ahead[~unfinished[known]]
            step = steps - to_go
            if asked[step].size:
                rows = test[there[test, step]]
                says_done[rows, step] = model.predict(done[asked[step]])
                says_policy[rows, step] = model.predict(policy[asked[step]])
            if to_go < steps:
                later = np.zeros(known.size)
                later[ahead >= 0] = model.predict(policy[ahead[ahead >= 0]])
                target = log.rewards[known] + later
    return Values(says_done, says_policy)
