"""Rule packs: what a jurisdiction forbids, as data with a plain sentence, its source and how sure of it we are.

Here is what a pack may say. Two readers share these models and nothing else: the gate (`gate.py`), which keeps
treatments from happening, and the audit (`audit.py`), which looks for those that did.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, ValidationInfo, field_validator, model_validator

from recoup.sim.inputs import Document, InputError, Place, choose, first_fault, read_yaml, validated
from recoup.sim.lists import CHANNEL_NAMES, Name
from recoup.sim.parameters import Section, Share, World
from recoup.sim.treatments import PRODUCTS


class Rule(Section):
    """What all rules have: an id, one plain sentence (and the same in Chinese), the source, and its confidence.

    A rule may be on some kinds of credit alone (`products`): it then judges what is done about accounts of these. What it counts is
    not narrowed by that: where a cap is on the contacts with a customer, those about his other accounts count too.
    """

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=60)]
    kind: str
    text: Annotated[str, Field(min_length=1, max_length=400)]
    text_zh: Annotated[str, Field(max_length=400)] = ""
    source: Annotated[str, Field(min_length=1, max_length=400)]
    confidence: Literal["A", "B", "C"]
    products: Annotated[list[Name], Field(description="kinds of credit that the rule is on; none named = all")] = []

    @property
    def parameters(self) -> dict[str, Any]:
        """The rule's own fields by the names that a pack uses; `products` where it is not on all."""
        own = self.model_dump(by_alias=True, exclude=set(Rule.model_fields), exclude_none=True)
        return own | ({"products": list(self.products)} if self.products else {})

    def is_on(self, product: str) -> bool:
        """Whether it judges what is done about accounts of a product."""
        return not self.products or product in self.products

    def sentence(self, language: str) -> str:
        """The plain sentence in `en` or `zh`; English where a pack has no Chinese."""
        return (self.text_zh if language == "zh" else "") or self.text


MOST_RULES = 239  # the gate numbers rules in one byte, and above them what else stops a treatment

GroupName = Literal["text", "call", "letter", "visit"]
Per = Literal["customer", "account"]
StepName = Literal["notice", "suit", "enforce"]
# What may rest; beside these, any channel by its name.
TOPICS = (
    "contact",
    "text",
    "call",
    "letter",
    "visit",
    "settlement",
    "plan",
    "restructure",
    "legal",
    "notice",
    "suit",
    "enforce",
)


class ContactHours(Rule):
    """No contact of these groups outside the hours; a window counts as lawful only if all of it is.

    `when` says on which days: weekdays are days that are not off, days off are weekends and public holidays.
    """

    kind: Literal["contact_hours"]
    groups: list[GroupName] = Field(min_length=1)
    from_hour: Annotated[float, Field(ge=0, le=24)]
    to_hour: Annotated[float, Field(ge=0, le=24)]
    when: Literal["every_day", "weekdays", "weekends", "days_off"] = "every_day"

    @field_validator("to_hour")
    @classmethod
    def _later(cls, to_hour: float, info: ValidationInfo) -> float:
        """Hours across midnight would allow no window at all, and whoever writes 21 to 8 means the night that is forbidden."""
        start = info.data.get("from_hour", -1.0)
        if to_hour <= start:
            raise ValueError(f"the hour when contact ends, later than from_hour ({start:g})")
        return to_hour


class ContactCap(Rule):
    """At most so many contacts of a group, or by one `channel`, within a rolling number of days, today being the last of them.

    `count` says what is counted: days on which there was one, attempts, conversations (by call or visit), or unanswered
    dials to one number on one day. A simulated account is contacted at most once a day, real ones are not: the audit of a
    log tells the four apart. The group `contact` is all of them together. `per` says whose contacts are counted: those with the
    customer about all of his accounts, or those about one account.
    """

    kind: Literal["contact_cap"]
    per: Per = "customer"
    group: GroupName | Literal["contact"] | None = None
    channel: Name | None = None
    most: Annotated[int, Field(ge=0, le=1000)]
    days: Annotated[int, Field(ge=1, le=31)]
    count: Literal["days", "attempts", "conversations", "unanswered"] = "days"

    @model_validator(mode="after")
    def _of_one_kind(self) -> ContactCap:
        """A group or a channel; conversations and unanswered dials are counted whatever the channel."""
        if (self.group is None) == (self.channel is None):
            raise ValueError("a group or a channel, one of the two")
        if self.channel is not None and self.count not in ("days", "attempts"):
            raise ValueError("count: days or attempts with a channel")
        return self

    @model_validator(mode="after")
    def _dials_of_one_day(self) -> ContactCap:
        """Unanswered dials are counted on one day, and one at least is free: whether a dial is answered is known after it."""
        if self.count == "unanswered" and (self.group != "call" or self.days != 1 or self.most < 1):
            raise ValueError("count: unanswered with group: call, days: 1 and most: 1 or more")
        if self.count == "conversations" and self.group == "contact":
            raise ValueError("count: conversations with a group of its own (call)")
        return self


class QuietAfterConversation(Rule):
    """No call for so many days after a conversation (by call or visit), whose own day is the first of them; `per`: as of a cap."""

    kind: Literal["quiet_after_conversation"]
    per: Per = "customer"
    days: Annotated[int, Field(ge=1, le=31)]


class Standing(Rule):
    """While the account stands so, these topics or channels rest. `settlement` is a discount or the handover of an asset.

    `plan_kept` is a running instalment agreement without a missed instalment; `holiday` a public holiday on a day from Monday
    to Friday. `represented` (by an attorney) and `restructuring_request` are in no simulated account: audited in logs.
    """

    kind: Literal["standing"]
    while_: Literal[
        "complaint",
        "hardship",
        "dispute",
        "opted_out",
        "cease_contact",
        "breathing_space",
        "promise_open",
        "restructured",
        "plan_kept",
        "day_off",
        "holiday",
        "represented",
        "restructuring_request",
    ] = Field(alias="while")
    forbids: list[Name] = Field(min_length=1, json_schema_extra={"examples": [[topic] for topic in TOPICS]})


class PlanLength(Rule):
    """No instalment agreement longer than this."""

    kind: Literal["plan_length"]
    most_months: Annotated[int, Field(ge=1, le=600)]


class BrokenPlans(Rule):
    """No further instalment agreement after so many broken ones."""

    kind: Literal["broken_plans"]
    most: Annotated[int, Field(ge=1, le=10)]


class DiscountAuthority(Rule):
    """Before this age of debt, no discount above this share. An asset taken at its appraisal is no discount."""

    kind: Literal["discount_authority"]
    before_dpd: Annotated[int, Field(ge=0, le=10_000)]
    most: Share


class SettlementBudget(Rule):
    """No discount and no handover of an asset when the scenario's settlement budget is spent (counting those agreed, not yet kept)."""

    kind: Literal["settlement_budget"]


class Limitation(Rule):
    """No notice (the threat of a suit) and no suit beyond this age of debt.

    With `restarts`, the days are counted anew from each demand that arrives before they are over (a contact that reached the
    debtor, a notice, a suit) and from each acknowledgement, even a later one (a payment, a promise, an agreement accepted).
    """

    kind: Literal["limitation"]
    days: Annotated[int, Field(ge=1, le=10_000)]
    restarts: bool = False


class LegalPrecondition(Rule):
    """A legal step needs this age, this balance (currency), and this many days since the latest notice."""

    kind: Literal["legal_precondition"]
    step: Literal["notice", "suit"]
    least_dpd: Annotated[int, Field(ge=0, le=10_000)] = 0
    least_balance: Annotated[float, Field(ge=0, le=1e9)] = 0
    notice_days: Annotated[int, Field(ge=0, le=365)] = 0


class ReviewStep(Rule):
    """These legal steps are reviewed by a second person first. The simulation has no unreviewed step: audited in logs."""

    kind: Literal["review_step"]
    steps: list[StepName] = Field(min_length=1)


class InterestCap(Rule):
    """Late interest above this annual rate is not charged."""

    kind: Literal["interest_cap"]
    most: Share


class InterestFreeze(Rule):
    """No late interest is charged while the account stands so."""

    kind: Literal["interest_freeze"]
    while_: Literal["hardship", "breathing_space", "plan_kept"] = Field(alias="while")


class ThirdParties(Rule):
    """Nobody but the debtor is contacted. The vocabulary has no such treatment: audited in logs."""

    kind: Literal["third_parties"]


class RecordKeeping(Rule):
    """Every contact leaves a record, kept for so many years. In the simulation the event log is it: audited in logs."""

    kind: Literal["record_keeping"]
    years: Annotated[float, Field(gt=0, le=100)]


class ValidationNotice(Rule):
    """No contact later than so many days after the first one, unless the notice of the debt has been sent. Audited in logs."""

    kind: Literal["validation_notice"]
    days: Annotated[int, Field(ge=0, le=365)]


class FlaggedContact(Rule):
    """No contact of these groups that the log flags: at a time or place known to be inconvenient, or to an employer's address. Audited in logs."""

    kind: Literal["flagged_contact"]
    flag: Literal["inconvenient", "work_address"]
    groups: list[GroupName] = Field(min_length=1)


KINDS: dict[str, type[Rule]] = {
    "contact_hours": ContactHours,
    "contact_cap": ContactCap,
    "quiet_after_conversation": QuietAfterConversation,
    "standing": Standing,
    "plan_length": PlanLength,
    "broken_plans": BrokenPlans,
    "discount_authority": DiscountAuthority,
    "settlement_budget": SettlementBudget,
    "limitation": Limitation,
    "legal_precondition": LegalPrecondition,
    "review_step": ReviewStep,
    "interest_cap": InterestCap,
    "interest_freeze": InterestFreeze,
    "third_parties": ThirdParties,
    "record_keeping": RecordKeeping,
    "validation_notice": ValidationNotice,
    "flagged_contact": FlaggedContact,
}

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
    | ReviewStep
    | InterestCap
    | InterestFreeze
    | ThirdParties
    | RecordKeeping
    | ValidationNotice
    | FlaggedContact,
    Field(discriminator="kind"),
]


class RulePack(Section):
    """A jurisdiction's rules, those of the pack it extends included. Money in the rules is in the scenario's currency."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=60)]
    title: str
    description: str = ""
    extends: Annotated[str, Field(description="another pack, whose rules come first")] = ""
    channels: list[Name] = Field([], description="channels that some scenarios add and rules here name")
    products: list[Name] = Field([], description="products that some scenarios have and rules here name")
    rules: list[AnyRule] = Field(max_length=MOST_RULES)

    def annual_rates(self, world: World) -> tuple[float, ...]:
        """Late interest a year on each product of a world, as far as the rules allow it."""
        caps = [rule for rule in self.rules if isinstance(rule, InterestCap)]
        return tuple(
            min([rate, *(cap.most for cap in caps if cap.is_on(product))])
            for product, rate in zip(world.products, world.annual_rates, strict=True)
        )


class _Outline(Section):
    """A pack whose rules are still to be read one by one, after those of the pack that it extends."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=60)]
    title: str
    description: str = ""
    extends: str = ""
    channels: list[Name] = []
    products: list[Name] = []
    rules: list[dict[str, Any]] = Field(max_length=MOST_RULES)


def load_rules(path: Path, find: Callable[[str, Path], Path] | None = None, above: tuple[Path, ...] = ()) -> RulePack:
    """Read a rule pack, after the one that it extends: a rule with the id of one there takes its place.

    Args:
        path: of the pack's file.
        find: the file of the pack that is named in `extends`, from that name and the folder of this file.
        above: the packs that extend this one.

    Raises:
        InputError: naming the file, line, rule, field, value and what was expected; two rules with one id; packs that
            extend each other.
    """
    document = read_yaml(path)
    outline = validated(_Outline, document)
    rules = [_rule(document, number, data) for number, data in enumerate(outline.rules)]
    for number, rule in enumerate(rules):
        if rule.id in {other.id for other in rules[:number]}:
            raise document.error(("rules", number, "id"), rule.id, "an id that no other rule of the pack has")
    channels, products = list(outline.channels), list(outline.products)
    if outline.extends:
        if find is None:
            raise document.error(("extends",), outline.extends, "nothing, where packs are not looked up by name")
        if path.resolve() in above:
            raise document.error(("extends",), outline.extends, "a pack that does not extend this one")
        earlier = load_rules(find(outline.extends, path.parent), find, (*above, path.resolve()))
        channels = list(dict.fromkeys([*earlier.channels, *channels]))
        products = list(dict.fromkeys([*earlier.products, *products]))
        _check_names(document, rules, channels, products)
        mine = {rule.id: rule for rule in rules}
        rules = [mine.pop(rule.id, rule) for rule in earlier.rules] + list(mine.values())
    else:
        _check_names(document, rules, channels, products)
    said = outline.model_dump(exclude={"rules"}) | {"channels": channels, "products": products}
    return RulePack.model_validate(said | {"rules": rules})


def _check_names(document: Document, rules: list[Rule], channels: list[str], products: list[str]) -> None:
    """What a rule names must be known: a topic, a channel or product that there usually is, or that the pack says some scenarios have."""
    known_channels, known_products = (*CHANNEL_NAMES, *channels), (*PRODUCTS, *products)
    for number, rule in enumerate(rules):
        named: list[tuple[Place, str, Iterable[str]]] = [
            (("products", place), product, known_products) for place, product in enumerate(rule.products)
        ]
        if isinstance(rule, Standing):
            topics = (*TOPICS, *known_channels)
            named += [(("forbids", place), topic, topics) for place, topic in enumerate(rule.forbids)]
        elif isinstance(rule, ContactCap) and rule.channel is not None:
            named.append((("channel",), rule.channel, known_channels))
        for place, name, known in named:
            if name not in known:
                fault = document.error(("rules", number, *place), name, choose(list(dict.fromkeys(known)), name))
                raise InputError(fault.source, f"{fault.place} (rule {rule.id})", fault.value, fault.expected)


def _rule(document: Document, number: int, data: dict[str, Any]) -> Rule:
    """One rule by its kind; its id is named beside the place of whatever is wrong."""
    kind = data.get("kind")
    try:
        if kind is None:
            raise document.error(("rules", number), "no kind", choose(KINDS, "kind"))
        if not isinstance(kind, str) or kind not in KINDS:
            raise document.error(("rules", number, "kind"), kind, choose(KINDS, kind))
        try:
            return KINDS[kind].model_validate(data)
        except ValidationError as error:
            raise first_fault(error, document, KINDS[kind], under=("rules", number)) from None
    except InputError as fault:
        if "id" not in data:
            raise
        raise InputError(fault.source, f"{fault.place} (rule {data['id']})", fault.value, fault.expected) from None
