"""What commands share: the console, a progress bar, options, lists."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

INTERRUPTED = 130  # exit code

Json = Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")]
Seeds = Annotated[int, typer.Option(min=1, max=10_000, help="Number of seeds.")]
FirstSeed = Annotated[int, typer.Option(min=0, max=2**62, help="First seed.")]
Accounts = Annotated[
    int | None, typer.Option(min=1, max=10_000_000, help="Accounts.", show_default="the scenario's, or all of a file")
]
Days = Annotated[int | None, typer.Option(min=1, max=3650, help="Horizon in days.", show_default="the scenario's")]
Workers = Annotated[int, typer.Option(min=1, max=1024, help="Processes; the numbers do not depend on it.")]


def console() -> Console:
    """Standard output."""
    # Piped output has no width of its own; tables must not be squeezed into 80 columns.
    return Console(width=None if sys.stdout.isatty() else 160, soft_wrap=False, highlight=False)


@contextmanager
def progress_bar(title: str, total: int | None) -> Iterator[Callable[[], None]]:
    """A bar on standard error while the block runs, none where that is no terminal.

    Args:
        title: stands before the bar.
        total: steps; None if they are not known before.

    Yields:
        What to call after each step.
    """
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty()) as progress:
        task = progress.add_task(title, total=total)
        yield lambda: progress.advance(task)


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
    """What the user typed, to be shown again."""
    return shlex.join(["recoup", *sys.argv[1:]])


def print_list(rows: list[tuple[str, str, str]], as_json: bool) -> None:
    """Name, title, description of things that a user can name.

    Args:
        rows: name, title, description of each.
        as_json: print JSON instead of a table.
    """
    from rich.markup import escape
    from rich.table import Table

    if as_json:
        console().print_json(data=[dict(zip(("name", "title", "description"), row, strict=True)) for row in rows])
        return
    table = Table("name", "title", "description")
    for row in rows:
        table.add_row(*map(escape, row))
    console().print(table)
