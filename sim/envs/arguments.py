"""Numbers that a caller hands over: each is checked by name, and neither true nor 9.5 nor a text passes for a whole number."""

from __future__ import annotations

import operator
from typing import Any


def whole(name: str, value: Any, least: int, most: int, why: str = "") -> int:
    """An argument that must be a whole number in a range.

    Args:
        name: of the argument.
        value: what was given; NumPy's integers pass.
        least, most: both ends included.
        why: what the message adds behind the range.

    Raises:
        ValueError: naming the argument, the value and what was expected.
    """
    try:
        number = None if isinstance(value, bool) else operator.index(value)
    except TypeError:
        number = None
    if number is None or not least <= number <= most:
        raise ValueError(f"{name} is {value!r}, expected a whole number from {least:,} to {most:,}{why}")
    return number
