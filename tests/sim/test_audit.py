"""The proof: gate and audit are two readings of one rule pack, and agree treatment by treatment.

With the gate on, the audit finds nothing. With it off, the audit finds exactly what the gate would have stopped. If a
rule is dropped from the gate, the audit finds it; if a rule's SQL is changed, this comparison fails.
"""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from recoup.agents.plans.plan import Plan
from recoup.agents.plans.plan_file import find_plan
from recoup.scenarios.schema import Scenario, find_rules, load_scenario, rule_pack_names
from recoup.sim import kernels
from recoup.sim.account import FileReview, Stage
from recoup.sim.compliance import audit as audit_module
from recoup.sim.compliance import history
from recoup.sim.compliance.audit import READINGS, Finding, audit
from recoup.sim.compliance.auditlog import Log, typed_log
from recoup.sim.compliance.gate import RULE, Gate, gate_table
from recoup.sim.compliance.rules import Limitation, Rule, RulePack
from recoup.sim.observation import FIELD_INDEX
from recoup.sim.parameters import Windows, World
from recoup.sim.portfolio.table import Portfolio
from recoup.sim.simulation import Simulation
from recoup.sim.treatments import STANDARD, Legal, Menu
from tests.sim.test_reference import Whim, step

DAYS, ACCOUNTS = 110, 60
Broken = set[tuple[str, str, int]]  # rule, account, day


def eventful(world: World) -> World:
    """A world in which every rule is touched often: hours, complaints, disputes, broken plans, no budget."""
    behaviour = world.behaviour.model_copy(
        update={
            "complaint_fatigue": 3.0,
            "dispute": 0.05,
            "opt_out": 0.02,
            "jobless_share": 0.3,
            "cease_contact": 0.003,
            "breathing_space_monthly": 0.15,
            "breathing_space_days": 20.0,
            "pay_base": -4.5,
            "plan_base": 3.0,
            "settle_base": 1.0,
            "restructure_base": 3.0,
            "swap_base": 3.0,
            "instalment_base": -4.0,
        }
    )
    return world.model_copy(
        update={
            "behaviour": behaviour,
            "windows": Windows(morning=(6, 8), midday=(8, 11), afternoon=(14, 18), evening=(20, 22.5)),
            "write_off_dpd": 9000,
            "settlement_budget": 0.003,
            # Everybody works every day, so that days off are for the rules alone to respect.
            "operations": world.operations.model_copy(
                update={
                    name: getattr(world.operations, name).model_copy(
                        update={"weekdays": list(range(7)), "works_holidays": True}
                    )
                    for name in ("collector", "specialist", "autocall", "visit")
                }
            ),
            "channels": [*STANDARD.channel_names, *world.more_channels],
            "offers": list(load_scenario("china-consumer").world.offers),
        }
    )


def old_and_new(scenario: Scenario, pack: RulePack, seed: int) -> Portfolio:
    """Accounts on both sides of every age that the pack speaks of."""
    portfolio = scenario.portfolio(ACCOUNTS, seed)
    table, random = portfolio.table.copy(), np.random.default_rng(seed)
    limit = max((rule.days for rule in pack.rules if isinstance(rule, Limitation)), default=1000)
    ages = np.where(random.random(ACCOUNTS) < 0.2, limit - random.integers(0, 120, ACCOUNTS), table["dpd"] % 200)
    table["dpd"], table["stable_assets"] = ages, random.random(ACCOUNTS) < 0.5
    return Portfolio(table, "old and new")


@dataclass
class Trial:
    """A run in an eventful world, and with the gate off what it would say of every treatment, rule by rule."""

    simulation: Simulation
    would_stop: Broken
    findings: list[Finding]


def allowed(simulation: Simulation, records: NDArray[np.void]) -> NDArray[np.bool_]:
    """Which treatments are left by these gate records, bool (open accounts, menu)."""
    rows = simulation.open_accounts
    mask = np.empty((rows.size, len(simulation.menu)), np.bool_)
    bits = simulation.menu.table["bits"].copy()
    gate, closed = Gate.of(records), simulation._closed
    kernels.allowed(simulation.accounts, rows, 0, rows.size, simulation._today, bits, closed, gate, True, mask)
    return mask


def forbids(simulation: Simulation, records: NDArray[np.void]) -> NDArray[np.bool_]:
    """Which treatments these gate records alone forbid, bool (open accounts, menu)."""
    return allowed(simulation, np.zeros(0, RULE)) & ~allowed(simulation, records)


def opens_review(simulation: Simulation, actions: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which of today's choices only send the file to review, so that nothing happens to the debtor, bool (open accounts,)."""
    a, step = simulation.accounts[simulation.open_accounts], simulation.menu.table["legal"][actions]
    approved = (a["review"] == FileReview.APPROVED) & (a["review_step"] == step)
    return np.isin(step, (Legal.NOTICE, Legal.SUIT)) & ~approved


def by_rule(simulation: Simulation, pack: RulePack, actions: NDArray[np.int64], records: NDArray[np.void]) -> Broken:
    """The (rule, account, day) of today's choices that a rule forbids, one rule at a time."""
    broken: Broken = set()
    names = simulation.portfolio.column("account_id")
    each = np.arange(actions.size)
    possible = allowed(simulation, np.zeros(0, RULE))[each, actions]
    if simulation.world.courts.review:
        possible &= ~opens_review(simulation, actions)
    for number, rule in enumerate(pack.rules):
        mine = records[records["rule"] == number]
        if mine.size:
            against = possible & ~allowed(simulation, mine)[each, actions]
            broken |= {(rule.id, names[account], simulation.day) for account in simulation.open_accounts[against]}
    return broken


def trial(scenario_name: str, pack: RulePack, policy: object, seed: int, gate: bool, review: bool = True) -> Trial:
    scenario = load_scenario(scenario_name)
    world = eventful(scenario.world)
    if not review:
        world = world.model_copy(update={"courts": world.courts.model_copy(update={"review": None})})
    simulation = Simulation(world, old_and_new(scenario, pack, seed), pack, seed, gate=gate, record_events=True)
    if isinstance(policy, str):
        policy = Plan.load(find_plan(policy), simulation.menu)
    records, would_stop = gate_table(pack, world), set()
    while simulation.day < DAYS and not simulation.finished:
        observations, masks = simulation.observe(), simulation.masks()
        actions = np.asarray(policy.act(observations, masks), np.int64)  # type: ignore[attr-defined]
        if not gate:
            would_stop |= by_rule(simulation, pack, actions, records)
        simulation.advance(actions, policy.priority(observations, actions))  # type: ignore[attr-defined]
    return Trial(simulation, would_stop, audit(typed_log(simulation.audit_table(), world.vocabulary), pack))


def found_by(findings: list[Finding]) -> Broken:
    return {
        (finding.rule.id, account, int(day))
        for finding in findings
        for account, day in zip(finding.breaches["account_id"], finding.breaches["day"], strict=True)
    }


SCENARIO_OF = {
    "china": "china-consumer",
    "taiwan": "china-consumer",
    "us-reg-f": "us-cards",
    "us-nyc": "us-cards",
    "uk-conc": "uk-loans",
    "korea": "us-cards",
    "india-rbi": "us-cards",
    "australia-rg96": "uk-loans",
    "thailand": "us-cards",
    "southeast-asia-policy": "southeast-asia-loans",
}
FEW = settings(max_examples=2, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def test_every_shipped_pack_is_tried() -> None:
    assert set(SCENARIO_OF) == set(rule_pack_names())


@pytest.mark.parametrize("pack_name", SCENARIO_OF)
@FEW
@given(seed=st.integers(0, 10_000))
def test_gated_runs_audit_to_zero_and_free_ones_to_what_the_gate_would_stop(pack_name: str, seed: int) -> None:
    pack = find_rules(pack_name)
    gated = trial(SCENARIO_OF[pack_name], pack, Whim(seed), seed, gate=True)
    assert found_by(gated.findings) == set()
    blocked = {name: count for name, count in gated.simulation.blocked_by_rule().items() if name != "impossible"}
    assert {f.rule.id: f.stopped for f in gated.findings if f.stopped} == blocked and blocked
    free = trial(SCENARIO_OF[pack_name], pack, Whim(seed), seed, gate=False)
    assert found_by(free.findings) == free.would_stop and len(free.would_stop) > 100
    treatments = {(account, day) for _, account, day in free.would_stop}
    assert len(treatments) == sum(free.simulation.breaches_by_rule().values())


@pytest.mark.parametrize(
    ("pack_name", "plan"), [("china", "staged"), ("uk-conc", "tiered"), ("us-reg-f", "status-quo")]
)
def test_plans_agree_as_well(pack_name: str, plan: str) -> None:
    pack = find_rules(pack_name)
    assert found_by(trial(SCENARIO_OF[pack_name], pack, plan, 5, gate=True).findings) == set()
    free = trial(SCENARIO_OF[pack_name], pack, plan, 5, gate=False)
    assert found_by(free.findings) == free.would_stop and free.would_stop


def everything() -> RulePack:
    """One pack with every rule of all shipped packs, each once, with numbers that are soon reached."""
    rules: dict[str, Rule] = {}
    for name in ("china", "uk-conc", "us-reg-f"):
        for rule in find_rules(name).rules:
            if all((rule.kind, rule.parameters) != (other.kind, other.parameters) for other in rules.values()):
                rules.setdefault(rule.id, rule)
    plan_length = rules["plan-length"].model_copy(update={"most_months": 24})  # 36 months are in the vocabulary
    rules["plan-length"] = plan_length
    rules["call-cap-week"] = rules["call-cap-week"].model_copy(update={"most": 2, "count": "attempts"})
    rules["text-cap-week"] = rules["text-cap-week"].model_copy(update={"most": 2})
    # One contact a day at most: a cap on a day's conversations binds in a longer window only.
    rules["call-cap-day"] = rules["call-cap-day"].model_copy(update={"most": 2, "days": 31})
    # A second visit of a day does not happen, so the cap is given a window in which it binds before the month's does.
    rules["visit-cap-day"] = rules["visit-cap-day"].model_copy(update={"days": 5})
    # China's limitation restarts and Regulation F's does not: each binds alone where their ages differ.
    rules["time-barred"] = rules["time-barred"].model_copy(update={"days": 1120})
    for rule_id, balance in (("notice-precondition", 700), ("suit-precondition", 1000)):
        rules[rule_id] = rules[rule_id].model_copy(update={"least_balance": balance})
    return RulePack(name="everything", title="every rule", rules=list(rules.values()))


class Litigious(Whim):
    """A whim that also gives notice, and sues about as soon as it may: now too early, now not."""

    def act(self, observations: NDArray[np.float32], masks: NDArray[np.bool_]) -> NDArray[np.int64]:
        actions = super().act(observations, masks)
        random = np.random.default_rng([self.seed, 1, int(observations[0, FIELD_INDEX["days_in_portfolio"]])])
        since = observations[:, FIELD_INDEX["days_in_stage"]]
        noticed = observations[:, FIELD_INDEX["legal_stage"]] == Stage.NOTICED
        for name, chance in (("letter/morning/notice", 0.03 * ~noticed), ("suit", 0.2 * (noticed & (since > 10)))):
            item = self.names[name]
            chosen = masks[:, item] & (random.random(len(masks)) < chance)
            actions[chosen] = item
        return actions

    @property
    def names(self) -> dict[str, int]:
        return Menu.of(WORLD.channels, WORLD.offers, WORLD.legal).index


@pytest.fixture(scope="module")
def free() -> Trial:
    """A run under all rules at once with the gate off, and without reviews, which few suits that come too early would outlast."""
    return trial("uk-loans", everything(), Litigious(11), 11, gate=False, review=False)


@pytest.fixture(scope="module")
def log(free: Trial) -> Log:
    return typed_log(free.simulation.audit_table())


WORLD = eventful(load_scenario("uk-loans").world)
# A second restructuring is impossible in the vocabulary, gate or no gate.
BINDING = sorted({everything().rules[n].id for n in gate_table(everything(), WORLD)["rule"]} - {"one-restructuring"})


class Tempted:
    """Does whatever only the dropped rule would have stopped; else anything lawful, or now and then not."""

    def __init__(self, simulation: Simulation, dropped: NDArray[np.void], seed: int) -> None:
        self.simulation, self.dropped, self.whim = simulation, dropped, Whim(seed)

    def act(self, observations: NDArray[np.float32], masks: NDArray[np.bool_]) -> NDArray[np.int64]:
        chance = masks & forbids(self.simulation, self.dropped)
        return np.where(chance.any(axis=1), np.argmax(chance, axis=1), self.whim.act(observations, masks))

    def priority(self, observations: NDArray[np.float32], actions: NDArray[np.int64]) -> NDArray[np.int64]:
        return self.whim.priority(observations, actions)


@pytest.mark.parametrize("rule_id", BINDING)
def test_a_rule_dropped_from_the_gate_is_found_by_the_audit(rule_id: str) -> None:
    pack, scenario = everything(), load_scenario("uk-loans")
    simulation = Simulation(WORLD, old_and_new(scenario, pack, 3), pack, 3, record_events=True)
    number = [rule.id for rule in pack.rules].index(rule_id)
    records = gate_table(pack, simulation.world)
    dropped = records[records["rule"] == number]
    simulation._gate = Gate.of(records[records["rule"] != number])
    policy = Tempted(simulation, dropped, 3)
    while simulation.day < DAYS and not simulation.finished:
        step(simulation, policy)  # type: ignore[arg-type]
    findings = {finding.rule.id: finding for finding in audit(typed_log(simulation.audit_table()), pack)}
    assert len(findings[rule_id].breaches) > 0
    assert {name for name, finding in findings.items() if len(finding.breaches)} == {rule_id}


def test_everything_agrees_with_the_gate_rule_by_rule(free: Trial) -> None:
    assert found_by(free.findings) == free.would_stop
    assert {rule for rule, _, _ in free.would_stop} == set(BINDING)
    for finding in free.findings:
        for breach in finding.breaches.head(3).to_dict("records"):
            for language in ("en", "zh"):
                assert finding.evidence(breach, language) and "{" not in finding.evidence(breach, language)


@pytest.mark.parametrize("rule_id", BINDING)
def test_a_rule_whose_sql_is_broken_no_longer_agrees(
    free: Trial, log: Log, rule_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Slips in its numbers are seen by logs that touch the boundaries, in test_audit_boundaries.py."""
    rule = next(rule for rule in everything().rules if rule.id == rule_id)
    alone = RulePack(name="alone", title="", rules=[rule])
    expected = {breach for breach in free.would_stop if breach[0] == rule_id}
    original = READINGS[type(rule)](rule)
    (finding,) = audit(log, alone)
    assert found_by([finding]) == expected
    wrong = {"broken": ["false"] + ["true"] * (finding.tested > len(expected)), "tested": ["false"]}
    for part, conditions in wrong.items():
        for condition in conditions:
            slip = dataclasses.replace(original, **{part: condition})
            monkeypatch.setitem(audit_module.READINGS, type(rule), lambda _, slip=slip: slip)
            assert found_by(audit(log, alone)) != expected, (part, condition)


def rules_broken(rules: RulePack, charged: str | None = None) -> set[str]:
    """What an audit by all rules finds in a gated world under `rules`, in which two cents a day are charged in `charged` alone."""
    behaviour = WORLD.behaviour.model_copy(update={"hardship_disclosed": 1.0})
    world = WORLD.model_copy(update={"behaviour": behaviour, "annual_rate": 0.9})
    portfolio = old_and_new(load_scenario("uk-loans"), everything(), 4)
    simulation = Simulation(world, portfolio, rules, 4, record_events=True)
    for _ in range(60):
        step(simulation, Whim(4))
        if charged:
            a, day = simulation.accounts, simulation.day
            protected = {
                "hardship": a["hardship_until"] > day,
                "breathing space": a["breathing_until"] > day,
                "kept plan": a["plan_months"] > 0,
            }
            hit = protected.pop(charged) & ~np.any(list(protected.values()), axis=0) & (a["plan_missed"] == 0)
            a["interest"][hit] += 2
            a["balance"][hit] += 2
    findings = audit(typed_log(simulation.audit_table()), everything())
    return {finding.rule.id for finding in findings if len(finding.breaches)}


def test_interest_that_the_world_should_not_charge_is_found() -> None:
    """The gate forbids no treatment here, the world keeps to these rules by itself: so the world is broken."""
    pack = everything()
    assert rules_broken(pack) == set()
    uncapped = pack.model_copy(update={"rules": [rule for rule in pack.rules if rule.id != "interest-cap"]})
    assert rules_broken(uncapped) == {"interest-cap"}
    assert rules_broken(pack, "hardship") == {"hardship-interest"}
    assert rules_broken(pack, "breathing space") == {"breathing-space-interest"}
    assert rules_broken(pack, "kept plan") == {"plan-interest"}


def test_the_two_readings_share_no_code() -> None:
    source = Path(audit_module.__file__).read_text(encoding="utf-8")
    imported = set(re.findall(r"^from (recoup[.\w]*)", source, re.M))
    assert imported == {
        "recoup.sim.compliance.auditlog",
        "recoup.sim.compliance.history",
        "recoup.sim.compliance.rules",
        "recoup.sim.treatments",  # names of channels and their groups: data
    }
    source = Path(history.__file__).read_text(encoding="utf-8")
    assert set(re.findall(r"^from (recoup[.\w]*)", source, re.M)) == {"recoup.sim.compiled", "recoup.sim.treatments"}
