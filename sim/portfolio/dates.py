"""Dates and times of day as ledgers write them: several formats in turn, and the numbers that spreadsheets give days."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from recoup.sim.portfolio.columnmap import EXCEL

ISO = "ISO8601"  # pandas' word
_FIRST_EXCEL_DAY = pd.Timestamp("1899-12-30")  # as if 1900 had been a leap year: right from 1 March 1900 on
_EXCEL_DAYS = (61.0, 2958465.0)  # 1 March 1900 to 31 December 9999
_CLOCK = r"^(?P<hour>[0-9]{1,2})(?::(?P<minute>[0-5][0-9]))?(?::(?P<second>[0-5][0-9])(?:\.[0-9]+)?)?(?P<half> ?[aApP][mM])?$"


def parse_dates(texts: pa.StringArray, formats: Sequence[str], typed: bool = False) -> pd.Series[Any]:
    """The moments that texts say by the first format that fits; NaT for one that no format fits, or whose day does not exist.

    Args:
        texts: the cells, stripped.
        formats: as `strftime` has them, or `excel`.
        typed: the source holds dates as such, whose texts are ISO dates.

    Returns:
        datetime64, shape (texts,).
    """
    plain = pd.Series(texts.to_numpy(zero_copy_only=False), dtype=object)
    found = pd.Series(pd.NaT, index=plain.index, dtype="datetime64[us]")
    for form in (*formats, *([ISO] if typed else [])):
        left = found.isna()
        if not left.any():
            break
        found[left] = _by(plain[left], form)
    return found


def read_differently(texts: pa.StringArray, formats: Sequence[str]) -> NDArray[np.bool_]:
    """Which texts two formats read as different days: shape (texts,)."""
    plain = pd.Series(texts.to_numpy(zero_copy_only=False), dtype=object)
    days = [_by(plain, form).dt.floor("D") for form in formats]
    differ = np.zeros(len(plain), bool)
    for number, first in enumerate(days):
        for second in days[number + 1 :]:
            differ |= (first.notna() & second.notna() & (first != second)).to_numpy()
    return differ


def _by(texts: pd.Series[Any], form: str) -> pd.Series[Any]:
    if form == EXCEL:
        serial = pd.to_numeric(texts, errors="coerce")
        serial = serial.where(serial.between(*_EXCEL_DAYS))
        seconds = (serial * 86400).round()  # spreadsheets keep a time of day as a share of the day
        days = _FIRST_EXCEL_DAY + pd.to_timedelta(seconds, unit="s")
        return days.astype("datetime64[us]")
    found = pd.to_datetime(texts, format=form, errors="coerce", utc=form == ISO)
    return (found.dt.tz_localize(None) if form == ISO else found).astype("datetime64[us]")


def parse_hours(texts: pa.StringArray, formats: Sequence[str] = (), typed: bool = False) -> NDArray[np.float64]:
    """Times of day in hours, 18.5 for half past six in the evening; NaN for what is none.

    Args:
        texts: the cells, stripped: 18:30, 18:30:05, 6:30 pm, 18.5, or moments in one of the formats.
        formats: of moments, of which the time of day is taken; () = none.
        typed: as for `parse_dates`.

    Returns:
        float64 from 0 to 24, shape (texts,).
    """
    found = pc.extract_regex(texts, _CLOCK)
    part = {name: pc.fill_null(found.field(name), "") for name in ("hour", "minute", "second", "half")}
    numbers = {name: _numbers(part[name]) for name in ("hour", "minute", "second")}
    half = pd.Series(part["half"].to_numpy(zero_copy_only=False), dtype=object).str.strip().str.lower().to_numpy()
    hour = np.where(half == "", numbers["hour"], numbers["hour"] % 12 + 12.0 * (half == "pm"))
    hour[(half != "") & ~((numbers["hour"] >= 1) & (numbers["hour"] <= 12))] = np.nan
    hours = hour + numbers["minute"] / 60 + numbers["second"] / 3600
    hours[~found.is_valid().to_numpy(zero_copy_only=False)] = np.nan
    decimals = pd.to_numeric(pd.Series(texts.to_numpy(zero_copy_only=False), dtype=object), errors="coerce").to_numpy(
        float
    )
    hours = np.where(np.isnan(hours), decimals, hours)
    if formats or typed:
        moments = parse_dates(texts, formats, typed)
        clock = (moments - moments.dt.floor("D")).dt.total_seconds().to_numpy() / 3600
        hours = np.where(moments.notna().to_numpy(), clock, hours)
    return np.where((hours >= 0) & (hours <= 24), hours, np.nan)


def _numbers(texts: pa.StringArray) -> NDArray[np.float64]:
    return pc.cast(pc.if_else(pc.equal(texts, ""), "0", texts), pa.float64()).to_numpy(zero_copy_only=False)  # type: ignore[no-any-return]
