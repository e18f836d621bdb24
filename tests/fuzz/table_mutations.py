"""Damage to tables: a cell, column or row that is not as its reader expects, in CSV text and in Parquet."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from random import Random
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

_CELLS = (
    "", " ", "-", "NULL", "nan", "inf", "-inf", "1e999", "-1", "0", "1", "0.5", "1.5", "1e5", "999999999999", "9" * 400, "1,5", "1.234,5", "1 000",
    "(5)", "5-", "−5", "£5", "yes", "true", "2025-02-30", "2025-01-01", "0001-01-01", "31/12/2025", "24:00", "25:61", "=1+1", "逾期", "é", "\x1b[31m",
    "\u202e", "a\nb", 'a"b', "x" * 1000, "x" * 200_000, "[/b]", "\ufeff",
)  # fmt: skip


def mutate_csv(random: Random, text: str) -> tuple[str, str]:
    """The text of a comma-separated table with one thing wrong, and what."""
    rows = list(csv.reader(io.StringIO(text, newline="")))
    at, column = random.randrange(len(rows)), random.randrange(len(rows[0]))
    kind = random.choice(
        ("cell", "cell", "cell", "column", "name", "twice", "ragged", "rows", "blank", "mark", "order", "wide")
    )
    done, options = f"{kind} at row {at + 1}, column {column + 1}", {}
    if kind == "cell":
        rows[at][column] = random.choice(_CELLS)
        done = f"cell {rows[at][column]!r:.40} at row {at + 1}, column {rows[0][column]!r:.40}"
    elif kind == "column":
        rows = [row[:column] + row[column + 1 :] for row in rows]
    elif kind == "name":
        rows[0][column] = random.choice((rows[0][0], "", rows[0][column].upper(), "x", *_CELLS))
    elif kind == "twice":
        rows = [[*row, row[column]] for row in rows]
    elif kind == "ragged":
        rows[at] = rows[at][:column] if random.random() < 0.5 else [*rows[at], "more"]
    elif kind == "rows":
        rows = random.choice((rows[:1], rows[:2], rows[1:], rows * 3, [*rows, rows[at]], []))
    elif kind == "blank":
        rows.insert(at, random.choice(([], [""] * len(rows[0]), ["sep=;"], ["Total", *[""] * (len(rows[0]) - 1)])))
    elif kind == "mark":
        options = {"delimiter": random.choice(";\t|"), "quoting": random.choice((csv.QUOTE_ALL, csv.QUOTE_MINIMAL))}
    elif kind == "order":
        random.shuffle(rows)
    else:
        rows = [row + [str(number) for number in range(3000)] for row in rows]
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator=random.choice(("\n", "\r\n")), **options).writerows(rows)
    return out.getvalue(), done


_TYPES: tuple[pa.DataType, ...] = (
    pa.string(), pa.large_string(), pa.binary(), pa.int8(), pa.int64(), pa.uint64(), pa.float32(), pa.float64(), pa.bool_(), pa.date32(),
    pa.timestamp("ns"), pa.timestamp("ms", "UTC"), pa.decimal128(38, 4), pa.dictionary(pa.int32(), pa.string()), pa.null(),
)  # fmt: skip


def _values(kind: pa.DataType) -> tuple[Any, ...]:
    """Values of a type that a reader may not expect."""
    if pa.types.is_integer(kind):
        return (0, -1, 2 ** (kind.bit_width - 1) - 1, -(2 ** (kind.bit_width - 1)), None)
    if pa.types.is_floating(kind):
        return (0.0, -1.0, float("nan"), float("inf"), 1e30, None)
    if pa.types.is_boolean(kind):
        return (True, False, None)
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return (*_CELLS, None)
    return (None,)


def _cast(column: pa.ChunkedArray, kind: pa.DataType) -> pa.Array | pa.ChunkedArray:
    try:
        return column.cast(kind, safe=False)
    except (pa.ArrowException, NotImplementedError):
        return pa.nulls(len(column), kind)


def mutate_parquet(random: Random, content: bytes) -> tuple[bytes, str]:
    """A Parquet file with one thing wrong, and what."""
    table = pq.read_table(io.BytesIO(content))
    number = random.randrange(table.num_columns)
    name, column = table.column_names[number], table.column(number)
    kind = random.choice(
        ("cell", "cell", "type", "type", "list", "drop", "name", "twice", "rows", "null", "order", "wide")
    )
    done = f"{kind} of column {name!r}"
    change: dict[str, Callable[[], pa.Table]] = {
        "type": lambda: table.set_column(number, name, _cast(column, random.choice(_TYPES))),
        "list": lambda: table.set_column(number, name, pa.array([[one] for one in column.to_pylist()])),
        "drop": lambda: table.remove_column(number),
        "name": lambda: table.rename_columns([*table.column_names[:number], random.choice(("", "x", name.upper(), table.column_names[0])), *table.column_names[number + 1 :]]),
        "twice": lambda: table.append_column(name, column),
        "rows": lambda: random.choice((table[:0], table[:1], pa.concat_tables([table] * 3), table[1:], table.take(list(range(len(table)))[::-1]))),
        "null": lambda: table.set_column(number, name, pa.nulls(len(table), column.type)),
        "order": lambda: table.select(random.sample(table.column_names, table.num_columns)),
        "wide": lambda: pa.table({**{str(n): table.column(0) for n in range(3000)}, **dict(zip(table.column_names, table.columns, strict=True))}),
    }  # fmt: skip
    if kind == "cell" and len(table):
        row, value = random.randrange(len(table)), random.choice(_values(column.type))
        values = column.to_pylist()
        values[row] = value
        table, done = (
            table.set_column(number, name, pa.array(values, column.type)),
            f"{value!r:.40} in row {row + 1} of {name!r}",
        )
    elif kind in change:
        table = change[kind]()
    out = io.BytesIO()
    pq.write_table(table, out)
    return out.getvalue(), done
