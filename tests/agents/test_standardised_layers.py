"""Features less their mean over their deviation, and what is left of it in a policy's file: numbers worked out by hand."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from gymnasium import spaces
from torch import nn

from recoup.agents.training import learners
from recoup.agents.training.learners import Standardised


def standardised():
    """Of two features: one is 1 or 5, the other hardly ever moves."""
    layer = Standardised(spaces.Box(-1.0, 2.0, (2,), np.float32))
    layer.fit(torch.tensor([[1.0, 0.30], [5.0, 0.32]]))
    return layer


def test_features_are_taken_less_their_mean_over_their_deviation():
    # Means 3 and 0.31; deviations √8 = 2.828427 and 0.014142, which counts as 0.1.
    found = standardised()(torch.tensor([[5.0, 0.41]]))
    torch.testing.assert_close(found, torch.tensor([[2 / 2.828427, 1.0]]), rtol=1e-5, atol=1e-5)


def linear(weight, bias):
    layer = nn.Linear(len(weight[0]), len(weight))
    layer.weight.data, layer.bias.data = torch.tensor(weight), torch.tensor(bias)
    return layer


class OnPolicy(nn.Module):
    """One hidden unit on two features, two treatments."""

    def __init__(self):
        super().__init__()
        self.features_extractor = standardised()
        self.hidden, self.action_net = linear([[2.0, 0.5]], [1.0]), linear([[1.0], [-1.0]], [0.1, 0.2])
        self.mlp_extractor = SimpleNamespace(policy_net=nn.Sequential(self.hidden, nn.Tanh()))


def test_a_policys_file_holds_the_first_layer_with_mean_and_deviation_folded_in():
    arrays = learners.weights("ppo", SimpleNamespace(policy=OnPolicy()))
    # 2/2.828427 = 0.707107, 0.5/0.1 = 5; 1 − 0.707107 · 3 − 5 · 0.31 = −2.671320.
    np.testing.assert_allclose(arrays["hidden.0.weight"], [[0.707107, 5.0]], rtol=1e-5)
    np.testing.assert_allclose(arrays["hidden.0.bias"], [-2.671320], rtol=1e-5)
    np.testing.assert_allclose(arrays["output.weight"], [[1.0], [-1.0]])
    np.testing.assert_allclose(arrays["output.bias"], [0.1, 0.2], rtol=1e-6)


class Quantiles(nn.Module):
    """Two quantiles of two treatments' returns: rows are (quantile 1: treatment 0, 1; quantile 2: treatment 0, 1)."""

    def __init__(self):
        super().__init__()
        self.features_extractor = standardised()
        output = linear([[1.0], [2.0], [3.0], [8.0]], [0.0, 1.0, 4.0, 5.0])
        self.quantile_net = SimpleNamespace(quantile_net=nn.Sequential(linear([[2.0, 0.5]], [1.0]), nn.ReLU(), output))


def test_a_treatments_value_is_the_mean_over_its_quantiles():
    learner = SimpleNamespace(policy=Quantiles(), action_space=spaces.Discrete(2))
    arrays = learners.weights("qr-dqn", learner)
    np.testing.assert_allclose(arrays["output.weight"], [[2.0], [5.0]])  # (1 + 3)/2, (2 + 8)/2
    np.testing.assert_allclose(arrays["output.bias"], [2.0, 3.0])


@pytest.mark.parametrize(("left", "rate"), [(1.0, 0.01), (0.5, 0.005), (0.05, 0.001)])
def test_the_learning_rate_falls_with_what_is_left_but_not_below_a_tenth(monkeypatch, left, rate):
    built = {}

    def spy(kind, env, **settings):
        built.update(settings, kind=kind)
        return SimpleNamespace()

    monkeypatch.setitem(learners._CLASSES, "ppo", spy)
    env = SimpleNamespace(days=180, families=4, paired_rollouts=2, size=30, show_hidden=False)
    learners.build("ppo", env, learners.Hyperparameters(net=[8], learning_rate=0.01), seed=5)
    assert built["learning_rate"](left) == pytest.approx(rate)
    # A rollout is a cohort's worth of all families together: 180/4 days, with four families at four phases.
    assert (built["n_steps"], built["seed"]) == (45, 5)
    assert built["rollout_buffer_kwargs"] == {"paired_rollouts": 2, "accounts": 30}
