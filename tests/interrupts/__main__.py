"""`python -m tests.interrupts [COMMAND …] --trials 10 --seed 1`: end each long command at random moments, and print what was found."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from pathlib import Path

from tests.interrupts import CASE, SIGNALS, Bench


def main() -> None:
    """Run the trials and print a table; exit code 1 if one found a fault."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("commands", nargs="*", default=list(CASE), help=", ".join(CASE))
    parser.add_argument("--trials", type=int, default=10, help="of each command")
    parser.add_argument("--seed", type=int, default=1, help="of signals and moments")
    given = parser.parse_args()
    faults = 0
    sums: Counter[str] = Counter()
    print("| command | trials | " + " | ".join(how.name for how in SIGNALS) + " | faults | temporary files left |")
    print("| --- |" + " ---: |" * (len(SIGNALS) + 3))
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder))
        for name in given.commands:
            trials = [bench.trial(CASE[name], given.seed + number) for number in range(given.trials)]
            row = Counter(how for trial in trials for how, _ in trial.sent)
            row += Counter(
                trials=len(trials), faulty=sum(bool(one.faults) for one in trials), left=sum(one.left for one in trials)
            )
            sums.update(row)
            _print_row(name, row)
            for trial in trials:
                for fault in trial.faults:
                    print(f"  {trial.case}, {trial.sent}: {fault}", file=sys.stderr, flush=True)
            faults += row["faulty"]
    _print_row("all", sums)
    sys.exit(faults > 0)


def _print_row(name: str, row: Counter[str]) -> None:
    cells = [row[key] for key in ("trials", *(how.name for how in SIGNALS), "faulty", "left")]
    print(f"| {name} | " + " | ".join(map(str, cells)) + " |", flush=True)


if __name__ == "__main__":
    main()
