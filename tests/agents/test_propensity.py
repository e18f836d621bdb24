"""The success model and the greedy policy: they find what is there, see nothing hidden, and keep to masks and shifts."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from recoup.agents.explain import reasons
from recoup.agents.library import load_policy, scenarios_with
from recoup.agents.plans.plan import Plan
from recoup.agents.propensity import greedy
from recoup.agents.propensity import success_model as propensity
from recoup.agents.propensity import treatment_features as tf
from recoup.agents.propensity.success_model import Outcomes, SuccessModel
from recoup.experiments.learning.exploration import draw, exploration_weights, explore
from recoup.experiments.learning.propensity import POLICY, REPORT, measure_usage, run
from recoup.experiments.learning.settings import Study
from recoup.scenarios.schema import Scenario, load_scenario
from recoup.sim.inputs import InputError
from recoup.sim.observation import FIELD_INDEX, FIELDS
from recoup.sim.portfolio.table import FIELDS as PORTFOLIO_FIELDS
from recoup.sim.simulation import Simulation
from recoup.sim.treatments import Menu


@pytest.fixture(scope="module")
def home() -> Scenario:
    return load_scenario("china-consumer")


@pytest.fixture(scope="module")
def menu(home: Scenario) -> Menu:
    return Menu.of(home.world.channels, home.world.offers, home.world.legal)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A short study: enough to be better than nothing."""
    folder = tmp_path_factory.mktemp("study") / "run"
    run(Study("china-consumer", cohorts=2, accounts=300, seed=2, price_rounds=1), folder)
    return folder


@pytest.fixture
def policy(folder: Path, menu: Menu, home: Scenario) -> greedy.GreedyPolicy:
    return greedy.load_greedy(folder / f"{POLICY}.json", menu, home.world)


def random_observations(rows: int, rng: np.random.Generator) -> np.ndarray:
    out = np.empty((rows, len(FIELDS)), np.float32)
    for n, field in enumerate(FIELDS):
        whole = field.unit in ("yes/no", "code", "times", "days")
        high = min(field.high, field.low + 1000)
        out[:, n] = rng.integers(int(field.low), int(high) + 1, rows) if whole else rng.uniform(field.low, high, rows)
    return out


def test_a_planted_effect_is_found(menu: Menu) -> None:
    """Calls work on the young and do nothing for the old; texts do nothing: the model must say so."""
    rng = np.random.default_rng(0)
    rows = 30_000
    seen = random_observations(rows, rng)
    seen[:, FIELD_INDEX["dpd"]] = rng.choice([5, 350], rows)
    young = seen[:, FIELD_INDEX["dpd"]] == 5
    chosen = rng.choice([0, menu.index["sms/morning"], menu.index["collector/evening"], menu.index["suit"]], rows)
    called = chosen == menu.index["collector/evening"]
    chance = propensity.logistic(-1.5 + 1.0 * (called & young))
    success = rng.random(rows) < chance
    cash = (0.5 * success).astype(np.float32)
    model = propensity.fit(
        menu,
        Outcomes(
            seen, chosen, {"contact": success, "legal": success}, {"contact": cash, "legal": cash}, chosen > 0,
            np.where(chosen, 1e-4, 0.0), seen[:2000], seen[:2000, FIELD_INDEX["credit_score"]] < 500,
        ),
    )  # fmt: skip
    j = model.predict(seen)
    gain = (j.success - j.nothing_success)[:, [menu.index["sms/morning"], menu.index["collector/evening"]]]
    true = propensity.logistic(np.float32(-0.5)) - propensity.logistic(np.float32(-1.5))
    assert true - 0.05 < gain[young, 1].mean() < true + 0.015  # the prior holds back a little
    assert abs(gain[~young, 1].mean()) < 0.04
    assert abs(gain[:, 0].mean()) < 0.02
    assert j.value[:, 0].mean() == pytest.approx(0.5, abs=0.02)
    assert model.complaints(tf.modifiers(seen, model.risk(seen)))[:, 1:5].mean() == pytest.approx(1e-4, rel=0.2)
    bad_risk, good_risk = (
        model.risk(seen[(seen[:, FIELD_INDEX["credit_score"]] < 500) == bad]).mean() for bad in (True, False)
    )
    assert bad_risk > good_risk + 1


def test_nothing_hidden_or_protected_is_read() -> None:
    fields = {field.name for field in FIELDS}
    unseen = {column.name for column in PORTFOLIO_FIELDS if column.role != "visible"}
    assert unseen
    plain = {name.partition("=")[0] for name in tf.ACCOUNT_COLUMNS[: -len(tf.MODIFIERS)]}
    assert plain <= fields and not unseen & {*tf.ACCOUNT_COLUMNS, *propensity.SCORECARD, *plain}


def test_samples_are_lawful_and_as_likely_as_stated(menu: Menu) -> None:
    rng = np.random.default_rng(1)
    masks = rng.random((4, len(menu))) < 0.4
    masks[:, 0] = True
    chosen, chances = draw(np.repeat(masks, 20_000, axis=0), exploration_weights(menu), rng)
    for row in range(4):
        mine, p = chosen[row * 20_000 : (row + 1) * 20_000], chances[row * 20_000 : (row + 1) * 20_000]
        assert masks[row, mine].all()
        for treatment in np.unique(mine):
            assert (mine == treatment).mean() == pytest.approx(p[mine == treatment][0], abs=0.015)


def test_logs_tell_what_happened(home: Scenario, menu: Menu) -> None:
    plan = Plan.load("staged", menu)
    logs = explore(home, plan, home.portfolio(150, 3), 3, (14, 60), logged_days=40)
    again = explore(home, plan, home.portfolio(150, 3), 3, (14, 60), logged_days=40)
    assert np.array_equal(logs.observations, again.observations) and np.array_equal(logs.cash, again.cash)
    assert ((logs.paid_after <= 14) == (logs.cash[:, 0] > 0)).all()
    assert ((logs.paid_after <= 60) == (logs.cash[:, 1] > 0)).all() and (logs.cash[:, 1] >= logs.cash[:, 0]).all()
    assert not logs.reached[logs.treatments == 0].any() and not logs.complaint_risk[logs.treatments == 0].any()
    assert logs.reached.any() and logs.unresolved.any() and not logs.unresolved.all()


def test_what_is_saved_is_loaded(
    folder: Path, policy: greedy.GreedyPolicy, tmp_path: Path, menu: Menu, home: Scenario
) -> None:
    policy.save(tmp_path / "again")
    again = greedy.load_greedy(tmp_path / "again.json", menu, home.world)
    assert again.card == policy.card
    assert all(np.array_equal(again.model.tensors[name], w) for name, w in policy.model.tensors.items())
    seen = random_observations(200, np.random.default_rng(0))
    np.testing.assert_array_equal(policy.earns(seen), again.earns(seen))
    assert load_policy(str(tmp_path / "again.json"), "china-consumer", home.world).identity == policy.card
    report = json.loads((folder / REPORT).read_text())
    assert report["contact"]["auc"] > 0.75 and report["contact"]["brier"] < report["contact"]["brier_of_base_rate"]
    assert report["scorecard"]["auc"] > 0.6


def test_foreign_files_are_one_line(policy: greedy.GreedyPolicy, tmp_path: Path, menu: Menu, home: Scenario) -> None:
    stem = tmp_path / "policy"
    policy.save(stem)
    card = stem.with_suffix(".json")
    few = Menu.of(["sms"], [], [])
    with pytest.raises(InputError, match="menu"):
        greedy.load_greedy(card, few, home.world)
    weights = stem.with_suffix(".safetensors")
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    with pytest.raises(InputError, match="sha256") as caught:
        greedy.load_greedy(card, menu, home.world)
    assert "\n" not in str(caught.value)
    for change in ({"algorithm": "greedy-propensity", "complaint_price": "dear"}, {"sha256": "no"}, {"format": 2}):
        card.write_text(json.dumps({**policy.card.model_dump(), **change}))
        with pytest.raises(InputError):
            load_policy(str(card), "china-consumer", home.world)
    weights.unlink()
    card.write_text(policy.card.model_dump_json())
    with pytest.raises(InputError, match="weights"):
        greedy.load_greedy(card, menu, home.world)


@settings(max_examples=60, deadline=None)
@given(
    earns=arrays(np.float64, (12, 7), elements=st.integers(-10_000, 10_000).map(lambda cents: cents / 100)),
    allowed=arrays(np.bool_, (12, 7)),
    capacity=arrays(np.float64, 3, elements=st.floats(0, 900)),
)
def test_no_shift_is_overdrawn(earns: np.ndarray, allowed: np.ndarray, capacity: np.ndarray) -> None:
    queue, seconds = np.array([3, 3, 0, 0, 1, 2, 2]), np.array([1, 1, 240, 300, 240, 60, 1.0])
    allowed[:, 0], earns[:, 0] = True, 0.0
    limits = np.array([*capacity, np.inf])
    chosen = greedy.allocate(np.where(allowed, earns, -np.inf), queue, seconds, limits)
    rows = np.arange(12)
    assert allowed[rows, chosen].all() and (earns[rows, chosen] >= 0).all()
    assert (np.bincount(queue[chosen], seconds[chosen], 4) <= limits + 1e-9).all()
    # With plenty of everything, everybody gets the best.
    plenty = greedy.allocate(np.where(allowed, earns, -np.inf), queue, seconds, np.array([1e9, 1e9, 1e9, np.inf]))
    assert (earns[rows, plenty] == np.where(allowed, earns, -np.inf).max(axis=1)).all()


def test_effort_goes_where_it_earns_most() -> None:
    earns = np.array([[0.0, 5.0, 50.0], [0.0, 5.0, 90.0], [0.0, 5.0, 70.0]])
    queue, seconds = np.array([1, 1, 0]), np.array([1.0, 1.0, 300.0])
    chosen = greedy.allocate(earns, queue, seconds, np.array([600.0, np.inf]))
    assert chosen.tolist() == [1, 2, 2]


def test_the_greedy_policy_is_lawful_and_repeats_itself(policy: greedy.GreedyPolicy, home: Scenario) -> None:
    simulation = Simulation(home.world, home.portfolio(200, 4), home.rules, 4)
    for _ in range(40):
        seen, masks = simulation.observe(), simulation.masks()
        actions = policy.act(seen, masks, simulation.open_accounts)
        assert masks[np.arange(len(actions)), actions].all()
        np.testing.assert_array_equal(actions, policy.act(seen, masks, simulation.open_accounts))
        priority = policy.priority(seen, actions)
        assert priority.min() >= 0 and priority.max() <= 255
        simulation.advance(actions, priority)
    assert reasons(policy, seen[0], 0) == [] and "a payment within" in reasons(policy, seen[0], 1)[0]
    assert not simulation.blocked_by_rule()


def test_even_a_short_study_is_better_than_no_contact(policy: greedy.GreedyPolicy, home: Scenario, menu: Menu) -> None:
    nothing = Plan.load("no-contact", menu)
    for seed in (11, 12):
        mine, theirs = (measure_usage(home, one, 300, seed) for one in (policy, nothing))
        assert mine.recovery - mine.cost > theirs.recovery - theirs.cost + 0.015


@pytest.mark.parametrize("scenario", scenarios_with("greedy"))
def test_shipped_models_load(scenario: str) -> None:
    world = load_scenario(scenario).world
    policy = load_policy("greedy", scenario, world)
    assert isinstance(policy, greedy.GreedyPolicy) and isinstance(policy.model, SuccessModel)
    assert policy.card.scenario == scenario and policy.card.results
