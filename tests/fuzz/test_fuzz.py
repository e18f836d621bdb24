"""Some damaged files of every kind, and that the harness itself notices what a command may not do."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from recoup.sim.inputs import InputError
from tests.command import Done
from tests.fuzz import violations
from tests.fuzz.by_ending import MUTATIONS
from tests.fuzz.cases import laid_out, run_case, run_undamaged
from tests.fuzz.kinds import KINDS, MAP
from tests.fuzz.violations import Command, files_in, violation

SEED, CASES = 0, 10


@pytest.mark.parametrize("kind", KINDS)
def test_damaged_files_are_accepted_or_refused_in_one_line(tmp_path: Path, kind: str) -> None:
    assert not run_undamaged(tmp_path / "right", kind, only_read=True)
    found = {number: run_case(tmp_path / "case", SEED, kind, number, only_read=True) for number in range(CASES)}
    assert not [f"--seed {SEED} --kind {kind} --case {n}: {o}" for n, o in found.items() if o.violation]


@pytest.mark.parametrize("kind", ["scenario", "plan", "portfolio", "portfolio-parquet", "log", "policy", "index"])
def test_a_case_is_the_same_each_time_and_another_number_another_case(tmp_path: Path, kind: str) -> None:
    made = []
    for name, number in (("a", 3), ("b", 3), ("c", 4)):
        (tmp_path / name).mkdir()
        damaged, _ = laid_out(tmp_path / name, SEED, kind, number)
        made.append((damaged, files_in(tmp_path / name)))
    assert made[0] == made[1] != made[2]


def test_mutations_leave_yaml_and_json_readable_but_not_as_they_were() -> None:
    from random import Random

    for ending, content, read in (
        (".yaml", MAP.encode(), yaml.safe_load),
        (".json", json.dumps(yaml.safe_load(MAP), default=str).encode(), json.loads),
    ):
        right, differ = read(content), 0
        for number in range(50):
            damaged, done = MUTATIONS[ending][-1](Random(number), content)
            assert done
            differ += read(damaged) != right
        assert differ > 40  # a number may be replaced by itself


def raises() -> None:
    raise ZeroDivisionError("no denominator")


def waits() -> None:
    while True:
        pass


def shouts() -> None:
    warnings.warn("overflow encountered", RuntimeWarning, stacklevel=1)


def changes_a_file() -> None:
    Path("mine.csv").write_text("theirs")


def leaves_half_a_file() -> None:
    Path(".run.json.recoup-unfinished").touch()


def refuses_and_writes() -> None:
    Path("run").mkdir()
    Path("run", "run.json").touch()
    raise InputError("mine.csv", "", 1, "2")


@pytest.mark.parametrize(
    ("done", "expected"),
    [
        (raises, "ZeroDivisionError: no denominator (test_fuzz.py, line"),
        (waits, "still at work after 0.2 seconds"),
        (shouts, "a warning: overflow encountered"),
        (changes_a_file, "changed: mine.csv"),
        (leaves_half_a_file, "half written: .run.json.recoup-unfinished"),
        (refuses_and_writes, "refused, and yet written: run/run.json"),
    ],
)
def test_violations_are_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, done: Callable[[], None], expected: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(violations, "MOST_SECONDS", 0.2)
    Path("mine.csv").write_text("mine")
    wrong, _ = violation(Command(lambda folder: done()), tmp_path)
    assert wrong.startswith(expected)


@pytest.mark.parametrize(
    ("done", "codes", "lists", "expected"),
    [
        (Done([], 0, "table\n", ""), (0,), False, ""),
        (Done([], 1, "breaches\n", ""), (0, 1), False, ""),
        (Done([], 1, "", "recoup: no\n"), (0,), False, "exit code 1"),
        (Done([], 2, "", "recoup: mine.csv: got 1, expected 2\n"), (0,), False, ""),
        (Done([], 2, "", "recoup: one\nrecoup: two\n"), (0,), False, "no single line"),
        (Done([], 2, "half a table\n", "recoup: no\n"), (0,), False, "no single line"),
        (Done([], 2, "2 problems\n", ""), (0,), False, "no single line"),
        (Done([], 2, "2 problems\n", ""), (0,), True, ""),
        (Done([], 0, "table\n", "sim/x.py:3: RuntimeWarning: overflow\n"), (0,), False, "accepted, and on standard error"),
    ],
)  # fmt: skip
def test_exit_codes_and_words_are_judged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, done: Done, codes: tuple[int, ...], lists: bool, expected: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(violations, "recoup", lambda *arguments: done)
    wrong, accepted = violation(Command(("compare",), codes, lists), tmp_path)
    assert accepted == (done.returncode in codes)
    assert wrong.startswith(expected) and bool(wrong) == bool(expected)
