"""The economy outside: an index of stress that moves incomes and costs work."""

from __future__ import annotations

import numpy as np

from recoup.sim.account import MONTH
from recoup.sim.parameters import Macro
from recoup.sim.randomness import WHOLE_PORTFOLIO, Purpose, normals, streams

_R_MACRO = int(Purpose.MACRO)  # compiled code takes an int much faster than a member of an enumeration


class Economy:
    """The macro index: 0 is normal, positive is stress. A monthly AR(1), and the scenario's shocks on their days.

    Args:
        macro: persistence and spread of the index, and shocks.
        seed: of the monthly innovations, common to the whole portfolio.

    Attributes:
        index: of the current day; read by behaviour (incomes, job loss), as field `macro_index` and in the daily table.
    """

    def __init__(self, macro: Macro, seed: int) -> None:
        self.macro = macro
        self.index = 0.0
        self._key = streams(seed, np.array([WHOLE_PORTFOLIO]))

    def begin_day(self, day: int) -> None:
        """Morning of a day, each once and in order: what changes on it is felt from now on, shocks after the month's step."""
        month, late = divmod(day, MONTH)
        if month and not late:
            shake = self.macro.spread * normals(self._key, month, _R_MACRO)[0]
            self.index = self.macro.persistence * self.index + shake
        for shock in self.macro.shocks:
            if shock.day == day:
                self._shock(shock.size)

    def _shock(self, size: float) -> None:
        self.index += size
