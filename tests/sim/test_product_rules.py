"""Rules on some products alone: in the gate, in the masks and in the audit, against the same rules on all products."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from recoup.scenarios.schema import find_rules, load_scenario, rules_path
from recoup.sim.account import Event
from recoup.sim.compliance.audit import audit
from recoup.sim.compliance.auditlog import read_log, typed_log
from recoup.sim.compliance.rules import KINDS, RulePack, load_rules
from recoup.sim.inputs import InputError
from recoup.sim.portfolio.table import Portfolio
from recoup.sim.simulation import Simulation
from tests.reference import ReferenceSimulation, disagreeing
from tests.sim.test_audit import eventful
from tests.sim.test_customers import staffed
from tests.sim.test_reference import Whim, step

HOME = load_scenario("china-consumer")
LOAN, CARD, GOODS = "consumer_loan", "credit_card", "instalment_purchase"
SAID = {"text": "t", "source": "s", "confidence": "C"}


def pack(*rules: dict[str, Any], products: list[str] | None = None) -> RulePack:
    made = [
        KINDS[rule["kind"]].model_validate({"id": f"r{n}", **SAID, "products": products or [], **rule})
        for n, rule in enumerate(rules)
    ]
    return RulePack(name="p", title="P", rules=made)


# A rule for each way in which the gate looks at an account.
RULES: tuple[dict[str, Any], ...] = (
    {"kind": "contact_hours", "groups": ["text", "call"], "from_hour": 9, "to_hour": 18},
    {"kind": "contact_cap", "group": "call", "most": 2, "days": 7},
    {"kind": "contact_cap", "group": "contact", "most": 2, "days": 4, "count": "attempts"},
    {"kind": "contact_cap", "channel": "sms", "most": 1, "days": 5, "count": "attempts"},
    {"kind": "contact_cap", "channel": "letter", "most": 1, "days": 9, "per": "account"},
    {"kind": "contact_cap", "group": "call", "most": 1, "days": 9, "count": "conversations"},
    {"kind": "quiet_after_conversation", "days": 3},
    {"kind": "standing", "while": "complaint", "forbids": ["contact"]},
    {"kind": "standing", "while": "day_off", "forbids": ["visit"]},
    {"kind": "plan_length", "most_months": 6},
    {"kind": "broken_plans", "most": 1},
    {"kind": "discount_authority", "before_dpd": 120, "most": 0.1},
    {"kind": "limitation", "days": 30},
    {"kind": "limitation", "days": 3, "restarts": True},
    {"kind": "legal_precondition", "step": "notice", "least_dpd": 500, "least_balance": 400_000},
    {"kind": "legal_precondition", "step": "suit", "notice_days": 20},
)


def book(accounts: int, seed: int, several: bool) -> Portfolio:
    portfolio = HOME.portfolio(accounts, seed)
    whose = [f"c{n // 3}" if n % 4 else None for n in range(accounts)]
    return (
        replace(portfolio, table=portfolio.table.assign(customer_id=pd.Series(whose, dtype=object)))
        if several
        else portfolio
    )


def simulated(rules: RulePack, portfolio: Portfolio, gate: bool = False, seed: int = 5, days: int = 50) -> Simulation:
    simulation = Simulation(staffed(eventful(HOME.world)), portfolio, rules, seed, gate=gate, record_events=True)
    for _ in range(days):
        step(simulation, Whim(seed))
    return simulation


def found(simulation: Simulation, rules: RulePack) -> list[list[int]]:
    """Of each rule, the lines of the log that break it."""
    findings = audit(typed_log(simulation.audit_table()), rules)
    assert not any(finding.missing for finding in findings)
    return [sorted(finding.breaches["line"].tolist()) for finding in findings]


@pytest.mark.parametrize("several", [False, True])
def test_a_rule_on_a_product_is_the_rule_on_all_and_judges_the_accounts_of_that_product(several: bool) -> None:
    wide, narrow, portfolio = pack(*RULES), pack(*RULES, products=[CARD, GOODS]), book(110, 3, several)
    free = simulated(narrow, portfolio, days=70)
    log = free.audit_table()
    theirs = log["product"].isin([CARD, GOODS]).to_numpy()
    assert (
        log["account_id"].map(portfolio.table.set_index("account_id")["product"]).eq(log["product"].astype(str)).all()
    )
    everywhere, here = found(free, wide), found(free, narrow)
    assert here == [[line for line in lines if theirs[line - 1]] for lines in everywhere]
    assert all(here) and all(len(some) < len(lines) for some, lines in zip(here, everywhere, strict=True))
    # What the gate has counted is what the audit finds, account by account and day by day.
    events = free.events_table()
    counted = set(events.loc[events["breach"], ["account_id", "day"]].itertuples(index=False, name=None))
    lines = sorted({line - 1 for some in here for line in some})
    assert counted == set(log.iloc[lines][["account_id", "day"]].itertuples(index=False, name=None))
    assert not any(found(simulated(narrow, portfolio, gate=True, days=70), narrow))


def test_masks_are_those_of_the_product() -> None:
    portfolio = book(80, 4, several=True)
    runs = [simulated(rules, portfolio, days=0) for rules in (pack(), pack(*RULES), pack(*RULES, products=[CARD]))]
    differed = 0
    for _ in range(30):
        card = runs[0].accounts["product"][runs[0].open_accounts] == 1
        none, wide, narrow = (masked(run) for run in runs)
        assert (narrow[card] == wide[card]).all() and (narrow[~card] == none[~card]).all()
        differed += (wide[card] != none[card]).any() and (wide[~card] != none[~card]).any()
        actions = Whim(4).act(runs[0].observe(), none)
        for run in runs:  # with the gate off all three do the same
            run.advance(actions)
    assert differed == 30


def masked(simulation: Simulation) -> np.ndarray:
    """What the gate leaves open, in a simulation that goes on without it."""
    simulation.gate = True
    masks = simulation.masks()
    simulation.gate = False
    return masks


def one_of_each(customer: str | None = None) -> Portfolio:
    """A loan, a card and goods by instalments, of one customer or of three."""
    portfolio = HOME.portfolio(3, 1)
    table = portfolio.table.assign(product=[LOAN, CARD, GOODS], dpd=20.0)
    if customer:
        table = table.assign(customer_id=[customer] * 3)
    return replace(portfolio, table=table)


def test_nobody_visits_for_goods_by_instalments() -> None:
    rules = pack({"kind": "contact_cap", "group": "visit", "most": 0, "days": 1, "products": [GOODS]})
    simulation = Simulation(staffed(HOME.world), one_of_each(), rules, 1)
    visit = simulation.menu.index["visit/morning"]
    assert simulation.masks()[:, visit].tolist() == [True, True, False]
    simulation.advance(np.full(3, visit))
    assert simulation.accounts["attempts"].tolist() == [1, 1, 0]
    assert simulation.blocked_by_rule() == {"r0": 1}


@pytest.mark.parametrize(
    ("products", "attempts"),
    [
        ([], [1, 0, 0]),  # one message a day to a customer: the morning's
        ([GOODS], [1, 1, 0]),  # the loan and the card are under no cap, and count where goods are
        ([CARD, GOODS], [1, 0, 0]),
        ([LOAN], [1, 1, 1]),  # the loan's is the first of the day
    ],
)
def test_what_is_counted_of_a_customer_is_about_all_of_his_accounts(products: list[str], attempts: list[int]) -> None:
    cap = {"kind": "contact_cap", "group": "text", "most": 1, "days": 1, "count": "attempts"}
    for maker in (Simulation, ReferenceSimulation):
        simulation = maker(staffed(HOME.world), one_of_each("x"), pack(cap, products=products), 1)
        item = simulation.menu.index
        simulation.advance(np.array([item["sms/morning"], item["sms/midday"], item["sms/evening"]]))
        assert simulation.accounts["attempts"].tolist() == attempts
        blocked = (simulation.accounts["events"] & Event.BLOCKED > 0) | (simulation.accounts["blocked"] > 0)
        assert blocked.tolist() == [attempt == 0 for attempt in attempts]


@pytest.mark.parametrize("seed", [1, 2])
def test_the_engine_equals_the_reference_under_rules_on_products(seed: int) -> None:
    rules = RulePack(
        name="mixed",
        title="Mixed",
        rules=[
            rule.model_copy(update={"id": f"{rule.id}-{n}"})
            for n, products in enumerate(([CARD], [LOAN, GOODS]))
            for rule in pack(*RULES[n::2], products=products).rules
        ],
    )
    world, portfolio = staffed(eventful(HOME.world)), book(40, seed, several=True)
    for gate in (True, False):
        fast = Simulation(world, portfolio, rules, seed, gate=gate)
        plain = ReferenceSimulation(world, portfolio, rules, seed, gate=gate)
        for day in range(25):
            step(fast, Whim(seed))
            step(plain, Whim(seed))
            still = fast.accounts["status"] == 0
            assert not disagreeing(fast.accounts[still], plain.accounts[still]), f"open accounts after day {day}"
        assert fast.accounts["blocked" if gate else "breaches"].sum() > 20


def test_a_cap_on_the_interest_of_one_product_leaves_the_others() -> None:
    world = HOME.world.model_copy(update={"annual_rate": 0.36})
    caps = [{"kind": "interest_cap", "most": most, "products": on} for most, on in ((0.3, []), (0.15, [CARD, GOODS]))]
    rules = pack(*caps)
    assert rules.annual_rates(world) == (0.3, 0.15, 0.15)
    simulation = Simulation(world, one_of_each(), rules, 1, record_events=True)
    simulation.accounts["opening"] = simulation.accounts["balance"] = 36_500_00
    for _ in range(2):
        simulation.advance(np.full(3, simulation.menu.index["letter/morning"]))
    # 36,500.00 / 365 is 100.00 a day; no payment has come in since.
    assert simulation.accounts["interest"].tolist() == [60_00, 30_00, 30_00]
    dearer = pack(*caps[:1])
    log = Simulation(world, one_of_each(), dearer, 1, record_events=True)
    for _ in range(30):
        log.advance(np.full(log.open_accounts.size, log.menu.index["letter/morning"]))
    table = log.audit_table().assign(
        product=lambda one: one["account_id"].map(
            dict(zip(one_of_each().table["account_id"], [LOAN, CARD, GOODS], strict=True))
        )
    )
    broken = audit(typed_log(table), rules)[1].breaches
    assert set(broken["account_id"]) <= set(one_of_each().table["account_id"][1:]) and len(broken)


LOG = "account_id,product,day,channel,from_hour\na,micro,1,collector,8:30\na,micro,2,collector,9:00\na,micro,3,sms,18:30\nb,card,1,collector,8:30\nb,card,2,sms,18:30\nc,,1,sms,8:30\n"


def test_the_audit_of_a_log_that_is_not_ours(tmp_path: Path) -> None:
    """Hours of microfinance in India are 9 to 18, those of others 8 to 19; of an account whose product is unknown nothing is said."""
    file = tmp_path / "log.csv"
    file.write_text(LOG.replace("micro", "microfinance"), encoding="utf-8")
    india = find_rules("india-rbi")
    hours = {finding.rule.id: finding for finding in audit(read_log(file), india)}
    assert hours["contact-hours"].breaches.empty and hours["contact-hours"].tested == 6
    narrow = hours["contact-hours-microfinance"]
    assert narrow.tested == 3 and sorted(narrow.breaches["line"]) == [2, 4]
    file.write_text(LOG.replace("product,", "kind,"), encoding="utf-8")
    lacking = {finding.rule.id: finding for finding in audit(read_log(file), india)}["contact-hours-microfinance"]
    assert lacking.missing == ("product",) and lacking.tested == 0


def test_a_pack_may_name_a_product_that_a_world_lacks() -> None:
    rule = {"kind": "contact_cap", "group": "contact", "most": 0, "days": 1, "products": ["microfinance"]}
    plain, capped = (Simulation(HOME.world, book(30, 1, False), rules, 1) for rules in (pack(), pack(rule)))
    assert (plain.masks() == capped.masks()).all()
    with_card = pack({**rule, "products": ["microfinance", CARD]})
    masks = Simulation(HOME.world, one_of_each(), with_card, 1).masks()
    assert masks[0].sum() == masks[2].sum() > masks[1].sum() > 0


@pytest.mark.parametrize(
    ("head", "products", "said"),
    [
        (
            "products: [microfinance]\n",
            "[microfinanc]",
            r"rules\[0\]\.products\[0\] \(rule a\): got 'microfinanc', expected microfinance \(did you",
        ),
        (
            "",
            "[credit_card, microfinance]",
            r"line 4, rules\[0\]\.products\[1\] \(rule a\): got 'microfinance', expected ",
        ),
        ("", "card", r"rules\[0\]\.products \(rule a\): got 'card', expected a valid list"),
    ],
)
def test_a_product_that_is_a_slip_is_one_line(tmp_path: Path, head: str, products: str, said: str) -> None:
    rule = f"{{id: a, kind: third_parties, text: t, source: s, confidence: A, products: {products}}}"
    file = tmp_path / "mine.yaml"
    file.write_text(f"name: mine\ntitle: m\n{head}rules:\n  - {rule}\n", encoding="utf-8")
    with pytest.raises(InputError, match=said) as told:
        load_rules(file)
    assert "\n" not in str(told.value)


def test_a_pack_that_extends_another_knows_its_products(tmp_path: Path) -> None:
    rule = "{id: a, kind: third_parties, text: t, source: s, confidence: A, products: [microfinance]}"
    file = tmp_path / "mine.yaml"
    file.write_text(f"name: mine\ntitle: m\nextends: india-rbi\nrules:\n  - {rule}\n", encoding="utf-8")
    rules = load_rules(file, rules_path)
    assert rules.products == ["microfinance"] and rules.rules[-1].products == ["microfinance"]
    assert rules.rules[-1].parameters == {"products": ["microfinance"]} and find_rules("china").rules[0].products == []
