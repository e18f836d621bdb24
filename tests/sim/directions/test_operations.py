"""Operations, costs and conduct: staff, shifts, courses, prices, and what a complaint sets in motion."""

from __future__ import annotations

import pytest

from recoup.scenarios.schema import find_rules
from recoup.sim.operations.contact_centre import SKILL
from tests.sim.directions import LESS, MORE, POOLS, Row, holds

CHANNELS = ("sms", "wechat", "email", "autocall", "collector", "specialist", "letter", "visit")
WINDOWS = ("morning", "midday", "afternoon", "evening")
CALL, VISIT, SETTLE = "collector/morning", "visit/morning", "specialist/morning/settle_40"
PLAN = "collector/morning/plan_6"
LITIGATE = ("letter/morning/notice", "suit", "enforce")
NEVER, ALWAYS = -20.0, 20.0
SILENT = {"behaviour.pay_base": NEVER, "behaviour.promise_base": NEVER}
QUICK_COURT = {
    **SILENT,
    "operations.legal_cases_per_1000_accounts": 1000,
    "courts.docket_per_1000_accounts": 1000,
    "courts.filing_days": [1, 1],
    "courts.hearing_days": [1, 1],
    "courts.enforcement_days": [1, 1],
}
SELLING = {**SILENT, "behaviour.settle_base": ALWAYS}
ANGRY = {**SILENT, "behaviour.complaint.*": 0.05}


def offered_by(pool):
    return {"collector": f"{CALL}/plan_6", "specialist": "specialist/morning/plan_6", "visit": f"{VISIT}/plan_12"}[pool]


def short_of(pool, per_1000=10):
    """Few people or lines (one, with 10 for 1,000) for the 120 accounts of a probe; shorter shifts where calls are short."""
    minutes = 30 if pool == "autocall" else 240
    return {
        **SILENT,
        f"operations.{pool}.per_1000_accounts": per_1000,
        f"operations.{pool}.shift_minutes.*": minutes,
    }


def spread_of_skill(outcome):
    return sum(outcome.simulation.centres["collector"].skill[name].std() for name in SKILL.names)


def most_away(outcome):
    return outcome.daily["away"].max()


COSTS = [
    *(Row(f"costs.contact.{c}", 0, 5, MORE, "cost", treat=[f"{c}/morning"], days=3, given=SILENT) for c in CHANNELS),
    *(
        Row(f"costs.minute.{c}", 0, 5, MORE, "cost", treat=[f"{c}/morning"], days=3, given=SILENT)
        for c in ("collector", "specialist")
    ),
    Row("costs.notice", 0, 50, MORE, "cost", treat=LITIGATE, days=2, given=SILENT),
    Row("costs.suit_handling", 0, 50, MORE, "cost", treat=LITIGATE, given=QUICK_COURT),
    Row("costs.enforcement", 0, 50, MORE, "cost", treat=LITIGATE, given=QUICK_COURT),
    Row("costs.settlement_documents", 0, 50, MORE, "cost", treat=[SETTLE], days=3, given=SELLING),
    Row("costs.complaint", 0, 50, MORE, "cost", treat=[CALL], given=ANGRY),
]

SHIFTS = [
    *(
        Row(
            f"operations.{p}.agents",
            1,
            3,
            MORE,
            "attempts",
            treat=[f"{p}/morning"],
            days=5,
            given=short_of(p),
        )
        for p in POOLS
    ),
    *(
        Row(
            f"operations.{p}.seconds_unserved",
            0,
            600,
            MORE,
            "cost",
            treat=[f"{p}/morning"],
            days=3,
            given=short_of(p),
        )
        for p in ("collector", "specialist")
    ),
    *(
        Row(
            f"operations.{p}.per_1000_accounts",
            10,
            30,
            MORE,
            "attempts",
            treat=[f"{p}/morning"],
            days=5,
            given=short_of(p),
        )
        for p in POOLS
    ),
    *(
        Row(
            f"operations.{p}.shift_minutes.{w}",
            60,
            240,
            MORE,
            "attempts",
            treat=[f"{p}/{w}"],
            days=5,
            given=short_of(p),
        )
        for p in POOLS
        for w in WINDOWS
        if p != "visit" or w in ("morning", "afternoon")
    ),
    *(
        Row(
            f"operations.{p}.weekdays",
            [0, 1, 2, 3],
            [0, 1, 2, 3, 4],
            MORE,
            "attempts",
            treat=[f"{p}/morning"],
            days=7,
            given=SILENT,
        )
        for p in POOLS
    ),
    *(
        Row(
            f"operations.{p}.works_holidays",
            False,
            True,
            MORE,
            "attempts",
            treat=[f"{p}/morning"],
            days=3,
            given={**SILENT, "holidays": ["2025-03-04"]},
        )
        for p in POOLS
    ),
    *(
        Row(
            f"operations.{p}.{seconds}",
            60,
            900,
            LESS,
            "attempts",
            treat=[f"{p}/morning"],
            days=10,
            given={**short_of(p, 20), f"behaviour.reach.{p}": 0.5},
        )
        for p in POOLS
        for seconds in ("seconds_unanswered", "seconds_reached")
    ),
    *(
        Row(
            f"operations.{p}.seconds_offer",
            0,
            3600,
            LESS,
            "attempts",
            treat=[offered_by(p)],
            days=10,
            given={**short_of(p, 30), "behaviour.plan_base": NEVER},
        )
        for p in POOLS
        if p != "autocall"
    ),
]

COURSES = {"operations.training.every_days": 10, "operations.training.courses.*.cost": 100}


def only(skill, **course):
    """One course alone, everybody at it every ten days."""
    held = {skill: {"days": 2, "gain": 0.3, "cost": 100} | course}
    return {"operations.training": {"every_days": 10, "courses": held}}


# What each course changes, and what it takes for that to show.
TEACHES = {
    "law": (LESS, "complaints", CALL, {"behaviour.skill_complaint": -1}),
    "psychology": (MORE, "promises", CALL, {"behaviour.promise_base": -3, "behaviour.skill_promise": 1}),
    "negotiation": (MORE, "accepted", PLAN, {"behaviour.plan_base": -3, "behaviour.skill_offer": 1}),
}


def course(skill):
    path = f"operations.training.courses.{skill}"
    direction, measure, treatment, given = TEACHES[skill]
    angry = ANGRY if skill == "law" else {}
    return [
        Row(f"{path}.days", 1, 8, LESS, "attempts", treat=[CALL], given={**short_of("collector"), **only(skill)}),
        Row(f"{path}.cost", 0, 100, MORE, "overhead", given=only(skill)),
        Row(
            f"{path}.gain",
            0,
            2,
            direction,
            measure,
            treat=[treatment],
            given={"behaviour.pay_base": NEVER, **angry, **given, **only(skill)},
        ),
    ]


STAFF = [
    Row("operations.skill_spread", 0, 2, MORE, spread_of_skill, days=1),
    Row("operations.training.every_days", 10, 40, LESS, "overhead", days=60, given=COURSES),
    *(row for skill in TEACHES for row in course(skill)),
    Row(
        "operations.performance_pay",
        0,
        1,
        MORE,
        "promises",
        treat=[CALL],
        days=3,
        given={"behaviour.pay_base": NEVER, "behaviour.performance_effort": 2},
    ),
    Row(
        "operations.performance_pay",
        0,
        1,
        MORE,
        "complaints",
        treat=[CALL],
        days=10,
        given={**ANGRY, "behaviour.complaint_performance_pay": 2},
    ),
    Row(
        "operations.legal_cases_per_1000_accounts",
        20,
        200,
        MORE,
        "judgments",
        treat=LITIGATE,
        given={**QUICK_COURT, "courts.hearing_days": [5, 5]},
    ),
    Row(
        "operations.legal_cases",
        2,
        24,
        MORE,
        "judgments",
        treat=LITIGATE,
        given={**QUICK_COURT, "courts.hearing_days": [5, 5]},
    ),
]

REGULATOR = {"tolerated": 0, "days": 30, "cost": 1000}
REST = {"id": "rest", "watch": "complaints", "above": 0, "days": 5, "suspend": {"channels": ["collector"], "days": 3}}
COURSE = {"pools": ["collector"], "at_once": 0.5, "days": 3, "cost": 100, "complaint_fall": 1, "skill_gain": 1}
TAUGHT = {"id": "course", "watch": "complaints", "above": 0, "days": 5, "retrain": COURSE}


def conduct(**parts):
    return {**ANGRY, "conduct": parts}


def correction(name, low, high, direction, measure, acts=REST, given=None, **probe):
    return Row(
        f"conduct.corrections.*.{name}",
        low,
        high,
        direction,
        measure,
        treat=[CALL],
        given={**conduct(corrections=[acts]), **(given or {})},
        **probe,
    )


CONDUCT = [
    Row("conduct.regulator.tolerated", 0, 100_000, LESS, "cost", treat=[CALL], given=conduct(regulator=REGULATOR)),
    # Complaints add up over the days that are counted: 50 a day in 1,000 are few in one day and many in thirty.
    Row(
        "conduct.regulator.days",
        1,
        30,
        MORE,
        "cost",
        treat=[CALL],
        given=conduct(regulator={**REGULATOR, "tolerated": 300}) | {"behaviour.complaint_fatigue": 0},
    ),
    Row("conduct.regulator.cost", 0, 1000, MORE, "cost", treat=[CALL], given=conduct(regulator=REGULATOR)),
    # A resting channel is a contact less.
    correction("above", 0, 100_000, MORE, "attempts"),
    correction("days", 1, 10, LESS, "attempts", acts={**REST, "above": 300}, given={"behaviour.complaint_fatigue": 0}),
    correction("least", 1, 50, MORE, "attempts"),
    correction("suspend.days", 1, 9, LESS, "attempts"),
    correction("retrain.at_once", 0.2, 1.0, MORE, most_away, acts=TAUGHT),
    correction("retrain.days", 1, 9, MORE, "away", acts=TAUGHT),
    correction("retrain.cost", 0, 100, MORE, "overhead", acts=TAUGHT),
    correction(
        "retrain.skill_gain",
        0,
        2,
        LESS,
        "complaints",
        acts={**TAUGHT, "retrain": {**COURSE, "complaint_fall": 0}},
        given={"behaviour.skill_complaint": -1},
    ),
    correction("retrain.complaint_fall", 0, 3, LESS, "complaints", acts=TAUGHT),
    correction(
        "retrain.half_life",
        0.5,
        90,
        LESS,
        "complaints",
        acts={**TAUGHT, "retrain": {**COURSE, "complaint_fall": 3, "skill_gain": 0}},
    ),
]

# The gate knows a window by its hours: one that is not lawful as a whole is closed.
HOURS = find_rules("china").rules[0]


def hours(window, edge, low, high, from_hour, to_hour, direction):
    rule = HOURS.model_copy(update={"from_hour": from_hour, "to_hour": to_hour})
    return Row(
        f"windows.{window}.{edge}",
        low,
        high,
        direction,
        "attempts",
        treat=[f"collector/{window}"],
        days=2,
        given=SILENT,
        rules=find_rules("china").model_copy(update={"rules": [rule]}),
    )


# Hours of the home scenario: 9 to 12, 12 to 14, 14 to 18, 18 to 21.
LAWFUL = [
    row
    for window, opens, closes in (("morning", 9, 12), ("midday", 12, 14), ("afternoon", 14, 18), ("evening", 18, 21))
    for row in (
        hours(window, 0, opens, opens + 0.5, opens + 0.5, 24, MORE),
        hours(window, 1, closes - 0.5, closes, 0, closes - 0.5, LESS),
    )
]

ROWS = [*COSTS, *SHIFTS, *STAFF, *CONDUCT, *LAWFUL]

IDLE = {
    **{
        f"operations.visit.shift_minutes.{window}": "nobody is visited at midday or in the evening"
        for window in ("midday", "evening")
    },
    "operations.autocall.seconds_offer": "a machine makes no offers",
    **{f"operations.{pool}.seconds_unserved": "their time is not paid by the minute" for pool in ("autocall", "visit")},
}


@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
def test_the_parameter_moves_what_it_says(row):
    holds(row)
