"""Readers of the report's page and of its numbers, which share no code with what writes them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "link", "br", "img", "hr", "input"}
UNITS = {
    "en": {"%": 0.01, "points": 0.01, "days": 1.0, "": 1.0},
    "zh": {"%": 0.01, "个百分点": 0.01, "天": 1.0, "": 1.0},
}
NUMBER = r"[+−]?\d{1,3}(?:,\d{3})*(?:\.\d+)?"
TO = {"en": "to", "zh": "至"}


@dataclass
class Node:
    """An element with its attributes and what is in it."""

    tag: str
    attributes: dict[str, str]
    children: list[Node | str] = field(default_factory=list)

    def all(self, tag: str, kind: str | None = None):
        """Elements below with this tag (and class), in the order of the page."""
        for child in self.children:
            if isinstance(child, Node):
                if child.tag == tag and (kind is None or kind in child.kinds):
                    yield child
                yield from child.all(tag, kind)

    def first(self, tag: str, kind: str | None = None):
        """The first of `all`."""
        return next(self.all(tag, kind))

    @property
    def kinds(self):
        return self.attributes.get("class", "").split()

    @property
    def elements(self):
        return [child for child in self.children if isinstance(child, Node)]

    def text(self, without=()):
        """All text within, spaces as a reader sees them; elements named in `without` are skipped."""
        parts = [
            child if isinstance(child, str) else child.text(without)
            for child in self.children
            if isinstance(child, str) or child.tag not in without
        ]
        return plain("".join(parts))


class _Builder(HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.root = Node("", {})
        self._open = [self.root]

    def handle_starttag(self, tag, attrs):
        node = Node(tag, {name: value or "" for name, value in attrs})
        self._open[-1].children.append(node)
        if tag not in VOID:
            self._open.append(node)

    def handle_startendtag(self, tag, attrs):
        self._open[-1].children.append(Node(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag):
        assert self._open.pop().tag == tag

    def handle_data(self, data):
        self._open[-1].children.append(data)


def parsed(html: str) -> Node:
    """The page as a tree."""
    builder = _Builder()
    builder.feed(html)
    builder.close()
    return builder.root


def plain(text: str) -> str:
    """A text with unbreakable and repeated spaces as one plain space."""
    return re.sub(r"\s+", " ", text.replace("\u00a0", " ")).strip()


@dataclass
class Cell:
    """A table's cell: its value, and the smaller lines below with their marks (good, bad or nothing)."""

    value: str
    lines: list[str]
    marks: list[str]
    bars: list[tuple[str, float]]


@dataclass
class Table:
    """A table: caption, head, and the cells of each row."""

    caption: str
    head: list[str]
    rows: list[list[Cell]]
    legend: list[tuple[str, str]]

    def cell(self, row: str, column: str) -> Cell:
        """The cell in the only row and column of these names."""
        place = [n for n, name in enumerate(self.head) if name == column]
        found = [cells for cells in self.rows if cells[0].value == row]
        assert len(place) == len(found) == 1, (row, column, self.head, [cells[0].value for cells in self.rows])
        return found[0][place[0]]


@dataclass
class Section:
    """A section of the page as a reader finds it."""

    heading: str
    messages: list[str]
    paragraphs: list[str]
    bullets: list[str]
    tables: list[Table]
    figures: list[Node]
    code: list[str]


def sections(html: str) -> dict[str, Section]:
    """The sections of a report by their ids; tables that stand in the appendix (`NAME-tables`) are those of the section that they are behind."""
    found: dict[str, Section] = {}
    for node in parsed(html).all("section"):
        name, _, behind = node.attributes["id"].partition("-")
        elements = list(_flow(node))
        bullets = [li.text() for ul in elements if ul.tag == "ul" for li in ul.all("li")]
        paragraphs = [p for p in elements if p.tag == "p"]
        tables = [_table(table) for table in node.all("table")]
        if behind:
            found[name].tables.extend(tables)
            continue
        found[name] = Section(
            node.first("h2").text(),
            [p.text() for p in paragraphs if "message" in p.kinds],
            [p.text() for p in paragraphs if "message" not in p.kinds],
            bullets,
            tables,
            list(node.all("figure")),
            [pre.text() for pre in node.all("pre")],
        )
    return found


def _flow(node: Node):
    """The elements of a section in the order of reading, columns one after the other."""
    for element in node.elements:
        if element.tag == "div" and "scroll" not in element.kinds:
            yield from _flow(element)
        else:
            yield element


def _table(node: Node) -> Table:
    caption = node.first("caption")
    legend = [
        (one.first("i").kinds[0].removeprefix("k-"), one.text())
        for span in caption.all("span", "legend")
        for one in span.elements
    ]
    head = [th.text() for th in node.first("thead").all("th")]
    rows = [[_cell(cell) for cell in row.elements] for row in node.first("tbody").all("tr") if row.elements]
    assert all(len(row) == len(head) for row in rows)
    return Table(caption.text(without=("span",)), head, rows, legend)


def _cell(node: Node) -> Cell:
    small = list(node.all("small"))
    bars = [
        (i.kinds[0].removeprefix("k-"), float(re.fullmatch(r"width:([\d.]+)%", i.attributes["style"])[1]))
        for span in node.all("span", "bar")
        for i in span.elements
    ]
    marks = []
    for line in small:
        sign = {"▲": "good", "▼": "bad", "?": "undecided"}.get(line.text()[:1], "")
        assert sign == "".join(
            kind for kind in line.kinds if kind in ("good", "bad", "undecided")
        )  # the colour says the same
        marks.append(sign)
    return Cell(node.text(without=("small", "span")), [line.text().lstrip("▲▼? ") for line in small], marks, bars)


# --- numbers ----------------------------------------------------------------------------------------------------------


def number(text: str) -> float:
    """A number as the report writes it: «−1,234.5»."""
    assert re.fullmatch(NUMBER, text), text
    return float(text.replace(",", "").replace("−", "-").replace("+", ""))


def quantity(text: str, language: str) -> tuple[float, str]:
    """A value in the files' unit, and the unit that is written: «43.1 %» is 0.431."""
    found = re.fullmatch(rf"({NUMBER})(?: (.+))?", plain(text))
    assert found, text
    unit = found[2] or ""
    return number(found[1]) * UNITS[language][unit], unit


def limits(text: str, language: str) -> tuple[float, float]:
    """Both ends of «42.0 to 44.2», as written."""
    found = re.fullmatch(rf"({NUMBER}) {TO[language]} ({NUMBER})", plain(text))
    assert found, text
    return number(found[1]), number(found[2])


def span(text: str, language: str) -> tuple[float, float | None, float | None, str]:
    """Mean, ends and unit of «43.1 % (42.0 to 44.2)», in the files' unit."""
    found = re.fullmatch(r"([^()]+?)(?: \((.+)\))?", plain(text))
    assert found, text
    mean, unit = quantity(found[1], language)
    if found[2] is None:
        return mean, None, None, unit
    low, high = limits(found[2], language)
    return mean, low * UNITS[language][unit], high * UNITS[language][unit], unit


def decimals_of(value: float, text: str, factor: float = 1.0) -> bool:
    """Whether a text writes the value, times `factor`, to its nearest last digit."""
    shown = re.search(NUMBER, text)[0]
    places = len(shown.partition(".")[2])
    return abs(number(shown) - factor * value) <= 0.5 * 10.0**-places + 1e-9
