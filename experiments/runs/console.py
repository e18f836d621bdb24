"""What commands share: the console, progress bars with the time that remains, options."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.console import Console
from rich.text import Text
from typer.core import TyperGroup

if TYPE_CHECKING:
    from rich.progress import Progress, ProgressColumn

INTERRUPTED = 130  # exit code

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")]
LANGUAGE_VARIABLE = "RECOUP_LANG"  # of the environment


def _note_language(lang: str) -> str:
    asked["language"] = lang
    return lang


# What `experiments.cli` knows of a command that has ended: an exception doesn't say in which language it was called.
asked = {"language": "en"}
Language = Annotated[
    Literal["en", "zh"],
    typer.Option("--lang", envvar=LANGUAGE_VARIABLE, callback=_note_language, help="Language of what is printed."),
]
Seeds = Annotated[int, typer.Option(min=1, max=10_000, help="Number of seeds.")]
FirstSeed = Annotated[int, typer.Option(min=0, max=2**62, help="First seed.")]
Accounts = Annotated[
    int | None, typer.Option(min=1, max=10_000_000, help="Accounts.", show_default="the scenario's, or all of a file")
]
Days = Annotated[int | None, typer.Option(min=1, max=3650, help="Horizon in days.", show_default="the scenario's")]
WORKERS_HELP = "Processes; the numbers do not depend on it."
RAY_HELP = "A running Ray cluster that works in their place: auto, or HOST:PORT."
Workers = Annotated[int, typer.Option(min=1, max=1024, help=WORKERS_HELP)]
Ray = Annotated[str | None, typer.Option(help=RAY_HELP, metavar="ADDRESS", show_default="none")]


class _PlainConsole(Console):
    """Shows text as it is: «[/b]» in a title is no markup, an escape sequence in a file's name is no order to the terminal."""

    def render_str(self, text: str, **options: Any) -> Text:
        """As Rich's; also called for each cell, title and heading of a table."""
        from recoup.sim.inputs import readable

        return super().render_str(readable(text), **options)

    def print_json(self, json: str | None = None, **options: Any) -> None:
        """As Rich's, with escapes where the output's encoding lacks a letter."""
        super().print_json(json, **{"ensure_ascii": self.encoding != "utf-8", **options})


def console(stderr: bool = False) -> Console:
    """Standard output or error; markup and emoji names are never read from text.

    It is as wide as the terminal; where there is none, as the environment's COLUMNS says, else 80 cells.
    """
    piped = not stderr and not sys.stdout.isatty()
    columns = os.environ.get("COLUMNS", "")
    width = (int(columns) if columns.isdecimal() and int(columns) else 80) if piped else None
    return _PlainConsole(stderr=stderr, width=width, soft_wrap=False, highlight=False, markup=False, emoji=False)


def progress_display(*columns: ProgressColumn) -> Progress:
    """Bars on standard error, none where that is no terminal.

    A task with the field `remaining=False` shows no time that remains: one of several that are worked on in turn.

    Args:
        columns: after each task's description; none = bar, count and time that remains.
    """
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    from recoup.experiments.runs.remaining import Remaining

    columns = columns or (BarColumn(bar_width=24), MofNCompleteColumn(), Remaining())
    described = TextColumn("{task.description}", markup=False)
    return Progress(described, *columns, console=console(stderr=True), disable=not sys.stderr.isatty())


@contextmanager
def progress_bar(title: str, total: int | None) -> Iterator[Callable[[], None]]:
    """A bar on standard error while the block runs, none where that is no terminal.

    Args:
        title: stands before the bar.
        total: steps; None if they are not known before.

    Yields:
        What to call after each step.
    """
    with progress_display() as progress:
        task = progress.add_task(title, total=total)
        yield lambda: progress.advance(task)


class Interrupted(Exception):  # noqa: N818
    """A command was ended by Ctrl-C or SIGTERM; says how to go on, in the user's language. `experiments.cli` prints it, and exits with `INTERRUPTED`."""


@contextmanager
def interruptible(how_to_go_on: Callable[[], str]) -> Iterator[None]:
    """Says how to go on after Ctrl-C (and SIGTERM, see `experiments.cli`) within the block.

    Args:
        how_to_go_on: gives what the line says after «interrupted», in the user's language, once that has happened.

    Raises:
        Interrupted: after that.
    """
    try:
        yield
    except KeyboardInterrupt:
        raise Interrupted(how_to_go_on()) from None


class Commands(TyperGroup):
    """A group of commands whose help says of each its whole first sentence; click's own ends after forty-five letters."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Names and first sentences, wrapped."""
        named = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        rows = [(name, one.get_short_help_str(limit=400)) for name, one in named if one and not one.hidden]
        if rows:
            with formatter.section("Commands"):
                formatter.write_dl(rows)


def shipped(folder: str) -> list[str]:
    """Names of the YAML files that ship in a folder of `scenarios`, without importing anything heavy."""
    from importlib.util import find_spec

    spec = find_spec("recoup.scenarios")
    places = spec.submodule_search_locations if spec else None
    return sorted(file.stem for place in places or () for file in (Path(place) / folder).glob("*.yaml"))


def complete_scenarios() -> list[str]:
    """What a shell offers where a scenario is asked for."""
    return shipped(".")


def complete_plans() -> list[str]:
    """What a shell offers where a plan is asked for."""
    return [name for name in shipped("plans") if name != "template"]


def command_line() -> str:
    """What the user typed, to be shown and kept; without the password of a database's address."""
    from recoup.sim.inputs import readable
    from recoup.sim.portfolio.databases import Address

    return readable(shlex.join(["recoup", *map(Address.hidden, sys.argv[1:])]))
