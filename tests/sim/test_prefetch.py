"""Memory that is asked for ahead: nothing but time may change."""

from __future__ import annotations

import numpy as np

from recoup.sim.compiled import njit
from recoup.sim.prefetch import prefetch


@njit(borrows=True)
def ask_for_all(records):  # type: ignore[no-untyped-def]
    for number in range(records.size):
        prefetch(records, number)


def test_records_are_as_they_were() -> None:
    records = np.zeros(5, [("name", "i8"), ("rest", "u1", (200,))])
    records["name"] = [3, 1, 4, 1, 5]
    before = records.tobytes()
    ask_for_all(records)
    ask_for_all(records[::2])  # also of a view with gaps
    assert records.tobytes() == before
