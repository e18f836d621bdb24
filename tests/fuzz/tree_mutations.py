"""Damage to what YAML and JSON hold: a value, key or list that is not as its reader expects."""

from __future__ import annotations

import copy
import datetime
from random import Random
from typing import Any

_LOOSE_ENDS: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 2, 0.5, -0.0, 1e-300, 1e308, -1e308, float("inf"), float("-inf"), float("nan"), 2**31, 2**63, -(2**63) - 1, 10**30,
    "", " ", "text", "none", "nan", "1", "1e5", "0x10", "../..", "/", "a/b", ".", "con\nrol", "[/b]", "é", "逾期", "\u202e", "x" * 5000, "9" * 400,
    [], {}, [None], [[]], [{}], [0, 0], ["a", "a"], {"": 0}, {"a": {}}, {"value": 1}, {"value": None, "source": 1}, {1: 2}, {None: None},
)  # fmt: skip
_DATES = (datetime.date(1, 1, 1), datetime.date(9999, 12, 31), datetime.datetime(2025, 1, 1, 12))


def _places(tree: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of all values below the top."""
    inner = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    found = []
    for key, value in inner:
        found += [(*path, key), *_places(value, (*path, key))]
    return found


def _at(tree: Any, path: tuple[Any, ...]) -> Any:
    for part in path:
        tree = tree[part]
    return tree


def _nested(random: Random) -> Any:
    value: Any = 0
    for _ in range(random.choice((10, 60))):
        value = [value] if random.random() < 0.5 else {"a": value}
    return value


def _other_number(random: Random, value: float) -> Any:
    return random.choice(
        (-value, value * 1e6, value / 1e6, value + 1, value - 1, 0 * value, str(value), float(value), [value], value * 10**20)
    )  # fmt: skip


def mutate_tree(random: Random, tree: Any, dates: bool) -> tuple[Any, str]:
    """A copy with one thing wrong, and what.

    Args:
        random: makes the choice.
        tree: of dictionaries, lists and plain values.
        dates: it may hold dates, as YAML's do and JSON's do not.
    """
    tree = copy.deepcopy(tree)
    places = _places(tree)
    if not places or random.random() < 0.01:
        return random.choice(_LOOSE_ENDS), "another thing altogether"
    path = random.choice(places)
    parent, key = _at(tree, path[:-1]), path[-1]
    value, where = parent[key], ".".join(map(str, path))
    kind = random.choice(("value", "value", "value", "number", "drop", "rename", "key", "list", "swap", "nest", "copy"))
    if kind == "number" and isinstance(value, int | float) and not isinstance(value, bool):
        parent[key] = _other_number(random, value)
        return tree, f"{where}: {parent[key]!r:.60} for {value!r}"
    if kind == "drop":
        del parent[key]
        return tree, f"{where}: left out"
    if kind == "rename" and isinstance(parent, dict):
        name = random.choice((f"{key}x", str(key).upper(), "", None, 7, True, " ", "逾期", f"{key}"[:-1]))
        parent[name] = parent.pop(key)
        return tree, f"{where}: called {name!r}"
    if kind == "key" and isinstance(value, dict):
        name = random.choice(("extra", "value", "source", "", None, 7, "<<"))
        value[name] = random.choice(_LOOSE_ENDS)
        return tree, f"{where}: {name!r} added"
    if kind == "list" and isinstance(value, list):
        parent[key] = random.choice(
            (value * 2, value[::-1], value[:1], value * 300, [value], value[1:], dict.fromkeys(map(str, value)))
        )
        return tree, f"{where}: its {len(value)} items made {len(parent[key])}"
    if kind in ("swap", "copy"):
        other = random.choice(places)
        if other[: len(path)] != path and path[: len(other)] != other:
            holder = _at(tree, other[:-1])
            taken = copy.deepcopy(holder[other[-1]])
            if kind == "swap":
                holder[other[-1]] = value
            parent[key] = taken
            return tree, f"{where}: {kind} with {'.'.join(map(str, other))}"
    if kind == "nest":
        parent[key] = _nested(random)
        return tree, f"{where}: deeply nested"
    parent[key] = random.choice((*_LOOSE_ENDS, *_DATES) if dates else _LOOSE_ENDS)
    return tree, f"{where}: {parent[key]!r:.60} for {value!r:.60}"
