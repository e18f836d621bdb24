"""The comparison repeated in worlds that differ from the model."""

from __future__ import annotations

from experiments.report import charts
from experiments.report.blocks import Block, Cell, Paragraph, Table
from experiments.report.run import Run
from experiments.report.text import Text

MOST_NAMED, MOST_DRAWN = 5, 12  # the picture shows the worst, the table all


def build(run: Run, say: Text) -> list[Block]:
    found = run.extra("stress.json")
    if not found or not found["rows"]:
        return []
    rows = [{**row, "label": say.one_of("stress.labels", row["perturbation"], row["label"])} for row in found["rows"]]
    names = {"policy": say.name(found["policy"]), "against": say.name(found["against"])}
    unsure = [row["label"] for row in rows if not (row["recovery_rate"]["low"] or 0.0) > 0]
    shown = unsure[:MOST_NAMED] + (["…"] if len(unsure) > MOST_NAMED else [])
    drawn = sorted(rows, key=lambda row: row["recovery_rate"]["mean"] or 0.0)[:MOST_DRAWN]
    if unsure:
        message = say("stress.message_fails", **names, n=len(unsure), total=len(rows), labels=say.listed(shown))
    else:
        message = say("stress.message_holds", **names, n=len(rows))
    caption = say("stress.caption", **names)
    chart = charts.dots(
        "stress",
        [row["label"] for row in drawn],
        {names["policy"]: [row["recovery_rate"] for row in drawn]},
        say("stress.axis", **names),
        caption,
        from_zero=False,
    )
    keys = ("recovery_rate", "time_to_recover_days", "net_recovery_rate")
    table_rows: list[list[Cell | str]] = [
        [row["label"], *(say.span(row[key], "share", signed=True) for key in keys)] for row in rows
    ]
    head = [say("stress.change"), say("stress.recovery"), say("stress.time"), say("stress.net")]
    return [Paragraph(message, "message"), chart, Table(caption, head, table_rows)]
