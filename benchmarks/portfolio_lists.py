"""Lists of a million: importing a portfolio, and a learned policy's decisions, ratios measured in turn in one run: `make bench`.

Import is set beside the csv module alone, which splits the same file into cells and does nothing with them; peak memory is the slope
between two sizes, each in a process of its own. A learned policy decides in parts that fit the cache, set beside all accounts in one go.
"""

from __future__ import annotations

import argparse
import csv
import json
import multiprocessing
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import recoup.agents
from benchmarks.in_turn import in_turn
from benchmarks.memory import peak_bytes
from recoup.agents import learned
from recoup.agents.policy_files import read_weights
from recoup.scenarios.schema import load_scenario
from recoup.sim.observation import FIELDS
from recoup.sim.portfolio.importing import load

SCENARIO, POLICY = "china-consumer", "china-consumer-learned"


def write_list(folder: Path, rows: int) -> tuple[Path, Path]:
    """A CSV file of so many accounts with all fields, and its column map."""
    file, map_file = folder / f"{rows}.csv", folder / "map.yaml"
    table = load_scenario(SCENARIO).portfolio(rows, 1).table
    table.to_csv(file, index=False)
    map_file.write_text("fields:\n" + "".join(f"  {name}: {name}\n" for name in table))
    return file, map_file


def split(file: Path) -> None:
    """What the csv module alone does with a file."""
    with file.open(newline="", encoding="utf-8") as lines:
        for _ in csv.reader(lines, strict=True):
            pass


def cpu_in_turn(works: dict[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """CPU seconds of each, of all threads."""

    def cpu(work: Callable[[], object]) -> float:
        before = time.process_time()
        work()
        return time.process_time() - before

    return in_turn({name: partial(cpu, work) for name, work in works.items()}, rounds)


def _peak(paths: tuple[Path, Path], queue: multiprocessing.Queue) -> None:  # type: ignore[type-arg]
    load(*paths, load_scenario(SCENARIO).world.population, 1, "list")
    queue.put(peak_bytes())


def peak(paths: tuple[Path, Path]) -> int:
    """Bytes a process that imports a file holds at most."""
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    process = context.Process(target=_peak, args=(paths, queue))
    process.start()
    found: int = queue.get()
    process.join()
    return found


def decisions(accounts: int) -> dict[str, Callable[[], object]]:
    """A shipped policy on arbitrary observations, in parts and in one go."""
    card_file = Path(next(iter(recoup.agents.__path__))) / "policies" / f"{POLICY}.json"
    card = learned.Card(**json.loads(card_file.read_text(encoding="utf-8")))
    policy = learned.LearnedPolicy(card, read_weights(card_file, card.sha256, learned.shapes(card)))
    rng = np.random.default_rng(1)
    columns = [
        rng.integers(0, len(f.codes), accounts) if f.codes else rng.integers(f.low, min(f.high, f.low + 400) + 1, accounts)
        for f in FIELDS
    ]  # fmt: skip
    seen = np.stack(columns, axis=1).astype(np.float32)
    masks = rng.random((accounts, len(card.menu)), dtype=np.float32) < 0.75
    masks[:, 0] = True
    return {"in parts": lambda: policy.act(seen, masks), "in one go": lambda: policy._choose(seen, masks, None)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a twentieth of the size, a few seconds")
    quick = parser.parse_args().quick
    sizes, accounts, rounds = ((10_000, 50_000), 50_000, 3) if quick else ((200_000, 1_000_000), 1_000_000, 5)
    console = Console(width=120)
    population = load_scenario(SCENARIO).world.population
    with tempfile.TemporaryDirectory() as name:
        small, large = (write_list(Path(name), rows) for rows in sizes)
        works = {"import": lambda: load(*large, population, 1, "list"), "csv module alone": lambda: split(large[0])}
        _table(console, "import, all fields", cpu_in_turn(works, rounds), sizes[1], "rows")
        grown = (peak(large) - peak(small)) / (sizes[1] - sizes[0])
        bytes_a_row = large[0].stat().st_size / sizes[1]
        console.print(f"peak memory: {grown:,.0f} bytes a row more, {bytes_a_row:,.0f} of them the file itself\n")
    _table(console, "a learned policy decides", cpu_in_turn(decisions(accounts), rounds), accounts, "accounts")


def _table(console: Console, title: str, spent: dict[str, list[float]], count: int, unit: str) -> None:
    first = next(iter(spent.values()))
    table = Table("", f"{unit} per CPU second, median", "least", "most", f"CPU seconds, times «{next(iter(spent))}»")
    table.title = f"{title}: {count:,} {unit}, {len(first)} rounds in turn"
    for name, seconds in spent.items():
        rates = [count / each for each in seconds]
        ratio = statistics.median(each / own for each, own in zip(seconds, first, strict=True))
        table.add_row(
            name, f"{statistics.median(rates):,.0f}", f"{min(rates):,.0f}", f"{max(rates):,.0f}", f"{ratio:.2f}"
        )
    console.print(table)


if __name__ == "__main__":
    main()
