"""Where the cash came from, by the payment attribution of each part."""

from __future__ import annotations

from typing import Any

import numpy as np

from recoup.experiments.comparison.intervals import Interval, difference, interval
from recoup.experiments.comparison.payment_attribution import sources_of
from recoup.experiments.comparison.run import Run
from recoup.experiments.report.blocks import Block, Cell, Line, Paragraph, Table
from recoup.experiments.report.text import Text

LEAST = 0.0005  # routes that bring less under every plan are left out


def _share(part: dict[str, Any], source: str) -> float:
    """A source's share of the opening balance of its own seed: synthetic portfolios differ from seed to seed."""
    cents = part["payment_attribution"]
    return cents.get(source, 0) / sum(cents.values()) * part["measures"]["recovery_rate"] if cents else 0.0


def largest_change(run: Run, say: Text) -> str:
    """The source of cash that changes most from the plan in force to the challenger, in words; empty where no cash has a source.

    Args:
        run: the finished run.
        say: the words.
    """
    if run.reference is None:
        return ""
    sources = sources_of(run.lists.vocabulary)
    before, after = (
        {s: float(np.mean([_share(part, s) for part in run.parts(name)])) for s in sources}
        for name in (run.reference, run.best)
    )
    source = max(sources, key=lambda s: abs(after[s] - before[s]))
    if abs(after[source] - before[source]) < LEAST:
        return ""
    theirs, ours = (say.number(means[source], "share") for means in (before, after))
    return say("memo.drivers.source", source=say(f"sources.names.{source}"), theirs=theirs, ours=ours)


def build(run: Run, say: Text) -> list[Block]:
    sources = sources_of(run.lists.vocabulary)

    def shares(name: str, source: str) -> list[float]:
        return [_share(part, source) for part in run.parts(name)]

    source_intervals: dict[str, dict[str, Interval]] = {
        name: {s: interval(shares(name, s)) for s in sources} for name in run.names
    }
    used = [s for s in sources if any((source_intervals[name][s]["mean"] or 0.0) >= LEAST for name in run.names)]
    if not used:
        return []

    def mean(name: str, source: str) -> float:
        return source_intervals[name][source]["mean"] or 0.0

    top = max(used, key=lambda s: mean(run.best, s))
    messages = [
        say(
            "sources.message",
            plan=say.name(run.best),
            source=say(f"sources.names.{top}"),
            value=say.number(mean(run.best, top), "share"),
        )
    ]
    against = run.reference
    if against:
        shift = max(used, key=lambda s: abs(mean(run.best, s) - mean(against, s)))
        change = difference(shares(run.best, shift), shares(against, shift))
        messages.append(
            say(
                "sources.change",
                against=say.name(against),
                source=say(f"sources.names.{shift}"),
                value=say.span(change, "points", signed=True),
            )
        )
    rows: list[list[Cell | str]] = [
        [
            say(f"sources.names.{source}"),
            *(
                Cell(
                    say.number(mean(name, source) or None, "share"),
                    [Line(say.limits(source_intervals[name][source], "share"))],
                )
                for name in run.ordered
            ),
        ]
        for source in used
    ]
    head = [say("sources.source"), *map(say.name, run.ordered)]
    return [
        Paragraph(say.sentences(*messages), "message"),
        Table(say("sources.caption"), head, rows),
        Paragraph(say("sources.explain")),
    ]
