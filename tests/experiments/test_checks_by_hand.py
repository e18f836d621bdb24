"""Calibration figures of a made-up year, bands at their edges, the check against real accounts, and a portfolio's problems."""

from __future__ import annotations

import io
import json
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from rich.console import Console

from recoup.experiments.checks import calibration, portfolio_check, uci_crosscheck
from recoup.experiments.checks.calibration import CohortRun, Laboratory, Reading, Target
from recoup.scenarios.schema import load_scenario

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


def test_one_figure_outside_is_enough_to_fail(monkeypatch):
    for others, fine in (((0.3,), True), ((0.6,), False)):
        monkeypatch.setattr(calibration, "measure", lambda scenario, seeds, o=others: [reading(0.4), reading(*o)])
        out = io.StringIO()
        assert calibration.report_readings(HOME, range(1, 2), Console(file=out), as_json=True) is fine
        assert [row["inside"] for row in json.loads(out.getvalue())] == [True, fine]


def test_each_target_is_measured_on_every_seed(monkeypatch):
    monkeypatch.setattr(calibration, "targets", lambda: [reading().target.model_copy(update={"id": "made-up"})])
    monkeypatch.setitem(calibration._MEASUREMENTS, "made-up", lambda lab: lab.seed / lab.accounts)
    (found,) = calibration.measure(HOME, range(3, 6), accounts=10)
    assert found.values == (0.3, 0.4, 0.5)


# --- a made-up year ------------------------------------------------------------------------------------------------


def accounts():
    """Ten claims of 100: closed on days 5, 28, 29, 58, 59 and 88, four never; 40 calls of which 10 reach."""
    closed = [5, 28, 29, 58, 59, 88, -1, -1, -1, -1]
    return pd.DataFrame(
        {
            "opening": 100,
            "closed_day": closed,
            "call_attempts": 4,
            "call_reaches": 1,
            "kept": [3, 0, 0, 0, 0, 0, 0, 0, 0, 0],
            "broken": [0, 1, 1, 0, 0, 0, 0, 0, 0, 0],
        }
    )


def daily(**cash):
    """So much cash on so many a day; the rest nothing. Complaints and costs on two days, one of them beyond the first month."""
    table = pd.DataFrame({"day": range(360), "cash": 0.0, "complaints": 0, "cost": 0.0})
    for day, amount in cash.items():
        table.loc[int(day[1:]), "cash"] = amount
    table.loc[29, ["complaints", "cost"]] = 2, 30.0
    table.loc[30, ["complaints", "cost"]] = 5, 70.0
    return table


FRESH = CohortRun(accounts(), daily(d0=400, d29=200, d30=100, d179=100, d180=50, d359=50))


def laboratory(**runs):
    lab = Laboratory(HOME, 1, accounts=10)
    for name, run in runs.items():
        lab.__dict__[name] = run  # as if it had been run
    return lab


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("rpc-per-attempt", 0.25),  # 10 of 40
        ("kept-promises", 0.6),  # 3 of 5
        # One day past due on day 0, so 30 on day 29: who closed by the evening of day 28, two of ten, was resolved by then.
        ("roll-m1-m2", 0.8),
        ("roll-m2-m3", 6 / 8),  # who closed on days 29 and 58 was resolved at 60, who closed on 59 was not
        ("roll-m3-m4", 4 / 6),  # who closed on days 59 and 88 was resolved at 90
        ("roll-later", 1.0),
        ("steep-start", 600 / 900),  # days 0 to 29 of the year's
        ("flat-end", 100 / 900),  # from day 180
        ("fresh-recovery", 0.8),  # 800 of 1,000 by day 179
        ("complaints", 200.0),  # 2 on ten accounts, per thousand; those of day 30 come too late
        ("early-cost", 0.05),  # 30 for 600
    ],
)
def test_a_figure_of_the_fresh_cohort(target, expected):
    assert calibration._MEASUREMENTS[target](laboratory(fresh=FRESH)) == pytest.approx(expected)


def test_who_resolves_without_contact_in_thirty_days_cures_by_himself():
    # Closed on days 5, 28 and 29 of 30.
    assert calibration._MEASUREMENTS["self-cure"](laboratory(untouched=FRESH)) == pytest.approx(0.3)


def test_recovery_of_older_cohorts():
    assert calibration._MEASUREMENTS["old-recovery"](laboratory(old=FRESH)) == pytest.approx(0.8)
    assert calibration._MEASUREMENTS["month-3-collection"](laboratory(month_3=FRESH)) == pytest.approx(0.6)


def test_the_gap_of_machines_is_collectors_less_machines_in_present_value():
    # China discounts 8 % a year; a day is a 365th of it.
    people = CohortRun(accounts(), daily(d0=500, d29=200, d40=100))
    machines = CohortRun(accounts(), daily(d0=400, d40=300))
    lab = laboratory(people=people, machines=machines)
    early = (100 + 200 * 1.08 ** (-29 / 365)) / 1000
    assert early == pytest.approx(0.298781, abs=1e-6)
    assert calibration._MEASUREMENTS["machine-gap-30"](lab) == pytest.approx(0.298781, abs=1e-6)
    # Later the machines catch up 200 on day 40: 200 · 1.08^(−40/365) = 198.3204.
    assert calibration._MEASUREMENTS["machine-gap-360"](lab) == pytest.approx(0.298781 - 0.198320, abs=1e-6)


def test_plans_broken_are_those_broken_within_180_days_of_signing():
    rows = [
        ("a", 0, True, False), ("a", 180, False, True),  # broken on the last day that counts
        ("b", 5, True, False), ("b", 186, False, True),  # 181 days later
        ("c", 59, True, False),  # kept
        ("d", 60, True, False), ("d", 70, False, True),  # signed too late to count
        ("e", 10, True, False), ("e", 20, False, True), ("e", 30, True, False),
    ]  # fmt: skip
    events = pd.DataFrame(rows, columns=["account_id", "day", "offer_accepted", "plan_broken"])
    found = calibration._MEASUREMENTS["plans-broken"](laboratory(planned=CohortRun(accounts(), daily(), events)))
    assert found == pytest.approx(0.5)  # a and e of a, b, c and e


def test_cohorts_enter_as_old_as_they_are_said_to_be(monkeypatch):
    asked = {}
    monkeypatch.setattr(
        Laboratory,
        "_run",
        lambda self, policy, days, **options: asked.setdefault(
            (policy if "\n" not in policy else policy.split("channel: ")[1].split(",")[0], days), options
        ),
    )
    lab = Laboratory(HOME, 1)
    for name in ("fresh", "untouched", "old", "month_3", "people", "machines", "planned"):
        getattr(lab, name)
    assert asked == {
        ("status-quo", 360): {"least_dpd": 1, "most_dpd": 1},
        ("no-contact", 30): {"least_dpd": 1, "most_dpd": 1},
        ("status-quo", 180): {"least_dpd": 91, "most_dpd": 360},
        ("status-quo", 30): {"least_dpd": 61, "most_dpd": 61},
        ("collector", 360): {"least_dpd": 1, "most_dpd": 1, "ample": True},
        ("autocall", 360): {"least_dpd": 1, "most_dpd": 1, "ample": True},
        ("collector", 240): {"least_dpd": 10, "most_dpd": 30, "ample": True, "events": True},
    }


def test_a_probe_calls_every_second_day_and_ample_staff_leaves_nobody_waiting():
    lab = Laboratory(HOME, 1, accounts=50)
    run = lab._run(
        calibration.PROBE.format(channel="collector", offer="none", dpd=1), 9, least_dpd=1, most_dpd=1, ample=True
    )
    # 2025-03-03 is a Monday, and nobody works on the Sunday, day 6.
    assert run.daily.loc[run.daily["unserved"] > 0, "day"].tolist() == [6]
    assert run.accounts["call_attempts"].max() == 4  # days 0, 2, 4 and 7
    assert (run.accounts["opening"] > 0).all() and len(run.accounts) == 50


# --- real accounts -----------------------------------------------------------------------------------------------


def test_who_paid_two_per_cent_or_closed_the_account_has_not_failed(monkeypatch, tmp_path):
    file = pd.DataFrame(
        {"ID": [1, 2, 3, 4, 5, 6], "PAY_0": [1, 1, 1, 2, 8, 3], "default_next_month": [1, 0, 0, 1, 1, 0]}
    )
    (tmp_path / "portfolios").mkdir()
    file.to_csv(tmp_path / "portfolios" / "uci_credit_card_delinquent.csv", index=False)
    book = np.zeros(6, [("closed_day", "i4"), ("cash", "i8"), ("opening", "i8")])
    book["opening"] = 10_000
    names = np.array(["3", "1", "4", "2", "5", "6"], object)  # in another order than the file's

    class Made:
        menu, day = None, 0

        def __init__(self, world, portfolio, rules, seed):
            self.accounts = book.copy()
            # Of 3, 1, 4: the first paid 199 of 10,000, the second 200; the third closed without cash under seed 2 only.
            self.accounts["cash"][:2] = 199, 200
            self.accounts["closed_day"] = [-1, -1, 12 if seed == 2 else -1, -1, -1, -1]

        def observe(self):
            return None

        def masks(self):
            return None

        def advance(self, *arguments):
            Made.day += 1

    plan = SimpleNamespace(act=lambda *arguments: None, priority=lambda *arguments: None)
    monkeypatch.setattr(uci_crosscheck, "ROOT", tmp_path)
    monkeypatch.setattr(uci_crosscheck, "Simulation", Made)
    monkeypatch.setattr(uci_crosscheck.Plan, "load", lambda *arguments: plan)
    scenario = SimpleNamespace(
        world=None, rules=None, portfolio=lambda accounts, seed: SimpleNamespace(column=lambda name: names)
    )
    rows = {row.months: row for row in uci_crosscheck.crosscheck(scenario, range(1, 3))}
    assert Made.day == 60  # thirty days on each of two seeds
    # One month late: account 1 paid enough, 2 and 3 did not. Two months late: account 4 failed on one of two seeds.
    assert (rows[1].accounts, rows[1].simulated) == (3, pytest.approx(2 / 3))
    assert rows[1].observed == pytest.approx(1 / 3)
    assert (rows[2].accounts, rows[2].simulated, rows[2].observed) == (1, 0.5, 1.0)
    assert rows[4].accounts == 1  # eight months late counts among four and more
    assert [rows[months].comparable for months in (1, 2, 3, 4)] == [True, True, True, False]


# --- a portfolio's problems --------------------------------------------------------------------------------------


def inspection(problems):
    field = SimpleNamespace(field=SimpleNamespace(name="dpd", expectation="whole days"), columns=["Late"])
    field.missing, field.summary = 2, "1 … 30 … 90"
    return SimpleNamespace(file="book.csv", rows=3, fields=[field], problems=problems)


def problem(row):
    from recoup.sim.portfolio.importing import Problem

    return Problem(row=row, column="Late", value="x", expected="whole days")


@pytest.mark.parametrize(("count", "code"), [(0, 0), (1, 2), (60, 2)])
def test_the_exit_code_says_whether_there_are_problems(monkeypatch, count, code):
    monkeypatch.setattr(portfolio_check, "inspect", lambda *files: inspection([problem(n) for n in range(count)]))
    out = io.StringIO()
    assert portfolio_check.run("book.csv", "map.yaml", True, Console(file=out)) == code
    said = json.loads(out.getvalue())
    assert (said["rows"], len(said["problems"])) == (3, count)
    assert said["fields"] == [{"field": "dpd", "columns": ["Late"], "missing": 2, "found": "1 … 30 … 90"}]


@pytest.mark.parametrize(
    ("count", "every", "rows", "more"), [(50, False, 50, None), (53, False, 50, "and 3 more"), (53, True, 53, None)]
)
def test_fifty_problems_are_shown_unless_all_are_asked_for(monkeypatch, count, every, rows, more):
    monkeypatch.setattr(portfolio_check, "inspect", lambda *files: inspection([problem(n) for n in range(count)]))
    out = io.StringIO()
    portfolio_check.run("book.csv", "map.yaml", False, Console(file=out, width=120), every)
    said = out.getvalue()
    assert f"{count} problems" in said
    assert said.count("'x'") == rows
    assert ("more;" in said) == bool(more)
    assert more is None or more in said
