"""The economy outside: an index of stress that moves incomes and costs work."""

from __future__ import annotations

import numpy as np

from recoup.sim.operations.clock import DAY_ENDS, MINUTES_PER_DAY, Process
from recoup.sim.parameters import Macro
from recoup.sim.randomness import WHOLE_PORTFOLIO, Purpose, normals, streams

MONTH_DAYS = 30
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
        env.process(self._months())
        for shock in macro.shocks:
            if shock.day == 0:
                self.index += shock.size
            else:
                env.process(self._shock(shock.day, shock.size))

    def _months(self) -> Process:
        month = 0
        while True:
            month += 1
            yield self._evening_before(month * MONTH_DAYS)
            shake = self.macro.spread * normals(self._key, month, _R_MACRO)[0]
            self.index = self.macro.persistence * self.index + shake
        for shock in self.macro.shocks:
            if shock.day == day:
                self._shock(shock.size)

    def _shock(self, day: int, size: float) -> Process:
        yield self._evening_before(day)
        self.index += size

    def _evening_before(self, day: int) -> simpy.Event:
        """When a change of a day is made: the day's morning, before anybody decides, finds it done."""
        return self.env.timeout((day - 1) * MINUTES_PER_DAY + DAY_ENDS + 1 - self.env.now)
