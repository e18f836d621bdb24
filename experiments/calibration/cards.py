"""What is paid and promised on a card that asks for minimums: all that is overdue, all but the latest minimum, or as far as means go.

The probabilities are those of `debtor.card_amount` and `debtor.pay_card`. One minimum is found somehow; more comes out of means, so an amount
between tells them to a point, and a larger one from below (`means.py`).
"""

from __future__ import annotations

import math

from recoup.experiments.calibration.histories import WHOLE
from recoup.sim import behaviour as b
from recoup.sim.compiled import njit

ROUNDED = 0.02  # share by which an amount may be off the means that it is as far as they go
POOR = 0.05  # in log means: how sharp the limit is below which means do not even pay a minimum
NOTHING = 1e-12


@njit()
def _same(one, other):  # type: ignore[no-untyped-def]
    return abs(one - other) <= (1.0 - WHOLE) * other


@njit()
def _one_minimum(arrears, minimum):  # type: ignore[no-untyped-def]
    """Whether no more than one minimum is overdue, or meant."""
    return arrears * WHOLE <= minimum


@njit()
def bounds(p, amount, arrears, minimum):  # type: ignore[no-untyped-def]
    """Between what a month's means must lie of who pays or promises so much; all in currency."""
    months, rest = max(p.card_means, 1e-9), arrears - minimum
    if _one_minimum(arrears, minimum):
        return 0.0, math.inf
    if amount >= WHOLE * arrears:
        return arrears / months, math.inf
    if _one_minimum(amount, minimum):
        return 0.0, (math.inf if _one_minimum(rest, minimum) else minimum / months)
    if _same(amount, rest):
        return rest / months, math.inf
    return (1.0 - ROUNDED) * amount / months, (1.0 + ROUNDED) * amount / months


@njit()
def log_of_amount(p, income, amount, arrears, minimum):  # type: ignore[no-untyped-def]
    """Log-likelihood that so much is paid or promised, of means within the bounds of it."""
    rest = arrears - minimum
    if _one_minimum(arrears, minimum):
        return 0.0
    clears = b.clears_arrears(p, arrears / minimum)
    chance = 1.0
    if amount >= WHOLE * arrears:
        chance = clears
    elif _one_minimum(amount, minimum):
        if _one_minimum(rest, minimum):
            poor = math.log(max(minimum, 1e-9) / max(p.card_means * income, 1e-9)) / POOR
            chance = 1.0 - clears * (1.0 - b.logistic(b.bounded(poor, 30.0)))
    elif _same(amount, rest):
        chance = 1.0 - clears
    elif amount > rest:
        chance = clears
    return math.log(max(chance, NOTHING))


@njit()
def log_of_payment(p, income, amount, full, claim, arrears, minimum):  # type: ignore[no-untyped-def]
    """Log-likelihood of the amount of a payment of his own accord; `full`: it was for the whole balance, `claim`."""
    found = log_of_amount(p, income, min(amount, arrears), arrears, minimum)
    if amount >= WHOLE * arrears and arrears < WHOLE * claim:
        found += math.log(max(p.card_whole if full else 1.0 - p.card_whole, NOTHING))
    return found


@njit()
def expected(p, income, claim, arrears, minimum):  # type: ignore[no-untyped-def]
    """What a payment is expected to be: the probability that it clears the arrears, that it is the whole balance, its mean and mean square."""
    meant = b.clears_arrears(p, arrears / minimum)
    clears, mean, square = 0.0, 0.0, 0.0
    for wanted, share in ((arrears, meant), (arrears - minimum, 1.0 - meant)):
        amount = min(max(min(wanted, p.card_means * income), minimum), arrears)
        whole = 0.0
        if amount >= arrears:
            whole = p.card_whole
            clears += share
        mean += share * (whole * claim + (1.0 - whole) * amount)
        square += share * (whole * claim**2 + (1.0 - whole) * amount**2)
    return clears, clears * (1.0 if arrears >= WHOLE * claim else p.card_whole), mean, square
