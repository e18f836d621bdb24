"""One site from its first day to its last: what it reports each morning, and the sums that its measures are made of."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable
from typing import Any

from recoup.agents.library import load_policy
from recoup.experiments.comparison.measure import Ratio
from recoup.experiments.comparison.measures import MEASURES, REGISTRY
from recoup.experiments.comparison.rollout import Rollout, one_day
from recoup.experiments.runs.one_thread import one_thread
from recoup.experiments.runs.rare_collection import rare_collection
from recoup.experiments.sites.cut import Share, numbers_of
from recoup.experiments.sites.settings import Sites
from recoup.experiments.sites.survey import Survey
from recoup.sim.lender import Tally
from recoup.sim.simulation import Simulation

SUMMED = (*(measure.name for measure in MEASURES), "contacts_per_debtor")  # measures of a site


class SiteRun:
    """A site that lives one day at a time.

    Args:
        settings: of the run.
        survey: of the lender.
        share: what the site has.

    Attributes:
        simulation: of the site; it is morning.
        tallies: what it has reported, from the morning of day 1 on.
    """

    def __init__(self, settings: Sites, survey: Survey, share: Share) -> None:
        scenario = settings.load()
        numbers = numbers_of(settings, scenario, share.number, share.name)
        world = share.world(scenario.world, survey.typical_claim)
        portfolio = scenario.portfolio(settings.accounts, settings.seed, numbers)
        self.share, self.days = share, settings.days or scenario.days
        self.simulation = Simulation(world, portfolio, scenario.rules, settings.seed, site=share.site(numbers))
        self._policy = load_policy(settings.plan, scenario.name, world)
        self._every = world.decision_every_days
        self.tallies: list[Tally] = []

    def day(self) -> Tally:
        """Live a day; what the site reports on the next morning, on which it has not heard from the others."""
        one_day(self.simulation, self._policy, self._every)
        self.tallies.append(self.simulation.tally)
        return self.simulation.tally

    def result(self) -> dict[str, Any]:
        """What a site leaves behind, as its file holds it (`files.Site`)."""
        s = self.simulation
        run = Rollout(s.accounts_table(), s.daily_table(), s.blocked_by_rule(), s.breaches_by_rule(), self.days)
        return {
            "name": self.share.name,
            "accounts": self.share.accounts,
            "opening": int(s.accounts["opening"].sum()),
            "staff": self.share.staff,
            "tallies": [list(tally) for tally in self.tallies],
            "sums": {name: _terms(REGISTRY[name].of(run, run.accounts)) for name in SUMMED},
        }


@one_thread()
@rare_collection()
def run_site(
    settings: Sites,
    survey: Survey,
    share: Share,
    others: Callable[[int, Tally], Tally],
) -> dict[str, Any]:
    """Run a site by itself, on a forecast of what the others report.

    Args:
        settings, survey, share: as for `SiteRun`.
        others: from a day, and what this site reports on its morning, to what all others are taken to report.

    Returns:
        As `SiteRun.result`.
    """
    run = SiteRun(settings, survey, share)
    lender = survey.lender(run.simulation.world)
    run.simulation.hear(lender.signals)
    for day in range(1, run.days + 1):
        tally = run.day()
        run.simulation.hear(lender.morning(plus(tally, others(day, tally))))
    result = run.result()
    del run
    gc.collect()  # a simulation and its processes hold each other: it would stay until long after the next site has begun
    return result


def plus(tally: Tally, others: Tally) -> Tally:
    """Of both together."""
    return Tally(*(own + theirs for own, theirs in zip(tally, others, strict=True)))


def _terms(value: float) -> list[float | None]:
    """What is divided by what; a count is divided by nothing."""
    return [value.above, value.below] if isinstance(value, Ratio) else [float(value), None]


def together(sums: Iterable[dict[str, list[float | None]]]) -> dict[str, float | None]:
    """Measures of several sites as of one portfolio; None where nothing can be divided by.

    Args:
        sums: of each site (`SiteRun.result`).
    """
    sites = list(sums)
    found: dict[str, float | None] = {}
    for name in SUMMED:
        above = sum(site[name][0] or 0.0 for site in sites)
        if any(site[name][1] is None for site in sites):
            found[name] = above
        else:
            below = sum(site[name][1] or 0.0 for site in sites)
            found[name] = above / below if below else None
    return found
