"""The state of accounts from a lender's logs, against a simulation that knows it, and by hand."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from recoup.agents.library import load_policy
from recoup.experiments.comparison.rollout import one_day
from recoup.experiments.records.lender_records import lender_records
from recoup.experiments.records.simulated_records import simulate_records
from recoup.experiments.records.state_from_logs import state_at
from recoup.scenarios.schema import load_scenario
from recoup.sim.inputs import InputError
from recoup.sim.portfolio.records import CONTACTS, PAYMENTS, in_form
from recoup.sim.portfolio.table import Portfolio
from recoup.sim.remarks import Remark
from recoup.sim.simulation import Simulation
from tests.command import recoup

HOME = load_scenario("china-consumer")
FIRST = date(2025, 3, 3)


def book(**more: object) -> Portfolio:
    return Portfolio(
        pd.DataFrame({"account_id": ["a", "b"], "opening_balance": [1000.0, 500.0], "dpd": [30, 10], **more}), "book"
    )


def contacts(*rows: dict[str, object]) -> pd.DataFrame:
    usual = {"account_id": "a", "channel": "collector", "direction": "outbound"}
    table = pd.DataFrame([usual | row for row in rows] or [usual | {"date": "1990-01-01"}])
    table["date"], table["promise_due"] = pd.to_datetime(table["date"]), pd.to_datetime(table.get("promise_due"))
    return in_form(table, CONTACTS)


def payments(*rows: tuple[str, str, float, str]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=["account_id", "date", "amount", "kind"])
    return in_form(table.assign(date=pd.to_datetime(table["date"])), PAYMENTS)


def a(at: date, said: pd.DataFrame, paid: pd.DataFrame) -> pd.Series:
    state, _ = state_at(lender_records(book(), said, paid, day=FIRST), at)
    return state.table.set_index("account_id").loc["a"]


def test_contacts_and_money_by_hand() -> None:
    said = contacts(
        {"date": "2025-03-03", "outcome": "no_answer"},
        {"date": "2025-03-05", "outcome": "reached", "balance": 1010.0},
        {"date": "2025-03-05", "channel": "sms", "outcome": "delivered"},
        {"date": "2025-03-06", "channel": "sms", "outcome": "opt_out", "direction": "inbound"},
        {"date": "2025-03-08", "outcome": "refused"},  # is not over yet
    )
    one = a(
        date(2025, 3, 8),
        said,
        payments(("a", "2025-03-06", 100.0, "voluntary"), ("a", "2025-03-08", 50.0, "voluntary")),
    )
    assert one["dpd"] == 35 and one["attempts"] == 3 and one["reached"] == 1
    assert one["call_days"] == 1 << 5 | 1 << 3 and one["text_days"] == 1 << 3 and one["conversation_days"] == 1 << 3
    assert one["last_attempt_date"] == one["last_reached_date"] == pd.Timestamp("2025-03-05")
    assert (one["paid"], one["balance"], one["payments"]) == (100.0, 910.0, 1)
    assert one["last_outcome"] == "sent" and one["opted_out"] == 1.0 and one["cease_contact"] == 0.0


def test_a_promise_is_open_then_kept_or_broken() -> None:
    said = contacts({"date": "2025-03-04", "outcome": "promise", "promise_amount": 200.0, "promise_due": "2025-03-10"})
    nothing, paid = payments(), payments(("a", "2025-03-10", 200.0, "promise"))
    before = a(date(2025, 3, 10), said, nothing)
    assert (before["promise_amount"], before["promise_due"], before["promise_kind"]) == (
        200.0,
        pd.Timestamp("2025-03-10"),
        "payment",
    )
    kept, broken = a(date(2025, 3, 20), said, paid), a(date(2025, 3, 20), said, nothing)
    assert (kept["promises_made"], kept["promises_kept"], kept["promises_broken"]) == (1, 1, 0)
    assert (broken["promises_made"], broken["promises_kept"], broken["promises_broken"]) == (1, 0, 1)
    assert broken["news_date"] == pd.Timestamp("2025-03-10")
    overdue = a(date(2025, 3, 11), said, nothing)
    assert (overdue["promises_broken"], pd.isna(overdue["promise_due"])) == (
        1,
        True,
    )  # the day after, whatever the grace
    late = payments(("a", "2025-03-14", 200.0, "voluntary"))
    assert a(date(2025, 3, 15), said, late)["promises_kept"] == 1
    assert pd.isna(kept["promise_due"]) and pd.isna(broken["promise_due"])


def test_a_plan_runs_until_two_instalments_are_missed() -> None:
    """Ten of 100, the first five days after the agreement, then every thirty days."""
    said = contacts({"date": "2025-03-03", "outcome": "accepted", "offer": "plan", "months": 10, "balance": 1000.0})
    paid = payments(("a", "2025-03-08", 100.0, "instalment"))
    one = a(date(2025, 4, 1), said, paid)
    assert (one["plan_months"], one["plan_left"], one["plan_instalment"], one["plan_missed"]) == (10, 9, 100.0, 0)
    assert one["plan_next_due"] == pd.Timestamp("2025-04-07")
    missed = a(date(2025, 4, 20), said, paid)
    assert (missed["plan_left"], missed["plan_missed"], missed["plan_next_due"]) == (9, 1, pd.Timestamp("2025-05-07"))
    broken = a(date(2025, 5, 20), said, paid)
    assert (broken["plan_months"], broken["plans_broken"], broken["plans_agreed"]) == (0, 1, 1)


def test_steps_offers_and_protections() -> None:
    said = contacts(
        {"date": "2025-03-03", "outcome": "refused", "offer": "settlement", "discount": 0.3},
        {"date": "2025-03-04", "outcome": "hardship"},
        {"date": "2025-03-05", "channel": "letter", "legal": "notice"},
        {"date": "2025-03-20", "channel": "no_contact", "legal": "suit"},
    )
    early, late = a(date(2025, 3, 21), said, payments()), a(date(2025, 5, 1), said, payments())
    assert (early["legal_stage"], early["legal_stage_date"]) == ("queued", pd.Timestamp("2025-03-20"))
    assert late["legal_stage"] == "filed" and late["notices"] == 1 and late["last_outcome"] == "legal"
    assert (early["offers_made"], early["offers_refused"], early["best_discount"]) == (1, 1, 0.3)
    assert early["hardship_since"] == pd.Timestamp("2025-03-04")
    assert early["attempts"] == 3  # a suit is no contact


def test_what_is_paid_is_left_out_and_strangers_are_named() -> None:
    said = contacts({"account_id": "x", "date": "2025-03-04"}, {"date": "2025-03-09"})
    records = lender_records(book(), said, payments(("b", "2025-03-04", 500.0, "voluntary")), day=FIRST)
    state, unknown = state_at(records, date(2025, 3, 9))
    assert state.table["account_id"].tolist() == ["a"] and state.as_of == date(2025, 3, 9)
    assert Remark("closed", {"n": 1}) in unknown and Remark("strange_contacts", {"n": 1}) in unknown
    with pytest.raises(InputError, match="2025-03-03"):
        state_at(records, date(2025, 3, 1))


def test_the_logs_of_a_simulation_say_what_it_knows() -> None:
    days, portfolio = 60, HOME.portfolio(150, 3)
    records = simulate_records(HOME, "staged", portfolio, 3, days)
    simulation = Simulation(HOME.world, portfolio, HOME.rules, 3)
    policy = load_policy("staged", HOME.name, HOME.world)
    for _ in range(days):
        one_day(simulation, policy, HOME.world.decision_every_days)
    at = HOME.world.start + timedelta(days=days)
    state, _ = state_at(records, at)
    truth, told = simulation.portfolio_now().table.set_index("account_id"), state.table.set_index("account_id")
    assert set(told.index) == set(truth.index)
    told = told.loc[truth.index]
    exact = (
        "dpd paid call_days text_days visit_days letter_days conversation_days attempts call_attempts calls_reached last_attempt_date "
        "promise_due promise_amount promises_made promises_kept promises_broken payments last_payment_date plan_months plan_left plan_instalment "
        "plan_next_due plan_missed plans_agreed plans_broken restructured notices opted_out complaints acknowledged_date"
    ).split()
    for name in exact:
        same = (told[name] == truth[name]) | (told[name].isna() & truth[name].isna())
        assert same.all(), (name, told[name][~same].head(), truth[name][~same].head())
    assert (
        np.abs(told["balance"] - truth["balance"]) < 0.02 * truth["balance"]
    ).all()  # interest since the latest contact
    assert (told["reached"] <= truth["reached"]).all()  # who reads a message in silence is in no log
    assert (told["legal_stage"] == truth["legal_stage"]).mean() > 0.95


def test_the_command_writes_a_portfolio_that_can_be_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert recoup("records", "simulate", "--accounts", "30", "--days", "20", "--out", "lender").returncode == 0
    logs = [f"--{kind}={Path('lender') / kind}.parquet" for kind in ("portfolio", "contacts", "payments")]
    made = recoup("portfolio", "state", *logs, "--at", "2025-03-18", "--out", "middle", "--json")
    assert made.returncode == 0, made.stderr
    told = json.loads(made.stdout)
    assert told["as_of"] == "2025-03-18" and told["unknown"] and "review" in told["fresh"]
    kept = json.loads(Path("middle/unknown.json").read_text(encoding="utf-8"))
    assert kept == {"as_of": "2025-03-18", "unknown": told["unknown"], "fresh": told["fresh"]}
    assert {"code": "untold_silence", "values": {}} in kept["unknown"]
    again = recoup("portfolio", "state", *logs, "--at", "2025-03-18", "--out", "middle")
    assert again.returncode == 2 and "middle" in again.stderr
    checked = recoup("portfolio", "check", "middle/portfolio.parquet", "--map", "middle/map.yaml")
    assert checked.returncode == 0 and "as a fresh account" in checked.stdout
    done = recoup(
        "compare", "-p", "staged", "--portfolio", "middle/portfolio.parquet", "--map", "middle/map.yaml", "--days", "5", "--seeds", "1",
        "--no-why", "--out", "run",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (
        json.loads(Path("run/results.json").read_text(encoding="utf-8"))["portfolio"]["fresh"]["review"]
        == told["accounts"]
    )
