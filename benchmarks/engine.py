"""Speed and memory of the engine by size: `python benchmarks/engine.py`; the ratio to the reference is a row of `make bench`.

Every figure uses the home scenario, the staged plan and the full mechanism (observations, masks, plan, queues, courts).
The reference is the plain simulation of tests/reference.py: one SimPy process per debtor, same compiled functions.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.memory import peak_bytes
from recoup.agents.plans.plan import Plan
from recoup.agents.plans.plan_file import find_plan
from recoup.experiments.comparison.rollout import one_day
from recoup.experiments.runs.rare_collection import rare_collection
from recoup.scenarios.schema import load_scenario
from recoup.sim.simulation import Simulation
from tests.reference import ReferenceSimulation

SEED = 1


def run(simulation: Simulation | ReferenceSimulation, days: int, plan_name: str = "staged") -> float:
    """Seconds for so many days."""
    plan = Plan.load(find_plan(plan_name), simulation.menu)

    start = time.perf_counter()
    with rare_collection():  # as in a comparison; for both
        for _ in range(days):
            if isinstance(simulation, Simulation):
                one_day(simulation, plan, every=1)
            else:
                seen = simulation.observe()
                actions = plan.act(seen, simulation.masks())
                simulation.advance(actions, plan.priority(seen, actions))
    return time.perf_counter() - start


def fast(accounts: int, threads: int = 1) -> Simulation:
    scenario = load_scenario("china-consumer")
    return Simulation(scenario.world, scenario.portfolio(accounts, SEED), scenario.rules, SEED, threads=threads)


def plain(accounts: int) -> ReferenceSimulation:
    scenario = load_scenario("china-consumer")
    return ReferenceSimulation(scenario.world, scenario.portfolio(accounts, SEED), scenario.rules, SEED)


def _growth(accounts: int, days: int, threads: int, queue: multiprocessing.Queue) -> None:  # type: ignore[type-arg]
    run(fast(500, threads), 3)  # compile or load compiled code, and import everything
    before = peak_bytes()
    simulation = fast(accounts, threads)
    cpu = time.process_time()
    spent = run(simulation, days)
    cpu = time.process_time() - cpu
    open_days = float(simulation.daily_table()["open"].sum())
    queue.put((spent, cpu, open_days, peak_bytes() - before))


def growth(console: Console, runs: Sequence[tuple[int, int, int]]) -> None:
    """Rate and memory of (debtors, days, threads), each in a process of its own."""
    table = Table(title="growth: staged plan")
    for column in (
        "debtors",
        "days",
        "threads",
        "seconds",
        "CPU seconds",
        "million debtor-days a second",
        "per CPU second",
        "of open accounts",
        "peak bytes a debtor",
    ):
        table.add_column(column, justify="right")
    context = multiprocessing.get_context("spawn")
    for accounts, days, threads in runs:
        queue = context.Queue()
        process = context.Process(target=_growth, args=(accounts, days, threads, queue))
        process.start()
        spent, cpu, open_days, peak = queue.get()
        process.join()
        table.add_row(
            f"{accounts:,}",
            str(days),
            str(threads),
            f"{spent:.2f}",
            f"{cpu:.2f}",
            f"{accounts * days / spent / 1e6:.2f}",
            f"{accounts * days / cpu / 1e6:.2f}",
            f"{open_days / cpu / 1e6:.2f}",
            f"{peak / accounts:,.0f}",
        )
    console.print(table)


SIZES = [(1_000, 180, 1), (10_000, 180, 1), *((100_000, 180, threads) for threads in (1, 2)), (1_000_000, 360, 2)]
QUICK = [(1_000, 30, 1), (10_000, 30, 2)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="smaller sizes, under a minute")
    quick = parser.parse_args().quick
    console = Console(width=140)
    growth(console, QUICK if quick else SIZES)


if __name__ == "__main__":
    main()
