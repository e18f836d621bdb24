"""Where the cash came from: what had been agreed with the debtor, or who had last spoken to him.

This is bookkeeping, exact to the cent, and no proof of cause: a debtor who pays two days after a call might have paid
without it. What a decision causes is measured by leaving it out (`attribution.py`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recoup.sim.account import Stage
from recoup.sim.compiled import njit
from recoup.sim.treatments import Vocabulary

if TYPE_CHECKING:
    from recoup.sim.simulation import Simulation

REMEMBERED_DAYS = 14  # how long a contact that reached the debtor is taken to be what he answers to

AGREED = ("seizure", "handover", "instalment", "settlement", "promise")
AFTER_COURT, AFTER_NOTICE, ALONE = "after_suit", "after_notice", "no_contact"


def sources_of(vocabulary: Vocabulary) -> tuple[str, ...]:
    """The sources there are, contacts by channel among them.

    Args:
        vocabulary: of the world.
    """
    return (*AGREED, AFTER_COURT, AFTER_NOTICE, *(f"after_{name}" for name in vocabulary.channel_names), ALONE)


# The same for the compiled function, by their places among the sources.
_SEIZURE, _HANDOVER, _INSTALMENT, _SETTLEMENT, _PROMISE, _AFTER_COURT, _AFTER_NOTICE, _FIRST_CHANNEL = range(8)
_NOTICED, _ENFORCING, _ENFORCED = int(Stage.NOTICED), int(Stage.ENFORCING), int(Stage.ENFORCED)
_IN_COURT = np.isin(list(Stage), (Stage.QUEUED, Stage.FILED, Stage.JUDGED, Stage.ENFORCING, Stage.ENFORCED))

# What is remembered of an account from one day to the next; `reached_by`: the latest channel that reached it.
_KEPT = ("cash", "forgiven", "kept", "plan_months", "stage", "stable_assets")
_BEFORE = np.dtype([(name, "i8") for name in (*_KEPT, "reached_by")])


class PaymentAttribution:
    """Books each day's cash by its source as a run goes on, from what changed on the accounts since the day before.

    Args:
        simulation: on the morning of its first day.
        keep: each payment, for `payments`.
    """

    def __init__(self, simulation: Simulation, keep: bool = False) -> None:
        self._simulation = simulation
        self._payments: list[pd.DataFrame] | None = [] if keep else None
        self._channel = np.array([t.channel for t in simulation.menu.treatments], np.int64)
        self._sources = sources_of(simulation.menu.vocabulary)
        self._cents = np.zeros(len(self._sources), np.int64)
        self._before = np.zeros(len(simulation.accounts), _BEFORE)
        for name in _KEPT:
            self._before[name] = simulation.accounts[name]

    def add(self, numbers: NDArray[np.int64], actions: NDArray[np.integer]) -> None:
        """Book the day that has just been simulated.

        Args:
            numbers: the accounts that were open in its morning.
            actions: the treatment chosen for each.
        """
        simulation = self._simulation
        if self._payments is not None:
            cash = simulation.accounts["cash"][numbers] - self._before["cash"][numbers]
            paid = np.flatnonzero(cash)
            day = np.full(paid.size, simulation.day - 1)
            self._payments.append(pd.DataFrame({"number": numbers[paid], "day": day, "cash": cash[paid]}))
        _book(
            simulation.accounts,
            numbers,
            self._channel[actions],
            simulation.day - 1,
            _IN_COURT,
            self._before,
            self._cents,
        )

    def payments(self) -> pd.DataFrame:
        """What was kept: one row per account and day on which cash came in, of number (of the account), day and cash (cents)."""
        empty = pd.DataFrame({"number": [], "day": [], "cash": []}, dtype=np.int64)
        return pd.concat([empty, *(self._payments or [])], ignore_index=True)

    def table(self) -> dict[str, int]:
        """Cents by source; sources that brought nothing are left out."""
        return {source: int(cents) for source, cents in zip(self._sources, self._cents, strict=True) if cents}


@njit(nogil=True)
def _book(accounts, numbers, channels, day, in_court, remembered, cents):  # type: ignore[no-untyped-def]
    """Add what these accounts paid on a day to the cents of its source, and remember how they stand now."""
    for row in range(numbers.size):
        now, before = accounts[numbers[row]], remembered[numbers[row]]
        if now.last_reach == day:
            before.reached_by = channels[row]
        if now.cash > before.cash:
            kept = now.kept > before.kept
            if before.stage == _ENFORCING and now.stage == _ENFORCED:
                source = _SEIZURE
            elif before.stable_assets > now.stable_assets:  # the day's events are gone by the next morning
                source = _HANDOVER
            elif before.plan_months > 0:
                source = _INSTALMENT
            elif kept:
                source = _SETTLEMENT if now.forgiven > before.forgiven else _PROMISE
            elif in_court[now.stage]:
                source = _AFTER_COURT
            elif now.stage == _NOTICED:
                source = _AFTER_NOTICE
            elif before.reached_by > 0 and day - now.last_reach <= REMEMBERED_DAYS:
                source = _FIRST_CHANNEL - 1 + before.reached_by
            else:
                source = cents.size - 1
            cents[source] += now.cash - before.cash
        before.cash, before.forgiven, before.kept = now.cash, now.forgiven, now.kept
        before.plan_months, before.stage, before.stable_assets = now.plan_months, now.stage, now.stable_assets
