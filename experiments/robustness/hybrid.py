"""Two policies crossed: a hybrid takes some parts of every decision from one of them and the others from the other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recoup.agents.library import load_policy
from recoup.agents.policy import Policy
from recoup.scenarios.schema import Scenario
from recoup.sim.treatments import Channel, Legal, Menu, Window

PARTS = ("timing", "channel", "offer", "legal")
Chosen = frozenset[str]  # the parts that a hybrid takes from the second policy


@dataclass(frozen=True)
class Hybrid:
    """Which parts of two policies a hybrid is made of.

    Attributes:
        ours, theirs: the first and the second policy, as `load_policy` takes them.
        from_theirs: the parts to take from the second.
    """

    ours: str
    theirs: str
    from_theirs: Chosen

    def load(self, scenario: Scenario) -> CrossedPolicy:
        """The hybrid as a policy that has not acted yet.

        Args:
            scenario: whose menu both policies choose from.

        Raises:
            InputError: one of them cannot be read.
        """
        world = scenario.world
        ours, theirs = (load_policy(policy_ref, scenario.name, world) for policy_ref in (self.ours, self.theirs))
        return CrossedPolicy(ours, theirs, world.menu, self.from_theirs)


class CrossedPolicy:
    """Both policies decide every day; what is done is put together from their decisions.

    Args:
        ours, theirs: the first and the second policy; neither has acted yet.
        menu: the treatments that both choose from.
        from_theirs: the parts to take from the second policy.
    """

    name = "hybrid"

    def __init__(self, ours: Policy, theirs: Policy, menu: Menu, from_theirs: Chosen) -> None:
        self._policies, self._crossing, self._from_theirs = (ours, theirs), Crossing(menu), from_theirs
        self._chosen: list[NDArray[np.int64]] = []

    def act(
        self, observations: NDArray[np.float32], masks: NDArray[np.bool_], numbers: NDArray[np.int64] | None = None
    ) -> NDArray[np.int64]:
        """See `Policy.act`."""
        self._chosen = [policy.act(observations, masks, numbers) for policy in self._policies]
        return self._crossing.cross(self._chosen[0], self._chosen[1], masks, self._from_theirs)

    def priority(self, observations: NDArray[np.float32], actions: NDArray[np.int64]) -> NDArray[np.int64] | None:
        """See `Policy.priority`: that of the policy whose timing is taken, for its own decisions."""
        first = int("timing" in self._from_theirs)
        return self._policies[first].priority(observations, self._chosen[first])


class Crossing:
    """Puts decisions of two policies together, part by part.

    - legal: notice, suit and enforcement, and nothing else that day;
    - timing: whether the debtor is contacted, in which window, and who is served first;
    - channel: by which channel, where this policy would contact as well;
    - offer: what is offered, where this policy would contact as well.

    A combination that the menu does not have, or that is not allowed, loses its offer, then its window, then the contact.

    Args:
        menu: the scenario's treatments, which both policies choose from.
    """

    def __init__(self, menu: Menu) -> None:
        self._channel = np.array([t.channel for t in menu.treatments])
        self._window = np.array([t.window for t in menu.treatments])
        self._offer, offers = self._numbered([t.offer.name for t in menu.treatments])
        self._legal = np.array([t.legal for t in menu.treatments])
        self._talks = (self._channel != Channel.NONE) & (self._legal == Legal.NONE)
        self._none = offers["none"]
        self._at = np.full((len(menu.vocabulary.channels), len(Window), len(offers)), -1, np.int64)
        for index in np.flatnonzero(self._talks):
            self._at[self._channel[index], self._window[index], self._offer[index]] = index

    @staticmethod
    def _numbered(names: list[str]) -> tuple[NDArray[np.int64], dict[str, int]]:
        numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
        return np.array([numbers[name] for name in names]), numbers

    def cross(
        self, ours: NDArray[np.int64], theirs: NDArray[np.int64], masks: NDArray[np.bool_], from_theirs: Chosen
    ) -> NDArray[np.int64]:
        """One day's decisions of the hybrid.

        Args:
            ours, theirs: menu indices that the first and the second policy choose, shape (accounts,).
            masks: which treatments are allowed, shape (accounts, treatments).
            from_theirs: the parts to take from the second policy.

        Returns:
            Menu indices, shape (accounts,); with all parts of one policy, that policy's own.
        """
        if not from_theirs or len(from_theirs) == len(PARTS):
            return theirs if from_theirs else ours
        timing, channel, offer, legal = (theirs if part in from_theirs else ours for part in PARTS)
        talks = self._talks[timing]
        by = np.where(self._talks[channel], self._channel[channel], self._channel[timing])
        put = np.where(self._talks[offer], self._offer[offer], self._none)
        window = self._window[timing]
        rows = np.arange(len(timing))
        contacts = np.zeros(len(timing), np.int64)
        settled = ~talks
        nothing = np.full_like(put, self._none)
        for candidate in (
            self._at[by, window, put],
            self._at[by, window, nothing],
            *(self._at[by, np.full_like(window, other), nothing] for other in Window),
        ):
            fits = ~settled & (candidate >= 0) & masks[rows, candidate]
            contacts[fits] = candidate[fits]
            settled |= fits
        return np.where(self._legal[legal] != Legal.NONE, legal, contacts)
