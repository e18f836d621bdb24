"""All runs: what each is about, and what came of it in one line."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from markupsafe import Markup, escape

from recoup.experiments.comparison.run import verdict
from recoup.experiments.dashboard import html
from recoup.experiments.dashboard.request import Request
from recoup.experiments.dashboard.shelf import Entry, Kind, open_run
from recoup.experiments.runs.champion import VALUE

PAGES = {Kind.COMPARISON: "comparison", Kind.UNFINISHED: "running", Kind.TRAINING: "running", Kind.STUDY: "frontier"}


def build(request: Request) -> Sequence[Any]:
    if not request.entries:
        places = request.say.listed([str(place) for place in request.shelf.places])
        return [html.paragraph(request.words("runs.none", places=places), "note")]
    head = [request.words(f"runs.{key}") for key in ("name", "about", "size", "result", "when")]
    return [html.table(head, [_row(request, entry) for entry in request.entries], words=True, stack=True)]


def _row(request: Request, entry: Entry) -> list[str]:
    when = datetime.fromtimestamp(entry.changed).strftime("%Y-%m-%d %H:%M")
    if entry.kind == Kind.DAMAGED:
        about: str = html.cell(request.words("runs.damaged"), entry.fault, "bad")
        return [entry.id, about, "", "", when]
    name = html.link(entry.id, request.address(PAGES[entry.kind], run=entry.id))
    if entry.kind != Kind.COMPARISON:
        return [name, request.words(f"runs.kinds.{entry.kind}"), "", "", when]
    return [name, *_finished(request, entry), when]


def _finished(request: Request, entry: Entry) -> list[str]:
    say, results = request.say, entry.results
    plans = say.listed([say.name(name) for name in results["policies"]])
    about = html.cell(say.one_of("names", results["scenario"], results["title"]), plans)
    seeds = say("seeds_one") if len(results["seeds"]) == 1 else say("seeds_many", n=len(results["seeds"]))
    size = request.words("runs.accounts", accounts=f"{results['portfolio']['accounts']:,}", days=results["days"])
    return [about, html.cell(size, seeds), _result(request, entry)]


def _result(request: Request, entry: Entry) -> Markup:
    """What the challenger is worth against the champion."""
    run = open_run(entry.folder)
    say, results, best, against = request.say, run.results, run.best, run.reference
    if against is None:
        return escape(f"{say.measure(VALUE)[0]}: {say.span(results['policies'][best][VALUE], 'share')}")
    change = results["differences"][best][against][VALUE]
    mark = verdict(change, 1)
    told = request.words("runs.against", best=say.name(best), against=say.name(against))
    return html.cell(told, say.span(change, "points", signed=True), "" if mark == "open" else mark)
