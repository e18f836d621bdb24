"""What a scenario's own channels, pools, offers, products and tiers do to an account, worked out by hand or by what they must equal."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from recoup.scenarios.schema import load_scenario
from recoup.sim.account import Event
from recoup.sim.compliance.audit import audit
from recoup.sim.compliance.auditlog import typed_log
from recoup.sim.compliance.rules import KINDS, Rule, RulePack
from recoup.sim.observation import FIELD_INDEX
from recoup.sim.parameters import World
from recoup.sim.portfolio.state_checks import faults
from recoup.sim.simulation import Simulation

HOME = load_scenario("southeast-asia-loans")
NO_RULES = RulePack(name="none", title="None", rules=[])
TEXTS = ("whatsapp", "rcs", "push")


def rule(kind: str, **data: Any) -> Rule:
    said = {"id": kind.replace("_", "-"), "text": "a rule", "source": "made up", "confidence": "C"}
    return KINDS[kind].model_validate({"kind": kind, **said, **data})


def changed(world: World = HOME.world, **behaviour: Any) -> World:
    return world.model_copy(update={"behaviour": world.behaviour.model_copy(update=behaviour)})


def running(world: World = HOME.world, *rules: Rule, accounts: int = 200, seed: int = 1, **options: Any) -> Simulation:
    pack = RulePack(name="some", title="Some", rules=list(rules)) if rules else NO_RULES
    return Simulation(world, HOME.portfolio(accounts, seed), pack, seed, **options)


def do(simulation: Simulation, treatment: str) -> None:
    index = simulation.menu.index[treatment]
    simulation.advance(np.where(simulation.masks()[:, index], index, 0))


def allowed(simulation: Simulation, treatment: str) -> np.ndarray:
    return simulation.masks()[:, simulation.menu.index[treatment]]


def test_a_cap_on_texts_counts_every_text_channel() -> None:
    simulation = running(HOME.world, rule("contact_cap", group="text", most=2, days=7))
    do(simulation, "whatsapp/evening")
    do(simulation, "push/midday")
    days = simulation.observe()[:, FIELD_INDEX["texts_7d"]]
    texted = days == 2
    assert texted.any()
    for name in ("sms/evening", "rcs/evening", "push/evening", "whatsapp/morning/plan_9"):
        assert not allowed(simulation, name)[texted].any()
    assert allowed(simulation, "voice_bot/morning").any()


@pytest.mark.parametrize("channel", ["whatsapp", "voice_bot"])
def test_a_rule_may_let_one_channel_rest(channel: str) -> None:
    simulation = running(HOME.world, rule("standing", **{"while": "hardship", "forbids": [channel]}))
    simulation.accounts["hardship_until"][:50] = 1000
    poor = simulation.observe()[:, FIELD_INDEX["hardship"]] > 0
    for name in simulation.menu.names:
        if name.split("/")[0] in ("sms", "whatsapp", "rcs", "push", "voice_bot", "autocall") and "plan" not in name:
            may = allowed(simulation, name)
            assert may[~poor].any() and may[poor].any() == (name.split("/")[0] != channel)


def test_a_call_of_its_own_waits_for_its_own_lines_and_nobody_else() -> None:
    lines = HOME.world.operations.more_pools["voice_lines"]
    none = lines.model_copy(
        update={"agents": 1, "shift_minutes": lines.shift_minutes.model_copy(update={"evening": 2.0})}
    )
    world = HOME.world.model_copy(update={"operations": HOME.world.operations.with_pools({"voice_lines": none})})
    simulation = running(world)
    do(simulation, "voice_bot/evening")
    day = simulation.daily_table().iloc[-1]
    # 120 seconds of one line: the last call may run over, and calls take 35 to 120 seconds.
    assert day["voice_lines_requested"] > 100 and 2 <= day["voice_lines_served"] <= 4
    assert day["voice_lines_capacity"] == 120 + 60 * (180 + 120 + 240) and day["collector_requested"] == 0
    unserved = simulation.accounts["unserved"]
    assert unserved.sum() == day["voice_lines_requested"] - day["voice_lines_served"]
    assert (simulation.accounts["collector"] == 0).all()  # a machine


def test_a_call_may_share_the_lines_of_another() -> None:
    bot = HOME.world.more_channels["voice_bot"].model_copy(update={"pool": "autocall"})
    world = HOME.world.model_copy(update={"more_channels": {**HOME.world.more_channels, "voice_bot": bot}})
    simulation = running(world)
    do(simulation, "voice_bot/evening")
    assert simulation.daily_table().iloc[-1]["autocall_requested"] > 100


@pytest.mark.parametrize(
    ("channel", "reaches"), [("whatsapp", False), ("rcs", False), ("voice_bot", False), ("push", True)]
)
def test_who_needs_a_number_reaches_nobody_by_a_wrong_one(channel: str, reaches: bool) -> None:
    simulation = running(changed(wrong_number=1.0))
    for _ in range(5):
        do(simulation, f"{channel}/midday")
    assert simulation.accounts["attempts"].sum() > 400 and (simulation.accounts["reaches"].sum() > 0) == reaches


def test_a_text_like_another_does_what_the_other_does() -> None:
    """RCS with all the numbers of SMS: the same accounts, to the last bit, but for what was chosen."""
    behaviour = {
        name: value.model_copy(update={"rcs": value.sms})
        for name, value in HOME.world.behaviour
        if hasattr(value, "sms")
    }
    costs = HOME.world.costs.model_copy(
        update={"contact": HOME.world.costs.contact.model_copy(update={"rcs": HOME.world.costs.contact.sms})}
    )
    world = changed(**behaviour).model_copy(update={"costs": costs})
    one, other = running(world), running(world)
    for _ in range(12):
        do(one, "sms/midday")
        do(other, "rcs/midday")
    for name in one.accounts.dtype.names or ():
        assert name == "treatment" or (one.accounts[name] == other.accounts[name]).all(), name
    assert one.accounts["cash"].sum() > 0


def test_a_machine_takes_promises_and_nobody_tells_it_of_hardship() -> None:
    world = changed(promise_base=20.0, hardship_disclosed=1.0, dispute=1.0, jobless_share=1.0, job_found_monthly=0.0)
    simulation = running(world, record_events=True)
    for _ in range(4):
        do(simulation, "voice_bot/evening")
    events = simulation.events_table()
    assert events["promise"].any() and not events["hardship"].any() and not events["dispute"].any()


def test_offers_of_its_own_run_as_their_names_say() -> None:
    simulation = running(changed(plan_base=20.0, settle_base=20.0, plan_message=0.0))
    for _ in range(3):
        do(simulation, "whatsapp/evening/plan_9")
    a = simulation.accounts
    signed = a["plan_months"] > 0
    assert signed.any() and set(a["plan_months"][signed]) == {9}
    world = changed(settle_base=20.0)
    free = {name: one.model_copy(update={"annual_rate": 0.0}) for name, one in world.products.items()}
    simulation = running(world.model_copy(update={"products": free}))
    do(simulation, "specialist/evening/settle_15")
    a = simulation.accounts
    agreed = (a["promise_discount"] > 0) & (a["status"] == 0)
    assert agreed.any() and np.allclose(a["promise_discount"][agreed], 0.15)
    assert (a["promise_amount"][agreed] == (a["balance"][agreed] * 85 + 50) // 100).all()


def test_rules_on_offers_reach_those_of_its_own() -> None:
    simulation = running(
        HOME.world, rule("plan_length", most_months=8), rule("discount_authority", most=0.12, before_dpd=3650)
    )
    may = {name: allowed(simulation, name).any() for name in simulation.menu.names}
    assert (
        may["collector/morning/plan_6"] and not may["collector/morning/plan_9"] and not may["whatsapp/evening/plan_9"]
    )
    assert may["collector/morning/settle_10"] and not may["collector/morning/settle_15"]


@pytest.mark.parametrize(
    ("dpd", "warning", "score", "broken", "assets", "tier"),
    [
        (0, 0.1, 700, 0, 0, 0),
        (16, 0.1, 700, 0, 0, 1),  # one point from 16 days
        (31, 0.1, 700, 0, 0, 2),  # two from 31
        (31, 0.6, 700, 0, 0, 2),  # three: the early warning
        (91, 0.6, 700, 0, 0, 3),  # four
        (91, 0.6, 700, 0, 1, 2),  # known assets take one off
        (31, 0.6, 539, 0, 0, 3),  # a score below 540
        (31, 0.1, 539, 1, 0, 3),  # and a promise more broken than kept
    ],
)
def test_four_tiers_by_points(dpd: int, warning: float, score: float, broken: int, assets: int, tier: int) -> None:
    simulation = running(accounts=5)
    a = simulation.accounts
    a["dpd0"], a["early_warning"], a["score"], a["broken"], a["kept"], a["stable_assets"] = (
        dpd,
        warning,
        score,
        broken,
        0,
        assets,
    )
    assert (simulation.observe()[:, FIELD_INDEX["tier"]] == tier).all()


def test_points_may_count_otherwise() -> None:
    tiers = HOME.world.tiers
    more = tiers.model_copy(
        update={"points_for": tiers.points_for.model_copy(update={"warning": 3, "stable_assets": 0})}
    )
    simulation = running(HOME.world.model_copy(update={"tiers": more}), accounts=5)
    a = simulation.accounts
    a["dpd0"], a["early_warning"], a["score"], a["broken"], a["stable_assets"] = 16, 0.6, 700, 0, 1
    assert (simulation.observe()[:, FIELD_INDEX["tier"]] == 3).all()  # one for 16 days, three for the warning


def test_products_are_numbered_as_listed_and_cards_owe_minimums() -> None:
    simulation = running()
    kinds = simulation.portfolio.column("product")
    names = ("cash_loan", "phone_instalments", "credit_card")
    seen = simulation.observe()[:, FIELD_INDEX["product"]]
    assert [names[int(number)] for number in seen] == list(kinds) and set(kinds) == set(names)
    assert ((simulation.accounts["minimum_due"] > 0) == (kinds == "credit_card")).all() or HOME.world.cards is None


def test_the_audit_finds_in_their_log_what_the_gate_lets_through_and_no_more() -> None:
    rules = [
        rule("contact_cap", group="text", most=1, days=7),
        rule("standing", **{"while": "opted_out", "forbids": ["text"]}),
        rule("standing", id="bot", **{"while": "promise_open", "forbids": ["voice_bot"]}),
    ]
    world = changed(opt_out=0.3, promise_base=5.0)
    for gate in (True, False):
        simulation = running(world, *rules, gate=gate, record_events=True)
        for day in range(12):
            wanted = simulation.menu.index[f"{(*TEXTS, 'voice_bot')[day % 4]}/evening"]
            simulation.advance(np.full(simulation.open_accounts.size, wanted))
        log = typed_log(simulation.audit_table(), world.vocabulary)
        found = {one.rule.id: len(one.breaches) for one in audit(log, RulePack(name="p", title="P", rules=rules))}
        counted = simulation.breaches_by_rule()
        assert (sum(found.values()) == 0) if gate else all(found[name] >= counted[name] > 0 for name in counted)
        stopped = simulation.blocked_by_rule()
        assert not gate or set(found) == set(stopped)
        assert gate or (simulation.daily_table()["breaches"].sum() > 0 and set(counted) <= set(found))


def test_what_is_logged_has_their_names() -> None:
    simulation = running(record_events=True)
    do(simulation, "whatsapp/evening/plan_9")
    do(simulation, "voice_bot/evening")
    log = simulation.audit_table()
    assert set(log["channel"].dropna()) == {"whatsapp", "voice_bot"}
    first = log[log["day"] == 0]
    assert set(first["offer"].dropna()) == {"plan"} and set(first["months"].dropna()) == {9}
    assert simulation.accounts["events"].dtype == np.uint32 and Event.ATTEMPT


def test_a_card_of_its_own_may_owe_minimums_and_a_loan_may_not() -> None:
    table = pd.DataFrame(
        {
            "opening_balance": 100.0,
            "product": ["store_card", "credit_card", "consumer_loan"],
            "minimum_due": 10.0,
            "channel_days": [np.nan, "sms: 1 4", "sms: x"],
        }
    )
    assert [(fault.row, fault.field) for fault in faults(table, None)] == [(2, "minimum_due"), (2, "channel_days")]
