"""The action vocabulary as data: channels, contact windows, offers and legal steps.

A treatment is one combination of the four. The scenario's *treatment menu* lists the combinations that make
sense; an action is an index into it. Action space, masks, costs, plan files and report labels all derive from here.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import IntEnum, unique
from functools import cached_property

import numpy as np
from numpy.typing import NDArray


@unique
class Channel(IntEnum):
    """Ways to contact a debtor; `COLLECTOR` and `SPECIALIST` are people on the telephone, `AUTOCALL` is a machine."""

    NONE = 0
    SMS = 1
    WECHAT = 2
    EMAIL = 3
    AUTOCALL = 4
    COLLECTOR = 5
    SPECIALIST = 6
    LETTER = 7
    VISIT = 8


@unique
class Window(IntEnum):
    """Contact windows; their hours are the scenario's (china-consumer: 9–12, 12–14, 14–18, 18–21)."""

    MORNING = 0
    MIDDAY = 1
    AFTERNOON = 2
    EVENING = 3


@unique
class Group(IntEnum):
    """Channel groups that rules count together. NONE is no contact."""

    NONE = 0
    TEXT = 1
    CALL = 2
    LETTER = 3
    VISIT = 4


@unique
class Legal(IntEnum):
    """Legal steps: pre-suit notice, suit, application for enforcement of a judgment."""

    NONE = 0
    NOTICE = 1
    SUIT = 2
    ENFORCE = 3


@unique
class OfferKind(IntEnum):
    """Kinds of agreement: instalments, a discount for a lump sum, a longer plan after a look at the collateral, assets for debt."""

    NONE = 0
    PLAN = 1
    SETTLEMENT = 2
    RESTRUCTURE = 3
    SWAP = 4


@dataclass(frozen=True)
class Offer:
    """What is put to the debtor.

    Attributes:
        name: as plans and scenarios write it.
        months: of instalments; 0 for a lump sum or an asset.
        discount: share of the balance forgiven, 0 to 1.
    """

    name: str
    kind: OfferKind
    months: int = 0
    discount: float = 0.0


OFFERS: tuple[Offer, ...] = (
    Offer("none", OfferKind.NONE),
    *(Offer(f"plan_{months}", OfferKind.PLAN, months=months) for months in (3, 6, 12, 24)),
    *(Offer(f"settle_{percent}", OfferKind.SETTLEMENT, discount=percent / 100) for percent in (10, 20, 30, 40)),
    Offer("restructure", OfferKind.RESTRUCTURE, months=36),
    Offer("asset_swap", OfferKind.SWAP),
)
OFFER_INDEX = {offer.name: index for index, offer in enumerate(OFFERS)}
OFFER_MONTHS = np.array([offer.months for offer in OFFERS], np.uint8)
OFFER_DISCOUNT = np.array([offer.discount for offer in OFFERS], np.float64)
OFFER_KIND = np.array([offer.kind for offer in OFFERS], np.uint8)

CHANNEL_GROUP = np.array(
    [
        Group.NONE,
        Group.TEXT,
        Group.TEXT,
        Group.TEXT,
        Group.CALL,
        Group.CALL,
        Group.CALL,
        Group.LETTER,
        Group.VISIT,
    ],
    np.uint8,
)

# Which offers each channel can carry, and in which windows it works at all. A discount is negotiated by people
# (or put in a letter); restructuring and taking assets need somebody who can look at them and their papers.
_CARRIES: dict[Channel, tuple[str, ...]] = {
    Channel.SMS: ("none",),
    Channel.WECHAT: ("none", "plan_6", "plan_12"),
    Channel.EMAIL: ("none",),
    Channel.AUTOCALL: ("none",),
    Channel.COLLECTOR: ("none", "plan_3", "plan_6", "plan_12", "plan_24", "settle_10", "settle_20"),
    Channel.SPECIALIST: tuple(offer.name for offer in OFFERS),
    Channel.LETTER: ("none", "settle_20"),
    Channel.VISIT: ("none", "plan_12", "restructure", "asset_swap"),
}
_WINDOWS: dict[Channel, tuple[Window, ...]] = {
    Channel.LETTER: (Window.MORNING,),
    Channel.VISIT: (Window.MORNING, Window.AFTERNOON),
}


@dataclass(frozen=True)
class Treatment:
    """One entry of the menu: what may be done to one account on one day."""

    channel: Channel
    window: Window
    offer: Offer
    legal: Legal

    @property
    def name(self) -> str:
        """As in `collector/evening/plan_6`, `letter/morning/notice`, `suit`, `nothing`."""
        parts = []
        if self.channel is not Channel.NONE:
            parts += [self.channel.name.lower(), self.window.name.lower()]
        if self.offer.kind is not OfferKind.NONE:
            parts.append(self.offer.name)
        if self.legal is not Legal.NONE:
            parts.append(self.legal.name.lower())
        return "/".join(parts) or "nothing"


def _sensible() -> list[Treatment]:
    treatments = [Treatment(Channel.NONE, Window.MORNING, OFFERS[0], Legal.NONE)]
    for channel, offers in _CARRIES.items():
        treatments += [
            Treatment(channel, window, OFFERS[OFFER_INDEX[offer]], Legal.NONE)
            for offer in offers
            for window in _WINDOWS.get(channel, tuple(Window))
        ]
    treatments.append(Treatment(Channel.LETTER, Window.MORNING, OFFERS[0], Legal.NOTICE))
    treatments += [Treatment(Channel.NONE, Window.MORNING, OFFERS[0], step) for step in (Legal.SUIT, Legal.ENFORCE)]
    return treatments


ALL_TREATMENTS: tuple[Treatment, ...] = tuple(_sensible())

# Feature bits: what a rule can forbid. One uint64 per treatment and one per account and day make the exact mask
# a single AND. Layout: channels 0-8, (group, window) 9-28, offers from 29 on, legal steps after the last offer.
_GROUP_WINDOW_BIT, _OFFER_BIT = 9, 29
_LEGAL_BIT = _OFFER_BIT + len(OFFERS)


def channel_bit(channel: int) -> int:
    """Feature bit of a channel."""
    return 1 << int(channel)


def group_bits(group: int, windows: Collection[int] = tuple(Window)) -> int:
    """Feature bits of a channel group in these contact windows (all of them by default).

    Args:
        group: of channels, a `Group`.
        windows: contact windows, `Window` numbers.
    """
    return sum(1 << (_GROUP_WINDOW_BIT + 4 * int(group) + int(window)) for window in windows)


def offer_bits(kind: OfferKind, least_months: int = 0, least_discount: float = 0.0) -> int:
    """Feature bits of all offers of a kind with at least these months and this discount (a share, 0 to 1).

    Args:
        kind: of offer.
        least_months: instalments at least.
        least_discount: discount at least, a share.
    """
    return sum(
        1 << (_OFFER_BIT + index)
        for index, offer in enumerate(OFFERS)
        if offer.kind is kind and offer.months >= least_months and offer.discount >= least_discount - 1e-9
    )


def legal_bit(step: int) -> int:
    """Feature bit of a legal step."""
    return 1 << (_LEGAL_BIT + int(step))


CONTACT_BITS = sum(group_bits(group) for group in Group if group is not Group.NONE)
CALL_BITS, TEXT_BITS, LETTER_BITS, VISIT_BITS = (
    group_bits(group) for group in (Group.CALL, Group.TEXT, Group.LETTER, Group.VISIT)
)
OFFER_BITS = sum(offer_bits(kind) for kind in OfferKind if kind is not OfferKind.NONE)
LEGAL_BITS = sum(legal_bit(step) for step in Legal if step is not Legal.NONE)


def features(treatment: Treatment) -> int:
    """All feature bits of a treatment: one of each kind (channel, group and window, offer, legal step)."""
    group = CHANNEL_GROUP[treatment.channel]
    bits = channel_bit(treatment.channel) | group_bits(group, (treatment.window,))
    return bits | 1 << (_OFFER_BIT + OFFER_INDEX[treatment.offer.name]) | legal_bit(treatment.legal)


@dataclass(frozen=True)
class Menu:
    """The treatments a scenario allows, in a fixed order; index 0 is always «nothing»."""

    treatments: tuple[Treatment, ...]

    @classmethod
    def of(cls, channels: Collection[str], offers: Collection[str], legal: Collection[str]) -> Menu:
        """The sensible combinations made of these names (lower case, as scenarios write them).

        Args:
            channels, legal: names of `Channel` and `Legal`.
            offers: names of `OFFERS`.
        """
        return cls(
            tuple(
                t
                for t in ALL_TREATMENTS
                if (t.channel is Channel.NONE or t.channel.name.lower() in channels)
                and (t.offer.kind is OfferKind.NONE or t.offer.name in offers)
                and (t.legal is Legal.NONE or t.legal.name.lower() in legal)
            )
        )

    @classmethod
    def named(cls, names: Sequence[str]) -> Menu:
        """The treatments with these names (`Treatment.name`), in this order."""
        known = {treatment.name: treatment for treatment in ALL_TREATMENTS}
        return cls(tuple(known[name] for name in names))

    def __len__(self) -> int:
        return len(self.treatments)

    @cached_property
    def names(self) -> list[str]:
        """Name of each treatment (`Treatment.name`), in the menu's order."""
        return [treatment.name for treatment in self.treatments]

    @cached_property
    def index(self) -> dict[str, int]:
        """Menu index by name."""
        return {name: index for index, name in enumerate(self.names)}

    @cached_property
    def table(self) -> NDArray[np.void]:
        """One record per treatment for the compiled kernels: dtype `MENU_RECORD`, shape (menu,)."""
        rows = [
            (t.channel, CHANNEL_GROUP[t.channel], t.window, OFFER_INDEX[t.offer.name], t.legal, features(t))
            for t in self.treatments
        ]
        return np.array(rows, MENU_RECORD)


MENU_RECORD = np.dtype(
    [("channel", "u1"), ("group", "u1"), ("window", "u1"), ("offer", "u1"), ("legal", "u1"), ("bits", "u8")],
    align=True,
)


def names(kind: type[IntEnum], without: Sequence[IntEnum] = ()) -> list[str]:
    """The names users write for an enumeration's members (lower case), in order, except those `without`.

    Args:
        kind: the enumeration.
        without: members to leave out.
    """
    return [member.name.lower() for member in kind if member not in without]
