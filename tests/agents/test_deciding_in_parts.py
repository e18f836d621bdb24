"""A large portfolio is decided in parts, and draws as the probabilities say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from recoup.agents import features, learned
from recoup.sim.observation import FIELDS
from recoup.sim.treatments import Menu

OWN = Menu.named(["nothing", "suit", "sms/evening", "collector/morning/plan_6", "collector/morning", "enforce"])
RNG = np.random.default_rng(6)
SEEN = np.stack(
    [RNG.integers(0, len(field.codes) or 2, 333) + (0 if field.codes else field.low) for field in FIELDS], axis=1
).astype(np.float32)
MASKS = RNG.random((333, len(OWN))) < 0.6
MASKS[:, 0] = True


def policy(choice="sampled", memory=0):
    """A network with arbitrary weights."""
    card = learned.Card(
        format=1, name="small", scenario="made-up", algorithm="ppo", layers=[4], memory=memory, choice=choice,
        features=list(features.NAMES), menu=OWN.names, training={},
    )  # fmt: skip
    rng = np.random.default_rng(5)
    shapes = learned.shapes(card)
    return learned.LearnedPolicy(
        card, {name: rng.normal(size=shape, scale=0.5).astype(np.float32) for name, shape in shapes.items()}
    )


@pytest.mark.parametrize(("choice", "memory"), [("sampled", 0), ("best", 0), ("sampled", 3)])
@pytest.mark.parametrize("numbers", [None, np.arange(7, 340)])
def test_parts_decide_and_remember_as_the_whole_does(monkeypatch, choice, memory, numbers):
    whole, parts = policy(choice, memory), policy(choice, memory)
    days = [whole.act(seen, MASKS, numbers) for seen in (SEEN, SEEN[::-1], SEEN)]
    monkeypatch.setattr(learned, "_TOGETHER", 50)
    for seen, chosen in zip((SEEN, SEEN[::-1], SEEN), days, strict=True):
        np.testing.assert_array_equal(parts.act(seen, MASKS, numbers), chosen)
    np.testing.assert_array_equal(parts._states, whole._states)


@given(
    outputs=arrays(np.float32, (5, 4), elements=st.sampled_from([-np.inf, -3.0, 0.0, 0.5, 0.5, 2.0, np.nan])),
    uniform=arrays(np.float64, 5, elements=st.floats(0, 1, exclude_max=True)),
)
def test_a_draw_is_the_first_column_beyond_its_share_of_the_sum(outputs, uniform):
    with np.errstate(invalid="ignore"):
        drawn = learned._sampled(outputs, uniform)
        total = np.exp(outputs.astype(np.float64) - outputs.max(axis=1, keepdims=True)).cumsum(axis=1)
        assert drawn.tolist() == (total <= uniform[:, None] * total[:, -1:]).sum(axis=1).tolist()
