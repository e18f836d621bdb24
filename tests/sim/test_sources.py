"""Tables from workbooks, gzip, DuckDB and SQLite files and by a database's address: the same cells, with their places, and no password shown."""

from __future__ import annotations

import datetime
import gzip
import sqlite3
import sys
from decimal import Decimal
from importlib.util import find_spec

import duckdb
import openpyxl
import pandas as pd
import pytest

from recoup.experiments.comparison.settings import Comparison
from recoup.experiments.runs.console import command_line
from recoup.sim.inputs import InputError, files_by
from recoup.sim.portfolio import cells, workbooks
from recoup.sim.portfolio.databases import Address
from recoup.sim.portfolio.importing import inspect
from recoup.sim.portfolio.sources import source_of, without_password
from recoup.sim.portfolio.typed import typed_cells
from tests.command import recoup

LEAST = "fields: {account_id: id, opening_balance: bal, dpd: dpd}\n"


@pytest.fixture
def mapped(tmp_path):
    def write(text=LEAST):
        path = tmp_path / "map.yaml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def accounts(found):
    return list(found.table[["account_id", "opening_balance", "dpd"]].itertuples(index=False, name=None))


# ---- workbooks ----


@pytest.fixture
def workbook(tmp_path):
    def write(*sheets, name="book.xlsx"):
        made = openpyxl.Workbook()
        made.remove(made.active)
        for title, rows in sheets:
            sheet = made.create_sheet(title)
            for row in rows:
                sheet.append(row)
        made.save(tmp_path / name)
        return tmp_path / name

    return write


LEDGER = [
    ["Extract of 3 March"], [], ["id", "bal", "due", "rate"],
    [1001, 1234.5, datetime.date(2025, 1, 5), 0.12],
    [], [None, "  "],
    [1002.0, "2.000,75", datetime.datetime(2025, 2, 20, 23, 59), "50 %"],
    ["x-3", 7, "20/02/2025", None],
]  # fmt: skip
EXCEL = """sheet: Ledger
header: 3
decimal: ","
thousands: "."
as_of: 2025-03-03
dates: "%d/%m/%Y"
fields: {account_id: id, opening_balance: bal, dpd: {date_column: due}, early_warning: rate}
"""


def test_a_sheet_whose_header_is_not_in_its_first_row(workbook, mapped):
    file = workbook(("Read me", [["nothing here"]]), ("Ledger", LEDGER))
    found = inspect(file, mapped(EXCEL))
    # 5 January to 3 March 2025: 26 + 28 + 3 days; 20 February to 3 March: 8 + 3.
    assert accounts(found) == [("1001", 1234.5, 57), ("1002", 2000.75, 11), ("x-3", 7, 11)]
    assert found.table["early_warning"].tolist()[:2] == [0.12, 0.5]
    assert found.table.index.tolist() == [4, 7, 8] and found.cells.unit == "row"
    assert (found.cells.lines, found.cells.blank) == (8, 2)


def test_a_fault_in_a_workbook_stands_on_the_sheets_row(workbook, mapped):
    rows = [["id", "bal", "dpd"], ["a", 5, 3], [], ["b", "none of it", 4]]
    found = inspect(workbook(("one", rows)), mapped())
    assert [(problem.row, problem.column, problem.value) for problem in found.problems] == [(4, "bal", "none of it")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (LEAST, "got '2 sheets', expected one named with `sheet` in the column map: one of one, two"),
        ("sheet: tow\n" + LEAST, r"sheet: got 'tow', expected two \(did you mean it\?\)"),
        ("sheet: one\nheader: 9\n" + LEAST, "sheet one: got '2 rows', expected a row 9"),
        ("sheet: two\nheader: 2\n" + LEAST, "sheet two, row 2: got 'an empty row'"),
        ("sheet: one\n" + LEAST.replace("bal,", "ball,"), "got 'ball', expected a column of book.xlsx: bal"),
    ],
)
def test_which_sheet_and_header_row(workbook, mapped, text, expected):
    one = ("one", [["id", "bal", "dpd"], ["a", 5, 3]])
    file = workbook(one, ("two", [["id", "bal", "dpd"], [None, None], ["a", 5, 3]]))
    with pytest.raises(InputError, match=expected):
        inspect(file, mapped(text))


def test_workbooks_cut_short_or_too_large_are_one_line(workbook, mapped, monkeypatch):
    file = workbook(("one", [["id", "bal", "dpd"], ["a", 5, 3]]))
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="a zip file that is no Excel workbook"):
        inspect(file, mapped())
    file.write_bytes(whole)
    monkeypatch.setattr(workbooks, "MOST_BYTES", 6_000)  # less than its parts, more than the file
    with pytest.raises(
        InputError, match=r"bytes when unpacked', expected at most 6,000|expected a workbook of at most"
    ):
        inspect(file, mapped())


# ---- gzip ----


def test_a_packed_csv_or_parquet_file_is_unpacked(tmp_path, mapped, monkeypatch):
    packed = tmp_path / "book.csv.gz"
    packed.write_bytes(gzip.compress(b"id,bal,dpd\na,5,3\n\nb,x,4\n"))
    found = inspect(packed, mapped())
    assert [(problem.row, problem.value) for problem in found.problems] == [(4, "x")]
    pd.DataFrame({"id": ["a"], "bal": [5.0], "dpd": [3]}).to_parquet(tmp_path / "book.parquet")
    other = tmp_path / "book.parquet.gz"
    other.write_bytes(gzip.compress((tmp_path / "book.parquet").read_bytes()))
    assert accounts(inspect(other, mapped())) == [("a", 5, 3)]
    packed.write_bytes(gzip.compress(b"id,bal,dpd\n" + b"a,5,3\n" * 10_000))
    monkeypatch.setattr(cells, "MOST_BYTES", 1_000)
    with pytest.raises(InputError, match="more than 1,000 bytes when unpacked"):
        inspect(packed, mapped())


# ---- files of another machine ----


@pytest.mark.parametrize(
    ("name", "scheme"),
    [(name, None) for name in "book.csv book.csv.gz book.parquet book.xlsx book.db logged.db book.duckdb".split()]
    + [("book.db", "sqlite"), ("logged.db", "sqlite"), ("book.duckdb", "duckdb")],
)
def test_a_table_of_another_machine_is_read_as_one_of_this(tmp_path, workbook, mapped, name, scheme):
    """A node of a cluster has none of the user's files: their content comes over, whatever kind it is."""
    rows = [("a", 5.0, 3), ("b", 7.5, 40)]
    frame = pd.DataFrame(rows, columns=["id", "bal", "dpd"])
    frame.to_csv(tmp_path / "book.csv", index=False)
    frame.to_csv(tmp_path / "book.csv.gz", index=False)
    frame.to_parquet(tmp_path / "book.parquet")
    workbook(("one", [list(frame), *map(list, rows)]))
    with sqlite3.connect(tmp_path / "book.db") as database:
        frame.to_sql("accounts", database, index=False)
    with duckdb.connect(str(tmp_path / "book.duckdb")) as database:
        database.execute("CREATE TABLE accounts AS SELECT * FROM frame")
    logged = sqlite3.connect(tmp_path / "logged.db")
    logged.execute("PRAGMA journal_mode=WAL")
    frame.to_sql("accounts", logged, index=False)
    there = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    assert there["logged.db-wal"]  # what was written last is not in the file itself yet
    logged.close()
    map_file = mapped()
    there["map.yaml"] = map_file.read_bytes()

    def reader(path):
        if path.name in there and path.parent == tmp_path / "there":
            return there[path.name]
        raise InputError(path, "", "No such file or directory", "a readable file")

    file = tmp_path / "there" / name
    source = Address(f"{scheme}:///{file}") if scheme else file
    with files_by(reader):
        assert accounts(inspect(source, tmp_path / "there" / "map.yaml")) == rows
        with pytest.raises(InputError, match="none: got 'No such file or directory'"):
            inspect(file.with_name("none"), tmp_path / "there" / "map.yaml")
    with pytest.raises(InputError, match="got 'No such file or directory'"):
        inspect(source, map_file)


# ---- databases ----


@pytest.fixture
def book(tmp_path):
    """The same accounts in a SQLite and in a DuckDB file."""
    rows = [("a", 100.5, 3, "2025-01-05"), ("b", 20, 40, None), ("c", -5, 2, "2025-02-01")]
    with sqlite3.connect(tmp_path / "book.db") as database:
        database.execute("CREATE TABLE accounts (id TEXT, bal REAL, dpd INTEGER, due TEXT)")
        database.executemany("INSERT INTO accounts VALUES (?, ?, ?, ?)", rows)
    database.close()
    with duckdb.connect(str(tmp_path / "book.duckdb")) as other:
        other.execute("CREATE TABLE accounts (id VARCHAR, bal DECIMAL(9, 2), dpd INTEGER, due DATE)")
        other.executemany("INSERT INTO accounts VALUES (?, ?, ?, ?)", rows)
    return tmp_path


@pytest.mark.parametrize("name", ["book.db", "book.duckdb"])
@pytest.mark.parametrize("way", ["file", "address", "query", "map"])
def test_a_database_by_its_file_or_its_address(book, mapped, name, way):
    scheme = {"book.db": "sqlite", "book.duckdb": "duckdb"}[name]
    query = "SELECT * FROM accounts WHERE bal > 0 AND id <> '%a; b?'"
    source = {
        "file": str(book / name),
        "map": str(book / name),
        "address": f"{scheme}:///{book / name}",
        "query": f"{scheme}:///{book / name}?query={query}",
    }[way]
    text = {"map": f'query: "{query}"\n', "query": ""}.get(way, "table: accounts\nrows: {drop: [credit_balance]}\n")
    found = inspect(source_of(source), mapped(text + LEAST))
    assert accounts(found) == [("a", 100.5, 3), ("b", 20, 40)] and found.problems == []
    assert found.table.index.tolist() == [1, 2]


@pytest.mark.parametrize(
    ("address", "text", "expected"),
    [
        ("sqlite:///{}/no.db?query=SELECT 1", "", "no.db: got 'No such file or directory'"),
        ("sqlite:///{}/book.db?query=DROP TABLE accounts", "", "query: got 'DROP TABLE accounts', expected one SELECT"),
        ("duckdb:///{}/book.duckdb?query=SELECT 1; DROP TABLE accounts", "", "expected one SELECT"),
        ("duckdb:///{}/book.duckdb?query=COPY accounts TO 'x.csv'", "", "expected one SELECT"),
        ("sqlite:///{}/book.db?query=WITH x AS (SELECT 1) DELETE FROM accounts", "", "readonly database"),
        ("sqlite:///{}/book.db?query=SELECT * FROM absent", "", "no such table: absent"),
        ("duckdb:///{}/book.duckdb?query=SELECT * FROM absent", "", "absent"),
        ("sqlite:///{}/book.db?query=", "", "expected one SELECT after query="),
        ("sqlite:///{}/book.db?query=SELECT * FROM accounts", "table: accounts\n", "not in both"),
        ("sqlite:///{}/book.db", "table: acounts\n", r"got 'acounts', expected accounts \(did you mean it"),
        ("sqlite:///{}/book.db?query=SELECT * FROM accounts WHERE id = 'z'", "", "no data rows"),
        ("sqlite:///{}/book.db?query=SELECT id, id FROM accounts", "", "a column name that no other column has"),
    ],
)  # fmt: skip
def test_a_database_that_cannot_be_read_is_one_line(book, mapped, address, text, expected):
    with pytest.raises(InputError, match=expected) as caught:
        inspect(source_of(address.format(book)), mapped(text + LEAST))
    assert "\n" not in str(caught.value)
    with sqlite3.connect(book / "book.db") as database:
        assert database.execute("SELECT count(*) FROM accounts").fetchone() == (3,)  # nothing was changed
    assert not (book / "no.db").exists()


SECRET = "p@ss/w?rd:x"
ADDRESSES = [
    f"postgresql://me:{SECRET}@server:5432/ledger?query=SELECT * FROM accounts",
    f"postgresql://me:{SECRET}@server/ledger",
    f"mysql+pymysql://me:{SECRET}@server/ledger?charset=utf8&query=SELECT 1",
    f"postgresql://server/ledger?user=me&password={SECRET}&query=SELECT 1",
]


@pytest.mark.parametrize("text", ADDRESSES)
def test_no_password_is_shown_or_written(text, tmp_path):
    address = Address(text)
    shown = f"{address} {address!r} {address.name} {address.stem} {without_password(text)}"
    assert SECRET not in shown and "rd:x" not in shown and "w?rd" not in shown and "p@ss" not in shown
    assert address.name.endswith("server/ledger") or address.name.endswith("server:5432/ledger")
    assert address.scrubbed(f"could not open {text} with {SECRET}").count("rd:x") == 0 or "password=" in text
    assert SECRET not in str(Comparison(portfolio=text, map="map.yaml").settings)
    assert Address(str(address)) is not None  # what is written can be read again


def test_the_query_is_what_follows_it_to_the_end():
    address = Address("postgresql://me@server/ledger?sslmode=require&query=SELECT a FROM b WHERE c = 'x&query=y?'")
    assert address.query == "SELECT a FROM b WHERE c = 'x&query=y?'"
    driver = "psycopg" if find_spec("psycopg") else "pg8000"
    assert address.server == f"postgresql+{driver}://me@server/ledger?sslmode=require"
    assert str(address) == "postgresql://me@server/ledger?query=SELECT a FROM b WHERE c = 'x&query=y?'"


def test_a_server_that_does_not_answer_is_one_line_without_the_password(mapped):
    done = recoup("portfolio", "check", "postgresql://me:s3cret@localhost:1/x?query=SELECT 1", "--map", mapped())
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and "s3cret" not in done.stderr + done.stdout
    assert done.stderr.startswith("recoup: postgresql://me@localhost:1/x?query=SELECT 1: got '… ")


def test_without_the_extra_it_is_named(book, mapped, monkeypatch):
    monkeypatch.setitem(sys.modules, "sqlalchemy", None)
    with pytest.raises(InputError, match=r'sqlalchemy: got \'not installed\', expected pip install "recoup\[sql\]"'):
        inspect(book / "book.db", mapped())
    assert accounts(
        inspect(book / "book.duckdb", mapped("rows: {drop: [credit_balance]}\n" + LEAST))
    )  # DuckDB needs none


def test_typed_values_are_written_as_a_csv_file_has_them():
    rows = [
        (7, [True, 5.0, Decimal("10.50"), datetime.datetime(2025, 1, 5, 10, 30), "x", float("nan")]),
        (9, [None, 0.1, Decimal("3"), datetime.date(2025, 1, 6), 2.5, 1e20]),
    ]
    found = typed_cells("made up", list("abcdef"), rows, None, ",")
    assert [column.to_pylist() for column in found.table.columns] == [
        ["true", None], ["5", "0.1"], ["10.50", "3"], ["2025-01-05 10:30:00", "2025-01-06"], ["x", "2,5"], ["nan", "1e+20"]
    ]  # fmt: skip
    assert found.numeric == {"b", "c", "f"} and found.dated == {"d"} and found.places.tolist() == [7, 9]


def test_a_portfolio_from_a_database_is_compared_like_any_other(book, mapped):
    address = f"sqlite:///{book / 'book.db'}?query=SELECT * FROM accounts WHERE bal > 0"
    mapped()
    run = book / "run"
    done = recoup("compare", "-p", "status-quo", "-p", "staged", "--portfolio", address, "--map", book / "map.yaml",
                  "--accounts", "20", "--days", "3", "--seeds", "1", "--no-why", "--out", run)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert f'"portfolio": "{address}"' in (run / "results.json").read_text(encoding="utf-8")


def test_a_command_is_kept_without_the_password_in_it(monkeypatch):
    typed = ["recoup", "compare", "--portfolio", "postgresql://me:s3:cr@t@server/ledger?query=SELECT 1", "--seeds", "2"]
    monkeypatch.setattr(sys, "argv", typed)
    assert command_line() == "recoup compare --portfolio 'postgresql://me@server/ledger?query=SELECT 1' --seeds 2"
