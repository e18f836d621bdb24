"""Pictures as SVG text: real text in the reader's fonts, colours safe for the colour-blind and told apart without them.

Each picture is drawn for wide and for narrow screens, so that its words stay legible on a phone.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, PercentFormatter
from numpy.typing import ArrayLike, NDArray

from recoup.experiments.comparison.staff_results import limits
from recoup.experiments.report.blocks import Picture
from recoup.experiments.report.text import written

# Okabe & Ito's palette, darkest contrasts first; line styles and markers differ too, for print without colour.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
STYLES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 2)), (0, (8, 2)))
MARKERS = "os^Dv<>"
GREY, SOFT = "#a6a6a6", "#666666"  # plans that a picture is not about, and their names
_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 11,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#dddddd",
    "axes.axisbelow": True,
}
_WIDTHS = {"wide": 7.2, "narrow": 4.4}  # inches; 72 units of the picture each

_CHINESE = re.compile(r"[\u3000-\u9fff\uff00-\uffef“”]+")
# Signs of Matplotlib's own font that are as wide as a Chinese character (1 em), and that no label uses.
_AS_WIDE = "⧏⧐⧑⧒⧓⧔⧕⨀⨁⨂"

Draw = Callable[[Axes, bool], None]
DrawPanels = Callable[[Sequence[Axes], bool], None]


class StandIns:
    """Matplotlib lays text out by its own font, which has no Chinese: it is given signs of the same width
    and the Chinese is put in their place in the finished picture, to be set in the reader's font."""

    def __init__(self) -> None:
        self._real: dict[str, str] = {}

    def __call__(self, text: str) -> str:
        return _CHINESE.sub(lambda match: self._for(match.group()), text)

    def _for(self, chinese: str) -> str:
        for number in range(len(_AS_WIDE) ** len(chinese)):
            digits = np.base_repr(number, len(_AS_WIDE)).zfill(len(chinese))
            signs = "".join(_AS_WIDE[int(digit)] for digit in digits)
            if self._real.setdefault(signs, chinese) == chinese:
                return signs
        raise ValueError(f"too many different texts of the length of {chinese!r} in one picture")

    def restore(self, svg: str) -> str:
        if not self._real:
            return svg
        pattern = re.compile("|".join(sorted(map(re.escape, self._real), key=len, reverse=True)))
        return re.sub(
            r"(<(?:text|title)\b[^>]*>)([^<]*)",
            lambda tag: tag.group(1) + pattern.sub(lambda match: self._real[match.group()], tag.group(2)),
            svg,
        )


@dataclass(frozen=True)
class FrontierPanel:
    """One burden in the picture of a frontier.

    Attributes:
        label: of the axis across.
        across: the burden of each policy, shape (policies,).
        frontier: whether no other policy does as well for less of this burden, shape (policies,).
        plans: the burden of each plan, in the order of their labels.
        limit: the most that was allowed; None = any.
    """

    label: str
    across: NDArray[np.float64]
    frontier: NDArray[np.bool_]
    plans: Sequence[float]
    limit: float | None


def _percent(share: float, _: object = None) -> str:
    """A tick's share in per cent, with no more digits than it has: 61 %, 60.5 %."""
    return f"{written(round(100.0 * share, 6), 'g')} %"


def _wrapped(text: str, most: int) -> str:
    """Text in lines of at most so many characters, a Chinese one counting for two; a no-break space does not end a line."""
    lines, room = [""], most
    for piece in re.findall(r"[\u3000-\u9fff\uff00-\uffef]|[^ \u3000-\u9fff\uff00-\uffef]+ *| +", text):
        width = len(piece.rstrip()) * (2 if _CHINESE.match(piece) else 1)
        if width > room and lines[-1] and piece not in "，。；：）、":
            lines.append("")
            room = most
        lines[-1] += piece
        room -= width + len(piece) - len(piece.rstrip())
    return "\n".join(line.rstrip() for line in lines)


def _svg(name: str, alt: str, draw: DrawPanels, narrow: bool, height: float, panels: int) -> str:
    # The salt makes ids of one picture differ from another's in the same page, and equal from run to run.
    with mpl.rc_context({**_STYLE, "svg.hashsalt": name}):
        figure = Figure(figsize=(_WIDTHS["narrow" if narrow else "wide"], height), layout="constrained")
        # Panels share their vertical axis; a narrow screen has them below each other.
        shape = (panels, 1) if narrow else (1, panels)
        draw(figure.subplots(*shape, sharey=True, squeeze=False).ravel().tolist(), narrow)
        out = io.StringIO()
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    text = out.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(
        r'<g id="tip ([^"]*)">', r'<g class="tip"><title>\1</title>', text
    )  # what a pointer that rests there is told
    used = set(re.findall(r'(?:url\(|href=")#([^")]+)', text))
    # Names that nothing refers to would be the same in every picture of a page.
    text = re.sub(r' id="([^"]+)"', lambda match: match.group() if match.group(1) in used else "", text)
    title = alt.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    return text.replace("<svg ", f'<svg role="img" aria-label="{title}" ', 1)


def _tip(ink: StandIns, text: str) -> str:
    """The id by which `_svg` knows what is said of a mark."""
    return f"tip {ink(text)}"


def _picture(name: str, caption: str, draw: Draw, ink: StandIns, height: float = 3.6, half: bool = False) -> Picture:
    """One drawing with one pair of axes; `half`: as wide as half a page, so that the drawing for phones does for all."""
    if half:
        return Picture(ink.restore(_svg(name, caption, lambda axes, n: draw(axes[0], n), True, height, 1)), "", caption)
    return _panels(name, caption, lambda axes, narrow: draw(axes[0], narrow), ink, 1, (height, height))


def _panels(
    name: str, caption: str, draw: DrawPanels, ink: StandIns, panels: int, heights: tuple[float, float]
) -> Picture:
    wide, narrow = (
        ink.restore(_svg(f"{name}-{n}", caption, draw, n, height, panels))
        for n, height in zip((False, True), heights, strict=True)
    )
    return Picture(wide, narrow, caption)


@dataclass(frozen=True)
class Emphasis:
    """Which of several plans a picture is about: the others are grey.

    Attributes:
        challenger, champion: their labels; None = there is none.
    """

    challenger: str | None
    champion: str | None

    def style(self, label: str) -> dict[str, Any]:
        """Colour, line style, width and depth of a plan's line."""
        if label == self.challenger:
            return {"color": COLOURS[0], "linestyle": "-", "linewidth": 2.6, "zorder": 4}
        if label == self.champion:
            return {"color": COLOURS[1], "linestyle": "--", "linewidth": 2.2, "zorder": 3}
        return {"color": GREY, "linestyle": "-", "linewidth": 1.0, "zorder": 2}

    def is_other(self, label: str) -> bool:
        """Whether a plan is neither of the two."""
        return label not in (self.challenger, self.champion)


def _apart(places: Sequence[float], least: float, low: float, high: float) -> list[float]:
    """Places moved up or down until they are as far apart as labels need, in the order that they have.

    Args:
        places: where labels belong.
        least: distance between neighbours.
        low, high: of the axis; the labels stay within where there is room.
    """
    order = np.argsort(places)
    moved = np.asarray(places, float)[order]
    for _ in range(50):
        gaps = np.diff(moved)
        close = np.flatnonzero(gaps < least - 1e-9)
        if not close.size:
            break
        for one in close:
            push = (least - (moved[one + 1] - moved[one])) / 2
            if push > 0:
                moved[one] -= push
                moved[one + 1] += push
        moved += max(0.0, low - moved[0]) - max(0.0, moved[-1] - high)
    found = np.empty(len(moved))
    found[order] = moved
    return found.tolist()


def _labels(
    axes: Axes,
    ends: Mapping[str, float],
    emphasis: Emphasis,
    ink: StandIns,
    narrow: bool,
    starts: Mapping[str, float] | None = None,
) -> None:
    """Names at the right ends of lines, in the lines' colours, instead of a legend; from dots (`starts`: where across) a thin line leads there."""
    low, high = axes.get_ylim()
    figure = axes.get_figure()
    assert isinstance(figure, Figure)
    points = figure.get_figheight() * 72 * 0.72
    size = 10 if narrow else 9.5
    moved = _apart(list(ends.values()), (high - low) * (size + 2.5) / points, low, high)
    left, right = axes.get_xlim()
    for (label, end), place in zip(ends.items(), moved, strict=True):
        other = emphasis.is_other(label)
        axes.annotate(
            ink(_wrapped(label, 14 if narrow else 24)),
            xy=(starts[label] if starts else right, end),
            xytext=(right + 0.05 * (right - left), place),
            va="center",
            fontsize=size,
            color=SOFT if other else emphasis.style(label)["color"],
            fontweight="normal" if other else "bold",
            annotation_clip=False,
            arrowprops={"arrowstyle": "-", "color": "#cccccc", "linewidth": 0.7, "shrinkA": 1, "shrinkB": 0},
            zorder=0,
        )


@dataclass(frozen=True)
class AtRisk:
    """How many are still followed, below a survival curve: what the row is called, and how many there were on day 0."""

    words: str
    accounts: int


def curves(
    name: str,
    lines: Mapping[str, NDArray[np.float64]],
    emphasis: Emphasis,
    axes_words: tuple[str, str],
    caption: str,
    start: float = 0.0,
    at_risk: AtRisk | None = None,
) -> Picture:
    """Mean curves by day, from day 0, with 95 % bands of the mean over seeds for the two plans that the picture is about.

    Args:
        name: of the picture within its page, for ids.
        lines: by label, shares of shape (seeds, days).
        emphasis: the plans that the picture is about.
        axes_words: what is across, and what is up.
        caption: of the picture, also its text alternative.
        start: the share on day 0.
        at_risk: counts below the picture; None = none. The curve is then one of survival, and the axis runs from 0 to 1.
    """
    ink = StandIns()

    def draw(axes: Axes, narrow: bool) -> None:
        ends = {}
        for label, data in lines.items():
            shown = np.column_stack([np.full(len(data), start), data])
            days, mean, style = np.arange(shown.shape[1]), shown.mean(axis=0), emphasis.style(label)
            axes.plot(days, mean, gid=_tip(ink, f"{label}: {_percent(round(float(mean[-1]), 3))}"), **style)
            if len(data) > 1 and not emphasis.is_other(label):
                half = 1.96 * shown.std(axis=0, ddof=1) / np.sqrt(len(data))
                axes.fill_between(days, mean - half, mean + half, color=style["color"], alpha=0.18, linewidth=0)
            ends[label] = float(mean[-1])
        last = max(data.shape[1] for data in lines.values())
        room = "\n \n \n " if at_risk else ""  # for the counts, which stand below the name of the axis
        axes.set_xlabel(ink(axes_words[0]) + room)
        axes.set_ylabel(ink(_wrapped(axes_words[1], 34)))
        axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol="\u00a0%"))
        axes.set_xlim(0, last)
        axes.set_xticks(_ticks(last))
        axes.set_ylim(0.0, 1.0 if at_risk else None)
        _labels(axes, ends, emphasis, ink, narrow)
        if at_risk:
            rows = [label for label in lines if not emphasis.is_other(label)]
            axes.text(0, -0.27, ink(at_risk.words), transform=axes.get_xaxis_transform(), fontsize=9, color=SOFT)
            for row, label in enumerate(rows):
                mean = np.concatenate([[start], lines[label].mean(axis=0)])
                for day in _ticks(last):
                    axes.text(
                        day,
                        -0.345 - 0.075 * row,
                        f"{at_risk.accounts * mean[day]:,.0f}",
                        transform=axes.get_xaxis_transform(),
                        ha="center",
                        fontsize=9,
                        color=emphasis.style(label)["color"],
                    )

    return _picture(name, caption, draw, ink, height=3.3 if at_risk is None else 3.7, half=True)


def _ticks(last: int) -> list[int]:
    """Days at the ends of months, or a few even ones."""
    step = next((step for step in (1, 5, 10, 15, 30, 60, 90, 180, 365) if last / step <= 4), max(last // 4, 1))
    return list(range(0, last + 1, step))


@dataclass(frozen=True)
class Mark:
    """A dot in a row: what it is called, its value with the limits, and whether the picture is about it (`main`) or it is beyond (`bad`)."""

    label: str
    mean: float
    low: float | None
    high: float | None
    role: str = ""


def strip(
    name: str,
    rows: Mapping[str, Sequence[Mark]],
    limits: Sequence[float],
    xlabel: str,
    caption: str,
    most: float | None = None,
) -> Picture:
    """A row of dots for each thing that is judged, about zero, with the limits beyond which it counts.

    Args:
        name: of the picture within its page, for ids.
        rows: by label, from the top: its dots.
        limits: where lines are drawn beside that of zero.
        xlabel: of the axis.
        caption: of the picture, also its text alternative.
        most: dots further out are drawn at the edge, as arrows; None = all are within.
    """
    ink = StandIns()

    def draw(axes: Axes, narrow: bool) -> None:
        axes.axvline(0, color="#555555", linewidth=1)
        for limit in limits:
            axes.axvline(limit, color=COLOURS[1], linewidth=1.2, linestyle="--")
        for row, marks in enumerate(rows.values()):
            for mark in sorted(marks, key=lambda one: bool(one.role)):
                colour = {"main": COLOURS[0], "bad": COLOURS[1]}.get(mark.role, GREY)
                outside = most is not None and abs(mark.mean) > most
                place = float(np.clip(mark.mean, -most, most)) if most is not None else mark.mean
                if not outside and mark.role and mark.low is not None and mark.high is not None:
                    ends = (mark.low, mark.high) if most is None else tuple(np.clip((mark.low, mark.high), -most, most))
                    axes.plot(ends, [row, row], color=colour, linewidth=1.6, zorder=3)
                marker = ("<" if mark.mean < 0 else ">") if outside else "o"
                axes.plot(
                    place,
                    row,
                    marker,
                    color=colour,
                    markersize=8 if mark.role else 5,
                    zorder=4 if mark.role else 2,
                    clip_on=False,
                    gid=_tip(ink, f"{mark.label}: {written(mark.mean, '+.2f')}"),
                )
        axes.set_yticks(range(len(rows)), [ink(_wrapped(label, 22)) for label in rows])
        axes.set_ylim(len(rows) - 0.4, -0.6)
        if most is not None:
            axes.set_xlim(-1.04 * most, 1.04 * most)
        axes.xaxis.set_major_locator(MaxNLocator(5))
        axes.set_xlabel(ink(_wrapped(xlabel, 30)))  # names beside the picture leave it no more

    return _picture(name, caption, draw, ink, height=1.1 + 0.36 * len(rows), half=True)


def steps(
    name: str,
    places: Sequence[str],
    values: Mapping[str, Sequence[float | None]],
    emphasis: Emphasis,
    ylabel: str,
    caption: str,
) -> Picture:
    """A share at each of a few places in order, as roll rates from bucket to bucket, a line a plan.

    Args:
        name: of the picture within its page, for ids.
        places: what is across.
        values: by label, a share for each place; None leaves a gap.
        emphasis: the plans that the picture is about.
        ylabel: of the axis.
        caption: of the picture, also its text alternative.
    """
    ink = StandIns()

    def draw(axes: Axes, narrow: bool) -> None:
        ends = {}
        for label, row in values.items():
            shares = np.array([np.nan if value is None else value for value in row], float)
            style = emphasis.style(label)
            axes.plot(range(len(places)), shares, marker="o", markersize=3.5, gid=_tip(ink, label), **style)
            known = np.flatnonzero(np.isfinite(shares))
            if known.size:
                ends[label] = float(shares[known[-1]])
        axes.set_xticks(range(len(places)), [ink(place) for place in places], fontsize=9)
        axes.set_xlim(-0.2, len(places) - 0.9)
        axes.set_ylim(0.0, 1.0)
        axes.set_ylabel(ink(_wrapped(ylabel, 34)))
        axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol="\u00a0%"))
        _labels(axes, ends, emphasis, ink, narrow)

    return _picture(name, caption, draw, ink, height=3.1, half=True)


def bars(
    name: str,
    rows: Mapping[str, tuple[float, float]],
    words: tuple[str, str] | None,
    xlabel: str,
    caption: str,
    share: bool = False,
) -> Picture:
    """A bar a row, from zero; of two parts, the second hatched, where the row has two.

    Args:
        name: of the picture within its page, for ids.
        rows: by label, from the top: both parts of the bar.
        words: what the parts are called; None = there is one alone.
        xlabel: of the axis.
        caption: of the picture, also its text alternative.
        share: the values are shares, shown in per cent.
    """
    ink = StandIns()

    def draw(axes: Axes, narrow: bool) -> None:
        first, second = (np.array([pair[part] for pair in rows.values()], float) for part in (0, 1))
        places = np.arange(len(rows))
        axes.barh(places, first, color=COLOURS[0], height=0.62, label=ink(words[0]) if words else None)
        if words:
            axes.barh(
                places,
                second,
                left=first,
                color="#f3d9c8",
                edgecolor=COLOURS[1],
                hatch="//",
                height=0.62,
                label=ink(words[1]),
            )
        axes.set_yticks(places, [ink(_wrapped(label, 26)) for label in rows], fontsize=9)
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.set_xlim(left=0)
        axes.xaxis.set_major_locator(MaxNLocator(4))
        axes.xaxis.set_major_formatter(FuncFormatter(_percent if share else _thousands))
        axes.set_xlabel(ink(_wrapped(xlabel, 30)))  # names beside the picture leave it no more
        if words:
            _legend(axes, narrow)

    return _picture(name, caption, draw, ink, height=1.0 + 0.3 * len(rows) + (0.3 if words else 0.0), half=True)


def _thousands(value: float, _: object = None) -> str:
    return f"{value:,.0f}"


def _legend(axes: Axes, narrow: bool) -> None:
    """Below the picture, where no line runs through it."""
    figure = axes.get_figure()
    assert isinstance(figure, Figure)
    figure.legend(frameon=False, loc="outside lower center", ncols=2 if narrow else 4)


def dots(
    name: str,
    groups: Sequence[str],
    values: Mapping[str, Sequence[Mapping[str, float | None]]],
    xlabel: str,
    caption: str,
    from_zero: bool = True,
    emphasis: Emphasis | None = None,
) -> Picture:
    """One row per group, one dot with its interval per series.

    Args:
        name: of the picture within its page, for ids.
        groups: labels of the rows, from the top.
        values: by series' label, an interval (mean, low, high; shares) for each group; no dot where `mean` is None.
        xlabel: of the axis.
        caption: of the picture, also its text alternative.
        from_zero: begin the axis at 0; else a line marks 0.
        emphasis: the series that the picture is about, the others grey and without their names; None = all alike.
    """
    ink = StandIns()

    def draw(axes: Axes, narrow: bool) -> None:
        step = 0.7 / max(len(values), 1)
        for number, (label, row) in enumerate(values.items()):
            y = np.arange(len(groups)) - 0.35 + step * (number + 0.5)
            if emphasis:  # the two above and below, all others in one row between them
                y = np.arange(len(groups)) + {emphasis.challenger: -0.22, emphasis.champion: 0.22}.get(label, 0.0)
            known = [(place, v) for place, v in zip(y, row, strict=True) if v["mean"] is not None]
            means = np.array([v["mean"] for _, v in known], float)
            low = np.array([v["mean"] if v["low"] is None else v["low"] for _, v in known], float)
            high = np.array([v["mean"] if v["high"] is None else v["high"] for _, v in known], float)
            axes.errorbar(
                means,
                [place for place, _ in known],
                xerr=[np.maximum(means - low, 0), np.maximum(high - means, 0)],
                fmt="o" if emphasis else MARKERS[number % len(MARKERS)],
                color=emphasis.style(label)["color"] if emphasis else COLOURS[number % len(COLOURS)],
                label="_other" if emphasis and emphasis.is_other(label) else ink(label),
                capsize=3,
                markersize=4 if emphasis and emphasis.is_other(label) else 7,
                gid=_tip(ink, label),
            )
        axes.set_yticks(range(len(groups)), [ink(_wrapped(group, 20 if narrow else 40)) for group in groups])
        axes.invert_yaxis()
        if from_zero:
            axes.set_xlim(left=0)
        else:
            axes.axvline(0, color="#555555", linewidth=1)
        axes.xaxis.set_major_locator(MaxNLocator(4 if narrow else 8))
        axes.xaxis.set_major_formatter(FuncFormatter(_percent))
        axes.set_xlabel(ink(_wrapped(xlabel, 30 if narrow else 60)))
        if len(values) > 1:
            _legend(axes, narrow)

    height = (
        1.2 + (0.0 if emphasis else 0.11) * len(values) + (0.65 if emphasis else 0.3 + 0.14 * len(values)) * len(groups)
    )
    return _picture(name, caption, draw, ink, height=height, half=emphasis is not None or len(values) == 1)


def funnel(
    name: str,
    pools: Mapping[str, tuple[float, ArrayLike, ArrayLike]],
    xlabel: str,
    ylabel: str,
    caption: str,
) -> Picture:
    """A rate by person against the number that it is of, with the limits of luck around each pool's mean.

    Args:
        name: of the picture within its page, for ids.
        pools: by label: the pool's rate (a share), and for each person the number and how many of it (each of shape (people,)).
        xlabel, ylabel: of the axes.
        caption: of the picture, also its text alternative.
    """
    ink = StandIns()

    def draw(axes: Axes, narrow: bool) -> None:
        for place, (label, (rate, numbers, counts)) in enumerate(pools.items()):
            of, found = np.asarray(numbers, float), np.asarray(counts, float)
            colour = COLOURS[place % len(COLOURS)]
            axes.plot(of, found / of, MARKERS[place % len(MARKERS)], color=colour, label=ink(label), markersize=5)
            # Narrow where a person has many contacts.
            along = np.linspace(of.min(), of.max() if of.max() > of.min() else of.min() + 1, 100)
            low, high = limits(rate, along)
            style = STYLES[place % len(STYLES)]
            for edge in (low, high):
                axes.plot(along, edge, color=colour, linestyle=style, linewidth=1.2)
        axes.set_xlabel(ink(_wrapped(xlabel, 30 if narrow else 60)))
        axes.set_ylabel(ink(ylabel))
        axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol="\u00a0%"))
        axes.set_ylim(bottom=0)
        axes.xaxis.set_major_locator(MaxNLocator(4 if narrow else 8))
        _legend(axes, narrow)

    return _picture(name, caption, draw, ink)


def waterfall(
    name: str,
    start: tuple[str, float],
    steps: Sequence[tuple[str, Mapping[str, float | None]]],
    end: tuple[str, float],
    caption: str,
) -> Picture:
    """From one level to another by steps with intervals; shares. The axis is cut, so levels are dots and not bars.

    Args:
        name: of the picture within its page, for ids.
        start, end: label and level (a share) of both ends.
        steps: label and interval (mean, low, high; shares) of each step, in order.
        caption: of the picture, also its text alternative.
    """
    ink = StandIns()

    def draw(axes: Axes, narrow: bool) -> None:
        level = start[1]
        labels = [start[0], *(label for label, _ in steps), end[0]]
        axes.plot(level, 0, "o", color=COLOURS[6], markersize=8)
        for row, (_, effect) in enumerate(steps, start=1):
            mean = effect["mean"] or 0.0
            colour, hatch = (COLOURS[0], None) if mean >= 0 else (COLOURS[1], "//")
            axes.barh(row, mean, left=level, height=0.55, color=colour, hatch=hatch, edgecolor="white")
            axes.plot([level, level], [row - 1, row], color="#888888", linewidth=1, zorder=0)
            low, high = effect["low"], effect["high"]
            if low is not None and high is not None:
                axes.plot([level + low, level + high], [row, row], color="black", linewidth=1.4)
            level += mean
        last = len(steps) + 1
        axes.plot([level, level], [last - 1, last], color="#888888", linewidth=1, zorder=0)
        axes.plot(end[1], last, "o", color=COLOURS[6], markersize=8)
        axes.set_yticks(range(last + 1), [ink(_wrapped(label, 20 if narrow else 40)) for label in labels])
        axes.invert_yaxis()
        axes.margins(x=0.12)
        axes.xaxis.set_major_locator(MaxNLocator(4 if narrow else 8))
        axes.xaxis.set_major_formatter(FuncFormatter(_percent))

    return _picture(name, caption, draw, ink, height=0.8 + 0.42 * (len(steps) + 2), half=True)


def flip_map(
    name: str,
    labels: tuple[str, str],
    ticks: tuple[Sequence[str], Sequence[str]],
    probability: NDArray[np.float64],
    points: NDArray[np.float64],
    wins: NDArray[np.bool_],
    words: tuple[str, str],
    caption: str,
) -> Picture:
    """Probability of a win over two ranges, with the 50 % line, and the worlds in which there was one or not.

    Args:
        name: of the picture within its page, for ids.
        labels: of the axes, across and up.
        ticks: what is written along each axis, evenly from end to end.
        probability: 0 to 1, shape (rows, columns): rows from the bottom, columns from the left.
        points: where the worlds lie in the ranges, 0 to 1 across and up, shape (worlds, 2).
        wins: shape (worlds,).
        words: what a point with a win is called, and one without.
        caption: of the picture, also its text alternative.
    """
    ink = StandIns()
    colours = LinearSegmentedColormap.from_list("wins", [COLOURS[1], "#ffffff", COLOURS[0]])

    def draw(axes: Axes, narrow: bool) -> None:
        across, up = (np.linspace(0.0, 1.0, n) for n in probability.shape[::-1])
        axes.grid(False)
        axes.contourf(across, up, probability, levels=np.linspace(0.0, 1.0, 21), cmap=colours, alpha=0.6)
        least, most = probability.min(), probability.max()
        levels = [level for level in (0.1, 0.25, 0.5, 0.75, 0.9) if least < level < most]
        if levels:
            lines = axes.contour(
                across,
                up,
                probability,
                levels=levels,
                colors="black",
                linewidths=[2.4 if level == 0.5 else 0.8 for level in levels],
            )
            axes.clabel(lines, fmt={level: written(level, ".0%") for level in levels}, fontsize=10)
        for one, marker, label, colour in ((wins, "o", words[0], COLOURS[0]), (~wins, "x", words[1], "#8a3c00")):
            axes.plot(*points[one].T, marker, color=colour, markersize=5, label=ink(label), clip_on=False)
        for axis, named in zip((axes.xaxis, axes.yaxis), ticks, strict=True):
            axis.set_ticks(np.linspace(0.0, 1.0, len(named)), labels=list(named))
        axes.set_xlim(0.0, 1.0)
        axes.set_ylim(0.0, 1.0)
        axes.set_xlabel(ink(_wrapped(labels[0], 30 if narrow else 60)))
        axes.set_ylabel(ink(_wrapped(labels[1], 30 if narrow else 40)))
        _legend(axes, narrow)

    return _picture(name, caption, draw, ink, height=4.4)


def frontier(
    name: str,
    panels: Sequence[FrontierPanel],
    values: NDArray[np.float64],
    plans: Mapping[str, float],
    chosen: int | None,
    ylabel: str,
    words: tuple[str, str, str, str],
    share: bool,
    caption: str,
) -> Picture:
    """What the policies of a family reach against what they burden debtors with, in panels side by side, and plans among them.

    Args:
        name: of the picture within its page, for ids.
        panels: one for each burden.
        values: the measure of each policy, shape (policies,); up is as the axis says.
        plans: the measure of each plan, by label.
        chosen: number of the policy that was chosen; None = none.
        ylabel: of the shared axis.
        words: what the frontier, other policies, the chosen one and a limit are called.
        share: the measure is a share, shown in per cent.
        caption: of the picture, also its text alternative.
    """
    ink = StandIns()

    def draw(all_axes: Sequence[Axes], narrow: bool) -> None:
        for number, (axes, panel) in enumerate(zip(all_axes, panels, strict=True)):
            curve = np.flatnonzero(panel.frontier)
            curve = curve[np.argsort(panel.across[curve])]
            axes.plot(
                panel.across[~panel.frontier],
                values[~panel.frontier],
                "o",
                color="#9bbdd3",
                markersize=4,
                label=ink(words[1]),
            )
            axes.plot(panel.across[curve], values[curve], "-o", color=COLOURS[0], markersize=5, label=ink(words[0]))
            for place, (label, value) in enumerate(plans.items(), start=1):
                colour, marker = COLOURS[1 + (place - 1) % (len(COLOURS) - 1)], MARKERS[place % len(MARKERS)]
                axes.plot(
                    panel.plans[place - 1],
                    value,
                    marker,
                    color=colour,
                    markersize=8,
                    linestyle="none",
                    label=ink(label),
                )
            if chosen is not None:
                axes.plot(
                    panel.across[chosen],
                    values[chosen],
                    "o",
                    markersize=13,
                    markerfacecolor="none",
                    markeredgecolor="black",
                    markeredgewidth=1.8,
                    label=ink(words[2]),
                )
            if panel.limit is not None:
                axes.axvline(panel.limit, color="#555555", linewidth=1, linestyle="--", label=ink(words[3]))
            axes.set_xlabel(ink(panel.label))
            axes.margins(x=0.1)  # no marker is cut at the edge
            axes.set_xlim(left=0)
            axes.xaxis.set_major_locator(MaxNLocator(5))
            if number == 0 or narrow:
                axes.set_ylabel(ink(ylabel))
            if share:
                axes.yaxis.set_major_formatter(FuncFormatter(_percent))
        # One legend for all panels, of which one alone may have a limit.
        keys = {
            label: handle for axes in all_axes for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)
        }
        figure = all_axes[0].get_figure()
        assert isinstance(figure, Figure)
        figure.legend(keys.values(), keys.keys(), frameon=False, loc="outside lower center", ncols=2 if narrow else 3)

    rows = len(plans) + 4
    return _panels(name, caption, draw, ink, len(panels), (3.4 + 0.25 * rows / 3, 6.2 + 0.25 * rows / 2))


def calibration(
    name: str, points: Mapping[str, Sequence[Mapping[str, float]]], xlabel: str, ylabel: str, caption: str
) -> Picture:
    """What a score said against what came, tenth by tenth; a dashed line where both are the same.

    Args:
        name: of the picture within its page, for ids.
        points: by series' label, tenths with `said`, `observed`, `low` and `high`, shares.
        xlabel, ylabel: of the axes.
        caption: of the picture, also its text alternative.
    """
    ink = StandIns()
    most = max(max(tenth["said"], tenth["high"]) for tenths in points.values() for tenth in tenths)

    def draw(axes: Axes, narrow: bool) -> None:
        axes.plot([0, most], [0, most], color="#555555", linestyle="--", linewidth=1)
        for number, (label, tenths) in enumerate(points.items()):
            said, observed, low, high = (
                np.array([tenth[what] for tenth in tenths]) for what in ("said", "observed", "low", "high")
            )
            axes.errorbar(
                said,
                observed,
                yerr=[np.maximum(observed - low, 0), np.maximum(high - observed, 0)],
                fmt=MARKERS[number],
                linestyle=STYLES[number],
                color=COLOURS[number],
                label=ink(label),
                capsize=3,
                markersize=5,
                linewidth=1.2,
            )
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_locator(MaxNLocator(4 if narrow else 6))
            axis.set_major_formatter(FuncFormatter(_percent))
        axes.set_xlim(0, 1.03 * most)
        axes.set_ylim(0, 1.03 * most)
        axes.set_xlabel(ink(_wrapped(xlabel, 30 if narrow else 60)))
        axes.set_ylabel(ink(_wrapped(ylabel, 30)))
        _legend(axes, narrow)

    return _picture(name, caption, draw, ink, height=4.2)


def effects(name: str, rows: Mapping[str, Mapping[str, float]], xlabel: str, caption: str) -> Picture:
    """Effects in currency, a row each, with their intervals; a line marks 0.

    Args:
        name: of the picture within its page, for ids.
        rows: by label, mean, low and high.
        xlabel: of the axis.
        caption: of the picture, also its text alternative.
    """
    ink = StandIns()

    def draw(axes: Axes, narrow: bool) -> None:
        mean, low, high = (np.array([row[what] for row in rows.values()]) for what in ("mean", "low", "high"))
        axes.errorbar(
            mean,
            range(len(rows)),
            xerr=[np.maximum(mean - low, 0), np.maximum(high - mean, 0)],
            fmt="o",
            color=COLOURS[0],
            capsize=3,
            markersize=6,
        )
        axes.axvline(0, color="#555555", linewidth=1)
        axes.set_yticks(range(len(rows)), [ink(_wrapped(label, 20 if narrow else 40)) for label in rows])
        axes.set_ylim(len(rows) - 0.5, -0.5)
        axes.xaxis.set_major_locator(MaxNLocator(4 if narrow else 8))
        axes.set_xlabel(ink(_wrapped(xlabel, 30 if narrow else 60)))

    return _picture(name, caption, draw, ink, height=1.2 + 0.42 * len(rows))


def gains(name: str, curves: Mapping[str, Sequence[float]], xlabel: str, ylabel: str, caption: str) -> Picture:
    """What comes if only the accounts with the highest foretold effect are treated, from none to all.

    Args:
        name: of the picture within its page, for ids.
        curves: by label, currency per account at equal steps up to all accounts.
        xlabel, ylabel: of the axes.
        caption: of the picture, also its text alternative.
    """
    ink = StandIns()

    def draw(axes: Axes, narrow: bool) -> None:
        for number, (label, curve) in enumerate(curves.items()):
            colour, style = COLOURS[number % len(COLOURS)], STYLES[(number + number // len(COLOURS)) % len(STYLES)]
            treated = np.linspace(0, 1, len(curve) + 1)
            axes.plot(treated, [0.0, *curve], color=colour, linestyle=style, label=ink(label), linewidth=1.6)
        axes.axhline(0, color="#555555", linewidth=1)
        axes.xaxis.set_major_formatter(FuncFormatter(_percent))
        axes.yaxis.set_major_locator(MaxNLocator(6))
        axes.set_xlim(0, 1)
        axes.set_xlabel(ink(_wrapped(xlabel, 30 if narrow else 60)))
        axes.set_ylabel(ink(_wrapped(ylabel, 30)))
        _legend(axes, narrow)

    return _picture(name, caption, draw, ink, height=3.6 + 0.11 * len(curves))


def banded(
    name: str,
    lines: Mapping[str, tuple[ArrayLike, ArrayLike, ArrayLike]],
    days: ArrayLike,
    xlabel: str,
    ylabel: str,
    caption: str,
) -> Picture:
    """Curves by day, each with the band that belongs to it.

    Args:
        name: of the picture within its page, for ids.
        lines: by label: the curve, and the lower and upper end of its band; shares of shape (days,).
        days: of the points.
        xlabel, ylabel: of the axes.
        caption: of the picture, also its text alternative.
    """
    ink, across = StandIns(), np.asarray(days, float)

    def draw(axes: Axes, narrow: bool) -> None:
        # The last is drawn darkest: what the others are compared with.
        colours = ("#767676", *COLOURS)
        for number, (label, (middle, low, high)) in enumerate(lines.items()):
            colour, style = colours[number % len(colours)], STYLES[(number + 1) % 2]
            axes.fill_between(
                across, np.asarray(low, float), np.asarray(high, float), color=colour, alpha=0.22, linewidth=0
            )
            axes.plot(across, np.asarray(middle, float), color=colour, linestyle=style, label=ink(label), linewidth=1.8)
        axes.set_xlabel(ink(xlabel))
        axes.set_ylabel(ink(ylabel))
        axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0, symbol="\u00a0%"))
        axes.set_xlim(0, across.max())
        axes.set_ylim(bottom=0)
        _legend(axes, narrow)

    return _picture(name, caption, draw, ink, height=3.6)


def threshold(
    name: str,
    points: NDArray[np.float64],
    lines: NDArray[np.float64],
    cut: float,
    xlabel: str,
    ylabel: str,
    caption: str,
) -> Picture:
    """An outcome around a score's threshold: means of bins, their size by the number of accounts, and a line for each side.

    Args:
        name: of the picture within its page, for ids.
        points: score, outcome and number of accounts of each bin, shape (bins, 3).
        lines: both ends of each line, score and outcome, shape (lines, 2, 2).
        cut: the threshold.
        xlabel, ylabel: of the axes.
        caption: of the picture, also its text alternative.
    """
    ink = StandIns()

    def draw(axes: Axes, narrow: bool) -> None:
        axes.scatter(points[:, 0], points[:, 1], s=8 + 1.5 * points[:, 2], color=GREY, linewidth=0)
        for line in lines:
            axes.plot(line[:, 0], line[:, 1], color=COLOURS[0], linewidth=2)
        axes.axvline(cut, color=COLOURS[1], linestyle="--", linewidth=1)
        axes.xaxis.set_major_locator(MaxNLocator(4 if narrow else 8))
        axes.yaxis.set_major_locator(MaxNLocator(6))
        axes.set_xlabel(ink(_wrapped(xlabel, 30 if narrow else 60)))
        axes.set_ylabel(ink(_wrapped(ylabel, 32)))

    return _picture(name, caption, draw, ink)


def histogram(
    name: str, centres: ArrayLike, heights: ArrayLike, width: float, cut: float, xlabel: str, ylabel: str, caption: str
) -> Picture:
    """How often a score has which value, and where its threshold is.

    Args:
        name: of the picture within its page, for ids.
        centres, heights: of the bars, shape (bars,).
        width: of each bar.
        cut: the threshold.
        xlabel, ylabel: of the axes.
        caption: of the picture, also its text alternative.
    """
    ink = StandIns()

    def draw(axes: Axes, narrow: bool) -> None:
        axes.bar(np.asarray(centres), np.asarray(heights), width, color=GREY)
        axes.axvline(cut, color=COLOURS[1], linestyle="--", linewidth=1)
        axes.xaxis.set_major_locator(MaxNLocator(4 if narrow else 8))
        axes.yaxis.set_major_locator(MaxNLocator(5))
        axes.set_xlabel(ink(_wrapped(xlabel, 30 if narrow else 60)))
        axes.set_ylabel(ink(ylabel))

    return _picture(name, caption, draw, ink, height=2.8)


def trade_off(
    name: str,
    plans: Mapping[str, tuple[Mapping[str, float | None], Mapping[str, float | None]]],
    emphasis: Emphasis,
    axes_words: tuple[str, str],
    caption: str,
    family: tuple[str, NDArray[np.float64], NDArray[np.float64]] | None = None,
) -> Picture:
    """What plans bring against what they burden debtors with: each a dot with its intervals, those that none beats in both joined.

    Args:
        name: of the picture within its page, for ids.
        plans: by label: the burden (across; mean, low, high) and the value (up; shares of the balance).
        emphasis: the plans that the picture is about.
        axes_words: what is across, and what is up.
        caption: of the picture, also its text alternative.
        family: what a family of policies is called, and their burdens and values, shape (policies,); None = there is none.
    """
    ink = StandIns()

    def draw(axes: Axes, narrow: bool) -> None:
        if family:
            axes.plot(family[1], family[2], "o", color="#c9dceb", markersize=3.5, zorder=1, label="_family")
        across = {label: float(pair[0]["mean"] or 0.0) for label, pair in plans.items()}
        up = {label: float(pair[1]["mean"] or 0.0) for label, pair in plans.items()}
        best, front = -np.inf, []
        for label in sorted(plans, key=lambda one: (across[one], -up[one])):
            if up[label] > best:
                best = up[label]
                front.append(label)
        axes.plot(
            [across[one] for one in front],
            [up[one] for one in front],
            "-",
            color="#9bbdd3",
            linewidth=5,
            alpha=0.5,
            zorder=1,
        )
        for label, (burden, value) in plans.items():
            style = emphasis.style(label)
            marker = "o" if label == emphasis.challenger else "s" if label == emphasis.champion else "D"
            axes.errorbar(
                across[label],
                up[label],
                xerr=_error(burden),
                yerr=_error(value),
                fmt=marker,
                color=style["color"],
                markersize=5 if emphasis.is_other(label) else 9,
                linewidth=1.2,
                zorder=style["zorder"],
                gid=_tip(ink, f"{label}: {_percent(round(up[label], 4))}, {across[label]:.1f}"),
            )
        axes.margins(x=0.12, y=0.12)
        low, high = axes.get_xlim()
        axes.set_xlim(min(0.0, low) if min(across.values()) < 0.25 * max(across.values()) else low, high)
        axes.set_xlabel(ink(_wrapped(axes_words[0], 40)))
        axes.set_ylabel(ink(_wrapped(axes_words[1], 34)))
        axes.yaxis.set_major_formatter(FuncFormatter(_percent))
        axes.yaxis.set_major_locator(MaxNLocator(5))
        axes.xaxis.set_major_locator(MaxNLocator(5))
        axes.set_ylim(axes.get_ylim())
        _labels(axes, up, emphasis, ink, narrow, across)

    return _picture(name, caption, draw, ink, height=3.5, half=True)


def _error(interval: Mapping[str, float | None]) -> list[list[float]] | None:
    mean, low, high = interval["mean"], interval["low"], interval["high"]
    if mean is None or low is None or high is None:
        return None
    return [[max(mean - low, 0.0)], [max(high - mean, 0.0)]]
