"""An audit that can be signed: a log of seven rows whose breaches, days and hash are known without the audit."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from recoup.experiments.comparison import audit
from recoup.experiments.comparison.audit import audit_file, audit_run, broken_rules, hash_of
from recoup.experiments.report import pdf
from recoup.experiments.report.audit_page import render_audit
from recoup.experiments.report.text import LANGUAGES
from recoup.scenarios.schema import find_rules
from recoup.sim.compliance.rules import KINDS, RulePack
from recoup.sim.inputs import InputError
from tests import browser
from tests.command import recoup

# 22:15, 7:30 and 23:00 are outside 8 to 21; p2 opted out on the 4th; Reg F has nothing else that these columns could break
# but the days after a conversation: that of p1 at 9:00, that of p3 on the 6th.
LOG = """account_id,date,from_hour,channel,collector,reached,opt_out,promise,remark
p1,2025-03-03,09:00,collector,Li,1,,,x
p1,2025-03-03,22:15,collector,Li,0,,,
p2,2025-03-04,07:30,sms,,0,yes,,
p2,2025-03-08,10:00,sms,,0,,,
p3,2025-03-05,23:00,collector,Wang,0,,,
p3,2025-03-06,12:00,collector,Wang,1,,,
p3,2025-03-07,12:00,collector,<b>Chen</b>,1,,,
"""
SHA256 = "99dc5b3e465c87da2ff3da4784ac1f29363d746ea102b11aef4d6355ff4a3583"  # as `sha256sum` says
BROKEN = {
    "contact-hours": [(3, "Li"), (4, None), (6, "Wang")],
    "quiet-after-conversation": [(3, "Li"), (8, "<b>Chen</b>")],
    "opted-out-of-texts": [(5, None)],
}


@pytest.fixture
def log(tmp_path: Path) -> Path:
    file = tmp_path / "calls.csv"
    file.write_bytes(LOG.encode())
    return file


def rules_of(*kinds: dict[str, Any]) -> RulePack:
    says = {"text": "t", "source": "s", "confidence": "C"}
    rules = [KINDS[kind["kind"]].model_validate({"id": f"rule-{n}", **says, **kind}) for n, kind in enumerate(kinds)]
    return RulePack(name="own", title="Own", rules=rules)


def test_record_and_coverage_say_what_was_audited(log: Path) -> None:
    content, breaches = audit_file(log, find_rules("us-reg-f"), "en", command="recoup audit …")
    record = content["record"]
    assert record["sha256"] == SHA256 and record["files"] == [
        {"name": "calls.csv", "bytes": len(LOG), "sha256": SHA256}
    ]
    assert (record["rows"], record["accounts"]) == (7, 3)
    assert (record["first_date"], record["last_date"], record["first_day"], record["last_day"]) == (
        "2025-03-03",
        "2025-03-08",
        0,
        5,
    )
    assert (record["command"], record["language"]) == ("recoup audit …", "en")
    there = {
        "account_id",
        "date",
        "day",
        "day_off",
        "from_hour",
        "channel",
        "collector",
        "reached",
        "opt_out",
        "promise",
    }
    lacking = [rule["id"] for rule in content["rules"] if rule["missing"]]
    assert all(not there & set(rule["missing"]) for rule in content["rules"])
    # Contact hours, calls in a week, quiet days and the opt-out met rows; the cap on letters met none.
    assert content["coverage"] == {"rules": 23, "tested": 4, "met_no_row": 1, "not_testable": 18} and len(lacking) == 18
    found = {rule: list(zip(rows["line"], rows["collector"], strict=True)) for rule, rows in breaches.groupby("rule")}
    assert {
        rule: [(line, by if isinstance(by, str) else None) for line, by in rows] for rule, rows in found.items()
    } == BROKEN


def test_a_column_without_a_value_is_named_with_the_rules_that_rest_on_it(log: Path) -> None:
    pack = rules_of(
        {"kind": "standing", "while": "promise_open", "forbids": ["call"]},
        {"kind": "standing", "while": "opted_out", "forbids": ["text"]},
        {"kind": "standing", "while": "day_off", "forbids": ["visit"]},
    )
    content, _ = audit_file(log, pack, "en")
    assert content["record"]["columns_empty"] == {"promise": ["rule-0"]}


def test_the_surest_source_comes_first_then_the_most_accounts_and_what_was_done() -> None:
    def rule(name: str, confidence: str) -> dict[str, Any]:
        return {"id": name, "confidence": confidence, "breaches": 2}

    audited = {"rules": [rule("b", "B"), rule("few", "A"), rule("many", "A"), rule("kept", "A") | {"breaches": 0}]}
    rows = [
        ("b", "1", False),
        ("b", "2", True),
        ("few", "1", True),
        ("few", "1", True),
        ("many", "1", True),
        ("many", "2", True),
    ]
    breaches = pd.DataFrame(rows, columns=["rule", "account_id", "done"])
    found = broken_rules(audited, breaches)
    assert [rule["id"] for rule, _ in found] == ["many", "few", "b"]
    assert found[2][1]["account_id"].tolist() == ["2", "1"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_page_stands_alone_and_holds_what_is_signed_for(log: Path, tmp_path: Path, language: str) -> None:
    out = tmp_path / "found"
    done = recoup("audit", "--log", log, "--rules", "us-reg-f", "--lang", language, "--out", out, "--no-pdf")
    assert done.returncode == 1, done.stderr
    page = (out / ("audit.html" if language == "en" else "audit.zh.html")).read_text(encoding="utf-8")
    assert re.findall(r"<script|<link(?! rel=\"icon\" href=\"data:,\")|<img|@import|url\(|https?://|src=", page) == []
    assert "<b>Chen" not in page and "&lt;b&gt;Chen" in page
    table = hash_of(out / "audit.csv", "")["sha256"]
    content = json.loads((out / "audit.json").read_text(encoding="utf-8"))
    for said in (SHA256, table, content["record"]["rules_sha256"], "calls.csv", "2025-03-08", "12 CFR 1006.6(b)(1)(i)"):
        assert said in page, said
    words = {
        "en": ["4 of 23 rules were tested on this log.", "Wang", "Audited by", "Reviewed by", "signature", "function"],
        "zh": ["共 23 条规则，本日志实际检验了 4 条。", "Wang", "审计人", "复核人", "签名", "职务"],
    }[language]
    assert page.index(words[0]) < page.index('id="breaches"') < page.index(words[1]) < page.index('id="rules"')
    assert page.index('id="rules"') < min(page.rindex(word) for word in words[2:])
    assert page.count('class="field') == 8  # name, function, date, signature of two
    csv = pd.read_csv(out / "audit.csv", dtype=str, keep_default_na=False)
    assert sorted(csv["collector"]) == ["", "", "<b>Chen</b>", "Li", "Li", "Wang"]


def test_exit_code_of_strict(log: Path, tmp_path: Path) -> None:
    clean = tmp_path / "clean.csv"
    clean.write_text(LOG.splitlines()[0] + "\np1,2025-03-03,09:00,collector,Li,1,,,\n")
    pack = tmp_path / "own.yaml"
    rule = "  - {id: hours, kind: contact_hours, groups: [call], from_hour: 8, to_hour: 21, text: t, source: s, confidence: A}\n"
    pack.write_text(f"name: own\ntitle: Own\nrules:\n{rule}")
    letters = tmp_path / "letters.yaml"
    letters.write_text(f"name: own\ntitle: Own\nrules:\n{rule.replace('call', 'letter')}")

    def code(file: Path, rules: object, *more: str) -> tuple[int, str]:
        done = recoup("audit", "--log", file, "--rules", rules, *more)
        return done.returncode, done.stderr

    assert code(clean, "us-reg-f") == (0, "")
    assert code(clean, "us-reg-f", "--strict") == (
        1,
        "--strict: 18 rules could not be tested, so this audit does not pass.\n",
    )
    assert code(clean, pack, "--strict") == (0, "")
    assert code(log, pack, "--strict") == (1, "")
    assert code(clean, letters, "--strict") == (1, "--strict: no rule was tested, so this audit does not pass.\n")


def test_a_log_that_changes_while_it_is_read_is_not_signed_for(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read = audit.read_foreign_log

    def read_and_write(source: Any, *how: Any) -> Any:
        found = read(source, *how)
        log.write_text(LOG + "p4,2025-03-09,10:00,sms,,0,,,\n")
        return found

    monkeypatch.setattr(audit, "read_foreign_log", read_and_write)
    with pytest.raises(InputError, match=r"calls.csv: got 'a file that was written to meanwhile'"):
        audit_file(log, find_rules("china"), "en")


def test_a_runs_hash_is_that_of_what_sha256sum_lists(tmp_path: Path) -> None:
    table = pd.DataFrame({"account_id": ["a", "b"], "day": [1, 3], "channel": ["sms", "sms"]})
    for name in ("plan/1", "plan/10", "other/1"):
        file = tmp_path / "run" / "parts" / f"{name}.events.parquet"
        file.parent.mkdir(parents=True, exist_ok=True)
        table.assign(account_id=["a", name]).to_parquet(file)
    record = audit_run(tmp_path / "run", find_rules("china"), "en")[0]["record"]
    assert (record["rows"], record["accounts"]) == (6, 4)  # a, and one of each log
    assert (record["first_day"], record["last_day"], record["first_date"]) == (1, 3, None)
    names = [file["name"] for file in record["files"]]
    assert names == ["parts/other/1.events.parquet", "parts/plan/1.events.parquet", "parts/plan/10.events.parquet"]
    listed = subprocess.run(["sha256sum", *names], cwd=tmp_path / "run", capture_output=True, check=True).stdout
    assert record["sha256"] == hashlib.sha256(listed).hexdigest()


def test_without_a_browser_the_page_is_written_all_the_same(
    log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pdf, "BROWSERS", ("no-such-browser",))
    done = recoup("audit", "--log", log, "--rules", "us-reg-f", "--out", tmp_path / "found")
    assert done.returncode == 1 and done.stderr.count("\n") == 1
    assert "audit.pdf was not written (neither Chromium nor Chrome was found)" in done.stderr
    assert sorted(file.name for file in (tmp_path / "found").iterdir()) == ["audit.csv", "audit.html", "audit.json"]


_HIDDEN = """[...document.querySelectorAll('.stack td, .stack th[scope=row], dd, .field')]
    .filter(e => e.getBoundingClientRect().right > innerWidth + 1 || e.getBoundingClientRect().width < 20).length"""


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("width", [390, 1440])
def test_browser_shows_the_page_whole(
    chromium: browser.Browser, log: Path, tmp_path: Path, language: str, width: int
) -> None:
    content, breaches = audit_file(log, find_rules("china"), language)
    audit.write_audit(tmp_path / "found", content, breaches)
    page = render_audit(tmp_path / "found", content, breaches, language)
    assert chromium.open(page, width) == []
    assert chromium.ask("document.documentElement.scrollWidth") <= width and chromium.ask(_HIDDEN) == 0


def test_the_pdf_is_of_a4_pages(chromium: browser.Browser, log: Path, tmp_path: Path) -> None:
    assert recoup("audit", "--log", log, "--rules", "us-reg-f", "--out", tmp_path / "found").returncode == 1
    printed = (tmp_path / "found" / "audit.pdf").read_bytes()
    assert 3 <= len(re.findall(rb"/Type\s*/Page\b", printed)) <= 7
    boxes = re.findall(rb"/MediaBox\s*\[0 0 ([\d.]+) ([\d.]+)\]", printed)
    assert {(round(float(w)), round(float(h))) for w, h in boxes} == {(595, 842)}  # points
