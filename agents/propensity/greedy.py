"""The greedy policy: each day, effort goes where the success model says that it earns most.

What a treatment earns is P(success | treatment) · value − P(success | nothing) · value − its cost, complaints included; the value
of a success is its cash beyond what would come later anyway. Each account asks for what earns most. Where more is asked of a shift than it has seconds, those who gain most per second over
what needs no such shift are kept, and the others ask for their next best; so on until nothing is overdrawn. The policy looks
one treatment ahead: it knows that a call today makes one tomorrow worth less, and no more of the future than that.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from recoup.agents import policy_files
from recoup.agents.own_menu import OwnMenu
from recoup.agents.propensity.success_model import SuccessModel, shapes
from recoup.agents.propensity.treatment_features import (
    ACCOUNT_COLUMNS,
    FIRST_KINDS,
    FIRST_PARTS,
    KINDS,
    MODIFIERS,
    PARTS,
)
from recoup.sim.inputs import InputError
from recoup.sim.observation import FIELD_INDEX
from recoup.sim.operations.courts import court_fee
from recoup.sim.operations.resources import NO_RESOURCE, QUEUES, RESOURCE_BY_CHANNEL, RESOURCE_NAMES, queue_of
from recoup.sim.parameters import World, places
from recoup.sim.treatments import Legal, Menu, OfferKind, Window

FORMAT = 1
ALGORITHM: Literal["greedy-propensity"] = "greedy-propensity"
_LAW = QUEUES  # the legal team's places, after the shifts of each pool
_FREE = _LAW + 1  # what needs nothing scarce
ROUNDS = 200  # far more than needed; a tie cannot make them endless, as prices only rise


class Card(policy_files.PolicyCard):
    """The JSON file beside the model's coefficients."""

    format: int = Field(default=FORMAT, ge=FORMAT, le=FORMAT, description="version of this format")
    algorithm: Literal["greedy-propensity"] = ALGORITHM
    parts: list[str] = Field(default=list(FIRST_PARTS), description="of treatments, in the order of the coefficients")
    kinds: list[str] = Field(default=list(FIRST_KINDS), description="of treatments, in the order of the coefficients")
    name: str = Field(default="greedy", pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=60)
    scenario: str
    success_days: int = Field(ge=1, le=3650, description="horizon of success after a contact")
    legal_days: int = Field(ge=1, le=3650, description="horizon of success after a legal step")
    cost_price: float = Field(
        default=0.0, ge=0, allow_inf_nan=False, description="what a unit of cost counts beyond itself"
    )
    complaint_price: float = Field(
        default=1.0, ge=0, allow_inf_nan=False, description="a complaint, in multiples of its cost"
    )
    training: dict[str, Any] = {}
    results: dict[str, Any] = Field(default={}, description="measured on accounts not used in training")
    limits: str = ""


class Allocation:
    """Seconds of each shift, and what each treatment takes of them, from the scenario's operations.

    Args:
        menu: the treatments.
        world: whose staff and legal team are shared out.
        reach: share of attempts that find the debtor, by treatment, shape (menu,).

    Attributes:
        queue: which queue each treatment waits in, shape (menu,).
        seconds: what each treatment takes of its queue on average, shape (menu,): a step of law takes one place.
    """

    def __init__(self, menu: Menu, world: World, reach: NDArray[np.float32]) -> None:
        self._operations = world.operations
        self.queue = np.full(len(menu), _FREE)
        self.seconds = np.ones(len(menu))
        for n, t in enumerate(menu.treatments):
            resource = int(RESOURCE_BY_CHANNEL[t.channel])
            if resource != NO_RESOURCE:
                pool = getattr(world.operations, RESOURCE_NAMES[resource])
                self.queue[n] = queue_of(resource, int(t.window))
                talk = pool.seconds_reached + (pool.seconds_offer if t.offer.kind else 0.0)
                self.seconds[n] = reach[n] * talk + (1.0 - reach[n]) * pool.seconds_unanswered
            elif t.legal in (Legal.SUIT, Legal.ENFORCE):
                self.queue[n] = _LAW

    def capacity(self, accounts: int, today: NDArray[np.float32]) -> NDArray[np.float64]:
        """What today's shifts and the legal team have to give: shape (queues,), the last without limit.

        Args:
            accounts: size of the portfolio, which staff is hired for.
            today: any account's observation; its calendar and load fields count.
        """
        seconds_left = np.full(_FREE + 1, np.inf)
        weekday, off = int(today[FIELD_INDEX["weekday"]]), bool(today[FIELD_INDEX["day_off"]])
        for number, name in enumerate(RESOURCE_NAMES):
            pool = getattr(self._operations, name)
            # A day off that is a weekday is a holiday; whether a Saturday is one as well cannot be seen.
            at_work = weekday in pool.weekdays and (pool.works_holidays or not (off and weekday < 5))
            people = pool.people(accounts)
            minutes = pool.shift_minutes.vector() if at_work else np.zeros(len(Window))
            for window in Window:
                seconds_left[queue_of(number, int(window))] = 60.0 * people * minutes[window]
        legal_places = places(self._operations.legal_cases, self._operations.legal_cases_per_1000_accounts, accounts)
        free = (1.0 - float(today[FIELD_INDEX["legal_load"]])) * legal_places - float(today[FIELD_INDEX["legal_queue"]])
        seconds_left[_LAW] = max(0.0, free)
        return seconds_left


def allocate(
    earns: NDArray[np.float64], queue: NDArray[np.int64], seconds: NDArray[np.float64], capacity: NDArray[np.float64]
) -> NDArray[np.int64]:
    """One treatment for each account, with no queue overdrawn: deferred acceptance with rising entry prices.

    Args:
        earns: what each treatment earns, −inf where it is not allowed, shape (accounts, menu).
        queue, seconds: of each treatment, shape (menu,).
        capacity: seconds of each queue.

    Returns:
        Menu indices, shape (accounts,).
    """
    free = np.isinf(capacity[queue])
    outside = np.where(free, earns, -np.inf).max(axis=1, keepdims=True)
    rate = (earns - outside) / seconds  # gain per second over the best that needs nothing scarce
    price = np.where(capacity > 0, 0.0, np.inf)
    chosen = np.zeros(len(earns), np.int64)
    asking = np.arange(len(earns))
    for _ in range(ROUNDS):
        open_to = free | (rate[asking] > price[queue])
        chosen[asking] = np.where(open_to, earns[asking], -np.inf).argmax(axis=1)
        full = np.flatnonzero(np.bincount(queue[chosen], seconds[chosen], len(capacity)) > capacity)
        if not full.size:
            break
        turned_away = []
        for one in full:
            rows = np.flatnonzero(queue[chosen] == one)
            rows = rows[np.argsort(-rate[rows, chosen[rows]], kind="stable")]
            kept = np.cumsum(seconds[chosen[rows]]) <= capacity[one]
            price[one] = rate[rows[~kept], chosen[rows[~kept]]].max()
            turned_away.append(rows[rate[rows, chosen[rows]] <= price[one]])
        asking = np.concatenate(turned_away)
    return chosen


class GreedyPolicy:
    """A `Policy` on a success model.

    Args:
        card: what the model is for, and the prices of cost and complaints.
        model: what each treatment is expected to bring.
        world: whose staff, costs and court fees count.
        names: of the treatments of the scenario it acts in, the model's among them; None = the model's.
    """

    dropped: tuple[str, ...] = ()

    def __init__(self, card: Card, model: SuccessModel, world: World, names: Sequence[str] | None = None) -> None:
        self.card, self.model = card, model
        self._menu = OwnMenu(model.menu.names, names)
        self.allocation = Allocation(model.menu, world, model.tensors["reach"])
        self._accounts = 0
        self._latest: tuple[object, NDArray[np.float64]] = (None, np.zeros((0, 0)))  # what `priority` asks for again
        self._world = world
        menu, costs = model.menu, world.costs
        minute = np.array([costs.minute.get(t.channel.name.lower(), 0.0) for t in menu.treatments])  # type: ignore[call-overload]
        self._cost = (
            costs.contact.vector()[[t.channel for t in menu.treatments]] + minute * self.allocation.seconds / 60.0
        )
        papers = {OfferKind.SETTLEMENT, OfferKind.RESTRUCTURE, OfferKind.SWAP}
        self._papers = np.array([costs.settlement_documents * (t.offer.kind in papers) for t in menu.treatments])
        by_step = {
            Legal.NONE: 0.0,
            Legal.NOTICE: costs.notice,
            Legal.SUIT: costs.suit_handling,
            Legal.ENFORCE: costs.enforcement,
        }
        self._cost += np.array([by_step[t.legal] for t in menu.treatments])
        self._sues = np.array([t.legal is Legal.SUIT for t in menu.treatments])

    @property
    def name(self) -> str:
        """What tables and reports call it."""
        return self.card.name

    @property
    def identity(self) -> Card:
        """See `Policy.identity`."""
        return self.card

    def earns(self, observations: NDArray[np.float32]) -> NDArray[np.float64]:
        """What each treatment that it knows is expected to earn over doing nothing, in currency: shape (accounts, model's menu)."""
        j = self.model.predict(observations)
        balance = observations[:, FIELD_INDEX["balance"], None].astype(np.float64)
        gain = balance * (j.success * j.value - j.nothing_success * j.nothing_value)
        bill = self._cost + j.success * self._papers + self._suit_fees(balance)
        complaints = self._world.costs.complaint * j.complaint
        earns = gain - (1.0 + self.card.cost_price) * bill - self.card.complaint_price * complaints
        earns[:, 0] = 0.0
        return earns

    def _suit_fees(self, balance: NDArray[np.float64]) -> NDArray[np.float64]:
        """Court fees of a suit, which the debtor bears in the end where there is something to enforce."""
        courts = self._world.courts
        return court_fee(balance, courts.fee_steps, courts.summary_factor) * self._sues

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
        self._latest = (observations, self.earns(observations))
        earns = np.where(self._menu.masks(masks), self._latest[1], -np.inf)
        a = self.allocation
        chosen = allocate(earns, a.queue, a.seconds, a.capacity(self._accounts, observations[0]))
        return self._menu.to_scenario(chosen)

    def priority(self, observations: NDArray[np.float32], actions: NDArray[np.int64]) -> NDArray[np.int64]:
        """First who earns most per second: shape (accounts,), 0 first.

        Args:
            observations: those that `act` was given.
            actions: what it returned.
        """
        if not len(observations):
            return np.zeros(0, np.int64)
        earns, own = (
            self._latest[1] if self._latest[0] is observations else self.earns(observations),
            self._menu.to_own(actions),
        )
        rate = earns[np.arange(len(own)), own] / self.allocation.seconds[own]
        return 255 * np.argsort(np.argsort(-rate, kind="stable"), kind="stable") // max(len(rate), 1)

    def explain(self, observation: NDArray[np.float32], action: int) -> list[str]:
        """What it expects of the choice; see `recoup.agents.explain.Explains`.

        Args:
            observation: shape (fields,), natural units.
            action: menu index of the choice.
        """
        action = int(self._menu.to_own(np.array(action)))
        if not action:
            return []
        j, rows = self.model.predict(observation[None]), (0, action)
        days = self.card.legal_days if self.model.menu.treatments[action].legal else self.card.success_days
        return [
            f"a payment within {days} days: {j.success[rows]:.1%}, {j.nothing_success[rows]:.1%} with nothing done",
            f"expected to earn {self.earns(observation[None])[rows]:,.2f}",
        ]

    def save(self, stem: Path) -> None:
        """Write `stem.json` and `stem.safetensors`."""
        self.card = policy_files.write(stem, self.card, self.model.tensors)

    def on(self, menu: Menu) -> GreedyPolicy:
        """A copy that acts on this menu.

        Raises:
            InputError: the menu lacks a treatment of the policy.
        """
        policy_files.check_menu(self.name, self.card, menu.names)
        one = copy.deepcopy(self)
        one._menu = OwnMenu(self.model.menu.names, menu.names)
        return one


def load_greedy(path: Path, menu: Menu, world: World) -> GreedyPolicy:
    """Read a greedy policy from its card.

    Args:
        path: the card, `NAME.json`, with its coefficients `NAME.safetensors` beside it.
        menu: of the scenario it is to act in; has all of the card's treatments.
        world: whose staff, costs and court fees count.

    Raises:
        InputError: missing, tampered, foreign, or made for observations or treatments that are not there.
    """
    card = policy_files.read_card(path, Card, menu.names, ACCOUNT_COLUMNS)
    if tuple(card.features[-len(MODIFIERS) :]) != MODIFIERS:
        raise InputError(path, "features", f"{len(card.features)} entries", f"fields, then {', '.join(MODIFIERS)}")
    for place, named, known in (("parts", card.parts, PARTS), ("kinds", card.kinds, KINDS)):
        if unknown := sorted(set(named) - set(known)):
            raise InputError(path, place, ", ".join(unknown[:3]), f"among the {len(known)} there are")
    coefficients = shapes(len(card.menu), len(card.features), len(card.parts), len(card.kinds))
    weights = policy_files.read_weights(path, card.sha256, coefficients)
    model = SuccessModel(Menu.named(card.menu), weights, card.features, card.parts, card.kinds)
    return GreedyPolicy(card, model, world, menu.names)
