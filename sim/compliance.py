"""The gate: a rule pack (data) decides which treatments are lawful for an account today.

Every rule is a trigger on the account and a set of feature bits it forbids while triggered (see `treatments.py`).
Vocabulary that makes no sense for an account (enforcing without a judgment, an offer on top of a running plan) is
*impossible* rather than unlawful: it is masked as well, gate or no gate, and never counts as a breach.
"""

from __future__ import annotations

from enum import IntEnum, unique
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from sim import treatments as tr
from sim.account import NEVER, Stage
from sim.compiled import njit
from sim.inputs import read_yaml, validated
from sim.observation import popcount
from sim.parameters import Section, Share, World
from sim.treatments import CONTACT_BITS, Group, Legal, OfferKind, Window


@unique
class Trigger(IntEnum):
    """When a rule forbids something; `n`, `x` are the rule record's numbers."""

    ALWAYS = 0
    CONTACTS = 1  # n days with contact of a group within x days
    CONVERSATION = 2  # a conversation within x days
    COMPLAINT = 3
    HARDSHIP = 4
    DISPUTE = 5
    OPTED_OUT = 6
    PROMISE_OPEN = 7
    RESTRUCTURED = 8
    YOUNGER_THAN = 9  # dpd below x
    OLDER_THAN = 10  # dpd above x
    SMALLER_THAN = 11  # balance below x cents
    NOT_NOTICED_FOR = 12  # no notice, or not yet x days ago
    BUDGET_SPENT = 13
    DAY_OFF = 14
    AFTER_DEFAULT_OF_PLANS = 15  # n plans broken


class Rule(Section):
    """What all rules have: an id, one plain sentence, the source and how sure of it we are."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=60)]
    text: Annotated[str, Field(min_length=1, max_length=400)]
    source: Annotated[str, Field(min_length=1, max_length=400)]
    confidence: Literal["A", "B", "C"]


GroupName = Literal["text", "call", "letter", "visit"]
Topic = Literal[
    "contact",
    "text",
    "call",
    "letter",
    "visit",
    "autocall",
    "settlement",
    "plan",
    "restructure",
    "legal",
    "notice",
    "suit",
    "enforce",
]


class ContactHours(Rule):
    """No contact of these groups outside the hours; a window counts as lawful only if all of it is."""

    kind: Literal["contact_hours"]
    groups: list[GroupName] = Field(min_length=1)
    from_hour: Annotated[float, Field(ge=0, le=24)]
    to_hour: Annotated[float, Field(ge=0, le=24)]


class ContactCap(Rule):
    """At most so many days with contact of a group within a rolling number of days (one contact a day at most)."""

    kind: Literal["contact_cap"]
    group: Literal["text", "call", "letter", "visit"]
    most: Annotated[int, Field(ge=0, le=31)]
    days: Annotated[int, Field(ge=1, le=31)]


class QuietAfterConversation(Rule):
    """No call for so many days after a conversation, whose own day is the first of them."""

    kind: Literal["quiet_after_conversation"]
    days: Annotated[int, Field(ge=1, le=31)]


class Standing(Rule):
    """While the account stands so, these topics rest."""

    kind: Literal["standing"]
    while_: Literal["complaint", "hardship", "dispute", "opted_out", "promise_open", "restructured", "day_off"] = Field(
        alias="while"
    )
    forbids: list[Topic] = Field(min_length=1)


class PlanLength(Rule):
    """No instalment agreement longer than this."""

    kind: Literal["plan_length"]
    most_months: Annotated[int, Field(ge=1, le=600)]


class BrokenPlans(Rule):
    """No further instalment agreement after so many broken ones."""

    kind: Literal["broken_plans"]
    most: Annotated[int, Field(ge=1, le=10)]


class DiscountAuthority(Rule):
    """Before this age of debt, no discount above this share."""

    kind: Literal["discount_authority"]
    before_dpd: Annotated[int, Field(ge=0, le=10_000)]
    most: Share


class SettlementBudget(Rule):
    """No discount when the scenario's settlement budget is spent (counting agreed settlements not yet paid)."""

    kind: Literal["settlement_budget"]


class Limitation(Rule):
    """No legal step beyond this age of debt."""

    kind: Literal["limitation"]
    days: Annotated[int, Field(ge=1, le=10_000)]


class LegalPrecondition(Rule):
    """A legal step needs this age, this balance (currency), and this many days since the notice."""

    kind: Literal["legal_precondition"]
    step: Literal["notice", "suit"]
    least_dpd: Annotated[int, Field(ge=0, le=10_000)] = 0
    least_balance: Annotated[float, Field(ge=0, le=1e9)] = 0
    notice_days: Annotated[int, Field(ge=0, le=365)] = 0


class InterestCap(Rule):
    """Late interest above this annual rate is not charged."""

    kind: Literal["interest_cap"]
    most: Share


AnyRule = Annotated[
    ContactHours
    | ContactCap
    | QuietAfterConversation
    | Standing
    | PlanLength
    | BrokenPlans
    | DiscountAuthority
    | SettlementBudget
    | Limitation
    | LegalPrecondition
    | InterestCap,
    Field(discriminator="kind"),
]

SUSPENDED = 240  # + channel: the number under which a channel's suspension is filed, above those of all rules

RULE = np.dtype(
    [("trigger", "u1"), ("group", "u1"), ("n", "i4"), ("x", "f8"), ("bits", "u8"), ("rule", "u1")], align=True
)

_TOPICS: dict[str, int] = {
    "contact": CONTACT_BITS,
    "text": tr.TEXT_BITS,
    "call": tr.CALL_BITS,
    "letter": tr.LETTER_BITS,
    "visit": tr.VISIT_BITS,
    "autocall": tr.channel_bit(tr.Channel.AUTOCALL),
    "settlement": tr.offer_bits(OfferKind.SETTLEMENT),
    "plan": tr.offer_bits(OfferKind.PLAN),
    "restructure": tr.offer_bits(OfferKind.RESTRUCTURE),
    "legal": tr.LEGAL_BITS,
    **{step.name.lower(): tr.legal_bit(step) for step in Legal if step},
}
_STANDING = {
    "complaint": Trigger.COMPLAINT,
    "hardship": Trigger.HARDSHIP,
    "dispute": Trigger.DISPUTE,
    "opted_out": Trigger.OPTED_OUT,
    "promise_open": Trigger.PROMISE_OPEN,
    "restructured": Trigger.RESTRUCTURED,
    "day_off": Trigger.DAY_OFF,
}


class RulePack(Section):
    """A jurisdiction's rules. Money in the rules is in the scenario's currency."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    title: str
    description: str = ""
    rules: list[AnyRule] = Field(max_length=SUSPENDED - 1)

    @property
    def interest_cap(self) -> float:
        """Highest annual rate of late interest (1.0 without a rule)."""
        return min((rule.most for rule in self.rules if isinstance(rule, InterestCap)), default=1.0)

    def table(self, world: World) -> NDArray[np.void]:
        """The rules as records for the compiled gate, dtype `RULE`; a rule may take several records or none."""
        records = [
            (trigger, group, n, x, bits, number)
            for number, rule in enumerate(self.rules)
            for trigger, group, n, x, bits in _records(rule, world)
        ]
        return np.array(records, RULE)


def _records(rule: Rule, world: World) -> list[tuple[int, int, int, float, int]]:
    """(trigger, group, n, x, forbidden bits) records of one rule."""
    match rule:
        case ContactHours():
            unlawful = [
                window
                for window in Window
                if world.windows.hours(window)[0] < rule.from_hour or world.windows.hours(window)[1] > rule.to_hour
            ]
            bits = sum(tr.group_bits(Group[name.upper()], unlawful) for name in rule.groups)
            return [(Trigger.ALWAYS, 0, 0, 0.0, bits)] if bits else []
        case ContactCap():
            group = Group[rule.group.upper()]
            return [(Trigger.CONTACTS, group, rule.most, float(rule.days), tr.group_bits(group))]
        case QuietAfterConversation():
            return [(Trigger.CONVERSATION, 0, 0, float(rule.days), tr.CALL_BITS)]
        case Standing():
            bits = 0
            for topic in rule.forbids:
                bits |= _TOPICS[topic]
            return [(_STANDING[rule.while_], 0, 0, 0.0, bits)]
        case PlanLength():
            bits = sum(tr.offer_bits(kind, rule.most_months + 1) for kind in (OfferKind.PLAN, OfferKind.RESTRUCTURE))
            return [(Trigger.ALWAYS, 0, 0, 0.0, bits)] if bits else []
        case BrokenPlans():
            bits = tr.offer_bits(OfferKind.PLAN) | tr.offer_bits(OfferKind.RESTRUCTURE)
            return [(Trigger.AFTER_DEFAULT_OF_PLANS, 0, rule.most, 0.0, bits)]
        case DiscountAuthority():
            above = tr.offer_bits(OfferKind.SETTLEMENT, least_discount=rule.most + 1e-6)
            return [(Trigger.YOUNGER_THAN, 0, 0, float(rule.before_dpd), above)] if above else []
        case SettlementBudget():
            return [(Trigger.BUDGET_SPENT, 0, 0, 0.0, tr.offer_bits(OfferKind.SETTLEMENT))]
        case Limitation():
            return [(Trigger.OLDER_THAN, 0, 0, float(rule.days), tr.legal_bit(Legal.NOTICE) | tr.legal_bit(Legal.SUIT))]
        case LegalPrecondition():
            bit = tr.legal_bit(Legal[rule.step.upper()])
            records: list[tuple[int, int, int, float, int]] = []
            if rule.least_dpd:
                records.append((Trigger.YOUNGER_THAN, 0, 0, float(rule.least_dpd), bit))
            if rule.least_balance:
                records.append((Trigger.SMALLER_THAN, 0, 0, 100.0 * rule.least_balance, bit))
            if rule.notice_days:
                records.append((Trigger.NOT_NOTICED_FOR, 0, 0, float(rule.notice_days), bit))
            return records
        case InterestCap():
            return []  # the world charges no more; there is no treatment to forbid
    raise TypeError(rule)


def load_rules(path: Path) -> RulePack:
    """Read a rule pack.

    Raises:
        InputError: naming the file, line, rule field, value and what was expected; or two rules with one id.
    """
    document = read_yaml(path)
    pack = validated(RulePack, document)
    seen: set[str] = set()
    for number, rule in enumerate(pack.rules):
        if rule.id in seen:
            raise document.error(("rules", number, "id"), rule.id, "an id that no other rule of the pack has")
        seen.add(rule.id)
    return pack


_T = {trigger.name: int(trigger) for trigger in Trigger}
(_ALWAYS, _CONTACTS, _CONVERSATION, _COMPLAINT, _HARDSHIP, _DISPUTE, _OPTED_OUT, _PROMISE_OPEN, _RESTRUCTURED) = (
    int(trigger) for trigger in list(Trigger)[:9]
)
(_YOUNGER, _OLDER, _SMALLER, _NOT_NOTICED, _BUDGET, _DAY_OFF, _BROKEN_PLANS) = (
    int(trigger) for trigger in list(Trigger)[9:]
)
_CALL, _TEXT, _LETTER = int(Group.CALL), int(Group.TEXT), int(Group.LETTER)
_NOTICED, _QUEUED, _ENFORCING, _JUDGED, _DISMISSED = (
    int(s) for s in (Stage.NOTICED, Stage.QUEUED, Stage.ENFORCING, Stage.JUDGED, Stage.DISMISSED)
)
RENOTICE_DAYS = 90
_ENFORCE_BIT, _NOTICE_BIT, _SUIT_BIT = (tr.legal_bit(s) for s in (Legal.ENFORCE, Legal.NOTICE, Legal.SUIT))
_ANY_OFFER, _ANY_LEGAL = tr.OFFER_BITS, tr.LEGAL_BITS
_RESTRUCTURE_BIT = tr.offer_bits(OfferKind.RESTRUCTURE)
_PLAN_BITS = tr.offer_bits(OfferKind.PLAN) | _RESTRUCTURE_BIT


@njit()
def triggered(a, t, rule):  # type: ignore[no-untyped-def]
    """Whether a rule record forbids its bits for this account today."""
    kind = rule.trigger
    if kind == _ALWAYS:
        return True
    if kind == _CONTACTS:
        days = (1 << int(rule.x)) - 1
        if rule.group == _CALL:
            history = a.call_history
        elif rule.group == _TEXT:
            history = a.text_history
        elif rule.group == _LETTER:
            history = a.letter_history
        else:
            history = a.visit_history
        return popcount(history & days) >= rule.n
    if kind == _CONVERSATION:
        return (a.conversation_history & ((1 << int(rule.x)) - 1)) != 0
    if kind == _COMPLAINT:
        return a.complaint_until > t.day
    if kind == _HARDSHIP:
        return a.hardship_until > t.day
    if kind == _DISPUTE:
        return a.dispute_until > t.day
    if kind == _OPTED_OUT:
        return a.opted_out != 0
    if kind == _PROMISE_OPEN:
        return a.promise_due != NEVER
    if kind == _RESTRUCTURED:
        return a.restructured != 0
    if kind == _YOUNGER:
        return a.dpd0 + t.day < rule.x
    if kind == _OLDER:
        return a.dpd0 + t.day > rule.x
    if kind == _SMALLER:
        return a.balance < rule.x
    if kind == _NOT_NOTICED:
        return a.stage != _NOTICED or t.day - a.stage_day < rule.x
    if kind == _BUDGET:
        return t.settlement_budget_left <= 0.0
    if kind == _DAY_OFF:
        return t.day_off != 0
    return a.plans_broken >= rule.n


@njit()
def unlawful(a, t, rules):  # type: ignore[no-untyped-def]
    """Feature bits that the rules forbid for this account today (uint64)."""
    bits = np.uint64(0)
    for n in range(rules.size):
        if (rules[n].bits & ~bits) and triggered(a, t, rules[n]):
            bits |= rules[n].bits
    return bits


@njit()
def rule_against(a, t, rules, treatment_bits):  # type: ignore[no-untyped-def]
    """1 + number of the first rule that forbids a treatment with these bits, 0 if none does."""
    for n in range(rules.size):
        if (rules[n].bits & treatment_bits) and triggered(a, t, rules[n]):
            return rules[n].rule + 1
    return 0


@njit()
def impossible(a, t):  # type: ignore[no-untyped-def]
    """Feature bits that make no sense for this account today (uint64), whatever the rules say."""
    bits = np.uint64(0)
    stage = a.stage
    in_court = stage >= _QUEUED and stage <= _ENFORCING and stage != _JUDGED and stage != _DISMISSED
    if a.plan_months:
        bits |= np.uint64(_ANY_OFFER | _ANY_LEGAL)
    if a.promise_due != NEVER:
        bits |= np.uint64(_ANY_OFFER)
    if in_court:
        bits |= np.uint64(_PLAN_BITS)
    if not a.stable_assets or a.restructured:
        bits |= np.uint64(_RESTRUCTURE_BIT)
    if stage != _JUDGED:
        bits |= np.uint64(_ENFORCE_BIT)
    if stage > _NOTICED:
        bits |= np.uint64(_NOTICE_BIT | _SUIT_BIT)
    elif stage == _NOTICED and t.day - a.stage_day < RENOTICE_DAYS:
        bits |= np.uint64(_NOTICE_BIT)
    return bits
