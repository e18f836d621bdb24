"""The words and the page of a backtest: verdict, pictures, every measure, and how it was done."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from recoup.experiments.comparison.lists import lists_of
from recoup.experiments.records.recorded_measures import FAMILIES
from recoup.experiments.report.blocks import Block, Bullets, Cell, Line, Paragraph, Section, Table
from recoup.experiments.report.charts import banded, dots
from recoup.experiments.report.page import environment
from recoup.experiments.report.text import Text, text_in
from recoup.experiments.runs.runfolder import in_language, write_text
from recoup.sim.parameters import World

PAGE = "backtest.html"
_DASH = "–"
_IN_PICTURE = ("payers", "roll", "right_party", "promises", "kept", "accepted")
MOST = 5  # measures that the verdict names


def figure(value: float | None, unit: str, say: Text) -> str:
    """A measure's value: a share in per cent, a count with three digits."""
    if value is None:
        return _DASH
    return say.number(value, "share") if unit == "share" else f"{value:,.3g}".replace("-", "−")


def title_of(row: dict[str, Any], say: Text) -> str:
    """What a measure is called, its part among it."""
    family, part = say(f"backtest.families.{row['family']}"), row["part"]
    if part.startswith("day-"):
        part = say("backtest.day", n=part.removeprefix("day-"))
    elif part:
        part = say.one_of("treatments", part)
    return say("backtest.part", family=family, part=part) if part else family


def group_name(group: str, say: Text) -> str:
    """The accounts of a tier, or of a bucket of days past due, in words."""
    if group.startswith("tier-"):
        return say.one_of("tiers", group.removeprefix("tier-"))
    return say.one_of("backtest.group", group)


def percent(share: float | None) -> str:
    """A share as a whole per cent, with a digit where it is small."""
    if share is None:
        return _DASH
    return f"{100 * share:,.0f} %" if share >= 0.0995 else f"{100 * share:.1f} %"


def happened(row: dict[str, Any]) -> bool:
    """The measure is not nought in the records and all simulations."""
    return any(row[side][end] for side, end in (("recorded", "mean"), ("simulated", "low"), ("simulated", "high")))


def judged(content: dict[str, Any]) -> list[dict[str, Any]]:
    """The measures that count for the verdict, and that can be measured."""
    return [row for row in content["measures"] if row["judged"] and row["verdict"] != "unknown"]


def verdict_words(content: dict[str, Any], say: Text) -> list[str]:
    """The verdict in sentences: the whole, how many measures lie where, and what treatments have to do with it."""
    words = {name: percent(content[name]) for name in ("p", "tolerance")} | {"least": percent(content["least_p"])}
    key, replayed = content["verdict"], content["replayed"]
    if key == "differs":
        key = "differs_plan" if replayed is None else "differs_log"
    said = [say(f"backtest.{key}", seeds=len(content["seeds"]), **words)]
    rows = judged(content)
    counts = {name: sum(row["verdict"] == name for row in rows) for name in ("outside", "inside", "wide")}
    said.append(say("backtest.counted", known=len(rows), **counts, **words))
    if replayed is None:
        said.append(
            say(
                "backtest.treatments_differ"
                if content["treatments_p"] <= content["level"]
                else "backtest.treatments_agree"
            )
        )
    else:
        said.append(say("backtest.replayed", **{name: f"{count:,}" for name, count in replayed.items()}))
        said.append(say("backtest.approximate"))
    if content["drawn"]:
        said.append(say("backtest.drawn", fields=say.listed([say.column(name) for name in content["drawn"]])))
    return said


def outside_words(content: dict[str, Any], say: Text) -> list[str]:
    """The judged measures outside their bands, the farthest first; one sentence each."""
    rows = {row["measure"]: row for row in judged(content)}
    outside = [rows[name] for name in content["farthest"] if rows.get(name, {}).get("verdict") == "outside"]
    said = []
    for row in outside[:MOST]:
        unit, simulated = FAMILIES[row["family"]].unit, row["simulated"]
        figures = {name: figure(simulated[name], unit, say) for name in ("low", "high")}
        recorded, mean = figure(row["recorded"]["mean"], unit, say), figure(simulated["mean"], unit, say)
        said.append(say("backtest.one_outside", title=title_of(row, say), recorded=recorded, simulated=mean, **figures))
    return said


def title_and_sub(content: dict[str, Any], say: Text) -> tuple[str, str]:
    """What was compared with what, in a line; and on what, in another."""
    who = (
        say("backtest.by_log")
        if content["policy"] is None
        else say("backtest.by_plan", plan=say.name(content["policy"]))
    )
    title = say("backtest.title", scenario=say.name(content["scenario"]))
    sub = say(
        "backtest.sub",
        accounts=f"{content['accounts']:,}",
        first=content["first_day"],
        last=content["last_day"],
        seeds=len(content["seeds"]),
        who=who,
    )
    return title, sub


def words_of(world: World, language: str) -> Text:
    """The words of a backtest: the scenario's own channels and tiers by their labels.

    Args:
        world: of the scenario.
        language: one of `LANGUAGES`.
    """
    return text_in(language, world.currency).of(lists_of(world))


def render_backtest(folder: Path, content: dict[str, Any], say: Text) -> Path:
    """Write backtest.html, or backtest.zh.html and the like.

    Args:
        folder: where to.
        content: of backtest.json.
        say: of `words_of`.

    Raises:
        InputError: it cannot be written.
    """
    parts: dict[str, list[Block]] = {
        "verdict": _verdict(content, say),
        "curve": _curve(content, say),
        "rates": _rates(content, say),
        "table": [_table(content["measures"], say, say("backtest.table.caption"))],
        "groups": _groups(content, say),
        "method": _method(say),
    }
    sections = [Section(name, say(f"backtest.{name}.heading"), blocks) for name, blocks in parts.items() if blocks]
    title, sub = title_and_sub(content, say)
    page = environment().get_template("page.html.j2")
    path = folder / in_language(PAGE, say.language)
    write_text(
        path, page.render(say=say, title=title, sub=sub, memo=sections[0], body=sections[1:], appendix=[], colours={})
    )
    return path


def _verdict(content: dict[str, Any], say: Text) -> list[Block]:
    first, *others = verdict_words(content, say)
    blocks: list[Block] = [Paragraph(first, "warning" if content["verdict"] == "differs" else "message")]
    blocks += [Paragraph(sentence) for sentence in others]
    if outside := outside_words(content, say):
        blocks += [Paragraph(say("backtest.outside_heading")), Bullets(outside)]
    return blocks


def _curve(content: dict[str, Any], say: Text) -> list[Block]:
    rows = [row for row in content["measures"] if row["family"] == "recovery"]
    days = [0, *(int(row["part"].removeprefix("day-")) for row in rows)]
    lines = {say(f"backtest.curve.{side}"): _line([row[side] for row in rows]) for side in ("simulated", "recorded")}
    words = [say(f"backtest.curve.{name}") for name in ("day", "share", "caption")]
    return [banded("curve", lines, days, *words)]


def _line(spans: list[dict[str, Any]]) -> tuple[list[float], list[float], list[float]]:
    mean, low, high = ([0.0, *(span[end] for span in spans)] for end in ("mean", "low", "high"))
    return mean, low, high


def _rates(content: dict[str, Any], say: Text) -> list[Block]:
    rows = [row for row in judged(content) if row["family"] in _IN_PICTURE and row["recorded"]["mean"]]
    if not rows:
        return []
    values = {say(f"backtest.curve.{side}"): [row[side] for row in rows] for side in ("recorded", "simulated")}
    titles = [title_of(row, say) for row in rows]
    return [dots("rates", titles, values, say("backtest.rates.share"), say("backtest.rates.caption"))]


def _table(rows: Iterable[dict[str, Any]], say: Text, caption: str) -> Table:
    """Measures of all days that can be measured."""
    cells: list[list[Cell | str]] = []
    for row in rows:
        if row["month"] or row["verdict"] == "unknown" or not happened(row):
            continue
        unit = FAMILIES[row["family"]].unit
        sides = [
            Cell(figure(row[side]["mean"], unit, say), _limits(row[side], unit, say))
            for side in ("recorded", "simulated")
        ]
        verdict = Cell(
            "", [Line(say(f"backtest.verdicts.{row['verdict']}"), "bad" if row["verdict"] == "outside" else "")]
        )
        cells.append([title_of(row, say), *sides, percent(row["half_width"]), verdict])
    head = [say(f"backtest.table.{name}") for name in ("measure", "recorded", "simulated", "width", "verdict")]
    return Table(caption, head, cells)


def _limits(side: dict[str, Any], unit: str, say: Text) -> list[Line]:
    if side["low"] is None or side["low"] == side["high"]:
        return []
    return [Line(say("between", low=figure(side["low"], unit, say), high=figure(side["high"], unit, say)))]


def _groups(content: dict[str, Any], say: Text) -> list[Block]:
    cells: list[list[Cell | str]] = []
    for group in content["groups"]:
        (row,) = [row for row in group["measures"] if row["family"] == "cash" and not row["month"]]
        verdict = Cell(
            "", [Line(say(f"backtest.verdicts.{row['verdict']}"), "bad" if row["verdict"] == "outside" else "")]
        )
        sides = [
            Cell(figure(row[side]["mean"], "share", say), _limits(row[side], "share", say))
            for side in ("recorded", "simulated")
        ]
        name = group_name(group["group"], say)
        cells.append([name, f"{group['accounts']:,}", *sides, percent(row["half_width"]), verdict])
    head = [say(f"backtest.groups.{name}") for name in ("group", "accounts")]
    head += [say(f"backtest.table.{name}") for name in ("recorded", "simulated", "width", "verdict")]
    return [Table(say("backtest.groups.caption"), head, cells)] if cells else []


def _method(say: Text) -> list[Block]:
    return [Bullets([say(f"backtest.method.items.{name}") for name in ("start", "same", "band", "rank", "limits")])]
