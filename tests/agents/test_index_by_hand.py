"""The index policy with weights chosen by hand, every sum worked out; and the allocation of what the plan leaves of shifts."""

from __future__ import annotations

import numpy as np
import pytest

from recoup.agents import features
from recoup.agents.index.allocation import Allocation, allocate
from recoup.agents.index.index_policy import OUTCOMES, Card, IndexPolicy, shapes
from recoup.agents.index.network import MEMBERS
from recoup.agents.treatment_parts import part_names
from recoup.scenarios.schema import load_scenario
from recoup.sim.observation import FIELD_INDEX, FIELDS
from recoup.sim.treatments import Menu

HOME = load_scenario("china-consumer")
WORLD = HOME.world
MENU = Menu.of(["sms", "collector", "letter"], ["plan_6", "settle_20"], ["notice", "suit"])
PARTS = part_names(MENU)
SMS, CALL, EVENING_CALL, SETTLE, SUIT = (
    MENU.index[name]
    for name in ("sms/morning", "collector/morning", "collector/evening", "collector/morning/settle_20", "suit")
)
# Who owes 1,000 or more is written to in the morning, and called with an offer from 8,000 on.
PLAN = {
    "name": "made-up",
    "title": "Made up",
    "description": "Made up.",
    "rules": [
        {
            "name": "call", "when": {"balance": {"at_least": 8000}}, "priority": 3,
            "do": {"channel": "collector", "window": "morning", "offer": "settle_20"},
        },
        {"name": "write", "when": {"balance": {"at_least": 1000}}, "do": {"channel": "sms", "window": "morning"}},
    ],
}  # fmt: skip


def seen(rows=1, **values):
    out = np.zeros((rows, len(FIELDS)), np.float32)
    out[:, FIELD_INDEX["credit_score"]] = 600
    for name in ("days_since_attempt", "days_since_reached", "days_since_payment"):
        out[:, FIELD_INDEX[name]] = 365
    out[:, FIELD_INDEX["balance"]] = out[:, FIELD_INDEX["monthly_income"]] = 4000
    for name, value in values.items():
        out[:, FIELD_INDEX[name]] = value
    return out


def policy(changes, menu=MENU, **card):
    """One in which a part changes outcomes alike for everybody: `changes[part] = {outcome: value}`."""
    tensors = {
        name: np.zeros(shape, np.float32) for name, shape in shapes(len(features.NAMES), len(PARTS), len(menu)).items()
    }
    last = tensors["bias.2"].reshape(MEMBERS, len(OUTCOMES), len(PARTS))
    for part, outcomes in changes.items():
        for outcome, value in outcomes.items():
            last[:, OUTCOMES.index(outcome), PARTS.index(part)] = value
    card = Card(
        scenario="made-up", features=list(features.NAMES), menu=menu.names, improves=PLAN, parts=PARTS, mean_opening=5000.0,
        **card,
    )  # fmt: skip
    return IndexPolicy(card, tensors, WORLD)


# --- what a treatment is worth -----------------------------------------------------------------------------------

CALLS = {
    "collector": {"money": 0.01, "cost": 3.0, "quick": 0.02, "complaints": 1e-3, "contacts": 1.5},
    "call/evening": {"money": 0.005},
    "plan_6": {"money": -0.002, "cost": -1.0},
}


NOTHING = np.zeros(1, np.int64)


@pytest.mark.parametrize(
    ("treatment", "prices", "worth"),
    [
        ("nothing", {}, 0.0),
        ("collector/morning", {}, 37.0),  # 4,000 · 0.01 − 3
        ("collector/evening", {}, 57.0),  # 4,000 · 0.015 − 3
        ("collector/evening/plan_6", {}, 50.0),  # 4,000 · 0.013 − 2
        ("collector/morning", {"time_weight": 0.3}, 67.0),  # + 5,000 · 0.3 · 0.02
        ("collector/morning", {"cost_price": 0.5}, 35.5),  # − 0.5 · 3
        ("collector/morning", {"complaint_price": 2.0}, 27.0),  # − 5,000 · 2 · 0.001
        ("collector/morning", {"contact_price": 0.002}, 22.0),  # − 5,000 · 0.002 · 1.5
        ("sms/morning", {"complaint_price": 2.0}, 0.0),
    ],
)
def test_an_index_is_what_changes_at_its_price(treatment, prices, worth):
    found = policy(CALLS, **prices).index(seen(), NOTHING)[0, MENU.index[treatment]]
    assert found == pytest.approx(worth, rel=1e-4, abs=1e-9)


def test_an_index_is_against_the_choice_of_the_plan_which_has_none():
    found = policy(CALLS).index(seen(2), np.array([CALL, EVENING_CALL]))
    assert found[0, [0, CALL, EVENING_CALL]].tolist() == pytest.approx([-37, 0, 20], rel=1e-4)
    assert found[1, [0, CALL, EVENING_CALL]].tolist() == pytest.approx([-57, -20, 0], rel=1e-4)


@pytest.mark.parametrize(("caution", "worth"), [(0.0, 37.0), (1.0, 17.0), (2.0, -3.0)])
def test_an_improvement_on_which_the_networks_differ_counts_less(caution, worth):
    one = policy(CALLS, caution=caution)
    # Two networks say 0.005 more of the balance, two 0.005 less: a standard deviation of 0.005, or 20 on 4,000.
    spread = np.array([1.0, 1.0, -1.0, -1.0])[:, None] * 0.005
    one.tensors["bias.2"][:, :, PARTS.index("collector")] += spread
    found = one.index(seen(), NOTHING)[0]
    assert found[CALL] == pytest.approx(worth, rel=1e-3) and found[0] == 0.0
    # All networks agree on the evening, so that between two calls nothing is subtracted.
    assert one.index(seen(), np.array([CALL]))[0, EVENING_CALL] == pytest.approx(20.0, rel=1e-4)


def test_money_goes_with_the_balance_and_nothing_else_does():
    money, cost, quick, complaints, contacts = policy(CALLS).changes(seen(2, balance=np.array([1000, 8000])))[
        :, :, CALL
    ]
    assert money.tolist() == pytest.approx([10.0, 80.0])
    assert cost.tolist() == pytest.approx([3.0, 3.0]) and quick.tolist() == pytest.approx([0.02, 0.02])
    assert complaints.tolist() == pytest.approx([1e-3, 1e-3]) and contacts.tolist() == pytest.approx([1.5, 1.5])


def test_the_plan_is_left_where_another_treatment_is_worth_more_and_is_allowed():
    one = policy(CALLS)
    rows, masks = seen(4, balance=np.array([4000, 4000, 100, 9000])), np.ones((4, len(MENU)), bool)
    masks[1] = False
    masks[1, [0, SMS, CALL, SETTLE]] = True
    # An evening call for the text; where it is closed one in the morning; on 100 owed nothing pays; the offer changes nothing, the evening
    # brings 0.005 of 9,000.
    assert one.act(rows, masks).tolist() == [EVENING_CALL, CALL, 0, MENU.index["collector/evening"]]


def test_with_nothing_learnt_it_is_its_plan():
    rows, masks = seen(3, balance=np.array([100, 4000, 9000])), np.ones((3, len(MENU)), bool)
    one = policy({})
    actions = one.act(rows, masks)
    assert actions.tolist() == one.plan.act(rows, masks).tolist() == [0, SMS, SETTLE]
    assert one.priority(rows, actions).tolist() == one.plan.priority(rows, actions).tolist()
    assert one.priority(rows, actions)[2] == 3


def test_who_leaves_the_plan_for_another_queue_waits_behind_all_others():
    rows, masks = seen(3, balance=np.array([4000, 9000, 9000])), np.ones((3, len(MENU)), bool)
    # Of morning calls the one without the offer is worth more; in the place of a text a call is.
    masks[:, [n for n, name in enumerate(MENU.names) if "collector" in name]] = False
    masks[:, [CALL, SETTLE]] = True
    masks[2, CALL] = False
    one = policy({"collector": {"money": 0.01}, "settle_20": {"money": -0.002}})
    actions = one.act(rows, masks)
    assert actions.tolist() == [CALL, CALL, SETTLE] and one.priority(rows, actions).tolist() == [255, 3, 3]


def test_the_reason_is_what_it_is_worth():
    assert policy(CALLS).explain(seen()[0], CALL) == [
        "surely worth 37.00 more than «sms/morning», its plan's choice, at today's prices",
        "expected until the horizon: money +40.00, cost +3.00",
    ]
    assert policy(CALLS).explain(seen()[0], SMS) == ["as its plan would"]


# --- what there is to give ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("day", "at_work"),
    [
        ({"weekday": 0}, True),
        ({"weekday": 5, "day_off": 1}, True),  # collectors work on Saturdays
        ({"weekday": 6, "day_off": 1}, False),
        ({"weekday": 2, "day_off": 1}, False),  # a holiday
    ],
)
def test_a_shift_gives_its_people_times_their_minutes(day, at_work):
    allocation = Allocation(MENU, WORLD, np.zeros(len(MENU), np.float32))
    # Four collectors for a thousand accounts, ten for 2,500; 140 minutes of the morning, 80 of the evening.
    found = allocation.capacity(2500, seen(**day)[0])
    assert found[allocation.queue[CALL]] == (84_000 if at_work else 0)
    assert found[allocation.queue[EVENING_CALL]] == (48_000 if at_work else 0)
    assert found[allocation.queue[SMS]] == np.inf == found[allocation.queue[0]]


def test_the_legal_team_has_the_places_that_are_neither_taken_nor_waited_for():
    allocation = Allocation(MENU, WORLD, np.zeros(len(MENU), np.float32))
    # 30 places a thousand accounts: 60 for 2,000, of which a quarter is taken and 10 are waited for.
    found = allocation.capacity(2000, seen(legal_load=0.25, legal_queue=10)[0])
    assert found[allocation.queue[SUIT]] == pytest.approx(35)
    assert allocation.capacity(2000, seen(legal_load=1.0, legal_queue=4)[0])[allocation.queue[SUIT]] == 0


# Nothing, a message, a long and a short call.
QUEUE, SECONDS = np.array([1, 1, 0, 0]), np.array([1.0, 1.0, 300.0, 100.0])


@pytest.mark.parametrize(
    ("earns", "base", "seconds", "chosen"),
    [
        # Room for one long call: the second gains 85/300 over a message, the first 45, the third 65.
        ([[0, 5, 50, -1], [0, 5, 90, -1], [0, 5, 70, -1]], [0, 0, 0], 300, [1, 2, 1]),
        # The short call gains more a second (40/100 > 60/300), so that it keeps its place before a long one.
        ([[0, 0, -1, 40], [0, 0, 60, -1]], [0, 0], 300, [3, 0]),
        # Turned away from the long call, the first takes its short one if there is still room for it.
        ([[0, 0, 50, 30], [0, 0, 90, -1]], [0, 0], 400, [3, 2]),
        # Nobody works: the best of what needs no shift.
        ([[0, 5, 50, 30], [0, -5, 90, 80]], [0, 0], 0, [1, 0]),
        # Plenty: everybody gets the best.
        ([[0, 5, 50, 30], [0, -5, 90, 95]], [0, 0], 1e9, [2, 3]),
        # The plan's own call has its place, however much more another would bring, and whatever else is asked.
        ([[0, -5, 90, 80], [-9, -9, 0, -9]], [0, 2], 350, [0, 2]),
        # And another kind of call may take that place, though the shift is overdrawn.
        ([[-9, -9, 0, 9], [-9, -9, 0, -9]], [2, 2], 350, [3, 2]),
    ],
)
def test_what_the_plan_leaves_of_a_shift_goes_to_those_who_gain_most_per_second(earns, base, seconds, chosen):
    found = allocate(np.array(earns, float), np.array(base), QUEUE, SECONDS, np.array([seconds, np.inf]))
    assert found.tolist() == chosen
