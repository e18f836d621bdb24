"""Outcomes of finished trials, in a file beside a comparison: a stopped run, or one with more seeds, repeats none of them."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from functools import lru_cache
from pathlib import Path
from typing import Any

from recoup.agents.library import load_policy
from recoup.experiments.comparison.settings import Comparison
from recoup.experiments.robustness.hybrid import Hybrid
from recoup.experiments.robustness.trial import Trial, TrialOutcome
from recoup.experiments.runs.runfolder import fingerprint, versions
from recoup.sim.inputs import InputError

TRIALS = "trials.jsonl"
_FIELDS = {field.name for field in fields(TrialOutcome)}


class TrialCache:
    """A line a trial: a fingerprint of all that decides its outcome, and the outcome.

    Args:
        path: the file, read if it exists; None caches nothing.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._outcomes: dict[str, TrialOutcome] = {}
        if path is not None and path.exists():
            text = path.read_text(encoding="utf-8", errors="replace")
            self._outcomes = _read_lines(text)
            if text and not text.endswith("\n"):
                self._append("\n")

    def get(self, trial: Trial) -> TrialOutcome | None:
        """The outcome, if the trial was in the file when it was opened."""
        return self._outcomes.get(key(trial)) if self._outcomes else None

    def put(self, trial: Trial, outcome: TrialOutcome) -> None:
        """Write an outcome to the file.

        Raises:
            InputError: it cannot be written.
        """
        if self._path is not None:
            self._append(json.dumps({"trial": key(trial), "outcome": asdict(outcome)}) + "\n")

    def _append(self, text: str) -> None:
        assert self._path is not None
        try:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(text)
        except OSError as error:
            raise InputError(self._path, "", error.strerror or str(error), "a file that can be written to") from None


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


def _read_lines(text: str) -> dict[str, TrialOutcome]:
    """Outcomes by key. A line that was cut off, or that does not hold an outcome's fields, is a trial to run again."""
    outcomes = {}
    for line in text.splitlines():
        try:
            entry: dict[str, Any] = json.loads(line)
            values = entry["outcome"]
            if set(values) == _FIELDS:
                outcomes[entry["trial"]] = TrialOutcome(**values)
        except (ValueError, KeyError, TypeError):
            continue
    return outcomes
