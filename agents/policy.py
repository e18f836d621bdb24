"""What every policy is: a function from observations and masks to actions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Policy(Protocol):
    """Decides for all open accounts at once."""

    @property
    def name(self) -> str:
        """What tables and reports call it."""
        ...

    @property
    def identity(self) -> object:
        """What makes it this policy and no other: goes into the fingerprint of a run."""
        ...

    @property
    def dropped(self) -> Sequence[object]:
        """What the scenario's menu made it leave out, as sentences."""
        ...

    def act(
        self, observations: NDArray[np.float32], masks: NDArray[np.bool_], numbers: NDArray[np.int64] | None = None
    ) -> NDArray[np.int64]:
        """Choose a treatment for each account.

        Args:
            observations: shape (accounts, fields of `recoup.sim.observation.FIELDS`), natural units.
            masks: shape (accounts, menu); True where the treatment is allowed today.
            numbers: which account each row is, rising, for policies with a memory; None = the rows are always the same.

        Returns:
            Menu indices, shape (accounts,). A forbidden choice is blocked and counted, never carried out.
        """
        ...

    def priority(self, observations: NDArray[np.float32], actions: NDArray[np.int64]) -> NDArray[np.int64] | None:
        """Who is served first when staff is short: shape (accounts,), 0 first, at most 255; None = in random order."""
        ...
