"""What a product has of its own: late interest, how easily its debtors are reached, how often they pay. Worked out by hand."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from recoup.experiments.calibration.run import _refuse_shifted
from recoup.scenarios.schema import load_scenario
from recoup.sim.compliance.rules import InterestCap, RulePack
from recoup.sim.inputs import InputError
from recoup.sim.parameters import World, kernel_record
from recoup.sim.simulation import Simulation
from tests.reference import ReferenceSimulation, disagreeing
from tests.sim.test_reference import Whim, step

HOME = load_scenario("southeast-asia-loans")
NO_RULES = RulePack(name="none", title="None", rules=[])
CASH, PHONE, CARD = range(3)


def with_products(world: World = HOME.world, **changes: dict[str, Any]) -> World:
    products = {
        name: product.model_copy(update={"annual_rate": None} | changes.get(name, {}))
        for name, product in world.products.items()
    }
    return world.model_copy(update={"products": products})


def running(world: World, pack: RulePack = NO_RULES, accounts: int = 150, seed: int = 1) -> Simulation:
    return Simulation(world, HOME.portfolio(accounts, seed), pack, seed)


def nothing(simulation: Simulation, days: int) -> None:
    for _ in range(days):
        simulation.advance(np.zeros(simulation.open_accounts.size, np.int64))


def test_each_product_bears_its_own_interest_under_the_cap_of_the_rules() -> None:
    cap = {"kind": "interest_cap", "most": 0.25, "text": "t", "source": "s", "confidence": "C"}
    pack = RulePack(name="cap", title="Cap", rules=[InterestCap.model_validate({"id": "cap", **cap})])
    world = with_products(cash_loan={"annual_rate": 0.33}, phone_instalments={"annual_rate": 0.10})
    assert world.annual_rate == 0.15 and world.annual_rates == (0.33, 0.10, 0.15)
    simulation = running(world, pack)
    simulation.accounts["opening"] = simulation.accounts["balance"] = 36_500_00
    nothing(simulation, 1)
    a = simulation.accounts
    charged = np.where(
        a["product"] == CASH, 25_00, np.where(a["product"] == PHONE, 10_00, 15_00)
    )  # 25, not 33: the cap
    open_still = a["status"] == 0
    assert set(a["product"][open_still]) == {CASH, PHONE, CARD}
    untouched = open_still & (a["cash"] == 0)
    assert untouched.sum() > 100 and (a["interest"][untouched] == charged[untouched]).all()


def test_a_product_without_a_rate_bears_that_of_the_world() -> None:
    plain, said = running(with_products()), running(with_products(cash_loan={"annual_rate": 0.15}))
    nothing(plain, 20)
    nothing(said, 20)
    assert plain.accounts.tobytes() == said.accounts.tobytes()


def test_reach_is_a_factor_on_that_of_every_channel() -> None:
    sure = HOME.world.behaviour.model_copy(update={"reach_spread": 0.0, "wrong_number": 0.0, "reach_age_decay": 0.0})
    reach = sure.reach.model_copy(update={"push": 0.8})
    world = HOME.world.model_copy(update={"behaviour": sure.model_copy(update={"reach": reach})})
    simulation = running(with_products(world, phone_instalments={"reach": 0.5}), accounts=2000)
    assert np.allclose(
        np.exp(simulation.accounts["reachability"]), np.where(simulation.accounts["product"] == PHONE, 0.5, 1.0)
    )
    simulation.advance(np.full(simulation.open_accounts.size, simulation.menu.index["push/midday"]))
    a = simulation.accounts
    made = a["attempts"] > 0
    for product, share in ((CASH, 0.8), (PHONE, 0.4)):
        theirs = made & (a["product"] == product)
        # Within four standard errors.
        assert abs(a["reaches"][theirs].mean() - share) < 4 * np.sqrt(share * (1 - share) / theirs.sum())


def test_pay_is_a_log_rise_of_the_intensity_and_of_the_product_alone() -> None:
    plain = running(with_products(), accounts=400)
    shy = running(with_products(cash_loan={"pay": -18.0}), accounts=400)
    assert (kernel_record(shy.world)["product_pay"][0, :3] == [np.exp(-18.0), 1.0, 1.0]).all()
    shy.accounts["willingness"] = plain.accounts["willingness"]  # whoever has not paid so far is another
    shy.accounts["disposable"] = plain.accounts["disposable"]
    nothing(plain, 30)
    nothing(shy, 30)
    cash = plain.accounts["product"] == CASH
    assert (shy.accounts["cash"][cash] == 0).all() and plain.accounts["cash"][cash].sum() > 0
    for name in ("cash", "balance", "payments", "salience"):
        assert (plain.accounts[name][~cash] == shy.accounts[name][~cash]).all(), name


def in_midlife(simulation: Simulation, days: int) -> Simulation:
    """A simulation that starts from what a ledger knows after so many days without a contact."""
    nothing(simulation, days)
    then = simulation.world.start + timedelta(days=days)
    world = simulation.world.model_copy(update={"start": then})
    return Simulation(world, simulation.portfolio_now(), NO_RULES, simulation.seed + 1000)


def test_in_midlife_too_reach_is_that_of_the_product() -> None:
    sure = HOME.world.behaviour.model_copy(update={"reach_spread": 0.0})
    world = HOME.world.model_copy(update={"behaviour": sure})
    accounts = in_midlife(running(with_products(world, phone_instalments={"reach": 0.5})), 10).accounts
    assert np.allclose(np.exp(accounts["reachability"]), np.where(accounts["product"] == PHONE, 0.5, 1.0))


@pytest.mark.parametrize("days", [0, 60])
def test_who_has_not_paid_is_drawn_by_the_intensity_of_the_product(days: int) -> None:
    """Where nobody of a product pays, not to have paid says nothing of willingness: its mean is that of fresh accounts, 0 but for the score."""
    world = HOME.world.model_copy(
        update={
            "behaviour": HOME.world.behaviour.model_copy(
                update={"willingness_score": 0.0, "willingness_prior": 0.0, "willingness_warning": 0.0}
            )
        }
    )
    drawn = []
    for pay in (0.0, -18.0):
        simulation = running(with_products(world, cash_loan={"pay": pay}), accounts=1500)
        accounts = in_midlife(simulation, days).accounts if days else simulation.accounts
        drawn.append(accounts["willingness"][(accounts["product"] == CASH) & (accounts["dpd0"] > 30 + days)])
    plain, shy = drawn
    assert plain.size > 150 and shy.size > 200
    assert abs(shy.mean()) < 4 / np.sqrt(shy.size) < -plain.mean()


@pytest.mark.parametrize("seed", [1, 2])
def test_the_engine_equals_the_reference_with_products_of_their_own(seed: int) -> None:
    world = with_products(
        cash_loan={"annual_rate": 0.3, "reach": 1.3, "pay": 0.4},
        phone_instalments={"annual_rate": 0.0, "reach": 0.6, "pay": -0.5},
        credit_card={"pay": 0.2},
    )
    book = HOME.portfolio(40, seed)
    fast, plain = Simulation(world, book, HOME.rules, seed), ReferenceSimulation(world, book, HOME.rules, seed)
    for day in range(30):
        step(fast, Whim(seed))
        step(plain, Whim(seed))
        still = fast.accounts["status"] == 0
        assert not disagreeing(fast.accounts[still], plain.accounts[still]), f"open accounts after day {day}"
    assert fast.accounts["payments"].sum() > 5 and fast.accounts["interest"].sum() > 0


def test_a_calibration_refuses_products_with_a_shift_that_it_cannot_fit() -> None:
    scenario = HOME.with_world(with_products(phone_instalments={"reach": 0.5}))
    with pytest.raises(
        InputError, match=r"product: got 'phone_instalments in .* rows', expected products without `reach`"
    ):
        _refuse_shifted(scenario, HOME.portfolio(50, 1))
    _refuse_shifted(HOME.with_world(with_products(phone_instalments={"annual_rate": 0.5})), HOME.portfolio(50, 1))
