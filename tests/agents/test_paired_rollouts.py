"""Paired rollouts: the same accounts under common random numbers, and advantages less their control variate."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from recoup.agents.training import learners
from recoup.agents.training.objective import Objective
from recoup.agents.training.paired_rollouts import subtract_control_variate
from recoup.agents.training.vecenv import PortfolioVecEnv
from recoup.experiments.learning.training import Training, environment
from recoup.scenarios.schema import load_scenario

HOME = load_scenario("china-consumer")
TRAINING = Training(HOME.name, cohorts=2, paired_rollouts=3, accounts=25, warm_start=None)


def together(env: PortfolioVecEnv, days: int, rng: np.random.Generator | None) -> np.ndarray:
    """Rewards of so many days, shape (days, families, paired_rollouts, accounts), under one choice for all of a family or each its own."""
    rows = []
    for _ in range(days):
        masks = env.action_masks()
        wish = np.random.default_rng(len(rows)).random((env.families, 1, env.size, masks.shape[1]))
        wishes = np.broadcast_to(wish, (env.families, env.paired_rollouts, *wish.shape[2:])).reshape(masks.shape)
        if rng is not None:
            wishes = rng.random(masks.shape)
        env.step_async((wishes * masks).argmax(axis=1))
        rows.append(env.step_wait()[1].reshape(env.families, env.paired_rollouts, env.size))
    return np.array(rows)


def test_paired_rollouts_treated_alike_fare_alike_into_the_next_cohorts_and_families_do_not() -> None:
    env = environment(TRAINING, HOME, Objective())
    env.reset()
    rewards = together(env, HOME.days + 20, None)  # every family starts anew once
    assert (rewards[:, :, 1:] == rewards[:, :, :1]).all() and rewards.any()
    assert (rewards[:, 0] != rewards[:, 1]).any()
    assert (
        together(env, 40, np.random.default_rng(1))[:, :, 0] != together(env, 40, np.random.default_rng(2))[:, :, 1]
    ).any()


def test_usage_is_one_cohorts_worth_whatever_the_paired_rollouts() -> None:
    used = []
    for paired_rollouts in (1, 3):
        env = environment(replace(TRAINING, paired_rollouts=paired_rollouts), HOME, Objective())
        env.reset()
        together(env, HOME.days // 2, None)
        used.append(env.pop_usage())
    assert used[0].cost == pytest.approx(used[1].cost)
    assert used[0].complaints == pytest.approx(used[1].complaints) and used[0].complaints > 0


def test_only_learners_that_can_use_paired_rollouts_have_them() -> None:
    assert environment(replace(TRAINING, algorithm="dqn"), HOME, Objective()).paired_rollouts == 1
    env = environment(TRAINING, HOME, Objective())
    learner = learners.build("maskable-ppo", env, learners.hyperparameters("maskable-ppo"), 1)
    assert learner.n_steps == HOME.days // 2  # type: ignore[attr-defined]
    learner.learn(env.num_envs * HOME.days // 2)
    assert 0.0 < learner.rollout_buffer.variance_left < 0.95  # type: ignore[attr-defined]  # noise is most of an advantage, and common


def test_common_noise_goes_and_what_a_choice_did_stays() -> None:
    rng = np.random.default_rng(3)
    shape = (30, 2, 4, 200)
    noise = np.broadcast_to(rng.normal(size=(30, 2, 1, 200)), shape)
    choice = rng.choice([-0.3, 0.3], size=shape)
    cleared = subtract_control_variate((noise + choice).astype(np.float32))
    assert cleared.var() < 0.25 * (noise + choice).var()
    effect = (cleared * np.sign(choice)).mean()  # a baseline that knows nothing of the choice moves no effect of it
    assert effect == pytest.approx(0.3, abs=0.02)
    alone = rng.normal(size=shape).astype(np.float32)
    assert subtract_control_variate(alone).var() == pytest.approx(
        alone.var(), rel=0.01
    )  # nothing in common: nothing taken
    assert not subtract_control_variate(np.zeros(shape, np.float32)).any()
