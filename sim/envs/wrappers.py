"""Wrappers for those who want factored actions or observations by name instead of one index and one vector."""

from __future__ import annotations

from typing import Any

import gymnasium as gym
import numpy as np
from gymnasium import spaces
from gymnasium.utils import RecordConstructorArgs
from gymnasium.vector import VectorActionWrapper, VectorEnv
from numpy.typing import NDArray

from recoup.sim.observation import FIELDS
from recoup.sim.treatments import Menu

PARTS = ("channel", "window", "offer", "legal")


class Parts:
    """The treatment menu as combinations of channel, window, offer and legal step.

    A combination that the menu does not hold is "nothing". Where there is no contact, the window does not matter.

    Attributes:
        values: per part, the names that occur in the menu, in the order of the vocabulary.
        space: `MultiDiscrete`, one number per part.
        of_treatment: int64 (menu, 4), the combination of each treatment.
    """

    def __init__(self, menu: Menu) -> None:
        columns = [menu.table[part] for part in PARTS]
        parts = [np.unique(column, return_inverse=True) for column in columns]
        self.of_treatment = np.stack([inverse for _, inverse in parts], axis=1).astype(np.int64)
        self.values = {
            part: [_name(menu.treatments[int(np.argmax(column == code))], part) for code in codes]
            for part, column, (codes, _) in zip(PARTS, columns, parts, strict=True)
        }
        sizes = [len(codes) for codes, _ in parts]
        self.space = spaces.MultiDiscrete(sizes)
        self._index = np.zeros(sizes, np.int64)
        self._index[tuple(self.of_treatment.T)] = np.arange(len(menu))
        no_channel = int(self.of_treatment[0, 0])
        self._index[no_channel] = self._index[no_channel].max(axis=0, keepdims=True)

    def indices(self, combinations: NDArray[np.int64]) -> NDArray[np.int64]:
        """Menu indices of combinations, shape (…, 4) to (…)."""
        return np.asarray(self._index[tuple(np.moveaxis(np.asarray(combinations), -1, 0))])

    def masks(self, masks: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Per part, the values that occur in some allowed treatment: shape (…, menu) to (…, sum of sizes).

        As sb3-contrib wants masks of `MultiDiscrete`. They cannot be exact: each value may be allowed, and a combination not.
        """
        blocks = [
            np.stack([masks[..., self.of_treatment[:, part] == value].any(axis=-1) for value in range(size)], axis=-1)
            for part, size in enumerate(self.space.nvec)
        ]
        return np.concatenate(blocks, axis=-1)


def _name(treatment: Any, part: str) -> str:
    value = getattr(treatment, part)
    return value.name if part == "offer" else value.name.lower()


class PartsAction(gym.ActionWrapper[Any, Any, Any], RecordConstructorArgs):
    """`AccountEnv` with an action (channel, window, offer, legal) instead of an index; see `Parts`."""

    def __init__(self, env: gym.Env[Any, Any]) -> None:
        RecordConstructorArgs.__init__(self)
        super().__init__(env)
        self.parts = Parts(env.get_wrapper_attr("menu"))
        self.action_space = self.parts.space

    def action(self, action: NDArray[np.int64]) -> np.int64:
        """Menu index of one combination, shape (4,)."""
        return np.int64(self.parts.indices(action))

    def action_masks(self) -> NDArray[np.bool_]:
        """See `Parts.masks`; the exact mask of whole treatments stays in `info["action_mask"]`."""
        return self.parts.masks(self.env.get_wrapper_attr("action_masks")())


class VectorPartsAction(VectorActionWrapper):
    """`PortfolioVectorEnv` with actions of shape (num_envs, 4); see `Parts`."""

    def __init__(self, env: VectorEnv[Any, Any, Any]) -> None:
        super().__init__(env)
        self.parts = Parts(env.unwrapped.menu)  # type: ignore[attr-defined]
        self.single_action_space = self.parts.space
        self.action_space = gym.vector.utils.batch_space(self.parts.space, self.num_envs)

    def actions(self, actions: NDArray[np.int64]) -> NDArray[np.int64]:
        """Menu indices, shape (num_envs,), of combinations, shape (num_envs, 4)."""
        return self.parts.indices(actions)

    def action_masks(self) -> NDArray[np.bool_]:
        """See `Parts.masks`."""
        return self.parts.masks(self.env.unwrapped.action_masks())  # type: ignore[attr-defined]


def named(observations: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
    """Columns of observations by field name: (…, fields) to (…) each."""
    return {field.name: observations[..., n] for n, field in enumerate(FIELDS)}


class NamedObservation(gym.ObservationWrapper[Any, Any, Any], RecordConstructorArgs):
    """`AccountEnv` with a `Dict` of fields: codes as `Discrete`, all else as `Box` of shape (1,) in natural units."""

    def __init__(self, env: gym.Env[Any, Any]) -> None:
        RecordConstructorArgs.__init__(self)
        super().__init__(env)
        self.observation_space = spaces.Dict(
            {
                field.name: spaces.Discrete(len(field.codes))
                if field.codes
                else spaces.Box(np.float32(field.low), np.float32(field.high), (1,), np.float32)
                for field in FIELDS
            }
        )

    def observation(self, observation: NDArray[np.float32]) -> dict[str, Any]:
        """One value a field from an observation of shape (fields,)."""
        return {
            field.name: np.int64(value) if field.codes else np.array([value], np.float32)
            for field, value in zip(FIELDS, observation, strict=True)
        }
