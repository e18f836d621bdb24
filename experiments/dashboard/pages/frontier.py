"""What fewer contacts and complaints cost: policies and plans by a measure against a burden, and the best within the reader's limits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from recoup.experiments.comparison.burdens import full_cost
from recoup.experiments.comparison.files import WELFARE_FILE
from recoup.experiments.comparison.measure import Unit
from recoup.experiments.comparison.measures import MEASURE
from recoup.experiments.dashboard import figures, html, layout
from recoup.experiments.dashboard.figures import Mark
from recoup.experiments.dashboard.request import Request
from recoup.experiments.dashboard.shelf import Entry, read, read_if_there
from recoup.experiments.robustness.files import BURDENS, BY, FRONTIER_FILE
from recoup.experiments.robustness.price_frontier import Candidate, choose, excess, on_frontier
from recoup.experiments.runs.champion import COST


@dataclass(frozen=True)
class Field:
    """Who stands in the picture: plans of a comparison, and where `recoup frontier` has run a family of policies by price."""

    family: list[Candidate]
    plans: list[Candidate]
    by: str
    limits: dict[str, float]


def build(request: Request) -> Sequence[Any]:
    known = [entry for entry in request.entries if entry.results or (entry.folder / FRONTIER_FILE.name).exists()]
    # A folder with a family comes first: its picture says more than a handful of plans.
    known.sort(key=lambda entry: not (entry.folder / FRONTIER_FILE.name).exists())
    entry = request.choose("run", request.words("run"), known)
    if entry is None:
        return [html.paragraph(request.words("none_finished"), "note")]
    return layout.safely(lambda: _page(request, entry))


def _field(entry: Entry) -> Field:
    if found := read_if_there(FRONTIER_FILE, entry.folder):
        family, plans = ([Candidate(one["name"], one["values"]) for one in found[part]] for part in ("points", "plans"))
        return Field(family, plans, found["by"], found["limits"])
    return Field([], _plans(entry.results, entry.folder), BY[0], {})


def _plans(results: dict[str, Any], folder: Path) -> list[Candidate]:
    """The plans of a comparison, by their means over its seeds."""
    burdens = read(WELFARE_FILE, folder)["policies"]
    found = []
    for name, measures in results["policies"].items():
        known = {key: measures[key]["mean"] for key in (*BY, "complaints_per_1000", "cost_to_collect")}
        known["contacts_per_debtor"] = burdens[name]["contacts_per_debtor"]["mean"]
        values = {key: float("nan") if value is None else value for key, value in known.items()}
        found.append(Candidate(name, {**values, COST: full_cost(values)}))
    return found


def _page(request: Request, entry: Entry) -> Sequence[Any]:
    say, field = request.say, _field(entry)
    everyone = [*field.family, *field.plans]
    by = layout.select(request.words("frontier.by"), {say.measure(name)[0]: name for name in BY}, field.by)
    sliders = {}
    for burden in BURDENS:
        end = max(one.values[burden] for one in everyone) or 1.0
        label = request.words(f"frontier.most.{burden}")
        step = 0.1 if end <= 20 else 0.5
        top = (int(end / step) + 1) * step
        sliders[burden] = layout.slider(label, top, min(field.limits.get(burden, top), top), step)

    def draw(by: str, **limits: float) -> Sequence[Any]:
        return _drawn(request, field, by, {name: limit for name, limit in limits.items() if limit < sliders[name].end})

    note = [] if field.family else [html.paragraph(request.words("frontier.plans_only"), "note")]
    return [
        *note,
        layout.controls(by, *sliders.values(), least="min(21rem, 100%)"),
        layout.drawn(draw, by=by, **sliders),
    ]


def _drawn(request: Request, field: Field, by: str, limits: dict[str, float]) -> Sequence[Any]:
    say, unit = request.say, MEASURE[by].unit
    everyone = [*field.family, *field.plans]
    best = choose(everyone, limits, by)
    feasible = excess(best.values, limits) <= 1.0 + 1e-9
    title = say.measure(by)[0]
    reached = {
        "name": say.name(best.name) if best in field.plans else request.words("frontier.point", name=best.name),
        "value": f"{title} {say.number(best.values[by], unit)}",
        "contacts": say.number(best.values["contacts_per_debtor"], "count"),
        "complaints": say.number(best.values["complaints_per_1000"], "count"),
    }
    key = "none" if not feasible else "chosen" if limits else "unlimited"
    panels = []
    for burden in BURDENS:
        panels.append([_picture(request, field, by, burden, limits, best if feasible else None)])
    return [
        html.paragraph(request.words(f"frontier.{key}", **reached), "message" if feasible else "warning"),
        html.paragraph(request.words("frontier.key" if field.family else "frontier.key_plans"), "note"),
        layout.beside(*panels),
        _table(request, field, by, limits, best if feasible else None),
    ]


def _picture(
    request: Request, field: Field, by: str, burden: str, limits: dict[str, float], best: Candidate | None
) -> Any:
    say, unit = request.say, MEASURE[by].unit
    ahead: Sequence[Any] = on_frontier(field.family, by, (burden,)).tolist() if field.family else []

    def mark(one: Candidate, kind: str, name: str) -> Mark:
        inside = excess(one.values, limits) <= 1.0 + 1e-9
        told = f"{say.number(one.values[by], unit)} · {say.number(one.values[burden], 'count')}"
        return Mark(name, one.values[burden], one.values[by], kind if inside or kind == "plan" else "outside", told)

    points = [
        mark(one, "ahead" if first else "behind", one.name) for one, first in zip(field.family, ahead, strict=True)
    ]
    plans = [mark(one, "plan", say.name(one.name)) for one in field.plans]
    chosen = next((mark(one, "plan", "") for one in (*field.family, *field.plans) if one is best), None)
    words = {"chosen": request.words("frontier.best"), "limit": request.words("frontier.limit")}
    share = unit == Unit.SHARE
    return figures.scatter(
        [*points, *plans], chosen, limits.get(burden), say.measure(burden)[0], f"{say.measure(by)[0]}", share, words
    )


def _table(request: Request, field: Field, by: str, limits: dict[str, float], best: Candidate | None) -> Any:
    say = request.say
    named = [(request.words("frontier.point", name=one.name), one) for one in field.family]
    named += [(say.name(one.name), one) for one in field.plans]
    named.sort(key=lambda pair: -MEASURE[by].better * pair[1].values[by])
    rows = []
    for name, one in named:
        inside = excess(one.values, limits) <= 1.0 + 1e-9
        state = "best" if one is best else "inside" if inside else "outside"
        rows.append(
            [
                name,
                say.number(one.values[by], MEASURE[by].unit),
                *(say.number(one.values[burden], "count") for burden in BURDENS),
                say.number(one.values["cost_to_collect"], "share"),
                request.words(f"frontier.{state}"),
            ]
        )
    head = [
        request.words("plan"),
        *(say.measure(m)[0] for m in (by, *BURDENS, "cost_to_collect")),
        request.words("frontier.limits"),
    ]
    return html.table(head, rows, request.words("frontier.table"))
