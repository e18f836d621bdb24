"""`python -m tests.mutants [AREA …]`: put each error into a copy of the code, run the tests that have to notice, print the score.

Each worker has its own copy of the files that git knows or would take, so the checkout is never touched and the compiled code of
unchanged files is kept. A mutant is killed when a test fails, or when the tests take much longer than without it. Finished results
are written as they come; `--resume` skips mutants that have one, as long as they and the area's tests read the same.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from threading import Lock
from typing import Any

from tests import ROOT
from tests.mutants import Area, Mutant, areas

PACKAGES = ("sim", "agents", "scenarios", "experiments")  # linked into recoup/, as `make` does
LONGER = 4.0  # times the tests' time without a mutant
AND_COMPILING = 90.0  # seconds


def copy_of_the_code(folder: Path) -> None:
    """Copy all files that git knows, or would take if asked, and link the packages."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    for package in PACKAGES:
        (folder / "recoup" / package).symlink_to(f"../{package}")


def run_tests(folder: Path, tests: list[str], limit: float | None) -> tuple[bool, str, float]:
    """Whether the tests pass, the first that does not, and the seconds they took."""
    began = time.monotonic()
    environment = os.environ | {
        "PYTHONPATH": str(folder),
        "PYTHONDONTWRITEBYTECODE": "1",
        "HYPOTHESIS_PROFILE": "mutants",
    }
    command = [sys.executable, "-m", "pytest", "-x", "-q", "--no-header", "--tb=no", "-rfE", *tests]
    with subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            output, _ = process.communicate(timeout=limit)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            return False, "out of time", time.monotonic() - began
    if process.returncode not in (0, 1, 2):  # 2: an error while collecting
        raise SystemExit(f"pytest {' '.join(tests)} ended with {process.returncode}:\n{output}")
    failed = [line.split(" ", 1)[1] for line in output.splitlines() if line.startswith(("FAILED", "ERROR"))]
    return process.returncode == 0, failed[0].split(" - ")[0] if failed else "", time.monotonic() - began


def with_error(folder: Path, mutant: Mutant, tests: list[str], limit: float) -> tuple[bool, str, float]:
    """The tests' answer to one mutant; the file is itself again afterwards, time of change included."""
    file = folder / mutant.file
    text, times = file.read_text(encoding="utf-8"), file.stat()
    file.write_text(mutant.applied(text), encoding="utf-8")
    try:
        return run_tests(folder, tests, limit)
    finally:
        file.write_text(text, encoding="utf-8")
        os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))


def main() -> int:
    """Run the mutants; 1 if one survives that should not."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__.split("\n")[0])
    parser.add_argument("areas", nargs="*", metavar="AREA", help="default: all")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path, default=ROOT / "runs" / "mutants.json")
    parser.add_argument("--resume", action="store_true", help="keep the results of mutants that have one")
    parser.add_argument(
        "--most", type=int, help="so many mutants at most, drawn from all areas in proportion; default: all"
    )
    parser.add_argument("--seed", type=int, default=1, help="of that draw; another release may take another")
    parser.add_argument("--only", default="", help="mutants whose file or error contains this")
    options = parser.parse_args()
    known = areas()
    if unknown := set(options.areas) - set(known):
        parser.error(f"no area {', '.join(sorted(unknown))}; there are {', '.join(known)}")
    chosen = {name: known[name] for name in options.areas or known}
    if options.most:
        chosen = sample(chosen, options.most, options.seed)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    results: dict[str, dict[str, Any]] = {}
    if options.resume and options.out.exists():
        results = json.loads(options.out.read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory(prefix="recoup-mutants-") as scratch:
        copies: SimpleQueue[Path] = SimpleQueue()
        for number in range(options.workers):
            copy_of_the_code(Path(scratch) / str(number))
            copies.put(Path(scratch) / str(number))
        _run(chosen, options, copies, results)
    return _report(chosen, results)


def sample(chosen: dict[str, Area], most: int, seed: int) -> dict[str, Area]:
    """At most so many mutants, from each area in proportion and at least one; the areas' tests are left as they are."""
    draw, total = random.Random(seed), sum(len(area.mutants) for area in chosen.values())
    sizes = {name: max(1, most * len(area.mutants) // total) for name, area in chosen.items()}
    return {
        name: area.model_copy(update={"mutants": draw.sample(area.mutants, min(sizes[name], len(area.mutants)))})
        for name, area in chosen.items()
    }


def _key(mutant: Mutant) -> str:
    return f"{mutant.file}: {mutant.was!r} -> {mutant.becomes!r}"


def _run(
    chosen: dict[str, Area], options: argparse.Namespace, copies: SimpleQueue[Path], results: dict[str, Any]
) -> None:
    lock, limits = Lock(), dict[tuple[str, ...], float]()

    def limit(folder: Path, tests: list[str]) -> float:
        """Seconds that these tests may take; measured without a mutant, which also compiles what they need."""
        if tuple(tests) not in limits:
            passed, failed, seconds = run_tests(folder, tests, None)
            if not passed:
                raise SystemExit(f"without any mutant, {failed or tests} fails")
            limits[tuple(tests)] = LONGER * seconds + AND_COMPILING
        return limits[tuple(tests)]

    def judge(area: str, mutant: Mutant) -> None:
        folder = copies.get()
        try:
            tests = mutant.tests or chosen[area].tests
            passed, failed, seconds = with_error(folder, mutant, tests, limit(folder, tests))
        finally:
            copies.put(folder)
        with lock:
            results[_key(mutant)] = {
                "area": area,
                "error": mutant.error,
                "killed": not passed,
                "by": failed,
                "seconds": round(seconds, 1),
            }
            part = options.out.with_suffix(".tmp")
            part.write_text(json.dumps(results, indent=1, ensure_ascii=False), encoding="utf-8")
            part.replace(options.out)
            print(
                f"{'killed  ' if not passed else 'SURVIVED'} {seconds:5.0f} s  {area}: {mutant.error}  [{failed}]",
                flush=True,
            )

    waiting = [
        (name, mutant)
        for name, area in chosen.items()
        for mutant in area.mutants
        if _key(mutant) not in results and (options.only in mutant.file or options.only in mutant.error)
    ]
    with ThreadPoolExecutor(options.workers) as pool:
        for done in [pool.submit(judge, *one) for one in waiting]:
            done.result()


def _report(chosen: dict[str, Area], results: dict[str, Any]) -> int:
    unexplained = 0
    killed_of_all = all_run = 0
    print(f"\n{'area':<16} {'errors':>7} {'noticed':>8} {'share':>7}")
    for name, area in chosen.items():
        run = [(mutant, results[_key(mutant)]) for mutant in area.mutants if _key(mutant) in results]
        killed = sum(result["killed"] for _, result in run)
        killed_of_all, all_run = killed_of_all + killed, all_run + len(run)
        print(f"{name:<16} {len(run):>7} {killed:>8} {killed / max(len(run), 1):>7.0%}")
        for mutant, result in run:
            if not result["killed"]:
                unexplained += not mutant.survives
                print(
                    f"    not noticed: {mutant.error} ({mutant.file}) {'— ' + mutant.survives if mutant.survives else ''}"
                )
    print(f"{'all':<16} {all_run:>7} {killed_of_all:>8} {killed_of_all / max(all_run, 1):>7.1%}")
    return int(unexplained > 0)


if __name__ == "__main__":
    sys.exit(main())
