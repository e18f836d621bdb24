"""The posterior of a block of parameters: its mode, intervals, and what the data say nothing about.

Priors are normal about the scenario's own values. The mode is found by Gauss–Newton steps on the accounts' scores (Berndt, Hall, Hall & Hausman 1974),
and the posterior taken as normal about it (Laplace). A parameter whose posterior is hardly narrower than its prior keeps its own value, and
the others are what they are given that.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from recoup.experiments.calibration.parameters import Parameter
from recoup.experiments.runs.kept import Kept, holding
from recoup.experiments.runs.runfolder import fingerprint

STEP = 0.001  # of a prior's spread, for derivatives
MOST_STEPS, SETTLED = 12, 0.1  # steps; and the largest move, in posterior standard deviations, at which they end
ENOUGH = 0.05  # a gain in log-likelihood below which nothing is gained
NOT_IDENTIFIED = 0.75  # share of the prior's spread that is left
Z90 = 1.6448536269514722

# Log-likelihood of each account under each set of shifts, float64 (sets, accounts).
LogLikelihood = Callable[[NDArray[np.float64]], NDArray[np.float64]]


@dataclass(frozen=True)
class Posterior:
    """What is known of a block of parameters, as shifts from the scenario's values on the scale of each one's link.

    Attributes:
        parameters: of the block.
        mode: float64 (parameters,).
        covariance: float64 (parameters, parameters).
        steps: that were taken.
        settled: whether the last one was small.
    """

    parameters: Sequence[Parameter]
    mode: NDArray[np.float64]
    covariance: NDArray[np.float64]
    steps: int
    settled: bool

    @property
    def prior(self) -> NDArray[np.float64]:
        """Standard deviations of the priors, float64 (parameters,)."""
        return np.array([parameter.spread for parameter in self.parameters])

    @property
    def deviation(self) -> NDArray[np.float64]:
        """Standard deviations of the posterior, float64 (parameters,)."""
        return np.sqrt(np.diag(self.covariance))

    @property
    def left(self) -> NDArray[np.float64]:
        """Share of each prior's spread that the data leave: 1 = they say nothing, float64 (parameters,)."""
        return self.deviation / self.prior

    @property
    def identified(self) -> NDArray[np.bool_]:
        """Which parameters the data say something about, bool (parameters,)."""
        return self.left < NOT_IDENTIFIED

    @property
    def shifts(self) -> NDArray[np.float64]:
        """What is written down: 0 for what is not identified, and the mode of the others given that; float64 (parameters,)."""
        known = self.identified
        out = np.where(known, self.mode, 0.0)
        if known.any() and not known.all():
            across = self.covariance[np.ix_(known, ~known)]
            out[known] -= across @ np.linalg.solve(self.covariance[np.ix_(~known, ~known)], self.mode[~known])
        return out

    def interval(self, z: float = Z90) -> NDArray[np.float64]:
        """Lower and upper end of each parameter's interval, 90 % by default; float64 (parameters, 2)."""
        return self.mode[:, None] + z * self.deviation[:, None] * np.array([-1.0, 1.0])

    def draws(self, number: int, random: np.random.Generator) -> NDArray[np.float64]:
        """So many sets of shifts, float64 (number, parameters)."""
        if not self.parameters:
            return np.zeros((number, 0))
        root = np.linalg.cholesky(self.covariance)
        return np.asarray(self.mode + random.standard_normal((number, len(self.parameters))) @ root.T)


_FIGURES = holding(dict[str, list[float]])


@dataclass(frozen=True)
class Memory:
    """Where the costly part of each step is kept, so that an interrupted fit goes on.

    Attributes:
        kept: the file; one without a path keeps nothing.
        of: fingerprint of all that decides the likelihood, but for the shifts.
    """

    kept: Kept
    of: str


def fit(
    parameters: Sequence[Parameter],
    log_likelihood: LogLikelihood,
    on_step: Callable[[], None] | None = None,
    start: NDArray[np.float64] | None = None,
    most_steps: int = MOST_STEPS,
    memory: Memory | None = None,
) -> Posterior:
    """Find the posterior of a block.

    Args:
        parameters: of the block.
        log_likelihood: see `LogLikelihood`; smooth in the shifts.
        on_step: called after each step.
        start: shifts to begin with; None = 0, the scenario's own values.
        most_steps: after which the search ends, settled or not.
        memory: of an earlier, interrupted search; None = none, and nothing is kept.
    """
    size = len(parameters)
    if not size:
        return Posterior(parameters, np.zeros(0), np.zeros((0, 0)), 0, True)
    memory = memory or Memory(Kept(None), "")
    spread = np.array([parameter.spread for parameter in parameters])
    precision = np.diag(1.0 / spread**2)
    here = np.zeros(size) if start is None else start

    def prior(shifts: NDArray[np.float64]) -> float:
        return -0.5 * float(shifts @ precision @ shifts)

    def slopes(at: NDArray[np.float64]) -> dict[str, list[float]]:
        values, scores = _scores(log_likelihood, at, spread)
        return {
            "value": [float(values.sum())],
            "score": scores.sum(axis=1).tolist(),
            "information": (scores @ scores.T).ravel().tolist(),
        }

    steps, settled = 0, False
    while True:
        found = memory.kept.once(partial(fingerprint, memory.of, here.tolist()), _FIGURES, partial(slopes, here))
        value, score = found["value"][0] + prior(here), np.array(found["score"])
        covariance = np.linalg.inv(np.array(found["information"]).reshape(size, size) + precision)
        covariance = (covariance + covariance.T) / 2
        if settled or steps == most_steps:
            return Posterior(parameters, here, covariance, steps, settled)
        move = covariance @ (score - precision @ here)
        there, gained = here, 0.0
        for share in (1.0, 0.5, 0.25, 0.125, 0.0625):
            gained = float(log_likelihood((here + share * move)[None])[0].sum()) + prior(here + share * move) - value
            if gained > 0.0:
                there = here + share * move
                break
        small = np.abs(there - here) < SETTLED * np.sqrt(np.diag(covariance))
        settled = gained < ENOUGH or bool(np.all(small))
        here = there
        steps += 1
        if on_step:
            on_step()


def with_noise(
    found: Posterior,
    simulations: Sequence[LogLikelihood],
    on_step: Callable[[], None] | None = None,
    memory: Memory | None = None,
) -> Posterior:
    """What is known where the likelihood is itself an average over draws: one more step on the mean of several, and what their noise adds.

    The scores of a simulated likelihood are noisy, so its mode is, and the sum of their products exceeds the information by their variance.
    Their mean over independent simulations is nearer to the truth by the root of how many there are; what differs between them is the
    noise V that is left in it. The information I is cleared of it, and the score is read as an observation I (θ − mode) whose variance is
    I + V: so it weighs I (I + V)⁻¹ I beside the prior. Where V is small that is the covariance H⁻¹ + H⁻¹ V H⁻¹ of Train (2009, ch. 10), H being
    information and prior together; where it is large, nothing is left but the prior.

    Args:
        found: the posterior under one simulation.
        simulations: log-likelihoods that are alike but for their draws; two or more.
        on_step: called after each of them.
        memory: as of `fit`.
    """
    size, number = len(found.parameters), len(simulations)
    if not size:
        return found
    memory = memory or Memory(Kept(None), "")
    spread, here = found.prior, found.mode
    precision = np.diag(1.0 / spread**2)

    def figures() -> dict[str, list[float]]:
        each = []
        for simulation in simulations:
            each.append(_scores(simulation, here, spread)[1])
            if on_step:
                on_step()
        mean = np.mean(each, axis=0)
        apart = sum((scores - mean) @ (scores - mean).T for scores in each)
        return {
            "score": mean.sum(axis=1).tolist(),
            "products": (mean @ mean.T).ravel().tolist(),
            "noise": (apart / (number * (number - 1))).ravel().tolist(),
        }

    kept = memory.kept.once(partial(fingerprint, memory.of, here.tolist(), number), _FIGURES, figures)
    noise = np.array(kept["noise"]).reshape(size, size)
    information = _not_negative(np.array(kept["products"]).reshape(size, size) - noise, spread)
    # What differs nowhere, and says nothing, has no weight, whatever stands in for its variance of 0.
    weight = np.linalg.solve(information + noise + 1e-9 * precision, information).T
    covariance = np.linalg.inv(weight @ information + precision)
    mode = here + covariance @ (weight @ np.array(kept["score"]) - precision @ here)
    return Posterior(found.parameters, mode, (covariance + covariance.T) / 2, found.steps + 1, found.settled)


def _scores(
    log_likelihood: LogLikelihood, at: NDArray[np.float64], spread: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Log-likelihood of each account, float64 (accounts,), and its slopes, float64 (parameters, accounts)."""
    found = log_likelihood(np.vstack([at, at + np.diag(STEP * spread)]))
    return found[0], (found[1:] - found[0]) / (STEP * spread)[:, None]


def _not_negative(matrix: NDArray[np.float64], scale: NDArray[np.float64]) -> NDArray[np.float64]:
    """The symmetric matrix without directions in which it is below 0, in units of `scale`."""
    values, vectors = np.linalg.eigh(matrix * np.outer(scale, scale))
    return np.asarray((vectors * np.maximum(values, 0.0)) @ vectors.T / np.outer(scale, scale))
