"""Hidden traits of accounts in mid-life: those of the survivors of a world, and hand-made days by a second reading of the formulas."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from recoup.agents.explorer import Explorer
from recoup.agents.library import load_policy
from recoup.experiments.backtest.midlife_world import staffed_for
from recoup.scenarios.schema import load_scenario
from recoup.sim.account import Status
from recoup.sim.candidates import BIRTH, EMPLOYED, SALIENCE
from recoup.sim.known_past import days_of_month, known_past
from recoup.sim.lived import DAY, MOST_PROMISES, PROMISE, agreements, contacts, feelings, log_likelihood
from recoup.sim.parameters import kernel_record
from recoup.sim.portfolio.table import Portfolio
from recoup.sim.randomness import stream
from recoup.sim.simulation import Simulation
from recoup.sim.traits import open_accounts
from tests.second import behaviour
from tests.second.draws import uniform

HOME = load_scenario("china-consumer")
REDRAWS = 9
TRAITS = ("willingness", "disposable", "reachability")


def redrawn(scenario_name: str, plan: str, accounts: int, seed: int, days: int):  # type: ignore[no-untyped-def]
    """Accounts that are open after some days of a true world, and the same drawn again from what a ledger knows of them."""
    scenario = load_scenario(scenario_name)
    portfolio = scenario.portfolio(accounts, seed)
    world = staffed_for(scenario.world, portfolio)
    simulation = Simulation(world, portfolio, scenario.rules, seed)
    explorer = Explorer(load_policy(plan, scenario.name, world, portfolio.table), 0.0, [], seed)
    for _ in range(days):
        actions, priority, _ = explorer.decide(simulation.observe(), simulation.masks(), simulation.open_accounts)
        simulation.advance(actions, priority)
    state = simulation.portfolio_now()
    later = world.model_copy(update={"start": world.start + timedelta(days=days)})
    again = [open_accounts(later, state, 1000 * seed + n) for n in range(REDRAWS)]
    return simulation.accounts[simulation.accounts["status"] == Status.OPEN], again


@pytest.mark.parametrize(
    ("scenario", "plan", "accounts", "seed", "days"),
    [("china-consumer", "staged", 1800, 501, 25), ("china-consumer", "status-quo", 1400, 502, 70), ("taiwan-cards", "staged", 1600, 503, 45)],
)  # fmt: skip
def test_survivors_are_drawn_as_they_are(scenario: str, plan: str, accounts: int, seed: int, days: int) -> None:
    """Simulation-based calibration (Talts et al. 2018): among draws given what is known, the truth has every rank as often."""
    true, again = redrawn(scenario, plan, accounts, seed, days)
    paid = true["payments"] > 0
    assert len(true) > 500 and 100 < paid.sum() < len(true) - 100
    for name in TRAITS:
        theirs = np.log(true[name]) if name == "disposable" else true[name].astype(float)
        drawn = np.array([np.log(one[name]) if name == "disposable" else one[name].astype(float) for one in again])
        ranks = np.bincount((drawn < theirs).sum(axis=0), minlength=REDRAWS + 1)
        assert stats.chisquare(ranks).pvalue > 0.001, (name, ranks)
        for which in (np.ones(len(true), bool), paid, ~paid):
            error = theirs[which].std() * math.sqrt((1 + 1 / REDRAWS) / which.sum())
            assert abs(drawn[:, which].mean() - theirs[which].mean()) < 3.3 * error, (name, which.sum())
    for name in ("employed", "phone_right"):
        error = true[name].std() * math.sqrt((1 + 1 / REDRAWS) / len(true))
        assert abs(np.mean([one[name].mean() for one in again]) - true[name].mean()) < 3.3 * error, name
    # What is felt follows from known days: the same but for what nobody knows, the channel of a call and which messages were read.
    for name, least in (("salience", 0.85), ("fatigue", 0.85), ("excitation", 0.85)):
        assert np.corrcoef(true[name], np.mean([one[name] for one in again], axis=0))[0, 1] > least, name


def one_account(**state: float | pd.Timestamp) -> Portfolio:
    """A debtor 40 days past due on the scenario's first day, in care since ten days ago."""
    table = HOME.portfolio(1, 1).table.assign(product="consumer_loan", opening_balance=1000.0, dpd=40, **state)
    table["entry_date"] = pd.Timestamp(HOME.world.start - timedelta(days=10))
    return Portfolio(table, "one")


def lived(portfolio: Portfolio, key: np.uint64, willingness: float, disposable: float):  # type: ignore[no-untyped-def]
    """Days and log likelihood of one course of the account's past; salience on the first morning."""
    p, start = kernel_record(HOME.world)[0], HOME.world.start
    accounts = Simulation(HOME.world, portfolio, HOME.rules, 1).accounts
    past = known_past(accounts, portfolio.table, p, 0.0, np.zeros(1, np.int64), start, 0)[0]
    days, promises = np.zeros(past["days"], DAY), np.zeros(MOST_PROMISES, PROMISE)
    a, month_days = accounts[0], days_of_month(start, 0)
    contacts(a, past, key, days)
    count = agreements(a, past, key, 0, days, promises)
    salience = feelings(p, a, past, key, 0, month_days, days)[0]
    return days, log_likelihood(p, a, past, days, promises, count, willingness, disposable, -math.inf), salience, a


def test_days_of_an_account_that_was_called_and_did_not_pay() -> None:
    """Ten days, called on the fourth and the eighth, spoken to on the eighth: by hand from the second reading of the formulas."""
    b, key = HOME.world.behaviour, np.uint64(stream(5, 3))
    portfolio = one_account(call_days=float(1 << 7 | 1 << 3), conversation_days=float(1 << 3), attempts=2.0)
    willingness, disposable = -0.7, 300.0
    days, ours, salience, a = lived(portfolio, key, willingness, disposable)
    assert uniform(int(key), BIRTH, EMPLOYED) > b.jobless_share and days["works"].all()
    attention = b.salience_floor + (1 - b.salience_floor) * uniform(int(key), BIRTH, SALIENCE) / 2
    half = 0.5 ** (1 / b.salience_half_life)
    fatigue, total = 0.0, 0.0
    liquidity = behaviour.log_liquidity(disposable, 1000.0)
    for day in range(10):
        ago = 10 - day
        if day:
            attention = b.salience_floor + (attention - b.salience_floor) * half
            fatigue *= 0.5 ** (1 / b.fatigue_half_life)
        if ago in (7, 3):
            fatigue += b.fatigue_gain.collector
        if ago == 3:
            attention += (
                (1 - attention) * b.salience_gain.collector / (1 + b.repetition_call)
            )  # the second call in two weeks
            odds = b.promise_base + b.promise_willingness * willingness - b.promise_age * math.log(1 + 37 / 90)
            total += math.log(1 - 1 / (1 + math.exp(-odds)))
        date = HOME.world.start - timedelta(days=ago)
        total -= behaviour.payments_a_day(
            HOME.world,
            willingness=willingness,
            liquidity=liquidity,
            attention=attention,
            excitation=0.0,
            pressure=0.0,
            fatigue=fatigue,
            days_past_due=30 + day,
            waiting=0.0,
            after_payday=(date.day - int(a["payday"])) % 30,
            promised=False,
        )
    assert ours == pytest.approx(total, rel=1e-9)
    assert salience == pytest.approx(b.salience_floor + (attention - b.salience_floor) * half, rel=1e-9)


def test_payments_and_promises_lie_where_they_can() -> None:
    """Three payments, the latest five days ago, one of them a promise kept; a promise of yesterday's is open; one was broken."""
    start = HOME.world.start
    state = {
        "payments": 3.0, "paid": 60.0, "last_payment_date": pd.Timestamp(start - timedelta(days=5)), "promises_made": 3.0, "promises_kept": 1.0,
        "promises_broken": 1.0, "promise_due": pd.Timestamp(start + timedelta(days=6)), "promise_amount": 50.0, "call_days": float(1 << 1 | 1 << 9),
        "conversation_days": float(1 << 1 | 1 << 9), "attempts": 2.0,
    }  # fmt: skip
    portfolio = one_account(**state)
    portfolio = replace(
        portfolio, table=portfolio.table.assign(entry_date=pd.Timestamp(start - timedelta(days=60)), dpd=70)
    )
    for number in range(30):
        days, likelihood, _, _ = lived(portfolio, np.uint64(stream(number, 1)), -1.0, 200.0)
        assert len(days) == 60 and days["paid"].sum() == 3 and days["paid"][55] == 1 and not days["paid"][56:].any()
        assert days["own"].sum() == 2 and (days["kind"] == 2).sum() in (
            1,
            2,
        )  # that kept, and that broken unless a payment came on its day
        assert days["made"][59] == 1 and days["promised"][59] == 1  # he was spoken to yesterday
        assert math.isfinite(likelihood)


def test_fresh_accounts_beside_known_ones_stay_who_they_are() -> None:
    table = HOME.portfolio(40, 1).table
    alone = open_accounts(HOME.world, Portfolio(table, "alone"), 5)
    known = table.assign(payments=np.where(np.arange(40) % 2, np.nan, 3.0))
    beside = open_accounts(HOME.world, Portfolio(known, "beside"), 5)
    assert (alone[1::2] == beside[1::2]).all()
    assert (alone["willingness"][::2] != beside["willingness"][::2]).all()
    # A draw depends on the seed and the number of the account alone.
    assert (
        open_accounts(HOME.world, Portfolio(known.iloc[[6, 2]], "two"), 5, numbers=np.array([6, 2]))["willingness"]
        == beside["willingness"][[6, 2]]
    ).all()
