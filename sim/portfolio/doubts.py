"""What a portfolio file says that can be used but is unlikely to be meant: totals among the accounts, cents, marks misread."""

from __future__ import annotations

import re
from typing import Any

import pandas as pd

from recoup.sim.parameters import Population
from recoup.sim.portfolio.cells import Cells
from recoup.sim.portfolio.columnmap import ColumnMap

_TOTAL = re.compile(
    r"(grand |sub)?-?(total|totals|sum|summe|gesamt|gesamtsumme|total g[ée]n[ée]ral|totaux|totale|suma|итого)|合计|总计|小计|總計|合計|共计",
    re.IGNORECASE,
)
_TIMES = 20.0  # a median so many times another is unlikely: amounts in cents are 100 times theirs
_INCOMES = 60.0  # five years' income owed, at the median


def doubts_of(cells: Cells, mapping: ColumnMap, raw: pd.DataFrame, table: pd.DataFrame) -> list[str]:
    """Sentences on what is unlikely in the file itself.

    Args:
        cells: as read.
        mapping: the column map.
        raw: the cells of the rows that count, by their place in the file.
        table: the usable values of the same rows.
    """
    doubts = [
        f"line {line} goes on over lines that look like rows: is a quotation mark left open there?"
        for line in cells.swallowed
    ]
    doubts += [
        f"{cells.unit} {place} looks like a total of the others, not an account"
        for place in _totals(raw, mapping, table)
    ]
    doubts += [*_three_decimals(cells, mapping, raw), *_currencies(cells, mapping, raw)]
    if {"opening_balance", "monthly_income"} <= set(table) and table["monthly_income"].median() > 0:
        incomes = (table["opening_balance"] / table["monthly_income"]).median()
        if incomes > _INCOMES or incomes < 1 / 1000:
            doubts.append(
                f"opening_balance: the median is {incomes:,.4g} times monthly_income; are both in the same unit, a month's income?"
            )
    return doubts


def population_doubts(table: pd.DataFrame, population: Population) -> list[str]:
    """Sentences on what is unlikely beside a scenario's population: medians of another order of magnitude.

    Args:
        table: the usable values of a file.
        population: of the scenario in which they are to be treated.
    """
    doubts = []
    for name, usual in (("opening_balance", population.balance_median), ("monthly_income", population.income_median)):
        median = table[name].median() if name in table else float("nan")
        if median > _TIMES * usual or 0 < median < usual / _TIMES:
            doubts.append(
                f"{name}: the median is {median:,.10g}, the scenario's {usual:,.10g}; is it in cents (`scale: 0.01`), "
                "thousands or another currency?"
            )
    return doubts


def _totals(raw: pd.DataFrame, mapping: ColumnMap, table: pd.DataFrame) -> list[int]:
    """Places of rows that are named like a total, and of the last one if its balance is the sum of all others'."""
    names = raw[mapping.fields["account_id"].columns[0]].fillna("").str.strip().str.rstrip(" :")
    places = set(names.index[names.map(lambda name: bool(_TOTAL.fullmatch(name)))])
    balance = table["opening_balance"]
    if len(balance) > 3 and abs(balance.iloc[:-1].sum() - balance.iloc[-1]) < 0.005:
        places.add(balance.index[-1])
    return sorted(places)


def _money(cells: Cells, mapping: ColumnMap, raw: pd.DataFrame) -> list[tuple[str, pd.Series[Any]]]:
    """The fields that hold money as text, and their cells."""
    named = ((name, mapping.fields.get(name)) for name in ("opening_balance", "monthly_income"))
    return [
        (name, raw[mapped.column].fillna("").astype(str))
        for name, mapped in named
        if mapped and mapped.column and mapped.column not in cells.numeric
    ]


def _three_decimals(cells: Cells, mapping: ColumnMap, raw: pd.DataFrame) -> list[str]:
    """1.234 where nothing has one or two decimals is rather one thousand than one."""
    doubts = []
    for name, text in _money(cells, mapping, raw):
        decimals = text.str.extract(f"{re.escape(mapping.decimal)}([0-9]*)[^0-9]*$")[0].dropna()
        if len(decimals) and (decimals.str.len() == 3).all():
            mark = mapping.decimal
            doubts.append(
                f"{name}: all {len(decimals):,} values with a {mark!r} have three digits behind it, as in "
                f"{text[decimals.index[0]]!r}; is it the thousands mark?"
            )
    return doubts


def _currencies(cells: Cells, mapping: ColumnMap, raw: pd.DataFrame) -> list[str]:
    """Amounts in several currencies are added up as if they were one."""
    doubts = []
    for name, text in _money(cells, mapping, raw):
        counts = {mark: int(text.str.contains(mark, regex=False).sum()) for mark in mapping.currency}
        found = [f"{mark} ({count:,})" for mark, count in counts.items() if count]
        if len(found) > 1:
            doubts.append(f"{name}: several currency marks, and nothing is converted: {', '.join(found)}")
    return doubts
