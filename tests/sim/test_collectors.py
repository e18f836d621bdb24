"""The table by collector against the daily table, and against a count of its own from the event log."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from recoup.agents.plans.plan import Plan
from recoup.agents.plans.plan_file import find_plan
from recoup.scenarios.schema import load_scenario
from recoup.sim.simulation import Simulation

DAYS = 70
PEOPLE = ("collector", "specialist")


def run(**options):
    scenario = load_scenario("china-conduct")  # with courses, so that people come and go
    simulation = Simulation(scenario.world, scenario.portfolio(800, 5), scenario.rules, 5, **options)
    plan = Plan.load(find_plan("staged"), simulation.menu)
    while simulation.day < DAYS:
        observations = simulation.observe()
        actions = plan.act(observations, simulation.masks())
        simulation.advance(actions, plan.priority(observations, actions))
    return simulation


@pytest.fixture(scope="module")
def simulation():
    return run(record_events=True)


@pytest.fixture(scope="module")
def table(simulation):
    return simulation.collectors_table()


def test_columns_add_up_to_the_daily_table(simulation, table):
    daily = simulation.daily_table().sum(numeric_only=True)
    for name in "attempts reached promises kept broken accepted complaints disputes cash".split():
        assert table[name].sum() == daily[name], name
        assert table[name].sum() > 0 or name == "disputes"
    assert table["cash"].sum() == simulation.accounts["cash"].sum()
    for pool in PEOPLE:
        assert table.loc[table["pool"] == pool, "seconds"].sum() == daily[f"{pool}_seconds"]
    others = sum(daily[f"{pool}_seconds"] for pool in ("autocall", "visit"))
    assert table.loc[table["pool"] == "nobody", "seconds"].sum() == others


def test_every_person_is_counted_as_the_event_log_tells(simulation, table):
    log = simulation.events_table()
    attempts, kept, cash = (dict.fromkeys([*table["person"], ""], 0) for _ in range(3))
    taker: dict[str, str] = {}
    for row in log.to_dict("records"):
        person = row["collector"]
        attempts[person] += row["attempt"]
        # A promise that is kept or broken was made before today's conversation.
        if row["promise_kept"]:
            kept[taker[row["account_id"]]] += 1
            cash[taker[row["account_id"]]] += row["cash"]
        else:
            cash[person if row["reached"] else ""] += row["cash"]
        if row["promise"] or (row["offer_accepted"] and "settle" in row["treatment"]):
            taker[row["account_id"]] = person
    for name, counts in (("attempts", attempts), ("kept", kept), ("cash", cash)):
        counts["nobody"] = counts.pop("")
        assert dict(zip(table["person"], table[name], strict=True)) == counts, name


def test_people_of_a_pool_share_the_accounts_out_evenly(table):
    for pool in PEOPLE:
        of = table[table["pool"] == pool]
        shares = of["attempts"] / of["days_on_duty"]
        # Attempts of one person: a Poisson number, within four of its standard deviations.
        expected = of["days_on_duty"] * of["attempts"].sum() / of["days_on_duty"].sum()
        assert (np.abs(of["attempts"] - expected) < 4 * np.sqrt(expected) + 1).all(), shares


def test_neither_threads_nor_batches_change_a_figure(table):
    pd.testing.assert_frame_equal(run(threads=2, batch=64).collectors_table(), table)
