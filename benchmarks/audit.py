"""What the event log and its audit cost beside the simulation, side by side in one run: `python benchmarks/audit.py`.

Processor seconds, not wall time; the staged plan in the home scenario, one thread. Memory is the peak of a process that does nothing
else.
"""

from __future__ import annotations

import argparse
import multiprocessing
import statistics
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.memory import peak_bytes
from recoup.experiments.comparison.rollout import rollout
from recoup.scenarios.schema import load_scenario
from recoup.sim.compliance.audit import audit
from recoup.sim.compliance.auditlog import PIECE, typed_log
from recoup.sim.eventlog import LogFile

SEED = 1
HOME = load_scenario("china-consumer")


def simulate(accounts: int, days: int, path: Path | None) -> float:
    """Processor seconds of a simulation that keeps its log, or keeps none."""
    portfolio = HOME.portfolio(accounts, SEED)
    start = time.process_time()
    log = LogFile(path, portfolio.column("account_id")) if path else None
    rollout(HOME, "staged", portfolio, SEED, days, log=log)
    return time.process_time() - start


def read_again(path: Path) -> float:
    """Processor seconds of the audit of a log."""
    start = time.process_time()
    audit(typed_log(path), HOME.rules)
    return time.process_time() - start


def shares(console: Console, accounts: int, days: int, rounds: int) -> None:
    """Without a log, with one, and its audit, in turn."""
    table = Table(title=f"{accounts:,} debtors × {days} days, {rounds} rounds in turn, processor seconds")
    for column in ("round", "simulation", "with log", "audit", "log and audit / simulation"):
        table.add_column(column, justify="right")
    ratios = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log.parquet"
        for number in range(rounds):
            bare, logged, audited = simulate(accounts, days, None), simulate(accounts, days, path), read_again(path)
            ratios.append((logged - bare + audited) / bare)
            cells = (bare, logged, audited, ratios[-1])
            table.add_row(str(number + 1), *(f"{cell:.2f}" for cell in cells))
        rows = sum(piece.num_rows for piece in typed_log(path).pieces(PIECE))
        size = path.stat().st_size
    console.print(table)
    console.print(f"median of log and audit: {statistics.median(ratios):.2f} of the simulation")
    console.print(f"{rows:,} rows, {rows / accounts / days:.2f} a debtor-day, {size / rows:.1f} bytes a row\n")


def _peak(accounts: int, days: int, log: bool, queue: multiprocessing.Queue) -> None:  # type: ignore[type-arg]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log.parquet"
        simulate(200, 3, path)  # load what is compiled, and import everything
        read_again(path)
        simulate(accounts, days, path if log else None)
        simulated = peak_bytes()
        if log:
            read_again(path)
        queue.put((simulated, peak_bytes()))


def memory(console: Console, accounts: int, horizons: tuple[int, ...]) -> None:
    """Peak memory by horizon: what the log takes must not grow with it."""
    table = Table(title=f"{accounts:,} debtors: peak memory, MB")
    for column in ("days", "without a log", "with log", "then its audit"):
        table.add_column(column, justify="right")
    context = multiprocessing.get_context("spawn")
    for days in horizons:
        peaks = []
        for log in (False, True):
            queue = context.Queue()
            process = context.Process(target=_peak, args=(accounts, days, log, queue))
            process.start()
            peaks.append(queue.get())
            process.join()
        cells = (peaks[0][0], *peaks[1])
        table.add_row(str(days), *(f"{cell / 1e6:,.0f}" for cell in cells))
    console.print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="smaller sizes, under a minute")
    quick = parser.parse_args().quick
    console = Console(width=120)
    with tempfile.TemporaryDirectory() as folder:
        simulate(200, 3, Path(folder) / "log.parquet")
        read_again(Path(folder) / "log.parquet")
    shares(console, 1_000 if quick else 5_000, 30 if quick else 180, 1 if quick else 5)
    memory(console, 1_000 if quick else 20_000, (30,) if quick else (90, 180, 360))


if __name__ == "__main__":
    main()
