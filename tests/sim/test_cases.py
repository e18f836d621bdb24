"""Tables as they come (tests/cases): each is read with its map or ends in one clear line, and a map that is proposed for it loads."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from recoup.experiments.checks.portfolio_check import registry_of
from recoup.sim.compliance.mappedlog import read_foreign_log
from recoup.sim.inputs import InputError
from recoup.sim.portfolio.importing import inspect
from recoup.sim.portfolio.suggest import suggest
from tests import ROOT

BOOKS, LOGS = ROOT / "tests" / "cases" / "portfolios", ROOT / "tests" / "cases" / "logs"
ADDED = {"dup": "rows: {duplicates: last}", "neg_dpd": "rows: {drop: [not_yet_due]}", "cp1252": "encoding: cp1252",
         "negative_zero": "rows: {drop: [credit_balance, zero_balance, not_yet_due]}", "utf16le_nobom": "encoding: utf-16-le",
         "currency": "currency: [$, €, ¥, USD]", "thousands_wrong": ""}  # fmt: skip
LEAST = "fields: {account_id: id, opening_balance: bal, dpd: dpd}\n"


def read(name: str, tmp_path: Path, map_text: str | None = None):  # type: ignore[no-untyped-def]
    (file,) = BOOKS.glob(f"{name}.[ct][sx][vt]")
    own = BOOKS / f"{name}.map.yaml"
    text = map_text or (own.read_text(encoding="utf-8") if own.exists() else LEAST)
    (tmp_path / "map.yaml").write_text(text, encoding="utf-8")
    return inspect(file, tmp_path / "map.yaml")


@pytest.mark.parametrize(
    ("name", "added", "balances", "dpd"),
    [
        ("dup", "rows: {duplicates: last}", [200, 100], [9, 5]),
        ("dup", "rows: {duplicates: first}", [100, 200], [5, 9]),
        ("negative_zero", "rows: {drop: [credit_balance, zero_balance]}", [50], [0]),
        ("neg_dpd", "rows: {drop: [not_yet_due]}", [200], [9]),
        ("currency", "currency: [$, €, ¥, USD]", [1234.5, 200, 300, 400], [5, 9, 1, 2]),
        ("nbsp", "", [1234, 1234.5], [5, 6]),
        ("tab", "", [100], [5]),
        ("utf16", "", [100], [5]),
        ("utf16le_nobom", "encoding: utf-16-le", [100], [5]),
        ("cp1252", "encoding: cp1252", [100], [5]),
        ("bucket_text", "", [100, 200, 300], [15, 45, 120]),
        ("totals_numeric", "rows: {without: {id: [Total]}}", [100, 200], [5, 9]),
        ("blanklines", "bad_rows: skip", [100], [5]),
        ("quoted_newline", "bad_rows: skip", [100], [5]),
    ],
)  # fmt: skip
def test_a_portfolio_is_read_as_its_map_says(tmp_path, name, added, balances, dpd):
    own = BOOKS / f"{name}.map.yaml"
    found = read(name, tmp_path, (own.read_text() if own.exists() else LEAST) + added + "\n")
    assert found.table["opening_balance"].tolist() == balances and found.table["dpd"].tolist() == dpd


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("quote", "quote.csv: line 2: got 'a quotation mark left open'"),
        ("cp1252", "cp1252 fits and reads 'Málaga' there"),
        ("utf16le_nobom", "utf-16-le fits"),
    ],
)
def test_or_it_ends_in_one_clear_line(tmp_path, name, expected):
    with pytest.raises(InputError, match=expected):
        read(name, tmp_path)


def test_a_customer_with_two_accounts_is_read_and_words_for_hardship_are_for_the_map_to_say(tmp_path):
    assert read("cust_two_accounts", tmp_path).table["customer_id"].tolist() == ["C1", "C1"]
    (problem,) = read("vulnerable", tmp_path).problems
    assert (problem.row, problem.column) == (2, "vuln") and "`values` in the column map" in str(problem.expected)


@pytest.mark.parametrize(
    ("name", "places"),
    [("blanklines", [5]), ("quoted_newline", [4]), ("thousands_wrong", [2, 3]), ("age_null", [4, 4]), ("dup", [4])],
)
def test_faults_are_all_named_with_the_files_own_lines(tmp_path, name, places):
    assert [problem.row for problem in read(name, tmp_path).problems] == places


AGENCY = """for: {kind}
dates: ["%Y-%m-%d", "%d-%m-%Y", "%m/%d/%Y"]
rows: {{without: {{channel: [Inbound Call]}}}}
fields:
  account_id: account_id
  date: comm_date
  channel: {{column: channel, values: {{Email: email, outbound call: collector}}}}
"""


def test_an_agencys_log_with_three_ways_to_write_a_date_is_audited(tmp_path):
    (tmp_path / "map.yaml").write_text(
        AGENCY.format(kind="audit")
        + "  reached: {column: outcome, values: {Payment Arranged: yes}, otherwise: no}\n".replace(
            "yes", "'yes'"
        ).replace("no}", "'no'}")
    )
    log = read_foreign_log(LOGS / "uk_comms.csv", tmp_path / "map.yaml")
    (piece,) = log.pieces(10)
    names = ["line", "account_id", "day", "date", "channel", "reached"]
    rows = [tuple(row.values()) for row in piece.select(names).to_pylist()]
    # 28 February to 30 March 2026 are 30 days.
    assert rows == [
        (2, "DX100002", 0, datetime.date(2026, 2, 28), "email", False),
        (3, "DX100002", 30, datetime.date(2026, 3, 30), "collector", False),
    ]
    assert log.unread == ("comm_id", "duration_minutes", "script_used", "agent")


def test_all_faults_of_a_log_are_named_in_one_line(tmp_path):
    (tmp_path / "map.yaml").write_text(
        AGENCY.format(kind="audit").replace(', "%m/%d/%Y"', "").replace("[Inbound Call]", "[x]")
    )
    with pytest.raises(InputError) as caught:
        read_foreign_log(LOGS / "uk_comms.csv", tmp_path / "map.yaml")
    message = str(caught.value)
    assert (
        "line 4, column channel: got 'Inbound Call'" in message and "line 4, column comm_date: '03/30/2026'" in message
    )
    assert "recoup records check --for audit" in message and "\n" not in message


TODAY = datetime.date(2026, 6, 1)


@pytest.mark.parametrize(
    "file", sorted(path for path in BOOKS.iterdir() if path.suffix != ".yaml"), ids=lambda file: file.name
)
def test_a_proposed_map_of_a_portfolio_loads(tmp_path, file):
    if file.name == "quote.csv":  # whose cells nobody can tell apart
        with pytest.raises(InputError, match="line 2"):
            suggest(file, registry_of("portfolio"), today=TODAY)
        return
    proposed = suggest(file, registry_of("portfolio"), today=TODAY)
    assert proposed.missing == []
    (tmp_path / "map.yaml").write_text(proposed.text, encoding="utf-8")
    found = inspect(file, tmp_path / "map.yaml")
    faulty = {"blanklines.csv": 1, "quoted_newline.csv": 1, "age_null.csv": 0}
    assert found.problem_count == faulty.get(file.name, 0)
    assert {"account_id", "opening_balance", "dpd"} <= set(found.table)


@pytest.mark.parametrize("kind", ["contacts", "audit"])
@pytest.mark.parametrize("file", sorted(LOGS.iterdir()), ids=lambda file: file.name)
def test_a_proposed_map_of_a_log_loads(tmp_path, file, kind):
    proposed = suggest(file, registry_of(kind), today=TODAY)
    (tmp_path / "map.yaml").write_text(proposed.text, encoding="utf-8")
    found = inspect(file, tmp_path / "map.yaml", registry_of(kind, tmp_path / "map.yaml"))
    assert (
        proposed.missing == []
        and found.problem_count == 0
        and found.rows == {"attempts.csv": 1}.get(file.name, 3 - (kind == "audit"))
    )
