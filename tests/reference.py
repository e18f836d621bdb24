"""The plain reference: one SimPy process per debtor, no batches, no arrays of decisions.

Debtors live by the rules' second implementation (`tests/second`), in plain Python. With the fast engine it shares the gate
(`compliance.gate`, `kernels.pass_gate`), the observation, and the processes for what is scarce (`operations`, `courts`). Who waits
for whom, what happens in which order, when instalments fall due and what is counted each day is written here a second time: whole
numbers must be equal, and other numbers to the ninth digit.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Generator
from contextlib import contextmanager

import numpy as np
import simpy
from numpy.typing import NDArray

from recoup.sim import kernels
from recoup.sim.account import ACCOUNT, Event, Stage, Status
from recoup.sim.compiled import njit
from recoup.sim.compliance.gate import SUSPENDED, Gate, gate_table
from recoup.sim.compliance.rules import RulePack
from recoup.sim.midlife import Pending, pending
from recoup.sim.observation import DAY_CONTEXT, FIELD_INDEX, FIELDS, HIGH, LOW, TIER_RULE, by_name, observe
from recoup.sim.operations.clock import DAY_ENDS, MINUTES_PER_DAY, MINUTES_PER_HOUR, Calendar
from recoup.sim.operations.contact_centre import PERSON, ContactCentre, staff
from recoup.sim.operations.correction import CorrectionLoop, Supervisor
from recoup.sim.operations.courts import LegalDesk
from recoup.sim.operations.economy import Economy
from recoup.sim.parameters import World, kernel_record
from recoup.sim.portfolio.table import Portfolio
from recoup.sim.randomness import Purpose
from recoup.sim.traits import open_accounts
from recoup.sim.treatments import Channel, Menu, Window
from tests.second import channels
from tests.second.behaviour import believed
from tests.second.contact import choose_who_answers, is_to_be_reviewed, send_to_review
from tests.second.customers import families, known_channels, mark_caps, note_channels, stop_later_contacts
from tests.second.day import live_through, wake_up
from tests.second.draws import bits
from tests.second.money import allowed_rate, forgiven_by_handover, pay_for_waiting
from tests.second.state import Debtor, Today

FIGURES, NEXT_DAY, WAKING = DAY_ENDS + 5, DAY_ENDS + 10, DAY_ENDS + 15
NOBODY = np.zeros(0, PERSON)
FIRST_INSTALMENT_AFTER, NEXT_INSTALMENT_AFTER = 5, 30  # days


# Python hands an array and a number to compiled code a hundred times faster than a record.
@njit()
def lets_through(accounts, number, action, today, menu, closed, gate, gated, review):  # type: ignore[no-untyped-def]
    return kernels.pass_gate(accounts[number], today[0], menu[action], closed[action], gate, gated, review)


def disagreeing(ours: NDArray[np.void], theirs: NDArray[np.void]) -> list[str]:
    """Fields of two account arrays that are not equal; numbers in double precision, to the ninth digit."""
    wrong = []
    for name in ACCOUNT.names or ():
        one, other = ours[name], theirs[name]
        same = np.allclose(one, other, rtol=1e-9, atol=1e-6) if ACCOUNT[name] == np.float64 else (one == other).all()
        if not same:
            wrong.append(name)
    return wrong


class ReferenceSimulation:
    """As `recoup.sim.simulation.Simulation`, with the same calls where the tests need them."""

    def __init__(self, world: World, portfolio: Portfolio, rules: RulePack, seed: int, *, gate: bool = True) -> None:
        self.world, self.rules_pack, self.gate = world, rules, gate
        self.menu = Menu.of(world.channels, world.offers, world.legal, world.vocabulary)
        self.items = self.menu.table
        self.rules = Gate.of(gate_table(rules, world))
        self.accounts = open_accounts(world, portfolio, seed)
        self.params = kernel_record(world)
        self.today = np.zeros(1, DAY_CONTEXT)
        self.today["typical_claim"] = 100.0 * (world.typical_claim or np.median(portfolio.column("opening_balance")))
        self.day = 0
        self.daily: list[dict[str, float]] = []
        self.forgiven = int(self.accounts["forgiven"].sum())
        self.market_waiting = 0.0
        self.share_followed = world.behaviour.credibility_start
        self.notices: dict[int, list[tuple[int, int]]] = defaultdict(list)
        self.counted: list[bool] = []
        self.interest_so_far = self.interest_of_today = 0
        self.env = simpy.Environment()
        self.calendar = Calendar(world.start, world.holidays)
        self.economy = Economy(world.macro, seed)
        self.centres: dict[str, ContactCentre] = {}
        for name in ("collector", "specialist", "autocall", "visit", *world.operations.more_pools):
            pool = channels.pool(world, name)
            people = pool.people(len(portfolio))
            self.centres[name] = ContactCentre(self.env, name, pool, world.windows, self.calendar, people)
            if self._skilled(name):
                staff(self.centres[name], seed, world.operations.skill_spread)
                self.centres[name].train(world.operations.training)
        # Everybody on the telephone has a number: collectors from 1, specialists after them, then the scenario's own pools.
        first = 1
        for name in filter(self._skilled, self.centres):
            self.centres[name].first = first
            first += self.centres[name].people
        self.corrections = CorrectionLoop(self.env, world.conduct, self.centres, world.vocabulary)
        self.supervisor = Supervisor(world.conduct.regulator if world.conduct else None)
        self.desks = {name: simpy.PriorityResource(self.env) for name in self.centres}
        self.courts = LegalDesk(self.env, world, self.calendar, self.accounts, self.params, self.today)
        self.instalment_due: dict[int, int] = {}
        if portfolio.state:
            self._go_on_with(pending(self.accounts, portfolio.table, world.start, 0))
        self.families = families(portfolio)
        self.by_channel = known_channels(portfolio, self)
        mark_caps(self, 0)
        self.actions = np.zeros(len(portfolio), np.int64)
        self.priority = np.zeros(len(portfolio), np.int64)
        self.for_the_clerk: list[int] = []
        self._write_date(0)
        self.today["collector_fill"] = self.today["specialist_fill"] = 1.0
        self._write_budget()
        for name in self.desks:
            self.env.process(self._open_desk(name))
        self.env.process(self._ledger_clerk())
        for number in range(len(portfolio)):
            self.env.process(self._debtor(number))
        self.env.process(self._family_clerk())

    def _go_on_with(self, waiting: Pending) -> None:
        """What was pending when the first morning came."""
        self.instalment_due = {int(number): day for day, numbers in waiting.instalments.items() for number in numbers}
        for day, numbers in waiting.notices.items():
            if day + self.world.behaviour.credibility_days > 0:
                self.notices[day] += [(int(number), int(self.accounts["key"][number])) for number in numbers]
        for case in waiting.cases:
            self.courts.take_up(case)
        self.today["legal_load"] = min(len(waiting.cases), self.courts.team.capacity) / self.courts.team.capacity
        self.today["legal_queue"] = max(len(waiting.cases) - self.courts.team.capacity, 0)

    def _family_clerk(self) -> Generator[simpy.Event, object, None]:
        """Looks at customers with several accounts, once everything is decided and before anybody is called."""
        day = 0
        while True:
            stop_later_contacts(self, day)
            yield self._at(day, FIGURES)
            note_channels(self, day)
            yield self._at(day, WAKING + 2)
            mark_caps(self, day + 1)
            day += 1
            yield self._at(day, 0)

    @property
    def open_accounts(self) -> NDArray[np.int64]:
        return np.flatnonzero(self.accounts["status"] == Status.OPEN)

    def observe(self) -> NDArray[np.float32]:
        out = np.empty((self.open_accounts.size, len(FIELDS)), np.float32)
        tiers = self.world.tiers
        ages = tiers.dpd if tiers.dpd is not None else [tiers.dpd_medium, tiers.dpd_high]
        bounds = tiers.points if tiers.points is not None else [tiers.medium_points, tiers.high_points]
        rule = np.zeros(1, TIER_RULE)
        rule["ages"], rule["bounds"] = len(ages), len(bounds)
        rule["dpd"][0, : len(ages)], rule["least"][0, : len(bounds)] = ages, bounds
        rule["warning"], rule["low_score"] = tiers.warning, tiers.low_score
        for name, points in tiers.points_for:
            rule[f"{name}_points"] = points
        high = HIGH.copy()
        high[FIELD_INDEX["tier"]], high[FIELD_INDEX["product"]] = len(tiers.names) - 1, len(self.world.products) - 1
        rows = self.open_accounts
        observe(self.accounts, rows, 0, rows.size, self.today, rule, LOW, high, out, by_name(out))
        return out

    def masks(self) -> NDArray[np.bool_]:
        out = np.empty((self.open_accounts.size, len(self.menu)), np.bool_)
        rows = self.open_accounts
        bits = self.items["bits"].copy()
        kernels.allowed(self.accounts, rows, 0, rows.size, self.today, bits, self.closed, self.rules, self.gate, out)
        return out

    def advance(self, actions: NDArray[np.int64], priority: NDArray[np.int64] | None = None) -> None:
        rows = self.open_accounts
        self.actions[rows] = actions
        self.priority[rows] = 0 if priority is None else priority
        self.env.run(until=(self.day + 1) * MINUTES_PER_DAY)
        self.day += 1

    # --- the debtor's day ---------------------------------------------------------------------------------------

    def _debtor(self, number: int) -> Generator[simpy.Event, object, None]:
        a = self.accounts[number]
        due = self.instalment_due.get(number, -1)
        day = 0
        while a["status"] == Status.OPEN:
            if day == due and a["plan_months"]:
                a["plan_due"] = 1
            action = int(self.actions[number])
            if action and not self._may(number, action):
                action = 0
            a["treatment"] = action
            treatment = self.menu.treatments[action]
            if treatment.channel:
                with self._debtor_of(number) as debtor:
                    choose_who_answers(debtor, self.world, self.morning, treatment)
                yield self._at(day, 1)  # the family clerk may say no
                treatment = self.menu.treatments[int(a["treatment"])]
            if treatment.channel:
                served_by = channels.pool_of(self.world, treatment.channel)
                if served_by is None:
                    a["served"] = 1
                    if a["calls_back"] and (yield from self._wait_for(number, a, "collector", treatment.window, day)):
                        a["answered"] = 1
                elif (yield from self._wait_for(number, a, served_by, treatment.window, day)):
                    a["served"] = 1
            yield self._at(day, DAY_ENDS)
            skills = NOBODY
            if a["answered"] or (treatment.channel and channels.has_people(self.world, treatment.channel)):
                skills = self.centres[channels.pool_of(self.world, treatment.channel) or "collector"].on_duty()
            with self._debtor_of(number) as debtor:
                live_through(debtor, self.world, self.morning, treatment, skills)
            events = int(a["events"])
            if events & Event.NOTICE:
                self.notices[day].append((number, int(a["key"])))
            if events & (Event.SUIT | Event.ENFORCEMENT | Event.CLOSED):
                self.for_the_clerk.append(number)
            if a["plan_months"]:
                if events & Event.OFFER_ACCEPTED:
                    due = day + FIRST_INSTALMENT_AFTER
                elif events & (Event.INSTALMENT_PAID | Event.INSTALMENT_MISSED):
                    due = day + NEXT_INSTALMENT_AFTER
            yield self._at(day, WAKING)
            if a["status"] == Status.OPEN:
                with self._debtor_of(number) as debtor:
                    wake_up(debtor, self.world, self.morning)
            day += 1
            yield self._at(day, 0)

    def _may(self, number: int, action: int) -> bool:
        """Whether the treatment goes ahead today; where its file is to be reviewed first, that is what is done instead."""
        step = self.menu.treatments[action].legal
        with self._debtor_of(number) as debtor:
            review = is_to_be_reviewed(debtor, self.world, step)
        if not lets_through(
            self.accounts, number, action, self.today, self.items, self.closed, self.rules, self.gate, review
        ):
            return False
        if review:
            with self._debtor_of(number) as debtor:
                send_to_review(debtor, self.world, self.morning, step)
        return not review

    @contextmanager
    def _debtor_of(self, number: int) -> Generator[Debtor, None, None]:
        debtor = Debtor(self.accounts[number])
        yield debtor
        debtor.write_to(self.accounts, number)

    def _wait_for(
        self, number: int, a: np.void, name: str, window: Window, day: int
    ) -> Generator[simpy.Event, object, bool]:
        """Whether somebody had time for the debtor."""
        centre = self.centres[name]
        opens = round(self.world.windows.hours(window)[0] * MINUTES_PER_HOUR)
        yield self._at(day, opens + 1)
        centre.requested += 1
        # Priority first, then at random by account and day.
        chance = bits(a["key"], day, Purpose.QUEUE) >> 8
        place = (int(self.priority[number]) << 56) + chance
        with self.desks[name].request(priority=place) as turn:
            yield turn
            if centre.seconds > 0:
                centre.served += 1
                centre.use(int(a["seconds"]))
                return True
            return False

    def _open_desk(self, name: str) -> Generator[simpy.Event, object, None]:
        """Keep the desk shut for the first two minutes, so that the queue can form before anybody is served."""
        day = 0
        while True:
            for window in Window:
                opens = round(self.world.windows.hours(window)[0] * MINUTES_PER_HOUR)
                yield self._at(day, opens)
                with self.desks[name].request(priority=-1) as shut:
                    yield shut
                    yield self._at(day, opens + 2)
            day += 1

    def _at(self, day: int, minute: int) -> simpy.Event:
        return self.env.timeout(day * MINUTES_PER_DAY + minute - self.env.now)

    # --- the ledger clerk's evening ------------------------------------------------------------------------------

    def _ledger_clerk(self) -> Generator[simpy.Event, object, None]:
        day = 0
        while True:
            yield self._at(day, FIGURES)
            self._file_with_court()
            self._count(day)
            yield self._at(day, NEXT_DAY)
            self._write_date(day + 1)
            self._write_loads()
            yield self._at(day, WAKING + 1)
            so_far = int(self.accounts["interest"].sum())
            self.interest_of_today, self.interest_so_far = so_far - self.interest_so_far, so_far
            self._write_budget()
            day += 1

    def _file_with_court(self) -> None:
        for number in sorted(self.for_the_clerk):
            events = self.accounts["events"][number]
            if events & Event.CLOSED:
                self.courts.withdraw(number)
            elif events & Event.SUIT:
                self.courts.sue(number)
            else:
                self.courts.enforce(number)
        self.for_the_clerk.clear()

    def _count(self, day: int) -> None:
        a = self.accounts
        alive = (a["status"] == Status.OPEN) | (a["closed_day"] == day)
        events = a["events"][alive]
        figures: dict[str, float] = {"day": day, "open": int((a["status"] == Status.OPEN).sum())}
        offered = alive & (a["events"] & Event.OFFER > 0)
        figures["offered"] = sum(
            self.menu.treatments[a["treatment"][n]].offer.name.startswith("settle") for n in np.flatnonzero(offered)
        )
        for event in Event:
            figures[str(event.name).lower()] = int((events & event > 0).sum())
        for name, figure in (("cash", "cash_today"), ("forgiven", "forgiven_today"), ("cost", "cost_today")):
            figures[name] = int(a[figure][alive].sum())
        figures |= {"balance": int(a["balance"][a["status"] == Status.OPEN].sum()), "interest": self.interest_of_today}
        figures["idle_cost"] = 0
        for name, centre in self.centres.items():
            figures |= {
                f"{name}_seconds": centre.used,
                f"{name}_capacity": centre.capacity,
                f"{name}_requested": centre.requested,
                f"{name}_served": centre.served,
            }
            figures["idle_cost"] += pay_for_waiting(
                self.world, name, centre.people, self._at_work(name, day), centre.used
            )
            centre.end_of_day()
        self.forgiven += int(figures["forgiven"])
        self.daily.append(figures)
        stopped = a["rule"][alive & (a["events"] & Event.BLOCKED > 0)]
        by_rules = int((stopped < SUSPENDED).sum())
        figures |= {"blocked_suspended": stopped.size - by_rules, "resting": len(self.corrections.suspended)}
        self.corrections.record_day(int(figures["complaint"]), by_rules, int(figures["breach"]), int(figures["open"]))
        self.supervisor.record_day(int(figures["complaint"]), int(figures["open"]))

    def _write_date(self, day: int) -> None:
        t, world = self.today[0], self.world
        date = self.calendar.date(day)
        self.economy.begin_day(day)
        self.morning = Today(
            day=day,
            day_of_month=date.day,
            day_off=self.calendar.is_day_off(day),
            stress=self.economy.index,
            market_waiting=self.market_waiting,
            interest_a_year=[
                allowed_rate(self.rules_pack, name, world.annual_rate if one.annual_rate is None else one.annual_rate)
                for name, one in world.products.items()
            ],
            surcharge=self.supervisor.surcharge(),
            belief=believed(world, self._share_followed(day)),
            care={
                number: self.centres[channels.pool_of(world, number)].care(day)
                for number in range(1, len(Channel) + len(world.more_channels))
                if channels.has_people(world, number)
            },
        )
        t["day"], t["weekday"], t["day_of_month"] = day, date.weekday(), date.day
        t["day_off"] = self.calendar.is_day_off(day)
        t["macro"] = self.economy.index
        t["discount_factor"] = (1.0 + world.discount_rate) ** (-day / 365.0)
        # Nobody is on duty where the day is no working day of the pool, or its shift has no minutes in the window.
        self.closed = np.array(
            [
                (name := channels.pool_of(world, t.channel)) is not None and not self._staffed(name, t.window, day)
                for t in self.menu.treatments
            ]
        )
        # Bits 0 to 8 are the channels that there always are, and from 44 on those that a scenario adds.
        t["suspended"] = sum(1 << (channel if channel < 9 else 35 + channel) for channel in self.corrections.suspended)

    def _staffed(self, name: str, window: Window, day: int) -> bool:
        minutes = getattr(channels.pool(self.world, name).shift_minutes, window.name.lower())
        return self._at_work(name, day) and self.centres[name].people > 0 and minutes > 0

    def _skilled(self, name: str) -> bool:
        own = self.world.operations.more_pools.get(name)
        return own.skilled if own else name in ("collector", "specialist")

    def _at_work(self, name: str, day: int) -> bool:
        pool, weekday = channels.pool(self.world, name), self.calendar.weekday(day)
        return weekday in pool.weekdays and (pool.works_holidays or not self.calendar.is_holiday(day))

    def _share_followed(self, day: int) -> float:
        """A notice counts after so many days, if the claim is still open and no plan runs: a suit has followed, or not."""
        b = self.world.behaviour
        for number, key in self.notices.pop(day - b.credibility_days, []):
            a = self.accounts[number]
            if a["key"] == key and a["status"] == Status.OPEN and not a["plan_months"]:
                self.counted.append(a["stage"] > Stage.NOTICED)
        if self.counted:
            memory = b.credibility_memory * len(self.accounts) / 1000
            known = memory * self.share_followed + sum(self.counted)
            self.share_followed = known / (memory + len(self.counted))
            self.counted = []
        return self.share_followed

    def _write_loads(self) -> None:
        t, last = self.today[0], self.daily[-1]
        for name in ("collector", "specialist", "autocall"):
            capacity = last[f"{name}_capacity"]
            t[f"{name}_load"] = min(last[f"{name}_seconds"] / capacity, 1.0) if capacity else 0.0
            if name != "autocall":
                requested = last[f"{name}_requested"]
                t[f"{name}_fill"] = last[f"{name}_served"] / requested if requested else 1.0
        # What the market knows fades as what one debtor has learned does, and yesterday's share comes in.
        keep = 0.5 ** (1 / self.world.behaviour.waiting_half_life)
        yesterday = last["offered"] / max(last["open"], 1)
        self.market_waiting = self.morning.market_waiting = keep * self.market_waiting + (1 - keep) * yesterday
        t["legal_load"], t["legal_queue"] = self.courts.load, self.courts.waiting

    def _write_budget(self) -> None:
        a = self.accounts
        agreed = (a["status"] == Status.OPEN) & (a["promise_discount"] > 0)
        pending = int(np.maximum(a["balance"] - a["promise_amount"], 0)[agreed].sum())
        swapped = a[(a["status"] == Status.OPEN) & (a["promise_swap"] > 0)]
        pending += sum(
            forgiven_by_handover(self.world, int(one["balance"]), int(one["promise_amount"])) for one in swapped
        )
        budget = int(self.world.settlement_budget * int(a["opening"].sum()))
        self.today["settlement_budget_left"] = max(0.0, 1.0 - (pending + self.forgiven) / budget) if budget else 0.0
