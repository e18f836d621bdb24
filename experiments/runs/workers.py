"""Parts of a long run done here, in processes of this machine, or on a Ray cluster: the one seam, and no number depends on which.

Processes end with their parent; Ctrl-C is the parent's; the loss of a worker is an error of one line. A cluster's side: `ray_cluster`.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from multiprocessing.context import SpawnContext, SpawnProcess
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol, TypeVar

from recoup.sim.inputs import InputError

Task = TypeVar("Task")
Result = TypeVar("Result")


class WorkerLost(InputError):  # noqa: N818
    """A worker process was killed, most likely by the system for lack of memory."""


@dataclass(frozen=True)
class Folder:
    """Where tasks leave files: each is given the path, or on another machine one whose files come home into it.

    Attributes:
        path: of the folder.
        begun: files in it that a task goes on from (a checkpoint's); they are sent along, and what the task changes comes home while it
            works, not only at its end. None: tasks begin with nothing.
    """

    path: Path
    begun: Callable[[Any], Iterable[Path]] | None = None


class Team(Protocol):
    """Workers that stay for several calls of `run_each`."""

    def each(
        self, function: Callable[..., Result], tasks: Sequence[Task], folder: Folder | None
    ) -> Iterator[tuple[Task, Result]]:
        """See `run_each`."""
        ...


Workers = int | Team  # so many processes for one call (1 = this one), or a team


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
            raise _lost() from None
        raise


def _lost() -> WorkerLost:
    return WorkerLost(
        "worker process", "", "killed by the system", "enough memory: fewer --workers or fewer --accounts"
    )


@contextmanager
def process_of(work: Callable[..., object], *arguments: Any) -> Iterator[None]:
    """A fresh process that does one thing for as long as the block lasts.

    Args:
        work: a module's function.
        arguments: of it, picklable; among them may be what processes share that are started with it: memory, the end of a pipe.
    """
    process = _Context().Process(target=_started, args=(work, *arguments), daemon=True)
    before = signal.pthread_sigmask(
        signal.SIG_BLOCK, {signal.SIGINT}
    )  # Ctrl-C is the parent's also while the process imports
    try:
        try:
            process.start()
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        yield
    finally:
        if process.pid is not None:
            process.terminate()
            process.join()


def _started(work: Callable[..., object], *arguments: Any) -> None:
    _start()
    work(*arguments)


class Processes:
    """A team of processes of this machine.

    Args:
        pool: of `pool_of`.
    """

    def __init__(self, pool: Executor) -> None:
        self._pool = pool

    def each(
        self, function: Callable[..., Result], tasks: Sequence[Task], folder: Folder | None
    ) -> Iterator[tuple[Task, Result]]:
        """See `run_each`."""
        function = partial(function, folder=folder.path) if folder else function
        try:
            waiting = {self._pool.submit(function, task): task for task in tasks}
            for future in as_completed(waiting):
                yield waiting[future], future.result()
        except BrokenProcessPool:
            raise _lost() from None


@contextmanager
def team_of(workers: int, ray: str | None = None) -> Iterator[Workers]:
    """Workers for as long as the block lasts.

    Args:
        workers: processes of this machine.
        ray: "auto" or the address of a running Ray cluster, which then does the work in their place; None = none.

    Raises:
        InputError: Ray is not installed, there is no such cluster, or it would not give the same numbers.
    """
    if ray is not None:
        from recoup.experiments.runs.extras import needs_extra

        needs_extra("ray", "ray")
        from recoup.experiments.runs.ray_cluster import connected

        with connected(ray) as cluster:
            yield cluster
    elif workers > 1:
        with pool_of(workers) as pool:
            yield Processes(pool)
    else:
        yield 1


def run_each(
    function: Callable[..., Result], tasks: Sequence[Task], workers: Workers, folder: Folder | None = None
) -> Iterator[tuple[Task, Result]]:
    """Call a module's function on each task, wherever the workers are, yielding each with its result as it is ready.

    Args:
        function: defined at the top of a module; called with one task, and with `folder=` a path where there is a folder. What all
            tasks share belongs into it (`functools.partial`): a cluster is sent it once.
        tasks: what it is called on; they and the results must be picklable where there are several workers.
        workers: processes, at most one for each task; 1 = this process; or a team.
        folder: where tasks leave files.

    Yields:
        (task, result), in the order in which they are finished.

    Raises:
        WorkerLost: a worker was killed (on a cluster: the same task's again and again).
    """
    if not isinstance(workers, int):
        yield from workers.each(function, tasks, folder)
    elif (workers := min(workers, len(tasks))) > 1:
        with pool_of(workers) as pool:
            yield from Processes(pool).each(function, tasks, folder)
    else:
        for task in tasks:
            yield task, function(task, folder=folder.path) if folder else function(task)


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
