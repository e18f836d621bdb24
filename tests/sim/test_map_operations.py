"""What a column map can make of columns and rows: sums, the first that is known, buckets, dates in several forms, ranges, rows skipped."""

from __future__ import annotations

import csv
from datetime import date, timedelta

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recoup.scenarios.schema import load_scenario
from recoup.sim.inputs import InputError
from recoup.sim.portfolio.columnmap import ColumnMap
from recoup.sim.portfolio.dates import parse_dates, parse_hours, read_differently
from recoup.sim.portfolio.importing import inspect, load
from recoup.sim.portfolio.numbers import parse_numbers
from recoup.sim.remarks import Remark
from tests.command import recoup

LEAST = "fields:\n  account_id: id\n  opening_balance: bal\n  dpd: dpd\n"
HOME = load_scenario("china-consumer").world.population


@pytest.fixture
def book(tmp_path):
    def write(content, mapping=LEAST):
        file, map_file = tmp_path / "book.csv", tmp_path / "map.yaml"
        file.write_text(content, encoding="utf-8")
        map_file.write_text(mapping, encoding="utf-8")
        return file, map_file

    return write


def of(book, name, mapping, header, *rows):
    """A field's values where id, bal and dpd are a row's own, and the rest is as given."""
    text = f"id,bal,dpd,{header}\n" + "".join(f"a{n},1,1,{row}\n" for n, row in enumerate(rows))
    head, _, fields = mapping.rpartition("|")
    return inspect(*book(text, head.replace("|", "\n") + "\n" + LEAST + f"  {name}: {fields}\n"))


def values(found, name):
    return [None if value != value else value for value in found.table[name].tolist()]


# ---- made of several columns ----


def test_a_claim_is_the_sum_of_its_parts_and_a_blank_one_is_nought(book):
    rows = "id,dpd,cap,int,paid\na,1,100.10,5.20,0.30\nb,1,0.3,,0.1\nc,1,,,\nd,1,x,1,1\n"
    mapping = "fields: {account_id: id, opening_balance: {sum: [cap, int]}, dpd: dpd, monthly_income: {difference: [cap, int, paid], scale: 12}}\n"
    found = inspect(*book(rows, mapping))
    assert values(found, "opening_balance") == [105.3, 0.3, None, None]
    assert found.table["monthly_income"].tolist()[:2] == pytest.approx([94.6 * 12, 0.2 * 12], abs=1e-9)
    # c: a required sum of blanks; d: a part that is no number, in both fields.
    assert [(p.row, p.column, p.value) for p in found.problems] == [
        (4, "cap, int", " + "), (5, "cap, int", "x + 1"), (5, "cap, int, paid", "x + 1 + 1")
    ]  # fmt: skip


def test_a_difference_of_nought_is_no_credit_balance(book):
    mapping = (
        "rows: {drop: [zero_balance]}\nfields: {account_id: id, opening_balance: {difference: [due, p, q]}, dpd: dpd}\n"
    )
    found = inspect(*book("id,dpd,due,p,q\na,1,0.3,0.1,0.2\nb,1,5,1,1\nc,1,,,\n", mapping))
    assert found.dropped == {Remark("zero_balance"): 1} and values(found, "opening_balance") == [3, None]
    assert [p.row for p in found.problems] == [4]  # nothing is known of c, and so no balance of nought


def test_the_first_column_that_says_something(book):
    found = of(book, "region", "{first_of: [home, work]}", "home,work", "Kiel,Ulm", ",Ulm", "n/a,", "-,Kiel")
    assert values(found, "region") == ["Kiel", "Ulm", None, "Kiel"]
    found = of(book, "monthly_income", "{first_of: [x, y], scale: 2}", "x,y", "5,7", ",7", ",")
    assert values(found, "monthly_income") == [10, 14, None]


def test_accounts_named_by_the_first_of_two_columns_are_still_told_apart(book):
    mapping = LEAST.replace("account_id: id", "account_id: {first_of: [id, old]}")
    found = inspect(*book("id,old,bal,dpd\na,x,1,1\n,b,1,1\n,a,1,1\n", mapping))
    assert values(found, "account_id") == ["a", "b", None]
    assert [(p.row, p.value) for p in found.problems] == [(4, "a")] and "line 2 has it" in str(
        found.problems[0].expected
    )


def test_buckets_go_by_the_greatest_bound_that_is_not_above(book):
    rows = ["0", "4999.99", "5000", "1e6", "-1", "x", ""]
    found = of(book, "region", "{column: limit, buckets: {5000: big, 0: small}}", "limit", *rows)
    assert values(found, "region") == ["small", "small", "big", "big", None, None, None]
    assert [p.value for p in found.problems] == ["-1", "x"] and "a number of at least 0" in str(
        found.problems[0].expected
    )
    found = of(book, "early_warning", "{column: s, scale: 10, buckets: {300: 0.9, 600: 0.2}}", "s", "30", "59.9", "60")
    assert values(found, "early_warning") == [0.9, 0.9, 0.2]
    found = of(book, "stable_assets", "{column: limit, buckets: {0: 'no', 5000: 'yes'}}", "limit", "1", "5000")
    assert values(found, "stable_assets") == [0, 1]


# ---- translated ----


def test_texts_that_are_not_named_and_texts_that_say_nothing(book):
    found = of(
        book,
        "stable_assets",
        "{column: h, values: {own: 'yes', rent: 'no', '?': ''}, otherwise: 'no'}",
        "h",
        "own",
        "hotel",
        "?",
        "",
    )
    assert values(found, "stable_assets") == [1, 0, None, None] and found.problems == []
    found = of(book, "sex", "{column: h, values: {M: male}, otherwise: ''}", "h", "M", "X", "")
    assert values(found, "sex") == ["male", None, None] and found.problems == []
    found = of(book, "age", "{column: h, values: {old: 70}, otherwise: 30}", "h", "old", "young")
    assert values(found, "age") == [70, 30]


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("region: {sum: [bal, dpd]}", "a sum or difference"),
        ("age: {sum: [bal]}", "at least 2"),
        ("age: {column: ''}", "at least 1 character"),
        ("age: {date_column: '', as_of: 2025-01-01}", "at least 1 character"),
        ("age: {sum: [bal, '']}", "at least 1 character"),
        ("age: {column: bal, first_of: [bal, dpd]}", "exactly one of column, constant, sum"),
        ("sex: {column: id, otherwise: male}", "values beside otherwise"),
        ("sex: {column: id, values: {a: male}, otherwise: man}", "otherwise: got 'man', expected one of female, male"),
        ("sex: {column: bal, buckets: {0: man}}", "buckets.0: got 'man', expected one of female, male"),
        ("age: {column: bal, buckets: {0: old}}", "buckets.0: got 'old', expected a number"),
        ("age: {date_column: id, buckets: {0: 1}}", "buckets beside a number"),
        ("age: {date_column: id}", "as_of .* beside date_column"),
        ("age: {date_column: id, as_of: 2025-01-01, as_of_column: bal}", "not both"),
        ("age: {date_column: id, as_of: 2025-01-01, format: ['%Y', '%Q']}", "a date format, as in"),
        ("region: {column: nothere}\n  sex: {column: neither}", r"got 'nothere', expected a column of book.csv.*; line 6, fields.sex: 'neither' lacks too"),
    ],
)  # fmt: skip
def test_mappings_that_cannot_be(book, field, expected):
    with pytest.raises(InputError, match=expected):
        inspect(*book("id,bal,dpd\na,1,1\n", LEAST + f"  {field}\n"))


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("for: contacts", "for: got 'contacts', expected portfolio, which this command reads"),
        ("table: a\nquery: SELECT 1", "table or query, not both"),
        ("rows: {range: {bal: {least: 1, until: 2025-01-01}}}", "least or most"),
        ("rows: {range: {nothere: {least: 1}}}", "rows.range: got 'nothere'"),
        ("header: 0", "header: got 0"),
        ("dates: []", "dates: got"),
        ("bad_rows: drop", "'error' or 'skip'"),
        ("rows: {only: {'': [a]}}", "rows.only: got '', expected names"),
    ],
)
def test_maps_that_cannot_be(book, line, expected):
    with pytest.raises(InputError, match=expected):
        inspect(*book("id,bal,dpd\na,1,1\n", line + "\n" + LEAST))


# ---- dates ----


def test_dates_in_several_forms_and_as_spreadsheets_number_them(book):
    mapping = "dates: ['%d/%m/%Y', '%Y年%m月%d日', excel]|as_of: 2025-03-03|{date_column: since}"
    # 45658 is 1 January 2025 in Excel; 45658.75 its evening.
    found = of(book, "tenure_months", mapping, "since", "03/02/2025", "2025年1月3日", "45658.75", "2025-01-03", "")
    assert values(found, "tenure_months") == [1, 2, 2, None, None]
    assert [p.value for p in found.problems] == ["2025-01-03"]
    assert "a date in the format %d/%m/%Y, %Y年%m月%d日, excel" in str(found.problems[0].expected)


def test_a_span_between_two_columns(book):
    mapping = LEAST.replace("dpd: dpd", "dpd: {date_column: due, as_of_column: seen}")
    found = inspect(
        *book(
            "id,bal,due,seen\na,1,2025-01-31,2025-03-01\nb,1,2025-01-31,2025-01-31\nc,1,2025-02-01,2025-01-31\n",
            mapping,
        )
    )
    assert values(found, "dpd") == [29, 0, None] and [p.row for p in found.problems] == [4]


def test_a_date_that_two_forms_read_differently_is_doubted(book):
    found = of(
        book,
        "age",
        "as_of: 2025-01-01|{date_column: born, format: ['%d/%m/%Y', '%m/%d/%Y']}",
        "born",
        "03/04/1980",
        "25/12/1980",
        "12/25/1980",
    )
    assert values(found, "age") == [44, 44, 44]
    assert [str(doubt) for doubt in found.doubts if doubt.code == "dates"] == [
        "age: 1 dates fit two of the map's formats as different days, as in '03/04/1980'; the first format that fits counts"
    ]  # fmt: skip


FORMS = ["%Y-%m-%d", "%d.%m.%Y", "%m/%d/%Y", "%Y%m%d", "%d %b %Y", "%Y年%m月%d日", "%d-%b-%y"]


@settings(max_examples=150, deadline=None)
@given(day=st.dates(date(1969, 1, 1), date(2068, 12, 31)), form=st.sampled_from(FORMS), other=st.sampled_from(FORMS))
def test_every_day_comes_back_from_every_form(day, form, other):
    text = pa.array([day.strftime(form), "", "32.13.2025"])
    found = parse_dates(text, [form])
    assert found[0].date() == day and found.isna().tolist() == [False, True, True]
    both = parse_dates(text[:1], [form, other])[0].date()
    assert both == day and bool(read_differently(text[:1], [form, form])[0]) is False


@given(day=st.dates(date(1900, 3, 1), date(2199, 12, 31)), seconds=st.integers(0, 86_399))
def test_spreadsheets_count_days_from_the_end_of_1899(day, seconds):
    serial = (day - date(1899, 12, 31)).days + 1 + seconds / 86_400  # they take 1900 for a leap year
    found = parse_dates(pa.array([repr(serial)]), ["excel"])[0]
    assert found.date() == day and found - found.normalize() == timedelta(seconds=seconds)


@given(hour=st.integers(0, 23), minute=st.integers(0, 59), second=st.integers(0, 59))
def test_times_of_day_in_all_their_forms(hour, minute, second):
    expected = hour + minute / 60
    half = f"{hour % 12 or 12}:{minute:02} {'pm' if hour >= 12 else 'AM'}"
    texts = [
        f"{hour}:{minute:02}",
        half,
        f"{hour:02}:{minute:02}:{second:02}",
        f"2025-01-05 {hour:02}:{minute:02}",
        repr(expected),
    ]
    found = parse_hours(pa.array(texts), ["%Y-%m-%d %H:%M"])
    np.testing.assert_allclose(found, [expected, expected, expected + second / 3600, expected, expected], atol=1e-9)


@pytest.mark.parametrize("text", ["24:30", "25", "-1", "12:60", "13 pm", "0 am", "noon", "", "1:2:3"])
def test_what_is_no_time_of_day(text):
    assert np.isnan(parse_hours(pa.array([text]))).all()


# ---- money ----


@settings(max_examples=300, deadline=None)
@given(
    cents=st.integers(-(10**11), 10**11),
    marks=st.sampled_from([(".", ","), (",", "."), (",", " "), (".", "'"), (".", "")]),
    sign=st.sampled_from(["", "$", "€ ", " CNY"]),
    minus=st.sampled_from(["-{}", "({})", "{}-", "\u2212{}"]),
    space=st.sampled_from([" ", "\u00a0", "\u202f"]),
)
def test_every_amount_comes_back_from_every_way_to_write_it(cents, marks, sign, minus, space):
    decimal, thousands = marks
    whole, rest = divmod(abs(cents), 100)
    grouped = f"{whole:,}".replace(",", space if thousands == " " else thousands)
    text = f"{grouped}{decimal}{rest:02}"
    text = text + sign if sign.startswith(" ") else sign + text
    text = minus.format(text) if cents < 0 else text
    mapping = ColumnMap.model_construct(decimal=decimal, thousands=thousands, currency=["$", "€", "CNY"])
    (found,) = parse_numbers(pa.array([text]), mapping)
    assert round(found * 100) == cents, text


@pytest.mark.parametrize(
    ("text", "value"), [("20%", 0.2), ("20 %", 0.2), ("-5%", -0.05), ("0.5％", 0.005), ("(10%)", -0.1)]
)
def test_a_percent_sign_is_a_hundredth(text, value):
    plain = ColumnMap.model_construct(decimal=".", thousands="", currency=[])
    assert parse_numbers(pa.array([text]), plain) == pytest.approx([value])
    assert np.isnan(parse_numbers(pa.array(["%", "20%%", "%20"]), plain)).all()


# ---- rows ----


def test_rows_within_bounds_the_ends_among_them(book):
    rows = "id,bal,dpd,when\na,10,1,2025-01-01\nb,20,2,2025-01-31\nc,30,3,2025-02-01\nd,x,4,\ne,25,5,2025-01-15\n"
    found = inspect(*book(rows, "rows: {range: {bal: {least: 20, most: 30}}}\n" + LEAST))
    assert values(found, "account_id") == ["b", "c", "e"] and found.dropped == {
        Remark("outside", {"column": "bal", "least": "20", "most": "30"}): 2
    }
    found = inspect(*book(rows, "rows: {range: {when: {from: 2025-01-01, until: 2025-01-31}}}\n" + LEAST))
    assert values(found, "account_id") == ["a", "b", "e"]
    assert found.dropped == {Remark("outside", {"column": "when", "least": "2025-01-01", "most": "2025-01-31"}): 2}


BAD = "id,bal,dpd\na,10,1\nb,x,2\nc,30,-1\nc2,30\nd,y,z\na,40,9\ne,50,5\n"


def test_rows_that_cannot_be_used_stop_or_are_skipped_as_the_map_says(book, tmp_path):
    paths = book(BAD)
    assert [(p.row, p.column) for p in inspect(*paths).problems] == [(3, "bal"), (4, "dpd"), (5, ""), (6, "bal"), (6, "dpd"), (7, "id")]  # fmt: skip
    with pytest.raises(InputError) as caught:
        load(*paths, HOME, 0, "x")
    assert "line 3, column bal: got 'x'" in str(caught.value) and "line 5, whole row: '2 cells'" in str(caught.value)
    assert "`recoup portfolio check` lists all" in str(caught.value)
    paths = book(BAD, "bad_rows: skip\n" + LEAST)
    portfolio = load(*paths, HOME, 0, "x")
    assert portfolio.table["account_id"].tolist() == ["a", "e"]
    assert any("5 rows (cannot be used, and the map says to skip such rows)" in str(note) for note in portfolio.notes)
    done = recoup("portfolio", "check", *paths[:1], "--map", paths[1], "--problems", tmp_path / "problems.csv")
    assert done.returncode == 0 and "6 problems; the map says to skip such rows" in done.stdout
    with (tmp_path / "problems.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["line", "column", "value", "expected"] and [row[:3] for row in rows[1:3]] == [
        ["3", "bal", "x"],
        ["4", "dpd", "'-1"],
    ]
    assert len(rows) == 7
    again = recoup("portfolio", "check", *paths[:1], "--map", paths[1], "--problems", tmp_path / "problems.csv")
    assert again.returncode == 2 and "problems.csv" in again.stderr


def test_a_file_of_which_nothing_can_be_used_is_refused_although_rows_may_be_skipped(book):
    with pytest.raises(InputError, match=r"line 2, column bal: got 'x', expected .*; no row can be used"):
        inspect(*book("id,bal,dpd\na,x,1\nb,y,1\n", "bad_rows: skip\n" + LEAST))


def test_many_faults_are_all_counted_and_the_first_ones_named(book):
    rows = "id,bal,dpd\n" + "".join(f"a{n},x,1\n" for n in range(12_000)) + "b,1,1\n"
    found = inspect(*book(rows))
    assert (found.problem_count, len(found.problems), len(found.unusable)) == (12_000, 10_000, 12_000)
    with pytest.raises(InputError, match="11,994 more problems"):
        found.require_usable("recoup portfolio check")


def test_the_header_stands_below_a_title(book):
    found = inspect(*book('Ledger of 3 March\n"with, a" title\n\nid,bal,dpd\na,1,2\nb,x,3\n', "header: 4\n" + LEAST))
    assert values(found, "account_id") == ["a", "b"] and [p.row for p in found.problems] == [6]
    assert (found.cells.lines, found.cells.blank, len(found.cells.places)) == (6, 0, 2)
    with pytest.raises(InputError, match="got '3 lines', expected a line 9 with the names of the columns"):
        inspect(*book("a\nb\nc\n", "header: 9\n" + LEAST))
