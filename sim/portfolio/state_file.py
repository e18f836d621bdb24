"""A portfolio in mid-life as a file and its column map, from which `importing.load` reads it again."""

from __future__ import annotations

import pandas as pd
import yaml

from recoup.sim.portfolio.days_ago import days_ago
from recoup.sim.portfolio.fields import Kind
from recoup.sim.portfolio.table import PORTFOLIO, Portfolio
from recoup.sim.remarks import contents


def file_table(portfolio: Portfolio) -> pd.DataFrame:
    """The columns of a portfolio of which anything is known, as a file holds them: flags as such, days as texts, dates as dates."""
    found = {}
    for one in PORTFOLIO.fields:
        if one.name not in portfolio.table or not portfolio.table[one.name].notna().any():
            continue
        values = portfolio.table[one.name]
        if one.kind is Kind.DAYS:
            values = values.map(days_ago, na_action="ignore").astype(object)
        elif one.kind is Kind.FLAG:
            values = values.astype(float).map({1.0: True, 0.0: False}).astype("boolean")
        elif one.kind is Kind.INTEGER:
            values = values.astype("Int64")
        elif one.kind in (Kind.TEXT, Kind.CATEGORY):
            values = values.astype(object).where(values.notna(), None)
        found[one.name] = values.reset_index(drop=True)
    return pd.DataFrame(found)


def file_map(portfolio: Portfolio) -> str:
    """The column map (YAML) of `file_table`."""
    content = {
        "for": PORTFOLIO.name,
        "source": portfolio.name,
        **({"as_of": portfolio.as_of} if portfolio.as_of else {}),
        "notes": contents(portfolio.notes),
        "fields": {str(name): str(name) for name in file_table(portfolio)},
    }
    return yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=1_000_000)
