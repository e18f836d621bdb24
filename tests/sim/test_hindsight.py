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
from recoup.sim.hindsight import by_caller, log_likelihood_of_calls
from recoup.sim.known_past import days_of_month, known_past
from recoup.sim.lived import DAY, MOST_PROMISES, PROMISE, agreements, contacts, feelings, log_likelihood
from recoup.sim.parameters import kernel_record
from recoup.sim.portfolio.table import Portfolio
from recoup.sim.randomness import stream
from recoup.sim.simulation import Simulation
from recoup.sim.traits import open_accounts
from recoup.sim.treatments import Channel, Window
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


def unpressed(a: np.void, day: int, willingness: float, liquidity: float, attention: float, fatigue: float) -> float:
    """Payments a day by the second reading of the formulas, of an account ten days in care that nothing was threatened or promised."""
    date = HOME.world.start - timedelta(days=10 - day)
    return behaviour.payments_a_day(
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


@pytest.mark.parametrize(
    ("caller", "said"),
    [
        ("collector", {}),
        ("collector", {"channel_days": "collector: 3 7"}),
        ("collector", {"channel_days": "autocall: 3 7; collector: 3 7"}),  # a person called on the same days
        ("autocall", {"channel_days": "autocall: 3 7"}),
        ("specialist", {"channel_days": "autocall: 3 7; specialist: 3 7"}),
    ],
)
def test_days_of_an_account_that_was_called_and_did_not_pay(caller: str, said: dict[str, str]) -> None:
    """Ten days, called on the fourth and the eighth, spoken to on the eighth: by hand from the second reading of the formulas."""
    b, key = HOME.world.behaviour, np.uint64(stream(5, 3))
    portfolio = one_account(call_days=float(1 << 7 | 1 << 3), conversation_days=float(1 << 3), attempts=2.0, **said)
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
        factor = 1.0
        if ago in (7, 3):
            fatigue += b.fatigue_gain.of(caller)
        if ago == 3:  # the second call in two weeks
            attention += (1 - attention) * b.salience_gain.of(caller) / (1 + b.repetition_call)
            factor += b.answer_pay.of(caller) / (1 + b.repetition_call)
            odds = b.promise_base + b.promise_willingness * willingness - b.promise_age * math.log(1 + 37 / 90)
            total += math.log(1 - 1 / (1 + math.exp(-odds - b.promise_channel.of(caller))))
        total -= factor * unpressed(a, day, willingness, liquidity, attention, fatigue)
    assert ours == pytest.approx(total, rel=1e-9)
    assert salience == pytest.approx(b.salience_floor + (attention - b.salience_floor) * half, rel=1e-9)


@pytest.mark.parametrize(
    ("channel", "said"),
    [
        ("sms", {}),
        ("sms", {"channel_days": "sms: 3"}),
        ("wechat", {"channel_days": "wechat: 3"}),
        ("email", {"channel_days": "email: 3"}),
        ("wechat", {"channel_days": "email: 3; wechat: 3"}),  # that which is read more often
    ],
)
def test_days_of_an_account_that_read_a_text(channel: str, said: dict[str, str]) -> None:
    """Ten days, a text on the eighth, which is known to be read: what he feels, and how much likelier he was to pay on that day."""
    b, key = HOME.world.behaviour, np.uint64(stream(5, 3))
    read = {"last_reached_date": pd.Timestamp(HOME.world.start - timedelta(days=3)), "reached": 1.0}
    portfolio = one_account(text_days=float(1 << 3), attempts=1.0, **read, **said)
    willingness, disposable = -0.7, 300.0
    _, ours, salience, a = lived(portfolio, key, willingness, disposable)
    attention = b.salience_floor + (1 - b.salience_floor) * uniform(int(key), BIRTH, SALIENCE) / 2
    half = 0.5 ** (1 / b.salience_half_life)
    total, liquidity = 0.0, behaviour.log_liquidity(disposable, 1000.0)
    for day in range(10):
        ago = 10 - day
        attention = b.salience_floor + (attention - b.salience_floor) * (half if day else 1.0)
        if ago == 3:
            attention += (1 - attention) * b.salience_gain.of(channel)
        total -= (1 + b.answer_pay.of(channel) * (ago == 3)) * unpressed(
            a,
            day,
            willingness,
            liquidity,
            attention,
            b.fatigue_gain.of(channel) * 0.5 ** ((3 - ago) / b.fatigue_half_life) * (ago <= 3),
        )
    assert ours == pytest.approx(total, rel=1e-9)
    assert salience == pytest.approx(b.salience_floor + (attention - b.salience_floor) * half, rel=1e-9)


def test_older_contacts_went_by_the_channels_of_those_that_are_known() -> None:
    """A hundred days in care: of forty texts and forty calls before the last 31 days only the number is known."""
    known = {"text_days": float(0b1110), "call_days": float(0b110000)}
    counts = {"attempts": 85.0, "call_attempts": 42.0}
    for said, texts, calls in (
        ({}, {Channel.SMS}, {Channel.COLLECTOR}),
        ({"channel_days": "0"}, {Channel.SMS}, {Channel.COLLECTOR}),
        ({"channel_days": "wechat: 1 2; email: 3; specialist: 4; autocall: 5"}, {Channel.WECHAT, Channel.EMAIL}, {Channel.SPECIALIST, Channel.AUTOCALL}),
    ):  # fmt: skip
        portfolio = one_account(**known, **counts, **said)
        table = portfolio.table.assign(entry_date=pd.Timestamp(HOME.world.start - timedelta(days=100)), dpd=110)
        days, *_ = lived(replace(portfolio, table=table), np.uint64(stream(5, 3)), -0.7, 300.0)
        older = days[:69]
        assert len(days) == 100 and older["text"].sum() + older["call"].sum() == 69  # one a day
        by_text, by_call = older["texter"][older["text"] == 1], older["caller"][older["call"] == 1]
        assert set(by_text) == texts and set(by_call) == calls
        if Channel.WECHAT in texts:  # two of the three known; half of the two
            assert stats.binomtest(int((by_text == Channel.WECHAT).sum()), len(by_text), 2 / 3).pvalue > 0.001
            assert stats.binomtest(int((by_call == Channel.SPECIALIST).sum()), len(by_call), 1 / 2).pvalue > 0.001


def texted(said: str | None, accounts: int = 600) -> Portfolio:
    """Debtors who were sent a text three and seven days ago and have read one."""
    table = HOME.portfolio(accounts, 1).table.assign(text_days=float(1 << 3 | 1 << 7), attempts=2.0, reached=1.0)
    table["last_reached_date"] = pd.Timestamp(HOME.world.start - timedelta(days=7))
    return Portfolio(table if said is None else table.assign(channel_days=said), "texted")


def test_only_what_went_to_the_number_says_that_it_is_right() -> None:
    wrong = HOME.world.behaviour.wrong_number
    for said in (None, "sms: 3 7", "sms: 3; wechat: 7"):
        assert open_accounts(HOME.world, texted(said), 5)["phone_right"].all(), said
    for said in ("wechat: 3 7", "email: 3; wechat: 7"):
        right = open_accounts(HOME.world, texted(said), 5)["phone_right"]
        assert stats.binomtest(int((right == 0).sum()), len(right), wrong).pvalue > 0.001, said


def test_a_text_of_which_no_channel_is_known_is_an_sms_to_the_bit() -> None:
    unknown = open_accounts(HOME.world, texted(None, 60), 5)
    for said in ("sms: 3 7", "0"):
        assert (open_accounts(HOME.world, texted(said, 60), 5) == unknown).all(), said
    empty = texted(None, 60)
    empty = replace(empty, table=empty.table.assign(channel_days=pd.Series([None] * 60, dtype="object")))
    assert (open_accounts(HOME.world, empty, 5) == unknown).all()
    assert (open_accounts(HOME.world, texted("wechat: 3 7", 60), 5)["fatigue"] < unknown["fatigue"]).all()


def test_a_machine_that_nobody_answers_says_less_than_a_person_whom_nobody_answers() -> None:
    """Two calls of a person, one answered, and three of a machine, none answered, as far as days are known; six older ones are parted alike."""
    history = {
        "channel_days": "collector: 1 5; autocall: 2 4 5 6",
        "call_days": float(0b1110110),
        "conversation_days": float(0b10),
    }
    portfolio = one_account(**history, call_attempts=11.0, calls_reached=1.0, attempts=11.0, reached=1.0)
    p, start = kernel_record(HOME.world)[0], HOME.world.start
    a = Simulation(HOME.world, portfolio, HOME.rules, 1).accounts[0]
    past = known_past(np.array([a]), portfolio.table, p, 0.0, np.zeros(1, np.int64), start, 0)[0]
    # On day 5 a person called as well. Of five days with a call three were a machine's alone, so 3.6 of the six older calls, which are 4.
    assert (past["machine"], past["machine_days"], past["machine_share"]) == (
        Channel.AUTOCALL,
        0b1010100,
        pytest.approx(0.6),
    )
    calls = by_caller(a, past)
    assert calls == (1, 3, 0, 7)
    b = HOME.world.behaviour

    def reached(channel: str) -> float:
        gain = (2 * b.fatigue_gain.collector + 4 * b.fatigue_gain.autocall) / 6  # of the contacts that are known
        fatigue = min(gain * 11 / 10 / (1 - 0.5 ** (1 / b.fatigue_half_life)), 3.0)
        return behaviour.reached(HOME.world, Channel[channel.upper()], Window.AFTERNOON, False, 35.0, 0.3, fatigue)

    person, machine = reached("collector"), reached("autocall")
    expected = math.log((1 - b.wrong_number) * person * (1 - person) ** 3 * (1 - machine) ** 7)
    assert log_likelihood_of_calls(a, p, past, 0.3, calls) == pytest.approx(expected, rel=1e-9)


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
