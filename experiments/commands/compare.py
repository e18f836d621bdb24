"""`recoup compare`, `recoup demo`, `recoup report`."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from recoup.experiments.comparison.settings import Comparison
from recoup.experiments.runs.console import (
    AGAIN,
    Json,
    Ray,
    Seeds,
    Workers,
    command_line,
    console,
    interruptible,
    progress_display,
)
from recoup.experiments.runs.options import options_from

DEMO_PLANS = ("no-contact", "status-quo", "staged", "tiered", "tuned", "distilled", "learned")
DEMO_SEEDS = 10
Why = Annotated[
    bool,
    typer.Option(
        "--why/--no-why", help="Measure where the best learned policy's gain comes from, and whether it lasts."
    ),
]


@options_from(Comparison)
def compare(
    comparison: Comparison,
    workers: Workers = 1,
    ray: Ray = None,
    out: Annotated[Path | None, typer.Option(help="Run folder, new.", show_default="runs/<scenario>-<time>")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Continue an interrupted run in --out.")] = False,
    why: Why = True,
    json: Json = False,
) -> None:
    """Compare plans on the same accounts under common random numbers.

    \b
    Examples:
      recoup compare -s taiwan-cards -p status-quo -p staged --seeds 20 --workers 2
      recoup compare -p mine.yaml -p staged --portfolio portfolio.csv --map map.yaml --out runs/mine
      recoup compare … --out runs/mine --resume
    """
    if resume and out is None:
        raise typer.BadParameter("--resume needs --out, the folder of the run to continue")
    _compare(comparison, out, (workers, ray), resume, why, json, command_line())


def demo(
    seeds: Seeds = DEMO_SEEDS,
    workers: Workers = 2,
    ray: Ray = None,
    out: Annotated[Path | None, typer.Option(help="Run folder, new.")] = None,
    why: Why = True,
    json: Json = False,
) -> None:
    """Compare plans and learned policies on a real portfolio, in about a minute.

    \b
    Examples:
      recoup demo
      recoup demo --seeds 4 --out runs/demo
    """
    command = f"recoup compare -s taiwan-cards {' '.join('-p ' + name for name in DEMO_PLANS)} --seeds {seeds}"
    _compare(Comparison("taiwan-cards", DEMO_PLANS, seeds=seeds), out, (workers, ray), False, why, json, command)


def report(
    run: Annotated[Path, typer.Argument(help="Run folder.")],
    lang: Annotated[str, typer.Option(help="Language: en or zh.")] = "en",
    champion: Annotated[
        str | None, typer.Option(help="Plan in force, that the others would replace.", show_default="the run's")
    ] = None,
    change_cost: Annotated[
        float | None,
        typer.Option(min=0, help="One-off cost of a change of plan, for the payback.", show_default="the run's"),
    ] = None,
    accounts: Annotated[
        int | None,
        typer.Option(min=1, help="Accounts of the whole portfolio, to scale money to.", show_default="as simulated"),
    ] = None,
    inflow: Annotated[
        float | None,
        typer.Option(min=0, help="New accounts a week, for the weeks of a pilot.", show_default="not known"),
    ] = None,
    json: Json = False,
) -> None:
    """Write the HTML report of a finished run, in English or Chinese.

    \b
    Examples:
      recoup report runs/mine
      recoup report runs/mine --lang zh
      recoup report runs/mine --champion staged --change-cost 200000 --accounts 80000 --inflow 1500
    """
    from recoup.experiments.report import LANGUAGES, render
    from recoup.experiments.report.decision import Asked
    from recoup.sim.inputs import InputError, choose

    if lang not in LANGUAGES:
        raise InputError("--lang", "", lang, choose(LANGUAGES, lang))
    page = render(run, lang, Asked(champion, change_cost, accounts, inflow))
    if json:
        console().print_json(data={"report": str(page), "language": lang})
        return
    console().print(f"report: {page}", soft_wrap=True)


def _compare(
    comparison: Comparison,
    out: Path | None,
    workers: tuple[int, str | None],
    resume: bool,
    why: bool,
    as_json: bool,
    command: str,
) -> None:
    from recoup.experiments.comparison.arms import arms_of
    from recoup.experiments.comparison.compare import compare
    from recoup.experiments.comparison.run import Run
    from recoup.experiments.report import answers, render, text_in
    from recoup.experiments.report.decision import decide, verdict_lines
    from recoup.experiments.robustness.why import explain
    from recoup.experiments.runs.runfolder import SETTINGS, new_run_folder
    from recoup.experiments.runs.workers import WorkerLost, team_of
    from recoup.sim.inputs import readable
    from recoup.sim.portfolio.doubts import staffing_doubts

    folder = out or new_run_folder(comparison.scenario)
    scenario = comparison.load()
    names = [arm.name for arm in arms_of(comparison.policies, scenario)]

    def how_to_go_on() -> str:
        return _how_to_continue(command, folder) if (folder / SETTINGS).exists() else AGAIN

    with interruptible(how_to_go_on), team_of(*workers) as team, progress_display() as progress:
        width = max(map(len, names))
        tasks = {name: progress.add_task(readable(name).ljust(width), total=comparison.seeds) for name in names}
        try:
            results = compare(
                comparison, folder, team, resume, command, lambda name, seed: progress.advance(tasks[name])
            )
            if why and (results["learned"] or comparison.champion):
                reasons = progress.add_task("why".ljust(width), total=None)
                explain(folder, team, lambda done, total: progress.update(reasons, completed=done, total=total))
            page = render(folder)
        except WorkerLost as error:
            progress.stop()
            print(f"recoup: {error}; {_how_to_continue(command, folder)}", file=sys.stderr)
            raise typer.Exit(1) from None
    out_console = console()
    if as_json:
        out_console.print_json(data=results)
        return
    out_console.print(_table(results))
    for doubt in staffing_doubts(results["portfolio"]["accounts"], scenario.world):
        out_console.print(f"unlikely: {doubt}", soft_wrap=True)
    run, say = Run(folder), text_in("en")
    for sentence in [*verdict_lines(run, decide(run), say), *answers(results), *results["fairness"]]:
        out_console.print(sentence)
    out_console.print(f"\nreport: {page}", soft_wrap=True)


def _how_to_continue(command: str, folder: Path) -> str:
    again = command if "--resume" in command else f"{_with_out(command, folder)} --resume"
    return f"finished seeds are kept. Continue with: {again}"


def _with_out(command: str, folder: Path) -> str:
    return command if "--out" in command else f"{command} --out {shlex.quote(str(folder))}"


def _table(results: dict[str, Any]) -> Any:
    from rich.table import Table

    from recoup.experiments.comparison.measures import MEASURES
    from recoup.experiments.report import text_in

    say, seeds = text_in("en"), len(results["seeds"])
    title = f"{results['title']}: {results['portfolio']['accounts']:,} accounts, {results['days']} days, {seeds} seed{'s' * (seeds > 1)}"
    table = Table(title=title, title_justify="left", caption="mean over seeds (95 % interval)", caption_justify="left")
    table.add_column("measure")
    for name in results["policies"]:
        table.add_column(name, justify="right")
    for measure in MEASURES:
        table.add_row(
            measure.title,
            *(say.span(intervals[measure.name], measure.unit) for intervals in results["policies"].values()),
        )
    return table
