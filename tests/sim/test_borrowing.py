"""What is called once an account counts no references: threads that share a counter take as long as one."""

from __future__ import annotations

import numpy as np
import pytest

from recoup.agents.plans import decision_table, morning
from recoup.sim import debtor, kernels, observation
from recoup.sim.compiled import njit
from recoup.sim.compliance import gate
from recoup.sim.operations import collectors


@pytest.mark.parametrize(
    ("module", "names"),
    [
        (kernels, "start_day forbidden allowed pass_gate carry_out decide serve live count_events step_day"),
        (debtor, "who_has be_contacted treat step_day"),
        (gate, "unlawful rule_against"),
        (observation, "observe bound"),
        (collectors, "tally"),
        (decision_table, "holding choice"),
        (morning, "decide_rows"),
    ],
)
def test_passes_over_accounts_borrow_their_arrays(module, names):
    for name in names.split():
        assert getattr(module, name).targetoptions["_nrt"] is False, name


def test_borrowed_arrays_are_read_and_written_in_place_and_kept_by_the_caller():
    @njit(borrows=True)
    def swap(rows, pick):  # type: ignore[no-untyped-def]
        one, other = rows[pick], rows[1 - pick][1:]
        one[0], other[0] = other[0], one[0]
        return one[0]

    arrays = np.array([1, 2, 3]), np.array([7, 8, 9])
    for _ in range(100):
        swap(arrays, 0)
    assert swap(arrays, 0) == 8
    assert [array.tolist() for array in arrays] == [[8, 2, 3], [7, 1, 9]]
