"""What a learner is paid for: money now, early resolution, and prices on what is limited.

The reward of an account and day is

    (cash − (1 + cost_price) · cost − staff_price · staff + what is left at the horizon, on the last day) / mean opening balance
    + time_weight · (days left of the horizon / horizon), once, when the account is paid, settled or cured
    − complaint_price · expected complaints − contact_price · contact attempts

in discounted money. Staff is what the time given to the account is paid; cost is all else that the account causes. Staff is paid whether
it serves or waits, so its time costs nothing unless it is given a price. With time_weight = 0 and no prices the sum is the net present
value that comparisons report, less what staff and courses are paid, which no policy changes. What is left (`recoup.sim.horizon`) counts on
the account's last day: that of the horizon, or that on which it is written off or, a card, cured, since nothing follows. The time term adds
up to the horizon less the restricted mean time to recover, in horizons: the second measure of a comparison, at its weight.
Complaints are so rare that their noise would drown what a learner can see; the reward takes their probability instead, whose sum
has the same expectation.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recoup.sim.account import Status
from recoup.sim.simulation import Simulation

Amounts = NDArray[np.float64]
_RESOLVED = np.isin(np.arange(len(Status)), (Status.PAID, Status.SETTLED, Status.CURED))  # by status


def resolved(accounts: NDArray[np.void]) -> NDArray[np.bool_]:
    """Which accounts were closed by payment, settlement or cure (not by writing off): shape (accounts,)."""
    return _RESOLVED[accounts["status"]]  # type: ignore[no-any-return]


def saved(accounts: NDArray[np.void], days: int) -> NDArray[np.float64]:
    """What each account's early resolution saved of a horizon of so many days, in horizons, shape (accounts,); 0 without one."""
    return resolved(accounts) * (days - 1 - accounts["closed_day"]) / days


def discounted_left(simulation: Simulation, days: int, numbers: NDArray[np.int64] | None = None) -> NDArray[np.float64]:
    """What is left of a cohort's claims at its horizon, cents at day 0, shape (accounts,).

    Args:
        simulation: at the horizon, or earlier for claims that are written off.
        days: the horizon.
        numbers: of the accounts; None = all.
    """
    return simulation.value_left(numbers, days) * (1.0 + simulation.world.discount_rate) ** (-days / 365.0)


@dataclass
class Objective:
    """Weights of the reward; a budget moves the two prices while a learner trains.

    Attributes:
        time_weight: of a whole horizon saved, in mean opening balances.
        cost_price: what a unit of cost counts beyond itself.
        complaint_price: of an expected complaint, in mean opening balances.
        contact_price: of a contact attempt, in mean opening balances.
        staff_price: of staff time, in what it is paid: 1 where less work would mean less staff.
    """

    time_weight: float = 0.0
    cost_price: float = 0.0
    complaint_price: float = 0.0
    contact_price: float = 0.0
    staff_price: float = 0.0

    def value(
        self,
        cash: Amounts,
        cost: Amounts,
        quick: Amounts,
        complaints: Amounts,
        left: Amounts | float = 0.0,
        contacts: Amounts | float = 0.0,
        staff: Amounts | float = 0.0,
    ) -> Amounts:
        """The weighted sum; money over the opening balance, `quick` in horizons, expected complaints and contacts per account.

        Args:
            cash, cost: discounted, over the opening balance; the cost without staff time.
            quick: what early resolution saved of the horizon, in horizons.
            complaints: expected complaints per account.
            left: value at the horizon, discounted, over the opening balance.
            contacts: contact attempts per account.
            staff: pay for the time given to accounts, discounted, over the opening balance.

        Returns:
            Shares of the opening balance, of the arguments' shape.
        """
        money = left + cash - (1.0 + self.cost_price) * cost - self.staff_price * staff
        pressed = self.complaint_price * complaints + self.contact_price * contacts
        return money + self.time_weight * quick - pressed


@dataclass(frozen=True)
class Usage:
    """What a policy used of what is limited.

    Attributes:
        cost: discounted cost over opening balance, without staff and courses.
        complaints: expected complaints per account.
        contacts: contact attempts per account.
    """

    cost: float
    complaints: float
    contacts: float


@dataclass(frozen=True)
class DayReading:
    """What a day brought: `rewards` of each account, float64 (accounts,), and what was used."""

    rewards: NDArray[np.float64]
    usage: Usage


class Meter:
    """Reads what a day brought to each account of a simulation. Money in units of the portfolio's mean opening balance.

    Args:
        simulation: read before and after each day.
        days: the horizon.
    """

    def __init__(self, simulation: Simulation, days: int) -> None:
        self._simulation, self._days = simulation, days
        self._mean = float(simulation.accounts["opening"].mean())
        self._before = self._totals()

    @property
    def accounts(self) -> NDArray[np.void]:
        """The simulation's accounts, also after its environment has gone on to another."""
        return self._simulation.accounts

    def _totals(self) -> NDArray[np.float64]:
        a = self.accounts
        names = ("discounted_cash", "discounted_cost", "discounted_staff", "complaint_risk", "attempts")
        return np.stack([a[name].astype(np.float64) for name in names])

    def _left(self) -> NDArray[np.float64]:
        """What is left at the horizon of accounts whose last day yesterday was, discounted cents; 0 for the others."""
        a, today = self.accounts, self._simulation.day
        lately = (a["status"] != Status.OPEN) & (a["closed_day"] == today - 1)  # of those paid or settled nothing is
        last = lately | (a["status"] == Status.OPEN) if today == self._days else lately
        left, numbers = np.zeros(a.size), np.flatnonzero(last)
        if numbers.size:
            left[numbers] = discounted_left(self._simulation, self._days, numbers)
        return left

    def read(self, objective: Objective) -> DayReading:
        """What has come since the last reading, which was the day before."""
        totals = self._totals()
        cash, cost, staff, complaints, contacts = totals - self._before
        cost = cost - staff
        self._before = totals
        a = self.accounts
        yesterday = self._simulation.day - 1
        lately = (a["closed_day"] == yesterday) & resolved(a)
        quick = lately * (self._days - self._simulation.day) / self._days
        left = self._left() / self._mean
        rewards = objective.value(
            cash / self._mean, cost / self._mean, quick, complaints, left, contacts, staff / self._mean
        )
        used = Usage(float(cost.mean() / self._mean), float(complaints.mean()), float(contacts.mean()))
        return DayReading(rewards, used)
