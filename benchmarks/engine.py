"""Speed and memory of the engine, measured side by side in one run: `make bench`.

Every figure uses the home scenario, the staged plan and the full mechanism (observations, masks, plan, queues, courts).
The reference is the plain simulation of tests/reference.py: one SimPy process per debtor, same compiled functions.
"""

from __future__ import annotations

import argparse
import multiprocessing
import statistics
import sys
import time
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.memory import peak_bytes
from recoup.agents.plans.morning import Decided
from recoup.agents.plans.plan import Plan
from recoup.agents.plans.plan_file import find_plan
from recoup.scenarios.schema import load_scenario
from recoup.sim.simulation import Simulation
from tests.reference import ReferenceSimulation

SEED = 1


def run(simulation: Simulation | ReferenceSimulation, days: int, plan_name: str = "staged") -> float:
    """Seconds for so many days."""
    plan = Plan.load(find_plan(plan_name), simulation.menu)

    start = time.perf_counter()
    for _ in range(days):
        if isinstance(simulation, Simulation):
            decided = Decided.empty(simulation.open_accounts.size)
            simulation.advance_by(partial(plan.decide, decided=decided))
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


def ratio(console: Console, accounts: int, days: int, rounds: int) -> None:
    """Engine and reference in turn, A B A B …; the ratio pair by pair."""
    table = Table(title=f"{accounts:,} debtors × {days} days, staged plan, one thread, {rounds} rounds in turn")
    for column in ("round", "engine, million debtor-days/s", "reference", "ratio"):
        table.add_column(column, justify="right")
    ratios = []
    for number in range(rounds):
        seconds = []
        for make in (fast, plain):
            seconds.append(run(make(accounts), days))
        ratios.append(seconds[1] / seconds[0])
        rates = [accounts * days / s / 1e6 for s in seconds]
        table.add_row(str(number + 1), f"{rates[0]:.2f}", f"{rates[1]:.4f}", f"{ratios[-1]:.0f}")
    console.print(table)
    console.print(f"median ratio: {statistics.median(ratios):.0f} times the process-per-debtor reference\n")


def _growth(accounts: int, days: int, threads: int, queue: multiprocessing.Queue) -> None:  # type: ignore[type-arg]
    run(fast(500, threads), 3)  # compile or load compiled code, and import everything
    before = peak_bytes()
    simulation = fast(accounts, threads)
    cpu = time.process_time()
    spent = run(simulation, days)
    cpu = time.process_time() - cpu
    open_days = float(simulation.daily_table()["open"].sum())
    queue.put((spent, cpu, open_days, peak_bytes() - before))


def growth(console: Console, horizons: dict[int, int], counts: tuple[int, ...] = (1, 2)) -> None:
    """Rate and memory by number of debtors and its days, and by threads, each in a process of its own."""
    table = Table(title="growth: staged plan")
    for column in (
        "debtors",
        "days",
        "threads",
        "seconds",
        "CPU seconds",
        "million debtor-days per CPU second",
        "of open accounts",
        "peak bytes a debtor",
    ):
        table.add_column(column, justify="right")
    context = multiprocessing.get_context("spawn")
    for accounts, days in horizons.items():
        for threads in counts:
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
                f"{accounts * days / cpu / 1e6:.2f}",
                f"{open_days / cpu / 1e6:.2f}",
                f"{peak / accounts:,.0f}",
            )
    console.print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="smaller sizes, under a minute")
    quick = parser.parse_args().quick
    console = Console(width=140)
    run(fast(200), 3), run(plain(200), 3)
    ratio(console, 1_000 if quick else 10_000, 10 if quick else 20, 1 if quick else 3)
    growth(console, {1_000: 30, 10_000: 30} if quick else {1_000: 180, 10_000: 180, 100_000: 180, 1_000_000: 30})


if __name__ == "__main__":
    main()
