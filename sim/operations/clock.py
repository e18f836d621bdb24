"""Days, windows and holidays. SimPy's clock counts whole minutes from midnight of day 0."""

from __future__ import annotations

from collections.abc import Collection, Generator
from datetime import date, timedelta

import simpy

Process = Generator[simpy.Event, object, None]  # what SimPy runs

MINUTES_PER_HOUR = 60
MINUTES_PER_DAY = 24 * MINUTES_PER_HOUR
COURT_OPENS = 8 * MINUTES_PER_HOUR
DAY_ENDS = 23 * MINUTES_PER_HOUR + 30  # payments are booked and the day's figures closed


class Calendar:
    """Weekdays and public holidays of a scenario, by day of the simulation.

    Args:
        start: date of day 0.
        holidays: dates on which nobody but those who say so works.
    """

    def __init__(self, start: date, holidays: Collection[date]) -> None:
        self.start = start
        self._holidays = frozenset(holidays)
        self._off: dict[int, bool] = {}  # days that were asked for: courts ask for the same ones again and again

    def date(self, day: int) -> date:
        """The calendar date of a day."""
        return self.start + timedelta(days=day)

    def weekday(self, day: int) -> int:
        """0 = Monday."""
        return self.date(day).weekday()

    def is_holiday(self, day: int) -> bool:
        """Public holiday, on whatever weekday."""
        return self.date(day) in self._holidays

    def is_day_off(self, day: int) -> bool:
        """Weekend or public holiday."""
        if day not in self._off:
            self._off[day] = self.weekday(day) >= 5 or self.is_holiday(day)
        return self._off[day]

    def next_working_day(self, day: int) -> int:
        """The first day from `day` on that is neither weekend nor holiday."""
        while self.is_day_off(day):
            day += 1
        return day
