"""Fitted models as plain numbers: they say what scikit-learn says, read as JSON, and a damaged one is refused."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from recoup.experiments.models.predictor import (
    CANDIDATES,
    Calibration,
    Linear,
    Predictor,
    Tree,
    Trees,
    exported,
    fit_probability,
    logistic,
)

RANDOM = np.random.default_rng(4)
TABLE = RANDOM.normal(size=(3000, 4))
TABLE[RANDOM.random(TABLE.shape) < 0.1] = np.nan
TRUE = logistic(1.5 * np.nan_to_num(TABLE[:, 0]) - np.nan_to_num(TABLE[:, 1]) ** 2)
OUTCOME = (RANDOM.random(3000) < TRUE).astype(float)


def test_trees_say_what_the_fitted_model_says_also_of_the_unknown() -> None:
    classifier = HistGradientBoostingClassifier(max_iter=20).fit(TABLE, OUTCOME)
    ours = Predictor.model_validate(json.loads(exported("trees", classifier, TABLE).model_dump_json()))
    assert logistic(ours.raw(TABLE)) == pytest.approx(classifier.predict_proba(TABLE)[:, 1], abs=1e-9)
    regressor = HistGradientBoostingRegressor(max_iter=20).fit(TABLE, TRUE * 1000)
    assert exported("trees", regressor, TABLE)(TABLE) == pytest.approx(regressor.predict(TABLE))


def test_a_weighted_sum_by_hand() -> None:
    linear = Linear(means=[1.0, 0.0], scales=[2.0, 1.0], weights=[3.0, -1.0], intercept=0.5)
    one = Predictor(name="sum", linear=linear, trees=None, calibration=Calibration(slope=2.0, intercept=1.0))
    # 3 · (5 − 1) / 2 − 2 + 0.5 = 4.5; the unknown counts as the mean: −2 + 0.5.
    rows = np.array([[5.0, 2.0], [np.nan, 2.0]])
    assert one.raw(rows).tolist() == [4.5, -1.5]
    assert one(rows) == pytest.approx([1 / (1 + np.exp(-10)), 1 / (1 + np.exp(2))])


def test_a_tree_by_hand() -> None:
    tree = Tree(
        feature=[1, 0, 0],
        threshold=[0.5, 0, 0],
        unknown_left=[False, True, True],
        left=[1, 1, 2],
        right=[2, 1, 2],
        value=[0, -1, 2],
    )
    rows = np.array([[9.0, 0.5], [9.0, 0.6], [9.0, np.nan]])
    assert Trees(baseline=10.0, trees=[tree, tree]).values(rows).tolist() == [8.0, 14.0, 14.0]


@pytest.mark.parametrize(
    "change",
    [
        {"left": [0, 1, 2]},
        {"right": [3, 1, 2]},
        {"left": [1, 0, 2]},
        {"value": [0.0]},
        {"threshold": [float("nan"), 0, 0]},
    ],
    ids=["circle", "no such node", "upwards", "too few", "not a number"],
)
def test_a_tree_that_would_not_end_is_refused(change: dict[str, object]) -> None:
    tree = {"feature": [1, 0, 0], "threshold": [0.5, 0, 0], "unknown_left": [False, True, True], "left": [1, 1, 2], "right": [2, 1, 2], "value": [0, -1, 2]}  # fmt: skip
    Tree.model_validate(tree)
    with pytest.raises(ValidationError):
        Tree.model_validate({**tree, **change})


def test_the_best_candidate_is_chosen_and_its_probabilities_are_right() -> None:
    """The truth is curved, which a weighted sum can't say; probabilities of rows that were not seen must agree with it."""
    rows = np.arange(3000)
    fitted = fit_probability(pd.DataFrame(TABLE[:2000], columns=list("abcd")), OUTCOME[:2000], rows[:2000] // 2)
    assert set(fitted.losses) == {one.name for one in CANDIDATES}
    assert "trees" in fitted.predictor.name and min(fitted.losses.values()) == fitted.losses[fitted.predictor.name]
    said = fitted.predictor(TABLE[2000:])
    assert np.corrcoef(said, TRUE[2000:])[0, 1] > 0.85
    assert said.mean() == pytest.approx(TRUE[2000:].mean(), abs=0.03)
    high = said > np.quantile(said, 0.8)
    assert said[high].mean() == pytest.approx(TRUE[2000:][high].mean(), abs=0.06)
    assert fitted.out_of_fold.mean() == pytest.approx(OUTCOME[:2000].mean(), abs=1e-3)  # Platt's scaling keeps the mean
