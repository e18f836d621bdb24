"""Ledgers as they come: marks misplaced, quotes left open, totals, cents, credit balances, foreign encodings, hostile shapes."""

from __future__ import annotations

import codecs
import os
import re

import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest

from recoup.experiments.report import text_in
from recoup.scenarios.schema import load_scenario
from recoup.sim.inputs import InputError
from recoup.sim.portfolio import cells
from recoup.sim.portfolio.doubts import population_doubts
from recoup.sim.portfolio.importing import inspect, load
from recoup.sim.remarks import Remark

LEAST = "fields: {account_id: id, opening_balance: bal, dpd: dpd}\n"


@pytest.fixture
def book(tmp_path):
    def write(content, mapping=LEAST, name="book.csv"):
        file, map_file = tmp_path / name, tmp_path / "map.yaml"
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        map_file.write_text(mapping, encoding="utf-8")
        return file, map_file

    return write


def balances(found):
    return found.table["opening_balance"].tolist()


def named(found):
    return [(problem.row, problem.column, problem.value) for problem in found.problems]


# ---- numbers ----


def amounts(book, marks, *written):
    rows = "".join(f'{number},"{text}",3\n' for number, text in enumerate(written))
    return inspect(*book("id,bal,dpd\n" + rows, marks + LEAST))


@pytest.mark.parametrize(
    "written", ["1.234,50", "1,5", "1,23", "1234,567", "1,2345", ",234", "1,,234", "1,234,", "0,1,234.5.6"]
)
def test_a_thousands_mark_where_no_group_ends_is_a_problem(book, written):
    assert named(amounts(book, "thousands: ','\n", written)) == [(2, "bal", written)]


@pytest.mark.parametrize(
    ("marks", "written", "value"),
    [
        ("thousands: ','\n", "12,34,567.00", 1234567),  # twelve lakh thirty-four thousand five hundred and sixty-seven
        ("thousands: ','\n", "1,234", 1234),
        ("thousands: ','\n", "1234567.5", 1234567.5),
        ("thousands: ' '\ndecimal: ','\n", "1\u00a0234", 1234),
        ("thousands: ' '\ndecimal: ','\n", "1\u202f234,50", 1234.5),
        ("thousands: '\u00a0'\n", "1 234", 1234),
        ("thousands: \"'\"\n", "1\u2019234.50", 1234.5),
        ("thousands: ','\ncurrency: [$, €, ¥, USD]\n", "$1,234.50", 1234.5),
        ("currency: [$, €, ¥, USD]\n", "€ 200", 200),
        ("currency: ¥\n", "300¥", 300),
        ("currency: [USD, US]\n", "USD 400", 400),
        ("", "1.5E3", 1500),
    ],
)  # fmt: skip
def test_amounts_as_ledgers_write_them(book, marks, written, value):
    found = amounts(book, marks, written)
    assert balances(found) == [value] and found.problems == []


@pytest.mark.parametrize("written", ["-75", "(75.00)", "75-", "\u221275", "$-75", "-$75", "($75)", "$(75)"])
def test_every_way_to_write_a_credit_balance(book, written):
    found = amounts(book, "currency: $\nrows: {drop: [credit_balance]}\n", "10", written)
    assert balances(found) == [10] and found.dropped == {Remark("credit_balance"): 1} and found.problems == []


@pytest.mark.parametrize("written", ["(75", "75)", "-(75)", "(-75)", "--75", "1 2", "0x10", "1_000", "inf", "$5"])
def test_what_is_no_number(book, written):
    assert named(amounts(book, "", written)) == [(2, "bal", written)]


def test_the_problem_says_which_setting_reads_a_currency(book):
    (problem,) = amounts(book, "", "$5").problems
    assert "`currency` in the column map" in str(problem.expected)


def test_numbers_of_a_parquet_file_have_no_marks(tmp_path, book):
    paths = book("", "decimal: ','\nthousands: '.'\n" + LEAST, "book.parquet")
    pd.DataFrame({"id": ["a", "b"], "bal": [1234.5, 2.125], "dpd": ["1.000", "2"]}).to_parquet(paths[0])
    found = inspect(*paths)
    assert balances(found) == [1234.5, 2.125] and found.table["dpd"].tolist() == [1000, 2]


def test_buckets_and_birthdays(book):
    mapping = (
        "fields: {account_id: id, opening_balance: bal, dpd: {column: bucket, values: {1-30: 15, 31-60: 45, 90+: 120}},"
        " age: {date_column: born, as_of: 2026-01-01}, tenure_months: {date_column: since, as_of: 2026-01-31}}\n"
    )
    rows = (
        "id,bal,bucket,born,since\nA,1,1-30,1973-12-24,2025-12-31\nB,1,31-60,,2025-01-30\n"
        "C,1,90+,2008-01-01,2025-02-01\nD,1,90+,2008-01-02,\n"
    )
    found = inspect(*book(rows, mapping))
    assert found.table["dpd"].tolist() == [15, 45, 120, 120]
    # 52 since 24 December; the 18th birthday is the day itself, and a day later it is still to come.
    assert found.table["age"].tolist()[::2] == [52, 18] and named(found) == [(5, "born", "2008-01-02")]
    assert found.table["tenure_months"].tolist()[:3] == [1, 12, 11]


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("sex: {column: id, values: {no: male}}", r'fields.sex.values.no: .*; in quotes, "no", if'),
        ("sex: {column: id, values: {f: off}}", r'fields.sex.values.f: .*; in quotes, "off", if'),
        ("sex: no", r'fields.sex.column: got False, expected a valid string; in quotes, "no", if'),
        ("sex: {column: yes}", r'fields.sex.column: got True, .*; in quotes, "yes", if'),
        ("sex: {column: 007}", r'fields.sex.column: got 7, .*; in quotes, "007", if'),
        ("sex: {column: id, scale: yes}", r"expected a number, not true or false$"),
        ("no: id", r'line 1, fields.no: got False, expected names \(text\) as keys; in quotes, "no", if'),
        ("sex: {count_at_least: {columns: [on], threshold: 1}}", r'columns\[0\]: got True, .*; in quotes, "on", if'),
        ("sex: id}\nrows: {only: {id: off}", r'rows.only.id\[0\]: got False, .*; in quotes, "off", if'),
        ("sex: id}\nrows: {only: {y: [a], yes: [a]}", r'rows.only.yes: got True, .*; in quotes, "yes", if'),
        ("sex: {column: id, values: {a: man}}", "one of female, male"),
        ("sex: {column: id, scale: 2}", "no number"),
        ("payday: {date_column: id, as_of: 2026-01-01}", "not counted from a date"),
        ("age: {constant: 30, scale: 2}", "scale and offset beside column alone"),
        ("credit_score: {column: bal, scale: 0}", "a scale other than 0"),
        ("credit_score: {column: bal, values: {a: high}}", "a number"),
        ("sex: {count_at_least: {columns: [bal], threshold: 1}}", "column or constant"),
    ],
)
def test_mappings_that_do_not_fit_their_field(book, field, expected):
    with pytest.raises(InputError, match=expected):
        inspect(*book("id,bal,dpd\na,1,1\n", LEAST.replace("}\n", f", {field}}}\n")))


# ---- rows ----


def test_an_open_quotation_mark_is_refused_with_its_line(book):
    rows = 'id,bal,dpd,region\n0001,1000,5,"Kiel\n0002,2000,6,x\n0003,3000,7,"Ulm"\n0004,4000,7,x\n'
    with pytest.raises(InputError, match="line 2: got 'a quotation mark left open'"):
        inspect(*book(rows))
    with pytest.raises(InputError, match="line 3: got 'a quotation mark left open'"):
        inspect(*book('id,bal,dpd\na,1,2\nb,1,"2\n'))


def test_rows_with_more_or_fewer_cells_are_problems_with_their_lines(book):
    found = inspect(*book("id,bal,dpd\na,1,2\nb,1\nc,x,2\nd,1,2,3\n"))
    assert named(found) == [(3, "", "2 cells"), (4, "bal", "x"), (5, "", "4 cells")]
    assert str(found.problems[0].expected) == "the same number of cells in each row, 3 as in the header"
    with pytest.raises(InputError, match=r"line 2: got '2 cells', expected .* 3 as in the header"):
        inspect(*book("id,bal,dpd\nb,1\n"))


def test_quotes_that_swallow_rows_and_yet_close_are_doubted(book):
    found = inspect(*book('id,bal,dpd,region\na,1,2,"Kiel\nb,1,3,"\nc,1,4,Ulm\n'))
    assert found.rows == 2 and found.doubts[0] == Remark("swallowed", {"unit": "line", "place": 2})


def test_problems_stand_on_the_files_own_lines(book):
    assert named(inspect(*book("id,bal,dpd\nA,100,5\n\n\nB,x,9\n"))) == [(5, "bal", "x")]
    assert named(inspect(*book('id,note,bal,dpd\nA,"two\nlines",100,5\nB,ok,bad,9\n'))) == [(4, "bal", "bad")]
    assert named(inspect(*book("\r\nid,bal,dpd\r\n , ,\r\nB,x,9\r\n"))) == [(4, "bal", "x")]
    with pytest.raises(InputError, match=r"line 5, column bal: got 'x'"):
        load(*book("id,bal,dpd\nA,100,5\n\n\nB,x,9\n"), load_scenario("china-consumer").world.population, 0, "x")


def test_lines_are_counted_by_what_became_of_them(book):
    found = inspect(
        *book("\nsep=;\n".lstrip() + 'id;bal;dpd;note\nA;1;2;"a\nb"\n;;;\n\nB;1;2;\n', "delimiter: ;\n" + LEAST)
    )
    # sep=, an all-blank row and an empty line are blank; one header, two rows, one line that continues the first.
    assert (found.cells.lines, found.cells.blank, len(found.cells.places)) == (7, 3, 2)
    assert found.table.index.tolist() == [3, 7]


def test_which_rows_count_is_the_maps_choice(book):
    rows = "id,bal,dpd,state\nA,10,5,late\nB,0,5,late\nC,-1,5,late\nD,7,-2,late\nA,20,6,late\nE,5,5,closed\nTotal,46,24,late\n"
    choice = "rows: {only: {state: late}, without: {id: [Total]}, drop: [credit_balance, zero_balance, not_yet_due], duplicates: last}\n"
    found = inspect(*book(rows, LEAST + choice))
    assert balances(found) == [20] and found.problems == [] and found.table.index.tolist() == [6]
    assert list(found.dropped.values()) == [1, 1, 1, 1, 1, 1]
    first = inspect(*book("id,bal,dpd\nA,10,5\nA,20,6\n", LEAST + "rows: {duplicates: first}\n"))
    assert balances(first) == [10]
    assert named(inspect(*book(rows))) == [(3, "bal", "0"), (4, "bal", "-1"), (5, "dpd", "-2"), (6, "id", "A")]
    with pytest.raises(InputError, match="no row that `rows`"):
        inspect(*book(rows, LEAST + "rows: {only: {state: gone}}\n"))
    with pytest.raises(InputError, match=r"line 2, rows.only: got 'stat', expected .* state \(did you mean"):
        inspect(*book(rows, LEAST + "rows: {only: {stat: late}}\n"))


# ---- doubts ----


@pytest.mark.parametrize(
    ("rows", "total"),
    [
        ("A,100,5\nB,200,9\nTotal,300,14\n", 4),
        ("A,100,5\nB,200,9\n合计,1,14\n", 4),
        ("A,1,5\nB,2,9\nC,4,3\n4,7,17\n", 5),  # its name says nothing, its balance is the sum
        ("A,100,5\nB,200,9\nTotalis,30,14\n", None),
        ("A,1,5\nB,2,9\nC,4,3\nD,8,17\n", None),
    ],
)
def test_a_row_that_looks_like_a_total(book, rows, total):
    doubts = inspect(*book("id,bal,dpd\n" + rows)).doubts
    assert doubts == ([] if total is None else [Remark("total", {"unit": "line", "place": total})])


def test_amounts_of_another_order_of_magnitude(book):
    population = load_scenario("china-consumer").world.population  # a median claim of 9,000
    for first, second, doubted in (
        (12345600, 9900000, True),
        (9000, 9100, False),
        (179000, 180000, False),
        (300, 310, True),
    ):
        table = inspect(*book(f"id,bal,dpd\nA,{first},5\nB,{second},6\n")).table
        assert bool(population_doubts(table, population)) == doubted
    mapping = LEAST.replace("}", ", monthly_income: inc}")
    assert inspect(*book("id,bal,dpd,inc\nA,900000,5,9000\n", mapping)).doubts == [Remark("incomes", {"times": 100.0})]
    assert inspect(*book("id,bal,dpd,inc\nA,9000,5,9000\n", mapping)).doubts == []
    notes = load(*book("id,bal,dpd\nA,12345600,5\n"), population, 0, "x").notes
    assert str(notes[-1]).startswith("opening_balance: the median is 12,345,600")


def test_three_decimals_throughout_and_several_currencies(book):
    assert amounts(book, "", "1.234", "12.500", "7").doubts[0].code == "decimals"
    assert amounts(book, "", "1.234", "12.50").doubts == []
    assert "$ (1), € (1)" in str(amounts(book, "currency: [$, €, ¥]\n", "$5", "€6").doubts[0])
    assert amounts(book, "currency: [$, €]\n", "$5", "$6").doubts == []


def test_each_doubt_has_its_chinese_with_the_same_figures(book):
    home, mapped = load_scenario("china-consumer"), "currency: [$, €]\n"
    doubts = [
        *inspect(*book('id,bal,dpd,region\na,1,2,"Kiel\nb,1,3,"\nc,1,4,Ulm\n')).doubts,
        *inspect(*book("id,bal,dpd\na,1.5,2\nb,2.5,3\nc,3,3\nTotal,7,3\n")).doubts,
        *inspect(*book("id,bal,dpd,inc\nA,900000,5,9000\n", LEAST.replace("}", ", monthly_income: inc}"))).doubts,
        *amounts(book, "", "1.234", "12.500", "7").doubts,
        *amounts(book, mapped, "$5", "€6").doubts,
        *population_doubts(pd.DataFrame({"opening_balance": [9e9]}), home.world.population),
        Remark("staffing", {"scarce": "collector", "number": 48, "accounts": 12, "rate": 4000.0, "usual": 2.5}),
    ]
    say = text_in("zh")
    assert len(doubts) == 7
    for doubt in doubts:
        said = say.remark(doubt)
        assert (
            re.search("[\u4e00-\u9fff]", said)
            and text_in("en").remark(doubt).split(": ")[-1] == str(doubt).split(": ")[-1]
        )
        assert set(re.findall(r"\d[\d,.]*\d|\d", str(doubt))) <= set(re.findall(r"\d[\d,.]*\d|\d", said)), said
        assert say.note(doubt) == f"不太可能：{said}"


# ---- encodings ----


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_byte_order_mark_says_the_encoding(book, encoding):
    assert inspect(*book("id,bal,dpd\n张,100,5\n".encode(encoding))).table["account_id"].tolist() == ["张"]


@pytest.mark.parametrize(
    ("encoding", "text", "fits"),
    [
        ("utf-16-le", "A,100,5,x", "utf-16-le fits"),
        ("utf-16-be", "A,100,5,x", "utf-16-be fits"),
        ("cp1252", "A,100,5,Málaga", "cp1252 fits and reads 'Málaga' there"),
        ("gb18030", "A,100,5,华东", "gb18030 fits and reads '华东' there"),
    ],
)
def test_the_message_names_the_encoding_that_fits(book, encoding, text, fits):
    with pytest.raises(InputError, match=fits):
        inspect(*book(f"id,bal,dpd,region\n{text}\n".encode(encoding)))
    assert inspect(*book(f"id,bal,dpd,region\n{text}\n".encode(encoding), f"encoding: {encoding}\n" + LEAST)).rows == 1


@pytest.mark.parametrize(
    "content",
    [
        "\ufeffid,bal,dpd\nA,100,5\n".encode("utf-16-le") + b"x",
        "\ufeffid,bal,dpd\nA,100,5\n".encode("utf-8-sig") + b"\xff\xff,1,1\n",
    ],
)
def test_a_damaged_text_is_not_told_to_fit_the_encoding_that_it_is_not_in(book, content):
    with pytest.raises(InputError, match="as the file begins; it is damaged there, or ends too early") as caught:
        inspect(*book(content))
    assert " fits" not in str(caught.value)


@pytest.mark.parametrize(
    "name", ["idna", "punycode", "unicode_escape", "raw_unicode_escape", "utf-7", "rot13", "charmap", "hex"]
)
def test_codecs_that_are_no_encoding_of_files(book, name):
    with pytest.raises(InputError, match="the name of a text encoding"):
        inspect(*book("id,bal,dpd\na,1,1\n", f"encoding: {name}\n" + LEAST))


def test_tab_by_its_word(book):
    assert balances(inspect(*book("id\tbal\tdpd\nA\t100\t5\n", "delimiter: tab\n" + LEAST))) == [100]


# ---- hostile shapes ----


def test_what_has_no_end_is_not_opened(tmp_path, book):
    _, map_file = book("")
    os.mkfifo(tmp_path / "pipe")
    for path, kind in ((tmp_path / "pipe", "a pipe"), ("/dev/zero", "a device"), (tmp_path, "Is a directory")):
        with pytest.raises(InputError, match=kind):
            inspect(type(tmp_path)(path), map_file)
        with pytest.raises(InputError, match=kind):
            inspect(map_file, type(tmp_path)(path))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (",".join(f"c{n}" for n in range(100_000)) + "\n", "header: got '100,000 columns', expected at most 2,000"),
        ("i" * 200_000 + ",bal,dpd\n1,2,3\n", "line 1: got 'a cell of more than 131,072 characters'"),
        ("id,bal,dpd\na,1,2\nb," + "1" * 200_000 + ",2\n", "line 3: got 'a cell of more than 131,072 characters'"),
        (b"PK\x03\x04rest", "a zip file that is no Excel workbook"),
        (b"\x1f\x8brest", "damage .* a whole gzip file"),
        (codecs.BOM_UTF16_LE, "no data rows|an empty file|column"),
    ],
)
def test_shapes_that_no_ledger_has(book, content, expected):
    with pytest.raises(InputError, match=expected):
        inspect(*book(content))


def test_sizes_are_looked_at_before_a_file_is_read(tmp_path, book, monkeypatch):
    paths = book("id,bal,dpd\na,1,2\nb,1,2\n")
    monkeypatch.setattr(cells, "MOST_ROWS", 1)
    with pytest.raises(InputError, match="line 3: got 'more than 1 rows'"):
        inspect(*paths)
    parquet = tmp_path / "book.parquet"
    # A megabyte of text that the file holds once and two thousand rows point to: two gigabytes, which are not made here either.
    long = pa.DictionaryArray.from_arrays(pa.array([0] * 2000, pa.int32()), ["x" * 1_000_000])
    table = pa.table({"id": long, "bal": [1] * 2000, "dpd": [1] * 2000})
    pyarrow.parquet.write_table(table, parquet, store_schema=False)  # as any text column is written
    assert parquet.stat().st_size < 5_000_000
    with pytest.raises(InputError, match="got '2,000 rows', expected at most 1"):
        inspect(parquet, paths[1])
    monkeypatch.setattr(cells, "MOST_ROWS", 10_000_000)
    with pytest.raises(
        InputError, match="got '2,000,000,000 bytes of text when unpacked', expected at most 1,073,741,824"
    ):
        inspect(parquet, paths[1])
    monkeypatch.setattr(cells, "MOST_BYTES", 10)
    with pytest.raises(InputError, match=r"got '23 bytes', expected a CSV, Parquet or Excel file of at most 10"):
        inspect(*paths)


@pytest.mark.parametrize(
    ("word", "ours"), [("days_past_due", "dpd"), ("FICO", "credit_score"), ("Outstanding Balance", "opening_balance")]
)
def test_the_trades_other_words_for_our_fields(book, word, ours):
    with pytest.raises(InputError, match=rf"expected {ours} \(did you mean it\?\)"):
        inspect(*book("id,bal,dpd\na,1,1\n", LEAST.replace("}", f", {word}: dpd}}")))
