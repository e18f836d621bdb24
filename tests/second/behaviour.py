"""Every probability of the world, from the descriptions of its coefficients in sim/parameters.py.

`world` is the scenario's `World`. Incomes and debts are in currency, unless a name says cents.
"""

from __future__ import annotations

import math

from tests.second.channels import is_live, name_of


def chance(log_odds):
    """Log odds to probability."""
    if log_odds < 0:
        odds = math.exp(log_odds)
        return odds / (1.0 + odds)
    return 1.0 / (1.0 + math.exp(-log_odds))


def of_channel(world, numbers, channel):
    return getattr(numbers, name_of(world, channel))


def bounded(value, least, most):
    return least if value < least else most if value > most else value


# --- means ------------------------------------------------------------------------------------------------------------


def monthly_means(world, disposable, employed, stress):
    """Disposable income now: log-falling with macro stress, and a share of itself without work."""
    b = world.behaviour
    means = disposable * math.exp(-b.macro_income * stress)
    return means if employed else means * b.jobless_income


def log_liquidity(means, debt):
    """Three months' means over the debt: e^3 times as much, or as little, makes no further difference."""
    return bounded(math.log(max(3.0 * means, 1e-9)) - math.log(max(debt, 1e-9)), -3.0, 3.0)


def log_fit(means, instalment):
    """A month's means over a month's instalment, up to e^2 times as much or as little."""
    return bounded(math.log(max(means, 1e-9)) - math.log(max(instalment, 1e-9)), -2.0, 2.0)


# --- reaching -----------------------------------------------------------------------------------------------------------


def reached(world, channel, window, day_off, days_past_due, own_log_reach, fatigue):
    b = world.behaviour
    probability = of_channel(world, b.reach, channel)
    probability *= math.exp(own_log_reach)
    probability /= math.exp(b.reach_avoidance * fatigue)
    probability /= (1.0 + days_past_due / 90.0) ** b.reach_age_decay
    if is_live(world, channel):
        probability *= getattr(b.reach_by_window, window.name.lower())
        if day_off:
            probability *= b.reach_day_off
    return min(probability, 0.95)


# --- paying of one's own accord -----------------------------------------------------------------------------------------


def payments_a_day(
    world,
    *,
    willingness,
    liquidity,
    attention,
    excitation,
    pressure,
    fatigue,
    days_past_due,
    waiting,
    after_payday,
    promised,
):
    """The intensity of spontaneous payment; at most e^2 a day before an open promise is counted."""
    b = world.behaviour
    drawn_up = (
        b.pay_willingness * willingness
        + b.pay_liquidity * liquidity
        + b.pay_salience * attention
        + b.pay_excitation * min(excitation, 3.0)  # the excitement of three payments at once is the most
        + b.pay_pressure * pressure
    )
    if after_payday < 10:
        drawn_up += b.pay_payday * (10 - after_payday) / 10
    drawn_down = b.pay_age * math.log((15 + days_past_due) / 15) + b.pay_waiting * waiting
    if fatigue > b.fatigue_tolerance:
        drawn_down += b.pay_reactance * (fatigue - b.fatigue_tolerance)
    rate = math.exp(min(b.pay_base + drawn_up - drawn_down, 2.0))
    return rate * b.pay_promised if promised else rate


def pays_some_today(rate):
    """At least one event of a Poisson process with this rate."""
    return 1.0 - math.exp(-rate)


def settles_everything(world, liquidity):
    return chance(world.behaviour.full_base + world.behaviour.full_liquidity * liquidity)


# --- cards --------------------------------------------------------------------------------------------------------------


def begun_months(days_past_due):
    """Of 30 days; the month of the due date itself counts."""
    return 1 if days_past_due <= 30 else 1 + begun_months(days_past_due - 30)


def minimums_in(arrears, minimum):
    """How many minimums are unpaid, one begun counting as one."""
    whole, part = divmod(arrears, minimum)
    return whole + (part > 0)


def means_to_clear(world, minimums):
    """A payment is meant for all arrears: less likely with each minimum beyond the first."""
    return chance(world.cards.clear - (minimums - 1) * world.cards.clear_months)


def in_the_month_after(world, days_since_payment):
    """A card is paid once a month."""
    return world.cards.again if days_since_payment < 30 else 1.0


# --- wear and age ---------------------------------------------------------------------------------------------------------


def novelty(repetition, earlier):
    """What a message that says nothing new still does after so many others: half as much after 1 / repetition of them."""
    return 1.0 / (1.0 + repetition * earlier)


def of_age(days_past_due):
    """Quarters since the due date, by logarithm: what weakens promises, offers and instalments."""
    return math.log(1.0 + days_past_due / 90.0)


# --- promises -----------------------------------------------------------------------------------------------------------


def effort(world):
    """What pay for performance adds to log odds, of promises and of offers."""
    return world.behaviour.performance_effort * world.operations.performance_pay


def art_of_promises(world, psychology):
    return effort(world) + psychology * world.behaviour.skill_promise


def art_of_offers(world, negotiation):
    return effort(world) + negotiation * world.behaviour.skill_offer


def promises(world, channel, willingness, days_past_due, staff):
    b = world.behaviour
    own = b.promise_willingness * willingness - b.promise_age * of_age(days_past_due)
    return chance(b.promise_base + own + of_channel(world, b.promise_channel, channel) + staff)


def keeps_promise(world, channel, willingness, liquidity, broken_before, days_past_due):
    b = world.behaviour
    counted = min(broken_before, 4)
    own = b.keep_willingness * willingness + b.keep_liquidity * liquidity - b.keep_age * of_age(days_past_due)
    return chance(b.keep_base + own + of_channel(world, b.keep_channel, channel) + counted * b.keep_broken)


# --- offers -------------------------------------------------------------------------------------------------------------


def accepts_plan(world, willingness, fit, refused_before, days_past_due, staff):
    base = world.behaviour.plan_base
    return chance(base + _taste_for_instalments(world, willingness, fit, refused_before, days_past_due) + staff)


def accepts_restructuring(world, willingness, fit, refused_before, days_past_due, staff):
    base = world.behaviour.restructure_base
    return chance(base + _taste_for_instalments(world, willingness, fit, refused_before, days_past_due) + staff)


def _taste_for_instalments(world, willingness, fit, refused_before, days_past_due):
    b = world.behaviour
    own = b.plan_willingness * willingness + b.plan_fit * fit - b.offer_age * of_age(days_past_due)
    return own + b.offer_refused * min(refused_before, 5)


def accepts_settlement(
    world, discount, willingness, liquidity, refused_before, waiting, best_seen, days_past_due, staff
):
    b = world.behaviour
    gain = b.settle_discount * discount + b.settle_liquidity * liquidity + b.settle_willingness * willingness
    gain -= b.offer_age * of_age(days_past_due)
    learned = b.offer_refused * min(refused_before, 5) - b.settle_waiting * waiting
    # Discounts seen are stored in single precision: a millionth is no difference.
    nothing_better = discount - best_seen <= 1e-6
    return chance(b.settle_base + gain + learned + staff - (b.settle_repeat if nothing_better else 0.0))


def hands_asset_over(world, willingness, pressure, liquidity, refused_before, days_past_due, staff):
    """Rather the willing and those under legal pressure, rather those who cannot pay; refusals and age weigh as on any offer."""
    b = world.behaviour
    own = b.swap_willingness * willingness + b.swap_pressure * pressure
    against = b.swap_liquidity * liquidity + b.offer_age * of_age(days_past_due)
    return chance(b.swap_base + own - against + b.offer_refused * min(refused_before, 5) + staff)


def pays_instalment(world, willingness, fit, days_past_due, secured):
    b = world.behaviour
    collateral = b.instalment_secured if secured else 0.0
    own = b.instalment_willingness * willingness + b.instalment_fit * fit - b.instalment_age * of_age(days_past_due)
    return chance(b.instalment_base + own + collateral)


# --- legal notices --------------------------------------------------------------------------------------------------------


def believed(world, share_followed_by_suits):
    """How far notices are believed: in full from `notice_believed` on, in proportion below."""
    enough = world.behaviour.notice_believed
    return 1.0 if share_followed_by_suits >= enough else share_followed_by_suits / enough


def pressure_of_notice(world, belief, empty_before):
    """All of it where notices are believed, `notice_disbelieved` of it where not at all; less after each empty one."""
    b = world.behaviour
    left = belief + (1.0 - belief) * b.notice_disbelieved
    for _ in range(empty_before):
        left *= b.notice_repeated
    return b.pressure_notice * left


# --- the review of a file before a notice or a suit ---------------------------------------------------------------------------


def days_of_review(world, lot):
    """Each number of days from the least to the most is as likely; `lot` is drawn from 0 to 1."""
    least, most = world.courts.review.days
    return min(least + math.floor(lot * (most + 1 - least)), most)


# --- conduct ------------------------------------------------------------------------------------------------------------


def complains(world, channel, fatigue, law, care):
    b = world.behaviour
    temper = b.complaint_fatigue * fatigue + b.complaint_performance_pay * world.operations.performance_pay
    temper += b.skill_complaint * law - care
    return min(1.0, of_channel(world, b.complaint, channel) * math.exp(min(temper, 8.0)))


def disputes(world, law):
    """To somebody who knows the law, by e^skill_dispute times as likely for each standard deviation of it."""
    times = math.exp(min(8.0, law * world.behaviour.skill_dispute))
    return min(1.0, times * world.behaviour.dispute)


# --- work -----------------------------------------------------------------------------------------------------------------


def loses_work(world, stress):
    """A thirtieth of the monthly probability, log-rising with macro stress."""
    b = world.behaviour
    return min(1.0, b.job_loss_monthly * math.exp(b.macro_jobs * stress) / 30)


def finds_work(world):
    return world.behaviour.job_found_monthly / 30
