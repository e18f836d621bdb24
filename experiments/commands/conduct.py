"""`recoup conduct`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recoup.experiments.commands.options import SimulationOptions
from recoup.experiments.commands.showing import announce
from recoup.experiments.runs.console import (
    Days,
    Language,
    complete_plans,
    complete_scenarios,
    console,
    interruptible,
    progress_bar,
)
from recoup.experiments.runs.options import options_from

if TYPE_CHECKING:
    from recoup.experiments.report.text import Text


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
    lang: Language = "en",
) -> None:
    """Measure what a scenario's correction loop is worth: each plan with and without it, on the same accounts and random numbers.

    Example: recoup conduct -s china-conduct -p status-quo -p staged --seeds 10
    """
    plans = plan or ["status-quo", "staged"]
    announce("simulate", lang, command="recoup conduct", policies=len(plans), scenario=scenario, seeds=options.seeds)
    from recoup.experiments.report import text_in
    from recoup.experiments.robustness.conduct import CONDUCT, measure_loop
    from recoup.experiments.runs.kept import Kept
    from recoup.experiments.runs.runfolder import require_new, whole_folder, write_json
    from recoup.scenarios.schema import load_scenario

    if out is not None:
        require_new(out)
    kept = Kept.beside(out)
    hint = text_in(lang)(f"terminal.interrupted.{'same' if out else 'no_runs'}")
    total, say = 2 * options.seeds * len(plans), text_in(lang)
    bar = progress_bar(say("terminal.bars.runs"), total)
    with interruptible(lambda: hint), options.team() as team, bar as advance:
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
        console().print(_table(name, results, loop, say))
    for name, loop in results["plans"].items():
        console().print(answer(name, loop, say))
    if out is not None:
        console().print(f"\n{out / CONDUCT}", soft_wrap=True)


def _table(name: str, results: dict[str, Any], loop: dict[str, Any], say: Text) -> Any:
    from recoup.experiments.robustness.conduct import Arm
    from recoup.experiments.runs.tables import Table

    title = say(
        "terminal.conduct.title",
        plan=say.name(name),
        title=say.one_of("names", results["scenario"], results["title"]),
        accounts=f"{results['accounts']:,}",
        days=results["days"],
        seeds=say("seeds_one") if len(results["seeds"]) == 1 else say("seeds_many", n=len(results["seeds"])),
    )
    arms = [say("terminal.conduct.without"), say("terminal.conduct.with")]
    table = Table("", *arms, *say.heads("difference"), title=title, caption=say("terminal.interval"))
    for row in results["rows"]:
        unit = row["unit"]
        cells = [say.bare_span(loop["figures"][arm][row["name"]], unit) for arm in (Arm.NO_LOOP, Arm.LOOP)]
        gap = say.bare_span(loop["difference"][row["name"]], unit, signed=True)
        table.add_row(say.head(say.measure(row["name"], (row["title"], ""))[0], unit), *cells, gap)
    return table


def answer(plan: str, loop: dict[str, Any], say: Text) -> str:
    """What the loop does to complaints and to recovery after costs, in one sentence.

    Args:
        plan: its name.
        loop: the plan's part of conduct.json.
        say: the words.
    """
    from recoup.experiments.report.text import written

    complaints, net = loop["difference"]["complaints_per_1000"], loop["difference"]["net_recovery_rate"]
    if complaints["low"] is None:
        return say("terminal.conduct.one_seed", plan=say.name(plan))
    return say(
        "terminal.conduct.answer",
        plan=say.name(plan),
        complaints=say(f"terminal.conduct.complaints.{_direction(complaints)}"),
        change=say.bare(complaints["mean"], "count", signed=True),
        net=say(f"terminal.conduct.net.{_direction(net)}"),
        points=written(100 * net["mean"], "+.2f"),
    )


def _direction(difference: dict[str, Any]) -> str:
    if difference["low"] > 0:
        return "more"
    return "less" if difference["high"] < 0 else "neither"
