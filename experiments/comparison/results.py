"""results.json, the public file of a comparison: its fields as models, from which the JSON Schema is made."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from recoup.experiments.runs.runfolder import SCHEMA_VERSION


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Interval(_Part):
    """A mean over seeds and its 95 % bootstrap interval; null where undefined, no limits from a single seed."""

    mean: float | None
    low: float | None
    high: float | None


class Difference(Interval):
    """Challenger − baseline, paired by seed, in the measure's unit."""

    relative: Interval = Field(description="challenger / baseline − 1, seeds resampled in pairs")


class ResourceUse(_Part):
    """One resource (collector, specialist, autocall, visit), summed over seeds and days."""

    seconds_used: int = Field(ge=0)
    seconds_on_shift: int = Field(ge=0)
    requested: int = Field(ge=0, description="accounts for which it was asked")
    served: int = Field(ge=0, description="accounts that were served")


class LegalTeam(_Part):
    """The legal team, means over seeds and days."""

    active_cases: float = Field(ge=0)
    case_places: float = Field(ge=0)
    waiting_suits: float = Field(ge=0, description="suits decided on but without a free place")


class Claim(_Part):
    """A claim of the staged plan's authors against the status quo, and whether this run bears it out."""

    measure: str
    claim: float = Field(description="relative change that is claimed")
    relative: Interval
    verdict: str


class WelfareCheck(_Part):
    """Non-inferiority check of what a policy asks of debtors; see docs/fairness.md."""

    policy: str
    reference: str
    verdict: str
    passed: bool
    more: list[str] = Field(description="burdens that exceed the reference's by more than their margin, at 95 %")
    less: list[str] = Field(description="burdens below the reference's, at 95 %")
    cost_from: str | None
    gain: Difference = Field(description="paired difference of the net recovery rate, at fully loaded cost")
    hardship_suits: int
    sentence: str


class PortfolioFacts(_Part):
    """The accounts that were simulated."""

    name: str
    accounts: int = Field(ge=1)
    opening_balance: float = Field(ge=0, description="sum, in the scenario's currency")
    filled: Any = Field(description="fields that the file did not have and that were drawn")
    notes: list[str]


Measures = dict[str, Interval]


class RunResults(_Part):
    """The content of results.json. Keys of the mappings: policy names, measure names (docs/reference/measures.md), tiers."""

    schema_version: int = Field(
        ge=SCHEMA_VERSION, le=SCHEMA_VERSION, description="another number is another layout of this file"
    )
    scenario: str
    title: str
    currency: str
    rules: str = Field(description="rule pack")
    seeds: list[int]
    days: int = Field(ge=1, description="horizon")
    settings: dict[str, Any] = Field(description="what was asked for; see `Comparison`")
    policies: dict[str, Measures] = Field(description="policy → measure → interval")
    differences: dict[str, dict[str, dict[str, Difference]]] = Field(description="challenger → baseline → measure")
    burdens: dict[str, dict[str, dict[str, Difference]]] = Field(
        description="challenger → baseline → complaints_per_1000, contacts_per_debtor, full_cost_rate (fully loaded cost / opening balance)"
    )
    learned: list[str] = Field(
        description="the policies that challenge the others: trained, distilled or written in Python"
    )
    tiers: dict[str, dict[str, Measures]] = Field(description="policy → risk tier on entry → measure")
    tier_accounts: dict[str, float] = Field(description="accounts by tier, mean over seeds")
    roll_rates: dict[str, Measures] = Field(description="policy → M1→M2 and so on")
    events: dict[str, Measures] = Field(description="policy → event → count a seed")
    resources: dict[str, dict[str, ResourceUse]] = Field(description="policy → resource")
    legal_team: dict[str, LegalTeam]
    blocked: dict[str, dict[str, int]] = Field(description="policy → rule → treatments stopped by the gate, all seeds")
    breaches: dict[str, dict[str, int]] = Field(description="policy → rule → unlawful treatments, all seeds")
    claims: list[Claim]
    welfare: list[WelfareCheck]
    fairness: list[str] = Field(description="the fairness audit in sentences")
    versions: dict[str, str]
    portfolio: PortfolioFacts
    dropped_rules: dict[str, list[str]] = Field(description="policy → rules that the scenario's menu made it leave out")
    command: str
