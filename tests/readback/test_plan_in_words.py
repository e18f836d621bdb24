"""Plans in words: conditions, steps and the decision tree, from rules written here."""

from __future__ import annotations

import pytest

from recoup.agents.plans.plan_file import PlanFile
from recoup.experiments.report import text_in
from recoup.experiments.report.plan_tree import condition, tree_of
from recoup.experiments.report.sections.plan import _branches
from recoup.experiments.report.words import conditions, step_words
from recoup.sim.treatments import STANDARD
from tests.readback.reading import plain


def plan_of(*rules):
    """A plan of (when, do) pairs."""
    data = [{"name": f"rule {n}", "when": when, "do": do} for n, (when, do) in enumerate(rules, start=1)]
    return PlanFile.model_validate({"name": "p", "title": "p", "rules": data})


@pytest.mark.parametrize(
    ("when", "english", "chinese"),
    [
        ({"dpd": {"at_least": 8}}, "days past due ≥ 8", "逾期天数 ≥ 8"),
        ({"dpd": {"above": 8}}, "days past due > 8", "逾期天数 > 8"),
        ({"dpd": {"at_most": 29}}, "days past due ≤ 29", "逾期天数 ≤ 29"),
        ({"dpd": {"below": 30}}, "days past due < 30", "逾期天数 < 30"),
        ({"dpd": {"at_least": 8, "at_most": 29}}, "days past due ≥ 8, ≤ 29", "逾期天数 ≥ 8、≤ 29"),
        ({"balance": {"at_least": 20000}}, "outstanding balance ≥ 20,000", "未偿余额 ≥ 20,000"),
        ({"paid_share": {"below": 0.125}}, "share paid so far < 12.5 %", "已还比例 < 12.5 %"),
        ({"hardship": False}, "hardship disclosed: no", "已告知经济困难：否"),
        ({"tier": "high"}, "risk tier: high", "风险等级：高"),
        ({"tier": {"not": "low"}}, "risk tier ≠ low", "风险等级 ≠ 低"),
        (
            {"legal_stage": ["noticed", "queued"]},
            "legal stage: noticed / waiting for the legal team",
            "法律阶段：已发律师函 / 待法务立案",
        ),
        (
            {"any": [{"promise_open": True}, {"dpd": {"at_least": 90}, "tier": "low"}]},
            "(promise to pay open: yes) | (days past due ≥ 90, risk tier: low)",
            "(有未到期承诺：是) | (逾期天数 ≥ 90、风险等级：低)",
        ),
        ({}, "always", "始终"),
    ],
)
def test_condition_in_words(when, english, chinese):
    assert [plain(", ".join(conditions(when, text_in("en")))), plain("、".join(conditions(when, text_in("zh"))))] == [
        english,
        chinese,
    ]


@pytest.mark.parametrize(
    ("do", "english", "chinese"),
    [
        ("nothing", "nothing", "不行动"),
        ({"channel": "collector", "window": "evening"}, "collector's call", "催收员外呼"),
        ({"channel": "sms", "window": {"morning": 3, "evening": 1}}, "SMS (mostly morning)", "短信 （多在上午）"),
        ({"channel": "sms", "window": {"morning": 1, "evening": 1}}, "SMS", "短信"),  # half is not most
        ({"channel": "collector", "offer": ["plan_6", "plan_12"]}, "collector's call + 6 instalments / 12 instalments", "催收员外呼 + 分 6 期 / 分 12 期"),
        ({"channel": "letter", "legal": "notice"}, "letter + legal notice", "信函 + 律师函"),
        ({"legal": "suit"}, "suit", "起诉"),
    ],
)  # fmt: skip
def test_step_in_words(do, english, chinese):
    step = plan_of((None, do)).rules[0].do
    assert [step_words(step, text_in("en")), step_words(step, text_in("zh"))] == [english, chinese]


# Days past due up to 7; 8 to 29 parted by hardship; from 30 on parted by the warning model at 35 %.
TREE = plan_of(
    ({"dpd": {"at_most": 7}}, {"channel": "sms"}),
    ({"dpd": {"at_least": 8, "at_most": 29}, "hardship": True}, "nothing"),
    ({"dpd": {"at_least": 8, "at_most": 29}, "hardship": False}, {"channel": "collector"}),
    ({"dpd": {"at_least": 8, "at_most": 29}, "hardship": False}, {"channel": "letter"}),
    ({"dpd": {"at_least": 30}, "early_warning": {"above": 0.35}}, {"legal": "suit"}),
    ({"dpd": {"at_least": 30}, "early_warning": {"at_most": 0.35}}, {"channel": "visit"}),
)


def told(fork, language):
    """Conditions of a tree, those below in lists."""
    return [
        plain(condition(fork, n, text_in(language))) if hasattr(branch, "rules") else [plain(condition(fork, n, text_in(language))), *told(branch, language)]
        for n, branch in enumerate(fork.branches)
    ]  # fmt: skip


def test_tree_is_read_back_from_its_rules():
    tree = tree_of(TREE)
    assert told(tree, "en") == [
        "days past due ≤ 7",
        ["days past due: 8–29", "hardship disclosed: no", "hardship disclosed: yes"],
        ["days past due ≥ 30", "early-warning risk ≤ 35 %", "early-warning risk > 35 %"],
    ]
    assert told(tree, "zh") == [
        "逾期天数 ≤ 7",
        ["逾期天数：8–29", "已告知经济困难：否", "已告知经济困难：是"],
        ["逾期天数 ≥ 30", "预警风险 ≤ 35 %", "预警风险 > 35 %"],
    ]


def test_bounds_that_a_plan_writes_as_at_least_are_told_so():
    parted = plan_of(
        ({"early_warning": {"below": 0.35}}, "nothing"), ({"early_warning": {"at_least": 0.35}}, {"channel": "sms"})
    )
    assert told(tree_of(parted), "en") == ["early-warning risk < 35 %", "early-warning risk ≥ 35 %"]


def test_codes_are_named_or_left_out_whichever_is_shorter():
    parted = plan_of(({"legal_stage": "none"}, "nothing"), ({"legal_stage": {"not": "none"}}, {"channel": "sms"}))
    assert told(tree_of(parted), "en") == ["legal stage: no legal step", "legal stage: any but no legal step"]
    assert told(tree_of(parted), "zh") == ["法律阶段：无法律措施", "法律阶段：除无法律措施以外"]


def test_single_value_at_the_end_of_a_field_is_told_alone():
    parted = plan_of(
        ({"promises_broken": {"at_most": 0}}, "nothing"), ({"promises_broken": {"at_least": 1}}, {"channel": "sms"})
    )
    assert told(tree_of(parted), "en") == ["promises broken: 0", "promises broken ≥ 1"]


def test_branches_add_up_the_days_on_which_their_rules_decided():
    """Of all account-days: rules 1 to 6 decided on 10, 5, 20, 15, 30 and 20 %."""
    shares = {f"rule {n}": share for n, share in enumerate((0.10, 0.05, 0.20, 0.15, 0.30, 0.20), start=1)}
    first, second, third = _branches(text_in("en"), tree_of(TREE), shares, STANDARD)
    assert [plain(branch.share_text) for branch in (first, second, third)] == ["10.0 %", "40.0 %", "50.0 %"]
    assert [plain(branch.share_text) for branch in second.branches] == ["35.0 %", "5.0 %"]
    assert second.branches[0].do == [("collector", "collector's call"), ("letter", "else letter")]
    assert second.branches[1].do == [("nothing", "nothing")]
    assert [branch.do for branch in third.branches] == [[("visit", "visit")], [("legal", "suit")]]
    assert [branch.share_text for branch in _branches(text_in("en"), tree_of(TREE), {}, STANDARD)] == ["", "", ""]
