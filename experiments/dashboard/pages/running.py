"""What is running now, or was broken off: how far each comparison and training has come, looked up again every two seconds."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import panel as pn

from recoup.experiments.dashboard import figures, html, layout
from recoup.experiments.dashboard.figures import CHALLENGER, CHAMPION, Series
from recoup.experiments.dashboard.request import Request
from recoup.experiments.dashboard.shelf import Entry, Kind
from recoup.experiments.learning.files import progress_line
from recoup.experiments.runs.progress import PROGRESS_FILE
from recoup.sim.inputs import InputError

EVERY = 2000  # milliseconds between two looks
QUIET = 120.0  # seconds without news after which a command may have been killed
_LINES = "progress.jsonl"
_MOST_POINTS = 400


def build(request: Request) -> Sequence[Any]:
    whole = pn.Column(sizing_mode="stretch_width", margin=0)
    seen: list[str] = [""]

    def look() -> None:
        entries = request.shelf.entries()
        state = json.dumps([_state(entry) for entry in entries if entry.kind in (Kind.UNFINISHED, Kind.TRAINING)])
        if state != seen[0]:  # nothing is drawn again as long as nothing has changed
            seen[0] = state
            whole.objects = layout.safely(lambda: _drawn(request, entries))

    look()
    if pn.state.curdoc and pn.state.curdoc.session_context:
        pn.state.add_periodic_callback(look, period=EVERY)
    return [html.paragraph(request.words("running.note"), "note"), whole]


def _notes(folder: Path) -> list[tuple[str, Path]]:
    """Where progress is noted: in the folder, or for each seed of a training in its own."""
    seeds = sorted(folder.glob(f"seed-*/{_LINES}"), key=lambda path: (len(path.parent.name), path.parent.name))
    return [(path.parent.name, path.parent) for path in seeds] or [("", folder)]


def _state(entry: Entry) -> list[Any]:
    stamps = []
    for _, folder in _notes(entry.folder):
        for name in (PROGRESS_FILE.name, _LINES):
            path = folder / name
            stamps.append([str(path), path.stat().st_mtime_ns if path.exists() else 0, _is_quiet(folder)])
    return stamps


def _read(folder: Path) -> dict[str, Any] | None:
    try:
        return PROGRESS_FILE.read_if_there(folder)
    except InputError:  # it has gone meanwhile, or another version's
        return None


def _seconds_since(moment: str) -> float:
    try:
        return (datetime.now(UTC) - datetime.fromisoformat(moment)).total_seconds()
    except (ValueError, TypeError):
        return 0.0


def _is_quiet(folder: Path) -> bool:
    note = _read(folder)
    return note is not None and _seconds_since(note["updated"]) > QUIET


def _drawn(request: Request, entries: Sequence[Entry]) -> Sequence[Any]:
    parts: list[Any] = []
    finished: list[Any] = []
    for entry in entries:
        if entry.kind == Kind.UNFINISHED:
            parts += _comparison(request, entry)
        elif entry.kind == Kind.TRAINING:
            (finished if _is_finished(entry.folder) else parts).extend(_training(request, entry))
    if finished:
        finished.insert(0, html.heading(request.words("running.finished")))
    return [*(parts or [html.paragraph(request.words("running.none"), "note")]), *finished]


def _is_finished(folder: Path) -> bool:
    """Whether a training has come to its end; one that was broken off may have left a policy, and says how far it came."""
    written = any((folder / name).exists() for name in ("policy.json", "family.json"))
    return written and not any((each / PROGRESS_FILE.name).exists() for _, each in _notes(folder))


def _comparison(request: Request, entry: Entry) -> list[Any]:
    note = _read(entry.folder)
    if note is None:
        done = sum(1 for _ in entry.folder.glob("parts/*/*.json"))
        return [html.heading(entry.id), html.paragraph(request.words("running.unknown", done=done), "note")]
    return [html.heading(entry.id), html.paragraph(_told(request, note), "note"), _bars(request, note)]


def _bars(request: Request, note: dict[str, Any]) -> Any:
    say = request.say
    rows = []
    for name, task in note["tasks"].items():
        share = say.number(task["done"] / task["total"] if task["total"] else None, "share")
        label = say.name(name)
        counted = html.cell(f"{task['done']:,} / {task['total']:,}", share)
        rows.append([label, html.bar(task["done"], task["total"], label), counted])
    head = [request.words("plan"), request.words("running.progress"), request.words(f"running.units.{note['unit']}")]
    return html.table(head, rows)


def _told(request: Request, note: dict[str, Any]) -> str:
    """Whether it runs, since when, and how long it may still take."""
    say = request.say
    done = sum(task["done"] for task in note["tasks"].values())
    total = sum(task["total"] for task in note["tasks"].values())
    taken = max(_seconds_since(note["began"]) - _seconds_since(note["updated"]), 0.0)
    if note["stopped"]:
        return request.words("running.stopped", when=_clock(note["updated"]))
    if _is_old(note):
        return request.words("running.quiet", when=_clock(note["updated"]))
    said = [request.words("running.since", when=_clock(note["began"]))]
    if (fresh := done - note["done_before"]) > 0 and taken > 0 and total > done:
        said.append(request.words("running.left", time=_span(request, taken / fresh * (total - done))))
    return say.sentences(*said)


def _is_old(note: dict[str, Any]) -> bool:
    return _seconds_since(note["updated"]) > QUIET


def _clock(moment: str) -> str:
    try:
        return datetime.fromisoformat(moment).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    except ValueError:
        return moment


def _span(request: Request, seconds: float) -> str:
    if seconds < 90:
        return request.words("running.seconds", n=f"{seconds:,.0f}")
    if seconds < 5400:
        return request.words("running.minutes", n=f"{seconds / 60:,.0f}")
    return request.words("running.hours", n=f"{seconds / 3600:,.1f}")


def _training(request: Request, entry: Entry) -> list[Any]:
    finished = _is_finished(entry.folder)
    parts: list[Any] = [html.heading(entry.id, 3 if finished else 2)]
    for name, folder in _notes(entry.folder):
        if name:
            parts.append(html.heading(name, 3))
        note, lines = _read(folder), _lines(folder / _LINES)
        if note:
            parts += [html.paragraph(_told(request, note), "note"), _bars(request, note)]
        elif not finished:
            parts.append(html.paragraph(request.words("running.no_note"), "note"))
        known = [line for line in lines if line["recovery"] is not None]
        if len(known) > 1:
            parts.append(_curve(request, known))
        elif lines:
            last = request.words("running.at", steps=f"{lines[-1]['steps']:,}")
            parts.append(html.paragraph(last, "note"))
    return parts


def _curve(request: Request, known: Sequence[dict[str, Any]]) -> Any:
    """What the policy recovered on its latest cohorts, beside the plan that it is to beat."""
    steps, ours, base = (
        np.array([line[key] for line in known], float) for key in ("steps", "recovery", "recovery_baseline")
    )
    series = [
        Series(request.words("running.baseline"), CHAMPION, steps, base),
        Series(request.words("running.trained_policy"), CHALLENGER, steps, ours),
    ]
    across, up = request.words("running.units.account-days"), request.say.measure("recovery_rate")[0]
    return figures.lines(series, across, up, from_zero=False, height=280)


def _lines(path: Path) -> list[dict[str, Any]]:
    """The readable lines of a training's progress, thinned out to what a picture can show."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    whole = text[: text.rfind("\n") + 1].splitlines()  # what follows is being written
    every = -(-len(whole) // _MOST_POINTS) or 1
    return [line for text in whole[::-1][::every][::-1] if (line := progress_line(text))]
