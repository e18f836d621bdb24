"""`recoup/Account-v1`, and both ids as Gymnasium and Stable-Baselines3 users meet them."""

from __future__ import annotations

import pickle
import subprocess
import sys
import warnings
from copy import deepcopy

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stable_baselines3.common.env_checker import check_env as check_env_sb3

import recoup  # noqa: F401
from recoup.scenarios.schema import load_scenario
from recoup.sim.envs.account import AccountEnv
from recoup.sim.envs.portfolio import PortfolioVectorEnv
from tests import ROOT
from tests.sim.test_world import changed

HOME = load_scenario("china-consumer")
SMALL = {"others": 30, "accounts": 100}


def account_env(**options: object) -> AccountEnv:
    return AccountEnv(HOME.world, HOME.rules, HOME.portfolio(100, 77), **{"others": 30, **options})  # type: ignore[arg-type]


def play(env: AccountEnv, steps: int, seed: int, forbidden: float = 0.0) -> list[tuple[object, ...]]:
    """Steps under lawful (or now and then unlawful) choices, episode after episode, each with its mask and info."""
    random, seen = np.random.default_rng(seed), []
    mask = env.action_masks()
    for _ in range(steps):
        choices = np.flatnonzero(~mask) if random.random() < forbidden and not mask.all() else np.flatnonzero(mask)
        action = int(random.choice(choices)) if random.random() < 0.5 else 0
        observation, reward, terminated, truncated, info = env.step(action)
        np.testing.assert_array_equal(info["action_mask"], env.action_masks())
        seen.append((observation.tobytes(), reward, terminated, truncated, mask.tobytes(), action, info))
        mask = env.reset()[1]["action_mask"] if terminated or truncated else info["action_mask"]
    return seen


def without_masks(seen: list[tuple[object, ...]]) -> str:
    return repr([(*step[:-1], {k: v for k, v in step[-1].items() if k != "action_mask"}) for step in seen])


def test_made_by_gymnasium_without_an_import_of_ours() -> None:
    code = """
import gymnasium as gym
env = gym.make("recoup:recoup/Account-v1", scenario="taiwan-cards", others=20, accounts=50)
env.reset(seed=1)
env.step(0)
env.close()
assert env.spec.id == "recoup/Account-v1" and env.spec.kwargs["scenario"] == "taiwan-cards"
portfolio = gym.make_vec("recoup:recoup/Portfolio-v1", num_envs=30)
assert portfolio.num_envs == 30 and portfolio.spec.id == "recoup/Portfolio-v1"
portfolio.reset(seed=1)
"""
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, cwd=ROOT)


def test_passes_the_checkers_of_gymnasium_and_sb3() -> None:
    for mode in ("ansi", "rgb_array"):
        env = gym.make("recoup/Account-v1", render_mode=mode, **SMALL)  # type: ignore[arg-type]
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            check_env(env.unwrapped)
            check_env_sb3(env.unwrapped, skip_render_check=False)


def test_declares_how_sub_environments_are_reset() -> None:
    portfolio = gym.make_vec("recoup/Portfolio-v1", num_envs=12)
    assert isinstance(portfolio, PortfolioVectorEnv) and portfolio.metadata["autoreset_mode"] is AutoresetMode.SAME_STEP
    copies = gym.make_vec("recoup/Account-v1", num_envs=2, vectorization_mode="sync", **SMALL)  # type: ignore[arg-type]
    assert isinstance(copies, SyncVectorEnv)
    assert copies.single_action_space == portfolio.single_action_space
    assert copies.single_observation_space == portfolio.single_observation_space
    for env in (portfolio, copies):
        observations, infos = env.reset(seed=3)
        assert observations.shape == env.observation_space.shape and observations in env.observation_space
        observations, rewards, terminated, truncated, infos = env.step(np.zeros(env.num_envs, np.int64))
        assert observations in env.observation_space and rewards.dtype == np.float64
        assert terminated.dtype == truncated.dtype == bool and len(terminated) == env.num_envs
    assert infos["action_mask"].shape == (2, portfolio.single_action_space.n)
    env.close()


def test_vector_statistics_wrapper_counts_episodes() -> None:
    portfolio = gym.make_vec("recoup/Portfolio-v1", num_envs=20, days=10)
    env = gym.wrappers.vector.RecordEpisodeStatistics(portfolio)
    env.reset(seed=0)
    episodes = 0
    for _ in range(25):
        *_, terminated, truncated, infos = env.step(np.zeros(20, np.int64))
        if "episode" in infos:
            assert (infos["episode"]["l"][terminated] <= 10).all()
        episodes += int((terminated | truncated).sum())
    assert env.episode_count == episodes >= 40


def test_same_seed_same_story_and_copies_go_on_alike() -> None:
    env, repeat = account_env(), account_env()
    first = env.reset(seed=4)[0]
    np.testing.assert_array_equal(first, repeat.reset(seed=4)[0])
    assert without_masks(play(env, 250, 1)) == without_masks(play(repeat, 250, 1))
    for copy in (pickle.loads(pickle.dumps(env)), deepcopy(env)):
        assert without_masks(play(copy, 60, 2)) == without_masks(play(deepcopy(repeat), 60, 2))
        assert copy.history and copy.render() == env.render()
    np.testing.assert_array_equal(env.reset()[0], repeat.reset()[0])
    assert not np.array_equal(env.reset()[0], first)  # another debtor
    assert not np.array_equal(account_env().reset(seed=5)[0], first)
    np.testing.assert_array_equal(env.reset(seed=4)[0], first)


def test_debtors_differ_and_live_their_whole_horizon() -> None:
    env = account_env(days=30)
    env.reset(seed=0)
    openings, lengths, length = [], [], 0
    for _ in range(30 * 40):
        observation, _, terminated, truncated, info = env.step(0)
        length += 1
        assert not truncated and info["day"] == length - 1
        if terminated:
            assert length == 30 or (info["balance"] == 0.0 and "closed" in info["events"])
            openings.append(observation[2])
            lengths.append(length)
            length = 0
            env.reset()
    assert len(set(openings)) > 15 and max(lengths) == 30 and min(lengths) < 30


# A world in which rules are touched often.
TOUCHY = changed(HOME.world, complaint_fatigue=3.0, dispute=0.05, opt_out=0.05, jobless_share=0.4)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 2**31 - 1))
def test_mask_is_true_exactly_for_what_the_gate_lets_through(seed: int) -> None:
    env = AccountEnv(TOUCHY, HOME.rules, HOME.portfolio(100, 5), others=20)
    env.reset(seed=seed)
    for *_, mask, action, info in play(env, 250, seed, forbidden=0.4):
        allowed = np.frombuffer(mask, bool)[action]
        assert info["blocked"] == (not allowed)
        done = allowed and "review" not in info["events"]  # a request that opens a review does nothing else
        assert info["treatment"] == (env.menu.names[action] if done else "nothing")
        assert (info["outcome"] == "blocked") == info["blocked"] and (not info["rule"] or info["blocked"])


def test_info_tells_the_day_and_its_money_adds_up() -> None:
    env = account_env(reward_scale="own", render_mode="ansi")
    opening, names = env.reset(seed=21)[0][2], set()
    for episode in range(12):
        total, discounted = 0.0, 0.0
        terminated = False
        random = np.random.default_rng(episode)
        while not terminated:
            action = int(random.choice(np.flatnonzero(env.action_masks()))) if random.random() < 0.4 else 0
            _, reward, terminated, _, info = env.step(action)
            total += reward
            discounted += (info["cash"] - info["cost"]) * (1 + HOME.world.discount_rate) ** (-info["day"] / 365)
            discounted += info["left"] * (1 + HOME.world.discount_rate) ** (-180 / 365)
            assert ("payment" in info["events"]) == (info["cash"] > 0)
            names.update(info["events"])
        assert total == pytest.approx(discounted / opening, rel=1e-6)
        lines = env.render().splitlines()
        assert len(lines) == sum(d.treatment != "nothing" or bool(d.events) for d in env.history)
        opening = env.reset()[0][2]
    assert {"attempt", "reached", "payment", "offer", "promise"} <= names
    assert env.render() == "nothing has happened yet"


def test_picture_shows_what_happened() -> None:
    env = account_env(render_mode="rgb_array")
    env.reset(seed=1)
    empty = env.render()
    assert empty.dtype == np.uint8 and empty.shape == (600, 960, 3)
    for _ in range(20):
        env.step(env.menu.index["collector/evening/plan_6"])
    assert (env.render() != empty).any()


def test_unknown_render_mode_is_refused() -> None:
    with pytest.raises(ValueError, match="render_mode is 'human', expected one of"):
        account_env(render_mode="human")


def test_the_documented_lines_run() -> None:
    page = (ROOT / "docs" / "how-to" / "environments.md").read_text(encoding="utf-8")
    blocks = [block.split("```")[0] for block in page.split("```python\n")[1:]]
    small = {
        "num_envs=1024": "num_envs=64",
        "n_steps=64": "n_steps=16",
        "2_000_000": "64 * 16",
        "range(180)": "range(3)",
    }
    space: dict[str, object] = {"np": np, "print": lambda *words: None}
    for block in blocks:
        for ours, theirs in small.items():
            block = block.replace(ours, theirs)
        exec(block, space)
    assert len(blocks) == 2
