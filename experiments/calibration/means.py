"""What recorded amounts tell of a debtor's hidden means, and draws of means that agree with them.

A debtor promises all of a claim that three months' means would pay, and of a larger one two months' means (`debtor.make_promise`); a payment of
his own accord that is not for all of it is 10 to 70 % of a month's means (`debtor.pay`); of cards see `cards.py`. So amounts bound his means, a part that is promised to a
point. Draws from the whole population would hardly ever agree with that. Instead each is moved to within the bounds and weighs as much as what
lies there (importance sampling, as in the GHK simulator: Train 2009, ch. 5); no draw ever crosses a bound, so the likelihood stays smooth.
"""

from __future__ import annotations

import math

from recoup.experiments.calibration import cards
from recoup.experiments.calibration.histories import AT_RISK, WHOLE
from recoup.sim import behaviour as b
from recoup.sim.compiled import njit
from recoup.sim.debtor import LEAST_PARTIAL_PAYMENT

LEAST = LEAST_PARTIAL_PAYMENT / 100.0  # currency
PROMISED, MONTHS = 2.0, 3.0  # months' means: those that a promise of a part is of, and those that pay the whole
SMALLEST, LARGEST = 0.1, 0.7  # shares of a month's means that a part payment is between
ROUNDED = 0.02  # share by which a promised amount may be off what it is reckoned from
AT_ODDS = 0.01  # weight of an amount that the model calls impossible, given the amounts before it
SCALE = 0.6  # of the logistic law that stands for a normal one when draws are moved: it has the wider tails, so weights are bounded


@njit()
def bounds(p, a, rows, first, last, contacts, employed, until):  # type: ignore[no-untyped-def]
    """Between what a debtor's disposable income in work must lie, by the amounts recorded before a day.

    Args:
        p: parameters, one record.
        a: the account.
        rows, first, last, contacts, employed: as of `walk.walk`.
        until: the first day that does not count.

    Returns:
        Lower and upper bound, currency a month; and the logarithm of the weight of what contradicts earlier amounts.
    """
    low, high, odds = 0.0, max(float(a.income), 1e-9), 0.0
    for at in range(first, last):
        r = rows[at]
        if r.day >= until:
            break
        share = b.disposable_income(p, 1.0, employed[at], 1.0)
        for place in range(r.first, r.last):
            c = contacts[place]
            if not c.promised or not c.may_promise or c.amount <= 0:
                continue
            amount = c.amount / 100.0
            if r.minimum > 0.0:
                least, most = cards.bounds(p, amount, r.arrears, r.minimum)
            else:
                least, most = _of_promise(amount, r.claim)
            low, high, odds = _narrowed(low, high, odds, share, least, most)
        if r.kind == AT_RISK and r.happened:
            if r.minimum > 0.0:
                least, most = cards.bounds(p, min(r.own, r.arrears), r.arrears, r.minimum)
            elif r.full:
                continue
            else:
                least, most = _of_payment(r.own)
            low, high, odds = _narrowed(low, high, odds, share, least, most)
    return low, high, odds


@njit()
def _of_promise(amount, claim):  # type: ignore[no-untyped-def]
    """Between what the month's means must lie of who promises so much of a claim, currency."""
    if amount >= WHOLE * claim:
        return (claim / MONTHS if claim > LEAST else 0.0), math.inf
    if amount <= LEAST:
        return 0.0, min(LEAST / PROMISED, claim / MONTHS)
    return (1.0 - ROUNDED) * amount / PROMISED, (1.0 + ROUNDED) * amount / PROMISED


@njit()
def _of_payment(amount):  # type: ignore[no-untyped-def]
    """The same of who pays so much of his own accord, and not all."""
    return (amount / LARGEST if amount > LEAST else 0.0), amount / SMALLEST


@njit()
def _narrowed(low, high, odds, share, least, most):  # type: ignore[no-untyped-def]
    """Bounds narrowed by those of one amount, which are of the means of that day: `share` of what he has in work."""
    lower, upper = max(low, least / max(share, 1e-9)), min(high, most / max(share, 1e-9))
    if lower < upper:
        return lower, upper, odds
    return low, high, odds + math.log(AT_ODDS)


@njit()
def chance_of_more(income, claim):  # type: ignore[no-untyped-def]
    """Probability that a part payment out of a month's means is for no less than the claim, and so for all of it."""
    return min(max((LARGEST - claim / max(income, 1e-9)) / (LARGEST - SMALLEST), 0.0), 1.0)


@njit()
def log_of_part(income, amount, claim):  # type: ignore[no-untyped-def]
    """Log density (per unit of currency) of the amount of a part payment, given a month's means.

    It is flat between 10 and 70 % of them, and what would be below the least part payment comes as that. Where it contradicts earlier amounts,
    `bounds` has its weight, and it depends on nothing.
    """
    low, high = SMALLEST * income, LARGEST * income
    if amount <= LEAST:
        return math.log(min(max((LEAST - low) / max(high - low, 1e-9), AT_ODDS), 1.0))
    if low * (1.0 - 1e-9) <= amount <= high * (1.0 + 1e-9):
        return -math.log(max(high - low, 1e-9))
    return -math.log(max(claim, 1e-9))


@njit()
def moved(p, a, centre, z, low, high):  # type: ignore[no-untyped-def]
    """A draw of means moved to within bounds.

    Args:
        p: parameters.
        a: the account.
        centre: mean of its ability, standard units.
        z: a standard normal draw.
        low, high: as of `bounds`.

    Returns:
        Disposable income, currency a month; and the log of the draw's weight, which on average is that of all draws within the bounds.
    """
    income = max(float(a.income), 1e-9)
    free = low <= 0.0 and high >= income
    if free or p.ability_spread < 1e-6:
        return a.income * b.logistic(p.ability_mean + p.ability_spread * (centre + z)), 0.0
    below, above = -math.inf, math.inf
    if low > 0.0:
        below = (math.log(low / (income - low)) - p.ability_mean) / p.ability_spread - centre
    if high < income:
        above = (math.log(high / (income - high)) - p.ability_mean) / p.ability_spread - centre
    flip = 1.0
    if below + above > 0.0:  # the tail that is wanted as a small number, not as what lacks to 1
        flip, below, above = -1.0, -above, -below
    lower, upper = b.logistic(below / SCALE), b.logistic(above / SCALE)
    mass = max(upper - lower, 1e-300)
    share = min(max(lower + 0.5 * math.erfc(-z * math.sqrt(0.5)) * mass, 1e-300), 1.0 - 1e-12)
    x = SCALE * math.log(share / (1.0 - share))
    density = share * (1.0 - share) / SCALE
    weight = -0.5 * x * x - 0.5 * math.log(2.0 * math.pi) + math.log(mass) - math.log(density)
    return income * b.logistic(p.ability_mean + p.ability_spread * (centre + flip * x)), weight
