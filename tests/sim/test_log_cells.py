"""Cells of a log: how text becomes days, hours, numbers and yes or no, and which cells are refused."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import pytest

from recoup.sim.compliance.auditlog import Writing, read_log, typed_log
from recoup.sim.inputs import InputError


def rows_of(log):
    """The rows of a log in the order of its lines; None where a cell is empty or a column is not there."""
    rows = sorted((row for piece in log.pieces(1000) for row in piece.to_pylist()), key=lambda row: row["line"])
    return [defaultdict(lambda: None, row) for row in rows]


@pytest.fixture
def values(tmp_path: Path):
    def _values(text, column, writing=None):
        """A column of the typed log, in the order of its lines."""
        file = tmp_path / "log.csv"
        file.write_text(text, encoding="utf-8")
        return [row[column] for row in rows_of(read_log(file, writing))]

    return _values


def column(name, *cells):
    return f"account_id,day,{name}\n" + "".join(f"a,1,{cell}\n" for cell in cells)


@pytest.mark.parametrize(
    ("name", "cells", "expected"),
    [
        ("from_hour", ["18:30", "8:05", "09:00:30", "18.5", "0", "24", ""], [18.5, 8 + 5 / 60, 9, 18.5, 0, 24, None]),
        ("done", ["1", "true", "YES", "y", "1.0", "0", "False", "no", "N", "0.0", ""], [True] * 5 + [False] * 5 + [None]),
        ("dpd", ["0", "15", "15.0", "n/a"], [0, 15, 15, None]),
        ("claim", ["0", "1234.56", "-", "NULL"], [0, 1234.56, None, None]),
        ("channel", ["SMS", " visit ", "Letter", "none"], ["sms", "visit", "letter", None]),
        ("discount", ["0", "1", "0.25"], [0, 1, 0.25]),
        ("promise_due", ["9", ""], [9, None]),
        ("recipient", ["Debtor", " a sister "], ["Debtor", "a sister"]),
    ],
)  # fmt: skip
def test_cells_become_what_they_say(values, name, cells, expected):
    assert values(column(name, *cells), name) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("name", "good", "bad", "expected"),
    [
        ("from_hour", "24", "24.01", "a time of day"),
        ("from_hour", "0", "-1", "a time of day"),
        ("from_hour", "8:00", "8h", "a time of day"),
        ("dpd", "0", "-1", "a whole number from 0 to 100,000"),
        ("dpd", "3", "2.5", "a whole number"),
        ("dpd", "100000", "100001", "a whole number"),
        ("discount", "1", "1.01", "a number from 0 to 1"),
        ("months", "1200", "1201", "a whole number from 0 to 1,200"),
        ("channel", "sms", "fax", "one of sms, wechat"),
        ("done", "yes", "perhaps", "true or false"),
        ("budget_left", "-3", "1.5", "a number"),
    ],
)
def test_the_first_cell_that_is_not_as_it_must_be_is_named(values, name, good, bad, expected):
    assert len(values(column(name, good), name)) == 1
    with pytest.raises(InputError, match=f"line 3, column {name}: got '{bad}', expected {expected}"):
        values(column(name, good, bad, bad), name)


def test_every_row_has_an_account_and_a_day(values):
    with pytest.raises(InputError, match=r"line 3, column day: got ''"):
        values("account_id,day\na,1\nb,\n", "day")
    with pytest.raises(InputError, match=r"line 2, column account_id: got ''"):
        values("account_id,day\n-,1\n", "day")
    with pytest.raises(InputError, match=r"line 3, column date: got ''"):
        values("account_id,date\na,2025-01-01\nb,\n", "day")
    with pytest.raises(InputError, match="a column account_id"):
        values("day\n1\n", "day")
    with pytest.raises(InputError, match=r"a column day .* or date"):
        values("account_id\na\n", "day")


def test_days_of_a_dated_log_are_counted_from_its_first_date(values):
    text = "account_id,date,promise_due\na,2025-03-03,2025-03-10\na,2025-02-27,\na,2025-03-01,2025-02-28\n"
    assert values(text, "day") == [4, 0, 2]
    assert values(text, "promise_due") == [11, None, 1]
    assert values("account_id,day,date\na,7,2025-03-03\na,9,2025-03-05\n", "day") == [7, 9]


def test_a_decimal_comma_leaves_no_place_for_a_point(values):
    comma = Writing(delimiter=";", decimal=",")
    assert values("account_id;day;claim\na;1;1234,56\na;1;5\n", "claim", comma) == [1234.56, 5]
    with pytest.raises(InputError, match=r"line 2, column claim: got '5\.000'"):
        values("account_id;day;claim\na;1;5.000\n", "claim", comma)
    with pytest.raises(
        InputError, match=r"column claim: got '5,5', expected a number .*name a decimal mark with --decimal"
    ):
        values('account_id,day,claim\na,1,"5,5"\n', "claim")


def test_what_a_log_has_and_what_no_audit_reads(tmp_path):
    file = tmp_path / "log.csv"
    file.write_text("account_id,day,date,colour\na,1,2025-03-03,red\n")
    log = read_log(file)
    assert log.columns == {"account_id", "day", "date", "day_off"} and log.unread == ("colour",)
    file.write_text("account_id,date\na,2025-03-03\n")
    assert read_log(file).columns == {"account_id", "day", "date", "day_off"}
    file.write_text("account_id,day\na,1\n")
    assert read_log(file).columns == {"account_id", "day"} and read_log(file).unread == ()


def test_lines_are_those_of_the_file(values):
    assert values("account_id,day\na,1\nb,2\n", "line") == [2, 3]


def test_a_log_of_the_simulators_own_needs_no_reading(tmp_path):
    import pandas as pd

    frame = pd.DataFrame({"account_id": ["a"], "day": [3], "channel": ["sms"], "from_hour": [9.5], "done": [True]})
    frame.to_parquet(tmp_path / "log.parquet")
    for source in (frame, tmp_path / "log.parquet"):
        log = typed_log(source)
        (row,) = rows_of(log)
        assert [row[name] for name in ("line", "day", "channel", "from_hour", "done", "dpd")] == [
            1, 3, "sms", 9.5, True, None,
        ]  # fmt: skip
        assert log.columns == {"account_id", "day", "channel", "from_hour", "done"}
