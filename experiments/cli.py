"""The `recoup` command. Heavy packages are imported inside the commands, so that help comes at once."""

from __future__ import annotations

import signal
import sys
import threading
from typing import Annotated

import typer

from recoup.experiments.commands import (
    attribute,
    audit,
    backtest,
    calibrate,
    catalogue,
    compare,
    conduct,
    discontinuity,
    distill,
    doctor,
    evaluate,
    fairness,
    frontier,
    index,
    levers,
    maps,
    model,
    plan,
    portfolio,
    records,
    rules,
    schema,
    serve,
    shadow_prices,
    sites,
    story,
    stress,
    train,
    training_seeds,
    tune,
    upper_bounds,
)
from recoup.experiments.runs import streams
from recoup.experiments.runs.console import INTERRUPTED, Commands, Interrupted, asked

app = typer.Typer(
    cls=Commands,
    help="Simulate a debtor portfolio, run collection plans on it, and compare them.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,  # Typer's panels cut off names of options in eighty columns
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(compare.compare)
app.command()(compare.demo)
app.command()(compare.report)
app.command()(serve.serve)
app.command()(train.train)
app.command()(training_seeds.training_seeds)
app.command()(frontier.frontier)
app.command()(tune.tune)
app.command()(distill.distill)
app.command()(index.index)
app.command()(stress.stress)
app.command()(levers.levers)
app.command()(shadow_prices.shadow_prices)
app.command()(sites.sites)
app.command()(upper_bounds.upper_bounds)
app.command()(attribute.attribute)
app.command()(story.story)
app.command()(fairness.fairness)
app.command()(conduct.conduct)
app.command()(calibrate.calibrate)
app.command()(audit.audit)
app.command()(evaluate.evaluate)
app.command()(backtest.backtest)
app.command()(evaluate.log_decisions)
app.command()(discontinuity.discontinuity)
app.command()(catalogue.scenarios)
app.command()(catalogue.plans)
app.command()(schema.schema)
app.command()(doctor.doctor)
app.add_typer(portfolio.app, name="portfolio")
app.add_typer(records.app, name="records")
app.add_typer(maps.app, name="map")
app.add_typer(model.app, name="model")
app.add_typer(plan.app, name="plan")
app.add_typer(rules.app, name="rules")

# Typer used to build on click and now carries its own; its errors' base classes are found the same way in both.
_UsageError: type[Exception] = typer.BadParameter.__bases__[0]
_CommandLineError: type[Exception] = _UsageError.__bases__[0]


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


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def main() -> None:
    """Entry point: every error a user can mend is one line and exit code 2."""
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _interrupt)  # a scheduler's end of time keeps what is finished, as Ctrl-C does
    streams.prepare()
    asked["language"] = "en"  # until the command line is read
    try:
        code = app(standalone_mode=False)
        if code == INTERRUPTED:  # Typer makes an exit code of Ctrl-C
            raise Interrupted
        sys.stdout.flush()
    except _CommandLineError as error:
        if type(error).__name__ == "NoArgsIsHelpError":
            sys.exit(2)  # the help has been printed
        _fail(error.format_message())  # type: ignore[attr-defined]
    except (typer.Abort, KeyboardInterrupt, Interrupted) as error:
        from recoup.experiments.report.text import text_in

        say = text_in(asked["language"])
        hint = str(error) if isinstance(error, Interrupted) else ""
        line = say("terminal.interrupted.line", hint=hint or say("terminal.interrupted.again"))
        print(f"recoup: {line}", file=sys.stderr)
        sys.exit(INTERRUPTED)
    except OSError as error:
        if not streams.refused(error):
            raise
        streams.silence()
        if not isinstance(error, BrokenPipeError):
            print(f"recoup: standard output: {error.strerror}; what was finished is kept", file=sys.stderr)
        sys.exit(1)
    except Exception as error:
        from recoup.sim.inputs import InputError

        if not isinstance(error, InputError):
            raise
        _fail(str(error))
    sys.exit(code if isinstance(code, int) else 0)


def _fail(message: str) -> None:
    from recoup.sim.inputs import readable

    print("recoup: " + " ".join(readable(message).split()), file=sys.stderr)
    sys.exit(2)
