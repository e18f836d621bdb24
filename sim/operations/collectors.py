"""What each person on the telephone brings in: counts and cash by collector, and the same of what nobody was part of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recoup.sim.account import Event
from recoup.sim.operations.contact_centre import SKILL, ContactCentre

NOBODY = "nobody"  # machines, messages, letters, visitors, and debtors who pay by themselves
# By column: events of the person who had the account that day.
_OF_TODAY = {
    "attempts": Event.ATTEMPT,
    "reached": Event.REACHED,
    "promises": Event.PROMISE,
    "accepted": Event.OFFER_ACCEPTED,
    "complaints": Event.COMPLAINT,
    "disputes": Event.DISPUTE,
}
# Events of a promise, which are those of whoever took it.
_OF_PROMISE = {"kept": Event.PROMISE_KEPT, "broken": Event.PROMISE_BROKEN}
SUMS = (*_OF_TODAY, *_OF_PROMISE, "cash", "cash_kept", "seconds")


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
        self._sums = {name: np.zeros(len(names), np.int64) for name in SUMS}
        self._days = np.zeros(len(names), np.int64)

    def close_day(self, day: int, evening: NDArray[np.void]) -> None:
        """Add a day that is over.

        Args:
            day: its number.
            evening: the accounts to which anything happened (`day.EVENING`).
        """
        for centre in self._centres:
            if centre.works(day):
                self._days[centre.first + centre.present] += 1
        events, cash = evening["events"], evening["cash_today"]
        today, taker = evening["collector"], evening["promise_collector"]
        for name, event in _OF_TODAY.items():
            self._add(name, today[events & event > 0])
        for name, event in _OF_PROMISE.items():
            self._add(name, taker[events & event > 0])
        # A promise that is kept is its taker's cash; else it is his who spoke to the debtor that day.
        kept, spoken = events & Event.PROMISE_KEPT > 0, events & Event.REACHED > 0
        paid = cash > 0
        self._add("cash", np.where(kept, taker, np.where(spoken, today, 0))[paid], cash[paid])
        self._add("cash_kept", taker[paid & kept], cash[paid & kept])
        tried = events & Event.ATTEMPT > 0
        self._add("seconds", today[tried], evening["seconds"][tried])

    def _add(self, name: str, who: NDArray[np.unsignedinteger], amount: NDArray[np.integer] | None = None) -> None:
        # Sums of cents and seconds are far below 2^53: no digit is lost in double precision.
        self._sums[name] += np.bincount(who, amount, len(self.names)).astype(np.int64)

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
        for name, sums in {"days_on_duty": self._days, **self._sums}.items():
            table[name] = [*sums[1:], sums[0]]
        return table
