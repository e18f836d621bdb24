"""Answers to a message that was read: likelier to pay that evening, and perhaps a call back, which a collector must take."""

from __future__ import annotations

from math import exp, log, sqrt

import numpy as np
import pytest

from tests.worked.tiny import HOME, NEVER, SURE, day, debtors, each_channel, pool, simulate, world

# A payment comes with intensity 0.1 a day, whoever the debtor is: 1 − exp(−0.1) = 9.5 % pay on a day.
FLAT = dict.fromkeys(
    ("pay_willingness", "pay_liquidity", "pay_salience", "pay_excitation", "pay_reactance", "pay_age", "pay_payday"),
    0.0,
) | {"pay_base": log(0.1), "full_base": NEVER, "full_liquidity": 0.0}


def paid(simulation, among):
    return int((simulation.accounts["last_payment"][among] == simulation.day - 1).sum())


def about(count, people, intensity):
    chance = 1 - exp(-intensity)
    return abs(count - people * chance) < 4 * sqrt(people * chance * (1 - chance))


def test_a_read_text_raises_the_intensity_of_that_evening_and_of_no_other():
    behaviour = FLAT | {"answer_pay": each_channel(0.0, sms=1.0), "repetition_text": 1.0, "pay_pressure": 0.0}
    simulation = simulate(world(behaviour=behaviour), debtors(*[100_000] * 20_000))
    a = simulation.accounts
    for treatment, read, unread in (
        ("sms/morning", 0.2, 0.1),  # 0.1 x (1 + 1)
        ("nothing", None, 0.1),
        ("sms/morning", 0.15, 0.1),  # the second text: 0.1 x (1 + 1/2)
        ("wechat/morning", 0.1, 0.1),  # its share is 0
    ):
        before = a["reaches"].copy()
        day(simulation, treatment)
        got = a["reaches"] > before
        if read is not None:
            assert about(paid(simulation, got), int(got.sum()), read)
        assert about(paid(simulation, ~got), int((~got).sum()), unread)


def calling(minutes, **behaviour):
    """Ten debtors, a text, and whoever reads it calls back; one collector, so many minutes in the morning, 10 minutes a call."""
    shift = HOME.world.operations.collector.shift_minutes.model_copy(
        update={"morning": minutes, "midday": 0.0, "afternoon": 0.0, "evening": 0.0}
    )
    operations = pool("collector", agents=1, shift_minutes=shift, seconds_reached=600)
    changes = {"answer_call": each_channel(0.0, sms=1.0), "promise_base": SURE} | behaviour
    simulation = simulate(world(behaviour=changes, operations=operations), debtors(*[10_000] * 10))
    day(simulation, "sms/morning")
    return simulation, simulation.accounts["reaches"] > 0


def test_a_call_back_takes_a_collectors_minutes_which_the_account_pays():
    simulation, read = calling(480.0)
    a, figures = simulation.accounts, simulation.daily_table().iloc[0]
    assert figures["collector_requested"] == figures["collector_served"] == read.sum() > 0
    # Five to fifteen minutes each, at 0.80, beside the text of 0.05; who has not read it costs the text alone.
    assert (a["cost"][~read] == 5).all()
    assert ((a["cost"][read] >= 5 + 400) & (a["cost"][read] <= 5 + 1_200)).all()
    assert a["cost"].sum() == pytest.approx(10 * 5 + figures["collector_seconds"] * 80 / 60, abs=5)
    # He speaks to a person, and promises; a text alone gets no promise.
    assert (a["promises"] == read).all() and (a["promise_channel"][read] == 5).all()
    assert not a["conversation_history"].any()  # the call is his own: no quiet period of the rules begins
    assert a["call_attempts"].sum() == 0 and (a["attempts"] == 1).all()  # he called, nobody called him


def test_who_finds_nobody_free_has_read_the_text_and_no_more():
    simulation, read = calling(1.0)  # time for the first call to begin
    a, figures = simulation.accounts, simulation.daily_table().iloc[0]
    assert (figures["collector_requested"], figures["collector_served"]) == (read.sum(), 1)
    assert a["promises"].sum() == 1
    assert np.sort(a["cost"])[:-1].tolist() == [5] * 9
    assert a["unserved"].sum() == 0 and figures["unserved"] == 0  # the text was sent


def test_who_need_not_call_is_no_request():
    simulation, _ = calling(480.0, answer_call=each_channel(0.0))
    assert simulation.daily_table()["collector_requested"][0] == 0 and simulation.accounts["promises"].sum() == 0
