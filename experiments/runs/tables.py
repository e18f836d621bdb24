"""Tables that fit the terminal: narrower, turned, in parts, or row by row, whichever comes first; numbers stand right."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from rich import table
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.padding import Padding
from rich.text import Text

_HIGHEST = 5  # lines of a row; a higher one is set row by row
_WORD = 24  # cells at most that a column keeps for a word: longer ones are folded
_TURNED = 6  # rows at most of a table that is turned
_EDGES = 3  # cells that a column takes beside its text; the table takes one more
# A number, perhaps with a sign, a unit, an interval or a mark behind it; or none.
_NUMBER = re.compile(r"(> )?[+−-]?[\d.,]+(\W.*|\Z)|–|")
_PIECE = re.compile(r"[\u2e80-\u9fff\uff00-\uffef]{1,4}|[^\s\u2e80-\u9fff\uff00-\uffef]+")  # Chinese breaks anywhere


class Table(table.Table):
    """Rich's table, in the form that fits.

    Cells and heads are text. A column of numbers stands right, unless it was added with a `justify` of its own; the interval behind a
    number goes below it where there is no room for both. A table that is still too wide is turned if it has few rows, else cut
    into parts that repeat its first column. One whose rows would be high is set row by row, each cell behind its head.

    Args:
        heads: of the columns, with their units.
        options: as Rich's.
    """

    def __init__(self, *heads: str, **options: Any) -> None:
        super().__init__(*heads, **{"title_justify": "left", "caption_justify": "left", **options})

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """The rendered parts, each no wider than the console."""
        yield from self._parts(console, options.max_width)

    def _parts(self, console: Console, width: int) -> Iterator[Any]:
        heads = [str(column.header) for column in self.columns]
        rows = [list(row) for row in zip(*(column.cells for column in self.columns), strict=True)]
        right = [self._stands_right(number) for number in range(len(heads))]
        if not heads:
            return
        below = [[_below(cell) for cell in row] for row in rows]
        broken = [_head(head) for head in heads]
        for cells in (rows, below):
            if (widths := _widths(broken, cells, right, width)) and _height(console, cells, widths) <= _HIGHEST:
                whole = [
                    head if _longest(head) <= room else torn
                    for head, torn, room in zip(heads, broken, widths, strict=True)
                ]
                yield self._part(range(len(heads)), whole, cells, widths, right)
                return
        if any(not is_right for is_right in right[1:]) or widths:  # text, or high rows
            yield from self._by_row(console, heads, rows)
            return
        if len(rows) <= _TURNED:
            # Turned, all but the heads are numbers of several kinds.
            turned = [[head, *row] for head, row in zip(heads[1:], list(zip(*rows, strict=True))[1:], strict=True)]
            names = [heads[0], *(str(row[0]) for row in rows)]
            sides = [False, *[True] * len(rows)]
            if widths := _widths(names, turned, sides, width):
                yield self._part(None, names, turned, widths, sides)
                return
        yield from self._cut(broken, below, right, width)

    def _stands_right(self, number: int) -> bool:
        column = self.columns[number]
        if number == 0 or column.justify != "left":
            return column.justify == "right"
        cells = [str(cell) for cell in column.cells]
        return any(cells) and all(_NUMBER.fullmatch(cell) for cell in cells)

    def _part(
        self, of: range | None, heads: Sequence[str], rows: list[list[Any]], widths: list[int], right: list[bool]
    ) -> table.Table:
        """One table with the widths given; `of` are the columns that keep their styles."""
        made = table.Table(title=self.title, caption=self.caption, box=self.box, show_lines=self.show_lines)
        made.title_justify, made.caption_justify = "left", "left"
        for number, (head, width, is_right) in enumerate(zip(heads, widths, right, strict=True)):
            style = self.columns[of[number]].style if of else ""
            made.add_column(head, width=width, justify="right" if is_right else "left", overflow="fold", style=style)
        for row, kept in zip(rows, self.rows if of else [None] * len(rows), strict=True):
            made.add_row(*row, style=kept.style if kept else None, end_section=bool(kept and kept.end_section))
        return made

    def _cut(
        self, heads: list[str], rows: list[list[Any]], right: list[bool], width: int
    ) -> Iterator[table.Table | Text]:
        """Parts side by side no more: each begins with the first column and holds as many others as fit."""
        done, title, caption = 1, self.title, self.caption
        while done < len(heads):
            best, chosen = None, [0, done]
            for end in range(done + 1, len(heads) + 1):
                columns = [0, *range(done, end)]
                part = [[row[number] for number in columns] for row in rows]
                found = _widths([heads[n] for n in columns], part, [right[n] for n in columns], width)
                if found is None and best is not None:
                    break
                best, chosen = found or [width // 2 - _EDGES - 1] * 2, columns
            assert best is not None
            done = chosen[-1] + 1
            self.title, self.caption = (title if 1 in chosen else None), (caption if done == len(heads) else None)
            part = [[row[number] for number in chosen] for row in rows]
            yield self._part(range(len(chosen)), [heads[n] for n in chosen], part, best, [right[n] for n in chosen])
        self.title, self.caption = title, caption

    def _by_row(self, console: Console, heads: list[str], rows: list[list[Any]]) -> Iterator[Any]:
        """Each row by itself: its first cell, behind its head where it is a bare number, and below it the others, each behind its own."""
        if self.title:
            yield console.render_str(str(self.title), style="table.title")
        for row in rows:
            numbered = heads[0] and _NUMBER.fullmatch(str(row[0]))
            yield console.render_str(f"{heads[0]}: {row[0]}" if numbered else str(row[0]), style="bold")
            for head, cell in zip(heads[1:], row[1:], strict=True):
                if str(cell):
                    line = console.render_str(f"{head}: " if head else "") + _text(console, cell)
                    yield Padding(line, (0, 0, 0, 2), expand=False)
        if self.caption:
            yield console.render_str(str(self.caption), style="table.caption")


def _head(head: str) -> str:
    """A head whose unit stands in Chinese brackets: they are not torn apart."""
    return head.replace("（", "\n（", 1)


def _below(cell: Any) -> Any:
    """A number's interval on a line of its own."""
    return cell.replace(" (", "\n(", 1) if isinstance(cell, str) and _NUMBER.fullmatch(cell) else cell


def _longest(cell: Any) -> int:
    """Cells of the longest line."""
    return max((cell_len(line) for line in str(cell).split("\n")), default=0)


def _least(cell: Any, is_right: bool) -> int:
    """Cells that a column must have for it: a number's lines whole, a text's longest word."""
    if is_right and _NUMBER.match(str(cell)):
        return _longest(cell)
    return min(_WORD, max((cell_len(piece) for piece in _PIECE.findall(str(cell))), default=1))


def _widths(heads: Sequence[str], rows: list[list[Any]], right: Sequence[bool], width: int) -> list[int] | None:
    """The columns' widths within that of the terminal; None if words or numbers would have to be broken."""
    columns = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in heads]
    least = [
        max(1, _least(head, False), *(_least(cell, is_right) for cell in column))
        for head, column, is_right in zip(heads, columns, right, strict=True)
    ]
    room = width - _EDGES * len(heads) - 1 - sum(least)
    if room < 0:
        return None
    # First what the cells need for one line each, then the heads: numbers do not become wide at a text's expense.
    cells = [max(map(_longest, column), default=0) for column in columns]
    for wish in (cells, [_longest(head.replace("\n", "")) for head in heads]):
        while room and (wanting := [number for number in range(len(least)) if least[number] < wish[number]]):
            least[min(wanting, key=lambda number: least[number])] += 1
            room -= 1
    return least


def _height(console: Console, rows: list[list[Any]], widths: list[int]) -> int:
    """Lines of the highest row."""
    lines = (
        len(_text(console, cell).wrap(console, width, overflow="fold"))
        for row in rows
        for cell, width in zip(row, widths, strict=True)
    )
    return max(lines, default=0)


def _text(console: Console, cell: Any) -> Text:
    return cell if isinstance(cell, Text) else console.render_str(str(cell))
