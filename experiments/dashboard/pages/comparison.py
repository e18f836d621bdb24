"""One comparison: figures, money and accounts over time, roll rates, capacity; of all accounts, or of those that filters leave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recoup.experiments.comparison.files import DAILY_TABLE, WELFARE_FILE
from recoup.experiments.comparison.intervals import difference, interval
from recoup.experiments.comparison.measure import Unit
from recoup.experiments.comparison.measures import REGISTRY
from recoup.experiments.comparison.run import Run, verdict
from recoup.experiments.dashboard import events, figures, html, layout, months
from recoup.experiments.dashboard.figures import CHALLENGER, CHAMPION, OTHER, Series
from recoup.experiments.dashboard.groups import SMALLEST, Filters, Group, choices
from recoup.experiments.dashboard.request import Request
from recoup.experiments.dashboard.shelf import read_if_there, table
from recoup.experiments.report.sections import rolls
from recoup.experiments.report.text import Text
from recoup.experiments.runs.champion import VALUE
from recoup.sim.account import MONTH

MEASURES = (
    VALUE,
    "recovery_rate",
    "variable_net_recovery_rate",
    "time_to_recover_days",
    "cure_rate",
    "cured_balance_rate",
    "cost_to_collect",
    "contacts_per_debtor",
    "complaints_per_1000",
    "sued_per_1000",
)
AT_RISK = 6  # columns below the curve


def build(request: Request) -> Sequence[Any]:
    run = request.comparison()
    if run is None:
        return [html.paragraph(request.words("none_finished"), "note")]
    return layout.safely(lambda: _page(request, run))


def _page(request: Request, run: Run) -> Sequence[Any]:
    say = request.say
    found = choices(run)
    by_month = {request.words("filters.whole"): 0}
    for number in range(1, -(-run.results["days"] // MONTH) + 1):
        last = min(MONTH * number, run.results["days"])
        by_month[request.words("filters.month_days", n=number, first=MONTH * (number - 1) + 1, last=last)] = number
    names = {
        "tier": {say.one_of("tiers", tier): tier for tier in found["tier"]},
        "product": {say.one_of("codes.product", product): product for product in found["product"]},
        "stage": {say("stage", days=stage): stage for stage in found["stage"]},
        "age": {age: age for age in found["age"]},
    }
    anything = request.words("filters.all")
    widgets = {
        key: layout.select(request.words(f"filters.{key}"), {anything: "", **options})
        for key, options in names.items()
        if options
    }
    widgets["month"] = layout.select(request.words("filters.month"), by_month)
    plans = {say.name(name): name for name in run.names}
    widgets["challenger"] = layout.select(request.words("filters.challenger"), plans, run.best)
    if run.reference:
        widgets["against"] = layout.select(request.words("filters.against"), plans, run.reference)

    def draw(challenger: str, against: str = "", **asked: Any) -> Sequence[Any]:
        rival = against if against and against != challenger else None
        return _drawn(request, Group(run, Filters(**asked)), challenger, rival)

    return [layout.controls(*widgets.values()), layout.drawn(draw, **widgets)]


def _drawn(request: Request, group: Group, challenger: str, against: str | None) -> Sequence[Any]:
    if group.is_small:
        return [html.paragraph(request.words("filters.small", n=SMALLEST), "warning")]
    roles = {
        name: CHALLENGER if name == challenger else CHAMPION if name == against else OTHER for name in group.run.names
    }
    shown = request.words("filters.shown", n=f"{group.size:,.0f}")
    return [
        html.paragraph(shown, "note"),
        *headline(request, group, challenger, against),
        *_of_the_month(request, group, challenger, against),
        layout.beside(_liquidation(request, group, roles), _survival(request, group, roles)),
        *_rolls(request, group, roles),
        *_capacity(request, group, challenger, against),
    ]


# --- figures ------------------------------------------------------------------------------------------------------------


def measured(group: Group, name: str, measure: str) -> Mapping[str, Any] | None:
    """A measure of a group; None where it makes no sense for a part of the accounts, or is not in the run."""
    if group.filters.of_accounts:
        return group.value(name, measure) if REGISTRY[measure].by_tier else None
    if measure in group.run.results["policies"][name]:
        return group.run.value(name, measure)
    burdens = read_if_there(WELFARE_FILE, group.run.folder)
    return burdens["policies"][name][measure] if burdens else None


def changed(group: Group, name: str, against: str, measure: str) -> Mapping[str, Any] | None:
    """The paired difference of two policies in a measure of a group; None as for `measured`."""
    if group.filters.of_accounts:
        return group.difference(name, against, measure) if REGISTRY[measure].by_tier else None
    if measure in group.run.results["policies"][name]:
        return group.run.difference(name, against, measure)
    burdens = read_if_there(WELFARE_FILE, group.run.folder)
    return burdens["differences"][name][against][measure] if burdens else None


def headline(request: Request, group: Group, challenger: str, against: str | None) -> list[Any]:
    """The measures that matter, with intervals, challenger beside champion."""
    say = request.say
    rows = []
    for name in MEASURES:
        ours = measured(group, challenger, name)
        if ours is None or ours["mean"] is None:
            continue
        row = [
            html.named(*say.measure(name), unit_words(request, REGISTRY[name].unit)),
            interval_cell(say, ours, REGISTRY[name].unit),
        ]
        if against:
            theirs, change = measured(group, against, name), changed(group, challenger, against, name)
            row.append(interval_cell(say, theirs, REGISTRY[name].unit) if theirs else "–")
            row.append(change_cell(say, change, name) if change else "–")
        rows.append(row)
    caption = request.words("comparison.headline_caption")
    note = [html.paragraph(request.words("comparison.whole_only"), "note")] if group.filters.of_accounts else []
    return [
        html.heading(request.words("comparison.headline")),
        html.table(_head(request, challenger, against), rows, caption),
        *note,
    ]


def _of_the_month(request: Request, group: Group, challenger: str, against: str | None) -> list[Any]:
    """What the days of the chosen month brought by themselves; nothing without a month."""
    if not group.filters.month:
        return []
    rows = []
    for name in months.measures_of(group):
        unit, ours = REGISTRY[name].unit, months.values(group, challenger, name)
        if ours is None:
            continue  # the curve below says why
        title = request.say.measure(name)[0]  # without the definition, which speaks of all days
        row: list[str] = [html.cell(title, unit_words(request, unit))]
        row.append(interval_cell(request.say, interval(ours), unit))
        if against:
            theirs = months.values(group, against, name)
            row.append(interval_cell(request.say, interval(theirs), unit) if theirs else "–")
            row.append(change_cell(request.say, difference(ours, theirs), name) if theirs else "–")
        rows.append(row)
    if not rows:
        return []
    first, last = group.filters.window(group.days)
    month = request.words("filters.month_days", n=group.filters.month, first=first + 1, last=last)
    caption = request.words("comparison.of_month_caption", days=last - first)
    note = [html.paragraph(request.words("comparison.of_month_cash_only"), "note")] if group.filters.of_accounts else []
    table_of_month = html.table(_head(request, challenger, against), rows, caption)
    return [html.heading(request.words("comparison.of_month", month=month)), table_of_month, *note]


def _head(request: Request, challenger: str, against: str | None) -> list[str]:
    head = [request.words("measure"), request.say.name(challenger)]
    return [*head, request.say.name(against), request.say("headline.change")] if against else head


def unit_words(request: Request, unit: str) -> str:
    """What a measure is counted in."""
    return request.words(f"units.{unit}")


def interval_cell(say: Text, value: Mapping[str, Any], unit: str, signed: bool = False, mark: str = "") -> Any:
    """A mean with its interval below."""
    found = dict(value)
    return html.cell(
        say.number(found["mean"], unit, signed),
        say.limits(found, unit, signed) if found["mean"] is not None else "",
        mark,
    )


def change_cell(say: Text, change: Mapping[str, Any], measure: str) -> Any:
    """A paired difference with its interval, marked where it is better or worse at 95 %."""
    unit = REGISTRY[measure].unit
    if change["mean"] is None:
        return "–"
    mark = verdict(dict(change), REGISTRY[measure].better)
    return interval_cell(say, change, "points" if unit == Unit.SHARE else unit, True, "" if mark == "open" else mark)


# --- over time ----------------------------------------------------------------------------------------------------------


def series_of(label: str, role: str, data: NDArray[np.float64], first: int, last: int) -> Series:
    """A mean curve with its band, of the days from `first` to before `last`; `data` has shape (seeds, days)."""
    part = data[:, first:last]
    mean = part.mean(axis=0)
    half = 1.96 * part.std(axis=0, ddof=1) / np.sqrt(len(part)) if len(part) > 1 else None
    days = np.arange(first + 1, last + 1)
    return Series(label, role, days, mean, None if half is None else mean - half, None if half is None else mean + half)


def _liquidation(request: Request, group: Group, roles: Mapping[str, str]) -> list[Any]:
    say = request.say
    parts: list[Any] = [html.heading(request.words("comparison.liquidation"))]
    curves, window = {name: group.liquidation(name) for name in roles}, group.filters.window(group.days)
    if any(curve is None for curve in curves.values()):
        rows = [[say.name(name), interval_cell(say, group.value(name, "recovery_rate"), "share")] for name in roles]
        note = html.paragraph(request.words("comparison.liquidation_all_only"), "note")
        return [*parts, note, html.table([request.words("plan"), say.measure("recovery_rate")[0]], rows)]
    series = [
        series_of(say.name(name), role, curve, *window)
        for name, role in roles.items()
        if (curve := curves[name]) is not None
    ]
    axes = say("money.axis_day"), say("money.axis_cash")
    return [*parts, figures.lines(series, *axes, from_zero=not group.filters.month)]


def _survival(request: Request, group: Group, roles: Mapping[str, str]) -> list[Any]:
    say, (first, last) = request.say, group.filters.window(group.days)
    curves = {name: group.unresolved(name) for name in roles}
    series = [series_of(say.name(name), role, curves[name], first, last) for name, role in roles.items()]
    days = sorted({round(day) for day in np.linspace(first, last, AT_RISK)})
    rows = []
    for name in sorted(roles, key=lambda one: (CHALLENGER, CHAMPION, OTHER).index(roles[one])):
        open_at_start = np.concatenate(
            [[1.0], curves[name].mean(axis=0)]
        )  # on the morning of the run, then each evening
        rows.append([say.name(name), *(f"{group.size * open_at_start[day]:,.0f}" for day in days)])
    head = [request.words("comparison.at_risk_plan"), *(request.words("comparison.day", n=day) for day in days)]
    return [
        html.heading(request.words("comparison.survival")),
        figures.lines(series, say("money.axis_day"), say("money.axis_unresolved"), from_zero=False),
        html.table(head, rows, request.words("comparison.at_risk")),
    ]


def _rolls(request: Request, group: Group, roles: Mapping[str, str]) -> list[Any]:
    say = request.say
    whole = not group.filters.of_accounts and not group.filters.month
    rates = {name: group.run.results["roll_rates"][name] if whole else group.roll_rates(name) for name in roles}
    shown = [
        roll for roll in next(iter(rates.values())) if any(rates[name][roll]["mean"] is not None for name in roles)
    ]
    parts: list[Any] = [
        html.heading(request.words("comparison.rolls")),
        html.paragraph(rolls.intro(group.run, say), "note"),
    ]
    if not shown:
        return [*parts, html.paragraph(request.words("comparison.no_rolls"), "note")]
    series = []
    for name in sorted(roles, key=lambda one: (CHALLENGER, CHAMPION, OTHER).index(roles[one])):
        known = [
            (number, rates[name][roll]) for number, roll in enumerate(shown) if rates[name][roll]["mean"] is not None
        ]
        mean, low, high = (
            np.array([each["mean"] if each[end] is None else each[end] for _, each in known], float)
            for end in ("mean", "low", "high")
        )
        told = [say.span(dict(each), "share") for _, each in known]
        series.append(Series(say.name(name), roles[name], mean, np.array([n for n, _ in known]), low, high, told))
    legend = figures.legend([(one.label, one.role) for one in series])
    cells = [[say.name(name), *(interval_cell(say, rates[name][roll], "share") for roll in shown)] for name in roles]
    return [
        *parts,
        html.legend(legend),
        figures.dots(shown, series, request.words("comparison.rolls_axis"), from_zero=True),
        html.table([request.words("plan"), *shown], cells, say("rolls.caption"), folded=request.words("as_table")),
    ]


# --- capacity -----------------------------------------------------------------------------------------------------------


def _capacity(request: Request, group: Group, challenger: str, against: str | None) -> list[Any]:
    say, (first, last) = request.say, group.filters.window(group.days)
    daily = table(DAILY_TABLE, group.run.folder)
    pair = {name: role for name, role in ((challenger, CHALLENGER), (against, CHAMPION)) if name}
    pools = [pool for pool in group.run.lists.resources if daily[f"{pool}_capacity"].sum() > 0]
    used, served = [], []
    for name, role in pair.items():
        days = daily[(daily["policy"] == name) & (daily["day"] >= first) & (daily["day"] < last)]
        sums = days[
            [f"{pool}_{what}" for pool in pools for what in ("seconds", "capacity", "requested", "served")]
        ].sum()
        used.append(Series(say.name(name), role, np.arange(len(pools)), _ratio(sums, pools, "seconds", "capacity")))
        served.append(Series(say.name(name), role, np.arange(len(pools)), _ratio(sums, pools, "served", "requested")))
    names = [say(f"pools.{pool}") for pool in pools]
    legend = html.legend(figures.legend([(say.name(name), role) for name, role in pair.items()]))
    parts: list[Any] = [
        html.heading(request.words("comparison.capacity")),
        html.paragraph(request.words("comparison.capacity_note"), "note"),
        legend,
        layout.beside(
            [
                html.heading(request.words("comparison.used"), 3),
                figures.bars(names, used, request.words("comparison.used_axis"), most=1.0),
            ],
            [
                html.heading(request.words("comparison.served"), 3),
                figures.bars(names, served, request.words("comparison.served_axis"), most=1.0),
            ],
        ),
    ]
    if by_day := _on_the_telephone(say, daily, pair, first, last):
        parts += [
            html.heading(request.words("comparison.by_day"), 3),
            figures.lines(by_day, say("money.axis_day"), request.words("comparison.used_axis"), height=260),
        ]
    return [*parts, *_by_hour(request, group, pair)]


def _on_the_telephone(say: Text, daily: pd.DataFrame, pair: Mapping[str, str], first: int, last: int) -> list[Series]:
    """Share of the time on shift that collectors and specialists used, on each day on which any were on shift."""
    found = []
    for name, role in pair.items():
        by_day = daily[daily["policy"] == name].groupby("day")
        at_work, on_shift = (
            (by_day[f"collector_{what}"].sum() + by_day[f"specialist_{what}"].sum()).to_numpy(float)[first:last]
            for what in ("seconds", "capacity")
        )
        working = np.flatnonzero(on_shift > 0)
        if working.size:
            found.append(Series(say.name(name), role, working + first + 1, at_work[working] / on_shift[working]))
    return found


def _ratio(sums: Any, pools: Sequence[str], above: str, below: str) -> NDArray[np.float64]:
    over, under = (np.array([float(sums[f"{pool}_{what}"]) for pool in pools]) for what in (above, below))
    return np.divide(over, under, out=np.full(len(pools), np.nan), where=under > 0)


def _by_hour(request: Request, group: Group, pair: Mapping[str, str]) -> list[Any]:
    """Contacts by window of the day, from the event logs of the first seed."""
    say, seed = request.say, group.run.results["seeds"][0]
    heading = html.heading(request.words("comparison.by_hour"), 3)
    made, wanting = [], []
    windows: list[tuple[float, float]] = []
    tallies = {name: events.by_window(group, name, seed) for name in pair}
    if any(tally is None for tally in tallies.values()):
        return [heading, html.paragraph(request.words("no_events"), "note")]
    windows = sorted({window for tally in tallies.values() if tally is not None for window in tally.index})
    for name, role in pair.items():
        tally = tallies[name]
        assert tally is not None
        tally = tally.reindex(windows, fill_value=0)
        where = np.arange(len(windows))
        done, unserved = tally["done"].to_numpy(float), tally["unserved"].to_numpy(float)
        made.append(Series(say.name(name), role, where, done))
        asked = done + unserved
        wanting.append(
            Series(say.name(name), role, where, np.divide(unserved, asked, out=np.zeros(len(asked)), where=asked > 0))
        )
    names = [f"{low:02.0f}–{high:02.0f}" for low, high in windows]
    if not names:
        return [heading, html.paragraph(request.words("comparison.no_contacts"), "note")]
    return [
        heading,
        html.paragraph(request.words("comparison.by_hour_note", seed=seed), "note"),
        layout.beside(
            [figures.bars(names, made, request.words("comparison.made_axis"), share=False)],
            [figures.bars(names, wanting, request.words("comparison.unserved_axis"))],
        ),
    ]
