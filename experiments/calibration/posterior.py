"""The posterior of a block of parameters: its mode, intervals, and what the data say nothing about.

Priors are normal about the scenario's own values. The mode is found by Gauss–Newton steps on the accounts' scores (Berndt, Hall, Hall & Hausman 1974),
and the posterior taken as normal about it (Laplace). A parameter whose posterior is hardly narrower than its prior keeps its own value, and
the others are what they are given that.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from recoup.experiments.calibration.parameters import Parameter

STEP = 0.001  # of a prior's spread, for derivatives
MOST_STEPS, SETTLED = 12, 0.1  # steps; and the largest move, in posterior standard deviations, at which they end
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


def fit(
    parameters: Sequence[Parameter],
    log_likelihood: LogLikelihood,
    on_step: Callable[[], None] | None = None,
    start: NDArray[np.float64] | None = None,
    most_steps: int = MOST_STEPS,
) -> Posterior:
    """Find the posterior of a block.

    Args:
        parameters: of the block.
        log_likelihood: see `LogLikelihood`; smooth in the shifts.
        on_step: called after each step.
        start: shifts to begin with; None = 0, the scenario's own values.
        most_steps: after which the search ends, settled or not.
    """
    size = len(parameters)
    if not size:
        return Posterior(parameters, np.zeros(0), np.zeros((0, 0)), 0, True)
    spread = np.array([parameter.spread for parameter in parameters])
    precision = np.diag(1.0 / spread**2)
    here = np.zeros(size) if start is None else start
    steps, settled = 0, False
    while True:
        sets = np.vstack([here, here + np.diag(STEP * spread)])
        found = log_likelihood(sets)
        scores = (found[1:] - found[0]) / (STEP * spread)[:, None]
        value = float(found[0].sum()) - 0.5 * float(here @ precision @ here)
        information = scores @ scores.T + precision
        covariance = np.linalg.inv(information)
        covariance = (covariance + covariance.T) / 2
        if settled or steps == most_steps:
            return Posterior(parameters, here, covariance, steps, settled)
        move = covariance @ (scores.sum(axis=1) - precision @ here)
        share = 1.0
        while share > 0.05:
            there = here + share * move
            better = float(log_likelihood(there[None])[0].sum()) - 0.5 * float(there @ precision @ there)
            if better > value:
                break
            share /= 2.0
        else:
            there, settled = here, True
        settled = (
            settled
            or bool(np.all(np.abs(share * move) < SETTLED * np.sqrt(np.diag(covariance))))
            or (better - value < 0.05)
        )
        here = there
        steps += 1
        if on_step:
            on_step()
