"""Each kind of rule at its boundary: the treatments it closes for one account on one morning, and no others.

Histories have one bit a day, the lowest for today; in the morning of day 0 nothing has been done today.
"""

from __future__ import annotations

import numpy as np
import pytest

from recoup.scenarios.schema import load_scenario
from recoup.sim.account import NEVER, Stage
from recoup.sim.compliance.rules import KINDS, RulePack
from recoup.sim.simulation import Simulation

HOME = load_scenario("china-consumer")
TEXTS, CALLS = ("sms", "wechat", "email"), ("autocall", "collector", "specialist")
AT_REST = {
    "stable_assets": 1,
    "balance": 600_000,
    "dpd0": 100,
    "stage": Stage.NONE,
    "phone_right": 1,
    "employed": 1,
}


def ago(*days):
    return sum(1 << day for day in days)


def pack(*rules):
    said = {"text": "t", "source": "s", "confidence": "C"}
    return RulePack(
        name="p",
        title="P",
        rules=[KINDS[r["kind"]].model_validate({"id": f"r{n}", **said, **r}) for n, r in enumerate(rules)],
    )


def simulation(rules, state, gate=True, **world):
    made = Simulation(HOME.world.model_copy(update=world), HOME.portfolio(1, 1), rules, 1, gate=gate)
    for name, value in {**AT_REST, **state}.items():
        made.accounts[name] = value
    return made


def closed(rule, state, **world):
    """Names of the treatments that the rule closes on top of what makes no sense for the account."""
    free, bound = (simulation(rules, state, **world).masks()[0] for rules in (pack(), pack(rule)))
    return {name for name, before, after in zip(HOME.menu.names, free, bound, strict=True) if before and not after}


def menu(predicate):
    return {name for name in HOME.menu.names if predicate(name, name.split("/")[0])}


def possible(names):
    """Those of the names that make sense for an account at rest: no judgment has been given."""
    return names - {"enforce"}


TEXT = menu(lambda name, channel: channel in TEXTS)
CALL = menu(lambda name, channel: channel in CALLS)
LETTER = menu(lambda name, channel: channel == "letter")
VISIT = menu(lambda name, channel: channel == "visit")
CONTACT = TEXT | CALL | LETTER | VISIT
SETTLEMENT = menu(lambda name, _: "settle_" in name)
PLAN = menu(lambda name, _: "plan_" in name)
RESTRUCTURE = menu(lambda name, _: "restructure" in name)
SWAP = menu(lambda name, _: "asset_swap" in name)
NOTICE, SUIT, ENFORCE = {"letter/morning/notice"}, {"suit"}, {"enforce"}


def discounts_above(percent):
    return menu(lambda name, _: "settle_" in name and int(name.rsplit("_", 1)[1]) > percent)


def in_window(names, *windows):
    return {name for name in names if name.split("/")[1:2] and name.split("/")[1] in windows}


def cap(group, most, days, count="days"):
    return {"kind": "contact_cap", "group": group, "most": most, "days": days, "count": count}


def standing(state, *topics):
    return {"kind": "standing", "while": state, "forbids": list(topics)}


# (rule, state of the account, what is closed)
CASES = [
    # Five days of seven, today being one: five of the six days before close the channel.
    (cap("call", 5, 7), {"call_history": ago(1, 2, 3, 4, 5)}, CALL),
    (cap("call", 5, 7), {"call_history": ago(1, 2, 3, 4)}, set()),
    (cap("call", 5, 7), {"call_history": ago(2, 3, 4, 5, 6)}, CALL),
    (cap("call", 5, 7), {"call_history": ago(3, 4, 5, 6, 7)}, set()),
    (cap("call", 1, 7), {"text_history": ago(1), "letter_history": ago(1), "visit_history": ago(1)}, set()),
    (cap("text", 1, 2), {"text_history": ago(1)}, TEXT),
    (cap("text", 1, 2), {"text_history": ago(2)}, set()),
    (cap("letter", 2, 30), {"letter_history": ago(3, 29)}, LETTER),
    (cap("letter", 2, 30), {"letter_history": ago(3, 30)}, set()),
    (cap("visit", 2, 30), {"visit_history": ago(3, 29)}, VISIT),
    (cap("visit", 2, 30), {"visit_history": ago(29)}, set()),
    (cap("visit", 0, 1), {}, VISIT),
    (cap("call", 1, 31), {"call_history": ago(30)}, CALL),
    (cap("call", 1, 7, "conversations"), {"call_history": ago(1, 2, 3)}, set()),
    (cap("call", 1, 7, "conversations"), {"conversation_history": ago(6)}, CALL),
    (cap("call", 1, 7, "conversations"), {"conversation_history": ago(7)}, set()),
    (cap("call", 2, 7, "conversations"), {"conversation_history": ago(6)}, set()),
    (cap("call", 3, 7, "attempts"), {"call_history": ago(1, 2, 3)}, CALL),
    ({"kind": "quiet_after_conversation", "days": 7}, {"conversation_history": ago(6)}, CALL),
    ({"kind": "quiet_after_conversation", "days": 7}, {"conversation_history": ago(7)}, set()),
    ({"kind": "quiet_after_conversation", "days": 7}, {"call_history": ago(1)}, set()),
    # A state that ends on day 1 still holds on day 0; one that ends on day 0 does not.
    *(
        case
        for state, field in (
            ("complaint", "complaint_until"),
            ("hardship", "hardship_until"),
            ("dispute", "dispute_until"),
            ("breathing_space", "breathing_until"),
        )
        for case in (
            (standing(state, "contact"), {field: 1}, CONTACT),
            (standing(state, "contact"), {field: 0}, set()),
        )
    ),
    (standing("opted_out", "text"), {"opted_out": 1}, TEXT),
    (standing("opted_out", "text"), {}, set()),
    (standing("cease_contact", "contact"), {"ceased": 1}, CONTACT),
    (standing("cease_contact", "contact"), {"opted_out": 1}, set()),
    (standing("promise_open", "call"), {"promise_due": 3}, CALL - SETTLEMENT - PLAN - RESTRUCTURE - SWAP),
    (standing("promise_open", "call"), {"promise_due": NEVER}, set()),
    (standing("day_off", "visit"), {}, set()),  # a Monday
    # Topics, one by one.
    *(
        (standing("complaint", topic), {"complaint_until": 1}, names)
        for topic, names in (
            ("text", TEXT),
            ("call", CALL),
            ("letter", LETTER),
            ("visit", VISIT),
            ("autocall", {name for name in CALL if name.startswith("autocall")}),
            ("settlement", SETTLEMENT | SWAP),
            ("plan", PLAN),
            ("restructure", RESTRUCTURE),
            ("legal", NOTICE | SUIT),
            ("notice", NOTICE),
            ("suit", SUIT),
        )
    ),
    (standing("complaint", "enforce"), {"complaint_until": 1, "stage": Stage.JUDGED}, ENFORCE),
    (standing("complaint", "suit", "text"), {"complaint_until": 1}, SUIT | TEXT),
    ({"kind": "plan_length", "most_months": 12}, {}, {n for n in PLAN if "plan_24" in n} | RESTRUCTURE),
    ({"kind": "plan_length", "most_months": 11}, {}, {n for n in PLAN if "24" in n or "12" in n} | RESTRUCTURE),
    ({"kind": "plan_length", "most_months": 35}, {}, RESTRUCTURE),
    ({"kind": "plan_length", "most_months": 36}, {}, set()),
    ({"kind": "broken_plans", "most": 2}, {"plans_broken": 2}, PLAN | RESTRUCTURE),
    ({"kind": "broken_plans", "most": 2}, {"plans_broken": 1}, set()),
    ({"kind": "discount_authority", "before_dpd": 90, "most": 0.2}, {"dpd0": 89}, discounts_above(20)),
    ({"kind": "discount_authority", "before_dpd": 90, "most": 0.2}, {"dpd0": 90}, set()),
    ({"kind": "discount_authority", "before_dpd": 90, "most": 0.3}, {"dpd0": 89}, discounts_above(30)),
    ({"kind": "discount_authority", "before_dpd": 90, "most": 0.19}, {"dpd0": 89}, discounts_above(19)),
    ({"kind": "discount_authority", "before_dpd": 90, "most": 0}, {"dpd0": 89}, SETTLEMENT),
    ({"kind": "limitation", "days": 1095}, {"dpd0": 1095}, set()),
    ({"kind": "limitation", "days": 1095}, {"dpd0": 1096}, NOTICE | SUIT),
    ({"kind": "legal_precondition", "step": "notice", "least_dpd": 30}, {"dpd0": 29}, NOTICE),
    ({"kind": "legal_precondition", "step": "notice", "least_dpd": 30}, {"dpd0": 30}, set()),
    ({"kind": "legal_precondition", "step": "suit", "least_balance": 5000}, {"balance": 499_999}, SUIT),
    ({"kind": "legal_precondition", "step": "suit", "least_balance": 5000}, {"balance": 500_000}, set()),
    (
        {"kind": "legal_precondition", "step": "suit", "notice_days": 15},
        {"stage": Stage.NOTICED, "stage_day": -14},
        SUIT,
    ),
    (
        {"kind": "legal_precondition", "step": "suit", "notice_days": 15},
        {"stage": Stage.NOTICED, "stage_day": -15},
        set(),
    ),
    ({"kind": "legal_precondition", "step": "suit", "notice_days": 15}, {}, SUIT),
    ({"kind": "legal_precondition", "step": "suit"}, {}, set()),
    ({"kind": "interest_cap", "most": 0.1}, {}, set()),
    ({"kind": "review_step", "steps": ["suit"]}, {}, set()),
    ({"kind": "third_parties"}, {}, set()),
    ({"kind": "record_keeping", "years": 5}, {}, set()),
]


def named(case):
    rule, state, names = case
    told = [str(rule[part]) for part in ("kind", "group", "while", "step") if part in rule]
    return "-".join([*told, *(f"{name}={value}" for name, value in state.items()), "closed" if names else "free"])


@pytest.mark.parametrize(("rule", "state", "expected"), CASES, ids=[named(case) for case in CASES])
def test_a_rule_closes_what_it_says_and_nothing_else(rule, state, expected):
    assert closed(rule, state) == possible(expected) | (expected & {"enforce"} if "stage" in state else set())


@pytest.mark.parametrize(
    ("hours", "windows"),
    [
        ((9, 21), ()),
        ((9.5, 21), ("morning",)),
        ((8, 20.5), ("evening",)),
        ((12, 18), ("morning", "evening")),
        ((12.5, 17.5), ("morning", "midday", "afternoon", "evening")),
    ],
)
def test_a_window_is_lawful_only_as_a_whole(hours, windows):
    """The scenario's windows: 9 to 12, 12 to 14, 14 to 18, 18 to 21."""
    rule = {"kind": "contact_hours", "groups": ["text", "visit"], "from_hour": hours[0], "to_hour": hours[1]}
    assert closed(rule, {}) == in_window(TEXT | VISIT, *windows)


def test_discounts_end_with_the_settlement_budget():
    rule = {"kind": "settlement_budget"}
    assert closed(rule, {}, settlement_budget=0.0) == SETTLEMENT | SWAP
    assert closed(rule, {}, settlement_budget=0.01) == set()


def test_days_off_are_weekends_and_holidays():
    rule = standing("day_off", "visit")
    monday = HOME.world.start
    # Visitors who work every day, or there would be nobody for the rule to keep at home.
    visitors = HOME.world.operations.visit.model_copy(update={"weekdays": list(range(7)), "works_holidays": True})
    every_day = HOME.world.operations.model_copy(update={"visit": visitors})
    assert closed(rule, {}, holidays=[monday], operations=every_day) == VISIT
    assert closed(rule, {}, start=monday.replace(day=8), operations=every_day) == VISIT  # a Saturday
    assert closed(rule, {}, start=monday.replace(day=7), operations=every_day) == set()  # a Friday


# ---- what makes no sense, whatever the rules ----


def left(state):
    return {name for name, free in zip(HOME.menu.names, simulation(pack(), state).masks()[0], strict=True) if free}


ALL = menu(lambda name, _: True)
OFFERS = SETTLEMENT | PLAN | RESTRUCTURE | SWAP
SENSE = [
    ({}, ALL - ENFORCE),
    ({"stable_assets": 0}, ALL - ENFORCE - RESTRUCTURE - SWAP),
    ({"restructured": 1}, ALL - ENFORCE - RESTRUCTURE),
    ({"plan_months": 6}, ALL - OFFERS - NOTICE - SUIT - ENFORCE),
    ({"promise_due": 4}, ALL - OFFERS - ENFORCE),
    ({"promise_due": 4, "promise_swap": 1}, ALL - OFFERS - NOTICE - SUIT - ENFORCE),
    ({"stage": Stage.NOTICED, "stage_day": -89}, ALL - ENFORCE - NOTICE),
    ({"stage": Stage.NOTICED, "stage_day": -90}, ALL - ENFORCE),
    ({"stage": Stage.QUEUED}, ALL - ENFORCE - NOTICE - SUIT - PLAN - RESTRUCTURE - SWAP),
    ({"stage": Stage.FILED}, ALL - ENFORCE - NOTICE - SUIT - PLAN - RESTRUCTURE - SWAP),
    ({"stage": Stage.ENFORCING}, ALL - ENFORCE - NOTICE - SUIT - PLAN - RESTRUCTURE - SWAP),
    ({"stage": Stage.JUDGED}, ALL - NOTICE - SUIT - SWAP),
    ({"stage": Stage.DISMISSED}, ALL - ENFORCE - NOTICE - SUIT - SWAP),
    ({"stage": Stage.ENFORCED}, ALL - ENFORCE - NOTICE - SUIT - SWAP),
]


@pytest.mark.parametrize(("state", "expected"), SENSE)
def test_what_makes_no_sense_for_an_account_is_masked(state, expected):
    assert left(state) == expected


# ---- what is counted ----


def test_the_first_rule_against_a_treatment_is_the_one_that_is_named():
    rules = pack(standing("opted_out", "text"), standing("complaint", "call", "text"), standing("complaint", "contact"))
    for state, treatment, rule in (
        ({"opted_out": 1, "complaint_until": 1}, "sms/morning", "r0"),
        ({"complaint_until": 1}, "sms/morning", "r1"),
        ({"complaint_until": 1}, "letter/morning", "r2"),
        ({"opted_out": 1}, "collector/morning", None),
    ):
        for gate in (True, False):
            run = simulation(rules, state, gate=gate)
            run.advance(np.array([run.menu.index[treatment]]))
            counted = {rule: 1} if rule else {}
            assert run.blocked_by_rule() == (counted if gate else {})
            assert run.breaches_by_rule() == ({} if gate else counted)
            attempts = int(run.accounts["attempts"][0])
            assert attempts == (0 if gate and rule else 1)


def test_what_makes_no_sense_is_blocked_with_the_gate_off_and_is_no_breach():
    for gate in (True, False):
        run = simulation(pack(), {}, gate=gate)
        run.advance(np.array([run.menu.index["enforce"]]))
        assert run.blocked_by_rule() == {"impossible": 1} and run.breaches_by_rule() == {}
        assert run.accounts["stage"][0] == Stage.NONE
