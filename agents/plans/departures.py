"""Where a policy departs from a plan, as exceptions to the plan's rules: the plan with some of them is a plan that does more of what the policy does.

For each rule a small tree (`distill.extract`) parts the account-days on which the rule decides by what the policy does there. A leaf in which the
policy does something else becomes an exception: it stands before the rule, holds where the rule and the leaf hold, and does what the policy does.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np

from recoup.agents.plans.distill import NO_ACT, Act, Sample, act_of, extract, words_of
from recoup.agents.plans.plan import Plan
from recoup.agents.plans.plan_file import Step

LEAST = 200  # account-days of the sample below which a rule is left as it is
TRIED = 2  # of the policy's own acts in a leaf
_TIGHTER = {"at_least": max, "above": max, "at_most": min, "below": min}


@dataclass(frozen=True)
class Departure:
    """An exception to try.

    Attributes:
        before: name of the rule that it is an exception to; None = of no rule, for accounts that none means: it belongs at the end.
        rule: as a plan file writes it.
        share: of the account-days on which the policy departs in this way.
    """

    before: str | None
    rule: dict[str, Any]
    share: float


def departures(plan: Plan, sample: Sample, leaves: int) -> list[Departure]:
    """What a policy does otherwise than a plan, the most frequent first; nothing, in place of what the plan does, is among it.

    Rules that hold back have no exceptions.

    Args:
        plan: whose rules may get exceptions.
        sample: what the policy does on account-days.
        leaves: most leaves of each rule's tree, at least 2.
    """
    planned = plan.act(sample.observations, sample.masks)
    deciding = plan.deciding_rules(sample.observations, planned)
    acts = [act_of(treatment) for treatment in plan.menu.treatments]
    written = {rule.name: rule for rule in plan.file.rules}
    found: list[Departure] = []
    for number in np.unique(deciding):
        rows = np.flatnonzero(deciding == number)
        if rows.size < LEAST:
            continue
        rule = written[plan.rules[number].name] if number >= 0 else None
        if rule and rule.do == Step():
            continue  # no plan may gain by pressing where somebody wrote not to
        own = Counter(acts[action] for action in planned[rows]).most_common(1)[0][0]
        tree = extract(sample.rows(rows), plan.menu, leaves)
        for leaf, options in tree.options.items():
            likely = [tree.acts[act] for act in options[:TRIED]]
            for act in dict.fromkeys([*likely, NO_ACT]):
                conditions = tree.conditions(leaf)
                if act == own or conditions is None:
                    continue
                data: dict[str, Any] = {"name": _name(rule.name if rule else "others", act, len(found) + 1)}
                when = both((rule.when if rule else None) or {}, conditions)
                data |= {"when": when} if when else {}
                data |= (
                    {"do": tree.step(leaf, act), "priority": rule.priority} if rule else {"do": tree.step(leaf, act)}
                )
                share = tree.size[leaf] * rows.size / len(deciding) * tree.chances[leaf].get(act, 0.0)
                found.append(Departure(rule.name if rule else None, data, share))
    return sorted(found, key=lambda one: -one.share)


def both(when: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    """Conditions that hold where both of two mappings hold.

    Args:
        when, more: as a rule's `when`; `more` has no `any`.
    """
    merged = dict(when)
    for name, condition in more.items():
        if name not in merged:
            merged[name] = condition
        elif (
            isinstance(merged[name], dict)
            and isinstance(condition, dict)
            and {*merged[name], *condition} <= {*_TIGHTER}
        ):
            there = merged[name]
            merged[name] = {
                bound: _TIGHTER[bound](side[bound] for side in (there, condition) if bound in side)
                for bound in _TIGHTER
                if bound in there or bound in condition
            }
        else:
            return {**more, "any": [when]}
    return merged


def _name(rule: str, act: Act, number: int) -> str:
    return f"{rule[:60]}, but {words_of(act)} ({number})"
