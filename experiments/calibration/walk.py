"""The likelihood of one account's recorded days, for given hidden traits.

Every probability is one of `sim/behaviour.py`. Given the traits, what an account does next depends on what is recorded; so the likelihood is
a product over its days, and whatever plan was in force has no part in it, as long as it decided by what is recorded too.
"""

from __future__ import annotations

import math
from enum import IntEnum

import numpy as np

from recoup.experiments.calibration import cards, means
from recoup.experiments.calibration.histories import AT_RISK, HIDDEN, INSTALMENT_DUE, PROMISE_DUE, WHOLE
from recoup.sim import behaviour as b
from recoup.sim.account import NEVER
from recoup.sim.candidates import BIRTH, EMPLOYED
from recoup.sim.compiled import njit
from recoup.sim.randomness import Purpose, uniform
from recoup.sim.treatments import Group, OfferKind, Talk


class Trial(IntEnum):
    """What may happen or not: one such chance of one account on one day."""

    PAYS = 0
    PAYS_ALL = 1
    PROMISES = 2
    KEEPS = 3
    TAKES_PLAN = 4
    TAKES_SETTLEMENT = 5
    PAYS_INSTALMENT = 6
    REACHED = 7
    COMPLAINS = 8
    OPTS_OUT = 9
    DISPUTES = 10
    CLEARS = 11


NOTHING = 1e-12  # probability of what the model calls impossible, and happened
NEVER_OFFERED = -1
# Part payments are uniform on a share of a month's means: their mean, and the mean of squares over the mean's square.
PART = (means.SMALLEST + means.LARGEST) / 2.0
PART_SQUARE = 1.0 + (means.LARGEST - means.SMALLEST) ** 2 / 12.0 / PART**2
_PAYS, _ALL, _PROMISES, _KEEPS, _PLAN, _SETTLE, _INSTALMENT = (int(trial) for trial in tuple(Trial)[:7])
_TEXT, _CALL, _VISIT_GROUP = int(Group.TEXT), int(Group.CALL), int(Group.VISIT)
_NOBODY, _PERSON = int(Talk.NOBODY), int(Talk.PERSON)
_SETTLEMENT, _SWAP, _RESTRUCTURE = int(OfferKind.SETTLEMENT), int(OfferKind.SWAP), int(OfferKind.RESTRUCTURE)
_CLEARS = int(Trial.CLEARS)
_JOB, _REACH = int(Purpose.JOB), int(Purpose.REACH)


@njit()
def log_of(chance, happened):  # type: ignore[no-untyped-def]
    """Log-likelihood of one trial."""
    return math.log(max(chance if happened else 1.0 - chance, NOTHING))


@njit()
def note(trials, chance, happened, kind, where, before):  # type: ignore[no-untyped-def]
    """Write a trial down, if there is room for any: `TRIAL` records, of which the first one counts them."""
    if trials.size:
        number = trials[0].where + 1
        trials[0].where = number
        one = trials[number]
        one.chance, one.happened, one.kind, one.where, one.before = chance, happened, kind, where, before


@njit()
def jobless_before(p, disclosed, loses, draw):  # type: ignore[no-untyped-def]
    """The day since which a debtor has been without work who says so on day `disclosed`: the work he had is lost backwards in time."""
    backwards = loses * (1.0 - p.jobless_share) / max(p.jobless_share, 1e-6)
    return disclosed + math.floor(math.log(draw) / max(backwards, 1e-6))


TRIAL = np.dtype(
    [
        ("chance", "f8"),
        ("happened", "u1"),
        ("kind", "u1"),
        ("where", "i4"),  # row, or contact, that it belongs to
        ("before", "f8"),  # log-likelihood of all that came before
        ("amount", "f8"),  # that is expected, if it happens, currency; and its square
        ("square", "f8"),
    ],
    align=True,
)


@njit()
def unseen(p, a, rows, first, last, contacts, reachability, phone, disclosed, key, employed, read):  # type: ignore[no-untyped-def]
    """Draw what nobody sees of an account's days: whether it has work, and which messages are read.

    Args:
        p: parameters under which it is drawn, one record.
        a: the account.
        rows, first, last, contacts: its days, as of `walk`.
        reachability, phone: hidden traits.
        disclosed: the first day on which the account said that it was without work; NEVER = it did not.
        key: of the random numbers.
        employed: bool (rows of all accounts,), filled from `first` to `last`.
        read: bool (contacts of all accounts,), filled for the account's messages.

    Returns:
        Log-likelihood of the messages that are known to have been read.
    """
    works = uniform(key, BIRTH, EMPLOYED) >= p.jobless_share
    loses, finds = b.loses_work(p, 0.0), p.job_found_monthly / 30.0
    jobless_since = NEVER
    if disclosed != NEVER:
        jobless_since = jobless_before(p, disclosed, loses, uniform(key, BIRTH, EMPLOYED))
        works = jobless_since > 0
    total = 0.0
    for at in range(first, last):
        r = rows[at]
        if r.day > 0:
            draw = uniform(key, r.day, _JOB)
            works = draw >= loses if works else draw < finds
            if disclosed != NEVER and r.day <= disclosed:
                works = r.day < jobless_since
        employed[at] = works
        for place in range(r.first, r.last):
            c = contacts[place]
            if c.group == 0 or c.group == _CALL or c.group == _VISIT_GROUP:
                continue
            chance = 0.0
            if phone or p.by_number[c.channel] == 0.0:
                chance = b.reach_probability(p, c.channel, False, c.window, c.day_off, c.dpd, reachability, c.fatigue)
            if c.reached == HIDDEN:
                read[place] = uniform(key, r.day, _REACH) < chance
            else:
                read[place] = c.reached == 1
                if c.reached == 1:
                    total += math.log(max(chance, NOTHING))
    return total


@njit()
def walk(p, rows, first, last, contacts, willingness, disposable, employed, read, attention, hazards, trials):  # type: ignore[no-untyped-def]
    """Log-likelihood of an account's days: of spontaneous payments, and of all that was answered, agreed and kept.

    Args:
        p: parameters (`kernel_record`), one record.
        rows, first, last: the account's days, `histories.ROW`.
        contacts: `histories.CONTACT`.
        willingness, disposable: hidden traits (`account.ACCOUNT`).
        employed, read: as `unseen` fills them.
        attention: on the first day, 0 to 1, of what the world allows.
        hazards: False = the first of the two is not reckoned.
        trials: `TRIAL`, written to; of size 0 = nothing is.
    """
    paying, agreeing = 0.0, 0.0
    salience = p.salience_floor + (1.0 - p.salience_floor) * 0.5 * attention
    waiting, refused, best = 0.0, 0, 0.0
    month, passed = NEVER_OFFERED, 0.0
    effort = b.promise_staff(p, 0.0)
    for at in range(first, last):
        r = rows[at]
        if r.day > 0:
            salience = p.salience_floor + (salience - p.salience_floor) * p.salience_keep
            waiting *= p.waiting_keep
        income = b.disposable_income(p, disposable, employed[at], 1.0)
        boost = 1.0
        for place in range(r.first, r.last):
            c = contacts[place]
            if c.group == 0:
                continue
            novelty = 1.0
            if c.group == _TEXT:
                novelty = b.novelty(p.repetition_text, c.earlier)
            elif c.group == _CALL or c.group == _VISIT_GROUP:
                novelty = b.novelty(p.repetition_call, c.earlier)
            spoken = c.group == _CALL or c.group == _VISIT_GROUP
            reached = c.reached == 1 if spoken else read[place]
            if reached and not spoken:
                agreeing += log_of(p.answer_call[c.channel] * novelty, c.called_back)
            if not reached:
                if c.kind > 0 and c.kind != _SWAP and c.reached == HIDDEN:
                    note(trials, 0.0, 0, _SETTLE if c.kind == _SETTLEMENT else _PLAN, place, paying + agreeing)
                continue
            boost = 1.0 + p.answer_pay[c.channel] * novelty
            salience += (1.0 - salience) * p.salience_gain[c.channel] * novelty
            talker = c.talker
            in_person = p.talk[talker] == _PERSON
            staff = effort if c.staffed else 0.0
            if c.disputed:
                continue
            if in_person and (c.hardship or not employed[at]):
                agreeing += log_of(0.0 if employed[at] else p.hardship_disclosed, c.hardship)
            if c.kind > 0:
                chance = 0.0
                trial = _PLAN
                if c.kind == _SETTLEMENT:
                    trial = _SETTLE
                    liquidity = b.log_liquidity(income, r.claim * (1.0 - c.discount))
                    held = waiting + p.waiting_market * r.market
                    chance = b.settlement_acceptance(
                        p, c.discount, willingness, liquidity, refused, held, best, c.dpd, staff
                    )
                    best = max(best, c.discount)
                elif c.kind != _SWAP:
                    fit = b.log_fit(income, r.claim / max(c.months, 1))
                    chance = b.plan_acceptance(
                        p, willingness, fit, refused, c.dpd, staff, c.kind == _RESTRUCTURE, not in_person
                    )
                # For a month he stays with his answer (`debtor.answer_offer`): what he said no to bounds the draw from below.
                if r.month != month:
                    month, passed = r.month, 0.0
                if c.kind != _SWAP:
                    left = max(chance - passed, 0.0) / max(1.0 - passed, NOTHING)
                    note(trials, left, c.accepted, trial, place, paying + agreeing)
                    agreeing += log_of(left, c.accepted)
                    passed = max(passed, chance)
                if c.accepted:
                    continue
                refused += 1
                if c.kind == _SETTLEMENT:
                    waiting += p.waiting_learned * c.discount
            if c.may_promise and p.talk[talker] != _NOBODY:
                chance = b.promise_probability(p, talker, willingness, c.dpd, staff)
                if r.again:
                    chance *= p.card_again
                note(trials, chance, c.promised, _PROMISES, place, paying + agreeing)
                agreeing += log_of(chance, c.promised)
                if c.promised and c.amount > 0 and r.minimum > 0.0:
                    agreeing += cards.log_of_amount(p, income, c.amount / 100.0, r.arrears, r.minimum)
        if r.kind == AT_RISK:
            if not hazards and not r.happened:
                continue
            card = r.minimum > 0.0
            liquidity = b.log_liquidity(income, r.arrears if card else r.claim)
            if hazards:
                held = waiting + p.waiting_market * r.market
                rate = boost * b.payment_intensity(
                    p, willingness, liquidity, salience, r.excitation, r.pressure, r.fatigue, r.dpd, held,
                    r.since_payday, r.promise_open,
                )  # fmt: skip
                if card:
                    rate *= math.exp(p.card_pay) * (p.card_again if r.again else 1.0)
                if trials.size:
                    note(trials, 1.0 - math.exp(-rate), r.happened, _PAYS, at, paying + agreeing)
                    one = trials[trials[0].where]
                    if card:
                        _, _, one.amount, one.square = cards.expected(p, income, r.claim, r.arrears, r.minimum)
                    else:
                        all_of_it, part = b.pays_in_full(p, liquidity), min(PART * income, r.claim)
                        one.amount = all_of_it * r.claim + (1.0 - all_of_it) * part
                        one.square = all_of_it * r.claim**2 + (1.0 - all_of_it) * PART_SQUARE * part**2
                paying += math.log(max(1.0 - math.exp(-rate), NOTHING)) if r.happened else -rate
            if r.happened and card:
                if trials.size:
                    clears, whole, _, _ = cards.expected(p, income, r.claim, r.arrears, r.minimum)
                    note(trials, clears, r.own >= WHOLE * r.arrears, _CLEARS, at, paying + agreeing)
                    note(trials, whole, r.full, _ALL, at, paying + agreeing)
                agreeing += cards.log_of_payment(p, income, r.own, r.full, r.claim, r.arrears, r.minimum)
            elif r.happened:
                # Where a part payment would be more than the claim, it pays all of it.
                enough = means.chance_of_more(income, r.claim)
                all_of_it = b.pays_in_full(p, liquidity)
                chance = all_of_it + (1.0 - all_of_it) * enough
                note(trials, chance, r.full, _ALL, at, paying + agreeing)
                agreeing += log_of(chance if r.full else all_of_it, r.full)
                if not r.full:
                    agreeing += means.log_of_part(income, r.own, r.claim)
        elif r.kind == PROMISE_DUE:
            liquidity = b.log_liquidity(income, r.due)
            chance = b.keep_probability(p, r.promise_channel, willingness, liquidity, r.broken, r.dpd)
            note(trials, chance, r.happened, _KEEPS, at, paying + agreeing)
            agreeing += log_of(chance, r.happened)
        elif r.kind == INSTALMENT_DUE:
            fit = b.log_fit(income, r.due)
            chance = b.instalment_probability(p, willingness, fit, r.dpd, r.secured)
            note(trials, chance, r.happened, _INSTALMENT, at, paying + agreeing)
            agreeing += log_of(chance, r.happened)
    return paying, agreeing
