"""Arbitrary accounts through a day, in the engine and by the rules' second implementation: every field of every account.

Whole numbers have to be equal, and other numbers to the ninth digit.
"""

from __future__ import annotations

from functools import reduce

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from recoup.sim import kernels
from recoup.sim.account import Event, Outcome, Status
from recoup.sim.compliance.gate import RULE, Gate
from recoup.sim.day import Evening
from recoup.sim.operations.collectors import SUMS
from recoup.sim.operations.contact_centre import PERSON, SKILL
from recoup.sim.parameters import kernel_record
from recoup.sim.treatments import Channel, Menu
from tests.reference import disagreeing, lets_through
from tests.second.contact import choose_who_answers, is_to_be_reviewed, send_to_review
from tests.second.day import live_through, wake_up
from tests.second.draws import bits
from tests.second.examples import any_accounts, any_day, any_world
from tests.second.money import forgiven_by_handover
from tests.second.state import Debtor

ACCOUNTS = 200
NO_RULES = Gate.of(np.zeros(0, RULE))
NOBODY = np.zeros(0, PERSON)
PEOPLE = (Channel.COLLECTOR, Channel.SPECIALIST, Channel.VISIT)
SEEDS = st.integers(0, 2**32 - 1)
# A seed that fails says as much as a smaller one: nothing to shrink.
EXAMPLES = settings(
    max_examples=20, deadline=None, derandomize=True, phases=[Phase.generate], report_multiple_bugs=False
)


class Case:
    """A world, a day in it, and accounts: `ours` for the engine, `theirs` for the second implementation."""

    def __init__(self, seed: int, accounts: int = ACCOUNTS) -> None:
        self.chance = np.random.default_rng(seed)
        self.world = any_world(seed)
        self.params = kernel_record(self.world)
        self.today, self.t = any_day(seed, self.world)
        self.menu = Menu.of(self.world.channels, self.world.offers, self.world.legal)
        self.ours = any_accounts(accounts, seed, self.today.day, self.world.courts.review is not None)
        self.theirs = self.ours.copy()
        self.rows = np.flatnonzero(self.ours["status"] == Status.OPEN)

    def debtors(self):  # type: ignore[no-untyped-def]
        """Each open account of the second implementation, written back when the loop goes on."""
        for number in self.rows:
            debtor = Debtor(self.theirs[number])
            yield debtor, self.menu.treatments[debtor.treatment]
            debtor.write_to(self.theirs, number)

    def people(self, count: int) -> np.ndarray:
        """As many people on duty, each with skills of his own."""
        people = np.zeros(count, PERSON)
        people["number"] = self.chance.integers(1, 100, count)
        for name in SKILL.names or ():
            people[name] = self.chance.normal(0, 1, count)
        return people

    def morning(self) -> tuple[int, int]:
        return kernels.start_day(self.ours, self.rows, 0, self.rows.size, self.params, self.t)  # type: ignore[no-any-return]

    def decide(self) -> np.ndarray:
        """Any treatment that makes sense, decided in the engine; numbers of the queues, by open account."""
        for name in (
            "treatment outcome rule served reached seconds events cash_today forgiven_today cost_today calls_back answered collector"
        ).split():
            self.ours[name] = self.theirs[name] = 0
        closed = self.chance.random(len(self.menu)) < 0.05  # nobody is on duty for these
        # Offers and conversations are what most of the rules are about: they come twice as often as the menu has them.
        talks = [n for n, t in enumerate(self.menu.treatments) if t.channel in PEOPLE or t.offer.name != "none"]
        actions = self.chance.choice([*range(len(self.menu)), *talks], self.rows.size)
        queues = np.empty(self.rows.size, np.uint8)
        kernels.decide(
            self.ours,
            self.rows,
            0,
            self.rows.size,
            actions,
            self.params,
            self.t,
            self.menu.table,
            closed,
            NO_RULES,
            True,
            queues,
            np.empty(self.rows.size, np.int32),
        )
        for number, action in zip(self.rows, actions, strict=True):
            self.theirs["treatment"][number] = action if action and self.may(number, action, closed) else 0
        return queues

    def may(self, number: int, action: int, closed: np.ndarray) -> bool:
        """Whether a treatment goes ahead by the second implementation, which opens reviews."""
        step = self.menu.treatments[action].legal
        debtor = Debtor(self.theirs[number])
        review = is_to_be_reviewed(debtor, self.world, step)
        menu = self.menu.table
        if not lets_through(self.theirs, number, action, self.t, menu, closed, NO_RULES, True, review):
            return False
        if review:
            debtor = Debtor(self.theirs[number])
            send_to_review(debtor, self.world, self.today, step)
            debtor.write_to(self.theirs, number)
        return not review

    def live(self) -> tuple[np.ndarray, np.ndarray]:
        """The rest of the day in both; the engine's totals and net flows."""
        collectors, specialists = self.people(3), self.people(3)
        by_pool = (NOBODY, collectors, specialists, *[NOBODY] * 6)
        skills = {Channel.COLLECTOR: collectors, Channel.SPECIALIST: specialists}
        served = self.chance.random(len(self.ours)) < 0.9
        self.ours["served"] = self.theirs["served"] = served
        answered = (self.ours["calls_back"] > 0) & (self.chance.random(len(self.ours)) < 0.7)
        self.ours["answered"] = self.theirs["answered"] = answered
        count = self.rows.size
        out = Evening.empty(count, 1, kernels.TOTALS, (100, len(SUMS)))
        kernels.step_day(
            self.ours,
            self.rows,
            0,
            count,
            self.params,
            self.t,
            self.t,
            0,
            self.menu.table,
            by_pool,
            np.zeros(count, np.bool_),
            0,
            out,
        )
        for debtor, treatment in self.debtors():
            talker = Channel.COLLECTOR if debtor.answered else treatment.channel
            live_through(debtor, self.world, self.today, treatment, skills.get(talker, NOBODY))
        return out.totals[0], out.net_flow


@EXAMPLES
@given(seed=SEEDS)
def test_the_morning_charges_interest_fades_feelings_and_moves_work(seed: int) -> None:
    case = Case(seed)
    pending, interest = case.morning()
    for debtor, _ in case.debtors():
        wake_up(debtor, case.world, case.today)
    assert disagreeing(case.ours, case.theirs) == []
    reviewed = {int(one) for one in case.theirs["review"]}
    assert reviewed == {0, 1, 2} or (case.world.courts.review is None and reviewed == {0})
    before = any_accounts(ACCOUNTS, seed, case.today.day, case.world.courts.review is not None)
    assert interest == (case.theirs["interest"] - before["interest"]).sum()
    agreed = case.rows[case.theirs["promise_discount"][case.rows] > 0]
    # Who has paid below the agreed sum meanwhile will be forgiven nothing.
    expected = sum(max(0, int(a["balance"]) - int(a["promise_amount"])) for a in case.theirs[agreed])
    for a in case.theirs[case.rows[case.theirs["promise_swap"][case.rows] > 0]]:
        expected += forgiven_by_handover(case.world, int(a["balance"]), int(a["promise_amount"]))
    assert pending == expected


@EXAMPLES
@given(seed=SEEDS)
def test_an_attempt_reaches_whom_it_should_takes_its_time_and_waits_in_its_queue(seed: int) -> None:
    case = Case(seed)
    queues = case.decide()
    expected = []
    for debtor, treatment in case.debtors():
        if treatment.channel:
            choose_who_answers(debtor, case.world, case.today, treatment)
        pools = [Channel.COLLECTOR, Channel.SPECIALIST, Channel.AUTOCALL, Channel.VISIT]
        if treatment.channel in pools:
            expected.append(4 * pools.index(treatment.channel) + treatment.window)
        else:
            debtor.served = int(treatment.channel != Channel.NONE)  # nothing holds a text or a letter up
            expected.append(treatment.window if debtor.calls_back else 255)  # who calls back waits for a collector
    assert disagreeing(case.ours, case.theirs) == []
    assert queues.tolist() == expected


@EXAMPLES
@given(seed=SEEDS)
def test_the_rest_of_the_day_leaves_every_cent_and_every_mark_where_it_should(seed: int) -> None:
    case = Case(seed)
    case.decide()
    case.theirs = case.ours.copy()
    case.live()
    assert disagreeing(case.ours, case.theirs) == []


@EXAMPLES
@given(seed=SEEDS)
def test_the_days_totals_are_the_sums_of_its_accounts(seed: int) -> None:
    case = Case(seed)
    case.decide()
    case.theirs = case.ours.copy()
    totals, net_flow = case.live()
    total = dict(zip((*kernels.EVENT_NAMES, *kernels.SUMS), totals.tolist(), strict=True))
    a = case.theirs[case.rows]
    for event in Event:
        assert total[event.name.lower()] == sum(1 for events in a["events"] if int(events) & event), event
    heard = [case.menu.treatments[a["treatment"][n]].offer.name for n in np.flatnonzero(a["events"] & Event.OFFER)]
    assert total["settlement_offers"] == sum(name.startswith("settle_") for name in heard)
    assert total["open"] == sum(1 for status in a["status"] if status == 0)
    assert total["balance"] == sum(a["balance"][a["status"] == Status.OPEN].tolist())
    for name in ("cash", "forgiven", "cost"):
        assert total[name] == sum(a[f"{name}_today"].tolist()), name
    assert net_flow.tolist() == [int(one["cash_today"]) - int(one["cost_today"]) for one in a]


def test_arbitrary_days_meet_everything_that_can_happen_to_a_debtor() -> None:
    """What the tests above compare is not a world in which nothing happens."""
    cases = [Case(seed) for seed in range(160)]
    for case in cases:
        case.decide()
        case.theirs = case.ours.copy()
        case.live()
    accounts = np.concatenate([case.theirs[case.rows] for case in cases])
    events = Event(int(reduce(np.bitwise_or, accounts["events"])))
    by_courts = Event.JUDGMENT | Event.SEIZURE  # not the debtor's doing
    morning = Event.SENT_BACK  # compared above
    unlawful = Event.BREACH  # there are no rules here
    assert ~(events | by_courts | unlawful | morning) & reduce(lambda x, y: x | y, Event) == Event(0)
    assert set(accounts["outcome"].tolist()) == {int(outcome) for outcome in Outcome}
    ended = {Status.OPEN, Status.PAID, Status.SETTLED, Status.WRITTEN_OFF, Status.CURED}
    assert set(accounts["status"].tolist()) == {int(status) for status in ended}
    for tally in (
        "hardship_calls",
        "hardship_suits",
        "distress_contacts",
        "distress_suits",
        "plans_fit",
        "restructured",
    ):
        assert accounts[tally].any(), tally


@EXAMPLES
@given(seed=SEEDS, day=st.integers(0, 3000))
def test_queues_go_by_priority_and_then_at_random(seed: int, day: int) -> None:
    case = Case(seed, accounts=20)
    case.t["day"] = day
    priority = case.chance.integers(0, 256, case.rows.size).astype(np.uint8)
    keys = np.empty(case.rows.size, np.uint64)
    kernels.queue_keys(case.ours, case.rows, priority, case.t, keys)
    queue = 3  # the purpose's number; numbers of purposes never change
    lots = [bits(key, day, queue) / 2**64 for key in case.ours["key"][case.rows].tolist()]
    expected = sorted(range(case.rows.size), key=lambda n: (priority[n], lots[n]))
    assert np.argsort(keys).tolist() == expected


@pytest.mark.parametrize(
    ("seconds", "served", "used"),
    [
        (0, 0, 0),
        (1, 1, 60),  # the call that has begun runs over
        (60, 1, 60),
        (61, 2, 110),  # 60 + 50
        (110, 2, 110),
        (111, 3, 140),  # 60 + 50 + 30
        (9999, 3, 140),
    ],
)
def test_people_serve_the_queue_in_order_while_they_have_time(seconds: int, served: int, used: int) -> None:
    taken = np.zeros(5, np.bool_)
    queue = np.array([2, 3, 0])
    assert kernels.serve(queue, np.array([30, 99, 60, 50, 99], np.int32), seconds, taken) == (served, used)
    assert np.flatnonzero(taken).tolist() == sorted([2, 3, 0][:served])


@EXAMPLES
@given(queues=st.lists(st.sampled_from([0, 1, 3, 5, kernels.NO_QUEUE]), max_size=40))
def test_those_who_wait_are_sorted_by_queue(queues: list[int]) -> None:
    order, starts = np.full(len(queues), -1), np.full(7, -1)
    kernels.line_up(np.array(queues, np.uint8), order, starts)
    for queue in range(6):
        assert order[starts[queue] : starts[queue + 1]].tolist() == [n for n, one in enumerate(queues) if one == queue]
    assert starts[0] == 0 and starts[6] == sum(queue != kernels.NO_QUEUE for queue in queues)
