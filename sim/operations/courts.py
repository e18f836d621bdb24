"""Suits: the legal team's places, the court's docket, judgment and enforcement (SimPy processes), and their price."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import simpy
from numpy.typing import NDArray

from recoup.sim.account import Event, Stage, Status
from recoup.sim.compiled import njit
from recoup.sim.debtor import charge, receive
from recoup.sim.midlife import Case
from recoup.sim.operations.clock import COURT_OPENS, MINUTES_PER_DAY, Calendar, Process
from recoup.sim.parameters import FeeStep, World, places
from recoup.sim.randomness import Purpose, uniform

# Compiled code takes an int much faster (70 µs a call) than a member of an enumeration.
_R_JUDGMENT, _R_COURT_TIME, _R_SEIZURE = int(Purpose.JUDGMENT), int(Purpose.COURT_TIME), int(Purpose.SEIZURE)

_E_JUDGMENT, _E_SEIZURE = int(Event.JUDGMENT), int(Event.SEIZURE)


def court_fee(claim: float, steps: Sequence[FeeStep], factor: float, units: float = 1.0) -> float:
    """Court fee for a claim: the sum over the bands of the schedule, times `factor`.

    China: 诉讼费用交纳办法 (State Council order 481) art. 13; summary procedure halves it (art. 16).

    Args:
        claim: in currency units, or in so many parts of one as `units` says.
        steps: bands of the schedule, in currency units, ascending.
        factor: of the procedure.
        units: 1 for currency units, 100 for cents.

    Returns:
        The fee, not rounded, in the unit of the claim.
    """
    fee, below = 0.0, 0.0
    for step in steps:
        up_to = units * step.up_to
        if claim > below:
            fee += units * step.flat + step.rate * (min(claim, up_to) - below)
        below = up_to
    return factor * fee


def court_fee_cents(claim: int, steps: Sequence[FeeStep], factor: float) -> int:
    """`court_fee` of one claim in cents, rounded to the cent.

    Args:
        claim: in cents.
        steps: bands of the schedule, in currency units, ascending.
        factor: of the procedure.
    """
    return int(court_fee(float(claim), steps, factor, units=100.0) + 0.5)


# Python hands a whole array to compiled code a hundred times faster than one of its records.
@njit()
def _charge(accounts, number, today, cents):  # type: ignore[no-untyped-def]
    charge(accounts[number], today[0], cents)


@njit()
def _receive(accounts, number, today, cents):  # type: ignore[no-untyped-def]
    receive(accounts[number], today[0], cents)


class _Users(dict):  # type: ignore[type-arg]
    """Who has a place, in the order of coming: what SimPy asks of its list of them, but leaving takes no search through all."""

    def append(self, one: simpy.Event) -> None:
        self[one] = None

    def remove(self, one: simpy.Event) -> None:
        if one not in self:
            raise ValueError(one)
        del self[one]


class _Queue(deque):  # type: ignore[type-arg]
    """Who waits: what SimPy asks of its list of them, but the first one's going moves no other."""

    def pop(self, index: int = -1) -> simpy.Event:
        return self.popleft() if index == 0 else super().pop()


class Places(simpy.Resource):
    """A SimPy resource with thousands of places, and tens of thousands who wait for one."""

    PutQueue = _Queue

    def __init__(self, env: simpy.Environment, capacity: int) -> None:
        super().__init__(env, capacity)
        self.users = _Users()  # type: ignore[assignment]


class LegalDesk:
    """Everything that happens to a claim after the decision to sue, one SimPy process per case.

    Args:
        env: the simulation's clock, in minutes.
        world: `courts`, `costs` and the legal team's size.
        calendar: when the court is open.
        accounts: records (`account.ACCOUNT`), changed in place: stage, fees, pressure, cash.
        params: `parameters.kernel_record`, shape (1,).
        today: the current day (`observation.DAY_CONTEXT`), shape (1,), kept up to date by the simulation.

    Attributes:
        places: cases that the legal team carries at once.
        team, docket: places of the team and hearings of the court, as SimPy resources.
    """

    def __init__(
        self,
        env: simpy.Environment,
        world: World,
        calendar: Calendar,
        accounts: NDArray[np.void],
        params: NDArray[np.void],
        today: NDArray[np.void],
    ) -> None:
        self.env, self.courts, self.costs, self.calendar = env, world.courts, world.costs, calendar
        self.accounts, self.params, self.today = accounts, params[0], today
        self.places = places(
            world.operations.legal_cases, world.operations.legal_cases_per_1000_accounts, len(accounts)
        )
        self.team = Places(env, max(self.places, 1))
        self.docket = Places(
            env, max(places(self.courts.docket, self.courts.docket_per_1000_accounts, len(accounts)), 1)
        )
        self._at_work: dict[int, simpy.Process] = {}
        # Those that are pending, by account, in the order of their beginning; and the day of what comes next in each that is set.
        self._cases: dict[int, Case] = {}
        self._set_for: dict[int, int] = {}
        self._fees = 0  # added to claims today, cents

    @property
    def load(self) -> float:
        """Share of the team's case places taken."""
        return self.team.count / self.team.capacity

    @property
    def waiting(self) -> int:
        """Suits decided on but without a free place."""
        return len(self.team.queue)

    def fees_of_day(self) -> int:
        """Court fees that today's judgments have added to claims, cents; counting starts anew."""
        fees, self._fees = self._fees, 0
        return fees

    @property
    def pending(self) -> tuple[Case, ...]:
        """The cases that are going on: those with a place first, then those that wait, in their order."""
        a = self.accounts
        cases = [
            replace(case, day=self._set_for.get(number, case.day))
            for number, case in self._cases.items()
            if a["stage"][number] == case.stage
        ]
        return tuple(sorted(cases, key=lambda case: case.day is None))

    def sue(self, number: int) -> None:
        """File a suit for account `number` as soon as the team has a place."""
        self.take_up(Case(number, Stage.QUEUED))

    def enforce(self, number: int) -> None:
        """Apply for enforcement of account `number`'s judgment as soon as the team has a place."""
        self.take_up(Case(number, Stage.ENFORCING))

    def take_up(self, case: Case) -> None:
        """Go on with a case, from wherever it is; those that have a place already, before those that wait for one."""
        steps = self._enforcement(case) if case.stage is Stage.ENFORCING else self._case(case)
        self._start(case.number, steps)

    def withdraw(self, number: int) -> None:
        """The claim is paid or gone: free the places at once."""
        process = self._at_work.pop(number, None)
        self._end(number)
        if process is not None and process.is_alive:
            process.interrupt("claim closed")

    def _start(self, number: int, steps: Process) -> None:
        self._at_work[number] = self.env.process(self._until_withdrawn(steps))

    def _until_withdrawn(self, steps: Process) -> Process:
        try:
            yield from steps
        except simpy.Interrupt:
            return

    def _case(self, case: Case) -> Process:
        number, a = case.number, self.accounts[case.number]
        self._cases[number] = case
        fee = case.fee
        with self.team.request() as place:
            yield place
            if case.stage is Stage.QUEUED:
                yield self._set(case, self._days(a, self.courts.filing_days, 0))
                fee = court_fee_cents(int(a["balance"]), self.courts.fee_steps, self.courts.summary_factor)
                _charge(self.accounts, number, self.today, fee + 100.0 * self.costs.suit_handling)
                a["pressure"] += self.params["pressure_suit"]
                self._move(a, Stage.FILED)
                case = Case(number, Stage.FILED, fee=fee)
                self._cases[number] = case
                self._set_for.pop(number, None)  # it waits for a hearing
            elif fee is None:
                fee = court_fee_cents(int(a["balance"]), self.courts.fee_steps, self.courts.summary_factor)
            with self.docket.request() as hearing:
                yield hearing
                yield self._set(case, self._days(a, self.courts.hearing_days, 1))
        day = self._day()
        if uniform(a["key"], day, _R_JUDGMENT) < self.courts.win:
            a["fees"] += fee  # the loser bears the court fee
            a["balance"] += fee
            self._fees += fee
            a["pressure"] += self.params["pressure_judgment"]
            self._move(a, Stage.JUDGED)
        else:
            self._move(a, Stage.DISMISSED)
        self._end(number)
        a["events"] |= _E_JUDGMENT

    def _enforcement(self, case: Case) -> Process:
        number, a = case.number, self.accounts[case.number]
        self._cases[number] = case
        auction = self.courts.auction
        rounds = auction.rounds if auction else ()
        money = 1.0 - (auction.property if auction else 0.0)
        if case.steps < 2:
            with self.team.request() as place:
                yield place
                if case.steps == 0:
                    yield self._set(case, 1)
                    _charge(self.accounts, number, self.today, 100.0 * self.costs.enforcement)
                    case = Case(number, Stage.ENFORCING, steps=1)
                yield self._set(case, self._days(a, self.courts.enforcement_days, 2))
                while a["breathing_until"] > self._day():  # enforcement rests in a breathing space
                    yield self._set(Case(number, Stage.ENFORCING, steps=1), int(a["breathing_until"]) - self._day())
            self._seize(number, money)
            case = Case(number, Stage.ENFORCING, steps=2)
        for attempt, sale in enumerate(rounds):
            if a["status"] != Status.OPEN:
                break
            if case.steps > 2 + attempt:
                continue
            yield self._set(case, self._days(a, sale.days, 3 + attempt))
            if uniform(a["key"], attempt, _R_SEIZURE) < sale.sold:
                self._seize(number, (1.0 - money) * sale.price)
                break
            case = Case(number, Stage.ENFORCING, steps=3 + attempt)
        self._end(number)
        self._move(a, Stage.ENFORCED)

    def _set(self, case: Case, days: int) -> simpy.Event:
        """The morning of a case's next step: the day on which it is set already, else after so many days."""
        today = self._day()
        day = today + max(days, 1) if case.day is None else max(case.day, today)
        if self.courts.closed_on_holidays:
            day = self.calendar.next_working_day(day)
        self._cases[case.number], self._set_for[case.number] = case, day
        return self.env.timeout(max(day * MINUTES_PER_DAY + COURT_OPENS - self.env.now, 0))

    def _end(self, number: int) -> None:
        """The case is over."""
        self._cases.pop(number, None)
        self._set_for.pop(number, None)

    def _seize(self, number: int, share: float) -> None:
        """This share of the debtor's enforceable assets turns into cash."""
        a = self.accounts[number]
        cents = int(share * float(a["asset_cover"]) * int(a["opening"]))
        if cents > 0:
            a["events"] |= _E_SEIZURE
            before = int(a["cash"])
            _receive(self.accounts, number, self.today, cents)
            if not a["employed"]:
                a["distress_seized"] += int(a["cash"]) - before

    def _move(self, a: np.void, stage: Stage) -> None:
        a["stage"], a["stage_day"] = int(stage), self._day()

    def _day(self) -> int:
        return int(self.env.now) // MINUTES_PER_DAY

    def _days(self, a: np.void, span: tuple[int, int], stage: int) -> int:
        """Duration of a stage: uniform between the least and the most."""
        low, high = span
        return low + int((high - low + 1) * uniform(a["key"], stage, _R_COURT_TIME))
