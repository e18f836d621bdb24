"""Breaches, treatments that the gate stopped, and what the audit found."""

from __future__ import annotations

from typing import Any

from experiments.report.blocks import Block, Cell, Line, Paragraph, Table
from experiments.report.run import Run
from experiments.report.text import Text

MOST_EVIDENCE = 20


def build(run: Run, say: Text) -> list[Block]:
    results = run.results
    rows: list[list[Cell | str]] = []
    for name in run.names:
        row: list[Cell | str] = [say.name(name)]
        for counts in (results["breaches"][name], results["blocked"][name]):
            lines = [Line(f"{rule}: {count:,}") for rule, count in counts.items()]
            row.append(Cell(f"{sum(counts.values()):,}", lines))
        row.append(Cell(str(len(dropped := results["dropped_rules"].get(name, []))), [Line(rule) for rule in dropped]))
        rows.append(row)
    head = [say("rules.plan"), say("rules.breaches"), say("rules.stopped"), say("rules.dropped")]
    return [
        Paragraph(say("rules.intro", rules=results["rules"])),
        Table(say("rules.caption"), head, rows),
        *_audit(run, say, run.extra("audit.json")),
    ]


def _audit(run: Run, say: Text, found: Any) -> list[Block]:
    return []
