"""Hidden traits of accounts in mid-life: of simulated accounts that have come to the same point.

A simulation that starts from a state draws them given all that the state tells (`recoup.sim.hindsight`). Logs tell less than a ledger: which messages
were read, where a review stands, what attention is left. So the months before are simulated too, and each account takes what is hidden from
one that looks like it afterwards: a draw given what can be seen (approximate Bayesian computation by nearest neighbours).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from recoup.sim.account import NEVER, FileReview

NEAREST = 5
_FIELDS = ("willingness", "reachability", "phone_right", "employed", "asset_cover", "salience", "fatigue", "excitation", "pressure", "waiting")  # fmt: skip


def features(accounts: NDArray[np.void], day: int) -> NDArray[np.float64]:
    """What is seen of accounts on a morning, (accounts, features).

    Args:
        accounts: records (`account.ACCOUNT`).
        day: of the simulation.
    """
    opening = np.maximum(accounts["opening"], 1)
    attempts = np.maximum(accounts["call_attempts"], 1)
    paid_ago = np.where(accounts["last_payment"] == NEVER, 365, np.minimum(day - accounts["last_payment"], 365))
    return np.column_stack(
        [
            accounts["dpd0"] + day,
            np.log(opening),
            accounts["score"],
            np.log1p(accounts["income"]),
            accounts["prior"],
            accounts["early_warning"],
            3.0 * accounts["cash"] / opening,
            np.log1p(accounts["payments"]),
            np.log1p(paid_ago),
            (accounts["call_reaches"] + 0.5) / (attempts + 2.0),
            np.log1p(accounts["kept"]),
            np.log1p(accounts["broken"]),
            accounts["plan_months"] > 0,
            accounts["hardship_until"] > day,
            accounts["stage"],
        ]
    ).astype(float)


def take_traits(
    accounts: NDArray[np.void], day: int, donors: NDArray[np.void], donors_day: int, seed: int
) -> NDArray[np.int64]:
    """Give accounts the hidden traits of donors that look like them, and where their case is as far, the review of their file; in place.

    Args:
        accounts: records (`account.ACCOUNT`) on the morning of `day`.
        day: of their simulation.
        donors: records of open accounts on the morning of `donors_day` of theirs, at least one.
        donors_day: of the donors' simulation.
        seed: of the choice among the nearest.

    Returns:
        Place among the donors of each account's, (accounts,).
    """
    from sklearn.neighbors import NearestNeighbors

    theirs, ours = features(donors, donors_day), features(accounts, day)
    spread = theirs.std(axis=0)
    scale = np.where(spread > 0, 1.0 / np.where(spread > 0, spread, 1.0), 0.0)
    near = NearestNeighbors(n_neighbors=min(NEAREST, len(donors))).fit(theirs * scale)
    candidates = near.kneighbors(ours * scale, return_distance=False)
    choice = np.random.default_rng((seed, 2)).integers(candidates.shape[1], size=len(accounts))
    taken = candidates[np.arange(len(accounts)), choice].astype(np.int64)
    chosen = donors[taken]
    for name in _FIELDS:
        accounts[name] = chosen[name]
    share = chosen["disposable"] / np.maximum(chosen["income"], 1.0)
    accounts["disposable"] = accounts["income"] * share
    alike = (accounts["review"] == FileReview.NONE) & (chosen["stage"] == accounts["stage"])
    for name in ("review", "review_step"):
        accounts[name] = np.where(alike, chosen[name], accounts[name])
    accounts["review_until"] = np.where(alike, chosen["review_until"] - donors_day + day, accounts["review_until"])
    return taken
