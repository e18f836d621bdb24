"""Advantages of paired rollouts less their control variate, on two and three rollouts worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from gymnasium import spaces

from recoup.agents.training.paired_rollouts import PairedRolloutBuffer, subtract_control_variate


def shaped(by_rollout):
    """Advantages (steps, cohorts, rollouts, accounts) from one list a rollout, one step and one cohort."""
    return np.array(by_rollout, np.float32)[None, None]


def test_two_rollouts_of_one_account():
    # M is the other's advantage, (1, 3). b = (3·1 + 1·3) / (1² + 3²) = 6/10. 3 − 0.6·1 = 2.4; 1 − 0.6·3 = −0.8.
    cleared = subtract_control_variate(shaped([[3.0], [1.0]]))
    np.testing.assert_allclose(cleared.ravel(), [2.4, -0.8], rtol=1e-6)


def test_three_rollouts_take_the_mean_of_the_other_two_of_the_same_account():
    # First account (6, 0, 0): M = (0, 3, 3); second (0, 2, 4): M = (3, 2, 1).
    # ⟨A, M⟩ = 0 + 0 + 0 + 0 + 4 + 4 = 8; ⟨M, M⟩ = 9 + 9 + 9 + 4 + 1 = 32; b = 1/4.
    cleared = subtract_control_variate(shaped([[6.0, 0.0], [0.0, 2.0], [0.0, 4.0]]))
    np.testing.assert_allclose(cleared[0, 0], [[6.0, -0.75], [-0.75, 1.5], [-0.75, 3.75]], rtol=1e-6)


def test_what_all_rollouts_share_goes_entirely():
    np.testing.assert_allclose(subtract_control_variate(shaped([[5.0, -2.0], [5.0, -2.0]])), 0.0, atol=1e-6)


def test_where_nothing_is_in_common_nothing_is_taken():
    cleared = subtract_control_variate(shaped([[4.0], [0.0]]))  # ⟨A, M⟩ = 4·0 + 0·4
    np.testing.assert_allclose(cleared.ravel(), [4.0, 0.0])


def test_rows_that_are_not_learned_from_have_no_part_in_it():
    # The second account is closed in the second rollout. Counted: A = (3, 4, 1), M = (1, 0, 3); b = (3 + 0 + 3) / (1 + 0 + 9) = 0.6.
    # With the closed one, whose M is 4, b would be 6 / 26.
    counted = shaped([[True, True], [True, False]]).astype(bool)
    cleared = subtract_control_variate(shaped([[3.0, 4.0], [1.0, 0.0]]), counted)
    np.testing.assert_allclose(cleared.ravel(), [2.4, 4.0, -0.8, 0.0], rtol=1e-6)


def test_a_buffer_pairs_neighbouring_cohorts_and_leaves_the_returns_alone():
    buffer = PairedRolloutBuffer(
        1,
        spaces.Box(-1.0, 1.0, (1,), np.float32),
        spaces.Discrete(2),
        device="cpu",
        gamma=1.0,
        gae_lambda=1.0,
        n_envs=4,
        paired_rollouts=2,
        accounts=2,
    )
    nothing = torch.zeros(4)
    # One step; places are (rollout 1: account 1, account 2; rollout 2: account 1, account 2). Values are 0, and nothing
    # follows, so that advantages are the rewards: account 1 gets 3 and 1, account 2 nothing.
    buffer.add(np.zeros((4, 1)), np.zeros(4), np.array([3.0, 0.0, 1.0, 0.0]), np.ones(4), nothing, nothing)
    buffer.compute_returns_and_advantage(last_values=nothing, dones=np.ones(4))
    np.testing.assert_allclose(buffer.advantages, [[2.4, 0.0, -0.8, 0.0]], rtol=1e-6)
    np.testing.assert_allclose(buffer.returns, [[3.0, 0.0, 1.0, 0.0]])
    # Variance before: mean 1, (4 + 1 + 0 + 1)/4 = 1.5; after: mean 0.4, (4 + 0.16 + 1.44 + 0.16)/4 = 1.44; 1.44/1.5.
    assert buffer.variance_left == pytest.approx(0.96)
