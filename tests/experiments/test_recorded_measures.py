"""Measures of recorded months, against a book of five accounts worked out by hand."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from recoup.experiments.records.recorded_measures import (
    Measured,
    RecordedMonths,
    channels_of,
    curve_days,
    measure,
)
from recoup.scenarios.schema import load_scenario
from recoup.sim.inputs import InputError
from recoup.sim.portfolio.records import CONTACTS, PAYMENTS
from recoup.sim.treatments import STANDARD

FIRST = date(2025, 3, 3)
WINDOWS = load_scenario("china-consumer").world.windows  # 9–12, 12–14, 14–18, 18–21


def day(number: float) -> pd.Timestamp:
    return pd.Timestamp(FIRST) + pd.Timedelta(days=number)


def log(registry, rows):
    table = pd.DataFrame(rows).reindex(columns=list(registry.field))
    for name in ("date", "promise_due"):
        if name in table:
            table[name] = pd.to_datetime(table[name])
    return table


PORTFOLIO = pd.DataFrame(
    {
        "account_id": ["a", "b", "c", "d", "e"],
        "opening_balance": [100.0, 200.0, 300.0, 400.0, 0.5],
        "dpd": [1, 30, 31, 0, 200],
    }
)
PAYMENTS_LOG = log(
    PAYMENTS,
    [
        {"account_id": "a", "date": day(5), "amount": 100.0, "kind": "promise"},  # all of it: closed on day 5
        {"account_id": "b", "date": day(10.25), "amount": 20.0},
        {"account_id": "b", "date": day(10.5), "amount": 30.0},  # the same day
        {"account_id": "c", "date": day(20), "amount": 120.0, "kind": "settlement"},  # closed on day 20
        {"account_id": "d", "date": day(40), "amount": 100.0, "kind": "instalment"},
        {"account_id": "d", "date": day(41), "amount": -100.0, "kind": "reversal"},
        {"account_id": "d", "date": day(60), "amount": 400.0},  # after the last day
        {"account_id": "b", "date": day(-1), "amount": 9.0},  # before the first
        {"account_id": "x", "date": day(3), "amount": 9.0},  # nobody's
    ],
)
CONTACTS_LOG = log(
    CONTACTS,
    [
        {"account_id": "a", "date": day(0), "channel": "sms", "outcome": "delivered"},
        {"account_id": "a", "date": day(1), "hour": 9.0, "channel": "collector", "outcome": "promise", "promise_amount": 100.0, "promise_due": day(4)},
        {"account_id": "b", "date": day(2) + pd.Timedelta(hours=11, minutes=59), "channel": "collector", "outcome": "no_answer"},
        {"account_id": "b", "date": day(3), "hour": 12.0, "channel": "specialist", "outcome": "promise", "promise_amount": 60.0, "promise_due": day(9)},
        {"account_id": "b", "date": day(4), "channel": "collector", "direction": "inbound", "outcome": "complaint"},
        {"account_id": "b", "date": day(4), "channel": "collector", "direction": "inbound", "outcome": "no_answer"},
        {"account_id": "d", "date": day(36), "channel": "no_contact", "legal": "enforce"},
        {"account_id": "c", "date": day(19), "hour": 20.0, "channel": "collector", "outcome": "accepted", "offer": "settlement"},
        {"account_id": "d", "date": day(6), "hour": 21.0, "channel": "collector", "outcome": "refused", "offer": "plan"},
        {"account_id": "d", "date": day(31), "channel": "letter", "legal": "notice"},
        {"account_id": "d", "date": day(35), "channel": "letter", "legal": "suit"},
        {"account_id": "d", "date": day(56), "channel": "whatsapp", "outcome": "promise"},  # falls due after the last day
        {"account_id": "e", "date": day(58), "channel": "sms", "outcome": "opt_out"},
        {"account_id": "e", "date": day(60), "channel": "sms", "outcome": "delivered"},  # after the last day
    ],
)  # fmt: skip


@pytest.fixture(scope="module")
def found() -> Measured:
    return measure(RecordedMonths(PORTFOLIO, CONTACTS_LOG, PAYMENTS_LOG, FIRST, 60, WINDOWS))


def value(found: Measured, name: str, rows=None) -> float:
    table = found.table(rows).set_index("name")
    assert table.index.is_unique
    return float(table.loc[name, "value"])


OPENING = 1000.5
# a is open for 6 days, c for 21, b, d and e for 60
WEEKS, WEEKS_1, WEEKS_2 = (6 + 21 + 180) / 7, (6 + 21 + 90) / 7, 90 / 7


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("recovery.day-7", 100 / OPENING),
        ("recovery.day-14", 150 / OPENING),
        ("recovery.day-42", 270 / OPENING),  # what came on day 40 was taken back on day 41
        ("recovery.day-60", 270 / OPENING),
        ("cash", 270 / OPENING),
        ("cash.month-1", 270 / OPENING),
        ("cash.month-2", 0.0),
        ("payers", 4 / 5),
        ("payers.month-1", 3 / 5),
        ("payers.month-2", 1 / 3),  # b, d and e are open on day 30; d pays, if not for long
        ("payments_per_week", 4 / WEEKS),
        ("payments_per_week.month-2", 1 / WEEKS_2),
        # M1 is 1 to 30 days past due: a (days 0 to 29) pays on day 5; d (days 1 to 30) does not; b begins on its last day
        ("roll.M1→M2", 1 / 2),
        ("roll_balance.M1→M2", 400 / 500),
        # M2: b (days 1 to 30) has 50 less at its end; c (days 0 to 29) settles on day 20; a (days 30 to 59) has closed; d's ends on day 60
        ("roll.M2→M3", 1 / 2),
        ("roll_balance.M2→M3", 150 / 500),
        # M3: b (days 31 to 60) ends a day too late; c (days 30 to 59) has closed
        ("roll.M3→M4", np.nan),
        ("contacts_per_week", 9 / WEEKS),  # all but the inbound call and the suit
        ("contacts_per_week.sms", 2 / WEEKS),
        ("contacts_per_week.collector", 4 / WEEKS),
        ("contacts_per_week.collector.month-1", 4 / WEEKS_1),
        ("contacts_per_week.letter.month-2", 1 / WEEKS_2),
        ("contacts_per_week.whatsapp", 1 / WEEKS),
        ("contacts_per_week.visit", 0.0),
        ("inbound_per_week", 1 / WEEKS),
        ("right_party.sms", 0.0),
        ("right_party.collector", 3 / 4),
        ("right_party.letter", np.nan),  # the notice has no outcome
        ("right_party_calls.morning", 1 / 2),  # 9:00 reached, 11:59 not
        ("right_party_calls.midday", 1.0),
        ("right_party_calls.afternoon", np.nan),
        ("right_party_calls.evening", 1.0),  # 20:00; 21:00 is outside
        ("promises", 3 / 5),
        ("promises.month-1", 2 / 4),
        # a pays 100 of 100 on day 5, within days of grace; b's 50 of 60 come on day 10, too little; d's falls due after the last day
        ("kept", 1 / 2),
        ("kept.month-2", np.nan),
        ("offers_per_week", 2 / WEEKS),
        ("accepted", 1 / 2),
        ("complaints", 200.0),
        ("opt_outs", 200.0),
        ("opt_outs.month-1", 0.0),
        ("suits", 200.0),
    ],
)
def test_each_measure(found: Measured, name: str, expected: float) -> None:
    assert value(found, name) == pytest.approx(expected, nan_ok=True)


def test_some_accounts(found: Measured) -> None:
    rows = np.array([True, True, False, False, False])
    assert value(found, "cash", rows) == pytest.approx(150 / 300)
    assert value(found, "contacts_per_week", rows) == pytest.approx(4 * 7 / 66)
    assert np.isnan(value(found, "roll.M3→M4", rows))


def test_a_resample_is_the_measure_of_the_drawn_accounts(found: Measured) -> None:
    column = [key.name for key in found.keys].index("payers")
    draws = found.resampled(3000, seed=4)[:, column]
    # Four of five accounts paid: the share in five draws with replacement is binomial.
    assert draws.mean() == pytest.approx(0.8, abs=0.015)
    assert draws.std() == pytest.approx(np.sqrt(0.8 * 0.2 / 5), abs=0.015)
    alone = found.resampled(10, rows=np.array([False, True, False, False, False]))[:, column]
    assert (alone == 1.0).all()
    assert np.isnan(found.resampled(2, rows=np.zeros(5, bool))).all()


def test_the_grain_is_what_one_event_more_changes(found: Measured) -> None:
    grain = dict(zip((key.name for key in found.keys), found.grain(), strict=True))
    assert grain["payers"] == pytest.approx(1 / 5) and grain["complaints"] == pytest.approx(1000 / 5)
    assert grain["contacts_per_week"] == pytest.approx(1 / WEEKS)
    assert grain["right_party.collector"] == pytest.approx(1 / 4)
    assert grain["recovery.day-7"] == pytest.approx(1 / 5) and grain["roll_balance.M1→M2"] == pytest.approx(1 / 2)
    assert np.isnan(grain["right_party.letter"])


def test_order_of_rows_does_not_matter(found: Measured) -> None:
    turned = measure(RecordedMonths(PORTFOLIO, CONTACTS_LOG.iloc[::-1], PAYMENTS_LOG.iloc[::-1], FIRST, 60, WINDOWS))
    assert turned.keys == found.keys
    np.testing.assert_array_equal(turned.values(), found.values())


def test_a_payment_that_is_returned_the_same_day_closes_nothing() -> None:
    payments = log(
        PAYMENTS,
        [
            {"account_id": "a", "date": day(2), "amount": 100.0},
            {"account_id": "a", "date": day(2), "amount": -100.0, "kind": "reversal"},
        ],
    )
    found = measure(RecordedMonths(PORTFOLIO[:1], CONTACTS_LOG[:0], payments, FIRST, 35))
    assert value(found, "roll.M1→M2") == 1.0
    assert value(found, "payments_per_week") == pytest.approx(1 / 5)


def test_a_promise_without_day_and_amount_is_kept_by_any_payment_within_two_weeks() -> None:
    promises = [{"account_id": name, "date": day(0), "channel": "collector", "outcome": "promise"} for name in "bcd"]
    payments = [
        {"account_id": "b", "date": day(17), "amount": 1.0},
        {"account_id": "c", "date": day(18), "amount": 1.0},
    ]
    months = RecordedMonths(PORTFOLIO, log(CONTACTS, promises), log(PAYMENTS, payments), FIRST, 30)
    assert value(measure(months), "kept") == pytest.approx(1 / 3)


def test_names_of_parts() -> None:
    assert curve_days(30) == (7, 14, 21, 28, 30)
    assert curve_days(14) == (7, 14)
    assert STANDARD.bucket_names(PORTFOLIO["dpd"].to_numpy(int)).tolist() == ["M1", "M1", "M2", "M0", "M7+"]
    assert channels_of([CONTACTS_LOG])[-1] == "whatsapp"
    assert (
        "right_party_calls.morning"
        not in measure(RecordedMonths(PORTFOLIO, CONTACTS_LOG, PAYMENTS_LOG, FIRST, 60)).table()["name"].tolist()
    )


@pytest.mark.parametrize("days", [0, -3])
def test_nothing_to_measure(days: int) -> None:
    with pytest.raises(InputError):
        measure(RecordedMonths(PORTFOLIO, CONTACTS_LOG, PAYMENTS_LOG, FIRST, days))
    with pytest.raises(InputError):
        measure(RecordedMonths(PORTFOLIO[:0], CONTACTS_LOG, PAYMENTS_LOG, FIRST, 30))
    with pytest.raises(InputError, match="b"):
        measure(RecordedMonths(PORTFOLIO.iloc[[0, 1, 1]], CONTACTS_LOG, PAYMENTS_LOG, FIRST, 30))
