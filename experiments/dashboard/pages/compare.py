"""Two comparisons side by side: what differs between them, and what each policy that both have came to."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from recoup.experiments.comparison.files import SETTINGS_FILE
from recoup.experiments.comparison.intervals import difference
from recoup.experiments.comparison.measures import MEASURE
from recoup.experiments.comparison.run import Run
from recoup.experiments.dashboard import figures, html, layout
from recoup.experiments.dashboard.figures import CHALLENGER, CHAMPION
from recoup.experiments.dashboard.pages.comparison import change_cell, interval_cell, series_of, unit_words
from recoup.experiments.dashboard.request import Request
from recoup.experiments.dashboard.shelf import open_run, read
from recoup.experiments.runs.champion import VALUE

SHOWN = (
    VALUE,
    "recovery_rate",
    "net_recovery_rate",
    "time_to_recover_days",
    "cure_rate",
    "cost_to_collect",
    "complaints_per_1000",
    "occupancy",
)


def build(request: Request) -> Sequence[Any]:
    finished = [entry for entry in request.entries if entry.results]
    if len(finished) < 2:
        return [html.paragraph(request.words("compare.needs_two"), "note")]
    one = request.choose("run", request.words("compare.first"), finished)
    other = request.choose("other", request.words("compare.second"), finished, default=1)
    assert one and other
    if one.id == other.id:
        return [html.paragraph(request.words("compare.same"), "note")]
    return layout.safely(lambda: _page(request, (one.id, open_run(one.folder)), (other.id, open_run(other.folder))))


def _page(request: Request, one: tuple[str, Run], other: tuple[str, Run]) -> Sequence[Any]:
    say, (name_one, a), (name_other, b) = request.say, one, other
    shared = [name for name in a.names if name in b.names]
    parts: list[Any] = [html.heading(request.words("compare.differs")), _what_differs(request, one, other)]
    if not shared:
        return [*parts, html.paragraph(request.words("compare.no_shared"), "note")]
    paired = _is_paired(a, b)
    default = a.best if a.best in shared else shared[0]
    choice = layout.select(request.words("plan"), {say.name(name): name for name in shared}, default)

    def draw(plan: str) -> Sequence[Any]:
        return [
            _table(request, (name_one, name_other), a, b, plan, paired),
            html.paragraph(request.words("compare.paired" if paired else "compare.unpaired"), "note"),
            html.heading(request.words("comparison.liquidation")),
            _curves(request, {name_one: a, name_other: b}, plan),
        ]

    return [
        *parts,
        html.heading(request.words("compare.measures")),
        layout.controls(choice),
        layout.drawn(draw, plan=choice),
    ]


def _what_differs(request: Request, one: tuple[str, Run], other: tuple[str, Run]) -> Any:
    say = request.say
    begun = [read(SETTINGS_FILE, run.folder) for _, run in (one, other)]
    same, different = request.words("compare.is_same"), request.words("compare.is_different")
    rows = []
    told: list[tuple[str, list[str]]] = [
        ("scenario", [say.one_of("names", run.results["scenario"], run.results["title"]) for _, run in (one, other)]),
        ("accounts", [f"{run.results['portfolio']['accounts']:,}" for _, run in (one, other)]),
        ("days", [f"{run.results['days']:,}" for _, run in (one, other)]),
        ("seeds", [_ranges(run.results["seeds"]) for _, run in (one, other)]),
        ("rules", [run.results["rules"] for _, run in (one, other)]),
        ("plans", [say.listed([say.name(name) for name in run.names]) for _, run in (one, other)]),
        ("version", [run.results["versions"].get("recoup", "–") for _, run in (one, other)]),
    ]
    for key, values in told:
        rows.append(
            [request.words(f"compare.{key}"), *values, same if values[0] == values[1] else html.cell(different)]
        )
    for key in ("world", "portfolio"):
        alike = begun[0][key] == begun[1][key]
        rows.append([request.words(f"compare.{key}"), *(each[key][:8] for each in begun), same if alike else different])
    changed = [
        name
        for name in begun[0]["policies"]
        if begun[1]["policies"].get(name, begun[0]["policies"][name]) != begun[0]["policies"][name]
    ]
    if changed:
        rows.append(
            [
                request.words("compare.changed_plans"),
                *["" for _ in range(2)],
                say.listed([say.name(n) for n in changed]),
            ]
        )
    return html.table([request.words("compare.what"), one[0], other[0], ""], rows, words=True)


def _ranges(seeds: Sequence[int]) -> str:
    whole = list(seeds) == list(range(seeds[0], seeds[0] + len(seeds)))
    return f"{seeds[0]}–{seeds[-1]}" if whole and len(seeds) > 1 else ", ".join(map(str, seeds))


def _is_paired(a: Run, b: Run) -> bool:
    """Whether both met the same accounts on the same seeds for as long, so that differences are taken seed by seed."""
    begun = [read(SETTINGS_FILE, run.folder) for run in (a, b)]
    return (
        a.results["seeds"] == b.results["seeds"]
        and a.results["days"] == b.results["days"]
        and all(begun[0][key] == begun[1][key] for key in ("scenario", "portfolio"))
    )


def _table(request: Request, names: tuple[str, str], a: Run, b: Run, plan: str, paired: bool) -> Any:
    say, rows = request.say, []
    for measure in SHOWN:
        unit = MEASURE[measure].unit
        values = [run.value(plan, measure) for run in (a, b)]
        if any(value["mean"] is None for value in values):
            continue
        if paired:
            seeds = [[_number(part["measures"][measure]) for part in run.parts(plan)] for run in (b, a)]
            change: Mapping[str, Any] = difference(*seeds)
        else:
            change = _of_independent(values[1], values[0])
        cells = [interval_cell(say, value, unit) for value in values]
        title = html.named(*say.measure(measure), unit_words(request, unit))
        rows.append([title, *cells, change_cell(say, change, measure)])
    return html.table(
        [request.words("measure"), *names, request.words("compare.second_less_first")], rows, say.name(plan)
    )


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def _of_independent(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> dict[str, Any]:
    """The difference of two means from different draws: half-widths of their intervals add up as squares."""
    change = {"mean": ours["mean"] - theirs["mean"], "low": None, "high": None}
    if ours["low"] is not None and theirs["low"] is not None:
        half = math.hypot(ours["high"] - ours["low"], theirs["high"] - theirs["low"]) / 2
        change |= {"low": change["mean"] - half, "high": change["mean"] + half}
    return change


def _curves(request: Request, runs: Mapping[str, Run], plan: str) -> Any:
    say = request.say
    series = [
        series_of(name, role, run.curves("liquidation")[plan], 0, run.results["days"])
        for (name, run), role in zip(runs.items(), (CHALLENGER, CHAMPION), strict=True)
    ]
    return figures.lines(series, say("money.axis_day"), say("money.axis_cash"))
