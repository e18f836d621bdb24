"""What every policy of a comparison asks of debtors and costs beside every other: what a gain is weighed against (`runs/champion.py`)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from recoup.experiments.comparison.intervals import difference
from recoup.experiments.runs.champion import BURDENS, COST


def burdens(parts: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, dict[str, dict[str, Any]]]:
    """Paired differences in burden between all policies of a comparison.

    Args:
        parts: policy → parts of its seeds, in the order of seeds, each with `measures` and `welfare` (null = undefined).

    Returns:
        challenger → baseline → burden → difference, as `intervals.difference` gives it. Complaints are per 1,000 accounts, contacts
        per debtor, cost is a share of the opening balance.
    """
    values = {name: [_burdens_of(part) for part in parts[name]] for name in parts}
    return {
        a: {
            b: {
                burden: difference([ours[burden] for ours in values[a]], [theirs[burden] for theirs in values[b]])
                for burden in BURDENS
            }
            for b in parts
            if b != a
        }
        for a in parts
    }


def full_cost(measures: Mapping[str, float]) -> float:
    """Fully loaded cost over the opening balance: what of the cash recovered is not left net.

    Args:
        measures: by name, `recovery_rate` and `net_recovery_rate` among them.
    """
    return measures["recovery_rate"] - measures["net_recovery_rate"]


def _burdens_of(part: Mapping[str, Any]) -> dict[str, float]:
    measures, welfare = part["measures"], part["welfare"]
    return {
        "complaints_per_1000": _number(measures["complaints_per_1000"]),
        "contacts_per_debtor": _number(welfare["contacts_per_debtor"]),
        COST: full_cost({name: _number(value) for name, value in measures.items()}),
    }


def _number(value: float | None) -> float:
    return math.nan if value is None else value
