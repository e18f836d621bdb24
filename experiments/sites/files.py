"""What the files of `recoup sites` hold."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from recoup.experiments.runs.file_kinds import Content, Count, JsonKind, Number, Share, exactly, including
from recoup.experiments.sites.cut import DOCKET, LEGAL
from recoup.experiments.sites.one_site import SUMMED
from recoup.sim.lender import Tally
from recoup.sim.operations.resources import RESOURCE_NAMES

_TALLIES = len(Tally._fields)
Staff = Annotated[dict[str, Count], including((*RESOURCE_NAMES, LEGAL, DOCKET))]
Measures = Annotated[dict[str, Number | None], exactly(SUMMED)]
Terms = Annotated[list[Number | None], Field(min_length=2, max_length=2)]


class SiteResult(Content):
    """passes/PASS/SITE.json: what a site left behind in a pass."""

    name: str
    accounts: Count = Field(ge=1)
    opening: Count = Field(description="opening balances, cents")
    staff: Staff
    tallies: list[Annotated[list[Count], Field(min_length=_TALLIES, max_length=_TALLIES)]] = Field(
        min_length=1, description=f"{', '.join(Tally._fields)} by day"
    )
    sums: Annotated[dict[str, Terms], exactly(SUMMED)] = Field(description="what is divided by what; null for a count")


SITE_FILE = JsonKind("SITE.json", "recoup sites", SiteResult)


class PassGap(Content):
    """How far forecast and outcome of a pass lie apart, at most, over sites and days."""

    shares: Share
    surcharge_days: Count


class OneSite(Content):
    """A site in the results."""

    name: str
    accounts: Count
    staff: Staff
    measures: Measures


class SitesResults(Content):
    """sites.json."""

    scenario: str
    title: str
    currency: str
    plan: str
    seed: Count
    days: Count = Field(ge=1)
    accounts: Count = Field(ge=1)
    opening_balance: Number = Field(description="sum, in the scenario's currency")
    exchange: str
    passes: list[PassGap] = Field(min_length=1, description="the last one's sites are the result")
    agreed: bool = Field(description="whether forecast and outcome of the last pass agree")
    measures: Measures = Field(description="of all sites together; shares from 0 to 1")
    sites: list[OneSite] = Field(min_length=1)
    settings: dict[str, str | int | float | bool | None]
    versions: dict[str, str]
    command: str


SITES_FILE = JsonKind("sites.json", "recoup sites", SitesResults)
