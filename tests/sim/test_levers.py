"""Mechanisms that the second implementation shares with the engine, by hand: credibility, auctions, duty, headcounts, claim size."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace

import numpy as np
import pytest
import simpy

from recoup.agents import features, policy_files
from recoup.sim import behaviour, kernels
from recoup.sim.account import ACCOUNT, Stage, Status
from recoup.sim.inputs import InputError
from recoup.sim.observation import FIELD_INDEX
from recoup.sim.operations.clock import Calendar
from recoup.sim.operations.contact_centre import ContactCentre
from recoup.sim.operations.credibility import Credibility, Notices
from recoup.sim.operations.resources import RESOURCE_NAMES, queue_of
from recoup.sim.parameters import Auction, SaleRound, kernel_record, places
from recoup.sim.simulation import typical_claim
from recoup.sim.treatments import Window
from tests.worked.tiny import HOME, day, debtors, each_channel, pool, simulate, until, world


def test_where_the_threshold_is_nothing_every_notice_is_believed():
    p = kernel_record(world(behaviour={"notice_believed": 0.0}))[0]
    assert behaviour.notice_belief(p, 0.0) == 1.0
    p = kernel_record(world(behaviour={"notice_believed": 0.25}))[0]
    assert [behaviour.notice_belief(p, share) for share in (0.0, 0.125, 0.25, 0.9)] == [0.0, 0.5, 1.0, 1.0]


# --- credibility --------------------------------------------------------------------------------------------------------


def learning(accounts, start=0.4, memory=500.0, after=10):
    told = SimpleNamespace(credibility_days=after, credibility_memory=memory, credibility_start=start)
    return Notices(told, accounts), Credibility(told, len(accounts))  # type: ignore[arg-type]


def followed(notices, credibility, day):
    credibility.learn(*notices.due(day))
    return credibility.share


def book(count=4):
    accounts = np.zeros(count, ACCOUNT)
    accounts["key"] = np.arange(1, count + 1)
    accounts["stage"] = Stage.NOTICED
    return accounts


def test_notices_count_when_their_days_are_over_as_the_stage_then_says():
    # Four accounts: a memory of 500 per 1,000 is worth two notices.
    accounts = book()
    notices, credibility = learning(accounts)
    notices.record(3, np.arange(4))
    assert [followed(notices, credibility, now) for now in (3, 12)] == [0.4, 0.4]
    accounts["stage"][0] = Stage.QUEUED
    # One of four: 0.4 + (0.25 − 0.4) · 4 / (4 + 2) = 0.3.
    assert followed(notices, credibility, 13) == pytest.approx(0.3)
    assert followed(notices, credibility, 14) == pytest.approx(0.3)  # each notice counts once


@pytest.mark.parametrize(
    ("field", "value"), [("status", Status.PAID), ("plan_months", 12), ("key", 99)], ids=["paid", "plan", "another"]
)
def test_notices_that_did_their_work_and_those_of_others_are_neither_followed_nor_empty(field, value):
    accounts = book()
    accounts["stage"][0] = Stage.FILED
    notices, credibility = learning(accounts)
    notices.record(0, np.arange(4))
    accounts[field][2:] = value
    # One of the two that are left: 0.4 + (0.5 − 0.4) · 2 / (2 + 2) = 0.45.
    assert followed(notices, credibility, 10) == pytest.approx(0.45)


# --- auctions -----------------------------------------------------------------------------------------------------------

COURTS = {"enforcement_days": (60, 60), "win": 1.0}


def enforced(property_share, *rounds, count=1):
    """Judged debtors with assets worth all of 20,000.00, before enforcement; rounds of five days as (price, sold)."""
    sales = [SaleRound(days=(5, 5), price=price, sold=sold) for price, sold in rounds]
    auction = Auction(property=property_share, rounds=sales)
    simulation = simulate(world(courts=COURTS | {"auction": auction}), debtors(*[20_000] * count, dpd=200))
    simulation.accounts["stage"] = Stage.JUDGED
    simulation.accounts["asset_cover"] = 0.5
    day(simulation, "enforce")
    return simulation


def test_money_is_seized_at_once_and_property_at_its_price_when_it_is_sold():
    # 50 % of 20,000.00 can be had: 40 % of it property, so 6,000.00 in money, and 4,000.00 sold at 70 % = 2,800.00.
    simulation = enforced(0.4, (0.7, 1.0), (0.5, 1.0))
    until(simulation, 100)
    cash = simulation.daily_table()["cash"]
    money, property_sold = np.flatnonzero(cash)  # once: not in the second round again
    assert cash[money] == 600_000 and cash[property_sold] == 280_000
    assert property_sold >= money + 5  # the round's days
    assert simulation.accounts[0]["stage"] == Stage.ENFORCED


def test_what_nobody_buys_goes_to_the_next_round_and_then_brings_nothing():
    for rounds, cash in ((((0.7, 0.0), (0.5, 1.0)), 800_000), (((0.7, 0.0), (0.5, 0.0)), 600_000)):
        simulation = enforced(0.4, *rounds)
        until(simulation, 100)
        a = simulation.accounts[0]
        assert a["cash"] == cash and a["stage"] == Stage.ENFORCED


# --- who is on duty -----------------------------------------------------------------------------------------------------

SHIFT = HOME.world.operations.collector.shift_minutes.model_copy(
    update={"morning": 60.0, "midday": 0.0, "afternoon": 60.0, "evening": 60.0}
)
WORKING = {"shift_minutes": SHIFT, "weekdays": [0, 1, 2, 3, 4], "works_holidays": False}


def test_a_window_is_open_where_people_work_on_that_day_at_that_hour():
    made = HOME.world.operations.collector.model_copy(update=WORKING)
    calendar = Calendar(date(2025, 3, 3), [date(2025, 3, 4)])  # a Monday; Tuesday is a holiday
    one, nobody = (
        ContactCentre(simpy.Environment(), "collector", made, HOME.world.windows, calendar, n) for n in (1, 0)
    )
    assert [one.opens(0, window) for window in Window] == [window != Window.MIDDAY for window in Window]
    assert not one.opens(1, Window.MORNING) and not one.opens(5, Window.MORNING) and one.opens(7, Window.MORNING)
    assert not nobody.opens(0, Window.MORNING)


@pytest.mark.parametrize("gate", [True, False])
def test_nobody_on_duty_is_masked_and_stopped(gate):
    simulation = simulate(world(operations=pool("collector", **WORKING, agents=5)), debtors(10_000), gate=gate)
    offered = dict(zip(simulation.menu.names, simulation.masks()[0], strict=True))
    assert offered["collector/afternoon"] and not offered["collector/midday"]
    assert offered["sms/midday"]
    day(simulation, "collector/midday")
    a = simulation.accounts[0]
    assert (a["blocked"], a["attempts"], a["unserved"]) == (1, 0, 0)


def test_who_calls_back_waits_for_a_collector_in_the_window_of_the_text_and_is_answered_not_served_again():
    simulation = simulate(
        world(
            behaviour={"answer_call": each_channel(1.0), "answer_pay": each_channel(0.0)},
            operations=pool("collector", **WORKING, agents=50),
        ),
        debtors(*[10_000] * 20),
    )
    everybody = simulation.open_accounts.copy()
    actions = np.full(everybody.size, simulation.menu.index["sms/evening"], np.int64)
    a = simulation.advance(actions, keep_evening=everybody).evening
    reached = a["reached"] == 1
    assert reached.sum() >= 15
    assert np.array_equal(a["calls_back"] == 1, reached) and np.array_equal(a["answered"] == 1, reached)
    assert (a["served"] == 1).all()  # nothing holds a text up
    # An answered call back takes time of collectors.
    assert simulation.daily_table()["collector_served"].iloc[0] == reached.sum()
    evening = queue_of(RESOURCE_NAMES.index("collector"), int(Window.EVENING))
    assert set(simulation._queues[reached].tolist()) == {evening}


def test_only_contacts_that_took_place_are_answered_with_a_payment():
    """Nobody pays of his own accord but in answer, and then everybody does; one collector has time for some of the calls."""
    alike = dict.fromkeys(
        "willingness liquidity salience excitation pressure reactance age waiting payday".split(), 0.0
    )
    # 17 payments a million days, and 17 a day in answer.
    answers = {f"pay_{name}": value for name, value in alike.items()} | {
        "pay_base": -11.0,
        "answer_pay": each_channel(1e6),
    }
    simulation = simulate(
        world(behaviour=answers, operations=pool("collector", **WORKING, agents=1)), debtors(*[10_000] * 60)
    )
    everybody = simulation.open_accounts.copy()
    actions = np.full(everybody.size, simulation.menu.index["collector/afternoon"], np.int64)
    a = simulation.advance(actions, keep_evening=everybody).evening
    met, missed = (a["served"] == 1) & (a["reached"] == 1), (a["served"] == 0) & (a["reached"] == 1)
    assert met.any() and missed.any()  # `reached` of who was not served: he would have been
    assert np.array_equal(a["cash_today"] > 0, met)


def test_serving_a_call_back_answers_it():
    accounts = np.zeros(2, ACCOUNT)
    accounts["calls_back"] = [1, 0]
    for a in accounts:
        kernels.admit(a)
    assert accounts["answered"].tolist() == [1, 0] and accounts["served"].tolist() == [0, 1]


# --- fixed numbers of people -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fixed", "rate", "accounts", "people"),
    [(None, 5.0, 1000, 5), (None, 5.0, 20, 1), (None, 0.0, 1000, 0), (3, 5.0, 1000, 3), (0, 5.0, 1000, 0)],
)
def test_a_fixed_number_stands_whatever_the_portfolios_size(fixed, rate, accounts, people):
    assert places(fixed, rate, accounts) == people


def test_twice_the_people_is_twice_the_fixed_number_and_twice_the_rate():
    collector = HOME.world.operations.collector
    doubled = collector.model_copy(update={"agents": 4, "per_1000_accounts": 2.0}).scaled(2.0)
    assert (doubled.agents, doubled.per_1000_accounts) == (8, 4.0)
    assert collector.model_copy(update={"agents": None}).scaled(2.0).agents is None


# --- size of a claim ------------------------------------------------------------------------------------------------------


def test_claim_size_is_what_is_left_over_the_typical_claim():
    simulation = simulate(world(typical_claim=5_000.0), debtors(10_000, 2_000))
    simulation.accounts["balance"] = [750_000, 200_000]
    assert simulation.observe()[:, FIELD_INDEX["claim_size"]].tolist() == pytest.approx([1.5, 0.4])


def test_without_one_the_typical_claim_is_the_median():
    openings = np.array([1_000.0, 2_000.0, 90_000.0])
    assert typical_claim(world(typical_claim=None), openings) == 2_000.0
    assert typical_claim(world(typical_claim=5_000.0), openings) == 5_000.0
    simulation = simulate(world(typical_claim=None), debtors(*openings))
    assert simulation.observe()[:, FIELD_INDEX["claim_size"]].tolist() == pytest.approx([0.5, 1.0, 45.0])


# --- policies that read some of the features --------------------------------------------------------------------------------


def test_a_policy_keeps_reading_its_own_features_by_name():
    names = [features.NAMES[7], features.NAMES[2]]
    assert features.columns_of(names).tolist() == [7, 2]


def test_a_card_may_read_some_of_the_features_and_none_that_is_unknown(tmp_path):
    weights = {"w": np.zeros(1, np.float32)}
    policy_files.write(tmp_path / "some", policy_files.PolicyCard(features=["b"], menu=["x", "y"]), weights)
    path = tmp_path / "some.json"
    assert policy_files.read_card(path, policy_files.PolicyCard, ["x", "y"], ["a", "b"]).features == ["b"]
    with pytest.raises(InputError, match="features"):
        policy_files.read_card(path, policy_files.PolicyCard, ["x", "y"], ["a", "c"])
    with pytest.raises(InputError, match="menu"):
        policy_files.read_card(path, policy_files.PolicyCard, ["y", "x"], ["a", "b"])
