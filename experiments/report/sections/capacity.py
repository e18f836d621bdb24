"""What was done, which resources ran short, and what one more unit of each would bring (shadow prices)."""

from __future__ import annotations

from typing import Any

import pandas as pd

from recoup.experiments.comparison.results import EVENTS
from recoup.experiments.comparison.run import Run, part_path
from recoup.experiments.report import charts
from recoup.experiments.report.blocks import Block, Cell, Columns, Line, Paragraph, Table
from recoup.experiments.report.sections import plan
from recoup.experiments.report.text import Text, written
from recoup.experiments.robustness.files import SHADOW_PRICES_FILE
from recoup.sim.inputs import InputError

IDLE = 0.5  # share of a pool's time: with less of it used, what was not served was asked for at the wrong time


def build(run: Run, say: Text) -> list[Block]:
    left: list[Block] = [Paragraph(_bottleneck(run, say), "message")]
    if served := _by_window(run):
        rows = {
            say("capacity.window", channel=say(f"treatments.{channel}"), start=first, end=last): found
            for (channel, first, last), found in served.items()
        }
        words = (say("capacity.made"), say("capacity.not_made"))
        caption = say("capacity.picture", plan=say.name(run.best))
        left.append(charts.bars("windows", rows, words, say("capacity.axis"), caption))
    columns = [left, plan.pictured(run, say)]
    return [Columns([column for column in columns if column]), _table(run, say), *_shadow_prices(run, say)]


def _by_window(run: Run) -> dict[tuple[str, int, int], tuple[float, float]]:
    """Contacts by people and lines that were asked for and lawful, by channel and hours: made, and not made for lack of staff; means over seeds.

    Nothing where the run kept no event logs.
    """
    asked: dict[tuple[str, int, int], list[float]] = {}
    seeds = run.results["seeds"]
    scarce = [channel.name for channel in run.lists.vocabulary.channels if channel.pool]
    for seed in seeds:
        file = part_path(run.folder, run.best, seed).with_suffix(".events.parquet")
        if not file.exists():
            return {}
        try:
            log = pd.read_parquet(file, columns=["channel", "from_hour", "to_hour", "done", "stopped_by"])
        except (OSError, ValueError) as error:  # pyarrow's own errors are such
            raise InputError(file, "", "damage", f"an event log of `recoup compare` ({error})") from None
        log = log[log["channel"].isin(scarce) & log["from_hour"].notna()]
        log = log[log["done"] | log["stopped_by"].isna()]
        found = (
            log.groupby(["channel", "from_hour", "to_hour"], observed=True)["done"].agg(["sum", "size"]).reset_index()
        )
        for row in found.to_dict("records"):
            pair = asked.setdefault((str(row["channel"]), int(row["from_hour"]), int(row["to_hour"])), [0.0, 0.0])
            pair[0] += row["sum"] / len(seeds)
            pair[1] += (row["size"] - row["sum"]) / len(seeds)
    return {key: (asked[key][0], asked[key][1]) for key in sorted(asked)}


def _bottleneck(run: Run, say: Text) -> str:
    pools, name = run.results["resources"][run.best], say.name(run.best)
    waiting = run.results["legal_team"][run.best]["waiting_suits"]
    legal = say("capacity.legal", queue=f"{waiting:,.0f}") if waiting >= 1 else ""
    unserved = {pool: 1 - use["served"] / use["requested"] for pool, use in pools.items() if use["requested"]}
    worst = max(unserved, key=lambda pool: unserved[pool], default=None)
    if worst is None or unserved[worst] < 0.001:
        return say.sentences(say("capacity.message_none", plan=name), legal)
    share = say.number(unserved[worst], "share")
    used, capacity = pools[worst]["seconds_used"], pools[worst]["seconds_on_shift"]
    idle = capacity and used / capacity < IDLE
    message = say(
        "capacity.idle" if idle else "capacity.message",
        plan=name,
        pool=say(f"pools.{worst}"),
        unserved=share,
        used=say.number(used / capacity if capacity else None, "share"),
    )
    return say.sentences(message, legal)


def _table(run: Run, say: Text) -> Table:
    results = run.results
    rows: list[list[Cell | str]] = [
        [say(f"capacity.events.{event}"), *(f"{results['events'][name][event]['mean']:,.0f}" for name in run.ordered)]
        for event in EVENTS
    ]
    for pool in run.lists.resources:
        row: list[Cell | str] = [say("capacity.pool", pool=say(f"pools.{pool}"))]
        for name in run.ordered:
            use = results["resources"][name][pool]
            requested, on_shift = use["requested"], use["seconds_on_shift"]
            served = (
                [Line(say("capacity.served", share=say.number(use["served"] / requested, "share")))]
                if requested
                else []
            )
            row.append(Cell(say.number(use["seconds_used"] / on_shift if on_shift else None, "share"), served))
        rows.append(row)
    row = [say("capacity.legal_row")]
    for name in run.ordered:
        team = results["legal_team"][name]
        places, waiting = team["case_places"], team["waiting_suits"]
        lines = [Line(say("capacity.waiting", n=f"{waiting:,.1f}"))] if waiting else []
        row.append(Cell(say.number(team["active_cases"] / places if places else None, "share"), lines))
    return Table(say("capacity.caption"), [say("capacity.per_run"), *map(say.name, run.ordered)], [*rows, row])


def _shadow_prices(run: Run, say: Text) -> list[Block]:
    """Shadow prices, where `recoup shadow-prices` has measured them."""
    result = run.extra(SHADOW_PRICES_FILE)
    if not result or not result["rows"]:
        return []

    def money(value: float | None, currency: str) -> str:
        return "–" if value is None else f"{written(value, ',.2f')} {currency}"

    rows: list[list[Cell | str]] = []
    for row in result["rows"]:
        price, currency = row["price"], row["currency"]
        ends = [money(price[end], currency) for end in ("low", "high")]
        lines = [Line(say("between", low=ends[0], high=ends[1]))] if price["low"] is not None else []
        resource = Cell(say.one_of("capacity.resources", row["resource"]), [Line(_unit(row, say))])
        rows.append([resource, say.name(row["policy"]), Cell(money(price["mean"], currency), lines)])
    positive = [row for row in result["rows"] if (row["price"]["low"] or 0.0) > 0]
    message = say("capacity.shadow_prices_none")
    if positive:
        top = max(positive, key=lambda row: row["price"]["mean"])
        message = say(
            "capacity.shadow_prices_message",
            unit=_unit(top, say),
            plan=say.name(top["policy"]),
            value=money(top["price"]["mean"], top["currency"]),
        )
    head = [say("capacity.resource"), say("capacity.plan"), say("capacity.price")]
    return [Paragraph(message, "message"), Table(say("capacity.shadow_prices_caption"), head, rows)]


def _unit(row: dict[str, Any], say: Text) -> str:
    return say.one_of("capacity.units", row["resource"], row["unit"])
