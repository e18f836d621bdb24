"""The cells of a CSV or Parquet file as text, each row with its place in the file; what has no end is refused unread."""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet
from numpy.typing import NDArray

from recoup.sim.inputs import InputError, read_bytes

MOST_BYTES, MOST_ROWS, MOST_COLUMNS = 1 << 30, 10_000_000, 2_000  # of a file; docs/portfolios.md says so
MOST_CHARACTERS = 131_072  # of a cell: the csv module's limit
IN_THE_MAP = "`{}` in the column map"
_KIND = "CSV or Parquet file"
_BATCH = 50_000  # rows that are held as Python texts at a time
_FOREIGN = {
    b"PK\x03\x04": "an Excel workbook or a zip file",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"\x1f\x8b": "a gzip file",
    b"%PDF": "a PDF",
}
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
    """A file's cells.

    Attributes:
        names: of all columns, as the header has them.
        table: the columns that were asked for, as text; null where Parquet has one.
        places: where each row of the table stands: the line of a CSV file on which it begins (the first is 1), or the number of the
            row in a Parquet file; shape (rows,).
        unit: what `places` count, line or row.
        lines: lines of the file, or rows.
        blank: blank lines and rows of blank cells alone, which are left out.
        encoding: how the text was read; "" for Parquet.
        numeric: columns that a Parquet file holds as numbers, which no mark of the map concerns.
        swallowed: lines on which a row begins one of whose cells goes on over lines that look like rows.
    """

    names: tuple[str, ...]
    table: pa.Table
    places: NDArray[np.int64]
    unit: str
    lines: int
    blank: int = 0
    encoding: str = ""
    numeric: frozenset[str] = frozenset()
    swallowed: tuple[int, ...] = ()


def read_cells(
    file: Path,
    encoding: str | None = None,
    delimiter: str = ",",
    option: str = IN_THE_MAP,
    columns: Collection[str] | None = None,
) -> Cells:
    """All cells of a CSV or Parquet file as text.

    Args:
        file: CSV, or Parquet (told by its first bytes).
        encoding: of a CSV file; None = by its byte-order mark, else UTF-8.
        delimiter: of a CSV file.
        option: how messages name the setting (encoding, delimiter), `{}` standing for it.
        columns: those whose cells are wanted; None = all.

    Raises:
        InputError: missing, empty, no regular file, beyond `MOST_BYTES`, `MOST_ROWS`, `MOST_COLUMNS` or `MOST_CHARACTERS`, wrong
            encoding, an open quotation mark, ragged, two columns of one name, no rows.
    """
    content = read_bytes(file, MOST_BYTES, _KIND)
    if not content.strip():
        raise InputError(file, "", "an empty file", "a CSV file with a header line, or a Parquet file")
    is_parquet = content[:4] == b"PAR1"
    if file.suffix.lower() in (".parquet", ".pq") and not is_parquet:
        raise InputError(file, "first bytes", content[:4], "a Parquet file (it begins with PAR1)")
    for signature, kind in _FOREIGN.items():
        if content.startswith(signature):
            raise InputError(file, "first bytes", kind, f"a {_KIND}; save the table as CSV")
    if is_parquet:
        return _parquet(file, content, columns)
    return _csv(file, content, encoding, delimiter, option, columns)


def _check_header(file: Path, names: list[str]) -> None:
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
    file: Path, content: bytes, encoding: str | None, delimiter: str, option: str, columns: Collection[str] | None
) -> Cells:
    encoding = encoding or next((name for mark, name in _MARKS.items() if content.startswith(mark)), "utf-8")
    try:
        return _rows(file, io.TextIOWrapper(io.BytesIO(content), encoding, newline=""), delimiter, option, columns)
    except UnicodeDecodeError:
        raise _wrong_encoding(file, content, encoding, option) from None


def _rows(file: Path, lines: io.TextIOWrapper, delimiter: str, option: str, columns: Collection[str] | None) -> Cells:
    if "\0" in lines.read(4096):
        raise UnicodeDecodeError(lines.encoding, b"", 0, 1, "no text")
    lines.seek(0)
    reader = csv.reader(_without_mark(lines), delimiter=delimiter, strict=True)
    rows = _records(file, reader, delimiter)
    begins, names = next(rows, (1, []))
    blank = begins - 1
    _check_delimiter(file, names, delimiter, option)
    _check_header(file, names)
    wanted = [n for n, name in enumerate(names) if name and (columns is None or name in columns)]
    schema = pa.schema([(names[n], pa.string()) for n in wanted])
    batches: list[pa.RecordBatch] = []
    held: list[list[str]] = []
    places: list[int] = []
    swallowed: list[int] = []

    def put_by() -> None:
        across = list(zip(*held, strict=True))
        batches.append(pa.record_batch([pa.array(across[n], pa.string()) for n in wanted], schema))
        held.clear()

    header_lines = reader.line_num - blank
    continued = 0
    for line, row in rows:
        if not any(cell and not cell.isspace() for cell in row):
            blank += 1
            continue
        if len(row) != len(names):
            raise InputError(
                file,
                f"line {line}",
                f"{len(row):,} cells",
                f"the same number of cells in each row, {len(names):,} as in the header",
            )
        if reader.line_num > line:
            continued += reader.line_num - line
            if any(inner.count(delimiter) >= max(len(names) - 1, 1) for cell in row for inner in cell.splitlines()[1:]):
                swallowed.append(line)
        places.append(line)
        held.append(row)
        if len(places) > MOST_ROWS:
            raise InputError(file, f"line {line}", f"more than {MOST_ROWS:,} rows", f"at most {MOST_ROWS:,}")
        if len(held) == _BATCH:
            put_by()
    if not places:
        raise InputError(file, "", "no data rows", "at least one row")
    if held:
        put_by()
    return Cells(
        tuple(names),
        pa.Table.from_batches(batches, schema),
        np.array(places, np.int64),
        "line",
        header_lines + len(places) + blank + continued,
        blank,
        lines.encoding,
        swallowed=tuple(swallowed),
    )


def _without_mark(lines: io.TextIOWrapper) -> Iterator[str]:
    """The lines, without a byte-order mark, and an empty one in place of the `sep=;` that spreadsheets write first."""
    for number, line in enumerate(lines):
        if number == 0:
            line = line.removeprefix("\ufeff")
            if re.fullmatch(r'"?sep=.?"?', line.strip()):
                line = "\n"
        yield line


def _records(file: Path, reader: Any, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Line on which it begins, and cells, of the header and each row after it."""
    headed = False
    while True:
        line = reader.line_num + 1
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
    return InputError(file, where, got, f"text in {encoding} ({hint})")


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
        _check_header(file, names)
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
        table = pa.table([_texts(column) for column in read.columns], names=read.column_names)
    except (pa.ArrowException, OSError, KeyError) as error:
        raise InputError(file, "", str(error).splitlines()[0], "a Parquet file of plain columns") from None
    if table.num_rows == 0:
        raise InputError(file, "", "no data rows", "at least one row")
    numeric = frozenset(name for name in wanted if _is_number(types.field(name).type))
    rows = table.num_rows
    return Cells(tuple(names), table, np.arange(1, rows + 1), "row", rows, numeric=numeric)


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_binary(kind))


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))


def _characters(column: pa.ChunkedArray) -> int:
    """Bytes of a column's texts once each is written out."""
    total = 0
    for chunk in column.chunks:
        if pa.types.is_dictionary(chunk.type):
            lengths = pyarrow.compute.binary_length(chunk.dictionary).take(chunk.indices)
        else:
            lengths = pyarrow.compute.binary_length(chunk)
        total += pyarrow.compute.sum(lengths).as_py() or 0
    return total


def _texts(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """A column's cells as a CSV file would have them; of a time stamp the day, as maps count days."""
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.date32(), safe=False)
    return column.cast(pa.string())
