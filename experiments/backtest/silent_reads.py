"""Messages that were read in silence. No log has them, and plans decide by them: how often, and when, a debtor was last reached.

A log says that a message was delivered. Whether it was read is drawn: with the share of silent messages that were read by a simulated account
which looks alike (`hidden_traits`), in the months before.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recoup.sim.account import Outcome
from recoup.sim.portfolio.records import RIGHT_PARTY
from recoup.sim.treatments import STANDARD, Group

_SPOKEN = frozenset(one.name for one in STANDARD.channels if one.group in (Group.CALL, Group.VISIT))


@dataclass(frozen=True)
class Told:
    """What a log of contacts tells of reaching each account.

    Attributes:
        reached: how often it was, as far as the log knows, (accounts,).
        number, day: of each message that nobody answered: the account's, and days before a simulation's first (below 0) or since.
    """

    reached: NDArray[np.int64]
    number: NDArray[np.int64]
    day: NDArray[np.int64]

    @property
    def silent(self) -> NDArray[np.int64]:
        """Messages of each account that nobody answered, (accounts,)."""
        return np.bincount(self.number, minlength=self.reached.size)


def told(contacts: pd.DataFrame, names: NDArray[np.object_], first: pd.Timestamp, until: pd.Timestamp) -> Told:
    """What a log tells up to a morning.

    Args:
        contacts: registry `CONTACTS`.
        names: of the accounts, in their order.
        first: day 0 of the simulation.
        until: rows of this day and later ones do not count.
    """
    rows = contacts[contacts["date"] < until]
    number = (
        pd.Series(np.arange(names.size), index=names.astype(str)).reindex(rows["account_id"].astype(str)).to_numpy()
    )
    rows, number = rows[~np.isnan(number)], number[~np.isnan(number)].astype(np.int64)
    spoken = rows["outcome"].isin(RIGHT_PARTY).to_numpy()
    message = rows["channel"].isin([one.name for one in STANDARD.channels if one.name not in _SPOKEN])
    quiet = rows["outcome"].isna() | rows["outcome"].eq("delivered")
    silent = (message & quiet & rows["direction"].ne("inbound")).to_numpy()
    day = (rows["date"].dt.normalize() - first).dt.days.to_numpy(np.int64)
    return Told(np.bincount(number[spoken], minlength=names.size), number[silent], day[silent])


def shares_read(reaches: NDArray[np.integer], log: Told, accounts: NDArray[np.int64]) -> NDArray[np.float64]:
    """Share of their silent messages that simulated accounts have read; drawn in by one message towards the mean of all.

    Args:
        reaches: how often each account was reached in truth, (accounts of the log,).
        log: what was told of them.
        accounts: which are asked for.
    """
    hidden = np.maximum(reaches.astype(np.int64) - log.reached, 0)
    silent = log.silent
    mean = hidden.sum() / max(int(silent.sum()), 1)
    return np.asarray(np.clip((hidden + mean) / (silent + 1), 0.0, 1.0)[accounts])


def draw_reads(accounts: NDArray[np.void], log: Told, shares: NDArray[np.float64], seed: int) -> None:
    """Let silent messages have been read; in place.

    Args:
        accounts: records (`account.ACCOUNT`) on the morning of the simulation's first day.
        log: what was told of them.
        shares: with which probability a message of each was read, (accounts,).
        seed: of the draws.
    """
    read = np.random.default_rng((seed, 3)).random(log.number.size) < shares[log.number]
    number, day = log.number[read], log.day[read]
    accounts["reaches"] += np.bincount(number, minlength=len(accounts)).astype(accounts["reaches"].dtype)
    for name in ("last_reach", "demanded"):
        latest = accounts[name].copy()
        np.maximum.at(latest, number, day.astype(latest.dtype))
        accounts[name] = latest
    last = np.zeros(len(accounts), bool)
    last[number[day == accounts["last_attempt"][number]]] = True
    accounts["last_outcome"] = np.where(
        last & (accounts["last_outcome"] == Outcome.SENT), Outcome.REACHED, accounts["last_outcome"]
    )
