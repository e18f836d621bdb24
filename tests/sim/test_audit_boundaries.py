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
        for state in ("complaint", "dispute", "hardship", "breathing_space")
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
        standing("day_off", "visit"),
        "account_id,date,channel\na,2025-03-07,visit\na,2025-03-08,visit\na,2025-03-08,sms\n",
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
        "account_id,day,offer,discount,dpd\na,0,settlement,0.3,89\na,1,settlement,0.2,89\na,2,settlement,0.5,90\n",
        [2],
    ),
    (
        {"kind": "settlement_budget"},
        "account_id,day,offer,budget_left\na,0,settlement,0.01\na,1,settlement,0\na,2,plan,0\n",
        [3],
    ),
    (
        {"kind": "limitation", "days": 1095},
        "account_id,day,legal,dpd\na,0,suit,1095\na,1,suit,1096\na,2,enforce,1097\n",
        [3],
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
    return "-".join(str(rule[part]) for part in ("kind", "count", "while") if part in rule)


def test_every_kind_and_every_standing_has_a_log() -> None:
    assert {rule["kind"] for rule, _, _ in CASES} == set(KINDS)
    states = {rule["while"] for rule, _, _ in CASES if rule["kind"] == "standing"}
    assert states == set(get_args(Standing.model_fields["while_"].annotation))


def slips(reading: Reading) -> dict[str, Reading]:
    """The reading with one thing wrong: never, always, nothing tested, and each number of its SQL doubled or one further."""
    wrong = {
        "never": dataclasses.replace(reading, broken="false"),
        "always": dataclasses.replace(reading, broken="true"),
        "nothing tested": dataclasses.replace(reading, tested="false"),
    }
    for part in ("tested", "broken", "source"):
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
