"""Plans made in memory, written as a person would write them."""

from __future__ import annotations

from typing import Any

import yaml

from recoup.agents.plans.plan_file import DEFAULT_PRIORITY, NOTHING, SPREAD, PlanFile, Step


class _Plain(yaml.SafeDumper):
    """Writes what is the same twice out twice: anchors are for machines."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


def plan_text(plan: PlanFile) -> str:
    """A plan as a YAML file."""
    return yaml.dump(
        plan_data(plan), Dumper=_Plain, sort_keys=False, allow_unicode=True, width=110, default_flow_style=None
    )


def plan_data(plan: PlanFile) -> dict[str, Any]:
    """The plan as a user would write it: what has its default value is left out."""
    rules = []
    for rule in plan.rules:
        written: dict[str, Any] = {"name": rule.name}
        if rule.when:
            written["when"] = rule.when
        written["do"] = _step(rule.do)
        if rule.priority != DEFAULT_PRIORITY:
            written["priority"] = rule.priority
        rules.append(written)
    head: dict[str, Any] = {"name": plan.name, "title": plan.title, "description": plan.description}
    if plan.contact_cap_per_week is not None:
        head["contact_cap_per_week"] = plan.contact_cap_per_week
    return {**head, "rules": rules}


def _step(step: Step) -> Any:
    parts: dict[str, Any] = {}
    if step.channel != "none":
        parts["channel"] = step.channel
        if step.window != [SPREAD]:
            parts["window"] = step.window
    if step.offer != ["none"]:
        parts["offer"] = step.offer[0] if len(step.offer) == 1 else step.offer
    if step.legal != "none":
        parts["legal"] = step.legal
    return parts or NOTHING
