"""What an audit counts of each rule (tested, near, stopped, broken), and what it says of a breach."""

from __future__ import annotations

import pytest

from recoup.scenarios.schema import load_scenario
from recoup.sim.compliance.audit import audit, clock
from recoup.sim.compliance.auditlog import read_log
from recoup.sim.compliance.rules import KINDS, InterestCap, RulePack

SAID = {"id": "rule", "text": "t", "source": "s", "confidence": "C"}


def pack(*rules):
    return RulePack(
        name="p",
        title="P",
        rules=[KINDS[rule["kind"]].model_validate({**SAID, "id": f"r{n}", **rule}) for n, rule in enumerate(rules)],
    )


@pytest.fixture
def found(tmp_path):
    def _found(rule, text):
        file = tmp_path / "log.csv"
        file.write_text(text, encoding="utf-8")
        return audit(read_log(file), pack(rule))[0]

    return _found


# (rule, log, tested, near, broken): near are rows within a step of breaking the rule that did not break it.
COUNTS = [
    (
        {"kind": "contact_hours", "groups": ["call"], "from_hour": 8, "to_hour": 21},
        # A quarter of an hour from either end is near.
        "account_id,day,channel,from_hour\na,1,collector,7:59\na,1,collector,8:14\na,1,collector,8:15\na,1,collector,20:46\n"
        "a,1,collector,21:01\na,1,sms,3:00\n",
        (5, 2, 2),
    ),
    (
        {"kind": "contact_cap", "group": "text", "most": 2, "days": 7},
        "account_id,day,channel\na,0,sms\na,1,sms\na,2,sms\nb,0,sms\nb,7,sms\na,2,collector\n",
        # The second within seven days is the last one allowed: of account a alone.
        (5, 1, 1),
    ),
    (
        {"kind": "quiet_after_conversation", "days": 7},
        "account_id,day,channel,reached\na,0,visit,1\na,6,collector,0\na,7,collector,0\na,8,collector,0\n",
        (3, 1, 1),
    ),
    (
        {"kind": "standing", "while": "complaint", "forbids": ["text"]},
        "account_id,day,channel,complaint,complaint_until\na,1,sms,1,5\na,4,sms,,\na,5,sms,,\na,6,sms,,\n",
        (4, 1, 1),
    ),
    (
        {"kind": "standing", "while": "promise_open", "forbids": ["call"]},
        "account_id,day,channel,promise,promise_due\na,1,collector,1,5\na,5,collector,,\na,6,collector,,\na,7,collector,,\n",
        (4, 1, 1),
    ),
    (
        {"kind": "plan_length", "most_months": 24},
        "account_id,day,offer,months\na,0,plan,23\na,0,plan,24\na,0,plan,25\na,0,settlement,\n",
        (3, 1, 1),
    ),
    (
        {"kind": "broken_plans", "most": 2},
        "account_id,day,offer,plan_broken\na,0,plan,\na,1,,1\na,2,plan,\na,3,,1\na,4,plan,\n",
        (3, 1, 1),
    ),
    (
        {"kind": "discount_authority", "before_dpd": 90, "most": 0.2},
        "account_id,day,offer,discount,dpd\na,0,settlement,0.1,80\na,0,settlement,0.2,80\na,0,settlement,0.3,80\n"
        "a,0,settlement,0.3,90\na,0,settlement,0,80\n",
        (4, 1, 1),
    ),
    (
        {"kind": "settlement_budget"},
        "account_id,day,offer,budget_left\na,0,settlement,0.05\na,0,settlement,0.049\na,0,settlement,0\n",
        (3, 1, 1),
    ),
    (
        {"kind": "limitation", "days": 1000},
        "account_id,day,legal,dpd\na,0,suit,970\na,0,suit,971\na,0,notice,1000\na,0,suit,1001\na,0,enforce,1001\n",
        (4, 2, 1),
    ),
    (
        {"kind": "legal_precondition", "step": "suit", "least_dpd": 60, "least_balance": 1000, "notice_days": 15},
        "account_id,day,legal,dpd,claim\na,0,notice,100,5000\na,14,suit,114,5000\na,17,suit,117,5000\na,18,suit,118,5000\n"
        "b,0,notice,44,5000\nb,18,suit,62,5000\nb,19,suit,63,5000\nb,20,suit,64,1049\nb,21,suit,65,1050\n",
        # Near: 17 days after the notice, 62 days past due, a claim of 1,049.
        (7, 3, 1),
    ),
]


@pytest.mark.parametrize(
    ("rule", "text", "counts"), COUNTS, ids=[rule.get("while", rule["kind"]) for rule, _, _ in COUNTS]
)
def test_rows_tested_near_and_broken(found, rule, text, counts):
    finding = found(rule, text)
    assert (finding.tested, finding.near, len(finding.breaches)) == counts


def test_what_the_gate_stopped_is_counted_by_its_rule(tmp_path):
    file = tmp_path / "log.csv"
    file.write_text("account_id,day,channel,stopped_by\na,1,,r1\na,2,,r1\na,3,,r0\na,4,sms,\n")
    findings = audit(read_log(file), pack({"kind": "third_parties"}, {"kind": "record_keeping", "years": 5}))
    assert [finding.stopped for finding in findings] == [1, 2]


def test_a_rule_without_its_columns_is_said_not_to_have_been_looked_at(found):
    finding = found({"kind": "quiet_after_conversation", "days": 7}, "account_id,day\na,1\n")
    assert finding.missing == ("channel", "reached") and (finding.tested, len(finding.breaches)) == (0, 0)


def test_a_breach_says_what_shows_it(found):
    finding = found(
        {"kind": "standing", "while": "hardship", "forbids": ["call"]},
        "account_id,date,channel,hardship,hardship_until\na,2025-03-03,collector,1,2025-03-20\na,2025-03-10,collector,,\n",
    )
    (breach,) = finding.breaches.to_dict("records")
    assert finding.evidence(breach, "en") == "collector in disclosed hardship until 2025-03-20"
    assert finding.evidence(breach, "zh") == "催收员外呼：已告知经济困难（至2025-03-20）"
    hours = found(
        {"kind": "contact_hours", "groups": ["call"], "from_hour": 8, "to_hour": 21.5},
        "account_id,day,channel,from_hour,to_hour,done\na,1,collector,20:15,21:45,no\n",
    )
    (breach,) = hours.breaches.to_dict("records")
    expected = "collector from 20:15 to 21:45, allowed from 08:00 to 21:30 (ordered, not carried out)"
    assert hours.evidence(breach, "en") == expected
    moment = found(
        {"kind": "contact_hours", "groups": ["call"], "from_hour": 8, "to_hour": 21.5},
        "account_id,day,channel,from_hour\na,1,collector,23:15\n",
    )
    (breach,) = moment.breaches.to_dict("records")
    assert moment.evidence(breach, "en") == "collector at 23:15, allowed from 08:00 to 21:30"
    assert moment.evidence(breach, "zh") == "催收员外呼 于 23:15，允许时段为 08:00 至 21:30"


def test_an_end_that_nobody_knows_is_further_notice_and_days_are_numbered_without_dates(found):
    rule = {"kind": "standing", "while": "dispute", "forbids": ["text"]}
    text = "account_id,day,channel,dispute,dispute_until\na,1,sms,1,{}\na,2,sms,,\n"
    for until, words in (("", "further notice"), ("9", "day 9")):
        finding = found(rule, text.format(until))
        (breach,) = finding.breaches.to_dict("records")
        assert finding.evidence(breach, "en") == f"sms while the debt was disputed until {words}"


def test_interest_of_a_year_of_365_days(found):
    """24 % of 36,500 is 24.00 a day; 240.10 with a cent a day of rounding in ten days."""
    rule = {"kind": "interest_cap", "most": 0.24}
    log = "account_id,day,opening,interest\na,0,36500,0\na,10,36500,{}\n"
    assert len(found(rule, log.format("240.10")).breaches) == 0
    finding = found(rule, log.format("240.11"))
    (breach,) = finding.breaches.to_dict("records")
    assert finding.evidence(breach, "en") == "interest of 240.11 on 36,500 in 10 days, above 24 % a year"


def test_clock():
    assert [clock(hour) for hour in (0, 8, 18.5, 21.25, 24)] == ["00:00", "08:00", "18:30", "21:15", "24:00"]


def test_hours_of_contact_end_later_than_they_begin():
    rule = {**SAID, "kind": "contact_hours", "groups": ["call"], "from_hour": 8}
    assert KINDS["contact_hours"].model_validate({**rule, "to_hour": 8.5})
    for end in (8, 7):
        with pytest.raises(ValueError, match="later than from_hour"):
            KINDS["contact_hours"].model_validate({**rule, "to_hour": end})


def test_the_lowest_cap_on_interest_holds():
    caps = [
        InterestCap(**{**SAID, "id": f"c{n}"}, kind="interest_cap", most=most) for n, most in enumerate((0.24, 0.15))
    ]
    world = load_scenario("china-consumer").world.model_copy(update={"annual_rate": 0.9})
    assert RulePack(name="p", title="P", rules=caps).annual_rates(world) == (0.15,) * 3
    assert RulePack(name="p", title="P", rules=[]).annual_rates(world) == (0.9,) * 3


QUIET = {"kind": "quiet_after_conversation", "days": 7}
CAP = {"kind": "contact_cap", "group": "letter", "most": 1, "days": 30, "count": "days"}
SUIT = {"kind": "legal_precondition", "step": "suit", "least_dpd": 90, "notice_days": 30}


@pytest.mark.parametrize(
    ("rule", "log", "english", "chinese"),
    [
        (
            QUIET, "account_id,day,channel,reached\na,3,collector,1\na,4,collector,0\n",
            "collector 1 day after the conversation of day 3, quiet for 7 days from it", "催收员外呼：距第 3 天的通话 1 天，通话当日起 7 天内应静默",
        ),
        (
            QUIET | {"days": 3}, "account_id,day,channel,reached\na,3,collector,1\na,5,collector,0\n",
            "collector 2 days after the conversation of day 3, quiet for 3 days from it", "催收员外呼：距第 3 天的通话 2 天，通话当日起 3 天内应静默",
        ),
        (
            CAP, "account_id,day,channel\na,1,letter\na,9,letter\n",
            "letter after 1 day with such a contact within 30 days, at most 1", "信函：30 天内此前已有 1 天有联系，上限 1",
        ),
        (
            CAP | {"count": "attempts", "days": 1}, "account_id,day,channel\na,9,letter\na,9,letter\n",
            "letter after 1 attempt within 1 day, at most 1", "信函：1 天内此前已有 1 次尝试，上限 1",
        ),
        (  # what the rule does not ask for is not said
            SUIT, "account_id,day,channel,legal,dpd\na,5,letter,notice,88\na,6,,suit,89\n",
            "suit at 89 days past due (at least 90), 1 day after a notice (at least 30)", "起诉：逾期 89 天（须满 90 天）、律师函已发 1 天（须满 30 天）",
        ),
    ],
)  # fmt: skip
def test_a_breach_counts_one_in_the_singular(found, rule, log, english, chinese):
    finding = found(rule, log)
    (breach,) = finding.breaches.to_dict("records")
    assert finding.evidence(breach, "en") == english and finding.evidence(breach, "zh") == chinese
