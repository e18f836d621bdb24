"""Where the difference between two policies comes from: timing, channel, offers or legal steps (`recoup attribute`).

The policies are crossed. A hybrid takes each part of every decision from one of the two; all hybrids meet the same accounts under
common random numbers. A part's share of the difference is its mean effect over every order of exchange: the Shapley value
(Shapley 1953, "A value for n-person games", *Contributions to the Theory of Games* II), so that the shares add up to the whole
difference, seed by seed.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recoup.agents.library import load_policy
from recoup.agents.policy import Policy
from recoup.experiments.comparison.intervals import interval
from recoup.experiments.comparison.settings import Comparison
from recoup.experiments.runs.run import Run
from recoup.experiments.runs.runfolder import ATTRIBUTION, write_json
from recoup.experiments.runs.workers import run_each
from recoup.sim.inputs import InputError, choose
from recoup.sim.simulation import Simulation
from recoup.sim.treatments import Channel, Legal, Menu, Window

PARTS = ("timing", "channel", "offer", "legal")
MEASURE = "recovery_rate"
Chosen = frozenset[str]  # the parts that a hybrid takes from the second policy


class Crossing:
    """Puts decisions of two policies together, part by part.

    - legal: notice, suit and enforcement, and nothing else that day;
    - timing: whether the debtor is contacted, in which window, and who is served first;
    - channel: by which channel, where this policy would contact as well;
    - offer: what is offered, where this policy would contact as well.

    A combination that the menu does not have, or that is not allowed, loses its offer, then its window, then the contact.

    Args:
        menu: the scenario's treatments, which both policies choose from.
    """

    def __init__(self, menu: Menu) -> None:
        self._channel = np.array([t.channel for t in menu.treatments])
        self._window = np.array([t.window for t in menu.treatments])
        self._offer, offers = self._numbered([t.offer.name for t in menu.treatments])
        self._legal = np.array([t.legal for t in menu.treatments])
        self._talks = (self._channel != Channel.NONE) & (self._legal == Legal.NONE)
        self._none = offers["none"]
        self._at = np.full((len(Channel), len(Window), len(offers)), -1, np.int64)
        for index in np.flatnonzero(self._talks):
            self._at[self._channel[index], self._window[index], self._offer[index]] = index

    @staticmethod
    def _numbered(names: list[str]) -> tuple[NDArray[np.int64], dict[str, int]]:
        numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
        return np.array([numbers[name] for name in names]), numbers

    def cross(
        self, ours: NDArray[np.int64], theirs: NDArray[np.int64], masks: NDArray[np.bool_], from_theirs: Chosen
    ) -> NDArray[np.int64]:
        """One day's decisions of the hybrid.

        Args:
            ours, theirs: menu indices that the first and the second policy choose, shape (accounts,).
            masks: which treatments are allowed, shape (accounts, treatments).
            from_theirs: the parts to take from the second policy.

        Returns:
            Menu indices, shape (accounts,); with all parts of one policy, that policy's own.
        """
        if not from_theirs or len(from_theirs) == len(PARTS):
            return theirs if from_theirs else ours
        timing, channel, offer, legal = (theirs if part in from_theirs else ours for part in PARTS)
        talks = self._talks[timing]
        by = np.where(self._talks[channel], self._channel[channel], self._channel[timing])
        put = np.where(self._talks[offer], self._offer[offer], self._none)
        window = self._window[timing]
        rows = np.arange(len(timing))
        contacts = np.zeros(len(timing), np.int64)
        settled = ~talks
        nothing = np.full_like(put, self._none)
        for candidate in (
            self._at[by, window, put],
            self._at[by, window, nothing],
            *(self._at[by, np.full_like(window, other), nothing] for other in Window),
        ):
            fits = ~settled & (candidate >= 0) & masks[rows, candidate]
            contacts[fits] = candidate[fits]
            settled |= fits
        return np.where(self._legal[legal] != Legal.NONE, legal, contacts)


def recovery(comparison: Comparison, seed: int, days: int, from_theirs: Chosen) -> float:
    """Recovery rate (cash / opening balance) of one hybrid on one seed.

    Args:
        comparison: its two plans are the policies that are crossed.
        seed: of accounts and events.
        days: horizon.
        from_theirs: the parts to take from the second policy.

    Raises:
        InputError: scenario or policy cannot be read.
    """
    scenario = comparison.load()
    simulation = Simulation(scenario.world, scenario.portfolio(comparison.accounts, seed), scenario.rules, seed)
    policies: list[Policy] = [
        load_policy(policy_ref, scenario.name, scenario.world) for policy_ref in comparison.policies
    ]
    crossing, every = Crossing(simulation.menu), scenario.world.decision_every_days
    while simulation.day < days:
        actions, priority = np.zeros(simulation.open_accounts.size, np.int64), None
        if simulation.day % every == 0:
            observations, masks = simulation.observe(), simulation.masks()
            chosen = [policy.act(observations, masks, simulation.open_accounts) for policy in policies]
            actions = crossing.cross(chosen[0], chosen[1], masks, from_theirs)
            first = int("timing" in from_theirs)
            priority = policies[first].priority(observations, chosen[first])
        simulation.advance(actions, priority)
    return float(simulation.accounts["cash"].sum() / simulation.accounts["opening"].sum())


def _hybrid(comparison: Comparison, days: int, key: tuple[int, Chosen]) -> float:
    return recovery(comparison, key[0], days, key[1])


def shapley(values: dict[Chosen, float]) -> dict[str, float]:
    """Shapley value of each part: its mean effect over all orders in which parts can be exchanged.

    share(i) = Σ over S ⊆ parts without i of |S|! (n − |S| − 1)! / n! · (value(S ∪ {i}) − value(S)); Shapley 1953.

    Args:
        values: one for every subset of `PARTS`.
    """
    n = len(PARTS)
    shares = dict.fromkeys(PARTS, 0.0)
    for part, size in itertools.product(PARTS, range(n)):
        weight = math.factorial(size) * math.factorial(n - size - 1) / math.factorial(n)
        for others in itertools.combinations([p for p in PARTS if p != part], size):
            shares[part] += weight * (values[frozenset(others) | {part}] - values[frozenset(others)])
    return shares


def subsets() -> list[Chosen]:
    """Every choice of parts, from none to all."""
    return [frozenset(chosen) for size in range(len(PARTS) + 1) for chosen in itertools.combinations(PARTS, size)]


def attribute(
    folder: Path,
    start: str | None = None,
    end: str | None = None,
    seeds: int = 4,
    workers: int = 1,
    on_run: Callable[[], None] | None = None,
) -> dict[str, Any]:
    """Attribute the difference in recovery between two policies of a finished run; writes attribution.json.

    Args:
        folder: of a finished comparison.
        start, end: names of policies in the run; None = its reference, and its best other one.
        seeds: how many of the run's seeds.
        workers: processes; the numbers do not depend on it.
        on_run: called after each hybrid's run.

    Returns:
        The content of attribution.json: `from`, `to`, `seeds`, `hybrids` (how many), recovery of `from` (`start`), the difference
        (`total`) and each part's share of it (`rows`), with 95 % intervals over the seeds.

    Raises:
        InputError: no finished run, or no such policy in it.
        WorkerLost: a worker was killed.
    """
    run = Run(folder)
    names = [start or run.reference or run.best, end or run.best]
    for option, name in zip(("--from", "--to"), names, strict=True):
        if name not in run.names:
            raise InputError(folder, option, name, choose(run.names, name))
    if names[0] == names[1]:
        raise InputError(folder, "--to", names[1], "two different policies of this run")
    settings = run.results["settings"]
    policy_refs = tuple(settings["policies"][run.names.index(name)] for name in names)
    comparison = Comparison.from_settings(settings, policies=policy_refs)
    chosen_seeds, days = run.results["seeds"][:seeds], run.results["days"]
    known = {
        (seed, chosen): run.parts(name)[number]["measures"][MEASURE]
        for number, seed in enumerate(chosen_seeds)
        for name, chosen in zip(names, (frozenset[str](), frozenset(PARTS)), strict=True)
    }
    missing = [(seed, chosen) for seed in chosen_seeds for chosen in subsets() if (seed, chosen) not in known]
    for key, value in run_each(partial(_hybrid, comparison, days), missing, workers):
        known[key] = value
        if on_run:
            on_run()
    by_seed = [shapley({chosen: known[seed, chosen] for chosen in subsets()}) for seed in chosen_seeds]
    ends = [[known[seed, chosen] for seed in chosen_seeds] for chosen in (frozenset[str](), frozenset(PARTS))]
    attribution = {
        "from": names[0],
        "to": names[1],
        "seeds": chosen_seeds,
        "hybrids": len(subsets()) - 2,
        "start": interval(ends[0]),
        "total": interval([b - a for a, b in zip(*ends, strict=True)]),
        "rows": [{"part": part, MEASURE: interval([shares[part] for shares in by_seed])} for part in PARTS],
    }
    write_json(folder / ATTRIBUTION, attribution)
    return attribution
