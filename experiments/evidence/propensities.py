"""How likely a log's treatments were where it does not say: estimated from what was known, for each account by models that never saw it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import GroupKFold

from recoup.experiments.evidence.decision_log import DecisionLog
from recoup.experiments.runs.one_thread import one_thread

FOLDS, TREES, LEAF, LEAST = 3, 60, 10, 0.01


@one_thread()
def estimated(log: DecisionLog) -> NDArray[np.float64]:
    """Probability of what was done, among what was allowed: float64 (rows,), at least `LEAST`.

    A forest, whose leaves hold at least `LEAF` decisions: it learns a plan's conditions, and the shares of what was drawn by lot.

    Args:
        log: at least `FOLDS` accounts.
    """
    result = np.zeros(log.actions.size)
    for train, test in GroupKFold(FOLDS).split(log.observations, groups=log.account):
        forest = RandomForestClassifier(
            TREES, min_samples_leaf=LEAF, max_features=0.5, max_samples=0.5, random_state=0, n_jobs=1
        )
        forest.fit(log.observations[train], log.actions[train])
        chance = np.zeros((test.size, len(log.menu)))
        chance[:, forest.classes_] = forest.predict_proba(log.observations[test])
        chance *= log.masks[test]
        total = chance.sum(axis=1)
        done = chance[np.arange(test.size), log.actions[test]]
        result[test] = np.divide(done, total, out=np.zeros(test.size), where=total > 0)
    return np.maximum(result, LEAST)
