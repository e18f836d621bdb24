"""The `recoup` command as a user meets it: answers, and one clear line for every slip."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from recoup.experiments.checks.doctor import examine
from recoup.experiments.commands import catalogue
from recoup.experiments.report import text_in
from recoup.scenarios.schema import ROOT
from tests.command import process, recoup, whole_command


@pytest.fixture
def scenario_with(tmp_path: Path):  # type: ignore[no-untyped-def]
    def make(text: str) -> Path:
        path = tmp_path / "mine.yaml"
        path.write_text("extends: china-consumer\nname: mine\n" + text)
        return path

    return make


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["comprae"], "No such command 'comprae'"),
        (["compare", "-s", "china-consume"], "china-consumer (did you mean it?)"),
        (["compare", "-p", "stagde"], "staged (did you mean it?)"),
        (["compare", "-p", "missing.yaml"], "missing.yaml"),
        (["compare", "--seeds", "0"], "--seeds"),
        (["compare", "--seeds", "many"], "--seeds"),
        (["compare", "--accounts", "-5"], "--accounts"),
        (["compare", "--days", "99999"], "--days"),
        (["compare", "--workers", "0"], "--workers"),
        (["compare", "--map", "x.yaml"], "--portfolio beside it"),
        (["compare", "--resume"], "--resume needs --out"),
        (["compare", "--resume", "--out", "no-such-run"], "no-such-run"),
        (["portfolio", "check", "nowhere.csv", "--map", str(ROOT / "maps" / "uci-taiwan.yaml")], "nowhere.csv"),
        (["report", "no-such-run"], "no-such-run"),
        (["plan", "check", "stagde"], "staged (did you mean it?)"),
    ],
)
def test_slips_end_with_one_line_and_code_2(arguments: list[str], expected: str) -> None:
    done = recoup(*arguments)
    assert done.returncode == 2, done
    assert done.stderr.startswith("recoup: ") and done.stderr.count("\n") == 1 and expected in done.stderr, done.stderr


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "world: {annual_rat: 0.2}\n",
            "line 3, world.annual_rat: got 'annual_rat', expected annual_rate (did you mean it?)",
        ),
        ("world: {annual_rate: 7}\n", "line 3, world.annual_rate: got 7, expected"),
        (
            "world:\n  behaviour:\n    pay_base: soon\n",
            "line 5, world.behaviour.pay_base: got 'soon', expected a valid number",
        ),
        ("world: {behaviour: {reach: {sms: .nan}}}\n", "world.behaviour.reach.sms"),
        ("world: {courts: {filing_days: [9, 2]}}\n", "filing_days as [least, most]"),
        ("world: {start: yesterday}\n", "line 3, world.start: got 'yesterday'"),
        ("rules: chn\n", "rule pack: got 'chn', expected"),
        ("days: [1\n", "line 4: got"),
        ("days: 5\ndays: 6\n", "line 4: got \"key 'days' twice\""),
        ("portfolio: {file: none.csv, map: none.yaml}\n", "none.yaml"),
    ],
)
def test_wrong_scenarios_name_line_field_and_expectation(
    scenario_with, tmp_path: Path, text: str, expected: str
) -> None:  # type: ignore[no-untyped-def]
    done = recoup("compare", "-s", scenario_with(text), "-p", "staged", "--seeds", "1", "--out", tmp_path / "run")
    assert done.returncode == 2 and done.stderr.count("\n") == 1, done.stderr
    assert "mine.yaml" in done.stderr or "none" in done.stderr or "rule pack" in done.stderr
    assert expected in done.stderr, done.stderr
    assert not (tmp_path / "run").exists()


def test_own_portfolio_own_plan_and_json(tmp_path: Path) -> None:
    template = recoup("plan", "template", "--out", tmp_path / "my-plan.yaml")
    assert template.returncode == 0
    # Results are filed under a plan's name, so it begins as the file's.
    assert recoup("plan", "check", tmp_path / "my-plan.yaml").stdout.startswith("my-plan: 7 rules")
    for name, begins in (("My Plan 2.yaml", "my-plan-2"), ("方案.yaml", "template")):
        assert recoup("plan", "template", "--out", tmp_path / name).returncode == 0
        assert f"\nname: {begins} " in (tmp_path / name).read_text(encoding="utf-8")
    (tmp_path / "book.csv").write_text("id,amount,late\n" + "".join(f"{n},{500 + n},{n % 90}\n" for n in range(120)))
    (tmp_path / "map.yaml").write_text("fields: {account_id: id, opening_balance: amount, dpd: late}\n")
    done = recoup(
        "compare", "-p", tmp_path / "my-plan.yaml", "-p", "no-contact", "--portfolio", tmp_path / "book.csv",
        "--map", tmp_path / "map.yaml", "--seeds", "2", "--days", "40", "--out", tmp_path / "run", "--json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    results = json.loads(done.stdout)
    assert results["portfolio"]["accounts"] == 120 and results["portfolio"]["filled"]["credit_score"] == 120
    assert (tmp_path / "run" / "report.html").exists()
    again = recoup("compare", "-p", "no-contact", "--seeds", "1", "--out", tmp_path / "run")
    assert again.returncode == 2 and "a folder that exists" in again.stderr


def test_portfolio_check_lists_problems_and_exits_2(tmp_path: Path) -> None:
    book, column_map = tmp_path / "book.csv", tmp_path / "map.yaml"
    book.write_text("id,amount,late\na,100,3\na,-4,3\nb,5,70000\n")
    column_map.write_text("fields: {account_id: id, opening_balance: amount, dpd: late}\n")
    done = recoup("portfolio", "check", book, "--map", column_map)
    assert (
        done.returncode == 2
        and "3 problems" in done.stdout
        and "line 2 has it" in " ".join(done.stdout.replace("│", " ").split())
    )
    listed = json.loads(recoup("portfolio", "check", book, "--map", column_map, "--json").stdout)
    assert [(p["row"], p["column"], p["value"]) for p in listed["problems"]] == [
        (3, "amount", "-4"),
        (3, "id", "a"),
        (4, "late", "70000"),
    ]
    good = recoup(
        "portfolio",
        "check",
        ROOT / "portfolios" / "uci_credit_card_delinquent.csv",
        "--map",
        ROOT / "maps" / "uci-taiwan.yaml",
    )
    assert good.returncode == 0 and "5,129 rows" in good.stdout and "no problems" in good.stdout


def test_a_process_of_its_own_ends_with_the_same_line_and_code(tmp_path: Path) -> None:
    slip = ("compare", "-p", "stagde", "--out", tmp_path / "run")
    done = subprocess.run(process(*slip), capture_output=True, text=True, timeout=300, check=False)
    here = recoup(*slip)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", here.stderr) and here.returncode == 2


@pytest.mark.parametrize(
    ("lang", "said"),
    [("en", "recoup: interrupted; nothing is half written"), ("zh", "recoup: 已中断；没有写了一半的文件")],
)
def test_an_interrupted_command_says_so_in_the_language_it_was_asked_in(
    lang: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def end(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(catalogue, "print_list", end)
    ended = recoup("plans", "--lang", lang)
    assert ended.returncode == 130 and ended.stderr.startswith(said) and ended.stderr.count("\n") == 1
    assert recoup("plans").stderr.startswith("recoup: interrupted; ")  # not the language of an earlier call


def test_lists_and_version() -> None:
    assert [s["name"] for s in json.loads(recoup("scenarios", "--json").stdout)] == [
        "china-conduct",
        "china-consumer",
        "southeast-asia-loans",
        "taiwan-cards",
        "uk-loans",
        "us-cards",
    ]
    assert {"staged", "status-quo", "tiered", "no-contact"} <= {
        p["name"] for p in json.loads(recoup("plans", "--json").stdout)
    }
    assert recoup("--version").stdout.startswith("recoup ")


def test_help_does_not_import_the_heavy_packages() -> None:
    code = "import sys; sys.argv=['recoup','--help']\nfrom recoup.experiments.cli import main\ntry: main()\nexcept SystemExit: pass\n"
    code += "print('LOADED', sorted({'numba','pandas','scipy','matplotlib','torch','pyarrow','pydantic'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "LOADED []" in done.stdout


def commands() -> list[tuple[str, ...]]:
    """Every command that does something, as it is typed."""

    def leaves(command: object, path: tuple[str, ...]) -> list[tuple[str, ...]]:
        inner = getattr(command, "commands", None)
        return [leaf for name, sub in inner.items() for leaf in leaves(sub, (*path, name))] if inner else [path]

    return leaves(whole_command(), ())


def test_every_command_shows_examples_of_itself() -> None:
    for path in commands():
        shown = recoup(*path, "--help")
        assert shown.returncode == 0 and f"recoup {' '.join(path)}" in shown.stdout, path


def test_help_shows_every_option_with_its_whole_text_and_its_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """Square brackets in a text are read as markup and vanish: `show_default` is where a default that is not a value goes."""

    def words(text: str) -> str:
        return "".join(text.split())

    monkeypatch.setenv("COLUMNS", "80")
    seen = 0
    groups = {path[:-1] for path in commands()}
    for path in [*sorted(groups), *commands()]:
        command = whole_command()
        for name in path:
            command = command.commands[name]
        output = recoup(*path, "--help").stdout
        # Examples stay on one line each, to be copied.
        lines = [line for line in output.splitlines() if not re.match(r" +(Example: )?recoup ", line)]
        assert [line for line in lines if len(line) > 80 or re.search(r"\w(…|\.\.\.)$", line)] == [], path
        shown = words(output)
        assert words(command.help.replace("\b", "")) in shown, path
        for parameter in command.params:
            if getattr(parameter, "hidden", False):
                continue
            seen += 1
            about = words(parameter.help or "")
            assert about in shown, (path, parameter.name)
            after = shown[shown.index(about) + len(about) :]
            bracket = after[1 : after.index("]")] if after.startswith("[") else ""
            if isinstance(parameter.show_default, str):
                assert words(f"default: ({parameter.show_default})") in bracket, (path, parameter.name)
                assert parameter.default is None, (path, parameter.name)
            elif isinstance(parameter.default, (int, float, str)) and not isinstance(parameter.default, bool):
                assert words(f"default: {parameter.default}") in bracket, (path, parameter.name)
            else:  # without a value: a flag, or what must be given; what applies otherwise is always said
                flag = getattr(parameter, "is_flag", False)
                assert parameter.default is not None or parameter.required or flag, (path, parameter.name)
    assert seen > 100


def test_a_default_of_one_command_is_the_one_its_help_shows() -> None:
    from typer.testing import CliRunner

    from recoup.experiments.cli import app

    shown = {
        name: " ".join(CliRunner().invoke(app, [name, "--help"], env={"COLUMNS": "400"}).output.split())
        for name in ("stress", "upper-bounds")
    }
    assert "Accounts. [default: 2000; 1<=x<=10000000]" in shown["stress"]
    assert "Accounts. [default: (the scenario's, or all of a file); 1<=x<=10000000]" in shown["upper-bounds"]


def test_options_that_no_dataclass_has_are_refused() -> None:
    from recoup.experiments.commands.options import SimulationOptions
    from recoup.experiments.runs.options import options_from

    with pytest.raises(TypeError, match="SimulationOptions has no days"):
        options_from(SimulationOptions, days=3)


def test_shell_completion_offers_scenarios_and_plans() -> None:
    import os

    from recoup.experiments.runs.console import complete_plans, complete_scenarios

    assert {"china-consumer", "taiwan-cards"} <= set(complete_scenarios())
    assert {"staged", "status-quo"} <= set(complete_plans()) and "template" not in complete_plans()
    code = "from recoup.experiments.cli import app; app(prog_name='recoup')"
    environment = {
        **os.environ,
        "_RECOUP_COMPLETE": "complete_bash",
        "COMP_WORDS": "recoup compare -p st",
        "COMP_CWORD": "3",
    }
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False)
    assert {"staged", "status-quo"} <= set(done.stdout.split())


def test_doctor_finds_this_installation_whole() -> None:
    done = recoup("doctor", "--json")
    checks = {check["check"]: check for check in json.loads(done.stdout)}
    assert done.returncode == 0 and all(check["ok"] for check in checks.values() if check["needed"]), done.stdout
    assert "money conserved" in checks["simulation"]["details"]


def test_doctor_says_in_chinese_what_it_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    details = {finding.name: finding.details for finding in examine(text_in("zh"))}
    without = {name for name, said in details.items() if not re.search(r"[\u4e00-\u9fff]", said)}
    assert without <= {"packages", "packages for training"}, details  # which are names and versions alone
    assert "金额守恒" in details["simulation"] and "Chromium" in details["browser"]


def test_piped_output_has_no_colour() -> None:
    assert "\x1b" not in recoup("plans").stdout and "\x1b" not in recoup("compare", "--help").stdout
