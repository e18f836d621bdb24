"""Texts and tables as HTML; whatever comes from a file is escaped here, and nowhere else."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib import resources

import panel as pn
from markupsafe import Markup, escape


@cache
def stylesheet(name: str) -> str:
    """The text of a stylesheet in `templates/`."""
    return resources.files("recoup.experiments.dashboard").joinpath("templates", name).read_text(encoding="utf-8")


def pane(markup: Markup) -> pn.pane.HTML:
    """A piece of HTML as wide as the page."""
    # Each piece stands in a shadow root of its own, which the page's stylesheet does not reach.
    return pn.pane.HTML(str(markup), sizing_mode="stretch_width", stylesheets=[stylesheet("blocks.css")], margin=0)


def heading(text: str, level: int = 2) -> pn.pane.HTML:
    """A heading."""
    return pane(Markup("<h{0}>{1}</h{0}>").format(level, text))


def paragraph(text: str, kind: str = "") -> pn.pane.HTML:
    """A paragraph; `kind`: message, note or warning."""
    return pane(Markup('<p class="{}"{}>{}</p>').format(kind, Markup(' role="alert"') * (kind == "warning"), text))


def link(text: str, address: str) -> Markup:
    """A link within the dashboard."""
    return Markup('<a href="{}">{}</a>').format(address, text)


def cell(text: str, below: str = "", mark: str = "") -> Markup:
    """A table's cell: a value with a smaller line below; `mark`: good or bad."""
    line = Markup('<small class="{}">{}</small>').format(mark, below) if below else Markup("")
    return escape(text) + line


def named(title: str, definition: str, below: str = "") -> Markup:
    """A measure's name; what it is is told where the pointer rests on it."""
    return Markup('<span title="{}">{}</span><small>{}</small>').format(definition, title, below)


def table(
    head: Sequence[str],
    rows: Sequence[Sequence[str]],
    caption: str = "",
    words: bool = False,
    stack: bool = False,
    folded: str = "",
) -> pn.pane.HTML:
    """A table, in a box that scrolls by itself where the screen is too narrow.

    Args:
        head: of the columns.
        rows: cells, text or `cell`; the first of each row is its head.
        caption: above it.
        words: cells hold words, not numbers: they are set left.
        stack: a narrow screen has the cells of a row below each other.
        folded: what opens the table; empty = it is open.
    """
    top = Markup("").join(Markup('<th scope="col">{}</th>').format(each) for each in head)
    lines = Markup("").join(
        Markup('<tr><th scope="row">{}</th>{}</tr>').format(
            row[0],
            Markup("").join(
                Markup('<td data-head="{}">{}</td>').format(name, each)
                for name, each in zip(head[1:], row[1:], strict=True)
            ),
        )
        for row in rows
    )
    told = Markup("<caption>{}</caption>").format(caption) if caption else Markup("")
    kind = " ".join(name for name, on in (("words", words), ("stack", stack)) if on)
    whole = Markup(
        '<div class="scroll" tabindex="0" role="region" aria-label="{}"><table class="{}">{}<thead><tr>{}</tr></thead>'
        "<tbody>{}</tbody></table></div>"
    ).format(caption or head[0], kind, told, top, lines)
    return pane(Markup("<details><summary>{}</summary>{}</details>").format(folded, whole) if folded else whole)


def tiles(items: Sequence[tuple[str, str, str]]) -> pn.pane.HTML:
    """Figures that catch the eye: label, value, a line below."""
    each = Markup("").join(Markup("<div><dt>{}</dt><dd>{}<small>{}</small></dd></div>").format(*item) for item in items)
    return pane(Markup('<dl class="tiles">{}</dl>').format(each))


def bar(done: int, total: int, label: str) -> Markup:
    """A bar of what is done."""
    return Markup('<progress value="{}" max="{}" aria-label="{}"></progress>').format(done, max(total, 1), label)


def legend(series: Sequence[tuple[str, str, str]]) -> pn.pane.HTML:
    """What the signs of a chart stand for: name, colour and sign of each."""
    each = Markup(" &nbsp; ").join(
        Markup('<span style="color:{}; white-space: nowrap">{} {}</span>').format(colour, sign, name)
        for name, colour, sign in series
    )
    return pane(Markup('<p class="legend">{}</p>').format(each))
