"""Files from outside: every problem named by row, column, value and expectation; nothing guessed in silence."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recoup.scenarios.schema import ROOT, load_scenario
from recoup.sim.inputs import InputError
from recoup.sim.portfolio.importing import inspect, load, sample
from recoup.sim.portfolio.table import FIELD, FILE_FIELDS, Kind

MAP = """
fields:
  account_id: id
  opening_balance: {column: amount, scale: 0.01}
  dpd: days
  sex: {column: sex, values: {1: male, 2: female}}
  credit_score: score
"""
HEADER = "id,amount,days,sex,score\n"


@pytest.fixture
def write(tmp_path: Path):  # type: ignore[no-untyped-def]
    def _write(rows: str, mapping: str = MAP, name: str = "portfolio.csv") -> tuple[Path, Path]:
        file, map_file = tmp_path / name, tmp_path / "map.yaml"
        file.write_text(rows)
        map_file.write_text(mapping)
        return file, map_file

    return _write


def population():  # type: ignore[no-untyped-def]
    return load_scenario("china-consumer").world.population


def test_good_file_is_read_scaled_and_filled(write) -> None:  # type: ignore[no-untyped-def]
    paths = write(HEADER + "a,120050,3,1,700\nb,99,40,2,\n")
    portfolio = load(*paths, population(), seed=0, name="mine")
    table = portfolio.table
    assert table["opening_balance"].tolist() == [1200.50, 0.99]
    assert table["dpd"].tolist() == [3, 40] and table["sex"].tolist() == ["male", "female"]
    assert table["credit_score"].iloc[0] == 700 and 300 <= table["credit_score"].iloc[1] <= 850
    assert portfolio.filled["credit_score"] == 1 and portfolio.filled["monthly_income"] == 2
    assert "opening_balance" not in portfolio.filled
    assert list(table) == [field.name for field in FILE_FIELDS] and not table.isna().any().any()


@pytest.mark.parametrize(
    ("row", "column", "value", "expected"),
    [
        ("c,-5,3,1,700", "amount", "-5", "a number from 0.01"),
        ("c,inf,3,1,700", "amount", "inf", "a number from 0.01"),
        ("c,lots,3,1,700", "amount", "lots", "a number from 0.01"),
        ("c,,3,1,700", "amount", "", "a number from 0.01"),
        ("c,500,99999,1,700", "days", "99999", "a whole number from 0 to 3,650"),
        ("c,500,3.5,1,700", "days", "3.5", "a whole number"),
        ("c,500,3,7,700", "sex", "7", "one of 1, 2"),
        ("c,500,3,1,1200", "score", "1200", "a number from 300 to 850"),
        ("a,500,3,1,700", "id", "a", r"no other row has \(line 2 has it"),
        (",500,3,1,700", "id", "", "a text that is not empty"),
    ],
)
def test_each_problem_names_row_column_value_and_expectation(
    write, row: str, column: str, value: str, expected: str
) -> None:  # type: ignore[no-untyped-def]
    file, map_file = write(HEADER + "a,100,3,1,700\nb,200,4,2,650\n" + row + "\n")
    problems = inspect(file, map_file).problems
    assert [(p.row, p.column, p.value) for p in problems] == [(4, column, value)]
    with pytest.raises(
        InputError, match=rf"portfolio\.csv: line 4, column {column}: got '{value}', expected .*{expected}"
    ):
        load(file, map_file, population(), 0, "mine")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "an empty file"),
        (b"id,amount,days,sex,score\n", "no data rows"),
        (b"id,amount,days,sex,score\na,1,2\n", "the same number of cells"),
        (b"id,amount,days,sex,score\na,1,2,1,700,9\n", "the same number of cells"),
        (b"id,id,days,sex,score\na,1,2,1,700\n", "header, column 2: got 'id'"),
        (HEADER.encode() + "\u5f20,1,2,1,700\n".encode("gb18030"), "line 2, byte 25.*text in utf-8"),
        (b"PAR1 is not a whole parquet file", "a Parquet file of plain columns"),
    ],
)
def test_whole_file_problems_are_one_line(tmp_path: Path, content: bytes, message: str) -> None:
    file, map_file = tmp_path / "portfolio.csv", tmp_path / "map.yaml"
    file.write_bytes(content)
    map_file.write_text(MAP)
    with pytest.raises(InputError, match=message) as caught:
        inspect(file, map_file)
    assert "\n" not in str(caught.value) and str(file) in str(caught.value)


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        (
            MAP.replace("column: amount", "column: amuont"),
            r"line 4, fields.opening_balance: got 'amuont', .*amount \(did you mean",
        ),
        (
            MAP.replace("credit_score", "credit_skore"),
            r"line 7, .*'credit_skore', expected credit_score \(did you mean",
        ),
        (MAP.replace("credit_score", "willingness"), "is hidden"),
        (MAP.replace("  dpd: days\n", ""), "no dpd"),
        (MAP.replace("dpd: days", "dpd: {column: days, constant: 3}"), "exactly one of column"),
        (MAP + "encoding: klingon\n", "klingon"),
        (MAP + "  product: {constant: mortgage}\n", "one of consumer_loan"),
    ],
)
def test_wrong_maps_name_line_and_field(write, mapping: str, message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(InputError, match=message):
        inspect(*write(HEADER + "a,100,3,1,700\n", mapping))


def test_dates_become_days_and_absurd_ones_are_problems(write) -> None:  # type: ignore[no-untyped-def]
    mapping = "fields: {account_id: id, opening_balance: amount, dpd: {date_column: due, as_of: 2025-03-03}}\n"
    rows = "id,amount,due\na,5,2025-03-01\nb,5,1875-01-01\nc,5,2025-02-31\nd,5,2026-01-01\n"
    report = inspect(*write(rows, mapping))
    assert report.table["dpd"].iloc[0] == 2
    assert [(p.row, p.value) for p in report.problems] == [(3, "1875-01-01"), (4, "2025-02-31"), (5, "2026-01-01")]


def test_parquet_reads_as_csv_does(tmp_path: Path) -> None:
    map_file = tmp_path / "map.yaml"
    map_file.write_text(MAP)
    frame = pd.DataFrame({"id": ["a", "b"], "amount": [100, -3], "days": [1, 2], "sex": [1, 2], "score": [600.0, None]})
    frame.to_parquet(tmp_path / "portfolio.parquet")
    report = inspect(tmp_path / "portfolio.parquet", map_file)
    assert report.rows == 2 and report.table["credit_score"].isna().tolist() == [False, True]
    assert [(p.row, p.column, p.value) for p in report.problems] == [(2, "amount", "-3")]


cells = st.text(st.characters(codec="utf-8", exclude_characters='\r\n",\x00\ufeff'), max_size=8)


@settings(max_examples=60, deadline=None)
@given(rows=st.lists(st.tuples(cells, cells, cells, cells, cells), min_size=1, max_size=6))
def test_any_text_is_either_read_within_range_or_named_as_a_problem(tmp_path_factory, rows) -> None:  # type: ignore[no-untyped-def]
    folder = tmp_path_factory.mktemp("any")
    file, map_file = folder / "portfolio.csv", folder / "map.yaml"
    file.write_text(HEADER + "a,1,2,1,700\n" + "".join(",".join(row) + "\n" for row in rows))
    map_file.write_text(MAP)
    report = inspect(file, map_file)
    bad = {problem.row for problem in report.problems}
    for name in ("opening_balance", "dpd", "credit_score"):
        values = report.table[name].dropna()
        assert values.between(FIELD[name].least, FIELD[name].most).all()
        if FIELD[name].kind is Kind.INTEGER:
            assert (values == values.round()).all()
    for line, row in report.table.iterrows():
        if line not in bad:
            assert row[["account_id", "opening_balance", "dpd"]].notna().all()


def test_real_portfolio_ships_clean_and_complete() -> None:
    report = inspect(ROOT / "portfolios" / "uci_credit_card_delinquent.csv", ROOT / "maps" / "uci-taiwan.yaml")
    assert report.rows == 5129 and report.problems == []
    portfolio = load_scenario("taiwan-cards").portfolio(None, 1)
    assert len(portfolio) == 5129 and portfolio.table["opening_balance"].iloc[0] == 3913
    assert portfolio.table["dpd"].iloc[0] == 45 and set(portfolio.table["sex"]) == {"male", "female"}
    assert any("CC BY 4.0" in str(note) for note in portfolio.notes)
    assert "opening_balance" not in portfolio.filled and portfolio.filled["credit_score"] == 5129


def test_sampling_is_by_seed_with_replacement_only_when_short() -> None:
    whole = load_scenario("taiwan-cards").portfolio(None, 1)
    few, again, other = sample(whole, 100, 1), sample(whole, 100, 1), sample(whole, 100, 2)
    assert few.table.equals(again.table) and not few.table.equals(other.table)
    assert few.table["account_id"].is_unique
    many = sample(whole, 6000, 1)
    assert len(many) == 6000 and many.table["account_id"].is_unique and "with replacement" in str(many.notes[-1])
    assert sample(whole, 5129, 3) is whole


@settings(max_examples=20, deadline=None)
@given(accounts=st.integers(1, 300), seed=st.integers(0, 2**63 - 1))
def test_synthetic_portfolios_satisfy_the_schema_and_are_prefixes_of_larger_ones(accounts: int, seed: int) -> None:
    scenario = load_scenario("china-consumer")
    table = scenario.portfolio(accounts, seed).table
    assert table.equals(scenario.portfolio(accounts + 50, seed).table.head(accounts))
    for field in FILE_FIELDS:
        column = table[field.name]
        assert not column.isna().any()
        if field.kind in (Kind.INTEGER, Kind.NUMBER):
            assert column.between(field.least, field.most).all() and np.isfinite(column).all()
        elif field.values:
            assert set(column) <= set(field.values)
