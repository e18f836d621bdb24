"""What is left at the horizon: each kind of claim by hand, a book of six accounts to the cent, and the reward of the last day."""

from __future__ import annotations

from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recoup.agents.training.objective import Meter, Objective
from recoup.experiments.comparison.measures import MEASURE
from recoup.experiments.comparison.rollout import Rollout
from recoup.sim.account import ACCOUNT, NEVER, Stage, Status
from recoup.sim.envs.account import AccountEnv
from recoup.sim.envs.portfolio import PortfolioVectorEnv
from recoup.sim.horizon import value_left
from recoup.sim.parameters import Horizon, PriceAtAge
from tests.second.money import worth_at_the_end
from tests.second.state import Debtor
from tests.worked.tiny import HOME, SURE, day, days, debtors, simulate, world

# 0.50 up to 10 days past due, 0.20 at 110, 0.04 from 510 on.
TERMS = Horizon(
    prices=[PriceAtAge(dpd=10, price=0.5), PriceAtAge(dpd=110, price=0.2), PriceAtAge(dpd=510, price=0.04)],
    plan_kept=0.6,
    promise_kept=0.5,
    judgment_yield=0.1,
    cured=0.8,
)
WORLD = world(horizon=TERMS, behaviour={"swap_price": 0.7})
V1 = 1.08 ** (-1 / 365)


def left(of=WORLD, dpd=110, balance=10_000, **state):
    """What is left of one claim of so many whole units, on the morning of day 0."""
    simulation = simulate(of, debtors(balance, dpd=dpd))
    for name, value in state.items():
        simulation.accounts[name] = value
    return simulation.value_left().tolist()[0]


@pytest.mark.parametrize(
    ("dpd", "price"),
    [(0, 0.5), (10, 0.5), (60, 0.35), (110, 0.2), (210, 0.16), (310, 0.12), (510, 0.04), (1_400, 0.04)],
)
def test_an_untouched_claim_is_worth_its_price_by_age(dpd, price):
    assert left(dpd=dpd) == round(1_000_000 * price)


def test_its_age_is_that_of_the_morning_after():
    simulation = simulate(world(horizon=TERMS, annual_rate=0.0), debtors(10_000, dpd=10))
    days(simulation, 50)  # 60 days past due now
    assert simulation.value_left().tolist() == [350_000]
    assert simulation.value_left(day=100).tolist() == [200_000]


def test_half_a_cent_is_rounded_up():
    assert left(dpd=510, balance=0.13) == 1  # 0.52 cents
    assert left(dpd=310, balance=0.04) == 0  # 0.48 cents


def test_a_plan_is_worth_what_it_should_bring_in_the_middle_of_its_term():
    # Six instalments are left: 180 days, the middle after 90. 0.6 · 6,000.00 · 1.08^(−90/365); ln 1.08 · 90/365 = 0.01897670,
    # e^−0.01897670 = 0.98120223: 3,532.33.
    assert left(balance=6_000, plan_months=12, plan_left=6) == 353_233
    # Twelve: the middle after 180 days, 0.98120223² = 0.96275782. (360 days are more than the byte of `plan_left` holds.)
    assert left(balance=6_000, plan_months=12, plan_left=12) == 346_593


def test_a_broken_plan_is_worth_nothing_more_than_the_claim():
    assert left(balance=6_000, plan_months=0, plan_left=6) == 120_000


def test_a_promise_brings_its_amount_half_the_time_and_what_it_leaves_is_sold():
    # 1,000.00 of 4,000.00: half of it is expected, 3,500.00 are sold at 0.20.
    assert left(balance=4_000, promise_due=5, promise_amount=100_000) == 50_000 + 70_000


def test_a_promise_of_more_than_is_owed_brings_what_is_owed():
    assert left(balance=800, promise_due=5, promise_amount=100_000) == 40_000 + 8_000


def test_a_settlement_that_is_kept_leaves_nothing_to_sell():
    # 3,200.00 for 4,000.00: half of it, and half the time the whole claim at 0.20.
    terms = {"promise_due": 5, "promise_amount": 320_000, "promise_discount": 0.2}
    assert left(balance=4_000, **terms) == 160_000 + 40_000


def test_an_asset_agreed_on_brings_its_sale_half_the_time_and_counts_in_full_against_the_claim():
    # An asset of 3,000.00 for 4,000.00: sold for 2,100.00, and 1,000.00 are left to sell at 0.20; half the time the whole claim is sold.
    assert left(balance=4_000, promise_due=5, promise_amount=300_000, promise_swap=1) == 105_000 + 10_000 + 40_000


def test_a_promise_that_has_fallen_due_counts_no_more():
    assert left(balance=4_000, promise_due=NEVER, promise_amount=100_000, promise_discount=0.2) == 80_000


@pytest.mark.parametrize(
    ("stage", "share"),
    [
        (Stage.NONE, 0.04),
        (Stage.NOTICED, 0.04),
        (Stage.QUEUED, 0.04),
        (Stage.FILED, 0.04),
        (Stage.DISMISSED, 0.04),
        (Stage.JUDGED, 0.1),
        (Stage.ENFORCING, 0.1),
        (Stage.ENFORCED, 0.04),
    ],
)
def test_a_judgment_has_its_yield_until_enforcement_is_over(stage, share):
    assert left(dpd=600, stage=stage) == round(1_000_000 * share)


def test_the_largest_value_counts_and_not_their_sum():
    plan = {"balance": 6_000, "plan_months": 12, "plan_left": 6}
    assert left(dpd=600, stage=Stage.JUDGED, **plan) == 353_233
    assert left(dpd=600, stage=Stage.JUDGED, balance=100, promise_due=5, promise_amount=400) == 1_000
    # A young claim is sold for more than a judgment should bring.
    assert left(dpd=10, stage=Stage.JUDGED) == 500_000


@pytest.mark.parametrize("status", [Status.PAID, Status.SETTLED, Status.LEFT])
def test_who_has_paid_settled_or_left_leaves_nothing(status):
    assert left(status=status, plan_months=12, plan_left=6, promise_due=5, promise_amount=100, stage=Stage.JUDGED) == 0


def test_a_cured_card_is_current_and_still_owes():
    assert left(status=Status.CURED, balance=4_000, dpd=0) == 320_000


def test_what_was_written_off_can_be_sold():
    assert left(status=Status.WRITTEN_OFF, balance=0.01, written_off=300_000, dpd=310) == 36_000


def test_without_the_section_nothing_is_left():
    assert left(of=world(), plan_months=12, plan_left=6) == 0


# --- a book ---------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def book():
    """Six claims of 1,000.00, 110 days past due, without interest; two days pass, then they are 112 days past due.

    0 has paid. 1 settled for 800.00. 2 is on a plan over 3 months, nothing paid. 3 has promised 400.00. 4 is left alone.
    5, 398 days older, is written off on day 1, at 510 days past due or more.
    """
    made = world(horizon=TERMS, annual_rate=0.0, write_off_dpd=509, behaviour={"plan_base": SURE})
    simulation = simulate(made, debtors(*[1_000] * 6, dpd=[110, 110, 110, 110, 110, 508]))
    a = simulation.accounts
    a["promise_due"] = [0, 0, NEVER, 9, NEVER, NEVER]
    a["promise_amount"] = [100_000, 80_000, 0, 40_000, 0, 0]
    a["promise_discount"] = [0, 0.2, 0, 0, 0, 0]
    a["plan_months"][2] = a["plan_left"][2] = 3
    a["plan_amount"][2] = 33_334
    day(simulation)
    day(simulation)
    return simulation


# 112 days past due: 0.20 − 0.16 · 2/400 = 0.1992. The plan: 45 days to the middle, e^(−0.076961041 · 45/365) = 0.99055653,
# · 0.6 · 100,000 = 59,433.4. The promise: 20,000 + 0.1992 · 80,000 = 35,936. Written off, 510 days past due now: 0.04.
BOOK = [0, 0, 59_433, 35_936, 19_920, 4_000]


def test_the_book_to_the_cent(book):
    table = book.accounts_table()
    assert table["status"].tolist() == ["paid", "settled", "open", "open", "open", "written_off"]
    assert table["horizon_value"].tolist() == BOOK
    assert table["discounted_horizon_value"].tolist() == pytest.approx([value * V1**2 for value in BOOK], rel=1e-12)


def test_the_measures_of_the_book(book):
    run = Rollout(book.accounts_table(), book.daily_table(), {}, {}, 2)
    assert MEASURE["value_at_horizon"].of(run, run.accounts) == pytest.approx(119_289 / 600_000, rel=1e-12)
    assert MEASURE["recovery_rate"].of(run, run.accounts) == pytest.approx(180_000 / 600_000)  # cash stays cash
    staff = (36_800 + 63_000) * (1 + V1)  # one collector and one specialist wait for two days
    net = 180_000 - staff + 119_289 * V1**2
    assert MEASURE["npv_rate"].of(run, run.accounts) == pytest.approx(net / 600_000, rel=1e-12)
    written_off = run.accounts[run.accounts["status"] == "written_off"]
    assert MEASURE["value_at_horizon"].of(run, written_off) == pytest.approx(0.04)


# --- rewards --------------------------------------------------------------------------------------------------------------

PORTFOLIO = debtors(1_000, 3_000, 11_000, dpd=110)
MEAN = 500_000


def stepping(made, portfolio=PORTFOLIO, **options):
    env = PortfolioVectorEnv(made, HOME.rules, portfolio, 3, **({"days": 4, "fill": "cohort"} | options))
    env.reset(seed=3)
    return env


def idle(env):
    return env.step(np.zeros(3, np.int64))


STILL = world(horizon=TERMS, annual_rate=0.0)
PRICE = 0.2 - 0.16 * 4 / 400  # 114 days past due


@pytest.mark.parametrize("scale", ["portfolio", "own"])
def test_the_last_day_of_a_cohort_pays_what_is_left_worth_at_entry(scale):
    env = stepping(STILL, reward_scale=scale)
    opening = env.simulation.accounts["opening"].copy()
    for _ in range(3):
        assert idle(env)[1].tolist() == [0, 0, 0]
    _, rewards, terminated, _, _ = idle(env)
    assert terminated.all() and env.left.tolist() == pytest.approx(PRICE * opening)
    over = MEAN if scale == "portfolio" else opening
    assert rewards.tolist() == pytest.approx(PRICE * opening * V1**4 / over, rel=1e-9)
    assert idle(env)[1].tolist() == [0, 0, 0] and env.left.tolist() == [0, 0, 0]


def test_a_claim_written_off_is_paid_for_that_day_at_its_price_and_worth_at_the_horizon():
    old = debtors(1_000, 3_000, 11_000, dpd=[506, 110, 110])
    env = stepping(world(horizon=TERMS, annual_rate=0.0, write_off_dpd=508), old, days=10)
    place = int(np.flatnonzero(env.simulation.accounts["dpd0"] == 506)[0])
    assert idle(env)[1].tolist() == idle(env)[1].tolist() == [0, 0, 0]
    rewards = idle(env)[1]
    assert rewards[place] == pytest.approx(0.04 * 100_000 * V1**10 / MEAN, rel=1e-9) and rewards.astype(bool).sum() == 1
    later = sum(idle(env)[1][place] for _ in range(7))
    assert later == 0.0  # not a second time at the horizon


def test_who_is_cut_short_in_a_living_portfolio_is_not_paid_for_what_is_left():
    env = stepping(STILL, fill="living", days=3)
    seen = set()
    for _ in range(7):
        opening = env.simulation.accounts["opening"].copy()
        _, rewards, terminated, truncated, _ = idle(env)
        price = 0.2 - 0.16 * 3 / 400
        wanted = np.where(terminated, price * opening * V1**3 / MEAN, 0.0)
        np.testing.assert_allclose(rewards, wanted, rtol=1e-6)
        seen |= {"terminated"} if terminated.any() else set()
        seen |= {"truncated"} if truncated.any() else set()
    assert seen == {"terminated", "truncated"}


def test_one_debtors_last_day_says_what_is_left():
    env = AccountEnv(
        STILL,
        HOME.rules,
        PORTFOLIO,
        days=4,
        others=2,
        others_policy=lambda o, m: np.zeros(3, np.int64),
        reward_scale="own",
    )
    env.reset(seed=5)
    lefts, rewards = [], []
    terminated = truncated = False
    while not (terminated or truncated):
        _, reward, terminated, truncated, info = env.step(0)
        lefts.append(info["left"])
        rewards.append(reward)
    assert terminated and lefts[:-1] == [0.0] * 3 and lefts[-1] == pytest.approx(PRICE * info["balance"])
    assert rewards == pytest.approx([0, 0, 0, PRICE * V1**4], rel=1e-9)


def test_switched_off_rewards_are_cash_less_cost_alone():
    env = stepping(world())
    rewards = [idle(env)[1].tolist() for _ in range(4)]
    assert rewards == [[0, 0, 0]] * 4


def test_a_learners_return_counts_the_same_value_on_the_same_day():
    made = world(horizon=TERMS, annual_rate=0.0, write_off_dpd=508)
    simulation = simulate(made, debtors(1_000, 3_000, 11_000, dpd=[506, 110, 110]))
    meter, objective = Meter(simulation, 10), Objective(time_weight=0.3, cost_price=1.0)
    rewards = []
    for _ in range(10):
        day(simulation)
        rewards.append(meter.read(objective).rewards)
    paid = np.array(rewards)
    price = 0.2 - 0.16 * 10 / 400
    assert paid[2].tolist() == pytest.approx([0.04 * 100_000 * V1**10 / MEAN, 0, 0], rel=1e-9)
    assert paid[9].tolist() == pytest.approx(
        [0, price * 300_000 * V1**10 / MEAN, price * 1_100_000 * V1**10 / MEAN], rel=1e-9
    )
    assert np.delete(paid, [2, 9], axis=0).tolist() == [[0, 0, 0]] * 8


# --- any claim ------------------------------------------------------------------------------------------------------------

CENTS = st.integers(1, 50_000_000)
CLAIMS = st.fixed_dictionaries(
    {
        "status": st.sampled_from([int(status) for status in Status]),
        "stage": st.sampled_from([int(stage) for stage in Stage]),
        "dpd0": st.integers(0, 3_000),
        "balance": CENTS,
        "written_off": CENTS,
        "plan_months": st.sampled_from([0, 3, 12, 24]),
        "plan_left": st.integers(1, 24),
        "promise_due": st.sampled_from([NEVER, 7]),
        "promise_amount": CENTS,
        "promise_discount": st.sampled_from([0.0, 0.1, 0.4]),
        "promise_swap": st.sampled_from([0, 0, 1]),
    }
)


def records(claims):
    accounts = np.zeros(len(claims), ACCOUNT)
    for number, claim in enumerate(claims):
        for name, value in claim.items():
            accounts[name][number] = value
    return accounts


@settings(max_examples=150, deadline=None)
@given(st.lists(CLAIMS, min_size=1, max_size=6), st.integers(0, 400))
def test_any_claim_is_worth_what_the_second_implementation_says_and_no_more_than_is_owed(claims, today):
    accounts, home = records(claims), HOME.world
    values = value_left(accounts, today, home)
    owed = np.where(accounts["status"] == Status.WRITTEN_OFF, accounts["written_off"], accounts["balance"])
    assert ((values >= 0) & (values <= owed)).all()
    assert values.tolist() == [worth_at_the_end(Debtor(account), home, today) for account in accounts]
    later = value_left(accounts, today + 30, home)
    assert (later <= values).all()
    table = SimpleNamespace(accounts=None)
    share = MEASURE["value_at_horizon"].of(table, {"horizon_value": values, "opening": np.array([1_000])})
    assert share == pytest.approx(values.sum() / 1_000)


def test_the_home_prices_lie_within_what_was_published():
    prices = [(one.dpd, one.price) for one in HOME.world.horizon.prices]

    def mean(first, last):
        ages = np.arange(first, last + 1)
        return float(np.interp(ages, *zip(*prices, strict=True)).mean())

    assert 0.08 <= mean(181, 360) <= 0.12
    assert 0.03 <= mean(361, 1_095) <= 0.05
    assert 0.015 <= mean(1_826, 3_000) <= 0.02
    assert mean(91, 365) == pytest.approx(0.126, abs=0.015)  # Yindeng, below a year
    assert mean(854, 854) == pytest.approx(0.0415)
    assert all(one[1] > other[1] for one, other in pairwise(prices))
