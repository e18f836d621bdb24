"""The kinds of files that a command leaves for others: each is written and read by one definition of what it holds.

A model says what a JSON file holds, a list of columns what a Parquet table does, a list of arrays what a NumPy file does. All are checked whenever such a file is written or
read, so that what is damaged, edited or of another kind is one line that names the file and the place in it. Each room defines its kinds in
its `files.py`.
"""

from __future__ import annotations

import json
import re
import tokenize
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np
import pandas as pd
import pyarrow
import pyarrow.compute
import pyarrow.parquet
from numpy.lib.npyio import NpzFile
from numpy.typing import NDArray
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from recoup.experiments.runs.runfolder import write_json, write_whole
from recoup.sim.inputs import InputError, choose, misplaced, read_json, require_readable, validated

LARGEST = 1e18  # of any figure: far above all money there is, far below what arithmetic can't hold


def _at_most_largest(value: float) -> float:
    if abs(value) > LARGEST:
        raise ValueError(f"at most {LARGEST:g} in size")
    return value


Number = Annotated[float, Field(ge=-LARGEST, le=LARGEST, allow_inf_nan=False)]
NumberOrNan = Annotated[float, AfterValidator(_at_most_largest)]  # NaN where a measure is undefined
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0, le=10**15)]
Cents = Annotated[int, Field(ge=-(10**18), le=10**18)]
Seed = Annotated[int, Field(ge=0, le=2**63)]
Seeds = Annotated[list[Seed], Field(min_length=1)]


# What libraries raise for archives, and the arrays in them, that are damaged or of something else.
DAMAGED_ARCHIVE = (
    OSError,
    ValueError,
    ArithmeticError,
    LookupError,
    TypeError,
    AttributeError,
    RuntimeError,
    EOFError,
    MemoryError,
    SyntaxError,
    tokenize.TokenError,
    zipfile.BadZipFile,
    zlib.error,
)


class Content(BaseModel):
    """What a file holds, or a part of it: all of it is named, numbers are numbers, and nothing is missing."""

    model_config = ConfigDict(extra="forbid", strict=True)
    former: ClassVar[frozenset[str]] = frozenset()  # what files of older versions had besides; nobody reads it

    @model_validator(mode="before")
    @classmethod
    def _without_the_former(cls, data: Any) -> Any:
        if cls.former and isinstance(data, dict):
            return {name: value for name, value in data.items() if name not in cls.former}
        return data


class Interval(Content):
    """A mean over seeds and its 95 % bootstrap interval; null where undefined, no limits from a single seed."""

    mean: Number | None
    low: Number | None
    high: Number | None

    @model_validator(mode="after")
    def _both_ends(self) -> Interval:
        if (self.low is None) != (self.high is None):
            raise misplaced(("low",), self.low, "null together with high")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise misplaced(("low",), self.low, f"at most high, {self.high:g}")
        if self.mean is None and self.low is not None:
            raise misplaced(("mean",), None, "a number, as there are limits")
        return self


class Known(Interval):
    """An interval whose mean is always defined."""

    mean: Number


class Difference(Interval):
    """Challenger − baseline, paired by seed, in the measure's unit."""

    relative: Interval = Field(description="challenger / baseline − 1, seeds resampled in pairs")


def check_keys(found: Mapping[str, Any], names: Collection[str], under: tuple[str | int, ...] = ()) -> None:
    """Make sure that a mapping has exactly these keys.

    Args:
        found: the mapping.
        names: its keys, in any order.
        under: where it stands within what is being validated.

    Raises:
        PydanticCustomError: one lacks, or there is another; for validators.
    """
    for name in names:
        if name not in found:
            raise misplaced((*under, name), "nothing", "a value here (required)")
    for name in found:
        if name not in names:
            raise misplaced((*under, name), name, choose(names, name))


@dataclass(frozen=True)
class _Keys:
    """Of a mapping: it has exactly these keys, or with `others` these at least."""

    names: tuple[str, ...]
    others: bool = False

    def __call__(self, found: dict[str, Any]) -> dict[str, Any]:
        check_keys(found, {*self.names, *found} if self.others else self.names)
        return found


@dataclass(frozen=True)
class _Defined:
    """Of a mapping to numbers or intervals: these are not null."""

    names: tuple[str, ...]

    def __call__(self, found: dict[str, Any]) -> dict[str, Any]:
        for name in self.names:
            if isinstance(found[name], Interval) and found[name].mean is None:
                raise misplaced((name, "mean"), None, "a number, as it is always defined")
            if found[name] is None:
                raise misplaced((name,), None, "a number, as it is always defined")
        return found


@dataclass(frozen=True)
class _Names:
    """Of a text, a list of texts or a mapping: nothing but these names, in it or as its keys."""

    names: tuple[str, ...]

    def __call__(self, found: Any) -> Any:
        for at, name in [((), found)] if isinstance(found, str) else _named(found):
            if name not in self.names:
                raise misplaced(at, name, choose(self.names, name))
        return found


def exactly(names: Collection[str]) -> AfterValidator:
    """For the type of a mapping: it has exactly these keys."""
    return AfterValidator(_Keys(tuple(names)))


@dataclass(frozen=True)
class _Usually:
    """Of a mapping: it has some key; a scenario says which, and `names` where it says nothing."""

    names: tuple[str, ...]

    def __call__(self, found: dict[str, Any]) -> dict[str, Any]:
        if not found:
            raise misplaced((), found, f"something by name, as in {', '.join(self.names)}")
        return found


def usually(names: Collection[str]) -> AfterValidator:
    """For the type of a mapping whose keys a scenario chooses, usually these: it has some."""
    return AfterValidator(_Usually(tuple(names)))


def including(names: Collection[str]) -> AfterValidator:
    """For the type of a mapping: it has these keys, and perhaps others, which a scenario has added."""
    return AfterValidator(_Keys(tuple(names), others=True))


def defined(names: Collection[str]) -> AfterValidator:
    """For the type of a mapping to numbers or intervals: these are not null."""
    return AfterValidator(_Defined(tuple(names)))


def some_of(names: Collection[str]) -> AfterValidator:
    """For the type of a text, a list of texts or a mapping: nothing but these names, in it or as its keys."""
    return AfterValidator(_Names(tuple(names)))


def _named(found: dict[str, Any] | list[str]) -> list[tuple[tuple[str | int, ...], str]]:
    if isinstance(found, dict):
        return [((name,), name) for name in found]
    return [((number,), name) for number, name in enumerate(found)]


@dataclass(frozen=True)
class JsonKind:
    """A kind of JSON file.

    Attributes:
        name: of the file in its folder.
        command: that writes it.
        model: what it holds.
        version: what its `schema_version` is; None = it has none.
        oldest: the least that is still read; None = no other.
    """

    name: str
    command: str
    model: type[Content]
    version: int | None = None
    oldest: int | None = None

    def read(self, folder: Path) -> dict[str, Any]:
        """The content of the file in a folder, checked; as `read_file`."""
        return self.read_file(folder / self.name)

    def read_file(self, path: Path) -> dict[str, Any]:
        """The content of a file of this kind, checked.

        Args:
            path: of the file.

        Raises:
            InputError: missing, damaged, or not what this kind of file holds.
        """
        document = read_json(path, f"file that `{self.command}` has written")
        found = document.data.get("schema_version", self.version)
        if self.version is not None and found not in range(self.oldest or self.version, self.version + 1):
            expected = f"{self.version}: results of this version of Recoup; compare again"
            raise document.error(("schema_version",), found, expected)
        validated(self.model, document)
        return document.data

    def read_if_there(self, folder: Path) -> dict[str, Any] | None:
        """As `read`; None where the folder has nothing of the kind's name."""
        return self.read(folder) if (folder / self.name).exists() else None

    def write(self, folder: Path, content: Mapping[str, Any]) -> None:
        """Write the file of this kind in a folder; as `write_file`."""
        self.write_file(folder / self.name, content)

    def write_file(self, path: Path, content: Mapping[str, Any]) -> None:
        """Write a file of this kind.

        Args:
            path: of the file; replaced.
            content: what it is to hold.

        Raises:
            ValidationError: it does not hold what such a file must: a fault in this program.
            InputError: it cannot be written.
        """
        self.model.model_validate(json.loads(json.dumps(content, allow_nan=False)))
        write_json(path, content)


@dataclass(frozen=True)
class _ColumnKind:
    """What the cells of a column are: in words, and the test of the column's type."""

    expected: str
    fits: Callable[[pyarrow.DataType], bool]
    empty: bool = False  # whether cells may be


def _is_text(kind: pyarrow.DataType) -> bool:
    kind = kind.value_type if pyarrow.types.is_dictionary(kind) else kind
    return bool(pyarrow.types.is_string(kind) or pyarrow.types.is_large_string(kind))


def _is_number(kind: pyarrow.DataType) -> bool:
    return bool(pyarrow.types.is_floating(kind) or pyarrow.types.is_integer(kind))


TEXT = _ColumnKind("a text", _is_text)
WHOLE = _ColumnKind("a whole number", pyarrow.types.is_integer)
NUMBER = _ColumnKind("a finite number", _is_number)
NUMBER_OR_NONE = _ColumnKind("a finite number or an empty cell", _is_number, empty=True)
Columns = Mapping[str, _ColumnKind]


def columns_of(**names: str) -> dict[str, _ColumnKind]:
    """Columns by name.

    Args:
        names: kind of column (text, whole, number, number_or_none) → names, with spaces between.
    """
    kinds = {"text": TEXT, "whole": WHOLE, "number": NUMBER, "number_or_none": NUMBER_OR_NONE}
    return {name: kinds[kind] for kind, listed in names.items() for name in listed.split()}


GROUP_ROWS = 1 << 20  # of a Parquet file: pyarrow's own


@contextmanager
def _whole_parquet(path: Path) -> Iterator[None]:
    try:
        yield
    except (pyarrow.ArrowException, OSError, ValueError) as error:
        raise InputError(path, "", f"damage ({str(error).splitlines()[0]})", "a whole Parquet file") from None


def _is_plain(column: pyarrow.ChunkedArray, empty: bool) -> bool:
    """Nothing in a column calls for a closer look: no number is too large, and unless they may be, no cell is empty or no number."""
    if not empty and (column.null_count or _has_nan(column)):
        return False
    if not _is_number(column.type):
        return True
    least, most = pyarrow.compute.min_max(column).as_py().values()
    return least is None or bool(-LARGEST <= least <= most <= LARGEST)


def _has_nan(column: pyarrow.ChunkedArray) -> bool:
    return bool(pyarrow.types.is_floating(column.type) and pyarrow.compute.any(pyarrow.compute.is_nan(column)).as_py())


@dataclass(frozen=True)
class TableKind:
    """A kind of Parquet table.

    Attributes:
        name: of the file in the folder of a run; those of parts end in it.
        command: that writes it.
        columns: all that it has.
        optional: those that it may have besides.
        more: further ones by the form of their names, as regular expressions: what a scenario has of its own.
    """

    name: str
    command: str
    columns: Columns
    optional: Columns
    more: Columns = field(default_factory=dict)

    def read(self, path: Path, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """A table of this kind, checked.

        Args:
            path: of the file.
            columns: those to read; None = all.

        Raises:
            InputError: missing, damaged, or not a table of this kind: a column that lacks, is unknown or of another type, or a cell that
                is empty or not finite.
        """
        self._schema(path)
        with _whole_parquet(path):
            table = pd.read_parquet(path, columns=None if columns is None else list(columns))
        self._check_cells(table, path)
        return table

    def _schema(self, path: Path) -> pyarrow.Schema:
        """The columns of a file, checked."""
        require_readable(path, f"table that `{self.command}` has written")
        with _whole_parquet(path):
            schema = pyarrow.parquet.read_schema(path)
            self._check_columns(schema, path)
        return schema

    def _checked(self, path: Path) -> pyarrow.Table:
        """A file whose columns are right, its cells checked: as `read`, without the way to pandas and back."""
        with _whole_parquet(path):
            table = pyarrow.parquet.ParquetFile(path).read(use_threads=False)
        if not self._is_plain(table):
            self._check_cells(table.to_pandas(), path)
        return table

    def write(self, path: Path, table: pd.DataFrame) -> None:
        """Write a table of this kind.

        Args:
            path: of the file; replaced.
            table: its content.

        Raises:
            InputError: it cannot be written, or is not a table of this kind, which would be a fault in this program.
        """
        written = pyarrow.Table.from_pandas(table, preserve_index=False, nthreads=1)
        self._check_columns(written.schema, path)
        if not self._is_plain(written):
            self._check_cells(table, path)
        write_whole(path, lambda temporary: pyarrow.parquet.write_table(written, temporary))

    def join(self, paths: Sequence[Path], path: Path) -> None:
        """Write the rows of several tables of this kind, which are checked, as one; no more of them is in memory than a group of rows.

        Args:
            paths: of the tables, in the order of their rows; at least one.
            path: of the file; replaced.

        Raises:
            InputError: one of the tables as in `read`, or the file cannot be written.
        """
        schemas = [self._schema(one) for one in paths]
        schema = pyarrow.unify_schemas(schemas, promote_options="permissive")

        def put(temporary: Path) -> None:
            with pyarrow.parquet.ParquetWriter(temporary, schema) as writer:
                waiting: list[pyarrow.Table] = []
                for number, one in enumerate(paths, start=1):
                    waiting.append(self._checked(one).select(schema.names).cast(schema))
                    if number == len(paths) or sum(map(len, waiting)) >= GROUP_ROWS:
                        writer.write_table(pyarrow.concat_tables(waiting), GROUP_ROWS)
                        waiting.clear()

        write_whole(path, put)

    def _known(self, names: Iterable[str]) -> Columns:
        formed = {name: kind for name in names for form, kind in self.more.items() if re.fullmatch(form, name)}
        return {**formed, **self.columns, **self.optional}

    def _check_columns(self, schema: pyarrow.Schema, path: Path) -> None:
        known = self._known(schema.names)
        for name in self.columns:
            if name not in schema.names:
                raise InputError(
                    path, f"column {name}", "nothing", f"a column of this name: {self.columns[name].expected}"
                )
        for column in schema:
            if column.name not in known:
                raise InputError(path, f"column {column.name}", column.name, choose(known, column.name))
            if not known[column.name].fits(column.type):
                raise InputError(
                    path, f"column {column.name}", str(column.type), f"{known[column.name].expected} in each row"
                )
        if len(set(schema.names)) < len(schema.names):
            raise InputError(path, "columns", "a name twice", "every column once")

    def _is_plain(self, table: pyarrow.Table) -> bool:
        known = self._known(table.schema.names)
        return all(_is_plain(table[name], known[name].empty) for name in table.schema.names)

    def _check_cells(self, table: pd.DataFrame, path: Path) -> None:
        known = self._known(map(str, table.columns))
        for name, cells in table.items():
            kind = known[str(name)]
            wrong = np.zeros(len(cells), bool) if kind.empty else cells.isna().to_numpy(bool)
            if kind in (NUMBER, NUMBER_OR_NONE):
                wrong = wrong | (np.abs(cells.to_numpy(float, na_value=0.0)) > LARGEST)
            if wrong.any():
                row = int(wrong.argmax())
                shown = None if pd.isna(cells.iloc[row]) else cells.iloc[row].item()
                raise InputError(path, f"row {row + 1}, column {name}", shown, kind.expected)


@dataclass(frozen=True)
class Array:
    """What an array of a file is.

    Attributes:
        dtype: its type, by NumPy's name.
        shape: None for any length, the same in all arrays of the file.
        least, most: of its numbers, which are finite.
    """

    dtype: str
    shape: tuple[int | None, ...]
    least: float = -LARGEST
    most: float = LARGEST

    def expected(self) -> str:
        """In words."""
        return f"{self.dtype} ({', '.join('any' if length is None else str(length) for length in self.shape)})"

    def _fits(self, found: NDArray[Any], rows: int | None) -> bool:
        lengths = zip(found.shape, self.shape, strict=False)
        return (
            found.dtype == np.dtype(self.dtype)
            and found.ndim == len(self.shape)
            and all(
                asked in (None, length) and (asked is not None or rows in (None, length)) for length, asked in lengths
            )
        )

    def check(self, found: NDArray[Any], path: Path, name: str, rows: int | None = None) -> None:
        """Make sure that an array is of this kind.

        Args:
            found: the array.
            path: of its file, for the message.
            name: its own, for the message.
            rows: the length that is the same in all arrays of the file; None = not yet known.

        Raises:
            InputError: another type or shape, or a number that is not finite or out of its range.
        """
        if not self._fits(found, rows):
            more = f", {rows:,} for any" if rows is not None and None in self.shape else ""
            raise InputError(path, f"array {name}", f"{found.dtype} {found.shape}", self.expected() + more)
        wrong = ~((found >= self.least) & (found <= self.most))
        if wrong.any():
            at = [int(place) for place in np.unravel_index(wrong.argmax(), wrong.shape)]
            expected = f"a finite number from {self.least:g} to {self.most:g}"
            raise InputError(path, f"array {name}{at}", found[tuple(at)].item(), expected)


@dataclass(frozen=True)
class ArraysKind:
    """A kind of NumPy file (.npz).

    Attributes:
        command: that writes it.
        arrays: all that it has, by name.
    """

    command: str
    arrays: Mapping[str, Array]

    def read(self, path: Path) -> dict[str, NDArray[Any]]:
        """The arrays of a file of this kind, checked; nothing is unpickled.

        Args:
            path: of the file.

        Raises:
            InputError: missing, damaged, or not of this kind: an array that lacks, is unknown or of another type or shape, or a number
                that is not finite or out of its range.
        """
        require_readable(path, f"file that `{self.command}` has written")
        try:
            with path.open("rb") as stream, NpzFile(stream, allow_pickle=False) as file:
                found = {name: np.asarray(file[name]) for name in file.files}
        except DAMAGED_ARCHIVE as error:
            reason = (str(error) or type(error).__name__).splitlines()[0]
            raise InputError(path, "", f"damage ({reason})", "a whole NumPy file (.npz)") from None
        self._check(found, path)
        return found

    def write(self, path: Path, arrays: Mapping[str, Any]) -> None:
        """Write a file of this kind.

        Args:
            path: of the file; replaced.
            arrays: its content by name.

        Raises:
            InputError: it cannot be written, or is not of this kind, which would be a fault in this program.
        """
        self._check(arrays, path)

        def put(temporary: Path) -> None:
            with temporary.open("wb") as file:  # a name would get an ending
                np.savez(file, **arrays)

        write_whole(path, put)

    def _check(self, found: Mapping[str, NDArray[Any]], path: Path) -> None:
        for name in found:
            if name not in self.arrays:
                raise InputError(path, f"array {name}", name, choose(self.arrays, name))
        rows: int | None = None
        for name, kind in self.arrays.items():
            if name not in found:
                raise InputError(path, f"array {name}", "nothing", f"an array of this name: {kind.expected()}")
            kind.check(found[name], path, name, rows)
            if rows is None and None in kind.shape:
                rows = found[name].shape[kind.shape.index(None)]
