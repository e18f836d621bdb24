"""Audits of logs that are not ours: what a compliance officer brings, right and wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from recoup.experiments.comparison.audit import audit_file
from recoup.scenarios.schema import find_rules
from recoup.sim.compliance.audit import audit
from recoup.sim.compliance.auditlog import AUDIT_COLUMNS, Writing, read_log
from recoup.sim.compliance.rules import KINDS, RulePack
from recoup.sim.inputs import InputError
from tests import ROOT
from tests.command import recoup

SAYS = {"text": "t", "source": "s", "confidence": "C"}


def pack(kind: str, **parameters: Any) -> RulePack:
    rule = KINDS[kind].model_validate({"id": "rule", "kind": kind, **SAYS, **parameters})
    return RulePack(name="one", title="One rule", rules=[rule])


def broken(tmp_path: Path, rules: RulePack, text: str) -> list[int]:
    """Rows of the CSV text that break the one rule (the header is row 1)."""
    file = tmp_path / "log.csv"
    file.write_text(text, encoding="utf-8")
    (finding,) = audit(read_log(file), rules)
    assert not finding.missing, finding.missing
    return sorted(int(line) for line in finding.breaches["line"])


def test_reg_f_counts_seven_attempts_in_seven_days_and_the_conversations_own_day(tmp_path: Path) -> None:
    cap = pack("contact_cap", group="call", most=7, days=7, count="attempts")
    days = [0, 0, 0, 1, 2, 3, 6, 6, 7, 7, 7, 7]
    text = "account_id,day,channel\n" + "".join(f"a,{day},collector\n" for day in days)
    # The eighth call of days 0 to 6 is the second of day 6. Day 7 looks back on five calls of days 1 to 6, and has room for two.
    assert broken(tmp_path, cap, text) == [9, 12, 13]
    quiet = pack("quiet_after_conversation", days=7)
    text = (
        "account_id,day,from_hour,channel,reached\na,0,9:00,collector,yes\na,0,10:00,collector,\na,6,9:00,autocall,\n"
    )
    text += "a,7,9:00,autocall,no\nb,1,9:00,sms,yes\nb,2,9:00,collector,\n"
    assert broken(tmp_path, quiet, text) == [3, 4]


def test_gb_t_45251_counts_three_conversations_a_day(tmp_path: Path) -> None:
    rule = next(rule for rule in find_rules("china").rules if rule.id == "call-cap-day")
    china = RulePack(name="china", title="", rules=[rule])
    text = (
        "account_id,day,channel,reached\n"
        + "a,0,collector,1\na,0,collector,0\n" * 3
        + "a,0,collector,0\na,1,collector,1\n"
    )
    assert broken(tmp_path, china, text) == [7, 8]  # from the third conversation on, no further call that day


def china(rule_id: str) -> RulePack:
    rule = next(rule for rule in find_rules("china").rules if rule.id == rule_id)
    return RulePack(name="china", title="", rules=[rule])


def test_the_seventh_unanswered_dial_of_a_day_to_one_number_is_found(tmp_path: Path) -> None:
    head = "account_id,date,from_hour,channel,reached,dialled\n"
    dials = [f"a,2026-03-02,{9 + n}:00,collector,no,x\n" for n in range(10)]
    assert broken(tmp_path, china("dial-cap-day"), head + "".join(dials)) == [8, 9, 10, 11]
    # Six, an answered one, and one to another number are lawful; the next day begins anew.
    lawful = [*dials[:6], "a,2026-03-02,16:00,collector,yes,x\n", "a,2026-03-02,17:00,collector,no,y\n"]
    lawful += [dial.replace("03-02", "03-03") for dial in dials[:6]]
    assert broken(tmp_path, china("dial-cap-day"), head + "".join(lawful)) == []
    # A number that the log does not name is the account's one.
    assert broken(tmp_path, china("dial-cap-day"), head + "".join(dials).replace(",x", ",")) == [8, 9, 10, 11]


def test_two_visits_on_one_day_are_one_too_many(tmp_path: Path) -> None:
    text = "account_id,date,channel\na,2026-03-02,visit\na,2026-03-02,visit\na,2026-03-03,visit\n"
    assert broken(tmp_path, china("visit-cap-day"), text) == [3]


def test_a_kept_plan_stops_collection_until_an_instalment_is_missed(tmp_path: Path) -> None:
    text = (
        "account_id,date,channel,offer,accepted,instalment_paid,instalment_missed\na,2026-03-02,collector,plan,yes,,\n"
    )
    text += "a,2026-03-10,collector,,,,\na,2026-04-01,,,,,yes\na,2026-04-02,sms,,,,\na,2026-04-05,,,,yes,\na,2026-04-06,sms,,,,\n"
    assert broken(tmp_path, china("plan-kept"), text) == [3, 7]


def test_limitation_restarts_with_demands_in_time_and_acknowledgements(tmp_path: Path) -> None:
    """Civil Code art. 188, 192, 195: three years from the latest of them, and a demand that comes too late starts nothing."""
    head = "account_id,date,channel,reached,legal,dpd,payment\n"
    worked = head + "a,2023-01-02,collector,yes,,700,\na,2025-06-02,,,suit,1582,\n"
    assert broken(tmp_path, china("limitation"), worked) == []  # old, and demanded 882 days ago
    assert broken(tmp_path, china("limitation"), worked.replace("yes", "no")) == [3]  # nobody answered
    late = head + "a,2025-01-02,collector,yes,,1200,\na,2025-02-02,,,notice,1231,\n"
    assert broken(tmp_path, china("limitation"), late) == [3]
    assert broken(tmp_path, china("limitation"), late.replace("1200,\n", "1200,yes\n")) == []
    # A log without the columns is told so, instead of false breaches on old, worked debt.
    (tmp_path / "bare.csv").write_text("account_id,date,legal,dpd\na,2025-06-02,suit,1582\n")
    (finding,) = audit(read_log(tmp_path / "bare.csv"), china("limitation"))
    assert finding.missing == ("reached", "payment")


def test_korea_counts_seven_contacts_over_all_channels_and_new_york_three(tmp_path: Path) -> None:
    channels = ("sms", "collector", "letter", "visit")
    text = "account_id,day,channel\n" + "".join(f"a,{n // 2},{channels[n % 4]}\n" for n in range(9))
    for name, expected in (("korea", [9, 10]), ("us-nyc", [5, 6, 7, 8, 9, 10])):
        rule = next(rule for rule in find_rules(name).rules if rule.id == "contact-cap-week")
        assert broken(tmp_path, RulePack(name=name, title="", rules=[rule]), text) == expected, name
    # The day after the week, the first day's contacts no longer count.
    rule = next(rule for rule in find_rules("korea").rules if rule.id == "contact-cap-week")
    text = "account_id,day,channel\n" + "a,0,sms\n" * 7 + "a,6,sms\na,7,sms\n"
    assert broken(tmp_path, RulePack(name="korea", title="", rules=[rule]), text) == [9]


@pytest.mark.parametrize(
    ("name", "lawful", "unlawful"),
    [
        # Thursday 1 January is a holiday, Friday the 2nd a weekday, Saturday the 3rd.
        ("india-rbi", ["2026-01-02 08:00", "2026-01-03 19:00"], ["2026-01-02 07:59", "2026-01-02 19:01"]),
        (
            "australia-rg96",
            ["2026-01-02 07:30", "2026-01-03 09:00", "2026-01-03 21:00"],
            ["2026-01-02 07:29", "2026-01-03 08:59", "2026-01-03 21:01", "2026-01-01 12:00"],
        ),
        (
            "thailand",
            ["2026-01-02 20:00", "2026-01-03 18:00"],
            ["2026-01-02 20:01", "2026-01-03 18:01", "2026-01-01 19:00"],
        ),
        ("korea", ["2026-01-03 21:00"], ["2026-01-03 07:59", "2026-01-02 21:01"]),
    ],
)
def test_hours_of_the_new_packs(tmp_path: Path, name: str, lawful: list[str], unlawful: list[str]) -> None:
    rules = [r for r in find_rules(name).rules if r.kind == "contact_hours" or r.id == "no-contact-on-holidays"]
    rules = [rule for rule in rules if not rule.products]  # those on all
    file = tmp_path / "log.csv"
    rows = []
    for number, when in enumerate([*lawful, *unlawful]):
        date, hour = when.split()
        rows.append(f"a{number},{date},{hour},collector,{int(date != '2026-01-02')}\n")
    file.write_text("account_id,date,from_hour,channel,day_off\n" + "".join(rows))
    findings = audit(read_log(file), RulePack(name=name, title="", rules=rules))
    assert not any(finding.missing for finding in findings)
    found = sorted(int(line) for finding in findings for line in finding.breaches["line"])
    assert found == list(range(2 + len(lawful), 2 + len(lawful) + len(unlawful)))


def test_thailand_allows_one_contact_a_day_and_australia_ten_a_month(tmp_path: Path) -> None:
    def only(name: str, rule_id: str) -> RulePack:
        return RulePack(name=name, title="", rules=[r for r in find_rules(name).rules if r.id == rule_id])

    text = "account_id,day,channel\na,0,sms\na,0,collector\na,1,collector\n"
    assert broken(tmp_path, only("thailand", "contact-cap-day"), text) == [3]
    text = "account_id,day,channel\n" + "".join(f"a,{3 * n},sms\n" for n in range(12))
    assert (
        broken(tmp_path, only("australia-rg96", "contact-cap-month"), text) == []
    )  # every third day is ten in 30 days
    text = (
        "account_id,day,channel\n"
        + "a,0,sms\n" * 3
        + "a,7,sms\n" * 3
        + "a,14,sms\n" * 3
        + "a,21,sms\na,29,sms\na,30,sms\n"
    )
    assert broken(tmp_path, only("australia-rg96", "contact-cap-month"), text) == [12]
    assert broken(tmp_path, only("australia-rg96", "contact-cap-week"), text) == []


def test_hours_are_those_of_the_call_or_of_its_whole_window(tmp_path: Path) -> None:
    hours = pack("contact_hours", groups=["call"], from_hour=8, to_hour=21)
    text = "account_id,day,channel,from_hour,to_hour\na,1,collector,07:59,\na,1,collector,8:00,\na,1,collector,21:00,\n"
    text += "a,1,collector,18,21\na,1,collector,18,22\na,1,sms,23:30,\n"
    assert broken(tmp_path, hours, text) == [2, 6]


@pytest.mark.parametrize(
    ("standing", "event", "topic"),
    [
        ("complaint", "complaint", "contact"),
        ("dispute", "dispute", "call"),
        ("hardship", "hardship", "contact"),
        ("breathing_space", "breathing_space", "contact"),
    ],
)
def test_protection_begins_with_its_row_and_ends_on_its_day(
    tmp_path: Path, standing: str, event: str, topic: str
) -> None:
    rules = pack("standing", **{"while": standing, "forbids": [topic]})
    text = f"account_id,day,channel,{event},{event}_until\na,4,collector,1,6\na,5,collector,,\na,6,collector,,\nb,5,collector,,\n"
    assert broken(tmp_path, rules, text) == [3]
    assert broken(tmp_path, rules, text.replace(",1,6", ",1,")) == [3, 4]  # an end that nobody knows


def test_refusals_bind_for_good(tmp_path: Path) -> None:
    texts = pack("standing", **{"while": "opted_out", "forbids": ["text"]})
    log = "account_id,day,channel,opt_out\na,1,sms,\na,2,sms,yes\na,90,email,\na,91,collector,\n"
    assert broken(tmp_path, texts, log) == [4]
    contact = pack("standing", **{"while": "cease_contact", "forbids": ["contact"]})
    log = "account_id,day,channel,cease_contact\na,1,sms,yes\na,400,letter,\nb,400,letter,\n"
    assert broken(tmp_path, contact, log) == [3]
    once = pack("standing", **{"while": "restructured", "forbids": ["restructure"]})
    log = "account_id,day,offer,accepted\na,1,restructure,no\na,2,restructure,yes\na,300,restructure,no\n"
    assert broken(tmp_path, once, log) == [4]


def test_promises_hold_until_their_day_or_their_end(tmp_path: Path) -> None:
    rules = pack("standing", **{"while": "promise_open", "forbids": ["call"]})
    log = "account_id,day,channel,promise,promise_due,promise_broken\n"
    log += "a,1,collector,yes,5,\na,5,collector,,,\na,6,collector,,,\n"
    log += "b,1,collector,yes,9,\nb,3,,,,yes\nb,4,collector,,,\n"
    assert broken(tmp_path, rules, log) == [3]


def test_legal_steps_need_age_amount_notice_and_a_reviewer(tmp_path: Path) -> None:
    rules = pack("legal_precondition", step="suit", least_dpd=90, least_balance=500, notice_days=30)
    log = "account_id,day,legal,dpd,claim\na,0,notice,80,900\na,30,suit,110,900\na,29,suit,109,900\nb,0,suit,200,900\n"
    log += "c,0,notice,80,900\nc,31,suit,111,499.99\nd,0,notice,50,900\nd,31,suit,81,900\n"
    assert broken(tmp_path, rules, log) == [4, 5, 7, 9]
    log = "account_id,day,legal,dpd\na,0,suit,1095\na,1,suit,1096\na,2,enforce,1097\n"
    assert broken(tmp_path, pack("limitation", days=1095), log) == [3]
    log = "account_id,day,legal,reviewer\na,0,suit,Li\na,1,suit,\na,1,enforce,\n"
    assert broken(tmp_path, pack("review_step", steps=["suit"]), log) == [3]


def test_offers_keep_to_length_authority_and_budget(tmp_path: Path) -> None:
    log = "account_id,day,offer,months\na,0,plan,60\na,0,plan,61\n"
    assert broken(tmp_path, pack("plan_length", most_months=60), log) == [3]
    log = "account_id,day,offer,plan_broken\na,0,plan,\na,40,,yes\na,41,plan,\na,90,,yes\na,91,plan,\n"
    assert broken(tmp_path, pack("broken_plans", most=2), log) == [6]
    log = "account_id,day,offer,discount,dpd\na,0,settlement,0.3,89\na,1,settlement,0.2,89\na,2,settlement,0.5,90\n"
    assert broken(tmp_path, pack("discount_authority", before_dpd=90, most=0.2), log) == [2]
    log = "account_id,day,offer,budget_left\na,0,settlement,0.01\na,1,settlement,0\n"
    assert broken(tmp_path, pack("settlement_budget"), log) == [3]


def test_interest_above_the_cap_or_in_a_breathing_space_is_found(tmp_path: Path) -> None:
    log = "account_id,day,opening,interest,breathing_space,breathing_space_until\n"
    log += "a,0,3650,0,,\na,10,3650,24.00,,\na,20,3650,48.90,yes,80\na,70,3650,48.90,,\na,79,3650,60,,\n"
    assert broken(tmp_path, pack("interest_cap", most=0.24), log) == [
        4
    ]  # 24.90 in ten days, 24.00 and rounding allowed
    assert broken(tmp_path, pack("interest_freeze", **{"while": "breathing_space"}), log) == [6]


def test_third_parties_records_and_days_off(tmp_path: Path) -> None:
    log = "account_id,date,channel,recipient,record\na,2025-03-07,collector,debtor,r1\na,2025-03-08,visit,sister,\n"
    assert broken(tmp_path, pack("third_parties"), log) == [3]
    assert broken(tmp_path, pack("record_keeping", years=5), log) == [3]
    assert broken(tmp_path, pack("standing", **{"while": "day_off", "forbids": ["visit"]}), log) == [3]  # a Saturday


def test_what_was_ordered_but_not_done_fills_no_cap(tmp_path: Path) -> None:
    cap = pack("contact_cap", group="text", most=1, days=7)
    log = "account_id,day,channel,done\na,1,sms,no\na,2,sms,yes\na,2,email,yes\na,3,sms,no\n"
    assert broken(tmp_path, cap, log) == [5]  # two texts on one day are one day with texts


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("account_id,day,channel\na,1,sms\na,x,sms\n", "line 3, column day: got 'x', expected a whole number"),
        ("account_id,day,channel\na,1,fax\n", "line 2, column channel: got 'fax', expected one of sms, wechat"),
        ("account_id,day,discount\na,1,20\n", "line 2, column discount: got '20', expected a number from 0 to 1"),
        ("account_id,day,from_hour\na,1,25:10\n", "line 2, column from_hour: got '25:10', expected a time of day"),
        ("account_id,day,reached\na,1,perhaps\n", "line 2, column reached: got 'perhaps', expected true or false"),
        ("account_id,date\na,2025-02-30\n", "line 2, column date: got '2025-02-30', expected a date"),
        ("account_id,date\na,2025-02-03\n,2025-02-03\n", "line 3, column account_id: got '', expected a text"),
        ("account_id,date\na,\n", "line 2, column date: got '', expected a date"),
        ("account,day\na,1\n", "header: got 'account, day', expected a column account_id"),
        ("account_id,when\na,1\n", "header: got 'account_id, when', expected a column day"),
        (
            "account_id,day\na,1,2\n",
            "line 2: got '3 cells', expected the same number of cells in each row, 2 as in the header",
        ),
        ("", "got 'an empty file'"),
    ],
)
def test_a_wrong_log_is_named_by_row_and_column(tmp_path: Path, text: str, expected: str) -> None:
    file = tmp_path / "log.csv"
    file.write_text(text)
    with pytest.raises(InputError) as fault:
        read_log(file)
    assert expected in str(fault.value) and "\n" not in str(fault.value)


TERMS = pack("discount_authority", before_dpd=90, most=0.25)
EXPORT = "account_id;day;offer;discount;dpd;客户\na;0;settlement;0,25;60;张三\nb;0;settlement;0,3;60;李四\n"


@pytest.mark.parametrize(
    ("encoding", "delimiter", "decimal"),
    [("utf-8", ";", ","), ("gb18030", ";", ","), ("utf-16", "tab", ","), ("utf-8-sig", "|", ".")],
)
def test_exports_of_other_countries_are_read(tmp_path: Path, encoding: str, delimiter: str, decimal: str) -> None:
    file, rules = tmp_path / "export.csv", tmp_path / "terms.yaml"
    text = EXPORT.replace(";", "\t" if delimiter == "tab" else delimiter).replace("0,", f"0{decimal}")
    file.write_bytes(text.encode(encoding))
    rules.write_text(yaml.safe_dump(TERMS.model_dump(mode="json", by_alias=True)))
    said = ("--encoding", encoding, "--delimiter", delimiter, "--decimal", decimal)
    done = recoup("audit", "--log", file, "--rules", rules, *said)
    assert done.returncode == 1, done.stderr
    assert "day 0 · b · a discount of 30 % at 60 days past due" in done.stdout and "客户" in done.stdout
    assert "day 0 · a" not in done.stdout


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ((), "expected columns separated by ',' (name another with --delimiter, as in ';')"),
        (
            ("--delimiter", ";"),
            "line 2, column discount: got '0,25', expected a number from 0 to 1 (name a decimal mark",
        ),
        (("--delimiter", ";", "--encoding", "ascii"), "text in ascii (utf-8 fits: --encoding)"),
        (("--encoding", "klingon"), "--encoding: got 'klingon', expected the name of a text encoding"),
        (("--delimiter", ";;"), "--delimiter: got ';;', expected one character"),
        (("--decimal", "'"), '--decimal: got "\'", expected . or ,'),
    ],
)
def test_a_log_written_otherwise_names_the_option(tmp_path: Path, said: tuple[str, ...], expected: str) -> None:
    (tmp_path / "export.csv").write_text(EXPORT, encoding="utf-8")
    wrong = recoup("audit", "--log", tmp_path / "export.csv", "--rules", "china", *said)
    assert wrong.returncode == 2 and wrong.stderr.count("\n") == 1 and expected in wrong.stderr, wrong.stderr


def test_a_point_is_no_part_of_a_number_with_a_decimal_comma(tmp_path: Path) -> None:
    (tmp_path / "export.csv").write_text("account_id;day;claim\na;0;1.234\n")
    with pytest.raises(InputError, match=r"line 2, column claim: got '1.234'"):
        read_log(tmp_path / "export.csv", Writing(delimiter=";", decimal=","))


def test_a_rule_that_the_log_cannot_tell_says_what_lacks(tmp_path: Path) -> None:
    file = tmp_path / "log.csv"
    file.write_text("account_id,day,channel,remark\na,1,sms,hello\n")
    content, breaches = audit_file(file, find_rules("uk-conc"), "en")
    missing = {rule["id"]: rule["missing"] for rule in content["rules"]}
    assert missing["third-parties"] == ["recipient"] and missing["text-cap-week"] == []
    assert content["columns_not_read"] == ["remark"] and breaches.empty


def test_parquet_is_read_like_csv(tmp_path: Path) -> None:
    table = pd.DataFrame({"account_id": ["a", "a"], "day": [1, 2], "channel": ["sms", None], "opt_out": [True, False]})
    table.to_parquet(tmp_path / "log.parquet")
    log = read_log(tmp_path / "log.parquet")
    (piece,) = log.pieces(10)
    assert piece.select(["line", "channel", "opt_out"]).to_pylist() == [
        {"line": 1, "channel": "sms", "opt_out": True},
        {"line": 2, "channel": None, "opt_out": False},
    ]
    assert {"day", "opt_out"} <= log.columns and "reached" not in log.columns


def test_command_audits_a_foreign_log_in_two_languages(tmp_path: Path) -> None:
    file = tmp_path / "contacts.csv"
    file.write_text("account_id,date,channel,from_hour\n=cmd|'/c calc',2025-03-03,collector,23:15\n")
    done = recoup("audit", "--log", file, "--rules", "us-reg-f", "--out", tmp_path / "found", "--no-pdf")
    assert done.returncode == 1, done.stderr
    assert "2025-03-03 23:15 · =cmd|'/c calc' · collector at 23:15, allowed from 08:00 to 21:00" in " ".join(
        done.stdout.split()
    )
    assert json.loads((tmp_path / "found" / "audit.json").read_text())["rules"][0]["breaches"] == 1
    rows = (tmp_path / "found" / "audit.csv").read_text(encoding="utf-8-sig").splitlines()
    assert len(rows) == 2 and ",'=cmd" in rows[1]
    chinese = recoup("audit", "--log", file, "--rules", "us-reg-f", "--lang", "zh")
    said = " ".join(chinese.stdout.split())
    assert "于 23:15，允许时段为 08:00 至 21:00" in said and "债务人当地时间" in said
    for arguments, expected in (
        ([], "a run folder, or --log FILE"),
        (["--log", file], "--log needs --rules"),
        (["--log", tmp_path / "no.csv", "--rules", "china"], "no.csv"),
        (["--log", file, "--rules", "chin"], "china (did you mean it?)"),
        ([tmp_path / "no-run"], "no-run"),
        (["--log", file, "--rules", "china", "--out", tmp_path / "found"], "found: --out: got 'a folder that exists'"),
    ):
        wrong = recoup("audit", *arguments)
        assert wrong.returncode == 2 and wrong.stderr.count("\n") == 1 and expected in wrong.stderr, wrong.stderr


def test_the_page_lists_every_column() -> None:
    page = (ROOT / "docs" / "audit.md").read_text(encoding="utf-8")
    for column in AUDIT_COLUMNS:
        required = " (required)" if column.required else ""
        assert f"| `{column.name}`{required} | {column.expectation} | {column.meaning} |" in page
