"""Days as so many days ago, as ledgers write them: "1 4 9"; and by channel: "sms: 1 4; whatsapp: 2"."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from recoup.sim.portfolio.fields import HISTORY_DAYS

_DAYS_AGO = re.compile(r"[0-9]{1,2}(?:[ ,;/、，]+[0-9]{1,2})*")
_CHANNEL = re.compile(r"[a-z][a-z0-9_]*")


def parse_days_ago(texts: pa.StringArray) -> NDArray[np.float64]:
    """Days that a text names as so many days ago, "1 4 9": bit n of a whole number is n days ago; NaN for what is none.

    Args:
        texts: the cells, stripped; "0" is no day.
    """
    return np.array([_days_ago(text) for text in texts.to_pylist()], np.float64)


def _days_ago(text: str) -> float:
    if not _DAYS_AGO.fullmatch(text):
        return np.nan
    days = {int(number) for number in re.findall("[0-9]+", text)}
    if days == {0}:
        return 0.0
    return float(sum(1 << day for day in days)) if min(days) > 0 and max(days) <= HISTORY_DAYS else np.nan


def days_ago(history: float) -> str:
    """The text that `parse_days_ago` reads as this number."""
    return " ".join(str(day) for day in range(1, HISTORY_DAYS + 1) if int(history) >> day & 1) or "0"


def channel_days_of(text: str) -> dict[str, int] | None:
    """The days with a contact by each channel that a text names: `sms: 1 4; whatsapp: 2`; "0" is no day by any of them.

    Args:
        text: channels and how many days ago, parted by semicolons.

    Returns:
        By channel, bit n = n days ago; None for what is no such text.
    """
    found: dict[str, int] = {}
    for part in [] if text.strip() == "0" else text.split(";"):
        name, colon, days = (piece.strip() for piece in part.partition(":"))
        history = _days_ago(days)
        if not colon or name in found or not _CHANNEL.fullmatch(name) or np.isnan(history):
            return None
        found[name] = int(history)
    return found


def channel_days_text(days: Mapping[str, int]) -> str:
    """The text that `channel_days_of` reads as these histories."""
    return (
        "; ".join(f"{name}: {days_ago(history)}" for name, history in days.items() if days_ago(history) != "0") or "0"
    )
