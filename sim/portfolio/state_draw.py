"""The state that a file does not say, drawn from accounts that are like it: a random hot deck.

All fields that are to be drawn are taken together from one donor, so that they fit each other: one of the `NEAREST` accounts by days past
due, of the same product where there are any, that know all of them.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from recoup.sim.portfolio.fields import Kind
from recoup.sim.portfolio.state_checks import faults
from recoup.sim.portfolio.state_fields import STATE_FIELD
from recoup.sim.randomness import streams, uniforms

NEAREST = 20
_DAY, _DRAW = -4, 0  # of the draws: no other uses the day

DRAWABLE = tuple(one.name for one in STATE_FIELD.values() if one.field.unit != "currency" and one.name != "customer_id")


def draw_state(
    table: pd.DataFrame,
    names: list[str],
    as_of: date | None,
    seed: int,
    donors: pd.DataFrame | None = None,
    donors_as_of: date | None = None,
) -> tuple[pd.DataFrame, dict[str, int]]:
    """Fill state fields of accounts that do not say all of them.

    Args:
        table: complete but for its state; `dpd` and `product` say which accounts are alike.
        names: of the fields, each one of `DRAWABLE`.
        as_of: day of the table.
        seed: of the draws, with the row's number.
        donors: accounts from which is drawn, with the same columns; None = those of the table that know all the fields.
        donors_as_of: their day.

    Returns:
        The table, and field -> number of rows drawn. A row that would contradict itself stays as it is.

    Raises:
        LookupError: no donor knows all the fields.
    """
    source = table if donors is None else donors
    have = [name for name in names if name in source]
    known = source[have].notna().all(axis=1) if len(have) == len(names) else pd.Series(False, index=source.index)
    givers = source[known].reset_index(drop=True)
    if givers.empty:
        raise LookupError("no account knows all of " + ", ".join(names))
    lacking = np.ones(len(table), bool)
    for name in names:
        if name in table:
            lacking &= table[name].isna().to_numpy()
    rows = np.flatnonzero(lacking)
    luck = uniforms(streams(seed, rows.astype(np.int64)), _DAY, _DRAW)
    chosen = np.array([_donor(givers, table.iloc[row], share) for row, share in zip(rows, luck, strict=True)], np.int64)
    shift = (
        pd.Timedelta(days=(as_of - donors_as_of).days)
        if donors is not None and as_of and donors_as_of
        else pd.Timedelta(0)
    )
    drawn = table.copy()
    for name in names:
        values: Any = givers[name].to_numpy()[chosen]
        if STATE_FIELD[name].field.kind is Kind.DATE:
            values = (pd.Series(values) + shift).to_numpy()
        if name not in drawn:
            drawn[name] = pd.Series(_nothing(name), index=drawn.index)
        column = drawn[name].copy()
        column.iloc[rows] = values
        drawn[name] = column
    wrong = sorted({fault.row for fault in faults(drawn, as_of)} & set(rows.tolist()))
    if wrong:
        for name in names:
            column = drawn[name].copy()
            column.iloc[wrong] = _nothing(name)
            drawn[name] = column
    return drawn, dict.fromkeys(names, len(rows) - len(wrong)) if len(rows) > len(wrong) else {}


def _nothing(name: str) -> Any:
    kind = STATE_FIELD[name].field.kind
    return pd.NaT if kind is Kind.DATE else None if kind in (Kind.TEXT, Kind.CATEGORY) else np.nan


def _donor(givers: pd.DataFrame, row: pd.Series[Any], share: float) -> int:
    """Number of the donor for a row; `share`, 0 to 1, chooses among the nearest."""
    far = np.abs(givers["dpd"].to_numpy(np.float64) - float(row["dpd"]))
    other = (givers["product"] != row["product"]).to_numpy()
    if not other.all():
        far = np.where(other, np.inf, far)
    near = np.argsort(far, kind="stable")[: min(NEAREST, int(np.isfinite(far).sum()))]
    return int(near[int(share * near.size)])
