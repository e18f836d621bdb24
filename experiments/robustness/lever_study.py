"""How likely is it that a challenger beats the best hand-written plan, if every lever may be weaker or stronger than calibrated?

All plans meet the same accounts and random numbers in each world of a joint design over the levers (`levers.lever_worlds`). The
probability is the share of worlds: it is about the ranges that the levers are given, not about the real world. In each world the
challenger meets the plan that turns out best there, which nobody could have known; so it is a hard test.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from recoup.agents.library import OWN, PYTHON, split_name
from recoup.experiments.comparison.intervals import share_interval
from recoup.experiments.comparison.settings import Comparison
from recoup.experiments.robustness.files import LEVER_STUDY_FILE, LEVERED
from recoup.experiments.robustness.frontier import GRID, flip_along, map_of
from recoup.experiments.robustness.lever_indices import pawn_indices
from recoup.experiments.robustness.run_trials import run_trials
from recoup.experiments.robustness.stress import stress_trials
from recoup.experiments.robustness.trial_cache import TrialCache
from recoup.experiments.runs.workers import Workers
from recoup.scenarios.levers import LEVERS, LeverWorld, lever_worlds
from recoup.scenarios.world_variants import AS_IT_IS

LEVER_STUDY, LEVER_WORLDS = LEVER_STUDY_FILE.name, "levers.csv"
MEASURES = LEVERED
PLANS = ("status-quo", "staged", "tiered")
QUANTILES = (0.05, 0.5, 0.95)


def hand_written(policies: Sequence[str]) -> list[str]:
    """Those of a run's policies that somebody wrote: plan files, without networks and without what Recoup made of one.

    Args:
        policies: as `Comparison.texts` names them.
    """
    sources = {policy: str(split_name(policy)[1]) for policy in policies}
    return [
        p
        for p, source in sources.items()
        if source not in OWN and not source.endswith(".json") and not source.startswith(PYTHON)
    ]


def lever_study(
    comparison: Comparison,
    worlds: int,
    design_seed: int = 1,
    workers: Workers = 1,
    cache: TrialCache | None = None,
    on_done: Callable[[], None] | None = None,
) -> dict[str, Any]:
    """Run a challenger and its rivals in worlds that move all levers, and say when it wins.

    Args:
        comparison: scenario, seeds and accounts; its first policy is the challenger, the others the plans that it has to beat.
        worlds: a power of two.
        design_seed: of the design.
        workers, cache, on_done: as for `run_trials`; there are policies × (worlds + 1) × seeds trials.

    Returns:
        The content of levers.json: `challenger`, `plans`, `seeds`, `accounts`, `worlds`, `design_seed`, `levers` (name, label, low, high,
        why); `measures`, by name what `verdict` gives; `rows`, one a world, with the settings of all levers and each policy's measures, means
        over the seeds; `calibrated`, the same for the scenario as it is.

    Raises:
        InputError: `worlds` is no power of two; or as `run_trials`.
        WorkerLost: as `run_trials`.
    """
    scenario = comparison.load()
    design = lever_worlds(scenario.world, worlds, design_seed)
    trials = stress_trials(comparison, [AS_IT_IS, *(world.variant for world in design)])
    outcomes = run_trials([trial for each in trials.values() for trial in each], workers, cache, on_done)

    def measured(variant: str) -> dict[str, dict[str, float]]:
        return {
            policy: {
                m: float(np.mean([outcomes[trial].measures[m] for trial in trials[variant, policy]])) for m in MEASURES
            }
            for policy in comparison.texts
        }

    rows = [{"settings": world.settings, "policies": measured(world.variant.name)} for world in design]
    challenger, *plans = comparison.texts
    return {
        "scenario": scenario.name,
        "challenger": challenger,
        "plans": plans,
        "seeds": list(comparison.seed_range),
        "accounts": comparison.accounts,
        "worlds": worlds,
        "design_seed": design_seed,
        "levers": [
            {name: getattr(lever, name) for name in ("name", "label", "low", "high", "why")} for lever in LEVERS
        ],
        "measures": {measure: verdict(design, rows, challenger, plans, measure) for measure in MEASURES},
        "calibrated": measured(AS_IT_IS.name),
        "rows": rows,
    }


def verdict(
    design: Sequence[LeverWorld], rows: Sequence[dict[str, Any]], challenger: str, plans: Sequence[str], measure: str
) -> dict[str, Any]:
    """When the challenger wins on a measure of which more is better.

    Args:
        design: the worlds.
        rows: what was measured in each, as `lever_study` returns it.
        challenger, plans: names of policies in the rows.
        measure: its name.

    Returns:
        `beats_best`: share of worlds in which it is above every plan, with Wilson's 95 % interval; `beats`: the same against each plan;
        `best`: share of worlds in which each plan is the best of the plans, the first one where they are equal; `margin`: its
        difference to the best plan, quantiles over the worlds; `noise`: see `Indices`; `levers`, the largest index first: `name`, `pawn` (of the
        margin), `matters` (index above the noise), and the `Flip` with settings in the place of positions; `frontier`: names of the
        two levers with the largest index, their settings `x` and `y` along the map, and the `probability` of a win, rows along the
        second.
    """
    ours = np.array([row["policies"][challenger][measure] for row in rows])
    theirs = np.array([[row["policies"][plan][measure] for plan in plans] for row in rows])
    margin = ours - theirs.max(axis=1)
    wins = margin > 0.0
    best = theirs.argmax(axis=1)
    positions = np.array([world.positions for world in design])
    indices = pawn_indices(positions, margin)
    order = np.argsort(-indices.levers, kind="stable")
    first, second = order[:2]
    return {
        "beats_best": _share(wins),
        "beats": {plan: _share(ours > theirs[:, number]) for number, plan in enumerate(plans)},
        "best": {plan: float(np.mean(best == number)) for number, plan in enumerate(plans)},
        "margin": dict(zip(("low", "median", "high"), map(float, np.quantile(margin, QUANTILES)), strict=True)),
        "noise": indices.noise,
        "levers": [
            {
                "name": LEVERS[at].name,
                "pawn": float(indices.levers[at]),
                "matters": bool(indices.levers[at] > indices.noise),
                **_flip(at, positions, wins),
            }
            for at in order
        ],
        "frontier": {
            "levers": [LEVERS[first].name, LEVERS[second].name],
            "x": _settings(first),
            "y": _settings(second),
            "probability": map_of(positions[:, [first, second]], wins).tolist(),
        },
    }


def _share(wins: NDArray[np.bool_]) -> dict[str, float | None]:
    return share_interval(int(wins.sum()), len(wins))


def _flip(lever: int, positions: NDArray[np.float64], wins: NDArray[np.bool_]) -> dict[str, Any]:
    flip = asdict(flip_along(positions[:, lever], wins))
    places = {"position": "flips_at", "low": "flips_low", "high": "flips_high"}
    settings = {new: None if flip[old] is None else LEVERS[lever].setting(flip[old]) for old, new in places.items()}
    return {name: flip[name] for name in ("at_low", "at_high", "clear")} | settings


def _settings(lever: int) -> list[float]:
    return [LEVERS[lever].setting(at) for at in np.linspace(0.0, 1.0, GRID)]


def worlds_table(result: dict[str, Any]) -> pd.DataFrame:
    """The worlds as a table: a column for each lever's setting, and one for each policy and measure, «staged: recovery_rate».

    Args:
        result: what `lever_study` returns.
    """
    return pd.DataFrame(
        [
            row["settings"]
            | {f"{policy}: {name}": value for policy, known in row["policies"].items() for name, value in known.items()}
            for row in result["rows"]
        ]
    )
