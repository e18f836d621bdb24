"""A portfolio under treatment, day by day: arrays for debtors, SimPy for everything scarce or slow.

simulation = Simulation(world, portfolio, rules, seed=1)
while simulation.day < 180 and not simulation.finished:
    observations, masks = simulation.observe(), simulation.masks()
    simulation.advance(policy.act(observations, masks))
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd
import simpy
from numpy.typing import NDArray

from recoup.sim import kernels
from recoup.sim.account import Event, Stage, Status
from recoup.sim.behaviour import notice_belief
from recoup.sim.channel_days import ChannelDays
from recoup.sim.compliance.gate import Gate, gate_table
from recoup.sim.compliance.rules import RulePack
from recoup.sim.customers import Customers, customers_of
from recoup.sim.day import DayRecord, Evening
from recoup.sim.debtor import FIRST_INSTALMENT_DAYS, INSTALMENT_EVERY_DAYS
from recoup.sim.earlier_events import earlier_rows
from recoup.sim.eventlog import EventLog, LogFile
from recoup.sim.horizon import value_left
from recoup.sim.inputs import InputError, choose
from recoup.sim.ledger import DayClose, Ledger
from recoup.sim.lender import Lender, Signals, Site, Tally
from recoup.sim.midlife import Pending, pending, portfolio_of
from recoup.sim.morning import Morning
from recoup.sim.observation import (
    DAY_CONTEXT,
    FIELD_INDEX,
    FIELDS,
    LOW,
    TIER_RULE,
    by_name,
    highest,
    observe,
)
from recoup.sim.operations.clock import DAY_ENDS, MINUTES_PER_DAY, MINUTES_PER_HOUR, Calendar, Process
from recoup.sim.operations.collectors import SUMS, Collectors
from recoup.sim.operations.contact_centre import PERSON, ContactCentre, staff
from recoup.sim.operations.correction import CorrectionLoop
from recoup.sim.operations.courts import LegalDesk
from recoup.sim.operations.credibility import Notices
from recoup.sim.operations.economy import Economy
from recoup.sim.operations.resources import QUEUES, Resource, queue_of
from recoup.sim.parameters import TierPoints, World, kernel_record
from recoup.sim.portfolio.state_checks import at_work
from recoup.sim.portfolio.table import Portfolio
from recoup.sim.traits import open_accounts
from recoup.sim.treatments import MOST_POOLS, Window

BATCH = 16_384  # rows a kernel call works on; changes speed only


class Simulation:
    """One portfolio, one rule pack, one seed.

    Args:
        world: parameters of the scenario.
        portfolio: complete accounts.
        rules: the rule pack that gates treatments.
        seed: 0 .. 2**63-1. Every policy meets the same random numbers on a seed (common random numbers).
        gate: with the gate off, unlawful treatments happen and are counted as breaches.
        record_events: keep one row per account and day on which anything happened (`events_table`); a file = write it there while
            days pass, and keep nothing (`Ledger.finish_log`).
        threads: on which kernels run; no result depends on it.
        batch: rows that a kernel call works on; no result depends on it.
        site: whose accounts and people these are, where the lender has more of them elsewhere; None = they are all.
        first_day: its number. A portfolio in mid-life is as on its morning, which the scenario's start is so many days before.

    Attributes:
        day: number of the current day; it is morning.
        accounts: records (`account.ACCOUNT`), shape (accounts,); read, do not write.
        open_accounts: numbers of the open ones, ascending, int64 (open,); rows of observations, masks and actions.
        menu: the treatments that actions index.
        centres: what serves contacts, by name of the resource.
        lender: what these accounts share; a site hears it from all sites instead (`hear`).
        tally: what the lender is told of yesterday.
        courts, corrections, notices, collectors, economy, calendar, ledger: the other parts.

    Raises:
        InputError: an account is older than the age at which the world writes off, or the portfolio is of another day.
    """

    def __init__(
        self,
        world: World,
        portfolio: Portfolio,
        rules: RulePack,
        seed: int,
        *,
        gate: bool = True,
        record_events: bool | LogFile = False,
        threads: int = 1,
        batch: int = BATCH,
        site: Site | None = None,
        first_day: int = 0,
    ) -> None:
        refuse_too_old(world, portfolio)
        refuse_other_day(world, portfolio, first_day)
        refuse_other_products(world, portfolio)
        self.world, self.portfolio, self.rules, self.seed, self.gate = world, portfolio, rules, seed, gate
        self.menu = world.menu
        self._resources, self._vocabulary = world.resources, world.vocabulary
        self._highest = highest(self._vocabulary)
        self.day = self.first_day = first_day
        self.accounts = open_accounts(world, portfolio, seed, numbers=site.accounts if site else None, day=first_day)
        self.open_accounts = np.arange(len(portfolio), dtype=np.int64)
        self._menu_table = self.menu.table
        self._menu_bits = self._menu_table["bits"].copy()
        self._closed = np.zeros(len(self.menu), np.bool_)
        self._gate = Gate.of(gate_table(rules, world))
        self._channel_days = ChannelDays(self._gate, len(portfolio))
        self._in_midlife = bool(portfolio.state)  # looked for in all columns
        if self._in_midlife:
            self._channel_days.take_up(self.accounts, portfolio.table, self._vocabulary)
        self._customers = Customers(customers_of(portfolio), self._gate, self._channel_days)
        self._params = kernel_record(world)
        self._daily_rates = np.array(rules.annual_rates(world)) / 365.0
        self._today = np.zeros(1, DAY_CONTEXT)
        self._today["typical_claim"] = 100.0 * typical_claim(world, portfolio.column("opening_balance"))
        self._tomorrow = self._today.copy()
        self._tier_rule = _tier_record(world)
        self._batch, self._thread_count = batch, threads
        self._helpers = ThreadPoolExecutor(threads - 1) if threads > 1 else None
        self._priority = self._queues = np.zeros(0, np.uint8)
        self._seconds = np.zeros(0, np.int32)
        self._waiting, self._queue_starts = (
            np.zeros(0, np.int64),
            np.zeros(QUEUES + 1, np.int64),
        )  # see `kernels.line_up`
        self._served = np.zeros(0, np.bool_)
        self._instalments: dict[int, list[tuple[NDArray[np.int64], NDArray[np.uint64]]]] = defaultdict(list)
        self._net_flow = np.zeros(0, np.int64)
        self._awake = np.zeros(0, np.bool_)  # open accounts whose next day has begun in the evening already
        self._wakes_before = 0  # the legal stage below which `kernels.step_day` wakes accounts
        self._woken = (0, 0)  # of them: what `kernels.wake` returned, summed up
        self._interest = 0  # cents charged this morning
        self.lender = Lender(world, len(portfolio), int(self.accounts["opening"].sum()))

        self.env = simpy.Environment(first_day * MINUTES_PER_DAY)
        self.calendar = Calendar(world.start, world.holidays)
        self.economy = Economy(world.macro, seed)
        for day in range(first_day):
            self.economy.begin_day(day)
        self.centres = {resource.name: self._centre(resource, seed, site) for resource in self._resources}
        self.collectors = Collectors([self.centres[resource.name] for resource in self._resources if resource.skilled])
        self.notices = Notices(world.behaviour, self.accounts)
        self.courts = LegalDesk(self.env, world, self.calendar, self.accounts, self._params, self._today)
        self.corrections = CorrectionLoop(self.env, world.conduct, self.centres, self._vocabulary)
        self.env.process(self._days())
        if self._in_midlife:
            self._take_up(pending(self.accounts, portfolio.table, world.start, first_day))
        self._begin_day(pending=0)
        names = portfolio.column("account_id")
        log = None
        if record_events:
            file = record_events if isinstance(record_events, LogFile) else None
            staff_names, ids = self.collectors.names, [rule.id for rule in rules.rules]
            log = EventLog(
                self.accounts,
                names,
                self.menu,
                world.windows,
                self.calendar,
                staff_names,
                ids,
                file,
                customers_of(portfolio),
                earlier_rows(self.accounts, first_day, self._channel_days, self._vocabulary)
                if self._in_midlife
                else None,
                with_products=any(rule.products for rule in rules.rules),
            )
        entry_tiers = np.concatenate(self._in_parts(self._tiers, len(portfolio)) or [np.zeros(0, int)])
        minute = {str(pool): 100.0 * cost for pool, cost in world.costs.minute.items()}
        ids = [rule.id for rule in rules.rules]
        self.ledger = Ledger(self.accounts, portfolio, ids, entry_tiers, log, minute, self._vocabulary)

    def _centre(self, resource: Resource, seed: int, site: Site | None) -> ContactCentre:
        operations, pool = self.world.operations, self.world.pools[resource.name]
        people = pool.people(len(self.portfolio))
        centre = ContactCentre(self.env, resource.name, pool, self.world.windows, self.calendar, people)
        if resource.skilled:
            staff(centre, seed, operations.skill_spread, site.first_person.get(resource.name, 0) if site else 0)
            centre.train(operations.training)
        return centre

    def _take_up(self, waiting: Pending) -> None:
        """Go on with what was pending when the first morning came."""
        key = self.accounts["key"]
        for day, numbers in waiting.instalments.items():
            self._instalments[day].append((numbers, key[numbers]))
        for day, numbers in waiting.notices.items():
            if day + self.world.behaviour.credibility_days > self.day:  # older ones have counted
                self.notices.record(day, numbers)
        for case in waiting.cases:
            self.courts.take_up(case)
        while waiting.cases and self.env.peek() <= self.env.now:  # they take their places before anybody looks
            self.env.step()
        agreed = kernels.agreed_to_forgive(self.accounts, self._params)
        self.lender.begin(int(self.accounts["forgiven"].sum()) + agreed)

    @property
    def pending(self) -> Pending:
        """What of the accounts is pending outside their records."""
        instalments = {
            day: np.concatenate([numbers[self.accounts["key"][numbers] == keys] for numbers, keys in due])
            for day, due in sorted(self._instalments.items())
        }
        return Pending(instalments, self.notices.pending, self.courts.pending)

    def portfolio_now(self) -> Portfolio:
        """The open accounts as they are this morning, from which another simulation can go on."""
        world = self.world
        by_channel = self._channel_days.texts(np.flatnonzero(self.accounts["status"] == Status.OPEN), world.vocabulary)
        return portfolio_of(
            self.accounts, self.portfolio, self.pending, world.start, self.day, world.vocabulary, by_channel
        )

    def _tiers(self, first: int, last: int) -> NDArray[np.integer]:
        return self.observe(self.open_accounts[first:last])[:, FIELD_INDEX["tier"]].astype(int)

    # --- what a policy sees -------------------------------------------------------------------------------------

    @property
    def finished(self) -> bool:
        """No account is open any more."""
        return self.open_accounts.size == 0

    @property
    def discount_factor(self) -> float:
        """Worth at day 0 of one unit of today's money."""
        return float(self._today["discount_factor"][0])

    @property
    def complaint_surcharge(self) -> float:
        """Cents that a complaint of today costs more because the regulator's tolerance is exceeded."""
        return float(self._today["complaint_surcharge"][0])

    def observe(self, numbers: NDArray[np.int64] | None = None) -> NDArray[np.float32]:
        """Observations: shape (accounts, fields), natural units, fields as in `observation.FIELDS`.

        Args:
            numbers: which accounts; None = the open ones.
        """
        rows = self.open_accounts if numbers is None else numbers
        out = np.empty((rows.size, len(FIELDS)), np.float32)
        self._over_rows(observe, self._today, self._tier_rule, LOW, self._highest, out, by_name(out), rows=rows)
        return out

    def masks(self, numbers: NDArray[np.int64] | None = None) -> NDArray[np.bool_]:
        """Which treatments are possible and lawful now: shape (accounts, menu).

        Args:
            numbers: which accounts; None = the open ones.
        """
        rows = self.open_accounts if numbers is None else numbers
        out = np.empty((rows.size, len(self.menu)), np.bool_)
        self._over_rows(
            kernels.allowed, self._today, self._menu_bits, self._closed, self._gate, self.gate, out, rows=rows
        )
        return out

    # --- one day ------------------------------------------------------------------------------------------------

    def advance(
        self,
        actions: NDArray[np.integer],
        priority: NDArray[np.integer] | None = None,
        *,
        keep_evening: NDArray[np.int64] | None = None,
    ) -> DayRecord:
        """Carry out one day's decisions and run the clock to the next morning.

        Args:
            actions: menu index for each open account, shape (open,).
            priority: 0 (first) to 255 for each open account where queues are longer than capacity; None = at random.
            keep_evening: numbers of accounts whose records of this evening are wanted (`DayRecord.evening`); None = none.

        Returns:
            The day that ended.

        Raises:
            ValueError: wrong shape, or an index outside the menu.
        """
        rows = self.open_accounts
        self._priority, self._queues = np.empty(rows.size, np.uint8), np.empty(rows.size, np.uint8)
        self._seconds = np.empty(rows.size, np.int32)
        self._priority[:] = self._checked(actions, priority, rows.size)
        self._over_rows(
            kernels.decide,
            np.ascontiguousarray(actions, np.int64),
            self._params,
            self._today,
            self._menu_table,
            self._closed,
            self._gate,
            self.gate,
            self._queues,
            self._seconds,
        )
        return self._live(keep_evening)

    def advance_by(
        self, decide: Callable[[Morning, int, int], None], *, keep_evening: NDArray[np.int64] | None = None
    ) -> tuple[DayRecord, NDArray[np.int64]]:
        """As `advance`, for a policy that is compiled itself: neither observations nor masks of all accounts are ever in memory.

        Args:
            decide: called with a morning and a range of open accounts, for which it writes the morning's actions, priorities and
                queues; on several threads, where the simulation has them.
            keep_evening: as for `advance`.

        Returns:
            The day that ended, and the actions, int64 (open,).
        """
        count = self.open_accounts.size
        morning = Morning(
            self.accounts,
            self.open_accounts,
            self._params,
            self._today,
            self._tier_rule,
            self._menu_table,
            self._closed,
            self._gate,
            self.gate,
            actions=np.empty(count, np.int64),
            priority=np.empty(count, np.uint8),
            queues=np.empty(count, np.uint8),
            seconds=np.empty(count, np.int32),
        )
        self._priority, self._queues, self._seconds = morning.priority, morning.queues, morning.seconds
        self._in_parts(lambda first, last: decide(morning, first, last), count)
        return self._live(keep_evening), morning.actions

    def _checked(
        self, actions: NDArray[np.integer], priority: NDArray[np.integer] | None, size: int
    ) -> NDArray[np.integer] | int:
        """Priorities of so many decisions, when these are what `advance` takes."""
        if np.shape(actions) != (size,):
            raise ValueError(f"actions have shape {np.shape(actions)}, expected {(size,)}")
        if size and not 0 <= np.min(actions) <= np.max(actions) < len(self.menu):
            raise ValueError(f"actions must lie in 0..{len(self.menu) - 1}")
        if priority is None:
            return 0
        if np.shape(priority) != (size,):
            raise ValueError(f"priority has shape {np.shape(priority)}, expected {(size,)}")
        return np.asarray(priority)

    def _live(self, keep_evening: NDArray[np.int64] | None) -> DayRecord:
        """Run the clock until the next morning, now that all is decided."""
        self._customers.decided(
            self.accounts, self.open_accounts, self._today, self._menu_table, self.gate, self._queues
        )
        self._waiting, self._served = np.empty(self._queues.size, np.int64), np.zeros(self._queues.size, np.bool_)
        kernels.line_up(self._queues, self._waiting, self._queue_starts)
        # Both read the accounts of the evening. Of accounts in mid-life, a court may take up a case late that was due before.
        reads_evening = keep_evening is not None or self.ledger.keeps_events
        self._wakes_before = 0 if reads_evening else Stage.QUEUED if self._in_midlife else len(Stage)
        self.ledger.begin_day(float(self._today["settlement_budget_left"][0]))
        self.env.run(until=(self.day + 1) * MINUTES_PER_DAY)
        record = DayRecord(
            day=self.day,
            rows=self.open_accounts,
            net_flow=self._net_flow,
            figures=self.ledger.yesterday,
            evening=self.accounts[:0].copy() if keep_evening is None else self.accounts[keep_evening],
        )
        self.day += 1
        self._begin_day(self._start_day())
        return record

    def enter(self, numbers: NDArray[np.int64], fresh: NDArray[np.void]) -> None:
        """Put new accounts in the places of closed ones, entering today; the settlement budget grows by their share.

        Args:
            numbers: places, none of them open, each once.
            fresh: records of `traits.open_accounts`, shape (places,), with streams that no other account has had.
        """
        fresh["number"], fresh["entry_day"] = numbers, self.day
        fresh["dpd0"] -= self.day
        self.accounts[numbers] = fresh
        self._channel_days.forget(numbers)
        self.lender.enter(int(fresh["opening"].sum()))
        self.open_accounts = np.flatnonzero(self.accounts["status"] == Status.OPEN)

    def leave(self, numbers: NDArray[np.int64]) -> None:
        """Take open accounts out of the simulation, as if they had never owed: cases end, nothing is booked.

        Args:
            numbers: of open accounts, int64.
        """
        for number in numbers:
            self.courts.withdraw(int(number))
        self.accounts["status"][numbers] = Status.LEFT
        self._channel_days.forget(numbers)
        self.open_accounts = np.flatnonzero(self.accounts["status"] == Status.OPEN)

    def _days(self) -> Process:
        """The day's round: each contact window serves its queues, then the debtors pay, and the day is closed."""
        day = self.first_day
        while True:
            self._let_instalments_fall_due(day)
            for window in Window:
                opens = round(self.world.windows.hours(window)[0] * MINUTES_PER_HOUR)
                yield self.env.timeout(day * MINUTES_PER_DAY + opens + 1 - self.env.now)
                self._serve(window)
            yield self.env.timeout(day * MINUTES_PER_DAY + DAY_ENDS - self.env.now)
            self._end_day()
            day += 1
            yield self.env.timeout(day * MINUTES_PER_DAY - self.env.now)

    def _let_instalments_fall_due(self, day: int) -> None:
        for numbers, keys in self._instalments.get(day, ()):
            # A place may have passed to another account since.
            same = self.accounts["key"][numbers] == keys
            self.accounts["plan_due"][numbers[same]] = self.accounts["plan_months"][numbers[same]] > 0

    def _serve(self, window: Window) -> None:
        starts = self._queue_starts.tolist()
        for resource, centre in enumerate(self.centres.values()):
            queue = queue_of(resource, int(window))
            first, last = starts[queue], starts[queue + 1]
            if first == last:
                continue
            rows = self._waiting[first:last]
            on_hand = centre.seconds
            if self._seconds[rows].sum(dtype=np.int64) >= on_hand:  # not all can be served: the order counts
                keys = np.empty(rows.size, np.uint64)
                numbers = self.open_accounts[rows]
                kernels.queue_keys(self.accounts, numbers, self._priority[rows], self._today, keys)
                rows = rows[np.argsort(keys)]
            served, used = kernels.serve(rows, self._seconds, on_hand, self._served)
            centre.requested += rows.size
            centre.served += served
            centre.use(used)

    def _end_day(self) -> None:
        nobody = np.zeros(0, PERSON)
        staff = [self.centres[resource.name].on_duty() if resource.skilled else nobody for resource in self._resources]
        skills = (nobody, *staff, *[nobody] * (MOST_POOLS - len(staff)))
        rows = self.open_accounts
        self._channel_days.evening(self.accounts, rows, self._served, self._menu_table)
        self._write_date(self._tomorrow[0], self.day + 1)
        firsts = self._cuts(rows.size)[:-1]
        batch = {first: number for number, first in enumerate(firsts)}
        out = Evening.empty(rows.size, len(firsts), kernels.TOTALS, (len(self.collectors.names), len(SUMS)))
        self._net_flow, self._awake = out.net_flow, out.awake

        def step(first: int, last: int) -> tuple[int, int, int]:
            return kernels.step_day(  # type: ignore[no-any-return]
                self.accounts,
                rows,
                first,
                last,
                self._params,
                self._today,
                self._tomorrow,
                int(self._wakes_before),
                self._menu_table,
                skills,
                self._served,
                batch[first],
                out,
            )

        parts = self._in_parts(step, rows.size)
        self._woken = sum(pending for _, pending, _ in parts), sum(interest for _, _, interest in parts)
        evening = np.concatenate(
            [
                out.booked[:0],
                *(out.booked[first:][:booked] for first, (booked, _, _) in zip(firsts, parts, strict=True)),
            ]
        )
        self._book(evening)
        self.collectors.close_day(self.day, out.people.sum(axis=0))
        away = sum(centre.away for centre in self.centres.values())
        self.ledger.close_day(
            DayClose(
                day=self.day,
                rows=rows,
                evening=evening,
                totals=out.totals.sum(axis=0),
                interest=self._interest,
                fees=self.courts.fees_of_day(),
                macro=float(self._today["macro"][0]),
                discount_factor=self.discount_factor,
                complaint_surcharge=self.complaint_surcharge,
                shifts={name: centre.end_of_day() for name, centre in self.centres.items()},
                legal_active=self.courts.team.count,
                legal_capacity=int(self.courts.team.capacity),
                legal_queue=self.courts.waiting,
                suspended=self.corrections.suspended,
                away=away,
            )
        )
        day = self.ledger.yesterday
        by_rules = int(day["blocked"] - day["blocked_suspended"])
        self.corrections.record_day(int(day["complaints"]), by_rules, int(day["breaches"]), int(day["open"]))

    def _book(self, evening: NDArray[np.void]) -> None:
        """What comes of the day's events beyond the accounts themselves; `evening` (`day.EVENING`) has those that had such."""
        events = evening["events"]
        self._schedule_instalments(evening, events)
        self._go_to_court(evening, events)
        self.notices.record(self.day, evening["number"][events & Event.NOTICE > 0])

    def _schedule_instalments(self, evening: NDArray[np.void], events: NDArray[np.uint32]) -> None:
        running = evening["plan_months"] > 0
        signed = running & (events & Event.OFFER_ACCEPTED > 0)
        continued = running & (events & (Event.INSTALMENT_PAID | Event.INSTALMENT_MISSED) > 0)
        self._instalments.pop(self.day, None)
        for chosen, days in ((signed, FIRST_INSTALMENT_DAYS), (continued, INSTALMENT_EVERY_DAYS)):
            if chosen.any():
                self._instalments[self.day + days].append((evening["number"][chosen], evening["key"][chosen]))

    def _go_to_court(self, evening: NDArray[np.void], events: NDArray[np.uint32]) -> None:
        closed_in_court = (events & Event.CLOSED > 0) & (evening["stage"] >= Stage.QUEUED)
        called_for = closed_in_court | (events & (Event.SUIT | Event.ENFORCEMENT) > 0)
        closed, suit = int(Event.CLOSED), int(Event.SUIT)
        for number, happened in zip(evening["number"][called_for].tolist(), events[called_for].tolist(), strict=True):
            if happened & closed:
                self.courts.withdraw(number)
            elif happened & suit:
                self.courts.sue(number)
            else:
                self.courts.enforce(number)

    def _start_day(self) -> int:
        """Drop closed accounts, and begin the day for the others; cents pending in agreed settlements."""
        rows, asleep = self.open_accounts, np.flatnonzero(~self._awake)
        still_open = np.empty(asleep.size, np.bool_)
        kernels.still_open(self.accounts, rows[asleep], still_open)
        if not still_open.all():
            self.open_accounts = np.delete(rows, asleep[~still_open])
        self._set_today()
        sums = self._over_rows(kernels.start_day, self._params, self._today, rows=rows[asleep[still_open]])
        pending, self._interest = self._woken
        self._interest += sum(interest for _, interest in sums)
        return pending + sum(pending for pending, _ in sums)

    def _write_date(self, t: np.void, day: int) -> None:
        """What is known of a day before it comes."""
        date = self.calendar.date(day)
        self.economy.begin_day(day)
        t["day"], t["weekday"], t["day_of_month"] = day, date.weekday(), date.day
        t["day_off"] = self.calendar.is_day_off(day)
        t["macro"] = self.economy.index
        t["income_factor"] = np.exp(-self.world.behaviour.macro_income * self.economy.index)
        t["discount_factor"] = (1.0 + self.world.discount_rate) ** (-day / 365.0)
        t["daily_rate"][: self._daily_rates.size] = self._daily_rates

    def _set_today(self) -> None:
        t = self._today[0]
        for name in (
            "day",
            "weekday",
            "day_of_month",
            "day_off",
            "macro",
            "income_factor",
            "discount_factor",
            "daily_rate",
        ):
            t[name] = self._tomorrow[name][0]
        t["suspended"] = self.corrections.suspended_bits
        self._closed[:] = self._nobody_serves()[self._menu_table["channel"], self._menu_table["window"]]
        care = {
            resource.name: self.centres[resource.name].care(self.day)
            for resource in self._resources
            if resource.skilled
        }
        for one in self._vocabulary.channels:
            if one.pool in care:
                t["care"][one.channel] = care[one.pool]

    def _nobody_serves(self) -> NDArray[np.bool_]:
        """Where a channel's resource has no shift today: bool (channels, windows)."""
        closed = {
            name: [not centre.opens(self.day, window) for window in Window] for name, centre in self.centres.items()
        }
        open_always = [False] * len(Window)
        return np.array([closed.get(one.pool, open_always) for one in self._vocabulary.channels])

    def _begin_day(self, pending: int) -> None:
        """What the new day's observation says of yesterday's resources."""
        t = self._today[0]
        if self.day == self.first_day:
            self._write_date(self._tomorrow[0], self.day)
            self._set_today()
            for resource in self._resources:
                if resource.fill_observed:
                    t[f"{resource.name}_fill"] = 1.0
        else:
            last = self.ledger.yesterday
            for resource in self._resources:
                name = resource.name
                capacity, requested = last[f"{name}_capacity"], last[f"{name}_requested"]
                if resource.load_observed:
                    t[f"{name}_load"] = min(last[f"{name}_seconds"] / capacity, 1.0) if capacity else 0.0
                if resource.fill_observed:
                    t[f"{name}_fill"] = last[f"{name}_served"] / requested if requested else 1.0
        t["legal_load"], t["legal_queue"] = self.courts.load, self.courts.waiting
        self._channel_days.morning(self.accounts)
        self._customers.morning(self.accounts, self._today)
        self.tally = self._tally(pending)
        self.hear(self.lender.morning(self.tally) if self.day > self.first_day else self.lender.signals)

    def _tally(self, pending: int) -> Tally:
        if self.day == self.first_day:
            return Tally(0, 0, self.open_accounts.size, 0, 0, 0)
        last, conceded = self.ledger.yesterday, pending + self.ledger.forgiven
        return Tally(last["complaints"], last["settlement_offers"], last["open"], conceded, *self.notices.due(self.day))

    def hear(self, signals: Signals) -> None:
        """What holds today for all accounts of the lender; until it is told otherwise, a simulation takes its own for all there are.

        Args:
            signals: of this morning, before anything is observed or decided.
        """
        t = self._today[0]
        t["notice_belief"] = notice_belief(self._params[0], signals.notices_followed)
        t["market_waiting"] = signals.market_waiting
        t["complaint_surcharge"] = signals.complaint_surcharge
        t["settlement_budget_left"] = signals.settlement_budget_left

    def _over_rows(
        self, kernel: Callable[..., Any], *arguments: Any, rows: NDArray[np.int64] | None = None
    ) -> list[Any]:
        """Call a kernel for batches of accounts (the open ones), on threads if asked for; results in order."""
        rows = self.open_accounts if rows is None else rows
        return self._in_parts(lambda first, last: kernel(self.accounts, rows, first, last, *arguments), rows.size)

    def _in_parts(self, work: Callable[[int, int], Any], count: int) -> list[Any]:
        """Results of `work(first, last)` for rows 0 .. count − 1 part by part, on threads if asked for; this thread works as well."""
        cuts = self._cuts(count)
        results: list[Any] = [None] * (len(cuts) - 1)
        left = iter(range(len(results)))

        def do_what_is_left() -> None:
            for n in left:
                results[n] = work(cuts[n], cuts[n + 1])

        helpers = min(self._thread_count, len(results)) - 1
        helping = [self._helpers.submit(do_what_is_left) for _ in range(helpers)] if self._helpers else []
        do_what_is_left()
        for one in helping:
            one.result()
        return results

    def _cuts(self, count: int) -> list[int]:
        """Where so many rows are cut into parts: of equal size, at most a batch, and as many for each thread."""
        parts = -(-count // self._batch)
        if parts > 1:
            parts = -(-parts // self._thread_count) * self._thread_count
        return [count * n // parts for n in range(parts + 1)] if parts else [0]

    # --- results ------------------------------------------------------------------------------------------------

    def value_left(self, numbers: NDArray[np.int64] | None = None, day: Any = None) -> NDArray[np.int64]:
        """What is left of claims, were a day the morning after the last one: cents at that day, int64; see `horizon`.

        Args:
            numbers: of accounts; None = all.
            day: one for all or one for each; None = today.
        """
        accounts = self.accounts if numbers is None else self.accounts[numbers]
        return value_left(accounts, self.day if day is None else day, self.world)

    def accounts_table(self) -> pd.DataFrame:
        """One row per account: `Ledger.accounts_table`, and what is left of each claim should the run end here.

        Further columns: horizon_value (cents, today), discounted_horizon_value (cents at day 0).
        """
        left = self.value_left()
        return self.ledger.accounts_table().assign(
            horizon_value=left, discounted_horizon_value=left * self.discount_factor
        )

    def daily_table(self) -> pd.DataFrame:
        """One row per day; see `Ledger.daily_table`."""
        return self.ledger.daily_table()

    def collectors_table(self) -> pd.DataFrame:
        """One row for each person on the telephone, and one for nobody; see `Collectors.table`."""
        return self.collectors.table()

    def corrections_table(self) -> pd.DataFrame:
        """One row for each time conduct was corrected; see `CorrectionLoop.table`."""
        return self.corrections.table()

    def events_table(self) -> pd.DataFrame:
        """One row per account and day with a treatment or an event; see `Ledger.events_table`."""
        return self.ledger.events_table()

    def audit_table(self) -> pd.DataFrame:
        """The event log in the form that an audit reads; see `Ledger.audit_table`."""
        return self.ledger.audit_table()

    def blocked_by_rule(self) -> dict[str, int]:
        """Treatments stopped, by rule id (`impossible`: made no sense; `suspended-CHANNEL`: the channel was at rest)."""
        return self.ledger.by_rule(Event.BLOCKED)

    def breaches_by_rule(self) -> dict[str, int]:
        """Unlawful treatments that happened, by rule id; always empty with the gate on."""
        return self.ledger.by_rule(Event.BREACH)


def refuse_too_old(world: World, portfolio: Portfolio) -> None:
    """Accounts must be younger than the age at which the world writes off.

    Raises:
        InputError: some are not.
    """
    old = portfolio.column("dpd") >= world.write_off_dpd
    if portfolio.state:  # nothing is written off while a court or a plan is at work
        old = old & ~at_work(portfolio.table)
    too_old = np.flatnonzero(old)
    if too_old.size:
        raise InputError(
            portfolio.name,
            f"account {portfolio.column('account_id')[too_old[0]]}, dpd",
            int(portfolio.column("dpd")[too_old[0]]),
            f"below {world.write_off_dpd}, the age at which this scenario writes off ({too_old.size} accounts)",
        )


def conceded_before(world: World, portfolio: Portfolio) -> int:
    """Cents that accounts in mid-life have been forgiven, or will be by what is agreed: what of the settlement budget is gone."""
    if not portfolio.state:
        return 0
    accounts = open_accounts(world, portfolio, seed=0)
    return int(accounts["forgiven"].sum()) + kernels.agreed_to_forgive(accounts, kernel_record(world))


def refuse_other_day(world: World, portfolio: Portfolio, first_day: int) -> None:
    """Accounts in mid-life must be as on the morning of the first day.

    Raises:
        InputError: they are of another day.
    """
    first = world.start + timedelta(days=first_day)
    if portfolio.state and portfolio.as_of not in (None, first):
        raise InputError(
            portfolio.name,
            "as_of of the column map",
            portfolio.as_of,
            f"{first}, the first day (start of the scenario's world)",
        )


def refuse_other_products(world: World, portfolio: Portfolio) -> None:
    """Accounts must be of kinds of credit that the world has.

    Raises:
        InputError: some are not.
    """
    products = portfolio.column("product")
    foreign = np.flatnonzero(~np.isin(products, list(world.products)))
    if foreign.size:
        raise InputError(
            portfolio.name,
            f"account {portfolio.column('account_id')[foreign[0]]}, product",
            products[foreign[0]],
            f"{choose(world.products, products[foreign[0]])}, the products of this scenario ({foreign.size} accounts)",
        )


def typical_claim(world: World, openings: NDArray[np.number]) -> float:
    """What `claim_size` is measured in, currency: the world's own, or the median of these opening balances (currency)."""
    return world.typical_claim or float(np.median(openings))


def _tier_record(world: World) -> NDArray[np.void]:
    tiers, rule = world.tiers, np.zeros(1, TIER_RULE)
    for counted, values, numbers in (("ages", "dpd", tiers.dpd_points), ("bounds", "least", tiers.bounds)):
        rule[counted], rule[values][0, : len(numbers)] = len(numbers), numbers
    rule["warning"], rule["low_score"] = tiers.warning, tiers.low_score
    for name in TierPoints.model_fields:
        rule[f"{name}_points"] = getattr(tiers.points_for, name)
    return rule
