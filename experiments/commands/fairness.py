"""`recoup fairness`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recoup.experiments.runs.console import Json, Language, console

if TYPE_CHECKING:
    from recoup.experiments.report.text import Text


def fairness(
    run: Annotated[Path, typer.Argument(help="Run folder of a finished comparison.")],
    plan: Annotated[
        list[str] | None,
        typer.Option("-p", "--policy", help="Only these policies; once for each.", show_default="all of the run"),
    ] = None,
    lang: Language = "en",
    json: Json = False,
) -> None:
    """Show how a run's plans treat groups of age, sex and region, and which inputs could be proxies for them.

    Example: recoup fairness runs/mine -p staged
    """
    from recoup.experiments.comparison.files import FAIRNESS_FILE
    from recoup.experiments.report.sections.fairness import explained, sentences
    from recoup.experiments.report.text import text_in
    from recoup.sim.inputs import InputError, choose

    audit = FAIRNESS_FILE.read(run)
    for name in plan or ():
        if name not in audit["policies"]:
            raise InputError("--policy", "", name, choose(list(audit["policies"]), name))
    out = console()
    if json:
        out.print_json(data=audit)
        return
    say = text_in(lang)
    for name in plan or audit["policies"]:
        out.print(_table(name, audit, say))
    fields = say.listed([say.one_of("fields", field) for field in audit["adjusted_for"]])
    out.print(say("terminal.fairness.brackets", fields=fields))
    out.print(say("terminal.fairness.marks") + "\n")
    out.print(_proxies(audit["proxies"], say))
    if audit["drawn"]:
        drawn = say.listed([say.one_of("fairness.attributes", name) for name in audit["drawn"]])
        out.print(say("fairness.drawn", attributes=drawn))
    for sentence in sentences(audit, say):
        out.print(sentence)
    for sentence in explained(audit, say):
        out.print(sentence)


def _table(name: str, audit: dict[str, Any], say: Text) -> Any:
    from recoup.experiments.runs.tables import Table

    groups = [
        (_group(attribute, group, say), row)
        for attribute, members in audit["policies"][name].items()
        for group, row in members.items()
    ]
    outcomes = [
        say.head(say.one_of("fairness.outcomes", one["name"], one["title"]), one["unit"]) for one in audit["outcomes"]
    ]
    table = Table(*say.heads("group", "accounts"), *outcomes, title=say.name(name))
    for group, row in groups:
        cells = [_cell(row["outcomes"][outcome["name"]], outcome["unit"], say) for outcome in audit["outcomes"]]
        table.add_row(group, f"{row['accounts']:,.0f}", *cells)
    return table


def _group(attribute: str, group: str, say: Text) -> str:
    return f"{say.one_of('fairness.attributes', attribute)} {say.one_of('fairness.groups', group)}"


def _cell(cell: dict[str, Any], unit: str, say: Text) -> str:
    value, adjusted = say.bare(cell["value"]["mean"], unit), cell["adjusted"]
    if adjusted is None:
        return f"{value} (~)"
    return f"{value} ({say.bare(adjusted['gap'], unit, signed=True)}{'!' if cell.get('unequal') else ''})"


def _proxies(audit: dict[str, Any], say: Text) -> Any:
    from recoup.experiments.runs.tables import Table

    table = Table(
        *say.heads("group", "auc", "interval", "strongest", "its_auc"),
        title=say("terminal.fairness.proxies"),
        caption=say("terminal.fairness.chance", bound=audit["bound"]),
    )
    for attribute, members in audit["attributes"].items():
        for group, row in members.items():
            limits = say("between", low=f"{row['low']:.2f}", high=f"{row['high']:.2f}")
            cells = (f"{row['auc']:.2f}", limits, say.one_of("fields", row["field"]), f"{row['field_auc']:.2f}")
            table.add_row(_group(attribute, group, say), *cells)
    return table
