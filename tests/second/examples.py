"""Arbitrary worlds, days and accounts: far from the calibrated ones, so that everything happens often."""

from __future__ import annotations

import random
from functools import cache

import numpy as np

from recoup.scenarios.schema import load_scenario
from recoup.sim.account import ACCOUNT, NEVER, FileReview, Outcome, Stage, Status
from recoup.sim.lists import Product
from recoup.sim.observation import DAY_CONTEXT
from recoup.sim.parameters import Behaviour, Cards, PerChannel, PerWindow, Review, World
from recoup.sim.treatments import Channel, Legal
from tests.second.state import Today

# Probabilities of what seldom happens in a calibrated world.
SELDOM = (
    "opt_out hardship_disclosed cease_contact breathing_space_monthly job_loss_monthly job_found_monthly "
    "wrong_number jobless_share"
).split()
RANGES = {
    "salience_floor": (0.0, 0.6),
    "jobless_income": (0.05, 0.9),
    "pay_promised": (0.1, 0.9),
    "asset_cover_stable": (0.0, 1.0),
    "asset_cover_other": (0.0, 1.0),
    "dispute": (0.02, 0.2),
    "pay_base": (-2.5, -0.5),
    "promise_base": (-1.0, 1.5),
    "plan_base": (-1.0, 1.0),
    "restructure_base": (-1.0, 1.0),
    "swap_base": (-1.0, 1.0),
    "swap_price": (0.2, 1.0),
    "settle_base": (-2.0, 1.0),
    "complaint_fatigue": (0.2, 1.5),
    "repetition_text": (0.0, 4.0),
    "repetition_call": (0.0, 2.0),
    "promise_age": (0.0, 1.0),
    "keep_age": (0.0, 1.0),
    "offer_age": (0.0, 1.0),
    "instalment_age": (0.0, 1.0),
    "notice_disbelieved": (0.1, 1.0),
    "notice_believed": (0.05, 0.6),
    "notice_repeated": (0.3, 1.0),
    "credibility_start": (0.0, 1.0),
}
CHANNEL_RANGES = {
    "reach": (0.4, 0.95),
    "salience_gain": (0.1, 1.0),
    "fatigue_gain": (0.0, 1.0),
    "complaint": (0.005, 0.2),
    "promise_channel": (-1.0, 1.0),
    "keep_channel": (-1.0, 1.0),
    "answer_pay": (0.0, 1.0),
    "answer_call": (0.0, 0.6),
}


@cache
def home() -> World:
    return load_scenario("china-consumer").world


def any_world(seed: int) -> World:
    """The home world with another value of every number that says how debtors behave and what they cost."""
    chance = random.Random(seed)

    def about(value: float) -> float:
        return value * chance.uniform(0.3, 1.7) + (chance.uniform(-0.2, 0.2) if value < 0 else 0.0)

    def changed(name: str, value: object) -> object:
        if isinstance(value, PerChannel):
            return PerChannel(**{c: chance.uniform(*CHANNEL_RANGES[name]) for c in PerChannel.model_fields})
        if isinstance(value, PerWindow):
            return PerWindow(**{w: chance.uniform(0.5, 1.5) for w in PerWindow.model_fields})
        if name in SELDOM:
            return chance.uniform(0.1, 0.9)
        if name in RANGES:
            return chance.uniform(*RANGES[name])
        if name.endswith("_days"):
            return float(chance.randint(1, 90))
        return about(value)  # type: ignore[arg-type]

    base = home()
    behaviour = Behaviour(**{n: changed(n, getattr(base.behaviour, n)) for n in Behaviour.model_fields})
    costs = base.costs.model_copy(
        update={
            "contact": PerChannel(**{c: chance.uniform(0.01, 90) for c in PerChannel.model_fields}),
            "minute": {"collector": chance.uniform(0.1, 3), "specialist": chance.uniform(0.1, 3)},
            **{name: chance.uniform(1, 700) for name in ("notice", "settlement_documents", "complaint")},
        }
    )
    pools = {
        name: getattr(base.operations, name).model_copy(
            update={
                "seconds_unanswered": chance.uniform(10, 300),
                "seconds_reached": chance.uniform(60, 900),
                "seconds_offer": chance.uniform(0, 300),
                "seconds_unserved": chance.uniform(0, 60),
            }
        )
        for name in ("collector", "specialist", "autocall", "visit")
    }
    least = chance.randint(1, 5)
    review = Review(
        days=(least, least + chance.randint(0, 4)), cost=chance.uniform(0, 90), sent_back=chance.uniform(0.1, 0.6)
    )
    courts = base.courts.model_copy(update={"review": chance.choice([review, review, None])})
    return base.model_copy(
        update={
            "behaviour": behaviour,
            "courts": courts,
            "costs": costs,
            "operations": base.operations.model_copy(update={**pools, "performance_pay": chance.random()}),
            "write_off_dpd": 700,
            "discount_rate": chance.uniform(0, 0.3),
            "cards": any_cards(chance),
            "products": {name: any_product(chance, product) for name, product in base.products.items()},
        }
    )


def any_product(chance: random.Random, product: Product) -> Product:
    """Debtors who are reached and pay more or less easily than others."""
    return product.model_copy(update={"reach": chance.uniform(0.4, 1.5), "pay": chance.uniform(-0.7, 0.7)})


def any_cards(chance: random.Random) -> Cards:
    """Holders who pay often, often again, and anything from one minimum to everything."""
    return Cards(
        minimum=chance.uniform(0.02, 0.3),
        pay=chance.uniform(-0.5, 1.0),
        again=chance.uniform(0.2, 1.0),
        clear=chance.uniform(-2.0, 1.0),
        clear_months=chance.uniform(0.0, 0.8),
        means=chance.uniform(0.0, 4.0),
        whole=chance.uniform(0.1, 0.9),
    )


def any_day(seed: int, world: World) -> tuple[Today, np.ndarray]:
    """A day for the second implementation, and the same day as the engine has it."""
    chance = random.Random(seed)
    today = Today(
        day=chance.randint(0, 600),
        day_of_month=chance.randint(1, 31),
        day_off=chance.random() < 0.4,
        stress=chance.uniform(-1.5, 2.5),
        market_waiting=chance.uniform(0, 0.3),
        interest_a_year=tuple(chance.choice([0.0, chance.uniform(0.05, 0.36)]) for _ in range(16)),
        surcharge=chance.choice([0.0, chance.uniform(100, 90_000)]),
        belief=chance.random(),
        care={Channel.COLLECTOR: chance.uniform(0, 1), Channel.SPECIALIST: chance.uniform(0, 1)},
    )
    t = np.zeros(1, DAY_CONTEXT)
    t["day"], t["day_of_month"], t["day_off"] = today.day, today.day_of_month, today.day_off
    t["macro"], t["market_waiting"] = today.stress, today.market_waiting
    t["income_factor"] = np.exp(-world.behaviour.macro_income * today.stress)
    t["discount_factor"] = (1.0 + world.discount_rate) ** (-today.day / 365.0)
    t["daily_rate"] = np.array(today.interest_a_year) / 365.0
    t["complaint_surcharge"], t["notice_belief"] = today.surcharge, today.belief
    for channel, care in today.care.items():
        t["care"][0, channel] = care
    return today, t


def any_accounts(count: int, seed: int, day: int, reviewed: bool = True) -> np.ndarray:
    """Accounts in every state an account can be in on a day; `reviewed`: files may be under review."""
    r = np.random.default_rng(seed)
    a = np.zeros(count, ACCOUNT)

    def one_of(*values: float) -> np.ndarray:
        return r.choice(np.array(values), count)

    a["key"] = r.integers(0, 2**64, count, dtype=np.uint64)
    a["number"] = np.arange(count)
    a["payday"] = r.integers(1, 32, count)
    a["stable_assets"] = one_of(0, 1)
    age = np.where(
        r.random(count) < 0.1, 700 + r.integers(-1, 2, count), r.integers(0, 600, count)
    )  # written off at 700
    a["dpd0"] = age - day
    a["opening"] = np.exp(r.uniform(np.log(300), np.log(5e6), count)).astype(np.int64)
    a["balance"] = np.maximum(1, a["opening"] * r.uniform(0.05, 1.3, count)).astype(np.int64)
    a["interest"] = r.integers(0, 10_000, count)
    ask_for_minimums(a, day, r)
    for name in ("cash", "cost", "cash_day_sum", "discounted_cash", "discounted_cost", "discounted_staff", "forgiven"):
        a[name] = r.integers(0, 100_000, count)
    a["disposable"] = a["balance"] / 100 / 3 * np.exp(r.normal(0, 1.2, count))
    a["willingness"], a["reachability"] = r.normal(0, 1, count), r.normal(0, 0.5, count)
    a["phone_right"], a["employed"] = r.random(count) < 0.9, r.random(count) < 0.6
    a["asset_cover"] = r.random(count)
    a["salience"] = r.random(count)
    for name, most in (("fatigue", 4), ("excitation", 4), ("pressure", 3), ("waiting", 1)):
        a[name] = r.uniform(0, most, count)
    for name in ("call", "text", "visit", "letter", "conversation"):
        a[f"{name}_history"] = r.integers(0, 2**32, count) & r.integers(0, 2**32, count)
    for name in ("last_attempt", "last_reach", "last_payment"):
        a[name] = one_of(NEVER, day - 1, day - 20)
    for name in ("attempts", "reaches", "call_attempts", "call_reaches", "promises", "kept", "offers", "payments"):
        a[name] = r.integers(0, 40, count)
    a["broken"], a["refused"] = r.integers(0, 7, count), r.integers(0, 8, count)
    for name in ("news_day", "offer_day"):
        a[name] = one_of(NEVER, day - 1, day - 4, day - 14, day - 15, day - 40)
    a["notices"] = one_of(0, 0, 1, 2, 3)
    a["best_discount"] = one_of(0, 0, 0.1, 0.2, 0.3, 0.4)
    a["plan_months"] = one_of(0, 0, 0, 0, 3, 36)
    planned = a["plan_months"] > 0
    a["plan_left"] = np.where(planned, np.maximum(1, a["plan_months"] - one_of(0, 0, 1, 2, 35)), 0)
    a["plan_left"][a["plan_left"] > a["plan_months"]] = 1
    a["plan_missed"] = np.where(planned, one_of(0, 1), one_of(0, 2))
    a["plan_amount"] = a["balance"] // np.maximum(a["plan_months"], 1) + 1
    a["plan_due"] = planned & (r.random(count) < 0.7)
    a["plan_secured"] = (a["plan_months"] == 36) | (~planned & (r.random(count) < 0.1))
    promised = ~planned & (r.random(count) < 0.3)
    a["promise_due"] = np.where(promised, day + one_of(-1, 0, 0, 1, 7), NEVER)
    a["promise_amount"] = np.maximum(1, a["balance"] * one_of(0.3, 0.6, 0.9, 0.94, 0.96, 1.0, 1.05))
    a["promise_channel"] = r.integers(1, len(Channel), count)
    a["promise_discount"] = np.where(promised, one_of(0, 0, 0.1, 0.4), 0)
    a["promise_collector"] = one_of(0, 1, 2, 9)
    a["stage"] = np.where(r.random(count) < 0.5, Stage.NONE, r.integers(0, len(Stage), count))
    a["stage_day"] = np.where(a["stage"] > 0, day - one_of(0, 30, 89, 90, 91), NEVER)
    if reviewed:
        a["review"] = one_of(*FileReview)
        a["review_step"] = np.where(a["review"] > 0, one_of(Legal.NOTICE, Legal.SUIT), 0)
        a["review_until"] = day + one_of(-1, 0, 0, 1, 2, 30)
    for name in ("hardship", "dispute", "complaint"):
        a[f"{name}_until"] = one_of(NEVER, NEVER, day - 5, day, day + 1, day + 2, day + 20)
    a["breathing_until"] = one_of(NEVER, NEVER, day - 366, day - 365, day - 364, day, day + 1, day + 30)
    a["complaint_risk"], a["complaints"], a["restructured"] = r.random(count), r.integers(0, 3, count), one_of(0, 1)
    a["busiest_week"] = r.integers(0, 6, count)
    a["closed_day"] = NEVER
    a["outcome"], a["last_outcome"] = r.integers(0, len(Outcome), count), r.integers(0, len(Outcome), count)
    a["promise_swap"] = promised & (a["promise_discount"] == 0) & (r.random(count) < 0.4)
    a["status"] = np.where(r.random(count) < 0.03, Status.PAID, Status.OPEN)
    return a


def ask_for_minimums(a: np.ndarray, day: int, r: np.random.Generator) -> None:
    """A third of them are cards: each month begun is an unpaid minimum, at most the balance, of the first some part may be paid."""
    count = len(a)
    cards = r.random(count) < 0.33
    minimum = np.maximum(1, a["opening"] * r.uniform(0.02, 0.3, count)).astype(np.int64)
    months = np.maximum(1, np.ceil((a["dpd0"] + day) / 30)).astype(np.int64)
    paid = (minimum * r.choice([0.0, 0.0, 0.4, 0.95], count)).astype(np.int64)
    a["product"] = np.where(cards, 1, r.choice([0, 2], count))
    a["minimum_due"] = np.where(cards, minimum, 0)
    a["arrears"] = np.where(cards, np.clip(months * minimum - paid, 1, a["balance"]), 0)
