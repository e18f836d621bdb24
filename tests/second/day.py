"""A debtor's day: the morning, and the evening after he was treated or not."""

from __future__ import annotations

import math

from recoup.sim.account import NEVER, Event, Status
from recoup.sim.randomness import Purpose
from recoup.sim.treatments import Channel
from tests.second import behaviour
from tests.second.contact import draw, hear_from_review, is_card, means_now, treat, what_a_card_holder_pays
from tests.second.money import (
    bill_the_month,
    call_in_everything,
    charge_interest,
    forgive_the_rest,
    take_asset,
    take_in,
    write_off_old_debt,
)
from tests.second.state import single

LEAST_PAYMENT = 1000  # cents, unless less is owed
OF_TODAY = (
    "treatment outcome rule served reached seconds events cash_today forgiven_today cost_today plan_due "
    "calls_back answered novelty collector"
).split()
HISTORIES = [f"{group}_history" for group in ("call", "text", "visit", "letter", "conversation")]


# --- the morning ----------------------------------------------------------------------------------------------------------


def wake_up(debtor, world, today):
    """Yesterday is forgotten but for its outcome, interest is charged, feelings fade, work is lost or found."""
    debtor.last_outcome = debtor.outcome or debtor.last_outcome
    for name in OF_TODAY:
        setattr(debtor, name, 0)
    charge_interest(debtor, today)
    bill_the_month(debtor, today)
    fade(debtor, world.behaviour)
    for history in HISTORIES:  # of the last 32 days, today not yet marked
        setattr(debtor, history, getattr(debtor, history) * 2 % 2**32)
    if debtor.employed:
        debtor.employed = int(draw(debtor, today, Purpose.JOB) >= behaviour.loses_work(world, today.stress))
    else:
        debtor.employed = int(draw(debtor, today, Purpose.JOB) < behaviour.finds_work(world))
    hear_from_review(debtor, world, today)


def left_after_a_day(half_life):
    return 2.0 ** (-1.0 / half_life)


def fade(debtor, b):
    above = (debtor.salience - b.salience_floor) * left_after_a_day(b.salience_half_life)
    debtor.salience = single(b.salience_floor + above)
    for feeling in ("fatigue", "excitation", "pressure", "waiting"):
        left = left_after_a_day(getattr(b, f"{feeling}_half_life"))
        setattr(debtor, feeling, single(getattr(debtor, feeling) * left))


# --- the rest of the day --------------------------------------------------------------------------------------------------


def live_through(debtor, world, today, treatment, skills):
    if debtor.status != Status.OPEN:
        return
    treat(debtor, world, today, treatment, skills)
    if debtor.has_plan():
        if debtor.plan_due:
            meet_instalment(debtor, world, today)
    elif debtor.has_promised() and debtor.promise_due <= today.day:
        meet_promise(debtor, world, today)
    else:
        pay_of_own_accord(debtor, world, today, treatment.channel)
    if debtor.status == Status.OPEN:
        write_off_old_debt(debtor, world, today)
    if debtor.status == Status.OPEN:
        ask_for_breathing_space(debtor, world, today)


def meet_instalment(debtor, world, today):
    """The plan's rate; a restructuring begins with a tenth down, and the last instalment clears the account."""
    due = debtor.plan_amount
    if debtor.plan_secured and debtor.plan_left == debtor.plan_months:
        due = debtor.balance // 10
    fit = behaviour.log_fit(means_now(debtor, world, today), due / 100)
    probability = behaviour.pays_instalment(
        world, debtor.willingness, fit, debtor.days_past_due(today), debtor.plan_secured
    )
    if draw(debtor, today, Purpose.INSTALMENT) < probability:
        debtor.notes(Event.INSTALMENT_PAID)
        debtor.plan_missed = 0
        debtor.plan_left -= 1
        take_in(debtor, world, today, due if debtor.plan_left else debtor.balance)
        return
    debtor.notes(Event.INSTALMENT_MISSED)
    debtor.news_day = today.day
    debtor.plan_missed += 1
    if debtor.plan_missed == 2:
        debtor.plan_months = 0
        debtor.plans_broken += 1
        debtor.notes(Event.PLAN_BROKEN)


def meet_promise(debtor, world, today):
    """What was promised or settled, or an asset, is due: the debtor keeps his word or breaks it."""
    amount, settlement, in_kind = debtor.promise_amount, debtor.promise_discount > 0, debtor.promise_swap
    # An asset takes no income: as if three months of it were just what is due.
    liquidity = 0.0 if in_kind else behaviour.log_liquidity(means_now(debtor, world, today), amount / 100)
    probability = behaviour.keeps_promise(
        world, debtor.promise_channel, debtor.willingness, liquidity, debtor.broken, debtor.days_past_due(today)
    )
    debtor.promise_due, debtor.promise_discount, debtor.promise_swap = NEVER, 0.0, 0
    if draw(debtor, today, Purpose.KEEP_PROMISE) >= probability:
        debtor.broken += 1
        debtor.notes(Event.PROMISE_BROKEN)
        debtor.news_day = today.day
        return
    debtor.kept += 1
    debtor.notes(Event.PROMISE_KEPT)
    if in_kind or settlement:
        call_in_everything(debtor)
    if in_kind:
        take_asset(debtor, world, today, amount)
    elif settlement:
        take_in(debtor, world, today, amount)
        if debtor.status == Status.OPEN:
            forgive_the_rest(debtor, today)
    elif amount / debtor.balance >= 0.95:  # he meant all of it, and pays the interest since as well
        take_in(debtor, world, today, debtor.balance)
    else:
        take_in(debtor, world, today, amount)


def pay_of_own_accord(debtor, world, today, channel):
    """A message that was read today makes it likelier: it may hold the way to pay at once."""
    means = means_now(debtor, world, today)
    liquidity = behaviour.log_liquidity(means, debtor.overdue() / 100)
    rate = behaviour.payments_a_day(
        world,
        willingness=debtor.willingness,
        liquidity=liquidity,
        attention=debtor.salience,
        excitation=debtor.excitation,
        pressure=debtor.pressure,
        fatigue=debtor.fatigue,
        days_past_due=debtor.days_past_due(today),
        waiting=debtor.waiting + world.behaviour.waiting_market * today.market_waiting,
        after_payday=days_after_payday(today.day_of_month, debtor.payday),
        promised=debtor.has_promised(),
    )
    rate *= math.exp(list(world.products.values())[debtor.product].pay)
    if is_card(debtor, world):
        rate *= math.exp(world.cards.pay)
        rate *= behaviour.in_the_month_after(world, today.day - debtor.last_payment)
    if channel != Channel.NONE and debtor.served and debtor.reached:
        rate += rate * behaviour.of_channel(world, world.behaviour.answer_pay, channel) * debtor.novelty
    if draw(debtor, today, Purpose.PAY) >= behaviour.pays_some_today(rate):
        return
    if debtor.asks_for_minimums():
        amount = what_a_card_holder_pays(debtor, world, today, Purpose.CARD_AMOUNT)
        everything = amount == debtor.arrears and draw(debtor, today, Purpose.PAY_FULL) < world.cards.whole
        take_in(debtor, world, today, debtor.balance if everything else amount)
        return
    chance = behaviour.settles_everything(world, liquidity)
    if is_card(debtor, world):
        chance = world.cards.whole  # sued, but a card holder still
    if draw(debtor, today, Purpose.PAY_FULL) < chance:
        take_in(debtor, world, today, debtor.balance)
        return
    of_a_months_means = 0.1 + 0.6 * draw(debtor, today, Purpose.PAY_SHARE)
    take_in(debtor, world, today, max(LEAST_PAYMENT, int(of_a_months_means * means * 100.0)))


def days_after_payday(day_of_month, payday):
    """In months of 30 days; 0 on payday itself."""
    after = day_of_month - payday
    while after < 0:
        after += 30
    return after - 30 if after >= 30 else after


def ask_for_breathing_space(debtor, world, today):
    """From tomorrow on, for debtors whose three months' means are below the debt, a year after the last one at the earliest."""
    b = world.behaviour
    ended_lately = today.day - debtor.breathing_until < 365
    if ended_lately or 3.0 * means_now(debtor, world, today) * 100.0 >= debtor.balance:
        return
    if draw(debtor, today, Purpose.BREATHING_SPACE) < b.breathing_space_monthly / 30:
        debtor.breathing_until = today.day + 1 + int(b.breathing_space_days)
        debtor.notes(Event.BREATHING_SPACE)
