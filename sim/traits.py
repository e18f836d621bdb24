"""What nobody sees: hidden traits of debtors, drawn under a seed for a given portfolio.

An account `dpd` days past due is one that has not paid for `dpd` days. Its traits are therefore drawn among candidates
with weight exp(−H), where H is the payment intensity summed over those days: the same formula that drives the
simulation selects its starting population, for synthetic and real portfolios alike. A card may have paid minimums meanwhile;
what it has not done is clear its arrears, and H sums the intensity of that.

Of an account in mid-life more is known, and weighs as much: n payments by H^n (a Poisson count of intensity H), each promise kept or broken
by its probability; reachability and the right number are drawn given how many of the calls reached the debtor, and whoever has disclosed
hardship had no work on that day.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from recoup.sim import behaviour as b
from recoup.sim import midlife
from recoup.sim.account import ACCOUNT, NEVER
from recoup.sim.compiled import njit
from recoup.sim.parameters import World, kernel_record
from recoup.sim.portfolio.table import Portfolio
from recoup.sim.randomness import Purpose, normal, streams, uniform
from recoup.sim.treatments import Channel, Window

CANDIDATES = 16
BIRTH = -1  # the day under which traits are drawn
_TRAIT, _PICK = int(Purpose.TRAIT), int(Purpose.PICK)
# Numbers of the draws: two for each candidate, then one for each trait. The order is part of every seed's meaning.
_REACHABILITY, _PHONE, _EMPLOYED, _ASSET_COVER, _SALIENCE = (_TRAIT + 2 * CANDIDATES + n for n in range(5))
_REACHABLE = _SALIENCE + 1  # and the 15 after it: candidates for the reachability of who was called
_PICK_REACHABLE = _REACHABLE + CANDIDATES
_COLLECTOR, _AFTERNOON = int(Channel.COLLECTOR), int(Window.AFTERNOON)


def open_accounts(
    world: World,
    portfolio: Portfolio,
    seed: int,
    first: int = 0,
    numbers: NDArray[np.int64] | None = None,
    day: int = 0,
) -> NDArray[np.void]:
    """All accounts of a portfolio on the first morning: structured array `ACCOUNT`, shape (accounts,).

    Args:
        world: behaviour and population of the scenario.
        portfolio: complete accounts.
        seed: 0 .. 2**63-1.
        first: number of the first account's random stream: the same rows under other streams are other people.
        numbers: of all streams, int64 (accounts,), where they do not simply follow one another.
        day: the first one.
    """
    accounts = np.zeros(len(portfolio), ACCOUNT)
    accounts["number"] = np.arange(len(portfolio))
    if numbers is None:
        numbers = np.arange(first, first + len(portfolio), dtype=np.int64)
    accounts["key"] = streams(seed, numbers)
    category = {name: index for index, name in enumerate(world.products)}
    accounts["product"] = [category[name] for name in portfolio.table["product"]]
    for ours, theirs in (
        ("payday", "payday"),
        ("stable_assets", "stable_assets"),
        ("score", "credit_score"),
        ("income", "monthly_income"),
        ("early_warning", "early_warning"),
        ("tenure", "tenure_months"),
        ("prior", "prior_delinquencies"),
        ("dpd0", "dpd"),
    ):
        accounts[ours] = portfolio.column(theirs)
    accounts["opening"] = opening_cents(portfolio)
    accounts["balance"] = accounts["opening"]
    if world.cards:
        _ask_for_minimums(accounts, world.cards.minimum, [product.card for product in world.products.values()])
    for never in (
        "last_attempt",
        "last_reach",
        "last_payment",
        "stage_day",
        "promise_due",
        "closed_day",
        "news_day",
        "offer_day",
        "demanded",
        "acknowledged",
    ):
        accounts[never] = NEVER
    for until in ("hardship_until", "dispute_until", "complaint_until", "breathing_until"):
        accounts[until] = NEVER
    population, params, in_midlife = world.population, kernel_record(world), bool(portfolio.state)
    if in_midlife:
        midlife.take_up(accounts, portfolio.table, params[0], world.start, day, world.vocabulary)
    _draw(accounts, params, population.score_mean, population.score_spread, population.prior_delinquencies_mean)
    if in_midlife:
        _draw_by_what_is_known(accounts, params, day)
        belief = b.notice_belief(params[0], world.behaviour.credibility_start)
        midlife.feel(accounts, portfolio.table, params[0], belief, world.start, day)
    else:
        accounts["entry_day"] = day
    accounts["dpd0"] -= day
    return accounts


def opening_cents(portfolio: Portfolio) -> NDArray[np.int64]:
    """Opening balances in cents, int64 (accounts,)."""
    return np.rint(portfolio.column("opening_balance").astype(np.float64) * 100).astype(np.int64)


def _ask_for_minimums(accounts: NDArray[np.void], share: float, are_cards: Sequence[bool]) -> None:
    """Cards owe a minimum for each month begun past due, at most the balance."""
    cards = np.array(are_cards)[accounts["product"]]
    minimum = np.maximum(np.rint(share * accounts["opening"]), 1).astype(np.int64)
    months = b.months_due(accounts["dpd0"])
    accounts["minimum_due"] = np.where(cards, minimum, 0)
    accounts["arrears"] = np.where(cards, np.minimum(months * minimum, accounts["balance"]), 0)


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


@njit()
def _draw(accounts, params, score_mean, score_spread, prior_mean):  # type: ignore[no-untyped-def]
    p = params[0]
    hazards = np.empty(CANDIDATES)
    for i in range(accounts.size):
        a = accounts[i]
        score = (a.score - score_mean) / score_spread
        prior = min(float(a.prior), 6.0) - prior_mean
        warning = a.early_warning - 0.5
        mean_w = p.willingness_score * score + p.willingness_prior * prior + p.willingness_warning * warning
        mean_a = p.ability_score * score
        chosen, factor = 0, p.product_pay[a.product]
        if a.dpd0 > 0:
            for k in range(CANDIDATES):
                w, share = _candidate(a, p, mean_w, mean_a, k)
                if a.minimum_due:
                    hazards[k] = past_clearing(p, w, a.income * share, a.minimum_due, a.opening, a.dpd0, factor)
                else:
                    liquidity = b.log_liquidity(a.income * share, a.opening / 100.0)
                    hazards[k] = past_hazard(p, w, liquidity, a.dpd0, factor)
                if a.payments or a.kept or a.broken:
                    hazards[k] -= likelihood_of_past(a, p, w, share, hazards[k])
            lowest, total = hazards.min(), 0.0
            for k in range(CANDIDATES):
                hazards[k] = math.exp(lowest - hazards[k])
                total += hazards[k]
            mark = uniform(a.key, BIRTH, _PICK) * total
            while chosen < CANDIDATES - 1 and mark >= hazards[chosen]:
                mark -= hazards[chosen]
                chosen += 1
        a.willingness, share = _candidate(a, p, mean_w, mean_a, chosen)
        a.disposable = a.income * share
        a.reachability = p.product_reach[a.product] + p.reach_spread * normal(a.key, BIRTH, _REACHABILITY)
        a.phone_right = uniform(a.key, BIRTH, _PHONE) >= p.wrong_number
        a.employed = uniform(a.key, BIRTH, _EMPLOYED) >= p.jobless_share
        mean_cover = p.asset_cover_stable if a.stable_assets else p.asset_cover_other
        # Most debtors have nothing a court finds; the others have much: a power of a uniform with the right mean.
        power = 1.0 / max(mean_cover, 1e-3) - 1.0
        a.asset_cover = uniform(a.key, BIRTH, _ASSET_COVER) ** power
        a.salience = p.salience_floor + (1.0 - p.salience_floor) * 0.5 * uniform(a.key, BIRTH, _SALIENCE)


@njit()
def likelihood_of_past(a, p, willingness, share, hazard):  # type: ignore[no-untyped-def]
    """Log likelihood of the payments made and the promises kept and broken, but for constants.

    Args:
        a: the account's record.
        p: behaviour parameters.
        willingness, share: of the candidate; `share` of income is disposable.
        hazard: sum of his payment intensity so far.
    """
    found = a.payments * math.log(max(hazard, 1e-9))
    if a.kept or a.broken:
        income = a.income * share
        promised = min(a.opening / 100.0, 2.0 * income)  # as he promises when he cannot pay all
        chance = b.keep_probability(p, _COLLECTOR, willingness, b.log_liquidity(income, promised), 0, a.dpd0)
        found += a.kept * math.log(chance) + a.broken * math.log(1.0 - chance)
    return found


@njit()
def _draw_by_what_is_known(accounts, params, day):  # type: ignore[no-untyped-def]
    """Draw again what calls and a disclosed hardship say of: reachability, the right number, work."""
    p = params[0]
    weights, candidates = np.empty(CANDIDATES), np.empty(CANDIDATES)
    for i in range(accounts.size):
        a = accounts[i]
        reached = min(a.call_reaches, a.call_attempts)
        missed = a.call_attempts - reached
        if a.call_attempts:
            for k in range(CANDIDATES):
                candidates[k] = p.product_reach[a.product] + p.reach_spread * normal(a.key, BIRTH, _REACHABLE + k)
                weights[k] = log_likelihood_of_calls(a, p, candidates[k], reached, missed)
            highest, total = weights.max(), 0.0
            for k in range(CANDIDATES):
                weights[k] = math.exp(weights[k] - highest)
                total += weights[k]
            mark, chosen = uniform(a.key, BIRTH, _PICK_REACHABLE) * total, 0
            while chosen < CANDIDATES - 1 and mark >= weights[chosen]:
                mark -= weights[chosen]
                chosen += 1
            a.reachability = candidates[chosen]
            wrong = 0.0
            if reached == 0:
                wrong = p.wrong_number * math.exp(-log_likelihood_of_calls(a, p, a.reachability, reached, missed))
            a.phone_right = uniform(a.key, BIRTH, _PHONE) >= wrong
        elif a.reaches:
            a.phone_right = 1
        if a.hardship_until > day:
            since = max(day - (a.hardship_until - int(p.hardship_days)), 0)
            a.employed = uniform(a.key, BIRTH, _EMPLOYED) >= (1.0 - p.job_found_monthly / 30.0) ** since


@njit()
def log_likelihood_of_calls(a, p, reachability, reached, missed):  # type: ignore[no-untyped-def]
    """Log likelihood of so many calls that reached the debtor and so many that did not, whether the number is right or not."""
    chance = b.reach_probability(p, _COLLECTOR, True, _AFTERNOON, False, a.dpd0, reachability, 0.0)
    if reached == 0:
        return math.log((1.0 - p.wrong_number) * (1.0 - chance) ** missed + p.wrong_number + 1e-300)
    return (
        math.log(1.0 - p.wrong_number + 1e-300) + reached * math.log(chance + 1e-300) + missed * math.log(1.0 - chance)
    )


@njit()
def _candidate(a, p, mean_w, mean_a, k):  # type: ignore[no-untyped-def]
    """Willingness (standard deviations) and disposable share of income of one candidate."""
    willingness = mean_w + normal(a.key, BIRTH, _TRAIT + 2 * k)
    z = mean_a + normal(a.key, BIRTH, _TRAIT + 2 * k + 1)
    return willingness, b.logistic(p.ability_mean + p.ability_spread * z)
