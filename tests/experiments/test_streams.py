"""Standard output that is full, closed, cut off or ASCII: no traceback, and what is finished is kept."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.command import process


def run(shell: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `recoup ARGUMENTS` in a shell, where `recoup` stands for it."""
    script = shell.replace("recoup", '"$@"')
    command = ["sh", "-c", script, "sh", *process(*arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=os.environ | environment, check=False)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
@pytest.mark.parametrize("arguments", [("schema", "plan"), ("plans",), ("--version",)])
def test_a_full_output_is_one_line(arguments: tuple[str, ...]) -> None:
    done = run("recoup > /dev/full", *arguments)
    assert done.returncode == 1
    assert done.stderr == "recoup: standard output: No space left on device; what was finished is kept\n"


def test_a_closed_output_does_not_swallow_files(tmp_path: Path) -> None:
    done = run("recoup >&-", "plan", "template", "--out", str(tmp_path / "mine.yaml"))
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "mine.yaml").read_text().startswith("#")


def test_a_reader_that_leaves_is_no_error() -> None:
    done = run("recoup | head -1", "schema", "plan")
    assert (done.stdout, done.stderr) == ("{\n", "")


def test_an_ascii_output_spells_what_it_lacks() -> None:
    done = run("recoup", "rules", "show", "china", "--lang", "zh", PYTHONIOENCODING="ascii")
    assert done.returncode == 0 and done.stderr == ""
    assert done.stdout.isascii() and "\\u" in done.stdout
