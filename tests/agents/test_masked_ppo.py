"""Our layout of PPO against sb3-contrib's own: the same update from the same rollout; and what an update leaves out."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest
import sb3_contrib
import torch
from gymnasium import spaces
from sb3_contrib.common.maskable.distributions import MaskableCategoricalDistribution
from stable_baselines3.common.callbacks import CallbackList

from recoup.agents.training import learners, masked_ppo
from recoup.agents.training.activation import Tanh
from recoup.agents.training.masked_ppo import MaskablePPO
from recoup.agents.training.objective import Objective
from recoup.agents.training.open_rows import MaskableOpenRowsBuffer
from recoup.experiments.learning.training import Training, environment
from recoup.scenarios.schema import load_scenario

HOME = load_scenario("china-consumer")


def after_a_rollout(**settings: Any) -> MaskablePPO:
    """A learner with a full buffer; settings of PPO differ from the shipped ones."""
    training = Training(HOME.name, cohorts=2, paired_rollouts=2, accounts=30, warm_start=None)
    env = environment(training, HOME, Objective())
    shipped = learners.hyperparameters("maskable-ppo")
    parameters = shipped.model_copy(update={"settings": shipped.settings | {"batch_size": 700} | settings})
    learner: Any = learners.build("maskable-ppo", env, parameters, 1)
    assert isinstance(learner, MaskablePPO)
    learner._setup_learn(10**6, None)
    callback = CallbackList([])
    callback.init_callback(learner)
    learner.collect_rollouts(env, callback, learner.rollout_buffer, learner.n_steps)
    return learner


def twin(learner: MaskablePPO) -> MaskablePPO:
    """The same rollout, and a network of its own that is as yet the same."""
    made = copy.copy(learner)
    made.policy = copy.deepcopy(learner.policy)
    return made


def parameters_of(learner: Any) -> torch.Tensor:
    return torch.cat([parameter.detach().flatten() for parameter in learner.policy.parameters()])


@pytest.mark.parametrize("settings", [{}, {"clip_range_vf": 0.1, "n_epochs": 2}, {"normalize_advantage": False}])
def test_an_update_is_that_of_the_library(monkeypatch: pytest.MonkeyPatch, settings: dict[str, Any]) -> None:
    """The library's `train`, with its own distribution and torch's tanh, on the same rollout and in the same order of rows.

    Adam moves each weight by about the learning rate an update, so that a wrong gradient would show at once.
    """
    monkeypatch.setattr(masked_ppo, "BLOCK", 300)
    ours = after_a_rollout(**settings)
    before = parameters_of(ours)
    theirs = twin(ours)
    theirs.policy.action_dist = MaskableCategoricalDistribution(ours.action_space.n)
    replaced = 0
    for module in theirs.policy.modules():
        for name, child in module.named_children():
            if isinstance(child, Tanh):
                setattr(module, name, torch.nn.Tanh())
                replaced += 1
    assert replaced == 4
    figures = []
    for learner, train in ((ours, MaskablePPO.train), (theirs, sb3_contrib.MaskablePPO.train)):
        np.random.seed(5)
        train(learner)
        figures.append(dict(learner.logger.name_to_value))
    moved = float((parameters_of(theirs) - before).abs().max())
    assert moved > 1e-3
    torch.testing.assert_close(parameters_of(ours), parameters_of(theirs), rtol=0, atol=0.01 * moved)
    logged, expected = figures
    for name in ("entropy_loss", "policy_gradient_loss", "value_loss", "clip_fraction", "n_updates", "clip_range"):
        assert logged[f"train/{name}"] == pytest.approx(expected[f"train/{name}"], rel=1e-3, abs=1e-5), name


def test_a_target_divergence_ends_the_passes() -> None:
    learner = after_a_rollout(target_kl=1e-12)
    learner.train()
    assert learner._n_updates == 0  # the second batch of the first pass is already too far


def test_a_closed_account_is_done_nothing_with_and_counts_for_nothing() -> None:
    buffer = after_a_rollout().rollout_buffer
    closed = ~buffer.is_open
    assert closed.any() and buffer.count == buffer.is_open.sum()
    assert not buffer.values[closed].any() and not buffer.advantages[closed].any()


def test_a_second_rollout_remembers_nothing_of_the_first() -> None:
    """One account, two days: open on both, then closed on the second."""
    space = spaces.Box(-1.0, 1.0, (2,), np.float32)
    buffer = MaskableOpenRowsBuffer(2, space, spaces.Discrete(3), "cpu", 1.0, 1.0, 1, open_column=1)
    nothing = np.zeros(1)
    for opened in ((1.0, 1.0), (1.0, 0.0)):
        buffer.reset()
        for flag in opened:
            seen, masks = np.array([[0.5, flag]], np.float32), np.array([[True, True, False]])
            buffer.add(seen, nothing, nothing + 2.0, nothing, torch.tensor([7.0]), torch.zeros(1), action_masks=masks)
        buffer.compute_returns_and_advantage(torch.zeros(1), np.ones(1, bool))
    assert buffer.count == 1 and buffer.is_open.ravel().tolist() == [True, False]
    assert buffer.values.ravel().tolist() == [7.0, 0.0] and buffer.advantages[1, 0] == 0.0
    # Rewards of 2 a day, the closed day's value 0: 2 + 2 − 7. (Days are no episodes of their own here.)
    assert buffer.advantages[0, 0] == -3.0
    (sample,) = buffer.get(None)
    assert sample.action_masks.tolist() == [[True, True, False]] and sample.returns.tolist() == [4.0]


@pytest.mark.parametrize("x", [0.0, 1e-4, -0.3, 1.0, -5.0, 80.0])
def test_the_tanh_and_its_slope(x: float) -> None:
    given = torch.tensor([x], requires_grad=True)
    found = Tanh()(given)
    assert float(found.detach()) == pytest.approx(np.tanh(x), abs=2e-7)
    found.backward()
    assert given.grad is not None and float(given.grad) == pytest.approx(1.0 - np.tanh(x) ** 2, abs=1e-6)
