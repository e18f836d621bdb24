"""The gate: a rule pack (`rules.py`) decides which treatments are lawful for an account today.

Every rule is a trigger on the account and a set of feature bits it forbids while triggered (see `treatments.py`).
Vocabulary that makes no sense for an account (enforcing without a judgment, an offer on top of a running plan) is
*impossible* rather than unlawful: it is masked as well, gate or no gate, and never counts as a breach.
"""

from __future__ import annotations

from enum import IntEnum, unique
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recoup.sim import treatments as tr
from recoup.sim.account import NEVER, FileReview, Stage
from recoup.sim.compiled import njit
from recoup.sim.compliance.rules import (
    MOST_RULES,
    BrokenPlans,
    ContactCap,
    ContactHours,
    DiscountAuthority,
    FlaggedContact,
    InterestCap,
    InterestFreeze,
    LegalPrecondition,
    Limitation,
    PlanLength,
    QuietAfterConversation,
    RecordKeeping,
    ReviewStep,
    Rule,
    RulePack,
    SettlementBudget,
    Standing,
    ThirdParties,
    ValidationNotice,
)
from recoup.sim.observation import popcount
from recoup.sim.parameters import World
from recoup.sim.treatments import CONTACT_BITS, Group, Legal, OfferKind, Window


@unique
class Trigger(IntEnum):
    """When a rule forbids something; `most` and `limit` are the rule record's numbers (`RuleRecord`)."""

    ALWAYS = 0
    CONTACTS = 1  # `most` days with contact of a group within `limit` days
    QUIET_PERIOD = 2  # a conversation within `limit` days
    COMPLAINT = 3
    HARDSHIP = 4
    DISPUTE = 5
    OPTED_OUT = 6
    PROMISE_OPEN = 7
    RESTRUCTURED = 8
    YOUNGER_THAN = 9  # dpd below `limit`
    OLDER_THAN = 10  # dpd above `limit`
    SMALLER_THAN = 11  # balance below `limit` cents
    NOT_NOTICED_FOR = 12  # no notice, or not yet `limit` days ago
    BUDGET_SPENT = 13
    DAY_OFF = 14
    PLANS_BROKEN = 15  # `most` plans broken
    CONVERSATION_CAP = 16  # `most` days with a conversation within `limit` days
    CEASE_CONTACT = 17
    BREATHING_SPACE = 18
    PLAN_KEPT = 19  # an instalment agreement runs, and no instalment is missed
    WEEKDAY = 20  # no day off
    WEEKEND = 21
    HOLIDAY = 22  # a day off from Monday to Friday
    TIME_BARRED = 23  # more than `limit` days without a demand or acknowledgement


SUSPENDED = (
    MOST_RULES + 1
)  # + channel: the number under which a channel's suspension is filed, above those of all rules


class RuleRecord(NamedTuple):
    """A trigger, and what it forbids.

    Attributes:
        trigger: when.
        bits: feature bits (`treatments`) that are forbidden then.
        most: how many of what the trigger counts; so many already, and no more may follow.
        limit: days, days past due or cents, as the trigger says.
        group: channel group that contacts are counted of; NONE = of all.
        rule: number of its rule in the pack.
    """

    trigger: Trigger
    bits: int
    most: int = 0
    limit: float = 0.0
    group: Group = Group.NONE
    rule: int = 0


RULE = np.dtype(
    [("trigger", "u1"), ("bits", "u8"), ("most", "i4"), ("limit", "f8"), ("group", "u1"), ("rule", "u1")], align=True
)
assert RULE.names == RuleRecord._fields

# What an asset's sale brings less than its appraisal is forgiven, as a discount is, and from the same budget.
_FORGIVING_BITS = tr.offer_bits(OfferKind.SETTLEMENT) | tr.offer_bits(OfferKind.SWAP)
_TOPICS: dict[str, int] = {
    "contact": CONTACT_BITS,
    "text": tr.TEXT_BITS,
    "call": tr.CALL_BITS,
    "letter": tr.LETTER_BITS,
    "visit": tr.VISIT_BITS,
    "autocall": tr.channel_bit(tr.Channel.AUTOCALL),
    "settlement": _FORGIVING_BITS,
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
    "cease_contact": Trigger.CEASE_CONTACT,
    "breathing_space": Trigger.BREATHING_SPACE,
    "promise_open": Trigger.PROMISE_OPEN,
    "restructured": Trigger.RESTRUCTURED,
    "plan_kept": Trigger.PLAN_KEPT,
    "day_off": Trigger.DAY_OFF,
    "holiday": Trigger.HOLIDAY,
}
_ON = {
    "every_day": Trigger.ALWAYS,
    "weekdays": Trigger.WEEKDAY,
    "weekends": Trigger.WEEKEND,
    "days_off": Trigger.DAY_OFF,
}


def gate_table(pack: RulePack, world: World) -> NDArray[np.void]:
    """The rules as records for the compiled gate, dtype `RULE` (records,); a rule may take several records or none.

    Args:
        pack: the rules; a record holds its rule's place in the pack.
        world: the hours of its contact windows are held against the rules.
    """
    records = [
        record._replace(rule=number) for number, rule in enumerate(pack.rules) for record in _records(rule, world)
    ]
    return np.array(records, RULE)


def _records(rule: Rule, world: World) -> list[RuleRecord]:
    """The records of one rule, all of them without its number."""
    match rule:
        case ContactHours():
            unlawful = [
                window
                for window in Window
                if world.windows.hours(window)[0] < rule.from_hour or world.windows.hours(window)[1] > rule.to_hour
            ]
            bits = sum(tr.group_bits(Group[name.upper()], unlawful) for name in rule.groups)
            return [RuleRecord(_ON[rule.when], bits)] if bits else []
        case ContactCap(count="unanswered"):
            return []  # one contact a day at most: the second dial of a day does not happen
        case ContactCap(group="contact"):
            return [RuleRecord(Trigger.CONTACTS, CONTACT_BITS, rule.most, rule.days)]
        case ContactCap():
            group = Group[rule.group.upper()]
            trigger = Trigger.CONVERSATION_CAP if rule.count == "conversations" else Trigger.CONTACTS
            return [RuleRecord(trigger, tr.group_bits(group), rule.most, rule.days, group)]
        case QuietAfterConversation():
            return [RuleRecord(Trigger.QUIET_PERIOD, tr.CALL_BITS, limit=rule.days)]
        case Standing(while_="represented" | "restructuring_request"):
            return []  # no simulated debtor has an attorney, or asks in writing for a restructuring
        case Standing():
            bits = 0
            for topic in rule.forbids:
                bits |= _TOPICS[topic]
            return [RuleRecord(_STANDING[rule.while_], bits)]
        case PlanLength():
            bits = sum(tr.offer_bits(kind, rule.most_months + 1) for kind in (OfferKind.PLAN, OfferKind.RESTRUCTURE))
            return [RuleRecord(Trigger.ALWAYS, bits)] if bits else []
        case BrokenPlans():
            bits = tr.offer_bits(OfferKind.PLAN) | tr.offer_bits(OfferKind.RESTRUCTURE)
            return [RuleRecord(Trigger.PLANS_BROKEN, bits, rule.most)]
        case DiscountAuthority():
            above = tr.offer_bits(OfferKind.SETTLEMENT, least_discount=rule.most + 1e-6)
            return [RuleRecord(Trigger.YOUNGER_THAN, above, limit=rule.before_dpd)] if above else []
        case SettlementBudget():
            return [RuleRecord(Trigger.BUDGET_SPENT, _FORGIVING_BITS)]
        case Limitation():
            bits = tr.legal_bit(Legal.NOTICE) | tr.legal_bit(Legal.SUIT)
            return [RuleRecord(Trigger.TIME_BARRED if rule.restarts else Trigger.OLDER_THAN, bits, limit=rule.days)]
        case LegalPrecondition():
            bit = tr.legal_bit(Legal[rule.step.upper()])
            records = []
            if rule.least_dpd:
                records.append(RuleRecord(Trigger.YOUNGER_THAN, bit, limit=rule.least_dpd))
            if rule.least_balance:
                records.append(RuleRecord(Trigger.SMALLER_THAN, bit, limit=100.0 * rule.least_balance))
            if rule.notice_days:
                records.append(RuleRecord(Trigger.NOT_NOTICED_FOR, bit, limit=rule.notice_days))
            return records
        case InterestCap() | InterestFreeze() | ReviewStep() | ThirdParties() | RecordKeeping():
            return []  # the world keeps to it by itself; there is no treatment to forbid
        case ValidationNotice() | FlaggedContact():
            return []  # the world knows neither
    raise TypeError(rule)


# Numba reads module-level integers as constants.
_ALWAYS, _CONTACTS = int(Trigger.ALWAYS), int(Trigger.CONTACTS)
_QUIET_PERIOD, _CONVERSATION_CAP = int(Trigger.QUIET_PERIOD), int(Trigger.CONVERSATION_CAP)
_COMPLAINT, _HARDSHIP, _DISPUTE = int(Trigger.COMPLAINT), int(Trigger.HARDSHIP), int(Trigger.DISPUTE)
_OPTED_OUT, _CEASE, _BREATHING = int(Trigger.OPTED_OUT), int(Trigger.CEASE_CONTACT), int(Trigger.BREATHING_SPACE)
_PROMISE_OPEN, _RESTRUCTURED = int(Trigger.PROMISE_OPEN), int(Trigger.RESTRUCTURED)
_YOUNGER, _OLDER, _SMALLER = int(Trigger.YOUNGER_THAN), int(Trigger.OLDER_THAN), int(Trigger.SMALLER_THAN)
_NOT_NOTICED, _BUDGET, _DAY_OFF = int(Trigger.NOT_NOTICED_FOR), int(Trigger.BUDGET_SPENT), int(Trigger.DAY_OFF)
_PLAN_KEPT, _TIME_BARRED = int(Trigger.PLAN_KEPT), int(Trigger.TIME_BARRED)
_WEEKDAY, _WEEKEND, _HOLIDAY = int(Trigger.WEEKDAY), int(Trigger.WEEKEND), int(Trigger.HOLIDAY)
_CALL, _TEXT, _LETTER, _VISIT = int(Group.CALL), int(Group.TEXT), int(Group.LETTER), int(Group.VISIT)
_NOTICED, _QUEUED, _ENFORCING, _JUDGED, _DISMISSED = (
    int(s) for s in (Stage.NOTICED, Stage.QUEUED, Stage.ENFORCING, Stage.JUDGED, Stage.DISMISSED)
)
_UNDER_REVIEW = int(FileReview.UNDER_REVIEW)
RENOTICE_DAYS = 90
_ENFORCE_BIT, _NOTICE_BIT, _SUIT_BIT = (tr.legal_bit(s) for s in (Legal.ENFORCE, Legal.NOTICE, Legal.SUIT))
_ANY_OFFER, _ANY_LEGAL = tr.OFFER_BITS, tr.LEGAL_BITS
_RESTRUCTURE_BIT = tr.offer_bits(OfferKind.RESTRUCTURE)
_PLAN_BITS = tr.offer_bits(OfferKind.PLAN) | _RESTRUCTURE_BIT
_SWAP_BIT = tr.offer_bits(OfferKind.SWAP)


@njit()
def triggered(a, t, rule):  # type: ignore[no-untyped-def]
    """Whether a rule record forbids its bits for this account today."""
    kind = rule.trigger
    if kind == _ALWAYS:
        return True
    if kind == _CONTACTS:
        days = (1 << int(rule.limit)) - 1
        if rule.group == _CALL:
            history = a.call_history
        elif rule.group == _TEXT:
            history = a.text_history
        elif rule.group == _LETTER:
            history = a.letter_history
        elif rule.group == _VISIT:
            history = a.visit_history
        else:
            history = a.call_history | a.text_history | a.letter_history | a.visit_history
        return popcount(history & days) >= rule.most
    if kind == _QUIET_PERIOD:
        return (a.conversation_history & ((1 << int(rule.limit)) - 1)) != 0
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
        return a.dpd0 + t.day < rule.limit
    if kind == _OLDER:
        return a.dpd0 + t.day > rule.limit
    if kind == _SMALLER:
        return a.balance < rule.limit
    if kind == _NOT_NOTICED:
        return a.stage != _NOTICED or t.day - a.stage_day < rule.limit
    if kind == _BUDGET:
        return t.settlement_budget_left <= 0.0
    if kind == _DAY_OFF:
        return t.day_off != 0
    if kind == _CONVERSATION_CAP:
        return popcount(a.conversation_history & ((1 << int(rule.limit)) - 1)) >= rule.most
    if kind == _CEASE:
        return a.ceased != 0
    if kind == _BREATHING:
        return a.breathing_until > t.day
    if kind == _PLAN_KEPT:
        return a.plan_months != 0 and a.plan_missed == 0
    if kind == _WEEKDAY:
        return t.day_off == 0
    if kind == _WEEKEND:
        return t.weekday >= 5
    if kind == _HOLIDAY:
        return t.day_off != 0 and t.weekday < 5
    if kind == _TIME_BARRED:
        return max(a.silence, t.day - max(-a.dpd0, a.demanded, a.acknowledged)) > rule.limit
    return a.plans_broken >= rule.most


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
    """1 + number of the first rule that forbids a treatment with these bits, 0 if none does.

    Args:
        a: the account's record (`account.ACCOUNT`).
        t: the day (`observation.DAY_CONTEXT`).
        rules: records of `gate_table`.
        treatment_bits: feature bits, uint64.
    """
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
        if a.promise_swap:  # nobody sues over what is about to be handed over
            bits |= np.uint64(_ANY_LEGAL)
    if not a.stable_assets or stage >= _QUEUED:
        bits |= np.uint64(_SWAP_BIT)
    if in_court:
        bits |= np.uint64(_PLAN_BITS)
    if not a.stable_assets or a.restructured:
        bits |= np.uint64(_RESTRUCTURE_BIT)
    if stage != _JUDGED:
        bits |= np.uint64(_ENFORCE_BIT)
    if stage > _NOTICED or a.review == _UNDER_REVIEW:
        bits |= np.uint64(_NOTICE_BIT | _SUIT_BIT)
    elif stage == _NOTICED and t.day - a.stage_day < RENOTICE_DAYS:
        bits |= np.uint64(_NOTICE_BIT)
    return bits
