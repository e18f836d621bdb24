"""How one debtor responds: every response probability of the world, as scalar compiled functions.

`p` is the record of `parameters.kernel_record`, where each coefficient is explained; scenario files hold the values
with their sources. Log-odds models and a log-linear payment intensity follow the collections literature named below.

Arguments that recur: `willingness`, `reachability`, `salience`, `excitation`, `pressure`, `fatigue` and `waiting` are
the account's
hidden traits and states (`account.ACCOUNT`), `liquidity` is `log_liquidity`, `fit` is `log_fit`, `staff` is
`promise_staff` or `offer_staff`,
`dpd` counts days past due, `broken` and `refused` the account's broken promises and refused offers.
"""

from __future__ import annotations

import math

import numpy as np

from recoup.sim.account import MONTH as MONTH
from recoup.sim.compiled import njit

LIQUIDITY_BOUND = 3.0
FIT_BOUND = 2.0
DRIVE_BOUND = 2.0  # of the log of payments a day


@njit()
def logistic(x: float) -> float:
    """1 / (1 + exp(-x))."""
    return 1.0 / (1.0 + math.exp(-x))


@njit()
def bounded(x: float, bound: float) -> float:
    """x within [-bound, bound]."""
    return min(max(x, -bound), bound)


@njit()
def novelty(repetition: float, earlier: int) -> float:
    """Share of its effect that a contact keeps after so many others without news: 1 / (1 + repetition · earlier).

    Hyperbolic, so that a week of texts moves a little more than one, and two a day no more than one: repeated messages lose
    effect (Lu et al. 2021; Antinyan, Asatryan, Dai & Wang 2021: two a week add little to one). The size is fitted.
    """
    return 1.0 / (1.0 + repetition * earlier)


@njit()
def age(dpd: float) -> float:
    """log(1 + dpd/90): how the age of a debt weakens what is agreed on it, as it weakens reach."""
    return math.log(1.0 + dpd / 90.0)


@njit()
def disposable_income(p, disposable, employed, income_factor):  # type: ignore[no-untyped-def]
    """Currency a month the debtor could pay now: falls without work and with macro stress."""
    return disposable * income_factor * (1.0 if employed else p.jobless_income)


@njit()
def log_liquidity(income: float, amount: float) -> float:
    """log(three months' disposable income / amount), bounded to ±3. Both in the same unit."""
    return bounded(math.log(max(3.0 * income, 1e-9) / max(amount, 1e-9)), LIQUIDITY_BOUND)


@njit()
def log_fit(income: float, instalment: float) -> float:
    """log(disposable income a month / monthly instalment), bounded to ±2."""
    return bounded(math.log(max(income, 1e-9) / max(instalment, 1e-9)), FIT_BOUND)


@njit()
def reach_probability(p, channel, is_live, window, day_off, dpd, reachability, fatigue):  # type: ignore[no-untyped-def]
    """Probability that an attempt reaches the debtor himself (right-party contact; texts: is read).

    base[channel] · exp(reachability − avoidance·fatigue) · (1 + dpd/90)^−decay, and for calls and visits (`is_live`)
    · window factor · day-off factor; at most 0.95. Falls with age of debt as in trade reports on right-party contact.
    """
    x = reachability - p.reach_avoidance * fatigue - p.reach_age_decay * age(dpd)
    chance = p.reach[channel] * math.exp(x)
    if is_live:
        chance *= p.reach_by_window[window]
        if day_off:
            chance *= p.reach_day_off
    return min(chance, 0.95)


@njit()
def reactance(p, fatigue):  # type: ignore[no-untyped-def]
    """Fatigue above what is borne."""
    return max(0.0, fatigue - p.fatigue_tolerance)


@njit()
def payment_intensity(  # type: ignore[no-untyped-def]
    p, willingness, liquidity, salience, excitation, pressure, fatigue, dpd, waiting, since_payday, promised
):
    """Spontaneous payments a day: a log-linear self-exciting intensity (Chehrazi & Weber 2015).

    exp(base + willingness + liquidity + salience + excitation + pressure − reactance − age − waiting + payday),
    times `pay_promised` while a promise is open. `since_payday` in days (months of 30 days).
    """
    x = payment_drive(p, willingness, liquidity, salience, excitation, pressure, fatigue, dpd, waiting, since_payday)
    rate = math.exp(min(x, DRIVE_BOUND))
    return rate * p.pay_promised if promised else rate


@njit()
def payment_drive(  # type: ignore[no-untyped-def]
    p, willingness, liquidity, salience, excitation, pressure, fatigue, dpd, waiting, since_payday
):
    """The exponent of `payment_intensity`, which bounds it by `DRIVE_BOUND`: a sum of what each of these adds."""
    return (
        p.pay_base
        + p.pay_willingness * willingness
        + p.pay_liquidity * liquidity
        + p.pay_salience * salience
        + p.pay_excitation * min(excitation, 3.0)
        + p.pay_pressure * pressure
        - p.pay_reactance * reactance(p, fatigue)
        - p.pay_age * math.log(1.0 + dpd / 15.0)
        - p.pay_waiting * waiting
        + p.pay_payday * max(0.0, 1.0 - since_payday / 10.0)
    )


@njit()
def pays_in_full(p, liquidity):  # type: ignore[no-untyped-def]
    """Probability that a spontaneous payment settles the whole balance."""
    return logistic(p.full_base + p.full_liquidity * liquidity)


@njit()
def once_a_month(p, since_payment):  # type: ignore[no-untyped-def]
    """Factor on payments and promises of who asks for minimums: a card is paid once a month.

    Args:
        since_payment: days since the latest payment.
    """
    return p.card_again if since_payment < MONTH else 1.0


@njit()
def clears_arrears(p, minimums):  # type: ignore[no-untyped-def]
    """Probability that a payment on a card is meant for all arrears; `minimums`: how many of them are overdue."""
    return logistic(p.card_clear - p.card_clear_months * (minimums - 1.0))


@njit()
def months_due(dpd):  # type: ignore[no-untyped-def]
    """Minimums that have fallen due and are unpaid, `dpd` days after the oldest: one in each 30 days begun, at least one.

    Args:
        dpd: days, one number or an array.
    """
    return np.maximum(1, (dpd + MONTH - 1) // MONTH)


@njit()
def promise_probability(p, channel, willingness, dpd, staff):  # type: ignore[no-untyped-def]
    """Probability that a reached debtor promises to pay; falls with age. `staff`: log-odds of skill and effort."""
    return logistic(
        p.promise_base
        + p.promise_willingness * willingness
        + p.promise_channel[channel]
        - p.promise_age * age(dpd)
        + staff
    )


@njit()
def keep_probability(p, channel, willingness, liquidity, broken, dpd):  # type: ignore[no-untyped-def]
    """Probability that a promise is kept on its day; promises to machines bind less (NBER w33669)."""
    return logistic(
        p.keep_base
        + p.keep_willingness * willingness
        + p.keep_liquidity * liquidity
        + p.keep_channel[channel]
        + p.keep_broken * min(broken, 4)
        - p.keep_age * age(dpd)
    )


@njit()
def plan_acceptance(p, willingness, fit, refused, dpd, staff, secured, by_message):  # type: ignore[no-untyped-def]
    """Probability that an instalment plan (or, `secured`, a restructuring) is accepted.

    Few take one up from a message that they read (`by_message`): it asks for figures and a signature, and nobody is there to help.
    """
    base = p.restructure_base if secured else p.plan_base
    return logistic(
        base
        + p.plan_willingness * willingness
        + p.plan_fit * fit
        + p.offer_refused * min(refused, 5)
        - p.offer_age * age(dpd)
        + staff
        + (p.plan_message if by_message else 0.0)
    )


@njit()
def settlement_acceptance(p, discount, willingness, liquidity, refused, waiting, best_seen, dpd, staff):  # type: ignore[no-untyped-def]
    """Probability that a settlement is accepted.

    Rises with the discount and with the means to pay the rest; those about to pay anyway take it gladly
    (`settle_willingness`); falls when the debtor has learned to wait, or has seen as good an offer before.

    Args:
        discount, best_seen: shares of the balance; the second the best that the debtor was offered before.
    """
    x = (
        p.settle_base
        + p.settle_discount * discount
        + p.settle_liquidity * liquidity
        + p.settle_willingness * willingness
        + p.offer_refused * min(refused, 5)
        - p.settle_waiting * waiting
        - p.offer_age * age(dpd)
        + staff
    )
    if best_seen >= discount - 1e-6:
        x -= p.settle_repeat
    return logistic(x)


@njit()
def swap_acceptance(p, willingness, pressure, liquidity, refused, dpd, staff):  # type: ignore[no-untyped-def]
    """Probability that an asset is handed over against the debt: by the willing and the pressed; who can pay keeps it."""
    return logistic(
        p.swap_base
        + p.swap_willingness * willingness
        + p.swap_pressure * pressure
        - p.swap_liquidity * liquidity
        + p.offer_refused * min(refused, 5)
        - p.offer_age * age(dpd)
        + staff
    )


@njit()
def instalment_probability(p, willingness, fit, dpd, secured):  # type: ignore[no-untyped-def]
    """Probability that an instalment is paid on its day."""
    return logistic(
        p.instalment_base
        + p.instalment_willingness * willingness
        + p.instalment_fit * fit
        - p.instalment_age * age(dpd)
        + (p.instalment_secured if secured else 0.0)
    )


@njit()
def notice_pressure(p, belief, empty):  # type: ignore[no-untyped-def]
    """Pressure of a legal notice.

    Args:
        belief: 0 to 1, how far debtors have seen notices followed by suits (`notice_belief`).
        empty: the debtor's own earlier notices that no suit followed.
    """
    return p.pressure_notice * (p.notice_disbelieved + (1.0 - p.notice_disbelieved) * belief) * p.notice_repeated**empty


@njit()
def notice_belief(p, followed):  # type: ignore[no-untyped-def]
    """How far notices are believed, 0 to 1, where this share of them was followed by a suit."""
    return min(followed / p.notice_believed, 1.0) if p.notice_believed > 0.0 else 1.0


@njit()
def complaint_probability(p, channel, fatigue, law, care):  # type: ignore[no-untyped-def]
    """Probability that a contact attempt draws a complaint: steep in fatigue and in pay for performance.

    Less with skill in law, and by exp(−care) with what courses in conduct have taught (`Retraining.complaint_fall`).
    """
    x = p.complaint_fatigue * fatigue + p.complaint_performance_pay * p.performance_pay + p.skill_complaint * law
    x -= care
    return min(p.complaint[channel] * math.exp(min(x, 8.0)), 1.0)


@njit()
def dispute_probability(p, law):  # type: ignore[no-untyped-def]
    """Probability that a debtor who speaks to a person disputes the debt: less where the claim is put correctly (`law`)."""
    return min(p.dispute * math.exp(min(p.skill_dispute * law, 8.0)), 1.0)


@njit()
def promise_staff(p, psychology):  # type: ignore[no-untyped-def]
    """What a person adds to the log odds of a promise: skill in psychology, and effort for pay."""
    return p.skill_promise * psychology + p.performance_effort * p.performance_pay


@njit()
def offer_staff(p, negotiation):  # type: ignore[no-untyped-def]
    """What a person adds to the log odds that an offer is accepted: skill in negotiation, and effort for pay."""
    return p.skill_offer * negotiation + p.performance_effort * p.performance_pay


@njit()
def loses_work(p, macro):  # type: ignore[no-untyped-def]
    """Daily probability to lose work."""
    return min(p.job_loss_monthly / 30.0 * math.exp(p.macro_jobs * macro), 1.0)
