"""Reading what users write: YAML with line numbers, and one clear line for what is wrong."""

from __future__ import annotations

import codecs
import copy
import difflib
import io
import json
import os
import re
import stat
import tempfile
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import PydanticCustomError

Place = tuple[str | int, ...]

# Control characters but tab and new line, line separators, reversals of the writing direction, halves of surrogate pairs: a terminal
# obeys them instead of showing them, or no file can hold them.
_UNREADABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_NO_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")


def readable(text: object) -> str:
    """Text of others (names of files, keys, titles) as any terminal and file can show it: what is no sign is written as \\x1b, \\udcff …

    Args:
        text: anything; its `str` is taken.
    """
    return _UNREADABLE.sub(lambda found: found[0].encode("unicode_escape").decode(), str(text))


Model = TypeVar("Model", bound=BaseModel)


class InputError(Exception):
    """Input a user can mend: names the file, the place in it, the value and what was expected.

    Args:
        source: the file, option or argument.
        place: where in it, as in `line 12, rules[3].when.dpd`; "" for the whole.
        value: what stands there; shown by its `repr`, cut at 80 characters.
        expected: what should stand there, a phrase that follows «expected».
    """

    def __init__(self, source: str | Path, place: str, value: object, expected: str) -> None:
        self.source, self.place, self.value, self.expected = str(source), place, value, expected
        shown = repr(value)
        if len(shown) > 80:
            shown = shown[:77] + "..."
        where = f"{self.source}: {place}" if place else self.source
        super().__init__(" ".join(readable(f"{where}: got {shown}, expected {expected}").split()))

    def __reduce__(self) -> tuple[Any, ...]:
        """So that it comes back whole from a worker process; of the value, which need not travel, its text alone."""
        return _raised_elsewhere, (type(self), str(self), self.source, self.place, repr(self.value), self.expected)


def _raised_elsewhere(
    kind: type[InputError], message: str, source: str, place: str, value: str, expected: str
) -> InputError:
    error = kind.__new__(kind)
    Exception.__init__(error, message)
    error.source, error.place, error.value, error.expected = source, place, value, expected
    return error


_MOST_NAMES, _MOST_LETTERS = 200, 100  # that a message lists, and of a slip that are compared


def choose(names: Iterable[str], wrong: object, synonyms: Mapping[str, Sequence[str]] | None = None) -> str:
    """The phrase «one of …», led by the nearest name when `wrong` looks like a slip of it, or is the trade's other word for it.

    Args:
        names: what there is to choose from.
        wrong: what was written.
        synonyms: other words, in lower case with underscores → the names that they may stand for, of which the first known one is meant.
    """
    known = list(names)
    word = str(wrong)[:_MOST_LETTERS]
    meant = (synonyms or {}).get(word.lower().replace("-", "_").replace(" ", "_"), ())
    near = [ours for ours in meant if ours in known][:1] or difflib.get_close_matches(word, known, n=1)
    hint = f"{near[0]} (did you mean it?); " if near else ""
    more = f" and {len(known) - _MOST_NAMES:,} more" if len(known) > _MOST_NAMES else ""
    return f"{hint}one of {', '.join(known[:_MOST_NAMES])}{more}"


@dataclass(frozen=True)
class Document:
    """A parsed YAML mapping that remembers on which line each value stands.

    Attributes:
        unquoted: words that YAML reads as something other than text (no as false, 007 as 7), by their place; a key's place ends in
            `KEY` and the word.
    """

    source: str
    data: dict[str, Any]
    lines: dict[Place, int]
    unquoted: dict[Place, str] = field(default_factory=dict)

    def place(self, path: Place) -> str:
        """«line 12, rules[3].when.dpd» for a path of keys and indices; the nearest known parent's line."""
        line = next((self.lines[path[:n]] for n in range(len(path), -1, -1) if path[:n] in self.lines), 1)
        name = ""
        for part in path:
            name += f"[{part}]" if isinstance(part, int) else (f".{part}" if name else part)
        return f"line {line}, {name}" if name else f"line {line}"

    def error(self, path: Place, value: object, expected: str) -> InputError:
        """The error to raise for the value at a place of this file.

        Args:
            path: keys and indices from the top to the value.
            value: what stands there.
            expected: what should, a phrase that follows «expected».

        Returns:
            The error, with the line; the caller raises it.
        """
        return InputError(self.source, self.place(path), value, expected)

    def no_text(self, path: Place, value: object, expected: str) -> InputError:
        """As `error`, for what should be text; says so where quotes would make it text."""
        word = self.unquoted.get(path) or self.unquoted.get(path[:-1])  # of one text in place of a list or mapping
        return self.error(path, value, expected + (f'; in quotes, "{word}", if it is meant as text' if word else ""))

    def no_name(self, path: Place, key: object) -> InputError:
        """As `error`, for a key of the mapping at a place that is no text; says so where quotes would make it text."""
        found = {yaml.safe_load(word): word for place, word in self.unquoted.items() if place[:-1] == (*path, KEY)}
        word = found.get(key) if isinstance(key, Hashable) else None
        hint = f'; in quotes, "{word}", if it is meant as one' if word else ""
        return self.error((*path, word) if word else path, key, f"names (text) as keys{hint}")


class JsonDocument(Document):
    """A parsed JSON object; places are its keys and indices alone, as programs write JSON on lines of their own choice."""

    def __init__(self, source: str | Path, data: dict[str, Any]) -> None:
        super().__init__(str(source), data, {})

    def place(self, path: Place) -> str:
        """«rules[3].when.dpd» for a path of keys and indices; "" for the whole."""
        return super().place(path).removeprefix("line 1").removeprefix(", ")


class _UniqueKeyLoader(yaml.SafeLoader):
    """PyYAML keeps the last of two equal keys without a word; a plan that loses a rule so is a trap."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """As PyYAML's; MarkedYAMLError for a key that stands twice or is a list or mapping."""
        seen: set[object] = set()
        for key, _ in node.value:
            name = self.construct_object(key, deep=True)
            if not isinstance(name, Hashable):
                raise yaml.MarkedYAMLError(problem="a list or mapping as a key", problem_mark=key.start_mark)
            if name in seen:
                raise yaml.MarkedYAMLError(problem=f"key {name!r} twice", problem_mark=key.start_mark)
            seen.add(name)
        return super().construct_mapping(node, deep)

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        """As PyYAML's; MarkedYAMLError for a value that cannot be (30 February) or a text with a control character (\\0)."""
        try:
            value = super().construct_object(node, deep)
        except ValueError as error:  # 2025-02-30, or a number of thousands of digits
            raise yaml.MarkedYAMLError(problem=str(error), problem_mark=node.start_mark) from None
        if isinstance(value, str) and (found := _NO_TEXT.search(value)):
            raise yaml.MarkedYAMLError(problem=f"the character {found[0]!r}", problem_mark=node.start_mark)
        return value


_MOST_LEVELS, _MOST_VALUES = 50, 100_000
_TEXT_TAG = "tag:yaml.org,2002:str"
KEY = "[key]"  # as in pydantic's places of keys


def _lines(node: yaml.Node, path: Place, into: dict[Place, int], unquoted: dict[Place, str], source: str) -> None:
    """Note the line of each value; aliases are followed, so that one inside itself or a bomb of them ends here."""
    line = node.start_mark.line + 1
    if len(path) > _MOST_LEVELS:
        raise InputError(
            source, f"line {line}", f"more than {_MOST_LEVELS} levels", "a value that does not contain itself"
        )
    if len(into) > _MOST_VALUES:
        raise InputError(source, f"line {line}", f"more than {_MOST_VALUES:,} values", "fewer, each alias counted")
    into[path] = line
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            _lines(value, (*path, str(key.value)), into, unquoted, source)
            into[(*path, str(key.value))] = key.start_mark.line + 1
            _note_unquoted(key, (*path, KEY, str(key.value)), unquoted)
    elif isinstance(node, yaml.SequenceNode):
        for number, value in enumerate(node.value):
            _lines(value, (*path, number), into, unquoted, source)
    _note_unquoted(node, path, unquoted)


def _note_unquoted(node: yaml.Node, path: Place, unquoted: dict[Place, str]) -> None:
    if isinstance(node, yaml.ScalarNode) and node.style is None and node.tag != _TEXT_TAG and node.value:
        unquoted[path] = node.value


Reader = Callable[[Path], bytes | None]
_elsewhere: ContextVar[Reader | None] = ContextVar("elsewhere", default=None)


@contextmanager
def files_by(reader: Reader) -> Iterator[None]:
    """Users' files lie on another machine: within the block they are read from there, and not from this disk.

    Args:
        reader: the content of the file that the other machine calls so; None where it is one of this machine (a shipped one); raises
            `InputError` as `read_bytes` would there.
    """
    before = _elsewhere.set(reader)
    try:
        yield
    finally:
        _elsewhere.reset(before)


def _read_elsewhere(path: Path) -> bytes | None:
    reader = _elsewhere.get()
    return reader(path) if reader else None


def is_file(path: Path) -> bool:
    """Whether there is a file of that name, here or where users' files are read from (`files_by`)."""
    try:
        return _read_elsewhere(path) is not None or path.is_file()
    except (InputError, OSError, ValueError):  # also what no file can be called
        return False


def read_bytes(path: Path, most: int, kind: str = "file") -> bytes:
    """The content of a regular file; of what has no end (a pipe, a device) nothing is read.

    Args:
        path: of the file.
        most: bytes that it may have.
        kind: what it should be, for messages.

    Raises:
        InputError: missing, a folder, a pipe or device, too large, or unreadable.
    """
    content = _read_elsewhere(path)
    if content is None:
        size, content = _read_here(path, most, kind)
    else:
        size = len(content)
    if size > most:
        raise InputError(path, "", f"{size:,} bytes", f"a {kind} of at most {most:,}")
    return content


def _read_here(path: Path, most: int, kind: str) -> tuple[int, bytes]:
    """Size and content of a file on this machine; of one that is too large the size alone."""
    try:
        status = path.stat()
        _require_regular(path, status, kind)
        with path.open("rb") as file:
            content = file.read(most + 1) if status.st_size <= most else b""
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the name
        raise _unreadable(path, error, kind) from None
    return max(status.st_size, len(content)), content


def require_readable(path: Path, kind: str = "file") -> None:
    """Make sure that there is a regular file that can be opened, for readers of their own that say it less well.

    Args:
        path: of the file.
        kind: what it should be, for messages.

    Raises:
        InputError: missing, a folder, a pipe or device, or unreadable.
    """
    try:
        _require_regular(path, path.stat(), kind)
        with path.open("rb"):
            pass
    except (OSError, ValueError) as error:
        raise _unreadable(path, error, kind) from None


@contextmanager
def opened(path: Path, kind: str = "file") -> Iterator[BinaryIO]:
    """A regular file to read in, wherever it lies.

    Args:
        path: of the file.
        kind: what it should be, for messages.

    Raises:
        InputError: missing, a folder, a pipe or device, or unreadable.
    """
    content = _read_elsewhere(path)
    if content is not None:
        yield io.BytesIO(content)
        return
    require_readable(path, kind)
    with path.open("rb") as file:
        yield file


@contextmanager
def on_disk(path: Path, kind: str = "file", beside: Sequence[str] = ()) -> Iterator[Path]:
    """A regular file under a name for readers of their own: its own, or for the time being that of a copy if it lies elsewhere.

    Args:
        path: of the file.
        kind: what it should be, for messages.
        beside: endings of files that belong to it where there are any, as databases keep them.

    Raises:
        InputError: missing, a folder, a pipe or device, or unreadable.
    """
    content = _read_elsewhere(path)
    if content is None:
        require_readable(path, kind)
        yield path
        return
    with tempfile.TemporaryDirectory(prefix="recoup-") as folder:
        copy = Path(folder) / path.name
        copy.write_bytes(content)
        for more in (path.with_name(path.name + ending) for ending in beside):
            if is_file(more) and (content := _read_elsewhere(more)) is not None:
                copy.with_name(more.name).write_bytes(content)
        yield copy


def _require_regular(path: Path, status: os.stat_result, kind: str) -> None:
    if not stat.S_ISREG(status.st_mode) and not stat.S_ISDIR(status.st_mode):
        kinds = ((stat.S_ISFIFO, "a pipe"), (stat.S_ISSOCK, "a socket"))
        found = next((name for test, name in kinds if test(status.st_mode)), "a device")
        raise InputError(path, "", found, f"a {kind} on disk")


def _unreadable(path: Path, error: Exception, kind: str) -> InputError:
    return InputError(path, "", getattr(error, "strerror", None) or str(error) or "unreadable", f"a readable {kind}")


_MOST_BYTES = 16 << 20  # of what people write by hand: YAML


def read_text(path: Path) -> str:
    """The text of a UTF-8 file.

    Raises:
        InputError: the file is missing, no regular file, above 16 MiB, unreadable, or not UTF-8.
    """
    try:
        return read_bytes(path, _MOST_BYTES).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(
            path, f"byte {error.start}", error.object[error.start : error.start + 1], "UTF-8 text"
        ) from None


_MOST_JSON = 1 << 28  # bytes: the largest that we write, all of a comparison's figures, have some millions


def read_json(path: Path, kind: str = "file") -> JsonDocument:
    """Read a JSON object from a file.

    Args:
        path: of the file.
        kind: what it should be, for messages.

    Raises:
        InputError: missing, no regular file, above 256 MiB, unreadable, not UTF-8, broken JSON (with its line), or no object at the top.
    """
    return parse_json(read_bytes(path, _MOST_JSON, kind), path)


def parse_json(content: bytes, source: str | Path) -> JsonDocument:
    """A JSON object.

    Args:
        content: its text.
        source: where it is from, for messages.

    Raises:
        InputError: not UTF-8, broken JSON (with its line), or no object at the top.
    """
    try:
        data = json.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise InputError(source, f"byte {error.start}", content[error.start : error.start + 1], "UTF-8 text") from None
    except json.JSONDecodeError as error:
        raise InputError(source, f"line {error.lineno}", error.msg, "valid JSON") from None
    except (ValueError, RecursionError) as error:  # a number of thousands of digits, or thousands of brackets
        raise InputError(source, "", str(error), "valid JSON") from None
    if not isinstance(data, dict):
        raise InputError(source, "", "null" if data is None else type(data).__name__, "a JSON object")
    return JsonDocument(source, data)


def misplaced(path: Place, value: object, expected: str) -> PydanticCustomError:
    """What a validator of a whole raises, so that the message names the place within it.

    Args:
        path: keys and indices from what is validated to the value.
        value: what stands there.
        expected: what should, a phrase that follows «expected».
    """
    return PydanticCustomError(_MISPLACED, "{expected}", {"path": path, "value": value, "expected": expected})


_MISPLACED = "misplaced"


def parse_yaml(text: str, source: str) -> Document:
    """Parse a YAML mapping with the safe loader.

    Args:
        text: the YAML.
        source: what error messages call it, as a rule the file.

    Returns:
        The document; its mappings and lists are the caller's own.

    Raises:
        InputError: broken YAML (with its line), a key given twice, or no mapping at the top.
    """
    return copy.deepcopy(_parsed(text, source))


@lru_cache(maxsize=64)  # a comparison asks for the same plans on each seed, and PyYAML is slow
def _parsed(text: str, source: str) -> Document:
    lines: dict[Place, int] = {}
    unquoted: dict[Place, str] = {}
    try:
        loader = _UniqueKeyLoader(text)  # a SafeLoader
        node = loader.get_single_node()
        if node is not None:
            _lines(node, (), lines, unquoted, source)
        data = None if node is None else loader.construct_document(node)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise InputError(source, f"line {line}", error.problem or "broken YAML", "valid YAML") from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise InputError(source, "", str(error).splitlines()[0], "valid YAML") from None
    if not isinstance(data, dict) or node is None:
        raise InputError(
            source, "line 1", "nothing" if data is None else type(data).__name__, "a mapping of names to values"
        )
    return Document(source, data, lines, unquoted)


def read_yaml(path: Path) -> Document:
    """Read a YAML mapping from a file; errors as `read_text` and `parse_yaml`."""
    return parse_yaml(read_text(path), str(path))


def validated(model: type[Model], document: Document) -> Model:
    """Build a pydantic model from a document; the first fault becomes one line with its place.

    Args:
        model: the pydantic class.
        document: what it is built from.

    Raises:
        InputError: naming line, field, value and what the model expects there.
    """
    try:
        return model.model_validate(document.data)
    except ValidationError as error:
        raise first_fault(error, document, model) from None


def first_fault(error: ValidationError, document: Document, model: type[BaseModel], under: Place = ()) -> InputError:
    """The first of pydantic's faults as an `InputError`, with names suggested for an unknown field.

    Args:
        error: what pydantic raised.
        document: what was read, for the line.
        model: the class that refused, for the names that it knows.
        under: where in the document the model's data stand; () for the top.

    Returns:
        The error; the caller raises it.
    """
    faults = error.errors(include_url=False)
    # A misspelt name is unknown and its right name missing: the slip is what to point at.
    fault = next((fault for fault in faults if fault["type"] == "extra_forbidden"), faults[0])
    path = (*under, *fault["loc"])
    if fault["type"] == _MISPLACED:
        return document.error((*path, *fault["ctx"]["path"]), fault["ctx"]["value"], fault["ctx"]["expected"])
    if fault["type"] == "extra_forbidden":
        return document.error(
            path, str(fault["loc"][-1]), choose(_fields_at(model, fault["loc"][:-1]), fault["loc"][-1])
        )
    expected = fault["msg"]
    for prefix in ("Value error, ", "Assertion failed, ", "Input should be ", "String should have "):
        expected = expected.removeprefix(prefix)
    if fault["type"] == "invalid_key" or path[-1:] == (KEY,):
        return document.no_name(path[: -2 if path[-1] == KEY else -1], fault["input"])
    if fault["type"] in ("model_type", "dict_type"):
        expected = "a mapping of names to values"
    if fault["type"] == "missing":
        return document.error(path, "nothing", "a value here (required)")
    if fault["type"] == "string_type" or (
        isinstance(fault["input"], bool) and fault["type"] in ("literal_error", "enum")
    ):
        return document.no_text(path, fault["input"], expected)
    return document.error(path, fault["input"], expected)


def _fields_at(model: type[BaseModel], path: Place) -> list[str]:
    """The field names a nested model knows at a path (best effort: falls back to the outer model's)."""
    for part in path:
        field = model.model_fields.get(str(part))
        inner = getattr(field, "annotation", None)
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            model = inner
    return [field.alias or name for name, field in model.model_fields.items()]


ENCODING = "the name of a text encoding, as in utf-8 or gb18030"
DELIMITERS = {"tab": "\t", "\\t": "\t"}  # by the words that people write for them
# Codecs that are no encoding of files: of host names, of source text, of mail; and UTF-7, which can say what no text may.
_NO_ENCODING = ("idna", "punycode", "unicode-escape", "raw-unicode-escape", "undefined", "charmap", "utf-7")


def is_encoding(name: str) -> bool:
    """Whether text files are written in an encoding of this name."""
    try:
        "".encode(name)
        return codecs.lookup(name).name.replace("_", "-") not in _NO_ENCODING
    except (LookupError, UnicodeError, ValueError):
        return False
