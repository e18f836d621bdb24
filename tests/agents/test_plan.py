"""Plans: what a rule file means, what is wrong with a wrong one, and that the compiled table agrees with it."""

from __future__ import annotations

import random
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from recoup.agents.plans.plan import Plan
from recoup.agents.plans.plan_file import PlanFile, find_plan, shipped_plans
from recoup.sim.inputs import InputError, parse_yaml
from recoup.sim.observation import FIELD_INDEX, FIELDS
from recoup.sim.treatments import ALL_TREATMENTS, OFFERS, Channel, Legal, Menu, names
from tests import ROOT

MENU = Menu(ALL_TREATMENTS)
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def rows(*accounts: dict[str, Any]) -> np.ndarray:
    """Observations that are at the fields' lows except as named."""
    out = np.tile(np.array([f.low for f in FIELDS], np.float32), (len(accounts), 1))
    for row, account in zip(out, accounts, strict=True):
        for name, value in account.items():
            codes = WEEKDAYS if name == "weekday" else FIELDS[FIELD_INDEX[name]].codes
            row[FIELD_INDEX[name]] = codes.index(value) if isinstance(value, str) else value
    return out


def plan(rules: str, menu: Menu = MENU) -> Plan:
    return Plan.load(parse_yaml(f"name: p\ntitle: P\nrules:\n{rules}", "p.yaml"), menu)


def chosen(p: Plan, account: dict[str, Any], forbidden: tuple[str, ...] = ()) -> str:
    """The name of the treatment for one account, when those whose name starts so are forbidden."""
    mask = np.array([[not any(name.startswith(f) for f in forbidden) for name in p.menu.names]])
    return p.menu.names[p.act(rows(account), mask)[0]]


def fault(text: str) -> str:
    with pytest.raises(InputError) as caught:
        Plan.load(parse_yaml(text, "p.yaml"), MENU)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def fault_in(rule: str) -> str:
    """The fault of a plan whose first rule, from line 4, is this."""
    return fault(f"name: p\ntitle: P\nrules:\n{rule}")


# ---- what conditions mean ----


@pytest.mark.parametrize(
    ("when", "yes", "no"),
    [
        ("dpd: 3", [{"dpd": 3}], [{"dpd": 2}, {"dpd": 4}]),
        ("dpd: [1, 3]", [{"dpd": 1}, {"dpd": 3}], [{"dpd": 2}]),
        ("dpd: {at_least: 3}", [{"dpd": 3}, {"dpd": 3650}], [{"dpd": 2}]),
        ("dpd: {above: 3}", [{"dpd": 4}], [{"dpd": 3}]),
        ("dpd: {at_most: 3}", [{"dpd": 3}, {}], [{"dpd": 4}]),
        ("dpd: {below: 3}", [{"dpd": 2}], [{"dpd": 3}]),
        ("dpd: {at_least: 3, below: 5, not: 4}", [{"dpd": 3}], [{"dpd": 4}, {"dpd": 5}]),
        ("dpd: {not: [1, 2]}", [{}, {"dpd": 3}], [{"dpd": 1}, {"dpd": 2}]),
        ("early_warning: {at_least: 0.6}", [{"early_warning": 0.6}], [{"early_warning": 0.59999}]),
        ("early_warning: {above: 0.6}", [{"early_warning": 0.60001}], [{"early_warning": 0.6}]),
        ("early_warning: {at_most: 0.6}", [{"early_warning": 0.6}], [{"early_warning": 0.60001}]),
        ("early_warning: {below: 0.6}", [{"early_warning": 0.59999}], [{"early_warning": 0.6}]),
        ("paid_share: 0", [{}], [{"paid_share": 0.001}]),
        ("macro_index: {below: 0}", [{"macro_index": -0.01}], [{"macro_index": 0.0}]),
        ("balance: {at_least: 2500.5}", [{"balance": 2500.5}], [{"balance": 2500.4}]),
        ("legal_queue: {at_least: 5000}", [{"legal_queue": 5000}], [{"legal_queue": 4999}]),
        ("tier: high", [{"tier": "high"}], [{"tier": "low"}, {"tier": "medium"}]),
        ("tier: {at_least: medium}", [{"tier": "high"}, {"tier": "medium"}], [{"tier": "low"}]),
        ("legal_stage: {not: [queued, filed]}", [{"legal_stage": "noticed"}], [{"legal_stage": "filed"}]),
        ("weekday: [monday, sunday]", [{"weekday": "monday"}, {"weekday": "sunday"}], [{"weekday": "friday"}]),
        ("hardship: true", [{"hardship": 1}], [{}]),
        ("hardship: false", [{}], [{"hardship": 1}]),
        ("{dpd: 3, hardship: true}", [{"dpd": 3, "hardship": 1}], [{"dpd": 3}, {"hardship": 1}]),
        (
            "{dpd: {at_least: 3}, any: [{hardship: true}, {reached: 0, attempts: {at_least: 2}}]}",
            [{"dpd": 3, "hardship": 1, "reached": 1}, {"dpd": 3, "attempts": 2}],
            [{"dpd": 3}, {"dpd": 2, "hardship": 1}, {"dpd": 3, "attempts": 2, "reached": 1}],
        ),
    ],
)
def test_condition_holds_exactly_where_it_says(when: str, yes: list[dict], no: list[dict]) -> None:
    block = when if when.startswith("{") else f"\n      {when}"
    p = plan(f"  - name: a\n    when: {block}\n    do: {{channel: sms, window: morning}}\n")
    assert [chosen(p, account) for account in yes] == ["sms/morning"] * len(yes)
    assert [chosen(p, account) for account in no] == ["nothing"] * len(no)


# ---- what rules mean ----

TWO_RULES = """
  - name: call
    when: {dpd: {at_least: 8}}
    do: {channel: collector, window: [evening, morning], offer: [plan_6, none]}
    priority: 1
  - name: text
    do: {channel: sms, window: midday}
"""


def test_first_rule_that_holds_and_is_allowed_decides() -> None:
    p = plan(TWO_RULES)
    assert chosen(p, {"dpd": 8}) == "collector/evening/plan_6"
    assert chosen(p, {"dpd": 7}) == "sms/midday"
    assert chosen(p, {"dpd": 8}, ("collector",)) == "sms/midday"
    assert chosen(p, {"dpd": 8}, ("collector", "sms")) == "nothing"


def test_an_offer_is_tried_in_every_window_before_the_next_offer() -> None:
    p = plan(TWO_RULES)
    assert chosen(p, {"dpd": 8}, ("collector/evening",)) == "collector/morning/plan_6"
    assert chosen(p, {"dpd": 8}, ("collector/evening/plan_6", "collector/morning/plan_6")) == "collector/evening"


def test_doing_nothing_stops_the_rules_below() -> None:
    p = plan("  - {name: rest, when: {promise_open: true}, do: nothing}\n  - {name: text, do: {channel: sms}}\n")
    assert chosen(p, {"promise_open": 1}) == "nothing"
    assert chosen(p, {}).startswith("sms/")


@pytest.mark.parametrize(
    ("do", "name"),
    [
        ("{legal: suit}", "suit"),
        ("{legal: enforce}", "enforce"),
        ("{channel: letter, legal: notice}", "letter/morning/notice"),
        ("{channel: letter, offer: settle_20}", "letter/morning/settle_20"),
        ("{channel: visit, window: afternoon, offer: restructure}", "visit/afternoon/restructure"),
    ],
)
def test_legal_steps_letters_and_visits(do: str, name: str) -> None:
    assert chosen(plan(f"  - {{name: a, do: {do}}}\n"), {}) == name


def _observations(size: int) -> np.ndarray:
    """Accounts that differ as accounts do, otherwise at rest."""
    generator = np.random.default_rng(1)
    observations = np.tile(rows({"dpd": 9}), (size, 1))
    for name, high in (("opening_balance", 50_000), ("monthly_income", 20_000), ("credit_score", 850)):
        observations[:, FIELD_INDEX[name]] = generator.uniform(300, high, size)
    return observations


def test_spread_uses_the_allowed_windows_evenly_and_varies_by_day() -> None:
    p = plan("  - {name: call, do: {channel: collector}}\n")
    observations = _observations(8000)
    mask = np.array([["midday" not in name for name in MENU.names]] * len(observations))
    today = p.act(observations, mask)
    counts = np.unique(today, return_counts=True)
    assert [MENU.names[a] for a in counts[0]] == ["collector/morning", "collector/afternoon", "collector/evening"]
    assert np.all(np.abs(counts[1] / len(observations) - 1 / 3) < 0.03)
    observations[:, FIELD_INDEX["days_in_portfolio"]] = 1
    assert 0.6 < np.mean(p.act(observations, mask) != today) < 0.73  # 2/3 if independent


def test_windows_can_be_weighted() -> None:
    p = plan("  - {name: call, do: {channel: collector, window: {morning: 3, evening: 1}}}\n")
    observations = _observations(8000)
    windows, counts = np.unique(p.act(observations, np.ones((8000, len(MENU)), np.bool_)), return_counts=True)
    assert [MENU.names[a] for a in windows] == ["collector/morning", "collector/evening"]
    assert abs(counts[0] / 8000 - 3 / 4) < 0.02
    assert chosen(p, {}, ("collector/morning",)) == "collector/evening"


def test_the_same_row_gets_the_same_action_in_any_batch() -> None:
    p = Plan.load("staged", MENU)
    observations = _observations(300)
    observations[:, FIELD_INDEX["dpd"]] = np.arange(300)
    masks = np.ones((300, len(MENU)), np.bool_)
    alone = np.concatenate([p.act(observations[n : n + 1], masks[n : n + 1]) for n in range(300)])
    assert np.array_equal(p.act(observations, masks), alone)
    assert np.array_equal(p.act(observations[::-1], masks[::-1])[::-1], alone)
    assert p.act(observations[:0], masks[:0]).shape == (0,)


def test_wrong_shapes_are_refused() -> None:
    p = Plan.load("staged", MENU)
    with pytest.raises(ValueError, match="masks of shape"):
        p.act(rows({}), np.ones((1, 3), np.bool_))
    with pytest.raises(ValueError, match="observations of shape"):
        p.act(rows({})[:, :5], np.ones((1, len(MENU)), np.bool_))
    with pytest.raises(ValueError, match="actions of shape"):
        p.deciding_rules(rows({}), np.array([len(MENU)]))


def test_priority_is_that_of_the_deciding_rule() -> None:
    p = plan(TWO_RULES)
    observations = rows({"dpd": 8}, {"dpd": 7}, {"dpd": 8})
    calls, texts = MENU.index["collector/morning/plan_6"], MENU.index["sms/midday"]
    actions = np.array([calls, texts, 0])
    assert p.deciding_rules(observations, actions).tolist() == [0, 1, -1]
    priority = p.priority(observations, actions)
    assert priority is not None and priority.tolist() == [1, 5, 5]
    level = plan("  - {name: text, do: {channel: sms}}\n")
    assert level.priority(observations, actions) is None


def test_actions_that_were_changed_are_no_longer_the_plans() -> None:
    p = plan(TWO_RULES)
    observations = rows({"dpd": 8}, {"dpd": 7}, {"dpd": 8})
    actions = p.act(observations, np.ones((3, len(MENU)), np.bool_))
    assert p.deciding_rules(observations, actions).tolist() == [0, 1, 0]
    actions[2] = 0
    assert p.deciding_rules(observations, actions).tolist() == [0, 1, -1]


# ---- the compiled table against the plain meaning ----

_FIELD_POOL = ("dpd", "balance", "early_warning", "tier", "weekday", "hardship", "days_since_attempt", "legal_queue")


def _scalar(rng: random.Random, name: str) -> Any:
    field = FIELDS[FIELD_INDEX[name]]
    if codes := (WEEKDAYS if name == "weekday" else field.codes):
        return rng.choice(codes)
    if field.unit == "yes/no":
        return rng.random() < 0.5
    if field.unit in ("days", "cases"):
        return rng.randint(0, 6) if name != "legal_queue" else rng.randint(4995, 5005)
    return rng.choice([0.0, 0.1, 0.25, 0.3, 0.6, 1.0])


def _condition(rng: random.Random, name: str) -> Any:
    some = [_scalar(rng, name) for _ in range(rng.randint(1, 3))]
    kinds: list[Any] = [some[0], some, {"not": some}, {"not": some[0]}]
    if FIELDS[FIELD_INDEX[name]].unit != "yes/no":
        bounds = {key: _scalar(rng, name) for key in ("at_least", "above", "at_most", "below", "not")}
        kinds += [dict(rng.sample(sorted(bounds.items()), rng.randint(1, 2))) for _ in range(4)]
    return rng.choice(kinds)


def _when(rng: random.Random, deep: int = 2) -> dict[str, Any]:
    when: dict[str, Any] = {name: _condition(rng, name) for name in rng.sample(_FIELD_POOL, rng.randint(1, 2))}
    if deep and rng.random() < 0.4:
        when["any"] = [_when(rng, deep - 1) for _ in range(rng.randint(1, 3))]
    return when


_STEPS = (
    "nothing",
    {"channel": "sms"},
    {"channel": "sms", "window": ["evening", "midday"]},
    {"channel": "wechat", "offer": ["plan_12", "none"], "window": "evening"},
    {"channel": "collector", "offer": ["plan_6", "plan_3"]},
    {"channel": "visit"},
    {"channel": "letter", "legal": "notice"},
    {"legal": "suit"},
)


def _holds(when: dict[str, Any], account: dict[str, Any]) -> bool:
    """The meaning of `when`, word for word."""
    return all(
        any(_holds(item, account) for item in condition) if name == "any" else _true(name, condition, account[name])
        for name, condition in when.items()
    )


def _true(name: str, condition: Any, value: Any) -> bool:
    if isinstance(condition, list):
        return any(_true(name, one, value) for one in condition)
    if not isinstance(condition, dict):
        return bool(_rank(name, value) == _rank(name, condition))
    tests = {
        "at_least": lambda limit: _rank(name, value) >= _rank(name, limit),
        "above": lambda limit: _rank(name, value) > _rank(name, limit),
        "at_most": lambda limit: _rank(name, value) <= _rank(name, limit),
        "below": lambda limit: _rank(name, value) < _rank(name, limit),
        "not": lambda limit: not _true(name, limit, value),
    }
    return all(tests[bound](limit) for bound, limit in condition.items())


def _rank(name: str, value: Any) -> np.float32:
    codes = WEEKDAYS if name == "weekday" else FIELDS[FIELD_INDEX[name]].codes
    return np.float32(codes.index(value) if isinstance(value, str) else value)


def _random_plan(rng: random.Random, padding: int) -> tuple[list[dict[str, Any]], Plan]:
    """Eight rules that make sense together, after rules that hold for no account of the test."""
    rules: list[dict[str, Any]] = [
        {"name": f"pad {n}", "do": {"channel": "email"}, "when": {"dpd": 100 + n}} for n in range(padding)
    ]
    while len(rules) < padding + 8:
        rule = {"name": f"{len(rules)}", "do": rng.choice(_STEPS), "when": _when(rng)}
        text = yaml.safe_dump({"name": "p", "title": "P", "rules": [*rules, rule]})
        try:
            p = Plan.load(parse_yaml(text, "p.yaml"), MENU)
        except InputError as error:  # by chance it contradicts itself, or earlier rules decide all its cases
            assert any(word in str(error) for word in ("can hold", "can be reached"))
            continue
        rules.append(rule)
    return rules, p


@pytest.mark.parametrize("seed", range(20))
def test_the_table_decides_as_the_rules_read(seed: int) -> None:
    rng = random.Random(seed)
    masks = np.random.default_rng(seed).random((200, len(MENU))) < 0.6
    masks[:, 0] = True
    deciding = np.zeros(0)
    while len(set(deciding)) < 4:  # a plan that is worth the test
        rules, p = _random_plan(rng, padding=rng.choice([0, 0, 60, 130]))  # 60: clauses beyond one 64-bit word
        accounts = [{name: _scalar(rng, name) for name in _FIELD_POOL} for _ in masks]
        observations = rows(*accounts)
        actions = p.act(observations, masks)
        deciding = p.deciding_rules(observations, actions)
    for account, mask, action, by in zip(accounts, masks, actions, deciding, strict=True):
        allowed = {name for name, free in zip(MENU.names, mask, strict=True) if free}
        expected = ({"nothing"}, -1)
        for number, rule in enumerate(rules):
            options = _options(rule["do"], allowed) if _holds(rule["when"], account) else set()
            if options:
                expected = (options, number)
                break
        assert MENU.names[action] in expected[0]
        assert by == expected[1]


def _options(step: Any, allowed: set[str]) -> set[str]:
    """What a step may choose: the first allowed one of its list, or any allowed window of the first possible offer."""
    if step == "nothing":
        return {"nothing"}
    if "channel" not in step:
        return {step["legal"]} & allowed
    windows = step.get("window", "spread")
    for offer in step["offer"] if "offer" in step else [step.get("legal", "none")]:
        tail = "" if offer == "none" else f"/{offer}"
        listed = ["morning", "midday", "afternoon", "evening"] if windows == "spread" else windows
        listed = [listed] if isinstance(listed, str) else listed
        choices = [name for window in listed if (name := f"{step['channel']}/{window}{tail}") in allowed]
        if choices:
            return set(choices) if windows == "spread" else {choices[0]}
    return set()


# ---- menus ----


def test_a_rule_beyond_the_scenario_is_dropped_and_listed() -> None:
    menu = Menu.of(["sms", "collector"], ["plan_12"], [])
    p = plan(
        """
  - {name: visit large ones, when: {balance: {at_least: 9000}}, do: {channel: visit}}
  - {name: call, when: {dpd: {at_least: 8}}, do: {channel: collector, offer: [plan_6, plan_12]}}
  - {name: sue, do: {legal: suit}}
  - {name: text, do: {channel: sms}}
""",
        menu,
    )
    assert [rule.name for rule in p.rules] == ["call", "text"]
    assert len(p.dropped) == 2
    assert "«visit large ones» (line 5, rules[0])" in str(p.dropped[0])
    assert p.dropped[1].values == {"rule": "sue", "place": "line 7, rules[2]", "treatment": "suit"}
    assert chosen(p, {"dpd": 8, "balance": 9000}).endswith("/plan_12")
    assert chosen(p, {"dpd": 7}).startswith("sms/")


def test_a_plan_left_without_rules_does_nothing() -> None:
    p = Plan.load("status-quo", Menu.of([], [], []))
    assert chosen(p, {"dpd": 9}) == "nothing"


# ---- shipped plans ----


def test_shipped_plans_load_whole_on_the_full_menu() -> None:
    assert set(shipped_plans()) >= {"status-quo", "staged", "tiered", "no-contact", "template"}
    for name in shipped_plans():
        p = Plan.load(name, MENU)
        assert p.name == name
        assert not p.dropped


IDLE = {"days_since_attempt": 365, "days_since_reached": 365, "days_since_payment": 365}


@pytest.mark.parametrize(
    ("name", "account", "forbidden", "expected"),
    [
        ("no-contact", {"dpd": 40}, (), "nothing"),
        ("status-quo", {"dpd": 1}, (), "collector/"),
        ("status-quo", {"dpd": 200}, (), "collector/"),
        ("status-quo", {"dpd": 9, "days_since_attempt": 1}, (), "nothing"),
        ("status-quo", {"dpd": 9, "promise_open": 1}, (), "nothing"),
        ("staged", {"dpd": 1}, (), "sms/midday"),
        ("staged", {"dpd": 4}, (), "wechat/evening"),
        ("staged", {"dpd": 1, "early_warning": 0.7}, (), "collector/"),
        ("staged", {"dpd": 4, "opted_out": 1}, ("sms", "wechat", "email"), "autocall/"),
        ("staged", {"dpd": 10}, (), "collector/"),
        ("staged", {"dpd": 10, "reached": 1}, (), "collector/"),
        ("staged", {"dpd": 10, "promises_broken": 1, "days_since_attempt": 1}, (), "collector/"),
        ("staged", {"dpd": 20, "calls_7d": 3}, (), "wechat/evening"),
        ("staged", {"dpd": 20, "calls_7d": 3, "texts_7d": 2}, (), "autocall/"),
        ("staged", {"dpd": 35, "claim_size": 0.3}, (), "letter/morning/notice"),
        ("staged", {"dpd": 35, "claim_size": 0.1}, (), "collector/"),
        ("staged", {"dpd": 35, "claim_size": 1, "legal_stage": "noticed"}, (), "specialist/"),
        ("staged", {"dpd": 35, "claim_size": 0.3, "legal_stage": "noticed"}, (), "collector/"),
        ("staged", {"dpd": 400, "claim_size": 0.3, "legal_stage": "noticed", "calls_7d": 1}, (), "collector/"),
        ("staged", {"dpd": 400, "claim_size": 0.3, "legal_stage": "noticed", "calls_7d": 2}, (), "wechat/evening"),
        ("staged", {"dpd": 50, "claim_size": 3}, (), "letter/morning/notice"),
        ("staged", {"dpd": 70, "claim_size": 1, "stable_assets": 1, "legal_stage": "noticed"}, (), "suit"),
        ("staged", {"dpd": 70, "claim_size": 3, "legal_stage": "noticed"}, (), "suit"),
        ("staged", {"dpd": 70, "claim_size": 3, "legal_stage": "noticed", "legal_load": 0.9}, (), "visit/"),
        ("staged", {"dpd": 70, "claim_size": 3, "legal_stage": "filed", "days_since_attempt": 2}, (), "nothing"),
        ("staged", {"dpd": 70, "claim_size": 3, "legal_stage": "noticed"}, ("suit",), "visit/"),
        ("staged", {"dpd": 70, "claim_size": 3, "legal_stage": "noticed", "hardship": 1}, (), "wechat/midday/plan_12"),
        ("staged", {"dpd": 70, "claim_size": 0.3, "legal_stage": "noticed"}, (), "collector/"),
        ("staged", {"dpd": 200, "claim_size": 3, "legal_stage": "judged"}, (), "enforce"),
        ("staged", {"dpd": 70, "claim_size": 3, "dispute": 1}, (), "nothing"),
        ("tiered", {"dpd": 20, "claim_size": 3, "tier": "high"}, (), "letter/morning/notice"),
        ("tiered", {"dpd": 40, "claim_size": 3, "tier": "high", "legal_stage": "noticed"}, (), "suit"),
        ("tiered", {"dpd": 40, "claim_size": 3, "tier": "high", "legal_stage": "noticed"}, ("suit",), "specialist/"),
        ("tiered", {"dpd": 20, "claim_size": 0.3, "tier": "high"}, (), "letter/morning/notice"),
        ("tiered", {"dpd": 20, "claim_size": 0.1, "tier": "high"}, (), "collector/"),
        ("tiered", {"dpd": 9, "tier": "medium"}, (), "collector/"),
        ("tiered", {"dpd": 9, "tier": "medium", "reached": 1}, (), "collector/"),
        ("tiered", {"dpd": 70, "tier": "medium", "offers_made": 4, "offers_refused": 3}, (), "specialist/"),
        ("tiered", {"dpd": 1, "tier": "low"}, (), "sms/midday"),
        ("tiered", {"dpd": 6, "tier": "low"}, (), "wechat/evening"),
        ("tiered", {"dpd": 25, "tier": "low", "reached": 3, "calls_7d": 1}, (), "wechat/evening/plan_6"),
    ],
)
def test_shipped_plans_do_what_they_say(name: str, account: dict, forbidden: tuple[str, ...], expected: str) -> None:
    assert chosen(Plan.load(name, MENU), IDLE | account, forbidden).startswith(expected)


@pytest.mark.parametrize(
    ("account", "offer"),
    [
        ({"dpd": 10, "reached": 2}, "plan_3"),
        ({"dpd": 20, "reached": 3, "offers_made": 2}, "plan_6"),
        ({"dpd": 35, "promises_broken": 1}, "plan_6"),
        ({"dpd": 35, "claim_size": 1, "stable_assets": 1, "payments": 1, "promises_broken": 1}, "restructure"),
        ({"dpd": 70, "claim_size": 1, "stable_assets": 1, "promises_broken": 1}, "asset_swap"),
        ({"dpd": 70, "claim_size": 1, "legal_stage": "noticed", "reached": 2}, "plan_6"),
        ({"dpd": 100, "claim_size": 0.3, "legal_stage": "noticed", "offers_refused": 2}, "settle_20"),
        ({"dpd": 160, "claim_size": 0.3, "legal_stage": "noticed", "best_discount": 0.2}, "settle_30"),
    ],
)
def test_the_staged_plan_makes_offers(account: dict, offer: str) -> None:
    assert chosen(Plan.load("staged", MENU), IDLE | account).endswith(f"/{offer}")


def test_no_shipped_plan_disturbs_a_promise_with_more_than_one_reminder() -> None:
    for name in shipped_plans():
        p = Plan.load(name, MENU)
        for due in range(15):
            action = chosen(p, IDLE | {"dpd": 40, "promise_open": 1, "promise_due_in": due})
            assert action == "nothing" or (action.startswith("wechat/") and due in (1, 2))


# ---- finding and reading ----


def test_a_plan_is_found_by_name_or_path(tmp_path: Path) -> None:
    mine = tmp_path / "mine.yaml"
    mine.write_text("name: mine\ntitle: Mine\nrules:\n  - {name: rest, do: nothing}\n", encoding="utf-8")
    assert Plan.load(mine, MENU).name == "mine"
    assert Plan.load(str(mine), MENU).name == "mine"
    assert find_plan("staged").data["name"] == "staged"
    with pytest.raises(InputError, match=r"got 'stagd', expected .*staged \(did you mean it"):
        find_plan("stagd")
    with pytest.raises(InputError, match=r"gone\.yaml: got 'No such file"):
        find_plan(str(tmp_path / "gone.yaml"))


def test_a_plan_made_in_memory_equals_the_file() -> None:
    document = find_plan("staged")
    p = Plan.of(PlanFile.model_validate(document.data), MENU)
    assert p.table.truth.tobytes() == Plan.load(document, MENU).table.truth.tobytes()
    rule = {"name": "x", "when": {"dpt": 1}, "do": "nothing"}
    wrong = PlanFile.model_validate({"name": "a", "title": "A", "rules": [rule]})
    with pytest.raises(InputError, match=r"a: line 1, rules\[0\]\.when\.dpt: got 'dpt'"):
        Plan.of(wrong, MENU)


RULE = "  - name: a\n    do: {channel: sms}\n"


@pytest.mark.parametrize(
    ("when", "place", "expected"),
    [
        ("{dpt: 3}", ".dpt", "dpd (did you mean it?)"),
        ("{dpd: soon}", ".dpd", "a number from 0 to 3650 (days)"),
        ("{dpd: 1e3}", ".dpd", "a number"),
        ("{dpd: true}", ".dpd", "a number"),
        ("{dpd: -1}", ".dpd", "a number from 0"),
        ("{dpd: .nan}", ".dpd", "a number"),
        ("{dpd: {below: .inf}}", ".dpd.below", "a number"),
        ("{dpd: 2.5}", ".dpd", "a whole number"),
        ("{dpd: {at_leest: 2}}", ".dpd.at_leest", "at_least (did"),
        ("{dpd: {at_least: 5, below: 3}}", ".dpd", "can hold"),
        ("{dpd: {above: 3, below: 4}}", ".dpd", "can hold"),
        ("{dpd: {above: 3650}}", ".dpd", "can hold"),
        ("{hardship: {not: [true, false]}}", ".hardship", "can hold"),
        ("{dpd: {at_most: 9}, any: [{dpd: 8}, {dpd: 10}]}", ".any[1]", "above"),
        ("{any: []}", ".any", "a list of mappings"),
        ("{dpd: []}", ".dpd", "at least one value"),
        ("{dpd: {}}", ".dpd", "at_least"),
        ("{}", "", "leave `when` out"),
        ("{tier: hihg}", ".tier", "high (did you mean it?)"),
        ("{tier: 2}", ".tier", "one of low, medium, high"),
        ("{weekday: 0}", ".weekday", "monday"),
        ("{hardship: 1}", ".hardship", "true or false"),
        ("{hardship: {at_least: true}}", ".hardship", "true or false"),
    ],
)
def test_a_wrong_condition_is_named_with_line_field_and_expectation(when: str, place: str, expected: str) -> None:
    message = fault_in(f"  - name: a\n    when: {when}\n    do: nothing\n")
    assert message.startswith(f"p.yaml: line 5, rules[0].when{place}: got ")
    assert expected in message


@pytest.mark.parametrize(
    ("do", "place", "expected"),
    [
        ("{channel: smss}", ".channel", "sms (did you mean it?)"),
        ("{chanel: sms}", ".chanel", "channel (did you mean it?)"),
        ("{channel: sms, window: [night]}", ".window", "morning"),
        ("{channel: sms, window: []}", ".window", "at least one window"),
        ("{channel: sms, window: {night: 1}}", ".window", "morning"),
        ("{channel: sms, window: {evening: 0}}", ".window", "a whole number from 1"),
        ("{channel: letter, window: {evening: 1}}", ".window", "one of morning"),
        ("{channel: sms, window: spred}", ".window", "spread (did you mean it?)"),
        ("{channel: sms, window: 3}", ".window", "morning"),
        ("{legal: suit, window: {evening: 1}}", ".window", "a `channel` beside it"),
        ("{channel: collector, offer: plan_7}", ".offer", "plan_"),
        ("{channel: sms, offer: plan_6}", ".offer", "what a sms can have as offer: one of none"),
        ("{channel: letter, window: evening}", ".window", "one of morning"),
        ("{channel: collector, legal: suit}", ".channel", "no channel"),
        ("{legal: notice}", ".legal", "`channel: letter`"),
        ("{offer: plan_6}", ".offer", "a `channel` beside it"),
        ("{}", "", "`nothing`"),
    ],
)
def test_a_wrong_step_is_named_with_line_field_and_expectation(do: str, place: str, expected: str) -> None:
    message = fault_in(f"  - name: a\n    do: {do}\n")
    assert message.startswith(f"p.yaml: line 5, rules[0].do{place}: got ")
    assert expected in message


@pytest.mark.parametrize(
    ("rule", "line", "place", "expected"),
    [
        ("  - name: a\n    when:\n    do: nothing\n", 5, "rules[0].when", "leave `when` out"),
        ("  - name: a\n    do: call\n", 5, "rules[0].do", "`nothing`"),
        ("  - name: a\n    do:\n", 5, "rules[0].do", "`nothing`"),
        ("  - name: a\n", 4, "rules[0].do", "required"),
        ("  - do: nothing\n", 4, "rules[0].name", "required"),
        ("  - name: a\n    do: nothing\n    priority: 10\n", 6, "rules[0].priority", "less than or equal to 9"),
        ("  - name: a\n    do: nothing\n    priority: 1.5\n", 6, "rules[0].priority", "a valid integer"),
        ("  - name: a\n    do: nothing\n    wen: 1\n", 6, "rules[0].wen", "when (did you mean it?)"),
        ("  - call everybody\n", 4, "rules[0]", "a rule: a mapping"),
        (RULE + RULE, 6, "rules[1].name", "no earlier rule has"),
        (RULE + "  - name: b\n    do: {channel: sms, window: midday}\n", 6, "rules[1]", "«a» above it decides all"),
        (
            "  - name: a\n    when: {dpd: {at_least: 3}}\n    do: nothing\n"
            "  - name: b\n    when: {dpd: [4, 5], tier: high}\n    do: {legal: suit}\n",
            7,
            "rules[1]",
            "«a» above it",
        ),
    ],
)
def test_a_wrong_rule_is_named_with_line_field_and_expectation(rule: str, line: int, place: str, expected: str) -> None:
    message = fault_in(rule)
    assert message.startswith(f"p.yaml: line {line}, {place}: got ")
    assert expected in message


@pytest.mark.parametrize(
    ("text", "start", "expected"),
    [
        ("name: p\ntitle: P\n", "p.yaml: line 1, rules", "required"),
        ("name: p\ntitle: P\nrules: []\n", "p.yaml: line 3, rules", "at least one rule"),
        ("name: p\ntitle: P\nrules: nothing\n", "p.yaml: line 3, rules", "at least one rule"),
        (f"name: My plan\ntitle: P\nrules:\n{RULE}", "p.yaml: line 1, name", "lower-case"),
        (f"name: p\nrules:\n{RULE}", "p.yaml: line 1, title", "required"),
        (f"name: p\ntitel: P\nrules:\n{RULE}", "p.yaml: line 2, titel", "title (did you mean it?)"),
        (f"name: p\ntitle: P\nrule: 3\nrules:\n{RULE}", "p.yaml: line 3, rule", "rules (did you mean it?)"),
        ("name: p\ntitle: P\nrules:\n  - name: a\n    name: b\n", "p.yaml: line 5", "valid YAML"),
    ],
)
def test_a_wrong_plan_is_named_with_line_field_and_expectation(text: str, start: str, expected: str) -> None:
    message = fault(text)
    assert message.startswith(start + ":")
    assert expected in message


def test_a_rule_is_not_called_unreachable_when_another_treatment_might_be_allowed() -> None:
    p = plan(RULE + "  - name: b\n    do: {channel: email}\n")
    assert chosen(p, {}, ("sms",)).startswith("email/")


def test_too_many_combinations_are_refused() -> None:
    many = "[" + ", ".join(f"{{dpd: {n}}}" for n in range(70)) + "]"
    assert "at most 64" in fault_in(f"  - name: a\n    when: {{any: {many}}}\n    do: nothing\n")


# ---- documentation ----


def test_the_template_explains_every_key_and_treatment_word() -> None:
    written = files("recoup.scenarios").joinpath("plans", "template.yaml").read_text(encoding="utf-8")
    for word in [*names(Channel, [Channel.NONE]), *names(Legal, [Legal.NONE]), "spread", "priority", "any", "not"]:
        assert word in written


def test_the_guide_lists_every_field_offer_and_code() -> None:
    guide = ROOT.joinpath("docs", "plans.md").read_text(encoding="utf-8")
    for field in FIELDS:
        assert f"| `{field.name}` |" in guide
        assert all(f"`{code}`" in guide for code in field.codes)
    assert all(f"`{offer.name}`" in guide for offer in OFFERS)
