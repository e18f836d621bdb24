"""What nobody sees: hidden traits of debtors, drawn under a seed for a given portfolio.

An account `dpd` days past due is one that has not paid for `dpd` days. Its traits are therefore drawn among candidates
with weight exp(−H), where H is the payment intensity summed over those days: the same formula that drives the
simulation selects its starting population, for synthetic and real portfolios alike. A card may have paid minimums meanwhile;
what it has not done is clear its arrears, and H sums the intensity of that.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from recoup.sim import behaviour as b
from recoup.sim.account import ACCOUNT, NEVER
from recoup.sim.compiled import njit
from recoup.sim.parameters import World, kernel_record
from recoup.sim.portfolio.table import Portfolio
from recoup.sim.randomness import Purpose, normal, streams, uniform

CANDIDATES = 16
BIRTH = -1  # the day under which traits are drawn
_TRAIT, _PICK = int(Purpose.TRAIT), int(Purpose.PICK)
# Numbers of the draws: two for each candidate, then one for each trait. The order is part of every seed's meaning.
_REACHABILITY, _PHONE, _EMPLOYED, _ASSET_COVER, _SALIENCE = (_TRAIT + 2 * CANDIDATES + n for n in range(5))


def open_accounts(
    world: World, portfolio: Portfolio, seed: int, first: int = 0, numbers: NDArray[np.int64] | None = None
) -> NDArray[np.void]:
    """All accounts of a portfolio at the start of day 0: structured array `ACCOUNT`, shape (accounts,).

    Args:
        world: behaviour and population of the scenario.
        portfolio: complete accounts.
        seed: 0 .. 2**63-1.
        first: number of the first account's random stream: the same rows under other streams are other people.
        numbers: of all streams, int64 (accounts,), where they do not simply follow one another.
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
    for day in (
        "last_attempt",
        "last_reach",
        "last_payment",
        "stage_day",
        "promise_due",
        "closed_day",
        "news_day",
        "offer_day",
    ):
        accounts[day] = NEVER
    for day in ("demanded", "acknowledged"):
        accounts[day] = NEVER
    for until in ("hardship_until", "dispute_until", "complaint_until", "breathing_until"):
        accounts[until] = NEVER
    population = world.population
    _draw(
        accounts,
        kernel_record(world),
        population.score_mean,
        population.score_spread,
        population.prior_delinquencies_mean,
    )
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
def past_hazard(p, willingness, liquidity, dpd):  # type: ignore[no-untyped-def]
    """Sum of the payment intensity over `dpd` past days at floor attention, in steps of 10 days.

    Args:
        p: behaviour parameters, one record (`parameters.kernel_record`).
        willingness: hidden trait of the candidate, standard units.
        liquidity: its log liquidity (`behaviour.log_liquidity`).
        dpd: days past due.

    Returns:
        The hazard H (module head); the sum stops beyond 40, where exp(−H) is nothing.
    """
    total, day = 0.0, 0.0
    while day < dpd:
        span = min(10.0, dpd - day)
        middle = day + span / 2.0
        total += span * b.payment_intensity(
            p, willingness, liquidity, p.salience_floor, 0.0, 0.0, 0.0, middle, 0.0, 10.0, False
        )
        day += span
        if total > 40.0:
            break
    return total


@njit()
def past_clearing(p, willingness, income, minimum, opening, dpd):  # type: ignore[no-untyped-def]
    """Like `past_hazard`, of a card that asks for minimums: the intensity of payments that clear its arrears, once a month.

    Args:
        p: behaviour parameters, one record (`parameters.kernel_record`).
        willingness: hidden trait of the candidate, standard units.
        income: its disposable income, currency a month.
        minimum: what falls due each month, cents.
        opening: balance on entry, cents.
        dpd: days past due.
    """
    total, day = 0.0, 0.0
    while day < dpd:
        span = min(10.0, dpd - day)
        middle = day + span / 2.0
        arrears = min(minimum * math.ceil(middle / b.MONTH), opening)
        liquidity = b.log_liquidity(income, arrears / 100.0)
        rate = math.exp(p.card_pay) * b.payment_intensity(
            p, willingness, liquidity, p.salience_floor, 0.0, 0.0, 0.0, middle, 0.0, 10.0, False
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
        chosen = 0
        if a.dpd0 > 0:
            for k in range(CANDIDATES):
                w, share = _candidate(a, p, mean_w, mean_a, k)
                if a.minimum_due:
                    hazards[k] = past_clearing(p, w, a.income * share, a.minimum_due, a.opening, a.dpd0)
                else:
                    liquidity = b.log_liquidity(a.income * share, a.opening / 100.0)
                    hazards[k] = past_hazard(p, w, liquidity, a.dpd0)
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
        a.reachability = p.reach_spread * normal(a.key, BIRTH, _REACHABILITY)
        a.phone_right = uniform(a.key, BIRTH, _PHONE) >= p.wrong_number
        a.employed = uniform(a.key, BIRTH, _EMPLOYED) >= p.jobless_share
        mean_cover = p.asset_cover_stable if a.stable_assets else p.asset_cover_other
        # Most debtors have nothing a court finds; the others have much: a power of a uniform with the right mean.
        power = 1.0 / max(mean_cover, 1e-3) - 1.0
        a.asset_cover = uniform(a.key, BIRTH, _ASSET_COVER) ** power
        a.salience = p.salience_floor + (1.0 - p.salience_floor) * 0.5 * uniform(a.key, BIRTH, _SALIENCE)


@njit()
def _candidate(a, p, mean_w, mean_a, k):  # type: ignore[no-untyped-def]
    """Willingness (standard deviations) and disposable share of income of one candidate."""
    willingness = mean_w + normal(a.key, BIRTH, _TRAIT + 2 * k)
    z = mean_a + normal(a.key, BIRTH, _TRAIT + 2 * k + 1)
    return willingness, b.logistic(p.ability_mean + p.ability_spread * z)
