"""What fewer contacts and complaints would cost: a family of policies by price, where `recoup frontier` has run."""

from __future__ import annotations

from typing import Any

import numpy as np

from recoup.experiments.comparison.measure import Unit
from recoup.experiments.comparison.measures import MEASURE
from recoup.experiments.report import charts
from recoup.experiments.report.blocks import Block, Paragraph, Picture
from recoup.experiments.report.text import Text
from recoup.experiments.robustness.price_frontier import BURDENS, FRONTIER, Candidate, on_frontier
from recoup.experiments.runs.run import Run


def build(run: Run, say: Text) -> list[Block]:
    result = run.extra(FRONTIER)
    if not result or not result["points"]:
        return []
    return [
        Paragraph(say.sentences(*sentences(result, say)), "message"),
        picture(result, say),
        Paragraph(say("frontier.note", seeds=len(result["seeds"]))),
    ]


def sentences(result: dict[str, Any], say: Text) -> list[str]:
    """How many points are on the frontier, and which was chosen."""
    by, points = result["by"], result["points"]
    title = say.measure(by)[0]
    chosen = next(point for point in points if point["name"] == result["chosen"])
    values = chosen["values"]
    reached = {
        "name": chosen["name"],
        "value": f"{title} {say.number(values[by], MEASURE[by].unit)}",
        "contacts": say.number(values["contacts_per_debtor"], "count"),
        "complaints": say.number(values["complaints_per_1000"], "count"),
    }
    on = sum(point["frontier"] for point in points)
    return [
        say("frontier.message", points=len(points), on=on, measure=title),
        say("frontier.chosen" if result["feasible"] else "frontier.none", **reached),
    ]


def picture(result: dict[str, Any], say: Text) -> Picture:
    """The family's policies and the plans, by the measure against contacts and against complaints."""
    by, points, plans = result["by"], result["points"], result["plans"]
    candidates = [Candidate(point["name"], point["values"]) for point in points]
    panels = [
        charts.FrontierPanel(
            say.measure(burden)[0],
            np.array([point["values"][burden] for point in points]),
            on_frontier(candidates, by, (burden,)),
            [plan["values"][burden] for plan in plans],
            result["limits"].get(burden),
        )
        for burden in BURDENS
    ]
    names = [point["name"] for point in points]
    title = say.measure(by)[0]
    return charts.frontier(
        "frontier",
        panels,
        np.array([point["values"][by] for point in points]),
        {say.name(plan["name"]): plan["values"][by] for plan in plans},
        names.index(result["chosen"]) if result["feasible"] else None,
        title,
        (say("frontier.ahead"), say("frontier.behind"), say("frontier.point"), say("frontier.limit")),
        MEASURE[by].unit == Unit.SHARE,
        say("frontier.caption", measure=title),
    )
