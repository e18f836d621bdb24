"""Accounts in mid-life: a simulation goes on from their state to the cent and day, and a file can say all of it."""

from __future__ import annotations

import copy
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from recoup.scenarios.schema import load_scenario
from recoup.sim.account import ACCOUNT, NEVER, Outcome, Stage
from recoup.sim.envs.portfolio import PortfolioVectorEnv
from recoup.sim.inputs import InputError
from recoup.sim.ledger import money_gap
from recoup.sim.lender import Site
from recoup.sim.midlife import evenly
from recoup.sim.observation import FIELD_INDEX, popcount
from recoup.sim.operations.resources import RESOURCES
from recoup.sim.parameters import World
from recoup.sim.portfolio.importing import load
from recoup.sim.portfolio.state_draw import draw_state
from recoup.sim.portfolio.state_fields import STATE, Sets
from recoup.sim.portfolio.state_file import file_map, file_table
from recoup.sim.portfolio.suggest import suggest
from recoup.sim.portfolio.table import PORTFOLIO, STATE_FIELDS, Kind, Portfolio
from recoup.sim.simulation import Simulation
from tests import ROOT
from tests.sim.test_reference import Whim, step

HOME = load_scenario("china-consumer")


class Suing(Whim):
    """A whim that also gives notice, and sues, of a simulation's own menu."""

    def __init__(self, simulation: Simulation, seed: int) -> None:
        super().__init__(seed)
        self.names = simulation.menu.index

    def act(self, observations: NDArray[np.float32], masks: NDArray[np.bool_]) -> NDArray[np.int64]:
        actions = super().act(observations, masks)
        random = np.random.default_rng([self.seed, 1, len(masks)])
        for name, chance in (("letter/morning/notice", 0.05), ("suit", 0.3), ("enforce", 0.5)):
            item = self.names[name]
            actions[masks[:, item] & (random.random(len(masks)) < chance)] = item
        return actions


HIDDEN = (
    "disposable", "willingness", "reachability", "phone_right", "employed", "asset_cover", "salience", "fatigue", "excitation", "pressure",
    "waiting",
)  # fmt: skip
# Counted for the measures of one run, or of no account any more.
MEASURED = (
    "number", "cost", "cash_day_sum", "discounted_cash", "discounted_cost", "discounted_staff", "complaint_risk", "blocked", "breaches",
    "unserved", "busiest_week", "plans_fit", "hardship_calls", "hardship_suits", "distress_contacts", "distress_suits", "distress_seized",
    "plan_due",
)  # fmt: skip


def manned(world: World, accounts: int) -> World:
    """The same people and places however many accounts are left, who have nothing more to learn."""
    operations, courts = world.operations, world.courts
    people = {one.name: getattr(operations, one.name).people(accounts) for one in RESOURCES}
    pools = {name: getattr(operations, name).model_copy(update={"agents": count}) for name, count in people.items()}
    training = operations.training.model_copy(update={"every_days": 0})
    return world.model_copy(
        update={
            "operations": operations.model_copy(update={**pools, "legal_cases": 6, "training": training}),
            "courts": courts.model_copy(update={"docket": 4}),
            "typical_claim": 10_000.0,
        }
    )


def visible(accounts: NDArray[np.void]) -> dict[str, list[object]]:
    """What is known of accounts, without what means nothing: the amount of a promise that is over, and so on."""
    a = accounts.copy()
    a["promise_collector"] = 0  # who took it is of his own figures alone, and of no state
    for names, holds in (
        (("promise_amount", "promise_channel"), a["promise_due"] != NEVER),
        (("plan_left", "plan_amount", "plan_secured"), a["plan_months"] > 0),
        (("review_until",), a["review"] > 0),
    ):
        for name in names:
            a[name] = np.where(holds, a[name], 0)
    return {name: a[name].tolist() for name in ACCOUNT.names or () if name not in (*HIDDEN, *MEASURED)}


@pytest.mark.parametrize(("name", "days"), [("china-consumer", 60), ("taiwan-cards", 50)])
def test_a_simulation_that_begins_in_the_middle_of_another_goes_on_as_it(name: str, days: int) -> None:
    """Everything that is visible is handed over; with the hidden traits and the lender's own, the future is the same to the last bit."""
    scenario, seed = load_scenario(name), 3
    world = manned(scenario.world, 120)
    whole = Simulation(world, scenario.portfolio(120, seed), scenario.rules, seed)
    for _ in range(days):
        step(whole, Suing(whole, seed))
    rows = whole.open_accounts.copy()
    state = whole.portfolio_now()
    later = Simulation(world, state, scenario.rules, seed, site=Site(rows, {}), first_day=days)
    assert visible(whole.accounts[rows]) == visible(later.accounts)
    assert np.abs(money_gap(later.accounts)).max() == 0
    assert later.courts.load == whole.courts.load and later.courts.waiting == whole.courts.waiting
    seen, then = whole.observe(), later.observe()
    of_accounts = [
        index
        for field, index in FIELD_INDEX.items()
        if "load" not in field and "fill" not in field and "budget" not in field
    ]
    assert (seen[:, of_accounts] == then[:, of_accounts]).all()
    for field in (*HIDDEN, *MEASURED[1:-1], "promise_collector"):
        later.accounts[field] = whole.accounts[field][rows]
    later.lender, later.ledger.forgiven = copy.deepcopy(whole.lender), whole.ledger.forgiven
    later._today[:] = whole._today
    for _ in range(25):
        for simulation in (whole, later):
            step(simulation, Suing(simulation, 7))
        assert visible(whole.accounts[rows]) == visible(later.accounts)
        for field in HIDDEN:
            assert (whole.accounts[field][rows] == later.accounts[field]).all()
    assert np.abs(money_gap(later.accounts)).max() == 0


def one(**state: object) -> Portfolio:
    """One account in mid-life on the scenario's first day, and a fresh one."""
    portfolio = HOME.portfolio(2, 1)
    table = portfolio.table.assign(opening_balance=[1000.0, 1000.0], dpd=[60, 60])
    for field in STATE_FIELDS:
        if field.name in state:
            nothing: object = pd.NaT if field.kind is Kind.DATE else None if field.kind is Kind.CATEGORY else np.nan
            value = state[field.name]
            value = (
                pd.Timestamp(value)
                if field.kind is Kind.DATE
                else float(value)
                if isinstance(value, (int, bool))
                else value
            )  # type: ignore[arg-type]
            table[field.name] = pd.Series([value, nothing], dtype=object if field.kind is Kind.CATEGORY else None)
    assert set(state) <= set(table)
    return replace(portfolio, table=table)


def day(number: int) -> date:
    return HOME.world.start + timedelta(days=number)


# Each observation of an account, what a file says for it, and the value that a policy then sees on the first morning.
SAID: dict[str, tuple[dict[str, object], float]] = {
    "balance": ({"balance": 900.5}, 900.5),
    "paid_share": ({"paid": 250.0}, 0.25),
    "days_in_portfolio": ({"entry_date": day(-40)}, 40),
    "calls_7d": (
        {"call_days": 1 << 1 | 1 << 6 | 1 << 7},
        2,
    ),  # seven days ago is out of the week that today is the last day of
    "texts_7d": ({"texts_7d": 3}, 3),
    "visits_30d": ({"visits_30d": 4}, 4),
    "days_since_attempt": ({"last_attempt_date": day(-9)}, 9),
    "days_since_reached": ({"last_reached_date": day(-12)}, 12),
    "last_outcome": ({"last_outcome": "refused"}, Outcome.REFUSED),
    "attempts": ({"attempts": 17}, 17),
    "reached": ({"reached": 5, "attempts": 9}, 5),
    "promise_open": ({"promise_due": day(4), "promise_amount": 100.0}, 1),
    "promise_due_in": ({"promise_due": day(4), "promise_amount": 100.0}, 4),
    "promises_kept": ({"promises_kept": 2}, 2),
    "promises_broken": ({"promises_broken": 3}, 3),
    "offers_made": ({"offers_made": 6}, 6),
    "offers_refused": ({"offers_refused": 2}, 2),
    "best_discount": ({"best_discount": 0.25}, 0.25),
    "days_since_payment": ({"last_payment_date": day(-3)}, 3),
    "payments": ({"payments": 8}, 8),
    "plan_active": ({"plan_months": 12}, 1),
    "plan_missed": ({"plan_months": 12, "plan_missed": 1}, 1),
    "plans_broken": ({"plans_broken": 2}, 2),
    "restructured": ({"restructured": 1}, 1),
    "legal_stage": ({"legal_stage": "judged"}, Stage.JUDGED),
    "days_in_stage": ({"legal_stage": "noticed", "legal_stage_date": day(-20)}, 20),
    "hardship": ({"hardship_since": day(-1)}, 1),
    "dispute": ({"dispute_until": day(1)}, 1),
    "complaint_open": ({"complaint_open": 1}, 1),
    "opted_out": ({"opted_out": 1}, 1),
    "review": ({"review": "approved", "review_step": "suit"}, 2),
    "claim_size": ({"balance": 500.0}, 500.0 / HOME.world.typical_claim if HOME.world.typical_claim else 0.5),
    "tier": ({"promises_broken": 1}, np.nan),  # whatever it is: see below
    "arrears": ({"balance": 700.0}, 700.0),
}
OF_THE_ROW = (
    "dpd", "opening_balance", "credit_score", "monthly_income", "stable_assets", "early_warning", "product", "tenure_months",
    "prior_delinquencies", "days_to_payday",
)  # fmt: skip
OF_THE_DAY = (
    "weekday", "day_off", "macro_index", "collector_load", "collector_fill", "specialist_load", "specialist_fill", "autocall_load",
    "legal_load", "legal_queue", "settlement_budget_left",
)  # fmt: skip


def test_each_observation_of_an_account_can_be_said() -> None:
    assert {*SAID, *OF_THE_ROW, *OF_THE_DAY} == set(FIELD_INDEX)
    world = HOME.world.model_copy(update={"typical_claim": HOME.world.typical_claim or 1000.0})
    for name, (state, value) in SAID.items():
        seen = Simulation(world, one(**state), HOME.rules, 1).observe()
        if not np.isnan(value):
            assert seen[0, FIELD_INDEX[name]] == pytest.approx(value, rel=1e-6), name
            if value not in (500.0, 700.0) and name not in ("claim_size", "arrears"):
                assert seen[1, FIELD_INDEX[name]] != pytest.approx(value), name


def test_what_is_pending_comes_on_its_day() -> None:
    """A promise, an instalment, a hearing and an enforcement, each on the day that the file says."""
    world = HOME.world.model_copy(
        update={
            "behaviour": HOME.world.behaviour.model_copy(
                update={"pay_base": -50.0, "keep_base": 50.0, "instalment_base": 50.0}
            ),
            "courts": HOME.world.courts.model_copy(update={"win": 1.0, "closed_on_holidays": False}),
        }
    )

    def lived(days: int, **state: object) -> Simulation:
        simulation = Simulation(world, one(**state), HOME.rules, 1)
        for _ in range(days):
            simulation.advance(np.zeros(simulation.open_accounts.size, np.int64))
        return simulation

    promise = {"promise_due": day(4), "promise_amount": 123.45}
    assert [int(lived(days, **promise).accounts["cash"][0]) for days in (4, 5)] == [0, 12_345]
    plan = {"plan_months": 10, "plan_left": 4, "plan_instalment": 77.70, "plan_next_due": day(2)}
    assert [int(lived(days, **plan).accounts["cash"][0]) for days in (2, 3, 32, 33)] == [0, 7_770, 7_770, 15_540]
    settled = {"promise_due": day(1), "promise_kind": "settlement", "promise_discount": 0.2}
    done = lived(2, **settled)
    assert done.accounts["cash"][0] == 80_000 and done.accounts["balance"][0] == 0
    suit = {"legal_stage": "filed", "legal_stage_date": day(-30), "court_date": day(7), "court_fee": 25.0}
    for days, stage, fees in ((7, Stage.FILED, 0), (8, Stage.JUDGED, 2_500)):
        a = lived(days, **suit).accounts[0]
        assert (a["stage"], a["fees"]) == (stage, fees)
        assert a["stage_day"] == (-30 if stage is Stage.FILED else 7)
    taken = {"legal_stage": "enforcing", "legal_stage_date": day(-90), "court_date": day(5), "enforcement_steps": 1}
    for days, seized in ((5, False), (6, True)):
        simulation = Simulation(world, one(**taken), HOME.rules, 1)
        simulation.accounts["asset_cover"] = 1.0
        for _ in range(days):
            simulation.advance(np.zeros(simulation.open_accounts.size, np.int64))
        assert (simulation.accounts["cash"][0] > 0) == seized


def test_a_case_without_a_date_waits_for_its_place() -> None:
    world = HOME.world.model_copy(update={"operations": HOME.world.operations.model_copy(update={"legal_cases": 1})})
    table = HOME.portfolio(3, 1).table.assign(
        legal_stage=["queued", "filed", "queued"], legal_stage_date=[pd.Timestamp(day(-n)) for n in (2, 40, 9)]
    )
    table["court_date"] = [pd.NaT, pd.Timestamp(day(3)), pd.NaT]
    simulation = Simulation(world, Portfolio(table, "cases"), HOME.rules, 1)
    assert simulation.courts.team.count == 1 and simulation.courts.waiting == 2
    for _ in range(5):
        simulation.advance(np.zeros(simulation.open_accounts.size, np.int64))
    assert [case.number for case in simulation.pending.cases if case.day is not None] == [2]  # who came first


def test_money_that_is_not_said_is_what_is_left() -> None:
    """The claim of 1,000 is 1,100 now: interest. It is 800: paid. With 300 paid of 1,000 and 800 left, 100 of interest."""
    for state, interest, cash in (
        ({"balance": 1100.0}, 10_000, 0),
        ({"balance": 800.0}, 0, 20_000),
        ({"balance": 800.0, "paid": 300.0}, 10_000, 30_000),
        ({"paid": 300.0}, 0, 30_000),
    ):
        a = Simulation(HOME.world, one(**state), HOME.rules, 1).accounts
        assert (a["interest"][0], a["cash"][0]) == (interest, cash)
        assert not money_gap(a).any()
    told = Simulation(HOME.world, one(paid=300.0, attempts=12), HOME.rules, 1).accounts_table()
    assert told.loc[0, ["opening", "cash", "attempts"]].tolist() == [
        70_000,
        0,
        0,
    ]  # what a run recovers is what it finds


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 31), st.data())
def test_days_that_are_only_counted_are_spread(window: int, data: st.DataObject) -> None:
    count = data.draw(st.integers(0, window))
    history = evenly(count, window)
    assert popcount(history) == count and not history & 1 and history < 1 << (window + (count == window))


# --- a file and back ------------------------------------------------------------------------------------------------


def values_of(kind: Kind, values: tuple[str, ...], least: float, most: float) -> st.SearchStrategy[object]:
    """Values of a field as a table holds them."""
    if kind is Kind.CATEGORY:
        return st.sampled_from(values) if values else st.text("abc", min_size=1)
    if kind is Kind.TEXT:
        return st.text("abc", min_size=1, max_size=3)
    if kind is Kind.DATE:
        return st.integers(-400, 400).map(lambda n: pd.Timestamp(date(2025, 3, 3) + timedelta(days=n)))
    if kind is Kind.DAYS:
        return st.integers(0, 2**31 - 1).map(lambda bits: float(bits & ~1))
    if kind is Kind.FLAG:
        return st.sampled_from([0.0, 1.0])
    if kind is Kind.INTEGER:
        return st.integers(int(least), int(min(most, 200))).map(float)
    return st.integers(int(100 * least), int(100 * min(most, 10**6))).map(lambda cents: cents / 100)


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_a_file_says_what_a_table_does(tmp_path: Path, data: st.DataObject) -> None:
    """Round trip through CSV or Parquet and the map that goes with it; rows that contradict themselves are refused in the same words each time."""
    table = HOME.portfolio(4, data.draw(st.integers(0, 50))).table
    for field in data.draw(st.lists(st.sampled_from(STATE_FIELDS), unique_by=lambda one: one.name, max_size=12)):
        drawn = st.none() | values_of(field.kind, field.values, field.least, field.most)
        column = [data.draw(drawn) for _ in range(4)]
        kind = (
            object
            if field.kind in (Kind.TEXT, Kind.CATEGORY)
            else "datetime64[us]"
            if field.kind is Kind.DATE
            else float
        )
        table[field.name] = pd.Series(column, dtype=kind)
    book = Portfolio(table, "book", as_of=date(2025, 3, 3))
    csv = data.draw(st.booleans())
    file = tmp_path / ("book.csv" if csv else "book.parquet")
    file_table(book).to_csv(file, index=False) if csv else file_table(book).to_parquet(file, index=False)
    (tmp_path / "map.yaml").write_text(file_map(book), encoding="utf-8")
    try:
        read = load(file, tmp_path / "map.yaml", HOME.world.population, 0, "book")
    except InputError as refused:
        assert str(refused).count("\n") == 0
        return
    for name in read.table:
        ours, theirs = book.table.get(name), read.table[name]
        if ours is None or ours.isna().all():
            continue
        assert [(x if pd.notna(x) else None) for x in ours] == [(x if pd.notna(x) else None) for x in theirs], name
    assert set(read.state) == set(book.state)


def test_a_state_of_the_simulation_goes_through_a_file_to_the_cent_and_day(tmp_path: Path) -> None:
    whole = Simulation(HOME.world, HOME.portfolio(80, 2), HOME.rules, 2)
    for _ in range(60):
        step(whole, Suing(whole, 2))
    state = whole.portfolio_now()
    file_table(state).to_csv(tmp_path / "book.csv", index=False)
    (tmp_path / "map.yaml").write_text(file_map(state), encoding="utf-8")
    mine = HOME.with_portfolio(tmp_path / "book.csv", tmp_path / "map.yaml")
    assert mine.world.start == day(60)  # as_of of the map
    read = mine.portfolio(None, 0)
    straight, through = (Simulation(mine.world, one, HOME.rules, 2) for one in (state, read))
    assert straight.accounts.tobytes() == through.accounts.tobytes()
    assert straight.pending.cases == through.pending.cases and len(straight.pending.cases) > 3
    assert read.fresh.keys() <= {"payment_days", *(field.name for field in STATE_FIELDS)}


FAULTS = """id,due,owed,left,paid,promised,much,stage,court,last,months,parts
a,60,1000,900,50,,,,,,,
b,60,1000,,,2025-03-10,,,,,,
c,60,1000,,,,,noticed,2025-04-01,,,
d,60,1000,,,,,,,2025-03-03,,
e,60,1000,,1000,,,,,,,
f,60,1000,,,2025-03-01,20,,,,6,9
"""
FAULTS_MAP = """as_of: 2025-03-03
fields: {account_id: id, dpd: due, opening_balance: owed, balance: left, paid: paid, promise_due: promised, promise_amount: much,
  legal_stage: stage, court_date: court, last_attempt_date: last, plan_months: months, plan_left: parts, interest_charged: {constant: 0},
  fees_charged: {constant: 0}, forgiven: {constant: 0}}
"""


def test_each_contradiction_has_its_line_and_says_what_it_should_be(tmp_path: Path) -> None:
    (tmp_path / "book.csv").write_text(FAULTS, encoding="utf-8")
    (tmp_path / "map.yaml").write_text(FAULTS_MAP, encoding="utf-8")
    from recoup.sim.portfolio.importing import inspect

    found = inspect(tmp_path / "book.csv", tmp_path / "map.yaml")
    assert {(problem.row, problem.column) for problem in found.problems} == {
        (2, "left"), (3, "much"), (4, "court"), (5, "last"), (6, "left"), (7, "promised"), (7, "parts"),
    }  # fmt: skip
    said = {(problem.row, problem.column): str(problem.expected) for problem in found.problems}
    assert said[2, "left"].startswith("opening_balance + interest_charged + fees_charged")
    assert "2025-03-03" in said[5, "last"] and "plan_months" in said[7, "parts"]
    assert found.unusable == {2, 3, 4, 5, 6, 7}
    with pytest.raises(InputError, match="as_of"):
        (tmp_path / "map.yaml").write_text(FAULTS_MAP.replace("as_of: 2025-03-03\n", ""), encoding="utf-8")
        inspect(tmp_path / "book.csv", tmp_path / "map.yaml")


def test_a_portfolio_of_another_day_is_refused() -> None:
    state = replace(one(attempts=3), as_of=date(2024, 1, 1))
    with pytest.raises(InputError, match="2025-03-03, the first day"):
        Simulation(HOME.world, state, HOME.rules, 1)


def test_state_is_drawn_from_accounts_that_are_like_it() -> None:
    table = HOME.portfolio(600, 1).table
    known = np.arange(600) % 3 == 0
    table["last_outcome"] = pd.Series(
        np.where(known, np.where(table["dpd"] > 60, "refused", "promised"), None), dtype=object
    )
    table["attempts"] = np.where(known, table["dpd"] * 2.0, np.nan)
    drawn, counts = draw_state(table, ["last_outcome", "attempts"], None, 5)
    assert counts == {"last_outcome": 400, "attempts": 400}
    assert (drawn[known] == table[known])[["last_outcome", "attempts"]].all().all()
    donors = set(zip(table["last_outcome"][known], table["attempts"][known], strict=True))
    assert set(zip(drawn["last_outcome"], drawn["attempts"], strict=True)) <= donors  # both of one donor
    again, _ = draw_state(table, ["last_outcome", "attempts"], None, 5)
    assert again.equals(drawn)
    others, _ = draw_state(table, ["last_outcome", "attempts"], None, 6)
    assert not others.equals(drawn)
    # The correlation with age is that of the donors.
    assert np.corrcoef(drawn["dpd"][~known], drawn["attempts"][~known])[0, 1] > 0.5
    with pytest.raises(LookupError):
        draw_state(table, ["last_outcome", "review"], None, 5)


def test_traits_follow_what_is_known() -> None:
    """Means over many debtors who are alike but for their history."""
    base = HOME.portfolio(1, 1).table.iloc[[0] * 1000].reset_index(drop=True).assign(dpd=90)

    def mean(name: str, **state: float) -> float:
        table = base.assign(account_id=[f"a{n}" for n in range(1000)], **state)
        return float(Simulation(HOME.world, Portfolio(table, "alike"), HOME.rules, 1).accounts[name].mean())

    assert mean("willingness", payments=3.0) > mean("willingness", payments=0.0, attempts=1.0) + 0.2
    assert mean("willingness", promises_kept=3.0) > mean("willingness", promises_broken=3.0)
    assert mean("reachability", call_attempts=20.0, calls_reached=10.0) > mean(
        "reachability", call_attempts=20.0, calls_reached=2.0
    )
    assert mean("phone_right", call_attempts=30.0, calls_reached=1.0) == 1.0
    assert (
        mean("phone_right", call_attempts=30.0, calls_reached=0.0)
        < mean("phone_right", call_attempts=1.0, calls_reached=0.0)
        < 1.0
    )
    assert mean("employed", hardship=1.0) < 0.1 < mean("employed", payments=1.0)
    assert mean("fatigue", calls_7d=6.0) > mean("fatigue", calls_7d=1.0) > 0.0


def test_environments_take_accounts_as_on_entry() -> None:
    table = HOME.portfolio(6, 1).table
    plain = PortfolioVectorEnv(HOME.world, HOME.rules, Portfolio(table, "plain"), 6, days=5)
    known = PortfolioVectorEnv(
        HOME.world, HOME.rules, Portfolio(table.assign(attempts=9.0, customer_id="x"), "known"), 6, days=5
    )
    assert (plain.reset(seed=1)[0] == known.reset(seed=1)[0]).all()


def test_every_field_of_a_state_sets_something() -> None:
    for field in STATE:
        assert field.sets is Sets.RULE or field.record in (ACCOUNT.names or ()), field.name


def test_the_page_lists_every_field() -> None:
    page = (ROOT / "docs" / "how-to" / "mid-life.md").read_text(encoding="utf-8")
    for one_field in STATE_FIELDS:
        assert f"| `{one_field.name}` | {one_field.expectation} | {one_field.unit} | {one_field.meaning} |" in page


TRADE = {
    "en": (
        "Account No,Balance,DPD,Client ID,Last Payment Date,PTP Date,PTP Amount,Last Result,DNC\n"
        "1,1000,60,c1,2025-02-20,2025-03-09,100,PTP,no\n2,800,90,c1,2025-01-20,,,no answer,yes\n3,500,30,c2,,,,RPC,no\n"
    ),
    "zh": (
        "合同号,逾期金额,逾期天数,客户号,最近还款日期,承诺还款日期,承诺金额,最近催收结果,停止联系\n"
        "1,1000,60,c1,2025-02-20,2025-03-09,100,承诺还款,否\n2,800,90,c1,2025-01-20,,,无人接听,是\n3,500,30,c2,,,,本人接通,否\n"
    ),
}


@pytest.mark.parametrize("language", TRADE)
def test_a_map_is_proposed_by_the_words_of_the_trade(language: str, tmp_path: Path) -> None:
    (tmp_path / "book.csv").write_text(TRADE[language], encoding="utf-8")
    found = suggest(tmp_path / "book.csv", PORTFOLIO, today=date(2025, 3, 3))
    assert "as_of: 2025-03-03" in found.text
    (tmp_path / "map.yaml").write_text(found.text, encoding="utf-8")
    table = load(tmp_path / "book.csv", tmp_path / "map.yaml", HOME.world.population, 0, "book").table
    assert table["customer_id"].tolist() == ["c1", "c1", "c2"]
    assert table["last_payment_date"].tolist()[:2] == [pd.Timestamp("2025-02-20"), pd.Timestamp("2025-01-20")]
    assert table["promise_due"][0] == pd.Timestamp("2025-03-09") and table["promise_amount"][0] == 100.0
    assert table["last_outcome"].tolist() == ["promised", "no_answer", "reached"]
    assert table["cease_contact"].tolist() == [0.0, 1.0, 0.0]
