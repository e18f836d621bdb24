"""Pictures of a calibration: priors and posteriors with what the records say nothing about, and the held-out days."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from recoup.experiments.calibration.findings import Calibration
from recoup.experiments.calibration.posterior import NOT_IDENTIFIED, Z90
from recoup.experiments.report.svg_file import svg_file
from recoup.experiments.report.text import Text

_BLUE, _GREY, _RED, _LIGHT = "#2b6cb0", "#a0aec0", "#c53030", "#e2e8f0"


def draw_parameters(calibration: Calibration, path: Path, say: Text) -> None:
    """Prior and posterior of each parameter, both as 90 % intervals, in the prior's standard deviations from the scenario's own value.

    Args:
        calibration: what was found.
        path: of the SVG file; replaced.
        say: the words.

    Raises:
        InputError: it cannot be written.
    """
    rows = [
        (parameter.name, mode / parameter.spread, left, known)
        for posterior in calibration.fitted.posteriors.values()
        for parameter, mode, left, known in zip(
            posterior.parameters, posterior.mode, posterior.left, posterior.identified, strict=True
        )
    ][::-1]
    names, modes, left, known = zip(*rows, strict=True)
    places = np.arange(len(rows))
    with svg_file(path, (11, 0.24 * len(rows) + 1.2)) as (figure, ink):

        def words(name: str) -> str:
            return ink(say(f"calibration_pictures.{name}"))

        values, shares = figure.subplots(1, 2, sharey=True, width_ratios=(3, 1))
        values.barh(places, 2 * Z90, left=-Z90, height=0.8, color=_LIGHT, label=words("prior"))
        for place, mode, share, is_known in zip(places, modes, left, known, strict=True):
            color = _BLUE if is_known else _RED
            values.plot(
                [mode - Z90 * share, mode + Z90 * share],
                [place, place],
                color=color,
                linewidth=2,
                solid_capstyle="butt",
            )
            values.plot(mode, place, "o", color=color, markersize=4)
        values.plot([], [], "o-", color=_BLUE, label=words("posterior"))
        values.plot([], [], "o-", color=_RED, label=words("kept"))
        values.axvline(0.0, color=_GREY, linewidth=1)
        values.set_yticks(places, names, fontsize=8)
        values.set_ylim(-0.8, len(rows) - 0.2)
        values.set_xlabel(words("deviations"))
        values.set_title(words("parameters"), loc="left", fontsize=10)
        values.legend(
            fontsize=8, frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.12 * 8 / (0.24 * len(rows))), ncols=3
        )
        shares.barh(places, left, height=0.7, color=[_BLUE if is_known else _RED for is_known in known])
        shares.axvline(NOT_IDENTIFIED, color=_RED, linestyle="--", linewidth=1)
        shares.set_xlim(0.0, 1.05)
        shares.set_title(words("left"), loc="left", fontsize=10)
        shares.set_xlabel(words("nothing"))


def draw_measures(calibration: Calibration, path: Path, say: Text) -> None:
    """The held-out days: recorded over expected by measure, and payments by week, each with what the world holds possible.

    Args:
        calibration: with a check.
        path: of the SVG file; replaced.
        say: the words.

    Raises:
        InputError: it cannot be written.
    """
    check = calibration.check
    assert check is not None
    measures = [measure for measure in check.measures if measure.expected > 0 and measure.missed is not None][::-1]
    places = np.arange(len(measures))
    with svg_file(path, (12, max(3.6, 0.26 * len(measures) + 1.2))) as (figure, ink):

        def words(name: str, **values: object) -> str:
            return ink(say(f"calibration_pictures.{name}", **values))

        def named(name: str) -> str:
            return ink(say.one_of("terminal.calibrate.measures", name))

        ratios, weeks = figure.subplots(1, 2, width_ratios=(3, 2))
        for place, one in zip(places, measures, strict=True):
            ratios.plot(
                [one.low / one.expected, one.high / one.expected],
                [place, place],
                color=_GREY,
                linewidth=6,
                alpha=0.6,
                solid_capstyle="butt",
            )
            ratios.plot(one.recorded / one.expected, place, "o", color=_RED if one.missed else _BLUE, markersize=5)
        ratios.axvline(1.0, color=_GREY, linewidth=1)
        ratios.set_yticks(places, [f"{named(one.name)} ({one.recorded:,.0f})" for one in measures], fontsize=8)
        ratios.set_xlabel(words("ratio"))
        ratios.set_title(words("held_out", days=check.days), loc="left", fontsize=10)
        recorded, expected, low, high = check.weeks.T
        numbers = np.arange(1, len(recorded) + 1)
        weeks.fill_between(numbers, low, high, color=_GREY, alpha=0.4, label=words("possible"))
        weeks.plot(numbers, expected, color=_GREY, label=words("expected"))
        weeks.plot(numbers, recorded, "o-", color=_BLUE, label=words("recorded"))
        weeks.set_ylim(bottom=0.0)
        weeks.set_xticks(numbers)
        weeks.set_xlabel(words("week"))
        weeks.set_title(words("payments"), loc="left", fontsize=10)
        weeks.legend(fontsize=8, frameon=False)
