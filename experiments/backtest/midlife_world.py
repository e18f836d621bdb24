"""The world of months that begin in the middle of a lender's life: nobody has only just been hired, and few accounts left do not make few people."""

from __future__ import annotations

from typing import Any

from recoup.sim.parameters import World, places
from recoup.sim.portfolio.table import Portfolio
from recoup.sim.simulation import typical_claim


def without_courses(world: World) -> World:
    """Nobody is away at a course: a simulation counts the round of courses from its first day, a lender's staff is somewhere in it.

    Courses take people one day in a hundred; the first person of a team that is small would be away in the first days.

    Args:
        world: of the months.
    """
    operations = world.operations
    training = operations.training.model_copy(update={"every_days": 0})
    return world.model_copy(update={"operations": operations.model_copy(update={"training": training})})


def staffed_for(world: World, portfolio: Portfolio) -> World:
    """People, lines and places, and what counts as a typical claim, as they were when all of a portfolio was open.

    Args:
        world: of the months; what it says by the size of the portfolio becomes a number.
        portfolio: with which the logs began.
    """
    accounts, operations, courts = len(portfolio), world.operations, world.courts
    pools = {name: pool.model_copy(update={"agents": pool.people(accounts)}) for name, pool in world.pools.items()}
    cases = places(operations.legal_cases, operations.legal_cases_per_1000_accounts, accounts)
    docket = places(courts.docket, courts.docket_per_1000_accounts, accounts)
    changed: dict[str, Any] = {
        "operations": operations.with_pools(pools).model_copy(update={"legal_cases": cases}),
        "courts": courts.model_copy(update={"docket": docket}),
        "typical_claim": typical_claim(world, portfolio.column("opening_balance")),
    }
    return world.model_copy(update=changed)
