"""Roll rates."""

from __future__ import annotations

from recoup.experiments.comparison.run import Run
from recoup.experiments.report.blocks import Block, Cell, Line, Paragraph, Table
from recoup.experiments.report.text import Text


def build(run: Run, say: Text) -> list[Block]:
    rates = run.results["roll_rates"]
    rolls = [roll for roll in rates[run.names[0]] if any(rates[name][roll]["mean"] is not None for name in run.names)]
    if not rolls:
        return []
    rows: list[list[Cell | str]] = [
        [
            say.name(name),
            *(
                Cell(say.number(rates[name][roll]["mean"], "share"), [Line(say.limits(rates[name][roll], "share"))])
                for roll in rolls
            ),
        ]
        for name in run.names
    ]
    return [Paragraph(say("rolls.intro")), Table(say("rolls.caption"), [say("rolls.plan"), *rolls], rows)]
