"""Where a comparison's time goes: `recoup demo` as a whole, and its CPU seconds by stage in one process: `make bench`.

The stages are sampled: whenever the process has used another 2 ms, they are booked on the innermost function of ours that is running then.
Run it twice: the first run compiles.
"""

from __future__ import annotations

import argparse
import json
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import Any

from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

EVERY = 0.002  # CPU seconds
# What a function belongs to, by the path of its file: the first that fits.
STAGES = {
    "audit": ("sim/compliance/audit",),
    "event log": ("sim/eventlog",),
    "simulation": ("sim/",),
    "policies": ("agents/",),
    "counting decisions and payments": (
        "experiments/comparison/rollout",
        "experiments/comparison/decisions",
        "experiments/comparison/payment_attribution",
    ),
    "fairness, welfare, measures, intervals": tuple(
        f"experiments/comparison/{name}"
        for name in ("fairness", "proxies", "protected", "welfare", "measure", "interval", "burdens")
    ),
    "reading and writing files": ("experiments/runs/file_kinds", "experiments/runs/runfolder", "experiments/runs/kept"),
    "scenarios": ("scenarios/",),
    "report": ("experiments/report",),
}
LOADING = "packages and compiled code"
# Which part of the command is running, by the function that is furthest out.
PHASES = {"_run_part": "parts", "explain": "why", "render": "report", "compare": "gather"}


class Sampler:
    """Books CPU seconds of this process by phase and stage."""

    def __init__(self) -> None:
        self.seconds: Counter[tuple[str, str]] = Counter()
        self._last = time.process_time()

    def __enter__(self) -> Sampler:
        signal.signal(signal.SIGPROF, self._book)
        signal.setitimer(signal.ITIMER_PROF, EVERY, EVERY)
        return self

    def __exit__(self, *_: object) -> None:
        signal.setitimer(signal.ITIMER_PROF, 0.0)

    def _book(self, _: int, frame: FrameType | None) -> None:
        now = time.process_time()
        self.seconds[_place(frame)] += now - self._last
        self._last = now


def _place(frame: FrameType | None) -> tuple[str, str]:
    """Phase and stage of what is running."""
    phase, stage, loading = "start", "", False
    while frame:
        file, name = frame.f_code.co_filename, frame.f_code.co_name
        loading = loading or "importlib" in file or "numba/core/dispatcher" in file
        path = file.removeprefix(f"{ROOT}/").removeprefix("recoup/")
        if path != file and not path.startswith(("benchmarks/", ".venv/")):
            stage = stage or next((s for s, starts in STAGES.items() if path.startswith(starts)), "rest")
            phase = PHASES.get(name, phase) if phase != "parts" else phase
        frame = frame.f_back
    return phase, LOADING if loading else stage or "rest"


def by_stage(seeds: int, folder: Path) -> dict[str, dict[str, float]]:
    """CPU seconds of the demo in this process: stage → phase → seconds."""
    with Sampler() as sampler:
        from recoup.experiments.commands.compare import DEMO_PLANS
        from recoup.experiments.comparison.compare import compare
        from recoup.experiments.comparison.settings import Comparison
        from recoup.experiments.report import render
        from recoup.experiments.robustness.why import explain

        compare(Comparison("taiwan-cards", DEMO_PLANS, seeds=seeds), folder)
        explain(folder)
        render(folder)
    found: dict[str, dict[str, float]] = {}
    for (phase, stage), seconds in sampler.seconds.items():
        found.setdefault(stage, {})[phase] = seconds
    return found


def whole(seeds: int, workers: int, folder: Path) -> dict[str, float]:
    """Seconds of `recoup demo` by the clock, and of CPU with its workers."""
    began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    code = "from recoup.experiments.cli import main; main()"
    options = ["demo", "--seeds", str(seeds), "--workers", str(workers), "--out", str(folder)]
    subprocess.run([sys.executable, "-c", code, *options], stdout=subprocess.DEVNULL, check=True, cwd=ROOT)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"clock": time.perf_counter() - began, "cpu": cpu}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=2, help="of the stages")
    parser.add_argument("--whole-seeds", type=int, default=0, help="of `recoup demo` as a whole; 0 = leave it out")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--json", type=Path, help="file for the figures")
    arguments = parser.parse_args()
    console, figures = Console(), dict[str, Any]()
    with tempfile.TemporaryDirectory() as place:
        if arguments.whole_seeds:
            figures["whole"] = whole(arguments.whole_seeds, arguments.workers, Path(place) / "whole")
            console.print(
                f"recoup demo --seeds {arguments.whole_seeds} --workers {arguments.workers}: "
                f"{figures['whole']['clock']:.1f} s by the clock, {figures['whole']['cpu']:.1f} CPU seconds"
            )
        figures["stages"] = stages = by_stage(arguments.seeds, Path(place) / "stages")
    phases = ("start", "parts", "gather", "why", "report")
    table = Table("stage", *phases, "all", title=f"CPU seconds of one process, {arguments.seeds} seeds")
    for stage, seconds in sorted(stages.items(), key=lambda row: -sum(row[1].values())):
        table.add_row(stage, *(f"{seconds.get(phase, 0.0):.2f}" for phase in phases), f"{sum(seconds.values()):.2f}")
    sums = [sum(seconds.get(phase, 0.0) for seconds in stages.values()) for phase in phases]
    table.add_section()
    table.add_row("all", *(f"{seconds:.2f}" for seconds in sums), f"{sum(sums):.2f}")
    console.print(table)
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
