"""A search over a plan's numbers: what it may move, what it keeps, and that its result is a plan like any other."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from recoup.agents.library import own_policy
from recoup.agents.plans.plan import Plan
from recoup.agents.plans.plan_file import PlanFile, find_plan, read_plan
from recoup.agents.plans.writing import plan_data, plan_text
from recoup.agents.training.objective import Objective
from recoup.experiments.learning.cohorts import Cohorts, value_of
from recoup.experiments.learning.tuning import PACE, Search, moves
from recoup.scenarios.schema import Scenario, load_scenario
from recoup.sim.inputs import parse_yaml
from tests.command import recoup
from tests.experiments import SHORT


@pytest.fixture(scope="module")
def home() -> Scenario:
    return load_scenario("china-consumer")


@pytest.fixture(scope="module")
def short() -> Scenario:
    """For searches, which simulate dozens of versions of a plan: with few accounts it is the days that take time."""
    return load_scenario(SHORT)


@pytest.fixture(scope="module")
def cohorts(home: Scenario) -> Cohorts:
    return Cohorts(home, 300, (1, 2, 3, 4))


def idle(days: int) -> dict[str, Any]:
    """Writes to nobody before so many days without an attempt."""
    return {
        "name": "idle",
        "title": "Idle",
        "rules": [
            {
                "name": "write",
                "when": {"days_since_attempt": {"at_least": days}, "dpd": {"at_most": 400}},
                "do": {"channel": "wechat"},
            }
        ],
    }


def test_a_number_that_wastes_money_is_found_and_only_what_may_move_moves(short: Scenario) -> None:
    """Calling sooner than every 20 days pays clearly on 4 cohorts of 300."""
    cohorts = Cohorts(short, 300, range(1, 5))
    objective = Objective(time_weight=0.3)
    seldom = idle(20)
    seldom["rules"][0]["do"] = {"channel": "collector"}
    search = Search(cohorts, seldom, objective)
    while search.sweep(("days_since_attempt",)):
        pass
    tuned = search.result()
    rule = tuned.plan.rules[0]
    assert rule.when and rule.when["days_since_attempt"]["at_least"] < 20 and rule.when["dpd"] == {"at_most": 400}
    assert tuned.after > tuned.before and 0 < tuned.kept < tuned.tried
    value = value_of(objective, cohorts.parts(Plan.of(tuned.plan, cohorts.menu))).mean()
    assert value == pytest.approx(tuned.after)


def test_no_change_is_kept_that_does_not_help(short: Scenario) -> None:
    """Where every contact costs more than all debt together, the search takes contacts away and adds none."""
    cohorts = Cohorts(short, 80, (1, 2))
    objective = Objective(complaint_price=1e6)
    search = Search(cohorts, idle(4), objective)
    before = cohorts.parts(Plan.of(search.best, cohorts.menu))["complaints"]
    search.sweep(PACE)
    assert (cohorts.parts(Plan.of(search.best, cohorts.menu))["complaints"] <= before).all()


def test_a_plan_is_worth_the_same_as_in_a_comparison(home: Scenario, cohorts: Cohorts) -> None:
    from recoup.experiments.comparison.measures import measure_run
    from recoup.experiments.comparison.rollout import rollout

    parts = cohorts.parts(Plan.load("staged", cohorts.menu), (1,))[0]
    run = rollout(home, "staged", cohorts.portfolios[1], 1, home.days)
    measures, daily = measure_run(run), run.daily
    # Staff that waits, and courses, are no account's doing, and no part of the objective.
    standing = ((daily["idle_cost"] + daily["overhead"]) * daily["discount_factor"]).sum() / run.accounts[
        "opening"
    ].sum()
    assert parts["left"] > 0
    assert parts["cash"] - parts["cost"] - parts["staff"] + parts["left"] == pytest.approx(
        measures["npv_rate"] + standing, rel=1e-9
    )
    assert home.days * (1 - parts["quick"]) == pytest.approx(measures["time_to_recover_days"])


@pytest.mark.parametrize("name", ["staged", "tiered", "status-quo"])
def test_every_change_differs_in_one_place_and_is_written_as_a_plan(name: str, cohorts: Cohorts) -> None:
    data = plan_data(read_plan(find_plan(name)))
    changes = [move for number, rule in enumerate(data["rules"]) for move in moves(number, rule, cohorts.menu, PACE)]
    assert len(changes) > len(data["rules"])
    for move in changes:
        if move.to is not None:
            before = data["rules"][move.rule]
            assert [key for key in before if move.to.get(key) != before[key]] in (["when"], ["name", "do"])
            PlanFile.model_validate({**data, "rules": [move.to]})


@pytest.mark.parametrize("name", ["staged", "tiered"])
def test_a_plan_written_again_is_the_same_plan(name: str) -> None:
    plan = read_plan(find_plan(name))
    assert read_plan(parse_yaml(plan_text(plan), "again.yaml")) == plan


def test_a_scenarios_own_plan_is_searched_around_and_named_as_the_limit(tmp_path: Path) -> None:
    arguments = "-s taiwan-cards --baseline tuned --sweeps 1 --cohorts 3 --accounts 50 --field credit_score --exceptions 2".split()
    done = recoup("tune", "tuned", *arguments, "--out", tmp_path / "mine.yaml")
    assert done.returncode == 0 and "tuned is the limit; the plan uses " in done.stdout
    own = read_plan(find_plan(own_policy("tuned", "taiwan-cards")))
    found = read_plan(find_plan(tmp_path / "mine.yaml"))
    assert {rule.name for rule in found.rules} & {rule.name for rule in own.rules}
    done = recoup("tune", "learned", *arguments, "--out", tmp_path / "b.yaml")
    assert (done.returncode, done.stderr) == (2, "recoup: PLAN: got 'learned', expected a plan\n")


def test_the_command_writes_a_plan_and_refuses_what_is_wrong(tmp_path: Path) -> None:
    out = tmp_path / "mine.yaml"
    arguments = ["-s", SHORT, *"--sweeps 1 --cohorts 3 --accounts 50 --field dpd --json --out".split()]
    (tmp_path / "idle.yaml").write_text(plan_text(PlanFile.model_validate(idle(3))))
    done = recoup("tune", tmp_path / "idle.yaml", *arguments, out)
    assert done.returncode == 0
    assert set(json.loads(done.stdout)["used"]) == {"cost", "complaints", "contacts"}
    assert read_plan(find_plan(out)).name == "tuned"
    for wrong, said in (
        (["--out", out], "a file that exists"),
        (["--field", "dpt", "--out", tmp_path / "b.yaml"], "dpd"),
        (["--name", "No Name", "--out", tmp_path / "b.yaml"], "short name"),
    ):
        done = recoup("tune", *wrong)
        assert done.returncode == 2 and said in done.stderr and len(done.stderr.splitlines()) == 1
    assert not (tmp_path / "b.yaml").exists()
