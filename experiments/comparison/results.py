"""results.json, the public file of a comparison: its fields as models, from which the JSON Schema is made."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar

from pydantic import Field, model_validator

from recoup.experiments.comparison.lists import ByTier, alike
from recoup.experiments.comparison.measures import MEASURE, MEASURES
from recoup.experiments.runs.champion import BURDENS
from recoup.experiments.runs.file_kinds import (
    Content,
    Count,
    Difference,
    Interval,
    JsonKind,
    Known,
    Number,
    Seeds,
    check_keys,
    defined,
    exactly,
    including,
    some_of,
)
from recoup.experiments.runs.runfolder import RESULTS, SCHEMA_VERSION
from recoup.sim.inputs import misplaced
from recoup.sim.operations.resources import RESOURCE_NAMES
from recoup.sim.remarks import NoteContent

OLDEST = 1  # schema_version of results that are still read: it had sentences besides
EVENTS = ("attempts", "unserved", "promises", "offers", "accepted", "suits", "judgments", "seizures")  # counted a seed


class ResourceUse(Content):
    """One resource (collector, specialist, autocall, visit), summed over seeds and days."""

    seconds_used: Count
    seconds_on_shift: Count
    requested: Count = Field(description="accounts for which it was asked")
    served: Count = Field(description="accounts that were served")


class LegalTeam(Content):
    """The legal team, means over seeds and days."""

    active_cases: Number = Field(ge=0)
    case_places: Number = Field(ge=0)
    waiting_suits: Number = Field(ge=0, description="suits decided on but without a free place")


class Claim(Content):
    """A claim of the staged plan's authors against the status quo, and whether this run bears it out."""

    measure: Annotated[str, some_of(MEASURE)]
    claim: Number = Field(description="relative change that is claimed")
    relative: Interval
    verdict: str


class WelfareCheck(Content):
    """Non-inferiority check of what a policy asks of debtors; see docs/fairness.md."""

    policy: str
    reference: str
    verdict: str
    passed: bool
    more: list[str] = Field(description="burdens that exceed the reference's by more than their margin, at 95 %")
    less: list[str] = Field(description="burdens below the reference's, at 95 %")
    cost_from: str | None
    gain: Difference = Field(description="paired difference of the net recovery rate, at fully loaded cost")
    hardship_suits: Count
    former: ClassVar[frozenset[str]] = frozenset({"sentence"})


class PortfolioFacts(Content):
    """The accounts that were simulated."""

    name: str
    accounts: Count = Field(ge=1)
    opening_balance: Number = Field(ge=0, description="sum, in the scenario's currency")
    filled: dict[str, Count] = Field(description="fields that the file did not have and that were drawn")
    fresh: dict[str, Count] = Field(
        {}, description="state that the file does not say of so many accounts, which begin as fresh ones"
    )
    notes: list[NoteContent] = Field(description="provenance and assumptions: a user's own words, and remarks")


class Settings(Content):
    """What was asked for; see `Comparison`, whose construction knows the ranges."""

    scenario: str
    policies: list[str] = Field(min_length=1)
    seeds: int
    first_seed: int
    accounts: int | None
    days: int | None
    portfolio: str | None
    map: str | None
    events: bool
    personal: bool
    champion: str | None = Field(default=None, description="the plan in force, as named")
    change_cost: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = Field(
        default=None, description="one-off cost of a change of plan, in the scenario's currency"
    )


DEFINED = ("recovery_rate", "net_recovery_rate", "npv_rate", "time_to_recover_days")  # whatever happens in a run
Measures = Annotated[dict[str, Interval], exactly(MEASURE), defined(DEFINED)]
Differences = dict[str, dict[str, Annotated[dict[str, Difference], exactly(MEASURE), defined(DEFINED)]]]
Burdens = dict[str, dict[str, Annotated[dict[str, Difference], exactly(BURDENS)]]]
TierMeasures = Annotated[dict[str, Interval], exactly([measure.name for measure in MEASURES if measure.by_tier])]


class RunResults(Content):
    """The content of results.json. Keys of the mappings: policy names, measure names (docs/reference/measures.md), tiers."""

    former: ClassVar[frozenset[str]] = frozenset({"fairness"})

    schema_version: int = Field(
        ge=OLDEST, le=SCHEMA_VERSION, description="another number is another layout of this file"
    )
    scenario: str
    title: str
    currency: str
    rules: str = Field(description="rule pack")
    seeds: Seeds
    days: int = Field(ge=1, le=100_000, description="horizon")
    settings: Settings
    policies: dict[str, Measures] = Field(min_length=1, description="policy → measure → interval")
    differences: Differences = Field(description="challenger → baseline → measure")
    burdens: Burdens = Field(
        description="challenger → baseline → complaints_per_1000, contacts_per_debtor, full_cost_rate (fully loaded cost / opening balance)"
    )
    learned: list[str] = Field(
        description="the policies that challenge the others: trained, distilled or written in Python"
    )
    tiers: dict[str, ByTier[TierMeasures]] = Field(description="policy → risk tier on entry → measure")
    tier_accounts: ByTier[Number] = Field(description="accounts by tier, mean over seeds")
    roll_rates: dict[str, dict[str, Interval]] = Field(description="policy → M1→M2 and so on")
    events: dict[str, Annotated[dict[str, Known], exactly(EVENTS)]] = Field(description="policy → event → count a seed")
    resources: dict[str, Annotated[dict[str, ResourceUse], including(RESOURCE_NAMES)]] = Field(
        description="policy → resource"
    )
    legal_team: dict[str, LegalTeam]
    blocked: dict[str, dict[str, Count]] = Field(
        description="policy → rule → treatments stopped by the gate, all seeds"
    )
    breaches: dict[str, dict[str, Count]] = Field(description="policy → rule → unlawful treatments, all seeds")
    claims: list[Claim]
    welfare: list[WelfareCheck]
    versions: dict[str, str]
    portfolio: PortfolioFacts
    dropped_rules: dict[str, list[NoteContent]] = Field(
        description="policy → rules that the scenario's menu made it leave out"
    )
    command: str

    @model_validator(mode="after")
    def _of_the_same_policies(self) -> RunResults:
        names = list(self.policies)
        for part in ("tiers", "roll_rates", "events", "resources", "legal_team", "blocked", "breaches"):
            check_keys(getattr(self, part), names, (part,))
        alike({("tier_accounts",): self.tier_accounts, **{("tiers", name): self.tiers[name] for name in names}})
        for part in ("differences", "burdens"):
            check_pairs(getattr(self, part), names, part)
        for rates in self.roll_rates:
            check_keys(self.roll_rates[rates], self.roll_rates[names[0]], ("roll_rates", rates))
        if len(self.settings.policies) != len(names):
            raise misplaced(("settings", "policies"), self.settings.policies, f"one for each of {', '.join(names)}")
        for part in ("learned", "dropped_rules"):
            for name in getattr(self, part):
                if name not in names:
                    raise misplaced((part,), name, f"one of {', '.join(names)}")
        if (named := self.settings.champion) is not None and named not in names:
            raise misplaced(("settings", "champion"), named, f"one of {', '.join(names)}")
        for number, seed in enumerate(self.seeds):
            if seed in self.seeds[:number]:
                raise misplaced(("seeds", number), seed, "every seed once")
        return self


def check_pairs(found: Mapping[str, Mapping[str, object]], names: list[str], under: str) -> None:
    """Make sure that a mapping has every policy against every other.

    Args:
        found: challenger → baseline → anything.
        names: of the policies.
        under: where it stands in the file.

    Raises:
        PydanticCustomError: one lacks, or there is another; for validators.
    """
    check_keys(found, names, (under,))
    for name in names:
        check_keys(found[name], [other for other in names if other != name], (under, name))


RESULTS_FILE = JsonKind(RESULTS, "recoup compare", RunResults, version=SCHEMA_VERSION, oldest=OLDEST)
