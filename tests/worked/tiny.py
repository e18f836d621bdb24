"""Tiny worlds: the home scenario with everything switched off that a test does not ask for, and a handful of debtors.

What the tests reckon with is set here, so that no example hangs on a number of the home scenario that may be fitted anew.
Chance is removed by log odds so large that no draw can miss: `SURE` and `NEVER` are probabilities of 1 and 0 to the last bit.
A reach is at most 95 % likely whatever the parameters say, so tests of conversations look at those who were reached.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from recoup.scenarios.schema import load_scenario
from recoup.sim.parameters import Cards, Course, Courses, PerChannel, Pool, Training, World
from recoup.sim.portfolio.table import Portfolio
from recoup.sim.simulation import Simulation

SURE, NEVER = 40.0, -40.0  # log odds: 1 / (1 + e^40) is below every random number there is
NOWHERE = -1000.0  # log intensity of a payment that never comes
HOME = load_scenario("china-consumer")
UK = load_scenario("uk-loans")
CHANNELS = ("sms", "wechat", "email", "autocall", "collector", "specialist", "letter", "visit")


def each_channel(value: float, **others: float) -> PerChannel:
    """One number for every channel, other ones for those named."""
    return PerChannel(**(dict.fromkeys(CHANNELS, value) | others))


_SILENT: dict[str, Any] = {
    # Everybody is reached as often as can be, on the right number, and does nothing of his own accord.
    "reach": each_channel(1.0),
    "reach_by_window": HOME.world.behaviour.reach_by_window.model_copy(
        update=dict.fromkeys(("morning", "midday", "afternoon", "evening"), 1.0)
    ),
    "reach_day_off": 1.0,
    "reach_spread": 0.0,
    "reach_age_decay": 0.0,
    "reach_avoidance": 0.0,
    "wrong_number": 0.0,
    "pay_base": NOWHERE,
    "jobless_share": 0.0,
    "job_loss_monthly": 0.0,
    "job_found_monthly": 0.0,
    "promise_base": NEVER,
    "promise_willingness": 0.0,
    "keep_base": SURE,
    "keep_willingness": 0.0,
    "keep_liquidity": 0.0,
    "keep_broken": 0.0,
    "plan_base": NEVER,
    "plan_willingness": 0.0,
    "plan_fit": 0.0,
    "offer_refused": 0.0,
    "settle_base": NEVER,
    "settle_discount": 0.0,
    "settle_liquidity": 0.0,
    "settle_willingness": 0.0,
    "settle_waiting": 0.0,
    "settle_repeat": 0.0,
    "restructure_base": NEVER,
    "swap_base": NEVER,
    "swap_willingness": 0.0,
    "swap_pressure": 0.0,
    "swap_liquidity": 0.0,
    "swap_days": 30,
    "swap_price": 0.7,
    "instalment_base": SURE,
    "instalment_willingness": 0.0,
    "instalment_fit": 0.0,
    "instalment_secured": 0.0,
    "complaint": each_channel(0.0),
    "opt_out": 0.0,
    "dispute": 0.0,
    "hardship_disclosed": 0.0,
    # Nothing wears off by repetition, nobody answers a message, age weakens nothing, every notice is believed.
    "repetition_text": 0.0,
    "repetition_call": 0.0,
    "answer_pay": each_channel(0.0),
    "answer_call": each_channel(0.0),
    "promise_age": 0.0,
    "keep_age": 0.0,
    "offer_age": 0.0,
    "instalment_age": 0.0,
    "notice_disbelieved": 1.0,
    "notice_repeated": 1.0,
    "pressure_notice": 0.8,
    "pressure_suit": 1.2,
    "pressure_judgment": 1.0,
    "pressure_half_life": 30.0,
    "waiting_learned": 1.5,
    "waiting_half_life": 45.0,
}
_MINUTE = {"collector": 0.8, "specialist": 1.5}  # currency, of staff time
POOLS = ("collector", "specialist", "autocall", "visit")


def world(base: World = HOME.world, **changes: Any) -> World:
    """A world in which nothing happens, with the changes asked for.

    A dictionary changes a section (`behaviour`, `costs`, `operations`, `courts`) key by key; anything else is put in its place.
    """
    silent = {
        "behaviour": _SILENT,
        "macro": {"persistence": 0.8, "spread": 0.0},
        "operations": {"skill_spread": 0.0, "performance_pay": 0.0, "training": no_courses()}
        | {name: _free_to_refuse(getattr(base.operations, name)) for name in POOLS},
        "costs": {"minute": _MINUTE},
        "courts": {"auction": None, "review": None},
        "horizon": None,
    }
    made = base
    for update in (silent, changes):
        sections = {
            name: getattr(made, name).model_copy(update=value) if isinstance(value, dict) else value
            for name, value in update.items()
        }
        made = made.model_copy(update=sections)
    return made


def _free_to_refuse(pool: Pool) -> Pool:
    return pool.model_copy(update={"seconds_unserved": 0.0})


def cards(**changes: Any) -> Cards:
    """A tenth of the balance is due each month, and who is late pays one minimum today, and again when a month has passed."""
    return Cards(**({"minimum": 0.1, "pay": 20.0, "again": 0.0, "clear": -20.0, "means": 0.0} | changes))


def no_courses() -> Training:
    return Training(every_days=0)


def courses(every_days: int, **held: Course) -> Training:
    """Everybody goes to these courses, by the skill that they raise."""
    return Training(every_days=every_days, courses=Courses(**held))


def pool(name: str, **changes: Any) -> dict[str, Any]:
    """A change of one group of staff, for `world(operations=...)`."""
    return {name: _free_to_refuse(getattr(HOME.world.operations, name)).model_copy(update=changes)}


def debtors(*balances: float, **columns: Any) -> Portfolio:
    """One debtor for each opening balance; a column is one value for all, or a list of one for each."""
    table = {
        "account_id": [f"d{number}" for number in range(len(balances))],
        "opening_balance": [float(balance) for balance in balances],
        "dpd": 30,
        "product": "consumer_loan",
        "credit_score": 600.0,
        "monthly_income": 6000.0,
        "stable_assets": False,
        "early_warning": 0.3,
        "tenure_months": 12,
        "prior_delinquencies": 0,
        "payday": 15,
        "age": 35,
        "sex": "female",
        "region": "east",
    } | columns
    return Portfolio(pd.DataFrame(table), "by hand")


def simulate(of: World, portfolio: Portfolio, rules: Any = HOME.rules, seed: int = 1, **options: Any) -> Simulation:
    """A simulation without the gate: what is tested here is what treatments do, not which are lawful."""
    return Simulation(of, portfolio, rules, seed, **({"gate": False} | options))


def day(simulation: Simulation, treatments: str | dict[int, str] = "nothing", priority: dict[int, int] | None = None):
    """One day on which every open account, or each of those named by number, is treated so; returns what it came back with."""
    chosen = dict.fromkeys(simulation.open_accounts.tolist(), treatments) if isinstance(treatments, str) else treatments
    rows = simulation.open_accounts.tolist()
    actions = np.array([simulation.menu.index[chosen.get(number, "nothing")] for number in rows], np.int64)
    places = None if priority is None else np.array([priority[number] for number in rows], np.uint8)
    return simulation.advance(actions, places)


def days(simulation: Simulation, count: int) -> None:
    """So many days on which nobody is treated."""
    for _ in range(count):
        day(simulation)


def until(simulation: Simulation, evening: int) -> None:
    """Untreated days up to and including this one."""
    days(simulation, evening + 1 - simulation.day)


def reached(simulation: Simulation) -> int:
    """The first account that has been reached (19 of 20 are, at every attempt)."""
    return int(np.flatnonzero(simulation.accounts["reaches"] > 0)[0])
