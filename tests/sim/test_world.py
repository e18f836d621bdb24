"""What must hold in any world under any policy: money, rules, secrecy, common random numbers."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from recoup.scenarios.schema import Scenario, load_scenario
from recoup.sim.account import NEVER, Status
from recoup.sim.compliance.rules import load_rules
from recoup.sim.inputs import InputError
from recoup.sim.ledger import money_gap
from recoup.sim.observation import FIELD_INDEX, FIELDS, HIGH, LOW
from recoup.sim.parameters import World
from recoup.sim.portfolio.table import FIELD, Portfolio
from recoup.sim.simulation import Simulation
from tests.sim.test_reference import Whim, differing, step

DAYS = 150
SLOW_EXAMPLES = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.fixture(scope="module")
def home() -> Scenario:
    return load_scenario("china-consumer")


def changed(world: World, **behaviour: float) -> World:
    return world.model_copy(update={"behaviour": world.behaviour.model_copy(update=behaviour)})


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Worlds far from the calibrated one: rates, budgets, write-off, responsiveness, staff."""
    base = load_scenario(draw(st.sampled_from(["china-consumer", "taiwan-cards"]))).world
    world = changed(
        base,
        pay_base=draw(st.floats(-6, 0)),
        plan_base=draw(st.floats(-3, 3)),
        settle_base=draw(st.floats(-4, 4)),
        keep_base=draw(st.floats(-3, 3)),
        complaint_fatigue=draw(st.floats(0, 4)),
        asset_cover_other=draw(st.floats(0, 1)),
    )
    few = draw(st.floats(0, 20))
    collector = world.operations.collector.model_copy(update={"per_1000_accounts": few})
    return world.model_copy(
        update={
            "annual_rate": draw(st.floats(0, 1)),
            "settlement_budget": draw(st.floats(0, 1)),
            "write_off_dpd": draw(st.integers(760, 900)),
            "operations": world.operations.model_copy(
                update={"collector": collector, "legal_cases_per_1000_accounts": 300.0}
            ),
        }
    )


@SLOW_EXAMPLES
@given(world=worlds(), seed=st.integers(0, 2**63 - 1), gate=st.booleans())
def test_money_is_conserved_every_day(home: Scenario, world: World, seed: int, gate: bool) -> None:
    simulation = Simulation(world, home.portfolio(80, seed), home.rules, seed, gate=gate)
    policy = Whim(seed % 1000)
    while simulation.day < DAYS and not simulation.finished:
        step(simulation, policy)
        a = simulation.accounts
        assert not money_gap(a).any()
        for field in ("balance", "cash", "forgiven", "written_off", "interest", "fees", "cost"):
            assert (a[field] >= 0).all(), field
        closed = (a["status"] > 0) & (a["status"] != Status.CURED)  # what a cured card still owes stays
        assert (a["balance"][closed] == 0).all() and (a["balance"][~closed] > 0).all()
    daily, accounts = simulation.daily_table(), simulation.accounts_table()
    for column in ("cash", "forgiven", "cost", "fees"):
        assert daily[column].sum() == accounts[column].sum(), column


def unlawful_rows(events: pd.DataFrame, dpd0: dict[str, int]) -> list[str]:
    """A plain second reading of the home rule pack over the event log."""
    faults = []
    for account, log in events.groupby("account_id"):
        days: dict[str, list[int]] = defaultdict(list)
        until: dict[str, int] = defaultdict(lambda: NEVER)
        noticed = NEVER
        opted_out = restructured = kept = False
        demanded = acknowledged = -dpd0[
            account
        ]  # three years run from the due date, a demand in time, an acknowledgement
        plans_broken = 0
        for row in log.sort_values("day").itertuples():
            parts = row.treatment.split("/")
            channel = (
                parts[0]
                if parts[0] in ("sms", "wechat", "email", "autocall", "collector", "specialist", "letter", "visit")
                else ""
            )
            group = {"sms": "text", "wechat": "text", "email": "text", "letter": "letter", "visit": "visit"}.get(
                channel, "call" if channel else ""
            )
            offer = next(
                (part for part in parts if part.startswith(("plan_", "settle_", "restructure", "asset_swap"))), ""
            )
            legal = next((part for part in parts if part in ("notice", "suit", "enforce")), "")
            dpd = dpd0[account] + row.day
            happened = row.outcome != "unserved"

            def fault(rule: str, where: str = f"{account} day {row.day} {row.treatment}") -> None:
                faults.append(f"{rule}: {where}")

            recent = {g: [d for d in days[g] if d > row.day - 7] for g in ("text", "call")}
            if happened and group in recent and len(recent[group]) >= 5:
                fault("cap")
            if happened and group == "letter" and len([d for d in days["letter"] if d > row.day - 30]) >= 2:
                fault("letter cap")
            if happened and group == "visit" and len([d for d in days["visit"] if d > row.day - 30]) >= 2:
                fault("visit cap")
            if (group or legal) and (until["complaint"] > row.day or until["dispute"] > row.day):
                fault("complaint or dispute")
            if until["hardship"] > row.day and (
                group in ("call", "visit") or legal or offer.startswith(("settle", "asset"))
            ):
                fault("hardship")
            if kept and group:
                fault("kept plan")
            if opted_out and group == "text":
                fault("opted out")
            if until["promise"] > row.day and group in ("call", "visit"):
                fault("promise")
            if offer == "restructure" and restructured:
                fault("restructured twice")
            if offer.startswith(("plan", "restructure")) and plans_broken >= 2:
                fault("broken plans")
            if offer.startswith("settle"):
                share = int(offer.removeprefix("settle_"))
                if dpd < 60 or (dpd < 90 and share > 20) or (dpd < 180 and share > 30):
                    fault("authority")
            barred = row.day - max(demanded, acknowledged) > 1095
            if legal == "notice" and (dpd < 30 or barred):
                fault("notice")
            if legal == "suit" and (dpd < 60 or barred or row.day - noticed < 15):
                fault("suit")
            if (row.reached or row.notice or row.suit) and not barred:
                demanded = row.day
            if row.payment or row.promise or row.offer_accepted:
                acknowledged = row.day
            if row.offer_accepted and offer.startswith(("plan", "restructure")):
                kept = True
            elif row.instalment_missed or row.plan_broken:
                kept = False
            elif row.instalment_paid:
                kept = True
            if happened and group:
                days[group].append(row.day)
            if row.notice:
                noticed = row.day
            if row.complaint:
                until["complaint"] = row.day + 15
            if row.dispute:
                until["dispute"] = row.day + 30
            if row.hardship:
                until["hardship"] = row.day + 60
            if row.promise:
                until["promise"] = row.day + 3  # due after 3 to 10 days
            opted_out |= row.opt_out
            restructured |= row.offer_accepted and offer == "restructure"
            plans_broken += row.plan_broken
    return faults


@SLOW_EXAMPLES
@given(seed=st.integers(0, 10_000))
def test_gate_lets_nothing_forbidden_through(home: Scenario, seed: int) -> None:
    # A world in which rules are touched often: complaints, hardship and disputes are common.
    world = changed(home.world, complaint_fatigue=3.0, dispute=0.05, opt_out=0.05, jobless_share=0.4)
    portfolio = home.portfolio(60, seed)
    dpd0 = dict(zip(portfolio.column("account_id"), portfolio.column("dpd"), strict=True))
    gated = Simulation(world, portfolio, home.rules, seed, record_events=True)
    free = Simulation(world, portfolio, home.rules, seed, gate=False, record_events=True)
    policy = Whim(seed)
    for _ in range(120):
        for simulation in (gated, free):
            if not simulation.finished:
                step(simulation, policy)
    assert unlawful_rows(gated.events_table(), dpd0) == []
    assert gated.breaches_by_rule() == {} and sum(gated.blocked_by_rule().values()) > 0
    # The reading finds what the gate would have stopped, so that the empty list above means something.
    assert unlawful_rows(free.events_table(), dpd0) and sum(free.breaches_by_rule().values()) > 0


def test_letters_are_capped_and_without_the_rule_a_daily_one_goes_through(home: Scenario) -> None:
    portfolio = home.portfolio(40, 3)
    dpd0 = dict(zip(portfolio.column("account_id"), portfolio.column("dpd"), strict=True))
    rest = [rule for rule in home.rules.rules if rule.id != "letter-cap-month"]
    assert len(rest) == len(home.rules.rules) - 1
    most, faults = [], []
    for rules in (home.rules, home.rules.model_copy(update={"rules": rest})):
        simulation = Simulation(home.world, portfolio, rules, 3, record_events=True)
        letter = simulation.menu.index["letter/morning"]
        for _ in range(28):
            simulation.advance(np.full(simulation.open_accounts.size, letter))
        log = simulation.events_table()
        most.append(log[log["treatment"] == "letter/morning"].groupby("account_id").size().max())
        faults.append({fault.split(":")[0] for fault in unlawful_rows(log, dpd0)})
    assert most == [2, 28] and faults == [set(), {"letter cap"}]


def test_forbidden_choice_is_blocked_counted_and_does_nothing(home: Scenario) -> None:
    portfolio = home.portfolio(50, 3)
    simulation = Simulation(home.world, portfolio, home.rules, 3, record_events=True)
    idle = Simulation(home.world, portfolio, home.rules, 3)
    suit = simulation.menu.index["suit"]
    assert not simulation.masks()[:, suit].any()  # nobody has been noticed
    simulation.advance(np.full(50, suit))
    idle.advance(np.zeros(50, np.int64))
    assert sum(simulation.blocked_by_rule().values()) == 50
    assert simulation.daily_table()["suits"].sum() == 0
    passive = [
        f for f in simulation.accounts.dtype.names if f not in ("blocked", "outcome", "last_outcome", "rule", "events")
    ]
    assert not differing(simulation.accounts[passive], idle.accounts[passive])


HIDDEN = (
    "disposable",
    "willingness",
    "reachability",
    "phone_right",
    "employed",
    "asset_cover",
    "salience",
    "fatigue",
    "excitation",
    "pressure",
    "waiting",
    "key",
)


@SLOW_EXAMPLES
@given(seed=st.integers(0, 10_000), day=st.integers(0, 60))
def test_no_hidden_state_reaches_a_policy(home: Scenario, seed: int, day: int) -> None:
    simulation = Simulation(home.world, home.portfolio(40, seed), home.rules, seed)
    policy = Whim(seed)
    for _ in range(day):
        step(simulation, policy)
    before = simulation.observe(), simulation.masks()
    random = np.random.default_rng(seed)
    for field in HIDDEN:
        kind = simulation.accounts.dtype[field]
        simulation.accounts[field] = random.integers(0, 200, len(simulation.accounts)).astype(kind)
    np.testing.assert_array_equal(simulation.observe(), before[0])
    np.testing.assert_array_equal(simulation.masks(), before[1])


def test_protected_attributes_change_nothing_but_the_audit_columns(home: Scenario) -> None:
    portfolio = home.portfolio(200, 8)
    table = portfolio.table.copy()
    table["age"], table["sex"], table["region"] = 80, "female", "elsewhere"
    results = []
    for people in (portfolio, Portfolio(table, "other people")):
        simulation = Simulation(home.world, people, home.rules, 8)
        for _ in range(60):
            step(simulation, Whim(8))
        results.append(simulation.accounts)
    assert not differing(*results)
    names = {field.name for field in FIELDS}
    assert not names & {name for name, field in FIELD.items() if field.role in ("hidden", "protected")}


def test_observation_columns_mean_what_their_names_say(home: Scenario) -> None:
    eventful = changed(home.world, dispute=0.05, opt_out=0.02, complaint_fatigue=3.0, restructure_base=3.0)
    simulation = Simulation(eventful, home.portfolio(300, 4), home.rules, 4)
    for _ in range(75):
        step(simulation, Whim(4))
    a = simulation.accounts[simulation.open_accounts]
    seen = dict(zip((f.name for f in FIELDS), simulation.observe().T, strict=True))
    today = 75

    def since(days: np.ndarray) -> np.ndarray:
        return np.where(days == NEVER, 365, np.minimum(today - days, 365))

    def bits_set(history: np.ndarray, days: int) -> np.ndarray:
        return np.array([bin(int(h) & ((1 << days) - 1)).count("1") for h in history])

    expected = {
        "dpd": a["dpd0"] + today,
        "balance": a["balance"] / 100,
        "arrears": a["balance"] / 100,
        "opening_balance": a["opening"] / 100,
        "claim_size": a["balance"] / 100 / home.world.typical_claim,
        "paid_share": np.minimum(a["cash"] / a["opening"], 1),
        "credit_score": a["score"],
        "monthly_income": a["income"],
        "stable_assets": a["stable_assets"],
        "early_warning": a["early_warning"],
        "product": a["product"],
        "tenure_months": a["tenure"],
        "prior_delinquencies": a["prior"],
        "days_in_portfolio": np.full(len(a), today),
        "calls_7d": bits_set(a["call_history"], 7),
        "texts_7d": bits_set(a["text_history"], 7),
        "visits_30d": bits_set(a["visit_history"], 30),
        "days_since_attempt": since(a["last_attempt"]),
        "days_since_reached": since(a["last_reach"]),
        "last_outcome": a["last_outcome"],
        "attempts": a["attempts"],
        "reached": a["reaches"],
        "promise_open": a["promise_due"] != NEVER,
        "promise_due_in": np.where(a["promise_due"] != NEVER, a["promise_due"] - today, 0),
        "promises_kept": a["kept"],
        "promises_broken": a["broken"],
        "offers_made": a["offers"],
        "offers_refused": a["refused"],
        "best_discount": a["best_discount"],
        "days_since_payment": since(a["last_payment"]),
        "payments": a["payments"],
        "plan_active": a["plan_months"] > 0,
        "plan_missed": a["plan_missed"],
        "plans_broken": a["plans_broken"],
        "restructured": a["restructured"],
        "legal_stage": a["stage"],
        "days_in_stage": np.where(a["stage"] > 0, since(a["stage_day"]), 0),
        "hardship": a["hardship_until"] > today,
        "dispute": a["dispute_until"] > today,
        "complaint_open": a["complaint_until"] > today,
        "opted_out": a["opted_out"],
    }
    for name, values in expected.items():
        np.testing.assert_allclose(seen[name], values.astype(np.float32), rtol=1e-6, err_msg=name)
        assert name in ("product",) or len(np.unique(values)) > 1 or name == "days_in_portfolio", f"{name} never varied"
    date = simulation.calendar.date(today)
    assert (seen["weekday"] == date.weekday()).all()
    assert (seen["day_off"] == (date.weekday() >= 5)).all()
    assert set(np.unique(seen["tier"])) <= {0, 1, 2}
    assert (seen["days_to_payday"] == (a["payday"].astype(int) - date.day) % 30).all()
    assert simulation.observe().shape == (len(a), len(FIELD_INDEX))
    assert (simulation.observe() >= LOW).all() and (simulation.observe() <= HIGH).all()


def test_common_random_numbers_under_two_policies(home: Scenario) -> None:
    """Common random numbers: what an account draws does not depend on how others are treated."""
    portfolio = home.portfolio(100, 5)
    alone, crowd = (Simulation(home.world, portfolio, home.rules, 5) for _ in range(2))
    wechat = alone.menu.index["wechat/morning"]
    for day in range(40):
        for simulation in (alone, crowd):
            actions = np.zeros(simulation.open_accounts.size, np.int64)
            if simulation is crowd:
                # Everybody but account 7 gets messages now and then.
                actions[(simulation.open_accounts != 7) & simulation.masks()[:, wechat]] = wechat * (day % 3 == 0)
            simulation.advance(actions)
    assert not differing(alone.accounts[7:8], crowd.accounts[7:8])
    assert differing(alone.accounts, crowd.accounts)


def test_interest_never_exceeds_the_rule_packs_cap(home: Scenario) -> None:
    greedy = home.world.model_copy(update={"annual_rate": 0.9})
    simulation = Simulation(greedy, home.portfolio(100, 6), home.rules, 6)
    for _ in range(100):
        step(simulation, Whim(6))
    a = simulation.accounts
    most = a["opening"] * 0.24 / 365 * 100 + 100  # half a cent a day of rounding
    assert (a["interest"] <= most).all() and a["interest"].sum() > 0


def test_portfolio_beyond_write_off_is_refused(home: Scenario) -> None:
    world = home.world.model_copy(update={"write_off_dpd": 100})
    with pytest.raises(InputError, match=r"dpd: got .*, expected below 100"):
        Simulation(world, home.portfolio(100, 1), home.rules, 1)


def test_rule_packs_are_read_strictly(tmp_path) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "mine.yaml"
    rule = "{id: a, kind: contact_cap, text: t, group: call, most: 3, days: 7, source: s, confidence: A}"
    path.write_text(f"name: mine\ntitle: mine\nrules:\n  - {rule}\n  - {rule}\n")
    with pytest.raises(InputError, match=r"mine.yaml: line 5, rules\[1\].id: got 'a'"):
        load_rules(path)
    path.write_text(f"name: mine\ntitle: mine\nrules:\n  - {rule.replace('most: 3', 'most: lots')}\n")
    with pytest.raises(InputError, match=r"line 4, .*most \(rule a\): got 'lots', expected"):
        load_rules(path)
    path.write_text("name: mine\ntitle: mine\nrules:\n  - {id: a, kind: curfew}\n")
    with pytest.raises(InputError, match=r"line 4, .*curfew"):
        load_rules(path)
    spread = rule[1:-1].replace(", ", "\n    ").replace("most: 3", "mist: 3")
    path.write_text(f"name: mine\ntitle: mine\nrules:\n  - {spread}\n")
    with pytest.raises(InputError, match=r"line 8, rules\[0\].mist \(rule a\): got 'mist', expected most \(did"):
        load_rules(path)
