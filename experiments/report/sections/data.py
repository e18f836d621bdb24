"""Where the accounts come from, and what was filled in or assumed."""

from __future__ import annotations

from recoup.experiments.comparison.run import Run
from recoup.experiments.report.blocks import Block, Bullets
from recoup.experiments.report.text import Text


def build(run: Run, say: Text) -> list[Block]:
    portfolio = run.results["portfolio"]
    notes = list(dict.fromkeys(map(say.note, portfolio["notes"])))
    for assumed in ("filled", "fresh"):
        fields = [
            f"{say.column(field)} ({say('data.all') if count == portfolio['accounts'] else f'{count:,}'})"
            for field, count in portfolio.get(assumed, {}).items()
        ]
        if fields:
            notes.append(say(f"data.{assumed}", list=say.listed(fields)))
    return [Bullets([*notes, say("data.model"), say("data.paired")])]
