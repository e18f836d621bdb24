"""The runs below the folders that the user named: found anew for each page, read by the readers of each kind of file, never written to.

What has been read is kept as long as its file stays the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd

from recoup.experiments.comparison.results import RESULTS_FILE
from recoup.experiments.comparison.run import Run
from recoup.experiments.learning.files import TRAINING_SEEDS_FILE
from recoup.experiments.robustness.files import FRONTIER_FILE, LEVER_STUDY_FILE, STRESS_FILE
from recoup.experiments.runs.file_kinds import JsonKind, TableKind
from recoup.experiments.runs.progress import PROGRESS_FILE
from recoup.experiments.runs.runfolder import SETTINGS, read_json
from recoup.sim.inputs import InputError

_DEEPEST = 3  # folders below one that the user named
_TRAINED = ("progress.jsonl", "checkpoint.zip", "policy.json", "family.json", TRAINING_SEEDS_FILE.name)
_MARKS = (RESULTS_FILE.name, SETTINGS, PROGRESS_FILE.name, FRONTIER_FILE.name, LEVER_STUDY_FILE.name, *_TRAINED)


class Kind(StrEnum):
    """What a folder holds."""

    COMPARISON = "comparison"
    UNFINISHED = "unfinished"  # a comparison that is running, or was interrupted
    TRAINING = "training"
    STUDY = "study"  # a frontier, stress test or joint design in a folder of its own
    DAMAGED = "damaged"


@dataclass(frozen=True)
class Entry:
    """A run in the list.

    Attributes:
        id: what addresses of pages call it: the folder's name, with a number behind it where two are alike.
        folder: where it lies.
        kind: what it is.
        fault: one line on what is wrong with it; empty if nothing is.
        results: of a comparison, the content of results.json.
    """

    id: str
    folder: Path
    kind: Kind
    fault: str = ""
    results: dict[str, Any] = field(default_factory=dict)

    @property
    def changed(self) -> float:
        """When its latest file was written, seconds since 1970."""
        times = [mark[0] for name in _MARKS if (mark := stamp(self.folder / name))]
        return max(times, default=0) / 1e9


class Shelf:
    """All runs below some folders.

    Args:
        places: run folders, or folders of them.

    Raises:
        InputError: one of them is no folder.
    """

    def __init__(self, places: Sequence[Path]) -> None:
        self.places = list(places)
        for place in self.places:
            if not place.is_dir():
                found = "a file" if place.exists() else "nothing"
                raise InputError(place, "RUNS", found, "a run folder, or a folder of them")

    def entries(self) -> list[Entry]:
        """All runs, the latest first."""
        found: dict[str, Entry] = {}
        for folder in dict.fromkeys(one.resolve() for place in self.places for one in _run_folders(place, _DEEPEST)):
            name, number = folder.name, 1
            while name in found:
                number += 1
                name = f"{folder.name}-{number}"
            found[name] = _entry(name, folder)
        return sorted(found.values(), key=lambda entry: entry.changed, reverse=True)

    def entry(self, name: str) -> Entry | None:
        """The run of an id; None where there is none (any more)."""
        return next((entry for entry in self.entries() if entry.id == name), None)


def _run_folders(place: Path, depth: int) -> Iterator[Path]:
    try:
        if any((place / mark).exists() for mark in _MARKS):
            yield place
        elif depth:
            for child in sorted(place.iterdir()):
                if child.is_dir() and not child.name.startswith("."):
                    yield from _run_folders(child, depth - 1)
    except OSError:  # not ours to read
        return


def _entry(name: str, folder: Path) -> Entry:
    try:
        if (folder / RESULTS_FILE.name).exists():
            return Entry(name, folder, Kind.COMPARISON, results=read(RESULTS_FILE, folder))
        for kind in (FRONTIER_FILE, LEVER_STUDY_FILE, STRESS_FILE):
            if (folder / kind.name).exists():
                read(kind, folder)
                return Entry(name, folder, Kind.STUDY)
        if any((folder / mark).exists() for mark in _TRAINED):
            return Entry(name, folder, Kind.TRAINING)
        begun = read_json(folder / SETTINGS)
        return Entry(name, folder, Kind.UNFINISHED if "policies" in begun else Kind.TRAINING)
    except InputError as error:
        return Entry(name, folder, Kind.DAMAGED, fault=" ".join(str(error).split()))


# --- reading, kept while the file stays the same ------------------------------------------------------------------------

Stamp = tuple[int, int, int]


def stamp(path: Path) -> Stamp | None:
    """What changes when a file does; None where there is none."""
    try:
        state = path.stat()
    except OSError:
        return None
    return state.st_mtime_ns, state.st_size, state.st_ino


def read(kind: JsonKind, folder: Path) -> dict[str, Any]:
    """The content of a JSON file in a folder; as `JsonKind.read`."""
    return _json(kind, folder, stamp(folder / kind.name))


def read_if_there(kind: JsonKind, folder: Path) -> dict[str, Any] | None:
    """As `read`; None where there is no such file."""
    return read(kind, folder) if (folder / kind.name).exists() else None


@lru_cache(maxsize=256)
def _json(kind: JsonKind, folder: Path, stamp: Stamp | None) -> dict[str, Any]:
    return kind.read(folder)


def open_run(folder: Path) -> Run:
    """A finished comparison; as `Run`, whose parts it keeps."""
    return _run(folder, stamp(folder / RESULTS_FILE.name))


@lru_cache(maxsize=8)
def _run(folder: Path, stamp: Stamp | None) -> Run:
    return Run(folder)


def table(kind: TableKind, folder: Path) -> pd.DataFrame:
    """A table of a run; as `TableKind.read`. Not to be changed."""
    return table_at(kind, folder / kind.name)


def table_at(kind: TableKind, path: Path) -> pd.DataFrame:
    """A table in a file; as `TableKind.read`. Not to be changed."""
    key = (path, stamp(path))
    if key not in _tables:
        found = kind.read(path)
        for column in found.columns.intersection(_TEXTS):
            found[column] = found[column].astype("category")  # a text a row would fill the memory
        _tables[key] = found
        while len(_tables) > 1 and sum(map(len, _tables.values())) > _MOST_ROWS:
            _tables.pop(next(iter(_tables)))
    return _tables[key]


_TEXTS = "account_id product entry_tier status stage policy suspended sex region".split()
_MOST_ROWS = 4_000_000  # of all tables that are kept
_tables: dict[tuple[Path, Stamp | None], pd.DataFrame] = {}
