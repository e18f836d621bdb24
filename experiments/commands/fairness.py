"""`recoup fairness`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from recoup.experiments.runs.console import Json, console


def fairness(
    run: Annotated[Path, typer.Argument(help="Run folder of a finished comparison.")],
    plan: Annotated[
        list[str] | None, typer.Option("-p", "--policy", help="Only these policies; once for each.")
    ] = None,
    json: Json = False,
) -> None:
    """Show how a run's plans treat groups of age, sex and region, and which inputs could be proxies for them.

    Example: recoup fairness runs/mine -p staged
    """
    from recoup.experiments.comparison.fairness import FAIRNESS, summary
    from recoup.experiments.runs.runfolder import read_json
    from recoup.sim.inputs import InputError, choose

    audit = read_json(run / FAIRNESS)
    for name in plan or ():
        if name not in audit["policies"]:
            raise InputError("--policy", "", name, choose(list(audit["policies"]), name))
    out = console()
    if json:
        out.print_json(data=audit)
        return
    for name in plan or audit["policies"]:
        out.print(_table(name, audit))
    out.print("In brackets: the gap to all other debtors, adjusted for " + ", ".join(audit["adjusted_for"]) + ".")
    out.print("! beyond its limit at 95 %, all gaps tested together; ~ group too small to test.\n")
    out.print(_proxies(audit["proxies"]))
    if audit["drawn"]:
        out.print(f"Not known for these debtors, drawn at random: {', '.join(audit['drawn'])}.")
    for sentence in summary(audit):
        out.print(sentence)
    for note in audit["explained"]:
        out.print(f"Explained: {note['sentence']}")


def _table(name: str, audit: dict[str, Any]) -> Any:
    from rich.table import Table

    table = Table(title=name, title_justify="left")
    table.add_column("group")
    table.add_column("accounts", justify="right")
    for outcome in audit["outcomes"]:
        table.add_column(outcome["title"], justify="right")
    for attribute, members in audit["policies"][name].items():
        for group, row in members.items():
            cells = [_cell(row["outcomes"][outcome["name"]], outcome["unit"]) for outcome in audit["outcomes"]]
            table.add_row(f"{attribute} {group}", f"{row['accounts']:,.0f}", *cells)
        table.add_section()
    return table


def _cell(cell: dict[str, Any], unit: str) -> str:
    from recoup.experiments.report import text_in

    text = text_in("en")
    value, adjusted = text.number(cell["value"]["mean"], unit), cell["adjusted"]
    if adjusted is None:
        return f"{value} (~)"
    gap = text.number(adjusted["gap"], "points" if unit == "share" else unit, signed=True).split()[0]
    return f"{value} ({gap}{'!' if cell.get('unequal') else ''})"


def _proxies(audit: dict[str, Any]) -> Any:
    from rich.table import Table

    table = Table(title="Proxy check: how well the inputs identify each group", title_justify="left")
    for column in ("group", "AUC", "95 % interval", "strongest field", "its AUC"):
        table.add_column(column, justify="left" if column in ("group", "strongest field") else "right")
    for attribute, members in audit["attributes"].items():
        for group, row in members.items():
            limits = f"{row['low']:.2f} to {row['high']:.2f}"
            table.add_row(f"{attribute} {group}", f"{row['auc']:.2f}", limits, row["field"], f"{row['field_auc']:.2f}")
    table.caption, table.caption_justify = (
        f"0.5 is chance; a warning when the interval lies above {audit['bound']}",
        "left",
    )
    return table
