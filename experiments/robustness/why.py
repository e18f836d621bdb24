"""Why the challenger of the decision wins, measured small beside the comparison: the parts of its gain, and whether it lasts in worlds that matter.

`recoup attribute` and `recoup stress` ask the same at full size. This runs within the comparison itself, so that no report shows a gain without
its reasons: few seeds, few accounts, and the worlds without the mechanisms that a policy trained in a simulator might live on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from recoup.agents.library import PYTHON
from recoup.experiments.comparison.run import Run
from recoup.experiments.comparison.settings import Comparison
from recoup.experiments.robustness.attribution import ALL, NONE, hybrid_trials, shares_of
from recoup.experiments.robustness.files import WHY_FILE, WHY_WORLDS
from recoup.experiments.robustness.run_trials import run_trials
from recoup.experiments.robustness.stress import stress_results, stress_set, stress_trials
from recoup.experiments.robustness.trial_cache import TRIALS, TrialCache
from recoup.experiments.runs.champion import challengers
from recoup.experiments.runs.workers import Workers
from recoup.scenarios.world_variants import AS_IT_IS

# Fewer seeds than six, and an interval that excludes zero would say little; of parts it is the size that matters.
SEEDS_OF_PARTS, SEEDS_OF_WORLDS, ACCOUNTS = 3, 6, 600
WORLDS = WHY_WORLDS


def explain(
    folder: Path, workers: Workers = 1, on_done: Callable[[int, int], None] | None = None
) -> dict[str, Any] | None:
    """Why the plan that a finished run recommends gains or loses against the plan in force; writes why.json.

    Finished simulations are kept in the run folder, and none of them is run again.

    Args:
        folder: of a finished comparison.
        workers: processes, or a team; the numbers do not depend on it.
        on_done: called after each simulation with how many are done, and of how many.

    Returns:
        The content of why.json: `attribution` as in attribution.json and `worlds` as in stress.json, both of the champion and the challenger
        on the run's first `SEEDS_OF_PARTS` and `SEEDS_OF_WORLDS` seeds with at most `ACCOUNTS` accounts; None, and no file, where no
        learned policy challenges a plan and no champion was named, or one of the two is a Python object, which no file holds.

    Raises:
        InputError: no finished run in the folder, or one of the policies cannot be read any more.
        WorkerLost: a worker was killed.
    """
    run = Run(folder)
    if not (challengers(run.results) or run.results["settings"].get("champion")) or run.reference is None:
        return None
    names = (run.reference, run.best)
    seeds = run.results["seeds"][:SEEDS_OF_WORLDS]
    accounts = min(ACCOUNTS, run.results["portfolio"]["accounts"])
    crossed = Comparison.from_settings(
        run.results["settings"], policies=run.policy_refs(names), seeds=len(seeds), accounts=accounts
    )
    stressed = replace(crossed, policies=crossed.policies[::-1])  # the challenger first
    if any(text.startswith(PYTHON) for text in crossed.texts):
        return None
    variants = [variant for variant in stress_set() if variant.name in WORLDS]
    hybrids, trials = hybrid_trials(crossed, seeds[:SEEDS_OF_PARTS]), stress_trials(stressed, variants)
    every = [*hybrids.values(), *(trial for each in trials.values() for trial in each)]
    done = 0

    def advance() -> None:
        nonlocal done
        done += 1
        if on_done:
            on_done(done, len(every))

    outcomes = run_trials(every, workers, TrialCache(folder / TRIALS), advance)
    known = {key: outcomes[trial].measures for key, trial in hybrids.items()}
    known |= {
        (trial.seed, chosen): outcomes[trial].measures
        for policy, chosen in zip(crossed.texts, (NONE, ALL), strict=True)
        for trial in trials[AS_IT_IS.name, policy]
    }
    why = {
        "attribution": shares_of(names, seeds[:SEEDS_OF_PARTS], known),
        "worlds": stress_results(stressed, variants, trials, outcomes),
    }
    WHY_FILE.write(folder, why)
    return why
