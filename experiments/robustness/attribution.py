"""Where the difference between two policies comes from: timing, channel, offers or legal steps (`recoup attribute`).

The policies are crossed (`hybrid.py`), and all hybrids meet the same accounts under common random numbers. A part's share of the difference
is its mean effect over every order of exchange: the Shapley value (Shapley 1953, "A value for n-person games", *Contributions to the
Theory of Games* II), so that the shares add up to the whole difference, seed by seed.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from recoup.experiments.comparison.intervals import interval
from recoup.experiments.comparison.run import Run
from recoup.experiments.comparison.settings import Comparison, require_files
from recoup.experiments.robustness.files import ATTRIBUTED, ATTRIBUTION_FILE
from recoup.experiments.robustness.hybrid import PARTS, Chosen, Hybrid
from recoup.experiments.robustness.run_trials import run_trials
from recoup.experiments.robustness.trial import Trial
from recoup.experiments.robustness.trial_cache import TRIALS, TrialCache
from recoup.experiments.runs.workers import Workers
from recoup.scenarios.world_variants import AS_IT_IS
from recoup.sim.inputs import InputError, choose

NONE, ALL = frozenset[str](), frozenset(PARTS)  # the policies themselves


def shapley(values: Mapping[Chosen, float]) -> dict[str, float]:
    """Shapley value of each part: its mean effect over all orders in which parts can be exchanged.

    share(i) = Σ over S ⊆ parts without i of |S|! (n − |S| − 1)! / n! · (value(S ∪ {i}) − value(S)); Shapley 1953.

    Args:
        values: one for every subset of `PARTS`.
    """
    n = len(PARTS)
    shares = dict.fromkeys(PARTS, 0.0)
    for part, size in itertools.product(PARTS, range(n)):
        weight = math.factorial(size) * math.factorial(n - size - 1) / math.factorial(n)
        for others in itertools.combinations([p for p in PARTS if p != part], size):
            shares[part] += weight * (values[frozenset(others) | {part}] - values[frozenset(others)])
    return shares


def subsets() -> list[Chosen]:
    """Every choice of parts, from none to all."""
    return [frozenset(chosen) for size in range(len(PARTS) + 1) for chosen in itertools.combinations(PARTS, size)]


def hybrid_trials(comparison: Comparison, seeds: Sequence[int]) -> dict[tuple[int, Chosen], Trial]:
    """The trial of every hybrid that is neither of the two policies, by seed and parts taken from the second.

    Args:
        comparison: its two plans are the policies that are crossed.
        seeds: of accounts and events.
    """
    ours, theirs = comparison.texts
    return {
        (seed, chosen): Trial(comparison, Hybrid(ours, theirs, chosen), AS_IT_IS, seed)
        for seed in seeds
        for chosen in subsets()
        if chosen not in (NONE, ALL)
    }


def shares_of(
    names: Sequence[str], seeds: Sequence[int], known: Mapping[tuple[int, Chosen], Mapping[str, float]]
) -> dict[str, Any]:
    """The content of attribution.json.

    Args:
        names: of the first and the second policy.
        seeds: on which they were crossed.
        known: measures of every hybrid, the policies themselves among them, by seed and parts taken from the second.
    """

    def attributed(measure: str) -> dict[str, Any]:
        values = [{chosen: known[seed, chosen][measure] for chosen in subsets()} for seed in seeds]
        by_seed = [shapley(of_seed) for of_seed in values]
        return {
            "start": interval([of_seed[NONE] for of_seed in values]),
            "total": interval([of_seed[ALL] - of_seed[NONE] for of_seed in values]),
            "parts": {part: interval([shares[part] for shares in by_seed]) for part in PARTS},
        }

    return {
        "from": names[0],
        "to": names[1],
        "seeds": list(seeds),
        "hybrids": len(subsets()) - 2,
        "measures": {measure: attributed(measure) for measure in ATTRIBUTED},
    }


def attribute(
    folder: Path,
    start: str | None = None,
    end: str | None = None,
    seeds: int = 4,
    workers: Workers = 1,
    on_run: Callable[[], None] | None = None,
) -> dict[str, Any]:
    """Attribute the difference between two policies of a finished run; writes attribution.json.

    Finished hybrids are kept in the run folder, and none of them is run again.

    Args:
        folder: of a finished comparison.
        start, end: names of policies in the run; None = its reference, and its best other one.
        seeds: how many of the run's seeds.
        workers: processes, or a team; the numbers do not depend on it.
        on_run: called after each hybrid's run.

    Returns:
        The content of attribution.json: `from`, `to`, `seeds`, `hybrids` (how many), and for each measure its value under `from` (`start`),
        the difference (`total`) and each part's share of it (`parts`), with 95 % intervals over the seeds.

    Raises:
        InputError: no finished run, or no such policy in it.
        WorkerLost: a worker was killed.
    """
    run = Run(folder)
    names = [start or run.reference or run.best, end or run.best]
    for option, name in zip(("--from", "--to"), names, strict=True):
        if name not in run.names:
            raise InputError(folder, option, name, choose(run.names, name))
    if names[0] == names[1]:
        raise InputError(folder, "--to", names[1], "two different policies of this run")
    chosen_seeds = run.results["seeds"][:seeds]
    known = {
        (seed, chosen): run.parts(name)[number]["measures"]
        for number, seed in enumerate(chosen_seeds)
        for name, chosen in zip(names, (NONE, ALL), strict=True)
    }
    require_files(run.results["settings"], folder, run.policy_refs(names))
    comparison = Comparison.from_settings(run.results["settings"], policies=run.policy_refs(names))
    trials = hybrid_trials(comparison, chosen_seeds)
    outcomes = run_trials(list(trials.values()), workers, TrialCache(folder / TRIALS), on_run)
    known |= {key: outcomes[trial].measures for key, trial in trials.items()}
    attribution = shares_of(names, chosen_seeds, known)
    ATTRIBUTION_FILE.write(folder, attribution)
    return attribution
