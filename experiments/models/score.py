"""A portfolio with the scores of fitted models beside its own fields, as `--portfolio` reads it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recoup.experiments.models.features import WINDOWS, features_at, paid_by
from recoup.experiments.models.files import Model
from recoup.experiments.models.numbered_records import Records, numbered
from recoup.experiments.models.training_table import Kind, asked_at
from recoup.experiments.records.lender_records import LenderRecords
from recoup.sim.inputs import InputError, choose
from recoup.sim.treatments import Group

PREFIX = "score."  # of the columns, as plans name them
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def as_it_is_on(records: Records, day: date) -> tuple[Records, int]:
    """Records whose portfolio is as it is on a later day than the logs' first: what the accounts owed, and for how long, when those began.

    Args:
        records: with the portfolio as it is on `day`, and the logs before.
        day: the day.

    Returns:
        Records as if the portfolio were of their start, and the day's number.
    """
    number = (day - records.start).days
    accounts = records.accounts.copy()
    accounts["opening_balance"] = accounts["opening_balance"] + np.maximum(paid_by(records, 0, number), 0.0)
    accounts["dpd"] = accounts["dpd"] - number
    return replace(records, accounts=accounts, contacts=records.contacts.assign(dpd=np.nan)), number


def scores_of(model: Model, records: Records, day: int) -> pd.DataFrame:
    """The scores of each account on the morning of a day.

    Args:
        model: fitted.
        records: as for `features_at`.
        day: number of the day.

    Returns:
        Columns by score name; of a model of calls one for each window (mean over Monday to Friday), `best_window` and `best_weekday`.
    """
    if model.kind == Kind.CALL_TIME:
        return _call_times(model, records, day)
    features = _asked(features_at(records, day), model)
    return pd.DataFrame({name: predictor(features) for name, predictor in model.scores.items()})


def _asked(features: pd.DataFrame, model: Model) -> NDArray[np.float64]:
    """The features in the order in which a model asks for them."""
    for name in model.features:
        if name not in features:
            raise InputError("model.json", "features", name, choose(map(str, features), name))
    return features[model.features].to_numpy(np.float64)


def _call_times(model: Model, records: Records, day: int) -> pd.DataFrame:
    known = features_at(records, day, model.window_ends)
    (name, predictor), size = next(iter(model.scores.items())), len(known)
    chance = np.zeros((size, len(WINDOWS), 7))
    collector: NDArray[np.object_] = np.full(size, "collector", object)
    for window in range(len(WINDOWS)):
        for weekday in range(7):
            asked = asked_at(np.full(size, window), np.full(size, weekday), collector, records.by(Group.CALL))
            chance[:, window, weekday] = predictor(_asked(pd.concat([known, asked], axis=1), model))
    columns: dict[str, object] = {
        f"{name}-{window}": chance[:, number, :5].mean(axis=1) for number, window in enumerate(WINDOWS)
    }
    best = chance.reshape(size, -1).argmax(axis=1)
    columns["best_window"] = np.array(WINDOWS, object)[best // 7]
    columns["best_weekday"] = np.array(WEEKDAYS, object)[best % 7]
    return pd.DataFrame(columns)


def scored(
    models: Sequence[Model], lender: LenderRecords, as_of: date | None = None, fill: str | None = None
) -> pd.DataFrame:
    """A portfolio with scores.

    Args:
        models: one or more; the first one's first score is what fills a field.
        lender: the portfolio as it is on the day, and the logs of the time before.
        as_of: the day; None = the portfolio's own (`as_of` of its map), else the day after the logs' last.
        fill: a field whose values the score takes the place of: early_warning, or credit_score, whose points are given out anew in the
            order of the score; None = none.

    Returns:
        One row an account: the fields that the portfolio says, and the scores as `score.NAME`.

    Raises:
        InputError: two models have a score of the same name; a day before the logs'; or nothing fits the field.
    """
    day = as_of or lender.portfolio.as_of or lender.last_day + timedelta(days=1)
    records = numbered(lender, day if lender.moments.empty else lender.moments.min().date())
    if day < records.start:
        raise InputError("--as-of", "", day.isoformat(), f"a day from {records.start} on, where the logs begin")
    then, number = as_it_is_on(records, day)
    table = records.accounts.dropna(axis=1, how="all")
    first: NDArray[np.float64] | None = None
    for model in models:
        for name, values in scores_of(model, then, number).items():
            column = str(name) if name in ("best_window", "best_weekday") else f"{PREFIX}{name}"
            if column in table:
                raise InputError("models", "", str(name), "models whose scores have different names")
            table = table.assign(**{column: values.to_numpy()})
            if first is None:
                first = values.to_numpy(float)
    return table if fill is None else _filled(table, fill, first, models[0])


def _filled(table: pd.DataFrame, fill: str, score: NDArray[np.float64] | None, model: Model) -> pd.DataFrame:
    fits = {"early_warning": Kind.EARLY_WARNING, "credit_score": Kind.REPAYMENT}[fill]
    if model.kind != fits or score is None:
        raise InputError("--fill", "", fill, f"a model of {fits} first; {fill} means that")
    if fill == "early_warning":
        return table.assign(early_warning=np.round(score, 6))
    if fill not in table or table[fill].isna().any():
        raise InputError("--fill", "", fill, "a credit score of every account, whose points are given out anew")
    points = np.empty(len(table))
    points[np.argsort(score, kind="stable")] = np.sort(table[fill].to_numpy(float))
    return table.assign(credit_score=points)
