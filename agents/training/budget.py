"""Limits as prices: dual ascent on the cost, complaints and contacts a policy may cause, around any learner.

The constrained problem «most recovery at no higher cost and with no more complaints and contacts than the reference plan» has the
Lagrangian that `Objective` pays out; its multipliers rise while a limit is overdrawn and fall while it is not
(projected dual ascent; Altman, "Constrained Markov Decision Processes", 1999, ch. 3; Tessler, Mankowitz & Mannor, ICLR 2019). Capacity needs no price here: staff, lines and court
places are physical in the simulation and run out for every policy alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from recoup.agents.training.objective import Objective, Usage

LIMITED = ("cost", "complaints", "contacts")  # fields of `objective.Usage`, and of `Budget`
KEPT_FREE = 0.05  # of a limit: prices hold it on average only, and a policy meets other cohorts later


def overdraft(used: float, allowed: float) -> float:
    """What is used beyond what is allowed, as a share of it; below 0 within it."""
    return used / max(allowed, 1e-12) - 1.0


@dataclass
class Limit:
    """One limit and its price. `allowed` and usage in the same unit; the price is per that unit.

    Attributes:
        rate: step of the price for a relative overdraft of 1.
        damping: what is charged beyond the price for a relative overdraft of 1, at once: a price alone comes late, and then swings
            (proportional control of the multiplier: Stooke, Achiam & Abbeel, "Responsive safety in reinforcement learning", ICML 2020).
        smooth: weight of the newest usage in the running mean that the price follows.
    """

    name: str
    allowed: float
    rate: float
    price: float = 0.0
    smooth: float = 0.3
    usage: float | None = None
    damping: float = 0.0

    @property
    def overdraft(self) -> float:
        """Usage beyond what is allowed, as a share of it; below 0 within it, 0 before anything was used."""
        return 0.0 if self.usage is None else overdraft(self.usage, self.allowed)

    @property
    def charged(self) -> float:
        """What a unit costs now."""
        return max(0.0, self.price + self.damping * self.overdraft)

    def update(self, used: float) -> None:
        """Move the price by the relative overdraft."""
        self.usage = used if self.usage is None else (1.0 - self.smooth) * self.usage + self.smooth * used
        self.price = max(0.0, self.price + self.rate * self.overdraft)


@dataclass
class Budget:
    """The limits of a training run; `pay` gives usage of one cohort and moves the objective's prices."""

    objective: Objective
    cost: Limit | None = None
    complaints: Limit | None = None
    contacts: Limit | None = None
    history: list[dict[str, float]] = field(default_factory=list)

    @property
    def limits(self) -> list[Limit]:
        """Those that are set."""
        return [limit for limit in (self.cost, self.complaints, self.contacts) if limit]

    @property
    def prices(self) -> dict[str, float]:
        """By the limit's name."""
        return {limit.name: limit.price for limit in self.limits}

    def charge(self) -> None:
        """Let the objective charge the present prices."""
        if self.cost:
            self.objective.cost_price = self.cost.charged
        if self.complaints:
            self.objective.complaint_price = self.complaints.charged
        if self.contacts:
            self.objective.contact_price = self.contacts.charged

    @property
    def state(self) -> dict[str, dict[str, float | None]]:
        """Price and running mean of the usage, by the limit's name."""
        return {limit.name: {"price": limit.price, "usage": limit.usage} for limit in self.limits}

    def restore(self, state: Mapping[str, Mapping[str, Any]]) -> None:
        """Take up the `state` of an earlier part of the run."""
        for limit in self.limits:
            limit.price, limit.usage = state[limit.name]["price"], state[limit.name]["usage"]
        self.charge()

    def pay(self, used: Usage) -> None:
        """Take note of what a cohort would have used under the present policy."""
        for limit in self.limits:
            limit.update(getattr(used, limit.name))
        self.charge()
        self.history.append(
            {
                **asdict(used),
                "cost_price": self.objective.cost_price,
                "complaint_price": self.objective.complaint_price,
                "contact_price": self.objective.contact_price,
            }
        )
