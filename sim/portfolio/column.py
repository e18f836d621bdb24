"""A column of a file as each text that stands in it, read once, and which of them each row has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

_BLANK = ("", "na", "n/a", "null", "none", "nan", "-")


@dataclass(frozen=True)
class Column:
    """Cells without the space around them.

    Attributes:
        texts: the different texts.
        codes: which of them each row has, shape (rows,); after `keep` there may be texts that no row has.
    """

    texts: pa.StringArray
    codes: NDArray[np.int32]

    @classmethod
    def of(cls, cells: pa.ChunkedArray) -> Column:
        """From a column of `Cells.table`; null counts as empty."""
        stripped = pc.utf8_trim_whitespace(pc.fill_null(cells, ""))
        encoded = pc.dictionary_encode(stripped).combine_chunks()
        return cls(encoded.dictionary, encoded.indices.to_numpy())

    def keep(self, rows: NDArray[np.bool_]) -> Column:
        """These rows alone."""
        return Column(self.texts, self.codes[rows])

    def blank(self) -> NDArray[np.bool_]:
        """Which texts say nothing: shape (texts,)."""
        return are_in(pc.utf8_lower(self.texts), _BLANK)

    @classmethod
    def first_of(cls, columns: Sequence[Column]) -> Column:
        """In each row the first text that is not blank, of the last column where all are."""
        if len(columns) == 1:
            return columns[0]
        starts = np.cumsum([0, *(len(column.texts) for column in columns)])
        codes = columns[-1].codes + starts[len(columns) - 1]
        for column, start in reversed(list(zip(columns[:-1], starts, strict=False))):
            codes = np.where(column.rows_of(column.blank()), codes, column.codes + start)
        encoded = pc.dictionary_encode(pa.concat_arrays([column.texts for column in columns]))
        return cls(encoded.dictionary, encoded.indices.to_numpy()[codes])

    def mapped(
        self, values: Mapping[str, str], otherwise: str | None = None
    ) -> tuple[pa.StringArray, NDArray[np.bool_]]:
        """The texts, those that `values` has as what it gives for them, others that are not blank as `otherwise`, and which these are."""
        if otherwise is not None:
            named = are_in(self.texts, values)
            texts, _ = self.mapped(values)
            others = ~named & ~self.blank()
            return pc.if_else(pa.array(others), otherwise, texts), named | others
        if not values:
            return self.texts, np.zeros(len(self.texts), bool)
        given = pa.array(list(values.values()), pa.string())
        place = pc.index_in(self.texts, pa.array(list(values), pa.string()))
        found = place.is_valid().to_numpy(zero_copy_only=False)
        return pc.coalesce(given.take(place), self.texts), found

    def rows_of(self, texts: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Which rows have one of these texts: shape (rows,), of shape (texts,)."""
        return np.asarray(texts[self.codes])

    def text(self, row: int) -> str:
        """What stands in a row."""
        return str(self.texts[int(self.codes[row])].as_py())


def are_in(texts: pa.StringArray, some: Iterable[str]) -> NDArray[np.bool_]:
    """Which texts are among some: shape (texts,)."""
    found = pc.is_in(texts, pa.array(list(some), pa.string()))
    return found.to_numpy(zero_copy_only=False)  # type: ignore[no-any-return]
