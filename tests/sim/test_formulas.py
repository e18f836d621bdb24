"""Every probability, every random number and every hidden trait against the second implementation of the rules.

Random inputs and random worlds; to the twelfth digit.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import Phase, assume, given, settings
from hypothesis import strategies as st

from recoup.scenarios.schema import load_scenario
from recoup.sim import behaviour, candidates, randomness, traits
from recoup.sim.account import NEVER
from recoup.sim.parameters import kernel_record
from recoup.sim.randomness import Purpose
from recoup.sim.treatments import Channel, Window
from tests.second import behaviour as second
from tests.second import draws
from tests.second.examples import any_world
from tests.second.traits import clearings_so_far, hazard_so_far, traits_of

EXAMPLES = settings(
    max_examples=60, deadline=None, derandomize=True, phases=[Phase.generate], report_multiple_bugs=False
)
WORDS = st.integers(0, 2**64 - 1)
CHANNELS = st.sampled_from([channel for channel in Channel if channel])
ODDS = st.floats(-4, 4)  # traits and effects of about a standard deviation
MONEY = st.floats(0, 1e5)
TIMES = st.integers(0, 8)
AGES = st.integers(0, 1500)  # days past due
SHARES = st.floats(0, 1)


@st.composite
def _worlds(draw):
    world = any_world(draw(st.integers(0, 2**32 - 1)))
    return world, kernel_record(world)[0]


WORLDS = _worlds()


def equal(ours, theirs):
    return ours == pytest.approx(theirs, rel=1e-12, abs=1e-13)


# --- means --------------------------------------------------------------------------------------------------------------


@EXAMPLES
@given(world=WORLDS, disposable=MONEY, employed=st.booleans(), stress=ODDS)
def test_means_fall_with_stress_and_without_work(world, disposable, employed, stress):
    world, p = world
    factor = math.exp(-world.behaviour.macro_income * stress)
    ours = behaviour.disposable_income(p, disposable, employed, factor)
    assert equal(ours, second.monthly_means(world, disposable, employed, stress))


@EXAMPLES
@given(means=MONEY, amount=MONEY)
def test_liquidity_and_fit_are_bounded_logs_of_means_over_what_is_asked(means, amount):
    assert equal(behaviour.log_liquidity(means, amount), second.log_liquidity(means, amount))
    assert equal(behaviour.log_fit(means, amount), second.log_fit(means, amount))


def test_liquidity_and_fit_by_hand():
    assert behaviour.log_liquidity(1000.0, 3000.0) == pytest.approx(0.0, abs=1e-15)  # three months' means are the debt
    assert behaviour.log_liquidity(1000.0, 6000.0) == pytest.approx(-0.6931471805599453)  # -log 2
    assert behaviour.log_liquidity(1e6, 1.0) == 3.0 and behaviour.log_liquidity(0.0, 1.0) == -3.0
    assert behaviour.log_fit(500.0, 500.0) == 0.0
    assert behaviour.log_fit(1000.0, 500.0) == pytest.approx(0.6931471805599453)  # log 2
    assert behaviour.log_fit(1e6, 1.0) == 2.0 and behaviour.log_fit(0.0, 1.0) == -2.0


# --- what a debtor does ---------------------------------------------------------------------------------------------------


@EXAMPLES
@given(
    world=WORLDS,
    channel=CHANNELS,
    window=st.sampled_from(list(Window)),
    day_off=st.booleans(),
    age=st.integers(0, 1500),
    own=ODDS,
    fatigue=st.floats(0, 6),
)
def test_reach_by_channel_window_day_off_age_and_fatigue(world, channel, window, day_off, age, own, fatigue):
    world, p = world
    live = channel in (Channel.AUTOCALL, Channel.COLLECTOR, Channel.SPECIALIST, Channel.VISIT)
    ours = behaviour.reach_probability(p, int(channel), live, int(window), day_off, age, own, fatigue)
    assert equal(ours, second.reached(world, channel, window, day_off, age, own, fatigue))


@EXAMPLES
@given(
    world=WORLDS,
    feelings=st.tuples(ODDS, st.floats(-3, 3), SHARES, st.floats(0, 5), st.floats(0, 3), st.floats(0, 6)),
    age=st.integers(0, 800),
    waiting=st.floats(0, 2),
    after_payday=st.integers(0, 29),
    promised=st.booleans(),
)
def test_intensity_of_payment(world, feelings, age, waiting, after_payday, promised):
    world, p = world
    willingness, liquidity, attention, excitation, pressure, fatigue = feelings
    ours = behaviour.payment_intensity(p, *feelings, age, waiting, after_payday, promised)
    assert equal(
        ours,
        second.payments_a_day(
            world,
            willingness=willingness,
            liquidity=liquidity,
            attention=attention,
            excitation=excitation,
            pressure=pressure,
            fatigue=fatigue,
            days_past_due=age,
            waiting=waiting,
            after_payday=after_payday,
            promised=promised,
        ),
    )


@EXAMPLES
@given(world=WORLDS, liquidity=ODDS)
def test_paying_everything_at_once(world, liquidity):
    world, p = world
    assert equal(behaviour.pays_in_full(p, liquidity), second.settles_everything(world, liquidity))


@EXAMPLES
@given(world=WORLDS, channel=CHANNELS, willingness=ODDS, liquidity=ODDS, broken=TIMES, age=AGES, staff=ODDS)
def test_promising_and_keeping(world, channel, willingness, liquidity, broken, age, staff):
    world, p = world
    ours = behaviour.promise_probability(p, int(channel), willingness, age, staff)
    assert equal(ours, second.promises(world, channel, willingness, age, staff))
    ours = behaviour.keep_probability(p, int(channel), willingness, liquidity, broken, age)
    assert equal(ours, second.keeps_promise(world, channel, willingness, liquidity, broken, age))


@EXAMPLES
@given(world=WORLDS, willingness=ODDS, fit=st.floats(-2, 2), refused=TIMES, age=AGES, staff=ODDS)
def test_accepting_and_paying_instalments(world, willingness, fit, refused, age, staff):
    world, p = world
    for by_message in (False, True):
        odds = staff + (world.behaviour.plan_message if by_message else 0.0)
        plan = behaviour.plan_acceptance(p, willingness, fit, refused, age, staff, False, by_message)
        assert equal(plan, second.accepts_plan(world, willingness, fit, refused, age, odds))
        restructuring = behaviour.plan_acceptance(p, willingness, fit, refused, age, staff, True, by_message)
        assert equal(restructuring, second.accepts_restructuring(world, willingness, fit, refused, age, odds))
    for secured in (False, True):
        ours = behaviour.instalment_probability(p, willingness, fit, age, secured)
        assert equal(ours, second.pays_instalment(world, willingness, fit, age, secured))


DISCOUNTS = st.sampled_from([0.0, 0.1, 0.2, 0.3, 0.4])


@EXAMPLES
@given(
    world=WORLDS,
    discount=DISCOUNTS,
    best_seen=DISCOUNTS.map(np.float32).map(float),  # as the account stores it
    traits=st.tuples(ODDS, st.floats(-3, 3)),
    refused=TIMES,
    waiting=st.floats(0, 3),
    age=AGES,
    staff=ODDS,
)
def test_accepting_a_settlement(world, discount, best_seen, traits, refused, waiting, age, staff):
    world, p = world
    told = (discount, *traits, refused, waiting, best_seen, age, staff)
    assert equal(behaviour.settlement_acceptance(p, *told), second.accepts_settlement(world, *told))


@EXAMPLES
@given(
    world=WORLDS,
    traits=st.tuples(ODDS, st.floats(0, 5), st.floats(-3, 3)),  # willingness, pressure, liquidity
    refused=TIMES,
    age=AGES,
    staff=ODDS,
)
def test_handing_an_asset_over(world, traits, refused, age, staff):
    world, p = world
    told = (*traits, refused, age, staff)
    assert equal(behaviour.swap_acceptance(p, *told), second.hands_asset_over(world, *told))


@EXAMPLES
@given(world=WORLDS, earlier=st.integers(0, 14))
def test_wear_of_contacts(world, earlier):
    for repetition in (world[0].behaviour.repetition_text, world[0].behaviour.repetition_call):
        assert equal(behaviour.novelty(repetition, earlier), second.novelty(repetition, earlier))


def test_wear_and_age_by_hand():
    assert behaviour.novelty(3.0, 0) == 1.0 and behaviour.novelty(0.0, 9) == 1.0
    assert behaviour.novelty(3.0, 1) == 0.25 and behaviour.novelty(3.0, 3) == 0.1
    assert behaviour.age(0.0) == 0.0
    assert behaviour.age(90.0) == pytest.approx(0.6931471805599453)  # log 2
    assert behaviour.age(270.0) == pytest.approx(1.3862943611198906)  # log 4


@EXAMPLES
@given(world=WORLDS, followed=SHARES, belief=SHARES, empty=st.integers(0, 5))
def test_pressure_of_notices(world, followed, belief, empty):
    world, p = world
    assert equal(behaviour.notice_belief(p, followed), second.believed(world, followed))
    assert equal(behaviour.notice_pressure(p, belief, empty), second.pressure_of_notice(world, belief, empty))


@EXAMPLES
@given(world=WORLDS, channel=CHANNELS, fatigue=st.floats(0, 12), skill=ODDS, care=st.floats(0, 2))
def test_complaints_by_channel_fatigue_pay_skill_and_care(world, channel, fatigue, skill, care):
    world, p = world
    ours = behaviour.complaint_probability(p, int(channel), fatigue, skill, care)
    assert equal(ours, second.complains(world, channel, fatigue, skill, care))


@EXAMPLES
@given(world=WORLDS, skill=st.floats(-60, 60))
def test_each_skill_has_its_own_effect(world, skill):
    world, p = world
    assert equal(behaviour.promise_staff(p, skill), second.art_of_promises(world, skill))
    assert equal(behaviour.offer_staff(p, skill), second.art_of_offers(world, skill))
    assert equal(behaviour.dispute_probability(p, skill), second.disputes(world, skill))


def test_disputes_by_hand():
    world = any_world(0)
    behaviour_of = world.behaviour.model_copy(update={"dispute": 0.1, "skill_dispute": -math.log(2.0)})
    p = kernel_record(world.model_copy(update={"behaviour": behaviour_of}))[0]
    assert behaviour.dispute_probability(p, 0.0) == 0.1
    assert behaviour.dispute_probability(p, 1.0) == pytest.approx(0.05)
    assert behaviour.dispute_probability(p, -3.0) == pytest.approx(0.8)
    assert behaviour.dispute_probability(p, -5.0) == 1.0


@EXAMPLES
@given(world=WORLDS, stress=st.floats(-3, 20))
def test_work_is_lost_more_often_under_stress(world, stress):
    world, p = world
    assert equal(behaviour.loses_work(p, stress), second.loses_work(world, stress))


# --- random numbers -------------------------------------------------------------------------------------------------------

# The first numbers of SplitMix64 from seed 0 (Vigna's splitmix64.c, and the test of java.util.SplittableRandom), and those
# from seed 1234567 that Rosetta Code gives for its task "Pseudo-random numbers/Splitmix64".
PUBLISHED = {
    0: [0xE220A8397B1DCDAF, 0x6E789E6AA1B965F4, 0x06C45D188009454F],
    1234567: [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ],
}


@pytest.mark.parametrize("seed", PUBLISHED)
def test_the_mixing_is_the_published_one(seed):
    step = 0x9E3779B97F4A7C15
    states = [(seed + step * (n + 1)) % 2**64 for n in range(len(PUBLISHED[seed]))]
    assert [draws.finalise(state) for state in states] == PUBLISHED[seed]


@EXAMPLES
@given(key=WORDS, day=st.integers(-1, 10_000), purpose=st.integers(0, 100))
def test_draws_are_the_same_in_pythons_own_integers(key, day, purpose):
    ours = np.uint64(key)
    assert int(randomness.bits(ours, day, purpose)) == draws.bits(key, day, purpose)
    assert randomness.uniform(ours, day, purpose) == draws.uniform(key, day, purpose)
    assert equal(randomness.normal(ours, day, purpose), draws.normal(key, day, purpose))


@EXAMPLES
@given(seed=st.integers(0, 2**63 - 1), account=st.integers(0, 2**41))
def test_streams_are_the_same_in_pythons_own_integers(seed, account):
    assert int(randomness.stream(seed, account)) == draws.key_of(seed, account)
    accounts = np.array([account, account + 1])
    keys = randomness.streams(seed, accounts)
    assert [int(key) for key in keys] == [draws.key_of(seed, account), draws.key_of(seed, account + 1)]
    assert randomness.uniforms(keys, 3, 4).tolist() == [draws.uniform(int(key), 3, 4) for key in keys]
    assert equal(randomness.normals(keys, 3, 4).tolist(), [draws.normal(int(key), 3, 4) for key in keys])


def undone(mixed):
    """What the finaliser was given: its three steps backwards."""

    def unshifted(z, by):
        back = z
        for _ in range(64 // by):
            back = z ^ (back >> by)
        return back

    z = unshifted(mixed, 31)
    z = unshifted(z * pow(0x94D049BB133111EB, -1, 2**64) % 2**64, 27)
    return unshifted(z * pow(0xBF58476D1CE4E5B9, -1, 2**64) % 2**64, 30)


@pytest.mark.parametrize(("bits", "expected"), [(0, 2.0**-54), (2**64 - 1, 1 - 2.0**-53)])
def test_a_uniform_number_is_never_0_or_1(bits, expected):
    day, purpose = 5, 7
    moment = undone(draws.bits(0, day, purpose))  # key 0 is mixed with it alone
    key = np.uint64(undone(bits) ^ moment)
    assert int(randomness.bits(key, day, purpose)) == bits
    assert randomness.uniform(key, day, purpose) == expected


def test_numbers_of_purposes_never_change():
    """Every seed's meaning hangs on them, and so does every result that was published with one."""
    assert [purpose.name for purpose in Purpose] == (
        "REACH DURATION COLLECTOR QUEUE OFFER PROMISE PROMISE_DAYS KEEP_PROMISE PAY PAY_FULL PAY_SHARE INSTALMENT COMPLAINT "
        "OPT_OUT DISPUTE HARDSHIP JOB MACRO COURT_TIME JUDGMENT SEIZURE SKILL PICK TRAIT CEASE_CONTACT BREATHING_SPACE "
        "CALL_BACK REVIEW_DAYS REVIEW_RESULT CARD_AMOUNT CARD_PROMISE"
    ).split()
    assert [int(purpose) for purpose in Purpose] == [*range(24), 87, 88, 89, 90, 91, 100, 101]


# --- who the debtors are --------------------------------------------------------------------------------------------------


@EXAMPLES
@given(world=WORLDS, willingness=ODDS, liquidity=st.floats(-3, 3), age=st.integers(0, 720))
def test_hazard_of_the_days_that_are_past(world, willingness, liquidity, age):
    world, p = world
    ours = candidates.past_hazard(p, willingness, liquidity, age)
    theirs = hazard_so_far(world, willingness, liquidity, age)
    assume(theirs < 39 or theirs > 41)
    assert equal(min(ours, 40.0), min(theirs, 40.0))


@EXAMPLES
@given(
    world=WORLDS, willingness=ODDS, means=MONEY, opening=st.integers(1000, 10**7), age=st.integers(0, 720), share=SHARES
)
def test_hazard_of_clearing_a_card_in_the_days_that_are_past(world, willingness, means, opening, age, share):
    world, p = world
    minimum = 1 + int(0.3 * share * opening)
    ours = candidates.past_clearing(p, willingness, means, minimum, opening, age)
    theirs = clearings_so_far(world, willingness, means, minimum, opening, age)
    assume(theirs < 39 or theirs > 41)
    assert equal(min(ours, 40.0), min(theirs, 40.0))


@EXAMPLES
@given(world=WORLDS, minimums=st.floats(0.01, 40), since=st.integers(0, 90), age=st.integers(0, 2000))
def test_what_a_card_holder_means_to_pay_and_how_often(world, minimums, since, age):
    world, p = world
    assert equal(behaviour.clears_arrears(p, minimums), second.means_to_clear(world, minimums))
    assert equal(behaviour.once_a_month(p, since), second.in_the_month_after(world, since))
    assert behaviour.months_due(age) == second.begun_months(age)


@pytest.mark.parametrize("seed", range(4))
def test_hidden_traits_of_every_account(seed):
    world = any_world(seed)
    portfolio = load_scenario("china-consumer").portfolio(80, seed)
    # Accounts that are not yet late are drawn without looking back.
    portfolio.table.loc[:5, "dpd"] = 0
    accounts = traits.open_accounts(world, portfolio, seed, first=1000 * seed)
    for number, account in enumerate(accounts):
        for name, theirs in traits_of(world, account).items():
            assert float(account[name]) == pytest.approx(theirs, rel=2e-7, abs=1e-12), (number, name)


def test_accounts_open_with_their_row_and_no_history():
    scenario = load_scenario("china-consumer")
    portfolio = scenario.portfolio(60, 5)
    accounts = traits.open_accounts(scenario.world, portfolio, 5, first=300)
    for number, (account, row) in enumerate(zip(accounts, portfolio.table.to_dict("records"), strict=True)):
        assert int(account["key"]) == draws.key_of(5, 300 + number) and account["number"] == number
        cents = round(100 * float(row["opening_balance"]))
        assert account["opening"] == cents and account["balance"] == cents
        assert account["dpd0"] == row["dpd"] and account["payday"] == row["payday"]
        assert account["score"] == np.float32(row["credit_score"])
        assert account["income"] == np.float32(row["monthly_income"])
        assert account["early_warning"] == np.float32(row["early_warning"])
        assert account["tenure"] == row["tenure_months"] and account["prior"] == row["prior_delinquencies"]
        assert account["stable_assets"] == row["stable_assets"]
        products = ["consumer_loan", "credit_card", "instalment_purchase"]
        assert products[account["product"]] == row["product"]
    never = "last_attempt last_reach last_payment stage_day promise_due closed_day news_day offer_day".split()
    never += [f"{state}_until" for state in ("hardship", "dispute", "complaint", "breathing")]
    assert all((accounts[name] == NEVER).all() for name in never)
    untouched = "interest fees cash cost forgiven fatigue excitation pressure waiting plan_months stage status attempts"
    assert not any(accounts[name].any() for name in untouched.split())
