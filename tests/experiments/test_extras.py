"""A command whose optional packages are missing says what to install, in one line; the others do without them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import recoup
from tests.experiments import SHORT

BLOCKED = """
import sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("torch", "stable_baselines3", "sb3_contrib", "optuna", "tensorboard", "tqdm", "ray", "panel", "bokeh"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Blocked())
from recoup.experiments.cli import main
"""

# What is tried is cut to a little of everything: here it is only asked whether it runs.
LITTLE = """
from recoup.experiments.learning import distillation
distillation.MOST_TRIED, distillation.DEPART_COHORTS, distillation.CHOOSE_COHORTS = 2, 1, 1
distillation.TRIED, distillation.SWEEPS = 1, 1
"""


def without_extras(*arguments: str | Path, first: str = "") -> subprocess.CompletedProcess[str]:
    """`recoup ARGUMENTS` in a process in which nothing of the extras «learn», «ray» and «web» can be imported; `first`: lines run before."""
    command = [sys.executable, "-c", f"{BLOCKED}{first}main()", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)


def test_training_without_its_extra_is_one_line(tmp_path: Path) -> None:
    done = without_extras("train", "--steps", "1", "--out", tmp_path / "run")
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.splitlines() == ["recoup: torch: got 'not installed', expected pip install \"recoup[learn]\""]
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        "tune status-quo -s {short} --sweeps 1 --cohorts 3 --accounts 50 --field dpd --out {out}.yaml",
        "distill learned --leaves 2 --seeds 2 --accounts 50 --out {out}.yaml",
    ],
)
def test_other_commands_of_learning_do_without_it(arguments: str, tmp_path: Path) -> None:
    first = LITTLE if arguments.startswith("distill") else ""
    done = without_extras(*arguments.format(out=tmp_path / "new", short=SHORT).split(), first=first)
    assert done.returncode == 0, done.stderr
    assert list(tmp_path.iterdir())


@pytest.mark.parametrize("command", ["compare", "calibrate"])
def test_a_cluster_without_its_extra_is_one_line(command: str, tmp_path: Path) -> None:
    out = ["--out", tmp_path / "run"] if command == "compare" else []
    done = without_extras(command, "--ray", "auto", *out)
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.splitlines() == ["recoup: ray: got 'not installed', expected pip install \"recoup[ray]\""]
    assert not (tmp_path / "run").exists()


def test_training_from_python_without_its_extra_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)  # an import of it fails as if it were not installed
    with pytest.raises(recoup.InputError, match=r'pip install "recoup\[learn\]"'):
        recoup.train("china-consumer", steps=1)


def test_the_dashboard_without_its_extra_is_one_line(tmp_path: Path) -> None:
    done = without_extras("serve", tmp_path)
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.splitlines() == ["recoup: panel: got 'not installed', expected pip install \"recoup[web]\""]
