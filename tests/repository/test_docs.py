"""The documentation builds without a warning, says what the code says, and loads nothing from elsewhere."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from recoup.sim.compliance.rules import KINDS
from recoup.sim.observation import FIELDS
from tests import ROOT
from tests.command import whole_command

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
    rules = (site / "reference" / "rules.html").read_text(encoding="utf-8")
    assert "no-discount-early" in rules and all(f"<code>{kind}</code>" in rules for kind in KINDS)
    parameters = (site / "reference" / "parameters.html").read_text(encoding="utf-8")
    assert "pay_willingness" in parameters and "world.courts" in parameters


PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


SMALLER = {  # of the examples in Python
    "seeds=10": "seeds=2, accounts=50, days=30",
    "num_envs=1024": "num_envs=16, days=20",
    "n_steps=64, batch_size=8192, n_epochs=3": "n_steps=8, batch_size=64, n_epochs=1, device='cpu'",
    "learn(2_000_000)": "learn(128)",
}


def test_examples_in_python_run_from_the_first_to_the_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("sb3_contrib")
    monkeypatch.chdir(tmp_path)
    page = (ROOT / "docs" / "how-to" / "python.md").read_text(encoding="utf-8")
    names: dict[str, Any] = {}
    for example in re.findall(r"^```python\n(.*?)^```", page, re.M | re.S):
        for whole, small in SMALLER.items():
            example = example.replace(whole, small)
        exec(example, names)
    assert set(names["differences"].reset_index()["challenger"]) == set(names["results"].policies)
    assert names["paid"].loc[names["results"].policies[0], "opening"].sum() > 0
    assert len(names["by_seed"]) == 4 and names["info"]["balance"] >= 0
    assert all(whole in page for whole in SMALLER)


def test_the_example_on_a_lenders_records_runs() -> None:
    page = (ROOT / "docs" / "reference" / "python-records.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"^```python\n(.*?)^```", page, re.M | re.S)
    names: dict[str, Any] = {}
    exec(example.replace("portfolio(500,", "portfolio(60,").replace("days=60", "days=20"), names)
    assert len(names["portfolio"]) == 60 and names["months"].days == 20
    assert len(names["found"].content()["seeds"]) == 20 and names["found"].content()["unknown"] == []


def test_glossary_has_both_languages() -> None:
    rows = re.findall(r"^\| (.+?) \| (.+?) \| (.+?) \|$", (ROOT / "docs" / "glossary.md").read_text("utf-8"), re.M)
    terms = [row for row in rows if row[0] not in ("term", "---")]
    assert len(terms) > 60 and len({term for term, _, _ in terms}) == len(terms)
    assert all(re.search("[\u4e00-\u9fff]", chinese) for _, chinese, _ in terms)


@pytest.mark.parametrize(
    ("page", "says"),
    [("python", "A forbidden choice is blocked and counted"), ("python-records", "what a lender would")],
)
def test_python_reference_names_what_it_documents(site: Path, page: str, says: str) -> None:
    """Each `:::` line becomes a heading of its own with the docstring below it."""
    names = re.findall(r"^::: (\S+)$", (ROOT / "docs" / "reference" / f"{page}.md").read_text("utf-8"), re.M)
    html = (site / "reference" / f"{page}.html").read_text(encoding="utf-8")
    assert len(names) >= 5
    for name in names:
        assert re.search(rf'<h3[^>]* id="[^"]*{re.escape(name.rpartition(".")[2])}"', html), name
    assert says in html


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_files_named_on_a_page_exist(page: Path) -> None:
    named = re.findall(
        r"`((?:sim|scenarios|agents|experiments|benchmarks|tests)/[\w/.-]+)`", page.read_text(encoding="utf-8")
    )
    assert [path for path in named if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_on_a_page_exist_with_their_options(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    shown = re.findall(r"^recoup .*$", "\n".join(re.findall(r"^```\w*\n(.*?)^```", text, re.M | re.S)), re.M)
    shown += re.findall(r"`(recoup [^`]+)`", text)
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.M))
    assert set(re.findall(r"(?:^|`)make ([a-z]+)", text, re.M)) <= targets
    for line in shown:
        command = whole_command()
        words = line.split("#")[0].split()[1:]
        while words and getattr(command, "commands", None) and words[0] in command.commands:
            command = command.commands[words.pop(0)]
        known = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)} | {
            "--help"
        }
        assert not words or not getattr(command, "commands", None) or words[0][0] in "-…A", line
        assert {word for word in words if re.match("--?[a-z]", word)} <= known, line


def test_pictures_are_whole(site: Path) -> None:
    for picture in ("day", "gate", "comparison"):
        svg = (site / "pictures" / f"{picture}.svg").read_text(encoding="utf-8")
        assert svg.startswith("<svg") and svg.endswith("</svg>") and "<text" in svg
