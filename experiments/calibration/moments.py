"""The posterior of parameters from moments that a simulation gives, where records have no days and no likelihood.

Simulated moments (McFadden 1989) with normal priors: Gauss–Newton steps on the simulated moments under common random numbers, weighted by how
well each moment is known. The posterior is judged as that of a likelihood: what is hardly narrower than its prior keeps its value.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from recoup.experiments.calibration.parameters import Parameter
from recoup.experiments.calibration.posterior import Posterior

STEP = 0.5  # of a prior's spread, for derivatives: simulated shares move in jumps
SETTLED = 0.1  # the largest move, in posterior standard deviations, at which the steps end


def fit_moments(
    parameters: Sequence[Parameter],
    simulate: Callable[[NDArray[np.float64]], NDArray[np.float64]],
    recorded: NDArray[np.float64],
    covariance: NDArray[np.float64],
    most_steps: int = 3,
) -> Posterior:
    """Find the posterior of parameters from moments.

    Args:
        parameters: with their priors.
        simulate: moments under the shifts given, float64 (moments,), with the same random numbers at each call.
        recorded: the moments of the records, float64 (moments,).
        covariance: of their sampling and of the simulation's noise together, float64 (moments, moments).
        most_steps: after which the search ends, settled or not.
    """
    spread = np.array([parameter.spread for parameter in parameters])
    weight, precision = np.linalg.inv(covariance), np.diag(1.0 / spread**2)

    def loss(shifts: NDArray[np.float64], moments: NDArray[np.float64]) -> float:
        gap = recorded - moments
        return float(gap @ weight @ gap + shifts @ precision @ shifts)

    here, moments = np.zeros(len(parameters)), simulate(np.zeros(len(parameters)))
    steps, settled = 0, False
    while True:
        nudges = np.diag(STEP * spread)
        slopes = np.array([(simulate(here + nudge) - moments) / nudge.sum() for nudge in nudges]).T
        posterior = np.linalg.inv(slopes.T @ weight @ slopes + precision)
        if settled or steps == most_steps:
            return Posterior(parameters, here, (posterior + posterior.T) / 2, steps, settled)
        move = posterior @ (slopes.T @ weight @ (recorded - moments) - precision @ here)
        share = 1.0
        while share > 0.1:
            there = here + share * move
            found = simulate(there)
            if loss(there, found) < loss(here, moments):
                break
            share /= 2.0
        else:
            there, found = here, moments
        steps += 1
        settled = bool(np.all(np.abs(there - here) < SETTLED * np.sqrt(np.diag(posterior))))
        here, moments = there, found
