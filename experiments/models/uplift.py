"""What one treatment brings over none, from records: doubly robust, each account judged by models that never saw it.

A row is an account on a reference date; it is treated if that day's outbound contact was of the kind, and untreated if there was none. With
m₁ and m₀ what comes with and without, e the chance of the treatment, both by cross-fitted models, each row's score

    ψ = m₁ − m₀ + d (y − m₁) / e − (1 − d) (y − m₀) / (1 − e)

has the effect as its mean if either model is right (Robins, Rotnitzky & Zhao 1994; Chernozhukov et al. 2018). A model of ψ by features is
the effect of an account (DR-learner: Kennedy 2023). Where the records hold no comparable rows, nothing is said.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from recoup.experiments.models.features import features_at, open_at, paid_by
from recoup.experiments.models.numbered_records import Records
from recoup.experiments.models.predictor import Predictor, exported
from recoup.experiments.models.quality import TENTHS, clustered_mean
from recoup.experiments.runs.one_thread import one_thread
from recoup.sim.portfolio.records import NO_CONTACT

FOLDS, SEED = 3, 23
LEAST_TREATED, LEAST_SAMPLE, LEAST_SHARE = 200, 100.0, 0.5
RARE = 0.005  # a row whose chance of the treatment, or of none, is below has nothing comparable
MOST_ROWS = 40_000
NOTHING = "nothing"
_Z = 1.96
Numbers = NDArray[np.float64]


class Refusal(StrEnum):
    """Why nothing is said of a treatment."""

    FEW = "few"  # rows with it, or without any contact, or accounts that they are of
    RARE = "rare"  # in most rows the records almost never, or almost always, have it: nothing shows what would have come otherwise
    SAMPLE = "sample"  # the rows with it count as too few comparable ones


@dataclass(frozen=True)
class Effect:
    """Of one treatment.

    Attributes:
        treatment: a channel, or `offer-` and the kind of offer.
        treated, untreated: rows of the records.
        sample: effective sample size of the treated rows, weighted by 1 / e.
        share: of the rows that have comparable ones of the other kind.
        refusal: why nothing is said; None = something is.
        mean, low, high: average effect, currency per account, with its 95 % interval.
        tenths: by tenths of the foretold effect, highest first: `said`, `mean`, `low`, `high`.
        curve: mean effect per account if the first 10 %, 20 %, … by foretold effect are treated and no others, (10,).
        qini: area between that curve and the one of treating accounts at random, currency per account.
        predictor: of an account's effect; None where refused.
    """

    treatment: str
    treated: int
    untreated: int
    sample: float
    share: float
    refusal: Refusal | None = None
    mean: float = np.nan
    low: float = np.nan
    high: float = np.nan
    tenths: tuple[dict[str, float], ...] = ()
    curve: tuple[float, ...] = ()
    qini: float = np.nan
    predictor: Predictor | None = None


def treatment_rows(
    records: Records, horizon: int, every: int
) -> tuple[pd.DataFrame, Numbers, NDArray[np.int64], pd.DataFrame]:
    """Open accounts on reference dates: features, cash within the horizon, account, and what was done that day.

    Args:
        records: the lender's.
        horizon: days of cash that count, the reference date's own among them.
        every: days from one reference date to the next.

    Returns:
        Features, cash (rows,), account (rows,), and for each treatment that occurs a column that is true where it was done;
        `nothing` where there was no outbound contact.
    """
    size, log = len(records.accounts), records.contacts
    ours = log[~log["inbound"]]
    kinds = sorted({str(channel) for channel in ours["channel"].dropna()} - {NO_CONTACT})
    offers = sorted({str(offer) for offer in ours["offer"].dropna()})
    features, cash, account, done = [], [], [], []
    for day in range(0, records.days - horizon + 1, every):
        today = ours[ours["day"] == day]
        rows = np.flatnonzero(open_at(records, day))
        what = {NOTHING: _marked(size, today["account"]) == 0}
        what |= {kind: _marked(size, today.loc[today["channel"] == kind, "account"]) > 0 for kind in kinds}
        what |= {f"offer-{offer}": _marked(size, today.loc[today["offer"] == offer, "account"]) > 0 for offer in offers}
        features.append(features_at(records, day).iloc[rows])
        cash.append(paid_by(records, day, day + horizon)[rows])
        account.append(rows)
        done.append(pd.DataFrame(what).iloc[rows])
    return (
        pd.concat(features, ignore_index=True),
        np.concatenate(cash),
        np.concatenate(account).astype(np.int64),
        pd.concat(done, ignore_index=True),
    )


def _marked(size: int, rows: pd.Series) -> NDArray[np.int64]:
    return np.bincount(rows.to_numpy(np.int64), minlength=size)


@dataclass(frozen=True)
class Rows:
    """What the effect of one treatment is estimated from: at most `MOST_ROWS` rows with it and without any contact.

    Attributes:
        treatment: its name.
        counts: rows with it and without any contact, of all records.
        enough: there are enough of either, of enough accounts.
        features, cash, account, given: of the rows drawn; `given` is 1 with it, else 0. Empty where there are not enough.
        rates: shares of the rows with and without it that were drawn.
    """

    treatment: str
    counts: tuple[int, int]
    enough: bool
    features: Numbers
    cash: Numbers
    account: NDArray[np.int64]
    given: Numbers
    rates: tuple[float, float]


def rows_of(
    treatment: str,
    features: Numbers,
    cash: Numbers,
    account: NDArray[np.int64],
    treated: NDArray[np.bool_],
    untreated: NDArray[np.bool_],
) -> Rows:
    """The rows for the effect of a treatment against nothing.

    Args:
        treatment: its name.
        features: float64 (rows, features).
        cash: what came, (rows,).
        account: whose a row is, (rows,).
        treated, untreated: bool (rows,); rows that are neither do not count.
    """
    counts = int(treated.sum()), int(untreated.sum())
    accounts = min(np.unique(account[side]).size for side in (treated, untreated))
    enough = min(counts) >= LEAST_TREATED and accounts >= 10 * FOLDS
    rows, rates = _sampled(treated, untreated) if enough else (np.zeros(0, np.int64), (1.0, 1.0))
    return Rows(
        treatment, counts, enough, features[rows], cash[rows], account[rows], treated[rows].astype(float), rates
    )


def effect_of(rows: Rows) -> Effect:
    """The effect of a treatment against nothing.

    Args:
        rows: of `rows_of`.
    """
    treatment, counts, rates, cash, given = rows.treatment, rows.counts, rows.rates, rows.cash, rows.given
    if not rows.enough:
        return Effect(treatment, *counts, 0.0, 0.0, Refusal.FEW)
    with one_thread():
        chance, with_it, without = crossfitted(rows.features, cash, rows.account, given)
        odds = np.clip(chance, 1e-9, 1 - 1e-9)
        odds = odds / (1 - odds) * rates[1] / rates[0]
        chance = odds / (1 + odds)  # among all rows, not those drawn
        weight = np.where(given == 1, 1 / rates[0], 1 / rates[1])
        there = (chance >= RARE) & (chance <= 1 - RARE)
        share = float(weight[there].sum() / weight.sum())
        inverse = (weight * given / chance)[there]
        sample = float(inverse.sum() ** 2 / max((inverse**2).sum(), 1e-300))
        if share < LEAST_SHARE or sample < LEAST_SAMPLE:
            why = Refusal.RARE if share < LEAST_SHARE else Refusal.SAMPLE
            return Effect(treatment, *counts, sample, share, why)
        score = doubly_robust(cash, given, chance, with_it, without)[there]
        known = Effect(treatment, *counts, sample, share)
        return _estimated(known, rows.features[there], rows.account[there], weight[there], score)


def _estimated(
    effect: Effect, features: Numbers, account: NDArray[np.int64], weight: Numbers, score: Numbers
) -> Effect:
    """Average effect, effects by foretold effect, and the model that foretells."""
    said = np.zeros(score.size)
    for train, held in GroupKFold(FOLDS, shuffle=True, random_state=SEED + 1).split(features, groups=account):
        said[held] = _learner().fit(features[train], score[train], weight[train]).predict(features[held])
    mean, error = clustered_mean(score, account, weight)
    order = np.argsort(-said, kind="stable")
    passed = np.cumsum(weight[order]) / weight.sum()
    tenth = np.minimum((passed * TENTHS - 1e-9).astype(np.int64), TENTHS - 1)
    tenths, gains = [], []
    for number in range(TENTHS):
        rows = order[tenth == number]
        if not rows.size:
            continue
        found, wide = clustered_mean(score[rows], account[rows], weight[rows])
        tenths.append({
            "said": float(np.average(said[rows], weights=weight[rows])),
            "mean": found, "low": found - _Z * wide, "high": found + _Z * wide,
        })  # fmt: skip
        gains.append(found * float(weight[rows].sum() / weight.sum()))
    curve = np.cumsum(gains)
    at_random = mean * np.arange(1, curve.size + 1) / curve.size
    above = np.concatenate([[0.0], curve - at_random])
    return replace(
        effect,
        mean=mean,
        low=mean - _Z * error,
        high=mean + _Z * error,
        tenths=tuple(tenths),
        curve=tuple(curve.tolist()),
        qini=float(((above[1:] + above[:-1]) / 2).mean()),
        predictor=exported(f"uplift of {effect.treatment}", _learner().fit(features, score, weight), features),
    )


def _learner() -> HistGradientBoostingRegressor:
    """Of effects: small and slow, as ψ is noisy; with few bins, whose weighted edges would else take most of the time."""
    return HistGradientBoostingRegressor(
        learning_rate=0.05, max_leaf_nodes=4, max_iter=30, min_samples_leaf=200, l2_regularization=50.0, max_bins=32,
        early_stopping=False, random_state=SEED,
    )  # fmt: skip


def _sampled(treated: NDArray[np.bool_], untreated: NDArray[np.bool_]) -> tuple[NDArray[np.int64], tuple[float, float]]:
    """At most `MOST_ROWS` / 2 rows of each kind, and the shares of them that were drawn."""
    random = np.random.default_rng(SEED)
    drawn, rates = [], []
    for side in (treated, untreated):
        rows = np.flatnonzero(side)
        number = min(rows.size, MOST_ROWS // 2)
        drawn.append(random.choice(rows, number, replace=False) if number < rows.size else rows)
        rates.append(number / rows.size)
    return np.sort(np.concatenate(drawn)), (rates[0], rates[1])


def crossfitted(
    features: Numbers, cash: Numbers, account: NDArray[np.int64], treated: Numbers
) -> tuple[Numbers, Numbers, Numbers]:
    """Chance of the treatment, and cash with and without it, of each row by models that never saw its account.

    Args:
        features, cash, account, treated: of `FOLDS` accounts at least, with both kinds of row in every part.
    """
    chance, with_it, without = (np.zeros(cash.size) for _ in range(3))
    for train, held in GroupKFold(FOLDS, shuffle=True, random_state=SEED).split(features, groups=account):
        given = treated[train] == 1
        model = HistGradientBoostingClassifier(**_SETTINGS).fit(features[train], treated[train])
        chance[held] = model.predict_proba(features[held])[:, 1]
        with_it[held] = (
            HistGradientBoostingRegressor(**_SETTINGS)
            .fit(features[train][given], cash[train][given])
            .predict(features[held])
        )
        without[held] = (
            HistGradientBoostingRegressor(**_SETTINGS)
            .fit(features[train][~given], cash[train][~given])
            .predict(features[held])
        )
    return calibrated(chance, treated), with_it, without


def calibrated(chance: Numbers, treated: Numbers) -> Numbers:
    """Chances by Platt's scaling of their log odds: boosted trees stop short of 0 and 1, which would hide that there is no support.

    Args:
        chance: by models that never saw the row, (rows,).
        treated: 1 or 0.
    """
    odds = np.log(np.clip(chance, 1e-9, 1 - 1e-9) / np.clip(1 - chance, 1e-9, 1 - 1e-9))[:, None]
    model = LogisticRegression(C=1e4, max_iter=1000).fit(odds, treated)
    return np.asarray(model.predict_proba(odds)[:, 1], np.float64)


_SETTINGS = {
    "learning_rate": 0.1, "max_leaf_nodes": 6, "max_iter": 40, "min_samples_leaf": 40, "l2_regularization": 5.0,
    "early_stopping": False, "random_state": SEED,
}  # fmt: skip


def doubly_robust(cash: Numbers, treated: Numbers, chance: Numbers, with_it: Numbers, without: Numbers) -> Numbers:
    """ψ of the module's head, (rows,).

    Args:
        cash, treated: what came, and 1 or 0.
        chance, with_it, without: e, m₁, m₀.
    """
    return with_it - without + treated * (cash - with_it) / chance - (1.0 - treated) * (cash - without) / (1.0 - chance)
