"""Notices are believed as far as suits have followed them, and one's own empty ones weaken the next."""

from __future__ import annotations

import pytest

from tests.worked.tiny import day, days, debtors, simulate, until, world

NIGHT = 0.5 ** (1 / 30)  # of pressure
# A notice presses by 0.8 where it is believed, and by 0.2 of it where no suit ever follows; believed in full from a share of 0.8 on.
# It counts after 10 days; the memory is worth 1,000 notices for 1,000 accounts: five, for five debtors.
WORLD = {
    "notice_disbelieved": 0.2,
    "notice_believed": 0.8,
    "credibility_start": 1.0,
    "credibility_memory": 1000.0,
    "credibility_days": 10,
}


def four_notices(**behaviour):
    """Four of five debtors are sent a notice on day 0, and one of them is sued on day 1."""
    simulation = simulate(world(behaviour=WORLD | behaviour), debtors(*[10_000] * 5, dpd=200))
    day(simulation, dict.fromkeys(range(4), "letter/morning/notice"))
    day(simulation, {0: "suit"})
    return simulation


def belief(simulation):
    return float(simulation._today["notice_belief"][0])


def test_the_share_followed_by_suits_moves_when_the_days_are_over():
    simulation = four_notices()
    until(simulation, 8)
    assert simulation.day == 9 and belief(simulation) == 1
    days(simulation, 1)
    # A quarter of four, beside five that were followed before: (1 + 5) / 9 = 2/3, and 2/3 of 0.8 is 5/6.
    assert simulation.lender.credibility.share == pytest.approx(2 / 3)
    assert belief(simulation) == pytest.approx(5 / 6)
    day(simulation, {4: "letter/morning/notice"})
    # 0.8 x (0.2 + 0.8 x 5/6) = 0.69333, less a night's fading.
    assert simulation.accounts["pressure"][4] == pytest.approx(0.8 * (0.2 + 0.8 * 5 / 6) * NIGHT, rel=1e-6)


def test_who_has_paid_or_agreed_on_a_plan_tells_nothing():
    simulation = four_notices()
    until(simulation, 8)
    simulation.accounts["plan_months"][3] = 6
    days(simulation, 1)
    # One of three: (1 + 5) / 8.
    assert simulation.lender.credibility.share == pytest.approx(0.75)


@pytest.mark.parametrize(("start", "pressure"), [(0.0, 0.16), (0.4, 0.48), (0.8, 0.8), (1.0, 0.8)])
def test_belief_rises_with_the_share_and_is_whole_from_there_on(start, pressure):
    # 0.8 x (0.2 + 0.8 x share / 0.8): half believed at 0.4.
    simulation = simulate(world(behaviour=WORLD | {"credibility_start": start}), debtors(10_000, dpd=200))
    day(simulation, "letter/morning/notice")
    assert simulation.accounts["pressure"][0] == pytest.approx(pressure * NIGHT, rel=1e-6)


def test_each_empty_notice_halves_the_next():
    believed = {"notice_disbelieved": 1.0, "notice_repeated": 0.5}  # no other reason to doubt
    simulation = simulate(world(behaviour=believed), debtors(10_000, dpd=200))
    pressures = []
    for on in (0, 90, 180):  # a notice may be repeated after 90 days
        until(simulation, on - 1)
        simulation.accounts["pressure"] = 0.0
        day(simulation, "letter/morning/notice")
        pressures.append(float(simulation.accounts["pressure"][0]) / NIGHT)
    assert pressures == pytest.approx([0.8, 0.4, 0.2], rel=1e-6)
    assert simulation.accounts["notices"][0] == 3
