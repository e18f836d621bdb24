"""One network for all prices: told what a complaint, a contact and an hour of staff cost, it acts as is best at those prices.

A limit on complaints or contacts is held by a price, and nobody knows beforehand which. A network that is given the prices as inputs is
trained for all of them at once (conditioned networks: Abels, Roijers, Lenaerts, Nowé & Steckelmacher, "Dynamic weights in multi-objective deep
reinforcement learning", ICML 2019; preference-conditioned policies: Yang, Sun & Narasimhan, NeurIPS 2019). Prices once chosen are
the same for every account and day, so that they go into the first layer's bias, and what is left is an ordinary learned policy.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from recoup.agents import features, learned, policy_files
from recoup.sim.treatments import STANDARD, Menu, Vocabulary

# The highest price a network is trained for: of an expected complaint and a contact attempt in mean opening balances, of staff time in its pay.
HIGHEST: dict[str, float] = {"complaint_price": 8.0, "contact_price": 0.003, "staff_price": 1.5}
PRICES = tuple(HIGHEST)
Prices = Mapping[str, float]


def price_inputs(prices: Prices) -> NDArray[np.float32]:
    """What the network is given for prices, by name: the square root of each over its highest, shape (3,), float32.

    Prices near nothing are the common ones, and differ most there.
    """
    return np.array([np.sqrt(min(prices[name] / HIGHEST[name], 1.0)) for name in PRICES], np.float32)


def prices_at(inputs: NDArray[np.floating]) -> dict[str, float]:
    """The prices that `price_inputs` writes as these inputs, each from 0 to 1."""
    return {name: float(HIGHEST[name] * x * x) for name, x in zip(PRICES, inputs, strict=True)}


class Card(learned.Card):
    """The JSON file beside the weights of a family."""

    prices: list[str] = Field(description="the network's further inputs, after its features (`price_inputs`)")


@dataclass(frozen=True)
class PriceFamily:
    """A network with prices among its inputs.

    Attributes:
        card: what it was trained for.
        weights: tensors by name, as a learned policy's; the first layer's has a column more for each of `PRICES`.
        vocabulary: of the world that it acts in.
    """

    card: Card
    weights: policy_files.Tensors
    vocabulary: Vocabulary = STANDARD

    def at(self, prices: Prices, name: str | None = None) -> learned.LearnedPolicy:
        """The policy for these prices.

        Args:
            prices: by name, all of `PRICES`; above the highest counts as the highest.
            name: of the policy; None = the card's.
        """
        weights = dict(self.weights)
        first, own = weights["hidden.0.weight"], len(self.card.features)
        weights["hidden.0.weight"] = np.delete(first, np.s_[own : own + len(PRICES)], axis=1)
        weights["hidden.0.bias"] = weights["hidden.0.bias"] + first[:, own : own + len(PRICES)] @ price_inputs(prices)
        told = {"prices": {one: round(float(prices[one]), 6) for one in PRICES}}
        known = self.card.model_dump(exclude={"prices"}) | {"name": name or self.card.name}
        return learned.LearnedPolicy(
            learned.Card(**{**known, "training": {**self.card.training, **told}}), weights, None, self.vocabulary
        )

    def save(self, stem: Path) -> None:
        """Write `stem.json` and `stem.safetensors`."""
        policy_files.write(stem, self.card, self.weights)


def own_family(scenario: str) -> Path:
    """Where a scenario's own family lies, or would lie.

    Args:
        scenario: its name.
    """
    return Path(str(files("recoup.agents").joinpath("policies", f"{scenario}-family.json")))


def load_family(path: Path, menu: Menu) -> PriceFamily:
    """Read a family from its card.

    Args:
        path: the card, `NAME.json`, with its weights `NAME.safetensors` beside it.
        menu: of the scenario it is to act in.

    Raises:
        InputError: missing, tampered, foreign, or made for observations, treatments or prices that are not there.
    """
    card = policy_files.read_card(path, Card, menu.names, features.features_of(menu.vocabulary).names)
    if card.prices != list(PRICES):
        raise policy_files.InputError(path, "prices", ", ".join(card.prices), ", ".join(PRICES))
    weights = policy_files.read_weights(path, card.sha256, learned.shapes(card, len(PRICES)))
    return PriceFamily(card, weights, menu.vocabulary)
