"""The wheel: one top-level package, and it works beside folders of a user's own that bear our folders' names."""

from __future__ import annotations

import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

from tests import ROOT

FOLDERS = ("sim", "agents", "scenarios", "experiments")
SCRIPT = """
import importlib
import gymnasium as gym, recoup
assert all(importlib.import_module(name).MINE for name in ("sim", "agents", "scenarios", "experiments"))
env = gym.make("recoup/Account-v1", accounts=50)
env.reset(seed=1)
env.step(0)
# What is compiled here, two worker processes need not compile at the same time.
recoup.compare("china-consumer", ["staged", "learned"], seeds=1, accounts=5, days=2)
results = recoup.compare("china-consumer", ["staged", "learned"], seeds=2, accounts=50, days=20, workers=2)
assert results.policies == ["staged", "learned"] and results.report("zh").is_file()
print(recoup.__file__)
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy of the tree, so that nothing is left in it."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    source.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    ignored = shutil.ignore_patterns("__pycache__", *FOLDERS)
    shutil.copytree(ROOT / "recoup", source / "recoup", ignore=ignored)
    for name in FOLDERS:
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--no-build-isolation",
        "-w",
        str(folder),
        str(source),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return next(folder.glob("recoup-*.whl"))


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with the wheel; it borrows the dependencies of this one, but not its editable installation."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=False, symlinks=True)
    packages = Path(sysconfig.get_path("purelib", vars={"base": str(folder), "platbase": str(folder)}))
    command = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        str(folder / "bin" / "python"),
        "install",
        "--quiet",
        "--no-deps",
        str(wheel),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    # A path in a .pth file is searched, but the .pth files that lie there are not read.
    (packages / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder


def test_top_level_is_the_package_and_its_metadata(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names}
    assert "recoup" in tops and len(tops) == 2 and (tops - {"recoup"}).pop().endswith(".dist-info")
    assert "recoup/py.typed" in names and "recoup/scenarios/plans/staged.yaml" in names
    written = {path.relative_to(ROOT).as_posix() for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")}
    assert {f"recoup/{name}" for name in written} <= set(names)


def test_it_works_beside_a_users_own_folders_of_the_same_names(environment: Path, tmp_path: Path) -> None:
    for name in FOLDERS:
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("MINE = True\n")
    (tmp_path / "mine.py").write_text(SCRIPT)
    done = subprocess.run(
        [environment / "bin" / "recoup", "plan", "check", "staged"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    done = subprocess.run(
        [environment / "bin" / "python", "mine.py"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.split()[-1]).is_relative_to(environment)
