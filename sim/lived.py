"""One possible course of an account's days in care, and how likely a debtor is to have gone through it.

Where only a number of events is known, they are put on days at random. What nobody sees is simulated: work, and which messages are read. Given
the traits, what an account does on a day depends on what came before it; so the likelihood is a product over days, and whatever plan was in
force has no part in it, as long as it decided by what is seen. Every probability is one of `behaviour.py`.
"""

from __future__ import annotations

import math

import numpy as np

from recoup.sim import behaviour as b
from recoup.sim.account import NEVER
from recoup.sim.candidates import BIRTH, EMPLOYED, SALIENCE, starting_attention
from recoup.sim.compiled import njit
from recoup.sim.debtor import FIRST_INSTALMENT_DAYS, INSTALMENT_EVERY_DAYS, MEMORY_DAYS, MISSED_TO_BREAK
from recoup.sim.observation import popcount
from recoup.sim.portfolio.fields import HISTORY_DAYS
from recoup.sim.randomness import Purpose, uniform
from recoup.sim.treatments import Channel, Talk, Window

AT_RISK, IN_PLAN, FALLS_DUE = 0, 1, 2  # may pay of his own accord; pays instalments; a promise falls due
BROKEN, KEPT, OPEN, AGREED = 0, 1, 2, 3  # a promise; the last: a settlement or handover that is open
MOST_PROMISES = 40
UNLIKELY = 1e-6  # probability of what the model calls impossible, and happened
HELD_IN_FULL = 1e-3  # the same of a kept promise of everything that has not closed the account
ROUGHLY = 0.7
TYPICAL_MONTHS = 6  # of a plan that was refused
LEAST_PROMISE, MOST_PROMISE = 3, 10  # days from a promise to its day
_HISTORY = HISTORY_DAYS
_COLLECTOR, _VISIT = int(Channel.COLLECTOR), int(Channel.VISIT)
_MACHINE_TALK = int(Talk.MACHINE)
_SMS, _LETTER, _AFTERNOON = int(Channel.SMS), int(Channel.LETTER), int(Window.AFTERNOON)
# Purposes of the draws of a course of days, which has a stream of its own.
_JOB, _READ, _CONTACT, _CALL, _TALK, _PAYS, _PAYS_MORE, _KEPT, _MADE, _BROKEN, _SPAN, _PLAN, _CALLER, _TEXTER = (
    int(Purpose.TRAIT) + n for n in range(14)
)

DAY = np.dtype(
    [
        ("call", "u1"),
        ("text", "u1"),
        ("visit", "u1"),
        ("letter", "u1"),
        ("talk", "u1"),  # the debtor was spoken to
        ("caller", "u1"),  # the channel of the call, or of who would have called
        ("texter", "u1"),  # the channel of the text, if there is one
        ("kind", "u1"),
        ("paid", "u1"),
        ("own", "u1"),  # of his own accord
        ("promised", "u1"),  # a promise is open in the evening
        ("made", "u1"),  # it is made today
        ("works", "u1"),
        ("other", "u1"),  # means or claim are not yesterday's
        ("minimums", "i4"),  # that the payment of the day completes, of a card
        ("dpd", "f8"),
        ("claim", "f8"),  # what a payment is measured by, currency
        ("drive", "f8"),  # exponent of the payment intensity, but for willingness and liquidity
        ("again", "f8"),  # factor on payments and promises of a card, which is paid once a month
        ("factor", "f8"),  # on the intensity, this one included
    ],
    align=True,
)
PROMISE = np.dtype([("made", "i4"), ("due", "i4"), ("state", "u1")], align=True)


@njit()
def contacts(a, past, key, days):  # type: ignore[no-untyped-def]
    """Put the contacts on their days: known ones where they were, older ones evenly at random, one a day."""
    for n in range(past.days):
        ago, d = past.days - n, days[n]
        d.call, d.text, d.visit, d.letter, d.talk, d.texter = 0, 0, 0, 0, 0, _SMS
        if ago <= _HISTORY:
            d.call, d.text = (a.call_history >> ago) & 1, (a.text_history >> ago) & 1
            d.visit, d.letter = (a.visit_history >> ago) & 1, (a.letter_history >> ago) & 1
            d.talk = (a.conversation_history >> ago) & 1
            d.caller, d.texter = past.calls[ago], past.texts[ago]
        else:
            d.caller = _like_one_of(past.calls, a.call_history, uniform(key, n, _CALLER), _COLLECTOR)
    left = max(past.days - _HISTORY, 0)
    calls = max(int(a.call_attempts) - popcount(a.call_history), 0)
    talks = min(max(int(a.call_reaches) - popcount(a.call_history & a.conversation_history), 0), calls)
    known = popcount(a.text_history) + popcount(a.visit_history) + popcount(a.letter_history)
    others = max(int(a.attempts) - int(a.call_attempts) - known, 0)
    for n in range(max(past.days - _HISTORY, 0)):
        total = calls + others
        if total > 0 and uniform(key, n, _CONTACT) * left < total:
            if uniform(key, n, _CALL) * total < calls:
                days[n].call = 1
                if uniform(key, n, _TALK) * calls < talks:
                    days[n].talk = 1
                    talks -= 1
                calls -= 1
            else:
                days[n].text = 1
                days[n].texter = _like_one_of(past.texts, a.text_history, uniform(key, n, _TEXTER), _SMS)
                others -= 1
        left -= 1


@njit()
def _like_one_of(channels, history, draw, usual):  # type: ignore[no-untyped-def]
    """The channel of one of the contacts whose days are known, by a uniform draw; `usual` if there are none."""
    chosen = int(draw * popcount(history))
    for ago in range(1, _HISTORY + 1):
        if (history >> ago) & 1:
            if chosen == 0:
                return channels[ago]
            chosen -= 1
    return usual


@njit()
def agreements(a, past, key, first_day, days, promises):  # type: ignore[no-untyped-def]
    """Put instalment plans, payments and promises on days.

    Args:
        a, past: the account (`account.ACCOUNT`) and what is known of its past (`known_past.PAST`).
        key: of the random numbers.
        first_day: on the morning of which the account is as it is.
        days: `DAY`, with their contacts.
        promises: `PROMISE`, (MOST_PROMISES,).

    Returns:
        How many promises there are.
    """
    for n in range(past.days):
        d, ago = days[n], past.days - n
        d.kind, d.own, d.promised, d.made = AT_RISK, 0, 0, 0
        d.paid = (past.payment_days >> ago) & 1 if ago <= _HISTORY else 0
    if _HISTORY < past.last_payment <= past.days:
        days[past.days - past.last_payment].paid = 1
    _plans(a, past, key, days)
    payments, known, count = max(int(a.payments) - past.plan_paid, int(a.kept)), 0, 0
    for n in range(past.days):
        d = days[n]
        d.own = d.paid and d.kind == AT_RISK
        known += d.own
    apart = b.MONTH if past.minimum else 1  # a card is paid once a month
    latest = max(past.last_payment, past.plan_since)
    _pay_before(past.days - latest, max(payments - known, 0), apart, key, days)
    for _ in range(min(int(a.kept), payments, MOST_PROMISES - 2)):
        due = _payment_after_talk(key, count, days, past.days)
        if due < 0:
            break
        days[due].own, days[due].kind = 0, FALLS_DUE
        count = _promise(promises, count, days, _talk_before(key, count, days, past.days, due), due, past.days, KEPT)
    if a.promise_due != NEVER:
        due = past.days + a.promise_due - first_day
        state = AGREED if a.promise_discount > 0.0 or a.promise_swap else OPEN
        count = _promise(promises, count, days, _talk_before(key, count, days, past.days, due), due, past.days, state)
    for _ in range(min(int(a.broken), MOST_PROMISES - count)):
        made = _free_talk(key, count, days, past.days - 1)
        span = LEAST_PROMISE + int((MOST_PROMISE - LEAST_PROMISE + 1) * uniform(key, count, _SPAN))
        due = min(made + span, past.days - 1)
        if days[due].kind == AT_RISK and not days[due].own:
            days[due].kind = FALLS_DUE
        count = _promise(promises, count, days, made, due, past.days, BROKEN)
    return count


@njit()
def _plans(a, past, key, days):  # type: ignore[no-untyped-def]
    """The running plan with its instalments, the latest of which were missed; and those that broke, at any time before."""
    for n in range(max(past.days - past.plan_since, 0), past.days):
        days[n].kind = IN_PLAN
    for due in range(int(a.plan_missed) + 1, past.plan_paid + int(a.plan_missed) + 1):
        ago = INSTALMENT_EVERY_DAYS * due - past.plan_next
        if 0 < ago <= past.days:
            days[past.days - ago].paid = 1
    span = FIRST_INSTALMENT_DAYS + INSTALMENT_EVERY_DAYS * (MISSED_TO_BREAK - 1) + 1
    end = past.days - past.plan_since
    for number in range(int(a.plans_broken)):
        begin = int(uniform(key, number, _PLAN) * (max(end - span, 0) + 1))
        for n in range(begin, min(begin + span, end)):
            days[n].kind = IN_PLAN


@njit()
def _pay_before(end, count, apart, key, days):  # type: ignore[no-untyped-def]
    """Put so many payments on days before `end`, evenly at random: as many as there is room for so many days apart, the others anywhere."""
    spaced = min(count, max(end, 0) // apart)
    _pay_apart(end, spaced, apart, key, _PAYS, days)
    _pay_apart(end, count - spaced, 1, key, _PAYS_MORE, days)


@njit()
def _pay_apart(end, count, apart, key, purpose, days):  # type: ignore[no-untyped-def]
    skip, left = 0, end - (apart - 1) * count
    for n in range(end):
        if skip > 0:
            skip -= 1
            continue
        if count > 0 and uniform(key, n, purpose) * left < count:
            days[n].paid, days[n].own = 1, days[n].kind == AT_RISK
            count -= 1
            skip = apart - 1
        left -= 1


@njit()
def _promise(promises, count, days, made, due, length, state):  # type: ignore[no-untyped-def]
    one = promises[count]
    one.made, one.due, one.state = made, due, state
    days[made].made = 1
    for n in range(made, min(due, length)):
        days[n].promised = 1
    return count + 1


@njit()
def _talk_before(key, number, days, length, due):  # type: ignore[no-untyped-def]
    """Day on which a promise for day `due` was made: one of those on which the debtor was spoken to, if there are any."""
    chosen, fit = -1, 0
    for n in range(max(due - MOST_PROMISE, 0), min(due - LEAST_PROMISE + 1, length)):
        if days[n].talk and not days[n].promised:
            fit += 1
            if uniform(key, MOST_PROMISES * n + number, _MADE) * fit < 1.0:
                chosen = n
    if chosen >= 0:
        return chosen
    span = LEAST_PROMISE + int((MOST_PROMISE - LEAST_PROMISE + 1) * uniform(key, number, _SPAN))
    return min(max(due - span, 0), length - 1)


@njit()
def _payment_after_talk(key, number, days, length):  # type: ignore[no-untyped-def]
    """A day with a payment, of those that a promise may have been for if there are any; -1 = there is no payment."""
    chosen, count, fits = -1, 0, False
    for n in range(length):
        if not days[n].own:
            continue
        fit = False
        for before in range(max(n - MOST_PROMISE, 0), n - LEAST_PROMISE + 1):
            fit = fit or (days[before].talk and not days[before].promised)
        if fit and not fits:
            fits, count = True, 0
        if fit == fits:
            count += 1
            if uniform(key, MOST_PROMISES * n + number, _KEPT) * count < 1.0:
                chosen = n
    return chosen


@njit()
def _free_talk(key, number, days, length):  # type: ignore[no-untyped-def]
    """A day on which the debtor was spoken to and no promise was open; any day, if there is none."""
    chosen, count = -1, 0
    for n in range(length):
        if days[n].talk and not days[n].promised and days[n].kind == AT_RISK:
            count += 1
            if uniform(key, MOST_PROMISES * n + number, _BROKEN) * count < 1.0:
                chosen = n
    return chosen if chosen >= 0 else int(uniform(key, number, _BROKEN) * max(length, 1))


@njit()
def feelings(p, a, past, key, first_day, month_days, days):  # type: ignore[no-untyped-def]
    """Let a debtor go through the days: fill what the payment intensity depends on, but for willingness and means.

    Args:
        p: behaviour parameters, one record (`parameters.kernel_record`).
        a, past, key, first_day, days: as for `agreements`.
        month_days: day of the month by how many days ago it is.

    Returns:
        Salience, fatigue, excitation and work on the first morning; and the log likelihood of what a debtor without work did not say.
    """
    loses, finds = b.loses_work(p, 0.0), p.job_found_monthly / 30.0
    works, unsaid = uniform(key, BIRTH, EMPLOYED) >= p.jobless_share, 0.0
    told, since = past.days - past.hardship, NEVER
    if past.hardship:
        # Work that was lost before it was said, backwards in time.
        backwards = loses * (1.0 - p.jobless_share) / max(p.jobless_share, 1e-6)
        since = told + math.floor(math.log(uniform(key, BIRTH, EMPLOYED)) / max(backwards, 1e-6))
        works = since > 0
    salience, fatigue, excitation = starting_attention(p, uniform(key, BIRTH, SALIENCE)), 0.0, 0.0
    calls, texts, paid, latest = 0, 0, 0, NEVER
    younger, left = 0, past.months_paid
    news = past.days + a.news_day - first_day if a.news_day != NEVER else NEVER
    claim, worked = 0.0, works
    for n in range(past.days):
        ago, d = past.days - n, days[n]
        if n > 0:
            salience = p.salience_floor + (salience - p.salience_floor) * p.salience_keep
            fatigue *= p.fatigue_keep
            excitation *= p.excitation_keep
            works = _works(works, uniform(key, n, _JOB), loses, finds)
            if past.hardship and n <= told:
                works = n < since
        d.works = works
        younger += d.kind == IN_PLAN
        _owed(a, past, d, n, paid, younger, left)
        # Contacts of the last two weeks are more of the same, unless there was news.
        heard = min(n - news, MEMORY_DAYS + 1) if news < n else MEMORY_DAYS + 1
        recent = ((1 << heard) - 1) & ~1
        calls, texts = (calls << 1) & 0xFFFFFFFF, (texts << 1) & 0xFFFFFFFF
        d.factor = 1.0
        if d.call or d.visit:
            channel, novelty = _VISIT if d.visit else d.caller, b.novelty(p.repetition_call, popcount(calls & recent))
            calls |= 1
            fatigue += p.fatigue_gain[channel]
            if d.talk:
                salience += (1.0 - salience) * p.salience_gain[channel] * novelty
                d.factor = 1.0 + p.answer_pay[channel] * novelty
                if not works and not past.hardship and p.talk[channel] != _MACHINE_TALK:  # nobody tells a machine
                    unsaid += math.log(max(1.0 - p.hardship_disclosed, UNLIKELY))
        if d.text or d.letter:
            channel, novelty = _LETTER if d.letter else d.texter, 1.0
            if d.text:
                novelty = b.novelty(p.repetition_text, popcount(texts & recent))
                texts |= 1
            read = ago == first_day - a.last_reach and not d.talk
            if not read and (a.phone_right or p.by_number[channel] == 0.0):
                read = uniform(key, n, _READ) < b.reach_probability(
                    p, channel, False, _AFTERNOON, False, d.dpd, a.reachability, fatigue
                )
            fatigue += p.fatigue_gain[channel]
            if read:
                salience += (1.0 - salience) * p.salience_gain[channel] * novelty
                d.factor = 1.0 + p.answer_pay[channel] * novelty
        d.again = 1.0
        if p.card[a.product] != 0.0:
            d.again = b.once_a_month(p, n - latest)
            d.factor *= math.exp(p.card_pay) * d.again
        d.factor *= p.product_pay[a.product]
        if d.promised:
            d.factor *= p.pay_promised
        pressure, waiting = pressed(p, past, ago)
        payday = (month_days[ago] - a.payday) % 30
        d.drive = b.payment_drive(p, 0.0, 0.0, salience, excitation, pressure, fatigue, d.dpd, waiting, payday)
        d.other = n == 0 or works != worked or abs(d.claim - claim) > 0.01 * claim
        if d.other:
            claim, worked = d.claim, works
        if d.paid:
            excitation += 1.0
            paid += 1
            latest = n
            younger += b.MONTH * d.minimums
            left -= d.minimums
    if past.days:
        salience = p.salience_floor + (salience - p.salience_floor) * p.salience_keep
        works = _works(works, uniform(key, past.days, _JOB), loses, finds)
    return salience, fatigue * p.fatigue_keep, excitation * p.excitation_keep, works, unsaid


@njit()
def _works(works, draw, loses, finds):  # type: ignore[no-untyped-def]
    """Whether a debtor has work on a day, given whether he had on the day before."""
    return draw >= loses if works else draw < finds


@njit()
def pressed(p, past, ago):  # type: ignore[no-untyped-def]
    """Pressure of notices and suits, and waiting for better offers, so many days ago."""
    pressure, waiting = 0.0, 0.0
    if past.notice >= ago:
        pressure += past.notice_pressure * p.pressure_keep ** (past.notice - ago)
    if past.court >= ago:
        pressure += past.court_pressure * p.pressure_keep ** (past.court - ago)
    if past.offer > ago:
        waiting = past.offer_waiting * p.waiting_keep ** (past.offer - ago)
    return pressure, waiting


@njit()
def _owed(a, past, d, n, paid, younger, left):  # type: ignore[no-untyped-def]
    """How old the debt was, and what a payment was measured by, on the n-th day in care.

    Args:
        paid: payments before.
        younger, left: of a card, days that payments, and plans in their place, have taken off its age; minimums that are still to be paid.
    """
    d.minimums = 0
    if not past.minimum:
        d.dpd = max(past.dpd + n, 0)
        share = min(paid / max(int(a.payments), 1), 1.0)
        charged = (a.interest + a.fees) * (1.0 - n / past.days)
        d.claim = max((a.balance + a.cash * (1.0 - share) - charged) / 100.0, 1.0)
        return
    d.dpd = max(past.dpd + n - younger, 1)
    months = b.months_due(int(d.dpd))
    d.claim = max(min(months * past.minimum, a.opening) / 100.0, 1.0)
    if d.paid:
        # All but the latest minimum, if the cash allows it; else as much as each other time.
        others = max(int(a.payments) - paid - 1, 0)
        d.minimums = months - 1 if others and left - others >= months - 1 else left // (others + 1)
        d.minimums = max(d.minimums, 1)


@njit()
def log_likelihood(p, a, past, days, promises, count, willingness, disposable, least):  # type: ignore[no-untyped-def]
    """Log likelihood of the days for a debtor with these traits; no more than `least` is told of one that is below it.

    Args:
        p, a, past: as for `feelings`.
        days, promises, count: filled by the functions above.
        willingness, disposable: hidden traits (`account.ACCOUNT`).
    """
    total, own, liquidity, income = _of_offers(p, a, past, days, willingness, disposable), 0.0, 0.0, 0.0
    total += _of_promises(p, past, days, promises, count, willingness, disposable)
    for n in range(past.days):
        d = days[n]
        if d.other:
            income = b.disposable_income(p, disposable, d.works, 1.0)
            liquidity = b.log_liquidity(income, d.claim)
            own = p.pay_willingness * willingness + p.pay_liquidity * liquidity
        if d.talk and d.kind == AT_RISK and not d.promised:
            total += math.log(1.0 - d.again * b.promise_probability(p, d.caller, willingness, d.dpd, 0.0))
        if d.kind != AT_RISK:
            continue
        rate = math.exp(min(d.drive + own, b.DRIVE_BOUND)) * d.factor
        if d.own:
            in_part = _pays_in_part(p, a, past, d, income, liquidity)
            total += math.log(max(1.0 - math.exp(-rate), UNLIKELY)) + math.log(max(in_part, UNLIKELY))
        else:
            total -= rate
        if total < least:
            break
    return total


@njit()
def _pays_in_part(p, a, past, d, income, liquidity):  # type: ignore[no-untyped-def]
    """Probability that a payment leaves the account open; of a card, that it completes so many minimums."""
    if not past.minimum:
        whole = p.card_whole if p.card[a.product] != 0.0 else b.pays_in_full(p, liquidity)
        # A part is 10 to 70 % of a month's means; where that is more than the claim, it pays all of it.
        return (1.0 - whole) * min(max((d.claim / max(income, 1e-9) - 0.1) / 0.6, 0.0), 1.0)
    due, means = 100.0 * d.claim / past.minimum, 100.0 * p.card_means * income / past.minimum
    if due <= 1.0:
        return 0.0
    if d.minimums >= due - 1.0:  # all but the latest, as was meant if there were means for more
        if means >= due:
            return 1.0 - b.clears_arrears(p, due)
        return 1.0 if d.minimums == 1 or means >= d.minimums else 0.0
    # As much as there were means for. What each payment came to is not known: roughly.
    return 1.0 if ROUGHLY * means < d.minimums + 1 and (d.minimums == 1 or means > ROUGHLY * d.minimums) else 0.0


@njit()
def _of_promises(p, past, days, promises, count, willingness, disposable):  # type: ignore[no-untyped-def]
    total, broken = 0.0, 0
    for number in range(count):
        one = promises[number]
        if one.state == AGREED:
            continue
        caller = days[one.made].caller
        total += math.log(b.promise_probability(p, caller, willingness, days[one.made].dpd, 0.0))
        if one.state == OPEN:
            continue
        d = days[one.due]
        income = b.disposable_income(p, disposable, d.works, 1.0)
        whole = not past.minimum and b.log_liquidity(income, d.claim) > 0.0
        promised = d.claim if whole else min(d.claim, 2.0 * income)  # as he promises when he cannot pay all
        chance = b.keep_probability(
            p, caller, willingness, b.log_liquidity(income, promised), broken, days[one.due].dpd
        )
        if one.state == KEPT and whole:
            total += math.log(HELD_IN_FULL)
        total += math.log(max(chance if one.state == KEPT else 1.0 - chance, UNLIKELY))
        broken += one.state == BROKEN
    return total


@njit()
def _of_offers(p, a, past, days, willingness, disposable):  # type: ignore[no-untyped-def]
    """Of the plan that runs, and of offers refused: of those of a month the answer is one (`debtor.answer_offer`)."""
    total, balance = 0.0, a.balance / 100.0
    if past.plan_since:
        d, secured = days[max(past.days - past.plan_since, 0)], a.plan_secured != 0
        fit = b.log_fit(b.disposable_income(p, disposable, d.works, 1.0), a.plan_amount / 100.0)
        total += math.log(b.plan_acceptance(p, willingness, fit, a.refused, d.dpd, 0.0, secured, False))
        chance = b.instalment_probability(p, willingness, fit, d.dpd, secured)
        total += past.plan_paid * math.log(chance) + a.plan_missed * math.log(max(1.0 - chance, UNLIKELY))
    if a.refused:
        d = days[past.days - 1]
        income = b.disposable_income(p, disposable, d.works, 1.0)
        if a.best_discount > 0.0:
            liquidity = b.log_liquidity(income, balance * (1.0 - a.best_discount))
            chance = b.settlement_acceptance(p, a.best_discount, willingness, liquidity, 0, 0.0, 0.0, d.dpd, 0.0)
        else:
            fit = b.log_fit(income, balance / TYPICAL_MONTHS)
            chance = b.plan_acceptance(p, willingness, fit, 0, d.dpd, 0.0, False, False)
        total += min(int(a.refused), past.days // b.MONTH + 1) * math.log(max(1.0 - chance, UNLIKELY))
    return total
