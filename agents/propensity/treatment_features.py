"""What the success model sees: an account by its visible fields, a treatment by its parts, and how the two may interact.

A treatment of the menu is described by its channel, its window (where windows matter), its offer and its legal step, so that
`collector/evening/plan_6` is estimated from all collector calls, all evening calls and all six-month plans together.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from recoup.agents import features
from recoup.sim.observation import FIELD_INDEX
from recoup.sim.treatments import CHANNEL_GROUP, OFFERS, Channel, Group, Legal, Menu, OfferKind, Treatment, Window

_LIVE = (Group.CALL, Group.VISIT)  # groups that must find the debtor at home or at the phone: the window matters

# Modifiers: what may strengthen or weaken a treatment. Recency fades as attention and irritation plausibly do. They are few on
# purpose: each one is estimated for each kind of treatment, and a greedy choice falls for what is noise in them.
MODIFIERS = (
    "recent_attempt",
    "recent_reach",
    "recent_payment",
    "calls_7d",
    "texts_7d",
    "visits_30d",
    "debt_age",
    "liquidity",
    "risk",
    "promise_open",
    "promises_broken",
    "offers_refused",
)


def _column(observations: NDArray[np.float32], name: str) -> NDArray[np.float32]:
    return observations[:, FIELD_INDEX[name]]


def modifiers(observations: NDArray[np.float32], risk: NDArray[np.float32]) -> NDArray[np.float32]:
    """Shape (accounts, MODIFIERS), of order one.

    Args:
        observations: float32, shape (accounts, fields), natural units.
        risk: log odds of the scorecard, shape (accounts,).
    """

    def of(name: str) -> NDArray[np.float32]:
        return _column(observations, name)

    income, claim = of("monthly_income"), of("balance")
    columns = {
        "recent_attempt": np.exp(-of("days_since_attempt") / 6.0),
        "recent_reach": np.exp(-of("days_since_reached") / 7.0),
        "recent_payment": np.exp(-of("days_since_payment") / 14.0),
        "calls_7d": of("calls_7d") / 5.0,
        "texts_7d": of("texts_7d") / 5.0,
        "visits_30d": of("visits_30d") / 2.0,
        "debt_age": np.minimum(of("dpd"), 360.0) / 180.0,
        "liquidity": np.clip(np.log(np.maximum(income, 1.0) / np.maximum(claim, 1.0)), -4, 4) / 2.0,
        "risk": np.clip(risk, -4, 4) / 2.0,
        "promise_open": of("promise_open"),
        "promises_broken": np.minimum(of("promises_broken"), 3) / 3.0,
        "offers_refused": np.minimum(of("offers_refused"), 5) / 5.0,
    }
    return np.stack([columns[name] for name in MODIFIERS], axis=1).astype(np.float32)


def account_columns(observations: NDArray[np.float32], effects: NDArray[np.float32]) -> NDArray[np.float32]:
    """What the account alone says: encoded fields and modifiers, shape (accounts, ACCOUNT_COLUMNS).

    Args:
        observations: float32, shape (accounts, fields), natural units.
        effects: `modifiers` of the same observations, shape (accounts, MODIFIERS).
    """
    return np.concatenate([features.encode(observations), effects], axis=1)


ACCOUNT_COLUMNS = (*features.NAMES, *MODIFIERS)


def places(names: Sequence[str]) -> NDArray[np.int64]:
    """Where a model's columns stand among `ACCOUNT_COLUMNS`. The modifiers, some of which are called like fields, come last."""
    fields, last = names[: -len(MODIFIERS)], np.arange(len(features.NAMES), len(ACCOUNT_COLUMNS))
    return np.concatenate([features.columns_of(fields), last])


PARTS = (
    *(channel.name.lower() for channel in Channel if channel),
    *(f"live/{window.name.lower()}" for window in Window if window),  # against the morning
    *(offer.name for offer in OFFERS if offer.kind),
    *(step.name.lower() for step in Legal if step),
)
KINDS = (
    "text",
    "autocall",
    "person",
    "letter",
    "visit",
    "plan",
    "settlement",
    "restructure",
    "swap",
    "notice",
    "suit",
    "enforce",
)


# What a card that does not say its parts and kinds was fitted to.
FIRST_PARTS = tuple(part for part in PARTS if part != "asset_swap")
FIRST_KINDS = tuple(kind for kind in KINDS if kind != "swap")


def parts(menu: Menu, names: Sequence[str] = PARTS) -> NDArray[np.float32]:
    """Which of these parts each treatment is made of: shape (menu, names), 0 or 1."""
    return np.array([[part in _parts_of(t) for part in names] for t in menu.treatments], np.float32)


def kinds(menu: Menu, names: Sequence[str] = KINDS) -> NDArray[np.float32]:
    """Which of these kinds each treatment belongs to, for interactions: shape (menu, names), 0 or 1."""
    return np.array([[kind in _kinds_of(t) for kind in names] for t in menu.treatments], np.float32)


def _parts_of(t: Treatment) -> set[str]:
    names = {t.channel.name.lower(), t.offer.name, t.legal.name.lower()}
    if CHANNEL_GROUP[t.channel] in _LIVE:
        names.add(f"live/{t.window.name.lower()}")
    return names


def _kinds_of(t: Treatment) -> set[str]:
    names = {t.legal.name.lower()}
    match t.channel:
        case Channel.SMS | Channel.WECHAT | Channel.EMAIL:
            names.add("text")
        case Channel.COLLECTOR | Channel.SPECIALIST:
            names.add("person")
        case channel if channel:
            names.add(channel.name.lower())
    if t.offer.kind is not OfferKind.NONE:
        names.add(t.offer.kind.name.lower())
    return names


def arm(t: Treatment) -> str:
    """The treatment without window and size of offer, as tables list it: `collector/plan`, `letter/notice`, `sms`."""
    names = [t.channel.name.lower()] if t.channel else []
    names += [t.offer.kind.name.lower()] if t.offer.kind else []
    names += [t.legal.name.lower()] if t.legal else []
    return "/".join(names) or "nothing"
