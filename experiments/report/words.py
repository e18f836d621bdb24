"""Conditions and treatments of plans in the reader's words."""

from __future__ import annotations

import re

from recoup.agents.plans.conditions import codes_of
from recoup.agents.plans.plan_file import Step
from recoup.agents.plans.scored_plan import score_field
from recoup.experiments.comparison.audit import RULES, rules_of
from recoup.experiments.comparison.run import Run
from recoup.experiments.report.text import Text
from recoup.sim.observation import FIELD_INDEX, FIELDS, ObservedField
from recoup.sim.portfolio.scores import SCORE, is_score

_FACT = re.compile(r"(\w+)(?: = | is |: )(.+?)( \([+-][\d.]+\))?")
_SIGNS = {"at_least": "≥", "above": ">", "at_most": "≤", "below": "<", "not": "≠"}


def field_name(name: str, say: Text) -> str:
    """What an observation field is called."""
    return say(f"fields.{name}")


def yes_no(value: bool, say: Text) -> str:
    """A flag's value."""
    return say("yes" if value else "no")


def value_words(field: ObservedField, value: object, say: Text) -> str:
    """A field's value as a plan file gives it: a code's name, yes or no, or a number in the field's unit.

    Args:
        field: the observation field.
        value: as plan files write it; a list gives its items side by side.
        say: the words.
    """
    if isinstance(value, list):
        return " / ".join(value_words(field, item, say) for item in value)
    if isinstance(value, bool):
        return yes_no(value, say)
    if isinstance(value, str):
        return say.one_of(f"codes.{field.name}", value) if codes_of(field) else value
    assert isinstance(value, int | float)
    if field.unit in ("share", "probability"):
        return f"{100 * value:.4g}\u00a0%"
    return f"{value:,.10g}"


def rules_label(run: Run, say: Text) -> str:
    """What the rule pack of a run is called: by the catalogue, else by itself; its name where the folder has it no more."""
    name = str(run.results["rules"])
    own = rules_of(run.folder).title if (run.folder / RULES).exists() else name
    return say.one_of("names", name, own)


def fact_words(name: str, value: object, say: Text) -> str:
    """What an account shows in a field.

    Args:
        name: of the observation field.
        value: as plan files write it.
        say: the words.
    """
    return say("list.is", field=field_name(name, say), value=value_words(FIELDS[FIELD_INDEX[name]], value, say))


def reason_words(reason: str, say: Text) -> str:
    """A reason that a policy gives: facts on fields (`dpd = 12`, `hardship: no (+0.3)`) in words, and rules of plans; others as they are.

    Args:
        reason: one line of `agents.explain.reasons`.
        say: the words.
    """
    match = _FACT.fullmatch(reason)
    if not match or match[1] not in FIELD_INDEX:
        return say.plan_rule(reason)
    flag = {"true": True, "yes": True, "false": False, "no": False}
    value: object = flag.get(match[2], match[2]) if FIELDS[FIELD_INDEX[match[1]]].unit == "yes/no" else match[2]
    return fact_words(match[1], value, say) + (match[3] or "")


def conditions(when: dict[str, object] | None, say: Text) -> list[str]:
    """The conditions of a rule, one line each.

    Args:
        when: as the plan file has it; None = always.
        say: the words.
    """
    return _conditions(when, say) if when else [say("plan.always")]


def _conditions(when: dict[str, object], say: Text) -> list[str]:
    lines = []
    for name, value in when.items():
        if name == "any":
            assert isinstance(value, list)
            lines.append(" | ".join("(" + say.listed(_conditions(branch, say)) + ")" for branch in value))
            continue
        field = score_field(name) if is_score(name) else FIELDS[FIELD_INDEX[name]]
        called = say("models.field", name=name.removeprefix(SCORE)) if is_score(name) else field_name(name, say)
        if isinstance(value, dict):
            bounds = (f"{_SIGNS[bound]}\u00a0{value_words(field, limit, say)}" for bound, limit in value.items())
            lines.append(f"{called} {say.listed(list(bounds))}")
        else:
            lines.append(say("list.is", field=called, value=value_words(field, value, say)))
    return lines


def step_words(step: Step, say: Text) -> str:
    """What a rule does.

    Args:
        step: what the plan file's rule does.
        say: the words.
    """
    contact = say.one_of("treatments", step.channel)
    if isinstance(step.window, dict) and (at := _mostly(step.window)):
        contact += " " + say("plan.mostly", window=say(f"treatments.{at}"))
    parts = [contact] if step.channel != "none" else []
    parts += [" / ".join(say(f"treatments.{offer}") for offer in step.offer)] if step.offer != ["none"] else []
    parts += [say(f"treatments.{step.legal}")] if step.legal != "none" else []
    return " + ".join(parts) or say("plan.nothing")


def treatment_words(name: str, say: Text) -> str:
    """A treatment by its name in results, as in «collector/evening/plan_6»."""
    return say("list.comma").join(say.one_of("treatments", part) for part in name.split("/"))


def _mostly(weights: dict[str, int]) -> str | None:
    """The window in which more than half of the contacts are made, if there is one."""
    most = max(weights, key=lambda window: weights[window])
    return most if 2 * weights[most] > sum(weights.values()) else None
