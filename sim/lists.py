"""What a scenario adds to the lists of channels, offers and products, and the vocabulary that comes of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from recoup.sim.inputs import misplaced
from recoup.sim.sections import Effect, Positive, ScenarioSection, Share
from recoup.sim.treatments import (
    CHANNELS,
    MOST_MORE_PLANS,
    MOST_MORE_SETTLEMENTS,
    OFFERS,
    STANDARD,
    Channel,
    ChannelTraits,
    Group,
    Legal,
    Offer,
    OfferKind,
    OwnChannel,
    Talk,
    Vocabulary,
    Window,
    names,
)

CHANNEL_NAMES, OFFER_NAMES = STANDARD.channel_names, tuple(offer.name for offer in OFFERS[1:])
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,30}$")]
# Words that stand for something else in treatments, rules and tables.
TAKEN = {
    *names(Channel),
    *names(Group),
    *names(Window),
    *names(Legal),
    *names(OfferKind),
    *(offer.name for offer in OFFERS),
    *("nothing", "contact", "spread", "legal", "offer", "blocked", "any"),
}
_OFFER = re.compile(r"(plan|settle)_([1-9][0-9]{0,2})")
_MOST_MONTHS = 120


class Labelled(ScenarioSection):
    """What reports call something; without it, its name."""

    label: Annotated[str, Field(min_length=1, max_length=40)] | None = Field(None, description="in English reports")
    label_zh: Annotated[str, Field(min_length=1, max_length=40)] | None = Field(None, description="in Chinese reports")


class MoreChannel(Labelled):
    """A channel beside those that there always are."""

    group: Literal["text", "call", "letter", "visit"] = Field(description="in which rules count it")
    like: str | None = Field(
        None, description="a channel there always is, whose numbers it has wherever it is given none of its own"
    )
    carries: list[str] = Field(["none"], min_length=1, description="the offers it can carry; none = no offer")
    windows: list[Literal["morning", "midday", "afternoon", "evening"]] = Field(
        ["morning", "midday", "afternoon", "evening"], min_length=1, description="in which it works at all"
    )
    by_number: bool | None = Field(
        None, description="it needs the right telephone number; none = as calls do, and texts and visits do not"
    )
    machine: bool = Field(False, description="of a call: a machine speaks, which takes promises and nothing else")
    pool: str | None = Field(None, description="of a call or visit: the pool of people or lines that serves it")

    @model_validator(mode="after")
    def _served(self) -> Self:
        served = self.group in ("call", "visit")
        if served != (self.pool is not None):
            expected = "the pool that serves it" if served else f"no pool: nobody is needed for a {self.group}"
            raise misplaced(("pool",), self.pool or "nothing", expected)
        if self.machine and self.group != "call":
            raise misplaced(("machine",), True, f"false: a {self.group} is no call")
        for what in ("carries", "windows"):
            listed = getattr(self, what)
            if len(set(listed)) < len(listed):
                raise misplaced((what,), ", ".join(listed), "each of them once")
        return self

    def traits(self, number: int, name: str) -> ChannelTraits:
        """What it can do.

        Args:
            number: of the channel.
            name: as scenarios write it.
        """
        talk = Talk.NOBODY if self.pool is None else (Talk.MACHINE if self.machine else Talk.PERSON)
        return ChannelTraits(
            OwnChannel(number, name),
            Group[self.group.upper()],
            tuple(self.carries),
            tuple(window for window in Window if window.name.lower() in self.windows),
            talk,
            self.group == "call" if self.by_number is None else self.by_number,
            self.pool or "",
        )


class MoreOffer(Labelled):
    """An offer beside those that there always are; its name says what it is."""

    carried_by: list[str] = Field(min_length=1, description="the channels that can carry it")


class Product(Labelled):
    """A kind of credit."""

    card: bool = Field(
        False, description="a credit card: a minimum is due each month, where the world says which (`cards`)"
    )
    annual_rate: Share | None = Field(
        None, description="late interest a year, before the rule pack's cap; none = that of the world"
    )
    reach: Positive = Field(1.0, description="factor on the reach of its debtors, by every channel")
    pay: Effect = Field(0.0, description="log rise of the daily payment intensity of its accounts")


STANDARD_PRODUCTS = {
    name: Product(card=name == "credit_card", annual_rate=None, reach=1.0, pay=0.0, label=None, label_zh=None)
    for name in STANDARD.products
}


def offer_of(name: str) -> Offer | None:
    """The offer that a name says: `plan_18`, 18 instalments; `settle_15`, 15 % forgiven; None where it says none.

    Args:
        name: as scenarios write it.
    """
    found = _OFFER.fullmatch(name)
    if not found:
        return None
    size = int(found[2])
    if found[1] == "plan":
        return Offer(name, OfferKind.PLAN, months=size) if 2 <= size <= _MOST_MONTHS else None
    return Offer(name, OfferKind.SETTLEMENT, discount=size / 100) if size <= 90 else None


def vocabulary(
    more_channels: Mapping[str, MoreChannel],
    more_offers: Mapping[str, MoreOffer],
    products: Iterable[str],
    tiers: Iterable[str],
    dpd_bands: Iterable[int],
) -> Vocabulary:
    """All that there is, in the order of its numbers; a scenario that adds nothing has `STANDARD`.

    Args:
        more_channels, more_offers: by name, in the order of their numbers.
        products, tiers, dpd_bands: as in `Vocabulary`.

    Raises:
        PydanticCustomError: a name that means something else, an offer that its name does not say, or more of them than there is
            room for; for validators of a world.
    """
    return _vocabulary(
        tuple(one.traits(number, name) for number, (name, one) in enumerate(more_channels.items(), len(CHANNELS))),
        tuple((name, tuple(offer.carried_by)) for name, offer in more_offers.items()),
        tuple(products),
        tuple(tiers),
        tuple(dpd_bands),
    )


@lru_cache(maxsize=64)
def _vocabulary(
    more_channels: tuple[ChannelTraits, ...],
    more_offers: tuple[tuple[str, tuple[str, ...]], ...],
    products: tuple[str, ...],
    tiers: tuple[str, ...],
    dpd_bands: tuple[int, ...],
) -> Vocabulary:
    for channel in more_channels:
        if channel.name in TAKEN:
            raise misplaced(("more_channels", channel.name), channel.name, "a name that means nothing else")
    more: dict[OfferKind, list[Offer | None]] = {OfferKind.PLAN: [], OfferKind.SETTLEMENT: []}
    carried: dict[str, list[str]] = {}
    for name, carriers in more_offers:
        offer = offer_of(name)
        if offer is None or offer in OFFERS:
            raise misplaced(
                ("more_offers", name),
                name,
                f"plan_2 to plan_{_MOST_MONTHS} or settle_1 to settle_90, and none there always is",
            )
        more[offer.kind].append(offer)
        for carrier in carriers:
            carried.setdefault(carrier, []).append(name)
    for kind, most in ((OfferKind.PLAN, MOST_MORE_PLANS), (OfferKind.SETTLEMENT, MOST_MORE_SETTLEMENTS)):
        if len(more[kind]) > most:
            named = ", ".join(offer.name for offer in more[kind] if offer)
            raise misplaced(("more_offers",), named, f"at most {most} more {kind.name.lower()}s")
    offers: tuple[Offer | None, ...] = OFFERS
    if more_offers:
        plans = more[OfferKind.PLAN]
        offers = (*OFFERS, *plans, *([None] * (MOST_MORE_PLANS - len(plans))), *more[OfferKind.SETTLEMENT])
    channels = (*CHANNELS, *more_channels)
    with_more = tuple(
        replace(one, carries=tuple(dict.fromkeys((*one.carries, *carried.get(one.name, ())))))
        if one.name in carried
        else one
        for one in channels
    )
    found = Vocabulary(with_more, offers, products, tiers, dpd_bands)
    return STANDARD if found == STANDARD else found
