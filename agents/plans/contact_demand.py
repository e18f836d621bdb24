"""Where a plan asks for more contacts than a rule pack's caps allow: the gate stops the rest, so such a rule does not do what it says.

How often a rule may contact an account follows from its own conditions (`days_since_attempt`, `calls_7d`, a span of `dpd`) and the plan's
contact cap, as if no other rule stood above it. It is a bound: whether an account ever is contacted so often, a simulation tells.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from recoup.agents.plans.conditions import Numbers, numbers
from recoup.agents.plans.plan_file import PlanFile
from recoup.sim.compliance.rules import ContactCap, RulePack
from recoup.sim.inputs import Document
from recoup.sim.observation import FIELD_INDEX, ObservedField, fields_of
from recoup.sim.treatments import Group, Vocabulary

_WEEK = 7
# What counts contacts of a group, and over how many days.
_COUNTED = {"calls_7d": (Group.CALL, _WEEK), "texts_7d": (Group.TEXT, _WEEK), "visits_30d": (Group.VISIT, 30)}


@dataclass(frozen=True)
class BeyondCap:
    """A rule that may ask for more than a cap allows.

    Attributes:
        rule: its name.
        times: days with a contact of the cap's kind that its conditions let it have, of `cap.days`.
        cap: the cap.
    """

    rule: str
    times: int
    cap: ContactCap

    def content(self) -> dict[str, Any]:
        """As JSON."""
        cap = self.cap
        return {
            "rule": self.rule,
            "contact": cap.channel or cap.group,
            "times": self.times,
            "days": cap.days,
            "cap": cap.id,
            "most": cap.most,
            "per": cap.per,
        }


def beyond_caps(file: PlanFile, pack: RulePack, words: Vocabulary) -> list[BeyondCap]:
    """Rules of a plan that may ask for more than the caps of a pack allow, in the plan's order, the tightest cap of each kind only.

    Caps on conversations and on unanswered dials are left out: no plan says how a call ends.

    Args:
        file: the plan, good for the world.
        pack: the rules of the scenario.
        words: the channels of the scenario.
    """
    caps = [rule for rule in pack.rules if isinstance(rule, ContactCap) and rule.count in ("days", "attempts")]
    fields, found = fields_of(words), list[BeyondCap]()
    for rule in file.rules:
        group = words.channel[rule.do.channel].group
        if group is Group.NONE or rule.do.legal != "none":  # a legal step is taken once, not day by day
            continue
        broken: dict[str, BeyondCap] = {}
        for cap in caps:
            if not _is_of(cap, rule.do.channel, group):
                continue
            times = _most(rule.when or {}, group, cap.days, fields)
            if file.contact_cap_per_week is not None:
                times = min(times, math.ceil(cap.days / _WEEK) * file.contact_cap_per_week)
            kind = cap.channel or str(cap.group)
            before = broken.get(kind)
            if times > cap.most and (before is None or cap.most / cap.days < before.cap.most / before.cap.days):
                broken[kind] = BeyondCap(rule.name, times, cap)
        found += broken.values()
    return found


def _is_of(cap: ContactCap, channel: str, group: Group) -> bool:
    """Whether a cap counts contacts by a channel."""
    if cap.channel is not None:
        return cap.channel == channel
    return cap.group in ("contact", group.name.lower())


def _most(when: Mapping[str, Any], group: Group, days: int, fields: tuple[ObservedField, ...]) -> int:
    """On how many of so many days an account can satisfy conditions and be contacted again."""
    most = days
    for name, condition in when.items():
        if name == "any":
            most = min(most, max(_most(branch, group, days, fields) for branch in condition))
        elif name in FIELD_INDEX:  # not a score, which no contact changes
            values = numbers(Document("", {}, {}), (name,), fields[FIELD_INDEX[name]], condition)
            most = min(most, _most_by(name, values, group, days))
    return most


def _most_by(name: str, values: Numbers, group: Group, days: int) -> int:
    """The same by one condition."""
    if name == "days_since_attempt":
        return math.ceil(days / max(1, math.ceil(values[0][0])))
    if name == "dpd":  # grows by one a day
        return int(min(days, sum(math.ceil(high) - math.ceil(low) for low, high in values)))
    if name == "weekday":
        return math.ceil(days / _WEEK) * sum(math.ceil(high) - math.ceil(low) for low, high in values)
    if name in _COUNTED and _COUNTED[name][0] is group:
        return math.ceil(days / _COUNTED[name][1]) * int(min(days, math.ceil(values[-1][1])))
    if name == "attempts":
        return int(min(days, math.ceil(values[-1][1])))
    return days
