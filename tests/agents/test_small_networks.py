"""Learned policies of one or two units whose outputs, probabilities, choices and reasons are worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from recoup.agents import features, learned, policy_files
from recoup.agents.explain import reasons
from recoup.sim.inputs import InputError
from recoup.sim.observation import FIELD_INDEX, FIELDS
from recoup.sim.treatments import Menu

MENU = Menu.of(["sms"], [], [])  # nothing, and a message in each of four windows


def seen(**values):
    row = np.zeros(len(FIELDS), np.float32)
    row[FIELD_INDEX["credit_score"]] = 300
    for name, value in values.items():
        row[FIELD_INDEX[name]] = value
    return row


def feature(name, observation):
    return features.encode(observation[None])[0, features.NAMES.index(name)]


def policy(memory=0, **card):
    """A network of one hidden unit, the early warning times two, that speaks for the first message."""
    known = {"activation": "tanh", "choice": "best", "layers": [1], "memory": memory} | card
    whole = learned.Card(
        format=1, name="small", scenario="made-up", algorithm="ppo", features=list(features.NAMES), menu=MENU.names,
        sha256="0" * 64, training={}, **known,
    )  # fmt: skip
    weights = {
        "hidden.0.weight": np.zeros((1, memory or features.SIZE), np.float32),
        "hidden.0.bias": np.zeros(1, np.float32),
        "output.weight": np.array([[0], [2], [0], [0], [0]], np.float32),
        "output.bias": np.array([0.5, 0, 0, 0, 0], np.float32),
    }
    if not memory:
        weights["hidden.0.weight"][0, features.NAMES.index("early_warning")] = 1.0
    return learned.LearnedPolicy(whole, weights)


# --- features ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("early_warning", 0.25, 0.5),  # 0 to 1 becomes 0 to 2
        ("weekday", 6, 2.0),
        ("days_to_payday", 31, 2.0),
        ("days_to_payday", 15.5, 1.0),  # 31 days are few enough to be felt in days
        ("macro_index", -5, 0.0),
        ("macro_index", 0, 1.0),  # −5 to 5
        ("credit_score", 300, 0.0),
        ("credit_score", 850, 2.0),
        ("credit_score", 309, 2 * math.log(10) / math.log(551)),  # 9 points above the least of 550
        ("dpd", 30, 2 * math.log(31) / math.log(3651)),
        ("balance", 8999.5, 2 * math.log(9000.5) / math.log(10_000_001)),
        ("balance", 1e7, 2.0),
    ],
)
def test_a_field_becomes_a_number_from_0_to_2_in_proportion_or_by_logarithm(name, value, expected):
    assert feature(name, seen(**{name: value})) == pytest.approx(expected, rel=1e-5)


def test_a_code_is_one_column_of_several():
    found = [feature(f"tier={tier}", seen(tier=2)) for tier in ("low", "medium", "high")]
    assert found == [0.0, 0.0, 1.0]
    assert feature("product=credit_card", seen(product=1)) == 1.0


# --- outputs and choices -----------------------------------------------------------------------------------------


def test_outputs_pass_through_the_hidden_unit():
    # Early warning 0.5 is the feature 1; tanh 1 = 0.761594; the first message gets twice that, nothing 0.5.
    row = seen(early_warning=0.5)[None]
    np.testing.assert_allclose(policy().outputs(row)[0], [0.5, 1.523188, 0, 0, 0], rtol=1e-5)
    np.testing.assert_allclose(policy(activation="relu").outputs(row)[0], [0.5, 2.0, 0, 0, 0], rtol=1e-5)


def test_the_best_allowed_treatment_is_chosen():
    rows = np.stack([seen(early_warning=0.5), seen(early_warning=0.5), seen()])
    masks = np.ones((3, 5), bool)
    masks[1, 1] = False
    assert policy().act(rows, masks).tolist() == [1, 0, 0]


def test_probabilities_are_those_of_the_allowed_treatments_by_exp_of_output():
    masks = np.array([[True, True, False, False, True]])
    # exp 0.5 = 1.648721, exp 1.523188 = 4.586825, exp 0 = 1: their sum is 7.235546.
    found = policy(choice="sampled").probabilities(seen(early_warning=0.5)[None], masks)
    np.testing.assert_allclose(found[0], [0.227864, 0.633930, 0, 0, 0.138207], rtol=1e-4)
    found = policy(choice="best").probabilities(seen(early_warning=0.5)[None], masks)
    assert found[0].tolist() == [0, 1, 0, 0, 0]


@pytest.mark.parametrize(("uniform", "chosen"), [(0.0, 0), (0.227, 0), (0.229, 1), (0.861, 1), (0.863, 4), (0.999, 4)])
def test_a_sampled_choice_is_where_the_hash_falls_among_the_cumulative_probabilities(monkeypatch, uniform, chosen):
    monkeypatch.setattr(learned, "hashed_uniforms", lambda rows: np.full(len(rows), uniform))
    masks = np.array([[True, True, False, False, True]])
    assert policy(choice="sampled").act(seen(early_warning=0.5)[None], masks).tolist() == [chosen]


def test_a_contact_cap_binds_the_policy_beyond_the_rules():
    rows = np.stack([seen(early_warning=0.5, texts_7d=3), seen(early_warning=0.5, texts_7d=2)])
    masks = np.ones((2, 5), bool)
    assert policy(contact_cap_per_week=3).act(rows, masks).tolist() == [0, 1]


# --- memory ------------------------------------------------------------------------------------------------------


def remembering():
    """One LSTM unit: gates in the order in, forget, new, out; the new value reads the early warning and the last state."""
    one = policy(memory=1)
    one._weights |= {
        "memory.input.weight": np.zeros((4, features.SIZE), np.float32),
        "memory.input.bias": np.array([0, 1, 0, 2], np.float32),
        "memory.state.weight": np.array([[0], [0], [3], [0]], np.float32),
        "memory.state.bias": np.zeros(4, np.float32),
    }
    one._weights["memory.input.weight"][2, features.NAMES.index("early_warning")] = 1.0
    one._weights["hidden.0.weight"][:] = 1.0
    return one


def logistic(x):
    return 1 / (1 + math.exp(-x))


def test_two_days_of_a_memory_of_one_unit():
    one, row = remembering(), seen(early_warning=0.5)[None]
    everybody = np.array([0])
    # Day 0: cell = ½ · tanh 1 = 0.380797; state = σ(2) · tanh 0.380797 = 0.880797 · 0.363398 = 0.320080.
    cell = 0.5 * math.tanh(1.0)
    state = logistic(2) * math.tanh(cell)
    assert state == pytest.approx(0.320080, abs=1e-5)
    assert one.outputs(row, everybody)[0, 1] == pytest.approx(2 * math.tanh(state), rel=1e-5)
    # Day 1: cell = σ(1) · cell + ½ · tanh(1 + 3 · state).
    cell = logistic(1) * cell + 0.5 * math.tanh(1 + 3 * state)
    state = logistic(2) * math.tanh(cell)
    assert one.outputs(row, everybody)[0, 1] == pytest.approx(2 * math.tanh(state), rel=1e-5)


def test_another_account_remembers_nothing_of_it():
    one, row = remembering(), seen(early_warning=0.5)[None]
    both = np.array([0, 1])
    one.outputs(np.repeat(row, 2, axis=0), both)
    one.outputs(row, both[:1])
    first, second = one.outputs(np.repeat(row, 2, axis=0), both)[:, 1]
    one.reset()
    for _ in range(2):
        again = one.outputs(np.repeat(row, 2, axis=0), both)[:, 1]
    assert second == pytest.approx(again[1], rel=1e-6)  # its second day
    assert first > second  # the other's third


# --- reasons -----------------------------------------------------------------------------------------------------


def test_the_reason_for_a_choice_is_the_field_whose_silence_would_lower_it():
    # Log weight with the warning: −ln(1 + (e^0.5 + 3)/e^1.523188) = −0.6999; with it silent: −ln(e^0.5 + 4) = −1.7315.
    said = policy().explain(seen(early_warning=0.5), 1)
    assert said == ["early_warning = 0.5 (+1.0)"]


def test_doing_nothing_is_not_explained_by_what_speaks_against_it():
    assert policy().explain(seen(early_warning=0.5), 0) == []


def test_a_policy_without_reasons_has_none():
    assert reasons(object(), seen(), 1) == []
    assert reasons(policy(), seen(early_warning=0.5), 1) == policy().explain(seen(early_warning=0.5), 1)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("tier", 2, "tier is high"),
        ("hardship", 1, "hardship: yes"),
        ("hardship", 0, "hardship: no"),
        ("balance", 12345, "balance = 1.234e+04"),
        ("paid_share", 0.25, "paid_share = 0.25"),
    ],
)
def test_values_are_said_in_words(name, value, words):
    assert learned.said(FIELDS[FIELD_INDEX[name]], value) == words


# --- files -------------------------------------------------------------------------------------------------------


def test_what_is_saved_acts_as_before(tmp_path):
    policy().save(tmp_path / "small")
    again = learned.load(tmp_path / "small.json", MENU)
    row = seen(early_warning=0.5)[None]
    np.testing.assert_allclose(again.outputs(row)[0], [0.5, 1.523188, 0, 0, 0], rtol=1e-5)


def test_weights_that_are_not_numbers_are_refused(tmp_path):
    broken = policy()
    broken._weights["output.bias"][0] = np.inf
    broken.save(tmp_path / "small")
    with pytest.raises(InputError, match="finite"):
        learned.load(tmp_path / "small.json", MENU)


def test_weights_larger_than_a_policy_can_be_are_not_read(tmp_path, monkeypatch):
    policy().save(tmp_path / "small")
    size = (tmp_path / "small.safetensors").stat().st_size
    monkeypatch.setattr(policy_files, "MOST_BYTES", size)
    learned.load(tmp_path / "small.json", MENU)
    monkeypatch.setattr(policy_files, "MOST_BYTES", size - 1)
    with pytest.raises(InputError, match=r"648 bytes.*of at most 647"):
        learned.load(tmp_path / "small.json", MENU)


def test_weights_of_one_policy_are_not_taken_for_anothers(tmp_path):
    policy().save(tmp_path / "one")
    other = policy()
    other._weights["output.bias"][0] = 9.0
    other.save(tmp_path / "other")
    (tmp_path / "other.safetensors").replace(tmp_path / "one.safetensors")
    with pytest.raises(InputError, match="sha256"):
        learned.load(tmp_path / "one.json", MENU)


def test_a_gate_of_a_memory_is_shut_without_a_warning_however_large_its_input():
    with np.errstate(over="raise"):
        shut, half, wide = learned._logistic(np.array([-1e30, 0.0, 1e30], np.float32))
    assert shut == pytest.approx(0.0, abs=1e-30) and half == 0.5 and wide == 1.0
