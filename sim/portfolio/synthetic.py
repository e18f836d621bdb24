"""Synthetic portfolios, and the drawing of whatever an imported portfolio does not say.

Each field has one draw, used for both. Draws are keyed by (seed, row), so that the first n accounts of a larger
portfolio are the portfolio of n accounts. Hidden traits are not drawn here but in `traits.py`, by the simulation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import IntEnum, unique
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recoup.sim.parameters import Population
from recoup.sim.portfolio.table import FILE_FIELDS, STATE_FIELDS, Portfolio
from recoup.sim.randomness import Purpose, normals, streams, uniforms
from recoup.sim.remarks import Remark

BIRTH = -2  # the day under which visible fields are drawn; hidden traits use another

_SCORE_INCOME, _SCORE_AGE = (
    0.3,
    -0.15,
)  # standard deviations of score per standard deviation of log income, per year past due
_BALANCE_INCOME = 0.5  # log balance per log income: limits follow income


@unique
class _Draw(IntEnum):
    """What a draw of a row is for. Append only: the order is part of every seed's meaning."""

    DPD_BAND = 0
    DPD = 1
    INCOME = 2
    SCORE = 3
    BALANCE = 4
    PRIOR = 5
    EARLY_WARNING = 6
    AGE = 7
    TENURE = 8
    PRODUCT = 9
    STABLE_ASSETS = 10
    PAYDAY = 11
    SEX = 12
    REGION = 13


class _Rows:
    """The rows being drawn: what is known of them so far, and their random numbers."""

    def __init__(self, population: Population, keys: NDArray[np.uint64], known: pd.DataFrame) -> None:
        self.population, self.keys, self.known = population, keys, known

    def uniform(self, draw: _Draw) -> NDArray[np.float64]:
        """The rows' uniform numbers in (0, 1) for a draw: shape (rows,)."""
        return uniforms(self.keys, BIRTH, int(Purpose.TRAIT) + int(draw))

    def normal(self, draw: _Draw) -> NDArray[np.float64]:
        """The rows' standard normal numbers for a draw: shape (rows,)."""
        return normals(self.keys, BIRTH, int(Purpose.TRAIT) + int(draw))

    def number(self, name: str) -> NDArray[np.float64]:
        """A known column as numbers: shape (rows,)."""
        return self.known[name].to_numpy(np.float64)

    def log_income(self) -> NDArray[np.float64]:
        """Log income, in standard deviations from the median."""
        p = self.population
        return np.log(np.maximum(self.number("monthly_income"), 1.0) / p.income_median) / max(p.income_spread, 1e-9)

    def choose(self, weights: Mapping[Any, float], draw: _Draw) -> NDArray[np.object_]:
        """One of the names for each row, with probabilities in proportion to the weights: shape (rows,)."""
        names = np.array(list(weights), dtype=object)
        bounds = np.cumsum(list(weights.values()))
        picked = np.searchsorted(bounds, self.uniform(draw) * bounds[-1], side="right")
        return names[np.minimum(picked, len(names) - 1)]


def _dpd(rows: _Rows) -> NDArray[np.int64]:
    bands = rows.population.dpd
    bounds = np.cumsum([band.weight for band in bands])
    band = np.minimum(np.searchsorted(bounds, rows.uniform(_Draw.DPD_BAND) * bounds[-1], side="right"), len(bands) - 1)
    least = np.array([b.least for b in bands])[band]
    most = np.array([b.most for b in bands])[band]
    return (least + rows.uniform(_Draw.DPD) * (most - least + 1)).astype(np.int64)


def _income(rows: _Rows) -> NDArray[np.float64]:
    p = rows.population
    return np.round(p.income_median * np.exp(p.income_spread * rows.normal(_Draw.INCOME)), 0)


def _score(rows: _Rows) -> NDArray[np.float64]:
    p = rows.population
    z = _SCORE_INCOME * rows.log_income() + _SCORE_AGE * np.minimum(rows.number("dpd") / 365.0, 3.0)
    z = z + np.sqrt(1.0 - _SCORE_INCOME**2) * rows.normal(_Draw.SCORE)
    return np.clip(np.round(p.score_mean + p.score_spread * z), 300, 850)


def _balance(rows: _Rows) -> NDArray[np.float64]:
    p = rows.population
    shared = _BALANCE_INCOME * p.income_spread
    own = np.sqrt(max(p.balance_spread**2 - shared**2, 0.0))
    log_balance = shared * rows.log_income() + own * rows.normal(_Draw.BALANCE)
    return np.clip(np.round(p.balance_median * np.exp(log_balance), 2), 1.0, 1e9)


def _prior(rows: _Rows) -> NDArray[np.int64]:
    """Poisson by inversion, with more for lower scores."""
    p = rows.population
    z = (rows.number("credit_score") - p.score_mean) / p.score_spread
    mean = p.prior_delinquencies_mean * np.exp(-0.3 * z - 0.045)
    draw, count = rows.uniform(_Draw.PRIOR), np.zeros(len(rows.keys), np.int64)
    term = np.exp(-mean)
    reached = term.copy()
    for k in range(1, 21):
        count += draw > reached
        term = term * mean / k
        reached += term
    return count


def _early_warning(rows: _Rows) -> NDArray[np.float64]:
    """What a model sees in score, history and the weight of the debt, with noise."""
    p = rows.population
    z = (rows.number("credit_score") - p.score_mean) / p.score_spread
    burden = np.log(np.maximum(rows.number("opening_balance"), 1.0) / np.maximum(rows.number("monthly_income"), 1.0))
    typical = np.log(p.balance_median / p.income_median)
    prior = np.minimum(rows.number("prior_delinquencies"), 6) - p.prior_delinquencies_mean
    x = -0.8 * z + 0.35 * prior + 0.3 * (burden - typical) + p.early_warning_noise * rows.normal(_Draw.EARLY_WARNING)
    return np.round(1.0 / (1.0 + np.exp(-x)), 4)


def _age(rows: _Rows) -> NDArray[np.int64]:
    p = rows.population
    return np.clip(np.rint(p.age_mean + p.age_spread * rows.normal(_Draw.AGE)), 18, 85).astype(np.int64)


def _tenure(rows: _Rows) -> NDArray[np.int64]:
    return np.minimum(-np.log(rows.uniform(_Draw.TENURE)) * rows.population.tenure_months_mean, 360).astype(np.int64)


# In an order in which each draw finds what it depends on.
_DRAWS: dict[str, Callable[[_Rows], NDArray[np.generic]]] = {
    "dpd": _dpd,
    "monthly_income": _income,
    "credit_score": _score,
    "opening_balance": _balance,
    "prior_delinquencies": _prior,
    "early_warning": _early_warning,
    "product": lambda rows: rows.choose(rows.population.products, _Draw.PRODUCT),
    "stable_assets": lambda rows: rows.uniform(_Draw.STABLE_ASSETS) < rows.population.stable_assets,
    "tenure_months": _tenure,
    "payday": lambda rows: 1 + (28 * rows.uniform(_Draw.PAYDAY)).astype(np.int64),
    "age": _age,
    "sex": lambda rows: rows.choose(
        {"female": rows.population.female, "male": 1.0 - rows.population.female}, _Draw.SEX
    ),
    "region": lambda rows: rows.choose(rows.population.regions, _Draw.REGION),
}


def fill(
    table: pd.DataFrame, population: Population, seed: int, numbers: NDArray[np.int64] | None = None
) -> tuple[pd.DataFrame, dict[str, int]]:
    """Draw what is missing: columns of `FILE_FIELDS` that are absent, and single missing values.

    Args:
        table: one row per account with at least `account_id`; missing values are NaN/None.
        population: what to draw from.
        seed: with the row number, the key of every draw.
        numbers: of the rows, int64; None = 0, 1, …

    Returns:
        The complete table in schema order, state as far as it was there after it, and field -> number of rows drawn (only fields with any).
    """
    known = table.reset_index(drop=True)
    if numbers is None:
        numbers = np.arange(len(known), dtype=np.int64)
    rows = _Rows(population, streams(seed, numbers), known)
    filled: dict[str, int] = {}
    for name, draw in _DRAWS.items():
        missing = known[name].isna().to_numpy() if name in known else np.ones(len(known), bool)
        if not missing.any():
            continue
        drawn = draw(rows)
        if missing.all():
            known[name] = drawn
        else:
            column = known[name].astype(object)
            column[missing] = drawn[missing]
            known[name] = column.infer_objects()
        filled[name] = int(missing.sum())
    state = [field.name for field in STATE_FIELDS if field.name in known]
    return known[[field.name for field in FILE_FIELDS] + state], filled


def generate(
    population: Population, accounts: int, seed: int, name: str, numbers: NDArray[np.int64] | None = None
) -> Portfolio:
    """A portfolio drawn from a population; account i depends on (seed, i) alone.

    Args:
        population: what to draw from.
        accounts: how many.
        seed: 0 .. 2**63-1.
        name: of the portfolio; account ids begin with it.
        numbers: which of the accounts, int64, are wanted; None = all. The others need not be drawn.
    """
    if numbers is None:
        numbers = np.arange(accounts, dtype=np.int64)
    ids = pd.DataFrame({"account_id": [f"{name}-{number:07d}" for number in (numbers + 1).tolist()]})
    table, _ = fill(ids, population, seed, numbers)
    return Portfolio(table, name, notes=(Remark("synthetic", {"seed": seed}),))


def regions(population: Population, accounts: int, seed: int) -> NDArray[np.object_]:
    """The region of each account of `generate`, without the rest: shape (accounts,).

    Args:
        population, accounts, seed: as for `generate`.
    """
    rows = _Rows(population, streams(seed, np.arange(accounts, dtype=np.int64)), pd.DataFrame())
    return np.asarray(_DRAWS["region"](rows), object)
