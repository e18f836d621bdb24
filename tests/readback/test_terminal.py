"""Tables and sentences that commands print, against the run's files."""

from __future__ import annotations

import json
import re
import shutil

import pytest

from recoup.experiments.commands.audit import _print as print_audit
from recoup.experiments.commands.compare import SHOWN, _table
from recoup.experiments.commands.showing import print_list
from recoup.experiments.comparison.audit import audit_run
from recoup.experiments.runs import console as shared
from recoup.sim.inputs import read_yaml
from tests import ROOT
from tests.command import recoup
from tests.readback import made_up
from tests.readback.reading import number, plain, span
from tests.readback.words import MEASURES, called


def rows_of(printed):
    """The cells of a table in the terminal, its continued lines joined."""
    rows = []
    for line in printed.splitlines():
        if not line.startswith("│"):
            continue
        found = [plain(cell) for cell in line.strip("│").split("│")]
        if found[0] and any(found[1:]):
            rows.append(found)
        else:
            rows[-1] = [plain(f"{a} {b}") for a, b in zip(rows[-1], found, strict=True)]
    return rows


def head_of(printed):
    """The names of the columns."""
    return [plain(cell) for cell in re.search(r"┃(.*?)┃\s*$", printed, re.M)[1].split("┃")]


MESSAGES = ROOT / "experiments" / "report" / "messages" / "en.yaml"


@pytest.fixture(autouse=True)
def wide(monkeypatch):
    """Room for each row on one line."""
    monkeypatch.setenv("COLUMNS", "200")


UNIT = {
    "npv_rate": "%",
    "recovery_rate": "%",
    "time_to_recover_days": "days",
    "cost_to_collect": "%",
    "complaints_per_1000": "",
}


def check_comparison(rows, results):
    """A row for each plan, a bare number for each measure: its unit stands in the head."""
    assert [row[0] for row in rows] == list(results["policies"])
    for plan, row in zip(results["policies"], rows, strict=True):
        for measure, cell in zip(UNIT, row[1:], strict=True):
            wanted = results["policies"][plan][measure]
            if wanted["mean"] is None:
                assert cell == "–"
                continue
            scale = 0.01 if UNIT[measure] == "%" else 1.0
            mean, low, high, unit = span(cell, "en")
            assert unit == "" and scale * mean == pytest.approx(wanted["mean"], abs=0.0501 * scale)
            if low is not None:
                assert (scale * low, scale * high) == pytest.approx((wanted["low"], wanted["high"]), abs=0.0501 * scale)


def printed(table):
    printer = shared.console()
    with printer.capture() as captured:
        printer.print(table)
    return captured.get()


def test_table_of_a_comparison_holds_what_a_decision_is_about_for_every_plan(language):
    results = made_up.results()
    text = printed(_table(results, language))
    if language == "en":
        check_comparison(rows_of(text), results)
    assert tuple(UNIT) == SHOWN
    titles = [MEASURES[language][measure] for measure in UNIT]
    assert (
        head_of(text)[1:]
        == {
            "en": [title + (f", {UNIT[m]}" if UNIT[m] else "") for m, title in zip(UNIT, titles, strict=True)],
            "zh": [f"{titles[0]}（%）", f"{titles[1]}（%）", f"{titles[2]}（天）", f"{titles[3]}（%）", titles[4]],
        }[language]
    )


def test_title_of_a_comparison_counts_accounts_days_and_seeds():
    results = made_up.results()
    text = printed(_table(results))
    assert plain(text.split("┏")[0]) == "Credit cards, Taiwan 2005 (real accounts): 5,129 accounts, 50 days, 3 seeds"
    assert plain(_table(results | {"seeds": [4]}).title).endswith("50 days, one seed")


def test_brackets_in_a_users_title_are_printed():
    text = printed(_table(made_up.results() | {"title": "[draft] of [/b] mine"}))
    assert text.startswith("[draft] of [/b] mine: 5,129 accounts")


def test_compare_prints_its_results_and_the_answers(tmp_path):
    plans = ("no-contact", "status-quo", "staged")
    words = [word for plan in plans for word in ("-p", plan)]
    done = recoup("compare", *words, "--seeds", "2", "--accounts", "40", "--days", "30", "--out", tmp_path / "run")
    assert done.returncode == 0
    results = json.loads((tmp_path / "run" / "results.json").read_text(encoding="utf-8"))
    check_comparison(rows_of(done.stdout), results)
    value = {plan: results["policies"][plan]["npv_rate"]["mean"] for plan in plans}
    said = plain(done.stdout).split("are in the report. ")[1]
    # First a line for each plan but the one in force, with its verdict in the report's words; none is said to have failed.
    for plan in ("no-contact", "staged"):
        assert re.search(rf"{plan}: (ship|test in the field|don't)\. CNY [+−][\d,.]+", said)
    assert "FAILED" not in said and "status-quo: " not in said.split("per month against")[0]
    # Then the answers: the best plan besides the one in force, by its sign and interval.
    best = max(("no-contact", "staged"), key=value.get)
    change = results["differences"][best]["status-quo"]["npv_rate"]
    if change["low"] > 0:
        assert f"{best} beats status-quo: net present value" in said
    elif change["high"] < 0:
        assert "No plan here beats status-quo" in said
    else:
        assert "Net present value after all costs is" in said
    shown = f"{100 * abs(value[best]):.1f} %"
    assert shown in said.replace("−", "")


def test_audit_counts_by_rule_in_both_languages(real_folder, tmp_path, language):
    shutil.copytree(real_folder, tmp_path / "run")
    done = recoup("audit", tmp_path / "run", "--lang", language)
    assert done.returncode == 0 and "audit.html" in done.stdout.replace("audit.zh", "audit")
    assert not list((tmp_path / "run").glob("audit*.pdf"))  # papers only where --out or --pdf asks for them
    audit = json.loads((tmp_path / "run" / "audit.json").read_text(encoding="utf-8"))
    rows = rows_of(done.stdout)
    assert (
        head_of(done.stdout)
        == {
            "en": ["rule", "tested", "near misses", "stopped", "breaches"],
            "zh": ["规则", "检验次数", "临界次数", "闸门拦截", "违规"],
        }[language]
    )
    testable = [rule for rule in audit["rules"] if not rule["missing"]]
    for rule, row in zip(testable, rows, strict=True):
        sentence = rule["text_zh"] if language == "zh" else rule["text"]
        assert row[0].replace(" ", "") == f"{rule['id']}:{sentence}".replace(" ", "")
        assert [number(cell) for cell in row[1:]] == [rule[name] for name in ("tested", "near", "stopped", "breaches")]
    tested, count = sum(rule["tested"] > 0 for rule in testable), len(audit["rules"])
    said = {
        "en": (f"{tested} of {count} rules were tested on this log.", f"No breach of the {tested} rules tested."),
        "zh": (f"共 {count} 条规则，本日志实际检验了 {tested} 条。", f"已检验的 {tested} 条规则未发现违规。"),
    }[language]
    assert said[0] in done.stdout and said[1] in done.stdout.partition(said[0])[2]
    for rule in audit["rules"]:
        if rule["missing"]:
            assert f"{rule['id']}: {rule['missing'][0]}" in done.stdout
    assert sum(rule["tested"] for rule in audit["rules"]) > 100


def test_audit_says_which_rules_were_broken(real_folder, capsys, language):
    audit, breaches = audit_run(real_folder, None, language)
    audit["rules"][0] |= {"breaches": 1234}
    audit["rules"][2] |= {"breaches": 1}
    audit["treatments_in_breach"] = {"staged": 1200, "tiered": 34}
    print_audit(audit, breaches, language)
    said = capsys.readouterr().out
    assert {
        "en": "Treatments that broke a rule: 1,234. Rules broken: 2.",
        "zh": "违规措施：1,234 次；被违反的规则：2 条。",
    }[language] in said
    assert rows_of(said)[0][-1] == "1,234"


def test_stress_prints_each_world_and_the_verdict(monkeypatch):
    from recoup.experiments.robustness import stress as sensitivity

    result = made_up.EXTRAS["stress.json"] | {"positive": 2, "negative": 1, "worlds": 4, "worst": "half-staff"}
    monkeypatch.setattr(sensitivity, "stress", lambda *arguments, **options: result)
    done = recoup("stress", "-p", "status-quo", "--baseline", "staged", "--seeds", "2", "--accounts", "5", "--quick")
    assert done.returncode == 0, done.stderr
    rows = rows_of(done.stdout)
    units = {"npv_rate": "points", "recovery_rate": "%", "time_to_recover_days": "%", "complaints_per_1000": ""}
    heads = ["net present value, points", "recovery, relative, %", "time, relative, %", "complaints per 1,000"]
    assert head_of(done.stdout) == ["world", *heads]
    known = read_yaml(MESSAGES).data["stress"]["labels"]
    assert [row[0] for row in rows] == [known.get(row["perturbation"], row["label"]) for row in result["rows"]]
    for world, row in zip(result["rows"], rows, strict=True):
        for (name, unit), cell in zip(units.items(), row[1:], strict=True):
            mean, low, high, shown = span(cell, "en")
            wanted, scale = world[name], 0.01 if unit else 1.0
            assert shown == ""
            found = (scale * mean, scale * low, scale * high)
            assert found == pytest.approx((wanted["mean"], wanted["low"], wanted["high"]), abs=0.0501 * scale)
    assert (
        "status-quo has more net present value than staged, at 95 %, in 2 of 4 perturbed worlds, less in 1. Smallest gain: half-staff."
        in plain(done.stdout)
    )


def test_lists_print_what_they_are_given_brackets_and_all(capsys):
    print_list([("a", "A [draft]", "first"), ("b", "B", "second [/b]")], as_json=False)
    text = capsys.readouterr().out
    assert rows_of(text) == [["a", "A [draft]", "first"], ["b", "B", "second [/b]"]]
    print_list([("a", "A", "first")], as_json=True)
    assert json.loads(capsys.readouterr().out) == [{"name": "a", "title": "A", "description": "first"}]


def test_typed_command_is_shown_as_it_can_be_typed_again(monkeypatch):
    monkeypatch.setattr("sys.argv", ["/usr/bin/recoup", "compare", "-p", "my plan.yaml", "--seeds", "3"])
    assert shared.command_line() == "recoup compare -p 'my plan.yaml' --seeds 3"


def test_shipped_plans_are_offered_without_the_template():
    assert shared.complete_plans() == ["no-contact", "simple", "staged", "status-quo", "tiered"]
    assert "taiwan-cards" in shared.complete_scenarios() and called("staged", "en") in shared.shipped("plans")
    assert "template" in shared.shipped("plans")


def test_bar_counts_the_steps(monkeypatch):
    from rich import progress

    counted = []
    monkeypatch.setattr(progress.Progress, "advance", lambda self, task: counted.append(self.tasks[0].total))
    with shared.progress_bar("trials", 7) as advance:
        advance()
        advance()
    assert counted == [7, 7]
