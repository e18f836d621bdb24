"""Objects that travel to worker processes by value: a class typed at a prompt, in a notebook or in a script is nowhere to import from."""

from __future__ import annotations

import pickle
from typing import Any

import cloudpickle


class ByValue:
    """An object in its pickled form; each `load` gives a new copy, here or in another process.

    Args:
        value: anything that cloudpickle can pickle. It is pickled now: what becomes of it later changes nothing.
    """

    def __init__(self, value: object) -> None:
        self._pickled: bytes = cloudpickle.dumps(value)

    def load(self) -> Any:
        """A new copy of the object."""
        return pickle.loads(self._pickled)
