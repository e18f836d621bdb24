"""A plan to start a search from: how often to write and to call, by age of debt and by what is at stake.

A complaint, a fee and a minute cost the same whoever is contacted, what may come in does not: so effort should grow with the balance
and fall with the age of debt. How much is for a search to find (`recoup.experiments.learning.tuning`); every cell of the grid has its own rules.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recoup.agents.plans.plan_file import PlanFile
from recoup.sim.observation import FIELD_INDEX, FIELDS

AGES = (0, 8, 16, 30, 60, 90, 120, 180)  # days past due at which a band begins
SHARES = (0.3, 0.55, 0.75, 0.9)  # of the accounts, by size of claim, at which a band begins
CALLED_BELOW, CALLED_FROM = 120, 2  # days past due, band of claim size: where the start calls at all
RARELY = 30  # days
SHIFTS = {"morning": 1, "afternoon": 10, "evening": 4}


def effort_plan(claim_sizes: NDArray[np.floating], name: str = "effort") -> PlanFile:
    """The start: a message a day, calls for the larger and younger claims, notices as soon as they may be sent.

    Args:
        claim_sizes: of a portfolio, as the field `claim_size` has them on the first day, shape (accounts,).
        name: of the plan.
    """
    edges = [0.0, *(float(f"{edge:.2g}") for edge in np.quantile(claim_sizes, SHARES))]
    rules = [
        _rule("leave promises alone", {"promise_open": True}, "nothing"),
        _rule("leave running plans alone", {"plan_active": True}, "nothing"),
        _rule(
            "legal notice",
            {"legal_stage": "none", "dpd": {"at_least": 30}, "claim_size": {"at_least": 0}},
            {"channel": "letter", "legal": "notice"},
        ),
        _rule(
            "offer a long plan for old debt",
            {
                "dpd": {"at_least": AGES[-1]},
                "days_since_attempt": {"at_least": 3},
                "offers_refused": {"at_most": 4},
            },
            {"channel": "wechat", "offer": "plan_12"},
        ),
    ]
    for age, dpd in enumerate(_bands(AGES, "dpd")):
        for size, claim_size in enumerate(_bands(edges, "claim_size")):
            cell, where = {"dpd": dpd, "claim_size": claim_size}, f"age {age + 1}, size {size + 1}"
            called = AGES[age] < CALLED_BELOW and size >= CALLED_FROM
            often = {"days_since_reached": {"at_least": 3 if called else RARELY}, "calls_7d": {"at_most": 0}}
            rules.append(_rule(f"call, {where}", {**cell, **often}, {"channel": "collector", "window": SHIFTS}))
            rules.append(
                _rule(f"write, {where}", {**cell, "days_since_attempt": {"at_least": 1}}, {"channel": "wechat"})
            )
    return PlanFile.model_validate(
        {
            "name": name,
            "title": "Effort by what is at stake",
            "description": "How often to write and to call, by age of debt and size of claim. Made to be tuned (`recoup tune`).",
            "rules": rules,
        }
    )


def _rule(name: str, when: dict[str, Any], do: Any) -> dict[str, Any]:
    return {"name": name, "when": when, "do": do}


def _bands(edges: Sequence[float], field: str) -> list[dict[str, float]]:
    """Half-open bands of a field from one edge to the next; the last has no end."""
    low = FIELDS[FIELD_INDEX[field]].low
    bands = []
    for edge, following in zip(edges, [*edges[1:], None], strict=True):
        band: dict[str, float] = {"at_least": edge} if edge > low or following is None else {}
        bands.append(band if following is None else {**band, "below": following})
    return bands
