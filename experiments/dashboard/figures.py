"""Charts for the dashboard: lines and dots with their names beside them, champion and challenger in colour, the others grey.

The colours are those of the report. Every chart fills the width that it is given; what is under the pointer is told in words.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import panel as pn
from bokeh.models import (
    BasicTicker,
    ColumnDataSource,
    CustomJS,
    FixedTicker,
    HoverTool,
    Label,
    LinearColorMapper,
    NumeralTickFormatter,
    Range1d,
    Span,
)
from bokeh.plotting import figure
from numpy.typing import NDArray

from recoup.experiments.report.charts import COLOURS

GREY = "#8c8c8c"
CHALLENGER, CHAMPION, OTHER = "challenger", "champion", "other"
_LINES = {CHALLENGER: (COLOURS[0], 2.6, "solid"), CHAMPION: (COLOURS[1], 2.6, "dashed"), OTHER: (GREY, 1.3, "solid")}
_MARKERS = {CHALLENGER: "circle", CHAMPION: "square", OTHER: "diamond"}
_FONT = "'Segoe UI', Roboto, 'Helvetica Neue', Arial, 'Noto Sans', 'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', sans-serif"
_HEIGHT = 320
_MANY = 100_000  # steps, from which on an axis has no room for all their digits
_LEAST_GAP = 0.062  # between two names beside a chart, of its height


@dataclass(frozen=True)
class Series:
    """A line, or a row of dots.

    Attributes:
        label: its name.
        role: challenger, champion or other.
        x, y: where it goes; shape (points,).
        low, high: its 95 % interval; None = none.
        told: what the pointer is told of each point.
    """

    label: str
    role: str
    x: NDArray[Any]
    y: NDArray[Any]
    low: NDArray[Any] | None = None
    high: NDArray[Any] | None = None
    told: Sequence[str] = ()


def _plain(xlabel: str, ylabel: str, height: int = _HEIGHT, **options: Any) -> figure:
    chart = figure(
        height=height, sizing_mode="stretch_width", toolbar_location=None, tools="", output_backend="canvas", **options
    )
    chart.outline_line_color = None
    chart.xaxis.axis_label, chart.yaxis.axis_label = xlabel, ylabel
    for axis in (*chart.xaxis, *chart.yaxis):
        axis.axis_label_text_font = axis.major_label_text_font = _FONT
        axis.axis_label_text_font_size, axis.major_label_text_font_size = "13px", "12px"
        axis.axis_label_text_font_style = "normal"
        axis.minor_tick_line_color = None
        axis.formatter = NumeralTickFormatter(format="0,0.[00]")
    chart.xgrid.grid_line_color = None
    chart.ygrid.grid_line_color = "#e4e4e4"
    return chart


def _pane(chart: figure) -> pn.pane.Bokeh:
    return pn.pane.Bokeh(chart, sizing_mode="stretch_width", margin=(0, 0, 8, 0), min_height=chart.height)


def _percent_axis(axis: Any) -> None:
    axis.formatter = NumeralTickFormatter(format="0.[0] %")


def _text(x: float, y: float, text: str, colour: str, bold: bool, **options: Any) -> Label:
    return Label(
        x=x,
        y=y,
        text=text,
        text_color=colour,
        text_font=_FONT,
        text_font_size="12px",
        text_font_style="bold" if bold else "normal",
        text_baseline="middle",
        **options,
    )


def spread(values: Sequence[float], least: float) -> list[float]:
    """Places for names near these values, at least so far from each other, in the same order.

    Args:
        values: where each would best be.
        least: distance between two.
    """
    order = np.argsort(values, kind="stable")
    wanted = np.asarray(values, float)[order] - least * np.arange(len(values))
    # Isotonic regression by pooling neighbours: the places nearest to those wanted that rise by `least`.
    blocks: list[list[float]] = []
    for value in wanted:
        blocks.append([value, 1.0])
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            mean, count = blocks.pop()
            blocks[-1] = [
                (blocks[-1][0] * blocks[-1][1] + mean * count) / (blocks[-1][1] + count),
                blocks[-1][1] + count,
            ]
    placed = np.concatenate([np.full(int(count), mean) for mean, count in blocks]) if blocks else np.zeros(0)
    result = np.empty(len(values))
    result[order] = placed + least * np.arange(len(values))
    return [float(place) for place in result]


def _width(text: str) -> float:
    """About how wide a name is, in pixels."""
    return sum(12.5 if ord(letter) > 0x2E80 else 7.6 for letter in text)


def _wrapped(text: str, most: int) -> str:
    lines = [""]
    for word in text.split(" ") if " " in text else list(text):
        gap = " " if " " in text and lines[-1] else ""
        if lines[-1] and _width(lines[-1] + gap + word) > most:
            lines.append(word)
        else:
            lines[-1] += gap + word
    return "\n".join(lines)


def lines(
    series: Sequence[Series],
    xlabel: str,
    ylabel: str,
    from_zero: bool = True,
    share: bool = True,
    height: int = _HEIGHT,
    steps: bool = False,
) -> pn.pane.Bokeh:
    """Lines over days or steps, the name of each at its end.

    Args:
        series: at least one; others are drawn first, so that champion and challenger lie above them.
        xlabel, ylabel: of the axes.
        from_zero: begin the axis at 0.
        share: values are shares, shown in per cent.
        height: pixels.
        steps: a value holds until the next one.
    """
    values = np.concatenate([each.y for each in series] + [e for s in series for e in (s.low, s.high) if e is not None])
    values = values[np.isfinite(values)]
    least, most = (float(values.min()), float(values.max())) if values.size else (0.0, 1.0)
    room = max(most - least, abs(most) * 0.02, 1e-9)
    low, high = (0.0 if from_zero else least - 0.06 * room), most + 0.06 * room
    first, last = min(float(s.x[0]) for s in series), max(float(s.x[-1]) for s in series)
    chart = _plain(xlabel, ylabel, height, x_range=Range1d(first, max(last, first + 1)), y_range=Range1d(low, high))
    if share:
        _percent_axis(chart.yaxis)
    ordered = sorted(series, key=lambda one: (OTHER, CHAMPION, CHALLENGER).index(one.role))
    for one in ordered:
        colour, width, dash = _LINES[one.role]
        if one.low is not None and one.high is not None:
            chart.varea(one.x, one.low, one.high, color=colour, alpha=0.16 if one.role != OTHER else 0.08)
        told = one.told or [f"{100 * y:.1f} %" if share else f"{y:,.1f}" for y in one.y]
        source = ColumnDataSource({"x": one.x, "y": one.y, "told": list(told), "name": [one.label] * len(one.x)})
        look = {"source": source, "color": colour, "line_width": width, "line_dash": dash}
        chart.step("x", "y", mode="after", **look) if steps else chart.line("x", "y", **look)
        dots = chart.scatter("x", "y", source=source, size=9, alpha=0, hover_alpha=0.9, color=colour)
        tips = [("", "@name"), (xlabel, "@x{0,0}"), (ylabel, "@told")]
        chart.add_tools(HoverTool(renderers=[dots], tooltips=tips, mode="mouse", point_policy="snap_to_data"))
    gap = _LEAST_GAP * _HEIGHT / height * (high - low)
    lowest = low + gap / 2
    ends = spread([max(float(one.y[-1]), lowest) for one in ordered], gap)
    for one, place in zip(ordered, ends, strict=True):
        chart.add_layout(_text(float(one.x[-1]), place, one.label, _LINES[one.role][0], one.role != OTHER, x_offset=6))
    chart.xaxis.ticker = BasicTicker(min_interval=1, desired_num_ticks=6)
    if last >= _MANY:
        chart.xaxis.formatter = NumeralTickFormatter(format="0.[0]a")  # 200k
    _leave_room(chart, first, last, int(min(max(_width(one.label) for one in series) + 14, 165)))
    return _pane(chart)


def _leave_room(chart: figure, first: float, last: float, pixels: int) -> None:
    """Let the axis end before the frame does, by as many pixels as the names beside the lines need on a screen of any width."""
    for axis, grid in zip(chart.xaxis, chart.xgrid, strict=True):
        axis.bounds = grid.bounds = (first, last)
    # Names outside the frame are cut off, so the frame is made to hold them; only the browser knows how wide it is.
    code = "if (cb_obj.inner_width > pixels + 40) range.end = first + (last - first) * cb_obj.inner_width / (cb_obj.inner_width - pixels)"
    args = {"range": chart.x_range, "first": first, "last": max(last, first + 1), "pixels": pixels}
    chart.js_on_change("inner_width", CustomJS(args=args, code=code))


def dots(
    rows: Sequence[str],
    series: Sequence[Series],
    xlabel: str,
    from_zero: bool = False,
    share: bool = True,
    apart: bool = True,
) -> pn.pane.Bokeh:
    """A row for each name, in it a dot with its interval for each series.

    Args:
        rows: names, from the top.
        series: `y` is the number of the row, `x` the value.
        xlabel: of the axis.
        from_zero: begin the axis at 0; else a line marks 0.
        share: values are shares, shown in per cent.
        apart: give each series a place of its own in a row; else no row has dots of two.
    """
    step = 0.64 / max(len(series), 1) if apart else 0.0
    shown = [_wrapped(row, 190) for row in rows]
    row = max(22, *(15 * text.count("\n") + 20 for text in shown)) + 8 * (len(series) - 1) * apart
    height = 70 + row * len(rows)
    chart = _plain(xlabel, "", height, y_range=Range1d(len(rows) - 0.4, -0.6))
    chart.yaxis.ticker = FixedTicker(ticks=list(range(len(rows))))
    chart.yaxis.major_label_overrides = dict(enumerate(shown))
    chart.ygrid.grid_line_color, chart.xgrid.grid_line_color = None, "#e4e4e4"
    chart.xaxis.ticker.desired_num_ticks = 4
    ends: list[float] = [0.0]
    for number, one in enumerate(series):
        colour = _LINES[one.role][0]
        y = np.asarray(one.y, float) + step * (number - (len(series) - 1) / 2)
        low = one.x if one.low is None else one.low
        high = one.x if one.high is None else one.high
        told = one.told or [f"{100 * x:.1f} %" if share else f"{x:,.1f}" for x in one.x]
        of_rows = [rows[int(place)] for place in one.y]
        source = ColumnDataSource(
            {
                "x": one.x,
                "y": y,
                "low": low,
                "high": high,
                "told": list(told),
                "row": of_rows,
                "name": [one.label] * len(y),
            }
        )
        chart.segment("low", "y", "high", "y", source=source, color=colour, line_width=1.6)
        marks = chart.scatter("x", "y", source=source, size=8, color=colour, marker=_MARKERS[one.role])
        chart.add_tools(HoverTool(renderers=[marks], tooltips=[("", "@row"), ("@name", "@told")]))
        ends += [float(v) for v in (*low, *high) if math.isfinite(v)]
    least, most = min(ends), max(ends)
    room = 0.06 * max(most - least, 1e-9)
    chart.x_range = Range1d(0 if from_zero else least - room, most + room)
    if share:
        _percent_axis(chart.xaxis)
    if not from_zero:
        chart.add_layout(Span(location=0, dimension="height", line_color="#555555", line_width=1))
    return _pane(chart)


def bars(
    groups: Sequence[str], series: Sequence[Series], ylabel: str, share: bool = True, most: float | None = None
) -> pn.pane.Bokeh:
    """Bars side by side in each group.

    Args:
        groups: names along the axis.
        series: `y` is the height in each group.
        ylabel: of the axis.
        share: values are shares, shown in per cent.
        most: the end of the axis; None = that of the values.
    """
    top = most or max((float(np.nanmax(one.y)) for one in series if np.isfinite(one.y).any()), default=1.0) or 1.0
    chart = _plain("", ylabel, 240, x_range=Range1d(-0.6, len(groups) - 0.4), y_range=Range1d(0, top * 1.08))
    chart.xaxis.ticker = FixedTicker(ticks=list(range(len(groups))))
    chart.xaxis.major_label_overrides = {number: _wrapped(name, 90) for number, name in enumerate(groups)}
    width = 0.7 / max(len(series), 1)
    for number, one in enumerate(series):
        colour = _LINES[one.role][0]
        x = np.arange(len(groups)) + width * (number - (len(series) - 1) / 2)
        told = one.told or [f"{100 * y:.1f} %" if share else f"{y:,.0f}" for y in one.y]
        source = ColumnDataSource(
            {"x": x, "y": np.nan_to_num(one.y), "told": list(told), "group": list(groups), "name": [one.label] * len(x)}
        )
        pattern = {"hatch_pattern": "right_diagonal_line", "hatch_color": "white"} if one.role == CHAMPION else {}
        shown = chart.vbar("x", top="y", width=width * 0.92, source=source, color=colour, **pattern)
        chart.add_tools(HoverTool(renderers=[shown], tooltips=[("", "@group"), ("@name", "@told")]))
    if share:
        _percent_axis(chart.yaxis)
    return _pane(chart)


@dataclass(frozen=True)
class Mark:
    """A point of the frontier's picture: its name is written beside it where it is a plan."""

    name: str
    x: float
    y: float
    kind: str  # ahead, behind, plan or outside: beyond the limits
    told: str


def scatter(
    marks: Sequence[Mark],
    chosen: Mark | None,
    limit: float | None,
    xlabel: str,
    ylabel: str,
    share: bool,
    words: Mapping[str, str],
) -> pn.pane.Bokeh:
    """Policies by a burden (across) and a measure (up), the frontier as a line, the chosen one ringed.

    Args:
        marks: at least one.
        chosen: ringed and named; None = none.
        limit: a line across which nothing may lie; None = none.
        xlabel, ylabel: of the axes.
        share: the measure is a share.
        words: names of `chosen` and `limit`.
    """
    ys = [mark.y for mark in marks]
    room = max(max(ys) - min(ys), 1e-9)
    top = max(*(mark.x for mark in marks), limit or 0.0) * 1.06 or 1.0
    chart = _plain(
        xlabel, ylabel, 360, x_range=Range1d(0, top), y_range=Range1d(min(ys) - 0.1 * room, max(ys) + 0.12 * room)
    )
    if share:
        _percent_axis(chart.yaxis)
    looks = {
        "behind": {"color": "#9bbdd3", "size": 6, "marker": "circle"},
        "ahead": {"color": COLOURS[0], "size": 8, "marker": "circle"},
        "plan": {"color": COLOURS[1], "size": 9, "marker": "square"},
        "outside": {"color": "#c9c9c9", "size": 6, "marker": "x"},
    }
    line = sorted((mark.x, mark.y) for mark in marks if mark.kind == "ahead")
    if len(line) > 1:
        chart.line([x for x, _ in line], [y for _, y in line], color=COLOURS[0], line_width=1.4)
    for kind, look in looks.items():
        of_kind = [mark for mark in marks if mark.kind == kind]
        if not of_kind:
            continue
        source = ColumnDataSource({key: [getattr(m, key) for m in of_kind] for key in ("x", "y", "name", "told")})
        shown = chart.scatter("x", "y", source=source, **look)
        chart.add_tools(HoverTool(renderers=[shown], tooltips=[("", "@name"), ("", "@told")]))
    named = [mark for mark in marks if mark.kind == "plan"]
    for mark, place in zip(named, spread([mark.y for mark in named], 0.055 * room * 1.22), strict=True):
        left = mark.x > 0.6 * top
        chart.add_layout(
            _text(
                mark.x,
                place,
                mark.name,
                "#8a3c00",
                False,
                x_offset=-12 if left else 12,
                text_align="right" if left else "left",
            )
        )
    if limit is not None:
        chart.add_layout(Span(location=limit, dimension="height", line_color="#555555", line_dash="dashed"))
        chart.add_layout(
            _text(
                limit,
                max(ys) + 0.08 * room,
                words["limit"],
                "#555555",
                False,
                x_offset=-5 if limit > top / 2 else 5,
                text_align="right" if limit > top / 2 else "left",
            )
        )
    if chosen:
        chart.scatter([chosen.x], [chosen.y], size=18, fill_alpha=0, line_color="black", line_width=2.2)
        left = chosen.x > 0.6 * top
        chart.add_layout(
            _text(
                chosen.x,
                chosen.y + 0.055 * room,
                words["chosen"],
                "black",
                True,
                x_offset=-12 if left else 12,
                text_align="right" if left else "left",
            )
        )
    return _pane(chart)


def win_map(
    x: Sequence[float], y: Sequence[float], probability: NDArray[np.float64], xlabel: str, ylabel: str, told: str
) -> pn.pane.Bokeh:
    """The probability of a win over two levers, blue where it is likely.

    Args:
        x, y: settings along the sides, evenly.
        probability: shape (y, x).
        xlabel, ylabel: of the axes.
        told: what the probability is called.
    """
    chart = _plain(xlabel, ylabel, 380, x_range=Range1d(-0.5, len(x) - 0.5), y_range=Range1d(-0.5, len(y) - 0.5))
    across, up = np.meshgrid(np.arange(len(x)), np.arange(len(y)))
    words = [f"{100 * p:.0f} %" for p in probability.ravel()]
    settings = [f"{x[i]:.2f} / {y[j]:.2f}" for i, j in zip(across.ravel().tolist(), up.ravel().tolist(), strict=True)]
    source = ColumnDataSource(
        {"x": across.ravel(), "y": up.ravel(), "p": probability.ravel(), "told": words, "at": settings}
    )
    blend = (
        [_mixed(COLOURS[1], k / 10) for k in range(10)]
        + ["#ffffff"]
        + [_mixed(COLOURS[0], (10 - k) / 10) for k in range(9, -1, -1)]
    )
    shown = chart.rect(
        "x",
        "y",
        width=1.02,
        height=1.02,
        source=source,
        line_color=None,
        fill_color={"field": "p", "transform": LinearColorMapper(palette=blend, low=0, high=1)},
    )
    chart.add_tools(HoverTool(renderers=[shown], tooltips=[(told, "@told"), (f"{xlabel} / {ylabel}", "@at")]))
    for axis, settings_of in ((chart.xaxis, x), (chart.yaxis, y)):
        ticks = list(range(0, len(settings_of), max(1, (len(settings_of) - 1) // 4)))
        axis.ticker = FixedTicker(ticks=ticks)
        axis.major_label_overrides = {tick: f"{settings_of[tick]:.3g}" for tick in ticks}
    return _pane(chart)


def _mixed(colour: str, white: float) -> str:
    parts = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return "#" + "".join(f"{round(255 * white + part * (1 - white)):02x}" for part in parts)


def legend(series: Sequence[tuple[str, str]]) -> list[tuple[str, str, str]]:
    """Name, colour and sign of each series, for a line of words above a chart of dots or bars.

    Args:
        series: label and role.
    """
    signs = {CHALLENGER: "●", CHAMPION: "■", OTHER: "◆"}
    return [(label, _LINES[role][0], signs[role]) for label, role in series]
