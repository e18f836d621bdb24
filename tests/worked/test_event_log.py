"""The event log of the hand-kept book: one row for each account and day on which anything happened."""

from __future__ import annotations

import pandas as pd
import pytest

from tests.worked.book import kept_book
from tests.worked.tiny import SURE, day, days, debtors, reached, simulate, world


@pytest.fixture(scope="module")
def book():
    return kept_book(record_events=True)


def test_who_when_and_what(book):
    rows = book.events_table()[["day", "account_id", "treatment", "outcome", "rule"]]
    assert rows.to_numpy().tolist() == [
        [0, "d3", "sms/midday", rows["outcome"][0], ""],  # read or not
        [1, "d3", "letter/morning/notice", "legal", ""],
        [2, "d0", "nothing", "none", ""],
        [2, "d1", "nothing", "none", ""],
        [3, "d2", "nothing", "none", ""],
    ]
    assert rows["outcome"][0] in ("sent", "reached")


def test_money_of_the_day(book):
    rows = book.events_table()
    assert rows["cash"].tolist() == [0, 0, 100_000, 0, 800_000]
    assert rows["cost"].tolist() == [5, 3_600, 0, 0, 0]
    assert rows["forgiven"].tolist() == [0, 0, 0, 0, 201_479]
    assert rows["balance"].tolist() == [1_000_000, 1_000_493, 900_986, 1_000_986, 0]


def test_events_by_name(book):
    rows = book.events_table()
    happened = {
        name: rows.index[rows[name]].tolist() for name in rows.columns if rows[name].dtype == bool and rows[name].any()
    }
    happened.pop("reached", None)  # with luck
    assert happened == {
        "attempt": [0, 1], "notice": [1], "promise_kept": [2, 4], "promise_broken": [3], "payment": [2, 4], "closed": [4],
    }  # fmt: skip


def test_what_an_auditor_reads(book):
    log = book.audit_table()
    assert log["account_id"].tolist() == ["d3", "d3", "d0", "d1", "d2"]
    assert log["date"].tolist() == [pd.Timestamp(2025, 3, d) for d in (3, 4, 5, 5, 6)]
    assert (
        log["channel"].tolist()[:2] == ["sms", "letter"] and log["channel"].isna().tolist() == [False] * 2 + [True] * 3
    )
    assert log["from_hour"].tolist()[:2] == [12, 9] and log["to_hour"].tolist()[:2] == [14, 12]
    assert log["legal"].tolist()[1] == "notice" and log["done"].tolist() == [True, True, False, False, False]
    assert log["dpd"].tolist() == [30, 31, 32, 32, 33]
    # Claims in the morning, in currency: 10,000.00 with 4.93 a day.
    assert log["claim"].tolist() == pytest.approx([10_000, 10_004.93, 10_009.86, 10_009.86, 10_014.79])
    assert log["opening"].tolist() == [10_000] * 5
    assert log["interest"].tolist() == pytest.approx([0, 4.93, 9.86, 9.86, 14.79])
    assert log["day_off"].tolist() == [False] * 5
    assert log["promise_kept"].tolist() == [False, False, True, False, True]
    assert log["promise_broken"].tolist() == [False, False, False, True, False]


def test_offers_settlements_and_days_off_in_the_audit():
    simulation = simulate(world(behaviour={"settle_base": SURE}), debtors(*[10_000] * 3), record_events=True)
    days(simulation, 5)
    day(simulation, "collector/morning/settle_20")  # day 5, a Saturday
    log = simulation.audit_table()
    one = reached(simulation)
    row = log[log["account_id"] == f"d{one}"].iloc[0]
    assert row["offer"] == "settlement" and row["discount"] == pytest.approx(0.2) and pd.isna(row["months"])
    assert row["day_off"] and row["accepted"] and row["reached"] and row["promise_due"] == 15
    # Budget: 2 % of 30,000.00, none of it used in the morning.
    assert row["budget_left"] == 1.0


def test_plans_and_standing_in_the_audit():
    behaviour = {"plan_base": SURE, "hardship_disclosed": 1.0}
    simulation = simulate(world(behaviour=behaviour), debtors(*[10_000] * 6), record_events=True)
    simulation.accounts["employed"] = [1, 1, 1, 0, 0, 0]
    day(simulation, "collector/morning/plan_12")
    log = simulation.audit_table().set_index("account_id")
    for number in range(6):
        row = log.loc[f"d{number}"]
        assert row["offer"] == "plan" and row["months"] == 12 and pd.isna(row["discount"])
        if row["reached"]:
            assert row["hardship"] == (number >= 3) and row["accepted"]
            assert pd.isna(row["promise_due"])
            assert (row["hardship_until"] == 60) if number >= 3 else pd.isna(row["hardship_until"])
    assert log["reached"].sum() >= 4
