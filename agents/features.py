"""What a network sees: observations in natural units turned into numbers of order one, by each field's table row."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from recoup.sim.compiled import njit
from recoup.sim.observation import LOW, ObservedField, fields_of
from recoup.sim.treatments import STANDARD, Vocabulary

_LOGARITHMIC_FROM = 50.0  # ranges wider than this are felt in proportion, not in units
_LOGS = np.log1p(np.arange(4096, dtype=np.float32))  # most values are whole days or times


class Features:
    """The features of a world: one column per code, wide ranges by logarithm, scaled to [0, 2].

    Args:
        fields: that observations have.

    Attributes:
        names: of the columns.
    """

    def __init__(self, fields: Sequence[ObservedField]) -> None:
        self.names: tuple[str, ...] = tuple(
            f"{field.name}={code}" if field.codes else field.name for field in fields for code in (field.codes or ("",))
        )
        spans = np.array([field.high - field.low for field in fields], np.float32)
        self._coded = np.array([bool(field.codes) for field in fields])
        self._log = spans > _LOGARITHMIC_FROM
        self._scale = np.where(self._log, np.log1p(spans), spans).astype(np.float32)
        self._place = np.cumsum([0, *(len(field.codes) or 1 for field in fields)])

    @property
    def size(self) -> int:
        """How many there are."""
        return len(self.names)

    def encode(self, observations: NDArray[np.float32]) -> NDArray[np.float32]:
        """Features of order one, shape (accounts, size)."""
        out = np.zeros((len(observations), self.size), np.float32)
        _fill(observations, LOW, self._scale, self._log, self._coded, self._place, _LOGS, out)
        return out

    def columns_of(self, names: Sequence[str]) -> NDArray[np.int64]:
        """Where the named features stand: a policy keeps reading its own when fields are added later."""
        return np.array([self.names.index(name) for name in names], np.int64)


@lru_cache(maxsize=64)
def features_of(vocabulary: Vocabulary) -> Features:
    """The features of worlds with these tiers and products.

    Args:
        vocabulary: of the world.
    """
    return Features(fields_of(vocabulary))


_STANDARD = features_of(STANDARD)
NAMES, SIZE, encode, columns_of = _STANDARD.names, _STANDARD.size, _STANDARD.encode, _STANDARD.columns_of


def one_hot(choices: NDArray[np.int64], size: int) -> NDArray[np.float32]:
    """A column for each of `size` choices, 1 in the chosen one's: shape (rows, size), float32."""
    out = np.zeros((len(choices), size), np.float32)
    out[np.arange(len(choices)), choices] = 1.0
    return out


@njit(nogil=True)
def _fill(observations, low, scale, log, coded, place, logs, out):  # type: ignore[no-untyped-def]
    two = np.float32(2.0)
    for row in range(observations.shape[0]):
        seen, features = observations[row], out[row]
        for n in range(seen.size):
            if coded[n]:
                features[place[n] + int(seen[n])] = 1.0
            else:
                value = seen[n] - low[n]
                if log[n]:
                    whole = int(value)
                    value = logs[whole] if whole < logs.size and whole == value else np.log1p(value)
                features[place[n]] = two * value / scale[n]
