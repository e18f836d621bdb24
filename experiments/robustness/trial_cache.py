"""Outcomes of finished trials, in a file beside a comparison: a stopped run, or one with more seeds, repeats none of them."""

from __future__ import annotations

from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Annotated

from recoup.agents.library import load_policy
from recoup.experiments.comparison.measures import MEASURE
from recoup.experiments.comparison.settings import Comparison
from recoup.experiments.robustness.hybrid import Hybrid
from recoup.experiments.robustness.trial import CONTACTS, Trial, TrialOutcome
from recoup.experiments.runs.file_kinds import Content, Number, NumberOrNan, exactly, including
from recoup.experiments.runs.kept import Kept, holding
from recoup.experiments.runs.runfolder import fingerprint, versions
from recoup.sim.operations.resources import RESOURCE_NAMES

TRIALS = "trials.jsonl"


class _Outcome(Content):
    """A `TrialOutcome` as a line holds it; NaN where a measure is undefined."""

    measures: Annotated[dict[str, NumberOrNan], exactly((*MEASURE, CONTACTS))]
    net_money: Number
    capacity_hours: Annotated[dict[str, Number], including(RESOURCE_NAMES)]
    legal_places: Number
    settlement_budget: Number


OUTCOME = holding(_Outcome)


class TrialCache:
    """Outcomes of trials in a file.

    Args:
        path: the file, read if it exists; None caches nothing.

    Attributes:
        kept: the file, also for what is no trial.

    Raises:
        InputError: it cannot be read.
    """

    def __init__(self, path: Path | None) -> None:
        self.kept = Kept(path)

    def get(self, trial: Trial) -> TrialOutcome | None:
        """The outcome, if the trial is in the file."""
        values = self.kept.get(key(trial), OUTCOME) if len(self.kept) else None
        return None if values is None else TrialOutcome(**values)

    def put(self, trial: Trial, outcome: TrialOutcome) -> None:
        """Write an outcome to the file.

        Raises:
            InputError: it cannot be written.
        """
        if self.kept.path is not None:
            self.kept.put(key(trial), asdict(outcome))


def key(trial: Trial) -> str:
    """Fingerprint of what decides the outcome: world, rules, accounts, policy, variant, seed, and the versions that run it."""
    return fingerprint(
        _portfolio(trial.comparison), _policy(trial.comparison, trial.policy), asdict(trial.variant), trial.seed
    )


@lru_cache(maxsize=8)
def _portfolio(comparison: Comparison) -> str:
    scenario = comparison.load()
    portfolio = scenario.portfolio(comparison.accounts, seed=0)
    return fingerprint(
        scenario.world, scenario.rules, portfolio.table, len(portfolio), comparison.days or scenario.days, versions()
    )


@lru_cache(maxsize=32)
def _policy(comparison: Comparison, policy_ref: str | Hybrid) -> str:
    if isinstance(policy_ref, Hybrid):
        ours, theirs = (_policy(comparison, each) for each in (policy_ref.ours, policy_ref.theirs))
        return fingerprint(ours, theirs, sorted(policy_ref.from_theirs))
    scenario = comparison.load()
    return fingerprint(load_policy(policy_ref, scenario.name, scenario.world).identity)
