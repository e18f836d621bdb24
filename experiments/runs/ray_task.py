"""One task on a node of a Ray cluster, which shares no disk and no home with the machine that asks.

Users' files are read from there (`inputs.files_by`): a task that misses one says so, and is sent again with it. What a task writes goes into a
folder of its own, and home from there.
"""

from __future__ import annotations

import os
import pickle
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import lru_cache, partial
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Any

from recoup.experiments.runs.one_thread import one_thread
from recoup.experiments.runs.runfolder import versions
from recoup.sim.inputs import InputError, files_by

SENT_EVERY = 2.0  # seconds between looks at what a long task has written
PIECE = 32 << 20  # bytes of a file that are sent, and in memory, at once
PIECES_AHEAD = 4  # that may wait to be fetched
PACKAGES = ("recoup", "recoup.sim", "recoup.scenarios", "recoup.agents", "recoup.experiments")


@dataclass(frozen=True)
class Order:
    """What a node is asked to do.

    Attributes:
        function: Ray's reference of the pickled function, shared by all tasks of a call.
        task: pickled.
        versions: of the machine that asks (`own_versions`).
        working_folder: there; names of files are relative to it.
        files: Ray's references of contents, or of the `InputError` that reading gave, by absolute name there.
        begun: files for the task's folder by relative name; None where the task has no folder.
        sends_while_working: send home what changes in the folder before the task is done.
    """

    function: Any
    task: bytes
    versions: dict[str, str]
    working_folder: str
    files: dict[str, Any]
    begun: dict[str, bytes] | None = None
    sends_while_working: bool = False


@dataclass(frozen=True)
class Wrote:
    """A piece of a file of the task's folder, by its relative name; the file is whole with the last one."""

    name: str
    content: bytes
    last: bool


@dataclass(frozen=True)
class Removed:
    """A file that the task's folder had, by its relative name, is there no longer."""

    name: str


@dataclass(frozen=True)
class Misses:
    """The task needs a file of the machine that asks; it has come to nothing."""

    name: str


@dataclass(frozen=True)
class Done:
    """The task is done."""

    result: Any


class _Missing(BaseException):  # not to be caught by what reads files
    def __init__(self, name: str) -> None:
        self.name = name


def work(order: Order) -> Iterator[Wrote | Removed | Misses | Done]:
    """Do a task: a Ray generator.

    Raises:
        InputError: other versions than those of the machine that asks.
        Exception: whatever the task raises.
    """
    require_same(order.versions)
    with ExitStack() as stack:
        folder = None
        if order.begun is not None:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="recoup-")))
        function = _function(order.function)
        sent = _Sent(folder, order.begun or {})
        ended: list[Misses | Done | BaseException] = []
        call = partial(function, pickle.loads(order.task), **({"folder": folder} if folder else {}))
        thread = threading.Thread(target=_do, args=(call, _Reader(order, folder), ended))
        thread.start()
        while thread.is_alive():
            thread.join(SENT_EVERY if order.sends_while_working else None)
            if ended and isinstance(ended[0], Misses):
                break
            yield from sent.changes()
    if isinstance(ended[0], BaseException):
        raise ended[0]
    yield ended[0]


def _do(call: Callable[[], Any], reader: _Reader, ended: list[Misses | Done | BaseException]) -> None:
    try:
        with files_by(reader), one_thread():
            ended.append(Done(call()))
    except _Missing as missing:
        ended.append(Misses(missing.name))
    except ImportError as error:
        expected = "installed on each node; of a policy of your own, its class in the script or notebook itself"
        ended.append(InputError(f"--ray: node {os.uname().nodename}", str(error.name), str(error), expected))
    except BaseException as error:
        ended.append(error)


@lru_cache(maxsize=2)
def _function(reference: Any) -> Callable[..., Any]:
    """Unpickled once a process, with whatever it carries."""
    import ray

    function: Callable[..., Any] = pickle.loads(ray.get(reference))
    return function


class _Reader:
    """Files of the machine that asks, but for the package's own and those of the task's folder."""

    def __init__(self, order: Order, folder: Path | None) -> None:
        self._order = order
        self._here = [*map(_place, PACKAGES), *([folder] if folder else [])]

    def __call__(self, path: Path) -> bytes | None:
        name = absolute(self._order.working_folder, path)
        if any(Path(name).is_relative_to(place) for place in self._here):
            return None
        if name not in self._order.files:
            raise _Missing(name)
        import ray

        found = ray.get(self._order.files[name])
        if isinstance(found, InputError):
            raise found
        content: bytes = found
        return content


def absolute(working_folder: str, path: Path) -> str:
    """The absolute name of a file on a machine.

    Args:
        working_folder: there.
        path: as it is named there.
    """
    return os.path.normpath(os.path.join(working_folder, path))  # noqa: PTH118 - the disk may be another machine's


class _Sent:
    """What is known at home of the task's folder."""

    def __init__(self, folder: Path | None, begun: dict[str, bytes]) -> None:
        self._folder, self._known = folder, {}
        for name, content in begun.items():
            assert folder is not None
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            self._known[name] = _mark(path.stat())

    def changes(self) -> Iterator[Wrote | Removed]:
        """Files that are new or changed, in the order in which they were written, none that is being written; then those that have gone."""
        if self._folder is None:
            return
        found = {}
        for path in self._folder.rglob("*"):
            with suppress(FileNotFoundError):  # it was there a moment ago
                if path.is_file() and not path.name.startswith("."):
                    found[path.relative_to(self._folder).as_posix()] = _mark(path.stat())
        for name, mark in sorted(found.items(), key=lambda each: each[1]):
            if self._known.get(name) != mark:
                self._known[name] = mark
                with suppress(FileNotFoundError):  # it was there a moment ago; the next look says that it has gone
                    yield from _pieces(self._folder / name, name)
        for name in sorted(self._known.keys() - found.keys()):
            del self._known[name]
            yield Removed(name)


def _pieces(path: Path, name: str) -> Iterator[Wrote]:
    with path.open("rb") as file:
        piece = file.read(PIECE)
        while True:
            following = file.read(PIECE)
            yield Wrote(name, piece, last=not following)
            if not following:
                return
            piece = following


def _mark(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_mtime_ns, status.st_size, status.st_ino


def _place(package: str) -> Path:
    return Path(str(files(package)))


@lru_cache(maxsize=1)
def own_versions() -> dict[str, str]:
    """What numbers depend on: versions of packages, and a checksum of all files of this one."""
    digest = sha256()
    for package in PACKAGES[1:]:
        root = _place(package)
        for path in sorted(root.rglob("*")):
            if path.is_file() and "__pycache__" not in path.parts:
                digest.update(f"{path.relative_to(root)}\0".encode() + sha256(path.read_bytes()).digest())
    return {**versions(), "files of recoup": digest.hexdigest()[:12]}


def require_same(theirs: dict[str, str]) -> None:
    """Make sure that this node would give the same numbers.

    Args:
        theirs: `own_versions` of the machine that asks.

    Raises:
        InputError: it has another version of something.
    """
    ours = own_versions()
    for name, version in theirs.items():
        if ours.get(name) != version:
            raise InputError(
                f"--ray: node {os.uname().nodename}",
                name,
                ours.get(name),
                f"{version}, as on the machine that asks: the same Recoup and packages on each node",
            )
