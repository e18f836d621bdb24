"""Small files whose accounts are known beforehand: cents, days, shares and names after the map."""

from __future__ import annotations

from datetime import datetime

import numpy as np
import pandas as pd
import pytest

from recoup.scenarios.schema import load_scenario
from recoup.sim.compliance.rules import RulePack
from recoup.sim.inputs import InputError
from recoup.sim.portfolio.cells import read_cells
from recoup.sim.portfolio.importing import inspect, load, sample
from recoup.sim.portfolio.table import Portfolio
from recoup.sim.simulation import Simulation

HOME = load_scenario("china-consumer").world
FREE = RulePack(name="free", title="no rules", rules=[])
LEAST = "fields:\n  account_id: id\n  opening_balance: amount\n  dpd: days\n"


@pytest.fixture
def files(tmp_path):
    def write(rows, mapping=LEAST, encoding="utf-8"):
        file, map_file = tmp_path / "portfolio.csv", tmp_path / "map.yaml"
        file.write_bytes(rows.encode(encoding))
        map_file.write_text(mapping, encoding="utf-8")
        return file, map_file

    return write


def imported(paths, seed=0):
    return load(*paths, HOME.population, seed, "mine")


def column(paths, name):
    return imported(paths).table[name].tolist()


def cents(paths):
    return Simulation(HOME, imported(paths), FREE, 1).accounts["opening"].tolist()


# ---- money ----


@pytest.mark.parametrize(
    ("marks", "written", "expected"),
    [
        ("", "1234.56", 1234.56),
        ("thousands: ','\ndelimiter: ';'\n", "1,234.56", 1234.56),
        ("thousands: ','\ndelimiter: ';'\n", "1,234,567.80", 1234567.80),
        ("decimal: ','\ndelimiter: ';'\n", "1234,56", 1234.56),
        ("decimal: ','\nthousands: '.'\ndelimiter: ';'\n", "1.234,56", 1234.56),
        ("decimal: ','\nthousands: '.'\ndelimiter: ';'\n", "5.000", 5000),
        ("thousands: ' '\n", "12 345.6", 12345.6),
        ('thousands: "\'"\n', "12'345", 12345),
        ("delimiter: '|'\n", " 99 ", 99),
    ],
)
def test_thousands_and_decimal_marks(files, marks, written, expected):
    mark = next((d for d in ";|" if f"'{d}'" in marks), ",")
    rows = f"id{mark}amount{mark}days\na{mark}{written}{mark}3\n"
    assert column(files(rows, marks + LEAST), "opening_balance") == [expected]


def test_a_point_is_no_part_of_a_number_where_the_decimal_mark_is_a_comma(files):
    found = inspect(*files("id;amount;days\na;5.000;3\nb;5,5;3\n", "decimal: ','\ndelimiter: ';'\n" + LEAST))
    assert [(p.row, p.column, p.value) for p in found.problems] == [(2, "amount", "5.000")]


def test_a_thousands_mark_that_was_not_named_is_a_problem(files):
    found = inspect(*files('id,amount,days\na,"1,234.56",3\n'))
    assert [(p.row, p.value) for p in found.problems] == [(2, "1,234.56")]


def test_scale_comes_before_offset(files):
    mapping = (
        "fields:\n  account_id: id\n  opening_balance: {column: amount, scale: 0.01}\n"
        "  dpd: {column: months, scale: 30, offset: -5}\n"
    )
    paths = files("id,amount,months\na,250,12\n", mapping)
    assert column(paths, "opening_balance") == [2.5] and column(paths, "dpd") == [355]  # 12 · 30 − 5 days


# ---- days ----


@pytest.mark.parametrize(
    ("form", "due", "as_of", "days"),
    [
        ("%Y-%m-%d", "2024-02-28", "2024-03-01", 2),  # a leap year
        ("%Y-%m-%d", "2025-02-28", "2025-03-01", 1),
        ("%d.%m.%Y", "03.02.2025", "2025-03-03", 28),
        ("%m/%d/%Y", "03/02/2025", "2025-03-03", 1),
        ("%Y%m%d", "20241231", "2025-01-01", 1),
        ("%Y-%m-%d", "2025-03-03", "2025-03-03", 0),
    ],
)
def test_days_past_due_from_a_date(files, form, due, as_of, days):
    mapping = (
        "fields:\n  account_id: id\n  opening_balance: amount\n"
        f'  dpd: {{date_column: due, as_of: {as_of}, format: "{form}"}}\n'
    )
    assert column(files(f"id,amount,due\na,5,{due}\n", mapping), "dpd") == [days]


def test_dates_of_a_parquet_file_count_by_day(tmp_path):
    frame = pd.DataFrame({"id": ["a"], "amount": [12.34], "due": [datetime(2025, 3, 1, 23, 59)]})
    frame.to_parquet(tmp_path / "portfolio.parquet")
    (tmp_path / "map.yaml").write_text(
        "fields:\n  account_id: id\n  opening_balance: amount\n  dpd: {date_column: due, as_of: 2025-03-03}\n"
    )
    paths = tmp_path / "portfolio.parquet", tmp_path / "map.yaml"
    assert column(paths, "dpd") == [2] and column(paths, "opening_balance") == [12.34]


def test_moments_of_a_parquet_file_are_days_where_all_are_at_midnight(tmp_path):
    """As people write them in the map: a code book of days has `2025-03-01`, not midnight."""
    days, moments = [datetime(2025, 3, 1), datetime(2025, 3, 2)], [datetime(2025, 3, 1), datetime(2025, 3, 2, 8, 30)]
    frame = pd.DataFrame(
        {"opened": days, "seen": moments, "never": pd.Series([pd.NaT, pd.NaT], dtype="datetime64[ns]")}
    )
    frame.to_parquet(tmp_path / "portfolio.parquet")
    table = read_cells(tmp_path / "portfolio.parquet").table.to_pydict()
    assert table["opened"] == ["2025-03-01", "2025-03-02"]
    assert table["seen"] == ["2025-03-01 00:00:00", "2025-03-02 08:30:00"]
    assert table["never"] == [None, None]


# ---- what is derived and translated ----

MORE = LEAST + (
    "  prior_delinquencies: {count_at_least: {columns: [m1, m2, m3], threshold: 2}}\n"
    "  sex: {column: sex, values: {1: male, 2: female}}\n"
    "  stable_assets: house\n"
    "  product: {constant: credit_card}\n"
    "  payday: {constant: 15}\n"
)


def test_columns_are_counted_from_the_threshold_on(files):
    rows = "id,amount,days,m1,m2,m3,sex,house\na,5,3,2,1,3,1,yes\nb,5,3,1.99,0,-2,2,N\nc,5,3,2,2,2,2,0\n"
    table = imported(files(rows, MORE)).table
    assert table["prior_delinquencies"].tolist() == [2, 0, 3]
    assert table["sex"].tolist() == ["male", "female", "female"]
    assert table["stable_assets"].tolist() == [True, False, False]
    assert table["product"].tolist() == ["credit_card"] * 3 and table["payday"].tolist() == [15] * 3


def test_a_count_over_a_blank_cell_is_a_problem_and_over_blanks_alone_unknown(files):
    rows = "id,amount,days,m1,m2,m3,sex,house\na,5,3,2,,3,1,1\nb,5,3,,,,2,1\n"
    found = inspect(*files(rows, MORE))
    assert [(p.row, p.column) for p in found.problems] == [(2, "m1, m2, m3")]
    assert found.table["prior_delinquencies"].isna().tolist() == [True, True]


def test_every_way_to_write_yes_and_no(files):
    words = ["1", "true", "YES", "y", "0", "False", "no", "N"]
    rows = "id,amount,days,house\n" + "".join(f"{n},5,3,{word}\n" for n, word in enumerate(words))
    paths = files(rows, LEAST + "  stable_assets: house\n")
    assert column(paths, "stable_assets") == [True] * 4 + [False] * 4


def test_blank_cells_are_drawn_and_counted_and_known_ones_kept(files):
    blanks = ["", "NA", "n/a", "null", "None", "nan", "-"]
    rows = "id,amount,days,score\nfirst,5,3,612\n" + "".join(f"{n},5,3,{blank}\n" for n, blank in enumerate(blanks))
    portfolio = imported(files(rows, LEAST + "  credit_score: score\n"))
    assert portfolio.table["credit_score"].iloc[0] == 612
    assert portfolio.filled["credit_score"] == len(blanks) == 7
    assert portfolio.filled["age"] == 8 and "dpd" not in portfolio.filled


def test_a_blank_in_a_required_column_is_a_problem(files):
    found = inspect(*files("id,amount,days\na,5,\nb,,3\nc,5,3\n"))
    assert [(p.row, p.column) for p in found.problems] == [(2, "days"), (3, "amount")]


@pytest.mark.parametrize(
    ("field", "good", "bad"),
    [
        ("opening_balance", ["0.01", "1000000000"], ["0", "0.009", "1000000000.01"]),
        ("dpd", ["0", "3650"], ["-1", "3651", "2.5"]),
        ("credit_score", ["300", "850"], ["299.9", "850.1"]),
        ("early_warning", ["0", "1"], ["-0.01", "1.01"]),
        ("payday", ["1", "28"], ["0", "29"]),
        ("age", ["18", "120"], ["17", "121"]),
        ("tenure_months", ["0", "1200"], ["-1", "1201"]),
        ("prior_delinquencies", ["0", "100"], ["-1", "101"]),
        ("monthly_income", ["0", "100000000"], ["-1", "100000001"]),
    ],
)
def test_the_ends_of_each_range_are_good_and_what_lies_beyond_is_not(files, field, good, bad):
    columns = {"account_id": "id", "opening_balance": "amount", "dpd": "days", field: "x"}
    mapping = "fields:\n" + "".join(f"  {ours}: {theirs}\n" for ours, theirs in columns.items())
    rows = "".join(f"{n},5,3,{value}\n" for n, value in enumerate([*good, *bad]))
    found = inspect(*files("id,amount,days,x\n" + rows, mapping))
    assert [p.value for p in found.problems] == bad
    assert found.table[field].notna().tolist() == [True] * len(good) + [False] * len(bad)


def test_text_in_the_files_own_encoding(files):
    rows = "id,amount,days,region\n甲,5,3,华东\n"
    paths = files(rows, "encoding: gb18030\n" + LEAST + "  region: region\n", "gb18030")
    assert column(paths, "region") == ["华东"] and column(paths, "account_id") == ["甲"]


def test_one_field_may_have_one_source_and_a_date_needs_its_day(files):
    rows = "id,amount,days\na,5,3\n"
    for wrong, expected in (
        ("{column: days, constant: 3}", "exactly one of"),
        ("{}", "exactly one of"),
        ("{date_column: days}", "as_of"),
        ('{date_column: days, as_of: 2025-03-03, format: "%Q"}', "a date format"),
    ):
        with pytest.raises(InputError, match=expected):
            inspect(*files(rows, LEAST.replace("dpd: days", f"dpd: {wrong}")))
    with pytest.raises(InputError, match="other than the decimal mark"):
        inspect(*files(rows, "decimal: ','\nthousands: ','\n" + LEAST))


# ---- choosing among them ----


def test_a_sample_keeps_the_order_of_the_file_and_takes_nobody_twice(files):
    whole = imported(files("id,amount,days\n" + "".join(f"{n:03},{n + 1},{n}\n" for n in range(200))))
    few = sample(whole, 50, 1).table
    assert len(few) == 50 and few["dpd"].is_monotonic_increasing and few["dpd"].is_unique
    assert (few["opening_balance"] == few["dpd"] + 1).all()
    # Each account is as likely as any other: 50 of 200 over 80 seeds is 20 times each, give or take 4 (binomial).
    times = np.bincount(np.concatenate([sample(whole, 50, seed).table["dpd"] for seed in range(80)]), minlength=200)
    assert times.mean() == 20 and times.min() >= 5 and times.max() <= 38


def test_more_accounts_than_the_file_has_are_copies_with_names_of_their_own(files):
    whole = imported(files("id,amount,days\na,1,1\nb,2,2\n"))
    many = sample(whole, 40, 3).table
    firsts, copies = many["account_id"].str[0], many.groupby("dpd").cumcount()
    expected = [name if copy == 0 else f"{name}~{copy}" for name, copy in zip(firsts, copies, strict=True)]
    assert many["account_id"].tolist() == expected
    assert (many["dpd"] == firsts.map({"a": 1, "b": 2})).all() and 8 <= (firsts == "a").sum() <= 32


def test_drawing_with_replacement_is_even(files):
    whole = imported(files("id,amount,days\n" + "".join(f"{n:03},5,{n}\n" for n in range(100))))
    drawn = sample(whole, 4000, 1).table["dpd"]
    # Of 4,000 draws a quarter falls into each quarter of the file, give or take 27 (binomial).
    assert all(abs(((drawn >= first) & (drawn < first + 25)).sum() - 1000) < 110 for first in (0, 25, 50, 75))


def test_what_is_drawn_depends_on_the_row_and_the_seed_alone(files):
    paths = files("id,amount,days\na,5,3\nb,5,3\n")
    one, again, other = (imported(paths, seed).table for seed in (1, 1, 2))
    assert one.equals(again) and not one.equals(other)
    short = imported(files("id,amount,days\nx,5,3\n"), 1).table
    assert short.drop(columns="account_id").equals(one.head(1).drop(columns="account_id"))


def test_the_age_at_which_a_world_writes_off_is_too_old(files):
    world = HOME.model_copy(update={"write_off_dpd": 100})
    table = imported(files("id,amount,days\na,5,99\n")).table
    assert len(Simulation(world, Portfolio(table, "p"), FREE, 1).accounts) == 1
    with pytest.raises(InputError, match=r"account a, dpd: got 100, expected below 100"):
        Simulation(world, Portfolio(table.assign(dpd=100), "p"), FREE, 1)


def test_currency_becomes_whole_cents(files):
    # 19.99 * 100 is 1998.999… and 1.10 * 100 is 110.00000000000001 in floating point: neither may lose or win a cent.
    assert cents(files("id,amount,days\na,19.99,1\nb,1.10,1\nc,0.01,1\nd,1234567.89,1\n")) == [1999, 110, 1, 123456789]
