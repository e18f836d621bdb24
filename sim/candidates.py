"""Who could be behind an account: candidates for its hidden traits, and how much each would have paid before it entered.

An account `dpd` days past due is one that has not paid for `dpd` days. Its traits are therefore drawn among candidates
with weight exp(−H), where H is the payment intensity summed over those days: the same formula that drives the
simulation selects its starting population, for synthetic and real portfolios alike. A card may have paid minimums meanwhile;
what it has not done is clear its arrears, and H sums the intensity of that.
"""

from __future__ import annotations

import math

from recoup.sim import behaviour as b
from recoup.sim.compiled import njit
from recoup.sim.randomness import Purpose, normal

CANDIDATES = 16
BIRTH = -1  # the day under which traits are drawn
TRAIT = int(Purpose.TRAIT)
# Numbers of the draws: two for each candidate, then one for each trait. The order is part of every seed's meaning.
REACHABILITY, PHONE, EMPLOYED, ASSET_COVER, SALIENCE = (TRAIT + 2 * CANDIDATES + n for n in range(5))
REACHABLE = SALIENCE + 1  # and the 15 after it: candidates for the reachability of who was called
PICK_REACHABLE = REACHABLE + CANDIDATES
PICK_LIVED = PICK_REACHABLE + 1  # which of those who went through the known days


@njit()
def usual_traits(a, p, score_mean, score_spread, prior_mean):  # type: ignore[no-untyped-def]
    """Mean willingness and mean ability, standard units, of debtors with the visible data of account `a`."""
    score = (a.score - score_mean) / score_spread
    prior = min(float(a.prior), 6.0) - prior_mean
    warning = a.early_warning - 0.5
    mean_w = p.willingness_score * score + p.willingness_prior * prior + p.willingness_warning * warning
    return mean_w, p.ability_score * score


@njit()
def candidate(key, p, mean_w, mean_a, k):  # type: ignore[no-untyped-def]
    """Willingness (standard deviations) and disposable share of income of one candidate; `key`: of the random numbers."""
    willingness = mean_w + normal(key, BIRTH, TRAIT + 2 * k)
    z = mean_a + normal(key, BIRTH, TRAIT + 2 * k + 1)
    return willingness, b.logistic(p.ability_mean + p.ability_spread * z)


@njit()
def starting_attention(p, draw):  # type: ignore[no-untyped-def]
    """Salience on the day of entry, of a uniform draw."""
    return p.salience_floor + (1.0 - p.salience_floor) * 0.5 * draw


@njit()
def hazard_on_entry(a, p, willingness, share, minimum, dpd):  # type: ignore[no-untyped-def]
    """The hazard H (module head) of one candidate for account `a`, which entered `dpd` days past due.

    Args:
        willingness, share: of the candidate (`candidate`).
        minimum: what it is asked for each month, cents; 0 = the whole balance.
    """
    factor = p.product_pay[a.product]
    if minimum:
        return past_clearing(p, willingness, a.income * share, minimum, a.opening, dpd, factor)
    return past_hazard(p, willingness, b.log_liquidity(a.income * share, a.opening / 100.0), dpd, factor)


@njit()
def past_hazard(p, willingness, liquidity, dpd, factor=1.0):  # type: ignore[no-untyped-def]
    """Sum of the payment intensity over `dpd` past days at floor attention, in steps of 10 days.

    Args:
        p: behaviour parameters, one record (`parameters.kernel_record`).
        willingness: hidden trait of the candidate, standard units.
        liquidity: its log liquidity (`behaviour.log_liquidity`).
        dpd: days past due.
        factor: of the product on the intensity.

    Returns:
        The hazard H (module head); the sum stops beyond 40, where exp(−H) is nothing.
    """
    total, day = 0.0, 0.0
    while day < dpd:
        span = min(10.0, dpd - day)
        middle = day + span / 2.0
        rate = factor * b.payment_intensity(
            p, willingness, liquidity, p.salience_floor, 0.0, 0.0, 0.0, middle, 0.0, 10.0, False
        )
        total += span * rate
        day += span
        if total > 40.0:
            break
    return total


@njit()
def past_clearing(p, willingness, income, minimum, opening, dpd, factor=1.0):  # type: ignore[no-untyped-def]
    """Like `past_hazard`, of a card that asks for minimums: the intensity of payments that clear its arrears, once a month.

    Args:
        p: behaviour parameters, one record (`parameters.kernel_record`).
        willingness: hidden trait of the candidate, standard units.
        income: its disposable income, currency a month.
        minimum: what falls due each month, cents.
        opening: balance on entry, cents.
        dpd: days past due.
        factor: of the product on the intensity.
    """
    total, day = 0.0, 0.0
    while day < dpd:
        span = min(10.0, dpd - day)
        middle = day + span / 2.0
        arrears = min(minimum * math.ceil(middle / b.MONTH), opening)
        liquidity = b.log_liquidity(income, arrears / 100.0)
        rate = (
            factor
            * math.exp(p.card_pay)
            * b.payment_intensity(p, willingness, liquidity, p.salience_floor, 0.0, 0.0, 0.0, middle, 0.0, 10.0, False)
        )
        # After each payment the intensity is down for a month.
        total += span * rate / (1.0 + b.MONTH * (1.0 - p.card_again) * rate) * b.clears_arrears(p, arrears / minimum)
        day += span
        if total > 40.0:
            break
    return total
