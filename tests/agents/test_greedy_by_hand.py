"""The success model and the greedy policy with coefficients chosen by hand: every probability and every sum worked out."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest

from recoup.agents.propensity import success_model
from recoup.agents.propensity import treatment_features as tf
from recoup.agents.propensity.greedy import Allocation, Card, GreedyPolicy, allocate
from recoup.agents.propensity.success_model import SCORECARD, Outcomes, SuccessModel, entry_columns, fit
from recoup.scenarios.schema import load_scenario
from recoup.sim.observation import FIELD_INDEX, FIELDS
from recoup.sim.treatments import Menu

HOME = load_scenario("china-consumer")
_COSTS = HOME.world.costs
WORLD = HOME.world.model_copy(  # a collector costs 0.8 a minute here
    update={"costs": _COSTS.model_copy(update={"minute": {**_COSTS.minute, "collector": 0.8}})}
)
MENU = Menu.of(["sms", "collector", "letter"], ["plan_6", "settle_20"], ["notice", "suit"])
SMS, CALL, EVENING_CALL, SETTLE, SUIT, NOTICE = (
    MENU.index[name]
    for name in (
        "sms/morning", "collector/morning", "collector/evening", "collector/morning/settle_20", "suit",
        "letter/morning/notice",
    )
)  # fmt: skip


def seen(rows=1, **values):
    out = np.zeros((rows, len(FIELDS)), np.float32)
    out[:, FIELD_INDEX["credit_score"]] = 600
    for name in ("days_since_attempt", "days_since_reached", "days_since_payment"):
        out[:, FIELD_INDEX[name]] = 365
    out[:, FIELD_INDEX["balance"]] = out[:, FIELD_INDEX["monthly_income"]] = 4000
    for name, value in values.items():
        out[:, FIELD_INDEX[name]] = value
    return out


def logistic(x):
    return 1 / (1 + math.exp(-x))


def model(**changes):
    """All coefficients 0 but those named: `head_of_tensor={column: value}` or a number for a bias."""
    tensors = {
        name: np.zeros(shape, np.float32)
        for name, shape in success_model.shapes(len(MENU), len(tf.ACCOUNT_COLUMNS)).items()
    }
    columns = {"account": tf.ACCOUNT_COLUMNS, "part": tf.PARTS}
    for name, value in changes.items():
        name = name.replace("_of_", ".")
        kind = name.rsplit(".", 1)[1]
        if kind == "effect":
            for (modifier, one), number in value.items():
                tensors[name][tf.MODIFIERS.index(modifier), tf.KINDS.index(one)] = number
        elif kind in columns:
            for column, number in value.items():
                tensors[name][columns[kind].index(column)] = number
        else:
            tensors[name][:] = value
    return SuccessModel(MENU, tensors)


# --- what is known of accounts and treatments ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("modifier", "values", "expected"),
    [
        ("recent_attempt", {"days_since_attempt": 6}, math.exp(-1)),
        ("recent_reach", {"days_since_reached": 14}, math.exp(-2)),
        ("recent_payment", {"days_since_payment": 14}, math.exp(-1)),
        ("calls_7d", {"calls_7d": 5}, 1.0),
        ("visits_30d", {"visits_30d": 1}, 0.5),
        ("debt_age", {"dpd": 90}, 0.5),
        ("debt_age", {"dpd": 900}, 2.0),
        ("liquidity", {"monthly_income": 8000, "balance": 4000}, math.log(2) / 2),
        ("liquidity", {"monthly_income": 1, "balance": 4000}, -2.0),  # ln(1/4,000) = −8.3 counts as −4
        ("promises_broken", {"promises_broken": 1}, 1 / 3),
        ("promises_broken", {"promises_broken": 9}, 1.0),
        ("offers_refused", {"offers_refused": 10}, 1.0),
    ],
)
def test_modifiers_fade_and_are_of_order_one(modifier, values, expected):
    found = tf.modifiers(seen(**values), np.zeros(1, np.float32))
    assert found[0, tf.MODIFIERS.index(modifier)] == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(("risk", "expected"), [(1.0, 0.5), (9.0, 2.0), (-9.0, -2.0)])
def test_the_score_is_a_modifier_within_bounds(risk, expected):
    found = tf.modifiers(seen(), np.array([risk], np.float32))
    assert found[0, tf.MODIFIERS.index("risk")] == expected


@pytest.mark.parametrize(
    ("name", "parts", "kinds", "arm"),
    [
        ("nothing", set(), set(), "nothing"),
        ("sms/evening", {"sms"}, {"text"}, "sms"),
        ("collector/evening/plan_6", {"collector", "live/evening", "plan_6"}, {"person", "plan"}, "collector/plan"),
        ("collector/morning", {"collector"}, {"person"}, "collector"),  # windows count against the morning
        ("letter/morning/settle_20", {"letter", "settle_20"}, {"letter", "settlement"}, "letter/settlement"),
        ("letter/morning/notice", {"letter", "notice"}, {"letter", "notice"}, "letter/notice"),
        ("suit", {"suit"}, {"suit"}, "suit"),
    ],
)
def test_a_treatment_is_made_of_its_parts_and_kinds(name, parts, kinds, arm):
    n = MENU.index[name]
    assert {part for part, one in zip(tf.PARTS, tf.parts(MENU)[n], strict=True) if one} == parts
    assert {kind for kind, one in zip(tf.KINDS, tf.kinds(MENU)[n], strict=True) if one} == kinds
    assert tf.arm(MENU.treatments[n]) == arm


def test_the_scorecard_reads_what_was_known_on_the_first_day():
    # 40 days past due after 10 in the portfolio: entered at 30.
    row = seen(dpd=40, days_in_portfolio=10, opening_balance=5000, credit_score=650, early_warning=0.8, product=1,
               tenure_months=11, prior_delinquencies=9)  # fmt: skip
    found = dict(zip(SCORECARD, entry_columns(row)[0], strict=True))
    assert found["log_dpd"] == pytest.approx(math.log(31) / 3, rel=1e-5)
    assert found["log_balance"] == pytest.approx(math.log(5001) / 5 - 1.8, rel=1e-4)
    assert found["credit_score"] == pytest.approx(0.5)
    assert found["early_warning"] == pytest.approx(0.3)
    assert found["log_tenure"] == pytest.approx(math.log(12) / 3, rel=1e-5)
    assert found["prior_delinquencies"] == pytest.approx(2.0)  # six at most
    assert (found["credit_card"], found["instalment_purchase"]) == (1.0, 0.0)


# --- the success model -------------------------------------------------------------------------------------------


def test_success_is_the_logistic_of_account_parts_and_effects():
    known = model(
        contact_of_success_of_bias=-2.0,
        contact_of_success_of_account={"early_warning": -1.0},
        contact_of_success_of_part={"collector": 0.7, "live/evening": 0.3, "sms": 0.1},
        contact_of_success_of_effect={("recent_attempt", "person"): -0.5},
    )
    # Early warning 0.5 is the feature 1. An attempt six days ago is the modifier 1/e = 0.367879.
    found = known.predict(seen(early_warning=0.5, days_since_attempt=6)).success[0]
    tired = -0.5 * math.exp(-1)
    assert found[0] == pytest.approx(logistic(-3.0), rel=1e-5)
    assert found[SMS] == pytest.approx(logistic(-2.9), rel=1e-5)
    assert found[CALL] == pytest.approx(logistic(-2.3 + tired), rel=1e-5)
    assert found[EVENING_CALL] == pytest.approx(logistic(-2.0 + tired), rel=1e-5)


def test_steps_of_law_and_contacts_are_each_compared_with_nothing_by_their_own_head():
    known = model(
        contact_of_success_of_bias=-2.0,
        legal_of_success_of_bias=0.5,
        legal_of_success_of_part={"suit": 1.0},
        contact_of_cash_of_bias=0.4,
        contact_of_later_of_bias=0.1,
        legal_of_cash_of_bias=0.9,
        legal_of_later_of_bias=0.15,
    )
    found = known.predict(seen())
    assert found.nothing_success[0, CALL] == pytest.approx(logistic(-2.0), rel=1e-5)
    assert found.nothing_success[0, SUIT] == pytest.approx(logistic(0.5), rel=1e-5)
    assert found.success[0, SUIT] == pytest.approx(logistic(1.5), rel=1e-5)
    # What a success brings beyond what comes later without one: 0.4 − 0.1 and 0.9 − 0.15.
    assert found.value[0, CALL] == pytest.approx(0.3) == found.nothing_value[0, CALL]
    assert found.value[0, SUIT] == pytest.approx(0.75) == found.nothing_value[0, NOTICE]


@pytest.mark.parametrize(
    ("cash", "later", "value"),
    [(0.3, 0.5, 0.0), (2.0, 0.0, 1.2), (-0.2, 0.0, 0.0), (0.5, -0.3, 0.5)],
)
def test_the_value_of_a_success_is_never_negative_and_at_most_the_balance_with_interest_and_fees(cash, later, value):
    found = model(contact_of_cash_of_bias=cash, contact_of_later_of_bias=later).predict(seen())
    assert found.value[0, SMS] == pytest.approx(value)


def test_complaints_grow_with_what_irritates_and_nothing_or_a_suit_draws_none():
    known = model(complaint_of_bias=-7.0, complaint_of_weight=0.0)
    known.tensors["complaint.weight"][tf.PARTS.index("collector")] = 1.0
    known.tensors["complaint.weight"][8:] = [2.0, 0.5, 0.0, 0.0]  # recent attempt, calls, texts, visits
    found = known.predict(seen(days_since_attempt=0, calls_7d=5)).complaint[0]
    # −7 + 2 · 1 + 0.5 · 1 = −4.5; a call one more.
    assert found[SMS] == pytest.approx(math.exp(-4.5), rel=1e-5)
    assert found[CALL] == pytest.approx(math.exp(-3.5), rel=1e-5)
    assert found[NOTICE] == pytest.approx(math.exp(-4.5), rel=1e-5)  # a letter is a contact
    assert (found[0], found[SUIT]) == (0.0, 0.0)


# --- fitting -----------------------------------------------------------------------------------------------------


def logs(rows=40_000):
    """Treatments at random; what they bring depends on the treatment and the early warning alone."""
    rng = np.random.default_rng(0)
    observations = seen(rows, early_warning=rng.choice([0.0, 1.0], rows))
    treatments = rng.choice([0, SMS, CALL, EVENING_CALL, SUIT], rows)
    lift = np.select([treatments == CALL, treatments == EVENING_CALL], [1.0, 1.6], 0.0)
    warned = observations[:, FIELD_INDEX["early_warning"]]
    contact = rng.random(rows) < 1 / (1 + np.exp(-(-1.0 - 1.0 * warned + lift)))
    legal = rng.random(rows) < 1 / (1 + np.exp(-(-0.5 + 1.5 * (treatments == SUIT))))
    reached = (treatments == CALL) & (np.arange(rows) % 4 == 0) | (treatments == EVENING_CALL)
    # A success brings 0.6 of the balance, and what fails 0.1 later; by law 0.9 and 0.
    cash = {"contact": np.where(contact, 0.6, 0.1), "legal": np.where(legal, 0.9, 0.0)}
    risk = np.where(
        np.isin(treatments, [SMS, CALL, EVENING_CALL]), np.where(np.arange(rows) % 2, 1e-4, 3e-4), 0.0
    )  # 0.0002 in the mean
    entries = seen(4000, credit_score=np.repeat([500, 700], 2000))
    unresolved = np.concatenate([rng.random(2000) < 0.8, rng.random(2000) < 0.2])
    return Outcomes(
        observations, treatments, {"contact": contact, "legal": legal}, cash, reached, risk, entries, unresolved
    )


@pytest.fixture(scope="module")
def fitted():
    return fit(MENU, logs())


@pytest.mark.parametrize(
    ("treatment", "warned", "expected"),
    [
        (0, 0.0, logistic(-1.0)),
        (0, 1.0, logistic(-2.0)),
        (SMS, 0.0, logistic(-1.0)),
        (CALL, 0.0, logistic(0.0)),
        (CALL, 1.0, logistic(-1.0)),
        (EVENING_CALL, 0.0, logistic(0.6)),
        (SUIT, 0.0, logistic(1.0)),
        (SUIT, 1.0, logistic(1.0)),
    ],
)
def test_planted_probabilities_are_recovered(fitted, treatment, warned, expected):
    assert fitted.predict(seen(early_warning=warned)).success[0, treatment] == pytest.approx(expected, abs=0.02)


def test_an_effect_is_told_per_unit_of_its_modifier_although_it_was_fitted_to_a_fifth_of_it():
    columns = len(tf.ACCOUNT_COLUMNS) + len(tf.PARTS) + len(tf.MODIFIERS) * len(tf.KINDS)
    fitted = SimpleNamespace(coef_=np.full((1, columns), 3.0), intercept_=np.array([0.5]))
    found = success_model._split("head", fitted, 0.2)
    assert (found["head.bias"][0], found["head.account"][0], found["head.part"][0]) == (0.5, 3.0, 3.0)
    np.testing.assert_allclose(found["head.effect"], 0.6, rtol=1e-6)  # 3 · 0.2


def test_planted_coefficients_are_recovered(fitted):
    part = dict(zip(tf.PARTS, fitted.tensors["contact.success.part"], strict=True))
    # The kind «person» shares a little of the call's effect with its part; the window has its own.
    assert part["live/evening"] == pytest.approx(0.6, abs=0.1)
    assert part["sms"] == pytest.approx(0.0, abs=0.1)


def test_what_is_done_by_law_teaches_contacts_nothing_and_the_other_way_round(fitted):
    assert np.abs(fitted.tensors["contact.success.part"][tf.PARTS.index("suit")]) < 1e-6
    assert np.abs(fitted.tensors["legal.success.part"][tf.PARTS.index("collector")]) < 1e-6
    assert fitted.predict(seen()).nothing_success[0, SUIT] == pytest.approx(logistic(-0.5), abs=0.02)


def test_the_money_of_a_success_is_taken_beyond_what_comes_without_one(fitted):
    found = fitted.predict(seen())
    assert found.value[0, CALL] == pytest.approx(0.5, abs=0.01)  # 0.6 − 0.1
    assert found.value[0, SUIT] == pytest.approx(0.9, abs=0.01)


def test_reach_is_the_share_of_attempts_by_channel_and_window(fitted):
    reach = fitted.tensors["reach"]
    assert reach[CALL] == pytest.approx(0.25, abs=0.02)
    assert reach[SETTLE] == reach[CALL]  # of the same channel and window, whatever is offered
    assert (reach[EVENING_CALL], reach[SMS], reach[MENU.index["letter/morning"]]) == (1.0, 0.0, 0.0)


def test_complaints_are_means_not_medians(fitted):
    """Half are 0.0001 and half 0.0003: a mean of 0.0002; a regression of the logarithm alone would say 0.000173."""
    assert fitted.predict(seen()).complaint[0, CALL] == pytest.approx(2e-4, rel=0.03)


def test_the_scorecard_says_how_likely_an_account_stays_unresolved(fitted):
    bad, good = (logistic(float(fitted.risk(seen(credit_score=score))[0])) for score in (500, 700))
    assert bad == pytest.approx(0.8, abs=0.03) and good == pytest.approx(0.2, abs=0.03)


# --- greedy ------------------------------------------------------------------------------------------------------


def card(**changes):
    return Card(scenario="made-up", success_days=14, legal_days=150, features=[], menu=MENU.names, **changes)


def greedy(known, **changes):
    known.tensors["reach"][[CALL, EVENING_CALL, SETTLE]] = 0.25
    return GreedyPolicy(card(**changes), known, WORLD)


def test_what_a_call_earns():
    known = model(
        contact_of_success_of_bias=-1.0,
        contact_of_success_of_part={"collector": 1.0, "settle_20": 0.5},
        contact_of_cash_of_bias=0.5,
        complaint_of_bias=-5.0,
    )
    # Four thousand owed; success 0.5 (with a settlement σ(0.5) = 0.622459), 0.268941 with nothing done; half the balance each.
    gain = 4000 * (0.5 * 0.5 - 0.268941 * 0.5)
    # A call that reaches one in four: 0.25 · 480 + 0.75 · 240 = 300 seconds at 0.8 a minute, and 0.05 for the attempt.
    bill = 0.05 + 0.8 * 300 / 60
    complaints = 500 * math.exp(-5)
    found = greedy(known).earns(seen())[0]
    assert found[CALL] == pytest.approx(gain - bill - complaints, rel=1e-4)
    # Prices: cost counts half as much again, complaints three times.
    found = greedy(known, cost_price=0.5, complaint_price=3.0).earns(seen())[0]
    assert found[CALL] == pytest.approx(gain - 1.5 * bill - 3 * complaints, rel=1e-4)
    # An offer takes 180 seconds more where the debtor is reached: 45 more in the mean; papers cost 20 if it succeeds.
    gain = 4000 * (0.622459 - 0.268941) * 0.5
    bill = 0.05 + 0.8 * 345 / 60 + 20 * 0.622459
    found = greedy(known).earns(seen())[0]
    assert found[SETTLE] == pytest.approx(gain - bill - complaints, rel=1e-4)
    assert found[0] == 0.0


def test_what_a_suit_costs():
    found = greedy(model()).earns(seen(balance=30_000))[0]
    # Handling 500; the court takes 50 and 2.5 % of the 20,000 beyond 10,000, halved in summary procedure: 275.
    assert found[SUIT] == pytest.approx(-775.0)
    assert found[NOTICE] == pytest.approx(
        -6 - 30 - 500
    )  # the letter, the notice, and a sure complaint: exp 0 = 1 of 500


def test_a_day_of_two_accounts():
    known = model(
        contact_of_success_of_bias=-1.0,
        contact_of_success_of_part={"collector": 1.0},
        contact_of_cash_of_bias=0.5,
        complaint_of_bias=-20.0,
    )
    one, rows = greedy(known), seen(2, balance=np.array([4000, 1.0]), weekday=0)
    masks = np.zeros((2, len(MENU)), bool)
    masks[:, [0, SMS, CALL]] = True
    # A call gains 462 on 4,000 owed and costs 4.05; on 1 owed it is not worth it, and a message does nothing for 0.05.
    assert one.act(rows, masks).tolist() == [CALL, 0]
    masks[:, CALL] = False
    assert one.act(rows, masks).tolist() == [0, 0]


def test_the_longest_queue_serves_first_who_earns_most_per_second():
    known = model(
        contact_of_success_of_bias=-1.0, contact_of_success_of_part={"collector": 1.0}, contact_of_cash_of_bias=0.5,
        complaint_of_bias=-20.0,
    )  # fmt: skip
    rows = seen(3, balance=np.array([1000, 9000, 4000]))
    assert greedy(known).priority(rows, np.array([CALL, CALL, CALL])).tolist() == [170, 0, 85]  # 255 · (2, 0, 1)/3


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


QUEUE, SECONDS = (
    np.array([1, 1, 0, 0]),
    np.array([1.0, 1.0, 300.0, 100.0]),
)  # nothing, a message, a long and a short call


@pytest.mark.parametrize(
    ("earns", "seconds", "chosen"),
    [
        # Room for one long call: the second gains 85/300 over a message, the first 45, the third 65.
        ([[0, 5, 50, -1], [0, 5, 90, -1], [0, 5, 70, -1]], 300, [1, 2, 1]),
        # The short call gains more a second (40/100 > 60/300), so that it keeps its place before a long one.
        ([[0, 0, -1, 40], [0, 0, 60, -1]], 300, [3, 0]),
        # Turned away from the long call, the first takes its short one if there is still room for it.
        ([[0, 0, 50, 30], [0, 0, 90, -1]], 400, [3, 2]),
        # Nobody works: the best of what needs no shift.
        ([[0, 5, 50, 30], [0, -5, 90, 80]], 0, [1, 0]),
        # Plenty: everybody gets the best.
        ([[0, 5, 50, 30], [0, -5, 90, 95]], 1e9, [2, 3]),
    ],
)
def test_a_shift_goes_to_those_who_gain_most_per_second(earns, seconds, chosen):
    found = allocate(np.array(earns, float), QUEUE, SECONDS, np.array([seconds, np.inf]))
    assert found.tolist() == chosen


def test_the_reason_is_the_two_probabilities_and_what_is_earned():
    known = model(
        contact_of_success_of_bias=-1.0, contact_of_success_of_part={"collector": 1.0}, contact_of_cash_of_bias=0.5,
        complaint_of_bias=-20.0,
    )  # fmt: skip
    # σ(0) = 50 %, σ(−1) = 26.9 %; 4,000 · (0.25 − 0.134471) − 4.05 = 458.07
    assert greedy(known).explain(seen()[0], CALL) == [
        "a payment within 14 days: 50.0%, 26.9% with nothing done",
        "expected to earn 458.07",
    ]
    assert greedy(known).explain(seen()[0], SUIT)[0].startswith("a payment within 150 days: ")
