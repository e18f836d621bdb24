"""A policy's own limit on contacts: kept on every day of every account, in use, in training and in what is distilled from it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recoup.agents.contact_cap import WeeklyContactCap
from recoup.agents.learned import LearnedPolicy
from recoup.agents.plans.plan import Plan
from recoup.agents.plans.plan_file import find_plan, read_plan
from recoup.agents.plans.writing import plan_text
from recoup.agents.policy import Policy
from recoup.agents.training.objective import Objective
from recoup.experiments.learning.training import Training, environment, export, rollout_baseline
from recoup.scenarios.schema import load_scenario
from recoup.sim.inputs import InputError, parse_yaml
from recoup.sim.simulation import Simulation
from recoup.sim.treatments import STANDARD, Group, Legal, Menu

HOME = load_scenario("china-consumer")
MENU = Menu.of(HOME.world.channels, HOME.world.offers, HOME.world.legal)
CONTACT = np.array([STANDARD.group(t) in (Group.CALL, Group.TEXT) for t in MENU.treatments])
UNSEEN = np.array(
    [
        STANDARD.group(t) == Group.VISIT or (STANDARD.group(t) == Group.LETTER and t.legal is Legal.NONE)
        for t in MENU.treatments
    ]
)


def busiest(policy: Policy, accounts: int = 60, days: int = 60) -> int:
    """Most days with a call or text within any seven, of any account."""
    simulation = Simulation(HOME.world, HOME.portfolio(accounts, 3), HOME.rules, 3)
    contacted = np.zeros((days, accounts), bool)
    while simulation.day < days and not simulation.finished:
        seen = simulation.observe()
        numbers, day, before = simulation.open_accounts.copy(), simulation.day, simulation.accounts["attempts"].copy()
        actions = policy.act(seen, simulation.masks(), numbers)
        simulation.advance(actions, policy.priority(seen, actions))
        contacted[day, numbers] = CONTACT[actions] & (simulation.accounts["attempts"] > before)[numbers]
    return int(max(contacted[first : first + 7].sum(axis=0).max() for first in range(days - 6)))


def rollout_of(policy: LearnedPolicy) -> np.ndarray:
    """Account records after 60 days."""
    simulation = Simulation(HOME.world, HOME.portfolio(60, 3), HOME.rules, 3)
    while simulation.day < 60 and not simulation.finished:
        simulation.advance(policy.act(simulation.observe(), simulation.masks(), simulation.open_accounts))
    return simulation.accounts


def written(most: int | None, name: str = "simple") -> Plan:
    from recoup.agents.library import load_policy

    plan = load_policy(name, HOME.name, HOME.world)
    assert isinstance(plan, Plan)
    return Plan.of(plan.file.model_copy(update={"contact_cap_per_week": most}), MENU)


def network(most: int | None) -> LearnedPolicy:
    from recoup.agents.training import learners
    from recoup.agents.training.budget import Budget
    from recoup.experiments.learning.training import Baseline

    training = Training(HOME.name, cohorts=2, accounts=20, warm_start=None, contact_cap_per_week=most)
    hyperparameters = learners.hyperparameters("maskable-ppo", None)
    objective = Objective()
    learner = learners.build("maskable-ppo", environment(training, HOME, objective), hyperparameters, 1, None)
    arrays = learners.weights("maskable-ppo", learner)
    return export(training, HOME, MENU, arrays, hyperparameters, "", Baseline(0, 0, 0, 0, 0), Budget(objective))


@pytest.mark.parametrize("most", [1, 3])
def test_no_week_of_any_account_holds_more_contacts_than_the_plan_has_set_itself(most: int) -> None:
    assert busiest(written(None)) > 3
    assert busiest(written(most)) == most


def test_a_network_that_contacts_at_random_keeps_to_its_card() -> None:
    free, bound = network(None), network(2)
    assert busiest(free) > 2 >= busiest(bound) > 0
    run = rollout_of(bound)
    assert run["busiest_week"].max() <= 2 + 1  # a notice may come on top
    assert bound.card.contact_cap_per_week == 2


def test_probabilities_and_choices_see_the_same_contact_cap() -> None:
    policy = network(2)
    simulation = Simulation(HOME.world, HOME.portfolio(80, 5), HOME.rules, 5)
    for _ in range(20):
        seen, masks = simulation.observe(), simulation.masks()
        actions = policy.act(seen, masks)
        chances = policy.probabilities(seen, masks)
        assert (chances[np.arange(len(seen)), actions] > 0).all()
        simulation.advance(actions)


@settings(max_examples=50, deadline=None)
@given(st.integers(0, 7), st.integers(0, 7), st.integers(1, 7), st.randoms(use_true_random=False))
def test_narrowing_takes_contacts_only_and_only_when_the_week_is_full(calls: int, texts: int, most: int, rng) -> None:  # type: ignore[no-untyped-def]
    from recoup.sim.observation import FIELD_INDEX, FIELDS

    seen = np.zeros((1, len(FIELDS)), np.float32)
    seen[0, [FIELD_INDEX["calls_7d"], FIELD_INDEX["texts_7d"]]] = calls, texts
    masks = np.array([[rng.random() < 0.5 for _ in MENU.names]])
    narrowed = WeeklyContactCap(MENU.names, most).narrow(seen, masks)
    assert UNSEEN.any() and not (UNSEEN & CONTACT).any()
    assert (narrowed == masks & ~UNSEEN & ~(CONTACT & (calls + texts >= most))).all()


def test_learners_are_shown_the_contact_cap_and_the_plan_to_be_beaten_is_not() -> None:
    training = Training(HOME.name, cohorts=1, accounts=40, warm_start=None, contact_cap_per_week=1)
    env = environment(training, HOME, Objective())
    free = environment(replace(training, contact_cap_per_week=None), HOME, Objective())
    capped, uncapped = (rollout_baseline(one, Plan.load("staged", MENU), 1) for one in (env, free))
    assert (capped.recovery, capped.days) == (uncapped.recovery, uncapped.days)
    env.reset()
    text = next(n for n, t in enumerate(MENU.treatments) if STANDARD.group(t) == Group.TEXT)
    allowed = env.action_masks()[:, text]
    assert allowed.any()
    env.step_async(np.where(allowed, text, 0))
    env.step_wait()
    masks = env.action_masks()
    assert not masks[allowed][:, CONTACT].any() and masks[:, 0].all()


def test_a_plan_file_keeps_its_contact_cap_when_written_and_says_what_is_wrong_with_one() -> None:
    plan = written(3)
    assert read_plan(parse_yaml(plan_text(plan.file), "p.yaml")).contact_cap_per_week == 3
    assert "contact_cap_per_week" not in plan_text(read_plan(find_plan("staged")))
    with pytest.raises(InputError, match=r"p.yaml: line 3, contact_cap_per_week: got 9, expected .*7"):
        read_plan(parse_yaml("name: p\ntitle: P\ncontact_cap_per_week: 9\nrules:\n- {name: a, do: nothing}", "p.yaml"))
