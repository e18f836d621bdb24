"""What a command may do with damaged input, and what it may not.

It may accept it (exit code 0, or 1 where its help says so), or refuse it: exit code 2, one line, and nothing written. Violations are an error
that nobody caught, a warning of Python's, more than one line, any other exit code, more time or memory than its limit, a file that somebody
had and that is changed, and a file half written.
"""

from __future__ import annotations

import hashlib
import signal
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

from recoup.experiments.runs.console import INTERRUPTED
from recoup.sim.inputs import InputError
from tests.command import Done, recoup

MOST_SECONDS = 30  # of processor time; ten times as many by the clock


class Hang(BaseException):
    """The command was still at work when its time was over."""


@dataclass(frozen=True)
class Command:
    """What is run on the files of a case.

    Attributes:
        arguments: of `recoup`; relative paths are in the case's folder. Or a function of the folder that raises `InputError`, where no
            command reads a file at a bearable price.
        codes: exit codes that accept the input.
        lists: a refusal may be a list on standard output, as `portfolio check` prints.
        writes: files that the command may change, as patterns of `Path.match`.
    """

    arguments: Sequence[str] | Callable[[Path], Any]
    codes: tuple[int, ...] = (0,)
    lists: bool = False
    writes: tuple[str, ...] = field(default=())

    def __str__(self) -> str:
        if callable(self.arguments):
            return getattr(self.arguments, "__name__", str(self.arguments))
        return "recoup " + " ".join(self.arguments)


def files_in(folder: Path) -> dict[str, str]:
    """Checksum by name of every file below a folder."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


@contextmanager
def _limited() -> Iterator[None]:
    def over(number: int, frame: FrameType | None) -> None:
        raise Hang

    before = signal.signal(signal.SIGPROF, over), signal.signal(signal.SIGALRM, over)
    signal.setitimer(signal.ITIMER_PROF, MOST_SECONDS)
    signal.setitimer(signal.ITIMER_REAL, 10 * MOST_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in zip((signal.SIGPROF, signal.SIGALRM), before, strict=True):
            signal.signal(number, handler)


def _run(command: Command) -> Done:
    if not callable(command.arguments):
        return recoup(*command.arguments)
    try:
        command.arguments(Path())
    except InputError as error:
        return Done([], 2, "", f"recoup: {error}\n")
    return Done([], 0, "", "")


def violation(command: Command, folder: Path) -> tuple[str, bool]:
    """Run a command on a case's folder, which is the current one.

    Returns:
        What it did that it may not, "" if nothing; and whether it accepted the input.
    """
    before = files_in(folder)
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        try:
            with _limited():
                done = _run(command)
            if done.returncode == INTERRUPTED:
                raise KeyboardInterrupt
        except Hang:
            return f"still at work after {MOST_SECONDS} seconds", False
        except (Exception, SystemExit) as error:
            last = traceback.extract_tb(error.__traceback__)[-1]
            return f"{type(error).__name__}: {error!s:.200} ({Path(last.filename).name}, line {last.lineno})", False
    accepted = done.returncode in command.codes
    changes = _changes(before, files_in(folder), command, accepted)
    return _words(done, command, accepted) or changes or _shouted(warned), accepted


def _words(done: Done, command: Command, accepted: bool) -> str:
    if accepted:
        return f"accepted, and on standard error: {done.stderr:.200}" if "Warning" in done.stderr else ""
    if done.returncode != 2:
        return f"exit code {done.returncode}: {done.stderr:.200}"
    if command.lists and done.stdout and not done.stderr:
        return ""
    if done.stdout or done.stderr.count("\n") != 1 or not done.stderr.startswith("recoup: "):
        return f"no single line: {(done.stdout + done.stderr)!r:.300}"
    if "Traceback" in done.stderr or len(done.stderr) > 4_000:
        return f"a line that nobody reads: {done.stderr:.200}"
    return ""


def _changes(before: dict[str, str], after: dict[str, str], command: Command, accepted: bool) -> str:
    if half := [name for name in after if name.endswith((".recoup-unfinished", ".part"))]:
        return f"half written: {', '.join(half)}"
    changed = [name for name in before if after.get(name) != before[name]]
    if accepted:
        changed = [name for name in changed if not any(Path(name).match(pattern) for pattern in command.writes)]
    if changed:
        return f"changed: {', '.join(changed)}"
    new = sorted(set(after) - set(before))
    return f"refused, and yet written: {', '.join(new[:5])}" if new and not accepted else ""


def _shouted(warned: Sequence[warnings.WarningMessage]) -> str:
    ours = [one for one in warned if issubclass(one.category, RuntimeWarning | UserWarning)]
    return f"a warning: {ours[0].message!s:.200} ({Path(ours[0].filename).name}, line {ours[0].lineno})" if ours else ""
