"""Where the cash came from: what had been agreed with the debtor, or who had last spoken to him.

This is bookkeeping, exact to the cent, and no proof of cause: a debtor who pays two days after a call might have paid
without it. What a decision causes is measured by leaving it out (`attribution.py`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from recoup.sim.account import Event, Stage
from recoup.sim.treatments import Channel

if TYPE_CHECKING:
    from recoup.sim.simulation import Simulation

REMEMBERED_DAYS = 14  # how long a contact that reached the debtor is taken to be what he answers to

AGREED = ("seizure", "handover", "instalment", "settlement", "promise")
AFTER_COURT, AFTER_NOTICE, ALONE = "after_suit", "after_notice", "no_contact"
CHANNELS = tuple(f"after_{channel.name.lower()}" for channel in Channel if channel is not Channel.NONE)
SOURCES = (*AGREED, AFTER_COURT, AFTER_NOTICE, *CHANNELS, ALONE)
_CODE = {source: code for code, source in enumerate(SOURCES)}
_COURT = (Stage.QUEUED, Stage.FILED, Stage.JUDGED, Stage.ENFORCING, Stage.ENFORCED)


class PaymentAttribution:
    """Books each day's cash by its source as a run goes on, from what changed on the accounts since the day before."""

    _KEPT = ("cash", "forgiven", "kept", "plan_months", "stage")

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation
        self._reached_by = np.zeros(len(simulation.accounts), np.int64)  # latest channel that reached, by account
        self._channel = np.array([t.channel for t in simulation.menu.treatments], np.int64)
        self._cents = np.zeros(len(SOURCES), np.int64)
        self._before = self._snapshot()

    def _snapshot(self) -> dict[str, NDArray[np.integer]]:
        return {name: self._simulation.accounts[name].copy() for name in self._KEPT}

    def add(self, numbers: NDArray[np.int64], actions: NDArray[np.integer]) -> None:
        """Book the day that has just been simulated.

        Args:
            numbers: the accounts that were open in its morning.
            actions: the treatment chosen for each.
        """
        accounts, day = self._simulation.accounts, self._simulation.day - 1
        before, self._before = self._before, self._snapshot()
        spoken = accounts["last_reach"][numbers] == day
        self._reached_by[numbers[spoken]] = self._channel[actions[spoken]]
        paid = numbers[self._before["cash"][numbers] > before["cash"][numbers]]
        if paid.size == 0:
            return
        cents = self._before["cash"][paid] - before["cash"][paid]
        stage, kept = self._before["stage"][paid], self._before["kept"][paid] > before["kept"][paid]
        channel = self._reached_by[paid]
        handed_over = accounts["events"][paid] & Event.HANDOVER > 0
        cases = (
            ((before["stage"][paid] == Stage.ENFORCING) & (stage == Stage.ENFORCED), _CODE["seizure"]),
            (handed_over, _CODE["handover"]),
            (before["plan_months"][paid] > 0, _CODE["instalment"]),
            (kept & (self._before["forgiven"][paid] > before["forgiven"][paid]), _CODE["settlement"]),
            (kept, _CODE["promise"]),
            (np.isin(stage, _COURT), _CODE[AFTER_COURT]),
            (stage == Stage.NOTICED, _CODE[AFTER_NOTICE]),
            ((channel > 0) & (day - accounts["last_reach"][paid] <= REMEMBERED_DAYS), _CODE[CHANNELS[0]] - 1 + channel),
        )
        source = np.select([case for case, _ in cases], [code for _, code in cases], default=_CODE[ALONE])
        np.add.at(self._cents, source, cents)

    def table(self) -> dict[str, int]:
        """Cents by source; sources that brought nothing are left out."""
        return {source: int(cents) for source, cents in zip(SOURCES, self._cents, strict=True) if cents}
