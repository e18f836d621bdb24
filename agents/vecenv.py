"""The thin adapter from `PortfolioVectorEnv` to Stable-Baselines3's `VecEnv`: encoded features in, rewards scaled."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray
from stable_baselines3.common.vec_env.base_vec_env import VecEnv, VecEnvIndices

from agents.features import SIZE, encode
from sim.env import PortfolioVectorEnv


class PortfolioVecEnv(VecEnv):
    """One sub-environment per debtor. `reward_factor` scales rewards to order one; it changes no optimum."""

    def __init__(self, env: PortfolioVectorEnv, reward_factor: float = 1.0, seed: int = 0) -> None:
        self.env, self.reward_factor, self._seed = env, reward_factor, seed
        super().__init__(env.num_envs, spaces.Box(-1.0, 2.0, (SIZE,), np.float32), env.single_action_space)
        self._nothing: dict[str, Any] = {}
        self.recovered: list[float] = []  # share of the opening balance recovered, of episodes ended lately

    def reset(self) -> NDArray[np.float32]:
        observations, _ = self.env.reset(seed=self._seed)
        return encode(observations)

    def step_async(self, actions: NDArray[np.int64]) -> None:
        self._actions = actions

    def step_wait(self) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.bool_], list[dict[str, Any]]]:
        observations, rewards, terminated, truncated, info = self.env.step(self._actions)
        infos = [self._nothing] * self.num_envs  # shared: the learner reads it and writes nothing
        done = terminated | truncated | ~info["open"]  # nothing follows the closing of an account, only idle days
        if "_recovered" in info:
            self.recovered = (self.recovered + info["recovered"][info["_recovered"]].tolist())[-5000:]
        cut = np.flatnonzero(truncated)
        if cut.size:  # the story would have gone on: the learner adds the value of the last observation
            for place, last in zip(cut, encode(np.stack(list(info["final_obs"][cut]))), strict=True):
                infos[place] = {"terminal_observation": last, "TimeLimit.truncated": True}
        return encode(observations), (rewards * self.reward_factor).astype(np.float32), done, infos

    def env_method(self, method_name: str, *args: Any, indices: VecEnvIndices = None, **kwargs: Any) -> list[Any]:
        if method_name != "action_masks":
            raise AttributeError(method_name)
        return list(self.env.action_masks())

    def has_attr(self, attr_name: str) -> bool:
        return attr_name == "action_masks" or hasattr(self.env, attr_name)

    def get_attr(self, attr_name: str, indices: VecEnvIndices = None) -> list[Any]:
        if attr_name == "action_masks":
            return [self.env.action_masks] * self.num_envs
        return [getattr(self.env, attr_name)] * self.num_envs

    def set_attr(self, attr_name: str, value: Any, indices: VecEnvIndices = None) -> None:
        raise AttributeError("sub-environments share one simulation; set nothing on one of them")

    def env_is_wrapped(self, wrapper_class: type, indices: VecEnvIndices = None) -> list[bool]:
        return [False] * self.num_envs

    def seed(self, seed: int | None = None) -> Sequence[int | None]:
        self._seed = self._seed if seed is None else seed
        return [self._seed] * self.num_envs

    def close(self) -> None:
        self.env.close()
