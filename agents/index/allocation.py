"""Who gets what is scarce: the plan's choices have their places, and what is left goes to those who gain most per second.

Where more is asked of a shift than the plan leaves of it, those who gain most per second over what needs no new place are kept, and the
others ask for their next best; so on until nothing is overdrawn. The price at which a queue closes is what a second of it is worth that day.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recoup.sim.observation import FIELD_INDEX
from recoup.sim.operations.resources import QUEUES, queue_of
from recoup.sim.parameters import World, places
from recoup.sim.treatments import Legal, Menu, Window

_LAW = QUEUES  # the legal team's places, after the shifts of each pool
_FREE = _LAW + 1  # what needs nothing scarce
ROUNDS = 200  # far more than needed; a tie cannot make them endless, as prices only rise


class Allocation:
    """Seconds of each shift, and what each treatment takes of them, from the scenario's operations.

    Args:
        menu: the treatments.
        world: whose staff and legal team are shared out.
        reach: share of attempts that find the debtor, by treatment, shape (menu,).

    Attributes:
        queue: which queue each treatment waits in, shape (menu,).
        seconds: what each treatment takes of its queue on average, shape (menu,): a step of law takes one place.
    """

    def __init__(self, menu: Menu, world: World, reach: NDArray[np.float32]) -> None:
        self._operations, self._pools = world.operations, world.pools
        number = {name: place for place, name in enumerate(self._pools)}
        self.queue = np.full(len(menu), _FREE)
        self.seconds = np.ones(len(menu))
        for n, t in enumerate(menu.treatments):
            served_by = world.vocabulary.channels[t.channel].pool
            if served_by:
                pool = self._pools[served_by]
                self.queue[n] = queue_of(number[served_by], int(t.window))
                talk = pool.seconds_reached + (pool.seconds_offer if t.offer.kind else 0.0)
                self.seconds[n] = reach[n] * talk + (1.0 - reach[n]) * pool.seconds_unanswered
            elif t.legal in (Legal.SUIT, Legal.ENFORCE):
                self.queue[n] = _LAW

    def capacity(self, accounts: int, today: NDArray[np.float32]) -> NDArray[np.float64]:
        """What today's shifts and the legal team have to give: shape (queues,), the last without limit.

        Args:
            accounts: size of the portfolio, which staff is hired for.
            today: any account's observation; its calendar and load fields count.
        """
        seconds_left = np.full(_FREE + 1, np.inf)
        weekday, off = int(today[FIELD_INDEX["weekday"]]), bool(today[FIELD_INDEX["day_off"]])
        for number, pool in enumerate(self._pools.values()):
            # A day off that is a weekday is a holiday; whether a Saturday is one as well cannot be seen.
            at_work = weekday in pool.weekdays and (pool.works_holidays or not (off and weekday < 5))
            people = pool.people(accounts)
            minutes = pool.shift_minutes.vector() if at_work else np.zeros(len(Window))
            for window in Window:
                seconds_left[queue_of(number, int(window))] = 60.0 * people * minutes[window]
        legal_places = places(self._operations.legal_cases, self._operations.legal_cases_per_1000_accounts, accounts)
        free = (1.0 - float(today[FIELD_INDEX["legal_load"]])) * legal_places - float(today[FIELD_INDEX["legal_queue"]])
        seconds_left[_LAW] = max(0.0, free)
        return seconds_left


def allocate(
    earns: NDArray[np.float64],
    base: NDArray[np.int64],
    queue: NDArray[np.int64],
    seconds: NDArray[np.float64],
    capacity: NDArray[np.float64],
) -> NDArray[np.int64]:
    """One treatment for each account, with no queue overdrawn by those who leave the plan: deferred acceptance with rising entry prices.

    Args:
        earns: what each treatment earns over the plan's, −inf where it may not take its place, shape (accounts, menu).
        base: the plan's choices, (accounts,): each has its place.
        queue, seconds: of each treatment, shape (menu,).
        capacity: seconds of each queue.

    Returns:
        Menu indices, shape (accounts,).
    """
    left = np.maximum(capacity - np.bincount(queue[base], seconds[base], len(capacity)), 0.0)
    free = np.isinf(left[queue]) | (queue == queue[base][:, None])  # in the plan's own queue its place is there already
    outside = np.where(free, earns, -np.inf).max(axis=1, keepdims=True)
    rate = np.where(free, np.inf, (earns - outside) / seconds)  # gain per second over the best that needs no new place
    price = np.where(left > 0, 0.0, np.inf)
    chosen = base.copy()
    asking = np.arange(len(earns))
    for _ in range(ROUNDS):
        open_to = free[asking] | (rate[asking] > price[queue])
        chosen[asking] = np.where(open_to, earns[asking], -np.inf).argmax(axis=1)
        enters = ~free[np.arange(len(earns)), chosen]
        full = np.flatnonzero(np.bincount(queue[chosen[enters]], seconds[chosen[enters]], len(capacity)) > left)
        if not full.size:
            break
        turned_away = []
        for one in full:
            rows = np.flatnonzero(enters & (queue[chosen] == one))
            rows = rows[np.argsort(-rate[rows, chosen[rows]], kind="stable")]
            kept = np.cumsum(seconds[chosen[rows]]) <= left[one]
            price[one] = rate[rows[~kept], chosen[rows[~kept]]].max()
            turned_away.append(rows[rate[rows, chosen[rows]] <= price[one]])
        asking = np.concatenate(turned_away)
    return chosen
