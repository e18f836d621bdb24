"""Plans whose choice for an account is known by reading them: boundaries, order, windows, priority, contact cap."""

from __future__ import annotations

import numpy as np
import pytest
import yaml

from recoup.agents.plans.plan import Plan
from recoup.agents.plans.plan_file import PlanFile, find_plan
from recoup.agents.plans.writing import plan_text
from recoup.agents.sampling import hashed_uniforms
from recoup.sim.inputs import InputError, parse_yaml
from recoup.sim.observation import FIELD_INDEX, FIELDS
from recoup.sim.treatments import ALL_TREATMENTS, Menu

MENU = Menu(ALL_TREATMENTS)
# Nobody has spoken to this debtor for a month; nothing is agreed, nothing disputed.
AT_REST = {
    "days_since_attempt": 30,
    "days_since_reached": 30,
    "days_since_payment": 365,
    "balance": 6000,
    "opening_balance": 6000,
    "claim_size": 0.6,
    "credit_score": 600,
    "settlement_budget_left": 1,
}


def rows(*accounts):
    """Observations at rest except as named; codes by their names."""
    out = np.tile(np.array([f.low for f in FIELDS], np.float32), (len(accounts), 1))
    for row, account in zip(out, accounts, strict=True):
        for name, value in {**AT_REST, **account}.items():
            row[FIELD_INDEX[name]] = FIELDS[FIELD_INDEX[name]].codes.index(value) if isinstance(value, str) else value
    return out


def read(text, menu=MENU):
    return Plan.load(parse_yaml(f"name: p\ntitle: P\n{text}", "p.yaml"), menu)


def chosen(plan, account, *forbidden):
    """What the plan does with an account when treatments that begin so are forbidden, and the rule that decides."""
    mask = np.array([[not name.startswith(forbidden or "-") for name in plan.menu.names]])
    seen = rows(account)
    action = plan.act(seen, mask)
    rule = plan.deciding_rules(seen, action)[0]
    return plan.menu.names[action[0]], plan.rules[rule].name if rule >= 0 else None


# ---- the staged plan, as it stands in scenarios/plans/staged.yaml ----

CALLED = "collector/"
STAGED = [
    # account, how the treatment begins, the rule
    ({"dpd": 0}, "sms/midday", "first reminder by SMS"),
    ({"dpd": 2}, "sms/midday", "first reminder by SMS"),
    ({"dpd": 3}, "wechat/evening", "second reminder by WeChat"),
    ({"dpd": 5}, "wechat/evening", "second reminder by WeChat"),
    ({"dpd": 6}, "sms/midday", "third reminder by SMS"),
    ({"dpd": 7}, "sms/midday", "third reminder by SMS"),
    ({"dpd": 7, "days_since_attempt": 1}, "nothing", "give reminders time"),
    ({"dpd": 7, "days_since_attempt": 2}, "sms/midday", "third reminder by SMS"),
    ({"dpd": 7, "early_warning": 0.6}, CALLED, "call high risks ahead"),
    ({"dpd": 7, "early_warning": 0.59}, "sms/midday", "third reminder by SMS"),
    ({"dpd": 0, "early_warning": 0.9}, "sms/midday", "first reminder by SMS"),
    ({"dpd": 8}, CALLED, "friendly call"),
    ({"dpd": 8, "days_since_attempt": 1}, "wechat/evening", "message between calls"),
    ({"dpd": 8, "days_since_attempt": 1, "texts_7d": 2}, "nothing", "no more than that before day 30"),
    ({"dpd": 8, "claim_size": 2}, CALLED, "friendly call, high risk or large claim"),
    ({"dpd": 8, "claim_size": 1.999}, CALLED, "friendly call"),
    ({"dpd": 15, "reached": 2, "offers_made": 1}, CALLED, "friendly call with an instalment plan"),
    ({"dpd": 15, "reached": 1, "offers_made": 1}, CALLED, "friendly call"),
    ({"dpd": 15, "reached": 2, "offers_made": 2}, CALLED, "friendly call"),
    ({"dpd": 16}, CALLED, "call on"),
    ({"dpd": 16, "reached": 3, "offers_made": 2}, CALLED, "longer plan for those who found the first too heavy"),
    ({"dpd": 16, "calls_7d": 2}, CALLED, "call on"),
    ({"dpd": 16, "calls_7d": 3}, "wechat/evening", "message between calls"),
    ({"dpd": 16, "calls_7d": 3, "texts_7d": 2}, "autocall/", "automated call between calls"),
    ({"dpd": 29, "promises_broken": 1}, CALLED, "call again soon after a broken promise"),
    (
        {"dpd": 30, "promises_broken": 1, "legal_stage": "noticed"},
        "specialist/",
        "specialist call with a plan after a broken promise",
    ),
    ({"dpd": 30, "legal_stage": "noticed"}, CALLED, "collector call, smaller or older claim"),
    ({"dpd": 30, "claim_size": 1, "legal_stage": "noticed"}, "specialist/", "specialist call, large claim"),
    ({"dpd": 119, "claim_size": 1, "legal_stage": "noticed"}, "specialist/", "specialist call, large claim"),
    ({"dpd": 120, "claim_size": 1, "legal_stage": "noticed"}, CALLED, "collector call, smaller or older claim"),
    ({"dpd": 180, "claim_size": 0.3, "legal_stage": "noticed"}, CALLED, "collector call for old debt"),
    ({"dpd": 180, "claim_size": 0.3, "legal_stage": "noticed", "calls_7d": 1}, CALLED, "collector call for old debt"),
    (
        {"dpd": 180, "claim_size": 0.3, "legal_stage": "noticed", "calls_7d": 2},
        "wechat/evening",
        "message between these calls",
    ),
    ({"dpd": 180, "claim_size": 0.3, "legal_stage": "noticed", "days_since_attempt": 1}, "nothing", None),
    ({"dpd": 180, "claim_size": 0.299, "legal_stage": "noticed"}, "wechat/evening", "message between these calls"),
    ({"dpd": 30, "claim_size": 0.2, "days_since_payment": 14}, "letter/morning/notice", "legal notice before a suit"),
    ({"dpd": 29, "claim_size": 0.2, "days_since_payment": 14}, CALLED, "call on"),
    ({"dpd": 30, "claim_size": 0.199, "days_since_payment": 14}, CALLED, "collector call, smaller or older claim"),
    ({"dpd": 30, "claim_size": 0.2, "days_since_payment": 13}, CALLED, "collector call, smaller or older claim"),
    (
        {"dpd": 60, "claim_size": 1, "legal_stage": "noticed", "stable_assets": 1, "legal_load": 0.99},
        "suit",
        "sue where assets are known",
    ),
    (
        {"dpd": 60, "claim_size": 3, "legal_stage": "noticed", "legal_load": 0.59, "days_since_payment": 30},
        "suit",
        "sue for large claims",
    ),
    (
        {"dpd": 60, "claim_size": 3, "legal_stage": "noticed", "legal_load": 0.6},
        "visit/afternoon",
        "visit large claims that no call reaches",
    ),
    ({"dpd": 500, "claim_size": 0.2, "legal_stage": "judged"}, "enforce", "enforce a judgment"),
    ({"dpd": 500, "legal_stage": "filed", "days_since_attempt": 6}, "nothing", "otherwise leave it to the court"),
    (
        {"dpd": 500, "legal_stage": "enforcing", "days_since_attempt": 7},
        "specialist/",
        "talk on while the court is at work",
    ),
    (
        {"dpd": 90, "offers_refused": 2, "best_discount": 0.1, "legal_stage": "noticed"},
        "specialist/",
        "settle small old claims",
    ),
    (
        {"dpd": 150, "offers_refused": 2, "best_discount": 0.2, "legal_stage": "noticed"},
        "specialist/",
        "last discount for small old claims",
    ),
    (
        {"dpd": 150, "offers_refused": 2, "best_discount": 0.3, "legal_stage": "noticed"},
        CALLED,
        "collector call, smaller or older claim",
    ),
    ({"dpd": 90, "promise_open": 1, "promise_due_in": 3}, "nothing", "leave promises alone"),
    ({"dpd": 90, "promise_open": 1, "promise_due_in": 2}, "wechat/midday", "remind of a promise about to fall due"),
    ({"dpd": 90, "promise_open": 1, "promise_due_in": 0}, "nothing", "leave promises alone"),
    ({"dpd": 90, "plan_active": 1}, "nothing", "leave running plans alone"),
    ({"dpd": 90, "plan_active": 1, "plan_missed": 1}, CALLED, "ask in a friendly way after a missed instalment"),
    ({"dpd": 90, "dispute": 1}, "nothing", "rest while a dispute or complaint is open"),
    ({"dpd": 90, "complaint_open": 1}, "nothing", "rest while a dispute or complaint is open"),
    (
        {"dpd": 90, "hardship": 1, "days_since_attempt": 14},
        "wechat/midday/plan_12",
        "offer an easy plan in hardship, by message",
    ),
    ({"dpd": 90, "hardship": 1, "days_since_attempt": 13}, "nothing", "rest in hardship"),
]


@pytest.mark.parametrize(("account", "treatment", "rule"), STAGED)
def test_the_staged_plan_does_what_one_reads_in_it(account, treatment, rule):
    name, by = chosen(Plan.load("staged", MENU), account)
    assert name.startswith(treatment) and by == rule


def test_the_last_resort_follows_where_the_first_choice_is_forbidden():
    staged = Plan.load("staged", MENU)
    old = {"dpd": 90, "offers_refused": 2, "best_discount": 0.1, "legal_stage": "noticed"}
    assert chosen(staged, old)[0].endswith("/settle_20")
    forbidden = [name for name in MENU.names if name.endswith("/settle_20")]
    name, rule = chosen(staged, old, *forbidden)
    assert name.endswith("/settle_10") and rule == "settle small old claims"
    name, rule = chosen(staged, old, "specialist/")
    assert name.startswith("collector/") and rule == "collector call, smaller or older claim"


# ---- one step to either side of a rule's conditions: what changes, and what is done then ----

# At every bound of «negotiate instalments» at once, and of the rules that ask the same at high and at medium risk.
SPOKEN_TO = {
    "legal_stage": "noticed",
    "reached": 2,
    "offers_made": 4,
    "days_since_attempt": 2,
    "days_since_reached": 3,
    "calls_7d": 2,
}
# At every bound of «take assets in place of the debt»; a promise has failed, nothing has been paid.
FAILED_WITH_ASSETS = {
    "legal_stage": "noticed",
    "stable_assets": 1,
    "claim_size": 0.5,
    "days_since_attempt": 4,
    "promises_broken": 1,
    "offers_refused": 3,
    "offers_made": 3,
}
AFTER_A_PROMISE = "specialist call with a plan after a broken promise"
STAGED_INSTALMENTS = [
    ({}, "collector/plan_6", "negotiate instalments"),
    ({"dpd": 359}, "collector/plan_6", "negotiate instalments"),
    ({"dpd": 360}, "wechat", "message between these calls"),
    ({"dpd": 360, "calls_7d": 1}, "collector", "collector call for old debt"),
    ({"reached": 1}, "wechat", "message between these calls"),
    ({"reached": 1, "calls_7d": 1}, "collector", "collector call, smaller or older claim"),
    ({"offers_made": 5}, "wechat", "message between these calls"),
    ({"days_since_attempt": 1}, "nothing", None),
    ({"days_since_reached": 2}, "wechat", "message between these calls"),
    ({"calls_7d": 3}, "wechat", "message between these calls"),
    # Large claims too, and the specialist only after a broken promise.
    ({"claim_size": 1}, "collector/plan_6", "negotiate instalments"),
    ({"claim_size": 1, "reached": 1}, "specialist", "specialist call, large claim"),
    ({"promises_broken": 1}, "specialist/plan_6", AFTER_A_PROMISE),
    ({"legal_stage": "none"}, "letter/notice", "legal notice before a suit"),
    # Up to day 29 «longer plan for those who found the first too heavy» asks for more.
    ({"dpd": 29}, "collector", "call on"),
]
STAGED_ASSETS = [
    ({}, "specialist/asset_swap", "take assets in place of the debt"),
    ({"dpd": 59}, "specialist/plan_6", AFTER_A_PROMISE),
    ({"stable_assets": 0}, "specialist/plan_6", AFTER_A_PROMISE),
    ({"claim_size": 0.499}, "specialist/plan_6", AFTER_A_PROMISE),
    ({"days_since_attempt": 3}, "specialist/plan_6", AFTER_A_PROMISE),
    ({"promises_broken": 0}, "collector", "collector call, smaller or older claim"),
    ({"offers_refused": 4, "offers_made": 4}, "specialist/plan_6", AFTER_A_PROMISE),
    # Who has paid before is offered a restructuring first, once; it comes before notice and suit.
    ({"payments": 1}, "specialist/restructure", "restructure for the willing with stable assets"),
    ({"payments": 1, "restructured": 1}, "specialist/asset_swap", "take assets in place of the debt"),
    ({"payments": 1, "promises_broken": 3}, "specialist/asset_swap", "take assets in place of the debt"),
    ({"legal_stage": "none"}, "specialist/asset_swap", "take assets in place of the debt"),
    ({"claim_size": 1}, "specialist/asset_swap", "take assets in place of the debt"),
    ({"claim_size": 1, "days_since_attempt": 3}, "suit", "sue where assets are known"),
]
# The team has no free place, but the file has not been reviewed.
STAGED_SUIT = [
    ({}, "suit", "sue where assets are known"),
    ({"review": "under_review"}, "specialist", "specialist call, large claim"),
    ({"review": "approved"}, "specialist", "specialist call, large claim"),
    ({"review": "approved", "legal_load": 0.99}, "suit", "sue where assets are known"),
    ({"dpd": 59}, "specialist", "specialist call, large claim"),
    ({"legal_stage": "none"}, "letter/notice", "legal notice before a suit"),
    ({"claim_size": 0.999}, "collector", "collector call, smaller or older claim"),
    ({"days_since_payment": 29}, "specialist", "specialist call, large claim"),
    ({"stable_assets": 0}, "specialist", "specialist call, large claim"),
]
HIGH_INSTALMENTS = [
    ({}, "collector/plan_6", "high, negotiate instalments"),
    ({"dpd": 360}, "collector/plan_6", "high, negotiate instalments"),
    ({"reached": 1}, "wechat", "high, message between calls"),
    ({"reached": 1, "calls_7d": 1}, "specialist", "high, specialist call"),
    ({"offers_made": 5}, "wechat", "high, message between calls"),
    ({"days_since_attempt": 1}, "nothing", None),
    ({"days_since_reached": 2}, "wechat", "high, message between calls"),
    ({"calls_7d": 3}, "wechat", "high, message between calls"),
    # After a broken promise the specialist, for one offer less.
    ({"promises_broken": 1, "offers_made": 3}, "specialist/plan_6", f"high, {AFTER_A_PROMISE}"),
    ({"promises_broken": 1}, "collector/plan_6", "high, negotiate instalments"),
    ({"legal_stage": "none"}, "letter/notice", "high, early legal notice"),
    # The legal way comes first where there is something to enforce.
    ({"claim_size": 1, "stable_assets": 1}, "suit", "high, sue as soon as it is allowed, where assets are known"),
]
HIGH_ASSETS = [
    ({}, "specialist/asset_swap", "high, take assets in place of the debt"),
    ({"dpd": 29}, "specialist/plan_6", f"high, {AFTER_A_PROMISE}"),
    ({"stable_assets": 0}, "specialist/plan_6", f"high, {AFTER_A_PROMISE}"),
    ({"claim_size": 0.499}, "specialist/plan_6", f"high, {AFTER_A_PROMISE}"),
    ({"days_since_attempt": 3}, "specialist/plan_6", f"high, {AFTER_A_PROMISE}"),
    ({"promises_broken": 0}, "specialist", "high, specialist call"),
    ({"offers_refused": 4}, "specialist/plan_6", f"high, {AFTER_A_PROMISE}"),
    ({"payments": 1}, "specialist/restructure", "high, restructure for the willing with stable assets"),
    ({"payments": 1, "restructured": 1}, "specialist/asset_swap", "high, take assets in place of the debt"),
    ({"claim_size": 1}, "specialist/asset_swap", "high, take assets in place of the debt"),
    ({"tier": "medium"}, "collector/plan_6", "medium, call again soon after a broken promise, with instalments"),
]
HIGH_NOTICE = [
    ({}, "letter/notice", "high, early legal notice"),
    ({"dpd": 14}, "collector", "high, collector call for small claims"),
    ({"claim_size": 0.199}, "collector", "high, collector call for small claims"),
    ({"days_since_payment": 13}, "collector", "high, collector call for small claims"),
    ({"legal_stage": "noticed"}, "collector", "high, collector call for small claims"),
]
HIGH_SUIT = [
    ({}, "suit", "high, sue as soon as it is allowed, where assets are known"),
    ({"review": "under_review"}, "specialist", "high, specialist call"),
    ({"review": "approved"}, "specialist", "high, specialist call"),
    (
        {"review": "approved", "legal_load": 0.99},
        "suit",
        "high, sue as soon as it is allowed, where assets are known",
    ),
    ({"legal_stage": "none"}, "letter/notice", "high, early legal notice"),
    ({"days_since_payment": 20}, "specialist", "high, specialist call"),
    ({"claim_size": 0.999}, "specialist", "high, specialist call"),
    ({"stable_assets": 0}, "specialist", "high, specialist call"),
]
MEDIUM_INSTALMENTS = [
    ({}, "collector/plan_6", "medium, negotiate instalments"),
    ({"tier": "low"}, "wechat", "low, WeChat reminder"),
    ({"reached": 1}, "collector", "medium, call"),
    ({"offers_made": 5}, "collector", "medium, call"),
    ({"days_since_attempt": 1}, "wechat", "medium, message between calls"),
    ({"days_since_reached": 2}, "collector", "medium, call"),
    ({"calls_7d": 3}, "wechat", "medium, message between calls"),
]
AROUND = [
    ("staged", {**SPOKEN_TO, "dpd": 30}, STAGED_INSTALMENTS),
    ("staged", {**FAILED_WITH_ASSETS, "dpd": 60}, STAGED_ASSETS),
    (
        "staged",
        {
            "dpd": 60,
            "claim_size": 1,
            "stable_assets": 1,
            "legal_stage": "noticed",
            "legal_load": 1,
            "days_since_payment": 30,
        },
        STAGED_SUIT,
    ),
    ("tiered", {**SPOKEN_TO, "tier": "high", "dpd": 15}, HIGH_INSTALMENTS),
    ("tiered", {**FAILED_WITH_ASSETS, "tier": "high", "dpd": 30}, HIGH_ASSETS),
    ("tiered", {"tier": "high", "dpd": 15, "claim_size": 0.2, "days_since_payment": 14}, HIGH_NOTICE),
    (
        "tiered",
        {
            "tier": "high",
            "dpd": 15,
            "claim_size": 1,
            "stable_assets": 1,
            "legal_stage": "noticed",
            "legal_load": 1,
            "days_since_payment": 21,
        },
        HIGH_SUIT,
    ),
    ("tiered", {**SPOKEN_TO, "tier": "medium", "dpd": 3}, MEDIUM_INSTALMENTS),
]
ONE_STEP = [
    (plan, {**account, **change}, treatment, rule)
    for plan, account, around in AROUND
    for change, treatment, rule in around
]


def without_window(treatment):
    """How and with what offer or legal step, whatever the hour: collector/morning/plan_6 is collector/plan_6."""
    how, *rest = treatment.split("/")
    return "/".join([how, *rest[1:]])


@pytest.mark.parametrize(("plan", "account", "treatment", "rule"), ONE_STEP)
def test_a_rule_ends_where_its_conditions_end(plan, account, treatment, rule):
    name, by = chosen(Plan.load(plan, MENU), account)
    assert (without_window(name), by) == (treatment, rule)


@pytest.mark.parametrize(
    ("plan", "account", "rule"),
    [
        ("staged", {**SPOKEN_TO, "dpd": 30}, "negotiate instalments"),
        ("tiered", {**SPOKEN_TO, "tier": "high", "dpd": 15}, "high, negotiate instalments"),
    ],
)
def test_instalments_are_the_longer_ones_where_the_shorter_are_forbidden(plan, account, rule):
    forbidden = [name for name in MENU.names if name.endswith("/plan_6")]
    name, by = chosen(Plan.load(plan, MENU), account, *forbidden)
    assert (without_window(name), by) == ("collector/plan_12", rule)


# ---- order, windows, priority ----


def test_the_example_of_the_guide():
    plan = read("""rules:
  - name: friendly call with an instalment plan
    when:
      dpd: {above: 7, at_most: 15}
      hardship: false
      any:
        - early_warning: {at_least: 0.6}
        - claim_size: {at_least: 2}
    do: {channel: collector, offer: [plan_6, plan_3]}
    priority: 2
""")
    for account, holds in (
        ({"dpd": 8, "claim_size": 2}, True),
        ({"dpd": 15, "early_warning": 0.6}, True),
        ({"dpd": 7, "claim_size": 2}, False),
        ({"dpd": 16, "claim_size": 2}, False),
        ({"dpd": 8, "claim_size": 1.999, "early_warning": 0.5}, False),
        ({"dpd": 8, "claim_size": 2, "hardship": 1}, False),
    ):
        name, _ = chosen(plan, account)
        assert name.endswith("/plan_6") if holds else name == "nothing", account


def test_a_window_list_is_an_order_and_spread_is_not():
    listed = read("rules:\n  - {name: a, do: {channel: sms, window: [evening, morning]}}\n")
    several = [{"dpd": 9, "opening_balance": 100 + n, "balance": 100 + n} for n in range(60)]
    assert {chosen(listed, account)[0] for account in several} == {"sms/evening"}
    assert {chosen(listed, account, "sms/evening")[0] for account in several} == {"sms/morning"}
    assert {chosen(listed, account, "sms/evening", "sms/morning")[0] for account in several} == {"nothing"}
    spread = read("rules:\n  - {name: a, do: {channel: sms, window: spread}}\n")
    assert len({chosen(spread, account)[0] for account in several}) == 4


def test_weights_hold_among_the_windows_that_are_left():
    """Morning 4, midday 3, afternoon 2, evening 1; without the morning, 3 : 2 : 1 are left."""
    plan = read(
        "rules:\n  - {name: a, do: {channel: sms, window: {morning: 4, midday: 3, afternoon: 2, evening: 1}}}\n"
    )
    size = 20_000
    observations = np.tile(rows({"dpd": 9}), (size, 1))
    observations[:, FIELD_INDEX["monthly_income"]] = np.random.default_rng(5).uniform(1000, 20_000, size)
    names = [f"sms/{window}" for window in ("morning", "midday", "afternoon", "evening")]
    for forbidden, weights in ((None, [4, 3, 2, 1]), ("sms/morning", [0, 3, 2, 1]), ("sms/evening", [4, 3, 2, 0])):
        masks = np.array([[name != forbidden for name in MENU.names]] * size)
        actions = plan.act(observations, masks)
        found = np.array([(actions == MENU.index[name]).mean() for name in names])
        assert np.abs(found - np.array(weights) / sum(weights)).max() < 0.015, found


def test_the_draw_of_a_window_is_even_and_differs_by_account_and_by_day():
    observations = np.tile(rows({}), (20_000, 1))
    observations[:, FIELD_INDEX["opening_balance"]] = np.arange(1000, 21_000)
    draws = hashed_uniforms(observations)
    assert (draws >= 0).all() and (draws < 1).all()
    assert np.abs(np.histogram(draws, 10, (0, 1))[0] / 20_000 - 0.1).max() < 0.01
    for name in (
        "opening_balance",
        "monthly_income",
        "credit_score",
        "early_warning",
        "tenure_months",
        "days_in_portfolio",
    ):
        one, other = rows({}, {name: 0.5 if name == "early_warning" else 777})
        assert hashed_uniforms(one[None]) != hashed_uniforms(other[None]), name
    # What changes under an account's feet does not send it to another window on the same day.
    one, other = rows({"balance": 5000, "attempts": 3, "calls_7d": 2}, {})
    assert hashed_uniforms(one[None]) == hashed_uniforms(other[None])
    observations[:, FIELD_INDEX["days_in_portfolio"]] = 1
    assert abs(np.corrcoef(draws, hashed_uniforms(observations))[0, 1]) < 0.03


def test_priority_comes_from_the_rule_that_decided_not_from_the_first_that_holds():
    plan = read("""rules:
  - {name: call, when: {dpd: {at_least: 8}}, do: {channel: collector, window: morning}, priority: 9}
  - {name: visit, when: {dpd: {at_least: 8}}, do: {channel: visit, window: morning}, priority: 0}
  - {name: text, do: {channel: sms, window: morning}}
""")
    seen = rows({"dpd": 8}, {"dpd": 8}, {"dpd": 7}, {"dpd": 8})
    actions = np.array([MENU.index[name] for name in ("collector/morning", "visit/morning", "sms/morning", "nothing")])
    assert plan.priority(seen, actions).tolist() == [9, 0, 5, 5]


@pytest.mark.parametrize("first", [1, 63, 64, 65, 128, 129])
def test_the_order_holds_across_many_rules(first):
    """Conditions are kept in words of 64: the one that holds may be the last of a word or the first of the next."""
    rules = [f"  - {{name: r{n}, when: {{dpd: {n}}}, do: {{channel: email, window: morning}}}}" for n in range(1, 140)]
    rules[first - 1] = "  - {name: here, when: {balance: {at_least: 6000}}, do: {channel: sms, window: morning}}"
    plan = read("rules:\n" + "\n".join(rules) + "\n")
    assert chosen(plan, {"dpd": 139}) == ("sms/morning", "here")
    assert chosen(plan, {"dpd": 139, "balance": 5999})[0] == "email/morning"
    # A rule further up still comes first.
    assert chosen(plan, {"dpd": first - 1})[0] == ("sms/morning" if first == 1 else "email/morning")


def test_a_whole_number_that_is_large_keeps_its_boundaries():
    """Days past due reach 3,650: more values than are looked up one by one."""
    plan = read("""rules:
  - {name: old, when: {dpd: {at_least: 3000}}, do: {channel: letter}}
  - {name: one, when: {dpd: [2500, 2600]}, do: {channel: sms, window: morning}}
  - {name: hole, when: {dpd: {above: 2000, not: 2100, below: 2200}}, do: {channel: email, window: morning}}
""")
    for dpd, name in (
        (2999, "nothing"),
        (3000, "letter/morning"),
        (3650, "letter/morning"),
        (2500, "sms/morning"),
        (2501, "nothing"),
        (2600, "sms/morning"),
        (2000, "nothing"),
        (2001, "email/morning"),
        (2100, "nothing"),
        (2101, "email/morning"),
        (2199, "email/morning"),
        (2200, "nothing"),
    ):
        assert chosen(plan, {"dpd": dpd})[0] == name, dpd


def test_bounds_of_whole_numbers_may_lie_between_them():
    plan = read("rules:\n  - {name: a, when: {dpd: {above: 2.5, at_most: 4.5}}, do: {channel: sms, window: morning}}\n")
    assert [chosen(plan, {"dpd": dpd})[0] == "sms/morning" for dpd in range(2, 6)] == [False, True, True, False]


def test_two_alternatives_together_decide_all_that_a_third_rule_could():
    text = """rules:
  - {name: young, when: {dpd: {at_most: 9}}, do: nothing}
  - {name: old, when: {dpd: {at_least: 10}}, do: nothing}
  - {name: rest, when: {any: [{dpd: {below: 5}}, {dpd: {above: 20}}]}, do: {channel: sms}}
"""
    with pytest.raises(InputError, match="«young» and «old» above it decides all its cases"):
        read(text)
    # With one day between them the third has a case.
    assert chosen(read(text.replace("at_least: 10", "at_least: 22")), {"dpd": 21})[0].startswith("sms/")


def test_values_one_after_the_other_are_the_same_as_their_bounds():
    rules = "rules:\n  - {name: a, when: {dpd: [2, 3, 4]}, do: nothing}\n"
    with pytest.raises(InputError, match="«a» above it decides all its cases"):
        read(rules + "  - {name: b, when: {dpd: {at_least: 2, at_most: 4}}, do: {channel: sms}}\n")
    assert (
        chosen(read(rules + "  - {name: b, when: {dpd: {at_least: 2, below: 6}}, do: {channel: sms}}\n"), {"dpd": 5})[1]
        == "b"
    )


def test_an_alternative_holds_together_with_what_stands_above_it():
    plan = read("""rules:
  - name: a
    when: {dpd: {at_least: 3}, any: [{dpd: {below: 5}}, {dpd: 9, hardship: true}]}
    do: {channel: sms, window: morning}
""")
    held = [dpd for dpd in range(12) if chosen(plan, {"dpd": dpd, "hardship": 1})[1]]
    assert held == [3, 4, 9] and chosen(plan, {"dpd": 9})[1] is None


# ---- what the menu lacks ----


def test_rules_without_a_treatment_in_the_menu_are_dropped_and_others_use_what_is_left():
    menu = Menu.of(["sms", "collector"], ["plan_6"], [])
    plan = read(
        """rules:
  - {name: visit, do: {channel: visit, window: morning}}
  - {name: court, when: {dpd: {at_least: 90}}, do: {legal: suit}}
  - {name: offer, when: {dpd: {at_least: 30}}, do: {channel: collector, window: morning, offer: [plan_3, plan_6]}}
  - {name: text, do: {channel: sms, window: morning}}
""",
        menu,
    )
    assert [rule.name for rule in plan.rules] == ["offer", "text"]
    assert [str(remark).split(":")[0] for remark in plan.dropped] == [
        "rule «visit» (line 4, rules[0])",
        "rule «court» (line 5, rules[1])",
    ]
    assert str(plan.dropped[0]).endswith("visit/morning is not in this scenario's menu")
    assert chosen(plan, {"dpd": 90}) == ("collector/morning/plan_6", "offer")
    assert chosen(plan, {"dpd": 29}) == ("sms/morning", "text")


# ---- contact cap ----


def test_a_contact_cap_stops_calls_and_texts_from_that_many_days_on():
    plan = read("""contact_cap_per_week: 3
rules:
  - {name: call, when: {dpd: {at_least: 10}}, do: {channel: collector, window: morning}}
  - {name: notice, when: {dpd: {at_least: 5}, legal_stage: none}, do: {channel: letter, legal: notice}}
  - {name: letter, when: {dpd: {at_least: 5}}, do: {channel: letter}}
  - {name: visit, when: {dpd: {at_least: 4}}, do: {channel: visit, window: morning}}
  - {name: text, do: {channel: sms, window: morning}}
  - {name: suit, when: {legal_stage: noticed}, do: {legal: suit}}
""")
    young = {"dpd": 3}
    assert chosen(plan, {**young, "calls_7d": 1, "texts_7d": 1})[0] == "sms/morning"
    assert chosen(plan, {**young, "calls_7d": 2, "texts_7d": 1})[0] == "nothing"
    assert chosen(plan, {**young, "texts_7d": 3})[0] == "nothing"
    assert chosen(plan, {"dpd": 10, "calls_7d": 2})[0] == "collector/morning"
    # The week is full: a notice and a suit may go out, no other letter and no visit ever does.
    assert chosen(plan, {"dpd": 10, "calls_7d": 3})[0] == "letter/morning/notice"
    assert chosen(plan, {"dpd": 10, "calls_7d": 3, "legal_stage": "noticed"})[0] == "suit"
    assert chosen(plan, {"dpd": 4, "visits_30d": 0})[0] == "sms/morning"
    assert chosen(plan, {"dpd": 5, "legal_stage": "noticed"})[0] == "sms/morning"


# ---- written and read again ----


def test_a_plan_written_out_is_the_same_plan():
    text = """name: p
title: P
description: ''
contact_cap_per_week: 4
rules:
- name: call
  when: {dpd: {at_least: 8}}
  do:
    channel: collector
    window: [evening, morning]
    offer: [plan_6, none]
  priority: 0
- name: offer
  when: {dpd: 3}
  do:
    channel: wechat
    window: {morning: 2, evening: 1}
    offer: plan_12
- name: notice
  when: {legal_stage: none}
  do: {channel: letter, legal: notice}
- name: rest
  do: nothing
"""
    written = plan_text(PlanFile.model_validate(parse_yaml(text, "p.yaml").data))
    assert yaml.safe_load(written) == yaml.safe_load(text)  # what has its default value is left out
    assert (
        written.index("name: p") < written.index("contact_cap_per_week") < written.index("rules") and "&" not in written
    )
    for name in ("staged", "tiered", "status-quo", "no-contact"):
        file = PlanFile.model_validate(find_plan(name).data)
        assert PlanFile.model_validate(parse_yaml(plan_text(file), "p.yaml").data) == file
