"""A policy made for fewer treatments than a scenario offers: its own menu among the scenario's, by name.

A scenario may gain treatments, or list them in another order, after a policy was made. The policy goes on choosing among those it knows,
by the numbers it was made with; here, and nowhere else, these are turned into the scenario's and back.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from recoup.agents.policy_files import check_menu
from recoup.sim.treatments import Menu

Carded = TypeVar("Carded", bound=Any)  # has a name, a card and a `_menu`


class OwnMenu:
    """Where a policy's treatments stand on the scenario's menu.

    Args:
        own: names of the policy's treatments, in its order; the first is «nothing», and all are on the scenario's menu.
        scenario: names of the scenario's treatments, in its order; None = the policy's own.
    """

    def __init__(self, own: Sequence[str], scenario: Sequence[str] | None = None) -> None:
        scenario = own if scenario is None else scenario
        place = {name: number for number, name in enumerate(scenario)}
        self._places = np.array([place[name] for name in own], np.int64)
        # What the policy does not know is nothing to it.
        self._numbers = np.zeros(len(scenario), np.int64)
        self._numbers[self._places] = np.arange(len(own))
        self._size = len(scenario)

    def masks(self, masks: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """What is allowed of the policy's treatments, bool (accounts, own), of `masks`, bool (accounts, scenario)."""
        return masks[:, self._places]

    def to_scenario(self, actions: NDArray[np.int64]) -> NDArray[np.int64]:
        """The scenario's menu indices of the policy's: shape (accounts,)."""
        return self._places[actions]

    def to_own(self, actions: NDArray[np.int64]) -> NDArray[np.int64]:
        """The policy's menu indices of the scenario's, 0 for treatments it does not know: shape (accounts,)."""
        return self._numbers[actions]

    def spread(self, probabilities: NDArray[np.float32]) -> NDArray[np.float32]:
        """Probabilities of the policy's treatments, (accounts, own), among the scenario's: (accounts, scenario), 0 elsewhere."""
        out = np.zeros((len(probabilities), self._size), np.float32)
        out[:, self._places] = probabilities
        return out


def on(policy: Carded, menu: Menu) -> Carded:
    """A copy of a policy with a card that acts on this menu.

    Args:
        policy: as it acts now.
        menu: of another scenario, or of the same one.

    Raises:
        InputError: the menu lacks a treatment of the policy.
    """
    check_menu(policy.name, policy.card, menu.names)
    one = copy.deepcopy(policy)
    one._menu = OwnMenu(policy.card.menu, menu.names)
    return one
