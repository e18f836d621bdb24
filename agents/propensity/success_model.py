"""The probability that a treatment succeeds, and the credit score beside it: logistic regressions fitted to logs.

Success is a payment within so many days of the treatment (a kept promise, a settlement paid, an instalment plan whose first
instalment came, or money of the debtor's own accord). Log odds of success of treatment a for account x:

    bias + account · f(x) + part · d(a) + z(x)' · effect · k(a)

f: all visible fields and the modifiers z; d: parts of the treatment; k: its kinds (see `treatment_features`). With nothing done
the last two vanish, so that they are the effect of treating. Contacts have one such head, steps of law by another
whose horizon is as long as courts are slow. Each has two linear companions: of the same form for the money that a success
brings, and of the account alone for the money that comes later without one, so that what is only sooner does not count as more.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recoup.agents.propensity import treatment_features as tf
from recoup.sim.observation import FIELD_INDEX, FIELDS
from recoup.sim.treatments import Legal, Menu

Tensors = dict[str, NDArray[np.float32]]
HEADS = ("contact", "legal")
# Penalties as prior standard deviations of log odds. That one treatment works better for some than for others is believed
# only on good evidence: noise in these effects is what a greedy choice would fall for.
RIDGE = 10.0  # 0.3 for what the account says and for parts of treatments
CROSSED = {"success": 0.2, "cash": 0.05}  # of that for modifiers of treatments
CASH_RIDGE = 30.0
MOST_SHARE = 1.2  # of the balance: interest and court fees may come on top

# The scorecard reads what is known on the day the account enters.
_PRODUCTS = FIELDS[FIELD_INDEX["product"]].codes
SCORECARD = (
    "log_dpd", "log_balance", "log_income", "credit_score", "early_warning", "stable_assets", "log_tenure", "prior_delinquencies",
    *_PRODUCTS[1:],
)  # fmt: skip
_CHANNELS = tf.PARTS[:8]
_IRRITATION = ("recent_attempt", "calls_7d", "texts_7d", "visits_30d")
_IRRITATES = [tf.MODIFIERS.index(name) for name in _IRRITATION]
COMPLAINT_COLUMNS = (*_CHANNELS, *_IRRITATION)


def entry_columns(observations: NDArray[np.float32]) -> NDArray[np.float32]:
    """What the scorecard reads, from observations of any day: shape (accounts, SCORECARD), of order one."""

    def of(name: str) -> NDArray[np.float32]:
        return observations[:, FIELD_INDEX[name]]

    columns = [
        np.log1p(np.maximum(of("dpd") - of("days_in_portfolio"), 0.0)) / 3.0,
        np.log1p(of("opening_balance")) / 5.0 - 1.8,
        np.log1p(of("monthly_income")) / 5.0 - 1.8,
        (of("credit_score") - 600.0) / 100.0,
        of("early_warning") - 0.5,
        of("stable_assets"),
        np.log1p(of("tenure_months")) / 3.0,
        np.minimum(of("prior_delinquencies"), 6.0) / 3.0,
        *(of("product") == code for code in range(1, len(_PRODUCTS))),
    ]
    return np.stack(columns, axis=1).astype(np.float32)


def logistic(x: NDArray[np.floating]) -> NDArray[np.float32]:
    """1 / (1 + exp(−x))."""
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(x, -30.0, 30.0))), np.float32)


def shapes(
    menu_size: int, account_size: int, parts: int = len(tf.PARTS), kinds: int = len(tf.KINDS)
) -> dict[str, tuple[int, ...]]:
    """The tensors of a model for so many treatments, columns of an account, and parts and kinds of treatments."""
    head = {
        "bias": (1,),
        "account": (account_size,),
        "part": (parts,),
        "effect": (len(tf.MODIFIERS), kinds),
    }
    tensors: dict[str, tuple[int, ...]] = {
        f"{name}.{of}.{tensor}": shape for name in HEADS for of in ("success", "cash") for tensor, shape in head.items()
    }
    tensors |= {f"{name}.later.{tensor}": head[tensor] for name in HEADS for tensor in ("bias", "account")}
    tensors |= {"scorecard.bias": (1,), "scorecard.weight": (len(SCORECARD),)}
    tensors |= {"complaint.bias": (1,), "complaint.weight": (len(COMPLAINT_COLUMNS),)}
    return tensors | {"reach": (menu_size,)}


@dataclass(frozen=True)
class Prediction:
    """What the model predicts of each treatment for each account: shape (accounts, menu), except where noted.

    Attributes:
        success: probability of a payment within the horizon of the treatment's head.
        value: expected cash of a success beyond what comes later without one, in shares of the balance.
        nothing_success, nothing_value: the same with nothing done, by the same head.
        complaint: expected complaints that the treatment draws today.
    """

    success: NDArray[np.float32]
    value: NDArray[np.float32]
    nothing_success: NDArray[np.float32]
    nothing_value: NDArray[np.float32]
    complaint: NDArray[np.float32]


class SuccessModel:
    """The fitted coefficients.

    Args:
        menu: the treatments.
        tensors: as `shapes` says.
        account_columns: names of the columns of an account that the coefficients are for, of `tf.ACCOUNT_COLUMNS`.
        parts, kinds: of treatments that the coefficients are for, of `tf.PARTS` and `tf.KINDS`.
    """

    def __init__(
        self,
        menu: Menu,
        tensors: Tensors,
        account_columns: Sequence[str] = tf.ACCOUNT_COLUMNS,
        parts: Sequence[str] = tf.PARTS,
        kinds: Sequence[str] = tf.KINDS,
    ) -> None:
        self.menu, self.tensors = menu, tensors
        self._columns = tf.places(account_columns)
        self._parts, self._kinds = tf.parts(menu, parts), tf.kinds(menu, kinds)
        self._channels = tf.parts(menu, _CHANNELS)
        self._legal = _is_legal(menu)
        self._contact = self._channels.any(axis=1)

    def risk(self, observations: NDArray[np.float32]) -> NDArray[np.float32]:
        """Scorecard: log odds that the account is not resolved in 90 days, shape (accounts,)."""
        return entry_columns(observations) @ self.tensors["scorecard.weight"] + self.tensors["scorecard.bias"]

    def scores(self, name: str, columns: NDArray[np.float32], effects: NDArray[np.float32]) -> NDArray[np.float32]:
        """Scores of a head (log odds of success, or money as a share of the balance): shape (accounts, menu).

        Args:
            name: of the head and what is scored, as in `contact.success` or `legal.cash`.
            columns: `treatment_features.account_columns`, shape (accounts, ACCOUNT_COLUMNS).
            effects: `treatment_features.modifiers`, shape (accounts, MODIFIERS).
        """
        of = {tensor: self.tensors[f"{name}.{tensor}"] for tensor in ("bias", "account", "part", "effect")}
        base = columns @ of["account"] + of["bias"]
        return np.asarray(base[:, None] + self._parts @ of["part"] + effects @ of["effect"] @ self._kinds.T, np.float32)

    def predict(self, observations: NDArray[np.float32]) -> Prediction:
        """Predict for every treatment of the menu, lawful or not, on observations of shape (accounts, fields)."""
        effects = tf.modifiers(observations, self.risk(observations))
        columns = tf.account_columns(observations, effects)[:, self._columns]
        by_head = {}
        for head in HEADS:
            success = logistic(self.scores(f"{head}.success", columns, effects))
            later = columns @ self.tensors[f"{head}.later.account"] + self.tensors[f"{head}.later.bias"]
            money = np.clip(self.scores(f"{head}.cash", columns, effects), 0.0, MOST_SHARE)
            value = np.maximum(money - np.clip(later, 0.0, MOST_SHARE)[:, None], 0.0)
            by_head[head] = (success, value)
        (p, v), (lp, lv) = by_head["contact"], by_head["legal"]
        legal = self._legal
        return Prediction(
            np.where(legal, lp, p),
            np.where(legal, lv, v),
            np.where(legal, lp[:, :1], p[:, :1]),
            np.where(legal, lv[:, :1], v[:, :1]),
            self.complaints(effects),
        )

    def complaints(self, effects: NDArray[np.float32]) -> NDArray[np.float32]:
        """Expected complaints that each treatment draws: shape (accounts, menu)."""
        w, channels = self.tensors["complaint.weight"], len(_CHANNELS)
        felt = effects[:, _IRRITATES] @ w[channels:] + self.tensors["complaint.bias"]
        x = felt[:, None] + self._channels @ w[:channels]
        return np.asarray(self._contact * np.exp(np.minimum(x, 0.0)), np.float32)


@dataclass(frozen=True)
class Outcomes:
    """What came of logged treatments, as arrays with one row each, for fitting.

    Attributes:
        observations, treatments: what was visible, and the menu index of what was done.
        success, cash: by head: a payment came in time (bool), and cash in shares of the balance.
        reached: the attempt found the debtor.
        complaint_risk: expected complaints of the attempt.
        entries, unresolved: for the scorecard: entry observations, and not resolved in 90 days.
    """

    observations: NDArray[np.float32]
    treatments: NDArray[np.int64]
    success: dict[str, NDArray[np.bool_]]
    cash: dict[str, NDArray[np.float32]]
    reached: NDArray[np.bool_]
    complaint_risk: NDArray[np.float32]
    entries: NDArray[np.float32]
    unresolved: NDArray[np.bool_]


def fit(menu: Menu, o: Outcomes, notify: Callable[[str], None] = lambda _: None) -> SuccessModel:
    """Fit all parts of the model.

    Args:
        menu: the treatments that were logged.
        o: what came of them.
        notify: called with the name of each part before it is fitted.
    """
    from sklearn.linear_model import LogisticRegression, Ridge

    notify("scorecard")
    card = LogisticRegression(C=1.0 / RIDGE, solver="newton-cholesky").fit(entry_columns(o.entries), o.unresolved)
    tensors: Tensors = {"scorecard.weight": _f32(card.coef_[0]), "scorecard.bias": _f32(card.intercept_)}
    risk = entry_columns(o.observations) @ tensors["scorecard.weight"] + tensors["scorecard.bias"]
    effects = tf.modifiers(o.observations, risk)
    columns = tf.account_columns(o.observations, effects)
    parts, kinds = tf.parts(menu), tf.kinds(menu)
    for head in HEADS:
        notify(f"success, {head}")
        # The head of law learns from nothing and steps of law alone; that of contacts from the rest.
        rows = np.flatnonzero((o.treatments == 0) | (_is_legal(menu)[o.treatments] == (head == "legal")))
        crossed = _crossed(effects[rows], kinds[o.treatments[rows]])
        x = np.concatenate([columns[rows], parts[o.treatments[rows]], CROSSED["success"] * crossed], axis=1)
        success, cash = o.success[head][rows], o.cash[head][rows]
        tensors |= _split(
            f"{head}.success",
            LogisticRegression(C=1.0 / RIDGE, solver="newton-cholesky", max_iter=30).fit(x, success),
            CROSSED["success"],
        )
        x[:, -crossed.shape[1] :] *= CROSSED["cash"] / CROSSED["success"]
        notify(f"cash, {head}")
        tensors |= _split(f"{head}.cash", Ridge(CASH_RIDGE).fit(x[success], cash[success]), CROSSED["cash"])
        late = Ridge(CASH_RIDGE).fit(columns[rows][~success], cash[~success])
        tensors |= {f"{head}.later.account": _f32(late.coef_), f"{head}.later.bias": _f32([late.intercept_])}
    notify("complaints")
    contact = o.complaint_risk > 0
    x = np.concatenate([parts[o.treatments][:, : len(_CHANNELS)], effects[:, _IRRITATES]], axis=1)[contact]
    moans = Ridge(1.0).fit(x, np.log(o.complaint_risk[contact]))
    smear = np.log(
        np.mean(np.exp(np.log(o.complaint_risk[contact]) - moans.predict(x)))
    )  # Duan 1983: a mean, not a median
    tensors |= {"complaint.weight": _f32(moans.coef_), "complaint.bias": _f32([moans.intercept_ + smear])}
    tensors["reach"] = _reach(menu, o)
    return SuccessModel(menu, tensors)


def _f32(x: Any) -> NDArray[np.float32]:
    return np.ascontiguousarray(x, np.float32)


def _is_legal(menu: Menu) -> NDArray[np.bool_]:
    return np.array([t.legal is not Legal.NONE for t in menu.treatments])


def _crossed(effects: NDArray[np.float32], kinds: NDArray[np.float32]) -> NDArray[np.float32]:
    """Modifiers times kinds: shape (rows, MODIFIERS · KINDS)."""
    return (effects[:, :, None] * kinds[:, None, :]).reshape(len(effects), -1)


def _split(name: str, fitted: Any, crossed: float) -> Tensors:
    """A regression's coefficients: of account columns, parts, and crossed columns times `crossed`."""
    w = _f32(np.ravel(fitted.coef_))
    account, part = len(tf.ACCOUNT_COLUMNS), len(tf.ACCOUNT_COLUMNS) + len(tf.PARTS)
    return {
        f"{name}.bias": _f32(np.ravel(fitted.intercept_)),
        f"{name}.account": w[:account],
        f"{name}.part": w[account:part],
        f"{name}.effect": crossed * w[part:].reshape(len(tf.MODIFIERS), len(tf.KINDS)),
    }


def _reach(menu: Menu, o: Outcomes) -> NDArray[np.float32]:
    """Share of attempts that found the debtor, by channel and window: shape (menu,)."""
    place = [(t.channel, t.window) for t in menu.treatments]
    share = {}
    for one in set(place):
        rows = np.isin(o.treatments, [n for n, other in enumerate(place) if other == one])
        share[one] = float(o.reached[rows].mean()) if rows.any() else 0.0
    return _f32([share[one] for one in place])
