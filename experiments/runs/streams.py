"""Standard output and error as the system gives them: closed, full, cut off by `head`, or in an encoding that lacks our signs."""

from __future__ import annotations

import codecs
import errno
import io
import os
import sys

_FULL_OR_GONE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF, errno.EPIPE}
_SPELT = {"−": "-", "–": "-", "—": "-", "\u00a0": " ", "\u202f": " ", "·": "-", "×": "x", "±": "~", "…": "~"}


def prepare() -> None:
    """Make both streams writable: nothing is shown on a closed one, and a letter that the encoding lacks is spelt otherwise."""
    codecs.register_error("recoup", _spell)
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:  # closed: without this, the next file to be opened would be taken for it
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="recoup")


def _spell(error: UnicodeError) -> tuple[str, int]:
    """The codecs' error handler: a minus as a hyphen, other letters as \\u4e2d."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    letters = error.object[error.start : error.end]
    return "".join(_SPELT.get(c) or c.encode("ascii", "backslashreplace").decode() for c in letters), error.end


def refused(error: OSError) -> bool:
    """Whether standard output did not take what was printed; errors of files name the file."""
    return error.filename is None and error.errno in _FULL_OR_GONE


def silence() -> None:
    """Let what standard output did not take be forgotten; the interpreter would try once more on exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
