"""The comparison repeated in worlds that differ from the model."""

from __future__ import annotations

from typing import Any

from recoup.experiments.report import charts
from recoup.experiments.report.blocks import Block, Cell, Line, Paragraph, Table
from recoup.experiments.report.text import Text
from recoup.experiments.robustness.stress import AS_IT_IS, gain, is_one_parameter, shown
from recoup.experiments.runs.run import Run
from recoup.sim.parameters import Behaviour

MOST_NAMED = 5
MOST_PARAMETERS = 12  # those with the smallest gain are shown, of about 170


def build(run: Run, say: Text) -> list[Block]:
    found = run.extra("stress.json")
    if not found or not found["rows"]:
        return []
    rows = [{**row, "label": say.one_of("stress.labels", row["perturbation"], row["label"])} for row in found["rows"]]
    names = {"policy": say.name(found["policy"]), "against": say.name(found["against"])}
    wrong = [row for row in rows if row["perturbation"] != AS_IT_IS]
    unsure = [row["label"] for row in wrong if not (row["recovery_rate"]["low"] or 0.0) > 0]
    if unsure:
        listed = say.listed(unsure[:MOST_NAMED] + (["…"] if len(unsure) > MOST_NAMED else []))
        message = say("stress.message_fails", **names, n=len(unsure), total=len(wrong), labels=listed)
    else:
        message = say("stress.message_holds", **names, n=len(wrong))
    told, rest = shown(rows, MOST_PARAMETERS)
    caption = say("stress.caption", **names)
    chart = charts.dots(
        "stress",
        [row["label"] for row in told],
        {names["policy"]: [row["recovery_rate"] for row in told]},
        say("stress.axis", **names),
        caption,
        from_zero=False,
    )
    keys = ("recovery_rate", "time_to_recover_days", "net_recovery_rate")
    table_rows: list[list[Cell | str]] = [
        [_told(row, say), *(say.span(row[key], "share", signed=True) for key in keys)] for row in told
    ]
    head = [say("stress.change"), say("stress.recovery"), say("stress.time"), say("stress.net")]
    blocks: list[Block] = [Paragraph(message, "message"), chart, Table(caption, head, table_rows)]
    if rest:
        low, high = (say.number(gain(row), "share", signed=True) for row in (rest[0], rest[-1]))
        blocks.append(Paragraph(say("stress.rest", n=len(rest), low=low, high=high)))
    return blocks


def _told(row: dict[str, Any], say: Text) -> Cell:
    """What is changed; below a parameter's name what it is, where the catalogue's language is the parameters' own."""
    found = Behaviour.model_fields.get(row["perturbation"][:-1]) if is_one_parameter(row["perturbation"]) else None
    return Cell(row["label"], [Line(found.description)] if found and found.description and say.language == "en" else [])
