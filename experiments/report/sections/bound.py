"""How far the best plan is from what perfect knowledge would recover."""

from __future__ import annotations

from typing import Any

from recoup.experiments.report.blocks import Block, Paragraph, Table
from recoup.experiments.report.text import Text
from recoup.experiments.runs.run import Run


def build(run: Run, say: Text) -> list[Block]:
    found = run.extra("bound.json")
    if not found or not found["rows"]:
        return []
    rows = [{**row, "label": _label(row, say)} for row in found["rows"]]
    top = max(rows, key=lambda row: row["recovery_rate"]["mean"])
    message = say(
        "bound.message",
        label=top["label"],
        value=say.span(top["recovery_rate"], "share"),
        best=say.name(run.best),
        ours=say.span(run.value(run.best, "recovery_rate"), "share"),
    )
    head = [say("bound.name"), say("bound.recovery")]
    table = Table(say("bound.caption"), head, [[row["label"], say.span(row["recovery_rate"], "share")] for row in rows])
    return [Paragraph(message, "message"), table]


def _label(row: dict[str, Any], say: Text) -> str:
    policy = row["name"].removeprefix("staff-")
    if policy != row["name"]:
        return say("bound.staff", policy=say.name(policy))
    return say.one_of("bound.labels", row["name"], row["label"])
