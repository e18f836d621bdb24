"""What a portfolio file says that can be used but is unlikely to be meant: totals among the accounts, cents, marks misread."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from recoup.sim.parameters import Population, World
from recoup.sim.portfolio.cells import Cells
from recoup.sim.portfolio.column import Column
from recoup.sim.portfolio.columnmap import ColumnMap
from recoup.sim.portfolio.dates import read_differently
from recoup.sim.portfolio.table import PORTFOLIO, Kind, Registry
from recoup.sim.remarks import Remark

_TOTAL = re.compile(
    r"(grand |sub)?-?(total|totals|sum|summe|gesamt|gesamtsumme|total g[ée]n[ée]ral|totaux|totale|suma|итого)|合计|总计|小计|總計|合計|共计",
    re.IGNORECASE,
)
_TIMES = 20.0  # a median so many times another is unlikely: amounts in cents are 100 times theirs
_INCOMES = 60.0  # five years' income owed, at the median


def doubts_of(
    cells: Cells, mapping: ColumnMap, columns: Mapping[str, Column], table: pd.DataFrame, registry: Registry = PORTFOLIO
) -> list[Remark]:
    """What is unlikely in the file itself.

    Args:
        cells: as read.
        mapping: the column map.
        columns: the cells of the rows that count.
        table: the usable values of the same rows, by their place in the file.
        registry: the fields that there are.
    """
    doubts = [Remark("swallowed", {"unit": cells.unit, "place": line}) for line in cells.swallowed]
    doubts += [Remark("total", {"unit": cells.unit, "place": place}) for place in _totals(columns, mapping, table)]
    money = _money(cells, mapping, columns, registry)
    doubts += [*_three_decimals(money, mapping), *_currencies(money, mapping), *_dates(mapping, columns, registry)]
    if {"opening_balance", "monthly_income"} <= set(table) and table["monthly_income"].median() > 0:
        incomes = (table["opening_balance"] / table["monthly_income"]).median()
        if incomes > _INCOMES or incomes < 1 / 1000:
            doubts.append(Remark("incomes", {"times": float(incomes)}))
    return doubts


def population_doubts(table: pd.DataFrame, population: Population) -> list[Remark]:
    """What is unlikely beside a scenario's population: medians of another order of magnitude.

    Args:
        table: the usable values of a file.
        population: of the scenario in which they are to be treated.
    """
    doubts: list[Remark] = []
    for name, usual in (("opening_balance", population.balance_median), ("monthly_income", population.income_median)):
        median = table[name].median() if name in table else float("nan")
        if median > _TIMES * usual or 0 < median < usual / _TIMES:
            doubts.append(Remark("median", {"column": name, "median": float(median), "usual": float(usual)}))
    return doubts


def staffing_doubts(accounts: int, world: World) -> list[Remark]:
    """Fixed numbers of people, lines and places that are unlikely beside a portfolio of this size.

    Args:
        accounts: of the portfolio.
        world: of the scenario; what it says by the size of the portfolio is what is usual.
    """
    operations, courts = world.operations, world.courts
    fixed = {name: (pool.agents, pool.per_1000_accounts) for name, pool in world.pools.items()}
    fixed["legal_cases"] = (operations.legal_cases, operations.legal_cases_per_1000_accounts)
    fixed["docket"] = (courts.docket, courts.docket_per_1000_accounts)
    doubts: list[Remark] = []
    for name, (number, usual) in fixed.items():
        rate = 1000 * (number or 0) / accounts
        if number and (rate > _TIMES * usual or rate < usual / _TIMES):
            values = {"scarce": name, "number": number, "accounts": accounts, "rate": rate, "usual": usual}
            doubts.append(Remark("staffing", values))
    return doubts


def _totals(columns: Mapping[str, Column], mapping: ColumnMap, table: pd.DataFrame) -> list[int]:
    """Places of rows that are named like a total, and of the last one if its balance is the sum of all others'."""
    ids = Column.first_of([columns[name] for name in mapping.fields["account_id"].columns])
    places = set(table.index[ids.rows_of(named_like_totals(ids.texts))])
    balance = next((table[name] for name in ("opening_balance", "amount") if name in table), pd.Series(dtype=float))
    if len(balance) > 3 and abs(balance.iloc[:-1].sum() - balance.iloc[-1]) < 0.005:
        places.add(balance.index[-1])
    return sorted(places)


def named_like_totals(texts: pa.StringArray) -> NDArray[np.bool_]:
    """Which names of accounts are rather those of a total: shape (texts,)."""
    total = ~pc.match_substring_regex(texts, "[0-9]").to_numpy(zero_copy_only=False)  # no name of a total has a digit
    total[total] = [bool(_TOTAL.fullmatch(name.rstrip(" :"))) for name in texts.filter(pa.array(total)).to_pylist()]
    return np.asarray(total)


def _money(
    cells: Cells, mapping: ColumnMap, columns: Mapping[str, Column], registry: Registry
) -> list[tuple[str, Column]]:
    """The fields that hold money as text, and the cells of each of their columns."""
    mapped = ((one.name, mapping.fields.get(one.name)) for one in registry.fields if one.unit.startswith("currency"))
    return [
        (name, columns[column])
        for name, source in mapped
        if source and source.numeric
        for column in source.columns
        if column not in cells.numeric
    ]


def _three_decimals(money: list[tuple[str, Column]], mapping: ColumnMap) -> list[Remark]:
    """1.234 where nothing has one or two decimals is rather one thousand than one."""
    doubts: list[Remark] = []
    for name, column in money:
        found = pc.extract_regex(column.texts, f"{re.escape(mapping.decimal)}(?P<decimals>[0-9]*)[^0-9]*$")
        digits = pc.fill_null(pc.utf8_length(found.field("decimals")), 0).to_numpy(zero_copy_only=False)
        rows = np.flatnonzero(column.rows_of(found.is_valid().to_numpy(zero_copy_only=False)))
        if len(rows) and (digits[column.codes[rows]] == 3).all():
            values = {"mark": repr(mapping.decimal), "example": repr(column.text(rows[0]))}
            doubts.append(Remark("decimals", {"column": name, "n": len(rows)} | values))
    return doubts


def _currencies(money: list[tuple[str, Column]], mapping: ColumnMap) -> list[Remark]:
    """Amounts in several currencies are added up as if they were one."""
    doubts: list[Remark] = []
    for name, column in money:
        having = {mark: pc.match_substring(column.texts, mark) for mark in mapping.currency}
        counts = {
            mark: int(column.rows_of(texts.to_numpy(zero_copy_only=False)).sum()) for mark, texts in having.items()
        }
        found = [f"{mark} ({count:,})" for mark, count in counts.items() if count]
        if len(found) > 1:
            doubts.append(Remark("currencies", {"column": name, "marks": found}))
    return doubts


def _dates(mapping: ColumnMap, columns: Mapping[str, Column], registry: Registry) -> list[Remark]:
    """Dates that two of the map's formats read as different days."""
    doubts: list[Remark] = []
    for one in registry.fields:
        mapped = mapping.fields.get(one.name)
        formats = mapped.format or mapping.dates if mapped else []
        if mapped is None or len(formats) < 2 or not (mapped.date_column or one.kind is Kind.DATE):
            continue
        for column in (columns[name] for name in mapped.columns):
            differ = column.rows_of(read_differently(column.texts, formats))
            if differ.any():
                example = repr(column.text(int(np.flatnonzero(differ)[0])))
                doubts.append(Remark("dates", {"column": one.name, "n": int(differ.sum()), "example": example}))
    return doubts
