"""Fit a scenario's world to records, block by block: conduct, reach, and how debtors respond."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property, partial

import numpy as np
from numpy.typing import NDArray

from recoup.experiments.calibration import direct, hidden
from recoup.experiments.calibration.histories import Histories
from recoup.experiments.calibration.parameters import Block, movable, records_of, with_shifts
from recoup.experiments.calibration.posterior import Memory, Posterior, fit, with_noise
from recoup.experiments.runs.runfolder import fingerprint
from recoup.sim.parameters import World

# Of the random numbers that stand for what nobody sees; and how many seeds more tell how much hangs on them.
SEED, SEEDS = 71, 4
ROUGHLY, ROUGH_STEPS = 4, 4  # of how many draws one serves to begin with, and for how many steps


@dataclass(frozen=True)
class Fitted:
    """A world fitted to records.

    Attributes:
        own: the scenario's world.
        posteriors: of each block.
        groups: of candidates for each account's hidden traits.
    """

    own: World
    posteriors: dict[Block, Posterior]
    groups: int

    @cached_property
    def world(self) -> World:
        """The world with what was identified; the rest keeps its own value."""
        world = self.own
        for posterior in self.posteriors.values():
            world = with_shifts(world, posterior.parameters, posterior.shifts)
        return world

    def draw(self, random: np.random.Generator) -> World:
        """A world from the posterior."""
        world = self.own
        for posterior in self.posteriors.values():
            world = with_shifts(world, posterior.parameters, posterior.draws(1, random)[0])
        return world


class Likelihoods:
    """The likelihood of each block on the same records.

    Args:
        data: records.
        threads: on which accounts are worked on; no number depends on it.
    """

    def __init__(self, data: Histories, threads: int = 1) -> None:
        self.data = data
        self._pool = ThreadPoolExecutor(threads) if threads > 1 else None
        self._threads = threads
        self.nodes, self.node_weights = direct.nodes()

    def scaled(self, world: World) -> NDArray[np.float64]:
        """Of each account the visible data that traits are drawn from (`candidates.usual_traits`), float64 (accounts, 3)."""
        population, accounts = world.population, self.data.accounts
        score = (accounts["score"].astype(float) - population.score_mean) / population.score_spread
        prior = np.minimum(accounts["prior"].astype(float), 6.0) - population.prior_delinquencies_mean
        return np.column_stack([score, prior, accounts["early_warning"].astype(float) - 0.5])

    def _over(self, kernel: Callable[[int, int], None]) -> None:
        """Call a kernel on all accounts, in parts where there are threads."""
        size = len(self.data)
        if self._pool is None:
            kernel(0, size)
            return
        cuts = np.linspace(0, size, 8 * self._threads + 1).astype(int)
        list(self._pool.map(kernel, cuts[:-1], cuts[1:]))

    def conduct(self, variants: NDArray[np.void]) -> NDArray[np.float64]:
        """Log-likelihood of conduct, float64 (variants, accounts)."""
        data, out = self.data, np.zeros((len(variants), len(self.data)))
        self._over(lambda begin, end: direct.conduct(variants, data.contacts, data.first_contact, begin, end, out))
        return out

    def reach(self, variants: NDArray[np.void], posterior: NDArray[np.float64] | None = None) -> NDArray[np.float64]:
        """Log-likelihood of reach, float64 (variants, accounts); `posterior` as of `direct.reach`."""
        data, out = self.data, np.zeros((len(variants), len(self.data)))
        weights = np.zeros((0, 0)) if posterior is None else posterior
        self._over(
            lambda begin, end: direct.reach(
                variants,
                data.contacts,
                data.first_contact,
                self.nodes,
                self.node_weights,
                data.reads_known,
                begin,
                end,
                out,
                weights,
            )
        )
        return out

    def reachability(self, world: World) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """What calls say of how easily each account is reached: the nodes, and their weights by account (`direct.reach`)."""
        record = records_of(world, [], np.zeros((1, 0)))
        posterior = np.zeros((len(self.data), 2 * direct.NODES))
        self.reach(record, posterior)
        return world.behaviour.reach_spread * self.nodes, posterior

    def response(
        self,
        variants: NDArray[np.void],
        hazards: NDArray[np.bool_],
        known: World,
        nodes: NDArray[np.float64],
        weights: NDArray[np.float64],
        groups: int,
        seed: int = SEED,
    ) -> NDArray[np.float64]:
        """Log-likelihood of payments, promises and agreements, float64 (variants, accounts); arguments as of `hidden.marginal`."""
        data, out = self.data, np.zeros((len(variants), len(self.data)))
        record, scaled = records_of(known, [], np.zeros((1, 0))), self.scaled(known)
        employed, read = np.zeros(len(data.rows), np.bool_), np.zeros(len(data.contacts), np.bool_)
        self._over(
            lambda begin, end: hidden.marginal(
                variants,
                hazards,
                record,
                data.accounts,
                scaled,
                data.rows,
                data.first_row,
                data.contacts,
                data.eventful,
                data.disclosed,
                nodes,
                weights,
                groups,
                seed,
                employed,
                read,
                begin,
                end,
                out,
            )
        )
        return out


def fit_direct(
    world: World, likelihoods: Likelihoods, block: Block, on_step: Callable[[], None] | None = None
) -> Posterior:
    """Fit a block whose likelihood needs no draws: conduct or reach; arguments as of `fit_world`."""
    parameters = movable(world, block, likelihoods.data.reads_known)
    of = likelihoods.conduct if block is Block.CONDUCT else likelihoods.reach
    return fit(parameters, lambda shifts: of(records_of(world, parameters, shifts)), on_step)


def fit_world(
    world: World,
    data: Histories,
    threads: int = 1,
    groups: int = hidden.GROUPS,
    on_step: Callable[[], None] | None = None,
    memory: Memory | None = None,
) -> Fitted:
    """Fit what records determine.

    Args:
        world: the scenario's own: the prior, and all that is not fitted.
        data: the records.
        threads: see `Likelihoods`.
        groups: of candidates for hidden traits.
        on_step: called after each step of the search.
        memory: of an interrupted fit of the same world to the same records.
    """
    likelihoods = Likelihoods(data, threads)
    response = movable(world, Block.RESPONSE, cards=set((data.accounts["minimum_due"] > 0).tolist()))

    def remembered(*what: object) -> Memory | None:
        return Memory(memory.kept, fingerprint(memory.of, *what)) if memory else None

    posteriors = {block: fit_direct(world, likelihoods, block, on_step) for block in (Block.CONDUCT, Block.REACH)}
    known = Fitted(world, posteriors, groups).world
    nodes, weights = likelihoods.reachability(known)
    moves = np.array([True, *(parameter.hazard for parameter in response)])

    def log_likelihood(groups: int, seed: int, shifts: NDArray[np.float64]) -> NDArray[np.float64]:
        hazards = moves if len(shifts) == len(moves) else np.ones(len(shifts), np.bool_)
        return likelihoods.response(records_of(known, response, shifts), hazards, known, nodes, weights, groups, seed)

    # Most of the way with few draws, the rest with all of them.
    few = max(groups // ROUGHLY, 2)
    rough = fit(
        response,
        partial(log_likelihood, few, SEED),
        on_step,
        most_steps=ROUGH_STEPS,
        memory=remembered("rough", few),
    )
    one = fit(response, partial(log_likelihood, groups, SEED), on_step, rough.mode, memory=remembered("fine", groups))
    others = [partial(log_likelihood, groups, SEED + number) for number in range(1, SEEDS + 1)]
    posteriors[Block.RESPONSE] = with_noise(one, others, on_step, remembered("noise", groups))
    return Fitted(world, posteriors, groups)
