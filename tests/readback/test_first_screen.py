"""The first screen says, in both languages, what the made-up run is known to hold.

Net present value: learned 63.32 %, staged 59.26 %, tiered 57.12 %, status quo 54.14 %, of mine unknown; learned − staged = +4.06 points.
"""

from __future__ import annotations

import copy

import pytest

from recoup.experiments.report import text_in
from recoup.experiments.report.answers import answers
from tests.readback import made_up
from tests.readback.made_up import apart, found
from tests.readback.reading import plain
from tests.readback.words import VERDICTS

FIRST_SCREEN = {
    "en": [
        "learned beats staged (best plan): net present value after all costs is 63.3 % (62.4 to 64.0) of the opening balance against "
        "59.3 % (58.5 to 60.1). The difference is +4.1 points (+3.1 to +5.0).",
        "In cash by day 50, learned recovers 41.3 % of the opening balance and staged 39.0 %, a relative difference of +5.8 % "
        "(+2.7 to +8.8); net of all costs the difference is +3.2 points (+2.0 to +4.4). Time to recover differs by −3.2 days (−6.1 to +0.4).",
        # Complaints below zero, contacts above it, and of cost the interval includes it.
        "Compared with staged, learned draws fewer complaints (−1.3 per 1,000 accounts; −2.2 to −0.4), makes more contacts "
        "(+3.4 per debtor; +2.9 to +3.9) and costs no more (+0.1 points of the opening balance; −0.2 to +0.4). "
        "The comparison is not like for like: more contacts.",
        "The staged plan recovers 39.0 % of the opening balance and the status-quo plan 34.2 %, a relative difference of +14.2 % "
        "(+13.0 to +15.0). The claim of 15 % more recovery is not met.",
        "The mean time to recover is 31.9 days under the staged plan and 41.2 days under the status-quo plan, a relative difference "
        "of −22.7 % (−24.6 to −20.4). The claim of 20 % less time to recover is met.",
        "The staged plan costs 19.9 % of the cash it collects (status-quo: 11.8 %) and draws 11.4 complaints per 1,000 accounts "
        "(status-quo: 7.6).",
        "Rules were broken 1,233 times: see “Rules” below.",  # 1,199 + 34
    ],
    "zh": [
        "学习策略优于分阶段方案（最佳方案）：扣除全部成本后的净现值为期初欠款的 63.3 % (62.4 至 64.0)，分阶段方案（最佳方案）为 "
        "59.3 % (58.5 至 60.1)，差异为 +4.1 个百分点 (+3.1 至 +5.0)。",
        "截至第 50 天的回款率：学习策略为 41.3 %，分阶段方案为 39.0 %，相对变化 +5.8 % (+2.7 至 +8.8)；"
        "净回款率相差 +3.2 个百分点 (+2.0 至 +4.4)，回款时间相差 −3.2 天 (−6.1 至 +0.4)。",
        "与分阶段方案相比，学习策略投诉更少（每千户 −1.3 起；−2.2 至 −0.4），联系更多（户均 +3.4 次；+2.9 至 +3.9），"
        "成本并未更高（占期初欠款 +0.1 个百分点；−0.2 至 +0.4）。比较并不对等，更多的是：联系。",
        "回款率：分阶段方案为 39.0 %，现状方案为 34.2 %，相对变化 +14.2 % (+13.0 至 +15.0)。“回款率提高 15 %”的承诺：未达到。",
        "平均回款时间：分阶段方案为 31.9 天，现状方案为 41.2 天，相对变化 −22.7 % (−24.6 至 −20.4)。“回款时间缩短 20 %”的承诺：达到。",
        "分阶段方案的催收成本占回款的 19.9 %（现状方案为 11.8 %），每千户投诉 11.4 起（现状方案为 7.6）。",
        "违反规则 1,233 次：见“规则”一节。",
    ],
}


def test_answers_are_those_of_the_run(made_up_page):
    assert made_up_page.sections["headline"].bullets == FIRST_SCREEN[made_up_page.language]


def test_six_figures_stand_beside_their_differences_and_verdicts(made_up_page):
    language = made_up_page.language
    table = made_up_page.sections["headline"].tables[0]
    say, to = VERDICTS[language], {"en": "to", "zh": "至"}[language]
    points, days = {"en": ("points", "days"), "zh": ("个百分点", "天")}[language]
    read = [[(cell.value, cell.lines, cell.marks) for cell in row[1:]] for row in table.rows]
    assert read == [
        [
            ("63.3 %", [f"62.4 {to} 64.0"], [""]),
            ("59.3 %", [f"58.5 {to} 60.1"], [""]),
            (f"+4.1 {points}", [f"+3.1 {to} +5.0", say["good"]], ["", "good"]),
        ],
        [
            ("41.3 %", [f"40.4 {to} 42.1"], [""]),
            ("39.0 %", [f"38.1 {to} 39.9"], [""]),
            (f"+2.3 {points}", [f"+1.1 {to} +3.4", say["good"]], ["", "good"]),
        ],
        [
            (f"28.7 {days}", [f"27.1 {to} 30.2"], [""]),
            (f"31.9 {days}", [f"30.9 {to} 32.8"], [""]),
            (f"−3.2 {days}", [f"−6.1 {to} +0.4", say["open"]], ["", ""]),  # zero is within
        ],
        [
            ("14.4 %", [f"13.7 {to} 15.2"], [""]),
            ("19.9 %", [f"19.0 {to} 20.7"], [""]),
            (f"+1.2 {points}", [f"+0.4 {to} +2.0", say["bad"]], ["", "bad"]),  # less is better
        ],
        [
            ("10.1", [f"9.4 {to} 10.9"], [""]),
            ("11.4", [f"10.6 {to} 12.2"], [""]),
            ("−1.3", [f"−2.2 {to} −0.4", say["good"]], ["", "good"]),
        ],
        [("0.0", [], []), ("0.0", [], []), ("0.0", [], [])],  # never a breach: nothing to judge
    ]
    heads = {
        "en": ["measure", "learned", "staged (best plan)", "difference"],
        "zh": ["指标", "学习策略", "分阶段方案（最佳方案）", "差异"],
    }
    rows = {
        "en": [
            "Net present value",
            "Recovery rate",
            "Time to recover",
            "Cost to collect",
            "Complaints per 1,000 accounts",
            "Breaches of rules",
        ],
        "zh": ["净现值", "回款率", "回款时间", "催收成本率", "每千户投诉", "违规次数"],
    }
    captions = {
        "en": "Key figures, learned against staged (best plan)",
        "zh": "关键数字：学习策略与分阶段方案（最佳方案）",
    }
    assert table.head == heads[language] and table.caption == captions[language]
    assert [row[0].value for row in table.rows] == rows[language]


def test_claims_are_judged_for_the_plan_that_they_are_made_for(made_up_page):
    """15 % more recovery and 20 % less time are met if the whole interval is beyond, missed if all of it falls short."""
    language = made_up_page.language
    met, missed = {"en": ("met", "not met"), "zh": ("达到", "未达到")}[language]
    to = {"en": "to", "zh": "至"}[language]
    table = made_up_page.sections["headline"].tables[2]
    read = {row[0].value: [(cell.value, cell.lines, cell.marks[1]) for cell in row[1:]] for row in table.rows}
    staged = {"en": "staged", "zh": "分阶段方案"}[language]
    # Nobody claims that of other plans, a user's own among them.
    assert read == {
        staged: [("+14.2 %", [f"+13.0 {to} +15.0", missed], "bad"), ("−22.7 %", [f"−24.6 {to} −20.4", met], "good")],
    }


def test_challenger_stands_beside_every_plan_with_what_it_asks_for(made_up_page):
    """More value and less burden are marked as better; the best plan comes first, one of unknown value last."""
    language = made_up_page.language
    to, points, days = {"en": ("to", "points", "days"), "zh": ("至", "个百分点", "天")}[language]
    table = made_up_page.sections["headline"].tables[1]
    plans = {
        "en": ["staged (best plan)", "tiered", "status-quo", "mine"],
        "zh": ["分阶段方案（最佳方案）", "分层方案", "现状方案", "mine"],
    }
    assert [row[0].value for row in table.rows] == plans[language]
    assert [(cell.value, cell.lines, cell.marks) for cell in table.rows[0][1:]] == [
        (f"+4.1 {points}", [f"+3.1 {to} +5.0"], ["good"]),
        (f"+2.3 {points}", [f"+1.1 {to} +3.4"], ["good"]),
        (f"+3.2 {points}", [f"+2.0 {to} +4.4"], ["good"]),
        (f"−3.2 {days}", [f"−6.1 {to} +0.4"], [""]),
        ("−1.3", [f"−2.2 {to} −0.4"], ["good"]),
        ("+3.4", [f"+2.9 {to} +3.9"], ["bad"]),
        (f"+0.1 {points}", [f"−0.2 {to} +0.4"], [""]),
    ]
    assert (
        table.head
        == {
            "en": [
                "plan", "Net present value", "Recovery rate", "Net recovery rate", "Time to recover", "Complaints per 1,000 accounts",
                "Contacts per debtor", "Cost",
            ],
            "zh": ["方案", "净现值", "回款率", "净回款率", "回款时间", "每千户投诉", "户均联系次数", "成本"],
        }[language]
    )  # fmt: skip
    for row, plan in zip(table.rows, ("staged", "tiered", "status-quo", "mine"), strict=True):
        wanted = made_up_page.results["burdens"]["learned"][plan]["contacts_per_debtor"]
        assert row[6].value == f"{wanted['mean']:+.1f}".replace("-", "−")


def test_worlds_stand_beside_their_differences_and_verdicts(made_up_page):
    language = made_up_page.language
    say, (to, points) = VERDICTS[language], {"en": ("to", "points"), "zh": ("至", "个百分点")}[language]
    rows = made_up_page.sections["why"].tables[0].rows
    assert [(row[1].value, row[1].lines, row[1].marks[1]) for row in rows] == [
        (f"+3.7 {points}", [f"+2.5 {to} +5.2", say["good"]], "good"),
        (f"−1.9 {points}", [f"−3.1 {to} −0.5", say["bad"]], "bad"),
        (f"+1.0 {points}", [f"−0.2 {to} +2.5", say["open"]], ""),
        (f"+1.4 {points}", [f"+0.2 {to} +2.8", say["good"]], "good"),
        (f"+3.5 {points}", [f"+2.3 {to} +5.0", say["good"]], "good"),
    ]
    # 3.72 + 2.11, −1.92 + 2.11 and so on; 3.72 − 4.1, −1.92 − 4.1 and so on
    assert [row[2].value for row in rows] == ["+5.8 %", "+0.2 %", "+3.1 %", "+3.5 %", "+5.6 %"]
    assert [row[3].value for row in rows] == ["−0.4", "−6.0", "−3.1", "−2.7", "−0.6"]
    assert rows[1][0].value == {"en": "legal notices have no effect", "zh": "律师函无效果"}[language]


def test_title_and_subtitle_say_what_was_simulated(made_up_page):
    sub = made_up_page.html.split('<p class="sub">')[1].split("</p>")[0]
    title = made_up_page.html.split("<h1>")[1].split("</h1>")[0]
    assert (plain(title), plain(sub)) == {
        "en": (
            "Credit cards, Taiwan 2005 (real accounts): 5 collection plans compared",
            "5,129 accounts, TWD 297,712,345 overdue, followed for 50 days; 3 seeds; rules: taiwan. "
            "A simulation, not a record of real collection.",
        ),
        "zh": (
            "台湾信用卡（真实账户，2005 年）：5 个催收方案的比较",
            "5,129 个账户，逾期金额 TWD 297,712,345，跟踪 50 天；3 个随机种子；规则：台湾信用卡规则。本报告来自模拟，并非真实催收记录。",
        ),
    }[made_up_page.language]


# --- verdicts of other runs -------------------------------------------------------------------------------------------


def _first_answer(results, language):
    return plain(answers(results, text_in(language))[0])


@pytest.fixture
def results():
    return copy.deepcopy(made_up.results())


def test_difference_that_includes_zero_is_inconclusive(results):
    results["differences"]["learned"]["staged"]["npv_rate"] = apart(0.0406, -0.0012, 0.0811)
    assert _first_answer(results, "en") == (
        "Net present value after all costs is 63.3 % (62.4 to 64.0) of the opening balance under learned and 59.3 % (58.5 to 60.1) under "
        "staged (best plan). The difference of +4.1 points (−0.1 to +8.1) is inconclusive at 95 %: either the sample is too small or the "
        "plans do not differ."
    )
    assert _first_answer(results, "zh") == (
        "扣除全部成本后的净现值：学习策略为期初欠款的 63.3 % (62.4 至 64.0)，分阶段方案（最佳方案）为 59.3 % (58.5 至 60.1)，"
        "差异为 +4.1 个百分点 (−0.1 至 +8.1)。样本不足，无法判定两者孰优。"
    )


def test_challenger_that_loses_is_said_to_lose(results):
    results["policies"]["staged"]["npv_rate"] = found(0.6801, 0.67, 0.69)
    results["differences"]["learned"]["staged"]["npv_rate"] = apart(-0.0469, -0.0588, -0.0351)
    assert _first_answer(results, "en") == (
        "learned does not beat staged (best plan): net present value after all costs is 63.3 % (62.4 to 64.0) of the opening balance "
        "against 68.0 % (67.0 to 69.0). The difference is −4.7 points (−5.9 to −3.5)."
    )
    assert _first_answer(results, "zh") == (
        "学习策略不敌分阶段方案（最佳方案）：扣除全部成本后的净现值为期初欠款的 63.3 % (62.4 至 64.0)，分阶段方案（最佳方案）为 "
        "68.0 % (67.0 至 69.0)，差异为 −4.7 个百分点 (−5.9 至 −3.5)。"
    )


def test_without_challengers_staged_that_beats_all_others_is_said_to_be_unbeaten(results):
    results["learned"] = []
    results["policies"]["staged"]["npv_rate"] = found(0.6801, 0.67, 0.69)
    results["differences"]["learned"]["staged"]["npv_rate"] = apart(-0.0469, -0.0588, -0.0351)
    assert _first_answer(results, "en") == (
        "No plan here beats staged, whose net present value after all costs is 68.0 % (67.0 to 69.0) of the opening balance. "
        "The next best, learned, reaches 63.3 % (62.4 to 64.0), a difference of −4.7 points (−5.9 to −3.5)."
    )
    assert _first_answer(results, "zh") == (
        "没有方案优于分阶段方案（扣除全部成本后的净现值为期初欠款的 68.0 % (67.0 至 69.0)）：其余方案中最好的是学习策略，"
        "为 63.3 % (62.4 至 64.0)，差异为 −4.7 个百分点 (−5.9 至 −3.5)。"
    )


def test_gain_without_more_burden_is_like_for_like(results):
    results["burdens"]["learned"]["staged"]["contacts_per_debtor"] = apart(0.02, -0.11, 0.15)
    assert plain(answers(results, text_in("en"))[2]).endswith(
        "makes no more contacts (+0.02 per debtor; −0.1 to +0.1) and costs no more (+0.1 points of the opening balance; −0.2 to +0.4). "
        "No more of any of the three at 95 %: the comparison is like for like."
    )
    assert plain(answers(results, text_in("zh"))[2]).endswith("三项在 95 % 置信水平上都没有更高：比较是对等的。")


def test_other_challengers_follow_in_a_sentence_each(results):
    """tiered counts as learned here: it brings more of no burden than staged, so that it comes before learned, which makes more contacts."""
    results["learned"] = ["tiered", "learned"]
    less = {"complaints_per_1000": apart(-2.0, -3.0, -1.0), "contacts_per_debtor": apart(-5.0, -6.0, -4.0)}
    results["burdens"]["tiered"]["staged"] = less | {"full_cost_rate": apart(-0.01, -0.02, -0.005)}
    results["differences"]["tiered"]["staged"]["npv_rate"] = apart(-0.0214, -0.0305, -0.0122)
    said = [plain(sentence) for sentence in answers(results, text_in("en"))]
    assert said[0].startswith("tiered does not beat staged (best plan)") and said[2].endswith("like for like.")
    assert said[3] == (
        "learned against staged: the difference in net present value is +4.1 points (+3.1 to +5.0); learned draws fewer complaints "
        "(−1.3 per 1,000 accounts; −2.2 to −0.4), makes more contacts (+3.4 per debtor; +2.9 to +3.9) and costs no more "
        "(+0.1 points of the opening balance; −0.2 to +0.4)."
    )


def test_one_seed_gives_no_interval_and_no_verdict(results):
    for plan in results["policies"].values():
        for value in plan.values():
            value["low"] = value["high"] = None
    results["differences"]["learned"]["staged"]["npv_rate"] = apart(0.0406, None, None)
    for change in results["burdens"]["learned"]["staged"].values():
        change["low"] = change["high"] = None
    for claim in results["claims"]:
        claim["relative"] |= {"low": None, "high": None}
        claim["verdict"] = "not decided: one seed has no interval"
    said = [plain(sentence) for sentence in answers(results, text_in("en"))]
    assert said[0] == (
        "Net present value after all costs is 63.3 % of the opening balance under learned and 59.3 % under staged (best plan). The "
        "difference of +4.1 points is inconclusive at 95 %: either the sample is too small or the plans do not differ."
    )
    assert said[2] == (
        "Compared with staged, learned differs by −1.3 complaints per 1,000 accounts, by +3.4 contacts per debtor and by +0.1 points of "
        "the opening balance in cost. Whether that is more burden cannot be told."
    )
    assert said[3].endswith("+14.2 %. The claim of 15 % more recovery is inconclusive, as one seed has no interval.")
    chinese = [plain(sentence) for sentence in answers(results, text_in("zh"))]
    assert chinese[4].endswith("−22.7 %。“回款时间缩短 20 %”的承诺：样本不足，无法判定（只有一个种子，没有区间）。")


def test_plan_alone_is_compared_with_nothing(results):
    alone = results | {
        "policies": {"tiered": results["policies"]["tiered"]},
        "claims": [],
        "breaches": {"tiered": {}},
        "learned": [],
    }
    assert [plain(sentence) for sentence in answers(alone, text_in("en"))] == [
        "The net present value of tiered after all costs is 57.1 % (56.4 to 57.9) of the opening balance.",
        "No rule was broken.",
    ]
    assert [plain(sentence) for sentence in answers(alone, text_in("zh"))] == [
        "分层方案扣除全部成本后的净现值为期初欠款的 57.1 % (56.4 至 57.9)。",
        "没有违反任何规则。",
    ]


def test_breaches_of_all_plans_are_added_up(results):
    results["breaches"]["staged"] = {"daily-limit": 2}
    assert answers(results, text_in("en"))[-1] == "Rules were broken 1,235 times: see “Rules” below."  # 1,199 + 34 + 2


def test_answers_are_in_english_unless_another_language_is_asked_for(results):
    assert answers(results) == answers(results, text_in("en"))
    assert answers(results)[0].startswith("learned beats staged (best plan)")
