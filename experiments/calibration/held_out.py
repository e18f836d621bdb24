"""Does a fitted world foresee the days that it was not fitted to? What was recorded there against what it expected, a day ahead.

Each chance (a call that may reach somebody, a promise that may be kept, a day on which somebody may pay) has a probability given all that was
recorded before it. So the plan that was in force need not be known, and it may have changed. Sums of chances are compared with what happened.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from recoup.experiments.calibration import direct, hidden
from recoup.experiments.calibration.fitting import SEED, Fitted, Likelihoods
from recoup.experiments.calibration.histories import Histories
from recoup.experiments.calibration.parameters import records_of
from recoup.experiments.calibration.walk import Trial
from recoup.sim.parameters import World
from recoup.sim.treatments import Group, Talk

DRAWS, GROUPS = 10, 8
FEWEST = 5.0  # expected or recorded, below which a measure is not judged
DOUBT = 0.05  # that a world which is right misses any measure at all
MATTERS = 0.05  # share by which a measure must be off to count as missed
BANDS = ((0, 30), (31, 60), (61, 90), (91, 180), (181, 100_000))


@dataclass(frozen=True)
class Measure:
    """One measure of the held-out days.

    Attributes:
        name: in words.
        chances: of how many trials.
        recorded, expected: how many of them came true (or currency), and what the fitted world expected.
        low, high: 90 % of what it holds possible.
        missed: it lies outside of all that the world holds possible, by more than a little; None = there are too few to judge.
    """

    name: str
    chances: int
    recorded: float
    expected: float
    low: float
    high: float
    missed: bool | None


@dataclass(frozen=True)
class Check:
    """A fitted world against held-out days.

    Attributes:
        since, days: the first of the days, counted from 0, and how many there are.
        measures: one each.
        weeks: payments by week: recorded, expected, low, high; float64 (weeks, 4).
    """

    since: int
    days: int
    measures: list[Measure]
    weeks: NDArray[np.float64]

    @property
    def missed(self) -> list[Measure]:
        """The measures that the world misses."""
        return [measure for measure in self.measures if measure.missed]

    @property
    def judged(self) -> int:
        """How many measures had enough behind them."""
        return sum(measure.missed is not None for measure in self.measures)

    @property
    def fits(self) -> bool:
        """The verdict."""
        return self.judged > 0 and not self.missed


@dataclass(frozen=True)
class _Foreseen:
    """Trials of the held-out days in some order, and what one world made of them."""

    kind: NDArray[np.uint8]
    happened: NDArray[np.uint8]
    place: NDArray[np.int64]
    chance: NDArray[np.float64]
    amount: NDArray[np.float64]
    square: NDArray[np.float64]


def check(
    fitted: Fitted,
    data: Histories,
    since: int,
    draws: int = DRAWS,
    groups: int = GROUPS,
    on_draw: Callable[[], None] | None = None,
) -> Check:
    """Compare the held-out days with what worlds from the posterior expected.

    Args:
        fitted: to `data.before(since)`.
        data: all records.
        since: the first day that is held out.
        draws: worlds from the posterior.
        groups: of candidates for hidden traits.
        on_draw: called after each world.
    """
    random = np.random.default_rng(SEED)
    seen: list[_Foreseen] = []
    for _ in range(draws):
        seen.append(_foresee(fitted.draw(random), data, since, groups))
        if on_draw:
            on_draw()
    cells = _cells(seen[0], data)
    found = [_reckon(name, seen, chosen, None) for name, chosen in cells.items()]
    pays = seen[0].kind == Trial.PAYS
    cash = np.where(pays, data.rows["paid"][np.where(pays, seen[0].place, 0)], 0.0)
    found.append(_reckon("cash of their own accord", seen, pays, cash))
    tests = sum(max(recorded, expected) >= FEWEST for _, _, recorded, expected, _ in found)
    limit = float(norm.isf(DOUBT / 2 / max(tests, 1)))
    weeks = _weeks(seen, data, since)
    return Check(since, data.days - since, [_judged(*one, limit) for one in found], weeks)


def _foresee(world: World, data: Histories, since: int, groups: int) -> _Foreseen:
    likelihoods = Likelihoods(data)
    record = records_of(world, [], np.zeros((1, 0)))
    nodes, weights = likelihoods.reachability(world)
    size = 3 * len(data.rows) + 4 * len(data.contacts) + 1
    sums, place = np.zeros((size, 3)), np.zeros(size, np.int64)
    kind, happened = np.zeros(size, np.uint8), np.zeros(size, np.uint8)
    room = int(3 * np.max(np.diff(data.first_row), initial=0) + 2 * np.max(np.diff(data.first_contact), initial=0)) + 2
    count = hidden.foresee(
        record, data.accounts, likelihoods.scaled(world), data.rows, data.first_row, data.contacts,
        data.disclosed, nodes, weights, groups, SEED, since, room, sums, kind, happened, place,
    )  # fmt: skip
    count += direct.foresee(
        record, data.contacts, data.first_contact, likelihoods.nodes, likelihoods.node_weights, data.reads_known, since,
        sums[count:], kind[count:], happened[count:], place[count:],
    )  # fmt: skip
    chance, amount, square = sums[:count].T
    return _Foreseen(kind[:count], happened[:count], place[:count], chance, amount, square)


def _cells(seen: _Foreseen, data: Histories) -> dict[str, NDArray[np.bool_]]:
    """Which trials belong to each measure, by its name."""
    kind, rows, contacts = seen.kind, data.rows, data.contacts
    of_contact = np.isin(
        kind, [Trial.PROMISES, Trial.TAKES_PLAN, Trial.TAKES_SETTLEMENT, *list(Trial)[Trial.REACHED : Trial.CLEARS]]
    )
    row = rows[np.where(of_contact, 0, seen.place)]
    none = np.zeros(1, contacts.dtype)
    contact = (contacts if len(contacts) else none)[np.where(of_contact, seen.place, 0)]
    cells = {}
    for number, name in enumerate(data.vocabulary.channel_names, 1):
        cells[f"reached by {name}"] = (kind == Trial.REACHED) & (contact["channel"] == number)
    people = [number for number, one in enumerate(data.vocabulary.channels) if one.talk is Talk.PERSON]
    by_person = np.isin(contact["talker"], people)
    cells["promises to people"] = (kind == Trial.PROMISES) & by_person
    cells["promises to machines"] = (kind == Trial.PROMISES) & ~by_person
    for trial, name in (
        (Trial.KEEPS, "promises kept"),
        (Trial.TAKES_PLAN, "plans accepted"),
        (Trial.TAKES_SETTLEMENT, "settlements accepted"),
        (Trial.PAYS_INSTALMENT, "instalments paid"),
        (Trial.CLEARS, "arrears cleared"),
        (Trial.PAYS_ALL, "whole balance paid"),
        (Trial.COMPLAINS, "complaints"),
        (Trial.OPTS_OUT, "contact no longer wanted"),
        (Trial.DISPUTES, "disputes"),
    ):
        cells[name] = kind == trial
    pays = kind == Trial.PAYS
    for low, high in BANDS:
        name = f"payments, {low}–{high} dpd" if high < BANDS[-1][1] else f"payments, from {low} dpd"
        cells[name] = pays & (row["dpd"] >= low) & (row["dpd"] <= high)
    met, written = _days_of(data)
    at = np.where(of_contact, 0, seen.place)
    cells["payments, day of a call"] = pays & met[at]
    cells["payments, day of a message"] = pays & written[at] & ~met[at]
    cells["payments, other days"] = pays & ~met[at] & ~written[at]
    return {name: chosen for name, chosen in cells.items() if chosen.any()}


def _days_of(data: Histories) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Rows on which somebody was spoken to, and on which a text or a letter went out."""
    contacts, rows = data.contacts, data.rows
    met = (contacts["reached"] == 1) & np.isin(contacts["group"], (Group.CALL, Group.VISIT))
    written = np.isin(contacts["group"], (Group.TEXT, Group.LETTER))
    spoken, texts = (np.concatenate([[0], np.cumsum(marks)]) for marks in (met, written))
    first, last = rows["first"], rows["last"]
    return spoken[last] > spoken[first], texts[last] > texts[first]


def _reckon(
    name: str, seen: list[_Foreseen], chosen: NDArray[np.bool_], amounts: NDArray[np.float64] | None
) -> tuple[str, int, float, float, float]:
    """Name, trials, recorded, expected, and the standard deviation of what was expected."""
    if amounts is None:
        recorded = float(seen[0].happened[chosen].sum())
        sums = np.array([one.chance[chosen].sum() for one in seen])
        noise = np.mean([(one.chance[chosen] * (1.0 - one.chance[chosen])).sum() for one in seen])
    else:
        recorded = float((amounts * seen[0].happened)[chosen].sum())
        sums = np.array([one.amount[chosen].sum() for one in seen])
        noise = np.mean([(one.square[chosen] - one.amount[chosen] ** 2).sum() for one in seen])
    spread = float(np.sqrt(noise + (sums.var(ddof=1) if len(sums) > 1 else 0.0)))
    return name, int(chosen.sum()), recorded, float(sums.mean()), spread


def _judged(name: str, chances: int, recorded: float, expected: float, spread: float, limit: float) -> Measure:
    missed = None
    if max(recorded, expected) >= FEWEST:
        gap = abs(recorded - expected)
        missed = gap > limit * spread and gap > MATTERS * expected
    z = float(norm.isf(0.05))
    return Measure(name, chances, recorded, expected, max(expected - z * spread, 0.0), expected + z * spread, missed)


def _weeks(seen: list[_Foreseen], data: Histories, since: int) -> NDArray[np.float64]:
    pays = seen[0].kind == Trial.PAYS
    week = np.where(pays, (data.rows["day"][np.where(pays, seen[0].place, 0)] - since) // 7, -1)
    z, out = float(norm.isf(0.05)), []
    for number in range((data.days - since + 6) // 7):
        _, _, recorded, expected, spread = _reckon("", seen, week == number, None)
        out.append((recorded, expected, max(expected - z * spread, 0.0), expected + z * spread))
    return np.array(out).reshape(-1, 4)
