"""The index policy: a plan, left where another treatment's marginal value over the rest of the horizon is surely higher.

A treatment's index is what it changes from today to the horizon against the plan's own choice, estimated from single deviations
(`recoup.experiments.learning.deviations`): cash and what is left, and, at their prices, cost, complaints and contacts. It is the lower
confidence bound of that: the plan's choice has index 0, and gives way to nothing less. What the plan leaves of the shifts goes to those
who gain most per second (`allocation`). Later treatments are counted as the plan would choose them, so that the policy is one step of
policy improvement on it.

Sources: van de Geer, Wang & Bhulai, "Data-driven consumer debt collection via machine learning and approximate dynamic programming", 2018;
indices under a budget, Whittle, "Restless bandits: activity allocation in a changing world", Journal of Applied Probability 25A, 1988;
one step of improvement by rollouts, Bertsekas & Castañon, Journal of Heuristics 5, 1999; improvement only where it is sure, Thomas,
Theocharous & Ghavamzadeh, "High confidence policy improvement", ICML 2015.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from recoup.agents import features, own_menu, policy_files
from recoup.agents.index import network
from recoup.agents.index.allocation import Allocation, allocate
from recoup.agents.index.network import Ensemble
from recoup.agents.own_menu import OwnMenu
from recoup.agents.plans.plan import Plan
from recoup.agents.training.objective import Objective
from recoup.agents.treatment_parts import part_names, parts_matrix
from recoup.sim.inputs import InputError
from recoup.sim.observation import FIELD_INDEX
from recoup.sim.parameters import World
from recoup.sim.treatments import Menu

FORMAT = 1
ALGORITHM: Literal["marginal-value-index"] = "marginal-value-index"
OUTCOMES = ("money", "cost", "quick", "complaints", "contacts")  # what the network estimates of each part
LAST = 255  # behind all others who wait
_REACH = "reach"


class Card(policy_files.PolicyCard):
    """The JSON file beside the network's weights."""

    format: int = Field(default=FORMAT, ge=FORMAT, le=FORMAT, description="version of this format")
    algorithm: Literal["marginal-value-index"] = ALGORITHM
    improves: dict[str, Any] = Field(description="the plan that it improves, as a plan file")
    parts: list[str] = Field(description="of treatments, in the order of the networks' outputs")
    name: str = Field(default="index", pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=60)
    scenario: str
    mean_opening: float = Field(gt=0, allow_inf_nan=False, description="mean opening balance, in which prices are told")
    time_weight: float = Field(default=0.0, ge=0, allow_inf_nan=False, description="of a whole horizon saved")
    cost_price: float = Field(
        default=0.0, ge=0, allow_inf_nan=False, description="what a unit of cost counts beyond itself"
    )
    complaint_price: float = Field(
        default=0.0, ge=0, allow_inf_nan=False, description="a complaint, in mean opening balances"
    )
    contact_price: float = Field(
        default=0.0, ge=0, allow_inf_nan=False, description="a contact attempt, in mean opening balances"
    )
    caution: float = Field(
        default=1.0, ge=0, le=10, description="standard deviations of the networks by which an improvement is lowered"
    )
    training: dict[str, Any] = {}
    results: dict[str, Any] = Field(default={}, description="measured on accounts not used in training")
    limits: str = ""


def shapes(columns: int, parts: int, menu: int) -> dict[str, tuple[int, ...]]:
    """Shapes of the tensors beside a card, by name.

    Args:
        columns: features that the network reads.
        parts: of treatments.
        menu: treatments.
    """
    return {**network.shapes(columns, len(OUTCOMES) * parts), _REACH: (menu,)}


class IndexPolicy:
    """A `Policy` on estimated marginal values.

    Args:
        card: what the estimates are for, the plan and the prices.
        tensors: as `shapes` says: the networks', and the share of attempts that find the debtor, by treatment.
        world: whose staff is shared out.
        names: of the treatments of the scenario it acts in, the card's among them; None = the card's.
    """

    dropped: tuple[str, ...] = ()

    def __init__(
        self, card: Card, tensors: policy_files.Tensors, world: World, names: Sequence[str] | None = None
    ) -> None:
        self.card, self.tensors = card, tensors
        vocabulary = world.vocabulary
        self._features = features.features_of(vocabulary)
        menu = Menu.named(card.menu, vocabulary)
        self.plan = Plan.in_card(card.improves, menu)
        self._networks = Ensemble({name: w for name, w in tensors.items() if name != _REACH})
        self._columns = self._features.columns_of(card.features)
        self._parts = parts_matrix(menu, card.parts)
        self._menu = OwnMenu(card.menu, names)
        self.allocation = Allocation(menu, world, tensors[_REACH])
        self._accounts = 0
        self._planned = np.zeros(0, np.int64)  # the plan's choices of the latest morning, by the card's menu

    @property
    def name(self) -> str:
        """What tables and reports call it."""
        return self.card.name

    @property
    def identity(self) -> Card:
        """See `Policy.identity`."""
        return self.card

    def changes(self, observations: NDArray[np.float32]) -> NDArray[np.float32]:
        """What each treatment it knows is expected to change until the horizon, against nothing.

        Args:
            observations: float32, shape (accounts, fields), natural units.

        Returns:
            Shape (OUTCOMES, accounts, card's menu): `money` and `cost` in currency, discounted; `quick` in horizons; expected
            complaints; contact attempts.
        """
        return np.asarray(self._changes_by_part(observations).mean(axis=1) @ self._parts.T, np.float32)

    def _changes_by_part(self, observations: NDArray[np.float32]) -> NDArray[np.float32]:
        """`changes` that each part of a treatment brings, by each network: shape (OUTCOMES, members, accounts, parts)."""
        by_part = self._networks.outputs(self._features.encode(observations)[:, self._columns])
        by_part = by_part.reshape(*by_part.shape[:2], len(OUTCOMES), -1).transpose(2, 0, 1, 3)
        by_part[0] *= observations[:, FIELD_INDEX["balance"], None]
        return by_part

    def index(self, observations: NDArray[np.float32], planned: NDArray[np.int64]) -> NDArray[np.float64]:
        """What each treatment it knows is surely worth beyond the plan's choice, in currency: shape (accounts, card's menu).

        The mean of the networks' estimates of the difference less `caution` times their standard deviation: of many treatments the
        highest estimate is otherwise that whose error is highest. The plan's choice has 0.

        Args:
            observations: float32, shape (accounts, fields), natural units.
            planned: the plan's choices by the card's menu, (accounts,).
        """
        card, unit = self.card, self.card.mean_opening
        objective = Objective(card.time_weight, card.cost_price, card.complaint_price, card.contact_price)
        money, cost, quick, complaints, contacts = self._changes_by_part(observations)
        by_part = unit * objective.value(
            cash=money / unit, cost=cost / unit, quick=quick, complaints=complaints, contacts=contacts
        )
        worth = by_part @ self._parts.T
        worth -= np.take_along_axis(worth, np.broadcast_to(planned[:, None], (len(worth), planned.size, 1)), axis=2)
        return np.asarray(worth.mean(axis=0) - card.caution * worth.std(axis=0), np.float64)

    def act(
        self, observations: NDArray[np.float32], masks: NDArray[np.bool_], numbers: NDArray[np.int64] | None = None
    ) -> NDArray[np.int64]:
        """The scenario's menu indices, shape (accounts,); see `Policy.act`. All open accounts of a day are decided together.

        Args:
            observations: float32, shape (accounts, fields), natural units; all open accounts.
            masks: what is allowed, bool (accounts, menu).
            numbers: which account each row is, rising; the last says how large the portfolio is that staff was hired
                for.
        """
        if not len(observations):
            return np.zeros(0, np.int64)
        # Staff is hired for the portfolio as it was on the first morning.
        if not observations[:, FIELD_INDEX["days_in_portfolio"]].any():
            self._accounts = 0
        self._accounts = max(self._accounts, len(observations), 0 if numbers is None else int(numbers[-1]) + 1)
        allowed, a = self._menu.masks(masks), self.allocation
        self._planned = planned = self.plan.act(observations, allowed)
        index = self.index(observations, planned)
        earns = np.where(allowed & (index > 0.0), index, -np.inf)
        earns[np.arange(len(earns)), planned] = 0.0
        chosen = allocate(earns, planned, a.queue, a.seconds, a.capacity(self._accounts, observations[0]))
        return self._menu.to_scenario(chosen)

    def priority(self, observations: NDArray[np.float32], actions: NDArray[np.int64]) -> NDArray[np.int64]:
        """The plan's priorities; who leaves the plan for another queue waits behind all others: shape (accounts,), 0 first.

        Args:
            observations: those that `act` was given, the same day.
            actions: what it returned.
        """
        planned, queue = self._planned, self.allocation.queue
        first_come = self.plan.priority(observations, planned)
        own = np.zeros(len(planned), np.int64) if first_come is None else first_come
        return np.where(queue[self._menu.to_own(actions)] == queue[planned], own, LAST)

    def explain(self, observation: NDArray[np.float32], action: int) -> list[str]:
        """What it expects of the choice; see `recoup.agents.explain.Explains`.

        Args:
            observation: shape (fields,), natural units.
            action: menu index of the choice.
        """
        own, everything = int(self._menu.to_own(np.array(action))), np.ones((1, len(self.card.menu)), bool)
        if self._menu.to_scenario(np.array(own)) != action:
            return []  # none that it knows
        planned = self.plan.act(observation[None], everything)
        there, names = int(planned[0]), self.card.menu
        if own == there:
            return ["as its plan would"]
        changes = self.changes(observation[None])[:, 0]
        money, cost, *_ = changes[:, own] - changes[:, there]
        worth = self.index(observation[None], planned)[0, own]
        return [
            f"surely worth {worth:,.2f} more than «{names[there]}», its plan's choice, at today's prices",
            f"expected until the horizon: money {money:+,.2f}, cost {cost:+,.2f}",
        ]

    def save(self, stem: Path) -> None:
        """Write `stem.json` and `stem.safetensors`."""
        self.card = policy_files.write(stem, self.card, self.tensors)

    def on(self, menu: Menu) -> IndexPolicy:
        """A copy that acts on this menu.

        Raises:
            InputError: the menu lacks a treatment of the policy.
        """
        return own_menu.on(self, menu)


def load_index(path: Path, menu: Menu, world: World) -> IndexPolicy:
    """Read an index policy from its card.

    Args:
        path: the card, `NAME.json`, with its weights `NAME.safetensors` beside it.
        menu: of the scenario it is to act in; has all of the card's treatments.
        world: whose staff is shared out.

    Raises:
        InputError: missing, tampered, foreign, or made for observations or treatments that are not there.
    """
    card = policy_files.read_card(path, Card, menu.names, features.features_of(menu.vocabulary).names)
    known = part_names(Menu.named(card.menu, menu.vocabulary))
    if unknown := sorted(set(card.parts) - set(known)):
        raise InputError(path, "parts", ", ".join(unknown[:3]), f"among the {len(known)} that its treatments have")
    expected = shapes(len(card.features), len(card.parts), len(card.menu))
    tensors = policy_files.read_weights(path, card.sha256, expected)
    return IndexPolicy(card, tensors, world, menu.names)
