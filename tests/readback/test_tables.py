"""Tables of figures hold, cell by cell, what results.json and the parts hold, in the unit that stands behind them."""

from __future__ import annotations

import json

import pytest

from tests.readback import made_up
from tests.readback.reading import limits, number, plain, quantity, span
from tests.readback.words import BETTER, MEASURES, TIERS, assessed, called, unit_of

HALF = 0.05 + 1e-9  # one decimal is shown


def same(shown: float, value: float, unit: str) -> bool:
    """Whether a figure read is the file's, to the nearest last digit."""
    return abs(shown - value) <= HALF * (0.01 if unit in ("%", "points", "个百分点") else 1.0)


def check_interval(cell_value, line, interval, unit, language):
    """A cell's figure and the ends below it."""
    if interval["mean"] is None:
        assert cell_value == "–"
        return
    shown, written = quantity(cell_value, language)
    assert written == unit and same(shown, interval["mean"], unit)
    if line is None:
        low, high = interval["low"], interval["high"]
        assert low is None or abs(high - low) <= 2 * HALF  # not shown if one seed, or if written alike
        return
    low, high = limits(line, language)
    factor = 0.01 if unit in ("%", "points", "个百分点") else 1.0
    assert same(low * factor, interval["low"], unit) and same(high * factor, interval["high"], unit)


def is_limits(line: str) -> bool:
    return line[:1] in "+−0123456789" and "(" not in line


def test_every_measure_of_every_plan_with_its_difference_and_mark(page):
    table, language = page.sections["measures_section"].tables[0], page.language
    plans = page.ordered
    assert table.head[1:] == [called(plan, language) for plan in plans]
    assert [row[0].value for row in table.rows] == list(MEASURES[language].values())
    judged = set()
    for measure, row in zip(MEASURES[language], table.rows, strict=True):
        for plan, cell in zip(plans, row[1:], strict=True):
            lines = list(zip(cell.lines, cell.marks, strict=True))
            change = lines.pop() if plan != page.ordered[1] else None
            ends = lines.pop()[0] if lines else None
            assert not lines
            check_interval(
                cell.value, ends, page.results["policies"][plan][measure], unit_of(measure, language), language
            )
            if change is None:
                continue
            wanted = page.results["differences"][plan][page.ordered[1]][measure]
            if wanted["mean"] is None:
                assert change == ("–", "")
                continue
            mean, low, high, unit = span(change[0], language)
            assert unit == unit_of(measure, language, difference=True) and same(mean, wanted["mean"], unit)
            if low is not None:
                assert same(low, wanted["low"], unit) and same(high, wanted["high"], unit)
            verdict = assessed(wanted, BETTER[measure])
            assert change[1] == ("" if verdict == "open" else verdict)
            judged.add(verdict)
    assert len(judged) > 1


def test_a_gain_in_recovery_is_better_and_a_gain_in_cost_is_worse(english):
    """mine − staged: cost to collect +7.5 points or so, all above zero; of breaches +411."""
    table = english.sections["measures_section"].tables[0]
    assert table.cell("Recovery rate", "learned").marks == ["", "good"]
    assert table.cell("Cost to collect", "learned").marks == ["", "bad"]
    assert table.cell("Complaints per 1,000 accounts", "learned").marks == ["", "good"]
    assert table.cell("Breaches of rules", "mine").value == "411.0"
    assert table.cell("Breaches of rules", "mine").lines == ["398.0 to 431.0", "+411.0 (+398.0 to +431.0)"]
    assert table.cell("Breaches of rules", "mine").marks == ["", "bad"]
    assert table.cell("Right-party contacts per call", "mine").marks == ["", ""]  # neither way is better


def test_measures_by_tier(page):
    table, language = page.sections["tier"].tables[0], page.language
    plans, tiers = page.ordered, [t for t, n in page.results["tier_accounts"].items() if n]
    wanted = [
        (tier, measure)
        for tier in tiers
        for measure in ("recovery_rate", "time_to_recover_days", "variable_cost_to_collect", "complaints_per_1000")
    ]
    assert table.head[1:] == [called(plan, language) for plan in plans] and len(table.rows) == len(wanted)
    for (tier, measure), row in zip(wanted, table.rows, strict=True):
        count = f"{page.results['tier_accounts'][tier]:,.0f}"
        place = {"en": f"{TIERS['en'][tier]}, {count} accounts", "zh": f"{TIERS['zh'][tier]}、{count} 个账户"}
        assert row[0].value == MEASURES[language][measure] and row[0].lines == [place[language]]
        for plan, cell in zip(plans, row[1:], strict=True):
            ends = cell.lines[0] if cell.lines else None
            check_interval(
                cell.value, ends, page.results["tiers"][plan][tier][measure], unit_of(measure, language), language
            )


def test_roll_rates_by_plan_leave_out_those_that_no_plan_has(page):
    table, rates = page.sections["rolls"].tables[0], page.results["roll_rates"]
    shown = [
        roll for roll in next(iter(rates.values())) if any(rates[plan][roll]["mean"] is not None for plan in rates)
    ]
    assert table.head[1:] == shown and len(shown) >= 1
    for plan, row in zip(page.ordered, table.rows, strict=True):
        assert row[0].value == called(plan, page.language)
        for roll, cell in zip(shown, row[1:], strict=True):
            check_interval(cell.value, cell.lines[0] if cell.lines else None, rates[plan][roll], "%", page.language)


def test_work_done_is_counted_per_run(page):
    table, plans = page.sections["capacity"].tables[0], page.ordered
    events = ("attempts", "unserved", "promises", "offers", "accepted", "suits", "judgments", "seizures")
    assert table.head[1:] == [called(plan, page.language) for plan in plans]
    for event, row in zip(events, table.rows[:8], strict=True):
        for plan, cell in zip(plans, row[1:], strict=True):
            assert abs(number(cell.value) - page.results["events"][plan][event]["mean"]) <= 0.5 + 1e-9
    names = {
        "en": ["Contact attempts", "Attempts not made for lack of staff", "Promises to pay", "Offers made", "Offers accepted",
               "Suits decided on", "Judgments within the horizon", "Assets found by enforcement"],
        "zh": ["联系次数", "未能执行的联系", "承诺还款", "提供还款安排", "接受还款安排", "决定起诉", "期内判决", "执行到财产"],
    }  # fmt: skip
    assert [row[0].value for row in table.rows[:8]] == names[page.language]


def test_staff_time_used_and_requests_served(page):
    table, language = page.sections["capacity"].tables[0], page.language
    names = {
        "en": [
            "Collectors: time used",
            "Specialised team: time used",
            "Dialler lines: time used",
            "Field visitors: time used",
        ],
        "zh": ["催收员：时间利用率", "专业催收组：时间利用率", "自动外呼线路：时间利用率", "外访人员：时间利用率"],
    }[language]
    pools = ("collector", "specialist", "autocall", "visit")
    for pool, name in zip(pools, names, strict=True):
        for plan, use in page.results["resources"].items():
            cell, use = table.cell(name, called(plan, language)), use[pool]
            if use["seconds_on_shift"]:
                assert same(quantity(cell.value, language)[0], use["seconds_used"] / use["seconds_on_shift"], "%")
            if not use["requested"]:
                assert cell.lines == []
                continue
            share = use["served"] / use["requested"]
            words = {"en": " of requests served", "zh": " 的请求得到执行"}[language]
            assert cell.lines[0].endswith(words)
            assert same(quantity(cell.lines[0].removesuffix(words), language)[0], share, "%")


def test_legal_team_shows_places_in_use_and_suits_waiting(page):
    table, language = page.sections["capacity"].tables[0], page.language
    row = table.rows[-1]
    assert row[0].value == {"en": "Legal team: capacity in use", "zh": "法务团队：产能利用率"}[language]
    for team, cell in zip((page.results["legal_team"][plan] for plan in page.ordered), row[1:], strict=True):
        assert same(quantity(cell.value, language)[0], team["active_cases"] / team["case_places"], "%")
        if team["waiting_suits"]:
            words = {"en": " suits waiting", "zh": " 件待立案"}[language]
            assert abs(number(cell.lines[0].removesuffix(words)) - team["waiting_suits"]) <= HALF
        else:
            assert cell.lines == []


def test_used_time_of_learned_worked_out_by_hand(english):
    """Seconds used 193,000 of 400,000 on shift = 48.25 %; served 3,340 of 3,500 requests = 95.43 %; 79 of 154 places = 51.3 %."""
    table = english.sections["capacity"].tables[0]
    cell = table.cell("Collectors: time used", "learned")
    assert (cell.value, cell.lines) == ("48.2 %", ["95.4 % of requests served"])
    legal = table.cell("Legal team: capacity in use", "learned")
    assert (legal.value, legal.lines) == ("51.3 %", ["690.9 suits waiting"])


def test_cash_by_source_is_a_share_of_each_seeds_own_balance(made_up_page):
    """Seeds owe 10, 20 and 5 million; by collectors came 17, 18 and 19 % of each: 18.0 % in the mean, whatever the sums."""
    table, language = made_up_page.sections["sources"].tables[0], made_up_page.language
    learned, staged = called("learned", language), called("staged", language)
    names = {
        "en": ("as agreed instalments", "as a settlement", "after a collector's call", "without recent contact"),
        "zh": ("按约分期还款", "减免结清还款", "催收员外呼后还款", "近期无联系的还款"),
    }[language]
    assert [table.cell(name, learned).value for name in names] == ["12.0 %", "10.0 %", "18.0 %", "1.3 %"]
    assert [table.cell(name, staged).value for name in names] == ["15.0 %", "–", "6.0 %", "18.0 %"]
    low, high = limits(table.cell(names[2], learned).lines[0], language)
    assert 17.0 <= low < 18.0 < high <= 19.0
    assert len(table.rows) == 8  # 0.04 % from seizures is too little to be shown


def test_cash_by_source_adds_up_to_the_recovery_rate(request, language):
    """In the simulated run, where synthetic accounts owe other sums on each seed."""
    page = request.getfixturevalue("_real_pages")[language]
    table = page.sections["sources"].tables[0]
    for plan, values in page.results["policies"].items():
        column = table.head.index(called(plan, language))
        shown = [row[column].value for row in table.rows if row[column].value != "–"]
        total = sum(quantity(value, language)[0] for value in shown)
        assert abs(total - values["recovery_rate"]["mean"]) <= 0.0005 * (len(table.rows) + 1)  # each is rounded


def test_breaches_and_blocked_treatments_by_rule(page):
    table, language = page.sections["rules"].tables[0], page.language
    for plan, row in zip(page.ordered, table.rows, strict=True):
        assert row[0].value == called(plan, language)
        for kind, cell in zip(("breaches", "blocked"), row[1:3], strict=True):
            by_rule = page.results[kind][plan]
            assert number(cell.value) == sum(by_rule.values())
            assert cell.lines == [f"{rule}: {count:,}" for rule, count in by_rule.items()]
        dropped = page.results["dropped_rules"].get(plan, [])
        assert (row[3].value, row[3].lines) == (str(len(dropped)), dropped)


def test_breaches_of_mine_as_written(english):
    table = english.sections["rules"].tables[0]
    assert table.head == ["plan", "breaches", "blocked", "rules left out (treatment not available)"]
    assert table.cell("mine", "breaches").value == "1,233"
    assert table.cell("mine", "breaches").lines == ["contact-hours: 1,199", "no-suit: 34"]
    assert table.cell("mine", "blocked").value == "4,080"  # 4 × 17 + 4 × 1,003
    assert table.cell("tiered", table.head[3]).lines == ["propose a settlement", "visit"]


def test_audit_by_rule_and_breach_with_its_day_counted_from_one(made_up_page):
    language = made_up_page.language
    audit, evidence = made_up_page.sections["rules"].tables[1:]
    at_night, suits, third = {
        "en": ("No calls at night.", "No suits.", "No third parties."),
        "zh": ("夜间不得催收。", "不得起诉。", "不得联系第三人。"),
    }[language]
    untested = {"en": "Cannot be tested: no such act is simulated.", "zh": "模拟中没有此类行为，无法检验"}[language]
    assert [[cell.value for cell in row] for row in audit.rows] == [
        ["contact-hours", "51,234", "1,007", "303", "1,199"],
        ["no-suit", "4,321", "5", "2", "34"],
        ["third-parties", "–", "–", "–", "–"],
    ]
    assert [row[0].lines for row in audit.rows] == [[at_night], [suits], [third, untested]]
    assert [row[4].lines for row in audit.rows] == [["mine: 1,199"], ["mine: 34"], []]
    assert (
        audit.head
        == {
            "en": ["rule", "applied", "near misses", "blocked", "breaches"],
            "zh": ["规则", "适用次数", "临界次数", "被拦截", "违规"],
        }[language]
    )
    # The log counts days from 0: its day 11 is the twelfth.
    assert [[cell.value for cell in row] for row in evidence.rows] == [
        ["mine", "p77", "12", "contact-hours", "a call at 23:10"]
    ]


def test_debtor_burden_with_marks_against_the_plan_in_force(made_up_page):
    table, language, burden = made_up_page.sections["welfare"].tables[0], made_up_page.language, made_up.welfare()
    titles = {
        "en": made_up.TITLES,
        "zh": {"contacts_per_debtor": "户均联系次数", "debtor_cost": "债务人承担的费用", "plans_fit": "分期可负担率", "debtor_fees": "由债务人承担的诉讼费"},
    }[language]  # fmt: skip
    words = {"en": ("better at 95 %", "worse at 95 %"), "zh": ("更优（95 %）", "更差（95 %）")}[language]
    seen = set()
    for (measure, title), row in zip(titles.items(), table.rows, strict=True):
        assert row[0].value == title
        better = 1 if measure == "plans_fit" else -1
        for plan, cell in zip(made_up_page.ordered, row[1:], strict=True):
            value = burden["policies"][plan][measure]
            check_interval(cell.value, cell.lines[0], value, "" if measure == "contacts_per_debtor" else "%", language)
            verdict = "open" if plan == "staged" else assessed(burden["differences"][plan]["staged"][measure], better)
            told = list(zip(cell.lines[1:], cell.marks[1:], strict=True))
            assert told == {"good": [(words[0], "good")], "bad": [(words[1], "bad")], "open": []}[verdict]
            seen.add(verdict)
    assert seen == {"good", "bad", "open"}


def test_groups_of_debtors_under_the_best_plan(made_up_page):
    """`learned` is the fourth plan: recovered 0.3111 + 3 × 0.02 = 37.1 % of women, 47.1 % of men; 34.4 and 39.4 days; 10.2 and 19.2."""
    table, language = made_up_page.sections["fairness"].tables[0], made_up_page.language
    days = {"en": "days", "zh": "天"}[language]
    assert [[cell.value for cell in row] for row in table.rows] == [
        [{"en": "sex: female", "zh": "性别：女"}[language], "1,234", "37.1 %", f"34.4 {days}", "10.2"],
        [{"en": "sex: male", "zh": "性别：男"}[language], "2,234", "47.1 %", f"39.4 {days}", "19.2"],
    ]
    beyond = {"en": "beyond the limit", "zh": "超出界限"}[language]
    assert [row[2].lines for row in table.rows] == [[beyond], []] and table.rows[0][2].marks == ["bad"]
    assert (
        table.head[2:]
        == {
            "en": ["Recovered share", "Days to resolution", "Contact attempts"],
            "zh": ["回款比例", "结清天数", "联系次数"],
        }[language]
    )


def test_shadow_prices_in_currency_with_their_limits(made_up_page):
    table, language = made_up_page.sections["capacity"].tables[1], made_up_page.language
    to = {"en": "to", "zh": "至"}[language]
    assert [(row[1].value, row[2].value, row[2].lines) for row in table.rows] == [
        (called("staged", language), "1,231.46 TWD", [f"987.65 TWD {to} 1,502.30 TWD"]),
        (called("learned", language), "9,268.00 TWD", [f"−1,600.00 TWD {to} 21,000.00 TWD"]),
        (called("learned", language), "1.31 TWD", [f"0.20 TWD {to} 2.20 TWD"]),
    ]
    resources = {
        "en": [("collectors' time", "hour of collectors' time"), ("legal case places", "place for a case over the whole horizon"), ("settlement budget", "unit of settlement budget")],
        "zh": [("催收员工时", "小时催收员工时"), ("法务案件名额", "个案件名额（整个观察期）"), ("减免预算", "单位减免预算")],
    }[language]  # fmt: skip
    assert [(row[0].value, row[0].lines[0]) for row in table.rows] == resources


def test_perturbed_worlds_column_by_column(made_up_page):
    table, language = made_up_page.sections["stress"].tables[0], made_up_page.language
    rows = sorted(made_up.EXTRAS["stress.json"]["rows"][3:], key=lambda row: row["npv_rate"]["mean"])
    wanted = [*made_up.EXTRAS["stress.json"]["rows"][:3], *rows]  # the named ones, then the smallest gain first
    for world, row in zip(wanted, table.rows, strict=True):
        keys = ("npv_rate", "recovery_rate", "time_to_recover_days", "complaints_per_1000")
        points = {"en": "points", "zh": "个百分点"}[language]
        for key, wanted_unit, cell in zip(keys, (points, "%", "%", ""), row[1:], strict=True):
            mean, low, high, unit = span(cell.value, language)
            assert unit == wanted_unit and same(mean, world[key]["mean"], unit)
            assert same(low, world[key]["low"], unit) and same(high, world[key]["high"], unit)
    assert table.rows[3][0].value == "reach +30%" and table.rows[4][0].value == "reach −30%"


def test_parts_of_the_difference_and_upper_bounds(made_up_page):
    language = made_up_page.language
    to, points = {"en": ("to", "points"), "zh": ("至", "个百分点")}[language]
    parts = made_up_page.sections["attribution"].tables[0]
    assert [row[1].value for row in parts.rows] == [
        f"+0.6 {points} (−0.1 {to} +1.3)",
        f"−0.5 {points} (−1.0 {to} −0.1)",
        f"+1.8 {points} (+1.0 {to} +2.6)",
        f"+0.3 {points} (+0.1 {to} +0.5)",
    ]
    assert [row[2].value for row in parts.rows] == [
        f"+2.1 {points} (+1.0 {to} +3.2)",
        f"−0.3 {points} (−0.8 {to} +0.3)",
        f"+0.9 {points} (+0.1 {to} +1.7)",
        f"+1.3 {points} (+0.7 {to} +1.9)",
    ]
    names = {"en": ["timing", "channel", "offers", "legal steps"], "zh": ["时机", "渠道", "还款安排", "法律措施"]}[
        language
    ]
    assert [row[0].value for row in parts.rows] == names
    bounds = made_up_page.sections["upper_bounds"].tables[0]
    assert [[cell.value for cell in row] for row in bounds.rows] == [
        [{"en": "best of these policies for each account, in hindsight", "zh": "事后为每个账户选这些策略中最好的"}[language], f"51.2 % (50.1 {to} 52.3)"],
        [{"en": "learned, ample staff", "zh": "学习策略，人手充足"}[language], f"55.4 % (54.3 {to} 56.5)"],
        [{"en": "full attention every day, without offers and courts", "zh": "每天充分关注，不提供还款安排也不诉讼"}[language], f"48.2 % (47.1 {to} 49.3)"],
    ]  # fmt: skip


def test_map_of_treatments_by_stage_and_tier(made_up_page):
    """learned, first stage, low risk: of 1,000 account-days 300 with calls, 200 with messages, 100 with an offer."""
    language = made_up_page.language
    (learned, staged), (tiered,) = (made_up_page.sections[name].tables for name in ("actions", "actions_others"))
    stages = ["0–7", "8–15", "16–29", "30–59", "60–89", "90–179", "180+"]
    assert [row[0].value for row in learned.rows] == stages
    assert learned.head[1:] == list(TIERS[language].values())
    call, text, legal, offers, letter = {
        "en": ("call", "text", "legal", "offers", "letter"),
        "zh": ("人工", "信息", "法律", "还款安排", "信函"),
    }[language]
    cell = learned.rows[0][1]
    assert cell.lines == [f"{call} 30.0 %", f"{text} 20.0 %", f"{offers} 10.0 %"]
    assert cell.bars == [("text", 20.0), ("collector", 30.0)]
    assert learned.rows[3][2].lines == [f"{legal} 25.0 %"] and learned.rows[3][2].bars == [("legal", 25.0)]
    assert staged.rows[0][1].lines == [f"{text} 45.0 %", f"{call} 10.0 %"]
    assert staged.rows[3][2].lines == [f"{letter} 5.0 %"]
    assert tiered.rows[6][3].bars == [("autocall", 60.0), ("visit", 40.0)]
    never = {"en": "no days", "zh": "无账户日"}[language]
    assert all(
        row[n].value == never for k, row in enumerate(learned.rows) for n in (1, 2, 3) if (k, n) not in ((0, 1), (3, 2))
    )
    assert (
        learned.legend
        == {
            "en": [("text", "messages"), ("collector", "collector's calls"), ("legal", "legal steps")],
            "zh": [("text", "信息"), ("collector", "催收员外呼"), ("legal", "法律措施")],
        }[language]
    )


def test_maps_count_the_decisions_of_all_seeds(request, language):
    """The simulated run: shares of each kind, added up from the parts by hand."""
    folder, pages = request.getfixturevalue("real_folder"), request.getfixturevalue("_real_pages")
    page = pages[language]
    plans = ["tiered", "staged", "status-quo"]
    shown = [table for name in ("actions", "actions_others") for table in page.sections[name].tables]
    tables = {plain(table.caption): table for table in shown}
    checked = 0
    for plan in plans:
        caption = {"en": f"{plan}: what it does", "zh": f"{called(plan, 'zh')}的措施分布"}[language]
        days: dict[tuple[str, str], dict[str, int]] = {}
        for seed in page.results["seeds"]:
            part = json.loads((folder / "parts" / plan / f"{seed}.json").read_text(encoding="utf-8"))
            for stage, tiers in part["decisions"].items():
                for tier, treatments in tiers.items():
                    for name, count in treatments.items():
                        first = name.split("/")[0]
                        legal = name.split("/")[-1] in ("notice", "suit", "enforce")
                        kind = "legal" if legal else "text" if first in ("sms", "wechat", "email") else first
                        place = days.setdefault((stage, tier), {})
                        place[kind] = place.get(kind, 0) + count
        for row in tables[caption].rows:
            for tier, cell in zip(TIERS["en"], row[1:], strict=True):
                counts = days.get((row[0].value, tier), {})
                total = sum(counts.values())
                for kind, width in cell.bars:
                    assert width == pytest.approx(100 * counts[kind] / total, abs=HALF)
                    checked += 1
    assert checked > 10


def test_heads_name_what_is_below(made_up_page):
    """Heads of tables whose columns are not plans."""
    heads = {
        "en": {
            "attribution": ["part of the decision", "effect on recovery", "effect on net present value"],
            "stress": [
                "change of the world",
                "net present value",
                "recovery rate, relative",
                "time to recover, relative",
                "complaints per 1,000 accounts",
            ],
            "upper_bounds": ["upper bound", "recovery rate"],
            "plan": ["rule", "if", "then"],
        },
        "zh": {
            "attribution": ["决策的组成部分", "对回款率的影响", "对净现值的影响"],
            "stress": ["改变之处", "净现值", "回款率（相对）", "回款时间（相对）", "每千户投诉"],
            "upper_bounds": ["上界", "回款率"],
            "plan": ["规则", "条件", "措施"],
        },
    }[made_up_page.language]
    assert {name: made_up_page.sections[name].tables[0].head for name in heads} == heads
    prices = made_up_page.sections["capacity"].tables[1]
    assert prices.head == {"en": ["resource", "plan", "price"], "zh": ["资源", "方案", "价格"]}[made_up_page.language]
    claims = made_up_page.sections["headline"].tables[2]
    assert (
        claims.head
        == {
            "en": ["plan", "recovery, claim +15 %", "time to recover, claim −20 %"],
            "zh": ["方案", "回款率，承诺 +15 %", "回款时间，承诺 −20 %"],
        }[made_up_page.language]
    )
