"""A lender cut into sites: which accounts are whose, and what each has of the staff, the legal team and the court."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recoup.experiments.sites.settings import Sites
from recoup.scenarios.schema import Scenario
from recoup.sim.inputs import InputError
from recoup.sim.lender import Site
from recoup.sim.parameters import World, places

LEGAL, DOCKET = "legal_cases", "docket"  # places of the legal team, and cases before the court


@dataclass(frozen=True)
class Share:
    """What a site has.

    Attributes:
        number: of the site, from 0.
        name: of the site.
        accounts: how many.
        staff: people or lines by pool, and places by `LEGAL` and `DOCKET`.
        first_person: number, in the lender's pool, of the site's first person, by pool.
    """

    number: int
    name: str
    accounts: int
    staff: dict[str, int]
    first_person: dict[str, int]

    def world(self, world: World, typical_claim: float) -> World:
        """The lender's world with this site's staff.

        Args:
            world: of the lender.
            typical_claim: of the lender, currency.
        """
        pools = {name: pool.model_copy(update={"agents": self.staff[name]}) for name, pool in world.pools.items()}
        operations = world.operations.with_pools(pools)
        return world.model_copy(
            update={
                "typical_claim": typical_claim,
                "operations": operations.model_copy(update={"legal_cases": self.staff[LEGAL]}),
                "courts": world.courts.model_copy(update={"docket": self.staff[DOCKET]}),
            }
        )

    def site(self, numbers: NDArray[np.int64]) -> Site:
        """Whose accounts and people these are, for the simulation; `numbers` are those of `numbers_of`."""
        return Site(numbers, self.first_person)


def site_names(settings: Sites, scenario: Scenario) -> list[str]:
    """The sites' names in order.

    Raises:
        InputError: more sites than accounts, or the portfolio's file is wrong.
    """
    if settings.by_region:
        return sorted(set(_regions(settings, scenario)))
    first = _first_accounts(settings, scenario)
    most = scenario.size(settings.accounts) if first is None else np.unique(first).size
    if settings.sites > most:
        what = "account" if first is None else "customer"
        raise InputError("--sites", "", settings.sites, f"at most {most:,}, a site for each {what}")
    return [f"site-{number}" for number in range(1, settings.sites + 1)]


def numbers_of(settings: Sites, scenario: Scenario, number: int, name: str) -> NDArray[np.int64]:
    """Numbers of a site's accounts in the lender's portfolio, ascending, int64.

    Accounts go to the sites in turn, so that a file sorted by anything gives sites that are alike; or by their region. A customer's
    accounts go together, as contact caps count all of them.

    Args:
        settings: of the run.
        scenario: that they name.
        number: of the site.
        name: of the site.
    """
    if settings.by_region:
        return np.flatnonzero(_regions(settings, scenario) == name)
    first = _first_accounts(settings, scenario)
    if first is None:
        return np.arange(number, scenario.size(settings.accounts), settings.sites, dtype=np.int64)
    _, turn = np.unique(first, return_inverse=True)
    return np.flatnonzero(turn % settings.sites == number)


def _first_accounts(settings: Sites, scenario: Scenario) -> NDArray[np.int64] | None:
    """The number of the first account of each account's customer, so that a site has all of them; None where no customer has several."""
    customers = scenario.customers(settings.accounts, settings.seed)
    if customers is None:
        return None
    codes = pd.factorize(customers)[0]
    first, own = pd.Series(np.arange(codes.size)).groupby(codes).transform("min").to_numpy(), np.arange(codes.size)
    return np.where(codes < 0, own, first).astype(np.int64)


def _regions(settings: Sites, scenario: Scenario) -> NDArray[np.object_]:
    """The region of each account, a customer's accounts all in that of the first."""
    regions, first = scenario.regions(settings.accounts, settings.seed), _first_accounts(settings, scenario)
    return regions if first is None else regions[first]


def apportion(whole: int, accounts: Sequence[int]) -> list[int]:
    """Whole numbers in proportion to the sites' accounts that add up to `whole`: largest remainders (Hamilton), of equal ones the first.

    Args:
        whole: people or places.
        accounts: of each site.
    """
    of_all = sum(accounts)
    shares = [whole * own // of_all for own in accounts]
    remainders = [whole * own % of_all for own in accounts]
    for number in sorted(range(len(accounts)), key=lambda one: -remainders[one])[: whole - sum(shares)]:
        shares[number] += 1
    return shares


def shares(world: World, names: Sequence[str], accounts: Sequence[int]) -> list[Share]:
    """What each site has of what the scenario gives a lender of that size.

    Args:
        world: of the lender.
        names, accounts: of the sites.
    """
    of_all, operations = sum(accounts), world.operations
    wholes = {name: pool.people(of_all) for name, pool in world.pools.items()}
    # A desk has one place at least (`courts.LegalDesk`).
    wholes[LEGAL] = max(places(operations.legal_cases, operations.legal_cases_per_1000_accounts, of_all), 1)
    wholes[DOCKET] = max(places(world.courts.docket, world.courts.docket_per_1000_accounts, of_all), 1)
    staff = {what: apportion(whole, accounts) for what, whole in wholes.items()}
    first = {pool: np.cumsum([0, *staff[pool][:-1]]).tolist() for pool in world.pools}
    return [
        Share(
            number,
            name,
            accounts[number],
            {what: of_sites[number] for what, of_sites in staff.items()},
            {pool: of_sites[number] for pool, of_sites in first.items()},
        )
        for number, name in enumerate(names)
    ]


def require_places(sites: Sequence[Share]) -> None:
    """Each site must be able to sue.

    Args:
        sites: of a lender.

    Raises:
        InputError: one would be without a place at the legal team or the court.
    """
    for what, label in ((LEGAL, "of the legal team"), (DOCKET, "before the court")):
        without = next((share.name for share in sites if share.staff[what] == 0), None)
        if without is not None:
            whole = sum(share.staff[what] for share in sites)
            raise InputError("--sites", without, f"none of the {whole:,} places {label}", "one or more: fewer sites")
