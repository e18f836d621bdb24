"""A lender's own records, made by the simulator: the list of accounts, the log of contacts and the payments, as a lender would have them.

What only the simulator knows is left out: whether a message was read that nobody answered, hidden traits, what was not yet agreed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recoup.agents.explorer import Explorer
from recoup.agents.library import load_policy
from recoup.agents.policy import PolicyRef
from recoup.experiments.records.lender_records import LenderRecords
from recoup.experiments.runs.one_thread import one_thread
from recoup.scenarios.schema import Scenario
from recoup.sim.account import ACCOUNT, NEVER, Event
from recoup.sim.portfolio.records import CONTACTS, NO_CONTACT, PAYMENTS, in_form
from recoup.sim.portfolio.table import Portfolio, Registry
from recoup.sim.simulation import Simulation
from recoup.sim.treatments import Channel, Group, Legal, Window

# What a lender writes of a conversation: the first of these that happened.
_ANSWERS = {
    Event.PROMISE: "promise",
    Event.OFFER_ACCEPTED: "accepted",
    Event.DISPUTE: "disputed",
    Event.HARDSHIP: "hardship",
    Event.OFFER_REFUSED: "refused",
    Event.REACHED: "reached",
}
_STEPS = Event.NOTICE | Event.SUIT | Event.ENFORCEMENT
_LEGAL = np.array([step.name.lower() for step in Legal], object)


@one_thread()
def simulate_records(
    scenario: Scenario,
    policy_ref: PolicyRef,
    portfolio: Portfolio,
    seed: int,
    days: int,
    explore: float = 0.0,
    towards: Sequence[PolicyRef] = (),
) -> LenderRecords:
    """Follow a policy for some days, and write down what a lender would.

    Args:
        scenario: world and rules.
        policy_ref: as `load_policy` takes it.
        portfolio: the accounts, all from the first day on.
        seed: of the world, of the exploration, and of the minutes within a contact window.
        days: to be logged.
        explore, towards: exploration, as for `recoup.agents.explorer.Explorer`; the contacts' `propensity` is exact.

    Raises:
        InputError: no such policy.
    """
    world = scenario.world
    simulation = Simulation(world, portfolio, scenario.rules, seed)
    others = [load_policy(other, scenario.name, world, portfolio.table) for other in towards]
    policy = load_policy(policy_ref, scenario.name, world, portfolio.table)
    return follow(simulation, Explorer(policy, explore, others, seed), days)


@one_thread()
def follow(simulation: Simulation, explorer: Explorer, days: int) -> LenderRecords:
    """Let somebody decide in a simulation for some days, and write down what a lender would.

    Args:
        simulation: on the morning of the first of them; its seed is that of the minutes within a contact window too.
        explorer: who decides.
        days: to be logged.
    """
    world, portfolio, first = simulation.world, simulation.portfolio, simulation.day
    # As many draws a day for every plan: a contact comes at the same minute of its window under all of them.
    moments = np.random.default_rng((simulation.seed, 1))
    contacts, payments = [np.zeros(0, _CONTACT)], [np.zeros(0, _PAYMENT)]
    while simulation.day < first + days and not simulation.finished:
        rows, day = simulation.open_accounts, simulation.day
        morning, moment = simulation.accounts[rows], moments.random(len(portfolio))[rows]
        if day % world.decision_every_days == 0:
            actions, priority, propensity = explorer.decide(simulation.observe(), simulation.masks(), rows)
            evening = simulation.advance(actions, priority, keep_evening=rows).evening
        else:
            propensity = np.ones(rows.size)
            evening = simulation.advance(np.zeros(rows.size, np.int64), keep_evening=rows).evening
        busy = evening["events"] & (Event.ATTEMPT | _STEPS) > 0
        contacts.append(_noted(_CONTACT, day, morning, evening, busy, moment=moment, propensity=propensity))
        payments.append(_noted(_PAYMENT, day, morning, evening, evening["cash_today"] > 0))
    names = portfolio.column("account_id").astype(str).astype(object)
    return LenderRecords(
        portfolio=portfolio,
        contacts=_log(_contacts(simulation, np.concatenate(contacts)), names, CONTACTS),
        payments=_log(_payments(simulation, np.concatenate(payments)), names, PAYMENTS),
        first_day=world.start + timedelta(days=first),
        last_day=world.start + timedelta(days=first + days - 1),
        vocabulary=world.vocabulary,
    )


def _log(whole: pd.DataFrame, names: NDArray[np.object_], registry: Registry) -> pd.DataFrame:
    return in_form(whole.assign(account_id=names[whole["number"].to_numpy(np.int64)]), registry)


# What is kept of a day until all of them are written down together: of the morning, of the evening, and of neither.
_MORNING = ("dpd0", "balance", "promise_discount")
_EVENING = (
    "number",
    "treatment",
    "events",
    "answered",
    "calls_back",
    "promise_due",
    "promise_amount",
    "seconds",
    "collector",
)
_CONTACT = np.dtype(
    [("day", np.int32), ("moment", np.float64), ("propensity", np.float64)]
    + [(name, ACCOUNT[name]) for name in (*_MORNING, *_EVENING)]
)
_PAYMENT = np.dtype(
    [("day", np.int32)] + [(name, ACCOUNT[name]) for name in (*_MORNING, "number", "events", "cash_today")]
)


def _noted(
    form: np.dtype[np.void],
    day: int,
    morning: NDArray[np.void],
    evening: NDArray[np.void],
    which: NDArray[np.bool_],
    **others: NDArray[np.float64],
) -> NDArray[np.void]:
    """What is to be written down of some of a day's accounts.

    Args:
        form: `_CONTACT` or `_PAYMENT`.
        day: of the simulation.
        morning, evening: accounts before and after the day (`account.ACCOUNT`), shape (open,).
        which: of them, bool (open,).
        others: fields that the accounts have not, (open,).
    """
    notes = np.empty(int(which.sum()), form)
    notes["day"] = day
    for name in notes.dtype.names[1:]:  # type: ignore[index]
        source = others[name] if name in others else (morning if name in _MORNING else evening)[name]
        notes[name] = source[which]
    return notes


def _contacts(simulation: Simulation, evening: NDArray[np.void]) -> pd.DataFrame:
    """The contacts and legal steps of all days, in order of time; `number`: of the account.

    Args:
        simulation: whose menu, windows and staff they are of.
        evening: notes (`_CONTACT`) of the accounts that had one, day by day.
    """
    item, events = simulation.menu.table[evening["treatment"]], evening["events"]
    opens, closes = np.array([simulation.world.windows.hours(window) for window in Window])[item["window"]].T
    spoken = np.isin(item["group"], (Group.CALL, Group.VISIT))
    answered, promised = evening["answered"] > 0, events & Event.PROMISE > 0
    vocabulary = simulation.menu.vocabulary
    channels = np.array([NO_CONTACT, *vocabulary.channel_names], object)
    offers = np.array(
        [offer.kind.name.lower() if offer and offer.kind else None for offer in vocabulary.offers], object
    )
    terms = [
        (offer.months or np.nan, offer.discount or np.nan) if offer else (np.nan, np.nan) for offer in vocabulary.offers
    ]
    months, discounts = np.array(terms)[item["offer"]].T
    first_day, due = np.datetime64(simulation.world.start, "D"), np.where(promised, evening["promise_due"], NEVER)
    common = pd.DataFrame(
        {
            "number": evening["number"],
            "date": first_day + evening["day"],
            "hour": opens + (closes - opens) * evening["moment"],
            "channel": channels[item["channel"]],
            "dpd": evening["dpd0"] + evening["day"],
            "balance": evening["balance"] / 100.0,
        }
    )
    conversation = pd.DataFrame(
        {
            "outcome": np.select([events & event > 0 for event in _ANSWERS], list(_ANSWERS.values()), "no_answer"),
            "promise_amount": np.where(promised, evening["promise_amount"] / 100.0, np.nan),
            # What was promised and paid in full on the same day is not due any more.
            "promise_due": np.where(due != NEVER, first_day + due, np.datetime64("NaT")),
            "minutes": np.where(evening["seconds"] > 0, evening["seconds"] / 60.0, np.nan),
            "collector": np.array([None, *simulation.collectors.names[1:]], object)[evening["collector"]],
        }
    )
    # A message that was read and not answered looks like one that was not read; what is said on a call back stands on its row.
    accepted = (events & Event.OFFER_ACCEPTED > 0) & ~answered
    outbound = common.assign(
        direction="outbound",
        offer=offers[item["offer"]],
        months=months,
        discount=discounts,
        legal=pd.Series(_LEGAL[item["legal"]]).where(events & _STEPS > 0, None),
        propensity=evening["propensity"],
        **conversation.where(pd.Series(spoken)),
    )
    outbound.loc[~spoken, "outcome"] = np.where(accepted, "accepted", "delivered")[~spoken]
    outbound.loc[item["channel"] == Channel.NONE, "outcome"] = None
    called_back = common.assign(channel="collector", **conversation)
    called_back.loc[~answered, ["outcome", "minutes", "collector"]] = ["no_answer", np.nan, None]
    inbound = [
        called_back[evening["calls_back"] > 0],
        common.assign(outcome="complaint")[events & Event.COMPLAINT > 0],
        common.assign(outcome="opt_out")[events & (Event.OPT_OUT | Event.CEASE_CONTACT) > 0],
    ]
    return pd.concat([outbound, *(rows.assign(direction="inbound") for rows in inbound)]).sort_values(
        ["date", "hour"], kind="stable", ignore_index=True
    )


def _payments(simulation: Simulation, evening: NDArray[np.void]) -> pd.DataFrame:
    """What came in, by day and account; notes (`_PAYMENT`) of the accounts that paid."""
    events = evening["events"]
    kinds = {
        "enforcement": events & Event.SEIZURE > 0,
        "settlement": (events & Event.HANDOVER > 0)
        | (events & Event.PROMISE_KEPT > 0) & (evening["promise_discount"] > 0),
        "promise": events & Event.PROMISE_KEPT > 0,
        "instalment": events & Event.INSTALMENT_PAID > 0,
    }
    return pd.DataFrame(
        {
            "number": evening["number"],
            "date": np.datetime64(simulation.world.start, "D") + evening["day"],
            "amount": evening["cash_today"] / 100.0,
            "kind": np.select(list(kinds.values()), list(kinds), "voluntary"),
        }
    )
