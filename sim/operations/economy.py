"""The economy outside: an index of stress that moves incomes (SimPy processes)."""

from __future__ import annotations

import numpy as np
import simpy

from recoup.sim.operations.clock import MINUTES_PER_DAY, Process
from recoup.sim.parameters import Macro
from recoup.sim.randomness import WHOLE_PORTFOLIO, Purpose, normals, streams

MONTH_DAYS = 30
_R_MACRO = int(Purpose.MACRO)  # compiled code takes an int much faster than a member of an enumeration


class Economy:
    """The macro index: 0 is normal, positive is stress. A monthly AR(1), and the scenario's shocks on their days.

    Args:
        env: the simulation's clock, in minutes.
        macro: persistence and spread of the index, and shocks.
        seed: of the monthly innovations, common to the whole portfolio.

    Attributes:
        index: of the current day; read by behaviour (incomes, job loss) and as field `macro_index`.
    """

    def __init__(self, env: simpy.Environment, macro: Macro, seed: int) -> None:
        self.env, self.macro = env, macro
        self.index = 0.0
        self._key = streams(seed, np.array([WHOLE_PORTFOLIO]))
        env.process(self._months())
        for shock in macro.shocks:
            env.process(self._shock(shock.day, shock.size))

    def _months(self) -> Process:
        month = 0
        while True:
            yield self.env.timeout(MONTH_DAYS * MINUTES_PER_DAY)
            month += 1
            shake = self.macro.spread * normals(self._key, month, _R_MACRO)[0]
            self.index = self.macro.persistence * self.index + shake

    def _shock(self, day: int, size: float) -> Process:
        yield self.env.timeout(day * MINUTES_PER_DAY)
        self.index += size
