"""From notice to enforcement: days, fees, who bears them, and what is seized."""

from __future__ import annotations

import numpy as np
import pytest

from recoup.sim.operations.courts import court_fee, court_fee_cents
from tests.worked.tiny import HOME, UK, day, days, debtors, simulate, until, world

# Day 0 is Monday, 3 March 2025. The holidays that matter here: Friday, 4 April (day 32).
COURTS = {"filing_days": (10, 10), "hearing_days": (21, 21), "enforcement_days": (60, 60), "win": 1.0}
# 20,000.00 at 18 %: 20,000 x 0.18 / 365 = 9.863 a day, booked as 9.86.
A_DAY = 986
# Claim of day 10: 20,000.00 + 10 x 9.86 = 20,098.60. Fee: 50 for the first 10,000, 2.5 % of the other 10,098.60 = 252.465,
# together 302.465, and half of it in summary procedure: 151.23.
FEE = 15_123
HANDLING = 50_000


def suing(*balances, courts=None, operations=None, **changes):
    made = world(courts=COURTS | (courts or {}), operations=operations or {}, **changes)
    return simulate(made, debtors(*(balances or (20_000,)), dpd=200))


# The lawyers' short form of the Chinese schedule: rate on the whole claim, and what is added or taken off.
SHORT_FORM = [
    (9_999.99, 0.0, 50),
    (10_000, 0.0, 50),
    (10_000.01, 0.025, -200),
    (60_000, 0.025, -200),
    (100_000, 0.025, -200),
    (150_000, 0.02, 300),
    (350_000, 0.015, 1_300),
    (800_000, 0.01, 3_800),
    (1_500_000, 0.009, 4_800),
    (3_000_000, 0.008, 6_800),
    (7_500_000, 0.007, 11_800),
    (15_000_000, 0.006, 21_800),
    (50_000_000, 0.005, 41_800),
]


@pytest.mark.parametrize(("claim", "rate", "plus"), SHORT_FORM)
def test_the_chinese_schedule_in_every_band(claim, rate, plus):
    courts = HOME.world.courts
    expected = claim * rate + plus
    assert court_fee(claim, courts.fee_steps, 1.0) == pytest.approx(expected, abs=1e-6)
    assert court_fee_cents(round(claim * 100), courts.fee_steps, 1.0) == round(expected * 100)
    assert court_fee_cents(round(claim * 100), courts.fee_steps, courts.summary_factor) == int(expected * 50 + 0.5)


@pytest.mark.parametrize(
    ("claim", "fee"),
    [
        (300, 35),
        (300.01, 50),
        (500, 50),
        (1_000, 70),
        (1_500, 80),
        (3_000, 115),
        (5_000, 205),
        (10_000, 455),
        (20_000, 1_000),  # 5 %
        (200_000, 10_000),
        (900_000, 10_000),
    ],
)
def test_the_county_courts_issue_fees(claim, fee):
    assert court_fee_cents(round(claim * 100), UK.world.courts.fee_steps, UK.world.courts.summary_factor) == 100 * fee


def test_no_claim_no_fee():
    assert court_fee_cents(0, HOME.world.courts.fee_steps, 0.5) == 0


def test_a_notice_costs_thirty_on_top_of_its_letter_and_presses():
    simulation = suing()
    day(simulation, "letter/morning/notice")
    a = simulation.accounts
    assert a["cost"][0] == 600 + 3_000
    assert simulation.accounts_table()["stage"][0] == "noticed" and a["stage_day"][0] == 0
    # Pressure of 0.8, less a night's fading: half in 30 days.
    assert a["pressure"][0] == pytest.approx(0.8 * 0.5 ** (1 / 30), rel=1e-6)


def test_a_suit_is_filed_ten_days_after_the_instruction_and_judged_21_days_later_or_on_the_next_working_day():
    simulation = suing()
    a = simulation.accounts
    stages = {}
    day(simulation, "suit")
    for _ in range(50):
        stages.setdefault(simulation.accounts_table()["stage"][0], int(a["stage_day"][0]))
        days(simulation, 1)
    # Filed on day 10, Thursday. 21 days later is day 31, Thursday 3 April, when the court sits.
    assert stages == {"queued": 0, "filed": 10, "judged": 31}
    assert simulation.daily_table()["judgments"].to_numpy().nonzero()[0].tolist() == [31]


@pytest.mark.parametrize(
    ("hearing", "judged"),
    [(22, 35), (23, 35), (25, 35), (26, 36)],  # day 32 is a holiday, a Friday; 35 the Monday after it
)
def test_the_court_is_closed_on_weekends_and_holidays(hearing, judged):
    simulation = suing(courts={"hearing_days": (hearing, hearing)})
    day(simulation, "suit")
    until(simulation, 50)
    assert simulation.accounts["stage_day"][0] == judged
    simulation = suing(courts={"hearing_days": (hearing, hearing), "closed_on_holidays": False})
    day(simulation, "suit")
    until(simulation, 50)
    assert simulation.accounts["stage_day"][0] == 10 + hearing


def test_the_lender_advances_the_fee_and_the_debtor_owes_it_when_the_claim_is_upheld():
    simulation = suing()
    a = simulation.accounts
    day(simulation, "suit")
    until(simulation, 9)
    assert a["cost"][0] == 0
    days(simulation, 1)
    assert a["cost"][0] == FEE + HANDLING and a["fees"][0] == 0
    until(simulation, 30)
    assert a["fees"][0] == 0 and a["balance"][0] == 2_000_000 + 31 * A_DAY
    days(simulation, 1)
    assert a["fees"][0] == FEE and a["balance"][0] == 2_000_000 + 32 * A_DAY + FEE
    assert a["cost"][0] == FEE + HANDLING
    assert simulation.accounts_table()["stage"][0] == "judged"


def test_the_lender_bears_the_fee_of_a_lost_case_and_cannot_enforce():
    simulation = suing(courts={"win": 0.0})
    a = simulation.accounts
    day(simulation, "suit")
    until(simulation, 31)
    assert simulation.accounts_table()["stage"][0] == "dismissed" and a["stage_day"][0] == 31
    assert a["fees"][0] == 0 and a["balance"][0] == 2_000_000 + 32 * A_DAY
    assert a["cost"][0] == FEE + HANDLING
    assert not simulation.masks()[0, simulation.menu.index["enforce"]]


def test_more_is_won_than_lost_at_92_percent():
    # 500 cases: 460 won, give or take 4 x sqrt(500 x 0.92 x 0.08) = 24.
    simulation = suing(
        *[1_000] * 500,
        courts={"win": HOME.world.courts.win, "docket_per_1000_accounts": 1000},
        operations={"legal_cases_per_1000_accounts": 1000},
    )
    day(simulation, "suit")
    until(simulation, 31)
    stages = simulation.accounts_table()["stage"].value_counts()
    assert 436 <= stages["judged"] <= 484 and stages["judged"] + stages["dismissed"] == 500


def test_durations_lie_between_their_least_and_most_days_each_as_often():
    simulation = suing(
        *[1_000] * 600,
        courts={"filing_days": (7, 9), "closed_on_holidays": False},
        operations={"legal_cases_per_1000_accounts": 1000},
    )
    day(simulation, "suit")
    until(simulation, 12)
    filed = np.bincount(simulation.accounts["stage_day"], minlength=10)
    # A third of 600 each day: 200, give or take 4 x sqrt(600 x 2 / 9) = 46.
    assert filed[7:].sum() == 600 and all(154 <= count <= 246 for count in filed[7:])


def test_pressure_of_suit_and_judgment():
    simulation = suing()
    day(simulation, "suit")
    until(simulation, 10)
    fading = 0.5 ** (1 / 30)
    assert simulation.accounts["pressure"][0] == pytest.approx(1.2 * fading, rel=1e-5)
    until(simulation, 31)
    # 21 mornings later a judgment came on top of what was left.
    assert simulation.accounts["pressure"][0] == pytest.approx((1.2 * 0.5 ** (21 / 30) + 1.0) * fading, rel=1e-4)


def enforcing(cover, **changes):
    simulation = suing(**changes)
    simulation.accounts["asset_cover"] = cover
    day(simulation, "suit")
    until(simulation, 31)
    day(simulation, "enforce")  # on day 32
    return simulation


def test_enforcement_costs_two_hundred_the_next_working_day_and_takes_sixty_days():
    # Days 33 and 34 are a weekend: applied for on day 35, done on day 95, a Friday.
    simulation = enforcing(0.25)
    a = simulation.accounts
    until(simulation, 34)
    assert a["cost"][0] == FEE + HANDLING
    days(simulation, 1)
    assert a["cost"][0] == FEE + HANDLING + 20_000
    until(simulation, 94)
    assert a["cash"][0] == 0 and simulation.accounts_table()["stage"][0] == "enforcing"
    days(simulation, 1)
    assert a["cash"][0] == 500_000  # a quarter of the claim of 20,000.00 that was sued for, not of what it has grown to
    assert simulation.accounts_table()["stage"][0] == "enforced" and a["stage_day"][0] == 95
    assert simulation.daily_table()["seizures"].to_numpy().nonzero()[0].tolist() == [95]
    assert a["distress_seized"][0] == 0


def test_what_is_seized_from_somebody_without_work_is_counted_as_distress():
    simulation = enforcing(0.25)
    simulation.accounts["employed"] = 0
    until(simulation, 95)
    assert simulation.accounts["distress_seized"][0] == 500_000
    assert simulation.accounts["distress_suits"][0] == 0  # he still had work when the suit was decided


def test_no_assets_nothing_seized():
    simulation = enforcing(0.0)
    until(simulation, 95)
    assert simulation.accounts["cash"][0] == 0
    assert simulation.accounts_table()["stage"][0] == "enforced"
    assert simulation.daily_table()["seizures"].sum() == 0


def test_enforcement_rests_in_a_breathing_space():
    simulation = enforcing(0.25)
    until(simulation, 80)
    simulation.accounts["breathing_until"] = 114
    until(simulation, 113)
    assert simulation.accounts["cash"][0] == 0
    until(simulation, 114)  # Wednesday, 25 June
    assert simulation.accounts["cash"][0] == 500_000


def test_one_place_in_the_team_takes_suits_in_turn_from_instruction_to_judgment():
    simulation = suing(20_000, 20_000, 20_000, operations={"legal_cases_per_1000_accounts": 1})
    day(simulation, {1: "suit"})
    day(simulation, {0: "suit", 2: "suit"})
    assert simulation.courts.load == 1.0 and simulation.courts.waiting == 2
    until(simulation, 31)
    # The second had its place on day 31 at the court's hour and is filed 10 days on, on day 41 (Sunday -> Monday, 42).
    assert simulation.accounts["stage"].tolist() == [2, 5, 2]
    assert simulation.courts.waiting == 1
    until(simulation, 42)
    assert simulation.accounts["stage"].tolist() == [3, 5, 2] and simulation.accounts["stage_day"][0] == 42


def test_one_hearing_at_a_time_before_the_court():
    # Two places in the team, one on the docket: both are filed on day 10, the second is heard when the first is judged.
    simulation = suing(
        20_000,
        20_000,
        courts={"docket_per_1000_accounts": 1},
        operations={"legal_cases_per_1000_accounts": 1000},
    )
    day(simulation, "suit")
    until(simulation, 10)
    assert simulation.accounts["stage"].tolist() == [3, 3] and simulation.courts.load == 1.0
    until(simulation, 31)
    assert simulation.accounts["stage"].tolist() == [5, 3] and simulation.courts.load == 0.5
    until(simulation, 52)  # 21 days after day 31, a Thursday
    assert simulation.accounts["stage"].tolist() == [5, 5] and simulation.accounts["stage_day"][1] == 52


def test_a_claim_that_is_paid_frees_its_place_at_once():
    simulation = suing(20_000, 20_000, operations={"legal_cases_per_1000_accounts": 1})
    day(simulation, "suit")
    until(simulation, 15)
    simulation.accounts["promise_due"][0], simulation.accounts["promise_amount"][0] = 16, 10**9
    days(simulation, 1)
    assert simulation.accounts_table()["status"][0] == "paid"
    assert simulation.courts.waiting == 0 and simulation.courts.load == 1.0
    until(simulation, 28)  # the second: 10 days from day 16, a Wednesday, is Saturday the 29th; Monday is day 28
    assert simulation.accounts["stage_day"][1] == 28 and simulation.accounts["stage"][1] == 3
