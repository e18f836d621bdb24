"""Whether collectors differ by more than luck: promises per right-party contact by person, with the limits of chance."""

from __future__ import annotations

from recoup.experiments.comparison.files import COLLECTORS_TABLE
from recoup.experiments.comparison.run import Run
from recoup.experiments.comparison.staff_results import Spread, shown, spread_in
from recoup.experiments.report.blocks import Block, Cell, Line, Paragraph, Table
from recoup.experiments.report.charts import funnel
from recoup.experiments.report.text import Text

SURE = 0.05  # below this, luck is no explanation


def build(run: Run, say: Text) -> list[Block]:
    file = run.folder / COLLECTORS_TABLE.name
    if not file.exists():
        return []
    table = COLLECTORS_TABLE.read(file)
    table = table[table["policy"] == run.best]
    pools = [pool for pool in run.lists.resources if (table["pool"] == pool).any()]
    spreads = {pool: found for pool in pools if (found := spread_in(table, pool)) is not None}
    if not spreads:
        return []
    plan = say.name(run.best)
    caption = say("collectors.picture", plan=plan)
    points = {
        say(f"pools.{pool}"): (found.rate, shown(table, pool)["reached"], shown(table, pool)["promises"])
        for pool, found in spreads.items()
    }
    picture = funnel("collectors", points, say("collectors.contacts"), say("collectors.rate"), caption)
    return [
        Paragraph(say.sentences(*(_message(pool, found, say) for pool, found in spreads.items())), "message"),
        picture,
        _table(spreads, plan, say),
        Paragraph(say("collectors.explain")),
    ]


def _message(pool: str, found: Spread, say: Text) -> str:
    """What the spread of one pool says, with its confidence."""
    verdict = "differ" if found.chance < SURE else "alike"
    return say(
        f"collectors.{verdict}",
        pool=say(f"pools.{pool}"),
        worst=say.number(found.worst, "share"),
        best=say.number(found.best, "share"),
        beyond=say.number(found.beyond_luck, "points"),
    )


def _table(spreads: dict[str, Spread], plan: str, say: Text) -> Table:
    rows: list[list[Cell | str]] = [
        [
            say(f"pools.{pool}"),
            f"{found.people:,}",
            f"{found.contacts:,}",
            say.number(found.rate, "share"),
            Cell(
                say("between", low=say.number(found.worst, "share"), high=say.number(found.best, "share")),
                [Line(say("collectors.outside", share=say.number(found.outside, "share")))],
            ),
            _chance(found.chance, say),
        ]
        for pool, found in spreads.items()
    ]
    columns = ("pool", "people", "reached", "mean", "range", "chance")
    return Table(say("collectors.caption", plan=plan), [say(f"collectors.head.{name}") for name in columns], rows)


def _chance(chance: float, say: Text) -> str:
    return say("collectors.below") if chance < 0.001 else say.number(chance, "share")
