"""What a policy does otherwise than a plan, as exceptions to the plan's rules."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recoup.agents.plans.departures import both, departures
from recoup.agents.plans.distill import Sample
from recoup.agents.plans.plan import Plan
from recoup.agents.plans.plan_file import PlanFile
from recoup.sim.observation import FIELD_INDEX, FIELDS
from recoup.sim.treatments import OFFERS, Menu

MENU = Menu.of(["wechat", "collector"], [offer.name for offer in OFFERS if offer.kind], [])


def plan(*rules: dict[str, Any]) -> Plan:
    return Plan.of(PlanFile.model_validate({"name": "base", "title": "Base", "rules": list(rules)}), MENU)


def account_days() -> np.ndarray:
    """Every day past due from 0 to 99, with and without a call in the last week, twenty times."""
    seen = np.zeros((4000, len(FIELDS)), np.float32)
    seen[:, FIELD_INDEX["dpd"]] = np.arange(4000) % 100
    seen[:, FIELD_INDEX["calls_7d"]] = np.arange(4000) // 2000
    return seen


def test_a_policy_that_calls_the_old_where_the_plan_writes_is_that_exception_first() -> None:
    """The plan writes to all from day 10 on. The policy calls from day 60 on (40 of the 90 days) and writes before."""
    base = plan(
        {"name": "early", "when": {"dpd": {"below": 10}}, "do": "nothing"},
        {"name": "write", "do": {"channel": "wechat", "window": "evening"}, "priority": 3},
    )
    seen = account_days()
    probabilities = np.zeros((len(seen), len(MENU)), np.float32)
    dpd = seen[:, FIELD_INDEX["dpd"]]
    probabilities[dpd < 10, 0] = 1.0
    probabilities[(dpd >= 10) & (dpd < 60), MENU.index["wechat/evening"]] = 1.0
    probabilities[dpd >= 60, MENU.index["collector/evening"]] = 1.0
    found = departures(base, Sample(seen, probabilities, np.ones(probabilities.shape, bool)), leaves=4)
    first = found[0]
    assert (first.before, first.rule["when"]) == ("write", {"dpd": {"at_least": 60}})
    assert first.rule["do"]["channel"] == "collector" and first.rule["do"]["window"] == {"evening": 10}
    assert first.rule["priority"] == 3
    assert first.share == pytest.approx(0.4)
    assert all(one.share == 0.0 for one in found[1:])  # nothing in place of writing: the policy never does that
    changed = plan(
        *({k: v for k, v in rule.items() if v is not None} for rule in (
            {"name": "early", "when": {"dpd": {"below": 10}}, "do": "nothing"}, first.rule, {"name": "write", "do": {"channel": "wechat"}})
        )
    )  # fmt: skip
    acted = changed.act(seen, np.ones(probabilities.shape, bool))
    assert {MENU.treatments[a].channel.name for a in acted[dpd >= 60]} == {"COLLECTOR"}


def test_account_days_that_no_rule_means_get_a_rule_at_the_end() -> None:
    base = plan({"name": "write", "when": {"dpd": {"below": 50}}, "do": {"channel": "wechat", "window": "evening"}})
    seen = account_days()
    probabilities = np.zeros((len(seen), len(MENU)), np.float32)
    dpd = seen[:, FIELD_INDEX["dpd"]]
    probabilities[dpd < 50, MENU.index["wechat/evening"]] = 1.0
    probabilities[dpd >= 50, MENU.index["collector/morning/plan_6"]] = 1.0
    first = departures(base, Sample(seen, probabilities, np.ones(probabilities.shape, bool)), leaves=3)[0]
    assert first.before is None and first.share == pytest.approx(0.5)
    assert (first.rule["do"]["channel"], first.rule["do"]["offer"]) == ("collector", ["plan_6"])


def test_where_a_rule_holds_back_nothing_is_tried() -> None:
    base = plan(
        {"name": "peace", "when": {"dpd": {"below": 90}}, "do": "nothing"},
        {"name": "write", "do": {"channel": "wechat"}},
    )
    seen = account_days()
    probabilities = np.zeros((len(seen), len(MENU)), np.float32)
    probabilities[:, MENU.index["collector/morning"]] = 1.0
    found = departures(base, Sample(seen, probabilities, np.ones(probabilities.shape, bool)), leaves=3)
    assert {one.before for one in found} == {"write"} and found[0].share == pytest.approx(0.1)


def test_a_policy_that_does_what_the_plan_does_departs_nowhere() -> None:
    base = plan({"name": "write", "do": {"channel": "wechat", "window": "evening"}})
    seen = account_days()
    probabilities = np.zeros((len(seen), len(MENU)), np.float32)
    probabilities[:, MENU.index["wechat/evening"]] = 1.0
    found = departures(base, Sample(seen, probabilities, np.ones(probabilities.shape, bool)), leaves=3)
    assert [one.share for one in found] == [0.0] * len(found)


def test_of_two_bounds_the_tighter_one_holds() -> None:
    one, other = {"dpd": {"at_least": 3, "below": 9}}, {"dpd": {"at_least": 5, "above": 1, "below": 20, "at_most": 7}}
    assert both(one, other) == {"dpd": {"at_least": 5, "above": 1, "at_most": 7, "below": 9}}
    assert both(other, one) == both(one, other)


BOUND = st.sampled_from(["at_least", "above", "at_most", "below"])
NUMBER = st.integers(0, 9)
CONDITION = st.one_of(
    st.dictionaries(BOUND, NUMBER, min_size=1, max_size=2), NUMBER, st.lists(NUMBER, min_size=1, max_size=3)
)
WHEN = st.dictionaries(st.sampled_from(["dpd", "calls_7d", "attempts"]), CONDITION, max_size=3)


def holds(when: dict[str, Any], account: dict[str, int]) -> bool:
    """A plan's conditions, read from docs/plans.md."""

    def one(name: str, condition: Any) -> bool:
        if name == "any":
            return any(holds(other, account) for other in condition)
        value = account[name]
        if isinstance(condition, dict):
            tests = {
                "at_least": value.__ge__, "above": value.__gt__, "at_most": value.__le__, "below": value.__lt__,
            }  # fmt: skip
            return all(tests[bound](limit) for bound, limit in condition.items())
        return value in condition if isinstance(condition, list) else value == condition

    return all(one(name, condition) for name, condition in when.items())


@given(
    WHEN,
    WHEN,
    st.lists(WHEN, min_size=1, max_size=2),
    st.booleans(),
    st.fixed_dictionaries({"dpd": NUMBER, "calls_7d": NUMBER, "attempts": NUMBER}),
)
def test_both_holds_where_either_mapping_holds(
    when: dict[str, Any],
    more: dict[str, Any],
    alternatives: list[dict[str, Any]],
    with_any: bool,
    account: dict[str, int],
) -> None:
    if with_any:
        when = {**when, "any": alternatives}
    assert holds(both(when, more), account) == (holds(when, account) and holds(more, account))
