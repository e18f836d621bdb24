"""What a section of the report is made of."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Paragraph:
    """A paragraph. `kind`: message (what a picture or table says), warning, or empty."""

    text: str
    kind: str = ""


@dataclass(frozen=True)
class Bullets:
    items: list[str]


@dataclass(frozen=True)
class Code:
    text: str


@dataclass(frozen=True)
class Picture:
    """A picture as SVG text, drawn twice: for wide and for narrow screens; `narrow` is empty where one drawing does for both."""

    wide: str
    narrow: str
    caption: str


@dataclass(frozen=True)
class Line:
    """A line of a cell. `mark`: good, bad or undecided, shown as a sign and a colour; `bar`: shares by kind of treatment."""

    text: str = ""
    mark: str = ""
    bar: list[tuple[str, float]] = field(default_factory=list)


@dataclass(frozen=True)
class Cell:
    """A table's cell: a value, and smaller lines below it."""

    text: str
    lines: list[Line] = field(default_factory=list)


@dataclass(frozen=True)
class Table:
    """A table with a caption, a head, and a row head in each row's first cell.

    `kind`: of its look, `matrix` or `plain` (whole on a phone), with `signs` of marks alone and their words for whoever listens; or empty.
    """

    caption: str
    head: list[str]
    rows: list[list[Cell | str]]
    words: bool = False  # cells hold words, not numbers: they are set left
    legend: list[tuple[str, str]] = field(default_factory=list)  # kind and name of what bars show
    kind: str = ""


@dataclass(frozen=True)
class Heading:
    """A heading within a section."""

    text: str


@dataclass(frozen=True)
class Answer:
    """What is recommended. `verdict`: ship, test or dont, for the colour; `word`: as it is said."""

    verdict: str
    word: str
    text: str


@dataclass(frozen=True)
class Columns:
    """Blocks side by side; below each other on a phone. `wide`: which column, from 0, is the wider; None = alike."""

    columns: list[list[Block]]
    wide: int | None = None


@dataclass(frozen=True)
class Branch:
    """A branch of a decision tree: when it is taken, how often (share, also as text), and what is done or comes next.

    `do`: kind of treatment, for its colour, and words; the preferred one first.
    """

    condition: str
    share: float | None
    share_text: str
    do: list[tuple[str, str]]
    branches: list[Branch]


@dataclass(frozen=True)
class Tree:
    """A decision tree, from its first branches down."""

    caption: str
    branches: list[Branch]


Block = Paragraph | Bullets | Code | Picture | Table | Tree | Heading | Answer | Columns


@dataclass(frozen=True)
class Section:
    """A section with its place in the page; a section without blocks is not made at all."""

    name: str
    heading: str
    blocks: list[Block]
