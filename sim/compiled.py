"""Numba's `njit`, with a cache that notices when any file of this package changes.

Numba keys cached machine code by the file of the function alone; a kernel keeps calling an inlined helper of another
file as it was before that file changed. Here the cache folder is named by all the package's sources; functions of other
packages lie in a folder within it that is named by their own package's sources too.
"""

from __future__ import annotations

import contextlib
import glob
import hashlib
import logging
import multiprocessing
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import numba
import numba.core.config

config: Any = numba.core.config

_SOURCES = Path(__file__).parent
_KEEP_SECONDS = 7 * 24 * 3600


def fingerprint(sources: Path = _SOURCES, pattern: str = "**/*.py") -> str:
    """16 hex digits that change with the place, time of change or size of any Python file in a folder, however deep."""
    files = sorted(sources.glob(pattern))
    marks = [f"{file.relative_to(sources)} {(s := file.stat()).st_mtime_ns} {s.st_size}" for file in files]
    return hashlib.sha256("\n".join(marks).encode()).hexdigest()[:16]


def _new(folder: Path, family: str) -> str:
    """A cache folder; when it isn't there yet, those of its family that are old enough go."""
    if not folder.exists():
        for old in folder.parent.glob(f"{glob.escape(family)}-*"):
            if time.time() - old.stat().st_mtime > _KEEP_SECONDS:
                shutil.rmtree(old, ignore_errors=True)
    return str(folder)


def _places() -> Iterator[Path]:
    """`__pycache__` beside the sources, then the user's own cache folder."""
    yield _SOURCES / "__pycache__"
    if chosen := os.environ.get("XDG_CACHE_HOME"):
        yield Path(chosen) / "recoup"
    else:
        with contextlib.suppress(RuntimeError):  # a user without a home, and not listed: the usual container
            yield Path.home() / ".cache" / "recoup"


def _can_write(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(folder, os.W_OK | os.X_OK)


def _temporary_place() -> Path:
    """A folder of this user among the temporary ones; what is in it is run, so that nobody else may write there."""
    place = Path(tempfile.gettempdir()) / f"recoup-{os.getuid()}"
    with contextlib.suppress(FileExistsError):
        place.mkdir(mode=0o700)
    found = place.lstat()
    ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not found.st_mode & 0o022
    return place if ours else Path(tempfile.mkdtemp(prefix="recoup-"))


def _cache_folder() -> str:
    """The first of the places that can be written to, else a temporary one, which is said in one line."""
    base = next(filter(_can_write, _places()), None)
    if base is None:
        base = _temporary_place()
        if multiprocessing.parent_process() is None:
            logging.getLogger(__name__).warning(
                "recoup: compiled code is kept in %s, as neither the package's folder nor XDG_CACHE_HOME can be written to",
                base,
            )
    return _new(base / f"compiled-{fingerprint()}", "compiled")


FOLDER = _cache_folder()


@cache
def _folder_beyond(sources: Path, pattern: str) -> str:
    """Where functions of another package are cached: it changes with this package's sources and with theirs."""
    return _new(Path(FOLDER) / f"{sources.name}-{fingerprint(sources, pattern)}", sources.name)


def folder_of(module: str, file: str) -> str:
    """Cache folder for the functions of a module: of this package, of another package of ours, or of any other file.

    Args:
        module: its dotted name.
        file: its path; beyond our packages, what counts are the Python files beside it.
    """
    ours, _, rest = module.partition(".")
    package = _SOURCES.parent / rest.partition(".")[0]
    if ours == __name__.partition(".")[0] and package.is_dir():
        return FOLDER if package == _SOURCES else _folder_beyond(package, "**/*.py")
    return _folder_beyond(Path(file).parent, "*.py")


def njit(*, borrows: bool = False, **options: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """As `numba.njit(cache=True, **options)`, cached under the package's fingerprint.

    Functions of other packages that call this one's compiled functions must use it too, so that they notice a change here;
    they also notice one in their own package, and beyond ours in the files beside their own.

    Args:
        borrows: count no references to arrays, which the caller keeps alive. For what is called once an account: each call that
            takes an array, and each row or member that is taken out of one, would change a counter that all threads share, so that
            two threads take as long as one. Such a function makes and returns no arrays.
        options: of `numba.njit`.
    """
    if borrows:
        options["_nrt"] = False

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        folder = folder_of(function.__module__, function.__code__.co_filename)
        others, config.CACHE_DIR = config.CACHE_DIR, folder
        try:
            return numba.njit(cache=True, **options)(function)  # type: ignore[no-any-return]
        finally:
            config.CACHE_DIR = others

    return decorate
