"""Policies made for fewer treatments than a scenario offers, or in another order: they choose as on their own menu."""

from __future__ import annotations

import json

import numpy as np
import pytest

from recoup.agents import features, learned, policy_files
from recoup.agents.explain import reasons
from recoup.agents.index import index_policy
from recoup.agents.library import load_policy
from recoup.agents.own_menu import OwnMenu
from recoup.agents.plans.plan_file import find_plan
from recoup.agents.treatment_parts import part_names
from recoup.scenarios.schema import load_scenario
from recoup.sim.inputs import InputError
from recoup.sim.treatments import Menu

HOME = load_scenario("china-consumer")
WHOLE = Menu.of(HOME.world.channels, HOME.world.offers, HOME.world.legal)
OWN = Menu.named(["nothing", "suit", "sms/evening", "collector/morning/plan_6", "collector/morning", "enforce"])


def mornings():
    """Observations and masks of china-consumer's accounts on their 18th morning, some of the allowed treatments at random."""
    simulation = HOME.simulation(seed=3, accounts=150)
    for _ in range(17):
        simulation.advance(np.zeros(simulation.open_accounts.size, np.int64))
    masks = simulation.masks()
    masks[:, 1:] &= np.random.default_rng(4).random((len(masks), len(WHOLE) - 1)) < 0.6
    return simulation.observe(), masks, simulation.open_accounts


SEEN, MASKS, NUMBERS = mornings()
OWN_MASKS = np.stack([MASKS[:, WHOLE.index[name]] for name in OWN.names], axis=1)


def named(menu, actions):
    return [menu.names[action] for action in actions]


def network(choice="sampled", memory=0, cap=None):
    """A network with arbitrary weights for `OWN`."""
    card = learned.Card(
        format=1, name="small", scenario="made-up", algorithm="ppo", layers=[4], memory=memory, choice=choice,
        contact_cap_per_week=cap, features=list(features.NAMES), menu=OWN.names, training={},
    )  # fmt: skip
    rng = np.random.default_rng(5)
    shapes = learned.shapes(card)
    weights = {name: rng.normal(size=shape, scale=0.5).astype(np.float32) for name, shape in shapes.items()}
    weights["output.bias"][:] = 0.0
    return card, weights


def an_index_policy(menu=None):
    """An index policy with arbitrary weights for `OWN`."""
    card = index_policy.Card(
        scenario="made-up", features=list(features.NAMES), menu=OWN.names, improves=find_plan("staged").data,
        parts=part_names(OWN), mean_opening=5000.0, caution=0.0,
    )  # fmt: skip
    rng = np.random.default_rng(6)
    shapes = index_policy.shapes(len(features.NAMES), len(part_names(OWN)), len(OWN))
    tensors = {name: rng.normal(size=shape, scale=0.1).astype(np.float32) for name, shape in shapes.items()}
    tensors["reach"] = np.full(len(OWN), 0.2, np.float32)
    return index_policy.IndexPolicy(card, tensors, HOME.world, menu)


def test_numbers_are_turned_by_name():
    own = OwnMenu(["nothing", "c", "a"], ["nothing", "a", "b", "c"])
    assert own.to_scenario(np.array([0, 1, 2])).tolist() == [0, 3, 1]
    assert own.to_own(np.array([0, 1, 2, 3])).tolist() == [0, 2, 0, 1]  # b is nothing to it
    assert own.masks(np.array([[True, False, True, True]])).tolist() == [[True, True, False]]
    assert own.spread(np.array([[0.5, 0.2, 0.3]], np.float32)).tolist() == np.float32([[0.5, 0.3, 0, 0.2]]).tolist()


@pytest.mark.parametrize("choice", ["sampled", "best"])
@pytest.mark.parametrize(("memory", "cap"), [(0, None), (2, None), (0, 1)])
def test_a_network_chooses_as_on_its_own_menu(choice, memory, cap):
    card, weights = network(choice, memory, cap)
    alone, here = learned.LearnedPolicy(card, weights), learned.LearnedPolicy(card, weights, WHOLE.names)
    chosen = named(OWN, alone.act(SEEN, OWN_MASKS, NUMBERS))
    assert chosen == named(WHOLE, here.act(SEEN, MASKS, NUMBERS))
    assert len(set(chosen)) > 1 + (choice == "sampled")
    if not memory:
        own, whole = alone.probabilities(SEEN, OWN_MASKS), here.probabilities(SEEN, MASKS)
        assert whole.shape == (len(SEEN), len(WHOLE)) and np.count_nonzero(whole) == np.count_nonzero(own)
        for number, name in enumerate(OWN.names):
            np.testing.assert_array_equal(whole[:, WHOLE.index[name]], own[:, number])


def test_a_network_gives_the_same_reasons():
    card, weights = network()
    alone, here = learned.LearnedPolicy(card, weights), learned.LearnedPolicy(card, weights, WHOLE.names)
    call = OWN.index["collector/morning"]
    assert alone.explain(SEEN[0], call)
    assert reasons(here, SEEN[0], WHOLE.index["collector/morning"]) == alone.explain(SEEN[0], call)
    assert alone.explain(SEEN[0], call) != alone.explain(SEEN[0], 0)


def test_the_index_policy_chooses_serves_and_explains_as_on_its_own_menu():
    alone, here = an_index_policy(), an_index_policy(WHOLE.names)
    own, whole = alone.act(SEEN, OWN_MASKS, NUMBERS), here.act(SEEN, MASKS, NUMBERS)
    assert named(OWN, own) == named(WHOLE, whole) and len(set(own.tolist())) > 1
    assert alone.priority(SEEN, own).tolist() == here.priority(SEEN, whole).tolist()
    row = int(np.flatnonzero(own)[0])
    assert alone.explain(SEEN[row], own[row]) == here.explain(SEEN[row], whole[row]) != []
    assert here.explain(SEEN[row], WHOLE.index["visit/morning"]) == []


def test_both_come_back_from_their_files_for_a_larger_menu(tmp_path):
    card, weights = network()
    learned.LearnedPolicy(card, weights).save(tmp_path / "network")
    an_index_policy().save(tmp_path / "index")
    for name, policy in (("network", learned.LearnedPolicy(card, weights)), ("index", an_index_policy())):
        again = load_policy(str(tmp_path / f"{name}.json"), HOME.name, HOME.world)
        assert again.identity.menu == OWN.names
        assert named(WHOLE, again.act(SEEN, MASKS, NUMBERS)) == named(OWN, policy.act(SEEN, OWN_MASKS, NUMBERS))
        again.save(tmp_path / "again")
        assert (tmp_path / "again.json").read_text() == (tmp_path / f"{name}.json").read_text()


def test_an_index_policy_reads_its_own_parts_by_name(tmp_path):
    """Weights in another order, of fewer parts: a treatment added to the vocabulary later leaves a saved policy as it is."""
    policy, known = an_index_policy(), part_names(OWN)
    parts = ["plan_6", *(part for part in known if part not in ("plan_6", "enforce"))]
    columns = [outcome * len(known) + known.index(part) for outcome in range(5) for part in parts]
    tensors = dict(policy.tensors)
    tensors["weight.2"], tensors["bias.2"] = tensors["weight.2"][..., columns], tensors["bias.2"][..., columns]
    policy_files.write(tmp_path / "few", policy.card.model_copy(update={"parts": parts}), tensors)
    again = index_policy.load_index(tmp_path / "few.json", WHOLE, HOME.world)
    planned = np.zeros(len(SEEN), np.int64)
    kept = [n for n, name in enumerate(OWN.names) if name != "enforce"]
    found, expected = (one.index(SEEN, planned)[:, kept] for one in (again, policy))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-2)
    document = json.loads((tmp_path / "few.json").read_text())
    document["parts"][0] = "barter"
    (tmp_path / "odd.json").write_text(json.dumps(document))
    with pytest.raises(InputError, match="parts: got 'barter'"):
        index_policy.load_index(tmp_path / "odd.json", WHOLE, HOME.world)


@pytest.mark.parametrize(
    ("menu", "line"),
    [
        (["nothing", "sms/evening", "pigeon/evening"], "menu: got 'pigeon/evening', expected among the"),
        (["sms/evening", "nothing"], "expected «nothing» first, and every treatment once"),
        (["nothing", "sms/evening", "sms/evening"], "expected «nothing» first, and every treatment once"),
        ([], "expected «nothing» first, and every treatment once"),
    ],
)
def test_foreign_menus_are_refused_in_one_line(tmp_path, menu, line):
    card, weights = network()
    policy_files.write(tmp_path / "odd", card.model_copy(update={"menu": menu}), weights)
    with pytest.raises(InputError) as caught:
        learned.load(tmp_path / "odd.json", WHOLE)
    assert line in str(caught.value) and "\n" not in str(caught.value)


def test_a_policy_in_hand_is_fitted_to_the_menu_too():
    card, weights = network()
    world = HOME.world.model_copy(update={"channels": ["sms"]})
    for policy in (learned.LearnedPolicy(card, weights), an_index_policy()):
        again = load_policy(policy, HOME.name, HOME.world)
        assert again is not policy
        assert named(WHOLE, again.act(SEEN, MASKS, NUMBERS)) == named(OWN, policy.act(SEEN, OWN_MASKS, NUMBERS))
        with pytest.raises(InputError, match=r"menu: got 'collector"):
            load_policy(policy, HOME.name, world)
