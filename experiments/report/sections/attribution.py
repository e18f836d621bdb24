"""The waterfall from the reference to the best plan, where `recoup attribute` has measured it."""

from __future__ import annotations

from recoup.experiments.report import charts
from recoup.experiments.report.blocks import Block, Cell, Line, Paragraph, Table
from recoup.experiments.report.text import Text
from recoup.experiments.runs.champion import VALUE
from recoup.experiments.runs.run import Run, verdict
from recoup.experiments.runs.runfolder import ATTRIBUTION


def build(run: Run, say: Text) -> list[Block]:
    result = run.extra(ATTRIBUTION)
    if result is None:
        return []
    cash = result["measures"]["recovery_rate"]
    value = result["measures"][VALUE]["parts"]
    rows = cash["parts"]
    names = {"from": say.name(result["from"]), "to": say.name(result["to"])}
    total = cash["total"]["mean"]
    largest = max(rows, key=lambda part: rows[part]["mean"] * (1 if total >= 0 else -1))
    kind = {"good": "up", "bad": "down", "open": "open"}[verdict(cash["total"], 1)]
    message = say(
        f"attribution.{kind}",
        **names,
        total=say.span(cash["total"], "points", signed=True),
        part=say(f"attribution.parts.{largest}"),
        value=say.span(rows[largest], "points", signed=True),
    )
    seeds = len(result["seeds"])
    seeds_words = say("seeds_one") if seeds == 1 else say("seeds_many", n=seeds)
    return [
        Paragraph(message, "message"),
        charts.waterfall(
            "attribution",
            (names["from"], cash["start"]["mean"]),
            [(say(f"attribution.parts.{part}"), effect) for part, effect in rows.items()],
            (names["to"], cash["start"]["mean"] + total),
            say("attribution.caption_chart", **names),
        ),
        Paragraph(say("attribution.intro", **names, seeds=seeds_words, hybrids=result["hybrids"])),
        Table(
            say("attribution.caption_chart", **names),
            [say("attribution.part"), say("attribution.effect"), say("attribution.effect_value")],
            [
                [
                    Cell(say(f"attribution.parts.{part}"), [Line(say(f"attribution.meanings.{part}"))]),
                    say.span(effect, "points", signed=True),
                    say.span(value[part], "points", signed=True),
                ]
                for part, effect in rows.items()
            ],
        ),
    ]
