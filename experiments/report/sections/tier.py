"""Outcomes by the risk tier in which an account entered."""

from __future__ import annotations

import math
from typing import Any

from recoup.experiments.comparison.intervals import difference
from recoup.experiments.comparison.measures import MEASURE
from recoup.experiments.comparison.run import Run
from recoup.experiments.report import charts
from recoup.experiments.report.blocks import Block, Cell, Line, Paragraph, Table
from recoup.experiments.report.decision import emphasis
from recoup.experiments.report.text import Text

_SHOWN = ("recovery_rate", "time_to_recover_days", "variable_cost_to_collect", "complaints_per_1000")


def pictured(run: Run, say: Text) -> list[Block]:
    """What the picture says, and the picture.

    Args:
        run: the finished run.
        say: the words.
    """
    tiers = run.results["tiers"]
    present = [tier for tier in run.tiers if run.results["tier_accounts"][tier]]
    rates = {name: {tier: tiers[name][tier]["recovery_rate"] for tier in present} for name in run.names}
    chart = charts.dots(
        "tiers",
        [say(f"tiers.{tier}") for tier in present],
        {say.name(name): [rates[name][tier] for tier in present] for name in run.ordered},
        say("tier.axis"),
        say("tier.chart_caption"),
        emphasis=emphasis(run, say),
    )
    return [Paragraph(_message(run, say, rates, present), "message"), chart]


def build(run: Run, say: Text) -> list[Block]:
    tiers = run.results["tiers"]
    present = [tier for tier in run.tiers if run.results["tier_accounts"][tier]]
    rows: list[list[Cell | str]] = []
    for tier in present:
        count = say("tier.accounts", n=f"{run.results['tier_accounts'][tier]:,.0f}")
        for measure in _SHOWN:
            unit = MEASURE[measure].unit
            head = Cell(say.measure(measure)[0], [Line(f"{say(f'tiers.{tier}')}{say('list.comma')}{count}")])
            cells = [tiers[name][tier][measure] for name in run.ordered]
            rows.append([head, *(Cell(say.number(c["mean"], unit), [Line(say.limits(c, unit))]) for c in cells)])
    return [Table(say("tier.caption"), [say("tier.tier"), *map(say.name, run.ordered)], rows)]


def _message(run: Run, say: Text, rates: dict[str, dict[str, dict[str, float]]], present: list[str]) -> str:
    best, against = run.best, run.reference
    if against is None:
        found = {tier: say.number(rates[best][tier]["mean"], "share") for tier in present}
        told = [say("tier.rate", value=value, tier=say(f"tiers.{tier}")) for tier, value in found.items()]
        return say("tier.message_one", rates=say.listed(told))
    gains = {tier: _gain(run, best, against, tier) for tier in present}
    top = max(gains, key=lambda tier: gains[tier]["mean"])
    return say(
        "tier.message" if gains[top]["mean"] > 0 else "tier.message_less",
        best=say.name(best),
        against=say.name(against),
        tier=say(f"tiers.{top}"),
        value=say.span(gains[top], "points", signed=True),
    )


def _gain(run: Run, best: str, against: str, tier: str) -> dict[str, Any]:
    """The difference in recovery within a tier, paired by seed."""

    def rates(name: str) -> list[float]:  # a tier that is empty on a seed has no rate there
        found = [part["tiers"][tier]["recovery_rate"] for part in run.parts(name)]
        return [math.nan if rate is None else rate for rate in found]

    return difference(rates(best), rates(against))
