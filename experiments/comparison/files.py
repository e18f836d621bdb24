"""What the files of a comparison hold beside results.json (`results.py`): its parts, tables, and the judgements on them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from pydantic import Field, model_validator

from recoup.experiments.comparison.fairness import FAIRNESS, OUTCOME
from recoup.experiments.comparison.lists import ByTier, alike
from recoup.experiments.comparison.measure import Better, Unit
from recoup.experiments.comparison.measures import MEASURE, MEASURES
from recoup.experiments.comparison.payment_attribution import AFTER_COURT, AFTER_NOTICE, AGREED, ALONE
from recoup.experiments.comparison.protected_groups import ATTRIBUTES
from recoup.experiments.comparison.results import DEFINED, EVENTS, LegalTeam, ResourceUse, WelfareCheck, check_pairs
from recoup.experiments.comparison.welfare import MEASURE as WELFARE_MEASURE
from recoup.experiments.comparison.welfare import WELFARE
from recoup.experiments.runs.file_kinds import (
    WHOLE,
    Cents,
    Columns,
    Content,
    Count,
    Difference,
    Interval,
    JsonKind,
    Known,
    Number,
    Share,
    TableKind,
    columns_of,
    defined,
    exactly,
    including,
    some_of,
    usually,
)
from recoup.experiments.runs.runfolder import SETTINGS
from recoup.sim.inputs import misplaced
from recoup.sim.operations.resources import RESOURCE_NAMES
from recoup.sim.treatments import STANDARD

ROLLS = tuple(bucket.roll for bucket in STANDARD.buckets)
BY_TIER = tuple(measure.name for measure in MEASURES if measure.by_tier)

# --- run.json ---------------------------------------------------------------------------------------------------------


class Begun(Content):
    """run.json of a comparison: what it was begun with, by fingerprints."""

    scenario: str
    days: Count
    accounts: Count
    policies: dict[str, str] = Field(min_length=1)
    world: str
    portfolio: str
    personal: bool
    pseudonyms: str
    recoup: str


SETTINGS_FILE = JsonKind(SETTINGS, "recoup compare", Begun)

# --- a part: one policy on one seed -------------------------------------------------------------------------------------


class RuleTally(Content):
    """What the audit of one log counted for one rule."""

    missing: list[str]
    tested: Count
    near: Count
    stopped: Count
    breaches: Count


class Tally(Content):
    """What the audit of one log counted."""

    treatments_in_breach: Count
    rules: dict[str, RuleTally]


class SeedGap(Content):
    """A group's gap to all others on one seed, and its standard error."""

    gap: Number
    error: Number = Field(ge=0)


def _gap_needs_others(outcome: Any) -> Any:
    """An outcome of a group, by seed or over all: a gap is one to the others, whose value must be there."""
    if outcome.others is None and (outcome.raw or outcome.adjusted):
        raise misplaced(("others",), None, "a number, as there is a gap to it")
    return outcome


class SeedOutcome(Content):
    """An outcome of one group on one seed."""

    mean: Number
    others: Number | None
    sd: Number
    raw: SeedGap | None
    adjusted: SeedGap | None

    _others_of_a_gap = model_validator(mode="after")(_gap_needs_others)


class SeedGroup(Content):
    """A protected group on one seed."""

    accounts: Count
    outcomes: Annotated[dict[str, SeedOutcome], exactly(OUTCOME)]


# What a scenario may add to is known by its form; its lists are in lists.json.
TreatmentName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*(/[a-z][a-z0-9_]*){0,3}$")]
SourceName = Annotated[
    str, Field(pattern=rf"^({'|'.join([*AGREED, AFTER_COURT, AFTER_NOTICE, ALONE])}|after_[a-z0-9_]+)$")
]
BandName = Annotated[str, Field(pattern=r"^[0-9]+(–[0-9]+|\+)?$")]
RollName = Annotated[str, Field(pattern=r"^(M[0-9]+|[0-9]+(–[0-9]+)?)→(M[0-9]+|[0-9]+(–[0-9]+|\+)?)$")]


class Part(Content):
    """parts/PLAN/SEED.json; a file that holds anything else was written by another version."""

    measures: Annotated[dict[str, Number | None], exactly(MEASURE), defined(DEFINED)]
    tiers: ByTier[Annotated[dict[str, Number | None], exactly(BY_TIER)]]
    tier_accounts: ByTier[Count]
    roll_rates: Annotated[dict[RollName, Number | None], usually(ROLLS)]
    liquidation: list[Number] = Field(min_length=1)
    unresolved: list[Number] = Field(min_length=1)
    blocked: dict[str, Count]
    breaches: dict[str, Count]
    audit: Tally | None
    decisions: Annotated[dict[BandName, ByTier[dict[TreatmentName, Count]]], usually(STANDARD.bands)]
    rules: dict[str, Count]
    payment_attribution: dict[SourceName, Cents]
    welfare: Annotated[dict[str, Number | None], exactly(WELFARE_MEASURE)]
    fairness: Annotated[dict[str, dict[str, SeedGroup]], exactly(ATTRIBUTES)]
    events: Annotated[dict[str, Count], exactly(EVENTS)]
    resources: Annotated[dict[str, ResourceUse], including(RESOURCE_NAMES)]
    legal_team: LegalTeam

    @model_validator(mode="after")
    def _same_tiers(self) -> Part:
        tables: dict[tuple[str, ...], Mapping[str, object]] = {
            ("tier_accounts",): self.tier_accounts,
            ("tiers",): self.tiers,
        }
        alike(tables | {("decisions", band): tiers for band, tiers in self.decisions.items()})
        return self

    @model_validator(mode="after")
    def _one_horizon(self) -> Part:
        if len(self.unresolved) != len(self.liquidation):
            raise misplaced(
                ("unresolved",), f"{len(self.unresolved)} days", f"{len(self.liquidation)}, as liquidation has"
            )
        return self


PART_FILE = JsonKind("SEED.json", "recoup compare", Part)

# --- tables -------------------------------------------------------------------------------------------------------------

_PLACE = {"text": "policy", "whole": "seed"}  # of each row, the last columns


def _table(name: str, optional: dict[str, str], more: Columns | None = None, **columns: str) -> TableKind:
    listed = {kind: f"{columns.get(kind, '')} {_PLACE.get(kind, '')}" for kind in {**columns, **_PLACE}}
    return TableKind(name, "recoup compare", columns_of(**listed), columns_of(**optional), more or {})


ACCOUNTS_TABLE = _table(
    "accounts.parquet",
    {"text": "sex region", "whole": "age", "number": "monthly_income"},  # with --with-personal-data
    text="account_id product entry_tier status stage",
    whole="dpd opening balance interest fees cash forgiven written_off cost cash_day_sum attempts reaches call_attempts "
    "call_reaches promises kept broken offers refused plans plans_broken complaints blocked breaches unserved payments "
    "opted_out restructured busiest_week plans_fit hardship_calls hardship_suits distress_contacts distress_suits "
    "distress_seized closed_day horizon_value",
    number="discounted_cash discounted_cost best_discount discounted_horizon_value",
)
_OF_A_POOL = ("seconds", "capacity", "paid", "requested", "served")
DAILY_TABLE = _table(
    "daily.parquet",
    {},
    more={f"[a-z][a-z0-9_]*_({'|'.join(_OF_A_POOL)})": WHOLE},  # of a scenario's own pools
    text="suspended",
    whole="day attempts reached promises kept broken offers accepted refused payments instalments_paid "
    "instalments_missed plans_broken complaints opt_outs disputes hardship notices suits judgments enforcements seizures "
    "closed written_off unserved blocked breaches ceases_of_contact breathing_spaces reviews sent_back handovers open "
    "balance cash forgiven cost settlement_offers interest fees overhead idle_cost legal_active legal_capacity legal_queue "
    "away regulator_cost blocked_suspended "
    + " ".join(f"{name}_{column}" for name in RESOURCE_NAMES for column in _OF_A_POOL),
    number="macro discount_factor",
)
COLLECTORS_TABLE = _table(
    "collectors.parquet",
    {},
    text="pool person",
    whole="days_on_duty attempts reached promises accepted complaints disputes kept broken cash cash_kept seconds",
    number_or_none="law psychology negotiation",
)
PAYMENTS_TABLE = _table("payments.parquet", {}, text="account_id", whole="day cash")  # of parts whose events are kept
TABLES = {
    "accounts": ACCOUNTS_TABLE,
    "daily": DAILY_TABLE,
    "collectors": COLLECTORS_TABLE,
}  # of each part, and of the run

# --- welfare.json -------------------------------------------------------------------------------------------------------

Burdens = Annotated[dict[str, Interval], exactly(WELFARE_MEASURE)]
UNITS = frozenset(unit.value for unit in Unit)


class WelfareMeasure(Content):
    """A burden as the file explains it."""

    name: Annotated[str, some_of(WELFARE_MEASURE)]
    title: str
    unit: Annotated[str, some_of(UNITS)]
    better: int = Field(ge=min(Better), le=max(Better))
    definition: str


class Welfare(Content):
    """welfare.json: what debtors bear under each policy, and the verdicts."""

    reference: str
    burdens: Annotated[list[str], some_of(WELFARE_MEASURE)]
    measures: list[WelfareMeasure] = Field(min_length=1)
    policies: dict[str, Burdens] = Field(min_length=1)
    differences: dict[str, dict[str, Annotated[dict[str, Difference], exactly(WELFARE_MEASURE)]]]
    checks: list[WelfareCheck]

    @model_validator(mode="after")
    def _of_the_same_policies(self) -> Welfare:
        names = list(self.policies)
        if self.reference not in names:
            raise misplaced(("reference",), self.reference, f"one of {', '.join(names)}")
        check_pairs(self.differences, names, "differences")
        titles = [measure.name for measure in self.measures]
        for number, check in enumerate(self.checks):
            for field, known in (("policy", names), ("reference", names)):
                if (name := getattr(check, field)) not in known:
                    raise misplaced(("checks", number, field), name, f"one of {', '.join(known)}")
            for field in ("more", "less"):
                for name in getattr(check, field):
                    if name not in titles:
                        raise misplaced(("checks", number, field), name, "burdens that `measures` explains")
            if check.cost_from is not None and check.cost_from not in titles:
                raise misplaced(("checks", number, "cost_from"), check.cost_from, "a burden that `measures` explains")
        return self


WELFARE_FILE = JsonKind(WELFARE, "recoup compare", Welfare)

# --- fairness.json ------------------------------------------------------------------------------------------------------


class FairnessOutcome(Content):
    """An outcome as the file explains it."""

    name: Annotated[str, some_of(OUTCOME)]
    title: str
    unit: Annotated[str, some_of(UNITS)]
    kind: str


class Bounds(Content):
    """Beyond which a gap is a warning."""

    ratio: Number
    standardised_difference: Number


class Gap(Content):
    """A gap over all seeds with its 95 % interval and standard error."""

    gap: Number
    low: Number
    high: Number
    error: Number


class GroupOutcome(Content):
    """An outcome of one group over all seeds; `unequal` where it was judged."""

    value: Known
    others: Number | None
    sd: Number | None
    raw: Gap | None
    adjusted: Gap | None
    unequal: bool = False

    _others_of_a_gap = model_validator(mode="after")(_gap_needs_others)


class Group(Content):
    """A protected group over all seeds."""

    accounts: Number = Field(ge=0)
    outcomes: Annotated[dict[str, GroupOutcome], exactly(OUTCOME)]


class Finding(Content):
    """A gap beyond its bound."""

    policy: str
    attribute: str
    group: str
    outcome: str
    former: ClassVar[frozenset[str]] = frozenset({"sentence"})


class Proxy(Content):
    """How well the inputs tell a group: area under the curve with its interval, and the field that tells most."""

    auc: Share
    low: Share
    high: Share
    field: str
    field_auc: Share


class ProxyWarning(Content):
    """A group that the inputs tell: the lower end of its interval is above the bound."""

    attribute: Annotated[str, some_of(ATTRIBUTES)]
    group: str


class Proxies(Content):
    """The proxy check."""

    inputs: list[str]
    bound: Share
    attributes: Annotated[dict[str, dict[str, Proxy]], exactly(ATTRIBUTES)]
    warnings: list[ProxyWarning | str]  # sentences in files of older versions


class Fairness(Content):
    """fairness.json: how groups are treated."""

    outcomes: list[FairnessOutcome] = Field(min_length=1)
    bounds: Bounds
    adjusted_for: list[str]
    gaps_judged: Count
    confidence_each: Share
    policies: dict[str, Annotated[dict[str, dict[str, Group]], exactly(ATTRIBUTES)]] = Field(min_length=1)
    warnings: list[Finding]
    explained: list[Finding]
    drawn: Annotated[list[str], some_of(ATTRIBUTES)]
    proxies: Proxies

    @model_validator(mode="after")
    def _findings_are_of_groups(self) -> Fairness:
        shown = [outcome.name for outcome in self.outcomes]
        for number, finding in enumerate(self.warnings):
            at = ("warnings", number)
            groups = self.policies.get(finding.policy, {}).get(finding.attribute, {})
            if finding.group not in groups:
                raise misplaced(at, f"{finding.policy}, {finding.attribute} {finding.group}", "a group of `policies`")
            if finding.outcome not in shown:
                raise misplaced((*at, "outcome"), finding.outcome, f"one of {', '.join(shown)}")
            cell = groups[finding.group].outcomes[finding.outcome]
            if cell.adjusted is None or cell.others is None:
                raise misplaced(at, finding.outcome, "an outcome with a gap to others")
        return self


FAIRNESS_FILE = JsonKind(FAIRNESS, "recoup compare", Fairness)

# --- audit.json ---------------------------------------------------------------------------------------------------------


Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class Counts(Content):
    """What the audit counted for a rule under one policy."""

    tested: Count
    near: Count
    stopped: Count
    breaches: Count


class AuditedRule(Counts):
    """A rule with what was counted for it in all, and by policy."""

    id: str
    kind: str
    text: str
    text_zh: str
    parameters: dict[str, Any]
    source: str
    confidence: str
    missing: list[str]
    by_policy: dict[str, Counts]


class AuditedFile(Content):
    """A file of those that were audited."""

    name: str
    bytes: Count
    sha256: Digest


class AuditRecord(Content):
    """What was audited, by what, when and how: what whoever signs an audit signs for.

    `sha256` is that of the one file; of a run's several, that of the list `sha256sum` would make of them. None for a database.
    """

    source: str
    files: list[AuditedFile]
    sha256: Digest | None
    column_map: AuditedFile | None
    rows: Count
    accounts: Count
    first_day: int | None
    last_day: int | None
    first_date: str | None
    last_date: str | None
    columns_empty: dict[str, list[str]]  # column without a value in any row: the rules that need it
    rules_sha256: Digest
    recoup: str
    made: str  # ISO 8601, with the zone
    command: str
    language: str


class AuditCoverage(Content):
    """Rules that some row tested, that none did, and that could not be tested because columns lack."""

    rules: Count
    tested: Count
    met_no_row: Count
    not_testable: Count


class Audit(Content):
    """audit.json: the rules, how often each was tested and broken; `coverage` and `record` in those of `recoup audit`."""

    pack: str
    title: str
    logs: Count
    treatments_in_breach: dict[str, Count]
    rules: list[AuditedRule]
    columns_not_read: list[str] = []  # of a log that Recoup did not write
    coverage: AuditCoverage | None = None
    record: AuditRecord | None = None


AUDIT_FILE = JsonKind("audit.json", "recoup audit", Audit)
