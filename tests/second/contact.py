"""What is done to a debtor on a day: attempts, what he says when reached, offers, promises, legal steps."""

from __future__ import annotations

from recoup.sim.account import NEVER, Event, FileReview, Outcome, Stage
from recoup.sim.randomness import Purpose
from recoup.sim.treatments import Channel, Legal
from tests.second import behaviour, channels
from tests.second.draws import bits, uniform
from tests.second.money import call_in_everything, on_time, spend
from tests.second.state import single, whole_cents

RESTRUCTURING_MONTHS = 36


def draw(debtor, today, purpose):
    return uniform(debtor.key, today.day, purpose)


def means_now(debtor, world, today):
    return behaviour.monthly_means(world, debtor.disposable, debtor.employed, today.stress)


# --- the attempt ----------------------------------------------------------------------------------------------------------


def choose_who_answers(debtor, world, today, treatment):
    """Would the attempt reach him, and how many seconds of a person or a line would it take?"""
    channel = treatment.channel
    debtor.reached = 0
    debtor.novelty = what_is_new(debtor, world, today, treatment)
    if debtor.phone_right or not channels.needs_number(world, channel):
        age = debtor.days_past_due(today)
        probability = behaviour.reached(
            world, channel, treatment.window, today.day_off, age, debtor.reachability, debtor.fatigue
        )
        debtor.reached = int(draw(debtor, today, Purpose.REACH) < probability)
    debtor.seconds = seconds_of(debtor, world, today, treatment) if channels.is_live(world, channel) else 0
    if not channels.is_live(world, channel) and debtor.reached:
        calls = behaviour.of_channel(world, world.behaviour.answer_call, channel) * debtor.novelty
        if draw(debtor, today, Purpose.CALL_BACK) < calls:
            debtor.calls_back = 1
            usual = world.operations.collector.seconds_reached
            debtor.seconds = int(usual * (0.5 + draw(debtor, today, Purpose.DURATION)))


def what_is_new(debtor, world, today, treatment):
    """A notice, and an offer after two weeks without one, are news. Else: the like of it since the latest news, of two weeks."""
    offers = treatment.offer.name != "none"
    if treatment.legal == Legal.NOTICE or (offers and today.day - debtor.offer_day > 14):
        return 1.0
    b, channel = world.behaviour, treatment.channel
    if channels.group_of(world, channel) == "letter":
        return 1.0
    days = [ago for ago in range(1, 15) if today.day - ago > debtor.news_day]
    if channels.is_text(world, channel):
        return behaviour.novelty(b.repetition_text, sum(debtor.text_history >> ago & 1 for ago in days))
    live = debtor.call_history | debtor.visit_history
    return behaviour.novelty(b.repetition_call, sum(live >> ago & 1 for ago in days))


def seconds_of(debtor, world, today, treatment):
    """A conversation lasts half to one and a half times its mean, and an offer takes its time on top."""
    pool = channels.pool(world, channels.pool_of(world, treatment.channel))
    if not debtor.reached:
        return int(pool.seconds_unanswered)
    talk = pool.seconds_reached * (0.5 + draw(debtor, today, Purpose.DURATION))
    return int(talk + pool.seconds_offer) if treatment.offer.name != "none" else int(talk)


def treat(debtor, world, today, treatment, skills):
    """What was decided in the morning, if there was somebody to do it."""
    if treatment.channel != Channel.NONE:
        if not debtor.served:
            debtor.unserved += 1
            name = channels.pool_of(world, treatment.channel)
            waited = channels.pool(world, name).seconds_unserved if name else 0
            cents_a_minute = 100.0 * world.costs.minute.get(name, 0.0)
            spend(debtor, world, today, on_time(debtor, world, today, cents_a_minute, waited))
            debtor.outcome = int(Outcome.UNSERVED)
            debtor.notes(Event.UNSERVED)
            return
        attempt(debtor, world, today, treatment, skills)
    take_legal_step(debtor, world, today, treatment.legal)


def attempt(debtor, world, today, treatment, skills):
    b, channel = world.behaviour, treatment.channel
    debtor.notes(Event.ATTEMPT)
    debtor.attempts += 1
    debtor.last_attempt = today.day
    mark_history(debtor, world, channel)
    if debtor.calls_back and not debtor.answered:
        debtor.seconds = 0
    talker = Channel.COLLECTOR if debtor.answered else channel
    cents_a_minute = 100.0 * world.costs.minute.get(channels.pool_of(world, talker), 0.0)
    time = on_time(debtor, world, today, cents_a_minute, debtor.seconds)
    spend(debtor, world, today, 100.0 * behaviour.of_channel(world, world.costs.contact, channel) + time)
    count_burden(debtor, world, today, channel)
    person = skills[who_has_the_account(debtor, today, len(skills))] if len(skills) else None
    debtor.collector = 0 if person is None else int(person["number"])
    law = 0.0 if person is None else float(person["law"])
    annoy(debtor, world, today, channel, law)
    debtor.fatigue = single(debtor.fatigue + behaviour.of_channel(world, b.fatigue_gain, channel))
    if channels.is_text(world, channel) and draw(debtor, today, Purpose.OPT_OUT) < b.opt_out:
        debtor.opted_out = 1
        debtor.notes(Event.OPT_OUT)
    if draw(debtor, today, Purpose.CEASE_CONTACT) < b.cease_contact:
        debtor.ceased = 1
        debtor.notes(Event.CEASE_CONTACT)
    if not debtor.reached:
        debtor.outcome = int(Outcome.NO_ANSWER if channels.is_live(world, channel) else Outcome.SENT)
        return
    debtor.notes(Event.REACHED)
    debtor.reaches += 1
    debtor.last_reach = today.day
    debtor.hears_demand(today)
    restored = (1.0 - debtor.salience) * behaviour.of_channel(world, b.salience_gain, channel)
    debtor.salience = single(debtor.salience + restored * debtor.novelty)
    debtor.outcome = int(Outcome.REACHED)
    if channels.is_live(world, channel):
        debtor.conversation_history |= 1
    talk(debtor, world, today, treatment.offer.name, talker, person)


def who_has_the_account(debtor, today, on_duty):
    """One of them at random: the bits, read as a signed number, shared out among them."""
    number = bits(debtor.key, today.day, Purpose.COLLECTOR)
    signed = number - 2**64 if number >= 2**63 else number
    return signed % on_duty


def mark_history(debtor, world, channel):
    """Bit 0 of a history is today."""
    if channels.is_call(world, channel):
        debtor.call_attempts += 1
        debtor.call_reaches += debtor.reached
    history = f"{channels.group_of(world, channel)}_history"
    setattr(debtor, history, getattr(debtor, history) | 1)


def count_burden(debtor, world, today, channel):
    """What collection asks of a debtor, for the measures of welfare."""
    any_contact = debtor.call_history | debtor.text_history | debtor.visit_history | debtor.letter_history
    last_seven_days = bin(any_contact % 2**7).count("1")
    debtor.busiest_week = max(debtor.busiest_week, last_seven_days)
    if debtor.in_hardship(today) and channels.is_live(world, channel):
        debtor.hardship_calls += 1
    if not debtor.employed:
        debtor.distress_contacts += 1


def annoy(debtor, world, today, channel, law):
    """Each attempt may draw a complaint, by the fatigue there was before it."""
    probability = behaviour.complains(world, channel, debtor.fatigue, law, today.care_of(channel))
    debtor.complaint_risk += probability
    if draw(debtor, today, Purpose.COMPLAINT) < probability:
        debtor.complaints += 1
        debtor.complaint_until = today.day + int(world.behaviour.complaint_days)
        debtor.notes(Event.COMPLAINT)
        spend(debtor, world, today, 100.0 * world.costs.complaint + today.surcharge)


# --- what he says ---------------------------------------------------------------------------------------------------------


def talk(debtor, world, today, offer, channel, person):
    """`person`: skills of whoever speaks, None for machines, messages and visitors."""
    b = world.behaviour
    to_a_person = channels.in_person(world, channel)
    law = 0.0 if person is None else float(person["law"])
    if to_a_person and draw(debtor, today, Purpose.DISPUTE) < behaviour.disputes(world, law):
        debtor.dispute_until = today.day + int(b.dispute_days)
        debtor.outcome = int(Outcome.DISPUTED)
        debtor.notes(Event.DISPUTE)
        return
    out_of_work = not debtor.employed
    if to_a_person and out_of_work and draw(debtor, today, Purpose.HARDSHIP) < b.hardship_disclosed:
        debtor.hardship_until = today.day + int(b.hardship_days)
        debtor.outcome = int(Outcome.HARDSHIP)
        debtor.notes(Event.HARDSHIP)
    art = 0.0 if person is None else behaviour.art_of_offers(world, float(person["negotiation"]))
    if offer != "none" and hears_offer(debtor, world, today, offer, channel, art):
        return
    free_to_promise = not debtor.has_promised() and not debtor.has_plan() and debtor.outcome != Outcome.HARDSHIP
    if free_to_promise and channels.takes_promises(world, channel):
        art = 0.0 if person is None else behaviour.art_of_promises(world, float(person["psychology"]))
        probability = behaviour.promises(world, channel, debtor.willingness, debtor.days_past_due(today), art)
        if is_card(debtor, world):
            probability *= behaviour.in_the_month_after(world, today.day - debtor.last_payment)
        if draw(debtor, today, Purpose.PROMISE) < probability:
            promise(debtor, world, today, channel)


def promise(debtor, world, today, channel):
    """Within 3 to 10 days: the whole balance if three months' means exceed it, else two months' means, at least 10 units.

    Of a card: what its holder would pay of his own accord.
    """
    means = means_now(debtor, world, today)
    if debtor.asks_for_minimums():
        amount = what_a_card_holder_pays(debtor, world, today, Purpose.CARD_PROMISE)
    elif 3.0 * means * 100.0 > debtor.balance and thinks_of_all(debtor, world, today, Purpose.CARD_PROMISE):
        amount = debtor.balance
    else:
        amount = min(debtor.balance, max(1000, int(2.0 * means * 100.0)))
    days = 3 + int(8 * draw(debtor, today, Purpose.PROMISE_DAYS))
    agree_to_pay(debtor, today.day + days, amount, channel, discount=0.0)
    debtor.acknowledges(today)
    debtor.notes(Event.PROMISE)
    debtor.outcome = int(Outcome.PROMISED)


def is_card(debtor, world):
    """A card whose minimums the world knows of; in court its holder keeps his habits."""
    return bool(world.cards) and list(world.products.values())[debtor.product].card


def thinks_of_all(debtor, world, today, purpose):
    """Sued, few card holders do: as few as before. Others all do."""
    return not is_card(debtor, world) or draw(debtor, today, purpose) < world.cards.whole


def what_a_card_holder_pays(debtor, world, today, purpose):
    """All arrears, or those before the latest minimum, as far as his means go; one minimum always, unless less is overdue."""
    all_of_it = behaviour.means_to_clear(world, debtor.arrears / debtor.minimum_due)
    wanted = debtor.arrears
    if draw(debtor, today, purpose) >= all_of_it:
        wanted -= debtor.minimum_due
    wanted = min(wanted, int(world.cards.means * means_now(debtor, world, today) * 100.0))
    return min(debtor.arrears, max(wanted, debtor.minimum_due))


def agree_to_pay(debtor, day, amount, channel, discount, in_kind=False):
    debtor.promises += 1
    debtor.promise_swap = int(in_kind)
    debtor.promise_due, debtor.promise_amount = day, amount
    debtor.promise_channel, debtor.promise_discount = int(channel), single(discount)
    debtor.promise_collector = debtor.collector  # his, kept or broken


def mood_of_his_month(debtor, today):
    """One draw for 30 days: the same question gets the same answer."""
    return uniform(debtor.key, (today.day + debtor.payday) // 30, Purpose.OFFER)


def hears_offer(debtor, world, today, name, channel, staff):
    """Whether he accepts. An offer after two weeks without one is news; this contact is the first to wear it off."""
    if today.day - debtor.offer_day > 14:
        debtor.news_day = today.day - 1
    debtor.offer_day = today.day
    debtor.offers += 1
    debtor.notes(Event.OFFER)
    word, _, number = name.partition("_")
    if word == "settle":
        accepted = hears_settlement(debtor, world, today, channel, int(number), staff)
    elif name == "asset_swap":
        accepted = hears_swap(debtor, world, today, channel, staff)
    else:
        months = int(number) if word == "plan" else RESTRUCTURING_MONTHS
        accepted = hears_instalments(debtor, world, today, months, name == "restructure", channel, staff)
    if accepted:
        debtor.acknowledges(today)
        debtor.notes(Event.OFFER_ACCEPTED)
        debtor.outcome = int(Outcome.ACCEPTED)
        return True
    debtor.refused += 1
    debtor.notes(Event.OFFER_REFUSED)
    if debtor.outcome != Outcome.HARDSHIP:
        debtor.outcome = int(Outcome.REFUSED)
    return False


def hears_settlement(debtor, world, today, channel, percent, staff):
    """A lump sum within 10 days, `percent` below the claim; who refuses it has learned to wait for a better one."""
    b, discount = world.behaviour, percent / 100
    liquidity = behaviour.log_liquidity(means_now(debtor, world, today), debtor.balance * (100 - percent) / 100 / 100)
    waiting = debtor.waiting + b.waiting_market * today.market_waiting
    probability = behaviour.accepts_settlement(
        world,
        discount,
        debtor.willingness,
        liquidity,
        debtor.refused,
        waiting,
        debtor.best_discount,
        debtor.days_past_due(today),
        staff,
    )
    debtor.best_discount = single(max(debtor.best_discount, discount))
    if mood_of_his_month(debtor, today) >= probability:
        debtor.waiting = single(debtor.waiting + b.waiting_learned * discount)
        return False
    lump_sum = whole_cents(debtor.balance * (100 - percent) / 100)
    agree_to_pay(debtor, today.day + 10, lump_sum, channel, discount)
    spend(debtor, world, today, 100.0 * world.costs.settlement_documents)
    return True


def hears_swap(debtor, world, today, channel, staff):
    """His assets are appraised at their share of the claim as it came in, and will be taken against the debt, up to all of it."""
    worth = int(debtor.asset_cover * debtor.opening)
    if worth == 0:
        return False
    liquidity = behaviour.log_liquidity(means_now(debtor, world, today), debtor.balance / 100)
    age = debtor.days_past_due(today)
    probability = behaviour.hands_asset_over(
        world, debtor.willingness, debtor.pressure, liquidity, debtor.refused, age, staff
    )
    if mood_of_his_month(debtor, today) >= probability:
        return False
    due = today.day + int(world.behaviour.swap_days)
    agree_to_pay(debtor, due, worth, channel, discount=0.0, in_kind=True)
    spend(debtor, world, today, 100.0 * world.costs.settlement_documents)
    return True


def hears_instalments(debtor, world, today, months, restructuring, channel, staff):
    """Equal monthly instalments, rounded up to the cent."""
    instalment = (debtor.balance + months - 1) // months
    means = means_now(debtor, world, today)
    fit = behaviour.log_fit(means, instalment / 100)
    accepts = behaviour.accepts_restructuring if restructuring else behaviour.accepts_plan
    written = 0.0 if channels.in_person(world, channel) else world.behaviour.plan_message
    if mood_of_his_month(debtor, today) >= accepts(
        world, debtor.willingness, fit, debtor.refused, debtor.days_past_due(today), staff + written
    ):
        return False
    debtor.plans += 1
    debtor.plan_months = debtor.plan_left = months
    debtor.plan_missed = 0
    debtor.plan_amount = instalment
    debtor.plan_secured = int(restructuring)
    if instalment <= means * 100.0:
        debtor.plans_fit += 1
    debtor.promise_due = NEVER
    if restructuring:
        debtor.restructured = 1
        spend(debtor, world, today, 100.0 * world.costs.settlement_documents)
    return True


# --- review -----------------------------------------------------------------------------------------------------------------


def is_to_be_reviewed(debtor, world, step):
    """Notices and suits, unless the file has been approved for the very step."""
    if world.courts.review is None or step not in (Legal.NOTICE, Legal.SUIT):
        return False
    return (debtor.review, debtor.review_step) != (FileReview.APPROVED, step)


def send_to_review(debtor, world, today, step):
    """In place of the step, of which the debtor hears nothing."""
    debtor.review, debtor.review_step = int(FileReview.UNDER_REVIEW), int(step)
    debtor.review_until = today.day + behaviour.days_of_review(world, draw(debtor, today, Purpose.REVIEW_DAYS))
    debtor.notes(Event.REVIEW)
    spend(debtor, world, today, 100.0 * world.courts.review.cost)


def hear_from_review(debtor, world, today):
    """On its day: sent back, or approved for thirty days, this one included; on the thirty-first the approval is void."""
    if debtor.review == FileReview.NONE or today.day < debtor.review_until:
        return
    if debtor.review == FileReview.UNDER_REVIEW:
        if draw(debtor, today, Purpose.REVIEW_RESULT) >= world.courts.review.sent_back:
            debtor.review, debtor.review_until = int(FileReview.APPROVED), today.day + 30
            return
        debtor.notes(Event.SENT_BACK)
    debtor.review = debtor.review_step = 0


# --- legal steps ----------------------------------------------------------------------------------------------------------


def take_legal_step(debtor, world, today, step):
    if step == Legal.NONE:
        return
    stage, event = {
        Legal.NOTICE: (Stage.NOTICED, Event.NOTICE),
        Legal.SUIT: (Stage.QUEUED, Event.SUIT),
        Legal.ENFORCE: (Stage.ENFORCING, Event.ENFORCEMENT),
    }[step]
    debtor.stage, debtor.stage_day, debtor.outcome = int(stage), today.day, int(Outcome.LEGAL)
    debtor.review = debtor.review_step = 0  # used up
    debtor.hears_demand(today)
    debtor.notes(event)
    if step == Legal.NOTICE:
        pressure = behaviour.pressure_of_notice(world, today.belief, debtor.notices)
        debtor.pressure = single(debtor.pressure + pressure)
        debtor.notices += 1
        debtor.news_day = today.day - 1
        spend(debtor, world, today, 100.0 * world.costs.notice)
    if step == Legal.SUIT:
        call_in_everything(debtor)
        debtor.hardship_suits += debtor.in_hardship(today)
        debtor.distress_suits += not debtor.employed
