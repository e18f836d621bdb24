"""What processes of a training exchange: tasks and answers by pipes, errors and losses among them, and arrays that they all see."""

from __future__ import annotations

import multiprocessing
import threading
from collections.abc import Iterator
from multiprocessing.connection import Connection

import numpy as np
import pytest

from recoup.agents.training.data_parallel import Crew, HelperLost, Memory, help_with


class Adder:
    """A part of the work that has a number of its own."""

    def __init__(self, own: int) -> None:
        self.own = own

    def plus(self, task: int) -> int:
        if task < 0:
            raise ValueError(f"{task} is below 0")
        return self.own + task


@pytest.fixture
def ends() -> Iterator[list[Connection]]:
    """Connections to two helpers, 20 and 30, which here are threads: what they do is the same."""
    ours, threads = [], []
    for own in (20, 30):
        mine, theirs = multiprocessing.Pipe()
        threads.append(threading.Thread(target=help_with, args=(theirs, [Adder(own)])))
        threads[-1].start()
        ours.append(mine)
    yield ours
    for one, thread in zip(ours, threads, strict=True):
        one.close()
        thread.join(10)
        assert not thread.is_alive()  # a helper ends with the other end of its connection


def test_each_process_does_its_own_task_and_answers_come_in_order(ends: list[Connection]) -> None:
    crew = Crew(ends)
    assert crew.size == 3
    assert crew.each(Adder(10), "plus", [1, 2, 3]) == [11, 22, 33]
    assert crew.each(Adder(10), "plus", [4, 5, 6]) == [14, 25, 36]


def test_an_error_in_a_helper_is_raised_here_and_says_where(ends: list[Connection]) -> None:
    crew = Crew(ends)
    with pytest.raises(ValueError, match="-7 is below 0") as caught:
        crew.each(Adder(10), "plus", [1, -7, 3])
    assert "in plus" in caught.value.__notes__[0]
    assert crew.each(Adder(10), "plus", [1, 2, 3]) == [11, 22, 33]  # nothing of it is left in the pipes


def test_a_helper_that_is_gone_is_a_loss() -> None:
    for lost in ("before it is asked", "before it answers"):
        ours, theirs = multiprocessing.Pipe()
        if lost == "before it is asked":
            theirs.close()
        else:
            threading.Thread(target=lambda end=theirs: (end.recv(), end.close())).start()
        with pytest.raises(HelperLost):
            Crew([ours]).each(Adder(10), "plus", [1, 2])


def test_without_helpers_the_one_process_does_it_all() -> None:
    assert Crew().each(Adder(10), "plus", [1]) == [11]


@pytest.mark.parametrize("shared", [False, True])
def test_arrays_begin_at_whole_lines_and_keep_apart(shared: bool) -> None:
    memory = Memory(shared)
    memory.empty("flags", (3,), bool)[:] = True
    memory.empty("numbers", (2, 5), np.float32)[:] = 7.0
    memory.empty("counts", (4,), np.int64)[:] = 9
    assert memory["flags"].tolist() == [True] * 3
    assert memory["numbers"].tolist() == [[7.0] * 5] * 2 and memory["numbers"].dtype == np.float32
    assert memory["counts"].tolist() == [9] * 4
    assert all(memory[name].ctypes.data % 64 == 0 for name in ("flags", "numbers", "counts"))
