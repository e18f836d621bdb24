"""Method, limits, and how to get the same numbers again."""

from __future__ import annotations

from recoup.experiments.comparison.run import Run
from recoup.experiments.report.blocks import Block, Code, Paragraph
from recoup.experiments.report.text import Text


def build(run: Run, say: Text) -> list[Block]:
    results = run.results
    versions = say.listed([f"{name} {version}" for name, version in results["versions"].items()])
    seeds = say("method.seeds", first=results["seeds"][0], last=results["seeds"][-1], versions=versions)
    return [
        Paragraph(say("method.method")),
        Paragraph(say("method.limits")),
        Code(results["command"] or "recoup compare"),
        Paragraph(say.sentences(seeds, say("method.files"))),
    ]
