"""An existing Ray cluster as a team of workers: `--ray auto` or `--ray HOST:PORT`.

The machine that asks is the only one that reads users' files and writes the run folder: nodes need no disk in common (`ray_task`). A task whose
worker or node is lost is sent again, with what its folder holds by then; what is finished stays finished.
"""

from __future__ import annotations

import importlib.metadata
import logging
import os
import re
import shutil
import signal
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cloudpickle
import ray
import ray.exceptions
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from recoup.experiments.runs.ray_task import (
    PIECE,
    PIECES_AHEAD,
    Done,
    Misses,
    Order,
    Removed,
    Wrote,
    own_versions,
    require_same,
    work,
)
from recoup.experiments.runs.runfolder import write_whole
from recoup.experiments.runs.workers import Folder, Result, Task, WorkerLost
from recoup.sim.inputs import InputError, require_readable

MOST_TRIES = 5  # of one task: whoever kills its workers again and again is most likely the task itself
ADDRESS = re.compile(r"auto|[\w.\-]+:\d{1,5}|\[[0-9a-fA-F:]+\]:\d{1,5}")


@contextmanager
def connected(address: str) -> Iterator[RayCluster]:
    """A team on a running cluster. Inside a program that is connected to one already, that one is used, and stays connected.

    Args:
        address: "auto" (the cluster that this machine belongs to) or HOST:PORT.

    Raises:
        InputError: no cluster there, or a node of it that would not give the same numbers.
    """
    if ray.is_initialized():
        yield RayCluster()
        return
    if not ADDRESS.fullmatch(address):
        raise InputError("--ray", "", address, "auto or HOST:PORT, on a machine of a running Ray cluster")
    _require_answer(os.environ.get("RAY_ADDRESS", address) if address == "auto" else address)
    _connect(address)
    try:
        _check_nodes()
        yield RayCluster()
    finally:
        ray.shutdown()


def _require_answer(address: str) -> None:
    """Make sure that something listens at HOST:PORT: Ray itself tries for minutes, and says so on the terminal.

    Raises:
        InputError: nothing does.
    """
    host, _, port = address.rpartition(":")
    if not ADDRESS.fullmatch(address) or not host:
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=10).close()
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise _no_cluster(address, reason) from None


def _no_cluster(address: str, reason: str) -> InputError:
    return InputError("--ray", "", address, f"a running Ray cluster, seen from one of its machines ({reason})")


def _connect(address: str) -> None:
    _silence()
    main = threading.current_thread() is threading.main_thread()
    ours = signal.getsignal(signal.SIGTERM)
    try:
        ray.init(address=address, log_to_driver=False, configure_logging=False, logging_level=logging.CRITICAL)
    except (ConnectionError, ValueError, RuntimeError, TimeoutError, OSError, ray.exceptions.RayError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise _no_cluster(address, reason) from None
    finally:
        if main:
            signal.signal(signal.SIGTERM, ours)  # Ray's own would end the command without a word


def _silence() -> None:
    """Keep Ray's remarks off the terminal: a lost worker is ours to tell, and standard output may be JSON."""
    logging.getLogger("ray").setLevel(logging.CRITICAL)
    import ray._private.worker as internal

    if hasattr(internal, "print_to_stdstream"):  # what the thread that listens for errors prints with; has no switch
        internal.print_to_stdstream = lambda *_, **__: None


def _check_nodes() -> None:
    """Every node that can work has Recoup, and would give the same numbers.

    Raises:
        InputError: one has not, or wouldn't.
    """
    installed, same = ray.remote(importlib.metadata.version), ray.remote(require_same)
    nodes = [node for node in ray.nodes() if node["Alive"] and node["Resources"].get("CPU", 0) >= 1]
    if not nodes:
        raise InputError("--ray", "", "no node with a processor", "a cluster that can work")
    for node in nodes:
        # No processor is asked for: a cluster that is busy answers too.
        there = {
            "num_cpus": 0,
            "scheduling_strategy": NodeAffinitySchedulingStrategy(node["NodeID"], soft=False),
        }
        ours = own_versions()
        try:
            ray.get(installed.options(**there).remote("recoup"))
            ray.get(same.options(**there).remote(ours))
        except ray.exceptions.RayTaskError as error:
            if isinstance(error.cause, InputError):
                raise error.cause from None
            raise InputError(
                f"--ray: node {node['NodeManagerAddress']}", "recoup", None, f"{ours['recoup']}, installed on each node"
            ) from error
        except ray.exceptions.RayError:
            continue  # lost meanwhile; the others work


@dataclass
class _Sent:
    """A task that the cluster has been given, for the how manieth time, and the beginnings of files that have come home from it."""

    task: Any
    tries: int
    arriving: dict[str, Any] = field(default_factory=dict)

    def receive(self, piece: Wrote, folder: Path) -> None:
        """Put a piece to its file; with the last one the file appears in the folder.

        Raises:
            InputError: it cannot be written.
        """
        if piece.name not in self.arriving:
            # In memory up to one piece, then on disk.
            self.arriving[piece.name] = tempfile.SpooledTemporaryFile(PIECE)  # noqa: SIM115 - closed when it is whole
        content = self.arriving[piece.name]
        content.write(piece.content)
        if not piece.last:
            return

        def write(path: Path) -> None:
            content.seek(0)
            with path.open("wb") as file:
                shutil.copyfileobj(content, file)

        with self.arriving.pop(piece.name):
            write_whole(folder / piece.name, write)


class RayCluster:
    """A team of all processors of the cluster that this program is connected to; each task has one."""

    def __init__(self) -> None:
        self._files: dict[str, Any] = {}
        self._work = ray.remote(
            num_cpus=1, max_retries=0, num_returns="streaming", _generator_backpressure_num_objects=PIECES_AHEAD
        )(work)

    def each(
        self, function: Callable[..., Result], tasks: Sequence[Task], folder: Folder | None
    ) -> Iterator[tuple[Task, Result]]:
        """See `run_each`.

        Raises:
            WorkerLost: a task's workers were lost again and again.
        """
        reference = ray.put(cloudpickle.dumps(function))
        waiting: dict[Any, _Sent] = {}

        def send(task: Task, tries: int) -> None:
            waiting[self._work.remote(self._order(reference, task, folder))] = _Sent(task, tries)

        try:
            for task in tasks:
                send(task, 1)
            while waiting:
                ready, _ = ray.wait(list(waiting), num_returns=1)
                for generator in ready:
                    sent = waiting[generator]
                    try:
                        message = ray.get(next(generator))
                    except ray.exceptions.RayTaskError as error:
                        raise error.cause from error
                    except (ray.exceptions.RayError, StopIteration) as error:
                        del waiting[generator]
                        if sent.tries >= MOST_TRIES:
                            raise _lost(sent.tries, error) from None
                        send(sent.task, sent.tries + 1)
                        continue
                    if isinstance(message, Wrote):
                        assert folder is not None
                        sent.receive(message, folder.path)
                    elif isinstance(message, Removed):
                        assert folder is not None
                        (folder.path / message.name).unlink(missing_ok=True)
                    elif isinstance(message, Misses):
                        del waiting[generator]
                        self._offer(message.name)
                        send(sent.task, sent.tries)
                    else:
                        assert isinstance(message, Done)
                        del waiting[generator]
                        yield sent.task, message.result
        finally:
            for generator in waiting:
                with suppress(Exception):  # the cluster may be gone
                    ray.cancel(generator, force=True)

    def _order(self, reference: Any, task: Task, folder: Folder | None) -> Order:
        begun = None
        if folder is not None:
            paths = folder.begun(task) if folder.begun else ()
            begun = {path.relative_to(folder.path).as_posix(): path.read_bytes() for path in paths}
        return Order(
            function=reference,
            task=cloudpickle.dumps(task),
            versions=own_versions(),
            working_folder=str(Path.cwd()),
            files=dict(self._files),
            begun=begun,
            sends_while_working=folder is not None and folder.begun is not None,
        )

    def _offer(self, name: str) -> None:
        """Read a file that a task has missed; the cluster keeps its content, or what is wrong with it."""
        if name in self._files:
            return
        found: bytes | InputError
        try:
            require_readable(Path(name))
            found = Path(name).read_bytes()
        except InputError as error:
            found = error
        except OSError as error:
            found = InputError(name, "", error.strerror or str(error), "a readable file")
        self._files[name] = ray.put(found)


def _lost(tries: int, error: Exception) -> WorkerLost:
    reason = type(error).__name__
    return WorkerLost(
        "--ray",
        "a task",
        f"lost {tries} times ({reason})",
        "nodes with enough memory: fewer --accounts, or larger nodes",
    )
