"""Sensitivity analysis: the comparison repeated in perturbed worlds, where `recoup stress` has run."""

from __future__ import annotations

from typing import Any

from recoup.experiments.comparison.run import Run
from recoup.experiments.report import charts
from recoup.experiments.report.blocks import Block, Cell, Line, Paragraph, Table
from recoup.experiments.report.text import Text
from recoup.experiments.robustness.files import STRESS_FILE
from recoup.experiments.robustness.stress import UNPERTURBED, gain, is_one_parameter, select_rows, surely_gains
from recoup.experiments.runs.champion import VALUE
from recoup.sim.parameters import Behaviour

COLUMNS = {VALUE: "points", "recovery_rate": "share", "time_to_recover_days": "share", "complaints_per_1000": "count"}
MOST_NAMED = 5
MOST_PARAMETERS = 12  # those with the smallest gain are shown, of about 170


def build(run: Run, say: Text) -> list[Block]:
    result = run.extra(STRESS_FILE)
    if not result or not result["rows"]:
        return []
    rows = [{**row, "label": say.one_of("stress.labels", row["perturbation"], row["label"])} for row in result["rows"]]
    names = {"challenger": say.name(result["challenger"]), "baseline": say.name(result["baseline"])}
    perturbed = [row for row in rows if row["perturbation"] != UNPERTURBED]
    uncertain = [row["label"] for row in perturbed if not surely_gains(row)]
    if uncertain:
        listed = say.listed(uncertain[:MOST_NAMED] + (["…"] if len(uncertain) > MOST_NAMED else []))
        message = say("stress.message_fails", **names, n=len(uncertain), total=len(perturbed), labels=listed)
    else:
        message = say("stress.message_holds", **names, n=len(perturbed))
    selection = select_rows(rows, MOST_PARAMETERS)
    caption = say("stress.caption", **names)
    chart = charts.dots(
        "stress",
        [row["label"] for row in selection.shown],
        {names["challenger"]: [row[VALUE] for row in selection.shown]},
        say("stress.axis", **names),
        caption,
        from_zero=False,
    )
    table_rows: list[list[Cell | str]] = [
        [_change(row, say), *(say.span(row[key], unit, signed=True) for key, unit in COLUMNS.items())]
        for row in selection.shown
    ]
    head = [
        say("stress.change"),
        say("stress.value"),
        say("stress.recovery"),
        say("stress.time"),
        say("stress.complaints"),
    ]
    blocks: list[Block] = [Paragraph(message, "message"), chart, Table(caption, head, table_rows)]
    if rest := selection.omitted:
        low, high = (say.number(gain(row), "points", signed=True) for row in (rest[0], rest[-1]))
        blocks.append(Paragraph(say("stress.rest", n=len(rest), low=low, high=high)))
    return blocks


def _change(row: dict[str, Any], say: Text) -> Cell:
    """What is changed; below a parameter's name what it is, where the catalogue's language is the parameters' own."""
    field = Behaviour.model_fields.get(row["perturbation"][:-1]) if is_one_parameter(row["perturbation"]) else None
    return Cell(row["label"], [Line(field.description)] if field and field.description and say.language == "en" else [])
