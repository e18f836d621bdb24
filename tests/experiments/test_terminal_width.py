"""What commands print fits eighty cells, in English and Chinese; tables keep every figure, whichever form they take."""

from __future__ import annotations

import ast
import io
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from rich.cells import cell_len
from rich.progress import Progress, Task

import tests
from recoup.agents.index.index_policy import OUTCOMES
from recoup.experiments.commands import discontinuity, frontier, index, levers, model, train, training_seeds
from recoup.experiments.evidence.threshold import Accounts, study
from recoup.experiments.report.discontinuity_page import Page
from recoup.experiments.report.text import LANGUAGES, text_in
from recoup.experiments.robustness import attribution, shadow_prices, stress, upper_bounds
from recoup.experiments.runs.console import _PlainConsole, console
from recoup.experiments.runs.remaining import Remaining
from recoup.experiments.runs.tables import Table
from recoup.scenarios.schema import ROOT, scenario_names
from tests.command import recoup, whole_command
from tests.readback import made_up

WIDTH = 80
CARDS = ("-s", "taiwan-cards")


def shown(table: Table, width: int = WIDTH) -> str:
    out = io.StringIO()
    _PlainConsole(width=width, file=out, highlight=False, markup=False).print(table)
    assert all(cell_len(line) <= width for line in out.getvalue().splitlines()), out.getvalue()
    return out.getvalue()


# Two plain words in a row are English prose; names of files, fields, plans and settings are one word, or have other signs in them.
PROSE = re.compile(r"(?<![\w.`/«“'-])[A-Za-z]?[a-z]+(?:,? [a-z]+)+(?![\w`/-])")


def fits(text: str, folder: Path | None = None, language: str = "en") -> None:
    """No line is wider than the terminal, but for one that names a file: a path is not broken, as it is to be copied.

    In Chinese, no line has English prose in it.
    """
    if language == "zh":
        assert [line for line in text.splitlines() if PROSE.search(line)] == []
    wide = [line for line in text.splitlines() if cell_len(line) > WIDTH]
    assert [line for line in wide if folder is None or str(folder) not in line] == []


@pytest.fixture(autouse=True)
def eighty(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(WIDTH))


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A comparison with all that commands read from one."""
    folder = tmp_path_factory.mktemp("terminal") / "run"
    plans = [word for plan in ("no-contact", "status-quo", "staged") for word in ("-p", plan)]
    done = recoup("compare", *CARDS, *plans, "--seeds", "2", "--accounts", "40", "--days", "30", "--out", folder)
    assert done.returncode == 0, done.stderr
    fits(done.stdout, folder)
    return folder


# --- the forms of a table ---------------------------------------------------------------------------------------------


def test_a_table_with_room_is_one_table_with_numbers_on_the_right() -> None:
    table = Table("plan", "recovery, %", "source")
    table.add_row("staged", "18.8 (18.4 to 19.1)", "a file")
    table.add_row("tuned", "7.5", "none")
    lines = shown(table).splitlines()
    assert lines[3:5] == ["│ staged │ 18.8 (18.4 to 19.1) │ a file │", "│ tuned  │                 7.5 │ none   │"]


def test_intervals_go_below_their_numbers_where_there_is_no_room_beside_them() -> None:
    table = Table("plan", *"abc")
    table.add_row("status-quo", *["18.8 (18.4 to 19.1)"] * 3)
    assert shown(table).count("18.8 (18.4 to 19.1)") == 3
    assert re.sub(r"\s+", "", shown(table, 66).splitlines()[4]) == "││(18.4to19.1)│(18.4to19.1)│(18.4to19.1)│"


def numbers(rows: int, columns: int) -> Table:
    table = Table("row", *(f"column {number}" for number in range(columns)), title="all of them", caption="the end")
    for row in range(rows):
        table.add_row(f"r{row}", *(f"{row}{column:02},000.5" for column in range(columns)))
    return table


def test_few_rows_too_wide_are_turned() -> None:
    text = shown(numbers(3, 12))
    assert text.count("┏") == 1 and text.index("column 0") < text.index("column 11")
    assert all(f"{row}{column:02},000.5" in text for row in range(3) for column in range(12))


def test_many_rows_too_wide_are_cut_and_each_part_names_its_rows() -> None:
    text = shown(numbers(9, 12))
    assert text.count("┏") > 1 and text.count("│ r8 ") == text.count("┏")
    shown_once = [len(re.findall(rf"(?<!\d){row}{column:02},000\.5", text)) for row in range(9) for column in range(12)]
    assert shown_once == [1] * 108
    assert text.startswith("all of them") and text.count("the end") == text.count("all of them") == 1


def test_long_texts_are_set_row_by_row_behind_their_heads() -> None:
    table = Table("id", "rule", "source")
    table.add_row("hours", "no contact at night " * 8, "a standard of the trade " * 8)
    text = shown(table)
    assert "┏" not in text and text.startswith("hours") and "  rule: no contact" in text and "  source: a" in text
    assert " ".join(text.split()).count("a standard of the trade") == 8
    days = Table("day", "rule", "source")  # a bare number says nothing by itself
    days.add_row("14", "no contact at night " * 8, "a standard of the trade " * 8)
    assert shown(days).startswith("day: 14")


def test_chinese_is_two_cells_wide_and_breaks_between_characters() -> None:
    table = Table("规则", "检验次数")
    table.add_row("晚上十点至早上八点之间不得联系债务人" * 4, "1,234")
    text = shown(table)
    assert "1,234" in text and "".join(re.findall(r"[\u4e00-\u9fff]", text)).count("不得") == 4


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_nothing_is_cut_off_at_any_width(width: int) -> None:
    table = Table("world", "a long head, in points", "another, %")
    for row in range(8):
        table.add_row(f"a-name-of-a-world-{row}", f"+{row}.5 (+{row}.0 to +{row}.9)", f"−{row}.1")
    text = re.sub(r"[\s│]", "", shown(table, width))
    assert all(f"+{row}.5" in text and f"−{row}.1" in text for row in range(8))


# --- commands ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    "words",
    [
        ("scenarios",),
        ("plans",),
        ("rules",),
        *(("rules", "show", pack) for pack in ("china", "us-reg-f", "uk-conc")),
        ("plan", "check", "staged", "-s", "us-cards"),
        ("doctor",),
    ],
    ids=" ".join,
)
def test_lists_and_checks_fit(words: tuple[str, ...], language: str) -> None:
    done = recoup(*words, "--lang", language)
    assert done.returncode == 0, done.stderr
    own = language if words[:2] != ("rules", "show") else "en"  # the sources of rules are as they are published
    fits(done.stdout, ROOT, own)
    assert bool(re.search(r"[\u4e00-\u9fff]", done.stdout)) or language == "en"


@pytest.mark.parametrize("language", LANGUAGES)
def test_results_of_a_run_fit(run: Path, language: str, tmp_path: Path) -> None:
    for words in (("fairness", run), ("story", run), ("report", run), ("audit", run, "--no-pdf")):
        done = recoup(*words, "--lang", language)
        assert done.returncode == 0, done.stderr
        fits(done.stdout, run, language)
        assert bool(re.search(r"[\u4e00-\u9fff]", done.stdout)) == (language == "zh"), words


@pytest.mark.parametrize("language", LANGUAGES)
def test_imports_fit(language: str, tmp_path: Path) -> None:
    book, column_map, found = tmp_path / "book.csv", tmp_path / "map.yaml", tmp_path / "suggested.yaml"
    book.write_text("id,amount,days_past_due\na,100,3\na,-4,3\nb,5,70000\n", encoding="utf-8")
    column_map.write_text("fields: {account_id: id, opening_balance: amount, dpd: days_past_due}\n", encoding="utf-8")
    done = recoup("portfolio", "check", book, "--map", column_map, "--lang", language)
    assert done.returncode == 2, done.stderr
    fits(done.stdout, tmp_path, language)
    assert {"en": "3 problems", "zh": "3 个问题"}[language] in done.stdout
    done = recoup("map", "suggest", book, "--out", found, "--lang", language)
    assert done.returncode == 0, done.stderr
    fits(done.stdout, tmp_path, language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_takes_long_fits(language: str, monkeypatch: pytest.MonkeyPatch, run: Path) -> None:
    """The work itself is done elsewhere; here its results are made up."""
    monkeypatch.setattr(attribution, "attribute", lambda *arguments: made_up.EXTRAS["attribution.json"])
    monkeypatch.setattr("recoup.experiments.report.page.render", lambda folder, lang="en": Path("report.html"))
    result = made_up.EXTRAS["stress.json"] | {"positive": 2, "negative": 1, "worlds": 4, "worst": "half-staff"}
    monkeypatch.setattr(stress, "stress", lambda *arguments, **options: result)
    monkeypatch.setattr(shadow_prices, "shadow_prices", lambda *arguments: made_up.EXTRAS["shadow_prices.json"])
    days = {"time_to_recover_days": {"mean": 20.5, "low": 19.5, "high": 21.5}}
    bounds = [days | row for row in made_up.EXTRAS["upper_bounds.json"]["rows"]]
    monkeypatch.setattr(upper_bounds, "upper_bounds", lambda *arguments: {"rows": bounds})
    for words in (
        ("attribute", run),
        ("stress", "-p", "staged", "--baseline", "tiered"),
        ("shadow-prices",),
        ("upper-bounds",),
    ):
        done = recoup(*words, "--lang", language)
        assert done.returncode == 0, done.stderr
        fits(done.stdout, language=language)
        assert bool(re.search(r"[\u4e00-\u9fff]", done.stdout)) == (language == "zh"), words


@pytest.mark.parametrize("language", LANGUAGES)
def test_results_of_training_fit(language: str, capsys: pytest.CaptureFixture[str]) -> None:
    say, interval = text_in(language), {"mean": 0.4123, "low": 0.4012, "high": 0.4234}
    parts = dict.fromkeys(("score", "cash", "left", "cost", "complaints", "contacts"), 0.12345)
    seeds = [{"seed": seed, "score": 0.5, "parts": parts} for seed in range(1, 6)]
    train._print({"seeds": seeds, "chosen": 3, "baseline": parts}, say)
    unit = {"means": {str(seed): 0.4 for seed in range(1, 6)}, "baseline": interval, "interquartile_mean": interval}
    figures = unit | {"difference": interval, "probability_of_improvement": interval}
    training_seeds._print(
        {
            "scenario": "china-consumer",
            "title": "Consumer credit, mainland China (synthetic)",
            "accounts": 4000,
            "days": 180,
            "seeds": [1, 2],
            "validation": {str(seed): 0.5 for seed in range(1, 6)},
            "chosen": 3,
            "baseline": "status-quo",
            "measures": dict.fromkeys(training_seeds.SHORT, figures),
        },
        say,
    )
    rounds = [{"prices": {"a": 0.1, "b": 0.2, "c": 0.3}, "caution": 1.0, **parts} for _ in range(4)]
    quality = {"r2": 0.5, "std": 0.1, "tenths": [(-0.001234, 0.00234, 7)] * 10}
    index._print(
        {
            "values": dict.fromkeys(OUTCOMES, quality),
            "arms": {
                f"collector/plan_{n}": {"rows": 12345, "predicted": 0.1, "observed": 0.2, "standard_error": 0.01}
                for n in range(20)
            },
            "prices": {"allowed": parts, "plan": parts, "rounds": rounds, "kept": 2},
        },
        language,
    )
    fits(capsys.readouterr().out, language=language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_frontier_and_levers_fit(language: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    values = {"npv_rate": 0.6, "contacts_per_debtor": 23.4, "complaints_per_1000": 12.1, "full_cost_rate": 0.058}
    points = [{"name": f"price-point-{n}", "values": values, "frontier": n < 9} for n in range(20)]
    plans = [{"name": name, "values": values} for name in ("status-quo", "staged", "contact-capped")]
    result = {
        "by": "npv_rate",
        "points": points,
        "plans": plans,
        "chosen": "price-point-3",
        "feasible": True,
        "limits": {},
    }
    frontier._print(result, tmp_path, language)
    share = {"mean": 0.651, "low": 0.566, "high": 0.727}
    names = list(text_in("en")._at("levers.names"))
    each = {
        "pawn": 0.23,
        "at_low": 0.4,
        "at_high": 0.9,
        "flips_low": 0.71,
        "flips_high": 0.93,
        "matters": True,
        "clear": True,
    }
    effects = [{"name": name, "flips_at": 0.82 if name == names[0] else None, **each} for name in names]
    measure = {
        "beats_best": share,
        "beats": dict.fromkeys(("staged", "tiered"), share),
        "best": {"staged": 0.5, "tiered": 0.5},
    }
    measured = measure | {"levers": effects, "noise": 0.11}
    ranges = [{"name": name, "label": name, "low": 0.5, "high": 2.0} for name in names]
    levers._print(
        {
            "challenger": "learned",
            "worlds": 128,
            "plans": ["staged", "tiered"],
            "levers": ranges,
            "measures": dict.fromkeys(("net_recovery_rate", "recovery_rate", "npv_rate"), measured),
        },
        language,
    )
    out = capsys.readouterr().out
    fits(out, tmp_path, language)
    assert all(f"│ {text_in(language).one_of('levers.names', name)} " in out for name in names)  # each on one line


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_learned_of_records_fits(language: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    say, found = text_in(language), {"mean": 0.712, "low": 0.678, "high": 0.745}
    period = {"first": "2025-01-06", "last": "2025-03-03", "rows": 12345, "cases": 1234, "observed": 0.1, "said": 0.11}
    period |= {"discrimination": dict.fromkeys(("auc", "gini", "ks"), found), "calibration_error": 0.012}
    for form in ("logistic regression", "boosted trees, 12 leaves"):
        score = {"model": form, "fit": period, "test": period, "drift": {"score": 0.03}}
        console().print(model._quality({"kind": "early-warning", "score": score}, say))
    effect = {"mean": -1234.0, "low": -2345.0, "high": 123.0}
    effects = [
        {"treatment": name, "treated": 4321, "effective_sample": 3210.0, "effect": effect if name == "sms" else None}
        for name in ("sms", "collector", "offer-restructure")
    ]
    console().print(model._effects({"horizon": 21, "effects": effects}, say))
    random = np.random.default_rng(1)
    score_of = np.round(random.uniform(300, 850, 3000))
    paid = (random.random(3000) < 0.2 + 0.2 * (score_of >= 600)) * random.lognormal(6, 1, 3000)
    given = np.where(score_of >= 600, 0.9, 0.1)
    accounts = Accounts(score_of, paid, {"prior_delinquencies": random.normal(size=3000)}, given, 12, 90)
    discontinuity._print(Page(study(accounts, 600.0), "credit_score", "cash", "specialist", say))
    out = capsys.readouterr().out
    fits(out, language=language)
    assert "−1,234" in out and "0.712" in out
    logs = [word for name in ("portfolio", "contacts", "payments") for word in (f"--{name}", tmp_path / f"{name}.csv")]
    (tmp_path / "portfolio.csv").write_text("account_id,opening_balance,dpd\na,100,3\n", encoding="utf-8")
    (tmp_path / "contacts.csv").write_text(
        "account_id,date,channel,outcome\na,2025-03-03,sms,delivered\nb,2025-03-03,sms,delivered\n", encoding="utf-8"
    )
    (tmp_path / "payments.csv").write_text("account_id,date,amount\na,2025-03-04,10\n", encoding="utf-8")
    done = recoup("portfolio", "state", *logs, "--at", "2025-03-10", "--out", tmp_path / "state", "--lang", language)
    assert done.returncode == 0, done.stderr
    fits(done.stdout, tmp_path, language)
    assert {"en": "not used: 1 contacts", "zh": "未使用：1 次联系"}[language] in done.stdout
    # Every sentence on what no log tells is said in the reader's language.
    assert language == "en" or all(
        re.search(r"[\u4e00-\u9fff]", line.split("：", 2)[-1]) for line in done.stdout.splitlines() if "未知：" in line
    )


# --- language, width, time ---------------------------------------------------------------------------------------------


def test_the_environment_sets_the_language_and_the_option_goes_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECOUP_LANG", "zh")
    assert "名称" in recoup("plans").stdout or "分阶段方案" in recoup("plans").stdout
    assert not re.search(r"[\u4e00-\u9fff]", recoup("plans", "--lang", "en").stdout)
    monkeypatch.setenv("RECOUP_LANG", "fr")
    done = recoup("plans")
    assert done.returncode == 2 and "RECOUP_LANG" in done.stderr and done.stderr.count("\n") == 1


def test_every_command_that_prints_results_takes_a_language() -> None:
    from tests.experiments.test_cli import commands

    silent = {("schema",), ("plan", "template")}  # they print files
    for path in commands():
        command = whole_command()
        for name in path:
            command = command.commands[name]
        assert ("--lang" in {option for p in command.params for option in p.opts}) == (path not in silent), path


def test_a_pipe_is_eighty_cells_wide_unless_told_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS")
    assert console().width == 80
    monkeypatch.setenv("COLUMNS", "132")
    assert console().width == 132


def test_json_is_the_same_in_every_language() -> None:
    for words in (("scenarios",), ("plan", "check", "staged"), ("rules",)):
        english, chinese = (recoup(*words, "--json", "--lang", language).stdout for language in LANGUAGES)
        assert json.loads(english) == json.loads(chinese)
    assert {row["name"] for row in json.loads(recoup("scenarios", "--json").stdout)} == set(scenario_names())


def test_everything_that_is_listed_has_a_chinese_name_and_description() -> None:
    say = text_in("zh")
    for words in ("scenarios", "plans", "rules"):
        for row in json.loads(recoup(words, "--json").stdout):
            assert all(
                re.search(r"[\u4e00-\u9fff]", say.one_of(group, row["name"])) for group in ("names", "descriptions")
            )


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def task_of(progress: Progress, done: float) -> Task:
    progress.update(progress.task_ids[0], completed=done)
    return progress.tasks[0]


def test_the_time_that_remains_is_known_after_one_step_however_long_it_took() -> None:
    clock, column = Clock(), Remaining()
    progress = Progress(get_time=clock)
    progress.add_task("seeds", total=10)
    assert column.seconds(task_of(progress, 0)) is None
    clock.now += 300.0  # one step in five minutes: Rich's own estimate forgets it after thirty seconds
    assert column.seconds(task_of(progress, 1)) == pytest.approx(9 * 300.0)
    clock.now += 300.0
    assert column.seconds(task_of(progress, 3)) == pytest.approx(7 * 200.0)
    assert str(column.render(progress.tasks[0])) == "0:23:20"


def test_steps_kept_from_an_earlier_run_do_not_make_the_rest_look_quick() -> None:
    clock, column = Clock(), Remaining()
    progress = Progress(get_time=clock)
    progress.add_task("seeds", total=10)
    clock.now += 0.1
    assert column.seconds(task_of(progress, 6)) is None
    clock.now += 99.9
    assert column.seconds(task_of(progress, 8)) == pytest.approx(2 * 50.0)


def test_a_terminal_says_what_begins_before_anything_heavy_is_loaded() -> None:
    """In an interpreter of its own: neither pandas nor Numba is there yet when the first line is out."""
    code = (
        "import sys; sys.stderr.isatty = lambda: True\n"
        "from recoup.experiments.commands.showing import announce\n"
        "announce('compare', 'zh', policies=2, scenario='taiwan-cards', seeds=3)\n"
        "print(sorted({'pandas', 'numba', 'matplotlib', 'torch', 'scipy'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "在 taiwan-cards 上比较 2 个策略，每个 3 个随机种子\n" and done.stdout == "[]\n"


def test_a_pipe_hears_nothing_of_what_begins() -> None:
    assert recoup("scenarios").stderr == recoup("doctor", "--json").stderr == ""


# Calls whose texts a reader sees; those of errors and hints on standard error, which begin with «recoup: », stay English.
SHOWING = {"print", "show", "add_row", "add_column", "Table", "progress_bar", "add_task", "print_in"}


def literal(node: ast.AST) -> str:
    """The text of a literal or of an f-string, each value in it as a hyphen; empty for what is neither."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(literal(part) or "-" for part in node.values)
    return ""


def shown_texts(file: Path) -> list[str]:
    """Literals that calls show, without the detour by a catalogue."""
    found = []
    for call in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if not isinstance(call, ast.Call):
            continue
        name = getattr(call.func, "attr", getattr(call.func, "id", ""))
        shown = [*call.args, *(word.value for word in call.keywords if word.arg in ("title", "caption", "total"))]
        if name in SHOWING:
            found += [text for one in shown if (text := literal(one)) and not text.startswith("recoup: ")]
    return found


def test_no_sentence_bypasses_the_catalogues() -> None:
    rooms = [tests.ROOT / "experiments" / room for room in ("commands", "checks", "runs", "dashboard", "report")]
    bypassing = [
        f"{file.relative_to(tests.ROOT)}: {text}"
        for room in rooms
        for file in sorted(room.rglob("*.py"))
        for text in shown_texts(file)
        if re.search("[A-Za-z]{3}", text.replace("SHA-256", ""))
    ]
    assert bypassing == []
