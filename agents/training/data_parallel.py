"""Data parallelism: processes that share the work of one training, without a number depending on how many they are.

Each process holds parts of the work: some of the cohorts (`cohort.Cohorts`), and the network (`network.Network`), which decides for accounts, judges
rows and works out gradients block by block. What they exchange in bulk lies in memory that all of them see (`Memory`): what a day shows, the rows
of a rollout, the network's parameters, and one gradient for each block. The learner's own process asks all of them at once (`Crew.each`), does
its part meanwhile, adds up the gradients in the order of the blocks, and takes the optimiser's step, which all see.

Shared memory and not a library's all-reduce: rows are drawn from all cohorts, so that they have to be shared anyway, and a sum whose order does
not depend on the number of processes is a gather and a loop.
"""

from __future__ import annotations

import ctypes
import math
import traceback
from collections.abc import Sequence
from multiprocessing.connection import Connection
from multiprocessing.sharedctypes import RawArray
from typing import Any

import numpy as np
import torch
from numpy.typing import DTypeLike, NDArray

LINE = 64  # bytes that arrays begin at multiples of, as PyTorch's own do: a product of matrices may depend on it


class Memory:
    """Arrays by name. Where they are shared, a process that is started with it sees the same ones.

    Args:
        shared: with processes that are started later; by the standard library, which knows where there is room for it.
    """

    def __init__(self, shared: bool = False) -> None:
        self._shared = shared
        self._blocks: dict[str, tuple[Any, tuple[int, ...], np.dtype[Any]]] = {}
        self._arrays: dict[str, NDArray[Any]] = {}

    def empty(self, name: str, shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
        """A new array under a name, in the place of an older one."""
        kind = np.dtype(dtype)
        size = math.prod(shape) * kind.itemsize + LINE
        block = RawArray(ctypes.c_byte, size) if self._shared else np.empty(size, np.byte)
        self._blocks[name] = block, shape, kind
        self._arrays[name] = _aligned(*self._blocks[name])
        return self._arrays[name]

    def __getitem__(self, name: str) -> NDArray[Any]:
        return self._arrays[name]

    def __getstate__(self) -> dict[str, Any]:
        return {"shared": self._shared, "blocks": self._blocks}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._shared, self._blocks = state["shared"], state["blocks"]
        self._arrays = {name: _aligned(*block) for name, block in self._blocks.items()}


def _aligned(block: Any, shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
    whole = np.frombuffer(block, np.byte)
    first = -whole.ctypes.data % LINE  # the same in every process, as pages begin at multiples of it
    return whole[first : first + math.prod(shape) * dtype.itemsize].view(dtype).reshape(shape)


class HelperLost(Exception):  # noqa: N818
    """A helper was killed, most likely by the system for lack of memory."""


class Crew:
    """The processes of a training: this one, and its helpers.

    Args:
        helpers: connections to processes that `help` through them.
    """

    def __init__(self, helpers: Sequence[Connection] = ()) -> None:
        self._helpers = helpers

    @property
    def size(self) -> int:
        """How many processes there are, this one included."""
        return 1 + len(self._helpers)

    def each(self, part: Any, method: str, tasks: Sequence[Any]) -> list[Any]:
        """Let every process do its part, all at once.

        Args:
            part: of this process; the helpers hold parts of the same class.
            method: of the part; called with a task.
            tasks: one for each process, this one's first; without tensors, which would be sent by way of files.

        Returns:
            What the method returned in each.

        Raises:
            HelperLost: a helper was killed.
        """
        try:
            for helper, task in zip(self._helpers, tasks[1:], strict=True):
                helper.send((type(part), method, task))
            done = [getattr(part, method)(tasks[0])]
            answers = [helper.recv() for helper in self._helpers]
        except (EOFError, OSError):
            raise HelperLost from None
        for answer, error in answers:
            if error is not None:
                raise error
            done.append(answer)
        return done


def help_with(connection: Connection, parts: Sequence[Any]) -> None:
    """Be a helper, until the other end of the connection is closed.

    Args:
        connection: to the learner's process.
        parts: of the work, one of a class.
    """
    torch.distributions.Distribution.set_default_validate_args(False)
    _keep_memory()
    held = {type(part): part for part in parts}
    while True:
        try:
            kind, method, task = connection.recv()
        except EOFError:
            return
        answer: tuple[Any, Exception | None]
        try:
            answer = getattr(held[kind], method)(task), None
        except Exception as error:  # the learner's process has to say it
            error.add_note(traceback.format_exc())
            answer = None, error
        connection.send(answer)


def _keep_memory() -> None:
    """Let the C library keep what is freed, as it does in the learner's process, and not fetch a block's arrays page by page each time.

    glibc moves its limits up when something is freed that was as large (mallopt(3), M_MMAP_THRESHOLD); elsewhere nothing happens.
    """
    np.empty(30_000_000, np.byte)
