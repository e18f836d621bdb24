"""Where a plan asks for more contacts than caps allow: bounds by hand for each condition, each kind of cap, and the command in both languages."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from recoup.agents.plans.contact_demand import beyond_caps
from recoup.agents.plans.plan_file import PlanFile
from recoup.sim.compliance.rules import ContactCap, RulePack
from recoup.sim.treatments import STANDARD
from tests.command import recoup


def cap(most: int, days: int, **more: Any) -> ContactCap:
    kind = {"group": "call"} if not more.keys() & {"group", "channel"} else {}
    said = {"id": "the-cap", "kind": "contact_cap", "text": "t", "source": "s", "confidence": "C"}
    return ContactCap.model_validate({**said, "most": most, "days": days, **kind, **more})


def asked(when: dict[str, Any] | None, *caps: ContactCap, do: str = "collector", **plan: Any) -> list[tuple[int, int]]:
    """What one rule may ask for, and what it may have, of each cap that it may run into."""
    file = PlanFile.model_validate(
        {"name": "p", "title": "P", "rules": [{"name": "r", "when": when, "do": {"channel": do}}]} | plan
    )
    pack = RulePack.model_validate(
        {"name": "x", "title": "X", "rules": [one.model_dump(by_alias=True) for one in caps]}
    )
    return [(one.times, one.cap.most) for one in beyond_caps(file, pack, STANDARD)]


@pytest.mark.parametrize(
    ("when", "times"),
    [
        (None, 7),
        ({"dpd": {"at_least": 30}}, 7),
        ({"days_since_attempt": {"at_least": 2}}, 4),  # days 1, 3, 5 and 7
        ({"days_since_attempt": {"above": 2}}, 3),  # 1, 4, 7
        ({"dpd": 5}, 1),
        ({"dpd": {"at_least": 30, "below": 36}}, 6),
        ({"dpd": [3, 10, 20, 25]}, 4),
        ({"weekday": ["monday", "tuesday", "friday"]}, 3),
        ({"calls_7d": {"below": 4}}, 4),
        ({"calls_7d": {"at_most": 4}}, 5),
        ({"texts_7d": {"below": 2}}, 7),  # texts, while calls are counted
        ({"attempts": {"below": 3}}, 3),
        ({"any": [{"dpd": 5}, {"dpd": {"at_least": 60, "at_most": 64}}]}, 5),  # the more of the two
        ({"any": [{"dpd": 5}, {"promise_open": True}], "days_since_attempt": {"at_least": 3}}, 3),
    ],
)
def test_how_often_a_rule_may_call_within_seven_days(when: dict[str, Any] | None, times: int) -> None:
    assert asked(when, cap(times, 7)) == []
    assert asked(when, cap(times - 1, 7)) == [(times, times - 1)]


def test_over_other_spans_and_by_the_plan_s_own_cap() -> None:
    assert asked({"days_since_attempt": {"at_least": 7}}, cap(4, 30)) == [(5, 4)]
    assert asked({"visits_30d": {"below": 2}}, cap(1, 30, group="visit"), do="visit") == [(2, 1)]
    assert asked({"calls_7d": {"below": 2}}, cap(5, 30)) == [(10, 5)]  # 30 days are five weeks at most
    assert (
        asked(None, cap(2, 7), contact_cap_per_week=3) == [(3, 2)]
        and asked(None, cap(3, 7), contact_cap_per_week=3) == []
    )


def test_a_cap_is_on_a_group_a_channel_or_all_contacts() -> None:
    assert asked(None, cap(3, 7, group="text"), cap(2, 7, channel="autocall")) == []
    assert asked(None, cap(2, 7, channel="collector"), cap(3, 7, group="contact"), cap(1, 7, group="visit")) == [
        (7, 2),
        (7, 3),
    ]
    assert asked(None, cap(5, 7), cap(8, 30)) == [
        (30, 8)
    ]  # of one kind the tighter: 8 of 30 days are fewer than 5 of 7
    assert asked(None, cap(1, 7, count="conversations")) == []  # no plan says how a call ends
    assert asked(None, cap(1, 7, group="contact"), do="none") == []


def test_a_notice_is_one_letter() -> None:
    rule = {"name": "n", "when": {"legal_stage": "none"}, "do": {"channel": "letter", "legal": "notice"}}
    file = PlanFile.model_validate({"name": "p", "title": "P", "rules": [rule]})
    pack = RulePack.model_validate(
        {"name": "x", "title": "X", "rules": [cap(1, 30, group="letter").model_dump(by_alias=True)]}
    )
    assert beyond_caps(file, pack, STANDARD) == []


def test_the_command_says_so_in_both_languages(tmp_path: Path) -> None:
    plan = tmp_path / "daily.yaml"
    plan.write_text("name: daily\ntitle: Daily\nrules:\n  - {name: ring, do: {channel: collector}}\n", encoding="utf-8")
    # China's pack allows calls on 5 of 7 days; those of two accounts of a customer count together.
    said = " ".join(recoup("plan", "check", plan).stdout.split())
    assert "«ring»: calls on up to 7 of 7 days; call-cap-week allows 5 for each customer" in said
    chinese = recoup("plan", "check", plan, "--lang", "zh").stdout.replace("\n", "")
    assert "“ring”：7 天中至多 7 天致电；call-cap-week" in chinese and "只允许 5 天" in chinese
    (found,) = json.loads(recoup("plan", "check", plan, "--json").stdout)["beyond_caps"]
    assert found == {
        "rule": "ring", "contact": "call", "times": 7, "days": 7, "cap": "call-cap-week", "most": 5, "per": "customer"
    }  # fmt: skip
    for shipped in ("status-quo", "staged", "tiered", "simple"):
        assert json.loads(recoup("plan", "check", shipped, "--json").stdout)["beyond_caps"] == []
