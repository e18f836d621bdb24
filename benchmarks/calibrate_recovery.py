"""Does `recoup calibrate` find the world that records come from? Each repetition has a true world, a portfolio and records of its own.

    python benchmarks/calibrate_recovery.py --repetitions 20
    python benchmarks/calibrate_recovery.py --repetitions 300 --only conduct    # of that the fit takes a tenth of a second

The true parameters are drawn from the priors about the scenario's values, so the search begins somewhere else; what is not fitted is the
scenario's in the true world too. The table is that of docs/how-to/calibrate.md; `--rows` keeps what is done, and an interrupted run goes on.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.repeated import add_rows, kept_rows, markdown
from recoup.experiments.calibration.fitting import Likelihoods, fit_direct, fit_world
from recoup.experiments.calibration.histories import histories
from recoup.experiments.calibration.parameters import Block, movable, with_shifts
from recoup.experiments.records.simulated_records import simulate_records
from recoup.scenarios.schema import load_scenario

WORLDS = ("china-consumer", "uk-loans", "taiwan-cards")
POLICY, EXPLORE, ACCOUNTS, DAYS = "staged", 0.3, 500, 45


def measure(
    world: str, repetition: int, accounts: int = ACCOUNTS, days: int = DAYS, only: Block | None = None
) -> dict[str, Any]:
    """One repetition: the true shift of each parameter, the mode and standard deviation of its posterior, and what is written down.

    Args:
        world: name of the scenario.
        repetition: number, which is the seed.
        accounts, days: size of the records.
        only: fit this block alone, conduct or reach; None = all. The true world is the same.
    """
    scenario = load_scenario(world)
    random = np.random.default_rng((repetition, WORLDS.index(world)))
    parameters = [parameter for block in Block for parameter in movable(scenario.world, block)]
    truth = random.standard_normal(len(parameters)) * [parameter.spread for parameter in parameters]
    true_world = scenario.with_world(with_shifts(scenario.world, parameters, truth))
    portfolio = scenario.portfolio(accounts, 1000 + repetition)
    records = simulate_records(true_world, POLICY, portfolio, 1000 + repetition, days, EXPLORE)
    begun = time.process_time()
    data = histories(scenario.world, portfolio, records.contacts, records.payments)
    if only:
        posteriors = {only: fit_direct(scenario.world, Likelihoods(data), only)}
    else:
        posteriors = fit_world(scenario.world, data).posteriors
    found = {}
    for posterior in posteriors.values():
        columns = (posterior.mode, posterior.deviation, posterior.shifts, posterior.left)
        for parameter, *values in zip(posterior.parameters, *columns, strict=True):
            found[parameter.name] = values
    return {
        "world": world,
        "repetition": repetition,
        "seconds": time.process_time() - begun,
        "settled": all(posterior.settled for posterior in posteriors.values()),
        "parameters": [
            {"name": p.name, "truth": true, "spread": p.spread, **dict(zip(("mode", "deviation", "written", "left"), map(float, found[p.name]), strict=True))}
            for p, true in zip(parameters, map(float, truth), strict=True) if p.name in found
        ],
    }  # fmt: skip


def table(rows: list[dict[str, Any]]) -> str:
    """Share of the prior left, bias, error and coverage of each parameter in each world; errors in units of its prior's spread."""
    worlds = [world for world in WORLDS if any(row["world"] == world for row in rows)]
    by_world = {world: [row["parameters"] for row in rows if row["world"] == world] for world in worlds}
    names = list(dict.fromkeys(one["name"] for each in by_world.values() for one in each[0]))
    heads = [f"{head}, {world}" for world in worlds for head in ("left", "bias", "RMSE", "90 %")]
    lines = []
    for name in [*names, "**all**"]:
        cells = [f"`{name}`" if name in names else name]
        for each in by_world.values():
            found = [one for parameters in each for one in parameters if one["name"] == name or name not in names]
            if not found:
                cells += ["–"] * 4
                continue
            error = np.array([(one["mode"] - one["truth"]) / one["spread"] for one in found])
            held = np.mean([abs(one["mode"] - one["truth"]) <= 1.645 * one["deviation"] for one in found])
            left = np.mean([one["left"] for one in found])
            cells += [f"{left:.2f}", f"{error.mean():+.2f}", f"{np.sqrt(np.mean(error**2)):.2f}", f"{held:.0%}"]
        lines.append(cells)
    return markdown(["parameter", *heads], lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=20)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--world", choices=WORLDS, action="append", help="this world alone (default: both)")
    parser.add_argument("--only", type=Block, choices=(Block.CONDUCT, Block.REACH), help="fit this block alone")
    parser.add_argument("--rows", type=Path, help="JSON lines: what is in it is not done again, and new rows are added")
    parser.add_argument("--table", action="store_true", help="only the table of what is done")
    arguments = parser.parse_args()
    rows = kept_rows(arguments.rows)
    done = {(row["world"], row["repetition"]) for row in rows}
    for repetition in range(arguments.first, arguments.first + arguments.repetitions):
        for world in arguments.world or WORLDS:
            if arguments.table or (world, repetition) in done:
                continue
            rows.append(measure(world, repetition, only=arguments.only))
            add_rows(arguments.rows, rows[-1:])
    print(table(rows))
    seconds = [row["seconds"] for row in rows]
    print(
        f"\n{len(rows)} fits, median {np.median(seconds):.0f} s of processor time each; {time.process_time():.0f} s in all"
    )


if __name__ == "__main__":
    main()
