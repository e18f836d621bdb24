"""Is everything here that Recoup needs? Each check says what it looked at and whether it is good."""

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
_LEAST_FREE_GB = 0.5
_LEARNING = ("torch", "stable-baselines3", "sb3-contrib")
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "firefox")


@dataclass(frozen=True)
class Result:
    """What one look at the installation gave: whether it is good, and in words."""

    ok: bool
    details: str


@dataclass(frozen=True)
class Check:
    """One look at the installation; `needed` is False where Recoup works without what it looks for."""

    name: str
    needed: bool
    run: Callable[[], Result]


@dataclass(frozen=True)
class Finding:
    """A check with its result."""

    name: str
    needed: bool
    ok: bool
    details: str


def examine() -> list[Finding]:
    """Run every check; a check that breaks is a finding, not an error."""
    return [_examine(check) for check in _CHECKS]


def _examine(check: Check) -> Finding:
    try:
        result = check.run()
    except Exception as error:
        result = Result(False, f"{type(error).__name__}: {error}")
    return Finding(check.name, check.needed, result.ok, result.details)


def _python() -> Result:
    details = f"{platform.python_version()} on {platform.system()} {platform.machine()}"
    return Result(sys.version_info >= _LEAST_PYTHON, details)


def _packages() -> Result:
    """Every package that the installed distribution declares, beside the optional ones."""
    names = [
        re.split(r"[<>=!~;\s\[]", line)[0]
        for line in importlib.metadata.requires("recoup") or []
        if "extra" not in line
    ]
    return _versions(names)


def _versions(names: list[str] | tuple[str, ...]) -> Result:
    present, missing = [], []
    for name in names:
        try:
            present.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            missing.append(name)
    return Result(not missing, ", ".join([*present, *(f"{name} MISSING" for name in missing)]))


def _compiled() -> Result:
    from recoup.sim import compiled

    folder = Path(compiled.FOLDER)
    files = list(folder.rglob("*.nbc")) if folder.exists() else []
    writable = next(parent for parent in (folder, *folder.parents) if parent.exists())
    state = (
        f"{len(files)} compiled functions" if files else "nothing yet: the first run compiles for about half a minute"
    )
    return Result(os.access(writable, os.W_OK), f"{folder}: {state}")


def _working_folder() -> Result:
    with tempfile.TemporaryFile(dir=Path.cwd()):
        free = shutil.disk_usage(Path.cwd()).free / 1e9
    return Result(free > _LEAST_FREE_GB, f"{Path.cwd()}: writable, {free:.1f} GB free")


def _simulation() -> Result:
    from recoup.experiments.comparison.rollout import rollout
    from recoup.scenarios.schema import load_scenario

    begun = time.perf_counter()
    scenario = load_scenario("china-consumer")
    a = rollout(scenario, "staged", scenario.portfolio(50, 1), 1, 10).accounts
    gap = a["opening"] + a["interest"] + a["fees"] - a["cash"] - a["forgiven"] - a["written_off"] - a["balance"]
    details = f"50 accounts, 10 days, money conserved, {time.perf_counter() - begun:.1f} s"
    return Result(bool((gap == 0).all()), details)


def _report_words() -> Result:
    from recoup.experiments.report import LANGUAGES, text_in

    return Result(True, ", ".join(text_in(language)("language") for language in LANGUAGES))


def _browser() -> Result:
    path = next((path for name in _BROWSERS if (path := shutil.which(name))), None)
    return Result(path is not None, path or "none on the path; any browser shows reports, tests of them need Chromium")


def _chinese_font() -> Result:
    if not (command := shutil.which("fc-list")):
        return Result(False, "cannot be checked here; reports use the reader's fonts")
    fonts = subprocess.run(
        [command, ":lang=zh", "family"], capture_output=True, text=True, timeout=20, check=False
    ).stdout
    first = next(iter(sorted(fonts.splitlines())), "")
    return Result(bool(first), first or "none here; reports use the reader's fonts")


_CHECKS = (
    Check("Python", True, _python),
    Check("packages", True, _packages),
    Check("packages for training", False, lambda: _versions(_LEARNING)),
    Check("compiled code", True, _compiled),
    Check("working folder", True, _working_folder),
    Check("simulation", True, _simulation),
    Check("report languages", True, _report_words),
    Check("browser", False, _browser),
    Check("Chinese font", False, _chinese_font),
)
