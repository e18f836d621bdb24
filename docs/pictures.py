"""Pictures of the concepts as SVG, drawn from a few boxes and arrows; text stays text, colours follow the reader's theme."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

_STYLE = """<style>
text { font: 14px system-ui, "Noto Sans", sans-serif; fill: #1a1a1a; } .small { font-size: 12px; fill: #444; }
rect { fill: #f3f6fa; stroke: #0072B2; stroke-width: 1.5; } .warm { fill: #fff3e6; stroke: #D55E00; }
.green { fill: #e9f7f1; stroke: #009E73; } .ground { fill: #ffffff; stroke: none; } line, path { stroke: #444; stroke-width: 1.5; fill: none; }
</style><defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0L8 4L0 8z" style="fill:#444;stroke:none"/></marker></defs>"""


def _picture(width: int, height: int, title: str, *parts: str) -> str:
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" aria-label="{escape(title)}">'
    return f'{head}<title>{escape(title)}</title>{_STYLE}<rect class="ground" width="{width}" height="{height}"/>{"".join(parts)}</svg>'


def _box(x: int, y: int, width: int, height: int, lines: list[str], kind: str = "") -> str:
    """A box with a first line, and smaller ones below."""
    top = y + height / 2 - 9 * (len(lines) - 1) + 5
    words = ""
    for n, line in enumerate(lines):
        small = ' class="small"' if n else ""
        words += f'<text x="{x + width / 2}" y="{top + 18 * n}" text-anchor="middle"{small}>{escape(line)}</text>'
    return f'<rect class="{kind}" x="{x}" y="{y}" width="{width}" height="{height}" rx="6"/>{words}'


def _arrow(x1: int, y1: int, x2: int, y2: int, text: str = "") -> str:
    word = (
        f'<text class="small" x="{(x1 + x2) / 2}" y="{(y1 + y2) / 2 - 6}" text-anchor="middle">{escape(text)}</text>'
        if text
        else ""
    )
    return f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" marker-end="url(#tip)"/>{word}'


def day() -> str:
    """A day of the simulation."""
    steps = [
        (["Morning", "interest; attention fades;", "jobs lost or found"], ""),
        (["The policy decides", "one treatment per account", "from what it may see"], "warm"),
        (["The gate", "stops what is unlawful", "or impossible"], "green"),
        (["Queues", "staff, lines, courts serve", "while capacity lasts"], ""),
        (["Debtors answer", "reached? promise? offer?", "complaint?"], ""),
        (["Evening", "promises, instalments,", "payments; ledger balanced"], ""),
    ]
    boxes = [
        _box(10 + 330 * (n % 3), 20 + 150 * (n // 3), 220, 90, lines, kind) for n, (lines, kind) in enumerate(steps)
    ]
    arrows = [_arrow(230 + 330 * c, 65 + 150 * r, 338 + 330 * c, 65 + 150 * r) for r in (0, 1) for c in (0, 1)]
    down = '<path d="M780 110 V140 H120 V168" marker-end="url(#tip)"/>'
    return _picture(900, 280, "A day: morning, decision, gate, queues, answers, evening", *boxes, *arrows, down)


def gate() -> str:
    """From a decision to what happens."""
    return _picture(
        900,
        220,
        "The policy chooses from a menu under an action mask; the gate lets lawful treatments through; the audit reads the log",
        _box(10, 60, 190, 90, ["Observation", "fields a lender may see"]),
        _arrow(200, 105, 248, 105),
        _box(250, 60, 190, 90, ["Policy", "plan file or learned"], "warm"),
        _arrow(440, 105, 488, 105),
        _box(490, 60, 170, 90, ["Gate", "rule pack as data"], "green"),
        _arrow(660, 105, 708, 105),
        _box(710, 60, 180, 90, ["World", "debtors, staff, courts"]),
        '<path d="M575 60 V25 H345 V56" marker-end="url(#tip)"/>',
        '<text class="small" x="460" y="18" text-anchor="middle">mask: what is allowed today</text>',
        '<path d="M800 150 V190 H105 V154" marker-end="url(#tip)"/>',
        '<text class="small" x="455" y="207" text-anchor="middle">tomorrow</text>',
    )


def comparison() -> str:
    """Two plans on one seed."""
    return _picture(
        900,
        230,
        "Two plans meet the same accounts under common random numbers on each seed; differences are paired",
        _box(10, 70, 200, 90, ["Seed 1", "accounts, random draws"]),
        _arrow(210, 95, 298, 55),
        _arrow(210, 135, 298, 175),
        _box(300, 15, 220, 80, ["Challenger", "same staff, rules, prices"], "warm"),
        _box(300, 135, 220, 80, ["Baseline", "same staff, rules, prices"], "green"),
        _arrow(520, 55, 618, 95),
        _arrow(520, 175, 618, 135),
        _box(620, 70, 130, 90, ["Difference", "on seed 1"]),
        _arrow(750, 115, 788, 115),
        _box(790, 70, 100, 90, ["Mean", "95 % interval", "over seeds"]),
    )


PICTURES: dict[str, Callable[[], str]] = {"day": day, "gate": gate, "comparison": comparison}
