"""Learned policies as files: weights in safetensors, everything else in JSON; loading one runs nothing and unpickles nothing.

A policy is two files with one stem: `NAME.json` (the card: what it was trained for and how, its network's shape, the
observation fields it reads and the treatments it knows, a checksum of the weights) and `NAME.safetensors`. It acts by a few matrix
products in NumPy, so that neither PyTorch nor Stable-Baselines3 is needed to use it.

Policy-gradient learners are trained as distributions over treatments, which spreads calls over the shifts and offers over like
debtors. They act so here as well: the sample is drawn by a hash of the observation, so that the same row gives the same treatment.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from recoup.agents import features, own_menu, policy_files
from recoup.agents.contact_cap import ContactCapPerWeek, WeeklyContactCap
from recoup.agents.own_menu import OwnMenu
from recoup.agents.plans.plan import Plan
from recoup.agents.sampling import hashed_uniforms
from recoup.sim.compiled import njit
from recoup.sim.observation import FIELD_INDEX, FIELDS, ObservedField, fields_of
from recoup.sim.treatments import STANDARD, Menu, Vocabulary

FORMAT = 1
# Accounts that are decided for in one go: what they pass on from layer to layer then stays in the cache, and a million needs no gigabytes.
_TOGETHER = 8192


class Card(policy_files.PolicyCard):
    """The JSON file beside the weights."""

    format: int = Field(ge=FORMAT, le=FORMAT, description="version of this format")
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=60)
    scenario: str
    algorithm: str
    layers: list[int] = Field(min_length=1, max_length=8, description="units of the hidden layers")
    memory: int = Field(0, ge=0, le=1024, description="units of an LSTM before the hidden layers; 0 = none")
    activation: Literal["tanh", "relu"] = "tanh"
    choice: Literal["sampled", "best"] = "sampled"
    contact_cap_per_week: ContactCapPerWeek = None
    improves: dict[str, Any] | None = Field(
        None, description="the plan whose choice it sees and improves, as a plan file"
    )
    training: dict[str, Any] = Field(description="command, steps, seeds, hyper-parameters, versions")
    results: dict[str, Any] = Field(default_factory=dict, description="measured on seeds not used in training")
    limits: str = ""


class LearnedPolicy:
    """A masked policy: the allowed treatment with the highest output, or one sampled in proportion to exp(output).

    Args:
        card: what the network is; its menu, contact cap and way of choosing are used.
        weights: the network's tensors by name, float32, of the shapes that the card implies.
        menu: names of the treatments of the scenario it acts in, the card's among them; None = the card's.
        vocabulary: of that scenario.
    """

    dropped: tuple[str, ...] = ()

    def __init__(
        self,
        card: Card,
        weights: dict[str, NDArray[np.float32]],
        menu: Sequence[str] | None = None,
        vocabulary: Vocabulary = STANDARD,
    ) -> None:
        self.card, self._weights, self.vocabulary = card, weights, vocabulary
        self._features = features.features_of(vocabulary)
        self._menu = OwnMenu(card.menu, menu)
        self._contact_cap = WeeklyContactCap(card.menu, card.contact_cap_per_week, vocabulary)
        self._columns: NDArray[np.int64] | slice = self._features.columns_of(card.features)
        if tuple(card.features) == self._features.names and not card.memory:
            self._columns = slice(None)  # no copy; with a memory its layout in memory decides last digits
        self._states = np.zeros((2, 0, card.memory), np.float32)
        self._plan: Plan | None = None
        if card.improves:
            self._plan = Plan.in_card(card.improves, Menu.named(card.menu, vocabulary))

    @property
    def name(self) -> str:
        """What tables and reports call it."""
        return self.card.name

    @property
    def identity(self) -> Card:
        """See `Policy.identity`."""
        return self.card

    def outputs(
        self,
        observations: NDArray[np.float32],
        numbers: NDArray[np.int64] | None = None,
        masks: NDArray[np.bool_] | None = None,
    ) -> NDArray[np.float32]:
        """The network's outputs, one per treatment that it knows: shape (accounts, card's menu).

        Args:
            observations: float32, shape (accounts, fields), natural units.
            numbers: which account each row is, for networks with a memory, which this call moves a step on; None = 0,
                1, ….
            masks: what is allowed, bool (accounts, card's menu), for networks that improve a plan; None = everything.
        """
        h: NDArray[np.float32] = self._features.encode(observations)[:, self._columns]
        if self.card.memory:
            h = self._remember(h, np.arange(len(h)) if numbers is None else numbers)
        return self._network(h, self._planned(observations, masks))

    def _planned(self, observations: NDArray[np.float32], masks: NDArray[np.bool_] | None) -> NDArray[np.float32]:
        """The choice of the plan that it improves, one column a treatment; none without one."""
        if self._plan is None:
            return np.zeros((len(observations), 0), np.float32)
        size = len(self.card.menu)
        allowed = np.ones((len(observations), size), bool) if masks is None else masks
        return features.one_hot(self._plan.act(observations, allowed), size)

    def _network(self, h: NDArray[np.float32], planned: NDArray[np.float32]) -> NDArray[np.float32]:
        h = _beside(h, planned)
        for layer in range(len(self.card.layers)):
            h = self._layer(f"hidden.{layer}", h)
            h = np.tanh(h, out=h) if self.card.activation == "tanh" else np.maximum(h, 0.0, out=h)
        return self._layer("output", _beside(h, planned))

    def _layer(self, name: str, h: NDArray[np.float32]) -> NDArray[np.float32]:
        """A new array, which the caller may write to."""
        out: NDArray[np.float32] = h @ self._weights[f"{name}.weight"].T
        out += self._weights[f"{name}.bias"]
        return out

    def _remember(self, x: NDArray[np.float32], numbers: NDArray[np.int64]) -> NDArray[np.float32]:
        """One step of the LSTM for these accounts; a simulation's first day has all of them."""
        self._make_room(numbers)
        state, cell = self._states[:, numbers]
        gates = self._layer("memory.input", x) + self._layer("memory.state", state)
        into, forget, new, out = np.split(gates, 4, axis=1)
        cell = _logistic(forget) * cell + _logistic(into) * np.tanh(new)
        state = _logistic(out) * np.tanh(cell)
        self._states[:, numbers] = state, cell
        return state

    def _make_room(self, numbers: NDArray[np.int64]) -> None:
        """Begin a new memory if these accounts, the highest number last, do not fit in what there is."""
        if numbers.size and numbers[-1] >= self._states.shape[1]:
            self._states = np.zeros((2, int(numbers[-1]) + 1, self.card.memory), np.float32)

    def reset(self) -> None:
        """Clear the memory: a new simulation begins."""
        self._states = np.zeros((2, 0, self.card.memory), np.float32)

    def act(
        self,
        observations: NDArray[np.float32],
        masks: NDArray[np.bool_],
        numbers: NDArray[np.int64] | None = None,
    ) -> NDArray[np.int64]:
        """The scenario's menu indices, shape (accounts,); see `Policy.act`.

        Args:
            observations: float32, shape (accounts, fields), natural units.
            masks: what is allowed, bool (accounts, menu); the card's contact cap narrows it further.
            numbers: as in `outputs`.
        """
        parts = max(1, len(observations) // _TOGETHER)
        if parts == 1:
            return self._choose(observations, masks, numbers)
        numbers = np.arange(len(observations)) if numbers is None else numbers
        if self.card.memory:
            self._make_room(numbers)
        split = (np.array_split(rows, parts) for rows in (observations, masks, numbers))
        return np.concatenate([self._choose(*part) for part in zip(*split, strict=True)])

    def _choose(
        self, observations: NDArray[np.float32], masks: NDArray[np.bool_], numbers: NDArray[np.int64] | None
    ) -> NDArray[np.int64]:
        """`act`, of all accounts in one go."""
        outputs = self._allowed(observations, masks, numbers)
        return self._menu.to_scenario(
            outputs.argmax(axis=1) if self.card.choice == "best" else _sampled(outputs, hashed_uniforms(observations))
        )

    def probabilities(
        self,
        observations: NDArray[np.float32],
        masks: NDArray[np.bool_],
        numbers: NDArray[np.int64] | None = None,
    ) -> NDArray[np.float32]:
        """The probability of each treatment: shape (accounts, menu), rows add up to 1.

        Args:
            observations: float32, shape (accounts, fields), natural units.
            masks: what is allowed, bool (accounts, menu); the card's contact cap narrows it further.
            numbers: as in `outputs`.

        Returns:
            float32, 0 where a treatment is not allowed or not known; of a policy that takes the best, 1 where the output is highest,
            0 elsewhere.
        """
        outputs = self._allowed(observations, masks, numbers)
        if self.card.choice == "best":
            return self._menu.spread(np.asarray(outputs == outputs.max(axis=1, keepdims=True), np.float32))
        weights = np.exp(outputs - outputs.max(axis=1, keepdims=True))
        return self._menu.spread(np.asarray(weights / weights.sum(axis=1, keepdims=True), np.float32))

    def _allowed(
        self, observations: NDArray[np.float32], masks: NDArray[np.bool_], numbers: NDArray[np.int64] | None
    ) -> NDArray[np.float32]:
        """Outputs of the treatments it knows, −inf where not allowed: shape (accounts, card's menu)."""
        masks = self._contact_cap.narrow(observations, self._menu.masks(masks))
        outputs = self.outputs(observations, numbers, masks)
        outputs[~masks] = -np.inf
        return outputs

    def explain(self, observation: NDArray[np.float32], action: int) -> list[str]:
        """The three fields that speak loudest for a choice: what its log weight would lose if the field said nothing.

        Args:
            observation: shape (fields,), natural units.
            action: menu index of the choice.
        """
        if self.card.memory:
            return ["a policy with a memory: no single day explains its choice"]
        row = self._features.encode(observation[None])[:, self._columns]
        silent = np.repeat(row, len(FIELDS), axis=0)
        owner = np.array([FIELD_INDEX[name.split("=")[0]] for name in self.card.features])
        silent[owner, np.arange(owner.size)] = 0.0
        planned = self._planned(np.repeat(observation[None], len(FIELDS) + 1, axis=0), None)
        outputs = self._network(np.concatenate([row, silent]), planned).astype(np.float64)
        relative = (
            outputs[:, self._menu.to_own(np.array(action))]
            - np.log(np.exp(outputs - outputs.max(axis=1, keepdims=True)).sum(axis=1))
            - outputs.max(axis=1)
        )
        lost = relative[0] - relative[1:]
        return [
            f"{said(fields_of(self.vocabulary)[n], float(observation[n]))} ({lost[n]:+.1f})"
            for n in np.argsort(-lost)[:3]
            if lost[n] > 0.05
        ]

    def priority(self, observations: NDArray[np.float32], actions: NDArray[np.int64]) -> None:
        """None: who waits in a queue is served in random order."""
        return None

    def save(self, stem: Path) -> None:
        """Write `stem.json` and `stem.safetensors`."""
        self.card = policy_files.write(stem, self.card, self._weights)

    def on(self, menu: Menu) -> LearnedPolicy:
        """A copy that acts on this menu.

        Raises:
            InputError: the menu lacks a treatment of the policy.
        """
        if menu.vocabulary == self.vocabulary:
            return own_menu.on(self, menu)
        policy_files.check_card(self.name, self.card, menu.names, features.features_of(menu.vocabulary).names)
        return LearnedPolicy(self.card, self._weights, menu.names, menu.vocabulary)


def said(field: ObservedField, value: float) -> str:
    """A field's value as a person reads it.

    Args:
        field: the observation field.
        value: in its natural unit; a code's number for fields with codes.
    """
    if field.codes:
        return f"{field.name} is {field.codes[int(value)]}"
    if field.unit == "yes/no":
        return f"{field.name}: {'yes' if value else 'no'}"
    return f"{field.name} = {value:,.4g}"


def _beside(h: NDArray[np.float32], planned: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.hstack([h, planned]) if planned.shape[1] else np.ascontiguousarray(h)


def _logistic(x: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(1.0 / (1.0 + np.exp(-np.maximum(x, np.float32(-80.0)))), np.float32)  # exp(88) is infinite


def _sampled(outputs: NDArray[np.float32], uniform: NDArray[np.float64]) -> NDArray[np.int64]:
    """One column per row, with probability proportional to exp(output); `uniform` on [0, 1)."""
    weights = outputs.astype(np.float64)
    weights -= outputs.max(axis=1, keepdims=True)
    np.exp(weights, out=weights)
    chosen = np.empty(len(weights), np.int64)
    _first_beyond(weights, uniform, chosen)
    return chosen


@njit(nogil=True)
def _first_beyond(weights, uniform, out):  # type: ignore[no-untyped-def]
    """For each row the first column up to which the weights add up to more than that share of their sum."""
    for row in range(out.size):
        total = 0.0
        for weight in weights[row]:
            total += weight
        share = uniform[row] * total
        reached, out[row] = 0.0, 0
        for weight in weights[row]:
            reached += weight
            if not reached <= share:  # or not a number, for which the first column stands
                break
            out[row] += 1


def load(path: Path, menu: Menu) -> LearnedPolicy:
    """Read a policy from its card.

    Args:
        path: the card, `NAME.json`, with its weights `NAME.safetensors` beside it.
        menu: of the scenario it is to act in; has all of the card's treatments.

    Raises:
        InputError: missing, tampered, foreign, or made for observations or treatments that are not there.
    """
    card = policy_files.read_card(path, Card, menu.names, features.features_of(menu.vocabulary).names)
    weights = policy_files.read_weights(path, card.sha256, shapes(card))
    return LearnedPolicy(card, weights, menu.names, menu.vocabulary)


def shapes(card: Card, further_inputs: int = 0) -> dict[str, tuple[int, ...]]:
    """The tensors that a card promises, by name.

    Args:
        card: of the network.
        further_inputs: how many inputs it has beside its features.
    """
    planned = len(card.menu) if card.improves else 0
    sizes = [card.memory or len(card.features) + further_inputs + planned, *card.layers, len(card.menu)]
    names = [*(f"hidden.{layer}" for layer in range(len(card.layers))), "output"]
    promised: dict[str, tuple[int, ...]] = {f"{name}.weight": (sizes[n + 1], sizes[n]) for n, name in enumerate(names)}
    promised["output.weight"] = (len(card.menu), sizes[-2] + planned)
    promised |= {f"{name}.bias": (sizes[n + 1],) for n, name in enumerate(names)}
    if card.memory:
        gates = 4 * card.memory
        promised |= {"memory.input.weight": (gates, len(card.features)), "memory.input.bias": (gates,)}
        promised |= {"memory.state.weight": (gates, card.memory), "memory.state.bias": (gates,)}
    return promised
