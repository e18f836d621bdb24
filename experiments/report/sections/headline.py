"""The answer in words, key figures, the best learned policy against every plan, and the claims of the staged plan's authors."""

from __future__ import annotations

from typing import Any

from recoup.experiments.comparison.compare import claims
from recoup.experiments.comparison.measures import MEASURE
from recoup.experiments.comparison.run import BASE, Run, best_of, reference_of, verdict
from recoup.experiments.report.answers import answers, called
from recoup.experiments.report.blocks import Block, Bullets, Cell, Line, Table
from recoup.experiments.report.text import Text
from recoup.experiments.runs.champion import BURDENS, COST, VALUE, challengers, ranked

HEADLINE = (VALUE, "recovery_rate", "time_to_recover_days", "cost_to_collect", "complaints_per_1000", "breaches")
STAGED = "staged"
# Of cards, which are cured by what is overdue, cash tells the smaller part.
CURED = "cured_balance_rate"
GAINS = (VALUE, "recovery_rate", "net_recovery_rate", "time_to_recover_days")


def build(run: Run, say: Text) -> list[Block]:
    blocks: list[Block] = [Bullets(answers(run.results, say)), _figures(run, say)]
    if challengers(run.results):
        blocks.append(_against_each_plan(run, say))
    if BASE in run.names and STAGED in run.names:
        blocks.append(_claims(run, say))
    return blocks


def _figures(run: Run, say: Text) -> Table:
    best, against = best_of(run.results), reference_of(run.results)
    head = [say("headline.measure"), say.name(best)]
    caption = say("headline.caption_one")
    if against:
        against_name = called(run.results, against, say)
        head += [against_name, say("headline.change")]
        caption = say("headline.caption", best=say.name(best), against=against_name)
    rows: list[list[Cell | str]] = []
    cured = any(run.value(plan, CURED)["mean"] for plan in run.names)
    for name in (*HEADLINE[:2], CURED, *HEADLINE[2:]) if cured else HEADLINE:
        row: list[Cell | str] = [say.measure(name)[0]]
        row += [value_cell(run, say, plan, name) for plan in (best, against) if plan]
        if against:
            row.append(change_cell(run, say, best, against, name, in_words=True))
        rows.append(row)
    return Table(caption, head, rows)


def _against_each_plan(run: Run, say: Text) -> Table:
    """The best challenger beside every plan: what it gains, and what that asks of debtors and of the operation."""
    plans = [
        name for name in ranked(run.results) if name not in run.results["learned"] and name != best_of(run.results)
    ]
    best = best_of(run.results)
    head = [say("headline.plan"), *(say.measure(name)[0] for name in GAINS)]
    head += [say(f"headline.burdens.{burden}") for burden in BURDENS]
    rows: list[list[Cell | str]] = []
    for plan in plans:
        gains = run.results["differences"][best][plan]
        row: list[Cell | str] = [called(run.results, plan, say)]
        row += [_marked_cell(say, gains[name], MEASURE[name].unit, MEASURE[name].better) for name in GAINS]
        burdens = run.results["burdens"][best][plan]
        row += [_marked_cell(say, burdens[name], "share" if name == COST else "count", -1) for name in BURDENS]
        rows.append(row)
    return Table(say("headline.caption_plans", best=say.name(best)), head, rows)


def _marked_cell(say: Text, difference: dict[str, Any], unit: str, better: int) -> Cell:
    """A paired difference; below it the interval, marked where that is better or worse at 95 %."""
    unit = "points" if unit == "share" else unit
    assessment = verdict(difference, better)
    mark = "" if assessment == "open" else assessment
    between = say.limits(difference, unit, signed=True) or (say(f"verdict.{assessment}") if mark else "")
    return Cell(say.number(difference["mean"], unit, signed=True), [Line(between, mark)] if between else [])


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
    """What the staged plan's authors claim of it against the status quo; nobody claims that of another plan."""
    row: list[Cell | str] = [say.name(STAGED)]
    for claim in claims(run.results["differences"], STAGED):
        words = say.one_of("answers.verdicts", claim["verdict"])
        mark = {"reached": "good", "not reached": "bad"}.get(claim["verdict"], "")
        between = say.limits(claim["relative"], "share", signed=True)
        row.append(
            Cell(say.number(claim["relative"]["mean"], "share", signed=True), [Line(between), Line(words, mark)])
        )
    head = [say("headline.plan"), say("headline.claim_recovery"), say("headline.claim_time")]
    return Table(say("headline.claims_caption"), head, [row])
