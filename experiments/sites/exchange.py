"""The two ways in which sites learn what they share: together day by day, or each by itself on a forecast of the others.

Daily: all sites are in memory, live a day on threads, and hear the sum of their tallies. What they share is then exactly what one
simulation of the whole would have, given what happens at the sites.

Forecast: each site runs from end to end, on any machine and in any order, and takes for the others' tallies what they were in the pass
before, moved as its own have moved since, in proportion to accounts: the others hear the same and answer it as this one does. Without
that, each site would take what the others leave of a budget that is short, and all of them too much. In the first pass all others are
taken to be like the site itself, which then has its share of the budget. With the right forecast nothing moves, and a site does what it
does under daily exchange; a site that is all of a lender has no others and is exact at once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recoup.experiments.runs.one_thread import one_thread
from recoup.experiments.runs.rare_collection import rare_collection
from recoup.experiments.sites.cut import Share
from recoup.experiments.sites.one_site import SiteRun, plus, run_site
from recoup.experiments.sites.settings import Sites
from recoup.experiments.sites.survey import Survey
from recoup.sim.lender import Signals, Tally, total
from recoup.sim.parameters import World

_SHARES = [Signals._fields.index(name) for name in ("notices_followed", "market_waiting", "settlement_budget_left")]
_SURCHARGE = Signals._fields.index("complaint_surcharge")


@one_thread()
@rare_collection()
def run_daily(
    settings: Sites, known: Survey, threads: int = 1, on_day: Callable[[], None] | None = None
) -> list[dict[str, Any]]:
    """Run all sites in step; their results in order (`SiteRun.result`).

    Args:
        settings: of the run.
        known: of the lender.
        threads: on which sites live their days; no number depends on it.
        on_day: called after each day.
    """
    runs = [SiteRun(settings, known, share) for share in known.shares]
    lender = known.lender(settings.load().world)
    _tell(runs, lender.signals)
    with ThreadPoolExecutor(threads) as pool:
        for _ in range(runs[0].days):
            _tell(runs, lender.morning(total(list(pool.map(SiteRun.day, runs)))))
            if on_day:
                on_day()
    return [run.result() for run in runs]


def _tell(runs: Sequence[SiteRun], signals: Signals) -> None:
    for run in runs:
        run.simulation.hear(signals)


Path = NDArray[np.int64]  # tallies by day, from the morning of day 1 on: (days, tallies)


@dataclass(frozen=True)
class Others:
    """What all other sites are taken to report.

    Attributes:
        own: what the site itself reported in the pass before, by day.
        others: what the others did.
        proportion: their accounts per account of the site.
    """

    own: Path
    others: Path
    proportion: float

    def __call__(self, day: int, tally: Tally) -> Tally:
        """On the morning of a day, on which the site itself reports this."""
        moved = np.rint(self.proportion * (np.array(tally) - self.own[day - 1])).astype(np.int64)
        return Tally(*np.maximum(self.others[day - 1] + moved, 0).tolist())


@dataclass(frozen=True)
class SiteTask:
    """A site of a pass; what a worker runs."""

    share: Share
    others: Others


def run_task(settings: Sites, known: Survey, task: SiteTask) -> dict[str, Any]:
    """Run a site on its forecast; as `run_site`."""
    return run_site(settings, known, task.share, task.others)


def path_of(result: Mapping[str, Any]) -> Path:
    """What a site has reported."""
    return np.array(result["tallies"], np.int64)


def first_forecast(known: Survey, days: int) -> list[Others]:
    """For each site, that all others are like it.

    Args:
        known: of the lender.
        days: the horizon.
    """
    nothing = np.zeros((days, len(Tally._fields)), np.int64)
    return [Others(nothing, nothing, _proportion(known, share)) for share in known.shares]


def next_forecast(known: Survey, results: Sequence[Mapping[str, Any]]) -> list[Others]:
    """For each site, what it and the others have reported in a pass.

    Args:
        known: of the lender.
        results: of all sites, in order.
    """
    paths = [path_of(result) for result in results]
    whole = sum(paths[1:], paths[0])
    return [
        Others(path, whole - path, _proportion(known, share)) for path, share in zip(paths, known.shares, strict=True)
    ]


def _proportion(known: Survey, share: Share) -> float:
    return (known.accounts - share.accounts) / share.accounts


@dataclass(frozen=True)
class Gap:
    """How far what sites were told in a pass was from what they should have been told, at most, over sites and days.

    Attributes:
        shares: of a share: notices followed, the market's waiting, settlement budget left.
        surcharge_days: days on which a site was wrong about the regulator.
    """

    shares: float
    surcharge_days: int

    def within(self, tolerance: float) -> bool:
        """Whether forecast and outcome agree."""
        return self.shares <= tolerance and self.surcharge_days == 0


def gap_of(known: Survey, world: World, results: Sequence[Mapping[str, Any]], forecast: Sequence[Others]) -> Gap:
    """Of a pass.

    Args:
        known, world: of the lender.
        results: of all sites, in order.
        forecast: that each ran on.
    """
    paths = [path_of(result) for result in results]
    right = _signals(known, world, _tallies(sum(paths[1:], paths[0])))
    told = [
        _signals(known, world, [plus(tally, others(day, tally)) for day, tally in enumerate(_tallies(path), start=1)])
        for path, others in zip(paths, forecast, strict=True)
    ]
    # What is told on the last morning, after the last day, moves nothing.
    errors = np.abs(np.array(told) - right)[:, :-1]
    return Gap(
        float(errors[..., _SHARES].max(initial=0.0)),
        int(np.count_nonzero(errors[..., _SURCHARGE], axis=1).max(initial=0)),
    )


def _tallies(path: Path) -> list[Tally]:
    return [Tally(*day) for day in path.tolist()]


def _signals(known: Survey, world: World, tallies: Sequence[Tally]) -> NDArray[np.float64]:
    """What is heard each morning, where this is what is reported: float64 (days, signals)."""
    lender = known.lender(world)
    return np.array([lender.morning(tally) for tally in tallies], np.float64)
