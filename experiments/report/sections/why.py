"""Why the best challenger gains or loses against the champion: the parts of the difference, and whether it lasts in other worlds."""

from __future__ import annotations

from typing import Any

from recoup.experiments.report import charts
from recoup.experiments.report.answers import called
from recoup.experiments.report.blocks import Block, Cell, Line, Paragraph, Table
from recoup.experiments.report.text import Text
from recoup.experiments.robustness.stress import STRESS, UNPERTURBED
from recoup.experiments.robustness.why import WORLDS
from recoup.experiments.runs.champion import VALUE, challengers
from recoup.experiments.runs.run import Run, verdict
from recoup.experiments.runs.runfolder import ATTRIBUTION, WHY


def build(run: Run, say: Text) -> list[Block]:
    if not challengers(run.results):
        return []
    small = run.extra(WHY) or {}
    attribution, worlds = _full_attribution(run), _full_stress(run)
    blocks = _parts(
        run, say, attribution or small.get("attribution"), "why.parts" if attribution else "why.parts_small"
    )
    blocks += _worlds(run, say, worlds or small.get("worlds"))
    if small and blocks and not (attribution and worlds):
        seeds = (_seeds(small[key]["seeds"], say) for key in ("attribution", "worlds"))
        accounts = f"{small['worlds']['accounts']:,}"
        blocks.append(Paragraph(say("why.small", accounts=accounts, parts=next(seeds), worlds=next(seeds))))
    return blocks


def _seeds(seeds: list[int], say: Text) -> str:
    return say("seeds_one") if len(seeds) == 1 else say("seeds_many", n=len(seeds))


def _full_attribution(run: Run) -> dict[str, Any] | None:
    """What `recoup attribute` has found, if it was asked about champion and challenger."""
    result = run.extra(ATTRIBUTION)
    return result if result and (result["from"], result["to"]) == (run.reference, run.best) else None


def _full_stress(run: Run) -> dict[str, Any] | None:
    """What `recoup stress` has found, if it was asked about champion and challenger in the worlds that are shown here."""
    result = run.extra(STRESS)
    if not result or not set(WORLDS) <= {row["perturbation"] for row in result["rows"]}:
        return None
    asked = (result["challenger"], result["baseline"])
    names = [name for name in (run.best, run.reference) if name]
    policy_refs = run.policy_refs(names)
    meant = zip(names, policy_refs, strict=True)
    return result if all(said in called_so for said, called_so in zip(asked, meant, strict=True)) else None


def _parts(run: Run, say: Text, result: dict[str, Any] | None, sentence: str) -> list[Block]:
    """What timing, channel, offers and legal steps contribute, the largest first in words."""
    if result is None or run.reference is None:
        return []
    found = result["measures"][VALUE]
    words = {part: say(f"attribution.parts.{part}") for part in found["parts"]}
    order = sorted(found["parts"], key=lambda part: -abs(found["parts"][part]["mean"]))
    listed = [f"{words[p]} {say.span(found['parts'][p], 'points', signed=True)}" for p in order]
    names = {"champion": called(run.results, run.reference, say), "challenger": say.name(run.best)}
    message = say(
        sentence,
        **names,
        total=say.span(found["total"], "points", signed=True),
        parts=say("list.semicolon").join(listed),
    )
    start = found["start"]["mean"]
    return [
        Paragraph(message, "message"),
        charts.waterfall(
            "why",
            (names["champion"], start),
            [(words[part], found["parts"][part]) for part in found["parts"]],
            (names["challenger"], start + found["total"]["mean"]),
            say("why.caption_chart", **names),
        ),
    ]


def _worlds(run: Run, say: Text, result: dict[str, Any] | None) -> list[Block]:
    """The same difference where a mechanism that a learned policy may live on is weak or absent."""
    if result is None or run.reference is None:
        return []
    found = {row["perturbation"]: row for row in result["rows"]}
    verdicts = {world: verdict(found[world][VALUE], 1) for world in WORLDS}
    others = [world for world in WORLDS if world != UNPERTURBED]
    labels = {world: say(f"why.worlds.{world}") for world in WORLDS}
    names = {"champion": called(run.results, run.reference, say), "challenger": say.name(run.best)}
    won = [world for world in others if verdicts[world] == "good"]
    gains = verdicts[UNPERTURBED] == "good"
    if gains and len(won) < len(others):
        lost = say("list.semicolon").join(labels[world] for world in others if world not in won)
        message = say("why.fails", worlds=lost, **names)
    else:
        key = "holds" if gains else "never" if not won else "elsewhere"
        message = say(f"why.{key}", n=len(others), worlds=say("list.semicolon").join(labels[w] for w in won), **names)
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
    return [Paragraph(message, "message"), Table(say("why.caption_worlds", **names), head, rows)]
