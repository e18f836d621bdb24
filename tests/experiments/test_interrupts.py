"""A few of the trials of `tests.interrupts`; with `-m slow` one of each command."""

from __future__ import annotations

import pytest

from tests.interrupts import CASE, Bench

QUICK = (("compare", 1), ("train", 1), ("conduct", 1))


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(tmp_path_factory.mktemp("interrupts"))


@pytest.mark.parametrize(
    ("name", "seed"),
    [*QUICK, *(pytest.param(name, 2, marks=pytest.mark.slow) for name in CASE)],
)
def test_an_interrupted_command_loses_nothing_and_ends_as_if_it_had_not_been(
    bench: Bench, name: str, seed: int
) -> None:
    trial = bench.trial(CASE[name], seed)
    assert not trial.faults, (trial.sent, trial.faults)
