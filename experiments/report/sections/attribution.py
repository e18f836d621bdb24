"""The waterfall from the reference to the best plan, where `recoup attribute` has measured it."""

from __future__ import annotations

from recoup.experiments.report import charts
from recoup.experiments.report.blocks import Block, Cell, Line, Paragraph, Table
from recoup.experiments.report.text import Text
from recoup.experiments.runs.run import Run, verdict
from recoup.experiments.runs.runfolder import ATTRIBUTION


def build(run: Run, say: Text) -> list[Block]:
    found = run.extra(ATTRIBUTION)
    if found is None:
        return []
    rows = found["rows"]
    names = {"from": say.name(found["from"]), "to": say.name(found["to"])}
    total = found["total"]["mean"]
    largest = max(rows, key=lambda row: row["recovery_rate"]["mean"] * (1 if total >= 0 else -1))
    kind = {"good": "up", "bad": "down", "open": "open"}[verdict(found["total"], 1)]
    message = say(
        f"attribution.{kind}",
        **names,
        total=say.span(found["total"], "points", signed=True),
        part=say(f"attribution.parts.{largest['part']}"),
        value=say.span(largest["recovery_rate"], "points", signed=True),
    )
    seeds = len(found["seeds"])
    told = say("seeds_one") if seeds == 1 else say("seeds_many", n=seeds)
    return [
        Paragraph(message, "message"),
        charts.waterfall(
            "attribution",
            (names["from"], found["start"]["mean"]),
            [(say(f"attribution.parts.{row['part']}"), row["recovery_rate"]) for row in rows],
            (names["to"], found["start"]["mean"] + total),
            say("attribution.caption_chart", **names),
        ),
        Paragraph(say("attribution.intro", **names, seeds=told, hybrids=found["hybrids"])),
        Table(
            say("attribution.caption_chart", **names),
            [say("attribution.part"), say("attribution.effect")],
            [
                [
                    Cell(say(f"attribution.parts.{row['part']}"), [Line(say(f"attribution.meanings.{row['part']}"))]),
                    say.span(row["recovery_rate"], "points", signed=True),
                ]
                for row in rows
            ],
        ),
    ]
