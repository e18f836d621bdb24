"""Exceptions to a plan's rules: where they stand, for whom they hold, and which a search keeps."""

from __future__ import annotations

from itertools import islice

import numpy as np

from recoup.agents.plans.plan import Plan
from recoup.agents.plans.plan_file import PlanFile
from recoup.agents.training.objective import Objective
from recoup.experiments.learning.cohorts import Cohorts, value_of
from recoup.experiments.learning.rule_growth import exceptions
from recoup.experiments.learning.tuning import Search
from recoup.scenarios.schema import load_scenario
from recoup.sim.observation import FIELD_INDEX, FIELDS, LOW
from recoup.sim.treatments import Menu

MENU = Menu.of(["wechat", "collector", "letter"], ["plan_6"], ["notice", "suit"])
RULES = [
    {"name": "leave", "when": {"hardship": True}, "do": "nothing"},
    {"name": "write", "when": {"texts_7d": {"at_most": 1}}, "do": {"channel": "wechat"}},
]


def seen() -> np.ndarray:
    """A hundred accounts that are 1 to 100 days past due, every second with assets; all else as low as it gets."""
    rows = np.tile(LOW, (100, 1)).astype(np.float32)
    rows[:, FIELD_INDEX["dpd"]] = np.arange(1, 101)
    rows[:, FIELD_INDEX["stable_assets"]] = np.arange(100) % 2
    return rows


def some(count: int = 300) -> list:
    return list(islice(exceptions(RULES, MENU, [seen(), seen()], np.random.default_rng(0)), count))


def test_an_exception_holds_where_its_rule_does_and_one_condition_more_and_does_something_else():
    found = some()
    for number, rule in found:
        assert number == 1  # whoever is left in peace stays so
        added = {name: value for name, value in rule["when"].items() if name != "texts_7d"}
        assert rule["when"]["texts_7d"] == {"at_most": 1} and len(added) == 1
        assert rule["do"] != RULES[1]["do"]
    assert {str(rule["do"]) for _, rule in found} >= {
        "nothing",
        "{'legal': 'suit'}",
        "{'channel': 'letter', 'legal': 'notice'}",
    }
    assert {name for _, rule in found for name in rule["when"]} == {
        "texts_7d",
        "dpd",
        "stable_assets",
    }  # all else is the same for all


def test_an_exception_means_and_leaves_one_account_in_twenty_at_least():
    shares = []
    for _, rule in some():
        ((name, value),) = [(n, v) for n, v in rule["when"].items() if n != "texts_7d"]
        column = seen()[:, FIELD_INDEX[name]]
        if isinstance(value, dict):
            ((bound, at),) = value.items()
            shares.append((column >= at if bound == "at_least" else column < at).mean())
        else:
            shares.append((column == value).mean())
    assert 0.05 <= min(shares) < 0.2 and 0.8 < max(shares) <= 0.95


def test_every_exception_is_a_rule_of_a_plan_that_can_be_written_and_compiled():
    for number, rule in some():
        rules = [*RULES[:number], rule, *RULES[number:]]
        Plan.of(PlanFile.model_validate({"name": "grown", "title": "Grown", "rules": rules}), MENU)


def test_a_plan_that_only_holds_back_has_no_exceptions():
    assert list(islice(exceptions(RULES[:1], MENU, [seen()], np.random.default_rng(0)), 3)) == []


def test_a_search_keeps_exceptions_that_pay_and_its_plan_does_what_it_says():
    """Letters to everybody every day are a waste: exceptions that do less of it pay."""
    cohorts = Cohorts(load_scenario("china-consumer"), 150, (1, 2, 3, 4))
    start = {
        "name": "start",
        "title": "Start",
        "rules": [{"name": "all", "when": {"dpd": {"at_least": 1}}, "do": {"channel": "letter"}}],
    }
    search = Search(cohorts, start, Objective(0.3), None)
    before = value_of(Objective(0.3), cohorts.parts(Plan.of(search.best, cohorts.menu))).mean()
    kept = search.grow(25, np.random.default_rng(0))
    assert 0 < kept == search.kept < search.tried == 25
    after = value_of(Objective(0.3), cohorts.parts(Plan.of(search.best, cohorts.menu))).mean()
    assert after > before
    assert len(search.best.rules) == 1 + kept and search.best.rules[-1].name == "all"
    assert all(FIELDS[FIELD_INDEX[name]] for rule in search.best.rules for name in rule.when)
