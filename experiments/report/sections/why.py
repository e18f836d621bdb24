"""Why the challenger gains or loses against the plan in force: the parts of the difference, and whether it lasts in other worlds."""

from __future__ import annotations

from typing import Any

from recoup.experiments.comparison.run import Run, verdict
from recoup.experiments.report import charts
from recoup.experiments.report.blocks import Block, Cell, Columns, Line, Paragraph, Table
from recoup.experiments.report.decision import worlds_of
from recoup.experiments.report.text import Text
from recoup.experiments.robustness.files import ATTRIBUTION_FILE, WHY_FILE
from recoup.experiments.robustness.stress import UNPERTURBED
from recoup.experiments.robustness.why import WORLDS
from recoup.experiments.runs.champion import VALUE


def build(run: Run, say: Text) -> list[Block]:
    found, small = _attribution(run)
    worlds, few = worlds_of(run)
    parts = _parts(run, say, found, "why.parts_small" if small else "why.parts")
    in_worlds = _worlds(run, say, worlds)
    columns = [column for column in (parts, in_worlds[:-1]) if column]
    blocks: list[Block] = [Columns(columns)] if columns else []
    blocks += in_worlds[-1:]  # the table behind the picture
    if blocks and (small or few):
        of_parts, of_worlds, accounts = _size(run)
        blocks.append(
            Paragraph(say("why.small", accounts=accounts, parts=_seeds(of_parts, say), worlds=_seeds(of_worlds, say)))
        )
    return blocks


def _size(run: Run) -> tuple[list[int], list[int], str]:
    why = run.extra(WHY_FILE)
    assert why is not None
    return why["attribution"]["seeds"], why["worlds"]["seeds"], f"{why['worlds']['accounts']:,}"


def _seeds(seeds: list[int], say: Text) -> str:
    return say("seeds_one") if len(seeds) == 1 else say("seeds_many", n=len(seeds))


def _attribution(run: Run) -> tuple[dict[str, Any] | None, bool]:
    """The parts of the difference between champion and challenger, from `recoup attribute` or from small runs; and whether from those."""
    for result, small in ((run.extra(ATTRIBUTION_FILE), False), ((run.extra(WHY_FILE) or {}).get("attribution"), True)):
        if result and (result["from"], result["to"]) == (run.reference, run.best):
            return result, small
    return None, False


def parts_of(run: Run, say: Text) -> str:
    """What timing, channel, offers and legal steps contribute, the largest first, in a sentence; empty where nobody has measured it.

    Args:
        run: the finished run.
        say: the words.
    """
    found, small = _attribution(run)
    if found is None:
        return ""
    return say("memo.drivers.decisions_small" if small else "memo.drivers.decisions", parts=_listed(found, say))


def _listed(attribution: dict[str, Any], say: Text) -> str:
    parts = attribution["measures"][VALUE]["parts"]
    order = sorted(parts, key=lambda part: -abs(parts[part]["mean"]))
    said = (f"{say(f'attribution.parts.{part}')} {say.span(parts[part], 'points', signed=True)}" for part in order)
    return say("list.semicolon").join(said)


def _parts(run: Run, say: Text, result: dict[str, Any] | None, sentence: str) -> list[Block]:
    if result is None or run.reference is None:
        return []
    found = result["measures"][VALUE]
    names = {"champion": say.name(run.reference), "challenger": say.name(run.best)}
    message = say(sentence, **names, total=say.span(found["total"], "points", signed=True), parts=_listed(result, say))
    start = found["start"]["mean"]
    return [
        Paragraph(message, "message"),
        charts.waterfall(
            "why",
            (names["champion"], start),
            [(say(f"attribution.parts.{part}"), found["parts"][part]) for part in found["parts"]],
            (names["challenger"], start + found["total"]["mean"]),
            say("why.caption_chart", **names),
        ),
    ]


def _worlds(run: Run, say: Text, found: dict[str, dict[str, Any]] | None) -> list[Block]:
    """The same difference where a mechanism that a policy may live on is weak or absent."""
    if found is None or run.reference is None:
        return []
    verdicts = {world: verdict(found[world][VALUE], 1) for world in WORLDS}
    others = [world for world in WORLDS if world != UNPERTURBED]
    labels = {world: say(f"why.worlds.{world}") for world in WORLDS}
    names = {"champion": say.name(run.reference), "challenger": say.name(run.best)}
    won = [world for world in others if verdicts[world] == "good"]
    gains = verdicts[UNPERTURBED] == "good"
    if gains and len(won) < len(others):
        lost = say("list.semicolon").join(labels[world] for world in others if world not in won)
        message = say("why.fails", worlds=lost, **names)
    else:
        key = "holds" if gains else "never" if not won else "elsewhere"
        message = say(f"why.{key}", n=len(others), worlds=say("list.semicolon").join(labels[w] for w in won), **names)
    chart = charts.dots(
        "worlds",
        [labels[world] for world in WORLDS],
        {names["challenger"]: [found[world][VALUE] for world in WORLDS]},
        say("stress.axis", challenger=names["challenger"], baseline=names["champion"]),
        say("why.caption_worlds", **names),
        from_zero=False,
    )
    rows: list[list[Cell | str]] = []
    for world in WORLDS:
        row = found[world]
        mark = {"good": "good", "bad": "bad"}.get(verdicts[world], "")
        value = say.limits(row[VALUE], "points", signed=True)
        rows.append(
            [
                labels[world],
                Cell(
                    say.number(row[VALUE]["mean"], "points", signed=True),
                    [Line(value), Line(say(f"verdict.{verdicts[world]}"), mark)],
                ),
                Cell(
                    say.number(row["recovery_rate"]["mean"], "share", signed=True),
                    [Line(say.limits(row["recovery_rate"], "share", signed=True))],
                ),
                Cell(
                    say.number(row["complaints_per_1000"]["mean"], "count", signed=True),
                    [Line(say.limits(row["complaints_per_1000"], "count", signed=True))],
                ),
            ]
        )
    head = [say(f"why.{column}") for column in ("world", "value", "recovery", "complaints")]
    return [Paragraph(message, "message"), chart, Table(say("why.caption_worlds", **names), head, rows)]
