"""Every kind of rule on a log that touches its boundaries, and every slip in its SQL seen by that log."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any, get_args

import pytest

from recoup.sim.compliance import audit as audit_module
from recoup.sim.compliance.audit import READINGS, Reading, audit
from recoup.sim.compliance.auditlog import read_log
from recoup.sim.compliance.rules import KINDS, RulePack, Standing
from tests.experiments.test_audit_logs import pack

PROTECTED = "account_id,day,channel,{0},{0}_until\na,4,sms,1,6\na,5,sms,,\na,6,sms,,\nb,5,sms,,\n"


def standing(state: str, topic: str) -> dict[str, Any]:
    return {"kind": "standing", "while": state, "forbids": [topic]}


# (rule, log, rows that break it; the header is row 1)
CASES: list[tuple[dict[str, Any], str, list[int]]] = [
    (
        {"kind": "contact_hours", "groups": ["call"], "from_hour": 8, "to_hour": 21},
        "account_id,day,channel,from_hour,to_hour\na,1,collector,07:59,\na,1,collector,8:00,\na,1,collector,18,21\n"
        "a,1,collector,18,21:30\na,1,sms,23:30,\n",
        [2, 5],
    ),
    *(
        (
            {"kind": "contact_hours", "groups": ["call"], "from_hour": 9, "to_hour": 20, "when": when},
            # A Friday, a Saturday, and a Thursday that is a holiday.
            "account_id,date,channel,from_hour,day_off\na,2026-01-02,collector,08:59,0\na,2026-01-02,collector,9:00,0\n"
            "a,2026-01-03,collector,08:59,1\na,2026-01-03,collector,20:00,1\na,2026-01-01,collector,20:01,1\n"
            "a,2026-01-04,collector,20:01,1\na,2026-01-02,collector,20:01,0\na,2026-01-04,collector,9:00,1\n",
            expected,
        )
        for when, expected in (("weekdays", [2, 8]), ("weekends", [4, 7]), ("days_off", [4, 6, 7]))
    ),
    (
        # All channels together; the third contact within three days, at any hour, is one too many.
        {"kind": "contact_cap", "group": "contact", "most": 2, "days": 3, "count": "attempts"},
        "account_id,day,channel\na,0,sms\na,1,collector\na,2,letter\na,5,visit\na,5,sms\na,5,email\nb,0,sms\nb,1,sms\nb,3,sms\n",
        [4, 7],
    ),
    (
        {"kind": "contact_cap", "group": "contact", "most": 1, "days": 2},
        "account_id,day,channel\na,0,sms\na,0,collector\na,1,letter\na,3,visit\nb,0,sms\nb,1,sms\n",
        [4, 7],
    ),
    (
        # One may stay unanswered: an answered second dial is lawful, an unanswered one is not; another number and day count anew.
        {"kind": "contact_cap", "group": "call", "most": 1, "days": 1, "count": "unanswered"},
        "account_id,day,channel,reached,dialled,done\na,0,collector,1,x,\na,0,autocall,0,x,\na,0,collector,0,y,\na,0,collector,1,x,\n"
        "a,0,collector,0,x,no\na,0,collector,,x,\na,1,collector,0,x,\nb,0,collector,0,,\nb,0,autocall,0,,\nc,0,sms,0,,\nc,0,sms,0,,\n",
        [7, 10],
    ),
    (
        # Two visits on one day are one too many, whoever opens the door.
        {"kind": "contact_cap", "group": "visit", "most": 1, "days": 1, "count": "attempts"},
        "account_id,day,channel,reached\na,0,visit,0\na,0,collector,1\na,0,visit,1\na,1,visit,0\nb,1,visit,1\nb,2,visit,1\n",
        [4],
    ),
    *(
        (
            {"kind": "contact_cap", "group": "text", "most": 1, "days": 3, "count": count},
            # Three days apart is lawful, two or one is not; of two on one day, only attempts count the first.
            "account_id,day,channel\na,0,sms\na,3,sms\na,10,sms\na,12,email\nb,0,sms\nb,1,sms\nb,4,collector\nc,0,sms\nc,0,sms\n"
            "d,0,collector\nd,1,sms\n",
            [5, 7, 10] if count == "attempts" else [5, 7],
        )
        for count in ("attempts", "days")
    ),
    (
        {"kind": "contact_cap", "group": "call", "most": 1, "days": 3, "count": "conversations"},
        "account_id,day,channel,reached\na,0,visit,1\na,3,collector,1\na,5,collector,0\na,6,collector,0\nb,0,collector,1\n"
        "b,1,autocall,0\nb,2,autocall,0\nb,3,autocall,0\nc,0,collector,1\nc,0,collector,0\nd,0,sms,1\nd,1,collector,0\n",
        [4, 7, 8, 11],
    ),
    (
        {"kind": "quiet_after_conversation", "days": 7},
        "account_id,day,channel,reached\na,0,visit,yes\na,6,autocall,no\na,7,autocall,no\nb,1,sms,yes\nb,2,collector,\n",
        [3],
    ),
    *(
        (standing(state, "text"), PROTECTED.format(state), [3])
        for state in ("complaint", "dispute", "hardship", "breathing_space", "restructuring_request")
    ),
    (standing("opted_out", "text"), "account_id,day,channel,opt_out\na,2,sms,yes\na,90,email,\na,91,visit,\n", [3]),
    (
        standing("cease_contact", "contact"),
        "account_id,day,channel,cease_contact\na,1,sms,yes\na,400,letter,\nb,400,letter,\n",
        [3],
    ),
    (
        standing("restructured", "restructure"),
        "account_id,day,offer,accepted\na,1,restructure,no\na,2,restructure,yes\na,300,restructure,no\n",
        [4],
    ),
    (
        standing("promise_open", "call"),
        "account_id,day,channel,promise,promise_due,promise_broken\na,1,sms,yes,5,\na,5,collector,,,\na,6,collector,,,\n"
        "b,1,sms,yes,9,\nb,3,,,,yes\nb,4,collector,,,\n",
        [3],
    ),
    (
        # A handover that was agreed is due like a promise; one that was refused is not.
        standing("promise_open", "call"),
        "account_id,day,channel,offer,accepted,promise,promise_due,promise_kept\na,1,specialist,swap,yes,,5,\na,5,collector,,,,,\n"
        "a,6,collector,,,,,\nb,1,specialist,swap,no,,5,\nb,2,collector,,,,,\nc,1,specialist,swap,yes,,9,\nc,9,,,,,,yes\n"
        "c,9,collector,,,,,\n",
        [3],
    ),
    # Who is in hardship is asked for no asset either.
    (
        standing("hardship", "settlement"),
        "account_id,day,offer,hardship,hardship_until\na,1,,yes,5\na,2,settlement,,\na,3,swap,,\na,4,plan,,\na,5,swap,,\n",
        [3, 4],
    ),
    (
        standing("day_off", "visit"),
        "account_id,date,channel\na,2025-03-07,visit\na,2025-03-08,visit\na,2025-03-08,sms\n",
        [3],
    ),
    (
        # Kept from the row after the agreement; a missed instalment lets the rule rest until the next is paid; then it breaks.
        standing("plan_kept", "contact"),
        "account_id,day,channel,offer,accepted,instalment_missed,instalment_paid,plan_broken\n"
        "a,0,collector,plan,yes,,,\na,1,sms,,,,,\na,5,,,,yes,,\na,6,collector,,,,,\na,35,,,,,yes,\na,36,letter,,,,,\n"
        "a,65,,,,yes,,\na,95,,,,,,yes\na,96,sms,,,,,\na,99,collector,restructure,yes,,,\na,100,sms,,,,,\n"
        "b,0,collector,settlement,yes,,,\nb,1,sms,,,,,\nc,0,collector,plan,no,,,\nc,1,sms,,,,,\n"
        "d,0,collector,plan,yes,,,\nd,5,,,,,,yes\nd,6,sms,,,,,\n",
        [3, 7, 12],
    ),
    (
        standing("holiday", "contact"),
        # A Thursday that is a holiday, a Friday that is none, a Saturday, and a Friday that is one.
        "account_id,date,channel,day_off\na,2026-01-01,sms,1\na,2026-01-02,sms,0\na,2026-01-03,sms,1\na,2026-05-01,visit,1\n",
        [2, 5],
    ),
    (
        standing("represented", "contact"),
        "account_id,day,channel,represented\na,1,collector,yes\na,400,letter,\nb,400,letter,\n",
        [3],
    ),
    ({"kind": "plan_length", "most_months": 60}, "account_id,day,offer,months\na,0,plan,60\na,0,plan,61\n", [3]),
    (
        {"kind": "broken_plans", "most": 2},
        "account_id,day,offer,plan_broken\na,0,plan,\na,40,,yes\na,41,plan,\na,90,,yes\na,91,plan,\na,99,,yes\na,100,plan,\n",
        [6, 8],
    ),
    (
        {"kind": "discount_authority", "before_dpd": 90, "most": 0.2},
        "account_id,day,offer,discount,dpd\na,0,settlement,0.3,89\na,1,settlement,0.2,89\na,2,settlement,0.5,90\n"
        "b,0,swap,,10\n",  # an asset taken at its appraisal is no discount
        [2],
    ),
    (
        {"kind": "settlement_budget"},
        "account_id,day,offer,budget_left\na,0,settlement,0.01\na,1,settlement,0\na,2,plan,0\na,3,swap,0.01\na,4,swap,0\n",
        [3, 6],
    ),
    (
        {"kind": "limitation", "days": 1095},
        "account_id,day,legal,dpd\na,0,suit,1095\na,1,suit,1096\na,2,enforce,1097\n",
        [3],
    ),
    (
        # Ten days. a: due on day 0, demanded in time on days 10 and 20 (unanswered calls are none), so not barred on 30, barred on 31
        # by no demand since; the suit of 31 is a demand too late, and so starts nothing; a payment on 50 does, also the demand of 60.
        # b: a demand on day 11 comes too late. c: a promise, and an accepted offer, are acknowledgements at any time.
        {"kind": "limitation", "days": 10, "restarts": True},
        "account_id,day,channel,reached,legal,dpd,payment,promise,accepted,done\n"
        "a,10,collector,1,,10,,,,\na,15,collector,0,,15,,,,\na,20,,,notice,20,,,,\na,25,,,notice,25,,,,no\na,30,,,suit,30,,,,\n"
        "a,41,,,suit,41,,,,\na,45,,,notice,45,,,,\na,50,,,,50,1,,,\na,60,sms,1,,60,,,,\na,70,,,suit,70,,,,no\n"
        "a,71,,,suit,71,,,,no\n"
        "b,11,collector,1,,11,,,,\nb,12,,,suit,12,,,,\nb,21,,,,21,,1,,\nb,31,,,notice,31,,,,\nb,42,,,notice,42,,,,\n"
        "c,19,letter,1,,19,,,1,\nc,29,,,suit,29,,,,no\nc,30,,,suit,30,,,,no\n"
        # d: brought up to date and due again on day 95.
        "d,0,collector,1,,0,,,,\nd,105,,,suit,10,,,,no\nd,106,,,suit,11,,,,no\n",
        [7, 8, 12, 14, 17, 20, 23],
    ),
    (
        {"kind": "legal_precondition", "step": "suit", "least_dpd": 90, "least_balance": 500, "notice_days": 30},
        "account_id,day,legal,dpd,claim\na,0,notice,60,500\na,30,suit,90,500\nb,0,suit,200,900\nc,0,notice,80,900\n"
        "c,31,suit,111,499.99\nd,0,notice,50,900\nd,31,suit,89,900\ne,0,notice,80,900\ne,29,suit,109,900\n",
        [4, 6, 8, 10],
    ),
    (
        {"kind": "review_step", "steps": ["suit"]},
        "account_id,day,legal,reviewer\na,0,suit,Li\na,1,suit,\na,1,enforce,\n",
        [3],
    ),
    (
        # 24 % of 3,650 is 2.40 a day, and a cent a day is rounding.
        {"kind": "interest_cap", "most": 0.24},
        "account_id,day,opening,interest\na,0,3650,0\na,10,3650,24.10\na,20,3650,48.25\n",
        [4],
    ),
    (
        {"kind": "interest_freeze", "while": "breathing_space"},
        "account_id,day,interest,breathing_space,breathing_space_until\na,0,5,yes,80\na,70,5,,\na,79,5.0015,,\na,80,9,,\n",
        [4],
    ),
    (
        {"kind": "interest_freeze", "while": "plan_kept"},
        "account_id,day,offer,accepted,instalment_missed,instalment_paid,interest\na,0,plan,yes,,,5\na,1,,,,,5.0005\na,2,,,,,5.0020\n"
        "a,5,,,yes,,5.0020\na,9,,,,,6\na,35,,,,yes,6.0015\na,36,,,,,6.0015\na,37,,,,,6.01\nb,0,plan,no,,,1\nb,1,,,,,2\n",
        [4, 9],
    ),
    (
        # Contact may go on for five days, and from the day on which the notice is sent.
        {"kind": "validation_notice", "days": 5},
        "account_id,day,channel,validation_notice\na,0,collector,\na,5,collector,\na,6,collector,\na,8,letter,yes\na,9,sms,\n"
        "b,3,sms,\nb,8,letter,yes\nb,90,sms,\nc,0,sms,\nc,20,collector,\nc,30,,\n",
        [4, 11],
    ),
    *(
        (
            {"kind": "flagged_contact", "flag": flag, "groups": ["text"]},
            f"account_id,day,channel,{flag}\na,0,email,\na,1,email,yes\na,2,collector,yes\na,3,sms,no\n",
            [3],
        )
        for flag in ("inconvenient", "work_address")
    ),
    (
        {"kind": "third_parties"},
        "account_id,day,channel,recipient\na,0,collector,Debtor\na,1,visit,sister\na,2,sms,\n",
        [3],
    ),
    (
        {"kind": "record_keeping", "years": 5},
        "account_id,day,channel,record,done\na,0,collector,r1,\na,1,visit,,\na,2,visit,,no\n",
        [3],
    ),
]


def named(rule: dict[str, Any]) -> str:
    return "-".join(str(rule[part]) for part in ("kind", "group", "count", "when", "while", "flag") if part in rule)


def test_every_kind_and_every_standing_has_a_log() -> None:
    assert {rule["kind"] for rule, _, _ in CASES} == set(KINDS)
    states = {rule["while"] for rule, _, _ in CASES if rule["kind"] == "standing"}
    assert states == set(get_args(Standing.model_fields["while_"].annotation))


def slips(reading: Reading) -> dict[str, Reading]:
    """The reading with one thing wrong: never, always, nothing tested, each number of its SQL doubled or one further, and what
    it asks of the history counted over twice or one day more.
    """
    wrong = {
        "never": dataclasses.replace(reading, broken="false"),
        "always": dataclasses.replace(reading, broken="true"),
        "nothing tested": dataclasses.replace(reading, tested="false"),
    }
    for part in ("counts", "silences"):
        for asked in getattr(reading, part):
            # Unanswered dials are those of one day.
            for days in (2 * asked.days, asked.days + 1) if getattr(asked, "kind", "") != "unanswered" else ():
                other = dataclasses.replace(asked, days=days)
                sql = {name: getattr(reading, name).replace(asked.column, other.column) for name in ("broken", "near")}
                wrong[f"{part}: {other}"] = dataclasses.replace(reading, **sql, facts={}, **{part: (other,)})
    for part in ("tested", "broken"):
        text = getattr(reading, part)
        for match in re.finditer(r"(?<![\w.-])\d+(?:\.\d+)?(?![\w.e-])", text):
            doubled = [f"(2 * {match.group()})"] if float(match.group()) else []
            for slip in (*doubled, f"({match.group()} + 1)"):
                changed = text[: match.start()] + slip + text[match.end() :]
                wrong[f"{part}: {changed}"] = dataclasses.replace(reading, **{part: changed})
    return wrong


@pytest.mark.parametrize(("rule", "text", "expected"), CASES, ids=[named(rule) for rule, _, _ in CASES])
def test_boundaries_are_kept_and_every_slip_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rule: dict[str, Any], text: str, expected: list[int]
) -> None:
    rules: RulePack = pack(**rule)
    file = tmp_path / "log.csv"
    file.write_text(text, encoding="utf-8")
    log = read_log(file)

    def breached_lines() -> list[int]:
        (finding,) = audit(log, rules)
        assert not finding.missing
        return sorted(int(line) for line in finding.breaches["line"])

    assert breached_lines() == expected
    (only,) = rules.rules
    for name, slip in slips(READINGS[type(only)](only)).items():
        monkeypatch.setitem(audit_module.READINGS, type(only), lambda _, slip=slip: slip)
        assert breached_lines() != expected, name
