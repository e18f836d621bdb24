"""Actions by parts and observations by name: channel, window, offer and legal step instead of a number."""

from __future__ import annotations

import gymnasium as gym
import numpy as np
import pytest

from recoup.sim.envs.account import AccountEnv
from recoup.sim.envs.portfolio import PortfolioVectorEnv
from recoup.sim.envs.wrappers import NamedObservation, Parts, PartsAction, VectorPartsAction, named
from recoup.sim.treatments import Menu
from tests.worked.tiny import HOME, debtors, world

# In the order of the vocabulary: no channel, text, collector; the four windows; no offer and two plans; no step and a notice.
MENU = Menu.of(("sms", "collector"), ("plan_6", "plan_12"), ("notice", "suit"))


@pytest.mark.parametrize(
    ("words", "treatment"),
    [
        (("sms", "midday", "none", "none"), "sms/midday"),
        (("collector", "evening", "plan_12", "none"), "collector/evening/plan_12"),
        (("collector", "morning", "plan_6", "none"), "collector/morning/plan_6"),
        (("sms", "midday", "plan_6", "none"), "nothing"),  # a text carries no plan
        (("none", "evening", "none", "suit"), "suit"),  # without contact the window does not matter
        (("none", "midday", "none", "none"), "nothing"),
        (("collector", "morning", "none", "suit"), "nothing"),
    ],
)
def test_parts_name_a_treatment(words, treatment):
    parts = Parts(MENU)
    numbers = [parts.values[part].index(word) for part, word in zip(parts.values, words, strict=True)]
    assert MENU.names[int(parts.indices(np.array(numbers)))] == treatment


def test_parts_are_in_the_order_of_the_vocabulary():
    assert Parts(MENU).values == {
        "channel": ["none", "sms", "collector"],
        "window": ["morning", "midday", "afternoon", "evening"],
        "offer": ["none", "plan_6", "plan_12"],
        "legal": ["none", "suit"],  # a notice goes by letter, which this menu lacks
    }


def test_a_mask_of_parts_says_what_some_allowed_treatment_has():
    mask = np.isin(MENU.names, ["nothing", "sms/midday", "collector/evening/plan_6"])
    allowed = Parts(MENU).masks(mask)
    #                           none sms coll | morn mid aft eve | none 6 12 | none suit
    assert allowed.tolist() == [True, True, True, True, True, False, True, True, True, False, True, False]


def test_a_debtor_treated_by_parts_and_seen_by_name():
    inner = AccountEnv(
        world(), HOME.rules, debtors(10_000, 10_000, 10_000), others=2, others_policy=lambda o, m: np.zeros(3, np.int64)
    )
    env = NamedObservation(PartsAction(inner))
    seen, _ = env.reset(seed=1)
    assert seen["balance"].tolist() == [10_000] and seen["weekday"].tolist() == [0]
    assert seen["product"] == 0 and seen["dpd"].tolist() == [30]
    values = env.get_wrapper_attr("parts").values
    letter = [values["channel"].index("letter"), 0, 0, 0]
    _, _, _, _, info = env.step(np.array(letter))
    assert info["treatment"] == "letter/morning" and info["cost"] == 6.0
    assert isinstance(env.observation_space, gym.spaces.Dict)


def test_many_debtors_treated_by_parts():
    env = VectorPartsAction(PortfolioVectorEnv(world(), HOME.rules, debtors(*[10_000] * 3), 3, fill="cohort"))
    observations, _ = env.reset(seed=1)
    assert named(observations)["balance"].tolist() == [10_000] * 3 and named(observations)["dpd"].tolist() == [30] * 3
    values = env.parts.values
    actions = np.zeros((3, 4), np.int64)
    actions[1] = [values["channel"].index("sms"), 1, 0, 0]
    actions[2] = [values["channel"].index("letter"), 0, 0, values["legal"].index("notice")]
    _, rewards, *_ = env.step(actions)
    assert rewards.tolist() == pytest.approx([0, -0.05 / 10_000, -36 / 10_000])
