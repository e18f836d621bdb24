"""The table and answers that benchmarks/readme.py puts into both READMEs, from the made-up run."""

from __future__ import annotations

import pytest

from benchmarks.readme import result
from tests import ROOT
from tests.readback import made_up
from tests.readback.reading import plain, span
from tests.readback.test_first_screen import FIRST_SCREEN
from tests.readback.test_sentences import OF_THE_FILE
from tests.readback.words import MEASURES, called, unit_of

ROWS = (
    "recovery_rate", "net_recovery_rate", "npv_rate", "cured_balance_rate", "time_to_recover_days", "cost_to_collect", "complaints_per_1000", "breaches", "rpc_rate",
    "kept_promise_rate",
)  # fmt: skip


def parsed_markdown(text):
    """Cells of the table, the caption, and the list."""
    lines = text.splitlines()
    table = [[plain(cell) for cell in line.strip("| ").split(" | ")] for line in lines if line.startswith("|")]
    caption = next(line.strip("*") for line in lines if line.startswith("*"))
    return table, caption, [plain(line[2:]) for line in lines if line.startswith("- ")]


def test_table_holds_each_plans_figures(made_up_folder, language):
    (head, rule, *rows), _, _ = parsed_markdown(result(made_up_folder, language))
    assert head == [{"en": "measure", "zh": "指标"}[language], *(called(plan, language) for plan in made_up.PLANS)]
    assert rule == ["---", *["---:"] * 5]
    assert [row[0] for row in rows] == [MEASURES[language][measure] for measure in ROWS]
    for measure, row in zip(ROWS, rows, strict=True):
        for plan, cell in zip(made_up.PLANS, row[1:], strict=True):
            wanted = made_up.results()["policies"][plan][measure]
            if wanted["mean"] is None:
                assert cell == "–"
                continue
            mean, low, high, unit = span(cell, language)
            half = 0.0501 * (0.01 if unit == "%" else 1.0)
            assert unit == unit_of(measure, language) and mean == pytest.approx(wanted["mean"], abs=half)
            if low is None:
                assert wanted["low"] == wanted["high"]
            else:
                assert (low, high) == (pytest.approx(wanted["low"], abs=half), pytest.approx(wanted["high"], abs=half))


def test_caption_counts_accounts_days_and_seeds(made_up_folder, language):
    _, caption, _ = parsed_markdown(result(made_up_folder, language))
    assert (
        caption
        == {
            "en": "5,129 real accounts, simulated treatment over 50 days; mean of 3 seeds (95 % interval).",
            "zh": "5,129 个真实账户，模拟处理 50 天；3 个随机种子的均值（95 % 区间）。",
        }[language]
    )


def test_answers_and_checks_of_burden_follow(made_up_folder, language):
    _, _, said = parsed_markdown(result(made_up_folder, language))
    assert said == [*FIRST_SCREEN[language], *OF_THE_FILE[language]]


@pytest.mark.parametrize(("language", "name"), [("en", "README.md"), ("zh", "README.zh.md")])
def test_readmes_agree_with_each_other(language, name):
    """Both show the same figures: what English writes, Chinese writes in its own units."""
    tables = {}
    for file in ("README.md", "README.zh.md"):
        text = (ROOT / file).read_text(encoding="utf-8").split("<!-- result -->\n")[1].split("<!-- /result -->")[0]
        tables[file] = parsed_markdown(text)[0]
    assert [len(row) for row in tables["README.md"]] == [len(row) for row in tables["README.zh.md"]]
    for ours, theirs in zip(tables["README.md"][2:], tables["README.zh.md"][2:], strict=True):
        for a, b in zip(ours[1:], theirs[1:], strict=True):
            assert (a == b == "–") or span(a, "en")[:3] == span(b, "zh")[:3]
    assert [row[0] for row in tables[name][2:]] == [MEASURES[language][measure] for measure in ROWS]
    assert tables[name][0][1:] == [called(plan, language) for plan in tables["README.md"][0][1:]]
