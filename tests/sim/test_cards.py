"""What holds for cards in any world: every cent is accounted for, arrears and age fit each other, and nothing hangs on how work is cut."""

from __future__ import annotations

import numpy as np
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from recoup.scenarios.schema import load_scenario
from recoup.sim.account import Status
from recoup.sim.ledger import money_gap
from recoup.sim.portfolio.table import Portfolio
from recoup.sim.simulation import Simulation
from tests.second.examples import any_world
from tests.sim.test_reference import Whim, differing, step


def card_simulation(seed: int, **options: int) -> Simulation:
    scenario = load_scenario("china-consumer")
    book = scenario.portfolio(60, seed).table.assign(product="credit_card", dpd=np.arange(60) * 3)
    return Simulation(any_world(seed), Portfolio(book, "cards"), scenario.rules, seed, gate=False, **options)


@settings(max_examples=8, deadline=None, derandomize=True, phases=[Phase.generate], report_multiple_bugs=False)
@given(seed=st.integers(0, 2**32 - 1))
def test_money_arrears_and_age_of_cards_in_any_world(seed: int) -> None:
    simulation, policy = card_simulation(seed), Whim(seed)
    while simulation.day < 100 and not simulation.finished:
        a = simulation.accounts
        assert not money_gap(a).any()
        assert ((a["arrears"] >= 0) & (a["arrears"] <= a["balance"])).all()
        asks = (a["status"] == Status.OPEN) & (a["minimum_due"] > 0)
        dpd = a["dpd0"] + simulation.day
        assert (dpd[a["status"] == Status.OPEN] >= 0).all()
        months = np.ceil(a["arrears"][asks] / a["minimum_due"][asks])
        assert ((months >= 1) & (months <= np.maximum(1, np.ceil(dpd[asks] / 30)))).all()
        assert (a["arrears"][(a["status"] == Status.CURED)] == 0).all()
        assert (a["balance"][(a["status"] == Status.CURED)] > 0).all()
        step(simulation, policy)
    assert (simulation.accounts["status"] == Status.CURED).any()


def test_batches_and_threads_change_nothing_on_cards() -> None:
    whole, cut = card_simulation(5), card_simulation(5, threads=2, batch=7)
    for _ in range(60):
        step(whole, Whim(5))
        step(cut, Whim(5))
    assert not differing(whole.accounts, cut.accounts)
