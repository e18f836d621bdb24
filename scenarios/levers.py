"""The levers that a plan pulls, how far from their calibrated strength each may be, and worlds that move all of them at once.

A stress test moves one thing at a time, so it can't say what happens when texts do less and calls do more. Here every lever has a
range, and the worlds fill the space of all ranges evenly: a Sobol' sequence (Sobol' 1967), scrambled (Owen 1998).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import qmc

from recoup.scenarios.world_variants import WorldVariant
from recoup.sim.inputs import InputError
from recoup.sim.parameters import World

LEAST_WORLDS, MOST_WORLDS = 16, 4096


@dataclass(frozen=True)
class Lever:
    """Something that a plan relies on. A setting of 1 is as calibrated; 0.5 is half of it.

    Attributes:
        name: key in result files and in the report's catalogue.
        label: in plain English, for tables.
        low, high: the ends of its range, low < 1 < high.
        why: where the range comes from.
        scaled: behaviour parameters that are multiplied by the setting; `name.channel` for one channel.
        odds: parameters that are log odds or log intensities: the odds or the intensity are multiplied by the setting.
        doubts: parameters that are shares of an effect left by doubt: what doubt takes away is multiplied by the setting.
    """

    name: str
    label: str
    low: float
    high: float
    why: str
    scaled: tuple[str, ...] = ()
    odds: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()

    def setting(self, position: float) -> float:
        """The setting at a position in the range: 0 is the low end, 0.5 as calibrated, 1 the high end, straight in between.

        So half of all worlds lie on either side of what is calibrated, however far the range goes on each.
        """
        if position < 0.5:
            return self.low + 2.0 * position * (1.0 - self.low)
        return 1.0 + 2.0 * (position - 0.5) * (self.high - 1.0)


# Ranges are those of the calibration's bands (scenarios/calibration/china-consumer.yaml, docs/model.md) over what is measured there; where
# no band speaks of a lever, those of the structural worlds (`stress.structural_set`).
LEVERS: tuple[Lever, ...] = (
    Lever(
        "text_effect",
        "effect of texts",
        0.3,
        1.9,
        "one SMS resolves 0.5 to 3 points more by day 30 (band); 1.6 as calibrated",
        scaled=("salience_gain.text",),
    ),
    Lever("text_reach", "reach of texts", 0.5, 1.5, "a channel weak and strong (stress)", scaled=("reach.text",)),
    Lever(
        "call_effect",
        "effect of calls",
        0.5,
        1.5,
        "a channel weak (stress), and as much above",
        scaled=("salience_gain.call",),
    ),
    Lever(
        "call_reach",
        "reach of calls",
        0.4,
        1.25,
        "right-party contacts in 10 to 30 % of call attempts (band); 24 % as calibrated",
        scaled=("reach.call",),
    ),
    Lever(
        "repetition",
        "wear by repetition",
        0.0,
        3.0,
        "messages that never wear off, and three times as fast (stress)",
        scaled=("repetition_text", "repetition_call"),
    ),
    Lever(
        "notice_pressure",
        "pressure of notices",
        0.0,
        1.3,
        "empty notices (stress); 20 % more resolved than by a plain letter (band), 15.8 % as calibrated",
        scaled=("pressure_notice",),
    ),
    Lever(
        "notice_doubt",
        "doubt in notices",
        0.0,
        1.5,
        "every notice believed (stress); a third one without effect where no suit follows (band)",
        doubts=("notice_disbelieved", "notice_repeated"),
    ),
    Lever(
        "settlements",
        "settlements accepted",
        0.33,
        2.0,
        "20 % off for everybody resolves 5 to 30 % more (band); 14.9 % as calibrated",
        odds=("settle_base",),
    ),
    Lever(
        "waiting",
        "waiting for discounts",
        0.0,
        5.0,
        "discounts teach nobody to wait, and five times as much (stress)",
        scaled=("waiting_learned", "waiting_market"),
    ),
    Lever(
        "answers",
        "answers to messages",
        0.0,
        2.0,
        "no answers (stress); the sizes are defaults, so as much above",
        scaled=("answer_pay", "answer_call"),
    ),
    Lever(
        "age",
        "weakening with age",
        0.0,
        3.0,
        "promises and offers that don't weaken, and three times as fast (stress)",
        scaled=("promise_age", "keep_age", "offer_age", "instalment_age"),
    ),
    Lever(
        "means",
        "ability to pay",
        0.6,
        1.6,
        "a default: the odds of the share of income that is free; nobody knows it well",
        odds=("ability_mean",),
    ),
    Lever(
        "readiness",
        "readiness to pay",
        0.8,
        1.2,
        "10 to 20 % of new cases unresolved after a month (band); 14.4 % as calibrated",
        odds=("pay_base",),
    ),
)


@dataclass(frozen=True)
class LeverWorld:
    """A world of the design.

    Attributes:
        positions: of the levers in their ranges, in the order of `LEVERS`; 0 to 1.
        variant: what it changes in the scenario's world.
    """

    positions: tuple[float, ...]
    variant: WorldVariant

    @property
    def settings(self) -> dict[str, float]:
        """Setting of each lever, by name."""
        return {lever.name: lever.setting(at) for lever, at in zip(LEVERS, self.positions, strict=True)}


def lever_worlds(world: World, number: int, design_seed: int) -> list[LeverWorld]:
    """Worlds that fill the ranges of all levers evenly; twice as many begin with the same ones.

    Args:
        world: the scenario's own.
        number: how many, a power of two: only then does every half, quarter … of each range hold equally many.
        design_seed: of the scrambling.

    Raises:
        InputError: not a power of two within `LEAST_WORLDS` and `MOST_WORLDS`.
    """
    require_power_of_two(number)
    sequence = qmc.Sobol(len(LEVERS), scramble=True, rng=np.random.default_rng(design_seed))
    points: NDArray[np.float64] = sequence.random_base2(number.bit_length() - 1)
    worlds = []
    for place, point in enumerate(points):
        positions = tuple(map(float, point))
        settings = [lever.setting(at) for lever, at in zip(LEVERS, positions, strict=True)]
        worlds.append(LeverWorld(positions, variant_of(world, f"levers-{design_seed}-{place}", settings)))
    return worlds


def variant_of(world: World, name: str, settings: list[float]) -> WorldVariant:
    """The variant of a world in which the levers have these settings.

    Args:
        world: the scenario's own; what is added to log odds and taken from shares is reckoned from its values.
        name: of the variant.
        settings: one a lever, in the order of `LEVERS`.
    """
    scaled: dict[str, float] = {}
    values: dict[str, float] = {}
    for lever, setting in zip(LEVERS, settings, strict=True):
        scaled |= dict.fromkeys(lever.scaled, setting)
        for parameter in lever.odds:
            values[parameter] = getattr(world.behaviour, parameter) + math.log(setting)
        for parameter in lever.doubts:
            doubt = 1.0 - getattr(world.behaviour, parameter)
            values[parameter] = max(0.0, 1.0 - setting * doubt)
    return WorldVariant(name, "all levers moved", behaviour=tuple(scaled.items()), values=tuple(values.items()))


def require_power_of_two(number: int) -> None:
    """Check how many worlds are asked for.

    Raises:
        InputError: not a power of two, or too few or too many; names the nearest that are.
    """
    if LEAST_WORLDS <= number <= MOST_WORLDS and number.bit_count() == 1:
        return
    if number < LEAST_WORLDS:
        expected = f"at least {LEAST_WORLDS}"
    elif number > MOST_WORLDS:
        expected = f"at most {MOST_WORLDS:,}"
    else:
        below = 1 << (number.bit_length() - 1)
        expected = f"{below} or {2 * below}"
    raise InputError("--worlds", "", number, f"a power of two, as worlds fill the ranges evenly then: {expected}")
