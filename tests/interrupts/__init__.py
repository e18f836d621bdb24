"""Ctrl-C, SIGTERM and SIGKILL at random moments of every long command: is anything half written, and does going on give the same?

A trial runs a command on a few debtors, ends it once or twice at moments drawn from the time that it takes, goes on as a user would
(`--resume` where the command has it, else the same command again), and compares what it leaves with an uninterrupted run's files.
`python -m tests.interrupts` runs many trials and prints the counts; `tests/experiments/test_interrupts.py` runs a few.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import shlex
import shutil
import signal
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.interrupts import child

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)
LONGEST = 600.0  # seconds for a command to end
UNFINISHED = ".recoup-unfinished"


@dataclass(frozen=True)
class Case:
    """A command to be interrupted, in a folder of its own.

    Attributes:
        arguments: what is typed.
        results: files that an interrupted run must leave as an uninterrupted one does; "-" is standard output.
        again: what is typed to go on, once `begun` is there; empty = `arguments`.
        begun: a file that is there once the run has begun.
        needs: folders that are there before (`prepare`).
    """

    name: str
    arguments: str
    results: tuple[str, ...]
    again: str = ""
    begun: str = ""
    needs: tuple[str, ...] = ()


def _resumed(name: str, arguments: str, out: str, results: Iterable[str], needs: tuple[str, ...] = ()) -> Case:
    files = tuple(f"{out}/{result}" for result in results)
    return Case(name, arguments, files, f"{arguments} --resume", f"{out}/run.json", needs)


_TRAIN = "train -s tiny.yaml --steps 9600 --cohorts 2 --accounts 20 --warm-start staged"
_TRAINED = ("policy.safetensors", "policy.json", "progress.jsonl")
CASES: tuple[Case, ...] = (
    _resumed(
        "compare",
        "compare -s tiny.yaml -p staged -p tiered --seeds 4 --accounts 60 --out run",
        "run",
        ("results.json", "accounts.parquet", "daily.parquet"),
    ),
    _resumed(
        "compare --workers 2",
        "compare -s tiny.yaml -p staged -p tiered --seeds 4 --accounts 60 --workers 2 --out run",
        "run",
        ("results.json", "accounts.parquet"),
    ),
    Case(
        "demo",
        "demo --seeds 2 --workers 1 --no-why --out run",
        ("run/results.json",),
        "compare -s taiwan-cards -p no-contact --seeds 2 --no-why --out run --resume",
        "run/run.json",
    ),
    _resumed("train", f"{_TRAIN} --out one", "one", _TRAINED),
    _resumed(
        "train --price-family", f"{_TRAIN} --price-family --out one", "one", ("family.safetensors", "progress.jsonl")
    ),
    _resumed(
        "train --training-seeds",
        f"{_TRAIN} --training-seeds 2 --out two",
        "two",
        ("training-seeds.json", *(f"seed-{seed}/{file}" for seed in (1, 2) for file in _TRAINED)),
    ),
    _resumed(
        "training-seeds",
        "training-seeds several --seeds 3 --accounts 60 --out evaluation",
        "evaluation",
        ("seed_evaluation.json",),
        ("several",),
    ),
    _resumed(
        "frontier",
        "frontier family/family.json -s tiny.yaml --points 2 --seeds 2 --accounts 60 -p staged --no-distil --out found",
        "found",
        ("frontier.json", "frontier.csv", "policy.safetensors"),
        ("family",),
    ),
    Case(
        "tune",
        "tune status-quo -s tiny.yaml --sweeps 1 --cohorts 3 --accounts 60 --out tuned.yaml",
        ("tuned.yaml", "-"),
    ),
    Case(
        "distill",
        "distill several/policy.json -s tiny.yaml --leaves 3 --seeds 2 --accounts 60 --out plan.yaml --json",
        ("plan.yaml", "-"),
        needs=("several",),
    ),
    _resumed(
        "index",
        "index -s tiny.yaml --base staged --cohorts 2 --accounts 60 --outlook-days 5 --out values",
        "values",
        ("policy.safetensors", "report.json"),
    ),
    _resumed(
        "sites",
        "sites -s tiny.yaml --sites 3 --accounts 200 --passes 3 --tolerance 0 --out run",
        "run",
        ("sites.json",),
    ),
    Case("conduct", "conduct -s loop.yaml -p staged --seeds 3 --accounts 60 --out loop", ("loop/conduct.json", "-")),
    Case("calibrate", "calibrate --seeds 1 --json", ("-",)),
    Case(
        "model fit uplift",
        "model fit uplift --portfolio lender/portfolio.parquet --contacts lender/contacts.parquet --payments lender/payments.parquet "
        "--horizon 15 --out uplift",
        ("uplift/model.json", "uplift/card.json"),
        needs=("lender",),
    ),
    *(
        Case(command, f"{command} {arguments} --accounts 60 --into run", (f"run/{file}",), needs=("run",))
        for command, arguments, file in (
            ("stress", "-p tiered --quick --seeds 2", "stress.json"),
            ("levers", "-p tiered --against staged --worlds 16 --seeds 2", "levers.json"),
            ("shadow-prices", "-p staged --seeds 2", "shadow_prices.json"),
            ("upper-bounds", "-p staged -p tiered --seeds 3", "upper_bounds.json"),
        )
    ),
)
CASE = {case.name: case for case in CASES}
FIXTURES = {
    "run": "compare -s tiny.yaml -p staged -p tiered --seeds 2 --accounts 60 --out run",
    "several": f"{_TRAIN} --training-seeds 2 --out several",
    "family": f"{_TRAIN} --price-family --out family",
    "lender": "records simulate --explore 0.5 --accounts 300 --days 60 --out lender",
}
SCENARIOS = {"tiny.yaml": ("china-consumer", "tiny"), "loop.yaml": ("china-conduct", "tiny-loop")}


@dataclass
class Ended:
    """A command that has ended: exit code (negative: by that signal), output, errors."""

    code: int | None
    out: str
    err: str


@dataclass
class Trial:
    """What was done to a command, and what was wrong afterwards.

    Attributes:
        sent: signals that reached it before it had ended, with the share of its time at which.
        faults: empty if all was as it must be.
        left: files under a temporary name that are there after the run was gone on with.
    """

    case: str
    sent: list[tuple[str, float]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    left: int = 0


_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload(["tests.interrupts.warm"])


def run(place: Path, arguments: str, how: signal.Signals | None = None, moment: float = 0.0) -> tuple[Ended, bool]:
    """Run a command in a folder, and send it a signal after so many seconds; says also whether that came before its end."""
    out, err = place.with_suffix(".out"), place.with_suffix(".err")
    process = _forks.Process(target=child.recoup, args=(place, shlex.split(arguments), out, err))
    process.start()
    reached = False
    if how is not None:
        process.join(moment)
        if process.is_alive() and process.pid:
            os.kill(process.pid, how)
            reached = True
    process.join(LONGEST)
    if process.is_alive():
        process.kill()
        process.join()
        return Ended(None, "", ""), reached
    return Ended(process.exitcode, *(file.read_text(encoding="utf-8") for file in (out, err))), reached


class Bench:
    """Folders to work in, and what uninterrupted runs left.

    Args:
        folder: new, or empty.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._expected: dict[str, tuple[dict[str, Any], float]] = {}
        self._places = 0
        run(self._place(), "--version")  # the process that all others are copies of has loaded everything then

    def _place(self, needs: Iterable[str] = ()) -> Path:
        self._places += 1
        place = self._folder / f"place-{self._places}"
        place.mkdir(parents=True)
        for file, (base, name) in SCENARIOS.items():
            (place / file).write_text(f"extends: {base}\nname: {name}\ndays: 20\n", encoding="utf-8")
        for name in needs:
            shutil.copytree(self._fixture(name), place / name)
        return place

    def _fixture(self, name: str) -> Path:
        place = self._folder / f"with-{name}"
        if not place.exists():
            self._place().rename(place)
            ended, _ = run(place, FIXTURES[name])
            assert ended.code == 0, ended.err
        return place / name

    def expected(self, case: Case) -> tuple[dict[str, Any], float]:
        """What an uninterrupted run leaves, and how many seconds it takes."""
        if case.name not in self._expected:
            place = self._place(case.needs)
            began = time.monotonic()
            ended, _ = run(place, case.arguments)
            seconds = time.monotonic() - began
            assert ended.code in (0, 1) and "Traceback" not in ended.err, ended.err
            self._expected[case.name] = results(case, place, ended), seconds
        return self._expected[case.name]

    def trial(self, case: Case, seed: int) -> Trial:
        """Interrupt a command once or twice, go on, and compare.

        Args:
            case: the command.
            seed: of signals and moments.
        """
        expected, seconds = self.expected(case)
        rng = random.Random(f"{case.name} {seed}")
        place, trial = self._place(case.needs), Trial(case.name)
        for _ in range(rng.choice((1, 2))):
            how, share = rng.choice(SIGNALS), rng.random()
            began = time.monotonic()
            ended, reached = run(place, _typed(case, place), how, share * seconds)
            if reached:
                trial.sent.append((how.name, share))
                trial.faults += _faults_of_ending(ended, how)
            trial.faults += _half_written(place)
            if ended.code in (0, 1):  # it was done before the signal came: the machine is quicker now
                self._expected[case.name] = expected, min(seconds, time.monotonic() - began)
                shutil.rmtree(place)
                place = self._place(case.needs)
        ended, _ = run(place, _typed(case, place))
        if ended.code not in (0, 1) or "Traceback" in ended.err:
            trial.faults.append(f"going on: exit code {ended.code}, {ended.err[-300:]!r}")
        else:
            found = results(case, place, ended)
            trial.faults += [f"{name} differs" for name in expected if found.get(name) != expected[name]]
        trial.left = sum(path.name.endswith(UNFINISHED) for path in place.rglob("*"))
        return trial


def _typed(case: Case, place: Path) -> str:
    return case.again if case.again and (place / case.begun).exists() else case.arguments


def results(case: Case, place: Path, ended: Ended) -> dict[str, Any]:
    """Contents by file name: of JSON what it holds but for the command that was typed, of all others the bytes."""
    found: dict[str, Any] = {}
    for name in case.results:
        path = place / name
        if name == "-":
            found[name] = ended.out
        elif path.exists():
            found[name] = (
                _without_command(json.loads(path.read_bytes())) if path.suffix == ".json" else path.read_bytes()
            )
    return found


def _without_command(data: Any) -> Any:
    if isinstance(data, dict):
        return {name: _without_command(value) for name, value in data.items() if name != "command"}
    return [_without_command(value) for value in data] if isinstance(data, list) else data


def _faults_of_ending(ended: Ended, how: signal.Signals) -> list[str]:
    """A command that was ended says so in one line and exits with 130; one that was killed says nothing."""
    if ended.code in (0, 1):
        return []  # it was about to end
    if how == signal.SIGKILL:
        return [] if ended.code == -how and "Traceback" not in ended.err else [f"{how.name}: exit code {ended.code}"]
    said = [line for line in ended.err.splitlines() if line.startswith("recoup: ")]
    said = [line for line in said if "goes on after" not in line and "begins anew" not in line]
    if ended.code == 130 and "Traceback" not in ended.err and len(said) == 1 and "interrupted; " in said[0]:
        return []
    return [f"{how.name}: exit code {ended.code}, {ended.err[-600:]!r}"]


def _half_written(place: Path) -> list[str]:
    faults = []
    for path in (path for path in place.rglob("*") if path.suffix in (".json", ".yaml")):
        try:
            (json.loads if path.suffix == ".json" else yaml.safe_load)(path.read_text(encoding="utf-8"))
        except ValueError as error:
            faults.append(f"{path.relative_to(place)} is half written: {error}")
    return faults
