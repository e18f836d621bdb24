"""What a learner is shown and paid by cohorts whose every day is written down: two debtors, five days."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from gymnasium import spaces

from recoup.agents.features import NAMES
from recoup.agents.training.objective import Objective
from recoup.agents.training.vecenv import PortfolioVecEnv
from recoup.sim.observation import FIELD_INDEX, FIELDS
from recoup.sim.treatments import Menu

DAYS, SIZE = 5, 2
MENU = Menu.of(["sms", "visit"], [], [])
BOOK = np.dtype(
    [
        ("opening", "i8"),
        ("cash", "i8"),
        ("discounted_cash", "f8"),
        ("discounted_cost", "f8"),
        ("discounted_staff", "f8"),
        ("complaint_risk", "f8"),
        ("attempts", "u2"),
        ("status", "u1"),
        ("closed_day", "i4"),
    ]
)


class Cohort:
    """Two claims of 1,000 and 3,000. A contact costs 10 cents and 0.01 complaints; the first debtor pays all on day 1.

    Stands in for `PortfolioVectorEnv` with `fill="cohort"`; notes with which seeds and worlds it is started.
    """

    fill, days, num_envs, menu = "cohort", DAYS, SIZE, MENU
    single_action_space = spaces.Discrete(len(MENU))

    def __init__(self, texts_7d=0):
        self.world, self.seeds, self.worlds, self.texts_7d = "the true world", [], [], texts_7d

    def _start(self):
        accounts = np.zeros(SIZE, BOOK)
        accounts["opening"], accounts["closed_day"] = (100_000, 300_000), -1
        self.simulation = SimpleNamespace(
            accounts=accounts,
            day=0,
            world=SimpleNamespace(discount_rate=0.1),
            value_left=lambda numbers, day: 0 * numbers,
        )
        self.worlds.append(self.world)

    def reset(self, seed):
        self.seeds.append(seed)
        self._start()
        return self.observe(), {"open": np.ones(SIZE, bool)}

    def observe(self):
        seen = np.zeros((SIZE, len(FIELDS)), np.float32)
        seen[:, FIELD_INDEX["credit_score"]] = 300
        seen[:, FIELD_INDEX["weekday"]] = self.simulation.day
        seen[:, FIELD_INDEX["texts_7d"]] = self.texts_7d
        return seen

    def step(self, actions):
        a = self.simulation.accounts
        a["discounted_cost"] += 10 * (actions > 0)
        a["complaint_risk"] += 0.01 * (actions > 0)
        a["attempts"] += actions > 0
        if self.simulation.day == 1:
            a["cash"][0] = a["discounted_cash"][0] = 100_000
            a["status"][0], a["closed_day"][0] = 1, 1
        self.simulation.day += 1
        is_open, ended = a["status"] == 0, self.simulation.day == DAYS
        if ended:
            self._start()
            is_open = np.ones(SIZE, bool)
        return self.observe(), None, np.full(SIZE, ended), np.zeros(SIZE, bool), {"open": is_open}

    def action_masks(self):
        return np.ones((SIZE, len(MENU)), bool)


def stepped(env, actions):
    env.step_async(np.asarray(actions))
    return env.step_wait()


def test_two_debtors_day_by_day():
    env = PortfolioVecEnv([Cohort()], Objective(time_weight=0.5, complaint_price=1.0), reward_factor=4.0, seed=7)
    env.reset()
    # Day 0: the second is contacted: −10/200,000 − 0.01 = −0.01005, times 4.
    _, rewards, done, _ = stepped(env, [0, 1])
    np.testing.assert_allclose(rewards, [0.0, -0.0402], rtol=1e-5)
    assert done.tolist() == [False, False]
    # Day 1: the first pays 100,000/200,000 = 0.5, and saves 3 of 5 days: 0.5 · 3/5 = 0.3; 0.8 times 4. Nothing follows it.
    _, rewards, done, _ = stepped(env, [0, 0])
    np.testing.assert_allclose(rewards, [3.2, 0.0], rtol=1e-6)
    assert done.tolist() == [True, False]
    for _ in range(2):
        _, rewards, done, _ = stepped(env, [0, 0])
        assert rewards.tolist() == [0.0, 0.0]
        assert done.tolist() == [True, False]
    # The last day ends the second as well; what is seen then is the next cohort's first morning.
    seen, rewards, done, _ = stepped(env, [0, 0])
    assert rewards.tolist() == [0.0, 0.0]
    assert done.tolist() == [True, True]
    assert (seen[:, NAMES.index("weekday")] == 0).all()
    assert env.recovered == [0.25]  # 100,000 of 400,000
    assert env.times == [3.5]  # the first after 2 days, the second not within 5


def test_usage_is_summed_over_days_and_taken_once():
    env = PortfolioVecEnv([Cohort()])
    env.reset()
    stepped(env, [0, 1])
    stepped(env, [0, 1])
    usage = env.pop_usage()
    assert usage.cost == pytest.approx(20 / 400_000)
    assert usage.complaints == pytest.approx(0.02 / 2)
    assert usage.contacts == pytest.approx(2 / 2)
    assert env.pop_usage().cost == 0.0


def test_usage_of_paired_rollouts_is_their_mean():
    env = PortfolioVecEnv([Cohort(), Cohort()], paired_rollouts=2)
    env.reset()
    stepped(env, [0, 1, 1, 1])  # 10 and 20 cents on 400,000
    usage = env.pop_usage()
    assert usage.cost == pytest.approx(15 / 400_000)
    assert usage.contacts == pytest.approx(1.5 / 2)


def test_a_new_cohort_pays_for_its_own_days_only():
    env = PortfolioVecEnv([Cohort()])
    env.reset()
    for _ in range(DAYS):
        stepped(env, [1, 1])
    _, rewards, done, _ = stepped(env, [1, 0])
    np.testing.assert_allclose(rewards, [5 * -10 / 200_000, 0.0], rtol=1e-5)  # the default factor is 5
    assert done.tolist() == [False, False]


def test_families_start_at_other_phases_and_paired_rollouts_with_the_same_seed():
    cohorts = [Cohort() for _ in range(4)]
    env = PortfolioVecEnv(cohorts, paired_rollouts=2, seed=40)
    seen = env.reset()
    assert [cohort.seeds for cohort in cohorts] == [[40], [40], [41], [41]]
    assert [cohort.simulation.day for cohort in cohorts] == [0, 0, 2, 2]  # 1 · 5 // 2
    # Weekdays of 0 to 6 become 2 · day / 6.
    np.testing.assert_allclose(seen[:, NAMES.index("weekday")], [0, 0, 0, 0, 2 / 3, 2 / 3, 2 / 3, 2 / 3], rtol=1e-6)


def test_actions_reach_the_cohorts_in_their_order():
    env = PortfolioVecEnv([Cohort(), Cohort()])
    env.reset()
    _, rewards, _, _ = stepped(env, [0, 1, 1, 0])
    assert (rewards < 0).tolist() == [False, True, True, False]


def test_each_new_cohort_of_a_family_has_one_new_world_and_families_their_own():
    made = iter(range(100))
    cohorts = [Cohort() for _ in range(4)]
    env = PortfolioVecEnv(cohorts, paired_rollouts=2, another_world=lambda rng: next(made))
    env.reset()
    for _ in range(DAYS):
        stepped(env, np.zeros(8, int))
    worlds = [cohort.worlds for cohort in cohorts]
    assert worlds[0] == worlds[1] and worlds[2] == worlds[3]
    # The second family, on day 2 of 5 at first, was the first to begin anew.
    assert (worlds[0], worlds[2]) == ([0, 3], [1, 2])


def test_each_cohort_is_paid_by_the_prices_it_was_told_on_its_last_day_too():
    env = PortfolioVecEnv([Cohort() for _ in range(4)], reward_factor=1.0, paired_rollouts=2, price_family=True, seed=7)
    told = env.reset()[:, len(NAMES) :]
    first, changes = told.copy(), []
    for _ in range(2 * DAYS):
        before = told
        seen, rewards, done, _ = stepped(env, np.ones(8, int))
        told = seen[:, len(NAMES) :]
        # A contact: 10 cents on 200,000, 0.01 complaints at up to 8 each, one contact at up to 0.003; prices are squares of inputs.
        expected = -10 / 200_000 - 0.01 * 8 * before[:, 0] ** 2 - 0.003 * before[:, 1] ** 2
        np.testing.assert_allclose(rewards[1::2], expected[1::2], rtol=1e-5)  # the debtors who never pay
        changed = (told != before).any(axis=1)
        assert changed.tolist() == done[1::2].repeat(2).tolist()  # with each new cohort, and only then
        assert (told[:2] == told[2:4]).all() and (told[4:6] == told[6:]).all()  # paired rollouts are told the same
        changes.append(changed.any())
    assert sum(changes) == 4 and (told != first).all() and (told[0] != told[4]).all()
    assert ((told >= 0) & (told <= 1)).all()


def test_without_randomisation_every_cohort_lives_in_the_true_world():
    cohort = Cohort()
    env = PortfolioVecEnv([cohort])
    env.reset()
    for _ in range(DAYS):
        stepped(env, [0, 0])
    assert cohort.worlds == ["the true world"] * 2


def test_the_learners_contact_cap_closes_texts_and_what_nobody_counts():
    env = PortfolioVecEnv([Cohort(texts_7d=2), Cohort(texts_7d=1)], contact_cap_per_week=2)
    env.reset()
    allowed = [
        {name.split("/")[0] for name, one in zip(MENU.names, row, strict=True) if one} for row in env.action_masks()
    ]
    # Texts on two of seven days fill a cap of two; visits no observation dates, so that a capped learner has none.
    assert allowed == [{"nothing"}] * 2 + [{"nothing", "sms"}] * 2


def test_cohorts_that_make_no_whole_families_are_refused():
    with pytest.raises(ValueError, match="3 cohorts do not make families of 2"):
        PortfolioVecEnv([Cohort(), Cohort(), Cohort()], paired_rollouts=2)
