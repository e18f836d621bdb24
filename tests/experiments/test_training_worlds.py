"""The worlds that cohorts of a training live in: how many have their levers moved, and how far."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from recoup.experiments.learning import training
from recoup.experiments.learning.settings import Training
from recoup.scenarios.levers import LEVERS


@pytest.fixture
def drawn(monkeypatch):
    """`drawn(n, …)`: n worlds of a training with these settings, as ("varied", share) or as the settings of its levers."""

    def moved(world, name, settings):
        assert world[0] == "varied"  # levers are moved in a world that is a little wrong as well
        return SimpleNamespace(apply=lambda to: list(settings) if to is world else None)

    monkeypatch.setattr(
        training, "randomised", lambda world, share, rng: ("varied", share) if world == "true" else None
    )
    monkeypatch.setattr(training, "variant_of", moved)

    def draw(number, **settings):
        another, rng = training._another_world(Training(**settings), "true"), np.random.default_rng(3)
        return [another(rng) for _ in range(number)]

    return draw


def test_a_share_of_worlds_has_its_levers_moved_each_within_its_range(drawn):
    worlds = drawn(3000, lever_worlds=0.3, domain_randomisation=0.1)
    settings = np.array([world for world in worlds if isinstance(world, list)])
    # 0.3 · 3000 = 900, with a standard deviation of √(3000 · 0.3 · 0.7) = 25.1.
    assert abs(len(settings) - 900) < 4 * 25.1
    assert all(world == ("varied", 0.1) for world in worlds if isinstance(world, tuple))
    low, high = (np.array([getattr(lever, end) for lever in LEVERS]) for end in ("low", "high"))
    assert ((settings >= low) & (settings <= high)).all()
    # Nearly to both ends, half on either side of what is calibrated (900 draws: ± 0.017), and each lever for itself.
    assert (settings.min(axis=0) < low + 0.02 * (1 - low)).all() and (
        settings.max(axis=0) > high - 0.02 * (high - 1)
    ).all()
    np.testing.assert_allclose((settings < 1).mean(axis=0), 0.5, atol=4 * 0.017)
    others = np.corrcoef(settings.T)[~np.eye(len(LEVERS), dtype=bool)]
    assert np.abs(others).max() < 0.2


@pytest.mark.parametrize(("share", "kind"), [(0.0, tuple), (1.0, list)])
def test_none_or_all_of_them(drawn, share, kind):
    assert {type(world) for world in drawn(50, lever_worlds=share, domain_randomisation=0.1)} == {kind}


def test_a_training_that_varies_nothing_stays_in_the_true_world():
    assert training._another_world(Training(lever_worlds=0.0, domain_randomisation=0.0), "true") is None
    assert training._another_world(Training(lever_worlds=0.1, domain_randomisation=0.0), "true")
