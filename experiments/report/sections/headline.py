"""The first screen: the answer in words, five figures, and the claims."""

from __future__ import annotations

from recoup.experiments.comparison.compare import claims
from recoup.experiments.comparison.measures import MEASURE
from recoup.experiments.comparison.welfare import WELFARE
from recoup.experiments.report.answers import answers
from recoup.experiments.report.blocks import Block, Cell, Line, Paragraph, Table
from recoup.experiments.report.sections.welfare import check_words
from recoup.experiments.report.text import Text
from recoup.experiments.runs.run import BASE, Run, verdict

HEADLINE = ("recovery_rate", "time_to_recover_days", "cost_to_collect", "complaints_per_1000", "breaches")
# Of cards, which are cured by what is overdue, cash tells the smaller part.
CARDS = ("cured_balance_rate", "npv_rate")


def build(run: Run, say: Text) -> list[Block]:
    blocks: list[Block] = [Paragraph(sentence, "message") for sentence in answers(run.results, say)]
    blocks += [Paragraph(sentence, "message") for sentence in _debtor_burden(run, say)]
    if len(run.results["seeds"]) == 1:
        blocks.append(Paragraph(say("one_seed"), "warning"))
    blocks.append(_figures(run, say))
    if BASE in run.names and len(run.names) > 1:
        blocks.append(_claims(run, say))
    return blocks


def _debtor_burden(run: Run, say: Text) -> list[str]:
    """The check of debtor burden for the best plan, and which plan recovers most of those that pass it."""
    burden = run.extra(WELFARE)
    if not burden:
        return []
    checks = {check["policy"]: check for check in burden["checks"] if check["policy"] != check["reference"]}
    if run.best not in checks:
        return []
    said = [check_words(checks[run.best], burden, say)]
    gentle = [name for name, check in checks.items() if check["passed"]]
    if gentle and run.best not in gentle:
        plan = max(gentle, key=lambda name: run.value(name, "net_recovery_rate")["mean"] or 0.0)
        ours = say.span(run.value(plan, "net_recovery_rate"), "share")
        said.append(say("answers.gentle", plan=say.name(plan), reference=say.name(burden["reference"]), ours=ours))
    return said


def _figures(run: Run, say: Text) -> Table:
    best, against = run.best, run.reference
    head = [say("headline.measure"), say.name(best)]
    caption = say("headline.caption_one")
    if against:
        head += [say.name(against), say("headline.change")]
        caption = say("headline.caption", best=say.name(best), against=say.name(against))
    rows: list[list[Cell | str]] = []
    cured = any(run.value(plan, CARDS[0])["mean"] for plan in run.names)
    for name in (HEADLINE[0], *CARDS, *HEADLINE[1:]) if cured else HEADLINE:
        row: list[Cell | str] = [say.measure(name)[0]]
        row += [value_cell(run, say, plan, name) for plan in (best, against) if plan]
        if against:
            row.append(change_cell(run, say, best, against, name, in_words=True))
        rows.append(row)
    return Table(caption, head, rows)


def value_cell(run: Run, say: Text, plan: str, name: str) -> Cell:
    """A measure's mean with its interval below.

    Args:
        run: the finished run.
        say: the words.
        plan: name of the plan.
        name: of the measure.
    """
    interval, unit = run.value(plan, name), MEASURE[name].unit
    between = say.limits(interval, unit)
    return Cell(say.number(interval["mean"], unit), [Line(between)] if between else [])


def change_cell(run: Run, say: Text, plan: str, against: str, name: str, in_words: bool = False) -> Cell:
    """The paired difference with its interval, and whether it is better or worse at 95 %.

    Args:
        run: the finished run.
        say: the words.
        plan, against: names of the plans: the first less the second.
        name: of the measure.
        in_words: add a line that says better, worse or open.
    """
    measure, difference = MEASURE[name], run.difference(plan, against, name)
    if difference["mean"] is None:
        return Cell(say.number(None, "count"))
    unit = "points" if measure.unit == "share" else measure.unit
    lines = [Line(between)] if (between := say.limits(difference, unit, signed=True)) else []
    assessment = verdict(difference, measure.better)
    if in_words and (difference["low"] != 0 or difference["high"] != 0):
        lines.append(Line(say(f"verdict.{assessment}"), assessment))
    return Cell(say.number(difference["mean"], unit, signed=True), lines)


def _claims(run: Run, say: Text) -> Table:
    """What the staged plan's authors claim against the status quo, tested for every other plan."""
    rows: list[list[Cell | str]] = []
    for plan in run.ordered:
        if plan in (BASE, "no-contact"):
            continue
        row: list[Cell | str] = [say.name(plan)]
        for claim in claims(run.results["differences"], plan):
            words = say.one_of("answers.verdicts", claim["verdict"])
            mark = {"reached": "good", "not reached": "bad"}.get(claim["verdict"], "")
            between = say.limits(claim["relative"], "share", signed=True)
            row.append(
                Cell(say.number(claim["relative"]["mean"], "share", signed=True), [Line(between), Line(words, mark)])
            )
        rows.append(row)
    head = [say("headline.plan"), say("headline.claim_recovery"), say("headline.claim_time")]
    return Table(say("headline.claims_caption"), head, rows)
