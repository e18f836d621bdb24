"""What is known of a lender before any day: how many accounts each site has, what they owe, and what a usual claim is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from recoup.experiments.runs.workers import Workers, run_each
from recoup.experiments.sites.cut import Share, numbers_of, require_places, shares, site_names
from recoup.experiments.sites.settings import Sites
from recoup.sim.lender import Lender
from recoup.sim.parameters import World
from recoup.sim.simulation import conceded_before, refuse_too_old, typical_claim
from recoup.sim.traits import opening_cents


@dataclass(frozen=True)
class Survey:
    """A lender as its sites need to know it.

    Attributes:
        shares: of each site.
        opening: balances of all accounts, cents.
        typical_claim: what `claim_size` is measured in, currency.
        conceded: what accounts in mid-life have been forgiven before day 0, or will be by agreement, cents.
    """

    shares: tuple[Share, ...]
    opening: int
    typical_claim: float
    conceded: int = 0

    @property
    def accounts(self) -> int:
        """Of the lender."""
        return sum(share.accounts for share in self.shares)

    def lender(self, world: World) -> Lender:
        """On the morning of day 0."""
        lender = Lender(world, self.accounts, self.opening)
        lender.begin(self.conceded)
        return lender


def survey(settings: Sites, workers: Workers = 1, on_site: Callable[[], None] | None = None) -> Survey:
    """Look at all accounts, a site at a time.

    Args:
        settings: of the run.
        workers: processes, or a team.
        on_site: called after each site.

    Raises:
        InputError: a wrong scenario or portfolio, accounts that are too old, more sites than accounts or places at court.
        WorkerLost: a worker was killed.
    """
    scenario = settings.load()
    names = site_names(settings, scenario)
    found: dict[int, tuple[int, int, NDArray[np.float64] | None, int]] = {}
    for (number, _), seen in run_each(partial(_look, settings), list(enumerate(names)), workers):
        found[number] = seen
        if on_site:
            on_site()
    balances = [found[number][2] for number in range(len(names))]
    known = [some for some in balances if some is not None]
    claim = typical_claim(scenario.world, np.concatenate(known) if known else np.zeros(0))
    accounts = [found[number][0] for number in range(len(names))]
    cut = tuple(shares(scenario.world, names, accounts))
    require_places(cut)
    opening, conceded = sum(seen[1] for seen in found.values()), sum(seen[3] for seen in found.values())
    return Survey(cut, opening, claim, conceded)


def _look(settings: Sites, site: tuple[int, str]) -> tuple[int, int, NDArray[np.float64] | None, int]:
    """Accounts of a site, their opening balances in cents, each of them where a usual one is to be found, and cents conceded before."""
    scenario = settings.load()
    portfolio = scenario.portfolio(settings.accounts, settings.seed, numbers_of(settings, scenario, *site))
    refuse_too_old(scenario.world, portfolio)
    balances = portfolio.column("opening_balance") if scenario.world.typical_claim is None else None
    return len(portfolio), int(opening_cents(portfolio).sum()), balances, conceded_before(scenario.world, portfolio)
