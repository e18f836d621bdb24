"""Tables and queries of databases: DuckDB and SQLite files, and servers by their address, read and never written."""

from __future__ import annotations

import logging
import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import numpy as np
import pyarrow as pa

from recoup.sim.inputs import InputError, choose, on_disk
from recoup.sim.portfolio.cells import MOST_ROWS, Cells, as_texts, check_header
from recoup.sim.portfolio.typed import typed_cells

_QUERY = re.compile(r"[?&]query=")
_CREDENTIALS = re.compile(
    r"^(?P<scheme>[A-Za-z][\w+.-]*://)(?:(?P<user>[^:@/]*)(?P<password>:.*)?@)?(?P<rest>.*)$", re.DOTALL
)
_IN_QUOTES = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/", re.DOTALL)
_POSTGRESQL = ("postgresql", "postgres")
_LOGS = ("-wal", ".wal")  # of SQLite and DuckDB: what was written last, until it is taken into the file
_AT_ONCE = 10_000  # rows
_READABLE = 70  # signs of a message
EXAMPLE = "an address as in sqlite:///book.db?query=SELECT * FROM accounts"


class Address:
    """Where a database is and what to read there: `sqlite:///book.db?query=SELECT …`.

    What follows `query=`, the last of the address, is SQL as it stands. Shown, written or in a message it never has a password.

    Args:
        text: scheme://[user[:password]@]host[:port]/database[?query=…].

    Raises:
        InputError: without a scheme, or with an empty query.
    """

    def __init__(self, text: str) -> None:
        where, *query = _QUERY.split(text, maxsplit=1)
        found = _CREDENTIALS.match(where)
        if found is None:
            raise InputError("address", "", Address.hidden(text), EXAMPLE)
        self.query = query[0].strip() if query else None
        self.scheme = found["scheme"].removesuffix("://").lower()
        self._where, self._password = where, (found["password"] or "")[1:]
        user = f"{found['user']}@" if found["user"] else ""
        self._shown = found["scheme"] + user + found["rest"].partition("?")[0]
        self._file = self._file_named(self._shown.partition("://")[2])
        if self.query == "":
            raise InputError(str(self), "query", "", "one SELECT after query=")

    @classmethod
    def of_file(cls, scheme: str, file: Path) -> Address:
        """That of a database's file, whatever its name; shown as its path."""
        address = cls(f"{scheme}://")
        address._shown, address._file = str(file), file
        return address

    def _file_named(self, rest: str) -> Path | None:
        name = unquote(rest.removeprefix("/"))
        embedded = self.scheme.partition("+")[0] in ("duckdb", "sqlite")
        return Path(name) if embedded and name not in ("", ":memory:") else None

    def __str__(self) -> str:
        return self._shown + (f"?query={self.query}" if self.query else "")

    __repr__ = __str__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Address) and (self._where, self.query) == (other._where, other.query)

    def __hash__(self) -> int:
        return hash((self._where, self.query))

    @staticmethod
    def hidden(text: str) -> str:
        """A text that may be an address, without a password."""
        return re.sub(r"://([^:@/]*):.*@", r"://\1@", text, flags=re.DOTALL)

    @property
    def stem(self) -> str:
        """What reports call what is read there: the last part of the database's name, without an ending."""
        return Path(self._shown.rpartition("/")[2] or self.scheme).stem

    @property
    def name(self) -> str:
        """Address without the query, for messages."""
        return self._shown

    @property
    def file(self) -> Path | None:
        """The file of a DuckDB or SQLite address; None = none, or in memory."""
        return self._file

    @property
    def server(self) -> str:
        """What SQLAlchemy connects to."""
        driver = self.scheme
        if self.scheme in _POSTGRESQL:  # psycopg where somebody has it, else the driver that the extra installs
            driver = "postgresql+psycopg" if find_spec("psycopg") else "postgresql+pg8000"
        return driver + self._where[len(self.scheme) :]

    def scrubbed(self, message: str) -> str:
        """A driver's message without the password."""
        for secret in {self._password, unquote(self._password), quote(self._password)} - {""}:
            message = message.replace(secret, "***")
        return Address.hidden(message)


@dataclass(frozen=True)
class Wanted:
    """What is read of a database, as the map says: a table, a query, or neither.

    Attributes:
        table, query: of the map.
        columns: whose cells are wanted; None = all.
        decimal: as for `typed_cells`.
    """

    table: str | None = None
    query: str | None = None
    columns: Collection[str] | None = None
    decimal: str = "."


def read_address(address: Address, wanted: Wanted) -> Cells:
    """The cells of a query or a table of a database.

    Args:
        address: where it is.
        wanted: what is read, unless the address has a query.

    Raises:
        InputError: no such file or server, no table or query, more than one statement or none that only reads, or what the database says.
    """
    if address.query is not None and (wanted.table or wanted.query):
        raise InputError(
            str(address), "query", address.query, "a query in the address or in the column map, not in both"
        )
    query = address.query or wanted.query
    if query is not None:
        _require_select(str(address), query)
    if address.file is None:
        return _cells(address, None, query, wanted)
    with on_disk(address.file, "database file", _LOGS) as file:
        return _cells(address, file, query, wanted)


def _cells(address: Address, file: Path | None, query: str | None, wanted: Wanted) -> Cells:
    return (_duckdb if address.scheme == "duckdb" else _server)(address, file, query, wanted)


def read_duckdb_file(file: Path, wanted: Wanted) -> Cells:
    """As `read_address`, of a DuckDB file."""
    return read_address(Address.of_file("duckdb", file), wanted)


def read_sqlite_file(file: Path, wanted: Wanted) -> Cells:
    """As `read_address`, of an SQLite file."""
    return read_address(Address.of_file("sqlite", file), wanted)


def _require_select(source: str, query: str) -> None:
    bare = _IN_QUOTES.sub(" ", query).strip().rstrip(";").strip()
    if ";" in bare or not re.match(r"(select|with|values|from)\b|\(", bare, re.IGNORECASE):
        raise InputError(source, "query", query, "one SELECT: a portfolio is read, and nothing is changed")


def _selected(source: str, tables: Sequence[str], query: str | None, wanted: Wanted) -> str:
    """The SQL to run: the query, or all of the table that is named or the only one."""
    if query is not None:
        return query
    if wanted.table is None and len(tables) != 1:
        had = f"{len(tables)} tables"
        raise InputError(
            source, "", had, f"`table` or `query` in the column map, or ?query=… in the address: {choose(tables, '')}"
        )
    table = wanted.table or tables[0]
    if table not in tables:
        raise InputError(source, "table", table, choose(tables, table))
    return "SELECT * FROM " + ".".join('"' + part.replace('"', '""') + '"' for part in [table])


def _duckdb(address: Address, file: Path | None, query: str | None, wanted: Wanted) -> Cells:
    import duckdb

    source = str(address)
    try:
        with duckdb.connect(str(file) if file else ":memory:", read_only=file is not None) as database:
            found = database.execute("SELECT table_name FROM information_schema.tables ORDER BY table_name").fetchall()
            table: Any = database.sql(_selected(source, [name for (name,) in found], query, wanted)).to_arrow_table()
    except duckdb.Error as error:
        raise InputError(
            source, "", _first_line(error, address), "a DuckDB database and a query that it understands"
        ) from None
    names = list(table.column_names)
    check_header(source, names)
    if table.num_rows > MOST_ROWS:
        raise InputError(source, "", f"{table.num_rows:,} rows", f"at most {MOST_ROWS:,}")
    if table.num_rows == 0:
        raise InputError(source, "", "no data rows", "at least one row")
    kept = table.select([name for name in names if name and (wanted.columns is None or name in wanted.columns)])
    kinds = {field.name: field.type for field in kept.schema}
    numeric = frozenset(
        name
        for name, kind in kinds.items()
        if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    )
    dated = frozenset(name for name, kind in kinds.items() if pa.types.is_temporal(kind))
    try:
        texts = as_texts(kept)
    except pa.ArrowException as error:
        raise InputError(source, "", _first_line(error, address), "plain columns: numbers, texts, dates") from None
    rows = table.num_rows
    return Cells(tuple(names), texts, np.arange(1, rows + 1), "row", rows, numeric=numeric, dated=dated)


def _server(address: Address, file: Path | None, query: str | None, wanted: Wanted) -> Cells:
    source = str(address)
    try:
        import sqlalchemy
    except ImportError:
        raise InputError("sqlalchemy", "", "not installed", 'pip install "recoup[sql]"') from None
    server = f"sqlite:///file:{quote(str(file))}?mode=ro&uri=true" if file else address.server
    try:
        logging.getLogger("sqlalchemy.pool").setLevel(logging.CRITICAL)  # a failed query is told once, below
        engine = sqlalchemy.create_engine(server)
        with engine.connect() as connection:
            if engine.dialect.name == "postgresql":
                connection = connection.execution_options(postgresql_readonly=True)
            tables = [] if query else _tables(sqlalchemy.inspect(connection))
            selected = _selected(source, tables, query, wanted)
            literal = sqlalchemy.text(selected.replace(":", "\\:"))  # a colon names no parameter
            result = connection.execution_options(stream_results=True).execute(literal)
            return typed_cells(address, list(result.keys()), _numbered(result), wanted.columns, wanted.decimal)
    except ImportError as error:
        expected = 'a driver for it that is installed; pip install "recoup[sql]" brings that of PostgreSQL'
        raise InputError(source, "", _first_line(error, address), expected) from None
    except sqlalchemy.exc.SQLAlchemyError as error:
        cause = getattr(error, "orig", None) or error
        raise InputError(
            source, "", _first_line(cause, address), "a database that answers, and a query that it understands"
        ) from None


def _tables(inspector: Any) -> list[str]:
    return sorted([*inspector.get_table_names(), *inspector.get_view_names()])


def _numbered(result: Any) -> Iterator[tuple[int, Sequence[Any]]]:
    place = 0
    for part in result.partitions(_AT_ONCE):
        for row in part:
            place += 1
            yield place, row


def _first_line(error: object, address: Address) -> str:
    said = getattr(error, "args", ())
    if said and isinstance(said[0], dict):  # pg8000 hands over the fields of the server's message; M is the text
        error = said[0].get("M", error)
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    message = address.scrubbed(lines[0] if lines else type(error).__name__)
    return message if len(message) <= _READABLE else "… " + message[-_READABLE:]  # servers name the cause last
