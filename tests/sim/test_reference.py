"""The fast engine against the plain reference, day by day; and against itself, bit for bit, however the work is cut."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
from numpy.typing import NDArray

from recoup.agents.plans.morning import Decided
from recoup.agents.plans.plan import Plan
from recoup.agents.plans.plan_file import find_plan
from recoup.scenarios.schema import load_scenario
from recoup.sim.observation import FIELD_INDEX
from recoup.sim.simulation import Simulation
from tests.reference import ReferenceSimulation, disagreeing
from tests.second.money import worth_at_the_end
from tests.second.state import Debtor

# Columns of the daily table, and what the reference calls them.
COUNTED_TWICE = {
    **{
        name: name
        for name in "cash cost idle_cost forgiven open balance interest reached hardship closed written_off".split()
    },
    **{name: name for name in "unserved blocked blocked_suspended".split()},
    **{f"{name}s": name for name in "attempt promise offer payment complaint opt_out dispute notice suit".split()},
    **{f"{name}s": name for name in "judgment enforcement seizure breathing_space".split()},
    "kept": "promise_kept",
    "broken": "promise_broken",
    "accepted": "offer_accepted",
    "refused": "offer_refused",
    "instalments_paid": "instalment_paid",
    "instalments_missed": "instalment_missed",
    "plans_broken": "plan_broken",
    "breaches": "breach",
    "reviews": "review",
    "sent_back": "sent_back",
    "ceases_of_contact": "cease_contact",
    "settlement_offers": "offered",
}


class Whim:
    """Anything that is allowed, and now and then what is not: an arbitrary policy that depends on what it sees."""

    name = "whim"

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def act(self, observations: NDArray[np.float32], masks: NDArray[np.bool_]) -> NDArray[np.int64]:
        random = np.random.default_rng(
            [self.seed, int(observations[0, FIELD_INDEX["days_in_portfolio"]]) if len(observations) else 0]
        )
        draws = random.random(masks.shape) + masks * (random.random((len(masks), 1)) < 0.9)
        return np.argmax(draws, axis=1)

    def priority(self, observations: NDArray[np.float32], actions: NDArray[np.int64]) -> NDArray[np.int64]:
        return (actions % 3).astype(np.int64)


def policy_named(name: str, simulation: Simulation | ReferenceSimulation, seed: int) -> Plan | Whim:
    return Whim(seed) if name == "whim" else Plan.load(find_plan(name), simulation.menu)


def step(simulation: Simulation | ReferenceSimulation, policy: Plan | Whim) -> None:
    observations, masks = simulation.observe(), simulation.masks()
    actions = policy.act(observations, masks)
    simulation.advance(actions, policy.priority(observations, actions))


def differing(ours: NDArray[np.void], theirs: NDArray[np.void]) -> list[str]:
    """Fields of two account arrays that are not equal to the last bit (padding bytes mean nothing)."""
    names = ours.dtype.names or ()
    return [name for name in names if ours[name].tobytes() != theirs[name].tobytes()]


@pytest.mark.parametrize(
    ("scenario_name", "policy_name", "seed", "gate"),
    [
        ("china-consumer", "staged", 1, True),
        ("china-consumer", "status-quo", 2, True),
        ("china-consumer", "whim", 3, True),
        ("china-consumer", "whim", 4, False),
        ("taiwan-cards", "tiered", 5, True),
        ("taiwan-cards", "whim", 6, True),
        ("us-cards", "whim", 7, False),
        ("uk-loans", "whim", 8, True),
        ("southeast-asia-loans", "whim", 9, True),
        ("southeast-asia-loans", "whim", 10, False),
    ],
)
def test_engine_equals_reference_every_day(scenario_name: str, policy_name: str, seed: int, gate: bool) -> None:
    scenario = load_scenario(scenario_name)
    portfolio = scenario.portfolio(120, seed)
    # Enough staff for some and too little for all: who is served depends on the queues' order.
    fast = Simulation(scenario.world, portfolio, scenario.rules, seed, gate=gate)
    plain = ReferenceSimulation(scenario.world, portfolio, scenario.rules, seed, gate=gate)
    policy = policy_named(policy_name, fast, seed)
    for day in range(220):
        np.testing.assert_array_equal(fast.observe(), plain.observe(), err_msg=f"observations of day {day}")
        np.testing.assert_array_equal(fast.masks(), plain.masks(), err_msg=f"masks of day {day}")
        step(fast, policy)
        step(plain, policy)
        still = fast.accounts["status"] == 0
        assert not disagreeing(fast.accounts[still], plain.accounts[still]), f"open accounts after day {day}"
    assert not disagreeing(fast.accounts, plain.accounts)  # closed ones keep the record of their last day
    daily = fast.daily_table()
    for ours, theirs in COUNTED_TWICE.items():
        assert daily[ours].tolist() == [figures[theirs] for figures in plain.daily], ours
    for pool in ("collector", "specialist", "autocall", "visit"):
        for figure in ("seconds", "capacity", "requested", "served"):
            assert daily[f"{pool}_{figure}"].tolist() == [figures[f"{pool}_{figure}"] for figures in plain.daily]
    assert daily["cash"].sum() > 0 and daily["attempts"].sum() > 0
    left = [worth_at_the_end(Debtor(account), scenario.world, 220) for account in plain.accounts]
    assert fast.accounts_table()["horizon_value"].tolist() == left and sum(left) > 0


@pytest.mark.parametrize(("threads", "batch"), [(1, 7), (2, 64), (3, 1000)])
def test_batches_and_threads_change_nothing(threads: int, batch: int) -> None:
    scenario = load_scenario("china-consumer")
    portfolio = scenario.portfolio(700, 9)
    whole = Simulation(scenario.world, portfolio, scenario.rules, 9)
    cut = Simulation(scenario.world, portfolio, scenario.rules, 9, threads=threads, batch=batch)
    asked = Simulation(scenario.world, portfolio, scenario.rules, 9, threads=threads, batch=batch)
    policy = policy_named("staged", whole, 9)

    for _ in range(90):
        step(whole, policy)
        step(cut, policy)
        asked.advance_by(partial(policy.decide, decided=Decided.empty(asked.open_accounts.size)))
    for other in (cut, asked):
        assert not differing(whole.accounts, other.accounts)
        assert whole.daily_table().equals(other.daily_table())
