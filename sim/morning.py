"""What compiled code is given to decide about accounts one by one in a morning, and where it writes what it decided."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from recoup.sim.compliance.gate import Gate


class Morning(NamedTuple):
    """A policy that is compiled itself reads and decides an account in one visit to its record (`Simulation.advance_by`).

    It may use of a record what `observation.see` and `kernels.forbidden` tell, and nothing else.

    Attributes:
        accounts: records (`account.ACCOUNT`), shape (accounts,).
        rows: numbers of the open ones, int64 (open,).
        params: `parameters.kernel_record`, shape (1,).
        today: `observation.DAY_CONTEXT`, shape (1,).
        tier_rule: `observation.TIER_RULE`, shape (1,).
        menu: the treatments (`Menu.table`).
        closed: treatments for which nobody is on duty today, bool (menu,).
        gate: the rules.
        gated: they are in force.
        actions: written: menu index by open account, int64 (open,).
        priority: written: 0 (first) to 255, uint8 (open,).
        queues: written: what `kernels.carry_out` returns, uint8 (open,).
        seconds: written: what each account will take of whoever serves it, int32 (open,).
    """

    accounts: NDArray[np.void]
    rows: NDArray[np.int64]
    params: NDArray[np.void]
    today: NDArray[np.void]
    tier_rule: NDArray[np.void]
    menu: NDArray[np.void]
    closed: NDArray[np.bool_]
    gate: Gate
    gated: bool
    actions: NDArray[np.int64]
    priority: NDArray[np.uint8]
    queues: NDArray[np.uint8]
    seconds: NDArray[np.int32]
