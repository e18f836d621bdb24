"""Networks that improve a plan: what they make of its choice, in their files and in training, with sums by hand."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest

from recoup.agents import features, learned, price_family
from recoup.agents.price_family import PRICES, PriceFamily
from recoup.agents.treatment_parts import parts_matrix
from recoup.sim.inputs import InputError
from recoup.sim.observation import FIELD_INDEX, FIELDS
from recoup.sim.treatments import Menu

OWN = Menu.named(["nothing", "sms/evening", "sms/morning"])
HERE = Menu.of(["sms", "visit"], [], [])  # more treatments, and the morning before the evening
PLAN = {
    "name": "small",
    "title": "Small plan",
    "rules": [
        {"name": "warned", "when": {"early_warning": {"at_least": 0.5}}, "do": {"channel": "sms", "window": "evening"}},
        {"name": "others", "do": {"channel": "sms", "window": "morning"}},
    ],
}
WARNED, OTHER = 0, 1


def seen():
    """A debtor whom the plan writes to in the evening, and one in the morning."""
    rows = np.zeros((2, len(FIELDS)), np.float32)
    rows[:, FIELD_INDEX["credit_score"]] = 300
    rows[WARNED, FIELD_INDEX["early_warning"]] = 0.5
    return rows


def card(kind=learned.Card, **changes):
    known = {
        "format": 1, "name": "small", "scenario": "made-up", "algorithm": "ppo", "layers": [1], "choice": "best",
        "features": ["early_warning"], "menu": OWN.names, "training": {}, "improves": PLAN,
    }  # fmt: skip
    return kind(**(known | changes))


def policy(menu=None, **changes):
    """Does what the plan does, but that evenings are moved to the morning by a hidden unit that sees the plan's choice."""
    weights = {
        # early_warning; nothing, evening, morning
        "hidden.0.weight": np.array([[0, 0, 1, 0]], np.float32),
        "hidden.0.bias": np.zeros(1, np.float32),
        # the unit; nothing, evening, morning
        "output.weight": np.array([[0, 7, 0, 0], [0, 0, 7, 0], [10, 0, 0, 7]], np.float32),
        "output.bias": np.zeros(3, np.float32),
    }
    return learned.LearnedPolicy(card(**changes), weights, menu)


def allowed(menu, *names):
    return np.tile([name in ("nothing", *names) for name in menu.names], (2, 1))


def test_the_plans_choice_reaches_the_first_layer_and_the_output():
    # Evening: 7, and for the morning 10 · tanh 1 = 7.615942. Morning: 7 alone.
    np.testing.assert_allclose(policy().outputs(seen()), [[0, 7, 7.615942], [0, 0, 7]], rtol=1e-6)


def test_the_plan_is_asked_for_what_it_would_do_if_its_choice_is_forbidden():
    # Nobody may be written to in the evening: the plan's next rule writes to the warned in the morning, and no unit speaks.
    outputs = policy().outputs(seen(), None, allowed(OWN, "sms/morning"))
    np.testing.assert_allclose(outputs, [[0, 0, 7], [0, 0, 7]])
    # In the evening alone: the second rule has nothing left to do.
    outputs = policy().outputs(seen(), None, allowed(OWN, "sms/evening"))
    np.testing.assert_allclose(outputs, [[0, 7, 7.615942], [7, 0, 0]], rtol=1e-6)


@pytest.mark.parametrize(
    ("open_to", "expected"),
    [
        (("sms/evening", "sms/morning"), ["sms/morning", "sms/morning"]),
        (("sms/evening",), ["sms/evening", "nothing"]),
        (("visit/morning", "sms/midday"), ["nothing", "nothing"]),  # which it doesn't know
    ],
)
def test_it_chooses_in_a_scenario_with_more_treatments_as_on_its_own(tmp_path, open_to, expected):
    policy().save(tmp_path / "small")
    again = learned.load(tmp_path / "small.json", HERE)
    for one in (policy(HERE.names), again):
        assert [HERE.names[action] for action in one.act(seen(), allowed(HERE, *open_to))] == expected


def test_a_card_whose_plan_is_wrong_is_refused_in_one_line(tmp_path):
    policy().save(tmp_path / "small")
    text = (tmp_path / "small.json").read_text()
    (tmp_path / "small.json").write_text(text.replace('"channel": "sms"', '"channel": "pigeon"', 1))
    with pytest.raises(InputError, match=r"the plan that it improves.*pigeon") as caught:
        learned.load(tmp_path / "small.json", OWN)
    assert "\n" not in str(caught.value)


def test_weights_of_a_network_that_sees_no_plan_are_refused(tmp_path):
    policy().save(tmp_path / "small")
    document = card(improves=None).model_dump_json()
    sha = learned.load(tmp_path / "small.json", OWN).card.sha256
    (tmp_path / "small.json").write_text(document.replace("0" * 64, sha))
    with pytest.raises(InputError, match="tensors"):
        learned.load(tmp_path / "small.json", OWN)


def test_a_price_family_that_improves_a_plan_keeps_the_plans_columns_beside_its_prices():
    made = card(price_family.Card, prices=list(PRICES))
    weights = policy()._weights | {
        # early_warning; complaint, contact and staff prices; nothing, evening, morning
        "hidden.0.weight": np.array([[0, 0.4, 0.2, 0.6, 0, 1, 0]], np.float32),
    }
    found = PriceFamily(made, weights).at({"complaint_price": 2.0, "contact_price": 0.003, "staff_price": 0.0})
    # Inputs √(2/8) = 0.5, 1 and 0: 0.4 · 0.5 + 0.2 = 0.4 for both; the warned one's unit is tanh(1.4), the other's tanh(0.4).
    expected = [[0, 7, 10 * math.tanh(1.4)], [0, 0, 7 + 10 * math.tanh(0.4)]]
    np.testing.assert_allclose(found.outputs(seen()), expected, rtol=1e-6)


# --- in training -------------------------------------------------------------------------------------------------


def actor(treatments, seed=0, parts=None):
    """A fresh actor and critic that see features, the choice of a plan among so many treatments, and hidden state.

    Unless told otherwise, treatments have one part, which none of them is made of.
    """
    import torch
    from gymnasium import spaces

    from recoup.agents.training import hidden_state, learners

    torch.manual_seed(seed)
    columns = features.SIZE + treatments + hidden_state.HIDDEN_SIZE
    return hidden_state.MaskableHiddenStateCritic(
        spaces.Box(-np.inf, np.inf, (columns,), np.float32),
        spaces.Discrete(treatments),
        lambda left: 1e-3,
        net_arch={"pi": [8], "vf": [8]},
        activation_fn=torch.nn.Tanh,
        features_extractor_class=learners.Standardised,
        planned=treatments,
        parts=np.zeros((treatments, 1), np.float32) if parts is None else parts,
    )


def shown(observations, choices, treatments, rng):
    from recoup.agents.training.hidden_state import HIDDEN_SIZE

    hidden = rng.normal(size=(len(choices), HIDDEN_SIZE)).astype(np.float32)
    return np.hstack([features.encode(observations), features.one_hot(choices, treatments), hidden])


def test_at_first_the_plans_choice_is_made_on_nine_days_in_ten_among_a_hundred_treatments():
    import torch

    rng = np.random.default_rng(0)
    choices = rng.integers(0, 100, 200)
    x = torch.tensor(shown(np.repeat(seen(), 100, axis=0), choices, 100, rng))
    with torch.no_grad():
        chances = actor(100).get_distribution(x, None).distribution.probs.numpy()
    # e⁷ / (e⁷ + 99) = 1096.633 / 1195.633 = 0.9172, each other one 1 / 1195.633 = 0.00084.
    planned = chances[np.arange(200), choices]
    np.testing.assert_allclose(planned, 0.9172, atol=0.01)
    np.testing.assert_allclose((1 - planned) / 99, 0.00084, atol=0.0001)


def test_once_learned_it_acts_from_its_file_as_in_training_whatever_is_allowed(tmp_path):
    import torch

    from recoup.agents.plans.plan import Plan
    from recoup.agents.plans.plan_file import PlanFile
    from recoup.agents.training import learners

    rng, net = np.random.default_rng(1), actor(len(OWN), parts=parts_matrix(OWN))
    with torch.no_grad():
        for weight in net.parameters():
            weight += 0.3 * torch.randn_like(weight)
    observations = np.repeat(seen(), 20, axis=0)
    observations[:, FIELD_INDEX["weekday"]] = rng.integers(0, 7, 40)
    masks = rng.random((40, len(OWN))) < 0.5
    masks[:, 0] = True
    plan = Plan.of(PlanFile.model_validate(PLAN), OWN)
    wished, choices = plan.act(observations, np.ones_like(masks)), plan.act(observations, masks)
    assert (wished != choices).sum() > 5  # its first choice is often forbidden
    x = shown(observations, choices, len(OWN), rng)
    learner = SimpleNamespace(policy=net)
    learners.standardise(learner, x, planned=len(OWN))
    made = card(layers=[8], features=list(features.NAMES), algorithm="maskable-ppo", choice="sampled")
    learned.LearnedPolicy(made, learners.weights("maskable-ppo", learner)).save(tmp_path / "mine")
    back = learned.load(tmp_path / "mine.json", HERE)
    with torch.no_grad():
        theirs = net.get_distribution(torch.tensor(x), masks).distribution.probs.numpy()
    wide = np.zeros((40, len(HERE)), bool)
    places = [HERE.index[name] for name in OWN.names]
    wide[:, places] = masks
    found = back.probabilities(observations, wide)
    np.testing.assert_allclose(found[:, places], theirs, atol=1e-4)
    assert found.sum() == pytest.approx(40, rel=1e-5)


def test_what_is_learned_of_one_treatment_moves_those_that_share_a_part_with_it():
    import torch

    # Four treatments: none, texts in the morning and in the evening, a call in the evening; parts: text, call, evening.
    parts = np.array([[0, 0, 0], [1, 0, 0], [1, 0, 1], [0, 1, 1]], np.float32)
    net = actor(4, parts=parts)
    x = torch.tensor(shown(seen()[:1], np.array([0]), 4, np.random.default_rng(0)))
    before = net.get_distribution(x, None).distribution.logits.detach().clone()
    net.optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
    net.get_distribution(x, None).log_prob(torch.tensor([1])).sum().backward()
    for tensor in net.parameters():
        tensor.grad = None if tensor.grad is None else -tensor.grad
    net.optimizer.step()
    moved = (net.get_distribution(x, None).distribution.logits - before).detach()[0]
    texts_less_none, evening_text_less_call = moved[1] - moved[0], moved[2] - moved[3]
    assert texts_less_none > 0 and evening_text_less_call > 0.3 * texts_less_none


def test_a_plans_columns_are_not_standardised():
    from recoup.agents.training import learners
    from recoup.agents.training.hidden_state import HIDDEN_SIZE

    net = actor(2)
    x = np.full((4, features.SIZE + 2 + HIDDEN_SIZE), 3.0, np.float32)
    x[:2] = 5.0
    learners.standardise(SimpleNamespace(policy=net), x, planned=2)
    layer = next(one for one in net.modules() if isinstance(one, learners.Standardised))
    # Half 3, half 5: mean 4, deviation 2/√3 = 1.154701 with three degrees of freedom.
    means = [4.0] * features.SIZE + [0.0] * 2 + [4.0] * HIDDEN_SIZE
    np.testing.assert_allclose(layer.mean.numpy(), means)
    np.testing.assert_allclose(layer.std.numpy(), np.where(np.array(means) > 0, 1.154701, 1.0), rtol=1e-6)
