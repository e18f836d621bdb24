"""Where a table comes from: a file of any kind that can be read, or a database by its address."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from recoup.sim.inputs import opened
from recoup.sim.portfolio.cells import IN_THE_MAP, Cells, read_cells
from recoup.sim.portfolio.columnmap import ColumnMap
from recoup.sim.portfolio.databases import Address, Wanted, read_address, read_duckdb_file, read_sqlite_file
from recoup.sim.portfolio.workbooks import is_workbook, read_workbook

Source = Path | Address
KINDS = "CSV, Parquet, Excel, DuckDB or SQLite file"
_ZIP, _SQLITE, _DUCKDB = b"PK\x03\x04", b"SQLite format 3\0", b"DUCK"


def source_of(text: str | Path | Address) -> Source:
    """The path of a file, or the address of a database (it has `://`).

    Args:
        text: as users write it.

    Raises:
        InputError: an address that is none.
    """
    if isinstance(text, Path | Address):
        return text
    return Address(text) if "://" in text else Path(text)


def without_password(text: str) -> str:
    """A source as it may be written down."""
    return str(source_of(text))


def kind_of(file: Path) -> str:
    """What a file is by its first bytes: workbook, sqlite, duckdb, or text (which Parquet and gzip files count as).

    Raises:
        InputError: missing, a folder, a pipe or device, or unreadable.
    """
    with opened(file, KINDS) as content:
        head = content.read(16)
        if head.startswith(_SQLITE):
            return "sqlite"
        if head[8:12] == _DUCKDB:
            return "duckdb"
        return "workbook" if head.startswith(_ZIP) and is_workbook(content) else "text"


def read_source(
    source: Source, mapping: ColumnMap, columns: Collection[str] | None = None, option: str = IN_THE_MAP
) -> Cells:
    """All cells of a table as text, each row with its place.

    Args:
        source: file or address.
        mapping: says where in it the table is, and how it is written.
        columns: those whose cells are wanted; None = all.
        option: how messages name a setting, `{}` standing for it.

    Raises:
        InputError: as `read_cells`, `read_workbook` and `read_address`.
    """
    wanted = Wanted(mapping.table, mapping.query, columns, mapping.decimal)
    if isinstance(source, Address):
        return read_address(source, wanted)
    kind = kind_of(source)
    if kind == "workbook":
        return read_workbook(source, mapping.sheet, mapping.header, mapping.decimal, columns, option)
    if kind == "sqlite":
        return read_sqlite_file(source, wanted)
    if kind == "duckdb":
        return read_duckdb_file(source, wanted)
    return read_cells(source, mapping.encoding, mapping.delimiter, option, columns, mapping.header)
