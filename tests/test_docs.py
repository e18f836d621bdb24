"""The documentation builds without a warning, says what the code says, and loads nothing from elsewhere."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from sim.observation import FIELDS

ROOT = Path(__file__).resolve().parent.parent
pytest.importorskip("mkdocs")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("docs") / "site"
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "-d", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return folder


def test_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    for page in site.rglob("*.html"):
        html = page.read_text(encoding="utf-8")
        assert not re.search(r'<(?:script|img|iframe|source)[^>]+src="(?:https?:)?//', html), page
        assert not re.search(r'<link[^>]+rel="(?:stylesheet|preconnect|preload)[^>]+href="(?:https?:)?//', html), page


def test_reference_is_made_from_the_code(site: Path) -> None:
    observation = (site / "reference" / "observation.html").read_text(encoding="utf-8")
    assert all(f"<code>{field.name}</code>" in observation for field in FIELDS)
    commands = (site / "reference" / "commands.html").read_text(encoding="utf-8")
    assert "recoup compare" in commands and "--seeds" in commands
    assert "no-discount-early" in (site / "reference" / "rules.html").read_text(encoding="utf-8")
    parameters = (site / "reference" / "parameters.html").read_text(encoding="utf-8")
    assert "pay_willingness" in parameters and "world.courts" in parameters


def test_pictures_are_whole(site: Path) -> None:
    for picture in ("day", "gate", "comparison"):
        svg = (site / "pictures" / f"{picture}.svg").read_text(encoding="utf-8")
        assert svg.startswith("<svg") and svg.endswith("</svg>") and "<text" in svg
