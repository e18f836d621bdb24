"""Models as plain numbers: fitted by scikit-learn, kept as JSON, and read without running anything from a file.

A predictor gives log odds (a probability after `calibrated`) or an amount: from a weighted sum, or from boosted trees.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field, model_validator
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from recoup.experiments.runs.file_kinds import Content, Number
from recoup.experiments.runs.one_thread import one_thread
from recoup.sim.inputs import misplaced

FOLDS, SEED = 5, 17
MOST_TO_CHOOSE = 40_000  # rows on which candidates are compared
Numbers = NDArray[np.float64]
Index = Annotated[int, Field(ge=0, le=10_000)]


class Linear(Content):
    """A weighted sum of standardised features; an unknown one counts as its mean."""

    means: list[Number]
    scales: list[Annotated[Number, Field(ge=1e-12)]]
    weights: list[Number]
    intercept: Number

    def values(self, features: Numbers) -> Numbers:
        """The sum by row."""
        standard = (features - np.array(self.means)) / np.array(self.scales)
        return np.asarray(np.nan_to_num(standard) @ np.array(self.weights) + self.intercept, np.float64)


class Tree(Content):
    """A tree: from node 0 to the left where the feature is at most the threshold (or unknown and `unknown_left`), else to the right.

    A leaf has itself as both children.
    """

    feature: list[Index]
    threshold: list[Number]
    unknown_left: list[bool]
    left: list[Index]
    right: list[Index]
    value: list[Number]

    @model_validator(mode="after")
    def _a_tree(self) -> Tree:
        size = len(self.feature)
        if not size or any(
            len(column) != size for column in (self.threshold, self.unknown_left, self.left, self.right, self.value)
        ):
            raise misplaced(("feature",), size, "lists of equal length, of at least one node")
        for side in ("left", "right"):
            for node, child in enumerate(getattr(self, side)):
                leaf = self.left[node] == node == self.right[node]
                if child >= size or (child <= node and not leaf):  # rising, so that every way down ends
                    raise misplaced((side, node), child, "a later node, or twice the node itself")
        return self


class Trees(Content):
    """Boosted trees: a baseline and what each tree adds."""

    baseline: Number
    trees: list[Tree]

    def values(self, features: Numbers) -> Numbers:
        """Baseline and additions by row."""
        total = np.full(len(features), self.baseline)
        rows = np.arange(len(features))
        for tree in self.trees:
            feature, left, right = (np.array(column) for column in (tree.feature, tree.left, tree.right))
            threshold, unknown = np.array(tree.threshold), np.array(tree.unknown_left)
            node = np.zeros(len(features), np.int64)
            while True:
                seen = features[rows, feature[node]]
                down = np.where(
                    np.where(np.isnan(seen), unknown[node], seen <= threshold[node]), left[node], right[node]
                )
                if (down == node).all():
                    break
                node = down
            total += np.array(tree.value)[node]
        return total


class Calibration(Content):
    """Platt's scaling of log odds: probability = logistic(slope · log odds + intercept)."""

    slope: Number
    intercept: Number


class Predictor(Content):
    """One model; `linear` or `trees`, and `calibration` where it says a probability."""

    name: str
    linear: Linear | None
    trees: Trees | None
    calibration: Calibration | None

    @model_validator(mode="after")
    def _one_form(self) -> Predictor:
        if (self.linear is None) == (self.trees is None):
            raise misplaced(("linear",), None, "either linear or trees")
        return self

    def check(self, features: int) -> None:
        """Make sure that it asks for no feature beyond so many.

        Raises:
            PydanticCustomError: it does; for validators.
        """
        if (
            self.linear
            and not len(self.linear.means) == len(self.linear.scales) == len(self.linear.weights) == features
        ):
            raise misplaced(("linear",), len(self.linear.weights), f"{features} means, scales and weights")
        for number, tree in enumerate(self.trees.trees if self.trees else []):
            if max(tree.feature) >= features:
                raise misplaced(("trees", "trees", number, "feature"), max(tree.feature), f"below {features}")

    def raw(self, features: Numbers) -> Numbers:
        """Log odds before calibration, or an amount, (rows,)."""
        form = self.linear or self.trees
        assert form is not None
        return form.values(features)

    def __call__(self, features: Numbers) -> Numbers:
        """Calibrated probabilities, or amounts, (rows,).

        Args:
            features: float64 (rows, features), in the order in which they were fitted; NaN where unknown.
        """
        raw = self.raw(features)
        return logistic(self.calibration.slope * raw + self.calibration.intercept) if self.calibration else raw


def logistic(odds: Numbers) -> Numbers:
    """Probabilities of log odds."""
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(odds, -500, 500))), np.float64)


@dataclass(frozen=True)
class Candidate:
    """A model to choose from: weighted sum with a penalty, or trees of a size."""

    name: str
    strength: float | None = None
    leaves: int = 0
    rounds: int = 0

    def fit(self, features: Numbers, outcome: Numbers) -> Predictor:
        """The model, fitted to outcomes of 1 or 0 and not yet calibrated."""
        if self.strength is not None:
            return _fit_linear(self.name, self.strength, features, outcome)
        model = HistGradientBoostingClassifier(
            learning_rate=0.1, max_leaf_nodes=self.leaves, max_iter=self.rounds, min_samples_leaf=40, l2_regularization=5.0,
            early_stopping=False, random_state=SEED,
        ).fit(features, outcome)  # fmt: skip
        return exported(self.name, model, features)


CANDIDATES = (
    Candidate("logistic regression", strength=0.03),
    Candidate("boosted trees, 4 leaves", leaves=4, rounds=80),
    Candidate("boosted trees, 12 leaves", leaves=12, rounds=60),
)


def _fit_linear(name: str, strength: float, features: Numbers, outcome: Numbers) -> Predictor:
    known = np.isfinite(features)
    counts = np.maximum(known.sum(axis=0), 1)
    means = np.where(known, features, 0.0).sum(axis=0) / counts
    spread = np.sqrt(np.where(known, (features - means) ** 2, 0.0).sum(axis=0) / counts)
    scales = np.where(spread > 1e-9, spread, 1.0)
    model = LogisticRegression(C=strength, max_iter=1000).fit(np.nan_to_num((features - means) / scales), outcome)
    linear = Linear(
        means=means.tolist(),
        scales=scales.tolist(),
        weights=model.coef_[0].tolist(),
        intercept=float(model.intercept_[0]),
    )
    return Predictor(name=name, linear=linear, trees=None, calibration=None)


def exported(
    name: str, model: HistGradientBoostingClassifier | HistGradientBoostingRegressor, features: Numbers
) -> Predictor:
    """The trees of a fitted model as numbers.

    Args:
        name: of the model, in words.
        model: fitted, without categorical features.
        features: on which the numbers must say what the model says.

    Raises:
        RuntimeError: they do not: scikit-learn keeps its trees in another way than this version knows.
    """
    trees = []
    for (grown,) in model._predictors:
        nodes = grown.nodes
        leaf = nodes["is_leaf"].astype(bool)
        own = np.arange(nodes.size)
        trees.append(
            Tree(
                feature=np.where(leaf, 0, nodes["feature_idx"]).tolist(),
                # A split of the known from the unknown has no finite threshold.
                threshold=np.where(leaf, 0.0, np.clip(nodes["num_threshold"], -1e18, 1e18)).tolist(),
                unknown_left=np.where(leaf, True, nodes["missing_go_to_left"].astype(bool)).tolist(),
                left=np.where(leaf, own, nodes["left"]).tolist(),
                right=np.where(leaf, own, nodes["right"]).tolist(),
                value=nodes["value"].tolist(),
            )
        )
    predictor = Predictor(
        name=name,
        linear=None,
        trees=Trees(baseline=float(np.ravel(model._baseline_prediction)[0]), trees=trees),
        calibration=None,
    )
    sample = features[:1000]
    says = (
        model.decision_function(sample) if isinstance(model, HistGradientBoostingClassifier) else model.predict(sample)
    )
    if not np.allclose(predictor.raw(sample), says, rtol=1e-6, atol=1e-8):
        raise RuntimeError("the trees of this version of scikit-learn cannot be exported")
    return predictor


@dataclass(frozen=True)
class Fitted:
    """A chosen and calibrated model.

    Attributes:
        predictor: the model.
        out_of_fold: calibrated probabilities of the rows of the fit by models that never saw their accounts, (rows,).
        losses: log loss of each candidate on held-out accounts.
    """

    predictor: Predictor
    out_of_fold: Numbers
    losses: dict[str, float]


def fit_probability(
    features: pd.DataFrame, outcome: Numbers, account: NDArray[np.int64], step: Any = lambda: None
) -> Fitted:
    """Choose among `CANDIDATES` by log loss on held-out accounts, fit on all rows, and calibrate (Platt 1999) on the held-out odds.

    Args:
        features: one row each.
        outcome: 1 or 0, (rows,); both occur.
        account: whose a row is, (rows,); an account is never on both sides.
        step: called after each of `STEPS` steps.
    """
    with one_thread():
        table = features.to_numpy(np.float64)
        folds = list(GroupKFold(FOLDS, shuffle=True, random_state=SEED).split(table, groups=account))
        few = np.random.default_rng(SEED).random(len(table)) < MOST_TO_CHOOSE / len(table)
        losses = {}
        for candidate in CANDIDATES:
            train, held = (part[few[part]] for part in folds[0])
            losses[candidate.name] = _log_loss(
                logistic(candidate.fit(table[train], outcome[train]).raw(table[held])), outcome[held]
            )
            step()
        best = min(CANDIDATES, key=lambda candidate: losses[candidate.name])
        odds = np.zeros(len(table))
        for train, held in folds:
            odds[held] = best.fit(table[train], outcome[train]).raw(table[held])
            step()
        platt = LogisticRegression(C=1e6, max_iter=1000).fit(odds[:, None], outcome)
        calibration = Calibration(slope=float(platt.coef_[0, 0]), intercept=float(platt.intercept_[0]))
        chosen = best.fit(table, outcome).model_copy(update={"calibration": calibration})
        step()
    return Fitted(chosen, logistic(calibration.slope * odds + calibration.intercept), losses)


STEPS = len(CANDIDATES) + FOLDS + 1


def _log_loss(said: Numbers, outcome: Numbers) -> float:
    said = np.clip(said, 1e-9, 1 - 1e-9)
    return float(-(outcome * np.log(said) + (1 - outcome) * np.log(1 - said)).mean())
