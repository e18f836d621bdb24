"""Passes over many accounts: the loops around `debtor.py`, `compliance/gate.py` and `observation.py`.

Every kernel works on rows first..last of the list of open accounts, releases the GIL, and writes nothing that another
range of rows reads; sums are integers. `accounts` are records (`account.ACCOUNT`), `params` is `parameters.kernel_record`,
`today` is `observation.DAY_CONTEXT`, shape (1,). How rows are cut into batches, and on how many threads, changes no result.
"""

from __future__ import annotations

import numpy as np

from recoup.sim import debtor
from recoup.sim.account import Event, Outcome, Status
from recoup.sim.compiled import njit
from recoup.sim.compliance.gate import SUSPENDED, impossible, rule_against, unlawful
from recoup.sim.operations.collectors import tally
from recoup.sim.operations.resources import ANSWERS_CALLS, NO_RESOURCE, queue_of
from recoup.sim.prefetch import AHEAD, prefetch
from recoup.sim.randomness import Purpose, bits
from recoup.sim.treatments import OFFER_KIND, OfferKind

NO_QUEUE = 255

_E_BLOCKED, _E_BREACH, _BLOCKED = int(Event.BLOCKED), int(Event.BREACH), int(Outcome.BLOCKED)
_SETTLEMENT, _R_QUEUE = int(OfferKind.SETTLEMENT), int(Purpose.QUEUE)

# Daily totals: events by bit, then sums of money and counts.
EVENT_NAMES = tuple(event.name.lower() for event in Event if event.name)
SUMS = ("open", "balance", "cash", "forgiven", "cost", "settlement_offers")
_EVENTS = len(EVENT_NAMES)
TOTALS = _EVENTS + len(SUMS)
_OPEN, _BALANCE, _CASH, _FORGIVEN, _COST, _SETTLEMENT_OFFERS = (
    _EVENTS + SUMS.index(name) for name in ("open", "balance", "cash", "forgiven", "cost", "settlement_offers")
)
# What simulation and ledger book one by one.
_BOOKED = int(
    Event.NOTICE | Event.SUIT | Event.ENFORCEMENT | Event.CLOSED | Event.OFFER_ACCEPTED
    | Event.INSTALMENT_PAID | Event.INSTALMENT_MISSED | Event.BLOCKED | Event.BREACH
)  # fmt: skip
_STATUS_OPEN = int(Status.OPEN)


@njit()
def will_forgive(a, p):  # type: ignore[no-untyped-def]
    """Cents that an agreed settlement or handover of an account will forgive."""
    pending = 0
    if a.promise_discount > 0.0:
        pending += max(0, a.balance - a.promise_amount)  # nothing, where less is left by now than was agreed
    if a.promise_swap:
        pending += debtor.lost_on_sale(a, p)
    return pending


@njit()
def agreed_to_forgive(accounts, params):  # type: ignore[no-untyped-def]
    """The sum of `will_forgive` over all accounts."""
    pending = 0
    for a in accounts:
        pending += will_forgive(a, params[0])
    return pending


@njit(borrows=True)
def wake(a, p, t):  # type: ignore[no-untyped-def]
    """Begin a day for an account. Returns cents that an agreed settlement or handover will forgive, and late interest in cents."""
    before = a.interest
    debtor.start_day(a, p, t)
    return will_forgive(a, p), a.interest - before


@njit(borrows=True, nogil=True)
def still_open(accounts, numbers, out):  # type: ignore[no-untyped-def]
    """Fill `out`, bool, with whether accounts are open; `numbers` are theirs, int64, in the same order."""
    for n in range(numbers.size):
        prefetch(accounts, numbers[min(n + AHEAD, numbers.size - 1)])
        out[n] = accounts[numbers[n]].status == _STATUS_OPEN


@njit(borrows=True, nogil=True)
def start_day(accounts, rows, first, last, params, today):  # type: ignore[no-untyped-def]
    """Begin a day for rows first..last; the sums of what `wake` returns."""
    pending, interest = 0, 0
    for row in range(first, last):
        prefetch(accounts, rows[min(row + AHEAD, last - 1)])
        one_pending, one_interest = wake(accounts[rows[row]], params[0], today[0])
        pending += one_pending
        interest += one_interest
    return pending, interest


@njit(borrows=True)
def forbidden(a, t, tables, gated):  # type: ignore[no-untyped-def]
    """Feature bits that are impossible, suspended or, where the gate is on (`gated`), unlawful for this account today (uint64).

    `tables`: of the `Gate`.
    """
    bits = impossible(a, t) | t.suspended
    if gated:
        bits |= unlawful(a, t, tables)
    return bits


@njit(borrows=True, nogil=True)
def allowed(accounts, rows, first, last, today, menu_bits, closed, gate, gated, out):  # type: ignore[no-untyped-def]
    """Fill rows first..last of the mask: bool (open accounts, menu), true where a treatment is possible and lawful.

    Args:
        menu_bits: feature bits of each treatment, uint64 (menu,).
        closed: treatments for which nobody is on duty at their hour today, bool (menu,).
        gate: the rules (`gate.Gate`).
        gated: False = only what is impossible or suspended is masked.
    """
    t = today[0]
    _, tables = gate
    for row in range(first, last):
        bits = forbidden(accounts[rows[row]], t, tables, gated)
        free = out[row]
        for item in range(menu_bits.size):  # without branches, for vector instructions
            free[item] = ((menu_bits[item] & bits) == 0) & (not closed[item])


@njit(borrows=True)
def pass_gate(a, t, item, closed, gate, gated, review):  # type: ignore[no-untyped-def]
    """Whether a treatment may go ahead; counts it on the account as blocked or, with the gate off, as a breach.

    `closed`: nobody is on duty for it at its hour today.

    A suspended channel is closed by the operation itself: with the gate off as well, and it never counts as a breach.

    Args:
        item: the treatment's menu record (`Menu.table`).
        gate, gated: as for `allowed`; with the gate off a rule alone stops nothing.
        review: the request only opens a review, which breaks no rule.
    """
    broken = rule_against(a, t, gate, item.bits)
    suspended = t.suspended & item.bits
    if suspended or closed or (impossible(a, t) & item.bits) or (gated and broken):
        a.rule = SUSPENDED + item.channel if suspended and not broken else broken
        a.blocked += 1
        a.outcome = _BLOCKED
        a.events |= _E_BLOCKED
        return False
    if broken and not review:
        a.rule = broken
        a.breaches += 1
        a.events |= _E_BREACH
    return True


@njit(borrows=True)
def carry_out(a, p, t, menu, action):  # type: ignore[no-untyped-def]
    """Foresee the attempt of a treatment that may go ahead; the number of the queue that the account waits in (`queue_of`), or NO_QUEUE.

    A notice or a suit whose file must be reviewed first opens the review, and nothing else is done that day.

    Args:
        menu: `Menu.table`.
        action: index in the menu.
    """
    if action and debtor.needs_review(a, p, menu[action].legal):
        debtor.open_review(a, p, t, menu[action].legal)
        action = 0
    a.treatment = action
    item = menu[action]
    if not item.group:
        return NO_QUEUE
    debtor.dial(a, p, t, item.channel, item.group, item.window, item.offer, item.legal)
    resource = int(p.served_by[item.channel])
    if resource != NO_RESOURCE:
        return queue_of(resource, item.window)
    a.served = 1
    return queue_of(ANSWERS_CALLS, item.window) if a.calls_back else NO_QUEUE


@njit(borrows=True, nogil=True)
def decide(accounts, rows, first, last, actions, params, today, menu, closed, gate, gated, queues, seconds):  # type: ignore[no-untyped-def]
    """Gate each chosen treatment, carry it out as far as the morning goes, and sort the account into a queue.

    Args:
        actions: menu index of each open account, int64.
        menu: `Menu.table`.
        closed, gate, gated: as for `allowed`.
        queues: uint8 (open accounts,); rows first..last are filled with what `carry_out` returns.
        seconds: int32 (open accounts,); filled with what each will take of whoever serves it.
    """
    p, t = params[0], today[0]
    for row in range(first, last):
        a, action = accounts[rows[row]], actions[row]
        if action and not pass_gate(
            a, t, menu[action], closed[action], gate, gated, debtor.needs_review(a, p, menu[action].legal)
        ):
            action = 0
        queues[row], seconds[row] = carry_out(a, p, t, menu, action), a.seconds


@njit()
def queue_key(a, t, priority):  # type: ignore[no-untyped-def]
    """Place in the queue: priority first, then a random number of the account and day (uint64)."""
    return (np.uint64(priority) << np.uint64(56)) | (bits(a.key, t.day, _R_QUEUE) >> np.uint64(8))


@njit(borrows=True, nogil=True)
def queue_keys(accounts, numbers, priority, today, out):  # type: ignore[no-untyped-def]
    """Fill `out`, uint64, with `queue_key` for accounts waiting in one queue; `priority` is theirs, in the same order.

    Args:
        numbers: rows of `accounts`, int64.
    """
    for i in range(numbers.size):
        out[i] = queue_key(accounts[numbers[i]], today[0], priority[i])


@njit(borrows=True, nogil=True)
def line_up(queues, order, starts):  # type: ignore[no-untyped-def]
    """Sort the open accounts that wait by the queue they wait in.

    Args:
        queues: of each open account, as `carry_out` returns it, uint8 (open,).
        order: filled from the beginning with those who wait, queue by queue and ascending in each, int64 (open,).
        starts: filled with where each queue begins in `order`, and the last one's end, int64 (queues + 1,).
    """
    starts[:] = 0
    for queue in queues:
        if queue != NO_QUEUE:
            starts[queue + 1] += 1
    for queue in range(1, starts.size):
        starts[queue] += starts[queue - 1]
    for row in range(queues.size):
        if queues[row] != NO_QUEUE:
            order[starts[queues[row]]] = row
            starts[queues[row]] += 1
    for queue in range(starts.size - 1, 0, -1):  # each has moved on to the next one's beginning
        starts[queue] = starts[queue - 1]
    starts[0] = 0


@njit(borrows=True, nogil=True)
def serve(queue, seconds, on_hand, served):  # type: ignore[no-untyped-def]
    """Serve accounts in the order of a queue while seconds are left; the last call may run over.

    Args:
        queue: rows of the open accounts, int64, in order.
        seconds: that each open account takes, int32 (open,).
        on_hand: seconds of staff or lines.
        served: bool (open,); true is written for those that are served.

    Returns:
        How many were served, and the seconds used.
    """
    used, count = 0, 0
    for row in queue:
        if used >= on_hand:
            break
        served[row] = True
        count += 1
        used += seconds[row]
    return count, used


@njit()
def admit(a):  # type: ignore[no-untyped-def]
    """Somebody had time for the account."""
    if a.calls_back:
        a.answered = 1
    else:
        a.served = 1


@njit(borrows=True)
def live(a, p, t, menu, skills, totals):  # type: ignore[no-untyped-def]
    """The rest of an account's day, treated or not; adds it to `totals` (`step_day`), but for its events."""
    item = menu[a.treatment]
    debtor.step_day(a, p, t, item, skills[1 + ANSWERS_CALLS if a.answered else int(p.staffed_by[item.channel])])
    if a.events & debtor.E_OFFER and OFFER_KIND[item.offer] == _SETTLEMENT:
        totals[_SETTLEMENT_OFFERS] += 1
    if a.status == _STATUS_OPEN:
        totals[_OPEN] += 1
        totals[_BALANCE] += a.balance  # what is left on a cured card is no longer a matter of collection
    totals[_CASH] += a.cash_today
    totals[_FORGIVEN] += a.forgiven_today
    totals[_COST] += a.cost_today


@njit(borrows=True)
def count_events(events, totals):  # type: ignore[no-untyped-def]
    """Add the events of many accounts, uint32, to `totals`: bit by bit, which vector instructions do eight accounts at a time."""
    for event in range(_EVENTS):
        count = 0
        for happened in events:
            count += (happened >> event) & 1
        totals[event] += count


@njit()
def note(a, e):  # type: ignore[no-untyped-def]
    """Copy what is booked of an account in the evening into a record `day.EVENING`."""
    e.key, e.number, e.events = a.key, a.number, a.events
    e.plan_months, e.stage, e.rule = a.plan_months, a.stage, a.rule


@njit(borrows=True, nogil=True)
def step_day(accounts, rows, first, last, params, today, tomorrow, early, menu, skills, served, batch, out):  # type: ignore[no-untyped-def]
    """The rest of the day, for treated and untreated accounts; and, where that is wanted, the next morning at once, while a record is at hand.

    Who is not woken here is by `start_day`.

    Args:
        tomorrow: the next day as far as it is known, `observation.DAY_CONTEXT`, shape (1,).
        early: the legal stage from which on accounts are not woken here, as a court may be at work on them still; 0 = none is.
        skills: of the people on duty (`contact_centre.PERSON`), one array by number of their pool from 1; the first has nobody.
        served: open accounts for which whoever they waited for had time, bool (open,).
        batch: number of the batch, which has totals of its own.
        out: `day.Evening`, written to.

    Returns:
        The number of records that are booked, and the sums of what `wake` returned.
    """
    totals, people, net_flow = out.totals[batch], out.people[batch], out.net_flow
    awake, booked, events = out.awake, out.booked, out.events
    busy, noted, pending, interest = first, first, 0, 0
    p, t, next_day = params[0], today[0], tomorrow[0]
    for row in range(first, last):
        prefetch(accounts, rows[min(row + AHEAD, last - 1)])
        a = accounts[rows[row]]
        if served[row]:
            admit(a)
        live(a, p, t, menu, skills, totals)
        net_flow[row] = a.cash_today - a.cost_today
        if a.events:
            events[busy] = a.events
            busy += 1
            tally(a, people)
            if a.events & _BOOKED:
                note(a, booked[noted])
                noted += 1
        awake[row] = a.status == _STATUS_OPEN and a.stage < early
        if awake[row]:
            one_pending, one_interest = wake(a, p, next_day)
            pending += one_pending
            interest += one_interest
    count_events(events[first:busy], totals)
    return noted - first, pending, interest
