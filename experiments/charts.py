"""Pictures of a comparison as SVG text: real text in the reader's fonts, colours safe for the colour-blind."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter
from numpy.typing import NDArray

# Okabe & Ito's palette, darkest contrasts first; line styles differ too, for print without colour.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
STYLES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 2)), (0, (8, 2)))
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


def _svg(name: str, draw: Callable[[Figure], None], width: float = 7.2, height: float = 3.8) -> str:
    # The salt makes ids of one picture differ from another's in the same page, and equal from run to run.
    with mpl.rc_context({**_STYLE, "svg.hashsalt": name}):
        figure = Figure(figsize=(width, height), layout="constrained")
        draw(figure)
        out = io.StringIO()
        figure.savefig(out, format="svg", metadata={"Date": None, "Creator": None})
    text = out.getvalue()
    return text[text.index("<svg") :]


def curves(name: str, lines: Mapping[str, NDArray[np.float64]], ylabel: str, from_zero: bool = True) -> str:
    """Mean curves by day with 95 % bands of the mean over seeds. Values: name -> (seeds, days), shares."""

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        for number, (label, data) in enumerate(lines.items()):
            days = np.arange(1, data.shape[1] + 1)
            mean = data.mean(axis=0)
            colour, style = COLOURS[number % len(COLOURS)], STYLES[number % len(STYLES)]
            axes.plot(days, mean, color=colour, linestyle=style, label=label, linewidth=1.8)
            if len(data) > 1:
                half = 1.96 * data.std(axis=0, ddof=1) / np.sqrt(len(data))
                axes.fill_between(days, mean - half, mean + half, color=colour, alpha=0.18, linewidth=0)
        axes.set_xlabel("days since entry")
        axes.set_ylabel(ylabel)
        axes.yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        axes.set_xlim(1, max(data.shape[1] for data in lines.values()))
        if from_zero:
            axes.set_ylim(bottom=0)
        axes.legend(frameon=False, loc="best")

    return _svg(name, draw)


def dots(
    name: str, groups: Sequence[str], values: Mapping[str, Sequence[Mapping[str, float | None]]], xlabel: str
) -> str:
    """One row per group, one dot with its interval per policy. Values: policy -> one interval per group, shares."""

    def draw(figure: Figure) -> None:
        axes = figure.subplots()
        step = 0.7 / max(len(values), 1)
        for number, (label, row) in enumerate(values.items()):
            y = np.arange(len(groups)) - 0.35 + step * (number + 0.5)
            known = [(place, v) for place, v in zip(y, row, strict=True) if v["mean"] is not None]
            means = np.array([v["mean"] for _, v in known], float)
            low = np.array([v["mean"] if v["low"] is None else v["low"] for _, v in known], float)
            high = np.array([v["mean"] if v["high"] is None else v["high"] for _, v in known], float)
            axes.errorbar(
                means,
                [place for place, _ in known],
                xerr=[np.maximum(means - low, 0), np.maximum(high - means, 0)],
                fmt="os^Dv<>"[number % 7],
                color=COLOURS[number % len(COLOURS)],
                label=label,
                capsize=3,
                markersize=6,
            )
        axes.set_yticks(range(len(groups)), list(groups))
        axes.invert_yaxis()
        axes.set_xlim(left=0)
        axes.xaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
        axes.set_xlabel(xlabel)
        axes.legend(frameon=False, loc="best")

    return _svg(name, draw, height=1.4 + 0.8 * len(groups))
