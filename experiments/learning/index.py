"""An index policy, from paired deviations to files: tail, marginal values, prices, and what all of it reaches on unseen cohorts.

Folder: `run.json` (settings), `tail.npz`, `deviations/COHORT.npz` (finished parts, from which `--resume` goes on), `report.json`,
`policy.json` and `policy.safetensors`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recoup.agents import features
from recoup.agents.index import network, treatment_parts
from recoup.agents.index.index_policy import OUTCOMES, Card, IndexPolicy
from recoup.agents.index.network import Ensemble
from recoup.agents.library import load_policy
from recoup.agents.policy import Policy
from recoup.agents.policy_files import Tensors
from recoup.experiments.learning.cohorts import simulate_cohort
from recoup.experiments.learning.deviations import (
    FIRST_SEED,
    Deviations,
    Tail,
    deviate,
    states_and_outcomes,
    together,
)
from recoup.experiments.learning.settings import IndexStudy
from recoup.experiments.runs.runfolder import fingerprint, open_folder, versions, write_json, write_whole
from recoup.scenarios.schema import Scenario, load_scenario
from recoup.sim.treatments import Menu

POLICY, REPORT = "policy", "report.json"
HELD_OUT = 5  # one cohort in so many is kept for stopping and for the evaluation
LOOKS = 20  # days on which each account of a tail's cohorts is looked at
TENTHS = 10
LIMITED = ("cost", "complaints", "contacts")
PRICE_ACCOUNTS = 2000
START = {"cost": 0.0, "complaints": 20.0, "contacts": 0.0}  # complaints bind first
FIRST_PRICE = {"cost": 0.05, "complaints": 0.5, "contacts": 1e-4}  # from which a price of nothing rises

Notify = Callable[[str], None]
Usage = dict[str, float]


def run(
    study: IndexStudy, folder: Path, command: str = "", notify: Notify = lambda _: None, resume: bool = False
) -> dict[str, Any]:
    """Simulate deviations, fit, find the prices, write the folder; returns the report.

    Args:
        study: the settings.
        folder: of the run; new, or with `resume` that of a run cut short.
        command: what the user typed, for the policy's card.
        notify: called with a line of text as each step begins.
        resume: go on from the parts that are there.

    Raises:
        InputError: wrong scenario or base; the folder exists, or is of other settings.
    """
    scenario = load_scenario(study.scenario)
    base = load_policy(study.base, scenario.name, scenario.world)
    open_folder(folder, {**asdict(study), "world": fingerprint(scenario.world, scenario.rules)}, resume=resume)
    first = FIRST_SEED + 1000 * study.seed
    tail = Tail(_tail(study, scenario, base, folder / "tail.npz", first, notify), study.tail_days)
    parts = []
    for number in range(study.cohorts):
        notify(f"deviations, cohort {number + 1} of {study.cohorts}")
        parts.append(_cohort(study, scenario, base, tail, folder / "deviations" / f"{number}.npz", first + number))
    deviations = together(parts)
    held = (deviations.cohorts - first) % HELD_OUT == 0
    fitted = fit(scenario.menu, deviations, held, study.seed, notify)
    report = {
        "rows": {"fitted": int((~held).sum()), "held_out": int(held.sum())},
        "values": evaluate(scenario.menu, fitted, deviations.rows(held)),
        "arms": by_arm(scenario.menu, fitted, deviations.rows(held)),
    }
    card = Card(
        name=study.name,
        scenario=scenario.name,
        features=list(features.NAMES),
        menu=scenario.menu.names,
        parts=list(treatment_parts.PARTS),
        mean_opening=float(scenario.portfolio(study.accounts, first).column("opening_balance").mean()),
        time_weight=study.time_weight,
        limits=(
            "Fitted to simulated deviations from one base policy. Before it treats anybody, compare it under other behaviour, and try it "
            "on few accounts beside the plan in force."
        ),
    )
    tensors: Tensors = {**fitted.tensors, "reach": reach(scenario.menu, deviations)}
    policy, report["prices"] = with_prices(IndexPolicy(card, tensors, scenario.world), scenario, base, study, notify)
    policy.card = policy.card.model_copy(
        update={
            "training": {"command": command, **asdict(study), "seeds": f"from {first}", "versions": versions()},
            "results": report,
        }
    )
    policy.save(folder / POLICY)
    write_json(folder / REPORT, report)
    return report


def _tail(study: IndexStudy, scenario: Scenario, base: Policy, path: Path, first: int, notify: Notify) -> Ensemble:
    """The network of a tail, from its file if there is one."""
    if path.is_file():
        with np.load(path) as file:
            return Ensemble(dict(file))
    states, outcomes, held = [], [], []
    for number in range(study.tail_cohorts):
        notify(f"states, cohort {number + 1} of {study.tail_cohorts}")
        seed = first + 900 + number
        x, y = states_and_outcomes(scenario, base, scenario.portfolio(study.accounts, seed), seed, LOOKS)
        states, outcomes = [*states, x], [*outcomes, y]
        held.append(np.full(len(x), number == 0))
    fitted = network.fit(
        np.concatenate(states),
        np.concatenate(outcomes),
        np.concatenate(held),
        seed=study.seed,
        notify=lambda line: notify(f"tail, {line}"),
    )
    _write(path, fitted.tensors)
    return fitted


def _cohort(study: IndexStudy, scenario: Scenario, base: Policy, tail: Tail, path: Path, seed: int) -> Deviations:
    """The deviations of one cohort, from its file if there is one."""
    if path.is_file():
        with np.load(path) as file:
            return Deviations(**file)
    portfolio = scenario.portfolio(study.accounts, seed)
    found = together(list(deviate(scenario, base, portfolio, seed, study.repeats, tail)))
    _write(path, {field.name: getattr(found, field.name) for field in fields(Deviations)})
    return found


def _write(path: Path, arrays: dict[str, Any]) -> None:
    def put(temporary: Path) -> None:
        with temporary.open("wb") as file:  # a name would get an ending
            np.savez(file, **arrays)

    write_whole(path, put)


def contrasts(menu: Menu, deviations: Deviations) -> NDArray[np.float32]:
    """How much more of each part an account was given than in the base run: −1, 0 or 1, shape (rows, PARTS).

    Args:
        menu: the treatments.
        deviations: from the base run.
    """
    parts = treatment_parts.parts(menu)
    return parts[deviations.treatments] - parts[deviations.base]


def fit(menu: Menu, deviations: Deviations, held: NDArray[np.bool_], seed: int, notify: Notify) -> Ensemble:
    """Marginal values of the parts of a treatment, by least squares on what deviations changed.

    Args:
        menu: the treatments.
        deviations: all of them.
        held: rows that say when to stop, bool (rows,).
        seed: of the fit.
        notify: called with a line of text after each pass.
    """
    return network.fit(
        features.encode(deviations.observations),
        deviations.changes,
        held,
        contrasts(menu, deviations),
        seed,
        network.MEMBERS,
        notify=lambda line: notify(f"values, {line}"),
    )


def predicted(menu: Menu, fitted: Ensemble, deviations: Deviations) -> NDArray[np.float32]:
    """What the network expected deviations to change: shape (rows, OUTCOMES).

    Args:
        menu: the treatments.
        fitted: by `fit`.
        deviations: any.
    """
    by_part = fitted.mean(features.encode(deviations.observations)).reshape(len(deviations.base), len(OUTCOMES), -1)
    return np.einsum("rop,rp->ro", by_part, contrasts(menu, deviations))


def evaluate(menu: Menu, fitted: Ensemble, unseen: Deviations) -> dict[str, Any]:
    """R² and calibration of each outcome's change, against «nothing changes».

    Args:
        menu: the treatments.
        fitted: by `fit`.
        unseen: deviations of cohorts that it was not fitted to.

    Returns:
        By outcome: `r2`, `std` of what was observed, and `tenths`, mean predicted and observed change and the latter's standard error
        in ten groups of rising prediction.
    """
    other = unseen.rows(unseen.treatments != unseen.base)
    expected, report = predicted(menu, fitted, other), {}
    for number, name in enumerate(OUTCOMES):
        mine, seen = expected[:, number].astype(float), other.changes[:, number].astype(float)
        tenths = [t for t in np.array_split(np.argsort(mine, kind="stable"), TENTHS) if t.size > 1]
        square = float((seen**2).sum())
        report[name] = {
            "r2": 1.0 - float(((seen - mine) ** 2).sum()) / square if square else None,
            "std": float(seen.std()),
            "tenths": [
                [float(mine[t].mean()), float(seen[t].mean()), float(seen[t].std() / math.sqrt(t.size))] for t in tenths
            ],
        }
    return report


def by_arm(menu: Menu, fitted: Ensemble, unseen: Deviations) -> dict[str, Any]:
    """Predicted and observed change of money, a share of the balance, by arm, where the base policy did nothing.

    Args:
        menu: the treatments.
        fitted: by `fit`.
        unseen: deviations of cohorts that it was not fitted to.
    """
    alone = unseen.rows(unseen.base == 0)
    expected = predicted(menu, fitted, alone)[:, 0]
    names, table = np.array([treatment_parts.arm(t) for t in menu.treatments]), {}
    for name in dict.fromkeys(names[1:].tolist()):
        rows = (names == name)[alone.treatments]
        if rows.sum() > 1:
            seen = alone.changes[rows, 0].astype(float)
            table[name] = {
                "rows": int(rows.sum()),
                "predicted": float(expected[rows].mean()),
                "observed": float(seen.mean()),
                "standard_error": float(seen.std() / math.sqrt(rows.sum())),
            }
    return table


def reach(menu: Menu, deviations: Deviations) -> NDArray[np.float32]:
    """Share of attempts that found the debtor, by channel and window: float32 (menu,).

    Args:
        menu: the treatments.
        deviations: whose attempts count.
    """
    place = [(t.channel, t.window) for t in menu.treatments]
    share = {}
    for one in set(place):
        rows = np.isin(deviations.treatments, [n for n, other in enumerate(place) if other == one])
        share[one] = float(deviations.reached[rows].mean()) if rows.any() else 0.0
    return np.array([share[one] for one in place], np.float32)


# --- prices ------------------------------------------------------------------------------------------------------


def measure_usage(scenario: Scenario, policy: Policy, accounts: int, seeds: Sequence[int]) -> Usage:
    """What a policy brings and takes on cohorts, to the scenario's horizon: means over the seeds.

    Args:
        scenario: whose world.
        policy: is led through each cohort.
        accounts: of each cohort.
        seeds: of the cohorts.

    Returns:
        `recovery` and `cost` (overhead included) over the opening balance; expected `complaints` and `contacts` (attempts) per account.
    """
    found = []
    for seed in seeds:
        simulation = simulate_cohort(scenario, policy, scenario.portfolio(accounts, seed), seed)
        a, overhead = simulation.accounts, simulation.daily_table()["overhead"].sum()
        opening = float(a["opening"].sum())
        found.append(
            {
                "recovery": float(a["cash"].sum()) / opening,
                "cost": float(a["cost"].sum() + overhead) / opening,
                "complaints": float(a["complaint_risk"].mean()),
                "contacts": float(a["attempts"].mean()),
            }
        )
    return {name: float(np.mean([one[name] for one in found])) for name in found[0]}


def next_price(price: float, over: float, first: float) -> float:
    """A price after a round: raised where more was used than may be, lowered where less was.

    Args:
        price: of the round.
        over: what was used over what may be.
        first: from which a price of nothing rises; below a hundredth of it a price is nothing.
    """
    if over > 1.0:
        return max(price, first) * min(over, 2.0) ** 2
    lower = price * max(over, 0.5) ** 2
    return lower if lower > first / 100.0 else 0.0


def with_prices(
    policy: IndexPolicy, scenario: Scenario, base: Policy, study: IndexStudy, notify: Notify
) -> tuple[IndexPolicy, dict[str, Any]]:
    """Move the prices of cost, complaints and contacts until the policy takes no more of any than the base does.

    Args:
        policy: with the prices the search begins at.
        scenario: whose world.
        base: whose cost, complaints and contacts are the limits.
        study: its accounts (at most `PRICE_ACCOUNTS`), seed and number of rounds.
        notify: called with a line of text for each round.

    Returns:
        The policy at the prices that kept to the limits at the highest recovery after cost, or broke them least; and what the report
            says of the search: the base's usage (`limit`), prices and usage by round, and the round `kept`.
    """
    accounts = min(study.accounts, PRICE_ACCOUNTS)
    seeds = [FIRST_SEED + 1000 * study.seed + 950 + number for number in range(2)]
    limit = measure_usage(scenario, base, accounts, seeds)
    prices, rounds = START, []
    tried: list[tuple[float, float, IndexPolicy]] = []
    for number in range(1, study.price_rounds + 1):
        notify(f"prices, round {number} of {study.price_rounds}")
        card = policy.card.model_copy(
            update={
                "cost_price": prices["cost"],
                "complaint_price": prices["complaints"],
                "contact_price": prices["contacts"],
            }
        )
        policy = IndexPolicy(card, policy.tensors, scenario.world)
        used = measure_usage(scenario, policy, accounts, seeds)
        rounds.append({"prices": dict(prices), **used})
        over = {name: used[name] / limit[name] if limit[name] else 1.0 for name in LIMITED}
        tried.append((max(1.0, *over.values()), used["cost"] - used["recovery"], policy))
        prices = {name: next_price(prices[name], over[name], FIRST_PRICE[name]) for name in LIMITED}
    kept = min(range(len(tried)), key=lambda n: tried[n][:2])
    return tried[kept][2], {"limit": limit, "rounds": rounds, "kept": kept + 1}
