"""Logs to learn a success model from: cohorts under a plan that on some account-days samples the treatment from a known distribution.

What is sampled depends on nothing but the lawful choices of that account and day, so that outcomes of sampled treatments differ
because the treatments do (a randomised experiment). Only these are learned from; what the plan chose for reasons of its own is not.
"""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recoup.agents.policy import Policy
from recoup.agents.propensity.treatment_features import arm
from recoup.scenarios.environments import PORTFOLIO_SEED
from recoup.scenarios.schema import Scenario
from recoup.sim.account import Status
from recoup.sim.portfolio.table import Portfolio
from recoup.sim.simulation import Simulation
from recoup.sim.treatments import Channel, Legal, Menu, Treatment

EXPLORED_SHARE = 0.6  # of account-days; the more, the less a treatment's outcome holds what the plan did about it next
ARM_WEIGHT = 1.0
NOTHING_WEIGHT = 8.0  # the comparison with nothing is part of every estimate, and debtors are not to be worn out
SCARCE_WEIGHT = 0.3  # visits and notices: few can be made; a notice opens the way to a suit
ENFORCE_WEIGHT = 3.0  # rare, and nobody waits for a better day
LOGGED_DAYS = 180
FIRST_SEED = PORTFOLIO_SEED + 5_000_000


@dataclass(frozen=True)
class Logs:
    """One row per sampled treatment that was carried out.

    Attributes:
        observations: what was visible that morning, float32 (rows, fields).
        treatments: menu index, (rows,).
        propensities: probability with which that treatment was sampled, (rows,).
        paid_after: days until the next payment, infinite if none was seen, (rows,).
        cash: received within each of `horizons` days / balance that morning, float32 (rows, horizons).
        reached: the attempt found the debtor, (rows,).
        complaint_risk: expected complaints of the attempt, what counting them in endless logs would give, (rows,).
        accounts: whose row it is; the same account has the same number in all cohorts, (rows,).
        entries, entry_accounts, unresolved: by account, what was visible on the first morning, its number, and whether it was
            not paid, settled or cured in 90 days.
    """

    observations: NDArray[np.float32]
    treatments: NDArray[np.int64]
    propensities: NDArray[np.float32]
    paid_after: NDArray[np.float32]
    cash: NDArray[np.float32]
    reached: NDArray[np.bool_]
    complaint_risk: NDArray[np.float32]
    accounts: NDArray[np.int64]
    entries: NDArray[np.float32]
    entry_accounts: NDArray[np.int64]
    unresolved: NDArray[np.bool_]


UNRESOLVED_DAYS = 90


def exploration_weights(menu: Menu) -> NDArray[np.float64]:
    """Weights of the menu's treatments: every arm alike, its windows and sizes of offer sharing alike; nothing more often."""
    arms = [arm(t) for t in menu.treatments]
    size = Counter(arms)

    def weight(t: Treatment) -> float:
        if t is menu.treatments[0]:
            return NOTHING_WEIGHT
        if t.legal is Legal.ENFORCE:
            return ENFORCE_WEIGHT
        return SCARCE_WEIGHT if t.channel is Channel.VISIT or t.legal is Legal.NOTICE else ARM_WEIGHT

    return np.array([weight(t) / size[name] for t, name in zip(menu.treatments, arms, strict=True)])


def draw(
    masks: NDArray[np.bool_], weights: NDArray[np.float64], rng: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """One lawful treatment per row and its probability.

    Args:
        masks: what is lawful, bool (rows, menu); one at least in each row.
        weights: of the treatments, (menu,), as `exploration_weights`.
        rng: drawn from, one number a row.

    Returns:
        Menu indices (rows,), and the probability each was drawn with (rows,).
    """
    chances = masks * weights
    chances /= chances.sum(axis=1, keepdims=True)
    chosen = (chances.cumsum(axis=1) <= rng.random((len(masks), 1))).sum(axis=1).clip(max=masks.shape[1] - 1)
    return chosen, chances[np.arange(len(chosen)), chosen]


def explore(
    scenario: Scenario,
    plan: Policy,
    portfolio: Portfolio,
    seed: int,
    horizons: tuple[int, ...],
    logged_days: int = LOGGED_DAYS,
) -> Logs:
    """Simulate one cohort long enough that every sampled treatment's outcome is seen to its end.

    Args:
        scenario: whose world and rules.
        plan: decides where nothing is sampled.
        portfolio: the cohort's accounts.
        seed: of the simulation and of the sampling.
        horizons: days over which cash is counted, one column of `Logs.cash` each.
        logged_days: days on which treatments are sampled; the simulation goes on for the longest horizon.
    """
    rng = np.random.default_rng(seed)
    simulation = Simulation(scenario.world, portfolio, scenario.rules, seed)
    weights, every = exploration_weights(simulation.menu), scenario.world.decision_every_days
    identity = np.array([_number(name) for name in portfolio.column("account_id")], np.int64)
    entries, cash = simulation.observe(), [simulation.accounts["cash"].copy()]
    rows: list[dict[str, NDArray[Any]]] = []
    while simulation.day < logged_days + max(horizons):
        morning, day = simulation.open_accounts, simulation.day
        actions, priority, sampled = np.zeros(morning.size, np.int64), None, np.zeros(0, np.int64)
        if day % every == 0 and morning.size:
            observations, masks = simulation.observe(), simulation.masks()
            actions = plan.act(observations, masks, morning)
            priority = plan.priority(observations, actions)
            if day < logged_days:
                sampled = np.flatnonzero(rng.random(morning.size) < EXPLORED_SHARE)
                actions[sampled], chances = draw(masks[sampled], weights, rng)
                # Sampled treatments are served first: what is asked is the effect of a treatment that takes place.
                priority = np.ones(morning.size, np.int64) if priority is None else 1 + np.minimum(priority, 254)
                priority[sampled] = 0
        who = morning[sampled]
        before = simulation.accounts[who][["balance", "unserved", "reaches", "complaint_risk"]].copy()
        simulation.advance(actions, priority)
        cash.append(simulation.accounts["cash"].copy())
        if who.size:
            after = simulation.accounts[who]
            served = after["unserved"] == before["unserved"]
            columns = {
                "observations": observations[sampled],
                "treatments": actions[sampled],
                "propensities": chances,
                "day": np.full(who.size, day),
                "who": who,
                "balance": before["balance"],
                "reached": after["reaches"] > before["reaches"],
                "complaint_risk": after["complaint_risk"] - before["complaint_risk"],
            }
            rows.append({name: column[served] for name, column in columns.items()})
    log = {name: np.concatenate([row[name] for row in rows]) for name in rows[0]}
    days, who = log["day"], log["who"]
    money, ends = np.stack(cash), simulation.accounts
    resolved = np.isin(ends["status"], (Status.PAID, Status.SETTLED, Status.CURED)) & (
        ends["closed_day"] < UNRESOLVED_DAYS
    )
    received = [(money[days + h, who] - money[days, who]) / np.maximum(log["balance"], 1) for h in horizons]
    return Logs(
        observations=log["observations"],
        treatments=log["treatments"],
        propensities=log["propensities"].astype(np.float32),
        paid_after=_paid_after(money)[days, who],
        cash=np.stack(received, axis=1).astype(np.float32),
        reached=log["reached"],
        complaint_risk=log["complaint_risk"].astype(np.float32),
        accounts=identity[who],
        entries=entries,
        entry_accounts=identity,
        unresolved=~resolved,
    )


def _paid_after(money: NDArray[np.int64]) -> NDArray[np.float32]:
    """Days from each morning to the evening of the next payment, 1 = the same day: shape (days, accounts)."""
    paid = np.diff(money, axis=0) > 0
    days = np.full((len(paid) + 1, paid.shape[1]), np.inf, np.float32)
    for day in range(len(paid) - 1, -1, -1):
        days[day] = np.where(paid[day], 1.0, days[day + 1] + 1.0)
    return days


def _number(account_id: object) -> int:
    """A number for an account's name, the same in every process; copies of one account have that account's number."""
    return zlib.crc32(str(account_id).partition("~")[0].encode())


def exploring_cohorts(
    scenario: Scenario, plan: Policy, cohorts: int, accounts: int, horizons: tuple[int, ...], seed: int
) -> Iterator[Logs]:
    """Logs of so many cohorts, each with accounts and random numbers of its own.

    Args:
        scenario: whose world and rules.
        plan: decides where nothing is sampled.
        cohorts: how many.
        accounts: in each; a portfolio from a file may have fewer.
        horizons: days over which cash is counted, one column of `Logs.cash` each.
        seed: of all of them; each cohort's is derived from it.

    Yields:
        The logs of one cohort after another, simulated when asked for.
    """
    for number in range(cohorts):
        own = FIRST_SEED + 1000 * seed + number
        yield explore(scenario, plan, scenario.portfolio(accounts, own), own, horizons)
