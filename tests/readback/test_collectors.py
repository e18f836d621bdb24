"""The section on collectors: its sentences, table and picture say what collectors.parquet holds."""

from __future__ import annotations

import shutil

import numpy as np
import pandas as pd
import pytest

from tests.readback.conftest import page_of
from tests.readback.reading import plain

# Of `learned`, the best plan. Collectors: 30 and 50 promises of 100 contacts, and 2 of 5, too few to be judged. Specialists alike.
ROWS = [
    ("learned", "collector", 100, 30),
    ("learned", "collector", 100, 50),
    ("learned", "collector", 5, 2),
    ("learned", "specialist", 200, 80),
    ("learned", "specialist", 50, 20),
    ("learned", "nobody", 9_000, 0),
    ("staged", "collector", 100, 99),
    ("staged", "collector", 100, 1),
]


@pytest.fixture(scope="module")
def pages(made_up_folder, tmp_path_factory):
    folder = tmp_path_factory.mktemp("collectors") / "run"
    shutil.copytree(made_up_folder, folder)
    table = pd.DataFrame(ROWS, columns=["policy", "pool", "reached", "promises"])
    others = "days_on_duty attempts accepted complaints disputes kept broken cash cash_kept seconds".split()
    skills = dict.fromkeys(("law", "psychology", "negotiation"), 0.0)
    table = table.assign(seed=4, person="x", **dict.fromkeys(others, 0), **skills)
    table.to_parquet(folder / "collectors.parquet", index=False)
    return {language: page_of(folder, language) for language in ("en", "zh")}


def test_without_the_table_there_is_no_section(made_up_page):
    assert "collectors" not in made_up_page.sections


def test_the_sentences_tell_luck_from_skill(pages):
    (english,) = pages["en"].sections["collectors"].messages
    assert english.startswith(
        "Collectors: promises per right-party contact range from 30.0 % to 50.0 % by person. Chance alone does not explain "
        "that; the standard deviation left to skill is 13.3 points. Specialised team: "
    )
    assert english.endswith("range from 40.0 % to 40.0 % by person, no more than chance would bring.")
    (chinese,) = pages["zh"].sections["collectors"].messages
    assert "催收员：按人计算，每次本人接通的承诺率从 30.0 % 到 50.0 %。随机波动不足以解释" in chinese
    assert "专业催收组：按人计算，每次本人接通的承诺率从 40.0 % 到 40.0 %，未超出随机波动的范围。" in chinese


def test_the_table_has_a_row_for_each_pool(pages):
    for page in pages.values():
        (table,) = page.sections["collectors"].tables
        cells = [[plain(cell.value) for cell in row] for row in table.rows]
        assert [row[1] for row in cells] == ["2", "2"] and [row[2] for row in cells] == ["200", "250"]
        assert [row[3] for row in cells] == ["40.0 %", "40.0 %"]
        # Chi-squared 8.33 with one degree of freedom: 0.39 %.
        assert [row[5] for row in cells] == ["0.4 %", "100.0 %"]


def test_the_picture_has_a_dot_a_person_and_the_limits_of_luck(pages):
    named = "right-party contacts of one person"
    figures = [
        f for fs in pages["en"].figures.values() for f in fs if named in f.axes[0].get_xlabel().replace("\n", " ")
    ]
    assert len(figures) == 2  # wide and narrow
    for figure in figures:
        lines = figure.axes[0].get_lines()
        dots = [line for line in lines if line.get_linestyle() == "None"]
        assert [line.get_xydata().tolist() for line in dots] == [[[100, 0.3], [100, 0.5]], [[200, 0.4], [50, 0.4]]]
        low, high = (line.get_ydata() for line in lines[4:6])
        contacts = lines[4].get_xdata()
        assert contacts[0] == 50 and contacts[-1] == 200
        np.testing.assert_allclose(low, 0.4 - 1.959964 * np.sqrt(0.24 / contacts), rtol=1e-6)
        np.testing.assert_allclose(high, 0.4 + 1.959964 * np.sqrt(0.24 / contacts), rtol=1e-6)
