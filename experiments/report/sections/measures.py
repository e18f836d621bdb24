"""Every measure of every plan, with paired differences to the reference."""

from __future__ import annotations

from recoup.experiments.comparison.measures import MEASURES
from recoup.experiments.comparison.run import Run, verdict
from recoup.experiments.report.blocks import Block, Cell, Line, Paragraph, Table
from recoup.experiments.report.sections.headline import change_cell, value_cell
from recoup.experiments.report.text import Text


def build(run: Run, say: Text) -> list[Block]:
    against = run.reference
    rows: list[list[Cell | str]] = []
    for measure in MEASURES:
        title, definition = say.measure(measure.name)
        row: list[Cell | str] = [Cell(title, [Line(definition)])]
        for name in run.ordered:
            cell = value_cell(run, say, name, measure.name)
            if against and name != against:
                change = change_cell(run, say, name, against, measure.name)
                difference = run.difference(name, against, measure.name)
                between = f" ({change.lines[0].text})" if change.lines else ""
                mark = verdict(difference, measure.better) if difference["mean"] is not None else "open"
                cell = Cell(cell.text, [*cell.lines, Line(change.text + between, mark)])
            row.append(cell)
        rows.append(row)
    intro = say("measures_section.intro")
    if against:
        intro = say.sentences(intro, say("measures_section.intro_paired", against=say.name(against)))
    head = [say("measures_section.measure"), *map(say.name, run.ordered)]
    return [Paragraph(intro), Table(say("measures_section.caption"), head, rows)]
