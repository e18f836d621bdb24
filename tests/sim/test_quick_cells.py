"""Blocks of lines that Arrow reads are read as the csv module reads them, and plain numbers as all others are."""

from __future__ import annotations

import csv
import io

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from recoup.sim.inputs import InputError
from recoup.sim.portfolio import cells, numbers
from recoup.sim.portfolio.column import Column
from recoup.sim.portfolio.columnmap import ColumnMap

HEADER = "a,b\n"


def by_csv(text):
    """Places, rows of two cells, and the number of lines, as the csv module has them; None where it or the width refuses."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    places, rows = [], []
    try:
        next(reader)
        while True:
            place = reader.line_num + 1
            row = next(reader, None)
            if row is None:
                break
            if all(cell == "" or cell.isspace() for cell in row):
                continue
            if len(row) != 2:
                return None
            places.append(place)
            rows.append(row)
    except csv.Error:
        return None
    return (places, rows, reader.line_num) if rows else None


def read(path, content):
    path.write_bytes(content)
    try:
        found = cells.read_cells(path)
    except InputError:
        return None
    if found.ragged:
        return None
    rows = [list(row) for row in zip(*(column.to_pylist() for column in found.table.columns), strict=True)]
    return found.places.tolist(), rows, found.lines


lines = st.one_of(
    st.sampled_from(["x,y", "1,2", '"x","y"', '"x, z",', " , ", "", ",", '"x\ny",z', "x\ry,z", 'a"b,c', '"",""', "\u00a0,\u3000"]),
    st.text(st.sampled_from('x7 ,"\n\r\té\u2028'), max_size=8),
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@example(body=["x,y", "1,2", "x\ry,z"], end="\n", block=1 << 20)  # a carriage return alone ends a line
@example(body=['"x","y"', '"x\ny",z'], end="\n", block=1 << 20)  # a line within a cell
@example(body=["x,y", "\u00a0,\u3000", "1,2"], end="\n", block=1 << 20)  # a row of blank cells
@example(body=['x\n",y', '"1\n2",3', "x,y"], end="\n", block=4)  # a cell from block to block
@example(body=["x,y"] * 5, end="", block=4)
@given(
    body=st.lists(lines, min_size=1, max_size=7),
    end=st.sampled_from(["\n", "\r\n", ""]),
    block=st.sampled_from([4, 1 << 20]),
)
def test_any_file_is_read_as_the_csv_module_reads_it(tmp_path_factory, body, end, block):  # fmt: skip
    text = HEADER + (end or "\n").join(body) + end
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cells, "_BLOCK", block)
        assert read(tmp_path_factory.getbasetemp() / "any.csv", text.encode()) == by_csv(text)


def quickly(block, width=2, delimiter=","):
    """The rows of a block of two columns as Arrow reads them; None where the csv module is asked."""
    body = cells._Body(None, delimiter, ["a", "b"][:width], list(range(width)), 1, 0)
    if not body.add_quickly(block):
        return None
    return [list(row) for batch in body.batches for row in zip(*batch.to_pydict().values(), strict=True)]


def test_what_nearly_all_files_hold_is_read_by_arrow():
    assert quickly("x,1\ny,2\n") == [["x", "1"], ["y", "2"]]
    assert quickly("x,1\r\ny,2") == [["x", "1"], ["y", "2"]]
    assert quickly('"x, z","1"\n"",2\n') == [["x, z", "1"], ["", "2"]]
    assert quickly("NA,null\n é ,\t\n") == [["NA", "null"], [" é ", "\t"]]
    assert quickly("x;1\n", delimiter=";") == [["x", "1"]]


@pytest.mark.parametrize(
    "block", ['"x\ny",1\n', 'x""y,1\n', '"x""y",1\n', 'x"y,"1\n', '"x"y,1\n', 'a,","b\n', "x\ry,1\n", "x,1\n\ny,2\n", "x,1\n , \n", "x,1,2\n", "x\n", "x,\0\n", f"{'x' * 131_073},1\n"]
)  # fmt: skip
def test_what_asks_for_a_closer_look_is_left_to_the_csv_module(block):
    assert quickly(block) is None


@settings(max_examples=300, deadline=None)
@given(
    texts=st.lists(st.text(st.sampled_from("0123456789.,' +-()eE$\u00a0\u2212"), max_size=9), min_size=1, max_size=8),
    marks=st.sampled_from([(".", ""), (",", "."), (".", ","), (".", " "), ("'", ".")]),
)
def test_a_plain_number_is_what_the_pattern_of_all_numbers_makes_of_it(texts, marks):
    mapping = ColumnMap.model_construct(decimal=marks[0], thousands=marks[1], currency=["$"])
    texts = pa.array([text.strip() for text in texts])
    np.testing.assert_array_equal(numbers.parse_numbers(texts, mapping), numbers._marked(texts, mapping))


@given(st.lists(st.one_of(st.none(), st.text(max_size=4), st.sampled_from([" x", "x\u3000", "Null", "-"])), min_size=1))
def test_a_column_is_its_cells_without_the_space_around_them(texts):
    column = Column.of(pa.chunked_array([texts[:1], texts[1:]], pa.string()))
    stripped = [(text or "").strip() for text in texts]
    assert [column.text(row) for row in range(len(texts))] == stripped
    assert len(column.texts) == len(set(stripped))
    blank = ["", "na", "n/a", "null", "none", "nan", "-"]
    assert column.rows_of(column.blank()).tolist() == [text.lower() in blank for text in stripped]


def test_texts_are_translated_and_others_stay():
    column = Column.of(pa.chunked_array([["1", "x", "2", "1"]]))
    texts, found = column.mapped({"1": "male", "2": "female", "3": "x"})
    assert texts.to_pylist() == ["male", "x", "female"] and found.tolist() == [True, False, True]
