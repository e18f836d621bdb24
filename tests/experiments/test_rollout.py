"""What a rollout notes as it goes on: decisions by stage and tier, cash by source."""

from __future__ import annotations

import numpy as np
import pytest

from recoup.agents.plans.plan import Plan
from recoup.agents.plans.plan_file import PlanFile, Rule, Step
from recoup.experiments.comparison.decisions import DecisionCount
from recoup.experiments.comparison.payment_attribution import PaymentAttribution
from recoup.experiments.comparison.rollout import rollout
from recoup.scenarios.schema import load_scenario
from recoup.sim.observation import TIERS
from recoup.sim.simulation import Simulation

ACCOUNTS, DAYS, SEED = 400, 150, 3


def test_decisions_are_counted_where_they_fall() -> None:
    menu = Simulation((s := load_scenario("china-consumer")).world, s.portfolio(3, 1), s.rules, 1).menu
    count = DecisionCount(menu)
    count.add(np.array([7, 8, 400]), np.array([0, 2, 1]), np.array([0, 5, 5]))
    table = count.table()
    assert table["0–7"]["low"] == {"nothing": 1} and table["8–15"]["high"] == {menu.names[5]: 1}
    assert table["180+"]["medium"] == {menu.names[5]: 1}
    assert list(table) == ["0–7", "8–15", "16–29", "30–59", "60–89", "90–179", "180+"] and all(
        list(tiers) == list(TIERS) for tiers in table.values()
    )


@pytest.mark.parametrize("plan", ["no-contact", "tiered"])
def test_every_cent_has_one_source_and_every_account_day_one_decision(plan: str) -> None:
    scenario = load_scenario("china-consumer")
    run = rollout(scenario, plan, scenario.portfolio(ACCOUNTS, SEED), SEED, DAYS)
    assert sum(run.payment_attribution.values()) == run.accounts["cash"].sum()
    days = sum(n for tiers in run.decisions.values() for treatments in tiers.values() for n in treatments.values())
    assert days == ACCOUNTS + run.daily["open"].iloc[:-1].sum()
    if plan == "no-contact":
        assert set(run.payment_attribution) == {"no_contact"}
        assert all(set(t) <= {"nothing"} for tiers in run.decisions.values() for t in tiers.values())


def test_sources_agree_with_the_event_log() -> None:
    scenario = load_scenario("china-consumer")
    simulation = Simulation(
        scenario.world, scenario.portfolio(ACCOUNTS, SEED), scenario.rules, SEED, record_events=True
    )
    file = PlanFile(
        name="mixed",
        title="Settles, makes plans, and calls",
        rules=[
            Rule(
                name="settle",
                when={"dpd": {"at_least": 60}, "days_since_attempt": {"at_least": 2}},
                do=Step(channel="specialist", offer=["settle_40", "settle_30", "settle_20"]),
            ),
            Rule(
                name="plan",
                when={"dpd": {"below": 60}, "reached": {"at_least": 1}},
                do=Step(channel="collector", offer=["plan_6"]),
            ),
            Rule(name="call", do=Step(channel="collector")),
        ],
    )
    plan, sources = Plan.of(file, simulation.menu), PaymentAttribution(simulation)
    while simulation.day < DAYS:
        morning = simulation.open_accounts
        observations = simulation.observe()
        actions = plan.act(observations, simulation.masks())
        simulation.advance(actions, plan.priority(observations, actions))
        sources.add(morning, actions)
    log, booked = simulation.events_table(), sources.table()
    paid = log[log["cash"] > 0]
    agreed = paid["instalment_paid"] & ~paid["seizure"]
    kept = paid["promise_kept"] & ~paid["seizure"]
    assert booked.get("seizure", 0) == paid.loc[paid["seizure"], "cash"].sum()
    assert booked["instalment"] == paid.loc[agreed, "cash"].sum() > 0
    assert booked["settlement"] == paid.loc[kept & (paid["forgiven"] > 0), "cash"].sum() > 0
    assert booked["promise"] == paid.loc[kept & (paid["forgiven"] == 0), "cash"].sum() > 0


def test_what_a_handed_over_asset_brings_has_a_source_of_its_own() -> None:
    scenario = load_scenario("china-consumer")
    simulation = Simulation(scenario.world, scenario.portfolio(2_000, SEED), scenario.rules, SEED, record_events=True)
    file = PlanFile(
        name="handovers",
        title="Asks for assets",
        rules=[Rule(name="asset", when={"stable_assets": True}, do=Step(channel="visit", offer=["asset_swap"]))],
    )
    plan, sources = Plan.of(file, simulation.menu), PaymentAttribution(simulation)
    while simulation.day < DAYS:
        morning, observations = simulation.open_accounts, simulation.observe()
        actions = plan.act(observations, simulation.masks())
        simulation.advance(actions, plan.priority(observations, actions))
        sources.add(morning, actions)
    log = simulation.events_table()
    assert sources.table()["handover"] == log.loc[log["handover"], "cash"].sum() > 0
