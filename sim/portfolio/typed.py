"""Rows of typed values, as workbooks and databases give them, as the text that a CSV file would hold."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from math import isfinite
from typing import Any

import numpy as np
import pyarrow as pa

from recoup.sim.inputs import InputError
from recoup.sim.portfolio.cells import MOST_ROWS, Cells, check_header

_EXACT = 1e15  # floating-point numbers below it are written without an exponent


def typed_cells(
    source: object,
    names: Sequence[str],
    rows: Iterable[tuple[int, Sequence[Any]]],
    columns: Collection[str] | None,
    decimal: str,
    before: int = 0,
) -> Cells:
    """Cells of rows of Python values.

    Args:
        source: for messages.
        names: of the columns.
        rows: place and values of each, as many as there are names.
        columns: those whose cells are wanted; None = all.
        decimal: mark with which numbers are written in a column that has texts too.
        before: lines before the first row.

    Raises:
        InputError: two columns of one name, more than `MOST_ROWS`, or no rows.
    """
    check_header(str(source), list(names))
    wanted = [n for n, name in enumerate(names) if name and (columns is None or name in columns)]
    held: list[list[Any]] = [[] for _ in wanted]
    places: list[int] = []
    blank, last = 0, before
    for place, row in rows:
        last = place
        if all(value is None or (isinstance(value, str) and not value.strip()) for value in row):
            blank += 1
            continue
        if len(places) == MOST_ROWS:
            raise InputError(str(source), f"row {place}", f"more than {MOST_ROWS:,} rows", f"at most {MOST_ROWS:,}")
        places.append(place)
        for column, n in zip(held, wanted, strict=True):
            column.append(row[n])
    if not places:
        raise InputError(str(source), "", "no data rows", "at least one row")
    numeric = frozenset(names[n] for column, n in zip(held, wanted, strict=True) if _all_numbers(column))
    dated = frozenset(
        names[n] for column, n in zip(held, wanted, strict=True) if any(isinstance(value, date) for value in column)
    )
    texts = {
        names[n]: pa.array([_text(value, "." if names[n] in numeric else decimal) for value in column], pa.string())
        for column, n in zip(held, wanted, strict=True)
    }
    table = pa.table(texts)
    return Cells(tuple(names), table, np.array(places, np.int64), "row", last, blank, numeric=numeric, dated=dated)


def _all_numbers(column: list[Any]) -> bool:
    known = [value for value in column if value is not None and value != ""]
    return bool(known) and all(isinstance(v, int | float | Decimal) and not isinstance(v, bool) for v in known)


def _text(value: Any, decimal: str) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float | Decimal):
        whole = isfinite(value) and abs(float(value)) < _EXACT and value == int(value)
        text = str(int(value)) if whole else f"{value:f}" if isinstance(value, Decimal) else repr(value)
        return text.replace(".", decimal)
    if isinstance(value, datetime):
        local = value.replace(tzinfo=None, microsecond=0)
        return local.date().isoformat() if local.time() == time() else local.isoformat(sep=" ")
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value)
