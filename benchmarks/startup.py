"""How soon the command answers: CPU seconds of `recoup --help`, of a list, and what the help imports: `make bench`."""

from __future__ import annotations

import argparse
import os
import re
import statistics
import subprocess
import sys

from rich.console import Console
from rich.table import Table

AIM = 0.3  # CPU seconds for --help
COMMANDS = (["--help"], ["compare", "--help"], ["scenarios"], ["plan", "check", "staged"])
_CODE = "from recoup.experiments.cli import main; main()"


def cpu_seconds(arguments: list[str]) -> float:
    """User and system seconds of one call."""
    before = os.times()
    subprocess.run([sys.executable, "-c", _CODE, *arguments], stdout=subprocess.DEVNULL, check=True)
    after = os.times()
    return after.children_user - before.children_user + after.children_system - before.children_system


def slowest_imports(most: int = 5) -> list[tuple[str, float]]:
    """The `most` top-level modules that importing the command spends most milliseconds in, children included."""
    code = "import recoup.experiments.cli"
    timed = subprocess.run([sys.executable, "-X", "importtime", "-c", code], capture_output=True, text=True, check=True)
    rows = re.findall(r"\|\s+(\d+) \| {1,3}(\S+)", timed.stderr)
    return sorted(((name, int(spent) / 1000) for spent, name in rows), key=lambda row: -row[1])[:most]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    table = Table("command", "CPU seconds, median", "least", "most", title=f"{rounds} calls each, after one to warm up")
    for arguments in COMMANDS:
        cpu_seconds(arguments)
        spent = [cpu_seconds(arguments) for _ in range(rounds)]
        table.add_row(f"recoup {' '.join(arguments)}", *(f"{f(spent):.2f}" for f in (statistics.median, min, max)))
    console = Console(width=100)
    console.print(table)
    console.print(f"aim for --help: below {AIM} s")
    console.print("imports of the command: " + ", ".join(f"{name} {ms:.0f} ms" for name, ms in slowest_imports()))


if __name__ == "__main__":
    main()
