"""Fitting a world to records: records laid out to the cent, exact posteriors, a known world found again, and a wrong one told apart."""

from __future__ import annotations

import dataclasses
import json
import math
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy.stats import norm, truncnorm

from recoup.experiments.calibration import cards, direct, hidden, means
from recoup.experiments.calibration.files import CALIBRATION_FILE
from recoup.experiments.calibration.fitting import Fitted, Likelihoods, fit_world
from recoup.experiments.calibration.held_out import check
from recoup.experiments.calibration.histories import (
    AT_RISK,
    INSTALMENT_DUE,
    PLAN_RUNS,
    PROMISE_DUE,
    Histories,
    histories,
)
from recoup.experiments.calibration.moments import fit_moments
from recoup.experiments.calibration.parameters import (
    PARAMETER,
    PARAMETERS,
    Block,
    Link,
    Parameter,
    movable,
    records_of,
    value_at,
    with_shifts,
)
from recoup.experiments.calibration.posterior import Memory, Posterior, fit, with_noise
from recoup.experiments.records.lender_records import LenderRecords
from recoup.experiments.records.simulated_records import simulate_records
from recoup.experiments.runs.kept import Kept
from recoup.scenarios.schema import load_scenario
from recoup.sim.parameters import kernel_record
from recoup.sim.portfolio.records import CONTACTS, PAYMENTS, in_form
from recoup.sim.portfolio.table import Portfolio
from tests.command import recoup

HOME = load_scenario("china-consumer")
CARDS = load_scenario("taiwan-cards")
START = date(2025, 3, 3)  # a Monday
DAYS, SINCE = 40, 28
# The world that the records below come from: calls reach more, the debtors pay and promise otherwise than the scenario says.
MOVED = {"reach.collector": 0.4, "dispute": 1.0, "pay_salience": 0.9, "promise_base": -0.8}
TRUE_WORLD = with_shifts(HOME.world, [PARAMETER[name] for name in MOVED], np.array(list(MOVED.values())))


def one_account(**changed: Any) -> Portfolio:
    table = HOME.portfolio(1, 1).table.assign(account_id="a", opening_balance=1000.0, **({"dpd": 10} | changed))
    return Portfolio(table, "one")


def log(registry: Any, *rows: dict[str, Any]) -> pd.DataFrame:
    table = in_form(pd.DataFrame([{"account_id": "a", **row} for row in rows]), registry)
    return table


def day(number: int) -> pd.Timestamp:
    return pd.Timestamp(START + timedelta(days=number))


def laid_out(contacts: list[dict[str, Any]], payments: list[dict[str, Any]], days: int = 30) -> Histories:
    return histories(
        HOME.world,
        HOME.rules,
        one_account(),
        log(CONTACTS, *contacts),
        log(PAYMENTS, *payments),
        START,
        START + timedelta(days - 1),
    )


CALL = {"channel": "collector", "hour": 10.0, "direction": "outbound"}


def test_interest_is_what_the_rules_allow_and_no_more() -> None:
    """1,000.00 at 36 % a year would bear 99 cents a day; the pack's cap is 24 %, 65.8 cents, booked as 66."""
    world = HOME.world.model_copy(update={"annual_rate": 0.36})
    quiet = log(CONTACTS, {"date": day(0), **CALL, "outcome": "no_answer"})
    found = histories(world, HOME.rules, one_account(), quiet, log(PAYMENTS), START, day(2).date())
    assert found.rows["claim"].tolist() == [1000.0, 1000.66, 1001.32]


def test_a_balance_bears_interest_and_falls_by_what_is_paid() -> None:
    found = laid_out(
        [{"date": day(0), **CALL, "outcome": "no_answer"}], [{"date": day(2), "amount": 300.0, "kind": "voluntary"}], 5
    )
    # 18 % a year on 1,000.00: 49.3 cents a day, booked as 49; interest is on the claim, not on interest; day 0 bears none.
    assert found.rows["claim"].tolist() == [1000.0, 1000.49, 1000.98, 701.33, 701.68]
    assert found.rows["happened"].tolist() == [0, 0, 1, 0, 0] and not found.rows["full"].any()
    assert found.rows["dpd"].tolist() == [10, 11, 12, 13, 14]
    assert found.rows["excitation"][3] == pytest.approx(0.5 ** (1 / 14))


def test_a_promise_is_kept_by_what_comes_in_time_and_broken_by_less() -> None:
    made = {"date": day(1), **CALL, "outcome": "promise", "promise_amount": 200.0, "promise_due": day(6)}
    kept = laid_out([made], [{"date": day(8), "amount": 190.0, "kind": None}])
    due = kept.rows[kept.rows["kind"] == PROMISE_DUE]
    assert (due["day"].tolist(), due["happened"].tolist(), due["due"].tolist()) == ([6], [1], [200.0])
    assert not kept.rows["happened"][8]  # the same money is no payment of his own accord
    late = laid_out([made], [{"date": day(10), "amount": 200.0, "kind": None}])
    assert late.rows["happened"][6] == 0 and late.rows["happened"][10] == 1
    assert late.rows["broken"].tolist()[6:8] == [0, 1]
    little = laid_out([made], [{"date": day(6), "amount": 100.0, "kind": None}])
    assert little.rows["happened"][6] == 0
    assert [row["promise_open"] for row in kept.rows[:8]] == [0, 1, 1, 1, 1, 1, 1, 0]


def test_a_plan_is_paid_by_instalments_and_two_missed_in_a_row_break_it() -> None:
    signed = {"date": day(0), **CALL, "outcome": "accepted", "offer": "plan", "months": 6}
    found = laid_out([signed], [{"date": day(5), "amount": 166.67, "kind": "instalment"}], 80)
    due = found.rows[found.rows["kind"] == INSTALMENT_DUE]
    assert (due["day"].tolist(), due["happened"].tolist()) == ([5, 35, 65], [1, 0, 0])
    assert set(due["due"]) == {166.67}  # 1,000.00 in six parts, rounded up
    kinds = found.rows["kind"]
    assert set(kinds[:65]) == {PLAN_RUNS, INSTALMENT_DUE} and set(kinds[66:]) == {AT_RISK}


def test_an_account_leaves_when_all_is_paid_and_when_it_is_sued() -> None:
    paid = laid_out(
        [{"date": day(0), **CALL, "outcome": "reached"}], [{"date": day(3), "amount": 1001.5, "kind": "voluntary"}]
    )
    assert len(paid.rows) == 4 and paid.rows["full"].tolist() == [0, 0, 0, 1]
    sued = laid_out([{"date": day(4), "channel": "no_contact", "legal": "suit"}], [])
    assert len(sued.rows) == 4


def test_a_call_back_stands_on_the_message_that_brought_it() -> None:
    text = {"date": day(2), "channel": "sms", "hour": 10.0, "direction": "outbound", "outcome": "delivered"}
    back = {
        "date": day(2),
        "channel": "collector",
        "hour": 10.5,
        "direction": "inbound",
        "outcome": "promise",
        "promise_due": day(7),
    }
    found = laid_out([text, back, {**back, "outcome": "complaint"}], [])
    assert len(found.contacts) == 1 and not found.reads_known
    (contact,) = found.contacts
    assert (contact["called_back"], contact["reached"], contact["promised"], contact["complaint"]) == (1, 1, 1, 1)
    assert contact["talker"] == 5 and contact["due"] == 7  # a collector


def test_records_before_a_day_are_those_that_were_there_that_morning() -> None:
    contacts = [{"date": day(n), **CALL, "outcome": "no_answer"} for n in range(0, 20, 2)]
    whole, early = laid_out(contacts, []), laid_out(contacts, []).before(9)
    assert len(early.rows) == 9 and len(early.contacts) == 5 and early.days == 9
    assert early.rows["first"].tolist() == whole.rows["first"][:9].tolist()
    assert early.first_contact.tolist() == [0, 5] and early.first_row.tolist() == [0, 9]


@pytest.mark.parametrize("parameter", PARAMETERS, ids=lambda parameter: parameter.name)
def test_a_parameter_moves_a_world_and_its_kernels_alike(parameter: Parameter) -> None:
    """The record for compiled code against the world's own; and one step on its scale, worked out by hand."""
    world = CARDS.world if parameter.of_cards else HOME.world
    moved = with_shifts(world, [parameter], np.array([0.1]))
    (record,) = records_of(world, [parameter], np.array([[0.1]]))
    assert record == kernel_record(moved)[0]
    for place in parameter.places:
        own, now = value_at(world, place), value_at(moved, place)
        if parameter.link is Link.IDENTITY:
            assert now == pytest.approx(own + 0.1)
        elif parameter.link is Link.LOG:
            assert now == pytest.approx(1.10517091808 * own)
        else:
            assert math.log(now / (1 - now)) == pytest.approx(math.log(own / (1 - own)) + 0.1)


def normal(values: NDArray[np.float64], noise: float, design: NDArray[np.float64]) -> Any:
    """Log-likelihood of independent normal records: each account has its own linear reading of the parameters."""

    def log_likelihood(shifts: NDArray[np.float64]) -> NDArray[np.float64]:
        return -0.5 * ((values - shifts @ design.T) / noise) ** 2

    return log_likelihood


def of(*spreads: float) -> list[Parameter]:
    return [Parameter(f"p{number}", Block.RESPONSE, spread) for number, spread in enumerate(spreads)]


def test_posterior_of_a_normal_model_is_the_exact_one() -> None:
    """Conjugate: precisions add up, and the mean is weighted by them. Scores' products stand in for the information, so to a few per cent."""
    random = np.random.default_rng(1)
    values = 0.7 + 2.0 * random.standard_normal(4000)
    found = fit(of(0.5), normal(values, 2.0, np.ones((4000, 1))))
    precision = 1 / 0.25 + 4000 / 4.0
    assert found.mode[0] == pytest.approx(values.sum() / 4.0 / precision, abs=2e-3)
    assert found.deviation[0] == pytest.approx(precision**-0.5, rel=0.05)
    assert found.settled and found.identified.all()


def test_what_records_say_nothing_about_keeps_its_value_and_the_others_answer_for_it() -> None:
    """Two parameters of which only the sum is seen; the second has a narrow prior: it keeps 0, and the first takes all of the sum."""
    random = np.random.default_rng(2)
    values = 1.0 + random.standard_normal(2000)
    found = fit(of(1.0, 0.2), normal(values, 1.0, np.ones((2000, 2))))
    assert found.identified.tolist() == [True, False]
    assert found.mode.sum() == pytest.approx(values.mean(), abs=0.01)
    assert found.mode[1] > 0.02  # the mode shares it out as the priors are wide: 1 to 0.04
    assert found.shifts[1] == 0.0 and found.shifts[0] == pytest.approx(values.mean(), abs=0.01)


def noisy(values: NDArray[np.float64], noise: float, number: int) -> list[Any]:
    """Simulations of `normal(values, 1, 1)` whose slopes err: by a normal draw of its own for each account and simulation."""

    def one(seed: int) -> Any:
        off = noise * np.random.default_rng((9, seed)).standard_normal(len(values))
        plain = normal(values, 1.0, np.ones((len(values), 1)))
        return lambda shifts: plain(shifts) + shifts * off

    return [one(seed) for seed in range(number + 1)]


def test_the_noise_of_a_simulation_is_in_the_intervals_and_not_in_the_information() -> None:
    """1,000 accounts with records of variance 1 and slopes that err with variance 4: the mean of five simulations has variance 1,000 · 4/5."""
    values = 0.3 + np.random.default_rng(6).standard_normal(1000)
    first, *others = noisy(values, 2.0, 5)
    one = fit(of(0.2), first)
    found = with_noise(one, others)
    precision = 1 / 0.04 + 1000
    assert one.deviation[0] == pytest.approx(
        (1 / 0.04 + 5000) ** -0.5, rel=0.1
    )  # five times what there is, and no noise
    assert found.deviation[0] == pytest.approx((1 / precision + 800 / precision**2) ** 0.5, rel=0.1)
    off = sum(np.random.default_rng((9, seed)).standard_normal(1000).sum() for seed in range(1, 6)) * 2.0 / 5
    assert found.mode[0] == pytest.approx((values.sum() + off) / precision, abs=0.01)
    assert found.steps == one.steps + 1


def test_where_noise_drowns_what_is_known_the_prior_is_left() -> None:
    """Slopes that err a hundred times as much as the records say: no interval is wider than the prior's, and no value flies off."""
    values = 0.3 + np.random.default_rng(6).standard_normal(1000)
    _, *others = noisy(values, 3000.0, 4)
    one = Posterior(of(0.2), np.array([0.5]), np.array([[0.01]]), 1, True)
    found = with_noise(one, others)
    assert 0.18 < found.deviation[0] <= 0.2 and abs(found.mode[0]) < 0.15


def test_without_noise_nothing_is_added() -> None:
    values = np.random.default_rng(7).standard_normal(800) + 0.5
    plain = normal(values, 1.0, np.ones((800, 1)))
    one = fit(of(0.5), plain)
    found = with_noise(one, [plain, plain])
    assert found.covariance == pytest.approx(one.covariance) and found.mode == pytest.approx(one.mode, abs=0.01)


def test_noise_of_an_interrupted_fit_is_not_reckoned_again(tmp_path: Path) -> None:
    values, calls = np.random.default_rng(8).standard_normal(300), []
    one = fit(of(0.5), normal(values, 1.0, np.ones((300, 1))))

    def counted(simulation: Any) -> Any:
        def log_likelihood(shifts: NDArray[np.float64]) -> Any:
            calls.append(1)
            return simulation(shifts)

        return log_likelihood

    each = [counted(simulation) for simulation in noisy(values, 1.0, 2)]
    memory = Memory(Kept(tmp_path / "steps.jsonl"), "a")
    first, again = with_noise(one, each, memory=memory), with_noise(one, each, memory=memory)
    assert len(calls) == 3 and (first.mode, first.covariance) == (again.mode, again.covariance)


def test_an_interrupted_search_goes_on_where_it_was(tmp_path: Path) -> None:
    """The slopes of finished steps are read, not reckoned again, and the end is the same to the last digit."""
    values, calls = np.random.default_rng(4).standard_normal(500) + 2.0, []
    plain = normal(values, 1.0, np.ones((500, 1)))

    def counted(shifts: NDArray[np.float64]) -> NDArray[np.float64]:
        if len(shifts) > 1:
            calls.append(shifts[0].tolist())
        return plain(shifts)

    file = tmp_path / "steps.jsonl"
    first = fit(of(0.5), counted, most_steps=1, memory=Memory(Kept(file), "a"))
    done = len(calls)
    whole = fit(of(0.5), counted, memory=Memory(Kept(file), "a"))
    assert done == 2 and len(calls) == len({tuple(call) for call in calls})  # no step is reckoned twice
    alone = fit(of(0.5), plain)
    assert (whole.mode, whole.covariance) == (alone.mode, alone.covariance) and first.steps == 1
    other = len(calls)
    fit(of(0.5), counted, memory=Memory(Kept(file), "b"))  # of other records
    assert len(calls) == 2 * other


def test_intervals_hold_nine_in_ten() -> None:
    found = Posterior(of(1.0), np.array([0.3]), np.array([[0.04]]), 1, True)
    low, high = found.interval()[0]
    assert (round(low, 3), round(high, 3)) == (-0.029, 0.629)
    draws = found.draws(20_000, np.random.default_rng(3))[:, 0]
    assert np.mean((draws > low) & (draws < high)) == pytest.approx(0.9, abs=0.01)


def told(data: Histories, employed: bool = True) -> tuple[float, float, float]:
    """Bounds of the means of the only account, and the log of the weight of contradictions."""
    (record,) = records_of(HOME.world, [], np.zeros((1, 0)))
    works = np.full(len(data.rows), employed)
    return means.bounds(record, data.accounts[0], data.rows, 0, len(data.rows), data.contacts, works, hidden.NEVER_ENDS)  # type: ignore[no-any-return]


def promise(amount: float, number: int = 0) -> dict[str, Any]:
    return {"date": day(number), **CALL, "outcome": "promise", "promise_amount": amount, "promise_due": day(number + 5)}


QUIET = {"date": day(0), **CALL, "outcome": "no_answer"}


def test_amounts_bound_the_means() -> None:
    """A promise of a part is of two months' means, give or take 2 %; one of all is made where three months' would do; a part payment is 10 to 70 %."""
    income = laid_out([QUIET], []).accounts["income"][0]
    assert told(laid_out([QUIET], [])) == (0.0, income, 0.0)
    assert told(laid_out([promise(300.0)], [])) == pytest.approx((147.0, 153.0, 0.0))
    assert told(laid_out([promise(1000.0)], [])) == pytest.approx((1000.0 / 3, income, 0.0))
    without = HOME.world.behaviour.jobless_income
    assert told(laid_out([promise(300.0)], []), False) == pytest.approx(
        (147.0 / without, min(153.0 / without, income), 0.0)
    )
    paid = {"date": day(2), "kind": "voluntary"}
    assert told(laid_out([QUIET], [{**paid, "amount": 70.0}])) == pytest.approx((100.0, 700.0, 0.0))
    # The promise says 147 to 153: 100.00 are 65 % of it, and 200.00 are more than can be.
    assert told(laid_out([promise(300.0)], [{**paid, "amount": 100.0}]))[:2] == pytest.approx((147.0, 153.0))
    assert told(laid_out([promise(300.0)], [{**paid, "amount": 200.0}])) == pytest.approx(
        (147.0, 153.0, math.log(0.01))
    )


def test_draws_moved_to_within_bounds_stand_for_all_that_lie_there() -> None:
    """Weights average to the share of all draws within the bounds, and weighted draws are a truncated normal; by SciPy."""
    (account,) = laid_out([QUIET], []).accounts
    (record,) = records_of(HOME.world, [], np.zeros((1, 0)))
    p, income, centre = HOME.world.behaviour, float(account["income"]), 0.2
    at = (np.arange(20_000) + 0.5) / 20_000
    for low, high in ((0.1, 0.25), (0.0, 0.02), (0.3, 1.0), (0.0200, 0.0204)):
        found = [means.moved(record, account, centre, z, low * income, high * income) for z in norm.ppf(at)]
        disposable, weight = np.array(found).T
        assert disposable.min() >= low * income * (1 - 1e-9) and disposable.max() <= high * income * (1 + 1e-9)
        with np.errstate(divide="ignore"):
            ends = [(np.log(x) - np.log1p(-x) - p.ability_mean) / p.ability_spread - centre for x in (low, high)]
        assert np.exp(weight).mean() == pytest.approx(norm.cdf(ends[1]) - norm.cdf(ends[0]), rel=2e-3)
        z = (np.log(disposable / (income - disposable)) - p.ability_mean) / p.ability_spread - centre
        assert np.average(z, weights=np.exp(weight)) == pytest.approx(truncnorm(*ends).mean(), abs=2e-3)
    assert means.moved(record, account, centre, 0.7, 0.0, income)[1] == 0.0  # no bound, no weight


def test_a_promise_of_a_part_tells_of_the_means_that_keep_it() -> None:
    """Odds of kept to broken of 300.00 out of 1,000.00: two months' means were promised, so three are half as much again, whoever promised."""
    world = with_shifts(HOME.world, [PARAMETER["keep_liquidity"]], np.array([1.5]))
    still = {"jobless_share": 0.0, "job_loss_monthly": 0.0, "keep_willingness": 0.0, "pay_base": -20.0}
    world = world.model_copy(update={"behaviour": world.behaviour.model_copy(update=still)})
    values = []
    for payments in ([{"date": day(5), "amount": 300.0, "kind": "promise"}], []):
        other = {"account_id": "other", "date": day(1), "amount": 1.0, "kind": "promise"}
        tables = log(CONTACTS, promise(300.0)), log(PAYMENTS, *payments, other)
        data = histories(world, HOME.rules, one_account(dpd=0), *tables, START, START + timedelta(days=5))
        likelihoods = Likelihoods(data)
        nodes, weights = likelihoods.reachability(world)
        record = records_of(world, [], np.zeros((1, 0)))
        values.append(likelihoods.response(record, np.ones(1, np.bool_), world, nodes, weights, 200)[0, 0])
    p = world.behaviour
    odds = p.keep_base + p.keep_liquidity * math.log(1.5) - p.keep_age * math.log(1 + 5 / 90)
    assert values[0] - values[1] == pytest.approx(odds, abs=0.02)  # means within 2 % either way


def test_a_part_payment_weighs_by_its_density() -> None:
    """500 a month: any amount from 50 to 350 alike, so 1/300 per unit of currency; a claim of 200 is paid in full by half of the draws."""
    assert means.log_of_part(500.0, 120.0, 1000.0) == pytest.approx(math.log(1 / 300))
    assert means.log_of_part(500.0, 400.0, 1000.0) == pytest.approx(
        math.log(1 / 1000)
    )  # it cannot be, and tells nothing
    assert means.chance_of_more(500.0, 200.0) == pytest.approx(0.5)
    assert means.log_of_part(40.0, 10.0, 1000.0) == pytest.approx(
        math.log((10 - 4) / 24)
    )  # what is less comes as 10.00


def test_a_past_without_a_chance_is_flat() -> None:
    """The sum of past days is broken off beyond 40 and would jump there: a slope of the likelihood would be a jump over a small step."""
    (account,) = laid_out([QUIET], []).accounts
    account["dpd0"] = 300
    (record,) = records_of(HOME.world, [], np.zeros((1, 0)))
    found = np.array([hidden._past(record, account, willingness, 5000.0) for willingness in np.arange(0.0, 6.0, 0.002)])
    assert found.max() == 40.0 and np.diff(found).min() >= 0.0 and np.diff(found).max() < 0.5


def slopes(world: Any, data: Histories, groups: int = 12) -> dict[str, float]:
    """Of each parameter of the response the slope of the log-likelihood in a world, in standard deviations of chance."""
    parameters = movable(world, Block.RESPONSE, cards=set((data.accounts["minimum_due"] > 0).tolist()))
    likelihoods = Likelihoods(data)
    nodes, weights = likelihoods.reachability(world)
    steps = np.diag([0.001 * one.spread for one in parameters])
    variants = records_of(world, parameters, np.vstack([np.zeros(len(parameters)), steps]))
    hazards = np.array([True, *(one.hazard for one in parameters)])
    found = likelihoods.response(variants, hazards, world, nodes, weights, groups)
    each = (found[1:] - found[0]) / 0.001  # in units of the prior's spread
    # The prior's information counts too: of what hardly ever happens the products of slopes say nothing.
    scaled = each.sum(axis=1) / np.sqrt((each**2).sum(axis=1) + 1.0)
    return dict(zip((one.name for one in parameters), scaled, strict=True))


@pytest.fixture(scope="module")
def records() -> LenderRecords:
    true = HOME.with_world(TRUE_WORLD)
    return simulate_records(true, "staged", HOME.portfolio(400, 11), 11, DAYS, 0.3)


@pytest.fixture(scope="module")
def data(records: LenderRecords) -> Histories:
    return histories(HOME.world, HOME.rules, records.portfolio, records.contacts, records.payments, *records.days())


def test_all_that_was_paid_is_on_some_day(records: LenderRecords, data: Histories) -> None:
    """Accounts that were sued leave, so what they pay later is not there; nothing else may lack."""
    sued = (
        records.contacts.loc[records.contacts["legal"] == "suit", ["account_id", "date"]]
        .groupby("account_id")["date"]
        .min()
    )
    first = records.payments["account_id"].map(sued)
    counted = records.payments[first.isna() | (records.payments["date"] < first)]
    assert data.rows["paid"].sum() == pytest.approx(counted["amount"].sum())


def test_the_true_world_expects_what_happened(data: Histories) -> None:
    """No parameter is fitted: the model of records and the simulator are two programs, and agree on every kind of chance."""
    found = check(Fitted(TRUE_WORLD, {}, 16), data, 0, draws=1, groups=16)
    assert found.judged >= 15
    assert found.fits, found.missed


def test_slopes_at_the_truth_are_chance(data: Histories) -> None:
    """Scores have mean 0 at the true values. Of 35 the largest is beyond 3.5 deviations once in sixty."""
    found = slopes(TRUE_WORLD, data)
    assert len(found) > 30 and max(map(abs, found.values())) < 3.5, found


def test_a_wrong_world_is_told_apart(data: Histories) -> None:
    """The scenario's own collectors reach a third fewer than those of the records."""
    found = check(Fitted(HOME.world, {}, 4), data, SINCE, draws=1, groups=4)
    missed = {measure.name: measure for measure in found.missed}
    assert not found.fits and "reached by collector" in missed
    assert missed["reached by collector"].recorded > missed["reached by collector"].high


def test_likelihood_of_one_quiet_day_is_an_average_over_traits() -> None:
    """One account on its first day past due, without a contact, that does not pay: E exp(−rate), by another quadrature and formula."""
    portfolio = one_account(
        dpd=0, payday=20, credit_score=580.0, early_warning=0.5, prior_delinquencies=1, monthly_income=6500.0
    )
    nobody = log(CONTACTS, {"account_id": "other", "date": day(0), **CALL})
    data = histories(HOME.world, HOME.rules, portfolio, nobody, log(PAYMENTS), START, START + timedelta(days=1)).before(
        1
    )
    likelihoods = Likelihoods(data)
    nodes, weights = likelihoods.reachability(HOME.world)
    record = records_of(HOME.world, [], np.zeros((1, 0)))
    found = likelihoods.response(record, np.ones(1, np.bool_), HOME.world, nodes, weights, 20_000)[0, 0]
    p, random = HOME.world.behaviour, np.random.default_rng(5)
    size = 400_000
    willing = p.willingness_prior * (1 - HOME.world.population.prior_delinquencies_mean) + random.standard_normal(size)
    share = 1 / (1 + np.exp(-(p.ability_mean + p.ability_spread * random.standard_normal(size))))
    means = 6500.0 * share * np.where(random.random(size) < p.jobless_share, p.jobless_income, 1.0)
    attention = p.salience_floor + (1 - p.salience_floor) * 0.5 * random.random(size)
    # The 3rd of March is 13 days (of a month of 30) after a payday on the 20th: no effect of payday.
    x = p.pay_base + p.pay_willingness * willing + p.pay_liquidity * np.clip(np.log(3 * means / 1000.0), -3, 3)
    x += p.pay_salience * attention
    assert found == pytest.approx(math.log(np.mean(np.exp(-np.exp(np.minimum(x, 2.0))))), abs=0.02)


def test_reach_is_averaged_over_who_is_hard_to_reach_and_wrong_numbers() -> None:
    """Three calls on a Monday morning, of which one reaches: by a sum over a fine grid instead of nodes."""
    contacts = [{"date": day(7 * n), **CALL, "outcome": "reached" if n == 1 else "no_answer"} for n in range(3)]
    data = laid_out(contacts, [], 16)
    record = records_of(HOME.world, [], np.zeros((1, 0)))
    found = Likelihoods(data).reach(record)[0, 0]
    p = HOME.world.behaviour
    z = np.linspace(-8, 8, 4001)
    density = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi) * (z[1] - z[0])
    fatigue = [0.0]
    for _ in range(2):
        fatigue.append((fatigue[-1] + p.fatigue_gain.collector) * 0.5 ** (7 / p.fatigue_half_life))
    chance = [
        np.minimum(p.reach.collector * np.exp(p.reach_spread * z - p.reach_avoidance * f) * (1 + dpd / 90) ** -p.reach_age_decay * p.reach_by_window.morning, 0.95)
        for f, dpd in zip(fatigue, (10, 17, 24), strict=True)
    ]  # fmt: skip
    right = np.sum(density * (1 - chance[0]) * chance[1] * (1 - chance[2]))
    assert found == pytest.approx(math.log((1 - p.wrong_number) * right), abs=1e-3)


def test_no_number_depends_on_threads(data: Histories) -> None:
    response = movable(HOME.world, Block.RESPONSE)[:2]
    variants = records_of(HOME.world, response, np.array([[0.0, 0.0], [0.1, 0.0]]))
    found = []
    for threads in (1, 3):
        likelihoods = Likelihoods(data, threads)
        nodes, weights = likelihoods.reachability(HOME.world)
        found.append(likelihoods.response(variants, np.ones(2, np.bool_), HOME.world, nodes, weights, 4))
    assert np.array_equal(found[0], found[1])
    assert hidden.GROUPS >= 4 and direct.NODES >= 5


def test_a_known_world_is_found_again(data: Histories) -> None:
    """Four parameters were moved far from where the search begins; what was not moved may not be off by four deviations either."""
    fitted = fit_world(HOME.world, data, groups=8)
    found = {
        parameter.name: (mode, deviation)
        for posterior in fitted.posteriors.values()
        for parameter, mode, deviation in zip(posterior.parameters, posterior.mode, posterior.deviation, strict=True)
    }
    for name, (mode, deviation) in found.items():
        assert abs(mode - MOVED.get(name, 0.0)) < 4.0 * deviation, name
    for name in ("reach.collector", "dispute", "pay_salience"):
        assert abs(found[name][0]) > 2.0 * found[name][1] and found[name][0] > MOVED[name] / 2, name
    assert all(posterior.settled for posterior in fitted.posteriors.values())


@pytest.mark.slow
@pytest.mark.parametrize("world", ["china-consumer", "uk-loans", "taiwan-cards"])
def test_intervals_hold_the_truth_about_as_often_as_they_say(world: str) -> None:
    """Three true worlds from the priors, as benchmarks/calibrate_recovery.py draws twenty: about 150 intervals of 90 %."""
    from benchmarks.calibrate_recovery import measure

    found = [row for repetition in range(100, 103) for row in measure(world, repetition, 400, 40)["parameters"]]
    held = [abs(row["mode"] - row["truth"]) <= 1.645 * row["deviation"] for row in found]
    assert 0.8 <= np.mean(held) <= 0.97
    # What is learned comes closer to the truth than the scenario's own values are.
    learned = [row for row in found if row["left"] < 0.5]
    off = [
        np.mean([(row["truth"] - value(row)) ** 2 / row["spread"] ** 2 for row in learned])
        for value in (lambda row: row["mode"], lambda row: 0.0)
    ]
    assert len(learned) > 30 and off[0] < 0.3 * off[1]


def test_moments_of_a_linear_world_give_the_exact_posterior() -> None:
    """Three moments, two parameters: the closed form of a normal linear model."""
    slopes, recorded = np.array([[1.0, 0.0], [1.0, 1.0], [0.0, 2.0]]), np.array([0.4, 0.9, 1.5])
    covariance, parameters = np.diag([0.01, 0.04, 0.09]), of(1.0, 0.5)
    found = fit_moments(parameters, lambda shifts: slopes @ shifts, recorded, covariance)
    precision = slopes.T @ np.linalg.inv(covariance) @ slopes + np.diag([1.0, 4.0])
    assert np.allclose(found.covariance, np.linalg.inv(precision))
    assert np.allclose(found.mode, np.linalg.solve(precision, slopes.T @ np.linalg.inv(covariance) @ recorded))


def test_messages_are_fitted_only_where_the_log_says_which_were_read(data: Histories) -> None:
    assert not data.reads_known
    names = {parameter.name for parameter in movable(HOME.world, Block.REACH)}
    assert "reach.collector" in names and "reach.wechat" not in names
    assert "reach.wechat" in {parameter.name for parameter in movable(HOME.world, Block.REACH, reads_known=True)}
    uk = load_scenario("uk-loans").world  # has no wechat
    assert "reach.wechat" not in {parameter.name for parameter in movable(uk, Block.REACH, reads_known=True)}


def card(minimum: float = 0.05, **changed: Any) -> Histories:
    """A card of 1,000.00, 10 days past due, in a world that asks for so much of it each month."""
    world = CARDS.world.model_copy(
        update={"cards": CARDS.world.cards.model_copy(update={"minimum": minimum}), "annual_rate": 0.0}
    )
    table = CARDS.portfolio(1, 1).table.assign(account_id="a", opening_balance=1000.0, dpd=10, early_warning=0.4)
    payments = [{"date": day(number), "amount": amount, "kind": "voluntary"} for number, amount in changed["paid"]]
    return histories(
        world,
        CARDS.rules,
        Portfolio(table, "card"),
        log(CONTACTS, QUIET),
        log(PAYMENTS, *payments),
        START,
        START + timedelta(days=89),
    )


def test_a_card_owes_a_minimum_a_month_ages_back_with_each_and_leaves_when_cured() -> None:
    """Day 21 is its 31st past due: a second minimum of 50. 50 on day 25 take a month off; on day 51 the second falls due again; 100 cure it."""
    rows = card(paid=[(25, 50.0), (60, 100.0)]).rows
    assert len(rows) == 61
    assert rows["arrears"][[0, 20, 21, 25, 26, 50, 51, 60]].tolist() == [50, 50, 100, 100, 50, 50, 100, 100]
    assert rows["dpd"][[0, 21, 25, 26, 51, 60]].tolist() == [10, 31, 35, 6, 31, 40]
    assert rows["claim"][[0, 26, 60]].tolist() == [1000.0, 950.0, 950.0] and set(rows["minimum"]) == {50.0}
    assert rows["again"][[25, 26, 54, 55]].tolist() == [0, 1, 1, 0]
    assert rows["happened"].nonzero()[0].tolist() == [25, 60] and not rows["full"].any()


@pytest.mark.parametrize(
    ("income", "outcomes"),
    [
        # Three minimums of 50 are overdue. Three months' means pay all of it; all but one of them; something between; a part of it; nothing.
        (60.0, {150.0: "clears", 100.0: "not"}),
        (40.0, {120.0: "clears", 100.0: "not"}),
        (25.0, {75.0: "any"}),
        (10.0, {50.0: "any"}),
    ],
)
def test_what_is_paid_on_a_card_by_hand(income: float, outcomes: dict[float, str]) -> None:
    (record,) = records_of(CARDS.world, [], np.zeros((1, 0)))
    clears = 1 / (1 + math.exp(-(CARDS.world.cards.clear - 2 * CARDS.world.cards.clear_months)))
    chances = {"clears": clears, "not": 1 - clears, "any": 1.0}
    for amount, kind in outcomes.items():
        low, high = cards.bounds(record, amount, 150.0, 50.0)
        assert low <= income <= high, amount
        assert math.exp(cards.log_of_amount(record, income, amount, 150.0, 50.0)) == pytest.approx(chances[kind]), (
            amount
        )
    for amount in {150.0, 120.0, 100.0, 75.0, 50.0} - set(outcomes):
        low, high = cards.bounds(record, amount, 150.0, 50.0)
        assert not low <= income <= high, amount
    whole = CARDS.world.cards.whole
    mean = sum(
        chances[kind] * (amount if amount < 150.0 else 1000.0 * whole + (1 - whole) * amount)
        for amount, kind in outcomes.items()
    )
    cleared, all_of_it, expected, _ = cards.expected(record, income, 1000.0, 150.0, 50.0)
    assert expected == pytest.approx(mean)
    assert cleared == pytest.approx(clears if 150.0 in outcomes else 0.0) and all_of_it == pytest.approx(
        cleared * whole
    )


def test_one_minimum_is_found_somehow_and_tells_nothing() -> None:
    (record,) = records_of(CARDS.world, [], np.zeros((1, 0)))
    assert cards.bounds(record, 50.0, 50.0, 50.0) == (0.0, math.inf)
    assert cards.log_of_amount(record, 1.0, 50.0, 50.0, 50.0) == 0.0
    whole = CARDS.world.cards.whole
    assert cards.log_of_payment(record, 1.0, 50.0, False, 1000.0, 50.0, 50.0) == pytest.approx(math.log(1 - whole))
    assert cards.log_of_payment(record, 1.0, 1000.0, True, 1000.0, 50.0, 50.0) == pytest.approx(math.log(whole))


@pytest.fixture(scope="module")
def card_data() -> Histories:
    records = simulate_records(CARDS, "staged", CARDS.portfolio(300, 5), 5, DAYS, 0.3)
    return histories(CARDS.world, CARDS.rules, records.portfolio, records.contacts, records.payments, *records.days())


def test_the_true_world_of_cards_expects_what_happened(card_data: Histories) -> None:
    found = check(Fitted(CARDS.world, {}, 8), card_data, 0, draws=1, groups=8)
    assert found.judged >= 12 and "arrears cleared" in {measure.name for measure in found.measures}
    assert found.fits, found.missed


def test_slopes_at_the_truth_of_cards_are_chance(card_data: Histories) -> None:
    found = slopes(CARDS.world, card_data)
    assert {"cards.pay", "cards.again", "cards.clear", "cards.whole"} <= set(found) and "pay_base" not in found
    assert max(map(abs, found.values())) < 3.5, found


def test_parameters_of_cards_are_fitted_where_there_are_any() -> None:
    def names(world: Any, cards: set[bool] | None = None) -> set[str]:
        return {parameter.name for parameter in movable(world, Block.RESPONSE, cards=cards)}

    assert "cards.pay" not in names(HOME.world) and "pay_base" in names(HOME.world)
    assert "cards.pay" in names(CARDS.world) and "pay_base" not in names(CARDS.world)
    assert {"cards.pay", "pay_base"} <= names(CARDS.world, {True, False}) and "cards.pay" not in names(
        CARDS.world, {False}
    )


@pytest.fixture(scope="module")
def lender(records: LenderRecords, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lender")
    few = Portfolio(records.portfolio.table.iloc[:80], "few")
    dataclasses.replace(records, portfolio=few).write(folder)
    return folder


def options(lender: Path) -> list[str | Path]:
    return [
        word for name in ("portfolio", "contacts", "payments") for word in (f"--{name}", lender / f"{name}.parquet")
    ]


def test_command_writes_a_scenario_that_every_command_reads(lender: Path, tmp_path: Path) -> None:
    out = tmp_path / "My World.yaml"
    done = recoup("calibrate", *options(lender), "--groups", "4", "--out", out)
    assert done.returncode in (0, 1) and not done.stderr, done.stderr
    content = CALIBRATION_FILE.read(tmp_path / "My World")
    assert done.returncode == (content["fits"] is False)
    assert content["accounts"] == 80 and content["held_out_days"] == 13  # a third of 40
    assert content["first_day"] == "2025-03-03" and content["last_day"] == "2025-03-29"
    written = load_scenario(str(out))
    assert written.name == "my-world" and written.rules == HOME.rules
    said = [note for note in written.notes if note not in HOME.notes]
    assert [note.code for note in said][:1] == [f"fitted_{content['verdict']}"] and said[-1].code == "fitted_assumed"
    for row in content["parameters"]:
        place = PARAMETER[row["name"]].places[0]
        now = value_at(written.world, place)
        assert now == pytest.approx(row["value"] if row["identified"] else row["default"], rel=1e-3), row["name"]
        if row["identified"]:
            assert "90 % interval" in written.sources[f"world.behaviour.{place}"][0]
    assert content["unknown"] and all(any(name in str(note) for note in written.notes) for name in content["unknown"])
    assert "salience_half_life" in content["assumed"]
    for picture in ("parameters.svg", "measures.svg"):
        assert (tmp_path / "My World" / picture).read_text().startswith("<?xml")
    names = set(pd.read_parquet(lender / "portfolio.parquet")["account_id"].astype(str))
    text = out.read_text() + json.dumps(content)
    assert not any(f'"{name}"' in text or f"'{name}'" in text for name in names)
    again = recoup(
        "compare",
        "-s",
        str(out),
        "-p",
        "simple",
        "-p",
        "no-contact",
        "--accounts",
        "5",
        "--days",
        "3",
        "--seeds",
        "1",
        "--no-why",
        "--out",
        tmp_path / "run",
    )
    assert again.returncode == 0, again.stderr


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (["--hold-out", "39"], "--hold-out: got 39"),
        (["--out", "world"], "a name that ends in .yaml"),
        (["--until", "2020-01-01"], "--until"),
        (["--ray", "auto"], "--ray"),
    ],
)
def test_what_cannot_be_fitted_is_one_line(lender: Path, change: list[str], message: str) -> None:
    done = recoup("calibrate", *options(lender), *change)
    assert done.returncode == 2 and len(done.stderr.splitlines()) == 1
    assert message in done.stderr, done.stderr


def test_cards_are_written_as_a_scenario(tmp_path: Path) -> None:
    records = simulate_records(CARDS, "staged", CARDS.portfolio(60, 5), 5, 30, 0.3)
    records.write(tmp_path)
    out = tmp_path / "cards.yaml"
    done = recoup("calibrate", "-s", "taiwan-cards", *options(tmp_path), "--groups", "4", "--out", out)
    assert done.returncode in (0, 1) and not done.stderr, done.stderr
    content = CALIBRATION_FILE.read(tmp_path / "cards")
    written = load_scenario(str(out))
    rows = {row["name"]: row for row in content["parameters"]}
    assert rows["cards.again"]["value"] == pytest.approx(written.world.cards.again, rel=1e-3)
    assert "90 % interval" in written.sources["world.cards.again"][0]
    assert {"cards.minimum", "cards.means"} <= set(content["assumed"])


def test_all_three_tables_are_needed(lender: Path) -> None:
    done = recoup("calibrate", "--portfolio", lender / "portfolio.parquet", "--contacts", lender / "contacts.parquet")
    assert done.returncode == 2 and "--payments" in done.stderr


def test_records_of_other_accounts_are_refused(lender: Path, tmp_path: Path) -> None:
    table = pd.read_parquet(lender / "portfolio.parquet")
    table.assign(account_id="x" + table["account_id"].astype(str)).to_parquet(tmp_path / "portfolio.parquet")
    done = recoup("calibrate", *options(lender)[2:], "--portfolio", tmp_path / "portfolio.parquet")
    assert done.returncode == 2 and "an account of " in done.stderr
