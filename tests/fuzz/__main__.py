"""`python -m tests.fuzz`: damage files of all kinds in turn for a time, and say what was tried and what went wrong."""

from __future__ import annotations

import argparse
import contextlib
import faulthandler
import importlib
import os
import resource
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.fuzz.cases import Outcome, laid_out, run_case, run_undamaged
from tests.fuzz.kinds import KINDS
from tests.fuzz.violations import MOST_SECONDS

_MOST_BYTES = 12 << 30  # of address space, of which libraries reserve much


def main() -> int:
    """Returns the exit code: 1 if there was a violation."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, default=300, help="how long, all kinds together (default 300)")
    parser.add_argument("--seed", type=int, default=1, help="another seed tries other cases (default 1)")
    parser.add_argument("--kind", action="append", choices=KINDS, help="these kinds alone; once for each")
    parser.add_argument(
        "--only-read", action="store_true", help="the first command of each kind: many more cases, no simulation"
    )
    parser.add_argument("--case", type=int, help="this case of one kind alone")
    parser.add_argument("--keep", type=Path, help="with --case: only put its files into this new folder")
    options = parser.parse_args()
    kinds = options.kind or list(KINDS)
    if options.keep:
        options.keep.mkdir()
        print(laid_out(options.keep, options.seed, kinds[0], options.case)[0])
        return 0
    importlib.import_module("tests.interrupts.warm")  # what is compiled the first time is not a case's time
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_BYTES, _MOST_BYTES))
    os.environ.setdefault("RECOUP_PSEUDONYM_KEY", "a key for fuzzing alone")
    with tempfile.TemporaryDirectory(prefix="recoup-fuzz-") as home:
        if options.case is not None:
            outcome = run_case(Path(home) / "case", options.seed, kinds[0], options.case, options.only_read)
            print(outcome)
            return int(bool(outcome.violation))
        return _fuzz(Path(home), kinds, options.seed, options.seconds, options.only_read)


def _fuzz(home: Path, kinds: list[str], seed: int, seconds: float, only_read: bool) -> int:
    wrong_before = {kind: wrong for kind in kinds if (wrong := run_undamaged(home / "right", kind, only_read))}
    for kind, wrong in wrong_before.items():
        print(f"VIOLATION {kind}, undamaged: {wrong}", flush=True)
    tried, accepted, violations = Counter[str](), Counter[str](), Counter[str]()
    spent = dict.fromkeys(kinds, 0.0)
    end = time.monotonic() + seconds
    with contextlib.suppress(KeyboardInterrupt):
        while time.monotonic() < end:
            kind = min(kinds, key=spent.__getitem__)  # each kind gets the same time
            started = time.monotonic()
            # What hangs where Python can't interrupt it ends the process, and the traceback says where.
            faulthandler.dump_traceback_later(20 * MOST_SECONDS, exit=True)
            print(f"{kind} {tried[kind]}", end="\r", file=sys.stderr, flush=True)
            outcome = run_case(home / "case", seed, kind, tried[kind], only_read)
            faulthandler.cancel_dump_traceback_later()
            spent[kind] += time.monotonic() - started
            if outcome.violation:
                violations[kind] += 1
                _print(outcome, seed, kind, tried[kind])
            accepted[kind] += outcome.accepted
            tried[kind] += 1
    for kind in kinds:
        print(f"{kind}: {tried[kind]:,} tried, {accepted[kind]:,} accepted, {violations[kind]:,} violations")
    print(f"seed {seed}: {tried.total():,} tried, {violations.total():,} violations")
    return int(bool(violations or wrong_before))


def _print(outcome: Outcome, seed: int, kind: str, number: int) -> None:
    print(f"VIOLATION --seed {seed} --kind {kind} --case {number}: {outcome.damaged}")
    print(f"  {outcome.command}: {outcome.violation}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
