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


def process(*arguments: str | Path) -> list[str]:
    """The command line that runs `recoup ARGUMENTS` in a process of its own."""
    return [sys.executable, "-c", "from recoup.experiments.cli import main; main()", *map(str, arguments)]
