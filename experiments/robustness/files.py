"""What the files of this room hold; each study writes its own, and the report reads them."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field, model_validator

from recoup.experiments.robustness.frontier import GRID
from recoup.experiments.robustness.hybrid import PARTS
from recoup.experiments.runs.champion import COST
from recoup.experiments.runs.file_kinds import (
    Content,
    Count,
    Interval,
    JsonKind,
    Known,
    Number,
    Seeds,
    Share,
    check_keys,
    exactly,
    some_of,
)
from recoup.experiments.runs.runfolder import ATTRIBUTION, WHY
from recoup.scenarios.world_variants import AS_IT_IS
from recoup.sim.inputs import misplaced

Accounts = Annotated[int, Field(ge=1, le=10**9)] | None

# --- attribution.json -----------------------------------------------------------------------------------------------------

ATTRIBUTED = ("npv_rate", "recovery_rate")  # what the difference is measured in


class Parts(Content):
    """A difference in one measure, and each part's share of it."""

    start: Known
    total: Known
    parts: Annotated[dict[str, Known], exactly(PARTS)]


class Attribution(Content):
    """Where the difference between two policies comes from."""

    start: str = Field(alias="from")
    end: str = Field(alias="to")
    seeds: Seeds
    hybrids: Count
    measures: Annotated[dict[str, Parts], exactly(ATTRIBUTED)]


ATTRIBUTION_FILE = JsonKind(ATTRIBUTION, "recoup attribute", Attribution)

# --- stress.json ----------------------------------------------------------------------------------------------------------


class StressRow(Content):
    """A challenger less a baseline in one world: the first three relative to the baseline, the others in their own unit."""

    perturbation: str
    label: str
    recovery_rate: Interval
    net_recovery_rate: Interval
    time_to_recover_days: Interval
    npv_rate: Interval
    complaints_per_1000: Interval


class Stress(Content):
    """A comparison repeated in perturbed worlds."""

    scenario: str
    challenger: str
    baseline: str
    seeds: Seeds
    accounts: Accounts
    rows: list[StressRow]
    worlds: Count
    worst: str | None
    positive: Count
    negative: Count


STRESS_FILE = JsonKind("stress.json", "recoup stress", Stress)

# --- why.json -------------------------------------------------------------------------------------------------------------

# Notices and calls that do less than the model says, habituation, and debtors who learn to wait for a discount.
WHY_WORLDS = (AS_IT_IS.name, "empty-notices", "strong-wear", "collector-weak", "patient-debtors")


class FewWorlds(Stress):
    """Of `WHY_WORLDS` alone."""

    accounts: Annotated[int, Field(ge=1, le=10**9)]

    @model_validator(mode="after")
    def _all_worlds(self) -> FewWorlds:
        present = [row.perturbation for row in self.rows]
        for world in WHY_WORLDS:
            if world not in present:
                raise misplaced(("rows",), ", ".join(present), f"a row for {world}")
        return self


class Why(Content):
    """Both of the above, small."""

    attribution: Attribution
    worlds: FewWorlds


WHY_FILE = JsonKind(WHY, "recoup compare", Why)

# --- levers.json ----------------------------------------------------------------------------------------------------------

LEVERED = ("npv_rate", "recovery_rate")  # of which the first decides
Levered = Annotated[dict[str, Number], exactly(LEVERED)]


class LeverRange(Content):
    """A lever and the range that it is given."""

    name: str
    label: str
    low: Number
    high: Number
    why: str


class LeverFlip(Content):
    """How much the margin hangs on a lever, and where along it the decision flips."""

    name: str
    pawn: Share
    matters: bool
    at_low: Share
    at_high: Share
    clear: bool
    flips_at: Number | None
    flips_low: Number | None
    flips_high: Number | None

    @model_validator(mode="after")
    def _with_limits(self) -> LeverFlip:
        for name in ("flips_low", "flips_high"):
            if (getattr(self, name) is None) != (self.flips_at is None):
                raise misplaced((name,), getattr(self, name), "a number where flips_at is one, else null")
        return self


Side = Annotated[list[Number], Field(min_length=GRID, max_length=GRID)]


class FlipMap(Content):
    """The probability of a win over two levers, rows along the second."""

    levers: Annotated[list[str], Field(min_length=2, max_length=2)]
    x: Side
    y: Side
    probability: Annotated[
        list[Annotated[list[Share], Field(min_length=GRID, max_length=GRID)]],
        Field(min_length=GRID, max_length=GRID),
    ]


class Margin(Content):
    """Quantiles over the worlds of the difference to the best plan."""

    low: Number
    median: Number
    high: Number


class Verdict(Content):
    """When the challenger wins on one measure."""

    beats_best: Known
    beats: dict[str, Known]
    best: dict[str, Share]
    margin: Margin
    noise: Number
    levers: list[LeverFlip]
    frontier: FlipMap


class LeverRow(Content):
    """One world: its settings, and each policy's measures."""

    settings: dict[str, Number]
    policies: dict[str, Levered]


class LeverStudy(Content):
    """A challenger and its rivals in worlds that move all levers."""

    scenario: str
    challenger: str
    plans: list[str] = Field(min_length=1)
    seeds: Seeds
    accounts: Accounts
    worlds: Count
    design_seed: int
    levers: list[LeverRange] = Field(min_length=2)
    measures: Annotated[dict[str, Verdict], exactly(LEVERED)]
    calibrated: dict[str, Levered]
    rows: list[LeverRow]

    @model_validator(mode="after")
    def _of_the_same_names(self) -> LeverStudy:
        levers, policies = [lever.name for lever in self.levers], [self.challenger, *self.plans]
        check_keys(self.calibrated, policies, ("calibrated",))
        for number, row in enumerate(self.rows):
            check_keys(row.settings, levers, ("rows", number, "settings"))
            check_keys(row.policies, policies, ("rows", number, "policies"))
        for measure, verdict in self.measures.items():
            for part in ("beats", "best"):
                check_keys(getattr(verdict, part), self.plans, ("measures", measure, part))
            named = [lever.name for lever in verdict.levers]
            check_keys(dict.fromkeys(named), levers, ("measures", measure, "levers"))
            for number, name in enumerate(verdict.frontier.levers):
                if name not in levers:
                    at = ("measures", measure, "frontier", "levers", number)
                    raise misplaced(at, name, f"one of {', '.join(levers)}")
        return self


LEVER_STUDY_FILE = JsonKind("levers.json", "recoup levers", LeverStudy)

# --- shadow_prices.json ---------------------------------------------------------------------------------------------------


class ShadowPrice(Content):
    """Net money for one more unit of something scarce, under a policy."""

    resource: str
    unit: str
    policy: str
    price: Interval
    currency: str


class ShadowPrices(Content):
    """What a little more of something scarce would bring."""

    scenario: str
    seeds: Seeds
    accounts: Accounts
    more: Number
    rows: list[ShadowPrice]


SHADOW_PRICES_FILE = JsonKind("shadow_prices.json", "recoup shadow-prices", ShadowPrices)

# --- upper_bounds.json ----------------------------------------------------------------------------------------------------


class Bound(StrEnum):
    """The kinds of upper bound."""

    AMPLE_STAFF = "ample_staff"
    HINDSIGHT = "hindsight_best"
    FULL_ATTENTION = "full_attention"


class UpperBound(Content):
    """One bound, of a policy or of all together."""

    bound: Annotated[str, some_of(frozenset(bound.value for bound in Bound))]
    policy: str | None
    label: str
    recovery_rate: Known
    time_to_recover_days: Interval

    @model_validator(mode="after")
    def _of_a_policy(self) -> UpperBound:
        if self.bound == Bound.AMPLE_STAFF and self.policy is None:
            raise misplaced(("policy",), None, "the policy that has ample staff")
        return self


class UpperBounds(Content):
    """How much is left to gain."""

    scenario: str
    policies: list[str]
    seeds: Seeds
    accounts: Accounts
    rows: list[UpperBound]


UPPER_BOUNDS_FILE = JsonKind("upper_bounds.json", "recoup upper-bounds", UpperBounds)

# --- frontier.json --------------------------------------------------------------------------------------------------------

BY = ("npv_rate", "recovery_rate", "net_recovery_rate", "time_to_recover_days")
BURDENS = ("contacts_per_debtor", "complaints_per_1000")  # burdens across the picture

LIMITABLE = (*BURDENS, "cost_to_collect", COST)
Values = Annotated[dict[str, Number], exactly((*BY, *LIMITABLE))]


class Point(Content):
    """A policy of the family."""

    name: str
    values: Values
    inputs: list[Share]
    prices: dict[str, Number]
    frontier: bool


class PlanPoint(Content):
    """A plan in the picture."""

    name: str
    values: Values


class Distilled(PlanPoint):
    """The plan made of the chosen policy."""

    feasible: bool


class PriceFrontier(Content):
    """A family of policies at many prices beside plans."""

    by: Annotated[str, some_of(BY)]
    limits: Annotated[dict[str, Number], some_of(LIMITABLE)]
    within: str | None
    scenario: str
    seeds: Seeds
    accounts: Accounts
    points: list[Point] = Field(min_length=1)
    plans: list[PlanPoint]
    chosen: str
    feasible: bool
    distilled: Distilled | None = None

    @model_validator(mode="after")
    def _one_is_chosen(self) -> PriceFrontier:
        names = [point.name for point in self.points]
        if self.chosen not in names:
            raise misplaced(("chosen",), self.chosen, f"one of {', '.join(names)}")
        return self


FRONTIER_FILE = JsonKind("frontier.json", "recoup frontier", PriceFrontier)
