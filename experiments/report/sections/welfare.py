"""What each plan means for debtors, and the non-inferiority check of debtor burden."""

from __future__ import annotations

from typing import Any

from recoup.experiments.comparison.files import WELFARE_FILE
from recoup.experiments.comparison.run import Run, verdict
from recoup.experiments.report.blocks import Block, Bullets, Cell, Line, Paragraph, Table
from recoup.experiments.report.text import Text


def build(run: Run, say: Text) -> list[Block]:
    burden = run.extra(WELFARE_FILE)
    if not burden:
        return []
    reference = burden["reference"]
    rows: list[list[Cell | str]] = []
    for measure in burden["measures"]:
        title, definition = say.measure(measure["name"], (measure["title"], measure["definition"]))
        row: list[Cell | str] = [Cell(title, [Line(definition)])]
        for name in run.names:
            value = burden["policies"][name][measure["name"]]
            lines = [Line(say.limits(value, measure["unit"]))]
            if name != reference:
                change = burden["differences"][name][reference][measure["name"]]
                judged = verdict(change, measure["better"]) if change["mean"] is not None else "open"
                if judged != "open":
                    lines.append(Line(say(f"verdict.{judged}"), judged))
            row.append(Cell(say.number(value["mean"], measure["unit"]), lines))
        rows.append(row)
    head = [say("welfare.measure"), *map(say.name, run.names)]
    checks = [check_words(check, burden, say) for check in burden["checks"] if check["policy"] != reference]
    return [
        *([Bullets(checks)] if checks else []),
        Paragraph(say("welfare.intro", against=say.name(reference))),
        Table(say("welfare.caption"), head, rows),
    ]


def check_words(check: dict[str, Any], burden: dict[str, Any], say: Text) -> str:
    """The verdict of the check, which burdens are heavier or lighter, and the main source of added cost.

    Args:
        check: one of the checks of welfare.json.
        burden: the whole of welfare.json, for the measures' titles.
        say: the words.
    """
    titles = {m["name"]: say.measure(m["name"], (m["title"], ""))[0] for m in burden["measures"]}
    source = check.get("cost_from")
    growing = check["more"] == ["debtor_cost"] and source == "debtor_interest"
    verdict = say.one_of("welfare.verdicts", "debts grow" if growing else check["verdict"])
    said = [
        say(
            "welfare.check",
            plan=say.name(check["policy"]),
            verdict=verdict.format(against=say.name(check["reference"])),
        )
    ]
    for key in ("more", "less"):
        if check[key] and not (growing and key == "more"):
            said.append(
                say(f"welfare.{key}", burdens=say("list.semicolon").join(_within(titles[name]) for name in check[key]))
            )
    if source and not growing:
        said.append(say("welfare.cost_from", source=_within(titles[source])))
    return say.sentences(*said)


def _within(title: str) -> str:
    """A title as it stands within a sentence; titles themselves may hold commas."""
    return title[0].lower() + title[1:]
