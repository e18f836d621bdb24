"""Customers with several accounts: contact caps count their contacts together, in the gate and in the audit, which share no code."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from recoup.scenarios.schema import find_rules, load_scenario
from recoup.sim.compliance.audit import audit
from recoup.sim.compliance.auditlog import typed_log
from recoup.sim.compliance.rules import ContactCap, QuietAfterConversation, RulePack
from recoup.sim.operations.resources import RESOURCES
from recoup.sim.parameters import World
from recoup.sim.portfolio.table import Portfolio
from recoup.sim.simulation import Simulation
from tests.reference import ReferenceSimulation, disagreeing
from tests.sim.test_audit import eventful
from tests.sim.test_reference import Whim, step

HOME = load_scenario("china-consumer")
SOURCE = {"text": "made up", "source": "made up", "confidence": "C"}


def cap(name: str, **more: object) -> ContactCap:
    return ContactCap.model_validate({"id": name, "kind": "contact_cap", **SOURCE, **more})


CAPS = RulePack(
    name="caps",
    title="caps of all kinds",
    rules=[
        cap("call-days", group="call", most=3, days=7),
        cap("text-attempts", group="text", most=4, days=10, count="attempts"),
        cap("contact-attempts-day", group="contact", most=2, days=1, count="attempts"),
        cap("talks", group="call", most=2, days=14, count="conversations"),
        cap("calls-of-account", group="call", most=2, days=7, count="attempts", per="account"),
        cap("sms-attempts", channel="sms", most=2, days=7, count="attempts"),
        cap("email-days", channel="email", most=2, days=9),
        cap("wechat-of-account", channel="wechat", most=1, days=6, per="account"),
        QuietAfterConversation.model_validate({"id": "quiet", "kind": "quiet_after_conversation", "days": 2, **SOURCE}),
    ],
)


def staffed(world: World) -> World:
    """A world in which somebody has time for everybody, so that a contact that is decided on takes place."""
    operations = world.operations
    people = {one.name: getattr(operations, one.name).model_copy(update={"agents": 200}) for one in RESOURCES}
    return world.model_copy(update={"operations": operations.model_copy(update=people)})


def several(accounts: int, seed: int) -> Portfolio:
    """Accounts of which a third are alone and the others one of two to four of a customer, in no order."""
    portfolio, random = HOME.portfolio(accounts, seed), np.random.default_rng(seed)
    customers = random.permutation([f"c{n // 4}" if n % 3 else None for n in range(accounts)])
    return replace(portfolio, table=portfolio.table.assign(customer_id=pd.Series(customers, dtype=object)))


def simulated(pack: RulePack, portfolio: Portfolio, gate: bool, days: int = 60, seed: int = 5) -> Simulation:
    world = staffed(eventful(HOME.world))
    simulation = Simulation(world, portfolio, pack, seed, gate=gate, record_events=True)
    for _ in range(days):
        step(simulation, Whim(seed))
    return simulation


@pytest.mark.parametrize("seed", [1, 2])
def test_gate_and_audit_read_caps_of_customers_alike(seed: int) -> None:
    gated = simulated(CAPS, several(60, seed), gate=True, seed=seed)
    assert all(finding.breaches.empty for finding in audit(typed_log(gated.audit_table()), CAPS))
    free = simulated(CAPS, several(60, seed), gate=False, seed=seed)
    findings = audit(typed_log(free.audit_table()), CAPS)
    found = {key for one in findings for key in zip(one.breaches["account_id"], one.breaches["day"], strict=True)}
    events = free.events_table()
    counted = events[events["breach"]]
    assert found == set(zip(counted["account_id"], counted["day"], strict=True)) and len(found) > 300
    assert all(len(one.breaches) > 20 for one in findings)


def test_every_cap_would_be_broken_without_the_customers() -> None:
    """What is lawful about each account by itself is not so about all of a customer's."""
    portfolio = several(60, 1)
    alone = simulated(CAPS, replace(portfolio, table=portfolio.table.drop(columns="customer_id")), gate=True)
    log = alone.audit_table()
    names = dict(zip(portfolio.table["account_id"], portfolio.table["customer_id"], strict=True))
    log.insert(1, "customer_id", log["account_id"].astype(object).map(names).astype(object))
    broken = {one.rule.id: len(one.breaches) for one in audit(typed_log(log), CAPS)}
    assert broken.pop("calls-of-account") == broken.pop("wechat-of-account") == 0
    assert min(broken.values()) > 20


def test_customers_with_one_account_each_change_nothing() -> None:
    portfolio = HOME.portfolio(40, 3)
    named = replace(portfolio, table=portfolio.table.assign(customer_id=[f"c{n}" for n in range(40)]))
    plain, own = (simulated(find_rules("china"), one, gate=True, days=20) for one in (portfolio, named))
    assert plain.accounts.tobytes() == own.accounts.tobytes()
    assert list(plain.audit_table()) == list(own.audit_table())


def log_of(*rows: tuple[str, str | None, int, float, str, bool]) -> pd.DataFrame:
    names = ("account_id", "customer_id", "day", "from_hour", "channel", "reached")
    return pd.DataFrame(dict(zip(names, column, strict=True)) for column in rows)


def test_a_log_is_counted_by_customer_and_by_account_by_hand() -> None:
    pack = RulePack(
        name="two",
        title="two calls in three days",
        rules=[
            cap("of-customer", group="call", most=2, days=3, count="attempts"),
            cap("of-account", group="call", most=2, days=3, count="attempts", per="account"),
        ],
    )
    log = log_of(
        ("a", "x", 1, 9, "collector", False),
        ("b", "x", 1, 10, "collector", False),
        ("c", None, 1, 11, "collector", False),  # on its own, though it is called as a customer is
        ("x", None, 1, 11, "collector", False),
        ("a", "x", 2, 9, "collector", False),  # the third with x, the second about a
        ("b", "x", 3, 9, "collector", False),  # the fourth with x, the second about b
        ("b", "x", 4, 9, "collector", False),  # days 2 and 3: the third with x, the second about b
        ("b", "x", 5, 9, "collector", False),  # days 3 and 4: the third with x and about b
    )
    of_customer, of_account = audit(typed_log(log.astype({"customer_id": object})), pack)
    assert of_customer.breaches["line"].tolist() == [5, 6, 7, 8]
    assert of_account.breaches["line"].tolist() == [8]


def test_two_on_one_day_are_looked_at_in_the_order_of_their_hours() -> None:
    pack = RulePack(
        name="one", title="one a day", rules=[cap("one", group="contact", most=1, days=1, count="attempts")]
    )
    portfolio = HOME.portfolio(3, 1)
    table = portfolio.table.assign(customer_id=["x", "x", None])
    simulation = Simulation(staffed(HOME.world), replace(portfolio, table=table), pack, 1, record_events=True)
    item = simulation.menu.index
    simulation.advance(np.array([item["sms/evening"], item["collector/morning"], item["sms/evening"]]))
    assert simulation.accounts["blocked"].tolist() == [1, 0, 0]
    assert simulation.accounts["attempts"].tolist() == [0, 1, 1]
    assert simulation.blocked_by_rule() == {"one": 1}
    contact = [name for name in item if name != "nothing" and name.split("/")[0] not in ("suit", "enforce")]
    # The next day is a new one.
    assert simulation.masks()[:, [item[name] for name in contact if name.startswith("sms")]].all()


@pytest.mark.parametrize("gate", [True, False])
def test_the_engine_equals_the_reference_from_the_middle_and_with_customers(gate: bool) -> None:
    """The plain reference counts the customers a second time, and takes up what is pending by itself."""
    world = eventful(HOME.world)
    before = Simulation(world, several(40, 4), CAPS, 4)
    for _ in range(25):
        step(before, Whim(4))
    state = before.portfolio_now()
    assert state.as_of and state.table["customer_id"].duplicated().any()
    assert state.table["channel_days"].str.contains("sms").any()
    world = world.model_copy(update={"start": state.as_of})
    fast = Simulation(world, state, CAPS, 9, gate=gate)
    plain = ReferenceSimulation(world, state, CAPS, 9, gate=gate)
    for day in range(35):
        np.testing.assert_array_equal(fast.observe(), plain.observe(), err_msg=f"observations of day {day}")
        np.testing.assert_array_equal(fast.masks(), plain.masks(), err_msg=f"masks of day {day}")
        step(fast, Whim(9))
        step(plain, Whim(9))
        still = fast.accounts["status"] == 0
        assert not disagreeing(fast.accounts[still], plain.accounts[still]), f"open accounts after day {day}"
    assert fast.accounts["blocked" if gate else "breaches"].sum() > 50
