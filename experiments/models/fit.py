"""A model and its card from a lender's records."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from importlib.metadata import version
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recoup.experiments.models.features import WINDOWS
from recoup.experiments.models.numbered_records import Records
from recoup.experiments.models.predictor import STEPS, Predictor, fit_probability
from recoup.experiments.models.quality import (
    auc,
    calibration_error,
    calibration_table,
    discrimination,
    drift,
    fairness,
)
from recoup.experiments.models.training_table import MEANING, SCORE_NAME, Kind, Table, account_table, call_table
from recoup.experiments.models.uplift import NOTHING, Effect, effect_of, rows_of, treatment_rows
from recoup.experiments.runs.workers import Workers, run_each
from recoup.sim.inputs import InputError
from recoup.sim.remarks import contents

_MOST_ASKED, _SHOWN = 4000, 12  # rows that importance is taken from, and features that are listed
_EVERY_UPLIFT = 3


@dataclass(frozen=True)
class Fit:
    """What `recoup model fit` writes.

    Attributes:
        model: the content of model.json; `files.Model.model_validate` makes of it what `score.scored` takes.
        card: the content of card.json: quality, calibration, drift, groups, or effects of treatments.
    """

    model: dict[str, Any]
    card: dict[str, Any]


def fit(
    records: Records,
    kind: Kind,
    source: str,
    horizon: int = 30,
    share: float = 0.5,
    window_ends: Sequence[float] = (),
    step: Callable[[int, int], None] = lambda done, total: None,
    workers: Workers = 1,
) -> Fit:
    """Fit a model and judge it.

    Args:
        records: the lender's.
        kind: what is foretold.
        source: what cards and messages call the records.
        horizon: days of an outcome.
        share: of the claim, for `Kind.REPAYMENT`.
        window_ends: hours at which contact windows end, for `Kind.CALL_TIME`.
        step: told of steps done and in all.
        workers: for `Kind.UPLIFT`, see `run_each`; no figure depends on them.

    Raises:
        InputError: records that are too short or too few for two periods, or for any treatment.
        WorkerLost: as `run_each`.
    """
    if kind is Kind.UPLIFT:
        return _fit_uplift(records, source, horizon, step, workers)
    if kind is Kind.CALL_TIME:
        table = call_table(records, list(window_ends), source)
    else:
        table = account_table(records, kind, horizon, share, source)
    return _fit_score(records, kind, table, source, horizon, share, list(window_ends), step)


def _fit_score(
    records: Records,
    kind: Kind,
    table: Table,
    source: str,
    horizon: int,
    share: float,
    window_ends: list[float],
    step: Callable[[int, int], None],
) -> Fit:
    done = iter(range(1, STEPS + 3))
    fit_rows, test_rows = np.flatnonzero(table.fit), np.flatnonzero(table.test)
    fitted = fit_probability(
        table.features.iloc[fit_rows],
        table.outcome[fit_rows],
        table.account[fit_rows],
        lambda: step(next(done), STEPS + 2),
    )
    said = fitted.predictor(table.features.iloc[test_rows].to_numpy(np.float64))
    outcome, account = table.outcome[test_rows], table.account[test_rows]
    periods = {
        "fit": _period(records, table, fit_rows, fitted.out_of_fold),
        "test": _period(records, table, test_rows, said),
    }
    step(next(done), STEPS + 2)
    inputs = [str(name) for name in table.features]
    score = {
        "model": fitted.predictor.name,
        "losses": fitted.losses,
        **periods,
        "drift": drift(table.features.iloc[fit_rows], table.features.iloc[test_rows], fitted.out_of_fold, said),
        "importance": _importance(fitted.predictor, table.features.iloc[test_rows], outcome),
        "fairness": fairness(said, outcome, account, records.accounts),
    }
    calls = _calls(table.features.iloc[test_rows], outcome, said) if kind is Kind.CALL_TIME else []
    step(next(done), STEPS + 2)
    name = SCORE_NAME[kind]
    model = _model(kind, horizon, share, window_ends, inputs, {name: fitted.predictor})
    names = [f"{name}-{window}" for window in WINDOWS] if kind is Kind.CALL_TIME else [name]
    card = _card(records, kind, source, horizon, share, names)
    return Fit(model, card | {"split": _date(records, table.split), "score": score, "calls": calls})


def _period(records: Records, table: Table, rows: NDArray[np.int64], said: NDArray[np.float64]) -> dict[str, Any]:
    outcome = table.outcome[rows]
    tenths = calibration_table(said, outcome)
    return {
        "first": _date(records, int(table.day[rows].min())),
        "last": _date(records, int(table.day[rows].max())),
        "rows": rows.size,
        "cases": int(outcome.sum()),
        "said": float(said.mean()),
        "observed": float(outcome.mean()),
        "discrimination": discrimination(said, outcome, table.account[rows]),
        "calibration_error": calibration_error(tenths),
        "calibration": tenths,
    }


def _importance(predictor: Predictor, features: pd.DataFrame, outcome: NDArray[np.float64]) -> dict[str, float]:
    """Fall of the AUC when a feature's values are shuffled among the rows (Breiman 2001), the largest first."""
    random = np.random.default_rng(0)
    chosen = random.permutation(len(features))[:_MOST_ASKED]
    table, cases = features.iloc[chosen].to_numpy(np.float64), outcome[chosen]
    if not 0 < cases.sum() < cases.size:
        return {}
    whole, order = auc(predictor(table), cases), random.permutation(len(table))
    fall = {}
    for number, name in enumerate(features):
        shuffled = table.copy()
        shuffled[:, number] = table[order, number]
        fall[str(name)] = whole - auc(predictor(shuffled), cases)
    return dict(sorted(fall.items(), key=lambda item: -item[1])[:_SHOWN])


def _calls(features: pd.DataFrame, outcome: NDArray[np.float64], said: NDArray[np.float64]) -> list[dict[str, Any]]:
    rows = []
    for window in WINDOWS:
        for weekday in range(7):
            of = (features[f"in_{window}"].to_numpy() == 1) & (features[f"on_weekday_{weekday}"].to_numpy() == 1)
            if of.any():
                rows.append({
                    "window": window, "weekday": weekday, "calls": int(of.sum()),
                    "reached": float(outcome[of].mean()), "said": float(said[of].mean()),
                })  # fmt: skip
    return rows


def _fit_uplift(records: Records, source: str, horizon: int, step: Callable[[int, int], None], workers: Workers) -> Fit:
    if records.days < horizon:
        raise InputError(
            source, "", f"{records.days} days of contacts and payments", f"at least {horizon}, the horizon"
        )
    features, cash, account, done = treatment_rows(records, horizon, _EVERY_UPLIFT)
    table, untreated = features.to_numpy(np.float64), done[NOTHING].to_numpy(bool)
    names = [name for name in done if name != NOTHING]
    if not names:
        raise InputError(
            source, "contacts", "no outbound contact within the horizon of the logs' end", "contacts to learn from"
        )
    tasks = [rows_of(str(name), table, cash, account, done[name].to_numpy(bool), untreated) for name in names]
    found = {}
    for number, (rows, effect) in enumerate(run_each(effect_of, tasks, workers), start=1):
        found[rows.treatment] = effect
        step(number, len(names))
    effects = [found[rows.treatment] for rows in tasks]
    scores = {f"uplift-{one.treatment.replace('_', '-')}": one.predictor for one in effects if one.predictor}
    card = _card(records, Kind.UPLIFT, source, horizon, 0.0, list(scores))
    model = _model(Kind.UPLIFT, horizon, 0.0, [], [str(name) for name in features], scores)
    return Fit(model, card | {"effects": [_effect(one) for one in effects]})


def _effect(one: Effect) -> dict[str, Any]:
    refused = one.refusal is not None
    return {
        "treatment": one.treatment,
        "treated": one.treated,
        "untreated": one.untreated,
        "effective_sample": one.sample,
        "comparable_share": one.share,
        "refusal": one.refusal,
        "effect": None if refused else {"mean": one.mean, "low": one.low, "high": one.high},
        "tenths": list(one.tenths),
        "curve": list(one.curve),
        "qini": None if refused else one.qini,
    }


def _model(
    kind: Kind, horizon: int, share: float, window_ends: list[float], features: list[str], scores: dict[str, Predictor]
) -> dict[str, Any]:
    return {
        "kind": kind.value,
        "horizon": horizon,
        "share": share,
        "window_ends": window_ends,
        "features": features,
        "scores": {name: predictor.model_dump() for name, predictor in scores.items()},
    }


def _card(records: Records, kind: Kind, source: str, horizon: int, share: float, names: list[str]) -> dict[str, Any]:
    return {
        "kind": kind.value,
        "meaning": MEANING[kind],
        "horizon": horizon,
        "share": share,
        "portfolio": source,
        "accounts": len(records.accounts),
        "first": _date(records, 0),
        "last": _date(records, records.days - 1),
        "split": None,
        "notes": contents(records.notes),
        "score_names": names,
        "recoup": version("recoup"),
        "score": None,
        "calls": [],
        "effects": [],
    }


def _date(records: Records, day: int) -> str:
    return (records.start + timedelta(days=day)).isoformat()
