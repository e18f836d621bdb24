"""A joint design over the levers: how likely the challenger wins, and where that flips, where `recoup levers` has run."""

from __future__ import annotations

from typing import Any

import numpy as np

from recoup.experiments.comparison.run import Run
from recoup.experiments.report import charts
from recoup.experiments.report.blocks import Block, Bullets, Cell, Paragraph, Picture, Table
from recoup.experiments.report.text import Text
from recoup.experiments.robustness.files import LEVER_STUDY_FILE
from recoup.experiments.robustness.frontier import GRID
from recoup.experiments.runs.champion import VALUE

NET, GROSS = VALUE, "recovery_rate"
TICKS = 5  # along each side of the map


def build(run: Run, say: Text) -> list[Block]:
    result = run.extra(LEVER_STUDY_FILE)
    if not result or not result["rows"]:
        return []
    levers: list[list[Cell | str]] = [[*cells] for cells in lever_cells(result, say)]
    head = [say(f"levers.{key}") for key in ("lever", "range", "index", "at_low", "at_high", "flips")]
    return [
        Paragraph(message(result, say), "message"),
        wins_table(result, say),
        Table(say("levers.caption_levers"), head, levers),
        Paragraph(scale(result, say)),
        Bullets(sentences(result, say)),
        picture(result, say),
    ]


def message(result: dict[str, Any], say: Text) -> str:
    """How likely the challenger wins."""
    shares = {name: say.span(result["measures"][name]["beats_best"], "share") for name in (NET, GROSS)}
    values = {"challenger": say.name(result["challenger"]), "n": result["worlds"], "share": shares[NET]}
    if len(result["plans"]) == 1:
        return say("levers.one_plan", **values, gross=shares[GROSS], plan=say.name(result["plans"][0]))
    return say("levers.message", **values, gross=shares[GROSS])


def scale(result: dict[str, Any], say: Text) -> str:
    """What the figures of the levers are measured in, and which of them may be chance."""
    return say("levers.scale", noise=f"{result['measures'][NET]['noise']:.2f}")


def wins_table(result: dict[str, Any], say: Text) -> Table:
    """In which share of the worlds the challenger is ahead of the best plan, and of each."""
    net, gross = (result["measures"][name] for name in (NET, GROSS))
    rows: list[list[Cell | str]] = []
    if len(result["plans"]) > 1:
        shares = (say.span(each["beats_best"], "share") for each in (net, gross))
        rows.append([say("levers.best"), *shares, ""])
    for plan in result["plans"]:
        shares = (say.span(each["beats"][plan], "share") for each in (net, gross))
        rows.append([say.name(plan), *shares, say.number(net["best"][plan], "share")])
    head = [say(f"levers.{key}") for key in ("against", "net", "gross", "was_best")]
    return Table(say("levers.caption_wins", challenger=say.name(result["challenger"])), head, rows)


def lever_cells(result: dict[str, Any], say: Text) -> list[list[str]]:
    """A row for each lever, the largest index first: name, range, index, wins at both ends, where it flips."""
    ranges = {lever["name"]: lever for lever in result["levers"]}
    rows = []
    for lever in result["measures"][NET]["levers"]:
        limits = ranges[lever["name"]]
        flips = "–"
        if lever["flips_at"] is not None:
            between = say("between", low=f"{lever['flips_low']:.2f}", high=f"{lever['flips_high']:.2f}")
            flips = f"{lever['flips_at']:.2f} ({between})"
        rows.append(
            [
                name_of(lever, limits, say),
                say("between", low=f"{limits['low']:g}", high=f"{limits['high']:g}"),
                f"{lever['pawn']:.2f}",
                *(say.number(lever[end], "share") for end in ("at_low", "at_high")),
                flips,
            ]
        )
    return rows


def name_of(lever: dict[str, Any], known: dict[str, Any], say: Text) -> str:
    """What a lever is called."""
    return say.one_of("levers.names", lever["name"], known["label"])


def sentences(result: dict[str, Any], say: Text) -> list[str]:
    """One sentence a lever that the outcome hangs on beyond chance, and one for all others together."""
    ranges = {lever["name"]: lever for lever in result["levers"]}
    if result["measures"][NET]["beats_best"]["mean"] in (0.0, 1.0):
        return [say("levers.never")]
    said, chance = [], []
    for lever in result["measures"][NET]["levers"]:
        limits = ranges[lever["name"]]
        name = name_of(lever, limits, say)
        begun = {"lever": name[0].upper() + name[1:], "challenger": say.name(result["challenger"])}
        if lever["flips_at"] is not None:
            key = "flips_below" if lever["at_low"] < lever["at_high"] else "flips_above"
            places = {"at": "flips_at", "low": "flips_low", "high": "flips_high"}
            said.append(say(f"levers.{key}", **begun, **{new: f"{lever[old]:.2f}" for new, old in places.items()}))
        elif lever["matters"] or lever["clear"]:
            wins = {end: say.number(lever[end], "share") for end in ("at_low", "at_high")}
            said.append(say("levers.holds", **begun, low=f"{limits['low']:g}", high=f"{limits['high']:g}", **wins))
        else:
            chance.append(name)
    return said + ([say("levers.chance", levers=say.listed(chance))] if chance else [])


def picture(result: dict[str, Any], say: Text) -> Picture:
    """The map of the two levers with the largest index, with the line at which the decision flips."""
    frontier = result["measures"][NET]["frontier"]
    known = {lever["name"]: lever for lever in result["levers"]}
    challenger = say.name(result["challenger"])
    along = np.linspace(0.0, 1.0, GRID)
    points = [
        [
            np.interp(row["settings"][name], frontier[axis], along)
            for name, axis in zip(frontier["levers"], "xy", strict=True)
        ]
        for row in result["rows"]
    ]
    wins = [
        row["policies"][result["challenger"]][NET] > max(row["policies"][plan][NET] for plan in result["plans"])
        for row in result["rows"]
    ]
    ticks = [[f"{setting:.3g}" for setting in frontier[axis][:: (GRID - 1) // (TICKS - 1)]] for axis in "xy"]
    labels = [say("levers.axis", lever=name_of(known[name], known[name], say)) for name in frontier["levers"]]
    return charts.flip_map(
        "levers",
        (labels[0], labels[1]),
        (ticks[0], ticks[1]),
        np.array(frontier["probability"]),
        np.array(points),
        np.array(wins, bool),
        (say("levers.won", challenger=challenger), say("levers.lost", challenger=challenger)),
        say("levers.map", challenger=challenger),
    )
