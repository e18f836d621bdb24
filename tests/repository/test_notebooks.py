"""The notebooks: kept without outputs, and each runs from top to bottom in a fresh kernel, in reduced size."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests import ROOT

FOLDER = ROOT / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))


def test_they_are_numbered_without_gaps() -> None:
    assert sorted(int(path.name.split("-")[0]) for path in NOTEBOOKS) == list(range(1, len(NOTEBOOKS) + 1))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_each_ends_with_something_to_change(path: Path) -> None:
    """A heading «Your turn», and code after it that begins with what the reader sets."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    turn = max(number for number, cell in enumerate(cells) if "Your turn" in "".join(cell["source"]))
    assert any(cell["cell_type"] == "code" for cell in cells[turn + 1 :])


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_outputs_are_not_committed(path: Path) -> None:
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            assert cell["outputs"] == [] and cell["execution_count"] is None


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook_runs(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    nbclient, nbformat = pytest.importorskip("nbclient"), pytest.importorskip("nbformat")
    monkeypatch.setenv("RECOUP_SMALL", "1")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(FOLDER.parent), os.environ.get("PYTHONPATH", "")]))
    notebook = nbformat.read(path, as_version=4)
    nbclient.NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(FOLDER)}}).execute()
    assert not any(out.get("name") == "stderr" for cell in notebook.cells for out in cell.get("outputs", []))
