"""An index policy, from single deviations to files: outlook, marginal values, prices and caution, and what they reach on unseen cohorts.

Folder: `run.json` (settings), `outlook.npz`, `deviations/COHORT.npz` (finished parts, from which `--resume` goes on), `report.json`,
`policy.json` and `policy.safetensors`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from recoup.agents import features
from recoup.agents.index import network
from recoup.agents.index.index_policy import OUTCOMES, Card, IndexPolicy
from recoup.agents.index.network import Ensemble
from recoup.agents.library import load_policy
from recoup.agents.plans.plan import Plan
from recoup.agents.policy_files import Tensors
from recoup.agents.training.budget import KEPT_FREE, LIMITED
from recoup.agents.treatment_parts import arm, part_names, parts_matrix
from recoup.experiments.learning.cohorts import Cohorts
from recoup.experiments.learning.deviations import (
    FIRST_SEED,
    Deviations,
    Outlook,
    deviate,
    states_and_outcomes,
    together,
)
from recoup.experiments.learning.index_files import deviations_file, outlook_file
from recoup.experiments.learning.settings import IndexStudy
from recoup.experiments.learning.validation import Validation
from recoup.experiments.runs.one_thread import one_thread
from recoup.experiments.runs.runfolder import fingerprint, open_folder, versions, write_json
from recoup.scenarios.schema import Scenario, load_scenario
from recoup.sim.inputs import InputError
from recoup.sim.treatments import Menu

POLICY, REPORT = "policy", "report.json"
HELD_OUT = 5  # one cohort in so many is kept for stopping and for the evaluation
TENTHS = 10
PRICE_ACCOUNTS, PRICE_COHORTS = 2000, 4
CAUTIONS = (4.0, 2.0, 1.0)  # one after the other, each in as many rounds
FIRST_PRICE = {
    "cost": 0.05,
    "complaints": 2.0,
    "contacts": 3e-4,
}  # of the first round, and from which a price of nothing rises

Notify = Callable[[str], None]


@one_thread()
def run(
    study: IndexStudy,
    folder: Path,
    command: str = "",
    notify: Notify = lambda _: None,
    resume: bool = False,
    advance: Callable[[], None] = lambda: None,
) -> dict[str, Any]:
    """Simulate deviations, fit, find prices and caution, write the folder; returns the report.

    Args:
        study: the settings.
        folder: of the run; new, or with `resume` that of a run cut short.
        command: what the user typed, for the policy's card.
        notify: called with a line of text as each step begins.
        resume: go on from the parts that are there.
        advance: called after each of the `steps(study)`.

    Raises:
        InputError: wrong scenario, base or baseline; the folder exists, or is of other settings.
    """
    scenario = load_scenario(study.scenario)
    base = load_policy(study.base, scenario.name, scenario.world)
    if not isinstance(base, Plan):
        raise InputError("--base", "", study.base, "a plan")
    baseline = Plan.load(study.baseline, scenario.menu)
    open_folder(folder, {**asdict(study), "world": fingerprint(scenario.world, scenario.rules)}, resume=resume)
    first = FIRST_SEED + 1000 * study.seed
    ensemble = _outlook(study, scenario, base, folder / "outlook.npz", first, notify)
    advance()
    outlook = Outlook(ensemble, study.outlook_days)
    parts = []
    for number in range(study.cohorts):
        notify(f"deviations, cohort {number + 1} of {study.cohorts}")
        parts.append(_cohort(study, scenario, base, outlook, folder / "deviations" / f"{number}.npz", first + number))
        advance()
    deviations = together(parts)
    number_of = deviations.cohorts - first
    held = number_of % HELD_OUT == 0
    fitted = fit(scenario.menu, deviations, held, shares_of(number_of), study.seed, notify)
    advance()
    report = {
        "rows": {"fitted": int((~held).sum()), "held_out": int(held.sum())},
        "values": evaluate(scenario.menu, fitted, deviations.rows(held)),
        "arms": by_arm(scenario.menu, fitted, deviations.rows(held)),
    }
    card = Card(
        name=study.name,
        scenario=scenario.name,
        features=list(features.features_of(scenario.world.vocabulary).names),
        menu=scenario.menu.names,
        improves=base.file.model_dump(exclude_none=True),
        parts=part_names(scenario.menu),
        mean_opening=float(scenario.portfolio(study.accounts, first).column("opening_balance").mean()),
        time_weight=study.time_weight,
        limits=(
            "Fitted to simulated deviations from one plan. Before it treats anybody, compare it under other behaviour, and try it "
            "on few accounts beside the plan in force."
        ),
    )
    tensors: Tensors = {**fitted.tensors, "reach": reach(scenario.menu, deviations)}
    seeds = range(first + 950, first + 950 + PRICE_COHORTS)
    cohorts = Cohorts(scenario, min(study.accounts, PRICE_ACCOUNTS), seeds)
    validation = Validation(cohorts, baseline, study.time_weight, limits=True)
    policy, report["prices"] = with_prices(
        IndexPolicy(card, tensors, scenario.world), scenario, validation, study.rounds, notify
    )
    policy.card = policy.card.model_copy(
        update={
            "training": {"command": command, **asdict(study), "seeds": f"from {first}", "versions": versions()},
            "results": report,
        }
    )
    advance()
    policy.save(folder / POLICY)
    write_json(folder / REPORT, report)
    return report


def steps(study: IndexStudy) -> int:
    """Of a run: the outlook, each cohort of deviations, the fit, the prices."""
    return study.cohorts + 3


def _outlook(study: IndexStudy, scenario: Scenario, base: Plan, path: Path, first: int, notify: Notify) -> Ensemble:
    """The network of an outlook, from its file if there is one."""
    kind = outlook_file(features.features_of(scenario.world.vocabulary).size)
    if path.exists():
        return Ensemble(kind.read(path))
    states: list[NDArray[np.float32]] = []
    outcomes: list[NDArray[np.float32]] = []
    held: list[NDArray[np.bool_]] = []
    for number in range(study.outlook_cohorts):
        notify(f"outlook, cohort {number + 1} of {study.outlook_cohorts}")
        seed = first + 900 + number
        x, y = states_and_outcomes(scenario, base, scenario.portfolio(study.accounts, seed), seed, study.outlook_days)
        states.append(x)
        outcomes.append(y)
        held.append(np.full(len(x), number == 0))
    fitted = network.fit(
        np.concatenate(states),
        np.concatenate(outcomes),
        np.concatenate(held),
        seed=study.seed,
        notify=lambda line: notify(f"outlook, {line}"),
    )
    kind.write(path, fitted.tensors)
    return fitted


def _cohort(study: IndexStudy, scenario: Scenario, base: Plan, outlook: Outlook, path: Path, seed: int) -> Deviations:
    """The deviations of one cohort, from its file if there is one."""
    kind = deviations_file(len(scenario.menu), seed)
    if path.exists():
        return Deviations(**kind.read(path))
    found = deviate(scenario, base, scenario.portfolio(study.accounts, seed), seed, outlook)
    kind.write(path, {field.name: getattr(found, field.name) for field in fields(Deviations)})
    return found


def contrasts(menu: Menu, deviations: Deviations) -> NDArray[np.float32]:
    """How much more of each part an account was given than the plan chose: −1, 0 or 1, shape (rows, parts).

    Args:
        menu: the treatments.
        deviations: from the plan.
    """
    parts = parts_matrix(menu)
    return parts[deviations.treatments] - parts[deviations.base]


def shares_of(numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """Which network learns from a row: whole cohorts, as evenly as may be, so that networks err apart.

    Args:
        numbers: of the rows' cohorts, (rows,); one in `HELD_OUT`, from the first, is no network's.
    """
    fitted = [number for number in np.unique(numbers) if number % HELD_OUT]
    if len(fitted) < network.MEMBERS:  # too few for one each
        return np.arange(len(numbers)) % network.MEMBERS
    member = np.zeros(int(numbers.max()) + 1, np.int64)
    member[fitted] = np.arange(len(fitted)) % network.MEMBERS
    return member[numbers]


def fit(
    menu: Menu,
    deviations: Deviations,
    held: NDArray[np.bool_],
    shares: NDArray[np.int64],
    seed: int,
    notify: Notify = lambda _: None,
) -> Ensemble:
    """Marginal values of the parts of a treatment, by least squares on what deviations changed.

    What the outlook misjudged of a morning is in the label, whatever was done: a further part, that every row has, takes it up.

    Args:
        menu: the treatments.
        deviations: all of them.
        held: rows that say when to stop, bool (rows,).
        shares: which network learns from each row, (rows,).
        seed: of the fit.
        notify: called with a line of text after each pass.
    """
    given = contrasts(menu, deviations)
    fitted = network.fit(
        features.features_of(menu.vocabulary).encode(deviations.observations),
        deviations.changes,
        held,
        np.hstack([given, np.ones((len(given), 1), np.float32)]),
        shares,
        seed,
        notify=lambda line: notify(f"values, {line}"),
    )
    return fitted.without_last_part(given.shape[1] + 1)


def predicted(menu: Menu, fitted: Ensemble, deviations: Deviations) -> NDArray[np.float32]:
    """What the networks expected deviations to change: shape (rows, OUTCOMES).

    Args:
        menu: the treatments.
        fitted: by `fit`.
        deviations: any.
    """
    by_part = fitted.mean(features.features_of(menu.vocabulary).encode(deviations.observations)).reshape(
        len(deviations.base), len(OUTCOMES), -1
    )
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
    names, table = np.array([arm(t) for t in menu.treatments]), {}
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


# --- prices and caution ------------------------------------------------------------------------------------------


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
    policy: IndexPolicy, scenario: Scenario, validation: Validation, rounds: int, notify: Notify = lambda _: None
) -> tuple[IndexPolicy, dict[str, Any]]:
    """Try caution and the prices of cost, complaints and contacts, which rise while more is used than the baseline allows.

    Args:
        policy: at any prices.
        scenario: whose world.
        validation: on which cohorts, and within whose limits.
        rounds: how many tries.
        notify: called with a line of text for each round.

    Returns:
        The policy of the highest score; and what the report says of the search: parts and score of the plan that it improves (`plan`),
            `caution`, `prices`, parts and score by round, and the round `kept`.
    """
    allowed = {name: (1.0 - KEPT_FREE) * validation.baseline[name] for name in LIMITED}
    report: dict[str, Any] = {"allowed": allowed, "plan": validation.assess(policy.plan), "rounds": []}
    prices, tried = {name: FIRST_PRICE[name] for name in LIMITED}, []
    for number in range(rounds):
        notify(f"prices, round {number + 1} of {rounds}")
        card = policy.card.model_copy(
            update={
                "caution": CAUTIONS[number * len(CAUTIONS) // rounds],
                "cost_price": prices["cost"],
                "complaint_price": prices["complaints"],
                "contact_price": prices["contacts"],
            }
        )
        tried.append(IndexPolicy(card, policy.tensors, scenario.world))
        found = validation.assess(tried[-1])
        report["rounds"].append({"caution": card.caution, "prices": prices, **found})
        prices = {
            name: next_price(prices[name], found[name] / max(allowed[name], 1e-12), FIRST_PRICE[name])
            for name in LIMITED
        }
    kept = max(range(rounds), key=lambda n: float(report["rounds"][n]["score"]))
    return tried[kept], {**report, "kept": kept + 1}
