"""The two ways in which sites learn what they share: together day by day, or each by itself on a forecast of the others.

Daily: all sites are in memory, live a day on threads, and hear the sum of their tallies. What they share is then exactly what one
simulation of the whole would have, given what happens at the sites.

Forecast: a sample of the accounts with its share of everything, as if it were alone, says roughly what a lender reports each day.
Each site then runs from end to end on its own tallies and the others' as forecast, on any machine and in any order; its outcome is
the forecast of the next pass. A site that is all of a lender needs no forecast and is exact.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recoup.experiments.runs.one_thread import one_thread
from recoup.experiments.sites.cut import Share, shares
from recoup.experiments.sites.one_site import SiteRun, run_site
from recoup.experiments.sites.settings import Sites
from recoup.experiments.sites.survey import Survey
from recoup.sim.lender import Signals, Tally, total
from recoup.sim.parameters import World

SAMPLE = 20_000  # accounts that the first forecast is made from
_SHARES = [Signals._fields.index(name) for name in ("notices_followed", "market_waiting", "settlement_budget_left")]
_SURCHARGE = Signals._fields.index("complaint_surcharge")


@one_thread()
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
    """What all other sites are expected to report.

    Attributes:
        path: by day.
    """

    path: Path

    def __call__(self, day: int) -> Tally:
        """On the morning of a day."""
        return Tally(*map(int, self.path[day - 1]))


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


def nobody(days: int) -> Others:
    """There are no others."""
    return Others(np.zeros((days, len(Tally._fields)), np.int64))


def scout(settings: Sites, known: Survey) -> dict[str, Any]:
    """The first forecast: what a sample of the accounts reports where it is alone; as `SiteRun.result`.

    Args:
        settings: of the run.
        known: of the lender.
    """
    pieces = max(known.accounts // SAMPLE, 1)
    sampled = replace(settings, sites=pieces, by_region=False)
    scenario = settings.load()
    accounts = [len(range(number, known.accounts, pieces)) for number in range(pieces)]
    share = shares(scenario.world, [f"sample-{number}" for number in range(pieces)], accounts)[0]
    alone = replace(known, shares=(share,), opening=round(known.opening * share.accounts / known.accounts))
    days = settings.days or scenario.days
    return run_site(sampled, alone, share, nobody(days))


def first_forecast(sample: Mapping[str, Any], known: Survey) -> list[Others]:
    """For each site, what the others report if all accounts are like the sample's.

    Args:
        sample: of `scout`.
        known: of the lender.
    """
    path = path_of(sample)
    return [
        Others(np.rint(path * ((known.accounts - share.accounts) / sample["accounts"])).astype(np.int64))
        for share in known.shares
    ]


def next_forecast(results: Sequence[Mapping[str, Any]]) -> list[Others]:
    """For each site, what the others have reported in a pass.

    Args:
        results: of all sites, in order.
    """
    paths = [path_of(result) for result in results]
    whole = sum(paths[1:], paths[0])
    return [Others(whole - path) for path in paths]


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
    right = _signals(known, world, sum(paths[1:], paths[0]))
    told = [_signals(known, world, path + others.path) for path, others in zip(paths, forecast, strict=True)]
    # What is told on the last morning, after the last day, moves nothing.
    errors = np.abs(np.array(told) - right)[:, :-1]
    return Gap(
        float(errors[..., _SHARES].max(initial=0.0)),
        int(np.count_nonzero(errors[..., _SURCHARGE], axis=1).max(initial=0)),
    )


def _signals(known: Survey, world: World, path: Path) -> NDArray[np.float64]:
    """What is heard each morning, where this is what is reported: float64 (days, signals)."""
    lender = known.lender(world)
    return np.array([lender.morning(Tally(*tallies)) for tallies in path.tolist()], np.float64)
