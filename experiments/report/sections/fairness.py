"""Outcomes by group of debtors, and the gaps that call for a look."""

from __future__ import annotations

from typing import Any

from recoup.experiments.comparison.files import FAIRNESS_FILE
from recoup.experiments.comparison.run import Run
from recoup.experiments.report import charts
from recoup.experiments.report.blocks import Block, Bullets, Cell, Line, Paragraph, Table
from recoup.experiments.report.text import Text

_UNITS = {"share": "share", "days": "days", "count": "count"}


def build(run: Run, say: Text) -> list[Block]:
    results = run.extra(FAIRNESS_FILE)
    if not results:
        return []
    outcomes = results["outcomes"]
    blocks: list[Block] = [_verdict(results, say), Paragraph(say("fairness.intro"))]
    if results["warnings"]:
        blocks.append(Bullets([_finding(w, results, say, "adjusted") for w in results["warnings"]]))
    if results.get("proxies"):
        blocks.append(Bullets(_proxies(results["proxies"], say)))
    if results.get("drawn"):
        drawn = say.listed([say.one_of("fairness.attributes", name) for name in results["drawn"]])
        blocks.append(Paragraph(say("fairness.drawn", attributes=drawn)))
    attributes = results["policies"][run.best]
    rows: list[list[Cell | str]] = []
    for attribute, groups in attributes.items():
        for name, group in groups.items():
            who = say(
                "list.is",
                field=say.one_of("fairness.attributes", attribute),
                value=say.one_of("fairness.groups", name),
            )
            row: list[Cell | str] = [who, f"{group['accounts']:,.0f}"]
            for outcome in outcomes:
                cell, unit = group["outcomes"][outcome["name"]], _UNITS.get(outcome["unit"], "count")
                mark = [Line(say("fairness.unequal"), "bad")] if cell.get("unequal") else []
                row.append(Cell(say.number(cell["value"]["mean"], unit), mark))
            rows.append(row)
    head = [say("fairness.group"), say("fairness.accounts"), *(_outcome(o, say) for o in outcomes)]
    return [*blocks, Table(say("fairness.caption", plan=say.name(run.best)), head, rows)]


def sentences(results: dict[str, Any], say: Text) -> list[str]:
    """What the terminal says of the gaps between groups: the verdict, and every warning.

    Args:
        results: the content of fairness.json.
        say: the words.
    """
    warnings = [_finding(warning, results, say, "adjusted") for warning in results["warnings"]]
    proxies = _proxies(results["proxies"], say) if (results.get("proxies") or {}).get("warnings") else []
    return [_verdict(results, say).text, *warnings, *proxies]


def explained(results: dict[str, Any], say: Text) -> list[str]:
    """Gaps that differences in the groups' debts explain, a sentence each.

    Args:
        results: the content of fairness.json.
        say: the words.
    """
    return [_finding(finding, results, say, "raw") for finding in results["explained"]]


def pictured(run: Run, say: Text) -> list[Block]:
    """The verdict, and every gap of the challenger in standard deviations; nothing where no gap was judged.

    Args:
        run: the finished run.
        say: the words.
    """
    results = run.extra(FAIRNESS_FILE)
    if not results:
        return []
    limit = results["bounds"]["standardised_difference"]
    rows = {}
    for outcome in results["outcomes"]:
        marks = []
        for attribute, groups in results["policies"][run.best].items():
            for name, group in groups.items():
                cell = group["outcomes"][outcome["name"]]
                gap, sd = cell["adjusted"], cell["sd"]
                if gap and sd:
                    who = say(
                        "list.is",
                        field=say.one_of("fairness.attributes", attribute),
                        value=say.one_of("fairness.groups", name),
                    )
                    beyond = "bad" if cell.get("unequal") else ""
                    marks.append(charts.Mark(who, gap["gap"] / sd, gap["low"] / sd, gap["high"] / sd, beyond))
        if marks:
            rows[_outcome(outcome, say)] = marks
    if not rows:
        return []
    widest = max(abs(mark.mean) for marks in rows.values() for mark in marks)
    picture = charts.strip(
        "fairness",
        rows,
        (-limit, limit),
        say("fairness.axis"),
        say("fairness.picture", plan=say.name(run.best)),
        max(1.5 * limit, widest),
    )
    return [_verdict(results, say), picture]


def _proxies(results: dict[str, Any], say: Text) -> list[str]:
    """Groups that the inputs of plans can tell, or that they can tell none."""
    sentences, highest = [], 0.5
    for attribute, members in results["attributes"].items():
        for group, row in members.items():
            highest = max(highest, row["auc"])
            if row["low"] > results["bound"]:
                numbers = {name: f"{row[name]:.2f}" for name in ("auc", "low", "high")}
                who = f"{say.one_of('fairness.attributes', attribute)} {say.one_of('fairness.groups', group)}"
                alone = f"{row['field_auc']:.2f}"
                sentences.append(
                    say("fairness.proxy", group=who, field=say.column(row["field"]), alone=alone, **numbers)
                )
    return sentences or [say("fairness.blind", auc=f"{highest:.2f}", bound=results["bound"])]


def _outcome(outcome: dict[str, Any], say: Text) -> str:
    name = say.one_of("fairness.outcomes", outcome["name"])
    return outcome["title"] if name == outcome["name"] else name


def _verdict(results: dict[str, Any], say: Text) -> Paragraph:
    gaps, warnings = f"{results['gaps_judged']:,}", len(results["warnings"])
    key = "fairness.flagged" if warnings else "fairness.clear"
    return Paragraph(say(key, gaps=gaps, n=warnings), "message")


def _finding(warning: dict[str, Any], results: dict[str, Any], say: Text, kind: str) -> str:
    """A gap, `adjusted` for differences in debts or `raw`."""
    outcome = next(o for o in results["outcomes"] if o["name"] == warning["outcome"])
    cell = results["policies"][warning["policy"]][warning["attribute"]][warning["group"]]["outcomes"][outcome["name"]]
    unit = _UNITS.get(outcome["unit"], "count")
    return say(
        "fairness.warning" if kind == "adjusted" else "fairness.explained",
        plan=say.name(warning["policy"]),
        group=f"{say.one_of('fairness.attributes', warning['attribute'])} {say.one_of('fairness.groups', warning['group'])}",
        outcome=_outcome(outcome, say),
        ours=say.number(cell["others"] + cell[kind]["gap"], unit),
        theirs=say.number(cell["others"], unit),
    )
