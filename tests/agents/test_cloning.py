"""Behaviour cloning: a small network takes over a known table, from the account-days on which its teacher had a choice."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from recoup.agents import learned
from recoup.agents.contact_cap import WeeklyContactCap
from recoup.agents.features import NAMES, SIZE, encode, features_of
from recoup.agents.training import behaviour_cloning as cloning
from recoup.sim.observation import FIELD_INDEX, FIELDS
from recoup.sim.treatments import STANDARD

MENU = ("nothing", "sms/morning", "sms/evening")
ROWS, DAYS = 2_000, 3
DISPUTE, HARDSHIP = FIELD_INDEX["dispute"], FIELD_INDEX["hardship"]


class Cohort:
    """Debtors that dispute or not and are in hardship or not; the first 500 are closed after the first day."""

    num_envs, days = ROWS, DAYS

    def __init__(self):
        self.seed, self.done = None, []

    def reset(self, seed):
        self.seed = seed
        self._seen = np.zeros((ROWS, len(FIELDS)), np.float32)
        self._seen[:, FIELD_INDEX["credit_score"]] = 300
        number = np.arange(ROWS)
        self._seen[:, DISPUTE], self._seen[:, HARDSHIP] = number % 2, number // 2 % 2
        return self._seen, {}

    def action_masks(self):
        masks = np.ones((ROWS, 3), bool)
        masks[:, 2] = self._seen[:, HARDSHIP] == 0
        return masks

    def step(self, actions):
        self.done.append(actions)
        return self._seen, None, None, None, {"open": np.arange(ROWS) >= 500}


class Table:
    """Disputes: nothing. Otherwise the evening, or the morning where the evening is not allowed."""

    def act(self, seen, masks):
        return np.where(seen[:, DISPUTE] == 1, 0, np.where(masks[:, 2], 2, 1))


def env(families=1, cohorts=1):
    return SimpleNamespace(
        envs=[Cohort() for _ in range(cohorts)],
        families=families,
        contact_cap=WeeklyContactCap(MENU, None),
        features=features_of(STANDARD),
        show_hidden=False,
        price_family=False,
    )


class Linear(torch.nn.Module):
    """Log odds linear in the features; the mask, where it is used, forbids."""

    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Linear(SIZE, 3)
        torch.nn.init.zeros_(self.layer.weight)
        torch.nn.init.zeros_(self.layer.bias)

    def evaluate_actions(self, x, actions, action_masks=None):
        logits = self.layer(x)
        if action_masks is not None:
            logits = logits.masked_fill(~torch.as_tensor(action_masks), -1e8)
        log_p = torch.log_softmax(logits, 1)
        return None, log_p.gather(1, actions.view(-1, 1)).squeeze(1), -(log_p.exp() * log_p).sum(1)


def test_what_is_kept_are_about_three_tenths_of_the_open_account_days():
    shown = cloning.demonstrate(env(), Table(), 5, np.random.default_rng(0))
    # 2,000 accounts on the first day, 1,500 on each of the other two: 5,000 · 0.3 = 1,500, standard error 32.
    assert len(shown.actions) == pytest.approx(1_500, abs=130)
    assert shown.features.shape == (len(shown.actions), SIZE)
    dispute, hardship = (shown.features[:, NAMES.index(name)] > 0 for name in ("dispute", "hardship"))
    np.testing.assert_array_equal(shown.actions, np.where(dispute, 0, np.where(hardship, 1, 2)))
    np.testing.assert_array_equal(shown.masks[:, 2], ~hardship)


def test_a_teacher_that_knows_fewer_treatments_teaches_the_learners_numbers():
    card = learned.Card(
        format=1, name="small", scenario="made-up", algorithm="ppo", layers=[1], choice="best", features=["dispute"],
        menu=["nothing", "sms/evening"], training={},
    )  # fmt: skip
    weights = {name: np.zeros(shape, np.float32) for name, shape in learned.shapes(card).items()}
    weights["output.bias"][:] = 0.0, 1.0  # the evening, wherever it is allowed
    teacher = learned.LearnedPolicy(card, weights, MENU)
    shown = cloning.demonstrate(env(), teacher, 5, np.random.default_rng(0))
    assert shown.masks.shape[1] == len(MENU)
    np.testing.assert_array_equal(shown.actions, np.where(shown.masks[:, 2], 2, 0))


def test_closed_accounts_are_left_alone():
    one = env()
    cloning.demonstrate(one, Table(), 5, np.random.default_rng(0))
    first, second, _ = one.envs[0].done
    assert first[:500].any() and not second[:500].any() and second[500:].any()


def test_one_cohort_of_each_family_is_shown_under_seeds_in_a_row():
    several = env(families=2, cohorts=3)
    cloning.demonstrate(several, Table(), 70, np.random.default_rng(0))
    assert [cohort.seed for cohort in several.envs] == [70, 71, None]


@pytest.mark.parametrize("masked", [True, False])
def test_the_table_is_taken_over(monkeypatch, masked):
    monkeypatch.setattr(cloning, "LEARNING_RATE", 0.05)
    monkeypatch.setattr(cloning, "EPOCHS", 150)
    learner = SimpleNamespace(policy=Linear())
    cloning.behaviour_clone(learner, env(), Table(), 1, masked)
    seen, _ = Cohort().reset(0)  # the first four debtors are the four kinds: (0, 0), (1, 0), (0, 1), (1, 1)
    x = torch.tensor(encode(seen[[0, 2, 1, 3]]))
    masks = np.array([[True, True, hardship == 0] for hardship in (0, 1, 0, 1)])
    for action, expected in enumerate(([0, 0, 1, 1], [0, 1, 0, 0], [1, 0, 0, 0])):
        _, log_p, _ = learner.policy.evaluate_actions(x, torch.full((4,), action), masks if masked else None)
        np.testing.assert_allclose(log_p.exp().detach().numpy(), expected, atol=0.1)
    # What is left of the last batch would be taken for a gradient of the learner's own.
    assert all(one.grad is None or not one.grad.any() for one in learner.policy.parameters())


@pytest.mark.parametrize(("masked", "expected"), [(False, math.log(3)), (True, 0.5 * math.log(3) + 0.5 * math.log(2))])
def test_the_figure_given_back_is_the_cross_entropy_in_nats_of_an_account_day(monkeypatch, masked, expected):
    """A network that stays at even odds: ln 3 nats; with masks ln 2 for the half of the debtors for whom two are left."""
    monkeypatch.setattr(cloning, "LEARNING_RATE", 0.0)
    monkeypatch.setattr(cloning, "BATCH", 700)  # batches of unequal size weigh by their rows
    found = cloning.behaviour_clone(SimpleNamespace(policy=Linear()), env(), Table(), 1, masked)
    assert found == pytest.approx(expected, abs=0.02)


def test_the_entropy_bonus_leaves_room_to_explore(monkeypatch):
    """The likelihood says nothing here, so that only the bonus moves the one parameter: upwards, to more entropy."""
    parameter = torch.nn.Parameter(torch.zeros(()))

    class OnlyEntropy(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.parameter = parameter

        def evaluate_actions(self, x, actions):
            return None, 0.0 * self.parameter * torch.ones(len(x)), self.parameter * torch.ones(len(x))

    cloning.behaviour_clone(SimpleNamespace(policy=OnlyEntropy()), env(), Table(), 1, False)
    assert parameter.item() > 0.0
