"""The `recoup` command for tests: in this process, as each new interpreter costs seconds, or in one of its own."""

from __future__ import annotations

import contextlib
import io
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any
from unittest import mock

from typer.main import get_command

from recoup.experiments import cli

Done = subprocess.CompletedProcess[str]


@cache
def whole_command() -> Any:
    """`recoup` with all its commands, put together once: that takes as long as the rest of most calls."""
    return get_command(cli.app)


def recoup(*arguments: str | Path) -> Done:
    """Exit code, output and errors of `recoup ARGUMENTS`; an error that the command does not catch is raised here."""
    argv = ["recoup", *map(str, arguments)]
    out, err = io.StringIO(), io.StringIO()
    code = 0
    with (
        mock.patch.object(sys, "argv", argv),
        mock.patch.object(cli, "app", whole_command()),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            cli.main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
    return Done(argv, code, out.getvalue(), err.getvalue())


def process(*arguments: str | Path) -> list[str]:
    """The command line that runs `recoup ARGUMENTS` in a process of its own."""
    return [sys.executable, "-c", "from recoup.experiments.cli import main; main()", *map(str, arguments)]
