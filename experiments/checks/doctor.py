"""Is everything here that Recoup needs? Each check says what it found."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

_LEAST_PYTHON = (3, 11)
_LEARNING = ("torch", "stable-baselines3", "sb3-contrib")
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "firefox")


@dataclass(frozen=True)
class Finding:
    """What a check found; `needed` is False where Recoup works without it."""

    name: str
    ok: bool
    needed: bool
    found: str


def examine() -> list[Finding]:
    """Run every check; a check that breaks is a finding, not an error."""
    return [_checked(name, needed, check) for name, needed, check in _CHECKS]


def _checked(name: str, needed: bool, check: Callable[[], tuple[bool, str]]) -> Finding:
    try:
        ok, found = check()
    except Exception as error:
        ok, found = False, f"{type(error).__name__}: {error}"
    return Finding(name, ok, needed, found)


def _python() -> tuple[bool, str]:
    return sys.version_info >= _LEAST_PYTHON, f"{platform.python_version()} on {platform.system()} {platform.machine()}"


def _packages() -> tuple[bool, str]:
    """Every package that the installed distribution declares, beside the optional ones."""
    names = [
        re.split(r"[<>=!~;\s\[]", line)[0]
        for line in importlib.metadata.requires("recoup") or []
        if "extra" not in line
    ]
    return _versions(names)


def _versions(names: list[str] | tuple[str, ...]) -> tuple[bool, str]:
    found, missing = [], []
    for name in names:
        try:
            found.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            missing.append(name)
    return not missing, ", ".join([*found, *(f"{name} MISSING" for name in missing)])


def _compiled() -> tuple[bool, str]:
    from recoup.sim import compiled

    folder = Path(compiled.FOLDER)
    files = list(folder.rglob("*.nbc")) if folder.exists() else []
    writable = next(parent for parent in (folder, *folder.parents) if parent.exists())
    state = (
        f"{len(files)} compiled functions" if files else "nothing yet: the first run compiles for about half a minute"
    )
    return os.access(writable, os.W_OK), f"{folder}: {state}"


def _working_folder() -> tuple[bool, str]:
    with tempfile.TemporaryFile(dir=Path.cwd()):
        free = shutil.disk_usage(Path.cwd()).free / 1e9
    return free > 0.5, f"{Path.cwd()}: writable, {free:.1f} GB free"


def _simulation() -> tuple[bool, str]:
    from recoup.experiments.comparison.rollout import rollout
    from recoup.scenarios.schema import load_scenario

    begun = time.perf_counter()
    scenario = load_scenario("china-consumer")
    a = rollout(scenario, "staged", scenario.portfolio(50, 1), 1, 10).accounts
    gap = a["opening"] + a["interest"] + a["fees"] - a["cash"] - a["forgiven"] - a["written_off"] - a["balance"]
    return bool((gap == 0).all()), f"50 accounts, 10 days, money conserved, {time.perf_counter() - begun:.1f} s"


def _report_words() -> tuple[bool, str]:
    from recoup.experiments.report import LANGUAGES, text_in

    return True, ", ".join(text_in(language)("language") for language in LANGUAGES)


def _browser() -> tuple[bool, str]:
    path = next((found for name in _BROWSERS if (found := shutil.which(name))), None)
    return path is not None, path or "none on the path; any browser shows reports, tests of them need Chromium"


def _chinese_font() -> tuple[bool, str]:
    if not (command := shutil.which("fc-list")):
        return False, "cannot be told here; reports use the reader's fonts"
    fonts = subprocess.run(
        [command, ":lang=zh", "family"], capture_output=True, text=True, timeout=20, check=False
    ).stdout
    first = next(iter(sorted(fonts.splitlines())), "")
    return bool(first), first or "none here; reports use the reader's fonts"


_CHECKS: tuple[tuple[str, bool, Callable[[], tuple[bool, str]]], ...] = (
    ("Python", True, _python),
    ("packages", True, _packages),
    ("packages for training", False, lambda: _versions(_LEARNING)),
    ("compiled code", True, _compiled),
    ("working folder", True, _working_folder),
    ("simulation", True, _simulation),
    ("report languages", True, _report_words),
    ("browser", False, _browser),
    ("Chinese font", False, _chinese_font),
)
