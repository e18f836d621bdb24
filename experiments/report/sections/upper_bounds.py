"""How far the best plan is from upper bounds on recovery, where `recoup upper-bounds` has measured them."""

from __future__ import annotations

from typing import Any

from recoup.experiments.comparison.run import Run
from recoup.experiments.report.blocks import Block, Paragraph, Table
from recoup.experiments.report.text import Text
from recoup.experiments.robustness.files import UPPER_BOUNDS_FILE, Bound


def build(run: Run, say: Text) -> list[Block]:
    result = run.extra(UPPER_BOUNDS_FILE)
    if not result or not result["rows"]:
        return []
    rows = [{**row, "label": label(row, say)} for row in result["rows"]]
    top = max(rows, key=lambda row: row["recovery_rate"]["mean"])
    message = say(
        "upper_bounds.message",
        label=top["label"],
        value=say.span(top["recovery_rate"], "share"),
        best=say.name(run.best),
        ours=say.span(run.value(run.best, "recovery_rate"), "share"),
    )
    head = [say("upper_bounds.name"), say("upper_bounds.recovery")]
    table = Table(
        say("upper_bounds.caption"), head, [[row["label"], say.span(row["recovery_rate"], "share")] for row in rows]
    )
    return [Paragraph(message, "message"), table]


def label(row: dict[str, Any], say: Text) -> str:
    """What a bound is called."""
    if row["bound"] == Bound.AMPLE_STAFF:
        return say("upper_bounds.ample_staff", policy=say.name(row["policy"]))
    return say.one_of("upper_bounds.labels", row["bound"], row["label"])
