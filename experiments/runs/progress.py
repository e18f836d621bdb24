"""progress.json: how far a running command has come, for whoever looks on from elsewhere; it goes when the command has finished."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from pydantic import Field, model_validator

from recoup.experiments.runs.file_kinds import Content, Count, JsonKind
from recoup.sim.inputs import misplaced

_SECONDS = 1.0  # between two notes, at least


class Task(Content):
    """One bar: steps done of those asked for."""

    done: Count
    total: Count

    @model_validator(mode="after")
    def _within(self) -> Task:
        if self.done > self.total:
            raise misplaced(("done",), self.done, f"at most total, {self.total}")
        return self


class Progress(Content):
    """How far a command has come; times are ISO 8601 with their zone. `stopped`: by Ctrl-C or an error."""

    unit: str = Field(description="what is counted: parts or account-days")
    began: str
    updated: str
    stopped: bool
    done_before: Count = Field(description="steps that an earlier call had done already")
    tasks: dict[str, Task]


PROGRESS_FILE = JsonKind("progress.json", "recoup compare or train", Progress)


class ProgressNotes:
    """Writes progress.json, at most once a second; a place that can't be written to any more is left alone."""

    def __init__(self, folder: Path, unit: str, totals: dict[str, int], done: dict[str, int] | None = None) -> None:
        self._folder, self._unit, self._totals = folder, unit, totals
        self._done = {name: (done or {}).get(name, 0) for name in totals}
        self._before, self._began, self._written = sum(self._done.values()), _now(), 0.0
        self.write()

    def advance(self, name: str, to: int | None = None) -> None:
        """Note a further step of a task, or how many have been done."""
        self._done[name] = min(self._done[name] + 1 if to is None else to, self._totals[name])
        if time.monotonic() - self._written >= _SECONDS:
            self.write()

    def write(self, stopped: bool = False) -> None:
        """Write what is known."""
        self._written = time.monotonic()
        tasks = {name: {"done": self._done[name], "total": total} for name, total in self._totals.items()}
        note = {"unit": self._unit, "began": self._began, "updated": _now(), "stopped": stopped}
        PROGRESS_FILE.write(self._folder, {**note, "done_before": self._before, "tasks": tasks})

    def remove(self) -> None:
        """The command has finished."""
        (self._folder / PROGRESS_FILE.name).unlink(missing_ok=True)


@contextmanager
def noted(
    folder: Path, unit: str, totals: dict[str, int], done: dict[str, int] | None = None
) -> Iterator[ProgressNotes]:
    """progress.json in a folder while the block runs.

    Args:
        folder: of the run, which exists.
        unit: what is counted.
        totals: steps of each task.
        done: steps that an earlier call had done.

    Yields:
        What is told of each step. The file is removed when the block has ended, and says `stopped` where it was broken off.
    """
    notes = ProgressNotes(folder, unit, totals, done)
    try:
        yield notes
    except BaseException:
        notes.write(stopped=True)
        raise
    notes.remove()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
