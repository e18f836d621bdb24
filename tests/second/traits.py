"""Who a debtor is: hidden traits, drawn so that an account d days past due is one that has not paid for d days."""

from __future__ import annotations

import math

from recoup.sim.randomness import Purpose
from tests.second import behaviour
from tests.second.draws import normal, uniform

CANDIDATES = 16  # people who could be behind an account
BIRTH = -1
FIRST = int(Purpose.TRAIT)
AFTER_CANDIDATES = FIRST + 2 * CANDIDATES


def hazard_so_far(world, willingness, liquidity, days_past_due, rise=0.0):
    """Payments expected since the debt fell due, by the middles of spans of ten days; beyond 40 it makes no difference.

    Nobody asked for payment then, so attention was at its floor and nothing was felt; payday is left out.
    """
    total, start = 0.0, 0
    while start < days_past_due and total <= 40:
        end = min(start + 10, days_past_due)
        rate = behaviour.payments_a_day(
            world,
            willingness=willingness,
            liquidity=liquidity,
            attention=world.behaviour.salience_floor,
            excitation=0.0,
            pressure=0.0,
            fatigue=0.0,
            days_past_due=(start + end) / 2,
            waiting=0.0,
            after_payday=10,
            promised=False,
        )
        total += (end - start) * rate * math.exp(rise)
        start = end
    return total


def clearings_so_far(world, willingness, means, minimum, opening, days_past_due, rise=0.0):
    """The same of a card, which may have paid minimums meanwhile: payments expected that clear all arrears of their time.

    In the month after a payment there are fewer, which lengthens the wait for the next one.
    """
    total, start = 0.0, 0
    while start < days_past_due and total <= 40:
        end = min(start + 10, days_past_due)
        middle = (start + end) / 2
        arrears = min(opening, minimum * behaviour.begun_months(middle))
        rate = math.exp(world.cards.pay + rise) * behaviour.payments_a_day(
            world,
            willingness=willingness,
            liquidity=behaviour.log_liquidity(means, arrears / 100),
            attention=world.behaviour.salience_floor,
            excitation=0.0,
            pressure=0.0,
            fatigue=0.0,
            days_past_due=middle,
            waiting=0.0,
            after_payday=10,
            promised=False,
        )
        if rate > 0:
            wait = 1.0 / rate + 30.0 * (1.0 - world.cards.again)  # days from one payment to the next
            total += (end - start) / wait * behaviour.means_to_clear(world, arrears / minimum)
        start = end
    return total


def traits_of(world, account):
    """Hidden traits of one account (its record before they are drawn), by name of field."""
    b, population = world.behaviour, world.population
    kind = list(world.products.values())[int(account["product"])]
    standard_score = (float(account["score"]) - population.score_mean) / population.score_spread
    earlier = min(int(account["prior"]), 6) - population.prior_delinquencies_mean
    warning = float(account["early_warning"]) - 0.5
    usual_willingness = (
        b.willingness_score * standard_score + b.willingness_prior * earlier + b.willingness_warning * warning
    )
    usual_ability = b.ability_score * standard_score
    key = int(account["key"])

    people = []
    for number in range(CANDIDATES):
        willingness = usual_willingness + normal(key, BIRTH, FIRST + 2 * number)
        ability = usual_ability + normal(key, BIRTH, FIRST + 2 * number + 1)
        share = behaviour.chance(b.ability_mean + b.ability_spread * ability)
        people.append((willingness, share))
    willingness, share = people[_who_has_not_paid(world, account, people)]

    reach, phone, work, assets, attention = range(AFTER_CANDIDATES, AFTER_CANDIDATES + 5)
    cover = b.asset_cover_stable if account["stable_assets"] else b.asset_cover_other
    return {
        "willingness": willingness,
        "disposable": float(account["income"]) * share,
        "reachability": math.log(kind.reach) + b.reach_spread * normal(key, BIRTH, reach),
        "phone_right": int(uniform(key, BIRTH, phone) >= b.wrong_number),
        "employed": int(uniform(key, BIRTH, work) >= b.jobless_share),
        # The mean of u^n is 1 / (1 + n): the power that gives the mean cover is (1 - cover) / cover.
        "asset_cover": uniform(key, BIRTH, assets) ** (1.0 / max(cover, 1e-3) - 1.0),
        # Between the floor and half-way to full attention.
        "salience": b.salience_floor + (1.0 - b.salience_floor) * uniform(key, BIRTH, attention) / 2,
    }


def _who_has_not_paid(world, account, people):
    """Choose a candidate in proportion to the probability exp(-hazard) of no payment so far; the first on a new account."""
    kind = list(world.products.values())[int(account["product"])]
    age, opening = int(account["dpd0"]), int(account["opening"]) / 100
    if age <= 0:
        return 0
    income = float(account["income"])
    minimum = int(account["minimum_due"])
    hazards = [
        clearings_so_far(world, willingness, income * share, minimum, int(account["opening"]), age, kind.pay)
        if minimum
        else hazard_so_far(world, willingness, behaviour.log_liquidity(income * share, opening), age, kind.pay)
        for willingness, share in people
    ]
    weights = [math.exp(min(hazards) - hazard) for hazard in hazards]  # relative to the likeliest, which has weight 1
    mark = uniform(int(account["key"]), BIRTH, Purpose.PICK) * sum(weights)
    for number, weight in enumerate(weights):
        if mark < weight:
            return number
        mark -= weight
    return CANDIDATES - 1
