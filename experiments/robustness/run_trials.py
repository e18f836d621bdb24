"""Runs many trials, in worker processes or here, and none that the cache holds."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from recoup.experiments.robustness.trial import Trial, TrialOutcome, run_trial
from recoup.experiments.robustness.trial_cache import TrialCache
from recoup.experiments.runs.workers import Workers, run_each


def run_trials(
    trials: Sequence[Trial],
    workers: Workers = 1,
    cache: TrialCache | None = None,
    on_done: Callable[[], None] | None = None,
) -> dict[Trial, TrialOutcome]:
    """Outcome of every trial; it depends neither on the number of workers nor on what the cache held.

    Args:
        trials: each is run once.
        workers: processes, 1 runs everything in this one; or a team.
        cache: is asked first, and gets what is new; None caches nothing.
        on_done: called after each trial, cached ones included.

    Raises:
        InputError: a scenario or policy cannot be read, or the cache's file not be written.
        WorkerLost: a worker was killed.
    """
    cache = cache or TrialCache(None)
    outcomes = {trial: outcome for trial in trials if (outcome := cache.get(trial)) is not None}
    for _ in outcomes:
        if on_done:
            on_done()
    for trial, outcome in run_each(run_trial, [trial for trial in trials if trial not in outcomes], workers):
        cache.put(trial, outcome)
        outcomes[trial] = outcome
        if on_done:
            on_done()
    return outcomes
