"""A plan's morning in one pass: each account is read, gated, decided and sent on its way in one visit to its record."""

from __future__ import annotations

from typing import NamedTuple, Self

import numpy as np
from numba import uint64
from numpy.typing import NDArray

from recoup.agents.plans.decision_table import choice, holding, lowest
from recoup.sim import kernels
from recoup.sim.compiled import njit
from recoup.sim.debtor import needs_review
from recoup.sim.observation import bound, see
from recoup.sim.prefetch import AHEAD, prefetch


class Decided(NamedTuple):
    """What the decisions of a morning were taken on, by open account.

    Attributes:
        rule: the plan's rule that decided, -1 = none, int16 (open,).
        dpd: days past due, int32 (open,).
        tier: index in the vocabulary's tiers, uint8 (open,).
    """

    rule: NDArray[np.int16]
    dpd: NDArray[np.int32]
    tier: NDArray[np.uint8]

    @classmethod
    def empty(cls, accounts: int) -> Self:
        """Room for so many."""
        return cls(np.empty(accounts, np.int16), np.empty(accounts, np.int32), np.empty(accounts, np.uint8))


@njit(borrows=True, nogil=True)
def decide_rows(  # type: ignore[no-untyped-def]
    morning, first, last, table, priorities, cap, barred, low, high, columns, values, named, bits, decided
):
    """Decide rows first..last of a morning.

    Args:
        morning: `morning.Morning`; its actions, priority, queues and seconds are written.
        table: `DecisionTable`.
        priorities: of the rules and, last, of no rule, uint8 (rules + 1,).
        cap: days with a call or text within a week that the plan wants at most.
        barred: treatments that are not to be had, below the cap and at it, bool (2, menu).
        low, high: `observation.LOW`, and `highest` of the world.
        columns: `HASHED_COLUMNS`.
        values, named, bits: room for one observation, float32 (1, fields), and the same as records and as uint32.
        decided: `Decided`, written to.
    """
    accounts, rows, menu, closed = morning.accounts, morning.rows, morning.menu, morning.closed
    gate, gated, tier_rule = morning.gate, morning.gated, morning.tier_rule[0]
    p, t, o, row_values, row_bits = morning.params[0], morning.today[0], named[0], values[0], bits[0]
    actions, priority, queues, seconds = morning.actions, morning.priority, morning.queues, morning.seconds
    whole, parted, cuts, truth, every, clause_rule, rules, choices, _ = table
    deciding, dpd, tier = decided
    _, tables = gate
    for row in range(first, last):
        prefetch(accounts, rows[min(row + AHEAD, last - 1)])
        a = accounts[rows[row]]
        see(a, t, tier_rule, o)
        bound(row_values, low, high)
        capped, at = barred[int(o.calls_7d + o.texts_7d >= cap)], -1
        asked, forbidden = False, uint64(0)
        for word in range(every.size):  # as `decision_table` decides
            alive = holding(row_values, whole, parted, cuts, truth[word], every[word])
            while alive and at < 0:
                rule = rules[clause_rule[64 * word + lowest(alive)]]
                # Half of the account-days end with a rule to do nothing, or with none: those need not ask the gate.
                if not asked and choices[rule.start].bits:
                    forbidden = kernels.forbidden(a, t, tables, gated)
                    asked = True
                at = choice(capped, forbidden, rule, choices, row_bits, columns)
                alive &= alive - uint64(1)
            if at >= 0:
                break
        action, number = 0, -1
        if at >= 0:
            action, number = choices[at].index, choices[at].rule
        actions[row], priority[row] = action, priorities[number]
        deciding[row], dpd[row], tier[row] = number, o.dpd, o.tier
        if not gated:  # what is unlawful happens, and is counted
            review = needs_review(a, p, menu[action].legal)
            if action and not kernels.pass_gate(a, t, menu[action], closed[action], gate, False, review):
                action = 0
        queues[row], seconds[row] = kernels.carry_out(a, p, t, menu, action), a.seconds
