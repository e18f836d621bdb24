"""Factored actions and named observations are the same environment in other words."""

from __future__ import annotations

import warnings

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from stable_baselines3.common.env_checker import check_env as check_env_sb3

import recoup  # noqa: F401
from recoup.scenarios.schema import load_scenario, scenario_names
from recoup.sim.envs.wrappers import PARTS, NamedObservation, Parts, PartsAction, VectorPartsAction, named
from recoup.sim.observation import FIELD_INDEX, FIELDS
from recoup.sim.treatments import Menu

SMALL = {"others": 20, "accounts": 60}


@pytest.mark.parametrize("scenario", scenario_names())
def test_every_treatment_has_its_combination_and_all_others_are_nothing(scenario: str) -> None:
    world = load_scenario(scenario).world
    menu = Menu.of(world.channels, world.offers, world.legal)
    parts = Parts(menu)
    np.testing.assert_array_equal(parts.indices(parts.of_treatment), np.arange(len(menu)))
    every = np.stack(np.meshgrid(*map(np.arange, parts.space.nvec), indexing="ij"), axis=-1).reshape(-1, 4)
    for combination, index in zip(every, parts.indices(every), strict=True):
        words = {part: parts.values[part][value] for part, value in zip(PARTS, combination, strict=True)}
        t = menu.treatments[index]
        ours = {"channel": t.channel.name.lower(), "window": t.window.name.lower(), "offer": t.offer.name}
        ours["legal"] = t.legal.name.lower()
        if words["channel"] == "none":
            words["window"] = ours["window"]  # does not matter
        if index:
            assert words == ours
        else:
            name = [w for w in (words["channel"], words["offer"], words["legal"]) if w != "none"]
            with_window = [words["channel"], words["window"], *name[1:]] if words["channel"] != "none" else name
            assert "/".join(with_window) not in menu.index


def test_masks_of_parts_hold_what_some_allowed_treatment_holds() -> None:
    menu = Menu.of(("sms", "collector"), ("plan_6",), ("notice",))
    parts = Parts(menu)
    mask = np.zeros((1, len(menu)), bool)
    mask[0, [0, menu.index["collector/evening/plan_6"]]] = True
    words = [f"{part}={value}" for part in PARTS for value in parts.values[part]]
    allowed = {word for word, free in zip(words, parts.masks(mask)[0], strict=True) if free}
    assert allowed == {
        "channel=none", "channel=collector", "window=morning", "window=evening", "offer=none", "offer=plan_6", "legal=none",
    }  # fmt: skip


def test_wrapped_environments_pass_the_checkers_and_do_the_same() -> None:
    plain = gym.make("recoup/Account-v1", **SMALL)  # type: ignore[arg-type]
    env = NamedObservation(PartsAction(gym.make("recoup/Account-v1", **SMALL)))  # type: ignore[arg-type]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*is different from the unwrapped version")
        check_env(env, skip_render_check=True)
    check_env_sb3(env)
    theirs, ours = plain.reset(seed=2)[0], env.reset(seed=2)[0]
    parts = env.get_wrapper_attr("parts")
    random = np.random.default_rng(0)
    for _ in range(60):
        assert env.observation_space.contains(ours)
        np.testing.assert_array_equal([np.ravel(ours[f.name])[0] for f in FIELDS], theirs)
        mask = plain.get_wrapper_attr("action_masks")()
        assert env.get_wrapper_attr("action_masks")().shape == (parts.space.nvec.sum(),)
        action = int(random.choice(np.flatnonzero(mask)))
        theirs, reward, *_ = plain.step(action)
        ours, other_reward, *_ = env.step(parts.of_treatment[action])
        assert reward == other_reward


def test_vector_environment_takes_combinations() -> None:
    plain, env = (gym.make_vec("recoup/Portfolio-v1", num_envs=15) for _ in range(2))
    env = VectorPartsAction(env)
    assert env.action_space.shape == (15, 4)
    plain.reset(seed=1), env.reset(seed=1)
    for _ in range(10):
        masks = plain.action_masks()
        actions = np.array([np.flatnonzero(mask)[-1] for mask in masks])
        theirs, ours = plain.step(actions), env.step(env.parts.of_treatment[actions])
        np.testing.assert_array_equal(theirs[0], ours[0])
        assert env.action_masks().shape == (15, env.parts.space.nvec.sum())
    np.testing.assert_array_equal(named(ours[0])["balance"], ours[0][:, FIELD_INDEX["balance"]])
