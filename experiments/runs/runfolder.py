"""The folder of a comparison: finished parts, settings, results. Every file appears whole or not at all."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import platform
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import BaseModel

from recoup.sim import inputs
from recoup.sim.inputs import InputError

SCHEMA_VERSION = 2  # of results.json; 1 had sentences in English, and is still read
_UNFINISHED = ".recoup-unfinished"  # ends the names of files that are being written
RESULTS, SETTINGS, REPORT = "results.json", "run.json", "report.html"
ATTRIBUTION, WHY = "attribution.json", "why.json"


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A file that appears whole or not at all.

    Args:
        path: of the file; its folder is made, a file of that name replaced.

    Yields:
        A temporary name in the same folder, to be filled; it is renamed at the end, or removed if the block ends early.

    Raises:
        InputError: no such place can be made or written to, or it is full.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=_UNFINISHED)
        os.close(handle)
        temporary = Path(name)
        try:
            yield temporary
            temporary.chmod(0o644)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise InputError(path, "", error.strerror or str(error), "a place that can be written to") from None


def in_language(page: str, language: str) -> str:
    """The file name of a page in a language: report.html in English, report.zh.html in Chinese.

    Args:
        page: its name in English.
        language: `en`, `zh`.
    """
    return page if language == "en" else page.replace(".html", f".{language}.html")


def write_whole(path: Path, write: Callable[[Path], None]) -> None:
    """Write to a temporary name in the same folder, then rename.

    Args:
        path: of the file; its folder is made, a file of that name replaced.
        write: is given the temporary path and fills it.

    Raises:
        InputError: as `whole_file`.
    """
    with whole_file(path) as temporary:
        write(temporary)


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """A new folder that appears whole or not at all.

    Args:
        path: of the folder; what is above it is made.

    Yields:
        A folder under a temporary name, to be filled; it is renamed at the end, or removed if the block ends early.

    Raises:
        InputError: there is something of that name, or no such place can be made or written to.
    """
    require_new(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=".", suffix=_UNFINISHED) as name:
            folder = Path(name) / path.name
            folder.mkdir()
            yield folder
            folder.replace(path)
    except OSError as error:
        raise InputError(path, "", error.strerror or str(error), "a place that can be written to") from None


def require_new(path: Path, otherwise: str = "") -> None:
    """Nothing is written over.

    Args:
        path: where something is to be written.
        otherwise: what else the message offers, after «a new one».

    Raises:
        InputError: there is something of that name, or there can't be.
    """
    try:
        str(path.absolute()).encode()
    except UnicodeEncodeError:
        raise InputError(path, "--out", "a name that is not UTF-8", "one that is, as Parquet's readers need") from None
    try:
        exists = path.exists()
    except OSError as error:
        raise InputError(path, "--out", error.strerror or "unusable", "a name for something new") from None
    if exists:
        kind = "folder" if path.is_dir() else "file"
        raise InputError(path, "--out", f"a {kind} that exists", f"a new one{otherwise}")


def new_run_folder(name: str | Path) -> Path:
    """Where a run goes that was given no folder: `runs/NAME-TIME`, with a number behind it where two begin in the same second.

    Args:
        name: what the run is called; of a path, the file's name without its ending.
    """
    stem = Path("runs") / f"{Path(name).stem}-{datetime.now():%Y%m%d-%H%M%S}"
    number, folder = 1, stem
    while folder.exists():
        number += 1
        folder = stem.with_name(f"{stem.name}-{number}")
    return folder


def write_json(path: Path, data: object) -> None:
    """Write JSON; NaN is an error, as nothing else could read it.

    Args:
        path: of the file; replaced.
        data: what `json` can write.

    Raises:
        ValueError: a NaN or an infinite number.
        InputError: as `write_whole`.
    """
    text = json.dumps(data, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    write_text(path, text)


def write_text(path: Path, text: str) -> None:
    """Write text as UTF-8; what is no text (a half of a surrogate pair) as \\udcff, which JSON reads back.

    Args:
        path: of the file; replaced.
        text: its content.

    Raises:
        InputError: as `write_whole`.
    """
    write_whole(path, lambda temporary: _put(temporary, text))


def _put(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", errors="backslashreplace")


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write a Parquet table.

    Args:
        path: of the file; replaced.
        table: its content; the index is not written.

    Raises:
        InputError: as `write_whole`.
    """
    write_whole(path, lambda temporary: table.to_parquet(temporary, index=False))


_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write_csv(path: Path, table: pd.DataFrame) -> None:
    """Write a CSV file that a spreadsheet shows as it is: a text that it would take for a formula gets a quote mark.

    With a byte-order mark, so that spreadsheets read Chinese.

    Args:
        path: of the file; replaced.
        table: its content; the index is not written.

    Raises:
        InputError: as `write_whole`.
    """
    safe = table.rename(columns=_no_formula)
    for name, column in safe.items():
        if not pd.api.types.is_numeric_dtype(column.dtype):
            safe[name] = column.map(_no_formula, na_action="ignore")
    write_whole(path, lambda temporary: safe.to_csv(temporary, index=False, encoding="utf-8-sig"))


def _no_formula(value: Any) -> Any:
    return "'" + value if isinstance(value, str) and value.lstrip(" ").startswith(_FORMULA) else value


def read_json(path: Path) -> dict[str, Any]:
    """The JSON object in a file of a finished or interrupted run; errors as `inputs.read_json`."""
    return inputs.read_json(path, "file of a finished or interrupted run").data


def fingerprint(*parts: object) -> str:
    """A short hash of models, tables, paths' contents and plain values."""
    digest = hashlib.sha256()
    for part in parts:
        if isinstance(part, BaseModel):
            digest.update(part.model_dump_json().encode())
        elif isinstance(part, pd.DataFrame):
            digest.update(pd.util.hash_pandas_object(part, index=False).to_numpy().tobytes())
        else:
            digest.update(json.dumps(part, sort_keys=True, default=str).encode())
        digest.update(b"\0")
    return digest.hexdigest()[:16]


def versions(learning: bool = False) -> dict[str, str]:
    """Versions that a result depends on; those of the learners too, if they took part."""
    names = ["recoup", "numpy", "numba", "simpy", "pandas", "scipy"]
    if learning:
        names += ["gymnasium", "stable-baselines3", "sb3-contrib", "torch"]
    return {"python": platform.python_version(), **{name: importlib.metadata.version(name) for name in names}}


def open_folder(folder: Path, settings: dict[str, Any], resume: bool) -> None:
    """Make the run folder, or check that it belongs to the same comparison.

    Args:
        folder: of the run.
        settings: what makes it this run and no other, as JSON holds them; written into `run.json`.
        resume: continue the run in it; what a killed process left half written is removed.

    Raises:
        InputError: it exists and `resume` is off, or it was begun with other settings.
    """
    if not resume:
        require_new(folder, ", or --resume to continue this run")
    for left in folder.rglob(f".*{_UNFINISHED}"):  # by a process that was killed while it wrote
        left.unlink()
    if not resume or (folder.is_dir() and not any(folder.iterdir())):  # killed before it had begun
        write_json(folder / SETTINGS, settings)
        return
    begun = read_json(folder / SETTINGS)
    for name, value in settings.items():
        if begun.get(name) != value:
            raise InputError(
                folder / SETTINGS, f"{name} (--resume)", value, f"as this run was begun: {begun.get(name)!r}"
            )
