"""Fit how card holders pay to the month-to-month moves of the real accounts: `python benchmarks/fit_cards.py [EVALUATIONS]`.

Least squares on the distance of each target of scenarios/calibration/taiwan-cards.yaml from the middle of its band, in half widths, with a
pull towards the values in the scenario file. It prints the parameters to write into the file, and what they give on seeds that it did not
use; those of `recoup calibrate` are others again. No plan is run but status-quo, which the targets name.
"""

from __future__ import annotations

import sys

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares

from recoup.experiments.checks.calibration import Reading, measure
from recoup.scenarios.schema import Scenario, load_scenario

ACCOUNTS, SEEDS, OTHERS = 2_000, range(811, 813), range(821, 825)
# Derivatives need large steps, for shares of a few thousand accounts move in jumps; scipy takes a step relative to the value.
STEP, ORIGIN = 0.15, 10.0  # in scales
PULL = 0.1  # half widths per unit of a parameter's own scale

# Parameter, the scale on which it is believed, least and most.
FREE = {
    "cards.pay": (1.0, -10.0, 10.0),
    "cards.again": (0.2, 0.0, 1.0),
    "cards.clear": (1.0, -15.0, 10.0),
    "cards.clear_months": (0.5, 0.0, 5.0),
    "cards.means": (0.7, 0.0, 12.0),
    "behaviour.pay_age": (0.5, 0.0, 4.0),
}


def changed(scenario: Scenario, x: NDArray[np.float64]) -> Scenario:
    """The scenario with these values, in the order of `FREE`."""
    sections = {"cards": scenario.world.cards, "behaviour": scenario.world.behaviour}
    for path, number in zip(FREE, x, strict=True):
        section, name = path.split(".")
        sections[section] = sections[section].model_copy(update={name: float(number)})  # type: ignore[union-attr]
    return scenario.with_world(scenario.world.model_copy(update=sections))


def distance(reading: Reading) -> float:
    """From the middle of the band, in half widths."""
    low, high = reading.target.low, reading.target.high
    return (reading.mean - (low + high) / 2) / ((high - low) / 2)


def main(evaluations: int) -> None:
    scenario = load_scenario("taiwan-cards")
    scale, low, high = (np.array(column) for column in zip(*FREE.values(), strict=True))
    start = np.array(
        [getattr(getattr(scenario.world, section), name) for section, name in (path.split(".") for path in FREE)]
    )

    def values(z: NDArray[np.float64]) -> NDArray[np.float64]:
        return start + (z - ORIGIN) * scale

    def gaps(z: NDArray[np.float64]) -> NDArray[np.float64]:
        readings = measure(changed(scenario, values(z)), SEEDS, ACCOUNTS)
        found = np.array([distance(reading) for reading in readings])
        print(f"{np.sum(found**2):7.2f}", np.round(values(z), 3).tolist(), flush=True)
        return np.concatenate([found, PULL * (z - ORIGIN)])

    bounds = [(limit - start) / scale + ORIGIN for limit in (low, high)]
    origin = np.clip(np.full(start.size, ORIGIN), bounds[0] + 1e-3, bounds[1] - 1e-3)
    best = least_squares(gaps, origin, bounds=bounds, diff_step=STEP / ORIGIN, max_nfev=evaluations)
    for path, number in zip(FREE, values(best.x), strict=True):
        print(f"{path}: {number:.2f}")
    for reading in measure(changed(scenario, values(best.x)), OTHERS, ACCOUNTS):
        verdict = "" if reading.inside else "  MISSED"
        print(
            f"{reading.target.id}: {reading.target.low:.3f} to {reading.target.high:.3f}, {reading.mean:.3f}{verdict}"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 12)
