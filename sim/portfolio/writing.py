"""How a table is written, found out from its contents: encoding, delimiter, line of the header, marks of numbers, formats of dates."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa

from recoup.sim.inputs import InputError
from recoup.sim.portfolio.cells import file_content, fitting_encoding
from recoup.sim.portfolio.columnmap import EXCEL, ColumnMap
from recoup.sim.portfolio.dates import parse_dates
from recoup.sim.portfolio.header_names import NAMES, plain
from recoup.sim.portfolio.numbers import parse_numbers
from recoup.sim.portfolio.sources import kind_of
from recoup.sim.portfolio.workbooks import first_rows, sheet_names

_HEAD = 30  # rows that are looked at for the header
_DELIMITERS = (",", ";", "\t", "|")
# In the order in which they are preferred where several fit: 1,234 is one thousand.
_MARKS = ((".", ""), (".", ","), (",", "."), (",", ""), (".", " "), (",", " "), (".", "'"))
_FORMATS = (
    "%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%d.%m.%Y", "%Y年%m月%d日", "%d %b %Y", "%d-%b-%Y",
    "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M", "%d/%m/%Y %H:%M:%S",
    "%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y %H:%M", "%d.%m.%Y %H:%M", "%Y%m%d",
)  # fmt: skip
_SIGN = re.compile(r"[$€£¥￥₹₩元圆]|[A-Za-z]{2,3}\$?")
_AMOUNT = re.compile(
    rf"^[(\-+\u2212]?\s*(?P<before>{_SIGN.pattern})?\s*[(\-+\u2212]?\s*[0-9][0-9.,'\u2019\s\u00a0\u2009\u202f]*\s*%?(?P<after>{_SIGN.pattern})?\s*[)\-]?$"
)


@dataclass(frozen=True)
class Layout:
    """Where in a source its table is.

    Attributes:
        encoding, delimiter, header, sheet: as in a column map; None, a comma, 1 and None where nothing need be said.
    """

    encoding: str | None = None
    delimiter: str = ","
    header: int = 1
    sheet: str | None = None


def layout_of(file: Path, sheet: str | None = None) -> Layout:
    """Where in a file its table is.

    Args:
        file: of any kind that can be read.
        sheet: of a workbook; None = the one whose header has most of the names that we know.

    Raises:
        InputError: unreadable, or text in no encoding that is known.
    """
    kind = kind_of(file)
    if kind == "workbook":
        names = sheet_names(file)
        found = [(first_rows(file, name, _HEAD), name) for name in ([sheet] if sheet else names)]
        headed = [(_known(rows), -number, _header(rows), name) for number, (rows, name) in enumerate(found)]
        _, _, header, name = max(headed)
        return Layout(sheet=name if len(names) > 1 else None, header=header)
    if kind != "text":
        return Layout()
    content = file_content(file)
    if content[:4] == b"PAR1":
        return Layout()
    fitting = fitting_encoding(content)
    if fitting is None:
        raise InputError(file, "", "bytes that are no text", "text in UTF-8, UTF-16, GB 18030 or a western encoding")
    text = content[: 1 << 20].decode(fitting, errors="replace").removeprefix("\ufeff")
    lines = text.splitlines()
    marked = fitting in ("utf-8", "utf-8-sig", "utf-16", "utf-32")
    delimiter = max(_DELIMITERS, key=lambda mark: _columns(lines, mark))
    rows = [next(csv.reader([line], delimiter=delimiter), []) for line in lines[:_HEAD]]
    return Layout(None if marked else fitting, delimiter, _header(rows))


def _columns(lines: list[str], delimiter: str) -> int:
    """In how many cells most of the first lines fall."""
    widths = [len(row) for row in islice(csv.reader(lines[:_HEAD], delimiter=delimiter), _HEAD) if row]
    commonest = max(set(widths), key=lambda width: (widths.count(width), width), default=1)
    return commonest if commonest > 1 else 0


def _header(rows: Sequence[Sequence[object]]) -> int:
    """Number, from 1, of the first row that has as many names as most rows have cells."""
    filled = [sum(str(cell).strip() != "" for cell in row) for row in rows]
    most = max(filled, default=0)
    for number, row in enumerate(rows, start=1):
        names = [str(cell).strip() for cell in row if str(cell).strip()]
        if len(names) >= max(0.6 * most, 1) and not any(re.fullmatch(r"[-+(]?[0-9.,]+\)?", name) for name in names):
            return number
    return 1


def _known(rows: Sequence[Sequence[object]]) -> int:
    names = {word for registry in NAMES.values() for words in registry.values() for word in words.split()}
    header = rows[_header(rows) - 1] if rows else []
    return sum(plain(str(cell)) in names for cell in header)


@dataclass(frozen=True)
class Marks:
    """How numbers are written: as in a column map."""

    decimal: str = "."
    thousands: str = ""
    currency: tuple[str, ...] = ()


def marks_of(columns: Sequence[pa.StringArray]) -> Marks:
    """The marks under which most amounts are numbers.

    Args:
        columns: the texts of columns that may hold amounts.
    """
    texts = [text for column in columns for text in column.to_pylist() if _AMOUNT.match(text)]
    signs: dict[str, int] = {}
    for text in texts:
        found = _AMOUNT.match(text)
        for sign in (found["before"], found["after"]) if found else ():
            if sign:
                signs[sign] = signs.get(sign, 0) + 1
    if not texts:
        return Marks()
    array = pa.array(texts, pa.string())
    best, most = Marks(currency=tuple(signs)), -1
    for decimal, thousands in _MARKS:
        mapping = ColumnMap.model_construct(decimal=decimal, thousands=thousands, currency=list(signs))
        numbers = int(np.isfinite(parse_numbers(array, mapping)).sum())
        if numbers > most:
            best, most = Marks(decimal, thousands, tuple(signs)), numbers
    return best


def is_amounts(texts: pa.StringArray) -> bool:
    """Whether most texts look like amounts, with whatever marks."""
    known = [text for text in texts.to_pylist() if text]
    return bool(known) and sum(bool(_AMOUNT.match(text)) for text in known) >= 0.5 * len(known)


@dataclass(frozen=True)
class Dates:
    """How dates are written.

    Attributes:
        formats: as few as read all texts that any of ours reads, the commonest first.
        share: of the texts that they read.
        doubtful: day and month may be the other way round.
    """

    formats: tuple[str, ...]
    share: float
    doubtful: bool = False


def dates_of(texts: pa.StringArray, excel: bool = False) -> Dates:
    """The formats in which texts are dates.

    Args:
        texts: different texts, none blank.
        excel: numbers may be spreadsheets' numbers of days.
    """
    left = np.ones(len(texts), bool)
    formats: list[str] = []
    doubtful = False
    known = {form: parse_dates(texts, [form]).notna().to_numpy() for form in (*_FORMATS, *([EXCEL] if excel else []))}
    while left.any():
        counts = {form: int((read & left).sum()) for form, read in known.items()}
        best = max(counts, key=lambda form: counts[form])  # the first of equals
        if not counts[best]:
            break
        swapped = best.replace("%d", "%x").replace("%m", "%d").replace("%x", "%m")
        doubtful |= swapped != best and "%Y" not in best[:2] and counts.get(swapped, 0) == counts[best]
        formats.append(best)
        left &= ~known[best]
    return Dates(tuple(formats), 1 - float(left.mean()) if len(texts) else 0.0, doubtful)
