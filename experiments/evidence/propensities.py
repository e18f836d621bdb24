"""How likely it was that a log agrees with a policy, where it does not say: estimated, for each account by models that never saw it.

A policy without chance needs no more of a log than that: the probability that what was done is what it wants, from what was known and
what it wants. A window that both spread over the day by the same rule is then no chance, as it would be to a model of treatments.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import GroupKFold

from recoup.agents.treatment_parts import parts_matrix
from recoup.experiments.evidence.decision_log import DecisionLog
from recoup.experiments.runs.one_thread import one_thread

FOLDS, LEAST = 5, 0.05


@one_thread()
def estimated(log: DecisionLog, wanted: NDArray[np.int64]) -> NDArray[np.float64]:
    """Probability that the log does what the policy wants: float64 (rows,), at least `LEAST`.

    Args:
        log: at least `FOLDS` accounts.
        wanted: what the policy would have done, menu indices, shape (rows,).
    """
    agrees = log.actions == wanted
    features = np.column_stack([log.observations, parts_matrix(log.menu)[wanted], log.masks.sum(axis=1)])
    chance = np.zeros(agrees.size)
    for train, test in GroupKFold(FOLDS).split(features, groups=log.account):
        if agrees[train].min() == agrees[train].max():
            chance[test] = agrees[train][0]
            continue
        model = HistGradientBoostingClassifier(
            learning_rate=0.1, max_iter=50, max_leaf_nodes=8, min_samples_leaf=40, early_stopping=False, random_state=0
        )
        chance[test] = model.fit(features[train], agrees[train]).predict_proba(features[test])[:, 1]
    return np.maximum(chance, LEAST)
