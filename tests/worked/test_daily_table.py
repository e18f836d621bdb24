"""The daily table against a book kept by hand, column by column."""

from __future__ import annotations

import pytest

from tests.worked.book import BOOK, kept_book
from tests.worked.tiny import SURE, day, days, debtors, simulate, until, world


@pytest.fixture(scope="module")
def table():
    return kept_book().daily_table()


@pytest.mark.parametrize("column", list(BOOK))
def test_each_column_is_what_the_book_says(table, column):
    assert table[column].tolist() == pytest.approx(BOOK[column], rel=1e-8)


def test_events_that_did_not_happen_are_not_counted(table):
    for column in (
        "promises",
        "offers",
        "complaints",
        "suits",
        "judgments",
        "seizures",
        "breaches",
        "blocked",
        "unserved",
    ):
        assert table[column].sum() == 0, column


def test_the_balance_moves_by_what_comes_and_goes(table):
    t = table
    moved = t["interest"] + t["fees"] - t["cash"] - t["forgiven"]
    assert (4_000_000 + moved.cumsum()).tolist() == BOOK["balance"]


def test_court_fees_are_booked_on_the_day_of_the_judgment():
    # Filed on day 1 with a claim of 20,009.86: (50 + 2.5 % of 10,009.86) / 2 = 150.12, advanced with 500.00 of handling.
    courts = {"filing_days": (1, 1), "hearing_days": (1, 1), "win": 1.0, "closed_on_holidays": False}
    simulation = simulate(world(courts=courts), debtors(20_000, 20_000))
    day(simulation, {0: "suit"})
    days(simulation, 3)
    table = simulation.daily_table()
    assert table["suits"].tolist() == [1, 0, 0, 0]
    assert table["cost"].tolist() == [0, 65_012, 0, 0]
    assert table["judgments"].tolist() == [0, 0, 1, 0]
    assert table["fees"].tolist() == [0, 0, 15_012, 0]
    assert table["balance"].tolist() == [4_000_000, 4_001_972, 4_003_944 + 15_012, 4_005_916 + 15_012]
    assert table["legal_active"].tolist()[1:] == [1, 0, 0] and table["legal_capacity"].tolist() == [1] * 4


def test_fees_of_two_judgments_are_not_added_up_over_days():
    courts = {"filing_days": (1, 1), "hearing_days": (1, 1), "win": 1.0, "closed_on_holidays": False}
    simulation = simulate(
        world(courts=courts, annual_rate=0.0, operations={"legal_cases_per_1000_accounts": 1000}), debtors(9_000, 9_000)
    )
    day(simulation, {0: "suit"})
    day(simulation, {1: "suit"})
    days(simulation, 3)
    assert simulation.daily_table()["fees"].tolist() == [0, 0, 2_500, 2_500, 0]  # half of 50.00 each


def test_what_is_written_off():
    # 30 days past due on day 0; written off at 33: in the evening of day 3, and not the one who is on a plan.
    simulation = simulate(world(write_off_dpd=33, behaviour={"plan_base": SURE}), debtors(10_000, 10_000))
    simulation.accounts["plan_months"][1] = 6
    until(simulation, 2)
    assert simulation.accounts["written_off"].tolist() == [0, 0]
    days(simulation, 1)
    assert simulation.accounts["written_off"].tolist() == [1_000_000 + 3 * 493, 0]
    assert simulation.daily_table()["written_off"].tolist() == [0, 0, 0, 1]
    assert simulation.accounts_table()["status"].tolist() == ["written_off", "open"]


def test_a_claim_in_court_is_not_written_off():
    simulation = simulate(world(write_off_dpd=33), debtors(10_000, 10_000))
    day(simulation, {1: "suit"})
    days(simulation, 4)
    assert simulation.accounts_table()["status"].tolist() == ["written_off", "open"]
