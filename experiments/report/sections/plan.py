"""The best plan as it would be handed to operations, rule by rule, where it is a plan file."""

from __future__ import annotations

from agents.plan import PlanFile, Rule, find_plan, read_plan
from experiments.report.blocks import Block, Cell, Line, Paragraph, Table
from experiments.report.run import Run
from experiments.report.text import Text
from experiments.runfolder import SETTINGS, fingerprint, read_json
from sim.inputs import InputError

_SIGNS = {"at_least": "≥", "above": ">", "at_most": "≤", "below": "<", "not": "≠"}


def build(run: Run, say: Text) -> list[Block]:
    file = _plan_file(run, run.best)
    if file is None:
        return []
    rows: list[list[Cell | str]] = []
    for number, rule in enumerate(file.rules, start=1):
        rows.append(
            [Cell(f"{number}. {rule.name}"), Cell("", [Line(c) for c in conditions(rule, say)]), treatment(rule, say)]
        )
    head = [say("plan.rule"), say("plan.when"), say("plan.do")]
    return [
        Paragraph(say("plan.intro")),
        Table(say("plan.caption", plan=say.name(file.name)), head, rows, words=True),
    ]


def _plan_file(run: Run, name: str) -> PlanFile | None:
    """The plan as it was when the run began; none if it is no plan file, or has changed since."""
    given = run.results["settings"]["plans"][run.names.index(name)]
    try:
        file = read_plan(find_plan(given))
    except InputError:
        return None
    begun = read_json(run.folder / SETTINGS)["plans"].get(name)
    return file if begun == fingerprint(file) else None


def conditions(rule: Rule, say: Text) -> list[str]:
    """The conditions of a rule, one line each."""
    return _conditions(rule.when) if rule.when else [say("plan.always")]


def _conditions(when: dict[str, object]) -> list[str]:
    lines = []
    for field, value in when.items():
        if field == "any":
            assert isinstance(value, list)
            lines.append(" | ".join("(" + ", ".join(_conditions(branch)) + ")" for branch in value))
        elif isinstance(value, dict):
            lines.append(", ".join(f"{field} {_SIGNS[bound]}\u00a0{_value(limit)}" for bound, limit in value.items()))
        else:
            lines.append(f"{field} =\u00a0{_value(value)}")
    return lines


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return " / ".join(map(str, value)) if isinstance(value, list) else str(value)


def treatment(rule: Rule, say: Text) -> str:
    """What a rule does, in the words of plan files."""
    step = rule.do
    parts = [step.channel] if step.channel != "none" else []
    parts += [" / ".join(step.offer)] if step.offer != ["none"] else []
    parts += [step.legal] if step.legal != "none" else []
    return " + ".join(parts) or say("plan.nothing")
