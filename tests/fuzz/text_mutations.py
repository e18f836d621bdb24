"""Damage to a file as lines of text: what editors, merges and slips of the hand leave."""

from __future__ import annotations

import re
from random import Random

_SIGNS = (
    "\t",
    "\0",
    "\ufeff",
    "\u2028",
    "\u202e",
    "\x1b[31m",
    "\u00a0",
    "\x85",
    "é",
    "逾期",
    "😀",
    '"',
    "'",
    "{",
    "[",
    "}",
    "]",
    ":",
    "#",
    ",",
    "-",
)
_TOKENS = (
    "&a ", "*a", "!!python/object/apply:os.system ", "!!binary ", "!!set ", "!mine ", "---\n", "...\n", "? ", "<<: *a", "%YAML 9.9\n", "|\n", ">-\n", "[" * 80, "[" * 50_000,
    "yes", "on", "~", "null", "=", "0o17", "1_000", "12:30:45", ".inf", ".nan", "1e999", "2025-02-30", "0x7fffffffffffffff", "NaN", "-Infinity", "1e5",
)  # fmt: skip
_WORD = re.compile(r"[\w.+-]+")


def mutate_text(random: Random, text: str) -> tuple[str, str]:
    """The text with one thing wrong, and what."""
    lines = text.splitlines(keepends=True) or [""]
    at = random.randrange(len(lines))
    line = lines[at]
    kind = random.choice(("drop", "double", "swap", "indent", "sign", "token", "word", "end", "conflict", "long"))
    done = f"{kind} in line {at + 1:,}"
    if kind == "drop":
        del lines[at : at + random.choice((1, 1, 3, 20))]
    elif kind == "double":
        lines.insert(at, line)
    elif kind == "swap":
        other = random.randrange(len(lines))
        lines[at], lines[other] = lines[other], line
    elif kind == "indent":
        lines[at] = random.choice((" ", "  ", "\t", "        ")) + line if random.random() < 0.5 else line.lstrip()
    elif kind in ("sign", "token"):
        what = random.choice(_SIGNS if kind == "sign" else _TOKENS)
        column = random.randrange(len(line) + 1)
        lines[at], done = line[:column] + what + line[column:], f"{what!r:.40} in line {at + 1:,}, column {column + 1}"
    elif kind == "word":
        words = list(_WORD.finditer(line))
        if words:
            word, what = random.choice(words), random.choice(_TOKENS)
            lines[at] = line[: word.start()] + what + line[word.end() :]
            done = f"{what!r:.40} for {word[0]!r} in line {at + 1:,}"
    elif kind == "end":
        lines = [piece.rstrip("\r\n") + random.choice(("\r", "\r\n")) for piece in lines]
        done = "other line ends"
    elif kind == "conflict":
        lines.insert(at, "<<<<<<< HEAD\n")
    else:
        lines[at] = line.rstrip("\n") + "x" * 200_000 + "\n"
    return "".join(lines), done
