"""Breaches, treatments that the gate stopped, and what the audit found."""

from __future__ import annotations

from recoup.experiments.comparison.audit import read_breaches
from recoup.experiments.comparison.files import AUDIT_FILE
from recoup.experiments.comparison.run import Run
from recoup.experiments.report.blocks import Block, Cell, Line, Paragraph, Table
from recoup.experiments.report.text import Text
from recoup.experiments.report.words import rules_label

MOST_EVIDENCE = 20


def build(run: Run, say: Text) -> list[Block]:
    results = run.results
    rows: list[list[Cell | str]] = []
    for name in run.ordered:
        row: list[Cell | str] = [say.name(name)]
        for counts in (results["breaches"][name], results["blocked"][name]):
            lines = [Line(f"{rule}: {count:,}") for rule, count in counts.items()]
            row.append(Cell(f"{sum(counts.values()):,}", lines))
        row.append(
            Cell(
                str(len(dropped := results["dropped_rules"].get(name, []))), [Line(say.note(rule)) for rule in dropped]
            )
        )
        rows.append(row)
    head = [say("rules.plan"), say("rules.breaches"), say("rules.stopped"), say("rules.dropped")]
    return [
        Paragraph(say("rules.intro", rules=rules_label(run, say))),
        Table(say("rules.caption"), head, rows),
        *_audit(run, say),
    ]


def _audit(run: Run, say: Text) -> list[Block]:
    """The second reading of the event log, rule by rule, and the first breaches with their evidence."""
    audit = run.extra(AUDIT_FILE)
    if not audit or not audit["rules"]:
        return []
    rules = audit["rules"]
    message = say(
        "rules.audit",
        rules=sum(not rule.get("missing") for rule in rules),
        applied=f"{sum(rule['tested'] for rule in rules):,}",
        breaches=f"{sum(rule['breaches'] for rule in rules):,}",
    )
    rows: list[list[Cell | str]] = []
    for rule in rules:
        sentence = (rule.get("text_zh") if say.language == "zh" else "") or rule["text"]
        by_policy = [
            Line(f"{say.name(name)}: {counts['breaches']:,}", "bad")
            for name, counts in rule["by_policy"].items()
            if counts["breaches"]
        ]
        if rule.get("missing"):  # a zero would say that it was looked at
            rows.append([Cell(rule["id"], [Line(sentence), Line(say("rules.not_simulated"))]), *["–"] * 4])
            continue
        counts = [f"{rule[count]:,}" for count in ("tested", "near", "stopped")]
        rows.append([Cell(rule["id"], [Line(sentence)]), *counts, Cell(f"{rule['breaches']:,}", by_policy)])
    head = [say(f"rules.{name}") for name in ("rule", "applied", "near", "stopped", "breaches")]
    return [Paragraph(message, "message"), Table(say("rules.audit_caption"), head, rows), *_evidence(run, say)]


def _evidence(run: Run, say: Text) -> list[Block]:
    breaches = read_breaches(run.folder, MOST_EVIDENCE)
    if breaches.empty:
        return []
    rows: list[list[Cell | str]] = [
        [say.name(str(b["policy"])), str(b["account_id"]), str(int(b["day"]) + 1), str(b["rule"]), str(b["evidence"])]
        for b in breaches.to_dict("records")
    ]
    head = [say(f"rules.{name}") for name in ("plan", "account", "day", "rule", "evidence")]
    return [Table(say("rules.evidence_caption"), head, rows, words=True)]
