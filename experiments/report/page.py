"""The page: a decision on the first sheet, what it rests on, and an appendix; one HTML file that takes nothing from outside."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import jinja2

from recoup.experiments.comparison.run import Run
from recoup.experiments.report.blocks import Block, Section, Table
from recoup.experiments.report.charts import COLOURS
from recoup.experiments.report.decision import Asked, decide
from recoup.experiments.report.files import ASKED_FILE
from recoup.experiments.report.sections import (
    actions,
    attribution,
    capacity,
    collectors,
    data,
    fairness,
    frontier,
    headline,
    levers,
    measures,
    memo,
    method,
    money,
    plan,
    rolls,
    rules,
    sources,
    stress,
    tier,
    upper_bounds,
    welfare,
    why,
)
from recoup.experiments.report.text import LANGUAGES, Text, text_in
from recoup.experiments.report.words import rules_label
from recoup.experiments.runs.runfolder import REPORT, in_language, write_text

Build = Callable[[Run, Text], list[Block]]
# In the order of the page: what a decision rests on, and, after that, everything else on which somebody may want to look closer.
BODY: dict[str, Build] = {
    "why": why.build,
    "money": money.build,
    "welfare": welfare.build,
    "capacity": capacity.build,
    "actions": actions.build,
}
APPENDIX: dict[str, Build] = {
    "headline": headline.build,
    "frontier": frontier.build,
    "attribution": attribution.build,
    "sources": sources.build,
    "tier": tier.build,
    "actions_others": actions.others,
    "collectors": collectors.build,
    "stress": stress.build,
    "levers": levers.build,
    "upper_bounds": upper_bounds.build,
    "rules": rules.build,
    "burden_checks": welfare.checks,
    "fairness": fairness.build,
    "plan": plan.build,
    "rolls": rolls.build,
    "measures_section": measures.build,
    "data": data.build,
    "method": method.build,
}
SECTIONS = {**BODY, **APPENDIX}
# Kinds of treatment in the bars of the stage map; the pattern tells them apart without colour.
BAR_COLOURS = dict(
    zip(
        ("text", "autocall", "collector", "specialist", "letter", "visit", "legal"),
        (COLOURS[5], COLOURS[4], COLOURS[0], COLOURS[2], COLOURS[3], COLOURS[1], COLOURS[6]),
        strict=True,
    )
)


def render(folder: Path, language: str = "en", asked: Asked | None = None) -> Path:
    """Write the report of a run folder: report.html, or report.zh.html and the like in other languages.

    What a reader asks stays in the folder, so that all pages of a run say the same decision: it holds for later ones, and those that
    are there in other languages are written anew.

    Args:
        folder: of a finished run.
        language: one of `LANGUAGES`.
        asked: what the reader asks beside what the run holds; what is None in it, or all, is as it was asked before.

    Returns:
        The page's path.

    Raises:
        InputError: the folder holds no finished run, or the champion is none of its plans.
    """
    before = Asked(**(ASKED_FILE.read_if_there(folder) or {}))
    asked = asked.over(before) if asked else before
    path = _write(folder, language, asked)
    if asked != before:
        ASKED_FILE.write(folder, asdict(asked))
        for other in LANGUAGES:
            if other != language and (folder / in_language(REPORT, other)).exists():
                _write(folder, other, asked)
    return path


def _write(folder: Path, language: str, asked: Asked) -> Path:
    run = Run(folder, asked.champion, asked.change_cost)
    say = text_in(language, run.results["currency"]).of(run.lists)
    first = memo.build(run, say, decide(run, asked))
    body = _sections(BODY, run, say)
    html = (
        environment()
        .get_template("page.html.j2")
        .render(
            say=say,
            title=_title(run, say),
            sub=_sub(run, say),
            memo=Section("memo", say("memo.heading"), first) if first else None,
            body=[_without_tables(section) for section in body],
            appendix=[*_sections(APPENDIX, run, say), *_tables(body, say)],
            colours=BAR_COLOURS,
        )
    )
    path = folder / in_language(REPORT, language)
    write_text(path, html)
    return path


def _sections(builders: dict[str, Build], run: Run, say: Text) -> list[Section]:
    return [
        Section(name, plan.heading(run, say) if name == "plan" else say(f"{name}.heading"), blocks)
        for name, build in builders.items()
        if (blocks := build(run, say))
    ]


def _is_data(block: Block) -> bool:
    """A table of numbers behind a picture."""
    return isinstance(block, Table) and not (block.words or block.kind)


def _without_tables(section: Section) -> Section:
    return replace(section, blocks=[block for block in section.blocks if not _is_data(block)])


def _tables(body: list[Section], say: Text) -> list[Section]:
    """The tables behind the pictures of the body, a section each."""
    return [
        Section(f"{section.name}-tables", say("tables_of", heading=section.heading), tables)
        for section in body
        if (tables := [block for block in section.blocks if _is_data(block)])
    ]


def environment() -> jinja2.Environment:
    """What pages are made with: text is escaped, and a name that a page lacks is an error."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("recoup.experiments.report", "templates/report"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.tests["block"] = lambda block, kind: type(block).__name__ == kind
    return environment


def _title(run: Run, say: Text) -> str:
    title = say.one_of("names", run.results["scenario"])
    title = run.results["title"] if title == run.results["scenario"] else title
    if run.results["settings"]["portfolio"]:  # the user's own accounts, which the scenario's title is not about
        title = run.results["portfolio"]["name"]
    return say("title", title=title, plans=len(run.names)) if len(run.names) > 1 else say("title_one", title=title)


def _sub(run: Run, say: Text) -> str:
    results, seeds = run.results, len(run.results["seeds"])
    return say(
        "sub",
        accounts=f"{results['portfolio']['accounts']:,}",
        currency=results["currency"],
        balance=f"{results['portfolio']['opening_balance']:,.0f}",
        days=results["days"],
        seeds=say("seeds_one") if seeds == 1 else say("seeds_many", n=seeds),
        rules=rules_label(run, say),
    )
