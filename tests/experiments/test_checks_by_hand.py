"""Calibration figures of made-up cohorts, bands at their edges, the check against real accounts, and a portfolio's problems."""

from __future__ import annotations

import contextlib
import io
import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import yaml
from rich.console import Console

from recoup.experiments.checks import calibration, laboratory, portfolio_check, uci_crosscheck
from recoup.experiments.checks.calibration import Reading, Target
from recoup.experiments.checks.laboratory import CohortRun, Laboratory, every
from recoup.experiments.checks.targets import CALL, DESIGNS
from recoup.scenarios.schema import load_scenario
from recoup.sim.account import Status

HOME = load_scenario("china-consumer")


# --- bands -------------------------------------------------------------------------------------------------------


def reading(*values, low=0.25, high=0.5):
    return Reading(Target(id="x", text="", low=low, high=high, source="", confidence="A"), values)


@pytest.mark.parametrize(
    ("values", "inside"),
    [
        ((0.25,), True),  # both edges belong to the band
        ((0.5,), True),
        ((0.2499,), False),
        ((0.5001,), False),
        ((0.2, 0.4), True),  # the mean counts, 0.3, not each seed
        ((0.2, 0.2, 0.5), True),  # nor the middle one
        ((0.1, 0.3), False),
        ((0.3, 0.9), False),
    ],
)
def test_a_reading_is_inside_when_its_mean_lies_within_the_band(values, inside):
    assert reading(*values).inside == inside


def test_one_figure_outside_is_enough_to_fail():
    for others, fine in (((0.3,), True), ((0.6,), False)):
        found, out = [reading(0.4), reading(*others)], io.StringIO()
        assert calibration.report_readings(HOME, range(1, 2), found, Console(file=out), as_json=True) is fine
        assert [row["inside"] for row in json.loads(out.getvalue())] == [True, fine]


def test_each_target_is_measured_on_every_seed(monkeypatch):
    made_up = [reading().target.model_copy(update={"id": name}) for name in ("made-up", "other")]
    monkeypatch.setattr(calibration, "targets", lambda path: made_up)
    monkeypatch.setitem(DESIGNS, "made-up", lambda lab: lab.seed / lab.accounts)
    (found,) = calibration.measure(HOME, range(3, 6), accounts=10, ids={"made-up"})
    assert found.values == (0.3, 0.4, 0.5)


def targets_of(name):
    return calibration.targets_path(load_scenario(name))


def test_a_scenario_without_targets_of_its_own_has_the_home_scenarios():
    assert targets_of("taiwan-cards").name == "taiwan-cards.yaml"
    assert targets_of("us-cards") == targets_of("china-consumer") == calibration.HOME


def test_the_interval_is_of_the_mean_over_seeds_and_there_is_none_from_one():
    low, high = reading(0.1, 0.3, 0.5).interval
    assert 0.1 <= low < 0.3 < high <= 0.5
    assert reading(0.3).interval == (None, None)
    assert reading(0.3, 0.3).interval == (0.3, 0.3)


def test_what_is_printed_says_how_many_are_inside():
    found, out = [reading(0.4), reading(0.6), reading(0.3)], io.StringIO()
    assert calibration.report_readings(HOME, range(1, 2), found, Console(file=out, width=200), as_json=False) is False
    assert "2 of 3 inside their bands" in out.getvalue() and out.getvalue().count(" NO ") == 1


def test_every_target_has_a_design_and_every_design_a_target_with_a_band():
    files = [calibration.targets(targets_of(name)) for name in ("china-consumer", "taiwan-cards")]
    assert all(len({target.id for target in file}) == len(file) for file in files)
    found = [target for file in files for target in file]
    assert {target.id for target in found} == set(DESIGNS)
    assert all(target.low < target.high and target.source for target in found)


# --- a made-up cohort ----------------------------------------------------------------------------------------------


def accounts(closed=(5, 28, 29, 58, 59, 88, 148, 149, 178, 179, -1, -1)):
    """Twelve claims of 100 that close on these days (-1: never); 80 calls of which 12 reach."""
    return pd.DataFrame(
        {
            "opening": 100,
            "closed_day": closed,
            "call_attempts": [4] * 11 + [36],
            "call_reaches": 1,
            "kept": [3] + [0] * 11,
            "broken": [0, 1, 1] + [0] * 9,
            "plans": [0, 2, 0, 1] + [0] * 8,
        }
    )


def closing(*days):
    """A cohort of twelve of which as many as there are days close on them."""
    return CohortRun(accounts([*days, *[-1] * (12 - len(days))]), daily())


def daily(**cash):
    """So much cash on so many a day; the rest nothing. Complaints on two days, one of them beyond the first month."""
    table = pd.DataFrame({"day": range(360), "cash": 0.0, "complaints": 0, "cost": 0.0})
    for day, amount in cash.items():
        table.loc[int(day[1:]), "cash"] = amount
    table.loc[29, "complaints"], table.loc[30, "complaints"] = 2, 5
    return table


def paying(**cash):
    return CohortRun(accounts(), daily(**cash))


FRESH = paying(d0=400, d29=200, d30=100, d179=100, d180=50, d359=50)


def short(policy):
    """What an arm does, in a few words; the rule that leaves promises and plans alone goes without saying."""
    if "\n" not in policy:
        return policy
    first, *rules = yaml.safe_load(policy)["rules"]
    assert (first["name"], first["do"]) == ("agreed", "nothing")
    assert first["when"] == {"any": [{"promise_open": True}, {"plan_active": True}]}
    said = []
    for rule in rules:
        ((field, value),) = rule["when"].items()
        when = f"every {value['at_least']}" if field == "days_since_attempt" else value
        what = [rule["do"].get("channel"), rule["do"].get("legal"), *rule["do"].get("offer", [])]
        said.append(" ".join(str(one) for one in (*what, "on", when) if one is not None).replace("on every", "every"))
    return "; ".join(said)


class Bench:
    """A laboratory whose cohorts are made up: by what the arm does, or one for all. Keeps what was asked for."""

    scenario = SimpleNamespace(
        world=SimpleNamespace(discount_rate=0.08, costs=SimpleNamespace(minute={"collector": 0.01, "specialist": 0.02}))
    )
    accounts = 12

    def __init__(self, runs):
        self.runs, self.asked = runs, []

    def run(self, policy, days, least_dpd=1, most_dpd=1, **options):
        arm = short(policy)
        self.asked.append((arm, days, least_dpd, most_dpd, options))
        if isinstance(self.runs, CohortRun):
            return self.runs
        return self.runs[(arm, options["changes"]) if "changes" in options else arm]


def measured(target, runs):
    return DESIGNS[target](Bench(runs))


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("rpc-per-attempt", 0.15),  # 12 of 80
        ("kept-promises", 0.6),  # 3 of 5
        ("fresh-month", 0.5),  # 600 of 1,200, by day 29
        # One day past due on day 0, so 30 on day 29: who closed by the evening of day 28, two of twelve, was resolved by then.
        ("roll-m1-m2", 10 / 12),
        ("roll-m2-m3", 8 / 10),  # who closed on days 29 and 58 was resolved at 60, who closed on 59 was not
        ("roll-m3-m4", 6 / 8),  # who closed on days 59 and 88 was resolved at 90
        # Who closed on day 148 was resolved at 150; of the five others, those of 149 and 178 were at 180.
        ("roll-later", 3 / 5),
        ("steep-start", 600 / 900),  # days 0 to 29 of the year's
        ("fresh-recovery", 800 / 1200),  # by day 179
        ("month-3", 0.5),
        ("old-recovery", 800 / 1200),
        ("npl-12", 0.75),
        ("plan-message", 2 / 12),  # one of them took up two
        ("complaints", 1000 * 2 / 12),  # those of day 30 come too late
    ],
)
def test_a_figure_of_one_cohort(target, expected):
    assert measured(target, FRESH) == pytest.approx(expected)


@pytest.mark.parametrize("best", ["sms every 7", "autocall every 7", "wechat plan_12 none every 7"])
def test_old_debt_is_worth_what_the_best_of_three_cheap_plans_brings_in_180_days(best):
    arms = ("sms every 7", "autocall every 7", "wechat plan_12 none every 7")
    runs = {arm: paying(d179=36 if arm == best else 12, d180=900) for arm in arms}
    assert measured("old-debt", runs) == pytest.approx(0.03)


def test_the_gap_of_machines_is_collectors_less_machines_in_present_value():
    # 8 % a year; a day is a 365th of it. Over 1,200 owed.
    runs = {
        "collector every 2": paying(d0=500, d29=200, d30=100),
        "autocall every 2": paying(d0=400, d30=300),
    }
    # 100 + 200 · 1.08^(−29/365) = 298.7808
    assert measured("machine-gap-30", runs) == pytest.approx(0.248984, abs=1e-6)
    # On day 30 the machines catch up 200: 200 · 1.08^(−30/365) = 198.7389.
    assert measured("machine-gap-360", runs) == pytest.approx(0.248984 - 0.165616, abs=1e-6)


def test_the_gain_of_frequent_calls_is_taken_over_the_gain_of_weekly_ones():
    runs = {
        "no-contact": paying(d10=100),
        "collector every 7": paying(d10=300, d180=500),
        "collector every 2": paying(d10=350),
    }
    assert measured("call-frequency", runs) == pytest.approx(250 / 200)


def test_the_full_cost_counts_those_who_wait_and_courses():
    table = daily(d0=400, d29=200).head(30).assign(idle_cost=0.0, overhead=0.0)
    table.loc[0, ["cost", "idle_cost"]] = 90.0, 30.0
    table.loc[9, ["idle_cost", "overhead"]] = 5.0, 15.0
    assert measured("early-cost", CohortRun(accounts(), table)) == pytest.approx((90 + 35 + 15) / 600)


WEEKLY = "sms on [0, 7, 14, 21, 28, 35, 42, 49, 56]"
TWICE = "sms on [0, 3, 7, 10, 14, 17, 21, 24, 28, 31, 35, 38, 42, 45, 49, 52, 56, 59]"
FIVE = f"sms on {[day for day in range(60) if day % 7 < 5]}"
TEXTED = {
    "no-contact": closing(29, 59),
    "sms on [0]": closing(5, 6, 29, 30, 31),
    "sms on [0, 5]": closing(5, 6, 7, 29, 30, 59, 60),
    WEEKLY: closing(1, 2, 3, 4, 5, 59),
    TWICE: closing(1, 2, 3, 4, 5, 6, 58),
    FIVE: closing(1, 2, 3, 4, 60),
}


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("text-one", 2 / 12),  # three by day 29, one of them without a text
        ("text-second", 1 / 12),
        # By day 59: 2 without, 5 with one text, 6 weekly, 7 twice a week, 4 with five a week.
        ("text-weekly", 4 / 3),
        ("text-twice", 5 / 4),
        ("text-daily", 2 / 4),
    ],
)
def test_the_effect_of_texts(target, expected):
    assert measured(target, TEXTED) == pytest.approx(expected)


def test_calls_less_texts_on_the_first_thirty_days():
    runs = {"autocall every 2": paying(d29=240, d30=9), "sms every 1": paying(d0=120)}
    assert measured("text-order", runs) == pytest.approx(0.1)


EMPTY = (("credibility_start", 0.0),)
NOTICES = {
    ("letter notice on 0", ()): closing(1, 2, 3, 29, 30),
    ("letter on 0", ()): closing(1, 2, 29, 30),
    ("letter notice on 0", EMPTY): closing(1, 2, 3, 4, 30),
    ("letter on 0", EMPTY): closing(1, 29, 31),
    # Four are closed when the third notice goes out: of the eight others, three are resolved by day 209 with it, two without.
    ("letter notice on [0, 90]; letter notice on 180", EMPTY): closing(10, 20, 100, 179, 180, 190, 209, 210),
    ("letter notice on [0, 90]; letter on 180", EMPTY): closing(10, 20, 100, 179, 200, 201),
}


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("notice-first", 4 / 3 - 1),
        ("notice-empty", (4 / 2 - 1) / (1 / 3)),
        ("notice-third", (3 / 2 - 1) / (1 / 3)),
    ],
)
def test_the_effect_of_notices(target, expected):
    assert measured(target, NOTICES) == pytest.approx(expected)


def test_moves_between_months_are_shares_of_all_who_entered():
    run = CohortRun(accounts(), daily(), months=np.array([0, 0, 0, 1, 2, 2, 2, 2, 3, 3, 4, 5]))
    found = [measured(f"months-4-{end}", run) for end in range(6)]
    assert found == pytest.approx([3 / 12, 1 / 12, 4 / 12, 2 / 12, 1 / 12, 1 / 12])


def test_money_seized_is_taken_over_the_sums_of_enforcements_that_have_ended():
    rows = [
        ("a", 200, True, False, 1000, 0), ("a", 300, False, True, 1000, 100), ("a", 350, False, True, 900, 50),
        ("b", 210, True, False, 7000, 0),  # still running
        ("c", 220, True, False, 500, 0), ("c", 230, False, False, 500, 80), ("c", 310, False, True, 420, 75),
    ]  # fmt: skip
    events = pd.DataFrame(rows, columns=["account_id", "day", "enforcement", "seizure", "balance", "cash"])
    # What c paid by itself does not count.
    assert measured("enforce-yield", CohortRun(accounts(), daily(), events)) == pytest.approx(225 / 1500)


def test_the_effect_of_a_settlement_is_relative_on_accounts_and_on_cash():
    offered = CohortRun(accounts([1, 2, 179, *[-1] * 9]), daily(d0=90, d180=900))
    without = CohortRun(accounts([1, 2, 180, *[-1] * 9]), daily(d179=100))
    runs = {"specialist settle_20 none every 7": offered, "specialist every 7": without}
    assert measured("settle-resolved", runs) == pytest.approx(0.5)
    assert measured("settle-cash", runs) == pytest.approx(-0.1)


def plans(*rows):
    events = pd.DataFrame(rows, columns=["account_id", "day", "offer_accepted", "plan_broken"])
    return CohortRun(accounts(), daily(), events)


def test_plans_broken_are_those_broken_within_180_days_of_signing():
    run = plans(
        ("a", 0, True, False), ("a", 180, False, True),  # broken on the last day that counts
        ("b", 5, True, False), ("b", 186, False, True),  # 181 days later
        ("c", 59, True, False),  # kept
        ("d", 60, True, False), ("d", 70, False, True),  # signed too late to count
        ("e", 10, True, False), ("e", 20, False, True), ("e", 30, True, False),
    )  # fmt: skip
    assert measured("plans-broken", run) == pytest.approx(0.5)  # a and e of a, b, c and e


def test_of_longer_plans_more_are_alive():
    short_ones = plans(("a", 0, True, False), ("a", 9, False, True), ("b", 0, True, False))
    long_ones = plans(("a", 0, True, False), ("b", 0, True, False))
    runs = {"collector plan_6 none every 2": short_ones, "collector plan_24 none every 2": long_ones}
    assert measured("plan-terms", runs) == pytest.approx(0.5)


# Who enters each design and for how long: days, days past due on entry, and what else differs from a plain run.
AMPLE, LOG = {"ample": True}, {"ample": True, "events": True}
AT_ONCE = {"changes": (), "review": False}  # no review holds the notice up
COHORTS = {
    "status-quo": [(360, 1, 1, {})],
    "month-3": [(30, 61, 61, {})],
    "old-recovery": [(180, 91, 360, {})],
    "npl-12": [(360, 91, 91, {})],
    "old-debt": [(180, 181, 720, {})] * 3,
    "machine-gap-30": [(360, 1, 1, AMPLE)] * 2,
    "machine-gap-360": [(360, 1, 1, AMPLE)] * 2,
    "call-frequency": [(180, 1, 30, AMPLE)] * 3,
    "early-cost": [(30, 1, 1, {})],
    "text-one": [(30, 1, 30, {})] * 2,
    "text-second": [(30, 1, 30, {})] * 4,
    "text-weekly": [(60, 1, 30, {})] * 4,
    "text-twice": [(60, 1, 30, {})] * 4,
    "text-daily": [(60, 1, 30, {})] * 4,
    "text-order": [(30, 1, 1, AMPLE)] * 2,
    "notice-first": [(30, 31, 60, AT_ONCE)] * 2,
    "notice-empty": [(30, 31, 60, {**AT_ONCE, "changes": EMPTY})] * 2 + [(30, 31, 60, AT_ONCE)] * 2,
    "notice-third": [(210, 31, 60, {**AT_ONCE, "changes": EMPTY})] * 2 + [(30, 31, 60, AT_ONCE)] * 2,
    "enforce-yield": [(540, 91, 360, LOG)],
    "plan-message": [(30, 1, 30, {})],
    "settle-resolved": [(180, 91, 180, AMPLE)] * 2,
    "settle-cash": [(180, 91, 180, AMPLE)] * 2,
    "plans-broken": [(240, 10, 30, LOG)],
    "plan-terms": [(240, 10, 30, LOG)] * 2,
    **{f"months-2-{end}": [(30, 45, 45, {})] for end in range(4)},
    **{f"months-3-{end}": [(30, 75, 75, {})] for end in range(5)},
    **{f"months-4-{end}": [(30, 105, 105, {})] for end in range(6)},
}


@pytest.mark.parametrize("target", DESIGNS)
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_cohorts_enter_as_old_as_they_are_said_to_be(target):
    columns = ["account_id", "day", "offer_accepted", "plan_broken", "enforcement", "seizure", "balance", "cash"]
    events = pd.DataFrame([("a", 0, True, True, True, True, 100, 1)], columns=columns)
    table = daily(d0=1).assign(idle_cost=0.0, overhead=0.0)
    bench = Bench(CohortRun(accounts(), table, events, months=np.zeros(12, np.int64)))
    with contextlib.suppress(ZeroDivisionError):  # arms that are all alike have no effects
        DESIGNS[target](bench)
    expected = COHORTS.get(target, COHORTS["status-quo"])
    asked = [tuple(one[1:]) for one in bench.asked]
    assert all(one in expected for one in asked) and len(asked) >= 1
    if target in ("notice-third", "enforce-yield"):
        assert {
            "notice-third": "letter notice on [0, 90]; letter notice on 180",
            "enforce-yield": "enforce on judged; suit on noticed; letter notice on none",
        }[target] == bench.asked[0][0]


# --- real runs of the laboratory -----------------------------------------------------------------------------------


def test_an_arm_calls_every_second_day_and_ample_staff_leaves_nobody_waiting():
    lab = Laboratory(HOME, 1, accounts=50)
    run = lab.run(every(2, CALL), 9, ample=True)
    # 2025-03-03 is a Monday. Nobody works on the Sunday, day 6, so a call is forbidden then.
    assert run.daily["unserved"].sum() == 0
    assert run.accounts["call_attempts"].max() == 4  # days 0, 2, 4 and 7
    assert (run.accounts["opening"] > 0).all() and len(run.accounts) == 50
    assert lab.run(every(2, CALL), 9, ample=True) is run  # a cohort is simulated once
    # Fifty collectors and fifty specialists at work on their days, used or not.
    world = HOME.world
    days = {"collector": 8, "specialist": 7}  # of nine: collectors rest on Sundays, specialists on Saturdays, too
    staff = sum(
        100 * world.costs.minute[name] * 50 * getattr(world.operations, name).shift_minutes.vector().sum() * worked
        for name, worked in days.items()
    )
    # Used or not, at courses or not; each pool's day rounded to the cent.
    used = sum(100 * world.costs.minute[name] * run.daily[f"{name}_seconds"].sum() / 60 for name in days)
    assert run.daily["idle_cost"].sum() + used == pytest.approx(staff, abs=9)


def test_what_a_run_changes_is_changed_in_it_alone():
    world = laboratory._changed(HOME.world, True, {"credibility_start": 0.0}, review=False)
    assert world.courts.review is None
    assert world.behaviour.credibility_start == 0.0 and world.settlement_budget == 1.0
    for name in ("collector", "specialist", "autocall"):
        assert getattr(world.operations, name).people(50) == 50
    assert world.operations.legal_cases_per_1000_accounts == world.courts.docket_per_1000_accounts == 1000
    plain = laboratory._changed(HOME.world, False, {}, review=True)
    assert plain == HOME.world


# --- real accounts -----------------------------------------------------------------------------------------------


def test_who_is_younger_than_his_month_or_resolved_has_not_failed(monkeypatch, tmp_path):
    file = pd.DataFrame(
        {"ID": [1, 2, 3, 4, 5, 6], "PAY_0": [1, 1, 1, 2, 8, 3], "default_next_month": [1, 0, 0, 1, 1, 0]}
    )
    (tmp_path / "portfolios").mkdir()
    file.to_csv(tmp_path / "portfolios" / "uci_credit_card_delinquent.csv", index=False)
    book = np.zeros(6, [("status", "u1"), ("dpd0", "i4")])
    book["dpd0"] = 15, 15, 45, 15, 225, 75
    names = np.array(["3", "1", "4", "2", "5", "6"], object)  # in another order than the file's

    class Made:
        menu, days = None, 0

        def __init__(self, world, portfolio, rules, seed):
            self.accounts, self.day = book.copy(), 0
            # A month later 3 is two months late, 1 has been cured, and 4 paid two minimums under seed 2 only; 2 stays one month late.
            self.accounts["status"][1] = Status.CURED
            self.accounts["dpd0"][2] -= 60 if seed == 2 else 30
            self.accounts["dpd0"][3] -= 30

        def observe(self):
            return None

        def masks(self):
            return None

        def advance(self, *arguments):
            Made.days += 1
            self.day += 1

    plan = SimpleNamespace(act=lambda *arguments: None, priority=lambda *arguments: None)
    monkeypatch.setattr(uci_crosscheck, "ROOT", tmp_path)
    monkeypatch.setattr(uci_crosscheck, "Simulation", Made)
    monkeypatch.setattr(uci_crosscheck.Plan, "load", lambda *arguments: plan)
    scenario = SimpleNamespace(
        world=None,
        rules=None,
        portfolio=lambda accounts, seed: SimpleNamespace(
            column=lambda name: names if name == "account_id" else book["dpd0"]
        ),
    )
    rows = {row.months: row for row in uci_crosscheck.crosscheck(scenario, range(1, 3))}
    assert Made.days == 60  # thirty days on each of two seeds
    # One month late: account 1 is cured, 2 and 3 did no better. Two months late: account 4 stayed on one of two seeds.
    assert (rows[1].accounts, rows[1].simulated) == (3, pytest.approx(2 / 3))
    assert rows[1].observed == pytest.approx(1 / 3)
    assert (rows[2].accounts, rows[2].simulated, rows[2].observed) == (1, 0.5, 1.0)
    assert rows[4].accounts == 1  # eight months late counts among four and more
    assert [rows[months].comparable for months in (1, 2, 3, 4)] == [True, True, False, False]


# --- a portfolio's problems --------------------------------------------------------------------------------------


@pytest.fixture
def book(tmp_path):
    def write(wrong):
        """Two good accounts of 10 and 20.50, one with a credit balance, a blank line, and so many that are wrong."""
        rows = "".join(f"w{number},5,x\n" for number in range(wrong))
        (tmp_path / "book.csv").write_text("id,amount,Late\na,10,1\n\nb,20.50,90\nc,-3,2\n" + rows)
        (tmp_path / "map.yaml").write_text(
            "fields: {account_id: id, opening_balance: amount, dpd: Late}\nrows: {drop: [credit_balance]}\n"
        )
        return tmp_path / "book.csv", tmp_path / "map.yaml"

    return write


@pytest.mark.parametrize(("count", "code"), [(0, 0), (1, 2), (60, 2)])
def test_the_exit_code_says_whether_there_are_problems_and_every_line_is_accounted_for(book, count, code):
    out = io.StringIO()
    assert portfolio_check.run(*book(count), True, Console(file=out, width=400)) == code
    said = json.loads(out.getvalue())
    assert (said["rows"], len(said["problems"])) == (2 + count, count)
    late = next(field for field in said["fields"] if field["field"] == "dpd")
    assert late == {"field": "dpd", "columns": ["Late"], "missing": count, "found": "1 … 45.5 … 90"}
    assert [problem["row"] for problem in said["problems"]] == list(range(6, 6 + count))
    assert said["reconciliation"] == {
        "lines": 5 + count,
        "blank": 1,
        "header_and_continued": 1,
        "rows_in_file": 3 + count,
        "dropped": [{"reason": {"code": "credit_balance", "values": {}}, "rows": 1}],
        "rows_with_problems": count,
        "accounts": 2,
        "sum_of_balances": 30.5,
    }
    assert any(doubt["code"] == "median" and doubt["values"]["column"] == "opening_balance" for doubt in said["doubts"])


@pytest.mark.parametrize(
    ("count", "every", "rows", "more"), [(50, False, 50, None), (53, False, 50, "and 3 more"), (53, True, 53, None)]
)
def test_fifty_problems_are_shown_unless_all_are_asked_for(book, count, every, rows, more):
    out = io.StringIO()
    portfolio_check.run(*book(count), False, Console(file=out, width=120), every)
    said = out.getvalue()
    assert f"{count} problems" in said
    assert said.count("'x'") == rows
    assert ("more;" in said) == bool(more)
    assert more is None or more in said
