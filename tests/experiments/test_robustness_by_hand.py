"""Verdicts on made-up trials: stressed worlds, shadow prices of a linear response, hindsight by enumeration, the loop's worth."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from recoup.experiments.commands.conduct import answer
from recoup.experiments.comparison.measures import MEASURE
from recoup.experiments.comparison.settings import Comparison
from recoup.experiments.report.text import text_in
from recoup.experiments.robustness import conduct, shadow_prices, stress, trial, upper_bounds
from recoup.experiments.robustness.run_trials import run_trials
from recoup.experiments.robustness.stress import is_one_parameter, select_rows, stress_set
from recoup.experiments.robustness.trial import CONTACTS, Trial, TrialOutcome
from recoup.experiments.robustness.trial_cache import TrialCache, key
from recoup.scenarios.schema import load_scenario
from recoup.scenarios.world_variants import WorldVariant

HOME = load_scenario("china-consumer")
WORLD = HOME.world
NAMED = {variant.name: variant for variant in stress_set()}


def comparison(*policies, **changes):
    return Comparison("china-consumer", policies, **{"seeds": 2, "first_seed": 5, "accounts": 30, **changes})


def outcome(recovery=0.0, net_money=0.0, hours=0.0, places=0.0, budget=0.0, **measures):
    known = {
        "net_recovery_rate": recovery,
        "npv_rate": recovery,
        "time_to_recover_days": 100.0,
        "complaints_per_1000": 10.0,
    } | measures
    return TrialOutcome(
        {"recovery_rate": recovery, **known},
        net_money,
        {"collector": hours, "specialist": 2 * hours, "autocall": 0.0, "visit": 0.0},
        places,
        budget,
    )


# --- what the stressed worlds change -----------------------------------------------------------------------------


def test_a_parameter_is_moved_three_tenths_down_and_up_by_its_sign():
    # Of 2: 1.4 and 2.6.
    world = with_parameters(pay_salience=2.0)
    down, up = NAMED["pay_salience-"], NAMED["pay_salience+"]
    assert down.apply(world).behaviour.pay_salience == pytest.approx(1.4)
    assert up.apply(world).behaviour.pay_salience == pytest.approx(2.6)
    assert (down.label, up.label) == ("pay_salience −30%", "pay_salience +30%")
    # All channels of one parameter go together: an e-mail reaches 0.15.
    assert NAMED["reach+"].apply(WORLD).behaviour.reach.email == pytest.approx(0.195)
    assert NAMED["pay_salience-"].apply(WORLD).behaviour.pay_age == WORLD.behaviour.pay_age


def test_structural_worlds_take_a_mechanism_away_or_move_one_channel_alone():
    worn = NAMED["no-wear"].apply(WORLD).behaviour
    assert (worn.repetition_text, worn.repetition_call) == (0.0, 0.0)
    believed = NAMED["credible-notices"].apply(WORLD).behaviour
    assert (believed.notice_disbelieved, believed.notice_repeated) == (1.0, 1.0)
    home, weak = WORLD.behaviour, NAMED["sms-weak"].apply(WORLD).behaviour
    # An SMS is read by 0.45, a WeChat message by 0.40; half of one of them.
    assert (weak.reach.sms, weak.reach.wechat) == (pytest.approx(0.225), 0.40)
    assert weak.salience_gain.sms == pytest.approx(home.salience_gain.sms / 2)
    assert weak.salience_gain.collector == home.salience_gain.collector
    strong = NAMED["visit-strong"].apply(WORLD).behaviour
    assert strong.reach.visit == pytest.approx(0.675) and strong.salience_gain.visit == pytest.approx(1.17)


def with_parameters(**values):
    return WORLD.model_copy(update={"behaviour": WORLD.behaviour.model_copy(update=values)})


def test_a_moved_share_stays_a_share():
    assert (
        WorldVariant("more", "", behaviour=(("pay_promised", 3.0),)).apply(WORLD).behaviour.pay_promised == 1.0
    )  # of 0.5


def test_half_the_people_and_lines():
    operations = NAMED["half-staff"].apply(WORLD).operations
    assert operations.collector.per_1000_accounts == 2  # of 4
    assert operations.specialist.per_1000_accounts == 1  # of 2
    assert operations.autocall.per_1000_accounts == 2  # of 4
    assert operations.visit.per_1000_accounts == pytest.approx(0.2)  # of 0.4
    assert operations.legal_cases_per_1000_accounts == 30  # lawyers are neither


def test_the_other_named_worlds():
    assert NAMED["none"].apply(WORLD) == WORLD
    shocks = NAMED["macro-shock"].apply(WORLD).macro.shocks
    assert [(shock.day, shock.size) for shock in shocks] == [(30, 2.0)]  # a rise of the index is stress
    assert NAMED["double-complaints"].apply(WORLD).behaviour.complaint.visit == pytest.approx(0.0016)
    assert NAMED["empty-notices"].apply(WORLD).behaviour.pressure_notice == 0.0
    assert NAMED["empty-notices"].apply(WORLD).behaviour.pressure_suit == 1.2
    assert NAMED["wrong-contacts"].apply(WORLD).behaviour.wrong_number == 0.3


def test_legal_places_and_the_docket_go_together_and_the_budget_is_at_most_everything():
    more = WorldVariant("legal", "", legal=1.25, budget=1.25).apply(WORLD)
    assert more.operations.legal_cases_per_1000_accounts == 37.5
    assert more.courts.docket_per_1000_accounts == 25
    assert more.settlement_budget == pytest.approx(0.025)
    assert WorldVariant("all", "", budget=100).apply(WORLD).settlement_budget == 1.0


# --- verdicts ----------------------------------------------------------------------------------------------------

RATES = {  # challenger and baseline on seeds 5 and 6
    "none": ((0.1, 0.1), (0.2, 0.2)),
    "good": ((0.50, 0.55), (0.40, 0.45)),
    "bad": ((0.30, 0.36), (0.40, 0.45)),
    "unclear": ((0.60, 0.40), (0.45, 0.45)),
    "alike": ((0.40, 0.45), (0.40, 0.45)),
    "nobody pays": ((0.0, 0.0), (0.0, 0.0)),
}


@pytest.fixture
def stressed(monkeypatch):
    def run(trials, *_):
        return {
            one: outcome(
                RATES[one.variant.name][one.policy == "old"][one.seed - 5],
                complaints_per_1000=12.0 if one.policy == "new" else 10.0,
                time_to_recover_days=90.0 if one.policy == "new" else 100.0,
            )
            for one in trials
        }

    monkeypatch.setattr(stress, "run_trials", run)
    variants = [WorldVariant(name, name) for name in RATES]
    return stress.stress(comparison("new", "old"), variants=variants)


def test_a_gain_is_relative_to_the_baseline_in_the_same_world(stressed):
    rows = {row["perturbation"]: row for row in stressed["rows"]}
    assert (stressed["challenger"], stressed["baseline"], stressed["seeds"]) == ("new", "old", [5, 6])
    assert rows["good"]["recovery_rate"]["mean"] == pytest.approx(1.05 / 0.85 - 1)
    assert rows["bad"]["recovery_rate"]["mean"] == pytest.approx(0.66 / 0.85 - 1)
    assert rows["good"]["time_to_recover_days"]["mean"] == pytest.approx(-0.1)  # ten days of a hundred sooner
    assert rows["good"]["complaints_per_1000"]["mean"] == pytest.approx(2.0)  # not relative
    assert "relative" not in rows["good"]["complaints_per_1000"]
    assert rows["nobody pays"]["recovery_rate"]["mean"] is None


def test_verdicts_count_the_worlds_whose_interval_is_clear_of_zero_the_scenarios_own_left_out(stressed):
    # good is above zero, bad below; unclear spans it and alike is zero; nobody pays says nothing. The scenario's own is the
    # worst of all, but it is no perturbed world.
    assert (stressed["worlds"], stressed["positive"], stressed["negative"]) == (5, 1, 1)
    assert stressed["worst"] == "bad"


def test_shown_are_the_named_worlds_and_the_parameters_with_the_smallest_gain():
    gains = {"macro-shock": 0.5, "a-": 0.3, "a+": -0.1, "b-": 0.0, "b+": None}
    rows = [{"perturbation": name, "npv_rate": {"mean": gain}} for name, gain in gains.items()]
    found = select_rows(rows, 2)
    assert [row["perturbation"] for row in found.shown] == ["macro-shock", "a+", "b-"]
    assert [row["perturbation"] for row in found.omitted] == ["b+", "a-"]
    assert [name for name in gains if is_one_parameter(name)] == ["a-", "a+", "b-", "b+"]


# --- shadow prices -----------------------------------------------------------------------------------------------


@pytest.fixture
def prices(monkeypatch):
    """Base: 100 hours of collectors, 200 of specialists, 40 places, a budget of 800; each a quarter more where relaxed.

    An hour of collectors brings 7 (9 on seed 6), one of specialists −2, a place 30; the budget of nobody brings anything,
    because on these cohorts nothing is allowed.
    """

    def run(trials, *_):
        outcomes = {}
        for one in trials:
            more = one.variant.name
            money = 5_000.0
            base = outcome(net_money=money, hours=100.0, places=40.0, budget=0.0)
            if more == "collector":
                base.capacity_hours["collector"] = 125.0
                base = replace_money(base, money + 25 * (7 if one.seed == 5 else 9))
            elif more == "specialist":
                base.capacity_hours["specialist"] = 250.0
                base = replace_money(base, money - 2 * 50)
            elif more == "legal":
                base = TrialOutcome(base.measures, money + 300, base.capacity_hours, 50.0, 0.0)
            outcomes[one] = base
        return outcomes

    monkeypatch.setattr(shadow_prices, "run_trials", run)
    found = shadow_prices.shadow_prices(comparison("staged"))
    assert found["more"] == 1.25
    return {row["resource"]: row for row in found["rows"]}


def replace_money(base, money):
    return TrialOutcome(base.measures, money, base.capacity_hours, base.legal_places, base.settlement_budget)


def test_the_price_of_one_more_is_the_slope_of_a_linear_response(prices):
    assert prices["collector_hours"]["price"]["mean"] == pytest.approx(8.0)  # (7 + 9)/2
    assert prices["specialist_hours"]["price"]["mean"] == pytest.approx(-2.0)
    assert prices["cases"]["price"]["mean"] == pytest.approx(30.0)  # 300 for ten places more
    assert prices["cases"]["currency"] == "CNY"


def test_where_nothing_could_be_added_there_is_no_price(prices):
    assert prices["budget"]["price"]["mean"] is None


def test_each_resource_is_relaxed_by_a_quarter_and_by_itself():
    relaxed = {resource.name: resource.variant.apply(WORLD) for resource in shadow_prices.RESOURCES}
    of = {
        "collector_hours": lambda world: world.operations.collector.per_1000_accounts,
        "specialist_hours": lambda world: world.operations.specialist.per_1000_accounts,
        "cases": lambda world: world.operations.legal_cases_per_1000_accounts,
        "budget": lambda world: world.settlement_budget,
    }
    as_it_is = {"collector_hours": 4, "specialist_hours": 2, "cases": 30, "budget": 0.02}
    for name, world in relaxed.items():
        for other, amount in of.items():
            factor = 1.25 if other == name else 1.0
            assert amount(world) == pytest.approx(factor * as_it_is[other]), (name, other)


# --- trials ------------------------------------------------------------------------------------------------------


def test_a_trial_counts_in_currency_hours_and_places(monkeypatch):
    accounts = pd.DataFrame({"opening": [100_000, 300_000], "attempts": [3, 5]})
    daily = pd.DataFrame(
        {
            "collector_capacity": [7_200, 3_600],
            "specialist_capacity": [0, 1_800],
            "autocall_capacity": [0, 0],
            "visit_capacity": [36_000, 0],
            "legal_capacity": [10, 20],
        }
    )
    run = SimpleNamespace(accounts=accounts, daily=daily)
    monkeypatch.setattr(trial, "rollout", lambda *arguments: run)
    monkeypatch.setattr(trial.measures, "measure_run", lambda run: {"net_recovery_rate": 0.3})
    found = trial.run_trial(Trial(comparison("staged"), "staged", NAMED["none"], 5))
    assert found.net_money == pytest.approx(1_200)  # 0.3 of 4,000
    assert found.capacity_hours == {"collector": 3.0, "specialist": 0.5, "autocall": 0.0, "visit": 10.0}
    assert found.legal_places == 15.0
    assert found.settlement_budget == pytest.approx(80)  # 2 % of 4,000


def test_a_difference_is_the_challenger_less_the_baseline_seed_by_seed():
    new, old = (
        [Trial(comparison("new", "old"), name, NAMED["none"], seed) for seed in (5, 6)] for name in ("new", "old")
    )
    outcomes = dict(zip([*new, *old], [outcome(0.5), outcome(0.6), outcome(0.4), outcome(0.4)], strict=True))
    found = trial.paired_difference(outcomes, new, old, "recovery_rate")
    assert found["mean"] == pytest.approx(0.15)
    assert found["relative"]["mean"] == pytest.approx(0.375)  # 1.1/0.8 − 1
    assert found["low"] >= 0.1 - 1e-9 and found["high"] <= 0.2 + 1e-9


def test_everything_that_decides_an_outcome_is_in_a_trials_key_and_nothing_else():
    def at(policy="staged", variant="none", seed=5, **changes):
        return key(Trial(comparison("staged", "tiered", **changes), policy, NAMED[variant], seed))

    others = [
        at(policy="tiered"), at(variant="half-staff"), at(seed=6), at(accounts=31), at(days=20),
        key(Trial(Comparison("taiwan-cards", ("staged",), accounts=30), "staged", NAMED["none"], 5)),
    ]  # fmt: skip
    assert len({at(), *others}) == 7
    # Other plans beside it and other seeds of the comparison play no part.
    assert at() == key(Trial(comparison("staged", seeds=9, first_seed=1), "staged", NAMED["none"], 5))


def test_a_finished_trial_is_taken_from_the_file_and_an_unfinished_one_is_run(monkeypatch, tmp_path):
    one, other = (Trial(comparison("staged"), "staged", NAMED["none"], seed) for seed in (5, 6))
    all_measures = dict.fromkeys((*MEASURE, CONTACTS), 0.0) | {"recovery_rate": 0.25}
    whole = outcome(0.25, **all_measures)  # a line that lacks a measure is a trial to run again
    TrialCache(tmp_path / "trials.jsonl").put(one, whole)
    run, told = [], []

    def each(task, tasks, workers):
        for missing in tasks:
            run.append(missing)
            yield missing, outcome(0.75)

    monkeypatch.setattr("recoup.experiments.robustness.run_trials.run_each", each)
    found = run_trials([one, other], cache=TrialCache(tmp_path / "trials.jsonl"), on_done=lambda: told.append(1))
    assert run == [other] and len(told) == 2
    assert [found[each].measures["recovery_rate"] for each in (one, other)] == [0.25, 0.75]
    assert TrialCache(tmp_path / "trials.jsonl").get(one) == whole
    assert TrialCache(tmp_path / "trials.jsonl").get(other) is None  # it lacks most measures


# --- upper bounds ------------------------------------------------------------------------------------------------


def cohort(cash, closed, status):
    return pd.DataFrame({"opening": [100, 100, 200], "cash": cash, "closed_day": closed, "status": status})


def test_hindsight_is_the_best_policy_of_each_account():
    first = cohort([100, 0, 50], [4, -1, -1], ["paid", "open", "open"])
    second = cohort([20, 60, 50], [-1, 9, 6], ["open", "settled", "written_off"])
    found = upper_bounds._hindsight_best([first, second], days=20)
    # Cash 100 + 60 + 50 of 400; days 5, 10, and 20 for what nobody resolved.
    assert found.rate == pytest.approx(0.525)
    assert found.days == pytest.approx(35 / 3)


def test_full_attention_takes_away_all_that_holds_a_debtor_back_and_nothing_else():
    before, after = WORLD.behaviour.model_dump(), upper_bounds.full_attention(WORLD).behaviour.model_dump()
    assert {name: after[name] for name in after if after[name] != before[name]} == {
        "salience_floor": 1.0, "pay_reactance": 0.0, "pay_waiting": 0.0, "wrong_number": 0.0,
    }  # fmt: skip


def test_ample_staff_is_twenty_times_everybody():
    world = upper_bounds.AMPLE.apply(WORLD)
    assert (world.operations.collector.per_1000_accounts, world.operations.visit.per_1000_accounts) == (80, 8)
    assert (world.operations.legal_cases_per_1000_accounts, world.courts.docket_per_1000_accounts) == (600, 400)


def test_bounds_are_means_over_the_seeds_of_what_each_gives(monkeypatch):
    monkeypatch.setattr(
        upper_bounds,
        "run_trials",
        lambda trials, *_: {
            one: outcome({"staged": 0.5, "tiered": 0.6}[one.policy] + 0.02 * (one.seed - 5), time_to_recover_days=80.0)
            for one in trials
        },
    )
    monkeypatch.setattr(upper_bounds, "rollout", lambda *arguments: SimpleNamespace(accounts=None))
    rates = {"hindsight": iter([0.7, 0.8]), "attention": iter([0.9, 1.0])}
    monkeypatch.setattr(
        upper_bounds, "_hindsight_best", lambda runs, days: upper_bounds.Recovery(next(rates["hindsight"]), 60.0)
    )
    monkeypatch.setattr(
        upper_bounds,
        "_untreated_at_full_attention",
        lambda *arguments: upper_bounds.Recovery(next(rates["attention"]), 40.0),
    )
    rows = upper_bounds.upper_bounds(comparison("staged", "tiered"))["rows"]
    found = [
        (row["bound"], row["policy"], row["recovery_rate"]["mean"], row["time_to_recover_days"]["mean"]) for row in rows
    ]
    assert found == [
        ("ample_staff", "staged", pytest.approx(0.51), 80.0),
        ("ample_staff", "tiered", pytest.approx(0.61), 80.0),
        ("hindsight_best", None, pytest.approx(0.75), 60.0),
        ("full_attention", None, pytest.approx(0.95), 40.0),
    ]


def test_full_attention_is_above_a_plan_that_only_contacts_and_above_none():
    """Also by the days: whoever pays sooner is resolved sooner."""
    from recoup.experiments.comparison.rollout import rollout

    portfolio = HOME.portfolio(200, 3)
    found = upper_bounds._untreated_at_full_attention(HOME, portfolio, 3, 60)
    accounts = rollout(HOME, "no-contact", portfolio, 3, 60).accounts
    resolved = accounts["status"].isin(["paid", "settled"])
    days = np.where(resolved, accounts["closed_day"] + 1, 60).mean()
    assert found.rate > 1.2 * accounts["cash"].sum() / accounts["opening"].sum()
    assert found.days < days


def test_everybody_is_attentive_from_the_first_morning(monkeypatch):
    class FirstMorningError(Exception):
        pass

    def advance(simulation, actions):
        assert (simulation.accounts["salience"] == 1.0).all() and not actions.any()
        raise FirstMorningError

    monkeypatch.setattr(upper_bounds.Simulation, "advance", advance)
    with pytest.raises(FirstMorningError):
        upper_bounds._untreated_at_full_attention(HOME, HOME.portfolio(20, 3), 3, 60)


# --- the correction loop -----------------------------------------------------------------------------------------


def run_of(opening, **daily):
    return SimpleNamespace(
        accounts=pd.DataFrame({"opening": opening}),
        daily=pd.DataFrame(daily),
        corrections=pd.DataFrame({"day": [3, 9]}),
    )


@pytest.mark.parametrize(
    ("figure", "expected"),
    [
        ("regulator_share", 0.02),  # 8 of 400
        ("course_share", 0.01),  # 4 of 400
        ("channel_days", 2.0),
        ("acts", 2.0),
    ],
)
def test_what_the_loop_costs_and_does(figure, expected):
    run = run_of(
        [100, 300], regulator_cost=[3, 0, 5], overhead=[0, 4, 0], suspended=["", "collector", "collector visit"]
    )
    found = next(one for one in conduct.FIGURES if one.name == figure)
    assert found.of(run, run.accounts) == pytest.approx(expected)


def test_the_loops_worth_is_with_it_less_without_it(monkeypatch):
    scenario = load_scenario("china-conduct")

    def each(task, tasks, workers):
        for one in tasks:
            loop = one.arm == conduct.Arm.LOOP
            value = (2.0 if loop else 5.0) + one.seed
            yield (
                one,
                conduct.RunOutcome({figure.name: value for figure in conduct.FIGURES}, [{"seed": one.seed}] * loop),
            )

    monkeypatch.setattr(conduct, "run_each", each)
    found = conduct.measure_loop(scenario, ["staged"], [2, 1], accounts=10)["plans"]["staged"]
    assert found["figures"]["with the loop"]["complaints_per_1000"]["mean"] == 3.5  # (4 + 3)/2
    assert found["figures"]["without"]["complaints_per_1000"]["mean"] == 6.5
    assert found["difference"]["complaints_per_1000"]["mean"] == -3.0
    assert found["acts"] == [{"seed": 2}, {"seed": 1}]


def test_a_difference_whose_interval_holds_zero_is_told_as_none():
    open_upwards = {"mean": 1.0, "low": -0.5, "high": 2.0}
    open_downwards = {"mean": -0.01, "low": -0.03, "high": 0.01}
    loop = {"difference": {"complaints_per_1000": open_upwards, "net_recovery_rate": open_downwards}}
    said = answer("staged", loop, text_in("en"))
    assert "no difference in complaints shown" in said and "no difference in recovery after costs shown" in said


def test_without_the_loop_the_regulator_stays():
    scenario = load_scenario("china-conduct")
    bare = conduct.without_loop(scenario).world
    assert bare.conduct.regulator == scenario.world.conduct.regulator is not None
    assert bare.conduct.corrections == []
