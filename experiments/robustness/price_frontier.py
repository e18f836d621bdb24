"""The frontier of a price family: what recovery its policies reach, for how many contacts, complaints and what cost.

Prices fill the space of the network's price inputs evenly (a scrambled Sobol' sequence: Sobol' 1967, Owen 1998). Each gives a policy, and
each policy and plan meets the same accounts and random numbers. Limits choose a point; further prices are then tried near it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import qmc

from recoup.agents.library import own_policy
from recoup.agents.price_family import PRICES, PriceFamily, prices_at
from recoup.experiments.comparison.burdens import full_cost
from recoup.experiments.comparison.measures import MEASURE
from recoup.experiments.comparison.settings import Comparison
from recoup.experiments.robustness.files import BURDENS, BY, FRONTIER_FILE, LIMITABLE
from recoup.experiments.robustness.run_trials import run_trials
from recoup.experiments.robustness.trial import Trial
from recoup.experiments.robustness.trial_cache import TrialCache
from recoup.experiments.runs.champion import COST
from recoup.experiments.runs.workers import Workers
from recoup.scenarios.environments import PORTFOLIO_SEED
from recoup.scenarios.world_variants import AS_IT_IS
from recoup.sim.inputs import InputError

FRONTIER, FRONTIER_TABLE = FRONTIER_FILE.name, "frontier.csv"
SELECTION_SEED = PORTFOLIO_SEED + 650_000  # of no comparison and no training
WITHIN = (*BURDENS, COST)  # what a plan's figures limit
PLANS = ("status-quo", "staged", "tiered")
OWN_KINDS = ("tuned", "contact-capped", "distilled", "learned")  # shown where the scenario has one
NEAR = 0.15  # how far from the first choice further price inputs are tried
_DESIGN_SEED = 1
_CLOSE = 1e-9

Values = Mapping[str, float]


@dataclass(frozen=True)
class Candidate:
    """A policy or plan in the picture.

    Attributes:
        name: of the point, or the plan as the user named it.
        values: means over the seeds, of `BY` and `LIMITABLE`.
        inputs: the network's price inputs, each from 0 to 1; None for a plan.
    """

    name: str
    values: dict[str, float]
    inputs: tuple[float, ...] | None = None


def first_inputs(number: int) -> list[tuple[float, ...]]:
    """Price inputs to begin with: no prices, the middle of the cube, and a Sobol' sequence.

    Args:
        number: how many; at least 2.
    """
    ends = np.array([np.zeros(len(PRICES)), np.full(len(PRICES), 0.5)])
    return _rounded(np.vstack([ends, _sobol(number - 2)]))


def inputs_near(centre: Sequence[float], number: int) -> list[tuple[float, ...]]:
    """Price inputs at most `NEAR` from these in each, within 0 to 1; at most `number` different ones."""
    return _rounded(np.clip(np.array(centre) + NEAR * (2.0 * _sobol(number) - 1.0), 0.0, 1.0))


def _sobol(number: int) -> NDArray[np.float64]:
    sequence = qmc.Sobol(len(PRICES), scramble=True, rng=np.random.default_rng(_DESIGN_SEED))
    points: NDArray[np.float64] = sequence.random_base2(max(number - 1, 0).bit_length())
    return points[:number]


def _rounded(points: NDArray[np.float64]) -> list[tuple[float, ...]]:
    """To hundredths, so that a name says them; each once."""
    return list(dict.fromkeys(tuple(map(float, row)) for row in points.round(2)))


def name_of(inputs: Sequence[float]) -> str:
    """«p50-12-99»: the inputs for the prices of complaints, contacts and staff, in hundredths."""
    return "p" + "-".join(f"{round(100 * x)}" for x in inputs)


def non_dominated(costs: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which rows no other beats: is as good everywhere and better somewhere.

    Args:
        costs: less is better, shape (points, criteria).

    Returns:
        Shape (points,). Of equal rows none beats the other.
    """
    as_good = np.all(costs[None, :, :] <= costs[:, None, :], axis=2)
    better = np.any(costs[None, :, :] < costs[:, None, :], axis=2)
    return np.asarray(~np.any(as_good & better, axis=1))


def on_frontier(candidates: Sequence[Candidate], by: str, burdens: Sequence[str] = BURDENS) -> NDArray[np.bool_]:
    """Which candidates no other beats in the measure and these burdens, shape (candidates,)."""
    return non_dominated(np.array([[loss(c.values, by), *(c.values[b] for b in burdens)] for c in candidates]))


def loss(values: Values, by: str) -> float:
    """The measure, turned so that less is better."""
    return -MEASURE[by].better * values[by]


def excess(values: Values, limits: Values) -> float:
    """The largest share of a limit that is used: 1 at the limit, above 1 beyond it; 0 without limits."""
    used = [0.0]
    for name, limit in limits.items():
        used.append(values[name] / limit if limit else (np.inf if values[name] > _CLOSE else 0.0))
    # An undefined value, as of a cost to collect where nothing is collected, is within no limit.
    return float("inf") if np.isnan(used).any() else max(used)


def choose(candidates: Sequence[Candidate], limits: Values, by: str) -> Candidate:
    """The best within the limits; of equals the one with fewer contacts, then fewer complaints. With none within: the nearest.

    Args:
        candidates: at least one.
        limits: the most of each of some of `LIMITABLE`.
        by: measure.
    """
    inside = [c for c in candidates if excess(c.values, limits) <= 1.0 + _CLOSE]
    if not inside:
        return min(candidates, key=lambda c: excess(c.values, limits))
    return min(inside, key=lambda c: (loss(c.values, by), *(c.values[burden] for burden in BURDENS)))


def tightest(*limits: Values) -> dict[str, float]:
    """All limits together, the lowest where several speak of the same."""
    names = [name for name in LIMITABLE if any(name in each for each in limits)]
    return {name: min(each[name] for each in limits if name in each) for name in names}


def own_policies(scenario: str) -> list[str]:
    """Which of `OWN_KINDS` the scenario has."""
    return [kind for kind in OWN_KINDS if own_policy(kind, scenario).is_file()]


def measured(
    comparison: Comparison,
    policies: Sequence[str],
    workers: Workers,
    cache: TrialCache | None,
    on_done: Callable[[], None] | None,
) -> dict[str, dict[str, float]]:
    """What policies reach on the comparison's seeds: by policy, means of `BY` and `LIMITABLE`.

    Args:
        comparison: scenario, seeds, accounts and horizon.
        policies: names or files.
        workers, cache, on_done: as for `run_trials`.
    """
    trials = {p: [Trial(comparison, p, AS_IT_IS, seed) for seed in comparison.seed_range] for p in policies}
    outcomes = run_trials([trial for each in trials.values() for trial in each], workers, cache, on_done)
    return {p: _means([outcomes[trial].measures for trial in each]) for p, each in trials.items()}


def _means(runs: Sequence[Values]) -> dict[str, float]:
    names = dict.fromkeys((*BY, *BURDENS, "cost_to_collect"))
    means = {name: float(np.mean([run[name] for run in runs])) for name in names}
    return {**means, COST: full_cost(means)}


def price_frontier(
    family: PriceFamily,
    comparison: Comparison,
    folder: Path,
    points: int = 16,
    by: str = BY[0],
    limits: Values | None = None,
    within: str | None = None,
    workers: Workers = 1,
    cache: TrialCache | None = None,
    on_done: Callable[[], None] | None = None,
) -> dict[str, Any]:
    """Run a family at many prices beside plans, and choose the prices that do best within limits.

    Args:
        family: of policies.
        comparison: scenario, seeds, accounts and horizon; its policies are the plans in the picture.
        folder: gets the policies of all points, in `points/`.
        points: how many prices are tried first; half as many follow near the first choice.
        by: one of `BY`.
        limits: the most of each of some of `LIMITABLE`, in the measure's unit.
        within: a plan, whose figures in `WITHIN` are limits too.
        workers, cache, on_done: as for `run_trials`; there are at most (plans + 1.5 × points) × seeds trials.

    Returns:
        The content of frontier.json: `by`, `limits`, `within`, `seeds`, `accounts`, `points` and `plans` (name, values, whether on the
        family's frontier; inputs and prices of points), `chosen` (a point's name), `feasible` (whether it is within the limits).

    Raises:
        InputError: as `run_trials`.
        WorkerLost: as `run_trials`.
    """
    named = dict.fromkeys((*comparison.texts, *([within] if within else [])))
    values = measured(comparison, list(named), workers, cache, on_done)
    plans = [Candidate(plan, values[plan]) for plan in named]
    bound = tightest(limits or {}, {name: values[within][name] for name in WITHIN} if within else {})

    def tried(inputs: Sequence[tuple[float, ...]]) -> list[Candidate]:
        files = {one: folder / "points" / f"{name_of(one)}.json" for one in inputs}
        for one, path in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            family.at(prices_at(np.array(one)), name_of(one)).save(path.with_suffix(""))
        reached = measured(comparison, [str(path) for path in files.values()], workers, cache, on_done)
        return [Candidate(name_of(one), reached[str(path)], one) for one, path in files.items()]

    found = tried(first_inputs(points))
    centre = choose(found, bound, by).inputs
    assert centre is not None
    known = {one.inputs for one in found}
    found += tried([one for one in inputs_near(centre, points // 2) if one not in known])
    chosen = choose(found, bound, by)
    return {
        "by": by,
        "limits": bound,
        "within": within,
        "scenario": comparison.load().name,
        "seeds": list(comparison.seed_range),
        "accounts": comparison.accounts,
        "points": [
            {**asdict(c), "prices": prices_at(np.array(c.inputs)), "frontier": bool(on)}
            for c, on in zip(found, on_frontier(found, by), strict=True)
        ],
        "plans": [{"name": plan.name, "values": plan.values} for plan in plans],
        "chosen": chosen.name,
        "feasible": excess(chosen.values, bound) <= 1.0 + _CLOSE,
    }


def chosen_point(result: Mapping[str, Any]) -> dict[str, Any]:
    """The point that was chosen.

    Args:
        result: what `price_frontier` returns.

    Raises:
        InputError: none is within the limits; names the nearest.
    """
    point: dict[str, Any] = next(p for p in result["points"] if p["name"] == result["chosen"])
    if not result["feasible"]:
        near = ", ".join(f"{name} {point['values'][name]:.3g}" for name in result["limits"])
        most = ", ".join(f"{name} at most {limit:.3g}" for name, limit in result["limits"].items())
        raise InputError("frontier", "limits", f"nearest: {point['name']} with {near}", f"a point with {most}")
    return point


def save_chosen(family: PriceFamily, result: Mapping[str, Any], stem: Path, name: str) -> None:
    """Write the chosen policy; its card says how it was chosen.

    Args:
        family: it comes from.
        result: what `price_frontier` returns.
        stem: path without ending, as for `LearnedPolicy.save`.
        name: of the policy.

    Raises:
        InputError: as `chosen_point`.
    """
    point = chosen_point(result)
    policy = family.at(point["prices"], name)
    told = {key: result[key] for key in ("by", "limits", "within", "seeds", "accounts")} | {"values": point["values"]}
    policy.card = policy.card.model_copy(update={"training": {**policy.card.training, "frontier": told}})
    policy.save(stem)


def frontier_table(result: Mapping[str, Any]) -> pd.DataFrame:
    """All points and plans as a table: name, kind, whether on the frontier and chosen, prices, values.

    Args:
        result: what `price_frontier` returns.
    """
    rows = []
    for kind in ("points", "plans"):
        for row in result[kind]:
            told = {"name": row["name"], "kind": kind[:-1], "chosen": row["name"] == result["chosen"]}
            rows.append(told | {"frontier": row.get("frontier")} | row.get("prices", {}) | row["values"])
    return pd.DataFrame(rows)
