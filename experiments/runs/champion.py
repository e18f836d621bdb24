"""The champion: the plan that learned policies have to beat, and what a gain over it asks of debtors and of the operation.

Policies are ranked by net present value at fully loaded cost. Cash until the horizon would not do: a card that is cured pays little more
than what was overdue, and instalment plans run on beyond the horizon, so that a plan which lets accounts go would rank before one that keeps them.

The champion is the best of the policies that nobody has trained: plan files, and policies that follow a success model. A gain over it is like
for like where the challenger draws no more complaints, makes no more contacts and costs no more. Cost is the amount spent, fully loaded,
over the opening balance: as a share of the cash it would look lower for whoever merely collects more.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

VALUE = "npv_rate"
COST = "full_cost_rate"
BURDENS = ("complaints_per_1000", "contacts_per_debtor", COST)


def compared(difference: Mapping[str, Any]) -> str:
    """What a paired difference in a burden amounts to: `more` or `fewer` where the 95 % interval excludes zero, else `no more`.

    Args:
        difference: mean, low, high; all None where the burden is undefined, low and high with one seed: `not decided`, then.
    """
    low, high = difference["low"], difference["high"]
    if low is None or high is None:
        return "not decided"
    return "more" if low > 0 else "fewer" if high < 0 else "no more"


def ranked(results: Mapping[str, Any], names: Sequence[str] | None = None) -> list[str]:
    """Policies by value, the best first; of equals, the one that was given first. Those whose value is undefined come last.

    Args:
        results: the content of results.json.
        names: of the policies to rank; None = all.
    """

    def value(name: str) -> float:
        mean = results["policies"][name][VALUE]["mean"]
        return -math.inf if mean is None else mean

    return sorted(results["policies"] if names is None else names, key=value, reverse=True)


def champion(results: Mapping[str, Any]) -> str | None:
    """The best policy that is not learned; None where all are."""
    return next((name for name in ranked(results) if name not in results["learned"]), None)


def challengers(results: Mapping[str, Any]) -> list[str]:
    """The learned policies: those that beat or lose to the champion like for like first, each group by value, the best first.

    Args:
        results: the content of results.json.

    Returns:
        Names; none where there is no plan to challenge.
    """
    against = champion(results)
    if against is None:
        return []
    return sorted(ranked(results, results["learned"]), key=lambda name: bool(more_of(results, name, against)))


def more_of(results: Mapping[str, Any], name: str, against: str) -> list[str]:
    """The burdens of which a policy brings more than another at 95 %; none of them: the comparison is like for like.

    Args:
        results: the content of results.json.
        name, against: of the policies.
    """
    return [burden for burden in BURDENS if compared(results["burdens"][name][against][burden]) == "more"]
