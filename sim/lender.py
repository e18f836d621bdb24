"""What all accounts of a lender share, wherever they are served: the settlement budget, whether its notices are believed, how used the
market is to discounts, and what the regulator makes of complaints.

A simulation reports each morning what yesterday came to (`Tally`), and is told what holds today (`Signals`). One that has the whole
portfolio is told by its own figures. Several sites of one lender are told by their sum:

    signals = lender.morning(total([site.tally for site in sites]))
    for site in sites:
        site.hear(signals)

Everything else, queues, staff and courts above all, is a simulation's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recoup.sim.operations.correction import Supervisor
from recoup.sim.operations.credibility import Credibility
from recoup.sim.parameters import World


class Tally(NamedTuple):
    """What a simulation reports in the morning; those of sites add up.

    Attributes:
        complaints, settlement_offers: of yesterday.
        open: accounts that were open last evening.
        conceded: cents forgiven so far, and that settlements and handovers agreed on will forgive.
        notices, suits: notices whose time is over this morning, and suits that have followed them.
    """

    complaints: int
    settlement_offers: int
    open: int
    conceded: int
    notices: int
    suits: int


class Signals(NamedTuple):
    """What a simulation is told in the morning.

    Attributes:
        notices_followed: share of notices that a suit has followed, as debtors know it.
        market_waiting: share of open accounts that were lately offered a discount.
        complaint_surcharge: cents that a complaint costs more.
        settlement_budget_left: share of the budget.
    """

    notices_followed: float
    market_waiting: float
    complaint_surcharge: float
    settlement_budget_left: float


@dataclass(frozen=True)
class Site:
    """Whose accounts and people a simulation has, of a lender that has more: their luck and skills are theirs at whatever site they are.

    Attributes:
        accounts: their numbers in the lender's portfolio, int64.
        first_person: number, in the lender's pool, of the first person here; pools that it does not name begin with 0.
    """

    accounts: NDArray[np.int64]
    first_person: Mapping[str, int]


def total(tallies: Iterable[Tally]) -> Tally:
    """The sum of at least one."""
    return Tally(*map(sum, zip(*tallies, strict=True)))


class Lender:
    """Turns the days' tallies into what holds on the next morning.

    Args:
        world: of all sites alike.
        accounts: of the lender.
        opening: their opening balances, cents.

    Attributes:
        budget: what discounts may forgive, cents.
        credibility: of its notices.
        signals: of the latest morning, at first those of day 0.
    """

    def __init__(self, world: World, accounts: int, opening: int) -> None:
        self._world = world
        self.budget = 0
        self.enter(opening)
        self.credibility = Credibility(world.behaviour, accounts)
        self._supervisor = Supervisor(world.conduct.regulator if world.conduct else None)
        self._keep = 0.5 ** (1.0 / world.behaviour.waiting_half_life)
        self.signals = Signals(self.credibility.share, 0.0, self._supervisor.surcharge(), self._budget_left(0))

    def begin(self, conceded: int) -> None:
        """So many cents have been conceded before the first morning, by accounts in mid-life."""
        self.signals = self.signals._replace(settlement_budget_left=self._budget_left(conceded))

    def enter(self, opening: int) -> None:
        """Accounts join that owe so many cents; the budget grows by their share."""
        self.budget += int(self._world.settlement_budget * opening)

    def morning(self, tally: Tally) -> Signals:
        """What holds today; each day once and in order.

        Args:
            tally: of the whole lender.
        """
        self.credibility.learn(tally.notices, tally.suits)
        self._supervisor.record_day(tally.complaints, tally.open)
        share = tally.settlement_offers / max(tally.open, 1)
        self.signals = Signals(
            self.credibility.share,
            self._keep * self.signals.market_waiting + (1.0 - self._keep) * share,
            self._supervisor.surcharge(),
            self._budget_left(tally.conceded),
        )
        return self.signals

    def _budget_left(self, conceded: int) -> float:
        return max(0.0, 1.0 - conceded / self.budget) if self.budget else 0.0
