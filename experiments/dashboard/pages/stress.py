"""Whether a challenger's gain lasts where the world differs from the model: one dot a world, and a map of two levers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from recoup.experiments.dashboard import figures, html, layout
from recoup.experiments.dashboard.figures import CHALLENGER, CHAMPION, OTHER, Series
from recoup.experiments.dashboard.pages.comparison import interval_cell
from recoup.experiments.dashboard.request import Request
from recoup.experiments.dashboard.shelf import read_if_there
from recoup.experiments.report.text import Text
from recoup.experiments.robustness.files import LEVER_STUDY_FILE, STRESS_FILE, WHY_FILE
from recoup.experiments.robustness.stress import UNPERTURBED, gain, select_rows, surely_gains, surely_loses
from recoup.experiments.runs.champion import VALUE

MOST = 20  # single parameters that are shown, those with the smallest gain
FILES = (STRESS_FILE, WHY_FILE, LEVER_STUDY_FILE)
COLUMNS = {VALUE: "points", "recovery_rate": "share", "complaints_per_1000": "count"}


def build(request: Request) -> Sequence[Any]:
    tested = [entry for entry in request.entries if any((entry.folder / kind.name).exists() for kind in FILES)]
    tested.sort(key=lambda entry: not (entry.folder / STRESS_FILE.name).exists())
    entry = request.choose("run", request.words("run"), tested)
    if entry is None:
        return [html.paragraph(request.words("stress.none"), "note")]
    return layout.safely(lambda: _page(request, entry.folder))


def _page(request: Request, folder: Path) -> Sequence[Any]:
    parts: list[Any] = []
    result = read_if_there(STRESS_FILE, folder)
    if result is None and (why := read_if_there(WHY_FILE, folder)):
        result = why["worlds"]
        parts.append(html.paragraph(request.words("stress.few"), "note"))
    if result and result["rows"]:
        parts += _worlds(request, result)
    if study := read_if_there(LEVER_STUDY_FILE, folder):
        parts += _levers(request, study)
    return parts


def _worlds(request: Request, result: dict[str, Any]) -> list[Any]:
    say = request.say
    names = {"challenger": say.name(result["challenger"]), "baseline": say.name(result["baseline"])}
    perturbed = [row for row in result["rows"] if row["perturbation"] != UNPERTURBED]
    gains, loses = sum(map(surely_gains, perturbed)), sum(map(surely_loses, perturbed))
    message = request.words("stress.message", **names, worlds=len(perturbed), gains=gains, loses=loses)
    order = {request.words(f"stress.sort.{key}"): key for key in ("gain", "file")}
    which = {request.words(f"stress.show.{key}"): key for key in ("all", "gains", "open", "loses")}
    sort = layout.select(request.words("stress.sort.label"), order)
    show = layout.select(request.words("stress.show.label"), which)

    def draw(sort: str, show: str) -> Sequence[Any]:
        return _drawn(request, result["rows"], names, sort, show)

    return [html.paragraph(message, "message"), layout.controls(show, sort), layout.drawn(draw, sort=sort, show=show)]


def state(row: dict[str, Any]) -> str:
    """Whether the challenger's gain in a world is sure, sure to be a loss, or open."""
    return "gains" if surely_gains(row) else "loses" if surely_loses(row) else "open"


def _drawn(
    request: Request, rows: Sequence[dict[str, Any]], names: dict[str, str], sort: str, show: str
) -> Sequence[Any]:
    say = request.say
    kept = [row for row in rows if row[VALUE]["mean"] is not None and show in ("all", state(row))]
    if not kept:
        return [html.paragraph(request.words("stress.none_such"), "note")]
    selection = select_rows(kept, MOST)
    shown = sorted(selection.shown, key=gain) if sort == "gain" else selection.shown
    labels = [label(row, say) for row in shown]
    roles = {"gains": CHALLENGER, "loses": CHAMPION, "open": OTHER}
    series = []
    for kind, role in roles.items():
        mine = [(number, row[VALUE]) for number, row in enumerate(shown) if state(row) == kind]
        if not mine:
            continue
        mean, low, high = (
            np.array([each["mean"] if each[end] is None else each[end] for _, each in mine], float)
            for end in ("mean", "low", "high")
        )
        told = [say.span(each, "points", signed=True) for _, each in mine]
        series.append(
            Series(request.words(f"stress.show.{kind}"), role, mean, np.array([n for n, _ in mine]), low, high, told)
        )
    parts: list[Any] = [
        html.legend(figures.legend([(one.label, one.role) for one in series])),
        figures.dots(labels, series, say("stress.axis", **names), apart=False),
    ]
    if selection.omitted:
        ends = [say.number(gain(row), "points", signed=True) for row in (selection.omitted[0], selection.omitted[-1])]
        parts.append(
            html.paragraph(request.words("stress.rest", n=len(selection.omitted), low=ends[0], high=ends[1]), "note")
        )
    cells = [
        [label(row, say), *(interval_cell(say, row[m], unit, signed=True) for m, unit in COLUMNS.items())]
        for row in shown
    ]
    head = [say("stress.change"), *(say(f"stress.{key}") for key in ("value", "recovery", "complaints"))]
    return [*parts, html.table(head, cells, say("stress.caption", **names), folded=request.words("as_table"))]


def label(row: dict[str, Any], say: Text) -> str:
    """What a world is called."""
    return say.one_of("stress.labels", row["perturbation"], row["label"])


def _levers(request: Request, study: dict[str, Any]) -> list[Any]:
    say = request.say
    verdict = study["measures"][VALUE]
    known = {lever["name"]: lever for lever in study["levers"]}
    challenger = say.name(study["challenger"])
    across, up = (
        say("levers.axis", lever=say.one_of("levers.names", name, known[name]["label"]))
        for name in verdict["frontier"]["levers"]
    )
    share = say.span(verdict["beats_best"], "share")
    message = request.words("stress.levers", challenger=challenger, share=share, worlds=study["worlds"])
    field = verdict["frontier"]
    return [
        html.heading(request.words("stress.map")),
        html.paragraph(message, "message"),
        html.paragraph(request.words("stress.map_note", challenger=challenger), "note"),
        figures.win_map(
            field["x"], field["y"], np.array(field["probability"]), across, up, say("levers.won", challenger=challenger)
        ),
    ]
