"""Logs, assessment and prices of a success model: sampling, AUC, Brier score and prices on a handful of made-up rows."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from recoup.agents.plans.plan import Plan
from recoup.agents.propensity.greedy import Card
from recoup.agents.propensity.success_model import Prediction
from recoup.experiments.learning import exploration
from recoup.experiments.learning import propensity as study
from recoup.experiments.learning.exploration import Logs, draw, exploration_weights, explore
from recoup.experiments.learning.propensity import Study, Usage, evaluate, with_prices
from recoup.scenarios.schema import load_scenario
from recoup.sim.observation import FIELDS
from recoup.sim.treatments import Menu

MENU = Menu.of(["sms", "collector", "letter", "visit"], ["plan_6", "plan_12"], ["notice", "suit", "enforce"])


# --- sampling ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("treatment", "weight"),
    [
        ("nothing", 8.0),
        ("sms/morning", 1 / 4),  # an arm of four windows
        ("collector/evening", 1 / 4),
        ("collector/evening/plan_6", 1 / 8),  # four windows of two plans
        ("letter/morning", 1.0),
        ("letter/morning/notice", 0.3),  # scarce
        ("visit/morning", 0.15),  # scarce, in two windows
        ("visit/afternoon/plan_12", 0.15),
        ("suit", 1.0),
        ("enforce", 3.0),
    ],
)
def test_arms_weigh_alike_and_share_among_windows_and_offers(treatment, weight):
    assert exploration_weights(MENU)[MENU.index[treatment]] == pytest.approx(weight)


@pytest.mark.parametrize(
    ("uniform", "chosen", "chance"), [(0.79, 0, 0.8), (0.81, 2, 0.1), (0.89, 2, 0.1), (0.91, 3, 0.1)]
)
def test_a_sample_is_drawn_among_the_lawful_by_weight_and_says_how_likely_it_was(uniform, chosen, chance):
    masks, weights = np.array([[True, False, True, True]]), np.array([8.0, 5.0, 1.0, 1.0])
    found, chances = draw(masks, weights, SimpleNamespace(random=lambda shape: np.full(shape, uniform)))
    assert (found[0], chances[0]) == (chosen, pytest.approx(chance))


def test_days_until_the_next_payment_count_from_one():
    cash = np.array([[0], [0], [5], [5], [9]])  # on five mornings: paid on days 1 and 3
    found = exploration._paid_after(cash)[:, 0]
    assert found.tolist() == [2, 1, 2, 1, np.inf]


def test_copies_of_an_account_have_its_number():
    assert exploration._number("A7~2") == exploration._number("A7") != exploration._number("A8")


@pytest.fixture(scope="module")
def explored():
    scenario = load_scenario("china-consumer")
    menu = Menu.of(scenario.world.channels, scenario.world.offers, scenario.world.legal)
    logs = explore(scenario, Plan.load("no-contact", menu), scenario.portfolio(400, 1), 1, (5, 20), logged_days=4)
    return SimpleNamespace(logs=logs, menu=menu)


def test_about_six_of_ten_account_days_are_sampled_all_with_known_chances(explored):
    logs = explored.logs
    # 400 accounts on four days, a few of them closed by then: 960 less what no shift had time for.
    assert 800 < len(logs.treatments) < 1000
    weights = exploration_weights(explored.menu)
    assert ((logs.propensities > 0) & (logs.propensities <= 1)).all()
    # A treatment's chance is its weight over the weight of all that are lawful: nothing's is 8 over at most all.
    nothing = logs.treatments == 0
    assert (logs.propensities[nothing] >= 8.0 / weights.sum() - 1e-6).all()
    # Chances are right if their mean over the sampled nothings and the share of nothings agree (a treatment's chance is the
    # share of rows that drew it): the sum of 1/chance over those rows is the number of all rows.
    assert (1 / logs.propensities[nothing]).sum() == pytest.approx(len(logs.treatments), rel=0.12)


# --- from logs to outcomes ---------------------------------------------------------------------------------------


def made_up_logs(rows):
    """Row n: account n; paid after n days; cash of 0.1 n in 14, 0.2 n in 90, 0.3 n in 150 days."""
    n = np.arange(rows)
    return Logs(
        observations=np.repeat(n[:, None], len(FIELDS), 1).astype(np.float32),
        treatments=n % 2,
        propensities=np.ones(rows, np.float32),
        paid_after=n.astype(np.float32),
        cash=np.stack([0.1 * n, 0.2 * n, 0.3 * n], axis=1).astype(np.float32),
        reached=n % 3 == 0,
        complaint_risk=0.001 * n.astype(np.float32),
        accounts=n,
        entries=np.repeat(n[:, None], len(FIELDS), 1).astype(np.float32),
        entry_accounts=n,
        unresolved=n % 2 == 0,
    )


def test_success_of_a_contact_is_a_payment_within_14_days_and_of_a_step_of_law_within_150():
    told = Study("made-up", success_days=14, legal_days=150)
    logs = replace(made_up_logs(4), paid_after=np.array([14, 15, 150, 151], np.float32))
    found = study.outcomes(logs, told, np.ones(4, bool), np.ones(4, bool))
    assert found.success["contact"].tolist() == [True, False, False, False]
    assert found.success["legal"].tolist() == [True, True, True, False]
    # A contact's money is counted for 90 days, a step of law's for 150.
    np.testing.assert_allclose(found.cash["contact"], [0, 0.2, 0.4, 0.6], rtol=1e-6)
    np.testing.assert_allclose(found.cash["legal"], [0, 0.3, 0.6, 0.9], rtol=1e-6)


def test_one_account_in_five_is_kept_for_the_assessment_and_never_fitted(monkeypatch, tmp_path):
    used = {}

    class StopError(Exception):
        pass

    def fitted(menu, outcomes, notify):
        used["fitted"] = outcomes
        return "model"

    def assessed(model, outcomes):
        used["assessed"] = outcomes
        raise StopError

    monkeypatch.setattr(study, "exploring_cohorts", lambda *arguments: iter([made_up_logs(500), made_up_logs(500)]))
    monkeypatch.setattr(study.propensity, "fit", fitted)
    monkeypatch.setattr(study, "evaluate", assessed)
    with pytest.raises(StopError):
        study.run(Study("china-consumer"), tmp_path / "run")
    fitted_accounts = used["fitted"].observations[:, 0]
    assert not (fitted_accounts % 5 == 0).any()
    assert sorted(set(used["assessed"].observations[:, 0])) == list(range(0, 500, 5))
    assert len(used["assessed"].treatments) == 200
    assert not (used["fitted"].entries[:, 0] % 5 == 0).any() and (used["assessed"].entries[:, 0] % 5 == 0).all()
    # All 400 treated rows are fitted, and three in ten of the 400 with nothing done.
    treated = used["fitted"].treatments == 1
    assert treated.sum() == 400
    assert (~treated).sum() == pytest.approx(120, abs=40)


# --- assessment --------------------------------------------------------------------------------------------------


def test_auc_brier_and_calibration_of_four_rows():
    happened, predicted = np.array([False, False, True, True]), np.array([0.1, 0.4, 0.35, 0.8], np.float32)
    found = study._quality(happened, predicted)
    # Pairs of one that happened and one that did not: (0.35, 0.1) and both of 0.8 in order, (0.35, 0.4) not: 3 of 4.
    assert found["auc"] == pytest.approx(0.75)
    # (0.1² + 0.4² + 0.65² + 0.2²)/4 = (0.01 + 0.16 + 0.4225 + 0.04)/4
    assert found["brier"] == pytest.approx(0.158125)
    assert found["brier_of_base_rate"] == pytest.approx(0.25)  # 0.5 · 0.5
    assert (found["rows"], found["base_rate"]) == (4, 0.5)
    np.testing.assert_allclose(found["calibration"], [[0.1, 0], [0.35, 1], [0.4, 0], [0.8, 1]], rtol=1e-6)


def test_the_brier_score_of_the_base_rate_is_its_variance():
    found = study._quality(np.array([True, False, False, False]), np.full(4, 0.25, np.float32))
    assert found["brier_of_base_rate"] == pytest.approx(0.1875)  # 0.25 · 0.75
    assert found["brier"] == pytest.approx(0.1875)
    assert found["auc"] == 0.5


def test_where_all_or_none_succeed_there_is_no_auc():
    for happened in ([True, True], [False, False]):
        found = study._quality(np.array(happened), np.array([0.2, 0.4], np.float32))
        assert (found["auc"], found["brier"]) == (None, None)


def test_calibration_is_by_tenths_of_the_prediction():
    predicted = np.linspace(0.99, 0.0, 100, dtype=np.float32)
    found = study._quality(np.arange(100) % 2 == 0, predicted)["calibration"]
    assert len(found) == 10
    assert found[0][0] == pytest.approx(0.045) and found[9][0] == pytest.approx(0.945)  # the lowest tenth first
    assert {observed for _, observed in found} == {0.5}


def test_the_effect_of_an_arm_is_taken_against_nothing_on_its_own_rows():
    call, suit = MENU.index["collector/morning"], MENU.index["suit"]
    treatments = np.array([0, 0, call, call, call, call, suit, suit])
    rows = len(treatments)

    def everywhere(value):
        return np.full((rows, len(MENU)), value, np.float32)

    success = everywhere(0.9)
    success[:, call], success[:, 0] = 0.5, 0.2
    without = everywhere(0.3)
    without[:, suit] = 0.6
    model = SimpleNamespace(
        menu=MENU,
        predict=lambda observations: Prediction(success, success, without, without, success),
        risk=lambda observations: np.zeros(len(observations), np.float32),
        tensors={
            "scorecard.weight": np.zeros(len(study.propensity.SCORECARD), np.float32),
            "contact.success.account": np.zeros(len(study.tf.ACCOUNT_COLUMNS), np.float32),
            "contact.success.part": np.zeros(len(study.tf.PARTS), np.float32),
            "contact.success.effect": np.zeros((len(study.tf.MODIFIERS), len(study.tf.KINDS)), np.float32),
        },
    )
    outcomes = SimpleNamespace(
        observations=np.zeros((rows, len(FIELDS))),
        treatments=treatments,
        success={
            "contact": np.array([0, 0, 1, 1, 1, 0, 0, 0], bool),
            "legal": np.array([0, 0, 0, 0, 0, 0, 1, 0], bool),
        },
        entries=np.zeros((2, len(FIELDS))),
        unresolved=np.array([True, False]),
    )
    found = evaluate(model, outcomes)["arms"]
    assert set(found) == {"nothing", "collector", "suit"}
    arm = found["collector"]
    assert (arm["rows"], arm["observed"]) == (4, 0.75)
    assert arm["predicted"] == pytest.approx(0.5)
    assert arm["effect"] == pytest.approx(0.2)  # 0.5 − 0.3
    assert arm["observed_effect"] == pytest.approx(0.45)  # 0.75 − 0.3
    # Residuals 0.5, 0.5, 0.5, −0.5: their deviation is √0.1875 = 0.433013, over √4.
    assert arm["standard_error"] == pytest.approx(0.216506, rel=1e-4)
    assert found["suit"]["observed"] == 0.5  # by the head of law
    assert found["suit"]["effect"] == pytest.approx(0.3)  # 0.9 − 0.6


# --- prices ------------------------------------------------------------------------------------------------------

LIMIT = Usage(recovery=0.4, cost=0.10, complaints=0.02)


def priced(monkeypatch, usage, rounds=3, complaint_price=300.0):
    """The search for prices where the policy uses one after another of these."""
    asked, told = [], iter([LIMIT, *usage])

    def measure(scenario, policy, accounts, seed):
        asked.append((policy, accounts, seed))
        return next(told)

    class Policy:
        def __init__(self, card, model, world):
            self.card, self.model = card, model

    monkeypatch.setattr(study, "measure_usage", measure)
    monkeypatch.setattr(study.greedy, "GreedyPolicy", Policy)
    card = Card(
        scenario="made-up", success_days=14, legal_days=150, features=[], menu=[], complaint_price=complaint_price
    )
    told_study = Study("made-up", price_rounds=rounds, seed=3)
    policy, found = with_prices(
        Policy(card, "model", None), SimpleNamespace(world=None), "plan", told_study, lambda _: None
    )
    assert asked[0][0] == "plan" and {one[1:] for one in asked} == {(1000, 25_003_900)}
    return policy.card, found


def test_prices_stay_where_no_more_is_used_than_by_the_plan_and_not_much_less(monkeypatch):
    card, found = priced(monkeypatch, [Usage(0.4, 0.098, 0.0195)])
    assert (card.cost_price, card.complaint_price) == (0.0, 300.0)
    assert found["limit"] == {"recovery": 0.4, "cost": 0.10, "complaints": 0.02}
    assert len(found["rounds"]) == 1


@pytest.mark.parametrize(
    ("used", "cost_rises", "complaints"),
    [
        (Usage(0.4, 0.12, 0.0195), True, "falls"),
        (Usage(0.4, 0.08, 0.03), False, "rises"),
        (Usage(0.4, 0.08, 0.01), False, "falls"),
    ],
)
def test_a_price_rises_where_more_is_used_than_by_the_plan_and_falls_where_less_is(
    monkeypatch, used, cost_rises, complaints
):
    card, _ = priced(monkeypatch, [used], rounds=1)
    assert (card.cost_price > 0) == cost_rises
    assert (card.complaint_price > 300) == (complaints == "rises")
    assert (card.complaint_price < 300) == (complaints == "falls")


def test_prices_never_fall_below_what_things_cost(monkeypatch):
    card, _ = priced(monkeypatch, [Usage(0.4, 0.05, 0.001)] * 3, complaint_price=2.0)
    assert (card.cost_price, card.complaint_price) == (0.0, 1.0)


def test_once_complaints_cost_no_more_than_themselves_using_less_is_no_reason_to_go_on(monkeypatch):
    _, found = priced(monkeypatch, [Usage(0.4, 0.05, 0.01)] * 3, complaint_price=1.0)
    assert len(found["rounds"]) == 1


def test_what_a_policy_used_is_taken_from_one_cohort_overhead_included(monkeypatch):
    accounts = np.zeros(2, [("opening", "i8"), ("cash", "i8"), ("cost", "i8"), ("complaint_risk", "f8")])
    accounts["opening"], accounts["cash"] = (100_000, 300_000), (20_000, 100_000)
    accounts["cost"], accounts["complaint_risk"] = (1_000, 5_000), (0.01, 0.03)
    simulation = SimpleNamespace(accounts=accounts, daily_table=lambda: {"overhead": np.array([2_000, 0, 4_000])})
    monkeypatch.setattr(study, "simulate_cohort", lambda *arguments: simulation)
    scenario = SimpleNamespace(portfolio=lambda accounts, seed: None)
    found = study.measure_usage(scenario, "policy", 2, 1)
    # 120,000, 6,000 + 6,000 of 400,000; 0.04 complaints on two accounts
    assert (found.recovery, found.cost, found.complaints) == (0.3, pytest.approx(0.03), pytest.approx(0.02))
