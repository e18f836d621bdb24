"""The cells of a CSV or Parquet file, packed by gzip or not, as text with their places; what has no end is refused unread."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import re
import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet
from numpy.typing import NDArray

from recoup.sim.inputs import InputError, read_bytes
from recoup.sim.remarks import Remark

MOST_BYTES, MOST_ROWS, MOST_COLUMNS = 1 << 30, 10_000_000, 2_000  # of a file; docs/portfolios.md says so
MOST_CHARACTERS = 131_072  # of a cell: the csv module's limit
IN_THE_MAP = "`{}` in the column map"
_KIND = "CSV, Parquet or Excel file"
_BLOCK = 1 << 20  # characters that are looked at together
_FOREIGN = {
    b"PK\x03\x04": "a zip file that is no Excel workbook",
    b"\xd0\xcf\x11\xe0": "an old or encrypted Excel workbook",
    b"%PDF": "a PDF",
}
_GZIP = b"\x1f\x8b"
# Longer marks first: that of UTF-16 begins that of UTF-32.
_MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}


@dataclass(frozen=True)
class Cells:
    """A table's cells.

    Attributes:
        names: of all columns, as the header has them.
        table: the columns that were asked for, as text; null where the source has one.
        places: where each row of the table stands: the line of a CSV file on which it begins (the first is 1), the row of a workbook's
            sheet, or the number of the row in a Parquet file or of a query's result; shape (rows,).
        unit: what `places` count, line or row.
        lines: lines of the file, or rows.
        blank: blank lines and rows of blank cells alone, which are left out.
        encoding: how the text was read; "" where the source is no text.
        numeric: columns that the source holds as numbers, which no mark of the map concerns.
        dated: columns that the source holds as dates or moments, wherever a cell is one; these are written as ISO dates.
        swallowed: lines on which a row begins one of whose cells goes on over lines that look like rows.
        ragged: place and number of cells of each row with more or fewer cells than the header, which is left out.
    """

    names: tuple[str, ...]
    table: pa.Table
    places: NDArray[np.int64]
    unit: str
    lines: int
    blank: int = 0
    encoding: str = ""
    numeric: frozenset[str] = frozenset()
    dated: frozenset[str] = frozenset()
    swallowed: tuple[int, ...] = ()
    ragged: tuple[tuple[int, int], ...] = ()

    @property
    def even(self) -> Remark:
        """What is expected of a row with more or fewer cells than the header."""
        return Remark("even", {"cells": len(self.names)})


def read_cells(
    file: Path,
    encoding: str | None = None,
    delimiter: str = ",",
    option: str = IN_THE_MAP,
    columns: Collection[str] | None = None,
    header: int = 1,
) -> Cells:
    """All cells of a CSV or Parquet file as text.

    Args:
        file: CSV, or Parquet (told by its first bytes), or one of them packed by gzip.
        encoding: of a CSV file; None = by its byte-order mark, else UTF-8.
        delimiter: of a CSV file.
        option: how messages name the setting (encoding, delimiter), `{}` standing for it.
        columns: those whose cells are wanted; None = all.
        header: line of a CSV file with the names of the columns; those before it are passed over.

    Raises:
        InputError: missing, empty, no regular file, beyond `MOST_BYTES`, `MOST_ROWS`, `MOST_COLUMNS` or `MOST_CHARACTERS`, wrong
            encoding, an open quotation mark, two columns of one name, no rows, or none with as many cells as the header.
    """
    content = file_content(file)
    if not content or content.isspace():
        raise InputError(file, "", "an empty file", "a CSV file with a header line, or a Parquet file")
    is_parquet = content[:4] == b"PAR1"
    if file.name.lower().removesuffix(".gz").endswith((".parquet", ".pq")) and not is_parquet:
        raise InputError(file, "first bytes", content[:4], "a Parquet file (it begins with PAR1)")
    for signature, kind in _FOREIGN.items():
        if content.startswith(signature):
            raise InputError(file, "first bytes", kind, f"a {_KIND}; save the table as CSV")
    if is_parquet:
        return _parquet(file, content, columns)
    return _csv(file, content, encoding, delimiter, option, columns, header)


def file_content(file: Path) -> bytes:
    """The bytes of a CSV or Parquet file, unpacked where they are packed by gzip.

    Raises:
        InputError: missing, no regular file, damaged, or beyond `MOST_BYTES`.
    """
    content = read_bytes(file, MOST_BYTES, _KIND)
    return _unpacked(file, content) if content.startswith(_GZIP) else content


def _unpacked(file: Path, content: bytes) -> bytes:
    """What a gzip file holds; of one that would unpack to more than a file may have, no more than that is unpacked."""
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as packed:
            unpacked = packed.read(MOST_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(file, "", f"damage ({error})", "a whole gzip file") from None
    if len(unpacked) > MOST_BYTES:
        raise InputError(file, "", f"more than {MOST_BYTES:,} bytes when unpacked", f"at most {MOST_BYTES:,}")
    return unpacked


def check_header(file: str | Path, names: list[str]) -> None:
    """Refuse too many columns, and two of one name.

    Args:
        file: for messages.
        names: of the columns.

    Raises:
        InputError: for these.
    """
    if len(names) > MOST_COLUMNS:
        raise InputError(file, "header", f"{len(names):,} columns", f"at most {MOST_COLUMNS:,}")
    seen: set[str] = set()
    for number, name in enumerate(names):
        if name in seen:
            raise InputError(file, f"header, column {number + 1}", name, "a column name that no other column has")
        if name:  # columns without a name, as spreadsheets leave them, can't be asked for
            seen.add(name)


# ---- CSV ----


def _csv(
    file: Path,
    content: bytes,
    encoding: str | None,
    delimiter: str,
    option: str,
    columns: Collection[str] | None,
    header: int,
) -> Cells:
    encoding = encoding or next((name for mark, name in _MARKS.items() if content.startswith(mark)), "utf-8")
    try:
        text = io.TextIOWrapper(io.BytesIO(content), encoding, newline="")
        return _rows(file, text, delimiter, option, columns, header)
    except UnicodeDecodeError:
        raise _wrong_encoding(file, content, encoding, option) from None


def _rows(
    file: Path, text: io.TextIOWrapper, delimiter: str, option: str, columns: Collection[str] | None, header: int
) -> Cells:
    if "\0" in text.read(4096):
        raise UnicodeDecodeError(text.encoding, b"", 0, 1, "no text")
    text.seek(0)
    lines, before = _without_mark(iter(text.readline, "")), header - 1
    passed = sum(1 for _ in islice(lines, before))
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    begins, names = next(_records(file, reader, delimiter, before, headed=False), (header, []))
    if not names:
        raise InputError(file, "", f"{passed:,} lines", f"a line {header:,} with the names of the columns")
    _check_delimiter(file, names, delimiter, option)
    check_header(file, names)
    wanted = [n for n, name in enumerate(names) if name and (columns is None or name in columns)]
    body = _Body(file, delimiter, names, wanted, before + reader.line_num, begins - header)
    while block := text.read(_BLOCK) + text.readline():
        if not body.add_quickly(block):
            body.add_carefully(block, text)
    if not body.rows and not body.ragged:
        raise InputError(file, "", "no data rows", "at least one row")
    cells = Cells(
        tuple(names),
        pa.Table.from_batches(body.batches, body.schema),
        np.concatenate(body.places) if body.places else np.empty(0, np.int64),
        "line",
        body.line,
        body.blank,
        text.encoding,
        swallowed=tuple(body.swallowed),
        ragged=tuple(body.ragged),
    )
    if not body.rows:
        line, count = body.ragged[0]
        raise InputError(file, f"line {line}", f"{count:,} cells", str(cells.even))
    return cells


class _Body:
    """The rows below the header, as they are read: block by block of whole lines.

    The csv module decides what a cell is. A block in which each line is certainly one row of cells, as nearly all are, goes to Arrow
    instead, which then finds the same cells many times as fast; whatever asks for a closer look goes to the csv module.

    Args:
        file, delimiter, names: as in `read_cells`, and of the header.
        wanted: numbers of the columns whose cells are kept.
        line: lines read so far.
        blank: blank ones among them.
    """

    def __init__(self, file: Path, delimiter: str, names: list[str], wanted: list[int], line: int, blank: int) -> None:
        self._file, self._delimiter, self._width, self._wanted = file, delimiter, len(names), wanted
        self.schema = pa.schema([(names[n], pa.string()) for n in wanted])
        self.batches: list[pa.RecordBatch] = []
        self.places: list[NDArray[np.int64]] = []
        self.rows, self.line, self.blank = 0, line, blank
        self.swallowed: list[int] = []
        self.ragged: list[tuple[int, int]] = []

    def add_quickly(self, block: str) -> bool:
        """Add a block's rows; or none, and return False, unless each line is certainly a row that counts."""
        content = block.encode() if block.endswith("\n") else block.encode() + b"\n"
        octets = np.frombuffer(content, np.uint8)
        ends = np.flatnonzero(octets == ord("\n"))
        certain = (
            self._wanted
            and self._delimiter.isascii()
            and "\0" not in block
            and block.count("\r") == block.count("\r\n")
            and self.rows + ends.size <= MOST_ROWS
            and np.diff(ends, prepend=-1).max() <= MOST_CHARACTERS
            and ('"' not in block or _quotes_enclose_cells(octets, self._delimiter))
        )
        if not certain:
            return False
        numbered = [str(n) for n in range(self._width)]
        try:
            table = pyarrow.csv.read_csv(
                pa.BufferReader(content),
                pyarrow.csv.ReadOptions(use_threads=False, block_size=len(content) + 1, column_names=numbered),
                pyarrow.csv.ParseOptions(delimiter=self._delimiter, ignore_empty_lines=False),
                pyarrow.csv.ConvertOptions(
                    column_types=dict.fromkeys(numbered, pa.string()),
                    include_columns=[numbered[n] for n in self._wanted],
                    check_utf8=False,
                ),
            )
        except pa.ArrowInvalid:
            return False
        if table.num_rows != ends.size or _blank_rows(table):
            return False
        self.batches += pa.table(table.columns, schema=self.schema).to_batches()
        self.places.append(np.arange(self.line + 1, self.line + 1 + ends.size))
        self.rows += ends.size
        self.line += ends.size
        return True

    def add_carefully(self, block: str, rest: io.TextIOWrapper) -> None:
        """Add a block's rows as the csv module reads them, the last of which may go on in the rest of the text.

        Raises:
            InputError: as `read_cells`.
        """
        lines, before = list(io.StringIO(block, newline="")), self.line
        reader = csv.reader(chain(lines, iter(rest.readline, "")), delimiter=self._delimiter, strict=True)
        held: list[list[str]] = []
        places: list[int] = []
        for line, row in _records(self._file, reader, self._delimiter, before):
            self.line = before + reader.line_num
            if not "".join(row).strip():
                self.blank += 1
            elif len(row) != self._width:
                self.ragged.append((line, len(row)))
            else:
                self._check(line, row)
                places.append(line)
                held.append(row)
            if reader.line_num >= len(lines):
                break
        if held:
            across = list(zip(*held, strict=True))
            cells = [pa.array(across[n], pa.string()) for n in self._wanted]
            self.batches.append(pa.record_batch(cells, self.schema))
            self.places.append(np.array(places, np.int64))

    def _check(self, line: int, row: list[str]) -> None:
        """Count a row that is not blank, refuse one too many, or note that it may have swallowed others."""
        if self.line > line:
            most = max(self._width - 1, 1)
            if any(inner.count(self._delimiter) >= most for cell in row for inner in cell.splitlines()[1:]):
                self.swallowed.append(line)
        self.rows += 1
        if self.rows > MOST_ROWS:
            raise InputError(self._file, f"line {line}", f"more than {MOST_ROWS:,} rows", f"at most {MOST_ROWS:,}")


def _quotes_enclose_cells(octets: NDArray[np.uint8], delimiter: str) -> bool:
    """Whether quotation marks stand at both ends of cells and nowhere else, and no cell with them goes on over the end of a line."""
    marks = np.flatnonzero(octets == ord('"'))
    ends = np.array([ord("\n"), ord(delimiter)], np.uint8)
    opening = np.isin(octets[marks - 1], ends) | (marks == 0)  # octets[-1] ends a line
    closing = np.isin(octets[marks + 1], np.append(ends, ord("\r")).astype(np.uint8))
    if marks.size % 2 or not opening[::2].all() or not closing[1::2].all() or opening[1::2].any() or closing[::2].any():
        return False
    lines = np.flatnonzero(octets == ord("\n"))
    return bool((np.searchsorted(lines, marks[::2]) == np.searchsorted(lines, marks[1::2])).all())


def _blank_rows(table: pa.Table) -> bool:
    """Whether a row has nothing in any of these columns, and so perhaps in none at all."""
    blank = pa.scalar(True)
    for column in table.columns:
        blank = pc.and_(blank, pc.equal(pc.utf8_trim_whitespace(column), ""))
    return bool(pc.any(blank).as_py())


def _without_mark(lines: Iterator[str]) -> Iterator[str]:
    """The lines, without a byte-order mark, and an empty one in place of the `sep=;` that spreadsheets write first."""
    for number, line in enumerate(lines):
        if number == 0:
            line = line.removeprefix("\ufeff")
            if re.fullmatch(r'"?sep=.?"?', line.strip()):
                line = "\n"
        yield line


def _records(
    file: Path, reader: Any, delimiter: str, before: int, headed: bool = True
) -> Iterator[tuple[int, list[str]]]:
    """Line on which it begins, and cells, of each row.

    Args:
        file, delimiter: as in `read_cells`.
        reader: of the csv module.
        before: lines before those of the reader.
        headed: the header has been read; else rows without a cell before it are passed over.
    """
    while True:
        line = before + reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if "field limit" in str(error):
                got = f"a cell of more than {MOST_CHARACTERS:,} characters"
                raise InputError(file, f"line {line}", got, "shorter ones (is a quotation mark left open?)") from None
            raise InputError(
                file,
                f"line {line}",
                "a quotation mark left open",
                f'a cell that begins with " to end with "{delimiter}',
            ) from None
        if headed or row:
            headed = True
            yield line, row


def _check_delimiter(file: Path, names: list[str], delimiter: str, option: str) -> None:
    header = delimiter.join(names)
    other = next((mark for mark in ";\t|," if mark != delimiter and mark in header), None)
    if len(names) == 1 and other:
        expected = (
            f"columns separated by {delimiter!r} (name another with {option.format('delimiter')}, as in {other!r})"
        )
        raise InputError(file, "header", header, expected)


def _wrong_encoding(file: Path, content: bytes, encoding: str, option: str) -> InputError:
    """What to say of text that is not in the encoding: where, and which one fits."""
    fitting = fitting_encoding(content)
    setting = option.format("encoding")
    where, reading = "", ""
    got: object = "zero bytes, as in UTF-16"
    try:
        content.decode(encoding)
    except UnicodeDecodeError as error:
        before, rest = content[: error.start], content[error.start :]
        where = f"line {before.count(10) + 1}, byte {error.start}"
        got = rest[:1]
        if fitting in ("cp1252", "gb18030"):
            word = re.split(rb"[\r\n,;\t|]", before)[-1] + re.split(rb"[\r\n,;\t|]", rest, maxsplit=1)[0]
            reading = f" and reads {word.decode(fitting, errors='replace')[:30]!r} there"
    hint = f"{fitting} fits{reading}: {setting}" if fitting else f"name another with {setting}"
    if fitting and _codec(fitting) == _codec(encoding):
        hint = "as the file begins; it is damaged there, or ends too early"
    return InputError(file, where, got, f"text in {encoding} ({hint})")


def _codec(encoding: str) -> str:
    """Its own name, whichever the user gave; with or without a byte-order mark is one."""
    return codecs.lookup(encoding).name.removesuffix("-sig")


def fitting_encoding(content: bytes) -> str | None:
    """The encoding that a text's bytes speak for: utf-8, utf-16, utf-16-le, utf-16-be, utf-32, gb18030, cp1252; None = none of these.

    Without a mark: UTF-16 has a zero in every other byte; in GB 18030 bytes beyond ASCII come in pairs, in a western code page mostly alone.
    """
    for mark, name in _MARKS.items():
        if content.startswith(mark):
            return name
    sample = content[: 1 << 20]
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    if even or odd:
        return "utf-16-le" if odd > 4 * even else "utf-16-be" if even > 4 * odd else None
    runs = re.findall(rb"[\x80-\xff]+", sample)
    alone = sum(len(run) == 1 for run in runs)
    tables = ("cp1252", "gb18030") if 2 * alone > len(runs) else ("gb18030", "cp1252")
    for name in ("utf-8", *tables):
        try:
            codecs.getincrementaldecoder(name)().decode(sample, final=len(sample) == len(content))
        except UnicodeDecodeError:
            continue
        return name
    return None


# ---- Parquet ----


def _parquet(file: Path, content: bytes, columns: Collection[str] | None) -> Cells:
    try:
        source = pyarrow.parquet.ParquetFile(io.BytesIO(content))
        metadata, types = source.metadata, source.schema_arrow
        names = list(types.names)
        check_header(file, names)
        unpacked = sum(metadata.row_group(n).total_byte_size for n in range(metadata.num_row_groups))
        for count, most, what in (
            (metadata.num_rows, MOST_ROWS, "rows"),
            (unpacked, MOST_BYTES, "bytes when unpacked"),
        ):
            if count > most:
                raise InputError(file, "", f"{count:,} {what}", f"at most {most:,}")
        wanted = [name for name in names if name and (columns is None or name in columns)]
        texts = [name for name in wanted if _is_text(types.field(name).type)]
        # A text that a file holds once and its rows point to must not be written out before it is known how often.
        source = pyarrow.parquet.ParquetFile(io.BytesIO(content), read_dictionary=texts)
        read = source.read(columns=wanted)
        characters = sum(_characters(read.column(name)) for name in texts)
        if characters > MOST_BYTES:
            raise InputError(file, "", f"{characters:,} bytes of text when unpacked", f"at most {MOST_BYTES:,}")
        table = as_texts(read)
    except (pa.ArrowException, OSError, KeyError) as error:
        raise InputError(file, "", str(error).splitlines()[0], "a Parquet file of plain columns") from None
    if table.num_rows == 0:
        raise InputError(file, "", "no data rows", "at least one row")
    numeric = frozenset(name for name in wanted if _is_number(types.field(name).type))
    rows = table.num_rows
    dated = frozenset(name for name in wanted if pa.types.is_temporal(types.field(name).type))
    return Cells(tuple(names), table, np.arange(1, rows + 1), "row", rows, numeric=numeric, dated=dated)


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_binary(kind))


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))


def _characters(column: pa.ChunkedArray) -> int:
    """Bytes of a column's texts once each is written out."""
    total = 0
    for chunk in column.chunks:
        if pa.types.is_dictionary(chunk.type):
            lengths = pc.binary_length(chunk.dictionary).take(chunk.indices)
        else:
            lengths = pc.binary_length(chunk)
        total += pc.sum(lengths).as_py() or 0
    return total


def as_texts(table: pa.Table) -> pa.Table:
    """The cells of a typed table as a CSV file would have them; moments as ISO dates, which have a time of day unless all are at midnight."""
    return pa.table([_texts(column) for column in table.columns], names=table.column_names)


def _texts(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_timestamp(column.type):
        if column.type.tz is not None:
            column = pc.local_timestamp(column)  # the clock of the place that the file names
        days = column.cast(pa.date32(), safe=False)
        whole = pc.all(pc.equal(column, days.cast(column.type)))  # None where there is no moment at all
        column = days if whole.as_py() is not False else column.cast(pa.timestamp("s"), safe=False)
    return column.cast(pa.string())
