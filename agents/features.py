"""What a network sees: observations in natural units turned into numbers of order one, by each field's table row."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from recoup.sim.compiled import njit
from recoup.sim.observation import FIELDS, LOW, ObservedField

_LOGARITHMIC_FROM = 50.0  # ranges wider than this are felt in proportion, not in units


def _width(field: ObservedField) -> int:
    return len(field.codes) or 1


NAMES: tuple[str, ...] = tuple(
    f"{field.name}={code}" if field.codes else field.name for field in FIELDS for code in (field.codes or ("",))
)
SIZE = len(NAMES)

_spans = np.array([field.high - field.low for field in FIELDS], np.float32)
_coded = np.array([bool(field.codes) for field in FIELDS])
_log = _spans > _LOGARITHMIC_FROM
_scale = np.where(_log, np.log1p(_spans), _spans).astype(np.float32)
_LOGS = np.log1p(np.arange(4096, dtype=np.float32))  # most values are whole days or times
_place = np.cumsum([0, *(_width(field) for field in FIELDS)])


def encode(observations: NDArray[np.float32]) -> NDArray[np.float32]:
    """Features of order one, shape (accounts, SIZE): one column per code, wide ranges by logarithm, scaled to [0, 2]."""
    out = np.zeros((len(observations), SIZE), np.float32)
    _fill(observations, LOW, _scale, _log, _coded, _place, _LOGS, out)
    return out


def one_hot(choices: NDArray[np.int64], size: int) -> NDArray[np.float32]:
    """A column for each of `size` choices, 1 in the chosen one's: shape (rows, size), float32."""
    out = np.zeros((len(choices), size), np.float32)
    out[np.arange(len(choices)), choices] = 1.0
    return out


def columns_of(names: Sequence[str]) -> NDArray[np.int64]:
    """Where the named features stand among `NAMES`: a policy keeps reading its own when fields are added later."""
    return np.array([NAMES.index(name) for name in names], np.int64)


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
