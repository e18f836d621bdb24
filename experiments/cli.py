"""The `recoup` command. Heavy packages are imported inside the commands, so that help comes at once."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

if TYPE_CHECKING:
    from experiments.compare import Comparison

app = typer.Typer(
    help="Simulate a debtor portfolio, run collection plans on it, and compare them.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
portfolio_app = typer.Typer(help="Portfolio files.", no_args_is_help=True)
plan_app = typer.Typer(help="Plan files.", no_args_is_help=True)
app.add_typer(portfolio_app, name="portfolio")
app.add_typer(plan_app, name="plan")

# Typer used to build on click and now carries its own; its errors' base classes are found the same way in both.
_UsageError: type[Exception] = typer.BadParameter.__bases__[0]
_CommandLineError: type[Exception] = _UsageError.__bases__[0]

INTERRUPTED = 130
DEMO_PLANS = ("no-contact", "status-quo", "staged", "tiered")
DEMO_SEEDS = 10

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")]


def _out() -> Console:
    # Piped output has no width of its own; tables must not be squeezed into 80 columns.
    return Console(width=None if sys.stdout.isatty() else 160, soft_wrap=False, highlight=False)


def _version(value: bool) -> None:
    if value:
        from importlib.metadata import version

        print(f"recoup {version('recoup')}")
        raise typer.Exit


@app.callback()
def _main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


@app.command()
def compare(
    scenario: Annotated[
        str, typer.Option("-s", "--scenario", help="Shipped scenario's name, or a .yaml file.")
    ] = "china-consumer",
    plan: Annotated[
        list[str] | None, typer.Option("-p", "--plan", help="Plan's name or .yaml file; once for each.")
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, max=10_000, help="Number of seeds.")] = 10,
    first_seed: Annotated[int, typer.Option(min=0, max=2**62, help="First seed.")] = 1,
    accounts: Annotated[
        int | None, typer.Option(min=1, max=10_000_000, help="Accounts [default: the scenario's, or all of a file].")
    ] = None,
    days: Annotated[
        int | None, typer.Option(min=1, max=3650, help="Horizon in days [default: the scenario's].")
    ] = None,
    workers: Annotated[int, typer.Option(min=1, max=1024, help="Processes; the numbers do not depend on it.")] = 1,
    out: Annotated[Path | None, typer.Option(help="Run folder, new [default: runs/<scenario>-<time>].")] = None,
    portfolio: Annotated[Path | None, typer.Option(help="Your own accounts, CSV or Parquet; needs --map.")] = None,
    column_map: Annotated[Path | None, typer.Option("--map", help="Column map of the portfolio (YAML).")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with an interrupted run in --out.")] = False,
    json: Json = False,
) -> None:
    """Compare plans on the same accounts and the same luck.

    Example: recoup compare -s taiwan-cards -p status-quo -p staged --seeds 20 --workers 2
    """
    from experiments.compare import Comparison

    if (portfolio is None) != (column_map is None):
        raise typer.BadParameter("--portfolio and --map go together")
    if resume and out is None:
        raise typer.BadParameter("--resume needs --out, the folder of the run to go on with")
    comparison = Comparison(
        scenario=scenario,
        plans=tuple(plan or ("status-quo", "staged")),
        seeds=seeds,
        first_seed=first_seed,
        accounts=accounts,
        days=days,
        portfolio=str(portfolio) if portfolio else None,
        map=str(column_map) if column_map else None,
    )
    _compare(comparison, out, workers, resume, json, _command_line())


@app.command()
def demo(
    seeds: Annotated[int, typer.Option(min=1, max=10_000, help="Number of seeds.")] = DEMO_SEEDS,
    workers: Annotated[int, typer.Option(min=1, max=1024, help="Processes.")] = 2,
    out: Annotated[Path | None, typer.Option(help="Run folder, new.")] = None,
) -> None:
    """Four plans on a real portfolio: the whole story in a minute or two."""
    from experiments.compare import Comparison

    command = f"recoup compare -s taiwan-cards {' '.join('-p ' + name for name in DEMO_PLANS)} --seeds {seeds}"
    _compare(Comparison("taiwan-cards", DEMO_PLANS, seeds=seeds), out, workers, False, False, command)


@app.command()
def report(run: Annotated[Path, typer.Argument(help="Run folder.")]) -> None:
    """Write the HTML report of a finished run again."""
    from experiments.report import render

    _out().print(f"report: {render(run)}", soft_wrap=True)


@app.command()
def calibrate(
    scenario: Annotated[str, typer.Option("-s", "--scenario", help="Scenario's name or file.")] = "china-consumer",
    seeds: Annotated[int, typer.Option(min=1, max=1000)] = 2,
    first_seed: Annotated[int, typer.Option(min=0, max=2**62)] = 901,
    json: Json = False,
) -> None:
    """Measure the world against the published figures it should reproduce; exit code 1 if one is missed."""
    from experiments.calibration import report_readings
    from scenarios.schema import load_scenario

    if not report_readings(load_scenario(scenario), range(first_seed, first_seed + seeds), _out(), json):
        raise typer.Exit(1)


@app.command()
def scenarios(json: Json = False) -> None:
    """List the shipped scenarios."""
    from scenarios.schema import load_scenario, scenario_names

    loaded = [load_scenario(name) for name in scenario_names()]
    _list([(s.name, s.title, " ".join(s.description.split())) for s in loaded], json)


@app.command()
def plans(json: Json = False) -> None:
    """List the shipped plans."""
    from agents.plan import find_plan, read_plan, shipped_plans

    files = [read_plan(find_plan(name)) for name in shipped_plans()]
    _list([(f.name, f.title, " ".join(f.description.split())) for f in files], json)


@portfolio_app.command("check")
def portfolio_check(
    file: Annotated[Path, typer.Argument(help="CSV or Parquet file.")],
    column_map: Annotated[Path, typer.Option("--map", help="Column map (YAML).")],
    every: Annotated[bool, typer.Option("--all", help="Print every problem, not the first 50.")] = False,
    json: Json = False,
) -> None:
    """Print rows, ranges, missing values and every problem of a portfolio file; exit code 2 if there is one."""
    from experiments.portfolio_check import run

    raise typer.Exit(run(file, column_map, json, _out(), every))


@plan_app.command("check")
def plan_check(
    file: Annotated[str, typer.Argument(help="Plan file, or a shipped plan's name.")],
    scenario: Annotated[
        str, typer.Option("-s", "--scenario", help="Scenario whose treatments it uses.")
    ] = "china-consumer",
) -> None:
    """Read a plan as a comparison would, and say what it does."""
    from agents.plan import Plan
    from scenarios.schema import load_scenario
    from sim.treatments import Menu

    world = load_scenario(scenario).world
    plan = Plan.load(file, Menu.of(world.channels, world.offers, world.legal))
    out = _out()
    out.print(f"{plan.name}: {len(plan.rules)} rules, good for {scenario}", markup=False)
    for dropped in plan.dropped:
        out.print(f"  left out, as the scenario has no such treatment: {dropped}", markup=False)


@plan_app.command("template")
def plan_template(
    out: Annotated[Path | None, typer.Option(help="File to write, new [default: print it].")] = None,
) -> None:
    """Print or write a documented plan to start from."""
    from experiments.runfolder import write_whole
    from scenarios.schema import ROOT
    from sim.inputs import InputError

    text = (ROOT / "plans" / "template.yaml").read_text(encoding="utf-8")
    if out is None:
        print(text, end="")
        return
    if out.exists():
        raise InputError(out, "--out", "a file that exists", "a new file")
    write_whole(out, lambda temporary: _write(temporary, text))


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


def _list(rows: list[tuple[str, str, str]], as_json: bool) -> None:
    from rich.table import Table

    if as_json:
        _out().print_json(data=[dict(zip(("name", "title", "description"), row, strict=True)) for row in rows])
        return
    table = Table("name", "title", "description")
    for row in rows:
        table.add_row(*row)
    _out().print(table)


def _command_line() -> str:
    return shlex.join(["recoup", *sys.argv[1:]])


def _compare(comparison: Comparison, out: Path | None, workers: int, resume: bool, as_json: bool, command: str) -> None:
    from datetime import datetime

    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    from agents.plan import find_plan, read_plan
    from experiments.compare import Interrupted, compare
    from experiments.report import answers, render

    folder = out or Path("runs") / f"{Path(comparison.scenario).stem}-{datetime.now():%Y%m%d-%H%M%S}"
    names = [read_plan(find_plan(given)).name for given in comparison.plans]
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty()) as progress:
        width = max(map(len, names))
        tasks = {name: progress.add_task(name.ljust(width), total=comparison.seeds) for name in names}
        try:
            results = compare(
                comparison, folder, workers, resume, command, lambda name, seed: progress.advance(tasks[name])
            )
        except Interrupted:
            progress.stop()
            again = command if "--resume" in command else f"{_with_out(command, folder)} --resume"
            print(f"recoup: interrupted; finished seeds are kept. Go on with: {again}", file=sys.stderr)
            raise typer.Exit(INTERRUPTED) from None
    page = render(folder)
    console = _out()
    if as_json:
        console.print_json(data=results)
        return
    console.print(_table(results))
    for sentence in answers(results):
        console.print(sentence, markup=False)
    console.print(f"\nreport: {page}", soft_wrap=True, markup=False)


def _with_out(command: str, folder: Path) -> str:
    return command if "--out" in command else f"{command} --out {shlex.quote(str(folder))}"


def _table(results: dict[str, Any]) -> Any:
    from rich.table import Table

    from experiments.measures import MEASURES
    from experiments.report import span

    seeds = len(results["seeds"])
    title = f"{results['title']}: {results['portfolio']['accounts']:,} accounts, {results['days']} days, {seeds} seed{'s' * (seeds > 1)}"
    table = Table(title=title, title_justify="left", caption="mean over seeds (95 % interval)", caption_justify="left")
    table.add_column("measure")
    for name in results["policies"]:
        table.add_column(name, justify="right")
    for measure in MEASURES:
        table.add_row(
            measure.title, *(span(found[measure.name], measure.unit) for found in results["policies"].values())
        )
    return table


def main() -> None:
    """Entry point: every error a user can mend is one line and exit code 2."""
    try:
        code = app(standalone_mode=False)
    except _CommandLineError as error:
        if type(error).__name__ == "NoArgsIsHelpError":
            sys.exit(2)  # the help has been printed
        _fail(error.format_message())  # type: ignore[attr-defined]
    except (typer.Abort, KeyboardInterrupt):
        sys.exit(INTERRUPTED)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(1)
    except Exception as error:
        from sim.inputs import InputError

        if not isinstance(error, InputError):
            raise
        _fail(str(error))
    sys.exit(code if isinstance(code, int) else 0)


def _fail(message: str) -> None:
    print("recoup: " + " ".join(message.split()), file=sys.stderr)
    sys.exit(2)
