"""What is scarce and has a clock: shifts, staff and its training, dialler lines (SimPy processes)."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import simpy
from numpy.typing import NDArray

from recoup.sim.operations.clock import MINUTES_PER_DAY, MINUTES_PER_HOUR, Calendar, Process
from recoup.sim.parameters import Pool, Retraining, Training, Windows
from recoup.sim.randomness import WHOLE_PORTFOLIO, Purpose, normals, streams
from recoup.sim.treatments import Window

# What a person knows, in standard deviations: law (complaints, disputes), psychology (promises), negotiation (offers).
SKILL = np.dtype([("law", "f8"), ("psychology", "f8"), ("negotiation", "f8")])
# The same of a person on duty, with his number among all staff (`collectors.Collectors`).
PERSON = np.dtype([("number", "u4"), *SKILL.descr])
_COURSE = np.dtype([("back", "f8"), ("complaint_fall", "f8"), ("half_life", "f8")])  # first day back, log fall, days
_R_SKILL = int(Purpose.SKILL)  # compiled code takes an int much faster than a member of an enumeration


@dataclass(frozen=True)
class ShiftTotals:
    """What one resource gave on a day: seconds used, on hand and paid, accounts that asked and were served, cents of training.

    Whoever is at a course is paid as on any working day, and is not on hand.
    """

    used: int
    capacity: int
    paid: int
    requested: int
    served: int
    overhead: int


class ContactCentre:
    """One pool of staff (or dialler lines): its seconds fill at each shift and run out.

    Args:
        env: the simulation's clock, in minutes.
        name: of the resource (`resources.RESOURCE_NAMES`).
        pool: its section of the scenario.
        windows: hours of the contact windows.
        calendar: which days are worked.
        people: people or lines.

    Attributes:
        seconds: what is left of the window now open.
        skill: of each person, `SKILL` (people,).
        first: number of the first person among all staff.
        capacity, paid, used, requested, served: of the current day, per day totals (seconds thrice, accounts twice).
    """

    def __init__(
        self, env: simpy.Environment, name: str, pool: Pool, windows: Windows, calendar: Calendar, people: int
    ) -> None:
        self.env, self.name, self.pool, self.windows, self.calendar = env, name, pool, windows, calendar
        self.people = people
        self.seconds = 0
        self.skill = np.zeros(people, SKILL)
        self.first = 1
        self._away = np.zeros(people, np.uint8)  # courses each one is at now
        self._taught = np.zeros(people, _COURSE)  # the latest course in conduct of each one
        self.capacity = self.paid = self.used = self.requested = self.served = 0
        self.overhead = 0  # cents of training, today
        self._minutes = [float(minutes) for minutes in pool.shift_minutes.vector()]  # of a shift, by window
        self._works: dict[int, bool] = {}
        env.process(self._shifts())

    def on_duty(self) -> NDArray[np.void]:
        """Everybody who works today: `PERSON` (people present,)."""
        present = self.present
        people = np.empty(present.size, PERSON)
        people["number"] = self.first + present
        for name in SKILL.names or ():
            people[name] = self.skill[name][present]
        return people

    @property
    def present(self) -> NDArray[np.int64]:
        """Who works today, by place in the pool: int64 (people present,)."""
        return np.flatnonzero(self._away == 0)

    def care(self, day: int) -> float:
        """Mean log fall of the complaint rate that courses in conduct have left in the pool on a day.

        The fall of each one's latest course halves every `half_life` days from the first day back.
        """
        taught = self._taught[self._taught["complaint_fall"] > 0]
        if not taught.size:
            return 0.0
        left = taught["complaint_fall"] * 0.5 ** ((day - taught["back"]) / taught["half_life"])
        return float(np.sum(left) / self.people)

    @property
    def away(self) -> int:
        """People at courses now."""
        return int(np.count_nonzero(self._away))

    def works(self, day: int) -> bool:
        """Whether there is a shift on a day of the simulation."""
        if day not in self._works:
            self._works[day] = self.calendar.weekday(day) in self.pool.weekdays and (
                self.pool.works_holidays or not self.calendar.is_holiday(day)
            )
        return self._works[day]

    def opens(self, day: int, window: Window) -> bool:
        """Whether anybody is due to work in a window of a day; courses, which start in the morning, don't count."""
        return self.people > 0 and self._minutes[window] > 0 and self.works(day)

    def _shifts(self) -> Process:
        """Every window in which somebody works: seconds appear when it opens, and lapse when it closes."""
        shifts = [
            (60 * minutes, *(round(hour * MINUTES_PER_HOUR) for hour in self.windows.hours(window)))
            for window, minutes in zip(Window, self._minutes, strict=True)
            if minutes > 0
        ]
        first = int(self.env.now) // MINUTES_PER_DAY
        for day in itertools.count(first) if self.people and shifts else ():
            if not self.works(day):
                continue
            midnight = day * MINUTES_PER_DAY
            for each, opens, closes in shifts:
                yield self.env.timeout(midnight + opens - self.env.now)
                seconds = round(each * (self.people - self.away))
                self.seconds += seconds
                self.capacity += seconds
                self.paid += round(each * self.people)
                # One minute before it closes, so that a window that opens at that very hour finds nothing left over.
                yield self.env.timeout(midnight + closes - 1 - self.env.now)
                self.seconds = 0

    def use(self, seconds: int) -> None:
        """Take seconds out of the open window; the last call of a window may run over."""
        self.used += seconds
        self.seconds -= min(seconds, self.seconds)

    def train(self, training: Training) -> None:
        """Let everybody go to courses in turn, evenly spread over `training.every_days`; 0 = no courses."""
        if training.every_days and training.courses.held():
            for person in range(self.people):
                self.env.process(self._courses(person, training))

    def _courses(self, person: int, training: Training) -> Process:
        first = 1 + person * training.every_days // max(self.people, 1)
        yield self.env.timeout(first * MINUTES_PER_DAY)
        held = training.courses.held()
        turn = person  # neighbours begin with different courses: none is crowded, and none waits for a year
        while True:
            skill, course = held[turn % len(held)]
            self._away[person] += 1
            self.overhead += round(100 * course.cost)
            yield self.env.timeout(course.days * MINUTES_PER_DAY)
            self._away[person] -= 1
            self.skill[skill][person] += course.gain
            yield self.env.timeout(max(training.every_days - course.days, 1) * MINUTES_PER_DAY)
            turn += 1

    def retrain(self, course: Retraining) -> Process:
        """Send everybody to a course in conduct, a group at a time, one group after the other."""
        size = max(1, round(course.at_once * self.people))
        for first in range(0, self.people, size):
            group = slice(first, min(first + size, self.people))
            self._away[group] += 1
            self.overhead += round(100 * course.cost) * (group.stop - group.start)
            yield self.env.timeout(course.days * MINUTES_PER_DAY)
            self._away[group] -= 1
            self.skill["law"][group] += course.skill_gain
            back = int(self.env.now) // MINUTES_PER_DAY + 1
            self._taught[group] = (back, course.complaint_fall, course.half_life)

    def end_of_day(self) -> ShiftTotals:
        """The day's totals; counting starts anew."""
        totals = ShiftTotals(self.used, self.capacity, self.paid, self.requested, self.served, self.overhead)
        self.capacity = self.paid = self.used = self.requested = self.served = self.overhead = 0
        return totals


def staff(centre: ContactCentre, seed: int, spread: float, first: int = 0) -> None:
    """Give everybody in a pool his skills: independent standard normals times `spread`, by the seed.

    Args:
        centre: the pool; its `skill` is written, `SKILL` (people,).
        seed: of the simulation.
        spread: standard deviation of each skill within the pool.
        first: number of the first of them in the lender's pool, of which this is a part: nobody is there twice.
    """
    key = streams(seed, np.array([WHOLE_PORTFOLIO]))
    offset = sum(centre.name.encode()) << 16  # pools of the same size must not be copies of each other
    for person in range(centre.people):
        for number, name in enumerate(SKILL.names or ()):
            # Each skill of each person has its own number in the place of the day.
            draw = 3 * (offset + first + person) + number
            centre.skill[name][person] = spread * normals(key, draw, _R_SKILL)[0]
