"""The review of a file before a notice or a suit: what it holds up, what it costs, and what is sent back."""

from __future__ import annotations

import numpy as np
import pytest

from recoup.sim.account import FileReview, Stage
from recoup.sim.ledger import money_gap
from recoup.sim.observation import FIELD_INDEX
from recoup.sim.parameters import Review
from tests.worked.tiny import HOME, day, days, debtors, simulate, until, world

NOTICE, SUIT = "letter/morning/notice", "suit"
NONE, UNDER_REVIEW, APPROVED = FileReview


def reviewing(*balances, least=2, most=2, cost=40.0, sent_back=0.0, rules=HOME.rules, gate=False, record=False):
    review = Review(days=(least, most), cost=cost, sent_back=sent_back)
    made = world(courts={"review": review, "filing_days": (5, 5)})
    return simulate(made, debtors(*(balances or (10_000,))), rules, gate=gate, record_events=record)


def seen(simulation):
    return int(simulation.observe()[0, FIELD_INDEX["review"]])


def may(simulation, treatment):
    return bool(simulation.masks()[0, simulation.menu.index[treatment]])


def test_the_first_request_opens_a_review_and_the_next_one_after_it_goes_out():
    simulation = reviewing(record=True)
    a = simulation.accounts[0]
    assert seen(simulation) == NONE and may(simulation, NOTICE)
    day(simulation, NOTICE)
    # The debtor hears nothing: no letter, no notice, no pressure. The review costs 40.00.
    assert (a["stage"], a["attempts"], a["pressure"], a["notices"], a["cost"]) == (Stage.NONE, 0, 0, 0, 4_000)
    assert seen(simulation) == UNDER_REVIEW and not may(simulation, NOTICE) and not may(simulation, SUIT)
    assert may(simulation, "letter/morning") and may(simulation, "sms/morning")
    day(simulation, NOTICE)  # day 1: stopped
    assert a["cost"] == 4_000 and a["blocked"] == 1
    assert seen(simulation) == APPROVED and may(simulation, NOTICE)
    day(simulation, NOTICE)  # day 2: 6.00 for the letter, 30.00 for the notice
    assert (a["stage"], a["attempts"], a["notices"], a["cost"]) == (Stage.NOTICED, 1, 1, 4_000 + 3_600)
    assert seen(simulation) == NONE and money_gap(simulation.accounts).tolist() == [0]
    table = simulation.daily_table()
    assert table["reviews"].tolist() == [1, 0, 0] and table["notices"].tolist() == [0, 0, 1]
    assert table["cost"].tolist() == [4_000, 0, 3_600] and not table["sent_back"].any()
    log = simulation.events_table()
    assert log["treatment"].tolist() == ["nothing", "nothing", NOTICE] and log["review"].tolist() == [
        True,
        False,
        False,
    ]
    assert simulation.audit_table()["done"].tolist() == [False, False, True]


def test_contact_goes_on_under_review():
    simulation = reviewing()
    day(simulation, NOTICE)
    day(simulation, "sms/morning")
    assert simulation.accounts["attempts"][0] == 1 and seen(simulation) == APPROVED


def test_a_suit_needs_a_review_of_its_own():
    simulation = reviewing(least=1, most=1)
    day(simulation, NOTICE)
    day(simulation, NOTICE)
    assert simulation.accounts["stage"][0] == Stage.NOTICED
    day(simulation, SUIT)
    assert simulation.accounts["stage"][0] == Stage.NOTICED and seen(simulation) == APPROVED
    day(simulation, SUIT)
    assert simulation.accounts["stage"][0] == Stage.QUEUED
    assert simulation.daily_table()["reviews"].tolist() == [1, 0, 1, 0]


def test_approval_of_a_notice_is_none_of_a_suit():
    simulation = reviewing(least=1, most=1)
    day(simulation, NOTICE)
    day(simulation, SUIT)  # in place of the notice: the approval is given up
    day(simulation, SUIT)
    assert simulation.accounts["stage"][0] == Stage.QUEUED
    assert simulation.daily_table()["reviews"].tolist() == [1, 1, 0] and simulation.accounts["cost"][0] == 8_000


@pytest.mark.parametrize(("asked", "stage"), [(31, Stage.NOTICED), (32, Stage.NONE)])
def test_an_approval_holds_for_thirty_days(asked, stage):
    # Opened on day 0, approved in the morning of day 2: good on days 2 to 31.
    simulation = reviewing()
    day(simulation, NOTICE)
    until(simulation, asked - 1)
    assert seen(simulation) == (APPROVED if stage else NONE)
    day(simulation, NOTICE)
    assert simulation.accounts["stage"][0] == stage
    assert simulation.daily_table()["reviews"].sum() == (1 if stage else 2)


def test_what_is_sent_back_is_asked_for_anew():
    simulation = reviewing(sent_back=1.0)
    for _ in range(5):
        day(simulation, NOTICE)
    table = simulation.daily_table()
    assert table["reviews"].tolist() == [1, 0, 1, 0, 1] and table["sent_back"].tolist() == [0, 0, 1, 0, 1]
    assert table["blocked"].tolist() == [0, 1, 0, 1, 0] and table["cost"].tolist() == [4_000, 0, 4_000, 0, 4_000]
    assert simulation.accounts["notices"][0] == 0


def test_days_are_drawn_evenly_and_a_share_is_sent_back():
    simulation = reviewing(*[10_000] * 3000, least=1, most=3, sent_back=0.2)
    day(simulation, NOTICE)
    days(simulation, 3)
    sent = simulation.daily_table()["sent_back"].to_numpy()
    approved = (
        simulation.accounts["review_until"][simulation.accounts["review"] == APPROVED] - 30
    )  # the day of the result
    results = sent + np.bincount(approved, minlength=4)
    # 3,000 draws: a third on each of days 1 to 3, within 4 x sqrt(3000 x 2/9) = 103.
    assert results[0] == 0 and results.sum() == 3000 and np.abs(results[1:] - 1000).max() < 103
    # 600 of 3,000 sent back, within 4 x sqrt(3000 x 0.16) = 88.
    assert abs(sent.sum() - 600) < 88


def test_enforcement_needs_none():
    simulation = reviewing()
    simulation.accounts["stage"] = Stage.JUDGED
    day(simulation, "enforce")
    assert simulation.accounts["stage"][0] == Stage.ENFORCING and not simulation.daily_table()["reviews"].any()


def test_what_a_rule_forbids_is_not_even_reviewed():
    simulation = reviewing(gate=True)
    simulation.accounts["complaint_until"] = 10  # contact rests while a complaint is open
    day(simulation, NOTICE)
    assert simulation.accounts["blocked"][0] == 1 and simulation.accounts["cost"][0] == 0
    assert not simulation.daily_table()["reviews"].any()


def test_without_the_gate_a_breach_is_counted_when_the_letter_goes_out():
    simulation = reviewing(least=1, most=1)
    simulation.accounts["complaint_until"] = 10
    day(simulation, NOTICE)
    assert simulation.daily_table()["breaches"].tolist() == [0] and simulation.daily_table()["reviews"].tolist() == [1]
    day(simulation, NOTICE)
    assert simulation.daily_table()["breaches"].tolist() == [0, 1] and simulation.accounts["notices"][0] == 1


def test_without_a_review_the_notice_goes_out_at_once():
    simulation = simulate(world(), debtors(10_000))
    day(simulation, NOTICE)
    assert simulation.accounts["notices"][0] == 1 and not simulation.daily_table()["reviews"].any()


def test_the_home_world_reviews():
    assert HOME.world.courts.review == Review(days=(1, 3), cost=40.0, sent_back=0.05)
