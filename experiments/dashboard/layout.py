"""How the parts of a page lie: side by side where there is room, below each other where there is not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import panel as pn

from recoup.experiments.dashboard import html
from recoup.sim.inputs import InputError

# As many columns as there is room for, each at least as wide as a phone; charts in Panel's own flex box have no width.
_BESIDE = ":host { display: grid !important; grid-template-columns: repeat(auto-fit, minmax(min(420px, 100%), 1fr)); gap: 0 1.5rem; align-items: start; }"
_CONTROLS = ":host { display: grid !important; grid-template-columns: repeat(auto-fill, minmax(LEAST, 1fr)); gap: .3rem 1rem; align-items: end; }"


def column(*parts: Any) -> pn.Column:
    """Parts below each other."""
    return pn.Column(*parts, sizing_mode="stretch_width", margin=0)


def beside(*parts: Sequence[Any]) -> pn.Column:
    """Parts beside each other, each a list of what lies below each other in it."""
    boxes = [column(*part) for part in parts]
    return pn.Column(*boxes, sizing_mode="stretch_width", margin=0, stylesheets=[_BESIDE])


def controls(*widgets: Any, least: str = "min(11rem, 45%)") -> pn.Column:
    """Widgets side by side, in as many rows as they need.

    Args:
        widgets: select boxes, sliders and the like.
        least: width of each, as CSS has it.
    """
    sheet = _CONTROLS.replace("LEAST", least)
    return pn.Column(*widgets, sizing_mode="stretch_width", margin=(0, 0, 8, 0), stylesheets=[sheet])


def select(label: str, options: dict[str, Any], value: Any = None) -> pn.widgets.Select:
    """A list to choose from.

    Args:
        label: above it.
        options: names and what they stand for.
        value: what is chosen; None = the first.
    """
    chosen = next(iter(options.values())) if value is None else value
    return pn.widgets.Select(name=label, options=options, value=chosen, sizing_mode="stretch_width", margin=(2, 0))


def slider(label: str, end: float, value: float, step: float) -> pn.widgets.FloatSlider:
    """A slider from 0."""
    return pn.widgets.FloatSlider(
        name=label,
        start=0.0,
        end=end,
        value=value,
        step=step,
        format="0,0.0",
        sizing_mode="stretch_width",
        margin=(6, 8),
    )


def drawn(draw: Callable[..., Sequence[Any]], **widgets: Any) -> Any:
    """What a function draws for the values of widgets, again whenever one changes; a damaged file is one line.

    Args:
        draw: takes the values by name and gives the parts.
        widgets: by the names of its arguments.
    """

    def guarded(**values: Any) -> pn.Column:
        return column(*safely(lambda: draw(**values)))

    return pn.Column(pn.bind(guarded, **widgets), sizing_mode="stretch_width", margin=0)


def safely(draw: Callable[[], Sequence[Any]]) -> list[Any]:
    """What a function draws; where a file is damaged, the one line that says so."""
    try:
        return list(draw())
    except InputError as error:
        return [html.paragraph(" ".join(str(error).split()), "warning")]
