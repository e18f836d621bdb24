"""The report: the same words in both languages, every number from the run, sections only where there is data, one file."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import string
from collections import Counter
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from recoup.agents.plans.conditions import codes_of
from recoup.agents.plans.plan import Plan
from recoup.agents.plans.plan_file import PlanFile, find_plan, read_plan
from recoup.experiments.comparison import welfare
from recoup.experiments.comparison.compare import compare
from recoup.experiments.comparison.measures import MEASURE
from recoup.experiments.comparison.run import Run, best_of, verdict
from recoup.experiments.comparison.settings import Comparison
from recoup.experiments.report import LANGUAGES, render, text_in
from recoup.experiments.report.answers import answers
from recoup.experiments.report.charts import Mark, StandIns, _wrapped, dots, strip
from recoup.experiments.report.page import SECTIONS
from recoup.experiments.report.plan_tree import Fork, Leaf, condition, tree_of
from recoup.experiments.report.sections.capacity import _bottleneck
from recoup.experiments.report.words import conditions, reason_words, step_words
from recoup.experiments.robustness.stress import is_one_parameter, stress_set
from recoup.experiments.runs.console import shipped
from recoup.scenarios.schema import load_scenario
from recoup.sim.inputs import InputError, read_yaml
from recoup.sim.observation import FIELDS, HIGH, LOW
from recoup.sim.remarks import DOUBTS, PLACES, REMARKS, Remark, RemarkContent
from recoup.sim.treatments import ALL_TREATMENTS, Menu
from tests import ROOT, browser
from tests.command import recoup
from tests.whole_files import whole

TREES = Path(__file__).parent / "trees"  # distilled from learned policies, as `recoup distill` writes a tree
MESSAGES = ROOT / "experiments" / "report" / "messages"
SIZES = {"desktop": 1280, "phone": 390}


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "run"
    plans = ("no-contact", "status-quo", "staged", "tiered")
    compare(Comparison("taiwan-cards", plans, seeds=2, accounts=200, days=70), folder, command="recoup compare …")
    for language in LANGUAGES:
        render(folder, language)
    return folder


@pytest.fixture(scope="module")
def full(finished: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same run with what other commands add to a run folder."""
    folder = tmp_path_factory.mktemp("runs") / "full"
    shutil.copytree(finished, folder)
    for name, content in EXTRAS.items():
        (folder / name).write_text(json.dumps(whole(name, content)))
    (folder / "audit.csv").write_text(
        "policy,seed,rule,account_id,day,evidence\nstaged,1,contact-hours,27499,11,a call at 23:10\n"
    )
    for language in LANGUAGES:
        render(folder, language)
    return folder


def around(mean: float) -> dict[str, float]:
    return {"mean": mean, "low": mean - 0.01, "high": mean + 0.01}


EXTRAS: dict[str, Any] = {
    "attribution.json": {
        "from": "staged",
        "to": "tiered",
        "seeds": [1, 2],
        "hybrids": 16,
        "measures": {
            measure: {
                "start": around(0.41),
                "total": around(0.03),
                "parts": {
                    part: around(value)
                    for part, value in {"timing": 0.02, "channel": -0.01, "offer": 0.015, "legal": 0.005}.items()
                },
            }
            for measure in ("npv_rate", "recovery_rate")
        },
    },
    "stress.json": {
        "baseline": "staged",
        "challenger": "tiered",
        "rows": [
            {
                "perturbation": name,
                "label": label,
                "npv_rate": around(value),
                "recovery_rate": around(value),
                "time_to_recover_days": around(-0.01),
                "complaints_per_1000": around(1.0),
            }
            for name, label, value in (("willing", "less willing debtors", 0.03), ("reach", "fewer reached", -0.02))
        ],
    },
    "shadow_prices.json": {
        "rows": [
            {
                "resource": "collector_hours",
                "unit": "hour",
                "policy": "tiered",
                "price": around(31.0),
                "currency": "TWD",
            }
        ]
    },
    "audit.json": {
        "pack": "taiwan",
        "rules": [
            {
                "id": "contact-hours",
                "text": "No calls at night.",
                "text_zh": "夜间不得催收。",
                "tested": 1234,
                "near": 7,
                "stopped": 3,
                "breaches": 2,
                "by_policy": {"staged": {"breaches": 2}, "tiered": {"breaches": 0}},
            }
        ],
    },
    "fairness.json": {
        "outcomes": [{"name": "sued", "title": "Sued", "unit": "share", "kind": "burden"}],
        "gaps_judged": 48,
        "policies": {
            name: {
                "sex": {
                    "female": {
                        "accounts": 100.0,
                        "outcomes": {
                            "sued": {"value": around(0.3), "others": 0.1, "adjusted": {"gap": 0.2}, "unequal": True}
                        },
                    }
                }
            }
            for name in ("no-contact", "status-quo", "staged", "tiered")
        },
        "drawn": ["region"],
        "proxies": {
            "bound": 0.7,
            "attributes": {
                "sex": {"female": {"auc": 0.8, "low": 0.75, "high": 0.85, "field": "payday", "field_auc": 0.78}},
                "region": {"west": {"auc": 0.52, "low": 0.45, "high": 0.59, "field": "dpd", "field_auc": 0.51}},
            },
        },
        "warnings": [{"policy": "tiered", "attribute": "sex", "group": "female", "outcome": "sued"}],
    },
    "upper_bounds.json": {
        "rows": [
            {"bound": "ample_staff", "policy": "tiered", "label": "", "recovery_rate": around(0.55)},
            {"bound": "hindsight_best", "policy": None, "label": "Knowing each debtor", "recovery_rate": around(0.6)},
        ]
    },
}


def _leaves(data: Any, path: str = "") -> dict[str, set[str]]:
    """Dotted keys of a catalogue, each with the places its message fills."""
    if isinstance(data, dict):
        return {key: fields for name, item in data.items() for key, fields in _leaves(item, f"{path}.{name}").items()}
    return {path: {name for _, name, _, _ in string.Formatter().parse(str(data)) if name}}


def test_both_catalogues_say_the_same_things() -> None:
    english, chinese = (read_yaml(MESSAGES / f"{language}.yaml").data for language in LANGUAGES)
    assert all(entry.keys() == {"title", "definition"} for entry in chinese["measures"].values())
    assert set(chinese.pop("measures")) == MEASURE.keys() | welfare.MEASURE.keys()
    for group in (
        "names",
        "descriptions",
        "plan_rules",
        "notes",
        "remarks",
        "targets",
        "columns",
    ):  # what other files say in English
        assert english.pop(group) == {} and chinese.pop(group)
    ours, theirs = _leaves(english), _leaves(chinese)
    assert ours.keys() == theirs.keys()
    assert "None" not in map(str, [*_flat(english).values(), *_flat(chinese).values()])
    assert {key: ours[key] ^ theirs[key] for key in ours if ours[key] != theirs[key]} == {}
    assert all(
        re.search(r"[\u4e00-\u9fff]", str(v))
        or not re.search("[A-Za-z]", re.sub(r"{\w+}", "", str(v)))  # “{a}，{b}” has no words
        for k, v in _flat(chinese).items()
        if not k.startswith((".units", ".between", ".list", ".money_amount"))
    )


def test_every_remark_is_said_in_chinese_with_the_same_values() -> None:
    chinese = read_yaml(MESSAGES / "zh.yaml").data["remarks"]
    assert chinese.keys() == REMARKS.keys() and REMARKS.keys() > DOUBTS
    for code, sentence in chinese.items():
        assert {name for _, name, _, _ in string.Formatter().parse(sentence) if name} == set(PLACES[code]), code
        assert re.search(r"[\u4e00-\u9fff]", sentence) or code in ("balanced", "check_field"), code  # no words
    with pytest.raises(ValueError, match="remark few names cut, least"):
        Remark("few", {"cut": 3})
    with pytest.raises(ValueError, match="no remark many"):
        Remark("many")


def test_a_remark_within_a_remark_is_kept_and_said_whole() -> None:
    left = Remark(
        "left_out", {"rows": 1234, "reason": Remark("outside", {"column": "bal", "least": "20", "most": "30"})}
    )
    assert str(left) == "Left out of the file: 1,234 rows (bal is not from 20 to 30)"
    kept = json.loads(json.dumps(left.content()))
    assert RemarkContent.model_validate(kept).remark() == left
    assert text_in("zh").note(kept) == text_in("zh").note(left) == "文件中剔除 1,234 行（bal 不在 20 至 30 之间）"
    nothing = Remark("density", {"cut": -0.5, "change": None, "p": 0.01234})
    assert (
        text_in("en")
        .remark(nothing)
        .startswith("scores gather on one side of −0.5: their density is +∞ above it (p = 0.012)")
    )


def _flat(data: Any, path: str = "") -> dict[str, object]:
    if isinstance(data, dict):
        return {key: value for name, item in data.items() for key, value in _flat(item, f"{path}.{name}").items()}
    return {path: data}


def test_numbers_are_written_as_readers_write_them() -> None:
    say, sagen = text_in("en"), text_in("zh")
    assert (
        say.number(0.4312, "share") == "43.1\u00a0%" and say.number(-0.012, "points", signed=True) == "−1.2\u00a0points"
    )
    assert say.number(None, "days") == "–"
    # A difference is not written as nothing, as in «costs more (0.0 points)»; one that is nothing is.
    assert say.number(-0.0001, "points", signed=True) == "−0.01\u00a0points"
    assert say.number(0.0000012, "points", signed=True) == "+0.0001\u00a0points"
    assert say.number(1e-12, "points", signed=True) == say.number(0.0, "points", signed=True) == "0.0\u00a0points"
    assert say.span({"mean": 0.4, "low": 0.39, "high": 0.41}, "share") == "40.0\u00a0% (39.0 to 41.0)"
    assert say.span({"mean": 0.4, "low": None, "high": None}, "share") == "40.0\u00a0%"
    assert sagen.span({"mean": 3, "low": 2, "high": 4}, "days") == "3.0\u00a0天 (2.0 至 4.0)"
    assert sagen.number(0.05, "points", signed=True) == "+5.0\u00a0个百分点"


def test_per_cent_signs_stay_with_their_numbers_and_chinese_sentences_need_no_space() -> None:
    say, sagen = text_in("en"), text_in("zh")
    assert say("verdict.good") == "better at 95\u00a0%" and say.one_of("verdict", "bad") == "worse at 95\u00a0%"
    assert say.sentences("One.", "", "Two.") == "One. Two." and sagen.sentences("一。", "二。") == "一。二。"


def test_sentences_on_staff_are_joined_as_the_language_joins_them(finished: Path) -> None:
    run = Run(finished)
    pools = {"collector": {"requested": 100, "served": 50, "seconds_used": 10, "seconds_on_shift": 100}}
    run.results |= {"resources": {run.best: pools}, "legal_team": {run.best: {"waiting_suits": 3.0}}}
    english, chinese = (_bottleneck(run, text_in(language)) for language in LANGUAGES)
    # Half the requests unserved at 10 % of the time used is no tight resource.
    assert "Tightest" not in english and "50.0\u00a0% of requests were not served although only 10.0\u00a0%" in english
    assert english.count(". ") == 1 and english.endswith("waited for the legal team.")
    assert chinese.count("。") == 2 and " 平均" not in chinese
    pools["collector"]["seconds_used"] = 90
    assert _bottleneck(run, text_in("en")).startswith("Tightest resource under")


def test_catalogues_speak_the_language_of_the_trade() -> None:
    english, chinese = ((MESSAGES / f"{language}.yaml").read_text(encoding="utf-8") for language in LANGUAGES)
    assert re.findall(r"\b(?:surely|sure|luck|books?|twins?|lottery|restraint)\b", english) == []
    assert re.findall("回收|滚动率|运气|克制|世界|杠杆|闸口|上门|场景|占用率|资产组合", chinese) == []
    assert all(
        term in chinese for term in ("回款率", "净回款率", "迁徙率", "本人接通率", "承诺兑现率", "样本不足，无法判定")
    )


def test_better_at_95_percent_means_an_interval_clear_of_zero() -> None:
    assert (
        verdict({"mean": 1, "low": 0.1, "high": 2}, 1) == "good"
        and verdict({"mean": 1, "low": 0.1, "high": 2}, -1) == "bad"
    )
    assert (
        verdict({"mean": 1, "low": -0.1, "high": 2}, 1) == "open"
        and verdict({"mean": 1, "low": None, "high": None}, 1) == "open"
    )


def test_answers_compare_the_best_plan_with_the_plan_in_force(finished: Path) -> None:
    run = Run(finished)
    assert run.reference == "status-quo" and run.best != "status-quo"  # not no-contact, which was named first
    said, best = answers(run.results), best_of(run.results)
    change = text_in("en").span(run.difference(best, "status-quo", "npv_rate"), "points", signed=True)
    assert best in said[0] and change in said[0]
    assert said[-1] == "No rule was broken."
    broken = {**run.results, "breaches": {"staged": {"night": 1200}}}
    assert answers(broken)[-1].startswith("Rules were broken 1,200 times")


@pytest.mark.parametrize("language", LANGUAGES)
def test_page_is_one_file_with_tables_that_have_heads_and_captions(finished: Path, language: str) -> None:
    html = (finished / ("report.html" if language == "en" else f"report.{language}.html")).read_text(encoding="utf-8")
    # What scripts there are stand in the page: its own few lines, and the words that they say.
    assert html.count("<script") == 2 and "src=" not in html and "@import" not in html and "url(http" not in html
    assert not re.search(r'href="(?!#|data:)', re.sub(r"<svg.*?</svg>", "", html, flags=re.S))
    assert "font-face" not in html and "@media print" in html
    assert html.count("<table") == html.count("<caption>") > 5
    for head in re.findall(r"<thead>.*?</thead>", html, re.S):
        assert "<td" not in head and head.count("<th ") == head.count('<th scope="col"')
    for row in re.findall(r"<tr>.*?</tr>", html.split("<tbody>", 1)[1], re.S):
        assert row.count('scope="row"') == 1 or 'scope="col"' in row
    ids = re.findall(r'\bid="([^"]+)"', html)
    assert len(ids) == len(set(ids))


def test_sections_without_data_leave_no_trace(finished: Path, full: Path) -> None:
    plain, whole = ((folder / "report.html").read_text(encoding="utf-8") for folder in (finished, full))
    for section in ("attribution", "stress", "upper_bounds"):
        heading = text_in("en")(f"{section}.heading")
        assert f'id="{section}"' not in plain and heading not in plain
        assert f'id="{section}"' in whole and heading in whole
    assert "shadow price" not in plain and "31.00 TWD" in whole
    assert "not confirmed at 95\u00a0% in 1 of 2 perturbed worlds: fewer reached" in whole
    assert "tiered, ample staff" in whole and "best of these policies for each account, in hindsight" in whole
    assert "1 rules were applied 1,234 times, with 2 breaches" in whole and "a call at 23:10" in whole
    assert "tiered, sex female: Sued 30.0\u00a0%, against 10.0\u00a0% for comparable other debtors" in whole
    assert "the largest part comes from timing: +2.0" in whole
    assert 'id="levers"' not in plain  # tests/readback/test_levers.py reads the section where there is one
    sections = set(re.findall(r'<section id="([\w-]+)"', whole))
    assert SECTIONS.keys() - {"frontier", "levers", "why"} == {name for name in sections if "-" not in name} - {"memo"}


def test_pictures_hold_text_in_the_language_of_the_page(finished: Path) -> None:
    html = (finished / "report.zh.html").read_text(encoding="utf-8")
    texts = [
        text for svg in re.findall(r"<svg.*?</svg>", html, re.S) for text in re.findall(r"<text[^>]*>([^<]*)", svg)
    ]
    assert "入催后天数" in texts and "分阶段方案" in texts and "低风险" in texts
    assert not any(re.search("[⧏-⨂]", text) for text in texts)


def test_long_labels_are_wrapped_by_what_they_take_up() -> None:
    assert _wrapped("a recession from day 30", 12) == "a recession\nfrom day 30"
    assert _wrapped("第 30 天起经济衰退（压力指数 +2）", 12) == "第 30 天起经\n济衰退（压力\n指数 +2）"
    assert _wrapped("short", 12) == "short" and _wrapped("unbreakable-by-itself", 5) == "unbreakable-by-itself"


def test_a_number_has_the_printed_minus_and_a_name_keeps_its_hyphen() -> None:
    picture = strip("gains", {"cost": [Mark("status-quo", -0.5, None, None)]}, [], "change", "Gains")
    assert "status-quo: −0.50" in unescape(picture.wide)


def test_stand_ins_are_told_apart_and_restored() -> None:
    ink = StandIns()
    names = ["低风险", "中风险", "高风险", "A 级和 b"]
    drawn = [ink(name) for name in names]
    assert len(set(drawn)) == 4 and not re.search(r"[\u4e00-\u9fff]", "".join(drawn))
    assert ink.restore("".join(f"<text>{text}</text>" for text in drawn)) == "".join(f"<text>{n}</text>" for n in names)
    picture = dots("p", ["低", "高"], {"甲": [around(0.1), around(0.2)]}, "率", 'a "quoted" <caption>')
    assert "&quot;quoted&quot; &lt;caption>" in picture.wide and picture.wide != picture.narrow


def test_plan_that_changed_since_is_not_shown(finished: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(finished, folder)
    settings = json.loads((folder / "run.json").read_text())
    settings["policies"] = dict.fromkeys(settings["policies"], "of another time")
    (folder / "run.json").write_text(json.dumps(settings))
    assert 'id="plan"' in (finished / "report.html").read_text() and 'id="plan"' not in render(folder).read_text()


def _grown(fork: Fork, row: dict[int, float]) -> Leaf:
    """The leaf to which an account goes."""
    below: Fork | Leaf = fork
    while isinstance(below, Fork):
        below = below.branches[sum(row[below.column] >= cut for cut in below.cuts)]
    return below


@pytest.mark.parametrize("scenario", ["china-consumer", "taiwan-cards"])
def test_tree_decides_as_the_rules_that_it_is_read_from(scenario: str) -> None:
    menu = Menu.of(*(getattr(load_scenario(scenario).world, part) for part in ("channels", "offers", "legal")))
    plan = Plan.load(read_yaml(TREES / f"{scenario}.yaml"), menu)
    tree = tree_of(plan.file)
    assert tree is not None
    draw = np.random.default_rng(1)
    seen = (LOW + draw.random((40_000, len(FIELDS))) * (np.minimum(HIGH, LOW + 400) - LOW)).round().astype(np.float32)
    everything = np.ones((len(seen), len(menu)), bool)
    decided = plan.deciding_rules(seen, plan.act(seen, everything))
    first = [_grown(tree, dict(enumerate(row))).rules[0].name for row in seen.tolist()]
    assert first == [plan.rules[number].name for number in decided] and len(set(first)) > 8


def test_ordered_rules_are_no_tree_and_a_field_is_cut_where_all_agree() -> None:
    assert tree_of(read_plan(find_plan("staged"))) is None
    data = {"name": "p", "title": "p", "rules": []}
    for number, when in enumerate(
        (
            {"dpd": {"at_most": 7}},
            {"dpd": {"at_least": 8, "at_most": 29}},
            {"dpd": {"at_least": 30}, "early_warning": {"above": 0.35}},
            {"dpd": {"at_least": 30}, "early_warning": {"at_most": 0.35}},
        )
    ):
        data["rules"].append({"name": str(number), "when": when, "do": "nothing"})  # type: ignore[attr-defined]
    tree = tree_of(PlanFile.model_validate(data))
    assert tree is not None and tree.cuts == (8, 30)
    say = text_in("en")
    last = tree.branches[2]
    assert isinstance(last, Fork)
    words = [condition(fork, n, say) for fork in (tree, last) for n in range(len(fork.branches))]
    assert words == [
        "days past due ≤\u00a07", "days past due: 8–29", "days past due ≥\u00a030",
        "early-warning risk ≤\u00a035\u00a0%", "early-warning risk >\u00a035\u00a0%",
    ]  # fmt: skip
    data["rules"][1]["when"] = {"dpd": {"at_most": 29}}  # type: ignore[index]
    assert tree_of(PlanFile.model_validate(data)) is None


def test_page_shows_the_distilled_tree_and_how_often_each_rule_decided(tmp_path: Path) -> None:
    tree = str(TREES / "china-consumer.yaml")
    compare(Comparison("china-consumer", ("staged", tree), seeds=1, accounts=60, days=40), tmp_path / "run")
    run = Run(tmp_path / "run")
    part = run.parts("distilled")[0]
    assert sum(part["rules"].values()) == sum(
        days for tiers in part["decisions"].values() for treatments in tiers.values() for days in treatments.values()
    )
    html = render(tmp_path / "run").read_text(encoding="utf-8")
    assert '<figure class="tree"' in html and html.count('<ol class="do">') > 8
    chinese = render(tmp_path / "run", "zh").read_text(encoding="utf-8")
    words = re.sub(r"<[^>]+>", " ", re.findall(r'<figure class="tree".*?</figure>', chinese, re.S)[0])
    assert "逾期天数" in words and not re.search("[a-z]", unescape(words))


def test_every_field_code_and_treatment_has_words() -> None:
    for language in LANGUAGES:
        messages = read_yaml(MESSAGES / f"{language}.yaml").data
        assert list(messages["fields"]) == [field.name for field in FIELDS]
        assert messages["codes"] == {f.name: messages["codes"][f.name] for f in FIELDS if codes_of(f)}
        assert all(tuple(messages["codes"][f.name]) == codes_of(f) for f in FIELDS if codes_of(f))
        parts = {part for treatment in ALL_TREATMENTS for part in treatment.name.split("/")}
        assert set(messages["treatments"]) == parts | {"none"}
        say = text_in(language)
        for name in shipped("plans"):
            for rule in read_plan(find_plan(name)).rules:
                assert conditions(rule.when, say) and step_words(rule.do, say)


def test_chinese_names_each_rule_of_the_plans_that_ship() -> None:
    say = text_in("zh")
    for name in shipped("plans"):
        names = [say.plan_rule(rule.name) for rule in read_plan(find_plan(name)).rules]
        assert len(set(names)) == len(names) and all(re.search(r"[\u4e00-\u9fff]", text) for text in names), name
    assert reason_words("friendly call", say) == "友好致电" and say.plan_rule("of my own") == "of my own"
    tuned = "call about the others → collector plan_12, but nothing (36)"
    assert say.plan_rule(tuned) == "其余致电 → 催收员外呼、分 12 期（例外 36：不行动）"
    assert say.plan_rule("low, SMS reminder, but wechat (4)") == "低风险：短信提醒（例外 4：微信消息）"
    assert text_in("en").plan_rule(tuned) == tuned and say.plan_rule("mine → wechat") == "mine → wechat"


def test_chinese_knows_every_note_and_stress_that_ships() -> None:
    say = text_in("zh")
    scenarios = [load_scenario(name) for name in shipped(".")]
    notes = [note for s in scenarios for note in (*s.notes, *s.portfolio(5, 1).notes)]
    words = [say.note(note) for note in notes] + [
        say.one_of("stress.labels", variant.name) for variant in stress_set() if not is_one_parameter(variant.name)
    ]
    assert len(words) > 10 and [text for text in words if not re.search(r"[\u4e00-\u9fff]", text)] == []
    assert say.note("of my own") == "of my own"


def test_chinese_knows_every_published_figure_and_its_source() -> None:
    say, english = text_in("zh"), text_in("en")
    files = [read_yaml(path).data for path in sorted((ROOT / "scenarios" / "calibration").glob("*.yaml"))]
    said = [target[part] for file in files for target in file["targets"] for part in ("text", "source")]
    assert len(said) > 90 and [text for text in said if not re.search(r"[\u4e00-\u9fff]", say.target(text))] == []
    assert set(said) >= set(say._messages["targets"])  # none that no file has any more
    assert [english.target(text).replace("\u00a0", " ") for text in said] == said
    # A figure that the Chinese names differently is another figure; what is quoted as a number in words is not looked at.
    for text in said:
        theirs = Counter(re.findall(r"\d+(?:\.\d+)?", say.target(text).replace(",", "")))
        assert not Counter(re.findall(r"\d+(?:\.\d+)?", text.replace(",", ""))) - theirs, text


def test_dearest_resource_is_named_only_if_it_is_sure(full: Path, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    shutil.copytree(full, folder)
    row = {"resource": "cases", "unit": "place", "policy": "staged", "currency": "TWD"}
    unsure = {**row, "price": {"mean": 268.0, "low": -1600.0, "high": 2100.0}}
    sure = {**row, "resource": "collector_hours", "price": {"mean": 23.0, "low": 13.0, "high": 33.0}}
    for rows, said in (
        ([unsure, sure], "one more hour of collectors' time would bring 23.00 TWD under staged"),
        ([unsure], "nothing scarce"),
    ):
        (folder / "shadow_prices.json").write_text(json.dumps(whole("shadow_prices.json", {"rows": rows})))
        assert said in unescape(render(folder).read_text(encoding="utf-8"))


def test_unfinished_run_has_no_report(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"results\.json"):
        render(tmp_path)


_OVERFLOWING = """[...document.querySelectorAll('body *')].filter(e => !e.closest('.scroll, svg')
    && e.getBoundingClientRect().right > innerWidth + 1).map(e => e.tagName + '.' + e.className)"""
_PICTURES = """[...document.querySelectorAll('figure:not(.tree)')].map(f => [...f.querySelectorAll('svg')].map(s => s.getBoundingClientRect())
    .filter(b => b.width > 250 && b.height > 80).length)"""
_SMALLEST = """Math.min(...[...document.querySelectorAll('small, td, p, svg text')].map(e => e.getBoundingClientRect().height)
    .filter(h => h > 0))"""


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("size", SIZES)
def test_browser_shows_the_page_whole(chromium: browser.Browser, full: Path, language: str, size: str) -> None:
    file = full / ("report.html" if language == "en" else f"report.{language}.html")
    assert chromium.open(file, SIZES[size]) == []
    assert chromium.ask("document.documentElement.scrollWidth") <= SIZES[size]
    assert chromium.ask(_OVERFLOWING) == []
    pictures = chromium.ask(_PICTURES)
    assert len(pictures) == file.read_text(encoding="utf-8").count("<figure>") >= 5 and set(pictures) == {1}
    assert chromium.ask(_SMALLEST) >= 10  # pixels


def test_browser_prints_the_page(chromium: browser.Browser, full: Path) -> None:
    chromium.open(full / "report.zh.html", 1280)
    pdf = chromium.print()
    assert pdf.startswith(b"%PDF") and 3 <= len(re.findall(rb"/Type\s*/Page\b", pdf)) <= 30


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_decision_is_one_sheet_of_a4_and_five_are_before_the_appendix(
    chromium: browser.Browser, full: Path, language: str
) -> None:
    chromium.open(full / ("report.html" if language == "en" else f"report.{language}.html"), 1280)
    chromium.ask("document.getElementById('appendix').remove()")
    assert 2 <= _pages(chromium) <= 5
    chromium.ask("[...document.querySelectorAll('main > :not(#memo)')].forEach(e => e.remove())")
    assert _pages(chromium) == 1


def _pages(chromium: browser.Browser) -> int:
    return len(re.findall(rb"/Type\s*/Page\b", chromium.print()))


def test_tables_are_sorted_filtered_and_downloaded(chromium: browser.Browser, full: Path) -> None:
    chromium.open(full / "report.html", 1280)
    table = "document.querySelector('#measures_section details table')"
    names = f"[...{table}.tBodies[0].rows].filter(r => !r.hidden).map(r => r.cells[0].firstChild.textContent.trim())"
    chromium.ask(f"{table}.closest('details').open = true")
    before = chromium.ask(names)
    chromium.ask(f"{table}.tHead.rows[0].cells[0].click()")
    assert chromium.ask(names) == sorted(before, key=str.casefold) != before
    chromium.ask(f"{table}.tHead.rows[0].cells[0].click()")
    assert chromium.ask(names) == sorted(before, key=str.casefold, reverse=True)
    filtering = f"(t => {{ const i = t.closest('details').querySelector('input'); i.value = 'complaints'; i.dispatchEvent(new Event('input')) }})({table})"
    chromium.ask(filtering)
    assert chromium.ask(names) == ["Complaints per 1,000 accounts"]
    chromium.ask("URL.createObjectURL = blob => { window.saved = blob; return '#' }")
    chromium.ask(f"{table}.closest('details').querySelector('button').click()")
    rows = list(csv.reader(io.StringIO(chromium.ask("window.saved.text()"))))
    assert rows[0][1:] == Run(full).ordered and len(rows) == len(before) + 1  # also the rows that are filtered out
    recovery = next(row for row in rows if row[0].startswith("Recovery rate"))
    ours = text_in("en").number(Run(full).value(Run(full).best, "recovery_rate")["mean"], "share")
    assert recovery[1].replace("\u00a0", " ").startswith(ours.replace("\u00a0", " ") + "; ")


def test_page_says_the_same_without_its_script_and_the_winner_stays_on_a_phone(
    chromium: browser.Browser, full: Path
) -> None:
    chromium.page("Emulation.setScriptExecutionDisabled", value=True)
    try:
        chromium.open(full / "report.html", 390)
    finally:
        chromium.page("Emulation.setScriptExecutionDisabled", value=False)
    assert chromium.ask("document.querySelectorAll('.tools').length") == 0
    assert chromium.ask("document.querySelectorAll('details.data > summary').length") > 5
    # The matrix scrolls sideways; the challenger, the plan in force and the margins are on the screen before anybody does.
    heads = chromium.ask(
        "[...document.querySelectorAll('.matrix thead th')].map(h => [h.innerText, h.getBoundingClientRect().right])"
    )
    run = Run(full)
    assert [name for name, _ in heads[1:3]] == [run.best, run.reference] and heads[2][1] <= 390
    left = chromium.ask("document.querySelector('.matrix thead th:last-child').getBoundingClientRect().left")
    assert heads[-1][0] == "margin" and heads[2][1] <= left and heads[-1][1] <= 390
    wide = (
        "[...document.querySelectorAll('.matrix td:last-child')].filter(c => c.scrollWidth > c.clientWidth + 1).length"
    )
    assert chromium.ask(wide) == 0  # none is cut off


def test_what_was_asked_in_one_language_is_answered_in_the_other_too(finished: Path, tmp_path: Path) -> None:
    """200 accounts were simulated; a reader asks for 80,000, and later for another plan in force."""
    folder = tmp_path / "run"
    shutil.copytree(finished, folder)

    def pages() -> tuple[str, str]:
        english, chinese = ((folder / name).read_text(encoding="utf-8") for name in ("report.html", "report.zh.html"))
        return english, chinese

    assert not any("80,000" in page for page in pages()) and not (folder / "asked.json").exists()
    assert recoup("report", folder, "--accounts", "80000").returncode == 0
    assert all("80,000" in page for page in pages())  # the page in Chinese was there
    (folder / "report.zh.html").unlink()
    assert recoup("report", folder, "--lang", "zh", "--champion", "tiered").returncode == 0
    english, chinese = pages()
    assert "80,000" in chinese and "80,000" in english
    asked = json.loads((folder / "asked.json").read_text())
    assert asked == {"champion": "tiered", "change_cost": None, "accounts": 80_000, "inflow": None}
    assert recoup("report", folder, "--champion", "nobody").returncode == 2
    assert json.loads((folder / "asked.json").read_text()) == asked
    (folder / "asked.json").write_text(json.dumps(asked | {"accounts": 0}))
    refused = recoup("report", folder)
    assert refused.returncode == 2 and "asked.json: accounts: got 0" in refused.stderr


def test_the_rule_pack_is_called_by_its_title(finished: Path, tmp_path: Path) -> None:
    assert "rules: Taiwan, credit cards." in (finished / "report.html").read_text(encoding="utf-8")
    assert "规则：台湾信用卡规则。" in (finished / "report.zh.html").read_text(encoding="utf-8")
    folder = tmp_path / "run"
    shutil.copytree(finished, folder)
    pack = json.loads((folder / "rules.json").read_text())
    (folder / "rules.json").write_text(json.dumps(pack | {"name": "mine", "title": "Rules of our own"}))
    results = json.loads((folder / "results.json").read_text())
    (folder / "results.json").write_text(json.dumps(results | {"rules": "mine"}))
    for language, said in (("en", "rules: Rules of our own."), ("zh", "规则：Rules of our own。")):
        assert said in render(folder, language).read_text(encoding="utf-8")
    (folder / "rules.json").unlink()
    assert "rules: mine." in render(folder).read_text(encoding="utf-8")


def test_browser_test_notices_faults(chromium: browser.Browser, tmp_path: Path) -> None:
    page = tmp_path / "bad.html"
    page.write_text(
        "<p style='width:700px'>wide</p><script>console.error('no'); nonsense()</script><img src='file:///none.png'>"
    )
    faults = chromium.open(page, 390)
    assert len(faults) >= 3 and chromium.ask("document.documentElement.scrollWidth") > 390
