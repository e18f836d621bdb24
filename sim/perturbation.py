"""Worlds that are a little wrong: behaviour parameters scaled one at a time (stress tests) or all at random (training)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from recoup.sim.parameters import Behaviour, PerChannel, PerWindow, World


def behaviour_parameters() -> list[str]:
    """Names of all behaviour parameters; channels and windows of one parameter go together."""
    return list(Behaviour.model_fields)


def with_behaviour(world: World, factors: Mapping[str, float]) -> World:
    """The world with each named behaviour parameter multiplied by its factor, within the parameter's own range.

    A log-odds or log-intensity base is multiplied like any other number, so that ±30 % of `pay_base` = −2.1 moves the
    intensity by a factor of about 1.9.

    Args:
        world: left as it is.
        factors: by name of `behaviour_parameters`; channels and windows of one parameter share its factor, unless one of them is
            named: `reach.sms`, or a group of them: `reach.text`.
    """
    changes: dict[str, Any] = {}
    for place, factor in factors.items():
        name, _, part = place.partition(".")
        value = changes.get(name, getattr(world.behaviour, name))
        low, high = _range(name)
        if isinstance(value, PerChannel | PerWindow):
            meant = {one.name for one in world.vocabulary.channels if part == one.group.name.lower()} | {part}
            scaled = {one: number * factor for one, number in value if not part or one in meant}
            changes[name] = value.model_copy(update=scaled)
        else:
            within = min(max(value * factor, low), high)
            changes[name] = round(within) if isinstance(value, int) else within
    return world.model_copy(update={"behaviour": world.behaviour.model_copy(update=changes)})


def randomised(world: World, spread: float, rng: np.random.Generator) -> World:
    """The world with every behaviour parameter times a factor of its own, uniform on 1 ± spread (domain randomisation).

    Args:
        world: left as it is.
        spread: 0 (the world itself) to 1.
        rng: one draw a parameter, in the order of `behaviour_parameters`.
    """
    return with_behaviour(world, {name: rng.uniform(1.0 - spread, 1.0 + spread) for name in behaviour_parameters()})


def _range(name: str) -> tuple[float, float]:
    low, high = -np.inf, np.inf
    for rule in Behaviour.model_fields[name].metadata:
        low = max(low, getattr(rule, "ge", low))
        high = min(high, getattr(rule, "le", high))
    return low, high
