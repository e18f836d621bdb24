"""How well the inputs of policies could tell protected groups: the proxy check.

A policy never sees age, sex or region, but what it sees may give them away. A classifier tries to tell each group from the
visible fields of the portfolio, on accounts it was not fitted on; the area under the ROC curve (AUC) is the probability that
it ranks a member above a non-member: 0.5 is blind, 1 is certain.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recoup.experiments.comparison.protected_groups import LEAST_ACCOUNTS, group_membership
from recoup.experiments.runs.one_thread import one_thread
from recoup.sim.portfolio.table import FIELDS, PRODUCTS

PROXY_BOUND = 0.7  # «acceptable» discrimination begins here (Hosmer, Lemeshow & Sturdivant 2013, 5.2.4)
FOLDS = 3
MOST_ACCOUNTS = 3000  # more make the AUC no clearer than its bound needs
INPUTS = tuple(field.name for field in FIELDS if field.role == "visible")


def inputs(people: pd.DataFrame) -> pd.DataFrame:
    """What a policy sees of an account on entry, as numbers: one column for each visible field."""
    table = people[list(INPUTS)].copy()
    kinds = [*PRODUCTS, *sorted(set(table["product"]) - set(PRODUCTS))]  # a scenario may have others
    table["product"] = table["product"].map({name: code for code, name in enumerate(kinds)})
    return table.astype(float)


def proxy_check(people: pd.DataFrame) -> dict[str, Any]:
    """Cross-validated AUC with interval by attribute and group, the strongest single field, and warnings: groups that the inputs tell.

    Groups with fewer than `LEAST_ACCOUNTS` accounts (or others) are left out. A warning needs the interval's lower end above
    `PROXY_BOUND`.
    """
    from sklearn.metrics import roc_auc_score

    if len(people) > MOST_ACCOUNTS:
        people = people.sample(MOST_ACCOUNTS, random_state=0)
    x = inputs(people)
    by_attribute: dict[str, Any] = {}
    warnings = []
    for attribute, members in group_membership(people).items():
        by_attribute[attribute] = {}
        names, counts = np.unique(members.astype(str), return_counts=True)
        known = [
            name
            for name, count in zip(names, counts, strict=True)
            if min(count, len(members) - count) >= LEAST_ACCOUNTS
        ]
        if not known:
            continue
        for name in known:
            inside = members == name
            auc = float(roc_auc_score(inside, _told(x, inside)))
            low, high = _limits(auc, int(inside.sum()), int((~inside).sum()))
            field, alone = _strongest(x, inside)
            by_attribute[attribute][name] = {"auc": auc, "low": low, "high": high, "field": field, "field_auc": alone}
            if low > PROXY_BOUND:
                warnings.append({"attribute": attribute, "group": name})
            if len(names) == 2:
                break  # the other group's is the same
    return {"inputs": list(INPUTS), "bound": PROXY_BOUND, "attributes": by_attribute, "warnings": warnings}


def _told(x: pd.DataFrame, inside: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Probability of membership for each account, from models fitted on the other folds."""
    from sklearn.ensemble import HistGradientBoostingClassifier  # before `one_thread`, which holds what is loaded
    from sklearn.model_selection import StratifiedKFold, cross_val_predict

    model = HistGradientBoostingClassifier(max_iter=30, max_leaf_nodes=8, min_samples_leaf=20, random_state=0)
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=0)
    with one_thread():
        return np.asarray(cross_val_predict(model, x, inside, cv=folds, method="predict_proba")[:, 1])


def _strongest(x: pd.DataFrame, inside: NDArray[np.bool_]) -> tuple[str, float]:
    """The single field that tells most by its order, in either direction."""
    from sklearn.metrics import roc_auc_score

    alone = {name: float(roc_auc_score(inside, x[name])) for name in INPUTS}
    name = max(alone, key=lambda field: abs(alone[field] - 0.5))
    return name, max(alone[name], 1.0 - alone[name])


def _limits(auc: float, members: int, others: int) -> tuple[float, float]:
    """95 % interval of an AUC (Hanley & McNeil 1982)."""
    q1, q2 = auc / (2.0 - auc), 2.0 * auc**2 / (1.0 + auc)
    variance = auc * (1.0 - auc) + (members - 1) * (q1 - auc**2) + (others - 1) * (q2 - auc**2)
    half = 1.96 * math.sqrt(max(variance, 0.0) / (members * others))
    return max(auc - half, 0.0), min(auc + half, 1.0)
