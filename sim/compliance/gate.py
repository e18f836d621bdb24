"""The gate: a rule pack (`rules.py`) decides which treatments are lawful for an account today.

Every rule is a trigger on the account and a set of feature bits it forbids while triggered (see `treatments.py`).
Vocabulary that makes no sense for an account (enforcing without a judgment, an offer on top of a running plan) is
*impossible* rather than unlawful: it is masked as well, gate or no gate, and never counts as a breach.

Masks are read from the tables of a `Gate`, all rules of a kind at once; `rule_against` asks the rules one by one (`triggered`), and says which
it is. Tests hold the two forms against each other.
"""

from __future__ import annotations

from enum import IntEnum, unique
from math import ceil, floor
from typing import Any, NamedTuple

import numpy as np
from numba import uint64
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
from recoup.sim.inputs import InputError
from recoup.sim.observation import popcount
from recoup.sim.parameters import World
from recoup.sim.treatments import CONTACT_BITS, MOST_PRODUCTS, Group, Legal, OfferKind, Window


@unique
class Trigger(IntEnum):
    """When a rule forbids something; `most` and `limit` are the rule record's numbers (`RuleRecord`)."""

    # On the account's standing, or on the day: nothing is counted, and a flag says it all (`standing`).
    COMPLAINT = 0
    HARDSHIP = 1
    DISPUTE = 2
    OPTED_OUT = 3
    PROMISE_OPEN = 4
    RESTRUCTURED = 5
    CEASE_CONTACT = 6
    BREATHING_SPACE = 7
    PLAN_KEPT = 8  # an instalment agreement runs, and no instalment is missed
    ALWAYS = 9
    BUDGET_SPENT = 10
    DAY_OFF = 11
    WEEKDAY = 12  # no day off
    WEEKEND = 13
    HOLIDAY = 14  # a day off from Monday to Friday
    # On a number against the rule's own.
    CONTACTS = 15  # `most` days with contact of a group within `limit` days
    QUIET_PERIOD = 16  # a conversation within `limit` days
    YOUNGER_THAN = 17  # dpd below `limit`
    OLDER_THAN = 18  # dpd above `limit`
    SMALLER_THAN = 19  # balance below `limit` cents
    NOT_NOTICED_FOR = 20  # no notice, or not yet `limit` days ago
    PLANS_BROKEN = 21  # `most` plans broken
    CONVERSATION_CAP = 22  # `most` days with a conversation within `limit` days
    TIME_BARRED = 23  # more than `limit` days without a demand or acknowledgement
    CHANNEL_CONTACTS = (
        24  # `most` contacts by one channel within `limit` days: counted each morning (`channel_days`), and marked
    )


@unique
class Counted(IntEnum):
    """What a cap counts of all contacts with a customer, about whichever of his accounts."""

    NOTHING = 0  # no cap, or one on the contacts about each account by itself
    DAYS = 1
    ATTEMPTS = 2
    CONVERSATIONS = 3
    QUIET = 4


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
        counted: of a cap on the contacts with a customer, what it counts.
        cap: number of the cap among those that are marked on accounts (`caps_reached`): on a customer's contacts, or on a channel's.
        channel: that a cap counts by itself; 0 = it counts a group.
        products: a bit for each product, by its number, that the rule is on; 0 = it is on all.
    """

    trigger: Trigger
    bits: int
    most: int = 0
    limit: float = 0.0
    group: Group = Group.NONE
    rule: int = 0
    counted: Counted = Counted.NOTHING
    cap: int = 0
    channel: int = 0
    products: int = 0


RULE = np.dtype(
    [
        ("trigger", "u1"),
        ("bits", "u8"),
        ("most", "i4"),
        ("limit", "f8"),
        ("group", "u1"),
        ("rule", "u1"),
        ("counted", "u1"),
        ("cap", "u1"),
        ("channel", "u1"),
        ("products", "u2"),
    ],
    align=True,
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
        record._replace(rule=number, products=_product_bits(rule, world))
        for number, rule in enumerate(pack.rules)
        if not rule.products or _product_bits(rule, world)  # a pack may name what only some worlds have
        for record in _records(rule, world)
    ]
    table = np.array(records, RULE)
    caps = np.flatnonzero((table["counted"] != Counted.NOTHING) | (table["trigger"] == Trigger.CHANNEL_CONTACTS))
    if caps.size > MOST_CAPS:
        raise InputError(
            f"rule pack {pack.name}", "rules", f"{caps.size} contact caps and quiet periods", f"at most {MOST_CAPS}"
        )
    table["cap"][caps] = np.arange(caps.size)
    return table


def _product_bits(rule: Rule, world: World) -> int:
    """A bit for each product of the world that a rule names."""
    return sum(1 << number for number, product in enumerate(world.products) if product in rule.products)


MOST_CAPS = 62  # that are marked on accounts: a bit for each in 64, with their sign
_FLAGS = 9  # by which `standing` is cut in two
_NOTHING = np.uint64(0)
_CONVERSATIONS = len(Group)  # numbered among the histories of contacts as one group more
# Where the tables of a gate say where each of them begins.
_TABLES = np.uint64(7)
_AT_FLAGS, _AT_AGES, _AT_NOTICES, _AT_BROKEN, _AT_CAPS, _AT_SMALLER, _AT_SILENT = (np.uint64(n) for n in range(7))
_ONE, _TWO, _THREE, _FOUR, _FIVE = (np.uint64(n) for n in (1, 2, 3, 4, 5))
_LAST = -1  # ends a list among them: lists without a length keep the compiler from reading eight entries at once, which takes longer here


class Gate(NamedTuple):
    """A rule pack in the forms that compiled code reads.

    Attributes:
        records: of all rules, in the pack's order (`gate_table`), dtype `RULE` (records,).
        tables: what masks need, all rules of a kind at once, which costs a third of asking each rule. One after another in one
            int64 array, because to take an array out of a tuple costs compiled code more than to read it; at first the places
            where they begin, by product and table. Products that the same rules are on share their tables. By table:

            - standing: what the flags of `standing` forbid together, by the nine lowest of them and by those above (2 · 512);
            - age: what is forbidden at an age: below 0 days past due, at 0, 1 … and at all later ones;
            - notices: what is forbidden to who has no notice, and at 0, 1 … and more days after one;
            - broken: what is forbidden after 0 … 255 broken plans;
            - caps: contact caps and quiet periods, five numbers each: the history (a `Group`, or conversations), which bits of it
              count, how many are too many, what is forbidden then, and its bit in `caps_reached`, 0 = none;
            - smaller: cents, and what is forbidden below them;
            - silent: days, and what is forbidden after more without a demand or acknowledgement.
    """

    records: NDArray[np.void]
    tables: NDArray[np.int64]

    @classmethod
    def of(cls, records: NDArray[np.void]) -> Gate:
        """The gate of these records (`gate_table`)."""
        heads, bodies, known, end = [], [], {}, MOST_PRODUCTS * int(_TABLES)
        for product in range(MOST_PRODUCTS):
            on = (records["products"] == 0) | (records["products"] >> product & 1 > 0)
            if on.tobytes() not in known:
                tables = cls._tables(records[on])
                known[on.tobytes()] = end + np.cumsum([0, *(table.size for table in tables[:-1])])
                bodies += tables
                end += sum(table.size for table in tables)
            heads.append(known[on.tobytes()])
        return cls(records, np.concatenate([*heads, *(table.astype(np.int64) for table in bodies)]))

    @staticmethod
    def _tables(records: NDArray[np.void]) -> list[NDArray[Any]]:
        """The tables of one product, each in one dimension, of the records that are on it."""

        def those(*triggers: Trigger) -> NDArray[np.void]:
            return records[np.isin(records["trigger"], triggers)]

        flags = records[records["trigger"] < _COUNTING]
        standing = np.zeros((2, 1 << _FLAGS), np.uint64)
        held = np.arange(1 << _FLAGS)
        half, bit = np.divmod(flags["trigger"], _FLAGS)
        for record, part, flag in zip(flags, half, bit, strict=True):
            standing[part] |= np.where(held >> int(flag) & 1, record["bits"], _NOTHING)
        caps = [_cap(int(record["group"]), int(record["most"]), record) for record in those(Trigger.CONTACTS)]
        caps += [_cap(_CONVERSATIONS, int(record["most"]), record) for record in those(Trigger.CONVERSATION_CAP)]
        caps += [_cap(_CONVERSATIONS, 1, record) for record in those(Trigger.QUIET_PERIOD)]
        caps += [_only_marked(record) for record in those(Trigger.CHANNEL_CONTACTS)]
        notice, broken = those(Trigger.NOT_NOTICED_FOR), those(Trigger.PLANS_BROKEN)
        return [
            standing.ravel(),
            _forbidden_at(those(Trigger.YOUNGER_THAN), those(Trigger.OLDER_THAN)),
            np.append(_union(notice), _forbidden_at(notice)[1:]),
            np.array([_union(broken[count >= broken["most"]]) for count in range(256)]),
            np.array([*(n for cap in caps for n in cap), _LAST]),
            np.array(
                [*(n for one in those(Trigger.SMALLER_THAN) for n in (ceil(one["limit"]), int(one["bits"]))), _LAST]
            ),
            np.array(
                [*(n for one in those(Trigger.TIME_BARRED) for n in (floor(one["limit"]), int(one["bits"]))), _LAST]
            ),
        ]


def _cap(history: int, most: int, record: np.void) -> tuple[int, int, int, int, int]:
    of_customer = 1 << int(record["cap"]) if record["counted"] else 0
    return history, (1 << int(record["limit"])) - 1, most, int(record["bits"]), of_customer


def _only_marked(record: np.void) -> tuple[int, int, int, int, int]:
    """A cap of which no history of the account says anything: no day of it counts, and one would be too many."""
    return int(Group.NONE), 0, 1, int(record["bits"]), 1 << int(record["cap"])


def _union(records: NDArray[np.void]) -> np.uint64:
    return np.bitwise_or.reduce(records["bits"], initial=np.uint64(0))


def _forbidden_at(below: NDArray[np.void], above: NDArray[np.void] | None = None) -> NDArray[np.uint64]:
    """By days, from −1, what is forbidden below the limits of some records and above those of others; the last entry is for all later days."""
    above = below[:0] if above is None else above
    days = np.arange(-1, int(max([0.0, *below["limit"], *above["limit"]])) + 2)
    table = np.zeros(days.size, np.uint64)
    for records, sign in ((below, 1), (above, -1)):
        for record in records:
            table |= np.where(sign * days < sign * record["limit"], record["bits"], _NOTHING)
    return table


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
        case ContactCap(channel=str(name)):
            if name not in world.vocabulary.channel:  # a pack may name what only some worlds have
                return []
            channel = world.vocabulary.channel[name].channel
            return [
                RuleRecord(
                    Trigger.CHANNEL_CONTACTS,
                    tr.channel_bit(channel),
                    rule.most,
                    rule.days,
                    counted=_counted(rule),
                    channel=int(channel),
                )
            ]
        case ContactCap(group="contact"):
            return [RuleRecord(Trigger.CONTACTS, CONTACT_BITS, rule.most, rule.days, counted=_counted(rule))]
        case ContactCap():
            assert rule.group is not None
            group = Group[rule.group.upper()]
            trigger = Trigger.CONVERSATION_CAP if rule.count == "conversations" else Trigger.CONTACTS
            return [RuleRecord(trigger, tr.group_bits(group), rule.most, rule.days, group, counted=_counted(rule))]
        case QuietAfterConversation():
            of_customer = Counted.QUIET if rule.per == "customer" else Counted.NOTHING
            return [RuleRecord(Trigger.QUIET_PERIOD, tr.CALL_BITS, 1, rule.days, counted=of_customer)]
        case Standing(while_="represented" | "restructuring_request"):
            return []  # no simulated debtor has an attorney, or asks in writing for a restructuring
        case Standing():
            bits = 0
            for topic in rule.forbids:
                bits |= _TOPICS.get(topic, 0)
                if (
                    topic not in _TOPICS and topic in world.vocabulary.channel
                ):  # a pack may name what only some worlds have
                    bits |= tr.channel_bit(world.vocabulary.channel[topic].channel)
            return [RuleRecord(_STANDING[rule.while_], bits)]
        case PlanLength():
            kinds = (OfferKind.PLAN, OfferKind.RESTRUCTURE)
            bits = sum(world.vocabulary.offer_bits(kind, rule.most_months + 1) for kind in kinds)
            return [RuleRecord(Trigger.ALWAYS, bits)] if bits else []
        case BrokenPlans():
            bits = tr.offer_bits(OfferKind.PLAN) | tr.offer_bits(OfferKind.RESTRUCTURE)
            return [RuleRecord(Trigger.PLANS_BROKEN, bits, rule.most)]
        case DiscountAuthority():
            above = world.vocabulary.offer_bits(OfferKind.SETTLEMENT, least_discount=rule.most + 1e-6)
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


def _counted(rule: ContactCap) -> Counted:
    return Counted[rule.count.upper()] if rule.per == "customer" else Counted.NOTHING


# Numba reads module-level integers as constants.
_COMPLAINT, _HARDSHIP, _DISPUTE = int(Trigger.COMPLAINT), int(Trigger.HARDSHIP), int(Trigger.DISPUTE)
_OPTED_OUT, _CEASE, _BREATHING = int(Trigger.OPTED_OUT), int(Trigger.CEASE_CONTACT), int(Trigger.BREATHING_SPACE)
_PROMISE_OPEN, _RESTRUCTURED, _PLAN_KEPT = (
    int(t) for t in (Trigger.PROMISE_OPEN, Trigger.RESTRUCTURED, Trigger.PLAN_KEPT)
)
_ALWAYS, _BUDGET, _DAY_OFF = int(Trigger.ALWAYS), int(Trigger.BUDGET_SPENT), int(Trigger.DAY_OFF)
_WEEKDAY, _WEEKEND, _HOLIDAY = int(Trigger.WEEKDAY), int(Trigger.WEEKEND), int(Trigger.HOLIDAY)
_COUNTING = int(Trigger.CONTACTS)  # the first trigger that counts something
_CONTACTS, _QUIET_PERIOD = int(Trigger.CONTACTS), int(Trigger.QUIET_PERIOD)
_YOUNGER, _OLDER, _SMALLER = int(Trigger.YOUNGER_THAN), int(Trigger.OLDER_THAN), int(Trigger.SMALLER_THAN)
_NOT_NOTICED, _CONVERSATION_CAP = int(Trigger.NOT_NOTICED_FOR), int(Trigger.CONVERSATION_CAP)
_PLANS_BROKEN, _TIME_BARRED = int(Trigger.PLANS_BROKEN), int(Trigger.TIME_BARRED)
_CHANNEL_CONTACTS = int(Trigger.CHANNEL_CONTACTS)
_ANY, _CALL, _TEXT, _LETTER, _VISIT = (int(g) for g in (Group.NONE, Group.CALL, Group.TEXT, Group.LETTER, Group.VISIT))
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
def standing(a, t):  # type: ignore[no-untyped-def]
    """The triggers below `CONTACTS` that hold for this account today: a bit for each, by its number."""
    held = 1 << _ALWAYS
    if a.complaint_until > t.day:
        held |= 1 << _COMPLAINT
    if a.hardship_until > t.day:
        held |= 1 << _HARDSHIP
    if a.dispute_until > t.day:
        held |= 1 << _DISPUTE
    if a.opted_out != 0:
        held |= 1 << _OPTED_OUT
    if a.promise_due != NEVER:
        held |= 1 << _PROMISE_OPEN
    if a.restructured != 0:
        held |= 1 << _RESTRUCTURED
    if a.ceased != 0:
        held |= 1 << _CEASE
    if a.breathing_until > t.day:
        held |= 1 << _BREATHING
    if a.plan_months != 0 and a.plan_missed == 0:
        held |= 1 << _PLAN_KEPT
    if t.settlement_budget_left <= 0.0:
        held |= 1 << _BUDGET
    if t.day_off != 0:
        held |= 1 << _DAY_OFF
    else:
        held |= 1 << _WEEKDAY
    if t.weekday >= 5:
        held |= 1 << _WEEKEND
    if t.day_off != 0 and t.weekday < 5:
        held |= 1 << _HOLIDAY
    return held


@njit()
def triggered(a, t, rule):  # type: ignore[no-untyped-def]
    """Whether a rule record (`RULE`) forbids its bits for this account today."""
    if rule.products and not (rule.products >> a.product) & 1:
        return False
    kind = rule.trigger
    if kind < _COUNTING:
        return (standing(a, t) >> kind) & 1 != 0
    if kind == _CHANNEL_CONTACTS:
        return (a.caps_reached >> rule.cap) & 1 != 0
    if rule.counted and (a.caps_reached >> rule.cap) & 1:
        return True
    if kind == _CONTACTS:
        return popcount(_history(a, rule.group) & ((1 << int(rule.limit)) - 1)) >= rule.most
    if kind == _QUIET_PERIOD:
        return (a.conversation_history & ((1 << int(rule.limit)) - 1)) != 0
    if kind == _YOUNGER:
        return a.dpd0 + t.day < rule.limit
    if kind == _OLDER:
        return a.dpd0 + t.day > rule.limit
    if kind == _SMALLER:
        return a.balance < rule.limit
    if kind == _NOT_NOTICED:
        return a.stage != _NOTICED or t.day - a.stage_day < rule.limit
    if kind == _CONVERSATION_CAP:
        return popcount(a.conversation_history & ((1 << int(rule.limit)) - 1)) >= rule.most
    if kind == _TIME_BARRED:
        return silent_for(a, t) > rule.limit
    return a.plans_broken >= rule.most


@njit(borrows=True)
def unlawful(a, t, tables):  # type: ignore[no-untyped-def]
    """Feature bits that the rules forbid for this account today (uint64); `tables`: of a `Gate`."""
    held = standing(a, t)
    at = uint64(a.product) * _TABLES  # unsigned places spare the sign checks
    bits = tables[tables[at + _AT_FLAGS] + (held & ((1 << _FLAGS) - 1))]
    bits |= tables[tables[at + _AT_FLAGS] + (1 << _FLAGS) + (held >> _FLAGS)]
    bits |= tables[tables[at + _AT_BROKEN] + a.plans_broken]
    bits |= tables[_at_day(a.dpd0 + t.day, tables, at + _AT_AGES)]
    bits |= tables[_at_day(t.day - a.stage_day if a.stage == _NOTICED else -1, tables, at + _AT_NOTICES)]
    n = uint64(tables[at + _AT_CAPS])
    while tables[n] != _LAST:
        counted = popcount(_history(a, tables[n]) & tables[n + _ONE])
        over = counted >= tables[n + _TWO] or (a.caps_reached & tables[n + _FOUR]) != 0
        bits |= tables[n + _THREE] if over else 0
        n += _FIVE
    n = uint64(tables[at + _AT_SMALLER])
    while tables[n] != _LAST:
        bits |= tables[n + _ONE] if a.balance < tables[n] else 0
        n += _TWO
    n = uint64(tables[at + _AT_SILENT])
    while tables[n] != _LAST:
        bits |= tables[n + _ONE] if silent_for(a, t) > tables[n] else 0
        n += _TWO
    return np.uint64(bits)


@njit(borrows=True)
def _at_day(day, tables, table):  # type: ignore[no-untyped-def]
    """The place of a day in a table that begins with all days below 0 and ends with all later ones."""
    return min(tables[table] + max(day, -1) + 1, tables[table + _ONE] - 1)


@njit()
def _history(a, group):  # type: ignore[no-untyped-def]
    """Days with contact of a group (of any group: NONE), or with a conversation: bit n = n days ago."""
    history = a.conversation_history
    history = a.call_history if group == _CALL else history
    history = a.text_history if group == _TEXT else history
    history = a.letter_history if group == _LETTER else history
    history = a.visit_history if group == _VISIT else history
    return a.call_history | a.text_history | a.letter_history | a.visit_history if group == _ANY else history


@njit()
def silent_for(a, t):  # type: ignore[no-untyped-def]
    """The longest time without a demand or acknowledgement so far, days."""
    return max(a.silence, t.day - max(-a.dpd0, a.demanded, a.acknowledged))


@njit(borrows=True)
def rule_against(a, t, gate, treatment_bits):  # type: ignore[no-untyped-def]
    """1 + number of the first rule that forbids a treatment with these bits, 0 if none does.

    Args:
        a: the account's record (`account.ACCOUNT`).
        t: the day (`observation.DAY_CONTEXT`).
        gate: a `Gate`.
        treatment_bits: feature bits, uint64.
    """
    rules, tables = gate
    if not (unlawful(a, t, tables) & treatment_bits):
        return 0
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
