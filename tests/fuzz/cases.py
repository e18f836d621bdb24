"""One case: right files, one of them damaged, and what the commands do with them."""

from __future__ import annotations

import contextlib
import shutil
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.fuzz.by_ending import damage
from tests.fuzz.kinds import KINDS
from tests.fuzz.violations import violation


@dataclass(frozen=True)
class Outcome:
    """Attributes:
    damaged: which file, and how.
    accepted: no command refused it.
    violation: what was wrong, "" if nothing; `command` did it.
    """

    damaged: str
    accepted: bool
    violation: str = ""
    command: str = ""


def random_of(seed: int, kind: str, number: int) -> Random:
    """All chance of a case."""
    return Random(f"{seed}/{kind}/{number}")


def laid_out(folder: Path, seed: int, kind: str, number: int) -> tuple[str, Random]:
    """Put a case's files, one of them damaged, into an empty folder."""
    random = random_of(seed, kind, number)
    files = KINDS[kind].lay_out(folder, random)
    return damage(random, random.choice(files)), random


def run_case(folder: Path, seed: int, kind: str, number: int, only_read: bool = False) -> Outcome:
    """Make a case in a new folder, which is removed again, and run its commands in it; `only_read`: the first, which simulates nothing."""
    folder.mkdir()
    try:
        damaged, random = laid_out(folder, seed, kind, number)
        commands = KINDS[kind].commands[:1] if only_read else KINDS[kind].commands
        with contextlib.chdir(folder):
            for command in [random.choice(commands)] if KINDS[kind].one_of else commands:
                wrong, accepted = violation(command, folder)
                if wrong:
                    return Outcome(damaged, accepted, wrong, str(command))
                if not accepted:
                    return Outcome(damaged, False)
        return Outcome(damaged, True)
    finally:
        shutil.rmtree(folder)


def run_undamaged(folder: Path, kind: str, only_read: bool = False) -> str:
    """What the commands of a kind do wrong with right files; "" if nothing. Each must accept them."""
    folder.mkdir()
    try:
        KINDS[kind].lay_out(folder, Random(kind))
        with contextlib.chdir(folder):
            for command in KINDS[kind].commands[: 1 if only_read else None]:
                wrong, accepted = violation(command, folder)
                if wrong or not accepted:
                    return f"{command}: {wrong or 'refused'}"
        return ""
    finally:
        shutil.rmtree(folder)
