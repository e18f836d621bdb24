"""Features and outcomes from a lender's records: worked by hand, and never from the day itself or later."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from recoup.experiments.comparison.protected_groups import ATTRIBUTES
from recoup.experiments.models.features import features_at, open_at, window_of
from recoup.experiments.models.numbered_records import Records, numbered
from recoup.experiments.models.score import as_it_is_on
from recoup.experiments.models.training_table import call_table, dates_of, needs_help, repays, rolls
from recoup.experiments.records.lender_records import lender_records
from recoup.sim.inputs import InputError
from recoup.sim.portfolio.records import CONTACTS, PAYMENTS, in_form
from recoup.sim.portfolio.table import FILE_FIELDS, Portfolio

ENDS = [12.0, 14.0, 18.0, 21.0]


def records(contacts: list[dict[str, object]], payments: list[dict[str, object]], accounts: int = 3) -> Records:
    portfolio = pd.DataFrame({field.name: [np.nan] * accounts for field in FILE_FIELDS})
    portfolio["account_id"] = [f"a{n}" for n in range(accounts)]
    portfolio["opening_balance"], portfolio["dpd"] = 1000.0, 20.0
    logs = []
    for registry, rows in ((CONTACTS, contacts), (PAYMENTS, payments)):
        log = pd.DataFrame(rows, columns=["account", *registry.field])
        for name in ("date", "promise_due"):
            if name in log:
                log[name] = pd.to_datetime(log[name]).astype("datetime64[us]")
        logs.append(in_form(log.assign(account_id="a" + log["account"].astype(str)), registry))
    return numbered(lender_records(Portfolio(portfolio, "test"), *logs, day=date(2025, 3, 3)))


def call(account: int, day: int, outcome: str = "no_answer", **more: object) -> dict[str, object]:
    when = pd.Timestamp("2025-03-03") + pd.Timedelta(days=day)
    return {"account": account, "date": when, "channel": "collector", "outcome": outcome, "hour": 19.0, **more}


def payment(account: int, day: int, amount: float, kind: str = "voluntary") -> dict[str, object]:
    return {
        "account": account,
        "date": pd.Timestamp("2025-03-03") + pd.Timedelta(days=day),
        "amount": amount,
        "kind": kind,
    }


def test_features_by_hand() -> None:
    due = pd.Timestamp("2025-03-08")  # day 5
    known = records(
        [
            call(0, 1), call(0, 2, "promise", promise_due=due, promise_amount=500.0), call(0, 9, channel="sms", outcome="delivered"),
            call(1, 3, "reached", dpd=8.0), call(1, 4, direction="inbound"), call(2, 6, "promise", promise_due=due),
        ],
        [payment(0, 8, 250.0, "promise"), payment(1, 2, 100.0), payment(1, 12, 900.0)],
    )  # fmt: skip
    seen = features_at(known, 10)
    assert seen["calls"].tolist() == [2, 1, 1] and seen["texts_7d"].tolist() == [1, 0, 0]
    assert seen["calls_7d"].tolist() == [0, 1, 1]  # of day 3 on
    assert seen["reached"].tolist() == [1, 1, 1] and seen["reach_rate"].tolist() == [0.5, 1.0, 1.0]
    assert seen["inbound"].tolist() == [0, 1, 0] and seen["days_since_attempt"].tolist() == [1, 7, 4]
    assert seen["paid_share"].tolist() == [0.25, 0.1, 0.0] and seen["days_since_payment"].tolist() == [2, 8, 365]
    assert np.exp(seen["log_balance"]).tolist() == pytest.approx([751, 901, 1001])
    # On day 3 account 1 was 8 days past due: 15 on day 10. The others are 20 + 10.
    assert seen["dpd"].tolist() == [30, 15, 30]
    # The money of account 0 came on day 8, within three days of the due day; account 2 promised on day 6 for day 5 and paid nothing.
    assert seen["promises_broken"].tolist() == [0, 0, 1] and seen["promises_open"].tolist() == [0, 0, 0]
    assert features_at(known, 4)["promises_open"].tolist() == [1, 0, 0]
    assert seen["credit_score"].isna().all()  # what the file does not say stays unknown
    assert features_at(known, 10, ENDS)["reached_evening"].tolist() == [1, 1, 1]


def test_nothing_of_the_day_itself_or_later_is_seen() -> None:
    random = np.random.default_rng(0)
    outcomes = ["no_answer", "reached", "promise", "hardship", "accepted", "refused"]
    contacts = [
        call(
            int(account),
            int(day),
            str(random.choice(outcomes)),
            offer="plan",
            dpd=float(day),
            promise_due=pd.Timestamp("2025-03-20"),
        )
        for account, day in zip(random.integers(0, 3, 90), random.integers(0, 30, 90), strict=True)
    ]
    payments = [
        payment(int(a), int(d), 30.0)
        for a, d in zip(random.integers(0, 3, 40), random.integers(0, 30, 40), strict=True)
    ]
    for day in (0, 7, 15):
        first = pd.Timestamp("2025-03-03") + pd.Timedelta(days=day)
        early = [row for row in contacts if row["date"] < first], [row for row in payments if row["date"] < first]
        seen = features_at(records(contacts, payments), day, ENDS)
        pd.testing.assert_frame_equal(seen, features_at(records(*early), day, ENDS))
        more = [*contacts, call(0, day, "hardship"), call(1, day + 1, "promise")], [*payments, payment(2, day, 500.0)]
        pd.testing.assert_frame_equal(seen, features_at(records(*more), day, ENDS))


def test_no_protected_attribute_is_seen() -> None:
    known = records([call(0, 1)], [])
    before = features_at(known, 5, ENDS)
    assert not set(ATTRIBUTES) & set(before)
    for name, value in (("age", 70.0), ("sex", "male"), ("region", "north")):
        known.accounts[name] = value
    pd.testing.assert_frame_equal(before, features_at(known, 5, ENDS))


def test_outcomes_by_hand() -> None:
    known = records(
        [call(0, 12, "hardship"), call(1, 3, "hardship"), call(2, 20, "accepted", offer="restructure")],
        [payment(0, 15, 80.0), payment(1, 8, 500.0), payment(1, 15, 260.0), payment(2, 11, 600.0, "settlement")],
    )
    # From day 10 to 40: accounts are 30 and then 60 days past due. The first paid 8 % of its claim, the second 52 % of what was left;
    # the third settled on day 11 and is no longer there.
    assert rolls(known, 10, 30).tolist() == [1, 0, 0]
    assert repays(known, 10, 30, 0.5).tolist() == [0, 1, 1]
    assert repays(known, 10, 30, 0.53).tolist() == [0, 0, 1]
    # The second had said so before: not foretold any more. A contact on day 20 is within the horizon of 11 days, not of 10.
    assert needs_help(known, 10, 11).tolist()[::2] == [1, 1] and np.isnan(needs_help(known, 10, 11)[1])
    assert needs_help(known, 10, 10).tolist()[2] == 0
    assert open_at(known, 12).tolist() == [True, True, False]


def test_dates_of_the_periods_leave_the_outcome_known_at_the_split() -> None:
    dates, split = dates_of(90, 30, "logs")
    assert dates == [0, 7, 14, 21, 28, 35, 42, 49, 56] and split == 43
    assert [day for day in dates if day + 30 <= split] == [0, 7] and [day for day in dates if day >= split] == [49, 56]
    with pytest.raises(InputError, match=r"got '59 days of contacts and payments', expected logs of at least 67 days"):
        dates_of(59, 30, "logs")


def test_contact_windows() -> None:
    hours = np.array([9.0, 11.99, 12.0, 17.5, 18.0, 22.0, np.nan])
    assert window_of(hours, ENDS).tolist() == [0, 0, 1, 2, 3, 3, -1]


def test_a_call_is_judged_by_what_was_known_before_its_week() -> None:
    random = np.random.default_rng(1)
    rows = [
        call(int(random.integers(3)), day, str(random.choice(["reached", "no_answer"])))
        for day in range(60)
        for _ in range(20)
    ]
    known = records(rows, [])
    table = call_table(known, ENDS, "logs")
    assert len(table.outcome) == 1200 and table.split == 28 and set(table.day[table.test]) == set(range(28, 60))
    first = table.day == 30  # in the week from day 28 on: calls of days 28 and 29 are not yet known
    expected = features_at(known, 28, ENDS)["calls"].to_numpy()[table.account[first]]
    assert table.features.loc[first, "calls"].tolist() == expected.tolist()
    assert (table.features["in_evening"] == 1).all() and table.features.loc[first, "on_weekday_2"].all()  # 2 April 2025


def test_a_portfolio_of_today_with_the_logs_before_it() -> None:
    """Days past due and balance on the day are the file's; what was owed when the logs began follows."""
    known = records([call(0, 1, dpd=3.0)], [payment(0, 2, 400.0)])
    then, number = as_it_is_on(known, date(2025, 3, 13))
    seen = features_at(then, number)
    assert number == 10 and seen["dpd"].tolist() == [20, 20, 20]
    assert np.exp(seen["log_balance"]).tolist() == pytest.approx([1001] * 3)
    assert seen["paid_share"].tolist() == pytest.approx([400 / 1400, 0, 0])
