"""What an index policy is made from: paired deviations replayed by hand, a planted effect, assessment and prices on made-up rows."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from recoup.agents import features
from recoup.agents.index import network
from recoup.agents.index.index_policy import OUTCOMES, Card, IndexPolicy, shapes
from recoup.agents.index.network import Ensemble
from recoup.agents.index.treatment_parts import PARTS
from recoup.agents.plans.plan import Plan
from recoup.agents.training.hidden_state import HIDDEN_SIZE
from recoup.experiments.learning import index as study
from recoup.experiments.learning.deviations import Deviations, Tail, deviate, draw, together, weights_by_arm
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
SMS = MENU.index["sms/evening"]


def only(*treatments):
    """Weights with which nothing but these is drawn where one of them is allowed."""
    weights = np.zeros(len(MENU))
    weights[0] = 1e-9
    weights[list(treatments)] = 1.0
    return weights


# --- deviations --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tail_days", [None, 10])
def test_a_deviation_to_what_the_base_does_changes_nothing_at_all(tail_days):
    tail = tail_days and Tail(constant(0.3), tail_days)
    (found,) = deviate(HOME, NOBODY, HOME.portfolio(120, 3), 3, 1, tail, only(0))
    assert len(found.base) > 30 and not found.changes.any() and not found.treatments.any()


def constant(value):
    """A tail that expects the same of everybody."""
    tensors = {
        name: np.zeros(shape, np.float32)
        for name, shape in network.shapes(features.SIZE + HIDDEN_SIZE, len(OUTCOMES)).items()
    }
    tensors["bias.2"][:] = value
    return Ensemble(tensors)


def replayed(portfolio, seed, number, day):
    """Cents discounted to day 0 that come of one account to the horizon, and its attempts, if it gets one text on `day`; None = never."""
    simulation = Simulation(HOME.world, portfolio, HOME.rules, seed)
    while simulation.day < HOME.days:
        actions = np.zeros(simulation.open_accounts.size, np.int64)
        if simulation.day == day:
            actions[simulation.open_accounts == number] = SMS
        simulation.advance(actions)
    account = simulation.accounts[number]
    left = float(simulation.value_left()[number]) * (1.0 + HOME.world.discount_rate) ** (-HOME.days / 365.0)
    quick = (HOME.days - 1 - account["closed_day"]) / HOME.days
    good = account["status"] in (Status.PAID, Status.SETTLED, Status.CURED)
    return (
        float(account["discounted_cash"]) + left,
        float(account["discounted_cost"]),
        quick * good,
        account["attempts"],
    )


def test_a_deviation_changes_what_a_replay_of_that_account_alone_says():
    portfolio = HOME.portfolio(60, 8)
    (found,) = deviate(HOME, NOBODY, portfolio, 8, 1, None, only(SMS))
    days = np.random.default_rng(8).choice(np.arange(HOME.days), (1, 60))[0]
    found = found.rows(found.treatments == SMS)
    # Rows stand by day, and within a day by account.
    opening = portfolio.column("opening_balance")
    seen = found.observations
    told = 0
    for row in np.argsort(-np.abs(found.changes[:, 0]))[:4]:
        day = int(seen[row, FIELD_INDEX["days_in_portfolio"]])
        (number,) = [
            n
            for n in np.flatnonzero(days == day)
            if opening[n] == pytest.approx(seen[row, FIELD_INDEX["opening_balance"]])
        ]
        with_text, without = (replayed(portfolio, 8, number, when) for when in (day, None))
        money, cost, quick, _, contacts = found.changes[row]
        balance = 100.0 * seen[row, FIELD_INDEX["balance"]]
        assert money == pytest.approx((with_text[0] - without[0]) / balance, abs=1e-5)
        assert cost == pytest.approx((with_text[1] - without[1]) / 100.0, abs=1e-4) and cost > 0
        assert quick == pytest.approx(with_text[2] - without[2], abs=1e-6)
        assert contacts == with_text[3] - without[3] == 1
        told += money != 0
    assert told  # or nothing was compared


def test_days_are_drawn_without_knowing_who_pays_soon():
    """Nothing done on a day of the base's doing nothing: as many days early as late for those who stay open throughout."""
    (found,) = deviate(HOME, NOBODY, HOME.portfolio(1500, 5), 5, 1, None, only(0))
    days = found.observations[:, FIELD_INDEX["days_in_portfolio"]]
    simulation = Simulation(HOME.world, HOME.portfolio(1500, 5), HOME.rules, 5)
    still_open = []
    for _ in range(HOME.days):
        still_open.append(simulation.open_accounts.size)
        simulation.advance(np.zeros(simulation.open_accounts.size, np.int64))
    # Each account-day is drawn with probability 1/180, so that a third of the horizon gets its share of account-days.
    for first in (0, 60, 120):
        expected = sum(still_open[first : first + 60]) / HOME.days
        assert ((days >= first) & (days < first + 60)).sum() == pytest.approx(expected, abs=4 * expected**0.5)


def test_from_its_day_on_a_tail_takes_the_place_of_what_happened():
    """A tail that expects 0.3 of the balance whatever happened: what calls brought later is in no label."""
    portfolio, calls = HOME.portfolio(400, 4), only(MENU.index["collector/evening"], MENU.index["collector/morning"])
    (whole,) = deviate(HOME, NOBODY, portfolio, 4, 1, None, calls)
    (cut,) = deviate(HOME, NOBODY, portfolio, 4, 1, Tail(constant(0.3), 1), calls)
    assert cut.observations.tolist() == whole.observations.tolist()
    early = (cut.treatments > 0) & (cut.observations[:, FIELD_INDEX["days_in_portfolio"]] < HOME.days - 1)
    assert (cut.changes[early, 4] == 1).all()
    # A promise made on the telephone is kept days later.
    assert (whole.changes[early, 0] != 0).sum() > (cut.changes[early, 0] != 0).sum()


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


def rows(treatments, base, changes, reached=None):
    size = len(treatments)
    return Deviations(
        np.zeros((size, len(FIELDS)), np.float32), np.array(treatments), np.array(base), np.ones(size, np.float32),
        np.array(changes, np.float32), np.ones(size, bool) if reached is None else np.array(reached), np.zeros(size, int),
    )  # fmt: skip


CALL, CALL_PLAN = SMALL.index["collector/morning"], SMALL.index["collector/morning/plan_6"]


def test_a_contrast_is_what_was_given_more_than_in_the_base_run():
    found = study.contrasts(SMALL, rows([CALL_PLAN, 0, CALL], [CALL, CALL, CALL], np.zeros((3, 5))))
    named = [{PARTS[n]: v for n, v in enumerate(row.tolist()) if v} for row in found]
    assert named[0] == {"plan_6": 1} and named[1]["collector"] == -1 and named[2] == {}


def test_assessment_by_hand():
    """Networks that expect +0.1 of the balance of every call."""
    tensors = {
        name: np.zeros(shape, np.float32) for name, shape in network.shapes(features.SIZE, 5 * len(PARTS)).items()
    }
    tensors["bias.2"][:, :, PARTS.index("collector")] = 0.1
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


def test_the_best_round_within_the_limits_is_kept(monkeypatch):
    used = [(0.30, 0.09, 1.2), (0.28, 0.10, 1.0), (0.29, 0.10, 1.0), (0.31, 0.10, 1.01)]  # recovery, cost, contacts
    usages = iter([(0.25, 0.10, 1.0), *used])

    def measured(*_):
        recovery, cost, contacts = next(usages)
        return {"recovery": recovery, "cost": cost, "complaints": 0.01, "contacts": contacts}

    monkeypatch.setattr(study, "measure_usage", measured)
    tensors = {
        name: np.zeros(shape, np.float32) for name, shape in shapes(features.SIZE, len(PARTS), len(MENU)).items()
    }
    card = Card(
        scenario="made-up", features=list(features.NAMES), menu=MENU.names, parts=list(PARTS), mean_opening=5000.0
    )
    policy, told = study.with_prices(
        IndexPolicy(card, tensors, HOME.world), HOME, NOBODY, IndexStudy(price_rounds=4), lambda _: None
    )
    # The first and the last used more contacts than may be; of the others the third recovers most after cost.
    assert told["kept"] == 3 and [one["recovery"] for one in told["rounds"]] == [0.30, 0.28, 0.29, 0.31]
    assert told["rounds"][1]["prices"]["contacts"] == pytest.approx(1.44e-4)
    assert policy.card.contact_price == pytest.approx(told["rounds"][2]["prices"]["contacts"])


def test_usage_is_that_of_the_accounts():
    found = study.measure_usage(HOME, NOBODY, 100, [6])
    simulation = Simulation(HOME.world, HOME.portfolio(100, 6), HOME.rules, 6)
    for _ in range(HOME.days):
        simulation.advance(np.zeros(simulation.open_accounts.size, np.int64))
    a = simulation.accounts
    assert found["recovery"] == pytest.approx(a["cash"].sum() / a["opening"].sum())
    assert found["contacts"] == 0 and found["complaints"] == pytest.approx(a["complaint_risk"].mean())


def test_a_run_cut_short_goes_on_where_it_stood(tmp_path):
    settings = IndexStudy(cohorts=2, accounts=60, repeats=1, tail_cohorts=2, price_rounds=1)
    first = study.run(settings, tmp_path / "run")
    card = (tmp_path / "run" / "policy.json").read_text()
    for name in ("policy.json", "policy.safetensors", "report.json", "deviations/1.npz"):
        (tmp_path / "run" / name).unlink()
    assert study.run(settings, tmp_path / "run", resume=True) == first
    assert (tmp_path / "run" / "policy.json").read_text() == card
    with pytest.raises(InputError, match="tail_days"):
        study.run(replace(settings, tail_days=7), tmp_path / "run", resume=True)
