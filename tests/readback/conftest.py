"""Runs and pages that the tests of this folder share."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from matplotlib.figure import Figure

from recoup.experiments.comparison.compare import compare
from recoup.experiments.comparison.run import Run
from recoup.experiments.comparison.settings import Comparison
from recoup.experiments.report import charts, render
from tests.readback import made_up
from tests.readback.reading import Section, sections

LANGUAGES = ("en", "zh")


@dataclass
class Page:
    """A rendered report."""

    language: str
    html: str
    sections: dict[str, Section]
    results: dict[str, Any]
    figures: dict[str, list[Figure]]  # as drawn, by name; wide and narrow where there are two
    ordered: list[str]  # plans: the challenger, the one in force, the others


def page_of(folder: Path, language: str) -> Page:
    """Render a run's report, keep the figures, and read the page."""
    drawn: dict[str, list[Figure]] = {}
    names: list[str] = []

    class Recorded(Figure):
        def __init__(self, *arguments, **options):
            super().__init__(*arguments, **options)
            drawn.setdefault(names[-1], []).append(self)

    def named(name, *arguments):
        names.append(name.removesuffix("-0").removesuffix("-1"))
        return svg(name, *arguments)

    svg = charts._svg
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(charts, "Figure", Recorded)
        patch.setattr(charts, "_svg", named)
        html = render(folder, language).read_text(encoding="utf-8")
    results = json.loads((folder / "results.json").read_text(encoding="utf-8"))
    return Page(language, html, sections(html), results, drawn, Run(folder).ordered)


@pytest.fixture(scope="session")
def made_up_folder(tmp_path_factory) -> Path:
    return made_up.write(tmp_path_factory.mktemp("readback") / "made-up")


@pytest.fixture(scope="session")
def real_folder(tmp_path_factory) -> Path:
    """A small run of synthetic accounts, which differ from seed to seed."""
    folder = tmp_path_factory.mktemp("readback") / "real"
    plans = ("no-contact", "status-quo", "staged", "tiered")
    compare(Comparison("china-consumer", plans, seeds=3, accounts=60, days=60), folder, command="recoup compare …")
    return folder


@pytest.fixture(scope="session")
def _made_up_pages(made_up_folder) -> dict[str, Page]:
    return {language: page_of(made_up_folder, language) for language in LANGUAGES}


@pytest.fixture(scope="session")
def _real_pages(real_folder) -> dict[str, Page]:
    return {language: page_of(real_folder, language) for language in LANGUAGES}


@pytest.fixture(params=LANGUAGES)
def language(request) -> str:
    return request.param


@pytest.fixture
def made_up_page(_made_up_pages, language) -> Page:
    return _made_up_pages[language]


@pytest.fixture
def english(_made_up_pages) -> Page:
    return _made_up_pages["en"]


@pytest.fixture
def chinese(_made_up_pages) -> Page:
    return _made_up_pages["zh"]


@pytest.fixture(params=["made up", "simulated"])
def page(request, language) -> Page:
    """The report of a made-up and of a simulated run, in both languages."""
    return request.getfixturevalue("_made_up_pages" if request.param == "made up" else "_real_pages")[language]
