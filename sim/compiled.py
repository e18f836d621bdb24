"""Numba's `njit`, with a cache that notices when any file of this package changes.

Numba keys cached machine code by the file of the function alone; a kernel keeps calling an inlined helper of another
file as it was before that file changed. Here the cache folder is named by all the package's sources.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import numba.core.config

config: Any = numba.core.config

_SOURCES = Path(__file__).parent
_KEEP_SECONDS = 7 * 24 * 3600


def fingerprint(sources: Path = _SOURCES) -> str:
    """16 hex digits that change with the place, time of change or size of any Python file in a folder, however deep."""
    files = sorted(sources.rglob("*.py"))
    marks = [f"{file.relative_to(sources)} {(s := file.stat()).st_mtime_ns} {s.st_size}" for file in files]
    return hashlib.sha256("\n".join(marks).encode()).hexdigest()[:16]


def _cache_folder() -> Path:
    """`__pycache__` beside the sources where it can be written, else the user's own cache folder."""
    beside = _SOURCES / "__pycache__"
    writable = os.access(beside if beside.exists() else _SOURCES, os.W_OK)
    base = beside if writable else Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "recoup"
    folder = base / f"compiled-{fingerprint()}"
    if not folder.exists():
        for old in base.glob("compiled-*"):
            if time.time() - old.stat().st_mtime > _KEEP_SECONDS:
                shutil.rmtree(old, ignore_errors=True)
    return folder


FOLDER = str(_cache_folder())


def njit(**options: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """As `numba.njit(cache=True, **options)`, cached under the package's fingerprint.

    Functions of other packages that call this one's compiled functions must use it too, so that they notice a change here.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        others, config.CACHE_DIR = config.CACHE_DIR, FOLDER
        try:
            return numba.njit(cache=True, **options)(function)  # type: ignore[no-any-return]
        finally:
            config.CACHE_DIR = others

    return decorate
