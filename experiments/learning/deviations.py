"""Single deviations from a plan: what a treatment changes over the rest of the horizon.

A base plan leads a cohort. Now and then an account deviates: on that day it gets a treatment drawn at random among those allowed, and
then follows the plan again. What it brings in the days after, with what is expected of it from then on, less what was expected of it that
morning, is the label: an estimate of the treatment's advantage in several steps. What is expected comes from a network that sees visible and
hidden state (`Outlook`). Few accounts deviate on any one day, so that queues are hardly longer than they were.

Sources: rollouts as policy improvement, Bertsekas & Castañon, Journal of Heuristics 5, 1999; a value that sees more than the policy does,
Pinto et al., "Asymmetric actor critic", RSS 2018; advantages in several steps, Sutton & Barto, "Reinforcement Learning", 2018, ch. 7.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recoup.agents import features
from recoup.agents.index.network import Ensemble
from recoup.agents.policy import Policy
from recoup.agents.training.hidden_state import hidden_state
from recoup.agents.training.objective import discounted_left, saved
from recoup.agents.treatment_parts import arm
from recoup.scenarios.environments import PORTFOLIO_SEED
from recoup.scenarios.schema import Scenario
from recoup.sim.observation import FIELD_INDEX
from recoup.sim.portfolio.table import Portfolio
from recoup.sim.simulation import Simulation
from recoup.sim.treatments import Menu

FIRST_SEED = PORTFOLIO_SEED + 5_000_000
LOOKED_AT = 0.1  # of the mornings on which an account no longer deviates

Outcomes = NDArray[np.float64]  # shape (OUTCOMES, accounts)


@dataclass(frozen=True)
class Deviations:
    """One row per deviation that was carried out.

    Attributes:
        observations: what was visible that morning, float32 (rows, fields).
        treatments, base: menu index of what was done, and of what the plan chose, (rows,).
        propensities: probability with which that treatment was drawn, float32 (rows,).
        changes: what came of it less what was expected that morning, float32 (rows, OUTCOMES), each to the horizon: `money`,
            discounted cash and what is left of the claim, over the balance that morning; `cost`, discounted, without staff time,
            currency; `quick`, horizons saved by early resolution; expected `complaints`; `contacts`, attempts.
        reached: the treatment found the debtor, bool (rows,).
        cohorts: seed of the cohort, (rows,).
    """

    observations: NDArray[np.float32]
    treatments: NDArray[np.int64]
    base: NDArray[np.int64]
    propensities: NDArray[np.float32]
    changes: NDArray[np.float32]
    reached: NDArray[np.bool_]
    cohorts: NDArray[np.int64]

    def rows(self, chosen: NDArray[np.bool_]) -> Deviations:
        """Some of the rows.

        Args:
            chosen: which, bool (rows,).
        """
        return Deviations(*(getattr(self, field.name)[chosen] for field in fields(self)))


def together(parts: list[Deviations]) -> Deviations:
    """The rows of all parts, one part after another."""
    return Deviations(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Deviations)))


def weights_by_arm(menu: Menu) -> NDArray[np.float64]:
    """Weights of the menu's treatments, float64 (menu,): every arm alike, its windows and sizes of offer sharing alike."""
    arms = [arm(t) for t in menu.treatments]
    size = Counter(arms)
    return np.array([1.0 / size[name] for name in arms])


def draw(
    masks: NDArray[np.bool_], weights: NDArray[np.float64], rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """An allowed treatment for each row, drawn in proportion to the weights.

    Args:
        masks: bool, shape (rows, menu), at least one True in each row.
        weights: of the treatments, shape (menu,).
        rng: of the draw.

    Returns:
        Menu indices (rows,), and the probability each was drawn with (rows,).
    """
    chances = masks * weights
    chances /= chances.sum(axis=1, keepdims=True)
    chosen = (chances.cumsum(axis=1) <= rng.random((len(masks), 1))).sum(axis=1).clip(max=masks.shape[1] - 1)
    return chosen, chances[np.arange(len(chosen)), chosen]


class Outlook:
    """What is still to come of an account under the base plan, from its visible and hidden state.

    What a debtor pays in the months after a treatment is mostly chance that the treatment did not touch. Some days after it, what it
    changed is in the debtor's state; the expectation from there on has the same mean, and none of that chance.

    Args:
        network: fitted to what came in runs that ended under the plan (`states_and_outcomes`).
        days: after a deviation, on which it takes over.
    """

    def __init__(self, network: Ensemble, days: int) -> None:
        self.network, self.days = network, days

    def to_come(self, simulation: Simulation, numbers: NDArray[np.int64]) -> NDArray[np.float64]:
        """Expected outcomes from this morning to the horizon, shape (OUTCOMES, numbers), money in currency.

        Args:
            simulation: on that morning.
            numbers: of open accounts.
        """
        expected = self.network.mean(full_state(simulation, numbers)).T.astype(np.float64)
        expected[0] *= simulation.accounts["balance"][numbers] / 100.0
        return expected


def full_state(simulation: Simulation, numbers: NDArray[np.int64]) -> NDArray[np.float32]:
    """Visible features and hidden state of accounts, shape (numbers, `features.SIZE` + `HIDDEN_SIZE`)."""
    seen = features.features_of(simulation.menu.vocabulary).encode(simulation.observe(numbers))
    return np.concatenate([seen, hidden_state(simulation, numbers)], axis=1)


def deviate(
    scenario: Scenario,
    policy: Policy,
    portfolio: Portfolio,
    seed: int,
    outlook: Outlook,
    weights: NDArray[np.float64] | None = None,
) -> Deviations:
    """Deviations of one cohort: each account deviates on a day drawn for it, and again once the outlook has taken over.

    Args:
        scenario: whose world, rules and horizon.
        policy: the base plan.
        portfolio: the cohort's accounts.
        seed: of the simulation; days and treatments are drawn from it as well.
        outlook: what is expected on a morning, and so many days later.
        weights: of the treatments drawn, shape (menu,); None = `weights_by_arm`.
    """
    simulation = Simulation(scenario.world, portfolio, scenario.rules, seed)
    log = _Log()
    starts: list[Outcomes] = []  # of each deviation: outcomes so far and to come
    ends: list[tuple[NDArray[np.int64], Outcomes]] = []
    row_of, day_of = np.full(len(portfolio), -1), np.full(len(portfolio), -1)  # each account's last deviation
    rows = 0
    for numbers, now in _mornings(scenario, policy, simulation, seed, outlook.days, weights, None, log):
        due = numbers[(row_of[numbers] >= 0) & (day_of[numbers] + outlook.days == simulation.day)]
        if due.size:
            ends.append((row_of[due], _so_far(simulation, due) + outlook.to_come(simulation, due)))
        if now.size:
            starts.append(_so_far(simulation, now) + outlook.to_come(simulation, now))
            row_of[now], day_of[now] = np.arange(rows, rows + now.size), simulation.day
            rows += now.size
    found = log.columns()
    after = _final(simulation, scenario.days)[:, found["numbers"]]
    for where, outcomes in ends:
        after[:, where] = outcomes
    changes = after - np.concatenate(starts, axis=1)
    changes[0] /= np.maximum(found["observations"][:, FIELD_INDEX["balance"]], 1.0)
    return Deviations(
        observations=found["observations"],
        treatments=found["treatments"],
        base=found["base"],
        propensities=found["chances"].astype(np.float32),
        changes=np.asarray(changes.T, np.float32),
        reached=found["reached"],
        cohorts=np.full(rows, seed),
    ).rows(found["carried_out"])


def states_and_outcomes(
    scenario: Scenario, policy: Policy, portfolio: Portfolio, seed: int, days: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """What an outlook is fitted to: states of accounts that follow the plan to the horizon, some of them after deviations.

    Each account deviates as in `deviate` until a day drawn for it, so that states are known to which the plan alone does not lead.

    Args:
        scenario, policy, portfolio, seed: as for `deviate`.
        days: between deviations.

    Returns:
        `full_state` (rows, columns), and outcomes from that morning to the horizon, money over the balance that morning, float32
        (rows, OUTCOMES).
    """
    rng = np.random.default_rng([seed, 1])
    until = rng.integers(-scenario.days // 2, scenario.days, len(portfolio))  # a third never deviates
    simulation = Simulation(scenario.world, portfolio, scenario.rules, seed)
    states, looks = [], []
    for numbers, _ in _mornings(scenario, policy, simulation, seed, days, None, until, _Log()):
        follows = numbers[until[numbers] < simulation.day]
        some = follows[rng.random(follows.size) < LOOKED_AT]
        if some.size:
            states.append(full_state(simulation, some))
            balance = np.maximum(simulation.accounts["balance"][some] / 100.0, 1.0)
            looks.append((some, balance, _so_far(simulation, some)))
    final, targets = _final(simulation, scenario.days), []
    for some, balance, so_far in looks:
        left = final[:, some] - so_far
        left[0] /= balance
        targets.append(left.T.astype(np.float32))
    return np.concatenate(states), np.concatenate(targets)


class _Log:
    """Deviations as they are carried out."""

    NAMES = ("numbers", "observations", "treatments", "base", "chances", "carried_out", "reached")

    def __init__(self) -> None:
        self._days: list[tuple[NDArray[Any], ...]] = []

    def add(self, *columns: NDArray[Any]) -> None:
        """A day's deviations, in the order of `NAMES`."""
        self._days.append(columns)

    def columns(self) -> dict[str, NDArray[Any]]:
        """All of them by name, in the order in which they came."""
        return {name: np.concatenate(c) for name, c in zip(self.NAMES, zip(*self._days, strict=True), strict=True)}


def _mornings(
    scenario: Scenario,
    policy: Policy,
    simulation: Simulation,
    seed: int,
    days: int,
    weights: NDArray[np.float64] | None,
    until: NDArray[np.int64] | None,
    log: _Log,
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Lead a simulation to its horizon.

    Args:
        scenario, policy, seed, weights: as for `deviate`.
        simulation: on its first morning.
        days: from one deviation of an account to its next, at least.
        until: day from which on an account deviates no more, (accounts,); None = the horizon.
        log: takes what was done.

    Yields:
        Each morning before it is decided: numbers of the open accounts, and of those of them that deviate today.
    """
    weights = weights_by_arm(scenario.menu) if weights is None else weights
    rng = np.random.default_rng(seed)
    every = scenario.world.decision_every_days
    turns = -(-days // every)  # decisions from one deviation to the next
    # Days are drawn before anything is known: among the days on which an account turned out to be open, those who were about to
    # pay would be chosen too often, and every treatment would seem to keep them from it.
    first = every * rng.integers(0, turns, simulation.accounts.size)
    until = np.full(first.size, scenario.days) if until is None else until
    while simulation.day < scenario.days and not simulation.finished:
        morning, day = simulation.open_accounts.copy(), simulation.day
        deviates = ((day - first[morning]) % (every * turns) == 0) & (day < until[morning])
        yield morning, morning[deviates]
        if day % every:
            simulation.advance(np.zeros(morning.size, np.int64))
            continue
        seen, masks = simulation.observe(), simulation.masks()
        actions = policy.act(seen, masks, morning)
        priority = policy.priority(seen, actions)
        base, chances = actions[deviates], np.zeros(0)
        if deviates.any():
            chosen, chances = draw(masks[deviates], weights, rng)
            # What is asked is the effect of a treatment that takes place: it is served first.
            first_come = np.zeros(morning.size, np.int64) if priority is None else np.asarray(priority, np.int64)
            priority, actions = 1 + np.minimum(first_come, 254), actions.copy()
            priority[deviates], actions[deviates] = 0, chosen
        unserved, reaches = (simulation.accounts[name][morning] for name in ("unserved", "reaches"))
        simulation.advance(actions, priority)
        if deviates.any():
            carried_out = simulation.accounts["unserved"][morning] == unserved
            reached = simulation.accounts["reaches"][morning] > reaches
            log.add(
                morning[deviates], seen[deviates], actions[deviates], base, chances,
                carried_out[deviates], reached[deviates],
            )  # fmt: skip


def _so_far(simulation: Simulation, numbers: NDArray[np.int64]) -> Outcomes:
    """Outcomes of accounts from day 0 to this morning, shape (OUTCOMES, numbers); money in currency, nothing saved of the horizon."""
    a = simulation.accounts[numbers]
    return np.stack(
        [
            a["discounted_cash"] / 100.0,
            (a["discounted_cost"] - a["discounted_staff"]) / 100.0,
            np.zeros(numbers.size),
            a["complaint_risk"],
            a["attempts"],
        ]
    ).astype(np.float64)


def _final(simulation: Simulation, days: int) -> Outcomes:
    """Outcomes of all accounts from day 0 to the horizon, shape (OUTCOMES, accounts)."""
    outcomes, a = _so_far(simulation, np.arange(simulation.accounts.size)), simulation.accounts
    outcomes[0] += discounted_left(simulation, days) / 100.0
    outcomes[2] = saved(a, days)
    return outcomes
