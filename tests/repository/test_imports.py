"""Which way imports point. Between the folders, between the rooms of experiments/, and never in a circle.

Imports under `if TYPE_CHECKING` count: what a type names is a dependency. Imports inside functions do not count in circles, as they
happen when everything is loaded (the command imports heavy packages there so that its help comes at once); they do count in
the order of folders and rooms.
"""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDERS = ("sim", "agents", "scenarios", "experiments")
ALLOWED = {
    "sim": set(),
    "agents": {"sim"},
    "scenarios": {"sim"},
    "experiments": {"sim", "agents", "scenarios"},
}
# Each room of experiments/ may import itself and those before it; rooms in one entry do not know each other.
ROOMS = (
    {"runs"},
    {"comparison"},
    {"records"},
    {"robustness", "learning", "sites", "evidence", "backtest"},
    {"models", "calibration"},
    {"report"},
    {"dashboard"},
    {"checks"},
    {"commands"},
    {"cli"},
)


@dataclass(frozen=True)
class Import:
    """One import of a module of ours by another; `inside`: in a function, so not when the importing module is loaded."""

    by: str
    of: str
    inside: bool

    def __str__(self) -> str:
        return f"{self.by} imports {self.of}"


def name_of(file: Path) -> str:
    """«recoup.sim.kernels» for sim/kernels.py, and the package's name for its __init__.py."""
    parts = file.relative_to(ROOT).with_suffix("").parts
    parts = parts if parts[0] == "recoup" else ("recoup", *parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def sources() -> dict[str, Path]:
    """Every module of the package; recoup/ itself has links to the folders, which are read once, in their own places."""
    files = [file for folder in FOLDERS for file in (ROOT / folder).rglob("*.py")] + list(
        (ROOT / "recoup").glob("*.py")
    )
    return {name_of(file): file for file in files}


def imports_in(tree: ast.AST, by: str, known: set[str], inside: bool = False) -> Iterator[Import]:
    """Imports of modules in `known`, from a syntax tree; `from package import module` is an import of the module."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            targets = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{by}: relative import"
            submodules = [f"{node.module}.{alias.name}" for alias in node.names]
            targets = [name if name in known else str(node.module) for name in submodules]
        else:
            function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            yield from imports_in(node, by, known, inside or function)
            continue
        yield from (Import(by, target, inside) for target in dict.fromkeys(targets) if target in known)


@cache
def all_imports() -> tuple[Import, ...]:
    """Every import of one of our modules by another."""
    files = sources()
    trees = {name: ast.parse(file.read_text(encoding="utf-8")) for name, file in files.items()}
    return tuple(edge for name, tree in trees.items() for edge in imports_in(tree, name, set(files)))


def circles(imports: list[Import]) -> set[frozenset[str]]:
    """Groups of modules that import each other, directly or by way of others: strongly connected components of two or more."""
    neighbours: dict[str, set[str]] = {}
    for edge in imports:
        neighbours.setdefault(edge.by, set()).add(edge.of)

    def reached(start: str) -> set[str]:
        seen: set[str] = set()
        waiting = [start]
        while waiting:
            for name in neighbours.get(waiting.pop(), set()) - seen:
                seen.add(name)
                waiting.append(name)
        return seen

    reach = {name: reached(name) for name in neighbours}
    groups = (frozenset(other for other in reach[name] if name in reach.get(other, ())) for name in neighbours)
    return {group for group in groups if len(group) > 1}


def folder_of(module: str) -> str | None:
    """«sim» for recoup.sim.kernels; None for the public face."""
    folder = module.split(".")[1] if "." in module else None
    return folder if folder in FOLDERS else None


def room_of(module: str) -> str | None:
    """«report» for recoup.experiments.report.page; None outside experiments, and for the package itself."""
    parts = module.split(".")
    return parts[2] if parts[:2] == ["recoup", "experiments"] and len(parts) > 2 else None


def test_folders_import_one_way() -> None:
    wrong = [
        str(edge)
        for edge in all_imports()
        if (by := folder_of(edge.by)) and (of := folder_of(edge.of)) != by and of not in ALLOWED[by]
    ]
    assert wrong == []  # nor does any of them import the public face, whose folder is None


def test_rooms_of_experiments_import_one_way() -> None:
    level = {room: number for number, rooms in enumerate(ROOMS) for room in rooms}
    rooms = {room for module in sources() if (room := room_of(module))}
    assert rooms <= set(level), f"give {rooms - set(level)} a place in ROOMS"
    wrong = [
        str(edge)
        for edge in all_imports()
        if (by := room_of(edge.by)) and (of := room_of(edge.of)) and by != of and level[of] >= level[by]
    ]
    assert wrong == []


def test_no_modules_import_each_other() -> None:
    assert circles([edge for edge in all_imports() if not edge.inside and edge.by != edge.of]) == set()


def test_the_reader_of_imports_sees_what_it_must() -> None:
    text = """
import recoup.b
from recoup import c
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    from recoup.d import Thing
class K:
    from recoup.e import x
    def method(self):
        import recoup.f
"""
    known = {f"recoup.{letter}" for letter in "abcdef"}
    imports = set(imports_in(ast.parse(text), "recoup.a", known))
    assert imports == {Import("recoup.a", f"recoup.{letter}", inside=letter == "f") for letter in "bcdef"}
    edges = [Import(by, of, inside=False) for by, of in ("ab", "bc", "ca", "cd", "de", "ed", "ef")]
    assert circles(edges) == {frozenset("abc"), frozenset("de")}


@pytest.mark.parametrize("place", [*FOLDERS, "recoup", "tests", "benchmarks", "docs", "notebooks", "README.md"])
def test_nothing_imports_a_folder_by_its_bare_name(place: str) -> None:
    # A line of code, or one in a page or a notebook; not prose that happens to begin with "from experiments".
    bare = re.compile(rf'^[\s">]*(from|import) ({"|".join(FOLDERS)})(\.\w| import\b| as\b|,|\s*$)', re.MULTILINE)
    top = ROOT / place
    files = [top] if top.is_file() else [f for kind in ("*.py", "*.md", "*.ipynb") for f in top.rglob(kind)]
    assert [str(file) for file in files if bare.search(file.read_text(encoding="utf-8"))] == []


def test_every_folder_with_modules_is_installed() -> None:
    listed = set(tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"]["packages"])
    assert listed == {name_of(file.parent / "__init__.py") for file in sources().values()}


def test_every_folder_with_modules_is_a_package() -> None:
    # With a folder left out of git or without __init__.py, an installed copy lacks what the repository's own tests see.
    assert [str(f.parent) for f in sources().values() if not (f.parent / "__init__.py").is_file()] == []


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="not a checkout")
def test_no_module_is_ignored_by_git() -> None:
    files = [str(file.relative_to(ROOT)) for file in sources().values()]
    done = subprocess.run(
        ["git", "check-ignore", "--no-index", *files], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.stdout.split() == []
