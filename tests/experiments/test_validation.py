"""Which policies are tried on which cohorts, what each is worth there, and which one is kept: made-up figures, sums by hand."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace

import numpy as np
import pytest

from recoup.agents.training.objective import Objective
from recoup.experiments.comparison.settings import Comparison
from recoup.experiments.learning import cohorts as cohorts_module
from recoup.experiments.learning import deviations, distillation, training, tuning, validation
from recoup.experiments.learning.cohorts import PARTS_RECORD, Cohorts, value_of
from recoup.experiments.learning.settings import IndexStudy, Training
from recoup.experiments.learning.validation import PolyakAverage, Validation
from recoup.scenarios.environments import PORTFOLIO_SEED


class MadeUp:
    """Cohorts on which every policy, here a list of records, brings what it says."""

    def parts(self, policy):
        return np.array(policy, PARTS_RECORD)


def record(cash, cost, quick=0.0, complaints=0.0, left=0.0, contacts=0.0, staff=0.0):
    return cash, cost, quick, complaints, left, contacts, staff


# --- seeds -------------------------------------------------------------------------------------------------------


def test_no_cohort_that_anything_is_learned_chosen_or_tuned_on_can_be_met_in_a_comparison_of_a_usual_size():
    """Comparisons count up from --first-seed, 1 unless told; whatever learns begins at 20,000,000."""
    assert PORTFOLIO_SEED == 20_000_000
    comparison = Comparison("china-consumer", ("staged",))
    assert comparison.seed_range == range(1, 11)
    most = Comparison("china-consumer", ("staged",), seeds=10_000).seed_range[-1]
    for first in (
        validation.SEED, tuning.SEED, tuning.UNSEEN_SEED, distillation.COLLECT_SEED, distillation.SELECT_SEED,
        deviations.FIRST_SEED,
    ):  # fmt: skip
        assert first > PORTFOLIO_SEED > most


def test_validation_tuning_and_distillation_each_have_cohorts_of_their_own():
    """Of training seed 1: cohorts from 20,001,000 on, a new one each few seconds; index policies from 25,000,000 on."""
    used = {
        "training": range(PORTFOLIO_SEED + 1_000, PORTFOLIO_SEED + 1_000 + 60),
        "validation": range(validation.SEED, validation.SEED + validation.PORTFOLIOS),
        "tuning": range(tuning.SEED, tuning.SEED + 1_000),
        "what tuning has not seen": range(tuning.UNSEEN_SEED, tuning.UNSEEN_SEED + 1_000),
        "what a tree learns on": range(distillation.COLLECT_SEED, distillation.COLLECT_SEED + 1_000),
        "what its leaves are chosen on": range(distillation.SELECT_SEED, distillation.SELECT_SEED + 2),
        "index policies": range(deviations.FIRST_SEED + 1_000, deviations.FIRST_SEED + 2_000),
    }
    names = list(used)
    for number, one in enumerate(names):
        for other in names[number + 1 :]:
            assert not set(used[one]) & set(used[other]), (one, other)


# --- what a policy is worth --------------------------------------------------------------------------------------


def test_the_value_of_a_cohort_is_its_objective():
    parts = np.array([record(0.4, 0.1, 0.6, 0.05), record(0.5, 0.0)], PARTS_RECORD)
    # 0.4 − 1.5 · 0.1 + 0.3 · 0.6 − 2 · 0.05 = 0.33, and 0.5
    found = value_of(Objective(time_weight=0.3, cost_price=0.5, complaint_price=2.0), parts)
    np.testing.assert_allclose(found, [0.33, 0.5])


def test_a_cohorts_parts_are_read_from_its_accounts(monkeypatch):
    accounts = np.zeros(
        4,
        [
            ("opening", "i8"), ("discounted_cash", "f8"), ("discounted_cost", "f8"), ("discounted_staff", "f8"),
            ("complaint_risk", "f8"), ("attempts", "u2"), ("status", "u1"), ("closed_day", "i4"),
        ],
    )  # fmt: skip
    accounts["opening"] = 100, 200, 300, 400
    accounts["discounted_cash"] = 50, 200, 0, 0
    accounts["discounted_cost"] = 5, 0, 10, 5
    accounts["discounted_staff"] = 2, 0, 6, 0
    accounts["complaint_risk"] = 0.1, 0, 0.3, 0
    accounts["attempts"] = 3, 0, 6, 1
    accounts["status"] = 1, 2, 3, 0  # paid, settled, written off, open
    accounts["closed_day"] = 4, 0, 2, -1
    asked = []

    def simulate(scenario, policy, portfolio, seed):
        asked.append((portfolio, seed))
        return SimpleNamespace(
            accounts=accounts,
            world=SimpleNamespace(discount_rate=0.1),
            value_left=lambda numbers, day: np.array([0, 0, 12, day]),
        )

    monkeypatch.setattr(cohorts_module, "simulate_cohort", simulate)
    scenario = SimpleNamespace(days=10, portfolio=lambda accounts, seed: f"accounts of {seed}")
    parts = Cohorts(scenario, 4, (7, 8)).parts("policy")
    assert asked == [("accounts of 7", 7), ("accounts of 8", 8)]
    assert parts["cash"][0] == pytest.approx(0.25)  # 250/1,000
    assert parts["cost"][0] == pytest.approx(0.012)  # (20 − 8)/1,000
    assert parts["staff"][0] == pytest.approx(0.008)  # 8/1,000
    assert parts["contacts"][0] == pytest.approx(2.5)  # 10/4
    # Paid on day 4, the fifth: 5 of 10 days are saved; settled on day 0: 9. (0.5 + 0.9)/4 accounts.
    assert parts["quick"][0] == pytest.approx(0.35)
    assert parts["complaints"][0] == pytest.approx(0.1)  # 0.4/4
    # 12 for what was written off and 10 for what is open on the morning of day 10, at 10 % a year, of 1,000.
    assert parts["left"][0] == pytest.approx(0.022 * 1.1 ** (-10 / 365))
    assert Cohorts(scenario, 4, (7, 8)).parts("policy", (8,)).shape == (1,)


# --- validation --------------------------------------------------------------------------------------------------

# Means 0.40, 0.10, 0.04 and 20 contacts.
BASELINE = [record(0.30, 0.08, complaints=0.02, contacts=10), record(0.50, 0.12, complaints=0.06, contacts=30)]


def test_within_the_limits_the_score_is_the_objective():
    found = Validation(MadeUp(), BASELINE, time_weight=0.5, limits=True)
    money = {"cash": 0.4, "cost": 0.1, "left": 0.0, "staff": 0.0}
    assert found.baseline == pytest.approx(money | {"quick": 0.0, "complaints": 0.04, "contacts": 20.0})
    # 0.45 − 0.09 + 0.5 · 0.2, complaints without a price
    policy = [record(0.40, 0.08, 0.1, 0.03), record(0.50, 0.10, 0.3, 0.03)]
    assert found.assess(policy)["score"] == pytest.approx(0.46)


@pytest.mark.parametrize(
    ("policy", "score"),
    [
        # 95 % of the baseline's are allowed: cost 0.095, complaints 0.038. At these, nothing is lost.
        ([record(0.5, 0.095, complaints=0.038)], 0.405),
        # Twice the cost that is allowed loses 0.3: 0.5 − 0.19 − 0.3.
        ([record(0.5, 0.19, complaints=0.0)], 0.01),
        # One and a half times the complaints loses 0.15: 0.5 − 0.15.
        ([record(0.5, 0.0, complaints=0.057)], 0.35),
        # 19 contacts are allowed; twice as many lose 0.3: 0.5 − 0.3.
        ([record(0.5, 0.0, contacts=19)], 0.5),
        ([record(0.5, 0.0, contacts=38)], 0.2),
        # Both add up: 0.5 − 0.19 − 0.3 − 0.15. Using less of one does not pay for the other.
        ([record(0.5, 0.19, complaints=0.057)], -0.14),
    ],
)
def test_what_is_overdrawn_lowers_the_score(policy, score):
    assert Validation(MadeUp(), BASELINE, 0.0, limits=True).assess(policy)["score"] == pytest.approx(score)


def test_without_limits_nothing_is_overdrawn():
    found = Validation(MadeUp(), BASELINE, 0.0, limits=False)
    assert found.assess([record(0.5, 0.19, complaints=0.5)])["score"] == pytest.approx(0.31)


def test_a_family_is_worth_what_its_policies_are_at_their_prices():
    asked = []

    class First(MadeUp):
        seeds = [71, 72]

        def parts(self, policy, seeds=None):
            asked.append(seeds)
            return super().parts(policy)

    def at(prices):
        asked.append(prices)
        return [record(0.5, 0.1, quick=0.5, complaints=0.05, contacts=20.0, staff=0.02)]

    found = Validation(First(), BASELINE, 0.3, limits=True)
    asked.clear()
    assessed = found.assess_any(SimpleNamespace(at=at))
    # 0.5 − 0.1 + 0.3 · 0.5 = 0.55, less 0.05 · 8x² + 20 · 0.003x² + 0.02 · 1.5x² = 0.49x². Limits are what the prices are for.
    worth = {"0.1": 0.5451, "0.35": 0.489975, "0.6": 0.3736}
    assert assessed["points"] == pytest.approx(worth)
    assert assessed["score"] == pytest.approx((0.5451 + 0.489975 + 0.3736) / 3)
    assert asked[1::2] == [[71]] * 3
    assert asked[4] == pytest.approx({"complaint_price": 2.88, "contact_price": 0.00108, "staff_price": 0.54})


# --- the version that is kept ------------------------------------------------------------------------------------


def test_the_average_weighs_the_newest_version_by_a_tenth():
    average = PolyakAverage()
    for value in (10.0, 20.0, 20.0):
        average.update({"bias": np.array([value], np.float32)})
    # 10; 0.9 · 10 + 0.1 · 20 = 11; 0.9 · 11 + 0.1 · 20 = 11.9
    assert average.arrays["bias"][0] == pytest.approx(11.9)


def test_the_best_version_is_kept_whichever_came_last(monkeypatch, tmp_path):
    scores, saved = iter([0.2, 0.5, 0.4, 0.5, -1.0]), []
    run = training._Run(
        *[None] * 10, validation=SimpleNamespace(assess_any=lambda policy: {"score": next(scores)}, baseline={})
    )
    run.folder, run.training, run.learner = tmp_path, Training(), SimpleNamespace(device="cpu")

    def export(*arguments):
        card = SimpleNamespace(training={})
        return SimpleNamespace(card=card, save=lambda path: saved.append(card.training["chosen"]["steps"]))

    monkeypatch.setattr(training, "export", export)
    for steps in (10, 20, 30, 40, 50):
        run.keep_best(steps)
    assert saved == [10, 20, 40]  # of two alike the later one
    assert run.best == 0.5


# --- what training is told ---------------------------------------------------------------------------------------


@pytest.fixture
def begun(monkeypatch, tmp_path):
    """A training of one step with made-up baseline figures; what it set up."""

    def begin(**changes):
        found = {}

        class Learner:
            num_timesteps = 1

            def learn(self, steps, callback, reset_num_timesteps):
                assert reset_num_timesteps

        class Made(Validation):
            def __init__(self, cohorts, baseline, time_weight, limits):
                found["cohorts"], found["plan"] = cohorts, baseline
                self.baseline = {"cash": 0.4, "cost": 0.10, "quick": 0.2, "complaints": 0.04, "contacts": 20.0}

        class Run(training._Run):
            def weights(self):
                return {}

            def keep_best(self, steps):
                found["run"] = self
                return {}

            def save_checkpoint(self):
                pass

        monkeypatch.setattr(training, "Validation", Made)
        monkeypatch.setattr(training, "_Run", Run)
        monkeypatch.setattr(
            training, "environment", lambda *arguments: SimpleNamespace(seed=lambda seed: None, planned_columns=0)
        )
        monkeypatch.setattr(
            training,
            "rollout_baseline",
            lambda env, plan: training.BaselineRollout(0.3, 99.0, np.zeros((1, 2), np.float32)),
        )
        monkeypatch.setattr(training.learners, "build", lambda *arguments: Learner())
        monkeypatch.setattr(training.learners, "standardise", lambda *arguments: None)
        monkeypatch.setattr(training.learned, "load", lambda *arguments: None)
        training.train(Training(steps=1, warm_start=None, **changes), tmp_path / "run")
        return SimpleNamespace(**found)

    return begin


def test_limits_are_95_per_cent_of_what_the_baseline_uses_and_complaints_have_a_price_from_the_start(begun):
    budget = begun(complaint_price=2.0).run.budget
    assert (budget.cost.allowed, budget.cost.price) == (pytest.approx(0.095), 0.0)
    assert (budget.complaints.allowed, budget.complaints.price) == (pytest.approx(0.038), 2.0)
    assert (budget.contacts.allowed, budget.contacts.price) == (pytest.approx(19.0), 0.0)
    assert (budget.objective.cost_price, budget.objective.complaint_price) == (0.0, 2.0)


def test_without_limits_there_are_no_prices(begun):
    budget = begun(limits=False).run.budget
    assert budget.limits == []
    assert budget.objective.complaint_price == 0.0


def test_versions_are_validated_on_portfolios_that_training_does_not_see(begun):
    cohorts = begun(seed=3, accounts=100).cohorts
    assert list(cohorts.seeds) == [20_800_000, 20_800_001]
    assert cohorts.accounts == 1_000  # ten cohorts of the training make a whole portfolio


def test_the_training_is_paid_for_time_at_its_weight(begun):
    assert begun(time_weight=0.7).run.budget.objective == Objective(time_weight=0.7, complaint_price=2.0)


def test_recovery_and_days_of_the_baseline_are_those_of_cohorts_like_the_trainings(begun):
    assert begun().run.baseline == training.Baseline(recovery=0.3, days=99.0, cost=0.10, complaints=0.04, contacts=20.0)


def test_the_running_estimate_is_the_mean_of_the_latest_eight():
    assert training._latest([100.0, *range(1, 9)]) == 4.5
    assert np.isnan(training._latest([]))


def test_a_study_takes_its_prices_from_a_cohort_that_it_did_not_learn_from():
    fields = {field.name: field for field in dataclasses.fields(IndexStudy)}
    # Cohorts count from …000; the outlook is fitted on …900 and on, prices found on …950 and …951.
    assert fields["cohorts"].metadata["described"].most <= 900 and IndexStudy().outlook_cohorts <= 50
