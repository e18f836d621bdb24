"""What is fitted: parameters of the world, on which scale they are estimated, and how far from the scenario's value they are believed to lie."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recoup.sim.parameters import Behaviour, Cards, PerChannel, PerWindow, World, kernel_record
from recoup.sim.treatments import Channel, Group, Window


class Link(Enum):
    """The scale on which a parameter is estimated: a shift of 0 on it is the scenario's own value."""

    IDENTITY = "identity"
    LOG = "log"
    LOGIT = "logit"

    def shifted(self, value: Any, shift: float) -> Any:
        """A value (number or array) moved by so much on this scale."""
        if self is Link.IDENTITY:
            return value + shift
        if self is Link.LOG:
            return value * math.exp(shift)
        return value * math.exp(shift) / (1.0 - value + value * math.exp(shift))


class Block(Enum):
    """Parameters that are estimated together, because one likelihood has them all."""

    CONDUCT = "conduct"
    REACH = "reach"
    RESPONSE = "response"


OF_CARDS = "cards."
NOT_OF_CARDS = ("pay_base", "full_base", "full_liquidity")
TEXTS = ("sms", "wechat", "email")
CHANNELS = tuple(channel.name.lower() for channel in Channel if channel)


@dataclass(frozen=True)
class Parameter:
    """Something that records may determine.

    Attributes:
        name: a field of `Behaviour`, or one part of it: `reach.collector`.
        block: which likelihood it is in.
        spread: standard deviation of the prior on the scale of `link`.
        link: see `Link`.
        parts: channels that move together; () = the one that `name` names, or the number itself.
        hazard: it moves spontaneous payments, now or before the records began, and not only answers and agreements.
    """

    name: str
    block: Block
    spread: float
    link: Link = Link.IDENTITY
    parts: tuple[str, ...] = ()
    hazard: bool = False

    @property
    def field(self) -> str:
        """The field of `Behaviour`, or of `Cards` with `cards.` before it."""
        if self.of_cards:
            return self.name
        return self.name.partition(".")[0]

    @property
    def of_cards(self) -> bool:
        """Whether it is in the section `cards` of a world."""
        return self.name.startswith(OF_CARDS)

    @property
    def places(self) -> tuple[str, ...]:
        """What it stands for in a scenario file: fields of `behaviour`, with their part, or of `cards`."""
        return tuple(f"{self.field}.{part}" for part in self.parts) or (self.name,)

    def value(self, world: World) -> float:
        """Its value in a world; of parts that move together, the first one's."""
        return value_at(world, self.places[0])

    def moves(self, world: World, cards: Collection[bool] | None = None) -> bool:
        """Whether it can move at all there: a share of 0 has no logarithm, and a channel that is not used says nothing.

        Nor does what only cards have where there are none, or only other products where all are cards (the base of all payments is that of
        cards there).

        Args:
            world: the scenario's own.
            cards: whether accounts are cards that ask for minimums, those that are and those that are not; None = as in its population.
        """
        if cards is None:
            cards = {bool(world.cards and world.products[name].card) for name in world.population.products}
        if (self.of_cards and True not in cards) or (self.name in NOT_OF_CARDS and False not in cards):
            return False
        value = self.value(world)
        part = self.name.partition(".")[2]
        named = self.parts or ((part,) if part in world.vocabulary.channel_names else ())
        if named and not any(channel in world.channels for channel in named):
            return False
        return self.link is Link.IDENTITY or (value > 0.0 and (self.link is Link.LOG or value < 1.0))


def value_at(world: World, place: str) -> float:
    """The value of a behaviour parameter, or of one part of it (`reach.sms`), or of what cards have (`cards.pay`)."""
    if place.startswith(OF_CARDS):
        return float(getattr(world.cards, place.removeprefix(OF_CARDS)))
    field, _, part = place.partition(".")
    value = getattr(world.behaviour, field)
    return float(getattr(value, part)) if part else float(value)


def _of(block: Block, hazard: bool = False, link: Link = Link.IDENTITY, **spreads: float) -> list[Parameter]:
    return [Parameter(name, block, spread, link, hazard=hazard) for name, spread in spreads.items()]


def _parts(
    block: Block, field: str, spread: float, link: Link, parts: Sequence[str], hazard: bool = False
) -> list[Parameter]:
    return [Parameter(f"{field}.{part}", block, spread, link, hazard=hazard) for part in parts]


# The afternoon's factor stays: reach by channel and by window are known up to a common factor only.
PARAMETERS: tuple[Parameter, ...] = (
    *_parts(Block.REACH, "reach", 0.4, Link.LOG, ("autocall", "collector", "specialist", "visit", *TEXTS)),
    *_parts(Block.REACH, "reach_by_window", 0.25, Link.LOG, ("morning", "midday", "evening")),
    *_of(Block.REACH, link=Link.LOG, reach_day_off=0.25, reach_spread=0.4, reach_avoidance=0.7),
    *_of(Block.REACH, reach_age_decay=0.15),
    *_of(Block.REACH, link=Link.LOGIT, wrong_number=0.6),
    Parameter("complaint", Block.CONDUCT, 0.7, Link.LOG, CHANNELS),
    *_of(Block.CONDUCT, complaint_fatigue=0.4),
    *_of(Block.CONDUCT, link=Link.LOG, opt_out=0.7, dispute=0.7),
    *_of(
        Block.RESPONSE,
        hazard=True,
        pay_base=0.5,
        pay_willingness=0.4,
        pay_liquidity=0.2,
        pay_salience=0.5,
        pay_excitation=0.3,
        pay_pressure=0.3,
        pay_age=0.4,
        pay_payday=0.4,
        pay_reactance=0.2,
        ability_mean=0.5,
        willingness_score=0.15,
        willingness_warning=0.4,
    ),
    *_of(Block.RESPONSE, hazard=True, link=Link.LOGIT, pay_promised=0.6),
    Parameter("salience_gain", Block.RESPONSE, 0.5, Link.LOGIT, TEXTS, hazard=True),
    *_of(
        Block.RESPONSE,
        full_base=0.7,
        full_liquidity=0.3,
        promise_base=0.5,
        promise_willingness=0.3,
        promise_age=0.3,
        keep_base=0.5,
        keep_willingness=0.3,
        keep_liquidity=0.3,
        keep_broken=0.3,
        plan_base=0.6,
        plan_willingness=0.3,
        plan_fit=0.3,
        offer_refused=0.2,
        offer_age=0.2,
        settle_base=0.6,
        settle_discount=1.0,
        settle_liquidity=0.3,
        instalment_base=0.6,
        instalment_willingness=0.3,
    ),
    *_parts(Block.RESPONSE, "promise_channel", 0.4, Link.IDENTITY, ("autocall",)),
    *_parts(Block.RESPONSE, "keep_channel", 0.4, Link.IDENTITY, ("autocall",)),
    Parameter("cards.pay", Block.RESPONSE, 0.5, hazard=True),
    Parameter("cards.again", Block.RESPONSE, 0.7, Link.LOG, hazard=True),
    Parameter("cards.clear", Block.RESPONSE, 0.7, hazard=True),
    Parameter("cards.clear_months", Block.RESPONSE, 0.4, Link.LOG, hazard=True),
    Parameter("cards.whole", Block.RESPONSE, 0.6, Link.LOGIT),
)
PARAMETER = {parameter.name: parameter for parameter in PARAMETERS}
_WINDOW = {window.name.lower(): int(window) for window in Window}


def parameters_of(world: World) -> tuple[Parameter, ...]:
    """All that records may determine of a world: `PARAMETERS`, and of its own channels reach; complaints move with those of all channels.

    Args:
        world: the scenario's own.
    """
    own = world.vocabulary.channel_names[len(CHANNELS) :]
    if not own:
        return PARAMETERS
    every = [replace(one, parts=(*CHANNELS, *own)) if one.parts == CHANNELS else one for one in PARAMETERS]
    return (*every, *_parts(Block.REACH, "reach", 0.4, Link.LOG, own))


def movable(
    world: World, block: Block, reads_known: bool = False, cards: Collection[bool] | None = None
) -> list[Parameter]:
    """The parameters of a block that a world has.

    Args:
        world: the scenario's own.
        block: of which likelihood.
        reads_known: the log says which messages were read; else nothing tells how many are.
        cards: as of `Parameter.moves`.
    """
    here = [one for one in parameters_of(world) if one.block is block and one.moves(world, cards)]
    reads = {f"reach.{one.name}" for one in world.vocabulary.channels if one.group is Group.TEXT}
    return [one for one in here if reads_known or one.name not in reads]


def records_of(world: World, parameters: Sequence[Parameter], shifts: NDArray[np.float64]) -> NDArray[np.void]:
    """What compiled code needs of the world under several sets of shifts: `parameters.kernel_record` each, shape (sets,).

    Args:
        world: the scenario's own.
        parameters: that are moved.
        shifts: of each, on the scale of its link; float64 (sets, parameters).
    """
    records = np.repeat(kernel_record(world), len(shifts))
    number = _WINDOW | {name: number for number, name in enumerate(world.vocabulary.channel_names, 1)}
    for column, parameter in enumerate(parameters):
        for place in parameter.places:
            own = value_at(world, place)
            values = [within(place, parameter.link.shifted(own, shift)) for shift in shifts[:, column]]
            if parameter.of_cards:
                records[place.replace(OF_CARDS, "card_")] = values
                continue
            field, _, part = place.partition(".")
            records[field][(slice(None), number[part]) if part else slice(None)] = values
    return records


def within(place: str, value: float) -> float:
    """A value within the range that a scenario file allows for this place."""
    low, high = -np.inf, np.inf
    if place.startswith(OF_CARDS):
        about = Cards.model_fields[place.removeprefix(OF_CARDS)]
    else:
        about = Behaviour.model_fields[place.partition(".")[0]]
    for rule in about.metadata:
        low, high = max(low, getattr(rule, "ge", low)), min(high, getattr(rule, "le", high))
    return min(max(value, low), high)


def with_shifts(world: World, parameters: Sequence[Parameter], shifts: NDArray[np.float64]) -> World:
    """The world with each parameter moved by so much on its scale.

    Args:
        world: left as it is.
        parameters: that are moved.
        shifts: of each, float64 (parameters,).
    """
    changes: dict[str, Any] = {}
    of_cards: dict[str, float] = {}
    for parameter, shift in zip(parameters, shifts, strict=True):
        for place in parameter.places:
            field, _, part = place.partition(".")
            value = within(place, parameter.link.shifted(value_at(world, place), float(shift)))
            if parameter.of_cards:
                of_cards[part] = value
            elif part:
                whole: PerChannel | PerWindow = changes.get(field, getattr(world.behaviour, field))
                changes[field] = whole.model_copy(update={part: value})
            else:
                changes[field] = value
    update: dict[str, Any] = {"behaviour": world.behaviour.model_copy(update=changes)}
    if world.cards and of_cards:
        update["cards"] = world.cards.model_copy(update=of_cards)
    return world.model_copy(update=update)
