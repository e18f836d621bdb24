"""What goes wrong in a worker process is told in the same one line as if it had gone wrong here."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from recoup.experiments.runs.workers import WorkerLost, run_each
from recoup.sim.inputs import InputError
from tests.command import recoup

TOO_OLD = """extends: china-conduct
days: 3
name: too-old
title: A list with an account that is older than the age of writing off
accounts: null
portfolio: {file: list.csv, map: map.yaml}
world: {write_off_dpd: 400}
"""
MAP = "fields: {account_id: id, opening_balance: owed, dpd: days}\n"
LIST = "id,owed,days\n" + "".join(f"{n},1000,{30 + n}\n" for n in range(30)) + "late,1000,401\n"


@pytest.mark.parametrize("kind", [InputError, WorkerLost])
@pytest.mark.parametrize(
    "value", [3, "x", lambda: None, [1, {"a": object()}]], ids=["int", "str", "function", "object"]
)
def test_an_error_comes_back_from_another_process_as_it_was(kind: type[InputError], value: object) -> None:
    error = kind("file.yaml", "line 3, dpd", value, "a whole number")
    back = pickle.loads(pickle.dumps(error))
    assert type(back) is kind
    assert str(back) == str(error)
    assert (back.source, back.place, back.expected) == ("file.yaml", "line 3, dpd", "a whole number")
    assert str(pickle.loads(pickle.dumps(back))) == str(error)


def complain(number: int) -> int:
    if number == 2:
        raise InputError("list.csv", f"line {number}", complain, "something else")
    return number


def test_the_caller_of_a_worker_sees_the_error_itself() -> None:
    with pytest.raises(
        InputError, match=r"^list.csv: line 2: got <function complain at .*, expected something else$"
    ) as caught:
        list(run_each(complain, [1, 2, 3], workers=2))
    assert type(caught.value) is InputError


@pytest.mark.parametrize(
    "command",
    [
        ("compare", "-p", "no-contact", "-p", "staged", "--out", "run"),
        ("stress", "-p", "no-contact", "-p", "staged", "--quick"),
        ("shadow-prices", "-p", "staged"),
        ("upper-bounds", "-p", "staged"),
        ("conduct", "-p", "staged"),
    ],
    ids=lambda command: command[0],
)
def test_each_command_with_workers_names_file_and_account(
    command: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in (("too-old.yaml", TOO_OLD), ("map.yaml", MAP), ("list.csv", LIST)):
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    done = recoup(*command, "-s", "too-old.yaml", "--seeds", "2", "--workers", "2")
    assert done.returncode == 2, done
    told = " ".join(done.stderr.split())
    assert "account late, dpd: got 401, expected below 400" in told
    assert "Traceback" not in told
    assert "memory" not in told
