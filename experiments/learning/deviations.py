"""Paired single deviations: what a treatment changes over the rest of the horizon, measured under common random numbers.

A base policy leads a cohort to the horizon. In further runs under the same seed every account deviates once: on a day drawn for it, if it
is still open, it gets a treatment drawn at random among those allowed, and then follows the base policy again. Random draws are keyed by
account and day (`recoup.sim.randomness`), so that what differs between the runs is what the treatment changed, and chance that
took another turn because of it. Few accounts deviate on any one day, so that queues are hardly longer than they were.

Sources: rollouts as policy improvement, Bertsekas & Castañon, Journal of Heuristics 5, 1999; common random numbers, Glasserman, "Monte Carlo
Methods in Financial Engineering", 2003, ch. 4.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from recoup.agents import features
from recoup.agents.index.index_policy import OUTCOMES
from recoup.agents.index.network import Ensemble
from recoup.agents.index.treatment_parts import arm
from recoup.agents.policy import Policy
from recoup.agents.training.hidden_state import hidden_state
from recoup.agents.training.objective import discounted_left, resolved
from recoup.scenarios.environments import PORTFOLIO_SEED
from recoup.scenarios.schema import Scenario
from recoup.sim.observation import FIELD_INDEX
from recoup.sim.portfolio.table import Portfolio
from recoup.sim.simulation import Simulation
from recoup.sim.treatments import Menu

FIRST_SEED = PORTFOLIO_SEED + 5_000_000


@dataclass(frozen=True)
class Deviations:
    """One row per deviation that was carried out.

    Attributes:
        observations: what was visible that morning, float32 (rows, fields).
        treatments, base: menu index of what was done, and of what the base policy did (0 where it was not served), (rows,).
        propensities: probability with which that treatment was drawn, float32 (rows,).
        changes: what came after less what came after in the base run, float32 (rows, OUTCOMES), each from day 0 to the horizon:
            `money`, discounted cash and what is left of the claim, over the balance that morning; `cost`, discounted,
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


def deviate(
    scenario: Scenario,
    policy: Policy,
    portfolio: Portfolio,
    seed: int,
    repeats: int,
    tail: Tail | None = None,
    weights: NDArray[np.float64] | None = None,
) -> Iterator[Deviations]:
    """Deviations of one cohort: a base run, and `repeats` runs in each of which every account deviates once.

    Args:
        scenario: whose world, rules and horizon.
        policy: the base policy.
        portfolio: the cohort's accounts.
        seed: of the simulation; days and treatments are drawn from it as well.
        repeats: runs with deviations.
        tail: estimates what comes after its `days`; None = both runs are followed to the horizon.
        weights: of the treatments drawn, shape (menu,); None = `weights_by_arm`.

    Yields:
        The deviations of one run after another.
    """
    weights = weights_by_arm(scenario.menu) if weights is None else weights
    rng = np.random.default_rng(seed)
    # Days are drawn before anything is known: among the days on which an account turned out to be open, those who were about to
    # pay would be chosen too often, and every treatment would seem to keep them from it.
    days = rng.choice(np.arange(0, scenario.days, scenario.world.decision_every_days), (repeats, len(portfolio)))
    base = _Run(scenario, policy, portfolio, seed, days, tail)
    for number in range(repeats):
        other = _Run(scenario, policy, portfolio, seed, days[number : number + 1], tail, (weights, rng))
        who = other.who
        changes = other.outcomes[0][:, who] - base.outcomes[number][:, who]
        changes[0] /= np.maximum(other.observations[:, FIELD_INDEX["balance"]], 1.0)
        yield Deviations(
            observations=other.observations,
            treatments=other.treatments,
            base=base.served[days[number, who], who].astype(np.int64),
            propensities=other.propensities,
            changes=np.asarray(changes.T, np.float32),
            reached=other.reached,
            cohorts=np.full(who.size, seed),
        ).rows(other.carried_out)


class Tail:
    """What is still to come of an account under the base policy, from its visible and hidden state: the end of a label.

    What a debtor pays in the months after a treatment is mostly chance that the treatment did not touch. Some days after it, what it
    changed is in the debtor's state; the expectation from there on has the same mean, and none of that chance.

    Args:
        network: fitted to what came in base runs.
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
    seen = features.encode(simulation.observe(numbers))
    return np.concatenate([seen, hidden_state(simulation, numbers)], axis=1)


def states_and_outcomes(
    scenario: Scenario, policy: Policy, portfolio: Portfolio, seed: int, looks: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """What a tail is fitted to: states of accounts on days drawn at random, and what came of each.

    Args:
        scenario, policy, portfolio, seed: as for `deviate`.
        looks: days drawn for each account.

    Returns:
        `full_state` (rows, columns), and outcomes from that morning to the horizon, money over the balance that morning, float32
        (rows, OUTCOMES).
    """
    days = np.random.default_rng(seed).choice(np.arange(1, scenario.days), (looks, len(portfolio)))
    run = _Run(scenario, policy, portfolio, seed, days, Watching())
    states, targets = [], []
    for state, numbers, balance, so_far in run.watched:
        left = run.final[:, numbers] - so_far
        left[0] /= np.maximum(balance, 1.0)
        states.append(state)
        targets.append(left.T.astype(np.float32))
    return np.concatenate(states), np.concatenate(targets)


class Watching:
    """In place of a tail: states are kept, and nothing is estimated."""

    days = 0


class _Run:
    """One run to the horizon, each account looked at, and perhaps deviating, on the days given for it.

    Args:
        scenario, policy, portfolio, seed: as for `deviate`.
        days: of deviations, int64 (looks, accounts).
        tail: see `deviate`; `Watching` keeps states.
        draws: weights of treatments and a generator, with which accounts deviate on the first row of `days`; None = nobody does.

    Attributes:
        served: what was done to each account on each day, uint8 (days, accounts); 0 where staff had no time for it.
        who: accounts that deviated, in the order of `observations`, `treatments`, `propensities`, `carried_out` and `reached`.
        final: of each account from day 0 to the horizon, float64 (OUTCOMES, accounts); money in currency.
        outcomes: the same for each row of `days`, (looks, OUTCOMES, accounts), with the tail's estimate from its day on.
        watched: states, numbers, balances in currency and outcomes so far of each morning.
    """

    def __init__(
        self,
        scenario: Scenario,
        policy: Policy,
        portfolio: Portfolio,
        seed: int,
        days: NDArray[np.int64],
        tail: Tail | Watching | None,
        draws: tuple[NDArray[np.float64], np.random.Generator] | None = None,
    ) -> None:
        simulation = Simulation(scenario.world, portfolio, scenario.rules, seed)
        self.served = np.zeros((scenario.days, len(portfolio)), np.uint8)
        estimates = np.full((len(days), len(OUTCOMES), len(portfolio)), np.nan)
        logged, self.watched = [], []
        while simulation.day < scenario.days and not simulation.finished:
            morning, day = simulation.open_accounts.copy(), simulation.day
            if tail:
                for number, look in enumerate(days):
                    due = morning[look[morning] + tail.days == day]
                    if isinstance(tail, Tail) and due.size:
                        estimates[number][:, due] = _so_far(simulation, due) + tail.to_come(simulation, due)
                    elif due.size:
                        balance = simulation.accounts["balance"][due] / 100.0
                        self.watched.append((full_state(simulation, due), due, balance, _so_far(simulation, due)))
            actions, priority, now = np.zeros(morning.size, np.int64), None, np.zeros(0, np.int64)
            if day % scenario.world.decision_every_days == 0:
                seen, masks = simulation.observe(), simulation.masks()
                actions = policy.act(seen, masks, morning)
                priority = policy.priority(seen, actions)
                now = np.flatnonzero(days[0, morning] == day) if draws else now
            if now.size and draws:
                actions = actions.copy()
                chosen, chances = draw(masks[now], *draws)
                # What is asked is the effect of a treatment that takes place: it is served first, unless it is the base's own.
                priority = np.zeros(morning.size, np.int64) if priority is None else priority
                priority = 1 + np.minimum(priority, 254)
                priority[now[chosen != actions[now]]] = 0
                actions[now] = chosen
            unserved, reaches = (simulation.accounts[name][morning] for name in ("unserved", "reaches"))
            simulation.advance(actions, priority)
            carried_out = simulation.accounts["unserved"][morning] == unserved
            self.served[day, morning] = actions * carried_out
            if now.size:
                reached = simulation.accounts["reaches"][morning] > reaches
                logged.append((morning[now], seen[now], chosen, chances, carried_out[now], reached[now]))
        if logged:
            self.who, self.observations, self.treatments, chances, self.carried_out, self.reached = map(
                np.concatenate, zip(*logged, strict=True)
            )
            self.propensities = chances.astype(np.float32)
        everybody = np.arange(len(portfolio))
        self.final = _so_far(simulation, everybody)
        self.final[0] += discounted_left(simulation, scenario.days) / 100.0
        a = simulation.accounts
        self.final[2] = resolved(a) * (scenario.days - 1 - a["closed_day"]) / scenario.days
        self.outcomes = np.where(np.isnan(estimates), self.final, estimates)


def _so_far(simulation: Simulation, numbers: NDArray[np.int64]) -> NDArray[np.float64]:
    """Outcomes of open accounts from day 0 to this morning, shape (OUTCOMES, numbers); money in currency, nothing saved of the horizon."""
    a = simulation.accounts[numbers]
    return np.stack(
        [
            a["discounted_cash"] / 100.0,
            a["discounted_cost"] / 100.0,
            np.zeros(numbers.size),
            a["complaint_risk"],
            a["attempts"],
        ]
    ).astype(np.float64)
