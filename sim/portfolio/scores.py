"""Scores that a lender's own models give: columns `score.NAME` of a portfolio, beside its fields, which plans may ask for by name.

The world does not know them: a score changes what is decided about a debtor, never how he behaves.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import pandas as pd

from recoup.sim.portfolio.table import PORTFOLIO, Field, Kind, Registry

SCORE = "score."
LOW, HIGH = -1e9, 1e9
_NAME = re.compile(r"score\.[a-z0-9][a-z0-9_-]{0,63}")
SCORE_WORDS = "score. and a short name of lower-case letters, digits and hyphens"


def is_score(name: object) -> bool:
    """Whether a name is that of a score."""
    return isinstance(name, str) and _NAME.fullmatch(name) is not None


def score_fields(names: Iterable[str], registry: Registry = PORTFOLIO) -> dict[str, Field]:
    """The scores among the names of a portfolio's columns, as fields; none in another kind of table.

    Args:
        names: of columns.
        registry: the kind of table.
    """
    if registry.name != PORTFOLIO.name:
        return {}
    meaning = "a score of the lender's own, that plans ask for by this name"
    return {
        name: Field(name, Kind.NUMBER, "score", "visible", meaning, LOW, HIGH, required=True)
        for name in names
        if is_score(name)
    }


def with_scores(table: pd.DataFrame, source: pd.DataFrame) -> pd.DataFrame:
    """A portfolio's table with the scores of another table of the same accounts in the same order.

    Args:
        table: gets the columns, float64.
        source: has them, under any index.
    """
    return table.assign(**{name: source[name].to_numpy(float) for name in score_fields(map(str, source))})
