"""What benchmarks/readme.py puts into the READMEs and the documentation, from the made-up run."""

from __future__ import annotations

import re

import pytest

from benchmarks.readme import FILES, FIVE, SHORT_FILES, result, short
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
            "zh": "5,129 个真实账户，模拟处置 50 天；3 个随机种子的均值（95 % 区间）。",
        }[language]
    )


def test_answers_and_checks_of_burden_follow(made_up_folder, language):
    _, _, said = parsed_markdown(result(made_up_folder, language))
    assert said == [*FIRST_SCREEN[language], *OF_THE_FILE[language]]


def between(file, name):
    return (ROOT / file).read_text(encoding="utf-8").split(f"<!-- {name} -->\n")[1].split(f"<!-- /{name} -->")[0]


def test_pages_of_the_demo_agree_with_each_other(language):
    """Both show the same figures: what English writes, Chinese writes in its own units."""
    tables = {of: parsed_markdown(between(file, "result"))[0] for of, file in FILES.items()}
    assert [len(row) for row in tables["en"]] == [len(row) for row in tables["zh"]]
    for ours, theirs in zip(tables["en"][2:], tables["zh"][2:], strict=True):
        for a, b in zip(ours[1:], theirs[1:], strict=True):
            assert (a == b == "–") or span(a, "en")[:3] == span(b, "zh")[:3]
    assert [row[0] for row in tables[language][2:]] == [MEASURES[language][measure] for measure in ROWS]
    assert tables[language][0][1:] == [called(plan, language) for plan in tables["en"][0][1:]]


SHORT_ROWS = {
    "npv_rate": 100,
    "recovery_rate": 100,
    "time_to_recover_days": 1,
    "complaints_per_1000": 1,
    "contacts_per_debtor": 1,
}


def test_short_table_has_a_line_for_each_of_five_with_its_units_in_the_head(made_up_folder, language):
    (head, _, *rows), _, said = parsed_markdown(short(made_up_folder, language))
    lines = [plan for plan in FIVE if plan in made_up.PLANS]
    assert [row[0] for row in rows] == [called(plan, language) for plan in lines] and said == []
    units = {"en": [", %", ", %", ", days", "", ""], "zh": ["（%）", "（%）", "（天）", "", ""]}[language]
    assert all(title.endswith(unit) for title, unit in zip(head[1:], units, strict=True))
    welfare = made_up.welfare()["policies"]
    for plan, row in zip(lines, rows, strict=True):
        known = welfare[plan] | made_up.results()["policies"][plan]
        for (measure, scale), cell in zip(SHORT_ROWS.items(), row[1:], strict=True):
            mean, low, high, unit = span(cell, language)
            assert unit == "" and mean == pytest.approx(scale * known[measure]["mean"], abs=0.0501)
            if low is not None:
                assert low == pytest.approx(scale * known[measure]["low"], abs=0.0501)
                assert high == pytest.approx(scale * known[measure]["high"], abs=0.0501)


def test_start_pages_show_lines_of_the_long_table(language):
    """The README's figures are those of docs/demo.md: the same run."""
    long = parsed_markdown(between(FILES[language], "result"))[0]
    column = {plan: number for number, plan in enumerate(long[0])}
    line_of = {row[0]: row for row in long[2:]}
    for file in SHORT_FILES[language]:
        (_, _, *rows), _, _ = parsed_markdown(between(file, "short"))
        assert len(rows) == 5
        for row in rows:
            for measure, cell in zip(list(SHORT_ROWS)[:4], row[1:], strict=False):
                other = line_of[MEASURES[language][measure]][column[row[0]]]
                assert re.findall(r"[\d.,]+", cell) == re.findall(r"[\d.,]+", other)
