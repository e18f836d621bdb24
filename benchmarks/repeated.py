"""Measurements that are repeated until enough rows are there: rows kept as JSON lines, and a Markdown table for the documentation."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

Row = dict[str, Any]


def add_rows(path: Path | None, rows: Iterable[Row]) -> None:
    """Add rows to a file, a line each; nothing without a file.

    Args:
        path: of the file; None = none.
        rows: new ones.
    """
    if path:
        with path.open("a", encoding="utf-8") as file:
            file.writelines(json.dumps(row) + "\n" for row in rows)


def kept_rows(path: Path | None) -> list[Row]:
    """The rows of a file; none without one."""
    return (
        [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path and path.exists() else []
    )


def by_case(rows: Sequence[Row]) -> dict[str, list[Row]]:
    """Rows by what they are of (`case`), in order of meeting."""
    return {case: [row for row in rows if row["case"] == case] for case in dict.fromkeys(row["case"] for row in rows)}


def markdown(heads: Sequence[str], rows: Iterable[Sequence[str]], words: Sequence[int] = (0,)) -> str:
    """A table, its numbers to the right and with a real minus.

    Args:
        heads: of the columns.
        rows: cells; a short row is filled with empty ones.
        words: which columns, from 0, hold words.
    """
    marks = ["---" if number in words else "---:" for number in range(len(heads))]
    filled = ([*row, *[""] * (len(heads) - len(row))] for row in rows)
    body = ["| " + " | ".join(row) + " |" for row in ([*heads], *filled)]
    rule = "| " + " | ".join(marks) + " |"
    return "\n".join([body[0], rule, *body[1:]]).replace(" -", " −").replace("| −-", "| --")
