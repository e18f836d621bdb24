"""A picture that is a file of its own: SVG with real text, in the language of its words."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from recoup.experiments.report.charts import StandIns
from recoup.experiments.runs.runfolder import write_text


@contextmanager
def svg_file(path: Path, size: tuple[float, float]) -> Iterator[tuple[Any, Callable[[str], str]]]:
    """A figure that is written when the block ends.

    Args:
        path: of the SVG file; replaced.
        size: inches, across and up.

    Yields:
        The figure, and what every text that may hold Chinese goes through (`charts.StandIns`).

    Raises:
        InputError: it cannot be written.
    """
    from matplotlib import rc_context
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    ink = StandIns()
    # Names are data: a dollar sign in one is no formula.
    with rc_context({"svg.hashsalt": path.stem, "svg.fonttype": "none", "text.parse_math": False}):
        figure = Figure(figsize=size, layout="constrained")
        FigureCanvasSVG(figure)
        yield figure, ink
        out = io.StringIO()
        figure.savefig(out, format="svg", metadata={"Date": None})
        write_text(path, ink.restore(out.getvalue()))
