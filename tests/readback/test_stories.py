"""Stories: a made-up one says what is known, in both languages, on the page and in the terminal; a simulated one agrees with the run."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from recoup.experiments.commands.story import _table
from recoup.experiments.report import text_in
from recoup.experiments.report.story import Course, Day, Story, write_html
from recoup.experiments.runs.console import console
from tests.command import recoup
from tests.readback.reading import number, parsed, plain
from tests.readback.words import called

STORY = Story(
    account="p42",
    seed=7,
    days=90,
    currency="CNY",
    facts={"opening_balance": 12345.0, "dpd": 40, "product": "credit_card", "credit_score": 512, "stable_assets": False},
    paths=[
        Course(
            "staged", 1234.56, 78.9, 2000.0, 0.0, "settled", 11,
            [
                Day(1, 40, "collector/evening/plan_6", "no_answer", [], 0.0, 12345.0, ["call early", "dpd = 40"]),
                Day(12, 51, "", "", ["promise_kept", "complaint"], 1234.56, 0.0, []),
            ],
        ),
        Course(
            "status-quo", 0.0, 1002.5, 0.0, 13000.0, "open", None,
            [Day(3, 42, "letter/morning/notice", "legal", ["judgment"], 0.0, 13000.0, ["stable_assets: no (-0.3)"])],
        ),
    ],
)  # fmt: skip
CELLS = {
    "en": {
        "1": [
            "collector's call, evening, 6 instalments: no answer because: call early; days past due: 40",
            "",
        ],
        "3": ["", "letter, morning, legal notice: step taken; judgment because: stable assets: no (-0.3)"],
        "12": ["promise kept; complaint pays 1,234.56", ""],
        # Closed on the run's day 11, counted from 0: the twelfth.
        "end": [
            "settled on day 12: paid 1,234.56, cost 78.90, forgiven 2,000.00, left 0.00",
            "open: paid 0.00, cost 1,002.50, left 13,000.00",
        ],
    },
    "zh": {
        "1": ["催收员外呼、晚上、分 6 期：无人接听 原因：call early；逾期天数：40", ""],
        "3": ["", "信函、上午、律师函：已采取措施；判决 原因：有稳定资产：否 (-0.3)"],
        "12": ["兑现承诺；投诉 还款 1,234.56", ""],
        "结局": [
            "第 12 天减免结清：回款 1,234.56，成本 78.90，减免 2,000.00，剩余 0.00",
            "未结清：回款 0.00，成本 1,002.50，剩余 13,000.00",
        ],
    },
}
FACTS = {
    "en": "opening balance: 12,345; days past due: 40; product: credit card; credit score: 512; stable assets: no",
    "zh": "期初欠款：12,345；逾期天数：40；产品：信用卡；信用评分：512；有稳定资产：否",
}


def cells(row):
    """Head and cells of a row, reasons and payments set apart by a space."""
    head, *rest = row.elements
    told = []
    for cell in rest:
        parts = [cell.text(without=("span", "strong")), *(node.text() for node in cell.elements)]
        told.append(" ".join(part for part in parts if part))
    return head.text(), told


def read_page(path):
    page = parsed(path.read_text(encoding="utf-8"))
    table = page.first("table")
    rows = dict(cells(row) for row in table.first("tbody").all("tr"))
    return page, [th.text() for th in table.first("thead").all("th")], rows


def test_page_tells_each_day_and_the_end(language, tmp_path):
    page, head, rows = read_page(write_html(STORY, tmp_path / "story.html", language))
    assert rows == CELLS[language]
    assert list(rows)[1:] == ["1", "3", "12"]  # the end comes first
    assert head[1:] == [called("staged", language), called("status-quo", language)]
    assert (
        page.first("h1").text()
        == {
            "en": "Account p42: one debtor under 2 policies",
            "zh": "账户 p42：同一债务人在 2 个策略下的经过",
        }[language]
    )
    sub = page.first("p", "sub").text()
    assert sub.startswith(FACTS[language])
    assert {"en": "Amounts in CNY; seed 7; 90 days.", "zh": "金额单位 CNY；种子 7；90 天。"}[language] in sub


def terminal_cells(table):
    """What a table of the terminal holds, column by column, before it is laid out."""
    columns = [[plain(str(cell)) for cell in column.cells] for column in table.columns]
    return dict(zip(columns[0], zip(*columns[1:], strict=True), strict=True))


def test_terminal_tells_the_same(language):
    table = _table(STORY, text_in(language))
    rows = terminal_cells(table)
    assert {day: list(told) for day, told in rows.items() if day not in ("12",)} == {
        day: told for day, told in CELLS[language].items() if day != "12"
    }
    between = {"en": "; ", "zh": "；"}[language]  # the page sets the payment apart, the terminal adds it to the list
    assert rows["12"][0] == CELLS[language]["12"][0].replace(
        {"en": " pays", "zh": " 还款"}[language], between + {"en": "pays", "zh": "还款"}[language]
    )
    title = {"en": f"account p42: {FACTS['en']}", "zh": f"账户 p42: {FACTS['zh']}"}
    assert plain(table.title) == title[language]
    assert [column.header for column in table.columns][1:] == [
        called("staged", language),
        called("status-quo", language),
    ]


def test_nothing_is_cut_off_in_the_terminal(language):
    """Chinese has no spaces to break at: lines are folded, not shortened."""
    long = Story(**{**STORY.as_dict(), "paths": [
        Course("staged", 0.0, 0.0, 0.0, 1.0, "open", None, [Day(1, 40, "sms/morning", "sent", [], 0.0, 1.0, ["dpd = 40", "balance = 1", "hardship = no"] * 6)])
    ] * 2})  # fmt: skip
    printer = console()
    with printer.capture() as captured:
        printer.print(_table(long, text_in(language)))
    assert "…" not in captured.get() and captured.get().count("40") >= 12


@pytest.mark.parametrize("policy", ["staged", "status-quo"])
def test_end_agrees_with_the_accounts_of_the_run(real_folder, tmp_path, policy):
    out = tmp_path / "story.html"
    done = recoup("story", real_folder, "-p", "staged", "-p", "status-quo", "--seed", "2", "--out", out, "--json")
    assert done.returncode == 0
    account = json.loads(done.stdout)["account"]
    accounts = pd.read_parquet(real_folder / "accounts.parquet").set_index(["policy", "seed", "account_id"])
    row = accounts.loc[(policy, 2, account)]
    _, head, rows = read_page(out)
    end = rows["end"][head.index(policy) - 1]
    state, _, amounts = end.partition(": ")
    read = {part.split(" ")[0]: number(part.split(" ")[1]) for part in amounts.split(", ")}
    assert read.pop("forgiven", 0.0) == row["forgiven"] / 100
    assert read == {"paid": row["cash"] / 100, "cost": row["cost"] / 100, "left": row["balance"] / 100}
    words = {"paid": "paid", "settled": "settled", "open": "open", "written_off": "written off"}[row["status"]]
    assert state == (words if row["closed_day"] < 0 else f"{words} on day {row['closed_day'] + 1}")
    paid = sum(
        number(cell[head.index(policy) - 1].split("pays ")[1].split(" ")[0])
        for cell in rows.values()
        if "pays " in cell[head.index(policy) - 1]
    )
    assert paid == pytest.approx(row["cash"] / 100)


def test_account_that_differs_most_is_told_unless_another_is_named(real_folder):
    told = json.loads(recoup("story", real_folder, "-p", "staged", "-p", "no-contact", "--json").stdout)
    accounts = pd.read_parquet(real_folder / "accounts.parquet").query("seed == 1").set_index("account_id")
    gaps = (accounts.query("policy == 'staged'")["cash"] - accounts.query("policy == 'no-contact'")["cash"]).abs()
    assert gaps[told["account"]] == gaps.max() > 0


def test_contacts_of_the_story_are_those_of_the_event_log(real_folder):
    """The log counts days from 0, the story from 1; its days past due are those of the morning."""
    told = json.loads(recoup("story", real_folder, "-p", "staged", "-p", "status-quo", "--json").stdout)
    for course in told["paths"]:
        log = pd.read_parquet(real_folder / "parts" / course["policy"] / "1.events.parquet")
        mine = log[(log["account_id"] == told["account"]) & log["channel"].notna()]
        logged = {(int(row["day"]) + 1, row["channel"], int(row["dpd"])) for _, row in mine.iterrows()}
        chosen = {(d["day"], d["treatment"].split("/")[0], d["dpd"]) for d in course["days"] if d["treatment"]}
        assert logged <= chosen and len(logged) > 1
