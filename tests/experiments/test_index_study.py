"""What an index policy is made from: deviations replayed by hand, a planted effect, assessment and prices on made-up rows."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from recoup.agents import features
from recoup.agents.index import network
from recoup.agents.index.index_policy import OUTCOMES, Card, IndexPolicy, shapes
from recoup.agents.index.network import Ensemble
from recoup.agents.plans.plan import Plan
from recoup.agents.plans.plan_file import find_plan
from recoup.agents.training.hidden_state import HIDDEN_SIZE
from recoup.agents.treatment_parts import part_names, parts_matrix
from recoup.experiments.commands import index as index_command
from recoup.experiments.learning import index as study
from recoup.experiments.learning.deviations import (
    Deviations,
    Outlook,
    deviate,
    draw,
    states_and_outcomes,
    together,
    weights_by_arm,
)
from recoup.experiments.learning.settings import IndexStudy
from recoup.scenarios.schema import load_scenario
from recoup.sim.account import Status
from recoup.sim.inputs import InputError
from recoup.sim.observation import FIELD_INDEX, FIELDS
from recoup.sim.simulation import Simulation
from recoup.sim.treatments import Menu

HOME = load_scenario("china-consumer")
MENU = HOME.menu
NOBODY = Plan.load("no-contact", MENU)
SMALL = Menu.of(["sms", "collector"], ["plan_6", "plan_12"], ["suit"])
PARTS, SMALL_PARTS = part_names(MENU), part_names(SMALL)
SMS = MENU.index["sms/evening"]


def only(*treatments):
    """Weights with which nothing but these is drawn where one of them is allowed."""
    weights = np.zeros(len(MENU))
    weights[0] = 1e-9
    weights[list(treatments)] = 1.0
    return weights


# --- deviations --------------------------------------------------------------------------------------------------


def constant(value):
    """A network that expects the same of everybody."""
    tensors = {
        name: np.zeros(shape, np.float32)
        for name, shape in network.shapes(features.SIZE + HIDDEN_SIZE, len(OUTCOMES)).items()
    }
    tensors["bias.2"][:] = value
    return Ensemble(tensors)


LONG = HOME.days  # an outlook after so many days takes over from nobody


def replayed(portfolio, seed, number, day):
    """Of one account that gets one text, on `day`: cents discounted to day 0, cost, horizons saved and attempts, to the horizon and by then."""
    simulation = Simulation(HOME.world, portfolio, HOME.rules, seed)
    before = np.zeros(3)
    while simulation.day < HOME.days:
        actions = np.zeros(simulation.open_accounts.size, np.int64)
        if simulation.day == day:
            actions[simulation.open_accounts == number] = SMS
            account = simulation.accounts[number]
            before = [account["discounted_cash"], account["discounted_cost"], account["attempts"]]
        simulation.advance(actions)
    account = simulation.accounts[number]
    left = float(simulation.value_left()[number]) * (1.0 + HOME.world.discount_rate) ** (-HOME.days / 365.0)
    saved = (HOME.days - 1 - account["closed_day"]) / HOME.days
    good = account["status"] in (Status.PAID, Status.SETTLED, Status.CURED)
    return (
        float(account["discounted_cash"] - before[0]) + left,
        float(account["discounted_cost"] - before[1]),
        saved * good,
        account["attempts"] - before[2],
    )


def test_a_label_is_what_came_of_a_deviation_less_what_was_expected_that_morning():
    """Where nothing is expected but 0.3 of the balance, and 0.3 of all else, and nothing is estimated later."""
    portfolio = HOME.portfolio(60, 8)
    found = deviate(HOME, NOBODY, portfolio, 8, Outlook(constant(0.3), LONG), only(SMS))
    found = found.rows(found.treatments == SMS)
    opening = portfolio.column("opening_balance")
    seen, told = found.observations, 0
    assert len(seen) > 20
    for row in np.argsort(-np.abs(found.changes[:, 0] + 0.3))[:4]:
        day = int(seen[row, FIELD_INDEX["days_in_portfolio"]])
        (number,) = np.flatnonzero(np.isclose(opening, seen[row, FIELD_INDEX["opening_balance"]]))
        came = replayed(portfolio, 8, number, day)
        money, cost, quick, _, contacts = found.changes[row] + 0.3
        assert money == pytest.approx(came[0] / (100.0 * seen[row, FIELD_INDEX["balance"]]), abs=1e-4)
        assert cost == pytest.approx(came[1] / 100.0, abs=1e-4) and cost > 0
        assert quick == pytest.approx(came[2], abs=1e-5)
        assert contacts == pytest.approx(came[3]) and contacts == pytest.approx(1)
        told += money > 0
    assert told  # or nothing was compared


def test_accounts_deviate_as_often_early_as_late_while_they_are_open():
    """Whoever pays soon is no likelier to deviate: each open account-day has one chance in fifteen, whatever comes of it."""
    found = deviate(HOME, NOBODY, HOME.portfolio(1500, 5), 5, Outlook(constant(0.0), 15), only(0))
    days = found.observations[:, FIELD_INDEX["days_in_portfolio"]]
    simulation = Simulation(HOME.world, HOME.portfolio(1500, 5), HOME.rules, 5)
    still_open = []
    for _ in range(HOME.days):
        still_open.append(simulation.open_accounts.size)
        simulation.advance(np.zeros(simulation.open_accounts.size, np.int64))
    for first in (0, 60, 120):
        expected = sum(still_open[first : first + 60]) / 15
        assert ((days >= first) & (days < first + 60)).sum() == pytest.approx(expected, rel=0.02)


def test_from_its_day_on_an_outlook_takes_the_place_of_what_happens():
    """It expects 0.3 of the balance, whatever happened: where nothing was paid and nothing fell due a day later, the label is nothing."""
    portfolio, calls = HOME.portfolio(400, 4), only(MENU.index["collector/evening"], MENU.index["collector/morning"])
    found = deviate(HOME, NOBODY, portfolio, 4, Outlook(constant(0.3), 1), calls)
    days = found.observations[:, FIELD_INDEX["days_in_portfolio"]]
    early, called = days < HOME.days - 1, found.treatments > 0
    # A call is an attempt; without one nothing is spent. The balance hardly grows in a day.
    assert (np.abs(found.changes[called & early, 4] - 1) < 1e-5).mean() > 0.99
    assert (np.abs(found.changes[~called & early, 4]) < 1e-5).mean() > 0.99
    assert np.median(np.abs(found.changes[early, 0])) < 0.001
    # On the last day nothing is left to expect: what was expected that morning has not come.
    last = days == HOME.days - 1
    assert last.any() and np.median(found.changes[last, 2]) == pytest.approx(-0.3)


def test_what_is_expected_is_learnt_from_accounts_that_follow_the_plan_again():
    """Nobody is contacted by the plan, some were by deviations: no attempt comes after a morning that is looked at."""
    states, outcomes = states_and_outcomes(HOME, NOBODY, HOME.portfolio(300, 6), 6, 5)
    assert states.shape == (len(outcomes), features.SIZE + HIDDEN_SIZE) and len(outcomes) > 1000
    attempts = states[:, features.NAMES.index("attempts")]
    assert (outcomes[:, 4] == 0).all() and 0.1 < (attempts > 0).mean() < 0.9
    assert (outcomes[:, 0] > 0).any() and outcomes[:, 1].max() < 1000


@pytest.mark.parametrize(
    ("treatment", "weight"),
    [
        ("nothing", 1.0),
        ("sms/morning", 1 / 4),
        ("collector/evening", 1 / 4),
        ("collector/evening/plan_6", 1 / 8),
        ("suit", 1.0),
    ],
)
def test_arms_weigh_alike_and_share_among_windows_and_offers(treatment, weight):
    assert weights_by_arm(SMALL)[SMALL.index[treatment]] == pytest.approx(weight)


@pytest.mark.parametrize(
    ("uniform", "chosen", "chance"), [(0.79, 0, 0.8), (0.81, 2, 0.1), (0.89, 2, 0.1), (0.91, 3, 0.1)]
)
def test_a_treatment_is_drawn_among_the_lawful_by_weight_and_says_how_likely_it_was(uniform, chosen, chance):
    masks, weights = np.array([[True, False, True, True]]), np.array([8.0, 5.0, 1.0, 1.0])
    found, chances = draw(masks, weights, SimpleNamespace(random=lambda shape: np.full(shape, uniform)))
    assert (found[0], chances[0]) == (chosen, pytest.approx(chance))


# --- the fit -----------------------------------------------------------------------------------------------------


def test_a_planted_effect_is_found():
    """A call brings 0.2 to the first kind of account and nothing to the second; a letter takes 0.1 from both."""
    rng = np.random.default_rng(0)
    kind = rng.choice([-1.0, 1.0], 40_000)
    x = np.stack([kind, rng.normal(size=kind.size)], axis=1).astype(np.float32)
    given = rng.choice([-1, 0, 1], (kind.size, 2)).astype(np.float32)
    effect = 0.2 * (kind > 0) * given[:, 0] - 0.1 * given[:, 1]
    y = (effect + rng.normal(scale=0.2, size=kind.size)).astype(np.float32)[:, None]
    fitted = network.fit(x, y, np.arange(kind.size) % 5 == 0, given, passes=40)
    out = fitted.mean(x)
    assert out[kind > 0].mean(axis=0) == pytest.approx([0.2, -0.1], abs=0.05)
    assert out[kind < 0].mean(axis=0) == pytest.approx([0.0, -0.1], abs=0.05)


def test_networks_learn_from_rows_of_their_own():
    """What the second network's rows brought is dealt out anew among them: it learns otherwise, and the first as before."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(4000, 2)).astype(np.float32)
    y, held, shares = x[:, :1].copy(), np.arange(4000) % 5 == 0, np.arange(4000) % 2
    others = np.flatnonzero((shares == 1) & ~held)
    mixed = y.copy()
    mixed[others] = y[rng.permutation(others)]
    before, after = (network.fit(x, targets, held, shares=shares, passes=30).outputs(x) for targets in (y, mixed))
    assert after[0] == pytest.approx(before[0], abs=1e-4)
    assert np.abs(after[1] - before[1]).mean() > 0.1


@pytest.mark.parametrize(
    ("cohorts", "shares"),
    [
        ([1, 2, 3, 4, 6, 7, 8, 9], [0, 1, 2, 3, 0, 1, 2, 3]),  # the first and the sixth are held out
        ([1, 1, 1, 1], [0, 1, 2, 3]),  # too few cohorts: row by row
    ],
)
def test_whole_cohorts_are_one_network_s(cohorts, shares):
    assert study.shares_of(np.array(cohorts)).tolist() == shares


def test_what_the_outlook_misjudged_is_no_treatment_s_effect():
    """Everybody gains 0.5 whatever is done, and 1 more by a call: the call is worth 1, and the level is forgotten."""
    rng = np.random.default_rng(1)
    called = rng.random(200_000) < 0.3
    changes = np.zeros((called.size, 5))
    changes[:, 0] = 0.5 + called + rng.normal(size=called.size)
    found = rows(np.where(called, CALL, 0), np.zeros(called.size, int), changes)
    fitted = study.fit(SMALL, found, np.arange(called.size) % 5 == 0, np.arange(called.size) % 4, 0)
    of_call = fitted.mean(features.encode(found.observations[:1])).reshape(5, -1) @ parts_matrix(SMALL)[CALL]
    assert of_call == pytest.approx([1, 0, 0, 0, 0], abs=0.15)  # 1.5 if the call were given the level
    assert fitted.tensors["bias.2"].shape == (network.MEMBERS, 1, 5 * len(SMALL_PARTS))


def rows(treatments, base, changes, reached=None):
    size = len(treatments)
    return Deviations(
        np.zeros((size, len(FIELDS)), np.float32), np.array(treatments), np.array(base), np.ones(size, np.float32),
        np.array(changes, np.float32), np.ones(size, bool) if reached is None else np.array(reached), np.zeros(size, int),
    )  # fmt: skip


CALL, CALL_PLAN = SMALL.index["collector/morning"], SMALL.index["collector/morning/plan_6"]


def test_a_contrast_is_what_was_given_more_than_the_plan_chose():
    found = study.contrasts(SMALL, rows([CALL_PLAN, 0, CALL], [CALL, CALL, CALL], np.zeros((3, 5))))
    named = [{SMALL_PARTS[n]: v for n, v in enumerate(row.tolist()) if v} for row in found]
    assert named[0] == {"plan_6": 1, "call/plan": 1} and named[1]["collector"] == -1 and named[2] == {}


def test_assessment_by_hand():
    """Networks that expect +0.1 of the balance of every call."""
    tensors = {
        name: np.zeros(shape, np.float32) for name, shape in network.shapes(features.SIZE, 5 * len(SMALL_PARTS)).items()
    }
    tensors["bias.2"][:, :, SMALL_PARTS.index("collector")] = 0.1
    changes = np.zeros((5, 5))
    changes[:, 0] = [0.1, 0.3, 0.2, -0.1, 9.0]
    unseen = rows([CALL, CALL, CALL, 0, CALL], [0, 0, 0, CALL, CALL], changes)  # the last is no deviation
    report = study.evaluate(SMALL, Ensemble(tensors), unseen)
    # Residuals 0, 0.2, 0.1, 0 against 0.1, 0.3, 0.2, −0.1: 1 − 0.05 / 0.15.
    assert report["money"]["r2"] == pytest.approx(2 / 3, rel=1e-5) and report["quick"]["r2"] is None
    arm = study.by_arm(SMALL, Ensemble(tensors), unseen)["collector"]
    assert (arm["rows"], arm["predicted"], arm["observed"]) == (3, pytest.approx(0.1), pytest.approx(0.2))
    assert arm["standard_error"] == pytest.approx((0.02 / 3) ** 0.5 / 3**0.5)


def test_reach_is_the_share_found_by_channel_and_window():
    evening = SMALL.index["collector/evening"]
    found = study.reach(SMALL, rows([CALL, CALL_PLAN, CALL, evening], [0] * 4, np.zeros((4, 5)), [1, 0, 0, 1]))
    assert found[[CALL, CALL_PLAN, evening, 0]] == pytest.approx([1 / 3, 1 / 3, 1.0, 0.0])


def test_parts_stand_one_after_another():
    both = together([rows([CALL], [0], np.ones((1, 5))), rows([0, CALL], [0, 0], np.zeros((2, 5)))])
    assert both.treatments.tolist() == [CALL, 0, CALL] and both.changes[:, 0].tolist() == [1, 0, 0]


# --- prices ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("price", "over", "expected"),
    [
        (0.0, 0.9, 0.0),
        (0.0, 1.2, 1.44),  # rises from 1
        (2.0, 4.0, 8.0),  # no more than doubled use counts in one round
        (2.0, 0.9, 1.62),
        (2.0, 0.1, 0.5),  # nor less than half of it
        (0.011, 0.5, 0.0),  # below a hundredth of the first price
    ],
)
def test_a_price_follows_what_was_used(price, over, expected):
    assert study.next_price(price, over, 1.0) == pytest.approx(expected)


def test_the_round_of_the_highest_score_is_kept():
    """Of 0.95 · 1.0 contacts that the validation allows, the first and the last round take more."""
    used = iter([(0.41, 0.80), (0.47, 1.14), (0.42, 0.95), (0.44, 0.90), (0.30, 0.96)])  # the plan's, then four rounds'

    class Scores:
        baseline = {"cost": 0.1, "complaints": 0.01, "contacts": 1.0}

        def assess(self, policy):
            score, contacts = next(used)
            return {"score": score, "cost": 0.09, "complaints": 0.009, "contacts": contacts}

    tensors = {
        name: np.zeros(shape, np.float32) for name, shape in shapes(features.SIZE, len(PARTS), len(MENU)).items()
    }
    card = Card(
        scenario="made-up", features=list(features.NAMES), menu=MENU.names, improves=find_plan("staged").data,
        parts=PARTS, mean_opening=5000.0,
    )  # fmt: skip
    policy, told = study.with_prices(IndexPolicy(card, tensors, HOME.world), HOME, Scores(), 4)
    assert told["plan"]["score"] == 0.41 and [one["score"] for one in told["rounds"]] == [0.47, 0.42, 0.44, 0.30]
    assert told["kept"] == 1 and policy.card.caution == 4.0 and policy.card.contact_price == pytest.approx(3e-4)
    assert [one["caution"] for one in told["rounds"]] == [4.0, 4.0, 2.0, 1.0]
    # 1.14 of 0.95: the price rises by (1.2)²; at 0.95 it stays; at 0.90 it falls by (0.90/0.95)².
    asked = [one["prices"]["contacts"] for one in told["rounds"]]
    assert asked == pytest.approx([3e-4, 4.32e-4, 4.32e-4, 4.32e-4 * (0.90 / 0.95) ** 2])


def test_a_run_cut_short_goes_on_where_it_stood(tmp_path):
    settings = IndexStudy(cohorts=2, accounts=60, outlook_cohorts=2, rounds=1)
    first = study.run(settings, tmp_path / "run")
    card = (tmp_path / "run" / "policy.json").read_text()
    for name in ("policy.json", "policy.safetensors", "report.json", "deviations/1.npz"):
        (tmp_path / "run" / name).unlink()
    assert study.run(settings, tmp_path / "run", resume=True) == first
    assert (tmp_path / "run" / "policy.json").read_text() == card
    with pytest.raises(InputError, match="outlook_days"):
        study.run(replace(settings, outlook_days=7), tmp_path / "run", resume=True)


def test_only_a_plan_can_be_improved(tmp_path):
    with pytest.raises(InputError, match=r"--base: got 'learned', expected a plan"):
        study.run(IndexStudy(base="learned"), tmp_path / "run")


def test_tables_write_names_in_words_and_numbers_as_they_are_printed(capsys):
    quality = {"r2": -0.0000497, "std": 12.3456, "tenths": [[-0.0000497, 1234.6, 0.1]] * 10}
    arm = {"rows": 1200, "predicted": -0.01234, "observed": -0.04321, "standard_error": 0.001}
    figures = {"score": -0.4, "cash": 0.3, "left": 0.1, "cost": 0.01, "complaints": 0.0125, "contacts": 30.0}
    prices = {"allowed": {}, "plan": figures, "rounds": [{**figures, "caution": 4, "prices": {}}], "kept": 1}
    index_command._print({"values": {"quick": quality}, "arms": {"collector/plan_12": arm}, "prices": prices})
    shown = " ".join(capsys.readouterr().out.split())
    assert "e-05" not in shown and "−0.0000497 / +1230" in shown and "12.35" in shown
    assert "plan_12" not in shown and "-0" not in shown and "−0.0123" in shown and "−0.0432 ± 0.0010" in shown
    assert "time saved, horizons" in shown


def test_complaints_of_a_round_are_shown_per_1000(capsys):
    """A round keeps 0.0125 complaints per account: 12.5 per 1,000, as the head of the column says."""
    figures = {"score": 0.4, "cash": 0.3, "left": 0.1, "cost": 0.01, "complaints": 0.0125, "contacts": 30.0}
    rounds = [{**figures, "caution": 4, "prices": {"cost": 0.1}}]
    prices = {"allowed": {"complaints": 0.0145}, "plan": figures, "rounds": rounds, "kept": 1}
    index_command._print({"values": {}, "arms": {}, "prices": prices})
    shown = capsys.readouterr().out
    assert "14.5" in shown and shown.count("12.5") == 2 and "0.0125" not in shown
