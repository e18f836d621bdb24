"""A network that is told prices, and one that improves a plan."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from recoup.agents import learned, price_family
from recoup.agents.features import NAMES, encode, one_hot
from recoup.agents.plans.plan import Plan
from recoup.agents.price_family import HIGHEST, PRICES, PriceFamily, load_family, price_inputs, prices_at
from recoup.agents.training import learners
from recoup.agents.training.hidden_state import HIDDEN_SIZE, TRUST
from recoup.agents.training.objective import Objective
from recoup.experiments.learning.settings import Training
from recoup.experiments.learning.training import environment
from recoup.scenarios.schema import load_scenario
from recoup.sim.inputs import InputError
from recoup.sim.treatments import Menu

HOME = load_scenario("china-consumer")
MENU = Menu.of(HOME.world.channels, HOME.world.offers, HOME.world.legal)
SMALL = Training(accounts=30, cohorts=2, paired_rollouts=1, steps=1, lever_worlds=0.0, domain_randomisation=0.0)


def card(kind, **changes):
    of = {
        "format": 1, "name": "made-up", "scenario": "china-consumer", "algorithm": "ppo", "layers": [4], "training": {},
        "features": list(NAMES), "menu": MENU.names, "choice": "best",
    }  # fmt: skip
    return kind(**{**of, **changes})


def family(seed=3):
    rng = np.random.default_rng(seed)
    made = card(price_family.Card, prices=list(PRICES))
    shapes = learned.shapes(made, len(PRICES))
    return PriceFamily(made, {name: rng.normal(size=shape).astype(np.float32) for name, shape in shapes.items()})


def seen_in(env):
    """What the cohorts' accounts look like today, natural units."""
    return np.concatenate([one.simulation.observe(np.arange(env.size)) for one in env.envs])


def days(count=40):
    """Observations and masks of a home cohort on its first morning."""
    env = environment(replace(SMALL, accounts=count), HOME, Objective())
    env.reset()
    return seen_in(env)[:count], env.action_masks()[:count]


def test_inputs_are_square_roots_of_shares_of_the_highest_price_and_never_above_one():
    told = price_inputs({"complaint_price": 2.0, "contact_price": 0.003, "staff_price": 6.0})  # of 8, 0.003 and 1.5
    np.testing.assert_allclose(told, [0.5, 1.0, 1.0])
    assert prices_at(np.array([0.5, 1.0, 0.0])) == {
        "complaint_price": pytest.approx(2.0),
        "contact_price": pytest.approx(0.003),
        "staff_price": 0.0,
    }


def test_at_given_prices_a_policy_acts_as_the_network_does_that_is_told_them():
    whole, (seen, _) = family(), days()
    prices = prices_at(np.array([0.3, 0.9, 0.5]))
    x = np.hstack([encode(seen), np.tile(np.array([0.3, 0.9, 0.5]), (len(seen), 1))])
    hidden = np.tanh(x @ whole.weights["hidden.0.weight"].T + whole.weights["hidden.0.bias"])
    expected = hidden @ whole.weights["output.weight"].T + whole.weights["output.bias"]
    np.testing.assert_allclose(whole.at(prices).outputs(seen), expected, rtol=1e-3, atol=1e-3)
    assert not np.allclose(whole.at(HIGHEST).outputs(seen), expected, atol=0.1)
    assert whole.at(prices, "mine").card.training["prices"] == {name: pytest.approx(prices[name]) for name in PRICES}


def test_a_family_comes_back_from_its_files(tmp_path):
    one = family()
    one.save(tmp_path / "family")
    back = load_family(tmp_path / "family.json", MENU)
    assert all(np.array_equal(back.weights[name], one.weights[name]) for name in one.weights)
    text = json.loads((tmp_path / "family.json").read_text())
    (tmp_path / "family.json").write_text(json.dumps({**text, "prices": ["dinner", "lunch", "tea"]}))
    with pytest.raises(InputError, match="dinner, lunch, tea"):
        load_family(tmp_path / "family.json", MENU)


@pytest.mark.parametrize(
    ("harm", "expected"),
    [
        (lambda card, weights: (card, weights[:-1] + bytes([weights[-1] ^ 1])), "sha256"),
        (lambda card, weights: ({**card, "layers": [7]}, weights), "tensors"),
        (lambda card, weights: ({**card, "menu": [*card["menu"][:-1], "pigeon/evening"]}, weights), "pigeon/evening"),
        (lambda card, weights: ({**card, "features": ["willingness", *card["features"][1:]]}, weights), "willingness"),
        (lambda card, weights: ({**card, "prices": card["prices"][::-1]}, weights), "staff_price, contact_price"),
        (lambda card, weights: ({name: card[name] for name in card if name != "prices"}, weights), "prices"),
    ],
)
def test_tampered_and_foreign_families_are_refused_in_one_line(tmp_path, harm, expected):
    family().save(tmp_path / "family")
    files = tmp_path / "family.json", tmp_path / "family.safetensors"
    document, weights = harm(json.loads(files[0].read_text()), files[1].read_bytes())
    files[0].write_text(json.dumps(document))
    files[1].write_bytes(weights)
    with pytest.raises(InputError, match=expected) as caught:
        load_family(files[0], MENU)
    assert "\n" not in str(caught.value)


def test_each_cohort_pays_the_prices_that_its_learner_is_told():
    env = environment(replace(SMALL, price_family=True, cohorts=2), HOME, Objective(time_weight=0.3))
    first = env.reset()
    told = first[:, len(NAMES) : len(NAMES) + 3]
    assert len(np.unique(told, axis=0)) == 2  # one row for each of two cohorts
    for number, objective in enumerate(env._objectives):
        prices = prices_at(told[30 * number])
        assert (objective.complaint_price, objective.contact_price, objective.staff_price) == pytest.approx(
            tuple(prices.values())
        )
        assert objective.time_weight == 0.3


def test_a_choice_has_a_column_of_its_own():
    np.testing.assert_array_equal(one_hot(np.array([2, 0]), 3), [[0, 0, 1], [1, 0, 0]])


def improving(**changes):
    settings = replace(SMALL, improve="staged", **changes)
    env = environment(settings, HOME, Objective())
    env.reset()
    parameters = learners.hyperparameters("maskable-ppo")
    learner = learners.build("maskable-ppo", env, parameters, 5)
    learners.standardise(learner, env._shown(), env.planned_columns)
    return learner, env


@pytest.mark.parametrize("told", [False, True])
def test_at_first_a_network_that_improves_a_plan_is_likely_to_do_what_the_plan_does(told):
    import torch

    learner, env = improving(price_family=told)
    seen, masks = seen_in(env), env.action_masks()
    x = env._shown()
    planned = Plan.load("staged", MENU).act(seen, masks)
    odds = learner.policy.get_distribution(torch.tensor(x), masks)._logits.detach().numpy()  # type: ignore[attr-defined]
    for row, choice in enumerate(planned):
        others = [n for n in range(len(MENU)) if masks[row, n] and n != choice]
        # Before any learning all else is nearly alike: the last layer's other weights are small.
        np.testing.assert_allclose(odds[row, choice] - odds[row, others], TRUST, atol=0.4)


def test_from_its_file_a_network_that_improves_a_plan_acts_as_in_training(tmp_path):
    import torch

    learner, env = improving()
    seen, masks = seen_in(env), env.action_masks()
    x = env._shown()
    from recoup.agents.plans.plan_file import find_plan, read_plan

    plan = read_plan(find_plan("staged")).model_dump(exclude_none=True)
    made = card(learned.Card, layers=[64, 64], improves=plan, algorithm="maskable-ppo", choice="sampled")
    learned.LearnedPolicy(made, learners.weights("maskable-ppo", learner)).save(tmp_path / "policy")
    back = learned.load(tmp_path / "policy.json", MENU)
    theirs = learner.policy.get_distribution(torch.tensor(x), masks).probabilities.detach().numpy()  # type: ignore[attr-defined]
    np.testing.assert_allclose(back.probabilities(seen, masks), theirs, atol=1e-4)


def test_the_actor_that_improves_a_plan_sees_no_hidden_state():
    import torch

    learner, env = improving()
    x = torch.tensor(env._shown())
    other = x.clone()
    other[:, -HIDDEN_SIZE:] = 7.0
    policy = learner.policy
    latent = [policy.mlp_extractor.forward_actor(policy.extract_features(one)) for one in (x, other)]
    assert torch.equal(*latent) and latent[0].shape[1] == 64 + len(MENU)


def test_only_learners_with_the_hidden_state_critic_improve_a_plan(tmp_path):
    from recoup.experiments.learning.training import train

    with pytest.raises(InputError, match="--improve"):
        train(replace(SMALL, improve="staged", hidden_state_critic=False), tmp_path / "run")
