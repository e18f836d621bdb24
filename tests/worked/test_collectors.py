"""Results by collector: who had the account, whose promise it was, and what is nobody's."""

from __future__ import annotations

import math

import pytest

from tests.worked.tiny import SURE, day, days, debtors, each_channel, pool, simulate, until, world

BOTH = pool("collector", per_1000_accounts=0, agents=1) | pool("specialist", per_1000_accounts=0, agents=1)
COUNTS = ["attempts", "reached", "promises", "kept", "broken", "accepted", "complaints"]


def people(simulation):
    return simulation.collectors_table().set_index("person")


def with_promises(**changes):
    """Everybody who is reached promises all he owes, and keeps it."""
    made = world(behaviour={"promise_base": SURE} | changes, operations=BOTH)
    return simulate(made, debtors(*[10_000] * 5), record_events=True)


def test_a_promise_is_credited_to_whoever_took_it():
    simulation = with_promises()
    day(simulation, "collector/morning")
    table = people(simulation)
    called = int(simulation.daily_table()["reached"].iloc[0])
    assert called >= 3
    assert table.loc["collector-1", COUNTS].tolist() == [5, called, called, 0, 0, 0, 0]
    assert not table.loc["specialist-1", COUNTS].any() and not table.loc["nobody", COUNTS].any()
    until(simulation, 11)  # promises fall due within 3 to 10 days
    table = people(simulation)
    assert table.loc["collector-1", "kept"] == called and table.loc["collector-1", "broken"] == 0
    # He is credited with all that came in, on days on which he spoke to nobody.
    cash = int(simulation.accounts["cash"].sum())
    assert cash > 0 and table.loc["collector-1", ["cash", "cash_kept"]].tolist() == [cash, cash]
    assert table.loc["nobody", ["cash", "kept"]].tolist() == [0, 0]


def test_a_broken_promise_is_his_too():
    simulation = with_promises(keep_base=-SURE)
    day(simulation, "specialist/morning")
    until(simulation, 11)
    table = people(simulation)
    assert table.loc["specialist-1", "broken"] == table.loc["specialist-1", "promises"] >= 3
    assert table["cash"].sum() == 0 and table.loc["nobody", "broken"] == 0


def test_a_settlement_taken_by_one_and_paid_after_a_call_of_another():
    simulation = simulate(world(behaviour={"settle_base": SURE}, operations=BOTH), debtors(*[10_000] * 5))
    day(simulation, "specialist/morning/settle_20")
    accepted = int(people(simulation).loc["specialist-1", "accepted"])
    assert accepted >= 3
    for _ in range(11):  # the lump sum is due after ten days
        day(simulation, "collector/morning")
    table = people(simulation)
    assert table.loc["specialist-1", ["kept", "cash"]].tolist() == [accepted, int(simulation.accounts["cash"].sum())]
    assert table.loc["collector-1", ["kept", "cash"]].tolist() == [0, 0]


def test_what_comes_in_on_the_day_of_a_conversation_is_his_and_the_rest_nobodys():
    # A payment of everything on every day.
    made = world(behaviour={"pay_base": 20.0, "full_base": SURE}, operations=BOTH)
    simulation = simulate(made, debtors(*[10_000] * 6))
    day(simulation, dict.fromkeys(range(3), "collector/morning") | {3: "sms/morning", 4: "autocall/morning"})
    paid = simulation.accounts["cash"]
    spoken = (simulation.accounts["reaches"][:3] > 0).nonzero()[0]
    table = people(simulation)
    assert spoken.size and table.loc["collector-1", "cash"] == paid[spoken].sum()
    assert table.loc["nobody", "cash"] == paid.sum() - paid[spoken].sum() and table["cash_kept"].sum() == 0
    assert table.loc["nobody", "attempts"] == 2


def test_what_comes_in_after_a_call_that_reached_nobody_is_not_the_callers():
    simulation = simulate(world(behaviour={"pay_base": 20.0, "full_base": SURE}, operations=BOTH), debtors(10_000))
    simulation.accounts["phone_right"] = 0
    day(simulation, "collector/morning")
    table = people(simulation)
    assert table.loc["collector-1", ["attempts", "reached", "cash"]].tolist() == [1, 0, 0]
    assert table.loc["nobody", "cash"] == simulation.accounts["cash"][0] > 0


def test_a_promise_to_a_machine_is_nobodys():
    simulation = with_promises(promise_channel=each_channel(0.0))
    day(simulation, "autocall/morning")
    until(simulation, 11)
    table = people(simulation)
    assert table.loc["nobody", "kept"] == table.loc["nobody", "promises"] >= 3
    assert not table.loc[["collector-1", "specialist-1"], COUNTS].any(axis=None)


def test_days_on_duty_and_seconds():
    simulation = with_promises()
    day(simulation, "collector/morning")
    days(simulation, 6)  # Monday to Sunday: collectors rest on Sundays, specialists on Saturdays as well
    table = people(simulation)
    assert table["days_on_duty"].tolist() == [6, 5, 0]
    assert table["seconds"].tolist() == [int(simulation.daily_table()["collector_seconds"].sum()), 0, 0]


def test_who_is_at_a_course_is_not_on_duty_and_takes_no_account():
    operations = BOTH | pool("collector", per_1000_accounts=0, agents=2)
    simulation = simulate(world(operations=operations), debtors(*[10_000] * 40), record_events=True)
    simulation.centres["collector"]._away[0] = 1
    day(simulation, "collector/morning")
    table = people(simulation)
    assert table["days_on_duty"].tolist() == [0, 1, 1, 0]
    assert table.loc["collector-1", "attempts"] == 0 < table.loc["collector-2", "attempts"]
    log = simulation.events_table()
    assert set(log.loc[log["attempt"], "collector"]) == {"collector-2"} and set(log["collector"]) <= {"collector-2", ""}


def test_the_log_says_who_and_the_audit_too():
    simulation = with_promises()
    day(simulation, {0: "collector/morning", 1: "specialist/morning", 2: "sms/morning"})
    assert simulation.events_table()["collector"].tolist() == ["collector-1", "specialist-1", ""]
    assert simulation.audit_table()["collector"].astype(object).fillna("").tolist() == [
        "collector-1",
        "specialist-1",
        "",
    ]


def test_a_call_back_is_answered_by_a_collector():
    made = world(behaviour={"answer_call": each_channel(1.0)}, operations=BOTH)
    simulation = simulate(made, debtors(*[10_000] * 5), record_events=True)
    day(simulation, "sms/morning")
    answered = int(simulation.daily_table()["collector_served"].iloc[0])
    table = people(simulation)
    assert answered >= 3 and table.loc["collector-1", "attempts"] == answered
    assert table.loc["collector-1", "seconds"] == simulation.daily_table()["collector_seconds"].iloc[0]


def test_skills_are_those_of_the_end():
    simulation = with_promises()
    simulation.centres["specialist"].skill[0] = (0.5, -1.0, 2.0)
    table = people(simulation)
    skills = ["law", "psychology", "negotiation"]
    assert table.loc["specialist-1", skills].tolist() == [0.5, -1.0, 2.0]
    assert all(math.isnan(value) for value in table.loc["nobody", skills])
    assert table.index.tolist() == ["collector-1", "specialist-1", "nobody"]
    assert table["pool"].tolist() == ["collector", "specialist", "nobody"]
    assert table.loc["collector-1", skills].tolist() == pytest.approx([0, 0, 0])
