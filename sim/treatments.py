"""The action vocabulary as data: channels, contact windows, offers and legal steps.

A treatment is one combination of the four. The scenario's *treatment menu* lists the combinations that make
sense; an action is an index into it. Action space, masks, costs, plan files and report labels all derive from here.

What there is stands in a `Vocabulary`: `STANDARD`, or with what a scenario adds to it (`World.vocabulary`). Numbers of what is
added follow on those of what is always there, so that compiled code reads both alike.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from enum import IntEnum, unique
from functools import cached_property
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from recoup.sim.account import MONTH


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


class OwnChannel(int):
    """A channel that a scenario adds: a number and a name, as a `Channel` has.

    Args:
        number: above those of `Channel`, below `MOST_CHANNELS`.
        name: as scenarios and plans write it.
    """

    name: str

    def __new__(cls, number: int, name: str) -> OwnChannel:
        channel = super().__new__(cls, number)
        channel.name = name.upper()
        return channel

    def __reduce__(self) -> tuple[Any, ...]:  # for copies, and for other processes
        return OwnChannel, (int(self), self.name)

    def __repr__(self) -> str:
        return f"<{self.name}: {int(self)}>"


AnyChannel = Channel | OwnChannel


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


# What accounts are told apart by, where a scenario says nothing else.
PRODUCTS = ("consumer_loan", "credit_card", "instalment_purchase")
TIERS = ("low", "medium", "high")
DPD_BANDS = (0, 8, 16, 30, 60, 90, 180)
MONTHS = 6  # that accounts roll through where a scenario has no bands


class Bucket(NamedTuple):
    """Ages of debt that accounts roll through: to have rolled is to be still unresolved when the bucket ends.

    Attributes:
        name: of the bucket.
        roll: from it to the next, as in `M1→M2`.
        first, last: days past due, both of them in it.
    """

    name: str
    roll: str
    first: int
    last: int


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

# How much a scenario may add. A channel's number is filed in the byte that also counts a pack's rules (`gate.SUSPENDED`), and
# all that a rule can forbid has its bit in one uint64.
MOST_CHANNELS = 16
MOST_MORE_CHANNELS = MOST_CHANNELS - len(Channel)
MOST_MORE_PLANS = MOST_MORE_SETTLEMENTS = 4
MOST_OFFERS = len(OFFERS) + MOST_MORE_PLANS + MOST_MORE_SETTLEMENTS
MOST_PRODUCTS = 16
MOST_TIERS = 8
MOST_POOLS = 8
MOST_BANDS = 24

# An offer's number says its kind: after those of `OFFERS` come places for more plans, then for more settlements.
OFFER_KIND = np.array(
    [offer.kind for offer in OFFERS]
    + [OfferKind.PLAN] * MOST_MORE_PLANS
    + [OfferKind.SETTLEMENT] * MOST_MORE_SETTLEMENTS,
    np.uint8,
)


@unique
class Talk(IntEnum):
    """Who is at our end when a debtor is reached: nobody, a machine, which takes promises, or a person, who takes all there is."""

    NOBODY = 0
    MACHINE = 1
    PERSON = 2


@dataclass(frozen=True)
class ChannelTraits:
    """What a channel can do.

    Attributes:
        channel: its number and name.
        name: as scenarios, plans and results write it.
        group: that rules count it in.
        carries: names of the offers it can carry.
        windows: in which it works at all.
        talk: who is at our end.
        by_number: it needs the debtor's telephone number, and a wrong one reaches nobody.
        pool: what serves it, by the name of the resource (`operations.resources`); empty = nothing is scarce.
    """

    channel: AnyChannel
    name: str = field(init=False)
    group: Group
    carries: tuple[str, ...] = ("none",)
    windows: tuple[Window, ...] = tuple(Window)
    talk: Talk = Talk.NOBODY
    by_number: bool = False
    pool: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", self.channel.name.lower())


# A discount is negotiated by people (or put in a letter); restructuring and taking assets need somebody who can look at them and
# their papers.
CHANNELS: tuple[ChannelTraits, ...] = (
    ChannelTraits(Channel.NONE, Group.NONE),
    ChannelTraits(Channel.SMS, Group.TEXT, by_number=True),
    ChannelTraits(Channel.WECHAT, Group.TEXT, ("none", "plan_6", "plan_12")),
    ChannelTraits(Channel.EMAIL, Group.TEXT),
    ChannelTraits(Channel.AUTOCALL, Group.CALL, talk=Talk.MACHINE, by_number=True, pool="autocall"),
    ChannelTraits(
        Channel.COLLECTOR,
        Group.CALL,
        ("none", "plan_3", "plan_6", "plan_12", "plan_24", "settle_10", "settle_20"),
        talk=Talk.PERSON,
        by_number=True,
        pool="collector",
    ),
    ChannelTraits(
        Channel.SPECIALIST,
        Group.CALL,
        tuple(offer.name for offer in OFFERS),
        talk=Talk.PERSON,
        by_number=True,
        pool="specialist",
    ),
    ChannelTraits(Channel.LETTER, Group.LETTER, ("none", "settle_20"), (Window.MORNING,)),
    ChannelTraits(
        Channel.VISIT,
        Group.VISIT,
        ("none", "plan_12", "restructure", "asset_swap"),
        (Window.MORNING, Window.AFTERNOON),
        talk=Talk.PERSON,
        pool="visit",
    ),
)


@dataclass(frozen=True)
class Treatment:
    """One entry of the menu: what may be done to one account on one day."""

    channel: AnyChannel
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


# Feature bits: what a rule can forbid. One uint64 per treatment and one per account and day make the exact mask
# a single AND. Layout: channels 0-8, (group, window) 9-28, offers from 29 on, legal steps after the last offer, then the channels and
# the offers that a scenario adds.
_GROUP_WINDOW_BIT, _OFFER_BIT = 9, 29
_LEGAL_BIT = _OFFER_BIT + len(OFFERS)
_MORE_CHANNELS_BIT = _LEGAL_BIT + len(Legal)
_MORE_OFFERS_BIT = _MORE_CHANNELS_BIT + MOST_MORE_CHANNELS
assert _MORE_OFFERS_BIT + MOST_OFFERS - len(OFFERS) < 63  # the gate's tables are signed


def channel_bit(channel: int) -> int:
    """Feature bit of a channel."""
    number = int(channel)
    return 1 << (number if number < len(Channel) else _MORE_CHANNELS_BIT + number - len(Channel))


def offer_bit(offer: int) -> int:
    """Feature bit of an offer, by its number."""
    return 1 << (_OFFER_BIT + offer if offer < len(OFFERS) else _MORE_OFFERS_BIT + offer - len(OFFERS))


def group_bits(group: int, windows: Collection[int] = tuple(Window)) -> int:
    """Feature bits of a channel group in these contact windows (all of them by default).

    Args:
        group: of channels, a `Group`.
        windows: contact windows, `Window` numbers.
    """
    return sum(1 << (_GROUP_WINDOW_BIT + 4 * int(group) + int(window)) for window in windows)


def offer_bits(kind: OfferKind) -> int:
    """Feature bits of all offers of a kind, those among them that scenarios may add."""
    return sum(offer_bit(number) for number in range(MOST_OFFERS) if OFFER_KIND[number] == kind)


def legal_bit(step: int) -> int:
    """Feature bit of a legal step."""
    return 1 << (_LEGAL_BIT + int(step))


CONTACT_BITS = sum(group_bits(group) for group in Group if group is not Group.NONE)
CALL_BITS, TEXT_BITS, LETTER_BITS, VISIT_BITS = (
    group_bits(group) for group in (Group.CALL, Group.TEXT, Group.LETTER, Group.VISIT)
)
OFFER_BITS = sum(offer_bits(kind) for kind in OfferKind if kind is not OfferKind.NONE)
LEGAL_BITS = sum(legal_bit(step) for step in Legal if step is not Legal.NONE)


@dataclass(frozen=True)
class Vocabulary:
    """What there is to do, to whom and for what, in the order of its numbers.

    Attributes:
        channels: their traits; first none, then those of `Channel`, then a scenario's own.
        offers: by number; None where nothing has the number.
        products: kinds of credit.
        tiers: of risk, the lowest first.
        dpd_bands: the first days past due of each band of tables and reports, rising from 0; a scenario's own are what its roll rates
            are about too.
    """

    channels: tuple[ChannelTraits, ...] = CHANNELS
    offers: tuple[Offer | None, ...] = OFFERS
    products: tuple[str, ...] = PRODUCTS
    tiers: tuple[str, ...] = TIERS
    dpd_bands: tuple[int, ...] = DPD_BANDS

    @cached_property
    def channel(self) -> dict[str, ChannelTraits]:
        """Traits by name."""
        return {traits.name: traits for traits in self.channels}

    @cached_property
    def offer_number(self) -> dict[str, int]:
        """The number of each offer, by name."""
        return {offer.name: number for number, offer in enumerate(self.offers) if offer}

    @cached_property
    def channel_names(self) -> tuple[str, ...]:
        """Of all channels but none, by number."""
        return tuple(traits.name for traits in self.channels[1:])

    @cached_property
    def bands(self) -> tuple[str, ...]:
        """What the bands of days past due are called: `0–7`, `8–15`, … `180+`."""
        firsts = self.dpd_bands
        return (
            *(f"{a}–{b - 1}" if b - 1 > a else f"{a}" for a, b in pairwise(firsts)),
            f"{firsts[-1]}+",
        )

    @cached_property
    def own_bands(self) -> bool:
        """Whether the bands are a scenario's own, and accounts roll through them rather than from month to month."""
        return self.dpd_bands != DPD_BANDS

    @cached_property
    def buckets(self) -> tuple[Bucket, ...]:
        """What accounts roll through: the bands of a scenario that has its own, else months of 30 days, M1 to M6. The last band has no end."""
        if self.own_bands:
            firsts, names = self.dpd_bands, self.bands
        else:
            firsts = tuple(range(1, MONTH * MONTHS + 2, MONTH))
            names = tuple(f"M{month}" for month in range(1, MONTHS + 2))
        return tuple(
            Bucket(name, f"{name}→{later}", first, after - 1)
            for (name, later), (first, after) in zip(pairwise(names), pairwise(firsts), strict=True)
        )

    def bucket_names(self, dpd: NDArray[np.integer]) -> NDArray[np.str_]:
        """The bucket of each age: M0 (not yet overdue), M1 … M6, M7+; or a scenario's own band.

        Args:
            dpd: days past due.
        """
        number = self.bucket_numbers(dpd)
        if self.own_bands:
            return np.array(self.bands)[number]
        return np.where(number > MONTHS, f"M{MONTHS + 1}+", np.char.add("M", np.minimum(number, MONTHS).astype(str)))

    def bucket_numbers(self, dpd: NDArray[np.number]) -> NDArray[np.int64]:
        """The number of the bucket of each age: months past due, 0 not yet overdue, 1 from day 1 to 30, and so on; or a scenario's own band.

        Args:
            dpd: days past due.
        """
        overdue = np.maximum(dpd, 0).astype(np.int64)
        if self.own_bands:
            return np.searchsorted(self.dpd_bands, overdue, side="right") - 1
        return -(-overdue // MONTH)

    @cached_property
    def groups(self) -> NDArray[np.uint8]:
        """The `Group` of each channel, by number."""
        return np.array([traits.group for traits in self.channels], np.uint8)

    @cached_property
    def months(self) -> NDArray[np.uint8]:
        """Instalments of each offer, by number: shape (MOST_OFFERS,)."""
        months = np.zeros(MOST_OFFERS, np.uint8)
        months[: len(self.offers)] = [offer.months if offer else 0 for offer in self.offers]
        return months

    @cached_property
    def discounts(self) -> NDArray[np.float64]:
        """Share that each offer forgives, by number: shape (MOST_OFFERS,)."""
        discounts = np.zeros(MOST_OFFERS)
        discounts[: len(self.offers)] = [offer.discount if offer else 0.0 for offer in self.offers]
        return discounts

    @cached_property
    def treatments(self) -> tuple[Treatment, ...]:
        """All combinations that make sense, nothing first."""
        nothing = self.offers[0]
        assert nothing is not None
        found = [Treatment(Channel.NONE, Window.MORNING, nothing, Legal.NONE)]
        contacts = [one for one in self.channels if one.group is not Group.NONE]
        for traits in contacts:
            for name in traits.carries:
                offer = self.offers[self.offer_number[name]]
                assert offer is not None
                found += [Treatment(traits.channel, window, offer, Legal.NONE) for window in traits.windows]
        found.append(Treatment(Channel.LETTER, Window.MORNING, nothing, Legal.NOTICE))
        found += [Treatment(Channel.NONE, Window.MORNING, nothing, step) for step in (Legal.SUIT, Legal.ENFORCE)]
        return tuple(found)

    @cached_property
    def treatment(self) -> dict[str, Treatment]:
        """All treatments by name."""
        return {treatment.name: treatment for treatment in self.treatments}

    def group(self, treatment: Treatment) -> Group:
        """The channel group of a treatment."""
        return self.channels[treatment.channel].group

    def offer_bits(self, kind: OfferKind, least_months: int = 0, least_discount: float = 0.0) -> int:
        """Feature bits of all offers of a kind with at least these months and this discount (a share, 0 to 1).

        Args:
            kind: of offer.
            least_months: instalments at least.
            least_discount: discount at least, a share.
        """
        return sum(
            offer_bit(number)
            for number, offer in enumerate(self.offers)
            if offer and offer.kind is kind and offer.months >= least_months and offer.discount >= least_discount - 1e-9
        )

    def features(self, treatment: Treatment) -> int:
        """All feature bits of a treatment: one of each kind (channel, group and window, offer, legal step)."""
        bits = channel_bit(treatment.channel) | group_bits(self.group(treatment), (treatment.window,))
        return bits | offer_bit(self.offer_number[treatment.offer.name]) | legal_bit(treatment.legal)


STANDARD = Vocabulary()
ALL_TREATMENTS: tuple[Treatment, ...] = STANDARD.treatments


@dataclass(frozen=True)
class Menu:
    """The treatments a scenario allows, in a fixed order; index 0 is always «nothing».

    Attributes:
        treatments: by index.
        vocabulary: what they are made of.
    """

    treatments: tuple[Treatment, ...]
    vocabulary: Vocabulary = STANDARD

    @classmethod
    def of(
        cls,
        channels: Collection[str],
        offers: Collection[str],
        legal: Collection[str],
        vocabulary: Vocabulary = STANDARD,
    ) -> Menu:
        """The sensible combinations made of these names (lower case, as scenarios write them).

        Args:
            channels, offers: names in the vocabulary.
            legal: names of `Legal`.
            vocabulary: what there is.
        """
        return cls(
            tuple(
                t
                for t in vocabulary.treatments
                if (t.channel is Channel.NONE or t.channel.name.lower() in channels)
                and (t.offer.kind is OfferKind.NONE or t.offer.name in offers)
                and (t.legal is Legal.NONE or t.legal.name.lower() in legal)
            ),
            vocabulary,
        )

    @classmethod
    def named(cls, names: Sequence[str], vocabulary: Vocabulary = STANDARD) -> Menu:
        """The treatments with these names (`Treatment.name`), in this order.

        Args:
            names: of treatments.
            vocabulary: which has them.
        """
        return cls(tuple(vocabulary.treatment[name] for name in names), vocabulary)

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
        words = self.vocabulary
        rows = [
            (t.channel, words.group(t), t.window, words.offer_number[t.offer.name], t.legal, words.features(t))
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
