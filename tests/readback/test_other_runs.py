"""Sections of runs that differ from the made-up one in one place: what is said then."""

from __future__ import annotations

import copy
import json
import shutil
from functools import partial

import pytest

from recoup.experiments.comparison.run import Run
from recoup.experiments.report import render, text_in
from recoup.experiments.report.sections import (
    attribution,
    capacity,
    fairness,
    money,
    plan,
    rules,
    stress,
    tier,
    welfare,
    why,
)
from tests.readback import made_up
from tests.readback.made_up import PLANS, SEEDS, apart, found, put
from tests.readback.reading import plain, sections


@pytest.fixture
def folder(made_up_folder, tmp_path):
    """A copy that a test may change."""
    return shutil.copytree(made_up_folder, tmp_path / "run", ignore=shutil.ignore_patterns("*.html"))


def change(folder, name, edit):
    """Edit a JSON file of the run."""
    content = json.loads((folder / name).read_text(encoding="utf-8"))
    edit(content)
    put(folder / name, content)


def told(folder, section, language="en"):
    """Paragraphs and lists of one section."""
    return texts_of(section.build(Run(folder), text_in(language)))


def texts_of(blocks):
    """Paragraphs and lists, columns one after the other."""
    texts = []
    for block in blocks:
        if hasattr(block, "columns"):
            texts += [text for column in block.columns for text in texts_of(column)]
        else:
            texts += [block.text] if hasattr(block, "text") else getattr(block, "items", [])
    return [plain(text) for text in texts]


def told_of_tiers(folder, language="en"):
    return texts_of(tier.pictured(Run(folder), text_in(language)))


def set_curve(folder, plan_name, name, last):
    for seed in SEEDS:
        change(
            folder,
            f"parts/{plan_name}/{seed}.json",
            lambda part: part.update({name: [1 - (1 - last) * d / 50 for d in range(1, 51)]}),
        )


def test_neither_plan_resolves_half_of_the_accounts(folder):
    set_curve(folder, "learned", "unresolved", 0.5214)
    assert told(folder, money)[1] == (
        "After 50 days 52.1 % of the accounts are still open under learned and 62.0 % under staged: neither plan resolves half of them."
    )
    assert (
        told(folder, money, "zh")[1]
        == "50 天后，学习策略下仍有 52.1 % 的账户未结清，分阶段方案下为 62.0 %；两者结清的账户都不到一半。"
    )


def test_half_resolved_is_reached_on_the_day_itself(folder):
    """90 % by day 50 at an even pace: half after 27.8 days, so on day 28; exactly half on the last day counts."""
    set_curve(folder, "learned", "unresolved", 0.1)
    set_curve(folder, "staged", "unresolved", 0.5)
    assert told(folder, money)[1] == (
        "Half of the accounts are paid, settled or cured by day 28 under learned. Half of the accounts are paid, settled or cured by day 50 under staged."
    )


def test_short_run_is_told_by_its_last_day(folder):
    change(folder, "results.json", lambda results: results.update(days=20))
    for name in PLANS:
        for seed in SEEDS:
            change(
                folder,
                f"parts/{name}/{seed}.json",
                lambda part: part.update({k: part[k][:20] for k in ("liquidation", "unresolved")}),
            )
    # learned 0.29 × 20 / 50 = 11.6 %, staged 0.23 × 20 / 50 = 9.2 %
    assert told(folder, money)[0] == (
        "By day 20, learned has collected 11.6 % of the opening balance and staged 9.2 %; by day 20, 11.6 % and 9.2 %."
    )


def lose_by_tier(folder):
    low = (0.50, 0.51, 0.52)  # staged: 58, 60 and 62 %; 40 % at medium and 21 % at high risk
    for rate, seed in zip(low, SEEDS, strict=True):
        tiers = {tier: {"recovery_rate": value} for tier, value in {"low": rate, "medium": 0.38, "high": 0.10}.items()}
        change(folder, f"parts/learned/{seed}.json", partial(dict.update, tiers=tiers))


def test_loss_at_every_tier_is_not_called_a_gain(folder):
    lose_by_tier(folder)
    assert told_of_tiers(folder)[0] == (
        "learned gains on staged at no risk tier; the difference is smallest among accounts at medium risk: −2.0 points."
    )
    assert (
        told_of_tiers(folder, "zh")[0]
        == "与分阶段方案相比，学习策略在任何风险等级的回款率都没有提升；差距最小的是中风险账户：−2.0 个百分点。"
    )


def test_tier_that_is_empty_on_one_seed_is_compared_on_the_others(folder):
    for name in ("learned", "staged"):
        change(folder, f"parts/{name}/4.json", lambda part: part["tiers"]["medium"].update(recovery_rate=None))
    # 46 − 40 and 47 − 40 on the other two
    assert (
        told_of_tiers(folder)[0]
        == "learned gains most over staged among accounts at medium risk: +6.5 points (+6.0 to +7.0)."
    )


def alone(folder):
    def keep(results):
        for key in (
            "policies",
            "differences",
            "tiers",
            "roll_rates",
            "events",
            "resources",
            "legal_team",
            "blocked",
            "breaches",
        ):
            results[key] = {"learned": results[key]["learned"]}
        results["differences"], results["burdens"] = {"learned": {}}, {"learned": {}}
        results["claims"], results["dropped_rules"] = [], {}
        results["settings"] |= {"policies": ["learned"], "champion": None}
        rates = {"low": 0.2, "medium": 0.4, "high": 0.5}
        results["tiers"]["learned"] = {
            t: results["tiers"]["learned"][t] | {"recovery_rate": found(r)} for t, r in rates.items()
        }

    change(folder, "results.json", keep)


def test_rates_of_a_plan_alone_are_listed_whether_they_rise_or_fall(folder):
    alone(folder)
    assert (
        told_of_tiers(folder)[0]
        == "The recovery rate is 20.0 % at low risk, 40.0 % at medium risk, 50.0 % at high risk."
    )
    assert told_of_tiers(folder, "zh")[0] == "回款率：低风险为 20.0 %、中风险为 40.0 %、高风险为 50.0 %。"
    assert (
        told(folder, money)[0] == "By day 30, learned has collected 17.4 % of the opening balance; by day 50, 29.0 %."
    )
    assert told(folder, money, "zh")[0] == "截至第 30 天，学习策略的累计回款率为 17.4 %；截至第 50 天为 29.0 %。"


def test_page_of_a_plan_alone_compares_nothing(folder):
    alone(folder)
    (folder / "fairness.json").unlink()
    (folder / "welfare.json").unlink()
    html = render(folder).read_text(encoding="utf-8")
    page = sections(html)
    assert (
        "one collection plan" in html
        and "memo" not in page
        and page["headline"].bullets
        == [
            "The net present value of learned after all costs is 63.3 % (62.4 to 64.0) of the opening balance.",
            "No rule was broken.",
        ]
    )
    assert page["headline"].tables[0].head == ["measure", "learned"] and len(page["headline"].tables) == 1
    assert page["sources"].messages == [
        "The largest part of the cash under learned came after a collector's call: 18.0 % of the opening balance."
    ]


def test_where_cards_are_cured_the_first_screen_says_how_much_and_what_is_left(folder):
    before = sections(render(folder).read_text(encoding="utf-8"))["headline"].tables[0]
    assert len(before.rows) == 6

    def cure(results):
        results["policies"]["tiered"]["cured_balance_rate"] = {"mean": 0.2, "low": 0.1, "high": 0.3}

    change(folder, "results.json", cure)
    table = sections(render(folder).read_text(encoding="utf-8"))["headline"].tables[0]
    assert [row[0].value for row in table.rows][:3] == [
        "Net present value",
        "Recovery rate",
        "Balance back in good standing",
    ]
    assert len(table.rows) == 7


def test_single_seed_is_warned_about(folder):
    change(folder, "results.json", lambda results: results.update(seeds=[5]))
    html = render(folder).read_text(encoding="utf-8")
    assert "followed for 50 days; one seed; rules" in plain(html)
    assert sections(html)["memo"].paragraphs[0] == (
        "A single seed gives no interval, so the precision of these figures is unknown. Run more seeds before you decide anything."
    )


def bear(folder, plan_name, **more):
    """Set what a plan asks beside staged, the same on each seed."""
    for number, seed in enumerate(SEEDS):
        same = made_up.burdens_of("staged", number)
        burdens = same | {name: same[name] + value for name, value in more.items()}
        change(folder, f"parts/{plan_name}/{seed}.json", lambda part, burdens=burdens: part.update(welfare=burdens))


def test_debts_that_grow_are_told_apart_from_burden_that_is_put_on(folder):
    bear(folder, "learned", debtor_cost=0.02, debtor_interest=0.02)
    # Nothing is lighter under learned, so that it is not proposed: what is said of it stands among the checks of all plans.
    assert next(
        text for text in texts_of(welfare.checks(Run(folder), text_in("en"))) if text.startswith("learned")
    ) == (
        "learned: heavier on debtors than staged in one way: it does no more to them, but leaves debts open longer, so that late interest "
        "adds to them."
    )
    assert next(text for text in texts_of(welfare.checks(Run(folder), text_in("zh"))) if text.startswith("学习")) == (
        "学习策略的负担检验：有一项债务人负担比分阶段方案更重：并未对债务人采取更多措施，但欠款拖得更久，逾期利息使欠款增加。"
    )


def _attribution(folder, total, rows):
    def edit(content):
        cash = content["measures"]["recovery_rate"]
        cash["total"] = {limit: total[limit] for limit in ("mean", "low", "high")}
        cash["parts"] = {part: found(value) for part, value in zip(cash["parts"], rows, strict=True)}

    change(folder, "attribution.json", edit)
    return told(folder, attribution)[0], told(folder, attribution, "zh")[0]


def test_loss_is_put_down_to_its_largest_part(folder):
    english, chinese = _attribution(folder, apart(-0.0221, -0.0312, -0.0134), [0.0041, -0.0193, -0.0031, -0.0038])
    assert (
        english
        == "learned recovers less than staged, by −2.2 points (−3.1 to −1.3); the largest part comes from channel: −1.9 points."
    )
    assert (
        chinese
        == "学习策略的回款率低于分阶段方案，差异为 −2.2 个百分点 (−3.1 至 −1.3)，其中渠道影响最大：−1.9 个百分点。"
    )


def test_difference_that_may_be_none_is_not_put_down_to_anything(folder):
    english, chinese = _attribution(folder, apart(0.0021, -0.0034, 0.0071), [0.0041, -0.0031, 0.0021, -0.001])
    assert english == (
        "The difference of +0.2 points (−0.3 to +0.7) between staged and learned is inconclusive at 95 %; its largest part is timing: "
        "+0.4 points."
    )
    assert chinese.startswith(
        "分阶段方案与学习策略的回款率相差 +0.2 个百分点 (−0.3 至 +0.7)：样本不足，无法判定。其中最大的部分是时机："
    )


def worlds(folder, gains):
    """Set the differences in net present value of the small runs, ± 1 point around each."""

    def edit(content):
        for row, gain in zip(content["worlds"]["rows"], gains, strict=True):
            row["npv_rate"] = found(gain, gain - 0.01, gain + 0.01)

    change(folder, "why.json", edit)


@pytest.mark.parametrize(
    ("gains", "english", "chinese"),
    [
        ((0.03, 0.02, 0.02, 0.02, 0.02),
         "The gain lasts: learned is better at 95 % in each of 4 worlds in which the model is wrong on purpose.",
         "结论稳健：在 4 种故意偏离模型的情形中，学习策略都更优（95 %）。"),
        ((0.0, 0.0, -0.05, 0.005, 0.0),
         "learned is not better than staged at 95 % in any of 4 worlds in which the model is wrong on purpose.",
         "在 4 种故意偏离模型的情形中，学习策略都未优于分阶段方案（95 %）。"),
        ((0.0, 0.0, 0.0, 0.03, 0.0),
         "learned is better than staged at 95 % in these worlds alone: discounts teach five times as much to wait.",
         "只有在以下情形中学习策略优于分阶段方案（95 %）：减免引发观望的作用为五倍。"),
    ],
)  # fmt: skip
def test_whether_a_gain_lasts(folder, gains, english, chinese):
    worlds(folder, gains)
    assert (told(folder, why)[1], told(folder, why, "zh")[1]) == (english, chinese)


def test_small_runs_are_told_where_nobody_asked_for_full_ones(folder):
    (folder / "attribution.json").unlink()
    said = told(folder, why)
    assert said[0] == (
        "In small runs the difference in net present value between learned and staged is +3.7 points (+3.0 to +4.4). It comes "
        "from legal steps +3.0 points (+2.5 to +3.6); timing +1.0 points (+0.5 to +1.5); offers −0.5 points (−0.9 to −0.2); "
        "channel +0.2 points (−0.1 to +0.5)."
    )
    assert said[2].startswith(
        "Small runs were made with the comparison, of 600 accounts a seed: 2 seeds for the parts, 3 seeds for the worlds."
    )


def test_attribution_of_other_policies_is_not_taken_for_the_challengers(folder):
    change(folder, "attribution.json", lambda content: content.update({"from": "status-quo"}))
    assert told(folder, why)[0].startswith("In small runs the difference")


def test_full_sensitivity_analysis_of_all_these_worlds_comes_before_the_small_runs(folder):
    small = json.loads((folder / "why.json").read_text())["worlds"]
    for row in small["rows"]:
        row["npv_rate"] = found(0.02, 0.01, 0.03)
    put(folder / "stress.json", small)
    said = told(folder, why)
    assert said[1].startswith("The gain lasts") and len(said) == 2  # and no word of small runs
    put(folder / "stress.json", small | {"baseline": "status-quo"})
    assert told(folder, why)[1].startswith("The gain of learned is not confirmed")


def test_what_was_measured_of_another_pair_explains_nothing(folder):
    change(folder, "results.json", lambda results: results["settings"].update(champion="tiered"))
    assert told(folder, why) == [] and 'id="why"' not in render(folder).read_text(encoding="utf-8")


def test_all_worlds_confirm(folder):
    change(
        folder,
        "stress.json",
        lambda content: [row.update(npv_rate=found(0.03, 0.01, 0.05)) for row in content["rows"]],
    )
    assert (
        told(folder, stress)[0] == "At 95 %, learned has more net present value than staged in all 4 perturbed worlds."
    )
    assert told(folder, stress, "zh")[0] == "在全部 4 种扰动情形下，学习策略的净现值都高于分阶段方案（95 % 置信水平）。"


def test_worlds_left_out_of_the_table_are_told_by_their_ends(folder):
    """Fourteen parameters with gains of 1 to 14 %: the twelve smallest are shown, of the others 13 and 14 % are told."""

    def many(content):
        rows = [copy.deepcopy(content["rows"][3]) for _ in range(14)]
        for number, row in enumerate(rows, start=1):
            row |= {
                "perturbation": f"p{number}+",
                "label": f"p{number}",
                "npv_rate": found(number / 100, 0.001, 0.2),
            }
        content["rows"] = [content["rows"][0], *reversed(rows)]

    change(folder, "stress.json", many)
    assert told(folder, stress)[-1] == (
        "2 further worlds each change one behaviour parameter; the gain stays between +13.0 points and +14.0 points. All are listed in stress.json."
    )
    assert told(folder, stress, "zh")[-1] == (
        "另有 2 种情形各改变一个行为参数，增益都在 +13.0 个百分点 与 +14.0 个百分点 之间；全部结果见 stress.json。"
    )


def test_staff_that_serves_every_request_is_no_bottleneck(folder):
    def served(results):
        for use in results["resources"]["learned"].values():
            use["served"] = use["requested"]
        results["legal_team"]["learned"]["waiting_suits"] = 0.4

    change(folder, "results.json", served)
    assert told(folder, capacity)[0] == "Under learned every request for staff was served."
    assert told(folder, capacity, "zh")[0] == "学习策略下所有人力请求都得到执行。"


def test_busy_staff_is_not_called_idle(folder):
    """Visitors asked for by 3,800 and given to 2,920; 500,000 of 550,000 seconds used: no word of unused time."""
    change(folder, "results.json", lambda r: r["resources"]["learned"]["visit"].update(seconds_used=500_000))
    assert told(folder, capacity)[0] == (
        "Tightest resource under learned: Field visitors, with 23.2 % of requests not served. "
        "On an average day, 691 suits waited for the legal team."
    )


def test_no_gap_between_groups(folder):
    def clear(content):
        content["warnings"] = []
        content["proxies"]["attributes"]["sex"]["female"]["low"] = 0.69

    change(folder, "fairness.json", clear)
    said = told(folder, fairness)
    assert said[0] == "No gap between protected groups exceeds its limit at 95 % (1,048 gaps tested together)."
    assert said[2] == (
        "No proxy found: what plans see does not identify any protected group (AUC at most 0.91; 0.5 is chance, the warning level is 0.7 "
        "at 95 %)."
    )
    chinese = told(folder, fairness, "zh")
    assert chinese[0] == "没有受保护群体的差异在 95 % 置信水平上超出界限（共同检验 1,048 项差异）。"
    assert "AUC 最高 0.91；0.5 相当于随机，95 % 置信水平上高于 0.7 才预警" in chinese[2]


def test_only_the_first_twenty_breaches_are_listed(folder):
    lines = "".join(f"mine,4,contact-hours,p{n},{n},call\n" for n in range(30))
    (folder / "audit.csv").write_text("policy,seed,rule,account_id,day,evidence\n" + lines)
    table = rules.build(Run(folder), text_in("en"))[-1]
    assert [row[2] for row in table.rows] == [str(day) for day in range(1, 21)]


# --- the plan to hand over ----------------------------------------------------------------------------------------------


def test_plan_that_is_a_file_and_best_is_handed_over_without_more_words(folder):
    def better(results):
        results["policies"]["tiered"]["npv_rate"] = found(0.75, 0.74, 0.76)

    change(folder, "results.json", better)
    run, say = Run(folder), text_in("en")
    assert plan.heading(run, say) == "The plan to hand over: tiered"
    assert told(folder, plan)[0] == "tiered has 35 rules."


def test_network_that_recovers_less_than_the_staged_plan_is_not_said_to_recover_most(folder):
    def unbeaten(results):
        results["policies"]["staged"]["npv_rate"] = found(0.7001, 0.69, 0.71)

    change(folder, "results.json", unbeaten)
    assert plan.heading(Run(folder), text_in("en")) == "The plan to hand over: staged"
    assert not any("neural network" in text or "has the highest" in text for text in told(folder, plan))


def test_best_plan_whose_file_is_gone_is_not_called_a_network(folder):
    def mine_best(results):
        results["learned"] = []
        results["policies"]["mine"]["npv_rate"] = found(0.7614, 0.75, 0.77)
        results["differences"]["staged"]["mine"]["npv_rate"] = apart(-0.1688, -0.18, -0.15)
        results["differences"]["mine"]["staged"]["npv_rate"] = apart(0.1688, 0.15, 0.18)
        results["breaches"]["mine"] = {}

    change(folder, "results.json", mine_best)
    bear(folder, "mine")
    assert told(folder, plan)[0] == (
        "mine has the highest net present value, but its rules cannot be shown: it is no plan file, or the file has changed since the run. "
        "staged is the best plan here that people can read; its net present value differs by −16.9 points (−18.0 to −15.0)."
    )
    assert told(folder, plan, "zh")[0].startswith(
        "mine的净现值最高，但无法列出其规则：它不是方案文件，或该文件在运行之后已被改动；分阶段方案是"
    )


def test_rules_show_their_share_of_account_days(folder):
    """The status quo's days on each seed: 60 + 240 by rules and 100 by none, of 400."""

    def only(results):
        results["policies"]["status-quo"]["npv_rate"] = found(0.8, 0.79, 0.81)

    change(folder, "results.json", only)
    said = told(folder, plan)
    assert said[0] == (
        "status-quo has 2 rules. The one used most, on 60.0 % of account-days: “call everybody every second day” → collector's call."
    )
    table = plan.build(Run(folder), text_in("en"))[2]
    assert [plain(row[3]) for row in table.rows] == ["15.0 %", "60.0 %"]
    assert [row[0].text for row in table.rows] == [
        "1. leave promises and running plans alone", "2. call everybody every second day",
    ]  # fmt: skip
    assert [[plain(line.text) for line in row[1].lines] for row in table.rows] == [
        ["(promise to pay open: yes) | (instalment plan running: yes)"],
        ["days past due ≥ 1", "days since the last attempt ≥ 2"],
    ]
    assert made_up.rule_days("status-quo")[""] == 100
