"""What each plan means for debtors, and the non-inferiority check of debtor burden."""

from __future__ import annotations

from typing import Any

from recoup.experiments.comparison.files import WELFARE_FILE
from recoup.experiments.comparison.run import Run, verdict
from recoup.experiments.report import charts
from recoup.experiments.report.blocks import Block, Bullets, Cell, Columns, Line, Paragraph, Table
from recoup.experiments.report.sections import fairness
from recoup.experiments.report.text import Text

MOST_MARGINS = 5.0  # what lies further out is drawn at the edge


def build(run: Run, say: Text) -> list[Block]:
    burden = run.extra(WELFARE_FILE)
    if not burden:
        return []
    reference = run.reference or run.best
    rows: list[list[Cell | str]] = []
    for measure in burden["measures"]:
        title, definition = say.measure(measure["name"], (measure["title"], measure["definition"]))
        row: list[Cell | str] = [Cell(title, [Line(definition)])]
        for name in run.ordered:
            value = burden["policies"][name][measure["name"]]
            lines = [Line(say.limits(value, measure["unit"]))]
            if name != reference:
                change = burden["differences"][name][reference][measure["name"]]
                judged = verdict(change, measure["better"]) if change["mean"] is not None else "open"
                if judged != "open":
                    lines.append(Line(say(f"verdict.{judged}"), judged))
            row.append(Cell(say.number(value["mean"], measure["unit"]), lines))
        rows.append(row)
    head = [say("welfare.measure"), *map(say.name, run.ordered)]
    columns = [_burdens(run, burden, say), fairness.pictured(run, say)]
    return [
        Columns([column for column in columns if column]),
        Table(say("welfare.caption"), head, rows),
    ]


def _burdens(run: Run, burden: dict[str, Any], say: Text) -> list[Block]:
    """Every burden that is judged, in margins: what the check says of the challenger, and where all plans lie."""
    if run.reference is None:
        return []
    rows = {}
    for number, gap in enumerate(run.cases[run.best].gaps):
        name = gap.burden.measure
        marks = []
        for plan in run.ordered:
            if plan == run.reference:
                continue
            change = burden["differences"][plan][run.reference][name]
            margin = run.cases[plan].gaps[number].margin
            if change["mean"] is None or not margin:
                continue
            low, high = (None if change[end] is None else change[end] / margin for end in ("low", "high"))
            role = "main" if plan == run.best else ""
            marks.append(charts.Mark(say.name(plan), change["mean"] / margin, low, high, role))
        if marks:
            rows[say(f"memo.burdens.{name}")] = marks
    names = {"plan": say.name(run.best), "champion": say.name(run.reference)}
    blocks: list[Block] = [Paragraph(check_words(run.burden_check(run.best), burden, say), "message")]
    if rows:
        blocks.append(
            charts.strip(
                "burdens", rows, (1.0,), say("welfare.axis", **names), say("welfare.picture", **names), MOST_MARGINS
            )
        )
    return blocks


def checks(run: Run, say: Text) -> list[Block]:
    """What the check says of every plan but the one in force."""
    burden = run.extra(WELFARE_FILE)
    if not burden or run.reference is None:
        return []
    said = [check_words(run.burden_check(name), burden, say) for name in run.ordered if name != run.reference]
    return [Paragraph(say("welfare.intro", against=say.name(run.reference))), Bullets(said)]


def check_words(check: dict[str, Any], burden: dict[str, Any], say: Text) -> str:
    """The verdict of the check, which burdens are heavier or lighter, and the main source of added cost.

    Args:
        check: one of the checks of welfare.json.
        burden: the whole of welfare.json, for the measures' titles.
        say: the words.
    """
    known = {m["name"]: (m["title"], "") for m in burden["measures"]}
    source = check.get("cost_from")
    growing = check["more"] == ["debtor_cost"] and source == "debtor_interest"
    verdict = say.one_of("welfare.verdicts", "debts grow" if growing else check["verdict"])
    said = [
        say(
            "welfare.check",
            plan=say.name(check["policy"]),
            verdict=verdict.format(against=say.name(check["reference"]), suits=f"{check['hardship_suits']:,}"),
        )
    ]
    for key in ("more", "less"):
        if check[key] and not (growing and key == "more"):
            said.append(
                say(
                    f"welfare.{key}",
                    burdens=say("list.semicolon").join(
                        _within(say.measure(name, known.get(name))[0]) for name in check[key]
                    ),
                )
            )
    if source and not growing:
        said.append(say("welfare.cost_from", source=_within(say.measure(source, known.get(source))[0])))
    return say.sentences(*said)


def _within(title: str) -> str:
    """A title as it stands within a sentence; titles themselves may hold commas."""
    return title[0].lower() + title[1:]
