"""Wear: the n-th text without news within 14 days moves 1 / (1 + repetition · (n − 1)) as much; news starts anew."""

from __future__ import annotations

import pytest

from tests.worked.tiny import NEVER, day, days, debtors, each_channel, simulate, world


def wearing(**behaviour):
    made = world(behaviour={"repetition_text": 1.0, "repetition_call": 0.5} | behaviour)
    return simulate(made, debtors(*[10_000] * 3))


def salience_after(simulation, *treatments, gain=0.5):
    """The effects of a debtor's contacts, from attention before and after each: those that reached him, by day."""
    effects = []
    for treatment in treatments:
        a = simulation.accounts
        a["salience"] = 0.0
        before = a["reaches"].copy()
        day(simulation, treatment)
        # Attention does not fade here, and each contact restores half of what is missing (all of it), times novelty.
        effects.append(
            [float(s) / gain if r else None for s, r in zip(a["salience"], a["reaches"] > before, strict=True)]
        )
    return effects


STEADY = {"salience_gain": each_channel(0.5), "salience_floor": 0.0, "salience_half_life": 1e9}


def check(simulation, treatments, expected):
    for effects, novelty in zip(salience_after(simulation, *treatments), expected, strict=True):
        for effect in effects:
            assert effect is None or effect == pytest.approx(novelty, rel=1e-5)
    assert simulation.accounts["reaches"].sum() > 0


def test_each_text_moves_less_than_the_one_before():
    check(wearing(**STEADY), ["sms/morning"] * 4, [1, 1 / 2, 1 / 3, 1 / 4])


def test_texts_of_all_kinds_wear_one_another_off_and_calls_wear_off_apart():
    # Repetition of calls 0.5: 1, 2/3, 1/2. A visit counts among the calls, a letter never wears off.
    treatments = [
        "sms/morning",
        "wechat/morning",
        "autocall/morning",
        "collector/morning",
        "visit/morning",
        "letter/morning",
    ]
    check(wearing(**STEADY), treatments, [1, 1 / 2, 1, 1 / 1.5, 1 / 2, 1])


def test_a_text_is_forgotten_after_fourteen_days():
    simulation = wearing(**STEADY)
    day(simulation, "sms/morning")
    days(simulation, 13)
    check(simulation, ["sms/morning"], [1 / 2])  # day 14
    simulation = wearing(**STEADY)
    day(simulation, "sms/morning")
    days(simulation, 14)
    check(simulation, ["sms/morning"], [1])  # day 15


def test_a_notice_is_news_and_texts_count_from_it():
    simulation = wearing(**STEADY)
    check(simulation, ["sms/morning"] * 3, [1, 1 / 2, 1 / 3])
    day(simulation, "letter/morning/notice")
    # News of day 3: the three texts before it no longer count.
    check(simulation, ["sms/morning"] * 2, [1, 1 / 2])


def test_a_broken_promise_is_news_the_day_after():
    simulation = wearing(**STEADY, keep_base=NEVER)
    check(simulation, ["sms/morning"] * 2, [1, 1 / 2])
    simulation.accounts["promise_due"] = 2
    check(simulation, ["sms/morning"], [1 / 3])  # it is broken that evening
    check(simulation, ["sms/morning"] * 2, [1, 1 / 2])


def test_the_first_offer_of_two_weeks_is_news_and_the_next_call_is_the_second_of_its_kind():
    simulation = wearing(**STEADY)
    check(simulation, ["collector/morning"] * 2, [1, 1 / 1.5])
    one = simulation.accounts["offers"]
    before = one.copy()
    (effects,) = salience_after(simulation, "collector/morning/plan_6")
    told = [n for n in range(3) if one[n] > before[n]]
    assert told and all(effects[n] == pytest.approx(1, rel=1e-5) for n in told)
    (effects,) = salience_after(simulation, "collector/morning/plan_6")
    # An offer again is none; since the news there was one call, that of the news itself: 1 / (1 + 0.5).
    assert all(effects[n] in (None, pytest.approx(1 / 1.5, rel=1e-5)) for n in told)
