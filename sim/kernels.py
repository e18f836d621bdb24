"""Passes over many accounts: the loops around `debtor.py`, `compliance.py` and `observation.py`.

Every kernel works on rows first..last of the list of open accounts, releases the GIL, and writes nothing that another
range of rows reads; sums are integers. How rows are cut into batches, and on how many threads, changes no result.
"""

from __future__ import annotations

import numpy as np

from recoup.sim import debtor
from recoup.sim.account import Event, Outcome
from recoup.sim.compiled import njit
from recoup.sim.compliance.gate import SUSPENDED, impossible, rule_against, unlawful
from recoup.sim.randomness import Purpose, bits
from recoup.sim.treatments import OFFER_KIND, Channel, OfferKind

POOLS = ("collector", "specialist", "autocall", "visit")
NO_QUEUE = 255
_POOL_OF = np.full(len(Channel), NO_QUEUE, np.uint8)
for _number, _name in enumerate(POOLS):
    _POOL_OF[Channel[_name.upper()]] = _number

_E_BLOCKED, _E_BREACH, _BLOCKED = int(Event.BLOCKED), int(Event.BREACH), int(Outcome.BLOCKED)
_SETTLEMENT, _R_QUEUE = int(OfferKind.SETTLEMENT), int(Purpose.QUEUE)

# Daily totals: events by bit, then sums of money and counts.
EVENT_NAMES = tuple(event.name.lower() for event in Event if event.name)
SUMS = ("open", "balance", "cash", "forgiven", "cost", "settlement_offers")
_N_EVENTS = len(EVENT_NAMES)


@njit(nogil=True)
def wake(accounts, rows, first, last, params, today):  # type: ignore[no-untyped-def]
    """Begin a day for all. Returns cents that agreed but unpaid settlements will forgive, and late interest in cents."""
    p, t = params[0], today[0]
    pending, interest = 0, 0
    for row in range(first, last):
        a = accounts[rows[row]]
        before = a.interest
        debtor.wake(a, p, t)
        interest += a.interest - before
        if a.promise_discount > 0.0:
            pending += a.balance - a.promise_amount
    return pending, interest


@njit(nogil=True)
def allowed(accounts, rows, first, last, today, menu_bits, rules, gate, out):  # type: ignore[no-untyped-def]
    """Fill rows first..last of the mask: bool (open accounts, menu)."""
    t = today[0]
    for row in range(first, last):
        a = accounts[rows[row]]
        forbidden = impossible(a, t) | t.suspended
        if gate:
            forbidden |= unlawful(a, t, rules)
        free = out[row]
        for item in range(menu_bits.size):
            free[item] = (menu_bits[item] & forbidden) == 0


@njit()
def pass_gate(a, t, item, rules, gate):  # type: ignore[no-untyped-def]
    """Whether a treatment may go ahead; counts it on the account as blocked or, with the gate off, as a breach.

    A suspended channel is closed by the operation itself: with the gate off as well, and it never counts as a breach.
    """
    lawful = rule_against(a, t, rules, item.bits)
    suspended = t.suspended & item.bits
    if suspended or (impossible(a, t) & item.bits) or (gate and lawful):
        a.rule = SUSPENDED + item.channel if suspended and not lawful else lawful
        a.blocked += 1
        a.outcome = _BLOCKED
        a.events |= _E_BLOCKED
        return False
    if lawful:
        a.rule = lawful
        a.breaches += 1
        a.events |= _E_BREACH
    return True


@njit(nogil=True)
def decide(accounts, rows, first, last, actions, params, today, menu, rules, gate, queues):  # type: ignore[no-untyped-def]
    """Gate each chosen treatment, foresee its attempt, and sort it into a queue: pool * 4 + window, or NO_QUEUE."""
    p, t = params[0], today[0]
    for row in range(first, last):
        a = accounts[rows[row]]
        action = actions[row]
        if action and not pass_gate(a, t, menu[action], rules, gate):
            action = 0
        a.treatment = action
        queues[row] = NO_QUEUE
        item = menu[action]
        if item.group:
            debtor.dial(a, p, t, item.channel, item.group, item.window, item.offer)
            pool = _POOL_OF[item.channel]
            if pool == NO_QUEUE:
                a.served = 1
            else:
                queues[row] = pool * 4 + item.window


@njit()
def queue_key(a, t, priority):  # type: ignore[no-untyped-def]
    """Place in the queue: priority first, then a lot drawn for the account and day (uint64)."""
    return (np.uint64(priority) << np.uint64(56)) | (bits(a.key, t.day, _R_QUEUE) >> np.uint64(8))


@njit(nogil=True)
def queue_keys(accounts, numbers, priority, today, out):  # type: ignore[no-untyped-def]
    """`queue_key` for accounts waiting in one queue."""
    for i in range(numbers.size):
        out[i] = queue_key(accounts[numbers[i]], today[0], priority[i])


@njit(nogil=True)
def serve(accounts, queue, seconds):  # type: ignore[no-untyped-def]
    """Serve a queue in order while seconds are left; the last call may run over. Returns (served, seconds used)."""
    used, served = 0, 0
    for number in queue:
        if used >= seconds:
            break
        a = accounts[number]
        a.served = 1
        served += 1
        used += a.seconds
    return served, used


@njit(nogil=True)
def live(accounts, rows, first, last, params, today, menu, skills):  # type: ignore[no-untyped-def]
    """Let treated and untreated accounts live through the rest of the day.

    Args:
        skills: one float64 array by channel number: skill of the people on duty.

    Returns:
        int64 totals of the day: counts by `EVENT_NAMES`, then `SUMS`.
    """
    p, t = params[0], today[0]
    totals = np.zeros(_N_EVENTS + 6, np.int64)
    for row in range(first, last):
        a = accounts[rows[row]]
        item = menu[a.treatment]
        debtor.live_through(a, p, t, item, skills[item.channel])
        events = a.events
        if events:
            for event in range(_N_EVENTS):
                totals[event] += (events >> event) & 1
            if events & debtor.E_OFFER and OFFER_KIND[item.offer] == _SETTLEMENT:
                totals[_N_EVENTS + 5] += 1
        totals[_N_EVENTS] += a.status == 0
        totals[_N_EVENTS + 1] += a.balance
        totals[_N_EVENTS + 2] += a.cash_today
        totals[_N_EVENTS + 3] += a.forgiven_today
        totals[_N_EVENTS + 4] += a.cost_today
    return totals
