"""What a network sees: observations in natural units turned into numbers of order one, by each field's table row."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim.observation import FIELDS, ObservedField

_LOGARITHMIC_FROM = 50.0  # ranges wider than this are felt in proportion, not in units


def _width(field: ObservedField) -> int:
    return len(field.codes) or 1


NAMES: tuple[str, ...] = tuple(
    f"{field.name}={code}" if field.codes else field.name for field in FIELDS for code in (field.codes or ("",))
)
SIZE = len(NAMES)

_plain = [n for n, field in enumerate(FIELDS) if not field.codes]
_place = np.cumsum([0, *(_width(field) for field in FIELDS)])
_low = np.array([FIELDS[n].low for n in _plain], np.float32)
_span = np.array([FIELDS[n].high - FIELDS[n].low for n in _plain], np.float32)
_log = np.array([FIELDS[n].high - FIELDS[n].low > _LOGARITHMIC_FROM for n in _plain])
_scale = np.where(_log, np.log1p(_span), _span).astype(np.float32)


def encode(observations: NDArray[np.float32]) -> NDArray[np.float32]:
    """Features of order one, shape (accounts, SIZE): one column per code, wide ranges by logarithm, scaled to [0, 2] or [−1, 1]."""
    out = np.zeros((len(observations), SIZE), np.float32)
    plain = observations[:, _plain] - _low
    np.log1p(plain, out=plain, where=_log)
    out[:, _place[_plain]] = 2.0 * plain / _scale
    rows = np.arange(len(observations))
    for n, field in enumerate(FIELDS):
        if field.codes:
            out[rows, _place[n] + observations[:, n].astype(np.int64)] = 1.0
    return out
