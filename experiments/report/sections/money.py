"""Liquidation curves, the Kaplan–Meier curve of the time to recover, recovery by tier, and roll rates."""

from __future__ import annotations

import numpy as np

from recoup.experiments.comparison.run import Run
from recoup.experiments.report import charts
from recoup.experiments.report.blocks import Block, Columns, Paragraph
from recoup.experiments.report.decision import emphasis
from recoup.experiments.report.sections import rolls, tier
from recoup.experiments.report.text import Text

EARLY_DAY = 30


def build(run: Run, say: Text) -> list[Block]:
    days = run.results["days"]
    cash, unresolved = run.curves("liquidation"), run.curves("unresolved")
    early = min(EARLY_DAY, days)

    def at(plan: str, day: int) -> str:
        return say.number(float(cash[plan][:, day - 1].mean()), "share")

    values = {
        "day": early,
        "last": days,
        "best": say.name(run.best),
        "ours": at(run.best, early),
        "ours_last": at(run.best, days),
    }
    if run.reference:
        values |= {
            "against": say.name(run.reference),
            "theirs": at(run.reference, early),
            "theirs_last": at(run.reference, days),
        }
    named = {say.name(name): cash[name] for name in run.ordered}
    remaining = {say.name(name): unresolved[name] for name in run.ordered}
    about, accounts = emphasis(run, say), run.results["portfolio"]["accounts"]
    liquidation = charts.curves(
        "liquidation", named, about, (say("money.axis_day"), say("money.axis_cash")), say("money.liquidation_caption")
    )
    survival = charts.curves(
        "unresolved",
        remaining,
        about,
        (say("money.axis_day"), say("money.axis_unresolved")),
        say("money.unresolved_caption"),
        start=1.0,
        at_risk=charts.AtRisk(say("money.at_risk"), accounts),
    )
    said = say("money.liquidation_two" if run.reference else "money.liquidation_one", **values)
    medians = _medians(run, say, {name: unresolved[name].mean(axis=0) for name in run.ordered[:2]})
    blocks: list[Block] = [
        Columns([[Paragraph(said, "message"), liquidation], [Paragraph(medians, "message"), survival]])
    ]
    lower: list[list[Block]] = [list(tier.pictured(run, say)), list(rolls.pictured(run, say))]
    return [*blocks, Columns([column for column in lower if column])]


def _medians(run: Run, say: Text, curves: dict[str, np.ndarray]) -> str:
    if run.reference and all(curve[-1] > 0.5 for curve in curves.values()):
        ours, theirs = (say.number(float(curves[name][-1]), "share") for name in (run.best, run.reference))
        names = {"best": say.name(run.best), "against": say.name(run.reference)}
        return say("money.median_none_two", days=run.results["days"], ours=ours, theirs=theirs, **names)
    return say.sentences(*(_median(run, say, name, curve) for name, curve in curves.items()))


def _median(run: Run, say: Text, plan: str, curve: np.ndarray) -> str:
    """The day on which half of the accounts are resolved, or what is left at the horizon."""
    if curve[-1] > 0.5:
        share = say.number(float(curve[-1]), "share")
        return say("money.median_none", plan=say.name(plan), days=run.results["days"], share=share)
    return say("money.median", plan=say.name(plan), day=int(np.argmax(curve <= 0.5)) + 1)
