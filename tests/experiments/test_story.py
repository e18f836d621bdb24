"""One account's story: common random numbers, the deciding rule as the reason, money that agrees with the run."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from recoup.agents.explain import reasons, shown
from recoup.agents.plans.plan import Plan
from recoup.experiments.comparison.compare import compare
from recoup.experiments.comparison.settings import Comparison
from recoup.experiments.report import LANGUAGES, text_in
from recoup.experiments.report.story import SHOWN_EVENTS, account_story, from_run, write_html
from recoup.experiments.report.words import reason_words
from recoup.scenarios.schema import load_scenario
from recoup.sim.account import Status
from recoup.sim.inputs import InputError
from recoup.sim.kernels import EVENT_NAMES
from recoup.sim.observation import FIELD_INDEX
from recoup.sim.simulation import Simulation
from tests.command import recoup


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "run"
    compare(Comparison("china-consumer", ("status-quo", "staged"), seeds=1, accounts=150, days=60), folder)
    return folder


def test_story_tells_the_account_of_the_run(finished: Path) -> None:
    story = from_run(finished, None)
    assert [course.policy for course in story.paths] == ["status-quo", "staged"]  # the plan in force first
    cash = {}
    for course in story.paths:
        accounts = pd.read_parquet(finished / "parts" / course.policy / "1.accounts.parquet").set_index("account_id")
        row = accounts.loc[story.account]
        cash[course.policy] = accounts["cash"]
        assert round(100 * course.cash) == row["cash"] and course.status == row["status"]
        assert round(100 * sum(day.cash for day in course.days)) == row["cash"]
        assert [day.day for day in course.days] == sorted({day.day for day in course.days})
    differences = (cash["staged"] - cash["status-quo"]).abs()
    assert differences[story.account] == differences.max() > 0


def test_every_treatment_of_a_plan_has_its_rule_as_reason(finished: Path) -> None:
    story = from_run(finished, None)
    scenario = load_scenario("china-consumer")
    names = {rule.name for rule in Plan.load("staged", _simulation(scenario).menu).rules}
    treated = [day for day in story.paths[1].days if day.treatment]
    assert treated and all(day.why and day.why[0] in names for day in treated)


def _simulation(scenario) -> Simulation:  # type: ignore[no-untyped-def]
    return Simulation(scenario.world, scenario.portfolio(40, 1), scenario.rules, 1)


def test_reasons_show_the_values_of_the_fields_asked_for() -> None:
    simulation = _simulation(load_scenario("china-consumer"))
    plan = Plan.load("staged", simulation.menu)
    seen = simulation.observe()
    actions = plan.act(seen, simulation.masks())
    row = int(np.flatnonzero(actions)[0])
    given = reasons(plan, seen[row], int(actions[row]))
    assert len(given) > 1
    for fact in given[1:]:
        name, value = fact.split(" = ")
        assert value == shown(name, seen[row]) and name in FIELD_INDEX
    assert reasons(object(), seen[row], 1) == []


def test_story_page_and_slips(finished: Path, tmp_path: Path) -> None:
    story = from_run(finished, None)
    html = write_html(story, tmp_path / "story.html").read_text(encoding="utf-8")
    assert story.account in html and "because:" in html and "<script" not in html
    assert "WeChat message" in html and "days past due: " in html
    chinese = write_html(story, tmp_path / "story.zh.html", "zh").read_text(encoding="utf-8")
    assert "分阶段方案" in chinese and "微信消息" in chinese and "逾期天数：" in chinese and "because" not in chinese
    for say in map(text_in, LANGUAGES):
        assert all(say(f"story.events.{name}") for name in SHOWN_EVENTS) and set(EVENT_NAMES) >= SHOWN_EVENTS
        assert all(say(f"story.status.{status.name.lower()}") for status in Status)
    json.dumps(story.as_dict())
    with pytest.raises(InputError, match="account"):
        from_run(finished, "nobody")
    with pytest.raises(InputError, match="--policy"):
        from_run(finished, None, ["stagd"])
    scenario = load_scenario("china-consumer")
    with pytest.raises(InputError, match="account"):
        account_story(scenario, scenario.portfolio(5, 1), ["staged"], "x", 1, 3)


@pytest.mark.parametrize(
    ("changes", "named"),
    [({"portfolio": "book.csv"}, "book.csv"), ({"policies": ["p=own.yaml", "staged"]}, "own.yaml")],
)
def test_commands_that_go_on_from_a_run_say_where_its_files_are_looked_for(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, changes: dict[str, object], named: str
) -> None:
    """A run keeps the names that its user typed; from another folder they lead nowhere."""
    shutil.copytree(finished, tmp_path / "run")
    results = json.loads((finished / "results.json").read_text(encoding="utf-8"))
    results["settings"] |= changes
    (tmp_path / "run" / "results.json").write_text(json.dumps(results), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    expected = f"settings: got '{named}', expected a file that is still there, seen from here: run the command where the run was made"
    for words in (("story", "run"), ("attribute", "run")):
        done = recoup(*words)
        assert (done.returncode, done.stderr) == (2, f"recoup: run: {expected}\n")
    if "portfolio" in changes:
        assert recoup("stress", "-p", "staged", "--into", "run").stderr == f"recoup: run: {expected}\n"


def test_reasons_of_every_kind_of_policy_are_put_into_words() -> None:
    say = text_in("zh")
    in_words = [
        reason_words(text, say)
        for text in ("dpd = 12", "hardship = false", "dpd = 1,412 (+1.2)", "hardship: yes (-0.3)")
    ]
    assert in_words == ["逾期天数：12", "已告知经济困难：否", "逾期天数：1,412 (+1.2)", "已告知经济困难：是 (-0.3)"]
    assert reason_words("legal_stage is none (+0.1)", say) == "法律阶段：无法律措施 (+0.1)"
    assert reason_words("leave promises alone", say) == "承诺未到期的不打扰"  # a rule of the shipped plans
    assert reason_words("call on Mondays", say) == "call on Mondays"  # of a user's own
