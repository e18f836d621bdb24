"""Treatments as a log has them, in place of a plan: each account is treated on each day as it was, if it can be.

An account that the records have as done with, but the simulation not, is treated as one of its kind (`kinds`) that is still open in
the records, drawn anew each day: else the simulation would leave in peace whoever pays later in it than in the records.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recoup.sim.parameters import Windows, World
from recoup.sim.portfolio.records import NO_CONTACT
from recoup.sim.treatments import Menu, OfferKind, Treatment, Window

_CLOSED = -1
_AMPLE = 1000  # people, lines or cases per 1,000 accounts: nobody waits


@dataclass(frozen=True)
class LoggedTreatments:
    """What a log did to accounts, in the words of a menu.

    Attributes:
        actions: menu index of what was done, 0 = nothing, −1 = the account was done with; int16 (days, accounts).
        exact: contacts and legal steps that the menu has as they were.
        near: that it has only in another window or with another offer of the kind.
        without: that it has not at all, or that were not the first of their account and day: they are lost.
    """

    actions: NDArray[np.int16]
    exact: int
    near: int
    without: int


def logged_treatments(
    contacts: pd.DataFrame, closed: NDArray[np.int64], days: int, menu: Menu, windows: Windows
) -> LoggedTreatments:
    """Find the menu's treatments for the contacts and legal steps of a log.

    Args:
        contacts: rows of the days in question, with `number` (of the account) and `day` (from 0); columns of the registry `CONTACTS`.
        closed: day on which each account was done with, `days` = it was not; int64 (accounts,).
        days: to be replayed.
        menu: what can be done.
        windows: hours of the contact windows.
    """
    actions = np.zeros((days, closed.size), np.int16)
    actions[np.arange(days)[:, None] > closed] = _CLOSED
    rows = contacts[contacts["direction"].ne("inbound")]
    found, counts = {}, Counter[str]()
    columns = [_words(rows["channel"]), _window_of(rows, windows), _words(rows["offer"]), _words(rows["legal"])]
    sizes = [rows["months"].fillna(0).to_numpy(float), rows["discount"].fillna(0).to_numpy(float)]
    numbers, when = rows["number"].to_numpy(np.int64), rows["day"].to_numpy(np.int64)
    for number, day, what in zip(numbers, when, zip(*columns, *sizes, strict=True), strict=True):
        if what not in found:
            found[what] = _nearest(menu.treatments, *what)
        action, how = found[what]
        if action and actions[day, number] > 0:
            action, how = 0, "without"
        counts[how] += 1
        if action:
            actions[day, number] = action
    return LoggedTreatments(actions, counts["exact"], counts["near"], counts["without"])


def _words(cells: pd.Series) -> list[str]:
    return [cell if isinstance(cell, str) else "" for cell in cells]


def _window_of(rows: pd.DataFrame, windows: Windows) -> list[int]:
    """The window in which each contact was, or the nearest; −1 where nothing is known."""
    clock = (rows["date"] - rows["date"].dt.normalize()).dt.total_seconds().to_numpy(float) / 3600.0
    hour = rows["hour"].to_numpy(float)
    hour = np.where(np.isnan(hour), np.where(clock > 0, clock, np.nan), hour)
    hours = np.array([windows.hours(window) for window in Window])
    gap = np.maximum(hours[:, 0] - hour[:, None], hour[:, None] - hours[:, 1])
    inside = (hour[:, None] >= hours[:, 0]) & (hour[:, None] < hours[:, 1])
    nearest = np.where(inside, -1.0, np.maximum(gap, 0.0)).argmin(axis=1)
    return [int(window) for window in np.where(np.isnan(hour), -1, nearest)]


def _nearest(
    treatments: Sequence[Treatment], channel: str, window: int, offer: str, legal: str, months: float, discount: float
) -> tuple[int, str]:
    """The treatment of a menu that is nearest to a contact, and whether it is exactly that."""
    best, least = 0, (np.inf,) * 3
    for index, one in enumerate(treatments):
        if index == 0 or _name(one.legal) != legal or _name(one.channel) != _channel(channel, legal):
            continue
        kind = _name(one.offer.kind)
        sized = abs(one.offer.months - months) / 100 * (one.offer.kind is OfferKind.PLAN) + abs(
            one.offer.discount - discount
        ) * (one.offer.kind is OfferKind.SETTLEMENT)
        away = (
            float(kind != offer) + float(kind != offer and kind != ""),
            sized,
            float(window not in (-1, one.window)),
        )
        if away < least:
            best, least = index, away
    if not best:
        return 0, "without"
    return best, "exact" if least == (0.0, 0.0, 0.0) else "near"


def _name(member) -> str:  # type: ignore[no-untyped-def]
    return member.name.lower() if member else ""


def _channel(channel: str, legal: str) -> str:
    """A suit and an enforcement are no contact, whatever the log has in this column."""
    return "" if legal in ("suit", "enforce") or channel == NO_CONTACT else channel


def as_it_was_done(world: World) -> World:
    """The world for a replay: what was done had found staff, a place for its case, a share of the budget and a reviewed file, each on its day."""
    pools = ("collector", "specialist", "autocall", "visit")
    ample: dict[str, object] = {
        name: getattr(world.operations, name).model_copy(update={"per_1000_accounts": _AMPLE, "agents": None})
        for name in pools
    }
    ample |= {"legal_cases_per_1000_accounts": _AMPLE, "legal_cases": None}
    return world.model_copy(
        update={
            "operations": world.operations.model_copy(update=ample),
            "courts": world.courts.model_copy(update={"review": None}),
            "settlement_budget": 1.0,
            "decision_every_days": 1,
        }
    )


class Replay:
    """A policy that does what was done.

    Args:
        logged: what was done.
        kinds: of each account, any labels, shape (accounts,).
        seed: of the draws among accounts of a kind.
    """

    name, dropped = "replay", ()

    def __init__(self, logged: LoggedTreatments, kinds: NDArray[np.generic], seed: int) -> None:
        self.identity = self.name
        self._actions, self._day, self._seed = logged.actions, 0, seed
        self._kinds = np.unique(kinds, return_inverse=True)[1]

    def act(
        self, observations: NDArray[np.float32], masks: NDArray[np.bool_], numbers: NDArray[np.int64] | None = None
    ) -> NDArray[np.int64]:
        """What was done on the next day, for these accounts; called once a day."""
        rows = np.arange(len(observations)) if numbers is None else numbers
        today = self._actions[self._day]
        actions = today[rows].astype(np.int64)
        random = np.random.default_rng((self._seed, self._day))
        draws = random.random(today.size)  # as many each day: none depends on who else is open
        self._day += 1
        there = today != _CLOSED
        for kind in np.unique(self._kinds[rows[actions == _CLOSED]]):
            asked = (actions == _CLOSED) & (self._kinds[rows] == kind)
            donors = np.flatnonzero(there & (self._kinds == kind))
            if donors.size:
                actions[asked] = today[donors[(draws[rows[asked]] * donors.size).astype(np.int64)]]
        return np.maximum(actions, 0)

    def priority(self, observations: NDArray[np.float32], actions: NDArray[np.int64]) -> None:
        """Nobody is served first: what was done found staff."""
