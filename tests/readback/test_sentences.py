"""What each section of the made-up run's report says, in both languages; the figures are worked out beside the words."""

from __future__ import annotations

SAID = {
    # On day 30 of 50 learned has 0.29 × 30 / 50 = 17.4 %, staged 0.23 × 30 / 50 = 13.8 %.
    # learned resolves 54 % by day 50 at an even pace: half of all after 50 × 0.50 / 0.54 = 46.3 days, so on day 47. staged 38 %.
    "money": {
        "en": [
            "By day 30, learned has collected 17.4 % of the opening balance and staged 13.8 %; by day 50, 29.0 % and 23.0 %.",
            "Half of the accounts are paid, settled or cured by day 47 under learned. Under staged, fewer than half of the accounts are paid, "
            "settled or cured within 50 days: 62.0 % remain open.",
            # By seed 45 − 40, 46 − 40, 47 − 40 at medium risk; +1.0 in the mean at low and −1.0 at high.
            "learned gains most over staged among accounts at medium risk: +6.0 points (+5.0 to +7.0).",
            # Both rolls differ by 2 × 1.37 points; the first of equals.
            "Roll rates differ most at M1→M2: of the accounts that enter that bucket, 15.1 % are still unresolved at its end under learned, "
            "and 12.3 % under staged.",
        ],
        "zh": [
            "截至第 30 天，学习策略的累计回款率为 17.4 %，分阶段方案为 13.8 %；截至第 50 天分别为 29.0 % 和 23.0 %。",
            "学习策略下，到第 47 天已有一半账户还清、减免结清或恢复正常。分阶段方案下，50 天内还清、减免结清或恢复正常的账户不到一半，仍有 62.0 % 未结清。",
            "与分阶段方案相比，学习策略在中风险账户中的回款率提升最多：+6.0 个百分点 (+5.0 至 +7.0)。",
            "迁徙率差别最大的是 M1→M2：进入该账龄段的账户，段末仍未结清的比例在学习策略下为 15.1 %，在分阶段方案下为 12.3 %。",
        ],
    },
    "attribution": {
        "en": [
            "Of the +2.3 points (+1.1 to +3.4) that learned recovers beyond staged, the largest part comes from offers: "
            "+1.8 points (+1.0 to +2.6)."
        ],
        "zh": [
            "学习策略的回款率比分阶段方案高 +2.3 个百分点 (+1.1 至 +3.4)，其中还款安排贡献最大：+1.8 个百分点 (+1.0 至 +2.6)。"
        ],
    },
    # The parts are those of `recoup attribute`, the worlds those of the comparison's small runs: `recoup stress` tried others.
    # Without effect of notices the interval is all below zero, with strong habituation it includes zero.
    "why": {
        "en": [
            "The difference of +4.1 points (+3.1 to +5.0) in net present value between learned and staged comes from "
            "timing +2.1 points (+1.0 to +3.2); legal steps +1.3 points (+0.7 to +1.9); offers +0.9 points (+0.1 to +1.7); "
            "channel −0.3 points (−0.8 to +0.3).",
            "The gain of learned is not confirmed at 95 % in these worlds: legal notices have no effect; messages and calls wear off three "
            "times as fast (habituation).",
        ],
        "zh": [
            "学习策略与分阶段方案的净现值相差 +4.1 个百分点 (+3.1 至 +5.0)，来自时机 +2.1 个百分点 (+1.0 至 +3.2)；"
            "法律措施 +1.3 个百分点 (+0.7 至 +1.9)；还款安排 +0.9 个百分点 (+0.1 至 +1.7)；渠道 −0.3 个百分点 (−0.8 至 +0.3)。",
            "学习策略的优势在以下情形中未获证实（95 %）：律师函无效果；信息和电话因重复而失效，速度为三倍（习惯化）。",
        ],
    },
    # Without contact 1.27 % against 18 %: −16.73 points, more than the +12 of the collectors and the +10 of settlements.
    "sources": {
        "en": [
            "The largest part of the cash under learned came after a collector's call: 18.0 % of the opening balance. "
            "Compared with staged, the largest change is in cash without recent contact: −16.7 points."
        ],
        "zh": [
            "学习策略下占比最大的回款来源是“催收员外呼后还款”：占期初欠款的 18.0 %。"
            "与分阶段方案相比，变化最大的来源是“近期无联系的还款”：−16.7 个百分点。"
        ],
    },
    "actions": {"en": ["Where learned differs most from staged"], "zh": ["学习策略与分阶段方案差别最大之处"]},
    # Not served under learned: 160 of 3,500, 400 of 3,600, 640 of 3,700, 880 of 3,800 by visitors = 23.16 %, the most.
    # Visitors worked 214,000 of 550,000 seconds = 38.9 %. The dearest price clear of zero is the collectors'.
    "capacity": {
        "en": [
            "Field visitors under learned: 23.2 % of requests were not served although only 38.9 % of the time was used, as they fell in "
            "hours or days with too few on duty. On an average day, 691 suits waited for the legal team.",
            "Worth most: one more hour of collectors' time would bring 1,231.46 TWD under staged.",
        ],
        "zh": [
            "学习策略下，外访人员有 23.2 % 的请求未能执行，而其总工时只用了 38.9 %：这些请求集中在当班人数不足的时段或日期。"
            "平均每天有 691 件案件等待法务立案。",
            "最值得增加的：分阶段方案下每增加 1 小时催收员工时可带来 1,231.46 TWD。",
        ],
    },
    # Of the four worlds besides the scenario as it is, two have an interval that is not all above zero.
    "stress": {
        "en": [
            "The advantage of learned over staged is not confirmed at 95 % in 2 of 4 perturbed worlds: half the people and lines, reach +30%."
        ],
        "zh": [
            "在 4 种扰动情形中，有 2 种下学习策略相对分阶段方案的优势在 95 % 置信水平上不成立：人员与线路减半、reach +30%。"
        ],
    },
    "upper_bounds": {
        "en": [
            "Upper bound (learned, ample staff): 55.4 % (54.3 to 56.5) of the opening balance; learned recovers 41.3 % (40.4 to 42.1)."
        ],
        "zh": ["回款率上界（学习策略，人手充足）为 55.4 % (54.3 至 56.5)；学习策略为 41.3 % (40.4 至 42.1)。"],
    },
    # 51,234 + 4,321 applications; one of three rules cannot be tested; 1,199 + 34 breaches.
    "rules": {
        "en": [
            "An independent audit, which shares no code with the simulation, read the event log again: 2 rules were applied 55,555 times, "
            "with 1,233 breaches."
        ],
        "zh": ["独立审计（不与模拟共用代码）重读了事件日志：2 条规则共适用 55,555 次，违规 1,233 次。"],
    },
    "fairness": {
        "en": [
            "Gaps between protected groups that exceed their limit at 95 %: 2 of 1,048, tested together. These need a review."
        ],
        "zh": ["有 2 项受保护群体的差异在 95 % 置信水平上超出界限，需要复核（共同检验 1,048 项）。"],
    },
    # The plan of the section is the best of those that are plan files: `learned` is a network.
    "plan": {"en": ["staged has 40 rules."], "zh": ["分阶段方案共 40 条规则。"]},
}
BULLETS = {
    "actions": {
        "en": [
            "0–7 days past due, low risk: messages on 20.0 % of account-days (staged: 45.0 %).",
            "0–7 days past due, low risk: collector's calls on 30.0 % of account-days (staged: 10.0 %).",
            "30–59 days past due, medium risk: legal steps on 25.0 % of account-days (staged: 0.0 %).",
            "30–59 days past due, medium risk: letters on 0.0 % of account-days (staged: 5.0 %).",
        ],
        "zh": [
            "逾期 0–7 天、低风险：信息占账户日的 20.0 %（分阶段方案为 45.0 %）。",
            "逾期 0–7 天、低风险：催收员外呼占账户日的 30.0 %（分阶段方案为 10.0 %）。",
            "逾期 30–59 天、中风险：法律措施占账户日的 25.0 %（分阶段方案为 0.0 %）。",
            "逾期 30–59 天、中风险：信函占账户日的 0.0 %（分阶段方案为 5.0 %）。",
        ],
    },
    # 40.12 − 5.21 = 34.91 % against 40.12 %; 6.2 + 2.3 = 8.5 against 6.2. Men's AUC is not above 0.7 at 95 %.
    "fairness": {
        "en": [
            "learned, sex female: Recovered share 34.9 %, against 40.1 % for comparable other debtors.",
            "mine, sex male: Contact attempts 8.5, against 6.2 for comparable other debtors.",
            "Possible proxy: what plans see identifies sex female (AUC 0.81, 0.75 to 0.86), so a plan may treat this group differently "
            "without seeing the attribute. Strongest single field: payday (AUC 0.78).",
        ],
        "zh": [
            "学习策略，性别 女：回款比例 34.9 %，债务相近的其他债务人为 40.1 %。",
            "mine，性别 男：联系次数 8.5，债务相近的其他债务人为 6.2。",
            "可能存在代理变量：方案可见的信息能识别性别 女（AUC 0.81，0.75 至 0.86），方案可能在看不到该属性的情况下区别对待。"
            "识别力最强的单一字段：发薪日（AUC 0.78）。",
        ],
    },
    # Against staged, the plan in force, by the burdens of the parts: see made_up.MORE_BORNE.
    "burden_checks": {
        "en": [
            "learned: heavier on debtors than staged in at least one way. Heavier by more than the margin at 95 %: contact attempts per "
            "debtor; cost to the debtor. Lighter at 95 %: contacts in the busiest week, 95th percentile; complaints per 1,000 accounts. "
            "Main source of the added cost: court fees put on debtors.",
            "status-quo: no burden of debtors is heavier than under staged by more than its margin at 95 %. Lighter at 95 %: contact "
            "attempts per debtor.",
            "tiered: no burden of debtors is heavier than under staged by more than its margin at 95 %.",
            "mine: it sued debtors in disclosed hardship (3 suits), which must never happen.",
        ],
        "zh": [
            "学习策略的负担检验：至少有一项债务人负担比分阶段方案更重。超出容许幅度（95 %）的负担：户均联系次数；债务人承担的费用。"
            "更轻（95 %）的负担：最频繁一周的联系次数（95 分位）；每千户投诉。新增费用主要来自：由债务人承担的诉讼费。",
            "现状方案的负担检验：与分阶段方案相比，没有一项债务人负担的加重在 95 % 置信水平上超出容许幅度。更轻（95 %）的负担：户均联系次数。",
            "分层方案的负担检验：与分阶段方案相比，没有一项债务人负担的加重在 95 % 置信水平上超出容许幅度。",
            "mine的负担检验：起诉了已告知经济困难的债务人（3 起），这绝不允许发生。",
        ],
    },
}
# Against the status quo, by the checks of welfare.json, as the READMEs have them.
OF_THE_FILE = {
    "en": [
        "staged: no burden of debtors is heavier than under status-quo by more than its margin at 95 %. Lighter at 95 %: contact attempts "
        "per debtor.",
        "tiered: no burden of debtors is heavier than under status-quo by more than its margin at 95 %.",
        "learned: heavier on debtors than status-quo in at least one way. Heavier by more than the margin at 95 %: contact attempts per "
        "debtor; cost to the debtor. Lighter at 95 %: plans within ability. Main source of the added cost: court fees put on debtors.",
        "mine: it sued debtors in disclosed hardship (3 suits), which must never happen.",
    ],
    "zh": [
        "分阶段方案的负担检验：与现状方案相比，没有一项债务人负担的加重在 95 % 置信水平上超出容许幅度。更轻（95 %）的负担：户均联系次数。",
        "分层方案的负担检验：与现状方案相比，没有一项债务人负担的加重在 95 % 置信水平上超出容许幅度。",
        "学习策略的负担检验：至少有一项债务人负担比现状方案更重。超出容许幅度（95 %）的负担：户均联系次数；债务人承担的费用。"
        "更轻（95 %）的负担：分期可负担率。新增费用主要来自：由债务人承担的诉讼费。",
        "mine的负担检验：起诉了已告知经济困难的债务人（3 起），这绝不允许发生。",
    ],
}
PARAGRAPHS = {
    "plan": {
        "en": "learned has the highest net present value, but it is a neural network that nobody can read. staged is the best plan here that "
        "people can read; its net present value differs by {change}.",
        "zh": "学习策略的净现值最高，但它是无法直接阅读的神经网络；分阶段方案是这里最好的可读方案，净现值相差 {change}。",
    },
    "rules": {
        "en": "Rule pack taiwan. A treatment that a rule forbids cannot happen: it is masked, and if a plan chooses it all the same, "
        "it is blocked and counted here.",
        "zh": "规则包：台湾信用卡规则。规则禁止的措施不会执行：先行屏蔽；方案仍然选择的，予以拦截并在此计数。",
    },
}


def test_message_of_every_section(made_up_page):
    language = made_up_page.language
    assert {name: made_up_page.sections[name].messages for name in SAID} == {
        name: said[language] for name, said in SAID.items()
    }
    told = {name for name, section in made_up_page.sections.items() if section.messages}
    assert told == SAID.keys() | {"welfare"}
    assert made_up_page.sections["welfare"].messages == BULLETS["burden_checks"][language][:1]


def test_lists_of_every_section(made_up_page):
    language = made_up_page.language
    assert {name: made_up_page.sections[name].bullets for name in BULLETS} == {
        n: said[language] for n, said in BULLETS.items()
    }


def test_paragraphs_that_hold_names_or_figures(made_up_page):
    language, sections = made_up_page.language, made_up_page.sections
    # staged − learned in net present value, by the file: −0.0406 (−0.0497 to −0.0312)
    change = {"en": "−4.1 points (−5.0 to −3.1)", "zh": "−4.1 个百分点 (−5.0 至 −3.1)"}[language]
    assert sections["plan"].paragraphs[0] == PARAGRAPHS["plan"][language].format(change=change)
    assert sections["rules"].paragraphs[0] == PARAGRAPHS["rules"][language]
    assert (
        sections["plan"].heading
        == {"en": "The plan to hand over: staged", "zh": "可交付执行的方案：分阶段方案"}[language]
    )
    assert {
        "en": "Not known for these debtors and drawn at random: region, age. Any gap there is due to chance.",
        "zh": "这些债务人的地区、年龄未知，系随机生成；相应的差异只是偶然。",
    }[language] in sections["fairness"].paragraphs
    hybrids = {"en": "All 16 hybrids are run on the same 3 seeds", "zh": "全部 16 种组合都用同样的 3 个随机种子运行"}[
        language
    ]
    takes = {
        "en": "a hybrid takes some parts of each decision from staged and the others from learned",
        "zh": "每个混合方案的决策一部分取自分阶段方案，另一部分取自学习策略",
    }[language]
    assert hybrids in sections["attribution"].paragraphs[0] and takes in sections["attribution"].paragraphs[0]
    against = {
        "en": "▲ is better, ▼ worse than staged at 95 %.",
        "zh": "▲ 为优于分阶段方案（95 %），▼ 为差于分阶段方案（95 %）。",
    }
    assert sections["burden_checks"].paragraphs[0].endswith(against[language])
    paired = {"en": "The last line is the paired difference from staged:", "zh": "最后一行是与分阶段方案的配对差值："}
    assert paired[language] in sections["measures_section"].paragraphs[0]


def test_data_and_method_tell_where_figures_come_from(made_up_page):
    language, sections = made_up_page.language, made_up_page.sections
    assert (
        sections["data"].bullets[:3]
        == {
            "en": [
                "Licence: CC BY 4.0",
                "of my own",
                "Not in the file, so drawn from the scenario: payday (all), months as a customer (1,234).",  # 5,129 of 5,129
            ],
            "zh": ["许可：CC BY 4.0", "of my own", "文件中没有、由情景补齐的字段：发薪日 (全部)、客户月数 (1,234)。"],
        }[language]
    )
    assert sections["method"].code == ["recoup compare -s taiwan-cards -p status-quo"]
    assert (
        sections["method"]
        .paragraphs[-1]
        .startswith(
            {"en": "Seeds 4 to 6; python 3.12.1, recoup 9.8.7.", "zh": "种子 4 至 6；python 3.12.1、recoup 9.8.7。"}[
                language
            ]
        )
    )
