"""The `recoup` command for tests: in this process, as each new interpreter costs seconds, or in one of its own."""

from __future__ import annotations

import contextlib
import io
import subprocess
import sys
from pathlib import Path
from unittest import mock

from recoup.experiments.cli import main

Done = subprocess.CompletedProcess[str]


def recoup(*arguments: str | Path) -> Done:
    """Exit code, output and errors of `recoup ARGUMENTS`; an error that the command does not catch is raised here."""
    argv = ["recoup", *map(str, arguments)]
    out, err = io.StringIO(), io.StringIO()
    code = 0
    with mock.patch.object(sys, "argv", argv), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main()
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
    return Done(argv, code, out.getvalue(), err.getvalue())


# What a shell begins in the background ignores Ctrl-C, and hands that on to all that it begins.
HEED_CTRL_C = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"


def process(*arguments: str | Path) -> list[str]:
    """The command line that runs `recoup ARGUMENTS` in a process of its own, which Ctrl-C ends wherever the tests were begun."""
    program = f"{HEED_CTRL_C}; from recoup.experiments.cli import main; main()"
    return [sys.executable, "-c", program, *map(str, arguments)]
