"""Logs of contacts and payments through column maps, and audits of mapped logs: what each row becomes, and every field documented."""

from __future__ import annotations

import json
from datetime import datetime

import openpyxl
import pandas as pd
import pytest

from recoup.experiments.checks.portfolio_check import registry_of
from recoup.sim.compliance.auditlog import AUDIT_COLUMNS, read_log
from recoup.sim.compliance.mappedlog import audit_registry, read_foreign_log
from recoup.sim.inputs import InputError
from recoup.sim.portfolio.header_names import NAMES, VALUES
from recoup.sim.portfolio.records import CONTACTS, OUTCOMES, PAYMENT_KINDS, PAYMENTS, RIGHT_PARTY, read_records
from recoup.sim.portfolio.suggest import suggest
from recoup.sim.portfolio.table import PORTFOLIO
from tests import ROOT
from tests.command import recoup


@pytest.fixture
def log(tmp_path):
    def write(content, mapping=None, name="log.csv"):
        file, map_file = tmp_path / name, tmp_path / "map.yaml"
        file.write_text(content, encoding="utf-8")
        if mapping is None:
            return file, None
        map_file.write_text(mapping, encoding="utf-8")
        return file, map_file

    return write


CALLS = """case;when;how;result;ptp;agent
A;05/01/2025 10:30;Phone;PTP;1.000,50;w1
A;06/01/2025 18:05;SMS;;;
B;06/01/2025 09:00;Phone;no answer;;w2
B;06/01/2025 09:00;Phone;no answer;;w2
"""
CALLS_MAP = """for: contacts
delimiter: ;
decimal: ','
thousands: .
dates: "%d/%m/%Y %H:%M"
rows: {duplicates: first}
fields:
  account_id: case
  date: when
  hour: {column: when, format: "%d/%m/%Y %H:%M"}
  channel: {column: how, values: {Phone: collector, SMS: sms}}
  outcome: {column: result, values: {PTP: promise, no answer: no_answer}}
  promise_amount: ptp
  collector: agent
"""


def test_a_log_of_contacts(log):
    table = read_records(*log(CALLS, CALLS_MAP), CONTACTS)
    assert list(table) == list(CONTACTS.field) and table.index.tolist() == [2, 3, 4]
    assert table["date"].tolist() == [
        datetime(2025, 1, 5, 10, 30),
        datetime(2025, 1, 6, 18, 5),
        datetime(2025, 1, 6, 9),
    ]
    assert table["hour"].tolist() == [10.5, 18 + 5 / 60, 9] and table["channel"].tolist() == [
        "collector",
        "sms",
        "collector",
    ]
    assert table["promise_amount"].tolist()[0] == 1000.5 and table["promise_amount"].isna().tolist() == [
        False,
        True,
        True,
    ]
    assert table["outcome"].fillna("").tolist() == ["promise", "", "no_answer"] and table["offer"].isna().all()


def test_rows_of_a_log_may_be_the_same_unless_the_map_says_otherwise(log):
    assert len(read_records(*log(CALLS, CALLS_MAP.replace("rows: {duplicates: first}\n", "")), CONTACTS)) == 4


def test_payments_without_a_map(log):
    table = read_records(
        *log("account_id,date,amount,kind\na,2025-01-05,10.5,\na,2025-01-06,-10.5,reversal\n"), PAYMENTS
    )
    assert table["amount"].tolist() == [10.5, -10.5] and table["kind"].isna().tolist() == [True, False]
    with pytest.raises(InputError, match=r"header: got 'account_id, date', expected a column amount: .*--map"):
        read_records(*log("account_id,date\na,2025-01-05\n"), PAYMENTS)


def test_every_fault_of_a_log_is_listed(log):
    file, _ = log("account_id,date,amount,kind\na,05.01.2025,10,\n,2025-01-06,x,gift\nb,,5,reversal\n")
    done = recoup("records", "check", file, "--for", "payments", "--json")
    found = json.loads(done.stdout)
    assert done.returncode == 2 and found["problem_count"] == 5
    assert [(p["row"], p["column"], p["value"]) for p in found["problems"]] == [
        (2, "date", "05.01.2025"), (3, "account_id", ""), (3, "amount", "x"), (3, "kind", "gift"), (4, "date", "")
    ]  # fmt: skip
    assert found["problems"][0]["expected"] == {"code": "date_as", "values": {"formats": ["%Y-%m-%d"]}}
    assert found["reconciliation"]["payments"] == 0 and found["reconciliation"]["rows_with_problems"] == 3


def test_the_command_takes_the_kind_from_the_map(log):
    file, map_file = log(CALLS, CALLS_MAP)
    done = recoup("records", "check", file, "--map", map_file)
    assert done.returncode == 0 and "promise: 1, no_answer: 1" in done.stdout and "= contacts" in done.stdout, (
        done.stdout
    )
    assert "not in the file: direction, offer" in done.stdout
    wrong = recoup("records", "check", file, "--map", map_file, "--for", "payments")
    assert wrong.returncode == 2 and "for: got 'contacts', expected payments" in wrong.stderr
    unsaid = recoup("records", "check", file)
    assert unsaid.returncode == 2 and "--for portfolio, contacts, payments, decisions or audit" in unsaid.stderr


# ---- audits ----

DIALLER_MAP = """for: audit
sheet: Calls
header: 2
rows: {without: {Way: [Inbound]}}
fields:
  account_id: Debtor
  date: At
  from_hour: At
  channel: {column: Way, values: {Call: collector, Text: sms}}
  reached: {column: Result, values: {RPC: 'yes', PTP: 'yes'}, otherwise: 'no'}
  promise: {column: Result, values: {PTP: 'yes'}, otherwise: 'no'}
  promise_due: Until
"""


def test_a_diallers_workbook_is_audited_as_the_same_log_in_our_form(tmp_path):
    made = openpyxl.Workbook()
    made.active.title = "Calls"
    made.create_sheet("Notes")
    for row in (
        ["Calls of January"], ["Debtor", "At", "Way", "Result", "Until"],
        [7, datetime(2025, 1, 6, 21, 30), "Call", "PTP", datetime(2025, 1, 9)],
        [7, datetime(2025, 1, 7, 9, 0), "Inbound", "RPC", None],
        [7, datetime(2025, 1, 8, 10, 15), "Text", "Sent", None],
    ):  # fmt: skip
        made.active.append(row)
    made.save(tmp_path / "calls.xlsx")
    (tmp_path / "map.yaml").write_text(DIALLER_MAP)
    ours = tmp_path / "ours.csv"
    ours.write_text(
        "account_id,date,from_hour,channel,reached,promise,promise_due\n"
        "7,2025-01-06,21:30,collector,yes,yes,2025-01-09\n7,2025-01-08,10:15,sms,no,no,\n"
    )
    names = [
        "line",
        "account_id",
        "day",
        "date",
        "from_hour",
        "channel",
        "reached",
        "promise",
        "promise_due",
        "day_off",
    ]
    mapped = read_foreign_log(tmp_path / "calls.xlsx", tmp_path / "map.yaml")
    plain = read_log(ours)
    (one,), (other,) = mapped.pieces(10), plain.pieces(10)
    assert one.select(names[1:]).to_pylist() == other.select(names[1:]).to_pylist()
    assert mapped.columns == plain.columns and mapped.unread == ()
    assert one["line"].to_pylist() == [3, 5]
    done = recoup("audit", "--log", tmp_path / "calls.xlsx", "--map", tmp_path / "map.yaml", "--rules", "us-reg-f")
    assert done.returncode == 1 and "2025-01-06 21:30 · 7 · collector at 21:30" in done.stdout, done.stdout
    wrong = recoup("audit", "--log", ours, "--map", tmp_path / "map.yaml", "--rules", "us-reg-f", "--decimal", ",")
    assert wrong.returncode == 2 and "--map goes with --log" in wrong.stderr


def test_faults_of_a_log_in_our_form_are_named_together(log):
    file, _ = log("account_id,day,channel,discount\na,x,sms,\na,1,fax,0.1\n,1,sms,7\n")
    with pytest.raises(InputError) as caught:
        read_foreign_log(file)
    assert str(caught.value).endswith(
        "line 2, column day: got 'x', expected a whole number from -100,000 to 100,000; line 3, column channel: 'fax'; "
        "line 4, column account_id: ''; line 4, column discount: '7'"
    )
    many, _ = log("account_id,day\n" + "a,x\n" * 20)
    with pytest.raises(InputError, match=r"; 14 more such cells$"):
        read_foreign_log(many)
    ragged, _ = log("account_id,day\na,1\na\n")
    with pytest.raises(InputError, match=r"line 3: got '1 cells', expected the same number of cells"):
        read_foreign_log(ragged)


def test_days_of_a_mapped_log_are_numbers_where_the_map_has_day(tmp_path):
    (tmp_path / "log.csv").write_text("a,d,due\nx,3,9\n")
    (tmp_path / "map.yaml").write_text("fields: {account_id: a, day: d, promise_due: due}\n")
    found = read_foreign_log(tmp_path / "log.csv", tmp_path / "map.yaml")
    (piece,) = found.pieces(10)
    assert piece.select(["day", "promise_due"]).to_pylist() == [{"day": 3, "promise_due": 9}]


def test_the_audits_registry_has_the_audits_columns():
    fields = audit_registry().field
    assert list(fields) == [column.name for column in AUDIT_COLUMNS]
    assert fields["channel"].values == next(c for c in AUDIT_COLUMNS if c.name == "channel").values


# ---- proposals ----

CHINESE = """借据编号,客户姓名,逾期总金额,应还日期,产品类型,性别,出生日期,月收入
HT001,张三,"¥12,345.60",2025年1月5日,信用卡,男,1985-03-02,8000元
HT002,李四,"¥1,800.00",2025年2月20日,现金贷,女,1990-11-12,6500元
合计,,"¥14,145.60",,,,,
"""


def test_a_chinese_ledger_is_recognised(tmp_path):
    (tmp_path / "book.csv").write_bytes(CHINESE.encode("gb18030"))
    found = suggest(tmp_path / "book.csv", PORTFOLIO, today=datetime(2025, 3, 3).date())
    assert found.missing == [] and "encoding: gb18030" in found.text and "without: {借据编号: [合计]}" in found.text
    table = found.inspection.table
    assert table["opening_balance"].tolist() == [12345.6, 1800] and table["dpd"].tolist() == [57, 11]
    assert table["product"].tolist() == ["credit_card", "consumer_loan"] and table["sex"].tolist() == ["male", "female"]
    assert table["age"].tolist() == [40, 34] and table["monthly_income"].tolist() == [8000, 6500]
    assert "客户姓名" in found.text.split("not used:")[1].splitlines()[0]


def test_a_principal_with_charges_is_a_sum_and_what_lacks_is_said(tmp_path):
    (tmp_path / "book.csv").write_text("Loan No;Principal;Interest;Remark\n17;1.000,50;9,50;x\n18;2.000,00;;x\n")
    found = suggest(tmp_path / "book.csv", PORTFOLIO)
    assert (
        found.missing == ["dpd"]
        and "# dpd: ?" in found.text
        and "opening_balance: {sum: [Principal, Interest]}" in found.text
    )
    assert "delimiter: ;\ndecimal: ','\nthousands: ." in found.text
    done = recoup("map", "suggest", tmp_path / "book.csv", "--out", tmp_path / "map.yaml")
    assert (
        done.returncode == 2 and "no column was recognised for dpd" in done.stderr and (tmp_path / "map.yaml").exists()
    )


def test_the_right_sheet_and_header_are_found_and_printed(tmp_path):
    made = openpyxl.Workbook()
    made.active.append(["Dear colleagues, here is the list."])
    ledger = made.create_sheet("List")
    for row in (["Extract", None], [], ["Account", "Balance", "Days past due"], ["a", 5.5, 3], ["b", 7, 40]):
        ledger.append(row)
    made.save(tmp_path / "book.xlsx")
    done = recoup("map", "suggest", tmp_path / "book.xlsx")
    assert done.returncode == 0 and done.stdout.endswith("\n"), done.stderr
    (tmp_path / "map.yaml").write_text(done.stdout, encoding="utf-8")
    assert "sheet: List\nheader: 3\n" in done.stdout
    checked = recoup("portfolio", "check", tmp_path / "book.xlsx", "--map", tmp_path / "map.yaml")
    assert checked.returncode == 0 and "12.50" in checked.stdout
    again = recoup("map", "suggest", tmp_path / "book.xlsx", "--out", tmp_path / "map.yaml")
    assert again.returncode == 2 and "map.yaml" in again.stderr


@pytest.mark.parametrize(("option", "what"), [("--sheet", "workbook"), ("--table", "database")])
def test_a_part_that_a_file_cannot_have_is_refused(tmp_path, option, what):
    (tmp_path / "book.csv").write_text("account_id,opening_balance,dpd\na,100,3\n")
    done = recoup("map", "suggest", tmp_path / "book.csv", option, "Two")
    assert done.returncode == 2
    assert done.stderr.endswith(f"book.csv: {option}: got 'Two', expected none, as this is no {what}\n")


def test_a_portfolio_named_as_our_fields_is_checked_without_a_map(tmp_path):
    (tmp_path / "book.csv").write_text("account_id,opening_balance,dpd\na,100.50,3\nb,50,40\n")
    done = recoup("portfolio", "check", tmp_path / "book.csv")
    assert done.returncode == 0 and "150.50" in done.stdout, done.stderr
    (tmp_path / "other.csv").write_text("id,amount,late\na,100.50,3\n")
    other = recoup("portfolio", "check", tmp_path / "other.csv")
    assert other.returncode == 2 and "--map" in other.stderr and other.stderr.count("\n") == 1


def test_calls_and_payments_are_recognised(tmp_path):
    (tmp_path / "calls.csv").write_text(CALLS.replace("ptp", "PTP amount"))
    found = suggest(tmp_path / "calls.csv", CONTACTS).inspection.table
    assert (
        found["channel"].tolist() == ["collector", "sms", "collector", "collector"]
        and found["outcome"].tolist()[2] == "no_answer"
    )
    assert found["promise_amount"].tolist()[0] == 1000.5
    (tmp_path / "paid.csv").write_text(
        'Loan No,Paid on,Amount,Type\n1,05.01.2025,"1,234.50",Direct Debit\n1,09.01.2025,(50.00),Chargeback\n'
    )
    paid = suggest(tmp_path / "paid.csv", PAYMENTS).inspection.table
    assert paid["amount"].tolist() == [1234.5, -50] and paid["kind"].tolist() == ["voluntary", "reversal"]


DIALLER = """case_no,called_at,type,result,agent,ptp_amount
C1,2025-01-06 07:43,outbound call,PTP,Ann,500
C2,2025-01-06 10:02,letter,no answer,Ann,
C1,2025-01-07 18:05,outbound call,no answer,Ben,
"""


def test_a_dialler_is_audited_by_its_moments(tmp_path):
    """The date that an audit must have is found, and rules on hours get the time of day; a promised amount is no claim."""
    (tmp_path / "calls.csv").write_text(DIALLER)
    found = suggest(tmp_path / "calls.csv", audit_registry())
    assert found.missing == [] and found.unused == ["ptp_amount"]
    table = found.inspection.table
    assert table["from_hour"].round(2).tolist() == [7.72, 10.03, 18.08] and "claim" not in table
    assert table["date"].dt.day.tolist() == [6, 6, 7]
    assert "from_hour: is it the debtor's local time?" in map(str, found.checks)
    done = recoup("map", "suggest", tmp_path / "calls.csv", "--for", "audit", "--out", tmp_path / "map.yaml")
    assert "to be checked: from_hour: is it the debtor's local time?" in done.stdout and done.returncode == 0
    assert "columns that are not used: ptp_amount" in done.stdout
    audited = recoup("audit", "--log", tmp_path / "calls.csv", "--map", tmp_path / "map.yaml", "--rules", "us-reg-f")
    assert audited.returncode == 1 and "collector at 07:43, allowed from 08:00 to 21:00" in " ".join(
        audited.stdout.split()
    )


def test_a_log_without_days_is_refused_when_it_is_checked(tmp_path):
    """`records check` says what `audit` would: some day there must be."""
    (tmp_path / "calls.csv").write_text("account_id,channel\nC1,sms\n")
    done = recoup("records", "check", tmp_path / "calls.csv", "--for", "audit")
    assert done.returncode == 2 and "expected a column date" in done.stderr and done.stderr.count("\n") == 1
    (tmp_path / "map.yaml").write_text("for: audit\nfields: {account_id: account_id, channel: channel}\n")
    mapped = recoup("audit", "--log", tmp_path / "calls.csv", "--map", tmp_path / "map.yaml", "--rules", "china")
    assert mapped.returncode == 2 and "map.yaml: line 2, fields: got 'no date'" in mapped.stderr
    (tmp_path / "days.csv").write_text("account_id,channel,day\nC1,sms,3\n")  # a number of the day will do
    assert recoup("records", "check", tmp_path / "days.csv", "--for", "audit").returncode == 0
    with_day = "for: audit\nfields: {account_id: account_id, channel: channel, day: day}\n"
    (tmp_path / "map.yaml").write_text(with_day)
    assert recoup("records", "check", tmp_path / "days.csv", "--map", tmp_path / "map.yaml").returncode == 0


def test_the_vocabulary_names_fields_and_values_that_there_are():
    for kind, names in NAMES.items():
        assert set(names) <= set(registry_of(kind).field), kind
        for words in names.values():
            assert len(set(words.split())) == len(words.split())
    for name, values in VALUES.items():
        homes = [one.field[name] for one in (PORTFOLIO, CONTACTS, PAYMENTS) if name in one.field]
        assert homes and all(set(values) <= set(home.values) for home in homes), name
        words = [word for ours in values.values() for word in ours.split("|")]
        assert sorted(words) == sorted(set(words)) and all(word == word.casefold() for word in words), name
    assert set(OUTCOMES) >= RIGHT_PARTY


def test_the_page_lists_every_field_outcome_and_kind_of_payment():
    page = (ROOT / "docs" / "records.md").read_text(encoding="utf-8")
    for registry in (CONTACTS, PAYMENTS):
        for one in registry.fields:
            required = " (required)" if one.required else ""
            assert f"| `{one.name}`{required} | {one.expectation} | {one.unit} | {one.meaning} |" in page
    for name, meaning in {**OUTCOMES, **PAYMENT_KINDS}.items():
        assert f"| `{name}` | {meaning} |" in page


def test_moments_of_a_parquet_file_keep_their_time_of_day(tmp_path):
    pd.DataFrame({"account_id": ["a"], "date": [pd.Timestamp("2025-01-05 10:00")], "amount": [1.5]}).to_parquet(
        tmp_path / "p.parquet"
    )
    table = read_records(tmp_path / "p.parquet", None, PAYMENTS)
    assert table["date"].tolist() == [datetime(2025, 1, 5, 10)] and table["amount"].tolist() == [1.5]
