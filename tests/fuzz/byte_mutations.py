"""Damage to a file as bytes: what broken transfers, wrong programs and full disks leave."""

from __future__ import annotations

import gzip
from random import Random

_HEADS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xff\xfe\x00\x00", b"PK\x03\x04", b"\x1f\x8b", b"PAR1", b"%PDF", b"\x00")
_MOST_COPIED = 100_000


def mutate_bytes(random: Random, content: bytes) -> tuple[bytes, str]:
    """The content with one thing wrong, and what."""
    start = random.randrange(len(content) + 1)
    end = min(len(content), start + random.choice((1, 2, 8, 100, 10_000)))
    kind = random.choice(("flip", "cut", "insert", "zero", "remove", "repeat", "head", "encoding", "empty", "gzip"))
    if kind == "flip" and start < len(content):
        flipped = content[start] ^ (1 << random.randrange(8))
        return content[:start] + bytes([flipped]) + content[start + 1 :], f"a bit of byte {start:,} flipped"
    if kind == "cut":
        return content[:start], f"cut after {start:,} bytes"
    if kind == "insert":
        return content[:start] + random.randbytes(random.choice((1, 4, 64))) + content[start:], f"noise at {start:,}"
    if kind == "zero":
        return content[:start] + bytes(end - start) + content[end:], f"zeros from {start:,} to {end:,}"
    if kind == "remove":
        return content[:start] + content[end:], f"bytes {start:,} to {end:,} removed"
    if kind == "repeat":
        times = min(random.choice((2, 50)), 1 + _MOST_COPIED // max(end - start, 1))
        return content[:start] + content[start:end] * times + content[end:], f"bytes {start:,} to {end:,} {times} times"
    if kind == "head":
        head = random.choice(_HEADS)
        return head + content, f"{head!r} before it"
    if kind == "encoding":
        encoding = random.choice(("utf-16", "utf-32", "utf-8-sig", "gb18030", "cp1252"))
        return content.decode("utf-8", "replace").encode(encoding, "replace"), f"written in {encoding}"
    if kind == "gzip":
        return gzip.compress(content, mtime=0), "packed by gzip"
    return b"", "empty"
