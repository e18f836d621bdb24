"""Python's search for reference cycles, made seldom while a simulation or a training runs.

It looks through all that lives each time a few hundred objects are made: thousands of court cases and their events, again and again, on one thread while
the others wait. That took a tenth of a simulation's time on two threads.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

# New objects before a search, and searches of each generation before one of the next.
_YOUNG, _MIDDLE, _OLD = 50_000, 10, 50


@contextmanager
def rare_collection() -> Iterator[None]:
    """Search for cycles seldom; also a decorator, `@rare_collection()`. No number depends on it."""
    before = gc.get_threshold()
    gc.set_threshold(max(before[0], _YOUNG), max(before[1], _MIDDLE), max(before[2], _OLD))
    try:
        yield
    finally:
        gc.set_threshold(*before)
