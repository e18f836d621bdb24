"""Work done here or in processes that end with their parent; Ctrl-C is the parent's, and the loss of one is an error of one line."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing.context import SpawnContext, SpawnProcess
from multiprocessing.process import BaseProcess
from types import ModuleType
from typing import Any, TypeVar

from recoup.sim.inputs import InputError

Task = TypeVar("Task")
Result = TypeVar("Result")


class WorkerLost(InputError):  # noqa: N818
    """A worker process was killed, most likely by the system for lack of memory."""


class _Process(SpawnProcess):
    """A fresh process that does not run the user's script again, as Python's own would.

    Tasks are functions of this package on plain or pickled values (`by_value.ByValue`), so that a worker needs nothing of the script; and a
    script that compares policies without `if __name__ == "__main__":` would else start its workers' workers.
    """

    @staticmethod
    def _Popen(process_obj: BaseProcess) -> Any:  # noqa: N802
        script = sys.modules["__main__"]
        sys.modules["__main__"] = ModuleType("__main__")
        try:
            return SpawnProcess._Popen(process_obj)  # type: ignore[attr-defined]
        finally:
            sys.modules["__main__"] = script


class _Context(SpawnContext):
    Process = _Process  # type: ignore[assignment]


@contextmanager
def pool_of(workers: int) -> Iterator[ProcessPoolExecutor]:
    """A pool of fresh processes; when the block ends early, what they do is cut off.

    Raises:
        WorkerLost: one of them was killed.
    """
    pool = ProcessPoolExecutor(workers, mp_context=_Context(), initializer=_start)
    try:
        yield pool
        pool.shutdown()
    except BaseException as error:
        running = list((pool._processes or {}).values())
        pool.shutdown(wait=False, cancel_futures=True)
        for process in running:
            process.terminate()
        if isinstance(error, BrokenProcessPool):
            raise WorkerLost(
                "worker process", "", "killed by the system", "enough memory: fewer --workers or fewer --accounts"
            ) from None
        raise


def run_each(function: Callable[[Task], Result], tasks: Sequence[Task], workers: int) -> Iterator[tuple[Task, Result]]:
    """Call a module's function on each task, here or in worker processes, yielding each with its result as it is ready.

    Args:
        function: defined at the top of a module; called with one task.
        tasks: what it is called on; they and the results must be picklable where there are several workers.
        workers: processes, at most one for each task; 1 = this process.

    Yields:
        (task, result), in the order in which they are finished.

    Raises:
        WorkerLost: a worker was killed.
    """
    workers = min(workers, len(tasks))
    if workers <= 1:
        for task in tasks:
            yield task, function(task)
        return
    with pool_of(workers) as pool:
        waiting = {pool.submit(function, task): task for task in tasks}
        for future in as_completed(waiting):
            yield waiting[future], future.result()


def _start() -> None:
    # Ctrl-C reaches the whole process group; the parent decides, and ends its workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A parent that is killed can't end its workers, and they would wait for work for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
