"""A success model and the greedy policy on it, from simulated logs to files, assessed on accounts that it has not seen.

Folder: `run.json` (settings), `report.json` (all tables), `policy.json` and `policy.safetensors`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import brier_score_loss, roc_auc_score

from recoup.agents.plans.plan import Plan
from recoup.agents.policy import Policy
from recoup.agents.propensity import greedy
from recoup.agents.propensity import success_model as propensity
from recoup.agents.propensity import treatment_features as tf
from recoup.agents.propensity.success_model import Outcomes, SuccessModel
from recoup.experiments.learning.cohorts import simulate_cohort
from recoup.experiments.learning.exploration import FIRST_SEED, Logs, exploring_cohorts
from recoup.experiments.learning.settings import Study
from recoup.experiments.runs.one_thread import one_thread
from recoup.experiments.runs.runfolder import (
    SETTINGS,
    fingerprint,
    require_new,
    versions,
    whole_folder,
    write_json,
)
from recoup.scenarios.schema import Scenario, load_scenario
from recoup.sim.treatments import Legal, Menu

POLICY, REPORT = "policy", "report.json"
HELD_OUT = 5  # one account in so many is kept for the evaluation
NOTHING_KEPT = 0.3  # of the rows with nothing done: they say little about treatments
TENTHS = 10
PRICE_SLACK, PRICE_ACCOUNTS = 0.05, 1000
FIRST_COMPLAINT_PRICE = 300.0  # multiples of the bill; where the search begins

Notify = Callable[[str], None]


@dataclass(frozen=True)
class Usage:
    """What a policy brought and took on one cohort, over the opening balance or per account."""

    recovery: float
    cost: float
    complaints: float


@one_thread()
def run(study: Study, folder: Path, command: str = "", notify: Notify = lambda _: None) -> dict[str, Any]:
    """Simulate logs, fit, evaluate, find the prices, write the folder; returns the report.

    Args:
        study: the settings.
        folder: of the run, new.
        command: what the user typed, for the policy's card.
        notify: called with a line of text as each step begins.

    Raises:
        InputError: wrong scenario or plan; the folder exists.
    """
    scenario = load_scenario(study.scenario)
    menu = Menu.of(scenario.world.channels, scenario.world.offers, scenario.world.legal)
    plan = Plan.load(study.plan, menu)
    require_new(folder)
    horizons = (study.success_days, study.cash_days, study.legal_days)
    parts = []
    for number, logs in enumerate(
        exploring_cohorts(scenario, plan, study.cohorts, study.accounts, horizons, study.seed), start=1
    ):
        notify(f"logs, cohort {number} of {study.cohorts}")
        parts.append(logs)
    logs = Logs(*(np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(Logs)))
    held, entry_held = logs.accounts % HELD_OUT == 0, logs.entry_accounts % HELD_OUT == 0
    kept = ~held & ((logs.treatments > 0) | (np.random.default_rng(study.seed).random(held.size) < NOTHING_KEPT))
    model = propensity.fit(menu, outcomes(logs, study, kept, ~entry_held), notify)
    report = evaluate(model, outcomes(logs, study, held, entry_held))
    report["rows"] = {"fitted": int(kept.sum()), "held_out": int(held.sum())}
    card = greedy.Card(
        name=study.name,
        scenario=scenario.name,
        success_days=study.success_days,
        legal_days=study.legal_days,
        complaint_price=FIRST_COMPLAINT_PRICE,
        features=list(tf.ACCOUNT_COLUMNS),
        menu=menu.names,
        parts=list(tf.PARTS),
        kinds=list(tf.KINDS),
        limits=(
            "Fitted to simulated logs; looks one treatment ahead. Before it treats anybody, fit it to logs of your own, compare it "
            "under other behaviour, and try it on few accounts beside the plan in force."
        ),
    )
    policy, report["prices"] = with_prices(
        greedy.GreedyPolicy(card, model, scenario.world), scenario, plan, study, notify
    )
    policy.card = policy.card.model_copy(
        update={
            "training": {
                "command": command,
                **asdict(study),
                "seeds": f"from {FIRST_SEED + 1000 * study.seed}",
                "versions": {**versions(), **_sklearn_version()},
            },
            "results": {name: report[name] for name in ("rows", "contact", "legal", "scorecard", "prices")},
        }
    )
    with whole_folder(folder) as place:
        write_json(place / SETTINGS, {**asdict(study), "world": fingerprint(scenario.world, scenario.rules)})
        policy.save(place / POLICY)
        write_json(place / REPORT, report)
    return report


def _sklearn_version() -> dict[str, str]:
    import sklearn

    return {"scikit-learn": sklearn.__version__}


def outcomes(logs: Logs, study: Study, rows: NDArray[np.bool_], entries: NDArray[np.bool_]) -> Outcomes:
    """The chosen rows of the logs, with success and money at the study's horizons.

    Args:
        logs: of all cohorts.
        study: its horizons; `logs.cash` has one column for each of success, cash and legal days.
        rows: which sampled treatments, bool.
        entries: which accounts of the scorecard, bool.
    """
    paid_after = logs.paid_after[rows]
    return Outcomes(
        logs.observations[rows],
        logs.treatments[rows],
        {"contact": paid_after <= study.success_days, "legal": paid_after <= study.legal_days},
        {"contact": logs.cash[rows, 1], "legal": logs.cash[rows, 2]},
        logs.reached[rows],
        logs.complaint_risk[rows],
        logs.entries[entries],
        logs.unresolved[entries],
    )


def evaluate(model: SuccessModel, o: Outcomes) -> dict[str, Any]:
    """AUC, Brier score and calibration of each head and of the scorecard, effects by arm, and the largest coefficients.

    Args:
        model: the fitted model.
        o: outcomes that it was not fitted to.
    """
    j = model.predict(o.observations)
    row = np.arange(len(o.treatments))
    predicted, without = j.success[row, o.treatments], j.nothing_success[row, o.treatments]
    legal = np.array([t.legal is not Legal.NONE for t in model.menu.treatments])[o.treatments]
    report: dict[str, Any] = {}
    for head, rows in (("contact", ~legal), ("legal", legal)):
        report[head] = _quality(o.success[head][rows], predicted[rows])
    risk = propensity.logistic(model.risk(o.entries))
    report["scorecard"] = _quality(o.unresolved, risk)
    names = np.array([tf.arm(t) for t in model.menu.treatments])
    arms = {}
    for name in dict.fromkeys(names.tolist()):
        rows = (names == name)[o.treatments]
        success = o.success["legal" if legal[rows].any() else "contact"][rows]
        if rows.sum() > 1:
            arms[name] = {
                "rows": int(rows.sum()),
                "observed": float(success.mean()),
                "predicted": float(predicted[rows].mean()),
                "effect": float((predicted - without)[rows].mean()),
                "observed_effect": float((success - without[rows]).mean()),
                "standard_error": float(np.std(success - predicted[rows]) / np.sqrt(rows.sum())),
            }
    report["arms"] = arms
    report["coefficients"] = {
        "scorecard": dict(zip(propensity.SCORECARD, model.tensors["scorecard.weight"].tolist(), strict=True)),
        "account": _largest(tf.ACCOUNT_COLUMNS, model.tensors["contact.success.account"]),
        "parts": dict(zip(tf.PARTS, model.tensors["contact.success.part"].tolist(), strict=True)),
        "effects": _largest(
            [f"{kind} × {modifier}" for modifier in tf.MODIFIERS for kind in tf.KINDS],
            model.tensors["contact.success.effect"].ravel(),
        ),
    }
    return report


def _quality(happened: NDArray[np.bool_], predicted: NDArray[np.float32]) -> dict[str, Any]:
    """AUC, Brier score (and that of the base rate), and predicted against observed by tenths of the prediction."""
    both = happened.any() and not happened.all()
    tenths = np.array_split(np.argsort(predicted, kind="stable"), TENTHS)
    return {
        "rows": int(happened.size),
        "base_rate": float(happened.mean()) if happened.size else None,
        "auc": float(roc_auc_score(happened, predicted)) if both else None,
        "brier": float(brier_score_loss(happened, predicted)) if both else None,
        "brier_of_base_rate": float(happened.mean() * (1.0 - happened.mean())) if both else None,
        "calibration": [[float(predicted[t].mean()), float(happened[t].mean())] for t in tenths if t.size],
    }


def _largest(names: tuple[str, ...] | list[str], weights: NDArray[np.float32], count: int = 12) -> dict[str, float]:
    order = np.argsort(-np.abs(weights), kind="stable")[:count]
    return {names[n]: float(weights[n]) for n in order}


# --- prices ------------------------------------------------------------------------------------------------------


def measure_usage(scenario: Scenario, policy: Policy, accounts: int, seed: int) -> Usage:
    """One cohort under a policy, to the scenario's horizon.

    Args:
        scenario: whose world.
        policy: is led through the cohort.
        accounts: of the cohort.
        seed: of its accounts and random numbers.
    """
    simulation = simulate_cohort(scenario, policy, scenario.portfolio(accounts, seed), seed)
    a, overhead = simulation.accounts, simulation.daily_table()["overhead"].sum()
    opening = float(a["opening"].sum())
    return Usage(
        float(a["cash"].sum() / opening),
        float((a["cost"].sum() + overhead) / opening),
        float(a["complaint_risk"].mean()),
    )


def with_prices(
    policy: greedy.GreedyPolicy, scenario: Scenario, plan: Policy, study: Study, notify: Notify
) -> tuple[greedy.GreedyPolicy, dict[str, Any]]:
    """Raise the prices of cost and complaints until the policy takes no more of either than the plan does.

    Each round follows a training cohort and multiplies both prices by what was used over what may be used.

    Args:
        policy: with the prices the search begins at.
        scenario: whose world.
        plan: whose cost and complaints are the limits.
        study: its accounts (at most `PRICE_ACCOUNTS`), seed and number of rounds.
        notify: called with a line of text for each round.

    Returns:
        The policy at its last prices, and what the report says of the search: the plan's usage (`limit`), prices and
            usage by round.
    """
    accounts, seed = min(study.accounts, PRICE_ACCOUNTS), FIRST_SEED + 1000 * study.seed + 900
    limit = measure_usage(scenario, plan, accounts, seed)
    card, history = policy.card, []
    for number in range(1, study.price_rounds + 1):
        notify(f"prices, round {number}")
        used = measure_usage(scenario, policy, accounts, seed)
        history.append({"cost_price": card.cost_price, "complaint_price": card.complaint_price, **asdict(used)})
        over = used.cost / limit.cost, used.complaints / limit.complaints
        if max(over) <= 1.0 and (min(over) >= 1.0 - PRICE_SLACK or card.complaint_price <= 1.0):
            break
        card = card.model_copy(
            update={
                "cost_price": max(0.0, (1.0 + card.cost_price) * over[0] ** 2 - 1.0),
                "complaint_price": max(1.0, card.complaint_price * over[1] ** 1.2),
            }
        )
        policy = greedy.GreedyPolicy(card, policy.model, scenario.world)
    return policy, {"limit": asdict(limit), "rounds": history}
