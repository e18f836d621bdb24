"""One account through one day: start it, be contacted, respond, pay.

Each function changes one account record `a` (see `account.ACCOUNT`) under parameters `p` (`parameters.kernel_record`)
and the day `t` (`observation.DAY_CONTEXT`). The fast engine calls them over arrays; the plain reference in tests/ calls them
one debtor at a time. Probabilities come from `behaviour.py`, random numbers from `randomness.py`, and nothing else is random.
`item` is the treatment's menu record (channel, group, window, offer, legal); `income` what the debtor could pay in a
month, in
currency; `staff` what skill and effort add to the log odds of an offer (`behaviour.offer_staff`).
"""

from __future__ import annotations

import math

from recoup.sim import behaviour as b
from recoup.sim.account import NEVER, Event, FileReview, Outcome, Stage, Status
from recoup.sim.compiled import njit
from recoup.sim.observation import popcount
from recoup.sim.randomness import Purpose, bits, uniform
from recoup.sim.treatments import OFFER_KIND, Channel, Group, Legal, OfferKind, Talk

FIRST_INSTALMENT_DAYS = 5
INSTALMENT_EVERY_DAYS = 30
MISSED_TO_BREAK = 2
SETTLEMENT_DAYS = 10
RESTRUCTURE_DOWN_PAYMENT = 0.1
LEAST_PARTIAL_PAYMENT = 1000  # cents
WEEK = 0x7F  # the last 7 days of a history
MEMORY_DAYS = 14  # in which a contact is remembered as one more of the same; an offer is news after as many
BREATHING_SPACE_EVERY_DAYS = 365
APPROVAL_DAYS = 30  # for which a reviewed file may be acted on

# Numba reads module-level integers as constants, but not attributes of enumerations mixed with uint fields.
_OPEN, _PAID, _SETTLED, _WRITTEN_OFF = (int(s) for s in (Status.OPEN, Status.PAID, Status.SETTLED, Status.WRITTEN_OFF))
_CURED = int(Status.CURED)
_NOTICED, _QUEUED, _FILED, _ENFORCING = (int(s) for s in (Stage.NOTICED, Stage.QUEUED, Stage.FILED, Stage.ENFORCING))
_UNSERVED, _SENT, _NO_ANSWER, _REACHED = (
    int(o) for o in (Outcome.UNSERVED, Outcome.SENT, Outcome.NO_ANSWER, Outcome.REACHED)
)
_PROMISED, _ACCEPTED, _REFUSED = int(Outcome.PROMISED), int(Outcome.ACCEPTED), int(Outcome.REFUSED)
_DISPUTED, _HARDSHIP, _LEGAL_TAKEN = int(Outcome.DISPUTED), int(Outcome.HARDSHIP), int(Outcome.LEGAL)
_COLLECTOR, _NOBODY, _PERSON = int(Channel.COLLECTOR), int(Talk.NOBODY), int(Talk.PERSON)
_TEXT, _CALL, _LETTER_GROUP, _VISIT_GROUP = (int(g) for g in (Group.TEXT, Group.CALL, Group.LETTER, Group.VISIT))
_NOTICE, _SUIT, _ENFORCE = int(Legal.NOTICE), int(Legal.SUIT), int(Legal.ENFORCE)
_UNREVIEWED, _UNDER_REVIEW, _APPROVED = (int(r) for r in FileReview)
_PLAN, _SETTLEMENT, _RESTRUCTURE = int(OfferKind.PLAN), int(OfferKind.SETTLEMENT), int(OfferKind.RESTRUCTURE)
_SWAP = int(OfferKind.SWAP)

E_ATTEMPT, E_REACHED, E_PROMISE, E_KEPT, E_BROKEN = (
    int(e) for e in (Event.ATTEMPT, Event.REACHED, Event.PROMISE, Event.PROMISE_KEPT, Event.PROMISE_BROKEN)
)
E_OFFER, E_ACCEPTED, E_REFUSED, E_PAYMENT = (
    int(e) for e in (Event.OFFER, Event.OFFER_ACCEPTED, Event.OFFER_REFUSED, Event.PAYMENT)
)
E_INSTALMENT, E_MISSED, E_PLAN_BROKEN, E_COMPLAINT, E_OPT_OUT = (
    int(e) for e in (Event.INSTALMENT_PAID, Event.INSTALMENT_MISSED, Event.PLAN_BROKEN, Event.COMPLAINT, Event.OPT_OUT)
)
E_DISPUTE, E_HARDSHIP, E_NOTICE, E_SUIT, E_ENFORCEMENT = (
    int(e) for e in (Event.DISPUTE, Event.HARDSHIP, Event.NOTICE, Event.SUIT, Event.ENFORCEMENT)
)
E_CEASE, E_BREATHING = int(Event.CEASE_CONTACT), int(Event.BREATHING_SPACE)
E_REVIEW, E_SENT_BACK = int(Event.REVIEW), int(Event.SENT_BACK)
E_CLOSED, E_WRITTEN_OFF, E_UNSERVED = int(Event.CLOSED), int(Event.WRITTEN_OFF), int(Event.UNSERVED)
E_HANDOVER = int(Event.HANDOVER)

# Purpose numbers for compiled code
R_REACH, R_DURATION, R_COLLECTOR, R_OFFER, R_PROMISE = (
    int(r) for r in (Purpose.REACH, Purpose.DURATION, Purpose.COLLECTOR, Purpose.OFFER, Purpose.PROMISE)
)
R_PROMISE_DAYS, R_KEEP, R_PAY, R_FULL, R_SHARE = (
    int(r) for r in (Purpose.PROMISE_DAYS, Purpose.KEEP_PROMISE, Purpose.PAY, Purpose.PAY_FULL, Purpose.PAY_SHARE)
)
R_INSTALMENT, R_COMPLAINT, R_OPT_OUT, R_DISPUTE, R_HARDSHIP, R_JOB = (
    int(r)
    for r in (
        Purpose.INSTALMENT,
        Purpose.COMPLAINT,
        Purpose.OPT_OUT,
        Purpose.DISPUTE,
        Purpose.HARDSHIP,
        Purpose.JOB,
    )
)
R_CEASE, R_BREATHING, R_CALL_BACK = (
    int(r) for r in (Purpose.CEASE_CONTACT, Purpose.BREATHING_SPACE, Purpose.CALL_BACK)
)
R_REVIEW_DAYS, R_REVIEW_RESULT = int(Purpose.REVIEW_DAYS), int(Purpose.REVIEW_RESULT)
R_CARD, R_CARD_PROMISE = int(Purpose.CARD_AMOUNT), int(Purpose.CARD_PROMISE)


@njit()
def start_day(a, p, t):  # type: ignore[no-untyped-def]
    """A new day begins: interest, fading of what was felt, loss and finding of work."""
    if a.outcome:
        a.last_outcome = a.outcome
    a.treatment, a.outcome, a.rule, a.served, a.reached, a.seconds = 0, 0, 0, 0, 0, 0
    a.calls_back, a.answered, a.novelty, a.collector = 0, 0, 0.0, 0
    a.events, a.cash_today, a.forgiven_today, a.cost_today, a.plan_due = 0, 0, 0, 0, 0
    if a.plan_months == 0 and a.hardship_until <= t.day and a.breathing_until <= t.day:
        # Late interest on the claim, not on earlier interest; it rests in a kept plan, hardship and breathing space.
        interest = int(min(a.balance, a.opening) * t.daily_rate[a.product] + 0.5)
        a.interest += interest
        a.balance += interest
    if a.minimum_due:
        bill(a, t)
    a.salience = p.salience_floor + (a.salience - p.salience_floor) * p.salience_keep
    a.fatigue *= p.fatigue_keep
    a.excitation *= p.excitation_keep
    a.pressure *= p.pressure_keep
    a.waiting *= p.waiting_keep
    a.call_history <<= 1
    a.text_history <<= 1
    a.visit_history <<= 1
    a.letter_history <<= 1
    a.conversation_history <<= 1
    draw = uniform(a.key, t.day, R_JOB)
    if a.employed:
        if draw < b.loses_work(p, t.macro):
            a.employed = 0
    elif draw < p.job_found_monthly / 30.0:
        a.employed = 1
    if a.review != _UNREVIEWED and a.review_until <= t.day:
        end_review(a, p, t)


@njit()
def needs_review(a, p, step):  # type: ignore[no-untyped-def]
    """Whether asking for this legal step only opens a review: a notice or a suit, unless this very step is approved."""
    if p.review == 0.0 or (step != _NOTICE and step != _SUIT):
        return False
    return a.review != _APPROVED or a.review_step != step


@njit()
def open_review(a, p, t, step):  # type: ignore[no-untyped-def]
    """The file goes to review for a legal step; nothing goes out today. An approval of the other step is given up."""
    days = p.review_least + int((p.review_most - p.review_least + 1.0) * uniform(a.key, t.day, R_REVIEW_DAYS))
    a.review, a.review_step = _UNDER_REVIEW, step
    a.review_until = t.day + int(days)
    a.events |= E_REVIEW
    charge(a, t, p.cost_review)


@njit()
def end_review(a, p, t):  # type: ignore[no-untyped-def]
    """The morning on which a review has its result, or an approval lapses."""
    if a.review == _UNDER_REVIEW and uniform(a.key, t.day, R_REVIEW_RESULT) >= p.review_sent_back:
        a.review = _APPROVED
        a.review_until = t.day + APPROVAL_DAYS
        return
    if a.review == _UNDER_REVIEW:
        a.events |= E_SENT_BACK
    a.review, a.review_step = _UNREVIEWED, 0


@njit()
def bill(a, t):  # type: ignore[no-untyped-def]
    """Another month past due brings another minimum; while an instalment plan runs, it takes their place and nothing ages."""
    if a.plan_months:
        a.dpd0 -= 1
        return
    dpd = a.dpd0 + t.day
    if b.months_due(dpd) > b.months_due(dpd - 1):
        a.arrears = min(a.arrears + a.minimum_due, a.balance)


@njit()
def novelty_of(a, p, t, group, news):  # type: ignore[no-untyped-def]
    """Share of its effect that a contact of this group keeps, given those of the last two weeks; `news`: it brings some."""
    if news:
        return 1.0
    since = min(t.day - a.news_day, MEMORY_DAYS + 1)
    days = ((1 << max(since, 0)) - 1) & ~1  # today is not over
    if group == _TEXT:
        return b.novelty(p.repetition_text, popcount(a.text_history & days))
    if group == _LETTER_GROUP:
        return 1.0
    return b.novelty(p.repetition_call, popcount((a.call_history | a.visit_history) & days))


@njit()
def dial(a, p, t, channel, group, window, offer, legal):  # type: ignore[no-untyped-def]
    """Decide whether an attempt would reach the debtor, what he then does of his own accord, and the seconds it takes."""
    live = group == _CALL or group == _VISIT_GROUP
    a.reached = 0
    news = legal == _NOTICE or (offer and t.day - a.offer_day > MEMORY_DAYS)
    a.novelty = novelty_of(a, p, t, group, news)
    by_phone = p.by_number[channel] != 0.0
    if a.phone_right or not by_phone:
        dpd = a.dpd0 + t.day
        chance = b.reach_probability(p, channel, live, window, t.day_off, dpd, a.reachability, a.fatigue)
        a.reached = uniform(a.key, t.day, R_REACH) < chance
    a.seconds = 0
    if live:
        if a.reached:
            spread = 0.5 + uniform(a.key, t.day, R_DURATION)
            a.seconds = int(p.seconds_reached[channel] * spread + (p.seconds_offer[channel] if offer else 0.0))
        else:
            a.seconds = int(p.seconds_unanswered[channel])
    elif a.reached and uniform(a.key, t.day, R_CALL_BACK) < p.answer_call[channel] * a.novelty:
        a.calls_back = 1
        a.seconds = int(p.seconds_reached[_COLLECTOR] * (0.5 + uniform(a.key, t.day, R_DURATION)))


@njit()
def charge(a, t, cents):  # type: ignore[no-untyped-def]
    """Book a cost of treating the account, in cents."""
    whole = int(cents + 0.5)
    a.cost += whole
    a.cost_today += whole
    a.discounted_cost += whole * t.discount_factor


@njit()
def time_cost(a, t, cents_a_minute, seconds):  # type: ignore[no-untyped-def]
    """Cents that staff is paid for so many seconds on the account; noted, and to be charged."""
    cents = cents_a_minute * seconds / 60.0
    a.discounted_staff += cents * t.discount_factor
    return cents


@njit()
def close(a, t, status):  # type: ignore[no-untyped-def]
    """The account is closed and leaves the portfolio: what was agreed and pending ends with it."""
    a.status = status
    a.closed_day = t.day
    a.promise_due = NEVER
    a.plan_months = 0
    a.events |= E_CLOSED


@njit()
def note_demand(a, t):  # type: ignore[no-untyped-def]
    """A demand has arrived: how long it came after the latest one, the latest acknowledgement, or the due date."""
    a.silence = max(a.silence, t.day - max(-a.dpd0, a.demanded, a.acknowledged))
    a.demanded = t.day


@njit()
def note_acknowledgement(a, t):  # type: ignore[no-untyped-def]
    """The debtor has acknowledged the debt, by a payment or in words; silence before it no longer counts."""
    a.silence = 0
    a.acknowledged = t.day


@njit()
def receive(a, t, cents):  # type: ignore[no-untyped-def]
    """Cash comes in (at most the balance); the account closes when nothing is left."""
    cash = min(cents, a.balance)
    if cash <= 0:
        return
    a.balance -= cash
    a.cash += cash
    a.cash_today += cash
    a.cash_day_sum += cash * t.day
    a.discounted_cash += cash * t.discount_factor
    a.excitation += 1.0
    a.last_payment = t.day
    a.payments += 1
    note_acknowledgement(a, t)
    a.events |= E_PAYMENT
    if a.balance == 0:
        a.arrears = 0
        close(a, t, _PAID)
    elif a.minimum_due:
        re_age(a, t, cash)


@njit()
def re_age(a, t, cash):  # type: ignore[no-untyped-def]
    """Cash has come in on a card: each minimum that it completes takes a month off its age, and without arrears it is cured."""
    before = -(-a.arrears // a.minimum_due)
    a.arrears = max(a.arrears - cash, 0)
    if a.arrears == 0:
        a.dpd0 = -t.day
        close(a, t, _CURED)
    else:
        a.dpd0 -= b.MONTH * (before - -(-a.arrears // a.minimum_due))


@njit()
def is_card(a, p):  # type: ignore[no-untyped-def]
    """Whether its holder pays as card holders do: about once a month, and seldom all of it. To demand all of it changes no habits."""
    return p.card[a.product] != 0.0


@njit()
def demand_all(a):  # type: ignore[no-untyped-def]
    """From now on the whole balance of a card is due, as of any other claim."""
    a.arrears, a.minimum_due = 0, 0


@njit()
def forgive(a, t, cents):  # type: ignore[no-untyped-def]
    """Forgive so much of the balance; the account closes as settled when nothing is left."""
    a.forgiven += cents
    a.forgiven_today += cents
    a.balance -= cents
    if a.balance == 0:
        close(a, t, _SETTLED)


@njit()
def sale_of(p, cents):  # type: ignore[no-untyped-def]
    """What the lender's sale of an asset brings, in cents, of its appraisal in cents."""
    return int(p.swap_price * cents + 0.5)


@njit()
def lost_on_sale(a, p):  # type: ignore[no-untyped-def]
    """Cents that an agreed handover will forgive: what its sale brings less than the debtor is credited with."""
    credited = min(a.promise_amount, a.balance)
    return credited - sale_of(p, credited)


@njit()
def hand_over(a, p, t):  # type: ignore[no-untyped-def]
    """The debtor's asset goes to the lender, who sells it: the debt falls by the appraisal, whatever the sale brings."""
    lost = lost_on_sale(a, p)
    cash = min(a.promise_amount, a.balance) - lost
    a.stable_assets, a.asset_cover = 0, 0.0  # enforcement will find nothing more
    a.events |= E_HANDOVER
    receive(a, t, cash)
    if a.status == _OPEN:
        forgive(a, t, lost)


@njit(borrows=True)
def who_has(a, t, skills):  # type: ignore[no-untyped-def]
    """Place among the people on duty of the one who has this account today: at random, whoever else is served."""
    return bits(a.key, t.day, R_COLLECTOR) % skills.size


@njit()
def tally_contact(a, t, group):  # type: ignore[no-untyped-def]
    """Count for the welfare measures what this attempt asks of the debtor; nothing else reads it."""
    week = popcount((a.call_history | a.text_history | a.visit_history | a.letter_history) & WEEK)
    a.busiest_week = max(a.busiest_week, week)
    a.hardship_calls += a.hardship_until > t.day and (group == _CALL or group == _VISIT_GROUP)
    a.distress_contacts += a.employed == 0


@njit(borrows=True)
def be_contacted(a, p, t, item, skills):  # type: ignore[no-untyped-def]
    """The attempt takes place: its cost, its marks on the debtor, and what he answers.

    Args:
        item: menu record (channel, group, window, offer, legal).
        skills: of the people on duty in this channel, or of those who answer a call back (`contact_centre.PERSON`); empty
            for machines.
    """
    channel, group = item.channel, item.group
    a.events |= E_ATTEMPT
    a.attempts += 1
    a.last_attempt = t.day
    if group == _CALL:
        a.call_history |= 1
        a.call_attempts += 1
        a.call_reaches += a.reached
    elif group == _TEXT:
        a.text_history |= 1
    elif group == _VISIT_GROUP:
        a.visit_history |= 1
    else:
        a.letter_history |= 1
    if a.calls_back and not a.answered:
        a.seconds = 0  # nobody was free to talk to him
    talker = _COLLECTOR if a.answered else channel
    charge(a, t, p.cost_contact[channel] + time_cost(a, t, p.cost_minute[talker], a.seconds))
    tally_contact(a, t, group)
    law, promise_staff, offer_staff = 0.0, 0.0, 0.0
    if skills.size:
        person = skills[who_has(a, t, skills)]
        a.collector = person.number
        law = person.law
        promise_staff = b.promise_staff(p, person.psychology)
        offer_staff = b.offer_staff(p, person.negotiation)
    complains = b.complaint_probability(p, channel, a.fatigue, law, t.care[channel])
    a.complaint_risk += complains
    if uniform(a.key, t.day, R_COMPLAINT) < complains:
        a.complaints += 1
        a.complaint_until = t.day + int(p.complaint_days)
        a.events |= E_COMPLAINT
        charge(a, t, p.cost_complaint + t.complaint_surcharge)
    a.fatigue += p.fatigue_gain[channel]
    if group == _TEXT and uniform(a.key, t.day, R_OPT_OUT) < p.opt_out:
        a.opted_out = 1
        a.events |= E_OPT_OUT
    if p.cease_contact > 0.0 and uniform(a.key, t.day, R_CEASE) < p.cease_contact:
        a.ceased = 1
        a.events |= E_CEASE
    if not a.reached:
        a.outcome = _SENT if group == _TEXT or group == _LETTER_GROUP else _NO_ANSWER
        return
    a.events |= E_REACHED
    a.reaches += 1
    a.last_reach = t.day
    note_demand(a, t)
    a.salience += (1.0 - a.salience) * p.salience_gain[channel] * a.novelty
    a.outcome = _REACHED
    if group == _CALL or group == _VISIT_GROUP:  # a call back is the debtor's own, and starts no quiet period
        a.conversation_history |= 1
    converse(a, p, t, item.offer, talker, law, promise_staff, offer_staff)


@njit()
def converse(a, p, t, offer, channel, law, promise_staff, offer_staff):  # type: ignore[no-untyped-def]
    """What a reached debtor says: dispute, hardship, an answer to the offer, a promise.

    Args:
        offer, channel: what is offered, and by whom.
        law: his skill in it, standard deviations; 0 for machines and visitors.
        promise_staff, offer_staff: what his other skills and his effort add to log odds (`behaviour`).
    """
    in_person = p.talk[channel] == _PERSON
    if in_person:
        if uniform(a.key, t.day, R_DISPUTE) < b.dispute_probability(p, law):
            a.dispute_until = t.day + int(p.dispute_days)
            a.events |= E_DISPUTE
            a.outcome = _DISPUTED
            return
        if not a.employed and uniform(a.key, t.day, R_HARDSHIP) < p.hardship_disclosed:
            a.hardship_until = t.day + int(p.hardship_days)
            a.events |= E_HARDSHIP
            a.outcome = _HARDSHIP
    if offer and answer_offer(a, p, t, offer, channel, in_person, offer_staff):
        return
    dpd = a.dpd0 + t.day
    may_promise = p.talk[channel] != _NOBODY
    if may_promise and a.outcome != _HARDSHIP and a.promise_due == NEVER and a.plan_months == 0:
        chance = b.promise_probability(p, channel, a.willingness, dpd, promise_staff)
        if is_card(a, p):
            chance *= b.once_a_month(p, t.day - a.last_payment)
        if uniform(a.key, t.day, R_PROMISE) < chance:
            make_promise(a, p, t, channel)


@njit()
def card_amount(a, p, income, purpose, day):  # type: ignore[no-untyped-def]
    """What a card holder pays or promises, in cents: all arrears, or all but the latest minimum.

    One minimum is found somehow; more than that comes out of his means, as far as they go.

    Args:
        income: what he could pay in a month, currency.
        purpose: of the draw.
        day: on which he makes up his mind.
    """
    chance = b.clears_arrears(p, a.arrears / a.minimum_due)
    wanted = a.arrears if uniform(a.key, day, purpose) < chance else a.arrears - a.minimum_due
    return min(max(min(wanted, int(100.0 * p.card_means * income)), a.minimum_due), a.arrears)


@njit()
def make_promise(a, p, t, channel):  # type: ignore[no-untyped-def]
    """A promise to pay within 3 to 10 days, of all that the debtor thinks he can pay."""
    income = b.disposable_income(p, a.disposable, a.employed, t.income_factor)
    whole = b.log_liquidity(income, a.balance / 100.0) > 0.0
    part = max(int(200.0 * income), LEAST_PARTIAL_PAYMENT)  # two months' means, in cents
    if a.minimum_due:
        a.promise_amount = card_amount(a, p, income, R_CARD_PROMISE, t.day)
    else:
        if is_card(a, p):
            whole = whole and uniform(a.key, t.day, R_CARD_PROMISE) < p.card_whole
        a.promise_amount = a.balance if whole else min(a.balance, part)
    a.promise_due = t.day + 3 + int(8.0 * uniform(a.key, t.day, R_PROMISE_DAYS))
    a.promise_channel = channel
    a.promise_discount = 0.0
    a.promise_collector = a.collector
    a.promises += 1
    note_acknowledgement(a, t)
    a.events |= E_PROMISE
    a.outcome = _PROMISED


@njit()
def answer_offer(a, p, t, offer, channel, in_person, staff):  # type: ignore[no-untyped-def]
    """Put the offer to the debtor; True when he accepts.

    For a month he stays with his answer: asked again, he says yes only to what he likes better. Else an offer repeated each day would be
    accepted sooner or later by everybody. Months begin on a day of his own.
    """
    kind, discount = OFFER_KIND[offer], p.offer_discount[offer]
    income = b.disposable_income(p, a.disposable, a.employed, t.income_factor)
    draw = uniform(a.key, (t.day + a.payday) // b.MONTH, R_OFFER)
    dpd = a.dpd0 + t.day
    if t.day - a.offer_day > MEMORY_DAYS:
        a.news_day = t.day - 1  # this contact brought it; the next one of its kind is the second
    a.offer_day = t.day
    a.offers += 1
    a.events |= E_OFFER
    if kind == _SETTLEMENT:
        liquidity = b.log_liquidity(income, a.balance * (1.0 - discount) / 100.0)
        waiting = a.waiting + p.waiting_market * t.market_waiting
        chance = b.settlement_acceptance(
            p, discount, a.willingness, liquidity, a.refused, waiting, a.best_discount, dpd, staff
        )
        a.best_discount = max(a.best_discount, discount)
        accepted = draw < chance
        if not accepted:
            a.waiting += p.waiting_learned * discount
        else:
            a.promise_amount = (a.balance * int(100.0 * (1.0 - discount) + 0.5) + 50) // 100  # exact: no float of cents
            a.promise_due = t.day + SETTLEMENT_DAYS
            a.promise_channel = channel
            a.promise_discount = discount
            a.promise_collector = a.collector
            a.promises += 1
            charge(a, t, p.cost_settlement_documents)
    elif kind == _SWAP:
        liquidity = b.log_liquidity(income, a.balance / 100.0)
        # What enforcement would find; of assets worth more than the debt, the interest until then is paid as well.
        appraisal = int(a.asset_cover * a.opening)
        chance = b.swap_acceptance(p, a.willingness, a.pressure, liquidity, a.refused, dpd, staff)
        accepted = appraisal > 0 and draw < chance
        if accepted:
            a.promise_amount = appraisal
            a.promise_due = t.day + int(p.swap_days)
            a.promise_channel = channel
            a.promise_discount = 0.0
            a.promise_swap = 1
            a.promise_collector = a.collector
            a.promises += 1
            charge(a, t, p.cost_settlement_documents)
    else:
        months = int(p.offer_months[offer])
        instalment = -(-a.balance // months)
        fit = b.log_fit(income, instalment / 100.0)
        secured = kind == _RESTRUCTURE
        accepted = draw < b.plan_acceptance(p, a.willingness, fit, a.refused, dpd, staff, secured, not in_person)
        if accepted:
            a.plan_months, a.plan_left, a.plan_missed = months, months, 0
            a.plan_amount = instalment
            a.plan_secured = secured
            a.plans += 1
            a.plans_fit += instalment <= 100.0 * income
            a.promise_due = NEVER
            if secured:
                a.restructured = 1
                charge(a, t, p.cost_settlement_documents)
    if accepted:
        note_acknowledgement(a, t)
        a.events |= E_ACCEPTED
        a.outcome = _ACCEPTED
    else:
        a.refused += 1
        a.events |= E_REFUSED
        if a.outcome == _REACHED:
            a.outcome = _REFUSED
    return accepted


@njit()
def take_legal_step(a, p, t, step):  # type: ignore[no-untyped-def]
    """Notice, suit or enforcement as decided today; queues and courts are processes in `courts.py`."""
    a.stage_day = t.day
    a.review, a.review_step = _UNREVIEWED, 0  # an approval is good for one step
    a.outcome = _LEGAL_TAKEN
    note_demand(a, t)
    if step == _NOTICE:
        a.stage = _NOTICED
        a.pressure += b.notice_pressure(p, t.notice_belief, a.notices)
        a.notices += 1
        a.news_day = t.day - 1
        a.events |= E_NOTICE
        charge(a, t, p.cost_notice)
    elif step == _SUIT:
        a.stage = _QUEUED
        demand_all(a)
        a.events |= E_SUIT
        a.hardship_suits += a.hardship_until > t.day
        a.distress_suits += a.employed == 0
    elif step == _ENFORCE:
        a.stage = _ENFORCING
        a.events |= E_ENFORCEMENT


@njit(borrows=True)
def treat(a, p, t, item, skills):  # type: ignore[no-untyped-def]
    """Carry out today's treatment, if staff or line time was there for it."""
    if item.group:
        if a.served:
            be_contacted(a, p, t, item, skills)
        else:
            a.unserved += 1
            # Nobody was called, but somebody was kept waiting.
            charge(a, t, time_cost(a, t, p.cost_minute[item.channel], p.seconds_unserved[item.channel]))
            a.outcome = _UNSERVED
            a.events |= E_UNSERVED
    if item.legal and a.outcome != _UNSERVED:
        take_legal_step(a, p, t, item.legal)


@njit()
def pay(a, p, t, channel):  # type: ignore[no-untyped-def]
    """The evening: promises and instalments fall due, and the debtor may pay of his own accord; `channel`: of today's contact."""
    income = b.disposable_income(p, a.disposable, a.employed, t.income_factor)
    if a.plan_months:
        if a.plan_due:
            pay_instalment(a, p, t, income)
        return
    if a.promise_due != NEVER and a.promise_due <= t.day:
        keep_or_break(a, p, t, income)
        return
    liquidity = b.log_liquidity(income, (a.arrears if a.minimum_due else a.balance) / 100.0)
    since_payday = (t.day_of_month - a.payday) % 30
    waiting = a.waiting + p.waiting_market * t.market_waiting
    rate = b.payment_intensity(
        p,
        a.willingness,
        liquidity,
        a.salience,
        a.excitation,
        a.pressure,
        a.fatigue,
        a.dpd0 + t.day,
        waiting,
        since_payday,
        a.promise_due != NEVER,
    )
    rate *= p.product_pay[a.product]
    if is_card(a, p):
        rate *= math.exp(p.card_pay) * b.once_a_month(p, t.day - a.last_payment)
    if a.reached and a.served:
        rate *= 1.0 + p.answer_pay[channel] * a.novelty
    if uniform(a.key, t.day, R_PAY) < 1.0 - math.exp(-rate):
        if a.minimum_due:
            pay_card(a, p, t, income)
        elif uniform(a.key, t.day, R_FULL) < pays_whole(a, p, liquidity):
            receive(a, t, a.balance)
        else:
            share = 0.1 + 0.6 * uniform(a.key, t.day, R_SHARE)
            receive(a, t, max(int(100.0 * share * income), LEAST_PARTIAL_PAYMENT))


@njit()
def pays_whole(a, p, liquidity):  # type: ignore[no-untyped-def]
    """Probability that a payment of his own accord is for the whole balance."""
    return p.card_whole if is_card(a, p) else b.pays_in_full(p, liquidity)


@njit()
def pay_card(a, p, t, income):  # type: ignore[no-untyped-def]
    """A payment on a card of the holder's own accord; of those who pay all arrears, some pay the whole balance."""
    cents = card_amount(a, p, income, R_CARD, t.day)
    whole = cents == a.arrears and uniform(a.key, t.day, R_FULL) < p.card_whole
    receive(a, t, a.balance if whole else cents)


@njit()
def keep_or_break(a, p, t, income):  # type: ignore[no-untyped-def]
    """A promise, an agreed settlement or handover falls due."""
    swaps = a.promise_swap != 0
    # An asset is handed over whatever the debtor earns.
    liquidity = 0.0 if swaps else b.log_liquidity(income, a.promise_amount / 100.0)
    chance = b.keep_probability(p, a.promise_channel, a.willingness, liquidity, a.broken, a.dpd0 + t.day)
    settles = a.promise_discount > 0.0
    a.promise_due = NEVER
    a.promise_swap = 0
    if uniform(a.key, t.day, R_KEEP) < chance:
        a.events |= E_KEPT
        a.kept += 1
        if settles or swaps:
            demand_all(a)  # what was agreed is for all of it
        if swaps:
            hand_over(a, p, t)
            return
        # A promise of everything covers the interest since; a settlement is for the agreed sum.
        everything = not settles and 20 * a.promise_amount >= 19 * a.balance
        receive(a, t, a.balance if everything else a.promise_amount)
        if settles and a.status == _OPEN:
            forgive(a, t, a.balance)
    else:
        a.events |= E_BROKEN
        a.broken += 1
        a.news_day = t.day
    a.promise_discount = 0.0


@njit()
def pay_instalment(a, p, t, income):  # type: ignore[no-untyped-def]
    """An instalment falls due: paid, or missed; two missed in a row break the plan."""
    first_of_restructuring = a.plan_secured and a.plan_left == a.plan_months
    due = int(RESTRUCTURE_DOWN_PAYMENT * a.balance) if first_of_restructuring else a.plan_amount
    fit = b.log_fit(income, due / 100.0)
    if uniform(a.key, t.day, R_INSTALMENT) < b.instalment_probability(
        p, a.willingness, fit, a.dpd0 + t.day, a.plan_secured
    ):
        a.plan_missed = 0
        a.plan_left -= 1
        a.events |= E_INSTALMENT
        receive(a, t, a.balance if a.plan_left == 0 else due)
    else:
        a.plan_missed += 1
        a.news_day = t.day
        a.events |= E_MISSED
        if a.plan_missed >= MISSED_TO_BREAK:
            a.plan_months = 0
            a.plans_broken += 1
            a.events |= E_PLAN_BROKEN


@njit()
def write_off_if_due(a, p, t):  # type: ignore[no-untyped-def]
    """Write the balance off at the age the scenario sets, unless a court or a plan is still at work."""
    in_court = a.stage == _QUEUED or a.stage == _FILED or a.stage == _ENFORCING
    if a.dpd0 + t.day >= p.write_off_dpd and not in_court and a.plan_months == 0:
        a.written_off += a.balance
        a.balance, a.arrears = 0, 0
        close(a, t, _WRITTEN_OFF)
        a.events |= E_WRITTEN_OFF


@njit()
def seek_breathing_space(a, p, t):  # type: ignore[no-untyped-def]
    """A debtor who cannot pay may get a statutory breathing space from tomorrow on, at most once in twelve months."""
    if a.breathing_until > t.day - BREATHING_SPACE_EVERY_DAYS:
        return
    income = b.disposable_income(p, a.disposable, a.employed, t.income_factor)
    if b.log_liquidity(income, a.balance / 100.0) >= 0.0:
        return
    if uniform(a.key, t.day, R_BREATHING) < p.breathing_space_monthly / 30.0:
        a.breathing_until = t.day + 1 + int(p.breathing_space_days)
        a.events |= E_BREATHING


@njit(borrows=True)
def step_day(a, p, t, item, skills):  # type: ignore[no-untyped-def]
    """All of an open account's day after the queues have decided who is served."""
    if a.status != _OPEN:
        return
    treat(a, p, t, item, skills)
    pay(a, p, t, item.channel)
    if a.status == _OPEN:
        write_off_if_due(a, p, t)
    if p.breathing_space_monthly > 0.0 and a.status == _OPEN:
        seek_breathing_space(a, p, t)
