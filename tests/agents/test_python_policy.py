"""Policies in Python: what is passed on, what is filled in, what is refused, and when two are the same."""

from __future__ import annotations

import numpy as np
import pytest

from recoup.agents.python_policy import PythonPolicy
from recoup.sim.inputs import InputError

SEEN = np.zeros((3, 4), np.float32)
MASKS = np.ones((3, 5), np.bool_)
NUMBERS = np.array([4, 6, 9])


class TwoArguments:
    def act(self, observations, masks):
        return np.full(len(observations), 2)


class ThreeArguments:
    def act(self, observations, masks, numbers):
        return numbers % 5


class AnyArguments:
    def act(self, *arguments):
        return np.full(len(arguments[0]), len(arguments))


class Counting:
    """Counts the days on which it was asked."""

    def __init__(self, days=0):
        self.days = days

    def act(self, observations, masks, numbers=None):
        self.days += 1
        return np.full(len(observations), self.days)


class Returns:
    def __init__(self, actions):
        self.actions = actions

    def act(self, observations, masks):
        return self.actions


def test_numbers_are_passed_to_those_who_take_them():
    assert PythonPolicy(TwoArguments()).act(SEEN, MASKS, NUMBERS).tolist() == [2, 2, 2]
    assert PythonPolicy(ThreeArguments()).act(SEEN, MASKS, NUMBERS).tolist() == [4, 1, 4]  # 4, 6 and 9 modulo 5
    assert PythonPolicy(AnyArguments()).act(SEEN, MASKS, NUMBERS).tolist() == [3, 3, 3]


def test_a_policy_starts_with_the_memory_it_was_handed_over_with():
    mine = Counting(days=1)
    policy = PythonPolicy(mine)
    assert [policy.act(SEEN, MASKS)[0] for _ in range(3)] == [2, 3, 4]
    assert mine.days == 1 and PythonPolicy(mine).act(SEEN, MASKS)[0] == 2


@pytest.mark.parametrize(
    ("actions", "expected"),
    [
        ([0, 4, 1], None),
        (np.array([0, 4, 1], np.uint8), None),
        ([0, 5, 1], "menu indices from 0 to 4"),
        ([0, -1, 1], "menu indices from 0 to 4"),
        ([0, 1], r"whole numbers of shape \(3,\)"),
        ([[0, 1, 2]], r"whole numbers of shape \(3,\)"),
        ([0.0, 1.0, 2.0], r"whole numbers of shape \(3,\)"),
        ([True, False, True], r"whole numbers of shape \(3,\)"),
    ],
)
def test_one_menu_index_for_each_account(actions, expected):
    policy = PythonPolicy(Returns(actions))
    if expected is None:
        chosen = policy.act(SEEN, MASKS)
        assert chosen.tolist() == [0, 4, 1] and chosen.dtype == np.int64
    else:
        with pytest.raises(InputError, match=rf"returns\.act: got .*, expected {expected}"):
            policy.act(SEEN, MASKS)


def test_nobody_left_is_no_action():
    assert PythonPolicy(Returns(np.zeros(0, np.int64))).act(SEEN[:0], MASKS[:0]).shape == (0,)


def made(kind, /, **members):
    return type(kind, (), {"act": TwoArguments.act, **members})()


@pytest.mark.parametrize(
    ("policy", "name"),
    [
        (made("MyPolicy"), "my-policy"),
        (made("CallEvery3Days"), "call-every3-days"),
        (made("UCB"), "ucb"),
        (made("_Private"), "private"),
        (made("MyPolicy", name="patient"), "patient"),
        (made("MyPolicy", name=""), "my-policy"),
    ],
)
def test_a_policy_is_called_by_its_name_or_its_classs(policy, name):
    assert PythonPolicy(policy).name == name


def test_what_cannot_be_a_policy_is_refused():
    for wrong, expected in (
        (object(), "an `act` method"),
        (made("P", act=3), "an `act` method"),
        (made("P", act=lambda self, observations: 0), r"act\(observations, masks\)"),
        (made("P", act=lambda self, a, b, c, d: 0), r"act\(observations, masks\)"),
        (made("P", name="No Name"), "a short name"),
        (made("P", name=7), "a short name"),
    ):
        with pytest.raises(InputError, match=expected):
            PythonPolicy(wrong)
    assert PythonPolicy(made("P", act=lambda self, a, b, c=0, d=0: [0, 0, 0])).act(SEEN, MASKS).tolist() == [0, 0, 0]


def test_priority_and_explanations_are_those_of_the_object_or_none():
    plain = PythonPolicy(TwoArguments())
    assert plain.priority(SEEN, NUMBERS) is None and plain.explain(SEEN[0], 1) == [] and plain.dropped == ()
    own = PythonPolicy(
        made(
            "P",
            priority=lambda self, seen, actions: actions + 1,
            explain=lambda self, seen, action: (f"because {action}",),
            dropped=["x"],
        )
    )
    assert own.priority(SEEN, NUMBERS).tolist() == [5, 7, 10] and own.explain(SEEN[0], 1) == ["because 1"]
    assert own.dropped == ["x"]


def test_two_policies_are_the_same_if_class_source_and_state_are():
    assert PythonPolicy(Counting(3)).identity == PythonPolicy(Counting(3)).identity
    different = [Counting(3), Counting(4), TwoArguments(), ThreeArguments(), made("TwoArguments", name="other")]
    identities = [str(PythonPolicy(policy).identity) for policy in different]
    assert len(set(identities)) == len(identities)
    one, other = (made("P", act=act) for act in (lambda self, a, b: [0], lambda self, a, b: [1]))
    assert PythonPolicy(one).identity["source"] != PythonPolicy(other).identity["source"]
