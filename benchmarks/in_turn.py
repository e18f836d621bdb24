"""Measurements taken in turn, round after round, so that what else the machine does meets all of them."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

Measured = TypeVar("Measured")


def in_turn(turns: Mapping[str, Callable[[], Measured]], rounds: int) -> dict[str, list[Measured]]:
    """What each turn returns, A B A B …, after one round to warm up.

    Args:
        turns: by name; each does its work and returns what it measured.
        rounds: how often.
    """
    for turn in turns.values():
        turn()
    found: dict[str, list[Measured]] = {name: [] for name in turns}
    for _ in range(rounds):
        for name, turn in turns.items():
            found[name].append(turn())
    return found


def spread(values: Sequence[float]) -> dict[str, float]:
    """Median, least and most."""
    return {"median": statistics.median(values), "least": min(values), "most": max(values)}
