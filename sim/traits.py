"""What nobody sees: hidden traits of debtors, drawn under a seed for a given portfolio.

Those of a fresh account are drawn among the candidates that could be behind it (`candidates.py`). Of an account in mid-life more is known, and
its traits are drawn given all of that (`hindsight.py`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from recoup.sim import behaviour as b
from recoup.sim import midlife
from recoup.sim.account import ACCOUNT, NEVER
from recoup.sim.candidates import (
    ASSET_COVER,
    BIRTH,
    CANDIDATES,
    EMPLOYED,
    PHONE,
    REACHABILITY,
    SALIENCE,
    candidate,
    hazard_on_entry,
    starting_attention,
    usual_traits,
)
from recoup.sim.compiled import njit
from recoup.sim.hindsight import draw_given_past
from recoup.sim.known_past import days_of_month, known_past
from recoup.sim.parameters import World, kernel_record
from recoup.sim.portfolio.table import Portfolio
from recoup.sim.randomness import Purpose, normal, streams, uniform

_PICK = int(Purpose.PICK)


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
    of_population = (population.score_mean, population.score_spread, population.prior_delinquencies_mean)
    minimums = accounts["minimum_due"].copy()
    if in_midlife:
        midlife.take_up(accounts, portfolio.table, params[0], world.start, day, world.vocabulary)
    _draw(accounts, params, *of_population)
    if in_midlife and accounts.size:
        belief = b.notice_belief(params[0], world.behaviour.credibility_start)
        pasts = known_past(accounts, portfolio.table, params[0], belief, minimums, world.start, day, world.vocabulary)
        draw_given_past(accounts, pasts, params, days_of_month(world.start, day), day, *of_population)
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
def _draw(accounts, params, score_mean, score_spread, prior_mean):  # type: ignore[no-untyped-def]
    p = params[0]
    hazards = np.empty(CANDIDATES)
    for i in range(accounts.size):
        a = accounts[i]
        mean_w, mean_a = usual_traits(a, p, score_mean, score_spread, prior_mean)
        chosen = 0
        if a.dpd0 > 0:
            for k in range(CANDIDATES):
                w, share = candidate(a.key, p, mean_w, mean_a, k)
                hazards[k] = hazard_on_entry(a, p, w, share, a.minimum_due, a.dpd0)
            lowest, total = hazards.min(), 0.0
            for k in range(CANDIDATES):
                hazards[k] = math.exp(lowest - hazards[k])
                total += hazards[k]
            mark = uniform(a.key, BIRTH, _PICK) * total
            while chosen < CANDIDATES - 1 and mark >= hazards[chosen]:
                mark -= hazards[chosen]
                chosen += 1
        a.willingness, share = candidate(a.key, p, mean_w, mean_a, chosen)
        a.disposable = a.income * share
        a.reachability = p.product_reach[a.product] + p.reach_spread * normal(a.key, BIRTH, REACHABILITY)
        a.phone_right = uniform(a.key, BIRTH, PHONE) >= p.wrong_number
        a.employed = uniform(a.key, BIRTH, EMPLOYED) >= p.jobless_share
        mean_cover = p.asset_cover_stable if a.stable_assets else p.asset_cover_other
        # Most debtors have nothing a court finds; the others have much: a power of a uniform with the right mean.
        power = 1.0 / max(mean_cover, 1e-3) - 1.0
        a.asset_cover = uniform(a.key, BIRTH, ASSET_COVER) ** power
        a.salience = starting_attention(p, uniform(a.key, BIRTH, SALIENCE))
