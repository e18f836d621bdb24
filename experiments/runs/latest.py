"""What a function of one object gave, kept until it is asked about another: parts of a run that follow each other share their portfolio."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

Result = TypeVar("Result")


def kept_for_the_latest(function: Callable[..., Result]) -> Callable[..., Result]:
    """A decorator: a call with the very object of the call before, and equal further arguments, returns what that one did.

    For functions of an object that nobody writes to. It and the result stay in memory until the next object comes.
    """
    latest: tuple[Any, tuple[Any, ...], Result] | None = None

    @wraps(function)
    def call(one: Any, *further: Any) -> Result:
        nonlocal latest
        known = latest  # other threads may call
        if known is None or known[0] is not one or known[1] != further:
            latest = known = one, further, function(one, *further)
        return known[2]

    return call
