"""What each person on the telephone brings in: counts and cash by collector, and the same of what nobody was part of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recoup.sim.account import Event
from recoup.sim.compiled import njit
from recoup.sim.operations.contact_centre import SKILL, ContactCentre

NOBODY = "nobody"  # machines, messages, letters, visitors, and debtors who pay by themselves
# Columns of what is summed up. The first six are events of the person who had the account that day, the next two of whoever took the promise.
SUMS = (
    "attempts", "reached", "promises", "accepted", "complaints", "disputes", "kept", "broken", "cash", "cash_kept", "seconds",
)  # fmt: skip
_ATTEMPTS, _REACHED, _PROMISES, _ACCEPTED, _COMPLAINTS, _DISPUTES, _KEPT, _BROKEN, _CASH, _CASH_KEPT, _SECONDS = range(
    len(SUMS)
)
_E_ATTEMPT, _E_REACHED, _E_PROMISE, _E_ACCEPTED = (
    int(e) for e in (Event.ATTEMPT, Event.REACHED, Event.PROMISE, Event.OFFER_ACCEPTED)
)
_E_COMPLAINT, _E_DISPUTE, _E_KEPT, _E_BROKEN = (
    int(e) for e in (Event.COMPLAINT, Event.DISPUTE, Event.PROMISE_KEPT, Event.PROMISE_BROKEN)
)


@njit(borrows=True)
def tally(a, sums):  # type: ignore[no-untyped-def]
    """Add an account's day to the `sums` of its people, int64 (people, `SUMS`)."""
    events, today, taker = a.events, a.collector, a.promise_collector
    kept, spoken = events & _E_KEPT != 0, events & _E_REACHED != 0
    if events & _E_ATTEMPT:  # nobody has an account on a day without one
        sums[today, _ATTEMPTS] += 1
        sums[today, _SECONDS] += a.seconds
        sums[today, _REACHED] += spoken
        sums[today, _PROMISES] += events & _E_PROMISE != 0
        sums[today, _ACCEPTED] += events & _E_ACCEPTED != 0
        sums[today, _COMPLAINTS] += events & _E_COMPLAINT != 0
        sums[today, _DISPUTES] += events & _E_DISPUTE != 0
    sums[taker, _KEPT] += kept
    sums[taker, _BROKEN] += events & _E_BROKEN != 0
    if a.cash_today > 0:
        # A promise that is kept is its taker's cash; else it is his who spoke to the debtor that day.
        sums[taker if kept else (today if spoken else 0), _CASH] += a.cash_today
        sums[taker, _CASH_KEPT] += a.cash_today if kept else 0


class Collectors:
    """Counts, evening by evening, what came of each person's accounts.

    People are numbered through all pools from 1; 0 is nobody (`ACCOUNT` fields `collector` and `promise_collector`).

    Args:
        centres: the pools of people on the telephone, in order; their `first` is written.

    Attributes:
        names: of everybody by number, "collector-1" and so on; the first is empty.
    """

    def __init__(self, centres: Sequence[ContactCentre]) -> None:
        self._centres = tuple(centres)
        names = [""]
        for centre in self._centres:
            centre.first = len(names)
            names += [f"{centre.name}-{number}" for number in range(1, centre.people + 1)]
        self.names = tuple(names)
        self._sums = np.zeros((len(names), len(SUMS)), np.int64)
        self._days = np.zeros(len(names), np.int64)

    def close_day(self, day: int, sums: NDArray[np.int64]) -> None:
        """Add a day that is over.

        Args:
            day: its number.
            sums: of the day by person (`tally`), int64 (people, `SUMS`).
        """
        for centre in self._centres:
            if centre.works(day):
                self._days[centre.first + centre.present] += 1
        self._sums += sums

    def table(self) -> pd.DataFrame:
        """One row a person, and a last one for nobody: its columns add up to those of the daily table.

        Columns: pool; person (as in the event log); law, psychology, negotiation (standard deviations, now);
        days_on_duty; attempts, reached, promises, accepted, complaints, disputes (of the accounts the person had);
        kept, broken (of the promises that the person took, settlements included); cash (cents: of promises kept, and of the
        day on which the person reached the debtor), cash_kept (of it, of promises kept); seconds of work at attempts.
        """
        pools = [centre.name for centre in self._centres for _ in range(centre.people)]
        skill = np.concatenate([centre.skill for centre in self._centres])
        table = pd.DataFrame({"pool": [*pools, NOBODY], "person": [*self.names[1:], NOBODY]})
        for name in SKILL.names or ():
            table[name] = [*skill[name], np.nan]
        for name, sums in {"days_on_duty": self._days, **dict(zip(SUMS, self._sums.T, strict=True))}.items():
            table[name] = [*sums[1:], sums[0]]
        return table
