"""The waterfall from the reference to the best plan, where `recoup attribute` has measured it."""

from __future__ import annotations

from recoup.experiments.report import charts
from recoup.experiments.report.blocks import Block, Cell, Line, Paragraph, Table
from recoup.experiments.report.text import Text
from recoup.experiments.runs.run import Run, verdict
from recoup.experiments.runs.runfolder import ATTRIBUTION


def build(run: Run, say: Text) -> list[Block]:
    result = run.extra(ATTRIBUTION)
    if result is None:
        return []
    rows = result["rows"]
    names = {"from": say.name(result["from"]), "to": say.name(result["to"])}
    total = result["total"]["mean"]
    largest = max(rows, key=lambda row: row["recovery_rate"]["mean"] * (1 if total >= 0 else -1))
    kind = {"good": "up", "bad": "down", "open": "open"}[verdict(result["total"], 1)]
    message = say(
        f"attribution.{kind}",
        **names,
        total=say.span(result["total"], "points", signed=True),
        part=say(f"attribution.parts.{largest['part']}"),
        value=say.span(largest["recovery_rate"], "points", signed=True),
    )
    seeds = len(result["seeds"])
    seeds_words = say("seeds_one") if seeds == 1 else say("seeds_many", n=seeds)
    return [
        Paragraph(message, "message"),
        charts.waterfall(
            "attribution",
            (names["from"], result["start"]["mean"]),
            [(say(f"attribution.parts.{row['part']}"), row["recovery_rate"]) for row in rows],
            (names["to"], result["start"]["mean"] + total),
            say("attribution.caption_chart", **names),
        ),
        Paragraph(say("attribution.intro", **names, seeds=seeds_words, hybrids=result["hybrids"])),
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
