"""What is left when a run ends: what somebody would give for each claim on the morning after the last day.

A run stops at its horizon, the claims do not. A plan that is half paid, a judgment and an old claim all have a value then, or a policy
would be paid for squeezing out cash before the last day and for nothing that it has set up. The value is an estimate from the
scenario's table (`parameters.Horizon`), the same for every policy; cash stays cash, and is never mixed with it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from recoup.sim.account import NEVER, Stage, Status
from recoup.sim.debtor import INSTALMENT_EVERY_DAYS
from recoup.sim.parameters import Horizon, World

Cents = NDArray[np.float64]
_Worth = Callable[[NDArray[np.void], Cents, Horizon, World], Cents]
UNDER_JUDGMENT = (Stage.JUDGED, Stage.ENFORCING)  # enforcement is not over


def value_left(accounts: NDArray[np.void], day: NDArray[np.int64] | int, world: World) -> NDArray[np.int64]:
    """What claims are worth on the morning of a day, at that day.

    Args:
        accounts: records (`account.ACCOUNT`), shape (accounts,).
        day: of the simulation; one for all, or one for each, int64 (accounts,).
        world: the scenario's prices and shares (`horizon`; None = nothing is worth anything), and its discount rate.

    Returns:
        Cents from 0 to what is owed (what was written off, of such claims), int64 (accounts,).
    """
    value, horizon = np.zeros(accounts.size, np.int64), world.horizon
    if horizon is None:
        return value
    price = np.interp(accounts["dpd0"] + day, [p.dpd for p in horizon.prices], [p.price for p in horizon.prices])
    for status, worth in _WORTH.items():
        rows = np.flatnonzero(accounts["status"] == status)
        if rows.size:
            value[rows] = np.floor(worth(accounts[rows], price[rows], horizon, world) + 0.5)
    return value


def _open_claim(a: NDArray[np.void], price: Cents, horizon: Horizon, world: World) -> Cents:
    """The best that can be done with an open claim: sell it, wait for what was agreed, or enforce a judgment."""
    owed = a["balance"].astype(np.float64)
    judged = np.where(np.isin(a["stage"], UNDER_JUDGMENT), horizon.judgment_yield * owed, 0.0)
    ways = (price * owed, _plan(a, owed, horizon, world), _promise(a, owed, price, horizon, world), judged)
    return np.minimum(np.max(ways, axis=0), owed)


def _plan(a: NDArray[np.void], owed: Cents, horizon: Horizon, world: World) -> Cents:
    """A running plan: its instalments bring all that is owed, were they paid, in the middle of its remaining term."""
    middle = a["plan_left"].astype(np.float64) * INSTALMENT_EVERY_DAYS / 2.0
    worth = horizon.plan_kept * owed * (1.0 + world.discount_rate) ** (-middle / 365.0)
    return np.where(a["plan_months"] > 0, worth, 0.0)


def _promise(a: NDArray[np.void], owed: Cents, price: Cents, horizon: Horizon, world: World) -> Cents:
    """A promise, a settlement or a handover agreed on: what it should bring, and the price of what that leaves of the claim.

    A settlement that is kept leaves nothing, as the rest is forgiven; an asset counts in full against the claim, and brings what it is
    sold for.
    """
    amount = np.minimum(a["promise_amount"], owed)
    brings = np.where(a["promise_swap"] > 0, world.behaviour.swap_price, 1.0) * amount
    leaves = np.where(a["promise_discount"] > 0, 0.0, owed - amount)
    kept = horizon.promise_kept
    worth = kept * (brings + price * leaves) + (1.0 - kept) * price * owed
    return np.where(a["promise_due"] != NEVER, worth, 0.0)


def _cured(a: NDArray[np.void], price: Cents, horizon: Horizon, world: World) -> Cents:
    """A card that is current again still owes its balance, which some of its like will not pay."""
    return horizon.cured * a["balance"]


def _written_off(a: NDArray[np.void], price: Cents, horizon: Horizon, world: World) -> Cents:
    """A claim that was written off can still be sold."""
    return price * a["written_off"]


# By status; who has paid or settled owes nothing, and who has left was taken out before his time.
_WORTH: dict[Status, _Worth] = {Status.OPEN: _open_claim, Status.CURED: _cured, Status.WRITTEN_OFF: _written_off}
