"""`recoup conduct`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from recoup.experiments.commands.options import SimulationOptions
from recoup.experiments.runs.console import (
    Days,
    complete_plans,
    complete_scenarios,
    console,
    interruptible,
    progress_bar,
)
from recoup.experiments.runs.options import options_from


@options_from(SimulationOptions)
def conduct(
    options: SimulationOptions,
    scenario: Annotated[
        str,
        typer.Option(
            "-s",
            "--scenario",
            help="A scenario with corrections: name or .yaml file.",
            autocompletion=complete_scenarios,
        ),
    ] = "china-conduct",
    plan: Annotated[
        list[str] | None,
        typer.Option(
            "-p",
            "--plan",
            help="Plan's name or .yaml file; once for each.",
            show_default="status-quo, staged",
            autocompletion=complete_plans,
        ),
    ] = None,
    days: Days = None,
    out: Annotated[Path | None, typer.Option(help="Folder for conduct.json, new.", show_default="no file")] = None,
) -> None:
    """Measure what a scenario's correction loop is worth: each plan with and without it, on the same accounts and random numbers.

    Example: recoup conduct -s china-conduct -p status-quo -p staged --seeds 10
    """
    from recoup.experiments.robustness.conduct import CONDUCT, answer, measure_loop
    from recoup.experiments.runs.kept import Kept
    from recoup.experiments.runs.runfolder import require_new, whole_folder, write_json
    from recoup.scenarios.schema import load_scenario

    if out is not None:
        require_new(out)
    plans = plan or ["status-quo", "staged"]
    kept = Kept.beside(out)
    hint = "the same command goes on" if out else "with --out a folder, finished runs would be kept"
    total = 2 * options.seeds * len(plans)
    with interruptible(lambda: hint), options.team() as team, progress_bar("runs", total) as advance:
        results = measure_loop(
            load_scenario(scenario), plans, options.seed_range, options.accounts, days, advance, team, kept
        )
        if out is not None:
            with whole_folder(out) as folder:
                write_json(folder / CONDUCT, results)
            kept.drop()
    if options.json:
        console().print_json(data=results)
        return
    for name, loop in results["plans"].items():
        console().print(_table(name, results, loop))
    for name, loop in results["plans"].items():
        console().print(answer(name, loop))
    if out is not None:
        console().print(f"\n{out / CONDUCT}", soft_wrap=True)


def _table(name: str, results: dict[str, Any], loop: dict[str, Any]) -> Any:
    from rich.table import Table

    from recoup.experiments.report import text_in
    from recoup.experiments.robustness.conduct import Arm

    text = text_in("en")
    title = f"{name}: {results['title']}; {results['accounts']:,} accounts, {results['days']} days, {len(results['seeds'])} seeds"
    table = Table(title=title, title_justify="left", caption="mean over seeds (95 % interval)", caption_justify="left")
    for column in ("", Arm.NO_LOOP.value, Arm.LOOP.value, "difference, paired"):
        table.add_column(column, justify="left" if not column else "right")
    for row in results["rows"]:
        unit = row["unit"]
        cells = [text.span(loop["figures"][arm][row["name"]], unit) for arm in (Arm.NO_LOOP, Arm.LOOP)]
        gap = text.span(loop["difference"][row["name"]], "points" if unit == "share" else unit, signed=True)
        table.add_row(row["title"], *cells, gap)
    return table
