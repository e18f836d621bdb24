"""What a new user may hand over by mistake: one clear line, exit code 2, and nothing is written or written over."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from recoup.experiments.runs.runfolder import open_folder, write_text
from recoup.sim.inputs import InputError, parse_yaml
from recoup.sim.portfolio.importing import inspect
from tests.command import Done, recoup

MAP = "fields: {account_id: id, opening_balance: amount, dpd: late}\n"
BOOK = "id,amount,late\na,500,3\nb,600,40\n"


def one_line(done: Done, expected: str) -> None:
    assert done.returncode == 2 and done.stdout == "", done
    assert done.stderr.startswith("recoup: ") and done.stderr.count("\n") == 1 and expected in done.stderr, done.stderr


def written(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "line 1: got 'nothing'"),
        ("- 1\n", "line 1: got 'list', expected a mapping"),
        ("a: \x00\n", "unacceptable character #x0000"),
        ("a: 1\n\tb: 2\n", "line 2: got"),
        ("a: 1\n? [b]\n: 2\n", "line 2: got 'a list or mapping as a key'"),
        ("a: 1\nb: 2025-02-30\n", "line 2: got 'day is out of range for month'"),
        ("a: 1\nb: " + "9" * 5000 + "\n", "line 2: got 'Exceeds the limit"),
        ("a: 1\nb: &b\n  c: *b\n", "expected a value that does not contain itself"),
        ("a: !!python/object/apply:os.system ['true']\n", "could not determine a constructor"),
        (
            "a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n"
            + "".join(f"{new}: &{new} [{', '.join(['*' + old] * 10)}]\n" for old, new in zip("abcdef", "bcdefg", strict=True)),
            "more than 100,000 values",
        ),
    ],
)  # fmt: skip
def test_broken_yaml_is_one_line(text: str, expected: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_yaml(text, "mine.yaml")
    assert str(caught.value).startswith("mine.yaml: ") and expected in str(caught.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("world: {start: 0001-01-01}\n", "line 3, world.start: got datetime.date(1, 1, 1)"),
        ("world: {write_off_dpd: " + "9" * 400 + "}\n", "line 3, world.write_off_dpd"),
        ("days: true\n", "line 3, days: got True, expected a number, not true or false"),
        ("world: {start: infinity}\n", "line 3, world.start: got 'infinity', expected a date, as in 2025-03-31"),
        ("world: {start: 1e9}\n", "line 3, world.start: got '1e9', expected a date"),
        ("world: {costs: {contact: {sms: -1}}}\n", "line 3, world.costs.contact.sms: got"),
        ("world: {costs: {notice: yes}}\n", "line 3, world.costs.notice: got True, expected a number"),
        ("world: {annual_rate: .inf}\n", "line 3, world.annual_rate: got inf"),
        ("world: {3: 4}\n", "line 3, world: got 3, expected names (text) as keys"),
        ("world: everything\n", "line 3, world: got 'everything', expected a mapping of names to values"),
        ("rules: mine.yaml\n", "mine.yaml: line 1, title"),
        ("portfolio: {file: mine.yaml, map: mine.yaml}\n", "mine.yaml: line 1, extends"),
        ("portfolio: {file: ., map: map.yaml}\n", "Is a directory"),
    ],
)
def test_wrong_scenarios(tmp_path: Path, text: str, expected: str) -> None:
    (tmp_path / "mine.yaml").write_text("extends: china-consumer\nname: mine\n" + text)
    (tmp_path / "map.yaml").write_text(MAP)
    before = written(tmp_path)
    one_line(recoup("compare", "-s", tmp_path / "mine.yaml", "--out", tmp_path / "run"), expected)
    assert written(tmp_path) == before


def test_scenarios_that_extend_themselves_folders_and_foreign_encodings(tmp_path: Path) -> None:
    for name, other in (("a", "a"), ("b", "c"), ("c", "b")):
        (tmp_path / f"{name}.yaml").write_text(f"extends: {other}.yaml\nname: x\n")
    (tmp_path / "wide.yaml").write_text("extends: china-consumer\n", encoding="utf-16")
    (tmp_path / "folder.yaml").mkdir()
    for name, expected in {
        "a": "got 'a -> a'",
        "b": "got 'b -> c -> b'",
        "wide": "expected UTF-8 text",
        "folder": "Is a directory",
    }.items():
        one_line(recoup("compare", "-s", tmp_path / f"{name}.yaml", "--out", tmp_path / "run"), expected)
    one_line(recoup("compare", "-p", tmp_path / "folder.yaml", "--out", tmp_path / "run"), "Is a directory")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("content", "mapping", "expected"),
    [
        ("id;amount;late\na;5;3\n", MAP, "header: got 'id;amount;late', expected columns separated by ','"),
        (BOOK, "thousands: '.'\n" + MAP, "a thousands mark other than the decimal mark"),
        (BOOK, "delimiter: ';;'\n" + MAP, "delimiter: got ';;', expected at most 1 character"),
        (BOOK, "encoding: undefined\n" + MAP, "encoding: got 'undefined'"),
        (BOOK, MAP.replace("late", "{date_column: late, as_of: 2025-03-03, format: '%Q'}"), "a date format, as in"),
        (BOOK, MAP.replace("id,", "{constant: x},"), "account_id.constant: got 'x'"),
        (BOOK, BOOK, "line 1: got 'str'"),
    ],
)
def test_wrong_portfolio_files_and_maps(tmp_path: Path, content: str, mapping: str, expected: str) -> None:
    (tmp_path / "book.csv").write_text(content)
    (tmp_path / "map.yaml").write_text(mapping)
    one_line(recoup("portfolio", "check", tmp_path / "book.csv", "--map", tmp_path / "map.yaml"), expected)


def test_parquet_empty_cut_short_nested_or_something_else(tmp_path: Path) -> None:
    map_file = tmp_path / "map.yaml"
    map_file.write_text(MAP)
    table = pd.DataFrame({"id": ["a"], "amount": [5.0], "late": [3]})
    table.to_parquet(tmp_path / "whole.parquet")
    whole = (tmp_path / "whole.parquet").read_bytes()
    table.iloc[:0].to_parquet(tmp_path / "none.parquet")
    table.assign(id=[["a"]]).to_parquet(tmp_path / "nested.parquet")
    (tmp_path / "zero.parquet").touch()
    (tmp_path / "half.parquet").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "text.parquet").write_text(BOOK)
    for name, expected in {
        "none": "no data rows",
        "nested": "a Parquet file of plain columns",
        "zero": "an empty file",
        "half": "a Parquet file of plain columns",
        "text": "it begins with PAR1",
    }.items():
        one_line(recoup("portfolio", "check", tmp_path / f"{name}.parquet", "--map", map_file), expected)
    assert recoup("portfolio", "check", tmp_path / "whole.parquet", "--map", map_file).returncode == 0
    one_line(recoup("portfolio", "check", tmp_path, "--map", map_file), "Is a directory")
    one_line(recoup("portfolio", "check", tmp_path / "whole.parquet", "--map", tmp_path), "Is a directory")


def test_files_as_they_are_written_in_other_countries(tmp_path: Path) -> None:
    book, map_file = tmp_path / "book.csv", tmp_path / "map.yaml"
    fields = "fields: {account_id: 编号, opening_balance: 金额, dpd: 逾期}\n"
    for content, head in (
        ("编号,金额,逾期\n张三1,5000.5,30\n".encode("gb18030"), "encoding: gb18030\n"),
        ("编号,金额,逾期\r\n张三1,5000.5,30\r\n".encode("utf-16"), "encoding: utf-16\n"),
        ("\ufeff编号;金额;逾期\n张三1;5.000,50;30\n".encode(), 'delimiter: ";"\ndecimal: ","\nthousands: "."\n'),
        ("编号\t金额\t逾期\n张三1\t5000,50\t30\n".encode(), 'delimiter: "\\t"\ndecimal: ","\n'),
        ("\n\n编号,金额,逾期\n张三1,5000.5,30\n".encode(), ""),
    ):
        book.write_bytes(content)
        map_file.write_text(head + fields, encoding="utf-8")
        report = inspect(book, map_file)
        assert not report.problems and report.table["account_id"].tolist() == ["张三1"], head
        assert report.table["opening_balance"].tolist() == [5000.5] and report.table["dpd"].tolist() == [30], head
    book.write_bytes("编号;金额;逾期\n张三1;5.000;30\n".encode())
    map_file.write_text('delimiter: ";"\ndecimal: ","\n' + fields, encoding="utf-8")
    assert [problem.value for problem in inspect(book, map_file).problems] == ["5.000"]  # five or five thousand?


def test_time_stamps_in_parquet_count_by_their_day(tmp_path: Path) -> None:
    (tmp_path / "map.yaml").write_text(MAP.replace("late", "{date_column: due, as_of: 2025-03-03}"))
    due = pd.to_datetime(["2025-03-01 23:30", "2025-02-03 00:00", None])
    pd.DataFrame({"id": ["a", "b", "c"], "amount": 5, "due": due}).to_parquet(tmp_path / "book.parquet")
    report = inspect(tmp_path / "book.parquet", tmp_path / "map.yaml")
    assert report.table["dpd"].tolist()[:2] == [2, 28] and [problem.row for problem in report.problems] == [3]


@pytest.mark.parametrize("out", ["a-file", "a-file/run", "run-folder", "n" * 300, "/proc/nowhere/run"])
def test_run_folders_that_cannot_be_are_one_line(tmp_path: Path, out: str) -> None:
    (tmp_path / "a-file").write_text("mine")
    write_text(tmp_path / "run-folder" / "notes.txt", "mine")
    before = written(tmp_path)
    expected = {"a-file": "a file that exists", "run-folder": "a folder that exists"}.get(out, "got '")
    one_line(recoup("compare", "-p", "no-contact", "--accounts", "5", "--out", tmp_path / out), expected)
    assert written(tmp_path) == before


def test_accounts_beyond_the_write_off_leave_no_folder(tmp_path: Path) -> None:
    (tmp_path / "book.csv").write_text(BOOK + "c,700,3000\n")
    (tmp_path / "map.yaml").write_text(MAP)
    book = ("--portfolio", tmp_path / "book.csv", "--map", tmp_path / "map.yaml")
    one_line(recoup("compare", *book, "--out", tmp_path / "run"), "account c, dpd: got 3000, expected below")
    assert not (tmp_path / "run").exists()


def test_a_write_that_fails_is_one_line_and_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(InputError, match=r"taken: got 'Is a directory', expected a place that can be written to"):
        write_text(tmp_path / "taken", "text")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]
    one_line(recoup("plan", "template", "--out", tmp_path / "taken"), "a folder that exists")


def test_run_folders_of_something_else(tmp_path: Path) -> None:
    for content, expected in (("[1]", "got 'list'"), ("{", "valid JSON"), ("{}", "expected as this run was begun")):
        write_text(tmp_path / "run.json", content)
        with pytest.raises(InputError, match=expected.replace("[", r"\[")):
            open_folder(tmp_path, {"days": 3}, resume=True)
        write_text(tmp_path / "results.json", content)
        one_line(recoup("report", tmp_path), "results.json: ")
