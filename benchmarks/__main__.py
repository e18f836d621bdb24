"""One table of ratios: `make bench`, or `python -m benchmarks --quick` within a minute.

Each row sets two ways to do the same work beside each other: one after the other, round after round, in one process, so that what else the machine does
meets both. Rates are per CPU second (or by the clock, where a row says so); the ratio is taken round by round.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import torch

from benchmarks import audit, engine, portfolio_lists, training
from benchmarks.in_turn import in_turn, spread
from recoup.experiments.runs.runfolder import versions, write_text
from recoup.scenarios.schema import load_scenario
from recoup.sim.portfolio.importing import load


@dataclass(frozen=True)
class Spent:
    """What one turn did, and how long it took: seconds of processor time, or by the clock."""

    units: float
    seconds: float


Turn = Callable[[], Spent]


@dataclass(frozen=True)
class Pair:
    """Two ways to do the same work.

    Attributes:
        work: what is counted.
        ours, theirs: names of the two, and a turn of each.
        rounds: how often in turn; None = as asked for.
    """

    work: str
    ours: tuple[str, Turn]
    theirs: tuple[str, Turn]
    rounds: int | None = None


def timed(work: Callable[[], float], clock: Callable[[], float] = time.process_time) -> Turn:
    """A turn of a function that returns how many units it did."""

    def turn() -> Spent:
        start = clock()
        units = work()
        return Spent(units, clock() - start)

    return turn


def simulating(
    make: Callable[[int], Any], accounts: int, days: int, clock: Callable[[], float] = time.process_time
) -> Turn:
    """Days of the staged plan; the portfolio is made beforehand."""

    def turn() -> Spent:
        simulation, start = make(accounts), clock()
        engine.run(simulation, days)
        return Spent(accounts * days, clock() - start)

    return turn


def pairs(quick: bool, keep: ExitStack) -> Iterator[Pair]:
    """All pairs.

    Args:
        quick: of small sizes, whose ratios say little.
        keep: closes what they need.
    """
    accounts, days = (500, 10) if quick else (10_000, 20)
    yield Pair(
        "debtor-days of the staged plan",
        ("engine", simulating(engine.fast, accounts, days)),
        ("one SimPy process per debtor", simulating(engine.plain, accounts, days)),
        rounds=None if quick else 3,
    )
    accounts, days = (20_000, 5) if quick else (200_000, 90)
    by_clock = time.perf_counter
    yield Pair(
        "debtor-days of the staged plan, by the clock",
        ("2 threads", simulating(lambda size: engine.fast(size, threads=2), accounts, days, by_clock)),
        ("1 thread", simulating(engine.fast, accounts, days, by_clock)),
        rounds=None if quick else 3,
    )
    folder = Path(keep.enter_context(tempfile.TemporaryDirectory()))
    accounts, days = (500, 30) if quick else (5_000, 180)
    log = folder / "log.parquet"

    def with_log_and_audit() -> Spent:
        return Spent(accounts * days, audit.simulate(accounts, days, log) + audit.read_again(log))

    yield Pair(
        "debtor-days of the staged plan",
        ("with event log and its audit", with_log_and_audit),
        ("alone", lambda: Spent(accounts * days, audit.simulate(accounts, days, None))),
    )
    places, steps = (512, 30) if quick else (4_096, 180)
    shared = training.shared("cohort", places, steps, features=False)
    for kind in ("SyncVectorEnv", "DummyVecEnv"):
        single = training.single(kind, 10 if quick else 60)
        yield Pair(
            "account-days of an environment",
            (f"Portfolio-v1, {places:,} places", timed(lambda: shared()[0])),
            (f"{training.SINGLE} × Account-v1, {kind}", timed(lambda single=single: single()[0])),  # type: ignore[misc]
        )
    ours, theirs = (training.learner(which, 64, 60 if quick else 500) for which in (True, False))
    yield Pair(
        "account-days of MaskablePPO, 64×64",
        ("recoup train", timed(lambda: ours()[0])),
        ("sb3-contrib, its masked distribution", timed(lambda: theirs()[0])),
    )
    rows = 5_000 if quick else 200_000
    file, map_file = portfolio_lists.write_list(folder, rows)
    population = load_scenario(portfolio_lists.SCENARIO).world.population

    def imported() -> float:
        load(file, map_file, population, 1, "list")
        return rows

    def split() -> float:
        portfolio_lists.split(file)
        return rows

    yield Pair(
        "rows of a CSV file", ("import, all fields checked", timed(imported)), ("csv module, cells only", timed(split))
    )
    many = 20_000 if quick else 500_000
    decide = portfolio_lists.decisions(many)

    def deciding(how: str) -> Turn:
        def work() -> float:
            decide[how]()
            return many

        return timed(work)

    yield Pair(
        "decisions of a learned policy", ("in parts", deciding("in parts")), ("in one go", deciding("in one go"))
    )


def measure(pair: Pair, rounds: int) -> dict[str, Any]:
    """Rates and their ratio, medians with least and most; both sides warm up once."""
    spent = in_turn(dict([pair.ours, pair.theirs]), pair.rounds or rounds)
    ours, theirs = ([one.units / one.seconds for one in turns] for turns in spent.values())
    each = [one / other for one, other in zip(ours, theirs, strict=True)]
    return {
        "work": pair.work,
        "ours": pair.ours[0],
        "theirs": pair.theirs[0],
        "rounds": len(each),
        "rate": spread(ours),
        "their_rate": spread(theirs),
        "ratio": spread(each),
    }


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="small sizes, within a minute")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each row (default 5)")
    parser.add_argument("--out", type=Path, help="JSON file for the figures")
    given = parser.parse_args()
    torch.set_num_threads(1)
    console = Console(width=150)
    table = Table("work", "ours", "a second", "against", "a second", "ratio", "rounds")
    table.title = f"medians (least–most), {os.cpu_count()} cores"
    found = []
    with ExitStack() as keep:
        for pair in pairs(given.quick, keep):
            row = measure(pair, given.rounds)
            found.append(row)
            ratio = row["ratio"]
            table.add_row(
                row["work"],
                row["ours"],
                f"{row['rate']['median']:,.0f}",
                row["theirs"],
                f"{row['their_rate']['median']:,.0f}",
                f"{_short(ratio['median'])} ({_short(ratio['least'])}–{_short(ratio['most'])})",
                str(row["rounds"]),
            )
    console.print(table)
    if given.out:
        about = {
            "machine": platform.machine(),
            "cores": os.cpu_count(),
            "quick": given.quick,
            "versions": versions(learning=True),
        }
        write_text(given.out, json.dumps(about | {"ratios": found}, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
