"""Complaints: how likely, what one costs, and what more it costs once the regulator minds."""

from __future__ import annotations

from math import exp

import pytest

from recoup.sim.parameters import Conduct
from tests.worked.tiny import day, days, debtors, each_channel, pool, simulate, until, world


def test_a_complaint_costs_five_hundred_on_top_of_the_attempt():
    simulation = simulate(world(behaviour={"complaint": each_channel(0.0, sms=1.0)}), debtors(10_000, 10_000))
    day(simulation, {0: "sms/morning", 1: "wechat/morning"})
    assert simulation.accounts["cost"].tolist() == [5 + 50_000, 2]
    assert simulation.accounts["complaints"].tolist() == [1, 0]
    assert simulation.accounts["complaint_until"].tolist() == [15, -10_000]  # answered after 15 days
    assert simulation.daily_table()["complaints"][0] == 1


def test_contact_rests_until_a_complaint_is_answered():
    simulation = simulate(world(behaviour={"complaint": each_channel(0.0, sms=1.0)}), debtors(10_000), gate=True)
    day(simulation, "sms/morning")
    until(simulation, 13)
    call = simulation.menu.index["collector/morning"]
    assert not simulation.masks()[0, call]  # day 14
    days(simulation, 1)
    assert simulation.masks()[0, call]  # day 15


def risk(simulation, number, treatment):
    before = float(simulation.accounts["complaint_risk"][number])
    day(simulation, {number: treatment})
    return float(simulation.accounts["complaint_risk"][number]) - before


def test_every_attempt_tires_and_tired_debtors_complain():
    simulation = simulate(world(behaviour={"complaint": each_channel(1e-4)}), debtors(10_000))
    assert risk(simulation, 0, "collector/morning") == pytest.approx(1e-4)
    # 0.30 of fatigue, halving in 6 days: 0.2673 a day later; log rise 1.53 for each unit.
    first = 0.30 * 0.5 ** (1 / 6)
    assert risk(simulation, 0, "collector/morning") == pytest.approx(1e-4 * exp(1.53 * first), rel=1e-5)
    second = (first + 0.30) * 0.5 ** (1 / 6)
    assert risk(simulation, 0, "sms/morning") == pytest.approx(1e-4 * exp(1.53 * second), rel=1e-5)
    days(simulation, 5)
    third = (second + 0.15) * 0.5
    assert risk(simulation, 0, "visit/morning") == pytest.approx(1e-4 * exp(1.53 * third), rel=1e-5)


def test_pay_for_performance_makes_complaints_likelier():
    simulation = simulate(
        world(behaviour={"complaint": each_channel(1e-4)}, operations={"performance_pay": 0.5}), debtors(10_000)
    )
    assert risk(simulation, 0, "collector/morning") == pytest.approx(1e-4 * exp(0.8 * 0.5), rel=1e-6)


def test_skill_makes_them_less_likely():
    simulation = simulate(world(behaviour={"complaint": each_channel(1e-4)}), debtors(10_000))
    simulation.centres["collector"].skill["law"] = 2.0
    assert risk(simulation, 0, "collector/morning") == pytest.approx(1e-4 * exp(-0.25 * 2), rel=1e-6)


REGULATOR = {"tolerated": 5, "days": 30, "cost": 3_000}


def test_above_what_the_regulator_bears_a_complaint_costs_three_thousand_more():
    # Two complaints of 300 accounts are 6.7 per 1,000: above 5. One is 3.3.
    behaviour = {"complaint": each_channel(0.0, sms=1.0)}
    simulation = simulate(world(behaviour=behaviour, conduct=Conduct(regulator=REGULATOR)), debtors(*[10_000] * 300))
    for number in range(3):
        day(simulation, {number: "sms/morning"})
    assert simulation.accounts["cost"][:3].tolist() == [50_005, 50_005, 350_005]
    assert simulation.daily_table()["regulator_cost"].tolist() == [0, 0, 300_000]
    # The morning of day 32 looks back at days 2 to 31: only the third of the three is left.
    until(simulation, 31)
    day(simulation, {3: "sms/morning"})
    assert simulation.accounts["cost"][3] == 50_005


def test_a_correction_suspends_calls_from_the_next_day_for_seven():
    correction = {
        "id": "rest", "watch": "complaints", "above": 5, "days": 30, "least": 1,
        "suspend": {"channels": ["collector"], "days": 7},
    }  # fmt: skip
    behaviour = {"complaint": each_channel(0.0, sms=1.0)}
    simulation = simulate(world(behaviour=behaviour, conduct=Conduct(corrections=[correction])), debtors(*[10_000] * 5))
    day(simulation, {0: "sms/morning"})
    for _ in range(8):
        day(simulation, {1: "collector/morning"})
    table = simulation.daily_table()
    assert table["suspended"].tolist() == ["", *["collector"] * 7, ""]
    assert table["blocked_suspended"].tolist() == [0, *[1] * 7, 0]
    acts = simulation.corrections_table()
    assert acts[["day", "count", "rate", "until"]].to_numpy().tolist() == [[0, 1, 200.0, 7]]  # 1 of 5 is 200 per 1,000


def test_a_correction_waits_for_its_least_number_and_its_rate():
    behaviour = {"complaint": each_channel(0.0, sms=1.0)}
    for least, above, acted in ((2, 5, 0), (1, 200, 0), (1, 199, 1)):
        correction = {
            "id": "rest", "watch": "complaints", "above": above, "days": 30, "least": least,
            "suspend": {"channels": ["collector"], "days": 7},
        }  # fmt: skip
        simulation = simulate(
            world(behaviour=behaviour, conduct=Conduct(corrections=[correction]), operations=pool("visit")),
            debtors(*[10_000] * 5),
        )
        day(simulation, {0: "sms/morning"})
        days(simulation, 1)
        assert len(simulation.corrections_table()) == acted
