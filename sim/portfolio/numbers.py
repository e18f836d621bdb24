"""Numbers as ledgers write them: thousands and decimal marks, currency signs, and four ways to write a minus."""

from __future__ import annotations

import re

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from recoup.sim.portfolio.columnmap import ColumnMap

_SPACES = "[\u00a0\u2007\u2009\u202f]"  # no-break, figure, thin and narrow no-break, which group digits as a space does
_SIGNED = re.compile(r"[$€£¥￥₹₩元圆]|[A-Za-z]{3}")
PLAIN = ColumnMap.model_construct(decimal=".", thousands="", currency=[])  # as programs write numbers


def parse_numbers(texts: pa.StringArray, marks: ColumnMap) -> NDArray[np.float64]:
    """The numbers that texts say; NaN for one that is no number, or whose marks stand where no group of digits ends.

    Groups are of three digits (1,234,567), or of two before the last three, as in India (12,34,567). Negative are −5, -5, 5- and (5). 20 % is 0.2.

        Args:
            texts: the cells, stripped.
            marks: its `decimal`, `thousands` and `currency`.

        Returns:
            float64, shape (texts,).
    """
    # Most cells are digits alone, or with a point where that is the decimal mark: the same number under any other marks.
    plain = pc.match_substring_regex(texts, r"^[0-9]+(\.[0-9]+)?$" if marks.decimal == "." else "^[0-9]+$")
    is_plain = plain.to_numpy(zero_copy_only=False)
    values = np.full(len(texts), np.nan)
    values[is_plain] = _floats(texts.filter(plain))
    if not is_plain.all():
        values[~is_plain] = _marked(texts.filter(pc.invert(plain)), marks)
    return values


def _marked(texts: pa.StringArray, marks: ColumnMap) -> NDArray[np.float64]:
    """`parse_numbers` of texts of any kind."""
    thousands, decimal = re.escape(marks.thousands), re.escape(marks.decimal)
    whole = "[0-9]+"
    if thousands:
        whole = f"[0-9]{{1,3}}(?:{thousands}[0-9]{{3}})+|[0-9]{{1,2}}(?:{thousands}[0-9]{{2}})+{thousands}[0-9]{{3}}|{whole}"
    body = f"(?:(?:{whole})(?:{decimal}[0-9]*)?|{decimal}[0-9]+)(?:[eE][+-]?[0-9]+)?"
    signs = "|".join(re.escape(mark) for mark in sorted(marks.currency, key=len, reverse=True))
    before, after = (f"(?:(?:{signs}) ?)?", f"(?: ?(?:{signs}))?") if signs else ("", "")
    pattern = rf"^{before}(?P<opened>\(?){before}(?P<sign>[-+\x{{2212}}]?) ?{before}(?P<body>{body})(?P<percent>(?: ?[%％])?){after}(?P<behind>-?)(?P<closed>\)?){after}$"
    cells = pc.utf8_trim_whitespace(pc.replace_substring_regex(texts, _SPACES, " "))
    if marks.thousands == "'":
        cells = pc.replace_substring(cells, "\u2019", "'")
    found = pc.extract_regex(cells, pattern)
    part = {name: found.field(name) for name in ("opened", "sign", "body", "percent", "behind", "closed")}
    digits = pc.replace_substring(part["body"], marks.thousands, "") if marks.thousands else part["body"]
    if marks.decimal != ".":
        digits = pc.replace_substring(digits, marks.decimal, ".")
    valid = found.is_valid().to_numpy(zero_copy_only=False)
    values = np.full(len(texts), np.nan)
    values[valid] = _floats(digits.filter(pa.array(valid)))
    opened, closed = (_is(part[name], "(", ")") for name in ("opened", "closed"))
    ways = np.stack([opened & closed, _is(part["sign"], "-", "\u2212"), _is(part["behind"], "-")])
    plus = _is(part["sign"], "+")
    values[(opened != closed) | (ways.sum(axis=0) + plus > 1)] = np.nan
    values = np.where(ways.any(axis=0), -values, values)
    return np.where(_is(part["percent"], "%", " %", "％", " ％"), values / 100, values)


def _floats(digits: pa.StringArray) -> NDArray[np.float64]:
    return pc.cast(digits, pa.float64()).to_numpy(zero_copy_only=False)  # type: ignore[no-any-return]


def _is(part: pa.Array, *signs: str) -> NDArray[np.bool_]:
    return pc.fill_null(pc.is_in(part, pa.array(signs)), False).to_numpy(zero_copy_only=False)  # type: ignore[no-any-return]


def missing_marks(text: str, marks: ColumnMap) -> tuple[str, dict[str, str]] | None:
    """What to add to a message about a text that is no number under the map's marks (see `remarks`); None if no mark would help."""
    if not re.search("[0-9]", text):
        return None
    if _SIGNED.search(text):
        return "with_currency", {}
    if re.search(r"[.,' \u00a0\u2009\u202f\u2019]", text):
        return "with_marks", {"decimal": repr(marks.decimal), "thousands": repr(marks.thousands)}
    return None
