"""Fixed numbers of people, lines and places that do not suit the size of a portfolio are named, in both languages."""

from __future__ import annotations

from pathlib import Path

import pytest

from recoup.experiments.comparison.compare import compare
from recoup.experiments.comparison.settings import Comparison
from recoup.experiments.report import text_in
from recoup.scenarios.schema import load_scenario
from recoup.sim.portfolio.doubts import staffing_doubts
from tests.command import recoup


def staffed(tmp_path: Path, operations: str) -> Path:
    file = tmp_path / "mine.yaml"
    file.write_text(f"extends: china-consumer\nname: mine\nworld:\n  operations: {operations}\n")
    return file


@pytest.mark.parametrize(
    ("operations", "accounts", "doubted"),
    [
        ("{collector: {agents: 240, per_1000_accounts: 2}}", 60, "collector: 240 for 60 accounts are 4,000 for each 1,000; the scenario's usual is 2"),
        ("{collector: {agents: 20, per_1000_accounts: 2}}", 500, ""),  # twenty times what is usual, and no more
        ("{collector: {agents: 21, per_1000_accounts: 2}}", 500, "collector: 21 for 500 accounts are 42 for each 1,000"),
        ("{collector: {agents: 1, per_1000_accounts: 2}}", 10_001, "collector: 1 for 10,001 accounts are 0.09999"),
        ("{collector: {agents: 0, per_1000_accounts: 2}}", 10_001, ""),  # nobody is a choice
        ("{visit: {agents: 3, per_1000_accounts: 0}}", 1000, "visit: 3 for 1,000 accounts are 3 for each 1,000; the scenario's usual is 0"),
        ("{legal_cases: 1000, legal_cases_per_1000_accounts: 10}", 1000, "legal_cases: 1,000 for 1,000 accounts"),
    ],
)  # fmt: skip
def test_a_fixed_number_far_from_the_scenarios_rate_is_doubted(
    tmp_path: Path, operations: str, accounts: int, doubted: str
) -> None:
    doubts = staffing_doubts(accounts, load_scenario(str(staffed(tmp_path, operations))).world)
    assert len(doubts) == bool(doubted) and "".join(map(str, doubts)).startswith(doubted)


def test_compare_and_the_check_say_so_in_one_line_and_the_report_in_both_languages(tmp_path: Path) -> None:
    scenario = staffed(tmp_path, "{collector: {agents: 48}}")
    usual = f"{load_scenario('china-consumer').world.operations.collector.per_1000_accounts:,.4g}"
    folder = tmp_path / "run"
    results = compare(Comparison(str(scenario), ("no-contact",), seeds=1, accounts=12, days=3), folder)
    note = results["portfolio"]["notes"][-1]
    values = {"scarce": "collector", "number": 48, "accounts": 12, "rate": 4000.0, "usual": float(usual)}
    assert note == {"code": "staffing", "values": values}
    assert text_in("en").note(note).startswith("Unlikely: collectors: 48 for 12 accounts are 4,000 for each 1,000; ")
    assert text_in("zh").note(note).startswith("不太可能：12 个账户配 48 个催收员，即每 1,000 户 4,000 个")
    (tmp_path / "book.csv").write_text("id,bal,dpd\n" + "".join(f"{n},{900 + n},{n}\n" for n in range(12)))
    (tmp_path / "map.yaml").write_text("fields: {account_id: id, opening_balance: bal, dpd: dpd}\n")
    checked = recoup("portfolio", "check", tmp_path / "book.csv", "--map", tmp_path / "map.yaml", "-s", scenario)
    assert checked.returncode == 0 and "unlikely: collectors: 48 for 12 accounts" in checked.stdout
    home = recoup("portfolio", "check", tmp_path / "book.csv", "--map", tmp_path / "map.yaml")
    assert home.returncode == 0 and "collectors: " not in home.stdout
