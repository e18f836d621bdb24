"""Conditions on observation fields, as plan files write them, turned into plain sets of numbers.

A condition on one field is a set of values: a union of half-open intervals [low, high) in float32, the type of the
observations. A `when` is a disjunction of *clauses*; a clause maps observation columns to such sets, all of which
must hold. As sets, conditions can be compared exactly: a contradiction is an empty set, a repeated rule a subset.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from recoup.sim.inputs import Document, Place, choose
from recoup.sim.observation import FIELD_INDEX, FIELDS, ObservedField
from recoup.sim.portfolio.table import SYNONYMS

Numbers = tuple[tuple[float, float], ...]  # disjoint, rising, half-open intervals
Clause = dict[int, Numbers]

BOUNDS = ("at_least", "above", "at_most", "below", "not")
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MOST_CLAUSES = 64  # of one rule, after its `any` lists are multiplied out
_WHOLE_UNITS = frozenset({"days", "times", "months", "cases", "yes/no", "code", "0 = Monday"})


def codes_of(field: ObservedField) -> tuple[str, ...]:
    """The names that stand for a field's values in plan files; empty for numbers and yes/no fields."""
    return WEEKDAYS if field.name == "weekday" else field.codes


def intersect(one: Numbers, other: Numbers) -> Numbers:
    """The values in both sets."""
    return _union((max(a, c), min(b, d)) for a, b in one for c, d in other)


def within(inner: Clause, outer: Clause, fields: Sequence[ObservedField] = FIELDS) -> bool:
    """Whether every observation that satisfies `inner` satisfies `outer`.

    Args:
        inner, outer: sets of values by observation column; a column that is missing may have any value.
        fields: of the world that the plan is for.
    """
    for column, values in outer.items():
        inside = inner.get(column, _domain(fields[column]))
        if intersect(inside, values) != inside:
            return False
    return True


def _union(intervals: Iterable[tuple[float, float]]) -> Numbers:
    """Intervals in their one normal form: not empty, rising, and apart."""
    merged: list[tuple[float, float]] = []
    for low, high in sorted(span for span in intervals if span[0] < span[1]):
        if merged and low <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], high))
        else:
            merged.append((low, high))
    return tuple(merged)


def clauses(document: Document, path: Place, when: object, fields: Sequence[ObservedField] = FIELDS) -> list[Clause]:
    """The clauses of a `when` mapping that stands at `path` of a document.

    Args:
        document: the plan, for the place in error messages.
        path: where `when` stands in it.
        when: conditions by field name; `any` holds a list of such mappings.
        fields: of the world that the plan is for, which may have other tiers and products.

    Returns:
        Alternatives of which one must hold, with the lists under `any` multiplied out.

    Raises:
        InputError: an unknown field, a value of the wrong kind or out of range, or conditions that can never hold.
    """
    if not isinstance(when, dict) or not when:
        raise document.error(
            path, when, "a mapping of observation fields to conditions (leave `when` out for «always»)"
        )
    result: list[Clause] = [{}]
    for name, condition in when.items():
        here = (*path, str(name))
        if name == "any":
            result = _joined(document, here, result, _alternatives(document, here, condition, fields))
            continue
        if name not in FIELD_INDEX:
            raise document.error(here, name, f"an observation field or `any`: {choose(FIELD_INDEX, name, SYNONYMS)}")
        field = fields[FIELD_INDEX[name]]
        result = _joined(document, here, result, [[{FIELD_INDEX[name]: numbers(document, here, field, condition)}]])
    return result


def _alternatives(
    document: Document, path: Place, condition: object, fields: Sequence[ObservedField]
) -> list[list[Clause]]:
    if not isinstance(condition, list) or not condition:
        raise document.error(path, condition, "a list of mappings, of which one must hold")
    return [clauses(document, (*path, number), item, fields) for number, item in enumerate(condition)]


def _joined(document: Document, path: Place, before: list[Clause], branches: list[list[Clause]]) -> list[Clause]:
    """Every clause before with every clause of every branch; a branch that contradicts them all is a mistake."""
    result: list[Clause] = []
    for number, branch in enumerate(branches):
        both = [joined for one in before for other in branch if (joined := _both(one, other)) is not None]
        if not both:
            here = path if len(branches) == 1 else (*path, number)
            raise document.error(here, "a contradiction", "conditions that can hold together with those above")
        result += both
    if len(result) > MOST_CLAUSES:
        raise document.error(path, f"{len(result)} combinations", f"at most {MOST_CLAUSES}; split the rule")
    return result


def _both(one: Clause, other: Clause) -> Clause | None:
    merged = dict(one)
    for column, values in other.items():
        merged[column] = intersect(merged[column], values) if column in merged else values
        if not merged[column]:
            return None
    return merged


def numbers(document: Document, path: Place, field: ObservedField, condition: Any) -> Numbers:
    """The values of a field that satisfy a condition: a scalar, a list (one of), or a mapping of bounds.

    Args:
        document: the plan, for the place in error messages.
        path: where the condition stands in it.
        field: what the condition is on.
        condition: as YAML gives it; codes and weekdays by name.

    Returns:
        Disjoint, rising, half-open intervals in the field's natural unit.

    Raises:
        InputError: a value of the wrong kind or out of the field's range, an unknown bound, or no value left.
    """
    if isinstance(condition, dict):
        values = _bounded(document, path, field, condition)
    else:
        values = _points(document, path, field, condition)
    if not values:
        raise document.error(path, condition, f"a condition that can hold: {expectation(field)}")
    return values


def _points(document: Document, path: Place, field: ObservedField, condition: Any) -> Numbers:
    """The values named by a scalar or by a list of scalars."""
    if not isinstance(condition, list):
        return (_point(document, path, field, condition),)
    if not condition:
        raise document.error(path, condition, f"at least one value: {expectation(field)}")
    return _union(_point(document, (*path, n), field, item) for n, item in enumerate(condition))


def _point(document: Document, path: Place, field: ObservedField, value: Any) -> tuple[float, float]:
    number = _number(document, path, field, value)
    if is_whole(field) and number != int(number):
        raise document.error(path, value, "a whole number: " + expectation(field))
    return _from(field, number), _after(field, number)


def _bounded(document: Document, path: Place, field: ObservedField, bounds: dict[Any, Any]) -> Numbers:
    if not bounds:
        raise document.error(path, bounds, f"at least one of {', '.join(BOUNDS)}")
    values = _domain(field)
    for bound, limit in bounds.items():
        here = (*path, str(bound))
        if bound not in BOUNDS:
            raise document.error(here, bound, choose(BOUNDS, bound))
        if bound == "not":
            for low, high in _points(document, here, field, limit):
                values = intersect(values, ((-math.inf, low), (high, math.inf)))
            continue
        if field.unit == "yes/no":
            raise document.error(path, bounds, expectation(field))
        number = _number(document, here, field, limit)
        edge = _after(field, number) if bound in ("above", "at_most") else _from(field, number)
        values = intersect(values, ((edge, math.inf) if bound in ("at_least", "above") else (-math.inf, edge),))
    return values


def _number(document: Document, path: Place, field: ObservedField, value: Any) -> float:
    """The number that a written value stands for."""
    codes = codes_of(field)
    if codes:
        if not isinstance(value, str) or value not in codes:
            raise document.error(path, value, choose(codes, value))
        return float(codes.index(value))
    if field.unit == "yes/no":
        if not isinstance(value, bool):
            raise document.error(path, value, expectation(field))
        return float(value)
    if isinstance(value, bool) or not isinstance(value, int | float) or not field.low <= value <= field.high:
        raise document.error(path, value, expectation(field))
    return float(value)


def expectation(field: ObservedField) -> str:
    """What a field's value must be, in words."""
    if codes := codes_of(field):
        return "one of " + ", ".join(codes)
    if field.unit == "yes/no":
        return "true or false"
    return f"a number from {field.low:.10g} to {field.high:.10g} ({field.unit}), or bounds ({', '.join(BOUNDS)})"


def is_whole(field: ObservedField) -> bool:
    """Whether the field's values are whole numbers."""
    return field.unit in _WHOLE_UNITS


def _from(field: ObservedField, number: float) -> float:
    """The least value of the field that is not below the number."""
    return float(math.ceil(number)) if is_whole(field) else float(np.float32(number))


def _after(field: ObservedField, number: float) -> float:
    """The least value of the field above the number."""
    if is_whole(field):
        return float(math.floor(number) + 1)
    return float(np.nextafter(np.float32(number), np.float32(np.inf)))


def _domain(field: ObservedField) -> Numbers:
    return ((_from(field, field.low), _after(field, field.high)),)
