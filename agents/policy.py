"""What every policy is: a function from observations and masks to actions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


class Policy(Protocol):
    """Decides for all open accounts at once, on the morning of each day on which the scenario decides.

    A policy needs no base class; it has these attributes and methods:

    * `name`: what tables and reports call it.
    * `identity`: what makes it this policy and no other; it goes into the fingerprint of a run.
    * `dropped`: what the scenario's menu made it leave out, as sentences; usually empty.
    * `act`: the decision.
    * `priority`: who is served first where staff is short; may return None.

    What holds of every call: rows of `observations` and `masks` are the open accounts in rising order of their numbers; the policy
    changes neither array. Results are reproducible only if a choice depends on the observation alone (and on the account's own past,
    for a policy with a memory): draw at random by `recoup.agents.sampling.hashed_uniforms`, never by a generator. A policy sees
    visible fields only; nothing hidden and no protected attribute is among them.

    Example:
        A policy that sends a message to everybody who has gone three days without a contact, where the rules allow it.

        >>> import numpy as np
        >>> from recoup.scenarios.schema import load_scenario
        >>> from recoup.sim.observation import FIELD_INDEX
        >>> from recoup.sim.simulation import Simulation
        >>> class WriteEveryThreeDays:
        ...     name, dropped = "write-every-three-days", ()
        ...     def __init__(self, menu):
        ...         self.identity = self.name
        ...         self.message = menu.index["wechat/morning"]
        ...     def act(self, observations, masks, numbers=None):
        ...         due = observations[:, FIELD_INDEX["days_since_attempt"]] >= 3
        ...         return np.where(due & masks[:, self.message], self.message, 0)
        ...     def priority(self, observations, actions):
        ...         return None
        >>> scenario = load_scenario("china-consumer")
        >>> simulation = Simulation(scenario.world, scenario.portfolio(50, 1), scenario.rules, 1)
        >>> policy = WriteEveryThreeDays(simulation.menu)
        >>> for _ in range(10):
        ...     observations, masks = simulation.observe(), simulation.masks()
        ...     actions = policy.act(observations, masks, simulation.open_accounts)
        ...     _ = simulation.advance(actions, policy.priority(observations, actions))
        >>> bool(simulation.accounts["attempts"].max() <= 4) and bool(simulation.accounts["attempts"].any())
        True
        >>> sum(simulation.blocked_by_rule().values())
        0
    """

    @property
    def name(self) -> str:
        """What tables and reports call it: lower-case letters, digits and hyphens."""
        ...

    @property
    def identity(self) -> object:
        """What makes it this policy and no other (a plan's file, a network's card): goes into the fingerprint of a run.

        Anything that can be written as text or is a pydantic model; two policies that may act differently must differ in it.
        """
        ...

    @property
    def dropped(self) -> Sequence[object]:
        """What the scenario's menu made it leave out, as sentences; empty for most policies."""
        ...

    def act(
        self, observations: NDArray[np.float32], masks: NDArray[np.bool_], numbers: NDArray[np.int64] | None = None
    ) -> NDArray[np.int64]:
        """Choose a treatment for each account.

        Args:
            observations: float32, shape (accounts, fields of `recoup.sim.observation.FIELDS`), in the fields' natural units.
            masks: bool, shape (accounts, menu); True where the treatment is allowed today. Column 0, nothing, is always True.
            numbers: which account each row is, rising, for policies with a memory; None = the rows are always the same.

        Returns:
            Menu indices, int64, shape (accounts,), 0 = nothing. A forbidden choice is blocked and counted, never carried out.
        """
        ...

    def priority(self, observations: NDArray[np.float32], actions: NDArray[np.int64]) -> NDArray[np.int64] | None:
        """Who is served first when staff is short.

        Args:
            observations: those that `act` was given, the same day.
            actions: what it returned.

        Returns:
            int64, shape (accounts,), from 0 (first) to 255; None = in random order.
        """
        ...


PolicyRef = str | object  # how users say which policy they mean: a name, a path, or the policy itself
