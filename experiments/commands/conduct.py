"""`recoup conduct`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from recoup.experiments.runs.console import Accounts, Days, FirstSeed, Json, Seeds, Workers, console


def conduct(
    scenario: Annotated[
        str, typer.Option("-s", "--scenario", help="A scenario with corrections: name or .yaml file.")
    ] = "china-conduct",
    plan: Annotated[
        list[str] | None, typer.Option("-p", "--plan", help="Plan's name or .yaml file; once for each.")
    ] = None,
    seeds: Seeds = 10,
    first_seed: FirstSeed = 1,
    accounts: Accounts = None,
    days: Days = None,
    workers: Workers = 1,
    out: Annotated[Path | None, typer.Option(help="Folder for conduct.json, new [default: none is written].")] = None,
    json: Json = False,
) -> None:
    """Measure what a scenario's correction loop is worth: each plan with and without it, on the same accounts and luck.

    Example: recoup conduct -s china-conduct -p status-quo -p staged --seeds 10
    """
    from rich.console import Console
    from rich.progress import track

    from recoup.experiments.robustness.conduct import CONDUCT, answer, measure_loop
    from recoup.experiments.runs.runfolder import require_new, write_json
    from recoup.scenarios.schema import load_scenario

    if out is not None:
        require_new(out)
    plans = plan or ["status-quo", "staged"]
    progress = iter(
        track(
            range(2 * seeds * len(plans)),
            description="runs",
            console=Console(stderr=True),
            disable=not sys.stderr.isatty(),
        )
    )
    found = measure_loop(
        load_scenario(scenario),
        plans,
        range(first_seed, first_seed + seeds),
        accounts,
        days,
        lambda: next(progress, None),
        workers,
    )
    if out is not None:
        write_json(out / CONDUCT, found)
    if json:
        console().print_json(data=found)
        return
    for name, results in found["plans"].items():
        console().print(_table(name, found, results))
    for name, results in found["plans"].items():
        console().print(answer(name, results), markup=False)
    if out is not None:
        console().print(f"\n{out / CONDUCT}", soft_wrap=True, markup=False)


def _table(name: str, found: dict[str, Any], results: dict[str, Any]) -> Any:
    from rich.table import Table

    from recoup.experiments.report import text_in
    from recoup.experiments.robustness.conduct import LOOP, NO_LOOP

    say = text_in("en")
    title = (
        f"{name}: {found['title']}; {found['accounts']:,} accounts, {found['days']} days, {len(found['seeds'])} seeds"
    )
    table = Table(title=title, title_justify="left", caption="mean over seeds (95 % interval)", caption_justify="left")
    for column in ("", NO_LOOP, LOOP, "difference, paired"):
        table.add_column(column, justify="left" if not column else "right")
    for row in found["rows"]:
        unit = row["unit"]
        cells = [say.span(results["figures"][variant][row["name"]], unit) for variant in (NO_LOOP, LOOP)]
        gap = say.span(results["difference"][row["name"]], "points" if unit == "share" else unit, signed=True)
        table.add_row(row["title"], *cells, gap)
    return table
