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
from recoup.sim.operations.resources import ANSWERS_CALLS, NO_RESOURCE, RESOURCE_BY_CHANNEL, queue_of
from recoup.sim.randomness import Purpose, bits
from recoup.sim.treatments import OFFER_KIND, Channel, OfferKind

NO_QUEUE = 255

_E_BLOCKED, _E_BREACH, _BLOCKED = int(Event.BLOCKED), int(Event.BREACH), int(Outcome.BLOCKED)
_COLLECTOR = int(Channel.COLLECTOR)
_SETTLEMENT, _R_QUEUE = int(OfferKind.SETTLEMENT), int(Purpose.QUEUE)

# Daily totals: events by bit, then sums of money and counts.
EVENT_NAMES = tuple(event.name.lower() for event in Event if event.name)
SUMS = ("open", "balance", "cash", "forgiven", "cost", "settlement_offers")
_EVENTS = len(EVENT_NAMES)
_TOTALS = _EVENTS + len(SUMS)
_OPEN, _BALANCE, _CASH, _FORGIVEN, _COST, _SETTLEMENT_OFFERS = (
    _EVENTS + SUMS.index(name) for name in ("open", "balance", "cash", "forgiven", "cost", "settlement_offers")
)
_STATUS_OPEN = int(Status.OPEN)


@njit(nogil=True)
def start_day(accounts, rows, first, last, params, today):  # type: ignore[no-untyped-def]
    """Begin a day for all. Returns cents that agreed settlements and handovers will forgive, and late interest in cents."""
    p, t = params[0], today[0]
    pending, interest = 0, 0
    for row in range(first, last):
        a = accounts[rows[row]]
        before = a.interest
        debtor.start_day(a, p, t)
        interest += a.interest - before
        if a.promise_discount > 0.0:
            pending += max(0, a.balance - a.promise_amount)  # nothing, where less is left by now than was agreed
        if a.promise_swap:
            pending += debtor.lost_on_sale(a, p)
    return pending, interest


@njit(nogil=True)
def allowed(accounts, rows, first, last, today, menu_bits, closed, gate, gated, out):  # type: ignore[no-untyped-def]
    """Fill rows first..last of the mask: bool (open accounts, menu), true where a treatment is possible and lawful.

    Args:
        menu_bits: feature bits of each treatment, uint64 (menu,).
        closed: treatments for which nobody is on duty at their hour today, bool (menu,).
        gate: the rules (`gate.Gate`).
        gated: False = only what is impossible or suspended is masked.
    """
    t = today[0]
    for row in range(first, last):
        a = accounts[rows[row]]
        forbidden = impossible(a, t) | t.suspended
        if gated:
            forbidden |= unlawful(a, t, gate)
        free = out[row]
        for item in range(menu_bits.size):  # without branches, for vector instructions
            free[item] = ((menu_bits[item] & forbidden) == 0) & (not closed[item])


@njit()
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


@njit(nogil=True)
def decide(accounts, rows, first, last, actions, params, today, menu, closed, gate, gated, queues):  # type: ignore[no-untyped-def]
    """Gate each chosen treatment, foresee its attempt, and sort it into a queue: its number (`queue_of`), or NO_QUEUE.

    A notice or a suit whose file must be reviewed first opens the review, and nothing else is done that day.

    Args:
        actions: menu index of each open account, int64.
        menu: `Menu.table`.
        closed, gate, gated: as for `allowed`.
        queues: uint8 (open accounts,); rows first..last are filled.
    """
    p, t = params[0], today[0]
    for row in range(first, last):
        a = accounts[rows[row]]
        action = actions[row]
        if action:
            step = menu[action].legal
            review = debtor.needs_review(a, p, step)
            if not pass_gate(a, t, menu[action], closed[action], gate, gated, review):
                action = 0
            elif review:
                debtor.open_review(a, p, t, step)
                action = 0
        a.treatment = action
        queues[row] = NO_QUEUE
        item = menu[action]
        if item.group:
            debtor.dial(a, p, t, item.channel, item.group, item.window, item.offer, item.legal)
            resource = RESOURCE_BY_CHANNEL[item.channel]
            if resource == NO_RESOURCE:
                a.served = 1
                if a.calls_back:
                    queues[row] = queue_of(ANSWERS_CALLS, item.window)
            else:
                queues[row] = queue_of(resource, item.window)


@njit()
def queue_key(a, t, priority):  # type: ignore[no-untyped-def]
    """Place in the queue: priority first, then a random number of the account and day (uint64)."""
    return (np.uint64(priority) << np.uint64(56)) | (bits(a.key, t.day, _R_QUEUE) >> np.uint64(8))


@njit(nogil=True)
def queue_keys(accounts, numbers, priority, today, out):  # type: ignore[no-untyped-def]
    """Fill `out`, uint64, with `queue_key` for accounts waiting in one queue; `priority` is theirs, in the same order.

    Args:
        numbers: rows of `accounts`, int64.
    """
    for i in range(numbers.size):
        out[i] = queue_key(accounts[numbers[i]], today[0], priority[i])


@njit(nogil=True)
def serve(accounts, queue, seconds):  # type: ignore[no-untyped-def]
    """Serve accounts in the order of `queue` while seconds are left; the last call may run over.

    Args:
        queue: rows of `accounts`, int64, in order.
        seconds: of staff or lines on hand.

    Returns:
        How many were served, and the seconds used.
    """
    used, served = 0, 0
    for number in queue:
        if used >= seconds:
            break
        a = accounts[number]
        if a.calls_back:
            a.answered = 1
        else:
            a.served = 1
        served += 1
        used += a.seconds
    return served, used


@njit(nogil=True)
def step_day(accounts, rows, first, last, params, today, menu, skills, net_flow):  # type: ignore[no-untyped-def]
    """The rest of the day, for treated and untreated accounts.

    Args:
        skills: one array by channel number: skills of the people on duty (`contact_centre.PERSON`).
        net_flow: int64 (open accounts,); rows first..last are filled with cash less cost of the day, cents.

    Returns:
        int64 totals of the day: counts by `EVENT_NAMES`, then `SUMS`.
    """
    p, t = params[0], today[0]
    totals = np.zeros(_TOTALS, np.int64)
    for row in range(first, last):
        a = accounts[rows[row]]
        item = menu[a.treatment]
        debtor.step_day(a, p, t, item, skills[_COLLECTOR if a.answered else item.channel])
        events = a.events
        if events:
            for event in range(_EVENTS):
                totals[event] += (events >> event) & 1
            if events & debtor.E_OFFER and OFFER_KIND[item.offer] == _SETTLEMENT:
                totals[_SETTLEMENT_OFFERS] += 1
        totals[_OPEN] += a.status == _STATUS_OPEN
        if a.status == _STATUS_OPEN:
            totals[_BALANCE] += a.balance  # what is left on a cured card is no longer a matter of collection
        totals[_CASH] += a.cash_today
        totals[_FORGIVEN] += a.forgiven_today
        totals[_COST] += a.cost_today
        net_flow[row] = a.cash_today - a.cost_today
    return totals
