"""`recoup compare`, `recoup demo`, `recoup report`."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recoup.experiments.commands.showing import announce
from recoup.experiments.comparison.settings import Comparison
from recoup.experiments.runs.console import (
    Json,
    Language,
    Ray,
    Seeds,
    Workers,
    command_line,
    console,
    interruptible,
    progress_display,
)
from recoup.experiments.runs.options import options_from

if TYPE_CHECKING:
    from recoup.experiments.report.text import Text

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
    lang: Language = "en",
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
    _compare(comparison, out, (workers, ray), resume, why, lang, json, command_line())


def demo(
    seeds: Seeds = DEMO_SEEDS,
    workers: Workers = 2,
    ray: Ray = None,
    out: Annotated[Path | None, typer.Option(help="Run folder, new.", show_default="runs/taiwan-cards-<time>")] = None,
    why: Why = True,
    lang: Language = "en",
    json: Json = False,
) -> None:
    """Compare plans and learned policies on a real portfolio, in about a minute.

    \b
    Examples:
      recoup demo
      recoup demo --seeds 4 --out runs/demo
    """
    command = f"recoup compare -s taiwan-cards {' '.join('-p ' + name for name in DEMO_PLANS)} --seeds {seeds}"
    _compare(Comparison("taiwan-cards", DEMO_PLANS, seeds=seeds), out, (workers, ray), False, why, lang, json, command)


def report(
    run: Annotated[Path, typer.Argument(help="Run folder.")],
    lang: Language = "en",
    champion: Annotated[
        str | None,
        typer.Option(
            help="Plan in force, that the others would replace.", show_default="as asked before, else the run's"
        ),
    ] = None,
    change_cost: Annotated[
        float | None,
        typer.Option(
            min=0,
            help="One-off cost of a change of plan, for the payback.",
            show_default="as asked before, else the run's",
        ),
    ] = None,
    accounts: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Accounts of the whole portfolio, to scale money to.",
            show_default="as asked before, else as simulated",
        ),
    ] = None,
    inflow: Annotated[
        float | None,
        typer.Option(
            min=0, help="New accounts a week, for the weeks of a pilot.", show_default="as asked before, else not known"
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Write the HTML report of a finished run, in English or Chinese.

    What is asked of it stays in the run folder (asked.json) and holds for both languages, until it is asked otherwise.

    \b
    Examples:
      recoup report runs/mine
      recoup report runs/mine --lang zh
      recoup report runs/mine --champion staged --change-cost 200000 --accounts 80000 --inflow 1500
    """
    announce("read", lang, file=run)
    from recoup.experiments.report import render, text_in
    from recoup.experiments.report.decision import Asked

    page = render(run, lang, Asked(champion, change_cost, accounts, inflow))
    if json:
        console().print_json(data={"report": str(page), "language": lang})
        return
    console().print(text_in(lang)("terminal.report", path=page), soft_wrap=True)


def _compare(
    comparison: Comparison,
    out: Path | None,
    workers: tuple[int, str | None],
    resume: bool,
    why: bool,
    lang: str,
    as_json: bool,
    command: str,
) -> None:
    policies = len(comparison.policies)
    announce("compare", lang, policies=policies, scenario=comparison.scenario, seeds=comparison.seeds)
    from recoup.experiments.comparison.arms import arms_of
    from recoup.experiments.comparison.compare import compare
    from recoup.experiments.comparison.files import FAIRNESS_FILE
    from recoup.experiments.comparison.run import Run
    from recoup.experiments.report import render, text_in
    from recoup.experiments.report.answers import answers
    from recoup.experiments.report.decision import decide, verdict_lines
    from recoup.experiments.report.sections import fairness
    from recoup.experiments.robustness.why import explain
    from recoup.experiments.runs.runfolder import SETTINGS, new_run_folder
    from recoup.experiments.runs.workers import WorkerLost, team_of
    from recoup.sim.inputs import readable
    from recoup.sim.portfolio.doubts import staffing_doubts

    say, folder = text_in(lang), out or new_run_folder(comparison.scenario)
    scenario = comparison.load()
    if comparison.portfolio:  # nothing in a list says whose law and whose money it is
        announce(
            "own_accounts",
            lang,
            scenario=comparison.scenario,
            currency=scenario.world.currency,
            rules=scenario.rules.name,
        )
    names = [arm.name for arm in arms_of(comparison.policies, scenario)]

    def how_to_go_on() -> str:
        return (
            _how_to_continue(command, folder, say)
            if (folder / SETTINGS).exists()
            else say("terminal.interrupted.again")
        )

    with interruptible(how_to_go_on), team_of(*workers) as team, progress_display() as progress:
        tasks = {
            name: progress.add_task(readable(name), total=comparison.seeds, remaining=len(names) == 1) for name in names
        }
        together = progress.add_task(say("terminal.bars.all"), total=comparison.seeds * len(names))

        def step(name: str, seed: int) -> None:
            progress.advance(tasks[name])
            progress.advance(together)

        try:
            results = compare(comparison, folder, team, resume, command, step)
            if why and (results["learned"] or comparison.champion):
                reasons = progress.add_task(say("terminal.bars.why"), total=None)
                explain(folder, team, lambda done, total: progress.update(reasons, completed=done, total=total))
            page = render(folder)  # always beside the others; in the user's language as well
            page = page if lang == "en" else render(folder, lang)
        except WorkerLost as error:
            progress.stop()
            print(f"recoup: {error}; {_how_to_continue(command, folder, say)}", file=sys.stderr)
            raise typer.Exit(1) from None
    out_console = console()
    if as_json:
        out_console.print_json(data=results)
        return
    out_console.print(_table(results, lang))
    for doubt in staffing_doubts(results["portfolio"]["accounts"], scenario.world):
        out_console.print(say.unlikely(doubt))
    finished = Run(folder)
    judged = finished.extra(FAIRNESS_FILE)
    groups = fairness.sentences(judged, say) if judged else []
    for sentence in [*verdict_lines(finished, decide(finished), say), *answers(results, say), *groups]:
        out_console.print(sentence)
    out_console.print("\n" + say("terminal.report", path=page), soft_wrap=True)


def _how_to_continue(command: str, folder: Path, say: Text) -> str:
    again = command if "--resume" in command else f"{_with_out(command, folder)} --resume"
    return say("terminal.interrupted.seeds", command=again)


def _with_out(command: str, folder: Path) -> str:
    return command if "--out" in command else f"{command} --out {shlex.quote(str(folder))}"


# What a decision is about; the report has the other measures.
SHOWN = ("npv_rate", "recovery_rate", "time_to_recover_days", "cost_to_collect", "complaints_per_1000")


def _table(results: dict[str, Any], lang: str = "en") -> Any:
    """A row for each policy, a column for each measure of `SHOWN`; the first with its interval."""
    from recoup.experiments.comparison.measures import MEASURE
    from recoup.experiments.report import text_in
    from recoup.experiments.runs.tables import Table

    say, seeds = text_in(lang), len(results["seeds"])
    title = say(
        "terminal.seeds_title",
        title=say.one_of("names", results["scenario"], results["title"]),
        accounts=f"{results['portfolio']['accounts']:,}",
        days=results["days"],
        seeds=say("seeds_one") if seeds == 1 else say("seeds_many", n=seeds),
    )
    columns = [say.head(say.measure(name)[0], MEASURE[name].unit) for name in SHOWN]
    table = Table(*say.heads("policy"), *columns, title=title, caption=say("terminal.rest"))
    for name, intervals in results["policies"].items():
        first, *others = ((intervals[measure], MEASURE[measure].unit) for measure in SHOWN)
        means = (say.bare(found["mean"], unit) for found, unit in others)
        table.add_row(say.name(name), say.bare_span(*first), *means)
    return table
