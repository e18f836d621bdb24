"""Results of finished pieces of a long run, in a file: interrupted in any way, the same command repeats none of them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import ConfigDict, TypeAdapter, ValidationError

from recoup.sim.inputs import InputError, read_bytes

_MOST_BYTES = 1 << 30


def holding(hint: Any) -> TypeAdapter[Any]:
    """What results of a kind hold, for `Kept`: a type or a model of `file_kinds`; nothing is taken for a number that is none."""
    is_model = hasattr(hint, "model_fields")  # says itself how strict it is
    return TypeAdapter(hint) if is_model else TypeAdapter(hint, config=ConfigDict(strict=True))


class Kept:
    """A line a piece: a fingerprint of all that decides its result (`runfolder.fingerprint`), and the result as JSON holds it.

    A line that was cut off, or does not hold such a result, is a piece to be done again.

    Args:
        path: the file, read if it exists; None keeps nothing.

    Raises:
        InputError: it cannot be read or written.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self._results: dict[str, Any] = {}
        if path is not None and path.exists():
            text = read_bytes(path, _MOST_BYTES, "file of finished pieces").decode("utf-8", errors="replace")
            self._results = _read_lines(text)
            if text and not text.endswith("\n"):
                self._append("\n")

    @classmethod
    def beside(cls, out: Path | None) -> Kept:
        """In `OUT.unfinished.jsonl`, beside what a run is to write; `drop` removes it at the end."""
        return cls(out.with_name(f"{out.name}.unfinished.jsonl") if out else None)

    def __len__(self) -> int:
        return len(self._results)

    def __bool__(self) -> bool:
        """True: one that holds nothing yet is a place to keep things all the same, and no `None`."""
        return True

    def get(self, key: str, holds: TypeAdapter[Any]) -> Any | None:
        """The result, if the piece is done.

        Args:
            key: its fingerprint.
            holds: what its result must be (`holding`).
        """
        if key not in self._results:
            return None
        try:
            holds.validate_python(self._results[key])
        except ValidationError:
            return None
        return self._results[key]

    def put(self, key: str, result: Any) -> None:
        """Keep a result.

        Raises:
            InputError: it cannot be written.
        """
        if self.path is not None:
            self._append(json.dumps({"trial": key, "outcome": result}) + "\n")
            self._results[key] = result

    def once(self, key: Callable[[], str], holds: TypeAdapter[Any], do: Callable[[], Any]) -> Any:
        """The result of a piece: the one that is kept, or that of doing it now.

        Args:
            key: its fingerprint; not asked for where nothing is kept.
            holds: what its result must be (`holding`).
            do: gives the result, which JSON must hold exactly; never None.

        Raises:
            InputError: it cannot be written.
        """
        if self.path is None:
            return do()
        name = key()
        result = self.get(name, holds)
        if result is None:
            result = do()
            self.put(name, result)
        return result

    def drop(self) -> None:
        """Remove the file: what it was kept for is written."""
        if self.path is not None:
            self.path.unlink(missing_ok=True)

    def _append(self, text: str) -> None:
        assert self.path is not None
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("a", encoding="utf-8") as file:
                file.write(text)
        except OSError as error:
            raise InputError(self.path, "", error.strerror or str(error), "a file that can be written to") from None


def _read_lines(text: str) -> dict[str, Any]:
    results = {}
    for line in text.splitlines():
        try:
            entry: dict[str, Any] = json.loads(line)
            results[str(entry["trial"])] = entry["outcome"]
        except (ValueError, KeyError, TypeError, RecursionError):
            continue
    return results
