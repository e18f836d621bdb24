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
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from recoup.experiments.report.text import LANGUAGES, Text, text_in

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
    run: Callable[[Text], Result]


@dataclass(frozen=True)
class Finding:
    """A check with its result."""

    name: str
    needed: bool
    ok: bool
    details: str


def examine(say: Text) -> list[Finding]:
    """Run every check; a check that breaks is a finding, not an error.

    Args:
        say: in whose language the details are.
    """
    return [_examine(check, say) for check in _CHECKS]


def _examine(check: Check, say: Text) -> Finding:
    try:
        result = check.run(say)
    except Exception as error:
        result = Result(False, f"{type(error).__name__}: {error}")
    return Finding(check.name, check.needed, result.ok, result.details)


def _python(say: Text) -> Result:
    version, machine = platform.python_version(), f"{platform.system()} {platform.machine()}"
    return Result(sys.version_info >= _LEAST_PYTHON, say("terminal.doctor.python", version=version, machine=machine))


def _packages(say: Text) -> Result:
    """Every package that the installed distribution declares, beside the optional ones."""
    names = [
        re.split(r"[<>=!~;\s\[]", line)[0]
        for line in importlib.metadata.requires("recoup") or []
        if "extra" not in line
    ]
    return _versions(names, say)


def _learning(say: Text) -> Result:
    return _versions(_LEARNING, say)


def _versions(names: Iterable[str], say: Text) -> Result:
    present, missing = [], []
    for name in names:
        try:
            present.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            missing.append(say("terminal.doctor.not_installed", name=name))
    return Result(not missing, say.listed([*present, *missing]))


def _compiled(say: Text) -> Result:
    from recoup.sim import compiled

    folder = Path(compiled.FOLDER)
    files = list(folder.rglob("*.nbc")) if folder.exists() else []
    writable = next(parent for parent in (folder, *folder.parents) if parent.exists())
    state = "compiled" if files else "uncompiled"
    return Result(os.access(writable, os.W_OK), say(f"terminal.doctor.{state}", folder=folder, n=len(files)))


def _working_folder(say: Text) -> Result:
    with tempfile.TemporaryFile(dir=Path.cwd()):
        free = shutil.disk_usage(Path.cwd()).free / 1e9
    return Result(free > _LEAST_FREE_GB, say("terminal.doctor.writable", folder=Path.cwd(), free=f"{free:.1f}"))


def _simulation(say: Text) -> Result:
    from recoup.experiments.comparison.rollout import rollout
    from recoup.scenarios.schema import load_scenario

    begun = time.perf_counter()
    scenario = load_scenario("china-consumer")
    a = rollout(scenario, "staged", scenario.portfolio(50, 1), 1, 10).accounts
    gap = a["opening"] + a["interest"] + a["fees"] - a["cash"] - a["forgiven"] - a["written_off"] - a["balance"]
    conserved = bool((gap == 0).all())
    kept = "conserved" if conserved else "not_conserved"
    return Result(conserved, say(f"terminal.doctor.{kept}", seconds=f"{time.perf_counter() - begun:.1f}"))


def _report_words(say: Text) -> Result:
    return Result(True, say.listed([text_in(language)("language") for language in LANGUAGES]))


def _browser(say: Text) -> Result:
    path = next((path for name in _BROWSERS if (path := shutil.which(name))), None)
    return Result(path is not None, path or say("terminal.doctor.no_browser"))


def _chinese_font(say: Text) -> Result:
    if not (command := shutil.which("fc-list")):
        return Result(False, say("terminal.doctor.fonts_unknown"))
    fonts = subprocess.run(
        [command, ":lang=zh", "family"], capture_output=True, text=True, timeout=20, check=False
    ).stdout
    first = next(iter(sorted(fonts.splitlines())), "")
    return Result(bool(first), first or say("terminal.doctor.no_font"))


_CHECKS = (
    Check("Python", True, _python),
    Check("packages", True, _packages),
    Check("packages for training", False, _learning),
    Check("compiled code", True, _compiled),
    Check("working folder", True, _working_folder),
    Check("simulation", True, _simulation),
    Check("report languages", True, _report_words),
    Check("browser", False, _browser),
    Check("Chinese font", False, _chinese_font),
)
